"""A sentence-transformers folder: its small facts, its tokenizer, its checksum."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.errors import ModelError

WEIGHTS = "model.safetensors"


class ModelFolder:
    """What can be known of a folder such as all-MiniLM-L6-v2 without loading its model.

    The small facts (dimension, limit, token counts) come from the folder's own small files, so
    that an index that needs no embedding is checked at once.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        """Check that the folder can be used.

        Raises:
            ModelError: a file it needs is missing or is not what it should be.
        """
        self.folder = folder
        self.name = name
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
    def weights_checksum(self) -> str:
        """SHA-256 of `model.safetensors`, or of all files where the weights are kept otherwise."""
        import hashlib

        weights = self.folder / WEIGHTS
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
        """The model's tokenizer, without truncation."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(json.dumps(self._json("tokenizer.json")))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, special ones left out; long texts are counted whole."""
        encode = self._tokenizer.encode
        return [len(encode(clean(text), add_special_tokens=False).ids) for text in texts]


def clean(text: str) -> str:
    """Return the text with lone surrogates replaced: tokenizers refuse what is not Unicode."""
    return text.encode("utf-8", "replace").decode("utf-8")
