/* Footnote: the conversations beside the chat. What is done in the list, or under an answer, is
   told to the page by a button that nobody sees; where one was stays where one is. */
(() => {
  "use strict";
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const wide = matchMedia("(min-width: 64rem)");
  const KEY = "footnote-conversations";
  const waiting = [];
  let key = "";

  function done() {
    return JSON.stringify(waiting.shift() || {});
  }

  function act(deed) {
    key = document.activeElement?.dataset?.key || "";
    const another = deed.do === "open" || deed.do === "new";
    if (deed.do === "new") window.footnote.remember("");
    waiting.push(deed);
    find(another ? "fn-kept-go" : "fn-kept-act").click();
    if (another && !wide.matches) show(false);
    if (another && wide.matches) document.querySelector("#fn-box textarea")?.focus();
  }

  const shown = () => root.classList.contains("fn-kept-shown");

  function show(open, remember = true) {
    root.classList.toggle("fn-kept-shown", open);
    find("fn-kept-toggle")?.setAttribute("aria-expanded", open);
    // On a phone they lie over the chat, which cannot be reached meanwhile.
    const over = open && !wide.matches;
    ["fn-chat", "fn-top"].forEach((id) => { if (find(id)) find(id).inert = over; });
    if (remember && wide.matches) localStorage.setItem(KEY, open ? "shown" : "hidden");
    if (over) find("fn-kept-close").focus();
  }

  function fit() {
    show(wide.matches && localStorage.getItem(KEY) !== "hidden", false);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (button?.id === "fn-kept-toggle") return show(!shown());
    if (button?.id === "fn-kept-close" || event.target === root) {
      show(false);
      return find("fn-kept-toggle").focus();
    }
    if (button?.dataset.do) act({ ...button.dataset });
    // Beside them, on a phone.
    if (shown() && !wide.matches && !event.target.closest?.("#fn-kept, #fn-kept-holder")) show(false);
    // One of them is unfolded at a time.
    const more = event.target.closest?.("summary")?.parentElement;
    if (more?.classList.contains("fn-more")) {
      document.querySelectorAll(".fn-more[open]").forEach((each) => {
        if (each !== more) each.open = false;
      });
    }
  });
  let typed = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "fn-kept-search") return;
    clearTimeout(typed);
    typed = setTimeout(() => act({ do: "search", words: event.target.value }), 150);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.do) return;
    event.preventDefault();
    const { key: _, ...deed } = form.dataset;
    act({ ...deed, ...Object.fromEntries(new FormData(form)) });
    const summary = form.closest("details")?.querySelector("summary");
    key = summary?.dataset.key || key;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const more = event.target.closest?.("#fn-kept details[open]");
    if (event.target.id === "fn-kept-search" && event.target.value) return;
    if (more) {
      more.open = false;
      more.querySelector("summary").focus();
      event.stopPropagation();
    } else if (shown() && !wide.matches) {
      show(false);
      find("fn-kept-toggle").focus();
      event.stopPropagation();
    }
  }, true);

  /* What had the focus before it was drawn anew has it again. The browser takes the focus from what
     is gone or folded a moment later only. */
  let drawn = 0;
  function redrawn() {
    if (!key) return;
    clearTimeout(drawn);
    drawn = setTimeout(() => {
      const active = document.activeElement;
      if (active && active !== document.body && active.checkVisibility()) return;
      const same = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
      const gone = key.startsWith("delete") || key.startsWith("more-");
      (same || (gone ? find("fn-kept-search") : null))?.focus({ preventScroll: true });
      key = "";
    }, 60);
  }

  function watch() {
    if (!["fn-kept-toggle", "fn-kept-list", "fn-thread"].every(find)) return void setTimeout(watch, 50);
    fit();
    wide.addEventListener("change", fit);
    ["fn-kept-list", "fn-thread"].forEach((id) => {
      new MutationObserver(redrawn).observe(find(id), { childList: true, subtree: true });
    });
  }
  watch();
  Object.assign(window.footnote, { done });
})();
