"""What stands between a page and the network: who may ask, for what, and how much may be sent.

A browser lets any page it shows send requests to this machine. So another site's page is kept
out by what the browser says of it (`Origin`, `Sec-Fetch-Site`), and another site's name that
points here by `Host`. Programs say nothing of the kind and are let through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = ("127.0.0.1", "localhost", "::1")
SAFE = ("GET", "HEAD")

# Gradio needs inline code and `Function`; nothing may be fetched from or sent to elsewhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    # "no-referrer" would have the login form say that it comes from nowhere.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

_FILE = r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*"  # no name begins with a dot, so none leads upwards
_NAME = r"[\w-]{1,100}"
GRADIO = tuple(
    (methods, re.compile(pattern, re.ASCII))
    for methods, pattern in (
        (SAFE, "/"),
        (SAFE, rf"/(?:assets|static)/{_FILE}"),
        (SAFE, r"/(?:gradio_api/)?theme\.css"),
        (SAFE, r"/favicon\.ico"),
        (SAFE, "/config/?"),
        (SAFE, "/gradio_api/info/?"),
        (("GET",), f"/gradio_api/heartbeat/{_NAME}"),
        (("POST",), "/gradio_api/queue/join"),
        (("GET",), "/gradio_api/queue/data"),
        (("POST",), f"/gradio_api/(?:run|api)/{_NAME}/?"),
        (("POST",), f"/gradio_api/call/(?:v2/)?{_NAME}/?"),
        (("GET",), f"/gradio_api/call/(?:v2/)?{_NAME}/{_NAME}"),
        (("POST",), "/gradio_api/(?:cancel|reset)/?"),
    )
)
"""The routes of Gradio that pages and `gradio_client` use. All others are shut: those that serve
files and other sites (`file=`, `proxy=`, `stream`, `upload`), run a component's own functions or
edit the program."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken.

    Attributes:
        body_bytes: the longest body of a request; routes that take files have their own limit.
    """

    body_bytes: int = 1_000_000


def is_local(host: str) -> bool:
    """Tell whether an address is reached from this machine only."""
    if host.lower() in LOCAL:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed(method: str, path: str) -> bool | None:
    """Tell whether a request is one that Gradio may see; None where the method is the wrong one."""
    known = [methods for methods, pattern in GRADIO if pattern.fullmatch(path)]
    if not known:
        return False
    return True if any(method in methods for methods in known) else None


def sound(path: str) -> bool:
    """Tell whether a path goes downwards only and holds nothing that a file system might heed."""
    parts = path.split("/")
    return path.isprintable() and "\\" not in path and "." not in parts and ".." not in parts


def header(scope: Scope, name: bytes) -> str:
    """Return a header of a request, "" where there is none."""
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


async def say_no(send: Send, status: int, why: str, *more: tuple[bytes, bytes]) -> None:
    """Send a refusal in plain words."""
    body = f"{why}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status, "headers": [*headers, length, *more]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


class Headers:
    """Tells the browser with every reply to stay on this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add the headers to the reply."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers)


class Strangers:
    """Refuses what another site's page asks for, and other names for this machine.

    Args:
        app: what is guarded.
        host: the address that is listened on. One that only this machine reaches goes by its own
            names alone; who opens the page to a network may name it.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app = app
        self.local = is_local(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.local and not is_local(_hostname(header(scope, b"host"))):
            await say_no(send, 400, "This page goes by another name.")
        elif not self._from_here(scope):
            await say_no(send, 403, "Another site's page may not ask for this.")
        else:
            await self.app(scope, receive, send)

    def _from_here(self, scope: Scope) -> bool:
        """Tell whether our own page asks, or no page at all."""
        site = header(scope, b"sec-fetch-site")
        if site not in ("", "same-origin", "none") and not _follows_a_link(scope):
            return False
        origin = header(scope, b"origin")
        if not origin:
            return True
        # A proxy may have changed the host, and says so; a page cannot without being asked first.
        hosts = (header(scope, b"host"), header(scope, b"x-forwarded-host"))
        return urlsplit(origin).netloc.lower() in [host.lower() for host in hosts if host]


def _follows_a_link(scope: Scope) -> bool:
    """Tell whether a link to the page itself is followed, in a window of its own."""
    mode, dest = header(scope, b"sec-fetch-mode"), header(scope, b"sec-fetch-dest")
    page = scope["method"] in SAFE and scope["path"] in ("/", "/login")
    return page and mode == "navigate" and dest == "document"


def _hostname(host: str) -> str:
    """Return a `Host` header without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
