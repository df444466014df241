"""Saved readings with real models: what is put back gives the same numbers as reading afresh."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.assistant import Assistant
from rag.config import DEFAULT_MODEL, Settings
from rag.embedder import Embedder
from rag.errors import CancelledError
from rag.llm import LlamaModel
from rag.prompt import Prompt
from rag.readings import Shelf
from tests.real.conftest import needed

pytestmark = pytest.mark.real

DOC = "0123456789abcdef" * 2
TEXT = "The harbour bridge closes on 12 March for eleven weeks. Buses will not cross it. " * 8
Opener = Callable[..., LlamaModel]


def prompt(number: int = 0) -> Prompt:
    reading = f"Text {number}:\n{TEXT}\n\n"
    asking = "Question: How long does the bridge close?"
    return Prompt("You answer from a text.", reading, asking, of=f"{DOC}:{number}-9")


def words(model: LlamaModel, asked: Prompt) -> list[tuple[str, float]]:
    return [(piece.text, piece.logprob) for piece in model.generate(asked, max_tokens=16)]


def distribution(model: LlamaModel, asked: Prompt) -> np.ndarray:
    next(model.generate(asked, max_tokens=1))
    return model._logits().copy()


@pytest.fixture
def open_model(tmp_path: Path) -> Iterator[Opener]:
    """Return a function that opens a model over the folder of this test."""
    opened = []

    def open_(name: str = "smollm2-135m", *, kept: bool = True) -> LlamaModel:
        shelf = (lambda stamp: Shelf(tmp_path, stamp, 200_000_000)) if kept else None
        model = LlamaModel(needed(name), name=name, n_ctx=2048, shelf=shelf)
        opened.append(model)
        return model

    yield open_
    for model in opened:
        model.close()


@pytest.mark.parametrize("name", ["smollm2-135m", DEFAULT_MODEL])
def test_a_state_from_disk_gives_the_next_token_like_reading_afresh(
    open_model: Opener, name: str
) -> None:
    fresh = distribution(open_model(name, kept=False), prompt())
    first = open_model(name)
    assert np.array_equal(distribution(first, prompt()), fresh)
    second = open_model(name)
    assert np.array_equal(distribution(second, prompt()), fresh), "to the last bit"
    assert second.readings.counts.loaded == 1
    for number in (1, 2, 1):  # others come between
        words(second, prompt(number))
    assert np.array_equal(distribution(second, prompt()), fresh)


def test_a_damaged_state_is_read_afresh_and_replaced(open_model: Opener, tmp_path: Path) -> None:
    said = words(open_model(), prompt())
    (path,) = tmp_path.glob("*.state")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000] + b"\0" * 1000)
    model = open_model()
    assert words(model, prompt()) == said
    assert model.readings.counts.loaded == 0
    assert path.read_bytes() == whole


def test_a_passage_read_ahead_is_at_hand_when_it_is_asked(open_model: Opener) -> None:
    said = words(open_model(kept=False), prompt(5))
    model = open_model()
    assert model.prepare(prompt(5))
    assert not model.prepare(prompt(5)), "it has been read"
    before = model.readings.counts.missed
    assert words(model, prompt(5)) == said
    assert model.readings.counts.missed == before


def test_reading_ahead_can_be_stopped(open_model: Opener) -> None:
    model = open_model()
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        model.prepare(prompt(6), cancel=cancel)
    assert words(model, prompt(6)) == words(open_model(kept=False), prompt(6))


def test_the_product_answers_the_same_from_saved_readings(
    seeds_index: Path, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed(DEFAULT_MODEL)
    monkeypatch.setenv("RAG_READINGS", str(tmp_path / "readings"))
    question = "what conditions did Microsoft set?"
    answers = []
    for settings in (Settings(readings_mb=0), Settings(), Settings()):
        opened = Assistant.open(seeds_index, settings=settings, embedder=embedder)
        answers.append(opened.ask(question))
        loaded = opened.llm.readings.counts.loaded  # type: ignore[attr-defined]
        opened.close()
    afresh, kept, warm = (
        [(s.text, s.support, [c.quote for c in s.citations]) for s in answer.statements]
        for answer in answers
    )
    assert afresh == kept == warm
    assert loaded >= 3, "passages came from disk"


def test_an_idle_assistant_reads_ahead(
    seeds_index: Path, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed("smollm2-135m")
    monkeypatch.setenv("RAG_READINGS", str(tmp_path / "readings"))
    settings = Settings(model="smollm2-135m")
    opened = Assistant.open(seeds_index, settings=settings, embedder=embedder)
    try:
        warmer = opened.read_ahead()
        assert warmer is not None
        opened.ask("what conditions did Microsoft set?")
        assert warmer.done.wait(120)
        kept = len(list((tmp_path / "readings").glob("*.state")))
        assert kept == len(opened.index.passages)
    finally:
        opened.close()
