"""The login: who has not given the password gets nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool

from rag.errors import ConfigError
from rag.serving.front import send_html
from rag.serving.guards import SAFE, header, say_no
from rag.serving.looks import login_html, logout_html
from rag.serving.password import Password

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SESSION_S = 7 * 24 * 3600
MOST_SESSIONS = 1000
FREE_TRIES = 3
LONGEST_WAIT_S = 60.0
FORGOTTEN_S = 900.0
FORM_BYTES = 8_192


class Waits:
    """How long an address has to wait after wrong passwords: longer each time."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[int, float]] = {}  # how often, and when last

    def left_s(self, address: str) -> float:
        """Return for how many seconds the address may not try."""
        times, last = self._failed.get(_network(address), (0, 0.0))
        if times < FREE_TRIES:
            return 0.0
        wait = min(2.0 ** (times - FREE_TRIES), LONGEST_WAIT_S)
        return max(0.0, last + wait - monotonic())

    def failed(self, address: str) -> None:
        """Count a wrong password."""
        now = monotonic()
        self._failed = {k: v for k, v in self._failed.items() if v[1] > now - FORGOTTEN_S}
        times, _ = self._failed.get(_network(address), (0, 0.0))
        self._failed[_network(address)] = (times + 1, now)

    def passed(self, address: str) -> None:
        """Forget the wrong ones."""
        self._failed.pop(_network(address), None)


def _network(address: str) -> str:
    """Return what one machine cannot leave: its address, or the 2**64 it may choose from."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else address


@dataclass(frozen=True, slots=True)
class _Session:
    ends: float
    mark: str


class Gate:
    """Lets through who is logged in; to all others there is the login alone.

    Args:
        app: what is guarded.
        password: looked up for every request, so a change holds at once.
        port: part of the cookie's name, for browsers do not tell ports apart.
        always: nobody is let through while no password is set.
    """

    def __init__(self, app: ASGIApp, password: Password, port: int, *, always: bool) -> None:
        self.app = app
        self.password = password
        self.cookie = f"footnote-{port}"
        self.always = always
        self.waits = Waits()
        self._sessions: dict[bytes, _Session] = {}
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with the login."""
        if scope["type"] != "http" or not (self.always or self.password.is_set):
            await self.app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"].rstrip("/") or "/"
        asks_for_page = "text/html" in header(scope, b"accept")
        if path == "/login" and method == "POST":
            await self._log_in(scope, receive, send)
        elif path == "/login" and method in SAFE:
            await send_html(send, login_html())
        elif not self._knows(scope):
            if path == "/" and method in SAFE and asks_for_page:
                await _go(send, "/login")
            else:
                await say_no(send, 401, "Log in first.")
        elif path == "/logout" and method == "POST":
            self._sessions.pop(_digest(self._token(scope)), None)
            await _go(send, "/login", self._set_cookie(scope, "", 0))
        elif path == "/logout" and method in SAFE:
            await send_html(send, logout_html())
        else:
            await self.app(scope, receive, send)

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        from rag.render.words import say

        word = await _posted_word(receive)
        if word is None:
            await say_no(send, 413, "Too much.", (b"connection", b"close"))
            return
        client = scope.get("client")
        address = client[0] if client else ""
        fault, status, more = await self._fault(address, word)
        if fault:
            if "text/html" in header(scope, b"accept"):
                await send_html(send, login_html(fault), status, *more)
            else:
                await say_no(send, status, fault, *more)
            return
        cookie = self._set_cookie(scope, self._begin(), SESSION_S)
        if "text/html" in header(scope, b"accept"):
            await _go(send, "/", cookie)
        else:
            await say_no(send, 200, say("Logged in."), cookie)

    async def _fault(
        self, address: str, word: str
    ) -> tuple[str, int, tuple[tuple[bytes, bytes], ...]]:
        """Return what is wrong with a try, "" if nothing is, its status and headers.

        One try at a time: a hash takes memory and time.
        """
        from rag.render.words import say

        async with self._one_at_a_time:
            left_s = self.waits.left_s(address)
            if left_s > 0:
                seconds = int(left_s) + 1
                told = say(
                    "Too many wrong passwords. Wait {seconds} s, then try again.",
                    seconds=seconds,
                )
                return told, 429, ((b"retry-after", str(seconds).encode()),)
            try:
                matches = await run_in_threadpool(self.password.matches, word)
            except ConfigError as error:
                return str(error), 500, ()
            if matches:
                self.waits.passed(address)
                return "", 200, ()
            self.waits.failed(address)
            return say("This is not the password. Try again."), 401, ()

    def _begin(self) -> str:
        """Return the token of a new session."""
        now = monotonic()
        self._sessions = {k: s for k, s in self._sessions.items() if s.ends > now}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        token = secrets.token_urlsafe(32)
        self._sessions[_digest(token)] = _Session(now + SESSION_S, self.password.mark)
        return token

    def _knows(self, scope: Scope) -> bool:
        # Looked up by digest, so the time it takes says nothing of the tokens.
        session = self._sessions.get(_digest(self._token(scope)))
        if session is None or session.ends <= monotonic():
            return False
        return bool(session.mark) and session.mark == self.password.mark

    def _token(self, scope: Scope) -> str:
        for part in header(scope, b"cookie").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.cookie:
                return value
        return ""

    def _set_cookie(self, scope: Scope, token: str, age_s: int) -> tuple[bytes, bytes]:
        secure = "; Secure" if header(scope, b"x-forwarded-proto") == "https" else ""
        value = f"{self.cookie}={token}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}"
        return b"set-cookie", value.encode()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _go(send: Send, where: str, *more: tuple[bytes, bytes]) -> None:
    """Send the browser to another page."""
    headers = [(b"location", where.encode()), (b"cache-control", b"no-store"), *more]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _posted_word(receive: Receive) -> str | None:
    """Return the password of a form, None where more comes than such a form holds."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > FORM_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"))
    return fields.get("password", [""])[0]
