"""The form of a question set, and the set on the sample documents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.documents import read_document
from rag.errors import EvaluationError
from rag.evaluate import metrics, sets
from rag.evaluate.sets import Question, Span

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    return sets.load()


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return sets.texts_by_source(read_document(p, root=SEEDS) for p in sorted(SEEDS.iterdir()))


def line(**changes: Any) -> dict[str, Any]:
    """A whole line; a change to None takes the field away."""
    value: dict[str, Any] = {
        "id": "q1",
        "question": "How long?",
        "answerable": True,
        "kind": "fact",
        "nuggets": [nugget()],
        **changes,
    }
    return {name: item for name, item in value.items() if item is not None}


def nugget(**changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "text": "One year.",
        "accept": ["one year"],
        "required": True,
        "evidence": [{"source": "a.txt", "quote": "one year"}],
        **changes,
    }
    return {name: item for name, item in value.items() if item is not None}


def written(path: Path, *lines: Any) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in lines), encoding="utf-8")
    return path


def test_a_set_comes_back_as_written(tmp_path: Path) -> None:
    lines = [
        line(reject=["two years"]),
        line(id="q2", question="Why\u2028now?", answerable=False, kind="near-miss", nuggets=[]),
    ]
    loaded = sets.load(written(tmp_path / "set.jsonl", *lines))
    assert [question.to_json() for question in loaded] == lines


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f"\n{json.dumps(line())}\n\n", encoding="utf-8")
    assert len(sets.load(path)) == 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        pytest.param([1], "the line", id="not an object"),
        pytest.param(line(id=None), "'id' is missing", id="no id"),
        pytest.param(line(id=" "), "'id'", id="blank id"),
        pytest.param(line(question=7), "'question'", id="question a number"),
        pytest.param(line(answerable="yes"), "'answerable'", id="answerable a text"),
        pytest.param(line(kind="riddle"), "'kind'", id="unknown kind"),
        pytest.param(line(nuggets="one"), "'nuggets'", id="nuggets a text"),
        pytest.param(line(nuggets=[]), "'nuggets' requires nothing", id="nothing required"),
        pytest.param(line(nuggets=["x"]), "nuggets[0]", id="nugget a text"),
        pytest.param(line(reject="x"), "'reject'", id="reject a text"),
        pytest.param(line(reject=["("]), "'reject[0]'", id="reject a broken pattern"),
        pytest.param(line(rejects=["x"]), "'rejects' is unknown", id="misspelt field"),
        pytest.param(
            line(nuggets=[nugget(), nugget(accept=["a", "(b"])]),
            "'nuggets[1].accept[1]' is not a regular expression",
            id="broken pattern",
        ),
        pytest.param(line(nuggets=[nugget(accept=[])]), "'nuggets[0].accept'", id="no pattern"),
        pytest.param(line(nuggets=[nugget(accept=[3])]), "accept[0]", id="pattern a number"),
        pytest.param(
            line(nuggets=[nugget(evidence=[])]), "'nuggets[0].evidence'", id="no evidence"
        ),
        pytest.param(
            line(nuggets=[nugget(evidence=[{"source": "a.txt"}])]),
            "'nuggets[0].evidence[0].quote' is missing",
            id="no quote",
        ),
        pytest.param(
            line(answerable=False, kind="near-miss"),
            "'nuggets[0].required'",
            id="required though unanswerable",
        ),
    ],
)
def test_a_malformed_line_is_named_with_its_field(tmp_path: Path, bad: Any, field: str) -> None:
    path = written(tmp_path / "set.jsonl", line(id="good"), bad)
    with pytest.raises(EvaluationError) as caught:
        sets.load(path)
    assert str(caught.value).startswith("set.jsonl, line 2: ")
    assert field in str(caught.value)


def test_an_id_used_twice_names_both_lines(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"line 3: field 'id': 'q1' stands on line 1 too"):
        sets.load(written(tmp_path / "set.jsonl", line(), line(id="q2"), line()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda p: p.write_text('{"id": '), "line 1: not JSON", id="cut short"),
        pytest.param(lambda p: p.write_text("\n\n"), "holds no question", id="empty"),
        pytest.param(lambda p: p.write_bytes(b"\xff\xfe{"), "cannot be read", id="not UTF-8"),
        pytest.param(lambda p: None, "cannot be read", id="missing"),
        pytest.param(lambda p: p.mkdir(), "cannot be read", id="a folder"),
    ],
)
def test_an_unusable_file_is_refused(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / "set.jsonl"
    make(path)
    with pytest.raises(EvaluationError, match=message):
        sets.load(path)


def test_evidence_is_found_every_time_it_stands_there(tmp_path: Path) -> None:
    (question,) = sets.load(written(tmp_path / "set.jsonl", line()))
    found = sets.spans(question, {"a.txt": "one year (one year)"})
    assert found == ((Span("a.txt", 0, 8), Span("a.txt", 10, 18)),)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        pytest.param({}, r"question q1: .* a\.txt, which the index does not hold", id="no source"),
        pytest.param({"a.txt": "two years"}, r"a\.txt does not say “one year”", id="no quote"),
    ],
)
def test_evidence_that_is_not_there_is_refused(
    tmp_path: Path, held: dict[str, str], message: str
) -> None:
    (question,) = sets.load(written(tmp_path / "set.jsonl", line()))
    with pytest.raises(EvaluationError, match=message):
        sets.spans(question, held)


def test_the_seeds_set_has_the_sizes_it_promises(questions: tuple[Question, ...]) -> None:
    answerable = [q for q in questions if q.answerable]
    kinds = Counter(q.kind for q in questions)
    assert len(questions) >= 70
    assert len(answerable) >= 50
    assert len(questions) - len(answerable) >= 17
    assert set(kinds) == sets.OWN_KINDS
    assert all(count >= 3 for count in kinds.values())
    assert questions[0].text == "what conditions did Microsoft set?"
    assert {q.kind for q in answerable}.isdisjoint(
        {"near-miss", "false-premise", "outside", "injection"}
    )


def test_every_quote_of_the_seeds_set_stands_in_its_document(
    questions: tuple[Question, ...], texts: dict[str, str]
) -> None:
    for question in questions:
        for nugget_spans, marked in zip(sets.spans(question, texts), question.nuggets, strict=True):
            assert nugget_spans
            assert {texts[s.source][s.start : s.end] for s in nugget_spans} == {
                e.quote for e in marked.evidence
            }


def test_evidence_of_the_seeds_set_states_what_it_is_evidence_for(
    questions: tuple[Question, ...],
) -> None:
    """A reader who gets the marked words as answer must count as answered."""
    for question in questions:
        for marked in question.nuggets:
            quotes = [e.quote for e in marked.evidence]
            assert any(metrics.states(q, marked) for q in quotes), (question.id, marked.text)


@pytest.mark.parametrize(
    ("id", "answer", "right"),
    [
        # Paraphrases that must count, and near answers that must not.
        pytest.param(
            "s001",
            "It will wait for federal legislation that is grounded in human rights.",
            True,
            id="conditions",
        ),
        pytest.param("s001", "It will wait for a national law.", False, id="half the conditions"),
        pytest.param("s002", "No, Microsoft hasn’t sold it to police so far.", True, id="never"),
        pytest.param("s002", "Microsoft does not sell it today.", False, id="today is not ever"),
        pytest.param("s002", "Microsoft sold it to police.", False, id="sold"),
        pytest.param("s004", "At a Washington Post Live session.", True, id="event"),
        pytest.param("s004", "A Washington Post report said so.", False, id="report, no event"),
        pytest.param("s013", "Amazon banned it for a year.", True, id="for a year"),
        pytest.param("s013", "Amazon banned it for two years.", False, id="two years"),
        pytest.param("s034", "The article says it is unclear.", True, id="unclear"),
        pytest.param("s034", "Yes, it applies to all countries.", False, id="all countries"),
        pytest.param("s038", "On Thursday.", True, id="weekday"),
        pytest.param("s038", "Microsoft announced it on Wednesday.", False, id="wrong weekday"),
        pytest.param("s044", "IBM was first.", True, id="IBM first"),
        pytest.param("s044", "Amazon was the first, then IBM.", False, id="Amazon first"),
        pytest.param("s058", "It was published on June 12, 2020.", True, id="date in words"),
        pytest.param("s058", "It was published on June 11, 2020.", False, id="wrong date"),
        pytest.param("s018", "IBM said it is pulling out entirely.", False, id="one of two"),
        pytest.param(
            "s018",
            "Amazon announced a one-year moratorium. IBM will no longer offer it.",
            True,
            id="both",
        ),
    ],
)
def test_answers_to_the_seeds_set(
    questions: tuple[Question, ...], id: str, answer: str, right: bool
) -> None:
    from rag.types import Statement, Verdict

    question = next(q for q in questions if q.id == id)
    gold = [metrics.Gold(marked, ()) for marked in question.nuggets]
    said = [Statement(answer, Verdict.SUPPORTED, 1.0)]
    assert metrics.answer_right(said, gold, question.reject) is right


def test_fields_that_only_some_sets_have_survive_a_round_trip() -> None:
    value = {
        "id": "r1",
        "question": "How many mills are there?",
        "answerable": True,
        "kind": "conflict",
        "nuggets": [{"text": "Forty.", "accept": ["forty|40"], "required": True, "evidence": []}],
        "answers": ["forty", "40"],
        "gold": ["a.md"],
        "sides": [["forty", "40"], ["fifty"]],
        "by_evidence": True,
        "review": "new",
        "why": "drawn from a.md",
    }
    question = sets.parse(value, "x.jsonl, line 1")
    assert question.to_json() == value
    found = sets.spans(question, {"a.md": "Ulm has 40 mills, or forty."})
    assert [(s.start, s.end) for s in found[0]] == [(8, 10), (21, 26)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"gold": "a.md"}, "gold"),
        ({"sides": ["forty"]}, r"sides\[0\]"),
        ({"sides": [["forty", 4]]}, r"sides\[0\]\[1\]"),
        ({"answers": [""]}, r"answers\[0\]"),
        ({"review": "maybe"}, "review"),
        ({"by_evidence": "no"}, "by_evidence"),
        ({"kind": "retrieval", "gold": []}, "gold"),
        ({"gold": []}, "evidence"),
    ],
    ids=str,
)
def test_a_malformed_optional_field_is_named(change: dict[str, object], field: str) -> None:
    value = {
        "id": "r1",
        "question": "How many mills are there?",
        "answerable": True,
        "kind": "short",
        "nuggets": [{"text": "Forty.", "accept": ["forty"], "required": True, "evidence": []}],
        "gold": ["a.md"],
        **change,
    }
    with pytest.raises(EvaluationError, match=field):
        sets.parse(value, "x.jsonl, line 1")


def test_what_is_struck_out_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    rows = [{**question.to_json(), "review": "accepted"} for question in sets.load()[:3]]
    rows[1]["review"] = "struck"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert len(sets.load(path)) == 2
    assert len(sets.load(path, struck=True)) == 3
    path.write_text(json.dumps(rows[1]) + "\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="struck out"):
        sets.load(path)
