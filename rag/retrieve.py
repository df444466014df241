"""Question -> Hits, best first: dense (by passage and by sentence), lexical, fusion, trimming.

Copies of a better passage (`rag.prove.copies`) are attached to it and take no place of their own.

A passage of six sentences whose vector is one average hides the one sentence that answers, so a
passage is also ranked by its nearest sentence (MaxP: Dai and Callan, "Deeper Text Understanding
for IR with Contextual Neural Language Modeling", SIGIR 2019).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from rag.config import Retrieval
from rag.embedder import Embedder
from rag.index import Index
from rag.index.opening import Way
from rag.index.words import content_words
from rag.prove.copies import Kept
from rag.types import Hit

DEPTH = 50
SEARCHED = 4 * DEPTH  # so many are looked at for it; headers of a bare title are left out
RRF_K = 60
# The order by sentences counts as much as the two others together: measured, it is the best of
# 0.5 to 3 on the samples and does no harm on encyclopedia questions.
SENTENCE_SHARE = 2.0
# Kept findable (who is the author?), but behind body passages of about the same rank: at the top
# this is three ranks. Less would cost the questions that only boilerplate answers.
BOILERPLATE_WEIGHT = 0.95
# Passages of one document that keep their score; each further one falls some ranks, so that a long
# document does not crowd out the others.
EACH = 2
CROWDING = 0.006

Ranked = Sequence[tuple[int, float]]
_ORDERS: Mapping[Retrieval, frozenset[Way]] = {
    "fused": frozenset({"dense", "lexical", "sentence"}),
    "dense": frozenset({"dense", "sentence"}),
    "lexical": frozenset({"lexical"}),
}


def dense(
    question: str, index: Index, embedder: Embedder, k: int = DEPTH
) -> list[tuple[int, float]]:
    """Return the passage rows nearest in meaning with their cosines (-1 to 1), best first."""
    return index.search_dense(embedder.embed([question], kind="query")[0], k)


def by_sentence(
    question: str, index: Index, embedder: Embedder, k: int = DEPTH
) -> list[tuple[int, float]]:
    """Return the passage rows with the nearest sentences, with their cosines, best first."""
    return index.search_sentences(embedder.embed([question], kind="query")[0], k)


def lexical(question: str, index: Index, k: int = DEPTH) -> list[tuple[int, float]]:
    """Return the passage rows that share words with their BM25 scores (0 up), best first."""
    return index.search_lexical(question, k)


def fuse(
    rankings: Sequence[Ranked],
    *,
    shares: Sequence[float] | None = None,
    weights: Mapping[int, float] | None = None,
    k: int = RRF_K,
) -> list[tuple[int, float]]:
    """Return rows with reciprocal rank scores, best first.

    Each ranking gives a row its share / (k + rank), ranks from 1 (Cormack, Clarke and Büttcher,
    "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR
    2009).

    Args:
        rankings: each rows with scores, best first.
        shares: what each ranking counts, 1 where not given.
        weights: factor for the score of a row, 1 where not named.
        k: the larger, the less the first ranks stand out.
    """
    scores: dict[int, float] = {}
    first: dict[int, int] = {}
    for ranked, share in zip(rankings, shares or [1.0] * len(rankings), strict=True):
        for rank, (row, _) in enumerate(ranked, start=1):
            scores[row] = scores.get(row, 0.0) + share / (k + rank)
            first.setdefault(row, len(first))
    for row, weight in (weights or {}).items():
        if row in scores:
            scores[row] *= weight
    # Equal scores stand in the order of the first ranking that has them, so order is settled.
    return sorted(scores.items(), key=lambda pair: (-pair[1], first[pair[0]]))


def spread(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits with the third and later ones of a document some ranks behind."""
    ranked = [(at, hit.score) for at, hit in enumerate(hits)]
    turned = _spread(ranked, [hit.document.id for hit in hits])
    return [replace(hits[at], score=score) for at, score in turned]


def _spread(ranked: Ranked, documents: Sequence[str]) -> list[tuple[int, float]]:
    """Return rows with the third and later ones of a document some ranks behind.

    Args:
        ranked: rows with their scores.
        documents: the id of the document of each.
    """
    seen: Counter[str] = Counter()
    scored = []
    for (row, score), document in zip(ranked, documents, strict=True):
        seen[document] += 1
        scored.append((row, score - CROWDING * max(0, seen[document] - EACH)))
    return sorted(scored, key=lambda pair: -pair[1])


def trim(
    hits: Iterable[Hit],
    embedder: Embedder,
    *,
    passages: int,
    budget_tokens: int,
    question: str = "",
) -> list[Hit]:
    """Return the best hits that fit, in order; a hit too long for what is left is passed over.

    The best one is kept even if it alone is over the budget: reading nothing helps nobody. A copy
    of a better hit takes no place: it is attached to that one. Hits are walked through until enough
    are kept and one comes that is no copy; what lies behind is not looked at.

    Args:
        hits: best first.
        embedder: whose tokens are counted.
        passages: at most so many.
        budget_tokens: for the passages' texts together, by the embedder's tokenizer.
        question: they were found for; see `rag.prove.copies.Kept`.
    """
    kept = Kept(question)
    left = budget_tokens
    for hit in hits:
        if kept.attach(hit):
            continue
        if len(kept.hits) == passages:
            break
        tokens = embedder.count_tokens([hit.passage.text])[0]
        if tokens <= left or not kept.hits:
            kept.add(hit)
            left -= tokens
    return kept.hits


def retrieve(
    question: str,
    index: Index,
    embedder: Embedder,
    *,
    passages: int,
    budget_tokens: int,
    by: Retrieval = "fused",
) -> list[Hit]:
    """Return the passages to read for a question, best first.

    A question without a word that says anything ("what is it?") finds nothing.

    Args:
        question: in plain words.
        index: where the passages are.
        embedder: the one the index was made with.
        passages: at most so many.
        budget_tokens: for the passages' texts together, by the embedder's tokenizer.
        by: "dense" leaves out the order by words, "lexical" those by vectors.
    """
    ranked, signals = _ranked(question, index, embedder, by)
    turned = _spread(ranked, [index.document_id(row) for row, _ in ranked])
    # A hit is read when its turn comes: of hundreds found a handful is.
    hits = (_hit(index, row, score, signals[row]) for row, score in turned)
    return trim(
        hits,
        embedder,
        passages=passages,
        budget_tokens=budget_tokens,
        question=question,
    )


def ranked_hits(
    question: str, index: Index, embedder: Embedder, *, by: Retrieval = "fused"
) -> list[Hit]:
    """Return all passages found for a question, best first, before they are trimmed.

    Args:
        question: in plain words.
        index: where the passages are.
        embedder: the one the index was made with.
        by: "dense" leaves out the order by words, "lexical" those by vectors.
    """
    ranked, signals = _ranked(question, index, embedder, by)
    return [_hit(index, row, score, signals[row]) for row, score in ranked]


def _hit(index: Index, row: int, score: float, signals: Mapping[str, float]) -> Hit:
    passage = index.passages[row]
    document = index.documents[passage.document_id]
    return Hit(passage=passage, document=document, score=score, signals=signals)


def _ranked(
    question: str, index: Index, embedder: Embedder, by: Retrieval
) -> tuple[list[tuple[int, float]], dict[int, dict[str, float]]]:
    """Return the rows found for a question, best first, and what the score of each is made of."""
    if not content_words(question):
        return [], {}
    vector = embedder.embed([question], kind="query")[0]
    found = index.search(question, vector, SEARCHED, _ORDERS[by])
    rankings = {
        name: list(islice((p for p in ranked if not _is_bare_title(index, p[0])), DEPTH))
        for name, ranked in found.items()
    }
    shares = [SENTENCE_SHARE if name == "sentence" else 1.0 for name in rankings]
    signals = _signals(rankings)
    light = {row: BOILERPLATE_WEIGHT for row in signals if _is_boilerplate(index, row)}
    return fuse(list(rankings.values()), shares=shares, weights=light), signals


def _is_bare_title(index: Index, row: int) -> bool:
    """Tell whether a header states nothing but the title, which every passage is read under.

    Documents of one title would otherwise fill the ranks with it.
    """
    if index.kind(row) != "metadata":
        return False
    passage = index.passages[row]
    title = index.documents[passage.document_id].title
    return set(_words(passage.text)) <= {"title", *_words(title)}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _is_boilerplate(index: Index, row: int) -> bool:
    return index.kind(row) == "boilerplate"


_SCORE_NAMES: Mapping[Way, str] = {"dense": "cosine", "lexical": "bm25", "sentence": "sentence"}


def _signals(rankings: Mapping[Way, Ranked]) -> dict[int, dict[str, float]]:
    """Return for each row what its score is made of: its score and rank in each ranking."""
    signals: dict[int, dict[str, float]] = {}
    for name, ranked in rankings.items():
        for rank, (row, score) in enumerate(ranked, start=1):
            own = signals.setdefault(row, {})
            own[_SCORE_NAMES[name]] = score
            own[f"{name}_rank"] = float(rank)
    return signals
