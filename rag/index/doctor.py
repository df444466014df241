"""What is wrong with an index, and mending it with as little read again as can be.

Lost vectors are made anew from the passages, lost words from the documents in the index, lost
passages by cutting those documents again; only what a damaged document said is read again, from its
file. Nothing is lost that the index still holds, and what cannot be mended is named.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import find_files
from rag.documents.source import PLAINLY, ReadOptions
from rag.documents.worker import Worker
from rag.errors import (
    DocumentError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    StoreError,
)
from rag.index.files import sole_writer, unwritable
from rag.index.filling import Filler
from rag.index.manifest import (
    MANIFEST,
    SPARE,
    WORDS,
    FileEntry,
    Manifest,
    check_file,
    damaged,
    read_manifest,
)
from rag.index.opening import Part
from rag.index.rows import DocumentRow, Place, read_row, with_text
from rag.index.seen import Seen
from rag.index.segment import DOCUMENTS, FILES, SENTENCES, TEXTS, VECTORS, Segment, open_table
from rag.index.state import Next, sweep, write
from rag.index.survey import Progress, pipeline
from rag.index.words import Words
from rag.types import Document

if TYPE_CHECKING:
    from rag.embedder import Embedder

UNIT = 1e-2  # a vector's length may be so far from 1; that of one kept in bytes is


@dataclass(slots=True)
class Examination:
    """What was found wrong with an index.

    Attributes:
        folder: of the index.
        manifest: what the index is said to be; None where no manifest can be trusted.
        faults: in words, each with the file it is in.
        files: names of the files that are missing or altered.
        parts: the segments that are sound, without the documents that have left them.
        documents: how many documents the index has.
        passages: how many passages.
    """

    folder: Path
    manifest: Manifest | None = None
    faults: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    parts: list[Part] = field(default_factory=list)
    documents: int = 0
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done to an index.

    Attributes:
        faults: what had been found.
        kept: documents that were sound.
        made: documents of which passages or vectors were made anew from what the index held.
        read: files that were read again.
        lost: files that could not be read again, with the reason; they have left the index.
        unknown: how many documents there were of which not even the file is known.
        roots: folders the index was made from, to be indexed again where documents are unknown.
        passages: how many the index holds now.
    """

    faults: tuple[str, ...]
    kept: int
    made: int
    read: tuple[str, ...]
    lost: tuple[DocumentError, ...]
    unknown: int
    roots: tuple[str, ...]
    passages: int


def examine(folder: Path, progress: Progress | None = None) -> Examination:
    """Hash every file of an index, and see whether all in it fits together.

    Args:
        folder: of the index.
        progress: told the stage "check", how many files are done, and of how many.

    Raises:
        IndexMissingError: there is none.
        IndexMismatchError: it is of another format.
    """
    found = Examination(folder)
    found.manifest = _manifest(found)
    if found.manifest is None:
        return found
    manifest = found.manifest
    for done, (name, entry) in enumerate(manifest.files.items(), start=1):
        if fault := _fault(folder, name, entry):
            found.faults.append(fault)
            found.files.add(name)
        if progress:
            progress("check", done, len(manifest.files))
    found.parts = [part for name in manifest.segments if (part := _part(found, manifest, name))]
    if len(found.parts) == len(manifest.segments):
        _count(found, manifest, found.parts)
    return found


def _manifest(found: Examination) -> Manifest | None:
    """Return the manifest, or where it is damaged the spare one."""
    for name in (MANIFEST, SPARE):
        try:
            return read_manifest(found.folder, name)
        except IndexDamagedError as error:
            found.faults.append(_short(error))
            found.files.add(name)
        except IndexMissingError:
            if name == MANIFEST and not (found.folder / SPARE).exists():
                raise
            found.faults.append(f"{name} is missing")
            found.files.add(name)
    return None


def _fault(folder: Path, name: str, entry: FileEntry) -> str:
    try:
        check_file(folder, folder / name, entry)
    except IndexDamagedError as error:
        return _short(error)
    return ""


def _part(found: Examination, manifest: Manifest, name: str) -> Part | None:
    """Return a segment if all of it is sound; note what is not."""
    if any(f"{name}/{file}" in found.files for file in FILES):
        return None
    try:
        segment = Segment.open(found.folder / name, manifest.dimension)
    except (OSError, ValueError, TypeError) as error:
        found.faults.append(f"{name} cannot be loaded ({error})")
        return None
    faults = list(_faults_in(segment))
    found.faults += faults
    return None if faults else Part(segment, set(manifest.removed.get(name, ())))


def _faults_in(segment: Segment) -> Iterator[str]:
    """Yield what does not fit together within a segment."""
    import numpy as np

    passages = sentences = 0
    for ordinal, id_ in enumerate(segment.ids()):
        try:
            document = segment.document(ordinal)
        except (ValueError, LookupError, TypeError) as error:
            yield f"{segment.name}: document {id_}: {error}"
            return
        if document.id != id_:
            yield f"{segment.name}: document {id_} goes by {document.id}"
        for row in segment.passages_of(ordinal):
            own = segment.sentences_of(row)
            spans = [(s.start, s.end) for s in segment.passage(row, document).sentences]
            first, last = segment.span(row)
            inside = all(first <= start < end <= last for start, end in spans)
            in_order = all(a[1] <= b[0] for a, b in pairwise(spans))
            if (row, own.start) != (passages, sentences) or segment.document_of(row) != ordinal:
                yield f"{segment.name}: passage {row} does not follow the one before"
            if not 0 <= first < last <= len(document.text) or not inside or not in_order:
                yield f"{segment.name}: the offsets of passage {row} are no place in {id_}"
            passages, sentences = passages + 1, sentences + len(own)
    if (passages, sentences) != (segment.passages, segment.sentences):
        yield f"{segment.name} has passages or sentences of no document"
    for name, vectors in ((VECTORS, segment.vectors), (SENTENCES, segment.sentence_vectors)):
        for rows in vectors.chunks():
            lengths = np.linalg.norm(rows, axis=1)
            if not np.isfinite(lengths).all() or (np.abs(lengths - 1) > UNIT).any():
                yield f"{segment.name}/{name} holds rows that are no unit vectors"
                break


def _count(found: Examination, manifest: Manifest, parts: Sequence[Part]) -> None:
    """Compare what there is with what the manifest says there is."""
    found.documents = sum(int(part.documents.sum()) for part in parts)
    found.passages = sum(part.count for part in parts)
    sentences = sum(part.segment.sentences_among(part.documents) for part in parts)
    stated = {
        "documents": (manifest.documents, found.documents),
        "passages": (manifest.passages, found.passages),
        "sentences": (manifest.sentences, sentences),
    }
    if not _words_damaged(found):
        try:
            words = Words.load(found.folder / manifest.state / WORDS)
            stated["entries in words"] = manifest.passages, len(words)
            stated |= {
                f"entries in words of {part.segment.name}": (
                    part.count,
                    words.count(part.segment.number),
                )
                for part in parts
            }
        except ValueError as error:
            found.faults.append(f"the words cannot be loaded ({error})")
            found.files.add(f"{manifest.state}/{WORDS}")
    for what, (wanted, there) in stated.items():
        if wanted != there:
            found.faults.append(f"there are {there} {what}, not {wanted}")
            if "words" in what:
                found.files.add(f"{manifest.state}/{WORDS}")


def _words_damaged(found: Examination) -> bool:
    return any(f"/{WORDS}" in name for name in found.files)


def mend(
    folder: Path,
    embedder: Embedder,
    *,
    progress: Progress | None = None,
    options: ReadOptions = PLAINLY,
) -> Mended:
    """Mend an index from what is sound of it and, where that is not enough, from the files.

    The damaged index stays as it is until the mended one is complete.

    Args:
        folder: of the index.
        embedder: the one it was made with.
        progress: told the stage, how much of it is done, and of how much.
        options: passwords and the like, with which files are read.

    Raises:
        IndexMissingError: there is none.
        IndexDamagedError: nothing of it can be trusted.
        IndexMismatchError: it is of another format, or was made with another embedder.
        IndexBusyError: another process is writing it.
        StoreError: it cannot be written.
        ModelError: the embedder does not work.
    """
    with sole_writer(folder), Worker(options) as worker:
        found = examine(folder, progress)
        if found.manifest is None:
            raise damaged(folder, "; ".join(found.faults) + "; nothing says what belongs to it")
        if found.manifest.embedder_checksum != embedder.checksum:
            raise IndexMismatchError(
                f"The index {folder} was made with the embedder {found.manifest.embedder}, "
                f"and {embedder.name} is another. Mend it with that one."
            )
        mending = _Mending(found, found.manifest, embedder, worker)
        if not found.faults:
            return mending.result(found.passages)
        try:
            passages = mending.write(progress or (lambda stage, done, total: None))
        except BaseException as error:
            mending.abandon()
            if isinstance(error, OSError):
                raise unwritable(folder, error) from error
            raise
        finally:
            sweep(folder)
        return mending.result(passages)


class _Mending:
    """Puts together what is sound, what can be made of it, and what has to be read again."""

    def __init__(
        self, found: Examination, manifest: Manifest, embedder: Embedder, worker: Worker
    ) -> None:
        self._found = found
        self._manifest = manifest
        self._worker = worker
        self._embedder = embedder
        self._filler = Filler(found.folder, embedder, None)
        self._made = 0
        self._again: dict[Path, Sequence[Place]] = {}
        self._nameless: set[str] = set()
        self._read: list[str] = []
        self._lost: list[DocumentError] = []
        self._kept = found.parts
        self._ids = {id_ for part in self._kept for id_ in part.ids if id_ not in part.removed}
        self._sound = len(self._ids)

    def write(self, tell: Progress) -> int:
        """Write the mended index; return how many passages it holds.

        Raises:
            OSError: it cannot be written.
            StoreError: nothing is left of it.
        """
        sound = {part.segment.name for part in self._kept}
        broken = [name for name in self._manifest.segments if name not in sound]
        for done, name in enumerate(broken):
            tell("mend", done, len(broken))
            self._salvage(name)
        if self._nameless:
            self._find()
        for done, places in enumerate(self._again.values()):
            tell("read", done, len(self._again))
            self._read_again(places)
        segments = self._filler.close()
        if not segments and not self._sound:
            raise damaged(self._found.folder, "nothing of it can be mended")
        following = Next(self._kept, segments, set(self._manifest.roots))
        return write(self._found.folder, following, self._embedder).passages

    def abandon(self) -> None:
        """Close what is being written; it does not count."""
        self._filler.abandon()

    def _salvage(self, name: str) -> None:
        """Take over the sound documents of a segment, and note the files of the others."""
        gone = set(self._manifest.removed.get(name, ()))
        bad = {file for file in FILES if f"{name}/{file}" in self._found.files}
        for id_, row, document in _salvaged(self._found.folder / name, bad):
            if id_ in gone:
                continue
            if row is None:
                self._nameless.add(id_)
            elif document is None:
                self._again[row.places[0].path] = row.places
            else:
                self._made += self._add(row, document)

    def _find(self) -> None:
        """Look for the files of documents of which only the id is left, which is their hash."""
        seen = Seen.load(self._found.folder)
        for root, file in find_files([Path(root) for root in self._manifest.roots]):
            try:
                identity = seen.identity(file)
            except OSError:
                continue
            if identity in self._nameless:
                place = Place(str(root), file.relative_to(root).as_posix())
                self._again.setdefault(file, (place,))

    def _add(self, row: DocumentRow, document: Document) -> bool:
        """Write a document unless it is there already; tell whether it was not."""
        if row.document.id in self._ids:
            return False
        self._ids.add(row.document.id)
        whole = replace(row.document, text=document.text, marks=document.marks)
        self._filler.add(row, whole)
        return True

    def _read_again(self, places: Sequence[Place]) -> None:
        """Read a file once more, and everything in it."""
        first = places[0]
        try:
            found = self._worker.read(first.path, root=Path(first.root))
        except DocumentError as error:
            self._lost.append(error)
            return
        self._lost += found.failed
        self._read.append(first.source)
        for document in found.documents:
            self._add(DocumentRow.of(document, places, found.file, pipeline()), document)

    def result(self, passages: int) -> Mended:
        """Return what was done."""
        return Mended(
            faults=tuple(self._found.faults),
            kept=self._sound,
            made=self._made,
            read=tuple(self._read),
            lost=tuple(self._lost),
            unknown=max(0, self._manifest.documents - len(self._ids) - len(self._lost)),
            roots=self._manifest.roots,
            passages=passages,
        )


def _salvaged(
    folder: Path, bad: Set[str]
) -> Iterator[tuple[str, DocumentRow | None, Document | None]]:
    """Yield the id of each document of a segment, with what is left of it.

    Args:
        folder: of the segment.
        bad: names of its files that are missing or altered.
    """
    data = {name: _bytes(folder / name) for name in (DOCUMENTS, TEXTS)}
    for id_, line, text in _lines(folder, data[DOCUMENTS], data[TEXTS], bad):
        row = read_row(line) if line else None
        yield id_, row, with_text(row.document, text) if row and text else None


def _lines(
    folder: Path, rows: bytes, texts: bytes, bad: Set[str]
) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield id, line of documents.jsonl and line of texts.jsonl, b"" for a line that is unsound.

    A line is known to be sound by its checksum in documents.npy, or where that is lost by its file
    being sound.
    """
    if "documents.npy" not in bad:
        for entry in open_table(folder, "documents.npy"):
            found = [
                data[int(entry[f"{name}_at"]) :][: int(entry[f"{name}_bytes"])]
                for name, data in (("row", rows), ("text", texts))
            ]
            sound = [
                line if zlib.crc32(line) == int(entry[f"{name}_crc"]) else b""
                for name, line in zip(("row", "text"), found, strict=True)
            ]
            yield entry["id"].decode(), sound[0], sound[1]
        return
    every = [
        data.split(b"\n")[:-1] if name not in bad else []
        for name, data in ((DOCUMENTS, rows), (TEXTS, texts))
    ]
    for line, text in zip_longest(*every, fillvalue=b""):
        yield json.loads(line or text)["id"], line, text


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _short(error: StoreError) -> str:
    """Return what is wrong without which index it is in and what to do."""
    return str(error).split(" is damaged: ")[-1].split(". Mend it")[0]
