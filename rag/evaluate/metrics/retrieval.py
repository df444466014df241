"""How well passages are found, by their ranks.

All take the relevance of what was found, best first, 1 or 0, and how much there is to find.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def recall_at(k: int, found: Sequence[bool], relevant: int) -> float:
    """Return the share, 0 to 1, of the relevant ones that are among the first k.

    Raises:
        ValueError: there is nothing to find.
    """
    if relevant < 1:
        raise ValueError("nothing is relevant, so recall is not defined")
    return sum(found[:k]) / relevant


def reciprocal_rank(found: Sequence[bool]) -> float:
    """Return 1 / rank of the first relevant one, 0 where there is none.

    E. M. Voorhees, "The TREC-8 Question Answering Track Report", TREC 1999; its mean is the MRR.
    """
    return next((1 / rank for rank, hit in enumerate(found, 1) if hit), 0.0)


def ndcg_at(k: int, found: Sequence[bool], relevant: int) -> float:
    """Return the normalised discounted cumulative gain of the first k, 0 to 1, for 0-or-1 gains.

    K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20
    (2002), with the discount 1 / log2(rank + 1) from the first rank on, as trec_eval has it.

    Raises:
        ValueError: there is nothing to find.
    """
    if relevant < 1:
        raise ValueError("nothing is relevant, so the gain is not defined")
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(found[:k], 1) if hit)
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, relevant) + 1))
    return gain / best
