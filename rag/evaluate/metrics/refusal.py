"""What is refused, and what it is worth to refuse more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def abstention(pairs: Iterable[tuple[bool, bool]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Count precision and recall of "not in the documents".

    Precision: of the questions refused, those that are unanswerable. Recall: of the unanswerable
    questions, those refused.

    Args:
        pairs: for each question whether it is answerable and whether it was refused.

    Returns:
        (right, of) of the precision, (right, of) of the recall.
    """
    counts = Counter(pairs)
    right = counts[False, True]
    return (right, right + counts[True, True]), (right, right + counts[False, False])


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the risk-coverage curve.

    Attributes:
        threshold: least score of what is answered.
        coverage: 0 to 1, share of all questions answered.
        risk: 0 to 1, share of those answered wrongly.
    """

    threshold: float
    coverage: float
    risk: float


def risk_coverage(scored: Sequence[tuple[float, bool]], questions: int) -> list[Point]:
    """Return the risk-coverage curve, from the surest answer to all that were given.

    Y. Geifman and R. El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.
    Answers of one score stand or fall together, so that the order of ties means nothing.

    Args:
        scored: of each question that was answered its score and whether the answer is right; an
            answer to an unanswerable question is not.
        questions: how many were asked, refused ones included.
    """
    points = []
    wrong = 0
    ordered = sorted(scored, key=lambda pair: -pair[0])
    for answered, (score, right) in enumerate(ordered, 1):
        wrong += not right
        if answered == len(ordered) or ordered[answered][0] != score:
            points.append(Point(score, answered / questions, wrong / answered))
    return points


def area_under_risk_coverage(points: Sequence[Point]) -> float | None:
    """Return the mean risk, 0 to 1, over the coverage that is reached; None of no answer.

    Each point's risk counts for the coverage it adds; lower is better (Geifman and El-Yaniv, 2017,
    who sum over all examples, as nothing is refused there).
    """
    area = before = 0.0
    for point in points:
        area += point.risk * (point.coverage - before)
        before = point.coverage
    return area / before if before else None


def threshold_for(points: Sequence[Point], precision: float) -> Point | None:
    """Return the point of most coverage whose answers are right in at least such a share.

    Args:
        points: of `risk_coverage`.
        precision: 0 to 1, of the answers given.

    Returns:
        None where no threshold reaches it.
    """
    enough = [point for point in points if 1 - point.risk >= precision]
    return max(enough, key=lambda point: point.coverage, default=None)
