"""Statements that give different values for one thing."""

from __future__ import annotations

import pytest

from rag.prove import Judgement, Proof, Rarity
from rag.prove.conflicts import find_conflicts
from rag.testing import make_hit
from rag.types import Conflict, Verdict

RARITY = Rarity(["The bridge closed in March.", "Apples were picked.", "The ferry runs hourly."])


def proof(text: str, source: str, date: str = "") -> Proof:
    hit = make_hit(text, source=source, date=date)
    pairs = tuple((hit, sentence) for sentence in hit.passage.sentences)
    return Proof(text, Judgement(Verdict.SUPPORTED, 1.0, pairs), (pairs,))


def conflicts(*texts: str, question: str = "What is known of it?") -> tuple[Conflict, ...]:
    proofs = [proof(text, f"{number}.txt") for number, text in enumerate(texts)]
    return find_conflicts(question, proofs, RARITY)


DIFFERENT = {
    "numbers": ("The town of Ulm has 5,200 people.", "Ulm has 6,100 people.", "number"),
    "money": ("The repair costs $4 million.", "The repair costs $5 million.", "number"),
    "dates": ("The bridge closed on 3 May 1990.", "The bridge closed on 4 June.", "date"),
    "years": ("Ana Lund was born in 1950.", "Lund was born in 1951.", "date"),
    "weekdays": ("The shop closed on Monday.", "The shop closed on Friday.", "date"),
    "yes and no": ("The mayor signed the law.", "The mayor did not sign the law.", "yes and no"),
}


@pytest.mark.parametrize(("one", "other", "kind"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_values(one: str, other: str, kind: str) -> None:
    assert conflicts(one, other) == (Conflict((0, 1), kind),)


ALIKE = {
    "the same": ("Ulm has 5,200 people.", "The town of Ulm has 5,200 people."),
    "a finer date": ("The bridge closed in May 1990.", "The bridge closed on 3 May 1990."),
    "other things": ("Ulm has 5,200 people.", "The ferry costs 3 euros in Bonn."),
    "other units": ("Wages in Ulm rose by 5 %.", "Wages in Ulm rose by $200."),
    "one without": ("Ulm has 5,200 people.", "Ulm has many people."),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_no_different_values(one: str, other: str) -> None:
    assert conflicts(one, other) == ()


ONE_ANSWER = {
    "who": ("Who was the owner of the mill?", "Jan Lutz owned the mill.", "Mia Berg owned it."),
    "what": ("What was the profession of Lutz?", "Lutz was a priest.", "Lutz was a diver."),
    "where": ("Where was Lutz born?", "Lutz was born in Ulm.", "Lutz was born in Bonn."),
}


@pytest.mark.parametrize(("question", "one", "other"), ONE_ANSWER.values(), ids=ONE_ANSWER.keys())
def test_other_answers_where_one_is_asked_for(question: str, one: str, other: str) -> None:
    other = other.replace("owned it", "owned the mill")
    assert conflicts(one, other, question=question) == (Conflict((0, 1), "answer"),)


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("Who praised the mill?", "Jan Lutz praised the mill.", "Mia Berg praised the mill."),
        ("What firms did Lutz own?", "Lutz owned a mill.", "Lutz owned a bank."),
        ("Who was the owner?", "The owner was Jan Lutz.", "The owner, Lutz, was a baker."),
        ("Where is the mill?", "The mill is in Ulm.", "Bread is baked in Bonn."),
    ],
)
def test_several_answers_may_be_right_together(question: str, one: str, other: str) -> None:
    assert conflicts(one, other, question=question) == ()


def test_one_document_does_not_differ_from_itself() -> None:
    first, second = proof("Ulm had 5,200 people.", "a"), proof("Ulm had 6,100 people.", "a")
    assert find_conflicts("How many?", [first, second], RARITY) == ()


def test_values_of_the_question_are_no_side() -> None:
    question = "Did 80 people in 1990 sign it?"
    assert conflicts("80 people signed it.", "People signed it in 1990.", question=question) == ()


def test_three_sides_are_one_conflict() -> None:
    found = conflicts("Ulm has 1 gate.", "The bus is late.", "Ulm has 2 gates.", "Ulm has 3 gates.")
    assert found == (Conflict((0, 2, 3), "number"),)


@pytest.mark.parametrize(
    ("first", "second", "newest"),
    [
        ("2020-01-01", "2021-05-05", 1),
        ("2022-01-01", "2021-05-05", 0),
        ("2020-01-01", "2020-01-01", None),
        ("2020-01-01", "", None),
    ],
)
def test_the_newer_is_named_where_dates_decide(first: str, second: str, newest: int | None) -> None:
    proofs = [proof("Ulm has 5 gates.", "a", first), proof("Ulm has 6 gates.", "b", second)]
    assert find_conflicts("How many gates?", proofs, RARITY)[0].newest == newest
