"""Questions that the documents answer, each asked before it is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag import prompt as prompts
from rag.errors import CancelledError, ModelError, RagError
from rag.followups.questioning import question_of
from rag.passages import heading
from rag.prove.words import is_light, read
from rag.retrieve import retrieve
from rag.types import Answer, Hit, Passage, Sentence
from rag.within import Within

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.assistant import Assistant

MOST = 3  # questions that are suggested
TRIED = 9  # questions that are asked of the documents for that
WRITTEN = 18  # sentences that a question is written for
PASSAGES = 12  # that sentences are taken from
# Cosines: of a sentence with what was said, of two questions, of a sentence on the topic.
SAID = 0.80
SAME = 0.82
# A sentence of a document that was cited is on the topic sooner than one of any other.
NEAR_CITED = 0.25
NEAR = 0.42
HOLDS = 0.3  # log-odds, by the model, that the passage answers; below it is not worth asking
_NEW_WORDS = 2  # that an answer must have beside those of its question
_LEAST_WORDS, _MOST_WORDS = 7, 45


@dataclass(slots=True)
class _Told:
    """What was asked and said so far, which no suggestion may ask or say again.

    Attributes:
        asked: unit rows of the questions.
        said: unit rows of the statements.
        cited: (document id, start, end) of each citation.
    """

    asked: list[NDArray[np.float32]]
    said: list[NDArray[np.float32]]
    cited: list[tuple[str, int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Fact:
    hit: Hit
    sentence: Sentence
    row: NDArray[np.float32]


def suggest(
    assistant: Assistant,
    answer: Answer,
    cancel: threading.Event | None = None,
    within: Within | None = None,
) -> Iterator[str]:
    """Yield questions to ask next, at most `MOST`, as they are found.

    A question is written for a sentence near to what was asked that was neither cited nor said, and
    then asked like any other: it is yielded only where proven statements answer it, cite that very
    sentence, and say what was not said. Whoever asks in the meantime sets `cancel`; the iterator
    then ends within a step of the model.

    Args:
        assistant: which answered.
        answer: under which the questions are to stand.
        cancel: set from any thread, it ends the suggestions.
        within: the documents that may answer, as given for `answer`.
    """
    cancel = cancel or threading.Event()
    own = assistant.apart()
    try:
        yield from _suggested(own, answer, cancel, within)
    except CancelledError:
        return


def _suggested(
    own: Assistant, answer: Answer, cancel: threading.Event, within: Within | None
) -> Iterator[str]:
    told = _told(own, answer)
    found = tried = 0
    for number, fact in enumerate(_facts(own, answer, told, within)):
        if number >= WRITTEN or tried >= TRIED or found >= MOST:
            return
        if _stop(cancel) or _is_said(fact, told):
            continue
        with own.aside():
            question = _written(own, fact, cancel)
        if not question:
            continue
        row = own.embedder.embed([question], kind="query")[0]
        if not _is_new(row, told) or _repeats(question, answer.question):
            continue
        tried += 1
        told.asked.append(row)
        try:
            reply = own.ask(question, within=within, cancel=cancel)
        except CancelledError:
            raise
        except RagError:  # it cannot be asked as it is: another one will do
            continue
        if _answers(own, reply, fact, told):
            found += 1
            yield question


def _written(own: Assistant, fact: _Fact, cancel: threading.Event) -> str:
    """Return the question of a sentence that its passage surely answers, "" if there is none."""
    hit = fact.hit
    try:
        question = question_of(hit.document.title, fact.sentence.text, own.llm, cancel)
        if not question:
            return ""
        asked = prompts.holds_answer(question, hit, heading(hit.document))
        return question if own.llm.log_odds(asked, cancel=cancel) >= HOLDS else ""
    except ModelError:  # too long for the model: another sentence will do
        return ""


def _stop(cancel: threading.Event) -> bool:
    if cancel.is_set():
        raise CancelledError("stopped; ask again when you like.")
    return False


def _told(own: Assistant, answer: Answer) -> _Told:
    texts = [statement.text for statement in answer.statements]
    rows = own.embedder.embed([answer.question, *texts], kind="document")
    cited = [(c.document_id, c.start, c.end) for c in answer.citations]
    return _Told([rows[0]], list(rows[1:]), cited)


def _facts(own: Assistant, answer: Answer, told: _Told, within: Within | None) -> Iterator[_Fact]:
    """Yield sentences near to what was asked, those of passages that were not cited first."""
    import numpy as np

    hits = retrieve(
        answer.question,
        own.index,
        own.embedder,
        passages=PASSAGES,
        budget_tokens=own.settings.budget_tokens * 2,
        by=own.settings.retrieval,
    )
    if within is not None:
        allowed = {document.id for document in within.select(own.index.described)}
        hits = [hit for hit in hits if hit.document.id in allowed]
    pairs = [
        (hit, sentence)
        for hit in hits
        if hit.passage.kind == "body"
        for sentence in hit.passage.sentences
        if _LEAST_WORDS <= len(sentence.text.split()) <= _MOST_WORDS
        and sentence.text.rstrip()[-1:] in ".!”\"'’"
    ]
    if not pairs:
        return
    rows = own.embedder.embed([sentence.text for _, sentence in pairs], kind="document")
    near = (rows @ np.stack([told.asked[0], *told.said]).T).max(axis=1)
    cited = {hit.passage.id for hit, _ in pairs if _is_cited(hit, hit.passage, told)}
    worth = near + np.array([_weight(hit, s, cited) for hit, s in pairs], dtype=np.float32)
    sources = {document for document, _, _ in told.cited}
    left = set(range(len(pairs)))
    taken = list[int]()
    while left:
        # What is near to a sentence that was taken before says little that is new.
        best = max(left, key=lambda i: worth[i] - _nearest(rows[i], [rows[t] for t in taken]))
        left.remove(best)
        taken.append(best)
        if near[best] >= (NEAR_CITED if pairs[best][0].document.id in sources else NEAR):
            yield _Fact(*pairs[best], rows[best])


def _weight(hit: Hit, sentence: Sentence, cited: set[str]) -> float:
    """Return what speaks for a sentence: names, numbers, a passage of its own, its rank."""
    told = read(sentence.text)
    names = min(2, sum(word.name and not word.first for word in told.words))
    numbers = min(1, len(told.numbers) + len(told.dates))
    return 0.05 * names + 0.05 * numbers - 0.15 * (hit.passage.id in cited)


def _nearest(row: NDArray[np.float32], rows: Sequence[NDArray[np.float32]]) -> float:
    return max((float(row @ other) for other in rows), default=0.0)


def _is_cited(hit: Hit, part: Sentence | Passage, told: _Told) -> bool:
    return any(
        document == hit.document.id and part.start < last and first < part.end
        for document, first, last in told.cited
    )


def _is_said(fact: _Fact, told: _Told) -> bool:
    return _is_cited(fact.hit, fact.sentence, told) or _nearest(fact.row, told.said) >= SAID


def _is_new(row: NDArray[np.float32], told: _Told) -> bool:
    return _nearest(row, told.asked) < SAME


def _repeats(question: str, asked: str) -> bool:
    """Tell whether a question has no content word that the other one lacks."""
    mine = {word.stem for word in read(question).words if not is_light(word.stem)}
    return mine <= read(asked).stems


def _adds(reply: Answer) -> bool:
    """Tell whether an answer says more than its question does."""
    asked, said = read(reply.question), read(reply.statements[0].text)
    more = {w.stem for w in said.words if w.stem not in asked.stems and not is_light(w.stem)}
    return bool(
        len(more) >= _NEW_WORDS
        or said.numbers - asked.numbers
        or set(said.dates) - set(asked.dates)
        or any(w.name and not w.first and w.stem in more for w in said.words)
    )


def _answers(own: Assistant, reply: Answer, fact: _Fact, told: _Told) -> bool:
    """Tell whether an answer is proven by the sentence it was asked for, and says what is new.

    What it says is added to what was told.
    """
    if reply.abstained or reply.unanswered:
        return False
    document, sentence = fact.hit.document.id, fact.sentence
    if not _adds(reply):
        return False
    rests = any(
        c.document_id == document and c.start < sentence.end and sentence.start < c.end
        for c in reply.citations
    )
    rows = own.embedder.embed([s.text for s in reply.statements], kind="document")
    new = _nearest(rows[0], told.said) < SAID
    if rests and new:
        told.said += list(rows)
        told.cited += [(c.document_id, c.start, c.end) for c in reply.citations]
    return rests and new
