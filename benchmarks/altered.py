"""Alter one fact of a sentence and see whether the exact layer of the proof tells.

    python -m benchmarks.altered [--sets NAME …] [--count 400]

Sentences are drawn from the documents of shared sets. Each is held, as it stands and with one
number, date, name or negation altered, against its own paragraph. The first must be supported and
the second not. No model is asked: what is measured here is what no model can overrule.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence

from benchmarks import sets
from benchmarks.runs import share
from rag.drafting import COVERED
from rag.evaluate.altering import names_of, ways
from rag.passages import split_sentences
from rag.prove import Claim, CoverageChecker, Rarity
from rag.testing import make_hit
from rag.types import Verdict

SETS = ("nq_open_oracle", "clapnq_dev", "dragonball_en_finance")


def sentences(names: Sequence[str], count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield sentences with the paragraphs they stand in."""
    rng = random.Random(seed)
    for name in names:
        texts = [row["text"] for row in sets.rows(sets.DATA / name / "corpus.jsonl.gz")]
        rng.shuffle(texts)
        for text in texts[:count]:
            paragraph = text[:1500]
            whole = [s.text for s in split_sentences(paragraph) if 6 <= len(s.text.split()) <= 45]
            if whole:
                yield rng.choice(whole), paragraph


def table(pairs: Sequence[tuple[str, str]], seed: int) -> str:
    """Return the table as Markdown."""
    rng = random.Random(seed)
    checker = CoverageChecker(Rarity([paragraph for _, paragraph in pairs]), threshold=COVERED)
    alter = ways(names_of([text for text, _ in pairs]), rng)
    lines = [
        "| altered | true sentences supported | altered ones refused | balanced accuracy |",
        "|---|---|---|---|",
    ]
    for kind, change in alter.items():
        kept = told = total = 0
        for number, (text, paragraph) in enumerate(pairs):
            changed = change(text)
            if changed is None or changed == text or changed in paragraph:
                continue
            hits = (make_hit(paragraph, source=f"{number}.txt", title=""),)
            total += 1
            kept += checker.judge(Claim(text, "", hits)).verdict is Verdict.SUPPORTED
            found = checker.judge(Claim(changed, "", hits))
            told += found.verdict is not Verdict.SUPPORTED and not found.open
        balanced = (kept + told) / (2 * total) if total else 0.0
        lines.append(f"| {kind} | {share(kept, total)} | {share(told, total)} | {balanced:.3f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    print(table(list(sentences(options.sets, options.count, options.seed)), options.seed))


if __name__ == "__main__":
    main()
