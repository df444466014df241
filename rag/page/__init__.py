"""The web page: what a person sees and does; `rag.assistant` answers, `rag.render` writes.

    opening.py        opens an assistant for each collection, over one model
    questions.py      questions under work: one line, each asker's in turn; a page may be left
    following.py      what a follow-up means; what to ask next
    desk.py           what stands behind the page: the assistants and the line
    choices.py        what is chosen for the whole page, and what brings it about
    session.py        one browser tab: where its conversation stands
    shell.py          the page as a whole: head, tabs, and what they share
    conversations.py  the conversations beside the chat; keeping.py: keeps them
    ask.py            the Ask tab; within.py: which documents may answer
    documents.py      the Documents tab; document_routes.py: what it asks of the server
    trust.py          the Trust tab: what this set-up is worth, and measuring it
    settings.py       the Settings tab
    api.py            named endpoints for programs

Nothing here decides what is answered, proven or shown as proven.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rag import render, serving
from rag.config import Settings, data_folder, indexes_folder
from rag.errors import NotKeptError
from rag.library import Library
from rag.page.choices import Choices
from rag.page.conversations import exports
from rag.page.desk import AssistantLike, Desk
from rag.page.document_routes import DocumentRoutes
from rag.page.documents import Readings
from rag.page.keeping import Kept
from rag.page.shell import TAGLINE, TITLE, Shell
from rag.preferences import PreferenceFile

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
    "Kept",
    "OneAssistant",
    "build",
    "launch",
    "serve",
]

HOST, PORT, INDEX = serving.HOST, 7860, "seeds"
LIMITS = serving.Limits(body_bytes=40_000_000)  # a file of 29 MB through `gradio_client`
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
    return page.queue(max_size=64)


def launch(
    desk: Desk,
    host: str = HOST,
    port: int = PORT,
    *,
    examples: Sequence[str] = (),
    password: serving.Password | None = None,
    choices: Choices | None = None,
    on_start: Callable[[serving.Server], None] = lambda server: None,
) -> serving.Server:
    """Begin to serve the page and return; its assistant is opened from then on.

    Args:
        desk: what stands behind it.
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on, 0 for one that is free.
        examples: questions to click.
        password: asked for where it is set.
        choices: what is chosen for it; made where not given.
        on_start: called as soon as the port answers, before the page is laid out.

    Raises:
        ConfigError: the port is taken, or others could reach the page without a password.
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
    server = serving.Server(
        host, port, routes=routes, password=password, on_close=close, limits=LIMITS
    )
    server.start()
    on_start(server)
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
    return server


def serve(host: str = HOST, port: int = PORT, index: str = "", model: str = "") -> None:
    """Serve the page until interrupted.

    Args:
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on.
        index: the collection that a new window asks: a name, or the path of an index; by default
            the one that was asked last.
        model: a name from the catalogue, or the path of a GGUF file; by default the one chosen on
            the page.

    Raises:
        ConfigError: the port is taken, or others could reach the page without a password.
    """
    from rag.page.opening import SharedModel

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
    choices = Choices(desk, file)
    examples = EXAMPLES if first == INDEX else ()
    with launch(
        desk,
        host,
        port,
        examples=examples,
        password=serving.Password(),
        choices=choices,
        on_start=_greet,
    ) as server:
        server.wait()


def _greet(server: serving.Server) -> None:
    """Say in the terminal where the page is: its first paint does not wait for the rest of it."""
    sys.stdout.write(serving.greeting(TITLE, server))
    sys.stdout.flush()


def collections(first: str, library: Library) -> list[str]:
    """Return the names of the collections there are, the one a new window asks first."""
    found = [known.name for known in library.collections() if known.documents]
    return list(dict.fromkeys([first, *found]))
