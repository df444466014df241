"""Finished turns, sources and the list of documents as HTML.

Everything that comes from a document, a model or a question passes through `esc`. The class
names are those of the files in `looks`, the anchors (`cite-<turn>-<number>`) those that
`behaviour/reading.js` listens for.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rag.documents import places
from rag.render.plain import (
    Known,
    also_in,
    asked_first,
    byline,
    cited,
    differs,
    file_of,
    outcome,
    reason,
    shorten,
    side,
    to_markdown,
    to_text,
    unsaid,
    verdict,
    where,
)
from rag.render.words import numeral, say, spoken
from rag.types import Answer, Citation, Document, Hit, Statement, Verdict

PAGES = "document-pages"  # where pictures of pages are served
SHOWN_CHARS = 60_000
AROUND_CHARS = 6_000
QUESTION_CHARS = 2_000

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%231d4b3b'/%3E%3Cg font-family='Georgia,serif'%3E"
    "%3Ctext x='6' y='25' fill='white' font-size='23' font-weight='bold'%3EF%3C/text%3E"
    "%3Ctext x='21' y='15' fill='%23ffe07a' font-size='13'%3E1%3C/text%3E%3C/g%3E%3C/svg%3E"
)


def looks() -> str:
    """Return the colours, type and shapes of our pages: CSS."""
    return _joined("looks", "css")


def _joined(folder: str, suffix: str) -> str:
    """Return the files of a folder one after another, by name."""
    files = sorted((Path(__file__).parent / folder).glob(f"*.{suffix}"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def head_html() -> str:
    """Return what belongs into the head of the page: icon, looks and behaviour."""
    behaviour = _joined("behaviour", "js")
    icon = f'<link rel="icon" href="{_ICON}">'
    language = f'document.documentElement.lang = "{spoken()}";'
    return f"{icon}<style>{looks()}</style><script>{language}{behaviour}</script>"


def panel_html() -> str:
    """Return where sources are opened, beside the chat; `behaviour/reading.js` fills it."""
    back, following = esc(say("Previous source")), esc(say("Next source"))
    return (
        f'<aside id="fn-panel" aria-label="{esc(say("Source"))}" tabindex="-1">'
        f'<div class="fn-bar"><span id="fn-place" role="status" data-cite="{esc(say("Source"))}"'
        f' data-near="{esc(say("Passage"))}" data-doc="{esc(say("Document"))}"'
        f' data-of="{esc(say("{kind} {number} of {total}"))}"></span>'
        f'<button type="button" id="fn-back" aria-label="{back}">&#8593;</button>'
        f'<button type="button" id="fn-next" aria-label="{following}">&#8595;</button>'
        f'<button type="button" id="fn-close" aria-label="{esc(say("Close the source"))}">'
        '&#10005;</button></div><div id="fn-open"></div></aside>'
    )


def try_html() -> str:
    """Return the heading of the questions that can be clicked."""
    return f"<h2>{esc(say('Try a question'))}</h2>"


def header_html(title: str, tagline: str) -> str:
    """Return the top of the page."""
    return (
        f'<header class="fn-head"><h1>{esc(title)}<sup>1</sup></h1><p>{esc(tagline)}</p></header>'
    )


def note_html(message: str, *, error: bool = False) -> str:
    """Return a short message to the reader."""
    if error:
        return f'<p class="fn-error" role="alert">{esc(message)}</p>'
    return f'<p class="fn-note" role="status">{esc(message)}</p>'


def to_html(
    answer: Answer,
    documents: Mapping[str, Document],
    turn: int,
    *,
    typed: str = "",
    meant: str = "",
    unclear: bool = False,
    present: Present | None = None,
    below: str = "",
) -> str:
    """Return one finished turn of the conversation, with the sources it opens.

    Args:
        answer: what is shown.
        documents: by id, the documents the answer may cite.
        turn: number of the question in its conversation, part of every anchor.
        typed: the question as it was typed, where that is not the one answered.
        meant: the question as it was asked of the documents, where it followed up on others.
        unclear: it may follow up on something, and nobody could tell on what.
        present: what is known of documents that are not among `documents` any more.
        below: HTML that stands under the answer.
    """
    if answer.abstained:
        body = f'<p class="fn-none">{esc(outcome(answer))}</p>'
        body += _closest_html(answer.closest, turn)
    else:
        body = _statements_html(answer, turn)
        said = map(unsaid, answer.unanswered)
        body += "".join(f'<p class="fn-none">{esc(line)}</p>' for line in said)
    body = meant_html(meant, unclear=unclear) + asked_html(asked_first(answer)) + body
    body += references_html(answer.statements, turn) + _withheld_html(answer.withheld, turn)
    total_s = answer.timings.total_s
    seconds = say("{count} seconds", count=numeral(total_s, 1 if total_s < 99.95 else 0))
    question = typed or answer.question
    copy = "" if answer.abstained else copy_html()
    body += (
        f'<p class="fn-small"><span>{esc(seconds)} · {esc(answer.model)} · '
        f"{esc(say('on this computer'))}</span></p>"
        f'<p class="fn-small fn-tools">{copy}{again_html(question)}</p>{below}'
        f"{_copied_html(answer)}"
    )
    sources = sources_html(answer.citations, documents, turn, answer.closest, present)
    return turn_html(question, turn, body + sources, "fn-finished")


def error_html(question: str, message: str, turn: int) -> str:
    """Return a turn that could not be answered, with the message that says why."""
    tools = f'<p class="fn-small fn-tools">{again_html(question)}</p>'
    return turn_html(question, turn, note_html(message, error=True) + tools, "fn-failed")


def copy_html() -> str:
    """Return the buttons that copy an answer with its citations."""
    done = f'data-done="{esc(say("Copied"))}"'
    return "".join(
        f'<button type="button" class="fn-tool fn-copy" data-of="{of}" {done}>{esc(label)}</button>'
        for of, label in (
            ("plain", say("Copy with sources")),
            ("markdown", say("Copy as Markdown")),
        )
    )


def _copied_html(answer: Answer) -> str:
    """Return what those buttons copy."""
    return (
        f'<pre class="fn-plain" hidden>{esc(to_text(answer))}</pre>'
        f'<pre class="fn-markdown" hidden>{esc(to_markdown(answer))}</pre>'
    )


def again_html(question: str) -> str:
    """Return the buttons that ask a question again, as it is or changed."""
    data = f'data-question="{esc(question)}"'
    return (
        f'<button type="button" class="fn-tool fn-again" {data}>'
        f"{esc(say('Edit the question'))}</button>"
        f'<button type="button" class="fn-tool fn-retry" {data}>{esc(say("Ask again"))}</button>'
    )


def library_html(
    documents: Iterable[Document],
    shown: int = 12,
    whole: Callable[[Document], Document] = lambda document: document,
) -> str:
    """Return the list of the documents that answers are made from, each to be opened.

    Args:
        documents: all of them.
        shown: how many are listed, by path; the others are counted.
        whole: reads one that is listed, where they are given without their text.
    """
    known = sorted(documents, key=lambda d: d.source)
    listed = [(number, whole(d)) for number, d in enumerate(known[:shown], 1)]
    rows = "".join(
        f'<li><a href="#doc-{number}">{esc(d.title)}</a>'
        f"<small>{esc(_origin(d, d.source))}</small></li>"
        for number, d in listed
    )
    more = say("and {count} more", count=numeral(len(known) - shown))
    head = (
        say("Answers come only from this one document")
        if len(known) == 1
        else say("Answers come only from these {count} documents", count=numeral(len(known)))
    )
    return (
        f'<section class="fn-library"><h2>{esc(head)}</h2><ul>{rows}</ul>'
        f"{f'<p>{esc(more)}</p>' if len(known) > shown else ''}</section>"
        + "".join(_section_html(d, [], f"doc-{number}") for number, d in listed)
    )


def source_html(document: Document, citations: Sequence[Citation], turn: int) -> str:
    """Return a document to be opened beside the chat, the cited words marked at their offsets.

    Raises:
        ValueError: the words are not those of the document at those offsets.
    """
    for c in citations:
        if document.text[c.start : c.end] != c.quote:
            raise ValueError(
                f"citation {c.number} does not stand at {c.start}-{c.end} of {document.source}"
            )
    marks = [_Mark(f"cite-{turn}-{c.number}", c.start, c.end) for c in citations]
    return _section_html(document, marks)


@dataclass(frozen=True, slots=True)
class Present:
    """What is known of documents that are not among those of an answer any more.

    Attributes:
        lies_at: returns the document that lies at a path now, with the name of the file inside it.
        opening: the documents are not open yet, so that none is known.
    """

    lies_at: Callable[[str, str], Document | None]
    opening: bool = False


def sources_html(
    citations: Sequence[Citation],
    documents: Mapping[str, Document],
    turn: int,
    closest: Sequence[Hit] = (),
    present: Present | None = None,
) -> str:
    """Return every source a turn can open, hidden until one of its anchors is followed.

    What does not stand in its document any more is shown as it was cited, and said to be so.
    """
    near = [_cited(hit, number) for number, hit in enumerate(closest, 1)]
    found = {hit.document.id: hit.document for hit in closest if hit.document.text}

    def document_of(id_: str) -> Document | None:
        return found.get(id_) or documents.get(id_)

    return _sections(citations, f"cite-{turn}", document_of, present) + _sections(
        near, f"near-{turn}", document_of, present
    )


def _cited(hit: Hit, number: int) -> Citation:
    """Return a passage as what it would be if it were cited."""
    d, p = hit.document, hit.passage
    return Citation(
        number, d.source, d.title, p.start, p.end, p.text, d.metadata, d.id, inside=d.inside
    )


def _sections(
    citations: Sequence[Citation],
    stem: str,
    document_of: Callable[[str], Document | None],
    present: Present | None,
) -> str:
    """Return the sources of citations, a document each; an anchor is the stem and the number."""
    by_document: dict[tuple[str, str, str], list[Citation]] = {}
    for c in citations:
        by_document.setdefault((c.document_id, c.source, c.inside), []).append(c)
    sections = []
    for (id_, source, inside), own in by_document.items():
        document = document_of(id_)
        if document is not None and all(_stands_at(document, c) for c in own):
            marks = [_Mark(f"{stem}-{c.number}", c.start, c.end) for c in own]
            sections.append(_section_html(document, marks))
            continue
        now = document or (present.lies_at(source, inside) if present else None)
        sections += _changed(own, stem, now, opening=present is not None and present.opening)
    return "".join(sections)


def _stands_at(document: Document, citation: Citation) -> bool:
    return document.text[citation.start : citation.end] == citation.quote


def _changed(
    citations: Sequence[Citation], stem: str, now: Document | None, *, opening: bool
) -> list[str]:
    """Return sources that are not as they were cited, each with what has become of them."""
    left = [c for c in citations if now is not None and c.quote in now.text]
    lost = [c for c in citations if c not in left]
    sections = []
    if now is not None and left:
        places_now = ((c.number, now.text.index(c.quote), len(c.quote)) for c in left)
        marks = [_Mark(f"{stem}-{number}", at, at + length) for number, at, length in places_now]
        note = say("This document has changed since; the cited words still stand in it.")
        sections.append(_section_html(now, marks, note=note))
    if lost:
        if opening:
            note = say("Your documents are being opened. These are the words as they were cited.")
        elif now is None:
            note = say(
                "This document is no longer among those that are asked. These are the words as"
                " they were cited."
            )
        else:
            note = say(
                "This document has changed since, and the cited words no longer stand in it. These"
                " are the words as they were cited."
            )
        sections.append(_quoted(lost, stem, note))
    return sections


def _quoted(citations: Sequence[Citation], stem: str, note: str) -> str:
    """Return a source of which only the cited words are at hand."""
    first, text, marks = citations[0], "", []
    for c in sorted(citations, key=lambda c: c.start):
        text += "\n\n…\n\n" if text else ""
        marks.append(_Mark(f"{stem}-{c.number}", len(text), len(text) + len(c.quote)))
        text += c.quote
    document = Document(
        first.document_id, "", first.source, text, first.title, first.metadata, first.origins, ""
    )
    return _section_html(document, marks, note=note)


def thread_html(turns: Sequence[str], conversation: str = "", earlier: int = 0) -> str:
    """Return the finished turns of a conversation, oldest first.

    Args:
        turns: as HTML.
        conversation: its id, which the browser remembers.
        earlier: how many turns before them are kept and not shown.
    """
    known = f'<span data-conversation="{esc(conversation)}"></span>' if conversation else ""
    # A log is read out as it grows, and only what is new of it.
    log = f'<div role="log" aria-label="{esc(say("Answers"))}">{"".join(turns)}</div>'
    return known + (_earlier_html(earlier) if earlier else "") + (log if turns else "")


def _earlier_html(count: int) -> str:
    """Return the button that shows turns which are left out."""
    label = (
        say("Show the question before")
        if count == 1
        else say("Show the {count} questions before", count=count)
    )
    return (
        '<p class="fn-small fn-earlier"><button type="button" class="fn-tool" data-do="earlier" '
        f'data-key="earlier">{esc(label)}</button></p>'
    )


def turn_html(question: str, turn: int, body: str, kind: str) -> str:
    """Return one question with what stands under it."""
    return (
        f'<article class="fn-turn {kind}" data-turn="{turn}">'
        f'<h2 class="fn-question" dir="auto">{esc(shorten(question, QUESTION_CHARS))}</h2>'
        f"{body}</article>"
    )


def asked_html(lines: Iterable[str]) -> str:
    """Return the lines above an answer that say which documents were asked."""
    return "".join(f'<p class="fn-asked">{esc(line)}</p>' for line in lines)


def meant_html(meant: str, *, unclear: bool = False) -> str:
    """Return the question that is asked of the documents, where a follow-up was understood so.

    It can be taken back into the box and corrected.

    Args:
        meant: the question, "" where it is asked as it was typed.
        unclear: say that nobody could tell what it follows up on.
    """
    if not meant:
        note = say(
            "Asked as you typed it. If it follows up on something, name that in the question."
        )
        return f'<p class="fn-meant">{esc(note)}</p>' if unclear else ""
    return (
        f'<p class="fn-meant">{esc(say("Asked as:"))} <span dir="auto">{esc(meant)}</span> '
        f'<button type="button" class="fn-again" data-question="{esc(meant)}">'
        f"{esc(say('Correct'))}</button></p>"
    )


def suggested_html(questions: Sequence[str]) -> str:
    """Return questions that the documents answer, to be asked by a click."""
    if not questions:
        return ""
    rows = "".join(
        f'<li><button type="button" class="fn-suggestion" dir="auto" data-question="{esc(each)}">'
        f"{esc(each)}</button></li>"
        for each in questions
    )
    head = esc(say("Your documents answer this too"))
    return (
        f'<section class="fn-suggestions" aria-label="{head}">'
        f"<h3>{head}</h3><ul>{rows}</ul></section>"
    )


def within_html(which: str, count: int, total: int) -> str:
    """Return which documents may answer, and how many of how many."""
    return note_html(
        say(
            "Asked of {documents} ({count} of {total})",
            documents=which,
            count=numeral(count),
            total=numeral(total),
        )
    )


def _statements_html(answer: Answer, turn: int) -> str:
    """Return the statements in order, the sides of a conflict next to each other."""
    blocks = []
    placed: set[int] = set()
    for place, statement in enumerate(answer.statements):
        if place in placed:
            continue
        conflict = next((c for c in answer.conflicts if place in c.sides), None)
        if conflict is None:
            blocks.append(statement_html(statement, turn))
            continue
        placed.update(conflict.sides)
        sides = "".join(
            f'<div class="fn-side"><small>{esc(side(answer, conflict, i))}</small>'
            f"{statement_html(answer.statements[i], turn)}</div>"
            for i in conflict.sides
        )
        head = esc(differs(conflict))
        blocks.append(
            f'<section class="fn-conflict" aria-label="{head}"><h3>{head}</h3>'
            f'<div class="fn-sides">{sides}</div></section>'
        )
    return "".join(blocks)


def statement_html(statement: Statement, turn: int) -> str:
    """Return a proven statement with its numbered citations and its verdict."""
    return (
        f'<p class="fn-statement" dir="auto">{esc(statement.text)}'
        f"{links_html(statement.citations, turn)}{badge_html(statement)}</p>"
    )


def badge_html(statement: Statement) -> str:
    """Return the verdict as a badge that tells its reason when pointed at."""
    if statement.verdict is Verdict.SUPPORTED:
        sure = min(99, round(100 * statement.support))
        told = say("Proven: {sure} % sure that the cited words carry this sentence", sure=sure)
        if statement.written:
            cut = say("Cut to what they carry; first written: “{words}”", words=statement.written)
            told = f"{told}. {cut}"
        return (
            f' <span class="fn-badge" role="img" aria-label="{esc(say("proven"))}"'
            f' title="{esc(told)}">✓</span>'
        )
    label = esc(verdict(statement))
    return f' <span class="fn-badge" title="{esc(reason(statement))}">{label}</span>'


def links_html(citations: Sequence[Citation], turn: int) -> str:
    """Return `[1][2]` as links that open the cited words."""
    links = "".join(
        f'<a class="fn-cite" href="#cite-{turn}-{c.number}" '
        f'data-quote="{esc(shorten(c.quote))}" data-from="{esc(cited(c))}" '
        f'aria-label="{esc(say("Source {number}: {title}", number=c.number, title=cited(c)))}">'
        f"[{c.number}]</a>"
        for c in citations
    )
    return f'<span class="fn-cites">&#8239;{links}</span>' if links else ""


def references_html(statements: Sequence[Statement], turn: int) -> str:
    """Return what statements rest on: the documents, and folded the words that are cited."""
    citations = cited_by(statements)
    if not citations:
        return ""
    by_document: dict[str, list[Citation]] = {}
    for citation in citations:
        by_document.setdefault(_file_id(citation), []).append(citation)
    rows = "".join(
        _source_row(own, statements, turn, first=place == 0)
        for place, own in enumerate(by_document.values())
    )
    return (
        f'<section class="fn-sources" aria-label="{esc(say("Sources"))}">'
        f"<h3>{esc(say('Sources'))}</h3><ul>{rows}</ul>{_quotes_html(citations, turn)}</section>"
    )


def cited_by(statements: Sequence[Statement]) -> tuple[Citation, ...]:
    """Return every distinct citation of some statements, in order of number."""
    seen = {c.number: c for s in statements for c in s.citations}
    return tuple(seen[number] for number in sorted(seen))


def _file_id(citation: Citation) -> str:
    return citation.document_id or file_of(citation)


def _source_row(
    own: Sequence[Citation], statements: Sequence[Statement], turn: int, *, first: bool
) -> str:
    """Return one document that is cited, with the number of statements that rest on it."""
    document = _file_id(own[0])
    count = sum(any(_file_id(c) == document for c in s.citations) for s in statements)
    if count == 1:
        rests = say("1 statement rests on it") if first else say("1 statement")
    else:
        rests = (
            say("{count} statements rest on it", count=count)
            if first
            else say("{count} statements", count=count)
        )
    known = _origin(own[0], file_of(own[0]))
    return (
        f'<li><div><cite dir="auto">{esc(own[0].title)}</cite>'
        f"{f'<small>{esc(known)}</small>' if known else ''}</div>"
        f'<div class="fn-rests">{links_html(own, turn)} <small>{esc(rests)}</small></div></li>'
    )


def _quotes_html(citations: Sequence[Citation], turn: int) -> str:
    """Return the folded list of the cited words and where they stand."""
    rows = "".join(
        f'<li><a class="fn-cite" href="#cite-{turn}-{c.number}">[{c.number}]</a>'
        f'<div><q dir="auto">{esc(shorten(c.quote))}</q>'
        f"<small>{esc(_stands(c))}</small>{_also_html(c)}</div></li>"
        for c in citations
    )
    return (
        f'<details class="fn-references" data-key="references-{turn}">'
        f"<summary>{esc(say('The words that are cited'))}</summary><ol>{rows}</ol></details>"
    )


def _also_html(citation: Citation) -> str:
    """Return where else the quote stands, nothing if nowhere."""
    return f"<small>{esc(also_in(citation))}</small>" if citation.also else ""


def esc(text: str) -> str:
    """Return text that a browser shows exactly as it is, in content and in attributes."""
    # A parser turns a bare CR into LF and drops NUL, either of which would change the words.
    return html.escape(text).replace("\r", "&#13;").replace("\0", "\ufffd")


def _withheld_html(withheld: Sequence[Statement], turn: int) -> str:
    """Return the folded list of what the model wrote and the proof did not carry."""
    if not withheld:
        return ""
    rows = "".join(
        f'<li dir="auto"><s>{esc(s.text)}</s>{badge_html(s)} <small>{esc(reason(s))}</small></li>'
        for s in withheld
    )
    if len(withheld) == 1:
        head = say("1 sentence withheld, not proven by your documents")
    else:
        head = say("{count} sentences withheld, not proven by your documents", count=len(withheld))
    return (
        f'<details class="fn-withheld" data-key="withheld-{turn}">'
        f"<summary>{esc(head)}</summary>"
        f"<ul>{rows}</ul></details>"
    )


def _closest_html(closest: Sequence[Hit], turn: int) -> str:
    """Return the passages nearest to a question that they do not answer."""
    if not closest:
        return ""
    rows = "".join(
        f'<li><a href="#near-{turn}-{number}">{esc(d.title)}</a>'
        f"<small>{esc(_origin(d, d.source))}</small>"
        f'<span dir="auto">{esc(shorten(hit.passage.text))}</span></li>'
        for number, (hit, d) in enumerate(((hit, hit.document) for hit in closest), 1)
    )
    return (
        '<div class="fn-closest">'
        f"<p>{esc(say('These passages come closest. They are not an answer.'))}</p>"
        f"<ul>{rows}</ul></div>"
    )


def _origin(facts: Known, source: str) -> str:
    """Return publisher and date, and the file where neither is known, unless it is the title."""
    named = any(facts.metadata.get(key) for key in ("publisher", "date")) or source == facts.title
    return " · ".join(filter(None, ("" if named else source, byline(facts))))


def _stands(citation: Citation) -> str:
    """Return publisher and date, else the file, and where in it the quote stands."""
    known = _origin(citation, file_of(citation))
    return " · ".join(part for part in (known, where(citation.places)) if part)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A stretch of a document that an anchor opens."""

    anchor: str
    start: int
    end: int


def _section_html(
    document: Document, marks: Sequence[_Mark], anchor: str = "", note: str = ""
) -> str:
    """Return head and text of a document with its marks; `anchor` opens one that has none."""
    facts = document.metadata
    anchors = " ".join(mark.anchor for mark in marks) or anchor
    known = byline(document)
    kicker = f'<p class="fn-kicker">{esc(known)}</p>' if known else ""
    line = " · ".join(esc(part) for part in (facts.get("author", ""), document.source) if part)
    url = facts.get("url", "")
    if url.startswith(("https://", "http://")):
        line += (
            f' · <a href="{esc(url)}" target="_blank" rel="noopener noreferrer">'
            f"{esc(say('original page'))}</a>"
        )
    told_now = f'<p class="fn-changed" role="note">{esc(note)}</p>' if note else ""
    return (
        f'<section class="fn-source" data-anchors="{anchors}" hidden>'
        f"<header>{kicker}<h2>{esc(document.title)}</h2>"
        f'<p class="fn-file">{line}</p>{told_now}</header>'
        f"{_pages_html(document, marks)}"
        f'<div class="fn-text" dir="auto">{_marked(document.text, marks)}</div></section>'
    )


def _pages_html(document: Document, marks: Sequence[_Mark]) -> str:
    """Return the pages of a PDF on which its marks begin, as they are printed; else nothing.

    The pictures are fetched when they are looked at; see `rag.serving.pages`.
    """
    if document.format != "pdf" or document.inside:
        return ""
    by_page: dict[str, list[_Mark]] = {}
    for mark in marks:
        found = places(document, mark.start, mark.end)
        page = next((place.value for place in found if place.kind == "page"), "")
        if page:
            by_page.setdefault(page, []).append(mark)
    return "".join(
        f'<figure class="fn-page" data-anchors="{" ".join(m.anchor for m in own)}">'
        f'<img loading="lazy" src="{page_path(document.id, page)}?'
        f'marked={",".join(f"{m.start}-{m.end}" for m in own)}" '
        f'alt="{esc(say("Page {number}, the cited words marked", number=page))}">'
        f"<figcaption>{esc(say('Page {number} of {file}', number=page, file=document.source))}"
        "</figcaption></figure>"
        for page, own in by_page.items()
    )


def page_path(document_id: str, page: str) -> str:
    """Return where a page of a document is served, relative to the page."""
    return f"{PAGES}/{document_id}/{page}"


def _marked(text: str, marks: Sequence[_Mark]) -> str:
    """Return the text with its marks; of a long one only what stands around them.

    Marks may overlap: the text is cut at every edge, and each piece names its anchors.
    """
    windows = _windows(len(text), marks)
    edges = {0, len(text)}
    for start, end in [*windows, *((mark.start, mark.end) for mark in marks)]:
        edges |= {start, end}
    pieces = []
    for start, end in pairwise(sorted(edges)):
        names = " ".join(m.anchor for m in marks if m.start <= start and end <= m.end)
        if not any(low <= start and end <= high for low, high in windows):
            gap = say("{count} characters not shown", count=numeral(end - start))
            pieces.append(f'<span class="fn-gap">{esc(gap)}</span>')
        elif names:
            pieces.append(f'<mark data-anchors="{names}">{esc(text[start:end])}</mark>')
        else:
            pieces.append(esc(text[start:end]))
    return "".join(pieces)


def _windows(length: int, marks: Sequence[_Mark]) -> list[tuple[int, int]]:
    """Return the stretches of a text that are shown, in order and apart from each other."""
    if length <= SHOWN_CHARS:
        return [(0, length)]
    if not marks:
        return [(0, SHOWN_CHARS)]
    windows: list[tuple[int, int]] = []
    for mark in sorted(marks, key=lambda m: m.start):
        low, high = max(0, mark.start - AROUND_CHARS), min(length, mark.end + AROUND_CHARS)
        if windows and low <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(high, windows[-1][1]))
        else:
            windows.append((low, high))
    return windows
