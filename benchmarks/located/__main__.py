"""The command line of `benchmarks.located`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import benchmarks.located
import rag
from benchmarks.located.asking import digest, questions, run
from benchmarks.located.keeping import keep
from benchmarks.located.scoring import Scored, by_kind, scored, table
from benchmarks.located.sweeping import sweep
from benchmarks.located.sweeping import table as swept_table
from benchmarks.runs import WORK, read_lines
from rag.config import Settings


def wrong(every: Sequence[Scored]) -> Iterator[str]:
    """Yield a line for each question and citation that is not as expected."""
    for each in every:
        identity, row = each.question["id"], each.answer
        if row["abstained"]:
            yield f"{identity}: refused"
        elif each.right is False:
            yield f"{identity}: another value: {row['text']}"
        for citation, look in zip(row["citations"], each.looks, strict=True):
            told = ", ".join(f"{p['kind']} {p['value']} {p['last']}" for p in citation["places"])
            where = f"{citation['source']} ({told or 'header' if citation['in_header'] else told})"
            if not look.resolves or look.place != "right":
                yield f"{identity}: {look.place}: {where}: {look.reason}: {citation['quote']!r}"
            elif not look.expected:
                yield f"{identity}: not expected: {where}: {citation['quote']!r}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.located",
        description=benchmarks.located.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("run", help="ask every question")
    asking.add_argument("--out", type=Path, required=True)
    asking.add_argument("--work", type=Path, default=WORK)
    asking.add_argument("--model", default=Settings().model)
    asking.add_argument("--only", nargs="+", default=(), help="ids of questions")
    scoring = commands.add_parser("score", help="look every citation up")
    scoring.add_argument("file", type=Path)
    scoring.add_argument("--model", default=Settings().model, help="that was asked")
    scoring.add_argument("--wrong", action="store_true", help="list what is not as expected")
    scoring.add_argument("--save", action="store_true", help="keep the figures")
    sweeping = commands.add_parser("sweep", help="look up every sentence of every document")
    sweeping.add_argument("--only", default="", help="files whose name holds this")
    sweeping.add_argument("--wrong", action="store_true", help="list what is not as told")
    digesting = commands.add_parser("digest", help="of a short answer, for questions.jsonl")
    digesting.add_argument("value")
    options = parser.parse_args(arguments)
    if options.command == "digest":
        print(digest(options.value))
    elif options.command == "run":
        run(options.out, options.work, Settings(model=options.model), options.only)
    elif options.command == "sweep":
        swept = list(sweep(options.only))
        print(swept_table(swept))
        for one in swept if options.wrong else ():
            if one.look.place != "right":
                print(f"{one.citation['source']}: {one.look.reason}: {one.citation['quote']!r}")
    else:
        every = scored(questions(), read_lines(options.file))
        print(f"Footnote {rag.__version__}, {len(every)} questions\n")
        print(table(by_kind(every)))
        if options.wrong:
            print("", *wrong(every), sep="\n")
        if options.save:
            print(f"\nkept in {keep(every, Settings(model=options.model))}")


if __name__ == "__main__":
    main()
