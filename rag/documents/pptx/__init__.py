"""Presentations (.pptx): slide by slide, each shape in reading order, then the speaker's notes.

Read with lxml alone: python-pptx gives neither bullets nor numbers of paragraphs, nor diagrams.
"""

from __future__ import annotations

from typing import Any

from rag.documents.archive import (
    Archive,
    Relation,
    attribute,
    child,
    local,
    main_part,
    number,
    open_archive,
    properties,
    relations,
)
from rag.documents.body import Body
from rag.documents.outline import Cell, Outline, Tally, finished
from rag.documents.pptx.charts import put_chart, put_diagram
from rag.documents.pptx.shapes import (
    Layers,
    Shape,
    in_order,
    is_hidden,
    is_outside,
    put_text,
    table_rows,
)
from rag.documents.source import Content, Source

_EDGES = frozenset(["ftr", "dt", "hdr"])
_OFF = frozenset(["0", "false"])


def read_pptx(source: Source) -> Content:
    """Read a presentation.

    Raises:
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: it is damaged, locked, or no presentation.
    """
    archive = open_archive(source)
    try:
        return _Deck(archive).read()
    except RecursionError:
        problem = "its groups of shapes lie too deep inside each other"
        raise source.refused(f"{problem}; save it as a PDF file") from None


class _Deck:
    """A presentation while it is being read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._outline = Outline(Body())
        self._tally = Tally()
        self._layers: dict[str, Layers] = {}
        self._edges: dict[str, None] = {}
        self._hidden: list[str] = []
        name, root = main_part(archive, "ppt/presentation.xml", "presentation", "presentation")
        size = child(root, "sldSz")
        self._width = number(attribute(size, "cx")) if size is not None else 0
        self._height = number(attribute(size, "cy")) if size is not None else 0
        related = relations(archive, name)
        listed = child(root, "sldIdLst")
        # A slide that is listed twice is read once, and so is a chart.
        self._slides = dict.fromkeys(
            related.get(_relation(element), Relation("", "")).target
            for element in (listed if listed is not None else ())
        )
        self._read: set[str] = set()

    def read(self) -> Content:
        """Return what is in it."""
        for count, name in enumerate(self._slides, 1):
            if name not in self._archive:
                self._tally.add("missing")
                continue
            self._slide(str(count), name)
        self._outline.part("")
        self._outline.body.mark("slide", "")
        if self._edges:
            self._outline.part("footer")
            for text in self._edges:
                self._outline.paragraph(text)
        notes: list[str] = []
        if self._hidden:
            one = len(self._hidden) == 1
            which = (
                f"slide {self._hidden[0]} is" if one else f"slides {', '.join(self._hidden)} are"
            )
            notes.append(f"{which} hidden in the presentation and read all the same")
        source, stated = self._archive.source, properties(self._archive)
        return finished(source, "pptx", self._outline, self._tally, stated, notes)

    def _slide(self, count: str, name: str) -> None:
        root = self._archive.xml(name)
        related = relations(self._archive, name)
        if attribute(root, "show").lower() in _OFF:
            self._hidden.append(count)
        self._outline.part("")
        self._outline.body.mark("slide", count)
        shapes = self._layers_of(related).shapes(root)
        for shape in in_order(shapes, self._height):
            self._shape(shape, related)
        self._notes(related)
        comments = (r.target for r in related.values() if r.kind == "comments")
        for target in comments:
            if target in self._archive:
                found = self._archive.xml(target)
                self._tally.add("comment", sum(local(e) == "cm" for e in found))

    def _layers_of(self, related: dict[str, Relation]) -> Layers:
        layout = _target(related, "slideLayout")
        if layout not in self._layers:
            roots = []
            if layout in self._archive:
                roots.append(self._archive.xml(layout))
                master = _target(relations(self._archive, layout), "slideMaster")
                if master in self._archive:
                    roots.append(self._archive.xml(master))
            self._layers[layout] = Layers(roots)
            for shape in self._layers[layout].fixed:
                if text := _flat(child(shape.element, "txBody")):
                    self._edges[text] = None
        return self._layers[layout]

    def _shape(self, shape: Shape, related: dict[str, Relation]) -> None:
        self._outline.pause()
        if shape.kind == "sldNum":
            return
        body = child(shape.element, "txBody")
        text = _flat(body)
        if is_hidden(shape) or is_outside(shape, self._width, self._height):
            self._tally.hide(text)
        elif shape.kind in _EDGES:
            if any(c.isalnum() for c in text):
                self._edges[text] = None
        elif shape.is_title and text:
            self._outline.heading(1, text)
        elif body is not None:
            in_list = shape.kind in ("body", "obj")
            put_text(body, shape.styles, self._outline, in_list=in_list)
        elif local(shape.element) == "graphicFrame":
            self._frame(shape.element, related)
        elif local(shape.element) == "pic":
            self._tally.add("picture")

    def _frame(self, element: Any, related: dict[str, Relation]) -> None:
        """Put what a frame holds: a table, a chart, a diagram, another file."""
        held = child(element, "graphic", "graphicData")
        for inner in held if held is not None else ():
            name = local(inner)
            target = related.get(attribute(inner, "dm" if name == "relIds" else "id"))
            there = target is not None and target.target in self._archive
            if target is not None and name in ("chart", "relIds"):
                there = there and target.target not in self._read
                self._read.add(target.target)
            if name == "tbl":
                self._outline.table(table_rows(inner))
            elif name == "chart" and target is not None and there:
                if not put_chart(self._archive.xml(target.target), self._outline):
                    self._tally.add("chart")
            elif name == "relIds" and target is not None and there:
                put_diagram(self._archive.xml(target.target), self._outline)
            else:
                self._tally.add("chart" if name in ("chart", "relIds") else "embedded")

    def _notes(self, related: dict[str, Relation]) -> None:
        """Put what the speaker has noted for a slide."""
        name = _target(related, "notesSlide")
        if name not in self._archive:
            return
        path = self._outline.path
        for shape in Layers([]).shapes(self._archive.xml(name)):
            body = child(shape.element, "txBody")
            if shape.kind == "body" and body is not None:
                self._outline.part("notes", path)
                put_text(body, (), self._outline, in_list=False)


def _relation(element: Any) -> str:
    """Return the id of the relation of an entry; the entry has a plain id of its own too."""
    for key, value in element.attrib.items():
        if key.startswith("{") and key.endswith("}id"):
            return str(value)
    return ""


def _target(related: dict[str, Relation], kind: str) -> str:
    return next((r.target for r in related.values() if r.kind == kind), "")


def _flat(body: Any) -> str:
    """Return the text of a shape on one line."""
    cell = Cell()
    if body is not None:
        put_text(body, (), cell, in_list=False)
    return cell.text
