"""Files to Documents: the samples, every stated fact, every encoding, every refusal."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents import (
    SUPPORTED,
    find_files,
    header_end,
    read_document,
    resolve_quote,
)
from rag.documents.body import Body
from rag.documents.characters import without_controls
from rag.documents.compose import byline, headline
from rag.documents.facts import facts, front_matter
from rag.documents.source import Source
from rag.errors import (
    DocumentError,
    EmptyDocumentError,
    UnreadableDocumentError,
    UnsupportedFormatError,
)
from rag.types import Document

SEEDS = Path(__file__).parents[2] / "seeds"
NBC = "002_36c8e0f09638e188.txt"


def read(folder: Path, name: str, content: str | bytes) -> Document:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_document(path, root=folder)


def stated(document: Document) -> Document:
    """Return a document without the day its file was written and the day it was read."""
    kept = [key for key in document.metadata if key not in ("saved", "read")]
    return replace(
        document,
        metadata={key: document.metadata[key] for key in kept},
        origins={key: document.origins[key] for key in kept},
    )


# --- the sample documents -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title", "origin", "author"),
    [
        (
            "000_95643b1ec09271fd.txt",
            "Microsoft won't sell facial recognition tech to police, echoing Amazon, and IBM",
            "first line",
            None,
        ),
        (
            "001_073af9c44c9208a4.txt",
            "Microsoft reiterates it won't sell facial-recognition tech to police until federal "
            "regulation passed",
            "first line",
            "Mary Jo Foley",
        ),
        (
            NBC,
            "Microsoft won't sell facial recognition to police without federal regulation",
            "front matter",
            None,
        ),
        (
            "003_c7d80eb5b26ef80b.txt",
            "Microsoft joins IBM; halts sale of facial recognition tech to US Police",
            "first line",
            "Rahul Vaimal",
        ),
        ("004_91cc7e0b7863e9ee.txt", "004_91cc7e0b7863e9ee.txt", "file name", None),
    ],
    ids=["headline", "headline-and-byline", "front-matter", "byline-2", "no-headline"],
)
def test_title_and_author_of_the_samples(
    name: str, title: str, origin: str, author: str | None
) -> None:
    document = read_document(SEEDS / name, root=SEEDS)
    assert document.title == document.metadata["title"] == title
    assert document.origins["title"] == origin
    assert document.metadata.get("author") == author
    assert document.origins.get("author") == ("byline" if author else None)
    assert document.id == hashlib.sha256((SEEDS / name).read_bytes()).hexdigest()[:32]
    assert document.path == SEEDS / name
    assert "date" not in document.metadata or name == NBC, "no date is guessed"


@pytest.mark.parametrize("name", sorted(p.name for p in SEEDS.glob("*.txt") if p.name != NBC))
def test_plain_text_is_what_the_file_says(name: str) -> None:
    document = read_document(SEEDS / name, root=SEEDS)
    assert document.text == (SEEDS / name).read_text(encoding="utf-8")
    assert header_end(document) == 0


def test_front_matter_of_the_sample_is_citable_text() -> None:
    document = read_document(SEEDS / NBC, root=SEEDS)
    assert document.text.split("\n") == [
        "Title: Microsoft won't sell facial recognition to police without federal regulation",
        "Publisher: NBC News",
        "Published: 2020-06-12T14:54:00Z",
        "URL: https://www.nbcnews.com/tech/internet/microsoft-won-t-sell-facial-recognition-police-"
        "without-federal-regulation-n1230286",
        'Excerpt: Any future law must be “grounded in the protection of human rights," said '
        "Microsoft president Brad Smith. Microsoft will not sell its facial recognition technology "
        "to police departments until there is a federal law regulating its use,",
        "Category: news",
        "Type: article",
        "Topics: Computer Vision, AI",
    ]
    assert header_end(document) == len(document.text)
    assert document.metadata["publisher"] == "NBC News"
    assert document.metadata["date"] == "2020-06-12T14:54:00Z"
    assert document.metadata["topics"] == "Computer Vision, AI"
    assert set(stated(document).origins.values()) == {"front matter"}
    assert document.metadata.keys() == document.origins.keys()


# --- front matter ---------------------------------------------------------------------------------

BODY = "The first paragraph of the body is a sentence.\n\nThe second is another.\n"


@pytest.mark.parametrize(
    ("yaml", "key", "value"),
    [
        ("title: A: B", None, None),
        ('title: "A: B"', "title", "A: B"),
        ("headline: A", "title", "A"),
        ("title:\nheadline: A", "title", "A"),
        ("publishedDateTime: 2020-06-12T14:54:00Z", "date", "2020-06-12T14:54:00Z"),
        ("published_at: 2020-06-12", "date", "2020-06-12"),
        ("pubDate: 12 June 2020", "date", "12 June 2020"),
        ("date: 2020-13-45", "date", "2020-13-45"),
        ("published: 2020-06-12", "date", "2020-06-12"),
        ("published: false\ndate: 2020-06-12", "date", "2020-06-12"),
        ("Date: 1:30", "date", "1:30"),
        ("lastmod: 2021-01-02", "updated", "2021-01-02"),
        ("publisher: {name: NBC News, domain: nbcnews.com}", "publisher", "NBC News"),
        ("site_name: The Post", "publisher", "The Post"),
        ("source: Reuters", "publisher", "Reuters"),
        ("source: https://example.org/a", "url", "https://example.org/a"),
        ("webUrl: https://example.org/a", "url", "https://example.org/a"),
        ("link: https://example.org/a", "url", "https://example.org/a"),
        ("canonical: https://example.org/a", "url", "https://example.org/a"),
        ("by: Jo Doe", "author", "Jo Doe"),
        ("authors: [Jo Doe, Al Roe]", "author", "Jo Doe, Al Roe"),
        (
            "authors:\n  - name: Jo Doe\n    role: editor\n  - name: Al Roe",
            "author",
            "Jo Doe, Al Roe",
        ),
        ("description: Short.", "excerpt", "Short."),
        ("summary: >\n  Two\n  lines.", "excerpt", "Two lines."),
        ("tags: [a, b]", "tags", "a, b"),
        ("seriesName: Cold Cases", "series name", "Cold Cases"),
        ("version: 1.10", "version", "1.10"),
        ("country: NO", None, None),
    ],
    ids=lambda value: str(value)[:32],
)
def test_facts_are_found_by_many_names(
    tmp_path: Path, yaml: str, key: str | None, value: str | None
) -> None:
    document = read(tmp_path, "a.md", f"---\n{yaml}\n---\n\n{BODY}")
    if key is None or value is None:
        assert set(stated(document).origins.values()) <= {"file name", "reader"}
        return
    assert document.metadata[key] == value
    assert document.origins[key] == "front matter"
    label = {"date": "Published", "url": "URL"}.get(key, key.capitalize())
    header = document.text[: header_end(document)]
    assert f"{label}: {value}" in header.split("\n"), "every fact is a line of its own"
    assert document.text[header_end(document) :] == "\n\n" + BODY


@pytest.mark.parametrize(
    "yaml",
    [
        "related:\n  - title: Other article\n    excerpt: Not ours.",
        "images:\n  - url: https://example.org/a.jpg\n    width: 3",
        "secured: " + "UTImWswHN5TQOCgV" * 9 + "==",
        "blob: " + "a1B2" * 40,
        "ampWebUrl: https://example.org/amp",
        "quality: 86",
        "heat: -1",
        "published: false",
        "isCached: true",
        "draft: yes",
        "provider: {domain: nbcnews.com}",
        "empty:",
        "nothing: ~",
        "",
        "# only a comment",
    ],
    ids=lambda yaml: yaml.split(":")[0] or "empty-block",
)
def test_what_is_no_text_is_not_kept(tmp_path: Path, yaml: str) -> None:
    document = read(tmp_path, "a.md", f"---\n{yaml}\n---\n{BODY}")
    assert document.text == BODY
    assert dict(stated(document).metadata) == {"title": "a.md"}


def test_long_prose_in_an_unknown_field_is_kept(tmp_path: Path) -> None:
    prose = "Some words that say something. " * 30
    assert (
        read(tmp_path, "a.md", f"---\nremark: {prose}\n---\n").metadata["remark"] == prose.strip()
    )


def test_front_matter_is_found_in_txt_behind_a_byte_order_mark_and_windows_line_ends(
    tmp_path: Path,
) -> None:
    document = read(tmp_path, "a.txt", b"\xef\xbb\xbf---\r\ntitle: T\r\n---\r\n\r\nBody.\r\n")
    assert document.text == "Title: T\n\nBody.\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\ntitle: Law: a history\ndate: 2020\n---\n", "line 2: mapping values are not allowed"),
        ("---\ntitle: ok\ntags: [a, b\n---\n", "line 4"),
        ("---\ntitle: ok\n\tbad: tab\n---\n", "line 3"),
        ("---\ndeep: " + "[" * 1200 + "\n---\n", "recursion"),
    ],
    ids=["colon-in-title", "open-bracket", "tab", "too-deep"],
)
def test_malformed_front_matter_stays_text_and_is_noted(
    tmp_path: Path, text: str, problem: str
) -> None:
    document = read(tmp_path, "a.md", text + BODY)
    assert document.text == text + BODY, "nothing is lost"
    assert problem in document.metadata["note"]
    assert document.origins["note"] == "reader"
    assert header_end(document) == 0


@pytest.mark.parametrize(
    "text",
    [
        "---\nnever closed\n\nText.\n",
        "---\n\nA rule above, a rule below: so what.\nMore words: here.\nYes\n\n---\n\nText.\n",
        "---\nJust words.\n---\n\nText.\n",
        "Text first.\n---\ntitle: T\n---\n",
        "----\ntitle: T\n----\n",
        "---\n- a list\n- no mapping\n---\n",
    ],
    ids=["unclosed", "rules", "scalar", "not-first", "four-dashes", "list"],
)
def test_text_between_rules_is_no_front_matter(tmp_path: Path, text: str) -> None:
    document = read(tmp_path, "a.md", text)
    assert document.text == text
    assert "note" not in document.metadata


def test_aliases_do_not_blow_up() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    found, body, problem = front_matter(f"---\n{bomb}---\nBody.")
    assert ([fact.key for fact in found], body, problem) == (["a"], "Body.", "")


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=80), max_size=6))
@settings(deadline=None)
def test_facts_are_single_lines_with_distinct_keys(stated: dict[str, str]) -> None:
    found = facts(stated)
    assert all("\n" not in fact.value and fact.value.strip() for fact in found)
    assert len({fact.key for fact in found}) == len(found)


# --- title and byline without front matter --------------------------------------------------------

REST = "\n\nThe first paragraph of the body is a sentence.\n"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A headline here" + REST, "A headline here"),
        ("\n\n  A headline here  " + REST, "A headline here"),
        ("Will it rain?" + REST, "Will it rain?"),
        ("A headline\n==========" + REST, "A headline"),
        ("This is a sentence." + REST, ""),
        ("He said “no.”" + REST, ""),
        ("Two lines\nof a paragraph" + REST, ""),
        ("Only one line", ""),
        ("word " * 60 + REST, ""),
        ("- a list item" + REST, ""),
        ("1. first" + REST, ""),
        ("* * *" + REST, ""),
        ("12345" + REST, ""),
        ("By Jo Doe" + REST, ""),
        ("Dear Sir," + REST, ""),
        ("{" + REST, ""),
    ],
    ids=lambda text: text[:16].strip() or "empty",
)
def test_headline(text: str, title: str) -> None:
    assert headline(text) == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# A *bold* [link](http://x.org) `code`\n\nText.", "A bold link code"),
        ("[![badge](b.svg)](x)\n\n# Name #\nText.", "Name"),
        ("## Second level\nText.", "Second level"),
        ("```\n# a comment\n```\n\nText.", ""),
        ("#hashtag\n\nText.", "#hashtag"),
    ],
    ids=["marks", "after-badge", "second-level", "in-code", "no-heading"],
)
def test_markdown_headline(text: str, title: str) -> None:
    assert headline(text, "markdown") == title


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("By Rahul Vaimal, Associate Editor", "Rahul Vaimal"),
        ("Written by Mary Jo Foley, Senior Contributing Editor", "Mary Jo Foley"),
        ("BY JANE DOE", "JANE DOE"),
        ("By: Jane Doe | Reuters", "Jane Doe"),
        ("By Jane Doe and John Roe", "Jane Doe and John Roe"),
        ("By Jane Doe, John Roe and Al Poe, Staff Writers", "Jane Doe, John Roe and Al Poe"),
        ("by Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("By J. K. O’Rowling-Smith", "J. K. O’Rowling-Smith"),
        ("By Ángel García", "Ángel García"),
        ("By Monday everything was over.", ""),
        ("By Jane Doe, Associate Editor and Staff Writer", "Jane Doe"),
        ("By and large it worked", ""),
        ("Photographs by Jane Doe", ""),
        ("It was written by Jane Doe, an editor", ""),
        ("By Jane", ""),
    ],
    ids=lambda text: text[:24] or "none",
)
def test_byline(line: str, name: str) -> None:
    assert byline(f"A headline\n\n{line}{REST}") == name
    assert byline(REST * 12 + line) == "", "only near the top"


def test_header_facts_win_over_the_text(tmp_path: Path) -> None:
    document = read(
        tmp_path, "a.md", "---\ntitle: Stated\nauthor: Al Roe\n---\n# Shown\n\nBy Jo Doe\n"
    )
    assert (document.title, document.metadata["author"]) == ("Stated", "Al Roe")


# --- encodings -----------------------------------------------------------------------------------

WORDS = "Die Übung kostet 5 €. “Quoted” – naïve café."


@pytest.mark.parametrize(
    ("encoding", "text", "noted"),
    [
        ("utf-8", WORDS, False),
        ("utf-8-sig", WORDS, False),
        ("utf-16", WORDS, False),
        ("utf-32", WORDS, False),
        ("utf-16-le", WORDS, True),
        ("utf-16-be", WORDS, True),
        ("cp1252", WORDS, True),
        ("cp1252", "Le café est fermé à Noël. Où êtes-vous allé ?", True),
        ("cp1252", "He said “we won’t sell” – never. It costs £5.", True),
        ("cp1252", "naïve", True),
        ("cp1250", "Zażółć gęślą jaźń. Łódź jest piękna.", True),
        ("cp1251", "Привет, мир. Это простой текст на русском языке.", True),
        ("cp1253", "Καλημέρα κόσμε, αυτό είναι κείμενο.", True),
        ("shift_jis", "これは日本語の文章です。東京に行きました。", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_encodings(tmp_path: Path, encoding: str, text: str, noted: bool) -> None:
    document = read(tmp_path, "a.txt", text.encode(encoding))
    assert document.text == text
    assert ("guess" in document.metadata.get("note", "")) is noted


def test_every_line_end_becomes_a_line_feed(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "a\r\nb\rc\n\r\nd").text == "a\nb\nc\n\nd"


def test_control_characters_are_left_out_and_noted(tmp_path: Path) -> None:
    document = read(
        tmp_path, "a.txt", "Bell\x07 and \x1b[1mescape\x1b[0m,\ttab and zero\u200bwidth."
    )
    assert document.text == "Bell and [1mescape[0m,\ttab and zero\u200bwidth."
    assert document.metadata["note"] == "3 control characters left out"


def test_what_is_quoted_of_a_file_is_no_order_to_a_terminal(tmp_path: Path) -> None:
    mail = (
        "Date: Fri, 16 Dec 2022 17:04:16 -0500\nContent-Type: multipart/alternative; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\nThe plain form says eleven \x1b[31mother words\n"
        "than what the form of the page has to say of this.\n"
        "--x\nContent-Type: text/html\n\n<p>A page of its own, of which nothing stands in the "
        "other form, so that both are told apart.</p>\n--x--\n"
    )
    note = read(tmp_path, "a.eml", mail).metadata["note"]
    assert "eleven [31mother words than" in note
    refusal = Source(tmp_path / "a.zip", b"").refused("“b\x1b[31m\nc” is damaged; get it again")
    assert str(refusal) == f"{tmp_path / 'a.zip'}: “b [31m c” is damaged; get it again."
    body = Body()
    body.mark("heading", "One\x1b[31m\ntwo")
    body.add("words")
    assert [mark.value for mark in body.marks] == ["One [31m two"]


def test_a_fact_of_control_characters_states_nothing(tmp_path: Path) -> None:
    document = read(tmp_path, "a.rtf", r"{\rtf1{\info{\title \'01}{\author Jo Doe}}words}")
    assert document.text == "Author: Jo Doe\n\nwords"
    assert (document.title, document.origins["title"]) == ("a.rtf", "file name")


def test_marks_of_byte_order_behind_each_other_are_no_text() -> None:
    assert without_controls("\ufeff\x01\ufeffa\ufeffb") == ("a\ufeffb", 1)


@given(st.text(min_size=1))
@settings(max_examples=100, deadline=None)
def test_any_text_is_kept_character_for_character(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        document = read(folder, "a.txt", text.encode("utf-8", "surrogatepass"))
    except DocumentError:
        return
    assert "\0" not in document.text
    if "note" not in document.metadata and not text.startswith(("---", "\ufeff")):
        assert document.text == text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("a.txt", "a.md", "a.html"):
        try:
            document = read(folder, name, data)
        except DocumentError:
            continue
        assert document.text.strip()
        assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f\r]", document.text)


# --- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "error", "words"),
    [
        ("a.txt", b"", EmptyDocumentError, "no text"),
        ("a.txt", b" \n\t\r\n ", EmptyDocumentError, "no text"),
        ("a.txt", b"\xef\xbb\xbf", EmptyDocumentError, "no text"),
        ("a.txt", "\u00a0\u2003\n".encode(), EmptyDocumentError, "no text"),
        ("a.md", b"---\npublished: false\n---\n", EmptyDocumentError, "no text"),
        (
            "a.html",
            b"<html><body><script>x()</script></body></html>",
            EmptyDocumentError,
            "no text",
        ),
        ("a.html", b"<!-- nothing -->", EmptyDocumentError, "no text"),
        ("a.txt", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", UnreadableDocumentError, "a PDF file"),
        ("a.md", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", UnreadableDocumentError, "a PNG image"),
        ("a.html", b"PK\x03\x04\x14\0\x06\0", UnreadableDocumentError, "office document"),
        ("a.txt", b"words\0\0\0words" * 9, UnreadableDocumentError, "binary"),
        ("a.txt", bytes(range(256)) * 4, UnreadableDocumentError, "binary"),
        ("a.txt", b"\x01\x02\x03\x04" * 50, UnreadableDocumentError, "binary"),
        ("a.txt", b"\xff\xfea", UnreadableDocumentError, "UTF-16"),
        ("a.wav", b"RIFF", UnsupportedFormatError, ".txt, .text, .md"),
        ("a.doc", b"PK", UnsupportedFormatError, ".doc files"),
        ("LICENSE", b"words", UnsupportedFormatError, "without a suffix"),
    ],
    ids=lambda value: repr(value)[:24] if isinstance(value, bytes) else str(value)[-24:],
)
def test_refusals(
    tmp_path: Path, name: str, data: bytes, error: type[DocumentError], words: str
) -> None:
    with pytest.raises(error, match=re.escape(words)) as caught:
        read(tmp_path, name, data)
    assert caught.value.path == str(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocumentError, match="no such file; check the path"):
        read_document(tmp_path / "a.txt", root=tmp_path)
    with pytest.raises(UnreadableDocumentError, match="no such file"):
        read_document(tmp_path / "a.pdf", root=tmp_path)
    (tmp_path / "b.txt").mkdir()
    for folder in (tmp_path / "b.txt", tmp_path):
        with pytest.raises(UnreadableDocumentError, match="it is a folder"):
            read_document(folder, root=tmp_path)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read everything, so the refusal of the system is played here.
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    (tmp_path / "a.txt").write_text("words")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UnreadableDocumentError, match="may not read it; change its permissions"):
        read_document(tmp_path / "a.txt", root=tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(UnreadableDocumentError, match="not a regular file"):
        read_document(tmp_path / "a.txt", root=tmp_path)


def test_a_file_outside_the_root(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "in").mkdir()
    for root in (tmp_path / "in", tmp_path / "in" / ".." / "in"):
        with pytest.raises(UnreadableDocumentError, match="does not lie under"):
            read_document(root / ".." / "a.txt", root=root)


def test_suffixes_count_in_any_case(tmp_path: Path) -> None:
    assert read(tmp_path, "A.TXT", "words").format == "text"
    assert read(tmp_path, "A.Md", "words").format == "markdown"
    assert sorted(SUPPORTED) == (
        ".csv .docm .docx .dotx .eml .epub .htm .html .json .jsonl .markdown .mbox .md .ndjson "
        ".odt .pdf .ppsx .pptm .pptx .rtf .text .tsv .txt .xlsm .xlsx"
    ).split(" ")


def test_an_encoding_that_is_none_is_no_error(tmp_path: Path) -> None:
    page = '<meta charset="undefined"><p>The b\xe4r closes at ten, as the council said.</p>'
    assert "bär closes at ten" in read(tmp_path, "a.html", page.encode("latin-1")).text


def test_nothing_is_lost_of_what_lies_deep(tmp_path: Path) -> None:
    deep = "<p>The first paragraph is here.</p>" + "<div>" * 600 + "<p>The last one is here.</p>"
    document = read(tmp_path, "deep.html", f"<html><body>{deep}</body></html>")
    assert "The last one is here." in document.text
    assert "too deep" in document.metadata["note"]


# --- web pages ------------------------------------------------------------------------------------

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>Police ban | The Post</title>
<meta property="og:title" content="Police ban">
<meta property="og:site_name" content="The Post">
<meta property="og:url" content="https://example.org/ban">
<meta name="description" content="The city bans it. For good.">
<meta property="article:published_time" content="2020-06-12T14:54:00Z">
<meta name="author" content="Jane Doe">
<script>evil()</script></head><body>
<nav><a href="/">Home</a> <a href="/about">About</a></nav>
<article><h1>Police ban</h1>
<p>The city council voted on Friday to ban facial recognition by its police, after months of
protests and a long hearing in which many citizens spoke.</p>
<p>The ban names two exceptions, and the council will look at both of them again next year:</p>
<ul><li>a court has ordered it in writing;</li><li>a life is in danger at the very moment.</li></ul>
<p>The mayor said she will sign &lt;the bill&gt; on Monday &amp; thanked the council for it.</p>
</article><footer>© 2020 The Post. Subscribe!</footer></body></html>"""


def test_a_web_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = read(tmp_path, "a.html", PAGE)
    header, _, body = document.text.partition("\n\n")
    assert header.split("\n") == [
        "Title: Police ban",
        "Author: Jane Doe",
        "Publisher: The Post",
        "Published: 2020-06-12T14:54:00Z",
        "URL: https://example.org/ban",
        "Excerpt: The city bans it. For good.",
    ]
    assert header_end(document) == len(header)
    assert set(stated(document).origins.values()) == {"html metadata"}
    paragraphs = body.split("\n\n")
    assert "The city council voted on Friday" in body
    assert (
        "The ban names two exceptions, and the council will look at both of them again next year:\n"
        "- a court has ordered it in writing;\n- a life is in danger at the very moment."
    ) in paragraphs
    assert "sign <the bill> on Monday & thanked" in body
    assert "evil" not in body
    assert "Home" not in body
    assert "Subscribe" not in body
    assert document.format == "html"
    assert capsys.readouterr() == ("", "")


LINKED = '<script type="application/ld+json">%s</script>'
AUTHORS = '{"datePublished":"2020","author":[{"name":"Jo Doe"},{"name":"JO DOE"},"Al Roe"]}'


@pytest.mark.parametrize(
    ("head", "key", "value"),
    [
        (LINKED % f'{{"@graph":[{AUTHORS}]}}', "author", "Jo Doe, Al Roe"),
        (LINKED % '{"datePublished":"2020-06-12"}', "date", "2020-06-12"),
        (LINKED % "{broken" + '<meta name="dc.date" content="2020">', "date", "2020"),
        (LINKED % ("[" * 100_000), "date", None),
        (
            '<time itemprop="datePublished" datetime="2020-06-12">Friday</time>',
            "date",
            "2020-06-12",
        ),
        ('<time datetime="2020-06-12">Friday</time>', "date", None),
        ('<meta name="byl" content="By Jo Doe">', "author", "Jo Doe"),
        ('<meta property="article:author" content="https://example.org/jo">', "author", None),
        ("<title>T</title>", "date", None),
        ("<meta name=date>", "date", None),
    ],
    ids=[
        *("linked-author", "linked-date", "broken-linked", "deep-linked", "time-published"),
        *("time-alone", "byl", "author-address", "no-date", "empty"),
    ],
)
def test_what_a_page_states(tmp_path: Path, head: str, key: str, value: str | None) -> None:
    text = "<p>On February 28, 1998 a project was founded, and that is all that is known.</p>" * 3
    document = read(tmp_path, "a.html", f"<html><head>{head}</head><body>{text}</body></html>")
    assert document.metadata.get(key) == value


def test_layout_tables_become_text_and_real_ones_rows(tmp_path: Path) -> None:
    prose = "A paragraph of words that is long enough to be taken for the main text of a page. " * 3
    document = read(
        tmp_path,
        "a.html",
        f"<html><body><article><p>{prose}</p><table><tr><th>City</th><th>Ban</th></tr>"
        f"<tr><td>Boston</td><td>2020</td></tr></table><p>{prose}</p></article></body></html>",
    )
    assert "\n\n| City | Ban |\n| Boston | 2020 |\n\n" in document.text
    assert "|---|" not in document.text
    alone = read(tmp_path, "b.html", f"<table><tr><td>{prose}</td></tr></table>")
    assert alone.text == prose.strip()


def test_a_description_that_repeats_the_text_is_no_fact(tmp_path: Path) -> None:
    prose = "The city council voted on Friday to ban it, after months of protests and a hearing. "
    page = '<html><head><meta name="description" content="%s"></head><body><p>%s</p></body></html>'
    repeated = read(tmp_path, "a.html", page % (prose + "The ban ...", prose * 4))
    assert "excerpt" not in repeated.metadata
    assert repeated.text.startswith("The city council")
    own = read(tmp_path, "b.html", page % ("Of its own.", prose))
    assert own.metadata["excerpt"] == "Of its own."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("<p>Die schöne Übung war köstlich und ganz für uns.</p>".encode("cp1252"), "schöne Übung"),
        ('<meta charset="iso-8859-1"><p>It costs 5 € he said there.</p>'.encode("cp1252"), "5 €"),
        (
            '<meta charset="windows-1251"><p>Привет, мир, это текст.</p>'.encode("cp1251"),
            "Привет, мир",
        ),
        (
            '<?xml version="1.0" encoding="utf-8"?><html><p>Größe zählt.</p></html>'.encode(),
            "Größe zählt",
        ),
        ("<html><body><p>東京に行きました。</p></body></html>".encode("utf-16"), "東京"),
        (b"<h3>Jahresabschluss 2020</h3>", "Jahresabschluss 2020"),
        (b"just words, no tags at all", "just words, no tags at all"),
    ],
    ids=[
        "guessed",
        "latin-1-means-1252",
        "declared",
        "xml-declaration",
        "utf-16",
        "fragment",
        "no-tags",
    ],
)
def test_odd_web_pages(tmp_path: Path, data: bytes, words: str) -> None:
    assert words in read(tmp_path, "a.html", data).text


def test_importing_the_readers_loads_nothing_heavy() -> None:
    code = (
        "import sys, rag.documents, rag.passages;"
        "print([m for m in ('trafilatura', 'lxml', 'yaml', 'nupunkt', 'charset_normalizer')"
        " if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# --- finding files --------------------------------------------------------------------------------


def test_find_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/c.txt", "sub/.hidden", ".git/config", "z.wav"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text("words")
    (tmp_path / "docs" / "again").symlink_to(tmp_path / "docs" / "sub")
    docs = tmp_path / "docs"
    found = list(
        find_files([docs, docs / "b.txt", tmp_path / "gone.txt", docs / ".git" / "config"])
    )
    assert [(root, str(file.relative_to(root))) for root, file in found] == [
        (docs, "a.md"),
        (docs, "b.txt"),
        (docs, "z.wav"),
        (docs, "sub/c.txt"),
        (tmp_path, "gone.txt"),
        (docs / ".git", "config"),
    ]


def test_a_folder_that_may_not_be_opened_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    scan = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(find_files([tmp_path])) == [(tmp_path, closed)]
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UnreadableDocumentError, match="may not open this folder"):
        read_document(closed, root=tmp_path)


def test_relative_paths_and_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "store.txt").write_text("words")
    (tmp_path / "docs" / "link.txt").symlink_to(tmp_path / "store.txt")
    monkeypatch.chdir(tmp_path)
    ((root, file),) = find_files([Path("docs")])
    document = read_document(file, root=root)
    assert (document.source, document.root) == ("link.txt", str(tmp_path / "docs"))
    assert read_document(Path("docs/link.txt"), root=Path("docs")).source == "link.txt"


# --- the way back from a quote --------------------------------------------------------------------


def test_resolve_quote(tmp_path: Path) -> None:
    document = read(tmp_path, "sub/a.txt", "One fact. Another fact. One fact.")
    start = document.text.index("Another fact.")
    quote = document.text[start : start + 13]
    assert resolve_quote(tmp_path, "sub/a.txt", start, start + 13, quote).ok
    moved = resolve_quote(tmp_path, "sub/a.txt", 0, 13, quote)
    assert (moved.ok, moved.found_at) == (False, start)
    assert "now stand at character 10, not at 0" in moved.reason
    nearest = resolve_quote(tmp_path, "sub/a.txt", 20, 29, "One fact.")
    assert nearest.found_at == 24
    gone = resolve_quote(tmp_path, "sub/a.txt", 0, 8, "No fact.")
    assert (gone.ok, gone.found_at) == (False, None)
    assert "no longer stand in sub/a.txt" in gone.reason


def test_resolve_quote_in_a_stated_fact() -> None:
    text = read_document(SEEDS / NBC, root=SEEDS).text
    start = text.index("NBC News")
    assert resolve_quote(SEEDS, NBC, start, start + 8, "NBC News").ok


@pytest.mark.parametrize(
    "source",
    ["../secret.txt", "sub/../../secret.txt", "/etc/hostname", "", "..", "a\0b.txt"],
    ids=repr,
)
def test_resolve_quote_never_leaves_the_root(tmp_path: Path, source: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "root").mkdir()
    found = resolve_quote(tmp_path / "root", source, 0, 6, "secret")
    assert (found.ok, found.found_at) == (False, None)
    assert "does not name a file inside" in found.reason


def test_resolve_quote_with_a_file_that_cannot_be_read_any_more(tmp_path: Path) -> None:
    missing = resolve_quote(tmp_path, "a.txt", 0, 5, "words")
    assert not missing.ok
    assert "no such file" in missing.reason
    (tmp_path / "a.txt").write_bytes(b"\x89PNG\r\n")
    assert "a PNG image" in resolve_quote(tmp_path, "a.txt", 0, 5, "words").reason


@pytest.mark.parametrize(
    ("start", "end", "quote"),
    [(0, 0, ""), (-5, -1, "word"), (5, 2, ""), (0, 10**9, "words beyond the end")],
    ids=["empty", "negative", "reversed", "beyond"],
)
def test_resolve_quote_with_odd_offsets(tmp_path: Path, start: int, end: int, quote: str) -> None:
    (tmp_path / "a.txt").write_text("words")
    assert not resolve_quote(tmp_path, "a.txt", start, end, quote).ok
