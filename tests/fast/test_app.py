"""The page without a browser: what its handlers do, what it opens to the network, how it starts."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import app
from rag import serving
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


def talk(at: app.Page, session: app.Session, question: str = "what?") -> list[dict[Any, Any]]:
    """Ask, and return all that was shown."""

    async def ask() -> list[dict[Any, Any]]:
        return [await at.begin(question, session), *[change async for change in at.reply(session)]]

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


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    import gradio as gr
    from starlette.testclient import TestClient

    async def lay_out() -> Any:
        kwargs = {"middleware": serving.guards("127.0.0.1")}
        return gr.routes.App.create_app(app.build_page(Assistant), app_kwargs=kwargs)

    with TestClient(asyncio.run(lay_out()), base_url="http://127.0.0.1:7860") as client:
        yield client


class TestNetwork:
    def test_the_browser_is_told_to_stay_here(self, served: Any) -> None:
        policy = served.get("/config").headers["content-security-policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'self'"
        assert "connect-src" not in rules
        assert not any("http" in rule or "*" in rule for rule in rules.values())

    def test_no_other_name_reaches_the_page(self, served: Any) -> None:
        assert served.get("/config", headers={"host": "localhost:7860"}).status_code == 200
        assert served.get("/config", headers={"host": "evil.example"}).status_code == 400
        assert len(serving.guards("0.0.0.0")) == 1, "who opens the page to a network may name it"

    def test_programs_see_one_endpoint(self, served: Any) -> None:
        described = served.get("/gradio_api/info").json()
        assert list(described["named_endpoints"]) == ["/ask"]
        assert described["unnamed_endpoints"] == {}

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
