"""Proven statements -> those that give different values for one thing, side by side; pure.

Two statements from different documents, no copies of one another, differ where they say the same of
the same and one gives another number, another date, or the opposite; and where one thing was asked
for ("who was the owner of …") and each gives another answer, with nothing in common but the
question's words. Which is right is not decided here: a reader is shown both, with where and when
each was published.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.prove.prover import Proof
from rag.prove.rarity import Rarity, match
from rag.prove.sides import asks_one
from rag.prove.words import Reading, is_light, name_run, read
from rag.types import Conflict

# Share of the words beside the values that two statements must have in common.
SAME_FRAME = 0.6
# For the opposite of the same, nearly all of them.
SAME_WORDS = 0.75


def find_conflicts(question: str, proofs: Sequence[Proof], rarity: Rarity) -> tuple[Conflict, ...]:
    """Return the conflicts among the statements of an answer.

    Args:
        question: what was asked; values that it gives itself are no one's side.
        proofs: the statements in the order they are shown.
        rarity: weights of words in the index at hand.
    """
    asked, one_asked = read(question), asks_one(question)
    readings = [read(proof.text) for proof in proofs]
    found: list[tuple[set[int], str]] = []
    for i in range(len(proofs)):
        for j in range(i + 1, len(proofs)):
            if proofs[i].shares_voice(proofs[j]):
                continue
            kind = differ(readings[i], readings[j], asked, rarity)
            if not kind and one_asked:
                kind = _other_answer(readings[i], readings[j], asked)
            if not kind:
                continue
            group = next((sides for sides, k in found if k == kind and sides & {i, j}), None)
            if group is None:
                found.append(({i, j}, kind))
            else:
                group |= {i, j}
    return tuple(
        Conflict(tuple(sorted(sides)), kind, _newest(sorted(sides), proofs))
        for sides, kind in found
    )


def differ(one: Reading, other: Reading, asked: Reading, rarity: Rarity) -> str:
    """Return what two statements differ in ("number", "date", "yes and no"), "" if in nothing."""
    frame = _common(one, other, rarity)
    if frame >= SAME_WORDS and (
        one.negated & (other.plain - other.negated) or other.negated & (one.plain - one.negated)
    ):
        return "yes and no"
    if frame < SAME_FRAME:
        return ""
    ours, theirs = one.numbers - asked.numbers, other.numbers - asked.numbers
    units = {unit for _, unit in ours} & {unit for _, unit in theirs}
    if ours and theirs and units and not ours & theirs:
        return "number"
    dates = [d for d in one.dates if d not in asked.dates]
    others = [d for d in other.dates if d not in asked.dates]
    if dates and others:
        return "" if any(a.carries(b) or b.carries(a) for a in dates for b in others) else "date"
    days, other_days = one.weekdays - asked.weekdays, other.weekdays - asked.weekdays
    return "date" if days and other_days and not days & other_days else ""


def added(said: Reading, asked: Reading) -> set[str]:
    """Return the stems, but light ones, that a statement adds to the question's words."""
    return {w.stem for w in said.words if not is_light(w.stem) and not match(w.stem, asked.stems)}


def _other_answer(one: Reading, other: Reading, asked: Reading) -> str:
    """Return "answer" if two statements add to the question's words nothing in common.

    Where both add names, the names decide.
    """
    about = asked.stems & one.stems & other.stems
    names, other_names = (_names(r) - asked.stems for r in (one, other))
    if names and other_names:
        return "answer" if about and not names & other_names else ""
    ours, theirs = added(one, asked), added(other, asked)
    if not ours or not theirs or not about:
        return ""
    return "" if any(match(stem, theirs) for stem in ours) else "answer"


def _names(reading: Reading) -> set[str]:
    """Return the stems of names; a capital that opens a sentence needs a second beside it."""
    leading = name_run(reading.words)
    inside = {w.stem for w in reading.words if w.name and not w.first}
    return inside | ({w.stem for w in leading} if len(leading) > 1 else set())


def _common(one: Reading, other: Reading, rarity: Rarity) -> float:
    """Return the share of the shorter statement's words, but light ones, that the other has."""

    def words(reading: Reading) -> set[str]:
        return {word.stem for word in reading.words if not is_light(word.stem)}

    a, b = sorted((words(one), words(other)), key=len)
    total = sum(rarity.weight(stem) for stem in a)
    held = sum(rarity.weight(stem) * match(stem, b) for stem in a)
    return held / total if total else 0.0


def _newest(sides: Sequence[int], proofs: Sequence[Proof]) -> int | None:
    dates = {}
    for side in sides:
        known = [
            str(hit.document.metadata.get("date", ""))[:10]
            for group in proofs[side].groups
            for hit, _ in group
        ]
        if not known or not all(known):
            return None
        dates[side] = max(known)
    latest = max(dates.values())
    first = [side for side, day in dates.items() if day == latest]
    return first[0] if len(first) == 1 else None
