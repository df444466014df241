"""What was asked and said before, and what a question is read as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier turn of a conversation.

    Attributes:
        question: as it was asked.
        statements: what was answered, in words without marks. They tell what names and pronouns
            mean and nothing else: an earlier answer is no evidence.
        resolved: what the question was read as, where that is known and another.
    """

    question: str
    statements: Sequence[str] = ()
    resolved: str = ""

    @property
    def asked(self) -> str:
        """The question as it stands by itself."""
        return self.resolved or self.question


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a question is read as in its conversation.

    Attributes:
        question: to be asked of the documents; as typed, to the letter, where nothing was changed.
        changed: it is another than the one that was typed.
        why: what it leans on and what was done about it, for the reader; "" where it stands by
            itself.
        by: who wrote it anew; "" where nobody did.
        leans: it cannot be understood without the turns before it; where nothing was changed
            nobody could tell what it means.
    """

    question: str
    changed: bool = False
    why: str = ""
    by: Literal["", "rules", "model"] = ""
    leans: bool = False
