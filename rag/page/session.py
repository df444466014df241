"""One browser tab: where its conversation stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

from rag.page.questions import Question
from rag.types import Answer

KEPT_TURNS = 20
LISTED = 40


@dataclass
class Session:
    """What one tab shows, and what it asks.

    Attributes:
        conversation: id of the conversation, "" before its first question.
        collection: name of the documents that are asked, "" for those of the desk.
        past: finished turns as HTML, oldest first.
        earlier: how many turns before those are not shown.
        answers: of those turns, each with the question as typed, the latest last: what follow-ups
            are understood by.
        turn: number of the latest question.
        question: the one that is being answered, None where none is.
        latest: the one that was answered last, None before there was one.
        sought: what conversations are searched for, "" where all are listed.
        listed: how many of them are listed.
        unopened: names of collections that were not open when `past` was written.
    """

    conversation: str = ""
    collection: str = ""
    past: list[str] = field(default_factory=list)
    earlier: int = 0
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    turn: int = 0
    question: Question | None = None
    latest: Question | None = None
    sought: str = ""
    listed: int = LISTED
    unopened: set[str] = field(default_factory=set)

    def begin(self) -> int:
        """Count a question; its number is returned."""
        self.conversation = self.conversation or uuid4().hex
        self.turn += 1
        return self.turn

    def finish(self, turn: int, html: str, answer: tuple[str, Answer] | None = None) -> None:
        """Put a finished turn in the place of the one in the making, once."""
        if turn != (self.question.live.turn if self.question is not None else self.turn):
            return
        most = max(KEPT_TURNS, len(self.past))  # not fewer than were asked for
        self.earlier += len(self.past) == most
        self.past = [*self.past, html][-most:]
        if answer is not None:
            self.answers = [*self.answers, answer][-KEPT_TURNS:]
        self.question = None

    def clear(self) -> None:
        """Begin another conversation; a question under work goes on and is kept with its own."""
        self.conversation, self.turn, self.question = "", 0, None
        self.latest = None
        self.past, self.earlier, self.answers = [], 0, []
