"""Which documents may answer: by date, by facts, the latest."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import numpy as np
import pytest

from rag.assistant import Assistant
from rag.errors import NothingWithinError, WithinError
from rag.index import Index, build
from rag.render import to_text
from rag.testing import FakeEmbedder, FakeLLM
from rag.types import Document, Retrieved
from rag.within import Within, dated_by, day, days, facts, newest, pair, typed

POLICY = "---\ntitle: Travel policy\ndate: {date}\npublisher: {by}\n---\n\n{text}\n"
FILES = {
    "2019/policy.md": ("2019-03-01", "Quist Ltd", "Staff may spend 40 euros a night on hotels."),
    "2023/policy.md": ("June 2023", "Quist Ltd", "Staff may spend 90 euros a night on hotels."),
    "notes/other.md": ("2024-01-05", "Holm & Co", "The harbour bridge was painted green."),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    base = tmp_path_factory.mktemp("within")
    for name, (date, by, text) in FILES.items():
        file = base / "documents" / name
        file.parent.mkdir(parents=True)
        file.write_text(POLICY.format(date=date, by=by, text=text), "utf-8")
    undated = base / "documents" / "undated.txt"
    undated.write_text("Hotels cost 70 euros a night.\n", "utf-8")
    saved = datetime.datetime(2020, 5, 5, 12).timestamp()
    os.utime(undated, (saved, saved))
    build([base / "documents"], base / "index", FakeEmbedder())
    return Index.open(base / "index")


def sources(index: Index, within: Within) -> list[str]:
    return sorted(document.source for document in within.select(index.documents.values()))


OLD, NEW, OTHER = FILES


@pytest.mark.parametrize(
    ("within", "found"),
    [
        (Within(), [*FILES, "undated.txt"]),
        (Within(since=datetime.date(2023, 6, 15)), [NEW, OTHER]),
        (Within(since=datetime.date(2023, 7, 1)), [OTHER]),
        (Within(until=datetime.date(2023, 6, 15)), [OLD, NEW, "undated.txt"]),
        (Within(until=datetime.date(2023, 5, 31)), [OLD, "undated.txt"]),
        (Within(since=datetime.date(2019, 3, 1), until=datetime.date(2019, 3, 1)), [OLD]),
        (Within(only=(("publisher", "quist"),)), [OLD, NEW]),
        (Within(only=(("publisher", "quist"), ("path", "2023/*"))), [NEW]),
        (Within(only=(("publisher", "quist"), ("Publisher", "holm"))), [OLD, NEW, OTHER]),
        (Within(only=(("publisher", "holm"), ("publisher", "quist"), ("path", "2023"))), [NEW]),
        (Within(only=(("path", "2019"),)), [OLD]),
        (Within(only=(("path", "*.txt"),)), ["undated.txt"]),
        (Within(only=(("title", "TRAVEL"),)), [OLD, NEW, OTHER]),
        (Within(only=(("Format", "TEXT"),)), ["undated.txt"]),
        (Within(only=(("date", "june"),)), [NEW]),
        (Within(only=(("saved", "2020-05-05"),)), ["undated.txt"]),
    ],
)
def test_documents_are_selected_by_what_is_known_of_them(
    index: Index, within: Within, found: list[str]
) -> None:
    assert sources(index, within) == found


def test_what_leaves_nothing_is_an_error_that_says_why(index: Index) -> None:
    within = Within(since=datetime.date(2030, 1, 1), only=(("publisher", "Quist"),))
    with pytest.raises(NothingWithinError) as error:
        within.select(index.documents.values())
    assert str(error.value) == (
        "You have no documents since 1 January 2030 whose publisher has “Quist”; "
        "of 4, 1 have only the time of their file. Widen what is asked of them."
    )


def test_a_fact_that_no_document_has_is_an_error_that_names_those_there_are(index: Index) -> None:
    within = Within(only=(("publsher", "Quist"),))
    with pytest.raises(NothingWithinError) as error:
        within.select(index.documents.values())
    assert str(error.value) == (
        "None of your documents has a “publsher”. Ask for one of: "
        "date, format, path, publisher, read, saved, title."
    )


FIRST, LAST = datetime.date(2020, 6, 1), datetime.date(2021, 12, 31)


@pytest.mark.parametrize(
    ("within", "words"),
    [
        (Within(), ""),
        (Within(since=FIRST), "documents since 1 June 2020"),
        (Within(until=LAST), "documents until 31 December 2021"),
        (Within(since=FIRST, until=LAST), "documents between 1 June 2020 and 31 December 2021"),
        (Within(since=FIRST, until=FIRST), "documents of 1 June 2020"),
        (Within(latest=True), "the latest found of all documents"),
        (Within(without=frozenset("ab")), "documents that are not left out"),
        (
            Within(since=FIRST, without=frozenset("ab")),
            "documents since 1 June 2020 that are not left out",
        ),
        (
            Within(since=FIRST, latest=True, only=(("publisher", "NBC"), ("publisher", "BBC"))),
            "the latest found of documents since 1 June 2020 whose publisher has “NBC” or “BBC”",
        ),
        (
            Within(only=(("format", "pdf"), ("path", "2020/*"))),
            "documents whose format has “pdf” and whose path has “2020/*”",
        ),
    ],
)
def test_it_is_told_in_words(within: Within, words: str) -> None:
    assert within.which() == words


def test_what_is_left_out_is_not_selected(index: Index) -> None:
    ids = {document.source: document.id for document in index.described}
    without = frozenset([ids[OLD], ids[NEW]])
    assert sources(index, Within(without=without)) == [OTHER, "undated.txt"]
    assert sources(index, Within(only=(("title", "travel"),), without=without)) == [OTHER]
    with pytest.raises(NothingWithinError, match="All documents are left out"):
        sources(index, Within(without=frozenset(ids.values())))
    with pytest.raises(NothingWithinError, match="“quist” that are not left out"):
        sources(index, Within(only=(("publisher", "quist"),), without=without))


def test_what_is_typed_is_read() -> None:
    assert typed() is None
    assert typed(" ", "", only=()) is None
    only = (("publisher", "NBC"),)
    meant = Within(FIRST, LAST, latest=True, only=only)
    assert typed("June 2020", "2021", True, map(pair, ["Publisher = NBC"])) == meant
    with pytest.raises(WithinError, match=r"Until: “soon” is no date; write it like .* or 2020\.$"):
        typed(until="soon")
    for wrong in ("NBC", "=NBC", "publisher="):
        with pytest.raises(WithinError, match="write it like publisher=NBC"):
            pair(wrong)


def test_facts_are_those_that_documents_have(index: Index) -> None:
    found = facts(index.described)
    assert list(found) == ["publisher", "title", "path", "format", "date", "read", "saved"]
    assert found["publisher"] == ["Quist Ltd", "Holm & Co"], "the most frequent first"
    assert found["path"] == sorted(["2019", "2023", "notes", *FILES, "undated.txt"])
    assert "date" not in facts([document({"saved": "2020"})])


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2020-06-12", "2020-06-12", "2020-06-12"),
        ("June 2020", "2020-06-01", "2020-06-30"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2020", "2020-01-01", "2020-12-31"),
        ("12 June 2020", "2020-06-12", "2020-06-12"),
        ("2019-11-18T20:51:19Z", "2019-11-18", "2019-11-18"),
    ],
)
def test_a_day_is_read_as_it_is_typed(text: str, first: str, last: str) -> None:
    assert (str(day(text)), str(day(text, last=True))) == (first, last)


@pytest.mark.parametrize("text", ["soon", "", "2020-02-31", "yesterday"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date; write it like"):
        day(text)


def test_days_are_those_of_publication_before_those_of_change() -> None:
    both = document({"updated": "2021-05-05", "date": "2020-04"})
    assert [str(each) for each in days(both) or ()] == ["2020-04-01", "2020-04-30"]
    assert days(document({"updated": "2021-05-05"})) == (datetime.date(2021, 5, 5),) * 2
    assert days(document({"date": "never"})) is None


def test_the_newest_is_the_one_of_the_latest_day() -> None:
    old, new = document({"date": "2020-01-01"}), document({"date": "2021"})
    assert newest([old, new, document({})]) is new
    assert newest([document({})]) is None


def test_the_time_of_a_file_counts_only_where_nothing_else_does() -> None:
    stated, copied = document({"updated": "2019"}), document({"saved": "2024-02-02"})
    assert newest([copied, stated]) is stated
    assert newest([document({}), copied]) is copied
    assert dated_by(document({"saved": "2024-02-02", "created": "2019"})) == "created"
    assert days(copied) == (datetime.date(2024, 2, 2),) * 2


def document(metadata: dict[str, str]) -> Document:
    return Document("id", "/", "a.txt", "Text.", "Title", metadata, {}, "text")


def test_a_file_that_is_only_touched_is_neither_read_nor_embedded_again(tmp_path: Path) -> None:
    file = tmp_path / "documents" / "a.txt"
    file.parent.mkdir()
    file.write_text("Hotels cost 70 euros a night.\n", "utf-8")
    first = build([file.parent], tmp_path / "index", FakeEmbedder())
    assert first.embedded > 0
    before = Index.open(tmp_path / "index").documents
    os.utime(file, (1e9, 1e9))
    report = build([file.parent], tmp_path / "index", FakeEmbedder())
    assert (list(report.unchanged), list(report.changed)) == (["a.txt"], [])
    assert (report.embedded, report.written) == (0, False)
    assert Index.open(tmp_path / "index").documents == before


def test_a_narrowed_search_is_the_whole_one_without_the_others(index: Index) -> None:
    ids = {d.id for d in index.documents.values() if d.source in (OLD, OTHER)}
    narrow = index.narrowed(ids)
    assert set(narrow.documents) == ids
    assert set(index.documents) > ids
    rng = np.random.default_rng(4)
    for _ in range(5):
        vector = rng.standard_normal(index.manifest.dimension).astype(np.float32)
        for search in ("search_dense", "search_sentences"):
            every = getattr(index, search)(vector, len(index.passages))
            wanted = [(r, s) for r, s in every if index.passages[r].document_id in ids]
            found = getattr(narrow, search)(vector, 50)
            assert [row for row, _ in found] == [row for row, _ in wanted]
            assert [s for _, s in found] == pytest.approx([s for _, s in wanted], abs=1e-6)
    words = "euros a night on hotels or a green harbour bridge"
    every = index.search_lexical(words, 50)
    wanted = [(row, s) for row, s in every if index.passages[row].document_id in ids]
    assert narrow.search_lexical(words, 50) == wanted
    assert len(wanted) < len(every)


def read_for(index: Index, within: Within | None) -> set[str]:
    assistant = Assistant(index, FakeEmbedder(), FakeLLM())
    question = "How many euros a night may staff spend on hotels?"
    for event in assistant.stream(question, within=within):
        if isinstance(event, Retrieved):
            return {hit.document.source for hit in event.hits}
    return set()


def test_only_the_documents_that_may_answer_are_read(index: Index) -> None:
    assert read_for(index, None) >= {OLD, NEW}
    assert read_for(index, Within(until=datetime.date(2019, 12, 31))) == {OLD}
    assert read_for(index, Within(only=(("publisher", "Quist"),), latest=True)) == {NEW}


def test_an_answer_within_cites_nothing_else(index: Index) -> None:
    assistant = Assistant(index, FakeEmbedder(), FakeLLM())
    within = Within(until=datetime.date(2019, 12, 31))
    answer = assistant.ask("How many euros a night may staff spend on hotels?", within=within)
    assert "40 euros" in answer.text
    assert {citation.source for citation in answer.citations} == {OLD}
    assert answer.asked == "documents until 31 December 2019 (1 of 4)"
    with pytest.raises(NothingWithinError):
        assistant.ask("How many euros?", within=Within(only=(("publisher", "nobody"),)))


def test_an_answer_says_of_which_documents_it_was_asked(index: Index) -> None:
    assistant = Assistant(index, FakeEmbedder(), FakeLLM())
    question = "How many euros a night may staff spend on hotels?"
    assert assistant.ask(question, within=Within()).asked == ""
    quist = (("publisher", "Quist"),)
    answer = assistant.ask(question, within=Within(only=quist, latest=True))
    words = "the latest found of documents whose publisher has “Quist” (1 of 4)"
    assert answer.asked == words
    assert f"Answered from {words}, as you asked." in " ".join(to_text(answer).split())
    silent = assistant.ask("Who painted the moon?", within=Within(only=quist))
    assert silent.abstained
    assert "Asked of documents whose publisher has “Quist” (2 of 4)." in to_text(silent)
