"""What is kept of conversations: frozen values, as they were when they were read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from rag.errors import ConversationError
from rag.types import Answer, Statement

TITLE_CHARS = 60
WORDS_CHARS = 2_000  # of what is written beside a thumb

Field = Literal["title", "question", "answer", "quote"]
"""Where the words that were searched for stand."""

Snippet = tuple[tuple[str, bool], ...]
"""A stretch of text in pieces, each with whether it is one of the words that were searched for."""


class State(StrEnum):
    """How far a turn has come."""

    ASKING = "asking"
    ANSWERED = "answered"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class Thumb(StrEnum):
    """Whether an answer was of use."""

    UP = "up"
    DOWN = "down"

    @classmethod
    def of(cls, word: str) -> Thumb:
        """Return the thumb of a word.

        Raises:
            ConversationError: it is none.
        """
        try:
            return cls(word)
        except ValueError as error:
            raise ConversationError(f"{word!r} is no thumb; give “up” or “down”.") from error


class Reason(StrEnum):
    """Why an answer is judged as it is."""

    NONE = ""
    WRONG = "wrong"
    INCOMPLETE = "incomplete"
    UNCARRIED = "uncarried"
    NOT_IN_DOCUMENTS = "not in documents"
    IN_DOCUMENTS = "in documents"
    UNCLEAR = "unclear"
    OTHER = "other"

    @classmethod
    def of(cls, word: str) -> Reason:
        """Return the reason of a word.

        Raises:
            ConversationError: it is none.
        """
        try:
            return cls(word)
        except ValueError as error:
            known = ", ".join(f"“{reason}”" for reason in cls if reason)
            raise ConversationError(f"{word!r} is no reason; give one of {known}.") from error


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the reader thinks of an answer.

    Attributes:
        words: the reader's own, "" where nothing was written.
        given: when, last.
    """

    thumb: Thumb
    reason: Reason
    words: str
    given: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation, without its turns.

    Attributes:
        id: 32 hex digits that nobody can guess.
        title: the first question, shortened at a word, until it is renamed.
        collection: the documents it was begun with.
        created: when the first question was asked.
        changed: when last something was asked or answered; renaming does not count.
        turns: how many questions it holds.
    """

    id: str
    title: str
    collection: str
    created: datetime
    changed: datetime
    turns: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what came of it.

    Attributes:
        id: 32 hex digits.
        number: its place in the conversation, from 1; numbers are never given again.
        typed: the question as it was typed.
        asked: the question as it was asked of the documents: a follow-up made whole, else `typed`.
        when: when it was asked.
        model: name of the model that was to answer.
        collection: the documents that were asked.
        answer: there when the state is "answered".
        error: what was told instead of an answer, when the state is "failed".
        proven: what was proven before it was stopped, interrupted or failed, or so far.
        feedback: what the reader thinks of it, None where nothing was said.
    """

    id: str
    conversation_id: str
    number: int
    typed: str
    asked: str
    when: datetime
    model: str
    collection: str
    state: State
    answer: Answer | None = None
    error: str = ""
    proven: tuple[Statement, ...] = ()
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that holds the words that were searched for.

    Attributes:
        turn_id: the latest turn that holds them all, "" where only the title does.
        field: where in the turn they are shown from.
        snippet: the words with some of what stands around them.
    """

    conversation: Conversation
    turn_id: str
    field: Field
    snippet: Snippet
