"""An answer read back from its JSON form is the same up to what the form leaves out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.testing import make_hit
from rag.types import (
    Answer,
    Citation,
    Conflict,
    Draft,
    Place,
    Statement,
    Timings,
    Verdict,
)
from tests.fast.kept import REFUSAL, answer, cite, proven, withheld

FULL = answer(
    proven("It closes.", cite(1), cite(2, "Another sentence.", source="mail.eml")),
    proven(),
    out=[withheld()],
    unanswered=["who paid"],
    conflicts=[Conflict((0, 1), "date", 1)],
)


def rootless(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    return tuple(
        replace(
            s,
            support=round(s.support, 4),
            answers=None if s.answers is None else round(s.answers, 4),
            citations=tuple(replace(c, root="") for c in s.citations),
        )
        for s in statements
    )


def as_written(value: Answer) -> Answer:
    """Return an answer without what the form leaves out, its numbers as they are written."""
    return replace(
        value,
        statements=rootless(value.statements),
        withheld=rootless(value.withheld),
        closest=(),
        drafts=tuple(
            replace(
                d,
                logprob=round(d.logprob, 4),
                holds=None if d.holds is None else round(d.holds, 4),
            )
            for d in value.drafts
        ),
    )


def test_everything_comes_back() -> None:
    back = Answer.from_json(json.loads(json.dumps(FULL.to_json())))
    assert back == as_written(FULL)
    assert back.citations[1].inside == "attached.pdf"
    assert back.citations[0].places == (Place("page", "3"),)


def test_what_came_closest_comes_back_without_the_text_of_its_document() -> None:
    back = Answer.from_json(REFUSAL.to_json())
    (near,), (kept,) = REFUSAL.closest, back.closest
    assert kept.passage.text == near.passage.text
    assert (kept.passage.start, kept.passage.end) == (near.passage.start, near.passage.end)
    assert kept.document == replace(near.document, root="", text="", format="txt")
    assert kept.passage.id == near.passage.id


texts = st.text(max_size=30)
facts = st.dictionaries(st.sampled_from(["title", "publisher", "date", "url"]), texts)
chances = st.floats(0, 1)
citations = st.builds(
    Citation,
    number=st.integers(0, 9),
    source=texts,
    title=texts,
    start=st.integers(0, 99),
    end=st.integers(99, 200),
    quote=texts,
    metadata=facts,
    document_id=texts,
    places=st.tuples(st.builds(Place, st.sampled_from(["page", "row", "heading"]), texts, texts)),
    inside=texts,
    also=st.tuples(texts),
    origins=facts,
)
statements = st.builds(
    Statement,
    texts,
    st.sampled_from(Verdict),
    chances,
    st.lists(citations, max_size=2).map(tuple),
    texts,
    texts,
    st.none() | chances,
)
answers = st.builds(
    Answer,
    question=texts,
    text=texts,
    statements=st.lists(statements, max_size=3).map(tuple),
    withheld=st.lists(statements, max_size=2).map(tuple),
    abstained=st.booleans(),
    closest=st.lists(
        st.builds(make_hit, texts, source=texts, title=texts, score=chances), max_size=2
    ).map(tuple),
    drafts=st.lists(
        st.builds(
            Draft,
            texts,
            st.booleans(),
            st.floats(-9, 0),
            st.tuples(texts),
            texts,
            st.sampled_from(["single", "joint", "composed", "repaired"]),
            st.none() | st.floats(-9, 9),
        ),
        max_size=2,
    ).map(tuple),
    model=texts,
    timings=st.builds(Timings, chances, st.none() | chances, chances, chances, chances),
    unanswered=st.lists(texts, max_size=2).map(tuple),
    conflicts=st.lists(
        st.builds(Conflict, st.just((0, 1)), st.sampled_from(["date"]), st.none() | st.just(1)),
        max_size=1,
    ).map(tuple),
    asked=texts,
)


@settings(max_examples=150, deadline=None)
@given(answers)
def test_the_round_trip_is_exact(value: Answer) -> None:
    written = json.dumps(value.to_json())
    back = Answer.from_json(json.loads(written))
    assert json.dumps(back.to_json()) == written
    assert replace(back, closest=()) == as_written(value)


def changed(**fields: Any) -> dict[str, Any]:
    return {**FULL.to_json(), **fields}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param([], "no answer", id="a list"),
        pytest.param({}, "no answer", id="nothing"),
        pytest.param(changed(version=2), "version 2", id="a later version"),
        pytest.param(changed(statements=[{}]), "missing", id="an empty statement"),
        pytest.param(changed(statements=None), "missing", id="no list"),
        pytest.param(
            changed(drafts=[{**FULL.to_json()["drafts"][0], "kind": "x"}]), "kind 'x'", id="a draft"
        ),
    ],
)
def test_what_is_no_answer_is_refused(value: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Answer.from_json(value)


def test_answers_written_before_documents_were_named_are_read() -> None:
    value = FULL.to_json()
    for statement in value["statements"]:
        for citation in statement["citations"]:
            del citation["document_id"]
    assert Answer.from_json(value).citations[0].document_id == ""
