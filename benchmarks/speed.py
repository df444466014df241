"""How long answers take, with what was read before and without, against other systems.

    python -m benchmarks.speed run --out FILE [--ways …] [--questions FILE --index FOLDER] [--busy]
    python -m benchmarks.speed score FILE…        prints the table
    python -m benchmarks.speed score FILE --save benchmarks/results/speed

Every question is asked in each way in turn, so that a noisy machine is noisy for all of them; the
ratios are medians over questions. An interrupted run goes on where it was.

    cold        nothing has been read before
    warm        the passages found have been read before, and lie on disk; the question is new
    joint       all passages in one prompt, nothing read before
    llamaindex  the peers of `benchmarks.peers`, each with its own model in this process
    haystack
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs
from benchmarks.runs import Row
from rag import prompt as prompts
from rag.assistant import Assistant, load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.evaluate import about, sets
from rag.evaluate.metrics import percentile
from rag.llm import LlamaModel
from rag.passages import heading
from rag.readings import Readings, Shelf
from rag.types import Answer

OURS = ("cold", "warm", "joint")
PEERS = ("llamaindex", "haystack")
MEMORY = 512 * 1024 * 1024
DISK = 4_000_000_000
AHEAD = 2  # times as many passages as are read at first are read ahead: a question may read on
COLUMNS = (
    "questions",
    "way",
    "first quotation, s",
    "first word, s",
    "whole answer, s",
    "first word: times faster than cold",
    "whole: times faster",
    "tokens evaluated",
    "written",
    "outside the model",
    "same answers as cold",
    "commit",
)
_NUMBERS = ("first_quote", "first_word", "total", "model", "cpu")


class Timed:
    """llama.cpp's functions, with the seconds spent and the tokens evaluated in `llama_decode`.

    Args:
        lib: the module.
    """

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self.seconds = 0.0
        self.tokens = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lib, name)

    def llama_decode(self, context: Any, batch: Any) -> Any:
        """Evaluate a batch."""
        began = time.perf_counter()
        status = self._lib.llama_decode(context, batch)
        self.seconds += time.perf_counter() - began
        self.tokens += batch.n_tokens
        return status


class Ours:
    """Our assistant, in each of its ways.

    Args:
        index: folder of the index.
        shelf: folder for what is read.
    """

    def __init__(self, index: Path, shelf: Path) -> None:
        settings = Settings(readings_mb=0)
        self.embedder = load_embedder(settings.embedder)
        self.llm = load_llm(settings)
        self.timed = Timed(self.llm._lib)
        self.llm._lib = self.timed
        self.single = Assistant.open(index, settings=settings, embedder=self.embedder, llm=self.llm)
        self.joint = Assistant.open(
            index, settings=settings.with_(reading="joint"), embedder=self.embedder, llm=self.llm
        )
        self.shelf = Shelf(shelf, "bench", DISK)

    def ask(self, question: str, way: str) -> dict[str, Any]:
        """Ask one question one way, with nothing in memory."""
        if way == "warm":
            self._read_ahead(question)
        _forget(self.llm, self.shelf if way == "warm" else None)
        assistant = self.joint if way == "joint" else self.single
        return measured(lambda: assistant.ask(question), self.timed)

    def _read_ahead(self, question: str) -> None:
        _forget(self.llm, self.shelf)
        for hit in self.single._find(question, AHEAD * self.single.settings.passages):
            self.llm.prepare(prompts.reading_of(hit, heading(hit.document)))

    def close(self) -> None:
        """Free the model."""
        self.llm.close()


def _forget(llm: LlamaModel, shelf: Shelf | None) -> None:
    """Leave nothing of what was read in memory."""
    llm._forget()
    llm.readings = Readings(MEMORY, shelf)


def measured(ask: Callable[[], Answer], timed: Timed | None = None) -> dict[str, Any]:
    """Ask and return what it took."""
    seconds, tokens = (timed.seconds, timed.tokens) if timed else (0.0, 0)
    began, cpu = time.perf_counter(), time.process_time()
    answer = ask()
    total = time.perf_counter() - began
    timings = answer.timings
    return {
        "first_quote": timings.first_quote_s,
        "first_word": timings.first_token_s,
        "total": total,
        "cpu": time.process_time() - cpu,
        "model": timed.seconds - seconds if timed else None,
        "evaluated": timed.tokens - tokens if timed else timings.tokens_in + timings.tokens_out,
        "written": timings.tokens_out,
        "abstained": answer.abstained,
        "said": [
            [s.text, [c.quote for c in s.citations], round(s.support, 9)] for s in answer.statements
        ],
    }


def run(
    out: Path, questions: Path, index: Path, ways: Sequence[str], limit: int | None, busy: bool
) -> None:
    """Ask every question in every way that has not been asked yet."""
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
    commit, changed = about.commit_of()
    with tempfile.TemporaryDirectory() as shelf, _busy(busy):
        ours = Ours(index, Path(shelf))
        peers = {way: _peer(way, ours) for way in ways if way in PEERS}
        ours.ask(asked[0].text, "cold")  # what is loaded at the first question is loaded
        for number, (question, way) in enumerate(missing, 1):
            if way in OURS:
                row = ours.ask(question.text, way)
            else:
                row = measured(lambda w=way, q=question: peers[w].ask(q.text))  # type: ignore[misc]
            row |= {"id": question.id, "set": _name(questions), "way": way, "busy": busy}
            row |= {"commit": commit + ("+" if changed else ""), "rss_mb": about.peak_memory_mib()}
            runs.add_line(out, row)
            print(f"{number} of {len(missing)}: {way} {row['total']:.1f} s", flush=True)
        ours.close()


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


def score(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return one line of figures for each set, load and way."""
    lines = []
    for name, busy in dict.fromkeys((row["set"], row["busy"]) for row in rows):
        own = [row for row in rows if (row["set"], row["busy"]) == (name, busy)]
        cold = {row["id"]: row for row in own if row["way"] == "cold"}
        for way in dict.fromkeys(row["way"] for row in own):
            those = {row["id"]: row for row in own if row["way"] == way}
            both = [(those[id_], cold[id_]) for id_ in those if id_ in cold]
            same = sum(one["said"] == other["said"] for one, other in both)
            line: dict[str, Any] = {"set": name, "busy": busy, "way": way, "questions": len(those)}
            for key in _NUMBERS:
                values = [row[key] for row in those.values() if row[key] is not None]
                line[key] = [_round(percentile(values, 50)), _round(percentile(values, 95))]
            for key in ("first_word", "total"):
                line[f"{key}_faster"] = _ratio(both, key)
            line["evaluated"] = sum(row["evaluated"] for row in those.values())
            line["written"] = sum(row["written"] for row in those.values())
            spent = sum(row["total"] for row in those.values() if row["model"] is not None)
            model = sum(row["model"] or 0.0 for row in those.values())
            line["outside_model"] = _round((spent - model) / spent) if spent else None
            line["same_as_cold"] = [same, len(both)]
            line["rss_mb"] = max(row["rss_mb"] for row in those.values())
            line["commits"] = sorted({row["commit"][:7] for row in those.values()})
            lines.append(line)
    return lines


def _ratio(both: Sequence[tuple[Row, Row]], key: str) -> float | None:
    """Return how many times faster than cold, the median over questions."""
    ratios = [o[key] / one[key] for one, o in both if one[key] is not None and o[key] is not None]
    return _round(statistics.median(ratios)) if ratios else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Return the figures as a Markdown table."""
    rows = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    for line in lines:
        busy = ", beside a busy process" if line["busy"] else ""
        same, of = line["same_as_cold"]
        cells = [
            f"{line['questions']} of {line['set']}{busy}",
            line["way"],
            *(_pair(line[key]) for key in ("first_quote", "first_word", "total")),
            _shown(line["first_word_faster"]),
            _shown(line["total_faster"]),
            str(line["evaluated"]),
            str(line["written"]),
            _shown(line["outside_model"]),
            f"{same} of {of}" if line["way"] == "warm" else "–",
            " ".join(line["commits"]),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _pair(values: Sequence[float | None]) -> str:
    p50, p95 = values
    return "–" if p50 is None or p95 is None else f"{p50:.2f}, {p95:.2f}"


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def saved(folder: Path = Path("benchmarks/results/speed")) -> list[dict[str, Any]]:
    """Return the lines of all summaries in a folder, for the documentation."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    return [line for each in found for line in each["lines"]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("run")
    asking.add_argument("--out", type=Path, required=True)
    asking.add_argument("--questions", type=Path, default=sets.SEEDS)
    asking.add_argument("--index", type=Path, required=True)
    asking.add_argument("--ways", nargs="+", default=list(OURS), choices=[*OURS, *PEERS])
    asking.add_argument("--limit", type=int)
    asking.add_argument("--busy", action="store_true", help="beside another busy process")
    scoring = commands.add_parser("score")
    scoring.add_argument("files", nargs="+", type=Path)
    scoring.add_argument("--save", type=Path, help="folder for a summary without any words")
    options = parser.parse_args(arguments)
    if options.command == "run":
        run(
            options.out,
            options.questions,
            options.index,
            options.ways,
            options.limit,
            options.busy,
        )
        return
    for file in options.files:
        lines = score(list(runs.read_lines(file)))
        print(table(lines))
        if options.save:
            options.save.mkdir(parents=True, exist_ok=True)
            kept = {"machine": about.machine(), "lines": lines}
            text = json.dumps(kept, indent=1)
            (options.save / f"{file.stem}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
