"""A claim + passages -> the few sentences of them that bear on it, as one short text.

A model reads short evidence better and faster than long. What a passage says before a sentence
tells who "he" is, so each sentence brings the one before it where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.passages import heading
from rag.prove.rarity import Rarity, match
from rag.prove.words import read
from rag.types import Hit, Sentence

# Words of evidence the model is shown; a passage is about this long.
WORDS = 180


def window(claim: str, hits: Sequence[Hit], rarity: Rarity, *, most: int = WORDS) -> str:
    """Return the sentences that have most of a claim's words, in their own order.

    Args:
        claim: the statement to be judged.
        hits: passages to take sentences from; each document's stand under its heading.
        rarity: weights of words in the index at hand.
        most: how many words, headings not counted; at least one sentence is returned.
    """
    said = read(claim)
    weights = {word.stem: rarity.weight(word.stem) for word in said.words}
    rows = [(hit, sentence) for hit in hits for sentence in hit.passage.sentences]
    readings = [read(sentence.text) for _, sentence in rows]

    def near(row: int) -> float:
        found = readings[row]
        facts = len(said.numbers & found.numbers) + len(said.weekdays & found.weekdays)
        facts += sum(any(d.carries(x) for d in found.dates) for x in said.dates)
        return 3.0 * facts + sum(w * match(stem, found.stems) for stem, w in weights.items())

    size = [len(sentence.text.split()) for _, sentence in rows]
    chosen: set[int] = set()
    room = most
    for row in sorted(range(len(rows)), key=near, reverse=True):
        for one in (row, row - 1):
            before = one >= 0 and rows[one][0].passage.id == rows[row][0].passage.id
            if one not in chosen and before and (size[one] <= room or not chosen):
                chosen.add(one)
                room -= size[one]
    return _laid_out([(i, *rows[i]) for i in sorted(chosen)])


def quoted(cited: Sequence[tuple[Hit, Sentence]]) -> str:
    """Return cited sentences as a reader meets them: headed, each after the one before it.

    Args:
        cited: sentences with their passages.
    """
    places: dict[str, set[int]] = {}
    for hit, sentence in cited:
        place = hit.passage.sentences.index(sentence)
        places.setdefault(hit.passage.id, set()).update({place, max(0, place - 1)})
    hits = {hit.passage.id: hit for hit, _ in cited}
    rows = []
    first = 0
    for passage, kept in places.items():
        sentences = hits[passage].passage.sentences
        rows += [(first + place, hits[passage], sentences[place]) for place in sorted(kept)]
        first += len(sentences) + 1
    return _laid_out(rows)


def headed(hit: Hit, beside: Sequence[Sentence]) -> str:
    """Return the heading of a passage with lines of its document that stand elsewhere.

    Args:
        hit: the passage.
        beside: what says what its sentences are of, such as the head of a table.
    """
    lines = "\n".join(sentence.text for sentence in beside)
    return "\n\n".join(filter(None, (heading(hit.document), lines)))


def _laid_out(chosen: Sequence[tuple[int, Hit, Sentence]]) -> str:
    text, last_row, last_document = "", -2, ""
    for row, hit, sentence in chosen:
        if hit.document.id != last_document:
            line = heading(hit.document)
            text += ("\n\n" if text else "") + (f"{line}\n\n" if line else "")
        elif text:
            text += " " if row == last_row + 1 else " … "
        text += sentence.text
        last_row, last_document = row, hit.document.id
    return text
