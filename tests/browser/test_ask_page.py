"""Asking on the page: stages, quotes at a glance, follow-ups, questions to ask next, the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Server, Watch
from tests.browser.scripted import QUAY_QUOTE, STEEL, STEEL_QUOTE
from tests.browser.test_page import CONDITIONS, ENDLESS, PHONE, ask, finished, sideways

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TSUNAMI = "When did the tsunami come?"


def stages(page: Page) -> list[str]:
    """Return the stages as they are shown, without their seconds."""
    shown = page.locator("#fn-live .fn-stages li").all()
    return [f"{each.get_attribute('class')} {each.inner_text().split()[0]}" for each in shown]


def test_the_stages_are_shown_with_their_seconds(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    scripted.steps(1)
    ask(page, CONDITIONS + " step by step")
    page.locator("#fn-live .fn-now:has-text('Reading')").wait_for()
    assert stages(page) == [
        "fn-over Searching", "fn-now Reading", "fn-to-come Writing", "fn-to-come Proving",
    ]  # fmt: skip
    reading = page.locator("#fn-live .fn-now span")
    first = float(reading.inner_text().removesuffix(" s"))
    page.wait_for_timeout(1200)
    assert float(reading.inner_text().removesuffix(" s")) > first, "the seconds go on"
    scripted.steps(3)
    page.locator("#fn-live .fn-now:has-text('Proving')").wait_for()
    assert stages(page)[:3] == ["fn-over Searching", "fn-over Reading", "fn-over Writing"]
    scripted.steps(4)
    settled = page.locator("#fn-live .fn-proven")
    settled.wait_for()
    assert settled.locator(".fn-badge").get_attribute("aria-label") == "proven"
    scripted.steps(99)
    finished(page)


def test_the_quote_is_shown_where_a_number_is_pointed_at(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, CONDITIONS)
    links = finished(page).locator(".fn-statement .fn-cite")
    card = page.locator("#fn-quote")
    links.nth(1).hover()
    assert card.locator("q").inner_text() == QUAY_QUOTE
    assert (
        card.locator("small")
        .inner_text()
        .startswith("Ferries move to the grain quay (Island Radio · 30 June 2021)")
    )
    assert links.nth(1).get_attribute("aria-describedby") == "fn-quote"
    card.hover()
    page.wait_for_timeout(400)
    assert card.is_visible(), "the pointer may go over to it"
    page.mouse.move(5, 300)
    card.wait_for(state="hidden")
    page.focus("#fn-box textarea")
    while page.evaluate("document.activeElement.hash") != "#cite-1-1":
        page.keyboard.press("Shift+Tab")
    assert card.locator("q").inner_text() == STEEL_QUOTE, "by keyboard too"
    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert page.evaluate("document.activeElement.hash") == "#cite-1-1"


def test_the_card_stays_within_the_window(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted, viewport={"width": 390, "height": 844})
    ask(page, CONDITIONS)
    for link in finished(page).locator(".fn-statement .fn-cite").all():
        link.hover()
        box = page.locator("#fn-quote").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] >= 0
    assert sideways(page) <= 0


def test_a_question_is_asked_again_or_changed(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted)
    ask(page, TSUNAMI)
    first = finished(page)
    first.get_by_role("button", name="Edit the question").click()
    box = page.locator("#fn-box textarea")
    assert box.input_value() == TSUNAMI
    assert box.evaluate("e => e === document.activeElement")
    box.fill(CONDITIONS)
    box.press("Enter")
    second = finished(page, 2)
    assert second.locator(".fn-question").inner_text() == CONDITIONS
    second.get_by_role("button", name="Ask again").click()
    third = finished(page, 3)
    assert third.locator(".fn-question").inner_text() == CONDITIONS
    assert third.locator(".fn-statement").all_inner_texts() == (
        second.locator(".fn-statement").all_inner_texts()
    )


def test_a_follow_up_is_shown_as_it_is_understood_and_can_be_corrected(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, CONDITIONS)
    assert finished(page).locator(".fn-meant").count() == 0
    ask(page, "and when was that?")
    turn = finished(page, 2)
    assert turn.locator(".fn-question").inner_text() == "and when was that?"
    meant = "When did the tsunami come, as of the vote?"
    assert turn.locator(".fn-meant span").inner_text() == meant
    assert "earlier: ['what conditions did the council set?']" in scripted.written()
    turn.get_by_role("button", name="Correct").click()
    assert page.locator("#fn-box textarea").input_value() == meant
    ask(page, "was it so?")
    told = finished(page, 3).locator(".fn-meant").inner_text()
    assert (
        told == "Asked as you typed it. If it follows up on something, name that in the question."
    )


def test_questions_to_ask_next_come_after_the_answer(
    scripted: Server, visit: Callable[..., Page]
) -> None:
    page = visit(scripted)
    ask(page, CONDITIONS)
    finished(page)
    offered = page.locator("#fn-suggested .fn-suggestion")
    offered.nth(1).wait_for()
    assert offered.all_inner_texts() == [
        "How many members voted for the closure?", "What did the <b>engineers</b> report?",
    ]  # fmt: skip
    offered.first.click()
    turn = finished(page, 2)
    assert turn.locator(".fn-question").inner_text() == "How many members voted for the closure?"
    ask(page, TSUNAMI)
    finished(page, 3)
    page.wait_for_timeout(800)
    assert offered.count() == 0, "nothing follows on what the documents do not say"


def test_a_reload_in_the_middle_loses_nothing(
    serve_scripted: Callable[..., Any], visit: Callable[..., Page], watch: Watch
) -> None:
    with serve_scripted() as server:
        page = visit(server)
        server.steps(4)
        ask(page, CONDITIONS + " step by step")
        page.locator("#fn-live .fn-proven").wait_for()
        page.reload()
        page.locator("#fn-live .fn-proven").wait_for()
        watch.complaints.clear()  # what was under way when the page was left
        assert page.locator("#fn-live .fn-proven").inner_text().startswith(STEEL)
        assert page.locator("#fn-stop").is_visible()
        server.steps(99)
        turn = finished(page)
        assert turn.locator(".fn-statement").count() == 2
        page.goto("about:blank")  # before the server goes
        watch.complaints.clear()


def test_who_waits_sees_the_place_in_the_line(scripted: Server, visit: Callable[..., Page]) -> None:
    first, second, third = (visit(scripted) for _ in range(3))
    ask(first, ENDLESS)
    first.locator("#fn-live .fn-proven").wait_for()
    ask(second, CONDITIONS)
    second.locator(".fn-status:has-text('one question is answered before yours')").wait_for()
    ask(third, TSUNAMI)
    third.locator(".fn-status:has-text('2 questions are answered before yours')").wait_for()
    second.locator("#fn-stop").click()
    third.locator(".fn-status:has-text('one question is answered before yours')").wait_for()
    first.locator("#fn-stop").click()
    assert finished(third).locator(".fn-none").count() == 1


def test_the_line_is_left_by_who_stops(scripted: Server, visit: Callable[..., Page]) -> None:
    page = visit(scripted, **PHONE)
    ask(page, ENDLESS)
    page.locator("#fn-live .fn-proven").wait_for()
    page.locator("#fn-stop").click()
    turn = finished(page)
    assert "Stopped. Only what was proven" in turn.inner_text()
    assert turn.locator(".fn-sources cite").count() == 1
    assert turn.get_by_role("button", name="Ask again").is_visible()
