"""The process that reads: `python -m rag.library.reading`.

On standard input: a line of JSON, the `Request`; then `stop` or the end, which stop it. On standard
output: a line of JSON for each event.

    waiting   files      paths that will be read
    reading   path
    read      path, passages, notes
    refused   path, inside, reason, bytes, mtime_ns
    progress  stage, done, total
    written   passages   what was read so far can answer
    done      pipeline
    failed    kind, reason

It reads a portion at a time and lets it count, so that whatever ends it, power or memory, loses one
portion of the reading and nothing of the documents; small portions first, so that the first
documents can answer soon.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rag.documents.source import ReadOptions
from rag.errors import CancelledError, DocumentError, IndexBusyError, RagError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedder import Embedder, EmbedKind
    from rag.index.manner import FileStep, Unread

NICE = 10
GRACE_S = 8.0
"""So long after it was told to stop the process ends, whatever it is doing."""
STOPPED = 130
_FIRST = 25  # files of the first portion; each has twice as many
_MOST = 400
_MOST_BYTES = 100_000_000
_EVERY_S = 0.25  # between two lines of progress


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be read.

    Attributes:
        folder: of the index.
        files: folder of the uploads.
        beside: other files that are to be as they are now, or to leave the index if they are gone.
        again: files that are read though nothing of them has changed, or they were refused.
        refused: files not to be tried, each with its size and time when it was refused.
        pipeline: fingerprint of the code that refused them; by other code they are tried.
        passwords: tried on files that need one.
        ocr: recognise pages without text.
        ocr_languages: what they are written in.
    """

    folder: str
    files: str
    beside: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    refused: tuple[tuple[str, int, int], ...] = ()
    pipeline: str = ""
    passwords: tuple[str, ...] = ()
    ocr: bool = False
    ocr_languages: str = "eng"

    def to_line(self) -> bytes:
        """Return the request as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Request:
        """Return the request of a line."""
        value: dict[str, Any] = json.loads(line)
        for name in ("beside", "again", "passwords"):
            value[name] = tuple(value[name])
        value["refused"] = tuple((path, size, time_ns) for path, size, time_ns in value["refused"])
        return cls(**value)


class _Out:
    """Writes events, from several threads; at each it ends the work that is to be stopped."""

    def __init__(self, pipe: IO[bytes], stop: threading.Event) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._stop = stop
        self._told = 0.0

    def check(self) -> None:
        """Go on, or not.

        Raises:
            CancelledError: the work is to be stopped.
        """
        if self._stop.is_set():
            raise CancelledError("The reading was stopped; read again to go on.")

    def event(self, event: str, **values: object) -> None:
        """Tell an event."""
        line = json.dumps({"event": event, **values}).encode() + b"\n"
        with self._lock:
            self._pipe.write(line)
            self._pipe.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Tell how far it is, not too often."""
        self.check()
        if done == total or time.monotonic() - self._told > _EVERY_S:
            self._told = time.monotonic()
            self.event("progress", stage=stage, done=done, total=total)

    def step(self, step: FileStep) -> None:
        """Tell what becomes of a file."""
        self.check()
        path = str(step.path)
        if step.error is not None:
            size, mtime_ns = _stamp(step.path)
            self.event(
                "refused",
                path=path,
                inside=step.error.inside,
                reason=reason_of(step.error),
                bytes=size,
                mtime_ns=mtime_ns,
            )
        elif step.what == "read":
            self.event("read", path=path, passages=step.passages, notes=step.notes)
        else:
            self.event("reading", path=path)


class _Portions:
    """Chooses what is read next.

    Args:
        refused: files that are not tried, with size and time.
        again: files that are tried in any case.
        tell: told the files that wait.
    """

    def __init__(
        self,
        refused: Sequence[tuple[str, int, int]],
        again: frozenset[Path],
        tell: Callable[[list[str]], None],
    ) -> None:
        self.left = 0
        self._refused = {(path, size, mtime_ns) for path, size, mtime_ns in refused}
        self._again = again
        self._tell = tell
        self.tried: set[Path] = set()
        self._size = _FIRST

    def choose(self, unread: Sequence[Unread]) -> Sequence[Unread]:
        """Return the next portion; what was tried before has failed."""
        todo = [each for each in unread if not self._is_known(each)]
        if not self.tried and todo:
            self._tell([str(place.path) for each in todo for place in each.places])
        chosen: list[Unread] = []
        size = 0
        for each in todo:
            size += _stamp(each.path)[0]
            if chosen and (len(chosen) >= self._size or size > _MOST_BYTES):
                break
            chosen.append(each)
        self.tried.update(each.path for each in chosen)
        self._size = min(2 * self._size, _MOST)
        self.left = len(todo) - len(chosen)
        return chosen

    def _is_known(self, each: Unread) -> bool:
        if each.path in self.tried:
            return True
        return (
            each.path not in self._again and (str(each.path), *_stamp(each.path)) in self._refused
        )


class _Stoppable:
    """An embedder that ends the work between two batches."""

    def __init__(self, embedder: Embedder, check: Callable[[], None]) -> None:
        self.name = embedder.name
        self.checksum = embedder.checksum
        self.dimension = embedder.dimension
        self.max_tokens = embedder.max_tokens
        self._embedder = embedder
        self._check = check

    def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> NDArray[np.float32]:
        """Return one unit row a text."""
        self._check()
        return self._embedder.embed(texts, kind=kind)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text."""
        return self._embedder.count_tokens(texts)


def read(request: Request, embedder: Embedder, out: _Out) -> None:
    """Bring an index up to date with the uploads, a portion at a time.

    Raises:
        RagError: it cannot be; what was written so far counts.
    """
    from rag.index import Manner, build
    from rag.index.survey import pipeline

    known = request.refused if request.pipeline == pipeline() else ()
    again = frozenset(map(Path, request.again))
    options = ReadOptions(request.passwords, request.ocr, request.ocr_languages)
    portions = _Portions(known, again, lambda files: out.event("waiting", files=files))
    paths = [Path(request.files), *map(Path, request.beside)]
    while True:
        # What was asked for again is read once.
        manner = Manner(
            again=again - portions.tried, choose=portions.choose, tell=out.step, may_empty=True
        )
        report = build(
            paths,
            Path(request.folder),
            _Stoppable(embedder, out.check),
            progress=out.progress,
            options=options,
            manner=manner,
        )
        out.event("written", passages=report.passages)
        if not portions.left:
            break
    out.event("done", pipeline=pipeline())


def reason_of(error: DocumentError) -> str:
    """Return why a file was refused, in words that tell no path and no option of a command."""
    if Path(error.path).is_symlink():
        return "It is a link to another file; put the file itself here."
    named = f"{error.path} › {error.inside}" if error.inside else error.path
    reason = str(error).removeprefix(f"{named}: ").replace(error.path, Path(error.path).name)
    for command, words in _IN_WORDS.items():
        reason = reason.replace(command, words)
    # All that can be read is too much to be told of each file.
    reason = _EVERY_SUFFIX.sub("convert it to PDF, Word or text", reason)
    return reason[:1].upper() + reason[1:]


_IN_WORDS = {
    "read it with `--ocr`": "have its pages recognised",
    "give the right one with `--password`": "read it again with the right one",
}

_EVERY_SUFFIX = re.compile(r"convert it to one of (?:\.\w+(?:, )?)+")


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and time of a file, zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _embedder(folder: Path, *, fake: bool) -> Embedder:
    if fake:
        from rag.testing import FakeEmbedder

        return FakeEmbedder()
    from rag.assistant import made_with
    from rag.config import DEFAULT_EMBEDDER
    from rag.embedder import load_embedder

    return load_embedder(DEFAULT_EMBEDDER, made_with=made_with(folder))


def _listen(asking: IO[bytes], stop: threading.Event) -> None:
    """Wait for the word, or the end of whoever asked, and see to it that the work ends."""
    while (line := asking.readline()) and line.strip() != b"stop":
        pass
    stop.set()
    time.sleep(GRACE_S)
    os._exit(STOPPED)


def main(arguments: Sequence[str]) -> int:
    """Read what is asked for on standard input.

    Args:
        arguments: `--fake-embedder` is for tests, which have no model.
    """
    if hasattr(os, "nice"):
        os.nice(NICE)
    # What a library prints goes to standard error, never among the events.
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Not `sys.stdin`: Python takes hold of that at its end, when the thread waits for it.
    asking = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    request = Request.of_line(asking.readline())
    stop = threading.Event()
    threading.Thread(target=_listen, args=(asking, stop), daemon=True).start()
    out = _Out(pipe, stop)
    try:
        read(request, _embedder(Path(request.folder), fake="--fake-embedder" in arguments), out)
    except CancelledError as error:
        out.event("failed", kind="stopped", reason=str(error))
    except IndexBusyError as error:
        out.event("failed", kind="busy", reason=str(error))
    except RagError as error:
        out.event("failed", kind="error", reason=str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
