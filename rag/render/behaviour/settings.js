/* Footnote: the Settings tab: names of its groups, and back to it in another language. */
(() => {
  "use strict";
  const KEY = "footnote-back";

  /* Gradio gives every button of a group a name of its own, so that arrows would not turn through
     them; and the words beside a group are not tied to it. Model and language are left so: what
     takes a moment, or loads the page anew, is not chosen by passing over it. */
  const TURNED = "#fn-strictness input[type=radio], #fn-length input[type=radio]";
  function name() {
    for (const button of document.querySelectorAll(TURNED)) {
      const group = button.closest("fieldset").id;
      if (button.name !== group) button.name = group;
    }
    for (const group of document.querySelectorAll("#fn-settings fieldset:not([aria-label])")) {
      const words = group.querySelector('[data-testid="block-info"]')?.textContent.trim();
      if (!words) continue;
      group.setAttribute("role", "radiogroup");
      group.setAttribute("aria-label", words);
    }
  }

  /* The page is loaded anew in the words that are spoken now, where it was left. */
  function anew() {
    sessionStorage.setItem(KEY, "fn-tab-settings-button");
    window.location.reload();
  }

  /* The button is there before Gradio listens to it: it is pressed until it has stayed pressed. */
  function back(tries = 100, held = 0) {
    const wanted = sessionStorage.getItem(KEY);
    if (!wanted) return;
    const button = document.getElementById(wanted);
    const there = button?.getAttribute("aria-selected") === "true";
    if (held === 3 || !tries) {
      sessionStorage.removeItem(KEY);
      button?.focus();
      return;
    }
    if (!there) button?.click();
    setTimeout(back, 150, tries - 1, there ? held + 1 : 0);
  }

  back();
  new MutationObserver(name).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["name"],
  });
  window.footnoteAnew = anew;
})();
