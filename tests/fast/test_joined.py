"""Answers to the parts of a question, put together."""

from __future__ import annotations

from rag.prove import Judgement, Proof
from rag.prove.joined import agree, disagreeing, speaks_of
from rag.testing import make_hit
from rag.types import Verdict


def proof(text: str, title: str = "A report", verdict: Verdict = Verdict.SUPPORTED) -> Proof:
    hit = make_hit(text, title=title)
    pairs = tuple((hit, sentence) for sentence in hit.passage.sentences)
    return Proof(text, Judgement(verdict, 1.0, pairs), (pairs,))


def test_a_name_is_spoken_of_in_the_statement_or_the_heading() -> None:
    said = [proof("The ban of Amazon lasts a year.")]
    assert speaks_of(said, "Amazon")
    assert not speaks_of(said, "IBM")
    assert speaks_of([proof("Its ban has no end.", title="IBM leaves the market")], "IBM")
    assert not speaks_of([], "IBM")


def test_clauses_must_be_answered_of_one_thing() -> None:
    question = "Which firm was sued by Ulm, and bought a mill?"
    sued = [proof("Hudson Corp was sued by Ulm.")]
    bought = [proof("In May, Hudson Corp bought a mill.")]
    other = [proof("In May, EduCorp bought a mill.")]
    assert agree(question, [sued, bought])
    assert not agree(question, [sued, other])
    assert agree(question, [sued])
    assert agree(question, [])


def test_what_disagrees_is_withheld_with_the_reason() -> None:
    found = disagreeing(proof("EduCorp bought a mill."))
    assert not found.supported
    assert found.judgement.verdict is Verdict.NOT_ANSWERING
    assert "different people or things" in found.judgement.reason
    failed = proof("EduCorp sold it.", verdict=Verdict.NOT_FOUND)
    assert disagreeing(failed) is failed
