"""Texts -> float32 (n, d) with unit rows; the only file that knows sentence-transformers."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rag.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EmbedKind = Literal["query", "document"]

# Small enough to show progress and to keep memory flat, large enough to fill a core.
BATCH = 32


class Embedder(Protocol):
    """What turns texts into vectors.

    Attributes:
        name: what the index remembers it by.
        checksum: SHA-256 of the weights; two embedders with equal checksums give equal vectors.
        dimension: length of a vector.
        max_tokens: tokens of text it can see, special tokens not counted; more is cut off.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def checksum(self) -> str: ...  # noqa: D102
    @property
    def dimension(self) -> int: ...  # noqa: D102
    @property
    def max_tokens(self) -> int: ...  # noqa: D102

    def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> NDArray[np.float32]:
        """Return one unit row a text, shape `(len(texts), dimension)`."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text by the embedder's own tokenizer, special ones left out."""
        ...


def load_embedder(name_or_path: str) -> Embedder:
    """Return an embedder of the catalogue by name, or of a sentence-transformers folder by path.

    Nothing heavy happens here: the weights are read at the first `embed`.

    Raises:
        UnknownModelError: the name is not in the catalogue and is no folder.
        ModelMissingError: the model is known but has not been fetched.
        ModelError: the folder does not hold a usable model.
    """
    from rag.catalogue import model_path

    return SentenceEmbedder(model_path(name_or_path), name=Path(name_or_path).name)


class SentenceEmbedder:
    """A sentence-transformers folder such as all-MiniLM-L6-v2, read without any network.

    The small facts (dimension, limit, token counts, checksum) come from the folder's own small
    files, so that an index that needs no embedding is checked without loading torch.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        """Check that the folder can be used.

        Raises:
            ModelError: a file it needs is missing or is not what it should be.
        """
        self.folder = folder
        self.name = name
        self._lock = threading.Lock()
        limit = self._number("sentence_bert_config.json", "max_seq_length")
        self.max_tokens = limit - self._tokenizer.num_special_tokens_to_add(False)
        self.dimension = self._number("config.json", "hidden_size")

    def _read(self, relative: str) -> str:
        """Return the text of a file of the folder."""
        try:
            return (self.folder / relative).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(f"{relative} cannot be read ({error})") from error

    def _json(self, relative: str) -> dict[str, Any]:
        """Return the values of a JSON file of the folder."""
        try:
            values = json.loads(self._read(relative))
        except ValueError as error:
            raise self._unusable(f"{relative} is not whole ({error})") from error
        if not isinstance(values, dict):
            raise self._unusable(f"{relative} does not hold what it should")
        return values

    def _number(self, relative: str, key: str) -> int:
        """Return one whole number of a JSON file of the folder."""
        value = self._json(relative).get(key)
        if not isinstance(value, int):
            raise self._unusable(f"{relative} does not state {key!r}")
        return value

    def _unusable(self, why: str) -> ModelError:
        return ModelError(
            f"The embedder in {self.folder} cannot be used: {why}. "
            f"Fetch it again with `rag models fetch {self.name}`, "
            "or name a complete sentence-transformers folder."
        )

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of `model.safetensors`, or of all files where the weights are kept otherwise."""
        import hashlib

        weights = self.folder / "model.safetensors"
        files = [weights] if weights.is_file() else sorted(self.folder.rglob("*"))
        digest = hashlib.sha256()
        for path in files:
            if not path.is_file():
                continue
            if path != weights:
                digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()

    @cached_property
    def _tokenizer(self) -> Any:
        """The model's tokenizer, without truncation; not the one that `encode` uses."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(json.dumps(self._json("tokenizer.json")))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

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

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, special ones left out; long texts are counted whole."""
        encode = self._tokenizer.encode
        return [len(encode(clean(text), add_special_tokens=False).ids) for text in texts]


def clean(text: str) -> str:
    """Return the text with lone surrogates replaced: tokenizers refuse what is not Unicode."""
    return text.encode("utf-8", "replace").decode("utf-8")
