"""Tables whose cells are of several lines: rows are told by the white that runs through all cells.

Read line by line, the words of one cell would stand in the middle of another's sentence; read
column by column, nobody could tell which cells belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from rag.documents.pdf.lines import Stretch
from rag.documents.pdf.tables import is_number

_ROW_GAP = 1.35  # distance of rows beside that of lines in a cell
_FEWEST_ROWS = 3
_FULL_ROWS = 0.7  # share of rows with something on both sides
_FEWEST_OF_SEVERAL = 0.3  # share of rows with a cell of several lines
_MOST_LINES = 12  # of a cell
_USUAL_LINES = 5  # of the longest cell of a row, at most, in most rows
_MOST_NUMBERS = 0.1  # of all stretches: tables of numbers are read line by line
_BROKEN = 0.75  # share of lines within cells that end because the next word does not fit
_LEVEL = 0.25  # of the distance of lines: cells of a row stand level at the top or in the middle
_LEVEL_ROWS = 0.8  # share of rows whose cells do
_WHITE_EMS = 0.5  # between two columns, at least


def rows_of_cells(left: Sequence[Stretch], right: Sequence[Stretch]) -> list[Stretch]:
    """Return the cells of a table whose cells are of several lines, each as one stretch.

    Args:
        left: what stands on one side of a strip of white.
        right: what stands on the other.

    Returns:
        Cells; those of a row have one base line. Empty where there is no such table.
    """
    both = [*left, *right]
    if sum(map(is_number, both)) > _MOST_NUMBERS * len(both):
        return []
    pitch = min(_pitch(left), _pitch(right))
    columns = _columns(both)
    grid = [[_cell(row, column) for column in columns] for row in _rows(both, _ROW_GAP * pitch)]
    if not (_are_rows(grid, pitch) and _are_broken(grid, columns)):
        return []
    out = []
    for row in grid:
        base = max(one.base for cell in row for one in cell)
        for cell in filter(None, row):
            cell.sort(key=lambda one: (-one.base, one.left))
            whole = Stretch([piece for one in cell for piece in one.pieces])
            whole.base, whole.framed = base, True
            out.append(whole)
    return out


def _are_rows(grid: Sequence[Sequence[Sequence[Stretch]]], pitch: float) -> bool:
    """Say whether bands of white part rows: most have several cells, level with each other."""
    full = [[cell for cell in row if cell] for row in grid]
    full = [row for row in full if len(row) > 1]
    if len(grid) < _FEWEST_ROWS or len(full) < _FULL_ROWS * len(grid):
        return False
    level = 0
    for row in full:
        tops = [max(one.base for one in cell) for cell in row]
        ends = [min(one.base for one in cell) for cell in row]
        middles = [(top + end) / 2 for top, end in zip(tops, ends, strict=True)]
        level += min(max(each) - min(each) for each in (tops, middles)) < _LEVEL * pitch
    longest = [max(map(_lines, row)) for row in full]
    return (
        level >= _LEVEL_ROWS * len(full)
        and sum(lines > 1 for lines in longest) >= _FEWEST_OF_SEVERAL * len(full)
        and median(longest) <= _USUAL_LINES
        and max(longest) <= _MOST_LINES
    )


def _are_broken(
    grid: Sequence[Sequence[Sequence[Stretch]]], columns: Sequence[tuple[float, float]]
) -> bool:
    """Say whether the lines of cells end where the next word does not fit into the column."""
    ended = broken = 0
    for row in grid:
        for cell, (left, right) in zip(row, columns, strict=True):
            in_order = sorted(cell, key=lambda one: (-one.base, one.left))
            for above, below in pairwise(in_order):
                if above.base - below.base < 0.5 * below.size:
                    continue
                word = below.width * len(below.text.split(" ", 1)[0]) / max(1, below.count)
                ended += 1
                broken += above.width + word > 0.97 * (right - left) - 0.25 * below.size
    return broken >= _BROKEN * ended > 0


def _pitch(side: Sequence[Stretch]) -> float:
    """Return the distance of lines within cells: the lower ones of all distances."""
    gaps = [
        above - below
        for above, below in pairwise(sorted((one.base for one in side), reverse=True))
        if above - below > 0.5 * side[0].size
    ]
    return sorted(gaps)[len(gaps) // 4] if gaps else float("inf")


def _rows(found: Sequence[Stretch], gap: float) -> list[list[Stretch]]:
    rows: list[list[Stretch]] = []
    last = float("inf")
    for one in sorted(found, key=lambda one: -one.base):
        if not rows or last - one.base > gap:
            rows.append([])
        rows[-1].append(one)
        last = one.base
    return rows


def _columns(found: Sequence[Stretch]) -> list[tuple[float, float]]:
    """Return left and right edges of what is parted by white from top to bottom."""
    columns: list[tuple[float, float]] = []
    for one in sorted(found, key=lambda one: one.left):
        if columns and one.left < columns[-1][1] + _WHITE_EMS * one.size:
            columns[-1] = columns[-1][0], max(columns[-1][1], one.right)
        else:
            columns.append((one.left, one.right))
    return columns


def _cell(row: Sequence[Stretch], column: tuple[float, float]) -> list[Stretch]:
    return [one for one in row if column[0] <= one.left <= column[1]]


def _lines(cell: Sequence[Stretch]) -> int:
    return len({round(one.base / (0.5 * one.size + 0.1)) for one in cell})
