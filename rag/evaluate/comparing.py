"""Two runs of the same questions: what changed, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.errors import EvaluationError
from rag.evaluate.files import RunResult
from rag.evaluate.metrics import mcnemar, paired_bootstrap
from rag.evaluate.metrics.paired import Difference
from rag.evaluate.scoring import Judged

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of both runs.

    Attributes:
        name: in words.
        first: share of the first run, 0 to 1.
        second: share of the second run.
        difference: the second less the first, with its interval.
        p: two-sided; McNemar's exact test for shares of questions, else the paired bootstrap's.
    """

    name: str
    first: float
    second: float
    difference: Difference
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the questions that both were asked.

    Attributes:
        questions: how many.
        left_out: questions that only one of them was asked, or under other words or marks.
        figures: what both have.
        gained: questions that only the second has right, as (first, second).
        lost: questions that only the first has right, likewise.
        slower: median seconds of the second by those of the first; None where one has none.
    """

    questions: int
    left_out: int
    figures: tuple[Compared, ...]
    gained: tuple[tuple[Judged, Judged], ...]
    lost: tuple[tuple[Judged, Judged], ...]
    slower: float | None


def compare(first: RunResult, second: RunResult) -> Comparison:
    """Compare two runs question by question.

    Raises:
        EvaluationError: they have no question in common.
    """
    pairs, left_out = common(first, second)
    good = [pair for pair in pairs if pair[0].answerable]
    bad = [pair for pair in pairs if not pair[0].answerable]
    figures = [
        _of_questions("answerable, answered right", good),
        _of_questions("unanswerable, refused", bad),
        _of_counts("citations on marked evidence", good, lambda j: j.citations),
        _of_counts("nuggets with a right citation", good, lambda j: j.proven),
        _of_counts("nuggets stated", good, lambda j: j.stated),
        *(
            _of_counts(f"citation {name} by {judge}", pairs, count)
            for judge in _shared_judges(pairs)
            for name, count in (
                ("recall", lambda j, judge=judge: j.alce[judge].recall),
                ("precision", lambda j, judge=judge: j.alce[judge].precision),
            )
        ),
    ]
    one, other = (run.scores.figures.total.p50 for run in (first, second))
    return Comparison(
        questions=len(pairs),
        left_out=left_out,
        figures=tuple(figure for figure in figures if figure is not None),
        gained=tuple(pair for pair in pairs if pair[1].right and not pair[0].right),
        lost=tuple(pair for pair in pairs if pair[0].right and not pair[1].right),
        slower=other / one if one and other else None,
    )


def common(first: RunResult, second: RunResult) -> tuple[list[tuple[Judged, Judged]], int]:
    """Return what came of the questions of both runs, and how many only one of them has.

    Raises:
        EvaluationError: they have no question in common.
    """
    others = {
        row.question.id: (row.question, judged)
        for row, judged in zip(second.rows, second.scores.judged, strict=True)
    }
    pairs = [
        (judged, others[row.question.id][1])
        for row, judged in zip(first.rows, first.scores.judged, strict=True)
        if row.question.id in others and others[row.question.id][0] == row.question
    ]
    if not pairs:
        raise EvaluationError(
            f"{first.path.name} and {second.path.name} have no question in common; compare runs of "
            "one set."
        )
    return pairs, len(first.rows) + len(second.rows) - 2 * len(pairs)


def _of_questions(name: str, pairs: Sequence[tuple[Judged, Judged]]) -> Compared | None:
    def count(judged: Judged) -> tuple[int, int]:
        return int(judged.right), 1

    found = _of_counts(name, pairs, count)
    if found is None:
        return None
    p = mcnemar([one.right for one, _ in pairs], [other.right for _, other in pairs])
    return Compared(name, found.first, found.second, found.difference, p)


def _of_counts(
    name: str,
    pairs: Sequence[tuple[Judged, Judged]],
    count: Callable[[Judged], tuple[int, int]],
) -> Compared | None:
    first, second = ([count(pair[side]) for pair in pairs] for side in (0, 1))
    difference = paired_bootstrap(first, second)
    if difference is None:
        return None
    shares = [sum(r for r, _ in counts) / sum(of for _, of in counts) for counts in (first, second)]
    return Compared(name, shares[0], shares[1], difference, difference.p)


def _shared_judges(pairs: Sequence[tuple[Judged, Judged]]) -> list[str]:
    names = [set(one.alce) & set(other.alce) for one, other in pairs]
    return sorted(set.intersection(*names)) if names else []
