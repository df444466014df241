"""Calibrate what the model answers to the yes-or-no questions it is asked.

    python -m training.witness collect KIND --out FOLDER [--most N]
    python -m training.witness fit FOLDER           prints bias and factor of each question

Each question is put to the model just as the package puts it, and its own log-odds of "yes" are
kept. Collecting goes on where it was interrupted. The pairs come from `shared/data/claims/train`
(permissive or share-alike terms only):

holds   does a passage answer a question: SQuAD 2 passages, a near miss for every other question
found   the same, of the first three passages retrieved for questions of the shared question sets
        that are set apart for fitting; fitted together with "holds"
invented  the same, of texts of our own making (`training.texts`)
states  does a text state everything in a claim: fact checking, dialogue, summaries and their edits
long    the same of texts so long that only the sentences that bear on the claim are shown
gives   does a sentence give what is asked: the sentence with the answer against others of its
        passage, and the sentence with the tempting wrong answer of an unanswerable question
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs, sets
from benchmarks.runs import contains
from rag import prompt as prompts
from rag.assistant import load_llm
from rag.config import Settings
from rag.embedder import Embedder, load_embedder
from rag.index import Index
from rag.llm import LlamaModel
from rag.passages import heading, split_sentences
from rag.prompt import Prompt
from rag.prove import Rarity
from rag.prove.window import window
from rag.prove.witness import LONG_WORDS
from rag.retrieve import retrieve
from rag.testing import make_hit
from rag.types import Hit
from training.texts import asked_elsewhere, invented_texts

CLAIMS = sets.DATA.parent / "claims"
SEED = 0
LONGEST = 170  # words of a text; longer ones cost more than they teach
QUESTIONS_A_TEXT = 6
KINDS = ("holds", "found", "invented", "states", "long", "gives")
FOUND = ("nq_open_oracle", "clapnq_dev")
FOUND_QUESTIONS = 60
# Pairs of each source for one round; rounds are repeated until there are enough.
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
LONG_SOURCES = {
    "begin_topicalchat": 2,
    "begin_cmu-dog": 2,
    "fever_rte_dev": 2,
    "summedits_podcast": 2,
    "summedits_qmsumm": 2,
    "summedits_sales_call": 2,
    "summedits_sales_email": 2,
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


def pairs(kind: str, work: Path = runs.WORK) -> Iterator[Pair]:
    """Yield the pairs of one kind in a fixed order, mixed so that any beginning is a fair share.

    Args:
        kind: one of `KINDS`.
        work: where the indexes of the question sets are, for "found".
    """
    if kind == "found":
        return _found(work)
    return {
        "holds": _holds,
        "invented": _invented,
        "states": _states,
        "long": _long,
        "gives": _gives,
    }[kind]()


def _found(work: Path) -> Iterator[Pair]:
    for group, name, row, hit in found_hits(work, load_embedder(Settings().embedder)):
        prompt = prompts.holds_answer(row["question"], hit, heading(hit.document))
        right = answers_question(row, hit.passage.text)
        yield Pair(prompt, right, group, name, hit.passage.text, row["question"])


def found_hits(work: Path, embedder: Embedder) -> Iterator[tuple[int, str, Mapping[str, Any], Hit]]:
    """Yield group, set, question and each of its first passages, for the questions set apart."""
    indexes = {}
    for name in FOUND:
        folder = runs.index_folder(name, work, embedder)
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
        return any(contains(text, gold) for gold in row["gold_sentences"])
    return any(contains(text, answer) for answer in row["answers"])


def is_part_of_answer(row: Mapping[str, Any], sentence: str) -> bool:
    """Tell whether a sentence answers: as `answers_question`, or as part of a gold sentence."""
    if row["answerable"] and any(contains(gold, sentence) for gold in row["gold_sentences"]):
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


def question_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return question and short answer of a SQuAD 2 row."""
    question, _, answer = row["claim"].partition(" Answer: ")
    return question.removeprefix("Question: ").strip(), answer.strip()


def _holds() -> Iterator[Pair]:
    for group, (text, rows) in enumerate(squad_texts()):
        for row in rows[:QUESTIONS_A_TEXT]:
            question = question_of(row)[0]
            prompt = prompts.holds_in(text, question)
            yield Pair(prompt, bool(row["label"]), group, "squad2", text, question)


def _invented() -> Iterator[Pair]:
    for group, hit, questions in invented_texts():
        text = prompts.passage_text(hit, heading(hit.document))
        for one in questions:
            prompt = prompts.holds_in(text, one.text)
            yield Pair(prompt, one.answerable, group, "invented", hit.passage.text, one.text)
    for group, hit, one in asked_elsewhere():
        prompt = prompts.holds_in(prompts.passage_text(hit, heading(hit.document)), one.text)
        yield Pair(prompt, False, group, "invented", hit.passage.text, one.text)


def _gives() -> Iterator[Pair]:
    rng = random.Random(SEED)
    for group, (text, rows) in enumerate(squad_texts()):
        sentences = [s.text for s in split_sentences(text)]
        for row in rows[:QUESTIONS_A_TEXT]:
            question, answer = question_of(row)
            having = [s for s in sentences if contains(s, answer)]
            others = [s for s in sentences if not contains(s, answer)]
            if having:
                prompt = prompts.gives_answer(question, having[0])
                yield Pair(prompt, bool(row["label"]), group, "squad2", having[0], question)
            if row["label"] and others:
                other = rng.choice(others)
                prompt = prompts.gives_answer(question, other)
                yield Pair(prompt, False, group, "squad2", other, question)


def _states() -> Iterator[Pair]:
    for group, row in _claims(SOURCES, lambda words: words < LONGEST):
        prompt = prompts.states_in(row["doc"], row["claim"])
        yield Pair(prompt, bool(row["label"]), group, row["src"], row["doc"], row["claim"])


def _long() -> Iterator[Pair]:
    chosen = list(_claims(LONG_SOURCES, lambda words: words > LONG_WORDS))
    rarity = Rarity([row["doc"] for _, row in chosen])
    for group, row in chosen:
        hit = make_hit(row["doc"], source=f"{group}.txt", title="")
        prompt = prompts.states_in_part(window(row["claim"], (hit,), rarity), row["claim"])
        yield Pair(prompt, bool(row["label"]), group, row["src"], row["doc"], row["claim"])


def _claims(
    sources: Mapping[str, int], fits: Callable[[int], bool]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number of the text, and claim, sources and labels in turn.

    Args:
        sources: claims of each for one round.
        fits: whether a text of so many words is taken.
    """
    by_source: dict[str, list[dict[str, Any]]] = {name: [] for name in sources}
    for row in sets.rows(CLAIMS / "train.jsonl.gz"):
        if row["src"] in by_source and fits(len(row["doc"].split())):
            by_source[row["src"]].append(row)
    groups: dict[str, int] = {}
    for name, rows in by_source.items():
        random.Random(f"{SEED}{name}").shuffle(rows)
        # The two labels in turn, so that neither leads.
        yes = iter([r for r in rows if r["label"]])
        no = iter([r for r in rows if not r["label"]])
        by_source[name] = [row for both in zip(yes, no, strict=False) for row in both]
    while any(by_source.values()):
        for name, count in sources.items():
            for row in by_source[name][:count]:
                yield groups.setdefault(row["doc"], len(groups)), row
            del by_source[name][:count]


def in_words(llm: LlamaModel, prompt: Prompt) -> float:
    """Return the model's own log-odds of "yes" to a prompt, no probe asked and not calibrated."""
    return llm.log_odds(replace(prompt, leans=(0.0, 1.0), judges=""))


def collect(kind: str, folder: Path, most: int, llm: LlamaModel, work: Path) -> None:
    """Write the leans of up to `most` pairs to FOLDER/KIND.jsonl, going on where it was."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}.jsonl"
    done = len(runs.read_lines(path))
    for pair in itertools.islice(pairs(kind, work), done, most):
        lean = in_words(llm, pair.prompt)
        row = {"lean": lean, "right": pair.right, "group": pair.group, "source": pair.source}
        runs.add_line(path, row)


def leans(path: Path) -> list[dict[str, Any]]:
    """Return what was collected of one kind; "found" is fitted together with "holds"."""
    files = [path, path.with_name("found.jsonl")] if path.stem == "holds" else [path]
    return [row for file in files for row in runs.read_lines(file)]


def fit(folder: Path) -> str:
    """Return bias and factor for each question, with how well its lean separates."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

    lines = [
        "| question | pairs | bias, factor | AUC | balanced accuracy | log loss | AUC by source |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in ("holds", "states", "long", "gives"):
        rows = leans(folder / f"{kind}.jsonl")
        lean = np.array([row["lean"] for row in rows])
        right = np.array([row["right"] for row in rows]).astype(int)
        model = LogisticRegression(C=1e6).fit(lean.reshape(-1, 1), right)
        chance = model.predict_proba(lean.reshape(-1, 1))[:, 1]
        sources = np.array([row["source"] for row in rows])
        by_source = ", ".join(
            f"{name} {roc_auc_score(right[sources == name], lean[sources == name]):.2f}"
            for name in dict.fromkeys(sources)
        )
        lines.append(
            f"| {kind} | {len(right)} ({right.mean():.2f} yes) "
            f"| {float(model.intercept_[0]):.2f}, {float(model.coef_[0][0]):.2f} "
            f"| {roc_auc_score(right, lean):.3f} "
            f"| {balanced_accuracy_score(right, chance > 0.5):.3f} "
            f"| {log_loss(right, chance):.3f} | {by_source} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("kind", choices=KINDS)
    collecting.add_argument("--out", type=Path, required=True)
    collecting.add_argument("--work", type=Path, default=runs.WORK)
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
