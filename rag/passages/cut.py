"""Blocks to Passages: where to cut, so that each passage can be read alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.passages.kinds import blocks, introduces, is_item
from rag.passages.sentences import trim
from rag.types import Document, Passage, PassageKind, Sentence

CountTokens = Callable[[Sequence[str]], list[int]]

TARGET_TOKENS = 150
"""Size passages are balanced around: enough to resolve a pronoun, little enough to read fast."""

Edge = Literal["paragraph", "line", "sentence", "piece", "glued"]
# What it costs to cut before a sentence, in the unit of `_size_cost`, by what that would part.
_EDGE_COST: dict[Edge, float] = {
    "paragraph": 0.0,
    "line": 0.4,
    "sentence": 1.2,
    "piece": 2.0,
    "glued": 4.0,
}
_PASSAGE_COST = 0.1
_CLAUSE_END = re.compile(r"[;:,—–][\"”’)]*\s+|(?<=\S)\s+(?=[(\[“—–])")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence on its way into a passage; `edge` says what a cut before it would part."""

    sentence: Sentence
    kind: PassageKind
    edge: Edge


def split_passages(
    document: Document, *, count_tokens: CountTokens, max_tokens: int
) -> list[Passage]:
    """Cut a document into passages of whole consecutive sentences.

    Cuts fall between paragraphs where they can, so that a pronoun stays with what it stands for,
    and sizes are balanced around `TARGET_TOKENS`. A list stays with the line that introduces it
    and a heading with its text; where a list is too long for one passage, the introduction keeps
    its first items and the others follow in the next passage, since passages never overlap. A
    sentence longer than `max_tokens` is cut at a clause, else at a space, else anywhere; its
    pieces are then the sentences, and nothing is dropped. The header of stated facts (kind
    "metadata") and boilerplate are passages of their own kind, except short credits between a
    headline and its text.

    Args:
        document: what to cut.
        count_tokens: lengths of texts in the embedder's tokens.
        max_tokens: most tokens of a passage; the caller takes off what the heading needs.
    """
    parts = _cut_long(list(_parts(document)), count_tokens, max_tokens)
    groups: list[list[_Part]] = []
    at = 0
    counts = count_tokens([part.sentence.text for part in parts]) if parts else []
    for i in range(1, len(parts) + 1):
        if i == len(parts) or parts[i].kind != parts[at].kind:
            groups += _partition(parts[at:i], counts[at:i], max_tokens)
            at = i
    fitting = _enforce(groups, document, count_tokens, max_tokens)
    return [_passage(document, group) for group in fitting]


def _parts(document: Document) -> Iterator[_Part]:
    """Yield every sentence with what a cut before it would part."""
    for block in blocks(document):
        for i, unit in enumerate(block.units):
            edge: Edge = "glued" if block.glued else "paragraph"
            if i:
                belongs = is_item(unit) or introduces(block.units[i - 1])
                edge = "glued" if belongs and block.kind == "body" else "line"
            for j, sentence in enumerate(unit):
                yield _Part(sentence, block.kind, "sentence" if j else edge)


def _partition(parts: list[_Part], counts: list[int], max_tokens: int) -> list[list[_Part]]:
    """Cut a run of sentences of one kind at the cheapest places: a shortest path over them."""
    target = min(TARGET_TOKENS, max_tokens)
    best = [0.0] + [float("inf")] * len(parts)
    back = [0] * (len(parts) + 1)
    for end in range(1, len(parts) + 1):
        size = 0
        for start in range(end - 1, -1, -1):
            size += max(1, counts[start])
            if size > max_tokens and start < end - 1:
                break
            cut = _EDGE_COST[parts[start].edge] if start else 0.0
            cost = best[start] + cut + _PASSAGE_COST + _size_cost(size, target)
            if cost < best[end]:
                best[end], back[end] = cost, start
    groups: list[list[_Part]] = []
    end = len(parts)
    while end:
        groups.append(parts[back[end] : end])
        end = back[end]
    return groups[::-1]


def _size_cost(size: int, target: int) -> float:
    """Return the squared distance from the target, in targets."""
    return ((size - target) / target) ** 2


def _enforce(
    groups: list[list[_Part]], document: Document, count_tokens: CountTokens, max_tokens: int
) -> list[list[_Part]]:
    """Halve passages that are too long after all: counts of parts need not add up exactly."""
    while groups:
        texts = [document.text[g[0].sentence.start : g[-1].sentence.end] for g in groups]
        fits = [
            size <= max_tokens or len(group) == 1
            for group, size in zip(groups, count_tokens(texts), strict=True)
        ]
        if all(fits):
            break
        halved: list[list[_Part]] = []
        for group, fit in zip(groups, fits, strict=True):
            half = len(group) // 2
            halved += [group] if fit else [group[:half], group[half:]]
        groups = halved
    return groups


def _cut_long(parts: list[_Part], count_tokens: CountTokens, max_tokens: int) -> list[_Part]:
    """Cut in two, again and again, the sentences that alone are longer than a passage may be."""
    fits = [False] * len(parts)
    while not all(fits):
        waiting = [i for i, fit in enumerate(fits) if not fit]
        sizes = count_tokens([parts[i].sentence.text for i in waiting])
        for i, size in zip(waiting, sizes, strict=True):
            fits[i] = size <= max_tokens or len(parts[i].sentence.text) < 2
        cut = [[part] if fit else _halves(part) for part, fit in zip(parts, fits, strict=True)]
        fits = [len(pieces) == 1 for pieces in cut for _ in pieces]
        parts = [piece for pieces in cut for piece in pieces]
    return parts


def _halves(part: _Part) -> list[_Part]:
    """Return the two halves of a sentence, cut where it hurts least."""
    text, start = part.sentence.text, part.sentence.start
    middle = _cut_place(text)
    halves: list[_Part] = []
    for first, last in ((0, middle), (middle, len(text))):
        if span := trim(text, first, last):
            piece = Sentence(start + span[0], start + span[1], text[slice(*span)])
            halves.append(_Part(piece, part.kind, "piece" if halves else part.edge))
    return halves


def _cut_place(text: str) -> int:
    """Return the clause end nearest the middle of a text, else a space, else the middle."""
    for pattern in (_CLAUSE_END, _SPACE):
        fifth = len(text) // 5
        places = [found.end() for found in pattern.finditer(text)]
        near = [place for place in places if max(1, fifth) <= place <= len(text) - max(1, fifth)]
        if near:
            return min(near, key=lambda place: abs(2 * place - len(text)))
    return len(text) // 2


def _passage(document: Document, parts: list[_Part]) -> Passage:
    start, end = parts[0].sentence.start, parts[-1].sentence.end
    return Passage(
        id=f"{document.id}:{start}-{end}",
        document_id=document.id,
        start=start,
        end=end,
        text=document.text[start:end],
        sentences=tuple(part.sentence for part in parts),
        kind=parts[0].kind,
    )
