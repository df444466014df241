"""What holds for every test: nothing that is read is kept in the user's own folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _readings_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what this run saves apart from the user's own, for child processes too."""
    names = ("RAG_READINGS", "RAG_RECOGNISED", "RAG_DATA")
    before = {name: os.environ.get(name) for name in names}
    for name in before:
        os.environ[name] = str(tmp_path_factory.mktemp(name.lower()))
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
