"""How good a checker's word is on claims of which the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BANDS = 10


def balanced_accuracy(labels: Sequence[bool], said: Sequence[bool]) -> float | None:
    """Return the mean of the recalls of both labels, 0 to 1; None where one label is missing.

    K. H. Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR 2010.

    Args:
        labels: whether each claim is supported.
        said: whether the checker says so.
    """
    good = [s for label, s in zip(labels, said, strict=True) if label]
    bad = [s for label, s in zip(labels, said, strict=True) if not label]
    if not good or not bad:
        return None
    return (sum(good) / len(good) + sum(not s for s in bad) / len(bad)) / 2


def auc(labels: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Return the area under the ROC curve, 0 to 1; None where one label is missing.

    The share of pairs of a supported and an unsupported claim in which the supported one scores
    higher, ties half (J. A. Hanley and B. J. McNeil, Radiology 143, 1982); by ranks, in n log n.
    """
    ranked = sorted(zip(scores, labels, strict=True), key=lambda pair: pair[0])
    good = sum(labels)
    bad = len(ranked) - good
    if not good or not bad:
        return None
    total = 0.0
    place = 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        middle = (place + 1 + end) / 2  # mean rank of the tie, from 1
        total += middle * sum(label for _, label in ranked[place:end])
        place = end
    return (total - good * (good + 1) / 2) / (good * bad)


@dataclass(frozen=True, slots=True)
class Band:
    """Claims of about the same probability.

    Attributes:
        low: of the band, included.
        high: of the band, left out but for the last.
        count: how many claims.
        said: mean probability, 0 to 1.
        true: share that is supported, 0 to 1.
    """

    low: float
    high: float
    count: int
    said: float
    true: float


def calibration(
    labels: Sequence[bool], probabilities: Sequence[float], *, bands: int = BANDS
) -> list[Band]:
    """Return what probabilities come to, in bands of equal width; empty bands are left out."""
    inside: list[list[tuple[float, bool]]] = [[] for _ in range(bands)]
    for label, p in zip(labels, probabilities, strict=True):
        inside[min(bands - 1, int(p * bands))].append((p, label))
    return [
        Band(
            number / bands,
            (number + 1) / bands,
            len(pairs),
            sum(p for p, _ in pairs) / len(pairs),
            sum(label for _, label in pairs) / len(pairs),
        )
        for number, pairs in enumerate(inside)
        if pairs
    ]


def calibration_error(
    labels: Sequence[bool], probabilities: Sequence[float], *, bands: int = BANDS
) -> float | None:
    """Return the expected calibration error, 0 to 1; None of nothing.

    M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning", AAAI 2015: the distance of what was said from what was true, by band,
    weighted by their claims.
    """
    found = calibration(labels, probabilities, bands=bands)
    total = sum(band.count for band in found)
    return sum(b.count * abs(b.said - b.true) for b in found) / total if total else None


def agreement(one: Sequence[bool], other: Sequence[bool]) -> tuple[float, float] | None:
    """Return in what share two judges agree, and Cohen's kappa; None of nothing.

    J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960): agreement beyond what their shares of yes would make by chance; 1 where
    both always say the same one thing.
    """
    count = len(one)
    if not count:
        return None
    same = sum(a == b for a, b in zip(one, other, strict=True)) / count
    yes, also = sum(one) / count, sum(other) / count
    chance = yes * also + (1 - yes) * (1 - also)
    return same, 1.0 if chance == 1 else (same - chance) / (1 - chance)
