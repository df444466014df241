"""Names in text, of what sort they are, and invented ones of the same shape."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PART = r"[A-Z][\w’'&-]*(?:\.(?=[A-Z]))?(?:[A-Z]\.)*"
_RUN = re.compile(rf"\b{_PART}(?:\s+(?:(?:of|for|de|von|van)\s+(?:the\s+)?)?{_PART})*")
_OWN = re.compile(r"(?:['’]s?|’)$")
# Common words that a capital does not make a name, mostly because they open a sentence.
_NONE = frozenset(
    """the a an this that these those he she it they we i you his her its their our my if when
    where while who what which why how as at by for from in into of on onto to with and but or nor
    so yet after before during since until under over about although because both each every some
    any all many most more other another such no not only earlier later today yesterday tomorrow
    however meanwhile moreover then there here also now once despite according following following
    instead january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday mr mrs ms dr prof president mayor
    chief director officer attorney professor senator governor minister ceo and chief counsel
    police""".split()
)
_LINKS = frozenset("of and for the de von van".split())
# A name ends before them and begins after them: "Seattle Mayor Jenny Durkan".
_TITLES = re.compile(
    r"\s*\b(?:(?:Vice|Deputy|Prime|Chief|Managing|Executive) )*(?:President|Mayor|Chief|Director|"
    r"Officer|Attorney|Professor|Senator|Governor|Minister|Counsel|CEO|Chairman|Chairwoman|Secretary|"
    r"Mr|Mrs|Ms|Dr|Prof|Judge|Justice|Captain|General)\b\.?\s*"
)
_BASED = re.compile(r"^[\w.]+-(?:based|born|owned|led)\s+")
_GIVEN = frozenset(
    """ada adam aisha alan albert alex alexander alice amy ana andrea andrew angela ann anna anne
    anthony antonio arthur barbara ben benjamin betty bill bob boris brad brian bruce carl carlos
    carmen carol caroline catherine charles charlotte chen chris christian christine christopher
    claire daniel david deborah dennis diana diane donald donna dorothy edith edward elena eleanor
    elizabeth emily emma eric eva fatima fiona frances francis frank fred gary george gloria grace
    greg hannah hans harold harry heather helen henry hugh ian ingrid isaac isabel jack jacob james
    jane janet jason jean jeff jennifer jenny jeremy jessica jim joan joe john jonathan jose joseph
    joshua juan judith julia julie karen karl kate katherine keith kelly kenneth kevin kim larry
    laura lauren leo lewis linda lisa louis lucy luis luke margaret maria marie mark martha martin
    mary matt matthew megan melissa michael michelle mike mohamed mohammed nancy naomi nathan neil
    nicholas nicole nina olga oliver olivia omar oscar patricia patrick paul pedro peter philip
    rachel rahul ralph raymond rebecca richard robert roger ronald rosa roy russell ruth ryan sally
    sam samantha samuel sandra sara sarah scott sean sergei sharon simon sofia sophia sophie stella
    stephanie stephen steve steven stuart susan sylvia teresa terry theresa thomas tim timothy tom
    tomas tony valerie vera veronica victor victoria vincent virginia walter wayne wendy william
    xavier yusuf zoe""".split()
)
_ACTS = re.compile(
    r"\s+(?:(?:also|has|have|had|will|would|did|does|is|was)\s+)*(?:not\s+)?(?:said|says|announced|"
    r"has|had|will|would|\w{3,}ed|told|made|took|wants|plans|joins|did|does)\b"
)
_PLACED = re.compile(r"\b(?:in|near|at|around|across|throughout|inside|outside)\s+(?:the\s+)?$")
_PLACE_WORD = frozenset(
    """city county street road hill river bay island islands lake park valley mount mountain square
    avenue village town north south east west kingdom states republic coast port beach""".split()
)
INVENTED = {
    "person": "Hallerby Osterlin Quarmby Tennick Vossley Brandreth Ilvery Mordaunt".split(),
    "place": "Elmsholt Tarwick Brinmouth Calderby Norhaven Westerlow Ashmere Dunvale".split(),
    "actor": "Corvance Meridax Aldenor Ostrelle Telluric Savenna Brightmoor Kestrova".split(),
    "other": "Norvane Veltrix Ombrano Quellis Tarsano Zelvora Brantec Halvion".split(),
}
_CAPITALS = "QZVXKJWYHB"


def names(text: str) -> list[str]:
    """Return the names of a text in order, each as it stands, without a possessive.

    A capital that opens a sentence makes no name of one common word.
    """
    return [name for _, name in named(text)]


def named(text: str) -> list[tuple[int, str]]:
    """Return the names of a text with where each begins, in characters; see `names`."""
    found = []
    for match in _RUN.finditer(text):
        edges = [0, *(e for t in _TITLES.finditer(match[0]) for e in t.span()), len(match[0])]
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            part = match[0][first:last]
            while part and part.split()[0].lower() in _NONE | _LINKS:
                part = part.partition(" ")[2].lstrip()
            part = _BASED.sub("", part)
            name = _OWN.sub("", part.rstrip())
            start = match.start() + last - len(part)
            if len(name) > 1 and _is_name(name, start, text):
                found.append((start, name))
    return found


def _is_name(name: str, start: int, text: str) -> bool:
    """Tell a name from a common word that a sentence opens with."""
    before = text[:start]
    opens = not re.search(r"[\w,;:)]\W*$", before) or re.search(
        r"[.!?:]['\"”’)]*\s+['\"“‘(]*$", before
    )
    if not opens or " " in name or _surely(name):
        return True
    return bool(re.search(rf"(?<=[a-z,] ){re.escape(name)}\b", text))


def _surely(name: str) -> bool:
    return sum(map(str.isupper, name)) > 1 or name.lower() in _GIVEN


def is_person(name: str) -> bool:
    """Tell whether a name is surely a person's: it opens with a common first name."""
    return name.split()[0].lower() in _GIVEN


def sort_of(name: str, texts: Iterable[str]) -> str:
    """Return "person", "place", "actor" or "other", by the name and by where it stands.

    An actor is what does something ("Amazon said"), a firm or an office mostly.


    Args:
        name: as it stands.
        texts: passages that may have it.
    """
    words = name.lower().split()
    if is_person(name):
        return "person"
    if set(words) & _PLACE_WORD:
        return "place"
    placed = every = called = acting = 0
    for text in texts:
        for match in re.finditer(rf"\b{re.escape(name)}\b", text):
            every += 1
            placed += bool(_PLACED.search(text[max(0, match.start() - 16) : match.start()]))
            acting += bool(_ACTS.match(text, match.end()))
            before = re.search(r"(\w+)\s+$", text[max(0, match.start() - 24) : match.start()])
            called += bool(before and before[1].lower() in _GIVEN)
    if called:
        return "person"
    if every and placed * 2 >= every:
        return "place"
    return "actor" if acting else "other"


def same_shape(one: str, other: str) -> bool:
    """Tell whether two names have as many words, and are both initials or both not."""
    return len(one.split()) == len(other.split()) and one.isupper() == other.isupper()


def invented(name: str, sort: str, pick: int) -> str:
    """Return a name that does not exist, of the same shape.

    Args:
        name: what it is to stand for.
        sort: of name; see `sort_of`.
        pick: which of the invented ones.
    """
    words = name.split()
    if len(words) == 1 and name.isupper():
        return "".join(_CAPITALS[(pick + 3 * i) % len(_CAPITALS)] for i in range(len(name)))
    coined = INVENTED[sort][pick % len(INVENTED[sort])]
    if sort == "person":
        return " ".join([*words[:-1], coined])
    return " ".join([coined, *words[1:]])
