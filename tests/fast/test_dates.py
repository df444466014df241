"""Of when a document is: its metadata, its text, its file's name, its file's time."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

from rag.documents import header_end, read_document
from rag.documents.dates import apart, file_time, name_date, span, text_dates
from rag.passages import heading
from rag.prove import Rarity
from rag.prove.evidence import readings_of
from rag.prove.words import Date
from rag.stated import stated
from rag.testing import passages_of
from rag.types import Document, Hit, Passage, Sentence


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("2020-06-12 memo.txt", "2020-06-12"),
        ("report_20200612.pdf", "2020-06-12"),
        ("20200612T101500 notes.md", "2020-06-12"),
        ("IMG_20200612_101500.txt", "2020-06-12"),
        ("2020.06.12.txt", "2020-06-12"),
        ("12Jun2020 notes.txt", "2020-06-12"),
        ("12_June_2020.md", "2020-06-12"),
        ("Letter of 3rd of June 2020.docx", "2020-06-03"),
        ("June 12, 2020.eml", "2020-06-12"),
        ("2020 June 12.txt", "2020-06-12"),
        ("25-06-2020.txt", "2020-06-25"),
        ("05.05.2020.txt", "2020-05-05"),
        ("20200612 report June 2020.txt", "2020-06-12"),
        ("minutes June 2020.docx", "2020-06"),
        ("2020-06 minutes.md", "2020-06"),
    ],
)
def test_a_name_that_can_mean_one_day_or_month_only_gives_it(name: str, date: str) -> None:
    assert name_date(name) == date


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("04-05-2020.txt", id="April or May"),
        pytest.param("2022 Q3 AAPL.pdf", id="quarter of whose year"),
        pytest.param("1984.epub", id="a novel"),
        pytest.param("IEEE 754-2019.pdf", id="a standard"),
        pytest.param("season 2005-06.md", id="a season"),
        pytest.param("2010-11 accounts.txt", id="a year of accounts"),
        pytest.param("2001-05 review.txt", id="a stretch of years"),
        pytest.param("20080102X00002.pdf", id="inside a number"),
        pytest.param("004_91cc7e0b7863e9ee.txt", id="a hash"),
        pytest.param("555-2020-06-12.txt", id="more numbers before it"),
        pytest.param("2020-02-31.txt", id="no such day"),
        pytest.param("June - July 2020.txt", id="two months"),
        pytest.param("2020-06-12 to 2020-06-14.txt", id="two days"),
        pytest.param("plan June 2099.txt", id="to come"),
        pytest.param("Maybe 2020.txt", id="no month"),
        pytest.param("memo.txt", id="nothing"),
    ],
)
def test_a_name_that_may_mean_something_else_gives_none(name: str) -> None:
    assert name_date(name) == ""


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Title\n\nPublished 12 June 2020\n\nOf 3 May 2019.", {"date": "2020-06-12"}),
        ("Head\nBy Jo Doe | June 12, 2020\n\nText.", {"date": "2020-06-12"}),
        ("SEATTLE, June 11, 2020 — The firm said so.", {"date": "2020-06-11"}),
        ("REDMOND, Wash. — June 10, 2020 — The firm said so.", {"date": "2020-06-10"}),
        ("NEW YORK, June 11, 2020 /PRNewswire/ -- The firm", {"date": "2020-06-11"}),
        ("Jo Doe\n1 High Street\n\n3 May 2019\n\nDear Sir", {"date": "2019-05-03"}),
        ("London, 12 June 2020\n\nDear Sir", {"date": "2020-06-12"}),
        ("Published: 9:36 AM EDT, Thu June 11, 2020", {"date": "2020-06-11"}),
        ("Date published: 2020-06-12T10:00:00Z", {"date": "2020-06-12"}),
        ("**Date:** 2020-06-12\n**To:** all", {"date": "2020-06-12"}),
        ("| Date: | 12 June 2020 |\n| To: | all |", {"date": "2020-06-12"}),
        ("Title\n\nJune 2020\n\nText.", {"date": "2020-06"}),
        ("Last updated: June 2020", {"updated": "2020-06"}),
        (
            "Posted June 3, 2020 · Updated June 5, 2020 at 10:30 am",
            {"date": "2020-06-03", "updated": "2020-06-05"},
        ),
    ],
)
def test_a_date_that_a_text_gives_as_its_own(text: str, dates: dict[str, str]) -> None:
    assert text_dates(text) == dates


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("On 12 June 2020 it rained.", id="in running text"),
        pytest.param("Published June 12, 2020 in the Times, it was read.", id="of something else"),
        pytest.param("Date: 04/05/2020", id="April or May"),
        pytest.param("Due date: 12 June 2020", id="when it is due"),
        pytest.param("Effective date: 12 June 2020", id="when it begins"),
        pytest.param("Date of birth: 12 June 1980", id="somebody's birth"),
        pytest.param("Board meeting | 12 June 2020", id="of a meeting"),
        pytest.param("12 – 14 June 2020", id="of several days"),
        pytest.param("SEATTLE, June 11 (Reuters) - The firm", id="no year"),
        pytest.param("3 May 2020\nrain\n4 May 2020\nsun", id="a diary"),
        pytest.param("Posted 3 May 2020\n\nOne\n\nPosted 4 May 2020\n\nTwo", id="several posts"),
        pytest.param("Published 12 June 2099", id="to come"),
        pytest.param("Words.\n" * 50 + "Published 12 June 2020", id="far from the start"),
        pytest.param("Words.\n" * 15 + "12 June 2020", id="alone, not at the top"),
    ],
)
def test_any_other_date_in_a_text_is_not_its_own(text: str) -> None:
    assert text_dates(text) == {}


def read(folder: Path, name: str, text: str, saved: str = "2024-03-02") -> Document:
    path = folder / name
    path.write_text(text, "utf-8")
    at = datetime.datetime.fromisoformat(saved).timestamp() + 12 * 3600
    os.utime(path, (at, at))
    return read_document(path, root=folder)


def dates(document: Document) -> dict[str, tuple[str, str]]:
    return {
        key: (value, document.origins[key])
        for key, value in document.metadata.items()
        if key.split()[0] in ("date", "updated", "saved")
    }


def test_what_is_stated_counts_before_the_text_and_that_before_the_name(tmp_path: Path) -> None:
    named = read(tmp_path, "2020-06-12.txt", "Words.\n")
    assert dates(named) == {
        "date": ("2020-06-12", "file name"),
        "saved": ("2024-03-02", "file time"),
    }
    assert "note" not in named.metadata
    told = read(tmp_path, "2020-06-13.txt", "Published 12 June 2020\n\nWords.\n")
    assert dates(told)["date"] == ("2020-06-12", "text")
    assert "note" not in told.metadata, "a day apart is no difference"
    text = "---\ndate: 2019-01-01\n---\n\nPublished 12 June 2020\n\nUpdated 1 July 2021\n"
    three = read(tmp_path, "2022-02-02.md", text)
    assert dates(three) == {
        "date": ("2019-01-01", "front matter"),
        "date in text": ("2020-06-12", "text"),
        "date in file name": ("2022-02-02", "file name"),
        "updated": ("2021-07-01", "text"),
        "saved": ("2024-03-02", "file time"),
    }
    assert three.metadata["note"] == (
        "date in text is 2020-06-12; the front matter says 2019-01-01, which counts; "
        "date in file name is 2022-02-02; the front matter says 2019-01-01, which counts"
    )


def test_dates_that_are_not_stated_are_no_part_of_the_text(tmp_path: Path) -> None:
    document = read(tmp_path, "2020-06-12.txt", "Published 11 June 2020\n\nWords.\n")
    assert document.text == "Published 11 June 2020\n\nWords.\n"
    assert header_end(document) == 0
    today = datetime.date.today()
    said = datetime.date.fromisoformat(document.metadata["read"])
    assert today - said <= datetime.timedelta(days=1)
    assert document.origins["read"] == "reader"


def test_a_file_that_states_such_a_fact_itself_keeps_it(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "---\nread: five minutes\n---\n\nWords.\n")
    assert (document.metadata["read"], document.origins["read"]) == ("five minutes", "front matter")


@pytest.mark.parametrize("saved", ["1970-01-01", "1980-01-01", "2999-01-01"])
def test_a_time_that_nobody_kept_is_none(tmp_path: Path, saved: str) -> None:
    assert "saved" not in read(tmp_path, "a.txt", "Words.\n", saved).metadata
    assert file_time(tmp_path / "missing.txt") == ""


def test_rows_of_data_have_no_date_of_their_own(tmp_path: Path) -> None:
    document = read(tmp_path, "a.csv", "Date,Team\n2020-06-12,Blues\n")
    assert "date" not in document.metadata


def test_a_heading_says_where_a_date_comes_from_that_the_document_does_not_state(
    tmp_path: Path,
) -> None:
    by_name = read(tmp_path, "notes June 2020.txt", "Words.\n")
    assert heading(by_name) == "notes June 2020 (June 2020 by its file name)"
    by_text = read(tmp_path, "notes.txt", "Published 12 June 2020\n\nWords.\n")
    assert heading(by_text) == "notes (12 June 2020)"
    assert "2024" not in heading(read(tmp_path, "plain.txt", "Words.\n"))


def passage(document: Document) -> Passage:
    text = document.text
    sentences = tuple(
        Sentence(text.index(line), text.index(line) + len(line), line)
        for line in text.splitlines()
        if line
    )
    return Passage("p", document.id, 0, len(text), text, sentences)


def test_a_day_is_counted_from_what_the_document_states_not_from_its_name(tmp_path: Path) -> None:
    words = "The council met yesterday.\n"
    by_text = read(tmp_path, "a.txt", f"Published 12 June 2020\n\n{words}")
    by_name = read(tmp_path, "2020-06-12.txt", words)
    known = Date(2020, 6, 11)
    assert known in readings_of(Hit(passage(by_text), by_text, 0.0))[-1].dates
    assert known not in readings_of(Hit(passage(by_name), by_name, 0.0))[-1].dates


def test_when_it_was_published_is_answered_from_the_text_and_not_from_the_name(
    tmp_path: Path,
) -> None:
    head = "Harbour bridge painted green"
    body = f"{head}\n\nPublished 12 June 2020\n\nIt took a year.\n"
    question = "When was the article on the harbour bridge painted green published?"
    document = read(tmp_path, "a.txt", body)
    found = passage(document)
    proof = stated(question, [Hit(found, document, 1.0)], passages_of([found]), Rarity([body]))
    assert proof is not None
    assert proof.text == f"“{head}” was published on 12 June 2020."
    assert proof.groups[0][0][1].text == "Published 12 June 2020"
    unsaid = read(tmp_path, "2020-06-12.txt", f"{head}\n\nIt took until 12 June 2020.\n")
    found = passage(unsaid)
    proof = stated(question, [Hit(found, unsaid, 1.0)], passages_of([found]), Rarity([body]))
    assert proof is None


def test_days_apart() -> None:
    assert apart("2020-06-12", "2020-06-14")
    assert not apart("2020-06-12", "2020-06-13T10:00:00Z")
    assert not apart("2020-06", "2020-06-30")
    assert apart("12 June 2019", "2020")
    assert not apart("some day", "2020-06-12")
    assert span("June 2020") == (datetime.date(2020, 6, 1), datetime.date(2020, 6, 30))
    assert span("2020-13") is None
