"""Opens an assistant for a collection; all of them share one model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakSet

from rag.config import Settings, index_folder

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.embedder import Embedder
    from rag.llm import LlamaModel

FIRST = "What is there?"


class SharedModel:
    """Opens assistants over one model and one embedder of each precision.

    Args:
        settings: how questions are answered.
        collections: returns the names that can be opened.
    """

    def __init__(self, settings: Settings, collections: Callable[[], Sequence[str]]) -> None:
        self._settings = settings
        self._collections = collections
        self._llm: LlamaModel | None = None
        self._embedders: dict[str, Embedder] = {}
        self._alone = threading.Lock()
        self._assistants: WeakSet[Assistant] = WeakSet()

    @property
    def settings(self) -> Settings:
        """How questions are answered."""
        return self._settings

    def collections(self) -> Sequence[str]:
        """Return the names of the collections there are."""
        return self._collections()

    def __call__(self, collection: str) -> Assistant:
        """Open a collection; the models are opened with the first one.

        Raises:
            StoreError: its index is missing or damaged.
            CatalogueError: a model is unknown or not on this machine.
            ModelError: a model cannot be used.
        """
        from rag.assistant import Assistant, load_llm, made_with
        from rag.embedder import load_embedder
        from rag.index import Index

        folder = index_folder(collection)
        with self._alone:
            made = made_with(folder)
            if made not in self._embedders:
                embedder = load_embedder(self._settings.embedder, made_with=made)
                # It loads with its first text: better now than while somebody waits.
                embedder.embed([FIRST], kind="query")
                self._embedders[made] = embedder
            embedder = self._embedders[made]
            index = Index.open(folder, embedder.checksum)
            if self._llm is None:
                self._llm = load_llm(self._settings)
            assistant = Assistant(index, embedder, self._llm, self._settings)
            self._assistants.add(assistant)
            assistant.read_ahead()
        return assistant

    def change(self, settings: Settings) -> None:
        """Answer by other settings from now on; another model is opened with the next assistant.

        To be called while nobody asks: the model that was open is closed.
        """
        with self._alone:
            if settings.model != self._settings.model and self._llm is not None:
                for assistant in self._assistants:
                    assistant.rest()
                self._llm.close()
                self._llm = None
            self._settings = settings

    def close(self) -> None:
        """Free the model's memory."""
        with self._alone:
            if self._llm is not None:
                self._llm.close()
                self._llm = None
