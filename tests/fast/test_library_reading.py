"""Reading a collection in a process of its own: stopped, killed, twice at once, after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.documents.source import ReadOptions
from rag.errors import CancelledError, DocumentError, IndexMissingError
from rag.index import FileStep, Index, Manner, build
from rag.index.files import sole_writer
from rag.library import Collection, Library
from rag.library.reading import Request
from rag.library.record import read_record
from rag.library.runs import BUSY
from rag.testing import FakeEmbedder, tiny_corpus

from .test_library import FAKE, PATIENCE_S, ids, key, put, read, statuses

SHARED = Path(__file__).parents[3] / "shared" / "data" / "documents"
TEXT = "Report {n}\n\nThe yield of field {n} was {n} tonnes. The weather was fair.\n"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "indexes", tmp_path / "data", reading=FAKE)
    yield opened
    opened.close()


@pytest.fixture
def papers(library: Library) -> Collection:
    return library.create("My papers")


def fill(collection: Collection, count: int) -> None:
    """Put files where uploads lie, as so many uploads would."""
    for n in range(count):
        file = collection.files / f"{n % 7}" / f"report {n}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TEXT.format(n=n))
        os.utime(file, (1_600_000_000, 1_600_000_000))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_each_file_is_told_as_it_is_read(papers: Collection) -> None:
    put(papers, "good/a.txt", "The quarry closed in May.")
    put(papers, "empty.txt", "  \n")
    put(papers, "broken.pdf", b"%PDF-1.4 no more")
    put(papers, "broken.docx", b"PK no archive")
    told: list[tuple[str, bool]] = []
    papers.listen(lambda collection, ended: told.append((collection.name, ended)))
    read(papers)
    progress = papers.progress()
    assert progress is not None
    assert (progress.state, progress.read, progress.refused) == ("done", 1, 3)
    assert (progress.waiting, progress.now, progress.error) == (0, (), "")
    assert progress.passages == 1
    assert told == [("My papers", False), ("My papers", True)]
    kinds = [(each.path, each.what) for each in papers.steps()]
    assert [what for path, what in kinds if path == "good/a.txt"] == ["waiting", "reading", "read"]
    for name in ("empty.txt", "broken.pdf", "broken.docx"):
        assert [what for path, what in kinds if path == name] == ["waiting", "reading", "refused"]
    last = papers.steps()[-1].number
    assert papers.steps(last) == []
    found = {entry.source: entry for entry in papers.entries()}
    assert found["empty.txt"].error == "There is no text in it; put some in or leave the file out."
    for name in ("empty.txt", "broken.pdf", "broken.docx"):
        assert found[name].status == "refused"
        assert found[name].error.endswith(".")
        assert str(papers.own) not in found[name].error
    assert found["good/a.txt"].status == "read"


def test_what_was_refused_is_shown_after_a_restart_and_not_tried_in_vain(
    library: Library, papers: Collection, tmp_path: Path
) -> None:
    put(papers, "empty.txt", "  \n")
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    library.close()
    again = Library(tmp_path / "indexes", tmp_path / "data", reading=FAKE)
    restarted = again.get("My papers")
    assert restarted.progress() is None
    assert statuses(restarted) == {"a.txt": "read", "empty.txt": "refused"}
    assert not restarted.is_unread()
    put(restarted, "b.txt", "The quarry is deep.")
    assert restarted.is_unread()
    read(restarted)
    assert {each.path for each in restarted.steps()} == {"b.txt"}
    assert statuses(restarted)["empty.txt"] == "refused"
    # By name it is tried again, and so it is when its bytes are others.
    restarted.reread([key(restarted, "empty.txt")])
    assert restarted.wait(PATIENCE_S)
    assert statuses(restarted)["empty.txt"] == "refused"
    assert [each.path for each in restarted.steps()][-1] == "empty.txt"
    put(restarted, "empty.txt", "Not any more.")
    assert statuses(restarted)["empty.txt"] == "waiting"
    read(restarted)
    assert statuses(restarted) == dict.fromkeys(["a.txt", "b.txt", "empty.txt"], "read")
    again.close()


def test_two_hundred_files_can_answer_before_all_are_read(papers: Collection) -> None:
    fill(papers, 200)
    held: list[int] = []
    papers.listen(lambda papers, ended: held.append(len(Index.open(papers.folder).documents)))
    read(papers)
    assert held[0] == 25
    assert held == sorted(held)
    assert held[-1] == 200
    assert set(statuses(papers).values()) == {"read"}
    assert len(Index.open(papers.folder).documents) == 200
    progress = papers.progress()
    assert progress is not None
    assert progress.read == 200


def test_what_is_read_in_portions_is_what_is_read_at_once(
    papers: Collection, tmp_path: Path
) -> None:
    fill(papers, 120)
    read(papers)
    build([papers.files], tmp_path / "at once", FakeEmbedder())
    by_portions, at_once = Index.open(papers.folder), Index.open(tmp_path / "at once")
    assert list(by_portions.texts) == list(at_once.texts)
    assert [each.source for each in by_portions.described] == [
        each.source for each in at_once.described
    ]


def test_files_that_arrive_during_a_reading_are_read_after_it(papers: Collection) -> None:
    fill(papers, 60)
    papers.read()
    until(lambda: (now := papers.progress()) is not None and now.state == "reading")
    put(papers, "late.txt", "The quarry closed in May.")
    papers.read()
    papers.read()
    assert papers.wait(PATIENCE_S)
    assert statuses(papers)["late.txt"] == "read"


def test_collections_are_read_one_after_the_other(library: Library, papers: Collection) -> None:
    other = library.create("Other")
    fill(papers, 60)
    fill(other, 3)
    papers.read()
    other.read()
    now = other.progress()
    assert now is not None
    assert now.state == "queued"
    assert now.at_work
    with pytest.raises(Exception, match="being read"):
        library.remove("Other")
    assert other.wait(PATIENCE_S)
    assert papers.wait(PATIENCE_S)
    assert set(statuses(other).values()) == {"read"}


def test_a_reading_is_stopped_and_goes_on_later(papers: Collection) -> None:
    fill(papers, 2000)
    papers.read()
    until(lambda: bool(papers.folder.exists() and (papers.folder / "manifest.json").exists()))
    papers.stop()
    assert papers.wait(PATIENCE_S)
    now = papers.progress()
    assert now is not None
    assert now.state == "stopped"
    held = len(Index.open(papers.folder).documents)
    assert 25 <= held < 2000
    counts = [*statuses(papers).values()]
    assert counts.count("read") == held
    assert counts.count("waiting") == 2000 - held
    assert papers.is_unread()
    read(papers)
    assert len(Index.open(papers.folder).documents) == 2000


def test_what_waits_is_stopped_before_it_begins(library: Library, papers: Collection) -> None:
    other = library.create("Other")
    fill(papers, 40)
    fill(other, 3)
    papers.read()
    other.read()
    other.stop()
    assert other.wait(PATIENCE_S)
    now = other.progress()
    assert now is not None
    assert now.state == "stopped"
    assert papers.wait(PATIENCE_S)
    assert set(statuses(other).values()) == {"waiting"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_reading_that_is_killed_loses_nothing_that_counted(papers: Collection) -> None:
    fill(papers, 1500)
    put(papers, "0/kept.txt", "The quarry closed in May.")
    papers.read()
    until(lambda: (papers.folder / "manifest.json").exists())
    for process in _children():
        os.kill(process, signal.SIGKILL)
    assert papers.wait(PATIENCE_S)
    now = papers.progress()
    assert now is not None
    assert now.state == "failed"
    assert "ended by itself (signal 9)" in now.error
    assert papers.last_error() == now.error
    held = len(Index.open(papers.folder).documents)
    assert 25 <= held < 1501
    assert len(statuses(papers)) == 1501
    read(papers)
    assert len(Index.open(papers.folder).documents) == 1501
    assert papers.last_error() == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_nothing_goes_on_when_the_page_is_killed(papers: Collection, tmp_path: Path) -> None:
    fill(papers, 3000)
    code = (
        "import sys, time; from pathlib import Path; from rag.library import Library\n"
        "papers = Library(*map(Path, sys.argv[1:3]), reading=sys.argv[3:]).get('My papers')\n"
        "papers.read(); print('begun', flush=True); time.sleep(600)"
    )
    page = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "indexes"), str(tmp_path / "data"), *FAKE],
        stdout=subprocess.PIPE,
    )
    assert page.stdout is not None
    assert page.stdout.readline() == b"begun\n"
    until(lambda: (papers.folder / "manifest.json").exists())
    (child,) = _children(page.pid)
    page.kill()
    page.wait()
    page.stdout.close()
    until(lambda: not _is_alive(child))
    assert 25 <= len(Index.open(papers.folder).documents) < 3000
    read(papers)
    assert len(Index.open(papers.folder).documents) == 3000


def _children(parent: int | None = None) -> list[int]:
    """Return the processes that read for a process."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            line = (folder / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if int(stat[1]) == (parent or os.getpid()) and b"rag.library.reading" in line:
            found.append(int(folder.name))
    return found


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_two_programs_do_not_read_into_one_collection(
    library: Library, papers: Collection, tmp_path: Path
) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    with sole_writer(papers.folder):
        read(papers)
        now = papers.progress()
        assert now is not None
        assert (now.state, now.error) == ("failed", BUSY)
        assert statuses(papers) == {"a.txt": "waiting"}
        with pytest.raises(Exception, match="Another program is reading"):
            library.remove("My papers")
    # Two of them at once: one waits for the other, or is told so; nothing is lost.
    other = Library(tmp_path / "indexes", tmp_path / "data", reading=FAKE)
    fill(papers, 100)
    for one in (papers, other.get("My papers")):
        one.read()
    for one in (papers, other.get("My papers")):
        assert one.wait(PATIENCE_S)
    other.close()
    read(papers)
    assert set(statuses(papers).values()) == {"read"}
    assert len(statuses(papers)) == 101


def test_a_removed_upload_goes_from_disk_and_index_and_answers_no_more(
    papers: Collection,
) -> None:
    put(papers, "deep/a.txt", "The quarry closed in May.")
    put(papers, "b.txt", "The quarry is deep.")
    put(papers, "twin.txt", "The quarry is deep.")
    read(papers)
    gone = ids(papers, "deep/a.txt")
    papers.leave_out(gone)
    with sole_writer(papers.folder):  # the reading that follows cannot do its work now
        papers.remove([key(papers, "deep/a.txt"), key(papers, "twin.txt")])
        assert papers.wait(PATIENCE_S)
        within = papers.within()
        assert within is not None
        assert within.without == frozenset(gone), "the twin of what was removed is still there"
        assert "deep/a.txt" not in statuses(papers)
    assert not (papers.files / "deep").exists()
    read(papers)
    assert statuses(papers) == {"b.txt": "read"}
    assert papers.within() is None
    assert read_record(papers.own, "").removed == ()
    put(papers, "deep/a.txt", "The quarry closed in May.")
    read(papers)
    assert papers.within() is None, "what was removed is not left out when it comes again"


def test_with_the_last_upload_the_index_goes(papers: Collection) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    papers.remove([key(papers, "a.txt")])
    assert papers.wait(PATIENCE_S)
    assert papers.entries() == []
    assert not list(papers.folder.glob("s*-0*"))
    now = papers.progress()
    assert now is not None
    assert now.state == "done"
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    assert statuses(papers) == {"a.txt": "read"}


def test_files_deleted_by_hand_are_missing_and_leave_with_the_next_reading(
    papers: Collection,
) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    put(papers, "b.txt", "The quarry is deep.")
    read(papers)
    (papers.files / "a.txt").unlink()
    assert statuses(papers) == {"a.txt": "missing", "b.txt": "read"}
    read(papers)
    assert statuses(papers) == {"b.txt": "read"}


def test_a_file_changed_by_hand_is_told_and_read_anew(papers: Collection) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    (papers.files / "a.txt").write_text("The quarry closed in June, after all.")
    assert statuses(papers) == {"a.txt": "changed"}
    assert papers.is_unread()
    read(papers)
    assert statuses(papers) == {"a.txt": "read"}
    (entry,) = papers.entries()
    assert "June" in papers.preview(entry.id).text


def test_a_document_from_elsewhere_is_read_again_where_it_lies(
    library: Library, tmp_path: Path
) -> None:
    corpus = tiny_corpus(tmp_path / "corpus")
    build([corpus], tmp_path / "indexes" / "notes", FakeEmbedder())
    notes = library.get("notes")
    before = ids(notes, "orchard.txt")
    (corpus / "orchard.txt").write_text("The orchard was sold.")
    assert statuses(notes)["orchard.txt"] == "changed"
    read(notes)
    assert ids(notes, "orchard.txt") == before, "only uploads are looked at unless it is asked for"
    notes.reread([key(notes, "orchard.txt")])
    assert notes.wait(PATIENCE_S)
    assert statuses(notes) == dict.fromkeys(["harbour.md", "library.txt", "orchard.txt"], "read")
    assert ids(notes, "orchard.txt") != before
    # Once it cannot be read it stays in the list, with the reason, and can be tried again.
    (corpus / "orchard.txt").write_text("   ")
    notes.reread([key(notes, "orchard.txt")])
    assert notes.wait(PATIENCE_S)
    entry = next(each for each in notes.entries() if each.source == "orchard.txt")
    assert (entry.status, entry.upload) == ("refused", False)
    assert entry.error.startswith("There is no text in it")
    (corpus / "orchard.txt").write_text("The orchard was bought.")
    notes.reread([entry.key])
    assert notes.wait(PATIENCE_S)
    assert statuses(notes)["orchard.txt"] == "read"


def test_an_unchanged_file_is_read_again_when_that_is_asked_for(papers: Collection) -> None:
    put(papers, "a.txt", "The quarry closed in May.")
    put(papers, "b.txt", "The quarry is deep.")
    read(papers)
    before = papers.steps()[-1].number
    papers.reread([key(papers, "a.txt")])
    assert papers.wait(PATIENCE_S)
    told = [(each.path, each.what) for each in papers.steps(before)]
    assert told == [("a.txt", "waiting"), ("a.txt", "reading"), ("a.txt", "read")]


def test_a_password_is_given_when_a_file_is_read_again(papers: Collection) -> None:
    locked = SHARED / "pypdf_samples__libreoffice-writer-password.pdf"
    if not locked.exists():
        pytest.skip("the shared sample documents are not here")
    put(papers, "locked.pdf", locked.read_bytes())
    read(papers)
    (entry,) = papers.entries()
    assert entry.status == "refused"
    assert "password" in entry.error
    assert "--" not in entry.error
    papers.reread([entry.key], ReadOptions(passwords=("openpassword",)))
    assert papers.wait(PATIENCE_S)
    (entry,) = papers.entries()
    assert entry.status == "read"


def test_a_model_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "no models"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library = Library(tmp_path / "indexes", tmp_path / "data")
    papers = library.create("My papers")
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    now = papers.progress()
    assert now is not None
    assert now.state == "failed"
    assert "rag models fetch" in now.error
    assert statuses(papers) == {"a.txt": "waiting"}
    library.close()


def test_nothing_is_begun_after_the_library_is_closed(library: Library, papers: Collection) -> None:
    fill(papers, 500)
    papers.read()
    until(lambda: (now := papers.progress()) is not None and now.state == "reading")
    library.close()
    assert papers.wait(0)
    papers.read()
    assert papers.wait(0)
    now = papers.progress()
    assert now is not None
    assert not now.at_work
    assert _children() == []


# --- what the index gives for it ------------------------------------------------------------------


def test_a_build_tells_of_each_file_and_reads_what_was_chosen(tmp_path: Path) -> None:
    corpus = tiny_corpus(tmp_path / "corpus")
    (corpus / "empty.txt").write_text(" ")
    (corpus / "photo.png").write_bytes(b"\x89PNG")
    steps: list[FileStep] = []
    manner = Manner(choose=lambda unread: unread[:2], tell=steps.append)
    report = build([corpus], tmp_path / "index", FakeEmbedder(), manner=manner)
    assert report.left == 2
    told = [(step.what, step.path.name) for step in steps]
    assert told[0] == ("refused", "photo.png")
    assert ("refused", "empty.txt") in told
    assert ("read", "harbour.md") in told
    assert not any(name in ("library.txt", "orchard.txt") for _, name in told)
    failed = next(step.error for step in steps if step.error and step.path.name == "empty.txt")
    assert isinstance(failed, DocumentError)
    assert sum(step.passages for step in steps) == report.passages
    # Of what is to be read, that which the index holds in an older state comes first.
    (corpus / "harbour.md").write_text("The harbour was closed.")
    given: list[str] = []

    def first(unread: object) -> list[object]:
        assert isinstance(unread, list)
        given.extend(each.path.name for each in unread)
        return unread[:1]

    build([corpus], tmp_path / "index", FakeEmbedder(), manner=Manner(choose=first))  # type: ignore[arg-type]
    assert given[0] == "harbour.md"
    assert set(given[1:]) == {"empty.txt", "library.txt", "orchard.txt"}


def test_a_build_that_is_stopped_by_who_is_told_leaves_the_index(tmp_path: Path) -> None:
    corpus = tiny_corpus(tmp_path / "corpus")
    build([corpus], tmp_path / "index", FakeEmbedder())
    before = (tmp_path / "index" / "manifest.json").read_bytes()

    def stop(step: FileStep) -> None:
        raise CancelledError("stopped; begin again.")

    (corpus / "harbour.md").write_text("The harbour was closed.")
    with pytest.raises(CancelledError):
        build([corpus], tmp_path / "index", FakeEmbedder(), manner=Manner(tell=stop))
    assert (tmp_path / "index" / "manifest.json").read_bytes() == before
    Index.open(tmp_path / "index")


def test_nothing_left_is_an_error_unless_it_may_be(tmp_path: Path) -> None:
    corpus, more = tiny_corpus(tmp_path / "corpus"), tiny_corpus(tmp_path / "more")
    (more / "harbour.md").write_text("The harbour was closed.")
    folder = tmp_path / "index"
    build([corpus, more], folder, FakeEmbedder())
    for file in corpus.iterdir():
        file.unlink()
    manner = Manner(may_empty=True)
    report = build([corpus], folder, FakeEmbedder(), manner=manner)
    assert report.removed == ("harbour.md", "library.txt", "orchard.txt")
    assert {each.root for each in Index.open(folder).described} == {str(more)}
    assert not build([corpus], folder, FakeEmbedder(), manner=manner).written
    for file in more.iterdir():
        file.unlink()
    assert build([more], folder, FakeEmbedder(), manner=manner).written
    assert not [path for path in folder.iterdir() if path.is_dir()]
    with pytest.raises(IndexMissingError):
        Index.open(folder)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_the_reader_of_files_ends_with_whoever_asked() -> None:
    code = (
        "import sys, time; from pathlib import Path; from rag.documents.worker import Worker\n"
        "worker = Worker(); worker._begin(); print(worker._process.pid, flush=True)\n"
        "worker._process.stdin.write(b'x'); worker._process.stdin.flush(); time.sleep(600)"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert asking.stdout is not None
    reader = int(asking.stdout.readline())
    assert _is_alive(reader)
    asking.kill()
    asking.wait()
    asking.stdout.close()
    until(lambda: not _is_alive(reader))


def test_the_request_travels_as_it_is() -> None:
    request = Request(
        folder="/f",
        files="/f.own/files",
        beside=("/x/\udcff.txt",),
        again=("/a",),
        refused=(("/r", 3, 4),),
        pipeline="p",
        passwords=("ö",),
        ocr=True,
        ocr_languages="deu",
    )
    assert Request.of_line(request.to_line()) == request
    assert request.to_line().count(b"\n") == 1
