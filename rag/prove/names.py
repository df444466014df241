"""Whom a statement and its evidence speak of: who did it, who said it, who is meant.

Small models put the deed of one name on another that stands close by. Each rule refuses where the
source itself gives it to somebody else, or names nobody of that name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import takewhile

from rag.prove.claims import Problem
from rag.prove.evidence import Evidence
from rag.prove.rarity import WORD
from rag.prove.words import (
    WEEKDAYS,
    Reading,
    Word,
    has_demonym,
    is_light,
    name_run,
    normal,
    read,
    stem,
)
from rag.types import Verdict

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


def is_name(word: Word, evidence: Evidence) -> bool:
    """Tell a name from a common word that a sentence happens to begin with."""
    if not word.name or not word.first:
        return word.name
    forms = {w.stem: w for r in (*evidence.readings, evidence.around) for w in r.words}
    seen = forms.get(word.stem)
    return seen is not None and seen.name


def unnamed(
    statement: Reading, asked: Reading, evidence: Evidence, chosen: Sequence[int]
) -> Problem | None:
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
            answer = is_name(word, evidence) and not is_light(word.stem)
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
    ("Justice Cole") may stand for a first name, and so may an initial ("J. Cole").
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
    initial = words[place].surface if len(words[place].surface) == 1 else "-"
    return all(stem(name) in own or name.startswith(initial) for name in before)


def of_another(statement: Reading, evidence: Evidence, chosen: Sequence[int]) -> Problem | None:
    """Refuse a statement about one name whose predicate the source gives to another."""
    subject = leading_names(statement, evidence)
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


def _one_name(stems: Set[str], evidence: Evidence) -> bool:
    """Tell whether some name there has all of some words: "Ada Mary Quist" is both Ada and Mary."""
    texts = normal(evidence.text), normal(evidence.sentences[0][0].document.title)
    names = [name for text in texts for name in _NAMES.findall(text)]
    return any(stems <= {stem(word) for word in name.split()} for name in names)


def done_by_other(statement: Reading, evidence: Evidence, chosen: Sequence[int]) -> Problem | None:
    """Refuse a deed that the source's own clause gives to another name than the statement does.

    "Following Ada and Bo, Cy announced it" does not say that Ada announced it: nearest before the
    verb stands another name, in a clause of its own.
    """
    leading = leading_names(statement, evidence)
    if not leading:
        return None
    after = statement.words[len(leading) :]
    more = list(takewhile(lambda word: word.name, after))
    own = {word.stem for word in (*leading, *more)}
    verb = after[len(more)].stem if len(more) < len(after) else ""
    other = ""
    for i in chosen:
        text = _BRACKETS.sub(" ", normal(evidence.sentences[i][1].text))
        for found in WORD.finditer(text):
            if stem(found[0]) != verb or found[0][0].isupper():
                continue
            before = text[: found.start()]
            clause = _CLAUSE.split(before)[-1]
            names = [name for name in _NAMES.findall(clause) if name.lower() not in _DAYS]
            named = {stem(word) for name in names for word in name.split()}
            earlier = {stem(word[0]) for word in WORD.finditer(before[: -len(clause) or None])}
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


def said_by_other(statement: Reading, evidence: Evidence, chosen: Sequence[int]) -> Problem | None:
    """Refuse a statement about one name where another one says "we" in the source.

    A quotation's speaker is named before it, with a word of saying, or right after it.
    """
    subject = leading_names(statement, evidence)
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


def _follows(evidence: Evidence, i: int) -> bool:
    """Tell whether a sentence has another one after it in its paragraph."""
    if i + 1 >= len(evidence.sentences):
        return False
    (hit, sentence), (other, following) = evidence.sentences[i], evidence.sentences[i + 1]
    between = hit.document.text[sentence.end : following.start]
    return hit.passage.id == other.passage.id and "\n\n" not in between


def leading_names(statement: Reading, evidence: Evidence) -> list[Word]:
    """Return the names a statement begins with: what it speaks of."""
    run = name_run(statement.words)
    return list(takewhile(lambda w: is_name(w, evidence), run))


def anchored(statement: Reading, evidence: Evidence, chosen: Sequence[int]) -> bool:
    """Tell whether a cited sentence, or the title above it, names what the statement opens with.

    What a title begins with its document is about, unless a sentence begins with another name or
    somebody speaks of himself in it.
    """
    own = {word.stem for word in leading_names(statement, evidence)}
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


def refers_back(statement: Reading, evidence: Evidence, chosen: Sequence[int]) -> bool:
    """Tell whether the cited sentences begin with a word that stands for the name meant.

    "He" and "the company" look back. "We" stands for a speaker, who is named before or after
    the quotation: where the sentence after it names somebody else, it is not the one meant.
    """
    own = {word.stem for word in leading_names(statement, evidence)}
    for i in chosen:
        text = normal(evidence.sentences[i][1].text)
        if not _STANDS_FOR.match(text):
            return False
        if _FIRST_PERSON.match(text) and i + 1 < len(evidence.readings):
            after = {w.stem for w in evidence.readings[i + 1].words if w.name}
            if after and not after & own:
                return False
    return True
