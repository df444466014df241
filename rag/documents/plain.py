"""Plain text and Markdown."""

from __future__ import annotations

from pathlib import Path

from rag.documents.compose import FRONT_MATTER, compose
from rag.documents.decode import clean, decode, load
from rag.documents.facts import front_matter
from rag.types import Document


def read_text(path: Path, root: Path) -> Document:
    """Read plain text, with front matter where the file begins with it."""
    return _read(path, root, "text")


def read_markdown(path: Path, root: Path) -> Document:
    """Read Markdown: the text as written, marks included, and the front matter."""
    return _read(path, root, "markdown")


def _read(path: Path, root: Path, format: str) -> Document:
    data = load(path)
    notes: list[str] = []
    text = clean(decode(data, path, notes), notes)
    facts, body, problem = front_matter(text)
    if problem:
        notes.append(f"the front matter is not valid YAML ({problem}) and was read as text")
    return compose(path, root, data, format, body, facts, FRONT_MATTER, notes)
