"""The same questions asked cold of this tree and of an earlier commit, in turn.

Each has a process of its own, in which every question opens the models anew, so that nothing has
been read before; opening is not timed, and neither is the first question of each. What the earlier
commit knew no setting for is left out of it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.runs import Row, add_line, commit, read_lines
from benchmarks.speed.figures import table_of
from rag.evaluate import sets

_ASK = """
import dataclasses, json, sys, time
from pathlib import Path
from rag.assistant import Assistant
from rag.config import Settings

own = {"readings_mb": 0} if "readings_mb" in {f.name for f in dataclasses.fields(Settings)} else {}
index = Path(sys.argv[1])
for line in sys.stdin:
    assistant = Assistant.open(index, settings=Settings(**own))
    began = time.perf_counter()
    answer = assistant.ask(json.loads(line))
    seconds = time.perf_counter() - began
    assistant.close()
    print(json.dumps([seconds, answer.timings.first_token_s]), flush=True)
"""


def run(out: Path, questions: Path, index: Path, limit: int, earlier: str) -> None:
    """Ask some questions of both, one after the other."""
    asked = sets.load(questions)[:limit]
    done = {row["id"] for row in read_lines(out)}
    stand = commit()
    with _tree(earlier) as before, _asker(Path(), index) as now, _asker(before, index) as then:
        for ask in (now, then):
            _timed(ask, asked[0].text)
        for question in asked:
            if question.id in done:
                continue
            row: dict[str, Any] = {"id": question.id, "commit": stand, "earlier": earlier}
            for name, ask in (("now", now), ("then", then)):
                total, first = _timed(ask, question.text)
                row |= {name: total, f"{name}_first": first}
            add_line(out, row)
            print(f"{question.id}: {row['now']:.1f} s, before {row['then']:.1f} s", flush=True)


@contextmanager
def _tree(commit: str) -> Iterator[Path]:
    """Check a commit out beside this tree."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--detach", tree, commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], check=True)


@contextmanager
def _asker(tree: Path, index: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _ASK, str(index.resolve())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tree.resolve())},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _timed(process: subprocess.Popen[str], question: str) -> tuple[float, float | None]:
    """Return seconds to the end and to the first word."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    total, first = json.loads(process.stdout.readline())
    return total, first


def table(rows: Sequence[Row]) -> str:
    """Return what both took, and the ratios, as a Markdown table."""
    columns = (
        "questions",
        "earlier commit",
        "seconds then",
        "now",
        "now to then, median",
        "in all",
    )
    ratios = [row["now"] / row["then"] for row in rows]
    then, now = (sum(row[name] for row in rows) for name in ("then", "now"))
    cells = (
        str(len(rows)),
        ", ".join(dict.fromkeys(row["earlier"][:7] for row in rows)),
        f"{statistics.median(row['then'] for row in rows):.1f}",
        f"{statistics.median(row['now'] for row in rows):.1f}",
        f"{statistics.median(ratios):.2f}",
        f"{now / then:.2f}",
    )
    return table_of(columns, [cells])
