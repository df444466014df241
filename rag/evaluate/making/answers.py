"""Short answers: which words of a sentence are asked for, and what knows them in an answer.

What may be asked for are its dates, numbers and names; the regular expressions made of a short
answer accept a date in either order, a number in digits or words, a person by the last name.
"""

from __future__ import annotations

import re

from rag.evaluate.making.names import is_person, named, names
from rag.evaluate.metrics import normalise
from rag.prove.words import UNITS, Date, read

MOST_WORDS = 9  # of a short answer

_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_MONTH = rf"(?:{'|'.join(_MONTHS)})"
_DATE = re.compile(
    rf"\b(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?|{_MONTH}\s+\d{{4}}|"
    r"(?:1[5-9]|20)\d\d)\b(?![.,]\d|\s*%)"
)
_WORDED = "|".join(word for word in UNITS if word not in ("zero", "one", "twice", "pair", "dozen"))
_NUMBER = re.compile(
    rf"(?:(?<![\w.,$€£-])[$€£]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?(?!\w)"
    r"(?:\s*(?:%|per ?cent\b)|\s+(?:hundred|thousand|million|billion|trillion)\b)?"
    r"(?:\s+(?:dollars|euros|pounds)\b)?"
    rf"|\b(?:{_WORDED}|one(?=[ -](?:years?|months?|weeks?|days?|hours?)\b))\b)"
    r"(?P<thing>(?:[ -][a-z]{3,}){0,3})",
    re.IGNORECASE,
)
_ENDINGS = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ions",
    "ion",
    "ings",
    "ing",
    "ers",
    "er",
    "ed",
    "es",
    "s",
    "ly",
    "e",
)
_MAGNITUDE = re.compile(r"\b(hundred|thousand|million|billion|trillion)\b", re.IGNORECASE)
_SIZES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}


def candidates(sentence: str) -> list[str]:
    """Return the dates, numbers and names of a sentence, word for word, in that order."""
    found = [match[0] for match in _DATE.finditer(sentence)]
    dated = _DATE.sub(lambda match: "\0" * len(match[0]), sentence)
    found += [
        _counted(match)
        for match in _NUMBER.finditer(dated)
        if "\0" not in match[0] and " ago" not in match["thing"]
    ]
    # Not "Seattle" of "Seattle Mayor" or "Seattle's mayor": it is not said of the city.
    found += [
        name
        for start, name in named(dated)
        if "\0" not in name and not re.match(r"\s[A-Z]|['’]s\b", dated[start + len(name) :])
    ]
    return list(dict.fromkeys(found))


def _counted(match: re.Match[str]) -> str:
    """Return a number with what it counts: up to its plurals ("rights groups"), or one word."""
    words = re.findall(r"[ -][a-z]+", match["thing"], re.IGNORECASE)
    plural = next((n for n, word in enumerate(words, 1) if word.endswith("s")), 0)
    while plural and plural < len(words) and words[plural].endswith("s"):
        plural += 1
    plural = plural or min(1, len(words))
    bare = match[0].removesuffix(match["thing"])
    if re.search(r"%|cent$|dollars$|euros$|pounds$|^[$€£]", bare):
        return bare
    return bare + "".join(words[:plural])


def accepts(answer: str) -> tuple[str, ...]:
    r"""Return the regular expressions that know a short answer in normalised text.

    "12 March" gives one for both orders, "4.2 million euros" one for "€4.2 million" too, "Ada
    Quist" one for "Quist" alone; of any other phrase every content word must stand, in any order
    and with other endings. () of an answer that says nothing.
    """
    plain = normalise(answer).strip(" .,;:!?\"'()")
    reading = read(plain)
    if reading.dates and not reading.words:
        # One of several dates would do for none of them: "from 1999 to 2004" wants both.
        return ("".join(f"(?=.*{_date(date)})" for date in reading.dates),)
    if (len(reading.numbers) == 1 and plain[:1] in "$€£0123456789") or _opens_worded(plain):
        pattern = _number(plain)
        if pattern:
            return (pattern,)
    found = names(plain)
    if found == [plain.removeprefix("the ").removeprefix("The ")]:
        return (_name(found[0]),)
    words = [w for w in re.findall(r"\w+", plain) if read(w).words or any(map(str.isdigit, w))]
    if not words:
        return ()
    if len(words) == 1:
        return (_form(words[0]),)
    return ("".join(f"(?=.*{_form(word)})" for word in dict.fromkeys(words)),)


def _opens_worded(plain: str) -> bool:
    return bool(re.match(rf"(?:{_WORDED}|one)\b", plain, re.IGNORECASE)) and bool(
        read(plain).numbers
    )


def _date(date: Date) -> str:
    """Return what matches a date however it is written; a year is optional beside a day."""
    if not date.month:
        return rf"\b{date.year}\b"
    name = _MONTHS[date.month - 1]
    month = rf"{name[:3]}(?:{name[3:]})?\.?" if len(name) > 3 else name
    if not date.day:
        return rf"\b{month},?\s+(?:of\s+)?{date.year}\b" if date.year else rf"\b{month}(?!\w)"
    day = rf"0?{date.day}(?:st|nd|rd|th)?"
    iso = rf"|\b{date.year:04d}-{date.month:02d}-{date.day:02d}" if date.year else ""
    other = rf"(?!,?\s+(?!{date.year})\d{{4}})" if date.year else ""
    return rf"(?:\b{month}\s+{day}\b{other}|\b{day}\s+(?:of\s+)?{month}(?!\w){other}{iso})"


def _number(plain: str) -> str:
    """Return what matches a number, in digits or words, with what it counts; "" if none."""
    (value, unit), *_ = [*read(plain).numbers, (0.0, "")]
    if not read(plain).numbers:
        return ""
    size = _MAGNITUDE.search(plain)
    shown = value / _SIZES[size[1].lower()] if size else value
    spelled = {f"{shown:g}", re.escape(f"{shown:,.10g}")}
    spelled |= {word for word, number in UNITS.items() if number == shown and word != "pair"}
    if shown == 1:
        spelled |= {"an?"}
    tens, rest = divmod(shown, 10)
    if shown < 100 and tens >= 2 and rest:
        by_value = {number: word for word, number in UNITS.items()}
        spelled.add(rf"{by_value[int(tens) * 10]}[ -]{by_value[int(rest)]}")
    digits = "|".join(re.escape(s) if s.replace(".", "").isdigit() else s for s in sorted(spelled))
    core = rf"(?<![\w.,])(?:{digits})(?![\d]|[.,]\d)"
    if size:
        core += rf"\W*{size[1].lower()}"
        core = rf"(?:{core}|(?<![\w.,]){re.escape(f'{value:,.0f}')}(?![\d]|[.,]\d))"
    if unit == "%":
        return rf"{core}\s*(?:%|per ?cent\b)"
    if unit:
        name = {"$": "dollar", "€": "euro", "£": "pound"}[unit]
        return rf"(?:{re.escape(unit)}\s*{core}|{core}\s*{name})"
    counted = [word.surface for word in read(plain).words if not size or word.stem != size[1]]
    if not counted:
        return core
    thing = _form(counted[-1]).removeprefix(r"\b")
    return rf"{core}(?:\W+\w+){{0,3}}?\W+{thing}"


def _name(name: str) -> str:
    """Return what matches a name; of a person the last one alone, too."""
    parts = [re.escape(part) for part in re.split(r"[\s-]+", name)]
    parts = [
        rf"{part.removesuffix('s')}(?:'s?|s)?" if part.endswith("s") else part for part in parts
    ]
    if len(parts) > 1 and is_person(name):
        first = "".join(rf"(?:{part}\W+)?" for part in parts[:-1])
        return rf"\b{first}{parts[-1]}\b"
    return r"\b" + r"[\s-]+".join(parts) + r"\b"


def _form(word: str) -> str:
    """Return what matches a word with another ending: "complained", "complaining"."""
    if not word.isalpha() or len(word) < 5 or word[0].isupper():
        return rf"\b{re.escape(word)}(?:'?s)?\b"
    if word.endswith(("y", "ies", "ied")):
        return rf"\b{re.sub('(?:y|ies|ied)$', '', word)}(?:y|ies|ied|ying)\b"
    root = next(
        (word.removesuffix(e) for e in _ENDINGS if word.endswith(e) and len(word) - len(e) >= 4),
        word,
    )
    return rf"\b{root}(?:{'|'.join(_ENDINGS)}|d)?\b"
