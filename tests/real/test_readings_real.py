"""Saved readings with real models: what is put back gives the same numbers as reading afresh."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.assistant import Assistant
from rag.config import DEFAULT_MODEL, KeyValues, Settings
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
    question = "Question: How long does the bridge close?\n"
    of = f"{DOC}:{number}-9"
    return Prompt("You answer from a text.", reading, "Answer from it.", question, of=of)


def words(model: LlamaModel, asked: Prompt) -> list[tuple[str, float]]:
    return [(piece.text, piece.logprob) for piece in model.generate(asked, max_tokens=16)]


def together(model: LlamaModel, *asked: Prompt) -> list[list[tuple[str, float]]]:
    drafts: list[list[tuple[str, float]]] = [[] for _ in asked]
    for piece in model.generate(*asked, max_tokens=16):
        drafts[piece.draft].append((piece.text, piece.logprob))
    return drafts


def distribution(model: LlamaModel, asked: Prompt) -> np.ndarray:
    next(model.generate(asked, max_tokens=1))
    return model.context.logits().copy()


@pytest.fixture
def open_model(tmp_path: Path) -> Iterator[Opener]:
    """Return a function that opens a model over the folder of this test."""
    opened = []

    def open_(
        name: str = "smollm2-135m", *, kept: bool = True, kv: KeyValues = "f16"
    ) -> LlamaModel:
        shelf = (lambda stamp: Shelf(tmp_path, stamp, 200_000_000)) if kept else None
        model = LlamaModel(needed(name), name=name, n_ctx=2048, shelf=shelf, kv=kv)
        opened.append(model)
        return model

    yield open_
    for model in opened:
        model.close()


@pytest.mark.parametrize("kv", ["f16", "q8_0"])
@pytest.mark.parametrize("name", ["smollm2-135m", DEFAULT_MODEL])
def test_a_state_from_disk_gives_the_next_token_like_reading_afresh(
    open_model: Opener, name: str, kv: KeyValues
) -> None:
    fresh = distribution(open_model(name, kept=False, kv=kv), prompt())
    first = open_model(name, kv=kv)
    assert np.array_equal(distribution(first, prompt()), fresh)
    second = open_model(name, kv=kv)
    assert np.array_equal(distribution(second, prompt()), fresh), "to the last bit"
    assert second.readings.counts.loaded == 2, "system words and passage"
    for number in (1, 2, 1):  # others come between
        words(second, prompt(number))
    assert np.array_equal(distribution(second, prompt()), fresh)


def test_what_is_kept_in_half_the_memory_is_not_taken_for_the_other(
    open_model: Opener, tmp_path: Path
) -> None:
    words(open_model(), prompt())
    (whole,) = tmp_path.glob(f"{DOC}-*.state")
    model = open_model(kv="q8_0")
    words(model, prompt())
    assert model.readings.counts.loaded == 0
    (half,) = set(tmp_path.glob(f"{DOC}-*.state")) - {whole}
    assert half.stat().st_size < 0.6 * whole.stat().st_size


@pytest.mark.parametrize("name", ["smollm2-135m", DEFAULT_MODEL])
def test_drafts_written_together_are_those_written_alone(open_model: Opener, name: str) -> None:
    asked = [prompt(number) for number in range(3)]
    model = open_model(name)
    alone = [words(model, each) for each in asked]
    drafts = together(model, *asked)
    for one, other in zip(alone, drafts, strict=True):
        assert "".join(text for text, _ in one) == "".join(text for text, _ in other)
        for (_, logprob), (_, beside) in zip(one, other, strict=True):
            assert logprob == pytest.approx(beside, abs=0.1)  # other sums in the last bits
    assert words(model, asked[1]) == alone[1], "nothing of them is left"


def test_drafts_written_together_are_the_same_from_saved_readings(open_model: Opener) -> None:
    asked = [prompt(number) for number in range(6)]  # more than are written at once
    afresh = together(open_model(kept=False), *asked)
    assert together(open_model(), *asked) == afresh
    warm = open_model()
    words(warm, prompt(9))
    assert together(warm, *asked) == afresh
    assert warm.readings.counts.loaded >= 6


def test_drafts_are_written_one_by_one_where_states_are_not_taken(
    open_model: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = open_model()
    alone = [words(model, prompt(number)) for number in (1, 2)]
    monkeypatch.setattr(model.context, "put_back", lambda state, sequence=0: False)
    assert together(model, prompt(1), prompt(2)) == alone


def test_drafts_written_together_can_be_stopped(open_model: Opener) -> None:
    model = open_model()
    cancel = threading.Event()
    pieces = model.generate(prompt(1), prompt(2), max_tokens=64, cancel=cancel)
    seen = {next(pieces).draft for _ in range(4)}
    assert seen == {0, 1}
    cancel.set()
    with pytest.raises(CancelledError):
        list(pieces)
    closed = model.generate(prompt(1), prompt(2), max_tokens=64)
    next(closed)
    closed.close()  # type: ignore[attr-defined]
    assert words(model, prompt(1)) == words(open_model(kept=False), prompt(1))


def test_what_one_thread_reads_is_what_all_read(open_model: Opener, tmp_path: Path) -> None:
    open_model().prepare(prompt(3), threads=1)
    (path,) = tmp_path.glob(f"{DOC}-*.state")
    one = path.read_bytes()
    path.unlink()
    open_model().prepare(prompt(3))
    assert path.read_bytes() == one


def test_a_damaged_state_is_read_afresh_and_replaced(open_model: Opener, tmp_path: Path) -> None:
    said = words(open_model(), prompt())
    (path,) = tmp_path.glob(f"{DOC}-*.state")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000] + b"\0" * 1000)
    model = open_model()
    assert words(model, prompt()) == said
    assert model.readings.counts.loaded == 1, "the system words"
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
        assert kept == len(opened.index.passages) + 1, "the system words as well"
    finally:
        opened.close()
