"""Two runs of the same questions: is the difference more than chance?"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from rag.evaluate.metrics.shares import DRAWS, Interval, quantile


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the second run less that of the first.

    Attributes:
        value: the difference.
        interval: 95 %, of it.
        p: probability of a difference as large where there is none, two-sided.
    """

    value: float
    interval: Interval
    p: float


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Return the two-sided p of McNemar's exact test that two runs are right equally often.

    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947); exact by the binomial distribution of the questions that
    only one of them has right.

    Args:
        first: for each question whether the first run is right.
        second: the same of the second run, in the same order.
    """
    gained = sum(b and not a for a, b in zip(first, second, strict=True))
    lost = sum(a and not b for a, b in zip(first, second, strict=True))
    flipped = gained + lost
    tail = sum(math.comb(flipped, k) for k in range(min(gained, lost) + 1)) / 2.0**flipped
    return min(1.0, 2 * tail)


def paired_bootstrap(
    first: Sequence[tuple[float, float]],
    second: Sequence[tuple[float, float]],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Difference | None:
    """Return the difference of two ratios of sums over the same questions, drawn together.

    T. Berg-Kirkpatrick, D. Burkett and D. Klein, "An Empirical Investigation of Statistical
    Significance in NLP", EMNLP 2012: questions are drawn with replacement, the same for both runs;
    p is the share of draws whose difference lies as far from the observed one as that from zero.

    Args:
        first: for each question of the first run what was right and of how many; (x, 1) for a mean.
        second: the same of the second run, in the same order.
        draws: how often questions are drawn.
        seed: of the draws.

    Returns:
        None where one of the runs has nothing to count.
    """
    rows = list(zip(first, second, strict=True))
    seen = _difference(rows)
    if seen is None:
        return None
    rng = random.Random(seed)  # noqa: S311 (repeatable draws, nothing secret)
    drawn = (_difference(rng.choices(rows, k=len(rows))) for _ in range(draws))
    found = [value for value in drawn if value is not None]
    if not found:
        return None
    far = sum(abs(value - seen) >= abs(seen) for value in found) / len(found)
    return Difference(seen, Interval(quantile(found, 0.025), quantile(found, 0.975)), far)


_Count = tuple[float, float]


def _difference(rows: Sequence[tuple[_Count, _Count]]) -> float | None:
    one, other = (sum(row[side][1] for row in rows) for side in (0, 1))
    if not one or not other:
        return None
    return sum(row[1][0] for row in rows) / other - sum(row[0][0] for row in rows) / one
