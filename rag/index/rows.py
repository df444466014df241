"""Documents <-> JSON lines: what is known of each, and apart from it its text and marks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from rag.types import Document, Mark


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file was found: absolute root folder, and path relative to it."""

    root: str
    source: str

    @property
    def path(self) -> Path:
        """Absolute path of the file."""
        return Path(self.root) / self.source

    @property
    def name(self) -> str:
        """The same as text, which is made a hundred times as fast."""
        return os.path.join(self.root, self.source.replace("/", os.sep))  # noqa: PTH118


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document with every place its bytes were found in; the first is the one it goes by.

    Attributes:
        document: all that is known of it; its text and marks are left out and
            kept apart, so that thousands of documents are listed without being read.
        file: hash of the file it was read from; several documents may lie in one file.
        pipeline: fingerprint of the code that read it and cut it.
    """

    document: Document
    places: tuple[Place, ...]
    file: str
    pipeline: str

    @classmethod
    def of(cls, document: Document, places: Sequence[Place], file: str, pipeline: str) -> Self:
        """Return the row, the document named after the first place and told of the others."""
        first = places[0]
        named = replace(
            document,
            root=first.root,
            source=first.source,
            also=also_named(places),
            text="",
            marks=(),
        )
        return cls(named, tuple(places), file, pipeline)

    @property
    def order(self) -> tuple[str, str, str]:
        """What the documents of an index are ordered by, so that the same files give the same."""
        return self.places[0].root, self.places[0].source, self.document.inside


def also_named(places: Sequence[Place]) -> tuple[str, ...]:
    """Return what a document is told to be besides, those under another root in full."""
    return tuple(
        place.source if place.root == places[0].root else place.path.as_posix()
        for place in places[1:]
    )


def row_line(row: DocumentRow) -> bytes:
    """Return the line of documents.jsonl."""
    return _line(
        {
            "id": row.document.id,
            "file": row.file,
            "inside": row.document.inside,
            "places": [[place.root, place.source] for place in row.places],
            "title": row.document.title,
            "format": row.document.format,
            "metadata": dict(row.document.metadata),
            "origins": dict(row.document.origins),
            "pipeline": row.pipeline,
        }
    )


def read_row(line: bytes) -> DocumentRow:
    """Return the row of a line of documents.jsonl.

    Raises:
        ValueError, LookupError, TypeError: it is none.
    """
    value = json.loads(line)
    places = tuple(Place(root, source) for root, source in value["places"])
    first = places[0]
    document = Document(
        id=value["id"],
        root=first.root,
        source=first.source,
        text="",
        title=value["title"],
        metadata=value["metadata"],
        origins=value["origins"],
        format=value["format"],
        also=also_named(places),
        inside=value["inside"],
    )
    return DocumentRow(document, places, value["file"], value["pipeline"])


def text_line(document: Document) -> bytes:
    """Return the line of texts.jsonl."""
    marks = [[mark.start, mark.kind, mark.value] for mark in document.marks]
    return _line({"id": document.id, "marks": marks, "text": document.text})


def with_text(document: Document, line: bytes) -> Document:
    """Return a document with the text and marks of its line of texts.jsonl.

    Raises:
        ValueError, LookupError, TypeError: it is no such line, or that of another document.
    """
    value = json.loads(line)
    if value["id"] != document.id:
        raise ValueError(f"the text of {value['id']} stands where {document.id} should")
    marks = tuple(Mark(*mark) for mark in value["marks"])
    return replace(document, text=value["text"], marks=marks)


def _line(value: Mapping[str, Any]) -> bytes:
    """Return one JSON line: readable, except where a text is not valid Unicode."""
    try:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value).encode() + b"\n"
