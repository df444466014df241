"""The command line of `benchmarks.followups`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import benchmarks.followups
import rag
from benchmarks.followups import resolving
from benchmarks.runs import add_line, commit, measured, read_lines
from rag.config import Settings

RESULTS = Path("benchmarks/results/followups")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.followups",
        description=benchmarks.followups.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="resolve every question")
    running.add_argument("--out", type=Path, required=True)
    running.add_argument("--half", choices=("tuned", "held"), default="")
    running.add_argument("--model", default=Settings().model)
    running.add_argument("--no-public", action="store_true", help="our own questions only")
    scoring = commands.add_parser("score", help="the table of it")
    scoring.add_argument("file", type=Path)
    scoring.add_argument("--save", action="store_true", help="keep the figures")
    scoring.add_argument("--wrong", action="store_true", help="list those of the half tuned")
    options = parser.parse_args(arguments)
    if options.command == "run":
        _run(options)
    else:
        _score(options)


def _run(options: argparse.Namespace) -> None:
    from rag.assistant import load_llm
    from rag.embedder import load_embedder

    options.out.unlink(missing_ok=True)
    settings = Settings(model=options.model)
    mind, embedder = load_llm(settings), load_embedder(settings.embedder)
    try:
        for row in resolving.run(mind, embedder, options.half):
            add_line(options.out, row)
    finally:
        mind.close()
    for row in () if options.no_public else resolving.run_public():
        add_line(options.out, row)


def _score(options: argparse.Namespace) -> None:
    rows = read_lines(options.file)
    print(f"Footnote {rag.__version__}\n\n{resolving.table(rows)}")
    if options.wrong:
        print("\n".join(resolving.wrong(rows, "tuned")))
    if options.save:
        RESULTS.mkdir(parents=True, exist_ok=True)
        kept = {"measured": measured(), "commit": commit(), **resolving.figures(rows)}
        path = RESULTS / f"{commit()}.json"
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"kept in {path}")


if __name__ == "__main__":
    main()
