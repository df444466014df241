"""The port and its thread: it answers from the first moment, whatever takes its time to build."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError
from rag.serving.guards import Limits, is_local

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from rag.serving.front import Front
    from rag.serving.password import Password

HOST = "127.0.0.1"
END_S = 3


class Server:
    """One port: a light page at once, the real one when it is shown, another one after it.

    As a context it starts, and closes whatever happens. While it runs, SIGTERM ends the program
    as Ctrl-C does: by an exception in the main thread.

    Args:
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on; 0 takes one that is free.
        routes: of ours, beside the page; see `routes.py`.
        password: asked for where it is set; any other address than this machine's needs one.
        on_close: stops the work under way; called first when the server closes.
        limits: how much is taken.
    """

    def __init__(
        self,
        host: str = HOST,
        port: int = 0,
        *,
        routes: Sequence[BaseRoute] = (),
        password: Password | None = None,
        on_close: Callable[[], None] | None = None,
        limits: Limits = Limits(),  # noqa: B008  it is frozen
    ) -> None:
        self.host = host
        self.port = port
        self._routes = list(routes)
        self._password = password
        self._on_close = on_close
        self._limits = limits
        self._front: Front | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._before: Any = None
        self._closed = threading.Event()

    @property
    def url(self) -> str:
        """Where the page is, seen from this machine."""
        host = self.host if is_local(self.host) else HOST
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        """Take the port and begin to answer.

        Raises:
            ConfigError: the port or the address cannot be had, gradio is not installed, or others
                could reach the page without a password.
        """
        if not is_local(self.host) and (self._password is None or not self._password.is_set):
            raise ConfigError(
                f"{self.host} can be reached from other machines, so the page needs a password: "
                "set one with `rag password set`."
            )
        try:
            import uvicorn

            from rag.serving.front import Front
        except ModuleNotFoundError as error:
            raise ConfigError("The page needs gradio: run `pip install 'rag[web]'`.") from error
        taken = _listen(self.host, self.port)
        self.port = taken.getsockname()[1]
        self._front = Front(self._routes, self._limits)
        config = uvicorn.Config(
            self._guarded(self._front),
            lifespan="on",
            http="h11",
            ws="none",
            loop="asyncio",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=END_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([taken],), name="server", daemon=True
        )
        self._thread.start()
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, _end)

    def add(self, routes: Sequence[BaseRoute], on_close: Callable[[], None]) -> None:
        """Answer routes of ours that were made after the start, and end their work on closing.

        Args:
            routes: beside those that there are.
            on_close: stops the work under way, in place of what was given before.
        """
        assert self._front is not None, "started"
        self._front.add(routes)
        self._on_close = on_close

    def show(self, app: Starlette) -> None:
        """Serve an app at `/` from now on; called from any thread but the server's own.

        What is open of the one before goes on, until it is loaded anew.
        """
        assert self._front is not None, "started"
        if threading.current_thread() is self._thread:
            raise RuntimeError("show() waits for the server's thread; call it from another one.")
        loop = self._front.loop.result(timeout=30)
        asyncio.run_coroutine_threadsafe(self._front.show(app), loop).result()

    def wait(self) -> None:
        """Serve until Ctrl-C, SIGTERM or `close`, and close.

        Raises:
            KeyboardInterrupt: by Ctrl-C.
            SystemExit: by SIGTERM.
        """
        try:
            self._closed.wait()
        finally:
            self.close()

    def close(self) -> None:
        """Stop the work, end every page, and give the port back; done once."""
        if self._closed.is_set():
            return
        self._closed.set()
        try:
            if self._on_close is not None:
                # The work first: the server waits for those it answers.
                self._on_close()
        finally:
            self._end()

    def _end(self) -> None:
        if self._thread is not None and self._server is not None and self._front is not None:
            loop = self._front.loop.result(timeout=30)
            loop.call_soon_threadsafe(self._front.leave)
            self._server.should_exit = True
            if self._thread is not threading.current_thread():
                self._thread.join(2 * END_S)
        if self._before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._before)

    def __enter__(self) -> Server:
        """Start, if that has not been done."""
        if self._thread is None:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _guarded(self, front: ASGIApp) -> ASGIApp:
        from rag.serving.guards import Headers, Strangers
        from rag.serving.login import Gate

        inner = front
        if self._password is not None:
            inner = Gate(front, self._password, self.port, always=not is_local(self.host))
        return Headers(Strangers(inner, self.host))


def greeting(title: str, server: Server) -> str:
    """Return what the terminal says of a server that has started."""
    line = f"{title} is at {server.url} (Ctrl-C stops it)\n"
    if is_local(server.host):
        return line
    return (
        f"{line}Other machines reach it at port {server.port} of this machine's address; they are "
        "asked for the password.\nThe connection is not encrypted: whoever can listen in on the "
        "network can read it, unless a proxy in front of it encrypts.\n"
    )


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ConfigError: the port is taken or not ours to take, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"port {port} is taken; give another one with --port."
        elif error.errno == errno.EACCES:
            why = f"port {port} is kept for the system; give one above 1023 with --port."
        else:
            why = f"{host} is no address of this machine; give another one with --host."
        raise ConfigError(why) from error


def _end(number: int, frame: FrameType | None) -> None:
    """End the program as Ctrl-C does, so that what is open is closed on the way."""
    raise SystemExit(128 + number)
