"""What is asked of a model: it writes, it judges, it reads ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from rag.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of generated text.

    Attributes:
        text: may be empty where a character is not complete yet.
        logprob: natural log of the probability the model gave this token.
        prompt_tokens: length of the prompt that was read.
        draft: which of the prompts it continues, from 0.
    """

    text: str
    logprob: float
    prompt_tokens: int
    draft: int = 0


class LLM(Protocol):
    """Anything that continues prompts."""

    name: str

    def generate(
        self, *prompts: Prompt, max_tokens: int, cancel: threading.Event | None = None
    ) -> Iterator[Piece]:
        """Yield the model's words; closing the iterator or setting `cancel` stops at once.

        Several prompts are continued together, their pieces in turn.
        """


class Witness(Protocol):
    """Anything that answers a yes-or-no question by how much it leans to yes."""

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        """Return the calibrated log-odds that the reply to a yes-or-no question is yes."""


@runtime_checkable
class Reader(Protocol):
    """Anything that can read ahead of a question, and keeps what it has read."""

    def prepare(
        self, prompt: Prompt, *, threads: int = 0, cancel: threading.Event | None = None
    ) -> bool:
        """Read what stands before the question; tell whether that was still to be done.

        Args:
            prompt: whose reading it is.
            threads: to compute with; 0 for all.
            cancel: set from any thread, it stops at once.
        """

    def has_room(self, prompt: Prompt) -> bool:
        """Tell whether what this leaves can be kept without losing another reading."""


class Mind(LLM, Witness, Protocol):
    """A model that both writes and judges."""
