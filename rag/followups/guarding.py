"""Nothing comes into a question that nobody said, and nothing that was asked is lost; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.followups.leaning import Lean, leans, without_opener
from rag.followups.naming import people
from rag.followups.turns import Earlier
from rag.followups.words import AUX, PERSONS, WH, tokens
from rag.prove.words import Date, Reading, is_light, read, stem

# A question may be put with these whatever was said.
_FRAMES = frozenset(
    stem(word)
    for word in "year date day time place reason happen much many long often far cost do does did "
    "take name kind amount person people thing perform "
    "participate carry conduct happen occur exist".split()
)
_STOPS = stem("stop")  # what is "no longer" done has been stopped
_MOST_WORDS = 60


def faults(question: str, found: Sequence[Lean], rewritten: str, earlier: Sequence[Earlier]) -> str:
    """Return why a question written anew may not be asked in place of another; "" if it may.

    Args:
        question: as typed.
        found: what it leans on.
        rewritten: what is to be asked in its place.
        earlier: the turns before it.
    """
    if not rewritten.endswith("?") or not 2 < len(rewritten.split()) <= _MOST_WORDS:
        return "it is no question"
    if leans(rewritten):
        return "it still leans on what was said before"
    if rewritten.strip().lower() in {turn.asked.strip().lower() for turn in earlier}:
        return "it has been asked before"
    given = [read(question), *(read(each) for turn in earlier for each in _said(turn))]
    asked, now = given[0], read(rewritten)
    return (
        _added(now, given)
        or _lost(question, asked, found, now, rewritten)
        or _no_person(found, now, earlier)
    )


def _no_person(found: Sequence[Lean], now: Reading, earlier: Sequence[Earlier]) -> str:
    """Refuse what puts something else than a person in place of "he" where persons were named."""
    known = people(earlier).names
    if not known or not any(lean.text.lower() in PERSONS for lean in found):
        return ""
    if any(read(name).stems & now.stems for name in known):
        return ""
    return "“he” or “she” is no person that was named"


def _said(turn: Earlier) -> list[str]:
    return [turn.question, turn.asked, *turn.statements]


def _added(now: Reading, given: Sequence[Reading]) -> str:
    """Return what a question holds that nobody said."""
    stems = frozenset(form for reading in given for form in reading.stems)
    if any(reading.negators for reading in given):
        stems |= {_STOPS}
    for word in now.words:
        known = word.stem in stems or word.stem in _FRAMES
        if not known and (word.name or not is_light(word.stem)):
            return f"nobody said “{word.surface}”"
    if now.numbers - frozenset(n for reading in given for n in reading.numbers):
        return "it holds a number that nobody said"
    dates = [date for reading in given for date in reading.dates]
    if any(not any(one.carries(date) for one in dates) for date in now.dates):
        return "it holds a date that nobody said"
    if now.negators > max(reading.negators for reading in given):
        return "it denies what nobody denied"
    return ""


def _lost(question: str, asked: Reading, found: Sequence[Lean], now: Reading, text: str) -> str:
    """Return what was asked that a question no longer holds."""
    leaning = {stem(t.text) for lean in found if lean.kind != "about" for t in tokens(lean.text)}
    if found and found[0].kind in ("bare", "about"):
        leaning = set()
    doing = any(lean.kind == "doing" for lean in found)
    for word in asked.words:
        optional = word.stem in leaning or is_light(word.stem) or doing
        if word.stem not in now.stems and (word.name or not optional):
            return f"“{word.surface}” is gone"
    if asked.numbers - now.numbers:
        return "a number is gone"
    if any(not _kept(date, now.dates) for date in asked.dates):
        return "a date is gone"
    if asked.negators > now.negators:
        return "“not” is gone"
    wh = _question_word(question)
    if wh and found and found[0].kind != "about" and wh not in text.lower():
        return f"“{wh}” is gone"
    return ""


def _kept(date: Date, dates: Sequence[Date]) -> bool:
    return any(one.carries(date) for one in dates)


def _question_word(question: str) -> str:
    """Return "how long" or "when" of a question, "" where it has none."""
    plain = without_opener(question)
    match = re.match(r"\W*(how (?:much|many|long|often|far|old|tall|big)\b)", plain, re.IGNORECASE)
    if match:
        return match[1].lower()
    first = next((t.lower for t in tokens(plain) if t.lower in WH | AUX), "")
    return first if first in WH - {"what", "which"} else ""
