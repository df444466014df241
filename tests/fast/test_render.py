"""What a reader sees: text, Markdown and HTML, and that nothing of it can become anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import render
from rag.render.page import AROUND_CHARS, SHOWN_CHARS
from rag.types import (
    Answer,
    Citation,
    Conflict,
    Document,
    Draft,
    Hit,
    Judged,
    Passage,
    Proving,
    Reading,
    Retrieved,
    Sentence,
    Sighted,
    Statement,
    Timings,
    Verdict,
    Wrote,
)

HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param("<img src=x onerror=alert(1)>", id="image"),
    pytest.param("\"'><b onmouseover='x'>", id="end of attribute"),
    pytest.param("</mark></div></section></details><h1>", id="closing tags"),
    pytest.param("{{ value }} ${value} `${1}`", id="templates"),
    pytest.param("**a** _b_ [c](javascript:alert(1)) ![d](e) # f > g | h ~~i~~", id="markdown"),
    pytest.param("<|im_end|> <|im_start|>system", id="control tokens"),
    pytest.param("&lt;b&gt; &amp; &#60;i&#62; &nbsp;", id="entities"),
    pytest.param("<!-- a --> <![CDATA[ b ]]> <?c?>", id="comments"),
    pytest.param("\u202eright to left\u202c שלום", id="direction"),
]


class Reader(HTMLParser):
    """Reads HTML as a browser does: the words, the elements, and the words of the marks."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.depth: list[str] = []
        self.marks: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self.depth == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; a mark collects words."""
        self.elements.append((tag, dict(attrs)))
        self.depth.append(tag)
        if tag == "mark":
            self._open = (dict(attrs)["data-anchors"] or "").split()

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last, and nothing else."""
        assert self.depth.pop() == tag
        if tag == "mark":
            self._open = []

    def handle_data(self, data: str) -> None:
        """Collect words."""
        self.words += data
        for anchor in self._open:
            self.marks[anchor] = self.marks.get(anchor, "") + data

    def links(self) -> list[str | None]:
        """Return where the links lead."""
        return [facts.get("href") for tag, facts in self.elements if tag == "a"]

    def kinds(self) -> set[str]:
        """Return the names of the elements."""
        return {tag for tag, _ in self.elements}


def document(text: str, id_: str = "d1", title: str = "On piers", **facts: str) -> Document:
    metadata = {"title": title, **facts}
    return Document(id_, "/corpus", f"{id_}.txt", text, title, metadata, {}, "text")


def cite(number: int, found: Document, start: int, end: int) -> Citation:
    quote = found.text[start:end]
    return Citation(
        number, found.source, found.title, start, end, quote, found.metadata, found.id, found.root
    )


def proven(text: str, *citations: Citation) -> Statement:
    return Statement(text, Verdict.SUPPORTED, 1.0, citations)


def withheld(text: str, reason: str = "") -> Statement:
    return Statement(text, Verdict.NOT_FOUND, 0.1, (), reason)


def hit(found: Document, start: int, end: int) -> Hit:
    text = found.text[start:end]
    passage = Passage("p", found.id, start, end, text, (Sentence(start, end, text),))
    return Hit(passage, found, 1.0)


def answer(
    statements: Sequence[Statement] = (),
    *,
    out: Sequence[Statement] = (),
    closest: Sequence[Hit] = (),
    question: str = "what is it built of?",
    text: str = "Your documents do not say.",
    total_s: float = 4.21,
) -> Answer:
    return Answer(
        question=question,
        text=text,
        statements=tuple(statements),
        withheld=tuple(out),
        abstained=not statements,
        closest=tuple(closest),
        drafts=(Draft("x", False, -0.1, ("p",), "d1.txt"),),
        model="tiny-model",
        timings=Timings(total_s=total_s),
    )


PIER = document(
    "The pier is new. It is built of steel. It opened in May.",
    publisher="Harbour Gazette",
    date="2021-05-04T09:00:00Z",
    author="Mira Solberg",
    url="https://gazette.example/pier",
)
QUAY = document("Steel carries the pier.", "d2", "On quays", publisher="Island Radio")
STEEL = cite(1, PIER, 17, 38)
RADIO = cite(2, QUAY, 0, 23)
FULL = answer(
    [proven("The pier is built of steel.", STEEL, RADIO), proven("It is of steel.", STEEL)],
    out=[withheld("It cost 12 crowns.", "12 stands nowhere in the documents")],
)
KNOWN = {d.id: d for d in (PIER, QUAY)}


class TestDates:
    @pytest.mark.parametrize(
        ("value", "written"),
        [
            pytest.param("2020-06-12T14:54:00Z", "12 June 2020", id="moment"),
            pytest.param("2020-06-02", "2 June 2020", id="day"),
            pytest.param("2020-06", "June 2020", id="month only"),
            pytest.param("June 11", "June 11", id="words"),
            pytest.param("2020-13-40", "2020-13-40", id="no such day"),
            pytest.param("", "", id="none"),
        ],
    )
    def test_written_as_people_do(self, value: str, written: str) -> None:
        assert render.written_date(value) == written

    def test_byline_leaves_out_what_is_unknown(self) -> None:
        assert render.byline(PIER) == "Harbour Gazette · 4 May 2021"
        assert render.byline(QUAY) == "Island Radio"
        assert render.byline(replace(PIER, metadata={"date": "2021-05-04"})) == "4 May 2021"
        assert render.byline(replace(PIER, metadata={})) == ""

    @pytest.mark.parametrize(
        ("metadata", "origins", "told"),
        [
            ({"date": "2021-05-04"}, {"date": "text"}, "4 May 2021"),
            ({"date": "2021-05-04"}, {"date": "file name"}, "4 May 2021 by its file name"),
            ({"updated": "2021-05", "saved": "2024-01-01"}, {}, "updated May 2021"),
            ({"created": "2021-05-04", "saved": "2024-01-01"}, {}, "created 4 May 2021"),
            ({"saved": "2024-01-01"}, {"saved": "file time"}, "file of 1 January 2024"),
        ],
    )
    def test_what_the_document_does_not_state_itself_says_so(
        self, metadata: dict[str, str], origins: dict[str, str], told: str
    ) -> None:
        document = replace(PIER, metadata=metadata, origins=origins)
        assert render.byline(document) == told
        cited = Citation(1, "a.txt", "A", 0, 8, "The pier", metadata, "a", origins=origins)
        answer = Answer(
            "What?",
            "Text. [1]",
            (Statement("Text.", Verdict.SUPPORTED, 1.0, (cited,)),),
            (),
            False,
            (),
            (),
            "fake",
            Timings(),
        )
        assert f"A ({told})" in render.to_text(answer)
        assert f"A ({told})" in render.to_markdown(answer).replace("\\", "")
        assert told in render.to_html(answer, {"a": replace(document, id="a")}, 1)
        said = answer.to_json()["statements"][0]["citations"][0]
        assert (said["metadata"], said["origins"]) == (metadata, origins)


class TestText:
    def test_an_answer(self) -> None:
        assert render.to_text(FULL) == (
            "The pier is built of steel. [1][2]\n\n"
            "It is of steel. [1]\n\n"
            "Sources\n\n"
            "[1] On piers (Harbour Gazette · 4 May 2021)\n"
            "    d1.txt\n"
            "    “It is built of steel.”\n\n"
            "[2] On quays (Island Radio)\n"
            "    d2.txt\n"
            "    “Steel carries the pier.”\n\n"
            "Withheld\n\n"
            "- It cost 12 crowns. (12 stands nowhere in the documents)\n"
        )

    def test_an_abstention(self) -> None:
        text = render.to_text(answer(closest=[hit(PIER, 39, 56)], out=[withheld("No.")]))
        assert text == (
            "Your documents do not say.\n\n"
            "The closest passages, which are not an answer:\n\n"
            "- On piers (Harbour Gazette · 4 May 2021)\n"
            "  d1.txt\n"
            "  “It opened in May.”\n\n"
            "Withheld\n\n"
            "- No. (not found)\n"
        )

    def test_lines_keep_the_width(self) -> None:
        long = " ".join(["steel"] * 60)
        found = document(long)
        text = render.to_text(answer([proven(long, cite(1, found, 0, len(long)))]), width=40)
        assert max(len(line) for line in text.splitlines()) <= 40

    def test_nothing_steers_the_terminal(self) -> None:
        found = document("a\x1b[2Jb\x9b31mc\x07 d\r\ne")
        text = render.to_text(answer([proven("x\x1b]0;y\x07", cite(1, found, 0, len(found.text)))]))
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
        assert "a\ufffd[2Jb" in text


class TestMarkdown:
    def test_an_answer(self) -> None:
        assert render.to_markdown(FULL) == (
            "The pier is built of steel.[^1][^2]\n\n"
            "It is of steel.[^1]\n\n"
            "[^1]: On piers (Harbour Gazette · 4 May 2021), d1.txt: “It is built of steel.”\n\n"
            "[^2]: On quays (Island Radio), d2.txt: “Steel carries the pier.”\n\n"
            "Withheld:\n\n"
            "- ~~It cost 12 crowns.~~ 12 stands nowhere in the documents\n"
        )

    @pytest.mark.parametrize(
        "text", [*HOSTILE, "1. a", "- a", "+ a", "# a", "=== a", ": a", "12) a", "a\n\n- b"]
    )
    def test_text_stays_text(self, text: str) -> None:
        from markdown_it import MarkdownIt

        written = render.to_markdown(answer([proven(text)]))
        tokens = MarkdownIt("commonmark").parse(written)
        assert [t.type for t in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        children = tokens[1].children or []
        assert {t.type for t in children} <= {"text", "text_special"}
        assert "".join(t.content for t in children) == " ".join(text.split())


DIFFERENT = replace(
    answer(
        [proven("It has 5 arches.", STEEL), proven("It is old."), proven("It has 6 arches.", RADIO)]
    ),
    conflicts=(Conflict((0, 2), "number", newest=0),),
    unanswered=("Who built <it>?",),
)


def test_conflicts_and_gaps_in_plain_text() -> None:
    told = render.to_text(DIFFERENT)
    assert "Your documents differ in a number:" in told
    assert "- Harbour Gazette · 4 May 2021, newest: It has 5 arches." in told
    assert "Your documents do not say: “Who built <it>?”" in told


def test_conflicts_and_gaps_in_markdown() -> None:
    told = render.to_markdown(DIFFERENT)
    assert "Your documents differ in a number:\n\n- Harbour Gazette" in told
    assert "Your documents do not say: “Who built \\<it\\>?”" in told


class TestHtml:
    def test_an_answer(self) -> None:
        page = Reader(render.to_html(FULL, KNOWN, 3))
        assert page.words.startswith(
            "what is it built of?The pier is built of steel.\u202f[1][2] ✓"
        )
        assert "It is of steel.\u202f[1] ✓" in page.words
        assert "4.2 seconds · tiny-model" in page.words
        assert "1 sentence withheld" in page.words
        assert "12 stands nowhere in the documents" in page.words
        assert "On piersHarbour Gazette · 4 May 2021" in page.words
        assert "[1] 2 statements rest on it" in page.words
        assert page.marks == {"cite-3-1": STEEL.quote, "cite-3-2": RADIO.quote}

    def test_each_sentence_has_a_badge_that_tells_why(self) -> None:
        page = Reader(render.to_html(FULL, KNOWN, 3))
        badges = [facts for tag, facts in page.elements if "fn-badge" in (facts.get("class") or "")]
        titles = [facts["title"] or "" for facts in badges]
        assert len(titles) == len(FULL.statements) + len(FULL.withheld)
        assert all(title.startswith("Proven: ") for title in titles[: len(FULL.statements)])
        assert titles[-1] == FULL.withheld[-1].reason

    def test_a_badge_tells_what_was_cut(self) -> None:
        cut = replace(FULL.statements[0], written='It is of steel, which "rusts".')
        page = Reader(render.to_html(replace(FULL, statements=(cut,)), KNOWN, 3))
        titles = [f["title"] or "" for _, f in page.elements if f.get("class") == "fn-badge"]
        assert titles[0].endswith('first written: “It is of steel, which "rusts".”')

    def test_other_answers_are_a_conflict(self) -> None:
        conflict = replace(DIFFERENT.conflicts[0], kind="answer")
        page = Reader(render.to_html(replace(DIFFERENT, conflicts=(conflict,)), KNOWN, 1))
        assert "Your documents differ in what they answer" in page.words

    def test_sides_of_a_conflict_stand_together(self) -> None:
        page = Reader(render.to_html(DIFFERENT, KNOWN, 1))
        assert "Your documents differ in a number" in page.words
        first, last = page.words.index("It has 5 arches."), page.words.index("It has 6 arches.")
        assert first < last < page.words.index("It is old.")
        assert "Harbour Gazette · 4 May 2021, newest" in page.words
        marked = [facts for tag, facts in page.elements if facts.get("class") == "fn-conflict"]
        assert marked[0]["aria-label"] == "Your documents differ in a number"

    def test_what_is_not_covered_is_said(self) -> None:
        page = Reader(render.to_html(DIFFERENT, KNOWN, 1))
        assert "Your documents do not say: “Who built <it>?”" in page.words

    def test_every_link_leads_to_a_mark(self) -> None:
        page = Reader(render.to_html(FULL, KNOWN, 3))
        links = {href for href in page.links() if href and href.startswith("#")}
        assert {href.removeprefix("#") for href in links} == set(page.marks)

    def test_links_say_where_they_lead(self) -> None:
        page = Reader(render.to_html(FULL, KNOWN, 1))
        first = next(facts for tag, facts in page.elements if facts.get("href") == "#cite-1-1")
        assert first["aria-label"] == "Source 1: On piers (Harbour Gazette · 4 May 2021)"
        assert first["data-quote"] == "It is built of steel."
        assert first["data-from"] == "On piers (Harbour Gazette · 4 May 2021)"

    def test_each_document_says_how_many_statements_rest_on_it(self) -> None:
        two = [document("x", f"d{n}", f"Document {n}") for n in range(2)]
        first, second = (cite(n, d, 0, 1) for n, d in enumerate(two, 1))
        other = replace(first, number=3, start=0, end=1)
        said = [proven("x", first, other), proven("y", first), proven("z", second)]
        html = render.to_html(answer(said), {d.id: d for d in two}, 1)
        told = Reader(html).words
        assert "[1][3] 2 statements rest on it" in told
        assert "[2] 1 statement" in told
        assert html.count("<cite") == 2

    def test_turns_have_their_own_anchors(self) -> None:
        one, two = (set(Reader(render.to_html(FULL, KNOWN, n)).marks) for n in (1, 2))
        assert not one & two

    def test_an_abstention(self) -> None:
        page = Reader(render.to_html(answer(closest=[hit(PIER, 17, 38)]), KNOWN, 2))
        assert "Your documents do not say." in page.words
        assert "They are not an answer." in page.words
        assert page.marks == {"near-2-1": "It is built of steel."}
        assert "#near-2-1" in page.links()
        assert "Copy with sources" not in page.words

    def test_long_waits_are_told_in_whole_seconds(self) -> None:
        assert "99.9 seconds" in render.to_html(answer([proven("x")], total_s=99.94), {}, 1)
        assert "100 seconds" in render.to_html(answer([proven("x")], total_s=99.96), {}, 1)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_whatever_is_said_stays_text(self, text: str) -> None:
        plain, page = (Reader(self._page(words)) for words in ("x", text))
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
        assert page.marks == {"cite-1-1": text}
        assert page.words.count(text) >= 6

    def _page(self, text: str) -> str:
        found = document(text, "x", title=text, publisher=text, date=text, author=text)
        statement = proven(text, cite(1, found, 0, len(text)))
        whole = answer([statement], out=[withheld(text, text)], question=text)
        return render.to_html(whole, {"x": found}, 1)

    def test_an_error(self) -> None:
        page = Reader(render.error_html("q" * 5000, "no <b>model</b>; fetch one.", 4))
        assert "no <b>model</b>; fetch one." in page.words
        assert page.kinds() == {"article", "h2", "p", "button"}
        assert len(page.words) < 2100

    def test_a_conversation_is_a_log(self) -> None:
        assert render.thread_html([]) == ""
        page = Reader(render.thread_html([render.error_html("q", "no", n) for n in (1, 2)]))
        assert page.elements[0] == ("div", {"role": "log", "aria-label": "Answers"})
        assert [facts["data-turn"] for tag, facts in page.elements if tag == "article"] == [
            "1",
            "2",
        ]


class TestSource:
    def test_head(self) -> None:
        page = Reader(render.source_html(PIER, [STEEL], 1))
        for part in ("On piers", "Harbour Gazette · 4 May 2021", "Mira Solberg", "d1.txt"):
            assert part in page.words
        assert page.links() == ["https://gazette.example/pier"]

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x.example", ""]
    )
    def test_only_web_addresses_become_links(self, url: str) -> None:
        assert Reader(render.source_html(document("x", url=url), [], 1)).links() == []

    def test_wrong_offsets_are_never_shown(self) -> None:
        from dataclasses import replace

        with pytest.raises(ValueError, match="citation 1 does not stand at 18-39"):
            render.source_html(PIER, [replace(STEEL, start=18, end=39)], 1)

    @settings(deadline=None)
    @given(st.text(max_size=60), st.data())
    def test_marks_hold_exactly_their_words(self, text: str, data: st.DataObject) -> None:
        text = text.replace("\0", "")
        found = document(text)
        places = st.integers(0, len(text))
        spans = data.draw(st.lists(st.tuples(places, places).map(sorted), max_size=4))
        citations = [cite(n, found, *span) for n, span in enumerate(spans, 1)]
        page = Reader(render.source_html(found, citations, 7))
        assert page.words.endswith(text)
        expected = {f"cite-7-{c.number}": c.quote for c in citations if c.quote}
        assert page.marks == expected

    def test_a_nul_is_shown_as_something_one_character_long(self) -> None:
        found = document("a\0b")
        assert Reader(render.source_html(found, [cite(1, found, 1, 3)], 1)).marks == {
            "cite-1-1": "\ufffdb"
        }

    def test_of_a_long_document_what_stands_around_the_quotes(self) -> None:
        text = "pier quay " * 32_000
        found = document(text)
        spans = [(100_000, 100_050), (101_000, 101_010), (250_000, 250_100)]
        page = Reader(
            render.source_html(found, [cite(n, found, *s) for n, s in enumerate(spans)], 1)
        )
        assert [page.marks[f"cite-1-{n}"] for n in range(3)] == [text[a:b] for a, b in spans]
        gaps = [int(g.replace(",", "")) for g in re.findall(r"([\d,]+) characters not", page.words)]
        assert gaps == [
            100_000 - AROUND_CHARS,
            250_000 - AROUND_CHARS - 101_010 - AROUND_CHARS,
            len(text) - 250_100 - AROUND_CHARS,
        ]
        assert len(page.words) < 4 * AROUND_CHARS + 2000

    def test_a_long_document_without_quotes_is_cut(self) -> None:
        html = render.library_html([document("x" * (SHOWN_CHARS + 1234))])
        assert "1,234 characters not shown" in html

    def test_each_document_comes_once(self) -> None:
        other = cite(3, PIER, 0, 16)
        html = render.sources_html([STEEL, RADIO, other], KNOWN, 1)
        assert html.count("<section") == 2
        assert 'data-anchors="cite-1-1 cite-1-3"' in html


class TestLibrary:
    def test_documents_are_listed_and_can_be_opened(self) -> None:
        page = Reader(render.library_html([PIER, QUAY]))
        assert "Answers come only from these 2 documents" in page.words
        assert page.links()[:2] == ["#doc-1", "#doc-2"]
        anchors = [facts.get("data-anchors") for tag, facts in page.elements if tag == "section"]
        assert anchors == [None, "doc-1", "doc-2"]

    def test_many_are_counted(self) -> None:
        html = render.library_html([document("x", f"d{n}") for n in range(1500)], shown=3)
        assert html.count("<li>") == 3
        assert "and 1,497 more" in html
        assert "these 1,500 documents" in html
        assert "this one document" in render.library_html([PIER])


def live(*events: Retrieved | Sighted | Reading | Wrote | Judged) -> render.Live:
    state = render.Live("what?", 5, note="Waiting")
    for event in events:
        state = state.after(event)
    return state


def words(state: render.Live) -> str:
    told = Reader(render.live_html(state)).words
    return told.replace("SearchingReadingWritingProving", "")


READING = (Retrieved((hit(PIER, 0, 56), hit(QUAY, 0, 23))), Reading(0, 2, hit(PIER, 0, 56)))
GOOD = Judged(0, "It is of steel.", proven("It is of steel.", STEEL))
BAD = Judged(0, "It cost 12.", withheld("It cost 12.", "12 stands nowhere"))


class TestLive:
    def test_what_is_being_done(self) -> None:
        assert words(live()) == "what?Waiting"
        assert words(replace(live(), before=0)) == "what?Next in line"
        assert "one question is answered before yours" in words(replace(live(), before=1))
        assert "2 questions are answered before yours" in words(replace(live(), before=2))
        assert words(live(READING[0])) == "what?Found passages in 2 documents"
        assert words(live(*READING)) == "what?Reading 1 of 2: On piers · Harbour Gazette"
        assert "Reading 6 of 6: the passages together" in words(
            live(READING[0], Reading(5, 6, None))
        )

    def test_stages_with_their_seconds(self) -> None:
        writing = live(*READING, Wrote(0, "It is"))
        told = Reader(render.live_html(writing, {"searching": 0.04, "reading": 1.25})).words
        assert "Searching 0.0 sReading 1.2 sWritingProving" in told
        for state, stage in (
            (live(READING[0]), "reading"),
            (writing, "writing"),
            (writing.after(Proving(0)), "proving"),
            (writing.after(GOOD), "proving"),
            (writing.after(READING[1]), "reading"),
        ):
            now = next(
                f for _, f in Reader(render.live_html(state)).elements if "aria-current" in f
            )
            assert state.stage == stage
            assert now["class"] == "fn-now"

    def test_words_are_unproven_until_judged(self) -> None:
        state = live(*READING, Wrote(0, "It is of steel."), Wrote(0, " It cost 12."))
        html = render.live_html(state)
        assert '<span class="fn-unproven">It is of steel. It cost 12.</span>' in html
        assert "writing · not proven yet" in html
        html = render.live_html(state.after(GOOD))
        assert '<span class="fn-proven">It is of steel.' in html
        assert 'href="#cite-5-1"' in html
        assert '<span class="fn-unproven"> It cost 12.</span>' in html
        html = render.live_html(state.after(GOOD).after(BAD))
        assert '<s class="fn-struck" title="Withheld: 12 stands nowhere">It cost 12.</s>' in html
        assert "fn-unproven" not in html
        assert "not proven yet" not in html

    def test_drafts_written_at_once_stand_under_their_own_documents(self) -> None:
        pier, quay = hit(PIER, 0, 56), hit(QUAY, 0, 23)
        state = live(
            *READING, Wrote(0, "It is", quay), Wrote(1, "Long", pier), Wrote(0, " low.", quay)
        )
        assert state.drafts[0].hit == quay, "not the one that was read first"
        assert (state.drafts[0].text, state.drafts[1].text) == ("It is low.", "Long")
        html = render.live_html(state)
        assert html.count("writing · not proven yet") == 2
        assert html.index("Long") > html.index("On piers") > html.index("It is low.")

    def test_the_nearest_sentences_are_shown_until_something_is_proven(self) -> None:
        state = live(READING[0], Sighted((STEEL, RADIO)))
        assert "Closest in your documents" in words(state)
        assert "not an answer yet" in words(state)
        assert STEEL.quote in words(state)
        assert RADIO.title in words(state)
        assert "fn-cite" not in render.live_html(state), "nothing is cited yet"
        written = live(*READING, Sighted((STEEL,)), Wrote(0, "It is of steel."))
        assert "Closest" in words(written)
        assert "Closest" not in words(written.after(GOOD))
        assert "Closest" not in Reader(render.stopped_html(state, KNOWN)).words

    def test_no_citation_before_the_proof(self) -> None:
        assert "fn-cite" not in render.live_html(live(*READING, Wrote(0, "It is of steel. [1]")))

    def test_a_refusal_never_flashes_up(self) -> None:
        state = live(*READING)
        for piece in ("NO", "T STA", "TED"):
            assert "NO" not in words(state := state.after(Wrote(0, piece)))
        assert "does not say" in words(state)
        assert "NOT" not in words(state.after(Wrote(0, ".")))

    def test_an_answer_that_begins_like_a_refusal_is_shown(self) -> None:
        assert "Notably all" in words(live(*READING, Wrote(0, "Notably all")))

    def test_a_sentence_of_no_draft_stands_by_itself(self) -> None:
        composed = Judged(0, "Both are of steel.", proven("Both are of steel.", STEEL, RADIO))
        assert "Both are of steel.\u202f[1][2]" in words(
            live(*READING, Wrote(0, "Of st"), composed)
        )

    def test_a_draft_nobody_announced_is_shown(self) -> None:
        assert "Both are." in words(live(READING[0], Wrote(7, "Both are.")))

    def test_citations_so_far(self) -> None:
        again = Judged(1, "It is of steel.", proven("It is of steel.", STEEL, RADIO))
        state = live(*READING, GOOD, BAD, Reading(1, 2, hit(QUAY, 0, 23)), again)
        assert state.citations == (STEEL, RADIO)
        assert [s.text for s in state.proven] == ["It is of steel."]

    def test_stopped(self) -> None:
        state = live(*READING, Wrote(0, "It is of steel. It cost 12. And"), GOOD, BAD)
        page = Reader(render.stopped_html(state, KNOWN))
        assert page.words.startswith("what?It is of steel.\u202f[1] ✓Stopped. Only what was proven")
        assert "12" not in page.words.split("Stopped")[1].split("Sources")[0]
        assert "And" not in page.words
        assert page.marks == {"cite-5-1": STEEL.quote}

    def test_stopped_before_anything_was_proven(self) -> None:
        page = Reader(render.stopped_html(live(*READING, Wrote(0, "It cost")), {}))
        assert page.words == "what?Stopped.Edit the questionAsk again"

    @pytest.mark.parametrize("text", HOSTILE)
    def test_whatever_is_written_stays_text(self, text: str) -> None:
        found = document(text, title=text, publisher=text)
        bad = Judged(0, text, withheld(text, text))
        state = live(Reading(0, 1, hit(found, 0, len(text))), Wrote(0, f"{text} and {text}"), bad)
        page = Reader(render.live_html(state))
        assert page.kinds() <= {"article", "h2", "p", "i", "div", "span", "s", "ol", "li"}
        assert page.words.count(text) >= 5


def test_the_head_brings_looks_and_behaviour_along_and_nothing_from_elsewhere() -> None:
    head = render.head_html()
    assert "<style>" in head
    assert "<script>" in head
    assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", head)
    assert "@import" not in head
    assert head.count("</script>") == head.count("</style>") == 1
