"""An upload on its way to the disk: it is there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from rag.documents.source import MOST_BYTES
from rag.errors import LibraryError
from rag.index.files import file_sha256, sync_folder
from rag.library.names import check_suffix, safe_path, shown

INCOMING = "incoming"
FILES = "files"
KEPT_FREE = 200_000_000
"""Bytes of the disk that no upload takes."""
_FORGOTTEN_S = 3600.0  # an upload that nobody has written to for so long was killed
_OFTEN = 64_000_000  # bytes after which the room on the disk is looked at again


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an upload.

    Attributes:
        source: the path it is kept under.
        outcome: it is "new", has "replaced" another content of that name, or is the "same".
        bytes: its size.
    """

    source: str
    outcome: Literal["new", "replaced", "same"]
    bytes: int


class Incoming:
    """Takes the bytes of one file, in pieces, and puts it in its place when all are there.

    Used as a context; what is left before `finish` leaves nothing behind.

    Args:
        own: own folder of the collection.
        path: relative path, as the sender has it.
        size: how many bytes will come, where that is known.
        modified: when the file was last changed, in seconds since 1970, where that is known; a
            document's date may be known from nothing else.

    Raises:
        LibraryError: the file cannot be taken; the message says why.
    """

    def __init__(
        self, own: Path, path: str, size: int | None = None, modified: float | None = None
    ) -> None:
        self._file: IO[bytes] | None = None
        self.source = safe_path(path)
        check_suffix(self.source)
        self._target = own / FILES / self.source
        self._modified = modified
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._looked = 0
        self._folder = own / INCOMING
        self._check_size(size or 0)
        self._check_place(own / FILES)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._check_room(size or 0)
            sweep_incoming(self._folder)
            self._temporary = self._folder / f"{uuid.uuid4().hex}.part"
            self._file = self._temporary.open("xb")
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abort()

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            LibraryError: they are too many, or cannot be kept.
        """
        assert self._file is not None, "written after the end"
        self._check_size(self._bytes + len(data))
        self._digest.update(data)
        try:
            if self._bytes - self._looked >= _OFTEN:
                self._check_room(0)
                self._looked = self._bytes
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error
        self._bytes += len(data)

    def finish(self) -> Received:
        """Put the file in its place; say whether that changed anything.

        Raises:
            LibraryError: it cannot be; what was there before still is.
        """
        assert self._file is not None, "finished twice"
        try:
            if self._is_there():
                self.abort()
                return Received(self.source, "same", self._bytes)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if self._modified is not None:
                with suppress(OSError, OverflowError, ValueError):  # a time no file can have
                    os.utime(self._temporary, (self._modified, self._modified))
            self._target.parent.mkdir(parents=True, exist_ok=True)
            replaced = self._target.exists()
            os.replace(self._temporary, self._target)  # noqa: PTH105
            self._file = None
            sync_folder(self._target.parent)
        except OSError as error:
            raise self._failed(error) from error
        return Received(self.source, "replaced" if replaced else "new", self._bytes)

    def abort(self) -> None:
        """Leave nothing behind; does nothing once the file is in its place."""
        file, self._file = self._file, None
        if file is None:
            return
        file.close()
        with suppress(OSError):  # swept later
            self._temporary.unlink()

    def _is_there(self) -> bool:
        """Tell whether the very same bytes are in place."""
        try:
            if self._target.stat().st_size != self._bytes:
                return False
            return file_sha256(self._target) == self._digest.hexdigest()
        except FileNotFoundError:
            return False

    def _check_size(self, size: int) -> None:
        if size > MOST_BYTES:
            raise LibraryError(
                f"{shown(self.source)}: it is larger than {MOST_BYTES / 1e6:,.0f} MB, and larger "
                "files are not read. Split it, or save only its text."
            )

    def _check_room(self, size: int) -> None:
        if shutil.disk_usage(self._folder).free < size + KEPT_FREE:
            raise LibraryError(
                f"{shown(self.source)}: there is not room enough on the disk. Make room, then send "
                "it again."
            )

    def _check_place(self, files: Path) -> None:
        """Refuse a file where a folder is, and the other way round, and what lies behind links."""
        if self._target.is_dir():
            raise LibraryError(
                f"{shown(self.source)}: there is a folder of this name already; rename the file."
            )
        for parent in self._target.parents:
            if parent == files:
                break
            if parent.is_symlink() or parent.is_file():
                raise LibraryError(
                    f"{shown(self.source)}: there is a file named {shown(parent.name)} where its "
                    "folder would be; rename one of them."
                )

    def _failed(self, error: OSError) -> LibraryError:
        self.abort()
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            why, cure = "there is not room enough on the disk", "Make room"
        else:
            why, cure = f"it cannot be kept ({error.strerror or error})", "Look at the disk"
        return LibraryError(f"{shown(self.source)}: {why}. {cure}, then send it again.")


def sweep_incoming(folder: Path) -> None:
    """Remove what uploads that were killed have left."""
    for path in folder.glob("*.part"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _FORGOTTEN_S:
                path.unlink()
