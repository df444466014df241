"""Texts invented for training, with questions they answer and near misses of such questions.

`training/invented/*.jsonl` hold news, contracts, minutes, studies, reports, manuals, mail and
entries of an encyclopaedia that nobody could look up, eight texts a file, all of our own making.
Each line has `title`, `publisher`, `date`, `text` and `questions`; a question has `answerable`, the
patterns that a right reply matches (`accept`), a right reply (`reply`) and a tempting wrong one
(`wrong`).
Some files are of few subjects (`ON_ONE_SUBJECT`): what one text leaves open another tells, as in
most people's folders.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rag.testing import make_hit
from rag.types import Hit

FOLDER = Path(__file__).parent / "invented"
FILES = (
    "news",
    "law",
    "science",
    "encyclopaedia",
    "dispute",
    "mixed",
    "scare",
    "finance",
    "search",
    "history",
    "building",
    "press",
)
ON_ONE_SUBJECT = ("dispute", "scare", "finance", "history", "building", "press")
INVENTED_GROUPS = 200_000
SEED = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question on an invented text.

    Attributes:
        accept: patterns, any of which a right reply matches; none where the text has no answer.
        reply: a right reply, "" where there is none.
        wrong: one that is false, or true and beside the point.
    """

    text: str
    accept: tuple[str, ...]
    reply: str
    wrong: str

    @property
    def answerable(self) -> bool:
        """Whether the text answers it."""
        return bool(self.accept)

    def is_right(self, reply: str) -> bool:
        """Tell whether a reply gives the answer."""
        return any(re.search(pattern, reply, re.IGNORECASE) for pattern in self.accept)


def invented_texts() -> Iterator[tuple[int, Hit, tuple[Question, ...]]]:
    """Yield number, passage and questions of each text, the kinds in turn."""
    for turn in zip(*(_file(name) for name in FILES), strict=True):
        yield from turn


def asked_elsewhere() -> Iterator[tuple[int, Hit, Question]]:
    """Yield answerable questions with the number and passage of another text on their subject.

    None of what would answer them stands there. So a question that sounds as if it had an answer
    does not have one for that.
    """
    rng = random.Random(SEED)
    for name in ON_ONE_SUBJECT:
        texts = _file(name)
        pairs = list[tuple[int, Hit, Question]]()
        for group, _, questions in texts:
            for one in filter(lambda question: question.answerable, questions):
                others = [
                    (other, hit)
                    for other, hit, _ in texts
                    if other != group and not one.is_right(hit.passage.text)
                ]
                if others:
                    pairs.append((*rng.choice(others), one))
        yield from sorted(pairs, key=lambda pair: pair[0])


@cache
def _file(name: str) -> tuple[tuple[int, Hit, tuple[Question, ...]], ...]:
    found = []
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    for place, row in enumerate(map(json.loads, lines)):
        group = INVENTED_GROUPS + 100 * (FILES.index(name) + 1) + place
        known = {key: row[key] for key in ("publisher", "date") if row[key]}
        hit = make_hit(row["text"], source=f"{group}.txt", title=row["title"], **known)
        questions = tuple(
            Question(q["question"], tuple(q.get("accept", ())), q.get("reply", ""), q["wrong"])
            for q in row["questions"]
        )
        found.append((group, hit, questions))
    return tuple(found)
