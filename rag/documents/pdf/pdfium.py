"""The one file that knows PDFium: opening, the characters of a page, pictures of pages.

PDFium keeps state of its own and is not thread safe, so every call into it is made under `LOCK`.
Only its plain C functions are used: the objects of pypdfium2 close themselves when Python's
collector finds them, in whatever thread that may be. A call cannot be broken off from here: what
keeps PDFium busy without end (forms within forms, each drawn twice) has to be ended from outside.
"""

from __future__ import annotations

import ctypes
import importlib
import re
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.documents.pdf.bookmarks import Bookmark, tidy
from rag.documents.pdf.glyphs import Glyphs, Runs, glyphs_of, shown_box
from rag.documents.source import MOST_CHARACTERS, Source

LOCK = threading.RLock()
"""Held around every call into PDFium."""
MOST_PAGES = 100_000
"""A document that claims more is refused: it is damaged, or made to keep machines busy."""
MOST_PIXELS = 40_000_000
"""A larger picture of a page is made smaller."""

_FORMAT, _PASSWORD, _SECURITY = 3, 4, 5  # FPDF_GetLastError
_CATALOGUE = re.compile(rb"(\d{1,9})\s+(\d{1,5})\s+obj\s*<<[^>]{0,500}?/Type\s*/Catalog\b")
_IMAGE, _FORM = 3, 5  # FPDFPageObj_GetType
_UNREAD_ANNOTATIONS = frozenset([1, 3, 20])  # comment, free text, form field
_DEEPEST = 5  # forms inside forms that are searched for images
_MOST_OBJECTS = 20_000
_MOST_BOOKMARKS = 10_000
_JUMP = 1  # FPDFAction_GetType: to a page of this file


class Pdf:
    """An open PDF.

    Args:
        handle: PDFium's.
        source: the file.
        data: its bytes, or these mended; PDFium goes on reading them.

    Attributes:
        pages: how many it has.
        repaired: its end was missing.
        source: the file.
    """

    def __init__(self, handle: Any, source: Source, data: bytes) -> None:
        self._handle = handle
        self._data = data
        self.repaired = data is not source.data
        self.source = source
        self._characters = 0
        self.pages = _raw().FPDF_GetPageCount(handle)

    def stated(self, name: str) -> str:
        """Return an entry of the information dictionary ("Title"), "" where there is none."""
        with LOCK:
            return _string(_raw().FPDF_GetMetaText, self._handle, name.encode())

    def label(self, number: int) -> str:
        """Return how the file itself numbers a page, "" where it does not."""
        with LOCK:
            return _string(_raw().FPDF_GetPageLabel, self._handle, number - 1)

    @property
    def attachments(self) -> int:
        """How many files are attached to it."""
        with LOCK:
            return max(0, int(_raw().FPDFDoc_GetAttachmentCount(self._handle)))

    def attachment(self, number: int, most: int) -> tuple[str, bytes | None]:
        """Return the name and bytes of an attached file, None for bytes that cannot be had.

        Args:
            number: of the file, from 0.
            most: bytes that it may have.
        """
        raw = _raw()
        with LOCK:
            handle = raw.FPDFDoc_GetAttachment(self._handle, number)
            if not handle:
                return "", None
            name = _string(raw.FPDFAttachment_GetName, handle)
            size = ctypes.c_ulong()
            if not raw.FPDFAttachment_GetFile(handle, None, 0, size) or size.value > most:
                return name, None
            room = ctypes.create_string_buffer(max(1, size.value))
            if not raw.FPDFAttachment_GetFile(handle, room, size.value, size):
                return name, None
            return name, room.raw[: size.value]

    def bookmarks(self) -> list[Bookmark]:
        """Return its bookmarks in the order in which they are shown, those without words left out.

        Each is asked for once, however often the file leads to it.
        """
        raw = _raw()
        out: list[Bookmark] = []
        seen: set[int | None] = set()
        with LOCK:
            waiting = [(1, raw.FPDFBookmark_GetFirstChild(self._handle, None))]
            while waiting and len(seen) < _MOST_BOOKMARKS:
                level, mark = waiting.pop()
                where = ctypes.cast(mark, ctypes.c_void_p).value
                if not where or where in seen:
                    continue
                seen.add(where)
                if title := tidy(_string(raw.FPDFBookmark_GetTitle, mark)):
                    out.append(Bookmark(level, title, self._page_of(mark)))
                waiting.append((level, raw.FPDFBookmark_GetNextSibling(self._handle, mark)))
                waiting.append((level + 1, raw.FPDFBookmark_GetFirstChild(self._handle, mark)))
        return out

    def _page_of(self, bookmark: Any) -> int:
        """Return the page that a bookmark leads to, 0 for none."""
        raw = _raw()
        place = raw.FPDFBookmark_GetDest(self._handle, bookmark)
        if not place:
            action = raw.FPDFBookmark_GetAction(bookmark)
            is_jump = action and raw.FPDFAction_GetType(action) == _JUMP
            place = raw.FPDFAction_GetDest(self._handle, action) if is_jump else None
        return 1 + int(raw.FPDFDest_GetDestPageIndex(self._handle, place)) if place else 0

    def glyphs(self, number: int) -> Glyphs | None:
        """Return the characters of a page; None where it is too damaged to be opened.

        Args:
            number: of the page, from 1.

        Raises:
            UnreadableDocumentError: the document has more text than is read.
        """
        with LOCK, self._page(number) as page:
            if page is None:
                return None
            text = _raw().FPDFText_LoadPage(page)
            if not text:
                return None
            try:
                count = max(0, _raw().FPDFText_CountChars(text))
                self._characters += count
                if self._characters > MOST_CHARACTERS:
                    much = f"it has more than {MOST_CHARACTERS / 1e6:.0f} million characters"
                    raise self.source.refused(f"{much}; split it")
                return _read_page(page, text, count, number)
            finally:
                _raw().FPDFText_ClosePage(text)

    def picture(self, number: int, scale: float) -> NDArray[np.uint8] | None:
        """Return a page as it is shown, as rows of pixels of red, green and blue.

        Args:
            number: of the page, from 1.
            scale: pixels a point; made smaller where the picture would be too large.
        """
        with LOCK, self._page(number) as page:
            return None if page is None else _picture(page, scale)

    def size(self, number: int) -> tuple[float, float]:
        """Return width and height of a page as it is shown, in points; 1 and 1 if damaged."""
        with LOCK, self._page(number) as page:
            return (1.0, 1.0) if page is None else _size(page)

    def image_share(self, number: int) -> float:
        """Return how much of a page images cover, from 0 to about 1."""
        with LOCK, self._page(number) as page:
            return 0.0 if page is None else _covered(page)

    @contextmanager
    def _page(self, number: int) -> Iterator[Any]:
        page = _raw().FPDF_LoadPage(self._handle, number - 1)
        try:
            yield page or None
        finally:
            if page:
                _raw().FPDF_ClosePage(page)


@contextmanager
def opened(source: Source) -> Iterator[Pdf]:
    """Open a PDF, with the empty password first, and close it whatever happens.

    Raises:
        UnreadableDocumentError: it is damaged, or needs a password that is not among the options.
    """
    data = source.data
    with LOCK:
        raw = _raw()
        handle, error = _open(source, data)
        if error == _FORMAT and (mended := _with_trailer(data)):
            data = mended
            handle, error = _open(source, data)
    if not handle:
        raise source.refused(_why_not(error, bool(source.options.passwords)))
    try:
        pdf = Pdf(handle, source, data)
        if not 0 < pdf.pages <= MOST_PAGES:
            found = f"it claims {pdf.pages:,} pages" if pdf.pages > 0 else "no page is left in it"
            raise source.refused(f"{found}; open it in a PDF viewer and save it again")
        yield pdf
    finally:
        with LOCK:
            raw.FPDF_CloseDocument(handle)


def _open(source: Source, data: bytes) -> tuple[Any, int]:
    """Return PDFium's handle of a document, or none and the number of the error."""
    raw = _raw()
    for password in _passwords(source):
        handle = raw.FPDF_LoadMemDocument64(data, len(data), password)
        if handle:
            return handle, 0
        error = int(raw.FPDF_GetLastError())
        if error != _PASSWORD:
            break
    return None, error


def _with_trailer(data: bytes) -> bytes:
    """Return the bytes of a file cut short with a new end that names its catalogue; b"" if none."""
    found = _CATALOGUE.findall(data)
    if not found or not data.startswith(b"%PDF"):
        return b""
    number, generation = found[-1]  # of several versions the last one counts
    return data + b"\ntrailer\n<< /Root %s %s R >>\n%%%%EOF\n" % (number, generation)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return rows of pixels of red, green and blue as the bytes of a PNG file."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row begins with filter 0: none
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    pieces = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in pieces
    )


def _raw() -> Any:
    """Return PDFium's functions; loading them the first time starts the library."""
    with LOCK:
        return importlib.import_module("pypdfium2.raw")


def _passwords(source: Source) -> Iterator[bytes | None]:
    """Yield the passwords to try: none, then those given, in both encodings that PDFs use."""
    yield None
    for password in source.options.passwords:
        yield password.encode("utf-8", "surrogatepass")
        if not password.isascii():
            yield password.encode("latin-1", "replace")


def _why_not(error: int, were_given: bool) -> str:
    if error == _PASSWORD:
        which = "none of those given opens it" if were_given else "it needs a password"
        return f"{which}; give the right one with `--password`"
    if error == _SECURITY:
        return "it is locked in a way that is not known here; print it to a new PDF and read that"
    return "it is no PDF or too damaged to be read; open it in a PDF viewer and save it again"


def _string(function: Any, *arguments: Any) -> str:
    """Return what a PDFium function gives as UTF-16 with a zero at its end."""
    size = function(*arguments, None, 0)
    if not 2 < size <= 1_000_000:
        return ""
    room = ctypes.create_string_buffer(size)
    function(*arguments, ctypes.cast(room, function.argtypes[-2]), size)
    return room.raw[: size - 2].decode("utf-16-le", "replace")


def _quick(name: str, result: Any, *arguments: Any) -> Any:
    """Return a function of PDFium declared anew, to be called for each character.

    The declarations of pypdfium2 make objects of all pointers, and let other threads run during
    each call, which costs more than the call. This one takes and returns addresses as numbers.
    """
    where = ctypes.cast(getattr(_raw(), name), ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(result, *arguments)(where or 0)


def _read_page(page: Any, text: Any, count: int, number: int) -> Glyphs:
    raw, at = _raw(), ctypes.c_void_p
    code = _quick("FPDFText_GetUnicode", ctypes.c_uint, at, ctypes.c_int)
    box = _quick("FPDFText_GetLooseCharBox", ctypes.c_int, at, ctypes.c_int, at)
    run = _quick("FPDFText_GetTextObject", at, at, ctypes.c_int)
    where = ctypes.cast(text, at).value
    corners = np.zeros((count, 4), np.float32)  # in memory a box is left, top, right, bottom
    first, each = corners.ctypes.data, corners.strides[0] if count else 0
    codes = [code(where, place) for place in range(count)]
    for place in range(count):
        box(where, place, first + each * place)
    owners = [run(where, place) or 0 for place in range(count)]
    known: dict[int, int] = {0: -1}
    firsts: list[int] = []
    for place, owner in enumerate(owners):
        if owner not in known:
            known[owner] = len(firsts)
            firsts.append(place)
    return glyphs_of(
        number,
        np.array(codes, np.uint32),
        corners[:, [0, 3, 2, 1]].astype(np.float64),
        np.array([known[owner] for owner in owners], np.int32),
        _read_runs(where, firsts, list(known)[1:]),
        _frame(page),
        raw.FPDFPage_GetRotation(page) % 4,
        _unread_annotations(page),
    )


def _read_runs(where: int | None, firsts: Sequence[int], owners: Sequence[int]) -> Runs:
    """Return what the characters of each text object have in common, asked of its first one."""
    number, at = ctypes.c_int, ctypes.c_void_p
    get_size = _quick("FPDFText_GetFontSize", ctypes.c_double, at, number)
    get_matrix = _quick("FPDFText_GetMatrix", number, at, number, at)
    get_origin = _quick("FPDFText_GetCharOrigin", number, at, number, at, at)
    get_colour = _quick("FPDFText_GetFillColor", number, at, number, at, at, at, at)
    get_weight = _quick("FPDFText_GetFontWeight", number, at, number)
    get_mode = _quick("FPDFTextObj_GetTextRenderMode", number, at)
    count = len(firsts)
    matrix = np.tile(np.array([1, 0, 0, 1, 0, 0], np.float32), (count, 1))
    origin = np.zeros((count, 2))
    colour = np.tile(np.array([0, 0, 0, 255], np.uint32), (count, 1))
    m, o, c = matrix.ctypes.data, origin.ctypes.data, colour.ctypes.data
    for place in firsts:
        get_matrix(where, place, m)
        get_origin(where, place, o, o + 8)
        get_colour(where, place, c, c + 4, c + 8, c + 12)
        m, o, c = m + 24, o + 16, c + 16
    return Runs(
        np.array([get_size(where, place) for place in firsts], np.float64),
        matrix[:, :4],
        origin,
        np.array([get_mode(owner) for owner in owners], np.int32),
        colour,
        np.array([get_weight(where, place) for place in firsts], np.int32),
    )


def _unread_annotations(page: Any) -> int:
    raw = _raw()
    found = 0
    for place in range(min(_MOST_OBJECTS, raw.FPDFPage_GetAnnotCount(page))):
        annotation = raw.FPDFPage_GetAnnot(page, place)
        if annotation:
            found += raw.FPDFAnnot_GetSubtype(annotation) in _UNREAD_ANNOTATIONS
            raw.FPDFPage_CloseAnnot(annotation)
    return found


def _frame(page: Any) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of the part of a page that is shown."""
    raw = _raw()
    rectangle = raw.FS_RECTF(0, 792, 612, 0)
    raw.FPDF_GetPageBoundingBox(page, rectangle)
    return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top


def _covered(page: Any) -> float:
    """Return how much of a page is covered by images, from 0 to 1."""
    raw = _raw()
    left, bottom, right, top = _frame(page)
    area = 0.0
    for place in range(min(_MOST_OBJECTS, max(0, raw.FPDFPage_CountObjects(page)))):
        thing = raw.FPDFPage_GetObject(page, place)
        if not thing or not _holds_image(thing, _DEEPEST):
            continue
        edges = [ctypes.c_float() for _ in range(4)]
        if raw.FPDFPageObj_GetBounds(thing, *edges):
            x0, y0, x1, y1 = (edge.value for edge in edges)
            wide = max(0.0, min(x1, right) - max(x0, left))
            area += wide * max(0.0, min(y1, top) - max(y0, bottom))
    return area / max(1.0, (right - left) * (top - bottom))


def _holds_image(thing: Any, deepest: int) -> bool:
    raw = _raw()
    kind = raw.FPDFPageObj_GetType(thing)
    if kind != _FORM or not deepest:
        return bool(kind == _IMAGE)
    count = min(100, max(0, raw.FPDFFormObj_CountObjects(thing)))
    inside = (raw.FPDFFormObj_GetObject(thing, place) for place in range(count))
    return any(_holds_image(part, deepest - 1) for part in inside if part)


def _size(page: Any) -> tuple[float, float]:
    turned = _raw().FPDFPage_GetRotation(page) % 4
    _, _, wide, high = shown_box(_frame(page), _frame(page), turned)
    return wide, high


def _picture(page: Any, scale: float) -> NDArray[np.uint8] | None:
    raw = _raw()
    wide, high = _size(page)
    if not (0 < wide < 1e6 and 0 < high < 1e6 and scale > 0):
        return None
    scale = min(scale, (MOST_PIXELS / (wide * high)) ** 0.5)
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    pixels = np.full((height, width, 4), 255, np.uint8)
    bitmap = raw.FPDFBitmap_CreateEx(
        width, height, raw.FPDFBitmap_BGRx, pixels.ctypes.data, 4 * width
    )
    if not bitmap:
        return None
    try:
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, raw.FPDF_ANNOT)
    finally:
        raw.FPDFBitmap_Destroy(bitmap)
    return np.ascontiguousarray(pixels[:, :, 2::-1])
