"""Collections: their names, what is put into them, which documents may answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.config import index_folder
from rag.errors import LibraryError, NothingWithinError, RagError, StoreError
from rag.index import Index, build
from rag.library import Collection, Library
from rag.library import incoming as incoming_module
from rag.library.names import check_name, safe_path
from rag.library.record import RECORD, read_record
from rag.library.runs import READING
from rag.testing import FakeEmbedder, FakeLLM, tiny_corpus
from rag.types import Retrieved
from rag.within import Within

FAKE = (*READING, "--fake-embedder")
PATIENCE_S = 120.0


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "indexes", tmp_path / "data", reading=FAKE)
    yield opened
    opened.close()


@pytest.fixture
def papers(library: Library) -> Collection:
    return library.create("My papers")


def put(collection: Collection, path: str, text: str | bytes) -> str:
    """Upload a file; return what became of it."""
    data = text.encode() if isinstance(text, str) else text
    with collection.receive(path, len(data)) as incoming:
        for start in range(0, len(data), 1000):
            incoming.write(data[start : start + 1000])
        return incoming.finish().outcome


def read(collection: Collection) -> None:
    collection.read()
    assert collection.wait(PATIENCE_S)


def statuses(collection: Collection) -> dict[str, str]:
    return {entry.source: entry.status for entry in collection.entries()}


def ids(collection: Collection, source: str) -> tuple[str, ...]:
    return next(entry.ids for entry in collection.entries() if entry.source == source)


def key(collection: Collection, source: str) -> str:
    return next(entry.key for entry in collection.entries() if entry.source == source)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("My papers", "My papers"),
        ("  many   spaces ", "many spaces"),
        ("e\u0301te\u0301 2024", "été 2024"),
        ("我的文件", "我的文件"),
        ("हिन्दी", "हिन्दी"),
        ("v1.2_final-b", "v1.2_final-b"),
        ("x" * 60, "x" * 60),
    ],
    ids=ascii,
)
def test_names_of_any_script_are_kept(name: str, kept: str) -> None:
    assert check_name(name) == kept


@pytest.mark.parametrize(
    "name",
    [
        *("", "   ", "x" * 61, "a/b", "a\\b", "../up", "..", ".", ".hidden", "-dash", "ends."),
        *("C:", "a:b", "nul", "CON", "com1.txt", "bell\x07", "line\nfeed\x00", "turn\u202eed"),
        *("papers.own", "a*b", "what?", "<b>", "🙂"),
    ],
    ids=ascii,
)
def test_a_name_that_could_be_a_path_is_refused_with_the_cure(library: Library, name: str) -> None:
    with pytest.raises(LibraryError) as error:
        library.create(name)
    assert str(error.value).endswith(".")
    assert library.collections() == []


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("contracts/2024/a.pdf", "contracts/2024/a.pdf"),
        ("e\u0301.txt", "é.txt"),
        ("What is RAG - a reply.md", "What is RAG - a reply.md"),
        ("合同/第一.docx", "合同/第一.docx"),
        ("v1..2/notes.txt", "v1..2/notes.txt"),
        ("console/con-fig.txt", "console/con-fig.txt"),
    ],
    ids=ascii,
)
def test_folders_of_uploads_are_kept(path: str, kept: str) -> None:
    assert safe_path(path) == kept


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/etc/passwd.txt", "../a.txt", "a/../../b.txt", "a/./b.txt", "a//b.txt", "a/"),
        *("C:/a.txt", "c:a.txt", "..\\a.txt", "a\\b.txt", "\\\\host\\a.txt", "~/../a.txt"),
        *("a\x00.txt", "a\nb.txt", "gpj.\u202etxt", "a\u2028b.txt", "a\ud800.txt", "a\x7f.txt"),
        *("nul.txt", "CON", "docs/Aux.md", "com1.pdf", "lpt9", "con .txt"),
        *(".hidden.txt", ".git/a.txt", "a/.DS_Store", " /a.txt", "a/ "),
        *("x" * 300 + ".txt", "/".join(["d"] * 40) + "/a.txt", "é" * 130 + ".txt"),
        *("/".join(["x" * 200] * 6) + "/a.txt", "state-000001/a.txt"),
    ],
    ids=lambda path: ascii(path)[:40],
)
def test_a_path_that_leads_elsewhere_is_refused_and_nothing_is_written(
    papers: Collection, tmp_path: Path, path: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LibraryError) as error:
        papers.receive(path, 3)
    assert str(tmp_path) not in str(error.value)
    str(error.value).encode()
    assert sorted(tmp_path.rglob("*")) == before


# --- collections ----------------------------------------------------------------------------------


def test_collections_made_here_and_made_by_the_command_are_listed_together(
    library: Library, tmp_path: Path
) -> None:
    build([tiny_corpus(tmp_path / "corpus")], tmp_path / "indexes" / "notes", FakeEmbedder())
    (tmp_path / "indexes" / "not an index").mkdir()
    library.create("Zebras")
    library.create("apes")
    found = library.collections()
    assert [(each.name, each.made_here, each.documents, each.error) for each in found] == [
        ("apes", True, 0, ""),
        ("notes", False, 3, ""),
        ("Zebras", True, 0, ""),
    ]
    assert library.get("notes") is library.get("notes")
    with pytest.raises(LibraryError, match="no collection “apes2”"):
        library.get("apes2")


@pytest.mark.parametrize("name", ["my papers", "MY  PAPERS", "Notes", "ＮＯＴＥＳ"])
def test_a_name_is_taken_whatever_its_case(library: Library, tmp_path: Path, name: str) -> None:
    build([tiny_corpus(tmp_path / "corpus")], tmp_path / "indexes" / "notes", FakeEmbedder())
    library.create("My papers")
    with pytest.raises(LibraryError, match="already; give another name"):
        library.create(name)


def test_a_collection_that_cannot_be_read_is_listed_with_its_error(
    library: Library, tmp_path: Path
) -> None:
    for name in ("cut", "gone"):
        build([tiny_corpus(tmp_path / "corpus")], tmp_path / "indexes" / name, FakeEmbedder())
    (tmp_path / "indexes" / "cut" / "manifest.json").write_text("{")
    (tmp_path / "indexes" / "gone" / "manifest.json").unlink()
    library.create("Papers")
    (tmp_path / "data" / "collections" / "Papers.own" / RECORD).write_text("{")
    errors = {each.name: each.error for each in library.collections()}
    assert errors.keys() == {"cut", "gone", "Papers"}
    assert "is not whole" in errors["cut"]
    assert "missing" in errors["gone"]
    assert "is damaged" in errors["Papers"]
    assert not any(str(tmp_path) in error for error in errors.values())


def test_a_renamed_collection_needs_no_reading_and_is_found_by_its_new_name_alone(
    library: Library, papers: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RAG_INDEXES", str(tmp_path / "indexes"))
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    assert library.rename("My papers", "Stone") is papers
    assert papers.name == "Stone"
    assert statuses(papers) == {"a.txt": "read"}
    assert index_folder("stone") == papers.folder
    assert [each.name for each in library.collections()] == ["Stone"]
    # The old name is free, and its folder is not taken twice.
    again = library.create("My papers")
    assert again.folder != papers.folder
    assert index_folder("My papers") == again.folder
    with pytest.raises(LibraryError, match="already"):
        library.rename("Stone", "my papers")
    library.rename("Stone", "STONE")


def test_an_index_of_the_command_comes_before_a_collection_of_its_name(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RAG_INDEXES", str(tmp_path / "indexes"))
    made = library.create("notes")
    assert index_folder("notes") == made.folder
    (tmp_path / "indexes" / "notes").mkdir(parents=True)
    assert index_folder("notes") == tmp_path / "indexes" / "notes"
    assert index_folder("nowhere") == tmp_path / "indexes" / "nowhere"


def test_only_what_was_made_here_is_removed_and_files_elsewhere_stay(
    library: Library, papers: Collection, tmp_path: Path
) -> None:
    corpus = tiny_corpus(tmp_path / "corpus")
    build([corpus], tmp_path / "indexes" / "notes", FakeEmbedder())
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    build([corpus], papers.folder, FakeEmbedder())
    with pytest.raises(LibraryError, match="made with `rag index`"):
        library.remove("notes")
    with pytest.raises(LibraryError, match="made with `rag index`"):
        library.rename("notes", "other")
    library.remove("My papers")
    assert [each.name for each in library.collections()] == ["notes"]
    assert list((tmp_path / "data" / "collections").iterdir()) == []
    assert len(list(corpus.iterdir())) == 3


def test_what_a_killed_removal_left_is_freed_later(library: Library, tmp_path: Path) -> None:
    left = tmp_path / "data" / "collections" / ".removed-1.own"
    left.mkdir(parents=True)
    assert library.collections() == []
    Library(tmp_path / "indexes", tmp_path / "data").close()
    assert not left.exists()


# --- uploads --------------------------------------------------------------------------------------


def test_an_upload_is_new_the_same_or_replaces_another(papers: Collection) -> None:
    assert put(papers, "deep/er/a.txt", "one") == "new"
    assert put(papers, "deep/er/a.txt", "one") == "same"
    assert put(papers, "deep/er/a.txt", "two") == "replaced"
    assert (papers.files / "deep/er/a.txt").read_text() == "two"
    assert list((papers.own / "incoming").iterdir()) == []
    assert statuses(papers) == {"deep/er/a.txt": "waiting"}


def test_an_upload_keeps_the_time_of_its_file(papers: Collection) -> None:
    with papers.receive("a.txt", 3, modified=1_600_000_000.5) as incoming:
        incoming.write(b"abc")
        incoming.finish()
    assert (papers.files / "a.txt").stat().st_mtime == 1_600_000_000.5
    with papers.receive("b.txt", 3, modified=1e300) as incoming:
        incoming.write(b"abc")
        assert incoming.finish().outcome == "new"


def test_an_upload_that_breaks_off_leaves_nothing(papers: Collection) -> None:
    put(papers, "a.txt", "before")
    with papers.receive("a.txt") as incoming:
        incoming.write(b"half")
    assert (papers.files / "a.txt").read_text() == "before"
    assert list((papers.own / "incoming").iterdir()) == []


def test_an_upload_killed_in_the_middle_is_no_file_and_is_swept(papers: Collection) -> None:
    code = (
        "import os, sys; from pathlib import Path; from rag.library import Incoming\n"
        "incoming = Incoming(Path(sys.argv[1]), 'a.txt'); incoming.write(b'half' * 10_000)\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(papers.own)], check=False)
    (left,) = (papers.own / "incoming").iterdir()
    assert papers.entries() == []
    put(papers, "b.txt", "one")
    assert left.exists(), "another upload may still be writing it"
    os.utime(left, (time.time() - 7200,) * 2)
    put(papers, "c.txt", "two")
    assert not left.exists()


@pytest.mark.parametrize("name", ["a.exe", "b", "c.doc", "d.txt.zip", "photo.png"])
def test_a_kind_that_nothing_reads_is_refused_and_told_what_can_be(
    papers: Collection, name: str
) -> None:
    with pytest.raises(LibraryError, match=r"cannot be read\. Convert it to one of these: txt, .*"):
        papers.receive(name, 3)


def test_too_large_an_upload_is_refused_as_soon_as_that_is_known(
    papers: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_module, "MOST_BYTES", 1000)
    with pytest.raises(LibraryError, match="larger than"):
        papers.receive("a.txt", 1001)
    with papers.receive("a.txt") as incoming:
        incoming.write(b"x" * 1000)
        with pytest.raises(LibraryError, match="larger than"):
            incoming.write(b"x")
    assert papers.entries() == []
    monkeypatch.setattr(incoming_module, "KEPT_FREE", 10**18)
    with pytest.raises(LibraryError, match="not room enough"):
        papers.receive("a.txt", 10)


def test_a_file_and_a_folder_of_one_name_are_told(papers: Collection) -> None:
    put(papers, "a.txt", "one")
    with pytest.raises(LibraryError, match="where its folder would be"):
        papers.receive("a.txt/b.txt", 3)
    put(papers, "c.txt/d.txt", "one")
    with pytest.raises(LibraryError, match="there is a folder of this name"):
        papers.receive("c.txt", 3)


def test_an_upload_does_not_follow_a_link_out(papers: Collection, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    papers.files.mkdir(parents=True, exist_ok=True)
    (papers.files / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(LibraryError):
        papers.receive("link/a.txt", 3)
    assert list((tmp_path / "outside").iterdir()) == []


# --- which may answer -----------------------------------------------------------------------------

MAIL = (
    b"From: a@example.org\r\nTo: b@example.org\r\nSubject: The ferry\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain\r\n\r\nThe ferry leaves at nine in the morning.\r\n"
    b'--x\r\nContent-Type: text/plain; name="prices.txt"\r\n'
    b'Content-Disposition: attachment; filename="prices.txt"\r\n\r\n'
    b"A ticket for the ferry costs four euros.\r\n"
    b'--x\r\nContent-Type: application/zip; name="more.zip"\r\n'
    b'Content-Disposition: attachment; filename="more.zip"\r\n\r\nPK\r\n--x--\r\n'
)


def asked(collection: Collection, question: str) -> set[str]:
    """Return the documents of the passages that are found for a question."""
    index = Index.open(collection.folder)
    assistant = Assistant(index, FakeEmbedder(), FakeLLM())
    for event in assistant.stream(question, within=collection.within()):
        if isinstance(event, Retrieved):
            return {f"{hit.document.source}{hit.document.inside}" for hit in event.hits}
    return set()


def test_documents_left_out_do_not_answer_and_stay_so_when_they_change(
    library: Library, papers: Collection, tmp_path: Path
) -> None:
    for name, text in (("a.txt", "The quarry closed in May."), ("b.txt", "The quarry is deep.")):
        put(papers, name, text)
    read(papers)
    assert papers.within() is None
    assert asked(papers, "When did the quarry close?") == {"a.txt", "b.txt"}
    papers.leave_out(ids(papers, "a.txt"))
    assert asked(papers, "When did the quarry close?") == {"b.txt"}
    assert [(each.source, each.answers) for each in papers.entries()] == [
        ("a.txt", False),
        ("b.txt", True),
    ]
    old = ids(papers, "a.txt")
    put(papers, "a.txt", "The quarry closed in June, said the owner of the quarry.")
    put(papers, "copy.txt", "The quarry closed in May.")
    read(papers)
    assert ids(papers, "a.txt") != old
    assert asked(papers, "When did the quarry close?") == {"b.txt"}, "nor under another name"
    # As after a restart.
    again = Library(tmp_path / "indexes", tmp_path / "data", reading=FAKE).get("My papers")
    assert asked(again, "When did the quarry close?") == {"b.txt"}
    again.take_in(ids(again, "a.txt"))
    assert asked(papers, "When did the quarry close?") == {"a.txt", "b.txt"}
    put(papers, "copy.txt", "The quarry closed, and another one was opened.")
    read(papers)
    assert asked(papers, "When did the quarry close?") == {"a.txt", "b.txt"}
    papers.take_in(ids(papers, "copy.txt"))
    assert papers.within() is None


def test_a_question_of_some_time_prefers_as_always_among_what_is_not_left_out(
    papers: Collection,
) -> None:
    for year in ("2019", "2023", "2024"):
        front = f"---\ntitle: Travel policy\ndate: {year}-03-01\n---\n\n"
        put(papers, f"{year}.md", f"{front}Staff may spend {year} euros a night on hotels.")
    read(papers)
    papers.leave_out(ids(papers, "2024.md"))
    index = Index.open(papers.folder)
    assistant = Assistant(index, FakeEmbedder(), FakeLLM())
    answer = assistant.ask("What is the latest travel policy?", within=papers.within())
    assert {each.source for each in answer.citations} == {"2023.md"}
    assert answer.asked == (
        "the latest of 2 such documents; documents that are not left out (2 of 3)"
    )


def test_documents_inside_a_file_are_chosen_by_themselves_or_with_it(papers: Collection) -> None:
    put(papers, "ferry.eml", MAIL)
    read(papers)
    (entry,) = papers.entries()
    assert entry.status == "read"
    assert [(one.name, bool(one.id)) for one in entry.inside] == [
        ("prices.txt", True),
        ("more.zip", False),
    ]
    assert "cannot be read" in entry.inside[1].error
    assert asked(papers, "What does the ferry cost?") == {"ferry.eml", "ferry.emlprices.txt"}
    papers.leave_out([entry.inside[0].id])
    assert asked(papers, "What does the ferry cost?") == {"ferry.eml"}
    assert papers.entries()[0].partly
    # The whole mail: whatever it holds when it changes.
    papers.leave_out(entry.ids)
    put(papers, "ferry.eml", MAIL.replace(b"prices.txt", b"others.txt"))
    put(papers, "c.txt", "The ferry is green.")
    read(papers)
    assert asked(papers, "What does the ferry cost?") == {"c.txt"}
    mail = ids(papers, "ferry.eml")
    papers.take_in(mail[1:])
    assert asked(papers, "What does the ferry cost?") == {"c.txt", "ferry.emlothers.txt"}


def test_that_all_are_left_out_is_told(papers: Collection) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    papers.leave_out(ids(papers, "a.txt"))
    with pytest.raises(NothingWithinError, match="All documents are left out"):
        asked(papers, "When did the quarry close?")
    within = papers.within(Within(only=(("format", "text"),)))
    assert within is not None
    assert within.only
    assert within.without == frozenset(ids(papers, "a.txt"))


def test_a_document_that_is_not_there_cannot_be_left_out(papers: Collection) -> None:
    with pytest.raises(LibraryError, match="no such document"):
        papers.leave_out(["0" * 32])
    with pytest.raises(LibraryError, match="no such document"):
        papers.preview("0" * 32)
    with pytest.raises(LibraryError, match="no such file"):
        papers.remove(["0" * 16])


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", '{"version": 1}', "null", '{"version": 2, "x": 1}', "\xff"],
)
def test_a_damaged_record_is_told_and_not_repaired_in_silence(
    library: Library, papers: Collection, damage: str
) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    papers.leave_out(ids(papers, "a.txt"))
    record = papers.own / RECORD
    record.write_text(damage, "latin-1")
    for use in (papers.entries, papers.within, lambda: papers.leave_out([]), papers.last_error):
        with pytest.raises(LibraryError, match="What is kept of the collection"):
            use()
    assert record.read_text("latin-1") == damage
    papers.mend()
    assert statuses(papers) == {"a.txt": "read"}
    assert papers.within() is None
    assert (papers.own / "collection.damaged.json").read_text("latin-1") == damage
    assert library.get("My papers") is papers, "it keeps its name"


def test_keys_of_the_record_are_looked_at(papers: Collection) -> None:
    record = papers.own / RECORD
    whole = json.loads(record.read_text())
    for name, value in (("left_out", [{}]), ("removed", [1]), ("refused", [{"root": 1}])):
        record.write_text(json.dumps(whole | {name: value}))
        with pytest.raises(LibraryError, match="not whole"):
            read_record(papers.own, "My papers")


# --- the list -------------------------------------------------------------------------------------


def test_the_list_shows_what_is_known_of_each_file(library: Library, tmp_path: Path) -> None:
    corpus = tiny_corpus(tmp_path / "corpus")
    (corpus / "twin.txt").write_bytes((corpus / "library.txt").read_bytes())
    build([corpus], tmp_path / "indexes" / "notes", FakeEmbedder())
    notes = library.get("notes")
    entries = {entry.source: entry for entry in notes.entries()}
    assert list(entries) == ["harbour.md", "library.txt", "orchard.txt", "twin.txt"]
    harbour = entries["harbour.md"]
    assert (harbour.title, harbour.format) == ("Harbour bridge closes for repairs", "markdown")
    assert (harbour.date, harbour.dated_by) == ("2024-03-05", "date")
    assert harbour.date_origin == "front matter"
    assert harbour.bytes == (corpus / "harbour.md").stat().st_size
    assert harbour.passages > 0
    assert not harbour.upload
    assert entries["library.txt"].also == ("twin.txt",)
    assert entries["library.txt"].key != entries["twin.txt"].key
    assert entries["library.txt"].dated_by == "saved"
    preview = notes.preview(harbour.id, 20)
    assert (len(preview.text), preview.more) == (20, True)
    assert preview.text.startswith("Title: Harbour")
    assert str(tmp_path) not in repr([entries, preview])

    (corpus / "harbour.md").write_text("Another text.")
    (corpus / "orchard.txt").unlink()
    os.utime(corpus / "library.txt", (1, 1))
    assert statuses(notes) == {
        "harbour.md": "changed",
        "library.txt": "read",
        "orchard.txt": "missing",
        "twin.txt": "read",
    }


def test_what_lies_elsewhere_is_not_removed_but_may_be_left_out(
    library: Library, tmp_path: Path
) -> None:
    corpus = tiny_corpus(tmp_path / "corpus")
    build([corpus], tmp_path / "indexes" / "notes", FakeEmbedder())
    notes = library.get("notes")
    with pytest.raises(LibraryError, match="lies elsewhere on this computer"):
        notes.remove([key(notes, "orchard.txt")])
    assert (corpus / "orchard.txt").exists()
    notes.leave_out(ids(notes, "orchard.txt"))
    assert not next(each for each in notes.entries() if each.source == "orchard.txt").answers
    # Where its file is gone it may leave the index.
    (corpus / "orchard.txt").unlink()
    notes.remove([key(notes, "orchard.txt")])
    assert notes.wait(PATIENCE_S)
    assert list(statuses(notes)) == ["harbour.md", "library.txt"]


def test_uploads_go_beside_documents_from_elsewhere(library: Library, tmp_path: Path) -> None:
    corpus = tiny_corpus(tmp_path / "corpus")
    build([corpus], tmp_path / "indexes" / "notes", FakeEmbedder())
    notes = library.get("notes")
    put(notes, "orchard.txt", "The orchard was sold.")
    read(notes)
    both = [each for each in notes.entries() if each.source == "orchard.txt"]
    assert sorted(each.upload for each in both) == [False, True]
    notes.remove([each.key for each in both if each.upload])
    assert [each.upload for each in notes.entries() if each.source == "orchard.txt"] == [False]
    assert notes.wait(PATIENCE_S)
    assert len(notes.entries()) == 3
    assert [each.name for each in library.collections()] == ["notes"], "not its own folder"


def test_a_damaged_index_is_told_and_reading_makes_it_anew(papers: Collection) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    (papers.folder / "manifest.json").unlink()
    (papers.folder / "manifest.spare.json").unlink()
    with pytest.raises(StoreError, match="damaged"):
        papers.entries()
    read(papers)
    assert statuses(papers) == {"a.txt": "read"}


def test_ten_thousand_files_are_listed_quickly(library: Library, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    for number in range(10_000):
        folder = corpus / f"{number % 100:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{number}.txt"
        file.write_text(f"Report {number}\n\nThe yield was {number} tonnes.\n")
        os.utime(file, (1_600_000_000, 1_600_000_000))
    build([corpus], tmp_path / "indexes" / "many", FakeEmbedder())
    many = library.get("many")
    assert len(many.entries()) == 10_000
    began = time.perf_counter()
    assert len(many.entries()) == 10_000
    # About 0.2 s on one idle core.
    assert time.perf_counter() - began < 2.5


def test_no_message_names_a_path(library: Library, papers: Collection, tmp_path: Path) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    shutil.rmtree(papers.files)
    papers.files.write_text("a file where the folder was")
    papers.read()
    assert papers.wait(PATIENCE_S)
    progress = papers.progress()
    assert progress is not None
    assert progress.state == "failed"
    assert progress.error == papers.last_error()
    assert str(tmp_path) not in progress.error
    with pytest.raises(RagError) as error:
        put(papers, "b/c.txt", "x")
    assert str(tmp_path) not in str(error.value)
