"""Word, OpenDocument, rich text and presentations: the text as a reader sees it, and its places."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.docx import read_docx
from rag.documents.odt import read_odt
from rag.documents.outline import numbered, raised
from rag.documents.pptx import read_pptx
from rag.documents.rtf import read_rtf
from rag.documents.source import Content, Reader, Source
from rag.errors import EmptyDocumentError, UnreadableDocumentError
from tests.fast.test_archive import CHANGES, LAUGHS, mutate, packed, survives

DATA = Path(
    os.environ.get("FOOTNOTE_DATA", Path(__file__).parents[2].parent / "shared/data/documents")
)
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not here")

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
STRICT = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def opened(reader: Reader, data: bytes, name: str = "a.docx") -> Content:
    return reader(Source(Path(name), data))


def places(content: Content, kind: str) -> list[tuple[str, str]]:
    """Return the values of the marks of a kind, each with the line that it stands at."""
    text = content.body.text
    return [
        (mark.value, text[mark.start :].partition("\n")[0])
        for mark in content.body.marks
        if mark.kind == kind
    ]


def word(body: str, ns: str = W, **parts: str) -> bytes:
    """Return a Word document with a body, and parts by name: styles, numbering, footnotes, …"""
    kinds = {name: re.sub(r"\d", "", name) for name in parts}
    listed = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{name}.xml"/>'
        for name, kind in kinds.items()
    )
    files: dict[str, bytes | str] = {
        "word/document.xml": f'<w:document {ns} xmlns:r="{OFFICE}"><w:body>{body}</w:body>'
        "</w:document>",
        "word/_rels/document.xml.rels": f"<Relationships>{listed}</Relationships>",
    }
    for name, inner in parts.items():
        root = {"header": "hdr", "footer": "ftr"}.get(kinds[name], kinds[name])
        files[f"word/{name}.xml"] = f"<w:{root} {ns}>{inner}</w:{root}>"
    return packed(files)


def p(text: str, looks: str = "", run: str = "") -> str:
    return f"<w:p><w:pPr>{looks}</w:pPr>{r(text, run)}</w:p>"


def r(text: str, looks: str = "") -> str:
    return f'<w:r><w:rPr>{looks}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def text_of(body: str, **parts: str) -> str:
    return opened(read_docx, word(body, **parts)).body.text


# --- Word -----------------------------------------------------------------------------------------


def made_by_python_docx() -> bytes:
    import docx

    made: Any = docx.Document()
    made.core_properties.title = "Lease"
    made.core_properties.author = "Jo Doe"
    made.add_heading("Lease of a flat", 0)
    made.add_heading("Terms", 1)
    made.add_paragraph("The rent is due on the first.")
    made.add_heading("Payment", 2)
    made.add_paragraph("By transfer", "List Bullet")
    made.add_paragraph("In cash", "List Bullet")
    made.add_paragraph("Sign", "List Number")
    made.add_paragraph("Pay", "List Number")
    table = made.add_table(2, 3)
    for cell, text in zip(table._cells, ("Month", "Rent", "", "May", "900", "paid"), strict=True):
        cell.text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    made.add_heading("Notice", 1)
    made.add_paragraph("Three months.")
    made.sections[0].header.paragraphs[0].text = "Confidential"
    made.sections[0].footer.paragraphs[0].text = "Page one"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_a_word_document() -> None:
    content = opened(read_docx, made_by_python_docx())
    assert content.body.text == (
        "Lease of a flat\n\nTerms\n\nThe rent is due on the first.\n\nPayment\n\n"
        "- By transfer\n- In cash\n1. Sign\n2. Pay\n\n"
        "| Month | Rent |  |\n| May | 900 | paid |\n\nNotice\n\nThree months.\n\n"
        "Confidential\n\nPage one"
    )
    assert places(content, "heading") == [
        ("Lease of a flat", "Lease of a flat"),
        ("Lease of a flat › Terms", "Terms"),
        ("Lease of a flat › Terms › Payment", "Payment"),
        ("Lease of a flat › Notice", "Notice"),
        ("", "Confidential"),
    ]
    assert places(content, "part") == [("header", "Confidential"), ("footer", "Page one")]
    assert content.format == "docx"
    assert content.origin == "document properties"
    # The dates are those of the library's template, and with them nobody has said who wrote it.
    assert [(fact.key, fact.value) for fact in content.facts] == [("title", "Lease")]
    assert content.notes == []


@real
@pytest.mark.parametrize("name", ["docx-tables", "handbook-1p", "duplicate-paragraphs"])
def test_nothing_that_python_docx_sees_is_missing(name: str) -> None:
    import docx

    data = (DATA / f"unstructured__{name}.docx").read_bytes()
    ours = " ".join(opened(read_docx, data).body.text.split())
    theirs: Any = docx.Document(io.BytesIO(data))
    for paragraph in theirs.paragraphs:
        assert " ".join(paragraph.text.split()) in ours
    for table in theirs.tables:
        for cell in table._cells:
            for paragraph in cell.paragraphs:
                assert " ".join(paragraph.text.split()) in ours


def test_both_editions_of_the_format() -> None:
    assert opened(read_docx, word(p("words"), STRICT)).body.text == "words"


FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGE </w:instrText></w:r>'
    "<w:r><w:t>code</w:t></w:r>"
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>7</w:t></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)
BOX = "<w:txbxContent>" + p("In a box.") + "</w:txbxContent>"
CHOICES = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice><w:drawing>'
    f"{BOX}</w:drawing></mc:Choice><mc:Fallback><w:pict>{BOX}</w:pict></mc:Fallback>"
)


SUP = '<w:vertAlign w:val="superscript"/>'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<w:p>{r('one ')}<w:hyperlink>{r('two')}</w:hyperlink></w:p>", "one two"),
        ("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>", "a\tb\nc"),
        (f"<w:p>{r('1')}{r('st', SUP)}</w:p>", "1st"),
        (f"<w:p>{r('10')}{r('6', SUP)}</w:p>", "10⁶"),
        (f"<w:p>{r('page ')}{FIELD}{r(' of 9')}</w:p>", "page 7 of 9"),
        (f"<w:sdt><w:sdtContent>{p('filled in')}</w:sdtContent></w:sdt>", "filled in"),
        (
            f"<w:p><w:r><mc:AlternateContent {CHOICES}</mc:AlternateContent></w:r></w:p>",
            "In a box.",
        ),
        (
            '<w:p><m:oMath xmlns:m="m"><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r>'
            "<m:t>a+b</m:t></m:r></m:den></m:f></m:oMath></w:p>",
            "1/(a+b)",
        ),
        (p("a&#160;b"), "a\xa0b"),
        (
            f"<w:p><w:r><w:ruby><w:rt>{r('too')}</w:rt><w:rubyBase>{r('base')}</w:rubyBase></w:ruby>"
            "</w:r></w:p>",
            "base",
        ),
    ],
    ids=[
        "link",
        "tab",
        "ordinal",
        "power",
        "field",
        "control",
        "box-once",
        "fraction",
        "no-break",
        "ruby",
    ],
)
def test_text_of_word_paragraphs(body: str, text: str) -> None:
    assert text_of(body) == text


def test_tracked_changes_are_accepted() -> None:
    body = (
        f"<w:p>{r('The fee is ')}<w:del><w:r><w:delText>100</w:delText></w:r></w:del>"
        f"<w:ins>{r('200')}</w:ins>{r(' euros.')}</w:p>"
        f"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{r('One ')}</w:p>{p('paragraph.')}"
        f"<w:p><w:moveFrom>{r('Moved.')}</w:moveFrom></w:p>"
    )
    content = opened(read_docx, word(body, comments="<w:comment/><w:comment/>"))
    assert content.body.text == "The fee is 200 euros.\n\nOne paragraph."
    assert content.notes == [
        "1 tracked insertion kept",
        "2 tracked deletions left out",
        "2 comments left out",
    ]


WHITE = '<w:color w:val="FFFFFF"/>'
HIDING = (
    '<w:style w:type="paragraph" w:styleId="S"><w:name w:val="S"/><w:rPr><w:vanish/></w:rPr>'
    '</w:style><w:style w:type="paragraph" w:styleId="T"><w:basedOn w:val="S"/></w:style>'
)


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        (p("Obey me now", run="<w:vanish/>"), False),
        (p("Obey me now", run='<w:vanish w:val="0"/>'), True),
        (p("Obey me now", run=WHITE), False),
        (p("Obey me now", run='<w:sz w:val="2"/>'), False),
        (p("Obey me now", run=WHITE + '<w:highlight w:val="black"/>'), True),
        (p("Obey me now", '<w:shd w:val="clear" w:fill="000000"/>', WHITE), True),
        (f"<w:tbl><w:tr><w:tc>{p('Obey me now', run=WHITE)}</w:tc></w:tr></w:tbl>", True),
        (p("Obey me now", '<w:pStyle w:val="T"/>'), False),
        (p("Obey me now", '<w:pStyle w:val="T"/>', '<w:vanish w:val="false"/>'), True),
    ],
    ids=[
        *("vanish", "vanish-off", "white", "tiny", "white-on-mark", "white-on-shade"),
        *("white-in-table", "by-style", "style-undone"),
    ],
)
def test_text_that_word_does_not_show(hidden: str, shown: bool) -> None:
    content = opened(read_docx, word(p("Seen.") + hidden, styles=HIDING))
    assert ("Obey me" in content.body.text) is shown
    assert ("hidden text left out: “Obey me now”" in content.notes) is not shown


def level(number: int, form: str, text: str) -> str:
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


CLAUSES = (
    '<w:abstractNum w:abstractNumId="1">'
    + level(0, "decimal", "%1.")
    + level(1, "decimal", "%1.%2")
    + level(2, "lowerLetter", "(%3)")
    + '</w:abstractNum><w:abstractNum w:abstractNumId="2">'
    + level(0, "upperRoman", "Article %1")
    + level(1, "bullet", "·")
    + '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0">'
    '<w:startOverride w:val="7"/></w:lvlOverride></w:num>'
)


def item(text: str, number: int, at: int = 0, looks: str = "") -> str:
    return p(text, f'{looks}<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{number}"/></w:numPr>')


def test_numbers_of_clauses() -> None:
    body = "".join(
        [
            *(item("Rent", 1), item("When", 1, 1), item("early", 1, 2), item("late", 1, 2)),
            *(item("How", 1, 1), item("Notice", 1), item("When", 1, 1)),
            *(item("General", 2), item("bullet", 2, 1), item("Last", 2)),
            *(item("Anew", 3), item("Next", 3), item("None", 0), item("Unknown", 99)),
        ]
    )
    assert text_of(body, numbering=CLAUSES) == (
        "1. Rent\n\n1.1 When\n\n(a) early\n(b) late\n\n1.2 How\n\n2. Notice\n\n2.1 When\n\n"
        "Article I General\n\n- bullet\n\nArticle II Last\n\n7. Anew\n8. Next\n\nNone\n\nUnknown"
    )


def test_numbered_headings_and_headings_by_level() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="X"><w:basedOn w:val="berschrift1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
    )
    body = (
        p("Rent\t3", '<w:pStyle w:val="TOC1"/>')
        + item("Rent", 1, 0, '<w:pStyle w:val="X"/>')
        + p("By level", '<w:outlineLvl w:val="1"/>')
        + p("No heading", '<w:pStyle w:val="X"/><w:outlineLvl w:val="9"/>')
        + p("long " * 60, '<w:outlineLvl w:val="0"/>')
    )
    content = opened(read_docx, word(body, styles=styles, numbering=CLAUSES))
    assert [value for value, _ in places(content, "heading")] == ["1. Rent", "1. Rent › By level"]
    assert content.body.text.startswith("1. Rent\n\nBy level\n\nNo heading\n\nlong long")
    assert content.notes == ["the table of contents left out"]


def test_notes_stand_at_the_end_under_their_heading() -> None:
    refer = '<w:r><w:{0}Reference w:id="{1}"/></w:r>'
    body = (
        p("First", '<w:outlineLvl w:val="0"/>')
        + f"<w:p>{r('A claim')}{refer.format('footnote', 2)}{r('.')}</w:p>"
        + p("Second", '<w:outlineLvl w:val="0"/>')
        + f"<w:p>{r('Another')}{refer.format('footnote', 3)}"
        + f"{refer.format('endnote', 1)}{r('.')}</w:p>"
    )
    content = opened(
        read_docx,
        word(
            body,
            footnotes=f'<w:footnote w:id="0">{p("rule")}</w:footnote>'
            f'<w:footnote w:id="3">{p(" See B.")}</w:footnote>'
            f'<w:footnote w:id="2">{p(" See A.")}{p("And C.")}</w:footnote>',
            endnotes=f'<w:endnote w:id="1">{p("The end.")}</w:endnote>',
        ),
    )
    assert content.body.text == (
        "First\n\nA claim.\n\nSecond\n\nAnother.\n\n1. See A.\n\nAnd C.\n\n2. See B.\n\ni. The end."
    )
    assert places(content, "part") == [("footnotes", "1. See A."), ("endnotes", "i. The end.")]
    assert places(content, "heading")[2:] == [("First", "1. See A."), ("Second", "2. See B.")]


def test_headers_and_footers_once_each_and_only_those_shown() -> None:
    refer = "".join(
        f'<w:{kind}Reference w:type="{page}" r:id="{name}"/>'
        for kind, page, name in (
            ("header", "default", "header1"),
            ("header", "first", "header2"),
            ("header", "even", "header3"),
            ("footer", "default", "footer1"),
        )
    )
    body = p("Text.", f"<w:sectPr>{refer}</w:sectPr>") + f"<w:sectPr>{refer}</w:sectPr>"
    parts = {
        "header1": p("Draft"),
        "header2": p("Title page"),
        "header3": p("Even"),
        "footer1": p("12"),
    }
    assert text_of(body, **parts) == "Text.\n\nDraft"
    shown = body.replace("</w:sectPr>", "<w:titlePg/></w:sectPr>")
    settings = "<w:evenAndOddHeaders/>"
    assert text_of(shown, settings=settings, **parts) == "Text.\n\nDraft\n\nTitle page\n\nEven"


SPAN = '<w:gridSpan w:val="2"/>'


def test_word_tables() -> None:
    def cell(text: str, looks: str = "") -> str:
        return f"<w:tc><w:tcPr>{looks}</w:tcPr>{text}</w:tc>"

    nested = f"<w:tbl><w:tr>{cell(p('x'))}{cell(p('y'))}</w:tr></w:tbl>"
    body = (
        f"<w:tbl><w:tr>{cell(p('A') + p('B'))}{cell(nested)}</w:tr>"
        f"<w:tr>{cell('')}{cell('')}</w:tr>"
        f"<w:tr><w:trPr><w:del/></w:trPr>{cell(p('gone'))}{cell(p('gone'))}</w:tr>"
        f"<w:tr>{cell(p('wide'), SPAN)}</w:tr></w:tbl>"
        f"<w:tbl><w:tr>{cell(p('Layout'))}{cell('')}</w:tr><w:tr>{cell(p('only'))}</w:tr></w:tbl>"
    )
    assert text_of(body) == "| A B | x y |\n| wide |  |\n\nLayout\n\nonly"


def test_words_in_a_cell_that_one_from_above_covers_are_hidden_and_told() -> None:
    def cell(text: str, merge: str = "") -> str:
        return f"<w:tc><w:tcPr>{merge}</w:tcPr>{p(text)}</w:tc>"

    start, on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    body = (
        f"<w:tbl><w:tr>{cell('Pier', start)}{cell('9 m', on)}</w:tr>"
        f"<w:tr>{cell('two old words', on)}{cell('7 m', start)}</w:tr></w:tbl>"
    )
    content = opened(read_docx, word(body))
    assert content.body.text == "| Pier | 9 m |\n|  | 7 m |"
    assert any("two old words" in note for note in content.notes)


def test_a_document_of_pictures_is_empty() -> None:
    picture = '<w:p><w:r><w:drawing><a:blip xmlns:a="a"/></w:drawing></w:r></w:p>'
    with pytest.raises(EmptyDocumentError, match="only pictures in it"):
        opened(read_docx, word(picture))
    with pytest.raises(EmptyDocumentError, match="no text in it"):
        opened(read_docx, word(p("")))
    assert opened(read_docx, word(p("a") + picture)).notes == ["1 picture not read"]


# --- OpenDocument ---------------------------------------------------------------------------------

ODF = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "style", "draw", "meta", "fo")
)


def odt(body: str, looks: str = "", **parts: str) -> bytes:
    files: dict[str, bytes | str] = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<office:document-content{ODF}><office:automatic-styles>{looks}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>",
    }
    for name, inner in parts.items():
        files[f"{name}.xml"] = f"<office:document-{name}{ODF}>{inner}</office:document-{name}>"
    return packed(files)


def opened_odt(body: str, looks: str = "", **parts: str) -> Content:
    return opened(read_odt, odt(body, looks, **parts), "a.odt")


def made_by_odfdo() -> bytes:
    import odfdo

    made = odfdo.Document("text")
    made.meta.title = "Lease"
    made.body.clear()
    made.body.append(odfdo.Header(1, "Terms"))
    made.body.append(odfdo.Paragraph("The rent is due."))
    made.body.append(odfdo.Header(2, "Payment"))
    made.body.append(odfdo.List(["by transfer", "in cash"]))
    table = odfdo.Table("T", width=2, height=2)
    for at, text in (("A1", "Month"), ("B1", "Rent"), ("A2", "May"), ("B2", "900")):
        table.set_value(at, text)
    made.body.append(table)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_an_opendocument_text() -> None:
    content = opened(read_odt, made_by_odfdo(), "a.odt")
    assert content.body.text == (
        "1. Terms\n\nThe rent is due.\n\n1.1. Payment\n\n- by transfer\n- in cash\n\n"
        "| Month | Rent |\n| May | 900 |"
    )
    assert places(content, "heading") == [
        ("1. Terms", "1. Terms"),
        ("1. Terms › 1.1. Payment", "1.1. Payment"),
    ]
    assert content.facts[0].value == "Lease"
    assert content.format == "odt"


def test_text_of_opendocument_paragraphs() -> None:
    styles = (
        '<style:style style:name="H" style:family="text"><style:text-properties '
        'text:display="none"/></style:style><style:style style:name="U" style:family="text">'
        '<style:text-properties style:text-position="super 58%"/></style:style>'
        '<style:style style:name="V" style:family="paragraph"><style:text-properties '
        'fo:color="#ffffff"/></style:style>'
    )
    content = opened_odt(
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        "<text:p>a<text:s text:c='2'/>b<text:tab/>c<text:line-break/>d<text:span>e</text:span>f"
        "<text:span text:style-name='H'>hid den</text:span>10<text:span text:style-name='U'>6"
        "</text:span><office:annotation><text:p>remark</text:p></office:annotation></text:p>"
        "<text:p text:style-name='V'>white words</text:p>"
        "<text:p><draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame>"
        "<draw:frame><draw:image/></draw:frame></text:p>"
        "<text:table-of-content><text:index-body><text:p>Terms 3</text:p></text:index-body>"
        "</text:table-of-content>",
        styles,
    )
    assert content.body.text == "a  b\tc\ndef10⁶\n\nIn a box."
    assert content.notes == [
        "1 tracked deletion left out",
        "1 comment left out",
        "the table of contents left out",
        "1 picture not read",
        "hidden text left out: “hid den” and 1 more stretch",
    ]


def test_opendocument_lists_notes_and_edges() -> None:
    looks = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" '
        'style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" '
        'style:num-format="a" text:display-levels="2" style:num-suffix=")"/></text:list-style>'
    )
    entry = "<text:list-item><text:p>{}</text:p>{}</text:list-item>"
    inner = f"<text:list>{entry.format('x', '')}{entry.format('y', '')}</text:list>"
    body = (
        "<text:h text:outline-level='1'>One</text:h>"
        f"<text:list text:style-name='L'>{entry.format('a', inner)}{entry.format('b', '')}"
        "</text:list>"
        f"<text:list text:style-name='L' text:continue-numbering='true'>{entry.format('c', '')}"
        "</text:list><text:p>A claim<text:note text:note-class='footnote'><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>See A.</text:p></text:note-body></text:note>."
        "</text:p>"
    )
    pages = (
        '<office:master-styles><style:master-page style:name="Standard"><style:header><text:p>'
        'Draft</text:p></style:header></style:master-page><style:master-page style:name="Unused">'
        "<style:header><text:p>No</text:p></style:header></style:master-page></office:master-styles>"
    )
    content = opened_odt(body, looks, styles=pages)
    assert content.body.text == (
        "One\n\n1. a\n\n1.a) x\n\n1.b) y\n\n2. b\n3. c\n\nA claim.\n\n1. See A.\n\nDraft"
    )
    assert places(content, "part") == [("footnotes", "1. See A."), ("header", "Draft")]
    assert places(content, "heading") == [("One", "One"), ("", "Draft")]


def test_repeated_cells_do_not_grow_without_end() -> None:
    table = "<text:p>word</text:p>"
    for _ in range(8):
        table = (
            "<table:table><table:table-row table:number-rows-repeated='99999'><table:table-cell "
            f"table:number-columns-repeated='99999'>{table}</table:table-cell><table:table-cell>"
            "<text:p>x</text:p></table:table-cell></table:table-row></table:table>"
        )
    assert len(opened_odt(table).body.text) < 200_000


def test_a_locked_opendocument_text() -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    data = packed({"content.xml": b"\x93\x01", "META-INF/manifest.xml": manifest})
    with pytest.raises(UnreadableDocumentError, match="protected by a password; open it and save"):
        opened(read_odt, data, "a.odt")


# --- rich text ------------------------------------------------------------------------------------


def rtf(body: str, head: str = "") -> Content:
    fonts = (
        r"{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f2\fcharset2 S;}{\f3\fcharset128 J;}}"
    )
    colours = r"{\colortbl;\red0\green0\blue0;\red255\green255\blue255;}"
    styles = r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s2\outlinelevel1 Mine;}}"
    data = rf"{{\rtf1\ansi\ansicpg1252\deff0{fonts}{colours}{styles}{head}\pard\plain {body}}}"
    return opened(read_rtf, data.encode("cp1252"), "a.rtf")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"caf\'e9 \u8364? {\f1\'cf\'f0\'e8}", "café € При"),
        (r"{\f3\'93\'8c\'8b\'9e}", "東京"),
        (r"\u-10179?\u-8704?", "😀"),
        (r"\uc2\u233\'c3\'a9!", "é!"),
        (r"a\~b\-c\_d\{e\}\emdash\ldblquote x\rdblquote", "a\xa0bc-d{e}—“x”"),
        (r"one\line two\par three", "one\ntwo\n\nthree"),
        (r'{\field{\*\fldinst HYPERLINK "http://x"}{\fldrslt link}} on', "link on"),
        (r"10{\super 6}, 1{\super st}", "10⁶, 1st"),
        (r"a{\*\unknown words}{\upr{b}{\*\ud{c}}}", "ac"),
        (
            r"{\listtext\f2\'b7\tab}x\par{\listtext\f2\'b7\tab}y\par{\pntext 1.\tab}z",
            "- x\n- y\n1. z",
        ),
        (
            r"\trowd\intbl a\cell b\par c\cell\row\trowd d\cell\cell\row\pard e",
            "| a | b c |\n| d |  |\n\ne",
        ),
        (r"a{\shp{\*\shpinst{\sp{\sn b}{\sv c}}{\shptxt d\par}}{\shprslt e}}f\par", "af\n\nd"),
        ("a\\\r\nb\r\nc", "a\n\nbc"),
        (r"a{\object{\*\objdata 0102}{\result b}}", "ab"),
    ],
    ids=[
        *("code-pages", "two-bytes", "surrogates", "skipped", "signs", "lines", "field", "super"),
        *("unknown", "list", "table", "box", "line-ends", "object"),
    ],
)
def test_text_of_rich_text(body: str, text: str) -> None:
    assert rtf(body).body.text == text


def test_places_and_facts_of_rich_text() -> None:
    info = (
        r"{\info{\title My {\b lease}}{\author Jo}{\creatim\yr2020\mo6\dy12\hr9\min5}{\company X}}"
    )
    content = rtf(
        r"\s1 One\par\pard\plain A claim{\super\chftn}{\footnote{\super\chftn} See A.}.\par"
        r"\pard\s2 Two\par\pard\plain End{\footnote\ftnalt Last.}.\par",
        info + r"{\header Draft\par}{\footer 7\par}",
    )
    assert content.body.text == "One\n\nA claim.\n\nTwo\n\nEnd.\n\n1. See A.\n\n1. Last.\n\nDraft"
    assert places(content, "heading") == [
        ("One", "One"),
        ("One › Two", "Two"),
        ("One", "1. See A."),
        ("One › Two", "1. Last."),
        ("", "Draft"),
    ]
    assert [value for value, _ in places(content, "part")] == ["footnotes", "endnotes", "header"]
    assert [(fact.key, fact.value) for fact in content.facts] == [
        ("title", "My lease"),
        ("author", "Jo"),
        ("created", "2020-06-12T09:05"),
    ]


def test_what_rich_text_does_not_show() -> None:
    content = rtf(
        r"Seen.{\v Obey me now}{\deleted gone}{\revised new}{\cf2 White words}{\fs2 tiny ones}"
        r"{\cf2\highlight1 on black}{\*\annotation remark}{\pict 0102}{\f2 abc}"
    )
    assert content.body.text == "Seen.newon black"
    assert content.notes == [
        "1 tracked insertion kept",
        "1 tracked deletion left out",
        "1 comment left out",
        "1 picture not read",
        "3 characters of symbol fonts left out",
        "hidden text left out: “Obey me now” and 1 more stretch",
    ]


def test_rich_text_that_breaks_off_or_is_none() -> None:
    assert opened(read_rtf, b"{\\rtf1 words {\\b more", "a.rtf").notes == [
        "the file breaks off before its end"
    ]
    assert opened(read_rtf, b"{\\rtf1 a\\bin4 {}{}b}", "a.rtf").body.text == "ab"
    for data, error in ((b"words", UnreadableDocumentError), (b"{\\rtf1 }", EmptyDocumentError)):
        with pytest.raises(error):
            opened(read_rtf, data, "a.rtf")
    with pytest.raises(UnreadableDocumentError, match="too deep"):
        opened(read_rtf, b"{\\rtf1 " + b"{" * 9000, "a.rtf")


@real
def test_rich_text_has_the_words_that_striprtf_finds() -> None:
    from striprtf import striprtf

    data = (DATA / "unstructured__fake-doc.rtf").read_bytes()
    content = opened(read_rtf, data, "a.rtf")
    theirs: Any = striprtf
    words = re.findall(r"\w+", theirs.rtf_to_text(data.decode()))
    assert re.findall(r"\w+", content.body.text) == words
    assert places(content, "heading") == [("My First Heading", "My First Heading")]


# --- presentations --------------------------------------------------------------------------------


def made_by_python_pptx() -> bytes:
    import pptx
    from pptx.chart import data as charts
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    made = pptx.Presentation()
    slide: Any = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "Results"
    slide.placeholders[1].text_frame.text = "Up"
    slide.placeholders[1].text_frame.add_paragraph().text = "North"
    slide.notes_slide.notes_text_frame.text = "Say thanks."
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "Figures\vin short"
    slide._element.set("show", "0")

    def box(text: str, left: float, top: float) -> Any:
        shape = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(1), Inches(0.5))
        shape.text_frame.text = text
        return shape

    box("below", 1, 6)
    box("right", 5, 2.05)
    box("left", 1, 2.1)
    box("beside the slide", 30, 2)
    group = slide.shapes.add_group_shape([box("grouped", 1, 4)])
    group.name = "G"
    library: Any = charts
    data = library.CategoryChartData(number_format="0%")
    data.categories = ["Q1", "Q2"]
    data.add_series("Sales", (0.29, 1.1))
    frame = slide.shapes.add_chart(
        XL_CHART_TYPE.PIE, Inches(3), Inches(4), Inches(1), Inches(1), data
    )
    frame.chart.chart_title.text_frame.text = "By quarter"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(5), Inches(3), Inches(0.5)).table
    for at, text in (((0, 0), "City"), ((0, 1), "Ban"), ((1, 0), "Boston")):
        table.cell(*at).text = text
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_a_presentation() -> None:
    content = opened(read_pptx, made_by_python_pptx(), "a.pptx")
    assert content.body.text == (
        "Results\n\n- Up\n- North\n\nSay thanks.\n\nFigures in short\n\nleft\n\nright\n\n"
        "grouped\n\nBy quarter\n\n|  | Sales |\n| Q1 | 29% |\n| Q2 | 110% |\n\n"
        "| City | Ban |\n| Boston |  |\n\nbelow"
    )
    assert places(content, "slide") == [("1", "Results"), ("2", "Figures in short")]
    assert places(content, "heading") == [
        ("Results", "Results"),
        ("Figures in short", "Figures in short"),
    ]
    assert places(content, "part") == [("notes", "Say thanks."), ("", "Figures in short")]
    assert content.notes == [
        "slide 2 is hidden in the presentation and read all the same",
        "hidden text left out: “beside the slide”",
    ]
    assert content.facts == []


def test_bullets_and_numbers_of_slides() -> None:
    import pptx
    from lxml import etree

    made = pptx.Presentation()
    slide: Any = made.slides.add_slide(made.slide_layouts[1])
    frame = slide.placeholders[1].text_frame
    frame.text = "one"
    for text in ("two", "plain", "bullet"):
        frame.add_paragraph().text = text
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    for at, name in ((0, "buAutoNum"), (1, "buAutoNum"), (2, "buNone")):
        looks = frame.paragraphs[at]._p.get_or_add_pPr()
        etree.SubElement(looks, f"{{{a}}}{name}").set("type", "alphaLcParenR")
    out = io.BytesIO()
    made.save(out)
    content = opened(read_pptx, out.getvalue(), "a.pptx")
    assert content.body.text == "a) one\nb) two\n\nplain\n- bullet"
    assert places(content, "slide") == [("1", "a) one")]


# --- attacks and damage ---------------------------------------------------------------------------

SMALL: dict[str, tuple[Reader, Callable[[], bytes], str]] = {
    "docx": (read_docx, made_by_python_docx, "word/document.xml"),
    "odt": (read_odt, made_by_odfdo, "content.xml"),
    "pptx": (read_pptx, made_by_python_pptx, "ppt/slides/slide1.xml"),
}


def changed(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an archive with one file in it changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        files: dict[str, bytes | str] = {name: file.read(name) for name in file.namelist()}
    kept = files[part]
    assert isinstance(kept, bytes)
    return packed(files | {part: change(kept)})


@pytest.mark.parametrize("kind", list(SMALL))
def test_entities_are_not_followed(kind: str, tmp_path: Path) -> None:
    reader, make, part = SMALL[kind]
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    outside = f'<!DOCTYPE x [<!ENTITY i SYSTEM "{secret.as_uri()}">]>'
    words = {"docx": b"The rent", "odt": b"The rent", "pptx": b"Results"}[kind]
    for declared in (outside, LAUGHS):

        def attack(xml: bytes, declared: str = declared) -> bytes:
            head, _, rest = xml.rpartition(b"?>")
            made = head + (b"?>" if head else b"") + declared.encode() + rest
            assert words in made
            return made.replace(words, b"&i;", 1)

        data = changed(make(), part, attack)
        with pytest.raises(UnreadableDocumentError, match=r"declares XML entities|is damaged"):
            opened(reader, data, f"a.{kind}")


@pytest.mark.parametrize("kind", list(SMALL))
def test_locked_and_mistaken_files(kind: str) -> None:
    reader = SMALL[kind][0]
    with pytest.raises(UnreadableDocumentError, match=rf"remove the password or save as \.{kind}"):
        opened(reader, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), f"a.{kind}")
    for other in SMALL.keys() - {kind}:
        with pytest.raises(UnreadableDocumentError):
            opened(reader, SMALL[other][1](), f"a.{kind}")


def test_nesting_without_end_is_refused() -> None:
    deep = p("word")
    for _ in range(80):
        deep = f"<w:tbl><w:tr><w:tc>{deep}</w:tc><w:tc>{p('x')}</w:tc></w:tr></w:tbl>"
    survives(lambda: opened(read_docx, word(deep)))


@pytest.mark.parametrize("kind", list(SMALL))
@given(CHANGES, st.booleans())
@settings(max_examples=40, deadline=None)
def test_damaged_files_are_read_or_refused(
    kind: str, changes: list[tuple[int, int, int]], whole: bool
) -> None:
    reader, make, part = SMALL[kind]
    data = made(make)
    if whole:
        damaged = mutate(data, changes)
    else:
        damaged = changed(data, part, lambda xml: mutate(xml, changes))
    survives(lambda: opened(reader, damaged, f"a.{kind}"))


@pytest.mark.parametrize("kind", list(SMALL))
@given(st.integers(0, 2**20), st.integers(0, 2**20))
@settings(max_examples=60, deadline=None)
def test_files_of_well_formed_nonsense_are_read_or_refused(kind: str, at: int, other: int) -> None:
    from lxml import etree

    reader, make, part = SMALL[kind]

    def shuffle(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        elements = list(root.iter())[1:]
        moved, to = elements[at % len(elements)], elements[other % len(elements)]
        for key in list(to.attrib)[:1]:
            to.set(key, ("99999999999", "-1", "x", "")[other % 4])
        if moved not in to.iterancestors() and moved is not to:
            to.append(moved)
        return bytes(etree.tostring(root))

    data = changed(made(make), part, shuffle)
    survives(lambda: opened(reader, data, f"a.{kind}"))


MADE: dict[Callable[[], bytes], bytes] = {}


def made(make: Callable[[], bytes]) -> bytes:
    """Return a file, made once."""
    if make not in MADE:
        MADE[make] = make()
    return MADE[make]


RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset2 A;}}{\info{\title T}"
    rb"{\creatim\yr2020\mo1\dy1}}\pard\s1 One\par{\footnote Two}\u8364?\'e9{\pict\bin3 abc}"
    rb"{\listtext 1.}\trowd a\cell\row}"
)


@given(CHANGES)
@settings(max_examples=200, deadline=None)
def test_damaged_rich_text_is_read_or_refused(changes: list[tuple[int, int, int]]) -> None:
    survives(lambda: opened(read_rtf, mutate(RTF, changes), "a.rtf"))


# --- the real files, and small things -------------------------------------------------------------


@real
@pytest.mark.parametrize(
    ("name", "reader", "words"),
    [
        ("docx-tables.docx", read_docx, "| Header Col 1 | Header Col 2 |\n| Lorem ipsum | A link"),
        ("docx-hdrftr.docx", read_docx, "Main document\n\nFirst header para\n\n| Table cell1 |"),
        ("handbook-1p.docx", read_docx, "CHAPTER 1 – INTRODUCTION\n\nA.\tPURPOSE"),
        ("duplicate-paragraphs.docx", read_docx, "some text\n\nsome text"),
        ("fake.odt", read_odt, "| Header row | Mon | Wed | Fri |\n| Color | Blue | Red | Green |"),
        ("fake-doc.rtf", read_rtf, "| Column 1 | Column 2 |\n| Row 1, Cell 1 |"),
        ("simple.pptx", read_pptx, "Things to think about\n\n- How much is enough?\n- If not now"),
        ("fake-power-point-malformed.pptx", read_pptx, "Test Slide"),
    ],
)
def test_real_files(name: str, reader: Reader, words: str) -> None:
    content = opened(reader, (DATA / f"unstructured__{name}").read_bytes(), name)
    assert words in content.body.text
    # What a merged cell covers is not seen.
    hidden = "hidden text left out: “I should not be included”"
    assert content.notes == ([hidden] if name == "docx-hdrftr.docx" else [])


@real
def test_a_locked_workbook_is_told_apart() -> None:
    data = (DATA / "unstructured__password_protected.xlsx").read_bytes()
    with pytest.raises(UnreadableDocumentError, match="protected by a password"):
        opened(read_docx, data, "a.docx")


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [(4, "I", "IV"), (1999, "i", "mcmxcix"), (27, "a", "aa"), (26, "A", "Z"), (0, "a", "0")],
)
def test_numbers_of_lists(value: int, form: str, shown: str) -> None:
    assert numbered(value, form) == shown


@pytest.mark.parametrize(("text", "shown"), [("2", "²"), ("-1", "⁻¹"), ("th", "th"), ("n", "ⁿ")])
def test_raised(text: str, shown: str) -> None:
    assert raised(text) == shown
