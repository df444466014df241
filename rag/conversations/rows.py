"""Rows of the file to values and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rag.conversations.values import Conversation, Feedback, Reason, State, Thumb, Turn
from rag.errors import ConversationError
from rag.types import Answer, Statement

VIEWS = """
CREATE TEMP VIEW conversation_rows AS
  SELECT c.key, c.id, c.title, c.collection, c.created, c.changed,
    (SELECT count(*) FROM turns WHERE conversation = c.key) AS turns
  FROM conversations c;
CREATE TEMP VIEW turn_rows AS
  SELECT t.key, t.id, c.id AS conversation, t.number, t.typed, t.asked, t.asked_at, t.model,
    t.collection, t.state, a.answer, t.error, a.proven, f.thumb, f.reason, f.words, f.given
  FROM turns t JOIN conversations c ON c.key = t.conversation
    LEFT JOIN answers a ON a.turn = t.key LEFT JOIN feedback f ON f.turn = t.key;
"""
"""What the values are made of, row by row; of this program, not of the file."""


def now() -> str:
    """Return the time as it is kept: UTC, to the microsecond, sorted as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def writable(text: str) -> str:
    """Return text with U+FFFD for halves of characters, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def dumped(value: Any) -> str:
    """Return JSON as it is kept."""
    return writable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def conversation_of(row: tuple[Any, ...]) -> Conversation:
    """Return a conversation of a row of `conversation_rows`."""
    _, id_, title, collection, created, changed, turns = row
    return Conversation(id_, title, collection, _moment(created), _moment(changed), turns)


def turn_of(row: tuple[Any, ...]) -> Turn:
    """Return a turn of a row of `turn_rows`.

    Raises:
        ConversationError: its answer is not in a form that is known here.
    """
    id_, conversation_id, number, typed, asked, when, model, collection, state = row[1:10]
    answer, error, proven, thumb, reason, words, given = row[10:]
    try:
        return Turn(
            id=id_,
            conversation_id=conversation_id,
            number=number,
            typed=typed,
            asked=asked,
            when=_moment(when),
            model=model,
            collection=collection,
            state=State(state),
            answer=Answer.from_json(json.loads(answer)) if answer else None,
            error=error,
            proven=proven_of(proven),
            feedback=Feedback(Thumb(thumb), Reason(reason), words, _moment(given))
            if thumb
            else None,
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise ConversationError(
            f"Question {number} of conversation {conversation_id} cannot be read ({problem}); "
            "the others can. Delete that conversation, or open it with the program that wrote it."
        ) from problem


def proven_of(kept: str | None) -> tuple[Statement, ...]:
    """Return statements of their kept form."""
    from rag.reading_back import statement_of

    return tuple(map(statement_of, json.loads(kept))) if kept else ()


def proven_kept(statements: Iterable[Statement]) -> str:
    """Return statements as they are kept."""
    return dumped([statement.to_json() for statement in statements])


def question_words(typed: str, asked: str) -> str:
    """Return what is searched of a question."""
    return typed if typed == asked else f"{typed}\n{asked}"


def words_of(answer: str | None, proven: str | None) -> dict[str, str]:
    """Return what is searched of an answer as it is kept: its sentences and its quotes."""
    statements = json.loads(answer)["statements"] if answer else json.loads(proven or "[]")
    quotes = dict.fromkeys(c["quote"] for s in statements for c in s["citations"])
    return {
        "answer": "\n".join(statement["text"] for statement in statements),
        "quote": "\n".join(quotes),
    }


def _moment(kept: str) -> datetime:
    return datetime.fromisoformat(kept)
