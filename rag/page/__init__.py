"""The web page: what a person sees and does; `rag.assistant` answers, `rag.render` writes.

    opening.py        opens an assistant for each collection, over one model
    questions.py      questions under work: one line, each asker's in turn; a page may be left
    desk.py           what stands behind the page: the assistants and the line
    choices.py        what is chosen for the whole page, and what brings it about
    session.py        one browser tab: where its conversation stands
    shell.py          the page as a whole: head, tabs, and what they share
    ask.py            the Ask tab; within.py: which documents may answer
    trust.py          the Trust tab: what this set-up is worth, and measuring it
    settings.py       the Settings tab
    api.py            named endpoints for programs

Nothing here decides what is answered, proven or shown as proven.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import render, serving
from rag.config import DEFAULT_MODEL, Settings
from rag.page.choices import Choices
from rag.page.desk import AssistantLike, Desk
from rag.page.shell import TAGLINE, TITLE, Shell

if TYPE_CHECKING:
    import gradio as gr

__all__ = [
    "EXAMPLES",
    "HOST",
    "INDEX",
    "PORT",
    "TAGLINE",
    "TITLE",
    "Choices",
    "Desk",
    "OneAssistant",
    "build",
    "launch",
    "serve",
]

HOST, PORT, INDEX = serving.HOST, 7860, "seeds"
EXAMPLES = (
    "what conditions did Microsoft set?",
    "Which principles for facial recognition has Microsoft been promoting?",
    "What did Amazon and IBM announce?",
    "Who praised Microsoft's decision?",
    "What is the population of Seattle?",
)


class OneAssistant:
    """Opens the one assistant there is: of an index that stands for itself.

    Args:
        open_assistant: may take its time or raise a RagError.
        collection: what its documents are called.
    """

    def __init__(self, open_assistant: Callable[[], AssistantLike], collection: str) -> None:
        self._open = open_assistant
        self._name = collection
        self._settings = Settings()

    def __call__(self, collection: str) -> AssistantLike:
        """Open it."""
        return self._open()

    @property
    def settings(self) -> Settings:
        """How questions are answered."""
        return self._settings

    def collections(self) -> Sequence[str]:
        """Return its name."""
        return (self._name,)

    def change(self, settings: Settings) -> None:
        """Open it anew, by other settings."""
        self._settings = settings

    def close(self) -> None:
        """Nothing is shared."""


def build(desk: Desk, *, examples: Sequence[str] = (), choices: Choices | None = None) -> gr.Blocks:
    """Return the page, not yet served.

    Args:
        desk: what stands behind it.
        examples: questions to click.
        choices: what is chosen for it; made where not given.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    with serving.blocks(TITLE) as page:
        page.shell = Shell(page, desk, examples, choices or Choices(desk))
    page.desk = desk
    return page.queue(max_size=64)


def serve(
    host: str = HOST, port: int = PORT, index: str = INDEX, model: str = DEFAULT_MODEL
) -> None:
    """Serve the page until interrupted.

    Args:
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on.
        index: the collection that a new window asks: a name, or the path of an index.
        model: a name from the catalogue, or the path of a GGUF file.

    Raises:
        ConfigError: the port is taken.
    """
    from rag.page.opening import SharedModel

    desk = Desk(SharedModel(Settings(model=model), lambda: collections(index)), index)
    page = build(desk, examples=EXAMPLES if index == INDEX else ())
    launch(page, host, port)
    sys.stdout.write(f"{TITLE} is at http://{host}:{port} (Ctrl-C stops it)\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    finally:
        # The work first: the server waits for those it answers.
        desk.close()
        page.close(verbose=False)


def collections(first: str) -> list[str]:
    """Return the names of the collections there are, the one a new window asks first."""
    from rag.index.manifest import MANIFEST

    folder = Path(os.environ.get("RAG_INDEXES", "indexes")).expanduser()
    found = sorted(each.parent.name for each in folder.glob(f"*/{MANIFEST}"))
    return list(dict.fromkeys([first, *found]))


def launch(page: Any, host: str = HOST, port: int = PORT) -> None:
    """Begin to serve a page and return; its assistant is opened from then on.

    Raises:
        ConfigError: the port is taken.
    """
    serving.launch(page, host, port, render.head_html(), page.desk.draw)
    page.desk.start()
