"""A state of an index: which segments count, and the one step from a state to the next."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IndexMissingError, StoreError
from rag.index.checking import note
from rag.index.files import (
    file_sha256,
    next_folder,
    sync_file,
    sync_folder,
    unwritable,
    write_file,
)
from rag.index.manifest import (
    FORMAT,
    MANIFEST,
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


@dataclass(frozen=True, slots=True)
class Next:
    """The state to be written.

    Attributes:
        kept: segments that were written before, without the documents that leave.
        segments: names of the segments written anew.
        roots: the absolute folders the documents were found under.
        before: the index whose words are taken over, but for what left; None where they are
            written afresh.
    """

    kept: Sequence[Part]
    segments: Sequence[str]
    roots: Set[str]
    before: Index | None = None


def write(folder: Path, following: Next, embedder: Embedder) -> Manifest:
    """Write what belongs to all segments together, then let it count, in one step.

    Raises:
        OSError: it cannot be written; the old state still stands.
    """
    state = next_folder(folder, "state")
    state.mkdir()
    opened = [Segment.open(folder / name, embedder.dimension) for name in following.segments]
    parts = [*following.kept, *(Part(segment, set()) for segment in opened)]
    _write_words(folder, state / WORDS, following, parts)
    manifest = _manifest(folder, following, parts, state, embedder)
    for inner in (state / WORDS, state, folder):
        sync_folder(inner)
    _switch(folder, manifest)
    return manifest


def _write_words(folder: Path, words: Path, following: Next, parts: Sequence[Part]) -> None:
    """Write the words of all segments, or those that are new beside those there were."""
    before = following.before
    if before is None or not following.kept:
        Words.write(words, chain.from_iterable(map(entries_of, parts)))
        return
    kept = {part.segment.name: part for part in following.kept}
    Words.update(
        folder / before.manifest.state / WORDS,
        words,
        [p.segment.number for p in before.parts if p.segment.name not in kept],
        [
            id_
            for part in before.parts
            if part.segment.name in kept
            for id_ in sorted(kept[part.segment.name].removed - part.removed)
        ],
        chain.from_iterable(map(entries_of, parts[len(kept) :])),
    )


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


def _manifest(
    folder: Path, following: Next, parts: Sequence[Part], state: Path, embedder: Embedder
) -> Manifest:
    """Return what is true of the files as they were written.

    Args:
        folder: of the index.
        following: what it is made of.
        parts: all its segments.
        state: what belongs to them together.
        embedder: that made the vectors.
    """
    known = following.before.manifest.files if following.before else {}
    files = dict(_state_files(folder, state, known))
    for part in parts:
        for path in sorted((folder / part.segment.name).iterdir()):
            name = path.relative_to(folder).as_posix()
            files[name] = known.get(name) or FileEntry(path.stat().st_size, file_sha256(path))
    return Manifest(
        format=FORMAT,
        state=state.name,
        segments=tuple(part.segment.name for part in parts),
        removed={part.segment.name: sorted(part.removed) for part in parts if part.removed},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        embedder=embedder.name,
        embedder_checksum=embedder.checksum,
        dimension=embedder.dimension,
        max_tokens=embedder.max_tokens,
        documents=sum(int(part.documents.sum()) for part in parts),
        passages=sum(part.count for part in parts),
        sentences=sum(part.segment.sentences_among(part.documents) for part in parts),
        roots=tuple(sorted(following.roots)),
        files=files,
    )


def _state_files(
    folder: Path, state: Path, known: Mapping[str, FileEntry]
) -> Iterator[tuple[str, FileEntry]]:
    """Yield size and checksum of every file of the new state, once it is on the disk.

    Files of tantivy keep their names for life, all but its lists of them, so those that the old
    state had need not be read again.
    """
    shared = {Path(name).name: entry for name, entry in known.items() if f"/{WORDS}/" in name}
    for path in sorted(path for path in state.rglob("*") if path.is_file()):
        entry = shared.get(path.name) if path.suffix != ".json" else None
        if entry is None or entry.bytes != path.stat().st_size:
            sync_file(path)
            entry = FileEntry(path.stat().st_size, file_sha256(path))
        yield path.relative_to(folder).as_posix(), entry


def _switch(folder: Path, manifest: Manifest) -> None:
    """Let a manifest count: before it the old state does, after it the new one, never neither.

    The spare one comes first, so that nothing that can fail follows the switch.
    """
    for name in (SPARE, MANIFEST):
        write_file(folder / f"{name}.new", manifest.to_bytes())
        os.replace(folder / f"{name}.new", folder / name)  # noqa: PTH105
    sync_folder(folder)
    note(folder, manifest.files)


def clear(folder: Path) -> None:
    """Let an index go, of which no document is left.

    Raises:
        StoreError: it cannot be written; the old state still stands.
    """
    try:
        for name in (SPARE, MANIFEST):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    sweep(folder)


def sweep(folder: Path) -> None:
    """Remove the folders that do not count: left by a killed run, or just replaced.

    What cannot be removed now (on Windows, a file that somebody reads) goes at the next build.
    Where the manifest does not tell which ones count, all stay until a new one does.
    """
    try:
        manifest = read_manifest(folder)
        counts = {manifest.state, *manifest.segments}
    except IndexMissingError:
        if (folder / SPARE).exists():
            return  # `rag doctor` may still make something of it
        counts = set()
    except StoreError:
        return
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.name not in counts:
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob("*.new"):
        with suppress(OSError):
            path.unlink()
