"""Lines of a region, and which of them are rows of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.documents.pdf.lines import Stretch, rows

Told = tuple[str, NDArray[np.int32]]
"""Text, and for each of its characters the number in PDFium, -1 for none."""

BULLET = re.compile(r"[•▪●○◦■□–—*‣⁃➢➤✓\-\uf0b7\uf0a7]")
NUMBERED = re.compile(r"(?:\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,2}){1,4}\.?)")
_SECTION = re.compile(r"§+|[A-Z]?\d{1,3}(?:\.\d{1,2}){0,4}\.?|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[*†‡]")
_BEFORE = re.compile(r"[(\[]?(?:[A-Z]{0,3}[$€£¥₹]|[-–(])")  # belongs to the number after it
_SIGN_LAST = re.compile(r" [A-Z]{0,3}[$€£¥₹]\Z")  # of a cell
_AFTER = re.compile(r"[)\]%]{1,3}|[†‡*⁰¹²³⁴⁵⁶⁷⁸⁹]+|\([a-z0-9]\)")  # belongs to the cell before it
_NUMBER = re.compile(r"[\W_]*\d[\d.,\s]*[\W_]*%?|[-–—]+")
_LEADER = re.compile(r"(?:[.·…]\s?){4,}\s*\S{0,8}\Z|(?:[.·…]\s?){6,}")
_DOTS = re.compile(r"\s*(?:[.·…]\s?){4,}\s*")
_EDGE_POINTS = 3.0  # cells whose edges are nearer stand in one column
_MOST_BETWEEN = 3  # lines of one cell inside a table
_FEWEST_ROWS = 3  # of words, unless the gaps are wide
_CELL_EMS = 2.0  # a gap that is wide
_SHORT, _SMALLER = 3, 0.8  # characters of an index, and its size beside that of its line
_THIN = 0.12  # share of rows that may cross the white between two columns
_MOST_COLUMNS = 24


class Line:
    """A line of a region: one stretch, or several with wide gaps between them.

    Args:
        cells: from the first to be read to the last.
        page: its number.
        rtl: it is written from right to left.

    Attributes:
        start, stop: where it begins and ends, in points in the direction of writing.
    """

    __slots__ = (
        *("base", "bold", "cells", "is_row", "left", "page", "right", "size"),
        *("start", "stop"),
    )

    def __init__(self, cells: Sequence[Stretch], page: int, *, rtl: bool = False) -> None:
        self.cells = list(cells)
        self.page = page
        self.is_row = False
        main = max(cells, key=lambda cell: cell.count)
        self.base, self.size = main.base, main.size
        self.left = min(cell.left for cell in cells)
        self.right = max(cell.right for cell in cells)
        self.start, self.stop = (-self.right, -self.left) if rtl else (self.left, self.right)
        total = sum(cell.count for cell in cells)
        self.bold = sum(cell.bold * cell.count for cell in cells) / max(1, total)

    def told(self) -> Told:
        """Return its text, cells parted by spaces, rows of leading dots made short."""
        text, index = joined([cell.told() for cell in self.cells], " ")
        dots = _DOTS.search(text) if self.is_leader else None
        if dots is None:
            return text, index
        first, end = dots.span()
        kept = np.array([-1, index[first + (text[first] == " ")], -1], np.int32)
        return f"{text[:first]} … {text[end:]}", np.concatenate([index[:first], kept, index[end:]])

    @property
    def text(self) -> str:
        """Its text, cells parted by spaces."""
        return " ".join(cell.text for cell in self.cells)

    @property
    def is_framed(self) -> bool:
        """Whether its cells are those of a table with cells of several lines."""
        return self.cells[0].framed

    @property
    def last_start(self) -> float:
        """Where its last cell begins, in the direction of writing."""
        cell = self.cells[-1]
        return cell.left if self.start == self.left else -cell.right

    @property
    def cut(self) -> bool:
        """Whether it ends with a hyphen that PDFium found at the end of a line."""
        return self.cells[-1].cut

    @property
    def is_leader(self) -> bool:
        """Whether dots lead from its words to a number, as in tables of contents."""
        return bool(_LEADER.search(self.text))


def joined(parts: Sequence[Told], between: str) -> Told:
    """Return texts as one, with something between them that stands nowhere on the page."""
    gap = np.full(len(between), -1, np.int32)
    index: list[NDArray[np.int32]] = []
    for place, (_, each) in enumerate(parts):
        index += [gap, each] if place else [each]
    return between.join(text for text, _ in parts), np.concatenate(index)


def lines(region: Sequence[Stretch], page: int, *, rtl: bool) -> list[Line]:
    """Return the lines of a region from top to bottom, rows of tables marked as such.

    Args:
        region: stretches that are read line by line.
        page: their page's number.
        rtl: the right end of a line is read first.
    """
    found = []
    for row in rows([(one, 0) for one in region]):
        cells = sorted((one for one, _ in row), key=lambda one: one.left, reverse=rtl)
        found.append(Line(_together(cells), page, rtl=rtl))
    _mark_rows(found)
    return found


def _together(cells: Sequence[Stretch]) -> list[Stretch]:
    """Join cells that are only parts of one: "$" and "5", "1." and the words after it."""
    if cells[0].framed:
        return list(cells)
    out: list[Stretch] = []
    for place, cell in enumerate(cells):
        last = out[-1].text if out else ""
        gap = _distance(out[-1], cell) if out else 0.0
        label = (
            place == 1
            and gap < 5 * cell.size
            and not _NUMBER.fullmatch(cell.text)
            and (BULLET.fullmatch(last) or NUMBERED.fullmatch(last) or _SECTION.fullmatch(last))
        )
        sign = _BEFORE.fullmatch(last) and _NUMBER.fullmatch(cell.text)
        ending = out and _AFTER.fullmatch(cell.text) and gap < 3 * cell.size
        raised = out and cell.count <= _SHORT and cell.size < _SMALLER * out[-1].size
        if out and (label or sign or ending or raised):
            out[-1] = Stretch([*out[-1].pieces, *cell.pieces])
        else:
            out.append(cell)
    return out


def _distance(one: Stretch, other: Stretch) -> float:
    return max(other.left - one.right, one.left - other.right)


def _mark_rows(found: Sequence[Line]) -> None:
    """Say which lines are rows: lines of several cells, two or more in a run, set in columns."""
    several = [len(line.cells) > 1 for line in found]
    for line in found:
        line.is_row = line.is_framed
    place = 0
    while place < len(found):
        if not several[place] or found[place].is_row:
            place += 1
            continue
        end = last = place
        while end < len(found) and end - last <= _MOST_BETWEEN:
            if end > place and _far(found[end - 1], found[end]):
                break
            if several[end]:
                last = end
            elif not _is_between(found, end, last):
                break
            end += 1
        run = found[place : last + 1]
        if _is_table([line for line in run if len(line.cells) > 1]):
            for line in run:
                line.is_row = True
        place = last + 1


def _far(above: Line, below: Line) -> bool:
    return above.base - below.base > 3.5 * max(above.size, below.size)


def _is_between(found: Sequence[Line], place: int, last: int) -> bool:
    """Say whether a line of one cell may stand inside a table: it leaves the last column free."""
    below = next((line for line in found[place + 1 :][:_MOST_BETWEEN] if len(line.cells) > 1), None)
    begins = [line.last_start for line in (found[last], below) if line is not None]
    return found[place].stop <= max(begins)


def _is_table(run: Sequence[Line]) -> bool:
    if len(run) < 2:
        return False
    cells = [cell.text for line in run for cell in line.cells[1:]]
    if sum(bool(_NUMBER.fullmatch(text)) for text in cells) >= 0.5 * len(cells):
        return True
    gaps = [
        _distance(one, other) / line.size for line in run for one, other in pairwise(line.cells)
    ]
    if len(run) < _FEWEST_ROWS and min(gaps) < _CELL_EMS:
        return False  # a line of justified text may have a wide gap
    aligned = 0
    for above, line in pairwise(run):
        aligned += any(
            abs(own - edge) < _EDGE_POINTS
            for one in above.cells[1:]
            for other in line.cells[1:]
            for own, edge in zip(_edges(other), _edges(one), strict=True)
        )
    return aligned >= 0.5 * (len(run) - 1)


def _edges(cell: Stretch) -> tuple[float, float, float]:
    """Return the left edge, the middle and the right edge of a cell."""
    return cell.left, (cell.left + cell.right) / 2, cell.right


def told_rows(run: Sequence[Line]) -> list[Told]:
    """Return the rows of a table as text, `| cell | cell |`, with its columns below each other.

    Args:
        run: lines that are rows, one below the other.
    """
    columns = _columns(run)
    if columns:
        wrong = [place for place, line in enumerate(run) if _collides(line, columns)]
        if wrong:
            # Another table begins somewhere above that row, below the last row with numbers.
            numbers = [place for place in range(wrong[0]) if _is_data(run[place])]
            if numbers:
                split = numbers[-1] + 1
                return [*told_rows(run[:split]), *told_rows(run[split:])]
            columns = []
    return [_told_row(line, columns) for line in run]


def _told_row(line: Line, columns: Sequence[tuple[float, float]]) -> Told:
    placed: dict[int, list[Told]] = {}
    for number, (cell, told) in enumerate(zip(line.cells, _with_signs(line), strict=True)):
        where = _column(cell, columns) if columns and len(line.cells) > 1 else number
        where = max(where, max(placed, default=0))
        placed.setdefault(where, []).append(told)
    empty: Told = ("", np.zeros(0, np.int32))
    row = [
        joined(placed[number], " ") if number in placed else empty
        for number in range(max(placed) + 1)
    ]
    bar: Told = ("|", np.array([-1], np.int32))
    return joined([bar, joined(row, " | "), bar], " ")


def _with_signs(line: Line) -> list[Told]:
    """Return the texts of a line's cells, a currency's sign with the number that it belongs to."""
    out = [cell.told() for cell in line.cells]
    for place, following in enumerate(out[1:]):
        text, index = out[place]
        found = _SIGN_LAST.search(text)
        if found and _NUMBER.fullmatch(following[0]):
            cut = found.start() + 1
            out[place] = text[: found.start()], index[: found.start()]
            out[place + 1] = joined([(text[cut:], index[cut:]), following], " ")
    return out


def _is_data(line: Line) -> bool:
    """Say whether most cells of a line, its first aside, are numbers."""
    cells = line.cells[1:]
    return bool(cells) and sum(is_number(cell) for cell in cells) > 0.5 * len(cells)


def is_number(cell: Stretch) -> bool:
    """Say whether a cell holds nothing but a number, or a dash for none."""
    return bool(_NUMBER.fullmatch(cell.text))


def _collides(line: Line, columns: Sequence[tuple[float, float]]) -> bool:
    """Say whether two numbers of a line would come into one column."""
    places = [_column(cell, columns) for cell in line.cells if is_number(cell)]
    return len(set(places)) < len(places)


def _columns(run: Sequence[Line]) -> list[tuple[float, float]]:
    """Return the left and right edges of the columns of a table, from left to right.

    Columns are parted where hardly a row has anything; rows without numbers, such as headings
    over several columns, do not count where there are others. Empty where none can be told.
    """
    several = [line for line in run if len(line.cells) > 1]
    several = [line for line in several if _is_data(line)] or several
    if len(run) < 2 or any(a.left > b.left for line in run for a, b in pairwise(line.cells)):
        return []
    edge = min(line.left for line in run)
    width = int(min(max(line.right for line in run) - edge, 20_000)) + 2
    covered = np.zeros(width + 1, np.int64)
    for line in several:
        for cell in line.cells:
            covered[int(max(0, cell.left - edge)) : int(min(width, cell.right - edge)) + 1] += 1
    full = covered > _THIN * len(several)
    borders = np.flatnonzero(np.diff(np.concatenate(([0], full.astype(np.int8), [0]))))
    columns = [(edge + first, edge + end) for first, end in borders.reshape(-1, 2)]
    return columns if 2 <= len(columns) <= _MOST_COLUMNS else []


def _column(cell: Stretch, columns: Sequence[tuple[float, float]]) -> int:
    """Return the column that a cell shares most of its width with, else the nearest."""
    shared = [min(cell.right, right) - max(cell.left, left) for left, right in columns]
    return int(np.argmax(shared))
