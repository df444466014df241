"""The desk of the page with the real models: what is stopped frees the model at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import render
from rag.catalogue import model_path
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, Settings
from rag.embedder import load_embedder
from rag.errors import ModelMissingError
from rag.index import build
from rag.page.desk import Desk, answered
from rag.page.opening import SharedModel
from rag.page.questions import Question

pytestmark = pytest.mark.real

SEEDS = Path(__file__).parents[2] / "seeds"
STOPPED_S = 0.5
CONDITIONS = "what conditions did Microsoft set?"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk over an index of the sample documents made for it."""
    try:
        for name in (DEFAULT_MODEL, DEFAULT_EMBEDDER):
            model_path(name)
    except ModelMissingError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("desk") / "seeds"
    build([SEEDS], folder, load_embedder(DEFAULT_EMBEDDER))
    opened = Desk(SharedModel(Settings(), lambda: [str(folder)]), str(folder))
    opened.start().result()
    yield opened
    opened.close()


def ask(desk: Desk, question: str, owner: str = "me", turn: int = 1) -> Question:
    return desk.ask(Question(owner, desk.collection, render.Live(question, turn)))


def until(question: Question, true: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for a moment in the life of a question."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        assert not question.ended.is_set(), "it ended before"
        time.sleep(0.002)


@pytest.mark.parametrize("stage", ["searching", "reading", "writing", "proving"])
def test_a_stop_frees_the_model_in_half_a_second(desk: Desk, stage: render.Stage) -> None:
    # A question of its own for each stage, so that none is answered from what another has read.
    question = ask(desk, f"What did Microsoft say of the police, in the article on {stage}?")
    until(question, lambda: render.STAGES.index(question.live.stage) >= render.STAGES.index(stage)
          if question.live.stage != "waiting" else False)  # fmt: skip
    began = time.monotonic()
    desk.stop(question)
    assert question.ended.wait(10)
    freed_s = time.monotonic() - began
    assert freed_s < STOPPED_S, f"{freed_s:.2f} s while {question.live.stage}"
    assert question.answer is None


def test_the_next_question_is_answered_after_a_stop(desk: Desk) -> None:
    first = ask(desk, CONDITIONS)
    until(first, lambda: first.live.hits is not None)
    second = ask(desk, "What is the population of Seattle?", owner="other")
    assert second.live.before == 1
    desk.stop(first)
    assert second.ended.wait(120)
    assert answered(second).abstained


def test_what_is_done_meanwhile_gives_way_at_once(desk: Desk) -> None:
    question = ask(desk, CONDITIONS)
    assert question.ended.wait(240)
    assert answered(question).statements
    desk.suggest(question)
    deadline = time.monotonic() + 5
    while desk.line.busy or time.monotonic() < deadline - 3:  # the suggestions are under way
        time.sleep(0.05)
    began = time.monotonic()
    other = ask(desk, "Who praised Microsoft's decision?", owner="other")
    while other.live.stage == "waiting":
        assert time.monotonic() - began < 30
        time.sleep(0.002)
    assert time.monotonic() - began < STOPPED_S
    desk.stop(other)
    assert other.ended.wait(10)


def test_a_follow_up_is_resolved_and_answered(desk: Desk) -> None:
    from rag.page.following import earlier_of

    first = ask(desk, CONDITIONS)
    assert first.ended.wait(240)
    earlier = earlier_of([(first.typed, answered(first))])
    live = render.Live("what about IBM?", 2)
    second = desk.ask(Question("me", desk.collection, live, None, earlier))
    assert second.ended.wait(240)
    assert "IBM" in second.live.meant
    assert answered(second).question == second.live.meant
