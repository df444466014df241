"""Question sets: a JSONL file of questions, what must be said, and where it stands.

One question a line. A question is `answerable` from the documents or not; an answerable one
carries nuggets, short statements a right answer makes, each with regular expressions that know
it in an answer and every place of the documents that states it, word for word. A set that marks
whole documents only names these (`gold`); a nugget then stands wherever they match its expressions.
Sets are written by hand, imported (`importing.py`) or made of one's own documents (`making/`).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rag.errors import EvaluationError
from rag.types import Document

SEEDS = Path(__file__).parent / "questions" / "seeds.jsonl"

NUGGETLESS = "retrieval"  # the kind that asks for documents, not for an answer
REVIEWS = ("", "new", "accepted", "struck")
OWN_KINDS = frozenset(
    {
        *("fact", "list", "date", "two-source", "metadata", "quote", "yes-no"),
        *("near-miss", "false-premise", "outside", "injection"),
    }
)
# Of public sets, which do not say more.
PUBLIC_KINDS = frozenset(
    {"short", "long", "multi-document", "conflict", NUGGETLESS, "unanswerable"}
)
KINDS = OWN_KINDS | PUBLIC_KINDS


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a document that state a nugget.

    Attributes:
        source: path relative to the corpus root.
        quote: exactly as in the document's text.
    """

    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Nugget:
    """One thing an answer may state.

    Attributes:
        text: what must be said, for people.
        accept: regular expressions searched in the normalised answer, case ignored; any one
            match means that the answer states the nugget.
        required: an answer without it is not right; the others are right additions.
        evidence: every place of the documents that states it; empty where the set marks whole
            documents only.
    """

    text: str
    accept: tuple[str, ...]
    required: bool
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a set.

    Attributes:
        kind: what sort of question it is, one of `KINDS`.
        nuggets: of an answerable question what to say; of an unanswerable one at most what
            corrects its premise, never required.
        reject: regular expressions that make an answer wrong whatever else it states.
        answers: accepted short answers, for exact match and F1.
        sides: where documents disagree, for each value that one gives its accepted spellings.
        gold: sources that hold the answer.
        by_evidence: the set has no short answers: an answer is right if it cites marked evidence,
            whatever its words.
        review: of a made question "new", "accepted" or "struck"; what is struck is not asked.
        why: a few words on why it was struck or what was altered.
    """

    id: str
    text: str
    answerable: bool
    kind: str
    nuggets: tuple[Nugget, ...] = ()
    reject: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    sides: tuple[tuple[str, ...], ...] = ()
    gold: tuple[str, ...] = ()
    by_evidence: bool = False
    review: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the form of a line of a set file."""
        value: dict[str, Any] = {
            "id": self.id,
            "question": self.text,
            "answerable": self.answerable,
            "kind": self.kind,
            "nuggets": [
                {
                    "text": nugget.text,
                    "accept": list(nugget.accept),
                    "required": nugget.required,
                    "evidence": [{"source": e.source, "quote": e.quote} for e in nugget.evidence],
                }
                for nugget in self.nuggets
            ],
        }
        for name in ("reject", "answers", "gold"):
            if getattr(self, name):
                value[name] = list(getattr(self, name))
        if self.sides:
            value["sides"] = [list(side) for side in self.sides]
        for name in ("by_evidence", "review", "why"):
            if getattr(self, name):
                value[name] = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a document's text, in characters, `end` one past the last."""

    source: str
    start: int
    end: int


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of a set, compiled; a set holds more of them than `re` remembers."""
    return re.compile(pattern, re.IGNORECASE)


def load(path: Path = SEEDS, *, struck: bool = False) -> tuple[Question, ...]:
    """Read a question set.

    Args:
        path: of the JSONL file.
        struck: give also the questions that a reader struck out.

    Raises:
        EvaluationError: the file cannot be read, or a line is malformed; the message names
            the line and the field.
    """
    try:
        # Not splitlines(): a question may hold U+2028 and its like, which are no end of a line.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(
            f"{path.name} cannot be read ({error}); give a question set in JSON lines, UTF-8."
        ) from error
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise EvaluationError(
                f"{where}: not JSON ({error.msg}, column {error.colno}); write one question as one "
                "JSON object on one line."
            ) from error
        question = parse(value, where)
        if question.id in seen:
            raise EvaluationError(
                f"{where}: field 'id': {question.id!r} stands on line {seen[question.id]} too; "
                "give each question its own id."
            )
        seen[question.id] = number
        if struck or question.review != "struck":
            questions.append(question)
    if seen and not questions:
        raise EvaluationError(
            f"{path.name}: every question is struck out; accept some with `rag eval review`."
        )
    if not questions:
        raise EvaluationError(f"{path.name} holds no question; write one JSON object a line.")
    return tuple(questions)


def draw(
    questions: Sequence[Question], count: int | None, *, seed: int = 0
) -> tuple[Question, ...]:
    """Return so many questions, drawn without replacement, in the order of the set; all of None."""
    if count is None or count >= len(questions):
        return tuple(questions)
    rows = sorted(random.Random(seed).sample(range(len(questions)), count))  # noqa: S311
    return tuple(questions[row] for row in rows)


def parse(value: Any, where: str) -> Question:
    """Make a question of its JSON form.

    Args:
        value: the parsed line.
        where: named in messages, for example "seeds.jsonl, line 3".

    Raises:
        EvaluationError: a field is missing, unknown or of the wrong kind.
    """
    record = _Fields(value, where, "")
    answerable = record.flag("answerable")
    gold = record.texts("gold")
    nuggets = tuple(
        _nugget(_Fields(item, where, f"nuggets[{i}]."), answerable, bool(gold))
        for i, item in enumerate(record.list("nuggets"))
    )
    question = Question(
        id=record.text("id"),
        text=record.text("question"),
        answerable=answerable,
        kind=record.text("kind"),
        nuggets=nuggets,
        reject=record.patterns("reject", optional=True),
        answers=record.texts("answers"),
        sides=record.sides(),
        gold=gold,
        by_evidence=record.flag("by_evidence", optional=True),
        review=record.text("review", optional=True),
        why=record.text("why", optional=True),
    )
    record.nothing_else()
    if question.kind not in KINDS:
        raise record.wrong("kind", f"is {question.kind!r}; use one of {', '.join(sorted(KINDS))}")
    if question.review not in REVIEWS:
        raise record.wrong("review", f"is {question.review!r}; use new, accepted or struck")
    if question.kind == NUGGETLESS:
        if not gold:
            raise record.wrong("gold", "is empty; name the documents that should be found")
    elif answerable and not any(nugget.required for nugget in nuggets):
        raise record.wrong("nuggets", "requires nothing; mark what a right answer must state")
    return question


def _nugget(record: _Fields, answerable: bool, in_gold: bool) -> Nugget:
    """Make a nugget, refusing what could never count.

    Args:
        record: its fields.
        answerable: its question is.
        in_gold: its question names the documents that hold the answer.
    """
    nugget = Nugget(
        text=record.text("text"),
        accept=record.patterns("accept"),
        required=record.flag("required"),
        evidence=tuple(
            _evidence(_Fields(item, record.where, f"{record.prefix}evidence[{i}]."))
            for i, item in enumerate(record.list("evidence"))
        ),
    )
    record.nothing_else()
    if nugget.required and not answerable:
        raise record.wrong("required", "is true in an unanswerable question; write false")
    if not nugget.accept:
        raise record.wrong("accept", "is empty; give at least one regular expression")
    if not nugget.evidence and not in_gold:
        raise record.wrong(
            "evidence", "is empty; give at least one source and quote, or the question's gold"
        )
    return nugget


def _evidence(record: _Fields) -> Evidence:
    evidence = Evidence(source=record.text("source"), quote=record.text("quote"))
    record.nothing_else()
    return evidence


class _Fields:
    """The fields of one JSON object, taken one by one, with messages that name line and field."""

    def __init__(self, value: Any, where: str, prefix: str) -> None:
        self.where = where
        self.prefix = prefix
        if not isinstance(value, dict):
            name = prefix.rstrip(".") or "the line"
            raise EvaluationError(f"{where}: {name} is not a JSON object; write {{…}}.")
        self._left: dict[str, Any] = dict(value)

    def wrong(self, name: str, problem: str) -> EvaluationError:
        return EvaluationError(f"{self.where}: field '{self.prefix}{name}' {problem}.")

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise self.wrong(name, "is missing; add it")
        return self._left.pop(name)

    def text(self, name: str, *, optional: bool = False) -> str:
        if optional and name not in self._left:
            return ""
        value = self._take(name)
        return self._worded(name, value)

    def texts(self, name: str) -> tuple[str, ...]:
        if name not in self._left:
            return ()
        return tuple(self._worded(f"{name}[{i}]", x) for i, x in enumerate(self.list(name)))

    def sides(self) -> tuple[tuple[str, ...], ...]:
        if "sides" not in self._left:
            return ()
        found = []
        for i, side in enumerate(self.list("sides")):
            if not isinstance(side, list) or not side:
                raise self.wrong(f"sides[{i}]", 'is not a list of spellings; write ["…"]')
            found.append(tuple(self._worded(f"sides[{i}][{j}]", x) for j, x in enumerate(side)))
        return tuple(found)

    def _worded(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "is not a text with words; write a JSON string")
        return value

    def flag(self, name: str, *, optional: bool = False) -> bool:
        if optional and name not in self._left:
            return False
        value = self._take(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false; write one of them")
        return value

    def list(self, name: str) -> list[Any]:
        value = self._take(name)
        if not isinstance(value, list):
            raise self.wrong(name, "is not a list; write […]")
        return value

    def patterns(self, name: str, *, optional: bool = False) -> tuple[str, ...]:
        if optional and name not in self._left:
            return ()
        patterns = []
        for i, item in enumerate(self.list(name)):
            if not isinstance(item, str):
                raise self.wrong(f"{name}[{i}]", "is not a text; write a regular expression")
            try:
                compiled(item)
            except re.error as error:
                raise self.wrong(
                    f"{name}[{i}]", f"is not a regular expression ({error}); correct it"
                ) from error
            patterns.append(item)
        return tuple(patterns)

    def nothing_else(self) -> None:
        if self._left:
            name = min(self._left)
            raise self.wrong(name, "is unknown; remove it or correct its name")


def texts_by_source(documents: Iterable[Document]) -> dict[str, str]:
    """Return the canonical text of each document by every path it was found under."""
    texts: dict[str, str] = {}
    for document in documents:
        for source in (document.source, *document.also):
            texts[source] = document.text
    return texts


def spans(question: Question, texts: Mapping[str, str]) -> tuple[tuple[Span, ...], ...]:
    """Find the evidence of each nugget of a question in the documents, every time it stands there.

    Args:
        question: whose evidence is looked for.
        texts: canonical text by source.

    Returns:
        For each nugget, in order, where its evidence stands; of a nugget without evidence every
        place in the question's gold documents that matches its expressions.

    Raises:
        EvaluationError: a document is not there, or does not hold the quote.
    """
    for source in question.gold:
        if source not in texts:
            raise _not_there(question.id, source)
    return tuple(
        tuple(span for evidence in nugget.evidence for span in _find(question.id, evidence, texts))
        if nugget.evidence
        else tuple(
            Span(source, match.start(), match.end())
            for source in question.gold
            for pattern in nugget.accept
            for match in compiled(pattern).finditer(texts[source])
            if match[0]
        )
        for nugget in question.nuggets
    )


def _not_there(question_id: str, source: str) -> EvaluationError:
    return EvaluationError(
        f"question {question_id}: its evidence is in {source}, which the index does not hold; "
        "index the documents this set was written for."
    )


def _find(question_id: str, evidence: Evidence, texts: Mapping[str, str]) -> list[Span]:
    source, quote = evidence.source, evidence.quote
    if source not in texts:
        raise _not_there(question_id, source)
    text = texts[source]
    found = [
        Span(source, match.start(), match.end()) for match in re.finditer(re.escape(quote), text)
    ]
    if not found:
        raise EvaluationError(
            f"question {question_id}: {source} does not say “{quote[:80]}”; correct the quote, or "
            "index the documents this set was written for."
        )
    return found
