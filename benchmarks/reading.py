"""Measure the ways of reading on shared question sets: singly, jointly, and both.

    python -m benchmarks.reading run --out FILE      asks; interrupted, it goes on
    python -m benchmarks.reading score FILE          prints the table

Every question is asked twice, with single readings and with one joint prompt; "single+joint",
a joint second try where single readings prove nothing, follows from the two. A question is
answered right when one of its short answers stands in the answer; for long-form sets, when a
citation overlaps a gold sentence. Unanswerable questions are right when refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs, sets
from benchmarks.runs import Row, is_right, share
from rag.assistant import Assistant, load_llm
from rag.config import Settings
from rag.embedder import load_embedder

SETS = ("nq_open_oracle", "clapnq_dev", "squad2_halfdev")
WAYS = ("single", "joint")


def run(out: Path, work: Path, per_set: int, seed: int, settings: Settings) -> None:
    """Ask every sampled question both ways, set by set in turn, one line a question."""
    done = {row["qid"] for row in runs.read_lines(out)}
    embedder = load_embedder(settings.embedder)
    llm = load_llm(settings)
    assistants: dict[tuple[str, str], Assistant] = {}
    for name in SETS:
        folder = runs.index_folder(name, work, embedder)
        for way in WAYS:
            assistants[name, way] = Assistant.open(
                folder, settings=settings.with_(reading=way), embedder=embedder, llm=llm
            )
    drawn = [sets.sample(name, per_set, seed=seed, fitting=False) for name in SETS]
    for turn in zip(*drawn, strict=True):
        for name, question in zip(SETS, turn, strict=True):
            if question["qid"] in done:
                continue
            answers = {
                way: assistants[name, way].ask(question["question"]).to_json() for way in WAYS
            }
            kept = ("qid", "question", "answers", "answerable", "gold_sentences", "gold_docs")
            row = {"set": name, **{key: question.get(key) for key in kept}, **answers}
            runs.add_line(out, row)


def answer_of(row: Row, way: str) -> Row:
    """Return the answer of one way; "single+joint" falls back where singly nothing is proven."""
    if way == "single+joint":
        chosen = "joint" if row["single"]["abstained"] else "single"
        return dict(row[chosen])
    return dict(row[way])


def score(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| set | way | answerable right | answered | refused rightly | seconds (median) |",
        "|---|---|---|---|---|---|",
    ]
    for name in (*SETS, "all"):
        of_set = [row for row in rows if name in (row["set"], "all")]
        lines += [_line(name, way, of_set) for way in (*WAYS, "single+joint")]
    return "\n".join(lines)


def _line(name: str, way: str, rows: Sequence[Row]) -> str:
    can = [row for row in rows if row["answerable"]]
    cannot = [row for row in rows if not row["answerable"]]
    right = sum(is_right(row, answer_of(row, way)) for row in can)
    answered = sum(not answer_of(row, way)["abstained"] for row in can)
    refused = sum(bool(answer_of(row, way)["abstained"]) for row in cannot)
    seconds = sorted(sum(row[w]["timings"]["total"] for w in _ways_used(row, way)) for row in rows)
    median = seconds[len(seconds) // 2] if seconds else 0.0
    return (
        f"| {name} | {way} | {share(right, len(can))} | {share(answered, len(can))} "
        f"| {share(refused, len(cannot))} | {median:.1f} |"
    )


def _ways_used(row: Row, way: str) -> tuple[str, ...]:
    if way == "single+joint":
        return WAYS if row["single"]["abstained"] else ("single",)
    return (way,)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    runs.command_line(
        __doc__,
        lambda options, settings: run(
            options.out, options.work, options.per_set, options.seed, settings
        ),
        score,
        per_set=67,
        add=lambda parser: parser.add_argument("--seed", type=int, default=1),
        arguments=arguments,
    )


if __name__ == "__main__":
    main()
