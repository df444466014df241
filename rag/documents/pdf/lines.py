"""Characters to stretches of lines: what stands side by side, without a wide gap, on one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.documents.pdf.glyphs import Glyphs
from rag.documents.pdf.letters import HYPHEN, SOFT_HYPHEN, is_rtl

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]

_WIDE_EMS = 0.9  # a wider gap parts columns and cells; the spaces of a justified line stay below
_SPACE_EMS = 0.15  # a wider gap between pieces is a space
_LEVEL_EMS = 0.12  # base lines nearer to each other are one
_JUMP_EMS = 0.6  # from one line to another; raised and lowered letters move less
_SMALLER = 0.85  # of a size; smaller letters beside larger ones are raised or lowered
_NO_EDGES = np.zeros((0, 2))
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NOTE_MARKS = re.compile(r"\d{1,4}(?:[,–-]\d{1,3}){0,3}", re.ASCII)


@dataclass(slots=True)
class Piece:
    """Characters of one size on one base line.

    Attributes:
        text: what they say, with single spaces.
        index: their numbers in PDFium, -1 for a space put in.
        edges: their left and right edges, one row each.
        left, bottom, right, top: in points.
        size, base: of the font, of the base line.
        bold: share of bold characters.
        order: place among the pieces of the page, in PDFium's order.
        spaced: a space or line end comes before it in PDFium's order.
        cut: it ends with a hyphen that PDFium found at the end of a line.
    """

    text: str
    index: NDArray[np.int32]
    edges: NDArray[np.float64]
    left: float
    bottom: float
    right: float
    top: float
    size: float
    base: float
    bold: float
    order: int
    spaced: bool
    cut: bool


class Stretch:
    """Pieces side by side: all of a line, or a cell of it.

    Args:
        pieces: in the order in which they are read.

    Attributes:
        framed: it is a cell of a table, maybe of several lines.
    """

    __slots__ = (
        *("base", "bold", "bottom", "count", "left", "pieces", "right", "size", "top"),
        *("_index", "_text", "framed"),
    )

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = list(pieces)
        main = max(pieces, key=lambda piece: len(piece.text) * piece.size)
        self.size, self.base = main.size, main.base
        self.left = min(piece.left for piece in pieces)
        self.right = max(piece.right for piece in pieces)
        self.bottom = min(piece.bottom for piece in pieces)
        self.top = max(piece.top for piece in pieces)
        self.count = sum(len(piece.text) for piece in pieces)
        self.bold = sum(len(piece.text) * piece.bold for piece in pieces) / max(1, self.count)
        self.framed = False
        self._text = ""
        self._index: NDArray[np.int32] | None = None

    @property
    def text(self) -> str:
        """What it says."""
        return self.told()[0]

    @property
    def width(self) -> float:
        """In points."""
        return self.right - self.left

    @property
    def cut(self) -> bool:
        """Whether it ends with a hyphen that PDFium found at the end of a line."""
        return self.pieces[-1].cut

    def told(self) -> tuple[str, NDArray[np.int32]]:
        """Return what it says, and the number in PDFium of each of its characters, -1 for none.

        Raised digits become such characters: the mark of a note is no part of a number.
        """
        if self._index is None:
            texts, indexes = [], []
            for place, piece in enumerate(self.pieces):
                if place and _apart(self.pieces[place - 1], piece):
                    texts.append(" ")
                    indexes.append(np.array([-1], np.int32))
                texts.append(self._raised(piece))
                indexes.append(piece.index)
            self._text, self._index = "".join(texts), np.concatenate(indexes)
        return self._text, self._index

    def _raised(self, piece: Piece) -> str:
        small = piece.size < _SMALLER * self.size
        up = piece.base > self.base + _LEVEL_EMS * self.size
        digits = _NOTE_MARKS.fullmatch(piece.text)
        return piece.text.translate(_RAISED) if small and up and digits else piece.text


def stretches(glyphs: Glyphs, *, rtl: bool) -> list[Stretch]:
    """Return the stretches of a page, from top to bottom.

    Args:
        glyphs: characters that stand upright and are seen.
        rtl: the page is written from right to left.
    """
    runs = _joined(_pieces(glyphs))
    found = []
    for row in rows(runs):
        found += _merged(row, rtl=rtl)
    for piece in (piece for stretch in found for piece in stretch.pieces):
        piece.edges = _NO_EDGES  # of no use from here on, and four times as large as the text
    return found


def in_order(glyphs: Glyphs) -> list[Stretch]:
    """Return the stretches of characters that stand askew, in PDFium's order."""
    runs = _joined(_pieces(glyphs, askew=True))
    return [run for run, _ in runs]


def rows(found: Sequence[tuple[Stretch, int]]) -> list[list[tuple[Stretch, int]]]:
    """Return stretches grouped by the line on which they stand, from top to bottom.

    Each stretch comes with its place in PDFium's order.
    """
    grouped: list[list[tuple[Stretch, int]]] = []
    longest: list[Stretch] = []
    for one in sorted(found, key=lambda each: (-each[0].base, each[0].left)):
        stretch = one[0]
        for place in range(len(grouped) - 1, max(-1, len(grouped) - 4), -1):
            if _level(longest[place], stretch):
                grouped[place].append(one)
                if stretch.width * stretch.size > longest[place].width * longest[place].size:
                    longest[place] = stretch
                break
        else:
            grouped.append([one])
            longest.append(stretch)
    return grouped


def same_row(one: Stretch, other: Stretch) -> bool:
    """Say whether two stretches stand on one line."""
    return _level(one, other)


def _level(one: Stretch, other: Stretch) -> bool:
    """Say whether two stretches share at least half of the height of the smaller one."""
    top = min(one.base + 0.7 * one.size, other.base + 0.7 * other.size)
    bottom = max(one.base - 0.2 * one.size, other.base - 0.2 * other.size)
    return top - bottom >= 0.5 * 0.9 * min(one.size, other.size)


def _pieces(glyphs: Glyphs, *, askew: bool = False) -> list[tuple[Piece, bool]]:
    """Return the pieces of a page in PDFium's order, and whether each begins a stretch."""
    ink = _without_soft_hyphens(glyphs)
    if not len(ink):
        return []
    spaced, hard, soft = _parted(glyphs, ink, askew=askew)
    begins = np.concatenate(([True], hard | soft))
    put_in = spaced & ~(hard | soft)
    code = glyphs.code[ink]
    cut = np.isin(code, (HYPHEN, SOFT_HYPHEN))
    code = np.where(cut, 0x2D, code)
    where = np.flatnonzero(put_in) + 1
    text = np.insert(code, where, 32).astype("<u4").tobytes().decode("utf-32-le", "replace")
    index = np.insert(glyphs.index[ink], where, -1)
    edges = np.insert(glyphs.box[ink][:, [0, 2]], where, np.nan, 0)
    firsts = np.flatnonzero(begins)
    before = np.concatenate(([0], np.cumsum(put_in)))
    starts = firsts + before[firsts]
    ends = np.append(starts[1:], len(text))
    box = glyphs.box[ink]
    left, bottom = (np.minimum.reduceat(box[:, side], firsts) for side in (0, 1))
    right, top = (np.maximum.reduceat(box[:, side], firsts) for side in (2, 3))
    sizes, bases = glyphs.size[ink][firsts], glyphs.base[ink][firsts]
    counts = np.diff(np.append(firsts, len(ink)))
    bold = np.add.reduceat(glyphs.bold[ink].astype(np.float64), firsts) / counts
    lasts = np.append(firsts[1:], len(ink)) - 1
    anew = np.concatenate(([True], hard))[firsts]
    gaps = np.concatenate(([True], spaced | hard))[firsts]
    return [
        (
            Piece(
                text[starts[k] : ends[k]],
                index[starts[k] : ends[k]],
                edges[starts[k] : ends[k]],
                float(left[k]),
                float(bottom[k]),
                float(right[k]),
                float(top[k]),
                float(sizes[k]),
                float(bases[k]),
                float(bold[k]),
                k,
                bool(gaps[k]),
                bool(cut[lasts[k]]),
            ),
            bool(anew[k]),
        )
        for k in range(len(firsts))
    ]


def _without_soft_hyphens(glyphs: Glyphs) -> Rows:
    """Return the rows of characters with ink; soft hyphens have some only at the end of a line."""
    ink = np.flatnonzero(glyphs.ink | (glyphs.code == HYPHEN))
    soft = glyphs.code[ink] == SOFT_HYPHEN
    if not soft.any():
        return ink
    _, hard, _ = _parted(glyphs, ink, askew=False)
    kept: Rows = ink[~soft | np.append(hard, True)]
    return kept


def _parted(glyphs: Glyphs, ink: Rows, *, askew: bool) -> tuple[Flags, Flags, Flags]:
    """Say what parts each character from the next: a space, the end of a stretch, of a piece."""
    code, box = glyphs.code, glyphs.box
    first, second = ink[:-1], ink[1:]
    ends = np.cumsum((code == 10) | (code == 13))
    gaps = np.cumsum((code == 32) | (code == 0x3000))
    line_end = ends[second] > ends[first]
    spaced = gaps[second] > gaps[first]
    combining = _combining(code[second])
    spaced &= ~combining
    if askew:
        return spaced, line_end, np.zeros_like(line_end)
    em = np.maximum(glyphs.size[first], glyphs.size[second])
    apart = np.maximum(box[second, 0] - box[first, 2], box[first, 0] - box[second, 2])
    rtl = is_rtl(code[ink])
    turns = rtl[:-1] != rtl[1:]
    shift = np.abs(glyphs.base[second] - glyphs.base[first])
    far = (apart > _WIDE_EMS * em) & ~turns
    hard = line_end | far | (shift > _JUMP_EMS * em) | (code[first] == HYPHEN)
    hard &= ~(combining & (shift <= _JUMP_EMS * em))
    smaller = np.minimum(glyphs.size[first], glyphs.size[second]) < _SMALLER * em
    soft = ~hard & ~turns & (smaller | (shift > _LEVEL_EMS * em))
    # PDFium puts the spaces around words of the other direction on the wrong side.
    for place in map(int, np.flatnonzero(turns & ~hard)):
        gap = _gap_of_runs(rtl, hard, box[ink], place)
        spaced[place] = gap > _SPACE_EMS * em[place]
    return spaced, hard, soft


def _combining(code: NDArray[np.uint32]) -> Flags:
    """Say which characters stand on the one before: accents, points of Hebrew and Arabic."""
    marks: Flags = (
        ((code >= 0x300) & (code <= 0x36F))
        | ((code >= 0x591) & (code <= 0x5C7) & (code != 0x5BE))
        | ((code >= 0x64B) & (code <= 0x65F))
        | (code == 0x670)
    )
    return marks


def _gap_of_runs(rtl: Flags, hard: Flags, box: NDArray[np.float64], place: int) -> float:
    """Return the gap between two runs of opposite directions that meet after a character."""
    first, last = place, place + 1
    while first > 0 and not hard[first - 1] and rtl[first - 1] == rtl[place]:
        first -= 1
    while last + 1 < len(rtl) and not hard[last] and rtl[last + 1] == rtl[place + 1]:
        last += 1
    one, other = box[first : place + 1], box[place + 1 : last + 1]
    return float(max(other[:, 0].min() - one[:, 2].max(), one[:, 0].min() - other[:, 2].max()))


def _joined(pieces: Sequence[tuple[Piece, bool]]) -> list[tuple[Stretch, int]]:
    """Return the stretches that PDFium's order makes of pieces."""
    groups: list[list[Piece]] = []
    for piece, begins in pieces:
        if begins or not groups:
            groups.append([])
        groups[-1].append(piece)
    return [(Stretch(group), group[0].order) for group in groups]


def _merged(row: Sequence[tuple[Stretch, int]], *, rtl: bool) -> list[Stretch]:
    """Join what stands on one line without a wide gap, such as a raised letter and its word."""
    merged: list[Stretch] = []
    for stretch, _ in sorted(row, key=lambda each: each[0].left):
        if merged and _touch(merged[-1], stretch):
            pair = (stretch, merged[-1]) if rtl else (merged[-1], stretch)
            merged[-1] = Stretch([*pair[0].pieces, *pair[1].pieces])
        elif merged and (whole := _put_in(merged[-1], stretch)) is not None:
            merged[-1] = whole
        else:
            merged.append(stretch)
    return merged


def _put_in(line: Stretch, small: Stretch) -> Stretch | None:
    """Put small letters into a line at whose gaps they stand, though they were painted later."""
    if small.size >= _SMALLER * line.size or not line.left < small.left < line.right:
        return None
    for place, piece in enumerate(line.pieces):
        if not piece.left < small.left < piece.right:
            continue
        after = np.flatnonzero(piece.edges[:, 0] > small.left - _SPACE_EMS * small.size)
        if not len(after) or after[0] == 0:
            return None
        first, rest = _split(piece, int(after[0]))
        pieces = [*line.pieces[:place], first, *small.pieces, rest, *line.pieces[place + 1 :]]
        return Stretch(pieces)
    return None


def _split(piece: Piece, place: int) -> tuple[Piece, Piece]:
    """Return the characters of a piece before a place and from there on."""
    end = place - 1 if piece.text[place - 1] == " " else place
    before, after = piece.edges[:end], piece.edges[place:]
    first = replace(
        piece,
        text=piece.text[:end],
        index=piece.index[:end],
        edges=before,
        right=float(np.nanmax(before[:, 1])),
        cut=False,
    )
    rest = replace(
        piece,
        text=piece.text[place:],
        index=piece.index[place:],
        edges=after,
        left=float(np.nanmin(after[:, 0])),
        spaced=True,
    )
    return first, rest


def _touch(one: Stretch, other: Stretch) -> bool:
    em = max(one.size, other.size)
    gap = other.left - one.right
    beside = -0.3 * em < gap < _WIDE_EMS * em
    level = abs(one.base - other.base) < 0.15 * em
    return beside and (level or min(one.size, other.size) < _SMALLER * em)


def _apart(one: Piece, other: Piece) -> bool:
    """Say whether a space stands between two pieces of a stretch."""
    if abs(one.base - other.base) > max(one.size, other.size):
        return True  # lines of a cell
    if other.order == one.order + 1 and not other.spaced:
        return False
    gap = max(other.left - one.right, one.left - other.right)
    return gap > _SPACE_EMS * min(one.size, other.size)
