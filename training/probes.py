"""Fit the probes: judgements read off a layer of the answering model.

    python -m training.probes collect holds|found|invented|states --out FOLDER [--most N]   resumes
    python -m training.probes fit FOLDER [--model NAME] [--save]

Collecting asks the pairs of `training.witness` as the package would and keeps the state of one
layer at the last token of what is judged, before it is said in words what is wanted. Fitting prints
how well each separates what it was not fitted on, texts (for claims: sources) held out in turn, and
with `--save` writes the probes into `rag/probes`. "found" and "invented" are fitted together with
"holds"; the replies for "meets" are collected by `training.replies` (`make probes`). On two cores a
pair takes a quarter of a second to two seconds; with the states at hand fitting takes seconds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from rag import prompt as prompts
from rag.catalogue import model_path
from rag.config import Settings
from rag.llm import LlamaModel
from rag.probes import Probe, Probes, save_probes
from training.witness import in_words, pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of the layers 10, 14, 17, 20, 23, 25 and the last of the 28 of Qwen2.5-Coder-1.5B, the one whose
# state separates best.
LAYER = 17
SIZE = 1536
# Inverse strength of the ridge, chosen by the same held-out texts.
STRENGTH = {"holds": 1e-2, "states": 1e-3, "meets": 1e-2}
BLOCK = 50
FOUND_GROUPS = 100_000
WEIGHT_BOUNDS = (0.2, 4.0)
FOLDS = 8


@dataclass(frozen=True, slots=True)
class Collected:
    """States with what is known of their pairs.

    Attributes:
        states: (pairs, dimensions).
        lean: (pairs,) log-odds of the reply in words, NaN where it was not asked for.
        right: (pairs,) 0 or 1.
        group: (pairs,) number of the text.
        source: (pairs,) name of the source.
        weight: (pairs,) how much each counts in fitting, see `style_weights`.
    """

    states: NDArray[Any]
    lean: NDArray[Any]
    right: NDArray[Any]
    group: NDArray[Any]
    source: NDArray[Any]
    weight: NDArray[Any]


def collect(kind: str, folder: Path, most: int, model: str) -> None:
    """Write states of up to `most` pairs to FOLDER/KIND, in blocks, going on where it was.

    "found" and "invented" go to the folder of "holds", their texts numbered apart.
    """
    import numpy as np

    apart = FOUND_GROUPS if kind == "found" else 0
    folder = folder / ("holds" if kind in ("found", "invented") else kind)
    folder.mkdir(parents=True, exist_ok=True)
    llm = LlamaModel(model_path(model), name=model, probes=Probes(LAYER, SIZE, prompts.VERSION, {}))
    done = len(list(folder.glob(f"{kind}-*.npz"))) * BLOCK
    chosen = itertools.islice(pairs(kind), done, most)
    while block := list(itertools.islice(chosen, BLOCK)):
        rows = []
        states = []
        for pair in block:
            states.append(llm.state(pair.prompt).astype(np.float16))
            # Claims are also judged in words; questions no longer are.
            lean = in_words(llm, pair.prompt) if kind == "states" else math.nan
            known = {"right": pair.right, "group": pair.group + apart, "source": pair.source}
            rows.append({"lean": lean, "question": pair.said, **known})
        np.savez(folder / f"{kind}-{done:06d}.npz", states=np.stack(states), rows=json.dumps(rows))
        done += len(block)


def blocks(folder: Path) -> tuple[NDArray[Any], list[dict[str, Any]]]:
    """Return the states of one kind, (pairs, dimensions), and what is kept of each pair."""
    import numpy as np

    states, rows = [], list[dict[str, Any]]()
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as block:
            states.append(block["states"].astype(np.float32))
            rows += json.loads(str(block["rows"]))
    return np.concatenate(states), rows


def load(folder: Path) -> Collected:
    """Return what was collected of one kind."""
    import numpy as np

    states, rows = blocks(folder)
    keys = "lean", "right", "group", "source"
    of = {key: np.array([row[key] for row in rows]) for key in keys}
    right = of["right"].astype(int)
    weight = np.ones(len(right))
    made = np.flatnonzero(of["source"] == "invented")
    if len(made):
        asked = [rows[i]["question"] for i in made]
        weight[made] = style_weights(asked, right[made], of["group"][made] // 100)
    return Collected(states, of["lean"], right, of["group"], of["source"], weight)


def style_weights(asked: Sequence[str], right: NDArray[Any], file: NDArray[Any]) -> NDArray[Any]:
    """Return weights under which the words of a question tell nothing of whether it is answered.

    Who invents questions without an answer words them in a way of his own ("How many … before
    2010"), and a probe would learn that. So each pair counts the inverse of how likely its label is
    by the words of its question, as other files of texts have them (inverse propensity; Rosenbaum
    and Rubin, 1983), within bounds.

    Args:
        asked: questions.
        right: (questions,) 0 or 1.
        file: (questions,) which file of texts each is from.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, lowercase=False).fit_transform(asked)
    share = right.mean()
    chance = np.full(len(right), share)
    for name in set(file.tolist()):
        left = file == name
        if len(set(right[~left].tolist())) < 2:
            continue  # too little was collected to tell
        model = LogisticRegression(C=3.0).fit(words[~left], right[~left])
        chance[left] = model.predict_proba(words[left])[:, 1]
    odds = np.where(right == 1, share, 1 - share) / np.where(right == 1, chance, 1 - chance)
    bounded: NDArray[Any] = np.clip(odds, *WEIGHT_BOUNDS)
    return bounded


def held_out(kind: str, data: Collected) -> NDArray[Any]:
    """Return calibrated log-odds of every pair, (pairs,), by weights not fitted on its text.

    Claims differ in kind from source to source, so there whole sources are left out in turn.
    """
    return _held_out(kind, data)[0]


def _held_out(kind: str, data: Collected) -> tuple[NDArray[Any], float, float]:
    """Return what `held_out` does, with the zero and the slope that calibrate it."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

    by_source = kind == "states"
    split: Any = LeaveOneGroupOut() if by_source else GroupKFold(FOLDS)
    groups = data.source if by_source else data.group
    held = np.zeros(len(data.right))
    for fitted, left in split.split(data.states, data.right, groups):
        weights, bias = _ridge(data, fitted, STRENGTH[kind])
        held[left] = data.states[left] @ weights + bias
    # Even odds of both labels.
    level = LogisticRegression(C=1e6, class_weight="balanced").fit(held[:, None], data.right)
    slope, zero = float(level.coef_[0][0]), float(level.intercept_[0])
    return zero + slope * held, zero, slope


def separate(kind: str, data: Collected) -> tuple[Probe, str]:
    """Return a calibrated probe of one kind, and a row of the table."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

    score, zero, slope = _held_out(kind, data)
    chance = 1 / (1 + np.exp(-score))
    asked = ~np.isnan(data.lean)
    spoken = chance
    if asked.any():
        words = LogisticRegression(C=1e6, class_weight="balanced")
        words.fit(data.lean[asked, None], data.right[asked])
        spoken = words.predict_proba(np.nan_to_num(data.lean)[:, None])[:, 1]

    def figures(score: NDArray[Any], known: NDArray[Any]) -> str:
        if not known.any():
            return "– | – | –"
        named = [known & (data.source == name) for name in dict.fromkeys(data.source)]
        parts = [part for part in named if len(set(data.right[part])) > 1]
        auc = np.mean([roc_auc_score(data.right[p], score[p]) for p in parts])
        exact = np.mean([balanced_accuracy_score(data.right[p], score[p] > 0.5) for p in parts])
        return f"{auc:.3f} | {exact:.3f} | {log_loss(data.right[known], score[known]):.3f}"

    weights, bias = _ridge(data, np.arange(len(data.right)), STRENGTH[kind])
    every = np.ones_like(asked)
    cells = figures(spoken, asked), figures(chance, asked), figures(chance, every)
    row = f"| {kind} | {asked.sum()} of {len(asked)} | {' | '.join(cells)} |"
    return Probe(zero + slope * bias, (slope * weights).astype(np.float32)), row


def _ridge(data: Collected, chosen: NDArray[Any], strength: float) -> tuple[NDArray[Any], float]:
    """Fit on standardised states of the chosen pairs; return weights and bias for plain ones."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    states = data.states[chosen]
    scaler = StandardScaler().fit(states)
    model = LogisticRegression(C=strength, max_iter=2000)
    model.fit(scaler.transform(states), data.right[chosen], data.weight[chosen])
    weights = model.coef_[0] / scaler.scale_
    return weights, float(model.intercept_[0] - weights @ scaler.mean_)


def fit(folder: Path, model: str, *, save: bool) -> str:
    """Return the table; write the probes where told."""
    lines = [
        "| judgement | pairs asked in words | in words: AUC | balanced accuracy | log loss "
        "| probe: AUC | balanced accuracy | log loss | probe, all pairs: AUC | balanced accuracy "
        "| log loss |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    probes = {}
    for kind in STRENGTH:
        if (folder / kind).is_dir():
            probes[kind], row = separate(kind, load(folder / kind))
            lines.append(row)
    if save:
        saved = save_probes(model, Probes(LAYER, SIZE, prompts.VERSION, probes))
        lines += ["", f"Saved {saved.name}."]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("kind", choices=("holds", "found", "invented", "states"))
    collecting.add_argument("--out", type=Path, required=True)
    collecting.add_argument("--most", type=int, default=1300)
    collecting.add_argument("--model", default=Settings().model)
    fitting = commands.add_parser("fit")
    fitting.add_argument("folder", type=Path)
    fitting.add_argument("--model", default=Settings().model)
    fitting.add_argument("--save", action="store_true")
    options = parser.parse_args(arguments)
    if options.command == "collect":
        collect(options.kind, options.out, options.most, options.model)
    else:
        print(fit(options.folder, options.model, save=options.save))


if __name__ == "__main__":
    main()
