"""The commonest follow-ups, written anew by rules; pure, English."""

from __future__ import annotations

from collections.abc import Sequence

from rag.followups.leaning import Lean
from rag.followups.turns import Earlier


def new_topic(question: str, found: Sequence[Lean], earlier: Sequence[Earlier]) -> bool:
    return False


def sure(question: str, found: Sequence[Lean], earlier: Sequence[Earlier]) -> str:
    return ""


def likely(question: str, found: Sequence[Lean], earlier: Sequence[Earlier]) -> str:
    return ""
