"""Which characters of a page nobody sees: invisible ones, white on white, tiny, off the page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag.documents.pdf.glyphs import Glyphs
from rag.documents.pdf.pdfium import Pdf

_NOT_PAINTED = (3, 7)  # text render modes: neither filled nor stroked
_FILLED_ONLY = (0, 4)
_SMALLEST_POINTS = 1.0
_LIGHT = 235  # of 255; red, green and blue at least this are taken for white
_SEEN_SHARE = 0.25  # of the pixels around white letters that are not white, if they are seen
_OCR_SHARE = 0.9  # of a page's letters, if its invisible text is what somebody read in its image
_PAGE_WIDE = 0.5  # share of the page that such an image covers, at least
_SCALE = 1.0  # pixels a point of the picture in which white letters are looked for


def unseen(glyphs: Glyphs, pdf: Pdf) -> tuple[NDArray[np.bool_], bool]:
    """Return which characters are hidden, and whether the page's text was recognised in an image.

    Software that recognises text lays it invisibly over the image of a scanned page. There it is
    what the image shows, and is not hidden.

    Args:
        glyphs: characters of a page.
        pdf: the document, for its pictures.
    """
    ink = glyphs.ink & (glyphs.run >= 0)
    hidden = _outside(glyphs) | ((glyphs.size < _SMALLEST_POINTS) & ink)
    runs = glyphs.runs
    blank = np.isin(runs.mode, _NOT_PAINTED) | (runs.colour[:, 3] == 0)
    not_painted = np.append(blank, False)[glyphs.run] & ink
    recognised = False
    if not_painted.any():
        recognised = bool(
            not_painted.sum() >= _OCR_SHARE * ink.sum()
            and pdf.image_share(glyphs.number) >= _PAGE_WIDE
        )
        if not recognised:
            hidden |= not_painted
    return hidden | _white_on_white(glyphs, pdf, ink & ~hidden), recognised


def _outside(glyphs: Glyphs) -> NDArray[np.bool_]:
    """Say of which characters the middle lies outside the page."""
    x = glyphs.box[:, [0, 2]].mean(1)
    y = glyphs.box[:, [1, 3]].mean(1)
    outside: NDArray[np.bool_] = (x < 0) | (x > glyphs.wide) | (y < 0) | (y > glyphs.high)
    return outside


def _white_on_white(glyphs: Glyphs, pdf: Pdf, ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which characters are white and have nothing but white around them.

    White words on a coloured ground are common and seen, so the page's picture decides.
    """
    none = np.zeros(len(glyphs), np.bool_)
    runs = glyphs.runs
    light = (runs.colour[:, :3] >= _LIGHT).all(1) & np.isin(runs.mode, _FILLED_ONLY)
    suspects = np.append(light, False)[glyphs.run] & ink
    if not suspects.any():
        return none
    pixels = pdf.picture(glyphs.number, _SCALE)
    if pixels is None:
        return none
    rows = np.flatnonzero(suspects)
    run = glyphs.run[rows]
    area, coloured = _around(np.any(pixels < _LIGHT, axis=2), glyphs, rows)
    share = np.bincount(run, coloured) / np.maximum(np.bincount(run, area), 1)
    none[rows] = share[run] < _SEEN_SHARE
    return none


def _around(
    coloured: NDArray[np.bool_], glyphs: Glyphs, rows: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many pixels the boxes of characters have, and how many of these are coloured."""
    height, width = coloured.shape
    sums = np.zeros((height + 1, width + 1), np.int64)
    sums[1:, 1:] = coloured.cumsum(0).cumsum(1)
    across, down = width / glyphs.wide, height / glyphs.high
    box = glyphs.box[rows]
    x0 = (box[:, 0] * across).astype(int).clip(0, width)
    x1 = (box[:, 2] * across + 1).astype(int).clip(0, width)
    y0 = ((glyphs.high - box[:, 3]) * down).astype(int).clip(0, height)
    y1 = ((glyphs.high - box[:, 1]) * down + 1).astype(int).clip(0, height)
    inside = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
    return (x1 - x0) * (y1 - y0), inside
