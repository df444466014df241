"""The page is laid out and served, with everything that stands behind it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rag import render, serving
from rag.config import Settings, data_folder, indexes_folder
from rag.errors import NotKeptError
from rag.library import Library
from rag.page import EXAMPLES, HOST, INDEX, LIMITS, PORT, TITLE
from rag.page.choices import Choices
from rag.page.conversations import exports
from rag.page.desk import AssistantLike, Desk
from rag.page.document_routes import DocumentRoutes
from rag.page.documents import Readings
from rag.page.keeping import Kept
from rag.page.opening import SharedModel
from rag.page.shell import Shell
from rag.preferences import PreferenceFile

if TYPE_CHECKING:
    import gradio as gr

__all__ = [
    "Choices",
    "Desk",
    "Kept",
    "OneAssistant",
    "attach",
    "begin",
    "build",
    "collections",
    "launch",
]


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
    return page.queue(max_size=64)


def attach(
    server: serving.Server,
    desk: Desk,
    *,
    examples: Sequence[str] = (),
    choices: Choices | None = None,
) -> None:
    """Serve the page at a port that answers already; its assistant is opened from then on.

    Args:
        server: has been started.
        desk: what stands behind the page.
        examples: questions to click.
        choices: what is chosen for it; made where not given.
    """
    chosen = choices or Choices(desk)

    def close() -> None:
        chosen.close()
        desk.close()

    routes = [serving.document_pages(desk.draw)]
    if desk.keeper is not None:
        routes.append(exports(desk.keeper))
    if desk.library is not None:
        routes += DocumentRoutes(desk.library, Shell.told).routes()
    server.add(routes, close)
    chosen.speak()

    async def lay_out() -> gr.Blocks:
        # Gradio makes an event loop, and never closes it, where none is running.
        return build(desk, examples=examples, choices=chosen)

    def show() -> None:
        server.show(serving.asgi(asyncio.run(lay_out()), render.head_html()))

    desk.redraw = show
    if desk.library is not None:
        readings = Readings(desk.library, desk)
        desk.narrow = readings.narrow
        readings.resume()
    show()
    desk.start()  # from then on, for it keeps the machine busy


def launch(
    desk: Desk,
    host: str = HOST,
    port: int = PORT,
    *,
    examples: Sequence[str] = (),
    password: serving.Password | None = None,
    choices: Choices | None = None,
) -> serving.Server:
    """Begin to serve the page and return.

    Args:
        desk: what stands behind it.
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on, 0 for one that is free.
        examples: questions to click.
        password: asked for where it is set.
        choices: what is chosen for it; made where not given.

    Raises:
        ConfigError: the port is taken, or others could reach the page without a password.
    """
    server = serving.Server(host, port, password=password, limits=LIMITS)
    server.start()
    attach(server, desk, examples=examples, choices=choices)
    return server


def begin(server: serving.Server, index: str = "", model: str = "") -> None:
    """Serve the page as this machine has it: its collections, conversations and preferences.

    Args:
        server: has been started.
        index: the collection that a new window asks, "" for the one that was asked last.
        model: a name from the catalogue, or the path of a GGUF file, "" for the one that is chosen.
    """
    file = PreferenceFile()
    if model:
        with suppress(NotKeptError):  # told on the page, where it is chosen
            file.use_model(model)
    library = Library(indexes_folder(), data_folder())
    first = index or file.now.collection
    first = first if index or first in collections(INDEX, library) else INDEX
    settings = file.now.to_settings(Settings())
    opener = SharedModel(settings, lambda: collections(first, library))
    desk = Desk(opener, first, keeper=Kept(told=Shell.told), library=library)
    examples = EXAMPLES if first == INDEX else ()
    attach(server, desk, examples=examples, choices=Choices(desk, file))


def collections(first: str, library: Library) -> list[str]:
    """Return the names of the collections there are, the one a new window asks first."""
    found = [known.name for known in library.collections() if known.documents]
    return list(dict.fromkeys([first, *found]))
