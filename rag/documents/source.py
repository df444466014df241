"""What a reader is given, and what it makes of it: bytes -> Content."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from rag.documents.body import Body
from rag.documents.characters import on_one_line
from rag.documents.facts import Fact
from rag.errors import EmptyDocumentError, UnreadableDocumentError, UnsupportedFormatError

MOST_BYTES = 500_000_000
"""A larger file is refused, and so is what unpacks to more."""
MOST_CHARACTERS = 50_000_000
"""Text of a document, at most."""
DEEPEST = 3
"""Files inside files inside files: those further in are named and not read."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are read.

    Attributes:
        passwords: tried in turn on files that need one, after the empty one.
        ocr: recognise pages of PDFs that have no text, by Tesseract.
        ocr_languages: what they are written in, as Tesseract calls it ("eng", "eng+deu").
    """

    passwords: tuple[str, ...] = ()
    ocr: bool = False
    ocr_languages: str = "eng"


PLAINLY = ReadOptions()
"""Without a password, and without recognising pictures."""


def as_read(metadata: Mapping[str, str], options: ReadOptions = PLAINLY) -> ReadOptions:
    """Return options by which a document is read again as it was.

    Args:
        metadata: of the document.
        options: passwords and the like.
    """
    languages = metadata.get(RECOGNISED, "")
    return replace(options, ocr=True, ocr_languages=languages) if languages else options


RECOGNISED = "recognised"
"""Fact of a document that has pages whose words were recognised: the languages looked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a file, or of a file inside another.

    Attributes:
        path: of the file on disk.
        data: all bytes.
        options: how it is read.
        inside: name inside the file on disk, "" for that file itself.
    """

    path: Path
    data: bytes
    options: ReadOptions = PLAINLY
    inside: str = ""

    @property
    def name(self) -> str:
        """The file's name, with its suffix."""
        return PurePosixPath(self.inside).name if self.inside else self.path.name

    @property
    def suffix(self) -> str:
        """Its suffix in lower case, with the dot."""
        return PurePosixPath(self.name).suffix.lower()

    def __str__(self) -> str:
        return f"{self.path} › {self.inside}" if self.inside else str(self.path)

    def refused(self, problem: str) -> UnreadableDocumentError:
        """Return the error that says why it cannot be read; `problem` ends with the cure."""
        told = self._told(problem)
        return UnreadableDocumentError(told, path=str(self.path), inside=self.inside)

    def empty(self, why: str = "there is no text in it") -> EmptyDocumentError:
        """Return the error for a file without text."""
        cure = "put some in or leave the file out"
        told = self._told(f"{why}; {cure}")
        return EmptyDocumentError(told, path=str(self.path), inside=self.inside)

    def unsupported(self, problem: str) -> UnsupportedFormatError:
        """Return the error for a file that nothing here reads; `problem` ends with the cure."""
        told = self._told(problem)
        return UnsupportedFormatError(told, path=str(self.path), inside=self.inside)

    def _told(self, problem: str) -> str:
        """Return what a refusal says; a problem may quote the file."""
        return f"{self}: {on_one_line(problem)}."


@dataclass(slots=True)
class Content:
    """What a reader made of a file.

    Attributes:
        format: the reader's name.
        body: canonical text without the header, with its marks.
        facts: what the file states about itself.
        origin: where the facts come from, unless a fact says otherwise.
        notes: what was guessed, left out or found hidden.
        parts: files inside it, each with its name and bytes.
        recognised: languages by which words were recognised in pictures of it; "" if none were.
        largest: what is set in the largest type at its beginning, where it states no title.
        refusal: why it has no text of its own, where that is to be told beside what its parts say.
    """

    format: str
    body: Body
    facts: list[Fact] = field(default_factory=list)
    origin: str = ""
    notes: list[str] = field(default_factory=list)
    parts: list[tuple[str, bytes]] = field(default_factory=list)
    recognised: str = ""
    largest: str = ""
    refusal: EmptyDocumentError | None = None


Reader = Callable[[Source], Content]
"""From the bytes of a file to its content.

Raises EmptyDocumentError where there is no text, UnreadableDocumentError for what is damaged or
locked, and nothing else for any bytes whatever.
"""


def open_source(path: Path, options: ReadOptions = PLAINLY) -> Source:
    """Return a file with its bytes.

    Raises:
        EmptyDocumentError: there are none, or only white space.
        UnreadableDocumentError: they cannot be had, or are too many; the message says why.
    """
    source = Source(path, b"", options)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise source.refused("it is not a regular file; name a text file")
        if path.is_file() and (size := path.stat().st_size) > MOST_BYTES:
            much = f"it has {size / 1e6:,.0f} MB and at most {MOST_BYTES / 1e6:,.0f} are read"
            raise source.refused(f"{much}; split it, or save only its text")
        data = path.read_bytes()
    except FileNotFoundError:
        raise source.refused("there is no such file; check the path") from None
    except IsADirectoryError:
        if not os.access(path, os.R_OK | os.X_OK):
            raise source.refused("you may not open this folder; change its permissions") from None
        raise source.refused("it is a folder; name a file or index the folder") from None
    except PermissionError:
        raise source.refused("you may not read it; change its permissions") from None
    except OSError as error:
        problem = f"it cannot be read ({error.strerror or error}); check the disk and the path"
        raise source.refused(problem) from None
    if not data.strip():
        raise source.empty()
    return replace(source, data=data)
