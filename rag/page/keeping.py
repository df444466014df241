"""Keeps what is asked and answered on the page, beside it: nobody waits for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from rag.conversations import Conversations, set_aside
from rag.errors import ConversationError, RagError
from rag.page.questions import Question
from rag.render.words import say
from rag.types import Statement

Made = TypeVar("Made")


class Kept:
    """The conversations of the page, in a thread of their own, so that all is done in its order.

    Args:
        folder: where they are; the data folder where none is given.
        told: puts an error into words that may be shown.

    Attributes:
        trouble: why the latest question or answer could not be kept, None where it was.
    """

    def __init__(self, folder: Path | None = None, told: Callable[[RagError], str] = str) -> None:
        self.trouble: ConversationError | None = None
        self._folder = folder
        self._told = told
        self._conversations: Conversations | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keeping")

    # What the desk tells.

    def begun(self, question: Question) -> None:
        """Keep a question."""
        self._note(
            lambda kept: kept.ask(
                question.typed,
                conversation_id=question.owner,
                turn_id=question.id,
                asked=question.live.asks,
                collection=question.collection,
            )
        )

    def changed(self, question: Question) -> None:
        """Keep what has been proven so far, and the question as it is asked by now."""
        proven, asked = question.live.proven, question.live.asks

        def note(kept: Conversations) -> None:
            if asked != question.typed:
                kept.resolved(question.id, asked)
            kept.note_progress(question.id, proven)

        self._note(note)

    def ended(self, question: Question) -> None:
        """Keep what came of it; returns when that is done, unless the page itself is waiting."""
        proven, asked = question.live.proven, question.live.asks

        def note(kept: Conversations) -> None:
            if asked != question.typed:
                kept.resolved(question.id, asked)
            _settle(kept, question, proven, self._told)

        done = self._note(note)
        if done is not None and not _in_a_loop():
            done.result()

    def close(self) -> None:
        """Do what is left to be kept, and let go of the file."""
        if not self._closed:
            self._closed = True
            self._thread.submit(self._let_go).result()
            self._thread.shutdown()

    # What the page asks.

    async def do(self, work: Callable[[Conversations], Made]) -> Made:
        """Do something with the conversations when what was told before is done.

        Raises:
            ConversationError: it cannot be done.
        """
        return await asyncio.wrap_future(self._thread.submit(lambda: work(self._opened())))

    async def set_aside(self) -> None:
        """Give the file another name and begin a new one.

        Raises:
            ConversationError: it cannot be renamed.
        """

        def work() -> None:
            self._let_go()
            set_aside(Conversations.path_in(self._folder))
            self._opened()
            self.trouble = None

        await asyncio.wrap_future(self._thread.submit(work))

    def _note(self, work: Callable[[Conversations], object]) -> Future[None] | None:
        """Do something when its turn comes; that it cannot be done is told on the page."""
        if self._closed:
            return None

        def noted() -> None:
            try:
                work(self._opened())
            except ConversationError as error:
                self.trouble = error
            else:
                self.trouble = None

        return self._thread.submit(noted)

    def _opened(self) -> Conversations:
        if self._conversations is None:
            self._conversations = Conversations(self._folder)
        return self._conversations

    def _let_go(self) -> None:
        if self._conversations is not None:
            self._conversations.close()
            self._conversations = None


def _settle(
    kept: Conversations,
    question: Question,
    proven: Sequence[Statement],
    told: Callable[[RagError], str],
) -> None:
    """Keep how a question ended."""
    if question.answer is not None:
        kept.finish(question.id, question.answer)
    elif question.error is not None:
        kept.fail(question.id, told(question.error))
    elif question.broken:
        kept.fail(question.id, say("The program itself failed."))
    else:
        kept.stop(question.id, proven)


def _in_a_loop() -> bool:
    """Tell whether this is the thread of the page, which must not wait."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
