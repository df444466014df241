"""Questions the documents answer -> questions they do not: one thing altered, and the check.

A name is changed for another one of its sort that never stands where the rest is spoken of, or for
one that does not exist; a number or date for another; the premise is turned round. What is altered
is looked for in the documents: a near miss counts only where it stands nowhere with most of what
else is asked for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.evaluate.making.names import invented, named, names, same_shape, sort_of
from rag.passages import heading
from rag.prove.rarity import match, match_name
from rag.prove.words import UNITS, Reading, is_light, read
from rag.types import Hit

if TYPE_CHECKING:
    from rag.prove import Rarity

TOGETHER = 0.5  # share of what else is asked for, from which a passage speaks of it
# Calibrated log-odds, seven in eight, above which the model strongly takes a passage to answer.
STRONG = 2.0
NEAR_MISS, FALSE_PREMISE = "near-miss", "false-premise"

_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b(?![.,]\d|\s*%)")
_DIGITS = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})*(?:\.\d+)?(?![\w.,-]*\d)(?!\w)")
_WORDED = [word for word, value in UNITS.items() if 2 <= value <= 20 and word.isalpha()]
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(_WORDED)})\b")
_SPELLED = {
    int(value): word for word, value in UNITS.items() if word not in ("dozen", "twice", "pair")
}
# Words that are taken by the same words after them, so that the question stays good English.
_TURNED = """first last, largest smallest, biggest smallest, highest lowest, longest shortest,
    oldest youngest, increase decrease, increased decreased, rise fall, rose fell, rising falling,
    gain loss, gained lost, won lost, win lose, praised condemned, praise condemn, applauded
    condemned, applaud condemn, supported opposed, support oppose, supports opposes, accepted
    rejected, accept reject, approved rejected, approve reject, opened closed, open close, hired
    dismissed, banned welcomed, raised lowered, raise lower, bought sold, buy sell, expanded shrank,
    strengthen weaken, strengthened weakened, more fewer, best worst, earned wasted, earn waste,
    succeeded failed, won lost, northern southern, eastern western, safe unsafe, legal illegal"""
_TURNS = {
    one: other
    for pair in _TURNED.split(",")
    for one, other in (pair.split(), tuple(reversed(pair.split())))
}
_DID = re.compile(
    r"^(?i:when|where|why|on (?:what|which) (?:date|day)|in (?:what|which) (?:year|month|city|"
    r"country|town))\b[^?]*?\b(?:did|does|do|will|would)\s+"
    r"(?:the\s+)?[A-Z][\w.&'’-]*(?:\s+(?:of\s+|and\s+)?[A-Z][\w.&'’-]*)*\s+(?P<verb>[a-z]+\b)"
)
_NO = re.compile(
    r"\bnot\b|n['’]t\b|\bno\b|\bnever\b|\brefus|\bdeclin|\bdeni|\bwithout\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Altered:
    """A question with one thing altered.

    Attributes:
        kind: `NEAR_MISS`, or `FALSE_PREMISE` where it supposes what the documents state otherwise.
        what: "name", "number", "date" or "premise".
        removed: the words that stood there.
        put: those that stand there now.
    """

    text: str
    kind: str
    what: str
    removed: str
    put: str

    @property
    def why(self) -> str:
        """What was altered, for people."""
        return f"{self.what}: “{self.removed}” was altered to “{self.put}”"


def altered(
    question: str, rng: random.Random, passages: Sequence[str], evidence: str
) -> list[Altered]:
    """Return what may be made of a question by altering one thing, each kind at most twice.

    Args:
        question: that the documents answer.
        rng: picks what is altered, and to what.
        passages: texts that other names are taken from.
        evidence: the sentence that answers it.
    """
    return [
        *altered_names(question, rng, passages),
        *_some(altered_number(question, rng)),
        *_some(altered_date(question, rng)),
        *_some(reversed_premise(question, evidence)),
    ]


def _some(found: Altered | None) -> list[Altered]:
    return [found] if found else []


def altered_number(question: str, rng: random.Random) -> Altered | None:
    """Change a number of a question, in the form it is written in; None where it has none."""
    dated = _YEAR.sub(lambda m: "x" * len(m[0]), question)
    dated = re.sub(
        rf"{_MONTH.pattern} \d{{1,2}}\b|\b\d{{1,2}} {_MONTH.pattern}",
        lambda m: "x" * len(m[0]),
        dated,
    )
    found = [*_DIGITS.finditer(dated), *_WORD_NUMBER.finditer(dated)]
    if not found:
        return None
    one = rng.choice(found)
    if one[0] in UNITS:
        value = int(UNITS[one[0]])
        put = _SPELLED[rng.choice([n for n in range(2, 21) if n != value])]
    else:
        number = float(one[0].replace(",", ""))
        changed = max(2.0, number + rng.choice([-1, 1]) * rng.choice([3, 7, 13]) * _step(number))
        changed = number + 5 * _step(number) if changed == number else changed
        put = f"{changed:,.0f}" if "," in one[0] else f"{round(changed, 2):g}"
    return _put(question, one, put, FALSE_PREMISE, "number")


def _step(number: float) -> float:
    """Return how far a number is moved: about a tenth, as round as it is."""
    step = 1.0
    while number >= 200 * step and number % (10 * step) == 0:
        step *= 10
    return step if number == int(number) else 0.1


def altered_date(question: str, rng: random.Random) -> Altered | None:
    """Change a year or month of a question; None where it has none."""
    found = [*_YEAR.finditer(question), *re.finditer(rf"{_MONTH.pattern}(?= \d)", question)]
    if not found:
        return None
    one = rng.choice(found)
    if one[0] in _MONTHS:
        put = _MONTHS[(_MONTHS.index(one[0]) + rng.randint(2, 10)) % 12]
    else:
        put = str(int(one[0]) + rng.choice([-7, -4, -3, -2, 2, 3, 4, 7]))
    return _put(question, one, put, FALSE_PREMISE, "date")


def altered_names(question: str, rng: random.Random, passages: Sequence[str]) -> list[Altered]:
    """Change a name of a question for others of its sort, then for one that does not exist.

    Args:
        question: that the documents answer.
        rng: picks.
        passages: where other names are taken from.
    """
    here = names(question)
    if not here:
        return []
    name = rng.choice(here)
    sort = sort_of(name, passages)
    found = re.search(rf"\b{re.escape(name)}\b", question)
    assert found is not None, "it was found there"
    known = sorted(
        {
            other
            for text in passages
            for start, other in named(text)
            if not text[:start].lower().endswith("the ")
        }
    )
    rng.shuffle(known)
    others = [
        other
        for other in known
        if same_shape(name, other)
        and not set(_stems(other)) & set(_stems(question))
        and sort_of(other, passages) == sort
    ][:6]
    every = read(" ".join(passages)).stems
    coined = [invented(name, sort, rng.randrange(1000)) for _ in range(4)]
    unknown = [each for each in coined if not set(_stems(each)) <= every][:1]
    return [_put(question, found, other, NEAR_MISS, "name") for other in [*others, *unknown]]


def reversed_premise(question: str, evidence: str) -> Altered | None:
    """Turn round what a question supposes: "praised" to "condemned", "did sell" to "refuse to".

    None where no word can be turned, or where something is denied, which would make it true.
    """
    for word in re.finditer(r"[a-z]+", question):
        if word[0] in _TURNS and not _NO.search(question):
            return _put(question, word, _TURNS[word[0]], FALSE_PREMISE, "premise")
    did = _DID.match(question)
    if did and not (_NO.search(question) or _NO.search(evidence)):
        start = did.start("verb")
        text = f"{question[:start]}refuse to {question[start:]}"
        return Altered(text, FALSE_PREMISE, "premise", did["verb"], f"refuse to {did['verb']}")
    return None


def _put(question: str, found: re.Match[str], put: str, kind: str, what: str) -> Altered:
    text = question[: found.start()] + put + question[found.end() :]
    if what == "name":  # every time it stands there
        text = re.sub(rf"\b{re.escape(found[0])}\b", put, question)
    return Altered(text, kind, what, found[0], put)


def _stems(text: str) -> list[str]:
    return [word.stem for word in read(text).words]


def absent(change: Altered, hits: Sequence[Hit], rarity: Rarity) -> bool:
    """Tell whether no passage has what was put in together with most of the rest.

    By exact facts: the new number or date must not stand in a passage that speaks of the rest, the
    new name not even by one of its words. A turned premise must not stand in one sentence with it.

    Args:
        change: an altered question.
        hits: passages to look into: those found for it and those that have what was put in.
        rarity: weights of words in the index.
    """
    put = read(change.put)
    own = {word.stem for word in put.words}
    rest = {
        word.stem: rarity.weight(word.stem)
        for word in read(change.text).words
        if word.stem not in own and not is_light(word.stem)
    }
    for hit in hits:
        around = heading(hit.document)
        if change.what == "premise":
            texts = [sentence.text for sentence in hit.passage.sentences]
        else:
            texts = [f"{around}\n{hit.passage.text}"]
        for text in texts:
            said = read(text)
            if _has(put, said, change.what) and _share(rest, said) >= TOGETHER:
                return False
    return True


def _has(put: Reading, said: Reading, what: str) -> bool:
    if what == "name":
        return any(match_name(word.stem, said.stems) for word in put.words)
    if what == "number":
        values = {value for value, _ in said.numbers}
        return any(value in values for value, _ in put.numbers)
    if what == "date":
        return any(
            (one.year and one.year == other.year) or (not one.year and one.month == other.month)
            for one in put.dates
            for other in said.dates
        )
    return all(match(word.stem, said.stems) for word in put.words)


def _share(rest: dict[str, float], said: Reading) -> float:
    """Return how much of what else is asked for a text has, by weight, 0 to 1."""
    whole = sum(rest.values())
    return sum(w for stem, w in rest.items() if match(stem, said.stems)) / whole if whole else 1.0
