"""Our server for Gradio pages: the port answers at once, and only what the page needs is served.

    server.py    the port and its thread: start, show a page, wait, close
    front.py     which request goes where; a light page until the real one is built
    guards.py    who may ask for what: hosts, origins, the routes of Gradio that are used, sizes
    password.py  the password, kept hashed
    login.py     the login that stands before everything else where there is a password
    routes.py    routes of ours beside the page's
    pages.py     parts of a page, and a page of Gradio as an app that can be served
    looks.py     the pages without Gradio: while the real one is built, and the login

Nothing is fetched from or sent to elsewhere. Loading this package loads neither Gradio nor
Starlette; both come with the extra `web`.
"""

from rag.serving.guards import LOCAL, Limits, is_local
from rag.serving.pages import asgi, blocks, html_part
from rag.serving.password import Password
from rag.serving.routes import Draw, document_pages, upload
from rag.serving.server import HOST, Server, greeting

__all__ = [
    "HOST",
    "LOCAL",
    "Draw",
    "Limits",
    "Password",
    "Server",
    "asgi",
    "blocks",
    "document_pages",
    "greeting",
    "html_part",
    "is_local",
    "upload",
]
