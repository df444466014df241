"""An index that keeps up with its files."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import StoreError
from rag.index import Index, IndexReport, build, watch
from rag.index import watching as module
from rag.testing import FakeEmbedder

WAIT = 20.0


@pytest.fixture
def watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, queue.Queue[IndexReport | StoreError]]]:
    monkeypatch.setattr(module, "SETTLED_MS", 100)
    notes, folder = tmp_path / "notes", tmp_path / "notes" / "index"
    notes.mkdir()
    (notes / "a.txt").write_text("The first note.", "utf-8")
    build([notes], folder, FakeEmbedder())
    found: queue.Queue[IndexReport | StoreError] = queue.Queue()
    stop = threading.Event()

    def update() -> IndexReport:
        return build([notes], folder, FakeEmbedder())

    def work() -> None:
        for news in watch([notes], folder, update, stop):
            found.put(news)

    thread = threading.Thread(target=work)
    thread.start()
    # What is written before the watch has begun is taken up with the next change.
    threading.Event().wait(0.5)
    yield notes, found
    stop.set()
    thread.join(WAIT)
    assert not thread.is_alive()


def test_each_change_is_taken_up(
    watched: tuple[Path, queue.Queue[IndexReport | StoreError]],
) -> None:
    notes, found = watched
    (notes / "b.txt").write_text("A second note.", "utf-8")
    news = found.get(timeout=WAIT)
    assert isinstance(news, IndexReport)
    assert (news.added, news.unchanged) == (("b.txt",), ("a.txt",))
    (notes / "a.txt").write_text("The first note, changed.", "utf-8")
    (notes / "b.txt").rename(notes / "c.txt")
    news = found.get(timeout=WAIT)
    assert isinstance(news, IndexReport)
    assert (news.changed, news.added, news.removed) == (("a.txt",), ("c.txt",), ("b.txt",))
    assert news.embedded > 0
    texts = {d.source: d.text for d in Index.open(notes / "index").documents.values()}
    assert texts == {"a.txt": "The first note, changed.", "c.txt": "A second note."}


def test_what_cannot_be_taken_up_is_told_and_the_watch_goes_on(
    watched: tuple[Path, queue.Queue[IndexReport | StoreError]],
) -> None:
    notes, found = watched
    (notes / "a.txt").unlink()
    news = found.get(timeout=WAIT)
    assert isinstance(news, StoreError)
    assert "No document could be read" in str(news)
    (notes / "d.txt").write_text("Another note.", "utf-8")
    news = found.get(timeout=WAIT)
    assert isinstance(news, IndexReport)
    assert news.added == ("d.txt",)
