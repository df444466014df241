"""What benchmarks that ask questions share: kept rows, indexes, words, one command line.

A run writes one JSON line a question and goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rag
from benchmarks import sets
from rag.config import Settings
from rag.embedder import Embedder
from rag.evaluate import about
from rag.evaluate.metrics import wilson
from rag.index import build

Row = Mapping[str, Any]
WORK = Path(".cache/benchmarks")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file; none where there is no file yet."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def add_line(path: Path, row: Row) -> None:
    """Add one object to a JSON Lines file."""
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def newest(folder: Path, name: str) -> dict[str, Any]:
    """Return the kept result whose file begins with a name; of several the last by when it was.

    Raises:
        FileNotFoundError: there is none.
    """
    found = [json.loads(path.read_text("utf-8")) for path in folder.glob(f"{name}*.json")]
    if not found:
        raise FileNotFoundError(f"{folder} holds no {name}*.json; run the benchmark with --save")
    last: dict[str, Any] = max(found, key=lambda result: result.get("measured", ""))
    return last


def measured() -> str:
    """Return when something is measured: now, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def commit() -> str:
    """Return the commit that is measured, with a "+" where files differ from it."""
    found, changed = about.commit_of()
    return found + ("+" if changed else "")


def index_folder(name: str, work: Path, embedder: Embedder) -> Path:
    """Return the folder of a set's index, made first where it is not up to date."""
    folder = work / name / "index"
    build([sets.write_documents(name, work)], folder, embedder)
    return folder


def plain_words(text: str) -> str:
    """Return the words of a text, lower case, single spaces between."""
    return " ".join(re.findall(r"\w+", text.lower()))


def contains(text: str, part: str) -> bool:
    """Tell whether a text has another one in it, word for word; nothing is in no text."""
    words = plain_words(part)
    return bool(words) and f" {words} " in f" {plain_words(text)} "


def overlaps(quote: str, gold: str) -> bool:
    """Tell whether one of two texts contains the other, letter for letter of their words."""
    quote, gold = plain_words(quote), plain_words(gold)
    return bool(quote and gold) and (quote in gold or gold in quote)


def is_right(row: Row, answer: Row) -> bool:
    """Tell whether an answer to an answerable question is right."""
    if answer["abstained"]:
        return False
    if row["gold_sentences"]:
        quotes = [c["quote"] for s in answer["statements"] for c in s["citations"]]
        return any(overlaps(quote, gold) for quote in quotes for gold in row["gold_sentences"])
    return any(contains(answer["text"], short) for short in row["answers"])


def share(part: int, whole: int) -> str:
    """Return a share with its interval by Wilson's method, 95 %."""
    if not whole:
        return "–"
    interval = wilson(part, whole)
    bounds = f", {interval.low:.2f}–{interval.high:.2f}" if interval else ""
    return f"{part} of {whole} ({part / whole:.2f}{bounds})"


def command_line(
    description: str | None,
    run: Callable[[argparse.Namespace, Settings], None],
    score: Callable[[Sequence[Row]], str],
    *,
    per_set: int,
    add: Callable[[argparse.ArgumentParser], object] = lambda parser: None,
    unit: str = "questions",
    arguments: Sequence[str] | None = None,
) -> None:
    """Run `run --out FILE` or `score FILE` of a benchmark.

    Args:
        description: its help.
        run: asks, given the options and settings.
        score: makes the table of the rows.
        per_set: how many questions of each set unless told otherwise.
        add: adds the benchmark's own options to those of `run`.
        unit: what a row is, for the heading.
        arguments: the command line, the process's own if None.
    """
    parser = argparse.ArgumentParser(description=description)
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("run")
    asking.add_argument("--out", type=Path, required=True)
    asking.add_argument("--work", type=Path, default=WORK)
    asking.add_argument("--per-set", type=int, default=per_set)
    asking.add_argument("--model", default=Settings().model)
    add(asking)
    scoring = commands.add_parser("score")
    scoring.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "run":
        run(options, Settings(model=options.model))
    else:
        rows = read_lines(options.file)
        print(f"Footnote {rag.__version__}, {len(rows)} {unit}\n")
        print(score(rows))
