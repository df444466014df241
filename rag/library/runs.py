"""One reading process after another, and what they tell of the files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from rag.documents.source import PLAINLY, ReadOptions
from rag.errors import RagError
from rag.library.record import Refused

READING = (sys.executable, "-m", "rag.library.reading")
State = Literal["queued", "reading", "stopping", "done", "stopped", "failed"]
_STEPS = 20_000  # that are kept of a collection
_PATIENCE_S = 12.0  # a process that was told to stop is waited for; it stops itself sooner


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one file in a reading.

    Attributes:
        number: counted on from 1, for each collection; what has a greater one came later.
        path: of the file.
        inside: name of the file inside it that was refused; "" for itself.
        what: it is "waiting", "reading", was "read" or "refused".
        passages: how many it has.
        note: what its reader guessed, left out or found hidden.
        reason: why it was refused.
    """

    number: int
    path: str
    inside: str
    what: Literal["waiting", "reading", "read", "refused"]
    passages: int = 0
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading is.

    Attributes:
        state: "queued" behind another collection's, "reading", "stopping"; when it has ended
            "done", "stopped" or "failed".
        waiting: files that will be read.
        read: files that were.
        refused: files that could not be.
        now: sources of those being read.
        passages: how many were cut.
        stage: what is done just now ("check", "read (kB)", "write").
        done: how much of it.
        total: of how much.
        error: why it failed.
        steps: number of the last step; a larger one than before means there is more to show.
    """

    state: State
    waiting: int = 0
    read: int = 0
    refused: int = 0
    now: tuple[str, ...] = ()
    passages: int = 0
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    steps: int = 0

    @property
    def at_work(self) -> bool:
        """Whether it goes on."""
        return self.state in ("queued", "reading", "stopping")


@dataclass(slots=True)
class Job:
    """A reading that was asked for.

    Attributes:
        again: paths of files that are read again in any case.
        beside: paths of files that are not uploads, and are looked at too.
        options: passwords and the like.
    """

    again: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)
    options: ReadOptions = PLAINLY

    def join(self, other: Job) -> None:
        """Take what another job asks for too."""
        self.again |= other.again
        self.beside |= other.beside
        passwords = dict.fromkeys([*self.options.passwords, *other.options.passwords])
        ocr = other.options if other.options.ocr else self.options
        self.options = ReadOptions(tuple(passwords), ocr.ocr, ocr.ocr_languages)


@dataclass(slots=True)
class Outcome:
    """What a reading has come to.

    Attributes:
        state: how it ended.
        error: why it failed, as the process told it.
        read: paths of what was read.
        refused: what could not be, by path and name inside; the root is the path of the file.
        complete: whether every file was looked at.
        pipeline: fingerprint of the code that read.
    """

    state: State = "failed"
    error: str = ""
    read: set[str] = field(default_factory=set)
    refused: dict[tuple[str, str], Refused] = field(default_factory=dict)
    complete: bool = False
    pipeline: str = ""


class Run:
    """The readings of one collection, one at a time.

    Args:
        request: makes the line that a process is given, when its turn comes.
        ended: told what a reading has come to.
        written: told whenever more can answer.
    """

    def __init__(
        self,
        request: Callable[[Job], bytes],
        ended: Callable[[Outcome], str],
        written: Callable[[], None],
    ) -> None:
        self.request = request
        self.ended = ended
        self.written = written
        self.job: Job | None = None  # asked for and not begun
        self._lock = threading.Lock()
        self._steps: deque[Step] = deque(maxlen=_STEPS)
        self._number = 0
        self._states: dict[str, str] = {}
        self._state: State | None = None
        self._stage: tuple[str, int, int] = ("", 0, 0)
        self._passages = 0
        self._error = ""

    def begin(self) -> None:
        """Forget the reading before."""
        with self._lock:
            self._states.clear()
            self._state, self._error, self._passages = "reading", "", 0
            self._stage = ("", 0, 0)
            self._number += 1  # something to show

    def enter(self, state: State, error: str = "") -> None:
        """Be in another state."""
        with self._lock:
            self._state, self._error = state, error
            self._number += 1

    def stage(self, stage: str, done: int, total: int) -> None:
        """Be so far."""
        with self._lock:
            self._stage = (stage, done, total)

    def step(self, path: str, what: Any, inside: str = "", **known: Any) -> None:
        """Note what becomes of a file."""
        with self._lock:
            self._number += 1
            self._steps.append(Step(self._number, path, inside, what, **known))
            self._passages += known.get("passages", 0)
            if not inside and (what == "reading" or self._states.get(path) != "read"):
                self._states[path] = what

    def settle(self) -> None:
        """Note that what was read can answer, and tell of it."""
        with self._lock:
            self._number += 1
            for path, what in self._states.items():
                if what == "read":
                    self._states[path] = "written"
        self.written()

    @property
    def is_stopping(self) -> bool:
        """Whether it is to end."""
        with self._lock:
            return self._state == "stopping"

    def steps(self, after: int) -> list[Step]:
        """Return the steps of files after one of a number."""
        with self._lock:
            return [each for each in self._steps if each.number > after]

    def at_work(self) -> set[str]:
        """Return the paths of files that are being read, or are read and cannot answer yet."""
        with self._lock:
            if self._state not in ("reading", "stopping"):
                return set()
            return {path for path, what in self._states.items() if what in ("reading", "read")}

    def progress(self) -> Progress | None:
        """Return how far it is; None where nothing was read since the program began."""
        with self._lock:
            state: State | None = self._state
            if self.job is not None and state not in ("reading", "stopping"):
                state = "queued"
            if state is None:
                return None
            counts = dict.fromkeys(("waiting", "reading", "read", "written", "refused"), 0)
            for what in self._states.values():
                counts[what] += 1
            now = [path for path, what in self._states.items() if what == "reading"]
            return Progress(
                state,
                waiting=counts["waiting"],
                read=counts["read"] + counts["written"],
                refused=counts["refused"],
                now=tuple(now) if state in ("reading", "stopping") else (),
                passages=self._passages,
                stage=self._stage[0],
                done=self._stage[1],
                total=self._stage[2],
                error=self._error,
                steps=self._number,
            )


class Runs:
    """Readings of all collections: one process at a time, for they share the machine.

    Args:
        command: begins the process.
    """

    def __init__(self, command: Sequence[str] = READING) -> None:
        self._command = tuple(command)
        self._condition = threading.Condition()
        self._queue: deque[Run] = deque()
        self._at_work: Run | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked for any more."""
        return self._closed

    def ask(self, run: Run, job: Job) -> None:
        """Have a collection read; what is asked for while it waits is done together."""
        with self._condition:
            if self._closed:
                return
            if run.job is None:
                run.job = job
                self._queue.append(run)
            else:
                run.job.join(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="readings", daemon=True)
                self._thread.start()

    def stop(self, run: Run) -> None:
        """Stop the reading of a collection, and do not begin what waits; does not wait for it."""
        with self._condition:
            waited = run.job is not None
            if waited:
                self._queue.remove(run)
                run.job = None
            at_work = self._at_work is run
            if at_work:
                run.enter("stopping")
                self._tell_to_stop()
            self._condition.notify_all()
        if waited and not at_work:
            run.enter("stopped", run.ended(Outcome("stopped", STOPPED)))

    def wait(self, run: Run, timeout: float | None = None) -> bool:
        """Wait until a collection is not being read, nor will be; tell whether that is so."""
        with self._condition:
            return self._condition.wait_for(
                lambda: run.job is None and self._at_work is not run, timeout
            )

    def close(self) -> None:
        """Stop everything and wait for it; nothing can be asked for any more."""
        with self._condition:
            self._closed = True
            for run in self._queue:
                run.job = None
            self._queue.clear()
            self._tell_to_stop()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                if not self._queue:
                    self._thread = None
                    return
                run = self._at_work = self._queue.popleft()
                job, run.job = run.job, None
                run.begin()
            assert job is not None, "what waits has a job"
            outcome = Outcome(error="The reading could not be begun.")
            try:
                outcome = self._read(run, job)
            finally:
                error = run.ended(outcome)
                run.enter(outcome.state, error)
                with self._condition:
                    self._at_work = None
                    self._condition.notify_all()

    def _read(self, run: Run, job: Job) -> Outcome:
        """Begin a process, and follow it to its end."""
        outcome = Outcome()
        try:
            line = run.request(job)
        except RagError as error:
            outcome.error = str(error)
            return outcome
        with self._condition:
            if self._closed:
                outcome.state = "stopped"
                return outcome
            process = self._process = self._begin()
        assert process.stdin is not None, "opened as a pipe"
        assert process.stdout is not None, "opened as a pipe"
        try:
            with suppress(OSError):  # it has ended already, which its output tells
                process.stdin.write(line)
                process.stdin.flush()
            with self._condition:
                if run.is_stopping:
                    self._tell_to_stop()
            follow(process.stdout, run, outcome)
        finally:
            with self._condition:
                self._process = None
            with suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            code = _end(process)
        if not outcome.complete and not outcome.error:
            # The end of the program is no wish that reading should not go on.
            stopped = run.is_stopping or self._closed
            outcome.state = "stopped" if stopped else "failed"
            outcome.error = _crashed(code) if not stopped else STOPPED if run.is_stopping else ""
        return outcome

    def _begin(self) -> subprocess.Popen[bytes]:
        ours = os.pathsep.join(path for path in sys.path if path)
        return subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ours},
            start_new_session=True,
        )

    def _tell_to_stop(self) -> None:
        """Ask the process to stop; the caller holds the lock."""
        if self._process is None or self._process.stdin is None:
            return
        with suppress(OSError, ValueError):  # it has ended by itself
            self._process.stdin.write(b"stop\n")
            self._process.stdin.flush()


def follow(pipe: IO[bytes], run: Run, outcome: Outcome) -> None:
    """Note what a process tells until it ends."""
    for line in pipe:
        try:
            event = json.loads(line)
        except ValueError:  # killed while it wrote
            return
        _note(event, run, outcome)


def _note(event: Mapping[str, Any], run: Run, outcome: Outcome) -> None:
    what = event["event"]
    if what == "waiting":
        for path in event["files"]:
            run.step(path, "waiting")
    elif what == "reading":
        run.step(event["path"], "reading")
    elif what == "read":
        outcome.read.add(event["path"])
        note = "; ".join(event["notes"])
        run.step(event["path"], "read", passages=event["passages"], note=note)
    elif what == "refused":
        path, inside, reason = event["path"], event["inside"], event["reason"]
        outcome.refused[path, inside] = Refused(
            path, "", inside, reason, event["bytes"], event["mtime_ns"]
        )
        run.step(path, "refused", inside, reason=reason)
    elif what == "progress":
        run.stage(event["stage"], event["done"], event["total"])
    elif what == "written":
        run.settle()
    elif what == "done":
        outcome.state, outcome.complete, outcome.pipeline = "done", True, event["pipeline"]
    elif event["kind"] != "stopped":
        outcome.error = BUSY if event["kind"] == "busy" else event["reason"]


STOPPED = "The reading was stopped. Read again to go on."
BUSY = (
    "Another program is reading documents into this collection. Wait until it is done, then read "
    "again."
)


def _end(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process to end; it ends itself when nobody speaks to it any more."""
    try:
        return process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _crashed(code: int) -> str:
    how = f"signal {-code}" if code < 0 else f"code {code}"
    return (
        f"The reading ended by itself ({how}); there may not be memory enough. What was read "
        "before is kept. Close other programs, then read again."
    )


def under(path: str, folder: Path) -> str | None:
    """Return the source of an upload by its path, None where it does not lie among the uploads."""
    root = str(folder) + os.sep
    return path.removeprefix(root).replace(os.sep, "/") if path.startswith(root) else None
