"""Questions suggested under answers of the samples and of public sets."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence, Set
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from benchmarks import sets
from benchmarks.runs import Row, index_folder
from rag.assistant import Assistant
from rag.embedder import Embedder
from rag.followups import suggest
from rag.index import build
from rag.llm import LlamaModel

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
SETS = ("squad2_halfdev", "clapnq_dev")
ASKED = (
    "What conditions did Microsoft set for selling facial recognition to police?",
    "What did Amazon announce?",
    "What did IBM decide?",
    "Who is Matt Cagle?",
    "What did Brad Smith say about other companies?",
    "Why is facial recognition criticised?",
    "What did the ACLU say?",
    "What did Microsoft do in April 2019?",
    "What did Mike Jude say?",
    "What was the revenue of IBM?",
)


def run(
    mind: LlamaModel,
    embedder: Embedder,
    work: Path,
    names: Sequence[str],
    per_set: int,
    done: Set[tuple[str, str]] = frozenset(),
) -> Iterator[Row]:
    """Yield a row a question: its answer and what was suggested under it, each with its answer.

    Args:
        mind: what writes.
        embedder: of the indexes.
        work: folder of the indexes.
        names: of the public sets.
        per_set: questions of each.
        done: sets and questions that an earlier run has asked.
    """
    folder = work / "samples" / "index"
    build([SEEDS], folder, embedder)
    asked = [
        _asked(
            "samples",
            Assistant.open(folder, embedder=embedder, llm=mind),
            _left("samples", ASKED, done),
        )
    ]
    for name in names:
        opened = Assistant.open(index_folder(name, work, embedder), embedder=embedder, llm=mind)
        every = list(sets.rows(sets.DATA / name / "questions.jsonl.gz"))
        every = [row for row in every if row["answerable"]]
        every.sort(key=lambda row: hashlib.sha256(str(row["qid"]).encode()).hexdigest())
        questions = [row["question"] for row in every[:per_set]]
        asked.append(_asked(name, opened, _left(name, questions, done)))
    # In turn, so that a run that is stopped has some of each.
    yield from filter(None, chain.from_iterable(zip_longest(*asked)))


def _left(name: str, questions: Sequence[str], done: Set[tuple[str, str]]) -> list[str]:
    return [question for question in questions if (name, question) not in done]


def _asked(name: str, assistant: Assistant, questions: Sequence[str]) -> Iterator[Row]:
    for question in questions:
        answer = assistant.ask(question)
        row: dict[str, Any] = {"set": name, "question": question, "answer": answer.text}
        row["abstained"] = answer.abstained
        began, worked = time.perf_counter(), time.process_time()
        times, found = list[float](), list[str]()
        for suggested in suggest(assistant, answer):
            times.append(round(time.process_time() - worked, 1))
            found.append(suggested)
        row["seconds"] = round(time.perf_counter() - began, 1)
        row["cpu_seconds"] = round(time.process_time() - worked, 1)
        row["at_cpu_seconds"] = times
        row["suggested"] = [{"question": each, **_answered(assistant, each)} for each in found]
        yield row


def _answered(assistant: Assistant, question: str) -> dict[str, Any]:
    answer = assistant.ask(question)
    return {"answer": answer.text, "quotes": [c.quote for c in answer.citations]}


def table(rows: Sequence[Row]) -> str:
    """Return how many were suggested, and the seconds of a core that took."""
    lines = ["| set | questions | suggested | none | first after, median | all, median |"]
    lines.append("|---|---|---|---|---|---|")
    for name in dict.fromkeys(row["set"] for row in rows):
        mine = [row for row in rows if row["set"] == name]
        many = sum(len(row["suggested"]) for row in mine)
        none = sum(not row["suggested"] for row in mine)
        firsts = sorted(row["at_cpu_seconds"][0] for row in mine if row["at_cpu_seconds"])
        first = f"{firsts[len(firsts) // 2]:.0f} s" if firsts else "–"
        whole = sorted(row["cpu_seconds"] for row in mine)
        lines.append(
            f"| {name} | {len(mine)} | {many} ({many / len(mine):.1f} each) | {none} | {first} | "
            f"{whole[len(whole) // 2]:.0f} s |"
        )
    return "\n".join(lines)
