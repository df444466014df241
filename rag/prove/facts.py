"""The exact layer: a fact of a statement that the evidence does not bear out, if there is one.

One way round: every number, date, weekday, denial, quotation, place and name of the statement must
stand in the evidence, and belong there to the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import lru_cache

from rag.prove.claims import Claim, Fault, Problem
from rag.prove.evidence import LIVED, Evidence
from rag.prove.names import done_by_other, of_another, said_by_other, unnamed
from rag.prove.rarity import match
from rag.prove.when import lifespans
from rag.prove.words import DENIERS, Date, Reading, is_light, join, normal, read, stem
from rag.types import Verdict

# Where the source may name a place for a statement that sets something in it, on either side.
_IN = re.compile(r"\b(?:in|inside|within|throughout|across)\s+(?:the\s+)?(?=[A-Z])")
_PLACED_BEFORE = re.compile(
    r"\b(?:in|inside|within|throughout|across|at|of|from|near|around|over|for|on|as|is|was|the)\s+"
    r"(?:(?:the|all|modern|present-day|nearby|central|upper|lower|what is now|\w+(?:ern|ast|est))"
    r"\s+)*$|,\s*$|^\W*$|[.!?:;(]\s*$",
    re.IGNORECASE,
)
_PLACED_AFTER = re.compile(r"^(?:\s*,|-based|\s+(?:is|was|has|had)\b)")
_OWNED = re.compile(r"^'s?\s+(\w+)")  # "France's law" is the law in France
_OPEN = re.compile(
    r"\bun(?:clear|known|certain|decided)\b|\bnot (?:\w+ ){0,2}(?:clear|known|certain|decided)\b|"
    r"\bremains to be seen\b",
    re.IGNORECASE,
)
_TURNING_WORDS = """
    refuse decline deny halt stop cease ban bar block end quit exit leave withdraw pull
    pause suspend moratorium avoid lack fail unable unlikely impossible reject oppose prevent
    prohibit forbid delay postpone cancel drop abandon miss absent only few little hardly rarely
    seldom except until unless instead rather against wait await before false wrong unclear unknown
    exempt exclude limit doubt restrict reluctant remain differ contrary other""".split()
# The verb of what is planned or possible, and verbs of what was done.
_PLANS = re.compile(
    r"\b(?:(?:plan(?:s|ned|ning)?|intend(?:s|ed|ing)?|aim(?:s|ed|ing)?|hop(?:es?|ed|ing)|"
    r"propos(?:es?|ed|ing)|seek(?:s|ing)?|sought|want(?:s|ed)?|tr(?:y|ies|ied|ying)|"
    r"attempt(?:s|ed|ing)?|wish(?:es|ed)?|threaten(?:s|ed|ing)?|offer(?:s|ed|ing)?) to|"
    r"consider(?:s|ed|ing)?|may|might|could)"
    r"\s+(?:\w+ly\s+)?(?:be\s+)?([a-z]{3,})\b"
)
_AND_VERB = re.compile(r"\b(?:and|or)\s+(?:to\s+)?(?:\w+ly\s+)?([a-z]{3,})\b")
_CLAUSE_END = re.compile(r"[.;:]")
_DONE = re.compile(r"\b[a-z]{2,}ed\b")
_BOUND = re.compile(
    r"\b(?:(?P<under>nearly|almost|just under|under|below|less than|fewer than|not quite|up to)|"
    r"over|more than|above|exceeding|at least|upwards? of)\s+"
    r"(?P<number>[$€£]?\d[\d,.]*\d(?:\s+(?:thousand|million|billion|trillion)|%)?|[$€£]?\d\b%?|"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety)\b(?:\s+(?:thousand|million|billion))?)",
    re.IGNORECASE,
)
# A number with what it is measured from or a part of: "260 km (160 mi) from the Baltic Sea".
_OF_NAME = re.compile(
    r"(?P<number>[$€£]?\d[\d,.]*(?:\s+(?:thousand|million|billion))?%?(?:\s+[a-z]+)?(?:\s*\([^()]*\))?)"
    r"(?:\s+[a-z]+){0,3}?\s+(?:from|of|off|to)\s+(?:the\s+)?(?P<name>[A-Z][\w-]*)"
)
_SMALL = 12
_QUOTED = re.compile(r'"([^"]+)"')


def find_fault(
    claim: Claim,
    statement: Reading,
    asked: Reading,
    evidence: Evidence,
    chosen: Sequence[int],
) -> Problem | None:
    """Return the first exact fact of the statement that the evidence does not bear out."""
    picked = [evidence.readings[i] for i in chosen]
    numbers = frozenset[tuple[float, str]]().union(*(r.numbers for r in picked))
    days = frozenset[str]().union(*(r.weekdays for r in picked))
    dates = [d for r in picked for d in r.dates]
    for i, row in evidence.fits.items():
        # A small count may stand in any table.
        of_row = {n for n in row.numbers if i in chosen or n[1] or n[0] > _SMALL}
        if row.wrong and not of_row <= numbers:
            return "number", Verdict.CONTRADICTED, row.wrong
    # "The three companies": a count that the question gave is no new fact.
    given = asked.numbers
    if any(evidence.rows):  # a figure of a table is the fact itself
        given = frozenset(n for n in given if not n[1] and n[0] <= _SMALL)
    wrong = statement.numbers - numbers - given
    wrong = frozenset(n for n in wrong if not any(_unit_once(n, r) for r in picked))
    if wrong:
        value, unit = min(wrong)
        said = f"{value:g}{unit}" if unit == "%" else f"{unit}{value:g}"
        kind = Verdict.CONTRADICTED if any(u == unit for _, u in numbers) else Verdict.NOT_FOUND
        every = frozenset[tuple[float, str]]().union(*(r.numbers for r in evidence.readings))
        fault: Fault = "elsewhere" if wrong <= every | evidence.around.numbers else "number"
        return fault, kind, f"The number {said} does not stand in the source sentence."
    for value, counts in statement.counted:
        if (value, "") in asked.numbers or (counts in asked.stems and is_light(counts)):
            continue
        rows = (evidence.fits[i].reading for i in chosen if i in evidence.fits and evidence.rows[i])
        told = frozenset[tuple[float, str]]().union(*(row.counted for row in rows))
        plain = (r for i, r in zip(chosen, picked, strict=True) if not evidence.rows[i])
        if (value, counts) not in told and not any(
            (value, "") in r.numbers and match(counts, r.stems) for r in plain
        ):
            return "number", Verdict.NOT_FOUND, f"The source does not count {value:g} of these."
        if _counts_others(value, counts, picked):
            reason = f"The source counts {value:g} of other things, and not so many of these."
            return "number", Verdict.CONTRADICTED, reason
    for date in statement.dates:
        if not any(dated(known, date, evidence.around.dates) for known in dates):
            kind = Verdict.CONTRADICTED if dates else Verdict.NOT_FOUND
            every_date = [d for r in (*evidence.readings, evidence.around) for d in r.dates]
            near = any(dated(known, date, evidence.around.dates) for known in every_date)
            return (
                "elsewhere" if near else "date",
                kind,
                "The date does not stand in the source sentence.",
            )
    if statement.weekdays - days:
        return "date", Verdict.NOT_FOUND, "The weekday does not stand in the source sentence."
    for quoted in _QUOTED.findall(normal(claim.text)):
        known = _letters(evidence.text), _letters(claim.question)  # a title, as it was asked for
        if len(quoted.split()) >= 3 and not any(_letters(quoted) in text for text in known):
            reason = "The quoted words do not stand in the source as quoted."
            return "quotation", Verdict.NOT_FOUND, reason
    cited = [evidence.sentences[i][1].text for i in chosen]
    return (
        _negation(statement, picked)
        or _bounded(claim.text, cited)
        or _measured(claim.text, cited)
        or _lived(statement, cited)
        or _planned(claim.text, cited)
        or _left_open(claim.text, cited)
        or _place(claim.text, asked, evidence)
        or said_by_other(statement, evidence, chosen)
        or of_another(statement, evidence, chosen)
        or done_by_other(statement, evidence, chosen)
        or unnamed(statement, asked, evidence, chosen)
    )


def _unit_once(number: tuple[float, str], source: Reading) -> bool:
    """Tell whether a sentence gives a number whose unit it has with another: "240 euros, or 90"."""
    value, unit = number
    return (
        bool(unit) and (value, "") in source.numbers and any(u == unit for _, u in source.numbers)
    )


def _lived(statement: Reading, cited: Sequence[str]) -> Problem | None:
    """Refuse the day of a death as that of a birth, and the reverse."""
    spans = [span for text in cited for span in lifespans(text)]
    said = [place for place, deed in enumerate(LIVED) if deed.stem in statement.stems]
    if not spans or len(said) != 1:
        return None
    own, other = (
        any(span[place].carries(date) for date in statement.dates for _, *span in spans)
        for place in (said[0], 1 - said[0])
    )
    if other and not own:  # with both it may say of itself which is which
        return "date", Verdict.CONTRADICTED, "The source gives this day of the other."
    return None


def gives_day(statement: str, cited: Sequence[str]) -> bool:
    """Tell whether all that a statement says is the day of a birth or death given in brackets.

    "Ada Quist died on 2 May 1907" is what "Dame Ada Quist (3 June 1850 – 2 May 1907)" says.
    """
    said = read(statement)
    return dates_life(said, cited, {word.stem for word in said.words})


def dates_life(statement: Reading, cited: Sequence[str], names: Set[str]) -> bool:
    """Tell whether the days of a birth or death stand in brackets after names.

    Args:
        statement: that somebody was born or died, and when.
        cited: source sentences.
        names: stems that must stand before the brackets.
    """
    deeds = [place for place, deed in enumerate(LIVED) if deed.stem in statement.stems]
    if len(deeds) != 1 or not statement.dates:
        return False
    names = names - {deed.stem for deed in LIVED}
    return any(
        names <= read(before).stems and all(days[deeds[0]].carries(day) for day in statement.dates)
        for text in cited
        for before, *days in lifespans(text)
    )


def _counts_others(value: float, counts: str, picked: Sequence[Reading]) -> bool:
    """Tell whether a source counts this many of other things only, and another number of these."""
    counted = frozenset[tuple[float, str]]().union(*(r.counted for r in picked))
    here = {number for number, thing in counted if thing == counts}
    return bool(here) and value not in here and any(number == value for number, _ in counted)


def _measured(statement: str, cited: Sequence[str]) -> Problem | None:
    """Refuse "260 km east of Berlin" where the source gives another number for Berlin."""
    known = [pair for text in cited for pair in _of_names(text)]
    for numbers, name in _of_names(statement):
        same = [found for found, other in known if other == name]
        if same and not any(numbers & found for found in same):
            reason = f"The source gives another number for {name}."
            return "number", Verdict.CONTRADICTED, reason
    return None


def _of_names(text: str) -> list[tuple[frozenset[tuple[float, str]], str]]:
    """Return the numbers that a text gives with a name they are measured from or a part of."""
    found = _OF_NAME.finditer(normal(text))
    pairs = [(read(pair["number"]).numbers, pair["name"]) for pair in found]
    return [(numbers, name) for numbers, name in pairs if numbers]  # a year is none


def _planned(statement: str, cited: Sequence[str]) -> Problem | None:
    """Refuse as done what the source only plans or holds possible: "raised" for "may raise"."""
    if _PLANS.search(normal(statement)):
        return None
    texts = [normal(text) for text in cited]
    plans = [(text, plan) for text in texts for plan in _PLANS.finditer(text)]
    planned = {stem(plan[1]) for _, plan in plans}
    # "aims to strengthen control and integrate rules": both are aims.
    ahead = [_CLAUSE_END.split(text[plan.end() :])[0] for text, plan in plans]
    planned |= {stem(verb) for rest in ahead for verb in _AND_VERB.findall(rest)}
    done = {stem(word) for text in texts for word in _DONE.findall(text)}
    if planned & {stem(word) for word in _DONE.findall(normal(statement))} - done:
        reason = "The source only says that this is planned or possible."
        return "negation", Verdict.CONTRADICTED, reason
    return None


def _bounded(statement: str, cited: Sequence[str]) -> Problem | None:
    """Refuse "nearly 18 million" where the source says "over 18 million", and the reverse."""
    said, known = _bounds(statement), [_bounds(text) for text in cited]
    for number, side in said.items():
        sides = {found[number] for found in known if number in found}
        if sides and side not in sides:
            reason = f"The source puts the number {number:g} as a bound from the other side."
            return "number", Verdict.CONTRADICTED, reason
    return None


def _bounds(text: str) -> dict[float, str]:
    """Return numbers that a text gives as bounds, with the side ("under" or "over")."""
    found = {}
    for found_at in _BOUND.finditer(normal(text)):
        numbers = read(found_at["number"]).numbers
        if numbers:
            found[max(value for value, _ in numbers)] = "under" if found_at["under"] else "over"
    return found


def _left_open(statement: str, cited: Sequence[str]) -> Problem | None:
    """Refuse a plain statement of what the source says is not known."""
    if any(map(leaves_open, cited)) and not leaves_open(statement):
        return "negation", Verdict.CONTRADICTED, "The source leaves this open."
    return None


def leaves_open(text: str) -> bool:
    """Tell whether a text says that something is not known, clear or decided."""
    return bool(_OPEN.search(normal(text)))


def _place(statement: str, asked: Reading, evidence: Evidence) -> Problem | None:
    """Refuse to set something in a place that the source only names beside it.

    Asked of "the embargo in Israel", small models set there what a text says of an embargo and of
    "an agreement between Israel and Syria". A title, a people's name ("Israeli") or a place given
    with a word of place anywhere in the passage will do.
    """
    text = normal(statement)
    said = read(statement).stems
    source = normal(evidence.text)
    for found_at in _IN.finditer(text):
        words = read(text[found_at.end() :]).words
        name = words[0] if words else None
        if name is None or not text[found_at.end() :].startswith(name.surface):
            continue  # "in May 2021"
        if name.stem not in asked.stems or name.stem in evidence.around.stems:
            continue
        found = [m.span() for m in re.finditer(rf"\b{re.escape(name.surface)}\b", source)]
        owned = [_OWNED.match(source[end : end + 40]) for _, end in found]
        if any(own and stem(own[1]) in said for own in owned):
            continue
        if found and not any(
            _PLACED_BEFORE.search(source[max(0, start - 40) : start])
            or _PLACED_AFTER.search(source[end : end + 12])
            for start, end in found
        ):
            reason = f"The source does not say this of a place in {name.surface}."
            return "subject", Verdict.NOT_FOUND, reason
    return None


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", normal(text).lower()))


def dated(known: Date, said: Date, around: Sequence[Date]) -> bool:
    """Tell whether a date of the evidence carries one of the statement.

    The year may come from the document's own date where the sentence leaves it out.
    """
    if known.carries(said):
        return True
    if known.year or not said.year or not known.month:
        return False
    return any(
        Date(known_around.year, known.month, known.day).carries(said) for known_around in around
    )


def _negation(statement: Reading, picked: Sequence[Reading]) -> Problem | None:
    """Require that what is denied is denied and what is affirmed is affirmed."""
    denied = frozenset[str]().union(*(r.negated for r in picked))
    plain = frozenset[str]().union(*(r.plain for r in picked))
    refused = DENIERS & statement.stems & frozenset[str]().union(*(r.stems for r in picked))
    for form in () if refused else statement.negated:
        if form in plain and form not in denied and not is_light(form):
            return "negation", Verdict.CONTRADICTED, "The statement denies what the source affirms."
    for form in statement.plain - statement.negated:
        if form in denied and form not in plain:
            return "negation", Verdict.CONTRADICTED, "The statement affirms what the source denies."
    if statement.negators and not denies(join(picked), statement):
        return "negation", Verdict.CONTRADICTED, "The statement denies what the source affirms."
    return None


@lru_cache(maxsize=1)
def _turning() -> frozenset[str]:
    return frozenset(map(stem, _TURNING_WORDS))


def denies(source: Reading, statement: Reading) -> bool:
    """Tell whether a source denies anything: it says "not", or halts, lacks or undoes something.

    What the statement says itself ("did not limit trade") is no denial of it.
    """
    if source.negators or any(match(stem, _turning()) for stem in source.stems - statement.stems):
        return True
    return any(
        stem.startswith(prefix) and match(stem[len(prefix) :], statement.stems)
        for stem in source.stems
        for prefix in ("un", "in", "im", "il", "ir", "dis", "non", "anti")
        if len(stem) > len(prefix) + 3
    )
