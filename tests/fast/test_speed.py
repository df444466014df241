"""The speed benchmark's figures, from rows as they are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.runs import add_line
from benchmarks.speed import before, generation, memory
from benchmarks.speed.__main__ import main
from benchmarks.speed.figures import (
    COLUMNS,
    POOLED,
    QUALITY,
    keep,
    quality,
    saved,
    score,
    sizes,
    table,
    users,
)
from benchmarks.speed.plots import waits
from benchmarks.speed.sizes import Scattered, write_documents
from benchmarks.speed.ways import Timed
from rag.index import Index, build
from rag.testing import FakeEmbedder


def row(id_: str, way: str, total: float, first: float | None, **more: Any) -> dict[str, Any]:
    values = {
        "id": id_,
        "set": "seeds",
        "way": way,
        "busy": False,
        "first_quote": 0.05,
        "first_word": first,
        "first_proven": None if first is None else first + 1.0,
        "total": total,
        "model": total * 0.9,
        "cpu": total * 2,
        "evaluated": 100,
        "written": 10,
        "abstained": first is None,
        "said": [["It closes.", ["It closes."], 0.9]],
        "rss_mb": 2500.0,
        "commit": "abcdef123456",
        "answerable": True,
        "right": first is not None,
        "citations": [1, 2],
    }
    return values | more


ROWS = [
    row("a", "cold", 10.0, 4.0),
    row("a", "warm", 2.0, 1.0),
    row("b", "cold", 9.0, None),
    row("b", "warm", 3.0, None, said=[]),
    row("c", "cold", 8.0, 2.0),
    row("c", "warm", 4.0, 1.0),
]


def test_ratios_are_of_the_same_questions() -> None:
    cold, warm = score(ROWS)
    assert (cold["way"], warm["way"]) == ("cold", "warm")
    assert warm["total"][0] == 3.0
    assert warm["first_word"] == [1.0, 1.0]
    assert warm["first_proven"] == [2.0, 2.0]
    assert cold["total_times"] == 3.0
    assert cold["first_word_times"] == 3.0, "of the questions that were written on both times"
    assert warm["outside_model"] == pytest.approx(0.1)
    assert warm["same_as_cold"] == [2, 3]
    assert warm["total_times"] == 1.0
    assert warm["right"] == [2, 3]
    assert warm["citations"] == [3, 6]


def test_what_was_not_timed_counts_for_what_came_of_it() -> None:
    untimed = dict.fromkeys(("first_quote", "first_word", "first_proven", "total", "cpu", "model"))
    warm, joint = (row("d", way, 1.0, 1.0) | untimed for way in ("warm", "joint"))
    lines = score([*ROWS, warm, joint])
    by_way = {line["way"]: line for line in lines}
    assert (by_way["warm"]["questions"], by_way["warm"]["asked"]) == (3, 4)
    assert by_way["warm"]["total"] == [3.0, 3.9]
    assert by_way["warm"]["right"] == [3, 4]
    assert by_way["joint"]["right_beside_single"][:2] == [0, 0]
    assert "joint" not in table(lines)
    assert "| 1 of seeds | joint | 1 of 1" in quality(lines)


def test_public_sets_are_counted_together_as_well() -> None:
    rows = [r | {"set": name} for name in ("one", "two") for r in ROWS]
    lines = score([*ROWS, *rows])
    (warm,) = [one for one in lines if (one["set"], one["way"]) == (POOLED, "warm")]
    assert warm["questions"] == 6
    assert warm["same_as_cold"] == [4, 6]
    assert POOLED not in {one["set"] for one in score([*ROWS, *rows[:6]])}, "one set is no pool"


def test_ways_are_held_against_warm_question_by_question() -> None:
    joint = [row("a", "joint", 9.0, 3.0, right=False), row("b", "joint", 9.0, 3.0, right=True)]
    lines = score([*ROWS, *joint])
    assert lines[-1]["right_beside_single"] == [1, 1, 1.0]
    rows = quality(lines).splitlines()
    assert len(rows) == 2 + 3
    assert all(one.count("|") == len(QUALITY) + 1 for one in rows)


def test_figures_are_kept_by_commit_with_the_machine(tmp_path: Path) -> None:
    path = keep("answers", score(ROWS), tmp_path)
    kept = json.loads(path.read_text("utf-8"))
    assert path.parent.name == kept["commit"][:12]
    assert kept["versions"]["llama-cpp-python"]
    assert kept["machine"]
    assert saved(path.parent.name, "answers", tmp_path) == kept["lines"] == score(ROWS)
    assert saved("no such commit", "answers", tmp_path) == []


def test_waits_are_drawn(tmp_path: Path) -> None:
    drawn = waits(ROWS, tmp_path / "speed.svg").read_text("utf-8")
    assert "warm (3)" in drawn
    assert drawn == waits(ROWS, tmp_path / "again.svg").read_text("utf-8")


def test_several_people_and_sizes_have_tables() -> None:
    both = [
        row("a", "warm", 2.0, 1.0, users=2, wall=4.0),
        row("b", "warm", 4.0, 3.0, users=2, wall=4.0),
    ]
    assert "| 2 | 2 | 0.05, 0.05 | 2.00, 2.90 | 3.00, 3.90 | 30.0 |" in users(both)
    large = [row("a", "warm", 2.0, 1.0, size=1000, passages=1017, retrieve=0.02)]
    assert "| 1,017 | 1, warm | 0.02, 0.02 |" in sizes(large)


def test_speed_of_writing_and_memory_have_tables() -> None:
    written = {"drafts": 2, "ours_ms": 40.04, "alone_ms": 39.5, "share": 0.9865}
    assert "| 2 | 40.0 | 39.5 | 0.987 |" in generation.table([written])
    held = {"rss_mb": 700.4, "memory_mb": 31.9, "disk_mb": 63.96, "budgets_mb": [32.0, 64.0]}
    rows = [held | {"questions": number} for number in (50, 150, 1000)]
    lines = memory.table(rows).splitlines()
    assert lines[2:] == [
        "| 50 | 700 | 31.9 of 32 | 64.0 of 64 |",
        "| 1000 | 700 | 31.9 of 32 | 64.0 of 64 |",
    ]


def test_an_earlier_commit_has_a_table() -> None:
    rows = [
        {"id": str(n), "commit": "b", "earlier": "d6c93671", "now": now, "then": 10.0}
        for n, now in enumerate((9.0, 11.0, 10.4))
    ]
    assert before.table(rows).splitlines()[2] == "| 3 | d6c9367 | 10.0 | 10.4 | 1.04 | 1.01 |"


def test_a_large_collection_is_made_of_random_passages(tmp_path: Path) -> None:
    write_documents(tmp_path / "documents", 120)
    files = sorted((tmp_path / "documents").iterdir())
    assert [file.name for file in files] == ["000000.txt", "000050.txt", "000100.txt"]
    scattered = Scattered(FakeEmbedder(16))
    rows = scattered.embed(["a", "b"], kind="document")
    assert rows.shape == (2, 16)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0)
    assert np.array_equal(rows, scattered.embed(["a", "b"], kind="document"))
    build([tmp_path / "documents"], tmp_path / "index", scattered)
    assert len(Index.open(tmp_path / "index", scattered.checksum).passages) > 100


def test_rows_are_scored_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "seeds.jsonl"
    for each in ROWS:
        add_line(file, each)
    main(["score", str(file)])
    assert "2 of 3" in capsys.readouterr().out


def test_the_table_has_a_row_a_way() -> None:
    lines = table(score([*ROWS, *(r | {"busy": True} for r in ROWS)])).splitlines()
    assert len(lines) == 2 + 4
    assert all(line.count("|") == len(COLUMNS) + 1 for line in lines)
    assert "beside a busy process" in lines[-1]
    assert "2 of 3" in lines[3]


def test_time_in_the_model_is_counted() -> None:
    class Lib:
        size = 7

        def llama_decode(self, context: object, batch: Any) -> int:
            return 0

    class Batch:
        n_tokens = 5

    timed = Timed(Lib())
    assert timed.llama_decode(None, Batch()) == 0
    assert timed.tokens == 5
    assert timed.calls == 1
    assert timed.seconds >= 0
    assert timed.size == 7
