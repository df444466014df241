"""build: cut, embed what is new, write a generation, switch."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.source import PLAINLY, ReadOptions
from rag.errors import (
    DocumentError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    ModelError,
    StoreError,
)
from rag.index.files import (
    absolute,
    covers,
    file_sha256,
    sha256,
    sole_writer,
    sync_file,
    sync_folder,
    unwritable,
    write_file,
)
from rag.index.manifest import (
    DOCUMENTS,
    FORMAT,
    MANIFEST,
    PASSAGES,
    SENTENCES,
    VECTORS,
    WORDS,
    FileEntry,
    Manifest,
    read_manifest,
)
from rag.index.opening import Index
from rag.index.rows import DocumentRow, PassageRow, dump_documents, dump_passages
from rag.index.survey import Progress, Survey, survey
from rag.index.vectors import Vectors
from rag.index.words import Words, entry_of
from rag.readings.shelf import forget
from rag.types import Document, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedder import Embedder

# A heading may take this share of what the embedder sees; a longer one loses its end.
HEADING_SHARE = 0.3
BATCH = 32
_GENERATION = re.compile(r"generation-(\d{6,})")


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


def build(
    paths: Sequence[Path],
    folder: Path,
    embedder: Embedder,
    *,
    progress: Progress | None = None,
    options: ReadOptions = PLAINLY,
) -> IndexReport:
    """Bring the index in a folder up to date with the files under some paths.

    What the index holds from under these paths becomes exactly what is there now; documents from
    elsewhere stay. Nothing is written where nothing has changed. The index that was there stays
    whole and usable until the new one is complete.

    Args:
        paths: files and folders.
        folder: of the index; made if there is none.
        embedder: loaded only if something has to be embedded.
        progress: told the stage ("check", "read", "cut", "embed", "write"), how much of it is
            done, and of how much.
        options: passwords and the like, with which files are read.

    Raises:
        StoreError: no file could be read, or the index cannot be written; the old one still stands.
        IndexBusyError: another process is writing this index.
        ModelError: the embedder does not work.
    """
    tell = progress or _tell_nobody
    started = time.monotonic()
    with sole_writer(folder):
        _sweep(folder)
        old, rebuilt = _open_old(folder, paths)
        found = survey(paths, old.document_rows if old else (), folder, tell, options)
        same_embedder = old is not None and old.manifest.embedder_checksum == embedder.checksum
        if old is not None and same_embedder and found.rows == old.document_rows:
            return _report(found, len(old.passages), started, embedded=0, written=False)
        before = {row.document.id for row in old.document_rows} if old else set()
        if old is not None and not same_embedder:
            rebuilt = f"it was made with the embedder {old.manifest.embedder}"
            old = None
        content = _content(found.rows, old, embedder, tell)
        tell("write", 0, 1)
        _write(folder, content, embedder)
        tell("write", 1, 1)
        # What leaves the index leaves nothing behind that was read of it.
        forget(before - {row.document.id for row in found.rows})
    return _report(
        found, len(content.passages), started, embedded=content.embedded, rebuilt=rebuilt
    )


def _report(
    found: Survey,
    passages: int,
    started: float,
    *,
    embedded: int,
    rebuilt: str = "",
    written: bool = True,
) -> IndexReport:
    new = {*found.added, *found.changed}
    return IndexReport(
        added=tuple(found.added),
        changed=tuple(found.changed),
        removed=tuple(found.removed),
        unchanged=tuple(found.unchanged),
        failed=tuple(found.failed),
        passages=passages,
        elapsed_s=time.monotonic() - started,
        embedded=embedded,
        rebuilt=rebuilt,
        written=written,
        notes=tuple(
            (row.document.source, row.document.metadata["note"])
            for row in found.rows
            if row.document.source in new and "note" in row.document.metadata
        ),
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


@dataclass(frozen=True, slots=True)
class _Content:
    """All that is written for one state of an index.

    Attributes:
        words: by passage.
        vectors: by passage.
        sentences: by sentence, in the order of the passages.
        embedded: how many of the texts were embedded anew.
    """

    documents: Sequence[DocumentRow]
    passages: Sequence[PassageRow]
    words: Sequence[Mapping[str, str]]
    vectors: NDArray[np.float32]
    sentences: NDArray[np.float32]
    embedded: int


def _content(
    documents: Sequence[DocumentRow], old: Index | None, embedder: Embedder, tell: Progress
) -> _Content:
    """Cut the documents, and embed what the old index has no vector of."""
    from rag.passages import heading

    cut = _old_passages(documents, old)
    passages: list[PassageRow] = []
    words: list[Mapping[str, str]] = []
    texts: dict[str, str] = {}
    for done, row in enumerate(documents, start=1):
        tell("cut", done, len(documents))
        line = _fit(heading(row.document), embedder)
        own = cut.get(row.document.id) or _cut(row.document, line, embedder)
        for passage in own:
            passages.append(_passage_row(passage, line, texts))
            words.append(entry_of(row.document, passage))
    vectors = _old_vectors(old)
    new = {embedded: text for embedded, text in texts.items() if embedded not in vectors}
    vectors.update(_embed(new, embedder, tell))
    whole = [row.embedded for row in passages]
    parts = [embedded for row in passages for embedded in row.sentences_embedded]
    return _Content(
        documents=documents,
        passages=passages,
        words=words,
        vectors=_stack(whole, vectors, embedder),
        sentences=_stack(parts, vectors, embedder),
        embedded=len(new),
    )


def _passage_row(passage: Passage, line: str, texts: dict[str, str]) -> PassageRow:
    """Return the row of a passage, and note the texts to embed by their hash.

    Heading and passage are embedded together, and heading and each sentence: the one tells what a
    passage is about, the other finds a fact beside others.
    """

    def note(text: str) -> str:
        text = f"{line}\n{text}" if line else text
        embedded = sha256(text.encode("utf-8", "surrogatepass"))[:32]
        texts[embedded] = text
        return embedded

    whole = note(passage.text)
    return PassageRow(passage, whole, tuple(note(s.text) for s in passage.sentences))


def _old_passages(documents: Sequence[DocumentRow], old: Index | None) -> dict[str, list[Passage]]:
    """Return the passages of the documents that need not be cut again, by document id."""
    if old is None:
        return {}
    before = {row.document.id: row for row in old.document_rows}
    same = {
        row.document.id
        for row in documents
        if (known := before.get(row.document.id))
        and known.pipeline == row.pipeline
        and replace(known.document, also=()) == replace(row.document, also=())
    }
    cut: dict[str, list[Passage]] = {}
    for passage in old.passages:
        if passage.document_id in same:
            cut.setdefault(passage.document_id, []).append(passage)
    return cut


def _cut(document: Document, line: str, embedder: Embedder) -> list[Passage]:
    """Cut a document so that the embedder sees its heading and a passage whole."""
    from rag.passages import split_passages

    room = embedder.max_tokens - embedder.count_tokens([line + "\n"])[0]
    return split_passages(document, count_tokens=embedder.count_tokens, max_tokens=room)


def _fit(line: str, embedder: Embedder) -> str:
    """Return a heading short enough to leave room for the passage; "" where it has no spaces."""
    limit = int(embedder.max_tokens * HEADING_SHARE)
    words = line.split()
    while words and embedder.count_tokens([" ".join(words)])[0] > limit:
        words = words[: len(words) * 9 // 10]
    return " ".join(words)


def _old_vectors(old: Index | None) -> dict[str, NDArray[np.float32]]:
    """Return the vectors there are, by the hash of the text that was embedded."""
    if old is None:
        return {}
    whole = [row.embedded for row in old.passage_rows]
    parts = [embedded for row in old.passage_rows for embedded in row.sentences_embedded]
    return {
        **dict(zip(parts, old.sentence_vectors(), strict=True)),
        **dict(zip(whole, old.vectors(), strict=True)),
    }


def _embed(
    texts: Mapping[str, str], embedder: Embedder, tell: Progress
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield a vector of length 1 for each text, by its hash.

    Raises:
        ModelError: the embedder gave a vector without a direction.
    """
    import numpy as np

    # Texts of about the same length share a batch, so that little is spent on padding.
    todo = sorted(texts, key=lambda embedded: len(texts[embedded]))
    for start in range(0, len(todo), BATCH):
        tell("embed", start, len(todo))
        batch = todo[start : start + BATCH]
        vectors = embedder.embed([texts[embedded] for embedded in batch], kind="document")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or (lengths == 0).any():
            raise ModelError(
                f"The embedder {embedder.name} gave a vector without a direction, so its model "
                f"is not whole. Fetch it again with `rag models fetch {embedder.name}`."
            )
        yield from zip(batch, vectors / lengths, strict=True)
    tell("embed", len(todo), len(todo))


def _stack(
    embedded: Sequence[str], vectors: Mapping[str, NDArray[np.float32]], embedder: Embedder
) -> NDArray[np.float32]:
    """Return vectors by their hashes, in that order, as rows."""
    import numpy as np

    rows = [vectors[identity] for identity in embedded]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), embedder.dimension)


def _write(folder: Path, content: _Content, embedder: Embedder) -> None:
    """Write a new generation beside the old one, then switch to it in one step.

    Raises:
        StoreError: it cannot be written; the old index still stands.
    """
    numbers = [int(match[1]) for match in map(_GENERATION.fullmatch, _names(folder)) if match]
    generation = folder / f"generation-{max(numbers, default=0) + 1:06d}"
    try:
        generation.mkdir()
        write_file(generation / DOCUMENTS, dump_documents(content.documents))
        write_file(generation / PASSAGES, dump_passages(content.passages))
        write_file(generation / VECTORS, Vectors.dump(content.vectors))
        write_file(generation / SENTENCES, Vectors.dump(content.sentences))
        Words.write(generation / WORDS, content.words)
        for file in (generation / WORDS).iterdir():
            sync_file(file)
        for inner in (generation / WORDS, generation, folder):
            sync_folder(inner)
        manifest = _manifest(generation, content, embedder)
        write_file(folder / f"{MANIFEST}.new", manifest.to_bytes())
        # The switch: before it the old index counts, after it the new one, never neither.
        os.replace(folder / f"{MANIFEST}.new", folder / MANIFEST)  # noqa: PTH105
        sync_folder(folder)
    except OSError as error:
        _sweep(folder)
        raise unwritable(folder, error) from error
    _sweep(folder)


def _manifest(generation: Path, content: _Content, embedder: Embedder) -> Manifest:
    """Return what is true of the files as they were written."""
    files = [path for path in sorted(generation.rglob("*")) if path.is_file()]
    return Manifest(
        format=FORMAT,
        generation=generation.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        embedder=embedder.name,
        embedder_checksum=embedder.checksum,
        dimension=embedder.dimension,
        max_tokens=embedder.max_tokens,
        documents=len(content.documents),
        passages=len(content.passages),
        sentences=len(content.sentences),
        roots=tuple(sorted({p.root for row in content.documents for p in row.places})),
        files={
            path.relative_to(generation).as_posix(): FileEntry(
                path.stat().st_size, file_sha256(path)
            )
            for path in files
        },
    )


def _sweep(folder: Path) -> None:
    """Remove the generations that do not count: left by a killed run, or just replaced.

    What cannot be removed now (on Windows, a file that somebody reads) goes at the next build.
    Where the manifest does not tell which one counts, all stay until a new one does.
    """
    try:
        counts = read_manifest(folder).generation
    except IndexMissingError:
        counts = ""
    except StoreError:
        return
    for name in _names(folder):
        if _GENERATION.fullmatch(name) and name != counts:
            shutil.rmtree(folder / name, ignore_errors=True)
    (folder / f"{MANIFEST}.new").unlink(missing_ok=True)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _tell_nobody(stage: str, done: int, total: int) -> None:
    pass
