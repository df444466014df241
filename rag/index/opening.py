"""Index: a folder, checked, then opened; what is found is read when it is asked for."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeVar, overload

from rag.errors import IndexDamagedError, IndexMismatchError
from rag.index.checking import check
from rag.index.manifest import (
    WORDS,
    Manifest,
    damaged,
    read_manifest,
    rebuild_command,
)
from rag.index.rows import DocumentRow
from rag.index.segment import Segment
from rag.index.vectors import Among
from rag.index.words import Words
from rag.types import Document, Passage, PassageKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 20_000_000  # characters of documents that are kept once they have been read
_Each = TypeVar("_Each")
Way = Literal["dense", "lexical", "sentence"]
_FEWEST = 64  # that are looked for in each segment of a large index
_TOGETHER = 400_000  # sentences from which on segments are searched by two threads


class Part:
    """One segment as it counts in an index: without the documents removed since it was written.

    Attributes:
        segment: as it was written.
        documents: for each of its documents whether it counts.
        passages: for each of its passages whether it counts.
    """

    def __init__(self, segment: Segment, removed: Set[str]) -> None:
        import numpy as np

        self.segment = segment
        self.removed = frozenset(removed)
        self.ids = segment.ids()
        self.documents = np.asarray([id_ not in removed for id_ in self.ids], dtype=bool)
        self.passages = segment.by_passage(self.documents)
        whole = bool(self.documents.all())
        # Rows count the passages that are there; those of a whole segment are its own.
        self._rows = None if whole else np.flatnonzero(self.passages)
        self.count = segment.passages if whole else int(self.passages.sum())
        self._among = None if whole else Among(self.passages)
        self._sentences_among = None if whole else Among(segment.by_sentence(self.passages))

    def narrowed(self, ids: Set[str]) -> Self:
        """Return the same part with nothing found but passages of some documents."""
        import numpy as np

        narrow = copy(self)
        wanted = np.asarray([id_ in ids for id_ in self.ids], dtype=bool) & self.documents
        narrow.passages = self.segment.by_passage(wanted)
        narrow._among = Among(narrow.passages)
        narrow._sentences_among = Among(self.segment.by_sentence(narrow.passages))
        return narrow

    def local(self, row: int) -> int:
        """Return the row in the segment of a row of this part."""
        return row if self._rows is None else int(self._rows[row])

    def row(self, local: int) -> int:
        """Return the row in this part of a row of the segment."""
        return local if self._rows is None else int(self._rows.searchsorted(local))

    def nearest(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """Return the rows of the passages nearest to a vector, best first."""
        found = self.segment.vectors.search(query, k, self._among)
        return [(self.row(local), cosine) for local, cosine in found]

    def nearest_sentences(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """Return the rows of the passages that hold the nearest sentences, best first."""
        wanted = min(k, self.count)
        # The nearest sentences are mostly of different passages.
        among = (4 if self.segment.sentence_vectors.exact else 2) * wanted
        while True:
            best: dict[int, float] = {}
            found = self.segment.sentence_vectors.search(query, among, self._sentences_among)
            owners = self.segment.owners([sentence for sentence, _ in found])
            for owner, (_, cosine) in zip(owners, found, strict=True):
                best.setdefault(owner, cosine)
            if len(best) >= wanted or len(found) < among:
                pairs = list(best.items())[:wanted]
                return [(self.row(local), cosine) for local, cosine in pairs]
            among *= 2


class Index:
    """An index as it was when opened; a build that runs meanwhile does not disturb it.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        parts: its segments, in the order of the rows.
        documents: by document id, read when they are asked for.
        passages: in the order of the rows that the searches return, read when they are asked for.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, parts: Sequence[Part], words: Words
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.parts = parts
        self.words = words
        self._firsts = list(accumulate((part.count for part in parts), initial=0))
        self._by_number = {part.segment.number: at for at, part in enumerate(parts)}
        self._places = {
            id_: (at, document)
            for at, part in enumerate(parts)
            for document, id_ in enumerate(part.ids)
            if part.documents[document]
        }
        self._kept = _Kept()
        self._narrow: Set[str] | None = None

    def narrowed(self, document_ids: Set[str]) -> Self:
        """Return the same index with nothing found but passages of some documents."""
        narrow = copy(self)
        narrow._narrow = frozenset(document_ids) & self._places.keys()
        narrow.parts = [part.narrowed(narrow._narrow) for part in self.parts]
        narrow.__dict__.pop("documents", None)
        rows = self.document_rows  # read once, whatever is narrowed
        narrow.document_rows = [row for row in rows if row.document.id in narrow._narrow]
        return narrow

    @classmethod
    def open(cls, folder: Path, embedder_checksum: str | None = None) -> Self:
        """Open the index in a folder after every file of it has been checked.

        Args:
            folder: of the index.
            embedder_checksum: of the embedder that will make the query vectors.

        Raises:
            IndexMissingError: there is none.
            IndexDamagedError: a file is missing, cut short or altered.
            IndexMismatchError: another format version, or made with another embedder.
        """
        while True:
            manifest = read_manifest(folder)
            if embedder_checksum not in (None, manifest.embedder_checksum):
                raise IndexMismatchError(
                    f"The index {folder} was made with the embedder {manifest.embedder} "
                    f"(SHA-256 {manifest.embedder_checksum[:12]}…); the one in use is another "
                    f"({str(embedder_checksum)[:12]}…). Name that embedder, or make the index "
                    f"anew with {rebuild_command(folder)}."
                )
            try:
                opened = cls._load(folder, manifest)
            except IndexDamagedError:
                # A build may have replaced the state while it was being read.
                if read_manifest(folder).state == manifest.state:
                    raise
            else:
                # Nothing is removed before another state counts. Tantivy opens a folder of which a
                # file is gone, and fails at some question later.
                if read_manifest(folder).state == manifest.state:
                    return opened

    @classmethod
    def _load(cls, folder: Path, manifest: Manifest) -> Self:
        """Check every file, then open them."""
        check(folder, manifest)
        try:
            parts = [
                Part(
                    Segment.open(folder / name, manifest.dimension),
                    set(manifest.removed.get(name, ())),
                )
                for name in manifest.segments
            ]
            words = Words.load(folder / manifest.state / WORDS)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise damaged(folder, f"it cannot be loaded ({error})") from error
        counts = {
            "documents": (manifest.documents, sum(int(p.documents.sum()) for p in parts)),
            "passages": (manifest.passages, sum(part.count for part in parts)),
            "sentences": (
                manifest.sentences,
                sum(part.segment.sentences_among(part.documents) for part in parts),
            ),
            "entries in words": (manifest.passages, len(words)),
        }
        for what, (stated, found) in counts.items():
            if stated != found:
                raise damaged(folder, f"the manifest states {stated} {what}, there are {found}")
        return cls(folder, manifest, parts, words)

    # --- what is there ------------------------------------------------------------------------

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        """The documents by id, in the order of their passages."""
        ids = self._places.keys() if self._narrow is None else self._narrow
        return _Documents([id_ for id_ in self._places if id_ in ids], self._document)

    @cached_property
    def document_rows(self) -> Sequence[DocumentRow]:
        """What is known of each document, its text and marks left out."""
        try:
            return [self.parts[at].segment.row(place) for at, place in self._places.values()]
        except (ValueError, LookupError, TypeError) as error:
            raise damaged(self.folder, str(error)) from error

    @property
    def described(self) -> Sequence[Document]:
        """The documents without their text and marks, for choosing among thousands."""
        return [row.document for row in self.document_rows]

    @property
    def passages(self) -> Sequence[Passage]:
        """The passages by row."""
        return _ByRow(self, self.passage)

    @property
    def texts(self) -> Sequence[str]:
        """The words of the passages by row."""
        return _ByRow(self, lambda row: self.passage(row).text)

    def kind(self, row: int) -> PassageKind:
        """Return the kind of a passage, without its text being read."""
        part, local = self._local(row)
        return part.segment.kind(local)

    def document_id(self, row: int) -> str:
        """Return the id of the document that a passage is of, without its text being read."""
        part, local = self._local(row)
        return part.ids[part.segment.document_of(local)]

    def where(self, document_id: str) -> tuple[Part, int]:
        """Return the part that a document lies in, and its place there.

        Raises:
            KeyError: the index holds no such document.
        """
        at, document = self._places[document_id]
        return self.parts[at], document

    def passages_of(self, document_id: str) -> Iterator[Passage]:
        """Yield the passages of a document, in their order.

        Raises:
            KeyError: the index holds no such document.
        """
        part, ordinal = self.where(document_id)
        document = self.documents[document_id]
        for row in part.segment.passages_of(ordinal):
            yield part.segment.passage(row, document)

    def passage(self, row: int) -> Passage:
        """Return the passage of a row.

        Raises:
            IndexError: there is none.
        """
        part, local = self._local(row)
        document = self._document(part.ids[part.segment.document_of(local)])
        return part.segment.passage(local, document)

    def _document(self, id_: str) -> Document:
        """Return a document, read from the disk or kept from before."""
        part, ordinal = self.where(id_)

        def read() -> Document:
            try:
                return part.segment.document(ordinal)
            except (ValueError, LookupError, TypeError) as error:
                raise damaged(self.folder, str(error)) from error

        return self._kept.get(id_, read)

    def _local(self, row: int) -> tuple[Part, int]:
        """Return the part that a row lies in, and its row in the segment."""
        if not 0 <= row < self._firsts[-1]:
            raise IndexError(row)
        at = bisect_right(self._firsts, row) - 1
        return self.parts[at], self.parts[at].local(row - self._firsts[at])

    # --- searching ----------------------------------------------------------------------------

    def search(
        self, question: str, vector: NDArray[np.float32], k: int, ways: Set[Way]
    ) -> dict[Way, list[tuple[int, float]]]:
        """Return what is found for a question in several ways, each as the search of it does.

        Args:
            question: in plain words.
            vector: of the question.
            k: at most so many rows each way.
            ways: which; what comes back is in the order "dense", "lexical", "sentence".

        Raises:
            IndexMismatchError: the vector has another dimension.
        """
        by_words = partial(self.search_lexical, question, k)
        # In a large index words are looked for while vectors are compared.
        beside = self._threads.submit(by_words) if self._large and "lexical" in ways else None
        found: dict[Way, list[tuple[int, float]]] = {}
        if "dense" in ways:
            found["dense"] = self.search_dense(vector, k)
        if "lexical" in ways:
            found["lexical"] = by_words() if beside is None else []
        if "sentence" in ways:
            found["sentence"] = self.search_sentences(vector, k)
        if beside is not None:
            found["lexical"] = beside.result()
        return found

    @property
    def _large(self) -> bool:
        return self.manifest.sentences > _TOGETHER

    def search_dense(
        self, vector: NDArray[np.float32] | Sequence[float], k: int
    ) -> list[tuple[int, float]]:
        """Return the passage rows nearest to a vector with their cosines (-1 to 1), best first.

        A vector without a direction (zero, or not finite) is near to nothing.

        Raises:
            IndexMismatchError: the vector has another dimension.
        """
        query, each = self._query(vector), self._each(k)
        return self._best(lambda part: part.nearest(query, each), k)

    def search_sentences(
        self, vector: NDArray[np.float32] | Sequence[float], k: int
    ) -> list[tuple[int, float]]:
        """Return the passage rows that hold the sentences nearest to a vector, best first.

        The cosine (-1 to 1) is that of the passage's nearest sentence: a fact in one sentence is
        found even if the rest of its passage is about something else.

        Raises:
            IndexMismatchError: the vector has another dimension.
        """
        query, each = self._query(vector), self._each(k)
        return self._best(lambda part: part.nearest_sentences(query, each), k)

    def _each(self, k: int) -> int:
        """Return how many of the best `k` are looked for in each part.

        In a large index no part holds nearly all of them: twice its share is asked for.
        """
        return min(k, max(_FEWEST, 2 * k // len(self.parts))) if self._large else k

    def _best(
        self, search: Callable[[Part], list[tuple[int, float]]], k: int
    ) -> list[tuple[int, float]]:
        """Search every part, and return the best rows of all."""
        found = self._threads.map(search, self.parts) if self._large else map(search, self.parts)
        merged = [
            (first + row, cosine)
            for first, pairs in zip(self._firsts, found, strict=False)
            for row, cosine in pairs
        ]
        return sorted(merged, key=lambda pair: (-pair[1], pair[0]))[:k]

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(2, thread_name_prefix="search")

    def sentence_cosines(
        self, vector: NDArray[np.float32] | Sequence[float], passage_id: str
    ) -> list[float]:
        """Return the cosines (-1 to 1) of the sentences of a passage, in their order.

        Raises:
            IndexMismatchError: the vector has another dimension.
            KeyError: the index holds no such passage.
        """
        import numpy as np

        query = self._query(vector)
        id_, _, span = passage_id.rpartition(":")
        part, document = self.where(id_)
        segment = part.segment
        own = segment.sentences_of(segment.row_at(document, *map(int, span.split("-"))))
        norm = float(np.linalg.norm(query)) or 1.0
        rows = segment.sentence_vectors.rows(own.start, len(own))
        return [float(each) for each in rows @ (query / norm)]

    def _query(self, vector: NDArray[np.float32] | Sequence[float]) -> NDArray[np.float32]:
        """Return a vector to search with, one dimension.

        Raises:
            IndexMismatchError: it has another length.
        """
        import numpy as np

        query = np.asarray(vector, dtype=np.float32).reshape(-1)
        if query.size != self.manifest.dimension:
            raise IndexMismatchError(
                f"The index {self.folder} holds vectors of {self.manifest.dimension} dimensions, "
                f"the question has {query.size}. Use the embedder {self.manifest.embedder}."
            )
        return query

    def search_lexical(self, query: str, k: int) -> list[tuple[int, float]]:
        """Return the passage rows that share words with a question, with BM25 (0 up), best first.

        Nothing in the question is read as query syntax. Words that say nothing ("what", "the")
        are left out, so a question of only such words finds nothing.
        """
        among = k if self._narrow is None else 4 * k
        while True:
            found = self.words.search(query, among)
            kept = [pair for each in found if (pair := self._allowed(*each))][:k]
            if len(kept) == k or len(found) < among:
                return sorted(kept, key=lambda pair: (-pair[1], pair[0]))
            among *= 4

    def _allowed(self, number: int, local: int, score: float) -> tuple[int, float] | None:
        """Return the row of an entry of the words; None where it may not be found."""
        at = self._by_number[number]
        part = self.parts[at]
        if not part.passages[local]:
            return None
        return self._firsts[at] + part.row(local), score

    def vectors(self) -> NDArray[np.float32]:
        """Return a copy of the vectors of the passages, unit rows in their order."""
        import numpy as np

        rows = [
            np.concatenate([*p.segment.vectors.chunks(), self._none])[p.passages]
            for p in self.parts
        ]
        return np.concatenate([*rows, self._none])

    def sentence_vectors(self) -> NDArray[np.float32]:
        """Return a copy of the vectors of the sentences, unit rows in the order of the passages."""
        import numpy as np

        rows = [
            np.concatenate([*p.segment.sentence_vectors.chunks(), self._none])[
                p.segment.by_sentence(p.passages)
            ]
            for p in self.parts
        ]
        return np.concatenate([*rows, self._none])

    def vectors_of(
        self, document_id: str, wanted: Set[bytes]
    ) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
        """Yield what was embedded for a document, each with the 16 bytes it is known by.

        Args:
            document_id: of a document; one that the index does not hold has none.
            wanted: the only ones that are yielded.
        """
        if document_id not in self._places:
            return
        part, document = self.where(document_id)
        segment = part.segment
        for row in segment.passages_of(document):
            whole, parts = segment.embedded(row)
            if whole in wanted:
                yield whole, segment.vectors.rows(row, 1)[0]
            if not wanted.isdisjoint(parts):
                own = segment.sentences_of(row)
                vectors = segment.sentence_vectors.rows(own.start, len(own))
                yield from ((p, v) for p, v in zip(parts, vectors, strict=True) if p in wanted)

    @property
    def _none(self) -> NDArray[np.float32]:
        import numpy as np

        return np.zeros((0, self.manifest.dimension), dtype=np.float32)


class _Kept:
    """The documents read last, up to so many characters; safe from several threads."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def get(self, id_: str, read: Callable[[], Document]) -> Document:
        """Return a document, read it if it is not kept."""
        with self._lock:
            if id_ in self._documents:
                self._documents.move_to_end(id_)
                return self._documents[id_]
        document = read()
        with self._lock:
            if id_ not in self._documents:
                self._characters += len(document.text)
            self._documents[id_] = document
            while self._characters > KEPT and len(self._documents) > 1:
                _, oldest = self._documents.popitem(last=False)
                self._characters -= len(oldest.text)
        return document


class _Documents(Mapping[str, Document]):
    """Documents that are read when they are asked for."""

    def __init__(self, ids: Sequence[str], read: Callable[[str], Document]) -> None:
        self._ids = dict.fromkeys(ids)
        self._read = read

    def __getitem__(self, id_: str) -> Document:
        if id_ not in self._ids:
            raise KeyError(id_)
        return self._read(id_)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._ids


class _ByRow(Sequence[_Each]):
    """What is read of a passage when it is asked for."""

    def __init__(self, index: Index, read: Callable[[int], _Each]) -> None:
        self._read = read
        self._count = index.manifest.passages

    @overload
    def __getitem__(self, row: int) -> _Each: ...
    @overload
    def __getitem__(self, row: slice) -> list[_Each]: ...
    def __getitem__(self, row: int | slice) -> _Each | list[_Each]:
        if isinstance(row, slice):
            return [self._read(each) for each in range(*row.indices(len(self)))]
        return self._read(row + len(self) if row < 0 else row)

    def __len__(self) -> int:
        return self._count
