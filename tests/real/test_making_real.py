"""A set made of the sample documents by the real model: it holds, and it can be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.evaluate import sets
from rag.evaluate.making.maker import make_with
from rag.evaluate.metrics import states
from rag.evaluate.runner import run

pytestmark = pytest.mark.real

WANTED = 6


def test_a_set_of_ones_own_documents(assistant: Assistant, tmp_path: Path) -> None:
    made = make_with(assistant, out=tmp_path / "set.jsonl", count=WANTED, seed=3)
    assert made.asked_for == WANTED
    asked = sets.load(made.path)
    assert len(asked) == sum(made.kept.values()) <= WANTED
    answerable = [question for question in asked if question.answerable]
    unanswerable = [question for question in asked if not question.answerable]
    assert len(answerable) >= 2
    assert unanswerable
    documents = {each.source: each.text for each in assistant.index.documents.values()}
    for question in answerable:
        for nugget in question.nuggets:
            for evidence in nugget.evidence:
                assert evidence.quote in documents[evidence.source]
                assert states(evidence.quote, nugget), "an answer that quotes it is right"
                assert not states(question.text, nugget), "the question does not give it away"
    for question in unanswerable:
        assert question.why, "what was altered is told"
        assert question.text not in {other.text for other in answerable}
    # Each came through a round trip, and asked again the assistant still knows it. What was joined
    # of two was not asked as one.
    singly = [question for question in answerable if len(question.nuggets) == 1]
    assert singly
    scores = run(singly, assistant, out=tmp_path / "run.json").scores
    assert scores.figures.answerable_right.right == len(singly)
