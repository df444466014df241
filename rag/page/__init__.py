"""The web page: what a person sees and does; `rag.assistant` answers, `rag.render` writes.

    starting.py       lays the page out and serves it
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

import sys
from typing import TYPE_CHECKING, Any

from rag import serving

if TYPE_CHECKING:
    from rag.page.starting import (
        Choices,
        Desk,
        Kept,
        OneAssistant,
        build,
        collections,
        launch,
    )

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
    "collections",
    "launch",
    "serve",
]

HOST, PORT, INDEX = serving.HOST, 7860, "seeds"
LIMITS = serving.Limits(body_bytes=40_000_000)  # a file of 29 MB through `gradio_client`
TITLE = "Footnote"
TAGLINE = "answers from your own documents, every sentence proven"
EXAMPLES = (
    "what conditions did Microsoft set?",
    "Which principles for facial recognition has Microsoft been promoting?",
    "What did Amazon and IBM announce?",
    "Who praised Microsoft's decision?",
    "What is the population of Seattle?",
)


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
    server = serving.Server(host, port, password=serving.Password(), limits=LIMITS)
    with server:
        sys.stdout.write(serving.greeting(TITLE, server))
        sys.stdout.flush()
        # The port answers by now; everything else takes its time to be loaded.
        from rag.page.starting import begin

        begin(server, index, model)
        server.wait()


def __getattr__(name: str) -> Any:
    """Load what stands behind the page when it is first asked for."""
    if name in __all__:
        from rag.page import starting

        return getattr(starting, name)
    raise AttributeError(f"module 'rag.page' has no attribute {name!r}")
