"""How soon the page is there, whether it stays quick while it works, and how soon a stop is one."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.page.served import Served, browser, page
from benchmarks.runs import commit, measured

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUESTION = "what conditions did Microsoft set?"
OTHER = "Who praised Microsoft's decision?"
FILES = 200
TABS = ("Documents", "Trust", "Settings", "Ask")
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
# Until the tab that was clicked is shown and painted, by the clock of the page itself.
CLICK = """async name => {
    const tab = () => [...document.querySelectorAll("#fn-tabs [role=tab]")]
        .find(each => each.textContent.trim() === name);
    const began = performance.now();
    tab().click();
    while (tab().getAttribute("aria-selected") !== "true") await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - began;
}"""


def run(rounds: int, out: Path | None) -> None:
    """Measure, and print what was measured.

    Args:
        rounds: starts of the page.
        out: where the figures are kept.
    """
    with tempfile.TemporaryDirectory() as name, browser() as opened:
        folder = Path(name)
        starts = []
        for _ in range(rounds + 1):
            with page(folder) as served:
                starts.append(_start(served, opened))
        figures: dict[str, Any] = {
            "measured": measured(),
            "commit": commit(),
            "starts": starts[1:],  # the first one fills the system's caches
        }
        with page(folder) as served:
            figures |= _at_work(served, opened, folder)
    _tell(figures)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _start(served: Served, opened: Browser) -> dict[str, float]:
    """Return the seconds from the start of the process to what is seen."""
    shown = opened.new_page()
    shown.goto(served.url)
    shown.wait_for_function(PAINT)
    origin = shown.evaluate("performance.timeOrigin") / 1000
    painted_s = origin + shown.evaluate(PAINT) / 1000 - served.started
    shown.wait_for_selector("#fn-box textarea")
    typed_s = time.time() - served.started
    shown.wait_for_selector(".fn-library")
    listed_s = time.time() - served.started
    shown.close()
    return {
        "answered": served.answered_s,
        "painted": painted_s,
        "can_be_typed_into": typed_s,
        "documents_listed": listed_s,
    }


def _at_work(served: Served, opened: Browser, folder: Path) -> dict[str, Any]:
    """Return what clicks cost meanwhile, and what a stop takes."""
    shown = opened.new_page()
    shown.set_default_timeout(300_000)
    shown.goto(served.url)
    shown.wait_for_selector(".fn-library")
    quiet = [_clicks(shown) for _ in range(5)]
    _ask(shown, QUESTION)
    answering = []
    while shown.locator("#fn-thread .fn-turn").count() < 1:
        answering.append(_clicks(shown))
    stops = [_stop(shown, wait_ms) for wait_ms in (50, 100, 200, 300, 400, 600)]
    arriving = _upload(shown, folder)
    shown.close()
    return {
        "click_ms": {
            "quiet": _spread(quiet),
            "while answering": _spread(answering),
            "while 200 files arrive": _spread(arriving),
        },
        "stop_seen_ms": stops,
    }


def _ask(shown: Page, question: str) -> None:
    shown.evaluate(CLICK, "Ask")
    before = shown.locator("#fn-thread .fn-turn").count()
    shown.fill("#fn-box textarea", question)
    shown.press("#fn-box textarea", "Enter")
    shown.wait_for_function(
        "before => document.querySelector('#fn-live .fn-turn')"
        " || document.querySelectorAll('#fn-thread .fn-turn').length > before",
        arg=before,
    )


def _clicks(shown: Page) -> list[float]:
    """Return the milliseconds of one click on each tab."""
    return [shown.evaluate(CLICK, name) for name in TABS]


def _stop(shown: Page, wait_ms: float) -> float | None:
    """Return the milliseconds from a stop until another question can be asked.

    None where the answer was there before.
    """
    _ask(shown, OTHER)
    shown.wait_for_timeout(wait_ms)
    stop = shown.locator("#fn-stop")
    if not stop.is_visible():
        return None
    began = time.monotonic()
    stop.click()
    shown.locator("#fn-ask").wait_for(state="visible")
    return round(1000 * (time.monotonic() - began))


def _upload(shown: Page, folder: Path) -> list[list[float]]:
    """Return the milliseconds of clicks while many files arrive and are read."""
    texts = folder / "many"
    texts.mkdir()
    for number in range(FILES):
        words = f"Report {number}. The pier of Holm stood for {number} years. " * 40
        (texts / f"report {number}.txt").write_text(words, encoding="utf-8")
    shown.evaluate(CLICK, "Documents")
    shown.click("#fn-documents [data-doc=new]")
    shown.fill("#fn-doc-field input", f"Many {time.time():.0f}")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("#fn-doc-dialog:not([open])", state="attached")
    shown.wait_for_timeout(500)
    shown.set_input_files("#fn-doc-files", sorted(texts.iterdir()))
    shown.wait_for_selector("#fn-doc-arriving:not([hidden])")
    clicks = []
    until = time.monotonic() + 20
    while time.monotonic() < until:
        clicks.append(_clicks(shown))
    return clicks


def _spread(clicks: Sequence[Sequence[float]]) -> dict[str, float]:
    every = sorted(each for row in clicks for each in row)
    return {
        "clicks": len(every),
        "median": round(statistics.median(every), 1),
        "p95": round(every[int(0.95 * (len(every) - 1))], 1),
        "most": round(every[-1], 1),
    }


def _tell(figures: dict[str, Any]) -> None:
    starts = figures["starts"]
    print("seconds after the start of the process, median and most:")
    for name in starts[0]:
        every = sorted(start[name] for start in starts)
        print(f"  {name:20} {statistics.median(every):.2f} {every[-1]:.2f}")
    print("milliseconds of a click on a tab:")
    for name, spread in figures["click_ms"].items():
        print(f"  {name:24} {spread}")
    print(f"milliseconds until a stop is seen: {figures['stop_seen_ms']}")
