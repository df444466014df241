"""Short, normal and thorough answers: what is read and shown, never how it is proven."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag.assistant import Assistant
from rag.cli import main
from rag.config import Length, Settings
from rag.errors import ConfigError
from rag.index import build
from rag.prove import Rarity
from rag.prove.brief import briefest
from rag.prove.claims import Judgement
from rag.prove.prover import Proof
from rag.testing import FakeEmbedder, FakeLLM, make_hit
from rag.types import Answer, Verdict

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
GOODS = ("copper", "timber", "coffee", "marble", "cotton", "paper", "barley", "tin", "wool", "oil")
QUESTION = "What did the harbour board of Mistral ship?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of documents each of which tells another thing about one subject."""
    base = tmp_path_factory.mktemp("goods")
    for number, good in enumerate(GOODS):
        (base / f"{good}.txt").write_text(
            f"Report {number} of the board\n\n"
            f"The harbour board of Mistral did ship {good} to Port {good.title()}. "
            f"Nobody counted the {good} crates.\n",
            encoding="utf-8",
        )
    build([base], base / "index", FakeEmbedder())
    return base / "index"


def ask(folder: Path, length: Length, question: str = QUESTION) -> tuple[Answer, FakeLLM]:
    llm = FakeLLM()
    assistant = Assistant.open(
        folder, settings=Settings(length=length), embedder=FakeEmbedder(), llm=llm
    )
    return assistant.ask(question), llm


def test_each_length_shows_more_and_reads_as_told(folder: Path) -> None:
    (short, _), (normal, _), (thorough, _) = (
        ask(folder, length) for length in ("short", "normal", "thorough")
    )
    shown = [len(answer.statements) for answer in (short, normal, thorough)]
    assert shown == [2, 5, 8]
    texts = [[statement.text for statement in answer.statements] for answer in (short, normal)]
    assert texts[0] == texts[1][:2], "those that answer best"
    assert [len(answer.drafts) for answer in (short, normal, thorough)] == [6, 6, 10]


def test_every_statement_is_proven_whatever_the_length(folder: Path) -> None:
    for length in ("short", "normal", "thorough"):
        answer, _ = ask(folder, length)
        for statement in answer.statements:
            assert statement.verdict is Verdict.SUPPORTED
            assert statement.citations
            assert all(citation.resolve().ok for citation in answer.citations)


def test_what_a_short_answer_leaves_out_is_no_other_judgement(folder: Path) -> None:
    short, normal = ask(folder, "short")[0], ask(folder, "normal")[0]
    assert short.withheld == normal.withheld
    assert short.drafts == normal.drafts


def test_settings_say_how_many_passages_are_read() -> None:
    assert [Settings(length=length).reads for length in ("short", "normal", "thorough")] == [
        6,
        6,
        10,
    ]
    assert Settings(length="thorough", passages=18).reads == 20
    assert Settings(length="thorough").budget_for(10) == 2560
    with pytest.raises(ConfigError, match="'short', 'normal' or 'thorough'"):
        Settings(length="endless")  # type: ignore[arg-type]


def proof(text: str, source: str) -> Proof:
    hit = make_hit(text, source=source, title=source)
    pair = (hit, hit.passage.sentences[0])
    return Proof(text, Judgement(Verdict.SUPPORTED, 0.9, (pair,)), ((pair,),), 0.9)


def test_documents_that_disagree_are_all_heard_in_a_short_answer() -> None:
    proofs = [
        proof("The bridge of Ost has 14 arches.", "a.txt"),
        proof("The bridge of Ost carries trams.", "b.txt"),
        proof("The bridge of Ost was painted green.", "c.txt"),
        proof("The bridge of Ost has 17 arches.", "d.txt"),
    ]
    rarity = Rarity([each.text for each in proofs])
    asked = "How many arches does the bridge of Ost have?"
    assert [p.text for p in briefest(asked, proofs, {0}, rarity)] == [
        "The bridge of Ost has 14 arches.",
        "The bridge of Ost carries trams.",
        "The bridge of Ost has 17 arches.",
    ]


def test_one_statement_where_one_thing_is_asked_for_and_each_part_keeps_its_own() -> None:
    proofs = [
        proof("Ada Quist is the mayor of Ost.", "a.txt"),
        proof("Ada Quist opened the bridge.", "a.txt"),
        proof("The ferry of Ada Quist is old.", "a.txt"),
    ]
    rarity = Rarity([each.text for each in proofs])
    assert briefest("Who is the mayor of Ost?", proofs, {0}, rarity) == proofs[:1]
    assert briefest("Who is the mayor of Ost?", proofs, {0, 2}, rarity) == [proofs[0], proofs[2]]
    assert briefest("Who is the mayor of Ost?", [], set(), rarity) == []


def test_nothing_of_a_short_answer_is_anything_but_some_of_the_longer_in_its_order() -> None:
    drawn = random.Random(3)
    proofs = [proof(f"The board did ship {good} on {drawn.choice(DAYS)}.", good) for good in GOODS]
    rarity = Rarity([each.text for each in proofs])
    for _ in range(40):
        some = drawn.sample(proofs, drawn.randint(0, len(proofs)))
        firsts = set(drawn.sample(range(len(some)), min(len(some), 2)))
        kept = briefest(QUESTION, some, firsts, rarity)
        places = [some.index(each) for each in kept]
        assert places == sorted(set(places))
        assert firsts <= set(places)


def test_the_command_line_has_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    def opened(index: str, settings: Settings) -> Assistant:
        seen.append(settings)
        return Assistant.open(folder, settings=settings, embedder=FakeEmbedder(), llm=FakeLLM())

    monkeypatch.setattr("rag.cli._open", opened)
    for length in ("short", "thorough"):
        done = CliRunner().invoke(main, ["ask", "--length", length, QUESTION])
        assert done.exit_code == 0, done.output
    assert [settings.length for settings in seen] == ["short", "thorough"]
    assert CliRunner().invoke(main, ["ask", "--length", "endless", QUESTION]).exit_code == 2


def test_no_prompt_of_the_proof_knows_of_the_length(folder: Path) -> None:
    def judged(llm: FakeLLM) -> set[tuple[str, str]]:
        return {(p.asking, p.reading) for p in llm.prompts if p.judges}

    short, normal, thorough = (
        judged(ask(folder, length)[1]) for length in ("short", "normal", "thorough")
    )
    assert short == normal
    assert normal <= thorough
