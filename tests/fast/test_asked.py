"""Questions that say of when the documents are that they ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rag
from rag import render
from rag.asked import asks_latest, only_known, period, superseded
from rag.assistant import Assistant
from rag.index import Index, build
from rag.render.live import Live
from rag.testing import FakeEmbedder, FakeLLM
from rag.types import Answer, Document, Reading, Retrieved, Wrote
from rag.within import Within

SEEDS = Path(str(rag.__file__)).parent / "evaluate" / "questions" / "seeds.jsonl"


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("What did Microsoft say in June 2020?", "2020-06-01", "2020-06-30"),
        ("In June 2020, what did Microsoft say about faces?", "2020-06-01", "2020-06-30"),
        ("what did Jo Doe write on 12 June 2020", "2020-06-12", "2020-06-12"),
        ("What has IBM said since 2021?", "2021-01-01", None),
        ("What did the council report before March 2021?", None, "2021-02-28"),
        ("What was written after May 2020?", "2020-06-01", None),
        ("What was published between May 2020 and June 2021?", "2020-05-01", "2021-06-30"),
        ("What did the annual report say about sales in early 2019?", "2019-01-01", "2019-12-31"),
        ("What had the board announced as of 2020-06?", None, "2020-06-30"),
    ],
)
def test_a_period_in_which_something_was_said(
    question: str, since: str | None, until: str | None
) -> None:
    found = period(question)
    assert found is not None
    assert (found.since and str(found.since), found.until and str(found.until)) == (since, until)


@pytest.mark.parametrize(
    "question",
    [
        "What happened in 1990?",
        "What happened in June 2020?",
        "What did Smith say happened in June 2020?",
        "Who said that the bridge was built in 1990?",
        "Who said in 1990 that it was over?",
        "What did the council say before March?",
        "Who published its blueprint in 1995?",
        "How much oil did Nixon give to states in 1974?",
        "Based on the 2021 Report, what was done by the company in 2021?",
        "Did A say in May 2020 what B said in June 2020?",
        "What did Microsoft say?",
        "What did Microsoft say in 31 February 2020-02-31?",
    ],
)
def test_a_period_of_something_else_is_left_alone(question: str) -> None:
    assert period(question) is None


def test_no_question_about_the_samples_is_read_so() -> None:
    questions = [json.loads(line)["question"] for line in SEEDS.read_text("utf-8").splitlines()]
    assert len(questions) == 76
    assert [q for q in questions if period(q) is not None or asks_latest(q)] == []


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What is the latest travel policy on hotels?", ("travel", "polici")),
        ("What does the newest version of the policy allow?", ("polici",)),
        ("What does our current travel policy say?", ("travel", "polici")),
        ("What's the latest on the bridge?", ()),
        ("What does the travel policy allow?", ()),
        ("Considering all reports, " + "and so on " * 8 + "what is the current policy?", ()),
    ],
)
def test_what_the_latest_is_asked_of(question: str, named: tuple[str, ...]) -> None:
    assert asks_latest(question) == named


def document(title: str, date: str = "", **metadata: str) -> Document:
    facts = metadata | ({"date": date} if date else {})
    return Document(f"{title} {date}", "/", "a.txt", "Text.", title, facts, {}, "text")


def test_older_ones_of_a_kind_are_superseded_where_all_dates_are_known() -> None:
    old, new = document("Travel policy", "2019"), document("Policy on travel", "2023-06")
    other, undated = document("Harbour policy", "2017"), document("Travel policy")
    copied = document("Travel policy", saved="2024-01-01")
    kind = ("travel", "polici")
    assert superseded(kind, [old, other, new]) == (old,)
    assert superseded(kind, [new, other]) == ()
    assert superseded(kind, [old, new, undated]) == ()
    assert superseded(kind, [old, new, copied]) == ()
    assert superseded((), [old, new]) == ()
    assert superseded((*kind, "let", "staff"), [old, other, new]) == (old,)
    assert superseded(("travel", "expens"), [old, other, new]) == (), "one word is too little"


def test_the_time_of_a_file_puts_it_into_no_period() -> None:
    copied, stated = document("A", saved="2020-06-05"), document("B", "2020-06-12")
    within = period("What did Microsoft say in June 2020?")
    assert within is not None
    assert only_known(within, [copied, stated]) == {stated.id}


POLICY = "---\ntitle: Travel policy\ndate: {date}\n---\n\n{text}\n"
FILES = {
    "old.md": ("2019-03-01", "Staff may spend 40 euros a night on hotels."),
    "new.md": ("2023-06-05", "Staff may spend 90 euros a night on hotels."),
    "later.md": ("2024-05-05", "The harbour bridge was painted green, said the council."),
}
LATEST = "How many euros a night does the latest travel policy let staff spend on hotels?"
PERIOD = "How many euros a night were said to be spent on hotels, written in 2019?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    base = tmp_path_factory.mktemp("asked")
    (base / "documents").mkdir()
    for name, (date, text) in FILES.items():
        content = POLICY.format(date=date, text=text)
        if name == "later.md":
            content = content.replace("Travel policy", "Harbour news")
        (base / "documents" / name).write_text(content, "utf-8")
    build([base / "documents"], base / "index", FakeEmbedder())
    return Assistant(Index.open(base / "index"), FakeEmbedder(), FakeLLM())


def read(assistant: Assistant, question: str, within: Within | None = None) -> list[set[str]]:
    """Return the documents of each search."""
    return [
        {hit.document.source for hit in event.hits}
        for event in assistant.stream(question, within=within)
        if isinstance(event, Retrieved)
    ]


def sources(answer: Answer) -> set[str]:
    return {citation.source for citation in answer.citations}


def test_the_latest_of_a_kind_answers(assistant: Assistant) -> None:
    answer = assistant.ask(LATEST)
    assert sources(answer) == {"new.md"}
    assert answer.asked == "the latest of 2 such documents"
    assert answer.to_json()["asked"] == answer.asked
    line = "Answered from the latest of 2 such documents, as you asked."
    assert line in render.to_text(answer, width=200)
    assert line in render.to_markdown(answer)
    assert line in render.to_html(answer, assistant.index.documents, 1)
    plain = assistant.ask(LATEST.replace("latest ", ""))
    assert sources(plain) == {"old.md", "new.md"}
    assert plain.asked == ""
    assert "as you asked" not in render.to_text(plain)


def test_documents_of_the_period_are_asked_first_and_all_where_they_prove_nothing(
    assistant: Assistant,
) -> None:
    question = "What did the travel policy say about hotels in 2019?"
    assert read(assistant, question)[0] == {"old.md"}
    assert read(assistant, question, Within())[0] >= {"old.md", "new.md"}
    unsaid = "What was said about the painted green harbour bridge in 2019?"
    first, *others = read(assistant, unsaid)
    assert first <= {"old.md"}
    assert "later.md" in others[-1]
    answer = assistant.ask(unsaid)
    assert sources(answer) <= set(FILES)
    assert answer.asked == ""


def test_where_no_document_is_of_the_period_all_are_asked_at_once(assistant: Assistant) -> None:
    found = read(assistant, "What did the travel policy say about hotels in 1990?")
    assert len(found) == 1
    assert found[0] >= {"old.md", "new.md"}


def test_a_second_search_begins_anew_on_the_page(assistant: Assistant) -> None:
    hits = tuple(assistant._find("euros on hotels", 2))
    live = Live("What?", 1)
    for event in (Retrieved(hits), Reading(0, 1, hits[0]), Wrote(0, "Some words", hits[0])):
        live = live.after(event)
    assert live.drafts
    assert live.after(Retrieved(hits)) == Live("What?", 1, stage="reading", hits=hits)
