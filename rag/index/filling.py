"""Documents -> segments: cut, embed what is new, write, a stretch at a time.

However many documents there are, only a stretch of them is in memory: its texts are embedded
together, those of about the same length in one batch, and written with their vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.index.files import next_folder, sha256
from rag.index.opening import Index, Part
from rag.index.rows import DocumentRow, text_line
from rag.index.segment import COLUMNS, KINDS, Contents
from rag.index.vectors import EXACT
from rag.index.writing import SegmentWriter
from rag.types import Document, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedder import Embedder

# A heading may take this share of what the embedder sees; a longer one loses its end.
HEADING_SHARE = 0.3
BATCH = 32
STRETCH = 4096  # texts that are embedded together


@dataclass(slots=True)
class _Waiting:
    """A document whose vectors are not there yet.

    Attributes:
        whole: what the text embedded for each passage is known by.
        parts: that of each sentence, for each passage.
    """

    row: DocumentRow
    document: Document
    passages: Sequence[Passage]
    whole: list[bytes]
    parts: list[list[bytes]]


@dataclass(frozen=True, slots=True)
class _Copied:
    """A document that lies in another segment with everything."""

    row: DocumentRow
    part: Part
    document: int


@dataclass(slots=True)
class _Stretch:
    """What is written next: documents in order, and the texts they wait for."""

    documents: list[_Waiting | _Copied] = field(default_factory=list)
    texts: dict[bytes, str] = field(default_factory=dict)
    known: dict[bytes, NDArray[np.float32]] = field(default_factory=dict)


class Filler:
    """Writes documents into new segments, in the order they are given.

    Args:
        folder: of the index.
        embedder: makes the vectors.
        old: an index whose vectors may be used again; None where none may.
        exact: up to so many vectors of passages, and of sentences, are kept in full in a segment.

    Attributes:
        segments: names of the folders written so far.
        embedded: how many texts were embedded.
    """

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        old: Index | None,
        exact: tuple[int, int] = (EXACT, EXACT),
    ) -> None:
        self.segments: list[str] = []
        self.embedded = 0
        self._folder = folder
        self._embedder = embedder
        self._old = old
        self._exact = exact
        self._stretch = _Stretch()
        self._writer: SegmentWriter | None = None
        self._at_place: dict[str, list[str]] = {}
        for row in old.document_rows if old else ():
            for place in row.places:
                self._at_place.setdefault(place.name, []).append(row.document.id)

    def copy(self, row: DocumentRow, part: Part, document: int) -> None:
        """Take over a document of another segment.

        Raises:
            OSError, ModelError: a stretch could not be written.
        """
        self._stretch.documents.append(_Copied(row, part, document))
        if len(self._stretch.documents) >= STRETCH:
            self._flush()

    def add(self, row: DocumentRow, document: Document) -> int:
        """Cut a document, and write it with its vectors; return how many passages it has.

        Raises:
            OSError, ModelError: a stretch could not be written.
        """
        from rag.passages import heading

        line = _fit(heading(document), self._embedder)
        passages = _cut(document, line, self._embedder)
        texts: dict[bytes, str] = {}
        whole, parts = _note_all(line, passages, texts)
        self._stretch.known.update(self._vectors_before(row, texts))
        self._stretch.texts.update(texts)
        self._stretch.documents.append(_Waiting(row, document, passages, whole, parts))
        if len(self._stretch.texts) >= STRETCH:
            self._flush()
        return len(passages)

    def close(self) -> list[str]:
        """Write what is left; return the names of the new segments.

        Raises:
            OSError, ModelError: it cannot be written.
        """
        self._flush()
        self._end()
        return self.segments

    def abandon(self) -> None:
        """Close the files; what was written does not count and is swept away."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _flush(self) -> None:
        """Embed the texts of a stretch, and write its documents."""
        stretch, self._stretch = self._stretch, _Stretch()
        new = {key: text for key, text in stretch.texts.items() if key not in stretch.known}
        for key, vector in _embed(new, self._embedder):
            stretch.known[key] = vector
        self.embedded += len(new)
        for each in stretch.documents:
            if isinstance(each, _Copied):
                contents = each.part.segment.contents(each.document)
            else:
                contents = _contents(each, stretch.known, self._embedder.dimension)
            self._open().add(each.row, contents)

    def _open(self) -> SegmentWriter:
        """Return the writer of a segment that is not full."""
        if self._writer is not None and self._writer.full:
            self._end()
        if self._writer is None:
            folder = next_folder(self._folder, "segment")
            self.segments.append(folder.name)
            self._writer = SegmentWriter(folder, self._embedder.dimension, self._exact)
        return self._writer

    def _vectors_before(
        self, row: DocumentRow, texts: Mapping[bytes, str]
    ) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
        """Yield the vectors that the index has of a document's texts, by what they are known by.

        They are looked for in the document as it was, and in what was at its places.
        """
        if self._old is None:
            return
        ids = dict.fromkeys([row.document.id])
        for place in row.places:
            ids |= dict.fromkeys(self._at_place.get(place.name, ()))
        for id_ in ids:
            yield from self._old.vectors_of(id_, texts.keys())


def embedded_texts(index: Index, embedder: Embedder) -> Iterator[str]:
    """Yield every text that was embedded for an index, each once."""
    from rag.passages import heading

    texts: dict[bytes, str] = {}
    for document in index.documents.values():
        line = _fit(heading(document), embedder)
        _note_all(line, list(index.passages_of(document.id)), texts)
    yield from texts.values()


def _note_all(
    line: str, passages: Sequence[Passage], texts: dict[bytes, str]
) -> tuple[list[bytes], list[list[bytes]]]:
    """Note the texts to embed for passages; return what they are known by, sentences by passage."""
    whole = [_note(line, passage.text, texts) for passage in passages]
    parts = [[_note(line, s.text, texts) for s in passage.sentences] for passage in passages]
    return whole, parts


def _note(line: str, text: str, texts: dict[bytes, str]) -> bytes:
    """Note a text to embed; return what it is known by.

    Heading and passage are embedded together, and heading and each sentence: the one tells what a
    passage is about, the other finds a fact beside others.
    """
    text = f"{line}\n{text}" if line else text
    key = known_by(text)
    texts[key] = text
    return key


def known_by(text: str) -> bytes:
    """Return what a text that is embedded is known by: 16 bytes of its SHA-256."""
    return bytes.fromhex(sha256(text.encode("utf-8", "surrogatepass"))[:32])


def _contents(
    each: _Waiting, vectors: Mapping[bytes, NDArray[np.float32]], dimension: int
) -> Contents:
    """Return a document as it lies in a segment."""
    import numpy as np

    passages = np.zeros(len(each.passages), dtype=COLUMNS["passages.npy"])
    passages["start"] = [passage.start for passage in each.passages]
    passages["end"] = [passage.end for passage in each.passages]
    passages["kind"] = [KINDS.index(passage.kind) for passage in each.passages]
    passages["sentences"] = [len(passage.sentences) for passage in each.passages]
    passages["embedded"] = _known_by(each.whole)
    every = [sentence for passage in each.passages for sentence in passage.sentences]
    sentences = np.zeros(len(every), dtype=COLUMNS["sentences.npy"])
    sentences["start"] = [sentence.start for sentence in every]
    sentences["end"] = [sentence.end for sentence in every]
    parts = [key for keys in each.parts for key in keys]
    sentences["embedded"] = _known_by(parts)
    return Contents(
        text_line(each.document),
        passages,
        sentences,
        _stack([vectors[key] for key in each.whole], dimension),
        _stack([vectors[key] for key in parts], dimension),
    )


def _known_by(keys: Sequence[bytes]) -> NDArray[np.void]:
    import numpy as np

    return np.frombuffer(b"".join(keys), dtype="V16")


def _stack(rows: Sequence[NDArray[np.float32]], dimension: int) -> NDArray[np.float32]:
    import numpy as np

    return np.asarray(rows, dtype=np.float32).reshape(len(rows), dimension)


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


def _embed(
    texts: Mapping[bytes, str], embedder: Embedder
) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
    """Yield a vector of length 1 for each text.

    Raises:
        ModelError: the embedder gave a vector without a direction.
    """
    import numpy as np

    # Texts of about the same length share a batch, so that little is spent on padding.
    todo = sorted(texts, key=lambda key: len(texts[key]))
    for start in range(0, len(todo), BATCH):
        batch = todo[start : start + BATCH]
        vectors = embedder.embed([texts[key] for key in batch], kind="document")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or (lengths == 0).any():
            raise ModelError(
                f"The embedder {embedder.name} gave a vector without a direction, so its model "
                f"is not whole. Fetch it again with `rag models fetch {embedder.name}`."
            )
        yield from zip(batch, vectors / lengths, strict=True)
