"""What our pages share: parts of our own, and serving to this machine alone.

Nothing is fetched from or sent to elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, RagError
from rag.render import PAGES

if TYPE_CHECKING:
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
LOCAL = (HOST, "localhost")
_MARKED = re.compile(r"\d{1,9}-\d{1,9}(?:,\d{1,9}-\d{1,9})*")
_MOST_MARKED = 2_000  # characters

# Gradio needs inline code and `Function`; nothing may be fetched from or sent to elsewhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


def html_part(value: str, elem_id: str) -> gr.HTML:
    """Return a part of a page that is ours alone, without the looks of Gradio."""
    import gradio as gr

    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def blocks(title: str) -> gr.Blocks:
    """Return a page to be laid out; a program may leave out parameters that have a default."""
    import gradio as gr
    from gradio.components.api_component import Api

    class Blocks(gr.Blocks):  # type: ignore[misc]  # Gradio is not typed
        """Gradio's own fill in defaults for its clients, not for whoever posts plain JSON."""

        def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
            left_out = block_fn.inputs[len(inputs) :]
            if all(isinstance(each, Api) and each.value is not None for each in left_out):
                inputs += [each.value for each in left_out]
            super().validate_inputs(block_fn, inputs)

    return Blocks(title=title, analytics_enabled=False, fill_width=True)


Draw = Callable[[str, int, list[tuple[int, int]]], bytes]
"""From the id of a document, a page and marked stretches of its text to a PNG file.

Raises KeyError or RagError where there is no such page.
"""


def launch(page: gr.Blocks, host: str, port: int, head: str, draw: Draw | None = None) -> None:
    """Begin to serve a page and return.

    Args:
        page: what is served.
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on.
        head: HTML for the page's head, its looks and scripts.
        draw: draws pages of documents, which are served beside it.

    Raises:
        ConfigError: the port is taken.
    """
    import gradio as gr

    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    try:
        page.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            mcp_server=False,
            run_history=False,
            footer_links=[],
            theme=gr.themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"]),
            head=head,
            app_kwargs={"middleware": guards(host)},
        )
    except OSError as error:
        raise ConfigError(f"port {port} is taken; give another one with --port.") from error
    if draw is not None:
        page.app.router.routes.insert(0, _pages(draw))


def _pages(draw: Draw) -> Route:
    """Return the route that serves pages of documents; only what is drawn can be asked for."""
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def answer(request: Request) -> Response:
        marked = request.query_params.get("marked", "")
        if len(marked) > _MOST_MARKED or (marked and not _MARKED.fullmatch(marked)):
            return Response(status_code=400)
        spans = [tuple(map(int, each.split("-"))) for each in marked.split(",") if each]
        document, page = request.path_params["document"], request.path_params["page"]
        try:
            picture = await run_in_threadpool(draw, document, page, [(a, b) for a, b in spans])
        except (KeyError, RagError):
            return Response(status_code=404)
        keep = {"cache-control": "private, max-age=3600"}
        return Response(picture, media_type="image/png", headers=keep)

    return Route(f"/{PAGES}/{{document}}/{{page:int}}", answer)


def guards(host: str) -> list[Middleware]:
    """Return what stands between a page and the network."""
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    if host not in LOCAL:
        return [Middleware(Headers)]
    # Another site's name could be pointed at this machine to read the documents through it.
    return [Middleware(Headers), Middleware(TrustedHostMiddleware, allowed_hosts=list(LOCAL))]


class Headers:
    """Tells the browser with every reply to stay on this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add the headers to the reply."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", POLICY.encode()),
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self.app(scope, receive, with_headers)
