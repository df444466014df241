"""What both peers share: our model and embedder, lent to them, and the time they take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rag.catalogue import model_path
from rag.config import Settings
from rag.embedder import Embedder, load_embedder
from rag.llm import LlamaModel
from rag.prompt import Prompt
from rag.types import Timings

MOST_TOKENS = 256


class Lent:
    """The model and embedder of our defaults, with nothing of ours around them.

    Args:
        settings: names them.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.embedder: Embedder = load_embedder(settings.embedder)
        self.llm = LlamaModel(model_path(settings.model), name=settings.model, n_ctx=settings.n_ctx)
        self.begin()

    def begin(self) -> None:
        """Start the clock of a question."""
        self._began = time.perf_counter()
        self._first: float | None = None
        self._read = self._written = 0

    def write(self, prompt: str) -> Iterator[str]:
        """Yield the model's words to a prompt in one user's turn of its own chat template."""
        asked = Prompt(system="You are a helpful assistant.", reading="", wanted=prompt)
        for piece in self.llm.generate(asked, max_tokens=MOST_TOKENS):
            if self._first is None:
                self._first = time.perf_counter() - self._began
                self._read += piece.prompt_tokens
            self._written += 1
            yield piece.text

    def embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """Return unit vectors, (texts, dimensions)."""
        vectors = self.embedder.embed(list(texts), kind="query" if query else "document")
        return [[float(x) for x in vector] for vector in vectors]

    def timings(self) -> Timings:
        """Return what the question took so far."""
        return Timings(
            first_token_s=self._first,
            total_s=time.perf_counter() - self._began,
            tokens_in=self._read,
            tokens_out=self._written,
        )
