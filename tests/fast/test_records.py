"""JSON and JSON Lines: each record as lines, nothing lost, and what is not valid kept as text."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.places import places, told
from rag.documents.records import read_json, read_jsonl
from rag.documents.source import Content, Source
from rag.errors import DocumentError, EmptyDocumentError, UnreadableDocumentError
from rag.types import Document, Place

DATA = Path(
    os.environ.get("FOOTNOTE_DATA", Path(__file__).parents[2].parent / "shared/data/documents")
)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared documents are not here")


def read(data: str | bytes, name: str = "a.json") -> Content:
    data = data.encode() if isinstance(data, str) else data
    reader = read_jsonl if name.endswith(".jsonl") else read_json
    return reader(Source(Path(name), data))


def found_at(content: Content, words: str) -> tuple[Place, ...]:
    text = content.body.text
    document = Document("", "", "", text, "", {}, {}, "", marks=tuple(content.body.marks))
    start = text.index(words)
    return places(document, start, start + len(words))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "b": "x"}', "a: 1\nb: x"),
        ('[{"a": 1}, {"a": 2}]', "a: 1\n\na: 2"),
        ('{"a": {"b": {"c": "x"}, "d": 1}}', "a › b › c: x\na › d: 1"),
        ('{"a": ["x", "y", 3]}', "a: x, y, 3"),
        ('{"a": [{"b": 1}, {"b": 2}]}', "a › 1 › b: 1\na › 2 › b: 2"),
        ('{"a": [[1, 2], [3]]}', "a › 1: 1, 2\na › 2: 3"),
        ('["x", 1, [2, 3]]', "x\n\n1\n\n2, 3"),
        ('"just words"', "just words"),
        (
            '{"a": null, "b": true, "c": "", "d": [], "e": {}}',
            'a: null\nb: true\nc: ""\nd: []\ne: {}',
        ),
        ('{"a": 1, "a": 2}', "a: 1\na: 2"),
        (
            '{"n": 12345678901234567890123, "x": 1.10, "e": 1E3, "i": -Infinity}',
            "n: 12345678901234567890123\nx: 1.10\ne: 1E3\ni: -Infinity",
        ),
        ('{"a": "One.\\n\\nTwo."}', "a: One.\n\nTwo."),
        ('{"a": "one\ttwo\nthree"}', "a: one\ttwo\nthree"),
        ('{"": "x", "a\\nb": "y"}', '"": x\na b: y'),
    ],
    ids=[
        *("object", "list", "nested", "words", "list-of-objects", "list-of-lists", "bare-values"),
        *("a-word", "nothing", "twice", "numbers", "paragraphs", "bare-line-break", "odd-keys"),
    ],
)
def test_records(text: str, expected: str) -> None:
    content = read(text)
    assert content.body.text == expected
    assert (content.format, content.notes, content.facts) == ("json", [], [])


def test_long_items_of_a_list_stand_alone() -> None:
    words = "A sentence of many words that is far too long for a list on one line of a record."
    text = read(json.dumps({"said": [words, "short"]})).body.text
    assert text == f"said › 1: {words}\nsaid › 2: short"


def test_where_a_record_stands() -> None:
    content = read('[{"a": "one"}, {"a": "two", "b": "three"}]')
    assert found_at(content, "one") == (Place("record", "1"),)
    assert found_at(content, "three") == (Place("record", "2"),)
    lines = read('{"a": "one"}\n\n{"a": "two\\nlines", "b": "three"}\n{"a": "four"}\n', "a.jsonl")
    assert found_at(lines, "three") == (Place("record", "2"), Place("line", "3"))
    assert found_at(lines, "lines\nb") == (Place("record", "2"), Place("line", "3"))
    assert found_at(lines, "four") == (Place("record", "3"), Place("line", "4"))
    assert told(found_at(lines, "four")) == "record 3"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{\n "a": 1\n', "Expecting ',' delimiter in line 3, column 1"),
        ('{"a": 1} and more', "Extra data in line 1, column 10"),
        ("words", "Expecting value in line 1, column 1"),
        ("[" * 10_000 + "]" * 10_000, "it is nested too deeply"),
        ('{"a":' * 900 + "1" + "}" * 900, ""),
    ],
    ids=["cut", "more", "words", "deep", "not-too-deep"],
)
def test_what_is_not_valid_is_text(text: str, problem: str) -> None:
    content = read(text)
    if not problem:
        assert content.body.text.endswith(" › a: 1")
        return
    assert content.body.text == text.rstrip("\n") or content.body.text == text
    assert content.notes == [f"it is not valid JSON ({problem}) and was read as text"]


def test_lines_that_are_not_valid_are_text() -> None:
    content = read('{"a": 1}\nnot {json\n{"a": 2}\n{"b": ' + "[" * 10_000 + "\n", "a.jsonl")
    assert content.body.text.startswith("a: 1\n\nnot {json\n\na: 2\n\n{")
    assert content.notes == ["2 lines are not valid JSON and kept as text (line 2, column 1; 4)"]
    assert found_at(content, "not {json") == (Place("record", "2"), Place("line", "2"))


def test_one_form_under_the_name_of_the_other() -> None:
    lines = read('{"a": 1}\r\n{"a": 2}\r\n')
    assert (lines.body.text, lines.notes) == ("a: 1\n\na: 2", [])
    assert found_at(lines, "a: 2") == (Place("record", "2"), Place("line", "2"))
    whole = read('[\n{"a": 1},\n{"a": 2}\n]\n', "a.jsonl")
    assert whole.body.text == "a: 1\n\na: 2"
    assert whole.notes == ["it is one JSON value, not one a line, and was read as such"]


def test_line_separators_inside_a_string_end_no_line() -> None:
    content = read('{"a": "one\u2028two\x85three"}\n{"a": 2}\n', "a.jsonl")
    assert content.body.text == "a: one\u2028two\x85three\n\na: 2"


def test_halves_of_characters_are_told() -> None:
    content = read('{"a": "x \\ud83d y"}')
    assert content.body.text == "a: x \ufffd y"
    assert content.notes == ["a broken character shown as “\ufffd”"]
    assert read('{"a": "\\ud83d"}\n{"a": "\\ud83d"}', "a.jsonl").notes == [
        "2 broken characters shown as “\ufffd”"
    ]
    assert read('{"a": "\\ud83d\\ude00"}').body.text == "a: 😀"


def test_control_characters_do_not_move_what_follows() -> None:
    content = read('{"a": "x\\u0001\\u0002\\ny"}\n{"a": "z"}', "a.jsonl")
    assert content.body.text == "a: x\ny\n\na: z"
    assert found_at(content, "y") == (Place("record", "1"), Place("line", "1"))
    assert content.notes == ["2 control characters left out"]


def test_a_record_of_white_space_is_none() -> None:
    content = read('{"a": "x"}\n"\ufeff \u0001"\n" "\n', "a.jsonl")
    assert content.body.text == "a: x"
    assert [(mark.start, mark.value) for mark in content.body.marks] == [(0, "1"), (0, "1")]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"[]", None, "[]"),
        (b" \n", EmptyDocumentError, "no text"),
        (b'{"a": "\0\0\0\0\0"}', UnreadableDocumentError, "binary"),
    ],
    ids=["empty-list", "empty", "binary"],
)
def test_refusals(data: bytes, error: type[DocumentError] | None, words: str) -> None:
    for name in ("a.json", "a.jsonl"):
        if error is None:
            with pytest.raises(EmptyDocumentError):
                read(data)
            continue
        with pytest.raises(error, match=words):
            read(data, name)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.documents.records.MOST_CHARACTERS", 100)
    with pytest.raises(UnreadableDocumentError, match="split it into several files"):
        read(json.dumps(["words"] * 100))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(st.lists(VALUES, min_size=1, max_size=5), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_value(values: list[Any], in_lines: bool) -> None:
    text = "\n".join(map(json.dumps, values)) if in_lines else json.dumps(values)
    try:
        content = read(text, "a.jsonl" if in_lines else "a.json")
    except EmptyDocumentError:
        return
    assert not any("not valid" in note for note in content.notes)
    assert all(mark.start < len(content.body.text) for mark in content.body.marks)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9), st.binary(max_size=3))))
@settings(max_examples=60, deadline=None)
def test_any_bytes(changes: list[tuple[int, int, bytes]]) -> None:
    data = b'{"a": [1, "x\\n\\u00e9"], "b": {"c": null}}\n{"a": 2.5e3}\n'
    for at, length, words in changes:
        data = data[:at] + words + data[at + length :]
    for name in ("a.json", "a.jsonl"):
        try:
            assert read(data, name).body.text.strip()
        except DocumentError:
            continue


@needs_data
def test_a_real_file_that_is_cut_off() -> None:
    content = read((DATA / "unstructured__fake-incomplete-json.txt").read_bytes())
    assert "line 11, column 1" in content.notes[0]
    assert found_at(content, '"age": 30')[0] == Place("line", "3")
