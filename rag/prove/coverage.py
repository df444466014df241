"""A drafted sentence + a passage -> the sentences that carry it, or why none do.

Two layers that see different errors. The first is exact and one way round: every number,
date, weekday, name, negation and quotation of the statement must stand in the evidence. The
second is the share of the statement's content words, weighted by their rarity in the index,
that stand in the evidence. Words that the question gave may be missing from the cited
sentences where the passage or its heading has them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from typing import Literal, Protocol

from rag.passages import heading, split_sentences
from rag.prove.when import lifespans, resolve
from rag.prove.words import (
    DENIERS,
    WEEKDAYS,
    Date,
    Reading,
    Word,
    has_demonym,
    is_light,
    join,
    name_run,
    normal,
    read,
    stem,
)
from rag.types import Hit, Sentence, Verdict

MAX_EVIDENCE = 3
# A further sentence must carry this share of the statement to be cited as well.
MIN_GAIN = 0.12
_FACT_WEIGHT = 3.0
GIVEN_WEIGHT = 0.45
GIVEN_GAIN = 0.3  # of a given word's weight, where sentences to cite are chosen
LIGHT_WEIGHT = 0.3
_MOSTLY = (
    0.9  # share of a word's uses inside sentences that make a form of it the way it is written
)
# Left of the support where the source names its subject in another sentence only.
_APART = 0.7
_PRONOUN = re.compile(
    r"^\W*(?:he|she|it|they|we|i|his|her|its|their|this|that|these|those|the)\b", re.IGNORECASE
)
_TITLES = frozenset(
    "mr mrs ms miss dr prof professor sir presid mayor chief governor minist senat judg justic "
    "director offic captain gener colonel".split()
)
# Last words of firms' names: what stands before them is never a first name that may be left out.
_FIRMS = frozenset(
    "solut servic system technolog group corp inc ltd compani co partner industri enterpris hold "
    "bank airlin univers institut".split()
)
_COMPASS = frozenset("north south northern southern".split())
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
# A clause that begins with a name: what it does is not done by a name before the comma.
_CLAUSE = re.compile(r"[,;:]\s+")
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_OWN_CLAUSE = re.compile(r"(?:(?:but|while|whereas|and)\s+)?[A-Z]")
_NAMES = re.compile(r"[A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)*")
_DAYS = frozenset((*WEEKDAYS, *"january february march april june july august".split()))
_CAMEL = re.compile(r"[a-z][A-Z]")
_SAYS = frozenset("say think believ suggest want call ask argu warn urg".split())
_STANDS_FOR = re.compile(
    r"^\W*(?:he|she|it|they|we|i|his|her|its|their|our|(?:the|this|that) (?:\w+ )?(?:company|firm|"
    r"corporation|group|agency|organi[sz]ation|president|chief|director|minister|mayor|author|"
    r"man|woman|team|club|band|country|city|state|university|school|court|judge|bank|party))\b",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(r"\b(?:he|she|they|we|I|him|her|his|there)\b", re.IGNORECASE)
_ITS = re.compile(r"(?:(?!\s[A-Z]).)*\b(?:its?|their)\b")  # of nobody named before it
_FIRST_PERSON = re.compile(r"^\W*(?:we|i|our|my)\b", re.IGNORECASE)
_SPEAKER = re.compile(r"\b(?:we|our|us|i|my)\b", re.IGNORECASE)
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
_DONE = re.compile(r"\b[a-z]{2,}ed\b")
_WORD = re.compile(r"[^\W\d_]+(?:\d\w*)?(?:\.[^\W\d_]+)*")
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
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_BORN, _DIED = stem("born"), stem("died")
_LIVED = tuple(Word(form, stem(form), name=False, first=False) for form in ("born", "died"))
_QUOTED = re.compile(r'"([^"]+)"')


Fault = Literal[
    "",
    "nothing",
    "number",
    "date",
    "quotation",
    "negation",
    "subject",
    "elsewhere",
    "name",
    "words",
]
# Faults no reading of the text can mend: what is said there is another fact.
EXACT: frozenset[Fault] = frozenset({"number", "date", "quotation", "negation", "subject"})


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence the model wrote, and where its proof is looked for.

    Attributes:
        text: the sentence.
        question: what was asked.
        hits: the passages whose sentences may carry it, alone or together.
    """

    text: str
    question: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the proof came to.

    Attributes:
        support: 0 to 1, share of the statement's weight carried.
        sentences: the fewest sentences that carry it, each with its passage.
        reason: in words a reader understands; "" when supported.
        anchored: the cited sentences name what the statement speaks of; otherwise who is
            meant follows from the surroundings, if at all.
        fault: the first kind of thing that is not borne out; "nothing": no sentence is near,
            "elsewhere": the number or date stands in the passage, but not with the rest.
    """

    verdict: Verdict
    support: float
    sentences: tuple[tuple[Hit, Sentence], ...]
    reason: str = ""
    anchored: bool = True
    fault: Fault = ""

    @property
    def open(self) -> bool:
        """Whether nothing exact speaks against it and most of its words are found."""
        return self.verdict in (Verdict.SUPPORTED, Verdict.PARTLY)


class Checker(Protocol):
    """Anything that judges whether a passage carries a statement."""

    def judge(self, claim: Claim) -> Judgement:
        """Return verdict, support and the sentences that carry the claim."""


class Rarity:
    """How rare a word is in an index: ln(1 + N / n), Spärck Jones (1972), smoothed.

    Args:
        texts: passages of the index; a large one is sampled evenly.
    """

    def __init__(self, texts: Sequence[str], *, sample: int = 2000) -> None:
        step = max(1, math.ceil(len(texts) / sample))
        chosen = texts[::step]
        self.count = len(chosen)
        self._seen: Counter[str] = Counter()
        capitals: Counter[str] = Counter()
        inside: Counter[str] = Counter()
        forms: Counter[str] = Counter()
        for text in chosen:
            reading = read(text)
            self._seen.update(reading.stems)
            within = [word for word in reading.words if not word.first]
            inside.update(word.stem for word in within)
            capitals.update(word.stem for word in within if word.name)
            forms.update(word.surface for word in within)
        self._names = frozenset(s for s, n in capitals.items() if n > inside[s] / 2)

        best = {form.lower(): form for form, _ in reversed(forms.most_common())}
        every = Counter[str]()
        for form, count in forms.items():
            every[form.lower()] += count
        self._written = {
            plain: form
            for plain, form in best.items()
            if form != plain and forms[form] >= _MOSTLY * every[plain]
        }

    def written(self, question: str) -> str:
        """Return a question typed without capitals with those that the index gives its words.

        Small models, and whoever looks for names, read "which weekday did ibm quit" badly.

        Args:
            question: in plain words; one that has a capital inside stays as it is.
        """
        if re.search(r"(?<!^)[A-Z]", question.strip()):
            return question
        known = {word.surface.removesuffix("'s") for word in read(question).words}
        return _WORD.sub(
            lambda found: self._written.get(found[0], found[0]) if found[0] in known else found[0],
            question,
        )

    def knows(self, stem: str) -> bool:
        """Tell whether any passage has this word or one grown from the same root."""
        return match(stem, self._seen.keys()) > 0

    def is_name(self, word: Word) -> bool:
        """Tell whether a word is a name: by its capital, or by how the index writes it."""
        return (word.name and not word.first) or word.stem in self._names

    def weight(self, stem: str) -> float:
        """Return a weight of 0.7 (in every passage) up; unseen words weigh most."""
        # A small index says little about rarity: the prior keeps weights within a factor of
        # about four there.
        weight = math.log(1 + (self.count + 20) / (self._seen[stem] + 1 + 20 * 0.05))
        return weight * LIGHT_WEIGHT if is_light(stem) else weight


_WHO = "The source does not say clearly of whom or what it says this."
_Problem = tuple[Fault, Verdict, str]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The sentences of one or more passages, taken apart."""

    sentences: tuple[tuple[Hit, Sentence], ...]
    readings: tuple[Reading, ...]
    around: Reading
    text: str

    @property
    def stems(self) -> frozenset[str]:
        found = frozenset[str]().union(*(r.stems for r in self.readings))
        return found | self.around.stems

    def stems_of(self, chosen: Iterable[int]) -> frozenset[str]:
        """Stems of the sentences at some places."""
        return frozenset[str]().union(*(self.readings[i].stems for i in chosen))

    def stems_before(self, chosen: Iterable[int]) -> frozenset[str]:
        """Stems of the two sentences before each of some places."""
        return self.stems_of(j for i in chosen for j in range(max(0, i - 2), i))

    @property
    def names(self) -> frozenset[str]:
        """Stems of what is written with a capital inside a sentence."""
        return frozenset(w.stem for r in self.readings for w in r.words if w.name and not w.first)


class CoverageChecker:
    """Exact facts and rarity-weighted coverage of content words.

    Args:
        rarity: weights of words in the index at hand.
        threshold: support from which a statement counts as supported, 0 to 1.
    """

    def __init__(self, rarity: Rarity, *, threshold: float = 0.75) -> None:
        self.rarity = rarity
        self.threshold = threshold
        self._passages: dict[str, _Evidence] = {}

    def judge(self, claim: Claim) -> Judgement:
        """Return verdict, support and the fewest sentences that carry the claim.

        A claim of several sentences is carried if each of them is.
        """
        parts = split_sentences(claim.text)
        if len(parts) < 2:
            return self._judge(claim)
        return _worst([self._judge(replace(claim, text=part.text)) for part in parts])

    def _judge(self, claim: Claim) -> Judgement:
        statement = read(claim.text)
        if not statement.words:  # "In May 2021" states nothing
            reason = "It states nothing that can be checked."
            return Judgement(Verdict.NOT_FOUND, 0.0, (), reason, fault="nothing")
        evidence = self._evidence(claim.hits)
        asked = _given(claim.question)
        chosen = self._choose(statement, evidence)
        found = self._judge_by(claim, statement, asked, evidence, chosen)
        if found.verdict is not Verdict.SUPPORTED or not found.anchored:
            return found
        # For the question's own words alone no sentence has to be cited, if it goes without.
        fewer = self._choose(statement, evidence, asked)
        if fewer == chosen:
            return found
        without = self._judge_by(claim, statement, asked, evidence, fewer)
        kept = without.verdict is Verdict.SUPPORTED and without.anchored
        return without if kept else found

    def _judge_by(
        self,
        claim: Claim,
        statement: Reading,
        asked: Reading,
        evidence: _Evidence,
        chosen: Sequence[int],
    ) -> Judgement:
        """Return what the sentences at some places make of a claim."""
        if not chosen:
            reason = "No sentence of the document says this."
            return Judgement(Verdict.NOT_FOUND, 0.0, (), reason, fault="nothing")
        sentences = tuple(evidence.sentences[i] for i in chosen)
        support, missing = self._coverage(statement, asked, evidence, chosen)
        anchored = _anchored(statement, evidence, chosen)
        if not anchored and not _refers_back(statement, evidence, chosen):
            support *= _APART
        problem = _facts(claim, statement, asked, evidence, chosen)
        if not problem and _dated_elsewhere(statement, evidence, chosen):
            reason = "The source gives the date in another sentence."
            problem = "elsewhere", Verdict.NOT_FOUND, reason
        if problem:
            fault, verdict, reason = problem
            return Judgement(verdict, min(support, 0.5), sentences, reason, fault=fault)
        if support < self.threshold:
            words = ", ".join(f"“{word}”" for word in dict.fromkeys(missing))
            verdict = Verdict.PARTLY if support >= 0.5 else Verdict.NOT_FOUND
            reason = f"Not in the source: {words}." if words else _WHO
            return Judgement(verdict, support, sentences, reason, anchored, fault="words")
        return Judgement(Verdict.SUPPORTED, support, sentences, anchored=anchored)

    def _evidence(self, hits: Sequence[Hit]) -> _Evidence:
        parts = [self._passage(hit) for hit in hits]
        around = [part.around for part in parts]
        return _Evidence(
            tuple(pair for part in parts for pair in part.sentences),
            tuple(reading for part in parts for reading in part.readings),
            around[0] if len(around) == 1 else join(around),
            "\n".join(part.text for part in parts),
        )

    def _passage(self, hit: Hit) -> _Evidence:
        passage = hit.passage
        known = self._passages.get(passage.id)
        if known is None:
            metadata = hit.document.metadata
            facts = [metadata[k] for k in ("publisher", "author", "date") if k in metadata]
            known = _Evidence(
                tuple((hit, sentence) for sentence in passage.sentences),
                _readings(hit),
                read(". ".join([heading(hit.document), *facts])),
                passage.text,
            )
            if len(self._passages) >= 4096:
                self._passages.clear()
            self._passages[passage.id] = known
        return known

    def _choose(
        self, statement: Reading, evidence: _Evidence, asked: Reading | None = None
    ) -> list[int]:
        """Return indices of the fewest sentences that carry most, greedily, then pruned.

        Args:
            statement: what is to be carried.
            evidence: where.
            asked: the question, where its words shall count for little.
        """
        given = asked.stems if asked else frozenset[str]()
        total = _FACT_WEIGHT * (
            len(statement.numbers) + len(statement.dates) + len(statement.weekdays)
        )
        weights = dict[str, float]()
        for word in statement.words:
            known = word.stem in given and (not word.name or word.stem in evidence.around.stems)
            weight = self.rarity.weight(word.stem)
            total += 0.0 if word.stem in weights else weight
            weights[word.stem] = weight * (GIVEN_GAIN if known else 1.0)

        def carried(indices: Iterable[int]) -> float:
            picked = [evidence.readings[i] for i in indices]
            stems = frozenset[str]().union(*(r.stems for r in picked)) if picked else frozenset()
            dates = [date for r in picked for date in r.dates]
            numbers = frozenset[tuple[float, str]]().union(*(r.numbers for r in picked))
            days = frozenset[str]().union(*(r.weekdays for r in picked))
            return (
                sum(w * match(stem, stems) for stem, w in weights.items())
                + _FACT_WEIGHT * sum(n in numbers for n in statement.numbers)
                + _FACT_WEIGHT * sum(any(d.carries(x) for d in dates) for x in statement.dates)
                + _FACT_WEIGHT * len(statement.weekdays & days)
            )

        chosen: list[int] = []
        held = 0.0
        while len(chosen) < MAX_EVIDENCE and held < total:
            options = [i for i in range(len(evidence.sentences)) if i not in chosen]
            if not options:
                break
            # Of equals, the sentence next to one already chosen, then the shorter one.
            best = max(
                options,
                key=lambda i: (
                    round(carried([*chosen, i]), 6),
                    -min((abs(i - j) for j in chosen), default=0),
                    -len(evidence.sentences[i][1].text),
                ),
            )
            gain = carried([*chosen, best]) - held
            if gain < MIN_GAIN * total:
                break
            chosen.append(best)
            held += gain
        for i in list(chosen):
            rest = [j for j in chosen if j != i]
            if rest and carried(rest) > held - MIN_GAIN / 2 * total:
                chosen, held = rest, carried(rest)
        return _without_names_alone(statement, evidence, sorted(chosen))

    def _coverage(
        self, statement: Reading, asked: Reading, evidence: _Evidence, chosen: Sequence[int]
    ) -> tuple[float, list[str]]:
        stems, near = evidence.stems_of(chosen), evidence.stems_before(chosen)
        held = total = 0.0
        missing: list[str] = []
        for word in statement.words:
            weight = self.rarity.weight(word.stem)
            share = match(word.stem, stems)
            if not share and word.name and has_demonym(word.stem, stems):
                share = 0.8
            given = word.stem in asked.stems
            if share < 1 and (
                (given and not word.name and word.stem in evidence.stems)
                or (word.name and word.stem in (near | evidence.around.stems))
            ):
                share = 1.0
            if given and not share and not self.rarity.is_name(word):
                # The question's own wording ("conditions", "reason") that the passage does
                # not use: no fact of the statement, but no proof of it either.
                weight *= GIVEN_WEIGHT
            total += weight
            held += weight * share
            if share == 0:
                missing.append(word.surface)
        facts = len(statement.numbers) + len(statement.dates) + len(statement.weekdays)
        total += _FACT_WEIGHT * facts  # present, or the exact layer refuses
        held += _FACT_WEIGHT * facts
        return (held / total if total else 0.0), missing


def _given(question: str) -> Reading:
    """Read a question; what it offers to choose from ("north or south") it does not give."""
    asked = read(question)
    offered = set[str]()
    for offer in _OR.finditer(question):
        before, after = read(question[: offer.start()]).words, read(question[offer.end() :]).words
        offered |= {word.stem for word in (*before[-1:], *after[:1])}
    return replace(asked, words=tuple(w for w in asked.words if w.stem not in offered))


def _readings(hit: Hit) -> tuple[Reading, ...]:
    """Read the sentences of a passage, with the days that their words mean in this document.

    Days of birth and death in brackets say that somebody was born and died.
    """
    texts = [sentence.text for sentence in hit.passage.sentences]
    days = [d for d in read(hit.document.metadata.get("date", "")).dates if d.day]
    meant = resolve(texts, days[0] if days else None)
    return tuple(
        replace(
            reading,
            words=(*reading.words, *(_LIVED if lifespans(text) else ())),
            dates=(*reading.dates, *when.dates),
            weekdays=reading.weekdays | when.weekdays,
        )
        for text, reading, when in zip(texts, map(read, texts), meant, strict=True)
    )


def _without_names_alone(
    statement: Reading, evidence: _Evidence, chosen: Sequence[int]
) -> list[int]:
    """Leave out sentences that only name what the others speak of: nobody needs them cited.

    The name must stand in the heading or just before the others, and they must refer to it.
    """
    kept = list(chosen)
    for i in chosen:
        rest = [j for j in kept if j != i]
        if not rest or i not in kept:
            continue
        own = evidence.readings[i]
        stems = evidence.stems_of(rest)
        only = [w for w in statement.words if match(w.stem, own.stems) > match(w.stem, stems)]
        near = evidence.around.stems | evidence.stems_before(rest)
        facts = (
            own.numbers & statement.numbers
            or (own.dates and statement.dates)
            or own.weekdays & statement.weekdays
        )
        if (
            not facts
            and all(word.name and word.stem in near for word in only)
            and (_anchored(statement, evidence, rest) or _refers_back(statement, evidence, rest))
        ):
            kept = rest
    return kept


def _worst(found: Sequence[Judgement]) -> Judgement:
    """Return the judgement of several sentences together: that of the worst, cited like all."""
    order = [Verdict.CONTRADICTED, Verdict.NOT_FOUND, Verdict.PARTLY, Verdict.SUPPORTED]
    worst = min(
        found, key=lambda j: (j.fault not in EXACT, order.index(j.verdict), bool(not j.fault))
    )
    cited = {(h.passage.id, s.start): (h, s) for j in found for h, s in j.sentences}
    return replace(
        worst,
        support=min(j.support for j in found),
        sentences=tuple(cited.values()),
        anchored=all(j.anchored for j in found),
    )


def match(stem: str, stems: Set[str]) -> float:
    """Return 1 for the same stem, 0.8 for one that grew from the same long root, else 0.

    The points of the compass do not grow: what is southern is not in the south of all there is.
    """
    if stem in stems:
        return 1.0
    if len(stem) >= 5 and stem not in _COMPASS:
        root = stem[: max(5, len(stem) - 3)]
        if any(other.startswith(root) and abs(len(other) - len(stem)) <= 4 for other in stems):
            return 0.8
    return 0.0


def match_name(stem: str, stems: Set[str]) -> float:
    """Return 1 for the same name, 0.8 for one grown from it ("Europe", "European"), else 0.

    Names that merely begin alike ("InnovaTech", "InnovateTech") are two.
    """
    if stem in stems:
        return 1.0
    if has_demonym(stem, stems):
        return 0.8
    if any(
        min(len(stem), len(other)) >= 4
        and abs(len(stem) - len(other)) <= 4
        and (stem.startswith(other) or other.startswith(stem))
        for other in stems
    ):
        return 0.8
    return 0.0


def _facts(
    claim: Claim,
    statement: Reading,
    asked: Reading,
    evidence: _Evidence,
    chosen: Sequence[int],
) -> _Problem | None:
    """Return the first exact fact of the statement that the evidence does not bear out."""
    picked = [evidence.readings[i] for i in chosen]
    numbers = frozenset[tuple[float, str]]().union(*(r.numbers for r in picked))
    days = frozenset[str]().union(*(r.weekdays for r in picked))
    dates = [d for r in picked for d in r.dates]
    # "The three companies": a count that the question gave is no new fact.
    wrong = statement.numbers - numbers - asked.numbers
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
        if not any((value, "") in r.numbers and match(counts, r.stems) for r in picked):
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
        or _speaker(statement, evidence, chosen)
        or _subject(statement, evidence, chosen)
        or _doer(statement, evidence, chosen)
        or _names(statement, asked, evidence, chosen)
    )


def _unit_once(number: tuple[float, str], source: Reading) -> bool:
    """Tell whether a sentence gives a number whose unit it has with another: "240 euros, or 90"."""
    value, unit = number
    return (
        bool(unit) and (value, "") in source.numbers and any(u == unit for _, u in source.numbers)
    )


def _lived(statement: Reading, cited: Sequence[str]) -> _Problem | None:
    """Refuse the day of a death as that of a birth, and the reverse."""
    spans = [span for text in cited for span in lifespans(text)]
    for deed, place in ((_BORN, 0), (_DIED, 1)):
        if not spans or deed not in statement.stems or {_BORN, _DIED} <= statement.stems:
            continue
        others = [span[1 - place] for span in spans]
        own = [span[place] for span in spans]
        for date in statement.dates:
            if any(d.carries(date) for d in others) and not any(d.carries(date) for d in own):
                return "date", Verdict.CONTRADICTED, "The source gives this day of the other."
    return None


def _counts_others(value: float, counts: str, picked: Sequence[Reading]) -> bool:
    """Tell whether a source counts this many of other things only, and another number of these."""
    counted = frozenset[tuple[float, str]]().union(*(r.counted for r in picked))
    here = {number for number, thing in counted if thing == counts}
    return bool(here) and value not in here and any(number == value for number, _ in counted)


def _measured(statement: str, cited: Sequence[str]) -> _Problem | None:
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
    return [(read(match["number"]).numbers, match["name"]) for match in found]


def _planned(statement: str, cited: Sequence[str]) -> _Problem | None:
    """Refuse as done what the source only plans or holds possible: "raised" for "may raise"."""
    if _PLANS.search(normal(statement)):
        return None
    texts = [normal(text) for text in cited]
    planned = {stem(match[1]) for text in texts for match in _PLANS.finditer(text)}
    done = {stem(word) for text in texts for word in _DONE.findall(text)}
    if planned & {stem(word) for word in _DONE.findall(normal(statement))} - done:
        reason = "The source only says that this is planned or possible."
        return "negation", Verdict.CONTRADICTED, reason
    return None


def _bounded(statement: str, cited: Sequence[str]) -> _Problem | None:
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
    for match in _BOUND.finditer(normal(text)):
        numbers = read(match["number"]).numbers
        if numbers:
            found[max(value for value, _ in numbers)] = "under" if match["under"] else "over"
    return found


def _left_open(statement: str, cited: Sequence[str]) -> _Problem | None:
    """Refuse a plain statement of what the source says is not known."""
    if any(map(leaves_open, cited)) and not leaves_open(statement):
        return "negation", Verdict.CONTRADICTED, "The source leaves this open."
    return None


def leaves_open(text: str) -> bool:
    """Tell whether a text says that something is not known, clear or decided."""
    return bool(_OPEN.search(normal(text)))


def _place(statement: str, asked: Reading, evidence: _Evidence) -> _Problem | None:
    """Refuse to set something in a place that the source only names beside it.

    Asked of "the embargo in Israel", small models set there what a text says of an embargo and of
    "an agreement between Israel and Syria". A title, a people's name ("Israeli") or a place given
    with a word of place anywhere in the passage will do.
    """
    text = normal(statement)
    said = read(statement).stems
    source = normal(evidence.text)
    for match in _IN.finditer(text):
        words = read(text[match.end() :]).words
        name = words[0] if words else None
        if name is None or not text[match.end() :].startswith(name.surface):
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


def _is_name(word: Word, evidence: _Evidence) -> bool:
    """Tell a name from a common word that a sentence happens to begin with."""
    if not word.name or not word.first:
        return word.name
    forms = {w.stem: w for r in (*evidence.readings, evidence.around) for w in r.words}
    seen = forms.get(word.stem)
    return seen is not None and seen.name


def _names(
    statement: Reading, asked: Reading, evidence: _Evidence, chosen: Sequence[int]
) -> _Problem | None:
    """Require every name in the cited sentences, just before them, or in the heading.

    One that the question did not give, and that is so the answer, must be cited, unless a word
    like "he" or "there" stands there for it.
    """
    cited = evidence.stems_of(chosen) | evidence.around.stems
    held = cited | asked.stems
    stands = any(_stands_for_somebody(evidence.sentences[i][1].text) for i in chosen)
    window = {j for i in chosen for j in range(max(0, i - 3), i + 1)}
    near = evidence.stems_of(window) | evidence.around.stems
    text = evidence.text
    for place, word in enumerate(statement.words):
        if word.stem in near or has_demonym(word.stem, near):
            answer = _is_name(word, evidence) and not is_light(word.stem)
            answer = answer and word.stem not in held and not has_demonym(word.stem, held)
            if not answer or stands or shortened(statement.words, place, cited, text):
                continue
            return "name", Verdict.NOT_FOUND, f"“{word.surface}” stands in another sentence."
        if shortened(statement.words, place, near, text):
            continue
        # A capital inside the sentence marks a name. At its start it may be a common word,
        # unless it is an acronym, or the question gave it and the passage is not about it.
        given = word.stem in asked.stems and word.stem not in evidence.stems
        if word.name and (
            not word.first
            or word.surface.isupper()
            or _CAMEL.search(word.surface)
            or (given and not is_light(word.stem))
        ):
            name = normal(word.surface).removesuffix("'s")
            return "name", Verdict.NOT_FOUND, f"“{name}” does not stand in the source sentence."
    return None


def _stands_for_somebody(text: str) -> bool:
    """Tell whether a sentence has a word that stands for somebody or something named before it.

    "The company" does, "The Coast Company" is one itself.
    """
    opening = _STANDS_FOR.match(normal(text))
    return bool(
        _SOMEBODY.search(text)
        or _ITS.match(text)
        or (opening and not re.search(r"\s[A-Z]", opening[0]))
    )


def shortened(words: Sequence[Word], place: int, near: Set[str], text: str) -> bool:
    """Tell whether a first name is merely left out: "Brad Smith" where a text says "Smith".

    The last name must stand near, and nobody else of that last name in the text. A title
    ("Justice Cole") may stand for a first name.
    """
    run = name_run(words, place)
    if len(run) < 2 or run[-1].stem not in near or run[-1].stem in _FIRMS:
        return False
    last = re.escape(run[-1].surface)
    if words[place].stem in _TITLES:
        names = [name.split() for name in _NAMES.findall(text)]
        firsts = {name[0] for name in names if len(name) > 1 and name[-1] == run[-1].surface}
        return len({name for name in firsts if stem(name) not in _TITLES}) < 2
    before = set(re.findall(rf"\b([A-Z][\w'’-]+)\s+{last}\b", text))
    own = {words[place].stem} | _TITLES
    return all(stem(name) in own for name in before)


def _negation(statement: Reading, picked: Sequence[Reading]) -> _Problem | None:
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


def _subject(statement: Reading, evidence: _Evidence, chosen: Sequence[int]) -> _Problem | None:
    """Refuse a statement about one name whose predicate the source gives to another."""
    subject = _leading_names(statement, evidence)
    if not subject:
        return None
    own = {word.stem for word in subject}
    rest = [w.stem for w in statement.words if w.stem not in own]
    core = max(chosen, key=lambda i: sum(s in evidence.readings[i].stems for s in rest))
    reading = evidence.readings[core]
    if own & reading.stems:
        return None
    opening = reading.words[:1]
    text = normal(evidence.sentences[core][1].text)
    if '"' in text and _SAYS & set(rest):
        return None  # a quotation: its speaker is named beside it, not in it
    if (
        opening
        and opening[0].name
        and not _PRONOUN.match(text)
        and opening[0].stem in evidence.names | evidence.around.stems
        and not _one_name(own | {opening[0].stem}, evidence)
    ):
        return (
            "subject",
            Verdict.NOT_FOUND,
            f"The source says this of {opening[0].surface}, not of {subject[0].surface}.",
        )
    return None


def _one_name(stems: Set[str], evidence: _Evidence) -> bool:
    """Tell whether some name there has all of some words: "Ada Mary Quist" is both Ada and Mary."""
    texts = normal(evidence.text), normal(evidence.sentences[0][0].document.title)
    names = [name for text in texts for name in _NAMES.findall(text)]
    return any(stems <= {stem(word) for word in name.split()} for name in names)


def _doer(statement: Reading, evidence: _Evidence, chosen: Sequence[int]) -> _Problem | None:
    """Refuse a deed that the source's own clause gives to another name than the statement does.

    "Following Ada and Bo, Cy announced it" does not say that Ada announced it: nearest before the
    verb stands another name, in a clause of its own.
    """
    leading = _leading_names(statement, evidence)
    if not leading:
        return None
    after = statement.words[len(leading) :]
    more = list(takewhile(lambda word: word.name, after))
    own = {word.stem for word in (*leading, *more)}
    verb = after[len(more)].stem if len(more) < len(after) else ""
    other = ""
    for i in chosen:
        text = _BRACKETS.sub(" ", normal(evidence.sentences[i][1].text))
        for found in _WORD.finditer(text):
            if stem(found[0]) != verb or found[0][0].isupper():
                continue
            before = text[: found.start()]
            clause = _CLAUSE.split(before)[-1]
            names = [name for name in _NAMES.findall(clause) if name.lower() not in _DAYS]
            named = {stem(word) for name in names for word in name.split()}
            earlier = {stem(word[0]) for word in _WORD.finditer(before[: -len(clause) or None])}
            if (
                not names
                or own & named
                or _one_name(own | {stem(names[0].split()[0])}, evidence)
                or not own & earlier
                or not _OWN_CLAUSE.match(clause)
                or stem(names[0].split()[0]) not in evidence.names | evidence.around.stems
            ):
                return None
            other = names[0]
    if not other:
        return None
    reason = f"The source says this of {other}, not of {leading[0].surface}."
    return "subject", Verdict.NOT_FOUND, reason


def _speaker(statement: Reading, evidence: _Evidence, chosen: Sequence[int]) -> _Problem | None:
    """Refuse a statement about one name where another one says "we" in the source.

    A quotation's speaker is named before it, with a word of saying, or right after it.
    """
    subject = _leading_names(statement, evidence)
    own = {word.stem for word in subject}
    for i in chosen if own else ():
        if own & evidence.readings[i].stems or not _FIRST_PERSON.match(
            normal(evidence.sentences[i][1].text)
        ):
            continue
        before = evidence.readings[i - 1].stems if i else frozenset[str]()
        after = evidence.readings[i + 1].words[:1] if _follows(evidence, i) else ()
        if (own & before and _SAYS & before) or not after:
            continue
        named = after[0].stem in evidence.names | evidence.around.stems
        if named and after[0].name and after[0].stem not in own:
            reason = f"The source quotes {after[0].surface} here, not {subject[0].surface}."
            return "subject", Verdict.NOT_FOUND, reason
    return None


def _follows(evidence: _Evidence, i: int) -> bool:
    """Tell whether a sentence has another one after it in its paragraph."""
    if i + 1 >= len(evidence.sentences):
        return False
    (hit, sentence), (other, following) = evidence.sentences[i], evidence.sentences[i + 1]
    between = hit.document.text[sentence.end : following.start]
    return hit.passage.id == other.passage.id and "\n\n" not in between


def _leading_names(statement: Reading, evidence: _Evidence) -> list[Word]:
    """Return the names a statement begins with: what it speaks of."""
    run = name_run(statement.words)
    return list(takewhile(lambda w: _is_name(w, evidence), run))


def _anchored(statement: Reading, evidence: _Evidence, chosen: Sequence[int]) -> bool:
    """Tell whether a cited sentence, or the title above it, names what the statement opens with.

    What a title begins with its document is about, unless a sentence begins with another name or
    somebody speaks of himself in it.
    """
    own = {word.stem for word in _leading_names(statement, evidence)}
    named = evidence.stems_of(chosen)
    if not own or own & named or any(has_demonym(name, named) for name in own):
        return True
    opening = {w.stem for i in chosen for w in evidence.readings[i].words[:1] if w.first}
    if opening & evidence.names or any(
        _SPEAKER.search(evidence.sentences[i][1].text) for i in chosen
    ):
        return False
    title = read(evidence.sentences[0][0].document.title).words
    return own <= {w.stem for w in title} and title[0].stem in own


def _dated_elsewhere(statement: Reading, evidence: _Evidence, chosen: Sequence[int]) -> bool:
    """Tell whether the sentence that carries most of a statement lacks its dates."""
    if len(chosen) < 2 or evidence.sentences[chosen[0]][0].passage.kind == "metadata":
        return False
    words = {word.stem for word in statement.words}
    names = {word.stem for word in statement.words if _is_name(word, evidence)}

    def said(i: int) -> int:
        # Names stand in many sentences; what is said of them, beside its date, in few.
        return len((words & evidence.readings[i].stems) - names)

    most = max(map(said, chosen))
    return not any(
        statement.weekdays <= core.weekdays
        and all(
            any(dated(known, date, evidence.around.dates) for known in core.dates)
            for date in statement.dates
        )
        for core in (evidence.readings[i] for i in chosen if said(i) == most)
    )


def _refers_back(statement: Reading, evidence: _Evidence, chosen: Sequence[int]) -> bool:
    """Tell whether the cited sentences begin with a word that stands for the name meant.

    "He" and "the company" look back. "We" stands for a speaker, who is named before or after
    the quotation: where the sentence after it names somebody else, it is not the one meant.
    """
    own = {word.stem for word in _leading_names(statement, evidence)}
    for i in chosen:
        text = normal(evidence.sentences[i][1].text)
        if not _STANDS_FOR.match(text):
            return False
        if _FIRST_PERSON.match(text) and i + 1 < len(evidence.readings):
            after = {w.stem for w in evidence.readings[i + 1].words if w.name}
            if after and not after & own:
                return False
    return True
