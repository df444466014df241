"""Library: all collections of this machine."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import IndexMissingError, LibraryError, RagError, StoreError
from rag.index import Index
from rag.index.files import sole_writer
from rag.index.manifest import MANIFEST, SPARE, read_manifest
from rag.library.collection import Collection, Listener
from rag.library.incoming import FILES
from rag.library.names import (
    COLLECTIONS,
    OWN,
    check_name,
    made_folders,
    name_of,
    own_folder,
    same,
)
from rag.library.record import Record, read_record, write_record
from rag.library.runs import READING, Runs
from rag.readings.shelf import forget

_GONE = ".removed-"


@dataclass(frozen=True, slots=True)
class Known:
    """A collection as the list of them shows it.

    Attributes:
        name: what it is called.
        made_here: it was made on the page, and can be renamed and removed.
        documents: how many its index holds.
        passages: how many these have.
        changed: when its index was last written, ISO 8601; "" where there is none yet.
        error: why it cannot be used.
    """

    name: str
    made_here: bool
    documents: int = 0
    passages: int = 0
    changed: str = ""
    error: str = ""


class Library:
    """The collections of this machine: those that `rag index` made, and those made on the page.

    Args:
        indexes: folder of the indexes that `rag index` makes.
        data: folder of what the user makes here.
        reading: command that begins the process that reads.
    """

    def __init__(self, indexes: Path, data: Path, reading: Sequence[str] = READING) -> None:
        self._indexes = indexes.expanduser()
        self._data = data.expanduser()
        self._runs = Runs(reading)
        self._lock = threading.RLock()
        self._open: dict[Path, Collection] = {}
        self._listeners: list[Listener] = []
        self._mourners: list[Callable[[str], None]] = []
        self._sweep()

    def collections(self) -> list[Known]:
        """Return every collection by name; one that cannot be used has its error with it."""
        found = [self._known(name, folder, made) for name, folder, made in self._all()]
        return sorted(found, key=lambda each: (each.name.casefold(), each.name, each.made_here))

    def get(self, name: str) -> Collection:
        """Return a collection; the same object each time.

        Raises:
            LibraryError: there is none of that name.
        """
        with self._lock:
            for called, folder, made in self._all():
                if called == name:
                    return self._collection(called, folder, made)
        raise LibraryError(f"There is no collection “{_short(name)}”; choose another one.")

    def has(self, name: str) -> bool:
        """Tell whether there is a collection of a name."""
        with self._lock:
            return any(called == name for called, _, _ in self._all())

    @property
    def closed(self) -> bool:
        """Whether nothing is read any more."""
        return self._runs.closed

    def create(self, name: str) -> Collection:
        """Make an empty collection.

        Raises:
            LibraryError: the name cannot be one, or is taken, or the disk does not take it.
        """
        with self._lock:
            tidy = check_name(name)
            self._check_free(tidy)
            folder = self._free_folder(tidy)
            try:
                (own_folder(folder) / FILES).mkdir(parents=True)
            except OSError as error:
                raise LibraryError(
                    f"The collection “{tidy}” cannot be made ({error.strerror or error}). Make "
                    "room on the disk or get the right to write there, then try again."
                ) from error
            made = datetime.now(UTC).isoformat(timespec="seconds")
            write_record(own_folder(folder), Record(name=tidy, made=made))
            return self._collection(tidy, folder, made=True)

    def rename(self, name: str, new: str) -> Collection:
        """Call a collection otherwise; its folders stay, so that nothing has to be read again.

        Raises:
            LibraryError: it was not made here, or the name cannot be one or is taken.
        """
        with self._lock:
            collection = self._made_here(name, "renamed")
            tidy = check_name(new)
            self._check_free(tidy, but=collection.folder)
            with collection._changing() as record:
                write_record(collection.own, replace(record, name=tidy))
            collection.name = tidy
        self._gone(name)
        return collection

    def remove(self, name: str) -> None:
        """Remove a collection with what was uploaded to it; files elsewhere stay as they are.

        Raises:
            LibraryError: it was not made here, is being read, or cannot be removed.
        """
        with self._lock:
            collection = self._made_here(name, "removed")
            progress = collection.progress()
            if progress is not None and progress.at_work:
                raise LibraryError(
                    f"Documents of “{collection.name}” are being read. Stop that, then remove it."
                )
            ids = _document_ids(collection.folder)
            self._move_away(collection)
            self._open.pop(collection.folder, None)
            self._sweep()
        self._gone(name)
        # What leaves leaves nothing behind that was read of it.
        forget(ids)

    def listen(self, listener: Listener, gone: Callable[[str], None] | None = None) -> None:
        """Have someone told whenever other documents of a collection can answer.

        Args:
            listener: told by whatever thread reads.
            gone: told the names that collections do not have any more.
        """
        with self._lock:
            self._listeners.append(listener)
            if gone is not None:
                self._mourners.append(gone)
            for collection in self._open.values():
                collection.listen(listener)

    def _gone(self, name: str) -> None:
        for each in self._mourners:
            each(name)

    def close(self) -> None:
        """Stop all readings and wait for them."""
        self._runs.close()

    # --- finding them -------------------------------------------------------------------------

    def _all(self) -> Iterator[tuple[str, Path, bool]]:
        """Yield name and index folder of each collection, and whether it was made here."""
        yield from ((folder.name, folder, False) for folder in _indexes_in(self._indexes))
        for folder in made_folders(self._data):
            try:
                yield name_of(folder), folder, True
            except RagError:  # listed by the name of its folder, with the error
                yield folder.name, folder, True

    def _known(self, name: str, folder: Path, made: bool) -> Known:
        bare = Known(name, made)
        try:
            read_record(own_folder(folder), name)
            manifest = read_manifest(folder)
        except IndexMissingError:
            broken = (folder / SPARE).exists() or any(folder.glob("state-*"))
            opened = self._open.get(folder)
            if broken and opened is not None and opened.is_coming():
                broken = False
            return replace(bare, error=_NO_MANIFEST.format(name=name)) if broken else bare
        except RagError as error:
            return replace(bare, error=str(error).replace(str(folder), f"“{name}”"))
        return replace(
            bare,
            documents=manifest.documents,
            passages=manifest.passages,
            changed=manifest.created,
        )

    def _collection(self, name: str, folder: Path, made: bool) -> Collection:
        known = self._open.get(folder)
        if known is None:
            known = Collection(name, folder, made_here=made, runs=self._runs)
            for listener in self._listeners:
                known.listen(listener)
            self._open[folder] = known
        known.name = name
        return known

    def _made_here(self, name: str, what: str) -> Collection:
        for called, folder, made in self._all():
            if made and called == name:
                return self._collection(called, folder, made)
        collection = self.get(name)
        raise LibraryError(
            f"“{collection.name}” was made with `rag index` and is not {what} from here; make a "
            "collection of your own, or do it in the folder of the indexes."
        )

    def _check_free(self, name: str, but: Path | None = None) -> None:
        for called, folder, _ in self._all():
            if folder != but and same(called, name):
                raise LibraryError(f"There is a collection “{called}” already; give another name.")

    def _free_folder(self, name: str) -> Path:
        """Return a folder for the index of a new collection, called as it if that is free."""
        base = self._data / COLLECTIONS
        taken = [folder.name for folder in made_folders(self._data)]
        number, folder = 1, name
        while any(same(folder, each) for each in taken):
            number += 1
            folder = f"{name} {number}"
        return base / folder

    def _move_away(self, collection: Collection) -> None:
        """Take both folders from where collections lie, the index first, each in one step."""
        token = uuid.uuid4().hex
        try:
            if collection.folder.exists():
                with sole_writer(collection.folder):
                    pass
                gone = collection.folder.with_name(f"{_GONE}{token}")
                os.replace(collection.folder, gone)  # noqa: PTH105
            if collection.own.exists():
                gone = collection.own.with_name(f"{_GONE}{token}{OWN}")
                os.replace(collection.own, gone)  # noqa: PTH105
        except StoreError as error:
            raise LibraryError(
                f"Another program is reading documents into “{collection.name}”. Wait until it is "
                "done, then remove it."
            ) from error
        except OSError as error:
            raise LibraryError(
                f"“{collection.name}” cannot be removed ({error.strerror or error}). Close what "
                "uses it, then try again."
            ) from error

    def _sweep(self) -> None:
        """Free what was removed, now or by a run that was killed meanwhile."""
        for path in (self._data / COLLECTIONS).glob(f"{_GONE}*"):
            shutil.rmtree(path, ignore_errors=True)


_NO_MANIFEST = (
    f"The index “{{name}}” is damaged: {MANIFEST} is missing. Mend it with "
    "`rag doctor --index {name}`, or have its documents read again."
)


def _indexes_in(folder: Path) -> list[Path]:
    """Return the folders in a folder that are, or were, indexes."""
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [
        path
        for path in inside
        if not path.name.startswith(".")
        and not path.name.endswith(OWN)
        and ((path / MANIFEST).exists() or (path / SPARE).exists() or any(path.glob("state-*")))
    ]


def _document_ids(folder: Path) -> set[str]:
    """Return the ids of the documents of an index, none where it cannot be opened."""
    try:
        return {document.id for document in Index.open(folder).described}
    except StoreError:
        return set()


def _short(name: str) -> str:
    return name if len(name) <= 80 else name[:80] + "…"
