"""The files there are now against the index there was."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from rag.documents import Found, ReadOptions, as_read
from rag.documents.worker import Worker
from rag.errors import DocumentError, StoreError, UnreadableDocumentError
from rag.index.files import absolute, covers
from rag.index.manner import PLAIN, FileStep, Manner, Unread
from rag.index.rows import DocumentRow, Place
from rag.index.seen import Seen

Progress = Callable[[str, int, int], None]
AHEAD = 3  # files that are read before they are cut and embedded


@dataclass(slots=True)
class Survey:
    """The files under some paths, against what an index held of them.

    Attributes:
        found: every file under the paths, by absolute path.
        kept: rows of what need not be read again, with the places it is in now.
        elsewhere: rows of what does not lie under the paths.
        unread: what is read now.
        left: how many files have to be read, and are left for the next build.
        failed: what could not be read.
    """

    found: Mapping[Path, Place]
    kept: list[DocumentRow] = field(default_factory=list)
    elsewhere: list[DocumentRow] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    left: int = 0
    failed: list[DocumentError] = field(default_factory=list)

    def read(
        self, worker: Worker, tell: Callable[[FileStep], None]
    ) -> Iterator[tuple[Unread, Found | None]]:
        """Read what has to be, some files ahead of what is asked for, in order.

        A file that cannot be read goes to `failed` and yields None; so do files inside it, and
        the others are yielded.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="reading") as thread:
            waiting = deque[tuple[Unread, Future[Found]]]()
            todo = iter(self.unread)
            try:
                while True:
                    for each in islice(todo, AHEAD - len(waiting)):
                        waiting.append((each, thread.submit(_read, each, worker, tell)))
                    if not waiting:
                        return
                    each, reading = waiting.popleft()
                    try:
                        found = reading.result()
                    except DocumentError as error:
                        self.failed.append(error)
                        _refuse(each, [error], tell)
                        yield each, None
                    else:
                        self.failed += found.failed
                        _refuse(each, found.failed, tell)
                        yield each, found
            finally:
                for _, reading in waiting:
                    reading.cancel()

    def compare(self, rows: Iterable[DocumentRow], old_rows: Sequence[DocumentRow]) -> Compared:
        """Say of each file whether it is new, changed, gone or as before."""
        old_files = {place.name: (place, row) for row in old_rows for place in row.places}
        now = {place.name: row.file for row in rows for place in row.places}
        result = Compared()
        for file, place in self.found.items():
            name = str(file)
            if name not in now:
                continue
            if name not in old_files:
                result.added.append(place.source)
            elif old_files[name][1].file == now[name]:
                result.unchanged.append(place.source)
            else:
                result.changed.append(place.source)
        refused = {str(absolute(Path(error.path))) for error in self.failed}
        gone = sorted(old_files.keys() - now.keys() - refused)
        result.removed.extend(old_files[name][0].source for name in gone)
        return result


@dataclass(slots=True)
class Compared:
    """What became of each file, by its source."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def survey(
    paths: Sequence[Path],
    old_rows: Sequence[DocumentRow],
    folder: Path,
    tell: Progress,
    options: ReadOptions,
    manner: Manner = PLAIN,
) -> Survey:
    """Find the files under the paths, and which of them the old index does not know."""
    given = [absolute(path) for path in paths]
    old_places = {place.name: place for row in old_rows for place in row.places}
    found = _find(given, old_places, absolute(folder))
    result = Survey(found)
    seen = Seen.load(folder)
    by_file = _identify(found, given, result.failed, seen, tell)
    for error in result.failed:
        manner.tell(FileStep("refused", absolute(Path(error.path)), error=error))
    seen.save(folder)
    known: dict[str, list[DocumentRow]] = {}
    for row in old_rows:
        known.setdefault(row.file, []).append(row)
    inside = _Under(given)
    for file, places in by_file.items():
        before = known.get(file, [])
        elsewhere = [
            place
            for place in (before[0].places if before else ())
            if not inside.covers(place) and place.path.exists()
        ]
        every = tuple(sorted({*places, *elsewhere}, key=lambda place: (place.root, place.source)))
        same = before and before[0].places[0] == every[0] and _is_current(before[0], options)
        if same and not any(place.path in manner.again for place in every):
            result.kept += [DocumentRow.of(r.document, every, file, r.pipeline) for r in before]
        else:
            again = as_read(before[0].document.metadata, options) if before else options
            result.unread.append(Unread(file, every, again))
    for row in old_rows:
        # What does not lie under the paths stays as it was read.
        if row.file in by_file:
            continue
        left = tuple(place for place in row.places if not inside.covers(place))
        if left == row.places:
            result.elsewhere.append(row)
        elif left:
            result.elsewhere.append(DocumentRow.of(row.document, left, row.file, row.pipeline))
    first = {id(each) for each in result.unread if _replaces(each, known, old_places)}
    result.unread.sort(key=lambda each: (id(each) not in first, each.order))
    chosen = manner.choose(result.unread)
    result.left = len(result.unread) - len(chosen)
    result.unread = sorted(chosen, key=lambda each: each.order)
    return result


def _replaces(each: Unread, files: Container[str], places: Container[str]) -> bool:
    """Tell whether the index holds an older state of a file, which leaves it in any case."""
    return each.file in files or any(place.name in places for place in each.places)


class _Under:
    """What lies under some paths."""

    def __init__(self, given: Iterable[Path]) -> None:
        self._given = {str(path) for path in given}
        self._folders = tuple(name.rstrip(os.sep) + os.sep for name in self._given)

    def covers(self, place: Place) -> bool:
        """Say whether a place is one of the paths or lies under one."""
        return place.name in self._given or place.name.startswith(self._folders)


def _is_current(row: DocumentRow, options: ReadOptions) -> bool:
    """Tell whether a file need not be read again for the code or the options being others.

    What was recognised once stays so; what was not is tried again where that is asked for.
    """
    if options.ocr and row.document.source.lower().endswith(".pdf"):
        return row.pipeline == pipeline_of(options)
    return row.pipeline.partition("+")[0] == pipeline()


def pipeline_of(options: ReadOptions) -> str:
    """Return the fingerprint of the code, and of the options that change what is read."""
    return f"{pipeline()}+{options.ocr_languages}" if options.ocr else pipeline()


def _find(
    given: Iterable[Path],
    old_places: Mapping[str, Place],
    folder: Path,
) -> dict[Path, Place]:
    """Return every file under the paths, once, with the place it goes by.

    A file seen from two roots, now or by the old index, goes by the wider one. So the names do
    not depend on the order in which folders were indexed.
    """
    from rag.documents import find_files

    found: dict[Path, Place] = {}
    for path in given:
        for root, file in find_files([path]):
            # An index that lies inside the folder it is made from does not index itself.
            if not covers(folder, file):
                _note(found, absolute(root), absolute(file))
    for file in found:
        if before := old_places.get(str(file)):
            _note(found, Path(before.root), file)
    return dict(sorted(found.items()))


def _note(found: dict[Path, Place], root: Path, file: Path) -> None:
    before = found.get(file)
    if before is None or len(str(root)) < len(before.root):
        found[file] = Place(str(root), file.relative_to(root).as_posix())


def _identify(
    found: Mapping[Path, Place],
    given: Sequence[Path],
    failed: list[DocumentError],
    seen: Seen,
    tell: Progress,
) -> dict[str, list[Place]]:
    """Return the places of each content; what no reader can take is refused before it is hashed."""
    from rag.documents import SUPPORTED, read_documents

    by_file: dict[str, list[Place]] = {}
    for done, (file, place) in enumerate(found.items(), start=1):
        tell("check", done, len(found))
        if file not in given and _leads_out(file, given):
            failed.append(
                UnreadableDocumentError(
                    f"{file}: it is a link to {file.resolve()}, out of what was to be indexed; "
                    "name it itself to read it.",
                    path=str(file),
                )
            )
            continue
        try:
            if file.suffix.lower() not in SUPPORTED or not file.is_file():
                read_documents(file, root=Path(place.root))
            by_file.setdefault(seen.identity(file), []).append(place)
        except DocumentError as error:
            failed.append(error)
        except OSError as error:
            failed.append(_unreadable(file, error.strerror or str(error)))
    return by_file


def _leads_out(file: Path, given: Iterable[Path]) -> bool:
    """Tell whether a file is a link to one that lies under none of the paths."""
    real = file.resolve()
    return real != file and not any(covers(path.resolve(), real) for path in given)


def _refuse(
    unread: Unread, errors: Iterable[DocumentError], tell: Callable[[FileStep], None]
) -> None:
    for error in errors:
        for place in unread.places:
            tell(FileStep("refused", place.path, error=error))


def _read(unread: Unread, worker: Worker, tell: Callable[[FileStep], None]) -> Found:
    """Read one file.

    Raises:
        DocumentError: it cannot be read.
    """
    first = unread.places[0]
    for place in unread.places:
        tell(FileStep("reading", place.path))
    found = worker.read(first.path, root=Path(first.root), options=unread.options)
    if found.file != unread.file:
        raise _unreadable(first.path, "it changed while it was being read")
    return found


@cache
def pipeline() -> str:
    """Return a fingerprint of what reads and cuts documents: other code, other passages."""
    from importlib.metadata import version

    from rag import documents, passages
    from rag.index import filling, words

    digest = hashlib.sha256()
    for module in (documents, passages, filling, words):
        file = Path(str(module.__file__))
        for source in _sources(file):
            digest.update(source.read_bytes())
    for library in ("nupunkt", "trafilatura", "lxml", "pypdfium2", "openpyxl"):
        digest.update(version(library).encode())
    return digest.hexdigest()[:16]


def _sources(file: Path) -> Iterator[Path]:
    """Yield the files of a module, all of its folder where it is a package."""
    if file.stem == "__init__":
        yield from sorted(file.parent.rglob("*.py"))
    else:
        yield file


def _unreadable(file: Path, problem: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(
        f"{file}: {problem}; check the file, then index it again.", path=str(file)
    )


def nothing_read(paths: Sequence[Path], failed: Sequence[DocumentError]) -> StoreError:
    """Return the error for paths under which not one file could be read."""
    names = ", ".join(str(absolute(path)) for path in paths) or "no path at all"
    first = f" First of {len(failed)} reasons: {failed[0]}" if failed else ""
    return StoreError(
        f"No document could be read from {names}, so the index is left as it was.{first} "
        "Name files or folders that hold documents; docs/documents.md lists what is read."
    )
