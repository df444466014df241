"""Texts invented for training, with questions they answer and near misses of such questions.

`training/invented/*.jsonl` hold news, contracts, minutes, studies, manuals, mail and entries of an
encyclopaedia that nobody could look up, eight texts a file, all of our own making. Each line has
`title`, `publisher`, `date`, `text` and `questions`; a question has `answerable`, the patterns that
a right reply matches (`accept`), a right reply (`reply`) and a tempting wrong one (`wrong`). Those
of `dispute.jsonl` are eight publishers' texts on one subject: what one leaves open another tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.testing import make_hit
from rag.types import Hit

FOLDER = Path(__file__).parent / "invented"
FILES = ("news", "law", "science", "encyclopaedia", "dispute", "mixed")
INVENTED_GROUPS = 200_000


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
    files = [
        [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
        for name in FILES
    ]
    for place, turn in enumerate(zip(*files, strict=True)):
        for part, row in enumerate(turn, start=1):
            group = INVENTED_GROUPS + 100 * part + place
            known = {key: row[key] for key in ("publisher", "date") if row[key]}
            hit = make_hit(row["text"], source=f"{group}.txt", title=row["title"], **known)
            questions = tuple(
                Question(q["question"], tuple(q.get("accept", ())), q.get("reply", ""), q["wrong"])
                for q in row["questions"]
            )
            yield group, hit, questions
