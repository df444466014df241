"""A sentence with one fact altered: number, date, name or negation; pure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})*(?:\.\d+)?(?![\w.,-]*\d)(?![\w-])")
MONTHS = (
    "January February March April May June July August September October November December".split()
)
_DATE = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b(?=\s+\d)|\b(?:1[6-9]|20)\d\d\b")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
_NOT = re.compile(r"\b(is|are|was|were|has|have|had|will|would|can|could|did|does|do) not\b")
_CAN = re.compile(r"\b(is|are|was|were|has|have|had|will|would|can|could)\b(?! not)")


def altered_number(text: str, rng: random.Random) -> str | None:
    """Return the text with one number changed, None where it has none."""
    found = [m for m in _NUMBER.finditer(text) if not _DATE.search(m[0])]
    if not found:
        return None
    match = rng.choice(found)
    value = float(match[0].replace(",", ""))
    changed = value + rng.choice([1, 2, 3, 7])
    shown = f"{changed:,.0f}" if "," in match[0] else f"{changed:g}"
    return text[: match.start()] + shown + text[match.end() :]


def altered_date(text: str, rng: random.Random) -> str | None:
    """Return the text with one month or year changed, None where it has none."""
    found = list(_DATE.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    if match[0] in MONTHS:
        other = MONTHS[(MONTHS.index(match[0]) + rng.randint(1, 11)) % 12]
    else:
        other = str(int(match[0]) + rng.choice([-9, -2, -1, 1, 2, 9]))
    return text[: match.start()] + other + text[match.end() :]


def altered_name(text: str, rng: random.Random, names: Sequence[str]) -> str | None:
    """Return the text with one name changed for another, None where it has none."""
    found = [m for m in NAME.finditer(text) if m[0] not in MONTHS]
    if not found:
        return None
    match = rng.choice(found)
    other = rng.choice([name for name in names if name[:4] != match[0][:4]])
    return text[: match.start()] + other + text[match.end() :]


def altered_negation(text: str, _: random.Random) -> str | None:
    """Return the text with a negation taken out or put in, None where neither goes."""
    if _NOT.search(text):
        return _NOT.sub(r"\1", text, count=1)
    if " not " in text or "n't" in text or not _CAN.search(text):
        return None
    return _CAN.sub(r"\1 not", text, count=1)


def ways(names: Sequence[str], rng: random.Random) -> dict[str, Callable[[str], str | None]]:
    """Return the ways to alter one fact of a sentence by kind; each gives None where none goes.

    Args:
        names: to put in the place of others.
        rng: of what is altered, and into what.
    """
    return {
        "number": lambda text: altered_number(text, rng),
        "date": lambda text: altered_date(text, rng),
        "name": lambda text: altered_name(text, rng, names),
        "negation": lambda text: altered_negation(text, rng),
    }


def names_of(texts: Sequence[str]) -> list[str]:
    """Return the words inside sentences that are written as names, in order of the alphabet."""
    found = {match[0] for text in texts for match in NAME.finditer(text)}
    return sorted(found - set(MONTHS))
