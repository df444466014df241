"""What each part is worth: the sample questions, with one part left out or changed at a time.

    python -m benchmarks.ablations run --index FOLDER --replies FILE [--out FOLDER] [--only NAME …]

Each variant is a run of `rag.evaluate` with a result file of its own. At temperature 0 variants
share most of what the model is asked, so its replies are kept (`benchmarks.replies`) and a variant
asks only what is new: its answers are those of a run afresh, its seconds mean nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks.answers import mind
from rag.assistant import Assistant
from rag.config import STEPS, Settings
from rag.evaluate import runner, sets
from rag.evaluate.report import screen

SMALL = "qwen2.5-coder-0.5b"
VARIANTS: dict[str, Settings] = {
    "as shipped": Settings(),
    "dense only": Settings(retrieval="dense"),
    "lexical only": Settings(retrieval="lexical"),
    **{f"without {step}": Settings(without=(step,)) for step in STEPS},
    "one joint prompt": Settings(reading="joint"),
    "0.5B": Settings(model=SMALL),
}


def run(index: Path, replies: Path, out: Path, names: Sequence[str], questions: Path) -> None:
    """Run variants one after another; what is there already is left as it is."""
    asked = sets.load(questions)
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        target = out / f"{name.replace(' ', '-')}.json"
        if target.exists():
            continue
        settings = VARIANTS[name]
        assistant = Assistant.open(index, settings=settings, llm=mind(settings, replies))
        try:
            result = runner.run(asked, assistant, out=target)
        finally:
            assistant.close()
        print(f"== {name}\n{screen(result, failed=0)}\n", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("run")
    asking.add_argument("--index", type=Path, required=True)
    asking.add_argument("--replies", type=Path, required=True)
    asking.add_argument("--out", type=Path, default=Path(".cache/ablations"))
    asking.add_argument("--questions", type=Path, default=sets.SEEDS)
    asking.add_argument("--only", nargs="*", choices=list(VARIANTS), default=list(VARIANTS))
    options = parser.parse_args(arguments)
    run(options.index, options.replies, options.out, options.only, options.questions)


if __name__ == "__main__":
    main()
