"""Whom a document means by "we" or "the Company", where it says so itself.

Reports define it once: "All references to “Fenwick”, “we” or the “Company” mean Fenwick Mills plc."
A sentence that says "we" is then of that name, and the definition is cited beside it. A document
that defines nothing, or one word as two, says nothing of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.passages import split_sentences
from rag.prove.rarity import match
from rag.prove.words import Reading, Word, normal, read

_WE = frozenset("we us our ours".split())
_ORGANISATIONS = "company corporation group registrant issuer bank fund trust partnership".split()
_DEFINES = re.compile(
    rf"[“\"](?:the\s+)?(?:{'|'.join((*_WE, *_ORGANISATIONS))})[,.]?[”\"]", re.IGNORECASE
)
_QUOTED = re.compile(r"[“\"]([^“”\"]{1,40})[”\"]")
# "Chief Financial Officer of Fenwick Mills" is no name, "Bank of Fenwick" is.
_NAME = (
    r"[A-Z][\w&.'’-]*(?:,?\s+(?:[A-Z][\w&.'’-]*|&)"
    r"|(?:(?<=Bank)|(?<=City)|(?<=University)|(?<=Republic))\s+of(?=\s+[A-Z]))*"
    r"(?:\s+(?:plc|llc|ltd|gmbh|ag|se|nv|sa)\b)?"
)
# "“we” and the “Company” mean NAME", "the terms … as used herein refer to NAME"
_MEANS = re.compile(
    r"(?P<terms>(?:[“\"][^“”\"]+[”\"][\s,]*(?:(?:and|or|the)\s+)*)+)[^“”\"().;]{0,40}?"
    r"\b(?:means?|refers?|is|are)\s+(?:collectively\s+)?(?:to\s+)?(?:the\s+)?"
    rf"(?P<name>{_NAME})"
)
# "NAME and its subsidiaries (“we”, the “Company”)", "NAME, a bank in Ulm (the “Bank”)"
_BRACKETED = re.compile(
    rf"(?P<name>{_NAME})(?:,? (?:and|together with) its [^()“”\"]{{0,60}}|, an? [^()“”\"]{{0,80}})?"
    r"\s*\((?P<terms>[^()]*[“\"][^()]*)\)"
)
_LEGAL = frozenset(
    "inc incorporated corp corporation company co ltd limited plc llc lp ag se sa nv gmbh group "
    "holdings the of".split()
)


# Words after which "the Company" is not the one who does something.
_OBJECT_AFTER = frozenset("to with by from for of against on upon in at between towards".split())


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence in words, and the statement it is held against.

    Attributes:
        sentence: of a row of a table what stands above it.
        above: it is what stands above a row: the table is the speaker's, whatever it says of it.
        statement: in words.
    """

    sentence: str
    above: bool
    statement: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """What a document calls itself.

    Attributes:
        names: stems of its names.
        terms: the words that stand for it: "we", or what it is ("company"), lower case.
        start: of the sentence that says so, in the document.
        end: of the same.
    """

    names: frozenset[str]
    terms: frozenset[str]
    start: int
    end: int


def speaker_of(text: str) -> Speaker | None:
    """Return whom a document means by "we" or "the Company", None where it does not say."""
    found = list(_definitions(text))
    if not found:
        return None
    first = found[0]
    if not all(_same(first, other) for other in found if first.terms & other.terms):
        return None
    return first


def _definitions(text: str) -> Iterator[Speaker]:
    """Yield each definition, those that define "we" first."""
    found = dict[int, Speaker]()
    for place in _DEFINES.finditer(text):
        begin = text.rfind("\n", 0, place.start()) + 1
        end = text.find("\n", place.end())
        sentences = split_sentences(text, begin, len(text) if end < 0 else end)
        for sentence in sentences:
            if sentence.start <= place.start() < sentence.end and sentence.start not in found:
                told = _MEANS.search(sentence.text) or _BRACKETED.search(sentence.text)
                if told:
                    names, terms = _told(told["name"], told["terms"])
                    if names and terms:
                        one = Speaker(names, terms, sentence.start, sentence.end)
                        found[sentence.start] = one
    yield from sorted(found.values(), key=lambda one: "we" not in one.terms)


def _told(name: str, listed: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the stems of the names and the words that stand for them."""
    names, terms = [name], set[str]()
    for quoted in _QUOTED.findall(listed):
        term = quoted.strip(" ,.").removeprefix("the ").removeprefix("The ")
        if term.lower() in _WE:
            terms.add("we")
        elif term.lower() in _ORGANISATIONS:
            terms.add(term.lower())
        elif term[:1].isupper():
            names.append(term)
    words = [word for each in names for word in read(each).words]
    return frozenset(w.stem for w in words if not _is_legal(w)), frozenset(terms)


def _is_legal(word: Word) -> bool:
    return word.surface.lower().strip(".,") in _LEGAL


def _same(one: Speaker, other: Speaker) -> bool:
    return bool(one.names & other.names)


def spoken(speaker: Speaker, plain: Reading, source: Source, said: Reading) -> Reading | None:
    """Return a sentence with the name of the one who speaks in it, as a statement gives it.

    Args:
        speaker: whom its document means by "we".
        plain: the sentence, read.
        source: the sentence and the statement in words.
        said: the statement, read.

    Returns:
        None where the statement does not name the speaker, or says little else that stands there,
        or where the speaker has another part in it: who does something must be "we", whose
        something is must be "our", to whom something is done must be "us".
    """
    named = [w for w in said.words if w.name and w.stem in speaker.names]
    own = {w.stem for w in named}
    if not named or own <= plain.stems:
        return None
    rest = {w.stem for w in said.words} - own
    text = normal(source.sentence)
    if '"' in text or 2 * len({s for s in rest if match(s, plain.stems)}) < len(rest):
        return None  # somebody who is quoted may say "we" of others
    does, owns, suffers = _parts(text, speaker.terms)
    statement = normal(source.statement)
    name = re.escape(named[0].surface.removesuffix("'s"))
    if source.above:
        fits = does or owns or suffers
    elif re.search(rf"\b{name}\b[^,.]{{0,30}}'s?(?=\s)", statement):
        fits = owns or does
    elif re.search(rf"(?:^|[,;]\s+|\band\s+|\bthat\s+|\bby\s+)(?:the\s+)?{name}\b", statement):
        fits = does
    else:
        fits = suffers
    words = (replace(word, first=False) for word in named)
    return replace(plain, words=(*plain.words, *words)) if fits else None


def _parts(text: str, terms: frozenset[str]) -> tuple[bool, bool, bool]:
    """Return whether the speaker does, owns or suffers something in a sentence."""
    does = owns = suffers = False
    if "we" in terms:
        does = bool(re.search(r"\bwe\b", text, re.IGNORECASE))
        owns = bool(re.search(r"\bours?\b", text, re.IGNORECASE))
        suffers = bool(re.search(r"\bus\b", text))
    for term in terms - {"we"}:
        for found in re.finditer(rf"(\w+)?\s*\b[Tt]he {term.capitalize()}\b('s)?", text):
            before, possessive = found.groups()
            owns = owns or bool(possessive)
            suffers = suffers or (not possessive and (before or "").lower() in _OBJECT_AFTER)
            does = does or (not possessive and (before or "").lower() not in _OBJECT_AFTER)
    return does, owns, suffers
