"""Passages -> drafts -> proofs: what is read, what is written from, and what is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rag import prompt as prompts
from rag.config import Settings
from rag.embedder import Embedder
from rag.llm import Mind, Piece
from rag.parts import asked_of
from rag.passages import heading
from rag.prove import Claim, CoverageChecker, Group, Proof, Prover, Rarity, WitnessedChecker, merge
from rag.prove.brief import briefest
from rag.prove.copies import one_voice
from rag.prove.select import Selector, adds_fact, fuller
from rag.prove.sides import asks_one, may_hold_side
from rag.prove.window import window
from rag.quoting import Quoter
from rag.run import Run, unwritten
from rag.types import Draft, DraftKind, Event, Hit, Judged, Proving, Reading, Verdict, Wrote

MAX_STATEMENTS = 5
MOST_THOROUGH = 8  # statements of a thorough answer
# Calibrated log-odds, by the model, that a passage answers the question. From EAGER up a passage
# is written from at once, and from LIKELY up in any case, so that documents that disagree are all
# heard; below FLOOR, or MARGIN under the best passage, not at all.
EAGER = 0.9
LIKELY = 0.0
FLOOR = -1.2
MARGIN = 1.25
# Before the documents are said not to answer, as many passages are read again as were at first,
# unless none of those came nearer than this.
HOPE = -2.5
SPARED = 2  # passages that were left for surer ones and are written from before that
MOST_SIDES = 2  # passages that are written from where they may give another side of an answer
SAID = 0.5  # how likely a statement answers from which what says the same is not proven again
COVERED = 0.83  # share of a statement's words that the exact layer wants in its sentences
# Passages whose failed drafts are written once more, and words of evidence shown for it.
MOST_REPAIRS = 2
EVIDENCE = 70


@dataclass(frozen=True, slots=True)
class _Asked:
    """A draft that is to be written.

    Attributes:
        own: the passages it is written from.
        holds: log-odds that its passage answers, None where not judged.
    """

    prompt: prompts.Prompt
    own: tuple[Hit, ...]
    kind: DraftKind
    holds: float | None = None

    @property
    def hit(self) -> Hit | None:
        """The passage, None where there are several."""
        return self.own[0] if len(self.own) == 1 else None

    def draft(self, said: Sequence[Piece]) -> Draft:
        """Return the draft made of what the model said."""
        text = "".join(piece.text for piece in said)
        return Draft(
            text=text,
            refused=prompts.is_refusal(text),
            logprob=sum(piece.logprob for piece in said) / len(said) if said else 0.0,
            passage_ids=tuple(hit.passage.id for hit in self.own),
            source=self.hit.document.source if self.hit else "",
            kind=self.kind,
            holds=self.holds,
        )


class Drafter:
    """Writes from passages, proves each sentence, and says which may be shown.

    What it finds it adds to the run it is given.

    Args:
        llm: what writes and judges.
        embedder: the one of the index.
        rarity: of the words of the index.
        find: retrieves so many passages for a question.
        settings: how questions are answered.
    """

    def __init__(
        self,
        llm: Mind,
        embedder: Embedder,
        rarity: Rarity,
        find: Callable[[str, int], list[Hit]],
        settings: Settings,
    ) -> None:
        self.llm = llm
        self.rarity = rarity
        self.settings = settings
        self._without = without = frozenset(settings.without)
        coverage = CoverageChecker(
            rarity,
            threshold=COVERED,
            exact="exact" not in without,
            covers="coverage" not in without,
        )
        self.checker = WitnessedChecker(coverage, llm, rarity, threshold=settings.support_threshold)
        self.prover = Prover(
            coverage if "witness" in without else self.checker,
            also=coverage,
            cuts="repair" not in without,
        )
        self.selector = Selector(rarity, relevance="relevance" not in without)
        self.quoter = Quoter(embedder, llm, rarity, find)
        self._find = find

    def read(self, run: Run) -> Iterator[Event]:
        """Read and write as the settings say; quote where no draft is proven."""
        if self.settings.reading != "joint":
            yield from self.read_singly(run)
        if self.settings.reading == "joint" or (
            self.settings.reading == "single+joint"
            and any(not draft.refused for draft in run.drafts)
            and not self.chosen(run)
        ):
            yield from self._read_jointly(run)
        yield from self._compose(run)
        if "repair" not in self._without:
            yield from self._try_again(run)
        yield from self._hear_sides(run)
        self.hold_alone(run)

    def _try_again(self, run: Run) -> Iterator[Event]:
        """Rewrite, read on and quote, until something is proven."""
        if not self.chosen(run):
            yield from self._repair(run)
        if not self.chosen(run) and self.settings.reading != "joint":
            yield from self._read_on(run)
        if not self.chosen(run):
            yield from self.quote(run)

    def hold_alone(self, run: Run) -> None:
        """Withhold what is said beside the best statement if its own citation does not carry it.

        The best one may rest on what its passage says as a whole; without it there is no answer.
        """
        if "witness" in self._without:
            return
        began = time.perf_counter()
        held = set[str]()
        while further := [p for p in self.chosen(run)[1:] if p.text not in held]:
            for proof in further:
                held.add(proof.text)
                judged = self.checker.alone(proof.text, proof.judgement, proof.answers)
                run.proofs = [
                    (replace(p, judgement=judged) if p.text == proof.text else p, draft)
                    for p, draft in run.proofs
                ]
        run.spent.prove_s += time.perf_counter() - began

    def _hear_sides(self, run: Run) -> Iterator[Event]:
        """Write from other documents' passages that may give another answer to the question.

        What was drafted from one and not proven is written once more.
        """
        chosen = self.chosen(run)
        if not chosen or not asks_one(run.question):
            return
        written = {passage for draft in run.drafts if draft.text for passage in draft.passage_ids}
        sides = [
            (hit, holds)
            for hit, holds in run.spared
            if hit.passage.id not in written
            and may_hold_side(run.question, hit, chosen, self.rarity)
        ]
        yield from self._write_singly(run, sides[:MOST_SIDES])
        if "repair" in self._without:
            return
        proven = {p for proof, draft in run.proofs if proof.supported for p in draft.passage_ids}
        unheard = [
            (proof, draft)
            for proof, draft in self._failed(run)
            if (hit := proof.judgement.sentences[0][0]).passage.id not in proven
            and not any(said.hears(hit) for said in chosen)
        ]
        for proof, draft in unheard[:MOST_SIDES]:
            yield from self._rewrite(run, proof, draft)

    def _read_on(self, run: Run) -> Iterator[Event]:
        """Read the passages retrieved behind the first, if these came near the question.

        It is written from those that were left for surer ones as well.
        """
        yield from self._write_spared(run)
        if self.chosen(run) or run.holds < HOPE:
            return
        read = len(run.hits)
        seen = {hit.passage.id for hit in run.hits}
        found = self._find(run.question, 2 * self.settings.reads)
        run.hits += tuple(hit for hit in found if hit.passage.id not in seen)
        yield from self.read_singly(run, read)
        if not self.chosen(run):
            yield from self._write_spared(run)

    def _write_spared(self, run: Run) -> Iterator[Event]:
        spared, run.spared = run.spared[:SPARED], run.spared[SPARED:]
        yield from self._write_singly(run, spared)

    def read_singly(self, run: Run, first: int = 0) -> Iterator[Event]:
        """Read each passage from `first` on its own; write from those that hold the answer.

        The first one that surely holds it is written from at once, so that words appear early; the
        others wait until all are read, and the best of them are written from together.
        """
        waiting: list[tuple[Hit, float]] = []
        best = FLOOR
        begun = False
        for number, hit in enumerate(run.hits[first:], first):
            yield Reading(number, len(run.hits), hit)
            began = time.perf_counter()
            asked = prompts.holds_answer(run.question, hit, heading(hit.document))
            holds = self.llm.log_odds(asked, cancel=run.cancel)
            run.spent.write_s += time.perf_counter() - began
            best = max(best, holds)
            if holds >= EAGER and not begun:
                begun = True
                yield from self._write_singly(run, [(hit, holds)])
            else:
                waiting.append((hit, holds))
        waiting.sort(key=lambda pair: -pair[1])
        least = max(FLOOR, min(LIKELY, best - MARGIN))
        yield from self._write_singly(run, [pair for pair in waiting if pair[1] >= least])
        for hit, holds in waiting:
            if holds < least:
                run.drafts.append(
                    Draft("", True, 0.0, (hit.passage.id,), hit.document.source, holds=holds)
                )
                if holds >= FLOOR:
                    run.spared.append((hit, holds))

    def _write_singly(self, run: Run, pairs: Sequence[tuple[Hit, float]]) -> Iterator[Event]:
        """Write from passages, each on its own and all at once; with the log-odds of each."""
        asked = [
            _Asked(
                prompts.single(run.question, hit, heading(hit.document)), (hit,), "single", holds
            )
            for hit, holds in pairs
        ]
        yield from self._draft(run, asked)

    def _read_jointly(self, run: Run) -> Iterator[Event]:
        yield Reading(len(run.drafts), len(run.drafts) + 1, None)
        headings = [heading(hit.document) for hit in run.hits]
        prompt = prompts.joint(run.question, run.hits, headings)
        yield from self._draft(run, [_Asked(prompt, run.hits, "joint")])

    def _draft(self, run: Run, asked: Sequence[_Asked]) -> Iterator[Event]:
        """Write drafts together, and prove each sentence when they are written."""
        if not asked:
            return
        first = len(run.drafts)
        written: list[list[Piece]] = [[] for _ in asked]
        began = time.perf_counter()
        pieces = self.llm.generate(
            *(each.prompt for each in asked),
            max_tokens=self.settings.max_draft_tokens,
            cancel=run.cancel,
        )
        for piece in pieces:
            if run.spent.first_token_s is None:
                run.spent.first_token_s = time.perf_counter() - run.spent.started
            if not written[piece.draft]:
                run.spent.tokens_in += piece.prompt_tokens
            written[piece.draft].append(piece)
            yield Wrote(first + piece.draft, piece.text, asked[piece.draft].hit)
        run.spent.write_s += time.perf_counter() - began
        drafts = [each.draft(said) for each, said in zip(asked, written, strict=True)]
        run.drafts += drafts
        run.spent.tokens_out += sum(map(len, written))
        for number, (each, draft, said) in enumerate(
            zip(asked, drafts, written, strict=True), first
        ):
            cut = len(said) >= self.settings.max_draft_tokens
            yield from self._prove(run, number, each.own, draft, cut=cut)

    def _prove(
        self, run: Run, number: int, own: Sequence[Hit], draft: Draft, *, cut: bool
    ) -> Iterator[Event]:
        """Prove each sentence of a draft that is no refusal."""
        began = time.perf_counter()
        holds = draft.holds
        sentences = prompts.sentences(draft.text, cut=cut)
        if sentences:
            yield Proving(number)
        for sentence in sentences:
            proof = self._said_before(run, sentence, own, holds or 0.0)
            if proof is None:
                proof = self.prover.prove(sentence, run.question, own, run.hits)
                if proof.supported and holds is not None and "answers" not in self._without:
                    if proof.judgement.beside:
                        holds = self.quoter.holds(run.question, proof, run.cancel)
                        run.drafts[number] = draft = replace(draft, holds=holds)
                    asked = asked_of(run.question, proof.text)
                    proof = self.quoter.judge_proof(asked, proof, holds, run.cancel)
                run.proofs.append((proof, draft))
            yield Judged(number, sentence, run.numbering.statement(proof))
        run.spent.prove_s += time.perf_counter() - began

    def _said_before(
        self, run: Run, sentence: str, own: Sequence[Hit], holds: float
    ) -> Proof | None:
        """Return a statement that was proven before and says the same as a sentence.

        It must give the same numbers and dates and be likely to answer, or come from a passage no
        less likely to than this one. The passage that the sentence is from must carry it by exact
        facts and words too; it is cited beside the statement then, like that of any other document.
        """
        for place, (proof, draft) in enumerate(run.proofs):
            if not proof.supported or proof.answers is None:
                continue
            likely = proof.answers > SAID or (draft.holds or 0.0) >= holds
            more = adds_fact(sentence, proof.text)
            if likely and not more and self.selector.alike(run.question, sentence, proof.text):
                says = sentence
                if not self.selector.says_all(run.question, sentence, proof.text):
                    says = proof.text
                found = self.prover.also.judge(Claim(says, run.question, tuple(own)))
                if found.verdict is not Verdict.SUPPORTED:
                    return None
                proof = proof.citing(found.sentences)
                run.proofs[place] = proof, draft
                return proof
        return None

    def chosen(self, run: Run) -> list[Proof]:
        """Return the statements to show, best first, each once."""
        return self.merged(run.question, self.selector.rank(run.question, run.proofs, run.least))

    def merged(self, question: str, proofs: Sequence[Proof]) -> list[Proof]:
        """Return proofs, best first, those that say the same as one."""
        return merge(
            proofs,
            partial(self.selector.alike, question),
            partial(self._shared, question),
            most=MOST_THOROUGH if self.settings.length == "thorough" else MAX_STATEMENTS,
            fuller=partial(fuller, question),
        )

    def briefest(
        self, question: str, chosen: Sequence[Proof], by_run: Sequence[Sequence[Proof]]
    ) -> list[Proof]:
        """Return the statements of a short answer, in their order.

        Args:
            question: in plain words.
            chosen: what may be shown, best first.
            by_run: the same of the question and of each of its parts, before it was merged.
        """
        best = [proofs[0].text for proofs in by_run if proofs]
        firsts = {
            place
            for place, kept in enumerate(chosen)
            if any(self.selector.alike(question, text, kept.text) for text in best)
        }
        return briefest(question, chosen, firsts, self.rarity)

    def _shared(self, question: str, one: Proof, other: Proof) -> list[Group]:
        """Return the citations of a proof that carry another one's statement too.

        All of them where its own statement says all of that, else those that do by exact facts and
        words.
        """
        if self.selector.says_all(question, other.text, one.text):
            return list(other.groups)
        found = [
            self.prover.also.judge(Claim(one.text, question, _hits(group)))
            for group in other.groups
        ]
        return [each.sentences for each in found if each.verdict is Verdict.SUPPORTED]

    def _repair(self, run: Run) -> Iterator[Event]:
        """Write once more, from the best evidence alone, what was drafted and not proven."""
        for proof, draft in self._failed(run)[:MOST_REPAIRS]:
            yield from self._rewrite(run, proof, draft)
            if self.chosen(run):
                break

    def _failed(self, run: Run) -> list[tuple[Proof, Draft]]:
        """Return what was drafted and not proven, the surest first, one of each passage.

        Only of passages that the model takes to hold the answer, and not what was rewritten.
        """
        failed: dict[str, tuple[Proof, Draft]] = {}
        for proof, draft in run.proofs:
            if not proof.supported and proof.judgement.sentences and (draft.holds or 0) >= EAGER:
                failed.setdefault(draft.passage_ids[0], (proof, draft))
        again = {
            p for _, draft in run.proofs if draft.kind == "repaired" for p in draft.passage_ids
        }
        left = [pair for passage, pair in failed.items() if passage not in again]
        return sorted(left, key=lambda pair: -(pair[1].holds or 0))

    def _rewrite(self, run: Run, proof: Proof, draft: Draft) -> Iterator[Event]:
        hit = proof.judgement.sentences[0][0]
        began = time.perf_counter()
        evidence = window(f"{run.question} {proof.text}", (hit,), self.rarity, most=EVIDENCE)
        run.spent.prove_s += time.perf_counter() - began
        prompt = prompts.rewrite(run.question, evidence)
        yield from self._draft(run, [_Asked(prompt, (hit,), "repaired", draft.holds)])

    def quote(self, run: Run) -> Iterator[Event]:
        """Answer with a document's own sentence where no draft was proven."""
        if "repair" in self._without:
            return
        began = time.perf_counter()
        known = {d.passage_ids[0]: d.holds for d in run.drafts if d.holds is not None}
        read = [(known[h.passage.id], h) for h in run.hits if h.passage.id in known]
        passages = self.settings.reads
        for proof in self.quoter.proofs(run.question, read, passages, run.cancel):
            quoted = unwritten(proof)
            if self.selector.rank(run.question, [(proof, quoted)], run.least):
                run.proofs.append((proof, quoted))
                yield Judged(len(run.drafts), proof.text, run.numbering.statement(proof))
                break
        run.spent.prove_s += time.perf_counter() - began

    def _compose(self, run: Run) -> Iterator[Event]:
        """Draw one statement from several proven ones where the question needs that."""
        chosen = self.chosen(run)
        if len(chosen) < 2 or not prompts.needs_several(run.question):
            return
        hits = {hit.passage.id: hit for p in chosen for g in p.groups for hit, _ in g}
        first, *others = hits.values()
        if all(one_voice(first, hit) for hit in others):
            return
        yield Reading(len(run.drafts), len(run.drafts) + 1, None)
        prompt = prompts.compose(run.question, [proof.text for proof in chosen])
        yield from self._draft(run, [_Asked(prompt, tuple(hits.values()), "composed")])


def _hits(group: Group) -> tuple[Hit, ...]:
    """Return the passages of a citation, each once."""
    return tuple({hit.passage.id: hit for hit, _ in group}.values())
