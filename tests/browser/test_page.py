"""The page in a real browser, over an assistant that plays written scenes."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Server, Watch
from tests.browser.scripted import (
    DOCUMENTS,
    HOSTILE_QUOTE,
    HOSTILE_SENTENCE,
    MADE_UP,
    PRINTED_QUOTE,
    QUAY_QUOTE,
    STEEL,
    STEEL_QUOTE,
    VOTE,
)

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

CONDITIONS = "what conditions did the council set?"
ENDLESS = "an endless one"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def ask(page: Page, question: str) -> None:
    """Type a question and press Enter."""
    page.fill("#fn-box textarea", question)
    page.press("#fn-box textarea", "Enter")


def finished(page: Page, turn: int = 1) -> Locator:
    """Wait for a turn to be finished and return it."""
    found = page.locator(f'#fn-thread .fn-turn[data-turn="{turn}"]')
    found.wait_for()
    return found


def highlighted(page: Page) -> str:
    """Return the words of the open source that are highlighted as the cited ones."""
    return "".join(page.locator("#fn-open mark.fn-on").all_text_contents())


def in_sight(page: Page) -> bool:
    """Tell whether the highlighted words can be seen in the panel without scrolling."""
    page.wait_for_timeout(150)
    seen: bool = page.evaluate(
        """() => {
            const mark = document.querySelector("#fn-open mark.fn-on").getBoundingClientRect();
            const head = document.querySelector("#fn-open header").getBoundingClientRect();
            const box = document.querySelector("#fn-open").getBoundingClientRect();
            return mark.width > 0 && mark.top >= head.bottom && mark.bottom <= box.bottom
                && box.bottom <= innerHeight + 1 && mark.right <= innerWidth;
        }"""
    )
    return seen


def sideways(page: Page) -> int:
    """Return by how many pixels the page can be scrolled sideways."""
    pixels: int = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return pixels


def test_first_view(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    assert page.title() == "Footnote"
    assert page.inner_text("header.fn-head").split("\n")[-1] == (
        "answers from your own documents, every sentence proven"
    )
    assert page.locator(".fn-library li a").all_text_contents() == [
        d.title for d in sorted(DOCUMENTS.values(), key=lambda d: d.source)
    ]
    assert page.locator(".fn-example").count() == 5
    assert page.locator("#fn-ask").is_visible()
    assert not page.locator("#fn-stop").is_visible()
    assert not page.locator("#fn-panel").is_visible()


def test_what_is_typed_is_foreseen(
    serve_scripted: Callable[..., Any], visit: Callable[..., Page], watch: Watch
) -> None:
    with serve_scripted() as server:
        page = visit(server)
        page.locator("#fn-box textarea").press_sequentially("what did the council vote", delay=20)
        for _ in range(100):
            if "foreseen: what did the council vote\n" in server.written():
                break
            page.wait_for_timeout(50)
        assert "foreseen: what did the council vote\n" in server.written()
        assert page.locator(".fn-turn").count() == 0, "nothing is asked before Enter"
        watch.settle(page)
        page.goto("about:blank")  # before the server goes


def test_words_look_unproven_until_their_proof_is_in(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    live = page.locator("#fn-live")
    scripted.steps(0)
    ask(page, CONDITIONS + " step by step")
    live.locator(".fn-status:has-text('Looking through your documents')").wait_for()
    assert page.locator("#fn-stop").is_visible()
    scripted.steps(1)
    live.locator(".fn-status:has-text('Found passages in 2 documents')").wait_for()
    scripted.steps(2)
    live.locator(".fn-status:has-text('Reading 1 of 3: Council closes')").wait_for()
    scripted.steps(3)
    unproven = live.locator(".fn-unproven", has_text=f"{STEEL} {MADE_UP}")
    unproven.wait_for()
    assert live.locator(".fn-chip").inner_text() == "writing · not proven yet"
    ink = live.locator(".fn-question").evaluate("e => getComputedStyle(e).color")
    assert unproven.evaluate("e => getComputedStyle(e).fontStyle") == "italic"
    assert unproven.evaluate("e => getComputedStyle(e).color") != ink
    assert live.locator(".fn-cite").count() == 0

    scripted.steps(4)
    settled = live.locator(".fn-proven")
    settled.wait_for()
    assert settled.inner_text() == f"{STEEL}\u202f[1] ✓"
    assert settled.evaluate("e => getComputedStyle(e).color") == ink
    assert live.locator(".fn-unproven").inner_text().strip() == MADE_UP

    scripted.steps(5)
    struck = live.locator(".fn-struck")
    struck.wait_for()
    assert struck.inner_text() == MADE_UP
    assert struck.get_attribute("title") == (
        "Withheld: 12 and crowns stand nowhere in your documents"
    )
    assert "line-through" in struck.evaluate("e => getComputedStyle(e).textDecorationLine")
    assert live.locator(".fn-unproven, .fn-chip").count() == 0

    scripted.steps(8)
    live.locator(".fn-chip:has-text('does not say')").wait_for()
    scripted.steps(99)
    turn = finished(page)
    assert live.locator(".fn-turn").count() == 0
    assert turn.locator(".fn-statement").all_inner_texts() == [
        f"{STEEL}\u202f[1][2] ✓",
        "Nine members voted for it.\u202f[3] ✓",
    ]
    assert page.locator("#fn-ask").is_visible()
    assert not page.locator("#fn-stop").is_visible()
    assert (
        turn.locator(".fn-small")
        .first.inner_text()
        .endswith("seconds · scripted-model · on this computer")
    )


def test_withheld_and_sources_are_folded_under_the_answer(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, CONDITIONS)
    turn = finished(page)
    withheld, sources = turn.locator(".fn-withheld"), turn.locator(".fn-references")
    assert not withheld.locator("li").is_visible()
    assert not sources.locator("li").first.is_visible()
    assert turn.locator(".fn-sources > ul > li").all_inner_texts() == [
        "Council closes the old ferry pier\nHarbour Gazette · 4 May 2021\n"
        "\u202f[1][3] 2 statements rest on it",
        "Ferries move to the grain quay\nIsland Radio · 30 June 2021\n\u202f[2] 1 statement",
    ]
    withheld.locator("summary").click()
    sources.locator("summary").click()
    assert withheld.locator("li s").inner_text() == MADE_UP
    assert "stand nowhere" in withheld.locator("li small").inner_text()
    assert sources.locator("li").nth(1).inner_text().split("\n") == [
        "[2]", QUAY_QUOTE, "Island Radio · 30 June 2021",
    ]  # fmt: skip
    ask(page, "When did the tsunami come?")
    finished(page, 2)
    assert withheld.locator("li").is_visible(), (
        "what was unfolded stays so when the page is redrawn"
    )
    turn.locator(".fn-withheld summary").click()
    assert not withheld.locator("li").is_visible()


@pytest.mark.parametrize(
    ("number", "quote", "source"),
    [(1, STEEL_QUOTE, "pier.txt"), (2, QUAY_QUOTE, "news/quay.md"), (3, VOTE, "pier.txt")],
    ids=["far down", "another document", "near the top"],
)
def test_a_citation_opens_its_exact_words(
    number: int, quote: str, source: str, scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, CONDITIONS)
    link = finished(page).locator(".fn-statement .fn-cite", has_text=f"[{number}]").first
    link.click()
    assert page.locator("#fn-panel").is_visible()
    assert highlighted(page) == quote
    assert in_sight(page)
    head = page.inner_text("#fn-open header")
    found = DOCUMENTS[source]
    assert found.title in head
    assert found.metadata["publisher"] in head
    assert source in head
    assert ("4 May 2021" if source == "pier.txt" else "30 June 2021") in head
    assert page.locator("#fn-open .fn-text").text_content() == found.text
    assert link.get_attribute("aria-current") == "true"
    assert page.inner_text("#fn-place") == f"Source {number} of 3"
    chat, panel = page.locator("#fn-chat").bounding_box(), page.locator("#fn-side").bounding_box()
    assert chat is not None
    assert panel is not None
    assert chat["x"] + chat["width"] <= panel["x"] + 1, "the source stands beside the chat"


def test_a_quote_of_a_pdf_is_marked_on_its_page(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, "When was it built, as it is printed?")
    link = finished(page).locator(".fn-statement .fn-cite").first
    assert "page 1" in (link.get_attribute("aria-label") or "")
    link.click()
    picture = page.locator("#fn-open .fn-page img")
    page.wait_for_function(
        "() => document.querySelector('#fn-open .fn-page img')?.naturalWidth > 400"
    )
    assert picture.is_visible()
    assert page.inner_text("#fn-open .fn-page figcaption") == "Page 1 of survey.pdf"
    assert highlighted(page) == PRINTED_QUOTE
    yellow = picture.evaluate(
        """(image) => {
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            count += data[i] > 240 && data[i + 1] > 210 && data[i + 2] < 130;
          return count;
        }"""
    )
    assert yellow > 2_000


def test_a_page_that_cannot_be_drawn_leaves_its_text(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    page.route(
        "**/document-pages/**", lambda route: route.fulfill(content_type="image/png", body="none")
    )
    ask(page, "When was it built, as it is printed?")
    finished(page).locator(".fn-statement .fn-cite").first.click()
    page.wait_for_selector("#fn-open .fn-page", state="detached")
    assert highlighted(page) == PRINTED_QUOTE
    assert in_sight(page)


def test_sources_can_be_stepped_through_and_closed(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, CONDITIONS)
    finished(page).locator(".fn-cite").first.click()
    page.click("#fn-next")
    assert highlighted(page) == QUAY_QUOTE
    page.click("#fn-next")
    assert highlighted(page) == VOTE
    assert page.locator("#fn-next").is_disabled()
    page.click("#fn-back")
    assert highlighted(page) == QUAY_QUOTE
    page.click("#fn-close")
    page.wait_for_selector("#fn-panel", state="hidden")
    assert page.locator("a[aria-current]").count() == 0
    assert page.url == scripted.url + "/"


def test_a_source_can_be_read_while_the_answer_is_written(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    scripted.steps(4)
    ask(page, CONDITIONS + " step by step")
    page.locator("#fn-live .fn-cite").first.click()
    assert highlighted(page) == STEEL_QUOTE
    place = page.evaluate("() => document.querySelector('#fn-open').scrollTop")
    assert place > 100
    scripted.steps(5)
    page.wait_for_selector("#fn-live .fn-struck")
    assert page.evaluate("() => document.querySelector('#fn-open').scrollTop") == place
    scripted.steps(99)
    finished(page)
    assert highlighted(page) == STEEL_QUOTE
    assert page.evaluate("() => document.querySelector('#fn-open').scrollTop") == place
    assert page.locator("#fn-thread .fn-cite[aria-current]").first.inner_text() == "[1]"


def test_a_document_of_the_list_opens(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    page.locator(".fn-library a", has_text="old ferry pier").click()
    assert page.locator("#fn-open .fn-text").text_content() == DOCUMENTS["pier.txt"].text
    assert page.inner_text("#fn-place") == "Document 3 of 4"


def test_abstention_offers_the_closest_passages(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, "When did the tsunami come?")
    turn = finished(page)
    assert turn.locator(".fn-none").inner_text() == "Your documents do not say."
    assert turn.locator(".fn-statement").count() == 0
    assert "They are not an answer." in turn.locator(".fn-closest").inner_text()
    near = turn.locator(".fn-closest a")
    assert near.all_inner_texts() == [
        "Council closes the old ferry pier",
        "Ferries move to the grain quay",
    ]
    near.first.click()
    assert highlighted(page).endswith(VOTE)
    assert in_sight(page)
    assert page.inner_text("#fn-place") == "Passage 1 of 2"


def test_stop_takes_effect_at_once_and_keeps_what_was_proven(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, ENDLESS)
    page.wait_for_selector("#fn-live .fn-proven")
    page.wait_for_selector("#fn-live .fn-unproven:has-text('It goes on')")
    page.click("#fn-stop")
    turn = finished(page)
    assert page.locator("#fn-live .fn-turn").count() == 0
    assert turn.locator(".fn-statement").all_inner_texts() == [f"{VOTE}\u202f[1] ✓"]
    assert "Stopped" in turn.locator(".fn-note").inner_text()
    assert "It goes on" not in turn.inner_text()
    page.wait_for_timeout(600)
    assert page.locator("#fn-live .fn-turn").count() == 0, "nothing comes after a stop"
    turn.locator(".fn-cite").first.click()
    assert highlighted(page) == VOTE
    ask(page, "When did the tsunami come?")
    assert finished(page, 2).locator(".fn-none").is_visible(), "the model is free again"


def test_stop_before_the_first_word(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    scripted.steps(0)
    ask(page, CONDITIONS + " step by step")
    page.wait_for_selector("#fn-live .fn-status:has-text('Looking through')")
    page.click("#fn-stop")
    assert finished(page).locator(".fn-note").inner_text() == "Stopped."
    ask(page, CONDITIONS)
    assert finished(page, 2).locator(".fn-statement").count() == 2


def test_two_tabs_wait_for_each_other(scripted: Server, visit: Callable[..., Page]) -> None:
    first, second = visit(scripted), visit(scripted)
    ask(first, ENDLESS)
    first.wait_for_selector("#fn-live .fn-unproven")
    ask(second, CONDITIONS)
    second.wait_for_selector("#fn-live .fn-status:has-text('one question is answered before')")
    second.wait_for_timeout(400)
    assert second.locator("#fn-live .fn-draft").count() == 0
    first.click("#fn-stop")
    assert finished(second).locator(".fn-statement").count() == 2
    assert finished(first).locator(".fn-note").is_visible()


def test_a_waiting_question_can_be_stopped(scripted: Server, visit: Callable[..., Page]) -> None:
    first, second = visit(scripted), visit(scripted)
    ask(first, ENDLESS)
    first.wait_for_selector("#fn-live .fn-unproven")
    ask(second, CONDITIONS)
    second.wait_for_selector("#fn-live .fn-status")
    second.click("#fn-stop")
    assert finished(second).locator(".fn-note").inner_text() == "Stopped."
    first.click("#fn-stop")
    finished(first)
    ask(second, CONDITIONS)
    assert finished(second, 2).locator(".fn-statement").count() == 2


def test_a_closed_tab_frees_the_model(scripted: Server, visit: Callable[..., Page]) -> None:
    first, second = visit(scripted), visit(scripted)
    ask(first, ENDLESS)
    first.wait_for_selector("#fn-live .fn-unproven")
    first.close()
    ask(second, CONDITIONS)
    assert finished(second).locator(".fn-statement").count() == 2


def test_a_second_question_of_the_same_tab_is_held_back(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, ENDLESS)
    page.wait_for_selector("#fn-live .fn-unproven")
    ask(page, CONDITIONS)
    page.wait_for_selector("#fn-hint:has-text('One question at a time')")
    assert page.input_value("#fn-box textarea") == CONDITIONS
    page.click("#fn-stop")
    assert "endless" in finished(page).inner_text()


@pytest.mark.parametrize("question", ["", "   \n "], ids=["nothing", "white space"])
def test_an_empty_question_gets_a_hint(
    question: str, scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    page.fill("#fn-box textarea", question)
    page.click("#fn-ask")
    page.wait_for_selector("#fn-hint:has-text('Type a question first.')")
    assert page.locator(".fn-turn").count() == 0
    page.locator(".fn-example").first.click()
    finished(page)
    assert page.inner_text("#fn-hint") == ""


def test_an_error_of_ours_is_a_plain_message(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    ask(page, "ask the broken model")
    turn = finished(page)
    assert turn.locator(".fn-error").inner_text() == (
        "the model <b>file</b> is damaged; fetch it again."
    )
    ask(page, CONDITIONS)
    assert finished(page, 2).locator(".fn-statement").count() == 2


@pytest.mark.parametrize("word", ["pier ", "x"], ids=["words", "one word"])
def test_a_question_of_20_000_characters(
    word: str, scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted, **PHONE)
    ask(page, word * (20_000 // len(word)))
    assert finished(page).locator(".fn-error").inner_text() == (
        "the question is too long; ask a shorter one."
    )
    assert len(finished(page).locator(".fn-question").inner_text()) < 2_100
    assert sideways(page) == 0


def test_a_bug_gives_the_page_back(
    scripted: Server, visit: Callable[..., Page], watch: Watch
) -> None:
    page = visit(scripted)
    ask(page, "is there a bug?")
    assert "The program itself failed" in finished(page).locator(".fn-error").inner_text()
    assert "RuntimeError: a bug of ours" in scripted.written(), "its traceback is in the terminal"
    ask(page, CONDITIONS)
    assert finished(page, 2).locator(".fn-statement").count() == 2


def test_hostile_text_is_only_text(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    question = "<img src=x onerror='window.hacked = 11'> what did the clerk write? ${1+1} {{2}}"
    ask(page, question)
    turn = finished(page)
    assert turn.locator(".fn-question").text_content() == question
    assert turn.locator(".fn-statement").text_content() == f"{HOSTILE_SENTENCE}\u202f[1] ✓"
    turn.locator(".fn-withheld summary").click()
    assert '"><img src=x' in turn.locator(".fn-withheld small").inner_text()
    turn.locator(".fn-cite").first.click()
    assert highlighted(page) == HOSTILE_QUOTE, "to the letter, a bare carriage return included"
    assert page.locator("#fn-open .fn-text").text_content() == DOCUMENTS["clerk <i>.html"].text
    assert page.locator("#fn-main :is(img, script, b, i:not(.fn-dot), strong)").count() == 0
    assert page.locator("#fn-main a[href^='javascript']").count() == 0
    assert page.evaluate("() => window.hacked") is None


def test_phone(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted, **PHONE)
    assert sideways(page) == 0
    scripted.steps(5)
    ask(page, CONDITIONS + " step by step")
    page.wait_for_selector("#fn-live .fn-struck")
    assert sideways(page) == 0
    scripted.steps(99)
    turn = finished(page)
    assert sideways(page) == 0
    turn.locator(".fn-cite").first.tap()
    assert highlighted(page) == STEEL_QUOTE
    assert in_sight(page)
    assert sideways(page) == 0
    side = page.locator("#fn-side").bounding_box()
    assert side is not None
    assert side["x"] == 0
    assert side["width"] == 390
    assert side["y"] > 250, "the source lies below, the chat stays in sight above"
    page.go_back()
    page.wait_for_selector("#fn-panel", state="hidden")
    assert finished(page).is_visible(), "back closes the source and does not leave the page"
    ask(page, "the clerk " + "x" * 300)
    finished(page, 2).locator(".fn-cite").first.tap()
    assert sideways(page) == 0, "not even with long words"


def test_keyboard(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    assert page.evaluate("() => document.activeElement.tagName") == "TEXTAREA"
    page.keyboard.type(CONDITIONS)
    page.keyboard.press("Enter")
    finished(page)
    assert page.evaluate("() => document.activeElement.tagName") == "TEXTAREA"
    for _ in range(24):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("() => document.activeElement.matches('.fn-statement .fn-cite')"):
            break
    focused = page.locator(":focus")
    assert focused.inner_text() == "[3]"
    label = focused.get_attribute("aria-label")
    assert label == "Source 3: Council closes the old ferry pier (Harbour Gazette · 4 May 2021)"
    outline = focused.evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert highlighted(page) == VOTE
    assert page.evaluate("() => document.activeElement.id") == "fn-panel"
    page.keyboard.press("Escape")
    page.wait_for_selector("#fn-panel", state="hidden")
    assert page.locator(":focus").inner_text() == "[3]", "the focus is back where it was"


def test_dark(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted, color_scheme="dark")
    ask(page, CONDITIONS)
    finished(page).locator(".fn-cite").first.click()
    dark = """selector => {
        const style = getComputedStyle(document.querySelector(selector));
        const light = text => text.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0);
        return [light(style.backgroundColor), light(style.color)];
    }"""
    for selector in ("body", "#fn-side", "#fn-open mark.fn-on", "#fn-asking"):
        ground, ink = page.evaluate(dark, selector)
        assert ground < 300, selector
        assert ink > 450, selector


def test_copy_gives_the_answer_with_its_sources(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted, permissions=["clipboard-read", "clipboard-write"])
    ask(page, CONDITIONS)
    finished(page).locator(".fn-copy").first.click()
    page.wait_for_selector(".fn-copy:has-text('Copied')")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert f"{STEEL}\n[1][2]" in copied or f"{STEEL} [1][2]" in copied
    assert "[2] Ferries move to the grain quay (Island Radio · 30 June 2021)" in copied


def test_the_first_question_waits_for_the_model_and_says_so(
    serve_scripted: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    with serve_scripted("--opening", "8") as server:
        page = visit(server, ready="#fn-library .fn-note")
        page.wait_for_selector("#fn-library:has-text('Opening your documents')")
        ask(page, CONDITIONS)
        page.wait_for_selector("#fn-live .fn-status:has-text('Loading the model')")
        assert finished(page).locator(".fn-statement").count() == 2
        page.close()


def test_a_missing_index_is_told_with_its_cure_and_tried_again(
    serve_scripted: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    with serve_scripted("--failures", "2") as server:
        page = visit(server)
        message = "there is no index named <i>harbour</i>; run `rag index`."
        assert page.inner_text("#fn-library .fn-error") == message
        ask(page, CONDITIONS)
        turn = finished(page)
        if turn.locator(".fn-error").count():
            assert turn.locator(".fn-error").inner_text() == message
            ask(page, CONDITIONS)
            turn = finished(page, 2)
        assert turn.locator(".fn-statement").count() == 2
        page.close()


def test_the_interface_for_programs(scripted: Server) -> None:
    with urllib.request.urlopen(f"{scripted.url}/gradio_api/info", timeout=10) as reply:
        described = json.load(reply)
    assert "/ask" in described["named_endpoints"]
    assert described["unnamed_endpoints"] == {}
    request = urllib.request.Request(
        f"{scripted.url}/gradio_api/call/ask",
        data=json.dumps({"data": [CONDITIONS]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        event = json.load(reply)["event_id"]
    url = f"{scripted.url}/gradio_api/call/ask/{event}"
    with urllib.request.urlopen(url, timeout=30) as reply:
        lines = reply.read().decode().splitlines()
    assert "event: complete" in lines
    answer = json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))[0]
    assert answer["question"] == CONDITIONS
    assert [s["text"] for s in answer["statements"]] == [STEEL, "Nine members voted for it."]
    assert answer["statements"][0]["citations"][1]["quote"] == QUAY_QUOTE


def pick(page: Page, value: str) -> None:
    """Pick a value of the fact in sight."""
    page.click("#fn-chosen input")
    page.locator("[role=option]", has_text=value).click()


def narrowed(page: Page, words: str) -> None:
    """Wait until the page says which documents may answer."""
    page.locator("#fn-which", has_text=words).wait_for()


@pytest.mark.parametrize("context", [{}, PHONE], ids=["wide", "phone"])
def test_only_chosen_documents_answer_until_that_is_cleared(
    context: dict[str, Any], scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted, **context)
    unfold = page.get_by_role("button", name="Which documents may answer")
    assert unfold.get_attribute("aria-expanded") == "false"
    assert not page.locator("#fn-narrowed").is_visible()
    unfold.click()
    page.locator("#fn-within > button[aria-expanded=true]").wait_for()
    page.get_by_label("Since").fill("June 2021")
    pick(page, "publisher: Island Radio")
    which = "documents since 1 June 2021 whose publisher has “Island Radio”"
    narrowed(page, f"Asked of {which} (1 of 4)")
    assert sideways(page) == 0
    ask(page, CONDITIONS)
    turn = finished(page)
    assert (
        turn.locator(".fn-asked").inner_text() == f"Answered from {which} (1 of 4), as you asked."
    )
    above = turn.locator(".fn-asked").bounding_box()
    first = turn.locator(".fn-statement").first.bounding_box()
    assert above
    assert first
    assert above["y"] + above["height"] <= first["y"]
    assert turn.locator(".fn-statement").all_inner_texts() == [f"{STEEL}\u202f[2] ✓"]
    assert turn.locator(".fn-sources cite").all_inner_texts() == ["Ferries move to the grain quay"]
    page.locator("#fn-within > button[aria-expanded=false]").wait_for()

    ask(page, CONDITIONS)
    assert finished(page, 2).locator(".fn-asked").count() == 1, "it holds for the next one too"
    page.get_by_role("button", name="Ask all documents").click()
    page.locator("#fn-narrowed").wait_for(state="hidden")
    ask(page, CONDITIONS)
    turn = finished(page, 3)
    assert turn.locator(".fn-asked").count() == 0
    assert turn.locator(".fn-statement").count() == 2
    unfold.click()
    assert page.get_by_label("Since").input_value() == ""
    assert page.locator("#fn-chosen .token").count() == 0
    assert sideways(page) == 0


def test_several_facts_are_chosen_by_keyboard(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    page.get_by_role("button", name="Which documents may answer").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Since").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type("2021")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Fact"
    page.keyboard.press("Tab")
    for publisher in ("Island", "Harbour"):
        page.keyboard.type(publisher)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator("#fn-chosen .token", has_text=f"publisher: {publisher}").wait_for()
    which = "documents since 1 January 2021 whose publisher has “Island Radio” or “Harbour Gazette”"
    narrowed(page, f"Asked of {which} (2 of 4)")
    page.click("#fn-fact input")
    page.locator("[role=option]", has_text="title").click()
    page.locator("#fn-chosen input").focus()
    page.keyboard.type("ferry")
    page.keyboard.press("Enter")
    page.locator("#fn-chosen .token", has_text="title: ferry").wait_for()
    narrowed(page, f"Asked of {which} and whose title has “ferry” (1 of 4)")
    assert page.locator("#fn-chosen .token").count() == 3, "what was chosen before stays"
    page.get_by_label("Only the latest of those found").check()
    narrowed(page, "Asked of the latest found of documents since")


def test_what_cannot_be_asked_is_told_in_place_of_an_answer(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    page.get_by_role("button", name="Which documents may answer").click()
    page.get_by_label("Until").fill("soon")
    ask(page, CONDITIONS)
    turn = finished(page)
    told = "Until: “soon” is no date; write it like 2020-06-12, June 2020 or 2020."
    assert turn.locator(".fn-error").inner_text() == told
    assert page.input_value("#fn-box textarea") == CONDITIONS
    page.get_by_label("Until").fill("1999")
    ask(page, CONDITIONS)
    told = finished(page, 2).locator(".fn-error").inner_text()
    assert told.startswith("You have no documents until 31 December 1999")
    assert told.endswith("Widen what is asked of them.")
    page.get_by_role("button", name="Ask all documents").click()
    page.locator("#fn-narrowed").wait_for(state="hidden")
    ask(page, CONDITIONS)
    assert finished(page, 3).locator(".fn-statement").count() == 2
