"""Passages -> their sentences taken apart, with the days that their words mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag.documents import FILE_NAME
from rag.prove.speakers import Source, Speaker, spoken
from rag.prove.tables import Fitted, Row, fit, is_row, row_at
from rag.prove.when import lifespans, resolve
from rag.prove.words import Reading, Word, read, stem
from rag.types import Hit, Passage, Sentence

# What a lifespan in brackets says, in the order of its days.
LIVED = tuple(Word(form, stem(form), name=False, first=False) for form in ("born", "died"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences of one or more passages, taken apart.

    Attributes:
        rows: for each sentence that is a row of a table of figures, what its cells say; else None.
        speakers: for each sentence, whom its document means by "we".
        fits: by their place, rows whose numbers a statement gives and sentences whose speaker it
            names, held against it.
    """

    sentences: tuple[tuple[Hit, Sentence], ...]
    readings: tuple[Reading, ...]
    around: Reading
    text: str
    rows: tuple[Row | None, ...] = ()
    speakers: tuple[Speaker | None, ...] = ()
    fits: Mapping[int, Fitted] = field(default_factory=dict)

    def fitted(self, statement: Reading, text: str) -> Evidence:
        """Return this evidence with rows and first persons read as a statement takes them.

        Args:
            statement: read.
            text: the same in words.
        """
        fits = {
            i: found
            for i, row in enumerate(self.rows)
            if row and (found := fit(row, self.readings[i], statement, text))
        }
        for i, speaker in enumerate(self.speakers):
            known = fits.get(i) or Fitted(self.readings[i])
            row = self.rows[i]
            words = row.caption if row else self.sentences[i][1].text
            source = Source(words, bool(row), text)
            named = speaker and spoken(speaker, known.reading, source, statement)
            if speaker and named:
                heads = (*known.heads, (speaker.start, speaker.end))
                fits[i] = replace(known, reading=named, heads=heads)
        if not fits:
            return self
        readings = (fits[i].reading if i in fits else r for i, r in enumerate(self.readings))
        return replace(self, readings=tuple(readings), fits=fits)

    def cited(self, chosen: Iterable[int]) -> tuple[tuple[Hit, Sentence], ...]:
        """Return the sentences at some places, and behind them the heads of their tables."""
        places = tuple(chosen)
        found = [self.sentences[i] for i in places]
        for i in places:
            if i in self.fits:
                found += heads_of(self.sentences[i][0], self.fits[i].heads)
        return tuple({(h.document.id, s.start): (h, s) for h, s in found}.values())

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


def rows_of(hit: Hit) -> tuple[Row | None, ...]:
    """Return what the cells of each row say, None for each sentence that is no row of figures."""
    return tuple(
        row_at(hit.document, sentence.start) if is_row(sentence.text) else None
        for sentence in hit.passage.sentences
    )


def heads_of(hit: Hit, spans: Sequence[tuple[int, int]]) -> list[tuple[Hit, Sentence]]:
    """Return what says what a sentence is of, in passages of its own where the hit's has it not.

    A long table is cut into several passages, and its head stands in the first.
    """
    inside = {(s.start, s.end): s for s in hit.passage.sentences}
    text = hit.document.text
    found = []
    for start, end in sorted(spans):
        line = Sentence(start, end, text[start:end])
        id_ = f"{hit.document.id}:{start}-{end}"
        own = Passage(id_, hit.document.id, start, end, line.text, (line,))
        there = (start, end) in inside
        found.append((hit, inside[start, end]) if there else (replace(hit, passage=own), line))
    return found
