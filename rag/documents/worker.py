"""Reading files in a process of its own, so that no file can stop, stall or starve the run.

    python -m rag.documents.worker

serves one file after another: a length and a pickled request on standard input, a length and a
pickled reply on standard output. Nobody else writes to these pipes. The process is begun with the
first file and again after one that it did not survive.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from rag.documents import Found, ReadOptions, identity_of, read_documents
from rag.documents.source import PLAINLY, Source, open_source
from rag.errors import DocumentError

SECONDS = 60.0
SECONDS_A_MEGABYTE = 2.0
SECONDS_A_RECOGNISED_PAGE = 95.0
"""At most two looks at a page and its turn; see `rag.documents.pdf.ocr.SECONDS`."""
PAGES_INSIDE = 20  # of PDFs inside other files, whose pages are not counted before they are read
MOST_MEMORY = 4_000_000_000  # bytes of address space
_HOLDS_PDFS = frozenset([".eml", ".mbox"])
_PLAIN = frozenset([".txt", ".text", ".md", ".markdown"])
_SCALE = 1.5  # pixels a point of a picture
_LENGTH = struct.Struct(">Q")


class Worker:
    """Reads files in a process that is ended when a file takes too long.

    Plain text and Markdown, which need no library, are read in this process.

    Args:
        options: how files are read.
        seconds: for one file, at most; larger files have more.
    """

    def __init__(self, options: ReadOptions = PLAINLY, *, seconds: float = SECONDS) -> None:
        self._options = options
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, path: Path, *, root: Path, options: ReadOptions | None = None) -> Found:
        """Return what a file holds; see `rag.documents.read_documents`.

        Args:
            path: the file.
            root: the folder citations name it from.
            options: how it is read, this worker's where not given.

        Raises:
            DocumentError: it cannot be read, takes too long or too much memory, or its reader
                ended on it.
        """
        options = options or self._options
        if path.suffix.lower() in _PLAIN or not path.is_file():
            return read_documents(path, root=root, options=options)
        source = Source(path, b"")
        size = path.stat().st_size
        seconds = self._seconds + SECONDS_A_MEGABYTE * size / 1e6
        seconds += self._seconds_recognising(path, options)
        found: Found = self._ask((_read, (path, root, options)), seconds, source)
        return found

    def _seconds_recognising(self, path: Path, options: ReadOptions) -> float:
        """Return how long it may take to recognise the pages of a file."""
        pages = 0
        if options.ocr and path.suffix.lower() == ".pdf":
            pages = self._ask((_count_pages, (path, options)), self._seconds, Source(path, b""))
        elif options.ocr and path.suffix.lower() in _HOLDS_PDFS:
            pages = PAGES_INSIDE
        return SECONDS_A_RECOGNISED_PAGE * pages

    def picture(
        self,
        path: Path,
        page: int,
        marked: Sequence[tuple[int, int]],
        identity: str,
        options: ReadOptions | None = None,
    ) -> bytes:
        """Return a picture of a page of a PDF; see `rag.documents.pdf.page_picture`.

        Args:
            path: the file.
            page: its number, from 1.
            marked: stretches of its body's text.
            identity: of the document that was read from it; another one is refused.
            options: as it was read, this worker's where not given.

        Raises:
            DocumentError: there is none.
        """
        options = options or self._options
        seconds = self._seconds + self._seconds_recognising(path, options)
        asked = _picture, (path, page, tuple(marked), identity, options)
        drawn: bytes = self._ask(asked, seconds, Source(path, b""))
        return drawn

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        _end(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(OSError):  # what it had not taken is lost with it
                    pipe.close()

    def _ask(self, request: object, seconds: float, source: Source) -> Any:
        process = self._process or self._begin()
        assert process.stdin is not None
        try:
            _send(process.stdin, request)
            answer = self._replies.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise source.refused(
                f"it was not read after {seconds:.0f} seconds; split it, or save only its text"
            ) from None
        except OSError:  # the process ended before it had the request
            answer = b""
        if not answer:
            code = process.wait()
            self.close()
            raise source.refused(
                f"its reader ended on it ({_ended(code)}); the file may be damaged: save it anew"
            )
        reply = pickle.loads(answer)  # noqa: S301 (our own process wrote it)
        if isinstance(reply, DocumentError):
            raise reply
        return reply

    def _begin(self) -> subprocess.Popen[bytes]:
        ours = os.pathsep.join(path for path in sys.path if path)
        self._process = process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # On one core or two Tesseract's threads only wait for each other.
            env={"OMP_THREAD_LIMIT": "1", **os.environ, "PYTHONPATH": ours},
            start_new_session=True,
        )
        replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._replies = replies
        threading.Thread(target=_listen, args=(process.stdout, replies), daemon=True).start()
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and with it a Tesseract at work for it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # it has ended by itself
        return
    except AttributeError:  # Windows has no groups of processes
        process.kill()


def _listen(pipe: IO[bytes], replies: queue.SimpleQueue[bytes]) -> None:
    """Put every reply into a queue, and an empty one at the end."""
    try:
        while (answer := _receive(pipe)) is not None:
            replies.put(answer)
    except (OSError, ValueError):  # closed meanwhile
        pass
    replies.put(b"")


def _send(pipe: IO[bytes], value: object) -> None:
    data = pickle.dumps(value)
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """Return the next message, None at the end."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def _ended(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks
    _bound_memory()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # What a library prints goes to standard error, never among the replies.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (request := _receive(sys.stdin.buffer)) is not None:
        work, arguments = pickle.loads(request)  # noqa: S301 (our own process wrote it)
        _send(out, _done(work, *arguments))


def _end_with(parent: int) -> None:
    """End with the process that asks, which may be killed while a file is being read."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _read(path: Path, root: Path, options: ReadOptions) -> Found:
    return read_documents(path, root=root, options=options)


def _count_pages(path: Path, options: ReadOptions) -> int:
    from rag.documents.pdf.pdfium import opened

    with opened(open_source(path, options)) as pdf:
        pages: int = pdf.pages
    return pages


def _picture(
    path: Path,
    page: int,
    marked: Sequence[tuple[int, int]],
    identity: str,
    options: ReadOptions,
) -> bytes:
    from rag.documents.pdf import page_picture

    source = open_source(path, options)
    if identity_of(source) != identity:
        raise source.refused("it has changed since it was read; index it again")
    return page_picture(source.data, page, _SCALE, options, marked)


def _done(
    work: Callable[..., Found | bytes | int], path: Path, *arguments: object
) -> Found | bytes | int | DocumentError:
    try:
        return work(path, *arguments)
    except DocumentError as error:
        return error
    except (MemoryError, RecursionError) as error:
        much = "more memory" if isinstance(error, MemoryError) else "deeper nesting"
        return Source(path, b"").refused(
            f"it takes {much} than a file may; split it, or save only its text"
        )


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    except (ValueError, OSError):  # macOS takes no limit of this kind
        return


if __name__ == "__main__":
    main()
