"""A page of a book (XHTML) as paragraphs, headings, lists and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.entities import html5
from typing import Any

from rag.documents.archive import number
from rag.documents.characters import without_controls
from rag.documents.decode import decode
from rag.documents.hidden import take_hidden
from rag.documents.outline import MOST_COLUMNS, Outline, Tally, numbered, padded, raised, tidy
from rag.documents.source import Source

_BLOCKS = frozenset(
    [
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "center",
            "dd",
            "details",
        ),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr"),
        *("html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary"),
        *("ul", "table", "h1", "h2", "h3", "h4", "h5", "h6"),
    ]
)
_HEADING = re.compile(r"h[1-6]")
_NOT_SHOWN = frozenset(
    [
        *("head", "script", "style", "template", "noscript", "iframe", "object", "audio", "video"),
        *("rt", "rp", "annotation", "annotation-xml", "canvas", "select", "textarea", "input"),
    ]
)
_PAGE = re.compile(r"(?:x-ebookmaker-)?page-?(?:no|num|number|break)s?", re.I)
_PAGE_NUMBER = re.compile(
    r"[\s{\[(]*(?:pg|page|p)?[._\s-]*([0-9]{1,5}|[ivxlcdm]{1,8})[\s}\])]*", re.I
)
_NOTE_SIGN = re.compile(r"[\[(]?(?:\d{1,4}|[*†‡§]{1,3}|[a-z])[\])]?")
_BREAK = "\x01"  # stands in gathered text where a page begins; no file holds it there
_SPACE = re.compile(r"[ \t\n\r\f]+")
# What declares entities, which a browser does not know and would show the end of.
_ENTITIES = re.compile(r"\A\s*(?:<\?.*?\?>\s*)?<!DOCTYPE[^\[>]*\[.*?\]\s*>", re.I | re.S)
_ORDER = {"1": "1", "a": "a", "A": "A", "i": "i", "I": "I"}
_OF_XML = frozenset(["amp", "lt", "gt", "quot", "apos"])
_TYPE = "{http://www.idpf.org/2007/ops}type"


def parse_page(source: Source, data: bytes, notes: list[str]) -> Any:
    """Return the root element of a page; one that is not well-formed is read as browsers do.

    Args:
        source: the book.
        data: of the page.
        notes: what was hidden on it is added.

    Raises:
        UnreadableDocumentError: it is no text at all.
    """
    from lxml import etree, html

    options = {"remove_comments": True, "remove_pis": True}
    strict = html.XHTMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, **options
    )
    try:
        root = etree.fromstring(_spelled(data), strict)
        html.xhtml_to_html(root)
    except etree.XMLSyntaxError:
        found = re.search(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", data[:4096], re.I)
        declared = found[1].decode("ascii", "replace") if found else None
        text = without_controls(decode(replace(source, data=data), notes, declared=declared))[0]
        text = _ENTITIES.sub("", text, count=1)
        loose = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, **options)
        try:
            root = etree.fromstring(text.encode("utf-8", "replace"), loose)
        except etree.XMLSyntaxError:
            return html.Element("html")
        if root is None:
            return html.Element("html")
    for aside in root.iter("aside"):
        # A note that opens when it is tapped is there to be read.
        aside.attrib.pop("hidden", None)
    take_hidden(root, notes)
    return root


def _spelled(data: bytes) -> bytes:
    """Return a page with HTML's own entities as numbers, which XML knows without a list."""

    def number_of(found: re.Match[bytes]) -> bytes:
        name = found[1].decode("ascii")
        text = "" if name in _OF_XML else html5.get(f"{name};", "")
        return "".join(f"&#{ord(c)};" for c in text).encode("ascii") or found[0]

    return re.sub(rb"&([A-Za-z][A-Za-z0-9]{1,31});", number_of, data)


class Page:
    """Reads one page into an outline.

    Args:
        outline: what it is written to.
        tally: of what is no text.
        chapters: titles of the chapters that begin at the elements of these ids.
        waiting: pages that have begun before, without any text since.
    """

    def __init__(
        self, outline: Outline, tally: Tally, chapters: Mapping[str, str], waiting: list[str]
    ) -> None:
        self._outline = outline
        self._tally = tally
        self._chapters = chapters
        self._pieces: list[str] = []
        self._pages = waiting
        self._label = ""
        self._lists: list[tuple[str, int]] = []

    def read(self, root: Any) -> list[str]:
        """Read a page and return the pages that have begun in it since its last text."""
        self._element(root)
        self._flush(root)
        return self._pages

    def _element(self, element: Any) -> None:
        tag = _tag(element)
        if not tag:
            # An entity that only the page itself declares is left as it is written.
            self._pieces.append(element.text or "")
            return
        if tag in _NOT_SHOWN:
            return
        is_block = tag in _BLOCKS
        if is_block:
            self._flush(element.getparent())
        if (name := element.get("id") or element.get("name")) and name in self._chapters:
            self._begin(self._chapters[name])
        if self._is_page_break(element):
            return
        match tag:
            case "br":
                self._pieces.append("\n")
            case "img" | "svg":
                self._tally.add("picture")
            case "a" if self._is_note_sign(element):
                self._tally.add("sign")
            case "sup" if any(self._is_note_sign(link) for link in element.iter("a")):
                self._tally.add("sign")
            case "sup":
                self._pieces.append(raised(_flat(element)))
            case "math":
                self._pieces.append(_math(element))
            case "table":
                self._table(element)
            case "li":
                self._item(element)
            case "ol" | "ul" | "menu":
                self._list(element, tag)
            case _:
                self._inside(element)
        if is_block:
            self._flush(element)

    def _inside(self, element: Any) -> None:
        is_kept = _tag(element) == "pre"
        self._text(element.text, is_kept=is_kept)
        for inner in element:
            self._element(inner)
            self._text(inner.tail, is_kept=is_kept)

    def _text(self, text: str | None, *, is_kept: bool) -> None:
        if text:
            text = text.replace(_BREAK, "")
            self._pieces.append(text if is_kept else _SPACE.sub(" ", text))

    def _begin(self, title: str) -> None:
        self._outline.close()
        self._outline.body.mark("chapter", title)

    def _flush(self, block: Any) -> None:
        """Put the text gathered so far, as the block that it stands in says."""
        text = tidy(re.sub(r" +", " ", "".join(self._pieces)))
        self._pieces = []
        text, places = _without_breaks(text)
        if not text:
            return
        ahead = 0
        if heading := _heading_of(block):
            start = self._outline.heading(heading, text)
        elif self._label:
            start = self._outline.item(self._label, text)
            ahead = len(self._label) + 1
        else:
            start = self._outline.paragraph(text)
        self._label = ""
        # Pages that began before this text begin with it now.
        places = [0] * (len(self._pages) - len(places)) + places
        waiting = []
        for place, page in zip(places, self._pages, strict=True):
            at = start + ahead + place if place else start
            if at < len(self._outline.body):
                self._outline.body.mark_at(at, "page", page)
            else:  # behind its last word: it begins with the next text, if any comes
                waiting.append(page)
        self._pages[:] = waiting

    def _is_page_break(self, element: Any) -> bool:
        """Say whether an element only says that a page of the printed book begins here."""
        kind = element.get(_TYPE) or element.get("epub:type") or ""
        is_break = "pagebreak" in kind or element.get("role") == "doc-pagebreak"
        if not is_break and not any(map(_PAGE.fullmatch, (element.get("class") or "").split())):
            return False
        text = _flat(element).strip()
        stated = (element.get("title"), element.get("aria-label"), text, element.get("id"))
        found = (_PAGE_NUMBER.fullmatch(value) for value in stated if value)
        page = next((match[1] for match in found if match), "")
        if page:
            self._pages.append(page)
            self._pieces.append(_BREAK)
        # A stretch of text in a class of that name would be lost.
        return bool(page) or not text

    def _is_note_sign(self, element: Any) -> bool:
        """Say whether a link is the number of a note, which would stand glued to a word."""
        if _tag(element) != "a":
            return False
        kind = element.get(_TYPE) or element.get("epub:type") or ""
        text = _flat(element).strip()
        if "noteref" in kind or element.get("role") == "doc-noteref":
            return True
        if "#" not in (element.get("href") or "") or not _NOTE_SIGN.fullmatch(text):
            return False
        # A bare number may as well be a page in an index.
        is_up = _tag(element.getparent()) == "sup" or next(element.iter("sup"), None) is not None
        is_named = re.search("fn|foot|note", element.get("class") or "", re.I)
        if not is_up and not is_named and not text.startswith("["):
            return False
        # The same link back from the note stands at the beginning of its paragraph.
        return any(piece.strip(" \n" + _BREAK) for piece in self._pieces)

    def _list(self, element: Any, tag: str) -> None:
        form = _ORDER.get(element.get("type") or "1", "1") if tag == "ol" else ""
        self._lists.append((form, number(element.get("start") or "", 1)))
        self._inside(element)
        self._lists.pop()

    def _item(self, element: Any) -> None:
        form, count = self._lists[-1] if self._lists else ("", 1)
        count = number(element.get("value") or "", count)
        if self._lists:
            self._lists[-1] = (form, count + 1)
        self._label = f"{numbered(count, form)}." if form else "-"
        self._inside(element)
        self._flush(element)
        self._label = ""

    def _table(self, element: Any) -> None:
        lines = list(_rows(element))
        rows = [[cell for cell in line if _tag(cell) in ("td", "th")] for line in lines]
        for caption in element:
            if _tag(caption) == "caption":
                self._inside(caption)
                self._flush(caption)
        if all(sum(bool(_flat(cell).strip()) for cell in row) <= 1 for row in rows):
            # Only there for the layout: its cells are read like the text around it.
            for row in rows:
                for cell in row:
                    self._inside(cell)
                    self._flush(cell)
            return
        for marked in element.iter():
            name = _tag(marked) and marked.get("id")
            if name and name in self._chapters:
                self._begin(self._chapters[name])
        ahead = [(0, page) for page in self._pages]
        begun = [*ahead, *(each for i, line in enumerate(lines) for each in self._begun(i, line))]
        self._pieces = []
        starts = self._outline.table(_grid(rows))
        # What begins behind the last row begins with what follows the table.
        self._pages[:] = [page for at, page in begun if at >= len(starts)]
        for at, page in begun[: len(begun) - len(self._pages)]:
            self._outline.body.mark_at(starts[at], "page", page)

    def _begun(self, row: int, line: Any) -> list[tuple[int, str]]:
        """Return the pages that begin in a row, each with the row that is the first on it.

        Rows stay whole: behind the first words of a row it is the next one.
        """
        found = []
        for marked in list(line.iter()):
            if not _tag(marked):
                continue
            count = len(self._pages)
            if self._is_page_break(marked):
                found += [(row + _has_words_ahead(marked, line), p) for p in self._pages[count:]]
                del marked[:]
                marked.text = ""
        return found


def _has_words_ahead(element: Any, line: Any) -> bool:
    """Tell whether any words of a row stand before an element in it."""
    while element is not line:
        ahead = element.itersiblings(preceding=True)
        if any(_flat(each).strip() or (each.tail or "").strip() for each in ahead):
            return True
        element = element.getparent()
        if (element.text or "").strip():
            return True
    return False


def _without_breaks(text: str) -> tuple[str, list[int]]:
    """Return a text without the signs of pages, and where in it these begin."""
    text = re.sub(rf"(\A|[ \n]){_BREAK} +", rf"\1{_BREAK}", _printable(text))
    pieces = text.split(_BREAK)
    places: list[int] = []
    found = pieces[0]
    for piece in pieces[1:]:
        # A page begins with a word, not with the space before it.
        gap = piece[: len(piece) - len(piece.lstrip())]
        if found[-1:] == " " and "\n" in gap:
            found = found.rstrip()
        elif not found or found[-1].isspace():
            gap = ""
        places.append(len(found) + len(gap))
        found += gap + piece.lstrip()
    return found.rstrip(), places


def _printable(text: str) -> str:
    """Return a text without control characters but the signs of pages."""
    return _BREAK.join(without_controls(piece)[0] for piece in text.split(_BREAK))


def _heading_of(block: Any) -> int:
    """Return the level of the heading that a block is or stands in, 0 if none."""
    while block is not None:
        if _HEADING.fullmatch(_tag(block)):
            return int(_tag(block)[1])
        block = block.getparent()
    return 0


def _tag(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _rows(table: Any) -> Iterator[Any]:
    """Yield the rows of a table, not those of tables inside it."""
    for element in table:
        if _tag(element) == "tr":
            yield element
        elif _tag(element) in ("thead", "tbody", "tfoot"):
            yield from _rows(element)


def _grid(rows: list[list[Any]]) -> list[list[str]]:
    """Return the cells of a table in their columns, empty where a cell from above reaches down."""
    found: list[list[str]] = []
    reaching: dict[int, int] = {}  # column -> rows below that a cell above still covers
    for row in rows:
        line: list[str] = []
        below: dict[int, int] = {}
        cells = iter(row)
        while True:
            column = len(line)
            if column in reaching:
                below[column] = reaching[column] - 1
                line.append("")
                continue
            cell = next(cells, None)
            if cell is None:
                break
            line += padded(_flat(cell), number(cell.get("colspan") or "", 1))
            down = min(number(cell.get("rowspan") or "", 1), len(rows)) - 1
            # Far to the right none reaches down, so that lines cannot grow from row to row.
            below |= dict.fromkeys(range(column, min(len(line), MOST_COLUMNS)), down)
        reaching = {column: rows for column, rows in below.items() if rows > 0}
        found.append(line)
    return found


def _flat(element: Any) -> str:
    """Return the text in an element on one line."""
    return _SPACE.sub(" ", "".join(_steps(element)))


def _steps(element: Any) -> Iterator[str]:
    tag = _tag(element)
    if not tag:
        yield element.text or ""
        return
    if tag in _NOT_SHOWN:
        return
    yield " " if tag in _BLOCKS or tag in ("br", "td", "th") else ""
    if tag == "math":
        yield _math(element)
        return
    yield (element.text or "").replace(_BREAK, "")
    for inner in element:
        yield from _steps(inner)
        yield (inner.tail or "").replace(_BREAK, "")
    yield " " if tag in _BLOCKS or tag in ("td", "th") else ""


def _math(element: Any) -> str:
    """Return a formula on one line, with signs where its layout would be lost: 1/2, x^2."""
    tag = _tag(element)
    if tag in _NOT_SHOWN:
        return ""
    parts = [_math(inner) for inner in element if _tag(inner)]
    signs = {"mfrac": "/", "msup": "^", "msub": "_"}
    if tag in signs and len(parts) == 2:
        first, second = (part if part.isalnum() else f"({part})" for part in parts)
        return f"{parts[0] if tag != 'mfrac' else first}{signs[tag]}{second}"
    if tag == "msqrt":
        return f"√({''.join(parts)})"
    return (element.text or "").strip() + "".join(parts)
