"""Writing against llama.cpp alone, on the same batches of the same tokens.

Ours is `LlamaModel.generate` with one draft, two and four, as a question uses it: choosing each
token, its probability, its text. Alone is a loop of `llama_decode` in a context of its own, without
the tap of our judgements, over the tokens that ours chose, and nothing else.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks.runs import add_line, commit
from benchmarks.speed.figures import table_of
from benchmarks.speed.ways import Timed
from rag import prompt as prompts
from rag.assistant import load_llm
from rag.catalogue import model_path
from rag.config import Settings
from rag.index import Index
from rag.llm import LlamaModel
from rag.llm.context import Context
from rag.passages import heading
from rag.types import Hit

DRAFTS = (1, 2, 4)
TOKENS = 48


def run(out: Path, index: Path, rounds: int = 7) -> None:
    """Write and replay in turn; add a row for each number of drafts."""
    settings = Settings(readings_mb=0)
    opened = Index.open(index)
    llm = load_llm(settings)
    llm.context.lib = Timed(llm.context.lib)
    alone = Context(
        model_path(settings.model),
        n_ctx=settings.n_ctx,
        n_threads=settings.n_threads,
        sequences=5,
        kv=settings.kv,
        tap=None,
    )
    stand = commit()
    asked = [
        prompts.single("What does this text say, in all its details?", hit, heading(hit.document))
        for passage in opened.passages[: max(DRAFTS)]
        for hit in [Hit(passage, opened.documents[passage.document_id], 0.0)]
    ]
    for drafts in DRAFTS:
        ours, theirs = [], []
        for _ in range(rounds):
            seconds, tokens = _write(llm, asked[:drafts])
            ours.append(seconds)
            theirs.append(_replay(alone, llm, asked[:drafts], tokens))
        ratios = [other / one for one, other in zip(ours, theirs, strict=True)]
        row = {
            "drafts": drafts,
            "ours_ms": round(1000 * statistics.median(ours), 2),
            "alone_ms": round(1000 * statistics.median(theirs), 2),
            "share": round(statistics.median(ratios), 4),
            "rounds": rounds,
            "commit": stand,
        }
        add_line(out, row)
        print(row, flush=True)
    llm.close()
    alone.close()


def _write(llm: LlamaModel, asked: Sequence[prompts.Prompt]) -> tuple[float, list[list[int]]]:
    """Return the seconds a step, from the last draft's first word to the end, and the tokens."""
    chosen: list[list[int]] = [[] for _ in asked]
    piece = llm.context.piece
    last: list[int] = []
    llm.context.piece = lambda token: last.append(token) or piece(token)  # type: ignore[method-assign, func-returns-value]
    began, calls = 0.0, 0
    try:
        for said in llm.generate(*asked, max_tokens=TOKENS):
            chosen[said.draft].append(last.pop())
            if not began and all(chosen):
                began, calls = time.perf_counter(), llm.context.lib.calls
        seconds = (time.perf_counter() - began) / (llm.context.lib.calls - calls)
    finally:
        llm.context.piece = piece  # type: ignore[method-assign]
    return seconds, chosen


def _replay(
    alone: Context, llm: LlamaModel, asked: Sequence[prompts.Prompt], tokens: list[list[int]]
) -> float:
    """Return the seconds a step that llama.cpp takes for the same after the same prompts."""
    alone.clear()
    lengths = []
    for sequence, prompt in enumerate(asked):
        steps = llm.steps(prompt)
        every = steps.asked + steps.asking
        for first in range(0, len(every), 256):
            part = every[first : first + 256]
            alone.evaluate([(t, first + i, sequence) for i, t in enumerate(part)])
        lengths.append(len(every))
    seconds = 0.0
    for step in range(max(map(len, tokens))):
        rows = [
            (said[step], lengths[sequence] + step, sequence)
            for sequence, said in enumerate(tokens)
            if step < len(said)
        ]
        began = time.perf_counter()
        alone.evaluate(rows)
        seconds += time.perf_counter() - began
    return seconds / max(map(len, tokens))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    columns = ("drafts at once", "ours, ms a step", "llama.cpp alone", "share of its speed")
    cells = [
        (
            str(row["drafts"]),
            f"{row['ours_ms']:.1f}",
            f"{row['alone_ms']:.1f}",
            f"{row['share']:.3f}",
        )
        for row in rows
    ]
    return table_of(columns, cells)
