"""Where in its file a stretch of canonical text stands, and how that is said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import get_args

from rag.types import Document, Mark, Place, PlaceKind

_ORDER: tuple[PlaceKind, ...] = get_args(PlaceKind)
_QUOTED: frozenset[PlaceKind] = frozenset(["part", "chapter", "sheet", "heading"])
_COUNTED: frozenset[PlaceKind] = frozenset(["page", "slide", "row", "record", "line"])

JOINT = " › "  # between the headings of a path
Headings = list[tuple[int, str]]
"""A path of headings, level and words of each, the widest first."""


def under(path: Headings, level: int, words: str) -> Headings:
    """Return the path of what stands below one more heading."""
    return [*((n, title) for n, title in path if n < level), (level, words)]


def joined(path: Headings) -> str:
    """Return a path of headings as it is told."""
    return JOINT.join(title for _, title in path if title)


def places(document: Document, start: int, end: int) -> tuple[Place, ...]:
    """Return where a stretch of a document's text stands in its file, the widest place first.

    Args:
        document: what it is of.
        start: first character of the stretch.
        end: one past its last character.
    """
    by_kind: dict[PlaceKind, list[Mark]] = {}
    for mark in document.marks:
        by_kind.setdefault(mark.kind, []).append(mark)
    found = []
    for kind in _ORDER:
        marks = by_kind.get(kind, [])
        first = _at(document.text, marks, start)
        if first:
            last = _at(document.text, marks, max(start, end - 1))
            found.append(Place(kind, first, last if last != first else ""))
    return tuple(found)


def _at(text: str, marks: Sequence[Mark], place: int) -> str:
    """Return the value of the mark that a character stands under, "" if none."""
    row = bisect_right(marks, place, key=lambda mark: mark.start) - 1
    if row < 0 or not marks[row].value:
        return ""
    mark = marks[row]
    if mark.kind == "line":
        return str(int(mark.value) + text.count("\n", mark.start, place))
    return mark.value


def told(found: Sequence[Place]) -> str:
    """Return places in words: `sheet “Budget”, rows 3–5`; "" where there are none."""
    return ", ".join(map(_told, worth_telling(found)))


def worth_telling(found: Sequence[Place]) -> list[Place]:
    """Return the places that are told.

    A line is told only where nothing else is, and a heading not beside a chapter of its words.
    """
    chapters = {place.value for place in found if place.kind == "chapter"}
    wider = [place for place in found if place.kind != "line"]
    return [p for p in wider if p.kind != "heading" or p.value not in chapters] or list(found)


def _told(place: Place) -> str:
    if place.kind in _COUNTED:
        if place.last:
            return f"{place.kind}s {place.value}–{place.last}"
        return f"{place.kind} {place.value}"
    if place.kind == "recognised":
        return f"recognised {place.value}"
    value = f"“{place.value}”" + (f" to “{place.last}”" if place.last else "")
    return value if place.kind in ("part", "heading") else f"{place.kind} {value}"
