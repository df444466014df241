"""Other sides of one question: asked for one thing, told in the same words by another document."""

from __future__ import annotations

import pytest

from rag.prove import Judgement, Proof, Rarity
from rag.prove.sides import MIN_SIDE, asks_one, is_side, may_hold_side
from rag.testing import make_hit
from rag.types import Verdict

QUESTION = "What sport is Ada Holm associated with?"
TEXTS = (
    "Ada Holm is associated with rowing.",
    "Ada Holm was a player of chess.",
    "Bo Ek runs the ferry of the town to the island.",
)
RARITY = Rarity(list(TEXTS))


def proof(text: str, source: str, answers: float | None = 0.9) -> Proof:
    hit = make_hit(text, source=source)
    pairs = tuple((hit, sentence) for sentence in hit.passage.sentences)
    return Proof(text, Judgement(Verdict.SUPPORTED, 1.0, pairs), (pairs,), answers)


@pytest.mark.parametrize(
    ("question", "one"),
    [
        ("Who is the director of the film?", True),
        ("When was the mill built?", True),
        ("What is the main political idea of the club?", True),
        ("In which year was it formed?", True),
        ("The squadron was formed in which year?", True),
        ("What sport is Ada associated with?", True),
        ("What are the names of the mills?", False),
        ("Which rules did the town pass?", False),
        ("How many mills closed?", False),
        ("Why was it built?", False),
    ],
)
def test_one_thing_is_asked_for(question: str, one: bool) -> None:
    assert asks_one(question) is one


SIDES = {
    "another value": (QUESTION, "Ada Holm is associated with chess.", 0.3, True),
    "too unlikely": (QUESTION, "Ada Holm is associated with chess.", MIN_SIDE - 0.05, False),
    "not judged": (QUESTION, "Ada Holm is associated with chess.", None, False),
    "put otherwise": (QUESTION, "Ada Holm lives by the harbour.", 0.3, False),
    "of another": (QUESTION, "Bo Ek is associated with chess.", 0.3, False),
    "more is asked for": ("What about Ada Holm?", "Ada Holm is associated with chess.", 0.3, False),
}


@pytest.mark.parametrize(("question", "text", "answers", "side"), SIDES.values(), ids=SIDES.keys())
def test_another_document_gives_another_value(
    question: str, text: str, answers: float | None, side: bool
) -> None:
    best = proof(TEXTS[0], "a.txt")
    assert is_side(question, proof(text, "b.txt", answers), best, RARITY) is side


def test_one_document_has_one_side() -> None:
    best = proof(TEXTS[0], "a.txt")
    assert not is_side(QUESTION, best, best, RARITY)


@pytest.mark.parametrize(
    ("text", "cited", "held"),
    [
        pytest.param("Ada Holm (chess) was a player.", False, True, id="names all"),
        pytest.param("Ada Ek was a player of chess.", False, False, id="names half"),
        pytest.param("Ada Holm (chess) was a player.", True, False, id="cited already"),
    ],
)
def test_a_passage_that_may_give_another_side(text: str, cited: bool, held: bool) -> None:
    hit = make_hit(text)
    sentence = hit.passage.sentences[0]
    judged = Judgement(Verdict.SUPPORTED, 1.0, ((hit, sentence),))
    known = [Proof(sentence.text, judged, (judged.sentences,))] if cited else []
    assert may_hold_side(QUESTION, hit, known, RARITY) is held
