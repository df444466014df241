"""What holds of any file whatever: it is read to lawful documents, or refused with a cure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import get_args

import rag.documents
from rag.documents import Found, ReadOptions, header_end, places, told, worker
from rag.documents.characters import CONTROL
from rag.documents.facts import LABELS
from rag.errors import DocumentError
from rag.passages import split_passages
from rag.testing import FakeEmbedder
from rag.types import Document, PlaceKind

_CURE = re.compile(r"[;:] \w.*\.\Z", re.DOTALL)
_MOST_TOKENS = 200
_MOST_PASSAGES = 100_000  # characters; cutting longer texts is not what is tried here
_OPTIONS = ReadOptions(passwords=("wrong",))


class UnlawfulError(AssertionError):
    """A reader did what it may never do."""


def outcome(path: Path) -> frozenset[str]:
    """Read a file twice and return what came of it, in words that are alike for files alike.

    Raises:
        UnlawfulError: a law is broken.
    """
    first, again = _read(path), _read(path)
    if isinstance(first, DocumentError) or isinstance(again, DocumentError):
        if str(first) != str(again):
            raise UnlawfulError(f"read twice: first {first!s:.200}, then {again!s:.200}")
        assert isinstance(first, DocumentError)
        return frozenset([_refused(first, path)])
    if (first.file, first.documents) != (again.file, again.documents):
        raise UnlawfulError(f"read twice: {_differing(first, again)}")
    if list(map(str, first.failed)) != list(map(str, again.failed)):
        raise UnlawfulError("read twice: other files inside it are refused")
    if not first.documents:
        raise UnlawfulError("neither a document nor a refusal")
    ids = {document.id for document in first.documents}
    if len(ids) != len(first.documents):
        raise UnlawfulError("two documents of one id")
    told = {each for document in first.documents for each in _told(document)}
    return frozenset(told | {_refused(error, path) for error in first.failed})


def _differing(first: Found, again: Found) -> str:
    """Return the first thing in which two readings differ."""
    for one, other in zip(first.documents, again.documents, strict=False):
        for name in ("text", "metadata", "origins", "marks", "title", "id"):
            was, is_now = repr(getattr(one, name)), repr(getattr(other, name))
            if was != is_now:
                pairs = enumerate(zip(was, is_now, strict=False))
                at = next((place for place, (one, two) in pairs if one != two), 0)
                return f"{name} … {was[at : at + 80]} and then … {is_now[at : at + 80]}"
    return "another number of documents"


def _read(path: Path) -> Found | DocumentError:
    """Read a file as the process that reads files does."""
    read = worker._done(worker._read, path, path.parent, _OPTIONS)
    assert not isinstance(read, (bytes, int))
    return read


def _refused(error: DocumentError, path: Path) -> str:
    """Return what a refusal says of any file."""
    message = str(error)
    if not message.startswith(str(path)):
        raise UnlawfulError(f"a refusal that does not name its file: {message}")
    if not _CURE.search(message.removeprefix(str(path))):
        raise UnlawfulError(f"a refusal without a cure: {message}")
    _canonical(message, "a refusal")
    inside = message.removeprefix(str(path)).partition(": ")[2]
    return f"{type(error).__name__}: {_alike(inside)}"


def _alike(words: str) -> str:
    """Return a message without what it quotes of the file: words that no reader has are a "#"."""
    words = re.sub(r"\(.*\)", "#", words)  # what a library says, with names of the file's own
    own = (word if word.strip(";,.") in _said_by_readers() else "#" for word in words.split())
    return re.sub(r"#(?: #)+", "#", " ".join(own))


@lru_cache(maxsize=1)
def _said_by_readers() -> frozenset[str]:
    """Return the words that stand in the source of the readers, numbers not among them."""
    files = Path(rag.documents.__file__).parent.rglob("*.py")
    return frozenset(re.findall(r"[^\W\d_]{2,}", " ".join(path.read_text() for path in files)))


def _told(document: Document) -> Iterator[str]:
    """Hold a document against the laws and yield what it is like."""
    text = document.text
    if not text.strip():
        raise UnlawfulError("a document without text")
    _canonical(text, "the text")
    if text.startswith("\ufeff"):
        raise UnlawfulError("a byte order mark")
    for key, value in document.metadata.items():
        _canonical(value, f"the fact {key}")
    if document.metadata.keys() != document.origins.keys():
        raise UnlawfulError("a fact without an origin, or an origin without a fact")
    if not document.title.strip() or document.title != document.metadata["title"]:
        raise UnlawfulError("no title")
    if not 0 <= header_end(document) <= len(text):
        raise UnlawfulError("a header that ends outside of the text")
    _check_marks(document)
    if len(text) <= _MOST_PASSAGES:
        _check_passages(document)
    kinds = Counter(mark.kind for mark in document.marks)
    for kind, count in kinds.items():
        yield f"{document.format}: {kind} {'once' if count == 1 else 'often'}"
    for key, origin in document.origins.items():
        yield f"{document.format}: {key if key in LABELS else 'another fact'} of {origin}"
    for each in document.metadata.get("note", "").split("; "):
        yield f"{document.format}: {_alike(each)}"


def _said(words: str, what: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError:
        raise UnlawfulError(f"half a character in {what}") from None


def _canonical(text: str, what: str) -> None:
    """Refuse what is not canonical: other line ends, control characters, halves of characters."""
    _said(text, what)
    if CONTROL.search(text) or "\r" in text:
        raise UnlawfulError(f"{what} is not canonical")


def _check_marks(document: Document) -> None:
    before = 0
    for mark in document.marks:
        if not before <= mark.start < len(document.text):
            raise UnlawfulError(f"{mark} lies outside of the text, or out of order")
        if mark.kind not in get_args(PlaceKind):
            raise UnlawfulError(f"{mark} is of no known kind")
        # The printed pages of a book may be called anything.
        counted = mark.kind in ("line", "slide", "row", "record") or document.format == "pdf"
        if counted and mark.kind != "heading" and not re.fullmatch(r"\d*", mark.value):
            raise UnlawfulError(f"{mark} is no number")
        _canonical(mark.value, f"the mark {mark}")
        before = mark.start
    for start in {0, len(document.text) // 2, len(document.text) - 1}:
        told(places(document, start, len(document.text)))


def _check_passages(document: Document) -> None:
    """Hold sentences and passages against the law of `rag.passages`."""
    text = document.text
    passages = split_passages(
        document, count_tokens=FakeEmbedder().count_tokens, max_tokens=_MOST_TOKENS
    )
    at = 0
    for sentence in (sentence for passage in passages for sentence in passage.sentences):
        if text[sentence.start : sentence.end] != sentence.text:
            raise UnlawfulError("a sentence that does not stand where it says")
        if sentence.start < at or text[at : sentence.start].strip():
            raise UnlawfulError("a sentence that overlaps another, or words in none")
        at = sentence.end
    if text[at:].strip():
        raise UnlawfulError("words behind the last sentence")
    for passage in passages:
        if text[passage.start : passage.end] != passage.text:
            raise UnlawfulError("a passage that does not stand where it says")
