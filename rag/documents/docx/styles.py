"""Styles of a Word document: which paragraphs are headings, numbered, hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rag.documents.archive import attribute, child, local, number

_HEADING = re.compile(r"heading ([1-9])", re.I)
_CONTENTS = re.compile(r"toc(?: \d| heading)|table of (?:figures|authorities)|toa heading", re.I)
_LONGEST = 30  # styles based on each other
_OFF = frozenset(["0", "false", "off", "none"])


class Numbered(NamedTuple):
    """Which list a paragraph belongs to.

    Attributes:
        list: its number, "" where it is not said, "0" for none.
        level: from 0, None where it is not said.
    """

    list: str
    level: int | None


class Style(NamedTuple):
    """What a style comes to, with what it takes from those that it is based on.

    Attributes:
        level: of a heading, 0 for the title, None for what is no heading.
        numbered: the list that its paragraphs are in.
        numbered_by: the style that says so.
        is_hidden: whether its text is not shown, None where nothing is said.
        is_shaded: whether something other than white lies behind it.
        is_contents: whether it is for the lines of a table of contents.
    """

    level: int | None = None
    numbered: Numbered | None = None
    numbered_by: str = ""
    is_hidden: bool | None = None
    is_shaded: bool = False
    is_contents: bool = False


class Looks(NamedTuple):
    """How a paragraph looks.

    Attributes:
        own: what it says itself, None where it says nothing.
        style: what its style says.
    """

    own: Any
    style: Style


class Styles:
    """The styles of a document by id.

    Args:
        root: of their part, None where there is none.
    """

    def __init__(self, root: Any) -> None:
        self._elements: dict[str, Any] = {}
        self._default = ""
        self._styles: dict[str, Style] = {"": Style()}
        for style in root if root is not None else ():
            if local(style) == "style":
                self._elements.setdefault(attribute(style, "styleId"), style)
                if attribute(style, "type") == "paragraph" and is_on(style, "default"):
                    self._default = attribute(style, "styleId")

    def looks(self, paragraph: Any) -> Looks:
        """Return how a paragraph looks."""
        own = child(paragraph, "pPr")
        stated = value(child(own, "pStyle"))
        return Looks(own, self._style(stated if stated in self._elements else self._default))

    def list_of(self, style: str) -> str:
        """Return the number of the list that a list style stands for, "" for none."""
        found = _numbered(child(self._elements.get(style), "pPr", "numPr"))
        return found.list if found is not None else ""

    def is_hidden(self, run: Any, looks: Looks) -> bool:
        """Say whether the text of a run is not shown."""
        stated = child(run, "rPr")
        if (own := child(stated, "vanish")) is not None:
            return is_on(own, "val", stated=True)
        by_run = self._style(value(child(stated, "rStyle"))).is_hidden
        return bool(looks.style.is_hidden if by_run is None else by_run)

    def _style(self, name: str) -> Style:
        """Return what a style comes to."""
        if name not in self._styles:
            self._styles[name] = self._resolved(name)
        return self._styles[name]

    def _resolved(self, name: str) -> Style:
        chain = list(self._chain(name))
        hidden = (child(style, "rPr", "vanish") for style in chain)
        vanish = next((found for found in hidden if found is not None), None)
        lists = ((_numbered(child(s, "pPr", "numPr")), attribute(s, "styleId")) for s in chain)
        numbered, by = next(((n, by) for n, by in lists if n is not None and n.list), (None, ""))
        return Style(
            level=_level(chain),
            numbered=numbered,
            numbered_by=by,
            is_hidden=None if vanish is None else is_on(vanish, "val", stated=True),
            is_shaded=any(is_shade(child(style, "pPr", "shd")) for style in chain),
            is_contents=any(_CONTENTS.fullmatch(_name(style)) for style in chain[:1]),
        )

    def _chain(self, name: str) -> Iterator[Any]:
        """Yield a style and those that it is based on."""
        for _ in range(_LONGEST):
            if name not in self._elements:
                return
            yield self._elements[name]
            name = value(child(self._elements[name], "basedOn"))


def level_of(looks: Looks) -> int | None:
    """Return the level of a heading, 0 for the title, None for what is no heading."""
    stated = value(child(looks.own, "outlineLvl"))
    return _outline(stated) if stated else looks.style.level


def list_of(looks: Looks) -> tuple[Numbered | None, str]:
    """Return the list a paragraph is in, and the style that says so, "" for itself."""
    own = _numbered(child(looks.own, "numPr"))
    if own is not None and own.list:
        return own, ""
    found = looks.style.numbered
    if found is not None and own is not None and own.level is not None:
        found = Numbered(found.list, own.level)
    return found, looks.style.numbered_by


def is_shaded(looks: Looks) -> bool:
    """Say whether something other than white lies behind a paragraph."""
    return looks.style.is_shaded or is_shade(child(looks.own, "shd"))


def value(element: Any) -> str:
    """Return the value of an element that has nothing else, "" where there is no element."""
    return "" if element is None else attribute(element, "val")


def is_on(element: Any, name: str, *, stated: bool = False) -> bool:
    """Say whether a switch is on; a switch without a value is what `stated` says."""
    found = attribute(element, name).lower()
    return found not in _OFF if found else stated


def is_shade(element: Any) -> bool:
    """Say whether an element of shading shades."""
    if element is None:
        return False
    fill = attribute(element, "fill").lower()
    pattern = attribute(element, "val").lower()
    themed = bool(attribute(element, "themeFill"))
    return themed or fill not in ("", "auto", "ffffff") or pattern not in ("", "clear", "nil")


def _level(chain: Sequence[Any]) -> int | None:
    """Return the level of the headings of a style, given with those that it is based on."""
    for style in chain:
        if stated := value(child(style, "pPr", "outlineLvl")):
            return _outline(stated)
        if found := _HEADING.fullmatch(_name(style)):
            return int(found[1])
        if _name(style).lower() == "title":
            return 0
    return None


def _name(style: Any) -> str:
    return value(child(style, "name")).strip()


def _outline(stated: str) -> int | None:
    level = number(stated, 9)
    return level + 1 if 0 <= level < 9 else None


def _numbered(element: Any) -> Numbered | None:
    if element is None:
        return None
    level = value(child(element, "ilvl"))
    return Numbered(value(child(element, "numId")), number(level) if level else None)
