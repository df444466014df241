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
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import app
from rag.errors import CancelledError, IndexMissingError, ModelError
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

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def desk() -> Iterator[Callable[..., tuple[app.Desk, Assistant]]]:
    """Return a function that makes a desk over an assistant with some events."""
    made = []

    def make(*events: Event | float | Exception) -> tuple[app.Desk, Assistant]:
        assistant = Assistant(*events)
        made.append(app.Desk(lambda: assistant))
        return made[-1], assistant

    yield make
    for one in made:
        one.close()


async def listen(desk: app.Desk, cancel: threading.Event | None = None) -> list[Event]:
    told = desk.ask("what?", cancel or threading.Event())
    return [event async for event in told if event is not None]


class TestDesk:
    def test_tells_every_event_in_order(self, desk: Any) -> None:
        assert asyncio.run(listen(desk()[0])) == list(EVENTS)

    def test_errors_arrive_after_what_was_told_before(self, desk: Any) -> None:
        told: list[Event] = []

        async def ask() -> None:
            async for event in desk(EVENTS[0], ModelError("broken; mend it."))[0].ask(
                "what?", threading.Event()
            ):
                told.append(event)  # noqa: PERF401  what came before the error is wanted

        with pytest.raises(ModelError, match="broken"):
            asyncio.run(ask())
        assert told == [EVENTS[0]]

    def test_leaving_early_stops_the_work(self, desk: Any) -> None:
        at, assistant = desk(EVENTS[0], 60.0)

        async def ask() -> None:
            events = at.ask("what?", threading.Event())
            async for event in events:
                if event is not None:  # a slow machine ticks before it begins
                    break
            await events.aclose()

        asyncio.run(ask())
        assert assistant.cancelled.wait(5)

    def test_what_is_being_typed_is_foreseen_only_while_nobody_asks(self, desk: Any) -> None:
        at, assistant = desk(60.0)
        at.foresee("what did")
        assert assistant.foreseen == [], "not before it is open"

        async def ask() -> None:
            await at.assistant()
            at.foresee("what did the council")
            events = at.ask("what?", threading.Event())
            await anext(events)
            at.foresee("something else meanwhile")
            await events.aclose()

        asyncio.run(ask())
        assert assistant.foreseen == ["what did the council"]

    def test_a_cancelled_task_stops_the_work(self, desk: Any) -> None:
        at, assistant = desk(EVENTS[0], 60.0)

        async def ask() -> None:
            task = asyncio.create_task(listen(at))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(ask())
        assert assistant.cancelled.wait(5)

    def test_is_opened_once_for_all_who_wait(self) -> None:
        opened = []

        def open_assistant() -> Assistant:
            time.sleep(0.1)
            opened.append(Assistant())
            return opened[-1]

        at = app.Desk(open_assistant)

        async def ask() -> tuple[list[Event], list[Event]]:
            assert not at.ready
            assert at.documents == {}
            return await asyncio.gather(listen(at), listen(at))

        assert [len(told) for told in asyncio.run(ask())] == [len(EVENTS)] * 2
        assert len(opened) == 1
        assert at.documents == {"d": DOCUMENT}
        at.close()
        assert opened[0].closed

    def test_who_stops_waiting_does_not_stop_the_others(self) -> None:
        go = threading.Event()

        def open_assistant() -> Assistant:
            go.wait(10)
            return Assistant()

        at = app.Desk(open_assistant)

        async def ask() -> list[Event]:
            first, second = (asyncio.create_task(listen(at)) for _ in range(2))
            await asyncio.sleep(0.05)
            first.cancel()
            go.set()
            return await second

        assert asyncio.run(ask()) == list(EVENTS)
        at.close()

    def test_is_opened_again_after_it_failed(self) -> None:
        failures = [IndexMissingError("no index; make one.")]

        def open_assistant() -> Assistant:
            if failures:
                raise failures.pop()
            return Assistant()

        at = app.Desk(open_assistant)
        with pytest.raises(IndexMissingError):
            asyncio.run(listen(at))
        assert at.documents == {}
        assert asyncio.run(listen(at)) == list(EVENTS)
        at.close()

    def test_close_stops_what_is_worked_on(self, desk: Any) -> None:
        at, assistant = desk(EVENTS[0], 60.0)

        async def ask() -> None:
            task = asyncio.create_task(listen(at))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(at.close)
            with pytest.raises(CancelledError):
                await task

        asyncio.run(ask())
        assert assistant.cancelled.is_set()
        assert assistant.closed


@pytest.fixture
def page(desk: Any) -> Callable[..., app.Page]:
    """Return a function that lays out the page over some events."""

    async def lay_out(at: app.Desk) -> app.Page:
        # Gradio makes an event loop, and never closes it, where none is running.
        import gradio as gr

        with gr.Blocks(analytics_enabled=False):
            return app.Page(at, ["example?"])

    return lambda *events: asyncio.run(lay_out(desk(*events)[0]))


def talk(
    at: app.Page, session: app.Session, question: str = "what?", **said: Any
) -> list[dict[Any, Any]]:
    """Ask, and return all that was shown."""

    async def ask() -> list[dict[Any, Any]]:
        begun = await at.begin(question, session, **said)
        return [begun, *[change async for change in at.reply(session)]]

    return asyncio.run(ask())


class TestPage:
    def test_an_answer(self, page: Any) -> None:
        at, session = page(), app.Session()
        shown = talk(at, session)
        assert "Waiting for the model" in shown[0][at.live]
        assert shown[0][at.box] == ""
        assert shown[0][at.stop]["visible"]
        assert any("fn-proven" in change.get(at.live, "") for change in shown)
        assert any("cite-1-1" in change.get(at.sources, "") for change in shown)
        assert shown[-1][at.live] == ""
        assert TEXT in shown[-1][at.thread]
        assert not shown[-1][at.stop]["visible"]
        assert session.live is None

    def test_draws_seldom_while_words_pour_in(self, page: Any) -> None:
        shown = talk(page(*EVENTS[:2], *[Wrote(0, "a")] * 3000, Done(ANSWER)), app.Session())
        assert len(shown) < 100

    def test_an_error_is_a_message_and_the_next_question_works(self, page: Any) -> None:
        at, session = page(EVENTS[0], ModelError("broken; mend it.")), app.Session()
        shown = talk(at, session)
        assert "broken; mend it." in shown[-1][at.thread]
        assert session.live is None
        assert "Waiting" in talk(at, session)[0][at.live]

    def test_a_bug_is_not_hidden(self, page: Any) -> None:
        at, session = page(EVENTS[0], KeyError("ours")), app.Session()
        with pytest.raises(KeyError, match="ours"):
            talk(at, session)
        shown = asyncio.run(at.broken(session))
        assert "The program itself failed" in shown[at.thread]
        assert session.live is None

    @pytest.mark.parametrize("question", ["", "  \n\t "], ids=["nothing", "white space"])
    def test_no_question(self, question: str, page: Any) -> None:
        at, session = page(), app.Session()
        shown = talk(at, session, question)
        assert "Type a question first." in shown[0][at.hint]
        assert session == app.Session()

    def test_a_question_while_one_is_answered(self, page: Any) -> None:
        at, session = page(), app.Session()

        async def ask() -> dict[Any, Any]:
            await at.begin("what?", session)
            held = await at.begin("and then?", session)
            return dict(held)

        held = asyncio.run(ask())
        assert "One question at a time" in held[at.hint]
        assert list(held) == [at.hint], "what was typed stays"
        assert session.turn == 1

    def test_stop(self, page: Any) -> None:
        at, session = page(*EVENTS[:-1], 60.0), app.Session()

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
        at, session = page(), app.Session()
        assert asyncio.run(at.halt(session))[at.thread] == ""
        talk(at, session)
        before = list(session.past)
        asyncio.run(at.halt(session))
        assert session.past == before

    def test_a_long_talk_keeps_its_last_turns(self, page: Any) -> None:
        at, session = page(), app.Session()
        for _ in range(app.KEPT_TURNS + 3):
            talk(at, session)
        assert len(session.past) == app.KEPT_TURNS
        assert f'data-turn="{app.KEPT_TURNS + 3}"' in session.past[-1]

    def test_the_list_of_documents(self, page: Any) -> None:
        assert "On piers" in asyncio.run(page().fill())

    def test_programs_get_the_answer_as_json(self, page: Any) -> None:
        assert asyncio.run(page().answer("what?")) == ANSWER.to_json()


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
def library(desk: Any) -> tuple[app.Page, Assistant]:
    """A page over four documents whose facts are known, and its assistant."""

    async def lay_out() -> app.Page:
        import gradio as gr

        with gr.Blocks(analytics_enabled=False):
            return app.Page(at, [])

    at, assistant = desk()
    assistant.index.described = [DOCUMENT, *OTHERS]
    page = asyncio.run(lay_out())
    asyncio.run(at.learn())
    return page, assistant


class TestWithin:
    """Which documents may answer, as it is said on the page."""

    def test_all_may_unless_something_is_said(self, library: Any) -> None:
        at, assistant = library
        shown = talk(at, app.Session(), since=None, until=None)  # as boxes never unfolded are
        assert assistant.within == [None]
        assert "fn-asked" not in "".join(map(str, shown))

    def test_what_is_said_goes_to_the_assistant_and_stands_above_the_answer(
        self, library: Any
    ) -> None:
        at, assistant = library
        said: dict[str, Any] = {
            "since": "June 2020",
            "until": " 2023 ",
            "latest": True,
            "fact": "path",
            "chosen": ["publisher: Quist", "publisher: Holm & Co", "author: Mira: a b", "2023"],
        }
        session = app.Session()
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
        assert not shown[0][at.within]["open"], "the answer has the room"
        assert talk(at, session)[-1][at.live] == ""
        assert assistant.within[1:] == [None], "each question is asked as is said then"

    def test_what_is_no_date_is_told_in_place_of_an_answer(self, library: Any) -> None:
        at, assistant = library
        session = app.Session()
        shown = talk(at, session, since="soon")
        assert "Since: “soon” is no date; write it like 2020-06-12" in shown[0][at.thread]
        assert at.box not in shown[0], "the question can be asked again"
        assert shown[0][at.ask]["visible"]
        assert assistant.within == []
        assert session.live is None
        talk(at, session, since="2020")
        assert assistant.within == [Within(datetime.date(2020, 1, 1))]

    def test_how_many_are_left_is_said_before_anything_is_asked(self, library: Any) -> None:
        at, _ = library
        shown = asyncio.run(at.weigh(fact="publisher", chosen=["publisher: Quist"], since="2020"))
        words = "Asked of documents since 1 January 2020 whose publisher has “Quist” (1 of 4)"
        assert words in shown[at.which]
        assert shown[at.narrowed]["visible"]
        assert at.chosen not in shown, "what was picked is left alone"
        nothing = asyncio.run(at.weigh())
        assert not nothing[at.narrowed]["visible"]
        assert nothing[at.which] == ""

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
        at, _ = library
        shown = asyncio.run(at.weigh(**said))
        assert 'class="fn-error"' in shown[at.which]
        assert told in shown[at.which]
        assert shown[at.narrowed]["visible"]

    def test_words_that_are_typed_are_of_the_fact_in_sight(self, library: Any) -> None:
        at, _ = library
        typed = ["publisher: Quist", "ropes", "on: knots"]
        shown = asyncio.run(at.weigh(fact="title", chosen=typed))
        assert shown[at.chosen]["value"] == [
            "publisher: Quist",
            "title: ropes",
            "title: on: knots",
        ]
        assert shown[at.chosen]["choices"][:3] == shown[at.chosen]["value"], (
            "so that they can be seen"
        )

    def test_facts_and_their_values_are_offered(self, library: Any) -> None:
        at, _ = library
        shown = asyncio.run(at.begin_offer())
        facts = ["publisher", "author", "title", "path", "format", "date", "excerpt"]
        assert shown[at.fact]["choices"] == facts
        assert shown[at.fact]["value"] == "publisher"
        values = shown[at.chosen]["choices"]
        assert values == ["publisher: Quist", "publisher: Holm & Co"], "the most frequent first"
        paths = asyncio.run(at.offer("path", ["publisher: Quist"]))
        assert paths["choices"][:4] == [
            "publisher: Quist",
            "path: 2023",
            "path: 2019",
            "path: 2019/d0.txt",
        ]
        assert "value" not in paths, "what was chosen stays, also what is chosen meanwhile"
        assert asyncio.run(at.offer("excerpt", []))["choices"] == [], "nobody picks a paragraph"

    def test_of_very_many_values_some_are_offered_and_the_others_counted(
        self, library: Any
    ) -> None:
        at, _ = library
        at.desk.facts = {"title": [f"No. {n}" for n in range(5000)]}
        offered = asyncio.run(at.offer("title", []))
        assert len(offered["choices"]) == app.OFFERED
        assert "300 of 5,000 can be picked" in offered["info"]

    def test_clearing_asks_all_again(self, library: Any) -> None:
        at, _ = library
        shown = asyncio.run(at.widen("publisher"))
        assert [shown[part] for part in (at.since, at.until, at.latest)] == ["", "", False]
        assert shown[at.chosen]["value"] == []
        assert not shown[at.narrowed]["visible"]

    def test_before_the_documents_are_known_words_can_be_typed(self, page: Any) -> None:
        at = page()
        said = {"fact": "title", "chosen": ["piers", "publisher: Quist"]}
        shown = asyncio.run(at.weigh(**said))
        assert "whose title has “piers” and whose publisher has “Quist”" in shown[at.which]

    def test_programs_may_say_so_too(self, library: Any) -> None:
        import gradio as gr

        at, assistant = library
        asyncio.run(at.answer("what?", until="2020", only=["Publisher=Quist", "title = a=b"]))
        only = (("publisher", "Quist"), ("title", "a=b"))
        assert assistant.within == [Within(until=datetime.date(2020, 12, 31), only=only)]
        with pytest.raises(gr.Error, match="write it like publisher=NBC"):
            asyncio.run(at.answer("what?", only=["Quist"]))

    def test_the_list_of_documents_reads_none_that_it_does_not_show(self, library: Any) -> None:
        at, assistant = library
        described = [replace(DOCUMENT, id=f"d{n}", source=f"{n:04}", text="") for n in range(500)]
        read: list[str] = []

        class Documents(dict[str, Document]):
            def __getitem__(self, id_: str) -> Document:
                read.append(id_)
                return replace(described[int(id_[1:])], text="Its words.")

        assistant.index.described = described
        assistant.index.documents = Documents()
        html = asyncio.run(at.fill())
        assert "these 500 documents" in html
        assert html.count("Its words.") == 12
        assert read == [f"d{n}" for n in range(12)]


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    from httpx import Client

    async def lay_out() -> Any:
        return app.build_page(Assistant)

    page = asyncio.run(lay_out())
    with app.launch(page, port=0) as server, Client(base_url=server.url) as client:
        yield client


class TestNetwork:
    def test_the_browser_is_told_to_stay_here(self, served: Any) -> None:
        policy = served.get("/config").headers["content-security-policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'self'"
        assert "connect-src" not in rules
        assert not any("http" in rule or "*" in rule for rule in rules.values())

    def test_programs_see_one_endpoint(self, served: Any) -> None:
        described = served.get("/gradio_api/info").json()
        assert list(described["named_endpoints"]) == ["/ask"]
        assert described["unnamed_endpoints"] == {}

    def test_what_may_be_left_out_has_a_default(self, served: Any) -> None:
        described = served.get("/gradio_api/info").json()["named_endpoints"]["/ask"]
        given = {p["parameter_name"]: p for p in described["parameters"]}
        assert list(given) == ["question", "since", "until", "latest", "only"]
        assert [name for name, p in given.items() if not p["parameter_has_default"]] == ["question"]

    @pytest.mark.parametrize(
        ("data", "filled"),
        [
            (["what?"], ["what?", "", "", False, []]),
            (["what?", "2020"], ["what?", "2020", "", False, []]),
        ],
    )
    def test_programs_may_leave_out_what_has_a_default(
        self, data: list[Any], filled: list[Any]
    ) -> None:
        async def given() -> None:
            page = app.build_page(Assistant)
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
        assert [d["api_name"] for d in asked] == ["ask"]


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
