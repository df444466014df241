"""One segment: some of the documents of an index with their passages and vectors, never changed.

    documents.jsonl   what is known of each document
    texts.jsonl       text and marks of each document
    documents.npy     where the lines of a document begin, and which passages are its own
    passages.npy      where a passage stands in the text of its document
    sentences.npy     where its sentences stand
    vectors.faiss     one vector a passage, where there are many beside vectors.bytes.npy
    sentences.faiss   one vector a sentence, the same way

The tables and the texts are mapped into memory: a passage costs what is read of it, not what there
is. A document lies in one segment whole.
"""

from __future__ import annotations

import threading
import weakref
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, get_args

from rag.index.rows import DocumentRow, read_row, with_text
from rag.index.vectors import Vectors
from rag.types import Document, Passage, PassageKind, Sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DOCUMENTS = "documents.jsonl"
TEXTS = "texts.jsonl"
VECTORS = "vectors.faiss"
SENTENCES = "sentences.faiss"
Table = Literal["documents.npy", "passages.npy", "sentences.npy"]
KINDS: tuple[PassageKind, ...] = get_args(PassageKind)
FILES = (DOCUMENTS, TEXTS, *get_args(Table), VECTORS, SENTENCES)

# Columns of the tables, little-endian; what is embedded is known by 16 bytes of its SHA-256.
COLUMNS: dict[Table, list[tuple[str, str]]] = {
    "documents.npy": [
        ("id", "S32"),
        ("row_at", "<u8"),  # its line in documents.jsonl: first byte, length and CRC-32
        ("row_bytes", "<u8"),
        ("row_crc", "<u4"),
        ("text_at", "<u8"),  # its line in texts.jsonl
        ("text_bytes", "<u8"),
        ("text_crc", "<u4"),
        ("first", "<u4"),  # its passages
        ("passages", "<u4"),
    ],
    "passages.npy": [
        ("document", "<u4"),
        ("start", "<u4"),  # characters of the document's text
        ("end", "<u4"),
        ("kind", "u1"),
        ("first", "<u4"),  # its sentences
        ("sentences", "<u4"),
        ("embedded", "V16"),
    ],
    "sentences.npy": [("start", "<u4"), ("end", "<u4"), ("embedded", "V16")],
}


@dataclass(frozen=True, slots=True)
class Contents:
    """One document as it lies in a segment, for being written into another.

    Attributes:
        text: its line of texts.jsonl.
        passages: its rows of the table; `document` and `first` count within the segment.
        sentences: its rows of the table.
        vectors: of its passages.
        sentence_vectors: of its sentences.
    """

    text: bytes
    passages: NDArray[np.void]
    sentences: NDArray[np.void]
    vectors: NDArray[np.float32]
    sentence_vectors: NDArray[np.float32]


class Segment:
    """A segment as it was written; its files have been checked before.

    Attributes:
        name: of its folder.
        documents: how many.
        passages: how many.
        sentences: how many.
        vectors: of the passages.
        sentence_vectors: of the sentences.
    """

    def __init__(self, folder: Path) -> None:
        """Open the files.

        Raises:
            OSError, ValueError, TypeError: one of them is not what it should be.
        """
        import numpy as np

        self.name = folder.name
        self._documents = open_table(folder, "documents.npy")
        self._passages = open_table(folder, "passages.npy")
        self._sentences = open_table(folder, "sentences.npy")
        self._rows = Lines(folder / DOCUMENTS)
        self._texts = Lines(folder / TEXTS)
        self.vectors = Vectors.load(folder / VECTORS)
        self.sentence_vectors = Vectors.load(folder / SENTENCES)
        self.documents = len(self._documents)
        self.passages = len(self._passages)
        self.sentences = len(self._sentences)
        # The first sentence of each passage, in memory: every search by sentences asks for it.
        self._firsts = self._passages["first"].astype(np.int64)

    @property
    def number(self) -> int:
        """What tells it from the other segments of its index."""
        return int(self.name.rsplit("-", 1)[-1])

    def ids(self) -> list[str]:
        """Return the ids of the documents, in their order."""
        return [identity.decode() for identity in self._documents["id"].tolist()]

    def row(self, document: int) -> DocumentRow:
        """Return what is known of a document, its text and marks left out.

        Raises:
            ValueError: its line has been altered.
        """
        return read_row(self._line(self._rows, document, "row"))

    def document(self, document: int) -> Document:
        """Return a document with its text and marks.

        Raises:
            ValueError: a line of it has been altered.
        """
        return with_text(self.row(document).document, self.text_line(document))

    def text_line(self, document: int) -> bytes:
        """Return the line of texts.jsonl of a document.

        Raises:
            ValueError: it has been altered.
        """
        return self._line(self._texts, document, "text")

    def _line(self, lines: Lines, document: int, name: str) -> bytes:
        entry = self._documents[document]
        at, length = int(entry[f"{name}_at"]), int(entry[f"{name}_bytes"])
        line = lines.read(at, length)
        if zlib.crc32(line) != int(entry[f"{name}_crc"]):
            raise ValueError(f"{self.name}: the {name} at byte {at} has been altered")
        return line

    def contents(self, document: int) -> Contents:
        """Return everything of a document.

        Raises:
            ValueError: its text has been altered.
        """
        own = self.passages_of(document)
        passages = self._passages[own.start : own.stop]
        first = int(passages["first"][0]) if len(passages) else 0
        count = int(passages["sentences"].sum())
        return Contents(
            self.text_line(document),
            passages.copy(),
            self._sentences[first : first + count].copy(),
            self.vectors.rows(own.start, len(own)),
            self.sentence_vectors.rows(first, count),
        )

    def passages_of(self, document: int) -> range:
        """Return the rows of the passages of a document."""
        first = int(self._documents["first"][document])
        return range(first, first + int(self._documents["passages"][document]))

    def document_of(self, row: int) -> int:
        """Return the document that a passage is of."""
        return int(self._passages["document"][row])

    def kind(self, row: int) -> PassageKind:
        """Return the kind of a passage, without its text being read."""
        return KINDS[int(self._passages["kind"][row])]

    def passage(self, row: int, document: Document) -> Passage:
        """Return a passage with the words of its document."""
        entry = self._passages[row]
        start, end = int(entry["start"]), int(entry["end"])
        text = document.text
        return Passage(
            id=f"{document.id}:{start}-{end}",
            document_id=document.id,
            start=start,
            end=end,
            text=text[start:end],
            sentences=tuple(Sentence(s, e, text[s:e]) for s, e in self._offsets(row)),
            kind=self.kind(row),
        )

    def row_at(self, document: int, start: int, end: int) -> int:
        """Return the row of the passage that stands at some offsets of a document.

        Raises:
            KeyError: there is none.
        """
        for row in self.passages_of(document):
            entry = self._passages[row]
            if (int(entry["start"]), int(entry["end"])) == (start, end):
                return row
        raise KeyError((document, start, end))

    def span(self, row: int) -> tuple[int, int]:
        """Return where a passage stands in the text of its document."""
        return int(self._passages["start"][row]), int(self._passages["end"][row])

    def sentences_of(self, row: int) -> range:
        """Return the rows of the sentences of a passage."""
        first = int(self._firsts[row])
        return range(first, first + int(self._passages["sentences"][row]))

    def owners(self, sentences: Sequence[int]) -> list[int]:
        """Return the passages that sentences are of."""
        # Passages without sentences share their first with the next one, which is the owner.
        owners: list[int] = (self._firsts.searchsorted(sentences, side="right") - 1).tolist()
        return owners

    def embedded(self, row: int) -> tuple[bytes, list[bytes]]:
        """Return what the texts embedded for a passage and for its sentences are known by."""
        own = self.sentences_of(row)
        parts = self._sentences["embedded"][own.start : own.stop]
        return self._passages["embedded"][row].tobytes(), [part.tobytes() for part in parts]

    def by_passage(self, documents: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each passage what holds for its document."""
        found: NDArray[np.bool_] = documents[self._passages["document"]]
        return found

    def by_sentence(self, passages: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each sentence what holds for its passage."""
        import numpy as np

        return np.repeat(passages, self._passages["sentences"])

    def sentences_among(self, documents: NDArray[np.bool_]) -> int:
        """Return how many sentences some documents have."""
        own = self.by_passage(documents)
        return int(self._passages["sentences"][own].sum())

    def _offsets(self, row: int) -> list[tuple[int, int]]:
        own = self.sentences_of(row)
        found = self._sentences[own.start : own.stop]
        return list(zip(found["start"].tolist(), found["end"].tolist(), strict=True))

    @classmethod
    def open(cls, folder: Path, dimension: int) -> Self:
        """Open a segment and see whether its parts belong together.

        Raises:
            OSError, ValueError, TypeError: they do not.
        """
        segment = cls(folder)
        stated = {
            "passages of documents.npy": (
                int(segment._documents["passages"].sum()),
                segment.passages,
            ),
            "sentences of passages.npy": (
                int(segment._passages["sentences"].sum()),
                segment.sentences,
            ),
            "vectors of passages": (segment.passages, len(segment.vectors)),
            "vectors of sentences": (segment.sentences, len(segment.sentence_vectors)),
            "dimensions": (dimension, segment.vectors.dimension),
            "dimensions of sentences": (dimension, segment.sentence_vectors.dimension),
        }
        for what, (wanted, found) in stated.items():
            if wanted != found:
                raise ValueError(f"{segment.name} has {found} {what}, not {wanted}")
        return segment


def open_table(folder: Path, name: Table) -> NDArray[np.void]:
    """Return a table, mapped.

    Raises:
        ValueError: it has other columns.
    """
    import numpy as np

    table: NDArray[np.void] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
    if table.dtype != np.dtype(COLUMNS[name]) or table.ndim != 1:
        raise ValueError(f"{folder.name}/{name} has other columns than it should")
    return table


class Lines:
    """A file of which parts are read as they are asked for; they stay if its name is removed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def read(self, at: int, length: int) -> bytes:
        """Return some bytes; fewer where the file ends before."""
        with self._lock:
            self._file.seek(at)
            return self._file.read(length)
