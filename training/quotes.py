"""Fit how likely a sentence of the documents answers a question by itself.

    python -m training.quotes collect READINGS --out FILE     asks the model, one line a question
    python -m training.quotes fit FILE                        prints weights and how well they do

READINGS is what `python -m benchmarks.reading run` wrote: questions of public sets with the model's
lean, for each passage read, that it holds the answer. For each question the sentences nearest to it
in the three best passages are put to the model. A sentence is right if the question is answerable
and one of its short answers stands in the sentence, or, for long-form sets, a gold sentence does.
The weights are a logistic regression; each set is also predicted by weights fitted on the others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import reading
from rag import quoting
from rag.assistant import QUOTED_PASSAGES, load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.index import Index
from rag.prove import Rarity
from rag.types import Hit

NAMES = ("intercept", "gives", "holds", "cosine", "direct")
Row = Mapping[str, Any]


def collect(readings: Path, work: Path, out: Path) -> None:
    """Write the features and labels of the candidates of every question not yet there."""
    done = set()
    if out.exists():
        done = {json.loads(line)["qid"] for line in out.read_text("utf-8").splitlines()}
    settings = Settings()
    embedder, llm = load_embedder(settings.embedder), load_llm(settings)
    opened: dict[str, tuple[Index, Rarity, dict[str, int]]] = {}
    for line in readings.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["qid"] in done:
            continue
        if row["set"] not in opened:
            index = Index.open(work / row["set"] / "index", embedder.checksum)
            rarity = Rarity([passage.text for passage in index.passages])
            rows = {passage.id: number for number, passage in enumerate(index.passages)}
            opened[row["set"]] = (index, rarity, rows)
        index, rarity, rows = opened[row["set"]]
        holds = {
            draft["passages"][0]: draft["holds"]
            for draft in row["single"]["drafts"]
            if draft["holds"] is not None
        }
        found = []
        for passage_id in sorted(holds, key=lambda p: -holds[p])[:QUOTED_PASSAGES]:
            passage = index.passages[rows[passage_id]]
            hit = Hit(passage, index.documents[passage.document_id], 0.0)
            for candidate in quoting.nearest(row["question"], hit, embedder):
                judged = quoting.judge(
                    candidate, row["question"], holds=holds[passage_id], witness=llm, rarity=rarity
                )
                found.append({"features": judged.features, "right": is_right(row, judged.text)})
        with out.open("a", encoding="utf-8") as lines:
            kept = {key: row[key] for key in ("qid", "set", "answerable")}
            lines.write(json.dumps({**kept, "candidates": found}) + "\n")


def is_right(row: Row, text: str) -> bool:
    """Tell whether a sentence answers a question of a set."""
    if not row["answerable"]:
        return False
    answer = {
        "abstained": False,
        "text": text,
        "statements": [{"citations": [{"quote": text}]}],
    }
    return reading.is_right(row, answer)


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
        for threshold in (0.4, 0.5, 0.6, 0.7, 0.8):
            counts = _outcomes(held, model, threshold)
            lines.append(f"| {name} | {auc:.2f} | {threshold} | {counts} |")
    model = LogisticRegression(C=1.0).fit(*table(rows))
    weights = [float(model.intercept_[0]), *map(float, model.coef_[0])]
    said = ", ".join(f"{n} {w:.2f}" for n, w in zip(NAMES, weights, strict=True))
    return "\n".join([f"{len(rows)} questions; {said}", "", *lines])


def _outcomes(rows: Sequence[Row], model: Any, threshold: float) -> str:
    right = wrong = none = invented = not_answerable = 0
    for row in rows:
        if not row["candidates"]:
            none += row["answerable"]
            continue
        chances = model.predict_proba([c["features"][1:] for c in row["candidates"]])[:, 1]
        best = int(chances.argmax())
        shown = chances[best] >= threshold
        if row["answerable"]:
            hit = shown and row["candidates"][best]["right"]
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
    collecting.add_argument("readings", type=Path)
    collecting.add_argument("--work", type=Path, default=Path(".cache/benchmarks"))
    collecting.add_argument("--out", type=Path, required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "collect":
        collect(options.readings, options.work, options.out)
    else:
        rows = [json.loads(line) for line in options.file.read_text("utf-8").splitlines()]
        print(fit(rows))


if __name__ == "__main__":
    main()
