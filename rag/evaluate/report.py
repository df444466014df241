"""A scored run as one screen of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten, wrap

from rag.evaluate.checking import Line
from rag.evaluate.comparing import SIGNIFICANT, Comparison
from rag.evaluate.files import RunResult
from rag.evaluate.gating import Check
from rag.evaluate.metrics import Share, threshold_for
from rag.evaluate.scoring import Figures, Judged, Seconds, by_support

WIDTH = 100
MAX_FAILED = 24


def screen(result: RunResult, *, failed: int = MAX_FAILED) -> str:
    """Return the figures of a run and the questions that failed, for a terminal.

    Args:
        result: a run, as asked or as read from its file.
        failed: how many failed questions to show at most.
    """
    figures = result.scores.figures
    cost = _memory(result)
    return "\n".join([*_head(result), "", *_figures(figures), *cost, "", *_failed(result, failed)])


def _head(result: RunResult) -> list[str]:
    about = result.about
    commit = about["commit"][:12] or "unknown"
    machine = about["machine"]
    settings = about["settings"]
    return [
        f"{result.scores.figures.questions} questions, {about['index']['documents']} documents, "
        f"model {about['model']}, reading {settings['reading']}, "
        f"{settings['passages']} passages",
        f"commit {commit}{' with changes' if about['changed'] else ''}; "
        f"{machine['cpu']}, {machine['cores']} cores"
        + (f"; {result.reused} answers of an interrupted run" if result.reused else ""),
    ]


def _figures(figures: Figures) -> list[str]:
    lines = [
        _share("answerable, answered right", figures.answerable_right),
        _share("  answered at all", figures.answered),
        _share("  right when answered", figures.right_when_answered),
        _share("unanswerable, refused", figures.refused_right),
        *(
            [_count("  not refused, but premise corrected", figures.corrected)]
            * bool(figures.corrected)
        ),
        _share("  refusals that were due", figures.abstention_precision),
        _share("citations on marked evidence", figures.citation_precision),
        _share("  with answers to the unanswerable", figures.citation_precision_all),
        _share("  statements with such a citation", figures.statement_precision),
        _share("nuggets with a right citation", figures.nugget_recall),
        _share("  nuggets stated at all", figures.nuggets_stated),
        _count("invalid or unresolvable citations", figures.invalid),
        _count("statements without citation", figures.uncited),
        *_carried(figures),
        *_short(figures),
        _count("sentences withheld", figures.withheld),
        f"{'mean length of a quote':36}{_number(figures.quote_chars, 0):>8}  characters",
        f"{'citations a statement':36}{_number(figures.citations_a_statement, 2):>8}",
        f"{'mean length of an answer':36}{_number(figures.words.value, 0):>8}  words",
        _times("seconds to the first quotation", figures.first_quote),
        _times("seconds to the first word", figures.first_word),
        _times("seconds in all", figures.total),
        f"{'tokens read, written':36}{figures.tokens_in:>8}  {figures.tokens_out}",
    ]
    if figures.errors:
        lines.append(_count("questions that could not be asked", figures.errors))
    kinds = [f"{kind} {share.right}/{share.of}" for kind, share in sorted(figures.by_kind.items())]
    return [*lines, *wrap("right by kind: " + ", ".join(kinds), WIDTH, subsequent_indent="  ")]


def _memory(result: RunResult) -> list[str]:
    peak = result.about.get("peak_memory_mib")
    return [f"{'most memory held':36}{peak:>8.0f}  MiB"] if peak else []


def _carried(figures: Figures) -> list[str]:
    """Return what judges say that citations carry."""
    lines = []
    for judge, recall in figures.alce_recall.items():
        lines += [
            _share(f"statements carried, says {judge}", recall),
            _share("  citations needed or sufficient", figures.alce_precision[judge]),
            _count("  citations that carry nothing", figures.idle[judge]),
        ]
    for judge, (same, kappa) in figures.agreement.items():
        lines.append(f"{f'  {judge} agrees with the checker':36}{same:>8.3f}  kappa {kappa:.2f}")
    return lines


def _short(figures: Figures) -> list[str]:
    """Return the lines that only some sets have."""
    lines = []
    if figures.short_answer.of:
        lines += [
            _share("short answer in the answer", figures.short_answer),
            f"{'  F1 of its words':36}{_number(figures.token_f1.value, 3):>8}",
        ]
    if figures.every_side.of:
        lines += [
            _share("conflicts, every side shown", figures.every_side),
            _share("  sides shown", figures.sides),
        ]
    if figures.false_premise_answered.of:
        lines.append(_share("false premises answered", figures.false_premise_answered))
    if figures.risk_area is not None:
        lines.append(f"{'risk, mean over coverage':36}{figures.risk_area:>8.3f}")
    for order, found in figures.retrieval.items():
        shown = "  ".join(f"{name} {_number(mean.value, 2)}" for name, mean in found.items())
        lines.append(f"evidence, {order:10}{shown}")
    return lines


def _failed(result: RunResult, limit: int) -> list[str]:
    failed = [judged for judged in result.scores.judged if not judged.right or judged.invalid]
    if not failed:
        return ["No question failed."]
    # What is wrong before what is missing: a false answer costs more trust than none.
    failed.sort(key=lambda judged: (not judged.invalid, judged.abstained))
    lines = [f"Not right ({len(failed)}):"]
    for judged in failed[:limit]:
        lines.append(_line(f"{judged.id}  {judged.question}"))
        lines.append(_line(f"      {_why(judged)}"))
    if len(failed) > limit:
        lines.append(f"… and {len(failed) - limit} more in the result file.")
    return lines


def _why(judged: Judged) -> str:
    """Return what happened to a question that failed."""
    if judged.invalid:
        return "INVALID " + "; ".join(judged.invalid)
    if judged.error:
        return f"error: {judged.error}"
    if judged.abstained:
        return f"refused; wanted: {' '.join(judged.missing)}"
    if not judged.answerable:
        return ("corrected: " if judged.corrected else "answered: ") + judged.said
    wanted = f"wanted: {' '.join(judged.missing)}" if judged.missing else "rejected"
    return f"{wanted} — said: {judged.said}"


def comparison_screen(found: Comparison, first: str, second: str) -> str:
    """Return a comparison for a terminal.

    Args:
        found: the comparison.
        first: name of the first run.
        second: of the second.
    """
    lines = [
        f"{found.questions} questions of both; first {first}, second {second}"
        + (f"; {found.left_out} of one only left out" if found.left_out else ""),
        "",
        f"{'':36}{'first':>8}{'second':>8}{'less':>9}  {'95 %':16}p",
    ]
    for one in found.figures:
        low, high = one.difference.interval.low, one.difference.interval.high
        sign = " *" if one.p < SIGNIFICANT else ""
        lines.append(
            f"{one.name:36}{one.first:>8.3f}{one.second:>8.3f}{one.difference.value:>+9.3f}"
            f"  [{low:+.3f}, {high:+.3f}]  {one.p:.3f}{sign}"
        )
    if found.slower is not None:
        lines.append(f"{'seconds, second by first':36}{found.slower:>8.2f}")
    for name, flipped in (("only the first right", found.lost), ("only the second", found.gained)):
        lines += ["", f"{name} ({len(flipped)}):" if flipped else f"{name}: none"]
        for before, after in flipped[:MAX_FAILED]:
            lines.append(_line(f"{before.id}  {before.question}"))
            lines += [
                _line(f"      {side}: {said.said or _why(said)}")
                for side, said in ((first, before), (second, after))
            ]
        if len(flipped) > MAX_FAILED:
            lines.append(f"… and {len(flipped) - MAX_FAILED} more.")
    return "\n".join(lines)


def checker_screen(lines: Sequence[Line]) -> str:
    """Return the figures of the checker for a terminal, a kind of claim a line."""
    shown = [f"{'':32}{'claims':>7}{'balanced accuracy':>19}{'AUC':>8}{'calibration error':>19}"]
    for line in lines:
        figures = (line.balanced_accuracy, line.auc, line.calibration_error)
        cells = [_number(value, 3) for value in figures]
        shown.append(f"{line.kind:32}{line.claims:>7}{cells[0]:>19}{cells[1]:>8}{cells[2]:>19}")
    return "\n".join(shown)


def threshold_line(result: RunResult, precision: float) -> str:
    """Return what support threshold would make so many of the answers given right.

    Args:
        result: a run.
        precision: the share wanted, 0 to 1.
    """
    points = by_support(result.rows, result.scores.judged)
    found = threshold_for(points, precision)
    if not points or found is None:
        return f"no support threshold makes {precision:.0%} of the answers right on these questions"
    now = points[-1]
    return (
        f"support threshold {found.threshold:.2f}: {1 - found.risk:.0%} of the answers right, "
        f"{found.coverage:.0%} of the questions answered (now {1 - now.risk:.0%} and "
        f"{now.coverage:.0%}); it was chosen on these questions, so expect a little less on others"
    )


def gate_screen(checks: Sequence[Check]) -> str:
    """Return the checks of a gate for a terminal, a line each."""
    lines = [f"{'':36}{'before':>8}{'now':>8}"]
    for check in checks:
        mark = "ok" if check.passed else "DROPPED"
        before, now = (_number(value, 3) for value in (check.before, check.now))
        lines.append(f"{check.name:36}{before:>8}{now:>8}  {mark}")
    return "\n".join(lines)


def _line(text: str) -> str:
    indent = len(text) - len(text.lstrip())
    return " " * indent + shorten(text, WIDTH - indent, placeholder=" …")


def _share(name: str, share: Share) -> str:
    if share.value is None or share.interval is None:
        return f"{name:36}{'-':>8}"
    low, high = share.interval.low, share.interval.high
    return f"{name:36}{share.value:>8.3f}  [{low:.2f}, {high:.2f}]  {share.right}/{share.of}"


def _count(name: str, count: int) -> str:
    return f"{name:36}{count:>8}"


def _times(name: str, seconds: Seconds) -> str:
    return f"{name:36}{_number(seconds.p50, 2):>8}  p50, {_number(seconds.p95, 2)} p95"


def _number(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"
