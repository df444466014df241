"""Question about a document itself + hits -> what the document states of itself; pure.

"Who wrote the article that says the bridge will close?" asks for a byline, "When was it published?"
for a line of the header. Such facts were taken from the file when it was read, so no model is
asked: the document whose title and publisher the question describes is looked for, and the sentence
in which the fact stands is cited. What matches no document, or several that differ, is left to
reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from rag.documents import TEXT
from rag.passages import heading, spoken_date
from rag.prove import Judgement, Proof, Rarity
from rag.prove.copies import with_copies
from rag.prove.rarity import match
from rag.prove.words import is_light, read, stem
from rag.types import Document, Hit, Passage, Sentence, Verdict

# Share of what the question says of the document that its title and publisher must bear, and by
# how much they must do so better than those of any document that states something else; else it
# must repeat so many words of the title in a row, two more than of any other.
DESCRIBED = 0.6
AHEAD = 0.1
FEWEST_IN_A_ROW = 4
_DOCUMENT = re.compile(
    r"\b(?:article|story|piece|report|post|page|paper|essay|column|press release|document|text|"
    r"headline[ds]?|titled|entitled)\b",
    re.IGNORECASE,
)
_ASKS = {
    "author": re.compile(
        r"\bwho (?:wrote|has written|authored|is the author|was the author|is the writer)\b|"
        r"\b(?:author|writer|byline) of\b|\bby whom\b.*\bwritten\b",
        re.IGNORECASE,
    ),
    "publisher": re.compile(
        r"\bwho (?:published|ran|printed)\b|\b(?:publisher|outlet) of\b|"
        r"\b(?:which|what) (?:publisher|outlet|newspaper|magazine|site|website|news \w+) "
        r"(?:published|ran|printed|carried|posted)\b",
        re.IGNORECASE,
    ),
    "date": re.compile(
        r"\bwhen (?:was|were|did|is)\b.*\b(?:publish(?:ed)?|posted|printed)\b|"
        r"\b(?:publication date|date of publication)\b|"
        r"\b(?:what|which) (?:date|day)\b.*\b(?:published|posted|printed)\b",
        re.IGNORECASE,
    ),
    "url": re.compile(
        r"\b(?:url|web address|internet address|link) (?:of|to|for)\b", re.IGNORECASE
    ),
}
_SAYS = {
    "author": "“{title}” was written by {value}.",
    "publisher": "“{title}” was published by {value}.",
    "date": "“{title}” was published on {value}.",
    "url": "“{title}” is at {value}.",
}
# Words that ask, and describe no document.
_ASKING = """who what when where wrote written author authored writer byline publish published
    publisher publication posted printed outlet ran carried date day url link web
    internet address article story piece report post page paper essay column press
    release document headline headlined titled entitled title name news newspaper
    magazine site website say says said"""


@dataclass(frozen=True, slots=True)
class _Match:
    document: Document
    value: str
    described: float
    run: int  # words in a row that the title has in common with the question

    @property
    def from_text(self) -> bool:
        """Whether it is a date that the text gives."""
        known = self.document
        return known.origins.get("date") == TEXT and known.metadata.get("date") == self.value

    def leads(self, other: _Match) -> bool:
        """Tell whether the question describes this document far better than another."""
        if other.described > self.described:
            return False
        ahead = other.described <= self.described - AHEAD
        return ahead or self.run >= max(FEWEST_IN_A_ROW, other.run + 2)


def asked_fact(question: str) -> str:
    """Return the metadata key that a question about a document asks for, "" if it asks for none."""
    if not _DOCUMENT.search(question):
        return ""
    return next((key for key, pattern in _ASKS.items() if pattern.search(question)), "")


def stated(
    question: str,
    hits: Sequence[Hit],
    passages_of: Callable[[str], Iterable[Passage]],
    rarity: Rarity,
) -> Proof | None:
    """Return what the document that a question describes states of itself, with its sentence.

    Args:
        question: in plain words.
        hits: passages retrieved for it; their documents, and those of copies, are looked at.
        passages_of: returns the passages of a document by its id; the sentence is looked for there.
        rarity: weights of words in the index.
    """
    key = asked_fact(question)
    if not key:
        return None
    documents = {hit.document.id: hit.document for hit in with_copies(hits)}.values()
    found = [
        _Match(
            document,
            document.metadata.get(key, ""),
            _described(question, document, rarity),
            _in_a_row(question, document.title),
        )
        for document in documents
    ]
    best = max(found, key=lambda one: (one.described, one.run), default=None)
    if best is None or not best.value or best.described < DESCRIBED:
        return None
    if not all(best.leads(other) for other in found if other.value != best.value):
        return None
    place = _place(best, passages_of(best.document.id))
    if place is None:
        return None
    value = spoken_date(best.value) if key == "date" else best.value
    text = _SAYS[key].format(title=" ".join(best.document.title.split()), value=value)
    return Proof(text, Judgement(Verdict.SUPPORTED, 1.0, (place,)), ((place,),))


@lru_cache(maxsize=1)
def _asking() -> frozenset[str]:
    return frozenset(stem(word) for word in _ASKING.split())


def _described(question: str, document: Document, rarity: Rarity) -> float:
    """Return the share of the question's own words, 0 to 1, that a document's heading bears."""
    words = [w for w in read(question).words if w.stem not in _asking() and not is_light(w.stem)]
    stems = read(heading(document)).stems
    total = sum(rarity.weight(word.stem) for word in words)
    held = sum(rarity.weight(word.stem) * match(word.stem, stems) for word in words)
    return held / total if total else 0.0


def _in_a_row(question: str, title: str) -> int:
    """Return how many words the longest stretch has that stands in both."""
    asked, words = (re.findall(r"\w+", text.lower()) for text in (question, title))
    matcher = SequenceMatcher(None, asked, words, autojunk=False)
    return matcher.find_longest_match().size


def _place(one: _Match, passages: Iterable[Passage]) -> tuple[Hit, Sentence] | None:
    """Return the first sentence of the document in which the fact stands as it was read.

    A date that was taken from the text stands there in other words than in the metadata.
    """
    days = read(one.value).dates if one.from_text else ()
    for passage in passages:
        for sentence in passage.sentences:
            if one.value in sentence.text or (days and set(days) <= set(read(sentence.text).dates)):
                return Hit(passage, one.document, 0.0), sentence
    return None
