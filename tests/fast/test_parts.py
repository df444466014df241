"""Questions that ask of several names, taken apart."""

from __future__ import annotations

import pytest

from rag.parts import Reported, Split, asked_of, named_sources, reported, split_question

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


COMPARED = {
    "years": (
        "Compare the income of Ulm Mills Inc. in 2019 and EduCorp in 2020. Which earned more?",
        (
            "What was the income of Ulm Mills Inc. in 2019?",
            "What was the income of EduCorp in 2020?",
        ),
    ),
    "times of": (
        "Compare the times of the board changes for Ulm Mills Ltd. and EduCorp. Which was earlier?",
        (
            "When were the board changes for Ulm Mills Ltd.?",
            "When were the board changes for EduCorp?",
        ),
    ),
    "times after a noun": (
        "Compare the product launch times of EduCorp and Ulm Mills. Who was first?",
        ("When was the product launch of EduCorp?", "When was the product launch of Ulm Mills?"),
    ),
}


@pytest.mark.parametrize(("question", "parts"), COMPARED.values(), ids=COMPARED.keys())
def test_what_is_compared_is_asked_of_each(question: str, parts: tuple[str, ...]) -> None:
    found = split_question(question)
    assert found.parts == parts
    assert found.kind == "comparison"
    assert found.ahead


def test_years_go_with_their_names() -> None:
    found = split_question("What did Ulm Mills Ltd. and Hudson Co. report in 2021 and 2017?")
    assert found.parts == (
        "What did Ulm Mills Ltd. report in 2021 and 2017?",
        "What did Hudson Co. report in 2021 and 2017?",
    )
    question = "What was done by Ulm Mills and Hudson Corp in 2021 and 2017, respectively?"
    assert split_question(question).parts == (
        "What was done by Ulm Mills in 2021?",
        "What was done by Hudson Corp in 2017?",
    )


def test_clauses_about_one_thing() -> None:
    found = split_question(
        "Who is the founder facing charges over the exchange that failed in autumn, accused by "
        "Fortune of taking what his customers had saved, and has been on trial since October?"
    )
    assert found.kind == "clauses"
    assert found.parts == (
        "Who is the founder facing charges over the exchange that failed in autumn?",
        "Who was accused by Fortune of taking what his customers had saved?",
        "Who has been on trial since October?",
    )


def test_a_contrast_is_two_claims() -> None:
    found = split_question(
        "Does The Age article say the team will win, while the Post article blames the coach?"
    )
    assert found.kind == "contrast"
    assert found.parts == (
        "Does The Age article say the team will win?",
        "Is it true that the Post article blames the coach?",
    )


@pytest.mark.parametrize(
    "question",
    [
        "Does the article from 'Life and Style' name her?",
        "Which company was fined, and is sued?",
        "Compare the two reports. Which is longer?",
        "Did the mayor agree, while smiling?",
    ],
)
def test_what_is_no_list_of_parts_stays_one(question: str) -> None:
    assert split_question(question) == Split()


def test_publishers_that_a_question_names() -> None:
    publishers = ["The Age", "The Verge", "TechCrunch", "Tech", "", "Age"]
    question = "Do TechCrunch and The Age agree on the age of Ulm?"
    assert named_sources(question, publishers) == ("TechCrunch", "The Age")
    assert named_sources("Do they agree?", publishers) == ()


ASKED_OF = {
    "one of two": ("Amazon paused its sales.", "What did Amazon announce?"),
    "the other": ("The sale was ended by IBM.", "What did IBM announce?"),
    "both": ("Amazon and IBM paused their sales.", "What did Amazon and IBM announce?"),
    "neither": ("Sales were paused.", "What did Amazon and IBM announce?"),
    "a longer name": ("Amazonia was burning.", "What did Amazon and IBM announce?"),
}


@pytest.mark.parametrize(("statement", "asked"), ASKED_OF.values(), ids=ASKED_OF.keys())
def test_what_a_statement_may_answer_of_a_question(statement: str, asked: str) -> None:
    assert asked_of("What did Amazon and IBM announce?", statement) == asked


def test_owners_and_questions_that_ask_one_thing() -> None:
    question = "How long are Amazon's and IBM's bans?"
    assert asked_of(question, "The ban of IBM lasts.") == "How long are IBM's bans?"
    assert asked_of("Where is Ulm?", "Ulm is low.") == "Where is Ulm?"


REPORTED = {
    "an article": (
        "Does the 'Coast Courier' article suggest that the bridge will close in May?",
        Reported("Coast Courier", "The bridge will close in May."),
    ),
    "told to be true": (
        "Is it true that the article from The Gull also indicates that fares will not rise?",
        Reported("The Gull", "Fares will not rise."),
    ),
    "two publishers": (
        "Do the Coast Courier and The Gull report that the bridge will close?",
        None,
    ),
    "an unknown one": ("Does the Echo report that the bridge will close?", None),
    "no claim": ("Does The Gull report a closure of the bridge?", None),
    "no such question": ("What does The Gull say that the bridge will cost?", None),
}


@pytest.mark.parametrize(("question", "found"), REPORTED.values(), ids=REPORTED.keys())
def test_what_a_publisher_is_supposed_to_say(question: str, found: Reported | None) -> None:
    assert reported(question, ["Coast Courier", "The Gull", ""]) == found
