"""The page as shipped, with the real model on the sample documents."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from rag.catalogue import model_path
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL
from rag.documents import read_document
from rag.errors import ModelMissingError
from tests.browser.conftest import ROOT, Server, free_port, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.real]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page over an index of the sample documents made for it."""
    try:
        for name in (DEFAULT_MODEL, DEFAULT_EMBEDDER):
            model_path(name)
    except ModelMissingError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("shipped")
    environment = {"RAG_INDEXES": str(folder / "indexes")}
    subprocess.run(
        [sys.executable, "-m", "rag", "index", "seeds", "--index", "seeds"],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    port = free_port()
    with serving(
        [sys.executable, "app.py", "--port", str(port)], port, folder, environment
    ) as page:
        yield page


def test_the_headline_question(shipped: Server, visit: Callable[..., Page]) -> None:
    texts = [read_document(path, root=ROOT / "seeds").text for path in (ROOT / "seeds").iterdir()]
    page = visit(shipped, viewport={"width": 1360, "height": 850}, device_scale_factor=1.5)
    page.set_default_timeout(400_000)
    assert page.locator(".fn-library li").count() == 5
    page.locator(".fn-example", has_text="what conditions did Microsoft set?").click()
    page.wait_for_selector("#fn-live .fn-unproven")
    turn = page.locator("#fn-thread .fn-turn")
    turn.wait_for()
    said = " ".join(turn.locator(".fn-statement").all_inner_texts()).lower()
    assert "human rights" in said
    assert "national" in said or "federal" in said
    for statement in turn.locator(".fn-statement").all():
        assert statement.locator(".fn-cite").count() > 0, "every statement is cited"
    links = turn.locator(".fn-statement .fn-cite")
    for number in reversed(range(links.count())):
        links.nth(number).click()
        marked = page.locator("#fn-open mark.fn-on")
        assert marked.first.is_visible()
        quote = "".join(marked.all_text_contents())
        assert len(quote) > 15
        assert any(quote in text for text in texts), quote
        assert page.locator("#fn-open .fn-text").text_content() in texts
    if target := os.environ.get("RAG_SCREENSHOT"):
        page.mouse.move(1, 1)
        page.screenshot(path=target)


def test_what_the_documents_do_not_say(shipped: Server, visit: Callable[..., Page]) -> None:
    page = visit(shipped)
    page.set_default_timeout(400_000)
    page.locator(".fn-example", has_text="population of Seattle").click()
    turn = page.locator("#fn-thread .fn-turn")
    turn.wait_for()
    assert turn.locator(".fn-none").inner_text() == "Your documents do not say."
    assert turn.locator(".fn-statement").count() == 0
    turn.locator(".fn-closest a").first.click()
    assert page.locator("#fn-open mark.fn-on").first.is_visible()
