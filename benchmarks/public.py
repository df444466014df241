"""Public question sets in the form of `rag eval`, those questions that nothing was fitted on.

    python -m benchmarks.public --sets NAME … --per-set N --out FOLDER

writes FOLDER/NAME/documents and FOLDER/NAME/firstN.jsonl, drawn as `benchmarks.answers` draws
them: questions that were read while rules were made are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import sets
from benchmarks.answers import LOOKED_AT
from rag.evaluate.importing import QUESTIONS, import_set

SETS = ("clapnq_dev", "squad2_halfdev", "ramdocs")


def prepare(name: str, out: Path, count: int) -> int:
    """Write the documents of a set and so many of its questions; return how many there are."""
    if not out.exists():
        import_set(sets.DATA / name, out)
    file = out / QUESTIONS
    every = {
        row["id"]: line
        for line in file.read_text("utf-8").split("\n")
        if line.strip()
        for row in [json.loads(line)]
    }
    drawn = sets.sample(name, sys.maxsize, seed=1, fitting=False)[LOOKED_AT:]
    chosen = [every[row["qid"]] for row in drawn if row["qid"] in every][:count]
    (out / f"first{count}.jsonl").write_text("".join(f"{line}\n" for line in chosen), "utf-8")
    return len(chosen)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--per-set", type=int, default=30)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    for name in options.sets:
        count = prepare(name, options.out / name, options.per_set)
        print(f"{name}: {count} questions in {options.out / name}")


if __name__ == "__main__":
    main()
