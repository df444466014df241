"""Damaged and odd files that fuzzing found, each read or refused as the readers promise."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fuzz.kept import corpus
from tests.fuzz.laws import outcome
from tests.fuzz.seeds import SUFFIXES

MOST_S = 5.0  # of the processor's time, for two readings of an input


@pytest.mark.timeout(120)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_input_is_read_or_refused(suffix: str, tmp_path: Path) -> None:
    inputs = corpus(suffix)
    assert len(inputs) > 5
    for name, data in inputs.items():
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(data)
        began = time.process_time()
        outcome(path)
        assert time.process_time() - began < MOST_S, name
