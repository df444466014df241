"""States in files: checked when read, replaced in one step when written, least recently used out.

A file is a line of JSON, which says what it is, and the state. Its name begins with the document
it was read from, so that a document that leaves takes its states with it. Several processes may
share a folder: whoever reads finds a whole file or none, and what another one removed is read
afresh.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rag.config import readings_folder

FORMAT = 1
SUFFIX = ".state"
_NAME = re.compile(r"[0-9a-f]+-[0-9a-f]{32}\.state")
_MOST_HEAD = 4096  # bytes of the first line
_COUNT_EVERY = 64  # files written before the folder is looked through again


class Shelf:
    """The files of one model as it is run here, in a folder that all models share.

    Args:
        folder: made when the first state is kept.
        stamp: everything a state depends on beside its tokens; a state of another stamp is not
            found.
        budget_bytes: for all files of the folder together, of whatever stamp.
    """

    def __init__(self, folder: Path, stamp: str, budget_bytes: int) -> None:
        self.folder = folder
        self.stamp = stamp
        self.budget_bytes = budget_bytes
        self._held: int | None = None  # bytes in the folder, as far as is known
        self._written = 0

    def path(self, key: str, of: str) -> Path:
        """Return where a state is kept."""
        mixed = hashlib.sha256(f"{self.stamp}\n{key}".encode()).hexdigest()[:32]
        return self.folder / f"{_document(of)}-{mixed}{SUFFIX}"

    def has(self, key: str, of: str) -> bool:
        """Tell whether there is a file; it is not looked into."""
        return self.path(key, of).exists()

    def get(self, key: str, of: str) -> bytearray | None:
        """Return a state, or None where there is none that can be trusted.

        A file that is damaged or of something else is removed, and will be written anew.
        """
        path = self.path(key, of)
        try:
            with path.open("rb") as stream:
                head = stream.readline(_MOST_HEAD)
                size = os.fstat(stream.fileno()).st_size - len(head)
                state = bytearray(max(0, size))
                got = stream.readinto(state)
        except OSError:
            return None
        if got != size or not self._is_own(head, key, state):
            _remove(path)
            return None
        try:
            os.utime(path)  # it was used last
        except OSError:
            return state  # another process has just removed it
        return state

    def _is_own(self, head: bytes, key: str, state: bytearray) -> bool:
        try:
            said = json.loads(head)
        except ValueError:
            return False
        return bool(said == self._head(key, state))

    def _head(self, key: str, state: bytearray) -> dict[str, object]:
        return {
            "format": FORMAT,
            "stamp": self.stamp,
            "key": key,
            "bytes": len(state),
            "sha256": hashlib.sha256(state).hexdigest(),
        }

    def put(self, key: str, of: str, state: bytearray) -> bool:
        """Keep a state; tell whether that was possible.

        A full disk or a folder that cannot be written costs time later, and nothing else.
        """
        path = self.path(key, of)
        if len(state) > self.budget_bytes:
            return False
        started: Path | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self.folder, prefix="new-")
            started = Path(name)
            with open(handle, "wb") as stream:  # noqa: PTH123 (of a handle)
                stream.write(json.dumps(self._head(key, state)).encode() + b"\n")
                stream.write(state)
            started.replace(path)
        except OSError:
            if started is not None:
                _remove(started)
            return False
        self._make_room(len(state))
        return True

    def _make_room(self, added: int) -> None:
        """Remove what was not used for longest until all is within the budget."""
        self._written += 1
        if self._held is None or self._written % _COUNT_EVERY == 0:
            self._held = sum(size for _, size, _ in _files(self.folder))
        else:
            self._held += added
        if self._held <= self.budget_bytes:
            return
        files = sorted(_files(self.folder))
        held = sum(size for _, size, _ in files)
        for _, size, path in files:
            if held <= self.budget_bytes:
                break
            _remove(path)
            held -= size
        self._held = held

    @property
    def room_bytes(self) -> int:
        """Bytes that can be kept before something has to go."""
        return self.budget_bytes - sum(size for _, size, _ in _files(self.folder))


def forget(documents: Iterable[str], folder: Path | None = None) -> int:
    """Remove the states of documents, of whatever model; return how many there were.

    Args:
        documents: their ids.
        folder: of the states; by default that of this machine.
    """
    gone = {_document(each) for each in documents}
    count = 0
    for _, _, path in _files(folder or readings_folder()):
        if path.name.split("-", 1)[0] in gone:
            _remove(path)
            count += 1
    return count


def _document(of: str) -> str:
    """Return what a file's name begins with: the document's id, of which the passage is a part."""
    document = of.partition(":")[0]
    known = re.fullmatch(r"[0-9a-f]{8,64}", document)
    return document if known else hashlib.sha256(document.encode()).hexdigest()[:32]


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Return the files of states with when they were used last and their sizes."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    try:
                        state = entry.stat()
                    except OSError:
                        continue
                    found.append((state.st_mtime, state.st_size, Path(entry.path)))
    except OSError:
        return []
    return found


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # Windows: somebody reads it; it goes another time
