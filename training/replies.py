"""Ask the model to answer, and keep what it makes of its own replies, right and wrong.

    python -m training.replies --out FOLDER [--most N]     resumes; FOLDER/meets is then fitted by
                                                           training.probes and training.answers

"Meets" asks whether a text gives a reply as its answer to a question. Its pairs are the model's
own: what it writes of SQuAD 2 texts and of passages retrieved for the questions that are set apart
for fitting (answerable or near misses), the same with another answer of the text put in the place
of the right one ("swap"), and the right reply to another question on the same text ("beside"). Of
the invented texts (`training.texts`) it is what the model writes, and a right reply ("given") and a
wrong one ("near") that were written with them. Two to five seconds a pair on two cores.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs
from benchmarks.runs import contains, plain_words
from rag import prompt as prompts
from rag.catalogue import model_path
from rag.config import Settings
from rag.embedder import load_embedder
from rag.llm import LlamaModel
from rag.passages import heading
from rag.probes import Probes
from rag.testing import make_hit
from rag.types import Hit
from training.probes import BLOCK, FOUND_GROUPS, LAYER, SIZE
from training.texts import Question, invented_texts
from training.witness import (
    QUESTIONS_A_TEXT,
    answers_question,
    found_hits,
    question_of,
    squad_texts,
)

SEED = 3
LONGEST = 260  # words of a passage
MOST_TOKENS = 70
LONGEST_ANSWER = 8  # words that may be swapped
INVENTED_IN_TURN = 8
# Questions on SQuAD 2 texts, passages retrieved, invented texts.
IN_TURN = (6, 3, INVENTED_IN_TURN)
IN_ALL = (168, 84, 768)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on a passage.

    Attributes:
        answers: accepted short answers; none where the passage does not answer.
        others: answers to other questions on the same passage.
        written: the question as it was invented, with replies; None where it was not.
    """

    source: str
    group: int
    hit: Hit
    question: str
    answers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    written: Question | None = None

    @property
    def answerable(self) -> bool:
        """Whether the passage answers it."""
        return self.written.answerable if self.written else bool(self.answers)

    def is_right(self, reply: str) -> bool:
        """Tell whether a reply gives the answer."""
        if self.written:
            return self.written.is_right(reply)
        return any(contains(reply, answer) for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with what is known of it; "draft", "swap", "beside", "given" or "near"."""

    text: str
    right: bool
    kind: str


def asked(work: Path) -> Iterator[Asked]:
    """Yield questions on passages, those of each source in turn, in a fixed order."""
    every = _squad(), _found(work), _invented()
    sources = [itertools.islice(one, most) for one, most in zip(every, IN_ALL, strict=True)]
    while block := [
        one
        for questions, count in zip(sources, IN_TURN, strict=True)
        for one in itertools.islice(questions, count)
    ]:
        yield from block


def _squad() -> Iterator[Asked]:
    for group, (text, rows) in enumerate(squad_texts()):
        others = tuple(question_of(row)[1] for row in rows)
        hit = make_hit(text, source=f"{group}.txt", title="")
        for row in rows[:QUESTIONS_A_TEXT]:
            question, answer = question_of(row)
            answers = (answer,) if row["label"] else ()
            yield Asked("squad2", group, hit, question, answers, others)


def _found(work: Path) -> Iterator[Asked]:
    for group, name, row, hit in found_hits(work, load_embedder(Settings().embedder)):
        answers = tuple(row["answers"]) if answers_question(row, hit.passage.text) else ()
        yield Asked(name, group + FOUND_GROUPS, hit, row["question"], answers)


def _invented() -> Iterator[Asked]:
    for group, hit, questions in invented_texts():
        for one in random.Random(group).sample(questions, INVENTED_IN_TURN):
            yield Asked("invented", group, hit, one.text, written=one)


def swapped(reply: str, one: Asked, rng: random.Random) -> str:
    """Return a right reply with another answer of the same shape in it, "" if there is none."""
    for answer in one.answers:
        start = reply.lower().find(answer.lower())
        fitting = [
            other
            for other in one.others
            if _shape(other) == _shape(answer)
            and len(other.split()) < LONGEST_ANSWER
            and not contains(reply, other)
            and not contains(other, answer)
            and plain_words(other)
        ]
        if start >= 0 and fitting:
            return reply[:start] + rng.choice(fitting) + reply[start + len(answer) :]
    return ""


def _shape(answer: str) -> str:
    if any(character.isdigit() for character in answer):
        return "number"
    return "name" if answer[:1].isupper() else "words"


class Collector:
    """Writes states and leans of replies to FOLDER/meets, in blocks, going on where it was.

    Args:
        folder: for the blocks.
        llm: asked; opened with the layer that probes read.
    """

    def __init__(self, folder: Path, llm: LlamaModel) -> None:
        self._folder = folder / "meets"
        self._llm = llm
        self._rng = random.Random(SEED)
        self._right: dict[int, list[tuple[str, str]]] = {}

    def collect(self, questions: Iterator[Asked], most: int) -> None:
        """Collect from up to `most` questions."""
        self._folder.mkdir(parents=True, exist_ok=True)
        done = len(list(self._folder.glob("meets-*.npz"))) * BLOCK
        chosen = itertools.islice(questions, done, most)
        while block := list(itertools.islice(chosen, BLOCK)):
            self._write(block, self._folder / f"meets-{done:06d}.npz")
            done += len(block)

    def _write(self, block: Sequence[Asked], path: Path) -> None:
        import numpy as np

        rows, states = list[dict[str, Any]](), []
        for one in block:
            text = prompts.passage_text(one.hit, heading(one.hit.document))
            if len(text.split()) > LONGEST:
                continue
            for reply in self._replies(one, text):
                meets = prompts.meets_in(text, one.question, reply.text)
                states.append(self._llm.state(meets).astype(np.float16))
                rows.append(
                    {
                        "lean": math.nan,
                        "right": reply.right,
                        "kind": reply.kind,
                        "group": one.group,
                        "source": one.source,
                        "question": one.question,
                        "reply": reply.text,
                        "text": one.hit.passage.text,
                    }
                )
        np.savez(path, states=np.stack(states), rows=json.dumps(rows))

    def _replies(self, one: Asked, text: str) -> Iterator[Reply]:
        """Yield what the model writes, and what is made of it; what is neither is left out."""
        prompt = prompts.single(one.question, one.hit, heading(one.hit.document))
        pieces = self._llm.generate(prompt, max_tokens=MOST_TOKENS)
        said = prompts.sentences("".join(piece.text for piece in pieces))
        having = [s for s in said if one.is_right(s)]
        if said and (having or not one.answerable):
            # Else it is right in other words, or wrong: nobody knows.
            yield Reply((having or said)[0], bool(having), "draft")
        if one.written:
            if one.answerable:
                yield Reply(one.written.reply, True, "given")
            yield Reply(one.written.wrong, False, "near")
        elif having:
            yield from self._made(one, having[0])

    def _made(self, one: Asked, right: str) -> Iterator[Reply]:
        """Yield wrong replies that are made of right ones."""
        known = self._right.setdefault(one.group, [])
        if other := swapped(right, one, self._rng):
            yield Reply(other, False, "swap")
        if beside := [reply for question, reply in known if question != one.question]:
            yield Reply(self._rng.choice(beside), False, "beside")
        known.append((one.question, right))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=runs.WORK)
    parser.add_argument("--most", type=int, default=sum(IN_ALL))
    parser.add_argument("--model", default=Settings().model)
    options = parser.parse_args(arguments)
    path = model_path(options.model)
    llm = LlamaModel(path, name=options.model, probes=Probes(LAYER, SIZE, prompts.VERSION, {}))
    Collector(options.out, llm).collect(asked(options.work), options.most)


if __name__ == "__main__":
    main()
