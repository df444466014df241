"""The command line of `benchmarks.followups`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import benchmarks.followups
import rag
from benchmarks.followups import RESULTS, asking, resolving, suggesting
from benchmarks.runs import WORK, Row, add_line, measured, read_lines
from rag.config import Settings
from rag.evaluate import about


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
    asking_ = commands.add_parser("ask", help="ask the samples' follow-ups")
    suggesting_ = commands.add_parser("suggest", help="suggest questions")
    for each in (asking_, suggesting_):
        each.add_argument("--out", type=Path, required=True)
        each.add_argument("--work", type=Path, default=WORK)
        each.add_argument("--model", default=Settings().model)
    suggesting_.add_argument("--sets", nargs="*", default=suggesting.SETS)
    suggesting_.add_argument("--per-set", type=int, default=20)
    options = parser.parse_args(arguments)
    if options.command == "score":
        _score(options)
        return
    if options.command != "suggest":
        options.out.unlink(missing_ok=True)
    for row in _rows(options):
        add_line(options.out, row)


def _rows(options: argparse.Namespace) -> Iterator[Row]:
    """Yield what a command that needs the model finds."""
    from rag.assistant import load_llm
    from rag.embedder import load_embedder

    settings = Settings(model=options.model)
    mind, embedder = load_llm(settings), load_embedder(settings.embedder)
    try:
        if options.command == "run":
            yield from resolving.run(mind, embedder, options.half)
            if not options.no_public:
                yield from resolving.run_public()
        elif options.command == "ask":
            yield from asking.run(mind, embedder, options.work)
        else:
            done = {(row["set"], row["question"]) for row in read_lines(options.out)}
            yield from suggesting.run(
                mind, embedder, options.work, options.sets, options.per_set, done
            )
    finally:
        mind.close()


def _score(options: argparse.Namespace) -> None:
    rows = read_lines(options.file)
    if rows and "suggested" in rows[0]:
        print(suggesting.table(rows))
        return
    if rows and "chain" in rows[0]:
        print(asking.table(rows))
        return
    found = resolving.figures(rows)
    print(f"Footnote {rag.__version__}\n\n{resolving.table(found)}")
    if options.wrong:
        print("\n".join(resolving.wrong(rows, "tuned")))
    if options.save:
        asked = rows[0]["commit"]
        RESULTS.mkdir(parents=True, exist_ok=True)
        kept = {"measured": measured(), "commit": asked, "machine": about.machine(), **found}
        path = RESULTS / f"{asked[:12]}.json"
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"kept in {path}")


if __name__ == "__main__":
    main()
