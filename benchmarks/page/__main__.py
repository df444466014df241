"""Run what the package says."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.page import shots, speed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    commands = parser.add_subparsers(dest="command", required=True)
    measured = commands.add_parser("speed", help="measure it")
    measured.add_argument("--rounds", type=int, default=5, help="starts of the page")
    measured.add_argument("--out", type=Path, help="where the figures are kept")
    pictured = commands.add_parser("shots", help="picture it")
    pictured.add_argument("folder", type=Path, nargs="?", default=Path("docs/screenshots"))
    given = parser.parse_args()
    if given.command == "speed":
        speed.run(given.rounds, given.out)
    else:
        shots.run(given.folder)


if __name__ == "__main__":
    main()
