"""Alter one fact of a sentence and see whether the exact layer of the proof tells.

    python -m benchmarks.altered [--sets NAME …] [--count 400]

Sentences are drawn from the documents of shared sets. Each is held, as it stands and with one
number, date, name or negation altered, against its own paragraph. The first must be supported and
the second not. No model is asked: what is measured here is what no model can overrule.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator, Sequence

from benchmarks import sets
from benchmarks.runs import share
from rag.drafting import COVERED
from rag.passages import split_sentences
from rag.prove import Claim, CoverageChecker, Rarity
from rag.testing import make_hit
from rag.types import Verdict

SETS = ("nq_open_oracle", "clapnq_dev", "dragonball_en_finance")
_NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})*(?:\.\d+)?(?![\w.,-]*\d)(?![\w-])")
_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_DATE = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b(?=\s+\d)|\b(?:1[6-9]|20)\d\d\b")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
_NOT = re.compile(r"\b(is|are|was|were|has|have|had|will|would|can|could|did|does|do) not\b")
_CAN = re.compile(r"\b(is|are|was|were|has|have|had|will|would|can|could)\b(?! not)")


def altered_number(text: str, rng: random.Random) -> str | None:
    """Return the text with one number changed, None where it has none."""
    found = [m for m in _NUMBER.finditer(text) if not _DATE.search(m[0])]
    if not found:
        return None
    match = rng.choice(found)
    value = float(match[0].replace(",", ""))
    changed = value + rng.choice([1, 2, 3, 7])
    shown = f"{changed:,.0f}" if "," in match[0] else f"{changed:g}"
    return text[: match.start()] + shown + text[match.end() :]


def altered_date(text: str, rng: random.Random) -> str | None:
    """Return the text with one month or year changed, None where it has none."""
    found = list(_DATE.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    if match[0] in _MONTHS:
        other = _MONTHS[(_MONTHS.index(match[0]) + rng.randint(1, 11)) % 12]
    else:
        other = str(int(match[0]) + rng.choice([-9, -2, -1, 1, 2, 9]))
    return text[: match.start()] + other + text[match.end() :]


def altered_name(text: str, rng: random.Random, names: Sequence[str]) -> str | None:
    """Return the text with one name changed for another, None where it has none."""
    found = [m for m in _NAME.finditer(text) if m[0] not in _MONTHS]
    if not found:
        return None
    match = rng.choice(found)
    other = rng.choice([name for name in names if name[:4] != match[0][:4]])
    return text[: match.start()] + other + text[match.end() :]


def altered_negation(text: str, _: random.Random) -> str | None:
    """Return the text with a negation taken out or put in, None where neither goes."""
    if _NOT.search(text):
        return _NOT.sub(r"\1", text, count=1)
    if " not " in text or "n't" in text or not _CAN.search(text):
        return None
    return _CAN.sub(r"\1 not", text, count=1)


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
    names = sorted({m[0] for text, _ in pairs for m in _NAME.finditer(text)} - set(_MONTHS))
    alter: dict[str, Callable[[str], str | None]] = {
        "number": lambda text: altered_number(text, rng),
        "date": lambda text: altered_date(text, rng),
        "name": lambda text: altered_name(text, rng, names),
        "negation": lambda text: altered_negation(text, rng),
    }
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
