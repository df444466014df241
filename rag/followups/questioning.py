"""A sentence of a document -> the question it answers, written by the model."""

from __future__ import annotations

import re
import threading

from rag.followups.leaning import leans
from rag.followups.rewriting import first_question
from rag.followups.words import names_in, tokens
from rag.llm import LLM
from rag.prompt import Prompt
from rag.prove.words import is_light, read, stem

MOST_TOKENS = 40
_EXAMPLES = (
    (
        "City opens its third tram line",
        "The line was paid for by the region, which gave 210 million euros.",
        "How much did the region pay for the third tram line?",
    ),
    (
        "Bees in the city",
        "Beekeeper Ana Ruiz said that bees find more food in parks than in fields.",
        "What did Ana Ruiz say about bees in parks?",
    ),
    (
        "Annual report of Harlan Foods",
        "Sales in Poland fell because two shops were closed for repairs.",
        "Why did the sales of Harlan Foods in Poland fall?",
    ),
    (
        "Kestrel",
        "The kestrel lays three to six eggs in April.",
        "How many eggs does a kestrel lay?",
    ),
    (
        "Rules of the reading room",
        "Visitors who damage a book must replace it.",
        "What must visitors do who damage a book?",
    ),
    (
        "Bridge over the Aar",
        "It was designed by Luise Hartmann and opened in 1931.",
        "Who designed the bridge over the Aar?",
    ),
)


def _shown(title: str, sentence: str) -> str:
    return f"Title: {' '.join(title.split())}\nSentence: {' '.join(sentence.split())}\nQuestion:"


SYSTEM = (
    "You write the question that a sentence answers. The question is short and complete, and names "
    "the person or thing it is about. It never says he, she, it, they or this.\n\n"
) + "\n\n".join(f"{_shown(title, said)} {asked}" for title, said, asked in _EXAMPLES)

_LEAST_WORDS, _MOST_WORDS = 4, 18
# Words that a question may be put with whatever the sentence says.
_FRAMES = frozenset(stem(word) for word in "year day date much many long often kind name".split())
# "The move", "the company": of which, only the text it is from can tell.
_WHICH = re.compile(
    r"\b(?:the|these|such)\s+(?:move|announcement|decision|company|firm|spokes\w+|issue|study|article|"
    r"report|author|text|sentence|statement|passage|event|law|list|trio|group|image|picture|photo|"
    r"technology|president|officials?|title|document|information|situation|change|idea|item|result|"
    r"policy|work|person|man|woman|people|place|time|name)s?(?=\s*(?:\?|,|[a-z]+(?:ed|s|ing)?\b)"
    r"(?!\s*(?:of|for|in|on|by|about|to|that|who|which|from|at)\b))",
    re.IGNORECASE,
)
_DEICTIC = re.compile(
    r"\b(?:today|yesterday|tomorrow|currently|this|these|above|below|following|according to the "
    r"(?:text|sentence|passage|article|title))\b",
    re.IGNORECASE,
)


def question_of(title: str, sentence: str, mind: LLM, cancel: threading.Event | None = None) -> str:
    """Return the question that a sentence answers, "" where the model wrote none of use.

    Raises:
        CancelledError: `cancel` was set.
    """
    asked = Prompt(system=SYSTEM, reading="", wanted=_shown(title, sentence))
    written = first_question(mind.generate(asked, max_tokens=MOST_TOKENS, cancel=cancel))
    return written if is_sensible(written, title, sentence) else ""


def is_sensible(question: str, title: str, sentence: str) -> bool:
    """Tell whether a question is one that a reader might ask, made of what he could read.

    It stands by itself, holds nothing that sentence and title do not, names what it is about, and
    leaves something to be answered.
    """
    words = [t for t in tokens(question) if not t.mark]
    if not question.endswith("?") or not _LEAST_WORDS <= len(words) <= _MOST_WORDS:
        return False
    if leans(question) or _WHICH.search(question) or _DEICTIC.search(question):
        return False
    asked, said, headed = read(question), read(sentence), read(title)
    given = said.stems | headed.stems | _FRAMES
    if any(w.stem not in given and (w.name or not is_light(w.stem)) for w in asked.words):
        return False
    numbers = said.numbers | headed.numbers
    if asked.numbers - numbers:
        return False
    filled = [w.stem for w in asked.words if not is_light(w.stem)]
    if len(filled) < 2 and not names_in(f"is {question[:1].lower()}{question[1:]}"):
        return False
    left = [w.stem for w in said.words if w.stem not in asked.stems and not is_light(w.stem)]
    return bool(left or said.numbers - asked.numbers or len(said.dates) > len(asked.dates))
