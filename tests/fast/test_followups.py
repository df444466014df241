"""Follow-ups: what stands by itself is left alone, what leans is resolved and guarded."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.config import Settings
from rag.errors import CancelledError, ModelError
from rag.followups import Earlier, Resolved, questioning, resolve, rewriting, suggest
from rag.followups.guarding import faults
from rag.followups.leaning import leans
from rag.followups.words import names_in
from rag.index import build
from rag.llm import Piece
from rag.prompt import Prompt
from rag.testing import FakeEmbedder, FakeLLM, quote_best_sentence

BRIDGE = Earlier(
    "When will the harbour bridge close?",
    ("The harbour bridge will close on 12 March for eleven weeks.",),
)
FIRM = Earlier(
    "What did Coastline announce about diesel ferries in 2019?",
    ("Coastline will sell its 12 diesel ferries, chief executive Ada Quist said.",),
)

ALONE = {
    "plain": "Who is the mayor of Ulm?",
    "genitive": "What did Coastline say about its ferries?",
    "subordinate clause": "When Coastline sold its ferries, what did it buy?",
    "before its noun": "Before he became mayor, what did Tomas Berg do?",
    "second clause": "What is respiration and why is it important?",
    "who and he": "Who founded Coastline and what is he known for?",
    "common noun": "Should patients take their tablets with food?",
    "object of an infinitive": "Which firms buy old ferries to repair them?",
    "clause without a word before it": "How do plants store the sugar they make?",
    "with": "How many men did Amundsen take with him?",
    "it of the weather": "Is it raining in Oslo?",
    "it of the clock": "What time is it in Tokyo?",
    "it before that": "Is it true that the mayor opposed the repairs?",
    "it before to": "How long does it take to cross the bridge?",
    "it and a price": "How much does it cost to take the ferry?",
    "it and a firm": "Who is the head of the IT department?",
    "that as a conjunction": "Did the mayor say that buses will cross the bridge?",
    "that of a relative clause": "Who approves trips that cost more than 1,000 pounds?",
    "that far from its verb": "Which service, that, according to NBC, was shut, had most users?",
    "those who": "What happens to those who lose a card?",
    "there is": "Is there water on the Moon?",
    "how many are there": "How many bridges are there?",
    "this year": "How many readers did the library have this year?",
    "this document": "What is this report about?",
    "the same decision": "Did Amazon and IBM make the same decision?",
    "at the same time": "Did both banks close at the same time?",
    "if then": "If the tenant leaves, who pays the rent then?",
    "idiom": "What about the plan angered the residents?",
    "idiom with an auxiliary": "What about the treaty was new?",
    "opened with and": "And who is the mayor of Ulm?",
    "quoted": "Who wrote the sentence “it was them”?",
    "quoted idiom": "What does the policy say about “what about me?” complaints?",
    "name like a word": "When will Will Young visit the plant?",
    "month like a word": "What may May do in June?",
    "key words": "Coastline employees 2019",
    "one thing": "What is photosynthesis?",
    "short": "Why are leaves green?",
    "which of several": "Which one is older, Rome or Athens?",
    "imperative": "Tell me more about Coastline",
    "comparison": "Is the Kessler Tower taller than the Boar Building?",
    "not English": "Wann wurde die Brücke gebaut?",
}


@pytest.mark.parametrize("question", ALONE.values(), ids=ALONE.keys())
def test_a_question_that_stands_by_itself_comes_back_to_the_letter(question: str) -> None:
    llm = FakeLLM(lambda prompt: "Who is Ada Quist?")
    for typed in (question, f"  {question} "):
        assert resolve(typed, (FIRM, BRIDGE), llm) == Resolved(typed)
    assert not llm.prompts  # the model was not even asked


LEANING = {
    "it": ("Who praised it?", "pronoun"),
    "they": ("Why did they sell the ferries?", "pronoun"),
    "its": ("Who is its chief executive?", "pronoun"),
    "she": ("What reasons did she give?", "pronoun"),
    "do it": ("Which plants do it at night?", "doing"),
    "do that": ("Why did they do that?", "doing"),
    "say so": ("Who said so?", "doing"),
    "the same": ("Did Amazon do the same?", "doing"),
    "only an auxiliary": ("Did Brazil?", "doing"),
    "that": ("How much will that cost?", "demonstrative"),
    "that at the end": ("Is breakfast included in that?", "demonstrative"),
    "this and a noun": ("Who owns this tower?", "demonstrative"),
    "which of them": ("Which of them is older?", "demonstrative"),
    "there": ("How long did the crew stay there?", "place"),
    "then": ("How many people worked at Coastline then?", "place"),
    "bare": ("When?", "bare"),
    "bare with and": ("And why not?", "bare"),
    "bare with a preposition": ("At what temperature?", "bare"),
    "no thing at all": ("Who came second?", "bare"),
    "compared": ("Which is older?", "bare"),
    "what about": ("What about IBM?", "about"),
    "what about a relative clause": ("What about employees who work remotely?", "about"),
    "and a year": ("And in 2019?", "about"),
    "a name alone": ("IBM?", "about"),
    "a place alone": ("In Spain?", "about"),
    "more": ("Tell me more", "more"),
}


@pytest.mark.parametrize(("question", "kind"), LEANING.values(), ids=LEANING.keys())
def test_a_question_that_leans_is_told(question: str, kind: str) -> None:
    assert kind in {lean.kind for lean in leans(question)}


def test_the_first_question_of_a_conversation_is_left_alone() -> None:
    assert resolve("What about IBM?", ()) == Resolved("What about IBM?")


def _turn(question: str, *statements: str) -> Earlier:
    return Earlier(question, statements)


BY_RULES = {
    "another name": (
        _turn("What did Coastline announce about ferries?"),
        "What about IBM?",
        "What did IBM announce about ferries?",
    ),
    "another name, of two": (
        _turn("When did Apollo 11 land on the Moon?"),
        "And Apollo 12?",
        "When did Apollo 12 land on the Moon?",
    ),
    "another owner": (
        _turn("What was Coastline’s loss?"),
        "And IBM?",
        "What was IBM's loss?",
    ),
    "another owner, as one": (
        _turn("How long will Coastline’s ban last?"),
        "And Microsoft’s?",
        "How long will Microsoft's ban last?",
    ),
    "another year": (
        _turn("What was the revenue of Coastline in 2018?"),
        "And in 2019?",
        "What was the revenue of Coastline in 2019?",
    ),
    "a year where none was": (
        _turn("What was the revenue of Coastline?"),
        "and 2019?",
        "What was the revenue of Coastline in 2019?",
    ),
    "another place": (
        _turn("How many people does Coastline employ in Spain?"),
        "And in Portugal?",
        "How many people does Coastline employ in Portugal?",
    ),
    "another thing of the same noun": (
        _turn("When will the harbour bridge close?"),
        "What about the railway bridge?",
        "When will the railway bridge close?",
    ),
    "another party": (
        _turn("How long does the tenant have to give notice?"),
        "And the landlord?",
        "How long does the landlord have to give notice?",
    ),
    "why": (BRIDGE, "And why?", "Why will the harbour bridge close?"),
    "why not": (
        _turn("Are pupils allowed to use phones?"),
        "Why not?",
        "Why aren't pupils allowed to use phones?",
    ),
    "when it was done": (
        _turn("Who wrote Moby-Dick?"),
        "When?",
        "When was Moby-Dick written?",
    ),
    "why they did that": (
        _turn("Did Coastline sell its ferries?"),
        "Why did they do that?",
        "Why did Coastline sell its ferries?",
    ),
    "the only person": (FIRM, "Where was she born?", "Where was Ada Quist born?"),
    "the only person's": (FIRM, "What is her job?", "What is Ada Quist's job?"),
}


@pytest.mark.parametrize(("turn", "question", "wanted"), BY_RULES.values(), ids=BY_RULES.keys())
def test_the_commonest_forms_are_resolved_without_the_model(
    turn: Earlier, question: str, wanted: str
) -> None:
    llm = FakeLLM(lambda prompt: "nothing")
    found = resolve(question, (turn,), llm)
    assert (found.question, found.changed, found.by) == (wanted, True, "rules")
    assert found.leans
    assert found.why
    assert not llm.prompts


class OneKind(FakeEmbedder):
    """Children are near adults, and everything else is as far as its words."""

    def embed(self, texts: Sequence[str], **kind: object):  # type: ignore[no-untyped-def]
        alike = [re.sub(r"\b(?:children|adults)\b", "people", text) for text in texts]
        return super().embed(alike, kind="document")


def test_the_embedder_tells_what_another_thing_takes_the_place_of() -> None:
    turn = _turn("What is the usual dose of ibuprofen for adults?")
    found = resolve("What about children?", (turn,), embedder=OneKind())
    assert found.question == "What is the usual dose of ibuprofen for children?"
    assert resolve("What about zebras?", (turn,), embedder=OneKind()).question != found.question


def test_a_chain_of_follow_ups_is_resolved_from_its_beginning() -> None:
    turns = (
        _turn("What did Coastline announce?"),
        _turn("What about IBM?"),
        _turn("And Amazon?"),
    )
    assert resolve("And Baltic Trawl?", turns).question == "What did Baltic Trawl announce?"


def test_what_a_turn_was_read_as_comes_before_what_was_typed() -> None:
    turn = Earlier("And IBM?", (), resolved="What did IBM sell?")
    assert resolve("And Amazon?", (turn,)).question == "What did Amazon sell?"


# -- the model -----------------------------------------------------------------------------


def test_the_rest_is_written_by_the_model_from_the_last_turns() -> None:
    llm = FakeLLM(lambda prompt: "Why did Coastline sell its diesel ferries?\n\nLast question:")
    found = resolve("Why did they sell them?", (BRIDGE, FIRM), llm)
    assert found.question == "Why did Coastline sell its diesel ferries?"
    assert (found.changed, found.by, found.leans) == (True, "model", True)
    (prompt,) = llm.prompts
    assert prompt.system == rewriting.SYSTEM
    assert not prompt.reading
    assert FIRM.question in prompt.wanted
    assert "Why did they sell them?" in prompt.wanted


REFUSED = {
    "a name nobody said": "Why did Baltic Trawl sell its diesel ferries?",
    "a number nobody said": "Why did Coastline sell 14 diesel ferries?",
    "a date nobody said": "Why did Coastline sell its diesel ferries in 2021?",
    "a word nobody said": "Why did Coastline scrap and sell its diesel ferries?",
    "a denial": "Why did Coastline not sell its diesel ferries?",
    "another question word": "When did Coastline sell its diesel ferries?",
    "still leaning": "Why did Coastline sell it?",
    "asked before": "What did Coastline announce about diesel ferries in 2019?",
    "no question": "Coastline sold its diesel ferries.",
    "nothing": "",
}


@pytest.mark.parametrize("written", REFUSED.values(), ids=REFUSED.keys())
def test_what_the_model_invents_is_not_asked(written: str) -> None:
    question = "Why did they sell them?"
    assert faults(question, leans(question), written, (FIRM,))
    found = resolve(question, (FIRM,), FakeLLM(lambda prompt: written))
    assert found.by != "model"
    assert found.question != written
    if not found.changed:
        assert found.question == question
        assert found.why
        assert found.leans


KEPT = {
    "a name": ("What did Ada Quist say about it?", "What did Coastline say about ferries?"),
    "a number": ("Why did it sell 12 of them?", "Why did Coastline sell its ferries?"),
    "a year": ("Why did it sell them in 2019?", "Why did Coastline sell its ferries?"),
    "not": ("Why did it not sell them?", "Why did Coastline sell its ferries?"),
    "a person": ("What did she sell?", "What did Coastline sell?"),
}


@pytest.mark.parametrize(("question", "written"), KEPT.values(), ids=KEPT.keys())
def test_nothing_that_was_asked_is_lost(question: str, written: str) -> None:
    assert faults(question, leans(question), written, (FIRM,))


def test_what_cannot_be_resolved_comes_back_with_a_note() -> None:
    found = resolve("Who paid for that one?", (_turn("Hello?"),), FakeLLM(lambda prompt: "?"))
    assert (found.question, found.changed) == ("Who paid for that one?", False)
    assert found.leans
    assert found.why


def test_the_model_is_stopped_at_once() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        resolve("Why did they sell them?", (FIRM,), FakeLLM(lambda prompt: "Why?"), cancel)


def test_a_conversation_too_long_for_the_model_is_left_to_the_rules() -> None:
    class Full(FakeLLM):
        def generate(self, *prompts: Prompt, **options: object):  # type: ignore[no-untyped-def]
            raise ModelError("the prompt has 9,000 tokens; shorten it.")

    found = resolve("Why did they sell the ferries?", (FIRM,), Full())
    assert found.question == "Why did Coastline sell the ferries?"
    assert found.by == "rules"


def test_the_model_writes_one_question_and_no_more() -> None:
    written = list[str]()
    llm = FakeLLM(lambda prompt: "Why was it sold? It was old. " * 9, on_piece=written.append)
    assert rewriting.rewrite("Why?", (FIRM,), llm) == "Why was it sold?"
    assert len(written) < 6


def test_a_name_of_one_word_is_a_person_only_if_the_model_says_so() -> None:
    turn = _turn("Who praised Coastline?", "Critics praised Coastline.")
    assert not resolve("What did he say?", (turn,)).changed
    turn = _turn("What did Lena write?", "Lena wrote that the pumps were broken.")
    assert not resolve("Where was she born?", (turn,)).changed
    llm = FakeLLM(lambda prompt: "Where was Lena born?")
    assert resolve("Where was she born?", (turn,), llm).question == "Where was Lena born?"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("When did Apollo 11 land on the Moon?", ["Apollo 11", "Moon"]),
        ("What did the court rule in Harlow v. Dean?", ["Harlow v. Dean"]),
        ("What was Coastline’s loss in May 2020?", ["Coastline"]),
        ("Pupils may not use phones.", []),
        ("Which Python versions does Quill 4.2 support?", ["Python", "Quill 4.2"]),
    ],
    ids=["numbered", "case", "genitive and month", "first word", "version"],
)
def test_names(text: str, names: list[str]) -> None:
    assert names_in(text) == names


# -- suggested questions -------------------------------------------------------------------

_REPORT = """Ferry report

The ferry Alma crosses the harbour every twenty minutes. Captain Ada Quist steers the ferry Alma
with a crew of nine people. The ferry Alma was built in Gdansk in 1998 for 12 million euros.

The ferry Alma burns 400 litres of diesel a day. The ferry Alma will be sold to Denmark in 2031.
"""
_WRITTEN = {
    "crew": "Who steers the ferry Alma with a crew?",
    "Gdansk": "Where was the ferry Alma built for 12 million euros?",
    "litres": "How many litres of diesel does the ferry Alma burn a day?",
    "Denmark": "Where will the ferry Alma be sold?",
    "twenty": "How often does the ferry Alma cross the harbour every twenty minutes?",
}


def _writes(prompt: Prompt) -> str:
    if prompt.system != questioning.SYSTEM:
        return quote_best_sentence(prompt)
    sentence = re.findall(r"Sentence: (.*)\nQuestion:$", prompt.wanted)[-1]
    return next((asked for word, asked in _WRITTEN.items() if word in sentence), "What is it?")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "ferry.txt").write_text(_REPORT, encoding="utf-8")
    build([tmp_path / "texts"], tmp_path / "index", FakeEmbedder())
    return tmp_path / "index"


def _opened(index: Path, llm: FakeLLM) -> Assistant:
    without = Settings(without=("witness", "relevance", "answers", "repair"))
    return Assistant.open(index, settings=without, embedder=FakeEmbedder(), llm=llm)


def test_suggestions_are_answered_by_what_was_not_said(index: Path) -> None:
    assistant = _opened(index, FakeLLM(_writes))
    answer = assistant.ask("How often does the ferry Alma cross the harbour?")
    assert not answer.abstained
    found = list(suggest(assistant, answer))
    assert 0 < len(found) <= 3
    assert set(found) <= set(_WRITTEN.values())
    assert _WRITTEN["twenty"] not in found  # that was asked, and was said
    for question in found:
        assert not leans(question)
        reply = assistant.ask(question)
        assert not reply.abstained
        said = {citation.quote for citation in answer.citations}
        assert {citation.quote for citation in reply.citations} - said


def test_what_the_documents_do_not_answer_is_not_suggested(index: Path) -> None:
    assistant = _opened(index, FakeLLM(_writes))
    answer = assistant.ask("How often does the ferry Alma cross the harbour?")
    refusing = _opened(index, FakeLLM(_refuses))
    assert list(suggest(refusing, answer)) == []


def _refuses(prompt: Prompt) -> str:
    return _writes(prompt) if prompt.system == questioning.SYSTEM else "NOT STATED"


def test_what_the_model_finds_beside_the_point_is_not_even_asked(index: Path) -> None:
    assistant = _opened(index, FakeLLM(_writes))
    answer = assistant.ask("How often does the ferry Alma cross the harbour?")
    llm = FakeLLM(_writes, lean=-1.0)
    assert list(suggest(_opened(index, llm), answer)) == []
    assert {prompt.system for prompt in llm.prompts if not prompt.judges} == {questioning.SYSTEM}


def test_suggestions_end_when_somebody_asks(index: Path) -> None:
    cancel = threading.Event()

    class Asked(FakeLLM):
        def generate(self, *prompts: Prompt, **options: object):  # type: ignore[no-untyped-def]
            cancel.set()
            yield from super().generate(*prompts, **options)  # type: ignore[arg-type]

    answer = _opened(index, FakeLLM(_writes)).ask("How often does the ferry Alma cross?")
    llm = Asked(_writes)
    assert list(suggest(_opened(index, llm), answer, cancel)) == []
    assert len(llm.prompts) == 1


def test_a_question_beside_another_is_stopped_by_its_own_event_alone(index: Path) -> None:
    assistant = _opened(index, FakeLLM(_writes))
    beside = assistant.apart()
    assert beside.drafter.checker is not assistant.drafter.checker
    cancel = threading.Event()
    events = assistant.stream("How often does the ferry Alma cross the harbour?", cancel=cancel)
    next(events)
    beside.ask("Who steers the ferry Alma with a crew?")
    cancel.set()
    with pytest.raises(CancelledError):
        list(events)


SENSIBLE = {
    "good": ("How many people steer the ferry Alma?", True),
    "leans": ("How many people steer it?", False),
    "of which": ("What did the company announce?", False),
    "of when": ("Who steers the ferry Alma today?", False),
    "invented": ("Who steers the ferry Berta?", False),
    "of the text": ("What does the ferry Alma do according to the text?", False),
    "nothing left": (
        "Does captain Ada Quist steer the ferry Alma with a crew of nine people?",
        False,
    ),
    "no question": ("The crew of the ferry Alma", False),
}


@pytest.mark.parametrize(("question", "sensible"), SENSIBLE.values(), ids=SENSIBLE.keys())
def test_questions_that_a_reader_might_ask(question: str, sensible: bool) -> None:
    sentence = "Captain Ada Quist steers the ferry Alma with a crew of nine people."
    assert questioning.is_sensible(question, "Ferry report", sentence) is sensible


def test_a_piece_is_a_word() -> None:
    pieces = iter([Piece("Who ", 0.0, 1), Piece("came? Me.", 0.0, 1)])
    assert rewriting.first_question(piece for piece in pieces) == "Who came?"
