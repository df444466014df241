"""From a stretch of a PDF's text back to its pages: boxes around the words, and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.documents.pdf.glyphs import Box, Glyphs, shown_box, upright
from rag.documents.pdf.pdfium import opened, png
from rag.documents.pdf.reader import trace
from rag.documents.pdf.recognised import page_glyphs
from rag.documents.source import PLAINLY, ReadOptions, Source

_NAME = Path("the PDF")  # bytes have no name
_SAME_LINE = 0.4  # share of the lower box's height that two boxes on one line share
_WIDE_EMS = 4.0  # a wider gap parts two boxes on one line
_MARKER = (255, 226, 110)  # red, green, blue
_TALLEST_EMS = 2.0  # fonts state their heights, some of them nonsense


@lru_cache(maxsize=2)
def _traced(data: bytes, options: ReadOptions) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return what `trace` does; several quotes of one file are mostly asked for together."""
    with opened(Source(_NAME, data, options)) as pdf:
        return trace(pdf)


def boxes(
    data: bytes, start: int, end: int, options: ReadOptions = PLAINLY
) -> list[tuple[int, float, float, float, float]]:
    """Return where on its pages a stretch of a PDF's text stands, one box for each line.

    The PDF is read again, by the same code, so the boxes are those of the very characters.

    Args:
        data: the file.
        start: first character of the stretch, in the text of the body: what `read_pdf` gives,
            without the header that `compose` puts before it.
        end: one past its last character.
        options: as the file was read.

    Returns:
        Number of the page (from 1), left, bottom, right and top in points from the lower left
        corner of the page as it is shown: in a picture of `page_picture` a point (x, y) is the
        pixel (x * scale, height - y * scale).

    Raises:
        UnreadableDocumentError: it cannot be opened.
    """
    found: list[tuple[int, float, float, float, float]] = []
    pages, index = (each[max(0, start) : max(0, end)] for each in _traced(data, options))
    with opened(Source(_NAME, data, options)) as pdf:
        for page in np.unique(pages[index >= 0]):
            glyphs, _ = page_glyphs(pdf, int(page))
            if glyphs is None:
                continue
            rows = index[(pages == page) & (index >= 0)]
            found += [(int(page), *box) for box in _boxes(glyphs, rows)]
    return found


def page_picture(
    data: bytes,
    page: int,
    scale: float = 2.0,
    options: ReadOptions = PLAINLY,
    marked: Sequence[tuple[int, int]] = (),
) -> bytes:
    """Return a picture of a page as it is shown, as the bytes of a PNG file.

    Args:
        data: the file.
        page: its number, from 1.
        scale: pixels a point (2 is 144 dots an inch); less where the picture would be huge.
        options: as the file was read.
        marked: stretches of the body's text, as of `boxes`, that are marked where they stand on it.

    Raises:
        UnreadableDocumentError: it cannot be opened, or has no such page.
    """
    source = Source(_NAME, data, options)
    with opened(source) as pdf:
        if not 1 <= page <= pdf.pages:
            raise source.refused(f"there is no page {page}; name one of 1 to {pdf.pages}")
        pixels = pdf.picture(page, scale)
        if pixels is None:
            raise source.refused(f"page {page} is damaged; open it in a PDF viewer")
        glyphs = page_glyphs(pdf, page)[0] if marked else None
    if glyphs is not None:
        pages, index = _traced(data, options)
        chosen = np.zeros(len(pages), bool)
        for start, end in marked:
            chosen[max(0, start) : max(0, end)] = True
        rows = index[chosen & (pages == page) & (index >= 0)]
        _mark(pixels, _boxes(glyphs, rows), pixels.shape[0] / glyphs.high)
    return png(pixels)


def _mark(pixels: NDArray[np.uint8], found: Sequence[Box], scale: float) -> None:
    """Colour what lies in boxes as a marker pen does: paper turns yellow and ink stays."""
    height = pixels.shape[0]
    for left, bottom, right, top in found:
        rows = slice(max(0, int(height - top * scale) - 1), int(height - bottom * scale) + 2)
        columns = slice(max(0, int(left * scale) - 1), int(right * scale) + 2)
        part = pixels[rows, columns]
        np.multiply(part, np.array(_MARKER) / 255, out=part, casting="unsafe")


def _boxes(glyphs: Glyphs, rows: NDArray[np.int32]) -> list[Box]:
    """Return one box for each line of some characters of a page."""
    out: list[Box] = []
    frame = (0.0, 0.0, glyphs.wide, glyphs.high)
    chosen = glyphs.taken(rows.astype(np.intp))
    for turn in dict.fromkeys(chosen.turn.tolist()):
        part = upright(chosen, turn)
        turned = (0.0, 0.0, part.wide, part.high) if turn > 0 else frame
        back = -turn % 4 if turn > 0 else 0
        out += [shown_box(box, turned, back) for box in _lines(_tamed(part.box, part.size))]
    return out


def _tamed(box: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return boxes no higher than type is."""
    out = box.copy()
    tall = (box[:, 3] - box[:, 1] > _TALLEST_EMS * size) & (box[:, 2] - box[:, 0] < 3 * size)
    middle = box[tall][:, [1, 3]].mean(1)
    out[tall, 1], out[tall, 3] = middle - 0.5 * size[tall], middle + 0.5 * size[tall]
    return out


def _lines(found: NDArray[np.float64]) -> list[Box]:
    """Join the boxes of characters to one a line."""
    out: list[list[float]] = []
    for left, bottom, right, top in found.tolist():
        if right <= left or top <= bottom:
            continue
        if out:
            last = out[-1]
            shared = min(last[3], top) - max(last[1], bottom)
            level = shared >= _SAME_LINE * min(last[3] - last[1], top - bottom)
            near = max(left - last[2], last[0] - right) < _WIDE_EMS * (top - bottom)
            if level and near:
                last[0], last[1] = min(last[0], left), min(last[1], bottom)
                last[2], last[3] = max(last[2], right), max(last[3], top)
                continue
        out.append([left, bottom, right, top])
    return [(box[0], box[1], box[2], box[3]) for box in out]
