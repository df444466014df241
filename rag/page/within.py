"""Which documents may answer, as it is said under the box: by date and by facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag import render, serving
from rag.errors import QuestionError, RagError
from rag.page.session import Session
from rag.render.words import numeral, say
from rag.within import Within, typed

if TYPE_CHECKING:
    import gradio as gr

    from rag.page.shell import Shell

OFFERED = 300  # values of a fact that can be picked; the others can be typed
IS = ": "  # between a fact and its value, as they are picked


class WithinPart:
    """The boxes by which documents are chosen, and what is said of the choice."""

    def __init__(self, shell: Shell) -> None:
        """Lay them out."""
        import gradio as gr

        self.shell = shell
        self.desk = shell.desk
        self.session = shell.session
        with gr.Row(visible=False, elem_id="fn-narrowed") as self.narrowed:
            self.which = serving.html_part("", "fn-which")
            self.clear = gr.Button(say("Ask all documents"), size="sm", elem_id="fn-clear")
        label = say("Which documents may answer")
        with gr.Accordion(label, open=False, elem_id="fn-within") as self.fold:
            with gr.Row():
                self.since, self.until = (
                    gr.Textbox(label=label, placeholder=example, max_lines=1, elem_id=elem_id)
                    for label, example, elem_id in (
                        (say("Since"), say("such as June 2020"), "fn-since"),
                        (say("Until"), say("such as 2021"), "fn-until"),
                    )
                )
            with gr.Row():
                self.fact = gr.Dropdown(["title"], label=say("Fact"), elem_id="fn-fact", scale=1)
                self.chosen = gr.Dropdown(
                    [],
                    value=[],
                    label=say("Only documents with"),
                    multiselect=True,
                    allow_custom_value=True,
                    elem_id="fn-chosen",
                    scale=3,
                )
            self.latest = gr.Checkbox(
                label=say("Only the latest of those found"), container=False, elem_id="fn-latest"
            )
        self.said = [self.since, self.until, self.latest, self.fact, self.chosen]

    def connect(self, quiet: Mapping[str, Any]) -> None:
        """Say what happens when something is said."""
        import gradio as gr

        shown = [self.narrowed, self.which, self.chosen]
        dates = (each for box in (self.since, self.until) for each in (box.blur, box.submit))
        # Words that are typed into the list are a change of it, and no input to Gradio.
        given = [*dates, self.latest.input, self.chosen.change]
        said = [self.session, *self.said]
        gr.on(given, self.weigh, said, shown, queue=False, trigger_mode="always_last", **quiet)
        offer = [self.session, self.fact, self.chosen]
        self.fact.input(self.offer, offer, self.chosen, queue=False, **quiet)
        every = [*self.said, *shown[:2]]
        self.clear.click(self.widen, [self.session, self.fact], every, queue=False, **quiet)
        learnt = [self.fact, self.chosen]
        gr.on(
            fn=self.begin_offer,
            inputs=self.session,
            outputs=learnt,
            queue=False,
            **quiet,
        )

    async def begin_offer(self, session: Session) -> dict[gr.Component, Any]:
        """Offer the facts by which documents can be chosen, as soon as they are known."""
        import gradio as gr

        try:
            facts = await self.desk.facts(self.shell.asked(session))
        except RagError:
            return {self.fact: gr.skip()}  # told in place of the list of documents
        known = list(facts)
        return {
            self.fact: gr.update(choices=known, value=known[0]),
            self.chosen: await self.offer(session, known[0], []),
        }

    async def offer(
        self, session: Session, fact: str | None, chosen: Sequence[str]
    ) -> dict[str, Any]:
        """Offer the values of a fact, beside what has been chosen, which is left as it is."""
        import gradio as gr

        values = self._facts(session).get(fact or "", ())
        offered = [f"{fact}{IS}{value}" for value in values[:OFFERED]]
        info = say("Pick, or type words of it and press Enter.")
        if len(values) > OFFERED:
            shown, every = numeral(OFFERED), numeral(len(values))
            info = f"{say('{shown} of {count} can be picked.', shown=shown, count=every)} {info}"
        update: dict[str, Any] = gr.update(
            choices=list(dict.fromkeys([*chosen, *offered])),
            info=info,
        )
        return update

    async def weigh(
        self,
        session: Session,
        since: str | None = None,
        until: str | None = None,
        latest: bool = False,
        fact: str | None = None,
        chosen: Sequence[str] = (),
    ) -> dict[gr.Component, Any]:
        """Say in words what has been chosen, and how many documents that leaves."""
        import gradio as gr

        named = [IS.join(each) for each in self._pairs(session, chosen, fact)]
        # What was typed is shown as what it is taken for; else the list is left as it is.
        taken = {**await self.offer(session, fact, named), "value": named}
        change = {self.chosen: taken} if named != list(chosen) else {}
        try:
            within = self.meant(session, since, until, latest, fact, named)
            said = await self._count(session, within) if within else ""
        except QuestionError as error:
            said = render.note_html(str(error), error=True)
        return {self.narrowed: gr.update(visible=bool(said)), self.which: said, **change}

    async def _count(self, session: Session, within: Within) -> str:
        described = self.desk.described(self.shell.asked(session))
        if not described:  # not open yet
            return render.note_html(say("Asked of {documents}", documents=within.which()))
        left = await self.desk.aside(lambda: within.select(described))
        return render.within_html(within.which(), len(left), len(described))

    async def widen(self, session: Session, fact: str | None) -> dict[gr.Component, Any]:
        """Have all documents asked again."""
        import gradio as gr

        return {
            self.since: "",
            self.until: "",
            self.latest: False,
            self.chosen: {**await self.offer(session, fact, []), "value": []},
            self.narrowed: gr.update(visible=False),
            self.which: "",
        }

    def meant(
        self,
        session: Session,
        since: str | None = None,
        until: str | None = None,
        latest: bool = False,
        fact: str | None = None,
        chosen: Sequence[str] = (),
    ) -> Within | None:
        """Return which documents may answer; boxes that were never unfolded hold None.

        Raises:
            WithinError: something is no date.
        """
        return typed(since or "", until or "", bool(latest), self._pairs(session, chosen, fact))

    def _pairs(
        self, session: Session, chosen: Sequence[str], fact: str | None
    ) -> list[tuple[str, str]]:
        """Return what was picked as facts and words; words alone are of the fact in sight."""
        facts = self._facts(session)
        pairs = []
        for each in chosen:
            named, is_, words = each.partition(IS)
            known = is_ and (named in facts or not facts)
            pairs.append((named, words) if known else (fact or "title", each))
        return pairs

    def _facts(self, session: Session) -> Mapping[str, Sequence[str]]:
        return self.desk.known_facts(self.shell.asked(session))
