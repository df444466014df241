"""Whom and what a conversation has named; pure, English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.followups.turns import Earlier
from rag.followups.words import names_in, tokens

_TITLES = frozenset(
    "mr mrs ms miss dr prof professor sir president mayor chief governor minister senator judge "
    "justice director captain general colonel councillor king queen prince princess lord lady pope "
    "saint chancellor officer librarian".split()
)
# A name with one of these is no person's.
_NO_PERSON = frozenset(
    """tower media post council university bank group cup pole lane bridge street museum party
    union times news act river sea lake mount mountain island islands city town county state states
    company corp inc ltd plc institute college school church library hall court club league
    association society foundation agency office department ministry congress parliament house
    senate board committee press journal review world national international system systems
    service services technologies technology labs energy power air airlines railway railways motors
    bridge building centre center park square war battle treaty prize award festival north south
    east west new great united republic kingdom ocean bay cape fort castle palace road avenue
    station airport hotel hospital theatre theater cathedral police army navy force union project
    programme program plan policy report data software cloud games olympics championship""".split()
)


@dataclass(frozen=True, slots=True)
class People:
    """Persons that were named, those of the last turn first."""

    names: tuple[str, ...] = ()

    @property
    def only(self) -> str:
        """The one, where only one was named."""
        return self.names[0] if len(self.names) == 1 else ""

    @property
    def nearest(self) -> str:
        """The one named last, "" where none was."""
        return self.names[0] if self.names else ""


def people(earlier: Sequence[Earlier]) -> People:
    """Return the persons that were named, by names of two words or more.

    A name of one word may be anything's ("Microsoft"), so that is left to who understands it.
    """
    known = [name for turn in earlier for name in names_in(turn.asked)]
    found = list[str]()
    for turn in reversed(earlier):
        for text in (turn.asked, *turn.statements):
            for name in names_in(text, known):
                if _is_person(name):
                    _add(found, name)
    return People(tuple(found))


def said_of(earlier: Sequence[Earlier]) -> str:
    """Return what the last question is about: a name that is no person's, else a thing.

    Of things that is the longest "the …" that question and answer share, else what the question
    ends with.
    """
    turn = earlier[-1]
    asked = turn.asked
    names = [name for name in names_in(asked) if not _is_person(name)]
    if names:
        return (
            f"the {names[0]}" if re.search(rf"\bthe\s+{re.escape(names[0])}", asked) else names[0]
        )
    shared = [run for said in turn.statements for run in _shared(asked, said)]
    if shared:
        return max(shared, key=len)
    match = re.search(r"\b(?:the|an?)\s+[a-z]+(?:\s+[a-z]+)?(?=\s*\?)", asked)
    if match is None:
        match = re.match(
            r"(?:what|how|where|why)\s+(?:is|are|do|does)\s+(?P<what>[a-z]+)", asked, re.I
        )
    if match is None:
        return ""
    return re.sub(r"^an?\s", "the ", match.groupdict().get("what") or match[0])


def _shared(asked: str, said: str) -> list[str]:
    """Return the runs of words that begin with "the" and stand in question and answer."""
    words, text = tokens(asked), " ".join(t.lower for t in tokens(said))
    found = list[str]()
    for first, token in enumerate(words):
        if token.lower != "the":
            continue
        for last in range(len(words) - 1, first, -1):
            run = " ".join(t.lower for t in words[first : last + 1])
            if words[last].content and f" {run} " in f" {text} ":
                found.append(run)
                break
    return found


def _is_person(name: str) -> bool:
    words = name.split()
    if not all(re.fullmatch(r"[^\W\d_][^\W\d_.'-]*(?:[.'-][^\W\d_]*)*", word) for word in words):
        return False
    lower = {word.lower().strip(".") for word in words}
    if lower & _NO_PERSON:
        return False
    return 2 <= len(words) <= 4 and not any(word.isupper() and len(word) > 2 for word in words)


def _add(names: list[str], name: str) -> None:
    """Add a name unless it is one that is known, or a part of one."""
    parts = {part.lower() for part in name.split()} - _TITLES
    for place, other in enumerate(names):
        known = {part.lower() for part in other.split()} - _TITLES
        if parts <= known:
            return
        if known <= parts:
            names[place] = name
            return
    names.append(name)
