"""Two checked questions on two documents that share a name -> one question that needs both.

Each half has passed every check with its own evidence, so the labels hold; the whole is not asked
of the assistant first, and is as hard for us as it is for others.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.evaluate.making.asking import joined
from rag.evaluate.making.names import names
from rag.evaluate.making.wording import alike
from rag.evaluate.sets import Question
from rag.llm import LLM
from rag.prove.words import normal, read

if TYPE_CHECKING:
    from rag.index import Index

KIND = "two-source"
RARE_IN = 0.2  # share of the documents, from which a name of one word is no longer rare
_LONGEST = 45  # words of a joined question


def pairs(questions: Sequence[Question], index: Index, most: int) -> list[tuple[int, int]]:
    """Return which questions are joined, by their places, each at most once.

    Their documents differ, and both name the same thing by two or more words, or by a rare one: in
    question and evidence where there are such pairs, else in the passage around it.

    Args:
        questions: answerable ones, each of one nugget.
        index: of the documents.
        most: how many pairs.
    """
    if most <= 0:
        return []
    held = Counter[str]()
    for document in index.documents.values():
        held.update(set(names(document.text)))
    rare = max(2, math.ceil(RARE_IN * len(index.documents)))

    def telling(texts: Iterable[str]) -> set[str]:
        return {n for text in texts for n in names(text) if " " in n or held[n] <= rare}

    said = [telling([q.text, q.nuggets[0].evidence[0].quote]) for q in questions]
    around = [telling(_passages(q, index)) for q in questions]
    levels = {}
    for i, first in enumerate(questions):
        for j in range(i + 1, len(questions)):
            if not _sources(first) & _sources(questions[j]):
                levels[i, j] = 2 * bool(said[i] & said[j]) or int(bool(around[i] & around[j]))
    taken = set[int]()
    found: list[tuple[int, int]] = []
    for (i, j), level in sorted(levels.items(), key=lambda pair: -pair[1]):
        if level and len(found) < most and not taken & {i, j}:
            taken |= {i, j}
            found.append((i, j))
    return found


def _passages(question: Question, index: Index) -> list[str]:
    """Return the passages that hold the first evidence of a question."""
    evidence = question.nuggets[0].evidence[0]
    ids = {each.id for each in index.documents.values() if evidence.source == each.source}
    return [p.text for p in index.passages if p.document_id in ids and evidence.quote in p.text]


def _sources(question: Question) -> set[str]:
    return {evidence.source for nugget in question.nuggets for evidence in nugget.evidence}


def join(
    llm: LLM, first: Question, second: Question, id_: str, cancel: threading.Event | None = None
) -> Question:
    """Return one question that asks for what both ask for, with the nuggets of both.

    Raises:
        CancelledError: the work was stopped.
    """
    text = joined(llm, first.text, second.text, cancel=cancel)
    if not keeps_both(text, first.text, second.text):
        text = side_by_side(first.text, second.text)
    return Question(
        id=id_,
        text=text,
        answerable=True,
        kind=KIND,
        nuggets=tuple(replace(n, required=True) for q in (first, second) for n in q.nuggets),
        review="new",
    )


def keeps_both(text: str, first: str, second: str) -> bool:
    """Tell whether a joined question asks all that both ask, by its words, and nothing else."""
    has, one, other = read(text), read(first), read(second)
    wanted = one.stems | other.stems
    return (
        text.endswith("?")
        and text.count("?") == 1
        and len(text.split()) <= _LONGEST
        and wanted <= has.stems | has.acronyms
        and {word.stem for word in has.words} <= wanted
        and has.numbers == one.numbers | other.numbers
        and set(has.dates) == {*one.dates, *other.dates}
        and not alike(text, [first, second])
        and _asks(text) >= 2
    )


def _asks(text: str) -> int:
    words = normal(text).lower().replace("?", "").replace(",", "").split()
    asking = {"who", "whom", "whose", "what", "which", "when", "where", "why", "how"}
    return sum(word in asking for word in words)


def side_by_side(first: str, second: str) -> str:
    """Return two questions as one sentence: "When …, and who …?"."""
    return f"{first.rstrip('? ')}, and {second[:1].lower()}{second[1:]}"
