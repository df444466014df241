"""Hold the checker against claims that people labelled, from sources nothing was fitted on.

    python -m benchmarks.checker run --out FILE [--per-set 150] [--skip 24]    resumes
    python -m benchmarks.checker score FILE

Each claim is judged by every layer by itself, by the probability that all of them make, and as an
answer would show it: there a name or a word that stands nowhere in the text refuses the claim
however sure the model is. Long texts are shown to the model in part, the sentences that bear on
the claim. The table is followed by calibration and by the altered facts of `benchmarks.altered`.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import altered, runs, sets
from benchmarks.runs import Row
from rag.assistant import load_llm
from rag.config import Settings
from rag.drafting import COVERED
from rag.evaluate import metrics
from rag.prove import Claim, CoverageChecker, Judgement, Rarity, WitnessedChecker
from rag.prove.witness import probability
from rag.testing import make_hit
from rag.types import Verdict

CLAIMS = sets.DATA.parent / "claims" / "dev.jsonl.gz"
# Kinds of text under one name; each has both labels.
SOURCES = {
    "aggrefact_CLIFF_cnndm": "news summaries (CNN/DM)",
    "aggrefact_Goyal21_cnndm": "news summaries (CNN/DM)",
    "aggrefact_CLIFF_xsum": "news summaries (XSum)",
    "aggrefact_Goyal21_xsum": "news summaries (XSum)",
    "attrbench_AttributedQA": "short answers (AttributedQA)",
    "attrbench_ExpertQA": "expert answers (ExpertQA)",
    "attrbench_LFQA": "long answers (LFQA)",
    "attrbench_Stanford-GenSearch": "generative search",
    "wice_claim": "Wikipedia claims (WiCE)",
}
BINS = 5
LOOKED_AT = 24  # claims of each source that were read while rules were mended


def pairs(per_set: int, *, skip: int = 0, seed: int = 0) -> Iterator[Row]:
    """Yield claims of all sources in turn, supported and not in turn.

    Args:
        per_set: how many of each source.
        skip: leave out the first so many of each, which were looked at while rules were made.
        seed: of the order.
    """
    by_source: dict[str, dict[int, list[Row]]] = {}
    for number, row in enumerate(sets.rows(CLAIMS)):
        of = by_source.setdefault(SOURCES[row["src"]], {0: [], 1: []})
        of[row["label"]].append({**row, "id": number})
    drawn = {}
    for name, of in by_source.items():
        for rows in of.values():
            random.Random(f"{seed}{name}").shuffle(rows)
        drawn[name] = [r for both in zip(of[1], of[0], strict=False) for r in both]
        drawn[name] = drawn[name][skip : skip + per_set]
    for turn in range(per_set):
        for rows in drawn.values():
            if turn < len(rows):
                yield rows[turn]


def run(out: Path, per_set: int, skip: int, settings: Settings) -> None:
    """Judge every sampled claim, one line each."""
    chosen = list(pairs(per_set, skip=skip))
    rarity = Rarity([row["doc"] for row in chosen])
    coverage = CoverageChecker(rarity, threshold=COVERED)
    llm = load_llm(settings)
    checker = WitnessedChecker(coverage, llm, rarity, threshold=settings.support_threshold)
    done = {row["id"] for row in runs.read_lines(out)}
    for row in chosen:
        if row["id"] in done:
            continue
        claim = Claim(row["claim"], "", (make_hit(row["doc"], source=f"{row['id']}", title=""),))
        began = time.perf_counter()
        found = coverage.judge(claim)
        exact_s = time.perf_counter() - began
        log_odds = checker.log_odds(claim)
        witness_s = time.perf_counter() - began - exact_s
        shown = checker.settle(claim, found, log_odds) if checker.is_open(claim, found) else found
        line = {
            "id": row["id"],
            "source": SOURCES[row["src"]],
            "label": row["label"],
            "coverage": found.support,
            "fault": found.fault,
            "log_odds": log_odds,
            "shown": shown.verdict is Verdict.SUPPORTED,
            "exact_s": exact_s,
            "witness_s": witness_s,
        }
        runs.add_line(out, line)


LAYERS = ("coverage", "exact", "witness", "together", "as shown")


def together(row: Row) -> float:
    """Return the probability that a kept claim is supported, by all layers."""
    found = Judgement(Verdict.PARTLY, row["coverage"], (), fault=row["fault"])
    return probability(found, row["log_odds"])


def says(row: Row, layer: str) -> bool:
    """Tell whether a layer by itself takes a claim for supported."""
    told: dict[str, bool] = {
        "coverage": row["coverage"] >= COVERED,
        "exact": row["fault"] in ("", "words"),
        "witness": row["log_odds"] >= 0,
        "together": row["probability"] >= 0.5,
        "as shown": row["shown"],
    }
    return told[layer]


def score(rows: Sequence[Row]) -> str:
    """Return the tables as Markdown."""
    rows = [{**row, "probability": together(row)} for row in rows]
    lines = [
        "| source | claims | " + " | ".join(LAYERS) + " | AUC: coverage | witness | together |",
        "|---|---|" + "---|" * (len(LAYERS) + 3),
    ]
    means: list[list[float]] = []
    for name in dict.fromkeys(row["source"] for row in rows):
        of = [row for row in rows if row["source"] == name]
        truth = [bool(row["label"]) for row in of]
        said = [metrics.balanced_accuracy(truth, [says(r, layer) for r in of]) for layer in LAYERS]
        scores = ("coverage", "log_odds", "probability")
        said += [metrics.auc(truth, [row[key] for row in of]) for key in scores]
        values = [math.nan if value is None else value for value in said]
        means.append(values)
        lines.append(f"| {name} | {len(of)} | " + " | ".join(f"{v:.2f}" for v in values) + " |")
    mean = [sum(column) / len(column) for column in zip(*means, strict=True)]
    lines.append("| mean | | " + " | ".join(f"{v:.3f}" for v in mean) + " |")
    exact, witness = (statistics.median(row[n] for row in rows) for n in ("exact_s", "witness_s"))
    lines += [
        "",
        f"Median cost of a claim, texts read afresh: exact facts and coverage {exact * 1000:.0f} "
        f"ms, the model {witness:.1f} s.",
        "",
        *calibration(rows),
        "",
        "One fact altered, judged by the exact layer alone:",
        "",
        altered.table(list(altered.sentences(altered.SETS, 300, 7)), 7),
    ]
    return "\n".join(lines)


def calibration(rows: Sequence[Row]) -> list[str]:
    """Return how often claims of each band of probability are supported."""
    truth = [bool(row["label"]) for row in rows]
    said = [row["probability"] for row in rows]
    lines = ["| probability | claims | mean | supported |", "|---|---|---|---|"]
    lines += [
        f"| {b.low:.1f}–{b.high:.1f} | {b.count} | {b.said:.2f} | {b.true:.2f} |"
        for b in metrics.calibration(truth, said, bands=BINS)
    ]
    error = metrics.calibration_error(truth, said, bands=BINS)
    return [*lines, "", f"Expected calibration error, {BINS} bands: {error or 0:.3f}."]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    runs.command_line(
        __doc__,
        lambda options, settings: run(options.out, options.per_set, options.skip, settings),
        score,
        per_set=150,
        add=lambda parser: parser.add_argument("--skip", type=int, default=LOOKED_AT),
        unit="claims",
        arguments=arguments,
    )


if __name__ == "__main__":
    main()
