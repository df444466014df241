"""Does a question lean on what was said before, and by which words; pure, English.

Most questions of a conversation stand by themselves, and one that does must not be touched. So each
rule here is for words that stand for something else, and holds only where nothing in the question
itself can be what they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.followups.words import (
    AUX,
    BE,
    CLAUSES,
    DEMONSTRATIVES,
    DETERMINERS,
    JOINERS,
    PERSONS,
    PLURALS,
    POSSESSIVES,
    PREPOSITIONS,
    PRONOUNS,
    WH,
    Token,
    tokens,
)
from rag.prove.words import normal

Kind = Literal["about", "bare", "doing", "pronoun", "demonstrative", "place", "more"]


@dataclass(frozen=True, slots=True)
class Lean:
    """A word or a form that stands for something else.

    Attributes:
        kind: "about" asks the same of another ("what about X?"), "bare" another thing of the same
            ("and when?"), "doing" stands for what is done ("do so"), "pronoun" and
            "demonstrative" for somebody or something, "place" for a place or time, "more" asks
            for more.
        text: the words, as written.
        rest: for "about" what is asked of, for "bare" the question word, for "doing" who does it
            ("did Amazon?") or the word that stands for it.
        start: in the normal form of the question.
    """

    kind: Kind
    text: str
    rest: str = ""
    start: int = 0


_OPENER = re.compile(
    r"^\W*(?:(?:and|but|so|or|ok|okay|also|then|well|now)\b[\s,]*)+(?=\w)", re.IGNORECASE
)
_ABOUT = re.compile(r"^\W*(?:what|how)\s+about\s+(?P<rest>.+?)[\s?.!]*$", re.IGNORECASE)
_EXACTLY = r"(?:\s+(?:exactly|precisely|then|so|again|too|as well))?"
_BARE = re.compile(
    r"^(?P<wh>(?:(?:at|in|on|by|for|with|to|from|of|until|since|under|about)\s+)?"
    r"(?:when|where|why|who|whom|whose|how|what for|what else|who else|where else|why not|what|"
    r"how (?:much|many|long|often|far|old|big|high|tall|fast|soon|so|come|come so)|"
    r"(?:what|which) (?:year|month|day|date|time|country|city|town|place|page|price|cost|"
    r"temperature|reason|reasons|conditions|terms|percentage|age|speed|rate|size|ones?)"
    r"(?: (?:was|were|is) (?:that|it|this))?))"
    rf"{_EXACTLY}[\s?.!]*$",
    re.IGNORECASE,
)
_VERBS = (
    "won|lost|died|die|happened|happens|happen|paid|pays|agreed|disagreed|objected|opposed|voted|"
    "attended|survived|participated|took part|came (?:first|second|third|last|next)|"
    "(?:was|were|is|are|got) (?:hurt|injured|killed|involved|responsible|present|invited|arrested|"
    "affected|there|on board|first|second|third|last|against|for|in charge)"
)
_EVENT = re.compile(
    rf"^(?:who|how many(?: (?:people|men|women|others|persons|countries|companies|members))?|"
    rf"what)(?: else)? (?:{_VERBS})(?: next| then| afterwards| after)?[\s?.!]*$",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"^(?:which|who|what)(?: one)? (?:is|are|was|were|came|does|did)(?: the)? "
    r"(?:(?:more|less|most|least) \w+|better|worse|best|worst|[a-z]{2,}(?:er|est))[\s?.!]*$",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"^(?:(?:can|could|would) you |please )*(?:tell me more|say more|go on|more|more details?|"
    r"explain|explain (?:that|this|it)|elaborate|why is that|really|are you sure|for example|"
    r"for instance|such as|like what|anything else|any(?: others?| more)|any others|which ones?|"
    r"in what way|meaning|is that (?:so|true|right|all)|continue)(?: please)?[\s?.!]*$",
    re.IGNORECASE,
)
# "It" of the weather, of the clock and of what comes after it.
_NOT_EMPTY = r"(?:able|going|due|close|similar|related|open|ready|set|up|limited|tied|linked|used)"
_NOTHING_MEANT = re.compile(
    r"\bwhat time\b.*\bit\b|"
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
_DEEDS = re.compile(
    r"\b(?:do|does|did|done|doing|say|said|says|think|thinks|thought|believe|believes|believed|"
    r"claim|claims|claimed|decide|decided|write|wrote)\s+(?P<for>so|that|this|it|the same|likewise)"
    r"(?=\s*(?:[?.!,]|$|(?:in|on|at|by|to|for|too|as\s+well|then|after|before|when|first|with|"
    r"again|now|last|next|during|since|until)\b))",
    re.IGNORECASE,
)
_SAME = re.compile(
    r"\bthe\s+same(?=\s*(?:[?.!]|$|(?:of|for|in|true|happen\w*|apply|applies|hold)\b))",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"\b(?:and|both|all|each|as|that|which|between)\b", re.IGNORECASE)
_THERE = re.compile(
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!\bbe )(?<!\bbeen )(?<!\bwill )(?<!\bcan )"
    r"(?<!\bhas )(?<!\bhave )(?<!\bdo )(?<!\bdoes )(?<!\bdid )(?<!\bcould )(?<!\bshould )"
    r"(?<!\bmust )(?<!\bmay )(?<!\bhad )(?<!\bwould )\bthere\b"
    r"(?!\s+(?:is|are|was|were|be|been|will|has|have|can|exist\w*)\b)(?!')|"
    r"^(?!\W*(?:how\s+(?:many|much)|what|which)\b.*\b(?:are|is|were|was|r)\s+there\W*$).*?"
    r"\bthere(?=\s*[?.!]*$)",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"\b(?:(?:since|until|till|before|after|by)\s+then|then(?=\s*[?.!]*$))", re.IGNORECASE
)
_NOW = frozenset(
    "year month week day morning afternoon evening night weekend summer winter spring autumn "
    "century decade season quarter time moment country document documents report reports article "
    "articles paper papers file files text texts collection index library folder site website "
    "conversation days years months weeks world lifetime".split()
)
_WITH = frozenset("with around behind near beside above below within among".split())
_ONE = re.compile(
    r"\b(?:which|that|this|the (?:first|second|third|last|other|next|new|old|larger?|bigger|smaller|"
    r"latter|former)|another|the latest|any other)\s+ones?\b(?!\s+of\b)|"
    r"\bthe\s+(?:latter|former|others)\b|\b(?:of|than|between)\s+(?:them|these|those)\b",
    re.IGNORECASE,
)
_MOST_ABOUT = 9  # words of what a "what about" asks of; more is a question of its own
_MOST_FRAGMENT = 6


def leans(question: str) -> list[Lean]:
    """Return what a question leans on, in its order; nothing where it stands by itself."""
    plain = normal(question).strip()
    if whole := _whole_form(plain):
        return [whole]
    found = list(_words(plain))
    found.sort(key=lambda lean: lean.start)
    return found


def without_opener(question: str) -> str:
    """Return a question without "and", "but" or "so" before it."""
    return _OPENER.sub("", question, count=1)


def _whole_form(plain: str) -> Lean | None:
    """Return the form of a question that is none without the one before it."""
    opened = _OPENER.match(plain)
    rest = without_opener(plain)
    if match := _ABOUT.match(rest):
        about = match["rest"]
        return None if _is_idiom(about) else Lean("about", plain, about)
    bare = rest.strip(" ?.!")
    if match := _BARE.match(rest):
        return Lean("bare", plain, match["wh"].strip())
    if _MORE.match(rest):
        return Lean("more", plain)
    if _EVENT.match(rest) or _COMPARED.match(rest):
        return Lean("bare", plain, "")
    if name := _only_done(rest):
        return Lean("doing", plain, name)
    words = [t for t in tokens(rest) if not t.mark]
    if words and bare and _is_fragment(words, plain, opened=bool(opened)):
        return Lean("about", plain, re.sub(r"\s+(?:too|as well|either)$", "", bare))
    return None


def _is_idiom(about: str) -> bool:
    """Tell whether "what about X" goes on with a verb: "what about the plan angered people?"."""
    words = [t for t in tokens(about) if not t.mark]
    if len(words) > _MOST_ABOUT:
        return True
    relative = False
    for before, token in zip([None, *words], words, strict=False):
        if token.lower in ("who", "which", "that", "whose", "when", "if", "where"):
            relative = True
        if before is None or relative:
            continue
        if token.lower in AUX:
            return True
        follows = before.content and not token.capital and before.lower not in DETERMINERS
        if follows and re.search(r"(?:[a-z]{2}ed|made|led|gave|drew|makes?|causes?)$", token.lower):
            return True
    return False


def _only_done(rest: str) -> str:
    """Return the name of "did Amazon?", "is IBM too?"; "" for anything else."""
    words = [t for t in tokens(rest) if not t.mark]
    if len(words) < 2 or words[0].lower not in AUX:
        return ""
    named = words[1:]
    while named and named[-1].lower in ("too", "also", "well", "as", "either"):
        named = named[:-1]
    inside = named[1:] if named and named[0].lower == "the" else named
    if not inside or not all(t.capital for t in inside):
        return ""
    return rest[words[1].start : named[-1].end]


def _is_fragment(words: Sequence[Token], plain: str, *, opened: bool) -> bool:
    """Tell whether words make no question: "IBM?", "and in 2019?", "for women?"."""
    if len(words) > _MOST_FRAGMENT or not (opened or plain.endswith("?")):
        return False
    if words[0].lower in WH | AUX or words[0].lower in ("tell", "list", "name", "give", "compare"):
        return False
    if any(t.lower in AUX or t.lower in WH for t in words[1:]):
        return False
    if opened or words[0].lower in PREPOSITIONS:
        return True
    return len(words) <= 3


def _words(plain: str) -> Iterator[Lean]:
    """Yield the words of a question that stand for what it does not name."""
    all_ = tokens(plain)
    unquoted = re.sub(r'"[^"]*"', lambda m: " " * len(m[0]), plain)
    done = set[int]()
    for match in _DEEDS.finditer(unquoted):
        if not _holds_clause_before(all_, match.start()):
            done.add(match.start("for"))
            yield Lean("doing", match[0], match["for"], match.start())
    for match in _SAME.finditer(unquoted):
        if match.start() not in done and not _TOGETHER.search(unquoted):
            yield Lean("doing", match[0], "the same", match.start())
    for pattern, word in ((_THERE, "there"), (_THEN, "then")):
        for match in pattern.finditer(unquoted):
            start = match.end() - len(word)
            before = unquoted[:start]
            if re.search(r"\bif\b|\b(?:1\d|20)\d\d|\bwhen\b\s+\w+\s+\w+", before, re.IGNORECASE):
                continue
            if not _holds_clause_before(all_, start):
                yield Lean("place", unquoted[start : match.end()], "", start)
    for match in _ONE.finditer(unquoted):
        if not _lists(unquoted[match.end() :]) and not _holds_clause_before(all_, match.start()):
            yield Lean("demonstrative", match[0], "", match.start())
    for place, token in enumerate(all_):
        if token.start in done or token.quoted:
            continue
        if token.lower in PRONOUNS and not _is_bound(all_, place, unquoted):
            yield Lean("pronoun", token.text, "", token.start)
        elif token.lower in DEMONSTRATIVES and _points_back(all_, place):
            yield Lean("demonstrative", _pointed(all_, place), "", token.start)


def _lists(rest: str) -> bool:
    return bool(re.search(r",|:|\bor\b", rest))


# -- what a pronoun may mean within its own question ---------------------------------------


def _is_bound(all_: Sequence[Token], place: int, plain: str) -> bool:
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
    if at_subject and place and all_[place - 1].content:
        return place  # "the sugar they make", "what did IBM say it would do"
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
        if token.capital or before is None:
            found.append(at)
        elif before.lower in POSSESSIVES or before.lower not in _BEFORE_VERBS:
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


def _holds_clause_before(all_: Sequence[Token], start: int) -> bool:
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


def _points_back(all_: Sequence[Token], place: int) -> bool:
    """Tell whether "this" or "that" points at something the question does not name."""
    token = all_[place]
    before = all_[place - 1] if place else None
    after = all_[place + 1] if place + 1 < len(all_) else None
    last = after is None or after.text in "?.!"
    if before is not None and before.lower == "it":
        return False  # "what is it that", "it is this"
    if token.lower == "that":
        pointing = (
            before is None
            or before.lower in AUX
            or (before.lower in PREPOSITIONS and before.lower not in ("in", "except", "so"))
            or (before.lower == "in" and (last or (after is not None and after.content)))
            or (last and before.content)
        )
        if not pointing or (before is not None and before.lower == "true"):
            return False
    if token.lower in ("these", "those") and after is not None:
        if after.lower in ("who", "that", "which", "with", "of", "in", "whose", "from", "days"):
            return False
    if after is not None and (after.bare in _NOW or after.lower in ("who", "which")):
        return False
    if after is not None and after.content and not (token.lower == "that" and last):
        noun = after.bare
        if any(t.bare == noun and t.start < token.start for t in all_):
            return False
    if token.lower == "this" and after is not None and after.quoted:
        return False
    return not _holds_clause_before(all_, token.start)


def _pointed(all_: Sequence[Token], place: int) -> str:
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
