/* Footnote: what the browser remembers of this tab, and questions that are asked by a click. */
(() => {
  "use strict";
  const KEY = "footnote-conversation";
  const box = () => document.querySelector("#fn-box textarea");

  /* A tab that is loaded anew finds its conversation again; a new tab begins another one. */
  function remembered() {
    return sessionStorage.getItem(KEY) || "";
  }

  function remember(conversation) {
    if (conversation) sessionStorage.setItem(KEY, conversation);
    else sessionStorage.removeItem(KEY);
  }

  /* Put a question into the box, as if it were typed. */
  function write(question) {
    const area = box();
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, question);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
    area.setSelectionRange(question.length, question.length);
  }

  function ask(question) {
    write(question);
    // Gradio takes up what was typed before the button is pressed.
    setTimeout(() => document.querySelector("#fn-ask")?.click(), 60);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-question]");
    if (!button) return;
    if (button.classList.contains("fn-again")) write(button.dataset.question);
    else ask(button.dataset.question);
  });

  function watch() {
    const thread = document.getElementById("fn-thread");
    if (!thread) return void setTimeout(watch, 50);
    new MutationObserver(() => {
      const shown = thread.querySelector("[data-conversation]");
      if (shown) remember(shown.dataset.conversation);
    }).observe(thread, { childList: true, subtree: true });
  }
  watch();
  window.footnote = { remembered, remember, write, ask };
})();
