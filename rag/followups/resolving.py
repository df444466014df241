"""A question and its conversation -> a question that stands by itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Literal

from rag.embedder import Embedder
from rag.errors import ModelError
from rag.followups import forms, guarding, rewriting
from rag.followups.leaning import Lean, leans
from rag.followups.turns import Earlier, Resolved
from rag.llm import LLM

LAST = 6  # turns that are looked back on
_UNKNOWN = "It seems to refer to something said before, and it is not clear to what."


def resolve(
    question: str,
    earlier: Sequence[Earlier],
    mind: LLM | None = None,
    cancel: threading.Event | None = None,
    embedder: Embedder | None = None,
) -> Resolved:
    """Return a question as it is to be asked of the documents.

    What stands by itself comes back to the letter, and so does what nobody can resolve, with a
    note. What is written anew holds no name, number or content word that is not in the question or
    in the turns before it; it is asked like any other question, and no earlier answer is evidence.

    Args:
        question: as typed.
        earlier: the turns before it, oldest first.
        mind: writes anew what rules cannot; without it rules alone are tried.
        cancel: set from any thread, it stops the model at once.
        embedder: tells which thing of a question another one takes the place of.

    Raises:
        CancelledError: `cancel` was set.
    """
    found = leans(question)
    if not found or not earlier:
        return Resolved(question)
    near = _nearness(embedder)
    known = tuple(_standing(earlier, near))
    sure = forms.sure(question, found, known, near)
    if sure and not guarding.faults(question, found, sure, known):
        return _read_as(sure, found, "rules")
    if mind is not None and found[0].kind != "more":
        written = _written(question, found, known, mind, cancel)
        if written:
            return _read_as(written, found, "model")
    likely = forms.likely(question, found, known, near)
    if likely and not guarding.faults(question, found, likely, known):
        return _read_as(likely, found, "rules")
    return Resolved(question, why=_UNKNOWN, leans=True)


def _written(
    question: str,
    found: Sequence[Lean],
    known: Sequence[Earlier],
    mind: LLM,
    cancel: threading.Event | None,
) -> str:
    """Return what the model reads a question as, "" where nothing it writes may be asked.

    It is shown the last two turns, and then the last one alone: a turn more may mislead it.
    """
    for turns in dict.fromkeys((min(rewriting.LAST, len(known)), 1)):
        try:
            written = rewriting.rewrite(question, known[-turns:], mind, cancel)
        except ModelError:  # too long for the model: rules are left
            continue
        if written and not guarding.faults(question, found, written, known):
            return written
    return ""


def _standing(earlier: Sequence[Earlier], near: forms.Near | None = None) -> list[Earlier]:
    """Return the last turns, their questions resolved by rules where nobody has said how."""
    known = list[Earlier]()
    for turn in earlier[-LAST:]:
        asked = turn.asked
        if not turn.resolved and known and (found := leans(asked)):
            for form in (forms.sure, forms.likely):
                written = form(asked, found, known, near)
                if written and not guarding.faults(asked, found, written, known):
                    asked = written
                    break
        known.append(Earlier(turn.question, tuple(turn.statements), asked))
    return known


def _nearness(embedder: Embedder | None) -> forms.Near | None:
    """Return what gives the cosines of a thing with others."""
    if embedder is None:
        return None

    def near(thing: str, others: Sequence[str]) -> list[float]:
        rows = embedder.embed([thing, *others], kind="document")
        return [float(cosine) for cosine in rows[1:] @ rows[0]]

    return near


def _read_as(written: str, found: Sequence[Lean], by: Literal["rules", "model"]) -> Resolved:
    leaning = "”, “".join(dict.fromkeys(lean.text for lean in found))
    why = f"“{leaning}” was read from what was asked before."
    return Resolved(written, True, why, by, True)
