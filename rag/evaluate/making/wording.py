"""What is wrong with a question as it is worded: pure rules, each tells why in a few words.

A question must be understood by somebody who does not have the document open, must not give its
answer away, and must ask for the kind of thing that the answer is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.evaluate.making.names import names
from rag.prove.rarity import match
from rag.prove.words import Reading, has_demonym, is_light, normal, read

WORDS = (5, 28)
ALIKE = 0.8  # share of content words from which two questions are one
_OPENS = re.compile(
    r"^(?:(?:in|on|at|for|from|to|by|with|of|about|under|after|before|until|since|against)\s+)?"
    r"(?:who|whom|whose|what|which|when|where|why|how)\b",
    re.IGNORECASE,
)
_OF_TEXT = re.compile(
    r"\b(?:texts?|passages?|articles?|sentences?|paragraphs?|author|excerpt|mentioned|"
    r"described above|quot(?:e|ed|ation)|headline|the (?:document|speaker|writer)|quiz)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:he|she|it|they|we|I|you|him|her|his|hers|its|their|theirs|them|us|our|my|your)\b"
)
_POINTS = re.compile(r"\b(?:this|these|those|such|the same|that (?:time|day|year|event))\b")
_UNNAMED = re.compile(
    r"\bthe (?:\w+ (?=compan|firm))?(?:company|firm|corporation|giant|trio|man|woman|group|agency|"
    r"organi[sz]ation|report|study|event|incident|announcement|decision|statement|move|team|club|"
    r"bill|law|project|program(?:me)?|product|technology|software|city|country|state|committee|"
    r"department|attorney|president|mayor|director|spokes\w+)\b(?!\s+(?:of|for|that|which|who|in|at|"
    r"on|about|to|against|by|with|[A-Z]))"
)
_RELATIVE = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|now|currently|recently|at present|nowadays|"
    r"(?:last|this|next|past|previous|earlier) (?:year|month|week|night|day|season)|ago|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:main|stance|purpose|significance|topic|focus|goal|objective|some of|the role|role of|"
    r"key|kind of (?:thing|statement)|type of (?:statement|event|document|information)|reaction|"
    r"opinion|viewpoint|policy regarding|status|nature)\b|"
    r"\bwhat (?:is|are) [^?]* (?:about|doing)\b|"
    r"\bwhat (?:did|does|do|has|have|had|will|would|was|were|is|are) [^?]*?"
    r"\b(?:sa(?:y|id)|do|done|doing|state|think|happen\w*|mean)\b(?! to (?:stop|halt|end))",
    re.IGNORECASE,
)
# "Which city did the firm open a mill?" lacks its "in"; "What event did he say during?" its object.
_PLACELESS = re.compile(
    r"^(?:which|what) (?:city|country|state|town|place|region|street|building|venue|year|month) "
    r"(?:did|does|do|will|would|has|have|had|is|was|are|were)\b"
    r"(?!.*\b(?:in|at|to|from|of|for|on|with|by|near|against|into|during|visit|leave)\?$)",
    re.IGNORECASE,
)
_UNSAID = re.compile(r"\b(?:say|state|tell|announce|make) (?:during|in|at|on|for|about)?\?$")
_OBJECT = re.compile(r"^(?:which|what) (?:event|session|meeting|report|conference|programme)\b")
_ASKS = (
    ("number", re.compile(r"^(?:\w+ )?how (?:many|much|old|long|far|tall|big|large|high|fast)\b")),
    ("date", re.compile(r"^(?:when\b|(?:\w+ )?(?:what|which) (?:date|day|year|month)\b)")),
    ("name", re.compile(r"^(?:(?:\w+ )?(?:who|whom|whose)\b)")),
    ("place", re.compile(r"^(?:\w+ )?(?:where\b|(?:what|which) (?:city|country|state|town)\b)")),
)
_CAPITAL = re.compile(r"\b[A-Z]")
_PEOPLE = re.compile(
    r"\b(?:people|men|women|group|groups|police|members?|officers?|attorney|director|president|"
    r"spokes\w+|\w+(?:ists?|ers?|ors?|ians?))\b",
    re.IGNORECASE,
)


def problem(question: str, answer: str, sentence: str, around: str) -> str:
    """Return why a question cannot be used, in a few words; "" where nothing is wrong.

    Args:
        question: as the model wrote it.
        answer: words of the sentence that it asks for.
        sentence: that answers it.
        around: the passage and its heading, which the question may take names from.
    """
    plain, lower = normal(question), normal(question).lower()
    asked, said, known = read(question), read(answer), read(f"{around}\n{sentence}")
    if not _OPENS.match(plain) or not plain.endswith("?") or plain.count("?") != 1:
        return "not one plain question"
    if not WORDS[0] <= len(plain.split()) <= WORDS[1]:
        return "too short or too long"
    if _PLACELESS.search(plain) or (_UNSAID.search(plain) and _OBJECT.match(lower)):
        return "not good English"
    if _OF_TEXT.search(plain):
        return "asks about the text itself"
    if _RELATIVE.search(plain):
        return "a day or time that the reader cannot know"
    if _VAGUE.search(plain):
        return "vague"
    if answer.lower() in lower or _gives_away(asked, said, answer):
        return "gives the answer away"
    if unknown(asked, known):
        return "names what the passage does not"
    if not names_subject(question, known):
        return "does not name its subject"
    if not fits(lower, answer):
        return "asks for another kind of answer"
    if _repeats(plain):
        return "says a thing twice"
    return ""


def _gives_away(asked: Reading, said: Reading, answer: str) -> bool:
    """Tell whether a question holds the fact it asks for, or most words of its answer."""
    if asked.dates and any(one.carries(other) for one in asked.dates for other in said.dates):
        return True
    if said.numbers and said.numbers & asked.numbers:
        return True
    words = [word for word in said.words if not (said.numbers and is_light(word.stem))]
    # "80 groups" may be asked for with "how many groups"; a name or phrase may not.
    if said.numbers or not words:
        return False
    given = sum(match(word.stem, asked.stems) > 0 for word in words)
    named = any(word.name and word.stem in asked.stems for word in words) and _CAPITAL.search(
        answer
    )
    return bool(named) or 2 * given >= len(words)


def unknown(asked: Reading, known: Reading) -> bool:
    """Tell whether a question holds a name, number or date that the passage does not."""
    strange = [
        word
        for word in asked.words
        if word.name
        and not word.first
        and word.stem not in known.stems
        and not has_demonym(word.stem, known.stems)
    ]
    dates = all(any(k.carries(date) for k in known.dates) for date in asked.dates)
    return bool(strange) or bool(asked.numbers - known.numbers) or not dates


def names_subject(question: str, known: Reading) -> bool:
    """Tell whether a question can be understood by itself.

    It must hold a name or date, or three words that say something, all from the passage; what
    looks back ("its", "the company") must have a name before it.
    """
    plain = normal(question)
    asked = read(question)
    given = names(plain)
    first = min((plain.find(name) for name in given), default=len(plain))
    looks_back = [_PRONOUN.search(plain), _UNNAMED.search(plain)]
    if _POINTS.search(plain) or any(found and found.start() < first for found in looks_back):
        return False
    said = {w.stem for w in asked.words if match(w.stem, known.stems) and not is_light(w.stem)}
    return bool(given) or bool(asked.dates) or len(said) >= 3


def fits(question: str, answer: str) -> bool:
    """Tell whether a short answer is of the kind that a question asks for, by its first words.

    Args:
        question: in small letters.
        answer: a few words.
    """
    reading = read(answer)
    kind = next((kind for kind, pattern in _ASKS if pattern.match(question)), "")
    bare = not reading.words
    if kind == "number":
        span = re.match(r"(?:\w+ )?how (?:long|old)", question)
        return bool(reading.numbers) or bool(span and re.search(r"\b(?:until|since)\b", answer))
    if kind == "date":
        return bool(reading.dates) or bool(re.match(r"(?:after|before|when|until)\b", answer))
    if kind == "name":
        return bool(_CAPITAL.search(answer) or _PEOPLE.search(answer)) and not (
            reading.dates and bare
        )
    if kind == "place":
        return bool(re.search(r"\b(?:[A-Z]|in\b|at\b|on\b|near\b)", answer))
    # "What", "which", "why", "how": anything but a bare date or number.
    wants = re.match(r"(?:\w+ )?(?:what|which) (?:\w+ )?(?:number|share|percentage|age)", question)
    return bool(wants) or not (bare and (reading.dates or reading.numbers))


def _repeats(question: str) -> bool:
    """Tell whether a name stands twice in a question: "What is the firm that Amazon of Amazon"."""
    found = [name.lower() for name in names(question)]
    return len(found) > len(set(found))


def alike(question: str, others: Iterable[str]) -> bool:
    """Tell whether a question is nearly another one: by the share of content words in common.

    The measure is Jaccard's coefficient of their stems.
    """
    own = read(question)
    for other in others:
        theirs = read(other)
        both, every = own.stems & theirs.stems, own.stems | theirs.stems
        same = own.numbers == theirs.numbers and set(own.dates) == set(theirs.dates)
        if same and every and len(both) >= ALIKE * len(every):
            return True
    return False
