"""Hits -> the same hits in a better order: by their best sentence, not by their average.

A passage of six sentences whose vector is one average hides the one sentence that answers.
Each sentence is embedded under its document's heading and a passage is as near as the nearest
of them (MaxP: Dai and Callan, "Deeper Text Understanding for IR with Contextual Neural Language
Modeling", SIGIR 2019). Vectors of sentences are kept in memory, so a passage costs once.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.embedder import Embedder
from rag.passages import heading
from rag.retrieve import RRF_K
from rag.types import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The order by sentences counts as much as dense and lexical search together.
WEIGHT = 2.0
# Passages of one document that are ranked as they are; each further one falls about ten ranks.
EACH = 2
PENALTY = 0.006


class SentenceRanker:
    """Orders hits by their nearest sentence, fused with the order they came in.

    Args:
        embedder: the one of the index.
        keep: passages whose sentence vectors are kept in memory; 1.5 KB a sentence.
    """

    def __init__(self, embedder: Embedder, *, keep: int = 4000) -> None:
        self._embedder = embedder
        self._keep = keep
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def rank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """Return the hits in their new order, with the signal "sentence" (cosine, -1 to 1)."""
        if not hits:
            return []
        query = self._embedder.embed([question], kind="query")[0]
        self._learn(hits)
        nearest = {hit.passage.id: float((self._vectors(hit) @ query).max()) for hit in hits}
        by_sentence = sorted(hits, key=lambda hit: -nearest[hit.passage.id])
        place = {hit.passage.id: number for number, hit in enumerate(by_sentence, start=1)}
        scored = [
            replace(
                hit,
                score=hit.score + WEIGHT / (RRF_K + place[hit.passage.id]),
                signals={**hit.signals, "sentence": nearest[hit.passage.id]},
            )
            for hit in hits
        ]
        return _spread(sorted(scored, key=lambda hit: -hit.score))

    def _vectors(self, hit: Hit) -> NDArray[np.float32]:
        self._known.move_to_end(hit.passage.id)
        return self._known[hit.passage.id]

    def _learn(self, hits: Sequence[Hit]) -> None:
        """Embed the sentences of the passages that are not known yet, in one go."""
        new = {hit.passage.id: hit for hit in hits if hit.passage.id not in self._known}
        texts = [text for hit in new.values() for text in _texts(hit)]
        if texts:
            vectors = self._embedder.embed(texts, kind="document")
            start = 0
            for name, hit in new.items():
                end = start + len(hit.passage.sentences)
                self._known[name] = vectors[start:end]
                start = end
        while len(self._known) > max(self._keep, len(hits)):
            self._known.popitem(last=False)


def _spread(hits: Sequence[Hit]) -> list[Hit]:
    """Put a document's third and later passages some ranks behind, so that others are heard."""
    seen: Counter[str] = Counter()
    scored = []
    for hit in hits:
        seen[hit.document.id] += 1
        behind = PENALTY * max(0, seen[hit.document.id] - EACH)
        scored.append(replace(hit, score=hit.score - behind))
    return sorted(scored, key=lambda hit: -hit.score)


def _texts(hit: Hit) -> list[str]:
    line = heading(hit.document)
    return [f"{line}: {s.text}" if line else s.text for s in hit.passage.sentences]
