"""A model whose replies are kept, so that a run after a change of rules asks only what is new.

At temperature 0 a reply depends on the prompt alone, so a run on kept replies says what a run
afresh would say, in seconds instead of an hour; only its timings mean nothing. The file holds
words of the documents asked and is kept out of the repository.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Generator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from rag.llm import Mind, Piece
from rag.prompt import Prompt


class KeptReplies:
    """Replies from a file, and from a model where the file has none.

    Args:
        path: of the SQLite file; made where there is none.
        name: of the model, shown in answers.
        stand: what a reply depends on beside the prompt, such as the model's checksum.
        load: opens the model when the first reply is missing.
    """

    def __init__(self, path: Path, *, name: str, stand: str, load: Callable[[], Mind]) -> None:
        self.name = name
        self._stand = stand
        self._load = load
        self._model: Mind | None = None
        self._kept = sqlite3.connect(path, isolation_level=None)
        self._kept.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT)")

    def generate(
        self, *prompts: Prompt, max_tokens: int, cancel: threading.Event | None = None
    ) -> Generator[Piece, None, None]:
        """Yield the model's words; they are kept once they are all there."""
        keys = [self._key("generate", prompt, max_tokens) for prompt in prompts]
        kept = [self._get(key) for key in keys]
        if None not in kept:
            replies = [
                [Piece(text, logprob, tokens, draft) for text, logprob, tokens in each]
                for draft, each in enumerate(kept)
            ]
            yield from filter(None, chain.from_iterable(zip_longest(*replies)))
            return
        pieces: list[list[tuple[str, float, int]]] = [[] for _ in prompts]
        for piece in self._mind().generate(*prompts, max_tokens=max_tokens, cancel=cancel):
            pieces[piece.draft].append((piece.text, piece.logprob, piece.prompt_tokens))
            yield piece
        for key, each in zip(keys, pieces, strict=True):
            self._put(key, each)

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        """Return the calibrated log-odds that the reply to a yes-or-no question is yes."""
        key = self._key("log_odds", prompt, 0)
        kept = self._get(key)
        if kept is None:
            kept = self._mind().log_odds(prompt, cancel=cancel)
            self._put(key, kept)
        return float(kept)

    def close(self) -> None:
        """Close the file, and the model where it was opened."""
        self._kept.close()
        close: Callable[[], None] | None = getattr(self._model, "close", None)
        if close is not None:
            close()

    def _mind(self) -> Mind:
        if self._model is None:
            self._model = self._load()
        return self._model

    def _key(self, kind: str, prompt: Prompt, max_tokens: int) -> str:
        return hashlib.sha256(repr((self._stand, kind, prompt, max_tokens)).encode()).hexdigest()

    def _get(self, key: str) -> Any:
        row = self._kept.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _put(self, key: str, reply: object) -> None:
        self._kept.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, json.dumps(reply)))
