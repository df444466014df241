"""Running headers, footers and page numbers: what stands at the edge of page after page.

The outermost lines of all pages are compared, then those within them, and so on. A line is
furniture where the same words stand at the same height near the edge of three pages, or the same
words with a number that counts on with the pages, wherever these end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rag.documents.pdf.lines import Stretch, same_row

_FEWEST_PAGES = 3
_FEWEST_PAGES_COUNTED = 4  # where only the number at the line's end counts on
_MOST_LINES = 4  # at either edge
_MOST_CHARACTERS = 160  # of a line
_ZONE = 0.15  # of the height of the page, at its edges; elsewhere words repeat as forms do
_HEIGHT = 12.0  # points; lines nearer to each other on their pages stand at the same height
_MOST_NUMBERS = 4  # in a line
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_NOTED = 3  # lines that are quoted
_NOTED_CHARACTERS = 60

Key = tuple[str, str, int]


@dataclass(slots=True)
class Laid:
    """The stretches of a page.

    Attributes:
        number: of the page.
        high: of the page, in points.
        upright: stretches in the direction in which most is written.
        aside: stretches in other directions.
        rtl: it is written from right to left.
    """

    number: int
    high: float
    upright: list[Stretch] = field(default_factory=list)
    aside: list[list[Stretch]] = field(default_factory=list)
    rtl: bool = False


def take_furniture(pages: Sequence[Laid], notes: list[str]) -> None:
    """Take running headers, footers and page numbers out of the pages, and note what they say.

    Args:
        pages: changed in place.
        notes: what a user should know of the document.
    """
    taken: dict[str, str] = {}
    total = max((page.number for page in pages), default=0)
    for edge in (-1, 1):
        for _ in range(_MOST_LINES):
            if not _peel(pages, edge, total, taken):
                break
    _take_from_margins(pages, taken)
    if taken:
        words = [text for text in taken.values() if re.search(r"[^\W\d_]{2}", text)]
        quoted = ", ".join(f"“{text[:_NOTED_CHARACTERS]}”" for text in words[:_NOTED])
        more = f" and {len(words) - _NOTED} more" if len(words) > _NOTED else ""
        what = "lines that repeat at the edge of pages" if words else "page numbers"
        notes.append(f"{what} left out{': ' if words else ''}{quoted}{more}")


def _peel(pages: Sequence[Laid], edge: int, total: int, taken: dict[str, str]) -> bool:
    """Take the outermost line of pages where it is furniture; say whether there was any."""
    outermost = []
    on_pages: dict[Key, set[int]] = defaultdict(set)
    for page in pages:
        line = _outermost(page.upright, edge)
        text = " ".join(" ".join(one.text for one in line).split())
        keys = list(_keys(text, page, line, edge)) if 0 < len(text) <= _MOST_CHARACTERS else []
        outermost.append((page, line, text, keys))
        for key in keys:
            on_pages[key].add(page.number)
    any_taken = False
    for page, line, text, keys in outermost:
        named = keys and total > 1 and _names_itself(text, page.number, total)
        if named or any(len(on_pages[key]) >= _needed(key) for key in keys):
            gone = set(map(id, line))
            page.upright = [one for one in page.upright if id(one) not in gone]
            taken.setdefault(re.sub(r"\d+", "#", text.lower()), text)
            any_taken = True
    return any_taken


def _outermost(found: Sequence[Stretch], edge: int) -> list[Stretch]:
    """Return the stretches of the highest line (edge 1) or the lowest (-1), from left to right."""
    if not found:
        return []
    first = max(found, key=lambda one: edge * one.base)
    return sorted((one for one in found if same_row(first, one)), key=lambda one: one.left)


def _keys(text: str, page: Laid, line: Sequence[Stretch], edge: int) -> Iterator[Key]:
    """Yield under what a line is compared with the lines of other pages."""
    folded = text.lower()
    height = (page.high if edge > 0 else 0.0) - edge * line[0].base
    heights = (int(height / _HEIGHT), int(height / _HEIGHT + 0.5))
    if height < _ZONE * page.high:
        for which, level in enumerate(heights):
            yield f"words{which}", folded, level
    numbers = list(re.finditer(r"\d{1,5}", folded))
    for found in numbers if len(numbers) <= _MOST_NUMBERS else ():
        step = int(found[0]) - page.number
        yield "counted", f"{folded[: found.start()]}\0{folded[found.end() :]}", step
        if found.start() == 0 or found.end() == len(folded):
            for which, level in enumerate(heights):
                yield f"edge{which}", str(level), step
    if re.fullmatch(r"[ivxlc]{1,7}", folded):
        yield "counted", "roman", _roman(folded) - page.number


def _names_itself(text: str, number: int, total: int) -> bool:
    """Say whether a line says that it is on page 2 of 3."""
    found = re.search(
        r"\b(\d{1,5})\s*(?:of|/|von|de|sur|di|van|av|z|из)\s*(\d{1,5})\b", text.lower()
    )
    return bool(found and int(found[1]) == number and int(found[2]) == total)


def _needed(key: Key) -> int:
    return _FEWEST_PAGES_COUNTED if key[0].startswith("edge") else _FEWEST_PAGES


def _roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < after else value for value, after in pairs)


def _take_from_margins(pages: Iterable[Laid], taken: dict[str, str]) -> None:
    """Take what stands turned in the margin of three pages or more."""
    pages = list(pages)
    on_pages: dict[str, set[int]] = defaultdict(set)
    for page in pages:
        for one in (one for group in page.aside for one in group):
            on_pages[one.text.lower()].add(page.number)
    for page in pages:
        for group in page.aside:
            for one in list(group):
                if len(on_pages[one.text.lower()]) >= _FEWEST_PAGES:
                    group.remove(one)
                    taken.setdefault(one.text.lower(), one.text)
