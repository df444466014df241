"""Headers of a message: encoded words, bare bytes, dates, and what they state."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Iterator
from email.errors import MessageError
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from rag.documents.characters import note_left_out, without_controls
from rag.documents.facts import Fact

T = TypeVar("T")

# What the standard library raises on headers that are none.
BROKEN = (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError)
_ODD_CODECS = frozenset(["undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape"])
_ENCODED = r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*(?: [^?\s]+)*)\?="
_ENCODED_WORD = re.compile(_ENCODED)
_BETWEEN = re.compile(rf"({_ENCODED})\s+(?={_ENCODED})")


def stated_facts(message: Message[Any, Any], notes: list[str]) -> list[Fact]:
    """Return who wrote to whom, when and about what."""
    stated: dict[str, str] = {}
    for name, raw in raw_headers(message):
        stated.setdefault(name.lower(), header(raw, notes))
    if not stated.get("date"):
        notes.append("the mail does not say when it was sent")
    return [
        fact
        for fact in (
            Fact("author", "From", stated.get("from", "")),
            Fact("to", "To", stated.get("to", "")),
            Fact("cc", "Cc", stated.get("cc", "")),
            Fact("title", "Subject", stated.get("subject", "")),
            Fact("date", "Sent", _sent(stated.get("date", ""))),
        )
        if fact.value
    ]


def _sent(stated: str) -> str:
    """Return a date in ISO 8601 with its zone where it has one, else as it is stated."""
    try:
        return parsedate_to_datetime(stated).isoformat()
    except (ValueError, TypeError, LookupError, OverflowError, AttributeError):
        return stated


def header(raw: str, notes: list[str]) -> str:
    """Return a header line as it is meant: one line, encoded words and bare bytes as text."""
    words = _BETWEEN.sub(r"\1", " ".join(bare(raw).split()))
    out: list[str] = []
    at = 0
    waiting: tuple[str, bytes] | None = None  # a character may be cut between two encoded words
    for found in _ENCODED_WORD.finditer(words):
        if waiting and (found.start() > at or waiting[0] != found[1].lower()):
            out.append(_said(waiting[1], waiting[0]))
            waiting = None
        out.append(words[at : found.start()])
        data = (waiting[1] if waiting else b"") + _encoded(found[2], found[3])
        waiting, at = (found[1].lower(), data), found.end()
    if waiting:
        out.append(_said(waiting[1], waiting[0]))
    clean, left_out = without_controls("".join(out) + words[at:])
    note_left_out(left_out, notes)
    return " ".join(clean.split())


def bare(raw: str) -> str:
    """Return a header line with the bytes in it that are not ASCII, and undeclared, as text."""
    if re.search("[\udc80-\udcff]", raw):
        return _said(raw.encode("utf-8", "surrogateescape"), "utf-8")
    return raw


def _encoded(form: str, words: str) -> bytes:
    data = words.encode("ascii", "replace")
    if form in "bB":
        return decoded_base64(data)
    return binascii.a2b_qp(data, header=True)


def _said(data: bytes, charset: str) -> str:
    """Return the bytes of a header line as text: as stated, else UTF-8, else Windows-1252."""
    known = charset_of(charset)
    for encoding in (known, "utf-8"):
        if encoding:
            try:
                return re.sub("[\ud800-\udfff]", "\ufffd", data.decode(encoding))
            except (UnicodeError, LookupError):
                continue
    return data.decode("cp1252", "replace")


def ask(question: Callable[[], T], otherwise: T) -> T:
    """Return what a header says, `otherwise` where it is so broken that the library fails."""
    try:
        return question()
    except BROKEN:
        return otherwise


def raw_headers(part: Message[Any, Any]) -> Iterator[tuple[str, str]]:
    """Return names and values as they came, which no broken one can keep from being read."""
    return ((name, str(value)) for name, value in part.raw_items())


def charset_of(name: str | None) -> str | None:
    """Return the name of an encoding that Python has and that makes text of bytes, else None."""
    try:
        known = codecs.lookup(name or "").name
        if known in ("iso8859-1", "ascii"):  # which say less than what is meant, as everybody knows
            return "cp1252"
        return None if known.replace("-", "_") in _ODD_CODECS else known
    except (LookupError, ValueError):
        return None


def decoded_base64(data: bytes) -> bytes:
    """Return what can be decoded, whatever stands in between or is missing at the end."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    return base64.b64decode(clean[: len(clean) - (len(clean) % 4 == 1)] + b"==")
