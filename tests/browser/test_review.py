"""A set looked through in a real browser: keys, fields, the file behind them, phone width."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag.evaluate import sets
from rag.index import build
from rag.testing import FakeEmbedder
from tests.browser.conftest import ROOT, Server, free_port, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
READY = ".rv-head"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of the set on the sample documents: nothing in it is decided on."""
    path = tmp_path / "set.jsonl"
    path.write_bytes(sets.SEEDS.read_bytes())
    return path


@pytest.fixture
def served(path: Path, tmp_path: Path) -> Iterator[Server]:
    build([ROOT / "seeds"], tmp_path / "index", FakeEmbedder())
    port = free_port()
    command = [sys.executable, "-m", "rag", "eval", "review", str(path)]
    command += ["--index", str(tmp_path / "index"), "--port", str(port)]
    with serving(command, port, tmp_path) as server:
        yield server


def at(page: Page, place: int) -> None:
    """Wait until a question is shown."""
    page.locator("#rv-head b", has_text=str(place)).wait_for()


def test_a_set_is_looked_through_by_keys(
    served: Server, path: Path, visit: Callable[..., Page]
) -> None:
    page = visit(served, READY)
    asked = sets.load(path)
    assert page.locator("#rv-text textarea").input_value() == asked[0].text
    assert page.locator("#rv-evidence mark").count() >= 1
    page.keyboard.press("a")
    at(page, 2)
    page.keyboard.press("s")
    at(page, 3)
    page.locator(".rv-progress", has_text="2 of 76 decided, 1 struck").wait_for()
    page.keyboard.press("ArrowLeft")
    at(page, 2)
    page.locator("#rv-head .rv-struck").wait_for()
    now = sets.load(path, struck=True)
    assert [question.review for question in now[:3]] == ["accepted", "struck", ""]
    assert asked[1].id not in {question.id for question in sets.load(path)}
    assert [question.text for question in now] == [question.text for question in asked]


def test_a_question_is_corrected_and_nonsense_is_refused(
    served: Server, path: Path, visit: Callable[..., Page]
) -> None:
    page = visit(served, READY)
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("Which conditions did Microsoft set?")
    page.keyboard.press("Control+Enter")
    at(page, 2)
    assert sets.load(path)[0].text == "Which conditions did Microsoft set?"
    assert sets.load(path)[0].review == "accepted"
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+Enter")
    page.locator("#rv-note", has_text="A question needs words").wait_for()
    assert sets.load(path)[1].review == ""


def test_it_can_be_done_on_a_phone_and_by_kind(
    served: Server, path: Path, visit: Callable[..., Page]
) -> None:
    page = visit(served, READY, viewport={"width": 380, "height": 800}, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    page.locator("#rv-kinds input").click()
    page.locator("[role=option]", has_text="near-miss").click()
    page.locator("#rv-head .rv-kind", has_text="near-miss").wait_for()
    page.locator("#rv-strike").tap()
    page.locator(".rv-progress", has_text="1 of 76 decided, 1 struck").wait_for()
    struck = [q.kind for q in sets.load(path, struck=True) if q.review == "struck"]
    assert struck == ["near-miss"]
