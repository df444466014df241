"""Bytes of a file to text: which encoding."""

from __future__ import annotations

import codecs
import re

from rag.documents.characters import CONTROL
from rag.documents.source import Source

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"GGUF", "a model file"),
    (b"SQLite format 3", "a database"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_MAX_CONTROL_SHARE = 0.05  # more than one control character in twenty is no text

# What Windows-1252 text never looks like: signs inside a word, a capital inside a small word, or
# letters only Icelandic has, where other code pages have some of their commonest ones.
_NOT_WESTERN = re.compile(r"[^\W\d_][¡-©«-´¶¸-¿×÷ˆ˜†‡ƒ‰][^\W\d_]|[a-zà-ÿ][À-Þ][a-zà-ÿ]|[ðþÐÞýÝ]")
_MAX_ACCENTED_SHARE = 0.25  # of all letters; a French sentence stays below, Greek does not


def decode(source: Source, notes: list[str], *, declared: str | None = None) -> str:
    """Return the bytes of a file as text.

    A byte order mark decides, then UTF-8 if the bytes are valid UTF-8, then what the file
    declares. Everything else is a guess, and noted as one: UTF-16 without a mark, Windows-1252
    where the result looks like a Western language, else what charset-normalizer says.

    Args:
        source: the file.
        notes: a guess is added here.
        declared: encoding the file itself names.

    Raises:
        UnreadableDocumentError: the bytes are no text.
    """
    data = source.data
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise source.refused(
                f"it holds {kind}; give it the suffix of what it is, or convert it"
            )
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return _checked(data.decode(encoding), source)
            except UnicodeDecodeError as error:
                problem = f"it begins as {encoding.upper()} and is damaged at byte {error.start}"
                raise source.refused(f"{problem}; save it as UTF-8 again") from None
    if b"\0" not in data:
        for known in ("utf-8", declared):
            if known and (text := _try(data, known)) is not None:
                return _checked(text, source)
    text, guessed = _guess(data, source)
    notes.append(f"read as {guessed}, a guess: the file does not say how it is encoded")
    return _checked(text, source)


def _checked(text: str, source: Source) -> str:
    """Refuse what decodes but is no text."""
    controls = sum(1 for _ in CONTROL.finditer(text))
    if "\0" in text or controls > max(8, _MAX_CONTROL_SHARE * len(text)):
        raise source.refused("it holds binary data, not text; leave it out or convert it")
    return text


def _try(data: bytes, encoding: str) -> str | None:
    try:
        # Pages that say Latin-1 mean Windows-1252, as every browser knows.
        if codecs.lookup(encoding).name in {"iso8859-1", "ascii"}:
            encoding = "cp1252"
        return data.decode(encoding)
    except (ValueError, LookupError):  # a codec of no text, such as "undefined", raises these too
        return None


def _guess(data: bytes, source: Source) -> tuple[str, str]:
    """Return text and encoding of bytes that neither declare theirs nor are UTF-8."""
    if b"\0" in data:
        for encoding in ("utf-16-le", "utf-16-be"):
            text = _try(data, encoding)
            if text and sum(c.isascii() for c in text) > len(text) / 2 and not CONTROL.search(text):
                return text, encoding.upper()
        raise source.refused("it holds binary data, not text; leave it out or convert it")
    western = _try(data, "cp1252")
    if western and _looks_western(western):
        return western, "Windows-1252"
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        raise source.refused("its encoding is unknown; save it as UTF-8")
    return str(best), "Windows-1252" if str(best) == western else best.encoding


def _looks_western(text: str) -> bool:
    """Say whether text read as Windows-1252 looks right."""
    letters = sum(c.isalpha() for c in text)
    accented = sum(c.isalpha() and not c.isascii() for c in text)
    return accented <= _MAX_ACCENTED_SHARE * letters and not _NOT_WESTERN.search(text)
