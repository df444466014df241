"""Lines to paragraphs: where one ends is told by gaps, indents, type, and lines that end early."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from rag.documents.pdf.tables import BULLET, NUMBERED, Line

_WIDE_GAP = 1.35  # times the usual distance of lines
_OTHER_SIZE = 1.1
_INDENT_EMS = 0.8
_FREE_EMS = 0.5  # left free by a line that ended a sentence, beyond the next word: its end
_FREE_UNFINISHED_EMS = 2.0  # the same where no sentence ended
_MANY_LINES = 12  # of which a few may stand out
_SPACE_EMS = 0.3
_ENDED = re.compile(r"[.!?:;…。؟۔।][\"'”’»)\]⁰¹²³⁴⁵⁶⁷⁸⁹]*\Z")
_STOPPED = re.compile(r"[.!?…。؟۔।][\"'”’»)\]⁰¹²³⁴⁵⁶⁷⁸⁹]*\Z")
_SMALL_START = re.compile(r"[^\w]*[a-zß-öø-ÿα-ωа-я]")
_BOLD = 0.8
_TABLE_GAP_EMS = 4.0  # rows further apart are of two tables
_MOST_NOTES = 8  # blocks in smaller type between the two parts of a paragraph

Kind = Literal["text", "item", "row"]


@dataclass(slots=True)
class Block:
    """A paragraph, an item of a list, or the rows of a table.

    Attributes:
        kind: which of these.
        lines: from top to bottom.
        stop: where the lines around its last one end.
        aside: it stands turned, or in the margin.
    """

    kind: Kind
    lines: list[Line]
    stop: float = 0.0
    aside: bool = False

    @property
    def size(self) -> float:
        """Height of its type."""
        return median(line.size for line in self.lines)

    @property
    def is_bold(self) -> bool:
        """Whether it is set in bold."""
        return all(line.bold >= _BOLD for line in self.lines)


def blocks(region: Sequence[Line], *, aside: bool = False) -> list[Block]:
    """Return the paragraphs, items and tables of a region.

    Args:
        region: its lines from top to bottom.
        aside: it stands turned, or in the margin.
    """
    out: list[Block] = []
    pitch = _pitch(region)
    edges = _edges(region, pitch)
    for place, line in enumerate(region):
        before = region[place - 1] if place else None
        stop = edges[place][1]
        if line.is_row:
            framed = before is not None and before.is_framed and line.is_framed
            near = before is not None and _gap(before, line) < _TABLE_GAP_EMS * line.size
            if before is not None and before.is_row and (near or framed):
                out[-1].lines.append(line)
            else:
                out.append(Block("row", [line], stop, aside))
            continue
        if before is None or before.is_row or _parts(out[-1], before, line, edges[place], pitch):
            out.append(Block("item" if _is_item(line) else "text", [line], stop, aside))
        else:
            out[-1].lines.append(line)
    return out


def flowing(found: Sequence[Block]) -> list[Block]:
    """Join what goes on in the next column or on the next page.

    Notes in smaller type at the foot of a column come after the paragraph that they interrupt.

    Args:
        found: blocks of all regions of all pages, in reading order.
    """
    out: list[Block] = []
    for block in found:
        place = _open(out, block)
        if place is None:
            out.append(block)
        else:
            out[place].lines += block.lines
            out[place].stop = block.stop
    return out


def _open(out: Sequence[Block], block: Block) -> int | None:
    """Return which of the last blocks a block goes on with, if any."""
    if block.kind != "text" or block.aside or block.lines[0].is_leader:
        return None
    first = block.lines[0]
    for place in range(len(out) - 1, max(-1, len(out) - 2 - _MOST_NOTES), -1):
        last = out[place]
        line = last.lines[-1]
        if last.aside:
            continue
        same = max(last.size, block.size) < _OTHER_SIZE * min(last.size, block.size)
        if not same and last.kind == "text" and last.size < block.size:
            continue  # a note at the foot
        if not same or last.kind == "row" or last.is_bold != block.is_bold:
            return None
        if place == len(out) - 1 and line.page == first.page and line.base > first.base:
            # Below in the same column: that they are two paragraphs was decided before.
            overlap = min(line.right, first.right) - max(line.left, first.left)
            if overlap > 0:
                return None
        if _STOPPED.search(line.text) or first.page - line.page > 1:
            return None
        small = bool(_SMALL_START.match(first.text))
        full = line.stop > last.stop - 2 * line.size and len(last.lines) + len(block.lines) > 2
        return place if small or line.cut or (full and not _ENDED.search(line.text)) else None
    return None


def _parts(
    block: Block, before: Line, line: Line, edges: tuple[float, float], pitch: float
) -> bool:
    """Say whether a new paragraph begins with a line."""
    em = line.size
    if _is_gap(before, line, pitch) or before.is_leader or line.is_leader:
        return True
    if before.cut:
        return False
    small = bool(_SMALL_START.match(line.text))
    stopped = bool(_STOPPED.search(before.text))
    free = edges[1] - before.stop - _SPACE_EMS * em - _first_word(line)
    goes_on = small and not stopped
    if (before.bold >= _BOLD) != (line.bold >= _BOLD) and not goes_on:
        # Whole lines of bold above or below others are headings; a run-in word is no whole line.
        return True
    if _is_item(line) and _begins_item(block, before, line, free):
        return True
    if _is_centred(before, line, edges):
        return stopped
    if goes_on:
        return False
    if _is_indented(block, before, line, free):
        return True
    # The next word would have fitted: the line was ended on purpose.
    return free > (_FREE_EMS if stopped else _FREE_UNFINISHED_EMS) * em


def _begins_item(block: Block, before: Line, line: Line, free: float) -> bool:
    """Say whether a line that looks like the first of an item is one, and no broken line."""
    ended = bool(_ENDED.search(before.text))
    return ended or block.kind == "item" or free > line.size or line.start < before.start


def _is_gap(above: Line, below: Line, pitch: float) -> bool:
    """Say whether two lines do not belong to one paragraph by their distance or size."""
    gap = _gap(above, below)
    if gap > _WIDE_GAP * max(pitch, below.size) or gap < -0.5 * below.size:
        return True
    return max(above.size, below.size) > _OTHER_SIZE * min(above.size, below.size)


def _is_indented(block: Block, before: Line, line: Line, free: float) -> bool:
    """Say whether a line begins a paragraph by standing further in or out than the one before."""
    shift = line.start - before.start
    if shift > _INDENT_EMS * line.size:
        # Below the first line of a block it hangs, unless that line is short: then it was all.
        return len(block.lines) > 1 or (block.kind != "item" and free > 0)
    return shift < -_INDENT_EMS * line.size and len(block.lines) > 1


def _is_centred(before: Line, line: Line, edges: tuple[float, float]) -> bool:
    """Say whether two lines stand around one middle, the shorter one away from the edges."""
    em = line.size
    shift = abs((before.start + before.stop) - (line.start + line.stop)) / 2
    shorter = min(before, line, key=lambda one: one.right - one.left)
    free = min(shorter.start - edges[0], edges[1] - shorter.stop)
    return shift < 0.5 * em and free > _INDENT_EMS * em


def _is_item(line: Line) -> bool:
    """Say whether a line begins with the sign or number of a list's item."""
    first, _, rest = line.text.partition(" ")
    return bool(rest) and bool(BULLET.fullmatch(first) or NUMBERED.fullmatch(first))


def _first_word(line: Line) -> float:
    """Return about how wide the first word of a line is."""
    text = line.text
    word = text.split(" ", 1)[0]
    return (line.right - line.left) * len(word) / max(1, len(text))


def _gap(above: Line, below: Line) -> float:
    return above.base - below.base


def _pitch(region: Sequence[Line]) -> float:
    """Return the usual distance of lines in a region."""
    gaps = [
        _gap(above, below)
        for above, below in pairwise(region)
        if max(above.size, below.size) < _OTHER_SIZE * min(above.size, below.size)
        and 0.5 * below.size < _gap(above, below) < 3 * below.size
    ]
    return median(gaps) if gaps else 0.0


def _edges(region: Sequence[Line], pitch: float) -> list[tuple[float, float]]:
    """Return for each line where the lines around it begin and end, without gap between them."""
    groups: list[list[Line]] = []
    for line in region:
        if not groups or _is_gap(groups[-1][-1], line, pitch):
            groups.append([])
        groups[-1].append(line)
    out = []
    for group in groups:
        ends = sorted(line.stop for line in group)
        last = ends[-1] if len(ends) < _MANY_LINES else ends[int(0.95 * (len(ends) - 1))]
        out += [(min(line.start for line in group), last)] * len(group)
    return out
