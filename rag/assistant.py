"""The pipeline itself: stream() is the only path, ask() drains it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

from rag import prompt as prompts
from rag.config import MAX_QUESTION_CHARS, Settings, index_folder
from rag.embedder import Embedder, load_embedder
from rag.errors import CancelledError, EmptyQuestionError, QuestionTooLongError
from rag.index import Index
from rag.llm import LlamaModel, Mind
from rag.parts import Split, asked_of, named_sources, reported, split_question
from rag.passages import heading
from rag.prove import (
    Claim,
    CoverageChecker,
    Numbering,
    Proof,
    Prover,
    Rarity,
    WitnessedChecker,
    merge,
)
from rag.prove.conflicts import find_conflicts
from rag.prove.joined import agree, disagreeing, speaks_of
from rag.prove.select import MIN_RIGHT, SURE_RIGHT, Selector, adds_fact
from rag.prove.sides import asks_one, may_hold_side
from rag.prove.window import window
from rag.quoting import Quoter
from rag.retrieve import retrieve
from rag.stated import stated
from rag.types import (
    Answer,
    Done,
    Draft,
    DraftKind,
    Event,
    Hit,
    Judged,
    Reading,
    Retrieved,
    Statement,
    Timings,
    Verdict,
    Wrote,
)

MAX_STATEMENTS = 5
ABSTAINED = "Your documents do not say."
# Calibrated log-odds, by the model, that a passage answers the question. Where none reaches
# LEAST_HOLDS, statements must be surer: of eight such answers to public questions six were wrong.
# From EAGER up a passage is written from at once, and from LIKELY up
# in any case, so that documents that disagree are all heard; below FLOOR, or MARGIN under the best
# passage, not at all.
LEAST_HOLDS = 0.4
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
# Of a publisher that the question names and nobody cites so many passages are read, of so many.
HEARD = 2
HEARD_AMONG = 24
VERIFIED = 3  # passages of a publisher that what it is supposed to say is held against
# Passages whose failed drafts are written once more, and words of evidence shown for it.
MOST_REPAIRS = 2
EVIDENCE = 70
_MAX_CLOSEST = 3


@dataclass
class _Spent:
    """Time and tokens of one question, its parts included."""

    started: float
    retrieve_s: float = 0.0
    first_token_s: float | None = None
    write_s: float = 0.0
    prove_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0

    def timings(self) -> Timings:
        return Timings(
            retrieve_s=self.retrieve_s,
            first_token_s=self.first_token_s,
            write_s=self.write_s,
            prove_s=self.prove_s,
            total_s=time.perf_counter() - self.started,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
        )


@dataclass
class _Run:
    """What one question has gathered so far."""

    question: str
    spent: _Spent
    cancel: threading.Event
    hits: tuple[Hit, ...] = ()
    drafts: list[Draft] = field(default_factory=list)
    spared: list[tuple[Hit, float]] = field(default_factory=list)  # read, likely, not written from
    proofs: list[tuple[Proof, Draft]] = field(default_factory=list)
    numbering: Numbering = field(default_factory=Numbering)
    parts: list[_Run] = field(default_factory=list)
    label: str = ""  # what is said not to be found, the question where empty


class Assistant:
    """Answers questions from one index with one model.

    Use `Assistant.open`; the constructor takes the parts ready made.

    Args:
        index: where the passages are.
        embedder: the one the index was built with.
        llm: what writes.
        settings: how questions are answered.
    """

    def __init__(
        self, index: Index, embedder: Embedder, llm: Mind, settings: Settings | None = None
    ) -> None:
        self.index = index
        self.embedder = embedder
        self.llm = llm
        self.settings = settings or Settings()
        self.rarity = rarity = Rarity([passage.text for passage in index.passages])
        threshold = self.settings.support_threshold
        coverage = CoverageChecker(rarity, threshold=COVERED)
        self.checker = WitnessedChecker(coverage, llm, rarity, threshold=threshold)
        self.prover = Prover(self.checker, also=coverage)
        self.selector = Selector(rarity)
        self.publishers = frozenset(
            document.metadata.get("publisher", "") for document in index.documents.values()
        )
        self.quoter = Quoter(embedder, llm, rarity, self._find)

    @classmethod
    def open(
        cls,
        index: str | Path = "seeds",
        *,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        llm: Mind | None = None,
    ) -> Assistant:
        """Open an index and the models.

        Args:
            index: name of a folder under `indexes/`, or a path.
            settings: how questions are answered.
            embedder: used in place of the one the settings name.
            llm: used in place of the one the settings name.

        Raises:
            StoreError: the index is missing, damaged or made by another embedder.
            CatalogueError: a model is unknown or not on this machine.
            ModelError: the model file cannot be used.
        """
        settings = settings or Settings()
        folder = index if isinstance(index, Path) else index_folder(index)
        embedder = embedder or load_embedder(settings.embedder)
        opened = Index.open(folder, embedder.checksum)
        return cls(opened, embedder, llm or load_llm(settings), settings)

    def close(self) -> None:
        """Free the model's memory."""
        close: Callable[[], None] | None = getattr(self.llm, "close", None)
        if close is not None:
            close()

    def ask(self, question: str, *, cancel: threading.Event | None = None) -> Answer:
        """Answer one question; see `stream`."""
        answer: Answer | None = None
        for event in self.stream(question, cancel=cancel):
            if isinstance(event, Done):
                answer = event.answer
        if answer is None:  # the stream ends with Done or raises
            raise CancelledError("stopped before there was an answer; ask again.")
        return answer

    def stream(self, question: str, *, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Answer one question, telling each step as it happens.

        Args:
            question: in plain words.
            cancel: set from any thread, it stops the work at once.

        Raises:
            EmptyQuestionError: the question holds no words.
            QuestionTooLongError: it is longer than `MAX_QUESTION_CHARS`.
            CancelledError: `cancel` was set.
        """
        spent = _Spent(time.perf_counter())
        typed = check_question(question)
        run = _Run(self.rarity.written(typed), spent, cancel or threading.Event())
        run.hits = tuple(self._find(run.question, self.settings.passages))
        run.spent.retrieve_s = time.perf_counter() - run.spent.started
        yield Retrieved(run.hits)
        self.checker.cancel = run.cancel
        if run.hits and not (yield from self._state(run)):
            split = split_question(run.question)
            if split.ahead:
                yield from self._ask_parts(run, split)
            if not run.parts:
                yield from self._read(run)
            if split.parts and not split.ahead:
                yield from self._ask_parts(run, split)
            if not run.parts:
                yield from self._hear_sources(run)
        yield Done(replace(self._finish(run), question=typed))

    def _state(self, run: _Run) -> Generator[Event, None, bool]:
        """Answer with what a document states of itself; tell whether that was asked for."""
        began = time.perf_counter()
        proof = stated(run.question, run.hits, self.index.passages, self.rarity)
        if proof is not None:
            run.proofs.append((proof, _unwritten(proof)))
            yield Judged(0, proof.text, run.numbering.statement(proof))
        run.spent.prove_s += time.perf_counter() - began
        return bool(self._chosen(run))

    def _read(self, run: _Run) -> Iterator[Event]:
        """Read and write as the settings say; quote where no draft is proven."""
        if self.settings.reading != "joint":
            yield from self._read_singly(run)
        if self.settings.reading == "joint" or (
            self.settings.reading == "single+joint"
            and any(not draft.refused for draft in run.drafts)
            and not self._chosen(run)
        ):
            yield from self._read_jointly(run)
        yield from self._compose(run)
        if not self._chosen(run):
            yield from self._repair(run)
        if not self._chosen(run) and self.settings.reading != "joint":
            yield from self._read_on(run)
        if not self._chosen(run):
            yield from self._quote(run)
        yield from self._hear_sides(run)
        self._hold_alone(run)

    def _hold_alone(self, run: _Run) -> None:
        """Withhold what is said beside the best statement if its own citation does not carry it.

        The best one may rest on what its passage says as a whole; without it there is no answer.
        """
        began = time.perf_counter()
        held = set[str]()
        while further := [p for p in self._chosen(run)[1:] if p.text not in held]:
            for proof in further:
                held.add(proof.text)
                judged = self.checker.alone(proof.text, proof.judgement, proof.answers)
                run.proofs = [
                    (replace(p, judgement=judged) if p.text == proof.text else p, draft)
                    for p, draft in run.proofs
                ]
        run.spent.prove_s += time.perf_counter() - began

    def _hear_sides(self, run: _Run) -> Iterator[Event]:
        """Write from other documents' passages that may give another answer to the question.

        What was drafted from one and not proven is written once more.
        """
        chosen = self._chosen(run)
        if not chosen or not asks_one(run.question):
            return
        written = {passage for draft in run.drafts if draft.text for passage in draft.passage_ids}
        cited = frozenset[str]().union(*(proof.documents for proof in chosen))
        sides = [
            (hit, holds)
            for hit, holds in run.spared
            if hit.passage.id not in written
            and may_hold_side(run.question, hit, cited, self.rarity)
        ]
        for hit, holds in sides[:MOST_SIDES]:
            yield from self._write_singly(run, hit, holds)
        proven = {p for proof, draft in run.proofs if proof.supported for p in draft.passage_ids}
        for proof, draft in self._failed(run)[:MOST_SIDES]:
            hit = proof.judgement.sentences[0][0]
            if hit.passage.id not in proven and hit.document.id not in cited:
                yield from self._rewrite(run, proof, draft)

    def _read_on(self, run: _Run) -> Iterator[Event]:
        """Read the passages retrieved behind the first, if these came near the question.

        It is written from those that were left for surer ones as well.
        """
        yield from self._write_spared(run)
        if self._chosen(run) or _best(run) < HOPE:
            return
        read = len(run.hits)
        seen = {hit.passage.id for hit in run.hits}
        found = self._find(run.question, 2 * self.settings.passages)
        run.hits += tuple(hit for hit in found if hit.passage.id not in seen)
        yield from self._read_singly(run, read)
        if not self._chosen(run):
            yield from self._write_spared(run)

    def _write_spared(self, run: _Run) -> Iterator[Event]:
        for hit, holds in run.spared[:SPARED]:
            yield from self._write_singly(run, hit, holds)
        del run.spared[:SPARED]

    def _read_singly(self, run: _Run, first: int = 0) -> Iterator[Event]:
        """Read each passage from `first` on its own; write from those that hold the answer.

        A passage that surely holds it is written from at once, so that words appear early;
        the others wait until all are read and only the best of them are written from.
        """
        waiting: list[tuple[Hit, float]] = []
        best = FLOOR
        for number, hit in enumerate(run.hits[first:], first):
            yield Reading(number, len(run.hits), hit)
            began = time.perf_counter()
            asked = prompts.holds_answer(run.question, hit, heading(hit.document))
            holds = self.llm.log_odds(asked, cancel=run.cancel)
            run.spent.write_s += time.perf_counter() - began
            best = max(best, holds)
            if holds >= EAGER:
                yield from self._write_singly(run, hit, holds)
            else:
                waiting.append((hit, holds))
        waiting.sort(key=lambda pair: -pair[1])
        for hit, holds in waiting:
            if holds >= max(FLOOR, min(LIKELY, best - MARGIN)):
                yield from self._write_singly(run, hit, holds)
            else:
                run.drafts.append(
                    Draft("", True, 0.0, (hit.passage.id,), hit.document.source, holds=holds)
                )
                if holds >= FLOOR:
                    run.spared.append((hit, holds))

    def _write_singly(self, run: _Run, hit: Hit, holds: float) -> Iterator[Event]:
        prompt = prompts.single(run.question, hit, heading(hit.document))
        yield from self._draft(run, prompt, (hit,), "single", holds)

    def _read_jointly(self, run: _Run) -> Iterator[Event]:
        yield Reading(len(run.drafts), len(run.drafts) + 1, None)
        headings = [heading(hit.document) for hit in run.hits]
        prompt = prompts.joint(run.question, run.hits, headings)
        yield from self._draft(run, prompt, run.hits, "joint")

    def _find(self, question: str, passages: int) -> list[Hit]:
        more = passages / self.settings.passages
        return retrieve(
            question,
            self.index,
            self.embedder,
            passages=passages,
            budget_tokens=int(self.settings.budget_tokens * more),
        )

    def _draft(
        self,
        run: _Run,
        prompt: prompts.Prompt,
        own: Sequence[Hit],
        kind: DraftKind,
        holds: float | None = None,
    ) -> Iterator[Event]:
        """Write one draft and prove each sentence as soon as it is whole."""
        number = len(run.drafts)
        text, logprobs = "", list[float]()
        began = time.perf_counter()
        pieces = self.llm.generate(
            prompt, max_tokens=self.settings.max_draft_tokens, cancel=run.cancel
        )
        for piece in pieces:
            if run.spent.first_token_s is None:
                run.spent.first_token_s = time.perf_counter() - run.spent.started
            if not logprobs:
                run.spent.tokens_in += piece.prompt_tokens
            logprobs.append(piece.logprob)
            text += piece.text
            yield Wrote(number, piece.text)
        run.spent.write_s += time.perf_counter() - began
        began = time.perf_counter()
        run.spent.tokens_out += len(logprobs)
        draft = Draft(
            text=text,
            refused=prompts.is_refusal(text),
            logprob=sum(logprobs) / len(logprobs) if logprobs else 0.0,
            passage_ids=tuple(hit.passage.id for hit in own),
            source=own[0].document.source if len(own) == 1 else "",
            kind=kind,
            holds=holds,
        )
        run.drafts.append(draft)
        if draft.refused:
            return
        cut = len(logprobs) >= self.settings.max_draft_tokens
        for sentence in prompts.sentences(text, cut=cut):
            proof = self._said_before(run, sentence, own, holds or 0.0)
            if proof is None:
                proof = self.prover.prove(sentence, run.question, own, run.hits)
                if proof.supported and holds is not None:
                    asked = asked_of(run.question, proof.text)
                    proof = self.quoter.judge_proof(asked, proof, holds, run.cancel)
                run.proofs.append((proof, draft))
            yield Judged(number, sentence, run.numbering.statement(proof))
        run.spent.prove_s += time.perf_counter() - began

    def _said_before(
        self, run: _Run, sentence: str, own: Sequence[Hit], holds: float
    ) -> Proof | None:
        """Return a statement that was proven before and says the same as a sentence.

        It must give the same numbers and dates and be likely to answer, or come from a passage no
        less likely to than this one. The
        passage that the sentence is from must carry it by exact facts and words too; it is cited
        beside the statement then, like that of any other document.
        """
        for place, (proof, draft) in enumerate(run.proofs):
            if not proof.supported or proof.answers is None:
                continue
            likely = proof.answers > SAID or (draft.holds or 0.0) >= holds
            more = adds_fact(sentence, proof.text)
            if likely and not more and self.selector.alike(run.question, sentence, proof.text):
                found = self.prover.also.judge(Claim(sentence, run.question, tuple(own)))
                if found.verdict is not Verdict.SUPPORTED:
                    return None
                if found.sentences[0][0].document.id not in proof.documents:
                    proof = replace(proof, groups=(*proof.groups, found.sentences))
                    run.proofs[place] = proof, draft
                return proof
        return None

    def _chosen(self, run: _Run) -> list[Proof]:
        """Return the statements to show, best first, each once."""
        return self._merged(run.question, self.selector.rank(run.question, run.proofs, _least(run)))

    def _merged(self, question: str, proofs: Sequence[Proof]) -> list[Proof]:
        """Return proofs, best first, those that say the same as one."""
        return merge(proofs, partial(self.selector.alike, question), most=MAX_STATEMENTS)

    def _repair(self, run: _Run) -> Iterator[Event]:
        """Write once more, from the best evidence alone, what was drafted and not proven."""
        for proof, draft in self._failed(run)[:MOST_REPAIRS]:
            yield from self._rewrite(run, proof, draft)
            if self._chosen(run):
                break

    def _failed(self, run: _Run) -> list[tuple[Proof, Draft]]:
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

    def _rewrite(self, run: _Run, proof: Proof, draft: Draft) -> Iterator[Event]:
        hit = proof.judgement.sentences[0][0]
        began = time.perf_counter()
        evidence = window(f"{run.question} {proof.text}", (hit,), self.rarity, most=EVIDENCE)
        run.spent.prove_s += time.perf_counter() - began
        prompt = prompts.rewrite(run.question, evidence)
        yield from self._draft(run, prompt, (hit,), "repaired", draft.holds)

    def _quote(self, run: _Run) -> Iterator[Event]:
        """Answer with a document's own sentence where no draft was proven."""
        began = time.perf_counter()
        known = {d.passage_ids[0]: d.holds for d in run.drafts if d.holds is not None}
        read = [(known[h.passage.id], h) for h in run.hits if h.passage.id in known]
        passages = self.settings.passages
        for proof in self.quoter.proofs(run.question, read, passages, run.cancel):
            quoted = _unwritten(proof)
            if self.selector.rank(run.question, [(proof, quoted)], _least(run)):
                run.proofs.append((proof, quoted))
                yield Judged(len(run.drafts), proof.text, run.numbering.statement(proof))
                break
        run.spent.prove_s += time.perf_counter() - began

    def _ask_parts(self, run: _Run, split: Split) -> Iterator[Event]:
        """Ask each part of a question that the answer so far does not speak of.

        Where no part is answered nothing is kept of them, so that the whole is said not to be.
        """
        chosen = self._chosen(run)
        compared = prompts.needs_several(run.question)
        for place, part in enumerate(split.parts):
            named = split.kind == "names" and not compared
            others = split.names[:place] + split.names[place + 1 :]
            if chosen and named and speaks_of(chosen, split.names[place], others):
                continue
            hits = tuple(self._find(part, self.settings.passages))
            sub = replace(run, question=part, hits=hits, spared=[], proofs=[], parts=[])
            yield from self._verify(sub)
            if sub.hits and not self._chosen(sub):
                yield from self._read_singly(sub)
                if not self._chosen(sub):
                    yield from self._quote(sub)
            run.parts.append(sub)
        found = [sub for sub in run.parts if self._chosen(sub)]
        if split.kind == "clauses" and not agree(run.question, [self._chosen(s) for s in found]):
            for sub in found:
                sub.proofs = [(disagreeing(proof), draft) for proof, draft in sub.proofs]
            found = []
        if not found and not chosen:
            run.proofs += [pair for sub in run.parts for pair in sub.proofs]
            run.parts.clear()

    def _verify(self, run: _Run) -> Iterator[Event]:
        """Hold what is supposed to be said somewhere against that publisher's own passages."""
        supposed = reported(run.question, self.publishers)
        if supposed is None:
            return
        began = time.perf_counter()
        found = self._find(supposed.claim, HEARD_AMONG)
        for hit in _of_publisher(found, supposed.publisher, VERIFIED):
            proof = self.prover.prove(supposed.claim, run.question, (hit,), (hit,))
            if proof.supported:
                run.proofs.append((proof, _unwritten(proof)))
                yield Judged(len(run.drafts), proof.text, run.numbering.statement(proof))
                break
        run.spent.prove_s += time.perf_counter() - began

    def _hear_sources(self, run: _Run) -> Iterator[Event]:
        """Ask the passages of each publisher that the question names and no statement cites."""
        named = named_sources(run.question, self.publishers)
        chosen = self._chosen(run)
        cited = {
            hit.document.metadata.get("publisher", "")
            for proof in chosen
            for group in proof.groups
            for hit, _ in group
        }
        if len(named) < 2 or not chosen:
            return
        silent = [publisher for publisher in named if publisher not in cited]
        found = self._find(run.question, HEARD_AMONG) if silent else []
        for publisher in silent:
            own = _of_publisher(found, publisher, HEARD)
            sub = replace(run, hits=own, spared=[], proofs=[], parts=[])
            sub.label = f"what {publisher} says of this"
            if sub.hits:
                yield from self._read_singly(sub)
            run.parts.append(sub)

    def _compose(self, run: _Run) -> Iterator[Event]:
        """Draw one statement from several proven ones where the question needs that."""
        chosen = self._chosen(run)
        documents = {document for proof in chosen for document in proof.documents}
        if len(chosen) < 2 or len(documents) < 2 or not prompts.needs_several(run.question):
            return
        hits = {hit.passage.id: hit for p in chosen for g in p.groups for hit, _ in g}
        yield Reading(len(run.drafts), len(run.drafts) + 1, None)
        prompt = prompts.compose(run.question, [proof.text for proof in chosen])
        yield from self._draft(run, prompt, tuple(hits.values()), "composed")

    def _finish(self, run: _Run) -> Answer:
        began = time.perf_counter()
        runs = [run, *run.parts]
        by_run = [self._chosen(r) for r in runs]
        chosen = self._merged(run.question, [p for ps in by_run for p in ps])
        unanswered = tuple(
            part.label or part.question
            for part, proofs in zip(run.parts, by_run[1:], strict=True)
            if not proofs
        )
        numbering = Numbering()
        statements = tuple(numbering.statement(proof) for proof in chosen)
        shown = {proof.text for proof in chosen}
        withheld = _unique(
            numbering.statement(proof)
            for r in runs
            for proof, _ in self.selector.verdicts(r.question, r.proofs, _least(r))
            if not proof.supported and proof.text not in shown
        )
        run.spent.prove_s += time.perf_counter() - began
        return Answer(
            question=run.question,
            text=render_text(statements, unanswered) if statements else ABSTAINED,
            statements=statements,
            withheld=withheld,
            abstained=not statements,
            closest=() if statements else run.hits[:_MAX_CLOSEST],
            drafts=tuple(run.drafts),
            model=self.llm.name,
            timings=run.spent.timings(),
            unanswered=unanswered,
            conflicts=find_conflicts(run.question, chosen, self.rarity),
        )


def render_text(statements: Sequence[Statement], unanswered: Sequence[str] = ()) -> str:
    """Return statements as one text, each followed by the numbers of its citations.

    Args:
        statements: in the order they are shown.
        unanswered: parts of the question that the documents do not answer, said at the end.
    """
    said = [
        statement.text + " " + "".join(f"[{c.number}]" for c in statement.citations)
        for statement in statements
    ]
    return " ".join([*said, *map(not_said, unanswered)])


def not_said(part: str) -> str:
    """Return the line for a part of the question that the documents do not answer."""
    return f"Your documents do not say: “{part}”"


def check_question(question: str) -> str:
    """Return the question without outer space.

    Raises:
        EmptyQuestionError: it holds no letter or digit.
        QuestionTooLongError: it is longer than `MAX_QUESTION_CHARS`.
    """
    plain = question.replace("\x00", "").strip()
    if not any(character.isalnum() for character in plain):
        raise EmptyQuestionError("The question is empty; ask something in words.")
    if len(plain) > MAX_QUESTION_CHARS:
        raise QuestionTooLongError(
            f"The question has {len(plain):,} characters and the limit is "
            f"{MAX_QUESTION_CHARS:,}; ask for one thing in a sentence or two, and index long "
            "texts as documents instead."
        )
    return plain


def load_llm(settings: Settings) -> LlamaModel:
    """Open the model the settings name.

    Raises:
        CatalogueError: it is unknown or not on this machine.
        ModelError: the file cannot be used.
    """
    from rag.catalogue import model_path
    from rag.probes import load_probes

    path = model_path(settings.model)
    return LlamaModel(
        path,
        name=settings.model if not settings.model.endswith(".gguf") else path.stem,
        n_ctx=settings.n_ctx,
        n_threads=settings.n_threads,
        temperature=settings.temperature,
        seed=settings.seed,
        probes=load_probes(settings.model, prompts.VERSION),
    )


def _least(run: _Run) -> float:
    """Return how likely a statement must be carried and answer, by what was read."""
    return SURE_RIGHT if _best(run) < LEAST_HOLDS else MIN_RIGHT


def _best(run: _Run) -> float:
    """Return the log-odds that the likeliest passage read so far answers the question."""
    return max((d.holds for d in run.drafts if d.holds is not None), default=-math.inf)


def _of_publisher(hits: Sequence[Hit], publisher: str, most: int) -> tuple[Hit, ...]:
    return tuple(h for h in hits if h.document.metadata.get("publisher") == publisher)[:most]


def _unwritten(proof: Proof) -> Draft:
    """Return what stands for the draft of a statement that the model did not write."""
    hit = proof.groups[0][0][0]
    return Draft(proof.text, False, 0.0, (hit.passage.id,), hit.document.source)


def _unique(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple({statement.text: statement for statement in statements}.values())


@lru_cache(maxsize=1)
def shared(index: str, settings: Settings) -> Assistant:
    """Return the assistant that `rag.ask` keeps open; another index or setting replaces it."""
    return Assistant.open(index, settings=settings)
