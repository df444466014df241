/* Footnote: the quote behind a number, shown while it is pointed at or has the focus. */
(() => {
  "use strict";
  const GAP = 8;
  const card = document.createElement("div");
  card.id = "fn-quote";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  let link = null;
  let waiting = 0;

  function show(to) {
    clearTimeout(waiting);
    if (link === to) return;
    hide();
    link = to;
    const quote = document.createElement("q");
    const from = document.createElement("small");
    quote.textContent = to.dataset.quote;
    quote.dir = "auto";
    from.textContent = to.dataset.from;
    card.replaceChildren(quote, from);
    if (!card.isConnected) document.body.append(card);
    card.hidden = false;
    to.setAttribute("aria-describedby", card.id);
    place();
  }

  /* Above the number where there is room, else under it; never beyond the window's edge. */
  function place() {
    const at = link.getBoundingClientRect();
    const width = Math.min(card.offsetWidth, innerWidth - 2 * GAP);
    const left = Math.max(GAP, Math.min(at.left + at.width / 2 - width / 2, innerWidth - width - GAP));
    const above = at.top - card.offsetHeight - GAP;
    card.style.left = `${left}px`;
    card.style.top = `${above >= GAP ? above : at.bottom + GAP}px`;
  }

  function hide() {
    clearTimeout(waiting);
    link?.removeAttribute("aria-describedby");
    link = null;
    card.hidden = true;
  }

  const quoted = (event) => event.target.closest?.("a[data-quote]");
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const to = quoted(event);
    if (to) show(to);
    else if (link && !card.contains(event.target)) {
      clearTimeout(waiting);
      waiting = setTimeout(hide, 200); // so that the pointer can come over to the quote
    } else clearTimeout(waiting);
  });
  document.addEventListener("focusin", (event) => {
    const to = quoted(event);
    if (to && to.matches(":focus-visible")) show(to);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("click", hide);
  addEventListener("scroll", hide, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && link) {
      hide();
      event.stopPropagation();
    }
  }, true);
  // An answer that is drawn anew takes the number away without a word.
  setInterval(() => { if (link && !link.isConnected) hide(); }, 300);
})();
