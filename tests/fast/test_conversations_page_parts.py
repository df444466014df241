"""What stands beside the chat as HTML, and who keeps what is asked: quickly, without a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rag import render
from rag.conversations import Conversation, Conversations, Feedback, Reason, State, Thumb
from rag.errors import ModelError
from rag.page.conversations import _attachment, _deed
from rag.page.keeping import Kept
from rag.page.questions import Question
from rag.render import conversations as looks
from rag.render.page import Present
from rag.testing import make_document
from rag.types import Document, Judged, Reading, Wrote
from tests.fast.kept import REFUSAL, answer, cite, proven
from tests.fast.test_conversations_export import turn
from tests.fast.test_render import HOSTILE
from tests.fast.test_render import Reader as Plain

TODAY = date(2026, 3, 9)


class Reader(Plain):
    """Knows that a box to write into is never closed."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "input":
            self.depth.pop()


def conversation(title: str = "About", day: int = 9, id_: str = "ab" * 16) -> Conversation:
    moment = datetime(2026, 3, day, 12, tzinfo=UTC)
    return Conversation(id_, title, "seeds", moment, moment, 1)


# --- looks


def test_conversations_stand_under_their_day() -> None:
    listed = [conversation(day=9), conversation(day=8), conversation(day=8), conversation(day=2)]
    page = Reader(looks.list_html(listed, "", TODAY))
    heads = [w for w in ("Today", "Yesterday", "2 March 2026") if w in page.words]
    assert heads == ["Today", "Yesterday", "2 March 2026"]
    assert sum(tag == "h3" for tag, _ in page.elements) == 3
    assert sum(facts.get("class") == "fn-item" for _, facts in page.elements) == 4


@pytest.mark.parametrize("text", HOSTILE)
def test_a_strangers_title_is_only_text(text: str) -> None:
    plain = Reader(looks.list_html([conversation("plain")], "", TODAY))
    page = Reader(looks.list_html([conversation(text)], "", TODAY))
    assert [(t, sorted(f)) for t, f in page.elements] == [(t, sorted(f)) for t, f in plain.elements]
    assert text in page.words
    (named,) = [f["value"] for t, f in page.elements if f.get("name") == "title"]
    assert named == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_readers_own_words_are_only_text(text: str) -> None:
    given = Feedback(Thumb.DOWN, Reason.OTHER, text, datetime.now(UTC))
    page = Reader(looks.judge_html("ab" * 16, given))
    assert f"Something else: {text}" in page.words
    (kept,) = [f["value"] for t, f in page.elements if f.get("name") == "words"]
    assert kept == text


def test_other_thumbs_take_the_place_of_those_of_one_turn() -> None:
    first, second = looks.judge_html("a" * 32), looks.judge_html("b" * 32)
    given = Feedback(Thumb.UP, Reason.NONE, r"\1 \g<0>", datetime.now(UTC))
    new = looks.judge_html("a" * 32, given)
    assert looks.judged_again(f"<x>{first}{second}</x>", "a" * 32, new) == f"<x>{new}{second}</x>"


# --- sources of turns that were kept


def shown(documents: dict[str, Document], now: Document | None = None, **more: bool) -> Reader:
    asked = turn(1, "When?", answer(proven("It closes.", cite(1), cite(2, "Later words."))))
    present = Present(lambda source, inside: now, **more)
    return Reader(looks.kept_html(asked, documents, present))


def held(text: str) -> Document:
    return replace(make_document(text, source="news/harbour.md"), id="d" * 32)


QUOTES = cite(1).quote, "Later words."
WHOLE = held(f"{'x' * 90}{QUOTES[0]}")


def test_a_source_as_it_was_is_shown_whole() -> None:
    asked = turn(1, "When?", answer(proven("It closes.", cite(1))))
    page = Reader(looks.kept_html(asked, {"d" * 32: WHOLE}, Present(lambda *_: None)))
    assert page.marks == {"cite-1-1": QUOTES[0]}
    assert "fn-changed" not in {f.get("class") for _, f in page.elements}


def test_a_source_that_is_gone_is_told_and_quoted() -> None:
    page = shown({})
    assert page.marks == {"cite-1-1": QUOTES[0], "cite-1-2": QUOTES[1]}
    assert "no longer among those that are asked" in page.words


def test_a_source_that_is_being_opened_is_quoted_until_then() -> None:
    assert "are being opened" in shown({}, opening=True).words


def test_a_source_that_changed_is_told_quote_by_quote() -> None:
    page = shown({}, held(f"New. {QUOTES[0]} New."))
    assert page.marks == {"cite-1-1": QUOTES[0], "cite-1-2": QUOTES[1]}
    assert "the cited words still stand in it" in page.words
    assert "no longer stand in it" in page.words
    assert "New. " in page.words


def test_what_came_closest_opens_after_it_was_kept() -> None:
    back = type(REFUSAL).from_json(REFUSAL.to_json())
    (near,) = REFUSAL.closest
    asked = turn(3, "Who?", back)
    known = {near.document.id: near.document}
    page = Reader(looks.kept_html(asked, known, Present(lambda *_: None)))
    assert page.marks == {"near-3-1": near.passage.text}
    assert "no longer" not in page.words
    gone = Reader(looks.kept_html(asked, {}, Present(lambda *_: None)))
    assert gone.marks == {"near-3-1": near.passage.text}
    assert "no longer among those" in gone.words


@pytest.mark.parametrize(
    ("state", "told"),
    [(State.STOPPED, "Stopped. Only what"), (State.INTERRUPTED, "Interrupted: the program")],
)
def test_what_was_proven_of_an_answer_that_never_came_is_shown(state: State, told: str) -> None:
    asked = turn(2, "When?", state=state, noted=[proven("It closes.", cite(1))])
    page = Reader(looks.kept_html(asked, {"d" * 32: WHOLE}, Present(lambda *_: None)))
    assert "It closes." in page.words
    assert told in page.words
    assert page.marks == {"cite-2-1": QUOTES[0]}


# --- keeping


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    opened = Kept(tmp_path)
    yield opened
    opened.close()


def question(text: str = "When?") -> Question:
    return Question("ab" * 16, "seeds", render.Live(text, 1))


def read(folder: Path) -> list[tuple[State, str, str, list[str]]]:
    with Conversations(folder) as conversations:
        return [
            (t.state, t.typed, t.error, [s.text for s in t.proven])
            for c in conversations.recent()
            for t in conversations.turns(c.id)
        ]


def with_proof(asked: Question) -> None:
    asked.take(Reading(0, 1, None))
    asked.take(Wrote(0, "It closes."))
    asked.take(Judged(0, "It closes.", proven("It closes.")))


def test_a_question_is_kept_from_its_beginning_to_its_end(kept: Kept, tmp_path: Path) -> None:
    asked = question()
    kept.begun(asked)
    with_proof(asked)
    kept.changed(asked)
    asked.answer = answer(proven("It closes."))
    kept.ended(asked)
    kept.ended(asked)  # as a stop in the last moment would have it
    assert read(tmp_path) == [(State.ANSWERED, "When?", "", [])]
    assert kept.trouble is None


def test_a_stop_keeps_what_was_proven_by_then(kept: Kept, tmp_path: Path) -> None:
    asked = question()
    kept.begun(asked)
    with_proof(asked)
    kept.ended(asked)
    assert read(tmp_path) == [(State.STOPPED, "When?", "", ["It closes."])]


def test_what_is_told_of_an_error_names_no_folder(tmp_path: Path) -> None:
    kept = Kept(tmp_path, told=lambda error: str(error).replace("/secret/", ""))
    asked = question()
    kept.begun(asked)
    asked.error = ModelError("/secret/model.gguf is damaged; fetch it again.")
    kept.ended(asked)
    kept.close()
    assert read(tmp_path) == [(State.FAILED, "When?", "model.gguf is damaged; fetch it again.", [])]


def test_what_is_not_ended_when_the_page_closes_is_interrupted(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    asked = question()
    kept.begun(asked)
    with_proof(asked)
    kept.changed(asked)
    kept.close()
    kept.ended(asked)  # the line is stopped after that
    kept.close()
    assert read(tmp_path) == [(State.INTERRUPTED, "When?", "", ["It closes."])]


def test_a_disk_that_fails_stops_no_answer_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder", encoding="utf-8")
    kept = Kept(tmp_path / "data")
    asked = question()
    kept.begun(asked)
    kept.ended(asked)
    assert "yours to write" in str(kept.trouble)
    (tmp_path / "data").unlink()
    kept.begun(question("Again?"))
    kept.close()
    assert str(kept.trouble) == "None"
    assert [typed for _, typed, _, _ in read(tmp_path / "data")] == ["Again?"]


def test_nobody_waits_for_the_disk_but_who_ends_a_question(kept: Kept, tmp_path: Path) -> None:
    gate = threading.Event()
    kept._thread.submit(gate.wait)
    asked = question()
    kept.begun(asked)
    kept.changed(asked)
    done = threading.Thread(target=kept.ended, args=(asked,))
    done.start()
    done.join(0.2)
    assert done.is_alive()
    gate.set()
    done.join(10)
    assert read(tmp_path) == [(State.STOPPED, "When?", "", [])]


# --- what the browser tells


@pytest.mark.parametrize(
    "told", ["", "x", "[]", "null", '{"do": 1}', '{"do": ["open"]}', '{"do": {"a": 1}}']
)
def test_what_is_told_in_another_form_is_nothing(told: str) -> None:
    assert _deed(told) == {}


def test_what_is_told_in_the_right_form_is_taken() -> None:
    assert _deed('{"do": "open", "id": "a"}') == {"do": "open", "id": "a"}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a-b.md", "attachment; filename=\"a-b.md\"; filename*=UTF-8''a-b.md"),
        (
            "footnote-東京.html",
            'attachment; filename="footnote.html"; '
            "filename*=UTF-8''footnote-%E6%9D%B1%E4%BA%AC.html",
        ),
    ],
)
def test_a_file_is_saved_under_its_name(name: str, header: str) -> None:
    assert _attachment(name) == header


def test_days_are_those_of_this_place() -> None:
    moment = datetime.now(UTC)
    each = Conversation("ab" * 16, "Now", "", moment, moment, 1)
    page = Reader(looks.list_html([each], "", moment.astimezone().date()))
    assert "Today" in page.words
    page = Reader(looks.list_html([each], "", moment.astimezone().date() + timedelta(days=1)))
    assert "Yesterday" in page.words
