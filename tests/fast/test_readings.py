"""Saved readings: what is put back is what was saved, or nothing; budgets hold; nobody waits."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from rag.errors import CancelledError, ModelError
from rag.readings import Readings, Shelf, Warmer, forget, key_of
from rag.readings.memory import Memory

DOC, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
OF = f"{DOC}:0-10"


def state(size: int = 1000, fill: int = 7) -> bytearray:
    return bytearray([fill]) * size


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "readings", "model a", 10_000)


class TestMemory:
    def test_what_was_not_used_for_longest_goes(self) -> None:
        memory = Memory(2500)
        memory.put("a", state())
        memory.put("b", state())
        assert memory.get("a") is not None
        memory.put("c", state())
        assert ("a" in memory, "b" in memory, "c" in memory) == (True, False, True)
        assert memory.held_bytes == 2000

    def test_what_is_larger_than_the_budget_is_not_kept(self) -> None:
        memory = Memory(500)
        memory.put("a", state())
        assert memory.get("a") is None
        assert memory.held_bytes == 0

    def test_a_thousand_states_stay_within_the_budget(self) -> None:
        memory = Memory(10_000)
        for number in range(1000):
            memory.put(str(number), state(500 + number % 7))
            assert memory.held_bytes <= 10_000


class TestShelf:
    def test_what_is_kept_is_found_again(self, shelf: Shelf) -> None:
        assert shelf.get("k", OF) is None
        assert shelf.put("k", OF, state())
        assert shelf.has("k", OF)
        assert shelf.get("k", OF) == state()
        again = Shelf(shelf.folder, "model a", 10_000)
        assert again.get("k", OF) == state()

    @pytest.mark.parametrize("other", ["model b", "model a with other settings"])
    def test_another_stamp_finds_nothing(self, shelf: Shelf, other: str) -> None:
        shelf.put("k", OF, state())
        assert Shelf(shelf.folder, other, 10_000).get("k", OF) is None
        assert shelf.get("j", OF) is None

    @pytest.mark.parametrize("place", [0, 40, 400, -1])
    def test_a_file_altered_anywhere_is_ignored_and_replaced(
        self, shelf: Shelf, place: int
    ) -> None:
        shelf.put("k", OF, state())
        path = shelf.path("k", OF)
        data = bytearray(path.read_bytes())
        data[place] ^= 0xFF
        path.write_bytes(data)
        assert shelf.get("k", OF) is None
        assert not path.exists()
        shelf.put("k", OF, state())
        assert shelf.get("k", OF) == state()

    @pytest.mark.parametrize("size", [0, 1, 100, 900])
    def test_a_file_cut_short_is_ignored(self, shelf: Shelf, size: int) -> None:
        shelf.put("k", OF, state())
        path = shelf.path("k", OF)
        path.write_bytes(path.read_bytes()[:size])
        assert shelf.get("k", OF) is None

    def test_a_foreign_file_is_ignored(self, shelf: Shelf) -> None:
        shelf.put("k", OF, state())
        other = Shelf(shelf.folder, "model b", 10_000)
        other.put("k", OF, state(fill=9))
        shelf.path("k", OF).write_bytes(other.path("k", OF).read_bytes())
        assert shelf.get("k", OF) is None, "renamed, it is still of another model"
        head = {"format": 99, "stamp": "model a", "key": "k", "bytes": 0, "sha256": ""}
        shelf.path("k", OF).write_text(json.dumps(head) + "\n", encoding="utf-8")
        assert shelf.get("k", OF) is None

    def test_the_budget_holds_and_the_oldest_go(self, shelf: Shelf) -> None:
        for number in range(200):
            shelf.put(str(number), OF, state())
            path = shelf.path(str(number), OF)
            os.utime(path, (number, number))
        held = sum(path.stat().st_size for path in shelf.folder.iterdir())
        assert 5_000 < held <= 10_000 + 1_500
        assert shelf.get("199", OF) is not None
        assert shelf.get("0", OF) is None
        assert shelf.room_bytes < 2_000

    def test_a_folder_that_cannot_be_written_costs_time_only(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("not a folder", encoding="utf-8")
        shelf = Shelf(blocked / "readings", "model a", 10_000)
        assert not shelf.put("k", OF, state())
        assert shelf.get("k", OF) is None
        assert shelf.room_bytes == 10_000

    def test_a_document_takes_its_states_with_it(self, shelf: Shelf) -> None:
        shelf.put("a", f"{DOC}:0-10", state())
        shelf.put("b", f"{DOC}:10-20", state())
        shelf.put("c", f"{OTHER}:0-10", state())
        assert forget([DOC], shelf.folder) == 2
        assert shelf.get("a", f"{DOC}:0-10") is None
        assert shelf.get("c", f"{OTHER}:0-10") is not None
        assert forget([DOC], shelf.folder / "not there") == 0

    def test_files_are_for_the_user_alone(self, shelf: Shelf) -> None:
        shelf.put("k", OF, state())
        assert shelf.path("k", OF).stat().st_mode & 0o077 == 0


def _hammer(folder: Path, fill: int) -> None:
    shelf = Shelf(folder, "model a", 20_000)
    for number in range(300):
        key = str(number % 30)
        found = shelf.get(key, OF)
        assert found is None or len(set(found)) == 1, "whole, whoever wrote it"
        shelf.put(key, OF, state(fill=fill))


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_hammer, args=(tmp_path, fill)) for fill in (1, 2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert not list(tmp_path.glob("new-*"))


class TestReadings:
    def test_memory_is_asked_before_the_disk(self, shelf: Shelf) -> None:
        readings = Readings(5_000, shelf)
        assert readings.get("k", OF) is None
        readings.put("k", state(), OF)
        assert readings.get("k", OF) == state()
        afresh = Readings(5_000, shelf)
        assert afresh.has("k", OF)
        assert afresh.get("k", OF) == state()
        assert afresh.get("k", OF) == state()
        assert (afresh.counts.loaded, afresh.counts.remembered) == (1, 1)
        assert (readings.counts.missed, readings.counts.remembered) == (1, 1)

    def test_what_is_of_no_passage_is_not_written(self, shelf: Shelf) -> None:
        readings = Readings(5_000, shelf)
        readings.put("system words", state())
        assert not shelf.folder.exists()
        assert readings.get("system words") == state()

    def test_keys_are_of_the_tokens(self) -> None:
        assert key_of((1, 2, 3)) == key_of([1, 2, 3]) != key_of((1, 2))
        assert key_of((1, 23)) != key_of((12, 3))


class TestWarmer:
    def test_all_is_read_while_nobody_asks(self) -> None:
        read: list[int] = []

        def task(n: int, *, cancel: threading.Event) -> None:
            read.append(n)

        warmer = Warmer([partial(task, n) for n in range(5)], idle_s=0)
        warmer.start()
        assert warmer.done.wait(10)
        assert read == [0, 1, 2, 3, 4]
        warmer.close()

    def test_a_question_stops_it_at_once_and_it_goes_on_after(self) -> None:
        begun, finished = threading.Event(), threading.Event()
        tries: list[str] = []

        def long(*, cancel: threading.Event) -> None:
            tries.append("begun")
            begun.set()
            if len(tries) == 1:
                assert cancel.wait(10)
                raise CancelledError("stopped")
            finished.set()

        warmer = Warmer([long], idle_s=0.01)
        warmer.start()
        assert begun.wait(10)
        with warmer.aside():
            time.sleep(0.05)
            assert tries == ["begun"], "nothing is begun while somebody asks"
        assert finished.wait(10)
        assert warmer.done.wait(10)
        assert warmer.read == 1
        warmer.close()

    def test_what_cannot_be_read_is_passed_over(self) -> None:
        read: list[str] = []

        def too_long(*, cancel: threading.Event) -> None:
            raise ModelError("too long")

        def next_one(*, cancel: threading.Event) -> None:
            read.append("next")

        warmer = Warmer([too_long, next_one], idle_s=0)
        warmer.start()
        assert warmer.done.wait(10)
        assert read == ["next"]
        warmer.close()

    def test_it_can_be_ended_in_the_middle(self) -> None:
        begun = threading.Event()

        def endless(*, cancel: threading.Event) -> None:
            begun.set()
            assert cancel.wait(10)
            raise CancelledError("stopped")

        warmer = Warmer([endless, endless], idle_s=0)
        warmer.start()
        assert begun.wait(10)
        warmer.close()
        assert warmer.done.is_set()
        assert warmer.read == 0

    def test_what_is_urged_comes_first_and_only_the_last_wish_counts(self) -> None:
        begun, read = threading.Event(), []

        def long(*, cancel: threading.Event) -> None:
            if not begun.is_set():
                begun.set()
                assert cancel.wait(10)
                raise CancelledError("stopped")
            read.append("long")

        def short(name: str, *, cancel: threading.Event) -> None:
            read.append(name)

        warmer = Warmer([long, partial(short, "last")], idle_s=0)
        warmer.start()
        assert begun.wait(10)
        warmer.urge([partial(short, "urgent")])
        assert warmer.done.wait(10)
        assert read == ["urgent", "long", "last"]
        warmer.urge([partial(short, "later")])
        assert warmer.done.wait(10)
        assert read[-1] == "later", "also when all has been read"
        with warmer.aside():
            warmer.urge([partial(short, "never")])
        time.sleep(0.05)
        assert "never" not in read
        warmer.close()
