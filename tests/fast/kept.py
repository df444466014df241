"""Conversations for tests: answers with everything in them, made in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.testing import make_hit
from rag.types import (
    Answer,
    Citation,
    Conflict,
    Draft,
    Hit,
    Place,
    Statement,
    Timings,
    Verdict,
)

BRIDGE = "The harbour bridge will close on 12 March for eleven weeks."
FERRY = "The ferry runs every twenty minutes instead."


def cite(
    number: int = 1,
    quote: str = BRIDGE,
    *,
    source: str = "news/harbour.md",
    title: str = "Harbour bridge closes",
    start: int = 90,
    places: Sequence[Place] = (Place("page", "3"),),
    url: str = "",
) -> Citation:
    metadata = {"title": title, "publisher": "Coast Courier", "date": "2024-03-05"}
    if url:
        metadata["url"] = url
    return Citation(
        number=number,
        source=source,
        title=title,
        start=start,
        end=start + len(quote),
        quote=quote,
        metadata=metadata,
        document_id="d" * 32,
        root="/secret/folder",
        places=tuple(places),
        inside="attached.pdf" if source.endswith(".eml") else "",
        also=("copy.md",),
        origins=dict.fromkeys(metadata, "front matter"),
    )


def proven(text: str = "The bridge closes on 12 March.", *citations: Citation) -> Statement:
    return Statement(text, Verdict.SUPPORTED, 0.93126, citations or (cite(),), answers=0.81234)


def withheld(text: str = "The bridge is red.", reason: str = "red stands nowhere") -> Statement:
    return Statement(text, Verdict.NOT_FOUND, 0.1, (), reason, written="It is red.")


def answer(
    *statements: Statement,
    question: str = "When does the bridge close?",
    out: Sequence[Statement] = (),
    closest: Sequence[Hit] = (),
    unanswered: Sequence[str] = (),
    conflicts: Sequence[Conflict] = (),
) -> Answer:
    said = " ".join(statement.text for statement in statements)
    return Answer(
        question=question,
        text=said or "Your documents do not say.",
        statements=tuple(statements),
        withheld=tuple(out),
        abstained=not statements,
        closest=tuple(closest),
        drafts=(Draft("It closes.", False, -0.12345, ("p1",), "news/harbour.md", holds=1.23456),),
        model="tiny-model",
        timings=Timings(0.1, 0.2, 0.3, 0.4, 1.5, 900, 40, 0.05),
        unanswered=tuple(unanswered),
        conflicts=tuple(conflicts),
    )


NEAR = make_hit(FERRY, source="news/ferry.txt", title="Ferry", publisher="Coast Courier")
REFUSAL = answer(question="Who painted it?", closest=[NEAR])


def files(folder: Path) -> bytes:
    """Return every byte that a folder holds."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))
