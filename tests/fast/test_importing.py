"""Sets of other forms: what is taken over, what is counted as left out, what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.documents import read_document
from rag.errors import EvaluationError
from rag.evaluate.importing import DOCUMENTS, QUESTIONS, import_set, pattern, spellings
from rag.evaluate.sets import Question, compiled, load, spans

MILL = "The Ulm mill opened in 1911. It was built by Ada Quist."
WEIR = "The weir was closed in 1950."


def lines(path: Path, *rows: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


def folder_set(path: Path) -> Path:
    lines(
        path / "corpus.jsonl.gz",
        {"doc_id": "mill#1", "title": "Ulm mill", "text": MILL, "date": "2020-01-02"},
        {"doc_id": "weir", "title": "Weir", "text": WEIR, "source": "River News"},
    )
    lines(
        path / "questions.jsonl.gz",
        {
            "qid": "a",
            "question": "When did the mill open?",
            "answers": ["1911"],
            "answerable": True,
            "gold_docs": ["mill#1"],
            "gold_sentences": [],
        },
        {
            "qid": "b",
            "question": "Who built it?",
            "answers": ["a long answer"],
            "answerable": True,
            "gold_docs": ["mill#1"],
            "gold_sentences": ["It was built\n by Ada Quist.", "It burned."],
        },
        {
            "qid": "c",
            "question": "When was it closed?",
            "answers": ["1950", "4 May 1951"],
            "wrong_answers": ["1960"],
            "answerable": True,
            "gold_docs": ["weir"],
            "gold_sentences": [],
        },
        {"qid": "d", "question": "Who owns it?", "answerable": False, "gold_docs": []},
        {"qid": "e", "question": "Why?", "answerable": True, "gold_docs": ["gone"]},
    )
    return path


def squad_set(path: Path) -> Path:
    qas: list[dict[str, Any]] = [
        {
            "id": "s1",
            "question": "When did it open?",
            "is_impossible": False,
            "answers": [{"text": "1911", "answer_start": 23}, {"text": "in 1911"}],
        },
        {"id": "s2", "question": "Who burned it?", "is_impossible": True, "answers": []},
    ]
    paragraph = {"context": MILL, "qas": qas}
    value = {"version": "v2.0", "data": [{"title": "Ulm_mill", "paragraphs": [paragraph]}]}
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def beir_set(path: Path) -> Path:
    lines(path / "corpus.jsonl", {"_id": "1", "title": "Mill", "text": MILL})
    lines(path / "queries.jsonl", {"_id": "q", "text": "Ulm mill"}, {"_id": "r", "text": "nothing"})
    (path / "qrels").mkdir()
    (path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\nr\t1\t0\n")
    return path


def alce_set(path: Path) -> Path:
    docs = [{"title": "Mill", "text": MILL}, {"title": "Weir", "text": WEIR}]
    value = [
        {
            "sample_id": "x",
            "question": "What happened in Ulm?",
            "qa_pairs": [{"short_answers": ["1911"]}, {"short_answers": ["Ada Quist", "Quist"]}],
            "docs": docs,
        },
        {
            "sample_id": "y",
            "question": "When was the weir closed?",
            "answers": [["1950"]],
            "docs": docs,
        },
    ]
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "folder": folder_set,
    "squad2": squad_set,
    "beir": beir_set,
    "alce": alce_set,
}


def imported(kind: str, tmp_path: Path) -> tuple[Path, dict[str, Question]]:
    out = tmp_path / "out"
    import_set(MAKERS[kind](tmp_path / "set"), out)
    return out, {question.id: question for question in load(out / QUESTIONS)}


@pytest.mark.parametrize("kind", list(MAKERS))
def test_every_form_is_known_and_its_evidence_stands_in_its_documents(
    kind: str, tmp_path: Path
) -> None:
    out, questions = imported(kind, tmp_path)
    folder = out / DOCUMENTS
    texts = {f.name: read_document(f, root=folder).text for f in folder.iterdir()}
    assert questions
    for question in questions.values():
        found = spans(question, texts)
        assert all(marked for marked in found)
        assert set(question.gold) <= set(texts)
    assert not (tmp_path / "out.part").exists()


def test_a_folder_is_taken_over_mark_by_mark(tmp_path: Path) -> None:
    _, found = imported("folder", tmp_path)
    assert found["a"].answers == ("1911",)
    assert found["a"].kind == "short"
    assert found["b"].by_evidence
    assert [e.quote for e in found["b"].nuggets[0].evidence] == ["It was built by Ada Quist."]
    assert found["c"].kind == "conflict"
    assert found["c"].sides == (("1950",), ("4 May 1951", "May 4, 1951"), ("1960",))
    assert not found["d"].answerable
    assert "e" not in found


def test_nothing_is_dropped_in_silence(tmp_path: Path) -> None:
    done = import_set(folder_set(tmp_path / "set"), tmp_path / "out")
    assert (done.documents, done.questions) == (2, 4)
    assert {reason: n for reason, n in done.skipped.items() if n} == {
        "marked sentence not found": 1,
        "gold document not in the corpus": 1,
        "neither answer nor document": 1,
    }


def test_squad_keeps_what_cannot_be_answered(tmp_path: Path) -> None:
    _, found = imported("squad2", tmp_path)
    assert found["s1"].answers == ("1911", "in 1911")
    assert (found["s2"].answerable, found["s2"].kind) == (False, "unanswerable")


def test_beir_asks_for_documents(tmp_path: Path) -> None:
    _, found = imported("beir", tmp_path)
    assert list(found) == ["q"]
    assert (found["q"].kind, found["q"].gold) == ("retrieval", ("1.md",))


def test_alce_asks_for_every_short_answer(tmp_path: Path) -> None:
    out, found = imported("alce", tmp_path)
    assert len(found["x"].nuggets) == 2
    assert len(found["y"].nuggets) == 1
    assert len(list((out / DOCUMENTS).iterdir())) == 2  # the same texts once


def test_the_same_sample_is_drawn_again(tmp_path: Path) -> None:
    source = folder_set(tmp_path / "set")
    for name in ("one", "two"):
        import_set(source, tmp_path / name, sample=2, seed=3)
    one, two = ((tmp_path / n / QUESTIONS).read_text(encoding="utf-8") for n in ("one", "two"))
    assert one == two
    assert len(one.splitlines()) == 2


@pytest.mark.parametrize(
    ("answer", "text", "found"),
    [
        ("4 May 1911", "on May 4, 1911.", True),
        ("May 4, 1911", "on 4 May 1911.", True),
        ("2,500 people", "2,500  people", True),
        ("U.S.", "the U.S. army", True),
        ("Ulm", "Ulmer", False),
        ("1911", "19112", False),
        ("$5 (five)", "$5, five", True),
    ],
)
def test_a_short_answer_is_found_in_its_usual_spellings(
    answer: str, text: str, found: bool
) -> None:
    patterns = [pattern(spelling) for spelling in spellings(answer)]
    assert any(compiled(one).search(text) for one in patterns) is found


def _broken(kind: str, tmp_path: Path, breaking: Callable[[Path], None]) -> Path:
    path = MAKERS[kind](tmp_path / "set")
    breaking(path)
    return path


def _no_text(path: Path) -> None:
    lines(path / "corpus.jsonl.gz", {"doc_id": "mill", "title": "Ulm mill"})


def _bad_line(path: Path) -> None:
    (path / "corpus.jsonl.gz").write_bytes(gzip.compress(b'{"doc_id": "a", "text": "b"}\n{"x\n'))


def _bad_flag(path: Path) -> None:
    lines(path / "questions.jsonl.gz", {"qid": "a", "question": "b", "answerable": "yes"})


def _no_context(path: Path) -> None:
    value = {"data": [{"title": "T", "paragraphs": [{"qas": []}]}]}
    path.write_text(json.dumps(value), encoding="utf-8")


def _bad_qrels(path: Path) -> None:
    (path / "qrels" / "test.tsv").write_text("q 1 1\n")


def _bad_docs(path: Path) -> None:
    path.write_text(json.dumps([{"question": "Why?", "docs": "none"}]), encoding="utf-8")


def _unknown(path: Path) -> None:
    path.write_text(json.dumps({"rows": []}), encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "breaking", "named"),
    [
        ("folder", _no_text, "corpus.jsonl.gz, line 1: field 'text'"),
        ("folder", _bad_line, "corpus.jsonl.gz, line 2: not JSON"),
        ("folder", _bad_flag, "questions.jsonl.gz, line 1: field 'answerable'"),
        ("squad2", _no_context, r"data\[0\].paragraphs\[0\]: field 'context'"),
        ("beir", _bad_qrels, "test.tsv, line 1"),
        ("alce", _bad_docs, "item 1: field 'docs'"),
        ("squad2", _unknown, "no set in a known form"),
    ],
)
def test_what_is_malformed_is_named(
    kind: str, breaking: Callable[[Path], None], named: str, tmp_path: Path
) -> None:
    source = _broken(kind, tmp_path, breaking)
    with pytest.raises(EvaluationError, match=named):
        import_set(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.part").exists()


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    lines(out / "mine.txt", "dear")
    with pytest.raises(EvaluationError, match="is there already"):
        import_set(folder_set(tmp_path / "set"), out)
    assert (out / "mine.txt").exists()
