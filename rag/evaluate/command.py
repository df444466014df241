"""What `rag eval` does: open, ask with a progress bar, write the result file."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.config import Settings
from rag.errors import ConfigError
from rag.evaluate import about, sets
from rag.evaluate.runner import RunResult, run

if TYPE_CHECKING:
    from rag.evaluate.scoring import Row

RESULTS = Path("benchmarks/results")


def evaluate_command(
    *,
    questions: Path | None = None,
    index: str = "seeds",
    model: str | None = None,
    reading: str | None = None,
    passages: int | None = None,
    out: Path | None = None,
    limit: int | None = None,
    resume: bool = True,
    quiet: bool = False,
) -> RunResult:
    """Ask a question set and write the result file; `report.screen` shows what comes back.

    Args:
        questions: the set, by default the one on the sample documents.
        index: name of a folder under `indexes/`, or a path.
        model: as in `Settings`, like `reading` and `passages`.
        reading: how passages are read.
        passages: how many are read.
        out: result file; by default named after model and commit, under `benchmarks/results`
            where that folder exists, else in the current one.
        limit: ask only the first so many questions.
        resume: go on with an interrupted run.
        quiet: show no progress bar.

    Raises:
        RagError: set, index, model or setting cannot be used.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"limit is {limit}; give 1 or more.")
    given = {"model": model, "reading": reading, "passages": passages}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    asked = sets.load(questions or sets.SEEDS)[:limit]
    target = out or default_out(settings, questions, limit)

    from rag.assistant import Assistant

    assistant = Assistant.open(index, settings=settings)
    try:
        from tqdm import tqdm

        with tqdm(
            total=len(asked), unit="question", file=sys.stderr, disable=True if quiet else None
        ) as bar:

            def progress(done: int, total: int, row: Row) -> None:
                bar.update(done - bar.n)

            return run(asked, assistant, out=target, resume=resume, progress=progress)
    finally:
        assistant.close()


def default_out(
    settings: Settings, questions: Path | None = None, limit: int | None = None
) -> Path:
    """Return the result file's name: model, commit, and whatever differs from the defaults."""
    commit, changed = about.commit_of()
    usual = Settings()
    parts: list[Any] = ["eval", Path(about.short_name(settings.model)).name.removesuffix(".gguf")]
    if questions is not None and questions.resolve() != sets.SEEDS:
        parts.append(questions.stem)
    if settings.reading != usual.reading:
        parts.append(settings.reading)
    if settings.passages != usual.passages:
        parts.append(f"{settings.passages}passages")
    if limit is not None:
        parts.append(f"first{limit}")
    parts.append((commit[:12] or "nocommit") + ("-changed" if changed else ""))
    name = re.sub(r"[^\w.+-]+", "_", "-".join(parts))
    return (RESULTS if RESULTS.is_dir() else Path()) / f"{name}.json"
