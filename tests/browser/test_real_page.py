"""The page as shipped, with the real model on the sample documents."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from rag.catalogue import model_path
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL
from rag.documents import read_document
from rag.errors import ModelMissingError
from tests.browser.conftest import ROOT, Server, Watch, free_port, serving

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

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
    environment = {"RAG_INDEXES": str(folder / "indexes"), "RAG_DATA": str(folder / "data")}
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


def ask(page: Page, question: str) -> None:
    """Type a question and press Enter."""
    page.fill("#fn-box textarea", question)
    page.press("#fn-box textarea", "Enter")


def finished(page: Page, number: int) -> Locator:
    """Wait for a turn to be finished and return it."""
    turn = page.locator(f'#fn-thread .fn-turn[data-turn="{number}"]')
    turn.wait_for()
    return turn


def test_a_conversation_with_a_reload_in_the_middle(
    shipped: Server, visit: Callable[..., Page], watch: Watch
) -> None:
    page = visit(shipped)
    page.set_default_timeout(400_000)
    ask(page, "What did Amazon and IBM announce?")
    said = finished(page, 1).locator(".fn-statement").all_inner_texts()
    assert said
    ask(page, "what about Microsoft?")
    page.locator("#fn-live .fn-meant span", has_text="Microsoft").wait_for()
    page.locator("#fn-live .fn-stages .fn-now").wait_for()
    page.reload()
    watch.complaints.clear()  # what was under way when the page was left
    second = finished(page, 2)
    assert finished(page, 1).locator(".fn-statement").all_inner_texts() == said
    assert "Microsoft" in second.locator(".fn-meant span").inner_text()
    first = page.locator("#fn-thread .fn-turn").first
    first.locator(".fn-statement .fn-cite").first.click()
    assert page.locator("#fn-open mark.fn-on").first.is_visible(), "sources of before the reload"


def test_what_is_offered_to_be_asked_next_is_answered(
    shipped: Server, visit: Callable[..., Page]
) -> None:
    page = visit(shipped)
    page.set_default_timeout(400_000)
    ask(page, "what conditions did Microsoft set?")
    finished(page, 1)
    offered = page.locator("#fn-suggested .fn-suggestion").first
    offered.wait_for()
    question = offered.inner_text()
    offered.click()
    turn = finished(page, 2)
    assert turn.locator(".fn-question").inner_text() == question
    assert turn.locator(".fn-statement .fn-cite").count() > 0


def test_two_windows_and_a_stop(shipped: Server, visit: Callable[..., Page]) -> None:
    first, second = visit(shipped), visit(shipped)
    for page in (first, second):
        page.set_default_timeout(400_000)
    ask(first, "Which laws does Microsoft ask for, and why does it say so?")
    first.locator("#fn-live .fn-stages .fn-now").wait_for()
    ask(second, "Who praised Microsoft's decision?")
    second.locator(".fn-status:has-text('one question is answered before yours')").wait_for()
    first.locator("#fn-stop").click()
    second.locator("#fn-live .fn-stages .fn-now").wait_for()
    assert finished(second, 1).locator(".fn-statement, .fn-none").count() > 0
    assert "Stopped." in finished(first, 1).inner_text()


def test_what_is_uploaded_is_read_and_answers(shipped: Server, visit: Callable[..., Page]) -> None:
    page = visit(shipped)
    page.set_default_timeout(400_000)
    page.get_by_role("tab", name="Documents").click()
    page.click("#fn-documents [data-doc=new]")
    page.fill("#fn-doc-field input", "Quarry")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#fn-doc-collection').value === 'Quarry'")
    text = (
        "The quarry of Holm was closed on 4 May 2021. Ada Quist bought its cranes for 12 crowns.\n"
    )
    upload: Any = {"name": "quarry.txt", "mimeType": "text/plain", "buffer": text.encode()}
    page.set_input_files("#fn-doc-files", upload)
    page.locator("#fn-doc-list", has_text="quarry.txt").wait_for()
    page.locator("#fn-doc-list", has_text="1 passage").wait_for()
    page.click("#fn-doc-asks")
    page.locator("#fn-library", has_text="this one document").wait_for()
    ask(page, "When was the quarry of Holm closed?")
    turn = finished(page, 1)
    assert "4 May 2021" in turn.locator(".fn-statement").first.inner_text()
    turn.locator(".fn-statement .fn-cite").first.click()
    quote = page.locator("#fn-open mark.fn-on")
    assert "".join(quote.all_text_contents()) == "The quarry of Holm was closed on 4 May 2021."
