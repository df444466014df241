"""A drafted sentence + a passage -> the sentences that carry it, or why none do.

Two layers that see different errors. The first is exact and one way round: every number,
date, weekday, name, negation and quotation of the statement must stand in the evidence. The
second is the share of the statement's content words, weighted by their rarity in the index,
that stand in the evidence. Words that the question gave may be missing from the cited
sentences where the passage or its heading has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.passages import heading, split_sentences
from rag.prove.claims import EXACT, Claim, Judgement
from rag.prove.evidence import Evidence, readings_of, rows_of
from rag.prove.facts import dated, dates_life, find_fault
from rag.prove.names import anchored, is_name, refers_back
from rag.prove.rarity import Rarity, match
from rag.prove.speakers import Speaker, speaker_of
from rag.prove.words import Reading, has_demonym, join, name_run, read
from rag.types import Document, Hit, Verdict

MAX_EVIDENCE = 3
# A further sentence must carry this share of the statement to be cited as well.
MIN_GAIN = 0.12
_FACT_WEIGHT = 3.0
GIVEN_WEIGHT = 0.45
GIVEN_GAIN = 0.3  # of a given word's weight, where sentences to cite are chosen
# Left of the support where the source names its subject in another sentence only.
_APART = 0.7
_EVEN = 0.5  # support where words are not weighed
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_WHO = "The source does not say clearly of whom or what it says this."


class CoverageChecker:
    """Exact facts and rarity-weighted coverage of content words.

    Args:
        rarity: weights of words in the index at hand.
        threshold: support from which a statement counts as supported, 0 to 1.
        exact: hold exact facts against the evidence.
        covers: weigh the words; else support is always even.
    """

    def __init__(
        self,
        rarity: Rarity,
        *,
        threshold: float = 0.75,
        exact: bool = True,
        covers: bool = True,
    ) -> None:
        self.rarity = rarity
        self.exact = exact
        self.covers = covers
        self.threshold = threshold if covers else _EVEN
        self._passages: dict[str, Evidence] = {}
        self._speakers: dict[str, Speaker | None] = {}

    def judge(self, claim: Claim) -> Judgement:
        """Return verdict, support and the fewest sentences that carry the claim.

        A claim of several sentences is carried if each of them is.
        """
        parts = split_sentences(claim.text)
        if len(parts) < 2:
            return self._judge(claim)
        return _worst([self._judge(replace(claim, text=part.text)) for part in parts])

    def _judge(self, claim: Claim) -> Judgement:
        statement = read(claim.text)
        if not statement.words:  # "In May 2021" states nothing
            reason = "It states nothing that can be checked."
            return Judgement(Verdict.NOT_FOUND, 0.0, (), reason, fault="nothing")
        evidence = self._evidence(claim.hits).fitted(statement, claim.text)
        asked = _given(claim.question)
        chosen = self._choose(statement, evidence)
        found = self._judge_by(claim, statement, asked, evidence, chosen)
        if found.verdict is not Verdict.SUPPORTED or not found.anchored:
            return found
        # For the question's own words alone no sentence has to be cited, if it goes without.
        fewer = self._choose(statement, evidence, asked)
        if fewer == chosen:
            return found
        without = self._judge_by(claim, statement, asked, evidence, fewer)
        kept = without.verdict is Verdict.SUPPORTED and without.anchored
        return without if kept else found

    def _judge_by(
        self,
        claim: Claim,
        statement: Reading,
        asked: Reading,
        evidence: Evidence,
        chosen: Sequence[int],
    ) -> Judgement:
        """Return what the sentences at some places make of a claim."""
        if not chosen:
            reason = "No sentence of the document says this."
            return Judgement(Verdict.NOT_FOUND, 0.0, (), reason, fault="nothing")
        sentences = evidence.cited(chosen)
        known = {hit.passage.id for hit in claim.hits}
        beside = tuple(s for hit, s in sentences if hit.passage.id not in known)
        support, missing = self._coverage(statement, asked, evidence, chosen)
        named = anchored(statement, evidence, chosen)
        if not named and not refers_back(statement, evidence, chosen):
            support *= _APART
        if not self.covers:
            support = _EVEN
        problem = find_fault(claim, statement, asked, evidence, chosen) if self.exact else None
        if self.exact and not problem and _dated_elsewhere(statement, evidence, chosen):
            reason = "The source gives the date in another sentence."
            problem = "elsewhere", Verdict.NOT_FOUND, reason
        if problem:
            fault, verdict, reason = problem
            return Judgement(verdict, min(support, 0.5), sentences, reason, fault=fault)
        if support < self.threshold:
            words = ", ".join(f"“{word}”" for word in dict.fromkeys(missing))
            verdict = Verdict.PARTLY if support >= 0.5 else Verdict.NOT_FOUND
            reason = f"Not in the source: {words}." if words else _WHO
            return Judgement(verdict, support, sentences, reason, named, "words", beside)
        return Judgement(Verdict.SUPPORTED, support, sentences, anchored=named, beside=beside)

    def _evidence(self, hits: Sequence[Hit]) -> Evidence:
        parts = [self._passage(hit) for hit in hits]
        around = [part.around for part in parts]
        return Evidence(
            tuple(pair for part in parts for pair in part.sentences),
            tuple(reading for part in parts for reading in part.readings),
            around[0] if len(around) == 1 else join(around),
            "\n".join(part.text for part in parts),
            tuple(row for part in parts for row in part.rows),
            tuple(speaker for part in parts for speaker in part.speakers),
        )

    def _passage(self, hit: Hit) -> Evidence:
        passage = hit.passage
        known = self._passages.get(passage.id)
        if known is None:
            metadata = hit.document.metadata
            facts = [metadata[k] for k in ("publisher", "author", "date") if k in metadata]
            known = Evidence(
                tuple((hit, sentence) for sentence in passage.sentences),
                readings_of(hit),
                read(". ".join([heading(hit.document), *facts])),
                passage.text,
                rows_of(hit),
                (self._speaker(hit.document),) * len(passage.sentences),
            )
            if len(self._passages) >= 4096:
                self._passages.clear()
            self._passages[passage.id] = known
        return known

    def _speaker(self, document: Document) -> Speaker | None:
        if document.id not in self._speakers:
            if len(self._speakers) >= 4096:
                self._speakers.clear()
            self._speakers[document.id] = speaker_of(document.text)
        return self._speakers[document.id]

    def _choose(
        self, statement: Reading, evidence: Evidence, asked: Reading | None = None
    ) -> list[int]:
        """Return indices of the fewest sentences that carry most, greedily, then pruned.

        Args:
            statement: what is to be carried.
            evidence: where.
            asked: the question, where its words shall count for little.
        """
        given = asked.stems if asked else frozenset[str]()
        total = _FACT_WEIGHT * (
            len(statement.numbers) + len(statement.dates) + len(statement.weekdays)
        )
        weights = dict[str, float]()
        for word in statement.words:
            known = word.stem in given and (not word.name or word.stem in evidence.around.stems)
            weight = self.rarity.weight(word.stem)
            total += 0.0 if word.stem in weights else weight
            weights[word.stem] = weight * (GIVEN_GAIN if known else 1.0)

        def carried(indices: Iterable[int]) -> float:
            picked = [evidence.readings[i] for i in indices]
            stems = frozenset[str]().union(*(r.stems for r in picked)) if picked else frozenset()
            dates = [date for r in picked for date in r.dates]
            numbers = frozenset[tuple[float, str]]().union(*(r.numbers for r in picked))
            days = frozenset[str]().union(*(r.weekdays for r in picked))
            return (
                sum(w * match(stem, stems) for stem, w in weights.items())
                + _FACT_WEIGHT * sum(n in numbers for n in statement.numbers)
                + _FACT_WEIGHT * sum(any(d.carries(x) for d in dates) for x in statement.dates)
                + _FACT_WEIGHT * len(statement.weekdays & days)
            )

        chosen: list[int] = []
        held = 0.0
        while len(chosen) < MAX_EVIDENCE and held < total:
            options = [i for i in range(len(evidence.sentences)) if i not in chosen]
            if not options:
                break
            # Of equals, the sentence next to one already chosen, then the shorter one.
            best = max(
                options,
                key=lambda i: (
                    round(carried([*chosen, i]), 6),
                    -min((abs(i - j) for j in chosen), default=0),
                    -len(evidence.sentences[i][1].text),
                ),
            )
            gain = carried([*chosen, best]) - held
            if gain < MIN_GAIN * total:
                break
            chosen.append(best)
            held += gain
        for i in list(chosen):
            rest = [j for j in chosen if j != i]
            if rest and carried(rest) > held - MIN_GAIN / 2 * total:
                chosen, held = rest, carried(rest)
        return _without_names_alone(statement, evidence, sorted(chosen))

    def _coverage(
        self, statement: Reading, asked: Reading, evidence: Evidence, chosen: Sequence[int]
    ) -> tuple[float, list[str]]:
        stems, near = evidence.stems_of(chosen), evidence.stems_before(chosen)
        held = total = 0.0
        missing: list[str] = []
        for word in statement.words:
            weight = self.rarity.weight(word.stem)
            share = match(word.stem, stems)
            if not share and word.name and has_demonym(word.stem, stems):
                share = 0.8
            given = word.stem in asked.stems
            if share < 1 and (
                (given and not word.name and word.stem in evidence.stems)
                or (word.name and word.stem in (near | evidence.around.stems))
            ):
                share = 1.0
            if given and not share and not self.rarity.is_name(word):
                # The question's own wording ("conditions", "reason") that the passage does
                # not use: no fact of the statement, but no proof of it either.
                weight *= GIVEN_WEIGHT
            total += weight
            held += weight * share
            if share == 0:
                missing.append(word.surface)
        facts = len(statement.numbers) + len(statement.dates) + len(statement.weekdays)
        total += _FACT_WEIGHT * facts  # present, or the exact layer refuses
        held += _FACT_WEIGHT * facts
        return (held / total if total else 0.0), missing


def _given(question: str) -> Reading:
    """Read a question; what it offers to choose from ("north or south") it does not give."""
    asked = read(question)
    offered = set[str]()
    for offer in _OR.finditer(question):
        before, after = read(question[: offer.start()]).words, read(question[offer.end() :]).words
        offered |= {word.stem for word in (*before[-1:], *after[:1])}
    return replace(asked, words=tuple(w for w in asked.words if w.stem not in offered))


def _without_names_alone(
    statement: Reading, evidence: Evidence, chosen: Sequence[int]
) -> list[int]:
    """Leave out sentences that only name what the others speak of: nobody needs them cited.

    The name must stand in the heading or just before the others, and they must refer to it.
    """
    kept = list(chosen)
    for i in chosen:
        rest = [j for j in kept if j != i]
        if not rest or i not in kept:
            continue
        own = evidence.readings[i]
        stems = evidence.stems_of(rest)
        only = [w for w in statement.words if match(w.stem, own.stems) > match(w.stem, stems)]
        near = evidence.around.stems | evidence.stems_before(rest)
        facts = (
            own.numbers & statement.numbers
            or (own.dates and statement.dates)
            or own.weekdays & statement.weekdays
        )
        if (
            not facts
            and all(word.name and word.stem in near for word in only)
            and (anchored(statement, evidence, rest) or refers_back(statement, evidence, rest))
        ):
            kept = rest
    return kept


def _worst(found: Sequence[Judgement]) -> Judgement:
    """Return the judgement of several sentences together: that of the worst, cited like all."""
    order = [Verdict.CONTRADICTED, Verdict.NOT_FOUND, Verdict.PARTLY, Verdict.SUPPORTED]
    worst = min(
        found, key=lambda j: (j.fault not in EXACT, order.index(j.verdict), bool(not j.fault))
    )
    cited = {(h.passage.id, s.start): (h, s) for j in found for h, s in j.sentences}
    return replace(
        worst,
        support=min(j.support for j in found),
        sentences=tuple(cited.values()),
        anchored=all(j.anchored for j in found),
        beside=tuple(dict.fromkeys(s for j in found for s in j.beside)),
    )


def _dated_elsewhere(statement: Reading, evidence: Evidence, chosen: Sequence[int]) -> bool:
    """Tell whether the sentence that carries most of a statement lacks its dates."""
    if len(chosen) < 2 or evidence.sentences[chosen[0]][0].passage.kind == "metadata":
        return False
    words = {word.stem for word in statement.words}
    names = {word.stem for word in statement.words if is_name(word, evidence)}
    subject = frozenset(word.stem for word in name_run(statement.words))
    if subject and dates_life(statement, [evidence.sentences[i][1].text for i in chosen], subject):
        return False

    def said(i: int) -> int:
        # Names stand in many sentences; what is said of them, beside its date, in few.
        return len((words & evidence.readings[i].stems) - names)

    most = max(map(said, chosen))
    return not any(
        statement.weekdays <= core.weekdays
        and all(
            any(dated(known, date, evidence.around.dates) for known in core.dates)
            for date in statement.dates
        )
        for core in (evidence.readings[i] for i in chosen if said(i) == most)
    )
