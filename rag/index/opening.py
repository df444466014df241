"""Index: a folder, checked, then loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from copy import copy
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rag.errors import IndexDamagedError, IndexMismatchError
from rag.index.manifest import (
    DOCUMENTS,
    PASSAGES,
    SENTENCES,
    VECTORS,
    WORDS,
    Manifest,
    check_file,
    damaged,
    read_manifest,
    rebuild_command,
)
from rag.index.rows import DocumentRow, PassageRow, load_documents, load_passages
from rag.index.vectors import Among, Vectors
from rag.index.words import Words
from rag.types import Document, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Index:
    """An index as it was when opened; a build that runs meanwhile does not disturb it.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        document_rows: documents with all their places.
        passage_rows: passages with the hashes of what was embedded.
        documents: by document id.
        passages: in the order of the rows that the searches return.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        document_rows: Sequence[DocumentRow],
        passage_rows: Sequence[PassageRow],
        vectors: Vectors,
        sentences: Vectors,
        words: Words,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.document_rows = document_rows
        self.passage_rows = passage_rows
        self.documents: Mapping[str, Document] = {
            row.document.id: row.document for row in document_rows
        }
        self.passages: Sequence[Passage] = [row.passage for row in passage_rows]
        self._vectors = vectors
        self._sentences = sentences
        # The passage that the vector of a sentence belongs to.
        self._owners = [row for row, passage in enumerate(self.passages) for _ in passage.sentences]
        counts = [len(passage.sentences) for passage in self.passages]
        firsts = accumulate(counts, initial=0)
        self._sentences_of = {
            passage.id: (first, count)
            for passage, first, count in zip(self.passages, firsts, counts, strict=False)
        }
        self._words = words
        self._among: Among | None = None
        self._sentences_among: Among | None = None

    def narrowed(self, document_ids: Set[str]) -> Self:
        """Return the same index with nothing found but passages of some documents."""
        narrow = copy(self)
        narrow.documents = {id_: d for id_, d in self.documents.items() if id_ in document_ids}
        allowed = [passage.document_id in narrow.documents for passage in self.passages]
        narrow._among = Among(allowed)
        narrow._sentences_among = Among([allowed[row] for row in self._owners])
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
                return cls._load(folder, manifest)
            except IndexDamagedError:
                # A build may have replaced the generation while it was being read.
                if read_manifest(folder).generation == manifest.generation:
                    raise

    @classmethod
    def _load(cls, folder: Path, manifest: Manifest) -> Self:
        """Check every file of the generation, then load it."""
        generation = folder / manifest.generation
        for name, entry in manifest.files.items():
            check_file(folder, generation / name, entry)
        try:
            document_rows = load_documents(generation / DOCUMENTS)
            by_id = {row.document.id: row.document for row in document_rows}
            passage_rows = load_passages(generation / PASSAGES, by_id)
            vectors = Vectors.load(generation / VECTORS)
            sentences = Vectors.load(generation / SENTENCES)
            words = Words.load(generation / WORDS)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise damaged(folder, f"it cannot be loaded ({error})") from error
        counts = {
            "documents": (manifest.documents, len(by_id)),
            "passages": (manifest.passages, len(passage_rows)),
            "sentences": (manifest.sentences, sum(len(p.passage.sentences) for p in passage_rows)),
            "vectors of passages": (manifest.passages, len(vectors)),
            "vectors of sentences": (manifest.sentences, len(sentences)),
            "entries in words": (manifest.passages, len(words)),
            "dimensions": (manifest.dimension, vectors.dimension),
            "dimensions of sentences": (manifest.dimension, sentences.dimension),
        }
        for what, (stated, found) in counts.items():
            if stated != found:
                raise damaged(folder, f"the manifest states {stated} {what}, there are {found}")
        return cls(folder, manifest, document_rows, passage_rows, vectors, sentences, words)

    def search_dense(
        self, vector: NDArray[np.float32] | Sequence[float], k: int
    ) -> list[tuple[int, float]]:
        """Return the passage rows nearest to a vector with their cosines (-1 to 1), best first.

        A vector without a direction (zero, or not finite) is near to nothing.

        Raises:
            IndexMismatchError: the vector has another dimension.
        """
        return self._vectors.search(self._query(vector), k, self._among)

    def search_sentences(
        self, vector: NDArray[np.float32] | Sequence[float], k: int
    ) -> list[tuple[int, float]]:
        """Return the passage rows that hold the sentences nearest to a vector, best first.

        The cosine (-1 to 1) is that of the passage's nearest sentence: a fact in one sentence is
        found even if the rest of its passage is about something else.

        Raises:
            IndexMismatchError: the vector has another dimension.
        """
        query = self._query(vector)
        wanted = min(k, len(self.passages))
        among = 4 * wanted
        while True:
            best: dict[int, float] = {}
            found = self._sentences.search(query, among, self._sentences_among)
            for sentence, cosine in found:
                best.setdefault(self._owners[sentence], cosine)
            if len(best) >= wanted or len(found) < among:
                return list(best.items())[:wanted]
            among *= 2

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
        first, count = self._sentences_of[passage_id]
        norm = float(np.linalg.norm(query)) or 1.0
        return [float(each) for each in self._sentences.rows(first, count) @ (query / norm)]

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
        if self._among is None:
            return self._words.search(query, k)
        among = 4 * k
        while True:
            found = self._words.search(query, among)
            kept = [pair for pair in found if self._among.allows(pair[0])][:k]
            if len(kept) == k or len(found) < among:
                return kept
            among *= 4

    def vectors(self) -> NDArray[np.float32]:
        """Return a copy of the vectors of the passages, unit rows in their order."""
        return self._vectors.all()

    def sentence_vectors(self) -> NDArray[np.float32]:
        """Return a copy of the vectors of the sentences, unit rows in the order of the passages."""
        return self._sentences.all()
