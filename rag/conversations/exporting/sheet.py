"""What an export holds: the turns, with their sources numbered through the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rag.conversations.values import Conversation, State, Turn
from rag.render.plain import written_date
from rag.render.words import say
from rag.types import Citation, Statement

_Words = tuple[str, str, str, str, int, int, str]
"""What tells source words apart: collection, document, file, the file inside, place and words."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A conversation as it is written down.

    Attributes:
        turns: the citations in them bear the numbers of the footnotes.
        footnotes: every source that is cited, by number from 1; the same words once.
        at: when it is written.
    """

    conversation: Conversation
    turns: tuple[Turn, ...]
    footnotes: tuple[Citation, ...]
    at: datetime


def sheet_of(conversation: Conversation, turns: Sequence[Turn], at: datetime) -> Sheet:
    """Return a conversation with its sources numbered in the order of their first use."""
    numbers: dict[_Words, Citation] = {}

    def numbered(turn: Turn, citation: Citation) -> Citation:
        words = (
            *(turn.collection, citation.document_id, citation.source, citation.inside),
            *(citation.start, citation.end, citation.quote),
        )
        first = numbers.setdefault(words, replace(citation, number=len(numbers) + 1))
        return replace(citation, number=first.number)

    def renumbered(turn: Turn, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        return tuple(
            replace(statement, citations=tuple(numbered(turn, c) for c in statement.citations))
            for statement in statements
        )

    written = []
    for turn in turns:
        answer = turn.answer
        if answer is not None:
            answer = replace(answer, statements=renumbered(turn, answer.statements))
        written.append(replace(turn, answer=answer, proven=renumbered(turn, turn.proven)))
    return Sheet(conversation, tuple(written), tuple(numbers.values()), at)


def moment(when: datetime) -> str:
    """Return a time as people write it, by the clock of this place: "12 June 2020, 09:30"."""
    here = when.astimezone()
    return f"{written_date(here.date().isoformat())}, {here:%H:%M}"


def about(sheet: Sheet) -> list[str]:
    """Return the lines below the title: what this is, of what, when."""
    count = len(sheet.turns)
    asked = say("1 question") if count == 1 else say("{count} questions", count=count)
    told = [asked, moment(sheet.conversation.created)]
    if sheet.conversation.collection:
        told.insert(1, say("asked of “{name}”", name=sheet.conversation.collection))
    return [
        " · ".join(told),
        say(
            "Written by Footnote on {when}. Each sentence was proven by the words that its"
            " footnote quotes; what was not proven was withheld.",
            when=moment(sheet.at),
        ),
    ]


def asked_as(turn: Turn) -> str:
    """Return the line that says how a follow-up was asked, "" where it was as it was typed."""
    if turn.asked == turn.typed:
        return ""
    return say("Asked as: “{question}”", question=turn.asked)


def outcome(turn: Turn) -> str:
    """Return the line that says why there is no whole answer, "" where there is one."""
    if turn.state is State.FAILED:
        return turn.error
    begun = {
        State.STOPPED: say("Stopped."),
        State.INTERRUPTED: say("Interrupted: the program ended before the answer was done."),
        State.ASKING: say("Still being answered when this was written."),
    }.get(turn.state, "")
    if begun and turn.proven:
        return f"{begun} {say('Only what was proven by then is shown.')}"
    return begun


def withheld(turn: Turn) -> str:
    """Return the line that counts what was withheld, "" where nothing was."""
    count = len(turn.answer.withheld) if turn.answer else 0
    if not count:
        return ""
    if count == 1:
        return say("1 sentence was withheld: your documents do not prove it.")
    return say("{count} sentences were withheld: your documents do not prove them.", count=count)


def told_of(turn: Turn) -> str:
    """Return the line with when a question was asked and what answered."""
    model = turn.answer.model if turn.answer else turn.model
    return " · ".join(filter(None, (moment(turn.when), model)))
