"""Questions that ask of several names, taken apart."""

from __future__ import annotations

import pytest

from rag.parts import Split, split_question

SPLIT = {
    "two owners": (
        "How do Amazon's and IBM's bans differ in length?",
        ("How do Amazon's bans differ in length?", "How do IBM's bans differ in length?"),
    ),
    "one sign of owning for two": (
        "How long are Amazon and IBM's bans?",
        ("How long are Amazon’s bans?", "How long are IBM's bans?"),
    ),
    "a name with what it is": (
        "How do the ACLU and the research firm IDC judge it?",
        ("How do the ACLU judge it?", "How do the research firm IDC judge it?"),
    ),
    "three": (
        "What did IBM, Amazon and Microsoft announce?",
        ("What did IBM announce?", "What did Amazon announce?", "What did Microsoft announce?"),
    ),
    "at the beginning": (
        "Did Amazon and IBM both agree?",
        ("Did Amazon agree?", "Did IBM agree?"),
    ),
    "small words in a name": (
        "When did Bank of England and the Federal Reserve raise rates?",
        ("When did Bank of England raise rates?", "When did the Federal Reserve raise rates?"),
    ),
    "of": (
        "Which of the Seattle and Boston laws is newer?",
        ("Which of the Seattle laws is newer?", "Which of the Boston laws is newer?"),
    ),
}


@pytest.mark.parametrize(("question", "parts"), SPLIT.values(), ids=SPLIT.keys())
def test_one_question_for_each_name(question: str, parts: tuple[str, ...]) -> None:
    assert split_question(question).parts == parts


@pytest.mark.parametrize(
    "question",
    [
        "What did Microsoft announce?",
        "What is said about sales and marketing?",
        "What happened between April and May?",
        "Was it on Monday and Tuesday?",
        "What is the relation between Amazon and IBM?",
        "Where and when was the photo taken?",
        "What do IBM and IBM say?",
        "What did A, B, C, D and E say?",
        "",
        "and",
    ],
)
def test_one_question_stays_one(question: str) -> None:
    assert split_question(question) == Split()
