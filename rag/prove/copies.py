"""Passages -> which of them are copies of one another: press-agency copies, older versions; pure.

Five papers that print one agency's story are one voice. Passages are first held against each other
by the share of their shingles, runs of five words, in common (containment: Broder, "On the
resemblance and containment of documents", SEQUENCES 1997), which costs microseconds. What has
enough in common is laid side by side word for word, and every difference is looked at: a byline, a
dateline, a sentence or some words that were cut make no other text; another number, date, name or
negation, or another word in place of one ("approved" for "rejected") does, however much of the rest
is alike. Reports made from one form differ in just that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain

from rag.documents import FILE_NAME
from rag.passages import heading
from rag.prove.words import normal, read, stem
from rag.types import Document, Hit, Sentence

SHINGLE = 5
LONG = 6  # letters of a word that a shingle is remembered of; about every third word
# Least share of the shorter one's shingles that the other must have to be looked at at all. One
# changed word takes five shingles with it, so copies of short passages with two cuts still have it.
LEAST_SHARED = 0.25
# So few words in common may be chance: "The office is closed on Sundays."
FEWEST_WORDS = 12
TOLD = 0.5  # share of a sentence's words that stand in its counterpart
VOICE = 0.5  # share of the shorter of two passages that both must have to be one voice
FORM = 0.5  # share of a title's words from which two titles are of one form
# Signs count as words: "-5" is not "5", nor "€5" "$5".
_WORD = re.compile(r"\w+(?:[.,']\w+)*|[%‰°$€£¥₹₩₽₺<>≤≥=±~]|(?<![\w.,)-])[-+](?=[$€£]?[\d.])")
_FIGURE = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")  # what is read as a number; "2,5" and "1.2.3" not
_SAID = stem("said")  # ", he said" says nothing of its own
# Differences in these turn or limit what is said, whichever side has them.
_TURNS = frozenset(
    """not no never none neither nor without cannot nobody nothing nowhere non hardly scarcely
    barely almost nearly about around roughly before after until till since over under up down out
    off above below against from between or if unless except but only just more less most least
    fewer all some any many few both each every half part may might can could will would shall
    should must he she his her him hers i we my our you your former ex vice deputy acting
    alleged allegedly supposed supposedly reportedly so-called false falsely fake
    million billion trillion thousand hundred dozen per percent
    % ‰ ° $ € £ ¥ ₹ ₩ ₽ ₺ < > ≤ ≥ = ± ~ - +""".split()
)
_TENSES = frozenset("is are was were am be been being has have had do does did".split())
# Words that turn what is said are known of English alone. Where fewer words than this are common
# English ones, every difference within a sentence counts: "nicht" must not pass for a cut.
_COMMON = frozenset("the of and to a an in that for was is on with by as at it from".split())
LEAST_COMMON = 0.12
_TURNING = frozenset(
    stem(word)
    for word in "fail refuse decline deny lack avoid stop cancel reject oppose block delay".split()
)
_NAME = r"[A-Z][\w.'’-]*"
_DAY_OR_MONTH = (
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
)
_BYLINE = re.compile(
    rf"(?i:by|written by|story by|words by)\s+{_NAME}"
    rf"(?:[\s,&|/·•()-]+(?:{_NAME}|and|of|for|in|at|the|with))*\W*"
    r"|\(?(?i:additional )?(?i:reporting|writing|editing|compiled) by\b[^\d]{0,160}"
    r"|(?i:published|updated|posted|last (?:updated|modified|changed))\b"
    rf"(?:[\s,.:/-]|\d+(?:st|nd|rd|th)?|(?i:on|at|am|pm)\b|[A-Z]{{2,4}}\b|{_DAY_OR_MONTH})+"
    r"|(?i:source|credit)s?: [^\d]{0,60}|(?:©|(?i:copyright)\b).{0,60}",
)
# "LONDON, June 3 (Reuters) - "; without an agency it may be a firm that a line is about.
_DATELINE = re.compile(
    r"(?:[A-Z][\w'’.-]+(?:[ ,/]+[A-Z][\w'’.-]+){0,4}(?: \d{1,2})? )?"
    r"\((?:AP|AFP|Reuters|UPI|dpa|DPA|ANI|PTI|IANS|Xinhua|TASS|Kyodo|Yonhap|EFE|ANSA|APA|Interfax"
    r"|Bloomberg|Dow Jones|Thomson Reuters(?: Foundation)?)\)\s+(?:-{1,2}|[–—])\s+"
)
# "(2)", "v3" or "copy" in a file's name says which copy it is, not what is in it.
_COPY_MARK = re.compile(
    r"\(\d+\)|(?<![^\W_])(?:v|ver|version|rev|copy|draft|final|new|old)[\s._-]*\d*(?![^\W_])",
    re.IGNORECASE,
)

_SITE = re.compile(r"\s+[|·]\s+[^|·]+$")


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two texts have in common.

    Attributes:
        shared: words that stand in both, in one order.
        differs: what they tell of the same is not the same.
        adds: the second tells something that the first does not.
    """

    shared: int = 0
    differs: bool = False
    adds: bool = False


@dataclass(frozen=True, slots=True)
class _Wording:
    """The words of some sentences.

    Attributes:
        surfaces: as written.
        words: in lower case.
        places: for each word the place of its sentence.
        lengths: for each sentence its number of words.
    """

    surfaces: tuple[str, ...]
    words: tuple[str, ...]
    places: tuple[int, ...]
    lengths: tuple[int, ...]


def overlap(one: Sequence[str], other: Sequence[str]) -> Overlap:
    """Lay two texts side by side; nothing is shared where they have too little in common.

    Args:
        one: its sentences.
        other: its sentences.
    """
    if _contained(one, other) < LEAST_SHARED and _contained(other, one) < LEAST_SHARED:
        return Overlap()
    return _overlap(tuple(one), tuple(other))


def adds_nothing(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether the second text is a copy of the first, or of a part of it.

    Args:
        one: its sentences.
        other: its sentences.
    """
    # Only what stands in the first by far can add nothing to it.
    if _contained(one, other) < LEAST_SHARED:
        return False
    known = set(map(_spoken, one))
    told = [sentence for sentence in map(_spoken, other) if sentence]
    if known.issuperset(told):  # most copies are copied as they are
        return sum(len(sentence.split()) for sentence in told) >= FEWEST_WORDS
    found = _overlap(tuple(one), tuple(other))
    return found.shared >= FEWEST_WORDS and not found.differs and not found.adds


def one_voice(one: Hit, other: Hit) -> bool:
    """Tell whether two passages are of one document, or hold the same words.

    These must agree wherever they overlap, and mostly overlap; each may go on where the other
    stops, as copies are cut into passages at different places.
    """
    if _known_as_one(one, other):
        return True
    if _other_subject(one.document, other.document):
        return False
    texts = _sentences(one), _sentences(other)
    found = overlap(*texts)
    shorter = min(sum(_wording(text).lengths) for text in texts) if found.shared else 0
    return found.shared >= max(FEWEST_WORDS, VOICE * shorter) and not found.differs


def says_nothing_new(one: Hit, other: Hit) -> bool:
    """Tell whether the second passage is of the first one's document or a copy of it."""
    if _known_as_one(one, other):
        return True
    same = adds_nothing(_sentences(one), _sentences(other))
    return same and not _other_subject(one.document, other.document)


def told_once(one: tuple[Hit, Sentence], other: tuple[Hit, Sentence]) -> bool:
    """Tell whether the second of two cited sentences is the voice of the first one's passage.

    It is where it stands there too and the passages are one voice, or where the sentences are
    copies themselves: a paper's own story may have a sentence of an agency's in it. What one of two
    papers has added to a story they share is its own voice.
    """
    (hit, sentence), (other_hit, other_sentence) = one, other
    if _known_as_one(hit, other_hit):
        return True
    if one_voice(hit, other_hit):
        return _stands(other_sentence, hit)
    texts = (sentence.text,), (other_sentence.text,)
    same = adds_nothing(*texts) or adds_nothing(*reversed(texts))
    return same and not _other_subject(hit.document, other_hit.document)


def _known_as_one(one: Hit, other: Hit) -> bool:
    """Tell whether two passages are of one document, or were found to be copies before."""
    if one.document.id == other.document.id:
        return True
    ours, theirs = ({each.passage.id for each in with_copies([hit])} for hit in (one, other))
    return bool(ours & theirs)


def _stands(sentence: Sentence, hit: Hit) -> bool:
    """Tell whether a sentence stands in a passage, whole or in a longer one."""
    sentences = _sentences(hit)
    if _spoken(sentence.text) in map(_spoken, sentences):
        return True
    found = _overlap(sentences, (sentence.text,))
    return found.shared > 0 and not found.differs and not found.adds


def with_copies(hits: Iterable[Hit]) -> list[Hit]:
    """Return hits, each with its copies behind it."""
    return [each for hit in hits for each in (hit, *hit.copies)]


def holds(quote: str, hit: Hit) -> bool:
    """Tell whether a quote stands in a passage word for word."""
    wanted, words = (f" {' '.join(_words(text))} " for text in (quote, hit.passage.text))
    return wanted.strip() != "" and wanted in words


class Kept:
    """Passages that will be read for a question, each with the copies found of it.

    Args:
        question: in plain words; a copy in a document that it names more exactly is kept apart.
    """

    def __init__(self, question: str = "") -> None:
        self.hits: list[Hit] = []
        self._asked = frozenset(word for word in _words(question) if _content(word))
        self._places: dict[str, list[int]] = {}  # of the hits of a document
        self._holding: dict[tuple[str, ...], set[str]] = {}  # documents, by shingle

    def add(self, hit: Hit) -> None:
        """Keep a hit, to be read."""
        self._places.setdefault(hit.document.id, []).append(len(self.hits))
        self.hits.append(hit)
        for shingle in _shingles(_sentences(hit)):
            self._holding.setdefault(shingle, set()).add(hit.document.id)

    def attach(self, hit: Hit) -> bool:
        """Put a hit to the one it is a copy of; tell whether there is such a one.

        It may be a copy of several passages of one document together, cut at other places.
        """
        told = _sentences(hit)
        if hit.passage.kind == "metadata":
            return False
        for places in self._near(hit.document.id, _shingles(told)):
            places = [p for p in places if self.hits[p].passage.kind == hit.passage.kind]
            places.sort(key=lambda place: self.hits[place].passage.start)
            whole = tuple(chain.from_iterable(_sentences(self.hits[p]) for p in places))
            if adds_nothing(whole, told) and self._of_one(places[0], hit.document, whole):
                nearest = places[0]
                if len(places) > 1:
                    nearest = max(places, key=lambda p: _contained(_sentences(self.hits[p]), told))
                copied = self.hits[nearest]
                self.hits[nearest] = replace(copied, copies=(*copied.copies, hit))
                return True
        return False

    def _near(self, document_id: str, shingles: Set[tuple[str, ...]]) -> Iterator[list[int]]:
        """Yield the places of each other document's hits that have enough shingles of these."""
        counts = Counter(
            id_
            for shingle in shingles
            for id_ in self._holding.get(shingle, ())
            if id_ != document_id
        )
        for id_, count in counts.most_common():
            if count >= LEAST_SHARED * len(shingles):
                yield self._places[id_]

    def _of_one(self, place: int, document: Document, told: Sequence[str]) -> bool:
        """Tell whether a document is of the subject of a hit's, as far as titles and question go.

        Args:
            place: of the hit.
            document: of a copy.
            told: the text that both have.
        """
        known = self.hits[place].document
        exactly = self._names(document) - self._names(known)
        if exactly and exactly - frozenset(_words(" ".join(told))):
            return False
        return not _other_subject(known, document)

    def _names(self, document: Document) -> frozenset[str]:
        """Return the words of the question that a document is headed by."""
        if not self._asked:
            return self._asked
        return self._asked & frozenset(_words(heading(document)))


def _sentences(hit: Hit) -> tuple[str, ...]:
    return tuple(s.text for s in hit.passage.sentences) or (hit.passage.text,)


def _contained(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share, 0 to 1, of the second text's shingles that stand in the first."""
    known, told = _shingles(tuple(one)), _shingles(tuple(other))
    return len(known & told) / len(told) if told else 0.0


@lru_cache(maxsize=1024)
def _shingles(sentences: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """Return the runs of five words that begin with a long one, which makes few of many.

    They need not be exact: what they decide is only where to look closer.
    """
    words = " ".join(sentences).lower().split()
    return frozenset(
        tuple(words[place : place + SHINGLE])
        for place, word in enumerate(words[: 1 - SHINGLE])
        if len(word) >= LONG
    )


@lru_cache(maxsize=1024)
def _wording(sentences: tuple[str, ...]) -> _Wording:
    """Take sentences apart; what changes with the paper is left out."""
    surfaces: list[str] = []
    places: list[int] = []
    lengths: list[int] = []
    for sentence in sentences:
        found = _WORD.findall(_spoken(sentence))
        surfaces += found
        places += [len(lengths)] * len(found)
        lengths.append(len(found))
    words = tuple(word.lower() for word in surfaces)
    return _Wording(tuple(surfaces), words, tuple(places), tuple(lengths))


def _spoken(sentence: str) -> str:
    """Return a sentence without its dateline, "" if it is a byline or the like.

    What of these is no fact of the text is what papers change in an agency's story.
    """
    plain = (sentence if sentence.isascii() else normal(sentence)).strip()
    if _BYLINE.fullmatch(plain):
        return ""
    dateline = _DATELINE.match(plain)
    return plain[dateline.end() :] if dateline else plain


@lru_cache(maxsize=1024)
def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> Overlap:
    a, b = _wording(one), _wording(other)
    steps = SequenceMatcher(None, a.words, b.words, autojunk=False).get_opcodes()
    same = [(i, j, m, n) for tag, i, j, m, n in steps if tag == "equal"]
    held_a, held_b = (
        _told(text, chain.from_iterable(range(*span) for span in spans))
        for text, spans in ((a, [s[:2] for s in same]), (b, [s[2:] for s in same]))
    )
    # A sentence of either text stands under the place of its counterpart in the other: of what was
    # cut out of a long one all that was left out is looked at.
    matched = [(a.places[i + k], b.places[m + k]) for i, j, m, _ in same for k in range(j - i)]
    to_b, to_a = _counterparts(matched), _counterparts((y, x) for x, y in matched)
    told_a = held_a | {to_a[place] for place in held_b}
    told_b = held_b | {to_b[place] for place in held_a}
    shared = sum(
        a.places[i + k] in told_a and b.places[m + k] in told_b
        for i, j, m, _ in same
        for k in range(j - i)
    )
    adds = any(length and place not in held_b for place, length in enumerate(b.lengths))
    english = _english(a) and _english(b)
    more: dict[int, set[tuple[str, str]]] = {}
    fewer: dict[int, set[tuple[str, str]]] = {}
    for tag, i, j, m, n in steps:
        if tag == "equal":
            continue
        ours = [k for k in range(i, j) if a.places[k] in told_a]
        theirs = [k for k in range(m, n) if b.places[k] in told_b]
        one_says, other_says = (
            _content(" ".join(text.surfaces[k] for k in kept))
            for text, kept in ((a, ours), (b, theirs))
        )
        said = [{text.words[k] for k in kept} for text, kept in ((a, ours), (b, theirs))]
        replaced = all(said) and (one_says != other_says or said[0] & _TENSES != said[1] & _TENSES)
        turned = _turns(a, ours) != _turns(b, theirs)
        if replaced or turned or (any(said) and not english):
            return Overlap(shared, differs=True, adds=True)
        for k in ours:
            fewer.setdefault(to_b[a.places[k]], set()).update(one_says - other_says)
        for k in theirs:
            more.setdefault(b.places[k], set()).update(other_says - one_says)
    # What only one of two counterparts has was cut or added. Where both have something of their
    # own, one stands for the other, or the words were moved: who sued whom is in their order.
    counted = any(kind == "number" for own in (more, fewer) for v in own.values() for kind, _ in v)
    differs = counted or any(own and fewer.get(place) for place, own in more.items())
    return Overlap(shared, differs, adds or any(more.values()))


def _told(wording: _Wording, matched: Iterable[int]) -> frozenset[int]:
    """Return the places of the sentences most of whose words stand in the other text."""
    held = Counter(wording.places[place] for place in matched)
    return frozenset(place for place, n in held.items() if n >= TOLD * wording.lengths[place])


def _counterparts(matched: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return for each place that words were matched at the one where most of them stand."""
    counts: dict[int, Counter[int]] = {}
    for place, other in matched:
        counts.setdefault(place, Counter())[other] += 1
    return {place: others.most_common(1)[0][0] for place, others in counts.items()}


def _english(text: _Wording) -> bool:
    common = sum(word in _COMMON for word in text.words)
    return common >= LEAST_COMMON * len(text.words)


def _turns(text: _Wording, places: Iterable[int]) -> Counter[str]:
    """Return the words at some places that turn or limit what is said."""
    words = [text.words[place] for place in places]
    return Counter(
        word for word in words if word in _TURNS or word.endswith("n't") or stem(word) in _TURNING
    )


@lru_cache(maxsize=4096)
def _content(text: str, *, stems: bool = False) -> frozenset[tuple[str, str]]:
    """Return what a stretch of words states: numbers, dates, days, and words as they stand.

    Args:
        text: some words.
        stems: take the words by their stems, in which "leads" and "led" are one.
    """
    said = read(text)
    tokens = _WORD.findall(text)
    return frozenset(
        chain(
            (("number", f"{value}{unit}") for value, unit in said.numbers),
            (("date", f"{date.year}-{date.month}-{date.day}") for date in said.dates),
            (("date", day) for day in said.weekdays),
            (("number", t) for t in tokens if re.search(r"\d", t) and not _FIGURE.fullmatch(t)),
            (
                ("word", word.stem if stems else word.surface.lower().replace(".", ""))
                for word in said.words
                if word.stem != _SAID or word.name
            ),
        )
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(normal(text).lower())


@lru_cache(maxsize=1024)
def _titled(title: str, publisher: str, *, named: bool) -> frozenset[tuple[str, str]]:
    """Return what a title states, without its publisher's name.

    Args:
        title: of a document.
        publisher: "" if unknown; pages like to put it, or their site, at the end of a title.
        named: it is a file's name, which may say which copy it is.
    """
    spoken = _SITE.sub("", title)
    if named:
        spoken = re.sub(r"_|(?<!\d)-|-(?!\d)", " ", _COPY_MARK.sub(" ", spoken))
    found = _content(spoken, stems=True) - _content(publisher, stems=True)
    # Files are numbered as they come; a year or a day says more.
    return frozenset(each for each in found if not (named and each[0] == "number"))


def _other_subject(one: Document, other: Document) -> bool:
    """Tell whether two titles are of one form and name different things.

    Contracts and reports made from a form may have whole passages in common that are of two firms
    or quarters. Titles that have little in common say nothing: papers write their own headlines.
    """
    if one.title == other.title:
        return False
    ours, theirs = (
        _titled(
            document.title,
            document.metadata.get("publisher", ""),
            named=document.origins.get("title") == FILE_NAME,
        )
        for document in (one, other)
    )
    shorter = min(len(ours), len(theirs))
    alike = shorter > 0 and len(ours & theirs) >= FORM * shorter
    return alike and bool(ours - theirs) and bool(theirs - ours)
