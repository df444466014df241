"""Passages are read while nobody asks: one thread, which steps aside at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rag.errors import CancelledError, ModelError

IDLE_S = 1.0  # after a question before reading goes on


class Task(Protocol):
    """Anything that can be done and stopped."""

    def __call__(self, *, cancel: threading.Event) -> object:
        """Do it; raise `CancelledError` where `cancel` was set."""


class Warmer:
    """Reads ahead in a thread of its own.

    Args:
        tasks: each reads one thing when called, and stops when the event it is given as `cancel` is
            set; they are begun one after the other, and again where they were stopped.
        idle_s: seconds without a question before it goes on.

    Attributes:
        done: set once all tasks have been done, and those urged since.
        read: how many were.
    """

    def __init__(self, tasks: Iterable[Task], idle_s: float = IDLE_S) -> None:
        self._tasks = iter(tasks)
        self._begun: Task | None = None  # of the tasks: stopped before it was done
        self._urgent: deque[Task] = deque()
        self._idle_s = idle_s
        self._change = threading.Condition()
        self._away = 0
        self._closed = False
        self._cancel = threading.Event()
        self.done = threading.Event()
        self.read = 0
        self._thread = threading.Thread(target=self._work, name="reading ahead", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Keep off the model for a while; what is being read is stopped at once."""
        with self._change:
            self._away += 1
            self._urgent.clear()  # whoever asks reads what is needed
            self._cancel.set()
        try:
            yield
        finally:
            with self._change:
                self._away -= 1
                self._change.notify_all()

    def urge(self, tasks: Iterable[Task]) -> None:
        """Do some tasks before all others, in place of those that were urged before.

        A question takes them away again.
        """
        with self._change:
            if self._away or self._closed:
                return
            self._urgent = deque(tasks)
            self.done.clear()
            self._cancel.set()
            self._change.notify_all()

    def close(self) -> None:
        """Stop for good and wait until the model is free."""
        with self._change:
            self._closed = True
            self._cancel.set()
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                try:
                    task(cancel=self._cancel)
                except CancelledError:
                    continue
                except ModelError:
                    self._begun = None  # too long for the model: a question will tell of it
                    continue
                self.read += 1
                if task is self._begun:
                    self._begun = None
        finally:
            self.done.set()

    def _next(self) -> Task | None:
        """Wait until nobody asks and there is something to read; None when it was closed."""
        while True:
            with self._change:
                if self._away and not self._closed:
                    self._change.wait()
                    if not self._away and not self._closed:
                        self._change.wait(self._idle_s)
                    continue
                if self._closed:
                    return None
                self._cancel.clear()
                if self._urgent:
                    return self._urgent.popleft()
            self._begun = self._begun or next(self._tasks, None)
            if self._begun is not None:
                return self._begun
            with self._change:
                if not (self._urgent or self._away or self._closed):
                    self.done.set()
                    self._change.wait()
