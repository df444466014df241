"""Proven statements -> those of a short answer; pure.

What is left out is proven like the rest. A part of the question that is answered stays answered,
and where documents disagree every side stays: a short answer says less, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from rag.prove.conflicts import find_conflicts
from rag.prove.prover import Proof
from rag.prove.rarity import Rarity
from rag.prove.sides import asks_one

MOST = 2


def briefest(
    question: str, proofs: Sequence[Proof], firsts: Set[int], rarity: Rarity
) -> list[Proof]:
    """Return the one or two statements that answer best, in their order.

    One where one thing is asked for. The first of each part of the question stays, and so does
    what gives another value than a statement that stays.

    Args:
        question: in plain words.
        proofs: what may be shown, best first.
        firsts: places of the best statement on each part of the question, from 0.
        rarity: weights of words in the index at hand.
    """
    most = 1 if asks_one(question) else MOST
    kept = {*range(min(most, len(proofs))), *firsts}
    for conflict in find_conflicts(question, proofs, rarity):
        if kept & set(conflict.sides):
            kept.update(conflict.sides)
    return [proofs[place] for place in sorted(kept)]
