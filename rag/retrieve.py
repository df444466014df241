"""Question -> Hits, best first: dense, lexical and fusion, each a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.embedder import Embedder
from rag.index import Index
from rag.index.words import content_words
from rag.types import Hit

DEPTH = 50
RRF_K = 60
RERANK_DEPTH = 20
# Kept findable (who is the author?), but behind body passages of about the same rank: at the top
# this is three ranks. Less would cost the questions that only boilerplate answers.
BOILERPLATE_WEIGHT = 0.95

Ranked = Sequence[tuple[int, float]]


def dense(
    question: str, index: Index, embedder: Embedder, k: int = DEPTH
) -> list[tuple[int, float]]:
    """Return the passage rows nearest in meaning with their cosines (-1 to 1), best first."""
    vector = embedder.embed([question], kind="query")[0]
    return index.search_dense(vector, k)


def lexical(question: str, index: Index, k: int = DEPTH) -> list[tuple[int, float]]:
    """Return the passage rows that share words with their BM25 scores (0 up), best first."""
    return index.search_lexical(question, k)


def fuse(
    by_meaning: Ranked,
    by_words: Ranked,
    *,
    weights: Mapping[int, float] | None = None,
    k: int = RRF_K,
) -> list[tuple[int, float]]:
    """Return rows with reciprocal rank scores, best first.

    Each list gives a row 1 / (k + rank), ranks from 1 (Cormack, Clarke and Büttcher, "Reciprocal
    Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009).

    Args:
        by_meaning: rows with cosines, best first.
        by_words: rows with BM25 scores, best first.
        weights: factor for the score of a row, 1 where not named.
        k: the larger, the less the first ranks stand out.
    """
    scores: dict[int, float] = {}
    for ranked in (by_meaning, by_words):
        for rank, (row, _) in enumerate(ranked, start=1):
            scores[row] = scores.get(row, 0.0) + 1.0 / (k + rank)
    for row, weight in (weights or {}).items():
        if row in scores:
            scores[row] *= weight
    # Equal scores: the one nearer in meaning first, then the earlier row, so order is settled.
    cosine = dict(by_meaning)
    return sorted(scores.items(), key=lambda pair: (-pair[1], -cosine.get(pair[0], -1.0), pair[0]))


def trim(
    hits: Sequence[Hit], embedder: Embedder, *, passages: int, budget_tokens: int
) -> list[Hit]:
    """Return the best hits that fit, in order; a hit too long for what is left is passed over.

    The best one is kept even if it alone is over the budget: reading nothing helps nobody.

    Args:
        hits: best first.
        embedder: whose tokens are counted.
        passages: at most so many.
        budget_tokens: for the passages' texts together, by the embedder's tokenizer.
    """
    kept: list[Hit] = []
    left = budget_tokens
    for hit in hits:
        if len(kept) == passages:
            break
        tokens = embedder.count_tokens([hit.passage.text])[0]
        if tokens <= left or not kept:
            kept.append(hit)
            left -= tokens
    return kept


def retrieve(
    question: str,
    index: Index,
    embedder: Embedder,
    *,
    passages: int,
    budget_tokens: int,
    rerank: Callable[[str, Sequence[Hit]], list[Hit]] | None = None,
) -> list[Hit]:
    """Return the passages to read for a question, best first.

    A question without a word that says anything ("what is it?") finds nothing.

    Args:
        question: in plain words.
        index: where the passages are.
        embedder: the one the index was made with.
        passages: at most so many.
        budget_tokens: for the passages' texts together, by the embedder's tokenizer.
        rerank: puts the best `RERANK_DEPTH` into their final order.
    """
    if not content_words(question):
        return []
    by_meaning = dense(question, index, embedder)
    by_words = lexical(question, index)
    rows = {row for row, _ in by_meaning} | {row for row, _ in by_words}
    weights = {row: BOILERPLATE_WEIGHT for row in rows if index.passages[row].kind == "boilerplate"}
    signals = _signals(by_meaning, by_words)
    hits = [
        Hit(
            passage=index.passages[row],
            document=index.documents[index.passages[row].document_id],
            score=score,
            signals=signals[row],
        )
        for row, score in fuse(by_meaning, by_words, weights=weights)
    ]
    if rerank is not None:
        hits = rerank(question, hits[:RERANK_DEPTH])
    return trim(hits, embedder, passages=passages, budget_tokens=budget_tokens)


def _signals(by_meaning: Ranked, by_words: Ranked) -> dict[int, dict[str, float]]:
    """Return for each row what its score is made of."""
    signals: dict[int, dict[str, float]] = {}
    for rank, (row, cosine) in enumerate(by_meaning, start=1):
        signals[row] = {"cosine": cosine, "dense_rank": float(rank)}
    for rank, (row, bm25) in enumerate(by_words, start=1):
        signals.setdefault(row, {}).update(bm25=bm25, lexical_rank=float(rank))
    return signals
