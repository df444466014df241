"""Which proven statements answer what was asked, and which say the same."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.passages import heading
from rag.prompt import asks_yes_no, offers_choice
from rag.prove.conflicts import added
from rag.prove.facts import dated, denies
from rag.prove.names import shortened
from rag.prove.prover import Proof
from rag.prove.rarity import Rarity, match, match_name
from rag.prove.sides import LIKELY_SIDE, asks_one, is_side
from rag.prove.when import main_year
from rag.prove.words import Date, Reading, is_light, join, normal, read, stem
from rag.types import Draft, Hit, Verdict

MIN_COVERAGE = 0.25
# Words of the question that a statement repeats and its source lacks are the model's, not the
# source's: from this share of the question on it is taken for something else.
MOST_PRESUMED = 0.7
# A statement is an answer if it is carried and gives what was asked for. Where both together are
# less likely than this, it is beside the point or a near miss.
MIN_RIGHT = 0.35
# The same where no passage is likely to answer the question.
SURE_RIGHT = 0.6
# What is said beside the best one must be likelier than that.
MIN_FURTHER = 0.55
# A statement this far behind the best one, or one that meets the question so much less surely (in
# log-odds) than another, is not shown: it is true and beside the point.
MAX_GAP = 1.3
MAX_MEETS_GAP = 2.0
SAYS_ALL = 0.75  # share of a sentence's words beyond the question that another one must have
HOLDS_WEIGHT = 0.33  # of the log-odds that its passage answers, in the order of statements
_ASKS_DATE = re.compile(
    r"\b(?:what|which) (?:(?:is|was) the )?(?:exact |very )?(?:date|day|year|month|weekday)\b",
    re.IGNORECASE,
)
_ASKS_WHEN = re.compile(r"(?:^|[,;]|\b(?:and|or|since|until|from)\b)\W*when\b", re.IGNORECASE)
_TELLS_WHEN = re.compile(
    r"\b(?:until|till|after|before|once|while|if|when|whenever|during|ago|last|next|today|"
    r"yesterday|tomorrow|tonight|now|currently|recently|earlier|later|since|past|soon|"
    r"immediately|never|always|already|following|upon|century|centuries|decades?|years?|months?|"
    r"weeks?|days?|hours?|minutes?|morning|afternoon|evening|night|spring|summer|autumn|winter|"
    r"christmas|easter|ancient|medieval|modern|beginning|start|end|middle|early|late|each|every|"
    r"annually|monthly|weekly|daily|hourly|session|season|period|era|reign|"
    r"\d+(?:st|nd|rd|th|s)|\d{3,4})\b",
    re.IGNORECASE,
)
# "Whom did Ada Quist replace?", "Who was Ada Quist replaced by?"
_NAMED = r"(?P<name>(?:[A-Z][\w'-]*\s+)*[A-Z][\w'-]*)"
_ASKS_DEED = re.compile(
    rf"\b(?:[Ww]hom?|[Ww]hat|[Ww]hich\b.*?)\s+did\s+{_NAMED}\s+(?P<verb>[a-z]+)\b"
)
_ASKS_SUFFERED = re.compile(rf"\b[Ww]hom?\s+(?:was|were)\s+{_NAMED}\s+(?P<verb>[a-z]+)\s+by\b")
# What "NAME was (recalled and) replaced by …" and "NAME replaced …" say was done; formats.
_SUFFERS = (
    r"\b{name}\s+(?:(?:\w+ly|later|then|soon)\s+)?(?:was|were|is|are|been|being)\s"
    r"(?:\w+\s+and\s+|\w+ly\s+)?(\w+)\b(?=.*\bby\b)"
)
_DOES = r"\b{name}\s(\w+)\s+(?!by\b)"
_ASKS_WHY = re.compile(r"^\W*why\b", re.IGNORECASE)
_TELLS_WHY = re.compile(
    r"\b(?:because|since|due|as|for|so|to|owing|thanks|through|result\w*|reason\w*|caus\w+|led|"
    r"lead\w*|say\w*|said|cit\w+|fear\w*|want\w*|hop\w+|wish\w*|believ\w*|consider\w*|order|"
    r"allow\w*|help\w*|mean\w*|given|without|lack\w*|no|not|too|over|after|when|out|if|only|"
    r"\w+ing|need\w*|accus\w+|purpose\w*|aim\w*|intend\w*|reflect\w*|enabl\w*|fail\w*)\b",
    re.IGNORECASE,
)
# "the most", "the largest": one among others is asked for, so the source must set it above them.
_ASKS_MOST = re.compile(
    r"\b(?:the|its|their|his|her|\w+'s)\s+(?:most|least|(?:larg|bigg|great|small|tin|old|young|"
    r"high|low|fast|slow|long|short|strong|weak|rich|poor|near|clos|far|furth|cheap|dear|deep|wid|"
    r"broad|tall|hot|cold|warm|wet|dr|heav|light|bright|dark|hard|soft|eas|simpl|bus|saf|dens|"
    r"clean|thick|thin|wealth|health|deadl|costl|mild|harsh|steep|fierc|quick|rar)i?est)\b",
    re.IGNORECASE,
)
_TELLS_MOST = re.compile(
    r"\b(?:most|more|least|less|best|worst|better|worse|first|last|top|leading|main|mainly|chief|"
    r"chiefly|principal|major|primary|primarily|majority|only|unique|record|maximum|minimum|peak|"
    r"greater|over|exceeds?|nothing|nobody|none|never|unmatched|ranks?|ranked|ranking|"
    r"\w{3,}(?:ier|est)|\w{3,}er(?= than\b))\b",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"\bor (?:not|never)\b|\bif not\b|\bwhy not\b", re.IGNORECASE)
_ASKS_YEAR = re.compile(r"\b(?:what|which) year\b", re.IGNORECASE)
_TELLS_YEAR = re.compile(r"\b(?:\d{3,4}s?|years? ago|last year|this year)\b", re.IGNORECASE)
# A small count before what is asked for ("which two courts") says how many answers there are.
_SMALL = 12
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much)\b|\b(?:what|which) (?:\w+ )?(?:percentage|number|share|fraction)\b",
    re.IGNORECASE,
)
_TELLS_NUMBER = re.compile(
    r"\b(?:no|none|nobody|nothing|any|both|all|every|each|several|many|few|most|some|half|third|"
    r"quarter|double|triple|pair|single|a|an|another|dozens?|hundreds?|thousands?|millions?|"
    r"billions?|tens|little|much|free|majority|minority|more|less|fewer)\b|\band\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Relevance:
    """How far a statement is about what was asked.

    Attributes:
        coverage: 0 to 1, rarity-weighted share of the question's content words that stand in
            the statement, the sentences it cites, the passages around them or their headings.
        direct: the same share for the statement and the cited sentences alone.
        missing: names, numbers and dates of the question that stand nowhere there.
        echo: the statement adds no word, number or date to those of the question.
        elsewhere: the statement and what it cites name somebody, but nobody of the question.
        lacks: what the question asks for and the statement has none of ("date", "number",
            "reason", "denial", "rank").
        supposed: stems of the question's words that the statement repeats and that stand nowhere
            in the passages it cites.
        presumed: 0 to 1, their rarity-weighted share of the question's content words.
        reversed: who did and who suffered it are turned round.
        denied: a word that the question supposes and the cited sentences deny.
    """

    coverage: float
    direct: float
    missing: tuple[str, ...]
    echo: bool = False
    elsewhere: bool = False
    lacks: str = ""
    supposed: frozenset[str] = frozenset()
    presumed: float = 0.0
    reversed: bool = False
    denied: str = ""


def relevance(
    question: str, statement: str, cited: Sequence[tuple[Hit, str]], rarity: Rarity
) -> Relevance:
    """Hold a question against a statement and its evidence.

    Args:
        question: what was asked.
        statement: a proven sentence.
        cited: each cited sentence's text with its passage.
        rarity: weights of words in the index at hand.
    """
    asked = read(question)
    said = read(statement)
    near = join([said, *(read(text) for _, text in cited)])
    around = join(
        [
            read(part)
            for hit in {hit.passage.id: hit for hit, _ in cited}.values()
            for part in (
                hit.passage.text,
                heading(hit.document),
                *(str(v) for k, v in hit.document.metadata.items() if k in _SHOWN),
            )
        ]
    )
    total = held = direct = 0.0
    missing: list[str] = []
    # Where a question is written with capitals they say what is a name, else the index does.
    written = any(word.name and not word.first for word in asked.words)
    text = " ".join(hit.passage.text for hit, _ in cited)
    for place, word in enumerate(asked.words):
        weight = rarity.weight(word.stem)
        total += weight
        named = (word.name and not word.first) if written else rarity.is_name(word)
        same = match_name if rarity.is_name(word) else match
        here = same(word.stem, near.stems)
        share = max(here, same(word.stem, around.stems))
        direct += weight * here
        held += weight * share
        if not share and named and not shortened(asked.words, place, around.stems, text):
            missing.append(word.surface)
    numbers = near.numbers | around.numbers
    known = (*near.dates, *around.dates)
    missing += [
        f"{value:g}{unit}"
        for value, unit in asked.numbers - numbers
        if (unit or value > _SMALL or f"{value:g}" in question)
        and not any(date.year and date.year % 100 == value for date in known)  # "1755, 56"
    ]
    years = {main_year(hit.document.text) for hit, _ in cited} - {0}
    dates = (*known, *map(Date, years))
    supposed = _supposed(question, asked, said, around)
    presumed = sum(rarity.weight(word.stem) for word in asked.words if word.stem in supposed)
    missing += [
        "the date"
        for date in asked.dates
        if known and not any(dated(d, date, dates) for d in dates)
    ]
    return Relevance(
        coverage=held / total if total else 1.0,
        direct=direct / total if total else 1.0,
        missing=tuple(missing),
        echo=_echoes(question, asked, said),
        elsewhere=_elsewhere(asked, said, join([near, *map(read, _text_before(cited))]), rarity),
        lacks=_lacks(question, statement, asked, said)
        or _affirms(question, asked, near)
        or _unranked(question, statement, cited),
        denied=_denied(question, asked, said, join([read(text) for _, text in cited])),
        supposed=supposed,
        presumed=presumed / total if total else 0.0,
        reversed=turned_round(question, statement),
    )


def _supposed(question: str, asked: Reading, said: Reading, around: Reading) -> frozenset[str]:
    """Return the question's words that a statement repeats and its passages lack.

    How something was ("primarily") need not stand there, nor, where it is asked when, the deed at
    the end of the question: "(1909-1966)" says when somebody was born.
    """
    words = asked.words[:-1] if _ASKS_WHEN.search(question) else asked.words
    return frozenset(
        word.stem
        for word in words
        if word.stem in said.stems
        and not is_light(word.stem)
        and not word.surface.endswith("ly")
        and not match(word.stem, around.stems)
    )


def turned_round(question: str, statement: str) -> bool:
    """Tell whether a statement says of one as the doer what was asked of it as the sufferer.

    "Ada was replaced by Bo" does not tell whom Ada replaced, nor the reverse.
    """
    for asks, tells in ((_ASKS_DEED, _SUFFERS), (_ASKS_SUFFERED, _DOES)):
        asked = asks.search(normal(question))
        if asked:
            deeds = re.findall(tells.format(name=re.escape(asked["name"])), normal(statement))
            return stem(asked["verb"]) in map(stem, deeds)
    return False


def _lacks(question: str, statement: str, asked: Reading, said: Reading) -> str:
    """Return what kind of fact the question asks for if the statement has none of it."""
    dated = len(said.dates) > len(asked.dates) or said.weekdays - asked.weekdays
    years = _ASKS_YEAR.search(question) and _TELLS_YEAR.search(statement)
    if _ASKS_DATE.search(question) and not dated and not years:
        return "date"
    if _ASKS_WHEN.search(question) and not dated and not _TELLS_WHEN.search(statement):
        return "time"
    about = any(not is_light(stem) for stem in asked.stems & said.stems)
    if about and _ASKS_WHY.search(question) and not _TELLS_WHY.search(statement):
        return "reason"  # a bare reason speaks of other things than the question
    if (
        _ASKS_NUMBER.search(question)
        and not said.numbers - asked.numbers
        and not _TELLS_NUMBER.search(statement)
    ):
        return "number"
    return ""


def _affirms(question: str, asked: Reading, near: Reading) -> str:
    """Return "denial" if it is asked what is not so and nothing is denied there."""
    denied = asked.negators and not asks_yes_no(question) and not _WHETHER.search(question)
    return "denial" if denied and not denies(near, asked) else ""


def _unranked(question: str, statement: str, cited: Sequence[tuple[Hit, str]]) -> str:
    """Return "rank" if it is asked for the most of something and nothing near sets one so high."""
    if asks_yes_no(question) or not _ASKS_MOST.search(normal(question)):
        return ""
    near = [statement, *(text for _, text in cited), *_text_before(cited, 1)]
    return "" if any(_TELLS_MOST.search(text) for text in near) else "rank"


def _denied(question: str, asked: Reading, said: Reading, cited: Reading) -> str:
    """Return a word that a question supposes and its source denies, unless the statement does too.

    "How are votes weighted so that small states are dominated?" is not answered by how they are
    weighted "so that small states are not dominated".
    """
    if asks_yes_no(question) or offers_choice(question) or asked.negators:
        return ""
    denied = (cited.negated - cited.plain - said.negated) & (asked.plain - asked.negated)
    words = [w.surface for w in asked.words if w.stem in denied and not is_light(w.stem)]
    return "" if said.negators else "".join(words[:1])


def _echoes(question: str, asked: Reading, said: Reading) -> bool:
    """Tell whether a statement says nothing beyond the question; yes, no and a choice answer."""
    if asks_yes_no(question) or offers_choice(question):
        return False
    new = [
        word
        for word in said.words
        if word.stem not in asked.stems
        and (not is_light(word.stem) or (word.name and not word.first))
    ]
    denies = said.negators and not asked.negators
    return not (new or denies or said.numbers - asked.numbers or said.dates or said.weekdays)


def _text_before(cited: Sequence[tuple[Hit, str]], most: int = 3) -> list[str]:
    """Return the headings and the sentences just before the cited ones, where names are given."""
    found = []
    for hit, text in cited:
        sentences = [sentence.text for sentence in hit.passage.sentences]
        place = sentences.index(text) if text in sentences else 0
        found += [*sentences[max(0, place - most) : place], heading(hit.document)]
    return found


def _elsewhere(asked: Reading, said: Reading, near: Reading, rarity: Rarity) -> bool:
    names = {word.stem for word in asked.words if rarity.is_name(word)}
    leading = said.words[:1]
    led = bool(leading) and rarity.is_name(leading[0])
    return bool(names) and led and not names & near.stems


_SHOWN = frozenset({"title", "publisher", "author", "date", "url"})


def alike(one: str, other: str, rarity: Rarity, question: str = "") -> bool:
    """Tell whether two proven sentences say the same: most of each stands in the other.

    Numbers, dates and negations must agree, and what they add to the question must have something
    in common; otherwise they stand side by side.
    """
    a, b = read(one), read(other)
    asked = read(question)
    ours, theirs = added(a, asked), added(b, asked)
    if ours and theirs and not any(match(stem, theirs) for stem in ours):
        return False
    if a.numbers != b.numbers and a.numbers and b.numbers:
        return False
    if a.dates and b.dates and not _same_dates(a.dates, b.dates):
        return False
    if a.weekdays and b.weekdays and a.weekdays != b.weekdays:
        return False
    if a.negated & b.plain - b.negated or b.negated & a.plain - a.negated:
        return False
    if _others(a, b) and _others(b, a):
        return False
    forth, back = (
        _share(frozenset(word.stem for word in said.words), among.stems, rarity)
        for said, among in ((a, b), (b, a))
    )
    return max(forth, back) >= 0.8 and min(forth, back) >= 0.5


def fuller(question: str, one: str, other: str) -> bool:
    """Tell whether a sentence gives the day where another one that says the same gives the year.

    That counts where it is asked when something was, and not for the year alone.
    """
    dated = _ASKS_WHEN.search(question) or _ASKS_DATE.search(question)
    exact = bool(dated) and not _ASKS_YEAR.search(question)
    return exact and adds_fact(one, other, question) and not adds_fact(other, one, question)


def adds_fact(one: str, other: str, question: str = "") -> bool:
    """Tell whether a sentence gives a number, date or weekday that another one does not.

    What the question gives is none.
    """
    a, b = read(one), join([read(other), read(question)])
    dated = all(any(known.carries(date) for known in b.dates) for date in a.dates)
    return not (dated and a.numbers <= b.numbers and a.weekdays <= b.weekdays)


def _others(one: Reading, other: Reading) -> bool:
    """Tell whether a text names somebody whom the other does not."""
    names = {word.stem for word in one.words if word.name and not word.first}
    return any(not match_name(name, other.stems) for name in names)


def _same_dates(ours: Sequence[Date], theirs: Sequence[Date]) -> bool:
    """Tell whether each date of the one is carried by, or carries, a date of the other."""

    def met(some: Sequence[Date], others: Sequence[Date]) -> bool:
        return all(any(d.carries(x) or x.carries(d) for x in others) for d in some)

    return met(ours, theirs) and met(theirs, ours)


def _share(stems: frozenset[str], among: frozenset[str], rarity: Rarity) -> float:
    total = sum(rarity.weight(stem) for stem in stems)
    held = sum(rarity.weight(stem) * match(stem, among) for stem in stems)
    return held / total if total else 0.0


def _refused(proof: Proof, reason: str) -> Proof:
    judgement = replace(proof.judgement, verdict=Verdict.NOT_ANSWERING, reason=reason)
    return replace(proof, judgement=judgement)


def _far_behind(proof: Proof, nearest: Proof, *, side: bool) -> bool:
    """Tell whether a statement meets the question far less surely than the one that does so best.

    Where one thing was asked for (`side`), what another document likely answers is another side.
    """
    if proof.meets is None or nearest.meets is None:
        return False
    if side and (proof.answers or 0.0) >= LIKELY_SIDE and not proof.shares_voice(nearest):
        return False
    return proof.meets < nearest.meets - MAX_MEETS_GAP


def _meets(proof: Proof) -> float:
    return -math.inf if proof.meets is None else proof.meets


@dataclass(frozen=True, slots=True)
class _Judged:
    """A proof held against the question.

    Attributes:
        proof: refused where it cannot be an answer.
        score: its rank among the others.
        beside: why it is left out unless it is another side of one that is shown; "" if it is not.
        supposed: see `Relevance`.
    """

    proof: Proof
    score: float = 0.0
    beside: str = ""
    supposed: frozenset[str] = frozenset()


class Selector:
    """Decides which proven statements answer the question, and in what order.

    Args:
        rarity: weights of words in the index at hand.
        relevance: hold statements against the words of the question.
    """

    def __init__(self, rarity: Rarity, *, relevance: bool = True) -> None:
        self.rarity = rarity
        self.relevance = relevance

    def alike(self, question: str, one: str, other: str) -> bool:
        """Tell whether one of two statements that answer a question adds nothing to the other."""
        return alike(one, other, self.rarity, question)

    def says_all(self, question: str, one: str, other: str) -> bool:
        """Tell whether a sentence says all that another one says beyond the question."""
        beyond = frozenset(word.stem for word in read(other).words) - read(question).stems
        known = join([read(one), read(question)]).stems
        whole = _share(beyond, known, self.rarity) >= SAYS_ALL if beyond else True
        return whole and not adds_fact(other, one, question)

    def verdicts(
        self,
        question: str,
        proofs: Sequence[tuple[Proof, Draft]],
        least: float = MIN_RIGHT,
    ) -> list[tuple[Proof, float]]:
        """Return every proof with its rank score; those that do not answer lose their support.

        So do those that answer far less well than another, or beside a surer one less likely than
        not, which are true and beside the point, and those that put words of the question on a
        source that has them not, where another has them; but other sides of the best one stay.

        Args:
            question: in plain words.
            proofs: with their drafts.
            least: probability from which a statement is carried and answers, 0 to 1.
        """
        judged = [self._judge(question, proof, draft, least) for proof, draft in proofs]
        answering = [found for found in judged if found.proof.supported and not found.beside]
        if not answering:
            return [(_refused(f.proof, f.beside) if f.beside else f.proof, 0.0) for f in judged]
        best = max(answering, key=lambda found: found.score)
        surest = max(answering, key=lambda found: found.proof.right)
        nearest = max((found.proof for found in answering), key=_meets)
        said = []
        for found in judged:
            reason = self._left_out(question, found, best, nearest, exempt=found is surest)
            said.append(_refused(found.proof, reason) if reason else found.proof)
        return [(p, f.score if p.supported else 0.0) for p, f in zip(said, judged, strict=True)]

    def _left_out(
        self, question: str, found: _Judged, best: _Judged, nearest: Proof, *, exempt: bool
    ) -> str:
        """Return why a proven statement is not shown beside the best one, "" if it is.

        Args:
            question: what was asked.
            found: the statement.
            best: the one of the highest score.
            nearest: the one that meets the question most surely.
            exempt: it need not be likelier than any further statement.
        """
        if not found.proof.supported:
            return ""
        side = asks_one(question)
        other = side and not found.proof.shares_voice(best.proof)
        reason = found.beside
        if not (exempt or found is best or other) and found.proof.right < MIN_FURTHER:
            reason = reason or "A surer statement answers; this one may be beside the point."
        if found.score < best.score - MAX_GAP or _far_behind(found.proof, nearest, side=side):
            reason = reason or "Another statement answers far better."
        if found.supposed - best.supposed and not found.beside:
            reason = "Its source does not speak of what was asked, as another does."
        return "" if is_side(question, found.proof, best.proof, self.rarity) else reason

    def rank(
        self,
        question: str,
        proofs: Sequence[tuple[Proof, Draft]],
        least: float = MIN_RIGHT,
    ) -> list[Proof]:
        """Return the proofs that answer, best first; see `verdicts`."""
        judged = [pair for pair in self.verdicts(question, proofs, least) if pair[0].supported]
        return [proof for proof, _ in sorted(judged, key=lambda pair: -pair[1])]

    def _judge(self, question: str, proof: Proof, draft: Draft, least: float) -> _Judged:
        """Return a proof, refused where it does not answer, with its score."""
        if not proof.supported:
            return _Judged(proof)
        cited = [(hit, sentence.text) for hit, sentence in proof.groups[0]]
        found = relevance(question, proof.text, cited, self.rarity)
        reason = beside = ""
        if found.missing:
            words = ", ".join(f"“{word}”" for word in found.missing)
            reason = f"The source says nothing of {words}."
        elif found.echo:
            reason = "It only repeats the question."
        elif found.lacks:
            reason = f"It gives no {found.lacks}."
        elif found.denied:
            reason = f"The source denies what the question supposes: “{found.denied}”."
        elif found.reversed:
            reason = "It tells what was done to the one that is asked of, or the reverse."
        elif found.presumed >= MOST_PRESUMED:
            reason = "Its source does not speak of what was asked."
        elif found.elsewhere or found.coverage < MIN_COVERAGE:
            reason = "It does not answer the question."
        elif proof.right < least:
            beside = "It is carried, but does not give what was asked for."
        if reason and self.relevance:
            return _Judged(_refused(proof, reason))
        kind = 0.5 if draft.kind == "composed" else 0.0
        holds = HOLDS_WEIGHT * max(-3.0, min(3.0, draft.holds or 0.0))
        score = found.direct + holds + draft.logprob + proof.judgement.support + kind
        return _Judged(proof, score, beside, found.supposed)
