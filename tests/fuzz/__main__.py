"""The command line; see `tests.fuzz`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz import kept, loop

_FOLDER = Path(".cache/fuzz")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["child"]:
        loop.child(Path(given[1]), float(given[2]), given[3], int(given[4]))
        return
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="of the queue")
    parser.add_argument("--only", default="", help="formats whose suffix holds this")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="change files and read them")
    run.add_argument("--minutes", type=float, default=5, help="of the processor's time")
    run.add_argument("--seed", type=int, default=0)
    keep = commands.add_parser("keep", help="put what reached something new into tests/corpus")
    keep.add_argument("--tries", type=int, default=60, help="to make an input smaller")
    commands.add_parser("replay", help="read the corpus and tell what came of it")
    for each in commands.choices.values():
        each.add_argument("--only", default=argparse.SUPPRESS, help="as before the command")
        each.add_argument("--folder", type=Path, default=argparse.SUPPRESS)
    options = parser.parse_args(given)
    if options.command == "run":
        loop.run(options.folder, options.minutes, options.only, options.seed)
    elif options.command == "keep":
        kept.keep(options.folder, options.only, options.tries)
    else:
        kept.tell(options.only)


if __name__ == "__main__":
    main()
