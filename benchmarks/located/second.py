"""A file read a second time, by other libraries than the readers of `rag`.

What a citation says of its place is looked up in stretches of text that know where they stand:
PDF pages as PDFium gives them, untouched; office files through python-docx, python-pptx, openpyxl
and striprtf; web pages, books and ODT through lxml alone; tables, mail and text through the
standard library. Nothing here calls `rag.documents`.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import posixpath
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEAST_ZEROS = 0.3  # of the bytes, in UTF-16 text without a mark
_HEADING = re.compile(r"h([1-6])")
_NO_TEXT = frozenset(["script", "style", "template", "noscript", "head"])
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PAGE = re.compile(r"\bpage-?(?:no|num|number|break)", re.IGNORECASE)
_PAGE_ID = re.compile(r"page_?([0-9]+|[ivxlcdm]+)", re.IGNORECASE)
JOINT = "›"  # between the headings of a path that a citation tells


def letters(text: str) -> str:
    """Return the letters and digits of a text, one spelling for each, nothing between them."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a file and all places it stands at.

    Attributes:
        text: as the second library gives it.
        places: for each kind of place the values that hold here, as `letters`; several headings
            hold at once, the one above within the one of the higher level.
        names: what stands above in the same columns, as `letters`: a row is cited with the names
            of its columns, which stand elsewhere.
    """

    text: str
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


def at(**places: str | Iterable[str]) -> dict[str, frozenset[str]]:
    """Return places by kind, each one value or several."""
    return {
        kind: frozenset(map(letters, [value] if isinstance(value, str) else value))
        for kind, value in places.items()
    }


class NotReadTwiceError(ValueError):
    """There is no second reader for a kind of file; the citation cannot be looked up."""


def stretches(path: Path, inside: str = "") -> list[Stretch]:
    """Read a file, or one inside it.

    Args:
        path: of the file.
        inside: name of an attachment in it, "" for itself.

    Raises:
        NotReadTwiceError: there is no second reader for it.
    """
    name, data = _bytes(path, inside)
    suffix = PurePosixPath(name).suffix.lower()
    reader = _READERS.get(suffix)
    if reader is None:
        raise NotReadTwiceError(f"{suffix} has no second reader; add one to benchmarks/located.")
    return list(reader(data))


def _bytes(path: Path, inside: str) -> tuple[str, bytes]:
    """Return the name and bytes of a file, or of an attachment at any depth."""
    name, data = path.name, path.read_bytes()
    for wanted in filter(None, inside.split("/")):
        mail = _mail(data)
        found = [p for p in mail.walk() if p.get_filename() == wanted]
        if not found:
            raise NotReadTwiceError(f"{wanted} is no attachment of {name}; look at the mail.")
        name, data = wanted, bytes(found[0].get_payload(decode=True) or b"")
    return name, data


# --- text -----------------------------------------------------------------------------------------


def decoded(data: bytes) -> str:
    """Return the text of bytes: by their mark, else UTF-16 with zeros, UTF-8, Windows-1252."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding)
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[first::2].count(0) > _LEAST_ZEROS * len(data):
            return data.decode(encoding)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _text(data: bytes) -> Iterator[Stretch]:
    open_headings = Headings()
    for number, line in enumerate(re.split(r"\r\n|\r|\n", decoded(data)), 1):
        if marked := re.match(r"(#{1,6})\s+(.+?)\s*#*$", line):
            open_headings.begin(len(marked[1]), marked[2])
        yield Stretch(line, at(line=str(number), heading=open_headings.words))


class Headings:
    """The headings under which a text stands, the widest first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def begin(self, level: int, words: str) -> None:
        """Open a heading, which closes those of its level and below."""
        self._open = [*(each for each in self._open if each[0] < level), (level, words)]

    @property
    def words(self) -> list[str]:
        """Their words."""
        return [words for _, words in self._open]


# --- tables ---------------------------------------------------------------------------------------


def _table(data: bytes) -> Iterator[Stretch]:
    text = decoded(data)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:65_536], delimiters=",;\t|")
    except csv.Error:
        dialect = "excel-tab" if text.count("\t") > text.count(",") else "excel"
    yield from _rows(csv.reader(io.StringIO(text, newline=""), dialect))


def _rows(rows: Iterable[Sequence[Any]], **places: str) -> Iterator[Stretch]:
    names: set[str] = set()
    for number, cells in enumerate(rows, 1):
        filled = [str(cell) for cell in cells if cell not in (None, "")]
        yield Stretch("\n".join(filled), at(row=str(number), **places), frozenset(names))
        names |= set(map(letters, filled))


def _xlsx(data: bytes) -> Iterator[Stretch]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), data_only=True)
    for sheet in book.worksheets:
        yield from _rows(sheet.iter_rows(values_only=True), sheet=sheet.title)


# --- pages ----------------------------------------------------------------------------------------


def _pdf(data: bytes) -> Iterator[Stretch]:
    import pypdfium2

    pdf = pypdfium2.PdfDocument(data)
    try:
        for number in range(len(pdf)):
            page = pdf[number].get_textpage()
            yield Stretch(page.get_text_range(), at(page=str(number + 1)))
    finally:
        pdf.close()


def _html(data: bytes) -> Iterator[Stretch]:
    yield from _page(_parsed(data), Headings(), {})


def _parsed(data: bytes) -> Any:
    from lxml import html

    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", data[:4096], re.IGNORECASE)
    marked = any(data.startswith(mark) for mark, _ in _BOMS)
    text = decoded(data)
    if declared and not marked:
        text = data.decode(declared[1].decode("ascii"), "replace")
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, huge_tree=True)
    return html.fromstring(text.encode("utf-8", "replace"), parser=parser)


def _page(
    root: Any,
    headings: Headings,
    other: dict[str, list[str]],
    begins: Callable[[Any], None] = lambda element: None,
) -> Iterator[Stretch]:
    """Yield the texts of a page, each with the headings that are open there.

    Args:
        root: of the page.
        headings: those open before it; they go on.
        other: values of other kinds that hold, changed by `begins`.
        begins: called with each element where it begins.
    """
    tag = root.tag if isinstance(root.tag, str) else ""
    if tag in _NO_TEXT or _is_edit_link(root):
        return
    begins(root)
    if found := _HEADING.fullmatch(tag):
        headings.begin(int(found[1]), _words(root))
    if root.text:
        yield Stretch(root.text, at(heading=headings.words, **other))
    for child in root:
        yield from _page(child, headings, other, begins)
        if child.tail:
            yield Stretch(child.tail, at(heading=headings.words, **other))


def _words(element: Any) -> str:
    """Return the words of a heading, without a wiki's link to edit what stands below it."""
    if _is_edit_link(element):
        return ""
    inner = "".join(_words(child) + (child.tail or "") for child in element)
    return (element.text or "") + inner


def _is_edit_link(element: Any) -> bool:
    return "mw-editsection" in (element.get("class") or "").split()


# --- books ----------------------------------------------------------------------------------------


def _epub(data: bytes) -> Iterator[Stretch]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        container = _xml(book.read("META-INF/container.xml"))
        package = next(e.get("full-path") for e in container.iter("{*}rootfile"))
        opf = _xml(book.read(package))
        folder = posixpath.dirname(package)
        files = {
            item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href"))))
            for item in opf.iter("{*}item")
        }
        contents = _contents(book, files.values())
        if not contents:
            raise NotReadTwiceError("A book without an NCX has no second reader; add one here.")
        headings, other = Headings(), dict[str, list[str]](chapter=[])
        for reference in opf.iter("{*}itemref"):
            name = files[reference.get("idref")]
            other["chapter"] = contents.get((name, ""), other["chapter"])

            def begins(element: Any, name: str = name) -> None:
                for mark in (element.get("id"), element.get("name")):
                    other["chapter"] = contents.get((name, mark), other["chapter"])
                if number := _page_number(element):
                    other["page"] = [number]

            yield from _page(_parsed(book.read(name)), headings, other, begins)


def _contents(book: zipfile.ZipFile, files: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Return the titles of the chapters by the file and mark where they begin, from the NCX."""
    found: dict[tuple[str, str], list[str]] = {}

    def walk(element: Any, file: str, above: list[str]) -> None:
        for point in element.iterchildren("{*}navPoint"):
            titles = [*above, "".join(point.find("{*}navLabel").itertext())]
            target, _, mark = unquote(point.find("{*}content").get("src")).partition("#")
            name = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
            found.setdefault((name, mark), titles)
            walk(point, file, titles)

    for file in files:
        if file.endswith(".ncx"):
            walk(next(_xml(book.read(file)).iter("{*}navMap")), file, [])
    return found


def _page_number(element: Any) -> str:
    """Return the printed page that begins at an element, "" where none does."""
    kinds = f"{element.get('class', '')} {element.get('epub:type', '')}"
    if not _PAGE.search(kinds):
        return ""
    told = " ".join(
        filter(None, (element.get("title"), element.get("id"), *(e.get("id") for e in element)))
    )
    found = _PAGE_ID.search(told) or re.search(r"([0-9]+|[ivxlcdm]+)", told, re.IGNORECASE)
    return found[1] if found else ""


def _xml(data: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


# --- office files ---------------------------------------------------------------------------------


def _docx(data: bytes) -> Iterator[Stretch]:
    import docx
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    document = docx.Document(io.BytesIO(data))
    headings = Headings()
    for element in document.element.body.iterchildren():
        if element.tag == f"{_WORD}p":
            paragraph = Paragraph(element, document)
            named = re.fullmatch(r"(?:Heading (\d)|(Title))", paragraph.style.name or "")
            if named and paragraph.text.strip():
                headings.begin(int(named[1] or 0), paragraph.text)
            yield Stretch(paragraph.text, at(heading=headings.words))
        elif element.tag == f"{_WORD}tbl":
            yield Stretch(_cells(Table(element, document)), at(heading=headings.words))
    for section in document.sections:
        for kind, each in (("header", section.header), ("footer", section.footer)):
            texts = [_told(e) for e in each.iter_inner_content()]
            yield Stretch("\n".join(texts), at(part=kind))


def _told(block: Any) -> str:
    """Return the text of a paragraph or a table."""
    return str(block.text) if hasattr(block, "text") else _cells(block)


def _cells(table: Any) -> str:
    return "\n".join(
        "\n".join(map(_told, cell.iter_inner_content())) for row in table.rows for cell in row.cells
    )


def _odt(data: bytes) -> Iterator[Stretch]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = _xml(archive.read("content.xml"))
    headings = Headings()
    for element in root.iter("{*}h", "{*}p"):
        words = "".join(element.itertext())
        if element.tag.endswith("}h"):
            levels = [v for k, v in element.attrib.items() if k.endswith("}outline-level")]
            headings.begin(int(levels[0]) if levels else 1, words)
        yield Stretch(words, at(heading=headings.words))


def _rtf(data: bytes) -> Iterator[Stretch]:
    """Yield the lines; a heading is looked for among those above, RTF has no other."""
    from striprtf.striprtf import rtf_to_text

    above: list[str] = []
    for line in rtf_to_text(data.decode("latin-1")).split("\n"):
        above.append(line)
        yield Stretch(line, at(heading=above))


def _pptx(data: bytes) -> Iterator[Stretch]:
    from pptx import Presentation
    from pptx.enum.shapes import PP_PLACEHOLDER

    deck = Presentation(io.BytesIO(data))
    for number, slide in enumerate(deck.slides, 1):
        title = slide.shapes.title
        places = at(slide=str(number), heading=[title.text_frame.text] if title else [])
        yield Stretch("\n".join(_shapes(slide.shapes)), places)
        if slide.has_notes_slide:
            frame = slide.notes_slide.notes_text_frame
            yield Stretch(frame.text if frame else "", {**places, **at(part="notes")})
    small = {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER}
    for each in (*deck.slide_masters, *deck.slides):
        texts = [s.text_frame.text for s in each.placeholders if s.placeholder_format.type in small]
        yield Stretch("\n".join(texts), at(part="footer"))


def _shapes(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        elif shape.has_text_frame:
            yield shape.text_frame.text
        elif getattr(shape, "has_table", False):
            yield from (cell.text for row in shape.table.rows for cell in row.cells)


# --- mail -----------------------------------------------------------------------------------------


def _mail(data: bytes) -> EmailMessage:
    message: EmailMessage = message_from_bytes(data, policy=policy.default)
    return message


def _eml(data: bytes) -> Iterator[Stretch]:
    for part in _mail(data).walk():
        if part.get_content_maintype() != "text" or part.get_filename():
            continue
        payload = bytes(part.get_payload(decode=True) or b"")
        if part.get_content_type() == "text/html":
            yield from (Stretch(each.text) for each in _html(payload))
        else:
            charset = part.get_content_charset() or "utf-8"
            yield Stretch(payload.decode(charset, "replace"))


_READERS: Mapping[str, Callable[[bytes], Iterator[Stretch]]] = {
    ".pdf": _pdf,
    ".html": _html,
    ".htm": _html,
    ".docx": _docx,
    ".odt": _odt,
    ".rtf": _rtf,
    ".pptx": _pptx,
    ".xlsx": _xlsx,
    ".csv": _table,
    ".tsv": _table,
    ".epub": _epub,
    ".eml": _eml,
    ".md": _text,
    ".txt": _text,
}

# --- what a file states of itself -----------------------------------------------------------------


def stated(path: Path, inside: str = "") -> str:
    """Return all that a file states of itself, to look up a fact in.

    Raises:
        NotReadTwiceError: there is no second reader for it.
    """
    name, data = _bytes(path, inside)
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".pdf":
        import pypdfium2

        pdf = pypdfium2.PdfDocument(data)
        try:
            return "\n".join(pdf.get_metadata_dict().values())
        finally:
            pdf.close()
    if suffix == ".eml":
        mail = _mail(data)
        dates = [parsedate_to_datetime(str(d)).isoformat() for d in mail.get_all("date", [])]
        return "\n".join([*map(str, mail.values()), *dates])
    if suffix in (".html", ".htm"):
        return _of_a_page(data)
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            known = [n for n in archive.namelist() if n.endswith(("core.xml", "meta.xml", ".opf"))]
            return "\n".join("\n".join(_xml(archive.read(n)).itertext()) for n in known)
    raise NotReadTwiceError(f"{suffix} states nothing that is read twice.")


def _of_a_page(data: bytes) -> str:
    """Return the title, the first headings, the attributes and the scripts of a web page."""
    root = _parsed(data)
    found = [value for element in root.iter() for value in element.attrib.values()]
    found += [element.text_content() for element in root.iter("title", "h1", "script")]
    for script in root.iter("script"):
        if script.get("type") == "application/ld+json":
            found += _strings(script.text or "")
    return "\n".join(found)


def _strings(text: str) -> list[str]:
    """Return the strings of a JSON value; none where it is none."""
    try:
        waiting = [json.loads(text, strict=False)]
    except ValueError:
        return []
    found = []
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found
