"""An index killed while it is written, and read while others write; more of it in benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork and /proc")


def run(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.crashes", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_an_index_killed_at_any_moment_holds_what_it_held_or_what_the_files_say() -> None:
    told = run("kills", "--kills", "12", "--seed", "7")
    assert told["killed"] == 12
    assert told["full disk"] > 0
    assert told["wrong"] == []


def test_ten_processes_at_once_see_one_version_of_everything() -> None:
    told = run("together", "--seconds", "3")
    assert told["written"] > 2
    assert told["opened and searched"] > 20
    assert told["wrong"] == []
