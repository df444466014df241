"""The server: at once a light page, then the real one, then another; and a clean end."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from rag import serving
from rag.errors import ConfigError
from tests.fast.served import ask, called, page, post, result_of

ROOT = Path(__file__).parents[2]


def plain(text: str) -> Starlette:
    """Return an app that says one thing wherever it is asked."""

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{text} at {request.url.path}")

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


def hear(connection: socket.socket, words: bytes) -> None:
    """Wait until some words have come."""
    connection.settimeout(20)
    heard = b""
    while words not in heard:
        piece = connection.recv(9999)
        assert piece, heard
        heard += piece


@pytest.fixture
def server() -> Iterator[serving.Server]:
    with serving.Server() as server:
        yield server


@pytest.fixture(scope="module")
def shown() -> Iterator[serving.Server]:
    with serving.Server() as server:
        server.show(serving.asgi(page(), "<style>.mine {}</style>"))
        yield server


class TestFirst:
    def test_the_port_answers_before_there_is_a_page(self, server: serving.Server) -> None:
        reply = ask(server, "/")
        assert reply.status == 200
        assert "Opening Footnote" in reply.text
        assert 'http-equiv="refresh"' in reply.text, "without scripts it asks anew"
        assert reply.headers["cache-control"] == "no-store"
        assert "default-src 'self'" in reply.headers["content-security-policy"]
        assert not re.search(r"(src|href)=.?(https?:)?//", reply.text)

    def test_programs_are_told_to_wait(self, server: serving.Server) -> None:
        reply = ask(server, "/gradio_api/info")
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")

    def test_ready_answers_as_soon_as_the_page_is_there(self, server: serving.Server) -> None:
        began = time.monotonic()
        assert ask(server, "/ready").json() is False
        assert time.monotonic() - began < 10
        heard: list[Any] = []
        waiting = threading.Thread(target=lambda: heard.append(ask(server, "/ready").json()))
        waiting.start()
        server.show(plain("first"))
        waiting.join()
        assert heard == [True]
        assert ask(server, "/ready").json() is True
        assert ask(server, "/").text == "first at /p1/"

    def test_loading_the_package_loads_neither_gradio_nor_starlette(self) -> None:
        code = "import sys, rag.serving; rag.serving.Server(); "
        code += "assert not {'gradio', 'starlette', 'uvicorn', 'numpy'} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

    def test_the_colours_are_those_of_the_page(self) -> None:
        own = (ROOT / "rag/serving/looks.css").read_text(encoding="utf-8")
        looks = (ROOT / "rag/render/looks/1-frame.css").read_text(encoding="utf-8")

        def colours(text: str, name: str) -> list[str]:
            return re.findall(rf"--(?:fn-)?{name}: (#\w+);", text)

        for name in ("paper", "card", "ink", "soft", "line", "green", "on-green", "red"):
            assert len(colours(own, name)) == 2, name
            assert colours(own, name) == colours(looks, name), name


class TestShow:
    def test_another_page_takes_its_place_and_what_is_open_goes_on(
        self, server: serving.Server
    ) -> None:
        for text in ("first", "second"):
            server.show(plain(text))
        assert ask(server, "/").text == "second at /p2/"
        assert ask(server, "/p1/config").text == "first at /p1/config"
        assert ask(server, "/p2/config").text == "second at /p2/config"
        assert ask(server, "/config").text == "first at /p1/config", "what programs call"
        assert ask(server, "/p9/config").text == "second at /p2/config", "of an earlier run"

    def test_old_pages_end_but_for_the_first(self, server: serving.Server) -> None:
        for number in range(1, 11):
            server.show(plain(str(number)))
        assert ask(server, "/p1/config").text == "1 at /p1/config"
        assert ask(server, "/p2/config").text == "10 at /p10/config"
        assert ask(server, "/p4/config").text == "4 at /p4/config"
        assert ask(server, "/").text == "10 at /p10/"

    def test_an_error_of_its_start_is_raised(self, server: serving.Server) -> None:
        from contextlib import asynccontextmanager

        def fail() -> None:
            raise ValueError("cannot start")

        @asynccontextmanager
        async def broken(_: Starlette) -> AsyncIterator[None]:
            fail()
            yield

        with pytest.raises(ValueError, match="cannot start"):
            server.show(Starlette(lifespan=broken))
        assert "Opening" in ask(server, "/").text

    def test_from_the_servers_own_thread_it_would_wait_for_itself(self) -> None:
        told: list[str] = []

        async def answer(_: Request) -> PlainTextResponse:
            with pytest.raises(RuntimeError, match="another one"):
                own.show(plain("x"))
            told.append("raised")
            return PlainTextResponse("")

        own = serving.Server(routes=[Route("/swap", answer)])
        with own:
            ask(own, "/swap")
        assert told == ["raised"]


class TestGradio:
    def test_page_and_looks(self, shown: serving.Server) -> None:
        reply = ask(shown, "/")
        assert reply.status == 200
        config = ask(shown, "/config").json()
        assert config["title"] == "First"
        assert config["footer_links"] == []
        assert not config["analytics_enabled"]
        assert config["root"] == f"http://127.0.0.1:{shown.port}/p1"
        assert ".mine {}" in config["head"]
        assert "system-ui" in ask(shown, "/p1/theme.css").text
        script = re.search(r'src="\./(assets/index-[\w-]+\.js)"', reply.text)
        assert script
        assert ask(shown, f"/{script[1]}").status == 200

    def test_programs_call_it(self, shown: serving.Server) -> None:
        assert called(shown, "echo", "words") == ["words"]
        assert list(ask(shown, "/gradio_api/info").json()["named_endpoints"]) == ["/echo", "/count"]
        reply = post(shown, "/gradio_api/run/echo", {"data": ["at once"]})
        assert reply.json()["data"] == ["at once"]

    def test_gradio_client_calls_it(self, shown: serving.Server) -> None:
        client = pytest.importorskip("gradio_client").Client(
            shown.url, verbose=False, analytics_enabled=False
        )
        assert client.predict("words", api_name="/echo") == "words"
        assert client.submit(0.01, api_name="/count").result() == "3"
        client.close()

    def test_what_was_begun_goes_on_when_another_page_is_shown(self) -> None:
        with serving.Server() as server:
            server.show(serving.asgi(page(says="old "), ""))
            data = {"data": [0.3], "session_hash": "tab1", "fn_index": 1}
            event = post(server, "/gradio_api/call/count", {"data": [0.3]}).json()["event_id"]
            assert post(server, "/p1/gradio_api/queue/join", data).status == 200
            server.show(serving.asgi(page("Second", says="new "), ""))
            assert result_of(server, "count", event) == ["old 3"]
            stream = ask(server, "/p1/gradio_api/queue/data?session_hash=tab1").text
            assert '"data":["old 3"]' in stream
            assert "process_completed" in stream
            assert "Second" in ask(server, "/").text
            assert ask(server, "/p1/config").json()["title"] == "First"
            reply = post(server, "/p2/gradio_api/run/echo", {"data": ["words"]})
            assert reply.json()["data"] == ["new words"]


class TestRoutes:
    def test_they_stand_beside_the_page_behind_the_guards(self) -> None:
        async def export(request: Request) -> PlainTextResponse:
            return PlainTextResponse(f"number {request.path_params['id']}")

        with serving.Server(routes=[Route("/exports/{id:int}", export)]) as server:
            assert ask(server, "/exports/7").text == "number 7", "before there is a page"
            server.show(plain("page"))
            reply = ask(server, "/exports/7")
            assert reply.text == "number 7"
            assert "content-security-policy" in reply.headers
            assert ask(server, "/exports/x").status == 404
            assert ask(server, "/exports/7", "POST", b"").status == 405
            assert ask(server, "/exports/7", sec_fetch_site="cross-site").status == 403

    def test_uploads_have_a_limit_of_their_own(self) -> None:
        read: list[int] = []

        async def take(request: Request) -> PlainTextResponse:
            size = 0
            async for piece in request.stream():
                size += len(piece)
            read.append(size)
            return PlainTextResponse(str(size))

        routes = [serving.upload("/files", take, 3_000_000)]
        limits = serving.Limits(body_bytes=1000)
        with serving.Server(routes=routes, limits=limits) as server:
            assert ask(server, "/files", "POST", b"x" * 2_000_000).text == "2000000"
            told = ask(server, "/files", "POST", b"x" * 3_000_001)
            assert (told.status, told.text) == (413, "Too much; 3 MB are taken.\n")
            pieces = (b"x" * 100_000 for _ in range(31))
            assert ask(server, "/files", "POST", pieces).status == 413, "told no length"
        assert read == [2_000_000]


class TestStart:
    def test_a_taken_port_is_told_with_the_cure(self, server: serving.Server) -> None:
        with pytest.raises(ConfigError) as told:
            serving.Server(port=server.port).start()
        assert str(told.value) == f"port {server.port} is taken; give another one with --port."

    def test_an_address_of_another_machine_is_told(self, tmp_path: Path) -> None:
        password = serving.Password(tmp_path / "password.json")
        password.set("long enough")
        with pytest.raises(ConfigError, match="--host"):
            serving.Server("192.0.2.1", password=password).start()

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "", "my-machine"])
    def test_other_machines_need_a_password(self, host: str, tmp_path: Path) -> None:
        for password in (None, serving.Password(tmp_path / "password.json")):
            with pytest.raises(ConfigError, match="rag password set"):
                serving.Server(host, password=password).start()

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "::1"])
    def test_this_machine_needs_none(self, host: str) -> None:
        if host == "::1" and not socket.has_dualstack_ipv6():
            pytest.skip("no IPv6 here")
        with serving.Server(host) as server:
            assert server.url.startswith("http://")
            assert str(server.port) in server.url

    def test_what_the_terminal_says(self, tmp_path: Path) -> None:
        with serving.Server() as server:
            line = f"Footnote is at http://127.0.0.1:{server.port} (Ctrl-C stops it)\n"
            assert serving.greeting("Footnote", server) == line
        password = serving.Password(tmp_path / "password.json")
        password.set("long enough")
        with serving.Server("0.0.0.0", password=password) as server:
            told = serving.greeting("Footnote", server)
            assert f"http://127.0.0.1:{server.port}" in told
            assert "Other machines" in told
            assert "not encrypted" in told


SCRIPT = """
import signal, sys, threading, time
# Whatever was started in the background of a shell ignores Ctrl-C from the beginning.
signal.signal(signal.SIGINT, signal.default_int_handler)
from rag import serving
from tests.fast.served import page

work = threading.Event()

def on_close():
    work.set()
    print("stopped", flush=True)

server = serving.Server(on_close=on_close)
with server:
    server.show(serving.asgi(page(), ""))
    print(server.port, flush=True)
    server.wait()
"""


class TestEnd:
    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)]
    )
    def test_signals_stop_the_work_and_end_what_is_open(
        self, number: signal.Signals, status: int
    ) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as process:
            assert process.stdout
            assert process.stderr
            try:
                port = int(process.stdout.readline())
                with (
                    socket.create_connection(("127.0.0.1", port)) as beating,
                    socket.create_connection(("127.0.0.1", port)) as counting,
                ):
                    head = "HTTP/1.1\r\nhost: localhost\r\n"
                    beating.sendall(f"GET /p1/gradio_api/heartbeat/tab1 {head}\r\n".encode())
                    hear(beating, b"200 OK")
                    body = json.dumps({"data": [1.0], "session_hash": "tab1", "fn_index": 1})
                    join = (
                        f"POST /p1/gradio_api/queue/join {head}content-type: application/json\r\n"
                    )
                    counting.sendall(f"{join}content-length: {len(body)}\r\n\r\n{body}".encode())
                    hear(counting, b"event_id")
                    stream = f"GET /p1/gradio_api/queue/data?session_hash=tab1 {head}\r\n"
                    counting.sendall(stream.encode())
                    hear(counting, b"200 OK")
                    began = time.monotonic()
                    process.send_signal(number)
                    assert process.wait(20) == status
                    assert time.monotonic() - began < 8
            finally:
                process.kill()
            assert process.stdout.read() == "stopped\n"
            told = process.stderr.read()
        assert told == "" if number is signal.SIGTERM else "KeyboardInterrupt" in told
        assert "ERROR" not in told
        assert "Task" not in told

    def test_closing_frees_the_port_and_is_done_once(self) -> None:
        closed: list[str] = []
        server = serving.Server(on_close=lambda: closed.append("work"))
        server.start()
        server.close()
        server.close()
        assert closed == ["work"]
        with serving.Server(port=server.port):
            pass

    def test_a_stream_of_ours_ends_with_the_server(self) -> None:
        ended = threading.Event()

        async def endless(_: Request) -> StreamingResponse:
            async def pieces() -> Any:
                import asyncio

                try:
                    while True:
                        yield "x"
                        await asyncio.sleep(0.05)
                finally:
                    ended.set()

            return StreamingResponse(pieces())

        with (
            serving.Server(routes=[Route("/endless", endless)]) as server,
            socket.create_connection(("127.0.0.1", server.port)) as open_,
        ):
            open_.sendall(b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n")
            hear(open_, b"200 OK")
            began = time.monotonic()
            server.close()
            assert ended.wait(1)
            assert time.monotonic() - began < 2
