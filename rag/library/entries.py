"""The files of a collection as a list shows them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rag.index import Index
from rag.index.rows import DocumentRow, Place
from rag.index.seen import Seen
from rag.library.record import Refused
from rag.types import Document
from rag.within import dated_by

Status = Literal["read", "waiting", "reading", "refused", "missing", "changed"]


@dataclass(frozen=True, slots=True)
class Inner:
    """A document inside a file, such as an attachment.

    Attributes:
        id: of the document; "" where it could not be read.
        name: in the file.
        error: why it could not be read; the others as in `Entry`.
    """

    id: str
    name: str
    title: str = ""
    format: str = ""
    passages: int = 0
    date: str = ""
    dated_by: str = ""
    date_origin: str = ""
    note: str = ""
    error: str = ""
    answers: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a collection.

    Attributes:
        key: names it to this collection, and tells nothing of where it lies.
        id: of the document that the file itself is; "" where it has not been read, or has no text
            of its own.
        source: its path inside the folder it was found under.
        title: of the document; its file's name where it has not been read.
        format: reader that made it, "" where it has not been read.
        bytes: its size, 0 where it is missing.
        status: "read"; "waiting" to be read; "reading"; "refused"; "missing", read once and gone
            from the disk; "changed" since it was read.
        passages: how many it has, those of files inside it too.
        date: of when it is, as `Document.metadata` has it; "" where no date is known.
        dated_by: the fact that says so ("date", "updated", "created", "saved").
        date_origin: where that is known from ("front matter", "file time", …).
        note: what the reader guessed, left out or found hidden.
        error: why it could not be read, in plain words.
        upload: it was uploaded, and can be removed; else it lies elsewhere on this machine.
        answers: it, or something in it, may answer.
        inside: the documents inside it.
        also: other sources of the same bytes.
    """

    key: str
    id: str
    source: str
    title: str
    format: str = ""
    bytes: int = 0
    status: Status = "waiting"
    passages: int = 0
    date: str = ""
    dated_by: str = ""
    date_origin: str = ""
    note: str = ""
    error: str = ""
    upload: bool = False
    answers: bool = True
    inside: tuple[Inner, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all its documents."""
        every = (self.id, *(one.id for one in self.inside))
        return tuple(id_ for id_ in every if id_)

    @property
    def partly(self) -> bool:
        """Whether some of its documents may answer and some may not."""
        own = [self.answers] if self.id else []
        states = {*(one.answers for one in self.inside if one.id), *own}
        return len(states) > 1


@dataclass(frozen=True, slots=True)
class Held:
    """A file that the index holds.

    Attributes:
        place: where it was found.
        file: hash of its bytes.
        entry: what does not depend on the disk, the record or a reading.
    """

    place: Place
    file: str
    entry: Entry


def held(index: Index, files: Path) -> list[Held]:
    """Return the files that an index holds, one for each place; no text is read for it.

    Args:
        index: of the collection.
        files: folder of its uploads.
    """
    grouped: dict[tuple[str, str], list[tuple[DocumentRow, Place, int]]] = {}
    for row in index.document_rows:
        part, ordinal = index.where(row.document.id)
        passages = len(part.segment.passages_of(ordinal))
        for place in row.places:
            grouped.setdefault((place.root, place.source), []).append((row, place, passages))
    root = str(files)
    return [_held(each, root) for each in grouped.values()]


def _held(rows: Sequence[tuple[DocumentRow, Place, int]], root: str) -> Held:
    first, place, _ = rows[0]
    inside = tuple(
        _inner(row.document, passages) for row, _, passages in rows if row.document.inside
    )
    own = next((row.document for row, _, _ in rows if not row.document.inside), None)
    entry = Entry(
        key=key_of(place, root),
        id=own.id if own else "",
        source=place.source,
        title=own.title if own else place.source.rpartition("/")[2],
        format=own.format if own else "",
        status="read",
        passages=sum(passages for _, _, passages in rows),
        note=own.metadata.get("note", "") if own else "",
        upload=place.root == root,
        inside=inside,
        also=tuple(other.source for other in first.places if other != place),
    )
    date, by, origin = _date(own) if own else ("", "", "")
    return Held(place, first.file, replace(entry, date=date, dated_by=by, date_origin=origin))


def _inner(document: Document, passages: int) -> Inner:
    date, by, origin = _date(document)
    return Inner(
        id=document.id,
        name=document.inside,
        title=document.title,
        format=document.format,
        passages=passages,
        date=date,
        dated_by=by,
        date_origin=origin,
        note=document.metadata.get("note", ""),
    )


def _date(document: Document) -> tuple[str, str, str]:
    """Return the date of a document, the fact it is, and where that is known from."""
    by = dated_by(document)
    return document.metadata.get(by, ""), by, document.origins.get(by, "")


def key_of(place: Place, root: str) -> str:
    """Return what names a file to its collection, the same wherever the uploads lie."""
    at = "" if place.root == root else place.root
    named = f"{at}\0{place.source}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """An upload as it lies on the disk."""

    bytes: int
    mtime_ns: int


def uploads(files: Path) -> dict[str, OnDisk]:
    """Return the uploads by source, as `rag.documents.find_files` would find them."""
    found: dict[str, OnDisk] = {}
    folders = [(str(files), "")]
    while folders:
        folder, below = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for each in entries:
                    if each.name.startswith("."):
                        continue
                    if each.is_dir(follow_symlinks=False):
                        folders.append((each.path, f"{below}{each.name}/"))
                    else:
                        stat = each.stat(follow_symlinks=False)
                        found[below + each.name] = OnDisk(stat.st_size, stat.st_mtime_ns)
        except FileNotFoundError:  # removed meanwhile
            continue
    return found


class Disk:
    """Whether files are as they were read, without reading them each time.

    Args:
        folder: of the index, beside which it is noted which bytes files held.
    """

    def __init__(self, folder: Path) -> None:
        self._seen = Seen.load(folder)

    def state(self, each: Held) -> tuple[Literal["read", "missing", "changed"], int]:
        """Return how a file that was read is now, and its size."""
        path = each.place.path
        try:
            size = path.stat().st_size
            return ("read" if self._seen.identity(path) == each.file else "changed"), size
        except (FileNotFoundError, NotADirectoryError):
            return "missing", 0
        except OSError:  # it may not be read any more
            return "changed", 0


@dataclass(frozen=True, slots=True)
class Now:
    """What entries depend on beside the index.

    Attributes:
        on_disk: the uploads.
        refused: what the last reading could not read.
        removed: ids of documents that were removed, while the index still holds them.
        reading: sources of uploads that are being read.
        left_out: ids of documents that may not answer.
    """

    on_disk: Mapping[str, OnDisk]
    refused: Sequence[Refused]
    removed: Set[str]
    reading: Set[str]
    left_out: Set[str]


def entries(known: Iterable[Held], disk: Disk, now: Now, files: Path) -> Iterator[Entry]:
    """Yield the files of a collection, those that the index holds first.

    Args:
        known: what the index holds.
        disk: tells how those files are.
        now: the rest.
        files: folder of the uploads.
    """
    refused: dict[tuple[str, str], list[Refused]] = {}
    for one in now.refused:
        refused.setdefault((one.root, one.source), []).append(one)
    root = str(files)
    seen: set[str] = set()
    for each in known:
        status, size = disk.state(each)
        if status == "missing" and set(each.entry.ids) <= now.removed:
            continue
        if each.entry.upload:
            seen.add(each.entry.source)
        at = ("" if each.entry.upload else each.place.root, each.place.source)
        reasons = refused.pop(at, ())
        reading = each.entry.upload and each.entry.source in now.reading
        entry = replace(each.entry, bytes=size, status="reading" if reading else status)
        yield _chosen(_with_refused(entry, reasons), now.left_out)
    for source in sorted(now.on_disk.keys() - seen):
        yield _unread(source, now, refused.get(("", source), ()), root)
    for at, reasons in refused.items():
        if at[0]:
            yield _refused_elsewhere(Place(*at), reasons, root)


def _with_refused(entry: Entry, refused: Sequence[Refused]) -> Entry:
    """Return an entry with what could not be read of its file."""
    if not refused:
        return entry
    names = {one.name for one in entry.inside}
    more = [
        Inner("", one.inside, title=one.inside.rpartition("/")[2], error=one.reason)
        for one in refused
        if one.inside and one.inside not in names
    ]
    own = next((one.reason for one in refused if not one.inside), "")
    return replace(entry, error=own, inside=(*entry.inside, *more))


def _chosen(entry: Entry, left_out: Set[str]) -> Entry:
    """Return an entry with what may answer of it."""
    if not left_out or left_out.isdisjoint(entry.ids):
        return entry
    inside = tuple(replace(one, answers=one.id not in left_out) for one in entry.inside)
    own = entry.id not in left_out if entry.id else any(one.answers for one in inside if one.id)
    return replace(entry, answers=own, inside=inside)


def _refused_elsewhere(place: Place, refused: Sequence[Refused], root: str) -> Entry:
    """Return the entry of a file that lies elsewhere and could not be read again."""
    entry = Entry(
        key=key_of(place, root),
        id="",
        source=place.source,
        title=place.source.rpartition("/")[2],
        bytes=refused[0].bytes,
        status="refused",
    )
    return _with_refused(entry, refused)


def _unread(source: str, now: Now, refused: Sequence[Refused], root: str) -> Entry:
    """Return the entry of an upload that the index does not hold."""
    disk = now.on_disk[source]
    entry = Entry(
        key=key_of(Place(root, source), root),
        id="",
        source=source,
        title=source.rpartition("/")[2],
        bytes=disk.bytes,
        upload=True,
    )
    if source in now.reading:
        return replace(entry, status="reading")
    same = [one for one in refused if (one.bytes, one.mtime_ns) == (disk.bytes, disk.mtime_ns)]
    if not same:
        return entry
    return replace(_with_refused(entry, same), status="refused")
