"""Whether the files of an index are what its manifest states, without reading gigabytes each time.

The smallest files, `AT_ONCE` bytes of them, are hashed whenever an index is opened. A larger one is
hashed once; then its size, time and inode are noted, and as long as they are the same it counts as
checked. `rag doctor` hashes everything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.index.manifest import Manifest, check_file

AT_ONCE = 64_000_000
CHECKED = "checked.json"


def check(folder: Path, manifest: Manifest) -> None:
    """Compare every file of an index with what the manifest states of it.

    Raises:
        IndexDamagedError: one is missing, cut short or altered.
    """
    noted = _noted(folder)
    left = AT_ONCE
    anew = False
    for name, entry in sorted(manifest.files.items(), key=lambda each: each[1].bytes):
        left -= entry.bytes
        path = folder / name
        if left < 0 and name in noted and noted[name] == _stamp(path):
            continue
        check_file(folder, path, entry)
        anew |= left < 0
    if anew:
        note(folder, manifest.files)


def note(folder: Path, names: Iterable[str]) -> None:
    """Note that files have been checked, as they are now; if that cannot be, they are again."""
    stamps = {name: _stamp(folder / name) for name in names}
    with suppress(OSError):
        temporary = folder / f"{CHECKED}.new"
        temporary.write_text(json.dumps(stamps), "utf-8")
        temporary.replace(folder / CHECKED)


def _noted(folder: Path) -> dict[str, Any]:
    """Return what was noted, nothing where that is not whole."""
    try:
        noted = json.loads((folder / CHECKED).read_bytes())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _stamp(path: Path) -> list[int]:
    """Return what changes when a file does."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ino]
