"""Of when a document is, where no metadata says it: its text, its file's name, its file's time.

Only what cannot mean another day is taken: 25/06/2020 is a day, 04/05/2020 is one of two and is
left alone. So is a year by itself (a standard, a novel, what a report is about) and a quarter (of a
calendar or of some company's own year). Of a text only what stands as its date counts: a line with
a label ("Published 12 June 2020"), a date alone on a line at the top, a dateline; never a date that
a sentence mentions. Where there are several that differ, none is taken.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

Span = tuple[datetime.date, datetime.date]
"""The first and the last day that a date may mean."""

_MONTHS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_WEEKDAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?\.?,?\s+)?"
_CLOCK = r"\d{1,2}[:.]\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?(?:\s*(?:[A-Z]{2,5}|[+-]\d\d:?\d\d))?"
_EARLIEST_YEAR = 1500
_EARLIEST_NAME = 1900  # numbers in names of files are rarely years before
_EPOCHS = frozenset([(1970, 1, 1), (1980, 1, 1)])  # what files have whose time nobody kept

_YMD = r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?:[T ]\d\d:?\d\d\S*)?"
_DMY = rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<n>{_MONTH})\.?,?\s+(?P<y>\d{{4}})"
_MDY = rf"(?P<n>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})"
_MY = rf"(?P<n>{_MONTH})\.?,?\s+(?P<y>\d{{4}})"
_TWO_WAYS = r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4})"
_WRITTEN = tuple(
    re.compile(
        rf"(?:{_CLOCK},?\s+)?{_WEEKDAY}{form}(?:,?\s+(?:at\s+)?{_CLOCK}|\s+at\s+{_CLOCK})?",
        re.IGNORECASE,
    )
    for form in (_YMD, _DMY, _MDY, _MY, _TWO_WAYS)
)

# Names of files: words and numbers stand apart, by anything.
_APART = r"[-_.,\s]*"
_BEFORE, _AFTER = r"(?<![0-9A-Za-z])(?<!\d[-_.])", r"(?![0-9A-Za-z])"
_NAMED = tuple(
    re.compile(_BEFORE + form + _AFTER, re.IGNORECASE)
    for form in (
        r"(?P<y>\d{4})(?P<s>[-_. ]?)(?P<m>\d\d)(?P=s)(?P<d>\d\d)(?:T\d{4,6}Z?)?",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?{_APART}(?:of)?{_APART}(?P<n>{_MONTH}){_APART}(?P<y>\d{{4}})",
        rf"(?P<n>{_MONTH}){_APART}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-_.,\s]+(?P<y>\d{{4}})",
        rf"(?P<y>\d{{4}}){_APART}(?P<n>{_MONTH}){_APART}(?P<d>\d{{1,2}})",
        r"(?P<a>\d\d)(?P<s>[-_.])(?P<b>\d\d)(?P=s)(?P<y>\d{4})",
    )
)
_NAMED_MONTH = tuple(
    re.compile(_BEFORE + form + _AFTER, re.IGNORECASE)
    for form in (
        rf"(?P<n>{_MONTH}){_APART}(?P<y>\d{{4}})",
        rf"(?P<y>\d{{4}}){_APART}(?P<n>{_MONTH})",
        r"(?P<y>\d{4})[-_](?P<m>\d\d)(?![-_.]?\d)",
    )
)
_A_MONTH = re.compile(rf"(?<![A-Za-z]){_MONTH}(?![A-Za-z])")

# Texts.
_NEAR_LINES, _NEAR_CHARACTERS = 40, 4_000  # where a labelled date is looked for
_TOP_LINES = 12  # where a date may stand without a label
_SEARCHED = 200_000  # characters in which other dates of the kind are looked for
_LONGEST_LINE = 160
_PUBLISHED = re.compile(
    r"(?:(?:first|originally)\s+)?(?:(?:date|day)\s+(?:of\s+)?(?:issued?|publication|published|"
    r"posted|released?)|(?:publication|publishing|publish|published|posted|release|issue)\s+date|"
    r"published|posted|issued|released|dated|date)"
    r"(?:\s*:\s*|\s+on:?\s+|\s+)",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"(?:(?:last|most\s+recently|page\s+last|date)\s+)?(?:updated?|modified|revised|changed|edited|"
    r"revision|amended)(?:\s+date)?(?:\s*:\s*|\s+on:?\s+|\s+)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s*[|·•]\s*|\s+[–—-]\s+|\s{3,}|\t+|;\s+")
_BYLINE = re.compile(r"(?:by|BY|By)\s+[^\W\d_].{1,60}")
_PLACE = re.compile(r"[A-Z][\w.'’-]+(?:\s+[A-Z][\w.'’-]+){0,2},\s+(?=.*\d)")
_DATELINE = re.compile(
    rf"[A-Z][A-Z.'’-]+(?:\s[A-Z][A-Z.'’-]+){{0,3}}(?:,\s*[A-Z][\w.]+(?:\s[A-Z][\w.]+)?)?\s*(?:,|[–—-]+|\()\s*"
    rf"(?P<date>{_MONTH}\.?\s+\d{{1,2}},?\s+\d{{4}}|\d{{1,2}}\s+{_MONTH}\.?,?\s+\d{{4}})\)?\s*,?\s*"
    r"(?:\([^()]{2,30}\)\s*)?(?:/[^/]{2,40}/\s*)?[–—-]{1,2}\s"
)


def name_date(name: str) -> str:
    """Return the one date that the name of a file gives, in ISO 8601; "" where it gives none.

    Args:
        name: with its suffix: "2020-06-12 memo.txt", "minutes June 2020.docx".
    """
    words = PurePath(name).stem
    found: list[str] = []
    for forms in (_NAMED, _NAMED_MONTH):
        for form in forms:
            found += [_iso(each, earliest=_EARLIEST_NAME) for each in form.finditer(words)]
            words = form.sub(" | ", words)
    dates = set(found)
    if "" in dates or _A_MONTH.search(words):  # something else that looks like a date
        return ""
    # "20200612 report June 2020" says one thing twice.
    finest = {each for each in dates if not any(o != each and o.startswith(each) for o in dates)}
    return finest.pop() if len(finest) == 1 else ""


def text_dates(body: str) -> dict[str, str]:
    """Return what a text gives as its own dates, in ISO 8601: "date", "updated", or neither.

    Args:
        body: without the header of stated facts.
    """
    near: dict[str, list[str]] = {"date": [], "updated": [], "alone": []}
    every: dict[str, set[str]] = {"date": set(), "updated": set(), "alone": set()}
    for number, place, line in _lines(body):
        for kind, date in _dates_of(line, top=number < _TOP_LINES):
            every[kind].add(date)
            most = _TOP_LINES if kind == "alone" else _NEAR_LINES
            if number < most and place < _NEAR_CHARACTERS:
                near[kind].append(date)
    sure = {kind: dates[0] for kind, dates in near.items() if dates and len(every[kind]) == 1}
    alone = sure.pop("alone", "")
    if alone and not every["date"] and sure.get("updated") != alone:
        sure["date"] = alone
    return sure


def file_time(path: Path) -> str:
    """Return the day on which a file was last written, in ISO 8601; "" where it is not known.

    Copying and unpacking may set it anew, so it is the last thing to go by.
    """
    try:
        day = datetime.date.fromtimestamp(path.stat().st_mtime)
    except (OSError, ValueError, OverflowError):
        return ""
    known = (day.year, day.month, day.day) not in _EPOCHS and day <= _tomorrow()
    return day.isoformat() if known else ""


def today() -> str:
    """Return the day on which a file is read, in ISO 8601."""
    return datetime.date.today().isoformat()


def span(text: str) -> Span | None:
    """Return the days that a date as files state it may mean; None where it is none."""
    words = text.strip()
    iso = re.match(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ].*)?)?)?\Z", words)
    parts = iso.groups() if iso else tuple((written(words) or "x").split("-"))
    if not str(parts[0]).isdigit():
        return None
    year, month, day = (*(int(part or 0) for part in parts), 0, 0)[:3]
    try:
        last = day or calendar.monthrange(year, month or 12)[1]
        return datetime.date(year, month or 1, day or 1), datetime.date(year, month or 12, last)
    except (ValueError, calendar.IllegalMonthError):
        return None


def apart(one: str, other: str) -> bool:
    """Tell whether two dates differ by more than a day; what is no date differs from none."""
    first, second = span(one), span(other)
    if first is None or second is None:
        return False
    day = datetime.timedelta(days=1)
    return first[1] + day < second[0] or second[1] + day < first[0]


def written(text: str) -> str:
    """Return a date that is all of a text in ISO 8601, "" where it is none, or one of several."""
    for form in _WRITTEN:
        if found := form.fullmatch(text):
            return _iso(found, earliest=_EARLIEST_YEAR)
    return ""


def _iso(found: re.Match[str], *, earliest: int) -> str:
    """Return what a pattern found, "" where there is no such day, it is to come, or is unsure."""
    parts = found.groupdict()
    year, month, day = int(parts["y"]), 0, int(parts.get("d") or 0)
    if parts.get("n"):
        month = _MONTHS.index(parts["n"][:3].lower()) + 1
    elif parts.get("a"):
        small, large = sorted((int(parts["a"]), int(parts["b"])))
        if large <= 12 and small != large:
            return ""
        month, day = small, large
    else:
        month = int(parts["m"])
        if not day and 2000 <= year <= 2012 and month > year % 100:
            return ""  # 2005-06 may be a season, or a stretch of years
    try:
        known = datetime.date(year, month, day or 1)
    except ValueError:
        return ""
    if year < earliest or known > _tomorrow():
        return ""
    return known.isoformat() if day else f"{year:04}-{month:02}"


def _tomorrow() -> datetime.date:
    return datetime.date.today() + datetime.timedelta(days=1)  # it is already there elsewhere


def _lines(body: str) -> Iterator[tuple[int, int, str]]:
    """Yield number among those with words, place and words of each line."""
    place = number = 0
    for line in body[:_SEARCHED].split("\n"):
        if words := line.strip():
            yield number, place, words
            number += 1
        place += len(line) + 1


def _dates_of(line: str, *, top: bool) -> Iterable[tuple[str, str]]:
    """Return the dates that a line gives for its document: "date", "updated", or "alone".

    Args:
        line: without white space around it.
        top: it is one of the first, where a dateline may stand.
    """
    if top and (dateline := _DATELINE.match(line[:_LONGEST_LINE])):
        date = written(dateline["date"])
        return [("date", date)] if date else []
    if len(line) > _LONGEST_LINE or not re.search(r"\d{4}", line):
        return []
    plain = re.sub(r"(?<!\w)[*_]+|[*_]+(?!\w)", "", line).strip("| \t")
    parts = [part.strip(" .") for part in _PARTS.split(plain) if part.strip(" .")]
    if len(parts) == 2 and _label(parts[0] + " "):  # a row of a table: "Date: | 12 June 2020"
        parts = [" ".join(parts)]
    said = [_said(part) for part in parts]
    rest = [part for part, (kind, _) in zip(parts, said, strict=True) if not kind]
    sure = all(_BYLINE.fullmatch(part) for part in rest)
    return [(kind, date) for kind, date in said if kind and (sure or kind != "alone")]


def _said(part: str) -> tuple[str, str]:
    """Return what kind of date a part of a line is, and the date; "" and "" for other words."""
    for kind, label in (("updated", _UPDATED), ("date", _PUBLISHED)):
        if (found := label.match(part)) and (date := written(part[found.end() :])):
            return kind, date
    date = written(part)
    if not date and (place := _PLACE.match(part)):  # "London, 12 June 2020"
        date = written(part[place.end() :])
        date = date if date.count("-") == 2 else ""
    return ("alone", date) if date else ("", "")


def _label(part: str) -> bool:
    return bool(_UPDATED.fullmatch(part) or _PUBLISHED.fullmatch(part))
