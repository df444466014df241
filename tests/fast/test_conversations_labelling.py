"""Judged answers become a question set that `rag eval` asks and `rag eval review` shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag.assistant import Assistant
from rag.cli import main
from rag.config import Settings
from rag.conversations import Conversations, Reason, Thumb, Turn
from rag.conversations.labelling import AGAIN, GONE, NOTHING, OTHER_COLLECTION, labelled
from rag.errors import EvaluationError
from rag.evaluate.review import Sheet
from rag.evaluate.review.sheet import STRUCK
from rag.evaluate.sets import load, spans, texts_by_source
from rag.index import Index, build
from rag.testing import FakeEmbedder, FakeLLM, tiny_corpus
from rag.types import Answer
from tests.fast.kept import REFUSAL, answer, cite, proven

CLOSES = "When will the harbour bridge close?"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    build([tiny_corpus(folder / "docs")], folder / "papers", FakeEmbedder())
    return folder / "papers"


@pytest.fixture(scope="module")
def said(index: Path) -> dict[str, Answer]:
    """What a whole assistant answers, one from the documents and one refusal."""
    embedder = FakeEmbedder()
    opened = Index.open(index, embedder.checksum)
    assistant = Assistant(opened, embedder, FakeLLM(), Settings())
    try:
        return {q: assistant.ask(q) for q in (CLOSES, "Who sang about zebras in Peru?")}
    finally:
        assistant.close()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Conversations]:
    monkeypatch.setenv("RAG_DATA", str(tmp_path / "data"))
    with Conversations() as opened:
        yield opened


def judged(
    kept: Conversations,
    question: str,
    answer_: Answer | None,
    thumb: Thumb,
    reason: Reason = Reason.NONE,
    words: str = "",
    collection: str = "papers",
) -> Turn:
    turn = kept.ask(question, collection=collection)
    if answer_ is None:
        kept.stop(turn.id)
    else:
        kept.finish(turn.id, answer_)
    return kept.judge(turn.id, thumb, reason, words)


def test_one_command_makes_a_set_that_is_loaded_asked_and_reviewed(
    kept: Conversations, said: dict[str, Answer], index: Path, tmp_path: Path
) -> None:
    refused = next(a for a in said.values() if a.abstained)
    good = judged(kept, CLOSES, said[CLOSES], Thumb.UP)
    bad = judged(kept, "Who pays for the bridge?", said[CLOSES], Thumb.DOWN, Reason.WRONG, "not so")
    none = judged(kept, "Who is king?", said[CLOSES], Thumb.DOWN, Reason.NOT_IN_DOCUMENTS)
    right = judged(kept, refused.question, refused, Thumb.UP)
    kept.close()
    out = tmp_path / "set.jsonl"
    words = ["eval", "from-feedback", "--out", str(out), "--index", str(index)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert f"4 questions in {out}, 1 struck until reviewed" in result.output
    assert f"rag eval --questions {out} --index {index}" in result.output

    by_id = {q.id: q for q in load(out, struck=True)}
    assert set(by_id) == {t.id[:12] for t in (good, bad, none, right)}
    asked = by_id[good.id[:12]]
    assert (asked.text, asked.answerable, asked.by_evidence) == (CLOSES, True, True)
    quotes = {c.quote for c in said[CLOSES].citations}
    assert {e.quote for n in asked.nuggets for e in n.evidence} == quotes
    texts = texts_by_source(Index.open(index).documents.values())
    assert all(found for found in spans(asked, texts))
    struck = by_id[bad.id[:12]]
    assert (struck.review, struck.why) == ("struck", "thumb down, wrong: not so")
    assert not by_id[none.id[:12]].answerable
    assert not by_id[right.id[:12]].answerable
    assert struck not in load(out)
    assert len(load(out)) == 3

    sheet = Sheet(out)
    (place,) = sheet.places(STRUCK)
    sheet.decide(place, "accepted", sheet.questions[place].text)
    assert len(load(out)) == 4

    again = CliRunner().invoke(main, words)
    assert again.exit_code == 2
    assert "is there already" in again.output


def test_the_set_scores_the_very_answers_it_was_made_of(
    kept: Conversations, said: dict[str, Answer], index: Path
) -> None:
    from rag.evaluate import metrics
    from rag.evaluate.metrics import Gold

    judged(kept, CLOSES, said[CLOSES], Thumb.UP)
    texts = texts_by_source(Index.open(index).documents.values())
    (question,) = labelled(kept.judged(), str(index), texts).questions
    places = spans(question, texts)
    gold = [Gold(n, at) for n, at in zip(question.nuggets, places, strict=True)]
    assert metrics.citations_right(said[CLOSES].statements, gold)[0] > 0
    assert metrics.citations_right([proven("x", cite(1, "elsewhere"))], gold)[0] == 0


def test_a_refusal_that_should_have_been_none_is_for_review(kept: Conversations) -> None:
    judged(kept, "Who painted it?", REFUSAL, Thumb.DOWN, Reason.IN_DOCUMENTS)
    (question,) = labelled(kept.judged()).questions
    assert (question.answerable, question.review) == (True, "struck")
    assert [e.source for e in question.nuggets[0].evidence] == ["news/ferry.txt"]


def test_what_is_not_used_is_counted(kept: Conversations) -> None:
    judged(kept, "When?", answer(proven()), Thumb.DOWN, Reason.WRONG)
    judged(kept, "When?", answer(proven()), Thumb.UP)
    judged(kept, "Elsewhere?", answer(proven()), Thumb.UP, collection="other")
    judged(kept, "Stopped?", None, Thumb.DOWN)
    made = labelled(kept.judged(), "papers")
    assert [q.review for q in made.questions] == ["new"]
    assert made.left_out == {OTHER_COLLECTION: 1, AGAIN: 1, NOTHING: 1}
    gone = labelled(kept.judged(), "papers", {"news/harbour.md": "Another text."})
    assert gone.questions == ()
    assert gone.left_out[GONE] == 1


def test_what_cannot_be_a_set_is_told(kept: Conversations) -> None:
    with pytest.raises(EvaluationError, match="judged yet"):
        labelled(kept.judged())
    judged(kept, "When?", answer(proven()), Thumb.UP)
    judged(kept, "Where?", answer(proven()), Thumb.UP, collection="other")
    with pytest.raises(EvaluationError, match=r"other, papers.*--index"):
        labelled(kept.judged())


def test_a_withdrawn_judgement_is_in_no_set(kept: Conversations) -> None:
    turn = judged(kept, "When?", answer(proven()), Thumb.UP)
    kept.withdraw(turn.id)
    with pytest.raises(EvaluationError, match="judged yet"):
        labelled(kept.judged())


# --- `rag conversations`


def run(*words: str, told: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["conversations", *words], input=told)
    return result.exit_code, result.output


def test_conversations_are_listed_exported_and_deleted(
    kept: Conversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = judged(kept, "When does it close?", answer(proven()), Thumb.UP).conversation_id
    second = judged(kept, "Who \x1b[31mpaid?", answer(proven()), Thumb.UP).conversation_id
    code, listed = run("list")
    assert code == 0
    assert [line.split()[0] for line in listed.splitlines()] == [second, first]
    assert "\x1b" not in listed
    assert first in run("list", "--search", "close")[1]
    assert run("list", "--search", "absent") == (0, "")

    code, name = run("export", first[:8])
    assert code == 0
    assert (tmp_path / name.strip()).read_text(encoding="utf-8").startswith("# When does it close?")
    assert '"version": 1' in run("export", first, "--as", "json", "--out", "-")[1]
    assert run("export", "zz")[0] == 2

    assert run("delete", first, told="n\n")[0] == 1
    assert kept.count() == 2
    assert run("delete", first, "--yes") == (0, f"{first} deleted\n")
    assert run("delete")[0] == run("delete", second, "--all")[0] == 2
    assert run("delete", "--all", "--yes") == (0, "1 deleted\n")
    assert kept.count() == 0


def test_a_damaged_file_is_set_aside_by_command(kept: Conversations) -> None:
    kept.close()
    kept.path.write_bytes(b"x" * 5000)
    code, told = run("list")
    assert (code, "set-aside" in told) == (2, True)
    code, told = run("set-aside")
    assert code == 0
    assert Path(told.removeprefix("now at ").strip()).read_bytes() == b"x" * 5000
    assert run("list") == (0, "")
