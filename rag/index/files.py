"""Hashing, waiting for the disk, and the lock of the one writer."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import IndexBusyError, StoreError

LOCK = "lock"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def size_of(path: Path) -> int:
    """Return the size of a file in bytes, 0 where it cannot be known."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def next_folder(folder: Path, kind: str) -> Path:
    """Return the path of the next folder of a kind: `segment-000002` after `segment-000001`."""
    numbers = (path.name.removeprefix(f"{kind}-") for path in folder.glob(f"{kind}-*"))
    last = max((int(number) for number in numbers if number.isdecimal()), default=0)
    return folder / f"{kind}-{last + 1:06d}"


def absolute(path: Path) -> Path:
    """Return an absolute path without `..`; links stay as named."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 (resolve() would follow links)


def covers(path: Path, file: Path) -> bool:
    """Say whether a file is the path or lies under it."""
    return path == file or path in file.parents


def write_file(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Wait until a file that another library wrote is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def share(file: Path, to: Path, *, copied: bool = False) -> None:
    """Give a file a second name, or where that cannot be, or it may change, copy it."""
    if not copied:
        try:
            os.link(file, to)
        except OSError:
            pass  # another disk, or a file system without links: a copy does as well
        else:
            return
    shutil.copyfile(file, to)


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold the only right to write an index; the system takes it back however the process ends.

    Raises:
        IndexBusyError: another holds it.
        StoreError: the folder cannot be made or written.
    """
    from filelock import FileLock, Timeout

    # A lock of its own for each call: two threads of one process exclude each other too.
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IndexBusyError(
            f"The index {folder} is being written by another process. "
            "Wait until it is done, then try again."
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def unwritable(folder: Path, error: OSError) -> StoreError:
    """Return the error for a folder that cannot be written."""
    return StoreError(
        f"The index {folder} cannot be written ({error.strerror or error}); what was there before "
        "still stands. Make room or get the right to write there, then try again."
    )
