"""Settings and Trust in a real browser, over real indexes and a writer that quotes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.axe import faults
from tests.browser.conftest import Server, Watch, free_port, serving

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SETTLED = Path(__file__).with_name("settled.py")
QUESTION = "How long will the harbour bridge close?"

Serve = Callable[..., "AbstractContextManager[Server]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the page keeps, for one test."""
    return tmp_path / "kept"


@pytest.fixture
def serve(tmp_path: Path, folder: Path) -> Serve:
    """Return a function that serves the page over that folder."""

    def serve(*arguments: str) -> AbstractContextManager[Server]:
        port = free_port()
        (tmp_path / "gate").touch()
        command = [sys.executable, str(SETTLED), "--port", str(port), "--folder", str(folder)]
        return serving([*command, "--gate", str(tmp_path / "gate"), *arguments], port, tmp_path)

    return serve


@pytest.fixture
def server(serve: Serve) -> Iterator[Server]:
    """The page, for one test; nothing may have left this machine in the end."""
    with serve() as server:
        yield server
        assert "OUTSIDE" not in server.written()


def to(page: Page, tab: str) -> None:
    """Open a tab."""
    page.get_by_role("tab", name=tab, exact=True).click()


def choose(page: Page, group: str, name: str) -> None:
    """Choose one of a group by its first words."""
    page.get_by_role("radiogroup", name=group).get_by_role("radio", name=name).check()


def kept_is(page: Page, name: str) -> None:
    """Wait until it is said that a choice is kept."""
    page.get_by_text(f"Kept: {name}. It holds from the next question on.").wait_for()


def ask(page: Page, turn: int) -> Locator:
    """Ask, and return the finished turn."""
    page.fill("#fn-box textarea", QUESTION)
    page.press("#fn-box textarea", "Enter")
    found = page.locator(f'#fn-thread .fn-turn[data-turn="{turn}"]')
    found.wait_for()
    return found


def kept(folder: Path) -> Any:
    """Return what is kept on the disk."""
    return json.loads((folder / "data" / "preferences.json").read_text(encoding="utf-8"))


def sideways(page: Page) -> int:
    """Return by how many pixels the page can be scrolled sideways."""
    pixels: int = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return pixels


def test_a_choice_is_kept_and_the_next_question_is_answered_by_it(
    server: Server, visit: Callable[..., Page], watch: Watch, folder: Path
) -> None:
    page = visit(server)
    ask(page, 1)
    to(page, "Settings")
    assert page.get_by_role("radio", name="Balanced").is_checked()
    choose(page, "How sure a statement must be", "Only what is certain")
    kept_is(page, "Only what is certain")
    choose(page, "Length of answers", "Short")
    kept_is(page, "Short")
    assert (kept(folder)["strictness"], kept(folder)["length"]) == ("certain", "short")
    to(page, "Ask")
    ask(page, 2)
    assert "opened papers: short 0.9 qwen2.5-coder-1.5b" in server.written()
    assert page.locator("#fn-thread .fn-turn").count() == 2, "the conversation goes on"
    watch.settle(page)
    page.reload()
    to(page, "Settings")
    page.locator("#fn-strictness input[value=certain]:checked").wait_for()
    page.locator("#fn-length input[value=short]:checked").wait_for()


def test_what_was_chosen_holds_for_another_run(
    serve: Serve, visit: Callable[..., Page], watch: Watch
) -> None:
    with serve() as server:
        page = visit(server)
        to(page, "Settings")
        choose(page, "Length of answers", "Thorough")
        kept_is(page, "Thorough")
        choose(page, "Language", "Français")
        page.get_by_role("tab", name="Réglages").wait_for()
        page.goto("about:blank")
        watch.complaints.clear()  # the page left itself
        watch.open_calls.clear()
    with serve() as server:
        page = visit(server)
        page.get_by_role("tab", name="Réglages").click()
        page.locator("#fn-language input[value=fr]:checked").wait_for()
        page.locator("#fn-length input[value=thorough]:checked").wait_for()
        watch.settle(page)
        page.goto("about:blank")
        assert "opened papers: thorough 0.5" in server.written()


def test_each_choice_says_what_it_does_and_costs(
    server: Server, visit: Callable[..., Page]
) -> None:
    page = visit(server)
    to(page, "Settings")
    groups = {
        "How sure a statement must be": ["certain", "balanced", "likely"],
        "Length of answers": ["short", "normal", "thorough"],
        "Language of this page": ["en", "de", "es", "fr"],
    }
    for name, values in groups.items():
        radios = page.get_by_role("radiogroup", name=name).get_by_role("radio")
        radios.first.wait_for()
        assert [r.get_attribute("value") for r in radios.all()] == values
    words = page.inner_text("#fn-strictness")
    assert "35 of 63 statements, 34 of them right" in words
    assert "63 statements, 61 of them right, in 53 answers, 49 of them right" in words
    assert "12 more on our sample documents, of which only 5 are right" in words


def test_everything_is_reached_and_chosen_by_the_keyboard(
    server: Server, visit: Callable[..., Page], folder: Path
) -> None:
    page = visit(server)
    page.get_by_role("tab", name="Settings").focus()
    page.keyboard.press("Enter")
    page.locator("#fn-get-qwen2-5-coder-0-5b").wait_for()
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const at = document.activeElement;
                    const label = at.closest("label");
                    const outline = getComputedStyle(label || at).outlineStyle;
                    const where = at.closest("[id]").id;
                    return [label ? label.closest("fieldset").id : where, outline];
                }"""
            )
        )
    assert [each[0] for each in reached] == [
        "fn-strictness",
        "fn-length",
        "fn-model",
        "fn-get-qwen2-5-coder-0-5b",
        "fn-get-smollm2-135m",
        "fn-language",
    ]
    assert {outline for _, outline in reached} == {"solid"}, "where one is can be seen"
    page.get_by_role("radio", name="Normal").focus()
    page.keyboard.press("ArrowDown")
    kept_is(page, "Thorough")
    assert kept(folder)["length"] == "thorough"


@pytest.mark.parametrize("phone", [False, True], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_keeps_nobody_out(
    server: Server, visit: Callable[..., Page], phone: bool, scheme: str
) -> None:
    page = visit(server, color_scheme=scheme, **(PHONE if phone else {}))
    for tab, ready in (("Settings", "#fn-model label"), ("Trust", ".fn-worth section")):
        to(page, tab)
        page.locator(ready).first.wait_for()
        assert sideways(page) == 0
        assert faults(page) == [], tab


# --- models -----------------------------------------------------------------------------------


def test_a_model_is_fetched_with_progress_stopped_and_chosen(
    server: Server, visit: Callable[..., Page], folder: Path
) -> None:
    page = visit(server)
    to(page, "Settings")
    offer = page.locator(".fn-offer", has_text="qwen2.5-coder-0.5b")
    offer.get_by_role("button", name="Get 1 MB").click()
    server.steps(2)
    bar = page.get_by_role("progressbar", name="Download of qwen2.5-coder-0.5b")
    bar.wait_for()
    page.wait_for_function("() => document.querySelector('#fn-download progress')?.value >= 600000")
    assert bar.get_attribute("max") == "1200000"
    assert offer.get_by_role("button").is_disabled()
    page.get_by_role("button", name="Stop the download").click()
    page.get_by_text("Stopped. What has arrived of qwen2.5-coder-0.5b is kept.").wait_for()
    offer.get_by_text("the download goes on where it was stopped").wait_for()
    assert not page.get_by_role("button", name="Stop the download").is_visible()
    offer.get_by_role("button", name="Get 1 MB").click()
    server.steps(4)
    page.get_by_text("qwen2.5-coder-0.5b is here, and every byte is the publisher’s.").wait_for()
    offer.wait_for(state="hidden")
    choose(page, "Model", "qwen2.5-coder-0.5b")
    kept_is(page, "qwen2.5-coder-0.5b")
    assert kept(folder)["model"] == "qwen2.5-coder-0.5b"
    assert "opened papers: normal 0.5 qwen2.5-coder-0.5b" in server.written()
    assert "qwen2.5-coder-0.5b was not measured" in page.inner_text("#fn-figures")


def test_a_download_goes_on_while_the_page_is_loaded_anew(
    server: Server, visit: Callable[..., Page], watch: Watch
) -> None:
    page = visit(server)
    to(page, "Settings")
    page.locator("#fn-get-qwen2-5-coder-0-5b").click()
    page.locator("#fn-download progress").wait_for()
    page.reload()
    watch.complaints.clear()  # what was being shown was left
    page.wait_for_selector(".fn-library")
    to(page, "Settings")
    page.locator("#fn-download progress").wait_for()
    server.steps(4)
    page.get_by_text("qwen2.5-coder-0.5b is here").wait_for()
    page.get_by_role("radio", name="qwen2.5-coder-0.5b").wait_for()


def test_what_cannot_be_had_is_told(server: Server, visit: Callable[..., Page]) -> None:
    page = visit(server)
    to(page, "Settings")
    large = page.locator(".fn-offer", has_text="qwen2.5-1.5b")
    large.get_by_text("It needs more memory than this computer has.").wait_for()
    assert not large.get_by_role("button").is_visible()
    page.locator("#fn-get-smollm2-135m").click()
    page.locator("#fn-download [role=alert]").wait_for()
    told = page.inner_text("#fn-download")
    assert "Check the network" in told
    assert page.locator("#fn-get-smollm2-135m").is_enabled(), "it can be tried again"


def test_a_model_that_cannot_be_opened_is_told_without_its_path(
    server: Server, visit: Callable[..., Page], folder: Path
) -> None:
    page = visit(server)
    server.steps(4)
    to(page, "Settings")
    page.locator("#fn-get-qwen2-5-coder-0-5b").click()
    page.get_by_text("qwen2.5-coder-0.5b is here").wait_for()
    (folder / "indexes" / "papers" / "broken").touch()
    choose(page, "Model", "qwen2.5-coder-0.5b")
    alert = page.locator("#fn-taken [role=alert]")
    alert.wait_for()
    assert "x.gguf cannot be used" in alert.inner_text()
    assert str(folder) not in page.content()
    choose(page, "Model", "qwen2.5-coder-1.5b")
    kept_is(page, "qwen2.5-coder-1.5b")
    to(page, "Ask")
    ask(page, 1)


def test_ones_own_file_is_offered_by_its_name_alone(
    serve: Serve, visit: Callable[..., Page], watch: Watch, tmp_path: Path, folder: Path
) -> None:
    own = tmp_path / "some where" / "mine.gguf"
    own.parent.mkdir()
    own.write_bytes(b"GGUF")
    with serve("--model", str(own)) as server:
        page = visit(server)
        to(page, "Settings")
        radio = page.get_by_role("radio", name="mine.gguf")
        radio.wait_for()
        assert radio.is_checked()
        assert str(own.parent) not in page.content()
        assert "some where" not in page.content()
        choose(page, "Model", "qwen2.5-coder-1.5b")
        kept_is(page, "qwen2.5-coder-1.5b")
        choose(page, "Model", "mine.gguf")
        kept_is(page, "mine.gguf")
        watch.settle(page)
        page.goto("about:blank")
    with serve() as server:
        page = visit(server)
        assert f"opened papers: normal 0.5 {own}" in server.written()
        watch.settle(page)
        page.goto("about:blank")


def test_a_damaged_file_is_told_and_left_alone(
    serve: Serve, visit: Callable[..., Page], watch: Watch, folder: Path
) -> None:
    (folder / "data").mkdir(parents=True)
    damaged = folder / "data" / "preferences.json"
    damaged.write_text('{"version": 1, "length": "endless"}', encoding="utf-8")
    with serve() as server:
        page = visit(server)
        to(page, "Settings")
        alert = page.locator("#fn-fault [role=alert]")
        alert.wait_for()
        assert "length is 'endless'; give one of short, normal, thorough" in alert.inner_text()
        assert str(folder) not in page.content()
        choose(page, "Length of answers", "Short")
        page.locator("#fn-taken [role=alert]").wait_for()
        assert "until Footnote is closed" in page.inner_text("#fn-taken")
        to(page, "Ask")
        ask(page, 1)
        assert "opened papers: short 0.5" in server.written()
        watch.settle(page)
        page.goto("about:blank")
    assert damaged.read_text(encoding="utf-8") == '{"version": 1, "length": "endless"}'


# --- languages --------------------------------------------------------------------------------


def test_the_page_speaks_another_language_without_being_started_anew(
    server: Server, visit: Callable[..., Page], watch: Watch, folder: Path
) -> None:
    page = visit(server)
    ask(page, 1)
    to(page, "Settings")
    choose(page, "Language", "Deutsch")
    page.get_by_role("tab", name="Einstellungen").wait_for()
    page.get_by_role("radiogroup", name="Länge der Antworten").wait_for()
    assert page.get_by_role("radio", name="Deutsch").is_checked()
    assert kept(folder)["language"] == "de"
    page.get_by_role("radio", name="Kurz").check()
    page.get_by_text("Gemerkt: Kurz.").wait_for()
    choose(page, "Sprache", "English")
    page.get_by_role("tab", name="Settings").wait_for()
    page.get_by_role("radiogroup", name="Length of answers").wait_for()
    watch.complaints.clear()  # the page left itself twice


def test_a_language_file_that_cannot_be_used_is_told(
    server: Server, visit: Callable[..., Page], folder: Path
) -> None:
    languages = folder / "data" / "languages"
    languages.mkdir(parents=True)
    wrong = {"name": "Wrong", "words": {"Opening {name}": "Ouverture"}}
    (languages / "xx.json").write_text(json.dumps(wrong), encoding="utf-8")
    page = visit(server)
    to(page, "Settings")
    choose(page, "Language", "xx")
    alert = page.locator("#fn-taken [role=alert]")
    alert.wait_for()
    assert "xx.json has other names in braces than “Opening {name}”" in alert.inner_text()
    page.locator("#fn-language input[value=en]:checked").wait_for()


# --- trust ------------------------------------------------------------------------------------


def test_trust_says_what_is_known(server: Server, visit: Callable[..., Page], folder: Path) -> None:
    page = visit(server)
    to(page, "Trust")
    worth = page.locator(".fn-worth")
    worth.wait_for()
    for words in (
        "3 documents answer.",
        "nothing is sent anywhere",
        "published by somebody/toy under the licence MIT",
        "every byte is the publisher’s",
        "were not measured yet",
        "Nothing has been asked yet.",
    ):
        assert words in worth.inner_text(), words
    assert str(folder) not in page.content()
    to(page, "Ask")
    ask(page, 1)
    to(page, "Trust")
    worth.get_by_text("One question was asked.").wait_for()
    assert "Statements shown, each with its source: 1." in worth.inner_text()
    assert "Measuring makes 24 questions of your documents" in page.inner_text("#fn-takes")


def test_measuring_runs_beside_is_stopped_and_found(
    serve: Serve, visit: Callable[..., Page], watch: Watch, folder: Path
) -> None:
    (folder / "data").mkdir(parents=True)
    chosen = {"version": 1, "collection": "seeds"}
    (folder / "data" / "preferences.json").write_text(json.dumps(chosen), encoding="utf-8")
    with serve() as server:
        page = visit(server)
        to(page, "Trust")
        page.get_by_text("Measuring asks 76 questions whose answers are marked").wait_for()
        page.get_by_role("button", name="Measure now").click()
        bar = page.get_by_role("progressbar", name="Asking questions")
        bar.wait_for()
        page.wait_for_function("() => document.querySelector('#fn-measured progress')?.value >= 2")
        assert page.get_by_role("button", name="Measure now").is_disabled()
        page.get_by_role("button", name="Stop measuring").click()
        page.get_by_text("Stopped. What was asked is kept.").wait_for()
        page.get_by_role("button", name="Measure now").click()
        to(page, "Ask")  # it goes on, and so does the page
        page.fill("#fn-box textarea", "What did Amazon and IBM announce?")
        page.press("#fn-box textarea", "Enter")
        page.locator("#fn-thread .fn-turn").wait_for()
        to(page, "Trust")
        page.get_by_text("Measured just now.").wait_for()
        worth = page.locator(".fn-worth")
        worth.get_by_text("with 12 questions").wait_for()
        assert "Of 100 others like them expect" in worth.inner_text()
        assert "not measured yet" not in worth.inner_text()
        watch.settle(page)
        page.goto("about:blank")
        assert "OUTSIDE" not in server.written()
