"""A conversation taken along: every word as it is, every source once, nothing else in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.conversations import Conversation, Export, Feedback, Reason, State, Thumb, Turn
from rag.conversations.exporting import Format, export, file_name
from rag.types import Answer, Conflict, Place, Statement
from tests.fast.kept import BRIDGE, NEAR, REFUSAL, answer, cite, proven, withheld
from tests.fast.test_render import HOSTILE

DAY = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
AT = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def conversation(title: str = "About the bridge") -> Conversation:
    return Conversation("ab" * 16, title, "seeds", DAY, DAY, 1)


def turn(
    number: int,
    question: str = "When?",
    said: Answer | None = None,
    *,
    state: State = State.ANSWERED,
    asked: str = "",
    error: str = "",
    noted: Sequence[Statement] = (),
    feedback: Feedback | None = None,
) -> Turn:
    return Turn(
        f"{number:032x}",
        "ab" * 16,
        number,
        question,
        asked or question,
        DAY + timedelta(minutes=number),
        "tiny-model",
        "seeds",
        state,
        said,
        error,
        tuple(noted),
        feedback,
    )


SECOND = cite(
    1, "Another sentence.", source="mail.eml", title="Mail", url="https://x.example/?a=1&b=2"
)
TURNS = (
    turn(
        1, "When does it close?", answer(proven("It closes.", cite(1), replace(SECOND, number=2)))
    ),
    turn(
        2,
        "and why?",
        answer(
            proven("For repairs.", SECOND),
            proven("In May.", cite(2)),
            out=[withheld(), withheld("Blue.")],
            unanswered=["who pays"],
            conflicts=[Conflict((0, 1), "date", 1)],
        ),
        asked="Why does the bridge close?",
        feedback=Feedback(Thumb.DOWN, Reason.WRONG, "no", AT),
    ),
    turn(3, "Who painted it?", REFUSAL),
    turn(4, "And this?", state=State.FAILED, error="The model is not here; fetch it."),
    turn(5, "And that?", state=State.STOPPED, noted=[proven("Half.", cite(1))]),
    turn(6, "And those?", state=State.INTERRUPTED),
)


def made(form: Format, turns: Sequence[Turn] = TURNS, title: str = "About the bridge") -> Export:
    return export(conversation(title), turns, form, at=AT)


def page(turns: Sequence[Turn] = TURNS, title: str = "About the bridge") -> Any:
    return lxml.html.document_fromstring(made("html", turns, title).text.encode())


def pick(node: Any, path: str) -> list[Any]:
    """Return the elements at a path like "footer p.small"."""
    steps = ""
    for part in path.split():
        tag, _, kind = part.partition(".")
        steps += f"//{tag or '*'}" + (f"[@class='{kind}']" if kind else "")
    return list(node.xpath(f".{steps}"))


def words(node: Any) -> str:
    return str(node.text_content())


class TestHtml:
    def test_sources_are_numbered_through_the_whole_and_once_each(self) -> None:
        tree = page()
        said = {words(p): p for p in pick(tree, "main article p") if pick(p, "sup")}
        assert list(said) == ["It closes.[1][2]", "For repairs.[2]", "In May.[1]", "Half.[1]"]
        notes = pick(tree, "footer li")
        assert [words(pick(n, "blockquote")[0]) for n in notes] == [BRIDGE, SECOND.quote]
        assert [n.get("value") for n in notes] == ["1", "2"]

    def test_a_footnote_names_title_publisher_date_place_and_file(self) -> None:
        first, second = pick(page(), "footer li")
        assert words(pick(first, "cite")[0]) == "Harbour bridge closes"
        assert words(pick(first, "p")[0]) == (
            "Coast Courier · 5 March 2024 · page 3 · news/harbour.md"
        )
        assert "mail.eml › attached.pdf · original page" in words(pick(second, "p")[0])
        assert pick(second, "p a")[0].get("href") == "https://x.example/?a=1&b=2"

    def test_anchors_lead_both_ways(self) -> None:
        tree = page()
        anchors = {node.get("id") for node in tree.xpath("//*[@id]")}
        links = [a.get("href") for a in pick(tree, "a") if a.get("href").startswith("#")]
        assert len(anchors) == 2 + 5
        assert set(links) == {f"#{anchor}" for anchor in anchors}
        for note in pick(tree, "footer li"):
            for back in pick(note, "a.back"):
                (sup,) = tree.xpath(f"//sup[@id='{back.get('href')[1:]}']")
                assert pick(sup, "a")[0].get("href") == f"#{note.get('id')}"

    def test_what_is_not_said_withheld_or_not_done_is_told(self) -> None:
        articles = [words(a) for a in pick(page(), "article")]
        assert "Asked as: “Why does the bridge close?”" in articles[1]
        assert "2 sentences were withheld" in articles[1]
        assert "Blue." not in articles[1]
        assert "Your documents do not say: “who pays”" in articles[1]
        assert "Your documents differ in a date" in articles[1]
        assert "Your documents do not say." in articles[2]
        assert "They are not an answer." in articles[2]
        assert NEAR.passage.text in articles[2]
        assert "The model is not here; fetch it." in articles[3]
        assert "Stopped. Only what was proven by then is shown." in articles[4]
        assert "Interrupted: the program ended" in articles[5]

    def test_it_needs_nothing_else_and_runs_nothing(self) -> None:
        text = made("html").text
        tree = page()
        assert not tree.xpath("//script|//link|//img|//iframe|//object|//form|//@onclick|//@src")
        assert "default-src 'none'" in text
        assert not re.search(r"url\(|@import", text)
        assert "@media print" in text
        assert "/secret/folder" not in text

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_text_is_shown_as_it_is_and_nothing_arises(self, text: str) -> None:
        plain = shape(page(hostile("plain"), "plain"))
        tree = page(hostile(text), text)
        assert shape(tree) == plain
        assert words(pick(tree, "h1")[0]) == text
        (first, refused, failed) = pick(tree, "article")
        assert words(pick(first, "h2")[0]) == text
        assert words(pick(first, ".said")[0]) == text
        assert words(pick(tree, "blockquote")[0]) == text
        assert words(pick(tree, "cite")[0]) == text
        assert text in words(pick(tree, "footer .small")[0])
        assert " ".join(text.split()) in " ".join(words(pick(refused, "li")[0]).split())
        assert text in words(failed)


def hostile(text: str) -> tuple[Turn, ...]:
    """Return turns with one text everywhere a stranger's can be."""
    source = replace(
        cite(1, text, source=f"{text}.md", title=text, places=[Place("heading", text)]),
        metadata={"title": text, "publisher": text, "date": text, "url": f"javascript:{text}"},
        also=(text,),
    )
    near = replace(NEAR, document=replace(NEAR.document, title=text))
    refused = replace(REFUSAL, text=text, closest=(near,), asked=text)
    return (
        turn(
            1,
            text,
            answer(proven(text, source), unanswered=[text], conflicts=[Conflict((0,), "x")]),
            asked=f"{text}?",
        ),
        turn(2, text, refused),
        turn(3, text, state=State.FAILED, error=text),
    )


def shape(tree: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return the elements of a page with the names of their attributes, in order."""
    return [(str(node.tag), tuple(sorted(node.attrib))) for node in tree.iter()]


def blocks(written: str) -> Iterator[tuple[str, str]]:
    """Yield each block of Markdown, as most readers read it, with the words in it.

    Raises:
        AssertionError: anything but words, emphasis and breaks stands in a line.
    """
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    kind = ""
    for token in reader.parse(written):
        if token.type == "inline":
            children = token.children or []
            assert {c.type for c in children} <= {"text", "text_special", "em_open", "em_close"}
            yield kind, "".join(c.content for c in children)
        elif token.type.endswith("_open") or token.type == "hr":
            kind = token.tag


class TestMarkdown:
    def test_the_whole(self) -> None:
        written = made("markdown").text
        assert written.startswith("# About the bridge\n\n6 questions · asked of “seeds” · 4 March")
        assert "## When does it close?\n\n*4 March 2026, " in written
        assert "\n\nIt closes.[^1][^2]\n\n" in written
        assert "\n\nFor repairs.[^2]\n\nIn May.[^1]\n\n" in written
        assert "\n\nHalf.[^1]\n\n*Stopped. Only what was proven by then is shown.*\n\n" in written
        assert written.count("\n[^1]: ") == written.count("\n[^2]: ") == 1
        assert (
            "\n[^1]: Harbour bridge closes (Coast Courier · 5 March 2024), page 3, "
            "news/harbour.md, also, word for word, in copy.md: "
            f"“{BRIDGE}”\n"
        ) in written
        assert "*2 sentences were withheld: your documents do not prove them.*" in written
        assert "/secret/folder" not in written

    @pytest.mark.parametrize(
        "text", [*HOSTILE, "1. a", "- a", "# a", "=== a", "> a", "a\n\n- b\n\n    c"]
    )
    def test_hostile_text_is_shown_as_it_is_and_nothing_arises(self, text: str) -> None:
        flat = " ".join(text.split())
        plain = list(blocks(made("markdown", hostile("plain"), "plain").text))
        found = list(blocks(made("markdown", hostile(text), text).text))
        assert [kind for kind, _ in found] == [kind for kind, _ in plain]
        assert found[0] == ("h1", flat)
        assert [w for kind, w in found if kind == "h2"] == [flat] * 3
        assert found[-1][1].endswith(f": “{flat}”")
        assert any(w == f"{flat}[^1]" for _, w in found)

    @settings(max_examples=150, deadline=None)
    @given(st.text("ab1.)-+*_`~<>&[](){}!#|\\\"'=:/@$^ \n\té", min_size=1).filter(str.split))
    def test_any_text_is_shown_as_it_is(self, text: str) -> None:
        flat = " ".join(text.split())
        said = answer(proven(text, cite(1, text)))
        found = [w for _, w in blocks(made("markdown", [turn(1, text, said)], text).text)]
        assert found[0] == found[3] == flat
        assert f"{flat}[^1]" in found
        assert found[-1].endswith(f"“{flat}”")

    def test_what_looks_like_an_address_becomes_no_link(self) -> None:
        reader = MarkdownIt("commonmark", {"html": False})
        text = "see https://evil.example/?q=1 and www.evil.example or me@evil.example"
        written = made("markdown", [turn(1, text)]).text
        assert "https://" not in written
        assert "www.evil" not in written
        assert "me@" not in written
        assert text in words(lxml.html.fromstring(f"<div>{reader.render(written)}</div>"))


def test_json_holds_everything_and_reads_back() -> None:
    value = json.loads(made("json").text)
    assert (value["version"], value["title"]) == (1, "About the bridge")
    assert [t["state"] for t in value["turns"]] == [
        "answered", "answered", "answered", "failed", "stopped", "interrupted",
    ]  # fmt: skip
    back = [Answer.from_json(t["answer"]) for t in value["turns"][:3]]
    assert back[0].citations[1].number == 2
    assert back[1].statements[0].citations[0].number == 2
    assert [s["quote"] for s in value["sources"]] == [BRIDGE, SECOND.quote]
    assert value["turns"][1]["asked"] == "Why does the bridge close?"
    assert value["turns"][1]["feedback"]["reason"] == "wrong"
    assert value["turns"][4]["proven"][0]["text"] == "Half."
    assert datetime.fromisoformat(value["exported"]) == AT
    assert "root" not in made("json").text


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("When does it close?", "footnote-2026-03-04-When-does-it-close.md"),
        ("../../etc/passwd", "footnote-2026-03-04-etc-passwd.md"),
        ('a"b\r\nc: d; e\\f%00', "footnote-2026-03-04-a-b-c-d-e-f-00.md"),
        ("\u202egnp.exe", "footnote-2026-03-04-gnp-exe.md"),
        ("東京 の 人口", "footnote-2026-03-04-東京-の-人口.md"),
        ("???", "footnote-2026-03-04.md"),
        ("CON", "footnote-2026-03-04-CON.md"),
        ("x" * 300, f"footnote-2026-03-04-{'x' * 60}.md"),
    ],
)
def test_the_name_of_the_file_is_safe_anywhere(title: str, name: str) -> None:
    assert file_name(conversation(title), "md") == name
    assert len(name.encode()) < 255


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_every_format_is_written_where_nothing_was_cited(form: Format, tmp_path: Path) -> None:
    export_ = made(form, [turn(1, "And?", state=State.ASKING)])
    (tmp_path / export_.name).write_text(export_.text, encoding="utf-8")
    assert "And?" in export_.text
    if form != "json":
        assert "Still being answered" in export_.text
        assert "Sources" not in export_.text
