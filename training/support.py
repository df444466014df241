"""Fit how coverage and the model's witness make one probability that a statement is supported.

    python -m training.support FOLDER     FOLDER as filled by training.witness

Takes the pairs of the questions "states" and "long" with the witness's log-odds and with what the
exact facts and word coverage find in the same text. Prints the weights and a table by source, each
source predicted by weights fitted on the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.prompt import STATES, STATES_IN_PART
from rag.prove import Claim, CoverageChecker, Judgement, Rarity
from rag.prove.witness import features
from rag.testing import make_hit
from training.command import fit_command
from training.witness import Pair, leans, pairs

KINDS = ("states", "long")


def judgements(chosen: Sequence[Pair]) -> list[Judgement]:
    """Return what exact facts and coverage find for each pair."""
    checker = CoverageChecker(Rarity([pair.text for pair in chosen]))
    hits = [make_hit(p.text, source=f"{n}.txt", title="") for n, p in enumerate(chosen)]
    return [
        checker.judge(Claim(pair.said, "", (hit,))) for pair, hit in zip(chosen, hits, strict=True)
    ]


def fit(folder: Path) -> str:
    """Return weights and table."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    rows = [row for kind in KINDS for row in leans(folder / f"{kind}.jsonl")]
    lean = np.array([row["lean"] for row in rows])
    right = np.array([row["right"] for row in rows]).astype(int)
    levels = {"states": STATES, "long": STATES_IN_PART}
    counts = [len(leans(folder / f"{kind}.jsonl")) for kind in KINDS]
    bias, factor = np.repeat([levels[kind] for kind in KINDS], counts, axis=0).T
    scores = bias + factor * lean
    chosen = [
        pair
        for kind in KINDS
        for pair in itertools.islice(pairs(kind), len(leans(folder / f"{kind}.jsonl")))
    ]
    found = judgements(chosen)
    table = np.array([features(j, s) for j, s in zip(found, scores, strict=True)])
    coverage = np.array([j.support for j in found])
    sources = np.array([pair.source for pair in chosen])
    lines = [
        "| source | pairs | AUC: coverage | witness | together "
        "| balanced accuracy: coverage | witness | together |",
        "|---|---|---|---|---|---|---|---|",
    ]
    means: list[list[float]] = []
    for name in dict.fromkeys(sources):
        of = sources == name
        model = LogisticRegression(C=10).fit(table[~of], right[~of])
        cover_model = LogisticRegression(C=10).fit(coverage[~of].reshape(-1, 1), right[~of])
        together = model.predict_proba(table[of])[:, 1]
        row = [
            roc_auc_score(right[of], coverage[of]),
            roc_auc_score(right[of], lean[of]),
            roc_auc_score(right[of], together),
            balanced_accuracy_score(right[of], cover_model.predict(coverage[of].reshape(-1, 1))),
            balanced_accuracy_score(right[of], scores[of] > 0),
            balanced_accuracy_score(right[of], together > 0.5),
        ]
        means.append([float(value) for value in row])
        lines.append(f"| {name} | {of.sum()} | " + " | ".join(f"{v:.2f}" for v in row) + " |")
    mean: Any = np.mean(means, axis=0)
    lines.append("| mean | | " + " | ".join(f"{v:.3f}" for v in mean) + " |")
    model = LogisticRegression(C=10).fit(table, right)
    weights = ", ".join(f"{w:.3f}" for w in (*model.intercept_, *model.coef_[0]))
    return "\n".join([f"{len(right)} pairs; intercept and weights: {weights}", "", *lines])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    fit_command(__doc__, fit, arguments)


if __name__ == "__main__":
    main()
