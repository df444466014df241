"""A question -> tokens with the classes that follow-ups are told by; English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.prove.words import normal

BE = frozenset("is are was were be been being am isn't aren't wasn't weren't".split())
AUX = (
    frozenset(
        "do does did has have had can could will would shall should may might must don't doesn't "
        "didn't hasn't haven't hadn't can't cannot couldn't won't wouldn't shouldn't "
        "mustn't".split()
    )
    | BE
)
WH = frozenset("what when where which who whom whose why how".split())
DETERMINERS = frozenset("the a an each every any some no another all both such".split())
POSSESSIVES = frozenset("its their his her".split())
PERSONS = frozenset("he she him his her".split())
PLURALS = frozenset("they them their".split())
THINGS = frozenset("it its".split())
PRONOUNS = PERSONS | PLURALS | THINGS
DEMONSTRATIVES = frozenset("this that these those".split())
PREPOSITIONS = frozenset(
    "in on at by for with from to into onto upon about over under between among through during "
    "before after since until till against within along across toward towards via per of near "
    "outside inside without behind beside beyond despite except like than as".split()
)
CLAUSES = frozenset(
    "when while because if that after before since until whether who which whose where why how "
    "although though unless what as than once".split()
)
JOINERS = frozenset("and or but so".split())
OTHERS = frozenset(
    "i you we me us my your our not never also too very just only even either neither more most "
    "less least then there here else again still already ever exactly really one ones many much "
    "same other others long often far next now today".split()
)
_CLOSED = (
    AUX | WH | DETERMINERS | PRONOUNS | DEMONSTRATIVES | PREPOSITIONS | CLAUSES | JOINERS | OTHERS
)
MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
_TOKEN = re.compile(
    r"“[^”]*”|\"[^\"]*\"|(?<!\w)'[^']{2,}'(?!\w)|[^\W_]+(?:[-.'&/][^\W_]+)*|[,;:?!().]"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number, a mark or something quoted.

    Attributes:
        text: as written, with straight quotes.
        start: place in the normal form of the question.
        first: it opens the question, so its capital says nothing.
    """

    text: str
    start: int
    first: bool = False

    @property
    def lower(self) -> str:
        """Lower case."""
        return self.text.lower()

    @property
    def end(self) -> int:
        """One past its last character."""
        return self.start + len(self.text)

    @property
    def quoted(self) -> bool:
        """Whether it is something quoted."""
        return self.text[0] in "“\"'"

    @property
    def mark(self) -> bool:
        """Whether it is a mark of punctuation."""
        return self.text in ",;:?!()."

    @property
    def content(self) -> bool:
        """Whether it is of an open class: no small word and no mark."""
        return not self.mark and (self.capital or self.bare not in _CLOSED)

    @property
    def bare(self) -> str:
        """Lower case without a genitive."""
        return self.lower.removesuffix("'s")

    @property
    def capital(self) -> bool:
        """Whether its capital makes it a name."""
        if self.quoted:
            return True
        upper = self.text[:1].isupper() and self.text != "I"
        return upper and (not self.first or (self.bare not in _CLOSED and self.text.isupper()))

    @property
    def year(self) -> bool:
        """Whether it is a year or a decade."""
        return bool(re.fullmatch(r"(?:1[0-9]|20)\d\ds?", self.text))


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text; what is quoted is one."""
    found = [Token(m[0], m.start()) for m in _TOKEN.finditer(normal(text))]
    return [Token(t.text, t.start, first=not i) for i, t in enumerate(found)]


def names_in(text: str, known: Sequence[str] = ()) -> list[str]:
    """Return the names of a text in their order, each once, without genitives.

    Args:
        text: a question or a statement.
        known: names that are known from elsewhere; the first word of a text is a name if one of
            them begins with it, if it is followed by another capital, or if it is no common word.
    """
    found = list[str]()
    for start, end in name_spans(text, known):
        name = re.sub(r"'s?$", "", normal(text)[start:end])
        if name not in found:
            found.append(name)
    return found


def name_spans(text: str, known: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Return where the names of a text stand in its normal form."""
    all_ = tokens(text)
    firsts = {name.split()[0] for name in known}
    spans = list[tuple[int, int]]()
    place = 0
    while place < len(all_):
        if not _begins_name(all_, place, firsts):
            place += 1
            continue
        end = _name_end(all_, place)
        spans.append((all_[place].start, all_[end].end))
        place = end + 1
    return spans


def _begins_name(all_: Sequence[Token], place: int, firsts: set[str]) -> bool:
    token = all_[place]
    opens = place == 0 or all_[place - 1].text in ".?!"
    if not opens or token.quoted:
        return token.capital and not token.quoted and token.bare not in MONTHS
    if not token.text[:1].isupper() or token.lower in _CLOSED:
        return False
    follows = place + 1 < len(all_) and all_[place + 1].text[:1].isupper()
    genitive = token.text.endswith("'s")
    return (
        follows
        or genitive
        or token.text in firsts
        or (token.text.isupper() and len(token.text) > 1)
        or any(letter.isdigit() for letter in token.text)
    )


def _name_end(all_: Sequence[Token], place: int) -> int:
    """Return the place of a name's last token: capitals, numbers after them, "of" between."""
    end = place
    while end + 1 < len(all_) and not all_[end].text.endswith("'s"):
        token = all_[end + 1]
        numbered = re.fullmatch(r"\d+(?:\.\d+)*", token.text) and not token.year
        if (token.text[:1].isupper() and not token.quoted and token.bare not in MONTHS) or numbered:
            end += 1
        elif step := _linked(all_, end):
            end += step
        else:
            break
    return end


def _linked(all_: Sequence[Token], end: int) -> int:
    """Return how many tokens on a name goes after a small word in it: "Harlow v. Dean"."""
    if all_[end + 1].text not in ("de", "van", "von", "v", "vs"):
        return 0
    step = 3 if end + 2 < len(all_) and all_[end + 2].text == "." else 2
    more = end + step < len(all_) and all_[end + step].text[:1].isupper()
    return step if more else 0
