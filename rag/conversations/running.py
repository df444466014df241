"""Which processes are still answering: each holds a lock that the system takes back at its end."""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

from rag.errors import ConversationError

_MARK = "-run-"
_PATIENCE_S = 5.0


class Run:
    """This opening of the conversations, known to other processes by a lock beside their file.

    Args:
        path: of the conversations.
    """

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        self.name = secrets.token_hex(8)
        self._path = path
        self._held = threading.Lock()
        self._lock = FileLock(_lock_of(path, self.name), thread_local=False)

    def begin(self) -> None:
        """Hold the lock from now on.

        Raises:
            ConversationError: it cannot be written.
        """
        try:
            with self._held:
                while not self._lock.is_locked:
                    self._lock.acquire(timeout=_PATIENCE_S)
                    if not _lock_of(self._path, self.name).exists():
                        self._lock.release()  # swept away just before it was held
        except OSError as error:
            raise ConversationError(
                f"Nothing can be written beside {self._path} ({error.strerror}). Make room or get "
                "the right to write there, then ask again."
            ) from error

    def end(self) -> None:
        """Let go of the lock."""
        with self._held:
            if self._lock.is_locked:
                self._lock.release()
                _lock_of(self._path, self.name).unlink(missing_ok=True)


def ended(path: Path, name: str) -> bool:
    """Say whether a run is over, however it came to its end."""
    return not _lock_of(path, name).exists() or _swept(_lock_of(path, name))


def sweep(path: Path) -> None:
    """Remove what runs that are over have left beside the conversations."""
    for file in path.parent.glob(f"{path.name}{_MARK}*"):
        _swept(file)


def _swept(file: Path) -> bool:
    """Remove the lock of a run, unless it is held; returns whether it was not."""
    from filelock import FileLock, Timeout

    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    try:
        if os.name != "nt":  # there a file that is open cannot be removed
            file.unlink(missing_ok=True)
    finally:
        lock.release()
    file.unlink(missing_ok=True)
    return True


def _lock_of(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}{_MARK}{name}")
