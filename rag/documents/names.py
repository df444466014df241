"""Names of files inside files: nothing that a path is made of, and none twice."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from rag.documents.characters import CONTROL

_MAX_NAME = 120  # characters
_UNSAFE = re.compile(r"[<>:\"|?*\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def file_name(stated: str) -> str:
    """Return the name of a file without anything a path is made of, "" if nothing is left."""
    name = re.split(r"[/\\]", stated)[-1]
    name = _UNSAFE.sub("_", CONTROL.sub("", name)).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if len(name) <= _MAX_NAME:
        return name
    return f"{stem[: _MAX_NAME - len(suffix)]}.{suffix}" if dot and len(suffix) < 10 else ""


class Names:
    """The names in a file, each given once, in large letters or small."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}  # in small letters, and how often each was asked for

    def unique(self, name: str) -> str:
        """Return a name that no other file has."""
        path, unique = PurePosixPath(name), name
        while unique.lower() in self._taken:
            self._taken[name.lower()] += 1
            unique = f"{path.stem} ({self._taken[name.lower()]}){path.suffix}"
        self._taken[unique.lower()] = 1
        return unique
