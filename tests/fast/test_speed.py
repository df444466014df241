"""The speed benchmark's figures, from rows as they are kept."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.speed import COLUMNS, Timed, score, table


def row(id_: str, way: str, total: float, first: float | None, **more: Any) -> dict[str, Any]:
    values = {
        "id": id_,
        "set": "seeds",
        "way": way,
        "busy": False,
        "first_quote": 0.05,
        "first_word": first,
        "total": total,
        "model": total * 0.9,
        "cpu": total * 2,
        "evaluated": 100,
        "written": 10,
        "abstained": first is None,
        "said": [["It closes.", ["It closes."], 0.9]],
        "rss_mb": 2500.0,
        "commit": "abcdef123456",
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
    assert warm["total_faster"] == 3.0
    assert warm["first_word_faster"] == 3.0, "of the questions that were written on both times"
    assert warm["outside_model"] == pytest.approx(0.1)
    assert warm["same_as_cold"] == [2, 3]
    assert cold["total_faster"] == 1.0


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
    assert timed.seconds >= 0
    assert timed.size == 7
