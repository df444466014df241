"""Sentences of the documents that may answer by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag import quoting
from rag.prove import Rarity
from rag.testing import FakeEmbedder, FakeLLM, make_hit

NEWS = (
    "By Ada Quist\n\nFollow the author on\n\nThe bridge closes in March for eleven weeks.\n\n"
    "The council set three conditions:\n\n- the ferry runs every hour\n- the buses stay free\n\n"
    "See also:\n\nIt ends."
)


def test_whole_sentences_may_be_quoted_and_credits_not() -> None:
    texts = [" ".join(s.text for s in group) for group in quoting.groups(make_hit(NEWS))]
    assert texts == [
        "The bridge closes in March for eleven weeks.",
        "The council set three conditions: - the ferry runs every hour - the buses stay free",
    ]


def test_the_nearest_come_first() -> None:
    hit = make_hit("The ferry runs every hour at night. The bridge closes for eleven weeks.")
    found = quoting.nearest("How many weeks is the bridge closed?", hit, FakeEmbedder(), most=1)
    assert [c.text for c in found] == ["The bridge closes for eleven weeks."]
    assert -1 <= found[0].cosine <= 1
    assert found[0].hit is hit


def test_what_points_back_is_not_quoted() -> None:
    hit = make_hit("Ada spoke of the bridge. That is the only way to save it.")
    assert [[s.text for s in g] for g in quoting.groups(hit)] == [["Ada spoke of the bridge."]]


OPEN = "It was not made clear whether the pause would hold abroad."


def test_what_is_said_not_to_be_known_may_be_quoted() -> None:
    hit = make_hit(f"The firm paused its sales. {OPEN} It paused them on Monday.")
    assert [g[0].text for g in quoting.groups(hit)] == ["The firm paused its sales.", OPEN]
    candidate = replace(quoting.Candidate(hit, (hit.passage.sentences[1],), 0.5), gives=-2.0)
    assert quoting.may_answer(replace(candidate, holds=0.5))
    assert not quoting.may_answer(replace(candidate, holds=-1.0))


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Better than anyone else she painted the town.", False),
        ("In 1990 he moved to the coast.", False),
        ("In 1990 Ada Quist said that she had moved.", True),
        ("After the vote the mayor said he would resign.", True),
        ("Durkan has vowed that she will review it.", True),
    ],
)
def test_what_names_nobody_before_a_pronoun_is_not_quoted(text: str, offered: bool) -> None:
    assert bool(quoting.groups(make_hit(text))) is offered


def test_a_passage_of_credits_offers_nothing() -> None:
    assert quoting.nearest("Who wrote it?", make_hit("By Ada Quist"), FakeEmbedder()) == []


@pytest.mark.parametrize("log_odds", [-3.0, 0.0, 2.5])
def test_judging_asks_whether_the_sentence_gives_what_is_asked(log_odds: float) -> None:
    hit = make_hit("The bridge closes for eleven weeks.")
    (candidate,) = quoting.nearest("How long is the bridge closed?", hit, FakeEmbedder())
    llm = FakeLLM(lean=log_odds)
    judged = quoting.judge(
        candidate,
        "How long is the bridge closed?",
        holds=1.0,
        witness=llm,
        rarity=Rarity([hit.passage.text]),
    )
    assert judged.gives == log_odds
    assert judged.holds == 1.0
    assert 0 < judged.direct <= 1
    assert "How long is the bridge closed?" in llm.prompts[0].reading
    assert candidate.text in llm.prompts[0].asking


def test_more_of_any_sign_makes_an_answer_likelier() -> None:
    hit = make_hit("The bridge closes for eleven weeks.")
    weak = quoting.Candidate(hit, hit.passage.sentences, 0.2, -1.0, -1.0, 0.2)
    for strong in (replace(weak, gives=1.0), replace(weak, holds=1.0), replace(weak, gives=99.0)):
        assert weak.probability < strong.probability < 1


@pytest.mark.parametrize(
    ("question", "statement", "asked"),
    [
        ("How long is the bridge closed?", "It closes for eleven weeks.", True),
        ("Is the bridge closed?", "Yes, it closes for eleven weeks.", True),
        ("How long is the bridge closed?", "For eleven weeks", False),
        ("How long is the bridge closed?", "", False),
    ],
)
def test_what_the_model_wrote_is_held_against_its_passage_and_the_question(
    question: str, statement: str, asked: bool
) -> None:
    hit = make_hit("The bridge closes for eleven weeks.")
    found = quoting.Candidate(hit, hit.passage.sentences, 0.8, statement=statement)
    llm = FakeLLM(lean=0.5)
    rarity = Rarity([hit.passage.text])
    judged = quoting.judge(found, question, holds=1.0, witness=llm, rarity=rarity)
    assert judged.meets == (0.5 if asked else None)
    assert [p.judges for p in llm.prompts] == (["meets"] if asked else ["gives"])
    assert (f"Reply: {statement}\n" in llm.prompts[0].asking) is bool(statement)
    assert (hit.passage.text in llm.prompts[0].reading) is asked


def test_a_reply_that_meets_the_question_is_likelier_the_answer() -> None:
    hit = make_hit("The bridge closes for eleven weeks.")
    drafted = quoting.Candidate(hit, hit.passage.sentences, 0.8, 1.0, 0.5, 0.5, "It closes.")
    beside, right = replace(drafted, meets=-2.0), replace(drafted, meets=1.0)
    assert 0 < beside.answers < 0.5 < right.answers < 1
    gap = right.log_odds - beside.log_odds
    assert gap == pytest.approx(3 * quoting.DRAFT_ANSWERS[2])


SIGNS = {
    "near, and the model agrees": ((0.9, 0.5, 0.5, 0.5), True),
    "near, but the model does not see it given": ((0.9, 2.0, -0.5, 0.9), False),
    "near, but the passage does not hold it": ((0.9, -1.0, 2.0, 0.9), False),
    "far, and the model is sure": ((0.2, 2.0, 0.5, 0.2), True),
    "far, and the model half agrees": ((0.2, 0.2, 0.2, 0.2), False),
}


@pytest.mark.parametrize(("signs", "may"), SIGNS.values(), ids=SIGNS.keys())
def test_what_may_be_shown(signs: tuple[float, float, float, float], may: bool) -> None:
    cosine, holds, gives, direct = signs
    hit = make_hit("The bridge closes for eleven weeks.")
    found = quoting.Candidate(hit, hit.passage.sentences, cosine, holds, gives, direct)
    assert quoting.may_answer(found) is may


def test_what_is_far_from_the_question_is_not_put_to_the_model() -> None:
    hit = make_hit("The bridge closes for eleven weeks.")
    near = quoting.Candidate(hit, hit.passage.sentences, 0.8)
    far = quoting.Candidate(hit, hit.passage.sentences, 0.05)
    rarity = Rarity([hit.passage.text])
    assert quoting.hopeful(near, "How many weeks does the bridge close?", rarity)
    assert not quoting.hopeful(far, "Who painted the ceiling?", rarity)
