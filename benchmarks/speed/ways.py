"""The ways of asking one question, and what each took.

cold        nothing has been read before
warm        the passages that it needs have been read before, and lie on disk; nothing is in
            memory, and the question is new
joint       all passages in one prompt, nothing read before
llamaindex  the peers of `benchmarks.peers`, each with its own model in this process
haystack
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs
from rag.assistant import Assistant, load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.evaluate import about, scoring, sets
from rag.llm import LlamaModel
from rag.readings import Memory, Readings, Shelf
from rag.types import Answer, Done, Event, Judged, Sighted, Verdict, Wrote

OURS = ("cold", "warm", "joint")
PEERS = ("llamaindex", "haystack")
SECONDS = ("first_quote", "first_word", "first_proven", "total", "cpu", "model")
MEMORY = 512 * 1024 * 1024
DISK = 4_000_000_000


class Timed:
    """llama.cpp's functions, with the seconds spent and the tokens evaluated in `llama_decode`.

    Args:
        lib: the module.
    """

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self.seconds = 0.0
        self.tokens = 0
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lib, name)

    def llama_decode(self, context: Any, batch: Any) -> Any:
        """Evaluate a batch."""
        began = time.perf_counter()
        status = self._lib.llama_decode(context, batch)
        self.seconds += time.perf_counter() - began
        self.tokens += batch.n_tokens
        self.calls += 1
        return status


class Ours:
    """Our assistant, in each of its ways.

    Args:
        index: folder of the index.
        folder: for what is read.
    """

    def __init__(self, index: Path, folder: Path) -> None:
        settings = Settings(readings_mb=0)
        self.embedder = load_embedder(settings.embedder)
        self.llm = load_llm(settings)
        self.timed = Timed(self.llm.context.lib)
        self.llm.context.lib = self.timed
        self.single = Assistant.open(index, settings=settings, embedder=self.embedder, llm=self.llm)
        self.joint = Assistant.open(
            index, settings=settings.with_(reading="joint"), embedder=self.embedder, llm=self.llm
        )
        self._folder = folder
        self._read: tuple[str, Shelf] | None = None  # the question asked last, and what it read

    def ask(self, question: str, way: str) -> tuple[Answer, dict[str, Any]]:
        """Ask one question one way, with nothing in memory; return what came and what it took."""
        if way == "joint":
            forget(self.llm, None)
            return measured(self.joint.stream(question), self.timed)
        if way == "cold" or self._read is None or self._read[0] != question:
            shelf = self._shelf(empty=way == "cold")
            forget(self.llm, shelf)
            found = measured(self.single.stream(question), self.timed)
            self._read = question, shelf
            if way == "cold":
                return found
        forget(self.llm, self._read[1])
        return measured(self.single.stream(question), self.timed)

    def _shelf(self, *, empty: bool) -> Shelf:
        if empty:
            shutil.rmtree(self._folder / "shelf", ignore_errors=True)
        return Shelf(self._folder / "shelf", "bench", DISK)

    def close(self) -> None:
        """Free the model."""
        self.llm.close()


def forget(llm: LlamaModel, shelf: Shelf | None) -> None:
    """Leave nothing of what was read in memory."""
    llm.forget()
    llm._questions = Memory(MEMORY)
    llm.readings = Readings(MEMORY, shelf)


def measured(events: Iterator[Event], timed: Timed | None = None) -> tuple[Answer, dict[str, Any]]:
    """Drain a stream; return its answer and what it took."""
    seconds, tokens = (timed.seconds, timed.tokens) if timed else (0.0, 0)
    began, cpu = time.perf_counter(), time.process_time()
    answer: Answer | None = None
    first: dict[str, float] = {}
    for event in events:
        now = time.perf_counter() - began
        match event:
            case Sighted():
                first.setdefault("first_quote", now)
            case Wrote():
                first.setdefault("first_word", now)
            case Judged(statement=statement) if statement.verdict is Verdict.SUPPORTED:
                first.setdefault("first_proven", now)
            case Done(found):
                answer = found
    assert answer is not None
    row = taken(answer, time.perf_counter() - began, time.process_time() - cpu)
    row |= first
    if timed:
        row |= {"model": timed.seconds - seconds, "evaluated": timed.tokens - tokens}
    return answer, row


def taken(answer: Answer, total: float, cpu: float) -> dict[str, Any]:
    """Return what an answer took, by what it says of itself."""
    timings = answer.timings
    return {
        "first_quote": timings.first_quote_s,
        "first_word": timings.first_token_s,
        "first_proven": None,
        "total": total,
        "cpu": cpu,
        "model": None,
        "evaluated": timings.tokens_in + timings.tokens_out,
        "written": timings.tokens_out,
        "abstained": answer.abstained,
        "said": [
            [s.text, [c.quote for c in s.citations], round(s.support, 9)] for s in answer.statements
        ],
    }


def run(
    out: Path,
    questions: Path,
    index: Path,
    ways: Sequence[str],
    limit: int | None,
    *,
    busy: bool = False,
    timed: bool = True,
) -> None:
    """Ask every question in every way that has not been asked yet.

    Args:
        out: where the rows go.
        questions: of a set.
        index: folder of the index.
        ways: some of `OURS` and `PEERS`.
        limit: the first so many questions, all if None.
        busy: beside another busy process.
        timed: keep the seconds; what comes of a question does not depend on the machine's other
            work, they do.
    """
    done = {(row["id"], row["way"], row["busy"]) for row in runs.read_lines(out)}
    asked = sets.load(questions)[:limit]
    missing = [
        (question, way)
        for question in asked
        for way in ways
        if (question.id, way, busy) not in done
    ]
    if not missing:
        return
    stand = runs.commit()
    with tempfile.TemporaryDirectory() as folder, _busy(busy):
        ours = Ours(index, Path(folder))
        texts = sets.texts_by_source(ours.single.index.documents.values())
        peers = {way: _peer(way, ours) for way in ways if way in PEERS}
        ours.ask(asked[0].text, "cold")  # what is loaded at the first question is loaded
        for number, (question, way) in enumerate(missing, 1):
            if way in OURS:
                answer, row = ours.ask(question.text, way)
            else:
                answer, row = asked_of(peers[way], question.text)
            row |= graded(question, answer, texts)
            row |= {"id": question.id, "set": _name(questions), "way": way, "busy": busy}
            row |= {"commit": stand, "rss_mb": about.peak_memory_mib()}
            took = row["total"]
            if not timed:
                row |= dict.fromkeys(SECONDS)
            runs.add_line(out, row)
            print(f"{number} of {len(missing)}: {way} {took:.1f} s", flush=True)
        ours.close()


def asked_of(peer: Any, question: str) -> tuple[Answer, dict[str, Any]]:
    """Ask another system; return its answer and what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    answer: Answer = peer.ask(question)
    return answer, taken(answer, time.perf_counter() - began, time.process_time() - cpu)


def graded(question: sets.Question, answer: Answer, texts: dict[str, str] | Any) -> dict[str, Any]:
    """Return whether an answer is right, and how many of its citations are on marked evidence."""
    row = scoring.Row("", question, sets.spans(question, texts), answer.to_json())
    judged = scoring.judge(row)
    return {
        "answerable": question.answerable,
        "right": judged.right,
        "citations": list(judged.citations),
    }


def _name(questions: Path) -> str:
    return "seeds" if questions.resolve() == sets.SEEDS else questions.resolve().parent.name


def _peer(way: str, ours: Ours) -> Any:
    from benchmarks.peers.__main__ import PEERS as SYSTEMS

    return SYSTEMS[way](ours.single.index, Settings())


def _spin() -> None:
    while True:
        sum(range(10_000))


@contextmanager
def _busy(wanted: bool) -> Iterator[None]:
    """Keep one core busy with something else."""
    process = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    if wanted:
        process.start()
    try:
        yield
    finally:
        if wanted:
            process.kill()
