"""A reply with markers and the texts it was given -> an `Answer`; pure.

Each sentence of the reply is a statement. A marker is a citation of the whole text that was given
under its number, for the reader of such a system is shown that. A marker without such a text stays
in the words of the answer, where the evaluation counts it as invalid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.passages import split_sentences
from rag.types import Answer, Citation, Document, Hit, Passage, Statement, Timings, Verdict

# "[1]", "[1, 2]", "[Source 1]", "(Source 1)", "Source 1" at an end; a year or "a[0]" is none.
_MARKER = re.compile(r"(?<!\w)\s?\[(?:[Ss]ource )?(\d{1,2}(?:\s*,\s*(?:[Ss]ource )?\d{1,2})*)\]")
_BARE = re.compile(r"\(?(?<![\w\[])Sources? (\d{1,2})\)?(?=\W*(?:$|\n))")
_LED = re.compile(r"^(?:\s?\[(?:[Ss]ource )?\d{1,2}(?:\s*,\s*\d{1,2})*\])+")
# What the systems' own prompts tell the model to say, and what it says in their place.
_SHOWN = r"(?:sources?|documents?|texts?|context|information|passages?|articles?)"
_REFUSES = re.compile(
    r"^\W*(?:empty response|no answer|none of the (?:provided |given )?(?:sources|documents)\b|"
    r"i (?:do not|don't|cannot|can't|could not)\b|i'm (?:sorry|unable)|sorry\b|"
    r"(?:the )?(?:answer|information) (?:is not|cannot|could not|can't|isn't)\b|"
    r"there is no (?:information|mention)\b|unknown\b|"
    r"answering (?:\w+ ){0,3}is not possible\b)|"
    rf"\b{_SHOWN}\b[^.]{{0,40}}\b(?:does not|do not|doesn't|don't|did not)\s+(?:\w+ly )?"
    r"(?:provide|contain|mention|specify|say|state|include|give|answer|address)\b|"
    r"\bnot (?:explicitly )?(?:mentioned|provided|specified|stated|available|answered)\b[^.]*\b"
    rf"(?:in|by) (?:the|any of the) (?:given |provided )?{_SHOWN}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Given:
    """A text that a system put before its model under a number.

    Attributes:
        source: of its document.
        text: as it was given.
    """

    source: str
    text: str


def answer_of(
    question: str,
    reply: str,
    given: Sequence[Given],
    documents: Mapping[str, Document],
    *,
    model: str,
    timings: Timings,
) -> Answer:
    """Return what a system said as an answer of ours.

    Args:
        question: as it was asked.
        reply: with its markers; number 1 is the first of `given`.
        given: what the model was shown; the answer has it as its closest passages.
        documents: ours, by source.
        model: its name.
        timings: of the call.
    """
    if refuses(reply):
        statements: tuple[Statement, ...] = ()
    else:
        statements = tuple(
            Statement(
                text=text,
                verdict=Verdict.NOT_CHECKED,
                support=1.0,
                citations=tuple(
                    citation
                    for number in numbers
                    if 1 <= number <= len(given)
                    and (citation := cite(number, given[number - 1], documents)) is not None
                ),
            )
            for text, numbers in stated(reply)
        )
    return Answer(
        question=question,
        text=shown(reply) if statements else _MARKER.sub("", reply).strip() or "-",
        statements=statements,
        withheld=(),
        abstained=not statements,
        closest=tuple(hit for one in given if (hit := _hit(one, documents)) is not None),
        drafts=(),
        model=model,
        timings=timings,
    )


def shown(reply: str) -> str:
    """Return a reply with every marker in the one form "[1]"."""

    def plain(marker: re.Match[str]) -> str:
        return "".join(f"[{number}]" for number in re.findall(r"\d+", marker[1]))

    return _MARKER.sub(lambda found: f" {plain(found)}", _BARE.sub(r"[\1]", reply)).strip()


def refuses(reply: str) -> bool:
    """Tell whether a reply says that it has no answer, in its first sentence."""
    first = next((s.text for s in split_sentences(reply.strip())), "")
    return not first or bool(_REFUSES.search(first))


def stated(reply: str) -> list[tuple[str, tuple[int, ...]]]:
    """Return the sentences of a reply without markers, each with the numbers it bears.

    A marker behind a full stop belongs to the sentence before it.
    """
    found: list[tuple[str, tuple[int, ...]]] = []
    for sentence in split_sentences(_BARE.sub(r"[\1]", reply.strip())):
        text = sentence.text.strip()
        led = _LED.match(text)
        if led and found:
            before, numbers = found[-1]
            found[-1] = before, _merged(numbers, _numbers(led[0]))
            text = text[led.end() :].strip()
        plain = re.sub(r"\s+([.,;:!?])", r"\1", _MARKER.sub("", text))
        plain = " ".join(plain.split())
        if re.search(r"\w", plain):
            found.append((plain, _merged((), _numbers(text))))
        elif found:
            before, numbers = found[-1]
            found[-1] = before, _merged(numbers, _numbers(text))
    return found


def _numbers(text: str) -> list[int]:
    return [int(n) for marker in _MARKER.finditer(text) for n in re.findall(r"\d+", marker[1])]


def _merged(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys([*one, *other]))


def _hit(given: Given, documents: Mapping[str, Document]) -> Hit | None:
    """Return a given text as a passage, so that the evaluation knows what was read."""
    found = cite(1, given, documents)
    if found is None:
        return None
    passage = Passage(
        id=f"{found.document_id}:{found.start}-{found.end}",
        document_id=found.document_id,
        start=found.start,
        end=found.end,
        text=found.quote,
        sentences=(),
    )
    return Hit(passage, documents[given.source], 0.0)


def cite(number: int, given: Given, documents: Mapping[str, Document]) -> Citation | None:
    """Return the citation of a given text, None where it does not stand in its document."""
    document = documents.get(given.source)
    if document is None:
        return None
    words = given.text.split()
    found = re.search(r"\s+".join(map(re.escape, words)), document.text) if words else None
    if found is None:
        return None
    return Citation(
        number=number,
        source=document.source,
        title=document.title,
        start=found.start(),
        end=found.end(),
        quote=found[0],
        metadata=document.metadata,
        document_id=document.id,
        root=document.root,
    )
