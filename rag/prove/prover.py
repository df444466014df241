"""A drafted sentence + all hits -> a statement with its citations, or withheld with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.documents import places
from rag.prove.claims import Checker, Claim, Judgement
from rag.prove.copies import holds, says_nothing_new, told_once, with_copies
from rag.prove.evidence import rows_of
from rag.prove.tables import completed
from rag.prove.words import read
from rag.types import Citation, Hit, Sentence, Statement, Verdict

Group = tuple[tuple[Hit, Sentence], ...]  # sentences that are cited together
# Another document is cited beside the first only where it carries the statement this well.
ALSO_SUPPORT = 0.85
# What its own passage does not carry, another one must carry nearly word for word, and the witness
# is asked of it as well.
ELSEWHERE_SUPPORT = 0.9
_LEAST_WORDS = 4
_ANSWER_WORD = re.compile(r"(yes|no),\s+", re.IGNORECASE)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_WHEN = re.compile(
    rf",?\s+(?:on|in)\s+(?:{_DAY}(?:,?\s+{_MONTH} \d{{1,2}})?"
    rf"|{_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?)?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}|\d{{4}})(?:,? \d{{4}})?\b(?![-–]\w),?"
)
_ADDITION = re.compile(
    r"(?P<kept>.+?[^,])(?P<cut>(?:,\s+(?:which|where|who|making|leading|including|and|as well as|"
    r"according|following|with|resulting|allowing|causing|due|so)\b|\s+because\b)[^,]*)\.?$",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:Based on [^,]+|According to (?:the|this) [^,]*"
    r"|According to [^,]*\b(?:[Rr]eport|[Aa]rticle)"
    r"|In (?:the|this) (?:text|passage|article|report))(?:,? in \d{4})?, "
)
_LIMITS = re.compile(
    r"\b(?:until|if|unless|except|only|before|after|not|never|but|although|though)\b|n't",
    re.IGNORECASE,
)
_YEAR = re.compile(
    rf"\b({_MONTH} \d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}),? \d{{4}}\b"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """A judged sentence before its citations have numbers.

    Attributes:
        groups: the sentences that carry it: the first group together, then one group for
            each other document that carries it alone.
        answers: probability, 0 to 1, that it gives what was asked for; None where not judged.
        meets: log-odds that its passage gives it as the answer to this question; None likewise.
        written: the sentence as it was drafted, where it was cut to what is carried or a scale was
            put in.
    """

    text: str
    judgement: Judgement
    groups: tuple[Group, ...]
    answers: float | None = None
    meets: float | None = None
    written: str = ""

    @property
    def supported(self) -> bool:
        """Whether the statement may be shown."""
        return self.judgement.verdict is Verdict.SUPPORTED and bool(self.groups)

    @property
    def right(self) -> float:
        """How likely it is carried and gives what was asked for, 0 to 1."""
        return 1.0 if self.answers is None else self.judgement.support * self.answers

    @property
    def documents(self) -> frozenset[str]:
        """Ids of the documents that are cited."""
        return frozenset(hit.document.id for group in self.groups for hit, _ in group)

    def hears(self, hit: Hit) -> bool:
        """Tell whether a passage is of a document that is cited, or a copy of what is cited."""
        return any(says_nothing_new(known, hit) for group in self.groups for known, _ in group)

    def shares_voice(self, other: Proof) -> bool:
        """Tell whether a document, or copies of one sentence, are cited by both."""
        return any(
            told_once(mine, yours) and told_once(yours, mine)
            for group in self.groups
            for mine in group
            for theirs in other.groups
            for yours in theirs
        )

    def _tells(self, pair: tuple[Hit, Sentence]) -> bool:
        return any(told_once(known, pair) for group in self.groups for known in group)

    def citing(self, group: Group) -> Proof:
        """Return this proof with a further document's sentences that carry it too.

        Of a copy of what is cited it is only noted where it stands: it is no further voice, nor is
        anything else in a document that holds one.
        """
        held = {
            each.document.id for own in self.groups for each in with_copies(hit for hit, _ in own)
        }
        if not any(pair[0].document.id in held or self._tells(pair) for pair in group):
            return replace(self, groups=(*self.groups, group))
        return replace(self, groups=tuple(_noting(own, group) for own in self.groups))


class Prover:
    """Holds drafted sentences against the passages.

    Args:
        checker: the judge of whether a sentence may be shown.
        also: the judge of which further documents carry it too; the same where not given.
        cuts: cut what fails to what is carried.
    """

    def __init__(self, checker: Checker, also: Checker | None = None, *, cuts: bool = True) -> None:
        self.checker = checker
        self.cuts = cuts
        self.also = also or checker

    def prove(self, text: str, question: str, own: Sequence[Hit], hits: Sequence[Hit]) -> Proof:
        """Judge one sentence.

        Where it fails and stands without a date, the year of one or something added at its end,
        it is cut to what is carried: models like to add such things from elsewhere. Where it fails
        for a number whose scale stands above its table, that is put in.

        Args:
            text: the sentence.
            question: what was asked.
            own: the passages it was drafted from, tried first.
            hits: every retrieved passage.
        """
        text = without_yes(text)
        proof = self._prove(text, question, own, hits)
        for other in self._changed(text, own) if not proof.supported else ():
            found = self._prove(other, question, own, hits)
            if found.supported:
                return replace(found, written=text)
        return proof

    def _changed(self, text: str, own: Sequence[Hit]) -> list[str]:
        """Return what a sentence may be changed into to be carried, the least changed first."""
        whole = completed(text, [row for hit in own for row in rows_of(hit) if row])
        changed = [whole]
        for each in dict.fromkeys((whole, text)):
            changed += without_opening(each), without_year(each), without_date(each)
            changed.append(without_addition(each))
        return [other for other in dict.fromkeys(changed) if other != text] if self.cuts else []

    def _prove(self, text: str, question: str, own: Sequence[Hit], hits: Sequence[Hit]) -> Proof:
        tried = [self.checker.judge(Claim(text, question, (hit,))) for hit in own]
        best = max(tried, key=_rank)
        if best.verdict is not Verdict.SUPPORTED and len(own) > 1:
            best = max(best, self.checker.judge(Claim(text, question, tuple(own))), key=_rank)
        others = [hit for hit in hits if hit not in own]
        if best.verdict is not Verdict.SUPPORTED:
            claims = [Claim(text, question, (hit,)) for hit in others]
            likely = [c for c in claims if self.also.judge(c).support >= ELSEWHERE_SUPPORT]
            best = max([best, *map(self.checker.judge, likely)], key=_rank)
        if best.verdict is not Verdict.SUPPORTED:
            return Proof(text, best, ())
        return self._also(Proof(text, best, (best.sentences,)), question, hits)

    def _also(self, proof: Proof, question: str, hits: Sequence[Hit]) -> Proof:
        """Return a proof with the sentence of each other document that carries it alone.

        Only exact facts and words are asked here, and words that stand in several sentences prove
        nothing together. What is denied must be denied there in so many words: a halt is no never.
        """
        denied = read(proof.text).negators
        for hit in hits:
            if hit.document.id in proof.documents or hit.passage.kind == "boilerplate":
                continue
            judged = self.also.judge(Claim(proof.text, question, (hit,)))
            alone = len(judged.sentences) == 1 and judged.support >= ALSO_SUPPORT
            if denied and alone and not read(judged.sentences[0][1].text).negators:
                continue
            if judged.verdict is Verdict.SUPPORTED and alone:
                proof = proof.citing(judged.sentences)
        return proof


def _noting(group: Group, others: Group) -> Group:
    """Return cited sentences with the passages of some others that are copies of them."""
    noted = []
    for hit, sentence in group:
        for pair in others:
            held = {each.document.id for each in with_copies([hit])}
            if pair[0].document.id not in held and told_once((hit, sentence), pair):
                hit = replace(hit, copies=(*hit.copies, pair[0]))
        noted.append((hit, sentence))
    return tuple(noted)


def _rank(judgement: Judgement) -> tuple[bool, float]:
    return (judgement.verdict is Verdict.SUPPORTED, judgement.support)


def without_yes(text: str) -> str:
    """Return a sentence without a leading "yes" that its own negation belies, or the reverse.

    Small models begin "Yes, it has never"; what follows is what they found.
    """
    match = _ANSWER_WORD.match(text)
    if not match:
        return text
    rest = text[match.end() :]
    if (match[1].lower() == "yes") != bool(read(rest).negated):
        return text
    return rest[:1].upper() + rest[1:]


def without_year(text: str) -> str:
    """Return a sentence whose dates of month and day have lost their year."""
    return _YEAR.sub(r"\1", text)


def without_date(text: str) -> str:
    """Return a sentence without "on 8 January 2019" or "in May"; one left bare stays as it was."""
    cut = _WHEN.sub("", text).strip()
    if cut == text or len(cut.split()) < _LEAST_WORDS:
        return text
    return cut if cut.endswith((".", "!", "?", '"', "”")) else f"{cut}."


def without_opening(text: str) -> str:
    """Return a sentence without "Based on the 2021 report," or "According to the text,"."""
    cut = _OPENING.sub("", text)
    return cut[:1].upper() + cut[1:]


def without_addition(text: str) -> str:
    """Return a sentence without its last added clause ("…, which …", "…, and …", "… because …").

    What limits a statement ("until", "if", "unless", "except", "only", "before") is never cut.
    """
    match = _ADDITION.match(text)
    if not match or len(match["kept"].split()) < _LEAST_WORDS + 1:
        return text
    if _LIMITS.search(match["cut"]):
        return text
    return f"{match['kept'].rstrip(' ,')}."


class Numbering:
    """Gives citations their numbers, in order of first use; one number for one quote."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}

    def statement(self, proof: Proof) -> Statement:
        """Return a proof as a statement whose citations have numbers."""
        judgement = proof.judgement
        if not proof.supported:
            nearest = [cite(run, 0) for run in runs(judgement.sentences)]
            return Statement(
                proof.text,
                judgement.verdict,
                judgement.support,
                tuple(nearest) if judgement.verdict is Verdict.CONTRADICTED else (),
                judgement.reason,
                answers=proof.answers,
            )
        citations: dict[int, Citation] = {}
        for group in proof.groups:
            for run in runs(group):
                hit, start, end = run
                key = (hit.document.id, start, end)
                number = self._numbers.setdefault(key, len(self._numbers) + 1)
                citations.setdefault(number, cite(run, number))
        return Statement(
            proof.text,
            judgement.verdict,
            judgement.support,
            tuple(citations[n] for n in sorted(citations)),
            written=proof.written,
            answers=proof.answers,
        )


def runs(group: Sequence[tuple[Hit, Sentence]]) -> list[tuple[Hit, int, int]]:
    """Join sentences that follow each other in one document into one stretch to quote."""
    found: list[tuple[Hit, int, int]] = []
    for hit, sentence in sorted(group, key=lambda pair: (pair[0].document.id, pair[1].start)):
        if found:
            last, start, end = found[-1]
            between = hit.document.text[end : sentence.start]
            if last.document.id == hit.document.id and not between.strip():
                found[-1] = (last, start, max(end, sentence.end))
                continue
        found.append((hit, sentence.start, sentence.end))
    return found


def cite(run: tuple[Hit, int, int], number: int) -> Citation:
    """Return a stretch of a hit's document, from one character to before another, as a citation."""
    hit, start, end = run
    document = hit.document
    return Citation(
        number=number,
        source=document.source,
        title=document.title,
        start=start,
        end=end,
        quote=document.text[start:end],
        metadata=document.metadata,
        document_id=document.id,
        root=document.root,
        places=places(document, start, end),
        inside=document.inside,
        also=_also_in(hit, document.text[start:end]),
        origins=document.origins,
    )


def _also_in(hit: Hit, quote: str) -> tuple[str, ...]:
    """Return the other files in which a quote stands: under another name, or in a copy."""
    copies = [copy.document for copy in hit.copies if holds(quote, copy)]
    found = [(name, hit.document.inside) for name in hit.document.also]
    for document in copies:
        found += [(name, document.inside) for name in (document.source, *document.also)]
    names = (f"{name} › {inside}" if inside else name for name, inside in found)
    return tuple(dict.fromkeys(names))


def merge(
    proofs: Sequence[Proof],
    alike: Callable[[str, str], bool],
    shared: Callable[[Proof, Proof], Sequence[Group]],
    *,
    most: int,
    fuller: Callable[[str, str], bool] = lambda one, other: False,
) -> list[Proof]:
    """Keep one of those that say the same, with the citations of all that carry it.

    Args:
        proofs: best first.
        alike: whether two sentences say the same.
        shared: the citations of the second of two proofs that carry the first one's statement too.
        most: how many to keep.
        fuller: whether the first of two that say the same is kept in place of the better second.
    """
    kept: list[Proof] = []
    for proof in proofs:
        twin = next((i for i, k in enumerate(kept) if alike(proof.text, k.text)), None)
        if twin is None:
            if len(kept) < most:
                kept.append(proof)
            continue
        one, other = kept[twin], proof
        if fuller(other.text, one.text):
            one, other = other, one
        for group in shared(one, other):
            one = one.citing(group)
        kept[twin] = one
    return kept
