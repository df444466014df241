"""The proof: what is carried, what is not, and by which sentences."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import pytest

from rag.errors import ModelError
from rag.prompt import Prompt
from rag.prove import (
    Claim,
    CoverageChecker,
    Judgement,
    Numbering,
    Prover,
    Rarity,
    WitnessedChecker,
    merge,
)
from rag.prove.facts import gives_day
from rag.prove.prover import without_addition, without_date, without_opening
from rag.prove.select import MOST_PRESUMED, Selector, alike, fuller, relevance, turned_round
from rag.prove.witness import ALONE, supposed_by, verbatim
from rag.testing import make_hit
from rag.types import Verdict

BANK = (
    "The central bank raised its rate by 5 % on Tuesday. "
    "Governor Lena Holm said the bank will not raise it again before 12 June 2020. "
    "The committee rejected the proposal of the finance ministry. "
    "Holm called the decision “a step we had to take in these times”. "
    "About 80 economists signed a letter against it."
)
RARITY = Rarity([BANK, "The ferry runs every hour.", "Apples were picked in May."])


def judge(statement: str, text: str = BANK, question: str = "what happened?") -> Judgement:
    return CoverageChecker(RARITY).judge(Claim(statement, question, (make_hit(text),)))


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("The central bank raised its rate by 5 percent.", id="percent in words"),
        pytest.param("The bank raised its rate by 5% on Tuesday.", id="weekday"),
        pytest.param("The committee rejected the ministry's proposal.", id="order and possessive"),
        pytest.param("Lena Holm said the bank won't raise it again before June 12.", id="negation"),
        pytest.param("Eighty economists signed a letter.", id="number in words"),
        pytest.param('Holm called it "a step we had to take in these times".', id="quoted words"),
    ],
)
def test_supported(statement: str) -> None:
    found = judge(statement)
    assert found.verdict is Verdict.SUPPORTED, found
    assert found.support >= 0.75


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        pytest.param("The central bank raised its rate by 6 %.", Verdict.CONTRADICTED, id="6:5"),
        pytest.param("The bank raised its rate by 5 basis points.", None, id="unit"),
        pytest.param("The committee approved the proposal.", None, id="approved for rejected"),
        pytest.param("The bank raised its rate on Monday.", Verdict.NOT_FOUND, id="wrong weekday"),
        pytest.param("The bank will raise it again before 12 June 2020.", None, id="not left out"),
        pytest.param("The bank did not raise its rate on Tuesday.", None, id="not put in"),
        pytest.param("Holm spoke on 13 June 2020.", None, id="wrong day"),
        pytest.param("The bank will wait until 12 June 2021.", None, id="wrong year"),
        pytest.param("Governor Anna Holm said so.", Verdict.NOT_FOUND, id="wrong first name"),
        pytest.param('Holm called it "a step we chose to take".', Verdict.NOT_FOUND, id="quote"),
        pytest.param("800 economists signed a letter.", Verdict.CONTRADICTED, id="800 for 80"),
        pytest.param("The ferry runs on Tuesday.", None, id="another subject"),
    ],
)
def test_not_supported(statement: str, verdict: Verdict | None) -> None:
    found = judge(statement)
    assert found.verdict is not Verdict.SUPPORTED, found
    assert found.reason
    if verdict is not None:
        assert found.verdict is verdict


def test_a_name_is_not_shortened_across_a_comma() -> None:
    text = "Following the lead of Acme, Borealis said on Monday it will not sell its drones."
    found = judge("Ann Lund, the head of Acme, said it will not sell its drones.", text)
    assert found.verdict is Verdict.NOT_FOUND, found
    assert "Ann" in found.reason or "Lund" in found.reason


DENIED = {
    "non put in": ("It ended the grain trade.", "It ended the non-grain trade.", False),
    "non in both": ("It ended the non-grain trade.", "It ended the non-grain trade.", True),
    "nonprofit in one word": ("It is a nonprofit firm.", "It is a non-profit firm.", True),
    "not of a common word": ("The film was set in Ulm.", "The film was not set in Ulm.", False),
    "not of a name": ("It is a Norwegian film.", "It is not a Norwegian film.", False),
    "without": ("The house has a garden.", "The house is without a garden.", False),
    "a source that halts": ("Acme halted all sales of it.", "Acme does not sell it.", True),
    "a source that refuses": ("Acme refused to sell it.", "Acme did not sell it.", True),
    "a source that undoes": ("She called it unacceptable.", "She called it not acceptable.", True),
    "not only": ("The ferry and the bus run.", "Not only the ferry but the bus runs.", True),
    "a clause of its own": (
        "Brandt got nothing, since he left.",
        "Because he left, Brandt got nothing.",
        True,
    ),
    "a clause after it": (
        "Brandt got nothing, since he left.",
        "Brandt got nothing because he left.",
        True,
    ),
    "the same refusal turned round": (
        "An offer to Tring was declined.",
        "Tring declined the offer.",
        True,
    ),
    "a source that doubts": ("Adeyemi doubted this.", "Adeyemi was not convinced of this.", True),
    "both deny": ("Acme has not sold it.", "Acme has never sold it.", True),
}


@pytest.mark.parametrize(("source", "statement", "open_"), DENIED.values(), ids=DENIED.keys())
def test_what_is_denied_must_be_denied(source: str, statement: str, open_: bool) -> None:
    found = judge(statement, f"{source} Much else was said.")
    assert (found.verdict is not Verdict.CONTRADICTED) is open_, found


def test_a_number_counts_what_the_source_counts() -> None:
    text = "A coalition of 80 civil rights groups met. It took one year to plan the meeting."
    assert judge("The coalition has 80 civil rights groups.", text).verdict is Verdict.SUPPORTED
    found = judge("The coalition has 1 civil rights group.", text)
    assert found.verdict is not Verdict.SUPPORTED, found


def test_what_the_source_leaves_open_is_not_stated() -> None:
    text = "It was not made clear whether the pause would apply to police outside the country."
    found = judge("The pause applies to police outside the country.", text)
    assert (found.verdict, found.reason) == (Verdict.CONTRADICTED, "The source leaves this open.")
    open_too = judge("It is not clear whether the pause applies outside the country.", text)
    assert open_too.verdict is Verdict.SUPPORTED


def test_an_acronym_stands_for_the_name_written_out() -> None:
    text = "Ana Lund, a lawyer with the Green Rivers Union of Norway, praised the plan."
    assert judge("The GRU lawyer praised the plan.", text).verdict is Verdict.SUPPORTED
    assert judge("The GRX lawyer praised the plan.", text).verdict is not Verdict.SUPPORTED


def test_a_year_that_no_source_states_is_cut() -> None:
    hit = make_hit("The mayor spoke on June 11 about the bridge.")
    proof = Prover(CoverageChecker(RARITY)).prove(
        "The mayor spoke on June 11, 2023 about the bridge.", "when?", (hit,), (hit,)
    )
    assert proof.supported
    assert proof.text == "The mayor spoke on June 11 about the bridge."


def test_a_date_from_another_sentence_is_cut() -> None:
    text = (
        "Visitors try the cameras at the fair in Basel on Jan. 8, 2019. "
        "Riverton passed its ban on cameras in the street."
    )
    found = judge("Riverton passed its ban on cameras on January 8, 2019.", text)
    assert found.verdict is Verdict.NOT_FOUND, found
    assert found.reason == "The source gives the date in another sentence."
    hit = make_hit(text)
    proof = Prover(CoverageChecker(RARITY)).prove(
        "Riverton passed its ban on cameras in the street on January 8, 2019.", "?", (hit,), (hit,)
    )
    assert proof.supported
    assert proof.text == "Riverton passed its ban on cameras in the street."


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("On the hill stood a house.", "On the hill stood a house."),
        ("The law passed on 3 May 2020 after a debate.", "The law passed after a debate."),
        ("The law passed in 2020.", "The law passed in 2020."),
        ("The law was passed in 2020.", "The law was passed."),
        ("The law was made in 2018-2020.", "The law was made in 2018-2020."),
        ("The law was passed, on Monday, by the house.", "The law was passed by the house."),
        ("She wrote in May that it rains.", "She wrote that it rains."),
    ],
)
def test_without_date(text: str, cut: str) -> None:
    assert without_date(text) == cut


ASKED = {
    "the most, nothing set above others": (
        "Which is the most daring bridge of Ulm?",
        "The bridge of Ulm was built in 1901.",
        "rank",
    ),
    "the largest, more than others": (
        "Which is the largest mill of Ulm?",
        "The Old Mill grinds more grain than any other of Ulm.",
        "",
    ),
    "the largest, its leading one": ("What is the largest bank?", "Holm is the top bank.", ""),
    "the rest of it": ("Who led the protest in Ulm?", "Ada Quist led it.", ""),
    "why, no reason": (
        "Why was the bridge built?",
        "The bridge was built in Ulm by settlers.",
        "reason",
    ),
    "why, a reason": ("Why was the bridge built?", "It was built to carry trams.", ""),
    "the date of a thing": ("What was the date of it?", "It was in Ulm.", "date"),
    "a date": ("On what date did it close?", "It closed after a quarrel.", "date"),
    "a date given": ("On what date did it close?", "It closed on 3 May.", ""),
    "a weekday given": ("Which day did it close?", "It closed on Monday.", ""),
    "when, by an event": ("When may it open?", "It may open once the law is in place.", ""),
    "when, not told": ("When did it close?", "It closed because of a quarrel.", "time"),
    "when inside": ("Was he there when it closed?", "He was there.", ""),
    "a number": ("How many came?", "People came from Oslo.", "number"),
    "a number given": ("How many came?", "Some 80 came.", ""),
    "a number in words": ("How many came?", "A dozen came from Oslo.", ""),
    "none": ("How many came?", "Nobody came.", ""),
    "a year long ago": ("When did it fall?", "It fell in 1185.", ""),
    "a year asked for": ("What year did it fall?", "It fell during the 1180s.", ""),
    "a decade for a day": ("On what day did it fall?", "It fell during the 1180s.", "date"),
    "when, by a session": ("When is it chosen?", "At the beginning of the session.", ""),
    "what is not so": ("Who did not sign?", "Ada signed.", "denial"),
    "what is not so, told": ("Who did not sign?", "Ada refused to sign.", ""),
    "why not": ("Why did Ada not sign?", "Ada lacked a pen.", ""),
    "a title": ("song it's now or never", "Ada sang it.", ""),
    "whether or not": ("Who asked whether or not Bo came?", "Ada asked.", ""),
    "yes or no": ("Did Ada not sign?", "Ada signed.", ""),
    "a number of the question": ("How many of the 80 came?", "They are 80 people.", "number"),
}


PRESUMED = {
    "denied": ("How are votes weighted so that small towns are dominated?", "dominated"),
    "not denied": ("How are votes weighted so that small towns speak?", ""),
    "yes or no": ("Are small towns dominated?", ""),
    "asked as denied": ("Why are small towns not dominated?", ""),
}


@pytest.mark.parametrize(("question", "denied"), PRESUMED.values(), ids=PRESUMED.keys())
def test_what_a_question_supposes_is_not_denied(question: str, denied: str) -> None:
    text = "Votes are weighted by size, so small towns are not dominated by large ones."
    hit = make_hit(text)
    said = "Votes are weighted by size."
    assert relevance(question, said, [(hit, text)], RARITY).denied == denied
    assert not relevance(question, text, [(hit, text)], RARITY).denied


@pytest.mark.parametrize(("question", "statement", "lacks"), ASKED.values(), ids=ASKED.keys())
def test_what_a_statement_lacks(question: str, statement: str, lacks: str) -> None:
    hit = make_hit(statement)
    assert relevance(question, statement, [(hit, statement)], RARITY).lacks == lacks


def test_the_year_of_a_report_goes_for_what_it_tells() -> None:
    said = "In May the firm paid its debts."
    text = f"{said} Such was 2018. The year 2018 was good. So was 2017. In 2018 it rained."
    whole = make_hit(text)
    cited = [(replace(whole, passage=replace(whole.passage, text=said, end=len(said))), said)]
    assert not relevance("What did the firm pay in May 2018?", said, cited, RARITY).missing
    for other in ("in May 2017", "in June 2018"):
        found = relevance(f"What did the firm pay {other}?", said, cited, RARITY)
        assert found.missing == ("the date",)


MISSING = {
    "a small count before what is asked": (
        "Which two courts apply it?",
        "Ulm and Bonn apply it.",
        (),
    ),
    "a count in figures": ("Did 2 courts apply it?", "Ulm applies it.", ("2",)),
    "a greater count": ("Which thirty courts apply it?", "Ulm applies it.", ("30",)),
    "a word that is a name elsewhere": ("What bank closed in Ulm?", "The Bank of Ulm closed.", ()),
    "a month, its year beside it": ("Who came in May 2021?", "Ada came in May. It was 2021.", ()),
    "another year": ("Who came in May 2020?", "Ada came in May. It was 2021.", ("the date",)),
    "a name": ("What closed in Bonn?", "The mill in Ulm closed.", ("Bonn",)),
    "a name typed in haste": ("what closed in bonn", "The mill in Ulm closed.", ("bonn",)),
}


@pytest.mark.parametrize(("question", "statement", "missing"), MISSING.values(), ids=MISSING.keys())
def test_what_of_a_question_stands_nowhere(
    question: str, statement: str, missing: tuple[str, ...]
) -> None:
    rarity = Rarity(["The Treaty bound Bonn. In Bonn the Bank and the Treaty are old.", statement])
    assert (
        relevance(question, statement, [(make_hit(statement), statement)], rarity).missing
        == missing
    )


def test_a_denial_is_more_than_the_question() -> None:
    said = "The fourth part of the series was never made."
    cited = [(make_hit(said), said)]
    assert not relevance("When was the fourth part of the series made?", said, cited, RARITY).echo


def test_a_title_is_more_than_the_question() -> None:
    said = "General Seitz was a Major General."
    cited = [(make_hit(said), said)]
    assert not relevance("What was the rank of General Seitz?", said, cited, RARITY).echo
    assert relevance("What was the major rank of it?", "Its rank was major.", cited, RARITY).echo


CARRIED = {
    # Names in other forms.
    "a place and its people": ("Germany invaded Poland.", "The German army invaded Poland.", True),
    "people and their place": ("The Japanese army left.", "The army of Japan left.", True),
    "a people of another name": ("France lost the war.", "The French lost the war.", True),
    "an accent": ("La Nina cooled the sea.", "La Niña cooled the sea.", True),
    "another people": ("France lost the war.", "The Dutch lost the war.", False),
    "a name that another begins": ("Paula left Ulm.", "Paul left Ulm.", False),
    "two names of one beginning": ("It lost Austria.", "It lost Australia.", False),
    "a war by its number": (
        "Ulm stood after World War II.",
        "Ulm stood after the Second World War.",
        True,
    ),
    "a part of it": ("It lies in the south.", "It lies in the southern part.", False),
    "another war": ("Ulm stood after World War II.", "Ulm stood after the First World War.", False),
    # What is planned is not done.
    "planned": ("Ulm adopted the rule.", "Ulm plans to adopt the rule.", False),
    "possible": ("Ulm raised the fee.", "Ulm may raise the fee.", False),
    "hoped for": ("The fee was lowered.", "Ulm hopes to lower the fee.", False),
    "sought": ("Ulm lowered the fee.", "Ulm sought to lower the fee.", False),
    "tried": ("Ulm lowered the fee.", "Ulm tried to lower the fee.", False),
    "planned too": (
        "Ulm adopted the rule.",
        "Ulm aims to mend its mills and adopt the rule.",
        False,
    ),
    "said as planned": ("Ulm plans to adopt the rule.", "Ulm plans to adopt the rule.", True),
    "done as well": ("Ulm adopted it.", "Ulm adopted it as it had planned to adopt it.", True),
    "another deed": ("Ulm opened the mill.", "Ulm opened the mill and may raise the fee.", True),
    "done": ("Ulm adopted the rule.", "Ulm adopted the rule.", True),
    # A bound has a side.
    "under for over": (
        "It holds nearly 18 million books.",
        "It holds over 18 million books.",
        False,
    ),
    "over for under": ("At least 40 mills closed.", "Fewer than 40 mills closed.", False),
    "the same side": ("More than 40 mills closed.", "Over 40 mills closed.", True),
    "no bound": ("40 mills closed.", "Over 40 mills closed.", True),
    "another number": (
        "Nearly 80 mills hold over 18 million tons.",
        "Nearly 80 mills hold over 18 million tons.",
        True,
    ),
    # A number counts the word beside it.
    "an age, then a verb": (
        "Members are over 18 to apply.",
        "Members are over 18 and may apply.",
        True,
    ),
    # A part of somebody's full name.
    "a middle name": (
        "Carl Roth was born in Ulm.",
        "Carl Reinhold Roth was a smith. Reinhold was born in Ulm.",
        True,
    ),
    "another's name": (
        "Carl Roth was born in Ulm.",
        "Carl Roth was a smith. His friend was Reinhold Ek. Reinhold was born in Ulm.",
        False,
    ),
    "a name in brackets": (
        "The Green Club is an old party.",
        "The Green Club (, GC) is an old party. Then GC left.",
        True,
    ),
    # Years stand with the deed, not with a thing that is called by it.
    "a thing called by a deed": (
        "The Quist Mill was built in 1850.",
        "The Quist Mill is a brick building in Ulm. Constructed in 1850 by Ada, it stands.",
        True,
    ),
    "of the": ("Three of the mills closed.", "Three mills closed.", True),
    "others": ("Three mills closed.", "Three shops closed. Some mills stayed open.", False),
}


DOERS = {
    "another's clause": ("Following Ada and Bo, Cy on Monday announced a ban.", False),
    "after but": ("Ada and Bo waited, but Cy announced a ban.", False),
    "their own": ("After long talks, Ada and Bo announced a ban.", True),
    "an aside": ("Ada and Bo, after talks with Cy, announced a ban.", True),
    "a spokesman": ("Ada and Bo spokesman Cy announced a ban.", True),
    "one of them": ("Following Cy, Ada announced a ban, and Bo too.", True),
    "what follows": ("Ada and Bo announced a ban, and Cy announced another ban.", True),
}


@pytest.mark.parametrize(("text", "carried"), DOERS.values(), ids=DOERS.keys())
def test_who_did_it(text: str, carried: bool) -> None:
    around = " Ada lives here. Here Bo lives. Here lives Cy."
    found = judge("Ada and Bo announced a ban.", text + around)
    assert (found.fault == "subject") is not carried, found


PLACES = {
    "in it": ("They met in Ulm for an hour.", True),
    "from it": ("They met for an hour. All came from Ulm.", True),
    "its own": ("They met for an hour on Ulm's bridge.", True),
    "at the start": ("Ulm saw them. They met for an hour.", True),
    "beside it only": ("They met for an hour about a treaty between Ulm and Bonn.", False),
    "aid to it": ("They met for an hour because of the aid to Ulm.", False),
    "after a compass point": ("They met for an hour in northern Ulm.", True),
}


@pytest.mark.parametrize(("text", "carried"), PLACES.values(), ids=PLACES.keys())
def test_a_place_of_the_question_must_be_one_of_the_source(text: str, carried: bool) -> None:
    found = judge("They met for an hour in Ulm.", text, "Who met in Ulm?")
    assert (found.verdict is Verdict.SUPPORTED) is carried, found
    elsewhere = judge("They met for an hour in Ulm.", text, "Who met where?")
    assert elsewhere.fault != "subject"


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        pytest.param("The law of Ulm is old.", True, id="of it"),
        pytest.param("Ulm's law is old.", True, id="what it has"),
        pytest.param("The law is old. It prevents Ulm's ruin.", False, id="something else it has"),
    ],
)
def test_what_a_place_has_is_in_it(text: str, carried: bool) -> None:
    found = judge("The law in Ulm is old.", text, "What is the law in Ulm like?")
    assert (found.fault != "subject") is carried, found


def test_what_a_question_offers_to_choose_from_it_does_not_give() -> None:
    text = "Ulm is a port of the southern North Island. By day the wind blows from the south there."
    said = "Ulm lies on the south island."
    offered = judge(said, text, "is ulm on the north or the south island")
    given = judge(said, text, "where on the south island is ulm")
    assert [s.text for _, s in given.sentences] == [text.split(" By")[0]]
    assert len(offered.sentences) == 2  # "south" itself must be cited


def test_what_a_statement_says_itself_is_no_denial_of_it() -> None:
    found = judge("The treaty did not limit trade.", "The treaty limits trade in the town.")
    assert found.fault == "negation"


def test_a_title_may_give_the_place() -> None:
    hit = make_hit("They met for an hour about a treaty between Ulm and Bonn.", title="Ulm")
    claim = Claim("They met for an hour in Ulm.", "Who met in Ulm?", (hit,))
    assert CoverageChecker(RARITY).judge(claim).fault != "subject"


def test_a_word_that_an_index_writes_both_ways_keeps_its_small_letter() -> None:
    rarity = Rarity(["We saw the Bird Society and a bird.", "The Bird Club met with IBM."])
    assert rarity.written("when did ibm see the bird") == "when did IBM see the bird"


ROUND = {
    "the sufferer": ("Who did Ada Quist replace?", "Ada Quist was replaced by Bo Lind.", True),
    "after another verb": ("Who did Ada replace?", "Ada was recalled and replaced by Bo.", True),
    "the doer": ("Who did Ada Quist replace?", "Ada Quist replaced Bo Lind in May.", False),
    "said of the other": ("Who did Ada replace?", "Bo was replaced by Ada.", False),
    "another deed": ("Who did Ada meet?", "Ada was replaced by Bo.", False),
    "the doer, asked for": ("Who was Ada replaced by?", "Ada replaced Bo.", True),
    "as asked for": ("Who was Ada replaced by?", "Ada was replaced by Bo.", False),
}


@pytest.mark.parametrize(("question", "statement", "turned"), ROUND.values(), ids=ROUND.keys())
def test_who_did_and_who_suffered_it(question: str, statement: str, turned: bool) -> None:
    assert turned_round(question, statement) is turned


def test_years_may_be_given_short() -> None:
    text = "Operations failed in 1755, 1756 and 1757."
    hit = make_hit(text)
    found = relevance("Why did they fail in 1755, 56, 57?", text, [(hit, text)], RARITY)
    assert found.missing == ()


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        pytest.param("where is ulm", "where is Ulm", id="a name"),
        pytest.param("what is ulm's gdp", "what is Ulm's GDP", id="of a name, capitals"),
        pytest.param("Where is ulm in Bonn", "Where is ulm in Bonn", id="typed with care"),
        pytest.param("who met us in may", "who met us in may", id="common words stay"),
        pytest.param("which mills closed", "which mills closed", id="mostly small"),
    ],
)
def test_a_question_typed_in_haste_gets_its_capitals(typed: str, written: str) -> None:
    rarity = Rarity(["The mills of Ulm, the old mills and the Mills of Ulm have a GDP. He met US."])
    assert rarity.written(typed) == written


@pytest.mark.parametrize(
    ("question", "echo"),
    [
        pytest.param("Who went first, Ada or Bo?", False, id="of two"),
        pytest.param("Did Ada or Bo go first?", False, id="of two, by a verb"),
        pytest.param("Where was it that Ada went first?", True, id="open"),
        pytest.param("Where was it that Ada went first or not?", True, id="or not"),
    ],
)
def test_a_choice_may_be_answered_in_the_words_of_the_question(question: str, echo: bool) -> None:
    text = "Ada went first."
    assert relevance(question, text, [(make_hit(text), text)], RARITY).echo is echo


@pytest.mark.parametrize(("statement", "text", "carried"), CARRIED.values(), ids=CARRIED.keys())
def test_carried_or_not(statement: str, text: str, carried: bool) -> None:
    assert (judge(statement, text).verdict is Verdict.SUPPORTED) is carried


def test_a_date_alone_states_nothing() -> None:
    assert judge("In May 2021", "In May 2021, Ulm adopted the rule.").fault == "nothing"


def test_who_did_what() -> None:
    text = (
        "Acme and Borealis met in Oslo. Borealis decided to halt the sale of drones until rules "
        "are in place."
    )
    ours = judge("Borealis decided to halt the sale of drones until rules are in place.", text)
    theirs = judge("Acme decided to halt the sale of drones until rules are in place.", text)
    assert ours.verdict is Verdict.SUPPORTED
    assert theirs.verdict is not Verdict.SUPPORTED
    assert "Borealis" in theirs.reason


def test_words_of_the_question_count_only_where_the_passage_has_them() -> None:
    question = "what did Zenith decide?"
    found = judge("Zenith rejected the proposal of the finance ministry.", question=question)
    assert found.verdict is Verdict.NOT_FOUND
    assert "Zenith" in found.reason


def test_the_fewest_sentences_are_cited() -> None:
    found = judge("The committee rejected the proposal of the finance ministry.")
    assert [s.text for _, s in found.sentences] == [
        "The committee rejected the proposal of the finance ministry."
    ]
    both = judge("The bank raised its rate on Tuesday and about 80 economists signed a letter.")
    assert [s.text[:14] for _, s in both.sentences] == ["The central ba", "About 80 econo"]


def test_a_sentence_that_only_names_the_subject_is_not_cited() -> None:
    text = "Joseph Conry was born in Ulm. He practised law in Boston for years. Conry liked tea."
    found = judge("Conry practised law in Boston.", text)
    assert [s.text for _, s in found.sentences] == ["He practised law in Boston for years."]
    apart = "Joseph Conry liked tea. Ulm is old. Bonn is too. The mayor practised law in Boston."
    found = judge("Conry practised law in Boston.", apart)
    assert found.verdict is not Verdict.SUPPORTED or len(found.sentences) == 2


def test_a_year_may_come_from_the_date_of_the_document() -> None:
    text = "The mayor spoke on June 11 about the bridge."
    dated = make_hit(text, date="2020-06-12")
    checker = CoverageChecker(RARITY)
    said = "The mayor spoke on June 11, 2020 about the bridge."
    assert checker.judge(Claim(said, "when?", (dated,))).verdict is Verdict.SUPPORTED
    undated = make_hit(text, source="two.txt")
    assert checker.judge(Claim(said, "when?", (undated,))).verdict is not Verdict.SUPPORTED


def test_every_other_document_that_carries_it_is_cited_too() -> None:
    one = make_hit("The harbour bridge closes for eleven weeks.", source="one.txt")
    two = make_hit("Officials said the harbour bridge closes for eleven weeks.", source="two.txt")
    far = make_hit("The harbour bridge is painted blue.", source="three.txt")
    rarity = Rarity([h.passage.text for h in (one, two, far)])
    prover = Prover(CoverageChecker(rarity))
    statement = "The harbour bridge closes for eleven weeks."
    proof = prover.prove(statement, "how long does the bridge close?", (one,), (one, two, far))
    citations = Numbering().statement(proof).citations
    assert [(c.number, c.source) for c in citations] == [(1, "one.txt"), (2, "two.txt")]
    assert all(c.quote for c in citations)


def test_words_in_several_sentences_of_another_document_are_not_cited() -> None:
    one = make_hit("Conry practised law in Boston.", source="one.txt", title="Conry")
    text = "Conry practised law in Ulm. He sat on the council. The council of Boston met him."
    other = make_hit(text, source="two.txt", title="Conry")
    checker = CoverageChecker(RARITY)
    proof = Prover(checker).prove("Conry practised law in Boston.", "where?", [one], [one, other])
    assert [hit.document.source for group in proof.groups for hit, _ in group] == ["one.txt"]


def test_statements_that_say_the_same_become_one() -> None:
    one = make_hit("The bridge closes for eleven weeks.", source="one.txt")
    two = make_hit("For eleven weeks the bridge closes.", source="two.txt")
    prover = Prover(CoverageChecker(Rarity([one.passage.text, two.passage.text])))
    question = "how long does the bridge close?"
    proofs = [
        prover.prove("The bridge closes for eleven weeks.", question, (one,), (one,)),
        prover.prove("For eleven weeks the bridge closes.", question, (two,), (two,)),
    ]
    merged = merge(proofs, lambda a, b: len(a) == len(b), lambda one, other: other.groups, most=5)
    assert len(merged) == 1
    assert len(Numbering().statement(merged[0]).citations) == 2


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("In which year did Ada Quist die?", "Ada Quist died in 1777."),
        ("When did Ada Quist die?", "Ada Quist died on 9 February 1777."),
    ],
)
def test_the_day_is_shown_in_place_of_the_year(question: str, shown: str) -> None:
    texts = {"year.txt": "Ada Quist died in 1777.", "day.txt": "Ada Quist died on 9 February 1777."}
    hits = {source: make_hit(text, source=source) for source, text in texts.items()}
    prover = Prover(CoverageChecker(Rarity(list(texts.values()))))
    proofs = [prover.prove(texts[source], question, (hit,), (hit,)) for source, hit in hits.items()]
    (merged,) = merge(
        proofs, lambda a, b: True, lambda a, b: (), most=5, fuller=partial(fuller, question)
    )
    assert merged.text == shown


def test_a_day_in_brackets_stands_beside_a_place() -> None:
    text = "Ada Quist (3 June 1850 – 2 May 1907) was a judge. Quist was born in Ulm, a son of Otto."
    assert judge("Ada Quist was born in Ulm on 3 June 1850.", text).verdict is Verdict.SUPPORTED
    wrong = judge("Ada Quist was born in Ulm on 2 May 1907.", text)
    assert wrong.verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("What is the trade of C. Mayer?", "Christa Mayer is a smith.", ()),
        ("What is the trade of B. Mayer?", "Christa Mayer is a smith.", ("B",)),
    ],
)
def test_an_initial_goes_for_a_first_name(
    question: str, text: str, missing: tuple[str, ...]
) -> None:
    assert relevance(question, text, [(make_hit(text), text)], RARITY).missing == missing


def test_what_a_statement_repeats_and_its_source_lacks_is_presumed() -> None:
    question, text = "Which hidden variables spoil trials?", "Newspapers collect odd names."
    said = "Hidden variables spoil trials such as odd names."
    hit = make_hit(text)
    assert relevance(question, said, [(hit, text)], RARITY).presumed > MOST_PRESUMED
    assert relevance(question, text, [(hit, text)], RARITY).presumed == 0.0


SAYS_ALL = {
    "the same in other words": ("The mill closed in May.", "In May the mill shut.", True),
    "more": ("The mill in Ulm closed.", "The mill closed.", True),
    "less": ("The mill closed.", "The old mill of the Danube in Ulm closed.", False),
    "the year for the day": ("The mill closed in 1901.", "The mill closed on 2 May 1901.", False),
    "the day for the year": ("The mill closed on 2 May 1901.", "The mill closed in 1901.", True),
    "no number": ("Most mills closed.", "Most of the 40 mills closed.", False),
}


@pytest.mark.parametrize(("one", "other", "says"), SAYS_ALL.values(), ids=SAYS_ALL.keys())
def test_what_says_all_of_a_statement_is_cited_for_it(one: str, other: str, says: bool) -> None:
    assert Selector(RARITY).says_all("Did the mills shut?", one, other) is says


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Based on the 2021 report, the mill closed.", "The mill closed."),
        ("According to the text, the mill closed.", "The mill closed."),
        ("According to Ulm's 2021 Report, the mill closed.", "The mill closed."),
        ("According to Holm, the mill closed.", "According to Holm, the mill closed."),
        ("In May, the mill closed.", "In May, the mill closed."),
    ],
)
def test_an_opening_that_only_names_the_source_may_go(text: str, cut: str) -> None:
    assert without_opening(text) == cut


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (
            "The bank raised its rate by 5 %, which pleased the ministry.",
            "The bank raised its rate by 5 %.",
        ),
        (
            "The committee rejected the proposal because it cost too much.",
            "The committee rejected the proposal.",
        ),
        # What limits a statement is never cut off.
        ("The bank sold no gold, and will not until May.", None),
        ("The bank raised its rate, except in Ulm.", None),
        ("Holm won, which is fine.", None),
    ],
)
def test_an_added_clause_may_go(text: str, cut: str | None) -> None:
    assert without_addition(text) == (cut or text)


def test_a_statement_is_cut_to_what_is_carried_and_says_so() -> None:
    text = "The committee rejected the proposal, which pleased the farmers of Bonn."
    hits = (make_hit(BANK),)
    proof = Prover(CoverageChecker(RARITY)).prove(text, "What did it reject?", hits, hits)
    assert proof.supported
    assert proof.text == "The committee rejected the proposal."
    assert proof.written == text
    assert Numbering().statement(proof).written == text


class NoModel:
    """A witness that cannot be asked."""

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        raise ModelError("the model has been closed")


@pytest.mark.parametrize(
    ("statement", "stretch"),
    [
        pytest.param("Ada and Bo opened the old mill in May.", True, id="word for word"),
        pytest.param("Ada opened the old mill in May.", False, id="a name left out"),
        pytest.param("Ada and Bo closed the new inn in May.", False, id="other words"),
        pytest.param(
            "After long talks Ada and Bo opened the old mill in Ulm in May.", False, id="one put in"
        ),
    ],
)
def test_a_stretch_of_a_sentence_leaves_out_and_puts_in_no_name(
    statement: str, stretch: bool
) -> None:
    hit = make_hit("After long talks Ada and Bo opened the old mill in May.")
    assert verbatim(statement, [(hit, hit.passage.sentences[0])]) is stretch


def test_what_cannot_be_checked_is_not_shown() -> None:
    checker = WitnessedChecker(CoverageChecker(RARITY), NoModel(), RARITY, threshold=0.5)
    hit = make_hit(BANK)
    # Not word for word, so that the witness would be asked.
    found = checker.judge(Claim("By 5 % the central bank its rate raised.", "What?", (hit,)))
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.support == 0.0
    assert "could not be checked: the model has been closed" in found.reason


@pytest.mark.parametrize(
    ("name", "text", "missing"),
    [
        ("InnovaTech", "InnovateTech Solutions changed its board in May.", ("InnovaTech",)),
        ("InnovaTech", "InnovaTech's board was changed in May.", ()),
        ("Europe", "The European board was changed in May.", ()),
        ("Holms", "Holm changed the board in May.", ()),
        ("Rainbow", "Rain changed its board in May.", ("Rainbow",)),
        ("Micro", "Microsoft changed its board in May.", ("Micro",)),
        ("Rome", "The Roman board was changed in May.", ()),
        ("Shakespeare", "The Shakespearean board was changed in May.", ()),
    ],
)
def test_names_that_begin_alike_are_two(name: str, text: str, missing: tuple[str, ...]) -> None:
    hit = make_hit(text, title="")
    found = relevance(f"When was the board of {name} changed?", text, [(hit, text)], RARITY)
    assert found.missing == missing


def test_a_claim_of_several_sentences_is_carried_if_each_is() -> None:
    both = judge(
        "The bank raised its rate by 5 % on Tuesday. The committee rejected the proposal. "
        "About 80 economists signed a letter. Holm said the bank will not raise it again."
    )
    assert both.verdict is Verdict.SUPPORTED
    assert len(both.sentences) == 4
    one = judge("The bank raised its rate by 5 % on Tuesday. The ferry was late.")
    assert one.verdict is not Verdict.SUPPORTED
    assert judge("Holm said so. The bank raised its rate by 9 %.").fault == "number"


def test_a_date_beside_what_is_said_is_not_in_another_sentence() -> None:
    text = (
        "A fort, named Fort Coligny, held off the Portuguese ships. It stood on an island. "
        "The fort was destroyed in 1560 by the Portuguese, who took many prisoners."
    )
    said = "Fort Coligny was destroyed in 1560 by the Portuguese."
    assert judge(said, text, "When was Fort Coligny destroyed?").verdict is Verdict.SUPPORTED


def test_a_date_that_stands_in_another_sentence_is_not_carried_and_not_contradicted() -> None:
    text = "Ulm signed the treaty with Bonn. The old harbour burned down in May 1990."
    found = judge("Ulm signed the treaty with Bonn in May 1990.", text)
    assert found.verdict is Verdict.NOT_FOUND
    assert found.fault == "elsewhere"
    assert judge("Ulm signed the treaty with Bonn in May 1991.", text).fault == "date"


@pytest.mark.parametrize(
    ("title", "text", "anchored"),
    [
        ("Ulm (town)", "It has 40 mills by the river.", True),
        ("Mills of Bonn and Ulm", "The town has 40 mills by the river.", False),
        ("Ulm (town)", "“We have 40 mills by the river,” the mayor said.", False),
    ],
)
def test_a_title_names_whom_a_sentence_is_about(title: str, text: str, anchored: bool) -> None:
    hit = make_hit(text, title=title)
    found = CoverageChecker(RARITY).judge(Claim("Ulm has 40 mills by the river.", "", (hit,)))
    assert found.anchored == anchored


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("Hudson will not sell mills to Ulm before spring.", Verdict.SUPPORTED),
        ("Lutz will not sell mills to Ulm before spring.", Verdict.NOT_FOUND),
        ("Berg will not close the harbour this year.", Verdict.SUPPORTED),
    ],
)
def test_we_is_whoever_is_quoted(statement: str, verdict: Verdict) -> None:
    text = (
        "Earlier, Lutz and Berg had taken the same view. "
        "“We will not sell mills to Ulm before spring.” Hudson wrote this, and Lutz agreed. "
        "Then Berg said no. “We will not close the harbour this year.” Ulm thanked Hudson."
    )
    assert judge(statement, text).verdict is verdict


@pytest.mark.parametrize(
    "statement",
    ["InnovationTech Solutions changed its board.", "In May, Lutz Solutions changed its board."],
)
def test_a_firms_name_is_not_a_first_name_left_out(statement: str) -> None:
    hit = make_hit("It changed its board in May. Its solutions are known.", title="InnovaTech")
    found = CoverageChecker(RARITY).judge(Claim(statement, "", (hit,)))
    assert found.verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Morea first played in the 1996 trophy.", "Morea first played in the 2000 trophy.", False),
        ("Holm spoke in Ulm on 12 June 2020.", "Holm spoke in Ulm in June.", True),
        ("Holm spoke in Ulm on Monday.", "Holm spoke in Ulm on Friday.", False),
        ("Holm spoke in Ulm on Monday.", "On Monday Holm spoke in Ulm.", True),
    ],
)
def test_statements_of_other_times_do_not_say_the_same(one: str, other: str, same: bool) -> None:
    assert alike(one, other, RARITY) is same


def cited(statement: str, text: str, question: str) -> list[str]:
    return [sentence.text for _, sentence in judge(statement, text, question).sentences]


def test_the_words_of_the_question_alone_bring_no_citation() -> None:
    text = (
        "Reporters asked officials about face recognition and the police. "
        "Quist has asked parliament for a law since 2018. "
        "The police may buy face recognition until then."
    )
    question = "Since when has Quist asked parliament for a law on face recognition and the police?"
    statement = "Quist has asked parliament for a law on face recognition since 2018."
    assert cited(statement, text, question) == ["Quist has asked parliament for a law since 2018."]
    assert len(cited(statement, text, "What did Quist do?")) > 1


def test_a_sentence_needed_to_name_the_subject_is_cited_though_the_question_names_it() -> None:
    text = "Orrock Township lies on the river. Its fields are wet. There were 2,764 people in 2000."
    statement = "Orrock Township had 2,764 people in 2000."
    found = cited(statement, text, "How many people had Orrock Township in 2000?")
    assert found == ["Orrock Township lies on the river.", "There were 2,764 people in 2000."]


def test_what_is_denied_must_be_denied_in_another_document_in_so_many_words() -> None:
    own = make_hit("The firm has never sold cameras to the police.", source="a.txt")
    halts = make_hit("The firm halts its cameras, sold to the police.", source="b.txt")
    denies = make_hit("The firm has not sold any cameras to the police.", source="c.txt")
    proof = Prover(CoverageChecker(RARITY)).prove(
        "The firm has never sold cameras to the police.", "?", (own,), (own, halts, denies)
    )
    assert [group[0][0].document.source for group in proof.groups] == ["a.txt", "c.txt"]


class Doubting:
    """A witness that doubts a claim unless it holds some words."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.asked: list[str] = []

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        claim = prompt.asking.splitlines()[0]
        self.asked.append(claim)
        return 2.0 if self.wanted in claim else -2.0


def witnessed(witness: Doubting, *, coverage: float) -> WitnessedChecker:
    checker = CoverageChecker(RARITY, threshold=coverage)
    return WitnessedChecker(checker, witness, RARITY, threshold=0.5)


REASONED = "Smith said tech firms alone would not protect people, so Congress has to make a law."


@pytest.mark.parametrize(
    ("question", "verdict", "claims"),
    [
        pytest.param("Why does Smith oppose a law?", Verdict.PARTLY, 2, id="why"),
        pytest.param("What does Smith say of a law?", Verdict.SUPPORTED, 1, id="not why"),
    ],
)
def test_a_reason_is_given_only_for_what_the_source_says(
    question: str, verdict: Verdict, claims: int
) -> None:
    witness = Doubting("because")
    checker = witnessed(witness, coverage=0.1)
    text = "Smith opposes a law because tech firms alone would not protect people."
    found = checker.judge(Claim(text, question, (make_hit(REASONED),)))
    assert found.verdict is verdict, found
    assert len(witness.asked) == claims
    assert ("“Smith opposes a law.”" in found.reason) is (verdict is Verdict.PARTLY)


class Whole:
    """A witness that believes a claim of a text that has some words, and doubts it without."""

    def __init__(self, words: str) -> None:
        self.words = words

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        return ALONE if self.words in prompt.reading else ALONE - 1.0


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        ("Ada Quist died on 2 May 1907.", True),
        ("Ada Quist died in 1907.", True),
        ("Quist was born on 3 June 1850.", True),
        ("Ada Quist died on 3 June 1850.", False),
        ("Ada Quist sang in May 1907.", False),
        ("Otto Quist died on 2 May 1907.", False),
    ],
)
def test_a_lifespan_in_brackets_gives_a_day(statement: str, given: bool) -> None:
    cited = ["It rained.", "Dame Ada Quist (3 June 1850 – 2 May 1907) was a judge."]
    assert gives_day(statement, cited) is given
    hit = make_hit(" ".join(cited))
    coverage = CoverageChecker(RARITY, threshold=0.5)
    found = replace(coverage.judge(Claim(statement, "", (hit,))), verdict=Verdict.SUPPORTED)
    found = replace(found, sentences=((hit, hit.passage.sentences[1]),))
    judged = WitnessedChecker(coverage, Whole("nothing"), RARITY, threshold=0.5)
    assert (judged.alone(statement, found).verdict is Verdict.SUPPORTED) is given


def test_what_only_the_rest_of_the_passage_says_is_not_carried() -> None:
    text = "Dorn has a mill. It turns by night. Ada likes the night. Ada built her old boat in Ulm."
    claim = Claim("The boat in Ulm that Ada built was old.", "Who built it?", (make_hit(text),))
    coverage = CoverageChecker(RARITY, threshold=0.5)
    for words, verdict in (("likes the night", Verdict.SUPPORTED), ("Dorn", Verdict.PARTLY)):
        checker = WitnessedChecker(coverage, Whole(words), RARITY, threshold=0.5)
        found = checker.alone(claim.text, coverage.judge(claim))
        assert found.verdict is verdict, (words, found)
        asked = checker.alone(claim.text, coverage.judge(claim), 0.95)
        assert asked.verdict is Verdict.SUPPORTED, "what surely answers may be less sure"
    quoted = "Ada built her old boat in Ulm."
    found = checker.alone(quoted, coverage.judge(replace(claim, text=quoted)))
    assert found.verdict is Verdict.SUPPORTED, "word for word it needs no witness"


SUPPOSED = {
    "because": ("Why did Ada sing?", "Ada sang in Ulm because of the rain.", "Ada sang in Ulm."),
    "with the question's words": (
        "Why did Ada sing in Ulm?",
        "Ada did sing in Ulm because of the rain.",
        "Ada did sing in Ulm.",
    ),
    "a purpose": (
        "Why is the seating arranged as it is?",
        "The seating is arranged as it is to save room.",
        "The seating is arranged.",
    ),
    "inside the premise": (
        "Why does Ada want Bo to leave?",
        "Ada wants Bo to leave because it rains.",
        "Ada wants Bo to leave.",
    ),
    "no reason": ("Why does Ada sing?", "Ada does sing well.", ""),
    "not why": ("When does Ada sing?", "Ada does sing because it rains.", ""),
}


@pytest.mark.parametrize(("question", "statement", "head"), SUPPOSED.values(), ids=SUPPOSED.keys())
def test_what_an_answer_to_a_why_supposes(question: str, statement: str, head: str) -> None:
    assert supposed_by(question, statement) == head


def test_a_reason_for_what_the_source_says_is_shown() -> None:
    checker = witnessed(Doubting(""), coverage=0.1)
    text = "Smith wants a law because tech firms alone would not protect people."
    found = checker.judge(Claim(text, "Why does Smith want a law?", (make_hit(REASONED),)))
    assert found.verdict is Verdict.SUPPORTED, found


ELLIPSES = {
    "a unit given once": (
        "The fee is 240 euros, or 90 for students.",
        "Students pay 90 euros.",
        True,
    ),
    "percent given once": (
        "Shares of Dorn fell by 7 percent, those of Elm rose by 3.",
        "Shares of Elm rose by 3 percent.",
        True,
    ),
    "no unit there": ("The fee is 240, or 90 for students.", "Students pay 90 euros.", False),
    "another unit": ("The fee is 240 euros, for 90 students.", "The fee is 90 pounds.", False),
}


@pytest.mark.parametrize(("text", "statement", "given"), ELLIPSES.values(), ids=ELLIPSES.keys())
def test_a_unit_may_be_given_with_another_number(text: str, statement: str, given: bool) -> None:
    refused = judge(statement, text).fault in {"number", "elsewhere"}
    assert refused is not given


PARTY = "The Coast Party selected as candidate in the harbour election Ada Bell, a lawyer."
NAMED = {
    "another sentence": (f"It followed the death of Otto Clarry. {PARTY}", "Otto Clarry", "name"),
    "the cited one": (f"It followed the death of Otto Clarry. {PARTY}", "Ada Bell", ""),
    "stood for": (
        "Ada Bell spoke. The Coast Party selected her as candidate in the harbour election.",
        "Ada Bell",
        "",
    ),
    "stood for by its owner": (
        "Dorn Mills was sold. The coast party in the harbour election selected its candidate.",
        "Dorn Mills",
        "",
    ),
}


@pytest.mark.parametrize(("text", "name", "fault"), NAMED.values(), ids=NAMED.keys())
def test_a_name_that_answers_is_cited(text: str, name: str, fault: str) -> None:
    said = f"The candidate that the coast party selected in the harbour election was {name}."
    found = judge(said, text, "Whom did the coast party select in the harbour election?")
    assert (found.fault == "name") is (fault == "name"), found


def test_a_name_that_ends_in_a_word_of_the_question_is_cited_too() -> None:
    text = (
        "In May a mill was built by the Green Party. After a failed bid, Bell won two years later."
    )
    question = "What political party was Ada Bell affiliated with?"
    found = judge("Ada Bell was affiliated with the Green Party.", text, question)
    assert found.fault == "name", found


RANGE = "Ulm lies about 30 km (19 mi) from the Grey Lake and 52 km (32 mi) east of Dorn."
BELONGS = {
    "measured from another": ("Ulm is about 30 km (19 mi) east of Dorn.", RANGE, "number"),
    "measured from it": ("Ulm is 52 km (32 mi) east of Dorn.", RANGE, ""),
    "in the other unit": ("Ulm is 32 mi from Dorn.", RANGE, ""),
    "part of another": (
        "The strike closed 40% of Dorn.",
        "The strike closed 20% of Dorn and 40% of Elm.",
        "number",
    ),
    "counted of others": (
        "There are two extra rounds in a match.",
        "In a match there is one extra round (each team may take two time outs).",
        "number",
    ),
    "counted of these": (
        "There is one extra round in a match.",
        "In a match there is one extra round (each team may take two time outs).",
        "",
    ),
    "counted of both": (
        "Two extra rounds were played in May.",
        "In April one extra round and in May two extra rounds were played.",
        "",
    ),
    "born for died": (
        "Ada Cole died on 2 May 1841.",
        "Ada Cole (2 May 1841 – 7 June 1905).",
        "date",
    ),
    "died for born": (
        "Ada Cole was born on 7 June 1905.",
        "Ada Cole (2 May 1841 – 7 June 1905).",
        "date",
    ),
    "died": (
        "Ada Cole died on 7 June 1905.",
        "Ada Cole (2 May 1841 – 7 June 1905) was a judge. In 1866 she died her coat black.",
        "",
    ),
    "a year before a name": (
        "The mill was built in 1964 on the shore of Elm, and 3 km from the shore of Elm lies Dorn.",
        "The mill was built in 1964 on the shore of Elm, and 3 km from the shore of Elm lies Dorn.",
        "",
    ),
    "both days, born elsewhere": (
        "Ada Cole (2 May 1841 – 7 June 1905) was an Ulm-born judge.",
        "Ada Cole (2 May 1841 – 7 June 1905) was an Ulm-born judge.",
        "",
    ),
    "a title for a first name": (
        "Justice Cole was born on 2 May 1841.",
        "Ada Cole (2 May 1841 – 7 June 1905) was a judge.",
        "",
    ),
    "a title of one of two": (
        "Justice Cole was born on 2 May 1841.",
        "Ada Cole (2 May 1841 – 7 June 1905) was a judge, as Otto Cole had been.",
        "name",
    ),
}


@pytest.mark.parametrize(("statement", "text", "fault"), BELONGS.values(), ids=BELONGS.keys())
def test_what_a_number_or_a_day_belongs_to(statement: str, text: str, fault: str) -> None:
    found = judge(statement, text, "What of Ulm, Dorn and Justice Cole?")
    assert found.fault == fault, found
    assert (found.verdict is Verdict.SUPPORTED) is (not fault), found


def test_a_title_that_the_question_puts_in_quotation_marks_is_no_quotation() -> None:
    text = "Live from the Old Mill is a record by the band Ulm. It was made in May."
    said = 'Ulm is the band that plays on "Live at the Old Mill".'
    assert judge(said, text, 'Which band plays on "Live at the Old Mill"?').fault == ""
    assert judge(said, text, "Which band plays on it?").fault == "quotation"


def test_what_was_done_must_be_said_or_be_much_likelier() -> None:
    hit = make_hit("A local group has filed a lawsuit against the mayor over the protests.")
    question = "Who is being sued over the protests?"
    checker = witnessed(Doubting(""), coverage=0.3)
    claim = Claim("A local group is being sued over the protests.", question, (hit,))
    found = checker.checker.judge(claim)
    assert found.verdict is Verdict.SUPPORTED
    assert checker.settle(claim, found, 0.5).verdict is Verdict.PARTLY
    told = replace(claim, text="A local group has filed a lawsuit over the protests.")
    found = checker.checker.judge(told)
    assert checker.settle(told, found, 0.5).verdict is Verdict.SUPPORTED


RANKS = {
    "nowhere": ("Acme went first by ending its sales.", "Acme ended its sales.", 0.5, False),
    "surely": ("Acme went first by ending its sales.", "Acme ended its sales.", 3.0, True),
    "there": (
        "Acme was first to end its sales.",
        "Acme was the earliest to end its sales.",
        0.5,
        True,
    ),
    "no rank": ("At first Acme ended its sales.", "Acme ended its sales.", 0.5, True),
    "most": ("Acme sold cars most widely in Ulm.", "Acme sold cars in Ulm.", 0.5, False),
    "most of": ("Acme sold most of its cars in Ulm.", "Acme sold cars in Ulm.", 0.5, True),
}


@pytest.mark.parametrize(("said", "text", "lean", "shown"), RANKS.values(), ids=RANKS.keys())
def test_a_rank_must_be_given_or_be_much_likelier(
    said: str, text: str, lean: float, shown: bool
) -> None:
    hit = make_hit(text)
    checker = witnessed(Doubting(""), coverage=0.3)
    claim = Claim(said, "Who was first, and most widely known?", (hit,))
    found = replace(checker.checker.judge(claim), verdict=Verdict.SUPPORTED, support=0.9)
    assert (checker.settle(claim, found, lean).verdict is Verdict.SUPPORTED) is shown
