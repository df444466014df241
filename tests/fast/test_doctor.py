"""rag doctor: every damage is found, and mended with as little read again as can be."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from rag.cli import main
from rag.embedder import EmbedKind
from rag.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    StoreError,
)
from rag.index import Index, build, building, examine, mend, writing
from rag.index.files import sole_writer
from rag.index.manifest import MANIFEST, SPARE, read_manifest
from rag.testing import FakeEmbedder, tiny_corpus


class Counting(FakeEmbedder):
    texts = 0

    def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> NDArray[np.float32]:
        self.texts += len(texts)
        return super().embed(texts, kind=kind)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return tiny_corpus(tmp_path / "corpus")


@pytest.fixture
def folder(corpus: Path, tmp_path: Path) -> Path:
    """An index of one segment."""
    folder = tmp_path / "indexes" / "tiny"
    build([corpus], folder, FakeEmbedder())
    return folder


def content(folder: Path) -> dict[str, tuple[str, list[tuple[int, int, str]]]]:
    """What an index holds, whatever segments it lies in."""
    index = Index.open(folder)
    return {
        document.source: (
            document.text,
            [(p.start, p.end, p.text) for p in index.passages_of(document.id)],
        )
        for document in index.documents.values()
    }


def found_by(folder: Path, question: str) -> set[str]:
    index = Index.open(folder)
    (vector,) = FakeEmbedder().embed([question], kind="query")
    rows = [
        index.search_lexical(question, 3)[0],
        index.search_dense(vector, 3)[0],
        index.search_sentences(vector, 3)[0],
    ]
    return {index.documents[index.passages[row].document_id].source for row, _ in rows}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "one-bit": flip,
    "gone": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut-short": lambda path: path.write_bytes(path.read_bytes()[:-3]),
}
SEGMENT_FILES = (
    "documents.jsonl",
    "texts.jsonl",
    "documents.npy",
    "passages.npy",
    "sentences.npy",
    "vectors.faiss",
    "sentences.faiss",
)


def test_a_sound_index_is_left_alone(folder: Path) -> None:
    before = (folder / MANIFEST).read_bytes()
    found = examine(folder)
    assert (found.faults, found.documents) == ([], 3)
    embedder = Counting()
    done = mend(folder, embedder)
    assert (done.faults, done.kept, done.made, done.read) == ((), 3, 0, ())
    assert (folder / MANIFEST).read_bytes() == before
    assert embedder.texts == 0


@pytest.mark.parametrize("name", SEGMENT_FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_of_a_segment_is_mended(damage: str, name: str, folder: Path) -> None:
    before = content(folder)
    DAMAGES[damage](folder / "segment-000001" / name)
    with pytest.raises(IndexDamagedError, match="rag doctor --index tiny"):
        Index.open(folder)
    assert any(name in fault for fault in examine(folder).faults)

    done = mend(folder, FakeEmbedder())

    assert done.kept + done.made + len(done.read) == 3
    assert (done.lost, done.unknown) == ((), 0)
    assert content(folder) == before
    assert found_by(folder, "bridge harbour") == {"harbour.md"}
    assert examine(folder).faults == []


@pytest.mark.parametrize("name", ["vectors.faiss", "sentences.faiss", "passages.npy"])
def test_lost_vectors_and_passages_are_made_without_the_files(
    name: str, corpus: Path, folder: Path
) -> None:
    before = content(folder)
    shutil.rmtree(corpus)
    (folder / "segment-000001" / name).unlink()
    done = mend(folder, FakeEmbedder())
    assert (done.made, done.read, done.lost) == (3, (), ())
    assert content(folder) == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_lost_words_are_made_without_reading_or_embedding(
    damage: str, corpus: Path, folder: Path
) -> None:
    before = content(folder)
    shutil.rmtree(corpus)
    words = folder / read_manifest(folder).state / "words"
    (postings,) = words.glob("*.idx")
    DAMAGES[damage](postings)
    embedder = Counting()
    done = mend(folder, embedder)
    assert (done.kept, done.made, embedder.texts) == (3, 0, 0)
    assert content(folder) == before
    assert found_by(folder, "apples frost") == {"orchard.txt"}


def test_one_altered_text_is_read_again_and_the_others_are_not(corpus: Path, folder: Path) -> None:
    before = content(folder)
    texts = folder / "segment-000001" / "texts.jsonl"
    data = texts.read_bytes()
    texts.write_bytes(data.replace(b"library", b"librari", 1))
    done = mend(folder, FakeEmbedder())
    assert done.made == 2
    assert len(done.read) == 1
    assert content(folder) == before


def test_what_cannot_be_read_again_is_named_and_the_rest_stays(corpus: Path, folder: Path) -> None:
    before = content(folder)
    shutil.rmtree(corpus)
    texts = folder / "segment-000001" / "texts.jsonl"
    texts.write_bytes(texts.read_bytes().replace(b"library", b"librari", 1))
    done = mend(folder, FakeEmbedder())
    assert [Path(error.path).name for error in done.lost] == ["library.txt"]
    assert content(folder) == {name: v for name, v in before.items() if name != "library.txt"}


def test_documents_of_which_nothing_is_left_are_counted(folder: Path) -> None:
    for name in ("documents.jsonl", "documents.npy", "texts.jsonl"):
        (folder / "segment-000001" / name).unlink()
    with pytest.raises(StoreError, match="nothing of it can be mended"):
        mend(folder, FakeEmbedder())


def test_a_document_of_which_only_the_id_is_left_is_found_by_its_hash(
    corpus: Path, folder: Path
) -> None:
    before = content(folder)
    for name in ("documents.jsonl", "texts.jsonl"):
        (folder / "segment-000001" / name).unlink()
    (corpus / "library.txt").unlink()
    (corpus / "another.txt").write_text("What was never indexed stays outside.")
    done = mend(folder, FakeEmbedder())
    assert sorted(done.read) == ["harbour.md", "orchard.txt"]
    assert done.unknown == 1
    assert content(folder) == {name: v for name, v in before.items() if name != "library.txt"}


def test_a_damaged_manifest_is_mended_by_the_spare_one(folder: Path) -> None:
    before = content(folder)
    flip(folder / MANIFEST)
    done = mend(folder, FakeEmbedder())
    assert done.kept == 3
    assert content(folder) == before
    (folder / MANIFEST).unlink()
    mend(folder, FakeEmbedder())
    assert content(folder) == before


def test_without_any_manifest_nothing_is_guessed(folder: Path) -> None:
    flip(folder / MANIFEST)
    flip(folder / SPARE)
    with pytest.raises(IndexDamagedError, match="rag index PATH…"):
        mend(folder, FakeEmbedder())
    assert (folder / "segment-000001").is_dir()


def test_a_damaged_spare_manifest_is_no_harm(folder: Path) -> None:
    flip(folder / SPARE)
    assert examine(folder).faults == []


def test_offsets_that_no_checksum_tells_of_are_found(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that writes wrong offsets seals them with right checksums."""
    real = writing.SegmentWriter.add

    def wrong(self: writing.SegmentWriter, row: object, contents: object) -> None:
        contents.passages["end"] += 100_000  # type: ignore[attr-defined]
        real(self, row, contents)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(writing.SegmentWriter, "add", wrong)
        build([corpus], tmp_path / "index", FakeEmbedder())
    faults = examine(tmp_path / "index").faults
    assert len(faults) >= 3
    assert all("offsets" in fault for fault in faults)
    assert mend(tmp_path / "index", FakeEmbedder()).made == 3
    assert examine(tmp_path / "index").faults == []


def test_only_the_damaged_segment_is_made_anew(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "SMALL", 0)
    folder = tmp_path / "index"
    build([corpus], folder, FakeEmbedder())
    (corpus / "new.txt").write_text("A new document about volcanoes. They smoke.")
    (corpus / "orchard.txt").unlink()
    build([corpus], folder, FakeEmbedder())
    before = content(folder)
    assert len(read_manifest(folder).segments) == 2
    flip(folder / "segment-000002" / "vectors.faiss")
    embedder = Counting()
    done = mend(folder, embedder)
    assert (done.kept, done.made) == (2, 1)
    assert 0 < embedder.texts < 5
    assert content(folder) == before
    assert "orchard.txt" not in before


def test_a_damaged_index_stays_until_the_mended_one_is_complete(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip(folder / "segment-000001" / "vectors.faiss")
    before = sorted(path.name for path in folder.iterdir())

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writing.SegmentWriter, "close", full)
        with pytest.raises(StoreError, match="No space left"):
            mend(folder, FakeEmbedder())
    assert sorted(path.name for path in folder.iterdir()) == before
    assert mend(folder, FakeEmbedder()).made == 3


def test_doctor_is_told_when_it_cannot_work(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="rag index"):
        examine(tmp_path / "nowhere")
    flip(folder / "segment-000001" / "vectors.faiss")
    with pytest.raises(IndexMismatchError, match="fake-embedder"):
        mend(folder, FakeEmbedder(checksum="another"))
    with sole_writer(folder), pytest.raises(IndexBusyError):
        mend(folder, FakeEmbedder())


def test_the_command_tells_what_is_wrong_and_mends_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.embedder.load_embedder", lambda name, **given: FakeEmbedder())
    run = CliRunner()
    asked = ["doctor", "--index", str(folder)]
    sound = run.invoke(main, [*asked, "--check"])
    assert (sound.exit_code, "sound; 3 documents" in sound.output) == (0, True)
    flip(folder / "segment-000001" / "sentences.faiss")
    wrong = run.invoke(main, [*asked, "--check"])
    assert wrong.exit_code == 1
    assert "sentences.faiss has been altered" in wrong.output
    assert "rag doctor --index" in wrong.output
    mended = run.invoke(main, asked)
    assert mended.exit_code == 0, mended.output
    assert "3 were made anew" in mended.output
    assert json.loads((folder / MANIFEST).read_text())["documents"] == 3
