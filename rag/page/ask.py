"""The Ask tab: the question, the answer in the making, the answers of the conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rag import render, serving
from rag.errors import ConversationError, QuestionError, RagError
from rag.page.following import earlier_of
from rag.page.questions import Question
from rag.page.session import Session
from rag.page.within import WithinPart
from rag.render.words import say

if TYPE_CHECKING:
    import gradio as gr

    from rag.page.shell import Shell

PULSE_S = 1.0  # between two looks at what is answered, and for questions to ask next


class AskTab:
    """The parts of the tab and what happens on them; a handler returns what it changes."""

    def __init__(self, shell: Shell, examples: Sequence[str]) -> None:
        """Lay the tab out; `connect` says what happens."""
        import gradio as gr

        self.shell = shell
        self.desk = shell.desk
        self.session = shell.session
        with gr.Column(elem_id="fn-chat"):
            with gr.Column(elem_id="fn-welcome") as self.welcome:
                opening = render.note_html(say("Opening your documents"))
                self.library = serving.html_part(opening, "fn-library")
                if examples:
                    serving.html_part(render.try_html(), "fn-try")
                self.examples = [
                    gr.Button(text, elem_classes="fn-example", size="sm") for text in examples
                ]
            self.thread = serving.html_part("", "fn-thread")
            self.live = serving.html_part("", "fn-live")
            self.sources = serving.html_part("", "fn-live-sources")
            self.suggested = serving.html_part("", "fn-suggested")
            with gr.Column(elem_id="fn-composer"):
                self.hint = serving.html_part("", "fn-hint")
                self.within = WithinPart(shell)
                self._lay_out_collection()
                with gr.Row(elem_id="fn-asking"):
                    self.box = gr.Textbox(
                        label=say("Your question"),
                        show_label=False,
                        container=False,
                        placeholder=say("Ask your documents"),
                        lines=1,
                        max_lines=6,
                        autofocus=True,
                        elem_id="fn-box",
                    )
                    self.ask = gr.Button(say("Ask"), variant="primary", elem_id="fn-ask")
                    self.stop = gr.Button(say("Stop"), visible=False, elem_id="fn-stop")
        # What the browser remembers of this tab: see behaviour/asking.js.
        self.remembered = gr.Textbox(visible=False)
        # Beats while something is answered or looked for, so that nothing depends on the stream of
        # answers alone: Gradio's browser part loses it where an event ends as another begins.
        self.pulse = gr.Timer(PULSE_S, active=False)
        self.turns = [
            *(self.thread, self.live, self.sources, self.hint, self.ask, self.stop),
            self.pulse,
        ]

    def _lay_out_collection(self) -> None:
        import gradio as gr

        names = list(self.desk.collections)
        self.collection = gr.Dropdown(
            names,
            value=self.desk.collection,
            label=say("Collection"),
            visible=len(names) > 1,
            elem_id="fn-collection",
            filterable=False,
        )

    def connect(self) -> None:
        """Say which event leads to which handler."""
        import gradio as gr

        quiet = self.shell.quiet
        asking = [*self.turns, self.suggested, self.box, self.welcome, self.within.fold]
        asked = [self.session, *self.within.said]
        for trigger, question in [
            (self.ask.click, self.box),
            (self.box.submit, self.box),
            *((example.click, example) for example in self.examples),
        ]:
            begun = trigger(self.begin, [question, *asked], asking, queue=False, **quiet)
            self.answering(begun)
        halted = self.stop.click(self.halt, self.session, self.turns, queue=False, **quiet)
        self._keep_listed(halted)
        self.box.input(
            self.foresee,
            [self.box, self.session],
            None,
            trigger_mode="always_last",
            queue=False,
            **quiet,
        )
        beaten = [*self.turns, self.suggested]
        self.pulse.tick(self.beat, self.session, beaten, queue=False, **quiet)
        shown = [*asking, self.collection]
        loaded = self.shell.blocks.load(
            self.restore, [self.remembered, self.session], shown, queue=False,
            js="() => [window.footnote.remembered(), null]", **quiet,
        )  # fmt: skip
        self.answering(loaded)
        if (beside := self.shell.conversations) is not None:
            loaded.success(beside.reopen, self.session, self.thread, queue=False, **quiet)
        gr.on(fn=self.fill, inputs=self.session, outputs=self.library, queue=False, **quiet)
        picked = self.collection.input(
            self.choose, [self.collection, self.session], [self.library], queue=False, **quiet
        )
        self.changed_over(picked)
        self.within.connect(quiet)

    def changed_over(self, picked: gr.events.Dependency) -> None:
        """Have the documents of another collection listed, and offered to be chosen from."""
        quiet = self.shell.quiet
        picked.success(self.fill, self.session, self.library, queue=False, **quiet)
        learnt = [self.within.fact, self.within.chosen]
        picked.success(self.within.begin_offer, self.session, learnt, queue=False, **quiet)

    def answering(self, begun: gr.events.Dependency) -> None:
        """Have an answer shown after its question."""
        answering = {"concurrency_limit": None, "trigger_mode": "multiple", **self.shell.quiet}
        replied = begun.success(self.reply, self.session, self.turns, **answering)
        self._keep_listed(begun, replied)

    def _keep_listed(self, *events: Any) -> None:
        """List the conversations anew after events."""
        if (beside := self.shell.conversations) is not None:
            for event in events:
                event.success(
                    beside.draw,
                    self.session,
                    [beside.list, beside.told],
                    queue=False,
                    trigger_mode="multiple",
                    **self.shell.quiet,
                )

    async def fill(self, session: Session) -> str:
        """List the documents as soon as they are known."""
        name = self.shell.asked(session)
        try:
            await self.desk.assistant(name)
        except RagError as error:
            return self.shell.refusal(error)
        documents, described = self.desk.documents(name), self.desk.described(name)
        whole = partial(render.library_html, described, whole=lambda d: documents[d.id])
        return await self.desk.aside(whole)

    async def choose(self, collection: str, session: Session) -> str:
        """Ask another collection from now on."""
        if collection in self.desk.collections:
            session.collection = collection
            self.desk.start(collection)
            await self.desk.aside(lambda: self.shell.choices.remember(collection))
        return render.note_html(say("Opening your documents"))

    async def begin(self, question: str, session: Session, *said: Any) -> dict[gr.Component, Any]:
        """Show the question at once; the answer waits for the model.

        Args:
            question: as it was typed.
            session: of this tab.
            said: which documents may answer, as the boxes say.
        """
        import gradio as gr

        if session.question is not None:
            held = say("One question at a time: stop this one to ask another.")
            return {self.hint: render.note_html(held)}
        typed = question.strip()
        if not typed:
            return {self.hint: render.note_html(say("Type a question first."))}
        live = render.Live(typed, session.begin())
        try:
            within = self.within.meant(session, *said)
        except QuestionError as error:
            html = render.error_html(typed, str(error), live.turn)
            session.finish(live.turn, html)
            return {self.welcome: gr.update(visible=False), **self.shown(session)}
        if within:
            live = replace(live, asked=within.which())
        earlier = earlier_of(session.answers)
        asked = Question(session.conversation, self.shell.asked(session), live, within, earlier)
        session.question = asked
        self.desk.ask(asked)
        folded = {self.within.fold: gr.update(open=False), self.welcome: gr.update(visible=False)}
        return {self.box: "", self.suggested: "", **folded, **self.shown(session)}

    async def reply(self, session: Session) -> AsyncIterator[dict[gr.Component, Any]]:
        """Show the answer in the making, then the answer."""
        import gradio as gr

        question = session.question
        if question is None:
            yield {self.live: gr.skip()}
            return
        cited = 0
        async with aclosing(question.watch()) as states:
            async for live in states:
                if session.question is not question:  # stopped, or another conversation
                    break
                change = {self.live: render.live_html(live, question.seconds())}
                if len(live.citations) != cited:
                    cited = len(live.citations)
                    documents = self.desk.documents(question.collection)
                    change[self.sources] = render.sources_html(live.citations, documents, live.turn)
                yield change
        if session.question is question:
            self.settle(session, question)
        yield self.shown(session)

    async def beat(self, session: Session) -> dict[gr.Component, Any]:
        """Show what the stream of an answer has not, and what to ask next as it is found."""
        import gradio as gr

        question, latest = session.question, session.latest
        if question is not None:
            if question.left_s and not question.ended.is_set():  # nobody streams it any more
                return {self.live: render.live_html(question.live, question.seconds())}
            if question.ended_s < PULSE_S:  # it is about to be shown
                return {self.live: gr.skip()}
            self.settle(session, question)
            return self.shown(session)
        if latest is None or not _stands_last(session, latest):
            return {self.suggested: "", self.pulse: gr.Timer(active=False)}
        more = self.desk.suggesting(latest)
        found = render.suggested_html(latest.suggested)
        return {self.suggested: found, self.pulse: gr.Timer(active=more)}

    def settle(self, session: Session, question: Question) -> None:
        """Put what came of a question into the thread."""
        answer = question.answer
        told = (question.live.question, answer) if answer is not None else None
        session.finish(question.live.turn, self.html_of(question), told)
        session.latest = question
        self.desk.suggest(question)

    def html_of(self, question: Question) -> str:
        """Return the finished turn of a question."""
        live = question.live
        documents = self.desk.documents(question.collection)
        if question.answer is not None:
            beside = self.shell.conversations
            return render.to_html(
                question.answer,
                documents,
                live.turn,
                typed=live.question,
                meant=live.meant,
                unclear=live.unclear,
                below=beside.judge_of(question) if beside is not None else "",
            )
        if question.error is not None:
            return render.error_html(live.question, self.shell.told(question.error), live.turn)
        if question.broken:
            message = say("The program itself failed. The terminal it was started from says where.")
            return render.error_html(live.question, message, live.turn)
        return render.stopped_html(live, documents)

    async def halt(self, session: Session) -> dict[gr.Component, Any]:
        """Stop at once and keep what was proven by then.

        Nothing is awaited here, so that no event can come between.
        """
        question = session.question
        if question is not None:
            self.desk.stop(question)
            documents = self.desk.documents(question.collection)
            session.finish(question.live.turn, render.stopped_html(question.live, documents))
        return self.shown(session)

    async def restore(self, conversation: str | None, session: Session) -> dict[gr.Component, Any]:
        """Take up the conversation that this tab showed before it was loaded anew."""
        import gradio as gr

        if not conversation or session.question is not None:
            return {self.live: gr.skip()}
        if (beside := self.shell.conversations) is not None:
            try:
                await beside.take_up(session, conversation)
            except ConversationError:
                return {self.live: gr.skip()}  # deleted since; or told in place of the list
        elif (at_work := self.desk.line.of(conversation)) is not None:
            session.conversation, session.question = at_work.owner, at_work
            session.collection, session.turn = at_work.collection, at_work.live.turn
        else:
            return {self.live: gr.skip()}
        chosen = {self.collection: self.shell.asked(session)}
        return {self.welcome: gr.update(visible=False), **chosen, **self.shown(session)}

    async def foresee(self, question: str, session: Session) -> None:
        """Have the assistant read what a question being typed will need."""
        name = self.shell.asked(session)
        await self.desk.aside(lambda: self.desk.foresee(question, name))

    def thread_of(self, session: Session) -> str:
        """Return the finished turns of a tab."""
        earlier = session.earlier if self.shell.conversations is not None else 0
        return render.thread_html(session.past, session.conversation, earlier)

    def _suggesting(self, session: Session) -> bool:
        """Tell whether more to ask next may come."""
        return session.latest is not None and self.desk.suggesting(session.latest)

    def shown(self, session: Session) -> dict[gr.Component, Any]:
        """Return everything that shows where this tab stands."""
        import gradio as gr

        question = session.question
        busy = question is not None
        return {
            self.thread: self.thread_of(session),
            self.live: render.live_html(question.live) if question is not None else "",
            self.sources: "",
            self.hint: "",
            self.ask: gr.update(visible=not busy),
            self.stop: gr.update(visible=busy),
            self.pulse: gr.Timer(active=busy or self._suggesting(session)),
        }


def _stands_last(session: Session, question: Question) -> bool:
    """Tell whether a question is the latest that a tab shows."""
    last = session.conversation == question.owner and session.turn == question.live.turn
    return last and session.question is None
