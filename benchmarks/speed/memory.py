"""A thousand questions on a real model within small budgets, and what they leave behind.

The smallest model answers, a few words a draft, so that a thousand questions take minutes; budgets
are small, so that they are full soon. Nothing depends on what is answered.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks.runs import add_line, commit
from benchmarks.speed.figures import table_of
from rag.assistant import Assistant
from rag.catalogue import model_path
from rag.config import Settings, Step
from rag.embedder import load_embedder
from rag.index import Index
from rag.llm import LlamaModel
from rag.readings import Shelf

MODEL = "smollm2-135m"
MEMORY = 32_000_000
DISK = 64_000_000
LEFT_OUT: tuple[Step, ...] = ("witness", "answers", "repair")  # proving saves no state of its own
EVERY = 50
SHOWN = (50, 100, 200, 500, 1000)  # rows of the table


def run(out: Path, index: Path, questions: int = 1000) -> None:
    """Ask so many questions; add a row of what is held after every fifty."""
    settings = Settings(model=MODEL, max_draft_tokens=8, passages=1, without=LEFT_OUT)
    embedder = load_embedder(settings.embedder)
    opened = Index.open(index, embedder.checksum)
    stand = commit()
    with tempfile.TemporaryDirectory() as folder:
        shelf = Path(folder)
        llm = LlamaModel(
            model_path(MODEL),
            name=MODEL,
            n_ctx=settings.n_ctx,
            state_bytes=MEMORY,
            shelf=lambda stamp: Shelf(shelf, stamp, DISK),
        )
        assistant = Assistant(opened, embedder, llm, settings)
        began = time.perf_counter()
        for number in range(1, questions + 1):
            passage = opened.passages[number * 7919 % len(opened.passages)]
            words = passage.text.split()[:12]
            assistant.ask(f"What is said of {' '.join(words)}?")
            if number % EVERY == 0:
                row = {
                    "questions": number,
                    "rss_mb": round(_resident_mib(), 1),
                    "memory_mb": round(llm.readings.memory.held_bytes / 1e6, 2),
                    "disk_mb": round(sum(f.stat().st_size for f in shelf.iterdir()) / 1e6, 2),
                    "budgets_mb": [MEMORY / 1e6, DISK / 1e6],
                    "seconds": round(time.perf_counter() - began, 1),
                    "commit": stand,
                }
                add_line(out, row)
                print(row, flush=True)
        assistant.close()


def _resident_mib() -> float:
    """Return the memory the process holds now, in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 2**20


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return some of the rows as a Markdown table."""
    columns = ("questions", "resident, MB", "states in memory, MB", "states on disk, MB")
    cells = [
        (
            str(row["questions"]),
            f"{row['rss_mb']:.0f}",
            f"{row['memory_mb']:.1f} of {row['budgets_mb'][0]:.0f}",
            f"{row['disk_mb']:.1f} of {row['budgets_mb'][1]:.0f}",
        )
        for row in rows
        if row["questions"] in SHOWN
    ]
    return table_of(columns, cells)
