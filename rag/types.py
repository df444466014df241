"""The values that travel along the way of the data: frozen, and they know their place.

Offsets are characters (code points) into `Document.text`; the law everywhere is
`document.text[x.start:x.end] == x.text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

PlaceKind = Literal[
    "part", "chapter", "sheet", "page", "slide", "heading", "row", "record", "recognised", "line"
]
"""What files are divided into, the widest first; `part` is what stands beside the text proper (a
slide's notes, footnotes, header and footer, quoted mail), `record` an entry of a JSON file;
`recognised` is said of words that were read in a picture, by OCR."""


@dataclass(frozen=True, slots=True)
class Mark:
    """From a character on, the text stands at a place of its file, until the next of its kind.

    Attributes:
        start: offset into `Document.text`.
        kind: what the file is divided into there.
        value: which one ("12", "Budget", "Terms › Payment"); "" where none goes on. Lines are
            counted on from a mark of kind "line" by the line feeds of the text.
    """

    start: int
    kind: PlaceKind
    value: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its file a stretch of text stands.

    Attributes:
        kind: what the file is divided into.
        value: the one in which the stretch begins.
        last: the one in which it ends, where that is another.
    """

    kind: PlaceKind
    value: str
    last: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the documented JSON form (docs/answer-format.md)."""
        return {"kind": self.kind, "value": self.value, "last": self.last}


@dataclass(frozen=True, slots=True)
class Document:
    """One file as read, or one file inside another: its canonical text and what is known about it.

    Attributes:
        id: content hash, the first 32 hex digits of the SHA-256 of the file's bytes; of a file
            inside another, of that hash and its name there.
        root: absolute folder the file was found under (the corpus root).
        source: path relative to `root`, with forward slashes.
        text: canonical text, the only text offsets refer to.
        title: the best title known; never empty (the file name at worst).
        metadata: known facts by name; the names used are `title`, `publisher`, `author`,
            `date` (ISO 8601), `updated`, `created`, `url`, `excerpt`, and whatever else the file
            states; `saved`, the day its file was last written, and `read`, when it was read here.
        origins: for each key of `metadata`, where it came from: "front matter",
            "html metadata", "pdf info", "mail header", "document properties", "first line",
            "largest type on page 1", "byline", "text", "file name", "file time", "reader".
        format: reader that made it: "text", "markdown", "html", "pdf", "docx", …
        also: other relative paths under which the same bytes were found.
        marks: where pages, slides, rows and the like begin, in order of `start`.
        inside: name of the file inside `source` that this is ("report.pdf" in a mail); "" for
            the file itself.
    """

    id: str
    root: str
    source: str
    text: str
    title: str
    metadata: Mapping[str, str]
    origins: Mapping[str, str]
    format: str
    also: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    inside: str = ""

    @property
    def path(self) -> Path:
        """Absolute path of the file."""
        return Path(self.root) / self.source


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence (or list item, or heading line) of a document, with its offsets."""

    start: int
    end: int
    text: str


PassageKind = Literal["body", "metadata", "boilerplate"]


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole consecutive sentences of one document, small enough for the embedder.

    Attributes:
        id: `<document id>:<start>-<end>`; identity, never shown as a number to the reader.
        kind: "body"; "metadata" for the header made from front matter; "boilerplate" for
            an author's biography, a caption list, navigation and the like.
    """

    id: str
    document_id: str
    start: int
    end: int
    text: str
    sentences: tuple[Sentence, ...]
    kind: PassageKind = "body"


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage with its document.

    Attributes:
        score: fused score, higher is better; comparable within one question only.
        signals: what the score is made of: "cosine" (-1 to 1), "bm25" (0 up), "sentence" (cosine
            of the nearest sentence, -1 to 1), "dense_rank", "lexical_rank" and "sentence_rank"
            (from 1); absent when not found that way.
        copies: hits of other documents that tell the same in the same words, and nothing more.
    """

    passage: Passage
    document: Document
    score: float
    signals: Mapping[str, float] = field(default_factory=dict)
    copies: tuple[Hit, ...] = ()


DraftKind = Literal["single", "joint", "composed", "repaired"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What the model wrote, untouched.

    Attributes:
        text: the model's words.
        refused: the model said that the text does not say, or leaned so far to it that it
            was not asked to write.
        logprob: mean log-probability of its tokens, natural log, 0 at best.
        passage_ids: the passages it was shown: one for a single reading, several for a
            joint one.
        source: path of the document of a single reading, "" for a joint one.
        kind: how it was read: "single", "joint", "composed" from proven drafts, or "repaired",
            once more from the evidence of a draft that was not proven.
        holds: log-odds, by the model, that the passage answers the question at all; None
            where that was not asked.
    """

    text: str
    refused: bool
    logprob: float
    passage_ids: tuple[str, ...]
    source: str
    kind: DraftKind = "single"
    holds: float | None = None


class Verdict(StrEnum):
    """What the proof of a sentence came to."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    CONTRADICTED = "contradicted"
    NOT_FOUND = "not found"
    NOT_ANSWERING = "does not answer"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whether a quote still stands in its source.

    Attributes:
        ok: the quote stands at its offsets in the file as it is now.
        found_at: start of the quote in the file's text now, if it stands anywhere.
        reason: why not, in words; "" when ok.
    """

    ok: bool
    found_at: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Exact words of one document.

    Attributes:
        number: position in one answer, from 1, in order of first use.
        source: path as indexed, relative to the corpus root.
        start: first character in the document's text.
        end: one past the last character.
        quote: exactly `document.text[start:end]`.
        metadata: the document's metadata (title, publisher, date, url, ...).
        places: where in its file it stands, the widest place first: page, heading, row, line.
        inside: name of the file inside `source` that is cited, "" for the file itself.
        origins: for each key of `metadata`, where it came from.
        root: the corpus root, needed to resolve; never part of the JSON.
        also: other files in which the quote stands word for word: the same bytes under another
            name, and copies of the passage in other documents. They are no further voices.
    """

    number: int
    source: str
    title: str
    start: int
    end: int
    quote: str
    metadata: Mapping[str, str]
    document_id: str = ""
    root: str = field(default="", repr=False)
    places: tuple[Place, ...] = ()
    inside: str = ""
    also: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, root: str | Path | None = None) -> Resolution:
        """Read the source file again and say whether the quote still stands there.

        Args:
            root: corpus root, where it is not the one the index was made from.
        """
        from rag.documents import as_read, resolve_quote

        return resolve_quote(
            Path(root or self.root),
            self.source,
            self.start,
            self.end,
            self.quote,
            self.inside,
            as_read(self.metadata),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON form (docs/answer-format.md)."""
        return {
            "number": self.number,
            "document_id": self.document_id,
            "source": self.source,
            "inside": self.inside,
            "places": [place.to_json() for place in self.places],
            "title": self.title,
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "metadata": dict(self.metadata),
            "also": list(self.also),
            "origins": dict(self.origins),
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer with its proof.

    Attributes:
        support: 0 to 1, how much of the sentence its citations carry.
        citations: the smallest set of source sentences that carry it, then one set for each
            other document that carries it too.
        reason: why it is withheld, in words a reader understands; "" when supported.
        written: the sentence as the model first wrote it, where it was cut to what is carried or a
            scale was put in.
        answers: 0 to 1, how likely it gives what was asked for; None where that was not judged.
    """

    text: str
    verdict: Verdict
    support: float
    citations: tuple[Citation, ...] = ()
    reason: str = ""
    written: str = ""
    answers: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON form (docs/answer-format.md)."""
        return {
            "text": self.text,
            "verdict": self.verdict.value,
            "support": round(self.support, 4),
            "reason": self.reason,
            "written": self.written,
            "answers": None if self.answers is None else round(self.answers, 4),
            "citations": [c.to_json() for c in self.citations],
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """Statements of one answer that give different values.

    Attributes:
        sides: places of the statements in the answer, from 0, in their order.
        kind: what differs: "number", "date", "yes and no", or the whole "answer".
        newest: the side whose document has the latest date, None where dates do not decide.
    """

    sides: tuple[int, ...]
    kind: str
    newest: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON form (docs/answer-format.md)."""
        return {"sides": list(self.sides), "kind": self.kind, "newest": self.newest}


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of one answer went, in seconds, and what the model read and wrote.

    Attributes:
        first_quote_s: from the question to the first sentences of the documents; None if none.
        first_token_s: from the question to the first word the model wrote; None if none.
        tokens_in: prompt tokens evaluated or restored.
        tokens_out: tokens generated.
    """

    retrieve_s: float = 0.0
    first_token_s: float | None = None
    write_s: float = 0.0
    prove_s: float = 0.0
    total_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    first_quote_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: the same value from Python, the command line and the page.

    Attributes:
        text: the shown answer with `[1]` markers; on abstention a plain sentence saying so.
        statements: what is shown, in order; every one supported.
        withheld: what the model wrote and the proof did not carry, with reasons.
        abstained: nothing proven answers the question.
        closest: on abstention the passages nearest to the question, else empty.
        drafts: what the model wrote, untouched.
        model: name of the model.
        unanswered: parts of a question that asks of several, to which nothing was proven while
            another part was answered.
        conflicts: which statements give different values for one thing.
        asked: which documents were asked, in words, where some were chosen (then with how many of
            how many) or the question says of when they are; "" where all were.
    """

    question: str
    text: str
    statements: tuple[Statement, ...]
    withheld: tuple[Statement, ...]
    abstained: bool
    closest: tuple[Hit, ...]
    drafts: tuple[Draft, ...]
    model: str
    timings: Timings
    unanswered: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    asked: str = ""

    @classmethod
    def from_json(cls, value: Any) -> Answer:
        """Return the answer of a documented JSON form; what that leaves out is empty.

        Left out are the roots of the files and, of what came closest, all of the document but its
        name and facts. So `Answer.from_json(a.to_json()).to_json() == a.to_json()`.

        Raises:
            ValueError: it is no answer, or of another version.
        """
        from rag.reading_back import answer_of

        return answer_of(value)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every distinct citation of the answer, in order of number."""
        seen: dict[int, Citation] = {}
        for statement in self.statements:
            for citation in statement.citations:
                seen.setdefault(citation.number, citation)
        return tuple(seen[number] for number in sorted(seen))

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON form (docs/answer-format.md); stable between releases."""
        t = self.timings
        return {
            "version": 1,
            "question": self.question,
            "text": self.text,
            "abstained": self.abstained,
            "statements": [s.to_json() for s in self.statements],
            "withheld": [s.to_json() for s in self.withheld],
            "unanswered": list(self.unanswered),
            "conflicts": [c.to_json() for c in self.conflicts],
            "asked": self.asked,
            "closest": [
                {
                    "document_id": h.document.id,
                    "source": h.document.source,
                    "inside": h.document.inside,
                    "title": h.document.title,
                    "start": h.passage.start,
                    "end": h.passage.end,
                    "quote": h.passage.text,
                    "metadata": dict(h.document.metadata),
                    "origins": dict(h.document.origins),
                    "score": round(h.score, 6),
                }
                for h in self.closest
            ],
            "drafts": [
                {
                    "text": d.text,
                    "refused": d.refused,
                    "logprob": round(d.logprob, 4),
                    "passages": list(d.passage_ids),
                    "source": d.source,
                    "kind": d.kind,
                    "holds": None if d.holds is None else round(d.holds, 4),
                }
                for d in self.drafts
            ],
            "model": self.model,
            "timings": {
                "retrieve": t.retrieve_s,
                "first_quote": t.first_quote_s,
                "first_token": t.first_token_s,
                "write": t.write_s,
                "prove": t.prove_s,
                "total": t.total_s,
                "tokens_in": t.tokens_in,
                "tokens_out": t.tokens_out,
            },
        }


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Stream event: the passages that will be read, best first."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Sighted:
    """Stream event: sentences of the documents near to the question, nearest first.

    Nobody has judged whether they answer it; their numbers are their own.
    """

    quotes: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Stream event: the model begins to read; `draft` counts from 0.

    Attributes:
        hit: the passage of a single reading, None for a joint or composed one.
    """

    draft: int
    of: int
    hit: Hit | None


@dataclass(frozen=True, slots=True)
class Wrote:
    """Stream event: `text` was appended to draft number `draft`; it is not proven yet.

    Several drafts may be written at once, a word of each in turn.

    Attributes:
        hit: the passage it is written from, None for a joint or composed draft.
    """

    draft: int
    text: str
    hit: Hit | None = None


@dataclass(frozen=True, slots=True)
class Proving:
    """Stream event: the sentences of draft `draft` are about to be held against the documents."""

    draft: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Stream event: one sentence of draft `draft` is settled.

    `sentence` is the model's own words, `statement` carries verdict and citations. The
    numbers count up as sentences settle; the answer itself numbers anew, in its own order.
    """

    draft: int
    sentence: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Done:
    """Stream event: the last one, with the whole answer."""

    answer: Answer


Event = Retrieved | Sighted | Reading | Wrote | Proving | Judged | Done
