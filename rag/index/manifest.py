"""What an index says of itself, and whether it is true."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rag.errors import IndexDamagedError, IndexMismatchError, IndexMissingError
from rag.index.files import file_sha256, sha256
from rag.index.segment import FILES

FORMAT = 4
MANIFEST = "manifest.json"
SPARE = "manifest.spare.json"
WORDS = "words"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Size and SHA-256 of one file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `manifest.json`, its own checksum left out.

    Attributes:
        format: version of the format.
        state: the folder of what belongs to all segments together, new with every build.
        segments: the folders of the segments that count, in the order of their rows.
        removed: by segment, the ids of documents that have left since it was written.
        created: when it was written, ISO 8601, UTC.
        embedder: name of the embedder; the next three are its own.
        documents: how many, those that were removed since their segment was written left out.
        passages: how many of these documents; as many entries in words.
        sentences: how many of these.
        roots: the absolute folders the documents were found under.
        files: path relative to the folder of the index -> size and checksum.
    """

    format: int
    state: str
    segments: tuple[str, ...]
    removed: Mapping[str, Sequence[str]]
    created: str
    embedder: str
    embedder_checksum: str
    dimension: int
    max_tokens: int
    documents: int
    passages: int
    sentences: int
    roots: tuple[str, ...]
    files: Mapping[str, FileEntry]

    def to_bytes(self) -> bytes:
        """Return the content of the file, with its own checksum."""
        values = asdict(self)
        values["roots"] = list(self.roots)
        values["segments"] = list(self.segments)
        values["checksum"] = _checksum(values)
        return json.dumps(values, indent=1).encode() + b"\n"


def read_manifest(folder: Path, name: str = MANIFEST) -> Manifest:
    """Return the manifest after its own checksum and its version have been checked.

    Args:
        folder: of the index.
        name: of the file; the spare one says the same unless a build ended before it was written.

    Raises:
        IndexMissingError: there is none.
        IndexDamagedError: it is not whole, or altered.
        IndexMismatchError: it is of another format version.
    """
    try:
        raw = (folder / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexMissingError(
            f"There is no index in {folder}. Make it with {rebuild_command(folder)}."
        ) from error
    except OSError as error:
        raise damaged(folder, f"{name} cannot be read ({error})") from error
    try:
        values: dict[str, Any] = json.loads(raw)
        stated = values.pop("checksum")
        version = values["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(folder, f"{name} is not whole") from error
    if stated != _checksum(values):
        raise damaged(folder, f"{name} has been altered")
    if version != FORMAT:
        raise IndexMismatchError(
            f"The index {folder} has format {version}, this version of the program reads format "
            f"{FORMAT}. Make it anew with {rebuild_command(folder)}."
        )
    return _manifest_of(folder, values)


def _manifest_of(folder: Path, values: dict[str, Any]) -> Manifest:
    """Return the values as a manifest; its checksum was right, so only a program can be wrong."""
    if set(values) != {field.name for field in fields(Manifest)}:
        raise damaged(folder, f"{MANIFEST} does not state what it should")
    try:
        values["files"] = {name: FileEntry(**entry) for name, entry in values["files"].items()}
        for name in ("roots", "segments"):
            values[name] = tuple(values[name])
    except (TypeError, AttributeError) as error:
        raise damaged(folder, f"{MANIFEST} does not state what it should") from error
    state = values["state"]
    wanted = {f"{segment}/{name}" for segment in values["segments"] for name in FILES}
    missing = (wanted | {f"{state}/{WORDS}/meta.json"}) - set(values["files"])
    if missing:
        raise damaged(folder, f"{MANIFEST} does not name {', '.join(sorted(missing))}")
    return Manifest(**values)


def check_file(folder: Path, path: Path, entry: FileEntry) -> None:
    """Compare a file with what the manifest states of it.

    Raises:
        IndexDamagedError: it is missing, cut short or altered.
    """
    name = path.relative_to(folder).as_posix()
    try:
        size = path.stat().st_size
        actual = file_sha256(path) if size == entry.bytes else ""
    except FileNotFoundError as error:
        raise damaged(folder, f"{name} is missing") from error
    except OSError as error:
        raise damaged(folder, f"{name} cannot be read ({error})") from error
    if size != entry.bytes:
        raise damaged(folder, f"{name} has {size} bytes, not {entry.bytes}")
    if actual != entry.sha256:
        raise damaged(folder, f"{name} has been altered")


def damaged(folder: Path, what: str) -> IndexDamagedError:
    """Return the error for an index that is not what its manifest states."""
    return IndexDamagedError(
        f"The index {folder} is damaged: {what}. Mend it with `rag doctor --index {folder.name}`, "
        f"or make it anew with {rebuild_command(folder)}."
    )


def rebuild_command(folder: Path) -> str:
    """Return the command that makes the index of a folder."""
    return f"`rag index PATH… --index {folder.name}`"


def _checksum(values: Mapping[str, Any]) -> str:
    """Return the checksum of a manifest: of its values, whatever their layout in the file."""
    return sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode())
