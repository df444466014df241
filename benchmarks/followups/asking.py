"""The samples' follow-ups, resolved and asked of the documents in the course of conversations."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.followups.suggesting import SEEDS
from benchmarks.runs import Row, share
from rag.assistant import Assistant
from rag.embedder import Embedder
from rag.followups import Earlier, resolve
from rag.index import build
from rag.llm import LlamaModel

# Each conversation is a first question and what follows it, with what a right answer holds: words
# of which one must stand there for each place; () where the documents do not say.
CHAINS: Sequence[Sequence[tuple[str, Sequence[str]]]] = (
    (
        (
            "What conditions did Microsoft set for selling facial recognition to police?",
            ("law|regulation",),
        ),
        ("What about IBM?", ("IBM",)),
        ("What about Amazon?", ("Amazon",)),
        ("When did it say so?", ("June 10|Wednesday",)),
    ),
    (
        ("What did Amazon announce?", ("one year|one-year|pausing|moratorium",)),
        ("And IBM?", ("IBM", "general purpose|no longer|pulling out|not offer|wouldn't offer")),
        ("Why did it do that?", ("racial|discrimination|injustice|bias|profiling",)),
    ),
    (
        ("Will Microsoft sell facial recognition to police?", ("not|won't|until",)),
        ("Who praised it?", ("ACLU|American Civil Liberties Union|Cagle|spokes",)),
        ("What did he say?", ("lawmakers|makers of face recognition|Congress",)),
        ("And why?", ("human rights|principles|law|dangerous|regulat",)),
    ),
    (
        ("Who is Brad Smith?", ("president",)),
        ("What did he announce?", ("facial",)),
        ("When?", ("Thursday|June 11|June",)),
        ("Where?", ("Washington Post|Post Live|livestream",)),
        ("How old is he?", ()),
    ),
    (
        ("What did Microsoft do in April 2019?", ("California|refused|declined|turned",)),
        ("Why did they do that?", ("human rights",)),
        ("What about Google?", ()),
    ),
    (
        ("What did Mike Jude say?", ("goodwill|scrutiny|business",)),
        ("Who is he?", ("director|IDC",)),
        ("How long will Amazon’s ban last?", ("year",)),
        ("And Microsoft’s?", ("law|regulation|until",)),
    ),
)


def run(mind: LlamaModel, embedder: Embedder, work: Path) -> Iterator[Row]:
    """Yield a row a question of each conversation, asked as it was resolved."""
    folder = work / "samples" / "index"
    build([SEEDS], folder, embedder)
    assistant = Assistant.open(folder, embedder=embedder, llm=mind)
    for number, chain in enumerate(CHAINS):
        earlier = list[Earlier]()
        for question, wanted in chain:
            began = time.perf_counter()
            found = resolve(question, earlier, mind, embedder=embedder)
            seconds = time.perf_counter() - began
            answer = assistant.ask(found.question)
            said = tuple(statement.text for statement in answer.statements)
            row: dict[str, Any] = {"chain": number, "question": question, "wanted": list(wanted)}
            row |= {"resolved": found.question, "by": found.by, "leans": found.leans}
            row |= {"answer": answer.text, "abstained": answer.abstained}
            yield {**row, "seconds": round(seconds, 2), "follows": bool(earlier)}
            earlier.append(Earlier(question, said, found.question))


def is_right(row: Row) -> bool:
    """Tell whether an answer holds what is wanted, or rightly says nothing."""
    if not row["wanted"]:
        return bool(row["abstained"])
    return not row["abstained"] and all(
        re.search(words, row["answer"], re.IGNORECASE) for words in row["wanted"]
    )


def table(rows: Sequence[Row]) -> str:
    """Return each question with what it was read as, and whether its answer is right."""
    lines = ["| question | read as | answer | right |", "|---|---|---|---|"]
    for row in rows:
        read_as = row["resolved"] if row["resolved"] != row["question"] else ""
        right = "yes" if is_right(row) else "no"
        lines.append(f"| {row['question']} | {read_as} | {row['answer'][:160]} | {right} |")
    followed = [row for row in rows if row["follows"]]
    return "\n".join([*lines, "", share(sum(map(is_right, followed)), len(followed))])
