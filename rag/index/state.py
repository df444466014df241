"""A state of an index: which segments count, and the one step from a state to the next."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IndexMissingError, StoreError
from rag.index.checking import note
from rag.index.files import file_sha256, sync_file, sync_folder, write_file
from rag.index.manifest import (
    FORMAT,
    MANIFEST,
    REMOVED,
    SPARE,
    WORDS,
    FileEntry,
    Manifest,
    read_manifest,
)
from rag.index.opening import Index, Part
from rag.index.segment import Segment
from rag.index.words import Entry, Words, entry_of

if TYPE_CHECKING:
    from rag.embedder import Embedder

_OURS = re.compile(r"(?:segment|state|generation)-\d{6,}")  # "generation" until format 3
_STATE = re.compile(r"state-(\d{6,})")


@dataclass(frozen=True, slots=True)
class Next:
    """The state to be written.

    Attributes:
        old: the index there is; None where nothing of it stays.
        stays: its segments that stay, each with the ids of the documents that leave it.
        segments: names of the segments written anew.
    """

    old: Index | None
    stays: Mapping[str, Set[str]]
    segments: tuple[str, ...]


def write(folder: Path, following: Next, embedder: Embedder) -> Manifest:
    """Write what belongs to all segments together, then let it count, in one step.

    Raises:
        OSError: it cannot be written; the old state still stands.
    """
    numbers = [int(name[1]) for path in folder.iterdir() if (name := _STATE.fullmatch(path.name))]
    state = folder / f"state-{max(numbers, default=0) + 1:06d}"
    state.mkdir()
    old, stays = following.old, following.stays
    before = {part.segment.name: part for part in old.parts} if old else {}
    removed = {name: sorted(before[name].removed | stays[name]) for name in stays}
    written = json.dumps({name: ids for name, ids in removed.items() if ids})
    write_file(state / REMOVED, written.encode())
    new = [
        Part(Segment.open(folder / name, embedder.dimension), set()) for name in following.segments
    ]
    entries = (entry for part in new for entry in entries_of(part))
    if old is not None and stays:
        Words.update(
            folder / old.manifest.state / WORDS,
            state / WORDS,
            [part.segment.number for name, part in before.items() if name not in stays],
            [id_ for name in stays for id_ in sorted(stays[name])],
            entries,
        )
    else:
        Words.write(state / WORDS, entries)
    known = old.manifest.files if old else {}
    kept = [Part(before[name].segment, set(removed[name])) for name in stays]
    manifest = _manifest(folder, state, [*kept, *new], _entries(folder, state, known), embedder)
    for inner in (state / WORDS, state, folder):
        sync_folder(inner)
    _switch(folder, manifest)
    return manifest


def entries_of(part: Part) -> Iterator[Entry]:
    """Yield what the passages of a segment can be found by."""
    segment = part.segment
    for ordinal, id_ in enumerate(part.ids):
        if not part.documents[ordinal]:
            continue
        document = segment.document(ordinal)
        for row in segment.passages_of(ordinal):
            fields = entry_of(document, segment.passage(row, document))
            yield Entry(segment.number, row, id_, fields)


def _entries(
    folder: Path, state: Path, known: Mapping[str, FileEntry]
) -> Iterator[tuple[str, FileEntry]]:
    """Yield size and checksum of every file of the new state, after it is on the disk.

    Files of tantivy keep their names for life, all but its lists of them, so those that the old
    state had need not be read again.
    """
    shared = {Path(name).name: entry for name, entry in known.items() if f"/{WORDS}/" in name}
    for path in sorted(path for path in state.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        entry = shared.get(path.name) if path.suffix != ".json" else None
        if entry is None or entry.bytes != path.stat().st_size:
            sync_file(path)
            entry = FileEntry(path.stat().st_size, file_sha256(path))
        yield name, entry


def _manifest(
    folder: Path,
    state: Path,
    parts: list[Part],
    shared: Iterable[tuple[str, FileEntry]],
    embedder: Embedder,
) -> Manifest:
    """Return what is true of the files as they were written."""
    files = dict(shared)
    try:
        known = read_manifest(folder).files
    except StoreError:
        known = {}
    roots = set()
    for part in parts:
        for path in sorted((folder / part.segment.name).iterdir()):
            name = path.relative_to(folder).as_posix()
            files[name] = known.get(name) or FileEntry(path.stat().st_size, file_sha256(path))
        rows = (part.segment.row(at) for at, there in enumerate(part.documents) if there)
        roots |= {place.root for row in rows for place in row.places}
    return Manifest(
        format=FORMAT,
        state=state.name,
        segments=tuple(part.segment.name for part in parts),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        embedder=embedder.name,
        embedder_checksum=embedder.checksum,
        dimension=embedder.dimension,
        max_tokens=embedder.max_tokens,
        documents=sum(int(part.documents.sum()) for part in parts),
        passages=sum(part.count for part in parts),
        sentences=sum(part.segment.sentences_among(part.documents) for part in parts),
        roots=tuple(sorted(roots)),
        files=files,
    )


def _switch(folder: Path, manifest: Manifest) -> None:
    """Let a manifest count: before it the old state does, after it the new one, never neither.

    The spare one comes first, so that nothing that can fail follows the switch.
    """
    for name in (SPARE, MANIFEST):
        write_file(folder / f"{name}.new", manifest.to_bytes())
        os.replace(folder / f"{name}.new", folder / name)  # noqa: PTH105
    sync_folder(folder)
    note(folder, manifest.files)


def sweep(folder: Path) -> None:
    """Remove the folders that do not count: left by a killed run, or just replaced.

    What cannot be removed now (on Windows, a file that somebody reads) goes at the next build.
    Where the manifest does not tell which ones count, all stay until a new one does.
    """
    try:
        manifest = read_manifest(folder)
        counts = {manifest.state, *manifest.segments}
    except IndexMissingError:
        counts = set()
    except StoreError:
        return
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.name not in counts:
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob("*.new"):
        with suppress(OSError):
            path.unlink()
