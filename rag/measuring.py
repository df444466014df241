"""Measuring a set-up beside the page: `rag eval` in a process of its own.

Documents that come without marked questions have some made of them first. Both go on where they
were stopped, and the run lies where `rag.trust` finds it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rag.config import Settings
from rag.evaluate.about import Corpus, digest, model_checksum, settings_json
from rag.trust import evaluations, identity, is_samples

MADE = 24  # questions that are made of documents without any
# Seconds of making and of asking one, on two cores; the first of docs/evaluation.md.
MAKING_S = 30.0
ASKING_S = 6.0
_NICE = 10
_GONE_S = 10.0
_TOLD = re.compile(r"(?P<stage>[^:]+): (?P<done>\d+) of (?P<total>\d+)")
_ERROR = "error: "
_UNTOLD = "It ended in the middle{said}; measure again, and what was asked is not asked anew."

Outcome = Literal["running", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far measuring is.

    Attributes:
        step: "making" questions or "asking" them.
        done: how many.
        total: of so many; 0 as long as that is not known.
        left_s: seconds that this step will take still, by what it took; None where unknown.
        outcome: "running", "done", "stopped" or "failed".
        error: why it failed, with the cure.
    """

    step: Literal["making", "asking"]
    done: int = 0
    total: int = 0
    left_s: float | None = None
    outcome: Outcome = "running"
    error: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What measuring will do.

    Attributes:
        commands: words of `rag`, in order.
        makes: questions are made first.
        count: how many are asked.
        result: the run's file.
    """

    commands: tuple[tuple[str, ...], ...]
    makes: bool
    count: int
    result: Path

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return self.count * (ASKING_S + (MAKING_S if self.makes else 0.0))


def plan(folder: Path, index: Corpus, settings: Settings) -> Plan:
    """Say what is to be run to measure a set-up.

    Args:
        folder: of the index.
        index: the same, open.
        settings: how questions are answered; those that the command line has.
    """
    from rag.evaluate import sets

    here = identity(index)[:12]
    stand = digest([here, model_checksum(settings.model), settings_json(settings)])[:12]
    result = evaluations() / f"{folder.name}-{stand}.json"
    asked = ["eval", "--index", str(folder.absolute()), "--model", settings.model]
    common = ["--progress", "lines"]
    how = [
        *("--length", settings.length, "--support-threshold", str(settings.support_threshold)),
        *("--reading", settings.reading, "--passages", str(settings.passages)),
        *("--retrieval", settings.retrieval, "--no-judge", "--out", str(result)),
    ]
    if is_samples(index):
        count = len(sets.load())
        return Plan(((*asked, *how, *common),), False, count, result)
    questions = evaluations() / f"{folder.name}-{here}.questions.jsonl"
    make = [
        *("eval", "make-set", "--index", str(folder.absolute()), "--model", settings.model),
        *("--count", str(MADE), "--out", str(questions), *common),
    ]
    ask = (*asked, "--questions", str(questions), *how, *common)
    if questions.exists():
        return Plan((ask,), False, len(sets.load(questions)), result)
    return Plan((tuple(make), ask), True, MADE, result)


class Measuring:
    """The one measuring there may be.

    Args:
        done: called in its thread when a run is whole.
        program: what is run with the words of a plan.
    """

    def __init__(
        self,
        done: Callable[[], None] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "rag"),
    ) -> None:
        self._done = done
        self._program = tuple(program)
        self._guard = threading.Lock()
        self._now: Progress | None = None
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False
        self._thread: threading.Thread | None = None

    @property
    def now(self) -> Progress | None:
        """What is under way, or came of the last; None where there was none."""
        with self._guard:
            return self._now

    def start(self, planned: Plan) -> None:
        """Begin; does nothing where it is under way."""
        with self._guard:
            if self._now is not None and self._now.outcome == "running":
                return
            self._stopped = False
            self._now = Progress("making" if planned.makes else "asking")
            self._thread = threading.Thread(
                target=self._work, args=(planned,), name="measuring", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop it; the questions asked so far are kept, and the next time goes on with them."""
        with self._guard:
            self._stopped = True
            if self._child is not None:
                self._child.terminate()

    def close(self) -> None:
        """Stop it and wait for that."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def _work(self, planned: Plan) -> None:
        outcome: Outcome = "failed"
        error = _UNTOLD.format(said="")
        try:
            planned.result.parent.mkdir(parents=True, exist_ok=True)
            for words in planned.commands:
                self._step("making" if "make-set" in words else "asking")
                code, said = self._run(words)
                if code != 0:
                    stopped = self._stopped
                    outcome, error = ("stopped", "") if stopped else ("failed", said)
                    return
            outcome, error = "done", ""
        except OSError as failure:
            error = f"It could not be measured ({failure.strerror}); free the disk and try again."
        finally:
            with self._guard:
                if self._now is not None:
                    self._now = replace(self._now, outcome=outcome, error=error, left_s=None)
            if outcome == "done" and self._done is not None:
                self._done()

    def _step(self, step: Literal["making", "asking"]) -> None:
        with self._guard:
            self._now = Progress(step)

    def _run(self, words: Sequence[str]) -> tuple[int, str]:
        """Run one command to its end; return its exit code and what went wrong in words."""
        with self._guard:
            if self._stopped:
                return -1, ""
            child = self._child = subprocess.Popen(  # noqa: S603 (our own program, no shell)
                [*self._program, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        if hasattr(os, "setpriority"):  # whoever asks a question meanwhile comes first
            with suppress(OSError):  # it may be over
                os.setpriority(os.PRIO_PROCESS, child.pid, _NICE)
        error, last, began, at = "", "", time.monotonic(), 0
        with child:
            assert child.stderr is not None
            for line in child.stderr:
                told = _TOLD.fullmatch(line.strip())
                if told is None:
                    if line.startswith(_ERROR):
                        error = line.removeprefix(_ERROR).strip()
                    last = line.strip() or last
                    continue
                done, total = int(told["done"]), int(told["total"])
                if done < at or at == 0:
                    began, at = time.monotonic(), done
                self._tell(done, total, (done - at), time.monotonic() - began)
        with self._guard:
            self._child = None
        return child.returncode, error or _UNTOLD.format(said=f" ({last[:200]})" if last else "")

    def _tell(self, done: int, total: int, since: int, took_s: float) -> None:
        left_s = took_s / since * (total - done) if since > 0 else None
        with self._guard:
            if self._now is not None:
                self._now = replace(self._now, done=done, total=total, left_s=left_s)
