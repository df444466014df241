"""Reading in a process of its own: what a file does to its reader stays there."""

from __future__ import annotations

import os
import signal
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.documents import read_documents
from rag.documents.worker import Worker
from rag.errors import EmptyDocumentError, UnreadableDocumentError, UnsupportedFormatError
from rag.index import build
from rag.testing import FakeEmbedder

PAGE = "<html><head><title>Bridge</title></head><body><p>{}</p></body></html>"
WORDS = "The harbour bridge closes for eleven weeks from 12 March, the council said on Monday."


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "bridge.html"
    file.write_text(PAGE.format(WORDS), "utf-8")
    return file


def test_a_file_is_read_as_it_is_here(page: Path) -> None:
    with Worker() as worker:
        assert worker.read(page, root=page.parent) == read_documents(page, root=page.parent)


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("empty.html", b"  ", EmptyDocumentError),
        ("sound.wav", b"RIFF", UnsupportedFormatError),
        ("binary.html", bytes(range(256)), UnreadableDocumentError),
        ("missing.html", None, UnreadableDocumentError),
    ],
)
def test_a_refusal_comes_over_as_it_is(
    tmp_path: Path, name: str, data: bytes | None, error: type[Exception]
) -> None:
    file = tmp_path / name
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(error) as here:
        read_documents(file, root=tmp_path)
    with Worker() as worker, pytest.raises(error) as there:
        worker.read(file, root=tmp_path)
    assert str(there.value) == str(here.value)
    assert there.value.path == here.value.path  # type: ignore[attr-defined]


def test_a_reader_that_ends_is_begun_anew(page: Path) -> None:
    with Worker() as worker:
        worker.read(page, root=page.parent)
        assert worker._process is not None
        worker._process.kill()
        worker._process.wait()
        with pytest.raises(UnreadableDocumentError, match=r"ended on it \(signal 9\)"):
            worker.read(page, root=page.parent)
        assert WORDS in worker.read(page, root=page.parent).documents[0].text


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be halted there")
def test_a_reader_that_takes_too_long_is_ended(page: Path) -> None:
    with Worker(seconds=0.5) as worker:
        worker._begin()
        process = worker._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(UnreadableDocumentError, match="was not read after"):
            worker.read(page, root=page.parent)
        assert time.monotonic() - began < 5
        assert process.poll() is not None


def test_a_part_that_cannot_be_read_comes_over_beside_the_others(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Ada Quist <ada@example.org>", "The bridge"
    mail.set_content(WORDS)
    mail.add_attachment(b"RIFF", maintype="audio", subtype="wav", filename="sound.wav")
    mail.add_attachment("A note of the council.", filename="note.txt")
    file = tmp_path / "bridge.eml"
    file.write_bytes(mail.as_bytes())
    with Worker() as worker:
        found = worker.read(file, root=tmp_path)
    assert [document.inside for document in found.documents] == ["", "note.txt"]
    (error,) = found.failed
    assert type(error) is UnsupportedFormatError
    assert str(error).startswith(f"{file} › sound.wav: .wav files cannot be read")
    assert error.path == str(file)
    report = build([tmp_path], tmp_path / "index", FakeEmbedder())
    assert [str(each) for each in report.failed] == [str(error)]


def test_nothing_is_begun_for_plain_text(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Plain words.", "utf-8")
    with Worker() as worker:
        assert worker.read(tmp_path / "a.md", root=tmp_path).documents[0].text == "Plain words."
        assert worker._process is None


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, page: Path) -> None:
    (tmp_path / "bad.html").write_bytes(bytes(range(256)))
    (tmp_path / "good.txt").write_text("A good file.", "utf-8")
    report = build([tmp_path], tmp_path / "index", FakeEmbedder())
    assert report.added == ("bridge.html", "good.txt")
    assert [error.path for error in report.failed] == [str(tmp_path / "bad.html")]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_out_of_a_folder_are_read_only_where_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("Nobody was to read this.", "utf-8")
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "own.txt").write_text("A note.", "utf-8")
    (folder / "inner.txt").symlink_to(folder / "own.txt")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    report = build([folder], tmp_path / "index", FakeEmbedder())
    assert "out.txt" not in report.added
    assert ["is a link to" in str(error) for error in report.failed] == [True]
    named = build([folder, folder / "out.txt"], tmp_path / "index", FakeEmbedder())
    assert (named.added, named.failed) == (("out.txt",), ())
