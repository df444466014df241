"""What the public question sets count as a side of a conflict, and replies that are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.answers import shows, sides
from benchmarks.replies import KeptReplies
from rag.prompt import Prompt
from rag.testing import FakeLLM

PROMPT = Prompt("Answer.", "Rain fell on Monday.", "When did rain fall?")


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


def test_of_a_date_the_year_is_a_side_where_a_year_is_asked_for() -> None:
    text, side = "It was formed in 1945.", "30 May 1945"
    assert shows(text, side, "In which year was it formed?")
    assert not shows(text, side, "When was it formed?")
    assert not shows(text, "30 May 1946", "In which year was it formed?")


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


def test_replies_are_kept_word_for_word_and_asked_once(tmp_path: Path) -> None:
    asked = []
    file = tmp_path / "replies.sqlite"

    def replies(model: FakeLLM, stand: str = "one") -> KeptReplies:
        def load() -> FakeLLM:
            asked.append(stand)
            return model

        return KeptReplies(file, name="fake", stand=stand, load=load)

    first = replies(FakeLLM(lean=0.25))
    pieces = list(first.generate(PROMPT, max_tokens=20))
    assert first.log_odds(PROMPT) == 0.25
    first.close()
    again = replies(FakeLLM(lean=-3.0))
    assert list(again.generate(PROMPT, max_tokens=20)) == pieces
    assert again.log_odds(PROMPT) == 0.25
    assert asked == ["one"]
    assert again.log_odds(Prompt("Answer.", "Rain fell on Monday.", "Who?")) == -3.0
    again.close()
    other = replies(FakeLLM(lean=-1.0), "two")
    assert other.log_odds(PROMPT) == -1.0
    other.close()


def test_a_reply_that_was_stopped_is_not_kept(tmp_path: Path) -> None:
    model = FakeLLM(reply=lambda prompt: "Rain fell on Monday.")
    kept = KeptReplies(tmp_path / "r.sqlite", name="fake", stand="", load=lambda: model)
    stopped = kept.generate(PROMPT, max_tokens=20)
    next(stopped)
    stopped.close()
    assert "".join(p.text for p in kept.generate(PROMPT, max_tokens=20)) == "Rain fell on Monday."
    kept.close()
