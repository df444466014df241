"""Vectors, searched exactly; the only file that knows FAISS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Among:
    """The rows that a search may find.

    Args:
        allowed: for each row whether it may.
    """

    def __init__(self, allowed: Sequence[bool]) -> None:
        import faiss
        import numpy as np

        self._allowed = np.asarray(allowed, dtype=bool)
        self._bits = np.packbits(self._allowed, bitorder="little")
        self.count = int(self._allowed.sum())
        library: Any = faiss  # its stubs know neither keyword
        self.parameters = library.SearchParameters(sel=library.IDSelectorBitmap(self._bits))

    def allows(self, row: int) -> bool:
        """Tell whether a row may be found."""
        return bool(self._allowed[row])


class Vectors:
    """Unit rows in a flat FAISS index: every search compares with all of them, so none is missed.

    At 384 dimensions that takes 10 ms for 200,000 rows on one core.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    @staticmethod
    def dump(vectors: NDArray[np.float32]) -> bytes:
        """Return the content of vectors.faiss."""
        import faiss

        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return bytes(faiss.serialize_index(index))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read vectors.faiss; only after its checksum was found right, for FAISS checks nothing.

        Raises:
            ValueError: it is no FAISS file.
        """
        import faiss
        import numpy as np

        try:
            return cls(faiss.deserialize_index(np.frombuffer(path.read_bytes(), dtype=np.uint8)))
        except RuntimeError as error:
            raise ValueError(str(error)) from error

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
        parameters = among.parameters if among else None
        cosines, rows = self._index.search(unit, k, params=parameters)
        found = [
            (int(row), min(1.0, max(-1.0, float(cosine))))
            for row, cosine in zip(rows[0], cosines[0], strict=True)
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def rows(self, first: int, count: int) -> NDArray[np.float32]:
        """Return a copy of `count` rows from `first` on, shape `(count, dimension)`."""
        import numpy as np

        if not count:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.asarray(self._index.reconstruct_n(first, count), dtype=np.float32)

    def all(self) -> NDArray[np.float32]:
        """Return a copy of all rows, shape `(len(self), dimension)`."""
        import numpy as np

        return np.asarray(self._index.reconstruct_n(0, len(self)), dtype=np.float32)
