"""Passages -> their sentences taken apart, with the days that their words mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rag.documents import FILE_NAME
from rag.prove.when import lifespans, resolve
from rag.prove.words import Reading, Word, read, stem
from rag.types import Hit, Sentence

# What a lifespan in brackets says, in the order of its days.
LIVED = tuple(Word(form, stem(form), name=False, first=False) for form in ("born", "died"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences of one or more passages, taken apart."""

    sentences: tuple[tuple[Hit, Sentence], ...]
    readings: tuple[Reading, ...]
    around: Reading
    text: str

    @property
    def stems(self) -> frozenset[str]:
        """Stems of the sentences and of what stands above them."""
        found = frozenset[str]().union(*(r.stems for r in self.readings))
        return found | self.around.stems

    def stems_of(self, chosen: Iterable[int]) -> frozenset[str]:
        """Stems of the sentences at some places."""
        return frozenset[str]().union(*(self.readings[i].stems for i in chosen))

    def stems_before(self, chosen: Iterable[int]) -> frozenset[str]:
        """Stems of the two sentences before each of some places."""
        return self.stems_of(j for i in chosen for j in range(max(0, i - 2), i))

    @property
    def names(self) -> frozenset[str]:
        """Stems of what is written with a capital inside a sentence."""
        return frozenset(w.stem for r in self.readings for w in r.words if w.name and not w.first)


def readings_of(hit: Hit) -> tuple[Reading, ...]:
    """Read the sentences of a passage, with the days that their words mean in this document.

    Days of birth and death in brackets say that somebody was born and died.
    """
    texts = [sentence.text for sentence in hit.passage.sentences]
    metadata, origins = hit.document.metadata, hit.document.origins
    # Too little to count "yesterday" from is the date in a name that somebody gave the file.
    stated = metadata.get("date", "") if origins.get("date") != FILE_NAME else ""
    days = [d for d in read(stated).dates if d.day]
    meant = resolve(texts, days[0] if days else None)
    return tuple(
        replace(
            reading,
            words=(*reading.words, *(LIVED if lifespans(text) else ())),
            dates=(*reading.dates, *when.dates),
            weekdays=reading.weekdays | when.weekdays,
        )
        for text, reading, when in zip(texts, map(read, texts), meant, strict=True)
    )
