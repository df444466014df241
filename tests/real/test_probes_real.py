"""Judgements read off a layer of the real models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from rag.assistant import Assistant
from rag.drafting import EAGER
from rag.errors import ModelError
from rag.llm import LlamaModel
from rag.probes import Probe, Probes
from rag.prompt import VERSION, holds_in, meets_in
from tests.real.conftest import needed

pytestmark = pytest.mark.real

TEXT = (
    "The harbour bridge will close on 12 March for eleven weeks. Mayor Ada Quist said the city "
    "will pay 4.2 million euros for the repairs. The ferry runs every twenty minutes instead."
)
ANSWERED = (
    "How long will the harbour bridge close?",
    "Who said that the city will pay?",
    "How often does the ferry run?",
    "when does the bridge close",
)
# Of the same people and things, and not said.
NEAR_MISSES = (
    "Who built the harbour bridge?",
    "How much did the ferry cost?",
    "When was Ada Quist elected mayor?",
    "Why was the repair postponed?",
)
SIZE = 576  # of the smallest model's states


@pytest.fixture(scope="module")
def probed() -> Iterator[LlamaModel]:
    probe = Probe(0.25, np.full(SIZE, 0.01, np.float32))
    probes = Probes(12, SIZE, VERSION, {"holds": probe})
    model = LlamaModel(needed("smollm2-135m"), name="small", n_ctx=2048, probes=probes)
    yield model
    model.close()


def test_near_misses_are_told_from_answers(assistant: Assistant) -> None:
    def lean(question: str) -> float:
        return assistant.llm.log_odds(holds_in(TEXT, question))

    answered, missed = [lean(q) for q in ANSWERED], [lean(q) for q in NEAR_MISSES]
    assert min(answered) > EAGER > max(missed), (answered, missed)


@pytest.mark.parametrize(
    ("question", "right", "beside"),
    [
        (
            "How long will the harbour bridge close?",
            "The harbour bridge will close for eleven weeks.",
            "The ferry runs every twenty minutes instead.",
        ),
        (
            "Who said that the city will pay?",
            "Mayor Ada Quist said that the city will pay for the repairs.",
            "The harbour bridge will close on 12 March.",
        ),
        (
            "How often does the ferry run?",
            "The ferry runs every twenty minutes.",
            "The city will pay 4.2 million euros for the repairs.",
        ),
    ],
)
def test_replies_beside_the_point_are_told_from_answers(
    assistant: Assistant, question: str, right: str, beside: str
) -> None:
    def lean(reply: str) -> float:
        return assistant.llm.log_odds(meets_in(TEXT, question, reply))

    assert lean(right) > lean(beside) + 1.0, (lean(right), lean(beside))


def test_a_probe_is_a_linear_model_of_the_state(probed: LlamaModel) -> None:
    asked = holds_in(TEXT, ANSWERED[0])
    state = probed.state(asked)
    assert state.shape == (SIZE,)
    assert np.isfinite(state).all()
    assert probed.log_odds(asked) == pytest.approx(0.25 + 0.01 * float(state.sum()), rel=1e-3)


def test_a_remembered_reading_gives_the_same_state(probed: LlamaModel) -> None:
    asked = holds_in(TEXT, ANSWERED[0])
    fresh = probed.state(asked)
    list(probed.generate(holds_in("Apples were picked.", "When?"), max_tokens=3))
    assert np.array_equal(probed.state(asked), fresh)
    assert not np.array_equal(probed.state(holds_in(TEXT, NEAR_MISSES[0])), fresh)


def test_writing_is_untouched_by_the_tap(probed: LlamaModel, small_llm: LlamaModel) -> None:
    asked = holds_in(TEXT, ANSWERED[0])
    probed.state(asked)

    def write(model: LlamaModel) -> list[str]:
        return [piece.text for piece in model.generate(asked, max_tokens=12)]

    assert write(probed) == write(small_llm)


def test_without_probes_the_words_decide(small_llm: LlamaModel) -> None:
    asked = holds_in(TEXT, ANSWERED[0])
    assert np.isfinite(small_llm.log_odds(asked))
    with pytest.raises(ModelError, match="without probes"):
        small_llm.state(asked)


def test_a_layer_that_is_not_there_is_an_error() -> None:
    probes = Probes(99, SIZE, VERSION, {})
    model = LlamaModel(needed("smollm2-135m"), name="small", n_ctx=1024, probes=probes)
    with pytest.raises(ModelError, match="no layer"):
        model.state(holds_in(TEXT, ANSWERED[0]))
    model.close()
