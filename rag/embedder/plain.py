"""A plain BERT folder by onnxruntime, without torch."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embedder.bert import IDS, Shape, build_graph, read_shape, read_weights
from rag.embedder.folder import ModelFolder, clean
from rag.embedder.int8 import Kept, keep
from rag.embedder.onnx import Graph
from rag.embedder.protocols import EmbedKind, Precision
from rag.embedder.runtime import Run, runner

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedder.bert import Weights


class OnnxEmbedder(ModelFolder):
    """A plain BERT folder such as all-MiniLM-L6-v2, one text a thread at a time.

    A vector depends on its text alone, to the last bit, whatever is embedded with it.
    """

    def __init__(
        self, folder: Path, *, name: str, precision: Precision = "float32", threads: int = 0
    ) -> None:
        """Check that the folder can be used.

        Args:
            folder: one that `bert.is_plain`.
            name: what the index remembers it by.
            precision: with "int8", float32 is used where that does not agree with the weights.
            threads: texts computed at once; 0 takes the number of cores this process may use.

        Raises:
            ModelError: a file it needs is missing or is not what it should be.
        """
        super().__init__(folder, name=name)
        shape = read_shape(folder)
        if shape is None:
            raise self._unusable("it is no plain BERT")
        self._shape: Shape = shape
        self._wanted = precision
        self._threads = threads or _cores()
        self._lock = threading.RLock()

    @property
    def precision(self) -> Precision:
        """What is computed with: float32 also where int8 was asked for and did not agree."""
        return "float32" if self._used is None else "int8"

    @property
    def checksum(self) -> str:
        """SHA-256 of `model.safetensors`, or of the file in whole numbers made of it.

        Raises:
            ModelError: that file is to be made now and the weights cannot be used.
        """
        return self.weights_checksum if self._used is None else self._used.sha256

    @property
    def note(self) -> str:
        """Why int8 was asked for and is not used; "" where it is, or was not asked for."""
        if self._kept is None or self._used is not None:
            return ""
        found = self._kept.agreement
        return (
            f"On this machine {self.name} does not compute as it should in int8 (cosine with its"
            f" weights {found.least:.3f} at least, {found.mean:.4f} on average): float32 is used,"
            " which takes about twice as long."
        )

    @property
    def _used(self) -> Kept | None:
        kept = self._kept
        return kept if kept is not None and kept.agreement else None

    @property
    def _kept(self) -> Kept | None:
        with self._lock:  # made once, however many ask first
            return self._made

    @cached_property
    def _made(self) -> Kept | None:
        """The whole numbers made of the weights, now or before; None where not asked for."""
        if self._wanted == "float32":
            return None
        return keep(self.name, self.weights_checksum, self._shape, self._weights, self._encode)

    def _weights(self) -> Weights:
        from safetensors import SafetensorError

        try:
            return read_weights(self.folder, self._shape)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise self._unusable(str(error)) from error

    @cached_property
    def _run(self) -> Run:
        used = self._used
        if used is not None:
            return runner(used.model, IDS)
        return runner(build_graph(Graph(outside=True), self._weights(), self._shape), IDS)

    @cached_property
    def _cutting(self) -> Any:
        """A tokenizer that cuts texts where the model stops seeing.

        It is never changed, unlike the one inside sentence-transformers, and so any number of
        threads may use it.
        """
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self._tokenizer.to_str())
        tokenizer.enable_truncation(self.max_tokens + tokenizer.num_special_tokens_to_add(False))
        return tokenizer

    def _encode(self, text: str) -> Sequence[int]:
        ids: list[int] = self._cutting.encode(clean(text)).ids
        return ids

    def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> NDArray[np.float32]:
        """Return one unit row a text, shape `(len(texts), dimension)`."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            run, encode = self._run, self._encode
            self._cutting  # noqa: B018 (made once)

        def vector(text: str) -> NDArray[np.float32]:
            row: NDArray[np.float32] = run(encode(text))[0][0]
            return row

        if (workers := min(self._threads, len(texts))) == 1:
            vectors = np.stack([vector(text) for text in texts])
        else:
            with ThreadPoolExecutor(workers) as pool:
                vectors = np.stack(list(pool.map(vector, texts)))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, np.float32(1))
        return vectors


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
