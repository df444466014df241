"""Words in common with a question, scored by BM25; the only file that knows tantivy."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from rag.index.files import share
from rag.types import Document, Passage

# How much a word found in a field adds. The words of title and facts stand in every passage of a
# document: they choose between documents, the body chooses within one.
BOOSTS: Mapping[str, float] = {"body": 1.0, "title": 0.4, "facts": 0.4, "keys": 0.6}

# What a question may call a fact; found with the passages that state it.
FACT_WORDS: Mapping[str, str] = {
    "title": "title headline heading called named",
    "publisher": "publisher published publication outlet source site website newspaper magazine",
    "author": "author wrote written writer byline journalist reporter reported",
    "date": "date dated published publication day month year time",
    "updated": "date updated changed modified day month year time",
    "url": "url link address web webpage website online page",
    "excerpt": "excerpt summary abstract description",
}

_ROW_BITS = 32  # of the number that tells an entry; above them stands the segment
_HEAP = 64_000_000  # bytes of entries that are held before they are written

# Words of a question that say nothing about what a passage holds. Only questions are stripped of
# them, so that the index holds every word.
STOP_WORDS = frozenset(
    (
        "a about am an and any are as at be been being but by can could did do does doing for "
        "from had has have having he her hers him his how i if in into is it its itself let may "
        "me might must my of on or our ours please shall she should so some such tell than that "
        "the their theirs them then there these they this those through to too under until up us "
        "was we were what when where which while who whom whose why will with would you your "
        "yours also just s t d ll m re ve aren couldn didn doesn don hadn hasn haven isn mustn "
        "shouldn wasn weren won wouldn"
    ).split(" ")
)

_WORD = re.compile(r"[^\W_]+")
_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://([^/?#]+)", re.I)
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}")


def content_words(question: str) -> list[str]:
    """Return the words of a question that may tell passages apart, in order.

    A stop word in capitals amid small letters is a name: "US", "WHO", "IT".
    """
    question = _joined(question)
    shouting = question.upper() == question
    words = []
    for word in _WORD.findall(question):
        name = len(word) > 1 and word.isupper() and not shouting
        if name or word.lower() not in STOP_WORDS:
            words.append(word)
    return words


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage among the words.

    Attributes:
        segment: number of the segment it lies in.
        row: its row there.
        document: id of its document.
        fields: what it can be found by.
    """

    segment: int
    row: int
    document: str
    fields: Mapping[str, str]


class Words:
    """Which passages hold which words."""

    def __init__(self, index: Any) -> None:
        # What is opened never changes: no thread need watch the folder for a new state.
        index.config_reader("manual")
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def write(cls, folder: Path, entries: Iterable[Entry]) -> None:
        """Write the entries into a new folder.

        Raises:
            OSError: the disk is full, or the like.
        """
        import tantivy

        folder.mkdir()
        try:
            _change(tantivy.Index(_schema(), path=str(folder)), (), (), entries)
        except ValueError as error:
            raise _as_os_error(error) from error
        _unlock(folder)

    @classmethod
    def update(
        cls,
        old: Path,
        folder: Path,
        segments: Iterable[int],
        documents: Iterable[str],
        entries: Iterable[Entry],
    ) -> None:
        """Write a new folder that holds what an old one does, but for what changed.

        The files of tantivy never change once they are written, so both folders share them, where
        the file system can; it costs what changed, not what is there.

        Args:
            old: stays as it is.
            folder: to be made.
            segments: numbers of those that leave.
            documents: ids of those that leave.
            entries: that come.

        Raises:
            OSError: the disk is full, or the like.
        """
        import tantivy

        folder.mkdir()
        for file in sorted(old.iterdir()):
            if file.suffix == ".lock":
                continue
            share(file, folder / file.name, copied=file.suffix == ".json")
        try:
            _change(tantivy.Index.open(str(folder)), segments, documents, entries)
        except ValueError as error:
            raise _as_os_error(error) from error
        _unlock(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open the written folder.

        Raises:
            ValueError: tantivy cannot read it.
        """
        import tantivy

        if os.access(folder, os.W_OK):
            return cls(tantivy.Index.open(str(folder)))
        # tantivy makes a lock file even to read: what may not be written is read from a copy.
        copy = Path(tempfile.mkdtemp(prefix="footnote-words-"))
        try:
            for file in folder.iterdir():
                shutil.copyfile(file, copy / file.name)
            words = cls(tantivy.Index.open(str(copy)))
        except BaseException:
            shutil.rmtree(copy, ignore_errors=True)
            raise
        weakref.finalize(words, shutil.rmtree, copy, ignore_errors=True)
        return words

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def count(self, segment: int) -> int:
        """Return how many entries are of a segment."""
        import tantivy

        term = tantivy.Query.term_query(self._schema, "segment", str(segment))
        return int(self._searcher.search(term, limit=1, count=True).count or 0)

    def search(self, question: str, k: int) -> list[tuple[int, int, float]]:
        """Return segment, row and BM25 score of the `k` best, best first, equal ones in order.

        The question is plain words: it is never parsed, so nothing in it is query syntax.
        """
        import tantivy

        terms = dict.fromkeys(_analyzer().analyze(" ".join(content_words(question))))
        k = min(k, len(self))
        if not terms or k < 1:
            return []
        wanted = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(name, term), boost))
            for term in terms
            for name, boost in BOOSTS.items()
        ]
        query = tantivy.Query.boolean_query(wanted)
        found = self._searcher.search(query, limit=k, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in found])
        scored = [
            (int(row) >> _ROW_BITS, int(row) & ((1 << _ROW_BITS) - 1), float(score))
            for row, (score, _) in zip(rows, found, strict=True)
        ]
        return sorted(scored, key=lambda each: (-each[2], each[:2]))

    def _term(self, name: str, term: str) -> Any:
        import tantivy

        return tantivy.Query.term_query(self._schema, name, term, index_option="freq")


def entry_of(document: Document, passage: Passage) -> dict[str, str]:
    """Return what a passage can be found by, by field."""
    text = passage.text.casefold()
    stated = {k: v for k, v in document.metadata.items() if k in FACT_WORDS and v}
    # The title stands in its own field, and the path of an address mostly says it once more. The
    # passage that states the whole address is found by its body.
    facts = [stated[k] for k in ("publisher", "author", "date", "updated") if k in stated]
    fields = {
        "body": passage.text,
        "title": document.title,
        "facts": "\n".join([*facts, *_HOST.findall(stated.get("url", "")), document.source]),
        "keys": " ".join(FACT_WORDS[k] for k, v in stated.items() if v.casefold() in text),
    }
    # Lone surrogates (from a file name that is not UTF-8) are no text to tantivy.
    return {
        name: _joined(value.encode("utf-8", "replace").decode()) for name, value in fields.items()
    }


def _change(
    index: Any, segments: Iterable[int], documents: Iterable[str], entries: Iterable[Entry]
) -> None:
    """Take entries out and others in, in one step."""
    import tantivy

    index.register_tokenizer("words", _analyzer())
    # One thread makes one segment of a first build, so the scores do not depend on the machine.
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    for number in segments:
        writer.delete_documents_by_term("segment", str(number))
    for identity in documents:
        writer.delete_documents_by_term("document", identity)
    for entry in entries:
        document = tantivy.Document()
        document.add_unsigned("row", entry.segment << _ROW_BITS | entry.row)
        document.add_text("segment", str(entry.segment))
        document.add_text("document", entry.document)
        for name, text in entry.fields.items():
            document.add_text(name, text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _unlock(folder: Path) -> None:
    for lock in folder.glob(".*.lock"):
        lock.unlink()


def _as_os_error(error: ValueError) -> OSError:
    """Return what tantivy calls a ValueError as what it is: a full disk and the like."""
    number = re.search(r"(?:os error|code:) (\d+)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(str(error))


def _joined(text: str) -> str:
    """Return the text with dotted abbreviations joined: "U.S." and "US" are one word."""
    return _DOTTED.sub(lambda match: match[0].replace(".", ""), text)


@cache
def _analyzer() -> Any:
    """Return what cuts text into terms: letters and digits, small, without accents, stems."""
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (
        tantivy.Filter.remove_long(80),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stemmer("english"),
    ):
        builder = builder.filter(step)
    return builder.build()


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", fast=True)
    # What entries are removed by.
    for name in ("segment", "document"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in BOOSTS:
        builder.add_text_field(name, tokenizer_name="words", index_option="freq")
    return builder.build()
