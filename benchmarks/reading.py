"""Measure the ways of reading on shared question sets: singly, jointly, and both.

    python -m benchmarks.reading run --out FILE      asks; interrupted, it goes on
    python -m benchmarks.reading score FILE          prints the table

Every question is asked twice, with single readings and with one joint prompt; "single+joint",
a joint second try where single readings prove nothing, follows from the two. A question is
answered right when one of its short answers stands in the answer; for long-form sets, when a
citation overlaps a gold sentence. Unanswerable questions are right when refused.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rag  # sets OpenMP's waiting before anything heavy is loaded
from benchmarks import sets
from rag.assistant import Assistant, load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.evaluate.metrics import wilson
from rag.index import build

SETS = ("nq_open_oracle", "clapnq_dev", "squad2_halfdev")
WAYS = ("single", "joint")

Row = Mapping[str, Any]


def run(out: Path, work: Path, per_set: int, seed: int, settings: Settings) -> None:
    """Ask every sampled question both ways, set by set in turn, one line a question."""
    done = set()
    if out.exists():
        done = {json.loads(line)["qid"] for line in out.read_text("utf-8").splitlines()}
    embedder = load_embedder(settings.embedder)
    llm = load_llm(settings)
    assistants: dict[tuple[str, str], Assistant] = {}
    for name in SETS:
        folder = work / name / "index"
        build([sets.write_documents(name, work)], folder, embedder)
        for way in WAYS:
            assistants[name, way] = Assistant.open(
                folder, settings=settings.with_(reading=way), embedder=embedder, llm=llm
            )
    drawn = [sets.sample(name, per_set, seed=seed, fitting=False) for name in SETS]
    for turn in zip(*drawn, strict=True):
        for name, question in zip(SETS, turn, strict=True):
            if question["qid"] in done:
                continue
            answers = {
                way: assistants[name, way].ask(question["question"]).to_json() for way in WAYS
            }
            kept = ("qid", "question", "answers", "answerable", "gold_sentences", "gold_docs")
            row = {"set": name, **{key: question.get(key) for key in kept}, **answers}
            with out.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def answer_of(row: Row, way: str) -> Row:
    """Return the answer of one way; "single+joint" falls back where singly nothing is proven."""
    if way == "single+joint":
        chosen = "joint" if row["single"]["abstained"] else "single"
        return dict(row[chosen])
    return dict(row[way])


def is_right(row: Row, answer: Row) -> bool:
    """Tell whether an answer to an answerable question is right."""
    if answer["abstained"]:
        return False
    if row["gold_sentences"]:
        quotes = [c["quote"] for s in answer["statements"] for c in s["citations"]]
        return any(overlaps(quote, gold) for quote in quotes for gold in row["gold_sentences"])
    said = f" {plain_words(answer['text'])} "
    return any(f" {plain_words(short)} " in said for short in row["answers"] if plain_words(short))


def plain_words(text: str) -> str:
    """Return the words of a text, lower case, single spaces between."""
    return " ".join(re.findall(r"\w+", text.lower()))


def overlaps(quote: str, gold: str) -> bool:
    """Tell whether one of two texts contains the other, word for word."""
    quote, gold = plain_words(quote), plain_words(gold)
    return bool(quote and gold) and (quote in gold or gold in quote)


def score(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| set | way | answerable right | answered | refused rightly | seconds (median) |",
        "|---|---|---|---|---|---|",
    ]
    for name in (*SETS, "all"):
        of_set = [row for row in rows if name in (row["set"], "all")]
        lines += [_line(name, way, of_set) for way in (*WAYS, "single+joint")]
    return "\n".join(lines)


def _line(name: str, way: str, rows: Sequence[Row]) -> str:
    can = [row for row in rows if row["answerable"]]
    cannot = [row for row in rows if not row["answerable"]]
    right = sum(is_right(row, answer_of(row, way)) for row in can)
    answered = sum(not answer_of(row, way)["abstained"] for row in can)
    refused = sum(bool(answer_of(row, way)["abstained"]) for row in cannot)
    seconds = sorted(sum(row[w]["timings"]["total"] for w in _ways_used(row, way)) for row in rows)
    median = seconds[len(seconds) // 2] if seconds else 0.0
    return (
        f"| {name} | {way} | {share(right, len(can))} | {share(answered, len(can))} "
        f"| {share(refused, len(cannot))} | {median:.1f} |"
    )


def _ways_used(row: Row, way: str) -> tuple[str, ...]:
    if way == "single+joint":
        return WAYS if row["single"]["abstained"] else ("single",)
    return (way,)


def share(part: int, whole: int) -> str:
    """Return a share with its interval by Wilson's method, 95 %."""
    if not whole:
        return "–"
    interval = wilson(part, whole)
    bounds = f", {interval.low:.2f}–{interval.high:.2f}" if interval else ""
    return f"{part} of {whole} ({part / whole:.2f}{bounds})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("run")
    asking.add_argument("--out", type=Path, required=True)
    asking.add_argument("--work", type=Path, default=Path(".cache/benchmarks"))
    asking.add_argument("--per-set", type=int, default=67)
    asking.add_argument("--seed", type=int, default=1)
    asking.add_argument("--model", default=Settings().model)
    scoring = commands.add_parser("score")
    scoring.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "run":
        settings = Settings(model=options.model)
        run(options.out, options.work, options.per_set, options.seed, settings)
    else:
        rows = [json.loads(line) for line in options.file.read_text("utf-8").splitlines()]
        print(f"Footnote {rag.__version__}, {len(rows)} questions\n")
        print(score(rows))


if __name__ == "__main__":
    main()
