"""The page without a browser: what its handlers do, what it opens to the network, how it starts."""

from __future__ import annotations

import asyncio
import datetime
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import app
from rag import page as pages
from rag import render
from rag.config import Settings
from rag.errors import CancelledError, IndexMissingError, ModelError
from rag.followups import Resolved
from rag.page.ask import AskTab
from rag.page.desk import answered
from rag.page.questions import Line, Question
from rag.page.session import KEPT_TURNS, Session
from rag.page.within import OFFERED, WithinPart
from rag.types import (
    Answer,
    Document,
    Done,
    Event,
    Hit,
    Judged,
    Passage,
    Reading,
    Retrieved,
    Sentence,
    Statement,
    Timings,
    Verdict,
    Wrote,
)
from rag.types import Citation as Cited
from rag.within import Within

TEXT = "The pier is of steel."
DOCUMENT = Document("d", "/c", "d.txt", TEXT, "On piers", {"title": "On piers"}, {}, "text")
HIT = Hit(Passage("p", "d", 0, 21, TEXT, (Sentence(0, 21, TEXT),)), DOCUMENT, 1.0)
STATEMENT = Statement(
    TEXT, Verdict.SUPPORTED, 1.0, (Cited(1, "d.txt", "On piers", 0, 21, TEXT, {}, "d"),)
)
ANSWER = Answer("what?", f"{TEXT}[1]", (STATEMENT,), (), False, (), (), "tiny", Timings())
EVENTS: tuple[Event, ...] = (
    Retrieved((HIT,)),
    Reading(0, 1, HIT),
    *(Wrote(0, letter) for letter in TEXT),
    Judged(0, TEXT, STATEMENT),
    Done(ANSWER),
)


class Assistant:
    """Tells prepared events; at a number it waits that many seconds or until it is cancelled."""

    def __init__(self, *events: Event | float | Exception) -> None:
        self.events = events or EVENTS
        self.index = SimpleNamespace(documents={"d": DOCUMENT}, described=[DOCUMENT])
        self.within: list[Within | None] = []
        self.cancelled = threading.Event()
        self.closed = False
        self.foreseen: list[str] = []
        self.reading = False

    def stream(
        self,
        question: str,
        *,
        within: Within | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        assert cancel is not None
        self.within.append(within)
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            if not isinstance(event, int | float):
                yield event
            elif cancel.wait(event):
                self.cancelled.set()
                raise CancelledError("stopped; ask again.")

    def foresee(self, question: str) -> None:
        self.foreseen.append(question)

    def read_ahead(self) -> None:
        self.reading = True

    def rest(self) -> None:
        self.reading = False

    def close(self) -> None:
        self.closed = True


def desk_of(open_assistant: Callable[[], Assistant]) -> pages.Desk:
    return pages.Desk(pages.OneAssistant(open_assistant, "piers"), "piers")


@pytest.fixture
def desk() -> Iterator[Callable[..., tuple[pages.Desk, Assistant]]]:
    """Return a function that makes a desk over an assistant with some events."""
    made = []

    def make(*events: Event | float | Exception) -> tuple[pages.Desk, Assistant]:
        assistant = Assistant(*events)
        made.append(desk_of(lambda: assistant))
        return made[-1], assistant

    yield make
    for one in made:
        one.close()


def question(owner: str = "me", typed: str = "what?", within: Within | None = None) -> Question:
    return Question(owner, "piers", render.Live(typed, 1), within)


async def listen(at: pages.Desk, asked: Question) -> list[render.Live]:
    at.ask(asked)
    return [live async for live in asked.watch()]


class TestDesk:
    def test_takes_up_every_event(self, desk: Any) -> None:
        asked = question()
        asyncio.run(listen(desk()[0], asked))
        assert answered(asked) == ANSWER
        assert [statement.text for statement in asked.live.proven] == [TEXT]
        assert set(asked.seconds()) >= {"waiting", "searching", "reading", "writing", "proving"}

    def test_an_error_ends_it_and_what_was_proven_before_stays(self, desk: Any) -> None:
        asked = question()
        asyncio.run(listen(desk(*EVENTS[:-1], ModelError("broken; mend it."))[0], asked))
        assert asked.live.proven
        with pytest.raises(ModelError, match="broken"):
            answered(asked)

    def test_a_bug_is_shown_in_the_terminal(
        self, desk: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asked = question()
        asyncio.run(listen(desk(EVENTS[0], KeyError("ours"))[0], asked))
        assert asked.broken
        assert "KeyError: 'ours'" in capsys.readouterr().err

    def test_it_goes_on_when_nobody_watches_for_a_while(self, desk: Any) -> None:
        at, _ = desk(EVENTS[0], 0.3, *EVENTS[1:])
        asked = question()

        async def leave_and_come_back() -> None:
            at.ask(asked)
            async with aclosing(asked.watch()) as states:
                await anext(states)
            assert at.line.of("me") is asked, "who comes back finds it"
            assert [live async for live in asked.watch()]

        asyncio.run(leave_and_come_back())
        assert answered(asked) == ANSWER

    def test_it_is_stopped_when_nobody_comes_back(
        self, desk: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.page.questions.FORSAKEN_S", 0.1)
        at, _ = desk(EVENTS[0], 30.0)
        asked = question()
        at.ask(asked)
        assert asked.ended.wait(10)
        assert asked.answer is None

    def test_a_stop_reaches_the_work_at_once(self, desk: Any) -> None:
        at, assistant = desk(EVENTS[0], 60.0)
        asked = question()
        at.ask(asked)
        assert wait(lambda: asked.live.hits is not None)
        began = time.monotonic()
        at.stop(asked)
        assert asked.ended.wait(5)
        assert time.monotonic() - began < 0.5
        assert assistant.cancelled.is_set()

    def test_what_is_being_typed_is_foreseen_only_while_nobody_asks(self, desk: Any) -> None:
        at, assistant = desk(60.0)
        at.foresee("what did", "piers")
        assert assistant.foreseen == [], "not before it is open"
        at.start().result()
        at.foresee("what did the council", "piers")
        at.ask(question())
        at.foresee("something else meanwhile", "piers")
        assert assistant.foreseen == ["what did the council"]

    def test_is_opened_once_for_all_who_wait(self) -> None:
        opened = []

        def open_assistant() -> Assistant:
            time.sleep(0.1)
            opened.append(Assistant())
            return opened[-1]

        at = desk_of(open_assistant)
        asked = [question("one"), question("two")]

        async def ask() -> None:
            assert not at.ready("piers")
            assert at.documents("piers") == {}
            await asyncio.gather(*(listen(at, each) for each in asked))

        asyncio.run(ask())
        assert [answered(each) for each in asked] == [ANSWER, ANSWER]
        assert len(opened) == 1
        assert at.documents("piers") == {"d": DOCUMENT}
        at.close()
        assert opened[0].closed

    def test_who_stops_waiting_does_not_stop_the_others(self) -> None:
        go = threading.Event()

        def open_assistant() -> Assistant:
            go.wait(10)
            return Assistant()

        at = desk_of(open_assistant)
        first, second = question("one"), question("two")
        at.ask(first)
        at.ask(second)
        at.stop(first)
        go.set()
        assert second.ended.wait(10)
        assert answered(second) == ANSWER
        at.close()

    def test_is_opened_again_after_it_failed(self) -> None:
        failures = [IndexMissingError("no index; make one.")]

        def open_assistant() -> Assistant:
            if failures:
                raise failures.pop()
            return Assistant()

        at = desk_of(open_assistant)
        first, second = question(), question()
        asyncio.run(listen(at, first))
        with pytest.raises(IndexMissingError):
            answered(first)
        assert at.documents("piers") == {}
        asyncio.run(listen(at, second))
        assert answered(second) == ANSWER
        at.close()

    def test_after_a_change_the_next_question_has_another_assistant(self) -> None:
        opened: list[Assistant] = []

        def open_assistant() -> Assistant:
            opened.append(Assistant())
            return opened[-1]

        at = desk_of(open_assistant)
        asyncio.run(listen(at, question()))
        was_reading = opened[0].reading
        at.renew("piers")
        assert (was_reading, opened[0].reading) == (True, False)
        asyncio.run(listen(at, question()))
        assert len(opened) == 2
        at.close()

    def test_settings_change_while_something_to_ask_next_is_looked_for(self, desk: Any) -> None:
        at, _ = desk()
        at.following = looking = Looking()
        asked = question()
        asyncio.run(listen(at, asked))
        at.suggest(asked)
        assert looking.begun.wait(5)
        at.change(Settings(length="short")).result(5)
        assert at.settings.length == "short"
        assert not at.suggesting(asked)

    def test_what_is_dropped_of_questions_to_ask_next_is_nothing_else(self, desk: Any) -> None:
        at, _ = desk(*EVENTS[:-1], 1.0, EVENTS[-1])
        at.following = Looking()
        first, second = question(), question()
        asyncio.run(listen(at, first))
        at.ask(second)
        assert wait(lambda: at.line.at_work is second)
        changed = at.change(Settings(length="short"))
        for _ in range(2):
            at.suggest(first)
        changed.result(5)
        assert at.settings.length == "short"

    def test_close_stops_what_is_worked_on(self, desk: Any) -> None:
        at, assistant = desk(EVENTS[0], 60.0)
        asked, waiting = question("one"), question("two")
        at.ask(asked)
        at.ask(waiting)
        assert wait(lambda: asked.live.hits is not None)
        at.close()
        assert asked.ended.is_set()
        assert waiting.ended.is_set()
        assert assistant.cancelled.is_set()
        assert assistant.closed


class Looking:
    """Looks for questions to ask next until it is stopped."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def resolve(self, assistant: Any, typed: str, earlier: Any, cancel: Any) -> Resolved:
        return Resolved(typed)

    def suggest(
        self, assistant: Any, answer: Any, within: Any, cancel: threading.Event
    ) -> Iterator[str]:
        self.begun.set()
        cancel.wait(30)
        yield from ()


def wait(true: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait until something is true; tell whether it became so."""
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


class TestLine:
    """One question at a time, each asker's in turn."""

    @pytest.fixture
    def line(self) -> Iterator[tuple[Line, list[str], threading.Semaphore]]:
        """A line whose work is let go one question at a time, and what was worked on."""
        done: list[str] = []
        go = threading.Semaphore(0)

        def work(asked: Question) -> None:
            while not go.acquire(timeout=0.02):
                if asked.cancel.is_set():
                    raise CancelledError("stopped; ask again.")
            done.append(asked.typed)

        made = Line(work)
        yield made, done, go
        made.close()

    def test_who_asks_many_keeps_nobody_waiting_for_all_of_them(self, line: Any) -> None:
        at, done, go = line
        asked = [question("many", f"many {n}") for n in range(4)]
        for each in asked:
            at.add(each)
        assert wait(lambda: at.at_work is asked[0])
        other = question("one", "one 0")
        at.add(other)
        go.release(5)
        assert all(each.ended.wait(10) for each in [*asked, other])
        assert done == ["many 0", "many 1", "one 0", "many 2", "many 3"] or done == [
            "many 0", "one 0", "many 1", "many 2", "many 3",
        ]  # fmt: skip

    def test_each_is_told_its_place_as_it_comes_nearer(self, line: Any) -> None:
        at, _, go = line
        asked = [question(f"asker {n}", f"{n}") for n in range(3)]
        for each in asked:
            at.add(each)
        assert wait(lambda: at.at_work is asked[0])
        assert [each.live.before for each in asked[1:]] == [1, 2]
        go.release()
        assert wait(lambda: at.at_work is asked[1])
        assert wait(lambda: asked[2].live.before == 1)
        go.release(2)
        assert asked[2].ended.wait(10)

    def test_one_that_waits_can_leave(self, line: Any) -> None:
        at, done, go = line
        asked = [question(f"asker {n}", f"{n}") for n in range(3)]
        for each in asked:
            at.add(each)
        assert wait(lambda: at.at_work is asked[0])
        at.stop(asked[1])
        assert asked[1].ended.is_set()
        assert wait(lambda: asked[2].live.before == 1)
        go.release(2)
        assert asked[2].ended.wait(10)
        assert done == ["0", "2"]

    def test_what_is_done_meanwhile_gives_way_to_a_question(self, line: Any) -> None:
        at, done, go = line
        begun, given_way = threading.Event(), threading.Event()

        def idle(cancel: threading.Event) -> None:
            begun.set()
            if cancel.wait(10):
                given_way.set()

        at.meanwhile(idle)
        assert begun.wait(5)
        asked = question()
        go.release()
        began = time.monotonic()
        at.add(asked)
        assert asked.ended.wait(5)
        assert time.monotonic() - began < 0.5
        assert given_way.is_set()
        assert done == ["what?"]


async def lay_out(at: pages.Desk) -> AskTab:
    # Gradio makes an event loop, and never closes it, where none is running.
    page = pages.build(at, examples=["example?"])
    tab: AskTab = page.shell.ask
    return tab


@pytest.fixture
def page(desk: Any) -> Callable[..., AskTab]:
    """Return a function that lays out the page over some events."""
    return lambda *events: asyncio.run(lay_out(desk(*events)[0]))


SAID = ("since", "until", "latest", "fact", "chosen")


def talk(
    at: AskTab, session: Session, question: str = "what?", **said: Any
) -> list[dict[Any, Any]]:
    """Ask, and return all that was shown."""

    async def ask() -> list[dict[Any, Any]]:
        boxes = [said.get(name, () if name == "chosen" else None) for name in SAID]
        begun = await at.begin(question, session, *boxes)
        return [begun, *[change async for change in at.reply(session)]]

    return asyncio.run(ask())


class TestPage:
    def test_an_answer(self, page: Any) -> None:
        at, session = page(*EVENTS[:-1], 0.4, EVENTS[-1]), Session()
        shown = talk(at, session)
        assert 'class="fn-status"' in shown[0][at.live]
        assert shown[0][at.box] == ""
        assert shown[0][at.stop]["visible"]
        assert any("fn-proven" in change.get(at.live, "") for change in shown)
        assert any("cite-1-1" in change.get(at.sources, "") for change in shown)
        assert shown[-1][at.live] == ""
        assert TEXT in shown[-1][at.thread]
        assert not shown[-1][at.stop]["visible"]
        assert session.question is None

    def test_draws_seldom_while_words_pour_in(self, page: Any) -> None:
        shown = talk(page(*EVENTS[:2], *[Wrote(0, "a")] * 3000, Done(ANSWER)), Session())
        assert len(shown) < 100

    def test_an_error_is_a_message_and_the_next_question_works(self, page: Any) -> None:
        at, session = page(EVENTS[0], ModelError("broken; mend it.")), Session()
        shown = talk(at, session)
        assert "broken; mend it." in shown[-1][at.thread]
        assert session.question is None
        assert "fn-status" in talk(at, session)[0][at.live]

    def test_a_bug_is_told_on_the_page_too(self, page: Any) -> None:
        at, session = page(EVENTS[0], KeyError("ours")), Session()
        shown = talk(at, session)
        assert "The program itself failed" in shown[-1][at.thread]
        assert session.question is None

    def test_no_folder_of_the_machine_is_shown(self, page: Any) -> None:
        where = "/home/me/papers/a.pdf: cannot be read; see /etc/x.conf and http://a.example/b/c."
        at, session = page(ModelError(where)), Session()
        shown = talk(at, session)
        cleaned = "a.pdf: cannot be read; see x.conf and http://a.example/b/c."
        assert cleaned in shown[-1][at.thread]
        assert "/home" not in shown[-1][at.thread]

    def test_a_page_loaded_anew_finds_its_question(self, page: Any) -> None:
        at, first, second = page(EVENTS[0], 0.5, *EVENTS[1:]), Session(), Session()

        async def reload() -> list[dict[Any, Any]]:
            await at.begin("what?", first)
            taken_up = await at.restore(first.conversation, second)
            assert taken_up[at.stop]["visible"]
            return [change async for change in at.reply(second)]

        shown = asyncio.run(reload())
        assert TEXT in shown[-1][at.thread]
        assert second.conversation == first.conversation
        nothing = asyncio.run(at.restore("nobody's", Session()))
        assert list(nothing) == [at.live]

    @pytest.mark.parametrize("question", ["", "  \n\t "], ids=["nothing", "white space"])
    def test_no_question(self, question: str, page: Any) -> None:
        at, session = page(), Session()
        shown = talk(at, session, question)
        assert "Type a question first." in shown[0][at.hint]
        assert (session.turn, session.question) == (0, None)

    def test_a_question_while_one_is_answered(self, page: Any) -> None:
        at, session = page(), Session()

        async def ask() -> dict[Any, Any]:
            await at.begin("what?", session)
            held = await at.begin("and then?", session)
            return dict(held)

        held = asyncio.run(ask())
        assert "One question at a time" in held[at.hint]
        assert list(held) == [at.hint], "what was typed stays"
        assert session.turn == 1

    def test_stop(self, page: Any) -> None:
        at, session = page(*EVENTS[:-1], 60.0), Session()

        async def ask() -> tuple[dict[Any, Any], list[dict[Any, Any]]]:
            await at.begin("what?", session)
            changes, stopped = [], {}
            async for change in at.reply(session):
                changes.append(change)
                if "fn-proven" in change.get(at.live, ""):
                    stopped = await at.halt(session)
                    changes.clear()
            return stopped, changes

        stopped, after = asyncio.run(ask())
        assert "Stopped. Only what was proven" in stopped[at.thread]
        assert TEXT in stopped[at.thread]
        assert [change.get(at.live) for change in after] == [""], "nothing comes after a stop"
        assert len(session.past) == 1, "and no message that it was stopped"

    def test_stop_with_nothing_to_stop(self, page: Any) -> None:
        at, session = page(), Session()
        assert asyncio.run(at.halt(session))[at.thread] == ""
        talk(at, session)
        before = list(session.past)
        asyncio.run(at.halt(session))
        assert session.past == before

    def test_a_long_talk_keeps_its_last_turns(self, page: Any) -> None:
        at, session = page(), Session()
        for _ in range(KEPT_TURNS + 3):
            talk(at, session)
        assert len(session.past) == KEPT_TURNS
        assert f'data-turn="{KEPT_TURNS + 3}"' in session.past[-1]

    def test_the_list_of_documents(self, page: Any) -> None:
        assert "On piers" in asyncio.run(page().fill(Session()))

    def test_programs_get_the_answer_as_json(self, page: Any) -> None:
        assert asyncio.run(page().shell.api.ask("what?")) == ANSWER.to_json()

    def test_programs_are_told_what_is_wrong(self, page: Any) -> None:
        import gradio as gr

        api = page().shell.api
        with pytest.raises(gr.Error, match="There is no collection “ships”; there are: piers"):
            asyncio.run(api.ask("what?", collection="ships"))


OTHERS = tuple(
    Document(f"d{n}", "/c", f"{year}/d{n}.txt", TEXT, title, facts, {}, "text")
    for n, (year, title, facts) in enumerate(
        [
            (2019, "On tides", {"publisher": "Quist", "date": "2019-03-01"}),
            (2023, "On ropes", {"publisher": "Quist", "date": "June 2023", "author": "Mira: a b"}),
            (2023, "On knots", {"publisher": "Holm & Co", "excerpt": "x" * 101}),
        ]
    )
)


@pytest.fixture
def library(desk: Any) -> tuple[WithinPart, AskTab, Assistant]:
    """A page over four documents whose facts are known, and its assistant."""
    at, assistant = desk()
    assistant.index.described = [DOCUMENT, *OTHERS]
    tab = asyncio.run(lay_out(at))
    asyncio.run(at.facts("piers"))
    return tab.within, tab, assistant


class TestWithin:
    """Which documents may answer, as it is said on the page."""

    def test_all_may_unless_something_is_said(self, library: Any) -> None:
        _, at, assistant = library
        shown = talk(at, Session(), since=None, until=None)  # as boxes never unfolded are
        assert assistant.within == [None]
        assert "fn-asked" not in "".join(map(str, shown))

    def test_what_is_said_goes_to_the_assistant_and_stands_above_the_answer(
        self, library: Any
    ) -> None:
        part, at, assistant = library
        said: dict[str, Any] = {
            "since": "June 2020",
            "until": " 2023 ",
            "latest": True,
            "fact": "path",
            "chosen": ["publisher: Quist", "publisher: Holm & Co", "author: Mira: a b", "2023"],
        }
        session = Session()
        shown = talk(at, session, **said)
        only = (
            ("publisher", "Quist"),
            ("publisher", "Holm & Co"),
            ("author", "Mira: a b"),
            ("path", "2023"),
        )
        since, until = datetime.date(2020, 6, 1), datetime.date(2023, 12, 31)
        assert assistant.within == [Within(since, until, latest=True, only=only)]
        words = (
            "Asked of the latest found of documents between 1 June 2020 and 31 December 2023 whose "
            "publisher has “Quist” or “Holm &amp; Co” and whose author has “Mira: a b” and whose "
            "path has “2023”"
        )
        assert all(words in change[at.live] for change in shown[:-1])
        assert not shown[0][part.fold]["open"], "the answer has the room"
        assert talk(at, session)[-1][at.live] == ""
        assert assistant.within[1:] == [None], "each question is asked as is said then"

    def test_what_is_no_date_is_told_in_place_of_an_answer(self, library: Any) -> None:
        _, at, assistant = library
        session = Session()
        shown = talk(at, session, since="soon")
        assert "Since: “soon” is no date; write it like 2020-06-12" in shown[0][at.thread]
        assert at.box not in shown[0], "the question can be asked again"
        assert shown[0][at.ask]["visible"]
        assert assistant.within == []
        assert session.question is None
        talk(at, session, since="2020")
        assert assistant.within == [Within(datetime.date(2020, 1, 1))]

    def test_how_many_are_left_is_said_before_anything_is_asked(self, library: Any) -> None:
        part, _, _ = library
        shown = asyncio.run(
            part.weigh(Session(), fact="publisher", chosen=["publisher: Quist"], since="2020")
        )
        words = "Asked of documents since 1 January 2020 whose publisher has “Quist” (1 of 4)"
        assert words in shown[part.which]
        assert shown[part.narrowed]["visible"]
        assert part.chosen not in shown, "what was picked is left alone"
        nothing = asyncio.run(part.weigh(Session()))
        assert not nothing[part.narrowed]["visible"]
        assert nothing[part.which] == ""

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"until": "never"}, "Until: “never” is no date; write it like"),
            ({"since": "2031"}, "You have no documents since 1 January 2031; of 4, 2 have no date"),
            ({"chosen": ["Nobody"], "fact": "author"}, "whose author has “Nobody”"),
        ],
        ids=["no date", "too late", "no such author"],
    )
    def test_what_leaves_nothing_is_told_at_once(
        self, said: dict[str, Any], told: str, library: Any
    ) -> None:
        part, _, _ = library
        shown = asyncio.run(part.weigh(Session(), **said))
        assert 'class="fn-error"' in shown[part.which]
        assert told in shown[part.which]
        assert shown[part.narrowed]["visible"]

    def test_words_that_are_typed_are_of_the_fact_in_sight(self, library: Any) -> None:
        part, _, _ = library
        typed = ["publisher: Quist", "ropes", "on: knots"]
        shown = asyncio.run(part.weigh(Session(), fact="title", chosen=typed))
        assert shown[part.chosen]["value"] == [
            "publisher: Quist",
            "title: ropes",
            "title: on: knots",
        ]
        assert shown[part.chosen]["choices"][:3] == shown[part.chosen]["value"], (
            "so that they can be seen"
        )

    def test_facts_and_their_values_are_offered(self, library: Any) -> None:
        part, _, _ = library
        shown = asyncio.run(part.begin_offer(Session()))
        facts = ["publisher", "author", "title", "path", "format", "date", "excerpt"]
        assert shown[part.fact]["choices"] == facts
        assert shown[part.fact]["value"] == "publisher"
        values = shown[part.chosen]["choices"]
        assert values == ["publisher: Quist", "publisher: Holm & Co"], "the most frequent first"
        paths = asyncio.run(part.offer(Session(), "path", ["publisher: Quist"]))
        assert paths["choices"][:4] == [
            "publisher: Quist",
            "path: 2023",
            "path: 2019",
            "path: 2019/d0.txt",
        ]
        assert "value" not in paths, "what was chosen stays, also what is chosen meanwhile"
        assert asyncio.run(part.offer(Session(), "excerpt", []))["choices"] == [], (
            "nobody picks a paragraph"
        )

    def test_of_very_many_values_some_are_offered_and_the_others_counted(
        self, library: Any
    ) -> None:
        part, _, assistant = library
        part.desk._facts["piers"] = (assistant, {"title": [f"No. {n}" for n in range(5000)]})
        offered = asyncio.run(part.offer(Session(), "title", []))
        assert len(offered["choices"]) == OFFERED
        assert "300 of 5,000 can be picked" in offered["info"]

    def test_clearing_asks_all_again(self, library: Any) -> None:
        part, _, _ = library
        shown = asyncio.run(part.widen(Session(), "publisher"))
        assert [shown[part] for part in (part.since, part.until, part.latest)] == ["", "", False]
        assert shown[part.chosen]["value"] == []
        assert not shown[part.narrowed]["visible"]

    def test_before_the_documents_are_known_words_can_be_typed(self, page: Any) -> None:
        part = page().within
        said = {"fact": "title", "chosen": ["piers", "publisher: Quist"]}
        shown = asyncio.run(part.weigh(Session(), **said))
        assert "whose title has “piers” and whose publisher has “Quist”" in shown[part.which]

    def test_programs_may_say_so_too(self, library: Any) -> None:
        import gradio as gr

        _, at, assistant = library
        api = at.shell.api
        asyncio.run(api.ask("what?", until="2020", only=["Publisher=Quist", "title = a=b"]))
        only = (("publisher", "Quist"), ("title", "a=b"))
        assert assistant.within == [Within(until=datetime.date(2020, 12, 31), only=only)]
        with pytest.raises(gr.Error, match="write it like publisher=NBC"):
            asyncio.run(api.ask("what?", only=["Quist"]))

    def test_the_list_of_documents_reads_none_that_it_does_not_show(self, library: Any) -> None:
        _, at, assistant = library
        described = [replace(DOCUMENT, id=f"d{n}", source=f"{n:04}", text="") for n in range(500)]
        read: list[str] = []

        class Documents(dict[str, Document]):
            def __getitem__(self, id_: str) -> Document:
                read.append(id_)
                return replace(described[int(id_[1:])], text="Its words.")

        assistant.index.described = described
        assistant.index.documents = Documents()
        html = asyncio.run(at.fill(Session()))
        assert "these 500 documents" in html
        assert html.count("Its words.") == 12
        assert read == [f"d{n}" for n in range(12)]


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    from httpx import Client

    with pages.launch(desk_of(Assistant), port=0) as server, Client(base_url=server.url) as client:
        yield client


NAMED = ["ask", "collections", "documents", "upload"]


class TestNetwork:
    def test_the_browser_is_told_to_stay_here(self, served: Any) -> None:
        policy = served.get("/config").headers["content-security-policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'self'"
        assert "connect-src" not in rules
        assert not any("http" in rule or "*" in rule for rule in rules.values())

    def test_programs_see_the_named_endpoints(self, served: Any) -> None:
        described = served.get("/gradio_api/info").json()
        assert list(described["named_endpoints"]) == [f"/{name}" for name in NAMED]
        assert described["unnamed_endpoints"] == {}

    def test_what_may_be_left_out_has_a_default(self, served: Any) -> None:
        described = served.get("/gradio_api/info").json()["named_endpoints"]["/ask"]
        given = {p["parameter_name"]: p for p in described["parameters"]}
        assert list(given) == ["question", "since", "until", "latest", "only", "collection"]
        assert [name for name, p in given.items() if not p["parameter_has_default"]] == ["question"]

    @pytest.mark.parametrize(
        ("data", "filled"),
        [
            (["what?"], ["what?", "", "", False, [], ""]),
            (["what?", "2020"], ["what?", "2020", "", False, [], ""]),
        ],
    )
    def test_programs_may_leave_out_what_has_a_default(
        self, data: list[Any], filled: list[Any]
    ) -> None:
        async def given() -> None:
            page = pages.build(desk_of(Assistant))
            ask = next(fn for fn in page.fns.values() if fn.api_name == "ask")
            page.validate_inputs(ask, data)
            with pytest.raises(ValueError, match="enough input values"):
                page.validate_inputs(ask, [])

        asyncio.run(given())
        assert data == filled

    def test_the_page_names_no_other_machine(self, served: Any) -> None:
        config = served.get("/config").json()
        assert not config["analytics_enabled"]
        assert config["title"] == "Footnote"
        asked = [d for d in config["dependencies"] if d["api_visibility"] == "public"]
        assert [d["api_name"] for d in asked] == NAMED


class TestStart:
    def test_help_answers_without_gradio(self) -> None:
        code = "import sys, app\ntry: app.main(['--help'])\nexcept SystemExit: pass\n"
        code += "assert not {'gradio', 'torch', 'faiss', 'llama_cpp'} & set(sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=Path(app.__file__).parent,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "every sentence proven" in done.stdout
        assert "--port" in done.stdout

    def test_openmp_is_settled_first(self) -> None:
        import os

        assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"

    def test_a_taken_port_is_named_with_the_cure(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = subprocess.run(
                [sys.executable, app.__file__, "--port", str(port)],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        assert done.returncode == 1
        assert done.stderr == f"port {port} is taken; give another one with --port.\n"
