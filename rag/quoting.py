"""Question + hits -> sentences of the documents that may answer by themselves, judged.

A small model tells which sentence answers far better than it words an answer, so where no draft is
proven a document may answer with its own sentence. How likely one answers is a logistic model of
what is known of it, fitted by `training/quotes.py` on public question sets.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from rag import odds
from rag import prompt as prompts
from rag.embedder import Embedder
from rag.llm import Witness
from rag.passages import heading
from rag.prove import Judgement, Proof, Rarity
from rag.prove.facts import leaves_open
from rag.prove.select import relevance
from rag.prove.window import headed
from rag.types import Hit, Sentence, Verdict

EACH = 3  # sentences of a passage that are put to the model
# So many of the passages that were read may be quoted from, and so many retrieved behind them.
QUOTED_PASSAGES = 3
FURTHER_PASSAGES = 6
# Sentences that are put to the model, of passages that were read and of those behind them.
MOST_ASKED = 4
MOST_ASKED_FURTHER = 2
# Intercept, gives, holds, cosine, direct.
WEIGHTS = (-2.85, 0.44, 0.30, 2.60, 1.61)
# Intercept, holds, gives: log-odds that a question is answered by what its passage and the sentence
# are; fitted by `training/answers.py` on near misses alone.
ANSWERS = (-0.65, 0.76, 0.42)
# The same of what the model wrote and of sentences held against their passage and the question:
# intercept, holds, meets. "Gives" adds nothing to the two; it is taken for what it mostly is.
DRAFT_ANSWERS = (-0.38, 0.51, 0.77)
MOSTLY_GIVES = 1.4
# What may be shown, see `may_answer`: probabilities and log-odds.
LIKELY = 0.45
LEAST_HOLDS = -0.5
SURE_HOLDS = 0.6
LEAST_GIVES = 0.0
LEAST_ANSWERS = 0.45
SURE_ANSWERS = 0.65
SURE_GIVES = -0.1
BESIDE = 0.08  # what is less likely an answer than this is beside the point
# A candidate is put to the model only if it would be quoted with both its signs at this log-odds.
_HOPE = 1.5
_ITEM = re.compile(r"\s*(?:[-*•·–]|\(?\w{1,3}[.)])\s")
_WHOLE = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_POINTS_BACK = re.compile(
    r"\W*(?:this|that|these|those|it|they|he|she|such|its|their|his|her)\b",
    re.IGNORECASE,
)
# "Better than anyone else she painted", "In 1990 he left": nobody has been named before.
_NAMELESS = re.compile(
    r"(?:In|At|On|By|From|With|For|During|After|Before|When|While|As|Since|Once|Until|If|Later|Then|"
    r"Soon|Now|Here|There|Also|Again|Although|Though|Because|Despite|More|Most|Better|Best|\w+ly)\b"
    r"(?:(?!\s[A-Z]|\b(?:the|an?|every|each|no)\s).)*?\b(?:he|she)\b"
)
_MIN_WORDS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence (with its list where it introduces one) that may answer.

    Attributes:
        cosine: -1 to 1, of the question and the sentence under its document's heading.
        holds: log-odds, by the model, that the passage answers the question.
        gives: log-odds, by the model, that the sentence gives what is asked for; of what the model
            wrote it is not asked.
        direct: 0 to 1, share of the question's content that stands in the sentence.
        statement: what the model wrote from the sentences, "" where they stand for themselves.
        meets: log-odds, by the model, that the passage gives the statement as its answer to this
            very question; None where it was not asked.
        beside: lines of the document that stand elsewhere and say what the sentences are of.
    """

    hit: Hit
    sentences: tuple[Sentence, ...]
    cosine: float
    holds: float = 0.0
    gives: float = 0.0
    direct: float = 0.0
    statement: str = ""
    meets: float | None = None
    beside: tuple[Sentence, ...] = ()

    @property
    def text(self) -> str:
        """What may be shown: the statement, else the sentences in one line."""
        return self.statement or " ".join(sentence.text for sentence in self.sentences)

    @property
    def features(self) -> tuple[float, ...]:
        """What the probability is made of, in the order of `WEIGHTS`."""
        return (1.0, clip(self.gives), clip(self.holds), self.cosine, self.direct)

    @property
    def probability(self) -> float:
        """Probability, 0 to 1, that the sentence answers."""
        score = sum(w * x for w, x in zip(WEIGHTS, self.features, strict=True))
        return odds.probability(score)

    @property
    def answers(self) -> float:
        """Probability, 0 to 1, that the question has its answer here, and no near miss of it.

        Words and nearness, which near misses share, count for nothing unless they are far off.
        """
        return 0.0 if self.probability < BESIDE else odds.probability(self.log_odds)

    @property
    def log_odds(self) -> float:
        """Natural log of the odds behind `answers`."""
        if self.meets is not None:
            bias, holds, meets = DRAFT_ANSWERS
            return bias + holds * clip(self.holds) + meets * clip(self.meets)
        bias, holds, gives = ANSWERS
        return bias + holds * clip(self.holds) + gives * clip(self.gives)


def clip(log_odds: float) -> float:
    """Return log-odds held within -4 to 4, beyond which they tell no more."""
    return max(-4.0, min(4.0, log_odds))


def groups(hit: Hit) -> list[tuple[Sentence, ...]]:
    """Return what may be quoted from a passage: whole sentences, lists with what introduces them.

    Credits, bylines and headings say nothing by themselves and are left out, and so is what begins
    with a word for something before it ("That is why …"), unless it says that something is not
    known ("It was not made clear whether …").
    """
    sentences = hit.passage.sentences
    found = []
    for row, sentence in enumerate(sentences):
        if not _WHOLE.search(sentence.text) or len(sentence.text.split()) < _MIN_WORDS:
            continue
        if _NAMELESS.match(sentence.text):
            continue
        if _POINTS_BACK.match(sentence.text) and not leaves_open(sentence.text):
            continue
        end = row + 1
        if sentence.text.endswith(":"):
            while end < len(sentences) and _ITEM.match(sentences[end].text):
                end += 1
            if end == row + 1:
                continue
        found.append(sentences[row:end])
    return found


def nearest(question: str, hit: Hit, embedder: Embedder, *, most: int = EACH) -> list[Candidate]:
    """Return the candidates of a passage that are nearest to the question in meaning.

    Args:
        question: in plain words.
        hit: the passage.
        embedder: the one of the index.
        most: how many.
    """
    found = groups(hit)
    if not found:
        return []
    cosines = _cosines(
        question, hit, [" ".join(s.text for s in group) for group in found], embedder
    )
    order = sorted(range(len(found)), key=lambda row: -cosines[row])[:most]
    return [Candidate(hit, found[row], cosines[row]) for row in order]


def of_statement(
    question: str, statement: str, cited: Sequence[tuple[Hit, Sentence]], embedder: Embedder
) -> Candidate:
    """Return a drafted statement as a candidate, to be judged like a sentence of a document.

    Args:
        question: in plain words.
        statement: the model's words.
        cited: the sentences that carry it, each with its passage.
        embedder: the one of the index.
    """
    hit = cited[0][0]
    (cosine,) = _cosines(question, hit, [statement], embedder)
    return Candidate(hit, tuple(sentence for _, sentence in cited), cosine, statement=statement)


def _cosines(question: str, hit: Hit, texts: Sequence[str], embedder: Embedder) -> list[float]:
    """Return how near each text, under its document's heading, is to the question."""
    line = heading(hit.document)
    query = embedder.embed([question], kind="query")[0]
    vectors = embedder.embed([f"{line}: {text}" for text in texts], kind="document")
    return [float(cosine) for cosine in vectors @ query]


def judge(
    candidate: Candidate,
    question: str,
    *,
    holds: float,
    witness: Witness,
    rarity: Rarity,
    cancel: threading.Event | None = None,
) -> Candidate:
    """Return a candidate with everything its probability is made of.

    Args:
        candidate: from `nearest` or `of_statement`.
        question: in plain words.
        holds: log-odds that its passage answers.
        witness: asked whether the sentence gives what is asked for.
        rarity: weights of words in the index.
        cancel: set from any thread, it stops the model.
    """
    direct = _direct(candidate, question, rarity)
    known = replace(candidate, holds=holds, direct=direct, gives=0.0)
    # Of what is no sentence ("By Ada Quist") the probe has seen nothing.
    if _WHOLE.search(candidate.statement):
        return replace(_met(known, question, witness, cancel), gives=MOSTLY_GIVES)
    gives = witness.log_odds(prompts.gives_answer(question, candidate.text), cancel=cancel)
    return replace(known, gives=gives)


def _met(
    candidate: Candidate, question: str, witness: Witness, cancel: threading.Event | None
) -> Candidate:
    """Return a candidate of which the model said whether it meets the question."""
    hit = candidate.hit
    above = headed(hit, candidate.beside)
    asked = prompts.meets_question(question, candidate.text, hit, above)
    if candidate.beside:  # no reading of the passage alone
        asked = replace(asked, of="")
    return replace(candidate, meets=witness.log_odds(asked, cancel=cancel))


def hopeful(candidate: Candidate, question: str, rarity: Rarity) -> bool:
    """Tell whether asking the model about a candidate could make it an answer.

    Args:
        candidate: from `nearest`.
        question: in plain words.
        rarity: weights of words in the index.
    """
    direct = _direct(candidate, question, rarity)
    return replace(candidate, gives=_HOPE, holds=_HOPE, direct=direct).probability >= LIKELY


def _direct(candidate: Candidate, question: str, rarity: Rarity) -> float:
    cited = [(candidate.hit, sentence.text) for sentence in candidate.sentences]
    return relevance(question, candidate.text, cited, rarity).direct


class Quoter:
    """Judges sentences and statements as answers, and finds one to quote.

    Args:
        embedder: the one of the index.
        witness: the model asked.
        rarity: weights of words in the index.
        find: returns the first so many passages for a question, best first.
    """

    def __init__(
        self,
        embedder: Embedder,
        witness: Witness,
        rarity: Rarity,
        find: Callable[[str, int], Sequence[Hit]],
    ) -> None:
        self._embedder = embedder
        self._witness = witness
        self._rarity = rarity
        self._find = find

    def holds(self, question: str, proof: Proof, cancel: threading.Event | None) -> float:
        """Return the log-odds that a passage answers, with the lines that are cited beside it.

        A row without the head of its table, or a "we" that nobody has been named for, may seem to
        answer nothing.
        """
        hit = proof.groups[0][0][0]
        text = prompts.passage_text(hit, headed(hit, proof.judgement.beside))
        return self._witness.log_odds(prompts.holds_in(text, question), cancel=cancel)

    def judge_proof(
        self, question: str, proof: Proof, holds: float, cancel: threading.Event | None
    ) -> Proof:
        """Return a supported proof with the probability that it gives what was asked for."""
        drafted = of_statement(question, proof.text, proof.groups[0], self._embedder)
        drafted = replace(drafted, beside=proof.judgement.beside)
        judged = self._judge(question, drafted, holds, cancel)
        return replace(proof, answers=judged.answers, meets=judged.meets)

    def proofs(
        self,
        question: str,
        read: Sequence[tuple[float, Hit]],
        passages: int,
        cancel: threading.Event | None,
    ) -> Iterator[Proof]:
        """Yield sentences that may be shown as the answer, the likeliest first.

        Those of passages that were read come first, then those of passages retrieved behind them,
        which are read only if their nearest sentence looks like an answer by itself.

        Args:
            question: in plain words.
            read: passages that were read, with the log-odds that they hold the answer.
            passages: how many of the first retrieved were offered for reading.
            cancel: set from any thread, it stops the model.
        """
        best = sorted(read, key=lambda pair: -pair[0])[:QUOTED_PASSAGES]
        candidates = [
            replace(candidate, holds=holds)
            for holds, hit in best
            if holds >= LEAST_HOLDS
            for candidate in nearest(question, hit, self._embedder)
            if holds >= SURE_HOLDS or hopeful(candidate, question, self._rarity)
        ]
        candidates.sort(key=lambda c: -c.probability)
        found = [
            self._judge(question, candidate, candidate.holds, cancel)
            for candidate in candidates[:MOST_ASKED]
        ]
        yield from self._best(question, found, cancel)
        seen = {hit.passage.id for _, hit in read}
        further = self._further(question, seen, passages, cancel)
        yield from self._best(question, further, cancel)

    def _further(
        self, question: str, seen: Set[str], passages: int, cancel: threading.Event | None
    ) -> Iterator[Candidate]:
        behind = [
            candidate
            for hit in self._find(question, passages + FURTHER_PASSAGES)
            if hit.passage.id not in seen
            for candidate in nearest(question, hit, self._embedder, most=1)
            if hopeful(candidate, question, self._rarity)
        ]
        behind.sort(key=lambda c: -c.probability)
        for candidate in behind[:MOST_ASKED_FURTHER]:
            judged = self._judge(question, candidate, 0.0, cancel)
            if judged.gives >= LEAST_GIVES:
                hit = candidate.hit
                asked = prompts.holds_answer(question, hit, heading(hit.document))
                yield replace(judged, holds=self._witness.log_odds(asked, cancel=cancel))

    def _judge(
        self, question: str, candidate: Candidate, holds: float, cancel: threading.Event | None
    ) -> Candidate:
        return judge(
            candidate,
            question,
            holds=holds,
            witness=self._witness,
            rarity=self._rarity,
            cancel=cancel,
        )

    def _best(
        self, question: str, candidates: Iterable[Candidate], cancel: threading.Event | None
    ) -> Iterator[Proof]:
        """Yield a proof of each sentence that may be shown and meets the question."""
        for found in sorted(candidates, key=lambda c: -c.probability):
            if not may_answer(found):
                continue
            found = _met(found, question, self._witness, cancel)
            if found.answers >= LEAST_ANSWERS:
                pairs = tuple((found.hit, sentence) for sentence in found.sentences)
                judgement = Judgement(Verdict.SUPPORTED, 1.0, pairs)
                yield Proof(found.text, judgement, (pairs,), found.answers)


def may_answer(candidate: Candidate) -> bool:
    """Tell whether a judged sentence may be shown as the answer.

    It must be likely to answer, and no near miss: where all documents are about one subject,
    nearness to the question says little. Where the passage surely holds the answer and the sentence
    gives what is asked, the model's word is enough. A sentence that says what is not known gives
    nothing: whether it meets the question is asked of it alone.
    """
    if leaves_open(candidate.text):
        return candidate.holds >= LEAST_HOLDS
    leans = candidate.holds >= LEAST_HOLDS and candidate.gives >= LEAST_GIVES
    leans = leans and candidate.answers >= LEAST_ANSWERS
    sure = candidate.answers >= SURE_ANSWERS and candidate.gives >= SURE_GIVES
    return sure or (leans and candidate.probability >= LIKELY)
