"""What a pronoun may mean within its own question; pure, English.

"When Microsoft announced its policy, what did it say?" names what "it" means, and "who praised it?"
does not. Nothing here understands a sentence: clauses are told by small words, nouns by what stands
before them, and where it is not clear a pronoun is taken to be explained.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.followups.words import (
    AUX,
    BE,
    CLAUSES,
    DETERMINERS,
    JOINERS,
    PERSONS,
    PLURALS,
    POSSESSIVES,
    PREPOSITIONS,
    PRONOUNS,
    WH,
    Token,
)

# "It" of the weather, of the clock and of what comes after it.
_NOT_EMPTY = r"(?:able|going|due|close|similar|related|open|ready|set|up|limited|tied|linked|used)"
_NOTHING_MEANT = re.compile(
    r"\bwhat (?:time|year|day|date)\b.*\bit\b|\b(?:is|was)\s+it\s+(?:to|from|that)\b|"
    rf"\b(?:is|was|isn't|wasn't)\s+it\s+(?:not\s+)?(?!{_NOT_EMPTY}\b)(?:\w+\s+){{1,2}}?"
    r"(?:that|to|whether|if|for\s+\w+(?:\s+\w+)?\s+to)\b|"
    r"\b(?:makes?|made|finds?|found|thinks?|considers?)\s+it\s+\w+\s+(?:to|for|that)\b|"
    r"\bit\s+(?:takes?|took|costs?)\b.*\b(?:to|for)\b|\bit\s+(?:seems?|appears?|matters?|turns)\b|"
    r"\bwhat\s+(?:is|was)\s+it\s+like\b|\bit\s+(?:gets?\s+(?:dark|light|cold|warm|hot)|rains?|"
    r"snows?|freezes|comes\s+to)\b|\b(?:long|time)\s+(?:is|has|was)\s+it\b.*\bsince\b|"
    r"\b(?:is|was)\s+it\s+(?:rain|snow|freez|dark|light|cold|warm|hot)\w*|"
    r"\b(?:is|was|are)\s+it\b.*\bor\b|\b(?:does|did)\s+it\s+(?:mean|hurt|become)\b.*\b(?:to|if|when|that)\b",
    re.IGNORECASE,
)
_NOW = frozenset(
    "year month week day morning afternoon evening night weekend summer winter spring autumn "
    "century decade season quarter time moment country document documents report reports article "
    "articles paper papers file files text texts collection index library folder site website "
    "conversation days years months weeks world lifetime".split()
)
_WITH = frozenset("with around behind near beside above below within among".split())
_AFTER_THOSE = frozenset(
    "who that which with of in whose from days responsible involved affected under over".split()
)


def is_bound(all_: Sequence[Token], place: int, plain: str) -> bool:
    """Tell whether a pronoun may mean something its own question names."""
    token = all_[place]
    if token.lower == "it" and any(
        match.start() <= token.end and token.start <= match.end()
        for match in _NOTHING_MEANT.finditer(plain)
    ):
        return True
    if token.lower == "her" and not (place + 1 < len(all_) and all_[place + 1].content):
        own = False
    else:
        own = token.lower in POSSESSIVES
    before = all_[place - 1].lower if place else ""
    reach = place if own or before in _WITH else _clause_start(all_, place)
    if any(_fits(all_, at, token.lower) for at in things(all_, 0, reach)):
        return True
    if not reach and any(_fits(all_, at, token.lower) for at in _objects(all_, place)):
        return True
    if place and all_[place - 1].lower in DETERMINERS:
        return True  # "the IT firm"
    comma = next((i for i in range(place, len(all_)) if all_[i].text == ","), None)
    leads = all_[0].lower in CLAUSES | PREPOSITIONS and all_[0].lower not in (
        "who",
        "what",
        "whose",
    )
    if comma is None or not leads:
        return False
    # "Before he became president, what did Lincoln do?", "In its report, what did IBM say?"
    return any(_fits(all_, at, token.lower) for at in things(all_, comma, len(all_)))


def _clause_start(all_: Sequence[Token], place: int) -> int:
    """Return where the clause of a pronoun begins; what stands before may be what it means."""
    at_subject = place + 1 < len(all_) and _may_be_verb(all_, place + 1)
    before = all_[place - 1] if place else None
    if at_subject and before is not None and (before.content or before.lower in ("as", "than")):
        return place  # "the sugar they make", "what did IBM say it would do", "as it is"
    for at in range(place - 1, 0, -1):
        token, after = all_[at].lower, all_[at + 1]
        if token in CLAUSES and token not in PREPOSITIONS - frozenset(("before", "after", "since")):
            return at
        if token in (",", ";", ":"):
            return at
        verb_after = after.content and not after.capital
        if token in JOINERS and (
            after.lower in AUX | WH | PRONOUNS
            or (verb_after and at + 2 < len(all_) and all_[at + 2].lower in PRONOUNS | DETERMINERS)
        ):
            return at
    return 0


def _objects(all_: Sequence[Token], place: int) -> list[int]:
    """Return the things before "to" or "by" and a verb that a pronoun after it may mean.

    "Why does the fund let firms buy shares to sell them": not who does it.
    """
    for at in range(place - 1, 1, -1):
        if all_[at].lower in ("to", "by") and all_[at + 1].content:
            found = things(all_, 0, at)
            verb = next((i for i in found if i and all_[i - 1].content), len(all_))
            return [i for i in found if i > verb]
    return []


def _may_be_verb(all_: Sequence[Token], place: int) -> bool:
    token = all_[place]
    return (
        token.lower in AUX
        or (token.content and not token.capital)
        or token.lower
        in (
            "never",
            "also",
            "still",
            "already",
            "ever",
        )
    )


def things(all_: Sequence[Token], first: int, last: int) -> list[int]:
    """Return the places of names and nouns, as far as small words around them tell."""
    found = list[int]()
    for at in range(first, last):
        token = all_[at]
        if token.lower in ("who", "whom"):
            found.append(at)
        if not token.content:
            continue
        before = all_[at - 1] if at else None
        if (
            token.capital
            or before is None
            or before.lower in POSSESSIVES
            or before.lower not in _BEFORE_VERBS
        ):
            found.append(at)
    return found


def _fits(all_: Sequence[Token], at: int, pronoun: str) -> bool:
    """Tell whether a pronoun may stand for a thing, by number and by being a person."""
    thing = all_[at]
    if thing.lower in ("who", "whom"):
        return pronoun in PERSONS | PLURALS
    plural = thing.lower.endswith("s") and not thing.lower.endswith(("ss", "us", "is", "'s"))
    joined = any(t.lower in ("and", "are", "were", "do", "have") for t in all_[:at])
    if thing.capital:
        return True
    if pronoun in PLURALS:
        before = all_[at - 1].lower if at else ""
        return plural or joined or thing.lower in _GROUPS or before in ("a", "an", "each", "every")
    if pronoun in PERSONS:
        return not plural and not thing.lower.endswith(("tion", "ment", "ness", "ity", "sion"))
    return not plural or thing.lower in ("species", "series", "news")


_BEFORE_VERBS = PRONOUNS | {"to", "i", "we", "you"}
_GROUPS = frozenset(
    "people police staff men women children team company government council committee board crew "
    "family band group party public press army management teeth mice geese feet cattle firm bank "
    "club agency crowd jury union couple majority court person somebody anyone someone everyone "
    "everybody who".split()
)


def holds_clause_before(all_: Sequence[Token], start: int) -> bool:
    """Tell whether a whole clause of the question itself stands before a place."""
    before = [t for t in all_ if t.end <= start]
    for at in range(len(before) - 1, 0, -1):
        splits = before[at].mark or (
            before[at].lower in JOINERS | {"when", "because", "while", "that", "who", "which"}
        )
        if splits and len([t for t in before[:at] if t.content]) >= 2:
            return True
    return (
        bool(before)
        and before[0].lower in ("if", "when", "after", "before", "since")
        and (any(t.text == "," for t in before))
    )


# -- this and that -------------------------------------------------------------------------


def points_back(all_: Sequence[Token], place: int) -> bool:
    """Tell whether "this" or "that" points at something the question does not name."""
    token = all_[place]
    before = all_[place - 1] if place else None
    after = all_[place + 1] if place + 1 < len(all_) else None
    last = after is None or after.text in "?.!"
    if before is not None and before.lower == "it":
        return False  # "what is it that", "it is this"
    if token.lower == "that" and not _is_pointing_that(before, after, last=last):
        return False
    if token.lower in ("these", "those") and after is not None and _goes_on(after):
        return False
    if after is not None and (after.bare in _NOW or after.lower in ("who", "which")):
        return False
    if (
        after is not None
        and after.content
        and any(t.bare == after.bare and t.start < token.start for t in all_)
    ):
        return False
    if token.lower == "this" and after is not None and after.quoted:
        return False
    return not holds_clause_before(all_, token.start)


def _goes_on(after: Token) -> bool:
    """Tell whether a word after "those" says which: "those who leave", "those leaving"."""
    return after.lower in _AFTER_THOSE or after.lower.endswith("ing")


def _is_pointing_that(before: Token | None, after: Token | None, *, last: bool) -> bool:
    """Tell "that" in place of something from the word that begins a clause."""
    if before is None:
        return True
    if before.lower == "in":
        return last or (after is not None and after.content)
    small = before.lower in AUX or before.lower in PREPOSITIONS - {"except"}
    return small or (last and before.content and before.lower != "true")


def pointed(all_: Sequence[Token], place: int) -> str:
    """Return "that" with the noun after it: "this decision"."""
    words = [all_[place].text]
    token = all_[place + 1] if place + 1 < len(all_) else None
    before = all_[place - 1].lower if place else ""
    if token is not None and token.content and not token.capital:
        # "Will that cost much?": what follows an auxiliary with its subject is the verb
        if all_[place].lower in ("this", "that") and before in AUX - BE:
            rest = all_[place + 2] if place + 2 < len(all_) else None
            if rest is None or rest.mark or not (rest.content or rest.lower in AUX):
                return words[0]
        words.append(token.text)
    return " ".join(words)
