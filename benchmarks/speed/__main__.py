"""The command line of `benchmarks.speed`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import runs
from benchmarks.speed import before, figures, generation, loads, memory, plots, sizes, ways
from rag.evaluate import sets

_TABLES: dict[str, Callable[[Sequence[dict[str, Any]]], str]] = {
    "generation": generation.table,
    "users": figures.users,
    "sizes": figures.sizes,
    "memory": memory.table,
    "before": before.table,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    commands = parser.add_subparsers(dest="command", required=True)
    asking = {
        name: commands.add_parser(name)
        for name in ("run", "generation", "users", "sizes", "memory", "before")
    }
    for one in asking.values():
        one.add_argument("--out", type=Path, required=True)
        one.add_argument("--index", type=Path, default=Path("indexes/seeds"))
        one.add_argument("--questions", type=Path, default=sets.SEEDS)
        one.add_argument("--limit", type=int)
    asking["run"].add_argument(
        "--ways", nargs="+", default=list(ways.OURS), choices=[*ways.OURS, *ways.PEERS]
    )
    asking["run"].add_argument("--busy", action="store_true", help="beside another busy process")
    asking["before"].add_argument("--commit", required=True, help="the earlier one")
    asking["run"].add_argument(
        "--untimed", action="store_true", help="keep what came of it, not the seconds"
    )
    scoring = commands.add_parser("score")
    scoring.add_argument("files", nargs="+", type=Path, help="named after what they are of")
    scoring.add_argument("--save", action="store_true", help="keep the figures, without any words")
    drawing = commands.add_parser("plot")
    drawing.add_argument("files", nargs="+", type=Path)
    drawing.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    if options.command == "score":
        score(options.files, save=options.save)
    elif options.command == "plot":
        rows = [row for file in options.files for row in runs.read_lines(file)]
        print(plots.waits(rows, options.out))
    else:
        measure(options)


def measure(options: argparse.Namespace) -> None:
    """Measure one thing."""
    out, index, questions = options.out, options.index, options.questions
    match options.command:
        case "run":
            ways.run(
                out,
                questions,
                index,
                options.ways,
                options.limit,
                busy=options.busy,
                timed=not options.untimed,
            )
        case "generation":
            generation.run(out, index)
        case "users":
            loads.run(out, questions, index, options.limit or 12)
        case "sizes":
            sizes.run(out, options.limit or 12)
        case "before":
            before.run(out, questions, index, options.limit or 12, options.commit)
        case "memory":
            memory.run(out, index, options.limit or 1000)


def score(files: Sequence[Path], *, save: bool) -> None:
    """Print the table of each measurement; files of answers make one together."""
    answers: list[dict[str, Any]] = []
    for file in files:
        rows = runs.read_lines(file)
        if file.stem in _TABLES:
            print(_TABLES[file.stem](rows), "\n")
            if save:
                figures.keep(file.stem, [_without_words(row) for row in rows])
        else:
            answers += rows
    if answers:
        lines = figures.score(answers)
        print(figures.table(lines), "\n")
        print(figures.quality(lines))
        if save:
            figures.keep("answers", lines)


def _without_words(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("said", "question")}


if __name__ == "__main__":
    main()
