"""The pipeline itself: stream() is the only path, ask() drains it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain, islice, zip_longest
from pathlib import Path

from rag import prompt as prompts
from rag.asked import asks_latest, only_known, period, superseded
from rag.config import MAX_QUESTION_CHARS, Settings, index_folder, readings_folder
from rag.drafting import Drafter
from rag.embedder import Embedder, load_embedder
from rag.errors import (
    CancelledError,
    EmptyQuestionError,
    ModelError,
    QuestionTooLongError,
    StoreError,
)
from rag.index import Index
from rag.index.manifest import MANIFEST, SPARE, read_manifest
from rag.llm import LlamaModel, Mind, Reader
from rag.parts import Split, named_sources, reported, split_question
from rag.passages import heading
from rag.prove import Numbering, Rarity
from rag.prove.conflicts import find_conflicts
from rag.prove.copies import with_copies
from rag.prove.joined import agree, disagreeing, speaks_of
from rag.readings import Shelf, Warmer
from rag.retrieve import retrieve
from rag.run import Run, Spent, unwritten
from rag.sighting import sight
from rag.stated import stated
from rag.types import Answer, Done, Event, Hit, Judged, Retrieved, Sighted, Statement
from rag.within import Within, newest

ABSTAINED = "Your documents do not say."
# Of a publisher that the question names and nobody cites so many passages are read, of so many.
HEARD = 2
HEARD_AMONG = 24
VERIFIED = 3  # passages of a publisher that what it is supposed to say is held against
READ_AHEAD = 500  # documents of which passages are read before anybody asks
FORESEEN = 3  # passages read while the question is being typed
_MAX_CLOSEST = 3


class Assistant:
    """Answers questions from one index with one model.

    Use `Assistant.open`; the constructor takes the parts ready made.

    Args:
        index: where the passages are.
        embedder: the one the index was built with.
        llm: what writes.
        settings: how questions are answered.
        rarity: of the words of the index, counted where not given.
    """

    def __init__(
        self,
        index: Index,
        embedder: Embedder,
        llm: Mind,
        settings: Settings | None = None,
        rarity: Rarity | None = None,
    ) -> None:
        self.index = index
        self.embedder = embedder
        self.llm = llm
        self.settings = settings or Settings()
        self.rarity = rarity = rarity or Rarity(index.texts)
        self.drafter = Drafter(llm, embedder, rarity, self._find, self.settings)
        self._warmer: Warmer | None = None
        self.publishers = frozenset(
            document.metadata.get("publisher", "") for document in index.described
        )

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
        embedder = embedder or load_embedder(settings.embedder, made_with=made_with(folder))
        opened = Index.open(folder, embedder.checksum)
        return cls(opened, embedder, llm or load_llm(settings), settings)

    def close(self) -> None:
        """Free the model's memory; reading ahead ends."""
        self.rest()
        close: Callable[[], None] | None = getattr(self.llm, "close", None)
        if close is not None:
            close()

    def rest(self) -> None:
        """Leave off reading ahead; the model stays open for whoever else uses it."""
        if self._warmer is not None:
            self._warmer.close()
            self._warmer = None

    def read_ahead(self) -> Warmer | None:
        """Read the passages while nobody asks, until all or as many as are kept have been read.

        A question stops it at once; a moment after the answer it goes on. Passages of all
        documents are read in turn, the first ones first.

        Returns:
            The thread at work; None where the model keeps no readings.
        """
        llm = self.llm
        if self._warmer is None and isinstance(llm, Reader):
            # One thread leaves the machine to whoever works on it.
            self._warmer = Warmer(
                partial(llm.prepare, asked, threads=1) for asked in self._to_read(llm)
            )
            self._warmer.start()
        return self._warmer

    def foresee(self, question: str) -> None:
        """Read the passages that a question still being typed would find, before all others.

        Does nothing where nothing is read ahead, or little has been typed.
        """
        llm = self.llm
        if self._warmer is None or not isinstance(llm, Reader) or len(question.split()) < 2:
            return
        hits = self._find(question[:MAX_QUESTION_CHARS], self.settings.reads)[:FORESEEN]
        asked = [prompts.reading_of(hit, heading(hit.document)) for hit in hits]
        self._warmer.urge(partial(llm.prepare, each) for each in asked)

    def read_now(self, progress: Callable[[str, int, int], None] | None = None) -> int:
        """Read the passages and wait for it; return how many had not been read before.

        Args:
            progress: called with stage, done and total after each passage.
        """
        llm, read = self.llm, 0
        if not isinstance(llm, Reader):
            return 0
        for number, asked in enumerate(self._to_read(llm), 1):
            try:
                read += llm.prepare(asked)
            except ModelError:
                continue  # a passage too long for the model: a question will tell of it
            if progress is not None:
                progress("reading ahead", number, len(self.index.passages))
        return read

    def _to_read(self, llm: Reader) -> Iterator[prompts.Prompt]:
        """Yield what is read of each passage, documents in turn, while there is room."""
        # More documents than these fill any room with their first passages alone.
        first = islice(self.index.documents, READ_AHEAD)
        each = (self.index.passages_of(id_) for id_ in first)
        for passage in filter(None, chain.from_iterable(zip_longest(*each))):
            document = self.index.documents[passage.document_id]
            asked = prompts.reading_of(Hit(passage, document, 0.0), heading(document))
            if not llm.has_room(asked):
                return
            yield asked

    def aside(self) -> AbstractContextManager[None]:
        """Keep reading ahead off the model while something else is done with it."""
        return self._warmer.aside() if self._warmer else nullcontext()

    def apart(self) -> Assistant:
        """Return one of the same parts, for questions of its own beside those of this one.

        Each of the two is stopped by its own `cancel` alone; reading ahead waits for both.
        """
        other = Assistant(self.index, self.embedder, self.llm, self.settings, self.rarity)
        other._warmer = self._warmer
        return other

    def ask(
        self,
        question: str,
        *,
        within: Within | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Answer one question; see `stream`."""
        answer: Answer | None = None
        for event in self.stream(question, within=within, cancel=cancel):
            if isinstance(event, Done):
                answer = event.answer
        if answer is None:  # the stream ends with Done or raises
            raise CancelledError("stopped before there was an answer; ask again.")
        return answer

    def stream(
        self,
        question: str,
        *,
        within: Within | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Answer one question, telling each step as it happens.

        Args:
            question: in plain words.
            within: the documents that may answer. Where not given and the question names a time
                ("What did X say in June 2020?", "the latest policy") the documents of then are
                asked first, and all where they prove nothing; `Within()` asks all at once. So it
                is where `within` says no more than which ones are left out.
            cancel: set from any thread, it stops the work at once.

        Raises:
            EmptyQuestionError: the question holds no words.
            QuestionTooLongError: it is longer than `MAX_QUESTION_CHARS`.
            NothingWithinError: no document is of those that may answer.
            CancelledError: `cancel` was set.
        """
        with self.aside():
            if within is not None:
                narrow, asked = self._narrowed(question, within)
                # What is left out of a collection is no answer to when the question asks about.
                whole = within.narrows or not within.without
                ask = narrow._stream if whole else narrow._preferring
                yield from _telling(asked, ask(question, cancel))
            else:
                yield from self._preferring(question, cancel)

    def _preferring(self, question: str, cancel: threading.Event | None) -> Iterator[Event]:
        """Ask the documents of the time that the question names; all if they prove nothing.

        "What did Microsoft say in June 2020?", "What is the latest policy on travel?"
        """
        began = time.perf_counter()
        preferred, told = self._preferred(question)
        if preferred is not None:
            for event in preferred._stream(question, cancel, began):
                if isinstance(event, Done):
                    if event.answer.abstained:
                        break
                    event = Done(replace(event.answer, asked=told))
                yield event
            else:
                return
        yield from self._stream(question, cancel, began)

    def _preferred(self, question: str) -> tuple[Assistant | None, str]:
        """Return this assistant with the documents of the time a question names, and which.

        Returns:
            None and "" where it names none, where no document is of then, or all are.
        """
        documents = self.index.documents
        if (within := period(question)) is not None:
            ids = only_known(within, self.index.described)
            told = within.which()
        elif named := asks_latest(question):
            hits = self._find(check_question(question), self.settings.reads)
            older = superseded(named, {hit.document.id: hit.document for hit in hits}.values())
            ids = frozenset(documents) - {one.id for one in older}
            told = f"the latest of {len(older) + 1} such documents"
        else:
            return None, ""
        return (self._of(ids), told) if 0 < len(ids) < len(documents) else (None, "")

    def _narrowed(self, question: str, within: Within) -> tuple[Assistant, str]:
        """Return this assistant with the documents that may answer alone, and which they are."""
        ids = {document.id for document in within.select(self.index.described)}
        narrow, which = self._of(ids), within.which()
        if within.latest:
            hits = narrow._find(check_question(question), self.settings.reads)
            latest = newest(hit.document for hit in with_copies(hits))
            if latest:
                narrow, ids = self._of({latest.id}), {latest.id}
            else:
                which += ", none of which has a date"
        count = f"{len(ids):,} of {len(self.index.documents):,}"
        return narrow, f"{which} ({count})" if which else ""

    def _of(self, document_ids: Set[str]) -> Assistant:
        narrow = self.index.narrowed(document_ids)
        return Assistant(narrow, self.embedder, self.llm, self.settings, self.rarity)

    def _stream(
        self, question: str, cancel: threading.Event | None, began: float | None = None
    ) -> Iterator[Event]:
        spent = Spent(time.perf_counter() if began is None else began)
        typed = check_question(question)
        run = Run(self.rarity.written(typed), spent, cancel or threading.Event())
        run.hits = tuple(self._find(run.question, self.settings.reads))
        run.spent.retrieve_s = time.perf_counter() - run.spent.started
        yield Retrieved(run.hits)
        yield from self._sight(run)
        self.drafter.checker.cancel = run.cancel
        if run.hits and not (yield from self._state(run)):
            split = split_question(run.question)
            if split.ahead:
                yield from self._ask_parts(run, split)
            if not run.parts:
                yield from self.drafter.read(run)
            if split.parts and not split.ahead:
                yield from self._ask_parts(run, split)
            if not run.parts:
                yield from self._hear_sources(run)
        yield Done(replace(self._finish(run), question=typed))

    def _state(self, run: Run) -> Generator[Event, None, bool]:
        """Answer with what a document states of itself; tell whether that was asked for."""
        began = time.perf_counter()
        proof = stated(run.question, run.hits, self.index.passages_of, self.rarity)
        if proof is not None:
            run.proofs.append((proof, unwritten(proof)))
            yield Judged(0, proof.text, run.numbering.statement(proof))
        run.spent.prove_s += time.perf_counter() - began
        return bool(self.drafter.chosen(run))

    def _sight(self, run: Run) -> Iterator[Event]:
        """Show the nearest sentences while the model reads."""
        if not run.hits:
            return
        vector = self.embedder.embed([run.question], kind="query")[0]
        quotes = sight(run.question, run.hits, self.index, vector, self.rarity)
        if quotes:
            run.spent.first_quote_s = time.perf_counter() - run.spent.started
            yield Sighted(quotes)

    def _find(self, question: str, passages: int) -> list[Hit]:
        return retrieve(
            question,
            self.index,
            self.embedder,
            passages=passages,
            budget_tokens=self.settings.budget_for(passages),
            by=self.settings.retrieval,
        )

    def _ask_parts(self, run: Run, split: Split) -> Iterator[Event]:
        """Ask each part of a question that the answer so far does not speak of.

        Where no part is answered nothing is kept of them, so that the whole is said not to be.
        """
        chosen = self.drafter.chosen(run)
        compared = prompts.needs_several(run.question)
        for place, part in enumerate(split.parts):
            named = split.kind == "names" and not compared
            others = split.names[:place] + split.names[place + 1 :]
            if chosen and named and speaks_of(chosen, split.names[place], others):
                continue
            hits = tuple(self._find(part, self.settings.reads))
            sub = replace(run, question=part, hits=hits, spared=[], proofs=[], parts=[])
            yield from self._verify(sub)
            if sub.hits and not self.drafter.chosen(sub):
                yield from self.drafter.read_singly(sub)
                if not self.drafter.chosen(sub):
                    yield from self.drafter.quote(sub)
                self.drafter.hold_alone(sub)
            run.parts.append(sub)
        found = [sub for sub in run.parts if self.drafter.chosen(sub)]
        if split.kind == "clauses" and not agree(
            run.question, [self.drafter.chosen(s) for s in found]
        ):
            for sub in found:
                sub.proofs = [(disagreeing(proof), draft) for proof, draft in sub.proofs]
            found = []
        if not found and not chosen:
            run.proofs += [pair for sub in run.parts for pair in sub.proofs]
            run.parts.clear()

    def _verify(self, run: Run) -> Iterator[Event]:
        """Hold what is supposed to be said somewhere against that publisher's own passages."""
        supposed = reported(run.question, self.publishers)
        if supposed is None:
            return
        began = time.perf_counter()
        found = self._find(supposed.claim, HEARD_AMONG)
        for hit in _of_publisher(found, supposed.publisher, VERIFIED):
            proof = self.drafter.prover.prove(supposed.claim, run.question, (hit,), (hit,))
            if proof.supported:
                run.proofs.append((proof, unwritten(proof)))
                yield Judged(len(run.drafts), proof.text, run.numbering.statement(proof))
                break
        run.spent.prove_s += time.perf_counter() - began

    def _hear_sources(self, run: Run) -> Iterator[Event]:
        """Ask the passages of each publisher that the question names and no statement cites."""
        named = named_sources(run.question, self.publishers)
        chosen = self.drafter.chosen(run)
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
                yield from self.drafter.read_singly(sub)
                self.drafter.hold_alone(sub)
            run.parts.append(sub)

    def _finish(self, run: Run) -> Answer:
        began = time.perf_counter()
        runs = [run, *run.parts]
        by_run = [self.drafter.chosen(r) for r in runs]
        chosen = self.drafter.merged(run.question, [p for ps in by_run for p in ps])
        if self.settings.length == "short":
            chosen = self.drafter.briefest(run.question, chosen, by_run)
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
            for proof, _ in self.drafter.selector.verdicts(r.question, r.proofs, r.least)
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
    budget = settings.readings_mb * 1_000_000
    return LlamaModel(
        path,
        name=settings.model if not settings.model.endswith(".gguf") else path.stem,
        n_ctx=settings.n_ctx,
        n_threads=settings.n_threads,
        temperature=settings.temperature,
        seed=settings.seed,
        kv=settings.kv,
        shelf=(lambda stamp: Shelf(readings_folder(), stamp, budget)) if budget else None,
        probes=load_probes(settings.model, prompts.VERSION),
    )


def _telling(asked: str, events: Iterable[Event]) -> Iterator[Event]:
    """Yield the events of an answer, the last one with which documents were asked."""
    for event in events:
        if isinstance(event, Done):
            told = "; ".join(filter(None, (event.answer.asked, asked)))
            event = Done(replace(event.answer, asked=told))
        yield event


def _of_publisher(hits: Sequence[Hit], publisher: str, most: int) -> tuple[Hit, ...]:
    own = (h for h in with_copies(hits) if h.document.metadata.get("publisher") == publisher)
    return tuple(own)[:most]


def _unique(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple({statement.text: statement for statement in statements}.values())


@lru_cache(maxsize=1)
def shared(index: str, settings: Settings) -> Assistant:
    """Return the assistant that `rag.ask` keeps open; another index or setting replaces it."""
    return Assistant.open(index, settings=settings)


def made_with(folder: Path) -> str:
    """Return the checksum of the embedder that an index was made with; "" where none can be read.

    Whatever else is wrong with the index is told when it is opened or made anew.
    """
    for name in (MANIFEST, SPARE):
        with suppress(StoreError):
            return read_manifest(folder, name).embedder_checksum
    return ""
