"""A question to be decided on, its evidence in the text around it, and how far one is: HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.evaluate.metrics import states
from rag.evaluate.sets import Evidence, Nugget, Question
from rag.render import byline
from rag.render.page import esc
from rag.types import Document, Passage

AROUND_CHARS = 420  # of the document shown on either side of a quote
_STATES = {"accepted": "accepted", "struck": "struck out", "new": "to decide", "": "to decide"}


def progress_html(done: int, of: int, struck: int) -> str:
    """Return how far one is: "12 of 60 decided, 3 struck", with a bar."""
    said = f"{done} of {of} decided, {struck} struck"
    share = 100 * done / of if of else 0
    return (
        f'<div class="rv-progress" role="progressbar" aria-valuemin="0" aria-valuemax="{of}" '
        f'aria-valuenow="{done}" aria-label="{said}"><span>{said}</span>'
        f'<i style="width:{share:.1f}%"></i></div>'
    )


def head_html(question: Question, place: int, of: int) -> str:
    """Return what is said above a question: its number, kind, state, and why."""
    review = question.review or "new"
    expects = "the documents answer it" if question.answerable else "the documents do not answer it"
    why = f'<p class="rv-why" dir="auto">{esc(question.why)}</p>' if question.why else ""
    return (
        f'<header class="rv-head" data-review="{review}"><p><b>{place + 1}</b> of {of} '
        f'<span class="rv-kind">{esc(question.kind)}</span>'
        f'<span class="rv-state rv-{review}">{_STATES[review]}</span></p>'
        f'<p class="rv-expects">{expects}</p>{why}</header>'
    )


def evidence_html(
    question: Question,
    documents: Mapping[str, Document],
    closest: Sequence[tuple[Document, Passage]] = (),
) -> str:
    """Return the evidence of a question, each quote marked in the text around it.

    Args:
        question: whose evidence is shown.
        documents: by source, those at hand; of another one the quote alone is shown.
        closest: passages that share most words with an unanswerable question.
    """
    parts = []
    for nugget in question.nuggets:
        lead = "An answer must say" if nugget.required else "It may be corrected with"
        places = "".join(
            _quoted(evidence, nugget, documents.get(evidence.source))
            for evidence in nugget.evidence
        )
        parts.append(
            f'<section class="rv-nugget"><h3>{lead}: <b dir="auto">{esc(nugget.text)}</b></h3>'
            f"{places}</section>"
        )
    if not question.answerable:
        near = "".join(
            f'<figure class="rv-quote"><figcaption>{_caption(document)}</figcaption>'
            f'<blockquote dir="auto">{esc(passage.text)}</blockquote></figure>'
            for document, passage in closest
        )
        told = "The closest passages by words. None of them should answer it."
        parts.append(f'<section class="rv-nugget"><h3>{told}</h3>{near}</section>' if near else "")
    return "".join(parts) or '<p class="rv-none">It has no evidence, and needs none.</p>'


def _quoted(evidence: Evidence, nugget: Nugget, document: Document | None) -> str:
    """Return one quote, with the text around it where the document is at hand."""
    start = -1 if document is None else document.text.find(evidence.quote)
    if document is None or start < 0:
        caption, before, after = esc(evidence.source), "", ""
        if document is not None:
            caption += " · <strong>the document does not say this any more</strong>"
    else:
        caption = _caption(document)
        end = start + len(evidence.quote)
        before = _cut(document.text[max(0, start - AROUND_CHARS) : start], from_end=True)
        after = _cut(document.text[end : end + AROUND_CHARS], from_end=False)
    known = "" if states(evidence.quote, nugget) else _UNKNOWN
    return (
        f'<figure class="rv-quote"><figcaption>{caption}</figcaption><blockquote dir="auto">'
        f"{esc(before)}<mark>{esc(evidence.quote)}</mark>{esc(after)}</blockquote>{known}</figure>"
    )


_UNKNOWN = (
    '<p class="rv-unknown">The pattern does not match these words; an answer that quotes them '
    "would count as wrong.</p>"
)


def _caption(document: Document) -> str:
    known = [esc(document.title), esc(byline(document)), esc(document.source)]
    return " · ".join(dict.fromkeys(part for part in known if part))


def _cut(text: str, *, from_end: bool) -> str:
    """Return the part of a text next to a quote: up to a blank line, else a word, with "…"."""
    if from_end:
        near = text.rpartition("\n\n")[2]
        if near != text or len(text) < AROUND_CHARS:
            return near
        return "… " + near.partition(" ")[2]
    near = text.partition("\n\n")[0]
    if near != text or len(text) < AROUND_CHARS:
        return near
    return near.rpartition(" ")[0] + " …"
