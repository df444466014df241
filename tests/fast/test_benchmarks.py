"""What the public question sets count as a side of a conflict."""

from __future__ import annotations

import pytest

from benchmarks.answers import shows, sides


@pytest.mark.parametrize(
    ("text", "side", "shown"),
    [
        ("It opened on October 24, 1975.", "24 October 1975", True),
        ("It opened on 24 October 1976.", "24 October 1975", False),
        ("It opened on 11 November 1808.", "11 Nov. 1808", True),
        ("It opened in 1975.", "24 October 1975", False),
        ("It was built in 1912-1914.", "1912-1914", True),
        ("It was built in 1912.", "1912-1914", False),
        ("He played chess.", "Chess", True),
        ("He played chess.", "Rowing", False),
        ("It has 2,500 people.", "2,500 people", True),
    ],
)
def test_a_side_is_shown_in_words_or_as_a_date(text: str, side: str, shown: bool) -> None:
    assert shows(text, side) is shown


def test_sides_stand_in_the_documents_of_the_question() -> None:
    question = {
        "answers": ["chess", "rowing"],
        "wrong_answers": ["golf", "tennis"],
        "gold_docs": ["q-1", "q-2"],
        "misinfo_docs": ["q-3"],
    }
    texts = [
        ("q-1.md", "She played chess."),
        ("q-3.md", "She played golf."),
        ("x-9.md", "He played tennis and liked rowing."),
    ]
    assert sides(question, texts) == ["chess", "golf"]
