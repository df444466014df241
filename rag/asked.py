"""A question that says of when the documents are that it asks: a period, or the latest; pure.

"What did Microsoft say in June 2020?" asks what was said then, and "What happened in June 2020?"
what was the case then, which later documents tell better. Only the first kind is read here: a verb
of saying, and a period at the end or the beginning of the question with no other verb between. A
period without a year is left alone. What is read here is a preference: where nothing is proven by
such documents, all are asked.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence

from rag.passages import heading
from rag.prove.words import read, stem
from rag.types import Document
from rag.within import BY_FILE, Within, dated_by, day, days, newest

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATE = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH},?\s+\d{{4}}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+"
    rf"\d{{4}}|{_MONTH},?\s+(?:of\s+)?\d{{4}}|\d{{4}}-\d\d(?:-\d\d)?|(?:1[5-9]|20)\d\d)"
)
_PERIOD = (
    rf"(?:(?P<span>between|from)\s+(?P<first>{_DATE})\s+(?:and|to|until)\s+(?P<last>{_DATE})|"
    r"(?P<how>in|during|on|since|after|before|until|till|by|as\s+of|up\s+to)\s+"
    rf"(?:(?:early|mid|late)[\s-]+|the\s+year\s+)?(?P<date>{_DATE}))"
)
_AT_END = re.compile(rf"\b{_PERIOD}\s*[?.!]*\s*\Z", re.IGNORECASE)
_AT_BEGINNING = re.compile(rf"\s*{_PERIOD}\s*,?\s+(?=[a-z])", re.IGNORECASE)
# "Report" and the like are verbs after "did" alone; who published a book is a fact of the world.
_SAYS = re.compile(
    r"\b(?:say|said|says|saying|tell|told|write|wrote|written|writes|reported|announced?|stated|"
    r"commented|argued?|claimed|warn(?:ed)?|predict(?:ed)?|recommend(?:ed)?|advised?|"
    r"(?:was|were|been)\s+published|did\s+(?:[\w.'’&-]+\s+){1,5}?(?:report|state|comment|claim))\b",
    re.IGNORECASE,
)
# After the verb of saying these begin what was said, and the period belongs to it.
_ANOTHER_VERB = re.compile(
    r"\b(?:happen(?:ed|s)?|occur(?:red|s)?|took|is|are|was|were|had|has|have|did|would|will|could|"
    r"should|must|can|may|might|began|begin|start(?:ed)?|end(?:ed)?|that)\b",
    re.IGNORECASE,
)
_LATEST = re.compile(
    r"\b(?:latest|newest|most\s+recent|current|up-to-date)\s+(?:version\s+of\s+(?:the|our|your)\s+)?"
    r"(?P<what>[^\W\d_][\w'’-]*(?:\s+[^\W\d_][\w'’-]*){0,3})",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:on|of|for|about|in|at|to|from|by|with|and|or|is|are|was|were|do|does|did|say|says|said|"
    r"allow|allows|that|which|who|as|the|a|an|our|your)\b.*",
    re.IGNORECASE,
)


_MOST_WORDS = 24  # a longer question compares, or tells of something current in passing


def period(question: str) -> Within | None:
    """Return of when the documents are whose words a question asks for; None if it does not say."""
    found = _AT_END.search(question)
    if found:
        verbs = list(_SAYS.finditer(question, 0, found.start()))
        between = question[verbs[-1].end() : found.start()] if verbs else ""
    else:
        found = _AT_BEGINNING.match(question)
        verbs = list(_SAYS.finditer(question, found.end())) if found else []
        between = question[verbs[0].end() :] if verbs else ""
    if found is None or not verbs or _ANOTHER_VERB.search(between):
        return None
    if len(re.findall(_DATE, question, re.IGNORECASE)) != (2 if found["span"] else 1):
        return None  # several periods are compared
    try:
        return _within(found)
    except (ValueError, OverflowError):
        return None


def asks_latest(question: str) -> tuple[str, ...]:
    """Return the stems of what a question asks the latest of ("travel", "polici"); () if none."""
    found = _LATEST.search(question)
    if found is None or len(question.split()) > _MOST_WORDS:
        return ()
    named = _ENDS.sub("", found["what"])
    return tuple(stem(word) for word in re.findall(r"[^\W\d_][\w'’-]*", named))


def superseded(named: Sequence[str], documents: Iterable[Document]) -> tuple[Document, ...]:
    """Return the documents of which there is a later one of the kind that is named.

    Args:
        named: stems that the heading of such a document bears, all of them or the first two at
            least, since verbs may follow ("travel policy let staff").
        documents: that a question finds; what is dated by its file only has no date here.

    Returns:
        The older ones; none where only one is of the kind, or their dates are not all known.
    """
    kind = _of_kind(named, documents)
    dated = [one for one in kind if days(one) and dated_by(one) != BY_FILE]
    latest = newest(dated)
    if latest is None or len(dated) < len(kind):
        return ()
    day_of = days(latest)
    return tuple(one for one in dated if days(one) != day_of)


def _of_kind(named: Sequence[str], documents: Iterable[Document]) -> list[Document]:
    borne = [(one, read(heading(one)).stems) for one in documents]
    for length in range(len(named), min(2, len(named)) - 1, -1):
        stems = set(named[:length])
        if stems and (kind := [one for one, there in borne if stems <= there]):
            return kind
    return []


def only_known(within: Within, documents: Iterable[Document]) -> frozenset[str]:
    """Return the ids of the documents of a period, those dated by their file only left out."""
    return frozenset(one.id for one in documents if dated_by(one) != BY_FILE and within.allows(one))


def _within(found: re.Match[str]) -> Within:
    if found["span"]:
        return Within(since=day(found["first"]), until=day(found["last"], last=True))
    how = " ".join(found["how"].lower().split())
    first, last = day(found["date"]), day(found["date"], last=True)
    one_day = datetime.timedelta(days=1)
    if how == "since":
        return Within(since=first)
    if how == "after":
        return Within(since=last + one_day)
    if how == "before":
        return Within(until=first - one_day)
    if how in ("until", "till", "by", "as of", "up to"):
        return Within(until=last)
    return Within(since=first, until=last)
