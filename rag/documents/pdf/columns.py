"""Reading order: columns are read one after the other, tables and forms line by line.

A page is cut at the strips of white that run down between columns. Stretches that cross such a
strip, such as headings over two columns, part what stands above from what stands below. Both sides
of a strip must look like running text, or it belongs to a table and is no border of columns.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np

from rag.documents.pdf.lines import Stretch
from rag.documents.pdf.wrapped import rows_of_cells

_DEEPEST = 6  # columns inside columns
_FEWEST_LINES = 3  # of a column
_FILLED = 0.75  # of a column's width; a longer line was broken because the next word did not fit
_FILLED_LINES = 0.5  # share of such lines in running text
_FEWEST_CHARACTERS = 10  # of a column's lines on the average
_MOST_DIGITS = 0.25  # of a column's characters
_MOST_LABELS = 0.35  # of a column's lines
_ALIGNED = 0.6  # share of lines that stand level with one of the other side, in a table
_WHITE_EMS = 0.5  # width of the strip, at least
_LEVEL_EMS = 0.15  # base lines nearer to each other are one
_MOST_STRIPS = 6


def regions(found: Sequence[Stretch], *, rtl: bool) -> list[list[Stretch]]:
    """Return the stretches of a page in groups that are read one after the other.

    Args:
        found: stretches of a page.
        rtl: the right column is read first.
    """
    return _cut(list(found), rtl, _DEEPEST)


def _cut(found: list[Stretch], rtl: bool, deepest: int) -> list[list[Stretch]]:
    framed = bool(found) and found[0].framed
    if deepest and not framed and len(found) >= 2 * _FEWEST_LINES:
        tried = [_bands(found, strip, rtl) for strip in _strips(found)]
        best = max(tried, key=lambda each: each[0], default=(0, []))
        if best[0]:
            return [part for band in best[1] for part in _cut(band, rtl, deepest - 1)]
    return [found] if found else []


def _strips(found: Sequence[Stretch]) -> list[float]:
    """Return where white strips may run down a page: those with most beside and least across."""
    left = np.array([one.left for one in found])
    right = np.array([one.right for one in found])
    edge = left.min()
    width = int(min(right.max() - edge, 20_000)) + 2
    begun = np.bincount((left - edge).astype(int).clip(0, width), minlength=width + 1).cumsum()
    ended = np.bincount((right - edge).astype(int).clip(0, width), minlength=width + 1).cumsum()
    beside = np.minimum(ended, len(found) - begun)
    worth = np.where(beside >= _FEWEST_LINES, 4 * beside - (begun - ended), -len(found))
    # Stretches of equal worth, and of these the peaks.
    steps = np.flatnonzero(np.diff(worth, prepend=worth[0] - 1, append=worth[-1] - 1))
    level = worth[steps[:-1]]
    padded = np.concatenate(([-len(found)], level, [-len(found)]))
    peaks = np.flatnonzero((level > padded[:-2]) & (level >= padded[2:]) & (level > -len(found)))
    best = sorted(peaks, key=lambda peak: -level[peak])[:_MOST_STRIPS]
    return [float(edge + (steps[peak] + steps[peak + 1]) / 2) for peak in best]


def _bands(found: Sequence[Stretch], strip: float, rtl: bool) -> tuple[int, list[list[Stretch]]]:
    """Return what a strip parts, in reading order, and how well it does so.

    Returns:
        Sum of the squares of how many stretches stand beside it without one that crosses it, 0 if
        there are no columns; and the groups.
    """
    crossing = _crossing(found, strip)
    across = set(map(id, crossing))
    sides: list[tuple[list[Stretch], list[Stretch]]] = [([], []) for _ in range(len(crossing) + 1)]
    levels = np.array([-one.base for one in crossing])
    for one in found:
        if id(one) not in across:
            row = int(np.searchsorted(levels, -one.base))
            sides[row][one.left >= strip].append(one)
    cells = [_cells(*pair) for pair in sides]
    columns = [not cells[row] and _are_columns(*pair) for row, pair in enumerate(sides)]
    if not any(columns) and not any(cells):
        return 0, []
    worth = 0
    out: list[list[Stretch]] = []
    mixed: list[Stretch] = []
    for row, pair in enumerate(sides):
        if cells[row]:
            worth += min(map(len, pair)) ** 2
            out += [mixed, cells[row]]
            mixed = []
        elif columns[row] or (any(columns) and _go_on(*pair)):
            worth += min(map(len, pair)) ** 2
            out += [mixed, *(reversed(pair) if rtl else pair)]
            mixed = []
        else:
            mixed = [*mixed, *pair[0], *pair[1]]
        mixed += crossing[row : row + 1]
    return worth, [part for part in [*out, mixed] if part]


def _crossing(found: Sequence[Stretch], strip: float) -> list[Stretch]:
    """Return what crosses a strip, and what stands on one line with it, from top to bottom."""
    crossing = [one for one in found if one.left < strip < one.right]
    if not crossing:
        return []
    near = _level(found, crossing)
    return sorted((one for one, is_near in near if is_near), key=lambda one: -one.base)


def _cells(left: Sequence[Stretch], right: Sequence[Stretch]) -> list[Stretch]:
    """Return the cells where two groups of stretches are a table with cells of several lines."""
    if min(len(left), len(right)) < _FEWEST_LINES or not _parted(left, right):
        return []
    return rows_of_cells(left, right)


def _are_columns(left: Sequence[Stretch], right: Sequence[Stretch]) -> bool:
    """Say whether two groups of stretches are columns of text beside each other."""
    if not (_is_text(left, _FEWEST_LINES) and _is_text(right, _FEWEST_LINES)):
        return False
    if not _parted(left, right):
        return False
    return (_is_filled(left) and _is_filled(right)) or _aligned(left, right) < _ALIGNED


def _go_on(left: Sequence[Stretch], right: Sequence[Stretch]) -> bool:
    """Say whether two groups beside a strip that parts columns elsewhere are columns too."""
    if not left or not right or max(_lines(left), _lines(right)) < _FEWEST_LINES:
        return False
    return _is_text(left, 1) and _is_text(right, 1) and _parted(left, right)


def _is_text(side: Sequence[Stretch], fewest: int) -> bool:
    if len(side) < fewest or _lines(side) < fewest:
        return False
    if sum(one.text.endswith((":", "：")) for one in side) > _MOST_LABELS * len(side):
        return False  # a form, with values beside its labels
    text = "".join(one.text for one in side)
    digits = sum(map(text.count, "0123456789"))
    return len(text) >= _FEWEST_CHARACTERS * len(side) and digits <= _MOST_DIGITS * len(text)


def _parted(left: Sequence[Stretch], right: Sequence[Stretch]) -> bool:
    size = median(one.size for one in [*left, *right])
    return min(one.left for one in right) - max(one.right for one in left) >= _WHITE_EMS * size


def _is_filled(side: Sequence[Stretch]) -> bool:
    width = max(one.right for one in side) - min(one.left for one in side)
    long = sum(one.width >= _FILLED * width for one in side)
    return long >= _FILLED_LINES * len(side) or _lines(side) < 0.7 * len(side)


def _aligned(left: Sequence[Stretch], right: Sequence[Stretch]) -> float:
    """Return the share of lines of the smaller side that stand level with one of the other."""
    few, many = sorted((left, right), key=len)
    return sum(is_near for _, is_near in _level(few, many)) / len(few)


def _level(found: Sequence[Stretch], others: Sequence[Stretch]) -> Iterator[tuple[Stretch, bool]]:
    """Yield stretches, and whether one of some others stands on the same line."""
    bases = sorted(one.base for one in others)
    for one in found:
        place = bisect_left(bases, one.base)
        gaps = [abs(base - one.base) for base in bases[max(0, place - 1) : place + 1]]
        yield one, min(gaps) < _LEVEL_EMS * one.size


def _lines(side: Sequence[Stretch]) -> int:
    """Return how many lines stretches stand on."""
    count, last = 0, float("inf")
    for one in sorted(side, key=lambda one: -one.base):
        if last - one.base > 0.5 * one.size:
            count += 1
            last = one.base
    return count
