"""The web page: what a person sees and does; `rag.assistant` answers, `rag.render` writes.

    opening.py        opens an assistant for each collection, over one model
    questions.py      questions under work: one line, each asker's in turn; a page may be left
    desk.py           what stands behind the page: the assistants and the line
    session.py        one browser tab: where its conversation stands
    shell.py          the page as a whole: head, tabs, and what they share
    ask.py            the Ask tab; within.py: which documents may answer
    documents.py      the Documents tab; document_routes.py: what it asks of the server
    api.py            named endpoints for programs

Nothing here decides what is answered, proven or shown as proven.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rag import render, serving
from rag.config import DEFAULT_MODEL, Settings, data_folder, indexes_folder
from rag.library import Library
from rag.page.desk import AssistantLike, Desk
from rag.page.document_routes import DocumentRoutes
from rag.page.documents import Readings
from rag.page.shell import TAGLINE, TITLE, Shell

if TYPE_CHECKING:
    import gradio as gr
    from starlette.applications import Starlette

__all__ = [
    "EXAMPLES",
    "HOST",
    "INDEX",
    "PORT",
    "TAGLINE",
    "TITLE",
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

    def __call__(self, collection: str) -> AssistantLike:
        """Open it."""
        return self._open()

    def collections(self) -> Sequence[str]:
        """Return its name."""
        return (self._name,)

    def close(self) -> None:
        """Nothing is shared."""


def build(desk: Desk, *, examples: Sequence[str] = ()) -> gr.Blocks:
    """Return the page, not yet served.

    Args:
        desk: what stands behind it.
        examples: questions to click.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    with serving.blocks(TITLE) as page:
        page.shell = Shell(page, desk, examples)
    return page.queue(max_size=64)


def launch(
    desk: Desk,
    host: str = HOST,
    port: int = PORT,
    *,
    examples: Sequence[str] = (),
    password: serving.Password | None = None,
) -> serving.Server:
    """Begin to serve the page and return; its assistant is opened from then on.

    Args:
        desk: what stands behind it.
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on, 0 for one that is free.
        examples: questions to click.
        password: asked for where it is set.

    Raises:
        ConfigError: the port is taken, or others could reach the page without a password.
    """
    routes = [serving.document_pages(desk.draw)]
    if desk.library is not None:
        routes += DocumentRoutes(desk.library, Shell.told).routes()
    server = serving.Server(host, port, routes=routes, password=password, on_close=desk.close)
    server.start()

    async def lay_out() -> Starlette:
        # Gradio makes an event loop, and never closes it, where none is running.
        return serving.asgi(build(desk, examples=examples), render.head_html())

    def show() -> None:
        server.show(asyncio.run(lay_out()))

    desk.redraw = show
    if desk.library is not None:
        readings = Readings(desk.library, desk)
        desk.narrow = readings.narrow
        readings.resume()
    desk.start()
    show()
    return server


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
        ConfigError: the port is taken, or others could reach the page without a password.
    """
    from rag.page.opening import SharedModel

    library = Library(indexes_folder(), data_folder())
    opener = SharedModel(Settings(model=model), lambda: collections(index, library))
    desk = Desk(opener, index, library=library)
    examples = EXAMPLES if index == INDEX else ()
    with launch(desk, host, port, examples=examples, password=serving.Password()) as server:
        sys.stdout.write(serving.greeting(TITLE, server))
        sys.stdout.flush()
        server.wait()


def collections(first: str, library: Library) -> list[str]:
    """Return the names of the collections there are, the one a new window asks first."""
    found = [known.name for known in library.collections() if known.documents]
    return list(dict.fromkeys([first, *found]))
