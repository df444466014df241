"""Facts and body to a Document: the header, and title and author where no fact states them."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from rag.documents.characters import clean, on_one_line
from rag.documents.dates import apart, file_time, name_date, text_dates, today
from rag.documents.source import MOST_CHARACTERS, RECOGNISED, Content, Source
from rag.errors import UnreadableDocumentError
from rag.types import Document

FRONT_MATTER = "front matter"
HTML_METADATA = "html metadata"
FIRST_LINE = "first line"
LARGEST_TYPE = "largest type on page 1"
BYLINE = "byline"
FILE_NAME = "file name"
TEXT = "text"
FILE_TIME = "file time"
READER = "reader"
PDF_INFO = "pdf info"
PROPERTIES = "document properties"
MAIL_HEADER = "mail header"
_GUESSED = frozenset([FIRST_LINE, LARGEST_TYPE, BYLINE, FILE_NAME, TEXT, FILE_TIME, READER])
_NOT_PROSE = frozenset(["csv", "xlsx", "json", "jsonl", "eml", "mbox"])
"""Formats whose lines are data or have a header; a date in them is not that of the document."""

_APART = "\n\n"  # between header and body
_MAX_HEADLINE = 160  # characters
_BYLINE_LINES = 12
_ENDS_LIKE_A_SENTENCE = re.compile(r"[.,;:…][\"'”’)\]]*\Z")
_NAME = (
    r"(?:(?:[dD][eiau]|[vV][ao]n|der|den|la|le|al|bin|bint|el|y|[^\W\d_a-z][\w.’'-]*)\s+){1,4}"
    r"[^\W\d_a-z][\w’'-]+"
)
_ROLE = (
    r"(?![^,]*\b(?:Editor|Writer|Reporter|Correspondent|Columnist|Contributor|Staff|Analyst)s?\b)"
)
_BYLINE = re.compile(
    rf"[ \t]*(?:(?:[Ww]ritten|[Rr]eported|[Pp]osted|[Ss]tory|[Tt]ext)[ \t]+)?(?:[Bb]y|BY):?[ \t]+"
    rf"(?P<name>{_NAME}(?:(?:,[ ]{_ROLE}{_NAME})*,?[ ](?:and|&)[ ]{_ROLE}{_NAME})?)"
    r"(?:[ \t]*[,|–—-][^.!?]{0,60})?[ \t]*"
)


def compose(source: Source, root: Path, content: Content, identity: str) -> Document:
    """Make a Document of what a reader made of a file.

    Args:
        source: the file.
        root: corpus root it lies under.
        content: what the reader made of it.
        identity: of the document.

    Raises:
        EmptyDocumentError: neither facts nor text.
        UnreadableDocumentError: the file does not lie under the root, or has too much text.
    """
    name = _source(source.path, root)
    notes = list(content.notes)
    content.body.note(notes)
    stated = [fact._replace(value=clean(fact.value, notes)) for fact in content.facts]
    stated = [fact for fact in stated if fact.value.strip()]
    body = content.body.text
    header = "\n".join(f"{fact.label}: {fact.value}" for fact in stated)
    if not body.strip():
        body = ""
    text = _APART.join(part for part in (header, body) if part.strip())
    if not text.strip():
        raise source.empty()
    if len(text) > MOST_CHARACTERS:
        most = f"it has {len(text):,} characters and at most {MOST_CHARACTERS:,} are read"
        raise source.refused(f"{most}; split it")
    ahead = len(text) - len(body)
    metadata = {fact.key: fact.value for fact in stated}
    origins = {fact.key: fact.origin or content.origin for fact in stated}
    if "title" not in metadata:
        metadata["title"], origins["title"] = _guessed_title(source, content, body)
    if "author" not in metadata and (author := byline(body)):
        metadata["author"], origins["author"] = author, BYLINE
    _date(source, "" if content.format in _NOT_PROSE else body, metadata, origins, notes)
    if content.recognised:
        metadata[RECOGNISED], origins[RECOGNISED] = content.recognised, READER
    if notes:
        # Some quote the file, and what it says must not reach a terminal as an order.
        metadata["note"], origins["note"] = on_one_line("; ".join(notes)), READER
    return Document(
        id=identity,
        root=str(absolute(root)),
        source=name,
        text=text,
        title=metadata["title"],
        metadata=metadata,
        origins=origins,
        format=content.format,
        marks=tuple(replace(mark, start=mark.start + ahead) for mark in content.body.marks),
        inside=source.inside,
    )


def _date(
    source: Source,
    body: str,
    metadata: dict[str, str],
    origins: dict[str, str],
    notes: list[str],
) -> None:
    """Add the dates that the text, the file's name and the file system give, and when it is read.

    What the file states of itself counts before its text, and that before its name. What differs
    from it by more than a day is kept beside it, and noted.
    """
    found = [(key, date, TEXT) for key, date in text_dates(body).items()]
    if named := name_date(source.name):
        found.append(("date", named, FILE_NAME))
    for key, date, origin in found:
        if key not in metadata:
            metadata[key], origins[key] = date, origin
        elif apart(metadata[key], date):
            beside = f"{key} in {origin}"
            metadata[beside], origins[beside] = date, origin
            kept = f"the {origins[key]} says {metadata[key]}, which counts"
            notes.append(f"{beside} is {date}; {kept}")
    for key, date, origin in (
        ("saved", "" if source.inside else file_time(source.path), FILE_TIME),
        ("read", today(), READER),
    ):
        if date and key not in metadata:
            metadata[key], origins[key] = date, origin


def _guessed_title(source: Source, content: Content, body: str) -> tuple[str, str]:
    """Return what to call a document that states no title, and where that comes from."""
    first = headline(body, content.format)
    if content.largest and content.largest != first:
        return content.largest, LARGEST_TYPE
    return (first, FIRST_LINE) if first else (source.name, FILE_NAME)


def header_end(document: Document) -> int:
    """Return where the header of stated facts ends in `document.text`; 0 where there is none."""
    if not set(document.origins.values()) - _GUESSED:
        return 0
    end = document.text.find(_APART)
    return len(document.text) if end < 0 else end


def body_start(document: Document) -> int:
    """Return where the text of the file itself begins, behind the header of stated facts."""
    end = header_end(document)
    return min(len(document.text), end + len(_APART)) if end else 0


def absolute(path: Path) -> Path:
    """Return an absolute path without `..`; links stay, so a linked file keeps its name."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links)


def headline(body: str, format: str = "text") -> str:
    """Return the first line of a body where it looks like a headline, else "".

    It does if it is short, stands alone above other text, and does not end like a sentence, or if
    it is marked as a heading; in Markdown the first heading near the top is the headline.
    """
    body = body.strip()
    top = body[:2000] if format == "markdown" else body[:2000].partition("\n")[0]
    marked = re.search(r"^#{1,6}[ \t]+(\S.*?)[ \t#]*$", top, re.M)
    if marked and "```" not in top[: marked.start()]:
        return re.sub(r"!?\[([^\]]*)\]\([^)]*\)|[*`]+", r"\1", marked[1]).strip()
    first, _, rest = body.partition("\n")
    first = first.strip()
    after, _, rest = rest.partition("\n")
    underlined = re.fullmatch(r"[=-]{3,}[ \t]*", after)
    if not rest.strip() or (after.strip() and not underlined):
        return ""
    if len(first) > _MAX_HEADLINE or not re.search(r"[^\W\d_]{2}", first):
        return ""
    if _ENDS_LIKE_A_SENTENCE.search(first) or re.match(r"[-*+•|>`<{]|\d{1,3}[.)]\s", first):
        return ""
    return "" if _BYLINE.fullmatch(first) or text_dates(first) else first


def byline(body: str) -> str:
    """Return the names in a byline among the first lines ("By Jo Doe, Editor"), else ""."""
    lines = [line for line in body.split("\n", 4 * _BYLINE_LINES) if line.strip()]
    for line in lines[:_BYLINE_LINES]:
        if len(line) <= _MAX_HEADLINE and (found := _BYLINE.fullmatch(line)):
            return found["name"]
    return ""


def _source(path: Path, root: Path) -> str:
    """Return the path relative to the root, with forward slashes."""
    try:
        return absolute(path).relative_to(absolute(root)).as_posix()
    except ValueError:
        raise UnreadableDocumentError(
            f"{path}: it does not lie under {root}; give the folder that holds it.", path=str(path)
        ) from None
