"""OpenDocument texts (.odt): the text as its reader sees it, with numbers, notes and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rag.documents.archive import (
    Archive,
    attribute,
    child,
    is_said,
    local,
    number,
    open_archive,
)
from rag.documents.body import Body
from rag.documents.facts import LABELS, Fact
from rag.documents.outline import Cell, Outline, Sink, Tally, finished, numbered, padded, raised
from rag.documents.source import Content, Source

_LONGEST = 30  # styles based on each other
_MOST_SPACES = 100
_MOST_COPIES = 1000  # of rows and cells that say they are repeated, in all tables together
_MOST_COPIED = 1000  # characters of one that is
# Elements that only hold the blocks inside them.
_HOLDERS = frozenset(["section", "index-body", "numbered-paragraph", "text-box"])
_CONTENTS = frozenset(
    [
        *("table-of-content", "illustration-index", "table-index", "object-index", "user-index"),
        *("alphabetical-index",),
    ]
)
_NO_COLOUR = frozenset(["", "transparent", "#ffffff"])
_UNREAD = frozenset(
    [
        *("tracked-changes", "sequence-decls", "variable-decls", "user-field-decls", "forms"),
        *("dde-connection-decls", "hidden-text", "annotation-end", "meta-field-decls", "ruby-text"),
    ]
)


def read_odt(source: Source) -> Content:
    """Read an OpenDocument text.

    Raises:
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: it is damaged, locked, or no text document.
    """
    archive = open_archive(source)
    _check_lock(archive)
    try:
        return _Text(archive).read()
    except RecursionError:
        problem = "its tables and frames lie too deep inside each other"
        raise source.refused(f"{problem}; save it as plain text") from None


def _check_lock(archive: Archive) -> None:
    listed = "META-INF/manifest.xml"
    locked = "encrypted-package" in archive
    if not locked and listed in archive:
        locked = any(local(e) == "encryption-data" for e in archive.xml(listed).iter())
    if locked:
        problem = "it is protected by a password; open it and save it without one"
        raise archive.source.refused(problem)


class _Styles:
    """What the styles of a document say of its paragraphs and lists."""

    def __init__(self, roots: list[Any]) -> None:
        self._styles: dict[tuple[str, str], Any] = {}
        self.lists: dict[str, Any] = {}
        self.outline: Any = None
        self.pages: dict[str, Any] = {}
        self._layouts: list[Any] = []
        self._said: dict[tuple[str, str, str], str] = {}
        for root in roots:
            for group in root:
                for style in group:
                    self._keep(style)

    def _keep(self, style: Any) -> None:
        name = attribute(style, "name")
        match local(style):
            case "style":
                self._styles[attribute(style, "family"), name] = style
            case "list-style":
                self.lists[name] = style
            case "outline-style":
                self.outline = style
            case "master-page":
                self.pages[name] = style
            case "page-layout":
                self._layouts.append(style)

    def chain(self, family: str, name: str) -> Iterator[Any]:
        """Yield a style and those that it is based on."""
        for _ in range(_LONGEST):
            if (style := self._styles.get((family, name))) is None:
                return
            yield style
            name = attribute(style, "parent-style-name")

    def says(self, family: str, name: str, stated: str) -> str:
        """Return what a style says of its looks, "" where nothing is said."""
        key = (family, name, stated)
        if key not in self._said:
            self._said[key] = self._says(family, name, stated)
        return self._said[key]

    def _says(self, family: str, name: str, stated: str) -> str:
        for style in self.chain(family, name):
            for looks in style:
                if local(looks).endswith("-properties") and (found := attribute(looks, stated)):
                    return found
        return ""

    def is_hidden(self, family: str, name: str) -> bool:
        """Say whether the text of a style is not shown."""
        return self.says(family, name, "display") == "none"

    def is_white(self, family: str, name: str) -> bool:
        """Say whether the text of a style is white and nothing lies behind it."""
        is_bare = self.says(family, name, "background-color") in _NO_COLOUR
        return is_bare and self.says(family, name, "color") == "#ffffff"

    @property
    def has_background(self) -> bool:
        """Whether some kind of page has a colour of its own."""
        return any(
            attribute(looks, "background-color") not in _NO_COLOUR
            for layout in self._layouts
            for looks in layout
        )

    def is_raised(self, name: str) -> bool:
        """Say whether text of a style is a superscript."""
        place = self.says("text", name, "text-position").split(" ")[0]
        return place == "super" or (place.endswith("%") and number(place[:-1]) > 0)

    def used_pages(self, content: Any) -> list[Any]:
        """Return the kinds of page that the document may have."""
        named = {attribute(e, "master-page-name") for e in content.iter() if local(e) == "style"}
        named |= {attribute(s, "master-page-name") for s in self._styles.values()}
        return [page for name, page in self.pages.items() if name in named | {"Standard"}]


class _Text:
    """A text document while it is being read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._content = archive.xml("content.xml")
        self._tally = Tally()
        self._outline = Outline(Body())
        self._sink: Sink = self._outline
        roots = [archive.xml("styles.xml")] if "styles.xml" in archive else []
        self._styles = _Styles([*roots, self._content])
        self._has_background = self._styles.has_background
        self._counts: dict[str, dict[int, int]] = {}
        self._levels: dict[str, dict[int, Any]] = {}
        self._copies_left = _MOST_COPIES
        self._notes: list[tuple[str, str, str, Any]] = []
        self._frames: list[Any] = []
        self._apart = 0  # tables and frames around what is read

    def read(self) -> Content:
        """Return what is in it."""
        text = child(self._content, "body", "text")
        if text is None:
            problem = "it is no text document but something else in such a file"
            raise self._archive.source.refused(f"{problem}; give it the suffix of what it is")
        for element in text.iter():
            if local(element) == "changed-region":
                self._tally.add("deletion", child(element, "deletion") is not None)
                self._tally.add("insertion", child(element, "insertion") is not None)
        self._blocks(text)
        self._put_notes()
        self._put_edges()
        source, facts = self._archive.source, self._facts()
        return finished(source, "odt", self._outline, self._tally, facts)

    def _facts(self) -> list[Fact]:
        if "meta.xml" not in self._archive:
            return []
        stated: dict[str, str] = {}
        for element in self._archive.xml("meta.xml").iter():
            if not len(element):
                stated.setdefault(local(element), " ".join((element.text or "").split()))
        values = {
            "title": stated.get("title", ""),
            "author": stated.get("initial-creator") or stated.get("creator", ""),
            "created": stated.get("creation-date", ""),
            "updated": stated.get("date", ""),
        }
        return [Fact(k, LABELS[k], value) for k, value in values.items() if is_said(k, value)]

    def _blocks(self, parent: Any) -> None:
        for element in parent:
            name = local(element)
            if name in _UNREAD:
                continue
            if name in ("p", "h"):
                self._paragraph(element)
            elif name == "list":
                self._list(element, "", 1)
            elif name == "table":
                self._table(element)
            elif name in _CONTENTS:
                self._tally.add("contents")
            elif name == "section" and attribute(element, "display") in ("none", "condition"):
                self._tally.hide(_plain(element))
            elif name in _HOLDERS:
                self._blocks(element)
            elif name in ("frame", "custom-shape", "rect", "g"):
                self._frames.append(element)
                self._put_frames()

    def _paragraph(self, element: Any, label: str = "") -> bool:
        """Put a paragraph or heading, and say whether there was any text in it."""
        style = attribute(element, "style-name")
        hidden: list[str] = []
        text = "".join(self._inline(element, hidden))
        if self._is_unseen("paragraph", style):
            hidden, text = [*hidden, text], ""
        self._tally.hide("".join(hidden))
        if local(element) == "h" and not self._apart and text.strip():
            level = max(1, number(attribute(element, "outline-level"), 1))
            counted = self._heading_number(element, level)
            self._sink.heading(level, f"{label or counted} {text}".strip())
        elif label:
            self._sink.item(label, text)
        elif self._is_title(style):
            self._sink.heading(0, text)
        else:
            self._sink.paragraph(text)
        self._put_frames()
        return bool(text.strip())

    def _is_title(self, style: str) -> bool:
        named = (attribute(s, "name") for s in self._styles.chain("paragraph", style))
        return not self._apart and "Title" in named

    def _heading_number(self, element: Any, level: int) -> str:
        if self._styles.outline is None or attribute(element, "is-list-header") == "true":
            return ""
        return self._label(
            self._styles.outline, "\0outline", level, attribute(element, "start-value")
        )

    def _inline(self, parent: Any, hidden: list[str]) -> Iterator[str]:
        """Yield the text in a paragraph or in a stretch of one."""
        yield parent.text or ""
        for element in parent:
            yield from self._stretch(element, hidden)
            yield element.tail or ""

    def _stretch(self, element: Any, hidden: list[str]) -> Iterator[str]:
        match local(element):
            case "s":
                yield " " * min(number(attribute(element, "c"), 1), _MOST_SPACES)
            case "tab":
                yield "\t"
            case "line-break":
                yield "\n"
            case "note":
                self._note(element)
            case "annotation":
                self._tally.add("comment")
            case "frame" | "custom-shape" | "rect" | "g" | "object":
                self._frames.append(element)
            case "span":
                style = attribute(element, "style-name")
                text = "".join(self._inline(element, hidden))
                if self._is_unseen("text", style):
                    hidden.append(text)
                else:
                    yield raised(text) if self._styles.is_raised(style) else text
            case "hidden-text" | "hidden-paragraph":
                hidden.append("".join(element.itertext()))
            case "":
                pass
            case name if name in _UNREAD:
                pass
            case _:
                yield from self._inline(element, hidden)

    def _is_unseen(self, family: str, style: str) -> bool:
        """Say whether text is hidden, or white on white."""
        if self._styles.is_hidden(family, style):
            return True
        # In tables and frames, white letters stand on a colour that is said somewhere else.
        bare = not self._apart and not self._has_background
        return bare and self._styles.is_white(family, style)

    def _note(self, element: Any) -> None:
        kind = attribute(element, "note-class") or "footnote"
        body = child(element, "note-body")
        if body is not None:
            cited = child(element, "note-citation")
            sign = "" if cited is None else "".join(cited.itertext()).strip()
            self._notes.append((f"{kind}s", sign, self._outline.path, body))

    def _put_notes(self) -> None:
        """Put the notes at the end, those at the foot of pages first."""
        waiting, self._notes = self._notes, []
        for kind, sign, path, body in sorted(waiting, key=lambda note: note[0] != "footnotes"):
            text = self._apart_from(body)
            self._outline.part(kind, path)
            self._outline.body.add(f"{sign}. {text}" if sign.isalnum() and text else text)

    def _put_edges(self) -> None:
        """Put the headers and footers of pages, once each."""
        for kind in ("header", "footer"):
            seen: dict[str, None] = {}
            for page in self._styles.used_pages(self._content):
                for element in page:
                    if local(element).startswith(kind) and attribute(element, "display") != "false":
                        seen[self._apart_from(element)] = None
            for text in seen:
                # A bare page number says nothing.
                if any(c.isalpha() for c in text):
                    self._outline.part(kind)
                    self._outline.body.add(text)

    def _apart_from(self, parent: Any) -> str:
        """Return the text of blocks that do not stand in the main text."""
        outer, body = self._sink, Body()
        self._sink = Outline(body)
        self._apart += 1
        self._blocks(parent)
        self._apart -= 1
        self._sink = outer
        return body.text

    def _put_frames(self) -> None:
        waiting, self._frames = self._frames, []
        self._apart += 1
        for frame in waiting:
            self._frame(frame)
        self._apart -= 1

    def _frame(self, frame: Any) -> None:
        """Put the text of a frame, and count what in it is no text."""
        name = local(frame)
        held = [local(element) for element in frame]
        if name in ("custom-shape", "rect"):
            self._blocks(frame)
        elif name == "g":
            for inner in frame:
                self._frame(inner)
        elif "text-box" in held:
            self._blocks(frame)
        elif "object" in held or "object-ole" in held:
            self._tally.add("chart" if "object" in held else "embedded")
        elif "image" in held:
            self._tally.add("picture")

    def _list(self, element: Any, style: str, level: int) -> None:
        style = attribute(element, "style-name") or style
        key = style
        goes_on = attribute(element, "continue-numbering") == "true"
        goes_on = goes_on or bool(attribute(element, "continue-list"))
        if not goes_on:
            counts = self._counts.setdefault(key, {})
            for deeper in [n for n in counts if n >= level]:
                del counts[deeper]
        pattern = self._styles.lists.get(style)
        for item in element:
            if local(item) in ("list-item", "list-header"):
                start = attribute(item, "start-value")
                self._item(item, style, pattern, level, start)

    def _item(self, item: Any, style: str, pattern: Any, level: int, start: str) -> None:
        """Put an item; its label stands before its first paragraph."""
        label = ""
        is_new = local(item) == "list-item"
        for element in item:
            if local(element) == "list":
                self._list(element, style, level + 1)
            elif local(element) in ("p", "h"):
                if is_new and _plain(element).strip():
                    label = "-" if pattern is None else self._label(pattern, style, level, start)
                    is_new = False
                self._paragraph(element, label)
                label = ""
            else:
                self._blocks([element])

    def _label(self, pattern: Any, key: str, level: int, start: str) -> str:
        """Count an item and return its label: "-", its number, "" where it has none."""
        if key not in self._levels:
            self._levels[key] = {number(attribute(e, "level")): e for e in pattern}
        levels = self._levels[key]
        looks = levels.get(level)
        if looks is None:
            return ""
        if "bullet" in local(looks) or "image" in local(looks):
            return "-"
        counts = self._counts.setdefault(key, {})
        for deeper in [n for n in counts if n > level]:
            del counts[deeper]
        first = number(attribute(looks, "start-value"), 1)
        counts[level] = number(start, 1) if start else counts.get(level, first - 1) + 1
        form = attribute(looks, "num-format")
        if not form:
            return ""
        shown = max(1, min(number(attribute(looks, "display-levels"), 1), level))
        forms = {n: attribute(levels[n], "num-format") if n in levels else "" for n in range(level)}
        forms[level] = form
        pieces = [
            numbered(counts.get(n, 1), forms[n] if forms[n] in "1aAiI" else "1")
            for n in range(level - shown + 1, level + 1)
            if forms[n]
        ]
        before, after = attribute(looks, "num-prefix"), attribute(looks, "num-suffix")
        return " ".join(f"{before}{'.'.join(pieces)}{after}".split())

    def _table(self, element: Any) -> None:
        rows = [list(_cells(row)) for row in self._rows(element)]
        if all(sum(bool(_plain(cell).strip()) for cell in row) <= 1 for row in rows):
            # Only there for the layout: its cells are read like the text around it.
            self._apart += 1
            for row in rows:
                for cell in row:
                    self._blocks(cell)
            self._apart -= 1
            return
        self._sink.table([[text for cell in row for text in self._cell(cell)] for row in rows])

    def _cell(self, element: Any) -> list[str]:
        if local(element) == "covered-table-cell":
            return padded("", number(attribute(element, "number-columns-repeated"), 1))
        outer, inner = self._sink, Cell()
        self._sink = inner
        self._apart += 1
        self._blocks(element)
        self._apart -= 1
        self._sink = outer
        stated = attribute(element, "number-columns-repeated")
        if inner.text:
            return [inner.text] * self._copies(stated, inner.text)
        return padded("", number(stated, 1))

    def _rows(self, table: Any) -> Iterator[Any]:
        """Yield the rows of a table, as often as they say that they are repeated."""
        for element in table:
            name = local(element)
            if name == "table-row":
                text = _plain(element).strip()
                stated = attribute(element, "number-rows-repeated") if text else ""
                for _ in range(self._copies(stated, text)):
                    yield element
            elif name in ("table-header-rows", "table-rows", "table-row-group"):
                yield from self._rows(element)

    def _copies(self, stated: str, text: str) -> int:
        """Return how often a row or cell is put: once, or more while there are copies left."""
        more = number(stated, 1) - 1
        if more <= 0 or len(text) > _MOST_COPIED:
            return 1
        more = min(more, self._copies_left)
        self._copies_left -= more
        return more + 1


def _cells(row: Any) -> Iterator[Any]:
    yield from (e for e in row if local(e) in ("table-cell", "covered-table-cell"))


def _plain(element: Any) -> str:
    """Return all text in an element."""
    return "".join(element.itertext())
