"""Fit how likely a sentence of the documents answers a question by itself.

    python -m training.quotes collect FOLDER     after `training.witness` has filled it
    python -m training.quotes fit FOLDER         prints weights and how well they do

For the passages of "found" the sentences nearest to the question are put to the model. A sentence
is right if the question is answerable and one of its short answers stands in the sentence, or, for
long-form sets, if it is part of a gold sentence. The weights are a logistic regression; each set is
also predicted by weights fitted on the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs
from rag import quoting
from rag.assistant import load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.prompt import HOLDS
from rag.prove import Rarity
from training.witness import found_hits, is_part_of_answer, leans

NAMES = ("intercept", "gives", "holds", "cosine", "direct")
NEAREST = 2
Row = Mapping[str, Any]


def collect(folder: Path, work: Path) -> None:
    """Write features and label of the candidates of each passage of "found", one line each."""
    out = folder / "quotes.jsonl"
    done = len(runs.read_lines(out))
    bias, factor = HOLDS
    scores = [bias + factor * row["lean"] for row in leans(folder / "found.jsonl")]
    settings = Settings()
    embedder, llm = load_embedder(settings.embedder), load_llm(settings)
    hits = list(zip(scores, found_hits(work, embedder), strict=False))
    rarities = {
        name: Rarity([hit.passage.text for _, (_, of, _, hit) in hits if of == name])
        for name in {name for _, (_, name, _, _) in hits}
    }
    for score, (group, name, row, hit) in hits[done:]:
        judged = [
            quoting.judge(
                candidate,
                row["question"],
                holds=score,
                witness=llm,
                rarity=rarities[name],
            )
            for candidate in quoting.nearest(row["question"], hit, embedder, most=NEAREST)
        ]
        line = {
            "group": group,
            "set": name,
            "answerable": row["answerable"],
            "candidates": [
                {"features": c.features, "right": is_part_of_answer(row, c.text)} for c in judged
            ],
        }
        runs.add_line(out, line)


def fit(rows: Sequence[Row]) -> str:
    """Return the weights and, for each set predicted by the others, how well they do."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    def table(chosen: Sequence[Row]) -> tuple[Any, Any]:
        pairs = [(c["features"][1:], c["right"]) for r in chosen for c in r["candidates"]]
        return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])

    lines = ["| left out | AUC | threshold | answerable: right / wrong / none | not: answered |"]
    lines.append("|---|---|---|---|---|")
    for name in dict.fromkeys(row["set"] for row in rows):
        model = LogisticRegression(C=1.0).fit(*table([r for r in rows if r["set"] != name]))
        held = [r for r in rows if r["set"] == name]
        features, labels = table(held)
        auc = roc_auc_score(labels, model.predict_proba(features)[:, 1])
        lines += [
            f"| {name} | {auc:.2f} | {threshold} | {_outcomes(held, model, threshold)} |"
            for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
        ]
    features, labels = table(rows)
    model = LogisticRegression(C=1.0).fit(features, labels)
    alone = ", ".join(
        f"{name} {roc_auc_score(labels, features[:, place]):.2f}"
        for place, name in enumerate(NAMES[1:])
    )
    weights = [float(model.intercept_[0]), *map(float, model.coef_[0])]
    said = ", ".join(f"{n} {w:.2f}" for n, w in zip(NAMES, weights, strict=True))
    counted = f"{len(labels)} sentences, {labels.mean():.2f} right"
    return "\n".join([f"{counted}; weights: {said}; AUC alone: {alone}", "", *lines])


def _outcomes(rows: Sequence[Row], model: Any, threshold: float) -> str:
    by_question: dict[int, list[Row]] = {}
    for row in rows:
        by_question.setdefault(row["group"], []).append(row)
    right = wrong = none = invented = not_answerable = 0
    for passages in by_question.values():
        candidates = [c for row in passages for c in row["candidates"]]
        chances = (
            model.predict_proba([c["features"][1:] for c in candidates])[:, 1] if candidates else []
        )
        best = max(range(len(candidates)), key=lambda i: chances[i], default=None)
        shown = best is not None and chances[best] >= threshold
        if passages[0]["answerable"]:
            hit = best is not None and shown and candidates[best]["right"]
            right += hit
            wrong += shown and not hit
            none += not shown
        else:
            not_answerable += 1
            invented += shown
    return f"{right} / {wrong} / {none} | {invented} of {not_answerable}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("folder", type=Path)
    collecting.add_argument("--work", type=Path, default=runs.WORK)
    fitting = commands.add_parser("fit")
    fitting.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "collect":
        collect(options.folder, options.work)
    else:
        print(fit(runs.read_lines(options.folder / "quotes.jsonl")))


if __name__ == "__main__":
    main()
