"""Sentences of a document + its date -> the days that "Tuesday" or "the day before" mean there.

News says "on Tuesday" and means the last one before it was printed; a reader who knows the date of
the article knows the day. What could mean another day ("next Friday", "every Monday", "Black
Friday", "will meet on Friday") is left as it stands, and so is everything where the document has no
date.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.prove.words import UNITS, WEEKDAYS, Date, normal, read

_NAMED = "|".join(WEEKDAYS)
_TERM = re.compile(
    rf"""
      \b(?P<weekday>{_NAMED})\b(?!\s+(?:night|nights|club|times|school)\b)
    | \b(?P<near>today|tonight|yesterday|tomorrow)\b
    | \b(?:the\ (?P<step>day\ before|previous\ day|next\ day|following\ day|day\ after)
        |a\ day\ (?P<apart>earlier|later))(?=\s*(?:[,.;]|$))
    | \b(?P<which>last|this|next)\ (?P<span>year|month)\b
    | \b(?P<count>\d{{1,3}}|{"|".join(UNITS)}|a)\ (?P<unit>year|month|day)s?\ ago\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Before a weekday: it is another one than the last, or no day at all.
_NOT_LAST = re.compile(
    r"(?:\b(?:next|coming|this|last|previous|following|every|each|until|till|by|before|from|since|"
    r"after|good|ash|black|cyber|super|bloody|easter|holy|palm)|"
    r"\b(?:will|shall|would|to)(?:\W+\w+){1,6}?)\s+(?:on\s+)?$",
    re.IGNORECASE,
)
_NEAR = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1}
_WHICH = {"last": -1, "this": 0, "next": 1}
_BACK = frozenset({"day before", "previous day", "earlier"})
_YEAR_DAYS = 366
# "Ada Quist (1 May 1841 - 2 June 1905)": after a name, days of birth and death.
_LIFESPAN = re.compile(r"[A-Z][\w'-]*\s*\(([^()-]*\d[^()-]*?)\s-\s([^()-]*\d{4})\s*\)")
# A year is the one that a document is about from this share of all it names.
MOST_OF_YEARS = 0.6
_YEAR = re.compile(r"(?<![\d$€£.,-])(?:1[5-9]|20)\d\d(?![\d%]|[.,]\d)")


@dataclass(frozen=True, slots=True)
class When:
    """What the relative terms of one sentence come to.

    Attributes:
        dates: days, months or years.
        weekdays: names of days, lower case.
    """

    dates: tuple[Date, ...] = ()
    weekdays: frozenset[str] = frozenset()


def resolve(sentences: Sequence[str], written: Date | None) -> list[When]:
    """Return for each sentence the dates that its words mean.

    Args:
        sentences: of one passage, in order.
        written: the day the document is of; None or a part of a date where it is not known.
    """
    today = _day(written) if written else None
    found = []
    anchor: datetime.date | str | None = None  # the day last spoken of, or its name alone
    for text in sentences:
        dates: list[Date] = []
        weekdays: set[str] = set()
        given = [_day(_with_year(known, today)) for known in read(text).dates]
        for day in filter(None, given):
            anchor = day
            weekdays.add(_name(day))
        for term in _TERM.finditer(text):
            # "Today, June 11": the day itself is said.
            meant = None if term["near"] and given else _meant(term, text, today, anchor)
            if isinstance(meant, Date):
                dates.append(meant)
            elif meant is not None:
                anchor = meant
                if isinstance(meant, datetime.date):
                    dates.append(Date(meant.year, meant.month, meant.day))
                weekdays.add(meant if isinstance(meant, str) else _name(meant))
        found.append(When(tuple(dates), frozenset(weekdays)))
    return found


def lifespans(text: str) -> list[tuple[str, Date, Date]]:
    """Return what stands before brackets with days of birth and death, from a comma on, and those.

    Bare years may be those of a reign; at least the birth has a month.
    """
    found = []
    plain = normal(text)
    for span in _LIFESPAN.finditer(plain):
        born, died = (read(half).dates for half in span.groups())
        if born and died and born[-1].month:
            before = plain[: span.start(1)].rsplit(",", 1)[-1]
            found.append((before, born[-1], died[0]))
    return found


def _meant(
    term: re.Match[str], text: str, today: datetime.date | None, anchor: datetime.date | str | None
) -> Date | datetime.date | str | None:
    """Return what one term means: a day, its name alone, a month or year, or None."""
    g = term.groupdict()
    if g["weekday"]:
        name = g["weekday"].lower()
        if not g["weekday"][0].isupper() or _NOT_LAST.search(text[: term.start()]):
            return None
        return _last(name, today) if today else name
    if g["step"] or g["apart"]:
        step = (g["step"] or g["apart"]).lower()
        return _beside(anchor, -1 if step in _BACK else 1)
    if today is None:
        return None
    if g["near"]:
        return today + datetime.timedelta(days=_NEAR[g["near"].lower()])
    if g["which"]:
        return _part(today, g["span"].lower(), _WHICH[g["which"].lower()])
    word = g["count"].lower()
    count = 1 if word == "a" else UNITS.get(word) or int(word)
    if g["unit"].lower() == "day":
        return today - datetime.timedelta(days=count)
    return _part(today, g["unit"].lower(), -count)


def _part(today: datetime.date, unit: str, step: int) -> Date | None:
    """Return the year or month so many before or after."""
    months = today.year * 12 + today.month - 1 + (step * 12 if unit == "year" else step)
    if months < 12:
        return None
    return Date(months // 12) if unit == "year" else Date(months // 12, months % 12 + 1)


def _last(name: str, today: datetime.date) -> datetime.date:
    back = (today.weekday() - WEEKDAYS.index(name)) % 7
    return today - datetime.timedelta(days=back)


def _beside(anchor: datetime.date | str | None, step: int) -> datetime.date | str | None:
    if isinstance(anchor, str):
        return WEEKDAYS[(WEEKDAYS.index(anchor) + step) % 7]
    return anchor + datetime.timedelta(days=step) if anchor else None


def _with_year(known: Date, today: datetime.date | None) -> Date:
    """Give a day without a year that of the document, if it lies within the year before it."""
    if known.year or not (known.month and known.day) or today is None:
        return known
    for year in (today.year, today.year - 1):
        day = _day(Date(year, known.month, known.day))
        if day and datetime.timedelta(0) <= today - day < datetime.timedelta(days=_YEAR_DAYS):
            return Date(year, known.month, known.day)
    return known


def _day(known: Date) -> datetime.date | None:
    try:
        return datetime.date(known.year, known.month, known.day)
    except ValueError:
        return None


def _name(day: datetime.date) -> str:
    return WEEKDAYS[day.weekday()]


@lru_cache(maxsize=256)
def main_year(text: str) -> int:
    """Return the year that a document is mostly about, as annual reports are; 0 if of none.

    Args:
        text: of the whole document.
    """
    years = Counter(_YEAR.findall(text))
    if not years:
        return 0
    year, count = years.most_common(1)[0]
    return int(year) if count >= MOST_OF_YEARS * years.total() and count > 1 else 0
