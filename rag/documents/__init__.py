"""Files to Documents: one reader for each format, and the way back from a quote to its file.

What every reader promises:

* `Document.text` is the canonical text. For plain text and Markdown it is what the file says,
  character for character, except that every line end is a line feed, a byte order mark is gone,
  and control characters (NUL, escape, bell and the like; not tab) are left out. For a web page
  it is the main text.
* What a file states about itself (YAML front matter, the metadata of a page) becomes `metadata`,
  and also a header at the top of the canonical text, one line for each fact (`Publisher: NBC
  News`), so that it can be found and cited like any other sentence. A blank line ends the
  header; `header_end` says where.
* Whatever was guessed or left out on the way stands in `metadata["note"]`, never in silence.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from rag.documents.compose import (
    BYLINE,
    FILE_NAME,
    FIRST_LINE,
    FRONT_MATTER,
    HTML_METADATA,
    LARGEST_TYPE,
    READER,
    TEXT,
    absolute,
    compose,
    header_end,
)
from rag.documents.places import places, told, worth_telling
from rag.documents.plain import read_text
from rag.documents.readers import SUPPORTED
from rag.documents.source import (
    DEEPEST,
    PLAINLY,
    Reader,
    ReadOptions,
    Source,
    as_read,
    open_source,
)
from rag.errors import DocumentError, EmptyDocumentError
from rag.types import Document, Resolution

__all__ = [
    "BYLINE",
    "FILE_NAME",
    "FIRST_LINE",
    "FRONT_MATTER",
    "HTML_METADATA",
    "LARGEST_TYPE",
    "READER",
    "SUPPORTED",
    "TEXT",
    "Found",
    "ReadOptions",
    "Reader",
    "as_read",
    "find_files",
    "header_end",
    "identity_of",
    "places",
    "read_document",
    "read_documents",
    "resolve_quote",
    "told",
    "worth_telling",
]


def read_document(
    path: Path, *, root: Path, options: ReadOptions = PLAINLY, inside: str = ""
) -> Document:
    """Read one file.

    Args:
        path: the file; anywhere under `root`.
        root: the folder citations name the file from.
        options: passwords and the like.
        inside: name of a file inside it; "" for the file itself.

    Raises:
        UnsupportedFormatError: there is no reader for its suffix.
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: missing, not a file, not allowed, not under `root`, or damaged.
    """
    found = read_documents(path, root=root, options=options)
    for document in found.documents:
        if document.inside == inside:
            return document
    source = Source(path, b"", options, inside)
    raise found.failed[0] if found.failed else source.refused("there is no such file in it")


@dataclass(frozen=True, slots=True)
class Found:
    """What one file holds.

    Attributes:
        file: the first 32 hex digits of the SHA-256 of its bytes.
        documents: the file itself first, if it has a text of its own, then those inside it.
        failed: files inside it that could not be read.
    """

    file: str
    documents: tuple[Document, ...]
    failed: tuple[DocumentError, ...] = ()


def read_documents(path: Path, *, root: Path, options: ReadOptions = PLAINLY) -> Found:
    """Read one file and the files inside it, such as the attachments of a mail.

    Args:
        path: the file; anywhere under `root`.
        root: the folder citations name the file from.
        options: passwords and the like.

    Raises:
        UnsupportedFormatError: there is no reader for its suffix.
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: missing, not a file, not allowed, not under `root`, or damaged.
    """
    _reader(Source(path, b"", options), exists=path.is_file())
    source = open_source(path, options)
    identity = identity_of(source)
    failed: list[DocumentError] = []
    documents = tuple(_read(source, root, identity, failed))
    if not documents:
        raise failed[0] if failed else source.empty()
    return Found(identity, documents, tuple(failed))


def _read(
    source: Source, root: Path, file: str, failed: list[DocumentError], depth: int = 0
) -> Iterator[Document]:
    """Yield a file, if it has a text of its own, and the files inside it.

    Args:
        source: the file.
        root: the folder citations name it from.
        file: identity of the file on disk.
        failed: what could not be read of the files inside it is added.
        depth: how many files it lies in.
    """
    if depth > DEEPEST:
        raise source.refused(f"it lies deeper than {DEEPEST} files; save it by itself")
    if not source.data.strip():
        raise source.empty()
    content = _reader(source)(source)
    if content.refusal:
        failed.append(content.refusal)
    else:
        try:
            yield compose(source, root, content, _identity(source, file))
        except EmptyDocumentError:
            if not content.parts:
                raise
    for name, data in content.parts:
        inside = f"{source.inside}/{name}" if source.inside else name
        part = replace(source, data=data, inside=inside)
        try:
            yield from _read(part, root, file, failed, depth + 1)
        except DocumentError as error:
            failed.append(error)


def _identity(source: Source, file: str) -> str:
    """Return the id of a file, or of one inside it."""
    if not source.inside:
        return file
    named = f"{file}\0{source.inside}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).hexdigest()[:32]


def identity_of(source: Source) -> str:
    """Return what tells a file from others: 32 hex digits of the SHA-256 of its bytes."""
    return hashlib.sha256(source.data).hexdigest()[:32]


def _reader(source: Source, *, exists: bool = True) -> Reader:
    """Return the reader for a file's suffix; what is no file at all is left to the opening."""
    reader = SUPPORTED.get(source.suffix)
    if reader is None and exists:
        kind = f"{source.suffix} files" if source.suffix else "files without a suffix"
        raise source.unsupported(
            f"{kind} cannot be read; convert it to one of {', '.join(SUPPORTED)}"
        )
    return reader or read_text


def find_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the corpus root and the path of every file under the paths, each file once, sorted.

    A folder is its own root; the root of a file named directly is its parent. Hidden files and
    folders inside a folder are passed over, and so are indexes. Files of unsupported formats,
    folders that may not be opened and paths that do not exist are yielded too, so that
    `read_document` can say what is wrong with each.
    """
    seen: set[Path] = set()
    for given in paths:
        path = absolute(given.expanduser())
        is_folder = path.is_dir()
        for file in _walk(path) if is_folder else [path]:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield path if is_folder else path.parent, file


def resolve_quote(
    root: Path,
    source: str,
    start: int,
    end: int,
    quote: str,
    inside: str = "",
    options: ReadOptions = PLAINLY,
) -> Resolution:
    """Read the source file again and say whether the quote still stands at its offsets.

    Args:
        root: corpus root.
        source: path relative to `root`, with forward slashes; it may not lead out of `root`.
        start: first character of the quote in the canonical text.
        end: one past its last character.
        quote: the words cited.
        inside: name of the file inside that file, "" for itself.
        options: as it was read; see `as_read`.
    """
    named = PurePosixPath(source)
    if not source or "\0" in source or named.is_absolute() or ".." in named.parts:
        return Resolution(False, None, f"{source!r} does not name a file inside {root}.")
    try:
        text = read_document(root / named, root=root, options=options, inside=inside).text
    except DocumentError as error:
        return Resolution(False, None, str(error))
    if quote and start >= 0 and text[start:end] == quote:
        return Resolution(True, start)
    starts = [found.start() for found in re.finditer(re.escape(quote), text)] if quote else []
    if not starts:
        return Resolution(False, None, f"These words no longer stand in {source}.")
    nearest = min(starts, key=lambda place: abs(place - start))
    return Resolution(
        False,
        nearest,
        f"{source} has changed: these words now stand at character {nearest}, not at {start}.",
    )


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files under a folder in a fixed order, and the folders that may not be opened."""
    closed: list[Path] = []
    for here, folders, names in os.walk(
        folder, onerror=lambda error: closed.append(Path(error.filename))
    ):
        if _is_index(folders, names):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here) / name for name in sorted(names) if not name.startswith("."))
    yield from closed


_OURS = re.compile(r"(?:state|generation)-\d{6,}\Z")  # "generation" until format 3


def _is_index(folders: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether a folder is one of our own indexes, by what lies in it."""
    return "manifest.json" in names and any(_OURS.match(name) for name in folders)
