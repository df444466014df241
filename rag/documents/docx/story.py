"""The text of one part of a Word document: its body, a header, the footnotes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rag.documents.archive import attribute, child, local, number
from rag.documents.docx.numbering import Numbering
from rag.documents.docx.styles import Looks, Styles, is_on, is_shade, is_shaded, level_of, value
from rag.documents.outline import Cell, Outline, Sink, Tally, padded, raised

_DEEPEST_FIELD = 50
_TINY = 4  # half points; nobody reads letters of two points
_WHITE = frozenset(["ffffff", "fefefe", "fdfdfd"])
_SIGNS = {
    "tab": "\t",
    "ptab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "-",
}
# Wrappers that only say something of what is in them.
_WRAPPERS = frozenset(
    ["hyperlink", "smartTag", "customXml", "fldSimple", "sdtContent", "dir", "bdo", "moveTo"]
)
_BULLETS = {"f0b7": "•", "f0a7": "•", "f0d8": "•", "f0fc": "✓", "f0fe": "☒", "f0a8": "☐"}


class Reference(NamedTuple):
    """Where the text refers to a note.

    Attributes:
        kind: "footnote" or "endnote".
        id: of the note.
        path: the headings it stands under.
        is_marked: with a sign of its own, not with a number.
    """

    kind: str
    id: str
    path: str
    is_marked: bool


@dataclass(slots=True)
class Word:
    """What the parts of one document share.

    Attributes:
        has_background: whether the page has a colour of its own.
    """

    styles: Styles
    numbering: Numbering
    tally: Tally
    has_background: bool = False
    references: list[Reference] = field(default_factory=list)


class Story:
    """Reads one part of a document into a sink.

    Args:
        word: what the parts share.
        outline: what the part is written to.
    """

    def __init__(self, word: Word, outline: Outline) -> None:
        self._word = word
        self._outline = outline
        self._sink: Sink = outline
        # For each field that is open, whether its instruction is still going on.
        self._fields: list[bool] = []
        self._boxes: list[Any] = []
        self._carried = ""
        self._apart = 0  # tables and text boxes around what is read

    def blocks(self, parent: Any) -> None:
        """Read paragraphs and tables."""
        for element in parent:
            match local(element):
                case "p":
                    self._paragraph(element)
                case "tbl":
                    self._table(element)
                case "sdt":
                    if (content := child(element, "sdtContent")) is not None:
                        self.blocks(content)
                case "customXml" | "moveTo" | "smartTag":
                    self.blocks(element)
                case "ins":
                    self._word.tally.add("insertion")
                    self.blocks(element)
                case "del" | "moveFrom":
                    self._word.tally.add("deletion")
                case "AlternateContent":
                    self.blocks(_chosen(element))
                case "altChunk":
                    self._word.tally.add("embedded")

    def finish(self) -> None:
        """Put what waits for a paragraph that never came."""
        text, self._carried = self._carried, ""
        self._sink.paragraph(text)

    def _paragraph(self, element: Any) -> None:
        word = self._word
        looks = word.styles.looks(element)
        if looks.style.is_contents:
            if not word.tally["contents"] and _has_text(element):
                word.tally.add("contents")
            return
        hidden: list[str] = []
        deletions = word.tally["deletion"]
        text = self._carried + "".join(self._inline(element, looks, hidden))
        # No instruction goes on into the next paragraph, unless the file is damaged.
        self._fields = [False for _ in self._fields]
        word.tally.hide("".join(hidden))
        mark = child(looks.own, "rPr")
        if child(mark, "del") is not None or child(mark, "moveFrom") is not None:
            # The end of the paragraph is deleted, so the next one goes on with it.
            self._carried = text
        else:
            self._carried = ""
            self._put(looks, text, is_emptied=len(hidden) > 0 or deletions < word.tally["deletion"])
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self._apart += 1
            self.blocks(box)
            self._apart -= 1

    def _put(self, looks: Looks, text: str, *, is_emptied: bool) -> None:
        """Put a paragraph; one that was empty from the beginning counts in a list, unseen."""
        if is_emptied and not text.strip():
            return
        label = self._word.numbering.label(looks)
        if not text.strip():
            return
        level = level_of(looks)
        if level is not None and not self._apart:
            words = f"{label} {text}" if label not in ("", "-") else text
            self._sink.heading(level, words)
        elif label:
            self._sink.item(label, text)
        else:
            self._sink.paragraph(text)

    def _inline(self, parent: Any, looks: Looks, hidden: list[str]) -> Iterator[str]:
        """Yield the text in a paragraph or in a wrapper inside one."""
        tally = self._word.tally
        for element in parent:
            name = local(element)
            if name == "r":
                yield from self._run(element, looks, hidden)
            elif name in _WRAPPERS:
                yield from self._inline(element, looks, hidden)
            elif name == "sdt":
                if (content := child(element, "sdtContent")) is not None:
                    yield from self._inline(content, looks, hidden)
            elif name == "ins":
                tally.add("insertion")
                yield from self._inline(element, looks, hidden)
            elif name in ("del", "moveFrom"):
                tally.add("deletion")
            elif name == "AlternateContent":
                yield from self._inline(_chosen(element), looks, hidden)
            elif name in ("oMath", "oMathPara"):
                yield math(element)

    def _run(self, run: Any, looks: Looks, hidden: list[str]) -> Iterator[str]:
        pieces = "".join(self._pieces(run))
        if not pieces:
            return
        if self._is_unseen(run, looks):
            hidden.append(pieces)
        elif value(child(run, "rPr", "vertAlign")) == "superscript":
            yield raised(pieces)
        else:
            yield pieces

    def _pieces(self, run: Any) -> Iterator[str]:
        """Yield the text of a run, and keep what stands elsewhere: notes and text boxes."""
        for element in run:
            name = local(element)
            if name == "fldChar":
                self._field(attribute(element, "fldCharType"))
            elif any(self._fields):
                continue
            elif name == "t":
                yield element.text or ""
            elif name in _SIGNS:
                yield _SIGNS[name]
            elif name == "sym":
                sign = _BULLETS.get(attribute(element, "char").lower(), "")
                if not sign:
                    self._word.tally.add("symbol")
                yield sign
            elif name in ("footnoteReference", "endnoteReference"):
                self._refer(name.removesuffix("Reference"), element)
            elif name == "AlternateContent":
                yield from self._pieces(_chosen(element))
            elif name in ("drawing", "pict", "object"):
                self._drawing(element)
            elif name == "ruby":
                base = child(element, "rubyBase")
                for run_below in base if base is not None else ():
                    yield from self._pieces(run_below)

    def _field(self, kind: str) -> None:
        if kind == "begin" and len(self._fields) < _DEEPEST_FIELD:
            self._fields.append(True)
        elif kind == "separate" and self._fields:
            self._fields[-1] = False
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _refer(self, kind: str, element: Any) -> None:
        is_marked = is_on(element, "customMarkFollows")
        path = self._outline.path
        self._word.references.append(Reference(kind, attribute(element, "id"), path, is_marked))

    def _drawing(self, element: Any) -> None:
        """Keep the text boxes of a drawing, and count what in it is no text."""
        found = {
            "txbxContent": 0,
            "blip": 0,
            "imagedata": 0,
            "chart": 0,
            "relIds": 0,
            "OLEObject": 0,
        }
        waiting = [element]
        while waiting:
            here = waiting.pop()
            name = local(here)
            if name in found:
                found[name] += 1
            if name == "txbxContent":
                self._boxes.append(here)
            else:
                inner = _chosen(here) if name == "AlternateContent" else list(here)
                waiting += reversed(inner)
        tally = self._word.tally
        tally.add("chart", found["chart"] + found["relIds"])
        tally.add("embedded", found["OLEObject"])
        # An embedded file brings a picture of itself, and a text box may be filled with one.
        if not found["OLEObject"] and not found["txbxContent"]:
            tally.add("picture", min(1, found["blip"] + found["imagedata"]))

    def _is_unseen(self, run: Any, looks: Looks) -> bool:
        """Say whether a run is hidden, or so small or white on white that it might as well be."""
        if self._word.styles.is_hidden(run, looks):
            return True
        stated = child(run, "rPr")
        if 0 < number(value(child(stated, "sz"))) <= _TINY:
            return True
        if value(child(stated, "color")).lower() not in _WHITE:
            return False
        # In tables and text boxes, white letters stand on a colour that is said somewhere else.
        on_colour = self._apart or self._word.has_background or is_shaded(looks)
        highlight = value(child(stated, "highlight")).lower()
        on_colour = on_colour or highlight not in ("", "none", "white")
        return not on_colour and not is_shade(child(stated, "shd"))

    def _table(self, element: Any) -> None:
        rows = [list(_cells(row)) for row in _rows(element, self._word.tally)]
        if all(sum(map(_has_text, row)) <= 1 for row in rows):
            # Only there for the layout: its cells are read like the text around it.
            self._apart += 1
            for row in rows:
                for cell in row:
                    self.blocks(cell)
            self._apart -= 1
            return
        self._sink.table(
            [
                [text for cell in row for text in self._cell(cell, is_below=i > 0)]
                for i, row in enumerate(rows)
            ]
        )

    def _cell(self, element: Any, *, is_below: bool) -> list[str]:
        """Return the text of a cell, and empty ones for the further columns that it takes.

        Args:
            element: the cell.
            is_below: a row stands above; what a cell holds that one from there covers is not seen.
        """
        outer, self._sink = self._sink, Cell()
        self._apart += 1
        self.blocks(element)
        self._apart -= 1
        found, self._sink = self._sink, outer
        assert isinstance(found, Cell)
        span = number(value(child(element, "tcPr", "gridSpan")), 1)
        merged = child(element, "tcPr", "vMerge")
        if is_below and merged is not None and value(merged) != "restart":
            self._word.tally.hide(found.text)
            return padded("", span)
        return padded(found.text, span)


def _rows(table: Any, tally: Tally) -> Iterator[Any]:
    """Yield the rows of a table that are not deleted."""
    for element in table:
        name = local(element)
        if name == "tr":
            if child(element, "trPr", "del") is not None:
                tally.add("deletion")
            else:
                yield element
        elif name in ("sdt", "customXml", "ins"):
            inner = child(element, "sdtContent") if name == "sdt" else element
            yield from _rows(inner, tally) if inner is not None else ()


def _cells(row: Any) -> Iterator[Any]:
    """Yield the cells of a row, an empty one for each column left out before them."""
    for element in row:
        if local(element) == "tc":
            yield element
        elif local(element) in ("sdt", "customXml"):
            inner = child(element, "sdtContent") if local(element) == "sdt" else element
            yield from _cells(inner) if inner is not None else ()


def _has_text(element: Any) -> bool:
    return any(local(e) == "t" and (e.text or "").strip() for e in element.iter())


def _chosen(element: Any) -> list[Any]:
    """Return what is in the first of the forms in which a file gives the same thing."""
    for name in ("Choice", "Fallback"):
        for form in element:
            if local(form) == name:
                return list(form)
    return []


def math(element: Any) -> str:
    """Return a formula on one line, with signs where its layout would be lost: 1/2, x^2."""
    found: list[str] = []
    for part in element:
        name = local(part)
        if name == "t":
            found.append(part.text or "")
        elif name == "f":
            above, below = (math(child(part, side)) for side in ("num", "den"))
            found.append(f"{_grouped(above)}/{_grouped(below)}")
        elif name in ("sSup", "sSub"):
            sign = "^" if name == "sSup" else "_"
            base, small = math(child(part, "e")), math(child(part, name[1:].lower()))
            found.append(f"{base}{sign}{_grouped(small)}")
        elif name == "rad":
            found.append(f"√{_grouped(math(child(part, 'e')))}")
        elif not name.endswith("Pr"):
            found.append(math(part))
    return "".join(found)


def _grouped(text: str) -> str:
    return text if text.isalnum() else f"({text})"
