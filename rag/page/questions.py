"""Questions under work: they wait in one line, and go on whoever watches them.

The work has a thread of its own, so that neither the page nor a stop waits for it; a page that is
loaded anew finds its question again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
import traceback
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import uuid4

from rag import render
from rag.errors import CancelledError, RagError
from rag.followups import Earlier
from rag.types import Answer, Done, Event
from rag.within import Within

LOOK_S = 0.05  # between two looks at how a question stands
REDRAW_S = 0.1  # between two showings of it, at least
MOMENT_S = 0.5  # and at most, so that the seconds go on
FORSAKEN_S = 120.0  # nobody has watched a question for so long: it is stopped
HURRIED_S = 15.0  # the same where somebody else waits; a page is loaded anew in less


@dataclass(eq=False)
class Question:
    """One question, from the moment it is asked.

    Attributes:
        owner: whose it is; of several askers each is answered in turn.
        collection: name of the documents that are asked.
        live: how it stands.
        within: the documents that may answer it, None where all may.
        earlier: the turns before it, by which a follow-up is understood.
        suggested: questions to ask next, each one tried, as they are found.
        answer: once it is there.
        error: why there is none, in words for the reader.
        broken: an error of ours ended it; the terminal shows which.
        kept: it is of a conversation, and kept with it.
        cancel: stops the work on it.
        ended: nothing more comes of it.
        version: counts the changes of `live`.
        stages: seconds spent in each stage that is over.
        id: of this one question.
    """

    owner: str
    collection: str
    live: render.Live
    within: Within | None = None
    earlier: tuple[Earlier, ...] = ()
    suggested: tuple[str, ...] = ()
    answer: Answer | None = None
    error: RagError | None = None
    broken: bool = False
    kept: bool = False
    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    version: int = 0
    stages: dict[render.Stage, float] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid4().hex)
    _since: float = field(default_factory=time.monotonic)
    _watchers: int = 0
    _ended_at: float = 0.0
    _left: float = field(default_factory=time.monotonic)

    @property
    def typed(self) -> str:
        """The question as it was typed."""
        return self.live.question

    def tell(self, live: render.Live) -> None:
        """Change how it stands."""
        if live.stage != self.live.stage:
            self.stages = self.seconds()
            self._since = time.monotonic()
        self.live = live
        self.version += 1

    def take(self, event: Event) -> None:
        """Take up one event of its answer."""
        if isinstance(event, Done):
            self.answer = event.answer
        self.tell(self.live.after(event))

    def seconds(self) -> dict[render.Stage, float]:
        """Return the seconds spent in each stage until now."""
        stage, spent = self.live.stage, dict(self.stages)
        spent[stage] = spent.get(stage, 0.0) + time.monotonic() - self._since
        return spent

    @property
    def left_s(self) -> float:
        """Seconds for which nobody has watched it."""
        return 0.0 if self._watchers else time.monotonic() - self._left

    @property
    def ended_s(self) -> float:
        """Seconds since it ended; 0 before that."""
        return time.monotonic() - self._ended_at if self._ended_at else 0.0

    def end(self) -> None:
        """Say that nothing more comes."""
        self.version += 1
        self._ended_at = self._ended_at or time.monotonic()
        self.ended.set()

    async def watch(self) -> AsyncGenerator[render.Live]:
        """Yield how it stands, whenever that changed and every moment, until it ended."""
        self._watchers += 1
        try:
            seen, shown = -1, 0.0
            while not self.ended.is_set():
                waited = time.monotonic() - shown
                if waited >= (REDRAW_S if self.version != seen else MOMENT_S):
                    seen, shown = self.version, time.monotonic()
                    yield self.live
                await asyncio.sleep(LOOK_S)
        finally:
            self._watchers -= 1
            self._left = time.monotonic()


class Task(Protocol):
    """What may be done while nobody asks."""

    def __call__(self, cancel: threading.Event) -> None:
        """Do it; end soon where `cancel` is set."""


class Line:
    """Where questions wait: one is worked on at a time, each asker's in turn.

    Fair as start-time fair queueing is (Goyal, Vin and Cheng, 1996): a question's turn is that of
    the one at work, or one after its asker's last, whichever is later; so someone who asks ten at
    once does not keep the next one waiting for all ten.

    Args:
        work: answers one question; what it raises is kept with the question.
        settled: called with a question whose outcome is known, before it is said to have ended.
    """

    def __init__(
        self,
        work: Callable[[Question], None],
        settled: Callable[[Question], None] = lambda question: None,
    ) -> None:
        self._work = work
        self._settled = settled
        self._waiting: list[tuple[int, int, Question]] = []
        self._numbers = itertools.count()
        self._turns: dict[str, int] = {}
        self._turn = 0
        self._at_work: Question | None = None
        self._idle: list[Task] = []
        self._idling: Task | None = None
        self._idle_cancel = threading.Event()
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="answering", daemon=True)
        self._thread.start()

    @property
    def at_work(self) -> Question | None:
        """The question that is being answered."""
        return self._at_work

    @property
    def busy(self) -> bool:
        """Whether anybody asks."""
        return self._at_work is not None or bool(self._waiting)

    @property
    def questions(self) -> list[Question]:
        """Those under work, the one being answered first."""
        with self._change:
            at_work = [self._at_work] if self._at_work is not None else []
            return at_work + [question for _, _, question in sorted(self._waiting)]

    def forsaken(self, question: Question) -> bool:
        """Tell whether nobody has watched a question for long."""
        return question.left_s > (HURRIED_S if self._waiting else FORSAKEN_S)

    def of(self, owner: str) -> Question | None:
        """Return the question of an asker that is under work, None where there is none."""
        return next((question for question in self.questions if question.owner == owner), None)

    def add(self, question: Question) -> None:
        """Let a question wait its turn."""
        with self._change:
            if self._closed:
                question.end()
                return
            turn = max(self._turn, self._turns.get(question.owner, -1) + 1)
            self._turns[question.owner] = turn
            heapq.heappush(self._waiting, (turn, next(self._numbers), question))
            self._idle_cancel.set()
            self._change.notify_all()
        self._tell_places()

    def stop(self, question: Question) -> None:
        """Stop the work on a question; one that waits leaves the line."""
        question.cancel.set()
        with self._change:
            waits = [entry for entry in self._waiting if entry[2] is question]
            for entry in waits:
                self._waiting.remove(entry)
            heapq.heapify(self._waiting)
        if waits:
            question.end()
            self._tell_places()

    def meanwhile(self, task: Task) -> None:
        """Do something as soon as nobody asks; a question stops it, and it is not done again."""
        with self._change:
            self._idle.append(task)
            self._change.notify_all()

    def drop(self, task: Task) -> None:
        """Do something no more that was to be done while nobody asks."""
        with self._change:
            if task in self._idle:
                self._idle.remove(task)
            elif task is self._idling:
                self._idle_cancel.set()

    def close(self) -> None:
        """Stop everything and wait for it."""
        with self._change:
            self._closed = True
            left, self._waiting = self._waiting, []
            self._idle.clear()
            self._idle_cancel.set()
            if self._at_work is not None:
                self._at_work.cancel.set()
            self._change.notify_all()
        for _, _, question in left:
            question.cancel.set()
            question.end()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="answer") as thread:
            while (found := self._next()) is not None:
                if isinstance(found, Question):
                    work = thread.submit(self._work, found)
                    while not wait([work], timeout=MOMENT_S).done:
                        if self.forsaken(found):
                            found.cancel.set()
                    _settle(found, work.exception())
                    _told(thread.submit(self._settled, found).exception())
                    found.end()
                else:
                    _told(thread.submit(found, self._idle_cancel).exception())

    def _next(self) -> Question | Task | None:
        with self._change:
            self._at_work = self._idling = None
            while not (self._waiting or self._idle or self._closed):
                # Whoever has asked long ago need not be known any more.
                self._turns.clear()
                self._turn = 0
                self._change.wait()
            if self._closed:
                return None
            if not self._waiting:
                self._idle_cancel = threading.Event()
                self._idling = self._idle.pop(0)
                return self._idling
            self._turn, _, question = heapq.heappop(self._waiting)
            self._at_work = question
        self._tell_places()
        return question

    def _tell_places(self) -> None:
        """Tell each that waits how many are before it."""
        with self._change:
            before = int(self._at_work is not None)
            waiting = [question for _, _, question in sorted(self._waiting)]
        for place, question in enumerate(waiting, before):
            if question.live.before != place:
                question.tell(replace(question.live, before=place))


def _settle(question: Question, error: BaseException | None) -> None:
    """Keep what was raised with the question."""
    if isinstance(error, CancelledError):
        question.cancel.set()
    elif isinstance(error, RagError):
        question.error = error
    else:
        question.broken = error is not None
        _told(error)


def _told(error: BaseException | None) -> None:
    """Show the traceback of an error of ours in the terminal, whether or not a page is open."""
    if error is not None and not isinstance(error, RagError):
        traceback.print_exception(error)
