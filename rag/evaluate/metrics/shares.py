"""Shares and means over questions, with 95 % intervals."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `of`, with its 95 % interval.

    Attributes:
        interval: None where there is nothing to take a share of.
    """

    right: int
    of: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """The share, 0 to 1, or None where there is nothing to take a share of."""
        return self.right / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over questions, with its 95 % interval.

    Attributes:
        value: None where there is nothing to take a mean of.
        of: how many questions.
        interval: None likewise.
    """

    value: float | None
    of: int
    interval: Interval | None


def wilson(right: int, of: int) -> Interval | None:
    """Return the 95 % score interval of a share of independent questions.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
    (1927). It stays inside 0 to 1 and does not collapse at 0 or at all.
    """
    if of == 0:
        return None
    z = 1.959964
    share = right / of
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    middle = share + z * z / (2 * of)
    scale = 1 + z * z / of
    return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def bootstrap(
    counts: Sequence[tuple[int, int]], *, draws: int = DRAWS, seed: int = 0
) -> Interval | None:
    """Return the 95 % percentile bootstrap interval of a share counted in several per question.

    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).
    Whole questions are drawn with replacement, because the citations of one answer are right or
    wrong together; the share is the sum of rights over the sum of all in each draw, and draws
    with nothing to count are left out. Where none or all are right no draw can differ, which
    would claim certainty: there it is Wilson's interval over the questions that count anything.

    Args:
        counts: (right, of) of each question.
        draws: how often questions are drawn anew.
        seed: of the draws; the same seed gives the same interval.
    """
    counting = sum(of > 0 for _, of in counts)
    if sum(right for right, _ in counts) == 0:
        return wilson(0, counting)
    if all(right == of for right, of in counts):
        return wilson(counting, counting)
    rng = random.Random(seed)  # noqa: S311 (repeatable draws, nothing secret)
    shares = []
    for _ in range(draws):
        drawn = rng.choices(counts, k=len(counts))
        of = sum(count[1] for count in drawn)
        if of:
            shares.append(sum(count[0] for count in drawn) / of)
    return Interval(*(quantile(shares, q) for q in (0.025, 0.975)))


def mean_of_questions(values: Sequence[float], *, draws: int = DRAWS, seed: int = 0) -> Mean:
    """Return the mean of one value a question, with the percentile bootstrap interval.

    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).

    Args:
        values: one a question.
        draws: how often questions are drawn anew.
        seed: of the draws; the same seed gives the same interval.
    """
    if not values:
        return Mean(None, 0, None)
    rng = random.Random(seed)  # noqa: S311 (repeatable draws, nothing secret)
    count = len(values)
    means = [sum(rng.choices(values, k=count)) / count for _ in range(draws)]
    interval = Interval(quantile(means, 0.025), quantile(means, 0.975))
    return Mean(sum(values) / count, count, interval)


def share_of_questions(flags: Iterable[bool]) -> Share:
    """Return the share of independent questions for which something holds, Wilson's interval."""
    values = list(flags)
    return Share(sum(values), len(values), wilson(sum(values), len(values)))


def share_within_questions(counts: Iterable[tuple[int, int]]) -> Share:
    """Return a share counted several times in a question, with the bootstrap interval."""
    values = list(counts)
    return Share(sum(r for r, _ in values), sum(of for _, of in values), bootstrap(values))


def quantile(values: Sequence[float], q: float) -> float:
    """Return a quantile, 0 to 1, by straight line between the two nearest values."""
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return a percentile (0 to 100) by straight line between neighbours, None of nothing.

    R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996), definition 7; numpy's default.
    """
    return quantile(values, percent / 100) if values else None
