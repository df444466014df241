"""The real models, fetched once and shared by every test; skipped, saying so, where absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.catalogue import model_path
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, Settings
from rag.embedder import Embedder, load_embedder
from rag.errors import ModelMissingError
from rag.index import build
from rag.llm import LlamaModel

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


def needed(name: str) -> Path:
    """Return a model's path or skip the test."""
    try:
        return model_path(name)
    except ModelMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    needed(DEFAULT_EMBEDDER)
    return load_embedder(DEFAULT_EMBEDDER)


@pytest.fixture(scope="session")
def small_llm() -> Iterator[LlamaModel]:
    """The smallest model: fit to test mechanics, not answers."""
    model = LlamaModel(needed("smollm2-135m"), name="smollm2-135m", n_ctx=2048)
    yield model
    model.close()


@pytest.fixture(scope="session")
def seeds_index(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds") / "index"
    build([SEEDS], folder, embedder)
    return folder


@pytest.fixture(scope="session")
def assistant(seeds_index: Path, embedder: Embedder) -> Iterator[Assistant]:
    """The product as shipped: the default model over the sample documents."""
    needed(DEFAULT_MODEL)
    opened = Assistant.open(seeds_index, settings=Settings(), embedder=embedder)
    yield opened
    opened.close()
