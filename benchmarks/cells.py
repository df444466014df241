"""Say of cells of real tables what they say, and something else, and see whether the proof tells.

    python -m benchmarks.cells [--count 400]

Each cell of the shared documents that has a label, a head with a date and a known scale is told in
a sentence, as it is and with one thing altered, and held against the passage its row stands in. No
model is asked: the exact layer and coverage judge alone.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.documents import FOLDER
from benchmarks.runs import share
from rag.documents import read_documents
from rag.drafting import COVERED
from rag.errors import DocumentError
from rag.passages import split_passages
from rag.prove import Claim, CoverageChecker, Rarity
from rag.prove.evidence import rows_of
from rag.prove.tables import SCALES, Cell, Row
from rag.prove.words import read
from rag.types import Hit, Verdict

_NAMES = {scale: name for name, scale in SCALES.items()}


@dataclass(frozen=True, slots=True)
class Said:
    """A cell told in a sentence, in parts that may be altered."""

    hit: Hit
    row: Row
    cell: Cell

    def text(
        self, *, label: str = "", cell: Cell | None = None, head: str = "", scale: str = ""
    ) -> str:
        """Return the sentence, with what is given in place of its own."""
        told = (cell or self.cell).text.strip("()")
        scale = scale or _NAMES.get(self.cell.scale, "")
        number = told if scale == "none" else f"{told} {scale}".strip()
        what = (label or self.row.label).rstrip(":")
        return f"{what} was {number} for {head or self.cell.head}."

    def altered(self, rng: random.Random) -> Iterator[tuple[str, str]]:
        """Yield kinds of alteration with what is said then."""
        others = [
            c
            for c in self.row.cells
            if not c.bare & self.cell.bare and c.head and c.head != self.cell.head
        ]
        if others:
            yield "another cell of the row", self.text(cell=rng.choice(others))
            yield "another column's head", self.text(head=rng.choice(others).head)
        words = read(self.row.label).stems
        labels = [o for o in self.row.others if read(o).stems - words and words - read(o).stems]
        if labels:
            yield "another row's label", self.text(label=rng.choice(labels))
        if self.cell.scale in _NAMES:
            yield "scale left out", self.text(scale="none")
            other = "billion" if self.cell.scale != 1e9 else "million"
            yield "another scale", self.text(scale=other)
        else:
            yield "a scale put in", self.text(scale="million")


def cells(count: int, rng: random.Random) -> list[Said]:
    """Return cells of the shared documents, drawn from all that can be told."""
    found = []
    for path in sorted(FOLDER.iterdir()):
        try:
            documents = read_documents(path, root=FOLDER).documents
        except DocumentError:
            continue
        for document in documents:
            for passage in split_passages(document, count_tokens=_words, max_tokens=200):
                hit = Hit(passage, document, 0.0)
                rows = [row for row in rows_of(hit) if row and _named(row)]
                found += [Said(hit, r, c) for r in rows for c in r.cells if _can_be_told(c)]
    rng.shuffle(found)
    return found[:count]


def _words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def _named(row: Row) -> bool:
    """Tell whether a row has a label that no other row of its table has."""
    return bool(read(row.label).words) and row.label not in row.others


def _can_be_told(cell: Cell) -> bool:
    return bool(cell.numbers and not cell.negative and read(cell.head).dates)


def table(every: Sequence[Said], rng: random.Random) -> str:
    """Return the table as Markdown."""
    checker = CoverageChecker(Rarity([s.hit.passage.text for s in every]), threshold=COVERED)

    def carried(said: Said, text: str) -> bool:
        return checker.judge(Claim(text, "", (said.hit,))).verdict is Verdict.SUPPORTED

    true = sum(carried(said, said.text()) for said in every)
    lines = [
        "| said of a cell | sentences | refused |",
        "|---|---|---|",
        f"| what it says | {len(every)} | {share(len(every) - true, len(every))} |",
    ]
    asked, refused = Counter[str](), Counter[str]()
    for said in every:
        for kind, text in said.altered(rng):
            asked[kind] += 1
            refused[kind] += not carried(said, text)
    lines += [f"| {kind} | {n} | {share(refused[kind], n)} |" for kind, n in asked.items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)
    print(table(cells(options.count, rng), rng))


if __name__ == "__main__":
    main()
