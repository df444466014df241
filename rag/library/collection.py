"""Collection: everything that is done with one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rag.documents.source import PLAINLY, ReadOptions
from rag.errors import IndexMissingError, LibraryError, RagError, StoreError
from rag.index import Index
from rag.index.files import absolute
from rag.index.manifest import MANIFEST, damaged
from rag.index.rows import Place
from rag.library.choosing import LeftOuts
from rag.library.entries import Disk, Entry, Held, Now, entries, held, key_of, uploads
from rag.library.incoming import FILES, Incoming
from rag.library.names import own_folder, shown
from rag.library.record import RECORD, Record, Refused, read_record, set_aside, write_record
from rag.library.runs import STOPPED, Job, Outcome, Progress, Run, Runs, Step, under
from rag.within import Within

LOCK = "record.lock"
_LOCKED_S = 20.0  # another process is waited for so long; a change takes milliseconds
PREVIEWED = 4000


Listener = Callable[["Collection", bool], None]
"""Told which collection has other documents, and whether its reading has ended."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a document.

    Attributes:
        id: of the document.
        title: of the document.
        text: its first characters.
        more: whether there is more.
    """

    id: str
    title: str
    text: str
    more: bool


@dataclass(frozen=True, slots=True)
class _Opened:
    """An index as it was opened, and what is listed of it."""

    stamp: tuple[int, int, int]
    index: Index
    held: Sequence[Held]


class Collection:
    """A named collection of documents: an index, uploads, and what was chosen.

    Several threads may use it, and several processes the same folders.

    Args:
        name: what it is called.
        folder: of its index, which need not be there yet.
        made_here: it was made on the page, and can be renamed and removed.
        runs: what reads.

    Attributes:
        own: its own folder.
        files: that of the uploads.
    """

    def __init__(self, name: str, folder: Path, *, made_here: bool, runs: Runs) -> None:
        self.name = name
        self.folder = absolute(folder)
        self.made_here = made_here
        self.own = own_folder(self.folder)
        self.files = self.own / FILES
        self._runs = runs
        self._run = Run(self._request, self._ended, self._written)
        self._lock = threading.RLock()
        self._opened: _Opened | None = None
        self._disk: Disk | None = None
        self._elsewhere: dict[str, Place] = {}  # by path, what was looked at beside uploads
        self._listeners: list[Listener] = []

    # --- what there is ------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Return the files, one entry each, by source.

        Raises:
            LibraryError: the record is damaged.
            StoreError: the index is damaged; what was uploaded is there all the same.
        """
        with self._lock:
            record, opened = self._record(), self._open()
            known = opened.held if opened else ()
            now = Now(
                on_disk=uploads(self.files),
                refused=record.refused,
                removed=frozenset(record.removed),
                reading=self._at_work(),
                left_out=self._left_outs(record, opened).ids() if record.left_out else frozenset(),
            )
            if self._disk is None:
                self._disk = Disk(self.folder)
            found = list(entries(known, self._disk, now, self.files))
        return sorted(found, key=lambda each: (each.source.casefold(), each.source, each.key))

    def entry(self, key: str) -> Entry:
        """Return the entry of a file.

        Raises:
            LibraryError: there is none.
        """
        return self._by_key([key])[0]

    def preview(self, document_id: str, characters: int = PREVIEWED) -> Preview:
        """Return the beginning of a document.

        Raises:
            LibraryError: the index holds no such document.
            StoreError: it is damaged.
        """
        with self._lock:
            opened = self._open()
        try:
            if opened is None:
                raise KeyError(document_id)
            document = opened.index.documents[document_id]
        except KeyError:
            raise LibraryError(
                "There is no such document here any more; look at the list again."
            ) from None
        return Preview(
            document_id, document.title, document.text[:characters], len(document.text) > characters
        )

    # --- which may answer ---------------------------------------------------------------------

    def leave_out(self, ids: Iterable[str]) -> None:
        """Let documents not answer, until they are taken in; kept on the disk.

        Raises:
            LibraryError: there is no such document, or the choice cannot be kept.
        """
        self._choose(frozenset(ids), leave=True)

    def take_in(self, ids: Iterable[str]) -> None:
        """Let documents answer that were left out.

        Raises:
            LibraryError: there is no such document, or the choice cannot be kept.
        """
        self._choose(frozenset(ids), leave=False)

    def within(self, asked: Within | None = None) -> Within | None:
        """Return what `Assistant.stream` is given so that only what was not left out answers.

        Args:
            asked: what else is asked of the documents.

        Raises:
            LibraryError: what was left out is not known; nothing may be asked then.
            StoreError: the index cannot be opened.
        """
        with self._lock:
            record = self._record()
            if not record.left_out and not record.removed:
                return asked
            opened = self._open()
            without = self._left_outs(record, opened).ids() | frozenset(record.removed)
        return replace(asked or Within(), without=without) if without else asked

    def _choose(self, ids: frozenset[str], *, leave: bool) -> None:
        with self._changing() as record:
            choices = self._left_outs(record, self._open())
            if not all(choices.knows(id_) for id_ in ids):
                raise LibraryError(
                    "There is no such document here any more; look at the list again."
                )
            if leave:
                choices.leave_out(ids)
            else:
                choices.take_in(ids)
            self._write(replace(record, left_out=choices.kept()))

    def _left_outs(self, record: Record, opened: _Opened | None) -> LeftOuts:
        rows = opened.index.document_rows if opened else ()
        return LeftOuts(record.left_out, rows, str(self.files))

    # --- receiving and removing ---------------------------------------------------------------

    def receive(
        self, path: str, size: int | None = None, modified: float | None = None
    ) -> Incoming:
        """Return what takes the bytes of an upload; `read` has to be called for it to be read.

        Args:
            path: relative, with its folders.
            size: how many bytes will come, where that is known.
            modified: when the file was last changed, in seconds since 1970.

        Raises:
            LibraryError: it cannot be taken; the message says why.
        """
        return Incoming(self.own, path, size, modified)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove uploads, and documents whose files are gone; they do not answer from now on.

        Raises:
            LibraryError: a file lies elsewhere on this machine and is not ours to remove.
        """
        chosen = self._by_key(keys)
        for entry in chosen:
            if not entry.upload and entry.status != "missing":
                raise LibraryError(
                    f"{shown(entry.source)} lies elsewhere on this computer and was not put here, "
                    "so it is not removed from here. Leave it out, so that it does not answer."
                )
        own = [entry.source for entry in chosen if entry.upload]
        with self._changing() as record:
            self._unlink(own)
            opened = self._open()
            choices = self._left_outs(record, opened)
            choices.forget(("", source) for source in own)
            removed = (*record.removed, *_only_there(opened, {each.key for each in chosen}))
            self._write(replace(record, removed=removed, left_out=choices.kept()))
        beside = self._paths([entry for entry in chosen if not entry.upload])
        self._runs.ask(self._run, Job(beside=beside))

    def _unlink(self, sources: Iterable[str]) -> None:
        """Remove uploads from the disk, and folders that are empty then."""
        for source in sources:
            path = self.files / source
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise LibraryError(
                    f"{shown(source)} cannot be removed ({error.strerror or error}). Close what "
                    "uses it, then try again."
                ) from error
            for parent in path.parents:
                if parent == self.files:
                    break
                with suppress(OSError):  # not empty
                    parent.rmdir()

    # --- reading ------------------------------------------------------------------------------

    def read(self, options: ReadOptions = PLAINLY) -> None:
        """Have everything read that was not, in a process of its own; returns at once.

        While it is at work another call makes another reading follow.

        Args:
            options: passwords and the like.
        """
        self._runs.ask(self._run, Job(options=options))

    def reread(self, keys: Iterable[str], options: ReadOptions = PLAINLY) -> None:
        """Have files read again though nothing of them has changed, or they were refused.

        Raises:
            LibraryError: there is no such file.
        """
        chosen = self._by_key(keys)
        elsewhere = self._paths([entry for entry in chosen if not entry.upload])
        again = {str(self.files / entry.source) for entry in chosen if entry.upload} | elsewhere
        self._runs.ask(self._run, Job(again=again, beside=elsewhere, options=options))

    def stop(self) -> None:
        """Stop reading; what was read so far is kept, the rest waits."""
        self._runs.stop(self._run)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being read; tell whether that is so."""
        return self._runs.wait(self._run, timeout)

    def progress(self) -> Progress | None:
        """Return how far the reading is; None where nothing was read since the program began."""
        found = self._run.progress()
        if found is None:
            return None
        return replace(found, now=tuple(sorted(self._source(path) for path in found.now)))

    def steps(self, after: int = 0) -> list[Step]:
        """Return what became of files since a step, by source in place of path."""
        return [replace(each, path=self._source(each.path)) for each in self._run.steps(after)]

    def last_error(self) -> str:
        """Return why the last reading ended before everything was read, "" where it did not."""
        return self._record().error

    def is_unread(self) -> bool:
        """Tell whether uploads wait, as after a restart."""
        return any(each.upload and each.status in ("waiting", "changed") for each in self.entries())

    def resume(self) -> None:
        """Go on with a reading that the end of the program cut off; not with one that was stopped.

        Raises:
            LibraryError: the record is damaged.
            StoreError: the index is damaged.
        """
        if self.own.exists() and self.last_error() != STOPPED and self.is_unread():
            self.read()

    def version(self) -> str:
        """Return what is another one whenever the list may be."""
        times = []
        for path in (self.folder / MANIFEST, self.own / RECORD):
            try:
                times.append(path.stat().st_mtime_ns)
            except OSError:
                times.append(0)
        run = self._run.progress()
        return "-".join(map(str, (*times, run.steps if run else 0)))

    def listen(self, listener: Listener) -> None:
        """Have someone told whenever other documents can answer, from a thread of the reading.

        Documents that were removed are left out by `within` until that has been told.
        """
        self._listeners.append(listener)

    def mend(self) -> None:
        """Begin a damaged record anew, with nothing left out; the damaged one is kept aside.

        Raises:
            LibraryError: that cannot be done.
        """
        with self._locked():
            try:
                self._record()
            except LibraryError:
                set_aside(self.own)
                self._write(Record(name=self.name if self.made_here else ""))

    def _request(self, job: Job) -> bytes:
        from rag.library.reading import Request

        record = self._record()
        try:
            self.files.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"There is no place for documents ({error.strerror or error}). Make room on the "
                "disk or get the right to write there, then read again."
            ) from error
        known = [
            (str(self._path(one)), one.bytes, one.mtime_ns)
            for one in record.refused
            if not one.inside
        ]
        return Request(
            folder=str(self.folder),
            files=str(self.files),
            beside=tuple(sorted(job.beside)),
            again=tuple(sorted(job.again)),
            refused=tuple(known),
            pipeline=record.pipeline,
            passwords=job.options.passwords,
            ocr=job.options.ocr,
            ocr_languages=job.options.ocr_languages,
        ).to_line()

    def _ended(self, outcome: Outcome) -> str:
        """Keep what a reading has come to; return why it failed, fit to be shown."""
        error = self._told(outcome.error)
        self._written(ended=True)
        try:
            with self._changing() as record:
                opened = self._open()
                here = opened.index.documents if opened and not outcome.complete else ()
                self._write(
                    replace(
                        record,
                        left_out=self._left_outs(record, opened).kept(),
                        removed=tuple(each for each in record.removed if each in here),
                        refused=self._refused(record, outcome),
                        pipeline=outcome.pipeline or record.pipeline,
                        finished=datetime.now(UTC).isoformat(timespec="seconds"),
                        error=error,
                    )
                )
        except RagError as failed:
            error = self._told(" ".join(filter(None, (error, str(failed)))))
        return error

    def _refused(self, record: Record, outcome: Outcome) -> tuple[Refused, ...]:
        """Return what could not be read, of this reading and of those before."""
        told = {path for path, _ in outcome.refused} | outcome.read
        before = [one for one in record.refused if str(self._path(one)) not in told]
        now = []
        for one in outcome.refused.values():
            source, place = under(one.root, self.files), self._elsewhere.get(one.root)
            if not Path(one.root).exists():
                continue
            if source is not None:
                now.append(replace(one, root="", source=source))
            elif place is not None:
                now.append(replace(one, root=place.root, source=place.source))
        kept = [one for one in before if self._path(one).exists()]
        return tuple(sorted([*kept, *now], key=lambda one: (one.root, one.source, one.inside)))

    def _written(self, *, ended: bool = False) -> None:
        for listener in self._listeners:
            listener(self, ended)

    # --- the folders --------------------------------------------------------------------------

    def _told(self, message: str) -> str:
        """Return a message without the paths of this machine."""
        message = message.replace(str(self.files), "the uploads")
        return message.replace(str(self.folder), f"“{self.name}”")

    def _record(self) -> Record:
        return read_record(self.own, self.name)

    def _write(self, record: Record) -> None:
        write_record(self.own, record)

    @contextmanager
    def _changing(self) -> Iterator[Record]:
        """Give the record to whoever changes it, one at a time."""
        with self._lock, self._locked():
            yield self._record()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            self.own.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.own / LOCK)
            lock.acquire(timeout=_LOCKED_S)
        except Timeout as error:
            raise LibraryError(
                f"Another program is changing the collection “{self.name}”. Try again in a moment."
            ) from error
        except OSError as error:
            raise LibraryError(
                f"The collection “{self.name}” cannot be changed ({error.strerror or error}). Get "
                "the right to write there, then try again."
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _open(self) -> _Opened | None:
        """Return the index as it is now; None where there is none yet."""
        try:
            found = (self.folder / MANIFEST).stat()
        except OSError:
            self._opened = None
            # The first time an index is written its state is there a moment before its manifest.
            if any(self.folder.glob("state-*")) and not self.is_coming():
                raise self._damaged() from None
            return None
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._opened is None or self._opened.stamp != stamp:
            try:
                index = Index.open(self.folder)
            except IndexMissingError:
                self._opened = None
                return None
            self._opened = _Opened(stamp, index, held(index, self.files))
            self._disk = None
        return self._opened

    def is_coming(self) -> bool:
        """Tell whether a manifest that is missing is about to be written, or has just been."""
        found = self._run.progress()
        return (found is not None and found.at_work) or (self.folder / MANIFEST).exists()

    def _damaged(self) -> StoreError:
        return damaged(self.folder, f"{MANIFEST} is missing")

    def _at_work(self) -> frozenset[str]:
        sources = (under(path, self.files) for path in self._run.at_work())
        return frozenset(source for source in sources if source is not None)

    def _source(self, path: str) -> str:
        """Return how a path is shown."""
        source = under(path, self.files)
        return Path(path).name if source is None else source

    def _path(self, one: Refused) -> Path:
        return (Path(one.root) if one.root else self.files) / one.source

    def _by_key(self, keys: Iterable[str]) -> list[Entry]:
        known = {entry.key: entry for entry in self.entries()}
        wanted = list(dict.fromkeys(keys))
        if not all(key in known for key in wanted):
            raise LibraryError("There is no such file here any more; look at the list again.")
        return [known[key] for key in wanted]

    def _paths(self, chosen: Sequence[Entry]) -> set[str]:
        """Return the paths of files that lie elsewhere, and remember what they are called."""
        keys = {entry.key for entry in chosen}
        with self._lock:
            opened = self._open()
            places = [each.place for each in (opened.held if opened else ())]
            places += [Place(one.root, one.source) for one in self._record().refused if one.root]
        found = {place.name: place for place in places if key_of(place, str(self.files)) in keys}
        self._elsewhere.update(found)
        return set(found)


def _only_there(opened: _Opened | None, keys: Set[str]) -> Iterator[str]:
    """Yield the ids of documents that lie in none but some files."""
    others: set[str] = set()
    for each in opened.held if opened else ():
        if each.entry.key not in keys:
            others.update(each.entry.ids)
    for each in opened.held if opened else ():
        if each.entry.key in keys:
            yield from (id_ for id_ in each.entry.ids if id_ not in others)
