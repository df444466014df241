"""The conversations beside the chat: listed, found, opened, renamed, taken along, deleted, judged.

They are HTML of ours; what is done with them comes through two buttons that nobody sees
(behaviour/conversations.js says what was done).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from rag import render, serving
from rag.conversations import (
    FORMATS,
    Conversations,
    Export,
    Reason,
    Thumb,
    Turn,
    export,
)
from rag.errors import ConversationError, ConversationsDamagedError, RagError
from rag.page.keeping import Kept
from rag.page.questions import Question
from rag.page.session import KEPT_TURNS, LISTED, Session
from rag.render import conversations as looks
from rag.render.page import Present
from rag.render.words import say

if TYPE_CHECKING:
    import gradio as gr
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from rag.page.ask import AskTab
    from rag.page.shell import Shell

Done = Mapping[str, str]
"""What was done, as the browser tells it: `do`, and what it was done with."""


class ConversationsPart:
    """The parts beside the chat and what happens on them; a handler returns what it changes.

    Args:
        shell: what they stand in.
        kept: the conversations.
    """

    def __init__(self, shell: Shell, kept: Kept) -> None:
        """Lay them out; `connect` says what happens."""
        import gradio as gr

        self.shell = shell
        self.desk = shell.desk
        self.kept = kept
        serving.html_part(looks.toggle_html(), "fn-kept-holder")
        with gr.Column(elem_id="fn-kept"):
            serving.html_part(looks.new_html(), "fn-kept-head")
            self.told = serving.html_part("", "fn-kept-told")
            self.list = serving.html_part("", "fn-kept-list")
            self.go = gr.Button("", elem_id="fn-kept-go")
            self.act = gr.Button("", elem_id="fn-kept-act")
        self.done = gr.Textbox(visible=False)

    def connect(self, ask: AskTab) -> None:
        """Say which event leads to which handler."""
        session, quiet = self.shell.session, self.shell.quiet
        js = "() => [window.footnote.done(), null]"
        given = [self.done, session]
        shown = [*ask.turns, ask.suggested, ask.welcome, ask.collection, self.list, self.told]
        gone = self.go.click(
            self.change_over, given, shown, js=js, trigger_mode="multiple", queue=False, **quiet
        )
        ask.answering(gone)
        gone.success(
            self.reopen, session, ask.thread, queue=False, trigger_mode="multiple", **quiet
        )
        self.act.click(
            self.take, given, shown, js=js,
            trigger_mode="multiple", queue=False, **quiet,
        )  # fmt: skip

    # What is shown.

    async def draw(self, session: Session) -> dict[gr.Component, Any]:
        """Return the list as it is now, and whether anything could not be kept."""
        try:
            html = await self.kept.do(partial(self._listed, session))
        except ConversationError as error:
            return {self.list: self._trouble(error), self.told: ""}
        trouble = self.kept.trouble
        return {self.list: html, self.told: self._trouble(trouble) if trouble else ""}

    def _trouble(self, error: ConversationError) -> str:
        damaged = isinstance(error, ConversationsDamagedError)
        return looks.trouble_html(self.shell.told(error), damaged=damaged)

    def _listed(self, session: Session, kept: Conversations) -> str:
        """Return the list, one more being asked for than is shown to see whether there are more."""
        count, opened = session.listed, session.conversation
        if session.sought:
            found = kept.search(session.sought, count + 1)
            return looks.found_html(found[:count], opened, session.sought, more=len(found) > count)
        listed = kept.recent(count + 1)
        today = datetime.now().astimezone().date()
        return looks.list_html(listed[:count], opened, today, more=len(listed) > count)

    def judge_of(self, question: Question) -> str:
        """Return the thumbs under an answer that is kept."""
        if question.answer is None or self.kept.trouble is not None:
            return ""
        return looks.judge_html(question.id, refused=question.answer.abstained)

    # Opening another conversation.

    async def change_over(self, done: str, session: Session) -> dict[gr.Component, Any]:
        """Begin a new conversation or open one that was kept."""
        deed = _deed(done)
        told = ""
        if deed.get("do") == "open":
            try:
                await self.take_up(session, deed.get("id", ""))
            except ConversationError as error:
                told = self.shell.refusal(error)
        else:
            session.clear()
        drawn = await self.draw(session)
        if told:
            drawn[self.told] = told
        return {**self._chat(session), **drawn}

    def _chat(self, session: Session) -> dict[gr.Component, Any]:
        """Return the chat of a conversation that was changed over to."""
        import gradio as gr

        ask = self.shell.ask
        fresh = not session.past and session.question is None
        return {
            **ask.shown(session),
            ask.suggested: "",
            ask.welcome: gr.update(visible=fresh),
            ask.collection: self.shell.asked(session),
        }

    async def take_up(self, session: Session, id_: str) -> None:
        """Have a tab show a conversation that was kept, and what is still being answered in it.

        Raises:
            ConversationError: it was deleted, or cannot be read.
        """
        turns = await self.kept.do(lambda kept: kept.turns(id_))
        session.clear()
        session.conversation = id_
        session.question = self.desk.line.of(id_)
        collection = turns[-1].collection if turns else ""
        if collection in self.desk.collections:
            session.collection = collection
        await self._show(session, turns)
        watched = session.question
        numbers = [turn.number for turn in turns if watched is None or turn.id != watched.id]
        session.turn = max(numbers, default=0)
        if watched is not None:
            if watched.live.turn in numbers:  # asked in another window, which counts for itself
                watched.tell(replace(watched.live, turn=session.turn + 1))
            session.turn = max(session.turn, watched.live.turn)

    async def reopen(self, session: Session) -> dict[gr.Component, Any]:
        """Show sources in their documents as soon as these are open."""
        import gradio as gr

        thread = self.shell.ask.thread
        waited, id_ = set(session.unopened), session.conversation
        for name in waited:
            try:
                await self.desk.assistant(name)
            except RagError:
                return {thread: gr.skip()}  # told in place of the list of documents
        if not waited or session.conversation != id_:
            return {thread: gr.skip()}
        try:
            turns = await self.kept.do(lambda kept: kept.turns(id_))
        except ConversationError:
            return {thread: gr.skip()}  # deleted meanwhile
        await self._show(session, turns, max(len(session.past), KEPT_TURNS))
        return {thread: self.shell.ask.thread_of(session)}

    async def _show(self, session: Session, turns: Sequence[Turn], most: int = KEPT_TURNS) -> None:
        """Put the latest turns that were kept into a tab, but the one it is watching."""
        watched = session.question.id if session.question else ""
        every = [turn for turn in turns if turn.id != watched]
        settled = every[-most:]
        session.earlier = len(every) - len(settled)
        names = {turn.collection for turn in settled if turn.collection in self.desk.collections}
        session.unopened = {name for name in names if not self.desk.ready(name)}
        for name in session.unopened:
            self.desk.start(name)
        html = await self.desk.aside(lambda: [self._turn(turn, session) for turn in settled])
        session.past = html
        session.answers = [(turn.typed, turn.answer) for turn in settled if turn.answer is not None]

    def _turn(self, turn: Turn, session: Session) -> str:
        name = turn.collection
        present = Present(partial(self.desk.lies_at, name), opening=name in session.unopened)
        return looks.kept_html(turn, self.desk.documents(name), present)

    # What is done with one.

    async def take(self, done: str, session: Session) -> dict[gr.Component, Any]:
        """Do what was asked for in the list or under an answer."""
        deed = _deed(done)
        deeds: dict[str, Callable[[Done, Session], Awaitable[str]]] = {
            "rename": self._rename,
            "delete": self._delete,
            "delete-all": self._delete_all,
            "judge": self._judge,
            "why": self._judge,
            "search": self._search,
            "more": self._more,
            "earlier": self._earlier,
            "aside": self._set_aside,
        }
        thread = self.shell.ask.thread
        before = session.conversation, list(session.past)
        act = deeds.get(deed.get("do", ""))
        try:
            told = await act(deed, session) if act else ""
        except ConversationError as error:
            note = self.shell.refusal(error)
            return {**await self.draw(session), self.told: note}
        drawn = await self.draw(session)
        if told:
            drawn[self.told] = render.note_html(told)
        if session.conversation != before[0]:
            return {**self._chat(session), **drawn}
        if session.past != before[1]:
            drawn[thread] = self.shell.ask.thread_of(session)
        return drawn

    async def _rename(self, deed: Done, session: Session) -> str:
        title, id_ = deed.get("title", ""), deed.get("id", "")
        await self.kept.do(lambda kept: kept.rename(id_, title))
        return say("Renamed.")

    async def _delete(self, deed: Done, session: Session) -> str:
        id_ = deed.get("id", "")
        await self.kept.do(lambda kept: kept.delete(id_))
        self._forget(id_, session)
        return say("Deleted.")

    async def _delete_all(self, deed: Done, session: Session) -> str:
        count = await self.kept.do(lambda kept: kept.delete_all())
        owners = [question.owner for question in self.desk.line.questions]
        for owner in (session.conversation, *owners):
            self._forget(owner, session)
        if count == 1:
            return say("1 conversation was deleted.")
        return say("{count} conversations were deleted.", count=count)

    def _forget(self, conversation: str, session: Session) -> None:
        """Leave a conversation that was deleted, and stop what is being answered in it."""
        question = self.desk.line.of(conversation)
        if question is not None:
            self.desk.stop(question)
        if session.conversation == conversation:
            session.clear()

    async def _judge(self, deed: Done, session: Session) -> str:
        """Keep what is thought of an answer; a thumb that is pressed again is taken back."""
        id_ = deed.get("id", "")
        thumb, words = Thumb.of(deed.get("thumb", "")), deed.get("words", "")
        reason = Reason.of(deed.get("reason", ""))
        why = deed.get("do") == "why"

        def work(kept: Conversations) -> Turn:
            known = kept.turn(id_).feedback
            if not why and known is not None and known.thumb is thumb:
                return kept.withdraw(id_)
            return kept.judge(id_, thumb, reason, words)

        turn = await self.kept.do(work)
        refused = turn.answer is not None and turn.answer.abstained
        asked = turn.feedback is not None and not why
        judge = looks.judge_html(turn.id, turn.feedback, refused=refused, asked=asked)
        session.past = [looks.judged_again(html, turn.id, judge) for html in session.past]
        return ""

    async def _search(self, deed: Done, session: Session) -> str:
        session.sought, session.listed = deed.get("words", "").strip()[: looks.MOST_SOUGHT], LISTED
        return ""

    async def _more(self, deed: Done, session: Session) -> str:
        session.listed += LISTED
        return ""

    async def _earlier(self, deed: Done, session: Session) -> str:
        """Show turns that were left out because there are many."""
        id_ = session.conversation
        turns = await self.kept.do(lambda kept: kept.turns(id_))
        await self._show(session, turns, len(session.past) + KEPT_TURNS)
        return ""

    async def _set_aside(self, deed: Done, session: Session) -> str:
        await self.kept.set_aside()
        return say("The file was set aside beside itself; a new one is begun.")


def exports(kept: Kept) -> Route:
    """Return the route that serves a conversation to take along, by its id and the format."""
    from starlette.responses import Response
    from starlette.routing import Route

    async def answer(request: Request) -> Response:
        form = next((f for f in FORMATS if f == request.path_params["form"]), None)
        id_ = request.path_params["id"]
        if form is None:
            return Response(status_code=404)

        def work(conversations: Conversations) -> Export:
            return export(conversations.conversation(id_), conversations.turns(id_), form)

        try:
            made = await kept.do(work)
        except ConversationError:
            return Response(status_code=404)
        headers = {"content-disposition": _attachment(made.name), "cache-control": "no-store"}
        return Response(made.text.encode(), media_type=made.media_type, headers=headers)

    return Route(f"/{looks.EXPORTS}/{{id}}/{{form}}", answer, methods=["GET"])


def _attachment(name: str) -> str:
    """Return the header that has a file saved under a name of any script (RFC 6266)."""
    from urllib.parse import quote

    stem, _, ending = name.rpartition(".")
    plain = "".join(c for c in stem if c.isascii()).rstrip("-") or "footnote"
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"


def _deed(done: str) -> Done:
    """Return what was done, as far as it is told in a form that is known."""
    try:
        value = json.loads(done or "{}")
    except ValueError:
        return {}
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        return {}
    return cast("Done", value)
