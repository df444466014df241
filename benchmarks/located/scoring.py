"""Citations held against a second reading of their files, and against the places expected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from benchmarks.documents import FOLDER
from benchmarks.located.asking import digest
from benchmarks.located.second import (
    JOINT,
    NotReadTwiceError,
    Stretch,
    letters,
    stated,
    stretches,
)
from benchmarks.runs import Row, plain_words, share

RUN = 3  # words in a row that have to stand together
LEAST_FOUND = 0.75  # of a quote's runs: PDFium may put a raised sign elsewhere, or part a word
_AT_AN_EDGE = 2  # runs, where a quote goes on over the edge of a page, a row or a slide
_SURE = 12  # letters and digits in one go: fewer may stand inside other words
_LONGEST_VALUE = 12  # words
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:]+)?")
_COLUMNS = (
    "kind",
    "questions",
    "answered",
    "with the expected value",
    "citations",
    "that resolve",
    "place right, read a second time",
    "told only the file",
    "at the expected place",
)
Place = Literal["right", "wrong", "not read twice"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a second look at a citation came to.

    Attributes:
        resolves: its words stand at its offsets in the file as `rag` reads it.
        place: whether they stand where it says in the file as other libraries read it.
        told: it tells a place finer than the file, or is a fact that the file states of itself.
        expected: source and place are among those that answer the question.
        reason: why the place is not right.
    """

    resolves: bool
    place: Place
    told: bool
    expected: bool
    reason: str = ""


def look(citation: Row, accepted: Sequence[Row], folder: Path = FOLDER) -> Look:
    """Look a citation up.

    Args:
        citation: as a run keeps it.
        accepted: the places that answer its question.
        folder: of the documents.
    """
    try:
        reason = misplaced(citation, folder)
        place: Place = "wrong" if reason else "right"
    except NotReadTwiceError as error:
        place, reason = "not read twice", str(error)
    return Look(
        resolves=citation["resolves"],
        place=place,
        told=bool(citation["places"] or citation["in_header"]),
        expected=any(is_at(citation, each) for each in accepted),
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """Some text to look words up in.

    Attributes:
        letters: all of it, as `letters`.
        words: the single words, as `letters`.
    """

    letters: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Heard:
        """Return a text as it is looked up in."""
        return cls(letters(text), frozenset(map(letters, text.split())))

    def has(self, run: str, words: int) -> bool:
        """Tell whether a run of so many words stands in it; a single one as a word of its own."""
        return run in self.letters if words > 1 else run in self.words


class Reading:
    """A file read a second time, with what has been asked of it.

    Args:
        every: its stretches, in order.
    """

    def __init__(self, every: Sequence[Stretch]) -> None:
        self.every = every
        self._heard: dict[tuple[int, ...], Heard] = {}

    def holding(self, kind: str, value: str) -> tuple[int, ...]:
        """Return which stretches stand at a place; of a path all headings have to be open there."""
        wanted = {letters(part) for part in value.split(JOINT)}
        places = (each.places.get(kind, frozenset()) for each in self.every)
        return tuple(i for i, found in enumerate(places) if wanted <= found)

    def heard(self, some: Iterable[int]) -> Heard:
        """Return the text of some stretches, to look words up in."""
        which = tuple(some)
        if which not in self._heard:
            self._heard[which] = Heard.of("".join(f"{self.every[i].text}\n" for i in which))
        return self._heard[which]


@cache
def _reading(path: Path, inside: str) -> Reading:
    return Reading(stretches(path, inside))


def misplaced(citation: Row, folder: Path) -> str:
    """Return why a quote does not stand where its citation says, "" where it does.

    Every place that is told is looked up: its words must stand in the stretches of that place,
    and where it reaches from one to another it must begin in the one and end in the other.

    Raises:
        NotReadTwiceError: there is no second reader for the file.
    """
    path, inside, quote = folder / citation["source"], citation["inside"], citation["quote"]
    if citation["in_header"]:
        return _not_stated(quote, stated(path, inside))
    reading = _reading(path, inside)
    if not citation["places"]:
        whole = reading.heard(range(len(reading.every)))
        return "" if stands(quote, whole) else "its words do not stand in the file"
    reasons = (_misplaced(quote, place, reading) for place in citation["places"])
    return "; ".join(filter(None, reasons))


def _misplaced(quote: str, place: Row, reading: Reading) -> str:
    kind, value, last = place["kind"], place["value"], place["last"] or place["value"]
    told = f"{kind} {value}" + (f" to {last}" if last != value else "")
    first_ones, last_ones = (reading.holding(kind, each) for each in (value, last))
    if not first_ones or not last_ones:
        return f"there is no {told}"
    names = frozenset[str]().union(*(reading.every[i].names for i in (*first_ones, *last_ones)))
    quote = _without_names(quote, names) if names else quote
    if value == last:
        return "" if stands(quote, reading.heard(first_ones)) else f"not in {told}"
    between = reading.heard(range(min(first_ones), max(last_ones) + 1))
    if not stands(quote, between, at_edges=_AT_AN_EDGE):
        return f"not in {told}"
    words = list(filter(None, map(letters, quote.split())))
    begins, ends = reading.heard(first_ones), reading.heard(last_ones)
    # A last line may hold nothing but a bracket.
    fits = words[0] in begins.words and (words[-1] in ends.words or not ends.letters)
    return "" if fits else f"does not begin and end in {told}"


def _without_names(quote: str, names: frozenset[str]) -> str:
    """Return a row without the names of its columns that stand before its values."""
    cells = re.split(r"; |\n", quote)
    parted = [cell.partition(": ") for cell in cells]
    return " | ".join(
        value if colon and letters(name) in names else f"{name}{colon}{value}"
        for name, colon, value in parted
    )


def runs(quote: str) -> list[list[str]]:
    """Return the runs of words of a quote, as `letters`; one never goes on into another cell."""
    found = []
    for piece in re.split(r"[|\n]", quote):
        words = [word for word in map(letters, piece.split()) if word]
        starts = range(max(1, len(words) - RUN + 1)) if words else ()
        found += [words[i : i + RUN] for i in starts]
    return found


def stands(quote: str, text: Heard, *, at_edges: int = 0) -> bool:
    """Tell whether the words of a quote stand in a text, in runs, whatever stands between them.

    Args:
        quote: its words.
        text: where they are looked for.
        at_edges: so many runs more may be missing.
    """
    wanted = runs(quote)
    if len(letters(quote)) > _SURE and letters(quote) in text.letters:
        return True
    missing = sum(not text.has("".join(run), len(run)) for run in wanted)
    return missing < len(wanted) and missing <= (1 - LEAST_FOUND) * len(wanted) + at_edges


def _not_stated(quote: str, known: str) -> str:
    """Return which fact of a header a file does not state of itself, "" where it states all."""
    for line in filter(None, quote.split("\n")):
        label, _, value = line.partition(": ")
        value = value or label
        found = letters(value) in letters(known)
        if not found and _DATE.match(value):
            digits = re.sub(r"\D", "", value)[:14]
            found = any(digits in re.sub(r"\D", "", each) for each in known.split("\n"))
        if not found:
            return f"{label} is not stated so in the file"
    return ""


def is_at(citation: Row, accepted: Row) -> bool:
    """Tell whether a citation points to a place that answers the question.

    Args:
        citation: as a run keeps it.
        accepted: the source, and for each kind of place the values; a page or row may be one of
            those that a citation reaches over, of a path of headings the last one counts. "stated"
            names facts of the header.
    """
    if citation["source"] != accepted["source"]:
        return False
    told = {place["kind"]: place for place in citation["places"]}
    for kind, values in accepted.items():
        if kind == "stated":
            labels = {line.partition(":")[0] for line in citation["quote"].split("\n")}
            if not citation["in_header"] or not labels & set(values):
                return False
        elif kind != "source" and not any(_reaches(told.get(kind), value) for value in values):
            return False
    return True


def _reaches(place: Mapping[str, str] | None, value: str) -> bool:
    if place is None:
        return False
    ends = [place["value"], place["last"] or place["value"]]
    if value.isdecimal() and all(end.isdecimal() for end in ends):
        return int(ends[0]) <= int(value) <= int(ends[1])
    return letters(value) in (letters(end.split(JOINT)[-1]) for end in ends)


def holds_value(text: str, digests: Sequence[str]) -> bool:
    """Tell whether some words of a text are those of which a digest is kept."""
    words = plain_words(text).split()
    wanted = set(digests)
    return any(
        digest(" ".join(words[i : i + length])) in wanted
        for length in range(1, _LONGEST_VALUE + 1)
        for i in range(len(words) - length + 1)
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """A question with what came of it.

    Attributes:
        right: the answer holds the expected value; None where none is kept or it was refused.
    """

    question: dict[str, Any]
    answer: dict[str, Any]
    looks: list[Look]
    right: bool | None


def scored(
    questions: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], folder: Path = FOLDER
) -> list[Scored]:
    """Look up every citation of the questions that were asked."""
    asked = {row["id"]: row for row in rows}
    return [
        _scored(question, asked[question["id"]], folder)
        for question in questions
        if question["id"] in asked
    ]


def _scored(question: dict[str, Any], row: dict[str, Any], folder: Path) -> Scored:
    digests = question.get("value_sha256", ())
    return Scored(
        question,
        row,
        [look(citation, question["accepted"], folder) for citation in row["citations"]],
        holds_value(row["text"], digests) if digests and not row["abstained"] else None,
    )


def figures(every: Sequence[Scored]) -> dict[str, int]:
    """Return the counts of some questions."""
    looks = [each for question in every for each in question.looks]
    values = [each.right for each in every if each.right is not None]
    return {
        "questions": len(every),
        "answered": sum(not each.answer["abstained"] for each in every),
        "refused": sum(each.answer["abstained"] for each in every),
        "values": len(values),
        "values right": sum(values),
        "citations": len(looks),
        "resolve": sum(each.resolves for each in looks),
        "read twice": sum(each.place != "not read twice" for each in looks),
        "place right": sum(each.place == "right" for each in looks),
        "told only the file": sum(not each.told for each in looks),
        "expected": sum(each.expected for each in looks),
    }


def by_kind(every: Sequence[Scored]) -> dict[str, dict[str, int]]:
    """Return the counts of each kind of place and of all."""
    kinds = dict.fromkeys(each.question["kind"] for each in every)
    counts = {k: figures([e for e in every if e.question["kind"] == k]) for k in kinds}
    return {**counts, "all": figures(every)}


def table(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return the counts as a table in Markdown, with Wilson's 95 % intervals of all."""
    lines = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    for kind, of in counts.items():
        tell = share if kind == "all" else _plain_share
        cells = [
            kind,
            str(of["questions"]),
            str(of["answered"]),
            tell(of["values right"], of["values"]),
            str(of["citations"]),
            str(of["resolve"]),
            tell(of["place right"], of["read twice"]),
            str(of["told only the file"]),
            tell(of["expected"], of["citations"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _plain_share(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else "–"
