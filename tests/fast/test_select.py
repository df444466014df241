"""Which proven statements are shown as the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.prove import Judgement, Proof, Rarity
from rag.prove.select import MAX_MEETS_GAP, MIN_FURTHER, MIN_RIGHT, Selector, adds_fact
from rag.testing import make_hit
from rag.types import Draft, Hit, Verdict

TEXT = "The bridge closes for eleven weeks. The ferry to the bridge runs every hour."
QUESTION = "How long is the bridge closed?"
HIT = make_hit(TEXT)


def proof(row: int = 0, *, support: float = 0.9, answers: float | None = 0.8) -> Proof:
    sentence = HIT.passage.sentences[row]
    cited = ((HIT, sentence),)
    return Proof(sentence.text, Judgement(Verdict.SUPPORTED, support, cited), (cited,), answers)


def drafted(
    hit: Hit, text: str, support: float, answers: float, meets: float | None = None
) -> tuple[Proof, Draft]:
    """Return a statement that cites a passage's first sentence, with its draft."""
    cited = ((hit, hit.passage.sentences[0]),)
    judged = Judgement(Verdict.SUPPORTED, support, cited)
    draft = Draft(text, False, -0.2, (hit.passage.id,), hit.document.source, holds=1.0)
    return Proof(text, judged, (cited,), answers, meets), draft


def shown(*proofs: Proof) -> list[str]:
    draft = Draft(TEXT, False, -0.2, (HIT.passage.id,), HIT.document.source, holds=1.0)
    ranked = Selector(Rarity([TEXT])).rank(QUESTION, [(p, draft) for p in proofs])
    return [p.text for p in ranked]


@pytest.mark.parametrize(
    ("support", "answers", "kept"),
    [
        (0.9, 0.8, True),
        (1.0, MIN_RIGHT + 0.01, True),
        (1.0, MIN_RIGHT - 0.01, False),
        (0.55, 0.45, False),
        (0.55, None, True),
    ],
)
def test_a_statement_must_be_carried_and_answer(
    support: float, answers: float | None, kept: bool
) -> None:
    assert bool(shown(proof(support=support, answers=answers))) is kept


@pytest.mark.parametrize(
    ("meets", "other", "count"),
    [
        (2.0, 2.0 - MAX_MEETS_GAP + 0.1, 2),
        (2.0, 2.0 - MAX_MEETS_GAP - 0.1, 1),
        (2.0, None, 2),
        (None, None, 2),
        (-3.0, -3.2, 2),
    ],
)
def test_what_meets_the_question_far_less_surely_is_left_out(
    meets: float | None, other: float | None, count: int
) -> None:
    first, second = replace(proof(0), meets=meets), replace(proof(1), meets=other)
    assert len(shown(first, second)) == count
    assert proof(0).text in shown(first, second)


SIDES = {
    "one thing asked for, likely": ("Who was it that closed the bridge?", 0.6, 2),
    "one thing asked for, unlikely": ("Who was it that closed the bridge?", 0.1, 1),
    "more asked for": ("What about the bridge?", 0.6, 1),
}


@pytest.mark.parametrize(("question", "answers", "count"), SIDES.values(), ids=SIDES.keys())
def test_another_document_may_give_the_other_side(
    question: str, answers: float, count: int
) -> None:
    texts = "Mayor Quist closed the bridge.", "The owner of the bridge closed it."
    pairs = []
    for text, likely, meets in zip(texts, (0.9, answers), (3.0, 0.5), strict=True):
        pairs.append(drafted(make_hit(text, source=f"{len(text)}.txt"), text, 0.9, likely, meets))
    assert len(Selector(Rarity(list(texts))).rank(question, pairs)) == count


@pytest.mark.parametrize(
    ("answers", "count"),
    [
        pytest.param(MIN_FURTHER + 0.05, 2, id="likely"),
        pytest.param(MIN_FURTHER - 0.05, 1, id="unlikely"),
    ],
)
def test_what_stands_beside_a_surer_answer_must_be_likelier(answers: float, count: int) -> None:
    first, second = proof(0, support=1.0, answers=0.9), proof(1, support=1.0, answers=answers)
    assert len(shown(first, second)) == count
    assert len(shown(second)) == 1  # by itself it is an answer


FACTS = {
    "a date more": ("It was built in 1907.", "It was built.", True),
    "another date": ("It was built in 1907.", "It was built in 1850.", True),
    "the date in full": ("It was built in 1907.", "It was built on 3 May 1907.", False),
    "a number more": ("Some 80 came.", "People came.", True),
    "a weekday more": ("They came on Monday.", "They came.", True),
    "a word more": ("Many people came.", "People came.", False),
}


@pytest.mark.parametrize(("one", "other", "adds"), FACTS.values(), ids=FACTS.keys())
def test_what_gives_a_fact_more_says_not_the_same(one: str, other: str, adds: bool) -> None:
    assert adds_fact(one, other) is adds


SUPPOSED = {
    "the words stand in one source only": (
        "The library is home to two million books.",
        "The library holds eighteen million books.",
        "The library is home to eighteen million books.",
        1,
    ),
    "the words stand in both": (
        "The library is home to two million books.",
        "A library is home to eighteen million books.",
        "The library is home to eighteen million books.",
        2,
    ),
    "the words stand in neither": (
        "The library holds two million books.",
        "A library holds eighteen million books.",
        "The library is home to eighteen million books.",
        2,
    ),
}


@pytest.mark.parametrize(
    ("first", "second", "said", "count"), SUPPOSED.values(), ids=SUPPOSED.keys()
)
def test_the_question_is_not_put_on_a_source_that_speaks_of_something_else(
    first: str, second: str, said: str, count: int
) -> None:
    pairs = []
    for source, text, answers in ((first, first, 0.9), (second, said, 0.8)):
        pairs.append(drafted(make_hit(source, source=f"{answers}.txt"), text, answers, answers))
    question = "How many books is the library home to?"
    assert len(Selector(Rarity([first, second])).rank(question, pairs)) == count


ALIKE = {
    "other answers": ("Murray plays football.", "Murray plays cricket.", False),
    "one adds nothing": ("Murray plays.", "Murray plays football.", True),
    "in other words": ("Murray plays football.", "Murray is playing football.", True),
}


@pytest.mark.parametrize(("one", "other", "same"), ALIKE.values(), ids=ALIKE.keys())
def test_other_answers_to_a_question_are_not_one(one: str, other: str, same: bool) -> None:
    selector = Selector(Rarity(["Murray plays football and cricket."]))
    assert selector.alike("What sport does Murray play?", one, other) is same


def test_what_is_left_out_says_why() -> None:
    draft = Draft(TEXT, False, -0.2, (HIT.passage.id,), HIT.document.source, holds=1.0)
    pairs = [(replace(proof(0), meets=2.0), draft), (replace(proof(1), meets=-0.5), draft)]
    _, (left, score) = Selector(Rarity([TEXT])).verdicts(QUESTION, pairs)
    assert left.judgement.verdict is Verdict.NOT_ANSWERING
    assert left.judgement.reason == "Another statement answers far better."
    assert score == 0.0
