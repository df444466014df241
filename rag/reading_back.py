"""The documented JSON form of an answer, read back into the values (docs/answer-format.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, get_args

from rag.types import (
    Answer,
    Citation,
    Conflict,
    Document,
    Draft,
    DraftKind,
    Hit,
    Passage,
    Place,
    PlaceKind,
    Statement,
    Timings,
    Verdict,
)

VERSION = 1
_KINDS: frozenset[str] = frozenset(get_args(PlaceKind))
_DRAFTS: frozenset[str] = frozenset(get_args(DraftKind))


def answer_of(value: Any) -> Answer:
    """Return the answer of its JSON form.

    Raises:
        ValueError: it is no answer, or of a version that is not known here.
    """
    version = value.get("version") if isinstance(value, dict) else None
    if version != VERSION:
        raise ValueError(
            f"this is an answer of version {version}, and version {VERSION} is known here"
            if version
            else "this is no answer in the form of docs/answer-format.md"
        )
    try:
        return _answer(value)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"a field of the answer is missing or of another kind ({error})"
        ) from error


def statement_of(value: Mapping[str, Any]) -> Statement:
    """Return a statement of its JSON form."""
    return Statement(
        text=value["text"],
        verdict=Verdict(value["verdict"]),
        support=value["support"],
        citations=tuple(map(citation_of, value["citations"])),
        reason=value["reason"],
        written=value["written"],
        answers=value["answers"],
    )


def citation_of(value: Mapping[str, Any]) -> Citation:
    """Return a citation of its JSON form; its root, which that leaves out, is empty."""
    return Citation(
        number=value["number"],
        source=value["source"],
        title=value["title"],
        start=value["start"],
        end=value["end"],
        quote=value["quote"],
        metadata=dict(value["metadata"]),
        document_id=value.get("document_id", ""),  # answers written before it was told
        places=tuple(map(_place, value["places"])),
        inside=value["inside"],
        also=tuple(value["also"]),
        origins=dict(value["origins"]),
    )


def _answer(value: Mapping[str, Any]) -> Answer:
    timings = value["timings"]
    return Answer(
        question=value["question"],
        text=value["text"],
        statements=tuple(map(statement_of, value["statements"])),
        withheld=tuple(map(statement_of, value["withheld"])),
        abstained=value["abstained"],
        closest=tuple(map(_hit, value["closest"])),
        drafts=tuple(map(_draft, value["drafts"])),
        model=value["model"],
        timings=Timings(
            retrieve_s=timings["retrieve"],
            first_quote_s=timings["first_quote"],
            first_token_s=timings["first_token"],
            write_s=timings["write"],
            prove_s=timings["prove"],
            total_s=timings["total"],
            tokens_in=timings["tokens_in"],
            tokens_out=timings["tokens_out"],
        ),
        unanswered=tuple(value["unanswered"]),
        conflicts=tuple(
            Conflict(tuple(each["sides"]), each["kind"], each["newest"])
            for each in value["conflicts"]
        ),
        asked=value["asked"],
    )


def _place(value: Mapping[str, str]) -> Place:
    if value["kind"] not in _KINDS:
        raise ValueError(f"a place is of kind {value['kind']!r}, which is not known here")
    return Place(value["kind"], value["value"], value["last"])  # type: ignore[arg-type]


def _draft(value: Mapping[str, Any]) -> Draft:
    if value["kind"] not in _DRAFTS:
        raise ValueError(f"a draft is of kind {value['kind']!r}, which is not known here")
    return Draft(
        text=value["text"],
        refused=value["refused"],
        logprob=value["logprob"],
        passage_ids=tuple(value["passages"]),
        source=value["source"],
        kind=value["kind"],
        holds=value["holds"],
    )


def _hit(value: Mapping[str, Any]) -> Hit:
    """Return a passage with what is told of its document; the document's text is not."""
    document = Document(
        id=value.get("document_id", ""),
        root="",
        source=value["source"],
        text="",
        title=value["title"],
        metadata=dict(value["metadata"]),
        origins=dict(value["origins"]),
        format=PurePosixPath(value["source"]).suffix.lstrip(".").lower(),
        inside=value.get("inside", ""),
    )
    start, end = value["start"], value["end"]
    passage = Passage(f"{document.id}:{start}-{end}", document.id, start, end, value["quote"], ())
    return Hit(passage, document, value["score"])
