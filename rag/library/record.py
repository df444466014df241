"""collection.json: what was chosen for a collection, and what its last reading could not read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from rag.errors import LibraryError
from rag.index.files import sync_folder, write_file

RECORD = "collection.json"
ASIDE = "collection.damaged.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or some of the files inside it, that may not answer.

    Attributes:
        root: folder that it was found under; "" for uploads.
        source: its path below.
        whole: everything in it, whatever that will be.
        inside: else the documents meant, by their names in it; "" is the file itself.
        ids: of the documents as they were when they were left out, and are now.
    """

    root: str
    source: str
    whole: bool
    inside: tuple[str, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A file, or one inside it, that could not be read.

    Attributes:
        root: folder that it was found under; "" for uploads.
        source: its path below.
        inside: name of the file inside it; "" for itself.
        reason: in plain words.
        bytes: its size then.
        mtime_ns: its time then; a file with another size or time is tried again.
    """

    root: str
    source: str
    inside: str
    reason: str
    bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a collection besides its index and its files.

    Attributes:
        name: what it is called; "" for one that is called as its folder.
        made: when, ISO 8601; "" for one that was not made here.
        left_out: what may not answer.
        removed: ids of documents that were removed, while the index still holds them.
        refused: what the last reading could not read.
        pipeline: fingerprint of the code that refused it.
        finished: when the last reading ended, ISO 8601.
        error: why it ended before everything was read; "" where it did not.
    """

    name: str = ""
    made: str = ""
    left_out: tuple[LeftOut, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    pipeline: str = ""
    finished: str = ""
    error: str = ""
    version: int = field(default=VERSION, kw_only=True)


def read_record(own: Path, called: str) -> Record:
    """Return the record of a collection; an empty one where none was written yet.

    Args:
        own: its own folder.
        called: what it is called in messages.

    Raises:
        LibraryError: it cannot be read, or is not whole.
    """
    try:
        raw = (own / RECORD).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Record()
    except OSError as error:
        raise LibraryError(
            f"What is kept of the collection “{called}” cannot be read ({error.strerror or error})."
            " Get the right to read it, then try again."
        ) from error
    try:
        value = json.loads(raw)
        version = value["version"]
        record = _record(value) if version == VERSION else None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LibraryError(
            f"What is kept of the collection “{called}” is damaged: {RECORD} is not whole. Its "
            "documents are untouched, but which of them were left out is not known, so none is "
            "asked. Put the file back from a backup, or begin it anew, with all documents asked."
        ) from error
    if record is None:
        raise LibraryError(
            f"What is kept of the collection “{called}” was written by another version of this "
            f"program ({version}); use that one."
        )
    return record


def write_record(own: Path, record: Record) -> None:
    """Write the record of a collection, whole or not at all.

    Raises:
        LibraryError: it cannot be written; the old one still stands.
    """
    data = json.dumps(asdict(record), ensure_ascii=True, indent=1).encode() + b"\n"
    try:
        own.mkdir(parents=True, exist_ok=True)
        write_file(own / f"{RECORD}.new", data)
        os.replace(own / f"{RECORD}.new", own / RECORD)  # noqa: PTH105
        sync_folder(own)
    except OSError as error:
        raise LibraryError(
            f"The change cannot be kept ({error.strerror or error}). Make room on the disk or get "
            "the right to write there, then try again."
        ) from error


def set_aside(own: Path) -> None:
    """Put a damaged record aside, so that a new one can be begun.

    Raises:
        LibraryError: that cannot be done.
    """
    try:
        os.replace(own / RECORD, own / ASIDE)  # noqa: PTH105
    except OSError as error:
        raise LibraryError(
            f"The damaged record cannot be put aside ({error.strerror or error}). Get the right to "
            "write there, then try again."
        ) from error


def _record(value: Mapping[str, Any]) -> Record:
    """Return the record that a mapping states.

    Raises:
        ValueError, LookupError, TypeError: it states none.
    """
    if set(value) != {each.name for each in fields(Record)}:
        raise ValueError("other keys")
    texts = {name: value[name] for name in ("name", "made", "pipeline", "finished", "error")}
    if not all(isinstance(each, str) for each in (*texts.values(), *value["removed"])):
        raise TypeError("no text")
    return Record(
        **texts,
        left_out=tuple(_left_out(each) for each in value["left_out"]),
        removed=tuple(value["removed"]),
        refused=tuple(_refused(each) for each in value["refused"]),
    )


def _left_out(value: Mapping[str, Any]) -> LeftOut:
    found = LeftOut(
        value["root"],
        value["source"],
        value["whole"],
        tuple(value["inside"]),
        tuple(value["ids"]),
    )
    texts = (found.root, found.source, *found.inside, *found.ids)
    if not all(isinstance(each, str) for each in texts) or not isinstance(found.whole, bool):
        raise TypeError("no text")
    return found


def _refused(value: Mapping[str, Any]) -> Refused:
    found = Refused(**value)
    texts = (found.root, found.source, found.inside, found.reason)
    if not all(isinstance(each, str) for each in texts):
        raise TypeError("no text")
    if not (isinstance(found.bytes, int) and isinstance(found.mtime_ns, int)):
        raise TypeError("no number")
    return found
