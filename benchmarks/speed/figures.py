"""Rows of a run -> figures, tables, and what is kept of them; pure but for reading and writing."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.runs import Row, share
from rag.evaluate import about
from rag.evaluate.metrics import mcnemar, percentile

RESULTS = Path("benchmarks/results/speed")
POOLED = "public sets together"
COLUMNS = (
    "questions",
    "way",
    "first quotation, s",
    "first word, s",
    "first proven, s",
    "whole answer, s",
    "first word: as long as warm, times",
    "whole: times",
    "tokens evaluated",
    "written",
    "CPU, s",
    "outside the model",
    "peak memory, MB",
    "same answers as cold",
    "commit",
)
QUALITY = (
    "questions",
    "way",
    "answerable right",
    "unanswerable refused",
    "citations on marked evidence",
    "right against one passage at a time: only that, only this, p",
)
_SECONDS = ("first_quote", "first_word", "first_proven", "total")


def score(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return one line of figures for each set, load and way, and for public sets together."""
    lines = []
    groups: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["set"], row["busy"]), []).append(row)
        if row["set"] != "seeds":
            groups.setdefault((POOLED, row["busy"]), []).append(row)
    public = {name for name, _ in groups if name not in ("seeds", POOLED)}
    for (name, busy), own in groups.items():
        if name == POOLED and len(public) < 2:
            continue
        by_way = {
            way: {(row["set"], row["id"]): row for row in own if row["way"] == way}
            for way in dict.fromkeys(row["way"] for row in own)
        }
        lines += [
            _line(those, by_way.get("cold", {}), by_way.get("warm", {}))
            | {"set": name, "busy": busy, "way": way}
            for way, those in by_way.items()
        ]
    return lines


def _line(those: dict[Any, Row], cold: dict[Any, Row], warm: dict[Any, Row]) -> dict[str, Any]:
    every = list(those.values())
    rows = [row for row in every if row["total"] is not None]
    line: dict[str, Any] = {"questions": len(rows), "asked": len(every)}
    for key in _SECONDS:
        values = [row[key] for row in rows if row.get(key) is not None]
        line[key] = [_round(percentile(values, 50)), _round(percentile(values, 95))]
    beside_warm = [(row, warm[id_]) for id_, row in those.items() if id_ in warm]
    for key in ("first_word", "total"):
        line[f"{key}_times"] = _ratio(beside_warm, key)
    line["evaluated"] = sum(row["evaluated"] for row in rows)
    line["written"] = sum(row["written"] for row in rows)
    line["cpu"] = _round(statistics.median(row["cpu"] for row in rows)) if rows else None
    timed = [row for row in rows if row["model"] is not None]
    spent = sum(row["total"] for row in timed)
    line["outside_model"] = (
        _round(1 - sum(row["model"] for row in timed) / spent) if spent else None
    )
    beside_cold = [(row, cold[id_]) for id_, row in those.items() if id_ in cold]
    line["same_as_cold"] = [sum(a["said"] == b["said"] for a, b in beside_cold), len(beside_cold)]
    line["rss_mb"] = round(max(row["rss_mb"] for row in every))
    line["commits"] = sorted({row["commit"][:7] for row in every})
    graded = [row for row in every if "right" in row]
    line["right"] = _count(row["right"] for row in graded if row["answerable"])
    line["refused"] = _count(row["right"] for row in graded if not row["answerable"])
    line["citations"] = [sum(row["citations"][n] for row in graded) for n in (0, 1)]
    # Warm answers are the cold ones to the letter, so either tells what single readings come to.
    single = cold | warm
    beside = [(row, single[id_]) for id_, row in those.items() if id_ in single]
    both = [(a["right"], b["right"]) for a, b in beside if "right" in a and "right" in b]
    line["right_beside_single"] = [
        sum(not one and other for one, other in both),
        sum(one and not other for one, other in both),
        _round(mcnemar([a for a, _ in both], [b for _, b in both])) if both else None,
    ]
    return line


def _count(flags: Iterable[bool]) -> list[int]:
    known = list(flags)
    return [sum(known), len(known)]


def _ratio(both: Sequence[tuple[Row, Row]], key: str) -> float | None:
    """Return how many times as long the first of two took, the median over questions."""
    ratios = [
        one[key] / other[key]
        for one, other in both
        if one[key] is not None and other[key] is not None
    ]
    return _round(statistics.median(ratios)) if ratios else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Return the figures of time as a Markdown table."""
    return table_of(COLUMNS, [_time_cells(line) for line in lines if line["questions"]])


def quality(lines: Sequence[dict[str, Any]]) -> str:
    """Return what came of the same questions as a Markdown table."""
    return table_of(
        QUALITY,
        [
            (
                f"{line['asked']} of {line['set']}",
                line["way"],
                share(*line["right"]),
                share(*line["refused"]),
                share(*line["citations"]),
                _beside(line),
            )
            for line in lines
            if not line["busy"]
        ],
    )


def _beside(line: dict[str, Any]) -> str:
    only_that, only_this, p = line["right_beside_single"]
    single = line["way"] in ("cold", "warm")
    return "–" if p is None or single else f"{only_that}, {only_this}, {p:.2f}"


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows)])


def _named(line: dict[str, Any]) -> str:
    busy = ", beside a busy process" if line["busy"] else ""
    return f"{line['questions']} of {line['set']}{busy}"


def _time_cells(line: dict[str, Any]) -> list[str]:
    same, of = line["same_as_cold"]
    return [
        _named(line),
        line["way"],
        *(_pair(line[key]) for key in _SECONDS),
        _shown(line["first_word_times"]),
        _shown(line["total_times"]),
        str(line["evaluated"]),
        str(line["written"]),
        _shown(line["cpu"]),
        _shown(line["outside_model"]),
        str(line["rss_mb"]),
        f"{same} of {of}" if line["way"] == "warm" else "–",
        " ".join(line["commits"]),
    ]


def _pair(values: Sequence[float | None]) -> str:
    p50, p95 = values
    return "–" if p50 is None or p95 is None else f"{p50:.2f}, {p95:.2f}"


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def users(rows: Sequence[Row]) -> str:
    """Return what several people at once waited, as a Markdown table."""
    columns = (
        "people at once",
        "answers",
        "first quotation, s",
        "first word, s",
        "whole answer, s",
        "answers a minute",
    )
    cells = []
    for count in dict.fromkeys(row["users"] for row in rows):
        own = [row for row in rows if row["users"] == count]
        wall = sum(row["wall"] for row in own) / count
        cells.append(
            [
                str(count),
                str(len(own)),
                *(_spread(own, key) for key in ("first_quote", "first_word", "total")),
                f"{60 * len(own) / wall:.1f}",
            ]
        )
    return table_of(columns, cells)


def sizes(rows: Sequence[Row]) -> str:
    """Return what a search and an answer take in collections of each size."""
    columns = (
        "passages",
        "questions, way",
        "search, s",
        "first quotation, s",
        "first word, s",
        "whole answer, s",
        "peak memory, MB",
    )
    cells = []
    for size, way in dict.fromkeys((row["size"], row["way"]) for row in rows):
        own = [row for row in rows if (row["size"], row["way"]) == (size, way)]
        cells.append(
            [
                f"{own[0]['passages']:,}",
                f"{len(own)}, {way}",
                *(_spread(own, k) for k in ("retrieve", "first_quote", "first_word", "total")),
                f"{max(row['rss_mb'] for row in own):.0f}",
            ]
        )
    return table_of(columns, cells)


def _spread(rows: Sequence[Row], key: str) -> str:
    values = [row[key] for row in rows if row.get(key) is not None]
    return _pair([percentile(values, 50), percentile(values, 95)])


def keep(name: str, value: dict[str, Any] | list[dict[str, Any]], folder: Path = RESULTS) -> Path:
    """Write figures into the folder of their commit, with machine and versions; return the file."""
    commit, _ = about.commit_of()
    kept = {
        "commit": commit,
        "machine": about.machine(),
        "versions": {
            each: metadata.version(each)
            for each in ("llama-cpp-python", "sentence-transformers", "faiss-cpu", "numpy")
        },
        "lines": value,
    }
    path = folder / commit[:12] / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return path


def saved(commit: str, name: str, folder: Path = RESULTS) -> list[dict[str, Any]]:
    """Return the lines that were kept of a commit under a name, none where nothing was."""
    path = folder / commit / f"{name}.json"
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["lines"]
    return lines
