"""The server seen from a browser: at once a page, the login, and what other sites may not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import ROOT, Server, Watch, free_port, serving
from tests.browser.locked import WORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
    const [first] = list.getEntriesByName("first-contentful-paint");
    if (first) done(performance.timeOrigin + first.startTime);
}).observe({ type: "paint", buffered: true }))"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[], tuple[str, float]]]:
    """Return a function that starts the page as shipped and tells its address, and when that was.

    Its index is missing, which is told on the page and takes nothing away from what is seen first.
    """
    processes = []

    def start() -> tuple[str, float]:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "rag", "serve", "--port", str(port), "--index", "none"]
        began = time.time()
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == f"Footnote is at {address} (Ctrl-C stops it)\n"
        return address, began

    yield start
    for process in processes:
        process.terminate()
        _, told = process.communicate(timeout=20)
        assert told == ""
        assert process.returncode == 143


def test_something_is_painted_at_once_and_gives_way_to_the_page(
    started: Callable[[], tuple[str, float]], chromium: Browser, watch: Watch
) -> None:
    page = chromium.new_page()
    page.goto("about:blank")
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    page.on("request", watch.begun)
    page.on("requestfinished", watch.ended)
    page.on("requestfailed", watch.ended)
    url, began = started()
    page.goto(url)
    painted_s = page.evaluate(PAINTED) / 1000 - began
    seen = page.inner_text("body")
    page.wait_for_selector("#fn-box textarea", timeout=60_000)
    whole_s = time.time() - began
    page.wait_for_selector("#fn-library .fn-error", timeout=60_000)
    watch.settle(page)  # no handler is cut off when the process ends
    print(f"first paint {painted_s:.2f} s, the page {whole_s:.2f} s after the process started")
    assert "Opening Footnote" in seen
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert painted_s < 4 * busy, "under 2 s on a machine that is not busy with other things"
    assert painted_s < whole_s / 2
    page.close()
    assert all(request.startswith((url, "data:", "about:")) for request in watch.requests)
    assert watch.complaints == []


def test_without_scripts_the_page_comes_too(
    started: Callable[[], tuple[str, float]], chromium: Browser
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    url, _ = started()
    page.goto(url)
    assert page.inner_text("p.opening") == "Opening Footnote"
    page.wait_for_selector("gradio-app", state="attached", timeout=60_000)
    assert page.locator("p.opening").count() == 0
    context.close()


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "tests/browser/locked.py", "--port", str(port)]
    command += ["--password", str(tmp_path / "password.json")]
    with serving(command, port, tmp_path) as server:
        yield server
        assert "OUTSIDE" not in server.written()


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
        {"java_script_enabled": False},
    ],
    ids=["wide", "phone, dark", "without scripts"],
)
def test_the_login_by_keyboard(
    locked: Server, visit: Callable[..., Page], watch: Watch, context: dict[str, Any]
) -> None:
    page = visit(locked, "form", **context)
    scripted = context.get("java_script_enabled", True)
    assert page.url == f"{locked.url}/login"
    if scripted:
        assert page.evaluate("document.activeElement.id") == "password", "at once to be typed"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    else:
        page.keyboard.press("Tab")
    page.keyboard.type("wrong words")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert page.inner_text("[role=alert]") == "This is not the password. Try again."
    assert page.get_by_label("Password").input_value() == ""
    page.get_by_label("Password").focus()
    page.keyboard.type(WORD)
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Open")
    assert button.evaluate("e => e === document.activeElement") if scripted else True
    if scripted:
        assert button.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{locked.url}/")
    watch.complaints[:] = [told for told in watch.complaints if "401" not in told]
    if not scripted:
        return
    page.locator("h1", has_text="What is locked").wait_for()
    assert page.evaluate("document.cookie") == "", "no script reads it"
    page.goto(f"{locked.url}/logout")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{locked.url}/login")
    page.goto(locked.url)
    assert page.url == f"{locked.url}/login"


HOSTILE = """<!doctype html><title>Elsewhere</title>
<form id="form" method="post" action="%(url)s/gradio_api/call/note" enctype="text/plain"
 target="there"><input name='{"data":["by a form"],"x":"' value='"}'></form>
<iframe name="there"></iframe><iframe id="framed" src="%(url)s/"></iframe>
<script src="%(url)s/config" onload="window.read = 'script'"></script>
<img src="%(url)s/favicon.ico" onload="window.read = 'image'">
<script>
const call = (how) => fetch("%(url)s/gradio_api/call/note", {
  method: "POST", body: JSON.stringify({ data: ["by fetch"] }), ...how,
}).then((reply) => reply.type + reply.status, String);
window.told = Promise.all([
  call({ mode: "no-cors" }),
  call({ headers: { "content-type": "application/json" } }),
  call({ credentials: "include" }),
  call({ mode: "no-cors", keepalive: true, referrerPolicy: "no-referrer" }),
  fetch("%(url)s/config").then((reply) => reply.text(), String),
]);
navigator.sendBeacon("%(url)s/gradio_api/call/note", JSON.stringify({ data: ["by beacon"] }));
document.getElementById("form").submit();
</script>"""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"], ids=["same site", "cross site"])
def test_another_sites_page_can_neither_call_nor_read(
    name: str, tmp_path: Path, chromium: Browser
) -> None:
    port = free_port()
    command = [sys.executable, "tests/browser/locked.py", "--port", str(port)]
    with serving(command, port, tmp_path) as server:

        class Elsewhere(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write((HOSTILE % {"url": server.url}).encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
            threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
            page = chromium.new_page()
            answers: list[tuple[str, int]] = []
            page.on("response", lambda reply: answers.append((reply.url, reply.status)))
            page.goto(f"http://{name}:{elsewhere.server_port}")
            told = page.evaluate("() => window.told")
            page.wait_for_timeout(1000)
            assert page.evaluate("() => window.read") is None
            assert not any("data" in each or "First" in each for each in told), told
            statuses = {status for url, status in answers if url.startswith(server.url)}
            assert statuses == {403}, answers
            page.close()
            elsewhere.shutdown()
        assert "called:" not in server.written()
        request = urllib.request.Request(
            f"{server.url}/gradio_api/call/note",
            data=json.dumps({"data": ["by a program"]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            event = json.load(reply)["event_id"]
        url = f"{server.url}/gradio_api/call/note/{event}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            assert b"complete" in reply.read()
        assert "called: by a program\n" in server.written()
