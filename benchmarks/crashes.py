"""Killing an index while it is written, and reading it while others write.

    python -m benchmarks.crashes kills [--kills 500] [--save]
    python -m benchmarks.crashes together [--seconds 60] [--save]

`kills`: files are added, changed, renamed and removed at random, and the process that brings the
index up to date is ended by SIGKILL at a random moment, or may write no more than some bytes a
file, as on a full disk. Each time the index must open, and hold exactly what it held before or
exactly what the files say now; after that it is brought up to date, and compared again. In turn the
limits are those that are shipped, and so small that segments are merged at every step.

`together`: two processes write one index, each from files of its own that always speak of one
version, while eight others open it, search it, and look whether what they find is of one version.

Exit code 1 where anything was wrong. Needs a system that can fork.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, NoReturn

from benchmarks.runs import commit, measured
from rag.errors import IndexBusyError, IndexMissingError, StoreError
from rag.index import Index, build, building, examine, writing
from rag.testing import FakeEmbedder

RESULTS = Path("benchmarks/results/crashes")
FILES = 12  # about so many are there at a time
READERS, WRITERS = 8, 2
# Wide enough that no two words share a dimension by chance.
EMBEDDER = FakeEmbedder(4096)
FULL_DISK = 5  # every so many runs the disk is full instead
EXAMINED = 25  # every so many runs everything is examined
_WORDS = ("tide", "quarry", "ledger", "orchard", "signal", "harvest", "mill", "ferry", "glacier")

State = dict[str, str]  # what a set of files says, by source


def kills(count: int, seed: int) -> dict[str, Any]:
    """Kill so many builds; return what became of them."""
    rng = random.Random(seed)
    told: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="footnote-crashes-") as place:
        corpus, folder = Path(place) / "corpus", Path(place) / "index"
        corpus.mkdir()
        runs = 0
        while told["killed"] < count:
            runs += 1
            # Half of the time every few passages make a segment, and segments are merged.
            with _limits(small=runs % 2 == 1):
                held = _apart(_held, folder)
                _change(corpus, rng)
                wanted = _said(corpus)
                if runs % FULL_DISK == 0:
                    limit = rng.choice([0, 50, 200, 500, 1000, 2000, 5000, 10_000])
                    _apart(_full_disk, limit, corpus, folder)
                    told["full disk"] += 1
                else:
                    told[_killed(corpus, folder, rng)] += 1
                now = _apart(_held, folder)
                told["before" if now == held else "after" if now == wanted else "BETWEEN"] += 1
                if now not in (held, wanted):
                    wrong.append(f"run {runs}: {_differing(now, held, wanted)}")
                _apart(_build, corpus, folder)
                if _apart(_held, folder) != wanted:
                    wrong.append(f"run {runs}, brought up to date: not what the files say")
                if runs % EXAMINED == 0:
                    wrong += [f"run {runs}: {fault}" for fault in _apart(_faults, folder)]
            if runs % 50 == 0:
                print(dict(told), file=sys.stderr)
    return {"runs": runs, **told, "wrong": wrong}


@contextmanager
def _limits(*, small: bool) -> Iterator[None]:
    limits = {(building, "SMALL"): 2, (building, "SEVERAL"): 3, (building, "EXACT"): 8}
    limits |= {(writing, "MOST_PASSAGES"): 4}
    kept = {(module, name): getattr(module, name) for module, name in limits}
    for (module, name), value in (limits if small else kept).items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name), value in kept.items():
            setattr(module, name, value)


def _killed(corpus: Path, folder: Path, rng: random.Random) -> str:
    """Begin a build, kill it at a random moment, and say when that was."""
    process = os.fork()
    if not process:
        _child(partial(_build, corpus, folder))
    # Most of a build is reading; more moments are taken from the writing at its end.
    _kill_after(process, folder, rng)
    _, status = os.waitpid(process, 0)
    return "killed" if os.WIFSIGNALED(status) else "too late"


def _kill_after(process: int, folder: Path, rng: random.Random) -> None:
    """Wait for a step of the build to be seen, then some more, and kill."""
    before = set(_names(folder))
    step = rng.choice(["start", "segment", "state", "manifest"])
    deadline = time.monotonic() + 20
    while step != "start" and time.monotonic() < deadline:
        new = set(_names(folder)) - before
        if any(name.startswith(step) for name in new) or _is_over(process):
            break
    time.sleep(rng.uniform(0, 0.25 if step == "start" else 0.03))
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _is_over(process: int) -> bool:
    state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[-1].split()[0]
    return state == "Z"


def _names(folder: Path) -> list[str]:
    """Return what lies in an index, a manifest with the time it was written at."""
    if not folder.exists():
        return []
    names = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            stamp = path.stat().st_mtime_ns if path.name.startswith("manifest") else ""
            names.append(f"{path.name}{stamp}")
    return names


def _child(work: Callable[[], object], told: IO[str] | None = None) -> NoReturn:
    """Do some work in a forked process, and end it without what belongs to the parent."""
    code = 1
    try:
        result = work()
        if told is not None:
            json.dump(result, told)
            told.flush()
        code = 0
    except StoreError:
        code = 2
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def _apart(work: Callable[..., Any], *given: Any) -> Any:
    """Return what some work comes to in a process of its own; None where it has no result.

    This process opens no index itself: its children would inherit what the libraries' threads hold
    at that moment, as a lock that nobody gives back.
    """
    with tempfile.TemporaryFile("w+") as told:
        process = os.fork()
        if not process:
            _child(partial(work, *given), told)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        told.seek(0)
        if code == 1:
            raise SystemExit(f"{work.__name__} failed; see above")
        return json.loads(told.read() or "null")


def _build(corpus: Path, folder: Path) -> None:
    build([corpus], folder, EMBEDDER)


def _faults(folder: Path) -> list[str]:
    return examine(folder).faults


def _full_disk(limit: int, corpus: Path, folder: Path) -> None:
    """Bring the index up to date where no file may be longer than so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    build([corpus], folder, EMBEDDER)


def _change(corpus: Path, rng: random.Random) -> None:
    """Add, change, rename or remove some files; one is left at least."""
    for _ in range(rng.randint(1, 4)):
        files = sorted(corpus.iterdir())
        how = rng.choice(["add", "change", "rename", "remove"]) if len(files) > 3 else "add"
        name = corpus / f"{rng.choice(_WORDS)}-{rng.randrange(1000)}.txt"
        if how == "add" and len(files) < 2 * FILES:
            name.write_text(_text(rng))
        elif how == "change" or how == "add":
            rng.choice(files).write_text(_text(rng))
        elif how == "rename":
            rng.choice(files).rename(name)
        else:
            rng.choice(files).unlink()


def _text(rng: random.Random) -> str:
    """Return a text of a few paragraphs that no other file has."""
    paragraphs = [
        " ".join(
            f"The {rng.choice(_WORDS)} of {rng.choice(_WORDS)} counted {rng.randrange(10**6)}."
            for _ in range(rng.randint(1, 12))
        )
        for _ in range(rng.randint(1, 8))
    ]
    return "\n\n".join(paragraphs) + "\n"


def _said(corpus: Path) -> State:
    return {path.name: path.read_text() for path in corpus.iterdir()}


def _held(folder: Path) -> State:
    """Return what an index holds, as the files would say it: read from passages, found by words."""
    try:
        index = Index.open(folder)
    except IndexMissingError:
        return {}
    held = {}
    for document in index.documents.values():
        passages = list(index.passages_of(document.id))
        sentences = [s for passage in passages for s in passage.sentences]
        assert all(document.text[s.start : s.end] == s.text for s in sentences)
        (number,) = re.findall(r"counted (\d+)", sentences[-1].text)[-1:]
        found = {index.document_id(row) for row, _ in index.search_lexical(number, 50)}
        assert document.id in found, f"{document.source} is not found by its words"
        (vector,) = EMBEDDER.embed([sentences[0].text], kind="query")
        assert index.search_sentences(vector, 1), "nothing is found by vectors"
        text = document.text if document.text.endswith("\n") else document.text + "\n"
        for name in (document.source, *document.also):
            held[name] = text
    return held


def _differing(now: State, before: State, after: State) -> str:
    sides = {"before": before, "after": after}
    return "; ".join(
        f"of {name}: {sorted(now.keys() - side.keys())} more, {sorted(side.keys() - now.keys())} "
        f"missing, {sorted(k for k in now.keys() & side.keys() if now[k] != side[k])} other"
        for name, side in sides.items()
    )


# --- several processes at once -----------------------------------------------------------------


def together(seconds: float) -> dict[str, Any]:
    """Write and read one index by ten processes for some time; return what they saw."""
    with tempfile.TemporaryDirectory(prefix="footnote-together-") as place:
        root = Path(place)
        context = multiprocessing.get_context("fork")
        results: Any = context.Queue()
        until = time.monotonic() + seconds
        _write_version(root / "writer0", 0)
        _apart(_build, root / "writer0", root / "index")
        workers = [
            context.Process(target=work, args=(root, number, until, results))
            for work, many in ((_writer, WRITERS), (_reader, READERS))
            for number in range(many)
        ]
        for worker in workers:
            worker.start()
        seen = [results.get(timeout=seconds + 120) for _ in workers]
        for worker in workers:
            worker.join()
        told: Counter[str] = Counter()
        wrong: list[str] = []
        for counts, errors in seen:
            told.update(counts)
            wrong += errors
        wrong += _apart(_faults, root / "index")
    return {"seconds": seconds, "readers": READERS, "writers": WRITERS, **told, "wrong": wrong}


def _write_version(folder: Path, version: int) -> None:
    """Write files that all speak of one version; how many depends on it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(4 + version % 3):
        text = f"File {number} of {folder.name} is of version{version}x{folder.name}. " * 3
        (folder / f"{folder.name}-{number}.txt").write_text(text + f"\n\nIts number is {number}.\n")


def _writer(root: Path, number: int, until: float, results: Any) -> None:
    told: Counter[str] = Counter()
    wrong: list[str] = []
    own = root / f"writer{number}"
    version = 0
    while time.monotonic() < until:
        version += 1
        _write_version(own, version)
        while True:
            try:
                build([own], root / "index", EMBEDDER)
                told["written"] += 1
                break
            except IndexBusyError:
                told["told that another writes"] += 1
                time.sleep(0.01)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
                wrong.append(f"writer: {error!r}")
                break
    results.put((told, wrong))


def _reader(root: Path, number: int, until: float, results: Any) -> None:
    told: Counter[str] = Counter()
    wrong: list[str] = []
    while time.monotonic() < until:
        try:
            index = Index.open(root / "index")
            wrong += _of_one_version(index)
            told["opened and searched"] += 1
        except Exception as error:  # noqa: BLE001
            wrong.append(f"reader: {error!r}")
    results.put((told, wrong))


def _of_one_version(index: Index) -> list[str]:
    """Return what is wrong with what an index holds and finds."""
    wrong = []
    by_writer: dict[str, list[str]] = {}
    for document in index.documents.values():
        by_writer.setdefault(document.source.split("-")[0], []).append(document.text)
    for writer, texts in by_writer.items():
        versions = {word for text in texts for word in re.findall(r"version\d+x\w+", text)}
        if len(versions) != 1:
            wrong.append(f"{writer}: versions {sorted(versions)} at once")
            continue
        (version,) = versions
        if len(texts) != 4 + int(re.findall(r"\d+", version)[0]) % 3:
            wrong.append(f"{writer}: {len(texts)} files of {version}")
        found = {index.document_id(row) for row, _ in index.search_lexical(version, 100)}
        if len(found) != len(texts):
            wrong.append(f"{writer}: {len(found)} of {len(texts)} files found by words")
        (vector,) = EMBEDDER.embed([f"is of {version}"], kind="query")
        (row, _), *_ = index.search_sentences(vector, 1)
        if version not in index.passages[row].text:
            wrong.append(f"{writer}: the nearest sentence is not of {version}")
    return wrong


def table(*results: dict[str, Any]) -> str:
    """Return what became of the runs as a table."""
    lines = ["| what | count |", "|---|---|"]
    for result in results:
        lines += [f"| {name} | {value} |" for name, value in result.items() if name not in _ASIDE]
        lines.append(f"| wrong | {len(result['wrong'])} |")
    return "\n".join(lines)


_ASIDE = frozenset(["commit", "measured", "wrong"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crashes")
    parser.add_argument("what", choices=("kills", "together"))
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    done = kills(given.kills, given.seed) if given.what == "kills" else together(given.seconds)
    stand = commit()
    done = {"measured": measured(), **done}
    print(json.dumps({"commit": stand, **done}, indent=1))
    if given.save:
        RESULTS.mkdir(parents=True, exist_ok=True)
        out = RESULTS / f"{given.what}-{stand.rstrip('+')[:12]}.json"
        out.write_text(json.dumps({"commit": stand, **done}, indent=1) + "\n", "utf-8")
    raise SystemExit(1 if done["wrong"] else 0)


if __name__ == "__main__":
    main()
