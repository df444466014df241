"""Vectors of one segment, nearest first; the only file that knows FAISS.

Up to `EXACT` rows every search compares with all of them in full. More are kept twice in one file:
as one bit a dimension (RaBitQ: Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a
Theoretical Error Bound for Approximate Nearest Neighbor Search", SIGMOD 2024), of which all are
compared, and as one byte a dimension, with which the nearest are compared again. A million rows
of 384 dimensions are searched in 5 ms and find .987 of the ten nearest; in full it would be 52 ms
and 1.5 GB. Only what is compared again is read from the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT = 200_000
TRAINED_ON = 65_536  # rows that the quantisers are fitted to
COMPARED = 200  # rows that are compared again, at least
AGAIN = 2  # as many as are wanted of those, at least
MAPPED = 32_000_000  # bytes; a larger file is mapped, not read
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
    """Unit rows, searched by their cosine to a query."""

    def __init__(self, index: Any) -> None:
        import faiss

        self._index = index
        # What holds the rows as they are, or nearly: all of it, or what the bits are refined by.
        whole = isinstance(index, faiss.IndexRefine)
        self._rows = faiss.downcast_index(index.refine_index) if whole else index
        self.exact = not whole

    @staticmethod
    def write(path: Path, rows: NDArray[np.float32], exact: int = EXACT) -> None:
        """Write a file of rows of length 1.

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
            step = max(1, count // TRAINED_ON)
            nearly = faiss.IndexScalarQuantizer(
                dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
            )
            bits = faiss.IndexRaBitQFastScan(dimension, faiss.METRIC_INNER_PRODUCT)
            index = faiss.IndexRefine(bits, nearly)
            index.train(np.ascontiguousarray(rows[::step]))
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
            ValueError: it is no FAISS file.
        """
        import faiss

        mapped = path.stat().st_size > MAPPED
        try:
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0))
        except RuntimeError as error:
            raise ValueError(_short(error)) from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

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
        if among is not None and self.exact:
            return _pairs(*self._index.search(unit, k, params=among.parameters))
        if among is None:
            return self._nearest(unit, k)
        # Bits cannot be searched in part. Most rows allowed: look at more; few: compare them all.
        if 2 * among.count < len(self):
            return _pairs(*self._rows.search(unit, k, params=among.parameters))
        wanted = k
        while True:
            found = self._nearest(unit, wanted)
            kept = [pair for pair in found if among.allowed[pair[0]]][:k]
            if len(kept) == k or wanted >= len(self):
                return kept
            wanted = min(2 * wanted, len(self))

    def _nearest(self, unit: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """Search all rows."""
        import faiss

        if self.exact:
            return _pairs(*self._index.search(unit, k))
        again = max(AGAIN * k, COMPARED)
        library: Any = faiss
        parameters = library.IndexRefineSearchParameters(k_factor=min(again, len(self)) / k)
        return _pairs(*self._index.search(unit, k, params=parameters))

    def rows(self, first: int, count: int) -> NDArray[np.float32]:
        """Return a copy of `count` rows from `first` on, shape `(count, dimension)`."""
        import numpy as np

        if not count:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.asarray(self._rows.reconstruct_n(first, count), dtype=np.float32)

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield copies of all rows, some thousands at a time."""
        for first in range(0, len(self), _CHUNK):
            yield self.rows(first, min(_CHUNK, len(self) - first))


def _pairs(cosines: NDArray[np.float32], rows: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Return what one search found, without the places that nothing was found for."""
    found = [
        (int(row), min(1.0, max(-1.0, float(cosine))))
        for row, cosine in zip(rows[0], cosines[0], strict=True)
        if row >= 0
    ]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _short(error: RuntimeError) -> str:
    """Return what FAISS says without where in its sources it says it."""
    return str(error).rsplit("Error: ", 1)[-1].strip()
