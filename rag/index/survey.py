"""The files there are now against the index there was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rag.documents.source import ReadOptions
from rag.documents.worker import Worker
from rag.errors import DocumentError, StoreError, UnreadableDocumentError
from rag.index.files import absolute, covers, file_sha256
from rag.index.rows import DocumentRow, Place

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Survey:
    """The document rows the new index will have, and what became of each file under the paths.

    Attributes:
        rows: ordered by root and source, so that the same files give the same index.
    """

    rows: list[DocumentRow] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[DocumentError] = field(default_factory=list)


def survey(
    paths: Sequence[Path],
    old_rows: Sequence[DocumentRow],
    folder: Path,
    tell: Progress,
    options: ReadOptions,
) -> Survey:
    """Find the files under the paths and read those whose bytes the old index does not know.

    Raises:
        StoreError: not one file could be read.
    """
    result = Survey()
    given = [absolute(path) for path in paths]
    old_places = {place.path: (place, row) for row in old_rows for place in row.places}
    found = _find(given, old_places, absolute(folder))
    by_file = _identify(found, given, result.failed, tell)
    known: dict[str, list[DocumentRow]] = {}
    for row in old_rows:
        known.setdefault(row.file, []).append(row)
    with Worker(options) as worker:
        for done, (file, places) in enumerate(by_file.items(), start=1):
            tell("read", done, len(by_file))
            before = known.get(file, [])
            elsewhere = [
                place
                for place in (before[0].places if before else ())
                if not _covered(given, place) and place.path.exists()
            ]
            try:
                rows, failed = _rows([*places, *elsewhere], file, before, worker)
            except DocumentError as error:
                result.failed.append(error)
            else:
                result.rows += rows
                result.failed += failed
    if not result.rows:
        raise StoreError(_nothing_read(given, result.failed))
    for row in old_rows:
        # What does not lie under the paths stays as it was read.
        left = [place for place in row.places if not _covered(given, place)]
        if left and row.file not in by_file:
            result.rows.append(DocumentRow.of(row.document, left, row.file, row.pipeline))
    # A file inside others that are the same to the byte is one document.
    result.rows = list({row.document.id: row for row in result.rows}.values())
    result.rows.sort(
        key=lambda row: (row.places[0].root, row.places[0].source, row.document.inside)
    )
    _compare(result, found, old_places)
    return result


def _find(
    given: Iterable[Path],
    old_places: Mapping[Path, tuple[Place, DocumentRow]],
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
        if file in old_places:
            _note(found, Path(old_places[file][0].root), file)
    return dict(sorted(found.items()))


def _note(found: dict[Path, Place], root: Path, file: Path) -> None:
    before = found.get(file)
    if before is None or len(str(root)) < len(before.root):
        found[file] = Place(str(root), file.relative_to(root).as_posix())


def _identify(
    found: Mapping[Path, Place],
    given: Sequence[Path],
    failed: list[DocumentError],
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
            by_file.setdefault(file_sha256(file)[:32], []).append(place)
        except DocumentError as error:
            failed.append(error)
        except OSError as error:
            failed.append(_unreadable(file, error.strerror or str(error)))
    return by_file


def _leads_out(file: Path, given: Iterable[Path]) -> bool:
    """Tell whether a file is a link to one that lies under none of the paths."""
    real = file.resolve()
    return real != file and not any(covers(path.resolve(), real) for path in given)


def _rows(
    places: Sequence[Place], file: str, before: Sequence[DocumentRow], worker: Worker
) -> tuple[list[DocumentRow], Sequence[DocumentError]]:
    """Return the rows of one file, read anew unless the old rows still tell the same.

    Returns:
        The rows, and what could not be read of the files inside it.

    Raises:
        DocumentError: it cannot be read.
    """
    places = sorted(set(places), key=lambda place: (place.root, place.source))
    first = places[0]
    if before and before[0].places[0] == first and before[0].pipeline == pipeline():
        rows = [DocumentRow.of(row.document, places, file, row.pipeline) for row in before]
        return rows, ()
    found = worker.read(first.path, root=Path(first.root))
    if found.file != file:
        raise _unreadable(first.path, "it changed while it was being read")
    rows = [DocumentRow.of(document, places, file, pipeline()) for document in found.documents]
    return rows, found.failed


def _compare(
    result: Survey,
    found: Mapping[Path, Place],
    old_places: Mapping[Path, tuple[Place, DocumentRow]],
) -> None:
    """Say of each file whether it is new, changed, gone or as before."""
    now = {place.path: row.file for row in result.rows for place in row.places}
    for file, place in found.items():
        if file not in now:
            continue
        if file not in old_places:
            result.added.append(place.source)
        elif old_places[file][1].file == now[file]:
            result.unchanged.append(place.source)
        else:
            result.changed.append(place.source)
    refused = {absolute(Path(error.path)) for error in result.failed}
    result.removed.extend(
        place.source
        for file, (place, _) in sorted(old_places.items())
        if file not in now and file not in refused
    )


def _covered(given: Iterable[Path], place: Place) -> bool:
    return any(covers(path, place.path) for path in given)


@cache
def pipeline() -> str:
    """Return a fingerprint of what reads and cuts documents: other code, other passages."""
    from importlib.metadata import version

    from rag import documents, passages
    from rag.index import building, words

    digest = hashlib.sha256()
    for module in (documents, passages, building, words):
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


def _nothing_read(given: Sequence[Path], failed: Sequence[DocumentError]) -> str:
    names = ", ".join(str(path) for path in given) or "no path at all"
    first = f" First of {len(failed)} reasons: {failed[0]}" if failed else ""
    return (
        f"No document could be read from {names}, so the index is left as it was.{first} "
        "Name files or folders that hold documents; docs/documents.md lists what is read."
    )
