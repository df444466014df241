/* Footnote: what happens in the browser. A link `#cite-3-2` opens the source whose
   `data-anchors` names it, beside the chat, scrolled to the marked words. The panel holds a copy,
   so that what is being read stays still while an answer is written. */
(() => {
  "use strict";
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const names = (element) => (element.dataset.anchors || "").split(" ");
  const isAnchor = (hash) => /^#(cite|near|doc)-[\d-]+$/.test(hash);
  const opened = () => root.classList.contains("fn-opened");
  const linksTo = (anchor) => document.querySelectorAll(`#fn-tabs a[href="#${anchor}"]`);
  let active = "";

  function show(anchor) {
    const all = [...document.querySelectorAll("#fn-tabs .fn-source")];
    const source = all.find((element) => names(element).includes(anchor));
    if (!source) return false;
    const copy = source.cloneNode(true);
    copy.hidden = false;
    const link = document.activeElement?.matches?.("#fn-tabs a") ? document.activeElement : null;
    const before = link?.getBoundingClientRect().top;
    root.classList.add("fn-opened");
    find("fn-open").replaceChildren(copy);
    active = anchor;
    const marks = [...copy.querySelectorAll("mark")].filter((mark) => names(mark).includes(anchor));
    marks.forEach((mark) => mark.classList.add("fn-on"));
    if (marks[0]) marks[0].id = anchor;
    tell();
    // The chat became narrower: keep the link where the reader's eye is.
    if (link) window.scrollBy(0, link.getBoundingClientRect().top - before);
    const box = find("fn-open");
    // A page as it is printed stands above the text; without it the text is scrolled to.
    const pages = [...copy.querySelectorAll(".fn-page")];
    pages.forEach((page) => {
      page.hidden = !names(page).includes(anchor);
      page.querySelector("img").addEventListener("error", () => { page.remove(); scroll(); });
    });
    // Under the head, which stays in place, with a little of what comes before.
    function scroll() {
      const head = copy.querySelector("header").offsetHeight;
      const first = pages.some((page) => page.isConnected && !page.hidden) ? null : marks[0];
      const top = first ? first.getBoundingClientRect().top - box.getBoundingClientRect().top : 0;
      box.scrollTop += first ? top - head - (box.clientHeight - head) * 0.25 : -box.scrollTop;
    }
    scroll();
    find("fn-panel").focus({ preventScroll: true });
    return true;
  }

  /* The anchors of the same kind in the same turn, in the order of their numbers. */
  function siblings() {
    const stem = active.replace(/\d+$/, "");
    const found = [...document.querySelectorAll(`#fn-tabs a[href^="#${stem}"]`)];
    const numbers = found.map((link) => link.hash.slice(stem.length + 1));
    const own = new Set(numbers.filter((number) => /^\d+$/.test(number)).map(Number));
    return [...own].sort((a, b) => a - b).map((number) => stem + number);
  }

  function tell() {
    document.querySelectorAll("#fn-tabs a[aria-current]").forEach((link) => {
      if (link.hash !== "#" + active) link.removeAttribute("aria-current");
    });
    if (!opened()) return;
    linksTo(active).forEach((link) => {
      if (!link.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
    });
    const all = siblings();
    const at = all.indexOf(active);
    const place = find("fn-place");
    const kind = place.dataset[active.split("-")[0]];
    const known = { kind, number: active.match(/\d+$/)[0], total: all.length };
    place.textContent =
      all.length > 1 ? place.dataset.of.replace(/\{(\w+)\}/g, (_, name) => known[name]) : kind;
    find("fn-back").disabled = at <= 0;
    find("fn-next").disabled = at < 0 || at >= all.length - 1;
  }

  /* Opening is one step of the browser's history, so that "back" on a phone closes the source. */
  function open(anchor) {
    const was = opened();
    if (!show(anchor)) {
      // A document of a list is fetched when it is opened.
      window.footnote?.preview?.(anchor).then((found) => { if (found) open(anchor); });
      return;
    }
    const method = was ? "replaceState" : "pushState";
    history[method]({ ...history.state, footnote: anchor }, "", "#" + anchor);
  }

  function hide() {
    if (!opened()) return;
    root.classList.remove("fn-opened");
    const links = [...linksTo(active)];
    active = "";
    tell();
    links.find((link) => link.offsetParent)?.focus({ preventScroll: true });
  }

  function close() {
    if (history.state?.footnote) history.back();
    else hide();
  }

  function step(by) {
    const all = siblings();
    const next = all[all.indexOf(active) + by];
    if (next) open(next);
  }

  async function copy(button) {
    const copied = button.closest(".fn-turn").querySelector(".fn-" + button.dataset.of);
    await navigator.clipboard.writeText(copied.textContent);
    const label = button.textContent;
    if (label === button.dataset.done) return;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#fn-tabs a");
    if (link && isAnchor(link.hash) && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      link.focus({ preventScroll: true });
      open(link.hash.slice(1));
    }
    const button = event.target.closest?.("button");
    if (button?.id === "fn-close") close();
    if (button?.id === "fn-back") step(-1);
    if (button?.id === "fn-next") step(1);
    if (button?.classList.contains("fn-copy")) copy(button);
    // Gradio redraws attributes; what the reader unfolded stays unfolded.
    const folded = event.target.closest?.("summary")?.parentElement;
    if (folded?.dataset.key) unfolded[folded.open ? "delete" : "add"](folded.dataset.key);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opened()) close();
  });
  window.addEventListener("popstate", (event) => {
    const anchor = event.state?.footnote;
    if (!anchor || !show(anchor)) hide();
  });

  const unfolded = new Set();
  let turn = "";
  let atBottom = true;
  window.addEventListener("scroll", () => {
    atBottom = root.scrollHeight - window.innerHeight - window.scrollY < 120;
  }, { passive: true });

  function redrawn() {
    document.querySelectorAll("#fn-thread details[data-key]").forEach((details) => {
      if (unfolded.has(details.dataset.key) && !details.open) details.open = true;
    });
    tell();
    const live = document.querySelector("#fn-live .fn-turn");
    if (live) {
      if (live.dataset.turn !== turn) {
        turn = live.dataset.turn;
        atBottom = true;
        if (document.activeElement === document.body && matchMedia("(pointer: fine)").matches) {
          document.querySelector("#fn-box textarea")?.focus({ preventScroll: true });
        }
      }
      if (atBottom) window.scrollTo(0, root.scrollHeight);
    } else if (turn) {
      const last = document.querySelector("#fn-thread .fn-turn:last-child");
      if (!last || last.dataset.turn !== turn) return;
      turn = "";
      if (atBottom) last.scrollIntoView({ block: "start" });
    }
  }

  /* Gradio shows by an arrow alone whether a part is unfolded. */
  function tellUnfolded() {
    const button = document.querySelector("#fn-within > button");
    button?.setAttribute("aria-expanded", button.classList.contains("open"));
  }

  function watch() {
    if (!["fn-thread", "fn-live", "fn-within"].every(find)) return void setTimeout(watch, 50);
    if (isAnchor(location.hash)) history.replaceState(null, "", location.pathname + location.search);
    const options = { childList: true, subtree: true, characterData: true };
    new MutationObserver(redrawn).observe(find("fn-thread"), options);
    new MutationObserver(redrawn).observe(find("fn-live"), options);
    const folded = { subtree: true, attributes: true, attributeFilter: ["class"] };
    new MutationObserver(tellUnfolded).observe(find("fn-within"), folded);
    tellUnfolded();
  }
  watch();
})();
