"""Readings of a model's state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag import probes
from rag.config import DEFAULT_MODEL
from rag.errors import ModelError


def test_a_probe_adds_state_bias_and_lean() -> None:
    probe = probes.Probe(np.array([1.0, -2.0], dtype=np.float32), 0.5, 0.25)
    assert probe.read(np.array([3.0, 1.0], dtype=np.float32), lean=2.0) == pytest.approx(2.0)


def test_the_default_model_has_a_probe_for_each_question() -> None:
    found = probes.load_probes(DEFAULT_MODEL)
    assert set(found) == set(probes.QUESTIONS)
    for probe in found.values():
        assert probe.weights.shape == (1536,)
        assert probe.weights.dtype == np.float32
        assert np.isfinite(probe.weights).all()
        assert np.isfinite([probe.bias, probe.lean]).all()


@pytest.mark.parametrize("name", ["another-model", "/models/qwen2.5-coder-1.5b", "../weights/x"])
def test_other_models_have_none(name: str) -> None:
    assert probes.load_probes(name) == {}


def test_damaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "FOLDER", tmp_path)
    (tmp_path / "some-model.npz").write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(ModelError, match=r"damaged.*Install Footnote again"):
        probes.load_probes("some-model")


def test_weights_that_lack_a_part_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "FOLDER", tmp_path)
    np.savez(tmp_path / "some-model.npz", holds_weights=np.zeros(4))
    with pytest.raises(ModelError, match="damaged"):
        probes.load_probes("some-model")


@pytest.mark.parametrize("question", probes.QUESTIONS)
def test_without_a_probe_more_lean_is_more_likely(question: str) -> None:
    assert probes.calibrated(question, 1.0) > probes.calibrated(question, -1.0)


def test_a_question_that_is_none_stays_as_it_is() -> None:
    assert probes.calibrated("", 1.25) == 1.25
