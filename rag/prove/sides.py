"""Proven statements -> which give another answer to one question, in the same words; pure.

"Tate Taylor is the director of X" and "Larry Brand is the director of X" stand in two documents.
Whether a statement of this form gives what was asked for was judged for the one; for the other only
whether its own document carries it is open. A reader is shown both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from rag.passages import heading
from rag.prove.prover import Proof
from rag.prove.rarity import Rarity, match, match_name
from rag.prove.words import is_light, read
from rag.types import Hit

# Share of the question's words in two statements, by rarity, that stand in both.
SAME_FORM = 0.8
# Least probability that another side is carried and gives what was asked for, and least
# probability of the latter where it is put otherwise than the first.
MIN_SIDE = 0.2
LIKELY_SIDE = 0.6
# A question that one answer fills: "who was", "what was the <one thing>", "in which <one thing>?".
_ASKS_ONE = re.compile(
    r"^\W*(?:(?:who|where) (?:is|was)\b|where (?:did|does)\b|when\b"
    r"|what (?:is|was) the (?P<what>[\w-]+(?: [\w-]+){0,3}?) (?:of|for|in|at)\b"
    r"|(?:in |on |to |from |at )?(?:what|which) (?P<noun>[\w-]+(?: [\w-]+){0,2}?) "
    r"(?:is|was|did|does|has|had)\b"
    r"|.*\b(?:what|which) (?P<last>[\w-]+)\W*$)",
    re.IGNORECASE,
)


def asks_one(question: str) -> bool:
    """Tell whether a question asks for one thing, which can have one right answer."""
    found = _ASKS_ONE.match(question)
    if not found:
        return False
    thing = found["what"] or found["noun"] or found["last"] or ""
    return not re.search(r"[^s]s$", thing)


def is_side(question: str, proof: Proof, best: Proof, rarity: Rarity) -> bool:
    """Tell whether a proven statement answers a question as another one does, with another value.

    Both repeat the same words of a question that asks for one thing, names perhaps in part, and no
    document, nor copies of one passage, are cited by both.

    Args:
        question: in plain words.
        proof: carried by its document, judged unlikely to give what was asked for.
        best: the statement that is shown.
        rarity: weights of words in the index at hand.
    """
    if not asks_one(question) or proof.shares_voice(best):
        return False
    if proof.answers is None or proof.right < MIN_SIDE:
        return False
    words = [word for word in read(question).words if not is_light(word.stem)]
    named = {word.stem for word in words if rarity.is_name(word)}
    said, shown = read(proof.text).stems, read(best.text).stems
    form, first = ({w.stem for w in words if match(w.stem, stems)} for stems in (said, shown))
    if first - form - named:
        return False

    def weight(stems: Collection[str]) -> float:
        return sum(rarity.weight(stem) for stem in stems)

    return bool(first) and weight(form & first) >= SAME_FORM * weight(form | first)


def may_hold_side(question: str, hit: Hit, shown: Iterable[Proof], rarity: Rarity) -> bool:
    """Tell whether another document's passage names all that a question for one thing names.

    Args:
        question: in plain words.
        hit: a passage that seemed not to answer by itself.
        shown: the statements of the answer.
        rarity: weights of words in the index at hand.
    """
    if not asks_one(question) or any(proof.hears(hit) for proof in shown):
        return False
    asked = read(question).words
    names = {word.stem for word in asked if word.name and not word.first}
    names = names or {word.stem for word in asked if rarity.is_name(word)}
    there = read(hit.passage.text).stems | read(heading(hit.document)).stems
    return bool(names) and all(match_name(name, there) for name in names)
