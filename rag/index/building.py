"""build: bring an index up to date in one step that counts or does not."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from heapq import merge as in_order
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import Found
from rag.documents.source import PLAINLY, ReadOptions
from rag.documents.worker import Worker
from rag.errors import (
    DocumentError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    StoreError,
)
from rag.index.files import absolute, covers, size_of, sole_writer, unwritable
from rag.index.filling import Filler
from rag.index.manifest import read_manifest
from rag.index.manner import PLAIN, FileStep, Manner, Unread
from rag.index.opening import Index, Part
from rag.index.rows import DocumentRow
from rag.index.state import Next, clear, sweep, write
from rag.index.survey import Compared, Progress, Survey, nothing_read, pipeline_of, survey
from rag.index.vectors import EXACT
from rag.index.writing import MOST_PASSAGES
from rag.readings.shelf import forget
from rag.types import Document

if TYPE_CHECKING:
    from rag.embedder import Embedder

SMALL = 5_000  # passages; segments up to so many are written together with what is new
MOSTLY = 0.75  # of a segment that is left as it is, so much is still there
SEVERAL = 8  # segments of about the same size are put together when there are so many


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a build did; files are named by their source, the path relative to their root.

    Attributes:
        added: files that were not in the index.
        changed: files whose content was another.
        removed: files that are gone.
        unchanged: files as before.
        failed: files that could not be read, each with its reason; the run went on.
        passages: how many the index holds now.
        elapsed_s: seconds the build took.
        embedded: how many texts (passages and sentences) were embedded; the others had been.
        rebuilt: why nothing, or no vector, of the old index could be used; else "".
        written: False where nothing had changed and the index on disk was left alone.
        notes: of files added or changed, source and what its reader guessed, left out or found
            hidden.
        left: how many files have to be read, and were left for the next build (`Manner.choose`).
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: tuple[DocumentError, ...]
    passages: int
    elapsed_s: float
    embedded: int = 0
    rebuilt: str = ""
    written: bool = True
    notes: tuple[tuple[str, str], ...] = ()
    left: int = 0


def build(
    paths: Sequence[Path],
    folder: Path,
    embedder: Embedder,
    *,
    progress: Progress | None = None,
    options: ReadOptions = PLAINLY,
    manner: Manner = PLAIN,
) -> IndexReport:
    """Bring the index in a folder up to date with the files under some paths.

    What the index holds from under these paths becomes exactly what is there now; documents from
    elsewhere stay. Nothing is written where nothing has changed. The index that was there stays
    whole and usable until the new one is complete.

    Args:
        paths: files and folders.
        folder: of the index; made if there is none.
        embedder: loaded only if something has to be embedded.
        progress: told the stage ("check", "read (kB)", "write"), how much of it is done, and of
            how much.
        options: passwords and the like, with which files are read.
        manner: what is read again or later, and who is told of each file.

    Raises:
        StoreError: no file could be read, or the index cannot be written; the old one still stands.
        IndexBusyError: another process is writing this index.
        ModelError: the embedder does not work.
    """
    tell = progress or _tell_nobody
    started = time.monotonic()
    with sole_writer(folder), Worker(options) as worker:
        sweep(folder)
        old, rebuilt = _open_old(folder, paths)
        old_rows = old.document_rows if old else ()
        found = survey(paths, old_rows, folder, tell, options, manner)
        if old is not None and not _is_of(old, embedder):
            rebuilt = f"it was made with the embedder {old.manifest.embedder}"
        done = _bring_up_to_date(paths, folder, found, old, embedder, worker, tell, manner)
        # What leaves the index leaves nothing behind that was read of it.
        if done.written:
            here = {row.document.id for row in done.rows}
            forget({row.document.id for row in old_rows} - here)
        compared = found.compare(done.rows, old_rows)
    return IndexReport(
        added=tuple(compared.added),
        changed=tuple(compared.changed),
        removed=tuple(compared.removed),
        unchanged=tuple(compared.unchanged),
        failed=tuple(found.failed),
        passages=done.passages,
        elapsed_s=time.monotonic() - started,
        embedded=done.embedded,
        rebuilt=rebuilt,
        written=done.written,
        notes=_notes(done.rows, compared),
        left=found.left,
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """What an index holds now, and whether that had to be written."""

    rows: Sequence[DocumentRow]
    passages: int
    embedded: int = 0
    written: bool = False


def _bring_up_to_date(
    paths: Sequence[Path],
    folder: Path,
    found: Survey,
    old: Index | None,
    embedder: Embedder,
    worker: Worker,
    tell: Progress,
    manner: Manner,
) -> _Done:
    """Write what changed, and let it count.

    Nothing is written where nothing can be read, and nothing else has changed.

    Raises:
        StoreError: nothing can be read, or written; what was there still stands.
        ModelError: the embedder does not work.
    """
    usable = old if old is not None and _is_of(old, embedder) else None
    before = {row.document.id: row for row in old.document_rows} if old else {}
    kept = [*found.kept, *found.elsewhere]
    stay = {row.document.id for row in kept if before.get(row.document.id) == row}
    reading = _told(found, worker, tell, manner)
    first = next(reading, None)
    if first is None and not kept and manner.may_empty:
        clear(folder)
        return _Done((), 0, written=old is not None)
    if first is None and not found.kept and not manner.may_empty:
        raise nothing_read(paths, found.failed)
    if first is None and usable is not None and stay == before.keys():
        return _Done(kept, usable.manifest.passages)
    every = chain([first] if first else [], reading)
    stays = _staying(usable, stay)
    filler = Filler(folder, embedder, usable, _exact(usable, stays))
    try:
        copied = _copied(kept, old, {id_ for ids in stays.values() for id_ in ids})
        rows = _fill(filler, copied, every, manner.tell, copies=usable is not None)
        rows += [before[id_] for ids in stays.values() for id_ in ids]
        segments = tuple(filler.close())
        tell("write", 0, 1)
        parts = [
            Part(part.segment, set(part.ids) - stays[part.segment.name])
            for part in (usable.parts if usable else ())
            if part.segment.name in stays
        ]
        roots = {place.root for row in rows for place in row.places}
        manifest = write(folder, Next(parts, segments, roots, usable), embedder)
        tell("write", 1, 1)
    except BaseException as error:
        filler.abandon()
        sweep(folder)
        if isinstance(error, OSError):
            raise unwritable(folder, error) from error
        raise
    sweep(folder)
    return _Done(rows, manifest.passages, filler.embedded, written=True)


def _is_of(index: Index, embedder: Embedder) -> bool:
    """Tell whether the vectors of an index are those of an embedder."""
    return index.manifest.embedder_checksum == embedder.checksum


def _staying(old: Index | None, stay: Set[str]) -> dict[str, Set[str]]:
    """Return the segments that stay as they are, with the ids of the documents that stay in them.

    Small segments are written together with what is new, so that an index of a few thousand
    passages is one segment, the same as if it were made afresh, and a large one never has many. So
    is a segment of which a good part is gone. The larger ones of about the same size are put
    together when there are several, each passage so being written again a few times at most.
    """
    counts: dict[str, tuple[int, Set[str]]] = {}
    for part in old.parts if old else ():
        own = [
            (id_, len(part.segment.passages_of(document)))
            for document, id_ in enumerate(part.ids)
            if id_ in stay and part.documents[document]
        ]
        live = sum(count for _, count in own)
        if live > SMALL and live >= MOSTLY * part.segment.passages:
            counts[part.segment.name] = live, {id_ for id_, _ in own}
    tiers = Counter(_tier(live) for live, _ in counts.values())
    return {
        name: ids
        for name, (live, ids) in counts.items()
        if tiers[_tier(live)] < SEVERAL or live > MOST_PASSAGES // 2
    }


def _exact(old: Index | None, stays: Container[str]) -> tuple[int, int]:
    """Return up to how many vectors a new segment keeps in full, of passages and of sentences.

    All segments together do not keep more than is searched in full quickly, small ones aside.
    """
    left = [EXACT, EXACT]
    for part in old.parts if old else ():
        if part.segment.name in stays:
            for at, vectors in enumerate((part.segment.vectors, part.segment.sentence_vectors)):
                left[at] -= len(vectors) if vectors.exact else EXACT
    return max(left[0], SMALL), max(left[1], SMALL)


def _tier(passages: int) -> int:
    return int(math.log(passages / max(1, SMALL), SEVERAL))


def _copied(kept: Sequence[DocumentRow], old: Index | None, stay: Set[str]) -> list[_Copy]:
    """Return the documents that are not read again but written, in order."""
    if old is None:
        return []
    rows = sorted((row for row in kept if row.document.id not in stay), key=lambda row: row.order)
    return [_Copy(row, *old.where(row.document.id)) for row in rows]


@dataclass(frozen=True, slots=True)
class _Copy:
    """A document that is taken over from the old index.

    Attributes:
        row: what is known of it now.
        part: where it lies.
        document: its place there.
    """

    row: DocumentRow
    part: Part
    document: int

    @property
    def order(self) -> tuple[str, str, str]:
        return self.row.order


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read."""

    unread: Unread
    found: Found

    @property
    def order(self) -> tuple[str, str, str]:
        return self.unread.order


def _fill(
    filler: Filler,
    copied: Iterable[_Copy],
    read: Iterable[_Read],
    tell: Callable[[FileStep], None],
    *,
    copies: bool,
) -> list[DocumentRow]:
    """Write documents in their order, each once.

    Args:
        filler: writes them.
        copied: of the old index.
        read: from files.
        tell: of each file that was read.
        copies: whether the vectors of the old index are good; otherwise its documents are cut
            and embedded again.
    """
    rows: dict[str, DocumentRow] = {}
    every: Iterator[_Copy | _Read] = in_order(copied, read, key=attrgetter("order"))
    for each in every:
        if isinstance(each, _Copy):
            rows[each.row.document.id] = each.row
            if copies:
                filler.copy(each.row, each.part, each.document)
            else:
                document = each.part.segment.document(each.document)
                filler.add(each.row, _named(document, each.row))
            continue
        passages = 0
        for document in each.found.documents:
            row = DocumentRow.of(
                document, each.unread.places, each.unread.file, pipeline_of(each.unread.options)
            )
            # A file inside others that are the same to the byte is one document.
            if document.id not in rows:
                passages += filler.add(row, _named(document, row))
                rows[document.id] = row
        notes = [one.metadata["note"] for one in each.found.documents if "note" in one.metadata]
        for place in each.unread.places:
            tell(FileStep("read", place.path, passages, tuple(notes)))
    return list(rows.values())


def _named(document: Document, row: DocumentRow) -> Document:
    """Return a document with its text, and the names of its row."""
    return replace(row.document, text=document.text, marks=document.marks)


def _told(found: Survey, worker: Worker, tell: Progress, manner: Manner) -> Iterator[_Read]:
    """Yield what could be read, and tell how much of all there is was."""
    sizes = [size_of(unread.path) for unread in found.unread]
    done, total = 0, sum(sizes)
    for size, (unread, read) in zip(sizes, found.read(worker, manner.tell), strict=True):
        tell("read (kB)", done // 1000, total // 1000)
        if read is not None:
            yield _Read(unread, read)
        done += size
    tell("read (kB)", total // 1000, total // 1000)


def _notes(rows: Sequence[DocumentRow], compared: Compared) -> tuple[tuple[str, str], ...]:
    """Return what is to be known of the files that are new, by source."""
    new = {*compared.added, *compared.changed}
    told = sorted(rows, key=lambda row: row.order)
    return tuple(
        (row.document.source, row.document.metadata["note"])
        for row in told
        if row.document.source in new and "note" in row.document.metadata
    )


def _open_old(folder: Path, paths: Sequence[Path]) -> tuple[Index | None, str]:
    """Return the old index and "", or None and why nothing of it can be trusted."""
    try:
        return Index.open(folder), ""
    except IndexMissingError:
        return None, ""
    except (IndexDamagedError, IndexMismatchError) as error:
        why = str(error).removeprefix(f"The index {folder} ").split(". ")[0]
    try:
        roots = read_manifest(folder).roots
    except StoreError:
        return None, why
    given = [absolute(path) for path in paths]
    lost = [root for root in roots if not any(covers(path, Path(root)) for path in given)]
    if lost:
        why += f"; it also held documents from {', '.join(lost)}, which must be indexed again"
    return None, why


def _tell_nobody(stage: str, done: int, total: int) -> None:
    pass
