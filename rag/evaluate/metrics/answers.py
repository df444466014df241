"""What an answer says: nuggets, short answers, words."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.evaluate.sets import Nugget, Span, compiled
from rag.types import Statement

_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True)
class Gold:
    """A nugget and where its evidence stands in the documents."""

    nugget: Nugget
    spans: tuple[Span, ...]


def normalise(text: str) -> str:
    """Return text in the form nuggets are matched on.

    NFKC; curly quotes and apostrophes straight, all dashes "-", runs of white space one space.
    """
    straight = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    return " ".join(straight.split())


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(compiled(pattern).search(text) for pattern in patterns)


def states(text: str, nugget: Nugget) -> bool:
    """Say whether a text states a nugget: one of its patterns matches the normalised text."""
    return _matches(nugget.accept, normalise(text))


def stated(statements: Sequence[Statement], nugget: Nugget) -> bool:
    """Say whether an answer states a nugget, in one statement or across all of them together."""
    texts = [statement.text for statement in statements]
    return any(states(text, nugget) for text in [*texts, " ".join(texts)])


def answer_right(
    statements: Sequence[Statement], gold: Sequence[Gold], reject: Sequence[str] = ()
) -> bool:
    """Say whether an answer is right: it states every required nugget and nothing rejected.

    An abstention has no statements and is therefore never right. Only for answerable questions,
    which have a required nugget.
    """
    if any(_matches(reject, normalise(statement.text)) for statement in statements):
        return False
    return all(stated(statements, mark.nugget) for mark in gold if mark.nugget.required)


def premise_corrected(statements: Sequence[Statement], gold: Sequence[Gold]) -> bool:
    """Say whether every statement shown for an unanswerable question corrects its premise."""
    return bool(statements) and all(
        any(states(statement.text, mark.nugget) for mark in gold) for statement in statements
    )


def nuggets_stated(statements: Sequence[Statement], gold: Sequence[Gold]) -> tuple[int, int]:
    """Count nugget recall whatever is cited: required nuggets stated, and all required."""
    required = [mark for mark in gold if mark.nugget.required]
    return sum(stated(statements, mark.nugget) for mark in required), len(required)


def exact_match(text: str, answers: Sequence[str]) -> bool:
    """Tell whether a text is one of the accepted short answers, as SQuAD compares them.

    Case, punctuation, the articles "a", "an", "the" and white space do not count (P. Rajpurkar et
    al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016). Whole
    sentences seldom match; `holds_answer` is the same of a part of the text.
    """
    said = squad_words(text)
    return any(said == squad_words(answer) for answer in answers)


def holds_answer(text: str, answers: Sequence[str]) -> bool:
    """Tell whether one of the accepted short answers stands in a text, word for word.

    Compared as in `exact_match`; the accuracy by which open question answering is measured where
    whole sentences are written (A. Mallen et al., "When Not to Trust Language Models", ACL 2023).
    """
    said = f" {' '.join(squad_words(text))} "
    found = (" ".join(squad_words(answer)) for answer in answers)
    return any(words and f" {words} " in said for words in found)


def token_f1(text: str, answers: Sequence[str]) -> float:
    """Return the best F1, 0 to 1, of the words of a text against an accepted short answer.

    Words as in `exact_match`, counted as often as they stand (Rajpurkar et al., 2016). A whole
    sentence around a right answer has many words more, so that it scores below 1.
    """
    return max((_f1(squad_words(text), squad_words(answer)) for answer in answers), default=0.0)


def squad_words(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation and articles."""
    plain = text.lower().translate(_PUNCTUATION)
    return _ARTICLES.sub(" ", plain).split()


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    same = sum((Counter(said) & Counter(wanted)).values())
    return 2 * same / (len(said) + len(wanted))


def sides_shown(
    texts: Sequence[str], sides: Sequence[Sequence[str]], held: Sequence[bool]
) -> tuple[int, int]:
    """Count the sides of a conflict that an answer shows: (shown, held by what was read).

    A side is shown where one of its spellings stands in a statement, compared as in
    `holds_answer`.

    Args:
        texts: the shown statements.
        sides: accepted spellings of each.
        held: for each side whether a passage that was read gives it; another cannot be shown.
    """
    given = [side for side, there in zip(sides, held, strict=True) if there]
    return sum(any(holds_answer(text, side) for text in texts) for side in given), len(given)
