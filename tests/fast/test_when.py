"""What "Tuesday", "the day before" and "two years ago" mean in a document of a known day."""

import pytest

from rag.prove import Claim, CoverageChecker, Rarity
from rag.prove.when import When, lifespans, resolve
from rag.prove.words import Date
from rag.testing import make_hit
from rag.types import Verdict

FRIDAY = Date(2020, 6, 12)


def day(number: int, name: str) -> When:
    return When((Date(2020, 6, number),), frozenset({name}))


@pytest.mark.parametrize(
    ("sentences", "last"),
    [
        (["IBM said Tuesday it was out."], day(9, "tuesday")),
        (["It was announced on Friday."], day(12, "friday")),
        (["Amazon spoke on Wednesday.", "The day before, IBM quit."], day(9, "tuesday")),
        (["Amazon spoke on June 10.", "A day earlier, IBM quit."], day(9, "tuesday")),
        (["Amazon spoke on June 10.", "Microsoft followed the next day."], day(11, "thursday")),
        (["It happened yesterday."], day(11, "thursday")),
        (["It was the first two years ago."], When((Date(2018),))),
        (["Last year it led a coalition."], When((Date(2019),))),
        (["A month ago it was sold."], When((Date(2020, 5),))),
        (["Six months ago it was sold."], When((Date(2019, 12),))),
        (["He spoke on June 11."], When((), frozenset({"thursday"}))),
        (["He said today, June 11, that it ends."], When((), frozenset({"thursday"}))),
        (["It happened on December 31."], When((), frozenset({"tuesday"}))),
    ],
)
def test_words_mean_days_in_a_document_of_a_known_day(sentences: list[str], last: When) -> None:
    assert resolve(sentences, FRIDAY)[-1] == last


@pytest.mark.parametrize(
    "sentence",
    [
        "The court will meet on Friday.",
        "The ban ends next Tuesday.",
        "The council meets every Monday.",
        "Shops sold more on Black Friday.",
        "He wrote Friday Night Lights.",
        "They have until Thursday.",
        "The day before the vote it rained.",
        "The stores close on sundays.",
        "It is not known when.",
        "It was sold 9999 years ago.",
    ],
)
def test_what_may_be_another_day_is_left_open(sentence: str) -> None:
    assert resolve([sentence], FRIDAY) == [When()]


@pytest.mark.parametrize("written", [None, Date(2020), Date(2020, 6)])
def test_without_the_documents_day_only_names_of_days_follow(written: Date | None) -> None:
    sentences = ["On Wednesday, Amazon spoke.", "The day before, IBM quit.", "Yesterday it ended."]
    assert resolve(sentences, written) == [
        When((), frozenset({"wednesday"})),
        When((), frozenset({"tuesday"})),
        When(),
    ]


@pytest.mark.parametrize(
    ("claim", "carried"),
    [
        ("IBM quit the business on June 9, 2020.", True),
        ("IBM quit the business on Tuesday.", True),
        ("IBM quit the business in June 2020.", True),
        ("IBM quit the business on June 10, 2020.", False),
        ("IBM quit the business on Wednesday.", False),
        ("Amazon banned the police on June 10, 2020.", True),
        ("Amazon banned the police on Wednesday, June 10, 2020.", True),
        ("Amazon banned the police on June 12, 2020.", False),
    ],
)
def test_a_claim_may_name_the_day_its_document_means(claim: str, carried: bool) -> None:
    text = "On Wednesday, Amazon banned the police. The day before, IBM quit the business."
    hit = make_hit(text, title="News", date="2020-06-12T09:00:00Z")
    found = CoverageChecker(Rarity([text])).judge(Claim(claim, "When?", (hit,)))
    assert (found.verdict is Verdict.SUPPORTED) is carried, found.reason
    bare = make_hit(text, title="News")
    found = CoverageChecker(Rarity([text])).judge(Claim(claim, "When?", (bare,)))
    assert (found.verdict is Verdict.SUPPORTED) is (carried and "20" not in claim)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (
            "Ada Cole (May 2, 1841 – June 7, 1905) was a judge.",
            [(Date(1841, 5, 2), Date(1905, 6, 7))],
        ),
        ("Otto Ek (born Otto Ekholm, 3 May 1901 - 1977)", [(Date(1901, 5, 3), Date(1977))]),
        ("Queen Ada (1558–1603) reigned long.", []),
        ("The Mill (built 2 May 1841)", []),
        ("They met (2 May 1841 – 7 June 1841) in Ulm", []),
    ],
)
def test_days_of_birth_and_death_stand_in_brackets(
    text: str, spans: list[tuple[Date, Date]]
) -> None:
    assert [days for _, *days in lifespans(text)] == list(map(list, spans))
