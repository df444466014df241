"""Ask shared question sets and score the answers: right, refused, carried, every side shown.

    python -m benchmarks.answers run --out FILE [--sets NAME …] [--per-set 300]   resumes
        [--only answerable|unanswerable] [--replies FILE]
    python -m benchmarks.answers score FILE

Only questions that no weights were fitted on are asked, and not the first of each set, which were
looked at while rules were made: `--draw looked-at` asks those, to choose thresholds by, `--draw
fitting` those that weights may be fitted on. A
question is answered right when one of its short answers stands in the answer, or, for sets with
gold sentences, when a citation overlaps one. An unanswerable one counts as answered unless the
answer abstains or says of a part of the question that the documents do not answer it. A statement
is carried by gold evidence when one of its citations overlaps a gold sentence or, for sets with
short answers, lies in a gold document and holds the answer.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs, sets
from benchmarks.replies import KeptReplies
from benchmarks.runs import Row, contains, is_right, overlaps, share
from rag import probes
from rag.assistant import Assistant, load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.evaluate.about import model_checksum
from rag.llm import Mind
from rag.prove.words import Date
from rag.prove.words import read as reading

SETS = ("clapnq_dev", "squad2_halfdev", "dragonball_en_finance", "multihoprag_500_facts", "ramdocs")
DRAWS = ("fresh", "looked-at", "fitting")
LOOKED_AT = 144  # of each set, read while rules were mended
_ASKS_YEAR = re.compile(r"\b(?:which|what) year\b", re.IGNORECASE)
KEPT = ("qid", "question", "answers", "answerable", "gold_sentences", "gold_docs", "qtype")


def run(
    out: Path,
    work: Path,
    names: Sequence[str],
    per_set: int,
    settings: Settings,
    *,
    draw: str = "fresh",
    only: str = "",
    replies: Path | None = None,
) -> None:
    """Ask every sampled question, set by set in turn, one line a question.

    Args:
        out: where the answers go; what is there is not asked again.
        work: where documents and indexes of the sets are kept.
        names: of the sets.
        per_set: questions of each set, at most.
        settings: how questions are answered.
        draw: which questions, one of `DRAWS`.
        only: "answerable" or "unanswerable" questions, all where empty.
        replies: where the model's replies are kept, so that a later run need not ask them again.
    """
    done = {row["qid"] for row in runs.read_lines(out)}
    embedder, llm = load_embedder(settings.embedder), mind(settings, replies)
    assistants = {}
    for name in names:
        folder = runs.index_folder(name, work, embedder)
        assistants[name] = Assistant.open(folder, settings=settings, embedder=embedder, llm=llm)
    drawn = {name: _drawn(name, draw, only)[:per_set] for name in names}
    for turn in range(per_set):
        for name in names:
            if turn >= len(drawn[name]) or drawn[name][turn]["qid"] in done:
                continue
            question = drawn[name][turn]
            answer = assistants[name].ask(question["question"])
            read = {passage for draft in answer.drafts for passage in draft.passage_ids}
            index = assistants[name].index
            texts = [
                (index.documents[p.document_id].source, p.text)
                for p in index.passages
                if p.id in read
            ]
            row = {
                "set": name,
                **{key: question.get(key) for key in KEPT},
                "sides": sides(question, texts),
                "answer": answer.to_json(),
            }
            runs.add_line(out, row)


def mind(settings: Settings, replies: Path | None) -> Mind:
    """Return the model that the settings name, on kept replies where a file for them is given."""
    load = partial(load_llm, settings)
    if replies is None:
        return load()
    judges = probes.FOLDER / f"{settings.model}.npz"
    judged = hashlib.sha256(judges.read_bytes() if judges.is_file() else b"").hexdigest()
    sampling = settings.n_ctx, settings.temperature, settings.seed
    stand = f"{model_checksum(settings.model)} {judged} {sampling}"
    return KeptReplies(replies, name=settings.model, stand=stand, load=load)


def _drawn(name: str, draw: str, only: str) -> list[dict[str, Any]]:
    """Return the questions of a set in the order they are asked."""
    every = sets.sample(name, sys.maxsize, seed=1, fitting=draw == "fitting")
    drawn = {"fresh": every[LOOKED_AT:], "looked-at": every[:LOOKED_AT], "fitting": every}[draw]
    return [row for row in drawn if not only or row["answerable"] == (only == "answerable")]


def sides(question: Row, texts: Sequence[tuple[str, str]]) -> list[str]:
    """Return the answers of a question, right or planted, that stand in the passages read.

    Args:
        question: of the set.
        texts: of each passage its file and words; those of the question's own documents count, a
            word like "Basketball" in an article on something else is no side.
    """
    documents = [*question["gold_docs"], *question.get("misinfo_docs", [])]
    files = {sets.file_name(document) for document in documents}
    own = [text for file, text in texts if file in files]
    every = [*question["answers"], *question.get("wrong_answers", [])]
    return [side for side in dict.fromkeys(every) if any(contains(text, side) for text in own)]


def shows(text: str, side: str, question: str = "") -> bool:
    """Tell whether a text gives a side, a date ("24 October 1975") in any of its forms.

    Where a year is asked for ("in which year"), the year is enough.
    """
    date = reading(side)
    dated = date.dates and not date.words and not date.numbers
    told = set(reading(text).dates)
    wanted = set(date.dates)
    if _ASKS_YEAR.search(question):
        told, wanted = {Date(d.year) for d in told}, {Date(d.year) for d in wanted}
    return contains(text, side) or bool(dated and wanted <= told)


def in_full(row: Row) -> bool:
    """Tell whether a question was answered, and no part of it said not to be."""
    return not row["answer"]["abstained"] and not row["answer"]["unanswered"]


def carried(row: Row, statement: Row) -> bool:
    """Tell whether a statement is carried by gold evidence."""
    quotes = [(c["source"], c["quote"]) for c in statement["citations"]]
    if row["gold_sentences"]:
        return any(overlaps(quote, gold) for _, quote in quotes for gold in row["gold_sentences"])
    files = {sets.file_name(doc) for doc in row["gold_docs"]}
    return any(
        source in files and any(contains(quote, short) for short in row["answers"])
        for source, quote in quotes
    )


def score(rows: Sequence[Row]) -> str:
    """Return the table as Markdown, with Wilson's 95 % intervals."""
    lines = [
        "| set | answerable right | right when answered | unanswerable answered "
        "| statements on gold evidence | two documents cited | every side shown | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(name, [r for r in rows if r["set"] == name]) for name in _names(rows)]
    return "\n".join(lines)


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["set"] for row in rows))


def _line(name: str, rows: Sequence[Row]) -> str:
    can = [row for row in rows if row["answerable"]]
    cannot = [row for row in rows if not row["answerable"]]
    answered = [row for row in can if not row["answer"]["abstained"]]
    said = [(row, s) for row in answered for s in row["answer"]["statements"]]
    several = [
        row for row in can if in_full(row) and len(row["gold_docs"]) > 1 and name != "ramdocs"
    ]
    split = [row for row in can if len(row["sides"]) > 1 and name == "ramdocs"]
    seconds = sorted(row["answer"]["timings"]["total"] for row in rows)

    def part(chosen: Sequence[Any], test: Callable[[Any], bool]) -> str:
        return share(sum(map(test, chosen)), len(chosen))

    def right(row: Row) -> bool:
        return is_right(row, row["answer"])

    def cites_two(row: Row) -> bool:
        gold = {sets.file_name(doc) for doc in row["gold_docs"]}
        cited = {c["source"] for s in row["answer"]["statements"] for c in s["citations"]}
        return len(gold & cited) > 1

    def shows_all(row: Row) -> bool:
        text = row["answer"]["text"]
        return all(shows(text, side, row["question"]) for side in row["sides"])

    return (
        f"| {name} ({len(rows)}) | {part(can, right)} | {part(answered, right)} "
        f"| {part(cannot, in_full)} "
        f"| {part(said, lambda pair: carried(*pair))} | {part(several, cites_two)} "
        f"| {part(split, shows_all)} | {seconds[len(seconds) // 2]:.1f} |"
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--draw", choices=DRAWS, default="fresh")
    parser.add_argument("--only", choices=("answerable", "unanswerable"), default="")
    parser.add_argument("--replies", type=Path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    runs.command_line(
        __doc__,
        lambda options, settings: run(
            options.out,
            options.work,
            options.sets,
            options.per_set,
            settings,
            draw=options.draw,
            only=options.only,
            replies=options.replies,
        ),
        score,
        per_set=300,
        add=_add_options,
        arguments=arguments,
    )


if __name__ == "__main__":
    main()
