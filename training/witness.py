"""Fit the probes that read the model's judgement off its last hidden state.

    python -m training.witness collect holds|found|states|gives --out FOLDER [--most N]
    python -m training.witness fit FOLDER           cross-validated table, writes rag/weights/

Each question is put to the model just as the package puts it, and its state and its own log-odds
of "yes" are kept. Collecting goes on where it was interrupted. The pairs come from
`shared/data/claims/train` (permissive or share-alike terms only):

holds   does a passage answer a question: SQuAD 2 passages, a near miss for every other question
found   the same, of the first three passages retrieved for questions of the shared question sets
        that are set apart for fitting; fitted together with "holds"
states  does a text state everything in a claim: fact checking, dialogue, summaries and their edits
gives   does a sentence give what is asked: the sentence with the answer against others of its
        passage, and the sentence with the tempting wrong answer of an unanswerable question

A probe is a logistic regression on the standardised state, strongly regularised, folded over groups
of pairs that share a text; its output is calibrated by a second logistic regression on held-out
scores together with the model's own log-odds.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import sets
from rag import probes
from rag import prompt as prompts
from rag.assistant import load_llm
from rag.config import DEFAULT_MODEL, Settings
from rag.embedder import Embedder, load_embedder
from rag.index import Index, build
from rag.llm import LlamaModel
from rag.passages import heading, split_sentences
from rag.prompt import Prompt
from rag.retrieve import retrieve
from rag.types import Hit

CLAIMS = sets.DATA.parent / "claims"
SEED = 0
LONGEST = 170  # words of a text; longer ones cost more than they teach
QUESTIONS_A_TEXT = 6
# Pairs of each source for one round; rounds are repeated until there are enough.
KINDS = ("holds", "found", "states", "gives")
FOUND = ("nq_open_oracle", "clapnq_dev")
FOUND_QUESTIONS = 60
SOURCES = {
    "fever_symmetric": 2,
    "fool_me_twice": 4,
    "scifact_rte": 3,
    "begin_wow": 3,
    "summedits_samsum": 1,
    "summedits_scitldr": 1,
    "summedits_sales_email": 1,
    "summedits_ectsum": 1,
    "factcheckgpt_stance": 3,
    "fever_rte_dev": 2,
    "nli_mnli": 2,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt with its right reply; pairs of one group share a text.

    Attributes:
        text: what is asked about.
        said: the question or claim.
    """

    prompt: Prompt
    right: bool
    group: int
    source: str
    text: str
    said: str


def pairs(kind: str, work: Path = Path(".cache/benchmarks")) -> Iterator[Pair]:
    """Yield the pairs of one kind in a fixed order, mixed so that any beginning is a fair share.

    Args:
        kind: one of `KINDS`.
        work: where the indexes of the question sets are, for "found".
    """
    if kind == "found":
        return _found(work)
    return {"holds": _holds, "states": _states, "gives": _gives}[kind]()


def _found(work: Path) -> Iterator[Pair]:
    for group, name, row, hit in found_hits(work, load_embedder(Settings().embedder)):
        prompt = prompts.holds_answer(row["question"], hit, heading(hit.document))
        right = answers_question(row, hit.passage.text)
        yield Pair(prompt, right, group, name, hit.passage.text, row["question"])


def found_hits(work: Path, embedder: Embedder) -> Iterator[tuple[int, str, Mapping[str, Any], Hit]]:
    """Yield group, set, question and each of its first passages, for the questions set apart."""
    indexes = {}
    for name in FOUND:
        folder = work / name / "index"
        build([sets.write_documents(name, work)], folder, embedder)
        indexes[name] = Index.open(folder, embedder.checksum)
    drawn = [sets.sample(name, FOUND_QUESTIONS, seed=SEED, fitting=True) for name in FOUND]
    for group, turn in enumerate(zip(*drawn, strict=True)):
        for name, row in zip(FOUND, turn, strict=True):
            hits = retrieve(
                row["question"], indexes[name], embedder, passages=3, budget_tokens=10_000
            )
            for hit in hits:
                yield group, name, row, hit


def answers_question(row: Mapping[str, Any], text: str) -> bool:
    """Tell whether a text holds a short answer or a gold sentence of an answerable question."""
    if not row["answerable"]:
        return False
    if row["gold_sentences"]:
        return any(_in(gold, text) for gold in row["gold_sentences"])
    return any(_in(answer, text) for answer in row["answers"])


def is_part_of_answer(row: Mapping[str, Any], sentence: str) -> bool:
    """Tell whether a sentence answers: as `answers_question`, or as part of a gold sentence."""
    if row["answerable"] and any(_in(sentence, gold) for gold in row["gold_sentences"]):
        return True
    return answers_question(row, sentence)


def squad_texts() -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the SQuAD 2 texts with their questions, in the order they are taken."""
    by_text: dict[str, list[dict[str, Any]]] = {}
    for row in sets.rows(CLAIMS / "train.jsonl.gz"):
        if row["src"] == "squad2_qa":
            by_text.setdefault(row["doc"], []).append(row)
    keys = sorted(by_text)
    random.Random(SEED).shuffle(keys)
    return [(key, by_text[key]) for key in keys if len(key.split()) < LONGEST]


def _question(row: Mapping[str, Any]) -> tuple[str, str]:
    question, _, answer = row["claim"].partition(" Answer: ")
    return question.removeprefix("Question: ").strip(), answer.strip()


def _holds() -> Iterator[Pair]:
    for group, (text, rows) in enumerate(squad_texts()):
        for row in rows[:QUESTIONS_A_TEXT]:
            question = _question(row)[0]
            prompt = prompts.with_text(text, prompts.holds_asking(question), "holds")
            yield Pair(prompt, bool(row["label"]), group, "squad2", text, question)


def _gives() -> Iterator[Pair]:
    rng = random.Random(SEED)
    for group, (text, rows) in enumerate(squad_texts()):
        sentences = [s.text for s in split_sentences(text)]
        for row in rows[:QUESTIONS_A_TEXT]:
            question, answer = _question(row)
            having = [s for s in sentences if _in(answer, s)]
            others = [s for s in sentences if not _in(answer, s)]
            if having:
                prompt = prompts.gives_answer(question, having[0])
                yield Pair(prompt, bool(row["label"]), group, "squad2", having[0], question)
            if row["label"] and others:
                other = rng.choice(others)
                prompt = prompts.gives_answer(question, other)
                yield Pair(prompt, False, group, "squad2", other, question)


def _in(answer: str, sentence: str) -> bool:
    return _plain(answer) in _plain(sentence)


def _plain(text: str) -> str:
    words = re.findall(r"[^\W_]+", text.lower())
    return f" {' '.join(words)} "


def _states() -> Iterator[Pair]:
    by_source: dict[str, list[dict[str, Any]]] = {name: [] for name in SOURCES}
    for row in sets.rows(CLAIMS / "train.jsonl.gz"):
        if row["src"] in by_source and len(row["doc"].split()) < LONGEST:
            by_source[row["src"]].append(row)
    groups: dict[str, int] = {}
    for name, rows in by_source.items():
        random.Random(f"{SEED}{name}").shuffle(rows)
        # The two labels in turn, so that neither leads.
        yes = iter([r for r in rows if r["label"]])
        no = iter([r for r in rows if not r["label"]])
        by_source[name] = [row for both in zip(yes, no, strict=False) for row in both]
    while any(by_source.values()):
        for name, count in SOURCES.items():
            for row in by_source[name][:count]:
                text, claim = row["doc"], row["claim"]
                prompt = prompts.with_text(text, prompts.states_asking(claim), "states")
                group = groups.setdefault(text, len(groups))
                yield Pair(prompt, bool(row["label"]), group, name, text, claim)
            del by_source[name][:count]


def collect(kind: str, folder: Path, most: int, llm: LlamaModel, work: Path) -> None:
    """Write states and leans of up to `most` pairs to FOLDER/KIND.npz, going on where it was."""
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}.npz"
    columns: dict[str, list[Any]] = {n: [] for n in ("state", "lean", "right", "group", "source")}
    if path.exists():
        with np.load(path, allow_pickle=False) as kept:
            columns = {name: list(kept[name]) for name in columns}

    def save() -> None:
        half = path.with_suffix(".part.npz")
        arrays: dict[str, Any] = {name: np.array(column) for name, column in columns.items()}
        np.savez(half, **arrays)
        half.replace(path)

    for number, pair in enumerate(pairs(kind, work)):
        if number < len(columns["right"]):
            continue
        if number >= most:
            break
        lean, state = llm.judge(pair.prompt)
        columns["state"].append(state.astype(np.float16))
        columns["lean"].append(lean)
        columns["right"].append(pair.right)
        columns["group"].append(pair.group)
        columns["source"].append(pair.source)
        if number % 50 == 49:
            save()
            print(kind, number + 1, flush=True)
    save()


def held_out_scores(path: Path, *, only: Path | None = None) -> tuple[Any, Any, Any]:
    """Return calibrated scores by a probe that has not seen a pair's text, leans and labels.

    Args:
        path: of one kind of pairs.
        only: the file of a second kind fitted with it, whose pairs alone are wanted.
    """
    import numpy as np

    fitted = _fit_one(path)
    count = 0
    if only is not None:
        with np.load(only, allow_pickle=False) as kept:
            count = len(kept["right"])
    return fitted.scores[-count:], fitted.lean[-count:], fitted.right[-count:]


@dataclass(frozen=True, slots=True)
class _Fitted:
    weights: Any
    bias: float
    own: float
    scores: Any
    lean: Any
    right: Any
    strength: float
    alone: Any


def _fit_one(path: Path) -> _Fitted:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    columns: dict[str, list[Any]] = {name: [] for name in ("state", "lean", "right", "group")}
    beside = path.with_name("found.npz")
    for number, file in enumerate([path, beside] if path.stem == "holds" else [path]):
        if file.exists():
            with np.load(file, allow_pickle=False) as kept:
                for name, column in columns.items():
                    column.append(kept[name] + (number * 100_000 if name == "group" else 0))
    states = np.concatenate(columns["state"]).astype(np.float32)
    lean, group = np.concatenate(columns["lean"]), np.concatenate(columns["group"])
    right = np.concatenate(columns["right"]).astype(int)
    folds = GroupKFold(5)
    best: tuple[float, float, Any] | None = None
    for strength in (1e-4, 3e-4, 1e-3, 3e-3):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=5000))
        score = cross_val_predict(
            model, states, right, groups=group, cv=folds, method="decision_function"
        )
        auc = roc_auc_score(right, score)
        if best is None or auc > best[0]:
            best = (auc, strength, score)
    assert best is not None
    _, strength, score = best
    both = np.column_stack([score, lean])
    second = LogisticRegression(C=1e6)
    scores = cross_val_predict(
        second, both, right, groups=group, cv=folds, method="decision_function"
    )
    second.fit(both, right)
    scale, own = map(float, second.coef_[0])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=5000))
    model.fit(states, right)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = scale * float(regression.intercept_[0] - weights @ scaler.mean_)
    return _Fitted(
        (scale * weights).astype(np.float32),
        bias + float(second.intercept_[0]),
        own,
        scores,
        lean,
        right,
        strength,
        score,
    )


def fit(folder: Path) -> str:
    """Fit every probe that has data, write the weights and return the table."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

    arrays: dict[str, Any] = {}
    lines = [
        "| question | pairs | AUC of its own lean | AUC of the probe | both | balanced accuracy "
        "| log loss |",
        "|---|---|---|---|---|---|---|",
    ]
    leans = {}
    for kind in probes.QUESTIONS:
        if not (folder / f"{kind}.npz").exists():
            continue
        found = _fit_one(folder / f"{kind}.npz")
        arrays[f"{kind}_weights"] = found.weights
        arrays[f"{kind}_bias"] = np.float64(found.bias)
        arrays[f"{kind}_lean"] = np.float64(found.own)
        right, lean = found.right, found.lean
        only = LogisticRegression(C=1e6).fit(lean.reshape(-1, 1), right)
        leans[kind] = (float(only.intercept_[0]), float(only.coef_[0][0]))
        chance = 1 / (1 + np.exp(-found.scores))
        lines.append(
            f"| {kind} | {len(right)} ({right.mean():.2f} yes) | {roc_auc_score(right, lean):.3f} "
            f"| {roc_auc_score(right, found.alone):.3f} (C {found.strength}) "
            f"| {roc_auc_score(right, found.scores):.3f} "
            f"| {balanced_accuracy_score(right, chance > 0.5):.3f} "
            f"| {log_loss(right, chance):.3f} |"
        )
    probes.FOLDER.mkdir(exist_ok=True)
    np.savez(probes.FOLDER / f"{DEFAULT_MODEL}.npz", **arrays)
    said = ", ".join(f"{k}: ({b:.2f}, {f:.2f})" for k, (b, f) in leans.items())
    return "\n".join([*lines, "", f"Without a probe (bias, factor): {said}"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("kind", choices=KINDS)
    collecting.add_argument("--out", type=Path, required=True)
    collecting.add_argument("--work", type=Path, default=Path(".cache/benchmarks"))
    collecting.add_argument("--most", type=int, default=1000)
    fitting = commands.add_parser("fit")
    fitting.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "collect":
        llm = load_llm(Settings())
        collect(options.kind, options.out, options.most, llm, options.work)
    else:
        print(fit(options.folder))


if __name__ == "__main__":
    main()
