"""Several people who ask one assistant at once."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.runs import add_line, commit, read_lines
from benchmarks.speed.ways import DISK, Ours, forget, measured
from rag.evaluate import sets
from rag.readings import Shelf

USERS = (1, 2, 4)


def run(out: Path, questions: Path, index: Path, limit: int, users: Sequence[int] = USERS) -> None:
    """Ask the same questions one by one, two at once, four at once, all passages read before."""
    asked = [question.text for question in sets.load(questions)[:limit]]
    done = {(row["users"], row["question"]) for row in read_lines(out)}
    stand = commit()
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(index, Path(folder))
        shelf = Shelf(Path(folder) / "all", "bench", DISK)
        forget(ours.llm, shelf)
        for question in asked:
            ours.single.ask(question)
        for count in users:
            for first in range(0, len(asked), count):
                group = asked[first : first + count]
                if len(group) < count or all((count, question) in done for question in group):
                    continue
                forget(ours.llm, shelf)
                for row in _at_once(ours, group):
                    row |= {"users": count, "commit": stand}
                    add_line(out, row)
        ours.close()


def _at_once(ours: Ours, questions: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each of some questions took, all begun at the same moment."""
    rows: list[dict[str, Any]] = []
    failed: list[BaseException] = []
    begin = threading.Barrier(len(questions))

    def work(question: str) -> None:
        try:
            begin.wait()
            _, row = measured(ours.single.stream(question))
            rows.append(row | {"question": question})
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(question,)) for question in questions]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    wall = time.perf_counter() - began
    return [row | {"wall": wall} for row in rows]
