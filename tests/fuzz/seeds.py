"""What is changed: small files of every format, made by code, as the tests of the readers do.

Nobody else's file is among them, so that what grows from them may be kept. The real files that are
at hand on some machines are given apart.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from rag.documents.readers import SUPPORTED
from tests.fast import (
    test_archive,
    test_epub,
    test_mail,
    test_office,
    test_pdf,
    test_places,
    test_sheets,
)
from tests.fuzz.mutate import MOST_BYTES

DATA = Path(os.environ.get("FOOTNOTE_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
DATA = DATA if DATA.name == "documents" else DATA / "documents"

_ALIAS = {".htm": ".html", ".tsv": ".csv", ".markdown": ".md", ".text": ".txt", ".ndjson": ".jsonl"}
_ALIAS |= {".docm": ".docx", ".dotx": ".docx", ".pptm": ".pptx", ".ppsx": ".pptx", ".xlsm": ".xlsx"}
SUFFIXES = tuple(suffix for suffix in SUPPORTED if suffix not in _ALIAS)


def made() -> dict[str, list[bytes]]:
    """Return files of every format, made by code alone."""
    mail = _mails()
    return {
        ".pdf": _pdfs(),
        ".docx": [
            test_office.made_by_python_docx(),
            _word(),
            test_office.word(_TRACKED, test_office.STRICT),
        ],
        ".odt": [test_office.made_by_odfdo(), test_office.odt(_OPEN, _OPEN_LOOKS, meta=_OPEN_META)],
        ".rtf": [test_office.RTF, *(text.encode("cp1252") for text in _RICH)],
        ".pptx": [test_office.made_by_python_pptx()],
        ".xlsx": [test_sheets.SMALL, *_workbooks()],
        ".csv": [test_sheets.SMALL_CSV, *(text.encode() for text in _TABLES)],
        ".epub": [test_epub.SMALL, _book()],
        ".eml": mail,
        ".mbox": [b"".join(test_mail.POSTMARK.encode() + each + b"\n\n" for each in mail[:2])],
        ".html": [test_places.PAGE.encode(), *(text.encode() for text in _PAGES)],
        ".json": [text.encode() for text in _RECORDS],
        ".jsonl": [
            b'{"id": 1, "text": "One."}\n{"id": 2, "a": {"b": [1, "x"]}}\n',
            b'[1]\n"a"\n2\n',
        ],
        ".md": [test_places.MARKDOWN.encode(), "Größe\r\n=====\r\n* a\r\n".encode("cp1252")],
        ".txt": ["The plan\n\nBy Jo Doe\n\nWe begin on Monday.\n".encode("utf-16"), b"words"],
    }


def real(suffix: str) -> Iterator[bytes]:
    """Yield the real files of a format that are at hand, to be changed and never kept."""
    for path in sorted(DATA.glob(f"*{suffix}")) if DATA.is_dir() else ():
        if 0 < path.stat().st_size <= MOST_BYTES:
            yield path.read_bytes()


def _pdfs() -> list[bytes]:
    left = test_pdf.show(test_pdf.column(72, 700, test_pdf.LEFT))
    right = test_pdf.show(test_pdf.column(320, 700, test_pdf.RIGHT))
    table = [(72 + 120 * x, 500 - 14 * y, f"{x * y}.5") for y in range(5) for x in range(3)]
    turned = "BT /F1 9 Tf 0 1 -1 0 50 300 Tm (in the margin) Tj ET "
    hidden = test_pdf.show([(72, 300, test_pdf.SECRET)], before="3 Tr")
    head = test_pdf.show([(72, 740, "A Heading of the Page")], 18, font="F2")
    form = "/Annots [<< /Type /Annot /Subtype /FreeText /Rect [0 0 9 9] /Contents (x) >>]"
    plain = test_pdf.pdf(head + left + right, info="/Title (T) /ModDate (D:20200101)", page=form)
    locked = test_pdf.pdf(left, password="")
    return [
        test_pdf.SMALL,
        plain,
        locked,
        test_pdf.pages_with_furniture(),
        test_pdf.pdf(left + test_pdf.show(table) + turned + hidden, page="/Rotate 90"),
        _deflated(plain),
        _full(left),
    ]


def _full(words: str) -> bytes:
    """Return a PDF with bookmarks and attached files."""
    terms = test_pdf.outline(("1.1 Rent", 7, ""), ("Gone", 7, ""))
    marks = test_pdf.outline(("Terms", 7, terms), ("Notice", 9, ""), ("Nowhere", 0, ""))
    pages = test_pdf.headed("1 Terms", "1.1 Rent"), test_pdf.headed("Notice") + words
    files = {"plan.txt": b"We begin.", "a.csv": test_sheets.SMALL_CSV, "in.pdf": test_pdf.SMALL}
    return test_pdf.pdf(*pages, catalog=f"/Outlines << {marks} >>", files=files)


def _deflated(data: bytes) -> bytes:
    """Return a PDF with its first content stream packed; its table of objects then is wrong."""
    begin, end = (data.index(word, data.index(b"BT /F")) for word in (b"\nendstream", b"\nendobj"))
    start = data.rindex(b"stream\n", 0, begin) + len(b"stream\n")
    head = data.rindex(b"/Length", 0, start)
    stream = zlib.compress(data[start:begin])
    stated = b"/Filter /FlateDecode /Length %d >>\nstream\n" % len(stream)
    return data[:head] + stated + stream + data[begin:end] + data[end:]


_TRACKED = (
    "<w:p><w:pPr><w:outlineLvl w:val='0'/></w:pPr><w:r><w:t>One</w:t></w:r></w:p>"
    "<w:p><w:ins><w:r><w:t>put in </w:t></w:r></w:ins><w:del><w:r><w:delText>gone</w:delText></w:r>"
    "</w:del><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>10</w:t></w:r>"
    "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>6</w:t></w:r></w:p>"
    "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
)


def _word() -> bytes:
    levels = "".join(
        test_office.level(number, form, text)
        for number, form, text in ((0, "decimal", "%1."), (1, "lowerRoman", "(%2)"))
    )
    numbering = (
        f"<w:abstractNum w:abstractNumId='0'>{levels}</w:abstractNum>"
        "<w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num>"
    )
    note = "<w:r><w:footnoteReference w:id='2'/></w:r>"
    box = f"<w:r><w:txbxContent>{test_office.p('in a box')}</w:txbxContent></w:r>"
    body = (
        test_office.item("first", 1)
        + test_office.item("below", 1, 1)
        + f"<w:p>{test_office.r('noted')}{note}{box}</w:p>"
        + "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>"
        + test_office.p("wide")
        + "</w:tc></w:tr><w:tr><w:tc>"
        + test_office.p("a")
        + "</w:tc><w:tc><w:tcPr><w:vMerge/></w:tcPr>"
        + test_office.p("b")
        + "</w:tc></w:tr></w:tbl>"
    )
    footnotes = f"<w:footnote w:id='2'>{test_office.p('The note.')}</w:footnote>"
    return test_office.word(body, numbering=numbering, footnotes=footnotes)


_OPEN_LOOKS = (
    "<style:style style:name='H' style:family='text'><style:text-properties text:display='none'/>"
    "</style:style>"
)
_OPEN = (
    "<text:h text:outline-level='1'>Terms</text:h><text:p>a<text:s text:c='3'/>b<text:tab/>c"
    "<text:line-break/>d<text:span text:style-name='H'>hidden</text:span></text:p>"
    "<text:list><text:list-item><text:p>x</text:p><text:list><text:list-item><text:p>y</text:p>"
    "</text:list-item></text:list></text:list-item></text:list>"
    "<text:p>noted<text:note><text:note-citation>1</text:note-citation><text:note-body>"
    "<text:p>The note.</text:p></text:note-body></text:note></text:p>"
    "<table:table><table:table-row><table:table-cell table:number-columns-repeated='2'>"
    "<text:p>c</text:p></table:table-cell><table:covered-table-cell/></table:table-row>"
    "</table:table><draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame>"
)
_OPEN_META = "<office:meta><meta:creation-date>2020-01-01</meta:creation-date></office:meta>"
_RICH = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f3\fcharset128 J;}}"
    r"{\stylesheet{\s1 heading 1;}{\s2\outlinelevel1 Mine;}}{\info{\title T}{\author A}}"
    r"\pard\s1 One\par\pard\plain caf\'e9 \u8364? {\f1\'cf\'f0}{\f3\'93\'8c}\par 10{\super 6}"
    r"{\listtext\'b7\tab}x\par\pard\s2 Two\par{\v hidden}{\deleted gone}{\header top}"
    r"\trowd\intbl a\cell b\par c\cell\row\trowd d\cell\cell\row\pard{\footnote note}"
    r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\shp{\*\shpinst{\shptxt box\par}}}\par}",
    r"{\rtf1\mac{\upr{b}{\*\ud{\uc2\u233\'c3\'a9}}}{\object{\*\objdata 01}{\result r}}"
    r"{\pntext 1.\tab}one\line two\emdash\ldblquote x\rdblquote\page\sect{\*\unknown u} end}",
)


def _workbooks() -> Iterator[bytes]:
    import datetime
    from typing import Any

    def full(workbook: Any) -> None:
        sheet = workbook.active
        for row in (["The budget"], ["Region", "City", "Cost"], ["North", "Oslo", 1.5]):
            sheet.append(row)
        sheet.append([None, "Bergen", datetime.date(2020, 1, 2)])
        sheet.append(["=1+1", "#DIV/0!", True])
        sheet.merge_cells("A3:A4")
        sheet.row_dimensions[4].hidden = True
        sheet.column_dimensions["C"].hidden = True
        sheet["B3"].number_format = "0%"
        workbook.create_sheet("Secret").append(["a"])
        workbook["Secret"].sheet_state = "hidden"
        workbook.create_sheet("People").append(["Name", "Age"])
        workbook["People"].append(["Anna", 33])
        workbook.properties.title = "T"

    yield test_sheets.made(full)
    yield test_sheets.with_sheet_xml(
        "<row r='2'><c r='B2' t='inlineStr'><is><t>a</t></is></c><c r='D2'><v>4</v></c></row>"
    )


_TABLES = (
    "sep=;\nName;Wert\na;1,5\nb;2,5\n",
    'a\tb\n"x\ny"\t2\n\nTotal\t3\n',
    "Team,Cups\nBlues,1\n\nMen,Women\n3,4\n",
    'a|b\n"unclosed|c\nd|e\n',
)


def _book() -> bytes:
    nav = (
        '<li><a href="a.xhtml">Foreword</a></li><li><a href="b%20c.xhtml">The <b>Sun</b></a><ol>'
        '<li><a href="b%20c.xhtml#s">Inside</a></li></ol></li>'
    )
    ncx = (
        "<navPoint><navLabel><text>One</text></navLabel><content src='a.xhtml'/></navPoint>"
        "<pageList><pageTarget value='3'><content src='a.xhtml#p'/></pageTarget></pageList>"
    )
    pages = {
        "a.xhtml": "<p>Before <span id='p' epub:type='pagebreak' title='3'/>all.</p>"
        "<ruby>a<rt>b</rt></ruby><pre>x\n y</pre><p hidden='hidden'>no</p>",
        "b c.xhtml": '<h1>The Sun</h1><p>It shines.<br/>So.</p><h2 id="s">Inside</h2><dl><dt>a</dt>'
        "<dd>b</dd></dl><table><tr><td colspan='2'>c</td></tr><tr><td>1</td><td>2</td></tr>",
    }
    stated = (
        "<dc:title>T</dc:title><dc:creator opf:role='aut'>A</dc:creator><dc:date>2020</dc:date>"
    )
    return test_epub.book(pages, nav=nav, ncx=ncx, stated=stated)


def _mails() -> list[bytes]:
    bare = (
        f"{test_mail.HEAD}\nYes.\n\nOn Fri, 16 Dec 2022 Bob wrote:\n> Shall we?\n> > Who?\n-- \nA\n"
    )
    page = (
        f"{test_mail.HEAD}Content-Type: text/html; charset=iso-8859-1\n\n<p>Größe<br>two</p><table>"
        "<tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table><blockquote>q</blockquote>"
    )
    full = EmailMessage()
    full["From"], full["Subject"] = "Anna <anna@a.org>", "Files"
    full["Date"] = "Fri, 16 Dec 2022 17:04:16 -0500"
    full.set_content("See the files.")
    for name, kind, data in (
        ("a.csv", "text/csv", test_sheets.SMALL_CSV),
        ("b.html", "text/html", _PAGES[0].encode()),
        ("c.pdf", "application/pdf", test_pdf.SMALL),
        ("d.json", "application/json", _RECORDS[0].encode()),
        ("e.zip", "application/zip", test_archive.packed({"a": "words"})),
    ):
        main, _, sub = kind.partition("/")
        full.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return [test_mail.SMALL, bare.encode(), page.encode("latin-1"), full.as_bytes()]


_PAGES = (
    "<html><head><title>The plan</title><meta name='author' content='Jo Doe'>"
    "<meta property='article:published_time' content='2020-01-02'>"
    '<script type=\'application/ld+json\'>{"@type": "NewsArticle", "headline": "The plan"}'
    "</script></head><body><nav><a href='x'>Menu</a></nav><main><h1>The plan</h1>"
    + "<p>We begin on Monday, and everybody in the town who wants to come may come then.</p>"
    * 3
    + "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    "<p style='display:none'>hidden</p><ul><li>one</li><li>two<ol><li>x</li></ol></li></ul></main>"
    "</body></html>",
    "<p>Only words.",
    "<!doctype html><meta charset=windows-1252><h2>A</h2>b<h3>C</h3><pre>d\n e</pre><dl><dt>f<dd>g",
)
_RECORDS = (
    '{"title": "T", "date": "2020-01-01", "items": [{"a": 1, "b": [true, null]}, {"a": "x\\ny"}]}',
    '[{"name": "Anna", "age": 33}, {"name": "Bo", "in": {"deep": {"er": [[1], [2]]}}}]',
    '"words"',
)
