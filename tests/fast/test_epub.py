"""Books: chapters in reading order, printed pages, and what makes a book unreadable."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.epub import read_epub
from rag.documents.source import Content, Source
from rag.errors import EmptyDocumentError, UnreadableDocumentError
from tests.fast.test_archive import CHANGES, LAUGHS, mutate, packed, survives

DATA = Path(
    os.environ.get("FOOTNOTE_DATA", Path(__file__).parents[2].parent / "shared/data/documents")
)
HTML = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
CONTAINER = '<container><rootfiles><rootfile full-path="O/book.opf"/></rootfiles></container>'
DC = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf" '
    'xmlns="http://www.idpf.org/2007/opf"'
)


def book(
    pages: dict[str, str], *, nav: str = "", ncx: str = "", stated: str = "", **more: str
) -> bytes:
    """Return a book of pages given as what stands in their body."""
    items = dict.fromkeys(pages, ("application/xhtml+xml", ""))
    files: dict[str, bytes | str] = {
        f"O/{name}": page if page.startswith("<?") else f"<html {HTML}><body>{page}</body></html>"
        for name, page in pages.items()
    }
    if nav:
        items["nav.xhtml"] = ("application/xhtml+xml", "nav")
        files["O/nav.xhtml"] = (
            f'<html {HTML}><body><nav epub:type="toc"><ol>{nav}</ol></nav></body></html>'
        )
    if ncx:
        items["toc.ncx"] = ("application/x-dtbncx+xml", "")
        files["O/toc.ncx"] = f"<ncx><navMap>{ncx}</navMap></ncx>"
    manifest = "".join(
        f'<item id="i{i}" href="{name}" media-type="{kind}" properties="{properties}"/>'
        for i, (name, (kind, properties)) in enumerate(items.items())
    )
    spine = "".join(f'<itemref idref="i{i}"/>' for i in range(len(pages)))
    files["META-INF/container.xml"] = CONTAINER
    files["O/book.opf"] = (
        f"<package {DC}><metadata>{stated}</metadata><manifest>{manifest}</manifest>"
        f"<spine>{spine}</spine></package>"
    )
    return packed(files | {name.replace("__", "/"): text for name, text in more.items()})


def opened(data: bytes) -> Content:
    return read_epub(Source(Path("a.epub"), data))


def text_of(page: str) -> str:
    return opened(book({"a.xhtml": page})).body.text


def places(content: Content, kind: str) -> list[tuple[str, str]]:
    text = content.body.text
    return [
        (mark.value, text[mark.start :].partition("\n")[0])
        for mark in content.body.marks
        if mark.kind == kind
    ]


def test_chapters_of_a_table_of_contents() -> None:
    nav = (
        '<li><a href="a.xhtml">Foreword</a></li>'
        '<li><a href="p.xhtml">Part One</a><ol><li><a href="b%20c.xhtml">The <b>Sun</b></a>'
        '<ol><li><a href="b%20c.xhtml#s">Inside</a></li></ol></li></ol></li>'
    )
    content = opened(
        book(
            {
                "a.xhtml": "<p>Before all.</p>",
                "p.xhtml": "<h1>Part One</h1>",
                "b c.xhtml": '<h1>The Sun</h1><p>It shines.</p><h2 id="s">Inside</h2><p>Dark.</p>',
                "d.xhtml": "<p>Goes on.</p>",
            },
            nav=nav,
        )
    )
    assert content.body.text == (
        "Before all.\n\nPart One\n\nThe Sun\n\nIt shines.\n\nInside\n\nDark.\n\nGoes on."
    )
    assert places(content, "chapter") == [
        ("Foreword", "Before all."),
        ("Part One", "Part One"),
        ("Part One › The Sun", "The Sun"),
    ]
    assert places(content, "heading") == [
        ("Part One", "Part One"),
        ("The Sun", "The Sun"),
        ("The Sun › Inside", "Inside"),
    ]
    assert content.notes == []


def test_chapters_that_begin_inside_a_page() -> None:
    entry = (
        '<navPoint><navLabel><text>{0}</text></navLabel><content src="a.xhtml#{1}"/>{2}</navPoint>'
    )
    ncx = entry.format("One", "one", "") + entry.format("Two", "two", entry.format("In", "in", ""))
    page = (
        '<p>Cover.</p><h2><a id="one"/>ONE</h2><p>First.</p>'
        '<div id="two"><h2>TWO</h2><h3 id="in">IN</h3><p>Second.</p></div>'
    )
    content = opened(book({"a.xhtml": page}, ncx=ncx))
    assert places(content, "chapter") == [("One", "ONE"), ("Two", "TWO")]


def test_chapters_without_a_table_of_contents() -> None:
    content = opened(book({"a.xhtml": "<h1>One</h1><p>x</p>", "b.xhtml": "<p>y</p>"}))
    assert places(content, "chapter") == [("One", "One")]


def test_the_table_of_contents_is_no_text() -> None:
    data = book({"a.xhtml": "<p>Text.</p>"}, nav='<li><a href="a.xhtml">One</a></li>')
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        files: dict[str, bytes | str] = {name: file.read(name) for name in file.namelist()}
    package = str(files["O/book.opf"], "utf-8") if isinstance(files["O/book.opf"], bytes) else ""
    files["O/book.opf"] = package.replace("<spine>", '<spine><itemref idref="i1"/>')
    content = opened(packed(files))
    assert content.body.text == "Text."
    assert content.notes == ["the table of contents left out"]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>One\n  two <b>three</b>.</p><p>Four</p>", "One two three.\n\nFour"),
        ("loose <i>words</i><p>then</p>tail", "loose words\n\nthen\n\ntail"),
        ("<p>a<br/>b</p>", "a\nb"),
        ("<ul><li>a<ul><li>b</li></ul></li><li><p>c</p><p>d</p></li></ul>", "- a\n- b\n- c\n\nd"),
        ('<ol start="3"><li>a</li><li>b</li></ol>', "3. a\n4. b"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<p>x</p><hr/><blockquote><p>y</p></blockquote>", "x\n\ny"),
        (
            "<table><tr><th>A</th><th>B</th><th>C</th></tr><tr><td rowspan='2'>x</td><td>1</td>"
            "<td>2</td></tr><tr><td>3</td><td>4</td></tr><tr><td colspan='2'>y</td><td>5</td></tr>"
            "</table>",
            "| A | B | C |\n| x | 1 | 2 |\n|  | 3 | 4 |\n| y |  | 5 |",
        ),
        ("<table><tr><td><p>only</p><p>layout</p></td></tr></table>", "only\n\nlayout"),
        ("<p>10<sup>6</sup> and 1<sup>st</sup></p>", "10⁶ and 1st"),
        ('<p>word<sup><a href="#n1">1</a></sup>.</p>', "word."),
        ('<p>word<a epub:type="noteref" href="n.xhtml#n1">12</a>.</p>', "word."),
        ('<p>word<a class="fnanchor" href="#n1">[1]</a>.</p>', "word."),
        ('<p><a class="fnanchor" href="#r1">[1]</a> The note.</p>', "[1] The note."),
        ('<p>Alps, <a href="#p12">12</a>, <a href="#p13">13</a></p>', "Alps, 12, 13"),
        ("<p>a<script>evil()</script><style>p{}</style>b</p>", "ab"),
        ("<p>seen</p><p hidden='hidden'>not seen by anyone</p>", "seen"),
        (
            "<math xmlns='m'><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo></mrow></mfrac></math>",
            "a/(b+)",
        ),
        ("<p><ruby>東<rt>ひがし</rt></ruby></p>", "東"),
        ("<p>a<p>b & c", "a\n\nb & c"),
        ("<p>caf&eacute; &mdash; x</p>", "café — x"),
    ],
    ids=[
        *("paragraphs", "loose", "break", "list", "numbers", "pre", "quote", "table", "layout"),
        *(
            "super",
            "note-sup",
            "noteref",
            "note-class",
            "note-back",
            "index",
            "script",
            "hidden",
            "math",
            "ruby",
        ),
        *("not-well-formed", "entities"),
    ],
)
def test_text_of_pages(page: str, text: str) -> None:
    assert text_of(page) == text


def test_entities_that_only_the_document_type_declares() -> None:
    kind = (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
        '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
    )
    assert (
        text_of(f"{kind}<html {HTML}><body><p>a&nbsp;b &eacute;c</p></body></html>") == "a\xa0b éc"
    )
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>Größe</p></body></html>'
    data = book({"a.xhtml": "x"})
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        files: dict[str, bytes | str] = {name: file.read(name) for name in file.namelist()}
    content = opened(packed(files | {"O/a.xhtml": latin.encode("latin-1")}))
    assert content.body.text == "Größe"


def test_printed_pages() -> None:
    content = opened(
        book(
            {
                "a.xhtml": '<p><span class="pagenum">[Pg 1]</span></p><p>First words'
                '<span class="pagenum" id="Page_2">2</span> go on.</p>'
                '<ul><li><span epub:type="pagebreak" title="3"/>item</li></ul>',
                "b.xhtml": '<p>New<a role="doc-pagebreak" id="page_iv"/> file</p>'
                '<p class="pagebreak">Not a number.</p>',
            }
        )
    )
    assert content.body.text == "First words go on.\n- item\n\nNew file\n\nNot a number."
    assert places(content, "page") == [
        ("1", "First words go on."),
        ("2", "go on."),
        ("3", "- item"),
        ("iv", "file"),
    ]


def test_a_page_that_begins_behind_the_last_word_has_none() -> None:
    sign = '<span epub:type="pagebreak" title="{}"/>'
    first = f"<p>{sign.format(3)}Before all. {sign.format(4)}</p>"
    content = opened(book({"a.xhtml": first, "b.xhtml": f"<p>After.{sign.format(5)}</p>"}))
    assert content.body.text == "Before all.\n\nAfter."
    assert places(content, "page") == [("3", "Before all."), ("4", "After.")]


def test_a_printed_page_begins_with_its_first_word_between_line_breaks() -> None:
    broken = (
        '<p>All rights reserved<br/><span class="pagenum" id="page_iv"/><br/>Printed in Leith</p>'
    )
    after_a_space = '<p>The end <span class="pagenum" id="page_9"/><br/>of it</p>'
    content = opened(book({"a.xhtml": broken, "b.xhtml": after_a_space}))
    assert content.body.text == "All rights reserved\nPrinted in Leith\n\nThe end\nof it"
    assert places(content, "page") == [("iv", "Printed in Leith"), ("9", "of it")]


def test_printed_pages_that_begin_at_and_in_a_table() -> None:
    page = (
        '<p>Plates</p><p><span class="pagenum" id="page_6"/></p><table>'
        "<caption><span class='pagenum' id='page_7'/>Of the book</caption>"
        "<tr><td>I</td><td>Harbour</td></tr>"
        '<tr><td><span class="pagenum" id="page_8"/>II</td><td>Mole</td></tr><tr><td/><td/></tr>'
        '<tr><td>III</td><td>Light<span class="pagenum" id="page_9">9</span></td></tr>'
        '<tr><td>IV</td><td>Quay<span class="pagenum" id="page_10"/></td></tr></table><p>Text</p>'
        '<p><span class="pagenum" id="page_11"/></p><table><tr><td>V</td><td>Bay</td></tr></table>'
    )
    content = opened(book({"a.xhtml": page}))
    assert "| II | Mole |\n| III | Light |\n| IV | Quay |\n\nText" in content.body.text
    assert [(n, line.split("\n")[0]) for n, line in places(content, "page")] == [
        ("6", "Of the book"),
        ("7", "Of the book"),
        ("8", "| II | Mole |"),
        ("9", "| IV | Quay |"),
        ("10", "Text"),
        ("11", "| V | Bay |"),
    ]


def test_what_a_book_states() -> None:
    stated = (
        "<dc:title>A Book</dc:title><dc:title>Subtitle</dc:title>"
        '<dc:creator opf:role="aut">Jo Doe</dc:creator><dc:creator>Al Roe</dc:creator>'
        '<dc:creator id="t">Tr Anslator</dc:creator><meta refines="#t" property="role">trl</meta>'
        '<dc:publisher>House</dc:publisher><dc:date opf:event="publication">2019-08-23</dc:date>'
        '<dc:date opf:event="conversion">2023-02-26</dc:date><dc:language>en</dc:language>'
        '<meta property="dcterms:modified">2020-01-02T03:04:05Z</meta>'
    )
    content = opened(book({"a.xhtml": "<p>x</p>"}, stated=stated))
    assert [(fact.key, fact.value) for fact in content.facts] == [
        ("title", "A Book"),
        ("author", "Jo Doe, Al Roe"),
        ("publisher", "House"),
        ("date", "2019-08-23"),
        ("updated", "2020-01-02T03:04:05Z"),
        ("language", "en"),
    ]
    assert content.origin == "document properties"


LOCK = "<encryption><EncryptedData><EncryptionMethod Algorithm='{}'/></EncryptedData></encryption>"


def test_protected_books_are_refused_and_disguised_fonts_are_not() -> None:
    locked = LOCK.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    with pytest.raises(UnreadableDocumentError, match="protected by DRM; get a copy without"):
        opened(book({"a.xhtml": "<p>x</p>"}, **{"META-INF__encryption.xml": locked}))
    fonts = LOCK.format("http://www.idpf.org/2008/embedding")
    assert opened(book({"a.xhtml": "x"}, **{"META-INF__encryption.xml": fonts})).body.text == "x"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (packed({"a": "b"}), "container.xml” is missing"),
        (packed({"META-INF/container.xml": CONTAINER}), "list of its chapters is missing"),
        (book({}), "order of its chapters is missing"),
    ],
    ids=["no-container", "no-package", "no-pages"],
)
def test_broken_books(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=message):
        opened(data)


def test_missing_pages_are_noted_and_empty_books_refused() -> None:
    data = book({"a.xhtml": "<p>x</p>", "b.xhtml": "<p>y</p>"})
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        kept: dict[str, bytes | str] = {n: file.read(n) for n in file.namelist() if "b.x" not in n}
    assert opened(packed(kept)).notes == ["1 part that the file names is not in it"]
    with pytest.raises(EmptyDocumentError, match="only pictures"):
        opened(book({"a.xhtml": "<img/>"}))


def test_entities_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    start = '<?xml version="1.0"?>'
    outside = f'<!DOCTYPE html [<!ENTITY i SYSTEM "{secret.as_uri()}">]>'
    for declared in (outside, LAUGHS):
        page = f"{start}{declared}<html {HTML}><body><p>a &i; b</p></body></html>"
        text = text_of(page)
        assert "secret words" not in text
        assert "haha" not in text
        assert text == "a &i; b"
        packaged = packed({"META-INF/container.xml": declared + CONTAINER.replace("O/", "&i;")})
        with pytest.raises(UnreadableDocumentError, match=r"declares XML entities|is damaged"):
            opened(packaged)


SMALL = book(
    {
        "a.xhtml": '<h1 id="x">One</h1><p>Some <b>words</b>.</p><ul><li>a</li></ul>',
        "b.xhtml": "<table><tr><td rowspan='2'>a</td><td>b</td></tr></table><p>c<sup>2</sup></p>",
    },
    nav='<li><a href="a.xhtml#x">One</a><ol><li><a href="b.xhtml">Two</a></li></ol></li>',
    stated="<dc:title>T</dc:title>",
)


@given(CHANGES, st.sampled_from(["", "O/a.xhtml", "O/b.xhtml", "O/book.opf", "O/nav.xhtml"]))
@settings(max_examples=250, deadline=None)
def test_damaged_books_are_read_or_refused(changes: list[tuple[int, int, int]], part: str) -> None:
    if not part:
        survives(lambda: opened(mutate(SMALL, changes)))
        return
    with zipfile.ZipFile(io.BytesIO(SMALL)) as file:
        files: dict[str, bytes | str] = {name: file.read(name) for name in file.namelist()}
    page = files[part]
    assert isinstance(page, bytes)
    survives(lambda: opened(packed(files | {part: mutate(page, changes)})))


@pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not here")
def test_a_real_book() -> None:
    content = opened((DATA / "unstructured__winter-sports.epub").read_bytes())
    chapters = [value for value, _ in places(content, "chapter")]
    assert chapters[4:7] == [
        "CHAPTER I THE SUN-SEEKER",
        "CHAPTER II RINKS AND SKATERS",
        "CHAPTER III TEES AND CRAMPITS",
    ]
    pages = dict(places(content, "page"))
    assert pages["2"].startswith("glorious and luminous kind")
    assert "| Three | {(a) RfoTbi—LbiTfo |  | 2 |\n|  | {(b) LfoTbi—RbiTfo |  | 2 |" in (
        content.body.text
    )
    assert {fact.key: fact.value for fact in content.facts} == {
        "title": "Winter Sports in Switzerland",
        "author": "E. F. Benson",
        "date": "2019-08-23",
        "language": "en",
    }
