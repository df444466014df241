"""Questions + an assistant -> a result file; an interrupted run goes on where it was.

Each answer is kept as one line of `<result>.rows.jsonl` as soon as it is there. When the last is
in, the result file is written in one step and the lines are removed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from rag.config import Settings
from rag.errors import CancelledError, ConfigError, RagError
from rag.evaluate import about, sets
from rag.evaluate.about import Corpus
from rag.evaluate.files import RunResult, keeping, read_rows, rows_file, write
from rag.evaluate.metrics import invalid_citations
from rag.evaluate.report import screen
from rag.evaluate.scoring import Row, score, statements_of
from rag.evaluate.sets import Question, Span, spans, texts_by_source
from rag.types import Answer

RESULTS = Path("benchmarks/results")

Progress = Callable[[int, int, Row], None]


class Answerer(Protocol):
    """What is asked: our assistant, or an adapter that makes another system look like it."""

    @property
    def settings(self) -> Settings:
        """How it answers."""

    @property
    def index(self) -> Corpus:
        """What it answers from."""

    def ask(self, question: str) -> Answer:
        """Answer one question."""


def run(
    questions: Sequence[Question],
    assistant: Answerer,
    *,
    out: Path,
    resume: bool = True,
    progress: Progress | None = None,
) -> RunResult:
    """Ask every question, score the answers and write the result file.

    Args:
        questions: asked in this order.
        assistant: what answers.
        out: the result file; answers are kept beside it until the run is whole.
        resume: use answers of an interrupted run that depend on the same question, settings,
            model, index and code.
        progress: called with done, total and the row after each question.

    Raises:
        EvaluationError: the set does not fit the index, or a file cannot be read or written.
        CancelledError: somebody stopped the work; what is done is kept.
    """
    texts = texts_by_source(assistant.index.documents.values())
    gold = {question.id: spans(question, texts) for question in questions}
    # Taken before the first question: the code that is running, whatever is committed meanwhile.
    head = about.about(questions, assistant.settings, assistant.index)
    stand = about.stand(assistant.settings, assistant.index)
    kept_file = rows_file(out)
    kept = read_rows(kept_file) if resume else {}
    rows: list[Row] = []
    reused = 0
    with keeping(kept_file, kept.values()) as keep:
        for question in questions:
            key = about.answer_key(question, stand)
            row = kept.get(key)
            if row is None:
                row = _ask(question, assistant, key)
                keep(row)
            else:
                reused += 1
            row = _marked(row, question, gold[question.id], texts)
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(questions), row)
    result = RunResult(
        path=out,
        about=head,
        rows=tuple(rows),
        scores=score(rows),
        reused=reused,
    )
    write(result)
    kept_file.unlink(missing_ok=True)
    return result


def _ask(question: Question, assistant: Answerer, key: str) -> Row:
    """Ask one question and check each citation against its source file as it is now."""
    began = time.perf_counter()
    try:
        answer = assistant.ask(question.text)
    except CancelledError:
        raise
    except RagError as error:
        return Row(key, question, (), None, error=f"{type(error).__name__}: {_no_paths(error)}")
    wall_s = round(time.perf_counter() - began, 6)
    unresolved = {}
    for citation in answer.citations:
        resolution = citation.resolve()
        if not resolution.ok:
            unresolved[citation.number] = _no_paths(resolution.reason)
    return Row(key, question, (), answer.to_json(), unresolved=unresolved, wall_s=wall_s)


def _marked(
    row: Row, question: Question, gold: tuple[tuple[Span, ...], ...], texts: Mapping[str, str]
) -> Row:
    """Return a row with the marks of the set as it is now, also where its answer is older."""
    invalid: list[str] = []
    if row.answer is not None:
        invalid = invalid_citations(
            row.answer["text"], statements_of(row.answer), texts, row.unresolved
        )
    return replace(row, question=question, gold=gold, invalid=tuple(invalid))


def _no_paths(message: object) -> str:
    """Return a message without the folders of this machine: result files are shared."""
    text = str(message)
    for folder, sign in ((Path.cwd(), "."), (Path.home(), "~")):
        if folder != Path(folder.anchor):
            text = text.replace(str(folder), sign)
    return text


def evaluate_command(
    *,
    questions: Path | None = None,
    index: str = "seeds",
    settings: Settings | None = None,
    limit: int | None = None,
    out: Path | None = None,
    resume: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> str:
    """Ask a question set, write the result file and return the screen to show: `rag eval`.

    Args:
        questions: the set, by default the one on the sample documents.
        index: name of a folder under `indexes/`, or a path.
        settings: how questions are answered.
        limit: ask only the first so many questions.
        out: result file; by default named after model and commit, under `benchmarks/results`
            where that folder exists, else in the current one.
        resume: go on with an interrupted run.
        progress: called with stage, done and total after each question.

    Raises:
        RagError: set, index, model or setting cannot be used.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"limit is {limit}; give 1 or more.")
    settings = settings or Settings()
    asked = sets.load(questions or sets.SEEDS)[:limit]
    target = out or default_out(settings, questions, limit)

    from rag.assistant import Assistant

    def tell(done: int, total: int, row: Row) -> None:
        if progress is not None:
            progress("asking", done, total)

    assistant = Assistant.open(index, settings=settings)
    try:
        result = run(asked, assistant, out=target, resume=resume, progress=tell)
    finally:
        assistant.close()
    return f"{screen(result)}\n\nwritten to {target}"


def default_out(
    settings: Settings, questions: Path | None = None, limit: int | None = None
) -> Path:
    """Return the result file's name: model, commit, and whatever differs from the defaults."""
    commit, changed = about.commit_of()
    usual = Settings()
    parts = ["eval", about.short_name(settings.model).removesuffix(".gguf")]
    if questions is not None and questions.resolve() != sets.SEEDS:
        parts.append(questions.stem)
    if settings.reading != usual.reading:
        parts.append(settings.reading)
    if settings.passages != usual.passages:
        parts.append(f"{settings.passages}passages")
    if settings.retrieval != usual.retrieval:
        parts.append(settings.retrieval)
    if settings.without:
        parts += ["without", *settings.without]
    if limit is not None:
        parts.append(f"first{limit}")
    parts.append((commit[:12] or "nocommit") + ("-changed" if changed else ""))
    name = re.sub(r"[^\w.+-]+", "_", "-".join(parts))
    return (RESULTS if RESULTS.is_dir() else Path()) / f"{name}.json"
