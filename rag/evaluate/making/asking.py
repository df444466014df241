"""The model writes: a question that given words of a sentence answer, and short answers.

Asking for given words (the answer first, then the question) is how Alberti, Andor, Pitler, Devlin
and Collins, "Synthetic QA Corpora Generation with Roundtrip Consistency" (ACL 2019) make theirs;
small models keep to it better than to choosing both. The examples in the prompts are invented.
"""

from __future__ import annotations

import re
import threading

from rag.evaluate.making.drawing import Drawn
from rag.llm import LLM
from rag.passages import heading
from rag.prompt import Prompt, passage_text

VERSION = 5  # of these prompts and of the checks: what was made with others is made anew
_QUESTION_TOKENS = 48
_ANSWER_TOKENS = 24

_RULES = (
    "Write one short question that these words answer. The question names the people, firms, "
    "places or things it is about in full, so that a reader who has not seen the text knows what "
    'is asked. It never says "he", "she", "they", "the company", "the text" or "this", and it does '
    "not contain the answer."
)
_ASKER = f"""You write quiz questions about a text. You are given a text, one sentence of it, and \
a few words of that sentence that are the answer. {_RULES}

Sentence: Mayor Ada Quist told the council on 4 May that the ferry to Holm would cost 3 million \
euros.
Answer: 3 million euros
Question: How much will the ferry to Holm cost, according to Mayor Ada Quist?

Sentence: On 9 October 2014 the firm shut its mill in Tarn after neighbours complained of the noise.
Answer: 9 October 2014
Question: When did Tarn Paper shut its mill in Tarn?

Sentence: She was the first woman to lead the Harlow Institute, from 1931 on.
Answer: the Harlow Institute
Question: Which institute was Edith Vane the first woman to lead?

Sentence: The survey was paid for by the harbour office and Olaf Brandt, a shipowner.
Answer: Olaf Brandt
Question: Which shipowner helped to pay for the survey of the Holm channel?"""
_FREELY = f"""You write quiz questions about a text. You are given a text and one sentence of it. \
{_RULES.replace("these words answer", "the sentence answers")}

Sentence: The firm also dropped its plan for a second mill after neighbours complained of the noise.
Question: Why did Tarn Paper drop its plan for a second mill?

Sentence: The ferry, which Quist calls a burden, would carry goods only in winter.
Question: What would the ferry to Holm carry in winter?

Sentence: Edith Vane taught chemistry before she came to lead the institute.
Question: What did Edith Vane teach before she led the Harlow Institute?"""
_COPIER = """You answer a question with a few words copied from a sentence, and nothing else.

Sentence: The firm also dropped its plan for a second mill after neighbours complained of the noise.
Question: Why did Tarn Paper drop its plan for a second mill?
Words: neighbours complained of the noise

Sentence: The ferry, which Quist calls a burden, would carry goods only in winter.
Question: What would the ferry to Holm carry in winter?
Words: goods

Sentence: Edith Vane, a chemist, was praised by the council for her patience and her careful work.
Question: What did the council praise Edith Vane for?
Words: her patience and her careful work"""
_JOINER = """You join two questions into one that asks for both things. Keep every name, number \
and date of both.

First: When did Tarn Paper shut its mill in Tarn?
Second: Who complained of the noise of Tarn Paper's mill?
Joined: When did Tarn Paper shut its mill in Tarn, and who had complained of its noise?

First: How much will the ferry to Holm cost, according to Mayor Ada Quist?
Second: What would the ferry to Holm carry in winter?
Joined: How much will the ferry to Holm cost, according to Mayor Ada Quist, and what would it \
carry in winter?"""


def question_for(
    llm: LLM, drawn: Drawn, answer: str, *, cancel: threading.Event | None = None
) -> str:
    """Return a question that words of a sentence answer, "" where the model writes none.

    Args:
        llm: what writes.
        drawn: the sentence, with its passage.
        answer: words of the sentence; "" leaves the choice of what is asked to the model.
        cancel: set from any thread, it stops the work.

    Raises:
        CancelledError: `cancel` was set.
        ModelError: the passage does not fit into the context.
    """
    asking = f"Sentence: {_flat(drawn.sentence.text)}\n"
    asking += f"Answer: {_flat(answer)}\nQuestion:" if answer else "Question:"
    prompt = Prompt(_ASKER if answer else _FREELY, _reading(drawn), asking)
    return _first_line(_said(llm, prompt, _QUESTION_TOKENS, cancel), "Question:")


def short_answer(
    llm: LLM, drawn: Drawn, question: str, *, cancel: threading.Event | None = None
) -> str:
    """Return the words of a sentence that answer a question, as they stand there; "" if none do.

    Raises:
        CancelledError: `cancel` was set.
    """
    asking = f"Sentence: {_flat(drawn.sentence.text)}\nQuestion: {question}\nWords:"
    said = _said(llm, Prompt(_COPIER, "", asking), _ANSWER_TOKENS, cancel)
    return verbatim(_first_line(said, "Words:"), drawn.sentence.text)


def joined(llm: LLM, first: str, second: str, *, cancel: threading.Event | None = None) -> str:
    """Return what the model makes of two questions; the caller checks that it kept all of both.

    Raises:
        CancelledError: `cancel` was set.
    """
    prompt = Prompt(_JOINER, "", f"First: {first}\nSecond: {second}\nJoined:")
    return _first_line(_said(llm, prompt, 2 * _QUESTION_TOKENS, cancel), "Joined:")


def verbatim(answer: str, sentence: str) -> str:
    """Return an answer as it stands in a sentence whatever its case and spaces, "" if it does not.

    Marks around it are left out: quotation marks, a full stop, "the answer is".
    """
    plain = re.sub(r"^(?:the )?answer(?: is)?:?\s+", "", answer.strip(), flags=re.IGNORECASE)
    words = re.findall(r"\S+", plain.strip(" \t\"'“”‘’.,;:!?()"))
    if not words:
        return ""
    pattern = r"\s+".join(map(re.escape, words))
    found = re.search(rf"(?<!\w){pattern}(?!\w)", sentence, re.IGNORECASE)
    return found[0] if found else ""


def _reading(drawn: Drawn) -> str:
    return f"Text:\n{passage_text(drawn.hit, heading(drawn.hit.document))}\n\n"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _said(llm: LLM, prompt: Prompt, tokens: int, cancel: threading.Event | None) -> str:
    """Return what the model writes up to the end of its first line."""
    text = ""
    for piece in llm.generate(prompt, max_tokens=tokens, cancel=cancel):
        text += piece.text
        if "\n" in text.lstrip():
            break
    return text


def _first_line(text: str, label: str) -> str:
    lines = text.strip().splitlines()
    return lines[0].strip().removeprefix(label).strip().strip('"') if lines else ""
