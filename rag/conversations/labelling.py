"""Judged answers -> a question set for `rag eval`, for what readers say is what should be held to.

What is known is asked: an answer found good must cite its words again, and what readers say is not
in the documents must be refused. What is only known to be bad is kept struck out, with the reader's
reason, for a person to look at with `rag eval review`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.conversations.values import Feedback, Reason, Thumb, Turn
from rag.errors import EvaluationError
from rag.evaluate.sets import Evidence, Nugget, Question
from rag.types import Statement

ANY = r"(?s)."  # the words do not count, the citing does
OTHER_COLLECTION = "asked of other documents"
AGAIN = "judged again later"
GONE = "its words do not stand in the documents any more"
NOTHING = "nothing in it could be marked"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came of the judged answers.

    Attributes:
        questions: of the set, by when they were judged.
        left_out: how many answers are not in it, by reason.
    """

    questions: tuple[Question, ...]
    left_out: Mapping[str, int]

    @property
    def to_review(self) -> int:
        """How many are struck out until a person has looked at them."""
        return sum(question.review == "struck" for question in self.questions)


def labelled(
    turns: Iterable[Turn], index: str = "", texts: Mapping[str, str] | None = None
) -> Labelled:
    """Return the question set that judged answers make.

    Args:
        turns: those that were judged, oldest judgement first.
        index: only those asked of this one, by its name or path; "" where all are of one.
        texts: of its documents by source, to see that what is marked still stands there.

    Raises:
        EvaluationError: nothing was judged, or answers from several collections were and none is
            chosen.
    """
    judged = [turn for turn in turns if turn.feedback is not None]
    chosen = [turn for turn in judged if not index or _is_of(turn, index)]
    left_out = Counter({OTHER_COLLECTION: len(judged) - len(chosen)})
    if not chosen:
        raise EvaluationError(
            "No answer from these documents was judged yet; give some a thumb on the page first."
        )
    names = sorted({turn.collection for turn in chosen})
    if len(names) > 1 and not index:
        raise EvaluationError(
            f"Answers from several collections were judged: {', '.join(names)}. Choose one with "
            "--index."
        )
    latest = {" ".join(turn.asked.split()): turn for turn in chosen}
    left_out[AGAIN] = len(chosen) - len(latest)
    questions = []
    for turn in latest.values():
        made = _question(turn)
        if made is not None and texts is not None and made.nuggets:
            made = _still(made, texts)
            left_out[GONE] += made is None
        elif made is None:
            left_out[NOTHING] += 1
        if made is not None:
            questions.append(made)
    return Labelled(tuple(questions), {why: count for why, count in left_out.items() if count})


def _is_of(turn: Turn, index: str) -> bool:
    return turn.collection in (index, Path(index).name)


def _question(turn: Turn) -> Question | None:
    """Return the question that a judged turn makes, None where nothing can be marked."""
    feedback = turn.feedback
    assert feedback is not None, "only judged turns are given"
    plain = Question(
        id=turn.id[:12],
        text=" ".join(turn.asked.split()),
        answerable=False,
        kind="unanswerable",
        review="new",
        why=_why(feedback),
    )
    abstained = turn.answer is not None and turn.answer.abstained
    up = feedback.thumb is Thumb.UP
    if feedback.reason is Reason.NOT_IN_DOCUMENTS and not up:
        return plain
    if abstained and up:
        return plain
    statements = turn.answer.statements if turn.answer else turn.proven
    nuggets = _closest(turn) if abstained else _nuggets(statements)
    if not nuggets:
        return None
    sources = {evidence.source for nugget in nuggets for evidence in nugget.evidence}
    return replace(
        plain,
        answerable=True,
        kind="long" if len(sources) == 1 else "multi-document",
        nuggets=nuggets,
        by_evidence=True,
        review="new" if up else "struck",
    )


def _nuggets(statements: Sequence[Statement]) -> tuple[Nugget, ...]:
    """Return what was said, each with the words it cites."""
    return tuple(
        Nugget(
            text=statement.text,
            accept=(ANY,),
            required=True,
            evidence=tuple(dict.fromkeys(Evidence(c.source, c.quote) for c in statement.citations)),
        )
        for statement in statements
        if statement.citations
    )


def _closest(turn: Turn) -> tuple[Nugget, ...]:
    """Return the passages nearest to a question that was refused, as where its answer may stand."""
    assert turn.answer is not None, "it was refused"
    evidence = tuple(
        dict.fromkeys(
            Evidence(hit.document.source, hit.passage.text) for hit in turn.answer.closest
        )
    )
    text = "The answer, in one of the passages that came closest."
    return (Nugget(text, (ANY,), True, evidence),) if evidence else ()


def _still(question: Question, texts: Mapping[str, str]) -> Question | None:
    """Return a question with what still stands in the documents, None where nothing does."""
    nuggets = []
    for nugget in question.nuggets:
        standing = tuple(e for e in nugget.evidence if e.quote in texts.get(e.source, ""))
        if standing:
            nuggets.append(replace(nugget, evidence=standing))
    return replace(question, nuggets=tuple(nuggets)) if nuggets else None


def _why(feedback: Feedback) -> str:
    """Return what the reader said, in a few words."""
    said = " ".join(feedback.words.split())[:300]
    told = f"thumb {feedback.thumb}" + (f", {feedback.reason}" if feedback.reason else "")
    return f"{told}: {said}" if said else told
