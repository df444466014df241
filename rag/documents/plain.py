"""Plain text and Markdown."""

from __future__ import annotations

import re

from rag.documents.body import Body
from rag.documents.characters import note_left_out, without_controls
from rag.documents.compose import FRONT_MATTER
from rag.documents.decode import decode
from rag.documents.facts import Fact, front_matter
from rag.documents.places import Headings, joined, under
from rag.documents.source import Content, Source

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t#]*", re.DOTALL)
_FENCE = re.compile(r"[ ]{0,3}(```+|~~~+)")


def read_text(source: Source) -> Content:
    """Read plain text, with front matter where the file begins with it."""
    notes, text = _decoded(source)
    facts, body, first = _taken_off(text, notes)
    found = Body()
    found.mark("line", str(first))
    found.add(body)
    return Content("text", found, facts, FRONT_MATTER, notes)


def read_markdown(source: Source) -> Content:
    """Read Markdown: the text as written, marks included, and the front matter."""
    notes, text = _decoded(source)
    facts, body, first = _taken_off(text, notes)
    return Content("markdown", _marked(body, first), facts, FRONT_MATTER, notes)


def _decoded(source: Source) -> tuple[list[str], str]:
    notes: list[str] = []
    text, left_out = without_controls(decode(source, notes))
    note_left_out(left_out, notes)
    return notes, text


def _taken_off(text: str, notes: list[str]) -> tuple[list[Fact], str, int]:
    """Return the facts of the front matter, the rest, and the line on which that begins."""
    facts, body, problem = front_matter(text)
    if problem:
        notes.append(f"the front matter is not valid YAML ({problem}) and was read as text")
    return facts, body, 1 + text[: len(text) - len(body)].count("\n")


def _marked(text: str, first: int) -> Body:
    """Return Markdown with the path of headings that each part of it stands under."""
    body = Body()
    body.mark("line", str(first))
    start = body.add(text)
    path: Headings = []
    fence = ""
    for line in text.splitlines(keepends=True):
        words = line.rstrip("\n")
        opened = _FENCE.match(words)
        if opened and not fence:
            fence = opened[1]
        elif opened and words.strip().startswith(fence) and not words.strip().strip(fence[0]):
            fence = ""
        elif not fence and (found := _HEADING.fullmatch(words)):
            path = under(path, len(found[1]), found[2])
            body.mark_at(start, "heading", joined(path))
        start += len(line)
    return body
