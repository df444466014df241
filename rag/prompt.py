"""Question and passages -> what the model is given; pure.

The order is fixed, system words, passage, question, what is said, what is wanted, so that all up
to the question is the same for every question and can be read once, and the question once for all
that is asked about it. Nothing here is a control token: the
model's own template is laid around these words by `llm.py`, and all of this text is
tokenised as plain text, whatever it contains.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.passages import split_sentences
from rag.types import Hit

VERSION = 6
REFUSAL = "NOT STATED"
_SENTENCES = "Answer from the text in complete sentences."

# The writer is not told to refuse: told so, it refuses half of what the passage does say.
# Whether a passage answers at all is asked apart (`holds_answer`), and what it writes is proven.
_READER = (
    "You answer questions from a text. Use only what the text says. "
    "Answer in one to three short, complete sentences that name who did what, "
    "with the names, numbers and dates as they stand in the text."
)

_SEVERAL = re.compile(
    r"\b(?:compare|compar\w+|differ\w*|both|in common|versus|vs|each of|which of|how many|"
    r"which (?:\w+ ){0,2}(?:companies|firms|people|persons|countries|documents|articles|sources|"
    r"organi[sz]ations|others)|who else|what other|same (?:as|position|stance)|agree|all the)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\W*(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|may|must|should)\b",
    re.IGNORECASE,
)

_CHOICE = re.compile(r"\w\W+or\s+(?!not\b|more\b|less\b|so\b)\w", re.IGNORECASE)

_ENDED = re.compile(r"[.!?…][\"'”’)\]]*$")

# Fitted on Qwen2.5-Coder-1.5B, which leans to yes: bias and factor of its log-odds.
HOLDS = (-1.61, 2.08)
STATES = (-0.60, 1.16)
STATES_IN_PART = (-2.69, 2.24)
GIVES = (-0.14, 1.24)
MEETS = (-4.83, 4.12)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is given, in steps that are evaluated apart.

    Attributes:
        system: our words, the same for every question.
        reading: document text with its heading, the same for every question on it.
        wanted: what is wanted of the model, in words. A judgement that is read off its state is
            read before these, so they are not evaluated then.
        question: the same for all that is asked of a reading about it; "" where none is.
        said: what is said and to be judged; "" where nothing is.
        leans: for a yes-or-no question, bias and factor that turn the model's own log-odds of
            "yes" into calibrated ones; fitted by `training/witness.py`.
        judges: kind of judgement that a yes-or-no question asks for, "" where none.
        of: id of the passage whose reading it is; "" where it is not worth keeping on disk.
    """

    system: str
    reading: str
    wanted: str
    question: str = ""
    said: str = ""
    leans: tuple[float, float] = (0.0, 1.0)
    judges: str = ""
    of: str = ""

    @property
    def asking(self) -> str:
        """Everything after the reading."""
        return self.question + self.said + self.wanted


def passage_text(hit: Hit, heading: str) -> str:
    """Return a passage as the model sees it: the document's heading, then the words."""
    return f"{heading}\n\n{hit.passage.text}" if heading else hit.passage.text


def single(question: str, hit: Hit, heading: str) -> Prompt:
    """Ask one passage on its own."""
    return replace(_written(passage_text(hit, heading), question, _SENTENCES), of=hit.passage.id)


def reading_of(hit: Hit, heading: str) -> Prompt:
    """Return what is read of a passage before anything is asked."""
    return single("", hit, heading)


def joint(question: str, hits: Sequence[Hit], headings: Sequence[str]) -> Prompt:
    """Ask all passages in one prompt."""
    texts = "\n\n---\n\n".join(passage_text(h, t) for h, t in zip(hits, headings, strict=True))
    wanted = f"{_SENTENCES} If the text does not answer it, reply: {REFUSAL}"
    return _written(texts, question, wanted)


def holds_answer(question: str, hit: Hit, heading: str) -> Prompt:
    """Ask whether a passage answers a question; shares the passage's reading.

    What is no running text, such as a header of stated facts, is judged by the reply in words.
    """
    prompt = replace(holds_in(passage_text(hit, heading), question), of=hit.passage.id)
    return replace(prompt, judges="") if hit.passage.kind == "metadata" else prompt


def holds_in(text: str, question: str) -> Prompt:
    """Ask whether a text answers a question."""
    wanted = "Does the text state the answer to this question? Reply only yes or no."
    asked = _asked(question)
    return Prompt(_READER, _reading(text), wanted, asked, leans=HOLDS, judges="holds")


def asks_yes_no(question: str) -> bool:
    """Tell whether a question is one for yes or no, by its first word; a choice is none."""
    return bool(_YES_NO.match(question)) and not offers_choice(question)


def offers_choice(question: str) -> bool:
    """Tell whether a question names what may answer it ("Who went first, IBM or Amazon?")."""
    return bool(_CHOICE.search(question))


def states(statement: str, hit: Hit, heading: str) -> Prompt:
    """Ask whether a passage states everything in a sentence; shares the passage's reading."""
    return replace(states_in(passage_text(hit, heading), statement), of=hit.passage.id)


def states_in(text: str, statement: str) -> Prompt:
    """Ask whether a text states everything in a sentence."""
    wanted = (
        "Does the text state everything in the claim, of the same people and things? "
        "Reply only yes or no."
    )
    said = f"Claim: {statement}\n"
    return Prompt(_READER, _reading(text), wanted, said=said, leans=STATES, judges="states")


def states_in_part(text: str, statement: str) -> Prompt:
    """Ask the same of sentences picked from a longer text, where the model says yes too easily."""
    return replace(states_in(text, statement), leans=STATES_IN_PART)


def well_formed(question: str) -> str:
    """Return a question with a capital and a question mark, as the model knows questions.

    What is typed in haste ("when was ulm founded") is otherwise taken for less of a question.
    """
    plain = question.strip()
    plain = plain[:1].upper() + plain[1:]
    return plain if plain.endswith(("?", ".", "!", '"', "”")) else f"{plain}?"


def gives_answer(question: str, statement: str) -> Prompt:
    """Ask whether a reply, true or not, gives what a question asks for.

    The question stands in the reading, so that it is read once for all replies to it.
    """
    return Prompt(
        system="You judge whether a reply answers a question. Reply only yes or no.",
        reading=f"Question: {well_formed(question)}\n",
        said=f"Reply: {statement}\n",
        wanted="Does the reply give what the question asks for?",
        leans=GIVES,
        judges="gives",
    )


def meets_question(question: str, statement: str, hit: Hit, heading: str) -> Prompt:
    """Ask whether a passage gives a statement as its answer; shares the passage's reading."""
    asked = meets_in(passage_text(hit, heading), question, statement)
    return replace(asked, of=hit.passage.id)


def meets_in(text: str, question: str, statement: str) -> Prompt:
    """Ask whether a text states a reply, and the reply answers just what was asked."""
    wanted = (
        "Does the text state the reply, and does it answer this very question? "
        "Reply only yes or no."
    )
    asked, said = _asked(question), f"Reply: {statement}\n"
    return Prompt(_READER, _reading(text), wanted, asked, said, leans=MEETS, judges="meets")


def compose(question: str, facts: Sequence[str]) -> Prompt:
    """Ask for one answer from several proven statements."""
    listed = "\n".join(f"- {fact}" for fact in facts)
    return Prompt(
        system=(
            "You combine statements into one short, plain answer of one or two sentences. "
            "Use only the words and facts of the statements; add nothing."
        ),
        reading="",
        wanted=f"Statements:\n{listed}\n\nQuestion: {question}\nAnswer in one or two sentences.",
    )


def rewrite(question: str, evidence: str) -> Prompt:
    """Ask for an answer in the words of a few sentences alone."""
    return Prompt(
        system=(
            "You answer a question with the words of a text. Reply with one short, complete "
            "sentence that says only what the text says, in its own words."
        ),
        reading="",
        wanted=f"Text:\n{evidence}\n\nQuestion: {question}\nAnswer in one sentence.",
    )


def _reading(text: str) -> str:
    return f"Text:\n{text}\n\n"


def _asked(question: str) -> str:
    return f"Question: {well_formed(question)}\n"


def _written(text: str, question: str, wanted: str) -> Prompt:
    return Prompt(_READER, _reading(text), wanted, _asked(question))


def needs_several(question: str) -> bool:
    """Tell whether a question compares, counts or gathers over documents, by its words."""
    return bool(_SEVERAL.search(question))


def is_refusal(text: str) -> bool:
    """Tell whether a draft says that the text does not say."""
    plain = text.strip().strip(".!\"'").upper()
    return not plain or plain.startswith(REFUSAL) or plain.endswith(REFUSAL)


def _tidy(text: str) -> str:
    """Close up what small models write apart: "U. S." and a quotation mark after a full stop."""
    text = re.sub(r"\b([A-Z])\. (?=[A-Z]\.)", r"\1.", text)
    return re.sub(r'(?<=[.!?,]) "(?=\s|$)', '"', text)


def sentences(draft: str, *, cut: bool = False) -> list[str]:
    """Return the sentences of a draft, without list marks and without a refusal.

    Args:
        draft: as the model wrote it.
        cut: it was ended for its length, so that a last sentence without an end is left out.
    """
    if is_refusal(draft):
        return []
    found = [_tidy(sentence.text.strip(" \n\t-*•")) for sentence in split_sentences(_tidy(draft))]
    if cut and found and not _ENDED.search(found[-1]):
        del found[-1]
    return [text for text in found if text and not is_refusal(text)]
