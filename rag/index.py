"""Passages + vectors <-> a folder under indexes/; the only file that knows FAISS and tantivy.

The folder is described in docs/index-format.md. In short: everything of one state of the index
lies in one generation folder that is never written again, and `manifest.json`, replaced in one
step, names the generation that counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rag.errors import (
    DocumentError,
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    ModelError,
    StoreError,
    UnreadableDocumentError,
)
from rag.types import Document, Passage, Sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedder import Embedder

FORMAT = 1
MANIFEST = "manifest.json"
LOCK = "lock"
DOCUMENTS = "documents.jsonl"
PASSAGES = "passages.jsonl"
VECTORS = "vectors.faiss"
WORDS = "words"

# A heading may take this share of what the embedder sees; a longer one loses its end.
HEADING_SHARE = 0.3

# Words of a question that say nothing about what a passage holds. Only questions are stripped of
# them, so that the index holds every word.
STOP_WORDS = frozenset(
    """a about am an and any are as at be been being but by can could did do does doing for from
    had has have having he her hers him his how i if in into is it its itself let may me might
    must my of on or our ours please shall she should so some such tell than that the their
    theirs them then there these they this those through to too under until up us was we were
    what when where which while who whom whose why will with would you your yours s t d ll m re ve
    don didn doesn isn wasn aren weren won wouldn couldn shouldn hasn haven hadn also just""".split()
)

# What a question may call a fact. Indexed with the passages that state the fact.
FACT_WORDS: Mapping[str, str] = {
    "title": "title headline heading called named",
    "publisher": "publisher published publication outlet source site website newspaper magazine",
    "author": "author authors wrote written writer byline journalist reporter",
    "date": "date dated published publication day time year",
    "url": "url link address web webpage website online page",
    "excerpt": "excerpt summary abstract description",
}

FIELD_BOOSTS: Mapping[str, float] = {"body": 1.0, "title": 0.4, "facts": 0.3, "keys": 0.6}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Size and SHA-256 of one file of a generation."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index says of itself; `manifest.json` holds exactly this and its own checksum.

    Attributes:
        generation: the folder that counts.
        created: when it was written, ISO 8601, UTC.
        embedder: name of the embedder, its checksum, dimension and limit in tokens stand beside.
        pipeline: fingerprint of the code that reads and splits documents.
        documents: how many.
        passages: how many, and how many vectors.
        roots: the absolute folders the documents were found under.
        files: path relative to the generation folder -> size and checksum.
    """

    format: int
    generation: str
    created: str
    embedder: str
    embedder_checksum: str
    dimension: int
    max_tokens: int
    pipeline: str
    documents: int
    passages: int
    roots: tuple[str, ...]
    files: Mapping[str, FileEntry]

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        values: dict[str, Any] = {
            "format": self.format,
            "generation": self.generation,
            "created": self.created,
            "embedder": self.embedder,
            "embedder_checksum": self.embedder_checksum,
            "dimension": self.dimension,
            "max_tokens": self.max_tokens,
            "pipeline": self.pipeline,
            "documents": self.documents,
            "passages": self.passages,
            "roots": list(self.roots),
            "files": {
                name: {"bytes": entry.bytes, "sha256": entry.sha256}
                for name, entry in sorted(self.files.items())
            },
        }
        values["checksum"] = _checksum(values)
        return json.dumps(values, indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a build did, by source (path relative to its root).

    Attributes:
        failed: files that could not be read, each with its reason; the run went on.
        passages: how many the index holds now.
        embedded: how many vectors were made; the others were taken over.
        rebuilt: why nothing of the old index was taken over, "" where there was no such reason.
        written: whether the index on disk was replaced; False when nothing had changed.
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file was found: absolute root folder and path relative to it."""

    root: str
    source: str

    @property
    def path(self) -> Path:
        return Path(self.root) / self.source


@dataclass(frozen=True, slots=True)
class _Row:
    """A document of an index with all the places its bytes were found in, the first its own."""

    document: Document
    places: tuple[_Place, ...]


class Index:
    """An index as it was when opened; a later build does not disturb it.

    Attributes:
        documents: by document id.
        passages: in the order of the rows of the searches.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        rows: Sequence[_Row],
        passages: Sequence[Passage],
        embedded: Sequence[str],
        vectors: Any,
        words: _Words,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.documents: Mapping[str, Document] = {row.document.id: row.document for row in rows}
        self.passages = passages
        self._rows = rows
        self._embedded = embedded
        self._vectors = vectors
        self._words = words

    @classmethod
    def open(cls, folder: Path, embedder_checksum: str | None = None) -> Self:
        """Open the index in a folder, after every file of it has been checked.

        Args:
            embedder_checksum: of the embedder that will make the query vectors.

        Raises:
            IndexMissingError: there is none.
            IndexDamagedError: a file is missing, cut short or altered.
            IndexMismatchError: another format version, or made with another embedder.
        """
        for attempt in (1, 2):
            manifest = _read_manifest(folder)
            if embedder_checksum is not None and manifest.embedder_checksum != embedder_checksum:
                raise IndexMismatchError(
                    f"The index {folder} was made with the embedder {manifest.embedder} "
                    f"({manifest.embedder_checksum[:12]}…), not with the one in use "
                    f"({embedder_checksum[:12]}…). Name that embedder, or make the index anew: "
                    f"{_rebuild(folder)}."
                )
            try:
                return cls._load(folder, manifest)
            except IndexDamagedError:
                # A build may have replaced the generation while it was being read.
                if attempt == 2 or _read_manifest(folder).generation == manifest.generation:
                    raise
        raise AssertionError("unreachable")

    @classmethod
    def _load(cls, folder: Path, manifest: Manifest) -> Self:
        """Check every file of the generation, then load it."""
        generation = folder / manifest.generation
        for name, entry in manifest.files.items():
            _check_file(folder, generation / name, entry)
        try:
            rows = [_row_of(v) for v in _read_lines(generation / DOCUMENTS)]
            by_id = {row.document.id: row.document for row in rows}
            values = list(_read_lines(generation / PASSAGES))
            passages = [_passage_of(v, by_id) for v in values]
            embedded = [str(v["embedded"]) for v in values]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(folder, f"its documents or passages do not fit ({error})") from error
        vectors = _load_vectors(folder, generation / VECTORS)
        words = _Words.open(folder, generation / WORDS)
        counts = {
            "documents": (manifest.documents, len(rows)),
            "passages": (manifest.passages, len(passages)),
            "vectors": (manifest.passages, vectors.ntotal),
            "entries in words": (manifest.passages, words.count),
            "dimensions": (manifest.dimension, vectors.d),
        }
        for what, (stated, found) in counts.items():
            if stated != found:
                raise _damaged(folder, f"the manifest states {stated} {what}, there are {found}")
        return cls(folder, manifest, rows, passages, embedded, vectors, words)

    def search_dense(
        self, vector: NDArray[np.float32] | Sequence[float], k: int
    ) -> list[tuple[int, float]]:
        """Return the rows nearest to a vector with their cosines, best first.

        A vector without a direction (zero, or not finite) is near to nothing.

        Raises:
            IndexMismatchError: the vector has another dimension.
        """
        import faiss
        import numpy as np

        query = np.asarray(vector, dtype=np.float32).reshape(1, -1)
        if query.shape[1] != self.manifest.dimension:
            raise IndexMismatchError(
                f"The index {self.folder} holds vectors of {self.manifest.dimension} dimensions, "
                f"the query has {query.shape[1]}. Use the embedder {self.manifest.embedder}."
            )
        norm = float(np.linalg.norm(query))
        k = min(k, len(self.passages))
        if k < 1 or not np.isfinite(norm) or norm == 0.0:
            return []
        # One thread: more only spin beside the model, and a search takes milliseconds.
        faiss.omp_set_num_threads(1)
        cosines, rows = self._vectors.search(query / norm, k)
        return [
            (int(row), min(1.0, max(-1.0, float(cosine))))
            for row, cosine in zip(rows[0], cosines[0], strict=True)
            if row >= 0
        ]

    def search_lexical(self, query: str, k: int) -> list[tuple[int, float]]:
        """Return the rows that share words with a question with their BM25 scores, best first.

        The question is plain words: nothing in it is read as query syntax. Words that say nothing
        ("what", "the") are left out, so a question of only such words finds nothing.
        """
        return self._words.search(query, min(k, len(self.passages)))

    def vectors(self) -> NDArray[np.float32]:
        """Return a copy of all vectors, one unit row a passage."""
        import numpy as np

        return np.asarray(self._vectors.reconstruct_n(0, self._vectors.ntotal), dtype=np.float32)


class _Words:
    """The tantivy half: which passages hold which words."""

    def __init__(self, index: Any, analyzer: Any) -> None:
        self._index = index
        self._analyzer = analyzer
        self._searcher = index.searcher()
        self.count = int(self._searcher.num_docs)

    @staticmethod
    def _schema() -> Any:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", fast=True)
        for name in FIELD_BOOSTS:
            builder.add_text_field(name, tokenizer_name="words", index_option="freq")
        return builder.build()

    @staticmethod
    def analyzer() -> Any:
        """Return what cuts text into terms: letters and digits, lower case, no accents, stems."""
        import tantivy

        builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        for step in (
            tantivy.Filter.remove_long(80),
            tantivy.Filter.lowercase(),
            tantivy.Filter.ascii_fold(),
            tantivy.Filter.stemmer("english"),
        ):
            builder = builder.filter(step)
        return builder.build()

    @classmethod
    def write(cls, folder: Path, entries: Iterable[Mapping[str, str]]) -> None:
        """Write the entries, one a passage in the order of the rows, into a new folder."""
        import tantivy

        folder.mkdir()
        index = tantivy.Index(cls._schema(), path=str(folder))
        index.register_tokenizer("words", cls.analyzer())
        # One thread gives one segment and the same scores whatever the machine.
        writer = index.writer(heap_size=64_000_000, num_threads=1)
        for row, entry in enumerate(entries):
            document = tantivy.Document()
            document.add_unsigned("row", row)
            for name, text in entry.items():
                document.add_text(name, text)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    @classmethod
    def open(cls, folder: Path, words: Path) -> Self:
        """Open the written folder.

        Raises:
            IndexDamagedError: tantivy cannot read it.
        """
        import tantivy

        try:
            index = tantivy.Index.open(str(words))
        except (ValueError, OSError) as error:
            raise _damaged(folder, f"{words.name} cannot be read ({error})") from error
        # The generation never changes: no thread need watch it.
        index.config_reader("manual")
        analyzer = cls.analyzer()
        index.register_tokenizer("words", analyzer)
        return cls(index, analyzer)

    def search(self, query: str, k: int) -> list[tuple[int, float]]:
        """Return rows and BM25 scores, best first."""
        import tantivy

        terms = content_terms(query, self._analyzer)
        if not terms or k < 1:
            return []
        should = tantivy.Occur.Should
        schema = self._index.schema
        parts = [
            (
                should,
                tantivy.Query.boost_query(
                    tantivy.Query.term_query(schema, name, term, index_option="freq"), boost
                ),
            )
            for term in terms
            for name, boost in FIELD_BOOSTS.items()
        ]
        found = self._searcher.search(tantivy.Query.boolean_query(parts), limit=k, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in found])
        scored = [(int(row), float(score)) for row, (score, _) in zip(rows, found, strict=True)]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))


def content_terms(query: str, analyzer: Any) -> list[str]:
    """Return the terms of a question that may tell passages apart, each once, in order."""
    import re

    words = [word for word in re.findall(r"\w+", query.lower()) if word not in STOP_WORDS]
    return list(dict.fromkeys(analyzer.analyze(" ".join(words))))


def content_words(query: str) -> list[str]:
    """Return the words of a question that say what it is about."""
    import re

    return [word for word in re.findall(r"\w+", query.lower()) if word not in STOP_WORDS]


def embedded_text(heading: str, passage: Passage) -> str:
    """Return what is embedded for a passage: the line about its document, then its own text."""
    return f"{heading}\n{passage.text}"


def build(
    paths: Sequence[Path],
    folder: Path,
    embedder: Embedder,
    *,
    progress: Progress | None = None,
) -> IndexReport:
    """Bring the index in a folder up to date with the files under some paths.

    What the index holds from under these paths becomes exactly what is there now; documents from
    elsewhere stay. Nothing is written when nothing has changed. The index that was there before
    stays whole and usable until the new one is complete.

    Args:
        paths: files and folders.
        folder: of the index; made if there is none.
        progress: told the stage ("check", "read", "embed", "write"), how much is done, of how much.

    Raises:
        StoreError: no file could be read, or the index cannot be written; the old one is as it was.
        IndexBusyError: another process is writing this index.
    """
    tell = progress or _silent
    started = time.monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    with _exclusive(folder):
        old, rebuilt = _open_old(folder, paths)
        plan = _survey(paths, old, embedder, rebuilt, tell)
        if plan.nothing_to_do:
            assert old is not None
            return plan.report(len(old.passages), started, embedded=0, written=False)
        content = _content(plan, embedder, tell)
        _write_generation(folder, content, embedder, tell)
        return plan.report(len(content.passages), started, embedded=content.embedded)


@dataclass(slots=True)
class _Plan:
    """What a build will do: the rows of the new index, and what changed against the old one."""

    rows: list[_Row]
    old: Index | None
    keep_passages: bool
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[DocumentError] = field(default_factory=list)
    rebuilt: str = ""

    @property
    def nothing_to_do(self) -> bool:
        return self.old is not None and self.keep_passages and self.rows == list(self.old._rows)

    def report(
        self, passages: int, started: float, *, embedded: int, written: bool = True
    ) -> IndexReport:
        return IndexReport(
            added=tuple(self.added),
            changed=tuple(self.changed),
            removed=tuple(self.removed),
            unchanged=tuple(self.unchanged),
            failed=tuple(self.failed),
            passages=passages,
            elapsed_s=time.monotonic() - started,
            embedded=embedded,
            rebuilt=self.rebuilt,
            written=written,
        )


def _open_old(folder: Path, paths: Sequence[Path]) -> tuple[Index | None, str]:
    """Return the index as it is and "", or None and why nothing of it can be taken over."""
    try:
        return Index.open(folder), ""
    except IndexMissingError:
        return None, ""
    except (IndexDamagedError, IndexMismatchError) as error:
        why = str(error).split(". ")[0]
    try:
        roots = _read_manifest(folder).roots
    except StoreError:
        return None, f"{why}; it was made anew from the paths given"
    given = [_absolute(path) for path in paths]
    lost = [root for root in roots if not any(_covers(path, Path(root)) for path in given)]
    also = f"; it also held documents from {', '.join(lost)}: index those again too" if lost else ""
    return None, f"{why}; it was made anew from the paths given{also}"


def _survey(
    paths: Sequence[Path], old: Index | None, embedder: Embedder, rebuilt: str, tell: Progress
) -> _Plan:
    """Compare the files under the paths with the old index and read what is new.

    Raises:
        StoreError: not one file could be read.
    """
    from rag.documents import find_files, read_document

    failed: list[DocumentError] = []
    given = [_absolute(path) for path in paths]
    found: dict[Path, _Place] = {}
    for path in given:
        if not path.exists():
            failed.append(
                UnreadableDocumentError(f"{path} does not exist. Check the path.", path=str(path))
            )
            continue
        for root, file in find_files([path]):
            _add_place(found, _absolute(root), _absolute(file))

    same_pipeline = old is not None and old.manifest.pipeline == _pipeline()
    old_rows = list(old._rows) if old is not None else []
    old_places = {place.path: (place, row) for row in old_rows for place in row.places}
    # A file known under a wider root keeps the name it has there.
    for path, (place, _) in old_places.items():
        if path in found:
            _add_place(found, Path(place.root), path)

    # Every file's bytes tell its identity; documents with the same bytes are one.
    by_id: dict[str, list[_Place]] = {}
    for done, (path, place) in enumerate(sorted(found.items()), start=1):
        tell("check", done, len(found))
        try:
            by_id.setdefault(_identity(path), []).append(place)
        except OSError as error:
            failed.append(_unreadable(path, error))

    known = {row.document.id: row for row in old_rows}
    documents: dict[str, _Row] = {}
    for done, (identity, places) in enumerate(by_id.items(), start=1):
        tell("read", done, len(by_id))
        places.sort(key=lambda place: (place.root, place.source))
        row = known.get(identity)
        elsewhere = [
            place
            for place in (row.places if row else ())
            if not any(_covers(path, place.path) for path in given) and place.path.exists()
        ]
        every = tuple(dict.fromkeys([*places, *elsewhere]))
        if row and row.places and row.places[0] in every:
            # The first name stays the first, so that a second copy does not rename a document.
            every = (row.places[0], *(place for place in every if place != row.places[0]))
        first = every[0]
        if row and row.places[0] == first and same_pipeline:
            document = row.document
        else:
            try:
                document = read_document(first.path, root=Path(first.root))
            except DocumentError as error:
                failed.append(error)
                continue
            document = replace(document, id=identity, root=first.root, source=first.source)
        also = tuple(_also(place, first.root) for place in every[1:])
        documents[identity] = _Row(replace(document, also=also), every)
    if not documents:
        raise StoreError(_nothing_read(given, failed))

    # Documents from elsewhere stay as they are.
    for row in old_rows:
        if row.document.id in documents:
            continue
        left = tuple(p for p in row.places if not any(_covers(path, p.path) for path in given))
        if left and left[0] == row.places[0]:
            also = tuple(_also(place, left[0].root) for place in left[1:])
            documents[row.document.id] = _Row(replace(row.document, also=also), left)
        elif left:
            try:
                document = read_document(left[0].path, root=Path(left[0].root))
            except DocumentError as error:
                failed.append(error)
                continue
            also = tuple(_also(place, left[0].root) for place in left[1:])
            documents[row.document.id] = _Row(replace(document, also=also), left)

    rows = sorted(documents.values(), key=lambda r: (r.places[0].root, r.places[0].source))
    same_embedder = old is not None and old.manifest.embedder_checksum == embedder.checksum
    if old is not None and not same_embedder:
        rebuilt = f"the embedder is now {embedder.name}, it was {old.manifest.embedder}"
    plan = _Plan(rows, old, same_pipeline and same_embedder, failed=failed, rebuilt=rebuilt)
    _compare(plan, old_places, found)
    return plan


def _compare(
    plan: _Plan, old_places: Mapping[Path, tuple[_Place, _Row]], found: Mapping[Path, _Place]
) -> None:
    """Say of each file whether it is new, changed, gone or as before."""
    new_places = {place.path: row for row in plan.rows for place in row.places}
    names = {path: place.source for path, place in found.items()}
    for path, row in sorted(new_places.items()):
        name = names.get(path)
        if name is None:
            continue
        before = old_places.get(path)
        if before is None:
            plan.added.append(name)
        elif before[1].document.id == row.document.id:
            plan.unchanged.append(name)
        else:
            plan.changed.append(name)
    failed = {str(_absolute(Path(error.path))) for error in plan.failed}
    for path, (place, _) in sorted(old_places.items()):
        if path not in new_places and str(path) not in failed:
            plan.removed.append(place.source)


@dataclass(frozen=True, slots=True)
class _Content:
    """All that is written for one state of an index."""

    rows: Sequence[_Row]
    passages: Sequence[Passage]
    embedded_ids: Sequence[str]
    vectors: NDArray[np.float32]
    words: Sequence[Mapping[str, str]]
    embedded: int


def _content(plan: _Plan, embedder: Embedder, tell: Progress) -> _Content:
    """Split the documents, and embed what has not been embedded before."""
    import numpy as np

    from rag.passages import heading

    passages: list[Passage] = []
    texts: list[str] = []
    words: list[Mapping[str, str]] = []
    kept = _old_passages(plan)
    for done, row in enumerate(plan.rows, start=1):
        tell("split", done, len(plan.rows))
        line = _cut(heading(row.document), embedder)
        own = kept.get(row.document.id)
        if own is None:
            own = _split(row.document, line, embedder)
        for passage in own:
            passages.append(passage)
            texts.append(embedded_text(line, passage))
            words.append(_entry(row.document, passage))
    ids = [_sha(text.encode("utf-8", "surrogatepass"))[:32] for text in texts]

    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    saved: dict[str, int] = {}
    if plan.old is not None and plan.old.manifest.embedder_checksum == embedder.checksum:
        saved = {identity: row for row, identity in enumerate(plan.old._embedded)}
        before = plan.old.vectors()
        for row, identity in enumerate(ids):
            if identity in saved:
                vectors[row] = before[saved[identity]]
    todo = [row for row, identity in enumerate(ids) if identity not in saved]
    tell("embed", 0, len(todo))
    for start in range(0, len(todo), 32):
        batch = todo[start : start + 32]
        vectors[batch] = embedder.embed([texts[row] for row in batch], kind="document")
        tell("embed", start + len(batch), len(todo))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise ModelError(
            f"The embedder {embedder.name} gave a vector without a direction. "
            f"Fetch it again with `rag models fetch {embedder.name}`."
        )
    return _Content(plan.rows, passages, ids, vectors / norms, words, len(todo))


def _old_passages(plan: _Plan) -> dict[str, list[Passage]]:
    """Return the passages that need not be cut again, by document."""
    kept: dict[str, list[Passage]] = {}
    if plan.old is None or not plan.keep_passages:
        return kept
    for passage in plan.old.passages:
        kept.setdefault(passage.document_id, []).append(passage)
    # A document whose title or name changed has another heading, so other limits.
    for row in plan.rows:
        before = plan.old.documents.get(row.document.id)
        if before is not None and replace(before, also=()) != replace(row.document, also=()):
            kept.pop(row.document.id, None)
    return kept


def _split(document: Document, line: str, embedder: Embedder) -> list[Passage]:
    """Cut a document so that heading and passage together are seen whole by the embedder."""
    from rag.passages import split_passages

    room = embedder.max_tokens - embedder.count_tokens([line + "\n"])[0]
    return split_passages(document, count_tokens=embedder.count_tokens, max_tokens=room)


def _cut(line: str, embedder: Embedder) -> str:
    """Return a heading short enough to leave room for the passage."""
    limit = int(embedder.max_tokens * HEADING_SHARE)
    words = line.split()
    while len(words) > 1 and embedder.count_tokens([" ".join(words)])[0] > limit:
        words = words[: max(1, len(words) * 9 // 10)]
    short = " ".join(words)
    return short if embedder.count_tokens([short])[0] <= limit else ""


def _entry(document: Document, passage: Passage) -> dict[str, str]:
    """Return what of a passage can be found by words, by field."""
    facts = [v for k, v in document.metadata.items() if k in FACT_WORDS and k != "excerpt"]
    text = passage.text.casefold()
    keys = [
        words
        for key, words in FACT_WORDS.items()
        if (value := document.metadata.get(key)) and (value.casefold() in text)
    ]
    entry = {
        "body": passage.text,
        "title": document.title,
        "facts": "\n".join([*facts, document.source]),
        "keys": " ".join(keys),
    }
    return {name: text.encode("utf-8", "replace").decode() for name, text in entry.items()}


def _write_generation(folder: Path, content: _Content, embedder: Embedder, tell: Progress) -> None:
    """Write a new generation beside the old one, then switch to it in one step.

    Raises:
        StoreError: it cannot be written; the old index is as it was.
    """
    tell("write", 0, 1)
    _sweep(folder, keep=_current(folder))
    generation = folder / _next_generation(folder)
    try:
        generation.mkdir()
        _write(generation / DOCUMENTS, b"".join(_line(_row_json(r)) for r in content.rows))
        _write(
            generation / PASSAGES,
            b"".join(
                _line(_passage_json(p, e))
                for p, e in zip(content.passages, content.embedded_ids, strict=True)
            ),
        )
        _write(generation / VECTORS, _dump_vectors(content.vectors))
        _write_words(generation / WORDS, content.words)
        files = {
            path.relative_to(generation).as_posix(): FileEntry(path.stat().st_size, _file_sha(path))
            for path in sorted(generation.rglob("*"))
            if path.is_file()
        }
        for inner in (generation / WORDS, generation, folder):
            _sync_folder(inner)
        manifest = Manifest(
            format=FORMAT,
            generation=generation.name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            embedder=embedder.name,
            embedder_checksum=embedder.checksum,
            dimension=embedder.dimension,
            max_tokens=embedder.max_tokens,
            pipeline=_pipeline(),
            documents=len(content.rows),
            passages=len(content.passages),
            roots=tuple(sorted({place.root for row in content.rows for place in row.places})),
            files=files,
        )
        _write(folder / f"{MANIFEST}.new", manifest.to_bytes())
        # The switch: before it the old index counts, after it the new one, never neither.
        os.replace(folder / f"{MANIFEST}.new", folder / MANIFEST)  # noqa: PTH105
    except OSError as error:
        _sweep(folder, keep=_current(folder))
        raise _unwritable(folder, error) from error
    _sync_folder(folder)
    _sweep(folder, keep=generation.name)
    tell("write", 1, 1)


def _write_words(folder: Path, entries: Iterable[Mapping[str, str]]) -> None:
    """Write the words; whatever tantivy meets on the way is an OSError here."""
    try:
        _Words.write(folder, entries)
    except ValueError as error:
        # tantivy reports a full disk as a ValueError.
        raise OSError(str(error)) from error
    for path in folder.iterdir():
        if path.name.endswith(".lock"):
            path.unlink()
        else:
            _sync_file(path)


def _current(folder: Path) -> str:
    """Return the generation the manifest names, "" where there is none."""
    try:
        return _read_manifest(folder).generation
    except StoreError:
        return ""


def _next_generation(folder: Path) -> str:
    numbers = [int(path.name[1:]) for path in _generations(folder)]
    return f"g{max(numbers, default=0) + 1:06d}"


def _generations(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.iterdir()
        if path.is_dir() and path.name[:1] == "g" and path.name[1:].isdigit()
    ]


def _sweep(folder: Path, *, keep: str) -> None:
    """Remove generations that do not count: left by a killed run, or just replaced.

    What cannot be removed now (a file in use on Windows) goes at the next build.
    """
    for path in _generations(folder):
        if path.name != keep:
            shutil.rmtree(path, ignore_errors=True)
    (folder / f"{MANIFEST}.new").unlink(missing_ok=True)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Hold the only right to write an index; it ends with the process, however that ends."""
    from filelock import FileLock, Timeout

    lock = FileLock(str(folder / LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IndexBusyError(
            f"Another process is writing the index {folder}. Wait until it is done, then try again."
        ) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def _read_manifest(folder: Path) -> Manifest:
    """Return the manifest after checking its own checksum and its version.

    Raises:
        IndexMissingError: there is none.
        IndexDamagedError: it is not whole.
        IndexMismatchError: it is of another format version.
    """
    try:
        raw = (folder / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        raise IndexMissingError(
            f"There is no index at {folder}. Make it: {_rebuild(folder)}."
        ) from error
    except OSError as error:
        raise _damaged(folder, f"{MANIFEST} cannot be read ({error})") from error
    try:
        values = json.loads(raw)
        stated = values.pop("checksum")
        version = values["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, f"{MANIFEST} is not whole") from error
    if stated != _checksum(values):
        raise _damaged(folder, f"{MANIFEST} has been altered")
    if version != FORMAT:
        raise IndexMismatchError(
            f"The index {folder} has format {version}, this version reads format {FORMAT}. "
            f"Make it anew: {_rebuild(folder)}."
        )
    try:
        values["files"] = {name: FileEntry(**entry) for name, entry in values["files"].items()}
        values["roots"] = tuple(values["roots"])
        manifest = Manifest(**values)
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, f"{MANIFEST} is not whole") from error
    missing = {DOCUMENTS, PASSAGES, VECTORS} - set(manifest.files)
    if missing:
        raise _damaged(folder, f"{MANIFEST} does not name {', '.join(sorted(missing))}")
    return manifest


def _check_file(folder: Path, path: Path, entry: FileEntry) -> None:
    """Compare a file with what the manifest says of it.

    Raises:
        IndexDamagedError: it is missing, cut short or altered.
    """
    name = path.relative_to(folder).as_posix()
    try:
        size = path.stat().st_size
        if size != entry.bytes:
            raise _damaged(folder, f"{name} has {size} bytes, not {entry.bytes}")
        actual = _file_sha(path)
    except FileNotFoundError as error:
        raise _damaged(folder, f"{name} is missing") from error
    except OSError as error:
        raise _damaged(folder, f"{name} cannot be read ({error})") from error
    if actual != entry.sha256:
        raise _damaged(folder, f"{name} has been altered")


def _load_vectors(folder: Path, path: Path) -> Any:
    import faiss
    import numpy as np

    try:
        return faiss.deserialize_index(np.frombuffer(path.read_bytes(), dtype=np.uint8))
    except (OSError, RuntimeError) as error:
        raise _damaged(folder, f"{path.name} cannot be read ({error})") from error


def _dump_vectors(vectors: NDArray[np.float32]) -> bytes:
    """Return a FAISS file: exact inner product, which is the cosine, the rows being unit."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return bytes(faiss.serialize_index(index))


def _row_json(row: _Row) -> dict[str, Any]:
    d = row.document
    return {
        "id": d.id,
        "places": [[place.root, place.source] for place in row.places],
        "title": d.title,
        "format": d.format,
        "metadata": dict(d.metadata),
        "origins": dict(d.origins),
        "text": d.text,
    }


def _row_of(value: Mapping[str, Any]) -> _Row:
    places = tuple(_Place(root, source) for root, source in value["places"])
    first = places[0]
    document = Document(
        id=value["id"],
        root=first.root,
        source=first.source,
        text=value["text"],
        title=value["title"],
        metadata=value["metadata"],
        origins=value["origins"],
        format=value["format"],
        also=tuple(_also(place, first.root) for place in places[1:]),
    )
    return _Row(document, places)


def _passage_json(passage: Passage, embedded: str) -> dict[str, Any]:
    return {
        "id": passage.id,
        "document": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "kind": passage.kind,
        "sentences": [[s.start, s.end] for s in passage.sentences],
        "embedded": embedded,
    }


def _passage_of(value: Mapping[str, Any], documents: Mapping[str, Document]) -> Passage:
    text = documents[value["document"]].text
    return Passage(
        id=value["id"],
        document_id=value["document"],
        start=value["start"],
        end=value["end"],
        text=text[value["start"] : value["end"]],
        sentences=tuple(Sentence(s, e, text[s:e]) for s, e in value["sentences"]),
        kind=value["kind"],
    )


def _also(place: _Place, root: str) -> str:
    """Return the name of another copy: relative under the same root, absolute elsewhere."""
    return place.source if place.root == root else place.path.as_posix()


def _add_place(found: dict[Path, _Place], root: Path, file: Path) -> None:
    """Note where a file was found; seen from two roots it goes by the wider one."""
    place = _Place(root.as_posix(), file.relative_to(root).as_posix())
    before = found.get(file)
    if before is None or len(place.root) < len(before.root):
        found[file] = place


def _pipeline() -> str:
    """Return a fingerprint of the code that reads and splits: other code, other passages."""
    from rag import documents, passages

    digest = hashlib.sha256()
    for module in (documents, passages):
        file = Path(str(module.__file__))
        for path in sorted(file.parent.glob("*.py")) if file.name == "__init__.py" else [file]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _identity(path: Path) -> str:
    """Return the content hash of a file: what a document is known by."""
    return _file_sha(path)[:32]


def _file_sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _checksum(values: Mapping[str, Any]) -> str:
    """Return the checksum of a manifest: of its values, whatever their layout in the file."""
    return _sha(json.dumps(values, sort_keys=True, separators=(",", ":")).encode())


def _line(value: Mapping[str, Any]) -> bytes:
    """Return one JSON line; readable, except where a text is not valid Unicode."""
    try:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value).encode() + b"\n"


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        if line:
            yield json.loads(line)


def _write(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _absolute(path: Path) -> Path:
    """Return a path without `..`, symbolic links left as they are."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100


def _covers(path: Path, file: Path) -> bool:
    return path == file or path in file.parents


def _silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


def _rebuild(folder: Path) -> str:
    return f"`rag index PATH… --index {folder.name}`"


def _damaged(folder: Path, what: str) -> IndexDamagedError:
    return IndexDamagedError(
        f"The index {folder} is damaged: {what}. Make it anew: {_rebuild(folder)}."
    )


def _unwritable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The index {folder} cannot be written ({error.strerror or error}); what was there before "
        "is as it was. Make room or get the right to write there, then try again."
    )


def _unreadable(path: Path, error: OSError) -> UnreadableDocumentError:
    return UnreadableDocumentError(
        f"{path} cannot be read ({error.strerror or error}). Check the file and your rights to it.",
        path=str(path),
    )


def _nothing_read(given: Sequence[Path], failed: Sequence[DocumentError]) -> str:
    names = ", ".join(str(path) for path in given) or "no path"
    first = f" The first reason: {failed[0]}" if failed else ""
    return (
        f"No document could be read from {names}; the index is as it was.{first} "
        "Name a folder with .txt, .md or .html files."
    )
