"""What an embedder is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EmbedKind = Literal["query", "document"]
Precision = Literal["int8", "float32"]


class Embedder(Protocol):
    """What turns texts into vectors.

    Attributes:
        name: what the index remembers it by.
        checksum: SHA-256 of the weights as they are computed with; two embedders with equal
            checksums give equal vectors.
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
