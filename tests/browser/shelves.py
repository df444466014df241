"""The page over a real library and real indexes, with a small embedder and a small writer.

python tests/browser/shelves.py --port 7860 --data FOLDER [--indexes FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rag import page as pages
from rag.assistant import Assistant
from rag.config import Settings, index_folder
from rag.index import Index
from rag.library import Library
from rag.library.runs import READING
from rag.testing import FakeEmbedder, FakeLLM
from tests.browser.scripted import refuse_other_machines


class Opener:
    """Opens assistants over what the library holds."""

    def __init__(self, library: Library, first: str) -> None:
        self._library = library
        self.settings = Settings()
        self._first = first

    def __call__(self, collection: str) -> Assistant:
        """Open a collection."""
        return Assistant(Index.open(index_folder(collection)), FakeEmbedder(), FakeLLM())

    def change(self, settings: Settings) -> None:
        """Answer by other settings from now on."""
        self.settings = settings

    def collections(self) -> Sequence[str]:
        """Return the names of the collections there are."""
        return pages.collections(self._first, self._library)

    def close(self) -> None:
        """Nothing is shared."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--indexes", type=Path, required=True)
    parser.add_argument("--first", default="notes")
    given = parser.parse_args()
    refuse_other_machines()
    library = Library(given.indexes, given.data, reading=(*READING, "--fake-embedder"))
    desk = pages.Desk(Opener(library, given.first), given.first, library=library)
    server = pages.launch(desk, port=given.port)
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    server.wait()


if __name__ == "__main__":
    main()
