"""Index -> sentences that questions are asked of: seeded, spread over all documents."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.evaluate.metrics import normalise
from rag.passages.sentences import LIST_ITEM
from rag.prove.words import read
from rag.types import Document, Hit, Passage, Sentence

if TYPE_CHECKING:
    from rag.index import Index

WORDS = (8, 45)  # of a sentence that is asked about
_ENDED = re.compile(r"[.!]['\"”’)\]]*$")
_MARKED = re.compile(r"^\s*(?:#{1,6}\s|\||>|\w[\w ]{0,30}:\s)")
_LOOKS_BACK = re.compile(
    r"^\W*(?:he|she|it|they|we|i|you|his|her|its|their|our|my|this|that|these|those|such|here|"
    r"there|another|others?|both|the (?:former|latter|same)|as a result|because of this)\b",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"\b(?:I|[Ww]e|[Uu]s|[Oo]urs?|[Mm]y|[Mm]e|[Yy]ou|[Yy]our)\b")
_SAID = re.compile(
    r"\b(?:said|says|stated|stating|told|added|wrote|announced|explained|argued|continued|"
    r"according to|asked|called|tweeted)\b"
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sentence that a question is to be asked of.

    Attributes:
        hit: the passage it stands in, with its document.
    """

    hit: Hit
    sentence: Sentence


def draw(index: Index, seed: int) -> Iterator[Drawn]:
    """Yield sentences that state something by themselves, each once, documents in turn.

    Within a document those with names, numbers or dates come first. The same seed draws the same.

    Args:
        index: of the documents.
        seed: of the order.
    """
    passages: dict[str, list[Passage]] = {}
    for passage in index.passages:
        passages.setdefault(passage.document_id, []).append(passage)
    rng = random.Random(seed)  # noqa: S311 (repeatable draws, nothing secret)
    order = sorted(passages, key=lambda id_: index.documents[id_].source)
    rng.shuffle(order)
    turns = [_of_document(index.documents[id_], passages[id_], seed) for id_ in order]
    seen = set[str]()
    while turns:
        left = []
        for turn in turns:
            for drawn in turn:
                wording = " ".join(re.findall(r"\w+", normalise(drawn.sentence.text).lower()))
                if wording not in seen:
                    seen.add(wording)
                    yield drawn
                    left.append(turn)
                    break
        turns = left


def _of_document(document: Document, passages: list[Passage], seed: int) -> Iterator[Drawn]:
    """Yield the sentences of one document; nothing is looked at before the first is wanted."""
    rng = random.Random(f"{seed} {document.id}")  # noqa: S311 (as above)
    drawn = [
        Drawn(Hit(passage, document, 0.0), sentence)
        for passage in passages
        if passage.kind == "body"
        for sentence in passage.sentences
        if can_be_asked(sentence.text)
    ]
    rng.shuffle(drawn)
    yield from sorted(drawn, key=lambda each: -_facts(each.sentence.text))


def can_be_asked(text: str) -> bool:
    """Tell whether a sentence states something that a question can be asked of.

    Not headings, list items, questions, bare quotations, and what opens with a word that looks
    back ("he", "this").
    """
    if not WORDS[0] <= len(text.split()) <= WORDS[1] or not _ENDED.search(text):
        return False
    if LIST_ITEM.match(text) or _MARKED.match(text) or _LOOKS_BACK.match(text):
        return False
    plain = normalise(text)
    if plain.count('"') % 2 or "http" in plain or "@" in plain:
        return False
    return not _SPEAKER.search(plain) or bool(_SAID.search(plain))


def _facts(text: str) -> int:
    """Count kinds of facts: names, numbers, dates."""
    reading = read(text)
    named = any(word.name and not word.first for word in reading.words)
    return min(2, named + bool(reading.numbers) + bool(reading.dates))
