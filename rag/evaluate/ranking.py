"""Where the passages with the evidence stand in each order that retrieval makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.config import Settings
from rag.embedder import Embedder
from rag.evaluate.sets import Question, Span
from rag.index import Index
from rag.prove.copies import with_copies
from rag.retrieve import ranked_hits, spread, trim
from rag.types import Hit

DEPTH = 20  # of each order
ORDERS = ("dense", "lexical", "fused", "read")


@dataclass(frozen=True, slots=True)
class Found:
    """What an order has of what is relevant.

    Attributes:
        hits: of its first passages, best first, whether each is relevant.
        relevant: how many there are.
    """

    hits: tuple[bool, ...]
    relevant: int

    def to_json(self) -> dict[str, Any]:
        """Return the form kept in run files."""
        return {"hits": [int(hit) for hit in self.hits], "relevant": self.relevant}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Found:
        """Make one of its JSON form."""
        return cls(tuple(map(bool, value["hits"])), int(value["relevant"]))


Ranker = Callable[[Question, Sequence[Sequence[Span]]], dict[str, Found]]


def ranker(index: Index, embedder: Embedder, settings: Settings) -> Ranker:
    """Return what ranks the evidence of a question in each order.

    The orders are those by vectors alone ("dense"), by words alone ("lexical"), of all together
    ("fused"), and what is left of it within the settings' budget ("read").

    Args:
        index: where the passages are.
        embedder: the one the index was made with.
        settings: how much is read.
    """

    def orders(question: Question) -> dict[str, Sequence[Hit]]:
        found: dict[str, Sequence[Hit]] = {
            "dense": ranked_hits(question.text, index, embedder, by="dense"),
            "lexical": ranked_hits(question.text, index, embedder, by="lexical"),
            "fused": spread(ranked_hits(question.text, index, embedder)),
        }
        found["read"] = trim(
            found["fused"],
            embedder,
            passages=settings.reads,
            budget_tokens=settings.budget_for(settings.reads),
            question=question.text,
        )
        return found

    def rank(question: Question, gold: Sequence[Sequence[Span]]) -> dict[str, Found]:
        relevant = relevant_passages(question, gold, index)
        if not relevant:
            return {}
        return {
            name: Found(
                tuple(
                    any(h.passage.id in relevant for h in with_copies([hit]))
                    for hit in hits[:DEPTH]
                ),
                len(relevant),
            )
            for name, hits in orders(question).items()
        }

    return rank


def relevant_passages(
    question: Question, gold: Sequence[Sequence[Span]], index: Index
) -> frozenset[str]:
    """Return the ids of the passages that hold evidence of a required nugget.

    Of a question that asks for documents only, they are all passages of its gold documents.

    Args:
        question: of the set.
        gold: for each of its nuggets where its evidence stands.
        index: where the passages are.
    """
    spans = [
        span
        for nugget, marked in zip(question.nuggets, gold, strict=True)
        if nugget.required
        for span in marked
    ]
    sources = frozenset() if spans else frozenset(question.gold)
    found = []
    for passage in index.passages:
        document = index.documents[passage.document_id]
        names = {document.source, *document.also}
        if names & sources or any(
            span.source in names and span.start < passage.end and passage.start < span.end
            for span in spans
        ):
            found.append(passage.id)
    return frozenset(found)
