"""A run held against an earlier one: may this change go out?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rag.evaluate.comparing import common
from rag.evaluate.files import RunResult
from rag.evaluate.scoring import Judged

MAX_DROP = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of the gate.

    Attributes:
        name: in words.
        before: share, 0 to 1, or count in the baseline; None where it has nothing to count.
        now: the same of the run.
        passed: it has not dropped by more than is allowed.
    """

    name: str
    before: float | None
    now: float | None
    passed: bool


def gate(run: RunResult, baseline: RunResult, *, max_drop: float = MAX_DROP) -> tuple[Check, ...]:
    """Hold a run against a baseline on the questions both were asked.

    Citations that do not resolve, statements without citation and questions that could not be
    asked must be none, whatever the baseline has.

    Args:
        run: what is checked.
        baseline: an earlier run of the same set, or of a larger one.
        max_drop: how much less a share may be, 0 to 1.

    Raises:
        EvaluationError: they have no question in common.
    """
    pairs, _ = common(baseline, run)

    def share(side: int, count: Callable[[Judged], tuple[int, int]], kept: bool) -> float | None:
        found = [count(pair[side]) for pair in pairs if pair[0].answerable == kept]
        of = sum(each[1] for each in found)
        return sum(each[0] for each in found) / of if of else None

    checks = []
    for name, count, answerable in (
        ("answerable, answered right", lambda j: (int(j.right), 1), True),
        ("unanswerable, refused", lambda j: (int(j.right), 1), False),
        ("citations on marked evidence", lambda j: j.citations, True),
        ("nuggets with a right citation", lambda j: j.proven, True),
    ):
        before, now = share(0, count, answerable), share(1, count, answerable)
        passed = before is None or (now is not None and now >= before - max_drop)
        checks.append(Check(name, before, now, passed))
    figures = run.scores.figures
    for name, number in (
        ("invalid or unresolvable citations", figures.invalid),
        ("statements without citation", figures.uncited),
        ("questions that could not be asked", figures.errors),
    ):
        checks.append(Check(name, 0.0, float(number), number == 0))
    return tuple(checks)
