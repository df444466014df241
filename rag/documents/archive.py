"""Zip archives that nobody vouches for, and the XML and office packages inside them."""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from rag.documents.facts import LABELS, Fact
from rag.documents.source import MOST_BYTES, Source

MOST_ENTRIES = 20_000
"""Files in an archive, at most."""
MOST_RATIO = 250
"""What unpacks to more than this many times its size is a bomb, from RATIO_FROM bytes on."""
RATIO_FROM = 25_000_000
MOST_XML = 64_000_000
"""Bytes of one XML or HTML file; its tree takes many times that."""
_PIECE = 1 << 20  # bytes unpacked at once
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_DAMAGE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError),
    # What zipfile says of unknown versions, names that do not decode, and places before the start.
    *(NotImplementedError, ValueError, RuntimeError, OverflowError),
)
_AGAIN = "open it in the program that made it and save it again"
# What programs and libraries write where nobody has said anything.
_NO_TITLE = re.compile(
    r"(?:(?:word|powerpoint)[ ])?(?:document|presentation)[ ]?\d*|untitled.*|slide 1|"
    r"microsoft (?:word|powerpoint)(?: - .*)?|(?:title|titel|no title)|"
    r".*\.(?:docx?|dotx?|pptx?|odt|tmp)",
    re.I,
)
_NO_AUTHOR = re.compile(
    r"python-(?:docx|pptx)|(?:microsoft office|windows|office|local)?[ ]?user|admin(?:istrator)?|"
    r"author|unknown|none|owner|apache poi|openpyxl|un-named|docx4j|-+|\?+",
    re.I,
)
# Dates of the templates of python-docx and python-pptx, and of clocks that were never set.
_TEMPLATES = re.compile(r"2013-12-23T23:15:00Z|2013-01-27T09:1[45]:\d\dZ")
_NO_DATE = re.compile(rf"{_TEMPLATES.pattern}|(?:1601|1899|1970)-.*")


class Archive:
    """The files inside a zip archive, by name.

    Args:
        source: the archive.
        file: it, open.
        entries: its files by name.
    """

    def __init__(
        self, source: Source, file: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]
    ) -> None:
        self.source = source
        self._file = file
        self._entries = entries
        self._in_any_case = {name.lower(): name for name in reversed(list(entries))}
        self._unpacked: dict[str, int] = {}
        self._total = 0

    @property
    def names(self) -> Sequence[str]:
        """Names of the files, in the order of the archive."""
        return list(self._entries)

    def __contains__(self, name: str) -> bool:
        return self._found(name) is not None

    def read(self, name: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            UnreadableDocumentError: it is not there, damaged, or unpacks to too much.
        """
        return b"".join(self._pieces(name))

    def measure(self) -> None:
        """Unpack everything once and keep nothing, before a library does it on its own.

        Raises:
            UnreadableDocumentError: a file is damaged, or all together are too much.
        """
        for name in self._entries:
            for _ in self._pieces(name):
                pass

    def xml(self, name: str) -> Any:
        """Return the root element of an XML file.

        Raises:
            UnreadableDocumentError: it is not there, no XML, too large, or declares entities.
        """
        return parse_xml(self.source, name, self.markup(name))

    def markup(self, name: str) -> bytes:
        """Return the bytes of an XML or HTML file.

        Raises:
            UnreadableDocumentError: it is not there, damaged, or more than a tree can be made of.
        """
        data = self.read(name)
        if len(data) > MOST_XML:
            problem = f"“{name}” in it has {len(data) / 1e6:,.0f} MB of markup"
            raise self.source.refused(f"{problem}; split the document")
        return data

    def _found(self, name: str) -> str | None:
        """Return a name as the archive spells it; packages do not mind capitals."""
        return name if name in self._entries else self._in_any_case.get(name.lower())

    def _pieces(self, name: str) -> Iterator[bytes]:
        found = self._found(name)
        if found is None:
            raise self.source.refused(f"“{name}” is missing in it; {_AGAIN}")
        self._total -= self._unpacked.pop(found, 0)
        try:
            with self._file.open(self._entries[found]) as stream:
                while piece := stream.read(_PIECE):
                    self._unpacked[found] = self._unpacked.get(found, 0) + len(piece)
                    self._total += len(piece)
                    _check_size(self.source, self._total)
                    yield piece
        except _DAMAGE as error:
            problem = f"“{name}” in it is damaged ({str(error) or type(error).__name__})"
            raise self.source.refused(f"{problem}; get the file again") from None


def open_archive(source: Source) -> Archive:
    """Open a zip archive after looking at everything that can be known before unpacking.

    Raises:
        UnreadableDocumentError: it is no zip archive, damaged, locked, or made to do harm.
    """
    _check_beginning(source)
    try:
        file = zipfile.ZipFile(io.BytesIO(source.data))
    except _DAMAGE:
        raise source.refused(f"it breaks off or is damaged; get it again, or {_AGAIN}") from None
    infos = file.infolist()
    if len(infos) > MOST_ENTRIES:
        problem = f"there are {len(infos):,} files in it and at most {MOST_ENTRIES:,} are read"
        raise source.refused(f"{problem}; split it")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = _checked_name(source, info)
        if name in entries:
            raise source.refused(f"it holds two files of the name “{name}”; {_AGAIN}")
        entries[name] = info
    _check_places(source, infos, file.start_dir)
    _check_size(source, sum(info.file_size for info in infos))
    return Archive(source, file, {n: i for n, i in entries.items() if not i.is_dir()})


def _check_beginning(source: Source) -> None:
    if source.data.startswith(_OLE):
        raise source.refused(
            "it is protected by a password or is an old office document; remove the password or "
            f"save as {source.suffix or '.docx'}"
        )
    if not source.data.startswith(b"PK"):
        kind = f"a {source.suffix} file" if source.suffix else "a zip archive"
        raise source.refused(f"it does not begin as {kind} does; check its suffix, or get it again")


def _checked_name(source: Source, info: zipfile.ZipInfo) -> str:
    """Return the name of an entry, with forward slashes, if it stays inside and is not locked."""
    name = info.orig_filename.replace("\\", "/")
    shown = re.sub(r"[\x00-\x1f\x7f]", "?", name)[:120]
    parts = name.split("/")
    if "\0" in name or name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
        raise source.refused(f"it holds a file that leads out of it, “{shown}”; do not trust it")
    if info.flag_bits & 0x1:
        raise source.refused(f"“{shown}” in it is locked by a password; save it without one")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = f"“{shown}” in it is packed in a way that is not read"
        raise source.refused(f"{problem}; pack it again the ordinary way (deflate)")
    return name


def _check_places(source: Source, infos: Sequence[zipfile.ZipInfo], end: int) -> None:
    """Refuse entries that share bytes: a few of them unpack to petabytes."""
    reached = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        header = source.data[info.header_offset : info.header_offset + _LOCAL_HEADER.size]
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
            raise source.refused(f"the list of its files is damaged; get it again, or {_AGAIN}")
        _, name, extra = _LOCAL_HEADER.unpack(header)
        if info.header_offset < reached:
            raise source.refused("files in it overlap, as in a zip bomb; do not trust it")
        reached = info.header_offset + _LOCAL_HEADER.size + name + extra + info.compress_size
    if reached > end:
        raise source.refused("files in it overlap its list of files; do not trust it")


def _check_size(source: Source, size: int) -> None:
    if size > MOST_BYTES:
        problem = f"it unpacks to more than {MOST_BYTES / 1e6:,.0f} MB"
        raise source.refused(f"{problem}; split it, or save only its text")
    if size > RATIO_FROM and size > MOST_RATIO * len(source.data):
        problem = f"it unpacks to more than {MOST_RATIO} times its size, as a zip bomb does"
        raise source.refused(f"{problem}; do not trust it")


def parse_xml(source: Source, name: str, data: bytes) -> Any:
    """Return the root element of an XML file; nothing outside it is read, and nothing grows.

    Raises:
        UnreadableDocumentError: it is no XML, or declares entities, as no honest program does.
    """
    from lxml import etree

    try:
        root = etree.fromstring(data, xml_parser())
    except etree.XMLSyntaxError as error:
        problem = f"“{name}” in it is damaged ({error.msg or 'no XML'})"
        raise source.refused(f"{problem}; {_AGAIN}") from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise source.refused(f"“{name}” in it declares XML entities, as an attack does; {_AGAIN}")
    return root


def xml_parser() -> Any:
    """Return a parser that follows no reference, inside the file or out of it."""
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def local(element: Any) -> str:
    """Return an element's name without its namespace, "" for what is no element.

    The two editions of office XML differ in their namespaces only.
    """
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str, default: str = "") -> str:
    """Return an attribute by its name without a namespace."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return default


def child(element: Any, *names: str) -> Any:
    """Return the first child of a name, of that the first of the next name, or None."""
    for name in names:
        if element is None:
            return None
        element = next((found for found in element if local(found) == name), None)
    return element


def number(text: str, default: int = 0) -> int:
    """Return a whole number that a file states, the default where it is none or absurd."""
    return int(text) if re.fullmatch(r"\s*[-+]?[0-9]{1,15}\s*", text) else default


class Relation(NamedTuple):
    """What a part of an office package refers to.

    Attributes:
        kind: last word of its type ("footnotes", "slide").
        target: name of the other part, "" for what lies outside.
    """

    kind: str
    target: str


def relations(archive: Archive, name: str = "") -> dict[str, Relation]:
    """Return the relations of a part of an office package by id; of the package itself for ""."""
    folder, file = posixpath.split(name)
    listed = posixpath.join(folder, "_rels", f"{file}.rels")
    if listed not in archive:
        return {}
    found: dict[str, Relation] = {}
    for element in archive.xml(listed):
        target = unquote(attribute(element, "Target"))
        if attribute(element, "TargetMode") == "External":
            target = ""
        elif target:
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        kind = attribute(element, "Type").rpartition("/")[2]
        found[attribute(element, "Id")] = Relation(kind, target)
    return found


def main_part(archive: Archive, usual: str, root: str, kind: str) -> tuple[str, Any]:
    """Return name and root element of the part of an office package that everything hangs on.

    Args:
        archive: the package.
        usual: name of the part where the package does not say.
        root: name its root element must have.
        kind: of document, in words.

    Raises:
        UnreadableDocumentError: it is another kind of document.
    """
    listed = relations(archive).values()
    name = next((r.target for r in listed if r.kind == "officeDocument" and r.target), usual)
    element = archive.xml(name if name in archive else usual)
    if local(element) != root:
        problem = f"it is no {kind} but something else in such a file"
        raise archive.source.refused(f"{problem}; give it the suffix of what it is")
    return (name if name in archive else usual), element


def properties(archive: Archive) -> list[Fact]:
    """Return what an office package states about itself, without what its program filled in."""
    listed = relations(archive).values()
    name = next((r.target for r in listed if r.kind == "core-properties"), "docProps/core.xml")
    if name not in archive:
        return []
    stated: dict[str, str] = {}
    for element in archive.xml(name):
        stated.setdefault(local(element), " ".join("".join(element.itertext()).split()))
    # The template's date stays where a library made the file and nobody said anything.
    from_template = _TEMPLATES.fullmatch(stated.get("created", ""))
    values = {
        "title": stated.get("title", ""),
        "author": "" if from_template else stated.get("creator", ""),
        "created": stated.get("created", ""),
        "updated": stated.get("modified", ""),
    }
    return [Fact(key, LABELS[key], value) for key, value in values.items() if is_said(key, value)]


def is_said(key: str, value: str) -> bool:
    """Say whether somebody stated a fact, rather than a program that had to put something."""
    empty = {"title": _NO_TITLE, "author": _NO_AUTHOR}.get(key, _NO_DATE)
    return bool(value.strip()) and not empty.fullmatch(value.strip())
