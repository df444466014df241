"""CSV, TSV and workbooks: every row a line with the names of its columns, and no false name."""

from __future__ import annotations

import datetime
import os
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.places import places, told
from rag.documents.sheets import read_csv
from rag.documents.source import Content, Source
from rag.documents.xlsx import read_xlsx
from rag.errors import DocumentError, EmptyDocumentError, UnreadableDocumentError
from rag.types import Document

DATA = Path(
    os.environ.get("FOOTNOTE_DATA", Path(__file__).parents[2].parent / "shared/data/documents")
)
openpyxl = pytest.importorskip("openpyxl")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared documents are not here")


def read(data: str | bytes, name: str = "a.csv") -> Content:
    data = data.encode() if isinstance(data, str) else data
    reader = read_xlsx if name.endswith(".xlsx") else read_csv
    return reader(Source(Path(name), data))


def lines(content: Content) -> list[str]:
    return content.body.text.split("\n\n")


def where(content: Content, words: str) -> str:
    text = content.body.text
    document = Document("", "", "", text, "", {}, {}, "", marks=tuple(content.body.marks))
    start = text.index(words)
    return told(places(document, start, start + len(words)))


# --- values parted by signs -----------------------------------------------------------------------


def test_each_row_is_a_line_with_the_names_of_its_columns() -> None:
    content = read("Team,Cups\r\nBlues,1\r\n\r\nMaple Leafs,13\r\n")
    assert lines(content) == [
        "| Team | Cups |",
        "Team: Blues; Cups: 1",
        "Team: Maple Leafs; Cups: 13",
    ]
    assert where(content, "Blues") == "row 2"
    assert where(content, "Maple") == "row 4", "counted as a spreadsheet counts"
    assert (content.format, content.notes, content.facts) == ("csv", [], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1,5;2\n2,5;3\n", "a: 1,5; b: 2"),
        ("1,5;2,5\n3,5;4,5\n", "| 1,5 | 2,5 |"),
        ("a\tb\n1, 2\t3\n", "a: 1, 2; b: 3"),
        ("a|b\n1|2\n", "a: 1; b: 2"),
        ("sep=;\na;b\n1;2\n", "a: 1; b: 2"),
        ('a,b\n"1,000",2\n', "a: 1,000; b: 2"),
        ('a,b\n"He said ""no"".",2\n', 'a: He said "no".; b: 2'),
        ('a,b\n"one\ntwo",2\n', "a: one two; b: 2"),
        ("One line, with a comma.\nNone.\nThree.\nFour.\n", "One line, with a comma."),
        ("name\nAnna\nBob\n", "Bob"),
        ("a,b\n1,2,3\n", "a: 1; b: 2; 3"),
        ("a,b,c\n1,,3\n", "a: 1; c: 3"),
        (",Cost\nPaper,30\n", "Paper; Cost: 30"),
        ("Land:;Wert\nNO;30\n", "Land: NO; Wert: 30"),
        ("Country,2019,2020\nFrance,3.4,3.5\n", "Country: France; 2019: 3.4; 2020: 3.5"),
        ("Budget\nItem,Cost\nPaper,30\nSource: us\n", "Source: us"),
        ("Author:,Anna\n\nItem,Cost,Paid,On\nInk,3,4,2020-01-02\n", "Item: Ink; Cost: 3; Paid: 4"),
        ("Anna,Oslo,33\nBob,Rome,44\n", "| Bob | Rome | 44 |"),
        ("France,2010,2011\nSpain,2012,2013\n", "| France | 2010 | 2011 |"),
    ],
    ids=[
        *("semicolon", "decimal-commas", "tab", "bar", "sep-line", "quoted", "quote-in-quotes"),
        *("line-break", "prose", "one-column", "too-many", "empty-cell", "nameless-column"),
        *("colon", "years", "footnote", "lines-above", "no-names", "no-names-but-years"),
    ],
)
def test_tables(text: str, expected: str) -> None:
    content = read(text)
    assert any(line.startswith(expected) for line in lines(content)), content.body.text
    assert content.notes == []


def test_groups_of_columns_stand_in_the_names_they_tell_apart() -> None:
    content = read(",2019,,2020,\nName,Made,Sold,Made,Sold\nInk,1,2,3,4\n")
    assert lines(content)[-1] == (
        "Name: Ink; 2019 › Made: 1; 2019 › Sold: 2; 2020 › Made: 3; 2020 › Sold: 4"
    )


def test_names_are_a_guess_where_no_number_shows_them() -> None:
    content = read("name,city,job\nAnna,Oslo,cook\nBob,Rome,smith\n")
    assert lines(content)[1] == "name: Anna; city: Oslo; job: cook"
    assert content.notes == ["row 1 was taken for the names of the columns, a guess"]
    for text in (
        "Anna,Oslo,cook\nBob,Rome,smith\nAnna,Bonn,nurse\n",
        "a@b.org,Oslo,cook\nc@d.org,Rome,smith\n",
        "Anna,Oslo,cook\n",
        "Author,Anna\nDepartment,Sales\n",
        "Customer:,Acme\nOrders:,5\nSum:,100\n",
    ):
        assert all(line.startswith("| ") for line in lines(read(text))), "values are no names"


def test_names_that_are_repeated_are_no_row() -> None:
    content = read("Item,Cost\nInk,20\nItem,Cost\nPaper,30\n")
    assert lines(content)[2:] == ["| Item | Cost |", "Item: Paper; Cost: 30"]


def test_a_table_below_another_does_not_get_its_names() -> None:
    content = read(
        "Item,Cost\nPaper,30\n\nInk,20\n\nEmployee,Role\nAnna,Boss\n\nCity,People\nRome,3\n"
    )
    assert lines(content) == [
        *("| Item | Cost |", "Item: Paper; Cost: 30", "Item: Ink; Cost: 20"),
        *("| Employee | Role |", "| Anna | Boss |"),
        *("| City | People |", "City: Rome; People: 3"),
    ]


def test_a_broken_quotation_mark_costs_its_row_only() -> None:
    content = read('id,said\n1,"fine, so"\n2,"open, never closed\n3,x\n4,"good, too"\n')
    assert lines(content)[1:] == [
        *("id: 1; said: fine, so", 'id: 2; said: "open; never closed', "id: 3; said: x"),
        "id: 4; said: good, too",
    ]
    assert content.notes == ["quotation marks in row 3 are not closed and were read as text"]
    escaped = read('id,said\n1,"She said \\"yes, sir\\""\n')
    assert lines(escaped)[1] == 'id: 1; said: She said "yes, sir"'


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    content = read("Stadt;Größe\nKöln;3,5\n".encode(encoding))
    assert lines(content)[1] == "Stadt: Köln; Größe: 3,5"


def test_long_cells_stay_whole() -> None:
    words = "word " * 60_000
    assert read(f"id,text\n1,{words}\n").body.text.endswith(words.strip())


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b";;\n", EmptyDocumentError),
        (b",,\n,,\n", EmptyDocumentError),
        (b"a,b\0\0\0\n" * 9, UnreadableDocumentError),
        (b"PK\x03\x04", UnreadableDocumentError),
    ],
    ids=["no-value", "no-values", "binary", "workbook"],
)
def test_refusals(data: bytes, error: type[DocumentError]) -> None:
    with pytest.raises(error):
        read(data)


def test_too_much_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.documents.sheets.MOST_CHARACTERS", 100)
    with pytest.raises(UnreadableDocumentError, match="split it into several files"):
        read("name,number\n" + "a,1\n" * 20)


def test_a_large_table_does_not_take_long() -> None:
    start = time.monotonic()
    content = read("name,number\n" + "abc,123\n" * 50_000)
    assert len(content.body.marks) == 50_001
    assert time.monotonic() - start < 10


@needs_data
@pytest.mark.parametrize("name", ["stanley-cups.csv", "stanley-cups-utf-16.csv"])
def test_real_tables(name: str) -> None:
    content = read((DATA / f"unstructured__{name}").read_bytes())
    assert lines(content)[-1] == "Team: Maple Leafs; Location: TOR; Stanley Cups: 13"
    assert where(content, "Maple") == "row 5"


# --- workbooks ------------------------------------------------------------------------------------


def made(fill: Callable[[Any], None]) -> bytes:
    """Return the bytes of a workbook; `fill` is given an empty one."""
    workbook = openpyxl.Workbook()
    workbook.active.title = "Budget"
    fill(workbook)
    out = BytesIO()
    workbook.save(out)
    return out.getvalue()


def rewritten(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Return a workbook with its files changed; those that become None are left out."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                new.writestr(name, content)
    return out.getvalue()


def small(workbook: Any) -> None:
    sheet = workbook.active
    for row in (["Item", "Cost"], ["Paper", 30], ["Ink", 20]):
        sheet.append(row)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SMALL = made(small)


def with_sheet_xml(xml: str) -> bytes:
    """Return a workbook whose sheet holds these rows."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{space}"><sheetData>{xml}</sheetData></worksheet>'
    return rewritten(
        SMALL, lambda name, old: sheet.encode() if name.endswith("sheet1.xml") else old
    )


def test_a_workbook() -> None:
    def fill(workbook: Any) -> None:
        small(workbook)
        workbook.create_sheet("People").append(["Name", "Age"])
        workbook["People"].append(["Anna", 33])

    content = read(made(fill), "a.xlsx")
    assert lines(content) == [
        *("| Item | Cost |", "Sheet: Budget; Item: Paper; Cost: 30"),
        *("Sheet: Budget; Item: Ink; Cost: 20", "| Name | Age |"),
        "Sheet: People; Name: Anna; Age: 33",
    ]
    assert where(content, "Ink") == "sheet “Budget”, row 3"
    assert where(content, "Anna") == "sheet “People”, row 2"
    assert (content.format, content.notes) == ("xlsx", [])


def test_rows_name_their_sheet_where_that_tells_them_apart() -> None:
    def fill(workbook: Any) -> None:
        small(workbook)
        for name, hidden in (("Tabelle 2", False), ("Old", True)):
            sheet = workbook.create_sheet(name)
            sheet.append(["Name", "Age"])
            sheet.append(["Anna", 33])
            sheet.sheet_state = "hidden" if hidden else "visible"

    content = read(made(fill), "a.xlsx")
    assert lines(content)[1] == "Sheet: Budget; Item: Paper; Cost: 30"
    assert lines(content)[-1] == "Name: Anna; Age: 33"
    assert where(content, "Budget; Item: Ink") == "sheet “Budget”, row 3"


@pytest.mark.parametrize(
    ("value", "format", "shown"),
    [
        (3.0000000001, None, "3"),
        (0.1 + 0.2, None, "0.3"),
        (1234567890.126, None, "1234567890.13"),
        (123456789012345, None, "123456789012345"),
        (-0.0, None, "0"),
        (0.00000012, None, "0.00000012"),
        (6.02e23, None, "6.02e+23"),
        (0.125, "0%", "12.5%"),
        (1, "0.00%", "100%"),
        (True, None, "TRUE"),
        (datetime.datetime(2020, 3, 4), "dd.mm.yyyy", "2020-03-04"),
        (datetime.datetime(2020, 3, 4, 12, 30), "dd.mm.yyyy hh:mm", "2020-03-04 12:30"),
        (datetime.date(2020, 3, 4), None, "2020-03-04"),
        (datetime.time(9, 30), None, "09:30:00"),
        ("one\ntwo", None, "one two"),
        ("#DIV/0!", None, "#DIV/0!"),
    ],
    ids=str,
)
def test_values(value: object, format: str | None, shown: str) -> None:
    def fill(workbook: Any) -> None:
        for row in (["Name", "Value", "No"], ["x", value, 1], ["y", 1, 2]):
            workbook.active.append(row)
        if format:
            workbook.active["B2"].number_format = format

    assert lines(read(made(fill), "a.xlsx"))[1] == f"Name: x; Value: {shown}; No: 1"


def test_merged_cells_go_down_but_not_aside() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.active
        for row in (["The budget"], ["Region", "City", "Cost"], ["North", "Oslo", 1]):
            sheet.append(row)
        sheet.append([None, "Bergen", 2])
        sheet.merge_cells("A1:C1")
        sheet.merge_cells("A3:A4")

    assert lines(read(made(fill), "a.xlsx")) == [
        *("The budget", "| Region | City | Cost |"),
        *("Region: North; City: Oslo; Cost: 1", "Region: North; City: Bergen; Cost: 2"),
    ]


def test_what_is_hidden_is_left_out_and_told() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.active
        for row in (["Item", "Cost", "Secret"], ["Paper", 30, "a"], ["Ink", 20, "b"]):
            sheet.append(row)
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["C"].hidden = True
        workbook.create_sheet("Old").append(["gone", "too"])
        workbook["Old"].sheet_state = "veryHidden"

    content = read(made(fill), "a.xlsx")
    assert lines(content) == ["| Item | Cost |", "Item: Ink; Cost: 20"]
    assert content.notes == [
        "a hidden row of the sheet “Budget” left out (2)",
        "hidden columns of the sheet “Budget” left out (C)",
        "a hidden sheet was left out (“Old”); show it to have it read",
    ]


def test_what_is_not_read_is_told() -> None:
    chart_of = pytest.importorskip("openpyxl.chart")
    comment_of = pytest.importorskip("openpyxl.comments")

    def fill(workbook: Any) -> None:
        small(workbook)
        sheet = workbook.active
        sheet["B4"] = "=SUM(B2:B3)"
        sheet["A1"].comment = comment_of.Comment("words", "Anna")
        chart = chart_of.BarChart()
        chart.add_data(chart_of.Reference(sheet, min_col=2, min_row=2, max_row=3))
        workbook.create_chartsheet("Bars").add_chart(chart)

    assert read(made(fill), "a.xlsx").notes == [
        "a formula of the sheet “Budget” without a saved value left out; "
        "open it in a spreadsheet program and save it to have them read",
        "chart sheets are not read: “Bars”",
        "comments on cells are not read",
        "charts, pictures and text boxes are not read",
    ]


def test_properties() -> None:
    def fill(workbook: Any) -> None:
        small(workbook)
        properties = workbook.properties
        properties.title, properties.creator = "The budget", "Anna Berg"
        properties.created = datetime.datetime(2020, 3, 4, 12, 30)

    content = read(made(fill), "a.xlsx")
    found = {fact.key: fact.value for fact in content.facts}
    assert found.pop("updated")
    assert found == {
        "title": "The budget",
        "author": "Anna Berg",
        "created": "2020-03-04T12:30:00Z",
    }
    assert content.origin == "document properties"
    assert "author" not in {fact.key for fact in read(SMALL, "a.xlsx").facts}, "not the library"
    bare = rewritten(SMALL, lambda name, old: None if "core.xml" in name else old)
    assert read(bare, "a.xlsx").facts == [], "and no time that is not stated"


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="1"><c r="A1" t="str"><v>far</v></c></row>' + '<row r="1048576"/>',
        '<row r="1048576"><c r="XFD1048576" t="str"><v>far</v></c></row>',
        '<row><c t="str"><v>far</v></c></row>' + "<row/>" * 100_000,
    ],
    ids=["last-row", "last-cell", "many-empty-rows"],
)
def test_empty_rows_do_not_take_long(xml: str) -> None:
    start = time.process_time()
    assert read(with_sheet_xml(xml), "a.xlsx").body.text == "far"
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 words",
            UnreadableDocumentError,
            "remove the password or save",
        ),
        (b"a,b\n1,2\n", UnreadableDocumentError, "check its suffix"),
        (SMALL[:-100], UnreadableDocumentError, "is damaged"),
        (made(lambda _: None), EmptyDocumentError, "its cells are empty"),
        (with_sheet_xml('<row r="4000000000"><c/></row>'), UnreadableDocumentError, "damaged"),
        (with_sheet_xml('<row r="1"><c r="1"/></row>'), UnreadableDocumentError, "damaged"),
        (with_sheet_xml('<row r="1"><c r="A1"><v>x</v></c>'), UnreadableDocumentError, "damaged"),
        (
            rewritten(
                SMALL,
                lambda _, old: old.replace(
                    b"schemas.openxmlformats.org/spread", b"purl.oclc.org/ooxml/spread"
                ),
            ),
            UnreadableDocumentError,
            "Strict Open XML",
        ),
    ],
    ids=[
        "locked",
        "no-archive",
        "cut",
        "empty",
        "no-such-row",
        "no-such-cell",
        "bad-xml",
        "strict",
    ],
)
def test_workbooks_that_cannot_be_read(data: bytes, error: type[DocumentError], words: str) -> None:
    with pytest.raises(error, match=words):
        read(data, "a.xlsx")


def test_a_damaged_sheet_does_not_hide_the_others() -> None:
    def fill(workbook: Any) -> None:
        small(workbook)
        workbook.create_sheet("Bad").append(["x", "y"])

    data = rewritten(made(fill), lambda name, old: old[:-30] if "sheet2" in name else old)
    content = read(data, "a.xlsx")
    assert lines(content)[-1] == "Sheet: Budget; Item: Ink; Cost: 20"
    assert content.notes == ["damaged and left out: sheet “Bad”"]


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.documents.xlsx._MOST_CELLS", 5)
    with pytest.raises(UnreadableDocumentError, match="split it into several workbooks"):
        read(SMALL, "a.xlsx")


@pytest.mark.parametrize("part", ["sheet1.xml", "sharedStrings.xml", "core.xml", "workbook.xml"])
@pytest.mark.parametrize("entity", ["SYSTEM 'file:///etc/passwd'", "'&x;&x;&x;'", "'root'"])
def test_entities_are_not_resolved(part: str, entity: str) -> None:
    def change(name: str, old: bytes) -> bytes:
        if not name.endswith(part):
            return old
        text = old.decode().partition("?>")[2] if old.startswith(b"<?xml") else old.decode()
        words = text.replace("Paper", "&e;").replace("openpyxl", "&e;").replace("Budget", "&e;")
        return f"<!DOCTYPE a [<!ENTITY x 'root'><!ENTITY e {entity}>]>{words}".encode()

    try:
        content = read(rewritten(SMALL, change), "a.xlsx")
    except DocumentError:
        return
    assert "root" not in content.body.text + str(content.facts)


@needs_data
def test_a_real_locked_workbook() -> None:
    with pytest.raises(UnreadableDocumentError, match="protected by a password"):
        read((DATA / "unstructured__password_protected.xlsx").read_bytes(), "a.xlsx")


# --- anything at all ------------------------------------------------------------------------------

SMALL_CSV = 'Item;Cost\n"Pa""per";30\n"In\nk";20,5\n'.encode("cp1252")


def changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Return bytes with pieces cut out and others put in."""
    for at, length, words in changes:
        at %= len(data) + 1
        data = data[:at] + words + data[at + length :]
    return data


CHANGES = st.lists(
    st.tuples(st.integers(0, 9999), st.integers(0, 40), st.binary(max_size=4)), max_size=4
)


@given(CHANGES)
@settings(max_examples=60, deadline=None)
def test_any_bytes_of_a_table(changes: list[tuple[int, int, bytes]]) -> None:
    try:
        content = read(changed(SMALL_CSV, changes))
    except DocumentError:
        return
    assert content.body.text.strip()


@given(CHANGES)
@settings(max_examples=60, deadline=None)
def test_any_bytes_of_a_workbook(changes: list[tuple[int, int, bytes]]) -> None:
    try:
        assert read(changed(SMALL, changes), "a.xlsx").body.text.strip()
    except DocumentError:
        return


@given(st.sampled_from(["sheet1.xml", "sharedStrings.xml", "styles.xml", "workbook.xml"]), CHANGES)
@settings(max_examples=60, deadline=None)
def test_any_bytes_inside_a_workbook(part: str, changes: list[tuple[int, int, bytes]]) -> None:
    data = rewritten(SMALL, lambda name, old: changed(old, changes) if part in name else old)
    try:
        assert read(data, "a.xlsx").body.text.strip()
    except DocumentError:
        return
