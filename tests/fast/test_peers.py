"""What the replies of other systems are taken for."""

from __future__ import annotations

import pytest

from benchmarks.peers.citing import Given, answer_of, cite, refuses, shown, stated
from rag.evaluate.metrics import invalid_citations
from rag.testing import make_document
from rag.types import Timings

DOCUMENT = make_document("The mill\nshut in 1990. It made flour.", source="mill.md", title="Mill")
DOCUMENTS = {"mill.md": DOCUMENT}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param("It shut [1].", [("It shut.", (1,))], id="before the full stop"),
        pytest.param(
            "It shut. [1] It burned.", [("It shut.", (1,)), ("It burned.", ())], id="after"
        ),
        pytest.param("It shut [1][2].", [("It shut.", (1, 2))], id="two"),
        pytest.param("It shut [1, 2].", [("It shut.", (1, 2))], id="two in one"),
        pytest.param("It shut [Source 2].", [("It shut.", (2,))], id="with a word"),
        pytest.param("It shut.\n\nSource 2", [("It shut.", (2,))], id="bare"),
        pytest.param("It shut (Source 2).", [("It shut.", (2,))], id="in round brackets"),
        pytest.param("Source 2 says it shut.", [("Source 2 says it shut.", ())], id="as subject"),
        pytest.param("It shut in [1990].", [("It shut in [1990].", ())], id="a year"),
        pytest.param("It sets a[0] to 1 [1].", [("It sets a[0] to 1.", (1,))], id="code"),
        pytest.param("It shut.", [("It shut.", ())], id="none"),
        pytest.param("It shut [1] and burned [1].", [("It shut and burned.", (1,))], id="twice"),
    ],
)
def test_markers_become_numbers(reply: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert stated(reply) == expected


@pytest.mark.parametrize(
    ("reply", "no"),
    [
        ("Empty Response", True),
        ("", True),
        ("None of the sources are helpful in answering this.", True),
        ("The provided documents do not contain information about this.", True),
        ("I cannot answer this question.", True),
        ("The date is not mentioned in the given sources.", True),
        ("Answering is not possible.", True),
        ("Microsoft will not sell it [1].", False),
        ("The company did not say when [1].", False),
        ("It shut in 1990 [1]. The sources do not say why.", False),
    ],
)
def test_a_refusal_is_known_by_its_first_sentence(reply: str, no: bool) -> None:
    assert refuses(reply) is no


def test_a_given_text_is_found_whatever_its_white_space() -> None:
    found = cite(1, Given("mill.md", "mill shut  in 1990."), DOCUMENTS)
    assert found is not None
    assert DOCUMENT.text[found.start : found.end] == found.quote == "mill\nshut in 1990."
    assert cite(1, Given("mill.md", "It burned."), DOCUMENTS) is None


def test_a_number_that_was_not_given_counts_as_invalid() -> None:
    given = [Given("mill.md", "It made flour.")]
    timings = Timings(first_token_s=1, total_s=2, tokens_in=3, tokens_out=4)
    answer = answer_of("What?", "Flour [1] [3].", given, DOCUMENTS, model="m", timings=timings)
    assert [c.number for c in answer.citations] == [1]
    texts = {"mill.md": DOCUMENT.text}
    problems = invalid_citations(answer.text, answer.statements, texts, {})
    assert problems == ["[3] is shown and has no citation"]


@pytest.mark.parametrize(
    "reply", ["Flour [Source 1].", "Flour (Source 1).", "Flour. Source 1", "F [1]."]
)
def test_a_marker_of_another_form_is_no_invalid_citation(reply: str) -> None:
    given = [Given("mill.md", "It made flour.")]
    timings = Timings(first_token_s=1, total_s=2, tokens_in=3, tokens_out=4)
    answer = answer_of("What?", reply, given, DOCUMENTS, model="m", timings=timings)
    assert "[1]" in shown(reply)
    assert invalid_citations(answer.text, answer.statements, {"mill.md": DOCUMENT.text}, {}) == []
