"""JSON and JSON Lines: each record as lines that say what each value is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rag.documents.body import Body
from rag.documents.characters import note_left_out, without_controls
from rag.documents.decode import decode
from rag.documents.source import MOST_CHARACTERS, Content, Source

_MAX_ITEM = 80  # characters; lists of shorter words stand on one line
_LONE = re.compile("[\ud800-\udfff]")
_WORDS = {True: "true", False: "false", None: "null"}


class _Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object as written: with keys that occur twice."""

    __slots__ = ()


def read_json(source: Source) -> Content:
    """Read JSON: each element of a list as a record, anything else as one.

    What is not valid is read as plain text, with a note that says where the fault is.

    Raises:
        EmptyDocumentError: there is no value in it.
        UnreadableDocumentError: it is no text, or too much of it.
    """
    notes: list[str] = []
    text = _decoded(source, notes)
    body = Body()
    try:
        value = _parsed(text)
        records = value if isinstance(value, list) else [value]
        broken: list[str] = []
        said = [_said(record, broken) for record in records]
    except (ValueError, RecursionError) as error:
        if _is_lines(error, text):
            return _content("json", _lines(text, notes), notes, source)
        notes.append(f"it is not valid JSON ({_problem(error)}) and was read as text")
        body.mark("line", "1")
        body.add(text)
        return _content("json", body, notes, source)
    _note_broken(broken, notes)
    for number, words in enumerate(said, 1):
        body.mark("record", str(number))
        body.add(words)
    return _content("json", body, notes, source)


def read_jsonl(source: Source) -> Content:
    """Read JSON Lines: each line as a record; a line that is not valid is kept as text.

    Raises:
        EmptyDocumentError: there is no value in it.
        UnreadableDocumentError: it is no text, or too much of it.
    """
    notes: list[str] = []
    text = _decoded(source, notes)
    if _is_one_value(text):
        content = read_json(source)
        content.notes.append("it is one JSON value, not one a line, and was read as such")
        return content
    return _content("jsonl", _lines(text, notes), notes, source)


def _decoded(source: Source, notes: list[str]) -> str:
    text = decode(source, notes).replace("\r\n", "\n").replace("\r", "\n")
    _bounded(len(text), source)
    return text


def _bounded(length: int, source: Source) -> None:
    if length > MOST_CHARACTERS:
        most = f"it holds more than {MOST_CHARACTERS / 1e6:,.0f} million characters"
        raise source.refused(f"{most}; split it into several files")


def _content(format: str, body: Body, notes: list[str], source: Source) -> Content:
    if not len(body):
        raise source.empty()
    _bounded(len(body), source)
    return Content(format, body, notes=notes)


def _parsed(text: str) -> Any:
    """Return the value of a JSON text, objects as pairs and numbers as they are written.

    Raises:
        ValueError: it is not valid.
        RecursionError: it is nested too deeply.
    """
    # Control characters inside strings, which strict JSON forbids, are no reason to lose a record.
    return json.loads(
        text,
        strict=False,
        object_pairs_hook=_Pairs,
        parse_int=str,
        parse_float=str,
        parse_constant=str,
    )


def _problem(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} in line {error.lineno}, column {error.colno}"
    return "it is nested too deeply"


def _is_lines(error: ValueError | RecursionError, text: str) -> bool:
    """Say whether what is no JSON is JSON Lines: more than one, and each of them valid."""
    if not isinstance(error, json.JSONDecodeError) or error.msg != "Extra data":
        return False
    try:
        return [_parsed(line) for line in text.split("\n") if line.strip()] != []
    except (ValueError, RecursionError):
        return False


def _is_one_value(text: str) -> bool:
    """Say whether a text is a single JSON value written over several lines."""
    first = text.lstrip().partition("\n")[0]
    try:
        _parsed(first)
    except (ValueError, RecursionError):
        try:
            _parsed(text)
        except (ValueError, RecursionError):
            return False
        return True
    return False


def _lines(text: str, notes: list[str]) -> Body:
    """Return a record a line, each with its number and its line."""
    body = Body()
    bad: list[str] = []
    broken: list[str] = []
    record = left_out = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        record += 1
        try:
            words = _said(_parsed(line), broken)
        except (ValueError, RecursionError) as error:
            words = line
            place = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            bad.append(f"{number}{place}")
        words, controls = without_controls(words)
        left_out += controls
        body.mark("record", str(record))
        before = len(body)
        start = body.add(words)
        if len(body) == before:  # a record of white space says nothing
            continue
        # All lines of the text of a record stand on one line of the file.
        for at in (0, *(found.end() for found in re.finditer("\n", words.rstrip()))):
            body.mark_at(start + at, "line", str(number))
    if bad:
        told = "; ".join(bad[:3]) + ("; …" if len(bad) > 3 else "")
        many = f"{len(bad)} lines are" if len(bad) > 1 else "a line is"
        notes.append(f"{many} not valid JSON and kept as text (line {told})")
    note_left_out(left_out, notes)
    _note_broken(broken, notes)
    return body


def _said(record: Any, broken: list[str]) -> str:
    r"""Return a record as lines, `key: value`.

    Args:
        record: its value.
        broken: halves of characters in it (`"\ud83d"`), which no file can hold, are added.

    Raises:
        RecursionError: it is nested too deeply.
    """
    words = "\n".join(_entries("", record))
    broken += _LONE.findall(words)
    return _LONE.sub("\ufffd", words)


def _note_broken(broken: list[str], notes: list[str]) -> None:
    if broken:
        many = f"{len(broken)} broken characters" if len(broken) > 1 else "a broken character"
        notes.append(f"{many} shown as “\ufffd”")


def _entries(path: str, value: Any) -> Iterator[str]:
    """Yield a line for each value, with the path of keys to it."""
    if isinstance(value, _Pairs) and value:
        for key, inner in value:
            name = " ".join(key.split()) or '""'
            yield from _entries(f"{path} › {name}" if path else name, inner)
    elif isinstance(value, list) and value:
        if (words := _short_list(value)) is not None:
            yield f"{path}: {words}" if path else words
            return
        for i, inner in enumerate(value, 1):
            yield from _entries(f"{path} › {i}" if path else str(i), inner)
    else:
        yield f"{path}: {_word(value)}" if path else _word(value)


def _short_list(values: list[Any]) -> str | None:
    """Return a list of words and numbers on one line, None if it holds anything longer."""
    words: list[str] = []
    for value in values:
        if isinstance(value, (list, _Pairs)):
            return None
        word = _word(value)
        if len(word) > _MAX_ITEM or "\n" in word:
            return None
        words.append(word)
    return ", ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, _Pairs):
        return "{}"
    return "[]" if isinstance(value, list) else _WORDS[value]
