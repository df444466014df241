"""Books (.epub): chapter by chapter in reading order, with the titles of the table of contents."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag

from rag.documents.archive import Archive, attribute, child, is_said, local, open_archive
from rag.documents.body import Body
from rag.documents.epub.chapter import Page, parse_page
from rag.documents.facts import LABELS, Fact
from rag.documents.outline import Outline, Tally, finished
from rag.documents.places import JOINT
from rag.documents.source import MOST_CHARACTERS, Content, Source

_CONTAINER = "META-INF/container.xml"
_LOCKS = "META-INF/encryption.xml"
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_MOST_NOTES = 5
_LONGEST_TITLE = 240  # characters
_LONGEST_PATH = 1000
_PAGES = frozenset(["application/xhtml+xml", "text/html", "application/x-dtbook+xml"])


class _Item(NamedTuple):
    """A file of a book.

    Attributes:
        name: in the archive.
        kind: of its content.
        is_navigation: whether it is the table of contents.
    """

    name: str
    kind: str
    is_navigation: bool


class _Entry(NamedTuple):
    """An entry of the table of contents.

    Attributes:
        name: of the file it points to.
        mark: id of the element there, "" for the beginning.
        title: of the chapter, with those above it.
    """

    name: str
    mark: str
    title: str


def read_epub(source: Source) -> Content:
    """Read a book.

    Raises:
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: it is damaged, protected, or no book.
    """
    archive = open_archive(source)
    _check_lock(archive)
    try:
        return _read(archive)
    except RecursionError:
        problem = "its pages are nested too deep"
        raise source.refused(f"{problem}; save it as plain text") from None


def _check_lock(archive: Archive) -> None:
    """Refuse a book under digital rights management; disguised fonts are none."""
    if _LOCKS not in archive:
        return
    for element in archive.xml(_LOCKS).iter():
        if local(element) == "EncryptedData":
            method = child(element, "EncryptionMethod")
            if method is None or attribute(method, "Algorithm") not in _FONTS:
                problem = "it is protected by DRM"
                raise archive.source.refused(
                    f"{problem}; get a copy without protection from where you bought it"
                )


def _read(archive: Archive) -> Content:
    name = _package_name(archive)
    package = archive.xml(name)
    folder = posixpath.dirname(name)
    items = _items(package, folder)
    # A page that is listed twice is read once.
    order = dict.fromkeys(items[i] for i in _spine(package) if i in items)
    pages = [item for item in order if item.kind in _PAGES]
    entries = _entries(archive, package, items)
    by_name: dict[str, list[_Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.name, []).append(entry)
    outline, tally = Outline(Body()), Tally()
    notes: list[str] = []
    begun: list[str] = []
    for item in pages:
        if item.is_navigation:
            tally.add("contents")
        elif item.name not in archive:
            tally.add("missing")
        else:
            here = by_name.get(item.name, [])
            begun = _page(archive, item, here, outline, tally, notes, begun, bool(entries))
        if len(outline.body) > MOST_CHARACTERS:
            break
    if not pages:
        problem = "the order of its chapters is missing"
        raise archive.source.refused(f"{problem}; get the book again")
    notes = list(dict.fromkeys(notes))
    if (more := len(notes) - _MOST_NOTES) > 0:
        notes[_MOST_NOTES:] = [f"{more} more notes of that kind"]
    return finished(archive.source, "epub", outline, tally, _facts(package), notes)


def _page(
    archive: Archive,
    item: _Item,
    entries: list[_Entry],
    outline: Outline,
    tally: Tally,
    notes: list[str],
    begun: list[str],
    has_entries: bool,
) -> list[str]:
    """Read one page, and return the printed pages that have begun since its last text."""
    root = parse_page(archive.source, archive.markup(item.name), notes)
    known = {e.get(key) for e in root.iter() for key in ("id", "name") if isinstance(e.tag, str)}
    chapters: dict[str, str] = {}
    outline.pause()
    for entry in entries:
        if entry.mark in known and entry.mark:
            chapters.setdefault(entry.mark, entry.title)
        elif not chapters:
            outline.close()
            outline.body.mark("chapter", entry.title)
    if not has_entries and (title := _first_heading(root)):
        outline.close()
        outline.body.mark("chapter", title)
    return Page(outline, tally, chapters, begun).read(root)


def _first_heading(root: Any) -> str:
    for element in root.iter("h1", "h2", "h3"):
        if words := " ".join("".join(element.itertext()).split()):
            return words
    return ""


def _package_name(archive: Archive) -> str:
    for element in archive.xml(_CONTAINER).iter():
        if local(element) == "rootfile" and (name := attribute(element, "full-path")) in archive:
            return name
    raise archive.source.refused("the list of its chapters is missing; get the book again")


def _items(package: Any, folder: str) -> dict[str, _Item]:
    found: dict[str, _Item] = {}
    manifest = child(package, "manifest")
    for element in manifest if manifest is not None else ():
        name = _joined(folder, attribute(element, "href"))
        is_navigation = "nav" in attribute(element, "properties").split()
        kind = attribute(element, "media-type")
        found[attribute(element, "id")] = _Item(name, kind, is_navigation)
    return found


def _spine(package: Any) -> Iterator[str]:
    spine = child(package, "spine")
    for element in spine if spine is not None else ():
        if local(element) == "itemref":
            yield attribute(element, "idref")


def _joined(folder: str, href: str) -> str:
    """Return the name in the archive that an address inside the book stands for."""
    return posixpath.normpath(posixpath.join("/", folder, unquote(href))).lstrip("/")


def _entries(archive: Archive, package: Any, items: dict[str, _Item]) -> list[_Entry]:
    """Return the chapters as the table of contents has them, the newer form first."""
    for item in items.values():
        if item.is_navigation and item.name in archive:
            root = parse_page(archive.source, archive.markup(item.name), [])
            if found := _chapters(_from_nav(root, posixpath.dirname(item.name))):
                return found
    spine = child(package, "spine")
    named = attribute(spine, "toc") if spine is not None else ""
    for identifier, item in items.items():
        is_old = identifier == named or item.kind == "application/x-dtbncx+xml"
        if is_old and item.name in archive:
            tree = archive.xml(item.name)
            found = _chapters(_from_ncx(child(tree, "navMap"), posixpath.dirname(item.name)))
            if found:
                return found
    return []


class _Node(NamedTuple):
    title: str
    name: str
    mark: str
    inner: list[_Node]


def _chapters(nodes: list[_Node]) -> list[_Entry]:
    """Return the outermost entries, and of those inside them the ones that are files.

    A chapter of a part has a file of its own; an entry that points into one is a heading in it.
    """
    found: list[_Entry] = []
    waiting = [(node, "", "") for node in reversed(nodes)]
    while waiting:
        node, above, file = waiting.pop()
        own = node.title[:_LONGEST_TITLE]
        title = f"{above}{JOINT}{own}" if above and own else above or own
        if len(title) > _LONGEST_PATH:
            title = above
        is_chapter = not above or (node.name != file and not node.mark)
        if is_chapter and node.name and title:
            found.append(_Entry(node.name, node.mark, title))
        waiting += [(inner, title, node.name) for inner in reversed(node.inner)]
    return found


def _from_nav(root: Any, folder: str) -> list[_Node]:
    for nav in root.iter("nav"):
        kind = attribute(nav, "type") or nav.get("epub:type") or ""
        if "toc" in kind.split():
            return [node for ol in nav if ol.tag == "ol" for node in _from_list(ol, folder)]
    return []


def _from_list(element: Any, folder: str) -> list[_Node]:
    found: list[_Node] = []
    for item in element:
        title = name = mark = ""
        inner: list[_Node] = []
        for part in item:
            if part.tag in ("a", "span") and not title:
                title = " ".join("".join(part.itertext()).split())
                name, mark = _target(part.get("href") or "", folder)
            elif part.tag == "ol":
                inner = _from_list(part, folder)
        found.append(_Node(title, name, mark, inner))
    return found


def _from_ncx(element: Any, folder: str) -> list[_Node]:
    found: list[_Node] = []
    for point in element if element is not None else ():
        if local(point) == "navPoint":
            label, content = child(point, "navLabel"), child(point, "content")
            title = "" if label is None else " ".join("".join(label.itertext()).split())
            address = "" if content is None else attribute(content, "src")
            found.append(_Node(title, *_target(address, folder), _from_ncx(point, folder)))
    return found


def _target(address: str, folder: str) -> tuple[str, str]:
    """Return the file and the id in it that an address points to."""
    try:
        name, mark = urldefrag(address)
    except ValueError:
        return "", ""
    return (_joined(folder, name) if name else ""), unquote(mark)


def _facts(package: Any) -> list[Fact]:
    metadata = child(package, "metadata")
    elements = list(metadata.iter())[1:] if metadata is not None else []
    refined = {
        (attribute(e, "refines").lstrip("#"), attribute(e, "property")): (e.text or "").strip()
        for e in elements
        if local(e) == "meta"
    }
    stated: dict[str, list[str]] = {}
    for element in elements:
        words = " ".join("".join(element.itertext()).split())
        key, name = "", local(element)
        if name == "creator":
            role = attribute(element, "role") or refined.get((attribute(element, "id"), "role"))
            key = "author" if role in ("", None, "aut") else ""
        elif name == "date":
            event = attribute(element, "event")
            events = {"": "date", "publication": "date", "creation": "created"}
            key = (events | {"modification": "updated"}).get(event, "")
        elif name == "meta" and attribute(element, "property") == "dcterms:modified":
            key = "updated"
        elif name in ("title", "publisher", "language"):
            key = name
        if key and words and words not in stated.setdefault(key, []):
            stated[key].append(words)
    known = {key: stated[key][0] for key in LABELS if stated.get(key)}
    if len(stated.get("author", [])) > 1:
        known["author"] = ", ".join(stated["author"])
    found = [Fact(key, LABELS[key], value) for key, value in known.items() if is_said(key, value)]
    if languages := stated.get("language"):
        found.append(Fact("language", "Language", ", ".join(languages)))
    return found
