"""Questions + an assistant -> a result file; an interrupted run goes on where it was.

Each answer is kept as one line of `<result>.rows.jsonl` as soon as it is there. When the last is
in, the result file is written in one step and the lines are removed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from rag.config import Settings
from rag.errors import CancelledError, EvaluationError, RagError
from rag.evaluate import about as facts
from rag.evaluate.about import Corpus
from rag.evaluate.metrics import invalid_citations
from rag.evaluate.scoring import Row, Scores, score, statements_of
from rag.evaluate.sets import Question, Span, spans, texts_by_source
from rag.types import Answer

FORMAT = 1

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


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run: what it stands on, every question as asked, and the scores.

    Attributes:
        path: the result file.
        about: commit, model, settings, index, versions, machine.
        reused: answers taken over from an interrupted run.
    """

    path: Path
    about: Mapping[str, Any]
    rows: tuple[Row, ...]
    scores: Scores
    reused: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the content of the result file."""
        return {
            "format": FORMAT,
            "about": dict(self.about),
            "figures": self.scores.figures.to_json(),
            "rows": [
                {**row.to_json(), "judged": asdict(judged)}
                for row, judged in zip(self.rows, self.scores.judged, strict=True)
            ],
        }


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
    head = facts.about(questions, assistant.settings, assistant.index)
    stand = facts.stand(assistant.settings, assistant.index)
    kept_file = rows_file(out)
    kept = read_rows(kept_file) if resume else {}
    rows: list[Row] = []
    reused = 0
    with _keeping(kept_file, kept.values()) as keep:
        for question in questions:
            key = facts.answer_key(question, stand)
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


def rows_file(out: Path) -> Path:
    """Return where the answers of a run are kept until it is whole."""
    return out.with_name(f"{out.stem}.rows.jsonl")


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


@contextmanager
def _keeping(path: Path, before: Iterable[Row]) -> Iterator[Callable[[Row], None]]:
    """Open the file of kept answers, with those of before, and yield what appends one safely."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        started = path.with_name(path.name + ".new")
        started.write_text("".join(_line(row) for row in before), encoding="utf-8")
        started.replace(path)
        stream = path.open("a", encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error

    def keep(row: Row) -> None:
        try:
            stream.write(_line(row))
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            raise _unwritable(path, error) from error

    with stream:
        yield keep


def _line(row: Row) -> str:
    return json.dumps(row.to_json(), ensure_ascii=False) + "\n"


def read_rows(path: Path) -> dict[str, Row]:
    """Read the answers an interrupted run kept, by key; none where there is no such file.

    A question that failed is not among them, so that it is asked again. Neither is a last line
    without its end, which a killed run leaves.

    Raises:
        EvaluationError: the file cannot be read or a line is malformed.
    """
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(
            f"{path.name} cannot be read ({error}); start afresh with `rag eval --no-resume`."
        ) from error
    whole = text[: text.rfind("\n") + 1]
    rows = {}
    # Not splitlines(): an answer may hold U+2028 and its like, which JSON does not escape here.
    for number, line in enumerate(whole.split("\n")[:-1], 1):
        where = f"{path.name}, line {number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise EvaluationError(
                f"{where}: not JSON ({error.msg}); start afresh with `rag eval --no-resume`."
            ) from error
        row = Row.from_json({**value, "gold": []} if isinstance(value, dict) else value, where)
        if not row.error:
            rows[row.key] = row
    return rows


def write(result: RunResult) -> None:
    """Write the result file in one step.

    Raises:
        EvaluationError: it cannot be written.
    """
    started = result.path.with_name(result.path.name + ".new")
    try:
        started.write_text(
            json.dumps(result.to_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        started.replace(result.path)
    except OSError as error:
        raise _unwritable(result.path, error) from error


def read(path: Path) -> RunResult:
    """Read a result file and score it again with the metrics as they are now.

    Raises:
        EvaluationError: it is not a result file of this format; the message names the field.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise EvaluationError(
            f"{path.name} cannot be read ({error}); give a result file of `rag eval`."
        ) from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise EvaluationError(
            f"{path.name}: field 'format' is not {FORMAT}; make the run anew with `rag eval`."
        )
    for name, kind in (("about", dict), ("rows", list)):
        if not isinstance(value.get(name), kind):
            raise EvaluationError(
                f"{path.name}: field '{name}' is missing; make the run anew with `rag eval`."
            )
    rows = tuple(
        Row.from_json(item, f"{path.name}, row {i}") for i, item in enumerate(value["rows"], 1)
    )
    return RunResult(path=path, about=value["about"], rows=rows, scores=score(rows))


def _unwritable(path: Path, error: OSError) -> EvaluationError:
    return EvaluationError(
        f"{path.name} cannot be written ({error.strerror}); free the disk or give another place "
        "with `rag eval --out FILE`."
    )
