"""Result files, and the answers an unfinished run keeps beside its result file.

`<result>.json` is a whole run; `<result>.rows.jsonl` holds one asked question a line while the
run goes on and is removed when it is whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.errors import EvaluationError
from rag.evaluate.scoring import Row, Scores, score

FORMAT = 1


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

    def lines(self) -> Iterator[str]:
        """Yield the content of the result file, a question at a time."""
        head = {
            "format": FORMAT,
            "about": dict(self.about),
            "figures": self.scores.figures.to_json(),
        }
        yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": [\n'
        last = len(self.rows) - 1
        for place, (row, judged) in enumerate(zip(self.rows, self.scores.judged, strict=True)):
            value = {**row.to_json(), "judged": asdict(judged)}
            yield json.dumps(value, ensure_ascii=False, indent=1)
            yield "\n" if place == last else ",\n"
        yield " ]\n}\n"


def rows_file(out: Path) -> Path:
    """Return where the answers of a run are kept until it is whole."""
    return out.with_name(f"{out.stem}.rows.jsonl")


@contextmanager
def keeping(path: Path, before: Iterable[Row]) -> Iterator[Callable[[Row], None]]:
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
            f"{path.name} cannot be read ({error}); start afresh with `rag eval --fresh`."
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
                f"{where}: not JSON ({error.msg}); start afresh with `rag eval --fresh`."
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
        with started.open("w", encoding="utf-8") as stream:
            stream.writelines(result.lines())
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


def summary(result: RunResult) -> dict[str, Any]:
    """Return a run without any words of questions, answers or documents, for keeping and sharing.

    `rag eval table` reads it; it cannot be scored again.
    """
    kept = ("id", "kind", "answerable", "abstained", "right", "corrected", "citations", "proven")
    return {
        "format": FORMAT,
        "about": dict(result.about),
        "figures": result.scores.figures.to_json(),
        "questions": [{n: asdict(j)[n] for n in kept} for j in result.scores.judged],
    }


def read_figures(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what a run stands on and its figures in JSON form, of a result file or a summary.

    A result file is scored again with the metrics as they are now.

    Raises:
        EvaluationError: it is neither.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        value = None
    if isinstance(value, dict) and "rows" not in value and {"about", "figures"} <= value.keys():
        return value["about"], value["figures"]
    result = read(path)
    return result.about, result.scores.figures.to_json()


def _unwritable(path: Path, error: OSError) -> EvaluationError:
    return EvaluationError(
        f"{path.name} cannot be written ({error.strerror}); free the disk or give another place "
        "with `rag eval --out FILE`."
    )
