"""Which request goes where: a light page at first, then the real one, and another one after it.

Every page shown has a path of its own (`/p1`, `/p2`, ...), by which what was opened of it goes on
calling it when another one has taken its place. `/` is the page shown last. A program calls
without such a path and always meets the first page, so that what it began is where it looks.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rag.serving import looks
from rag.serving.guards import SAFE, Limits, allowed, header, say_no, sound

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_SHOWN = 8
READY_S = 2.0
DRAINED_BYTES, DRAINED_S = 32_000_000, 5
_OWN_PATH = re.compile(r"/p(\d{1,6})(/.*)", re.DOTALL)


class Shown:
    """A page that is served, from its start-up to its end."""

    def __init__(self, app: Starlette, path: str) -> None:
        self.app = app
        self.path = path
        self._end = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start it up; an error of its start-up is raised here."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(ready))
        await asyncio.wait([ready, self._task], return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            self._task.result()

    async def end(self) -> None:
        """Shut it down."""
        self._end.set()
        if self._task is not None:
            await self._task

    async def _live(self, ready: asyncio.Future[None]) -> None:
        async with self.app.router.lifespan_context(self.app):
            ready.set_result(None)
            await self._end.wait()


class Front:
    """The app behind the guards.

    Args:
        routes: of ours, beside the page.
        limits: how much is taken.
    """

    def __init__(self, routes: Sequence[BaseRoute], limits: Limits) -> None:
        self._routes = tuple(routes)
        self._limits = limits
        self._shown: dict[int, Shown] = {}
        self._count = 0
        self.loop: Future[asyncio.AbstractEventLoop] = Future()
        self._ready: asyncio.Event
        self._closing: asyncio.Event

    def add(self, routes: Sequence[BaseRoute]) -> None:
        """Answer more routes of ours."""
        self._routes += tuple(routes)

    async def show(self, app: Starlette) -> None:
        """Put a page in the place of the one shown last, which goes on for whoever has it open."""
        number = self._count = self._count + 1
        page = Shown(app, f"/p{number}")
        await page.begin()
        self._shown[number] = page
        self._ready.set()
        if len(self._shown) > MOST_SHOWN:
            oldest = sorted(self._shown)[1]  # but for the first, which programs call
            await self._shown.pop(oldest).end()

    def leave(self) -> None:
        """Tell everything that is still being answered that nobody waits for it."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            heard, said = _Heard(receive, self._closing), _Said(send)
            try:
                await self._answer(scope, heard, said)
            finally:
                heard.close()
            if self._closing.is_set():
                await said.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._ready, self._closing = asyncio.Event(), asyncio.Event()
        self.loop.set_result(asyncio.get_running_loop())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for page in self._shown.values():
            await page.end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.routing import Match

        if not sound(scope["path"]):
            await say_no(send, 404, "Not found.")
            return
        if scope["path"] == "/ready" and scope["method"] in SAFE:
            await self._tell_ready(send)
            return
        for route in self._routes:
            found, child = route.matches(scope)
            if found is Match.FULL:
                limit = getattr(route, "limit_bytes", self._limits.body_bytes)
                await limited(route.handle, {**scope, **child}, receive, send, limit)
                return
            if found is Match.PARTIAL:
                await say_no(send, 405, "Not done this way.")
                return
        await self._page(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass what a page may be asked for on to the page it belongs to."""
        own = _OWN_PATH.fullmatch(scope["path"])
        path = own[2] if own else scope["path"]
        may = allowed(scope["method"], path)
        if may is None:
            await say_no(send, 405, "Not done this way.")
        elif not may:
            await say_no(send, 404, "Not found.")
        elif not self._shown:
            await self._splash(path, send)
        else:
            page = self._meant(path, int(own[1]) if own else 0)
            called = {**scope, "path": page.path + path, "root_path": page.path}
            called["raw_path"] = called["path"].encode()
            await limited(page.app, called, receive, send, self._limits.body_bytes)

    def _meant(self, path: str, number: int) -> Shown:
        if number in self._shown:
            return self._shown[number]
        # Of an earlier run of the program, if it names one.
        newest = path == "/" or number
        return self._shown[max(self._shown) if newest else min(self._shown)]

    async def _splash(self, path: str, send: Send) -> None:
        if path != "/":
            await say_no(send, 503, "Opening; ask again in a moment.", (b"retry-after", b"1"))
            return
        await send_html(send, looks.splash_html())

    async def _tell_ready(self, send: Send) -> None:
        """Answer as soon as there is a page, or that there is none yet."""
        waiting = [asyncio.create_task(e.wait()) for e in (self._ready, self._closing)]
        try:
            await asyncio.wait(waiting, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        ready = b"true" if self._ready.is_set() else b"false"
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ready})


class _Heard:
    """What the client sends, and that it is gone: once it is, or once the server closes.

    Gradio's streams end only then, and some stay open as long as the page does. It also looks
    whether the client is gone without waiting, so that has to be known and not to be asked for.
    """

    def __init__(self, receive: Receive, closing: asyncio.Event) -> None:
        self._receive = receive
        self._closing = closing
        self._whole = False
        self._gone: list[asyncio.Future[Any]] = []

    async def __call__(self) -> Message:
        if not self._whole:
            message = await self._receive()
            self._whole = not message.get("more_body", False)
            return message
        if not self._gone:
            waited: list[Coroutine[Any, Any, Any]] = [self._told(), self._closing.wait()]
            self._gone = [asyncio.ensure_future(each) for each in waited]
        if not any(each.done() for each in self._gone):
            await asyncio.wait(self._gone, return_when=asyncio.FIRST_COMPLETED)
        return {"type": "http.disconnect"}

    def close(self) -> None:
        """Wait no longer."""
        for each in self._gone:
            each.cancel()

    async def _told(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class _Said:
    """What is sent, and whether that is all."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._open = False

    async def __call__(self, message: Message) -> None:
        start = message["type"] == "http.response.start"
        self._open = start or message.get("more_body", False)
        await self._send(message)

    async def end(self) -> None:
        """End a stream that was told that nobody waits for it, and stopped where it was."""
        if self._open:
            await self({"type": "http.response.body", "body": b""})


async def limited(app: ASGIApp, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    """Call an app with a body no longer than may be; a longer one is refused by us, at once."""
    from starlette.requests import ClientDisconnect

    told = header(scope, b"content-length")
    if told and (not told.isdecimal() or int(told) > limit):
        if not header(scope, b"expect"):
            await _drain(receive)
        await _refuse_size(send, limit)
        return
    taken = 0
    begun = refused = False

    async def counted() -> Message:
        nonlocal taken, refused
        message = await receive()
        taken += len(message.get("body", b""))
        if taken <= limit or refused:
            return message
        refused = True
        if not begun:
            if message.get("more_body", False):
                await _drain(receive)
            await _refuse_size(send, limit)
        return {"type": "http.disconnect"}

    async def noted(message: Message) -> None:
        nonlocal begun
        if not refused:
            begun = True
            await send(message)

    try:
        await app(scope, counted, noted)
    except ClientDisconnect:
        if not refused:
            raise


async def _drain(receive: Receive) -> None:
    """Throw away what comes, within reason: who is still sending does not hear a refusal."""
    taken, more = 0, True
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAINED_S):
            while more and taken < DRAINED_BYTES:
                message = await receive()
                taken += len(message.get("body", b""))
                more = message.get("more_body", False)


async def _refuse_size(send: Send, limit: int) -> None:
    most = f"{limit / 1e6:,.0f} MB" if limit >= 1e6 else f"{limit:,} bytes"
    await say_no(send, 413, f"Too much; {most} are taken.", (b"connection", b"close"))


async def send_html(send: Send, html: str, status: int = 200, *more: tuple[bytes, bytes]) -> None:
    """Send a page of ours, not to be kept by the browser."""
    body = html.encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
