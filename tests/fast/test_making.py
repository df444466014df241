"""Sets made of one's own documents: wording, short answers, near misses, and the whole on fakes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.errors import ConfigError, EvaluationError
from rag.evaluate import sets
from rag.evaluate.making import near_misses
from rag.evaluate.making.answers import accepts, candidates
from rag.evaluate.making.asking import verbatim
from rag.evaluate.making.drawing import can_be_asked, draw
from rag.evaluate.making.maker import make_with
from rag.evaluate.making.wording import alike, problem
from rag.evaluate.sets import compiled
from rag.index import build
from rag.prompt import Prompt
from rag.testing import FakeEmbedder, FakeLLM, quote_best_sentence, tiny_corpus

SENTENCE = "Mayor Ada Quist said the city will pay 4.2 million euros for the repairs."
AROUND = "Harbour bridge closes for repairs. The harbour bridge will close on 12 March."


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        (
            "How much will Mayor Ada Quist pay for the repairs of the harbour bridge?",
            "4.2 million euros",
            "",
        ),
        ("How much will the city pay for all of this?", "4.2 million euros", "its subject"),
        ("The city will pay for it.", "4.2 million euros", "not one plain question"),
        ("How much?", "4.2 million euros", "too short or too long"),
        ("What does the article say of Ada Quist and repairs?", "4.2 million euros", "text itself"),
        ("Who is Ada Quist, who pays for the repairs?", "Ada Quist", "gives the answer away"),
        ("When will Ada Quist pay for the harbour bridge?", "4.2 million euros", "another kind"),
        ("How much will Paris pay for the harbour bridge?", "4.2 million euros", "names what"),
        ("How much will she pay for all of this work?", "4.2 million euros", "its subject"),
        (
            "How much will the city pay next week for the bridge?",
            "4.2 million euros",
            "day or time",
        ),
    ],
)
def test_what_is_wrong_with_a_question_is_told(question: str, answer: str, why: str) -> None:
    found = problem(question, answer, SENTENCE, AROUND)
    assert (found == "") if not why else (why in found)


@pytest.mark.parametrize(
    ("answer", "text", "knows"),
    [
        ("12 March", "It closes on March 12.", True),
        ("12 March", "It closes on 13 March.", False),
        ("4.2 million euros", "They pay €4.2 million.", True),
        ("4.2 million euros", "They pay 4.3 million euros.", False),
        ("Ada Quist", "Quist said so.", True),
        ("Ada Quist", "Ada Vane said so.", False),
        ("eleven weeks", "It takes 11 weeks.", True),
        ("6 percent", "5 percent of it", False),
        ("2018", "in 2018", True),
        ("2018", "in 20180", False),
        ("neighbours complained of the noise", "complaining of noise, neighbours", True),
    ],
)
def test_a_short_answer_is_known_in_other_spellings(answer: str, text: str, knows: bool) -> None:
    found = any(compiled(pattern).search(text) for pattern in accepts(answer))
    assert found is knows


def test_dates_numbers_and_names_may_be_asked_for() -> None:
    found = candidates("On 12 March Ada Quist paid 4.2 million euros to Coast Courier.")
    assert found[0] == "12 March"
    assert "Ada Quist" in found
    assert any(answer.startswith("4.2 million") for answer in found)


@pytest.mark.parametrize(
    ("answer", "found"),
    [("the answer is Ada quist.", "Ada Quist"), ("Ada Vane", ""), ("", ""), ("uist said", "")],
)
def test_a_short_answer_is_given_as_it_stands(answer: str, found: str) -> None:
    assert verbatim(answer, SENTENCE) == found


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        (SENTENCE, True),
        ("He said the city will pay for all of the repairs.", False),
        ("- The city will pay for all of the repairs now.", False),
        ("Why will the city pay for all of the repairs?", False),
        ("Short one here.", False),
    ],
)
def test_sentences_that_state_something_by_themselves(text: str, fit: bool) -> None:
    assert can_be_asked(text) is fit


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("Who paid 40 euros to the mill in Ulm?", "number"),
        ("Who closed the harbour bridge in 1911?", "date"),
        ("What did Ada Quist build in the harbour?", "name"),
        ("Who opened the harbour bridge?", "premise"),
    ],
)
def test_one_thing_is_altered(question: str, what: str) -> None:
    passages = ["Olaf Brandt built a ship. Ada Quist built a bridge in the harbour."]
    evidence = "Ada Quist opened and built the harbour bridge in 1911 for 40 euros."
    changes = near_misses.altered(question, random.Random(1), passages, evidence)
    found = [change for change in changes if change.what == what]
    assert found
    for change in found:
        assert change.text != question
        assert change.kind in ("near-miss", "false-premise")
        assert change.why


def test_questions_that_are_nearly_the_same() -> None:
    assert alike("When did the mill shut?", ["When was the mill shut?"])
    assert not alike("When did the mill shut in 1911?", ["When did the mill shut in 1912?"])


QUESTION = "When will the harbour bridge close for eleven weeks?"


def model(prompt: Prompt) -> str:
    """Write one good question on one sentence, and answer by quoting."""
    if "quiz" in prompt.system:
        right = "harbour bridge will close" in prompt.asking and "Answer: 12 March" in prompt.asking
        return QUESTION if right else "What about it?"
    return quote_best_sentence(prompt)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    base = tmp_path_factory.mktemp("made")
    build([tiny_corpus(base / "documents")], base / "index", FakeEmbedder())
    return Assistant.open(base / "index", embedder=FakeEmbedder(), llm=FakeLLM(model))


def test_a_set_is_made_checked_and_can_be_asked(assistant: Assistant, tmp_path: Path) -> None:
    out = tmp_path / "made.jsonl"
    made = make_with(assistant, out=out, count=2, seed=1)
    questions = sets.load(out, struck=True)
    assert QUESTION in [question.text for question in questions if question.answerable]
    assert sum(made.kept.values()) + made.struck == len(questions)
    assert made.dropped
    assert not list(tmp_path.glob("*.part*"))
    texts = sets.texts_by_source(assistant.index.documents.values())
    for question in questions:
        assert all(sets.spans(question, texts)) or not question.answerable
        assert question.review in ("new", "struck")
    again = tmp_path / "again.jsonl"
    make_with(assistant, out=again, count=2, seed=1)
    assert again.read_bytes() == out.read_bytes()


def test_what_was_tried_is_not_tried_again(assistant: Assistant, tmp_path: Path) -> None:
    out = tmp_path / "made.jsonl"
    steps: list[int] = []

    def stop(stage: str, done: int, total: int) -> None:
        steps.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_with(assistant, out=out, count=2, seed=1, progress=stop)
    part = out.with_name("made.jsonl.part.jsonl")
    tried = len(part.read_text(encoding="utf-8").splitlines())
    assert tried
    made = make_with(assistant, out=out, count=2, seed=1)
    assert made.reused == tried
    whole = tmp_path / "whole.jsonl"
    make_with(assistant, out=whole, count=2, seed=1)
    assert whole.read_bytes() == out.read_bytes()


def test_documents_are_asked_in_turn_and_the_same_again(assistant: Assistant) -> None:
    first = [d.sentence.text for d in draw(assistant.index, 3)]
    assert first == [d.sentence.text for d in draw(assistant.index, 3)]
    assert len(first) == len(set(first))
    sources = [d.hit.document.source for d in draw(assistant.index, 3)]
    assert len(set(sources[:2])) == 2


def test_what_cannot_be_made_is_refused(assistant: Assistant, tmp_path: Path) -> None:
    out = tmp_path / "there.jsonl"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(EvaluationError, match="is there already"):
        make_with(assistant, out=out)
    with pytest.raises(ConfigError, match="give 1 or more"):
        make_with(assistant, out=tmp_path / "x.jsonl", count=0)
    assert out.read_text(encoding="utf-8") == "mine"


def test_a_foreign_part_file_is_named(assistant: Assistant, tmp_path: Path) -> None:
    out = tmp_path / "made.jsonl"
    out.with_name("made.jsonl.part.jsonl").write_text(json.dumps({"a": 1}) + "\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="line 1"):
        make_with(assistant, out=out)
