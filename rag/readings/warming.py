"""Passages are read while nobody asks: one thread, which steps aside at once."""

from __future__ import annotations

import threading
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
    """

    def __init__(self, tasks: Iterable[Task], idle_s: float = IDLE_S) -> None:
        self._tasks = iter(tasks)
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
            self._cancel.set()
        try:
            yield
        finally:
            with self._change:
                self._away -= 1
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
            for task in self._tasks:
                if not self._do(task):
                    return
        finally:
            self.done.set()

    def _do(self, task: Task) -> bool:
        """Do one task, again where a question came between; tell whether to go on."""
        while self._wait():
            try:
                task(cancel=self._cancel)
            except CancelledError:
                continue
            except ModelError:
                return True  # a passage too long for the model: a question will tell of it
            self.read += 1
            return True
        return False

    def _wait(self) -> bool:
        """Wait until nobody has asked for a moment; False when it was closed."""
        with self._change:
            while not self._closed:
                if self._away:
                    self._change.wait()
                    if not self._away and not self._closed:
                        self._change.wait(self._idle_s)
                    continue
                self._cancel.clear()
                return True
        return False
