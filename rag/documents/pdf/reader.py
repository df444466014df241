"""The bytes of a PDF to its content, and from a stretch of its text back to boxes on its pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rag.documents.compose import PDF_INFO
from rag.documents.pdf.attached import attached
from rag.documents.pdf.bookmarks import headings
from rag.documents.pdf.columns import regions
from rag.documents.pdf.furniture import Laid, take_furniture
from rag.documents.pdf.glyphs import ASKEW, Glyphs, upright
from rag.documents.pdf.hyphens import Words
from rag.documents.pdf.info import facts
from rag.documents.pdf.letters import Mended, is_rtl, mend
from rag.documents.pdf.lines import in_order, stretches
from rag.documents.pdf.ocr import UNSURE, RecognitionError, Seen
from rag.documents.pdf.paragraphs import Block, blocks, flowing
from rag.documents.pdf.pdfium import Pdf, opened
from rag.documents.pdf.recognised import page_glyphs
from rag.documents.pdf.seen import unseen
from rag.documents.pdf.tables import lines, told_rows
from rag.documents.pdf.titles import largest_type
from rag.documents.pdf.traced import Traced
from rag.documents.source import Content, Source
from rag.errors import EmptyDocumentError

_MOST_NAMED = 12  # pages that a note names
_SCANNED = 0.1  # share of a page without text that an image covers, if it seems to be scanned
_HIDDEN_CHARACTERS = 80
_HIDDEN_NOTES = 5


@dataclass(slots=True)
class Findings:
    """What is noted of pages while they are read."""

    damaged: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    recognised: list[int] = field(default_factory=list)
    seen: dict[int, Seen] = field(default_factory=dict)
    failed: list[tuple[int, str]] = field(default_factory=list)
    annotated: list[int] = field(default_factory=list)
    hidden: list[tuple[int, str]] = field(default_factory=list)
    mended: Mended = field(default_factory=Mended)


def read_pdf(source: Source) -> Content:
    """Read the text of a PDF in reading order, page by page.

    Columns are read one after the other, the lines of a paragraph are joined, words broken at line
    ends are made whole, tables become rows, and what repeats at the edges of pages is left out.
    Headings are those of its bookmarks; files attached to it are files inside it.

    Raises:
        EmptyDocumentError: no page has text; it is probably scanned.
        UnreadableDocumentError: it is damaged, too large, or needs another password.
    """
    with opened(source) as pdf:
        notes: list[str] = []
        traced = _read(pdf, notes)
        parts = attached(pdf, notes)
        if not len(traced.body):
            refusal = _without_text(source, pdf, notes)
            if not parts:
                raise refusal
            return Content("pdf", traced.body, parts=parts, refusal=refusal)
        text = traced.body.text
        for start, path in headings(text, traced.lines, pdf.bookmarks()):
            traced.body.mark_at(start, "heading", path)
        title = largest_type(text, traced.lines)
        return Content(
            "pdf",
            traced.body,
            facts(pdf),
            PDF_INFO,
            notes,
            parts,
            recognised=source.options.ocr_languages if traced.seen else "",
            largest=title,
        )


def _without_text(source: Source, pdf: Pdf, notes: Sequence[str]) -> EmptyDocumentError:
    """Return the error for a PDF of which no page has text."""
    scanned = any(pdf.image_share(page) >= _SCANNED for page in range(1, min(pdf.pages, 5) + 1))
    why = "it has no text layer and seems to be scanned" if scanned else "it has no text layer"
    more = f" ({'; '.join(notes)})" if notes and (source.options.ocr or not scanned) else ""
    cure = "read it with `--ocr`" if scanned else "read it with `--ocr` if its pages show words"
    if source.options.ocr:
        why = f"{why}, and Tesseract finds no words in its pictures"
        cure = "scan it anew, straight and with 300 dots an inch, or name its language"
    told = f"{source}: {why}{more}; {cure}."
    return EmptyDocumentError(told, path=str(source.path), inside=source.inside)


def trace(pdf: Pdf) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return for each character of the body its page, and its number in PDFium, -1 for none."""
    return _read(pdf, []).places()


def _read(pdf: Pdf, notes: list[str]) -> Traced:
    found = Findings()
    pages = [page for number in range(1, pdf.pages + 1) if (page := _lay(pdf, number, found))]
    if pdf.repaired:
        notes.append("the end of the file is missing; what could be found was read")
    take_furniture(pages, notes)
    _note(found, pdf, notes)
    return _write(
        flowing([block for page in pages for block in _blocks(page)]),
        Traced(recognised=found.recognised, seen=found.seen),
    )


def _lay(pdf: Pdf, number: int, found: Findings) -> Laid | None:
    """Return the stretches of a page; None where it has none."""
    glyphs = _glyphs(pdf, number, found)
    if glyphs is None:
        found.damaged.append(number)
        return None
    if glyphs.annotations:
        found.annotated.append(number)
    if not glyphs.ink.any():
        found.empty.append(number)
        return None
    if number not in found.seen:
        glyphs = _without_hidden(glyphs, pdf, found)
    glyphs = mend(glyphs, found.mended)
    turns = glyphs.turn[glyphs.ink]
    if not len(turns):
        return None
    straight = turns[turns != ASKEW]
    main = int(np.bincount(straight.astype(np.int64)).argmax()) if len(straight) else ASKEW
    page = Laid(number, glyphs.high)
    for turn in sorted({int(turn) for turn in turns}, key=lambda turn: (turn != main, turn)):
        part = upright(glyphs, turn)
        page.rtl = bool(is_rtl(part.code).sum() > 0.5 * part.ink.sum())
        if turn == ASKEW:
            page.aside.append(in_order(part))
        elif turn == main:
            page.high = part.high
            page.upright = stretches(part, rtl=page.rtl)
        else:
            page.aside.append(stretches(part, rtl=page.rtl))
    return page


def _glyphs(pdf: Pdf, number: int, found: Findings) -> Glyphs | None:
    """Return the characters of a page, or those recognised in its picture."""
    try:
        glyphs, seen = page_glyphs(pdf, number)
    except RecognitionError as error:
        found.failed.append((number, str(error)))
        return pdf.glyphs(number)
    if seen is not None:
        found.seen[number] = seen
    return glyphs


def _without_hidden(glyphs: Glyphs, pdf: Pdf, found: Findings) -> Glyphs:
    """Return the characters that are seen; what is hidden is noted."""
    hidden, recognised = unseen(glyphs, pdf)
    if recognised:
        found.recognised.append(glyphs.number)
    if not hidden.any():
        return glyphs
    hidden = _with_spaces(hidden, glyphs)
    if words := _words(glyphs.taken(hidden)):
        found.hidden.append((glyphs.number, words))
    return glyphs.taken(~hidden)


def _with_spaces(chosen: NDArray[np.bool_], glyphs: Glyphs) -> NDArray[np.bool_]:
    """Return a choice of characters together with the spaces that come after them."""
    ink = np.where(glyphs.ink, np.arange(len(glyphs)), 0)
    with_spaces: NDArray[np.bool_] = chosen[np.maximum.accumulate(ink)]
    return with_spaces


def _words(glyphs: Glyphs) -> str:
    """Return the words of characters in PDFium's order, "" where there are none."""
    code = np.where(glyphs.ink, glyphs.code, 32)
    text = code.astype("<u4").tobytes().decode("utf-32-le", "ignore")
    words = " ".join(text.split())
    return words if any(map(str.isalnum, words)) else ""


def _blocks(page: Laid) -> Iterable[Block]:
    for region in regions(page.upright, rtl=page.rtl):
        yield from blocks(lines(region, page.number, rtl=page.rtl))
    for group in page.aside:
        yield from blocks(lines(group, page.number, rtl=page.rtl), aside=True)


def _write(found: Sequence[Block], traced: Traced) -> Traced:
    words = Words(line.text for block in found for line in block.lines if not line.is_row)
    before: Block | None = None
    for block in found:
        if block.kind == "row":
            for place, told in enumerate(told_rows(block.lines)):
                traced.add(told, block.lines[place].page, "\n" if place else "\n\n")
        else:
            close = before is not None and before.kind == block.kind == "item"
            _write_paragraph(traced, block, words, "\n" if close else "\n\n")
        before = block
    return traced


def _write_paragraph(traced: Traced, block: Block, words: Words, apart: str) -> None:
    found, size = block.lines, 0.0 if block.aside else block.size
    for place, line in enumerate(found):
        text, index = line.told()
        after = apart
        if place + 1 < len(found):
            falls_away, after = words.join(text, found[place + 1].text)
            if falls_away:
                text, index = text[:-1], index[:-1]
        traced.add((text, index), line.page, apart, size)
        apart = after


def _note(found: Findings, pdf: Pdf, notes: list[str]) -> None:
    """Add what was found on the pages to the notes."""
    if found.damaged:
        notes.append(f"{_named(found.damaged)} too damaged to be read")
    if found.empty and len(found.empty) < pdf.pages:
        has = "has" if len(found.empty) == 1 else "have"
        they = "it" if len(found.empty) == 1 else "they"
        which = _named(found.empty)
        why = "nor words that Tesseract knows" if pdf.source.options.ocr else ""
        why = why or f"{they} may be scanned (see `--ocr`) or blank"
        notes.append(f"{which} {has} no text; {why}")
    notes += [f"page {number} {why}" for number, why in found.failed[:_MOST_NAMED]]
    if found.seen:
        notes.append(_told_seen(found.seen, pdf.source.options.ocr_languages))
    if found.recognised:
        notes.append(f"text recognised by OCR on {_named(found.recognised)}")
    for number, words in found.hidden[:_HIDDEN_NOTES]:
        notes.append(f"hidden text left out on page {number}: “{words[:_HIDDEN_CHARACTERS]}”")
    if len(found.hidden) > _HIDDEN_NOTES:
        notes.append(f"hidden text left out on {len(found.hidden) - _HIDDEN_NOTES} more pages")
    if found.annotated:
        notes.append(f"form fields or comments on {_named(found.annotated)} were not read")
    if found.mended.unknown:
        count = f"{found.mended.unknown} character{'s' if found.mended.unknown > 1 else ''}"
        notes.append(f"{count} for which the file names no letter stand as �")
    if found.mended.guessed:
        count = f"{found.mended.guessed} character{'s' if found.mended.guessed > 1 else ''}"
        notes.append(f"{count} that the font does not name (such as ff, fi) read by their looks")
    label, number = pdf.label(1), 1
    while number < min(pdf.pages, _MOST_NAMED) and label == str(number):
        number += 1
        label = pdf.label(number)
    if label and label != str(number):
        notes.append(
            f"pages are counted from 1; page {number} is called “{label[:20]}” in the file"
        )


def _told_seen(seen: Mapping[int, Seen], languages: str) -> str:
    """Return what was recognised on which pages, by what, and how many of the words are unsure."""
    words = [word for page in seen.values() for word in page.words]
    unsure = sum(word.sure < UNSURE for word in words)
    by = " and ".join(sorted({page.engine for page in seen.values()}))
    sure = f"{unsure:,} of {len(words):,} words unsure" if unsure else "no word unsure"
    return f"text recognised by {by} ({languages}) on {_named(sorted(seen))}, {sure}"


def _named(pages: Sequence[int]) -> str:
    """Return pages in words: "page 3", "pages 3, 5 and 7"."""
    if len(pages) == 1:
        return f"page {pages[0]}"
    shown = list(map(str, pages[:_MOST_NAMED]))
    last = f"{len(pages) - _MOST_NAMED} more" if len(pages) > _MOST_NAMED else shown.pop()
    return f"pages {', '.join(shown)} and {last}"
