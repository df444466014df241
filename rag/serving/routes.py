"""Routes of ours, given to a server beside the page: every one stands behind its guards.

A route is Starlette's: `Route("/exports/{id}", answer)`. One that takes files is made by
`upload`, which says how much it takes; any other takes as much as `Limits.body_bytes`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rag.errors import RagError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

_MARKED = re.compile(r"\d{1,9}-\d{1,9}(?:,\d{1,9}-\d{1,9})*")
_MOST_MARKED = 2_000  # characters

Draw = Callable[[str, int, list[tuple[int, int]]], bytes]
"""From the id of a document, a page and marked stretches of its text to a PNG file.

Raises KeyError or RagError where there is no such page.
"""


def upload(path: str, answer: Callable[[Request], Awaitable[Response]], limit_bytes: int) -> Route:
    """Return a route to which files are posted.

    Args:
        path: as Starlette writes it.
        answer: takes the request; its stream ends early, and the answer is not sent, where more
            comes than may.
        limit_bytes: the longest body that is taken.
    """
    from starlette.routing import Route

    route = Route(path, answer, methods=["POST"])
    route.limit_bytes = limit_bytes  # type: ignore[attr-defined]  # read by the front
    return route


def document_pages(draw: Draw) -> Route:
    """Return the route that serves pages of documents; only what is drawn can be asked for."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response
    from starlette.routing import Route

    from rag.render import PAGES

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
