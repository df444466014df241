"""Writing a segment: documents one after another, their vectors kept on the disk until the end."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rag.index.files import sync_file, sync_folder
from rag.index.rows import DocumentRow, row_line
from rag.index.segment import (
    COLUMNS,
    DOCUMENTS,
    SENTENCES,
    TEXTS,
    VECTORS,
    Contents,
    Table,
)
from rag.index.vectors import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A segment takes no further document once it has so many; what is written at its end is held in
# memory as one byte a dimension.
MOST_PASSAGES = 250_000
MOST_SENTENCES = 1_750_000


@dataclass(slots=True)
class _Spool:
    """Rows on their way into a file; kept on the disk, so that any number of them is."""

    file: IO[bytes]
    count: int = 0

    def add(self, rows: NDArray[np.generic]) -> None:
        self.file.write(rows.tobytes())
        self.count += len(rows)


class SegmentWriter:
    """Writes a new folder; nothing counts before `close` and the manifest that names it.

    Args:
        folder: to be made.
        dimension: length of a vector.
        exact: up to so many vectors of passages, and of sentences, are kept in full.
    """

    def __init__(self, folder: Path, dimension: int, exact: tuple[int, int]) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be written.
        """
        folder.mkdir()
        self.folder = folder
        self.documents = 0
        self._dimension = dimension
        self._exact = exact
        self._rows = (folder / DOCUMENTS).open("wb")
        self._texts = (folder / TEXTS).open("wb")
        spools = (*COLUMNS, VECTORS, SENTENCES)
        self._spools = {name: _Spool((folder / f"{name}.part").open("wb+")) for name in spools}

    @property
    def passages(self) -> int:
        """How many there are so far."""
        return self._spools["passages.npy"].count

    @property
    def sentences(self) -> int:
        """How many there are so far."""
        return self._spools["sentences.npy"].count

    @property
    def full(self) -> bool:
        """Whether the next document goes into another segment."""
        return self.passages >= MOST_PASSAGES or self.sentences >= MOST_SENTENCES

    def add(self, row: DocumentRow, contents: Contents) -> None:
        """Write one document.

        Raises:
            OSError: the disk is full, or the like.
        """
        import numpy as np

        line = row_line(row)
        entry = np.zeros(1, dtype=COLUMNS["documents.npy"])
        entry["id"] = row.document.id.encode()
        entry["row_at"], entry["row_bytes"] = self._rows.tell(), len(line)
        entry["text_at"], entry["text_bytes"] = self._texts.tell(), len(contents.text)
        entry["row_crc"], entry["text_crc"] = zlib.crc32(line), zlib.crc32(contents.text)
        entry["first"], entry["passages"] = self.passages, len(contents.passages)
        passages = contents.passages
        passages["document"] = self.documents
        before = np.cumsum(passages["sentences"]) - passages["sentences"]
        passages["first"] = self.sentences + before
        self._rows.write(line)
        self._texts.write(contents.text)
        self._spools["documents.npy"].add(entry)
        self._spools["passages.npy"].add(passages)
        self._spools["sentences.npy"].add(contents.sentences)
        self._spools[VECTORS].add(contents.vectors)
        self._spools[SENTENCES].add(contents.sentence_vectors)
        self.documents += 1

    def close(self) -> None:
        """Write what needs all rows at once, and wait until everything is on the disk.

        Raises:
            OSError: the disk is full, or the like.
        """
        for file in (self._rows, self._texts):
            file.close()
        for name in COLUMNS:
            self._write_table(name)
        for vectors, exact in zip((VECTORS, SENTENCES), self._exact, strict=True):
            Vectors.write(self.folder / vectors, self._spooled(vectors), exact)
        self.abandon()
        for path in sorted(self.folder.iterdir()):
            sync_file(path)
        sync_folder(self.folder)

    def abandon(self) -> None:
        """Close all files, and remove the rows that were kept on the way."""
        files = (self._rows, self._texts, *(spool.file for spool in self._spools.values()))
        for file in files:
            with suppress(OSError):  # the disk is full: what it held is not wanted
                file.close()
        for name in self._spools:
            (self.folder / f"{name}.part").unlink(missing_ok=True)

    def _write_table(self, name: Table) -> None:
        import numpy as np

        spool = self._spools[name]
        spool.file.flush()
        rows = np.zeros(0, dtype=COLUMNS[name])
        if spool.count:
            path = self.folder / f"{name}.part"
            rows = np.memmap(path, dtype=COLUMNS[name], mode="r", shape=(spool.count,))
        with (self.folder / name).open("wb") as file:
            np.lib.format.write_array(file, rows, allow_pickle=False)

    def _spooled(self, name: str) -> NDArray[np.float32]:
        """Return the vectors kept so far, as rows on the disk."""
        import numpy as np

        spool = self._spools[name]
        spool.file.flush()
        if not spool.count:
            return np.zeros((0, self._dimension), dtype=np.float32)
        shape = (spool.count, self._dimension)
        path = self.folder / f"{name}.part"
        return np.memmap(path, dtype=np.float32, mode="r", shape=shape)
