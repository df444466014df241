"""Looking through a set: what is decided is in the file, what is wrong is told, nothing is lost."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.evaluate import sets
from rag.evaluate.review import Sheet, review
from rag.evaluate.review.looks import evidence_html, head_html, progress_html
from rag.evaluate.review.page import Library
from rag.evaluate.review.sheet import ALL, OPEN, STRUCK
from rag.index import Index, build
from rag.testing import FakeEmbedder

TEXT = (
    "Harbour bridge\n\nThe harbour bridge will close on 12 March. Mayor Ada Quist said the city "
    "will pay 4.2 million euros for the repairs."
)
QUOTE = "The harbour bridge will close on 12 March."
LINES = [
    {
        "id": "a",
        "question": "When does the bridge close?",
        "answerable": True,
        "kind": "fact",
        "nuggets": [
            {
                "text": "12 March",
                "accept": [r"\b12 March\b"],
                "required": True,
                "evidence": [{"source": "bridge.txt", "quote": QUOTE}],
            }
        ],
        "review": "new",
    },
    {
        "id": "b",
        "question": "When does the pier close?",
        "answerable": False,
        "kind": "near-miss",
        "nuggets": [],
        "review": "new",
        "why": "bridge became pier",
    },
    {
        "id": "c",
        "question": "Who is <b>Ada</b> Quist?",
        "answerable": False,
        "kind": "outside",
        "nuggets": [],
        "review": "struck",
        "why": "the model takes a passage to answer it",
    },
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    return path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "bridge.txt").write_text(TEXT, encoding="utf-8")
    build([tmp_path / "docs"], tmp_path / "index", FakeEmbedder())
    return tmp_path / "index"


def test_a_decision_is_in_the_file_at_once_and_what_is_struck_is_not_asked(path: Path) -> None:
    sheet = Sheet(path)
    assert sheet.progress() == (1, 3, 1)
    sheet.decide(0, "accepted", "When does the bridge close?", [r"\b12 March\b"])
    assert [q.review for q in sets.load(path, struck=True)] == ["accepted", "new", "struck"]
    sheet.decide(1, "struck", "When does the pier close?")
    assert [q.id for q in sets.load(path)] == ["a"]
    assert sheet.progress() == (3, 3, 2)
    sheet.decide(2, "accepted", "Who is Ada Quist?")
    assert [q.text for q in sets.load(path)][-1] == "Who is Ada Quist?"
    assert not list(path.parent.glob("*.new")), "nothing half-written is left"


def test_what_is_edited_is_kept_without_a_decision(path: Path) -> None:
    Sheet(path).decide(
        0, "", "  When will the\nbridge close? ", ["\\b12 March\\b\n\\bMarch 12\\b\n"]
    )
    question = sets.load(path)[0]
    assert question.text == "When will the bridge close?"
    assert question.nuggets[0].accept == (r"\b12 March\b", r"\bMarch 12\b")
    assert question.review == "new"


@pytest.mark.parametrize(
    ("text", "patterns", "told"),
    [
        ("  ", [r"\b12 March\b"], "needs words"),
        ("When?", ["(12"], "accept"),
        ("When?", [""], "accept"),
    ],
)
def test_what_is_no_question_changes_nothing(
    path: Path, text: str, patterns: list[str], told: str
) -> None:
    before = path.read_bytes()
    sheet = Sheet(path)
    with pytest.raises(EvaluationError, match=told):
        sheet.decide(0, "accepted", text, patterns)
    assert path.read_bytes() == before
    assert sheet.questions[0].review == "new"


def test_a_file_that_another_program_changed_is_not_overwritten(path: Path) -> None:
    sheet = Sheet(path)
    lines = [dict(LINES[0], question="When is the bridge shut for good?"), *LINES[1:]]
    theirs = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_text(theirs, encoding="utf-8")
    with pytest.raises(EvaluationError, match="changed by another program"):
        sheet.decide(1, "struck", "When does the pier close?")
    assert path.read_text(encoding="utf-8") == theirs


def test_turning_pages(path: Path) -> None:
    sheet = Sheet(path)
    assert sheet.kinds() == ["fact", "near-miss", "outside"]
    assert (sheet.places(ALL), sheet.places(OPEN), sheet.places(STRUCK)) == ([0, 1, 2], [0, 1], [2])
    assert [sheet.turn(0, 1), sheet.turn(2, 1), sheet.turn(0, -1)] == [1, 2, 0]
    assert sheet.turn(0, 0, "near-miss") == 1
    assert sheet.open_after(1) == 0, "from the first again"
    assert sheet.open_after(0, "near-miss") == 1


def test_a_quote_is_shown_in_the_text_around_it(path: Path, index: Path) -> None:
    library = Library(Index.open(index))
    answered, near, other = Sheet(path).questions
    html = evidence_html(answered, library.documents)
    assert f"<mark>{QUOTE}</mark> Mayor Ada Quist" in html
    assert "12 March" in html
    assert "Ada Quist" in evidence_html(near, library.documents, library.closest(near.text))
    assert "<mark>" in evidence_html(answered, {}), "the quote alone without the documents"
    assert "bridge became pier" in head_html(near, 1, 3)
    assert "<b>Ada</b>" not in head_html(other, 2, 3) + evidence_html(other, {})
    assert "1 of 3 decided, 1 struck" in progress_html(1, 3, 1)


def test_a_quote_that_is_not_there_any_more_is_told(path: Path, index: Path) -> None:
    library = Library(Index.open(index))
    lines = json.loads(json.dumps(LINES))
    lines[0]["nuggets"][0]["evidence"][0]["quote"] = "The bridge will close on 12 March at noon."
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert "does not say this any more" in evidence_html(
        Sheet(path).questions[0], library.documents
    )


def test_an_expression_that_does_not_know_its_quote_is_told(path: Path) -> None:
    sheet = Sheet(path)
    question = sheet.decide(0, "", "When does the bridge close?", [r"\b13 March\b"])
    assert "would count as wrong" in evidence_html(question, {})


def test_without_gradio_the_cure_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(EvaluationError, match=r"rag\[web\]"):
        review(path)


def test_a_set_that_cannot_be_read_names_line_and_field(path: Path) -> None:
    path.write_text(json.dumps(LINES[0]) + '\n{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(EvaluationError, match="line 2"):
        Sheet(path)
