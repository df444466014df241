"""A question that leans on a conversation, written anew by the model."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import cast

from rag.followups.turns import Earlier
from rag.llm import LLM, Piece
from rag.prompt import Prompt

MOST_TOKENS = 48
LAST = 2  # turns the model is shown, each with its first statement
_MOST_CHARS = 240  # of a statement

_EXAMPLES = (
    (
        ("When did Toyota open its plant in Burnaston?", "Toyota opened the plant in 1992."),
        "And how many people work there?",
        "How many people work in the plant of Toyota in Burnaston?",
    ),
    (
        ("What did Renault announce about diesel engines?", "Renault will stop making them."),
        "What about Fiat?",
        "What did Fiat announce about diesel engines?",
    ),
    (
        ("Who painted the Night Watch?", "The Night Watch was painted by Rembrandt."),
        "When?",
        "When was the Night Watch painted?",
    ),
    (
        ("Did the union reject the offer of the railways?", "The union rejected the offer."),
        "Why did they do that?",
        "Why did the union reject the offer of the railways?",
    ),
    (
        ("How much sugar is in orange juice?", "Orange juice has 9 grams of sugar."),
        "And in milk?",
        "How much sugar is in milk?",
    ),
    (
        ("What did Anna Lind say about the tunnel?", "Anna Lind said the tunnel is unsafe."),
        "Who agreed with her?",
        "Who agreed with Anna Lind about the tunnel?",
    ),
    (
        ("Why did the museum raise its prices?", "The museum raised them to pay for a new roof."),
        "How much did it cost?",
        "How much did the new roof of the museum cost?",
    ),
)
_SYSTEM = (
    "You rewrite the last question of a conversation so that it can be understood without the "
    "conversation. Put what is meant in place of words like it, they, there and that. "
    "Use the words of the conversation. Do not answer.\n\n"
)


def _shown(question: str, statement: str, follow_up: str) -> str:
    answered = f"Answer: {statement}\n" if statement else ""
    return f"Question: {question}\n{answered}Last question: {follow_up}\nRewritten:"


SYSTEM = _SYSTEM + "\n\n".join(
    f"{_shown(*turn, follow_up)} {rewritten}" for turn, follow_up, rewritten in _EXAMPLES
)


def prompt(question: str, earlier: Sequence[Earlier]) -> Prompt:
    """Return what the model is given: examples, the turns before, and the question."""
    lines = list[str]()
    for turn in earlier:
        lines.append(f"Question: {turn.asked}")
        if turn.statements:
            lines.append(f"Answer: {turn.statements[0][:_MOST_CHARS]}")
    lines += [f"Last question: {question}", "Rewritten:"]
    return Prompt(system=SYSTEM, reading="", wanted="\n".join(lines))


def rewrite(
    question: str,
    earlier: Sequence[Earlier],
    mind: LLM,
    cancel: threading.Event | None = None,
) -> str:
    """Return the model's rewriting of a question, "" where it wrote none.

    Args:
        question: as typed.
        earlier: the turns it is shown.
        mind: the model.
        cancel: set from any thread, it stops at once.

    Raises:
        CancelledError: `cancel` was set.
    """
    return first_question(
        mind.generate(prompt(question, earlier), max_tokens=MOST_TOKENS, cancel=cancel)
    )


def first_question(pieces: Iterator[Piece]) -> str:
    """Return the first question that a model writes, which is stopped there; "" if none."""
    said = ""
    with closing(cast("Generator[Piece]", pieces)):
        for piece in pieces:
            said += piece.text
            if re.search(r"\S[^\n]*(?:\?|\n)", said):
                break  # one question is all that is wanted
    line = said.strip().split("\n")[0].strip(' "“”')
    line = re.sub(r"^(?:Rewritten|Question)\s*:\s*", "", line)
    return line[: line.index("?") + 1] if "?" in line else ""
