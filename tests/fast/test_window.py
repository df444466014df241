"""The few sentences that bear on a claim."""

from __future__ import annotations

from rag.prove import Rarity
from rag.prove.window import quoted, window
from rag.testing import make_hit

FILLER = "The weather was fine that day. " * 40
TEXT = f"{FILLER}Hudson Corp opened in Ulm. It sold 40 mills in May 1990. {FILLER}"
RARITY = Rarity([TEXT, "Apples were picked.", "The ferry runs."])


def test_the_sentence_with_the_fact_brings_the_one_before_it() -> None:
    found = window("Hudson sold 40 mills.", (make_hit(TEXT, title=""),), RARITY, most=15)
    assert "Hudson Corp opened in Ulm. It sold 40 mills in May 1990." in found
    assert len(found.split()) < 20


def test_gaps_and_headings_are_shown() -> None:
    first = make_hit(f"Ulm lies low. {FILLER}Ulm has 40 mills.", source="a.txt", title="Mills")
    second = make_hit("Ulm has 40 mills and a harbour.", source="b.txt", title="Harbours")
    found = window("Ulm lies low and has 40 mills.", (first, second), RARITY, most=24)
    assert found.index("Mills") < found.index("Ulm lies low. … ") < found.index("Harbours"), found


def test_one_sentence_is_returned_however_long() -> None:
    text = "Ulm " + "very " * 50 + "low."
    assert window("Ulm lies low.", (make_hit(text, title=""),), RARITY, most=5) == text


def test_cited_sentences_bring_their_heading_and_the_one_before_each() -> None:
    hit = make_hit(
        "Ulm lies low. It has a mill. It rains. The mill is old. Ada sleeps.", title="Ulm"
    )
    one, four = hit.passage.sentences[0], hit.passage.sentences[3]
    other = make_hit("Elm has two mills. Both are new.", source="b.txt", title="Elm")
    cited = ((hit, four), (hit, one), (other, other.passage.sentences[1]))
    found = quoted(cited)
    assert found == (
        "Ulm\n\nUlm lies low. … It rains. The mill is old."
        "\n\nElm\n\nElm has two mills. Both are new."
    )
