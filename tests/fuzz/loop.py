"""Changing and reading without end, in a process that may crash or hang, and what is found there.

A folder holds `queue/<format>/<digest>-made` (and `-real` for what a real file has gone into) and
`broken/`, with what broke a law, crashed or took too long, each with a note of how.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

from rag.documents import worker
from tests.fuzz.laws import outcome
from tests.fuzz.lines import Step, steps
from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import SUFFIXES, made, real

HANGS_S = 30.0  # of the processor's time for one input, read twice and watched
SLOW_S = 2.0  # the same, for an input that is told
_REAL = 0.1  # share of inputs that are made of a real file
_FRESH = 0.3  # share that is made of a seed, where there is a queue


@dataclass(slots=True)
class Input:
    """A file to be changed.

    Attributes:
        data: its bytes.
        is_real: a real file has gone into it; it is never kept.
    """

    data: bytes
    is_real: bool = False

    @property
    def digest(self) -> str:
        """The first 16 hex digits of its SHA-256."""
        return hashlib.sha256(self.data).hexdigest()[:16]


def run(folder: Path, minutes: float, only: str, seed: int) -> None:
    """Fuzz for some minutes of the processor's time, in processes of their own.

    Args:
        folder: where the queue and what was found are kept.
        minutes: of the processor's time.
        only: formats whose suffix holds this.
        seed: of what is drawn.
    """
    (folder / "broken").mkdir(parents=True, exist_ok=True)
    left = 60 * minutes
    while left > 0:
        asked = [str(folder), str(left), only, str(seed)]
        code = subprocess.run([sys.executable, "-m", "tests.fuzz", "child", *asked]).returncode
        told = json.loads((folder / "told.json").read_text())
        left -= max(1.0, told["seconds"])
        seed += 1
        if code:
            how = "hangs" if code == -signal.SIGPROF else f"crashes ({code})"
            for now in (folder / "now").iterdir():
                each = Input(now.read_bytes(), now.stem == "real")
                _put(folder / "broken", now.suffix, each, how)
            print(f"the process {how}; begun anew", flush=True)


def child(folder: Path, seconds: float, only: str, seed: int) -> None:
    """Fuzz in this process until it has used some seconds of the processor."""
    worker._bound_memory()
    warnings.simplefilter("error")  # as in the tests that read the corpus
    fuzzer = Fuzzer(folder, only, random.Random(seed))
    fuzzer.tell()
    fuzzer.begin()
    told = time.process_time()
    while time.process_time() < seconds:
        fuzzer.step()
        if time.process_time() - told > 30:
            told = time.process_time()
            fuzzer.tell()
    fuzzer.tell()


class Fuzzer:
    """A queue of inputs for each format, and what they reached.

    Args:
        folder: where it is kept.
        only: formats whose suffix holds this.
        rng: what is drawn from.
    """

    def __init__(self, folder: Path, only: str, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        self._steps: set[Step] = set()
        self._known: set[str] = set()
        self._count = self._broken = 0
        self._suffixes = [suffix for suffix in SUFFIXES if only in suffix]
        files = made()
        self._seeds = {s: [Input(data) for data in files[s]] for s in self._suffixes}
        self._real = {s: [Input(data, True) for data in real(s)] for s in self._suffixes}
        self._queue: dict[str, list[Input]] = {s: [] for s in self._suffixes}
        (folder / "now").mkdir(parents=True, exist_ok=True)

    def begin(self) -> None:
        """Read the seeds and what an earlier run has kept."""
        for suffix in self._suffixes:
            here = self._folder / "queue" / suffix.lstrip(".")
            here.mkdir(parents=True, exist_ok=True)
            before = sorted(here.iterdir(), key=lambda path: path.stat().st_mtime)
            kept = [Input(path.read_bytes(), path.name.endswith("real")) for path in before]
            for each in (*self._seeds[suffix], *self._real[suffix]):
                self._is_new(suffix, each)
            self._queue[suffix] = [each for each in kept if self._is_new(suffix, each)]

    def step(self) -> None:
        """Change a file and read it; keep it where something new comes of it."""
        rng = self._rng
        suffix = rng.choice(self._suffixes)
        base = self._chosen(suffix)
        pool = self._seeds[suffix] + self._queue[suffix]
        other = rng.choice(pool)
        if other.is_real and not base.is_real:
            other = rng.choice(self._seeds[suffix])
        data = mutated(base.data, suffix, other.data, rng)
        if not data:
            return
        changed = Input(data, base.is_real)
        self._count += 1
        if self._is_new(suffix, changed):
            self._queue[suffix].append(changed)
            kind = "real" if changed.is_real else "made"
            name = f"{changed.digest}-{kind}"
            (self._folder / "queue" / suffix.lstrip(".") / name).write_bytes(data)

    def tell(self) -> None:
        """Say how far it is."""
        told = {
            "seconds": time.process_time(),
            "inputs": self._count,
            "broken": self._broken,
            "steps": len(self._steps),
            "outcomes": len(self._known),
            "queue": {s: len(queue) for s, queue in self._queue.items()},
        }
        (self._folder / "told.json").write_text(json.dumps(told))
        with (self._folder / "told.jsonl").open("a") as log:
            log.write(json.dumps(told) + "\n")

    def _chosen(self, suffix: str) -> Input:
        rng = self._rng
        if self._real[suffix] and rng.random() < _REAL:
            return rng.choice(self._real[suffix])
        queue = self._queue[suffix]
        if not queue or rng.random() < _FRESH:
            return rng.choice(self._seeds[suffix])
        # Of two the smaller, and half of the time one of the last.
        some = queue[-30:] if rng.random() < 0.5 else queue
        return min(rng.choice(some), rng.choice(some), key=lambda each: len(each.data))

    def _is_new(self, suffix: str, each: Input) -> bool:
        """Read an input, tell what is wrong, and say whether it reaches anything new."""
        path = self._folder / "now" / f"{'real' if each.is_real else 'made'}{suffix}"
        path.write_bytes(each.data)
        taken: set[Step] = set()
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, HANGS_S)
        try:
            with steps() as taken:
                found = outcome(path)
        except Exception as error:  # noqa: BLE001 (that it is none is what is tried)
            found = frozenset([_place(error)])
            if not found <= self._known:
                self._found(suffix, each, "".join(traceback.format_exception(error)))
        signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - began
        if took > SLOW_S and not each.is_real:
            self._found(suffix, each, f"takes {took:.1f} s")
        path.unlink()
        is_new = not (taken <= self._steps and found <= self._known)
        self._steps |= taken
        self._known |= found
        return is_new

    def _found(self, suffix: str, each: Input, how: str) -> None:
        self._broken += 1
        _put(self._folder / "broken", suffix, each, how)


def _place(error: Exception) -> str:
    """Return the kind of an error and where in the readers it came from."""
    last = [f for f in traceback.extract_tb(error.__traceback__) if "rag/" in f.filename]
    where = f"{last[-1].filename}:{last[-1].lineno}" if last else ""
    words = re.sub(r"\d+", "#", str(error))[:60] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {where} {words}"


def _put(folder: Path, suffix: str, each: Input, how: str) -> None:
    name = f"{each.digest}-{'real' if each.is_real else 'made'}"
    (folder / f"{name}{suffix}").write_bytes(each.data)
    (folder / f"{name}.why").write_text(how)
