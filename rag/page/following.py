"""Follow-ups on the page: what a question means in its conversation, and what to ask next."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from rag.followups import Earlier, Resolved, resolve, suggest
from rag.types import Answer
from rag.within import Within

if TYPE_CHECKING:
    from rag.page.desk import AssistantLike


class Following(Protocol):
    """Understands follow-ups, and finds questions that can be answered."""

    def resolve(
        self,
        assistant: AssistantLike,
        question: str,
        earlier: Sequence[Earlier],
        cancel: threading.Event,
    ) -> Resolved:
        """Return a question as it is to be asked of the documents.

        Raises:
            CancelledError: `cancel` was set.
        """

    def suggest(
        self,
        assistant: AssistantLike,
        answer: Answer,
        within: Within | None,
        cancel: threading.Event,
    ) -> Iterator[str]:
        """Yield questions to ask next, each one tried; ends soon where `cancel` is set."""


class ByModel:
    """By the model that answers and its embedder; see `rag.followups`."""

    def resolve(
        self,
        assistant: AssistantLike,
        question: str,
        earlier: Sequence[Earlier],
        cancel: threading.Event,
    ) -> Resolved:
        """Return a question as it is to be asked of the documents."""
        from rag.assistant import Assistant

        if not isinstance(assistant, Assistant):
            return Resolved(question)
        return resolve(question, earlier, assistant.llm, cancel, assistant.embedder)

    def suggest(
        self,
        assistant: AssistantLike,
        answer: Answer,
        within: Within | None,
        cancel: threading.Event,
    ) -> Iterator[str]:
        """Yield questions to ask next, each one tried."""
        from rag.assistant import Assistant

        if isinstance(assistant, Assistant):
            yield from suggest(assistant, answer, cancel, within)


def earlier_of(answers: Sequence[tuple[str, Answer]]) -> tuple[Earlier, ...]:
    """Return the turns before a question.

    Args:
        answers: questions as they were typed, each with its answer, oldest first.
    """
    return tuple(
        Earlier(
            typed,
            tuple(statement.text for statement in answer.statements),
            answer.question if answer.question != typed else "",
        )
        for typed, answer in answers
    )
