"""What the proof sees in a text: tables of tricky cases."""

from __future__ import annotations

import pytest

from rag.prove.words import Date, read, stem, suffered


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("It rose 6 %.", {(6.0, "%")}, id="percent sign apart"),
        pytest.param("It rose 6% or six percent.", {(6.0, "%")}, id="percent in words"),
        pytest.param("They paid $3.5 million.", {(3_500_000.0, "$")}, id="money with magnitude"),
        pytest.param("They paid 4.2 million euros.", {(4_200_000.0, "€")}, id="currency after"),
        pytest.param("It took twenty-one days.", {(21.0, "")}, id="number in words"),
        pytest.param("A one-year ban on 1,200 cars", {(1.0, ""), (1200.0, "")}, id="thousands"),
        pytest.param("a dozen eggs", {(12.0, "")}, id="dozen"),
        pytest.param("5m people", {(5_000_000.0, "")}, id="magnitude that touches"),
        pytest.param("5 m away", {(5.0, "")}, id="a metre is no million"),
        pytest.param("two decades", {(20.0, "")}, id="decades"),
        pytest.param("a rise of 4-7%", {(4.0, "%"), (7.0, "%")}, id="range of percent"),
        pytest.param("from 4 to 7 percent", {(4.0, "%"), (7.0, "%")}, id="range in words"),
        pytest.param("one year", {(1.0, "")}, id="one that counts"),
        pytest.param("One should go.", set(), id="one who should"),
        pytest.param("at one point", set(), id="one that counts nothing"),
        pytest.param("more than one side", set(), id="more than one"),
        pytest.param("Dscam1 and CTLA-4 and GPT-4", set(), id="numbers in names"),
        pytest.param("once sold twice", {(2.0, "")}, id="once is a time"),
        pytest.param("a pair of shoes", {(2.0, "")}, id="pair"),
        pytest.param("none at all", set(), id="no number"),
    ],
)
def test_numbers(text: str, numbers: set[tuple[float, str]]) -> None:
    assert read(text).numbers == numbers


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        pytest.param("on June 11, 2020", [Date(2020, 6, 11)], id="month first"),
        pytest.param("on 11 June 2020", [Date(2020, 6, 11)], id="day first"),
        pytest.param("on the 3rd of May", [Date(0, 5, 3)], id="ordinal"),
        pytest.param("Published: 2020-06-12T14:54:00Z", [Date(2020, 6, 12)], id="ISO with time"),
        pytest.param("in April 2019", [Date(2019, 4, 0)], id="month and year"),
        pytest.param("since 2018", [Date(2018, 0, 0)], id="year alone"),
        pytest.param("Jan. 8, 2019", [Date(2019, 1, 8)], id="short month"),
        pytest.param("11 Nov. 1808", [Date(1808, 11, 11)], id="short month, day first"),
        pytest.param("it may 5 percent", [], id="may is a verb"),
        pytest.param("last March", [Date(0, 3, 0)], id="month alone"),
    ],
)
def test_dates(text: str, dates: list[Date]) -> None:
    assert list(read(text).dates) == dates


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        pytest.param("They won't sell it.", {"sell"}, id="won't"),
        pytest.param("They do not currently sell it.", {"current"}, id="adverb between"),
        pytest.param("It has never been sold.", {"sell"}, id="never been"),
        pytest.param("They refused to install it.", {"instal"}, id="refusal denies what follows"),
        pytest.param("They sell it, not rent it.", {"rent"}, id="only the word after"),
        pytest.param("Not one; they sell it.", set(), id="a break ends the reach"),
        pytest.param("They sell it.", set(), id="none"),
        pytest.param("Non-members pay for tea.", {"member"}, id="non"),
    ],
)
def test_negation(text: str, negated: set[str]) -> None:
    assert read(text).negated == negated


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("The company’s law", "companies' laws", id="plural and possessive"),
        pytest.param("U.S. police", "United States police", id="country"),
        pytest.param("facial-recognition technology", "facial recognition tech", id="hyphen"),
        pytest.param("He said it will end", "She stated it would stop", id="said and stated"),
        pytest.param("sold", "sale", id="verb and noun of selling"),
        pytest.param("Shares rose and fell", "shares rise, fall", id="forms of a verb"),
        pytest.param("It was led and chosen", "it leads and chooses", id="forms, with endings"),
        pytest.param("Redmond-based", "headquarters Redmond", id="headquarters"),
        pytest.param("police chief", "heads the police", id="chief and head"),
    ],
)
def test_same_words(one: str, other: str) -> None:
    assert read(one).stems == read(other).stems


def test_a_date_carries_its_parts_only() -> None:
    full = Date(2020, 6, 11)
    assert full.carries(Date(2020, 6, 0))
    assert full.carries(Date(0, 6, 11))
    assert not full.carries(Date(2020, 6, 12))
    assert not Date(2020, 6, 0).carries(full)


def test_markers_in_brackets_are_left_alone() -> None:
    reading = read("See a[0] and [2021].")
    assert (0.0, "") in reading.numbers
    assert Date(2021, 0, 0) in reading.dates


@pytest.mark.parametrize(
    "text",
    ["It fell in May[3].", "It fell [3].", "It fell [1][2][5].", "It fell.[12] It rose."],
)
def test_marks_of_sources_state_no_number(text: str) -> None:
    assert read(text).numbers == frozenset()


@pytest.mark.parametrize(
    ("text", "value"),
    [("See a[0] there.", 0.0), ("Set x[12] now.", 12.0), ("It was [sic] 7.", 7.0)],
)
def test_what_is_no_mark_stays_a_number(text: str, value: float) -> None:
    assert (value, "") in read(text).numbers


def test_the_first_of_a_name_is_part_of_it() -> None:
    assert read("He was Mahmud I's son.").stems == read("The son of Mahmud I.").stems
    assert "i" in read("He was Mahmud I's son.").stems
    assert "i" not in read("I said that I's a letter, and I know.").stems


def test_a_weekday_in_a_name_is_no_day() -> None:
    assert read("They played Freaky Friday in Ulm.").weekdays == frozenset()
    assert read("They played in Ulm on Friday.").weekdays == {"friday"}
    assert read("On Friday they played.").weekdays == {"friday"}


def test_an_initial_ends_no_sentence() -> None:
    assert [word.follows for word in read("It was C. Mayer.").words] == [False, True]


def test_a_title_denies_nothing() -> None:
    assert read("He sang It's Now or Never in 1960.").negators == 0
    assert read("Never sing it. Do not sing it.").negators == 2


def test_what_firms_are_called_is_not_asked_of_a_source() -> None:
    stems = read("Green Fields Ltd.'s report, and that of Ulm Mills Inc.").stems
    assert not stems & {"ltd", "s", "inc"}
    assert {"green", "field", "ulm", "mill"} <= stems


@pytest.mark.parametrize(
    ("text", "deeds"),
    [
        ("The mayor is being sued in Ulm.", {stem("sued")}),
        ("It was first built and later sold.", {stem("built")}),
        ("She was tall and is not known here.", {stem("known")}),
        ("They sued the mayor.", set()),
    ],
)
def test_what_is_done_to_something(text: str, deeds: set[str]) -> None:
    assert suffered(text) == deeds
