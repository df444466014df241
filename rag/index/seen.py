"""Which bytes a file held when it was last hashed, so that only changed files are read again.

`seen.json` is no part of an index: without it every file is hashed once more. A file counts as the
one that was seen if its size, time and inode are the same, and the time was well past when it was
hashed, for what is written twice within a clock tick keeps its time ("racy git").
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from rag.index.files import file_sha256

SEEN = "seen.json"
_SETTLED_NS = 2_000_000_000
_VERSION = 1


class Seen:
    """The identity of files by absolute path."""

    def __init__(self, files: dict[str, list[int | str]]) -> None:
        self._files = files
        self._before = dict(files)

    @classmethod
    def load(cls, folder: Path) -> Seen:
        """Return what was noted beside an index; nothing where that is not whole."""
        try:
            value = json.loads((folder / SEEN).read_bytes())
            return cls(dict(value["files"]) if value["version"] == _VERSION else {})
        except (OSError, ValueError, LookupError, TypeError):
            return cls({})

    def save(self, folder: Path) -> None:
        """Note what is known now; where that cannot be, files are hashed again."""
        if self._files == self._before:
            return
        value = {"version": _VERSION, "files": self._files}
        with suppress(OSError):
            temporary = folder / f"{SEEN}.new"
            temporary.write_text(json.dumps(value), "utf-8")
            temporary.replace(folder / SEEN)

    def identity(self, file: Path) -> str:
        """Return the first 32 hex digits of the SHA-256 of a file's bytes.

        Raises:
            OSError: it cannot be read.
        """
        key = os.fsencode(file).decode("utf-8", "backslashreplace")
        found = file.stat()
        stamp: list[int | str] = [found.st_size, found.st_mtime_ns, found.st_ino]
        noted = self._files.get(key)
        if noted is not None and noted[:3] == stamp and isinstance(noted[3], str):
            return noted[3]
        identity = file_sha256(file)[:32]
        self._files.pop(key, None)
        if time.time_ns() - found.st_mtime_ns > _SETTLED_NS:
            self._files[key] = [*stamp, identity]
        return identity
