/* Keys of the review: A accepts, S strikes, arrows (or J and K) turn pages, E edits the question;
   in a field Control-Enter accepts and Escape leaves it. */
(() => {
  "use strict";
  const press = (id) => document.getElementById(id)?.click();
  const keys = {
    a: "rv-accept", s: "rv-strike", arrowright: "rv-onward", j: "rv-onward", arrowleft: "rv-back",
    k: "rv-back",
  };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("textarea, input, [role=listbox], [role=combobox]");
    if (event.isComposing || event.altKey || event.metaKey) return;
    if (field) {
      if (event.key === "Escape") field.blur();
      if (event.ctrlKey && event.key === "Enter") {
        event.preventDefault();
        field.blur();
        press("rv-accept");
      }
      return;
    }
    if (event.ctrlKey || event.repeat) return;
    const key = event.key.toLowerCase();
    if (key === "e") {
      event.preventDefault();
      document.querySelector("#rv-text textarea")?.focus();
    } else if (keys[key]) {
      event.preventDefault();
      press(keys[key]);
    }
  });
  // Another question begins at its top.
  new MutationObserver((changes) => {
    const head = document.querySelector("#rv-head .rv-head b")?.textContent;
    if (head && head !== document.body.dataset.rvPlace) {
      document.body.dataset.rvPlace = head;
      window.scrollTo(0, 0);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
