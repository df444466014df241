"""The pipeline itself: stream() is the only path, ask() drains it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rag import prompt as prompts
from rag.config import MAX_QUESTION_CHARS, Settings, index_folder
from rag.embedder import Embedder, load_embedder
from rag.errors import CancelledError, EmptyQuestionError, QuestionTooLongError
from rag.index import Index
from rag.llm import LlamaModel, Mind
from rag.passages import heading
from rag.prove import (
    CoverageChecker,
    Judgement,
    Numbering,
    Proof,
    Prover,
    Rarity,
    WitnessedChecker,
    merge,
)
from rag.prove.select import Selector
from rag.retrieve import retrieve
from rag.types import (
    Answer,
    Done,
    Draft,
    Event,
    Hit,
    Judged,
    Reading,
    Retrieved,
    Sentence,
    Statement,
    Timings,
    Verdict,
    Wrote,
)

MAX_STATEMENTS = 5
ABSTAINED = "Your documents do not say."
# Log-odds, by the model, that a passage answers the question: from EAGER up it is written from
# at once; below FLOOR, or MARGIN under the best passage, not at all.
EAGER = 1.2
FLOOR = 0.0
MARGIN = 0.6
# From here up a passage may answer with a sentence of its own where no draft is proven.
QUOTE_HOLDS = 1.05
_MAX_CLOSEST = 3
_ITEM = re.compile(r"\s*(?:[-*•·–]|\(?\w{1,3}[.)])\s")


@dataclass
class _Run:
    """What one question has gathered so far."""

    question: str
    started: float
    cancel: threading.Event
    hits: tuple[Hit, ...] = ()
    drafts: list[Draft] = field(default_factory=list)
    proofs: list[tuple[Proof, Draft]] = field(default_factory=list)
    numbering: Numbering = field(default_factory=Numbering)
    retrieve_s: float = 0.0
    first_token_s: float | None = None
    write_s: float = 0.0
    prove_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def proven(self) -> list[tuple[Proof, Draft]]:
        return [(proof, draft) for proof, draft in self.proofs if proof.supported]


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
        rarity = Rarity([passage.text for passage in index.passages])
        threshold = self.settings.support_threshold
        coverage = CoverageChecker(rarity, threshold=threshold)
        self.checker = WitnessedChecker(coverage, llm, threshold=threshold)
        self.prover = Prover(self.checker, also=coverage)
        self.selector = Selector(rarity)

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
        run = _Run(check_question(question), time.perf_counter(), cancel or threading.Event())
        run.hits = tuple(self._retrieve(run))
        yield Retrieved(run.hits)
        self.checker.cancel = run.cancel
        if run.hits:
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
                yield from self._quote(run)
        yield Done(self._finish(run))

    def _read_singly(self, run: _Run) -> Iterator[Event]:
        """Read each passage on its own; write from those that hold the answer.

        A passage that surely holds it is written from at once, so that words appear early;
        the others wait until all are read and only the best of them are written from.
        """
        waiting: list[tuple[Hit, float]] = []
        best = FLOOR
        for number, hit in enumerate(run.hits):
            yield Reading(number, len(run.hits), hit)
            began = time.perf_counter()
            asked = prompts.holds_answer(run.question, hit, heading(hit.document))
            holds = self.llm.log_odds(asked, cancel=run.cancel)
            run.write_s += time.perf_counter() - began
            best = max(best, holds)
            if holds >= EAGER:
                yield from self._write_singly(run, hit, holds)
            else:
                waiting.append((hit, holds))
        waiting.sort(key=lambda pair: -pair[1])
        for hit, holds in waiting:
            if holds >= max(FLOOR, best - MARGIN):
                yield from self._write_singly(run, hit, holds)
            else:
                run.drafts.append(
                    Draft("", True, 0.0, (hit.passage.id,), hit.document.source, holds=holds)
                )

    def _write_singly(self, run: _Run, hit: Hit, holds: float) -> Iterator[Event]:
        prompt = prompts.single(run.question, hit, heading(hit.document))
        yield from self._draft(run, prompt, (hit,), "single", holds)

    def _read_jointly(self, run: _Run) -> Iterator[Event]:
        yield Reading(len(run.drafts), len(run.drafts) + 1, None)
        headings = [heading(hit.document) for hit in run.hits]
        prompt = prompts.joint(run.question, run.hits, headings)
        yield from self._draft(run, prompt, run.hits, "joint")

    def _retrieve(self, run: _Run) -> list[Hit]:
        hits = retrieve(
            run.question,
            self.index,
            self.embedder,
            passages=self.settings.passages,
            budget_tokens=self.settings.budget_tokens,
        )
        run.retrieve_s = time.perf_counter() - run.started
        return hits

    def _draft(
        self,
        run: _Run,
        prompt: prompts.Prompt,
        own: Sequence[Hit],
        kind: Literal["single", "joint", "composed"],
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
            if run.first_token_s is None:
                run.first_token_s = time.perf_counter() - run.started
            if not logprobs:
                run.tokens_in += piece.prompt_tokens
            logprobs.append(piece.logprob)
            text += piece.text
            yield Wrote(number, piece.text)
        run.write_s += time.perf_counter() - began
        began = time.perf_counter()
        run.tokens_out += len(logprobs)
        draft = Draft(
            text=text,
            refused=prompts.is_refusal(text),
            logprob=sum(logprobs) / len(logprobs) if logprobs else 0.0,
            passage_ids=tuple(hit.passage.id for hit in own),
            source=own[0].document.source if kind == "single" else "",
            kind=kind,
            holds=holds,
        )
        run.drafts.append(draft)
        if draft.refused:
            return
        for sentence in prompts.sentences(text):
            proof = self.prover.prove(sentence, run.question, own, run.hits)
            run.proofs.append((proof, draft))
            yield Judged(number, sentence, run.numbering.statement(proof))
        run.prove_s += time.perf_counter() - began

    def _chosen(self, run: _Run) -> list[Proof]:
        """Return the statements to show, best first, each once."""
        ranked = self.selector.rank(run.question, run.proofs)
        return merge(ranked, self.selector.alike, most=MAX_STATEMENTS)

    def _quote(self, run: _Run) -> Iterator[Event]:
        """Answer with the document's own sentence where no draft was proven.

        Only from a passage that surely holds the answer, and only if the model, asked apart,
        finds that the sentence gives what the question asks for.
        """
        began = time.perf_counter()
        sure = {d.passage_ids[0]: d.holds for d in run.drafts if (d.holds or 0.0) >= QUOTE_HOLDS}
        hits = sorted(
            (hit for hit in run.hits if hit.passage.id in sure),
            key=lambda hit: -(sure[hit.passage.id] or 0.0),
        )
        for hit in hits[:2]:
            for group in nearest_sentences(run.question, hit, self.embedder)[:2]:
                text = " ".join(sentence.text for sentence in group)
                pairs = tuple((hit, sentence) for sentence in group)
                proof = Proof(text, Judgement(Verdict.SUPPORTED, 1.0, pairs), (pairs,))
                draft = Draft(text, False, 0.0, (hit.passage.id,), hit.document.source)
                asked = prompts.gives_answer(run.question, text)
                fits = self.selector.rank(run.question, [(proof, draft)])
                if fits and self.llm.log_odds(asked, cancel=run.cancel) > 0:
                    run.proofs.append((proof, draft))
                    run.prove_s += time.perf_counter() - began
                    yield Judged(len(run.drafts), text, run.numbering.statement(proof))
                    return
        run.prove_s += time.perf_counter() - began

    def _compose(self, run: _Run) -> Iterator[Event]:
        """Draw one statement from several proven ones where the question needs that."""
        chosen = self._chosen(run)
        documents = {hit.document.id for p in chosen for g in p.groups for hit, _ in g}
        if len(chosen) < 2 or len(documents) < 2 or not prompts.needs_several(run.question):
            return
        hits = {hit.passage.id: hit for p in chosen for g in p.groups for hit, _ in g}
        yield Reading(len(run.drafts), len(run.drafts) + 1, None)
        prompt = prompts.compose(run.question, [proof.text for proof in chosen])
        yield from self._draft(run, prompt, tuple(hits.values()), "composed")

    def _finish(self, run: _Run) -> Answer:
        began = time.perf_counter()
        chosen = self._chosen(run)
        numbering = Numbering()
        statements = tuple(numbering.statement(proof) for proof in chosen)
        shown = {proof.text for proof in chosen}
        withheld = _unique(
            numbering.statement(proof)
            for proof, _ in self.selector.verdicts(run.question, run.proofs)
            if not proof.supported and proof.text not in shown
        )
        run.prove_s += time.perf_counter() - began
        return Answer(
            question=run.question,
            text=render_text(statements) if statements else ABSTAINED,
            statements=statements,
            withheld=withheld,
            abstained=not statements,
            closest=() if statements else run.hits[:_MAX_CLOSEST],
            drafts=tuple(run.drafts),
            model=self.llm.name,
            timings=Timings(
                retrieve_s=run.retrieve_s,
                first_token_s=run.first_token_s,
                write_s=run.write_s,
                prove_s=run.prove_s,
                total_s=time.perf_counter() - run.started,
                tokens_in=run.tokens_in,
                tokens_out=run.tokens_out,
            ),
        )


def nearest_sentences(question: str, hit: Hit, embedder: Embedder) -> list[tuple[Sentence, ...]]:
    """Return the sentences of a passage, nearest to the question first.

    A sentence that introduces a list comes with its items.
    """
    sentences = hit.passage.sentences
    line = heading(hit.document)
    query = embedder.embed([question], kind="query")[0]
    vectors = embedder.embed([f"{line}: {s.text}" for s in sentences], kind="document")
    order = sorted(range(len(sentences)), key=lambda row: -float(vectors[row] @ query))
    groups = []
    for row in order:
        end = row + 1
        if sentences[row].text.endswith(":"):
            while end < len(sentences) and _ITEM.match(sentences[end].text):
                end += 1
        groups.append(sentences[row:end])
    return groups


def render_text(statements: Sequence[Statement]) -> str:
    """Return statements as one text, each followed by the numbers of its citations."""
    return " ".join(
        statement.text + " " + "".join(f"[{c.number}]" for c in statement.citations)
        for statement in statements
    )


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

    path = model_path(settings.model)
    return LlamaModel(
        path,
        name=settings.model if not settings.model.endswith(".gguf") else path.stem,
        n_ctx=settings.n_ctx,
        n_threads=settings.n_threads,
        temperature=settings.temperature,
        seed=settings.seed,
    )


def _unique(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple({statement.text: statement for statement in statements}.values())


@lru_cache(maxsize=1)
def shared(index: str, settings: Settings) -> Assistant:
    """Return the assistant that `rag.ask` keeps open; another index or setting replaces it."""
    return Assistant.open(index, settings=settings)
