"""A question set as it is being decided on: read once, written whole after each decision."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from rag.errors import EvaluationError
from rag.evaluate.making.keeping import write_lines
from rag.evaluate.sets import Question, load, parse

Decision = Literal["", "accepted", "struck"]
ALL, OPEN, STRUCK = "all", "undecided", "struck"


class Sheet:
    """The questions of one file, in order, and what was decided on them.

    Several tabs may share one; a decision is in the file, which is replaced in one step, when
    `decide` returns.

    Args:
        path: of the set (JSON lines).

    Raises:
        EvaluationError: the file cannot be read, or a line is malformed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.questions = list(load(path, struck=True))
        self._seen = self._stamp()

    def __len__(self) -> int:
        """Return how many questions there are."""
        return len(self.questions)

    def _stamp(self) -> tuple[int, int]:
        try:
            state = self.path.stat()
        except OSError:
            return 0, 0
        return state.st_mtime_ns, state.st_size

    def kinds(self) -> list[str]:
        """Return the kinds there are, in the order of their first question."""
        return list(dict.fromkeys(question.kind for question in self.questions))

    def places(self, wanted: str = ALL) -> list[int]:
        """Return the places of the questions of a kind, or of `ALL`, `OPEN` or `STRUCK` ones."""
        return [
            place
            for place, question in enumerate(self.questions)
            if wanted in (ALL, question.kind)
            or (wanted == OPEN and not decided(question))
            or (wanted == STRUCK and question.review == "struck")
        ]

    def turn(self, place: int, step: int, wanted: str = ALL) -> int:
        """Return the place of the next question (`step` 1) or the one before (-1) of a kind.

        `place` where there is none in that direction; the nearest one where `place` is of another
        kind and `step` is 0.
        """
        places = self.places(wanted)
        if step == 0:
            if not places:
                return min(place, len(self.questions) - 1)
            return min(places, key=lambda other: (abs(other - place), other < place))
        beyond = [other for other in places if (other - place) * step > 0]
        return (min(beyond) if step > 0 else max(beyond)) if beyond else place

    def open_after(self, place: int, wanted: str = ALL) -> int:
        """Return the next question that is not decided on, from the first again after the last.

        The one beside it where all are decided on.
        """
        places = self.places(wanted)
        undecided = [other for other in places if not decided(self.questions[other])]
        later = [other for other in undecided if other > place]
        return next(iter(later or undecided), self.turn(place, 1, wanted))

    def progress(self) -> tuple[int, int, int]:
        """Return how many questions are decided on, how many there are, how many are struck out.

        Candidates that were struck when they were made are decided on in this sense.
        """
        struck = sum(question.review == "struck" for question in self.questions)
        return sum(map(decided, self.questions)), len(self.questions), struck

    def decide(
        self, place: int, decision: Decision, text: str, patterns: Sequence[str] = ()
    ) -> Question:
        """Take over a decision and what was edited, and write the file.

        Args:
            place: of the question, from 0.
            decision: "" leaves it as it was.
            text: the question as it reads now.
            patterns: for each nugget its regular expressions, one a line.

        Returns:
            The question as it is now.

        Raises:
            EvaluationError: what was edited is no question or no regular expression, or the file
                cannot be written or was changed by somebody else; nothing is changed then.
        """
        with self._lock:
            old = self.questions[place]
            new = edited(old, text, patterns)
            if decision:
                why = "" if decision == "accepted" and old.answerable else old.why
                new = replace(new, review=decision, why=why)
            if new == old:
                return old
            if self._stamp() != self._seen:
                raise EvaluationError(
                    f"{self.path.name} was changed by another program; close this page and run "
                    "`rag eval review` again."
                )
            changed = [*self.questions[:place], new, *self.questions[place + 1 :]]
            write_lines(self.path, [question.to_json() for question in changed])
            self.questions = changed
            self._seen = self._stamp()
            return new


def decided(question: Question) -> bool:
    """Tell whether a question was accepted or struck out."""
    return question.review in ("accepted", "struck")


def edited(question: Question, text: str, patterns: Sequence[str] = ()) -> Question:
    """Return a question with another text and other expressions, checked like a line of a file.

    Expressions that do not know any of their nugget's evidence could never be right.

    Raises:
        EvaluationError: it would be malformed; the message says which part.
    """
    if not text.strip():
        raise EvaluationError("A question needs words; strike it if it is not worth asking.")
    nuggets = list(question.nuggets)
    for place, lines in enumerate(patterns[: len(nuggets)]):
        accept = tuple(line.strip() for line in lines.splitlines() if line.strip())
        nuggets[place] = replace(nuggets[place], accept=accept)
    value = replace(question, text=" ".join(text.split()), nuggets=tuple(nuggets)).to_json()
    return parse(json.loads(json.dumps(value)), "this question")
