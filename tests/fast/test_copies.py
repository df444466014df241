"""Copies: what is one text printed again, what only looks like it, and that it counts once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.documents import FILE_NAME
from rag.index import Index, build
from rag.prove import CoverageChecker, Judgement, Numbering, Proof, Prover, Rarity, merge
from rag.prove.conflicts import find_conflicts
from rag.prove.copies import Kept, holds, one_voice, overlap, told_once, with_copies
from rag.render import to_html, to_markdown, to_text
from rag.retrieve import retrieve
from rag.stated import stated
from rag.testing import FakeEmbedder, FakeLLM, make_hit, passages_of
from rag.types import Hit, Verdict
from rag.within import Within

STORY = (
    "The council of Norrvik approved the plan for a tidal power station on Tuesday. "
    "The station will cost 48 million euros, said Ada Holm, who leads the council. "
    "It is expected to open in May 2027 and to supply 9,000 homes with electricity. "
    "Fishermen, who have opposed it since 2019, said they would not go to court."
)


def is_copy(one: str, other: str, question: str = "", **titles: str) -> bool:
    kept = Kept(question)
    kept.add(make_hit(one, source="one.txt", title=titles.get("first", "Tidal station")))
    return kept.attach(make_hit(other, source="two.txt", title=titles.get("second", "Power")))


COPIES = {
    "word for word": STORY,
    "byline": f"By Lea Brandt and Amir Sayed, Daily Courier\n\n{STORY}",
    "dateline": f"NORRVIK, May 3 (Reuters) - {STORY}",
    "agency in brackets": f"Norrvik (AP) — {STORY}",
    "reporting by": f"{STORY}\n\n(Reporting by Lea Brandt; Editing by Amir Sayed)",
    "updated": f"Updated: 3 May 2024, 10:15 GMT\n\n{STORY}",
    "first sentence cut": STORY.split(". ", 1)[1],
    "last sentence cut": STORY.rsplit(". ", 1)[0] + ".",
    "an aside cut": STORY.replace(", who leads the council", ""),
    "a day cut": STORY.replace(" on Tuesday", ""),
    "a name in full cut": STORY.replace("Ada Holm", "Holm"),
    "other quotes and dashes": STORY.replace("9,000 homes", "9,000\u00a0homes"),
    "said it otherwise": STORY.replace("euros, said Ada Holm", "euros, Ada Holm said"),
    "a number in words": STORY.replace("9,000 homes", "9000 homes"),
}


@pytest.mark.parametrize("other", COPIES.values(), ids=COPIES.keys())
def test_a_text_printed_again(other: str) -> None:
    assert is_copy(STORY, other)
    assert one_voice(make_hit(STORY), make_hit(other, source="two.txt"))


NO_COPIES = {
    "a number": STORY.replace("48 million", "49 million"),
    "a magnitude": STORY.replace("48 million euros", "48 euros"),
    "a currency": STORY.replace("48 million euros", "48 million dollars"),
    "a sign of currency": STORY.replace("48 million euros", "€48 million"),
    "leads or led": STORY.replace("who leads", "who led"),
    "is or was": STORY.replace("It is expected", "It was expected"),
    "a decimal": STORY.replace("9,000", "9,000.5"),
    "a month": STORY.replace("May 2027", "June 2027"),
    "a year": STORY.replace("2019", "2018"),
    "a weekday": STORY.replace("Tuesday", "Friday"),
    "a name": STORY.replace("Ada Holm", "Ada Lund"),
    "another place": STORY.replace("Norrvik", "Sundvik"),
    "a verb": STORY.replace("approved", "rejected"),
    "denied": STORY.replace("will cost", "will not cost"),
    "no longer denied": STORY.replace("would not go", "would go"),
    "contracted": STORY.replace("would not go", "wouldn't go").replace(
        "is expected", "isn't expected"
    ),
    "failed to": STORY.replace("Norrvik approved", "Norrvik failed to approve"),
    "a limit": STORY.replace("will cost 48", "will cost over 48"),
    "a modal": STORY.replace("The station will cost", "The station may cost"),
    "since or until": STORY.replace("since 2019", "until 2019"),
    "he or she": f"{STORY} He spoke of a new age for the coast and its people.".replace(
        "He spoke", "She spoke"
    ),
    "moved": STORY.replace(
        "Fishermen, who have opposed it since 2019, said they",
        "They, who have opposed it since 2019, said fishermen",
    ),
    "a number left out": STORY.replace("48 million euros", "euros"),
}


@pytest.mark.parametrize("other", NO_COPIES.values(), ids=NO_COPIES.keys())
def test_a_text_that_differs_in_what_matters(other: str) -> None:
    story = STORY
    if "She spoke" in other:
        story = other.replace("She spoke", "He spoke")
    for one, two in ((story, other), (other, story)):
        assert not is_copy(one, two)
        assert not one_voice(make_hit(one), make_hit(two, source="two.txt"))


ADDS = {
    "a sentence": f"{STORY} The power is to be sold to Finland.",
    "words": STORY.replace("the plan", "the much criticised plan"),
    "a name": STORY.replace("Ada Holm", "Ada Maria Holm"),
}


@pytest.mark.parametrize("more", ADDS.values(), ids=ADDS.keys())
def test_what_adds_something_takes_its_own_place_and_is_no_further_voice(more: str) -> None:
    assert not is_copy(STORY, more)
    assert is_copy(more, STORY)
    assert one_voice(make_hit(STORY), make_hit(more, source="two.txt"))


SIGNS = {
    "minus": ("-5", "5"),
    "dollars": ("$5", "€5"),
    "less": (">5", "<5"),
    "a comma": ("2,5", "5,2"),
    "a version": ("1.2.3", "1.3.2"),
    "degrees": ("5°", "5%"),
    "a code": ("B12", "B21"),
}


@pytest.mark.parametrize(("one", "other"), SIGNS.values(), ids=SIGNS.keys())
def test_figures_are_compared_as_they_stand(one: str, other: str) -> None:
    line = f"{STORY} The change against the year before was {{}} on the scale of the port."
    texts = line.format(one), line.format(other)
    assert not is_copy(*texts)
    assert not one_voice(make_hit(texts[0]), make_hit(texts[1], source="two.txt"))
    assert is_copy(texts[0], texts[0])


def test_what_was_cut_out_of_a_long_sentence_is_looked_at() -> None:
    rest = STORY.split(". ", 1)[1]
    denied = (
        "It is not true, the press office of the county told several papers late in the evening, "
        "that the council approved the plan."
    )
    assert not is_copy(f"{rest} {denied}", f"{rest} The council approved the plan.")
    assert is_copy(f"{rest} {denied}", f"{rest} {denied}")


def test_a_line_headed_by_a_firm_has_no_dateline() -> None:
    line = "{} - The board proposed a dividend to the owners and will meet again in the spring."
    assert not is_copy(line.format("HOLM"), line.format("BRANDT"))
    assert is_copy(line.format("OSLO (AP)"), line.format("BERGEN (Reuters)"))


def test_outside_english_every_difference_counts() -> None:
    german = (
        "Das Kraftwerk in Norrvik wird nicht gebaut, teilte die Gemeinde gestern mit. Die Fischer "
        "hatten seit Jahren dagegen geklagt und zeigten sich nun sehr erleichtert."
    )
    assert is_copy(german, f"By Lea Brandt\n\n{german}")
    assert not is_copy(german, german.replace(" nicht", ""))
    assert not is_copy(german, german.replace(" gestern", ""))


REPORT = (
    "Revenue of the group {moved} by {share} % in the {which} quarter of {year}, driven by demand "
    "in Europe. The board {did} a dividend of {paid} euros a share."
)


@pytest.mark.parametrize(
    "change",
    [
        {"moved": "fell", "share": "6"},
        {"share": "6"},
        {"which": "third"},
        {"year": "2021"},
        {"did": "rejected"},
        {"paid": "2.5"},
    ],
    ids=["fell 6 for rose 5", "share", "quarter", "year", "rejected", "dividend"],
)
def test_reports_of_one_form_are_no_copies(change: dict[str, str]) -> None:
    first = {"moved": "rose", "share": "5", "which": "second", "year": "2020"}
    first |= {"did": "approved", "paid": "2"}
    assert not is_copy(REPORT.format(**first), REPORT.format(**(first | change)))
    assert is_copy(REPORT.format(**first), REPORT.format(**first))


CLAUSE = (
    "The tenant shall pay the rent within fourteen days after the invoice was received and shall "
    "keep the rooms in good order during the whole term of the agreement."
)


@pytest.mark.parametrize(
    ("first", "second", "copied"),
    [
        pytest.param("Lease with Holm Ltd", "Lease with Brandt Ltd", False, id="another firm"),
        pytest.param("Report for Q1 2020", "Report for Q2 2020", False, id="another quarter"),
        pytest.param("The Rent", "Of the Courier", True, id="small words"),
        pytest.param("Lease with Holm Ltd", "Lease with Holm Ltd (2)", True, id="saved twice"),
        pytest.param("Minutes of 3 May 2020", "Minutes of 4 May 2020", False, id="another day"),
        pytest.param("Lease with Holm", "What tenants owe", True, id="its own headline"),
        pytest.param("Rent is due | Courier", "Rent is due | The Mail", True, id="its own site"),
    ],
)
def test_titles_of_one_form_tell_texts_apart(first: str, second: str, copied: bool) -> None:
    assert is_copy(CLAUSE, CLAUSE, first=first, second=second) is copied


@pytest.mark.parametrize(
    ("first", "second", "copied"),
    [
        ("notes.txt", "notes (2).txt", True),
        ("notes-v1.txt", "notes-v2.txt", True),
        ("msg-0017.txt", "msg-0018.txt", True),
        ("minutes-2020-05-03.txt", "minutes-2020-05-04.txt", False),
        ("report_2020.txt", "report_2021.txt", False),
        ("lease_holm.txt", "lease_brandt.txt", False),
    ],
)
def test_names_of_files_that_have_no_title(first: str, second: str, copied: bool) -> None:
    hits = [make_hit(CLAUSE, source=name, title=name) for name in (first, second)]
    one, other = (
        replace(hit, document=replace(hit.document, origins={"title": FILE_NAME})) for hit in hits
    )
    kept = Kept()
    kept.add(one)
    assert kept.attach(other) is copied


def test_a_document_that_the_question_names_is_kept_apart() -> None:
    named = "What does the Courier say of the tidal station?"
    titles = {"first": "Holm on tides", "second": "Courier: power from the sea"}
    assert not is_copy(STORY, STORY, named, **titles)
    assert is_copy(STORY, STORY, "What will the tidal station cost?", **titles)


def test_few_words_may_be_alike_by_chance() -> None:
    short = "The town hall is closed on Sundays."
    assert not is_copy(short, short)
    assert not one_voice(make_hit(short), make_hit(short, source="two.txt"))


def test_passages_of_one_document_are_no_copies_but_one_voice() -> None:
    kept = Kept()
    kept.add(make_hit(STORY))
    assert not kept.attach(make_hit(STORY))
    assert one_voice(make_hit(STORY), make_hit("Something else altogether."))


def test_a_copy_cut_into_passages_at_another_place() -> None:
    first, second, third, fourth = (s.text for s in make_hit(STORY).passage.sentences)
    kept = Kept()
    for part in (f"{first} {second}", f"{third} {fourth}"):
        kept.add(make_hit(part, source="one.txt"))
    assert kept.attach(make_hit(f"{second} {third}", source="two.txt"))
    assert [hit.document.source for hit in with_copies(kept.hits)].count("two.txt") == 1


def test_what_goes_on_where_the_other_stops_is_one_voice() -> None:
    first, second, third, fourth = (s.text for s in make_hit(STORY).passage.sentences)
    one = make_hit(f"{first} {second} {third}")
    other = make_hit(f"{second} {third} {fourth}", source="two.txt")
    assert one_voice(one, other)
    changed = make_hit(f"{second} {third} {fourth}".replace("48", "49"), source="two.txt")
    assert not one_voice(one, changed)


def test_overlap_counts_the_words_in_common() -> None:
    assert overlap([STORY], ["Nothing of it stands in this one."]).shared == 0
    told = "Thirty apples lie in a basket by the door"
    found = overlap([f"{told}."], ["By Ada Holm", f"{told}!"])
    assert (found.shared, found.differs, found.adds) == (9, False, False)


def test_a_quote_is_held_word_for_word_or_not_at_all() -> None:
    quote = "The station will cost 48 million euros, said Ada Holm"
    assert holds(quote, make_hit(STORY.replace(", said", " , said")))
    assert not holds(quote, make_hit(COPIES["said it otherwise"]))
    assert not holds("?", make_hit(STORY))


# --- retrieval --------------------------------------------------------------------------------

PAPERS = ("Courier", "Gazette", "Herald", "Mail", "Times")
SECOND = (
    "The tidal power station will cost the people of Norrvik far more than the council says, an "
    "engineer of the port reckons: 70 million euros, since the sea bed is soft."
)


def write(folder: Path, copies: int = 5, *, second: bool = True) -> Path:
    """Write an agency's story as papers print it, and a second voice on the same."""
    folder.mkdir(parents=True)
    for number, paper in enumerate(PAPERS[:copies]):
        printed = f"NORRVIK (Reuters) - {STORY}" if number % 2 else STORY
        head = f"---\ntitle: {paper} on tidal power\npublisher: {paper}\n---\n\n"
        (folder / f"{paper.lower()}.md").write_text(f"{head}{printed}\n", "utf-8")
    if second:
        head = "---\ntitle: Soft ground\npublisher: Port Review\n---\n\n"
        (folder / "second.md").write_text(f"{head}{SECOND}\n", "utf-8")
    return folder


def index_of(folder: Path) -> Path:
    build([folder], folder.parent / "index", FakeEmbedder())
    return folder.parent / "index"


QUESTION = "How many million euros will the tidal power station cost?"


def find(folder: Path, passages: int) -> list[Hit]:
    index = Index.open(folder)
    hits = retrieve(QUESTION, index, FakeEmbedder(), passages=passages, budget_tokens=2000)
    return [hit for hit in hits if hit.passage.kind == "body"]


def test_five_copies_do_not_crowd_out_a_second_voice(tmp_path: Path) -> None:
    hits = find(index_of(write(tmp_path / "documents")), passages=2)
    assert len(hits) == 2
    copied, second = sorted(hits, key=lambda hit: -len(hit.copies))
    assert second.document.source == "second.md"
    assert second.copies == ()
    papers = {hit.document.metadata["publisher"] for hit in with_copies([copied])}
    assert papers == set(PAPERS)


def test_the_best_of_the_copies_stays(tmp_path: Path) -> None:
    (hit,) = find(index_of(write(tmp_path / "documents", second=False)), passages=1)
    assert len(hit.copies) == len(PAPERS) - 1
    assert all(copy.score <= hit.score for copy in hit.copies)


def test_a_version_with_another_number_is_read_too(tmp_path: Path) -> None:
    folder = write(tmp_path / "documents", 1, second=False)
    text = (folder / "courier.md").read_text("utf-8").replace("48 million", "55 million")
    (folder / "newer.md").write_text(text, "utf-8")
    hits = find(index_of(folder), passages=4)
    assert {hit.document.source for hit in hits} == {"courier.md", "newer.md"}
    assert all(hit.copies == () for hit in hits)


# --- one voice in proofs ----------------------------------------------------------------------

COST = "The station will cost 48 million euros, said Ada Holm, who leads the council."
TOLD = "The station will cost 48 million euros."


def proof(text: str, *hits: Hit, sentence: int = 0) -> Proof:
    groups = tuple(((hit, hit.passage.sentences[sentence]),) for hit in hits)
    return Proof(text, Judgement(Verdict.SUPPORTED, 1.0, groups[0]), groups)


def test_what_copies_carry_is_cited_once_and_told_to_stand_there_too() -> None:
    texts = (STORY, COPIES["dateline"], COPIES["byline"])
    hits = [make_hit(text, source=f"{n}.txt") for n, text in enumerate(texts)]
    hits.append(make_hit(f"The engineers say so too. {TOLD}", source="own.txt"))
    checker = CoverageChecker(Rarity([hit.passage.text for hit in hits]), threshold=0.8)
    found = Prover(checker).prove(TOLD, QUESTION, hits[:1], hits)
    assert [group[0][0].document.source for group in found.groups] == ["0.txt", "own.txt"]
    first, second = Numbering().statement(found).citations
    assert first.also == ("1.txt", "2.txt")
    assert second.also == ()


def test_a_sentence_of_an_agency_in_a_story_of_its_own() -> None:
    own = make_hit(
        f"Much has been said of the sea around here of late, and little of it is known. {COST} "
        "Nobody asked the gulls, who were there before any of us and will be there after.",
        source="own.txt",
    )
    agency = make_hit(STORY)
    assert not one_voice(agency, own)
    pairs = (agency, agency.passage.sentences[1]), (own, own.passage.sentences[1])
    assert told_once(*pairs)
    assert not told_once(pairs[0], (own, own.passage.sentences[0]))


def test_statements_from_copies_are_merged_with_one_citation() -> None:
    one, copy = make_hit(STORY), make_hit(COPIES["dateline"], source="two.txt")
    other = make_hit(f"The engineers say so too. {TOLD}", source="own.txt")
    proofs = [proof(TOLD, hit, sentence=1) for hit in (one, copy, other)]
    (merged,) = merge(proofs, lambda a, b: True, lambda a, b: b.groups, most=5)
    assert [group[0][0].document.source for group in merged.groups] == ["one.txt", "own.txt"]
    assert [hit.document.source for hit in merged.groups[0][0][0].copies] == ["two.txt"]


def test_copies_do_not_contradict_each_other() -> None:
    rarity = Rarity([STORY, SECOND])
    one, copy = make_hit(STORY), make_hit(COPIES["byline"], source="two.txt")
    newer = make_hit(STORY.replace("48 million", "55 million"), source="newer.txt")
    low, high = TOLD, TOLD.replace("48", "55")
    said = [proof(low, one, sentence=1), proof(high, copy, sentence=2)]
    assert find_conflicts(QUESTION, said, rarity) == ()
    found = find_conflicts(
        QUESTION, [proof(low, one, sentence=1), proof(high, newer, sentence=1)], rarity
    )
    assert [conflict.kind for conflict in found] == ["number"]


def test_what_one_paper_adds_is_its_own_voice() -> None:
    rarity = Rarity([STORY, SECOND])
    added = "The engineers of the port say that the station will cost 70 million euros."
    one, longer = make_hit(STORY), make_hit(f"{STORY} {added}", source="two.txt")
    assert one_voice(one, longer)
    question = "What is the cost of the station?"
    said = proof(TOLD, one, sentence=1)
    other = proof("The station will cost 70 million euros.", longer, sentence=-1)
    assert not said.shares_voice(other)
    assert [c.kind for c in find_conflicts(question, [said, other], rarity)] == ["number"]
    assert not said.hears(longer)
    assert proof(TOLD, longer, sentence=1).hears(one)
    assert said.shares_voice(proof(TOLD, longer, sentence=1))


def test_a_document_that_holds_a_copy_is_no_further_voice_with_another_passage() -> None:
    one = make_hit(STORY)
    copy = make_hit(COPIES["dateline"], source="two.txt")
    elsewhere = make_hit(f"Much was said. {TOLD}", source="two.txt")
    known = proof(TOLD, replace(one, copies=(copy,)), sentence=1)
    group = ((elsewhere, elsewhere.passage.sentences[1]),)
    assert len(known.citing(group).groups) == 1
    assert len(proof(TOLD, one, sentence=1).citing(group).groups) == 2


def test_an_answer_counts_copies_once_and_tells_where_they_stand(tmp_path: Path) -> None:
    folder = index_of(write(tmp_path / "documents"))
    assistant = Assistant.open(folder, embedder=FakeEmbedder(), llm=FakeLLM())
    answer = assistant.ask(QUESTION)
    cited = [c for c in answer.citations if "48 million" in c.quote]
    assert len(cited) == 1
    others = {f"{paper.lower()}.md" for paper in PAPERS} - {cited[0].source}
    assert set(cited[0].also) == others
    line = "also, word for word, in"
    assert line in " ".join(to_text(answer).split())
    assert line in to_markdown(answer)
    assert line in to_html(answer, assistant.index.documents, 1)
    told = [c for s in answer.to_json()["statements"] for c in s["citations"] if c["also"]]
    assert set(told[0]["also"]) == others


def test_the_same_file_under_another_name_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "documents", 1, second=False)
    (folder / "saved again.md").write_bytes((folder / "courier.md").read_bytes())
    answer = Assistant.open(index_of(folder), embedder=FakeEmbedder(), llm=FakeLLM()).ask(QUESTION)
    citation = answer.citations[0]
    assert {citation.source, *citation.also} == {"courier.md", "saved again.md"}


def test_the_latest_document_may_be_a_copy(tmp_path: Path) -> None:
    folder = write(tmp_path / "documents")
    for day, paper in enumerate(PAPERS, 1):
        file = folder / f"{paper.lower()}.md"
        dated = file.read_text("utf-8").replace("publisher:", f"date: 2024-05-0{day}\npublisher:")
        file.write_text(dated, "utf-8")
    assistant = Assistant.open(index_of(folder), embedder=FakeEmbedder(), llm=FakeLLM())
    answer = assistant.ask(QUESTION, within=Within(latest=True))
    assert {c.source for c in answer.citations} == {f"{PAPERS[-1].lower()}.md"}


def test_copies_published_by_several_have_no_one_publisher() -> None:
    hits = [make_hit(STORY, source=f"{p}.txt", title="Tides", publisher=p) for p in PAPERS[:2]]
    question = "Who published the article “Tides”?"
    header = make_hit(f"Publisher: {PAPERS[0]}", source=f"{PAPERS[0]}.txt").passage
    rarity = Rarity([STORY])
    alone = stated(question, hits[:1], passages_of([header]), rarity)
    assert alone is not None
    assert PAPERS[0] in alone.text
    assert (
        stated(question, [replace(hits[0], copies=(hits[1],))], passages_of([header]), rarity)
        is None
    )


def test_a_publisher_whose_copy_was_attached_is_still_heard(tmp_path: Path) -> None:
    folder = index_of(write(tmp_path / "documents"))
    assistant = Assistant.open(folder, embedder=FakeEmbedder(), llm=FakeLLM())
    for paper in PAPERS:
        question = f"What will the tidal power station cost, according to the {paper}?"
        answer = assistant.ask(question)
        named = {c.metadata["publisher"] for c in answer.citations}
        assert paper in named, question
