"""The Trust tab: what this set-up is worth, and measuring it beside the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from rag import serving, trust
from rag.errors import LibraryError, RagError
from rag.measuring import Plan, plan
from rag.page.session import Session
from rag.render import trust as worded
from rag.render.words import say

if TYPE_CHECKING:
    import gradio as gr

    from rag.index import Index
    from rag.page.shell import Shell

LOOK_S = 0.5  # between two looks at a measuring

Change = dict["gr.Component", Any]


class TrustTab:
    """The parts of the tab and what happens on them."""

    def __init__(self, shell: Shell, tab: gr.Tab) -> None:
        """Lay the tab out, and say what happens."""
        import gradio as gr

        self.shell = shell
        self.desk = shell.desk
        self.choices = shell.choices
        with gr.Column(elem_id="fn-trust", elem_classes="fn-sheet"):
            self.panel = serving.html_part(worded.waiting_html(), "fn-worth")
            self.takes = serving.html_part("", "fn-takes")
            with gr.Row(elem_id="fn-measuring"):
                self.measure = gr.Button(
                    say("Measure now"), size="sm", elem_id="fn-measure", interactive=False
                )
                self.stop = gr.Button(
                    say("Stop measuring"), visible=False, size="sm", elem_id="fn-stop-measuring"
                )
            self.progress = serving.html_part("", "fn-measured")
        quiet, session = shell.quiet, shell.session
        every = [self.panel, self.takes, self.measure, self.stop, self.progress]
        # Gradio drops an event that comes while the one before it is being ended.
        answering = {"concurrency_limit": None, "trigger_mode": "multiple", **quiet}
        tab.select(self.fill, session, every, **answering)
        begun = self.measure.click(self.begin, session, every, **answering)
        begun.success(self.watch, session, every, **answering)
        self.stop.click(self.halt, None, every, queue=False, **quiet)

    async def fill(self, session: Session) -> AsyncIterator[Change]:
        """Show what is known of the set-up, then how far measuring is."""
        yield await self.shown(session)
        async for change in self.watch(session):
            yield change

    async def shown(self, session: Session) -> Change:
        """Return the panel and how long measuring takes."""
        import gradio as gr

        name = self.shell.asked(session)
        try:
            assistant = await self.desk.assistant(name)
            index = cast("Index", assistant.index)
            html, planned = await self.desk.aside(partial(self._worth, name, index, session))
        except RagError as error:
            return {
                self.panel: self.shell.refusal(error),
                self.measure: gr.update(interactive=False),
            }
        return {
            self.panel: html,
            self.takes: worded.takes_html(planned),
            self.measure: gr.update(interactive=not self._busy()),
            **self._measuring(),
        }

    def _worth(self, name: str, index: Index, session: Session) -> tuple[str, Plan]:
        """Return what is known of a set-up, and what measuring it would do."""
        settings = self.choices.settings
        facts = trust.Trust(
            model=trust.model_facts(settings.model),
            documents=trust.document_facts(index, refused=self._refused(name)),
            said=trust.said_facts(answer for _, answer in session.answers),
            measured=trust.measured(settings, index),
            samples=trust.samples(settings),
        )
        return worded.worth_html(facts), plan(index.folder, index, settings)

    def _refused(self, name: str) -> int:
        """Return how many files of a collection could not be read, as far as that is known."""
        if self.desk.library is None:
            return 0
        try:
            entries = self.desk.library.get(name).entries()
        except LibraryError:
            return 0  # an index that is named by its path
        return sum(entry.status == "refused" for entry in entries)

    def _busy(self) -> bool:
        now = self.choices.measuring.now
        return now is not None and now.outcome == "running"

    def _measuring(self) -> Change:
        """Return how far measuring is."""
        import gradio as gr

        now, busy = self.choices.measuring.now, self._busy()
        error = self.shell.told(RagError(now.error)) if now is not None else ""
        return {
            self.progress: worded.measuring_html(now, error),
            self.stop: gr.update(visible=busy),
            self.measure: gr.update(interactive=not busy),
        }

    async def begin(self, session: Session) -> Change:
        """Begin to measure the set-up as it is now."""
        name = self.shell.asked(session)
        try:
            assistant = await self.desk.assistant(name)
            index = cast("Index", assistant.index)
            planned = await self.desk.aside(
                partial(plan, index.folder, index, self.choices.settings)
            )
        except RagError as error:
            return {self.progress: self.shell.refusal(error)}
        self.choices.measuring.start(planned)
        return self._measuring()

    async def watch(self, session: Session) -> AsyncIterator[Change]:
        """Show how far measuring is until it has ended, then what it found."""
        if not self._busy():
            return
        while self._busy():
            yield self._measuring()
            await asyncio.sleep(LOOK_S)
        yield await self.shown(session)

    async def halt(self) -> Change:
        """Stop measuring; what was asked is kept."""
        self.choices.measuring.stop()
        return self._measuring()
