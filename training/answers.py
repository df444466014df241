"""Fit how "its passage holds the answer" and "it gives what is asked" make one probability.

    python -m training.answers FOLDER     with holds/ as filled by training.probes and gives.jsonl
                                          as filled by training.witness

Only near misses teach anything here: SQuAD 2 questions on one and the same passage, answerable or
not, with the sentence that holds the answer or the tempting wrong one. The probe's log-odds are
those of texts it was not fitted on.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from rag.prompt import GIVES
from training.command import fit_command
from training.probes import held_out, load
from training.witness import leans, pairs


def fit(folder: Path) -> str:
    """Return the weights, with what they let through."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    data = load(folder / "holds")
    chances = held_out("holds", data)[data.source == "squad2"]
    asked = itertools.islice(pairs("holds"), len(chances))
    holds = {
        (pair.group, pair.said): float(score) for pair, score in zip(asked, chances, strict=True)
    }
    bias, factor = GIVES
    rows: dict[tuple[int, str], tuple[float, float, bool]] = {}
    given = leans(folder / "gives.jsonl")
    for pair, row in zip(itertools.islice(pairs("gives"), len(given)), given, strict=True):
        key = (pair.group, pair.said)
        if key in holds and key not in rows:
            rows[key] = (holds[key], bias + factor * row["lean"], pair.right)
    table = np.array([row[:2] for row in rows.values()])
    right = np.array([row[2] for row in rows.values()])
    model = LogisticRegression(C=1e3, class_weight="balanced").fit(table, right)
    score = model.decision_function(table)
    weights = ", ".join(f"{w:.2f}" for w in (*model.intercept_, *model.coef_[0]))
    auc = [roc_auc_score(right, values) for values in (*table.T, score)]
    lines = [
        f"{len(right)} questions; intercept, holds, gives: {weights}",
        f"AUC: holds {auc[0]:.3f}, gives {auc[1]:.3f}, together {auc[2]:.3f}",
        "",
        "| from log-odds | answerable kept | near misses kept |",
        "|---|---|---|",
    ]
    for least in (-0.5, 0.0, 0.1, 0.5, 1.0):
        kept = score >= least
        lines.append(f"| {least} | {kept[right].mean():.2f} | {kept[~right].mean():.2f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    fit_command(__doc__, fit, arguments)


if __name__ == "__main__":
    main()
