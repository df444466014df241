"""The corpus: of all that was tried the fewest and smallest files that still reach the same.

`tests/corpus/<format>.zip` holds one file for each input, named by its digest; `found-…` are those
that once broke a law, and stay whatever they reach.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.fuzz.laws import outcome
from tests.fuzz.lines import Step, steps
from tests.fuzz.loop import Input
from tests.fuzz.mutate import files_of, packed
from tests.fuzz.seeds import SUFFIXES, made

CORPUS = Path(__file__).parents[1] / "corpus"
FOUND = "found-"
MOST_BYTES = 60_000  # of an input; longer ones are seldom worth their place

Reached = frozenset[Step | str]
"""Steps through the readers, and what came of a file in words, each thing and all together."""


def corpus(suffix: str) -> Mapping[str, bytes]:
    """Return the inputs of a format by name."""
    path = _archive(suffix)
    return files_of(path.read_bytes()) if path.exists() else {}


def _archive(suffix: str) -> Path:
    return CORPUS / f"{suffix.lstrip('.')}.zip"


def keep(folder: Path, only: str, tries: int) -> None:
    """Make the corpus anew from the seeds, the corpus, and what was queued and broken.

    Args:
        folder: of the queue.
        only: formats whose suffix holds this.
        tries: to make an input smaller.
    """
    CORPUS.mkdir(exist_ok=True)
    for suffix in (each for each in SUFFIXES if only in each):
        with tempfile.TemporaryDirectory() as scratch:
            keeper = _Keeper(Path(scratch) / f"now{suffix}", tries)
            before = corpus(suffix)
            found = [data for name, data in before.items() if name.startswith(FOUND)]
            found += _put_by(folder / "broken", f"*-made{suffix}")
            queued = _put_by(folder / "queue" / suffix.lstrip("."), "*-made")
            others = [*made()[suffix], *before.values(), *queued]
            kept = keeper.kept(found, [data for data in others if len(data) <= MOST_BYTES])
        _archive(suffix).write_bytes(packed(dict(sorted(kept.items()))))
        size = _archive(suffix).stat().st_size
        print(f"{suffix}: {len(kept)} of {len(found) + len(others)}, {size:,} bytes", flush=True)


def _put_by(folder: Path, pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob(pattern))]


class _Keeper:
    """Chooses inputs of a format and makes them small.

    Args:
        path: where an input is written to be read.
        tries: to make an input smaller.
    """

    def __init__(self, path: Path, tries: int) -> None:
        self._path = path
        self._tries = tries

    def kept(self, found: Sequence[bytes], others: Sequence[bytes]) -> dict[str, bytes]:
        """Return inputs by name: all that broke something, and of others what reaches more."""
        reached: dict[bytes, Reached] = {}
        for data in (*found, *others):
            if data not in reached:
                reached[data] = self._reached(data)
        rare = Counter(each for ways in reached.values() for each in ways)
        smallest: dict[Step | str, bytes] = {}
        for data in sorted(reached, key=lambda data: (len(data), data)):
            for each in reached[data]:
                smallest.setdefault(each, data)
        chosen = dict.fromkeys(found)
        covered = {each for data in chosen for each in reached[data]}
        for each in sorted(rare, key=lambda each: (rare[each], str(each))):
            if each not in covered:
                chosen[smallest[each]] = None
                covered |= reached[smallest[each]]
        ways = Counter(each for data in chosen for each in reached[data])
        kept: dict[str, bytes] = {}
        for data in sorted(chosen, key=len, reverse=True):
            needed = frozenset(each for each in reached[data] if ways[each] == 1)
            if data in found:
                kept[f"{FOUND}{Input(data).digest}"] = data
                continue
            ways -= Counter(reached[data])
            if not needed:
                continue
            small, now = self._smaller(data, needed)
            ways += Counter(now)
            kept[Input(small).digest] = small
        return kept

    def _reached(self, data: bytes) -> Reached:
        self._path.write_bytes(data)
        outcome(self._path)  # what is set up once is no step of this input
        with steps() as found:
            told = outcome(self._path)
        return frozenset({*found, *told, "; ".join(sorted(told))})

    def _smaller(self, data: bytes, needed: Reached) -> tuple[bytes, Reached]:
        """Return an input with all left out that it does not need, and what it reaches."""
        small, reached = data, self._reached(data)
        left = self._tries
        for cut in _cuts(data):
            less = cut(small)
            if not less or less == small:
                continue
            if needed <= (now := self._reached(less)):
                small, reached = less, now
            left -= 1
            if left <= 0:
                break
        return small, reached


def _cuts(data: bytes) -> Iterator[Callable[[bytes], bytes]]:
    """Yield ways to leave something out of an input: files in it, then halves, then less."""
    names = sorted(files_of(data), key=lambda name: -len(files_of(data)[name]))
    for name in names:
        yield partial(_without, name)
    for power in range(1, 7):
        share = 2**power
        for place in range(share - 1, -1, -1):
            for name in names or [""]:
                yield partial(_cut, name, share, place)


def _without(name: str, data: bytes) -> bytes:
    return packed({each: words for each, words in files_of(data).items() if each != name})


def _cut(name: str, share: int, place: int, data: bytes) -> bytes:
    """Return an input without a share of a file in it, or of itself where no name is given."""
    files = files_of(data)
    words = files.get(name, b"") if name else data
    begin, end = (len(words) * at // share for at in (place, place + 1))
    less = words[:begin] + words[end:]
    if not name or less == words:
        return less if not name else data
    return packed(files | {name: less})


def tell(only: str) -> None:
    """Say of each format how many inputs there are and what comes of them."""
    total: Counter[str] = Counter()
    for suffix in (each for each in SUFFIXES if only in each):
        kinds: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"now{suffix}"
            told: set[str] = set()
            for data in corpus(suffix).values():
                path.write_bytes(data)
                came = outcome(path)
                read = any(": " in each and "Error: " not in each for each in came)
                kinds["read" if read else "refused"] += 1
                told |= came
        kinds["outcomes"] = len(told)
        total += kinds
        print(f"{suffix:7} {_counted(kinds)}")
    print(f"{'all':7} {_counted(total)}")


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kinds[name]} {name}" for name in ("read", "refused", "outcomes"))
