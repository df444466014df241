"""The web page: `Assistant.stream` on one side, `rag.render` on the other, no logic of its own.

One assistant serves every tab and answers one question at a time. It is opened behind the
page, so that the page is there at once and the first question waits with a message. Everything
the page needs comes from this machine: a content security policy forbids anything else.
"""

from __future__ import annotations

import rag  # isort: skip  # it settles OpenMP, so it stands before whatever loads torch or faiss

import argparse
import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rag import render, serving
from rag.config import DEFAULT_MODEL
from rag.documents.pictures import Pictures
from rag.errors import QuestionError, RagError
from rag.types import Document, Done, Event, Judged, Wrote
from rag.within import Within, facts, pair, typed

if TYPE_CHECKING:
    import gradio as gr

Made = TypeVar("Made")

HOST, PORT, INDEX = serving.HOST, 7860, "seeds"
TITLE = "Footnote"
TAGLINE = "answers from your own documents, every sentence proven"
KEPT_TURNS = 20
REDRAW_S = 0.1
MOMENT_S = 0.5
OFFERED = 300  # values of a fact that can be picked; the others can be typed
IS = ": "  # between a fact and its value, as they are picked
EXAMPLES = (
    "what conditions did Microsoft set?",
    "Which principles for facial recognition has Microsoft been promoting?",
    "What did Amazon and IBM announce?",
    "Who praised Microsoft's decision?",
    "What is the population of Seattle?",
)


class Library(Protocol):
    """What the page asks of an index."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """Every document, by id."""

    @property
    def described(self) -> Sequence[Document]:
        """The same without their text."""


class AssistantLike(Protocol):
    """What the page asks of an assistant."""

    @property
    def index(self) -> Library:
        """Where the documents are."""

    def stream(
        self,
        question: str,
        *,
        within: Within | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Answer one question from the documents that may; `cancel` stops it at once."""

    def foresee(self, question: str) -> None:
        """Read what a question that is being typed will need."""

    def close(self) -> None:
        """Free what it holds."""


class Desk:
    """The one assistant behind the page: opened in the background, asked by one at a time.

    The work has threads of its own, so that neither the page nor a stop waits for it.
    """

    def __init__(self, open_assistant: Callable[[], AssistantLike]) -> None:
        self._open = open_assistant
        self._threads = ThreadPoolExecutor()
        self._opening: Future[AssistantLike] | None = None
        self._asked: set[threading.Event] = set()
        self._pictures = Pictures()
        self.facts: Mapping[str, Sequence[str]] = {}

    @property
    def ready(self) -> bool:
        """Tell whether a question need not wait for the assistant to be opened."""
        return self._opening is not None and self._opening.done()

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by id; none as long as the assistant is not open."""
        assistant = self._opened()
        return assistant.index.documents if assistant is not None else {}

    @property
    def described(self) -> Sequence[Document]:
        """The same without their text, for going through thousands."""
        assistant = self._opened()
        return assistant.index.described if assistant is not None else ()

    async def aside(self, work: Callable[[], Made]) -> Made:
        """Do what takes a while beside the page."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def learn(self) -> None:
        """Wait for the assistant, and find by what its documents can be chosen.

        Raises:
            RagError: it cannot be opened.
        """
        await self.assistant()
        if not self.facts:
            self.facts = await self.aside(lambda: facts(self.described))

    def draw(self, document: str, page: int, marked: list[tuple[int, int]]) -> bytes:
        """Return a page of a document as a PNG file, stretches of its text marked.

        Raises:
            KeyError: there is no document of that id.
            DocumentError: it has no such page, or has changed.
        """
        return self._pictures.page(self.documents[document], page, marked)

    def _opened(self) -> AssistantLike | None:
        """Return the assistant, None as long as it is not open."""
        opening = self._opening
        if opening is None or not opening.done() or opening.cancelled() or opening.exception():
            return None
        return opening.result()

    def start(self) -> Future[AssistantLike]:
        """Begin to open the assistant; again if that failed, for the cure may have been taken."""
        if self._opening is None or (self._opening.done() and self._opening.exception()):
            self._opening = self._threads.submit(self._open)
        return self._opening

    async def assistant(self) -> AssistantLike:
        """Wait for the assistant; who stops waiting does not stop the others.

        Raises:
            RagError: it cannot be opened.
        """
        return await asyncio.shield(asyncio.wrap_future(self.start()))

    async def ask(
        self, question: str, cancel: threading.Event, within: Within | None = None
    ) -> AsyncGenerator[Event | None, None]:
        """Yield the events of one question, and None whenever nothing has come for a moment.

        Leaving early, or setting `cancel`, stops the work.

        Raises:
            RagError: the question cannot be answered.
        """
        assistant = await self.assistant()
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Event | Future[None]] = asyncio.Queue()

        def tell(item: Event | Future[None]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(told.put_nowait, item)

        def work() -> None:
            for event in assistant.stream(question, within=within, cancel=cancel):
                tell(event)
                if cancel.is_set():
                    break

        self._asked.add(cancel)
        self._threads.submit(work).add_done_callback(tell)
        try:
            while True:
                try:
                    item = await asyncio.wait_for(told.get(), MOMENT_S)
                except TimeoutError:
                    yield None
                    continue
                if isinstance(item, Future):
                    item.result()
                    return
                yield item
        finally:
            cancel.set()
            self._asked.discard(cancel)

    def foresee(self, question: str) -> None:
        """Have the assistant read what a question being typed will need, while nobody asks."""
        assistant = self._opened()
        if assistant is not None and not self._asked:
            assistant.foresee(question)

    def close(self) -> None:
        """Stop what is being worked on and close the assistant."""
        for cancel in tuple(self._asked):
            cancel.set()
        self._threads.shutdown(cancel_futures=True)
        self._pictures.close()
        assistant = self._opened()
        if assistant is not None:
            assistant.close()


@dataclass
class Session:
    """One tab: the turns it shows and the one in the making.

    Attributes:
        past: finished turns as HTML, oldest first.
        turn: number of the latest question.
        live: what is in the making, None when nothing is.
        cancel: stops the work on it; None until that is begun.
        waiting: it has been asked and nobody works on it yet.
        within: the documents that may answer it, None where all may.
    """

    past: list[str] = field(default_factory=list)
    turn: int = 0
    live: render.Live | None = None
    cancel: threading.Event | None = None
    waiting: bool = False
    within: Within | None = None

    def finish(self, turn: int, html: str) -> None:
        """Put a finished turn in the place of the one in the making, once."""
        if self.live is not None and self.live.turn == turn:
            self.past = [*self.past, html][-KEPT_TURNS:]
            self.live = None
            self.waiting = False


class Page:
    """The parts of the page and what happens on them; a handler returns what it changes."""

    def __init__(self, desk: Desk, examples: Sequence[str]) -> None:
        import gradio as gr

        self.desk = desk
        self.session = gr.State(Session())
        serving.html_part(render.header_html(TITLE, TAGLINE), "fn-top")
        with gr.Row(elem_id="fn-main"):
            with gr.Column(elem_id="fn-chat"):
                with gr.Column(elem_id="fn-welcome") as self.welcome:
                    self.library = serving.html_part(
                        render.note_html("Opening your documents"), "fn-library"
                    )
                    if examples:
                        serving.html_part(render.TRY, "fn-try")
                    self.examples = [
                        gr.Button(text, elem_classes="fn-example", size="sm") for text in examples
                    ]
                self.thread = serving.html_part("", "fn-thread")
                self.live = serving.html_part("", "fn-live")
                self.sources = serving.html_part("", "fn-live-sources")
                with gr.Column(elem_id="fn-composer"):
                    self.hint = serving.html_part("", "fn-hint")
                    self._lay_out_within()
                    with gr.Row(elem_id="fn-asking"):
                        self.box = gr.Textbox(
                            label="Your question",
                            show_label=False,
                            container=False,
                            placeholder="Ask your documents",
                            lines=1,
                            max_lines=6,
                            autofocus=True,
                            elem_id="fn-box",
                        )
                        self.ask = gr.Button("Ask", variant="primary", elem_id="fn-ask")
                        self.stop = gr.Button("Stop", visible=False, elem_id="fn-stop")
            with gr.Column(elem_id="fn-side"):
                serving.html_part(render.PANEL, "fn-holder")
        self._connect()

    def _lay_out_within(self) -> None:
        """Lay out what says which documents may answer."""
        import gradio as gr

        with gr.Row(visible=False, elem_id="fn-narrowed") as self.narrowed:
            self.which = serving.html_part("", "fn-which")
            self.clear = gr.Button("Ask all documents", size="sm", elem_id="fn-clear")
        label = "Which documents may answer"
        with gr.Accordion(label, open=False, elem_id="fn-within") as self.within:
            with gr.Row():
                self.since, self.until = (
                    gr.Textbox(
                        label=label, placeholder=f"such as {example}", max_lines=1, elem_id=elem_id
                    )
                    for label, example, elem_id in (
                        ("Since", "June 2020", "fn-since"),
                        ("Until", "2021", "fn-until"),
                    )
                )
            with gr.Row():
                self.fact = gr.Dropdown(["title"], label="Fact", elem_id="fn-fact", scale=1)
                self.chosen = gr.Dropdown(
                    [],
                    value=[],
                    label="Only documents with",
                    multiselect=True,
                    allow_custom_value=True,
                    elem_id="fn-chosen",
                    scale=3,
                )
            self.latest = gr.Checkbox(
                label="Only the latest of those found", container=False, elem_id="fn-latest"
            )

    def _connect_within(self, quiet: Mapping[str, Any]) -> None:
        """Say what happens when something is said of which documents may answer."""
        import gradio as gr

        said = [self.since, self.until, self.latest, self.fact, self.chosen]
        shown = [self.narrowed, self.which, self.chosen]
        dates = (each for box in (self.since, self.until) for each in (box.blur, box.submit))
        # Words that are typed into the list are a change of it, and no input to Gradio.
        given = [*dates, self.latest.input, self.chosen.change]
        gr.on(given, self.weigh, said, shown, queue=False, trigger_mode="always_last", **quiet)
        self.fact.input(self.offer, [self.fact, self.chosen], self.chosen, queue=False, **quiet)
        self.clear.click(self.widen, self.fact, [*said, *shown[:2]], queue=False, **quiet)
        gr.on(fn=self.begin_offer, outputs=said[3:], concurrency_limit=None, **quiet)

    def _connect(self) -> None:
        """Say which event leads to which handler."""
        import gradio as gr

        model = {"concurrency_id": "model", "concurrency_limit": 1}
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        turns = [self.thread, self.live, self.sources, self.hint, self.ask, self.stop]
        asking = [*turns, self.box, self.welcome, self.within]
        asked = [self.session, self.since, self.until, self.latest, self.fact, self.chosen]
        replies = []
        for trigger, question in [
            (self.ask.click, self.box),
            (self.box.submit, self.box),
            *((example.click, example) for example in self.examples),
        ]:
            begun = trigger(self.begin, [question, *asked], asking, queue=False, **quiet)
            reply = begun.success(self.reply, self.session, turns, **model, **quiet)
            reply.failure(self.broken, self.session, turns, queue=False, **quiet)
            replies.append(reply)
        self.stop.click(self.halt, self.session, turns, cancels=replies, queue=False, **quiet)
        typed = {"trigger_mode": "always_last", "concurrency_id": "typed", "concurrency_limit": 1}
        self.box.input(self.desk.foresee, self.box, None, **typed, **quiet)
        gr.on(fn=self.fill, outputs=self.library, concurrency_limit=None, **quiet)
        gr.api(self.answer, api_name="ask", **model)
        self._connect_within(quiet)

    async def fill(self) -> str:
        """List the documents as soon as they are known."""
        try:
            await self.desk.assistant()
        except RagError as error:
            return render.note_html(str(error), error=True)
        documents = self.desk.documents
        whole = partial(render.library_html, self.desk.described, whole=lambda d: documents[d.id])
        return await self.desk.aside(whole)

    async def begin_offer(self) -> dict[gr.Component, Any]:
        """Offer the facts by which documents can be chosen, as soon as they are known."""
        import gradio as gr

        try:
            await self.desk.learn()
        except RagError:
            return {self.fact: gr.skip()}  # told in place of the list of documents
        known = list(self.desk.facts)
        first = known[0]
        return {
            self.fact: gr.update(choices=known, value=first),
            self.chosen: await self.offer(first, []),
        }

    async def offer(self, fact: str | None, chosen: Sequence[str]) -> dict[str, Any]:
        """Offer the values of a fact, beside what has been chosen, which is left as it is."""
        import gradio as gr

        values = self.desk.facts.get(fact or "", ())
        offered = [f"{fact}{IS}{value}" for value in values[:OFFERED]]
        count = f"{OFFERED:,} of {len(values):,} can be picked. " if len(values) > OFFERED else ""
        update: dict[str, Any] = gr.update(
            choices=list(dict.fromkeys([*chosen, *offered])),
            info=f"{count}Pick, or type words of it and press Enter.",
        )
        return update

    async def weigh(
        self,
        since: str | None = None,
        until: str | None = None,
        latest: bool = False,
        fact: str | None = None,
        chosen: Sequence[str] = (),
    ) -> dict[gr.Component, Any]:
        """Say in words what has been chosen, and how many documents that leaves."""
        import gradio as gr

        named = [IS.join(each) for each in self._pairs(chosen, fact)]
        # What was typed is shown as what it is taken for; else the list is left as it is.
        taken = {**await self.offer(fact, named), "value": named}
        change = {self.chosen: taken} if named != list(chosen) else {}
        try:
            within = self._meant(since, until, latest, fact, named)
            said = await self._count(within) if within else ""
        except QuestionError as error:
            said = render.note_html(str(error), error=True)
        return {self.narrowed: gr.update(visible=bool(said)), self.which: said, **change}

    async def _count(self, within: Within) -> str:
        described = self.desk.described
        if not described:  # not open yet
            return render.note_html(f"Asked of {within.which()}")
        left = await self.desk.aside(lambda: within.select(described))
        return render.within_html(within.which(), len(left), len(described))

    async def widen(self, fact: str | None) -> dict[gr.Component, Any]:
        """Have all documents asked again."""
        import gradio as gr

        return {
            self.since: "",
            self.until: "",
            self.latest: False,
            self.chosen: {**await self.offer(fact, []), "value": []},
            self.narrowed: gr.update(visible=False),
            self.which: "",
        }

    def _meant(
        self,
        since: str | None,
        until: str | None,
        latest: bool,
        fact: str | None,
        chosen: Sequence[str],
    ) -> Within | None:
        """Return which documents may answer; boxes that were never unfolded hold None.

        Raises:
            WithinError: something is no date.
        """
        return typed(since or "", until or "", latest, self._pairs(chosen, fact))

    def _pairs(self, chosen: Sequence[str], fact: str | None) -> list[tuple[str, str]]:
        """Return what was picked as facts and words; words alone are of the fact in sight."""
        pairs = []
        for each in chosen:
            named, is_, words = each.partition(IS)
            known = is_ and (named in self.desk.facts or not self.desk.facts)
            pairs.append((named, words) if known else (fact or "title", each))
        return pairs

    async def begin(
        self,
        question: str,
        session: Session,
        since: str | None = None,
        until: str | None = None,
        latest: bool = False,
        fact: str | None = None,
        chosen: Sequence[str] = (),
    ) -> dict[gr.Component, Any]:
        """Show the question at once; the answer waits for the model."""
        import gradio as gr

        if session.live is not None:
            return {
                self.hint: render.note_html("One question at a time: stop this one to ask another.")
            }
        if not question.strip():
            return {self.hint: render.note_html("Type a question first.")}
        session.turn += 1
        session.live = render.Live(question.strip(), session.turn, "Waiting for the model")
        try:
            session.within = self._meant(since, until, latest, fact, chosen)
        except QuestionError as error:
            html = render.error_html(question.strip(), str(error), session.turn)
            session.finish(session.turn, html)
            return {self.welcome: gr.update(visible=False), **self._turns(session)}
        if session.within:
            session.live = replace(session.live, asked=session.within.which())
        session.cancel = threading.Event()
        session.waiting = True
        shut = {self.within: gr.update(open=False), self.welcome: gr.update(visible=False)}
        return {self.box: "", **shut, **self._turns(session)}

    async def reply(self, session: Session) -> AsyncIterator[dict[gr.Component, Any]]:
        """Show the answer in the making, then the answer."""
        import gradio as gr

        live, cancel = session.live, session.cancel
        if live is None or cancel is None or not session.waiting:
            yield {self.live: gr.skip()}
            return
        session.waiting = False
        ready = self.desk.ready
        note = "Looking through your documents" if ready else "Loading the model, once"
        session.live = live = replace(live, note=note)
        yield {self.live: render.live_html(live)}
        try:
            drawn = 0.0
            asked = self.desk.ask(live.question, cancel, session.within)
            async with aclosing(asked) as events:
                async for event in events:
                    if cancel.is_set():
                        break
                    if isinstance(event, Done):
                        html = render.to_html(event.answer, self.desk.documents, live.turn)
                        session.finish(live.turn, html)
                        break
                    if event is not None:
                        session.live = live = live.after(event)
                    now = time.monotonic()
                    if isinstance(event, Wrote) and now - drawn < REDRAW_S:
                        continue
                    drawn = now
                    yield self._change(event, live)
        except RagError as error:
            session.finish(live.turn, render.error_html(live.question, str(error), live.turn))
        finally:
            cancel.set()
        yield self._turns(session)

    def _change(self, event: Event | None, live: render.Live) -> dict[gr.Component, Any]:
        """Return what an event changes on the page."""
        change = {self.live: render.live_html(live)}
        if isinstance(event, Judged):
            documents = self.desk.documents
            change[self.sources] = render.sources_html(live.citations, documents, live.turn)
        return change

    async def halt(self, session: Session) -> dict[gr.Component, Any]:
        """Stop at once and keep what was proven by then.

        Nothing is awaited here, so that no event can come between.
        """
        if session.cancel is not None:
            session.cancel.set()
        if session.live is not None:
            live = session.live
            session.finish(live.turn, render.stopped_html(live, self.desk.documents))
        return self._turns(session)

    async def broken(self, session: Session) -> dict[gr.Component, Any]:
        """Give the page back after an error of ours; its traceback is in the terminal."""
        live = session.live
        if live is not None:
            message = "The program itself failed. The terminal it was started from says where."
            session.finish(live.turn, render.error_html(live.question, message, live.turn))
        return self._turns(session)

    async def answer(
        self,
        question: str,
        since: str = "",
        until: str = "",
        latest: bool = False,
        only: list[str] = [],  # noqa: B006  a tuple is no JSON, and nobody adds to it
    ) -> dict[str, Any]:
        """Answer one question from the documents, every sentence with citations.

        Args:
            question: in plain words.
            since: ask only documents of this day, month or year, or after; "" for any.
            until: ask only documents of this day, month or year, or before; "" for any.
            latest: ask the latest of the documents that are found alone.
            only: ask only documents with these words in a fact, each like "publisher=NBC".

        Returns:
            The answer as described in docs/answer-format.md.
        """
        import gradio as gr

        try:
            within = typed(since, until, latest, map(pair, only))
            asked = self.desk.ask(question, threading.Event(), within)
            async with aclosing(asked) as events:
                async for event in events:
                    if isinstance(event, Done):
                        return event.answer.to_json()
        except RagError as error:
            raise gr.Error(str(error), print_exception=False) from error
        raise RuntimeError("the assistant ended without an answer")

    def _turns(self, session: Session) -> dict[gr.Component, Any]:
        """Return everything that shows where this tab stands."""
        import gradio as gr

        busy = session.live is not None
        return {
            self.thread: render.thread_html(session.past),
            self.live: render.live_html(session.live) if session.live is not None else "",
            self.sources: "",
            self.hint: "",
            self.ask: gr.update(visible=not busy),
            self.stop: gr.update(visible=busy),
        }


def build_page(
    open_assistant: Callable[[], AssistantLike], *, examples: Sequence[str] = EXAMPLES
) -> gr.Blocks:
    """Return the page, not yet served.

    Args:
        open_assistant: called once, behind the page; it may take its time or raise a RagError.
        examples: questions to click.
    """
    return _lay_out(Desk(open_assistant), examples)


def _lay_out(desk: Desk, examples: Sequence[str]) -> gr.Blocks:
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    with serving.blocks(TITLE) as page:
        Page(desk, examples)
    page.desk = desk
    return page.queue(max_size=64)


def serve(
    host: str = HOST, port: int = PORT, index: str = INDEX, model: str = DEFAULT_MODEL
) -> None:
    """Serve the page for an index until interrupted.

    Args:
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on.
        index: name of a folder under `indexes/`, or a path.
        model: a name from the catalogue, or the path of a GGUF file.

    Raises:
        ConfigError: the port is taken, or others could reach the page without a password.
    """
    settings = rag.Settings(model=model)
    examples = EXAMPLES if index == INDEX else ()

    def open_assistant() -> AssistantLike:
        assistant = rag.Assistant.open(index, settings=settings)
        # The embedder loads with its first text: better now than while somebody waits.
        assistant.embedder.embed([TITLE], kind="query")
        assistant.read_ahead()
        return assistant

    desk = Desk(open_assistant)
    server = serving.Server(
        host,
        port,
        routes=[serving.document_pages(desk.draw)],
        password=serving.Password(),
        on_close=desk.close,
    )
    with server:
        sys.stdout.write(serving.greeting(TITLE, server))
        sys.stdout.flush()
        page = _lay_out(desk, examples)
        server.show(serving.asgi(page, render.head_html()))
        desk.start()  # from then on, for it keeps the machine busy
        server.wait()


def launch(page: gr.Blocks, host: str = HOST, port: int = PORT) -> serving.Server:
    """Begin to serve a page and return the server; its assistant is opened from then on.

    Raises:
        ConfigError: the port is taken.
    """
    desk = page.desk
    server = serving.Server(
        host, port, routes=[serving.document_pages(desk.draw)], on_close=desk.close
    )
    server.start()
    desk.start()
    server.show(serving.asgi(page, render.head_html()))
    return server


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=f"{TITLE}: {TAGLINE}. Serves the page.")
    parser.add_argument("--host", default=HOST, help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="default %(default)s")
    parser.add_argument("--index", default=INDEX, help="index to answer from, default %(default)s")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="model name or GGUF file, default %(default)s"
    )
    given = parser.parse_args(argv)
    try:
        serve(given.host, given.port, given.index, given.model)
    except RagError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
