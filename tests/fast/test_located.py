"""Where citations stand, looked up a second time: files of every kind, told rightly and wrongly."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docx
import pytest
from openpyxl import Workbook
from pptx import Presentation

from benchmarks.located.__main__ import wrong
from benchmarks.located.asking import digest, line, questions
from benchmarks.located.keeping import keep
from benchmarks.located.scoring import (
    Heard,
    by_kind,
    holds_value,
    is_at,
    look,
    scored,
    stands,
    table,
)
from benchmarks.located.second import letters, stated, stretches
from benchmarks.located.sweeping import sweep
from rag.config import Settings
from rag.documents import read_document
from rag.types import Answer, Citation, Place, Statement, Timings, Verdict
from tests.fast.test_epub import book
from tests.fast.test_pdf import column, pdf, show

ROWS = [["Boat", "Length", "Port"], ["Heron", "9.5 m", "Leith"], ["Tern", "7.2 m", "Wick"]]
RTF = rb"{\rtf1\ansi {\b Crew}\par The bosun keeps the ropes dry.\par}"


def _pdf(file: Path) -> None:
    first = ["The mast of the Heron is made of spruce from", "the north and was stepped in spring."]
    second = ["Her keel weighs four tonnes and was cast in", "a single piece at the yard in Wick."]
    file.write_bytes(pdf(show(column(72, 700, first)), show(column(72, 700, second))))


def _docx(file: Path) -> None:
    made = docx.Document()
    made.add_heading("Berths", 1)
    made.add_paragraph("Every berth has water and light.")
    made.add_heading("Fees", 2)
    grid = made.add_table(2, 2)
    for at, words in enumerate(["Up to nine metres", "40 euros", "Longer boats", "65 euros"]):
        grid.cell(at // 2, at % 2).text = words
    made.sections[0].header.paragraphs[0].text = "Harbour office of Leith"
    made.save(str(file))


def _pptx(file: Path) -> None:
    deck = Presentation()
    for title, words in (("Weather", "Gales are likely on Friday."), ("Tides", "Low at noon.")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = words
    deck.slides[0].notes_slide.notes_text_frame.text = "Ask who wants to stay in port."
    deck.save(str(file))


def _xlsx(file: Path) -> None:
    made = Workbook()
    made.active.title = "Boats"
    for row in ROWS:
        made.active.append(row)
    crew = made.create_sheet("Crew")
    crew.append(["Name", "Task"])
    crew.append(["Ada Quist", "Helm"])
    made.save(file)


def _epub(file: Path) -> None:
    page = (
        '<h1 id="c1">Ropes</h1><p><span class="pagenum" id="page_1"/>Hemp swells when it is wet.'
        ' <span class="pagenum" id="page_2"/>Manila lasts longer in salt water.</p>'
        '<h1 id="c2">Sails</h1><p>Canvas was sewn by hand until steam came.</p>'
    )
    ncx = "".join(
        f"<navPoint><navLabel><text>{title}</text></navLabel>"
        f'<content src="a.xhtml#{mark}"/></navPoint>'
        for title, mark in (("Ropes", "c1"), ("Sails", "c2"))
    )
    file.write_bytes(book({"a.xhtml": page}, ncx=ncx))


def _eml(file: Path) -> None:
    mail = EmailMessage()
    mail["From"] = "Ada Quist <ada@example.org>"
    mail["Subject"] = "Berth 14"
    mail["Date"] = "Fri, 03 May 2024 09:30:00 +0200"
    mail.set_content("The berth is free from Monday on.\n")
    data = "\n".join(",".join(row) for row in ROWS)
    mail.add_attachment(data.encode(), maintype="text", subtype="csv", filename="boats.csv")
    file.write_bytes(bytes(mail))


def _html(file: Path) -> None:
    text = "The harbour was dredged in 1904 and the mole was finished four years later. " * 3
    other = "Fishing ended when the last smoke house closed its doors for good in June. " * 3
    file.write_text(
        "<html><head><title>Leith</title>"
        '<meta property="article:published_time" content="2021-07-04T08:00:00+01:00"></head>'
        f"<body><article><h1>Leith</h1><h2>Port</h2><p>{text}</p><h2>Trade</h2><p>{other}</p>"
        "</article></body></html>",
        encoding="utf-8",
    )


def _write(file: Path, data: bytes) -> None:
    file.write_bytes(data)


MAKERS: dict[str, Callable[[Path], None]] = {
    "a.pdf": _pdf,
    "a.docx": _docx,
    "a.pptx": _pptx,
    "a.xlsx": _xlsx,
    "a.epub": _epub,
    "a.eml": _eml,
    "a.html": _html,
    "a.rtf": lambda file: _write(file, RTF),
    "a.csv": lambda file: _write(file, "\n".join(map(",".join, ROWS)).encode()),
    "a.md": lambda file: _write(file, b"# Knots\n\nA reef knot slips.\n\n## Bends\n\nUse two.\n"),
    "a.txt": lambda file: _write(file, "Größe: 9 m\nTiefgang: 2 m\n".encode("utf-16")),
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_sentence_is_found_where_it_is_told_and_nowhere_else(
    tmp_path: Path, name: str
) -> None:
    MAKERS[name](tmp_path / name)
    found = list(sweep(folder=tmp_path))
    assert len(found) >= 2
    assert [(each.citation["quote"], each.look.reason) for each in found if each.look.reason] == []
    assert all(each.look.place == "right" and each.look.resolves for each in found)
    elsewhere = [each.elsewhere for each in found if each.elsewhere]
    assert len(elsewhere) >= (0 if name == "a.rtf" else 2)
    assert [each for each in elsewhere if each.place != "wrong"] == []


def kept(**changes: Any) -> dict[str, Any]:
    """Return a citation as a run keeps it."""
    return {
        "source": "a.pdf",
        "inside": "",
        "places": [{"kind": "page", "value": "2", "last": ""}],
        "quote": "Her keel weighs four tonnes",
        "resolves": True,
        "in_header": False,
        **changes,
    }


@pytest.mark.parametrize(
    ("quote", "value", "last", "reason"),
    [
        ("Her keel weighs four tonnes", "2", "", ""),
        ("Her keel weighs four tonnes", "1", "", "not in page 1"),
        ("Her keel weighs four tonnes", "3", "", "there is no page 3"),
        ("was stepped in spring. Her keel weighs four tonnes", "1", "2", ""),
        ("Her keel weighs four tonnes", "1", "2", "does not begin and end in page 1 to 2"),
        ("Her keel weighs nine hundred kilos in all", "2", "", "not in page 2"),
    ],
)
def test_pages(tmp_path: Path, quote: str, value: str, last: str, reason: str) -> None:
    _pdf(tmp_path / "a.pdf")
    place = {"kind": "page", "value": value, "last": last}
    found = look(kept(quote=quote, places=[place]), (), tmp_path)
    assert found.reason == reason
    assert found.place == ("wrong" if reason else "right")


def test_a_citation_that_tells_only_the_file(tmp_path: Path) -> None:
    _pdf(tmp_path / "a.pdf")
    accepted = [{"source": "a.pdf"}]
    found = look(kept(places=[]), accepted, tmp_path)
    assert (found.place, found.told, found.expected) == ("right", False, True)
    assert look(kept(places=[], quote="A whale was seen"), accepted, tmp_path).place == "wrong"


def test_what_has_no_second_reader_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": "b"}')
    found = look(kept(source="a.json"), (), tmp_path)
    assert found.place == "not read twice"
    assert ".json" in found.reason


def test_facts_of_a_header_are_looked_up_in_what_the_file_states(tmp_path: Path) -> None:
    _eml(tmp_path / "a.eml")
    _html(tmp_path / "a.html")
    for name, label in (("a.eml", "Sent"), ("a.html", "Published")):
        document = read_document(tmp_path / name, root=tmp_path)
        quote = next(s for s in document.text.split("\n") if s.startswith(label))
        right = kept(source=name, quote=quote, places=[], in_header=True)
        assert look(right, [{"source": name, "stated": [label]}], tmp_path).expected
        assert look(right, (), tmp_path).place == "right"
        wrong_year = {**right, "quote": quote.replace("20", "19")}
        assert look(wrong_year, (), tmp_path).place == "wrong"
        assert not is_at({**right, "in_header": False}, {"source": name, "stated": [label]})
    assert "2024-05-03T09:30:00" in stated(tmp_path / "a.eml")


def test_an_attachment_is_read_by_its_own_kind(tmp_path: Path) -> None:
    _eml(tmp_path / "a.eml")
    rows = stretches(tmp_path / "a.eml", "boats.csv")
    assert [each.text.split("\n")[0] for each in rows] == ["Boat", "Heron", "Tern"]


@pytest.mark.parametrize(
    ("told", "accepted", "expected"),
    [
        ([("page", "2", "")], {"page": ["2"]}, True),
        ([("page", "2", "")], {"page": ["1", "3"]}, False),
        ([("page", "9", "11")], {"page": ["10"]}, True),
        ([("page", "9", "11")], {"page": ["1"]}, False),
        ([("heading", "Leith › Port", "")], {"heading": ["Port"]}, True),
        ([("heading", "Leith › Port", "")], {"heading": ["Leith"]}, False),
        ([("heading", "Leith › Port", "Leith › Trade")], {"heading": ["trade"]}, True),
        ([("sheet", "Boats", ""), ("row", "2", "")], {"sheet": ["Boats"], "row": ["2"]}, True),
        ([("sheet", "Crew", ""), ("row", "2", "")], {"sheet": ["Boats"], "row": ["2"]}, False),
        ([], {"page": ["2"]}, False),
        ([], {}, True),
    ],
)
def test_expected_places(
    told: list[tuple[str, str, str]], accepted: dict[str, list[str]], expected: bool
) -> None:
    places = [{"kind": kind, "value": value, "last": last} for kind, value, last in told]
    assert is_at(kept(places=places), {"source": "a.pdf", **accepted}) is expected
    assert not is_at(kept(places=places), {"source": "b.pdf", **accepted})


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("the ﬁnal retrieval", "the fi-\nnal retrieval", True),
        ("x² is four", "x2 is four", True),
        ("| Tern | 7.2 m |", "Tern\nWick\n7.2 m", True),
        ("| 7 |", "1752", False),
        ("| 17 |", "Table 17", True),
        ("four tonnes of lead in the keel", "four tonnes of lead in the mast", True),
        ("the keel holds four tonnes", "four tonnes", False),
        ("keel", "", False),
    ],
)
def test_words_stand_in_a_text(quote: str, text: str, found: bool) -> None:
    assert stands(quote, Heard.of(text)) is found


def test_a_value_is_kept_as_a_digest_of_its_words() -> None:
    assert digest("4 Tonnes") == digest("4  tonnes")
    assert holds_value("The keel weighs 4 tonnes [1].", [digest("4 tonnes")])
    assert not holds_value("The keel weighs 14 tonnes [1].", [digest("4 tonnes")])


def answered(folder: Path) -> dict[str, Any]:
    """Return the kept line of an answer that cites the PDF."""
    document = read_document(folder / "a.pdf", root=folder)
    start = document.text.index("Her keel")
    quote = document.text[start : start + 27]
    cited = Citation(
        number=1,
        source="a.pdf",
        title=document.title,
        start=start,
        end=start + 27,
        quote=quote,
        metadata={},
        document_id=document.id,
        root=str(folder),
        places=(Place("page", "2"),),
    )
    statement = Statement("It weighs four tonnes.", Verdict.SUPPORTED, 1.0, (cited, cited))
    text = "It weighs four tonnes. [1]"
    answer = Answer("?", text, (statement,), (), False, (), (), "fake", Timings())
    return line({"id": "keel"}, answer, {document.id: document}, "0123456789abcdef+")


def test_a_run_is_scored_and_kept_without_words_of_the_documents(tmp_path: Path) -> None:
    _pdf(tmp_path / "a.pdf")
    asked: list[dict[str, Any]] = [
        {
            "id": "keel",
            "kind": "page",
            "question": "How heavy?",
            "accepted": [{"source": "a.pdf", "page": ["2"]}],
            "value_sha256": [digest("four tonnes")],
        },
        {"id": "later", "kind": "page", "question": "?", "accepted": []},
        {"id": "crew", "kind": "row", "question": "Who?", "accepted": [{"source": "a.csv"}]},
    ]
    row = answered(tmp_path)
    assert [c["resolves"] for c in row["citations"]] == [True]
    refused = {**row, "id": "crew", "text": "", "abstained": True, "citations": []}
    every = scored(asked, [row, refused], tmp_path)
    counts = by_kind(every)
    assert counts["page"] == {
        "questions": 1,
        "answered": 1,
        "refused": 0,
        "values": 1,
        "values right": 1,
        "citations": 1,
        "resolve": 1,
        "read twice": 1,
        "place right": 1,
        "told only the file": 0,
        "expected": 1,
    }
    assert counts["all"]["questions"] == 2
    assert counts["row"]["refused"] == 1
    assert "| all | 2 | 1 | 1 of 1 (1.00, 0.21–1.00) |" in table(counts)
    assert list(wrong(every)) == ["crew: refused"]
    file = keep(every, Settings(), tmp_path / "results")
    assert file.name == "0123456789ab.json"
    told = json.loads(file.read_text("utf-8"))
    assert (told["commit"], told["changed"]) == ("0123456789abcdef", True)
    assert told["questions"][0]["citations"][0]["places"] == [row["citations"][0]["places"][0]]
    assert "keel weighs" not in file.read_text("utf-8")


def test_the_questions_are_whole_and_quote_nothing() -> None:
    every = questions()
    assert len({row["id"] for row in every}) == len(every) >= 48
    assert len({each["source"] for row in every for each in row["accepted"]}) >= 25
    keys = {"id", "kind", "question", "accepted", "value_sha256"}
    assert all(set(row) <= keys and row["accepted"] for row in every)
    assert all(len(value) == 64 for row in every for value in row.get("value_sha256", []))
    assert letters("Ａ²-b") == "a2b"
