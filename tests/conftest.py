"""What holds for every test: nothing that is read is kept in the user's own folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _readings_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep saved readings of this run in a folder of its own, for child processes too."""
    before = os.environ.get("RAG_READINGS")
    os.environ["RAG_READINGS"] = str(tmp_path_factory.mktemp("readings"))
    yield
    if before is None:
        del os.environ["RAG_READINGS"]
    else:
        os.environ["RAG_READINGS"] = before
