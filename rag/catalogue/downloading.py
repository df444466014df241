"""Getting models while somebody looks on: how far each is, and stopping it.

One model is fetched at a time; what has arrived of a stopped one is kept, as always.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from rag.catalogue.cache import state
from rag.catalogue.fetching import Progress, fetch
from rag.catalogue.models import CATALOGUE, Model, known
from rag.errors import CancelledError, CatalogueError, RagError
from rag.machine import memory_bytes

# A model takes its file's size in memory and, beside it, what it keeps of the passages it reads,
# the index, and this program: 2.6 GB in all for the default one of 1.1 (benchmarks/results).
BESIDE_BYTES = 1_500_000_000

Stand = Literal["ready", "missing", "partial", "damaged", "too large"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that can be chosen, and how it stands here.

    Attributes:
        model: the row of the catalogue.
        stand: "too large" where this machine has not the memory for it, whether it is here or not.
    """

    model: Model
    stand: Stand


def too_large(size_bytes: int) -> bool:
    """Tell whether a model file of this size needs more memory than this machine has."""
    memory = memory_bytes()
    return memory is not None and size_bytes + BESIDE_BYTES > memory


def offers() -> list[Offer]:
    """Return the models that write answers, in the order of the catalogue.

    One that lies here unchecked is read whole, which takes seconds.
    """
    return [
        Offer(model, "too large" if too_large(model.bytes) else state(name))
        for name, model in CATALOGUE.items()
        if model.kind == "writer"
    ]


@dataclass(frozen=True, slots=True)
class Download:
    """How far a download is.

    Attributes:
        model: its name.
        stage: what is going on, in words; "" before anything is.
        done_bytes: how much of it is here.
        total_bytes: of the whole.
        outcome: "running", "done", "stopped" or "failed".
        error: why it failed, with the cure.
    """

    model: str
    total_bytes: int
    stage: str = ""
    done_bytes: int = 0
    outcome: Literal["running", "done", "stopped", "failed"] = "running"
    error: str = ""


class Fetch(Protocol):
    """Gets a model; see `rag.catalogue.fetch`."""

    def __call__(self, name: str, *, progress: Progress | None = None) -> Path:
        """Return where it lies."""


class Downloads:
    """The one download there may be.

    Args:
        get: fetches a model.
        done: called in the download's thread with the name of a model that is here now.
    """

    def __init__(self, get: Fetch = fetch, done: Callable[[str], None] | None = None) -> None:
        self._get = get
        self._done = done
        self._guard = threading.Lock()
        self._now: Download | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def now(self) -> Download | None:
        """The download that is under way or was the last; None where there was none."""
        with self._guard:
            return self._now

    def start(self, name: str) -> Download:
        """Begin to fetch a model; does nothing where that is under way.

        Raises:
            UnknownModelError: the catalogue has no such name.
            CatalogueError: another one is being fetched, or this machine cannot hold it.
        """
        model = known(name)
        if too_large(model.bytes):
            raise CatalogueError(
                f"{name} needs more memory than this computer has; choose a smaller model."
            )
        with self._guard:
            if self._now is not None and self._now.outcome == "running":
                if self._now.model == name:
                    return self._now
                raise CatalogueError(
                    f"{self._now.model} is being fetched; wait for it, or stop it first."
                )
            self._now = Download(name, model.bytes)
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._fetch, args=(name, self._stop), name="download", daemon=True
            )
            self._thread.start()
            return self._now

    def cancel(self) -> None:
        """Stop it within a moment; what has arrived is kept."""
        self._stop.set()

    def close(self) -> None:
        """Stop it and wait for that."""
        self.cancel()
        if self._thread is not None:
            self._thread.join()

    def _fetch(self, name: str, stop: threading.Event) -> None:
        try:
            self._get(name, progress=partial(self._tell, stop))
        except CancelledError:
            self._end("stopped")
        except RagError as error:
            self._end("failed", str(error))
        except OSError as error:
            self._end("failed", f"{name} could not be written ({error.strerror}); free the disk.")
        else:
            self._end("done")
            if self._done is not None:
                self._done(name)
        finally:
            now = self.now
            if now is not None and now.outcome == "running":  # a bug, whose traceback is shown
                self._end("failed", f"{name} could not be fetched; the log says why.")

    def _tell(self, stop: threading.Event, stage: str, done: int, total: int) -> None:
        if stop.is_set():
            raise CancelledError("The download was stopped; start it again to go on.")
        with self._guard:
            if self._now is not None:
                self._now = replace(self._now, stage=stage, done_bytes=done, total_bytes=total)

    def _end(self, outcome: Literal["done", "stopped", "failed"], error: str = "") -> None:
        with self._guard:
            if self._now is not None:
                done = self._now.total_bytes if outcome == "done" else self._now.done_bytes
                self._now = replace(self._now, outcome=outcome, error=error, done_bytes=done)
