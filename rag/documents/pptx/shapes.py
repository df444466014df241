"""Shapes of a slide: where they stand, in which order they are read, what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

from rag.documents.archive import attribute, child, local, number
from rag.documents.outline import Cell, Sink, numbered, padded, raised

_MOST_BELOW = 200  # shapes of a layout or master
_TITLES = frozenset(["title", "ctrTitle"])
_LISTS = frozenset(["body", "obj"])
_FORMS = {"arabic": "1", "alphaLc": "a", "alphaUc": "A", "romanLc": "i", "romanUc": "I"}
_AUTO = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(Period|ParenR|ParenBoth|Plain)")
_AROUND = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}."}
_SAME_ROW = 0.04  # of the height of a slide; tops nearer than that are in one row


class Box(NamedTuple):
    """Where a shape stands, in the units of the file.

    Attributes:
        left: of its left edge.
        top: of its upper edge.
        width: of it.
        height: of it.
    """

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape that may hold text.

    Attributes:
        element: sp, graphicFrame, pic or the like.
        box: where it stands, None where the file does not say.
        kind: of placeholder ("title", "body", "sldNum"), None for none.
        index: of the placeholder.
        styles: elements that say how its paragraphs look, the nearest first.
    """

    element: Any
    box: Box | None
    kind: str | None
    index: str
    styles: tuple[Any, ...] = ()

    @property
    def is_title(self) -> bool:
        """Whether it is the title of its slide."""
        return self.kind in _TITLES


class Layers:
    """The layout and the master below a slide, which say what the slide leaves out.

    Args:
        roots: their root elements, the nearest first.
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        self._placeholders = [
            [
                (shape, child(shape.element, "txBody", "lstStyle"))
                for shape in islice(_walk(_tree(root)), _MOST_BELOW)
            ]
            for root in roots
        ]
        self.fixed = [s for layer in self._placeholders for s, _ in layer if s.kind is None]
        """Shapes that stand on every slide."""
        self._texts = next(
            (t for root in roots if (t := child(root, "txStyles")) is not None), None
        )

    def shapes(self, root: Any) -> list[Shape]:
        """Return the shapes of a slide, each with what its layers add."""
        return [self._completed(shape) for shape in _walk(_tree(root))]

    def _completed(self, shape: Shape) -> Shape:
        styles = [child(shape.element, "txBody", "lstStyle")]
        box = shape.box
        for below in self._placeholders if shape.kind is not None else ():
            found = _matching(shape, [placeholder for placeholder, _ in below])
            if found is not None:
                styles.append(next(style for other, style in below if other is found))
                box = box or found.box
        name = "titleStyle" if shape.is_title else "otherStyle"
        if shape.kind in _LISTS | {"subTitle"}:
            name = "bodyStyle"
        styles.append(child(self._texts, name))
        known = tuple(style for style in styles if style is not None)
        return replace(shape, box=box, styles=known)


def in_order(shapes: Sequence[Shape], height: int) -> list[Shape]:
    """Return shapes as they are read: the title, then row by row, left to right in a row.

    Args:
        shapes: of one slide.
        height: of the slide.
    """
    titles = [shape for shape in shapes if shape.is_title]
    placed = [(s.box, s) for s in shapes if not s.is_title and s.box is not None]
    floating = [shape for shape in shapes if not shape.is_title and shape.box is None]
    rows: list[list[tuple[Box, Shape]]] = []
    for box, shape in sorted(placed, key=lambda pair: pair[0].top):
        if rows and box.top - rows[-1][0][0].top <= _SAME_ROW * height:
            rows[-1].append((box, shape))
        else:
            rows.append([(box, shape)])
    found = [s for row in rows for _, s in sorted(row, key=lambda pair: pair[0].left)]
    return [*titles, *found, *floating]


def is_outside(shape: Shape, width: int, height: int) -> bool:
    """Say whether a shape stands beside its slide, where nobody sees it."""
    box = shape.box
    if box is None or box.width <= 0 or box.height <= 0 or width <= 0 or height <= 0:
        return False
    beside = box.left >= width or box.left + box.width <= 0
    return beside or box.top >= height or box.top + box.height <= 0


def is_hidden(shape: Shape) -> bool:
    """Say whether a shape is switched off."""
    return attribute(_named(shape.element), "hidden").lower() in ("1", "true")


def put_text(body: Any, styles: Sequence[Any], sink: Sink, *, in_list: bool) -> None:
    """Put the paragraphs of a shape.

    Args:
        body: its txBody.
        styles: what says how they look, the nearest first.
        sink: what they are put into.
        in_list: paragraphs are items where nothing says otherwise.
    """
    counts: dict[int, int] = {}
    looks: dict[int, list[Any]] = {}
    for paragraph in body:
        if local(paragraph) != "p":
            continue
        text = paragraph_text(paragraph)
        own = child(paragraph, "pPr")
        level = number(attribute(own, "lvl")) if own is not None else 0
        if not text.strip():
            continue
        if level not in looks:
            below = (child(style, f"lvl{level + 1}pPr") for style in styles)
            looks[level] = [stated for stated in below if stated is not None]
        stated = [own, *looks[level]] if own is not None else looks[level]
        label = _label(stated, level, counts) or ("-" if in_list and not styles else "")
        for lower in [n for n in counts if n > level]:
            del counts[lower]
        if label:
            sink.item(label, text)
        else:
            counts.clear()
            sink.paragraph(text)


def paragraph_text(paragraph: Any) -> str:
    """Return the text of one paragraph of a drawing."""
    found: list[str] = []
    for element in paragraph:
        name = local(element)
        if name == "br":
            found.append("\n")
        elif name in ("r", "fld") and not attribute(element, "type").startswith("slidenum"):
            text = "".join(e.text or "" for e in element if local(e) == "t")
            stated = child(element, "rPr")
            up = number(attribute(stated, "baseline")) > 0 if stated is not None else False
            found.append(raised(text) if up else text)
        elif name in ("m", "AlternateContent"):
            found.append("".join(e.text or "" for e in element.iter() if local(e) == "t"))
    # PowerPoint writes a vertical tab for a line break in a title.
    return "".join(found).replace("\v", "\n").replace("_x000B_", "\n")


def table_rows(table: Any) -> list[list[str]]:
    """Return the cells of a table of a slide."""
    rows: list[list[str]] = []
    for row in table:
        if local(row) != "tr":
            continue
        rows.append([])
        skipped = 0
        for cell in row:
            if local(cell) != "tc":
                continue
            if attribute(cell, "hMerge") in ("1", "true") and skipped:
                skipped -= 1
                continue
            inner = Cell()
            if (body := child(cell, "txBody")) is not None:
                put_text(body, (), inner, in_list=False)
            found = padded(inner.text, number(attribute(cell, "gridSpan"), 1))
            skipped = len(found) - 1
            rows[-1] += found
    return rows


def _label(stated: Sequence[Any], level: int, counts: dict[int, int]) -> str:
    """Return how a paragraph is marked: "-", its number, "" where it is not.

    Args:
        stated: what says so, the nearest first.
        level: of the paragraph.
        counts: of the numbers at each level, counted on.
    """
    for looks in stated:
        for element in looks:
            match local(element):
                case "buNone":
                    return ""
                case "buChar" | "buBlip":
                    return "-"
                case "buAutoNum":
                    return _count(element, level, counts)
    return ""


def _count(element: Any, level: int, counts: dict[int, int]) -> str:
    first = number(attribute(element, "startAt"), 1)
    counts[level] = counts.get(level, first - 1) + 1
    found = _AUTO.fullmatch(attribute(element, "type"))
    if found is None:
        return f"{counts[level]}."
    return _AROUND[found[2]].format(numbered(counts[level], _FORMS[found[1]]))


def _tree(root: Any) -> Any:
    found = child(root, "cSld", "spTree")
    return found if found is not None else ()


def _walk(tree: Any, scale: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Iterator[Shape]:
    """Yield the shapes of a tree, those in groups where they stand on the slide.

    Args:
        tree: spTree or grpSp.
        scale: left and top to add, and what widths and heights are multiplied by.
    """
    for element in tree:
        match local(element):
            case "grpSp":
                if attribute(_named(element), "hidden").lower() not in ("1", "true"):
                    yield from _walk(element, _inside(element, scale))
            case "AlternateContent":
                chosen = next((e for e in element if local(e) == "Choice"), None)
                yield from _walk(
                    chosen if chosen is not None else child(element, "Fallback"), scale
                )
            case "sp" | "pic" | "graphicFrame" | "cxnSp":
                placeholder = next((e for e in _nonvisual(element) if local(e) == "ph"), None)
                kind = index = None
                if placeholder is not None:
                    kind = attribute(placeholder, "type") or "obj"
                    index = attribute(placeholder, "idx")
                yield Shape(element, _box(element, scale), kind, index or "")


def _nonvisual(element: Any) -> Iterator[Any]:
    """Yield what a shape says of itself besides its looks."""
    for part in element:
        if local(part).startswith("nv"):
            for inner in part:
                yield inner
                yield from inner


def _named(element: Any) -> Any:
    """Return the element with a shape's name, the shape itself where it has none."""
    return next((e for e in _nonvisual(element) if local(e) == "cNvPr"), element)


def _box(element: Any, scale: tuple[float, float, float, float]) -> Box | None:
    frame = child(element, "spPr", "xfrm")
    frame = child(element, "xfrm") if frame is None else frame
    corner, size = child(frame, "off"), child(frame, "ext")
    if corner is None or size is None:
        return None
    left, top, wide, high = scale
    x, y = (number(attribute(corner, side)) for side in "xy")
    width, height = (number(attribute(size, side)) for side in ("cx", "cy"))
    return Box(left + x * wide, top + y * high, width * wide, height * high)


def _inside(
    group: Any, scale: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """Return how the coordinates inside a group become those of the slide."""
    frame = child(group, "grpSpPr", "xfrm")
    corner, size = child(frame, "off"), child(frame, "ext")
    inner, extent = child(frame, "chOff"), child(frame, "chExt")
    if corner is None or size is None or inner is None or extent is None:
        return scale
    left, top, wide, high = scale
    across = number(attribute(size, "cx")) / (number(attribute(extent, "cx")) or 1)
    down = number(attribute(size, "cy")) / (number(attribute(extent, "cy")) or 1)
    x = number(attribute(corner, "x")) - number(attribute(inner, "x")) * across
    y = number(attribute(corner, "y")) - number(attribute(inner, "y")) * down
    return left + x * wide, top + y * high, wide * across, high * down


def _matching(shape: Shape, below: Sequence[Shape]) -> Shape | None:
    """Return the placeholder of a layer that a shape takes after."""
    for candidate in below:
        if candidate.kind is not None and shape.index and candidate.index == shape.index:
            return candidate
    kinds = {shape.kind}
    if shape.is_title:
        kinds |= _TITLES
    elif shape.kind in _LISTS:
        kinds |= {"body", "obj"}
    return next((candidate for candidate in below if candidate.kind in kinds), None)
