"""Vectors of one segment, nearest first; the only file that knows FAISS.

Up to some number every search compares with all of them in full. More are kept twice: as one bit a
dimension (RaBitQ: Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical
Error Bound for Approximate Nearest Neighbor Search", SIGMOD 2024), of which all are in memory and
compared, and as one byte a dimension on the disk, with which the nearest are compared again. A
million rows of 384 dimensions are searched in 5 ms and 56 MB; in full it would be 52 ms and 1.5 GB.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT = 200_000
TRAINED_ON = 65_536  # rows that the bits are fitted to
COMPARED = 200  # rows that are compared again, at least
AGAIN = 2  # as many as are wanted of those, at least
FEW = 50_000  # rows that are all compared where no others may be found
MAPPED = 32_000_000  # bytes; a larger file is mapped, not read
BYTES = ".bytes.npy"  # in place of the suffix of a file, what lies beside it
_CHUNK = 50_000


class Among:
    """The rows that a search may find.

    Args:
        allowed: for each row whether it may.
    """

    def __init__(self, allowed: NDArray[np.bool_]) -> None:
        import faiss
        import numpy as np

        self.allowed = allowed
        self._bits = np.packbits(allowed, bitorder="little")
        self.count = int(allowed.sum())
        library: Any = faiss  # its stubs know neither keyword
        self.parameters = library.SearchParameters(sel=library.IDSelectorBitmap(self._bits))


class Vectors:
    """Unit rows, searched by their cosine to a query.

    Args:
        index: of FAISS, that of the rows in full or that of their bits.
        nearly: the rows as bytes, where the index holds bits.
    """

    def __init__(self, index: Any, nearly: Bytes | None = None) -> None:
        self._index = index
        self._nearly = nearly

    @staticmethod
    def write(path: Path, rows: NDArray[np.float32], exact: int = EXACT) -> None:
        """Write a file of rows of length 1, and where there are many a second one beside it.

        Args:
            path: of the file.
            rows: shape `(n, dimension)`; they may lie on the disk.
            exact: up to so many are kept in full.

        Raises:
            OSError: it cannot be written.
        """
        import faiss
        import numpy as np

        count, dimension = rows.shape
        index: Any = faiss.IndexFlatIP(dimension)
        if count > exact:
            Bytes.write(path.with_suffix(BYTES), rows)
            index = faiss.IndexRaBitQFastScan(dimension, faiss.METRIC_INNER_PRODUCT)
            index.train(np.ascontiguousarray(rows[:: max(1, count // TRAINED_ON)]))
        for start in range(0, count, _CHUNK):
            index.add(np.ascontiguousarray(rows[start : start + _CHUNK]))
        try:
            faiss.write_index(index, str(path))
        except RuntimeError as error:
            raise OSError(f"{path.name}: {_short(error)}") from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open a file; FAISS checks nothing of it, so its checksum has to be right.

        Raises:
            OSError: what should lie beside it does not.
            ValueError: it is no FAISS file, or what lies beside it is another's.
        """
        import faiss

        mapped = path.stat().st_size > MAPPED
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        except RuntimeError as error:
            raise ValueError(_short(error)) from error
        if isinstance(index, faiss.IndexFlat):
            return cls(index)
        nearly = Bytes(path.with_suffix(BYTES))
        if (len(nearly), nearly.dimension) != (index.ntotal, index.d):
            raise ValueError(f"{path.name} and {path.stem}{BYTES} hold other numbers of vectors")
        return cls(index, nearly)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def exact(self) -> bool:
        """Whether all rows are compared in full."""
        return self._nearly is None

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def search(
        self, query: NDArray[np.float32], k: int, among: Among | None = None
    ) -> list[tuple[int, float]]:
        """Return the `k` rows with the highest cosines, best first, equal ones by row.

        Args:
            query: one vector of any length; one without a direction (zero, or not finite) is
                near to nothing.
            k: at most so many.
            among: the rows that may be found, all where not given.
        """
        import faiss
        import numpy as np

        norm = float(np.linalg.norm(query))
        k = min(k, len(self) if among is None else among.count)
        if k < 1 or not np.isfinite(norm) or norm == 0.0:
            return []
        # One thread: more only spin beside the model, and a search takes milliseconds.
        faiss.omp_set_num_threads(1)
        unit = np.ascontiguousarray(query / norm, dtype=np.float32).reshape(1, -1)
        if self._nearly is not None:
            return self._again(self._nearly, unit, k, among)
        parameters = among.parameters if among else None
        cosines, rows = self._index.search(unit, k, params=parameters)
        return _pairs(cosines[0], rows[0])

    def _again(
        self, nearly: Bytes, unit: NDArray[np.float32], k: int, among: Among | None
    ) -> list[tuple[int, float]]:
        """Compare all bits, and the nearest again by their bytes."""
        import numpy as np

        if among is not None and among.count <= FEW:
            rows = np.flatnonzero(among.allowed)
            return _pairs(nearly.rows(rows.tolist()) @ unit[0], rows)[:k]
        wanted = max(AGAIN * k, COMPARED)
        while True:
            # Bits cannot be searched in part: so many more are looked at.
            _, found = self._index.search(unit, min(wanted, len(self)))
            rows = found[0][found[0] >= 0]
            allowed = rows if among is None else rows[among.allowed[rows]]
            if len(allowed) >= k or wanted >= len(self):
                rows = np.sort(allowed)
                return _pairs(nearly.rows(rows.tolist()) @ unit[0], rows)[:k]
            wanted *= 2

    def rows(self, first: int, count: int) -> NDArray[np.float32]:
        """Return a copy of `count` rows from `first` on, shape `(count, dimension)`."""
        import numpy as np

        if not count:
            return np.zeros((0, self.dimension), dtype=np.float32)
        if self._nearly is not None:
            return self._nearly.stretch(first, count)
        return np.asarray(self._index.reconstruct_n(first, count), dtype=np.float32)

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield copies of all rows, some thousands at a time."""
        for first in range(0, len(self), _CHUNK):
            yield self.rows(first, min(_CHUNK, len(self) - first))


class Bytes:
    """Unit rows as one signed byte a dimension, on the disk.

    The largest entry of a row is 127; what is read is made a row of length 1 again.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            OSError, ValueError: it is none.
        """
        import numpy as np

        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        version = np.lib.format.read_magic(self._file)
        if version != (2, 0):
            raise ValueError(f"{path.name} is of another version of its format")
        (self._count, self.dimension), _, kind = np.lib.format.read_array_header_2_0(self._file)
        self._first = self._file.tell()
        if kind != np.int8:
            raise ValueError(f"{path.name} holds no bytes")

    @staticmethod
    def write(path: Path, rows: NDArray[np.float32]) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        import numpy as np

        header = {"descr": "|i1", "fortran_order": False, "shape": rows.shape}
        with path.open("wb") as file:
            np.lib.format.write_array_header_2_0(file, header)
            for start in range(0, len(rows), _CHUNK):
                part = np.asarray(rows[start : start + _CHUNK])
                largest = np.abs(part).max(axis=1, keepdims=True)
                scaled = part * (127 / np.maximum(largest, np.finfo(np.float32).tiny))
                file.write(np.rint(scaled).astype(np.int8).tobytes())

    def __len__(self) -> int:
        return int(self._count)

    def stretch(self, first: int, count: int) -> NDArray[np.float32]:
        """Return `count` rows from `first` on, of length 1 again."""
        return self._unit([self._read(first, count)])

    def rows(self, which: Sequence[int]) -> NDArray[np.float32]:
        """Return some rows, of length 1 again.

        Each is read by itself: mapped into memory, each would bring many others along.
        """
        return self._unit([self._read(row, 1) for row in which])

    def _read(self, first: int, count: int) -> bytes:
        at, length = self._first + first * self.dimension, count * self.dimension
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), length, at)
        with self._lock:
            self._file.seek(at)
            return self._file.read(length)

    def _unit(self, parts: Sequence[bytes]) -> NDArray[np.float32]:
        import numpy as np

        entries = np.frombuffer(b"".join(parts), dtype=np.int8)
        rows = entries.reshape(-1, self.dimension).astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: NDArray[np.float32] = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
        return unit


def _pairs(cosines: NDArray[np.float32], rows: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Return rows with their cosines, best first, without the places nothing was found for."""
    found = [
        (row, min(1.0, max(-1.0, cosine)))
        for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True)
        if row >= 0
    ]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _short(error: RuntimeError) -> str:
    """Return what FAISS says without where in its sources it says it."""
    return str(error).rsplit("Error: ", 1)[-1].strip()
