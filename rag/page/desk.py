"""What stands behind the page: an assistant for each collection, and the questions under work.

One desk serves every window. Assistants are opened behind the page, so that the page is there at
once; questions wait in one line, because there is one model.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeVar

from rag.config import Settings
from rag.documents.pictures import Pictures
from rag.errors import CancelledError
from rag.library import Library
from rag.page.following import ByModel, Following
from rag.page.keeping import Kept
from rag.page.questions import Line, Question, Task
from rag.render.words import say
from rag.types import Answer, Document, Event
from rag.within import Within, facts

Made = TypeVar("Made")


class IndexLike(Protocol):
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
    def index(self) -> IndexLike:
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

    def read_ahead(self) -> object:
        """Read passages while nobody asks, from now on."""

    def rest(self) -> None:
        """Leave off reading ahead."""

    def close(self) -> None:
        """Free what it holds."""


class Opener(Protocol):
    """Opens assistants; what they share (the model) is its own."""

    def __call__(self, collection: str) -> AssistantLike:
        """Open a collection.

        Raises:
            RagError: it cannot be opened.
        """

    @property
    def settings(self) -> Settings:
        """How questions are answered."""

    def collections(self) -> Sequence[str]:
        """Return the names of the collections there are."""

    def change(self, settings: Settings) -> None:
        """Answer by other settings from now on; called while nobody asks."""

    def close(self) -> None:
        """Free what the assistants share."""


class Desk:
    """The assistants behind the page and the line of questions.

    Args:
        opener: opens assistants, each in the background and once.
        collection: the one a new window asks.
        keeper: keeps the conversations; told of every question.
        following: understands follow-ups; by the model where not given.
        library: the collections that can be added to; None where there are none.

    Attributes:
        collection: the one a new window asks.
        line: the questions under work.
        redraw: lays the page out anew, for windows that are loaded from then on.
        narrow: from a collection and what is asked of its documents to the same without those
            that were left out of it.
    """

    def __init__(
        self,
        opener: Opener,
        collection: str,
        keeper: Kept | None = None,
        following: Following | None = None,
        library: Library | None = None,
    ) -> None:
        self.collection = collection
        self.line = Line(self._stream, self._ended)
        self.keeper = keeper
        self.following = following or ByModel()
        self.library = library
        self.redraw: Callable[[], None] = lambda: None
        self.narrow: Callable[[str, Within | None], Within | None] = lambda name, within: within
        self._opener = opener
        self._threads = ThreadPoolExecutor()
        self._opening: dict[str, Future[AssistantLike]] = {}
        self._facts: dict[str, tuple[AssistantLike, Mapping[str, Sequence[str]]]] = {}
        self._suggesting: tuple[Question, Task] | None = None
        self._pictures = Pictures()
        self._closed = False
        self._wanted: tuple[Settings, Future[None]] | None = None
        self._guard = threading.Lock()

    # Assistants.

    @property
    def settings(self) -> Settings:
        """How questions are answered."""
        return self._opener.settings

    def change(self, settings: Settings) -> Future[None]:
        """Answer by other settings from the next question on; the assistants are opened anew.

        Returns:
            What is done as soon as it is so: at once, or when the question at work has ended.
        """
        with self._guard:
            before = self._wanted
            done: Future[None] = before[1] if before is not None else Future()
            self._wanted = settings, done
        self._drop_suggestions()  # they would be of what is changed, and keep it waiting
        if before is None:
            self.line.meanwhile(lambda cancel: self._change())
        return done

    def _change(self) -> None:
        """Change the settings, if that is wanted; in the thread of the line, where none asks."""
        with self._guard:
            wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._opener.change(wanted[0])
            self.renew()
            wanted[1].set_result(None)

    @property
    def collections(self) -> Sequence[str]:
        """Names of the collections there are."""
        return self._opener.collections()

    def ready(self, collection: str) -> bool:
        """Tell whether a question need not wait for the assistant to be opened."""
        opening = self._opening.get(collection)
        return opening is not None and opening.done()

    def opened(self, collection: str) -> AssistantLike | None:
        """Return an assistant, None as long as it is not open."""
        opening = self._opening.get(collection)
        if opening is None or not opening.done() or opening.cancelled() or opening.exception():
            return None
        return opening.result()

    def documents(self, collection: str) -> Mapping[str, Document]:
        """Return the documents by id; none as long as the assistant is not open."""
        assistant = self.opened(collection)
        return assistant.index.documents if assistant is not None else {}

    def lies_at(self, collection: str, source: str, inside: str) -> Document | None:
        """Return the document that lies at a path now, None where none does or it is not open."""
        known = self.documents(collection)
        return next(
            (
                known[each.id]
                for each in self.described(collection)
                if (each.source == source or source in each.also) and each.inside == inside
            ),
            None,
        )

    def described(self, collection: str) -> Sequence[Document]:
        """Return the same without their text, for going through thousands."""
        assistant = self.opened(collection)
        return assistant.index.described if assistant is not None else ()

    def start(self, collection: str = "") -> Future[AssistantLike]:
        """Begin to open an assistant; again if that failed, for the cure may have been taken.

        Raises:
            CancelledError: the page is being closed.
        """
        self._check_open()
        name = collection or self.collection
        opening = self._opening.get(name)
        if opening is None or (opening.done() and (opening.cancelled() or opening.exception())):
            self._opening[name] = opening = self._threads.submit(self._opener, name)
        return opening

    async def assistant(self, collection: str) -> AssistantLike:
        """Wait for an assistant; who stops waiting does not stop the others.

        Raises:
            RagError: it cannot be opened.
        """
        return await asyncio.shield(asyncio.wrap_future(self.start(collection)))

    def renew(self, collection: str = "") -> None:
        """Open a collection anew, or all of them, because what they hold or use has changed.

        Questions under work keep what they began with; later ones wait for the new one.
        """
        for name in [collection] if collection else list(self._opening):
            old = self.opened(name)
            if self._opening.pop(name, None) is not None:
                self._facts.pop(name, None)
                if old is not None:
                    old.rest()
                self.start(name)

    def forget(self, collection: str) -> None:
        """Let go of a collection that is not there any more."""
        old = self.opened(collection)
        self._opening.pop(collection, None)
        self._facts.pop(collection, None)
        if old is not None:
            old.rest()

    async def facts(self, collection: str) -> Mapping[str, Sequence[str]]:
        """Wait for an assistant, and return by what its documents can be chosen.

        Raises:
            RagError: it cannot be opened.
        """
        assistant = await self.assistant(collection)
        known = self._facts.get(collection)
        if known is None or known[0] is not assistant:
            found = await self.aside(lambda: facts(assistant.index.described))
            self._facts[collection] = known = (assistant, found)
        return known[1]

    def known_facts(self, collection: str) -> Mapping[str, Sequence[str]]:
        """Return the same as far as it is known already."""
        known = self._facts.get(collection)
        return known[1] if known is not None else {}

    async def aside(self, work: Callable[[], Made]) -> Made:
        """Do what takes a while beside the page.

        Raises:
            CancelledError: the page is being closed.
        """
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _check_open(self) -> None:
        """Refuse what comes while everything is being closed."""
        if self._closed:
            raise CancelledError("the page is being closed; start it again.")

    def draw(self, document: str, page: int, marked: list[tuple[int, int]]) -> bytes:
        """Return a page of a document as a PNG file, stretches of its text marked.

        Raises:
            KeyError: there is no document of that id.
            DocumentError: it has no such page, or has changed.
        """
        found = next(
            (
                known[document]
                for name in list(self._opening)
                if document in (known := self.documents(name))
            ),
            None,
        )
        if found is None:
            raise KeyError(document)
        return self._pictures.page(found, page, marked)

    # Questions.

    def ask(self, question: Question) -> Question:
        """Take a question into the line."""
        if self.keeper is not None:
            question.kept = True
            self.keeper.begun(question)
        self.line.add(question)
        return question

    def stop(self, question: Question) -> None:
        """Stop the work on a question; what was proven by then stays."""
        self.line.stop(question)
        self._ended(question)

    def _ended(self, question: Question) -> None:
        """Have it kept what came of a question."""
        if self.keeper is not None and question.kept:
            self.keeper.ended(question)

    def _stream(self, question: Question) -> None:
        """Take up the events of an answer, in the thread of the line.

        Raises:
            RagError: the question cannot be answered.
        """
        self._change()
        opening = self.start(question.collection)
        loading = "" if opening.done() else say("Loading the model, once")
        question.tell(replace(question.live, before=None, note=loading))
        assistant = opening.result()
        question.tell(replace(question.live, note="", stage="searching"))
        self._attend(question.collection)
        self._resolve(assistant, question)
        within = self.narrow(question.collection, question.within)
        events = assistant.stream(question.live.asks, within=within, cancel=question.cancel)
        for event in events:
            question.take(event)
            if question.cancel.is_set() and question.answer is None:
                break
            if self.keeper is not None and question.kept and question.live.settled(event):
                self.keeper.changed(question)

    def _resolve(self, assistant: AssistantLike, question: Question) -> None:
        """Find out what a question means in its conversation."""
        if not question.earlier:
            return
        typed = question.live.question
        found = self.following.resolve(assistant, typed, question.earlier, question.cancel)
        if found.changed:
            question.tell(replace(question.live, meant=found.question))
        elif found.leans:
            question.tell(replace(question.live, unclear=True))

    def suggest(self, question: Question) -> None:
        """Look for questions to ask next, while nobody asks."""
        answer, assistant = question.answer, self.opened(question.collection)
        if answer is None or assistant is None or answer.abstained:
            return

        def work(cancel: threading.Event) -> None:
            within = self.narrow(question.collection, question.within)
            try:
                for each in self.following.suggest(assistant, answer, within, cancel):
                    question.suggested = (*question.suggested, each)
            finally:
                if self.suggesting(question):
                    self._suggesting = None

        self._drop_suggestions()  # one window's at a time: those of the latest answer
        self._suggesting = question, work
        self.line.meanwhile(work)

    def _drop_suggestions(self) -> None:
        """Look no more for what is being looked for."""
        dropped, self._suggesting = self._suggesting, None
        if dropped is not None:
            self.line.drop(dropped[1])

    def suggesting(self, question: Question) -> bool:
        """Tell whether more questions to ask next may come."""
        return self._suggesting is not None and self._suggesting[0] is question

    def _attend(self, collection: str) -> None:
        """Let what is read ahead be of the documents that are asked: there is one model."""
        for name in list(self._opening):
            if name != collection and (other := self.opened(name)) is not None:
                other.rest()
        if (assistant := self.opened(collection)) is not None:
            assistant.read_ahead()

    def foresee(self, question: str, collection: str) -> None:
        """Have an assistant read what a question being typed will need, while nobody asks."""
        assistant = self.opened(collection)
        if assistant is not None and not self.line.busy:
            assistant.foresee(question)

    def close(self) -> None:
        """Stop what is being worked on and close the assistants."""
        self._closed = True
        if self.keeper is not None:
            self.keeper.close()
        if self.library is not None:
            self.library.close()
        self.line.close()
        self._threads.shutdown(cancel_futures=True)
        self._pictures.close()
        for name in list(self._opening):
            if (assistant := self.opened(name)) is not None:
                assistant.close()
        self._opener.close()


def answered(question: Question) -> Answer:
    """Return the answer of a question that ended.

    Raises:
        RagError: there is none.
    """
    if question.error is not None:
        raise question.error
    if question.answer is None:
        raise RuntimeError("the assistant ended without an answer")
    return question.answer
