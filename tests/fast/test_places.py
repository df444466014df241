"""Where in its file a quote stands: lines, headings, pages, and how that is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents import header_end, places, read_document, told
from rag.documents.body import Body
from rag.index import Index, build
from rag.prove.prover import cite
from rag.testing import FakeEmbedder
from rag.types import Document, Hit, Mark, Place, PlaceKind

MARKDOWN = """---
title: Lease
date: 2024-05-01
---

# Lease

Between Ada Quist and Bo Holm.

## Rent

The rent is 900 euros.

### Late payment

A fee of 5 % is due.

```
# no heading
```

## Term

Two years.
"""
PAGE = """<html><head><title>Lease</title></head><body><article><h1>Lease</h1>
<p>Between Ada Quist and Bo Holm, who live in the harbour town and have agreed on this lease.</p>
<h2>Rent</h2><p>The rent is 900 euros a month, and it is due on the first day of every month.</p>
<h2>Term</h2><p>The lease runs for two years, and it ends without notice when they are over.</p>
</article></body></html>"""


def where(document: Document, words: str) -> str:
    start = document.text.index(words)
    return told(places(document, start, start + len(words)))


def read(folder: Path, name: str, text: str) -> Document:
    (folder / name).write_text(text, "utf-8", newline="")
    return read_document(folder / name, root=folder)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("Between Ada", "“Lease”"),
        ("900 euros", "“Lease › Rent”"),
        ("A fee of 5 %", "“Lease › Rent › Late payment”"),
        ("# no heading", "“Lease › Rent › Late payment”"),
        ("Two years", "“Lease › Term”"),
        ("Published: 2024", ""),
    ],
)
def test_markdown_is_under_its_headings(tmp_path: Path, words: str, place: str) -> None:
    assert where(read(tmp_path, "lease.md", MARKDOWN), words) == place


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("words", ["Between Ada", "900 euros", "Two years"])
def test_lines_are_those_of_the_file(tmp_path: Path, words: str, end: str) -> None:
    document = read(tmp_path, "lease.md", MARKDOWN.replace("\n", end))
    start = document.text.index(words)
    line = next(p for p in places(document, start, start + 3) if p.kind == "line")
    assert MARKDOWN.split("\n")[int(line.value) - 1].startswith(words.split()[0]) or (
        words in MARKDOWN.split("\n")[int(line.value) - 1]
    )


def test_a_quote_over_two_lines_says_so(tmp_path: Path) -> None:
    document = read(tmp_path, "note.txt", "First line.\nSecond line.\nThird line.\n")
    assert where(document, "First") == "line 1"
    assert where(document, "line.\nThird") == "lines 2–3"


def test_a_wiki_heading_is_told_without_its_link_to_edit(tmp_path: Path) -> None:
    edit = '<span class="mw-editsection"><span>[</span><a href="/e">edit</a><span>]</span></span>'
    text = "The harbour was dredged in 1904 and the mole was finished four years later. " * 4
    page = f"<html><body><article><h1>Leith</h1><p>{text}</p><h2>Port{edit}</h2><p>{text}</p>"
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    document = read_document(tmp_path / "a.html", root=tmp_path)
    assert "edit" not in document.text
    end = len(document.text)
    assert told(places(document, end - 1, end)) == "“Leith › Port”"


def test_pages_of_the_web_are_under_their_headings(tmp_path: Path) -> None:
    document = read(tmp_path, "lease.html", PAGE)
    assert where(document, "900 euros") == "“Lease › Rent”"
    assert where(document, "two years") == "“Lease › Term”"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((), ""),
        ((Place("page", "3"),), "page 3"),
        ((Place("page", "3", "4"),), "pages 3–4"),
        ((Place("sheet", "Budget"), Place("row", "3", "5")), "sheet “Budget”, rows 3–5"),
        ((Place("slide", "2"), Place("heading", "Costs")), "slide 2, “Costs”"),
        ((Place("part", "notes"), Place("slide", "2")), "“notes”, slide 2"),
        ((Place("heading", "Rent", "Term"), Place("line", "9")), "“Rent” to “Term”"),
        ((Place("chapter", "One"), Place("line", "9")), "chapter “One”"),
        ((Place("line", "9", "11"),), "lines 9–11"),
    ],
)
def test_places_are_told_in_words(found: tuple[Place, ...], words: str) -> None:
    assert told(found) == words


KINDS: tuple[PlaceKind, ...] = ("page", "heading")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS), st.sampled_from(["", "1", "2", "3"]), st.text(max_size=8)
        ),
        max_size=12,
    )
)
def test_a_body_keeps_every_piece_under_its_mark(
    pieces: list[tuple[PlaceKind, str, str]],
) -> None:
    body, state = Body(), dict[str, str]()
    wanted: list[tuple[int, int, dict[str, str]]] = []
    for kind, value, text in pieces:
        body.mark(kind, value)
        state[kind] = value
        before = len(body)
        start = body.add(text)
        if len(body) > before:
            wanted.append((start, len(body), dict(state)))
    document = Document("id", "/", "a", body.text, "a", {}, {}, "x", marks=tuple(body.marks))
    for start, end, known in wanted:
        found = {place.kind: place.value for place in places(document, start, end)}
        assert found == {kind: value for kind, value in known.items() if value}
        assert all(not place.last for place in places(document, start, end))
    assert [mark.start for mark in body.marks] == sorted(mark.start for mark in body.marks)


def test_marks_survive_the_index_and_are_cited(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    document = read(tmp_path / "documents", "lease.md", MARKDOWN)
    build([tmp_path / "documents"], tmp_path / "index", FakeEmbedder())
    index = Index.open(tmp_path / "index")
    (kept,) = index.documents.values()
    assert kept.marks == document.marks
    assert kept.marks[0] == Mark(header_end(document) + 2, "line", "6")
    passage = next(p for p in index.passages if "900 euros" in p.text)
    start = kept.text.index("The rent")
    citation = cite((Hit(passage, kept, 1.0), start, start + 22), 1)
    assert told(citation.places) == "“Lease › Rent”"
    assert citation.to_json()["places"] == [
        {"kind": "heading", "value": "Lease › Rent", "last": ""},
        {"kind": "line", "value": "12", "last": ""},
    ]
    assert citation.resolve().ok
