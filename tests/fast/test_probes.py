"""Judgements read off a layer's state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag import probes
from rag.probes import Probe, Probes, load_probes, save_probes
from rag.prompt import VERSION, gives_answer, holds_in, meets_in, sentences, states_in


def test_what_was_saved_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "FOLDER", tmp_path)
    weights = np.array([1.0, -2.0], np.float32)
    save_probes("toy", Probes(3, 2, VERSION, {"holds": Probe(0.5, weights)}))
    found = load_probes("toy", VERSION)
    assert found is not None
    assert (found.layer, found.size, list(found.by_kind)) == (3, 2, ["holds"])
    assert found.by_kind["holds"].log_odds(np.array([1.0, 1.0], np.float32)) == pytest.approx(-0.5)


def test_probes_of_other_prompts_or_models_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "FOLDER", tmp_path)
    save_probes("toy", Probes(3, 1, VERSION - 1, {"holds": Probe(0.0, np.zeros(1, np.float32))}))
    assert load_probes("toy", VERSION) is None
    assert load_probes("another", VERSION) is None
    assert load_probes("folder/model.gguf", VERSION) is None


def test_the_default_model_has_probes_for_the_prompts_in_use() -> None:
    found = load_probes("qwen2.5-coder-1.5b", VERSION)
    assert found is not None
    assert found.size == 1536
    assert set(found.by_kind) == {"holds", "meets"}


def test_prompts_name_what_they_judge() -> None:
    assert holds_in("Ulm lies low.", "Where is Ulm?").judges == "holds"
    assert holds_in("Ulm lies low.", "Does Ulm lie low?").judges == "holds"
    assert states_in("Ulm lies low.", "Ulm is low.").judges == "states"
    assert gives_answer("Where is Ulm?", "It is low.").judges == "gives"
    assert meets_in("Ulm lies low.", "Where is Ulm?", "It is low.").judges == "meets"


def test_a_question_typed_in_haste_is_put_as_one() -> None:
    assert "Question: Where is ulm?\n" in holds_in("Ulm lies low.", "where is ulm").asking
    assert "Question: Where is Ulm?\n" in holds_in("Ulm lies low.", "Where is Ulm?").asking


def test_a_sentence_that_was_cut_off_is_left_out() -> None:
    draft = "Ulm lies low. Bonn lies on the"
    assert sentences(draft) == ["Ulm lies low.", "Bonn lies on the"]
    assert sentences(draft, cut=True) == ["Ulm lies low."]
    assert sentences("Ulm lies low.", cut=True) == ["Ulm lies low."]
