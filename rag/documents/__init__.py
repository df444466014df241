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

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from rag.documents.compose import (
    BYLINE,
    FILE_NAME,
    FIRST_LINE,
    FRONT_MATTER,
    HTML_METADATA,
    READER,
    absolute,
    header_end,
)
from rag.documents.html import read_html
from rag.documents.plain import read_markdown, read_text
from rag.errors import DocumentError, UnsupportedFormatError
from rag.types import Document, Resolution

__all__ = [
    "BYLINE",
    "FILE_NAME",
    "FIRST_LINE",
    "FRONT_MATTER",
    "HTML_METADATA",
    "READER",
    "SUPPORTED",
    "Reader",
    "find_files",
    "header_end",
    "read_document",
    "resolve_quote",
]

Reader = Callable[[Path, Path], Document]
"""From a file and the corpus root it lies under to a Document."""

SUPPORTED: Mapping[str, Reader] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
}


def read_document(path: Path, *, root: Path) -> Document:
    """Read one file.

    Args:
        path: the file; anywhere under `root`.
        root: the folder citations name the file from.

    Raises:
        UnsupportedFormatError: there is no reader for its suffix.
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: missing, not a file, not allowed, not under `root`, or not text.
    """
    reader = SUPPORTED.get(path.suffix.lower())
    if reader is None and path.is_file():
        kind = f"{path.suffix} files" if path.suffix else "files without a suffix"
        raise UnsupportedFormatError(
            f"{path}: {kind} cannot be read; convert it to one of {', '.join(SUPPORTED)}.",
            path=str(path),
        )
    # What is no file at all is left to the loader, which says so.
    return (reader or read_text)(path, root)


def find_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the corpus root and the path of every file under the paths, each file once, sorted.

    A folder is its own root; the root of a file named directly is its parent. Hidden files and
    folders inside a folder are passed over. Files of unsupported formats, folders that may not be
    opened and paths that do not exist are yielded too, so that `read_document` can say what is
    wrong with each.
    """
    seen: set[Path] = set()
    for given in paths:
        path = absolute(given.expanduser())
        is_folder = path.is_dir()
        for file in _walk(path) if is_folder else [path]:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield path if is_folder else path.parent, file


def resolve_quote(root: Path, source: str, start: int, end: int, quote: str) -> Resolution:
    """Read the source file again and say whether the quote still stands at its offsets.

    Args:
        root: corpus root.
        source: path relative to `root`, with forward slashes; it may not lead out of `root`.
        start: first character of the quote in the canonical text.
        end: one past its last character.
        quote: the words cited.
    """
    inside = PurePosixPath(source)
    if not source or "\0" in source or inside.is_absolute() or ".." in inside.parts:
        return Resolution(False, None, f"{source!r} does not name a file inside {root}.")
    try:
        text = read_document(root / inside, root=root).text
    except DocumentError as error:
        return Resolution(False, None, str(error))
    if quote and start >= 0 and text[start:end] == quote:
        return Resolution(True, start)
    places = [found.start() for found in re.finditer(re.escape(quote), text)] if quote else []
    if not places:
        return Resolution(False, None, f"These words no longer stand in {source}.")
    nearest = min(places, key=lambda place: abs(place - start))
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
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here) / name for name in sorted(names) if not name.startswith("."))
    yield from closed
