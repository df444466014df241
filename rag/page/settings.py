"""The Settings tab: strictness, length, model and language, kept on disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from rag import render, serving
from rag.catalogue import CATALOGUE, Offer
from rag.config import Length
from rag.errors import RagError
from rag.page.session import Session
from rag.preferences import Strictness
from rag.render import settings as worded
from rag.render.words import languages, say

if TYPE_CHECKING:
    import gradio as gr

    from rag.page.shell import Shell

LOOK_S = 0.4  # between two looks at a download

Change = dict["gr.Component", Any]


class SettingsTab:
    """The parts of the tab and what happens on them."""

    def __init__(self, shell: Shell) -> None:
        """Lay the tab out, and say what happens."""
        import gradio as gr

        self.shell = shell
        self.desk = shell.desk
        self.choices = shell.choices
        with gr.Column(elem_id="fn-settings", elem_classes="fn-sheet"):
            self.fault = serving.html_part(self._fault(), "fn-fault")
            self._lay_out_answers()
            self._lay_out_models()
            serving.html_part(worded.heading_html(say("Language")), "fn-language-head")
            self.language = gr.Radio(
                [(name, code) for code, name in languages().items()],
                value=self.choices.now.language,
                label=say("Language of this page"),
                show_label=False,
                elem_id="fn-language",
                elem_classes="fn-choice fn-in-line",
            )
            self.kept = serving.html_part("", "fn-taken")
        # The language in whose words the page is to be loaded anew, if it is.
        self.spoken = gr.Textbox(visible=False)
        self._connect()

    def _lay_out_answers(self) -> None:
        import gradio as gr

        now = self.choices.now
        serving.html_part(
            worded.heading_html(
                say("How sure a statement must be"),
                say("A name, number, date or denial that the source does not have is never shown."),
            ),
            "fn-strictness-head",
        )
        self.strictness = gr.Radio(
            self._strictness(),
            value=now.strictness,
            label=say("How sure a statement must be"),
            show_label=False,
            elem_id="fn-strictness",
            elem_classes="fn-choice",
        )
        self.figures = serving.html_part(self._figures(), "fn-figures")
        serving.html_part(
            worded.heading_html(
                say("Length of answers"), say("Every statement is proven, whatever the length.")
            ),
            "fn-length-head",
        )
        self.length = gr.Radio(
            [(worded.choice(*worded.length_words(each)), each) for each in get_args(Length)],
            value=now.length,
            label=say("Length of answers"),
            show_label=False,
            elem_id="fn-length",
            elem_classes="fn-choice",
        )

    def _lay_out_models(self) -> None:
        import gradio as gr

        serving.html_part(
            worded.heading_html(
                say("Model"),
                say("It reads, writes and judges on this computer. Changing it takes a moment."),
            ),
            "fn-model-head",
        )
        self.model = gr.Radio(
            [],
            label=say("Model"),
            show_label=False,
            elem_id="fn-model",
            elem_classes="fn-choice",
        )
        self.offers: dict[str, tuple[gr.Row, gr.HTML, gr.Button]] = {}
        for name, model in CATALOGUE.items():
            if model.kind != "writer":
                continue
            with gr.Row(visible=False, elem_classes="fn-offer") as row:
                part = serving.html_part("", f"fn-offer-{_slug(name)}")
                button = gr.Button(
                    worded.get_label(Offer(model, "missing")),
                    size="sm",
                    elem_id=f"fn-get-{_slug(name)}",
                )
            self.offers[name] = (row, part, button)
        self.download = serving.html_part("", "fn-download")
        self.cancel = gr.Button(
            say("Stop the download"), visible=False, size="sm", elem_id="fn-cancel-download"
        )

    def _connect(self) -> None:
        import gradio as gr

        quiet, session = self.shell.quiet, self.shell.session
        unqueued = {"queue": False, "trigger_mode": "multiple", **quiet}
        # Gradio drops an event that comes while the one before it is being ended.
        answering = {"concurrency_limit": None, "trigger_mode": "multiple", **quiet}
        said = [self.kept, self.fault]
        self.strictness.input(self.choose_strictness, self.strictness, said, **unqueued)
        self.length.input(self.choose_length, self.length, said, **unqueued)
        self.model.input(
            self.choose_model, [self.model, session], [*said, self.figures], **answering
        )
        spoken = self.language.input(
            self.choose_language, self.language, [*said, self.language, self.spoken], **unqueued
        )
        anew = "(spoken) => { if (spoken) window.footnoteAnew(); }"
        spoken.success(None, self.spoken, None, js=anew, **unqueued)
        standing = [self.model, self.download, self.cancel]
        standing += [part for row in self.offers.values() for part in row]
        for name, (_, _, button) in self.offers.items():
            begun = button.click(partial(self.fetch, name), None, standing, **unqueued)
            begun.success(self.watch, None, standing, **answering)
        self.cancel.click(self.stop, None, None, **unqueued)
        shown = [*said, self.strictness, self.length, self.language, self.figures]
        self.shell.blocks.load(self.show, None, shown, **unqueued)
        # Apart from the rest: a model that lies here unchecked is read whole.
        gr.on(fn=self.watch, inputs=None, outputs=standing, **answering)

    # What is shown.

    async def show(self) -> Change:
        """Show what holds, which another window may have changed."""
        import gradio as gr

        now = self.choices.now
        return {
            self.strictness: gr.update(choices=self._strictness(), value=now.strictness),
            self.length: now.length,
            self.language: gr.update(
                choices=[(name, code) for code, name in languages().items()], value=now.language
            ),
            self.figures: self._figures(),
            self.fault: self._fault(),
            self.kept: "",
        }

    def _strictness(self) -> list[tuple[str, str]]:
        every = get_args(Strictness)
        return [(worded.choice(*worded.strictness_words(each)), each) for each in every]

    def _figures(self) -> str:
        note = worded.figures_note(self.choices.now.model)
        return render.note_html(note) if note else ""

    def _fault(self) -> str:
        faults = filter(None, (self.choices.file.fault, self.choices.fault))
        return "".join(render.note_html(fault, error=True) for fault in faults)

    async def standing(self) -> Change:
        """Show how the models stand, and how far a download is."""
        import gradio as gr

        now = self.choices.now
        offers = await self.desk.aside(lambda: list(self.choices.models()))
        ready = [offer.model for offer in offers if offer.stand == "ready"]
        choices = [(worded.choice(m.name, worded.model_line(m)), m.name) for m in ready]
        own = worded.own_model_line()
        choices += [(worded.choice(name, own), name) for name in self.choices.own_models()]
        known = now.model in {value for _, value in choices}
        change: Change = {
            self.model: gr.update(choices=choices, value=now.model if known else None)
        }
        busy, at_work = self._busy(), self.choices.downloads.now
        for offer in offers:
            row, part, button = self.offers[offer.model.name]
            change[row] = gr.update(visible=offer.stand != "ready")
            coming = busy and at_work is not None and at_work.model == offer.model.name
            change[part] = worded.offer_html(offer, coming=coming)
            change[button] = gr.update(
                value=worded.get_label(offer),
                visible=offer.stand != "too large",
                interactive=not busy,
            )
        return {**change, **self._download()}

    def _busy(self) -> bool:
        now = self.choices.downloads.now
        return now is not None and now.outcome == "running"

    def _download(self) -> Change:
        import gradio as gr

        now = self.choices.downloads.now
        error = self.shell.told(RagError(now.error)) if now is not None else ""
        return {
            self.download: worded.download_html(now, error),
            self.cancel: gr.update(visible=self._busy()),
        }

    # What happens.

    async def choose_strictness(self, value: Strictness) -> Change:
        """Take up how sure a statement must be."""
        return await self._choose(worded.strictness_words(value)[0], strictness=value)

    async def choose_length(self, value: Length) -> Change:
        """Take up how long answers are."""
        return await self._choose(worded.length_words(value)[0], length=value)

    async def choose_model(self, value: str, session: Session) -> AsyncIterator[Change]:
        """Take up another model, and tell when it is open."""
        try:
            told, changed = await self.desk.aside(lambda: self.choices.choose(model=value))
        except RagError as error:
            yield {self.kept: self.shell.refusal(error)}
            return
        yield {
            self.kept: render.note_html(say("Opening {name}", name=value)),
            self.figures: self._figures(),
        }
        try:
            if changed is not None:
                await asyncio.shield(asyncio.wrap_future(changed))
            await self.desk.assistant(self.shell.asked(session))
        except RagError as error:
            yield {self.kept: self.shell.refusal(error)}
            return
        yield self._kept(value, told)

    async def choose_language(self, value: str) -> Change:
        """Speak another language; the page is loaded anew then."""
        try:
            told = await self.desk.aside(lambda: self.choices.choose_language(value))
        except RagError as error:
            note = self.shell.refusal(error)
            return {self.kept: note, self.language: self.choices.now.language, self.spoken: ""}
        return {**self._kept(languages().get(value, value), told), self.spoken: value}

    async def _choose(self, chosen: str, **changes: Any) -> Change:
        try:
            told, _ = await self.desk.aside(lambda: self.choices.choose(**changes))
        except RagError as error:
            return {self.kept: self.shell.refusal(error)}
        return self._kept(chosen, told)

    def _kept(self, chosen: str, told: str) -> Change:
        if told:
            return {self.kept: self.shell.refusal(RagError(told))}
        return {self.kept: worded.kept_html(chosen)}

    async def fetch(self, name: str) -> Change:
        """Begin to bring a model here."""
        try:
            self.choices.downloads.start(name)
        except RagError as error:
            return {self.download: self.shell.refusal(error)}
        return await self.standing()

    async def watch(self) -> AsyncIterator[Change]:
        """Show how far a download is until it has ended."""
        yield await self.standing()
        if not self._busy():
            return
        while self._busy():
            yield self._download()
            await asyncio.sleep(LOOK_S)
        yield await self.standing()

    async def stop(self) -> None:
        """Stop the download; what has arrived is kept."""
        self.choices.downloads.cancel()


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name)
