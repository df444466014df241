/* Footnote: the Settings tab: names of its groups, and back to it in another language. */
(() => {
  "use strict";
  const KEY = "footnote-back";

  /* The words stand beside the group and are not tied to it. */
  function name() {
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

  function back() {
    const wanted = sessionStorage.getItem(KEY);
    const button = wanted && document.getElementById(wanted);
    if (!button) return;
    sessionStorage.removeItem(KEY);
    button.click();
    button.focus();
  }

  new MutationObserver(() => {
    name();
    back();
  }).observe(document.documentElement, { childList: true, subtree: true });
  window.footnoteAnew = anew;
})();
