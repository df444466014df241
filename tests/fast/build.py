"""Documents and hits made in memory, for tests of what comes after retrieval."""

from __future__ import annotations

from rag.passages import split_sentences
from rag.types import Document, Hit, Passage


def make_document(
    text: str, *, source: str = "one.txt", title: str = "A report", **metadata: str
) -> Document:
    known = {"title": title, **metadata}
    return Document(
        id=f"id-{source}",
        root="/nowhere",
        source=source,
        text=text,
        title=title,
        metadata=known,
        origins=dict.fromkeys(known, "front matter"),
        format="text",
    )


def make_hit(
    text: str,
    *,
    source: str = "one.txt",
    title: str = "A report",
    score: float = 1.0,
    **metadata: str,
) -> Hit:
    document = make_document(text, source=source, title=title, **metadata)
    passage = Passage(
        id=f"{document.id}:0-{len(text)}",
        document_id=document.id,
        start=0,
        end=len(text),
        text=text,
        sentences=tuple(split_sentences(text)),
    )
    return Hit(passage, document, score)
