"""Fit how the judgements of a sentence make one probability that it answers.

    python -m training.answers FOLDER     with holds/ and meets/ as filled by training.probes and
                                          training.replies, and gives.jsonl by training.witness

Of a document's own sentence it is known that its passage holds the answer and that it gives what is
asked; there only near misses teach anything: SQuAD 2 questions on one and the same passage,
answerable or not, with the sentence that holds the answer or the tempting wrong one. Of what the
model wrote it is known whether it meets the question; there its own drafts teach, and replies
made wrong count less. The probes' log-odds are those of texts they were not fitted on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.prompt import GIVES
from training.command import fit_command
from training.probes import FOLDS, blocks, held_out, load
from training.witness import FOUND, Pair, leans, pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How much a reply that was made wrong counts, beside one that the model wrote.
MADE = 0.15


def fit(folder: Path) -> str:
    """Return both sets of weights, with what they let through."""
    return "\n\n".join([of_sentences(folder), of_drafts(folder)])


def of_drafts(folder: Path) -> str:
    """Return the weights for what the model wrote, and how well they and their parts separate."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    data = load(folder / "holds")
    chances = held_out("holds", data)
    holds = {
        (pair.text, pair.said): float(score)
        for pair, score in zip(_asked(data.source), chances, strict=True)
    }
    rows = [
        (holds[key], float(score), row["right"], row["kind"], row["source"], key[0])
        for row, score in zip(
            blocks(folder / "meets")[1], held_out("meets", load(folder / "meets")), strict=True
        )
        if (key := (row["text"], row["question"])) in holds
    ]
    table = np.clip(np.array([row[:2] for row in rows]), -4, 4)
    right, kind, source = (np.array([row[place] for row in rows]) for place in (2, 3, 4))
    weight = np.where(kind == "draft", 1.0, MADE)
    score = np.zeros(len(rows))
    for fitted, left in GroupKFold(FOLDS).split(table, right, [row[5] for row in rows]):
        model = LogisticRegression(C=1.0).fit(table[fitted], right[fitted], weight[fitted])
        score[left] = model.decision_function(table[left])
    model = LogisticRegression(C=1.0).fit(table, right, weight)
    weights = ", ".join(f"{w:.2f}" for w in (*model.intercept_, *model.coef_[0]))
    lines = [
        f"{len(rows)} replies; intercept, holds, meets: {weights}",
        "",
        "| right drafts against | of them | AUC: holds | meets | together |",
        "|---|---|---|---|---|",
    ]
    invented = source == "invented"
    for name, part in (("public", ~invented), ("invented", invented)):
        drafted = part & (kind == "draft") & right
        for made in ("draft", "swap", "beside", "near"):
            of = drafted | (part & (kind == made) & ~right)
            if of.sum() == drafted.sum():
                continue
            auc = [roc_auc_score(right[of], values[of]) for values in (*table.T, score)]
            count = of.sum() - drafted.sum()
            lines.append(
                f"| {name}, {made} | {count} | " + " | ".join(f"{a:.3f}" for a in auc) + " |"
            )
    lines += [
        "",
        "| from log-odds | public: right drafts kept | wrong ones | invented: right | wrong |",
        "|---|---|---|---|---|",
    ]
    for least in (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5):
        cells = [
            f"{(score >= least)[(kind == 'draft') & part & (right == good)].mean():.2f}"
            for part in (~invented, invented)
            for good in (True, False)
        ]
        lines.append(f"| {least} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _asked(sources: NDArray[Any]) -> Iterator[Pair]:
    """Yield the pairs of "holds" in the order in which their blocks are loaded, by name."""
    for kind, names in (("found", FOUND), ("holds", ("squad2",)), ("invented", ("invented",))):
        count = sum(int((sources == name).sum()) for name in names)
        yield from itertools.islice(pairs(kind), count)


def of_sentences(folder: Path) -> str:
    """Return the weights for a document's own sentence, with what they let through."""
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
