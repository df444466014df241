"""What is chosen reaches the answers: settings change between questions, never within one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rag.assistant
import rag.embedder
from rag import render
from rag.config import Settings
from rag.index import build
from rag.page.choices import Choices
from rag.page.desk import Desk
from rag.page.opening import SharedModel
from rag.page.questions import Question
from rag.preferences import PreferenceFile
from rag.render import words
from rag.testing import FakeEmbedder, FakeLLM, tiny_corpus
from rag.types import Answer, Done, Event, Timings


class Told:
    """An assistant that answers with the settings it was opened with."""

    def __init__(self, settings: Settings, go_on: threading.Event) -> None:
        self.settings = settings
        self.go_on = go_on
        self.index = SimpleNamespace(documents={}, described=[])
        self.begun = threading.Event()

    def stream(self, question: str, **_: Any) -> Iterator[Event]:
        """Wait until told to go on."""
        self.begun.set()
        assert self.go_on.wait(10)
        said = f"{self.settings.length} {self.settings.support_threshold}"
        yield Done(Answer(question, said, (), (), False, (), (), "told", Timings()))

    def foresee(self, question: str) -> None:
        """Nothing is read ahead."""

    def read_ahead(self) -> None:
        """Nothing is read ahead."""

    def rest(self) -> None:
        """Nothing to leave off."""

    def close(self) -> None:
        """Nothing to free."""


class Opener:
    """Opens such assistants, each by the settings of then."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.go_on = threading.Event()
        self.opened: list[Told] = []

    def __call__(self, collection: str) -> Told:
        """Open one."""
        self.opened.append(Told(self.settings, self.go_on))
        return self.opened[-1]

    def collections(self) -> Sequence[str]:
        """Return the one there is."""
        return ("one",)

    def change(self, settings: Settings) -> None:
        """Open by other settings from now on."""
        self.settings = settings

    def close(self) -> None:
        """Nothing is shared."""


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def desk(opener: Opener) -> Iterator[Desk]:
    desk = Desk(opener, "one")
    yield desk
    opener.go_on.set()
    desk.close()


@pytest.fixture
def choices(desk: Desk, tmp_path: Path) -> Iterator[Choices]:
    choices = Choices(desk, PreferenceFile(tmp_path / "data"))
    yield choices
    choices.close()
    words.speak({})


def ask(desk: Desk) -> Question:
    return desk.ask(Question("me", "one", render.Live("What is there?", 1)))


def said(question: Question) -> str:
    assert question.ended.wait(10)
    assert question.answer is not None, question.error
    return question.answer.text


def test_a_question_at_work_ends_as_it_began_and_the_next_is_by_what_was_chosen(
    desk: Desk, opener: Opener, choices: Choices
) -> None:
    first = ask(desk)
    desk.start("one").result(10).begun.wait(10)  # type: ignore[attr-defined]
    second = ask(desk)
    told, changed = choices.choose(length="short")
    choices.choose(strictness="certain")
    assert told == ""
    assert changed is not None
    assert not changed.done(), "the first is still at work"
    opener.go_on.set()
    assert said(first) == "normal 0.5"
    assert said(second) == "short 0.9"
    changed.result(10)
    assert len(opener.opened) == 2, "both choices at once"


def test_while_nobody_asks_it_is_changed_at_once(
    desk: Desk, opener: Opener, choices: Choices
) -> None:
    desk.start("one").result(10)
    _, changed = choices.choose(length="thorough")
    assert changed is not None
    changed.result(10)
    desk.start("one").result(10)
    assert [each.settings.length for each in opener.opened] == ["normal", "thorough"]
    assert choices.choose(length="thorough")[1] is None, "nothing is opened anew for nothing"
    assert choices.choose(language="de")[1] is None, "nor for words"


def test_a_language_is_spoken_and_the_page_laid_out_anew(desk: Desk, choices: Choices) -> None:
    drawn: list[str] = []
    desk.redraw = lambda: drawn.append(words.say("Settings"))
    assert choices.choose_language("de") == ""
    assert drawn == ["Einstellungen"]
    assert choices.now.language == "de"
    again = Choices(desk, PreferenceFile(choices.file.path.parent))
    words.speak({})
    again.speak()
    assert words.say("Settings") == "Einstellungen"
    again.file.now = again.now.__class__(language="xx")
    again.speak()
    assert "no language 'xx'" in again.fault
    assert words.say("Settings") == "Settings"


class Model(FakeLLM):
    """A model that tells when it is closed, and whether anybody was reading ahead by then."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__()
        self.name = name
        self.log = log

    def close(self) -> None:
        """Note it."""
        self.log.append(f"{self.name} closed")


def test_another_model_is_opened_after_the_one_before_was_left_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build([tiny_corpus(tmp_path / "papers")], tmp_path / "index", FakeEmbedder())
    log: list[str] = []

    def load(settings: Settings) -> Model:
        log.append(f"{settings.model} opened")
        return Model(settings.model, log)

    rest = rag.assistant.Assistant.rest

    def noted(self: rag.assistant.Assistant) -> None:
        log.append(f"{self.llm.name} left")
        rest(self)

    monkeypatch.setattr(rag.assistant, "load_llm", load)
    monkeypatch.setattr(rag.assistant.Assistant, "rest", noted)
    monkeypatch.setattr(rag.embedder, "load_embedder", lambda name, **_known: FakeEmbedder())
    monkeypatch.setattr("rag.page.opening.index_folder", lambda name: tmp_path / "index")
    shared = SharedModel(Settings(model="a"), lambda: ["papers"])
    first = shared("papers")
    shared.change(Settings(model="a", length="short"))
    assert log == ["a opened"], "the model stays where only the length is another"
    assert shared("papers").settings.length == "short"
    shared.change(Settings(model="b"))
    assert log[-1] == "a closed"
    assert set(log[1:-1]) == {"a left"}
    assert shared("papers").llm.name == "b"
    assert first.llm.name == "a"
    shared.close()
    assert log[-2:] == ["b opened", "b closed"]
