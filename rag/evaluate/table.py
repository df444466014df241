"""Result files -> a Markdown table, so that no figure of the documentation is written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.evaluate.files import read_figures

Figures = Mapping[str, Any]


def _share(name: str) -> Callable[[Figures], str]:
    def shown(figures: Figures) -> str:
        found = figures.get(name)
        if not found or not found["of"]:
            return "–"
        return f"{found['right']} of {found['of']} ({_interval(found)})"

    return shown


def _of_checker(name: str) -> Callable[[Figures], str]:
    def shown(figures: Figures) -> str:
        found = (figures.get(name) or {}).get("checker")
        return _share(name)({name: found}) if found else "–"

    return shown


def _seconds(figures: Figures) -> str:
    first, whole = (figures[name]["p50"] for name in ("first_word", "total"))
    return f"{'–' if first is None else f'{first:.1f}'}, {'–' if whole is None else f'{whole:.1f}'}"


def _interval(found: Mapping[str, Any]) -> str:
    return f"{_short(found['value'])}, {_short(found['low'])}–{_short(found['high'])}"


def _short(value: float) -> str:
    """Return a share as ".91", "1.0" where it is whole."""
    return "1.0" if value == 1 else f"{value:.2f}"[1:] if value < 0.995 else "1.0"


COLUMNS: dict[str, Callable[[Figures], str]] = {
    "answerable right": _share("answerable_right"),
    "right when answered": _share("right_when_answered"),
    "unanswerable refused": _share("refused_right"),
    "citations on marked evidence": _share("citation_precision"),
    "statements carried (checker)": _of_checker("alce_recall"),
    "invalid citations": lambda figures: str(figures["invalid"]),
    "every side shown": _share("every_side"),
    "seconds: first word, all": _seconds,
}


def table(files: Sequence[tuple[str, Path]], *, columns: Sequence[str] = tuple(COLUMNS)) -> str:
    """Return runs as the rows of a Markdown table, with their commit.

    A column that no run has anything for is left out.

    Args:
        files: each with the name that its row gets.
        columns: names from `COLUMNS`.

    Raises:
        EvaluationError: a file is no run.
    """
    rows = []
    for name, path in files:
        about, figures = read_figures(path)
        commit = (about.get("commit") or "unknown")[:7] + ("*" if about.get("changed") else "")
        cells = {column: COLUMNS[column](figures) for column in columns}
        rows.append((name, cells, str(about.get("model", "")), commit))
    kept = [column for column in columns if any(cells[column] != "–" for _, cells, *_ in rows)]
    lines = [
        "| " + " | ".join(["", *kept, "model", "commit"]) + " |",
        "|" + "---|" * (len(kept) + 3),
    ]
    for name, cells, model, commit in rows:
        lines.append("| " + " | ".join([name, *(cells[c] for c in kept), model, commit]) + " |")
    return "\n".join(lines)
