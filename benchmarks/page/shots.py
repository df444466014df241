"""Pictures of the page at both widths, with the real model on the sample documents."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.page.served import browser, page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDE: dict[str, object] = {"viewport": {"width": 1280, "height": 860}}
PHONE: dict[str, object] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
WIDTHS: dict[str, dict[str, object]] = {"wide": WIDE, "phone": PHONE}
QUESTION = "what conditions did Microsoft set?"
FOLLOW_UP = "what about IBM?"
UNKNOWN = "What is the population of Seattle?"
COLOURS = 128


def run(folder: Path) -> None:
    """Picture every state.

    Args:
        folder: where the pictures go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, browser() as opened, page(Path(name)) as served:
        for width, context in WIDTHS.items():
            for scheme in ("light", "dark"):
                _talk(opened, served.url, folder, width, {**context, "color_scheme": scheme})


def _talk(opened: Browser, url: str, folder: Path, width: str, context: dict[str, object]) -> None:
    """Walk through the page in one look; only the main states are pictured in the dark."""
    dark = context["color_scheme"] == "dark"
    shown = opened.new_context(**context).new_page()  # type: ignore[arg-type]
    shown.set_default_timeout(300_000)
    shown.goto(url)
    shown.wait_for_selector(".fn-library li")

    def keep(state: str, *, also_dark: bool = False) -> None:
        if not dark or also_dark:
            shown.wait_for_timeout(600)
            suffix = "-dark" if dark else ""
            _save(shown, folder / f"{state}-{width}{suffix}.png")

    keep("first")
    _ask(shown, QUESTION, 1, lambda: keep("writing"))
    keep("answer", also_dark=True)
    shown.locator("#fn-thread .fn-statement .fn-cite").first.click()
    shown.wait_for_selector("#fn-open mark.fn-on")
    keep("source", also_dark=True)
    shown.click("#fn-close")
    if dark:
        shown.close()
        return
    if width == "wide":
        shown.locator("#fn-thread .fn-statement .fn-cite").first.hover()
        keep("quote")
        shown.mouse.move(1, 400)
    _ask(shown, FOLLOW_UP, 2)
    keep("follow-up")
    _ask(shown, UNKNOWN, 3)
    keep("not-said")
    for tab in ("Documents", "Trust", "Settings"):
        shown.get_by_role("tab", name=tab).click()
        shown.wait_for_timeout(1500)
        keep(tab.lower())
    shown.close()


def _ask(
    shown: Page, question: str, turn: int, meanwhile: Callable[[], None] | None = None
) -> None:
    """Ask, and wait for the answer."""
    shown.fill("#fn-box textarea", question)
    shown.press("#fn-box textarea", "Enter")
    if meanwhile is not None:
        shown.wait_for_selector("#fn-live .fn-draft")
        meanwhile()
    shown.wait_for_selector(f'#fn-thread .fn-turn[data-turn="{turn}"]')


def _save(shown: Page, path: Path) -> None:
    """Save what is shown, in few colours: it is text."""
    from PIL import Image

    picture = Image.open(io.BytesIO(shown.screenshot()))
    picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)
