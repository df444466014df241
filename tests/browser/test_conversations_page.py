"""Conversations beside the chat, in a real browser: nothing asked is lost, all by keyboard."""

from __future__ import annotations

import http.client
import json
import re
import signal
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

from rag.conversations import Conversations, Reason, State, Thumb
from tests.browser.conftest import Server, Watch
from tests.browser.scripted import (
    HOSTILE_QUOTE,
    QUAY_QUOTE,
    STEEL,
    STEEL_QUOTE,
    VOTE,
)
from tests.browser.test_page import (
    CONDITIONS,
    PHONE,
    ask,
    finished,
    highlighted,
    in_sight,
    sideways,
)

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

TSUNAMI = "When did the tsunami come?"
Visit = Callable[..., "Page"]
Serve = Callable[..., Any]


@pytest.fixture(scope="module")
def shared(
    serve_scripted: Serve, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Path]]:
    """A page of these tests, and the folder its conversations are in."""
    data = tmp_path_factory.mktemp("kept") / "data"
    with serve_scripted("--data", str(data)) as server:
        yield server, data
        assert "OUTSIDE" not in server.written()
        assert "Traceback" not in server.written()


@pytest.fixture
def data(shared: tuple[Server, Path]) -> Path:
    """The folder the conversations are in, without any."""
    with Conversations(shared[1]) as kept:
        kept.delete_all()
    return shared[1]


@pytest.fixture
def own(shared: tuple[Server, Path], data: Path) -> Server:
    """The page of these tests, before anything was asked."""
    server, _ = shared
    server.steps(0)
    return server


def leave(page: Page, watch: Watch) -> None:
    """Close a page that is not waiting for anything."""
    watch.settle(page)
    page.close()


def reload(page: Page, watch: Watch) -> None:
    """Load a page anew that is not waiting for anything."""
    watch.settle(page)
    page.reload()


def titles(page: Page) -> list[str]:
    """Return the titles that are listed, in order."""
    return page.locator(".fn-title > span").all_text_contents()


def listed(page: Page, *expected: str) -> None:
    """Wait until just these titles are listed, in order."""
    page.wait_for_function(
        "titles => JSON.stringify([...document.querySelectorAll('.fn-title > span')]"
        ".map(e => e.textContent)) === JSON.stringify(titles)",
        arg=list(expected),
    )


def marked(page: Page) -> list[str]:
    """Return the titles that are marked as open."""
    return page.locator(".fn-title[aria-current] > span").all_text_contents()


def new(page: Page) -> None:
    """Begin another conversation."""
    page.click(".fn-new")
    page.wait_for_selector("#fn-welcome", state="visible")
    page.wait_for_function("() => !document.querySelector('#fn-thread .fn-turn')")


def item(page: Page, title: str) -> Locator:
    return page.locator(".fn-item", has_text=title)


def two_conversations(page: Page) -> None:
    """Ask two questions in one conversation and one in another."""
    ask(page, CONDITIONS)
    finished(page)
    ask(page, TSUNAMI)
    finished(page, 2)
    new(page)
    ask(page, "what did the clerk note?")
    finished(page)
    listed(page, "what did the clerk note?", CONDITIONS)


def store(data: Path) -> Conversations:
    """Open what is kept in a folder."""
    return Conversations(data)


# --- kept and opened again


def test_conversations_are_listed_by_day_and_opened_again(own: Server, visit: Visit) -> None:
    page = visit(own)
    page.get_by_text("What you ask is kept here, on this computer.", exact=True).wait_for()
    two_conversations(page)
    assert page.locator("#fn-kept-list h3").all_text_contents() == ["Today"]
    assert marked(page) == ["what did the clerk note?"]
    page.click(f".fn-title:has-text('{CONDITIONS}')")
    assert finished(page, 2).locator(".fn-none").count() == 1
    page.wait_for_selector(f".fn-title[aria-current]:has-text('{CONDITIONS}')")
    assert marked(page) == [CONDITIONS]
    assert finished(page, 1).locator(".fn-statement").count() == 2
    assert page.locator("#fn-thread .fn-turn").count() == 2
    assert page.locator("#fn-welcome").is_hidden()
    # It goes on where it was.
    ask(page, "How many members voted? conditions")
    finished(page, 3)
    listed(page, CONDITIONS, "what did the clerk note?")


def test_a_new_conversation_begins_with_nothing_and_the_old_one_goes_on(
    own: Server, visit: Visit, data: Path
) -> None:
    page = visit(own)
    ask(page, "conditions step by step")
    page.wait_for_selector("#fn-live .fn-turn")
    new(page)
    assert page.locator("#fn-live .fn-turn").count() == 0
    own.steps(1000)
    page.wait_for_timeout(2500)
    assert page.locator(".fn-turn").count() == 0
    page.click(".fn-title")
    assert finished(page).locator(".fn-statement").count() == 2
    with store(data) as kept:
        (conversation,) = kept.recent()
        assert kept.turns(conversation.id)[0].state is State.ANSWERED


def test_a_conversation_opened_while_it_is_answered_goes_on_being_shown(
    own: Server, visit: Visit
) -> None:
    page = visit(own)
    ask(page, "conditions step by step")
    page.wait_for_selector("#fn-live .fn-turn")
    new(page)
    page.click(".fn-title")
    page.wait_for_selector("#fn-live .fn-turn")
    own.steps(1000)
    assert finished(page).locator(".fn-statement").count() == 2
    page.wait_for_function("() => !document.querySelector('#fn-live .fn-turn')")


def test_all_is_there_after_reload_and_restart_and_sources_open(
    serve_scripted: Serve, visit: Visit, watch: Watch, tmp_path: Path
) -> None:
    arguments = ("--data", str(tmp_path / "data"))
    with serve_scripted(*arguments) as server:
        page = visit(server)
        ask(page, CONDITIONS)
        finished(page)
        ask(page, TSUNAMI)
        finished(page, 2)
        reload(page, watch)
        assert finished(page, 2)
        finished(page, 1).locator(".fn-cite[href='#cite-1-2']").first.click()
        assert highlighted(page) == QUAY_QUOTE
        assert in_sight(page)
        assert page.locator("#fn-open .fn-changed").count() == 0
        conversation = page.evaluate("() => sessionStorage['footnote-conversation']")
        leave(page, watch)
    with serve_scripted(*arguments) as server:
        page = visit(server)
        assert titles(page) == [CONDITIONS]
        page.click(".fn-title")
        finished(page, 2)
        assert page.evaluate("() => sessionStorage['footnote-conversation']") == conversation
        finished(page, 1).locator(".fn-cite").first.click()
        assert highlighted(page) == STEEL_QUOTE
        finished(page, 2).locator("a[href='#near-2-1']").click()
        page.wait_for_function(
            "() => document.querySelector('#fn-open mark.fn-on')?.textContent.includes('Nine')"
        )
        ask(page, "conditions")
        finished(page, 3)
        leave(page, watch)


def test_a_reload_in_the_middle_of_an_answer_loses_nothing(
    own: Server, visit: Visit, watch: Watch
) -> None:
    page = visit(own)
    ask(page, CONDITIONS)
    finished(page)
    watch.settle(page)
    ask(page, "conditions step by step, please")
    own.steps(4)
    page.wait_for_selector("#fn-live .fn-proven")
    page.reload()
    assert finished(page, 1).locator(".fn-statement").count() == 2
    page.wait_for_selector("#fn-live .fn-proven")
    own.steps(1000)
    assert finished(page, 2).locator(".fn-statement").count() == 2
    assert page.locator("#fn-thread .fn-turn").count() == 2
    watch.complaints.clear()  # of a page that is left while it is being told something


def test_what_was_proven_stands_after_the_program_was_killed(
    serve_scripted: Serve, visit: Visit, watch: Watch, tmp_path: Path
) -> None:
    arguments = ("--data", str(tmp_path / "data"))
    with serve_scripted(*arguments) as server:
        page = visit(server)
        ask(page, "conditions step by step")
        server.steps(4)
        page.wait_for_selector("#fn-live .fn-proven")
        page.wait_for_timeout(300)
        assert server.process is not None
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        page.close()
    watch.complaints.clear()
    with serve_scripted(*arguments) as server:
        page = visit(server)
        page.click(".fn-title")
        turn = finished(page)
        assert turn.locator(".fn-statement").inner_text().startswith(STEEL)
        assert "Interrupted: the program ended before the answer was done." in turn.inner_text()
        turn.locator(".fn-cite").first.click()
        assert highlighted(page) == STEEL_QUOTE
        leave(page, watch)


def test_documents_that_changed_or_are_gone_are_told_and_the_quotes_still_shown(
    serve_scripted: Serve, visit: Visit, watch: Watch, tmp_path: Path
) -> None:
    arguments = ("--data", str(tmp_path / "data"))
    with serve_scripted(*arguments) as server:
        page = visit(server)
        ask(page, CONDITIONS)
        finished(page)
        ask(page, "what did the clerk note?")
        finished(page, 2)
        leave(page, watch)
    with serve_scripted(*arguments, "--changed") as server:
        page = visit(server)
        page.click(".fn-title")
        finished(page, 2)

        def opened(anchor: str) -> tuple[str, str]:
            page.locator(f"#fn-thread a[href='#{anchor}']").first.click()
            page.wait_for_selector(f"#fn-open [data-anchors~='{anchor}'].fn-on")
            return page.inner_text("#fn-open .fn-changed"), highlighted(page)

        told, quote = opened("cite-1-1")
        assert told == "This document has changed since; the cited words still stand in it."
        assert quote == STEEL_QUOTE
        assert page.inner_text("#fn-open .fn-text").startswith("A new beginning.")
        for anchor, words in (("cite-1-2", QUAY_QUOTE), ("cite-1-3", VOTE)):
            told, quote = opened(anchor)
            assert "has changed since, and the cited words no longer stand in it" in told
            assert quote == words
        told, quote = opened("cite-2-1")
        assert told.startswith("This document is no longer among those that are asked.")
        assert quote.split() == HOSTILE_QUOTE.split()
        leave(page, watch)


def test_quotes_are_shown_while_documents_are_opened(
    serve_scripted: Serve, visit: Visit, watch: Watch, tmp_path: Path
) -> None:
    arguments = ("--data", str(tmp_path / "data"))
    with serve_scripted(*arguments) as server:
        page = visit(server)
        ask(page, CONDITIONS)
        finished(page)
        leave(page, watch)
    with serve_scripted(*arguments, "--opening", "25") as server:
        page = visit(server, ready=".fn-title")
        page.click(".fn-title")
        finished(page).locator(".fn-cite").first.click()
        assert "are being opened" in page.inner_text("#fn-open .fn-changed")
        assert highlighted(page) == STEEL_QUOTE
        page.wait_for_function("() => !document.querySelector('#fn-thread .fn-source .fn-changed')")
        finished(page).locator(".fn-cite[href='#cite-1-1']").first.click()
        page.wait_for_function("() => !document.querySelector('#fn-open .fn-changed')")
        leave(page, watch)


def test_what_was_asked_long_before_is_shown_when_asked_for(
    own: Server, visit: Visit, data: Path
) -> None:
    with store(data) as kept:
        id_ = ""
        for n in range(1, 24):
            turn = kept.ask(f"question {n}", conversation_id=id_, collection="harbour")
            kept.stop(turn.id)
            id_ = turn.conversation_id
    page = visit(own)
    page.click(".fn-title")
    finished(page, 23)
    assert page.locator("#fn-thread .fn-turn").count() == 20
    page.click("text=Show the 3 questions before")
    finished(page, 1)
    assert page.locator("#fn-thread .fn-turn").count() == 23
    assert page.locator("[data-do=earlier]").count() == 0
    ask(page, CONDITIONS)
    finished(page, 24)
    assert page.locator("#fn-thread .fn-turn").count() == 23
    page.wait_for_selector("text=Show the question before")


# --- found, renamed, deleted


def test_what_is_searched_for_is_found_and_shown(own: Server, visit: Visit) -> None:
    page = visit(own)
    two_conversations(page)
    page.fill("#fn-kept-search", "STEEL pil")
    listed(page, CONDITIONS)
    assert page.locator(".fn-title mark").all_text_contents() == ["steel", "piles"]
    page.fill("#fn-kept-search", "window")
    listed(page, "what did the clerk note?")
    assert page.evaluate("() => window.hacked") is None
    page.fill("#fn-kept-search", "<b>nowhere")
    page.wait_for_selector("#fn-kept-list :text('Nothing was found for “<b>nowhere”.')")
    page.fill("#fn-kept-search", "")
    listed(page, "what did the clerk note?", CONDITIONS)


def test_a_conversation_is_renamed_to_any_words(own: Server, visit: Visit, watch: Watch) -> None:
    page = visit(own)
    two_conversations(page)
    own_item = item(page, CONDITIONS)
    own_item.locator("summary").first.click()
    title = 'The "pier" <img src=x onerror=alert(1)> & שלום'
    own_item.locator("input[name=title]").fill(title)
    own_item.locator("form button").click()
    listed(page, "what did the clerk note?", title)
    assert page.inner_text("#fn-kept-told") == "Renamed."
    reload(page, watch)
    listed(page, "what did the clerk note?", title)


def test_deleting_asks_once_and_is_for_good(own: Server, visit: Visit, data: Path) -> None:
    page = visit(own)
    two_conversations(page)
    own_item = item(page, CONDITIONS)
    own_item.locator("summary").first.click()
    own_item.locator(".fn-delete summary").click()
    assert "This cannot be undone." in own_item.inner_text()
    assert len(titles(page)) == 2
    own_item.locator(".fn-delete button").click()
    listed(page, "what did the clerk note?")
    assert page.inner_text("#fn-kept-told") == "Deleted."
    assert finished(page)  # the open one stays
    item(page, "clerk").locator("summary").first.click()
    item(page, "clerk").locator(".fn-delete summary").click()
    item(page, "clerk").locator(".fn-delete button").click()
    page.wait_for_selector("#fn-kept-list :text('What you ask is kept here')")
    page.wait_for_selector("#fn-welcome", state="visible")
    assert page.locator(".fn-turn").count() == 0
    with store(data) as kept:
        assert kept.count() == 0


def test_all_are_deleted_after_asking_once(own: Server, visit: Visit, data: Path) -> None:
    page = visit(own)
    two_conversations(page)
    page.click(".fn-all summary")
    page.click(".fn-all button")
    page.wait_for_selector("#fn-kept-told :text('2 conversations were deleted.')")
    page.wait_for_selector("#fn-welcome", state="visible")
    with store(data) as kept:
        assert kept.count() == 0


def test_more_are_shown_when_asked_for(
    serve_scripted: Serve, visit: Visit, watch: Watch, tmp_path: Path
) -> None:
    with store(tmp_path / "data") as kept:
        for n in range(45):
            kept.stop(kept.ask(f"question {n}").id)
    with serve_scripted("--data", str(tmp_path / "data")) as server:
        page = visit(server)
        assert len(titles(page)) == 40
        page.click("[data-do=more]")
        page.wait_for_function("() => document.querySelectorAll('.fn-title').length === 45")
        assert page.locator("[data-do=more]").count() == 0
        leave(page, watch)


# --- taken along


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_a_conversation_is_taken_along(own: Server, visit: Visit, form: str) -> None:
    page = visit(own)
    ask(page, CONDITIONS)
    finished(page)
    page.wait_for_selector(".fn-item")
    item(page, CONDITIONS).locator("summary").first.click()
    with page.expect_download() as download:
        page.click(f".fn-exports a[href$='{form}']")
    ending = {"markdown": "md"}.get(form, form)
    name = rf"footnote-\d{{4}}-\d\d-\d\d-what-conditions-did-the-council-set\.{ending}"
    assert re.fullmatch(name, download.value.suggested_filename)
    text = Path(download.value.path()).read_text(encoding="utf-8")
    if form == "markdown":
        assert f"{STEEL}[^1][^2]" in text
        assert f"“{QUAY_QUOTE}”" in text
    elif form == "json":
        assert [s["quote"] for s in json.loads(text)["sources"]] == [STEEL_QUOTE, QUAY_QUOTE, VOTE]
    else:
        tree = lxml.html.document_fromstring(text.encode())
        assert len(tree.xpath("//footer//li")) == 3


def test_exports_are_given_by_id_alone_and_behind_the_guards(own: Server, visit: Visit) -> None:
    page = visit(own)
    ask(page, CONDITIONS)
    finished(page)
    page.wait_for_selector(".fn-item")
    id_ = page.get_attribute(".fn-title", "data-id") or ""
    netloc = urllib.parse.urlsplit(own.url).netloc

    def get(path: str, host: str = netloc) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(netloc)
        connection.request("GET", path, headers={"Host": host})
        reply = connection.getresponse()
        reply.read()
        connection.close()
        return reply

    good = get(f"/conversations/{id_}/html")
    assert good.status == 200
    assert good.headers["content-disposition"].startswith("attachment; filename=")
    assert good.headers["x-content-type-options"] == "nosniff"
    assert good.headers["cache-control"] == "no-store"
    for path in (
        f"/conversations/{id_[:8]}/html",
        f"/conversations/{id_}/pdf",
        f"/conversations/{'0' * 32}/html",
        "/conversations/..%2f..%2fetc%2fpasswd/html",
        f"/conversations/{id_}/",
    ):
        assert get(path).status == 404, path
    assert get(f"/conversations/{id_}/html", "evil.example").status in (400, 403, 421)


def test_an_answer_is_copied_with_its_citations(own: Server, visit: Visit, watch: Watch) -> None:
    page = visit(own, permissions=["clipboard-read", "clipboard-write"])
    ask(page, CONDITIONS)
    finished(page)
    reload(page, watch)
    turn = finished(page)
    for of, begun in (("plain", f"{STEEL}"), ("markdown", f"{STEEL}[^1][^2]")):
        turn.locator(f".fn-copy[data-of={of}]").click()
        page.wait_for_selector(f".fn-copy[data-of={of}]:has-text('Copied')")
        copied = page.evaluate("() => navigator.clipboard.readText()")
        assert copied.startswith(begun)
        assert QUAY_QUOTE in " ".join(copied.split())
    page.wait_for_selector(".fn-copy[data-of=markdown]:has-text('Copy as Markdown')")


# --- judged


def test_an_answer_is_judged_changed_and_taken_back(
    own: Server, visit: Visit, watch: Watch, data: Path
) -> None:
    page = visit(own)
    ask(page, CONDITIONS)
    turn = finished(page)
    up = turn.get_by_role("button", name="A good answer", exact=True)
    down = turn.get_by_role("button", name="Not a good answer")
    up.click()
    page.wait_for_selector(".fn-judge button[aria-pressed=true]")
    assert up.get_attribute("aria-pressed") == "true"
    down.click()
    page.wait_for_selector(".fn-down[aria-pressed=true]")
    turn.get_by_label("A source does not carry it").check()
    turn.get_by_label("In your words").fill("the <b>second</b>")
    turn.get_by_role("button", name="Save").click()
    page.wait_for_selector(".fn-thanks:has-text('A source does not carry it: the <b>second</b>')")
    with store(data) as kept:
        (judged,) = kept.judged()
        assert judged.feedback is not None
        assert judged.feedback.thumb is Thumb.DOWN
        assert judged.feedback.reason is Reason.UNCARRIED
        assert judged.feedback.words == "the <b>second</b>"
    reload(page, watch)
    page.wait_for_selector(".fn-down[aria-pressed=true]")
    assert finished(page).get_by_label("A source does not carry it").is_checked()
    finished(page).locator(".fn-down").click()
    page.wait_for_function("() => !document.querySelector('.fn-judge [aria-pressed=true]')")
    with store(data) as kept:
        assert kept.judged() == ()


def test_a_refusal_is_judged_by_reasons_of_its_own(own: Server, visit: Visit) -> None:
    page = visit(own)
    ask(page, TSUNAMI)
    finished(page).locator(".fn-down").click()
    page.wait_for_selector(".fn-judge form")
    assert page.locator(".fn-judge input[type=radio]").count() == 2
    assert finished(page).get_by_label("My documents do answer it").count() == 1


def test_thumbs_of_one_answer_leave_the_others_alone(own: Server, visit: Visit) -> None:
    page = visit(own)
    ask(page, CONDITIONS)
    finished(page)
    ask(page, CONDITIONS + " again")
    finished(page, 2).get_by_role("button", name="A good answer", exact=True).click()
    page.wait_for_selector(".fn-turn[data-turn='2'] [aria-pressed=true]")
    assert page.locator("[aria-pressed=true]").count() == 1


# --- reached and seen by everybody


def test_all_of_it_by_keyboard(own: Server, visit: Visit, data: Path) -> None:
    page = visit(own)
    ask(page, CONDITIONS)
    finished(page)
    listed(page, CONDITIONS)

    def tab_to(selector: str, key: str = "Tab") -> None:
        for _ in range(60):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                outline = page.evaluate(
                    "() => getComputedStyle(document.activeElement).outlineStyle"
                )
                assert outline != "none", selector
                return
            page.keyboard.press(key)
        raise AssertionError(f"{selector} cannot be reached")

    tab_to(".fn-judge .fn-down", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fn-down[aria-pressed=true]:focus")
    tab_to(".fn-judge input[type=radio]")
    page.keyboard.press("Space")
    tab_to(".fn-judge input[name=words]")
    page.keyboard.type("no")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fn-thanks:has-text('It is wrong: no')")
    page.wait_for_selector(".fn-judge summary:focus")
    tab_to(".fn-more > summary", "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(".fn-more input[name=title]")
    page.keyboard.press("Control+A")
    page.keyboard.type("The pier")
    page.keyboard.press("Enter")
    listed(page, "The pier")
    page.wait_for_selector(".fn-more > summary:focus")
    tab_to(".fn-title", "Shift+Tab")
    tab_to("#fn-kept-search", "Shift+Tab")
    page.keyboard.type("pier")
    page.wait_for_selector("#fn-kept-list :text('1 conversation')")
    tab_to(".fn-title")
    page.keyboard.press("Enter")
    finished(page)
    page.wait_for_selector("#fn-box textarea:focus")
    tab_to(".fn-more > summary", "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(".fn-delete > summary")
    page.keyboard.press("Enter")
    tab_to(".fn-delete button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fn-kept-told :text('Deleted.')")
    with store(data) as kept:
        assert kept.count() == 0


def test_they_are_hidden_and_shown_and_stay_so(own: Server, visit: Visit, watch: Watch) -> None:
    page = visit(own)
    assert page.locator("#fn-kept").is_visible()
    page.click("#fn-kept-close")
    assert page.locator("#fn-kept").is_hidden()
    assert page.get_attribute("#fn-kept-toggle", "aria-expanded") == "false"
    page.wait_for_selector("#fn-kept-toggle:focus")
    reload(page, watch)
    page.wait_for_selector(".fn-library")
    assert page.locator("#fn-kept").is_hidden()
    page.click("#fn-kept-toggle")
    assert page.locator("#fn-kept").is_visible()


def test_on_a_phone_they_lie_over_the_chat_until_one_is_chosen(own: Server, visit: Visit) -> None:
    page = visit(own, **PHONE)
    assert page.locator("#fn-kept").is_hidden()
    ask(page, CONDITIONS)
    finished(page)
    page.click("#fn-kept-toggle")
    assert page.locator("#fn-kept").is_visible()
    assert sideways(page) <= 0
    box = page.locator("#fn-kept").bounding_box()
    assert box is not None
    assert box["width"] <= 390 * 0.9
    assert page.evaluate("() => document.getElementById('fn-chat').inert")
    page.keyboard.press("Escape")
    assert page.locator("#fn-kept").is_hidden()
    assert not page.evaluate("() => document.getElementById('fn-chat').inert")
    page.click("#fn-kept-toggle")
    page.click(".fn-new")
    page.wait_for_selector("#fn-welcome", state="visible")
    assert page.locator("#fn-kept").is_hidden()
    page.click("#fn-kept-toggle")
    item(page, CONDITIONS).locator("summary").first.click()
    assert sideways(page) <= 0
    page.click(".fn-title")
    assert finished(page).locator(".fn-statement").count() == 2
    assert page.locator("#fn-kept").is_hidden()
    finished(page).locator(".fn-down").click()
    page.wait_for_selector(".fn-judge form")
    assert sideways(page) <= 0


CONTRAST = """() => {
  const parse = (color) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d");
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const poor = [];
  for (const e of document.querySelectorAll("#fn-kept *, #fn-kept-toggle span, .fn-judge *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility({ opacityProperty: true })) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.className || e.tagName}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(own: Server, visit: Visit, scheme: str) -> None:
    page = visit(own, color_scheme=scheme)
    two_conversations(page)
    item(page, CONDITIONS).locator("summary").first.click()
    item(page, CONDITIONS).locator(".fn-delete summary").click()
    page.click(".fn-all summary")
    page.locator(".fn-down").first.click()
    page.wait_for_selector(".fn-judge form")
    assert page.evaluate(CONTRAST) == []
    page.fill("#fn-kept-search", "steel")
    page.wait_for_selector(".fn-title small mark")
    assert page.evaluate(CONTRAST) == []


def test_what_has_no_words_has_a_name(own: Server, visit: Visit) -> None:
    page = visit(own)
    two_conversations(page)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("#fn-kept :is(button, input, summary, a), "
            + ".fn-judge :is(button, input, summary)")]
            .filter((e) => e.checkVisibility())
            .filter((e) => !(e.innerText || e.ariaLabel || e.labels?.length))
            .map((e) => e.outerHTML)"""
    )
    assert unnamed == []


# --- what can go wrong


def test_damaged_conversations_are_told_and_set_aside_by_a_click(
    serve_scripted: Serve, visit: Visit, watch: Watch, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "conversations.sqlite3").write_bytes(b"spoilt " * 2000)
    with serve_scripted("--data", str(tmp_path / "data")) as server:
        page = visit(server)
        page.wait_for_selector("#fn-kept-list .fn-error[role=alert]:has-text('damaged')")
        assert str(tmp_path) not in page.inner_text("#fn-kept")
        ask(page, CONDITIONS)
        assert finished(page).locator(".fn-statement").count() == 2
        assert page.locator(".fn-judge").count() == 0
        page.click("[data-do=aside]")
        page.wait_for_selector("#fn-kept-told :text('set aside')")
        ask(page, TSUNAMI)
        finished(page, 2)
        listed(page, TSUNAMI)
        leave(page, watch)
    asides = list((tmp_path / "data").glob("conversations-set-aside-*.sqlite3"))
    assert [file.read_bytes() for file in asides] == [b"spoilt " * 2000]


def test_a_conversation_deleted_in_another_window_is_told(
    own: Server, visit: Visit, data: Path
) -> None:
    page = visit(own)
    two_conversations(page)
    with store(data) as kept:
        kept.delete(kept.recent()[-1].id)
    page.click(f".fn-title:has-text('{CONDITIONS}')")
    page.wait_for_selector("#fn-kept-told .fn-error:has-text('no such conversation')")
    listed(page, "what did the clerk note?")
    assert finished(page)
