"""python -m benchmarks.peers SYSTEM --index FOLDER --questions FILE --out FILE [--limit N]

Asks a peer the questions and writes a result file like those of `rag eval`, with the same judge; an
interrupted run goes on where it was. Install the systems with pip install 'rag[peers]'.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks.peers.haystack import HaystackPeer
from benchmarks.peers.llamaindex import LlamaIndexPeer
from rag.assistant import load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.evaluate import runner, sets
from rag.evaluate.judging import CheckerJudge
from rag.evaluate.report import screen
from rag.index import Index
from rag.prove import Rarity

PEERS: dict[str, Callable[[Index, Settings], Any]] = {
    "llamaindex": LlamaIndexPeer,
    "haystack": HaystackPeer,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=list(PEERS))
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--questions", type=Path, default=sets.SEEDS)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args(arguments)
    settings = Settings()
    index = Index.open(options.index, load_embedder(settings.embedder).checksum)
    peer = PEERS[options.system](index, settings)
    rarity = Rarity([passage.text for passage in index.passages])
    # A model of its own: the checker reads a middle layer, the peer's does not.
    judge = CheckerJudge(load_llm(settings), rarity, threshold=settings.support_threshold)
    asked = sets.load(options.questions)[: options.limit]
    try:
        result = runner.run(asked, peer, out=options.out, judges=[judge])
    finally:
        peer.close()
    print(screen(result))


if __name__ == "__main__":
    main()
