"""The page in a process of its own, over an index of the sample documents, and a browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
ARGUMENTS = "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-sync".split()
LOOK_S = 0.005
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A page that is served.

    Attributes:
        url: where.
        started: when its process was started, in seconds since 1970.
        answered_s: seconds after that until the port answered.
    """

    url: str
    started: float
    answered_s: float


@contextmanager
def page(folder: Path) -> Iterator[Served]:
    """Serve the page; what it keeps lies in a folder.

    Args:
        folder: of indexes and data; an index of the sample documents is made where there is none.
    """
    environment = {
        **os.environ,
        "RAG_INDEXES": str(folder / "indexes"),
        "RAG_DATA": str(folder / "data"),
    }
    if not (folder / "indexes" / "seeds").exists():
        command = [sys.executable, "-m", "rag", "index", "seeds", "--index", "seeds"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    started = time.time()
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield Served(url, started, _answered(url, started))
    finally:
        process.terminate()
        process.wait(30)


def _answered(url: str, started: float) -> float:
    """Wait until something answers; return the seconds since the start."""
    while time.time() - started < PATIENCE_S:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return time.time() - started
        except (urllib.error.URLError, ConnectionError):
            time.sleep(LOOK_S)
    raise TimeoutError(f"{url} does not answer")


@contextmanager
def browser() -> Iterator[Browser]:
    """Open chromium."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield opened
        opened.close()
