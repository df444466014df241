"""Documents and passages <-> JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from rag.types import Document, Mark, Passage, Sentence


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file was found: absolute root folder, and path relative to it."""

    root: str
    source: str

    @property
    def path(self) -> Path:
        """Absolute path of the file."""
        return Path(self.root) / self.source


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document with every place its bytes were found in; the first is the one it goes by.

    Attributes:
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
        also = tuple(
            place.source if place.root == first.root else place.path.as_posix()
            for place in places[1:]
        )
        named = replace(document, root=first.root, source=first.source, also=also)
        return cls(named, tuple(places), file, pipeline)


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage with the hashes of the texts that were embedded for it.

    Attributes:
        embedded: of heading and passage.
        sentences_embedded: of heading and sentence, one for each sentence.
    """

    passage: Passage
    embedded: str
    sentences_embedded: tuple[str, ...]


def dump_documents(rows: Iterable[DocumentRow]) -> bytes:
    """Return the content of documents.jsonl."""
    return b"".join(
        _line(
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
                "marks": [[mark.start, mark.kind, mark.value] for mark in row.document.marks],
                "text": row.document.text,
            }
        )
        for row in rows
    )


def load_documents(path: Path) -> list[DocumentRow]:
    """Return the rows of documents.jsonl."""
    return [
        DocumentRow.of(
            Document(
                id=value["id"],
                root="",
                source="",
                text=value["text"],
                title=value["title"],
                metadata=value["metadata"],
                origins=value["origins"],
                format=value["format"],
                marks=tuple(Mark(*mark) for mark in value["marks"]),
                inside=value["inside"],
            ),
            [Place(root, source) for root, source in value["places"]],
            value["file"],
            value["pipeline"],
        )
        for value in _lines(path)
    ]


def dump_passages(rows: Iterable[PassageRow]) -> bytes:
    """Return the content of passages.jsonl: offsets only, the words stand in the documents."""
    return b"".join(
        _line(
            {
                "id": row.passage.id,
                "document": row.passage.document_id,
                "start": row.passage.start,
                "end": row.passage.end,
                "kind": row.passage.kind,
                "embedded": row.embedded,
                "sentences": [
                    [sentence.start, sentence.end, embedded]
                    for sentence, embedded in zip(
                        row.passage.sentences, row.sentences_embedded, strict=True
                    )
                ],
            }
        )
        for row in rows
    )


def load_passages(path: Path, documents: Mapping[str, Document]) -> list[PassageRow]:
    """Return the rows of passages.jsonl, with their words from the documents, by id."""
    rows = []
    for value in _lines(path):
        text = documents[value["document"]].text
        passage = Passage(
            id=value["id"],
            document_id=value["document"],
            start=value["start"],
            end=value["end"],
            text=text[value["start"] : value["end"]],
            sentences=tuple(Sentence(s, e, text[s:e]) for s, e, _ in value["sentences"]),
            kind=value["kind"],
        )
        hashes = tuple(embedded for _, _, embedded in value["sentences"])
        rows.append(PassageRow(passage, value["embedded"], hashes))
    return rows


def _line(value: Mapping[str, Any]) -> bytes:
    """Return one JSON line: readable, except where a text is not valid Unicode."""
    try:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value).encode() + b"\n"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    # Split at line feeds only: str.splitlines would also split inside texts.
    for line in path.read_bytes().split(b"\n"):
        if line:
            yield json.loads(line)
