"""Any sentence-transformers folder, by sentence-transformers: slow to load, and right.

It embeds what is no plain BERT, and is what the faster way is held against.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embedder.folder import ModelFolder, clean
from rag.embedder.protocols import EmbedKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Small enough to show progress and to keep memory flat, large enough to fill a core.
BATCH = 32


class SentenceEmbedder(ModelFolder):
    """A sentence-transformers folder, read without any network."""

    def __init__(self, folder: Path, *, name: str) -> None:
        """Check that the folder can be used.

        Raises:
            ModelError: a file it needs is missing or is not what it should be.
        """
        super().__init__(folder, name=name)
        self._lock = threading.Lock()

    @property
    def checksum(self) -> str:
        """SHA-256 of `model.safetensors`, or of all files where the weights are kept otherwise."""
        return self.weights_checksum

    @cached_property
    def _model(self) -> Any:
        """The model itself, in float32: half precision on a CPU is up to 100 times slower."""
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            return SentenceTransformer(
                str(self.folder),
                local_files_only=True,
                device="cpu",
                model_kwargs={"dtype": torch.float32},
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise self._unusable(str(error)) from error
        finally:
            if bars:
                logging.enable_progress_bar()

    def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> NDArray[np.float32]:
        """Return one unit row a text, shape `(len(texts), dimension)`."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        # The fast tokenizer inside is not safe to use from two threads ("Already borrowed").
        with self._lock:
            encode = self._model.encode_query if kind == "query" else self._model.encode_document
            vectors = encode(
                [clean(text) for text in texts],
                batch_size=BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)
