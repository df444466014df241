"""Numbers that Word counts and does not write down: "2.", "(b)", "Article IV", "1.2"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rag.documents.archive import attribute, child, local, number
from rag.documents.docx.styles import Looks, Styles, is_on, list_of, value
from rag.documents.outline import numbered

_FORMS = {
    "decimal": "1",
    "decimalZero": "1",
    "lowerLetter": "a",
    "upperLetter": "A",
    "lowerRoman": "i",
    "upperRoman": "I",
}
_LEVELS = 9


class _List(NamedTuple):
    pattern: Any
    levels: dict[int, Any]
    again: dict[int, int]  # level -> the number from which it counts anew


class Numbering:
    """The lists of a document, each with how far it has counted.

    Args:
        root: of their part, None where there is none.
        styles: of the document.
    """

    def __init__(self, root: Any, styles: Styles) -> None:
        self._styles = styles
        self._lists: dict[str, Any] = {}
        self._patterns: dict[str, Any] = {}
        for element in root if root is not None else ():
            if local(element) == "num":
                self._lists.setdefault(attribute(element, "numId"), element)
            elif local(element) == "abstractNum":
                self._patterns.setdefault(attribute(element, "abstractNumId"), element)
        self._counts: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()
        self._known: dict[str, _List] = {}

    def label(self, looks: Looks) -> str:
        """Count a paragraph and return its label: "-", its number, "" where it has none."""
        found, style = list_of(looks)
        if found is None or found.list not in self._lists:
            return ""
        if found.list not in self._known:
            pattern = self._pattern(found.list)
            levels = {} if pattern is None else self._levels(found.list, pattern)
            again = dict(self._overrides(found.list))
            self._known[found.list] = _List(pattern, levels, again)
        pattern, levels, again = self._known[found.list]
        level = found.level
        if level is None:
            by_style = (n for n, e in levels.items() if value(child(e, "pStyle")) == style)
            level = next(by_style, 0)
        level = min(max(level, 0), _LEVELS - 1)
        if level not in levels:
            return ""
        counts = self._count(found.list, pattern, levels, level, again.get(level))
        return _label(levels, level, counts)

    def _pattern(self, name: str) -> Any:
        """Return what a list looks like; it may be said by a list style that names another."""
        for _ in range(2):
            found = self._patterns.get(value(child(self._lists.get(name), "abstractNumId")))
            link = value(child(found, "numStyleLink"))
            if not link:
                return found
            name = self._styles.list_of(link)
        return None

    def _levels(self, name: str, pattern: Any) -> dict[int, Any]:
        levels = {number(attribute(e, "ilvl")): e for e in pattern if local(e) == "lvl"}
        for override in self._lists[name]:
            if (own := child(override, "lvl")) is not None:
                levels[number(attribute(override, "ilvl"))] = own
        return levels

    def _count(
        self, name: str, pattern: Any, levels: dict[int, Any], level: int, again: int | None
    ) -> list[int | None]:
        """Count one on at a level, and return what all levels have come to."""
        counts = self._counts.setdefault(attribute(pattern, "abstractNumId"), [None] * _LEVELS)
        current = counts[level]
        if again is not None and (name, level) not in self._begun:
            counts[level] = again
        else:
            counts[level] = _start(levels, level) if current is None else current + 1
        self._begun.add((name, level))
        for upper in range(level):
            if counts[upper] is None:
                counts[upper] = _start(levels, upper)
        for lower in range(level + 1, _LEVELS):
            if value(child(levels.get(lower), "lvlRestart")) != "0":
                counts[lower] = None
        return counts

    def _overrides(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield the levels at which a list counts anew, and from what."""
        for override in self._lists[name]:
            if stated := value(child(override, "startOverride")):
                yield number(attribute(override, "ilvl"), -1), number(stated)


def _start(levels: dict[int, Any], level: int) -> int:
    return number(value(child(levels.get(level), "start")), 1)


def _label(levels: dict[int, Any], level: int, counts: list[int | None]) -> str:
    element = levels[level]
    form = value(child(element, "numFmt")) or "decimal"
    text = value(child(element, "lvlText"))
    if form == "bullet":
        return "-"
    legal = child(element, "isLgl")
    in_decimals = legal is not None and is_on(legal, "val", stated=True)

    def counted(found: re.Match[str]) -> str:
        at = int(found[1]) - 1
        stated = value(child(levels.get(at), "numFmt")) or "decimal"
        if stated == "none":
            return ""
        count = counts[at] or 0
        shown = numbered(count, "1" if in_decimals else _FORMS.get(stated, "1"))
        return shown.zfill(2) if stated == "decimalZero" else shown

    if form not in _FORMS and form != "none":
        return "-"  # numbers of other scripts and counting words
    return " ".join(re.sub(r"%([1-9])", counted, text).split())
