"""A real browser on the page, served by a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

ROOT = Path(__file__).parents[2]
CALLS = re.compile("/queue/|/run/")  # of the page to its server
# What Gradio says of its stream where that is open when a page is left.
LEFT = ("AbortError: signal is aborted", "onnection errored out")
SCRIPTED = Path(__file__).with_name("scripted.py")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A page that is served, what its process has written, and the gate of its scenes."""

    url: str
    log: Path
    gate: Path
    process: subprocess.Popen[str] | None = None

    def steps(self, number: int) -> None:
        """Let a question asked "step by step" come as far as a step."""
        self.gate.write_bytes(b"." * number)

    def written(self) -> str:
        """Return what the process has written to standard error so far."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def serving(
    command: list[str], port: int, folder: Path, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """Run a command that writes a line once it serves on a port."""
    server = Server(f"http://127.0.0.1:{port}", folder / "log", folder / "gate")
    with server.log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"},
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, server.written()
            server.process = process
            yield server
        finally:
            process.terminate()
            process.wait(20)
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture(scope="session")
def serve_scripted(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a function that serves the scripted page with some arguments."""

    def serve(*arguments: str) -> Any:
        port = free_port()
        folder = tmp_path_factory.mktemp("page")
        (folder / "gate").touch()
        command = [sys.executable, str(SCRIPTED), "--port", str(port)]
        command += ["--gate", str(folder / "gate"), *arguments]
        return serving(command, port, folder)

    return serve


@pytest.fixture(scope="session")
def scripted(serve_scripted: Callable[..., Any]) -> Iterator[Server]:
    """The scripted page, one for all tests; nothing may have left this machine in the end."""
    with serve_scripted() as server:
        yield server
        assert "OUTSIDE" not in server.written()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, if this machine has one."""
    api = pytest.importorskip("playwright.sync_api", reason="install the extra `dev`")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip("no chromium here: apt-get install chromium, or name one in CHROMIUM")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What the pages of a test asked for and complained of, and calls not answered yet."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    open_calls: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()

    def begun(self, request: Request) -> None:
        """Note what a page asks for."""
        self.requests.append(request.url)
        if CALLS.search(request.url):
            self.open_calls.append(request.url)

    def ended(self, request: Request) -> None:
        """Note that it was answered, or given up."""
        if request.url in self.open_calls:
            self.open_calls.remove(request.url)

    def settle(self, page: Page) -> None:
        """Wait until every call has been answered: a page that is left before complains.

        Gradio leaves its stream of answers open at times, although nothing more will come of it.
        """
        still = 0
        for _ in range(200):
            page.wait_for_timeout(50)
            still = 0 if self.open_calls else still + 1
            if still == 5:
                return
        left = [url for url in self.open_calls if "/queue/data" not in url]
        assert not left, f"not answered: {left}"
        self.forgiven = LEFT


@pytest.fixture
def watch() -> Watch:
    """What is looked at when the test ends; a test may clear the complaints it provoked."""
    return Watch()


@pytest.fixture
def visit(chromium: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page; no request may leave this machine, no error be told."""
    contexts = []

    def visit(server: Server, ready: str = ".fn-library, .fn-error", **context: Any) -> Page:
        context.setdefault("viewport", {"width": 1280, "height": 860})
        opened = chromium.new_context(**context)
        contexts.append(opened)
        page = opened.new_page()
        page.set_default_timeout(60_000)
        page.on("request", watch.begun)
        page.on("requestfinished", watch.ended)
        page.on("requestfailed", watch.ended)
        page.on("pageerror", lambda error: watch.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                watch.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.goto(server.url)
        page.wait_for_selector(ready)
        return page

    yield visit
    for context in contexts:
        context.close()
    local = ("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:")
    assert [url for url in watch.requests if not url.startswith(local)] == []
    forgiven = watch.forgiven
    assert [each for each in watch.complaints if not any(word in each for word in forgiven)] == []
