"""No page keeps anybody out, as far as axe-core finds: in each state, in both themes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.axe import faults
from tests.browser.conftest import Server, free_port, serving
from tests.browser.test_page import CONDITIONS, ask, finished

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
WIDTHS = ({"width": 1280, "height": 860}, {"width": 390, "height": 844})
looks = pytest.mark.parametrize(
    "context",
    [{"color_scheme": s, "viewport": w} for s in ("light", "dark") for w in WIDTHS],
    ids=lambda given: f"{given['color_scheme']} {given['viewport']['width']}",
)


@looks
def test_the_page(context: dict[str, Any], scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted, **context)
    assert faults(page) == [], "at first"
    ask(page, CONDITIONS)
    turn = finished(page)
    for summary in turn.locator("summary").all():
        summary.click()
    assert faults(page) == [], "an answer, unfolded"
    turn.locator(".fn-cite").first.click()
    assert faults(page) == [], "a source"
    page.click("#fn-close")
    page.get_by_role("button", name="Which documents may answer").click()
    page.get_by_label("Since").fill("2021")
    page.get_by_label("Since").blur()
    page.locator("#fn-which", has_text="Asked of").wait_for()
    assert faults(page) == [], "which documents may answer"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("locked"), free_port()
    command = [sys.executable, "tests/browser/locked.py", "--port", str(port)]
    with serving([*command, "--password", str(folder / "password.json")], port, folder) as server:
        yield server


@looks
def test_the_login(context: dict[str, Any], locked: Server, visit: Callable[..., Page]) -> None:
    page = visit(locked, "form", **context)
    assert faults(page) == []


@looks
@pytest.mark.parametrize("name", ["splash", "login", "logout"])
def test_the_pages_without_gradio(name: str, context: dict[str, Any], chromium: Browser) -> None:
    from rag.serving import looks

    html = {
        "splash": looks.splash_html(),
        "login": looks.login_html("This is not the password. Try again."),
        "logout": looks.logout_html(),
    }
    page = chromium.new_page(**context)
    page.set_content(html[name])
    assert faults(page) == []
    page.close()


def test_what_is_wrong_is_found_and_told(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content(
        "<html lang=en><title>t</title><main><h1>t</h1><img src=x>"
        "<p style='color:#ccc;background:#fff'>pale words</p><div id=part><button></button></div>"
    )
    found = faults(page)
    assert [line.partition(" (")[0] for line in found] == [
        "critical: Buttons must have discernible text",
        "serious: Elements must meet minimum color contrast ratio thresholds",
        "critical: Images must have alternative text",
    ]
    assert "contrast of 1.6" in found[1]
    assert [line.split()[0] for line in faults(page, "#part")] == ["critical:"]
    page.close()
