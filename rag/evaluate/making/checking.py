"""A question, its short answer and its sentence -> is the label true?

Rules first (`wording.py`), then the model as a judge, then the round trip: the assistant itself is
asked, and its answer must state the short answer and cite the sentence. Round-trip consistency is
how Alberti et al., "Synthetic QA Corpora Generation with Roundtrip Consistency" (ACL 2019) keep
made questions whose labels hold. It has a price that figures on such a set must be read with: what
our own assistant cannot answer is not in it, so the set is easier for us than what people would
ask. Questions that fail only the round trip are therefore kept as struck candidates, which a person
may accept with `rag eval review`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rag import prompt as prompts
from rag.assistant import Assistant
from rag.evaluate.making.answers import MOST_WORDS, accepts
from rag.evaluate.making.asking import question_for, short_answer
from rag.evaluate.making.drawing import Drawn
from rag.evaluate.making.wording import problem
from rag.evaluate.metrics import Gold, normalise, nuggets_proven, states
from rag.evaluate.sets import Evidence, Nugget, Question, spans, texts_by_source
from rag.passages import heading
from rag.prove.rarity import match
from rag.prove.words import is_light, read
from rag.retrieve import retrieve
from rag.types import Hit

HOLDS = 0.0  # calibrated log-odds that the passage answers the question
MEETS = 0.0  # calibrated log-odds that the sentence is the passage's answer to it
ASKED = 0.5  # share of what is asked that another sentence must speak of to be evidence too
ALONE = 0.0  # calibrated log-odds that another sentence answers by itself
MOST_PLACES = 6  # what more sentences answer is no question of this one
ROUND_TRIP = "the assistant's own answer does not agree"
_LOOKED_AT = 12  # passages in which other evidence is looked for


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one try.

    Attributes:
        question: None where nothing was made; its `review` is "new", or "struck" where only the
            round trip failed.
        why: why nothing was made, in a few words.
        answer: the short answer.
    """

    question: Question | None
    why: str = ""
    answer: str = ""


@dataclass
class Asker:
    """Makes and checks questions with one assistant.

    Args:
        assistant: writes, judges and is asked.
        cancel: set from any thread, it stops the work.
    """

    assistant: Assistant
    cancel: threading.Event | None = None
    texts: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Take the documents' texts."""
        self.texts = texts_by_source(self.assistant.index.documents.values())

    def try_sentence(self, drawn: Drawn, answer: str, id_: str) -> Checked:
        """Have a question asked of a sentence and check it.

        Args:
            drawn: the sentence.
            answer: words of it that are to be asked for; "" leaves that to the model.
            id_: given to the question.

        Raises:
            CancelledError: the work was stopped.
            ModelError: the model cannot be asked.
        """
        llm = self.assistant.llm
        question = question_for(llm, drawn, answer, cancel=self.cancel)
        answer = answer or (question and short_answer(llm, drawn, question, cancel=self.cancel))
        if not question or not answer:
            return Checked(None, "the model gave no question or answer")
        why = self.wrong(question, answer, drawn)
        if why:
            return Checked(None, f"{why}: {question} | {answer}", answer)
        return self._labelled(question, answer, drawn, id_)

    def wrong(self, question: str, answer: str, drawn: Drawn) -> str:
        """Return why rules or the model as a judge refuse a question, "" if they do not."""
        hit = drawn.hit
        head = heading(hit.document)
        around = f"{head}\n{hit.passage.text}"
        if len(answer.split()) > MOST_WORDS or not accepts(answer):
            return "no short answer"
        if not states(drawn.sentence.text, _nugget(answer, ())):
            return "the short answer's pattern does not know it"
        why = problem(question, answer, drawn.sentence.text, around)
        if why:
            return why
        if self._log_odds(prompts.holds_answer(question, hit, head)) <= HOLDS:
            return "the model does not find it answered"
        reply = (
            drawn.sentence.text
        )  # judged as a statement, which the judge knows better than words
        if self._log_odds(prompts.meets_question(question, reply, hit, head)) <= MEETS:
            return "the model finds it answered otherwise"
        return ""

    def _labelled(self, question: str, answer: str, drawn: Drawn, id_: str) -> Checked:
        """Return a question with all its evidence, struck where the round trip fails."""
        own = Evidence(drawn.hit.document.source, drawn.sentence.text)
        found = self.find(question, _LOOKED_AT)
        others = [each for each in self._stated_too(question, answer, found) if each != own]
        if len(others) >= MOST_PLACES:
            return Checked(None, f"too much of the documents answers it: {question}", answer)
        nugget = _nugget(answer, (own, *others))
        made = Question(
            id=id_,
            text=question,
            answerable=True,
            kind=kind_of(question, answer),
            nuggets=(nugget,),
            answers=(answer,),
            review="new",
        )
        replied = self.assistant.ask(question, cancel=self.cancel)
        gold = [Gold(nugget, spans(made, self.texts)[0])]
        proven, _ = nuggets_proven(replied.statements, gold)
        first = replied.statements[:1]
        if not proven or not any(states(statement.text, nugget) for statement in first):
            why = f"{ROUND_TRIP}: {replied.text}"
            return Checked(_struck(made, why), why, answer)
        return Checked(made, "", answer)

    def _stated_too(self, question: str, answer: str, found: Sequence[Hit]) -> list[Evidence]:
        """Return other sentences that give the short answer and answer the question by themselves.

        Not what the assistant cited: the labels must not hang on what they are to measure.
        """
        nugget = _nugget(answer, ())
        stated = []
        for hit in found:
            for sentence in hit.passage.sentences if hit.passage.kind == "body" else ():
                if (
                    not states(sentence.text, nugget)
                    or self._covered(question, sentence.text) < ASKED
                ):
                    continue
                text = f"{heading(hit.document)}\n\n{sentence.text}"
                asked = (
                    prompts.holds_in(text, question),
                    prompts.meets_in(text, question, sentence.text),
                )
                if min(map(self._log_odds, asked)) > ALONE:
                    stated.append(Evidence(hit.document.source, sentence.text))
        return list(dict.fromkeys(stated))

    def _covered(self, question: str, sentence: str) -> float:
        """Return how much of a question's words a sentence has, by weight, 0 to 1."""
        said = read(sentence).stems
        words = [word.stem for word in read(question).words if not is_light(word.stem)]
        weigh = self.assistant.rarity.weight
        whole = sum(map(weigh, words))
        return sum(weigh(w) for w in words if match(w, said)) / whole if whole else 0.0

    def strongest(self, question: str) -> tuple[float, Sequence[Hit]]:
        """Return how surely the best retrieved passage answers, in log-odds, and the passages."""
        hits = self.find(question, self.assistant.settings.passages)
        asked = [prompts.holds_answer(question, hit, heading(hit.document)) for hit in hits]
        return max(map(self._log_odds, asked), default=float("-inf")), hits

    def find(self, question: str, passages: int) -> list[Hit]:
        """Return so many passages for a question, best first, as the assistant finds them."""
        settings = self.assistant.settings
        return retrieve(
            question,
            self.assistant.index,
            self.assistant.embedder,
            passages=passages,
            budget_tokens=settings.budget_tokens * passages // settings.passages,
            by=settings.retrieval,
        )

    def hit(self, row: int) -> Hit:
        """Return a passage of the index by its row, as if it were retrieved."""
        index = self.assistant.index
        passage = index.passages[row]
        return Hit(passage, index.documents[passage.document_id], 0.0)

    def _log_odds(self, prompt: prompts.Prompt) -> float:
        return self.assistant.llm.log_odds(prompt, cancel=self.cancel)


def kind_of(question: str, answer: str) -> str:
    """Return the kind of an answerable question: "date" or "fact"."""
    reading = read(answer)
    return "date" if reading.dates and not reading.words else "fact"


def _nugget(answer: str, evidence: tuple[Evidence, ...]) -> Nugget:
    return Nugget(normalise(answer), accepts(answer), True, evidence)


def _struck(question: Question, why: str) -> Question:
    return replace(question, review="struck", why=" ".join(why.split())[:200])
