"""What a collection, or a file in it, may be called; where a collection lies."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rag.errors import LibraryError, RagError

COLLECTIONS = "collections"
"""Folder of the collections made here, in the data folder."""
OWN = ".own"
MOST_NAME = 60  # characters of a collection's name
MOST_PART = 240  # bytes of a file's or folder's name; file systems take 255
MOST_PATH = 1000  # bytes of a relative path
MOST_DEEP = 32  # folders in each other
_RESERVED = frozenset(["con", "prn", "aux", "nul", "conin$", "conout$"]) | {
    f"{device}{number}" for device in ("com", "lpt") for number in "123456789¹²³"
}
_DRIVE = re.compile(r"[A-Za-z]:")
# Letters that turn the direction of writing can make `gpj.exe` of `exe.jpg`.
_TURNS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_ON_WINDOWS = frozenset('<>:"|?*')
_OF_AN_INDEX = re.compile(r"(?:state|generation|segment)-\d{6,}")


def check_name(name: str) -> str:
    """Return the name of a collection as it is kept, outer spaces and doubled ones gone.

    Raises:
        LibraryError: it cannot be one.
    """
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy:
        raise LibraryError("A collection needs a name; type one.")
    if len(tidy) > MOST_NAME:
        raise LibraryError(f"The name has {len(tidy)} characters; give one of at most {MOST_NAME}.")
    if not all(_stands_in_names(character) for character in tidy):
        raise LibraryError(
            "A collection's name is made of letters, digits, spaces and - _ . only; "
            "take the other characters out."
        )
    if (
        unicodedata.category(tidy[0])[0] not in "LN"
        or unicodedata.category(tidy[-1])[0] not in "LNM"
    ):
        raise LibraryError(
            "A collection's name begins and ends with a letter or a digit; change its first or "
            "last character."
        )
    if tidy.split(".")[0].casefold() in _RESERVED or tidy.casefold().endswith(OWN):
        raise LibraryError(f"“{tidy}” has a meaning of its own here; give another name.")
    return tidy


def same(name: str, other: str) -> bool:
    """Tell whether two names are one, case ignored."""
    return _folded(name) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())


def _stands_in_names(character: str) -> bool:
    # Marks belong to the letters of many scripts; joiners have a meaning in some.
    return character in " -_.\u200c\u200d" or unicodedata.category(character)[0] in "LNM"


def safe_path(path: str) -> str:
    """Return the relative path of an upload as it is kept: "contracts/2024/a.pdf".

    Raises:
        LibraryError: it leads elsewhere, or a file system would not take it.
    """
    tidy = unicodedata.normalize("NFC", path)
    _check_characters(tidy)
    if tidy.startswith("/") or _DRIVE.match(tidy):
        raise LibraryError("A file is named by a path inside the folder; leave out where it lies.")
    parts = tidy.split("/")
    if len(parts) > MOST_DEEP or len(tidy.encode()) > MOST_PATH:
        raise LibraryError(
            f"{shown(tidy)}: its path is too long; put it into fewer folders with shorter names."
        )
    for part in parts:
        _check_part(part, tidy)
    return tidy


def _check_characters(path: str) -> None:
    for character in path:
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS:
            raise LibraryError(
                f"{shown(path)}: there are control characters in its name; rename the file."
            )
    if "\\" in path:
        raise LibraryError(f"{shown(path)}: there is a \\ in its name; rename the file.")
    if os.name == "nt" and not _NOT_ON_WINDOWS.isdisjoint(path):
        raise LibraryError(f'{shown(path)}: Windows takes no < > : " | ? * in names; rename it.')


def _check_part(part: str, path: str) -> None:
    """Refuse the name of a file or folder that leads elsewhere or that no file can have."""
    if part in ("", ".", "..") or not part.strip():
        raise LibraryError(
            f"{shown(path)}: a file is named by the folders it lies in and its name."
        )
    if part.startswith("."):
        raise LibraryError(
            f"{shown(path)}: files and folders that begin with a dot are hidden and not read; "
            "rename it to have it read."
        )
    if len(part.encode()) > MOST_PART:
        raise LibraryError(f"{shown(path)}: its name is too long; give a shorter one.")
    if part.split(".")[0].strip().casefold() in _RESERVED:
        raise LibraryError(f"{shown(path)}: a file of this name cannot be kept; rename it.")
    if os.name == "nt" and part[-1] in " .":
        raise LibraryError(f"{shown(path)}: Windows takes no names that end so; rename it.")
    if _OF_AN_INDEX.fullmatch(part):
        raise LibraryError(f"{shown(path)}: such folders are parts of an index; rename it.")


def check_suffix(path: str) -> None:
    """Refuse a file that no reader knows.

    Raises:
        LibraryError: there is no reader for its suffix.
    """
    from rag.documents import SUPPORTED

    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in SUPPORTED:
        kind = f"{suffix} files" if suffix else "files without a suffix"
        raise LibraryError(
            f"{shown(path)}: {kind} cannot be read. "
            f"Convert it to one of these: {', '.join(each[1:] for each in SUPPORTED)}."
        )


def shown(path: str) -> str:
    """Return the name of a file for a message, whatever stands in it."""
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path
    clean = "".join("�" if _unshowable(each) else each for each in name)
    return f"“{clean if len(clean) <= 100 else clean[:60] + '…' + clean[-30:]}”"


def _unshowable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS


def own_folder(folder: Path) -> Path:
    """Return the own folder of the collection whose index lies, or will lie, in a folder."""
    return folder.with_name(folder.name + OWN)


def made_folders(data: Path) -> Iterator[Path]:
    """Yield the index folders of the collections made here, whether or not they are there yet."""
    try:
        names = sorted(path.name for path in (data / COLLECTIONS).iterdir() if path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return
    seen: set[str] = set()
    for name in names:
        stem = name.removesuffix(OWN)
        if stem not in seen and stem and not name.startswith("."):
            seen.add(stem)
            yield data / COLLECTIONS / stem


def name_of(folder: Path) -> str:
    """Return what a collection is called: what its record says, else as its folder.

    Raises:
        LibraryError: its record cannot be read.
    """
    from rag.library.record import read_record

    return read_record(own_folder(folder), folder.name).name or folder.name


def collection_folder(data: Path, name: str) -> Path | None:
    """Return the index folder of a collection made here, by its name; None where there is none."""
    by_folder = None
    for folder in made_folders(data):
        try:
            if same(name_of(folder), name):
                return folder
        except RagError:  # told where collections are listed
            if same(folder.name, name):
                by_folder = folder
    return by_folder
