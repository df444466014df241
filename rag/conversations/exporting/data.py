"""A conversation as JSON: what is kept of it, and where each citation is among the sources."""

from __future__ import annotations

import json
from typing import Any

from rag.conversations.exporting.sheet import Sheet
from rag.conversations.values import Turn

VERSION = 1


def to_data(sheet: Sheet) -> str:
    """Return a conversation as JSON (docs/conversations.md)."""
    conversation = sheet.conversation
    value = {
        "version": VERSION,
        "id": conversation.id,
        "title": conversation.title,
        "collection": conversation.collection,
        "created": conversation.created.isoformat(),
        "changed": conversation.changed.isoformat(),
        "exported": sheet.at.isoformat(),
        "turns": [_turn(turn) for turn in sheet.turns],
        "sources": [citation.to_json() for citation in sheet.footnotes],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _turn(turn: Turn) -> dict[str, Any]:
    feedback = turn.feedback
    return {
        "id": turn.id,
        "number": turn.number,
        "state": turn.state.value,
        "question": turn.typed,
        "asked": turn.asked,
        "asked_at": turn.when.isoformat(),
        "model": turn.model,
        "collection": turn.collection,
        "answer": turn.answer and turn.answer.to_json(),
        "error": turn.error,
        "proven": [statement.to_json() for statement in turn.proven],
        "feedback": feedback
        and {
            "thumb": feedback.thumb.value,
            "reason": feedback.reason.value,
            "words": feedback.words,
            "given": feedback.given.isoformat(),
        },
    }
