"""Question -> the questions it is made of; pure.

"How long do the bans of Amazon and IBM last?" asks two things, and no passage about Amazon alone
answers both. "Which company is sued by X, and was fined by Y?" joins two clauses that different
documents may answer. Each part is asked by itself, in the words of the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
# A name: capitalised words, small ones allowed inside ("Bank of England"), "Ltd." at its end.
_NAME = (
    r"(?:[A-Z][\w’'&-]*|\d+[A-Z]\w*)"
    r"(?:\s+(?:(?:of|for|de|van|von)\s+)?(?:the\s+)?(?:[A-Z][\w’'&-]*|\d+[A-Z]\w*))*"
    r"(?:(?:(?<=\bLtd)|(?<=\bInc)|(?<=\bCo)|(?<=\bCorp))\.)?"
)
_YEAR = rf"(?:\s+in\s+(?:{_MONTH}\s+)?\d{{4}})?"
# What may stand before a name as part of it: "the research firm IDC".
_BEFORE = r"(?:(?:the|a|an|its|his|her|their)\s+)?(?:[a-z]+\s+){0,2}?"
_ITEM = rf"(?:{_BEFORE}{_NAME}{_YEAR})"
_FIRST = rf"(?:(?:the\s+)?{_NAME}{_YEAR})"
_JOINED = re.compile(
    rf"(?P<first>{_FIRST})"
    rf"(?P<more>(?:\s*,\s*{_ITEM})*)"
    rf"(?:\s*,)?\s+(?:and|as well as|or)\s+(?:both\s+)?(?P<last>{_ITEM})"
)
# A month or weekday is no name to ask of, and "between A and B" asks of both at once.
_TIMES = re.compile(
    rf"^(?:the\s+)?(?:{_MONTH}|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
)
_PAIRED = re.compile(r"\b(?:between|from|versus|vs)\s+(?:both\s+)?$", re.IGNORECASE)
_OPENERS = frozenset(
    "what when where which who whom whose why how is are was were do does did has have had can "
    "could will would should may might must if in on at by for and or but the according".split()
)
_BOTH = re.compile(r"\b(?:both|respectively|each)\s+", re.IGNORECASE)
MOST_PARTS = 4

_COMPARE = re.compile(r"^Compare\s+(?:the\s+)?(?P<what>.+?)\.\s+(?:Which|Who|What|Whose)\b.*\?$")
_WHEN_WORDS = re.compile(r"^(?:times?|dates?|timing)\s+of\s+(?:the\s+)?|\s+(?:times?|dates?)\b")
_RESPECTIVELY = re.compile(r"\s+and\s+(?:in\s+)?(\d{4}),?\s+respectively")
_OWN_YEAR = re.compile(r"\s+in\s+(\d{4})$")
_CONTRAST = re.compile(
    r"^(?P<first>(?:Do|Does|Did|Is|Are|Was|Were|Has|Have|Had)\b.+?),\s+"
    r"(?:while|whereas)\s+(?:also\s+)?(?P<second>(?!\w+ing\b).+)\?$"
)
# "Which company is sued …, is accused …, and has …?": clauses about one thing that is asked for.
_WANTED = re.compile(
    r"^(?P<opener>(?:Which|What)(?:\s+[\w-]+){1,3}?|Who(?:\s+is\s+the\s+[\w-]+)?)\s*,?\s+"
    r"(?P<rest>(?:who|whose|that|is|was|are|were|has|had|have|facing|implicated)\b.+)\?$"
)
_CLAUSE = re.compile(
    r",\s+(?:and\s+|but\s+)?(?:also\s+|recently\s+|then\s+)*"
    r"(?=(?:who|whose|that(?! is\b)|is|was|are|were|has|had|have|accused|alleged|claimed|"
    r"admitted|faced|persuaded|convinced|introduced|offers|invested)\b)"
)
# "Does the 'Coast Courier' article suggest that the bridge will close?"
_REPORTED = re.compile(
    r"^(?:Does|Do|Did|Is it true that)\s+(?P<who>.{3,120}?)\s+(?:also\s+)?"
    r"(?:suggest|indicate|report|claim|state|say|imply|mention|note|argue|assert|reveal|show|"
    r"highlight)(?:s|es|ed|d)?"
    r"\s+that\s+(?P<claim>\S+(?:\s+\S+){3,})\?$",
    re.IGNORECASE,
)
_MIN_CLAUSE = 5
_MIN_CLAUSES_WORDS = 22


def named_sources(question: str, publishers: Iterable[str]) -> tuple[str, ...]:
    """Return the publishers that a question names, in its order, a longer name before its parts.

    Args:
        question: in plain words.
        publishers: of the documents at hand.
    """
    rest, found = question, list[tuple[int, str]]()
    for publisher in sorted(set(publishers), key=len, reverse=True):
        match = re.search(rf"(?<!\w){re.escape(publisher)}(?!\w)", rest) if publisher else None
        if match:
            found.append((match.start(), publisher))
            rest = rest.replace(publisher, " " * len(publisher))
    return tuple(publisher for _, publisher in sorted(found))


@dataclass(frozen=True, slots=True)
class Reported:
    """What a question supposes that a publisher has said.

    Attributes:
        publisher: as it is known from the documents.
        claim: a sentence.
    """

    publisher: str
    claim: str


def reported(question: str, publishers: Iterable[str]) -> Reported | None:
    """Return what a question asks whether one publisher has said it, None if it asks otherwise.

    Args:
        question: in plain words.
        publishers: of the documents at hand.
    """
    match = _REPORTED.match(question)
    named = named_sources(match["who"], publishers) if match else ()
    if not match or len(named) != 1:
        return None
    claim = match["claim"]
    return Reported(named[0], f"{claim[:1].upper()}{claim[1:]}.")


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a question.

    Attributes:
        parts: questions that can be asked by themselves; none where it asks one thing.
        kind: "names" one thing asked of several names; "comparison" the same, to be compared;
            "clauses" several things said of the one that is asked for; "contrast" two claims.
        names: for "names" and "comparison", what each part is asked of.
    """

    parts: tuple[str, ...] = ()
    kind: Literal["", "names", "comparison", "clauses", "contrast"] = ""
    names: tuple[str, ...] = ()

    @property
    def ahead(self) -> bool:
        """Whether no passage can be hoped to answer the whole, so that its parts come first."""
        return self.kind in ("comparison", "clauses", "contrast")


def asked_of(question: str, statement: str) -> str:
    """Return the part of a question that a statement may answer, the whole if it may be any.

    "Amazon paused its sales" answers "What did Amazon and IBM announce?" as far as it asks of
    Amazon.

    Args:
        question: in plain words.
        statement: a drafted sentence.
    """
    split = split_question(question)
    if split.kind != "names":
        return question
    bare = [re.sub(r"['’]s?$", "", name) for name in split.names]
    own = [
        part
        for part, name in zip(split.parts, bare, strict=True)
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", statement)
    ]
    return own[0] if len(own) == 1 else question


def split_question(question: str) -> Split:
    """Take a question apart; the result has no parts where it asks one thing.

    Args:
        question: in plain words.
    """
    return _compared(question) or _contrasted(question) or _clauses(question) or _names(question)


def _names(question: str) -> Split:
    """Return a question for each of the names that a question joins."""
    for match in _JOINED.finditer(question):
        before, after = question[: match.start()], question[match.end() :]
        first = match["first"]
        opener = first.split()[0]
        if not before.strip() and opener.lower() in _OPENERS:
            # "Did Amazon and IBM": the capital of the first word is the sentence's own.
            before, first = f"{opener} ", first[len(opener) :].lstrip()
            small = re.match(r"(?:(?:of|for|the)\s+)+", first)
            if small:
                before, first = before + small[0], first[small.end() :]
        items = [first, *re.split(r"\s*,\s*", match["more"])[1:], match["last"]]
        if not first or _PAIRED.search(before) or any(_TIMES.match(item) for item in items):
            continue
        if before.endswith("- ") or len(re.findall(r"(?<!\w)['‘]|['’](?!\w)", before)) % 2:
            continue  # a title, not a list: 'Life and Style'
        if len(set(items)) < len(items) or len(items) > MOST_PARTS:
            continue
        years = _RESPECTIVELY.match(after), _OWN_YEAR.search(items[-1])
        if years[0] and years[1] and len(items) == 2:
            items = [f"{items[0]} in {years[1][1]}", _OWN_YEAR.sub(f" in {years[0][1]}", items[1])]
            after = after[years[0].end() :]
        owner = re.search(r"['’]s?$", items[-1])
        if owner:  # "Amazon and IBM's bans" are the bans of each
            items = [i if re.search(r"['’]s?$", i) else f"{i}’s" for i in items]
        parts = [_BOTH.sub("", f"{before}{item}{after}").strip() for item in items]
        return Split(tuple(parts), "names", tuple(items))
    return Split()


def _compared(question: str) -> Split | None:
    """Take "Compare the income of A in 2019 and B in 2020. Which …?" apart."""
    match = _COMPARE.match(question)
    found = _names(f"{match['what']}.") if match else Split()
    if not found.parts:
        return None
    parts = []
    for part, name in zip(found.parts, found.names, strict=True):
        asked = re.sub(r"(?<!\bLtd)(?<!\bInc)(?<!\bCo)(?<!\bCorp)\.$", "", part)
        plain = _WHEN_WORDS.sub("", asked, count=1)
        thing = re.sub(r"\s+(?:of|for|by|in|at)\s*$", "", plain.split(name.rstrip("."))[0])
        were = "were" if re.search(r"[^s]s$", thing) else "was"
        parts.append(f"{'When' if plain != asked else 'What'} {were} the {plain}?")
    return Split(tuple(parts), "comparison", found.names)


def _contrasted(question: str) -> Split | None:
    """Take "Does A suggest this, while B suggests that?" apart."""
    match = _CONTRAST.match(question)
    if not match:
        return None
    return Split((f"{match['first']}?", f"Is it true that {match['second']}?"), "contrast")


def _clauses(question: str) -> Split | None:
    """Take "Which company is this, was that, and has done a third?" apart."""
    match = _WANTED.match(question)
    if not match or len(question.split()) < _MIN_CLAUSES_WORDS:
        return None
    clauses: list[str] = []
    for clause in _CLAUSE.split(match["rest"]):
        short = clauses and min(len(clause.split()), len(clauses[-1].split())) < _MIN_CLAUSE
        if clauses and (short or clauses[-1].startswith("that,")):
            clauses[-1] += f", {clause}"
        else:
            clauses.append(clause)
    if not 2 <= len(clauses) <= MOST_PARTS:
        return None
    opener = match["opener"]
    return Split(tuple(f"{_opening(opener, c)} {c}?" for c in clauses), "clauses")


def _opening(opener: str, clause: str) -> str:
    """Return the words that make a question of a clause."""
    relative = re.match(r"(?:who|whose|that|\w+ing|implicated)\b", clause)
    if not relative:
        verb = " was" if re.match(r"\w+ed\s+by\b", clause) else ""
        return f"{'Who' if opener.startswith('Who') else opener}{verb}"
    return "Who is it" if opener == "Who" else opener
