"""What has been tried, kept beside the set until it is whole, and the set itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import EvaluationError
from rag.evaluate.making.checking import Checked
from rag.evaluate.sets import Question, parse


def part_file(out: Path) -> Path:
    """Return where what was tried is kept until the set is whole."""
    return out.with_name(f"{out.name}.part.jsonl")


def read_part(path: Path) -> dict[str, Checked]:
    """Return what an interrupted run has tried, by key; nothing where there is no such file.

    A last line without its end, which a killed run leaves, is not counted.

    Raises:
        EvaluationError: the file cannot be read, or a line is malformed.
    """
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(
            f"{path.name} cannot be read ({error}); remove it to begin afresh."
        ) from error
    tried = {}
    for number, line in enumerate(text[: text.rfind("\n") + 1].split("\n")[:-1], 1):
        where = f"{path.name}, line {number}"
        try:
            value = json.loads(line)
            key, asked = value["key"], value["question"]
            question = None if asked is None else parse(asked, where)
            tried[key] = Checked(question, value["why"], value["answer"])
        except (json.JSONDecodeError, TypeError, KeyError) as error:
            raise EvaluationError(
                f"{where}: not a line of this file; remove {path.name} to begin afresh."
            ) from error
    return tried


@contextmanager
def keeping(path: Path) -> Iterator[Callable[[str, Checked], None]]:
    """Yield what appends one try to the file, safely on the disk when it returns.

    Raises:
        EvaluationError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():  # without a line cut short, which the next would be glued to
            whole = path.read_bytes()
            path.write_bytes(whole[: whole.rfind(b"\n") + 1])
        stream = path.open("a", encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error

    def keep(key: str, checked: Checked) -> None:
        line: dict[str, Any] = {"key": key, "why": checked.why, "answer": checked.answer}
        line["question"] = checked.question and checked.question.to_json()
        try:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            raise _unwritable(path, error) from error

    with stream:
        yield keep


def write_set(path: Path, questions: Sequence[Question]) -> None:
    """Write a question set in one step: whoever reads it finds the old one or the new one.

    Raises:
        EvaluationError: it cannot be written.
    """
    write_lines(path, [question.to_json() for question in questions])


def write_lines(path: Path, lines: Sequence[Any]) -> None:
    """Write JSON lines in one step.

    Raises:
        EvaluationError: they cannot be written.
    """
    started = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with started.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            stream.flush()
            os.fsync(stream.fileno())
        started.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> EvaluationError:
    return EvaluationError(
        f"{path.name} cannot be written ({error.strerror}); free the disk or name another file."
    )
