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

from rag.followups.binding import holds_clause_before, is_bound, pointed, points_back
from rag.followups.words import (
    AUX,
    DEMONSTRATIVES,
    DETERMINERS,
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
_TOGETHER = re.compile(
    r"\b(?:and|both|all|each|as|that|which|between|than|stays?|remains?)\b", re.IGNORECASE
)
_THERE = re.compile(
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!\bbe )(?<!\bbeen )(?<!\bwill )(?<!\bcan )"
    r"(?<!\bhas )(?<!\bhave )(?<!\bdo )(?<!\bdoes )(?<!\bdid )(?<!\bcould )(?<!\bshould )"
    r"(?<!\bmust )(?<!\bmay )(?<!\bhad )(?<!\bwould )\bthere\b"
    r"(?!\s+(?:is|are|was|were|be|been|will|shall|has|have|can|exist\w*)\b)(?!')|"
    r"^(?!\W*(?:how\s+(?:many|much)|what|which)\b.*\b(?:are|is|were|was|r)\s+there\W*$).*?"
    r"\bthere(?=\s*[?.!]*$)",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"\b(?:(?:since|until|till|before|after|by)\s+then|then(?=\s*[?.!]*$))", re.IGNORECASE
)
_ONE = re.compile(
    r"\b(?:which|that|this|the (?:first|second|third|last|other|next|new|old|larger?|bigger|"
    r"smaller|latter|former)|another|the latest|any other)\s+ones?\b(?!\s+of\b)|"
    r"\bthe\s+(?:latter|former|others)\b(?=\s*(?:[?.!,;]|$|(?:is|are|was|were|has|have|had|do|does|"
    r"did|will|would|can|of|in|on|at|to|for|and|or)\b))|\b(?:of|than|between)\s+(?:them|these|"
    r"those)\b(?!\s+(?:who|that|which|with|in|of|from|whose|\w+ing|responsible|involved|affected)\b)",
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
        if not holds_clause_before(all_, match.start()):
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
            if not holds_clause_before(all_, start):
                yield Lean("place", unquoted[start : match.end()], "", start)
    for match in _ONE.finditer(unquoted):
        if not _lists(unquoted[match.end() :]) and not holds_clause_before(all_, match.start()):
            yield Lean("demonstrative", match[0], "", match.start())
    for place, token in enumerate(all_):
        if token.start in done or token.quoted:
            continue
        if token.lower in PRONOUNS and not is_bound(all_, place, unquoted):
            yield Lean("pronoun", token.text, "", token.start)
        elif token.lower in DEMONSTRATIVES and points_back(all_, place):
            yield Lean("demonstrative", pointed(all_, place), "", token.start)


def _lists(rest: str) -> bool:
    return bool(re.search(r",|:|\bor\b", rest))
