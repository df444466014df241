"""Who may ask for what: every request here is one that somebody could send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import serving
from rag.serving.guards import allowed, is_local
from tests.fast.served import ask, page, post

OPEN = {
    "GET /",
    "GET /assets/{path:path}",
    "GET /config",
    "GET /config/",
    "GET /favicon.ico",
    "GET /gradio_api/call/v2/{api_name}/{event_id}",
    "GET /gradio_api/call/{api_name}/{event_id}",
    "GET /gradio_api/heartbeat/{session_hash}",
    "GET /gradio_api/info",
    "GET /gradio_api/info/",
    "GET /gradio_api/queue/data",
    "GET /gradio_api/theme.css",
    "GET /static/{path:path}",
    "GET /theme.css",
    "HEAD /",
    "POST /gradio_api/api/{api_name}",
    "POST /gradio_api/api/{api_name}/",
    "POST /gradio_api/call/v2/{api_name}",
    "POST /gradio_api/call/v2/{api_name}/",
    "POST /gradio_api/call/{api_name}",
    "POST /gradio_api/call/{api_name}/",
    "POST /gradio_api/cancel",
    "POST /gradio_api/queue/join",
    "POST /gradio_api/reset",
    "POST /gradio_api/reset/",
    "POST /gradio_api/run/{api_name}",
    "POST /gradio_api/run/{api_name}/",
}
SHUT = [
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("GET", "/gradio_api/file/etc/passwd"),
    ("GET", "/file=/etc/passwd"),
    ("GET", "/gradio_api/proxy=http://127.0.0.1:22/"),
    ("GET", "/gradio_api/stream/a/b/c/playlist.m3u8"),
    ("POST", "/gradio_api/stream/a"),
    ("POST", "/gradio_api/upload"),
    ("GET", "/gradio_api/upload_progress?upload_id=a"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/process_recording"),
    ("GET", "/gradio_api/deep_link?session_hash=a"),
    ("GET", "/gradio_api/dev/reload"),
    ("GET", "/gradio_api/runs"),
    ("POST", "/gradio_api/run-history/connect"),
    ("GET", "/gradio_api/custom_component/a/client/component/index.js"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/token"),
    ("GET", "/gradio_api/app_id"),
    ("GET", "/gradio_api/user"),
    ("GET", "/gradio_api/openapi.json"),
    ("GET", "/gradio_api/queue/status"),
    ("POST", "/gradio_api/vibe-edit"),
    ("GET", "/gradio_api/vibe-code"),
    ("GET", "/gradio_api/mcp/sse"),
    ("GET", "/monitoring"),
    ("GET", "/monitoring/summary"),
    ("GET", "/manifest.json"),
    ("GET", "/pwa_icon"),
    ("GET", "/robots.txt"),
    ("GET", "/svelte/index.js"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("POST", "/login"),
    ("GET", "/logout"),
]
UPWARDS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cwindows",
    "%252e%252e%252fetc%252fpasswd",
    "....//....//etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "./.env",
    "C:/windows/win.ini",
    "http://127.0.0.1/",
    "file:///etc/passwd",
    "a%00.js",
    "a%0d%0aset-cookie:%20a=b",
    "a/../../../routes.py",
]
BEHIND = [
    "/assets/",
    "/static/",
    "/static/js/",
    "/",
    "/p1/",
    "/p1/assets/",
    "/gradio_api/",
    "/gradio_api/heartbeat/",
    "/gradio_api/call/echo/",
    "/gradio_api/info/",
    "/config/",
    "/theme.css/",
    "/exports/",
]


asked: list[str] = []  # of a route of ours


@pytest.fixture(scope="module")
def server() -> Iterator[serving.Server]:
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def export(request: Request) -> PlainTextResponse:
        asked.append(request.path_params["name"])
        known = request.path_params["name"] == "a"
        return PlainTextResponse("exported" if known else "", 200 if known else 404)

    asked.clear()
    with serving.Server(routes=[Route("/exports/{name}", export)]) as server:
        server.show(serving.asgi(page(), ""))
        yield server


class TestRoutes:
    def test_of_all_that_gradio_serves_what_is_used_is_open(self) -> None:
        from starlette.routing import Mount, Route

        (mount,) = serving.asgi(page(), "").routes
        assert isinstance(mount, Mount)
        routes = list(mount.routes)
        for route in mount.routes:
            routes += getattr(getattr(route, "original_router", None), "routes", [])
        open_ = set()
        for route in routes:
            if not isinstance(route, Route):
                continue
            path = route.path.replace(":path", "")
            filled = path.format_map(dict.fromkeys(route.param_convertors, "name"))
            for method in route.methods or ():
                if allowed(method, filled):
                    open_.add(f"{method} {route.path}")
        assert len(routes) > 60, "all of them are looked at"
        assert open_ == OPEN

    @pytest.mark.parametrize(("method", "path"), SHUT)
    @pytest.mark.parametrize("prefix", ["", "/p1"])
    def test_the_others_are_shut(
        self, server: serving.Server, method: str, path: str, prefix: str
    ) -> None:
        body = b"{}" if method == "POST" else None
        reply = ask(server, prefix + path, method, body, content_type="application/json")
        assert (reply.status, reply.text) == (404, "Not found.\n")

    @pytest.mark.parametrize("path", UPWARDS)
    @pytest.mark.parametrize("behind", BEHIND)
    def test_no_path_leads_out(self, server: serving.Server, behind: str, path: str) -> None:
        reply = ask(server, behind + path)
        assert reply.status in (400, 404), reply.text
        assert len(reply.body) < 60
        assert "set-cookie" not in reply.headers
        assert str(Path.home()) not in reply.text
        assert not any("/" in name or "\\" in name or "\0" in name for name in asked)

    def test_a_file_of_the_page_that_is_not_there_names_no_path(
        self, server: serving.Server
    ) -> None:
        for path in ("/assets/none.js", "/static/js/none.js", "/p1/assets/a/b/none.js"):
            reply = ask(server, path)
            assert reply.status == 404
            assert "site-packages" not in reply.text
            assert len(reply.body) < 60

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
    def test_other_methods_are_not_known(self, server: serving.Server, method: str) -> None:
        for path in ("/", "/config", "/gradio_api/queue/join", "/exports/a"):
            assert ask(server, path, method).status == 405, path
        assert ask(server, "/gradio_api/queue/join", "GET").status == 405
        assert ask(server, "/", "POST", b"").status == 405
        assert ask(server, "/document", method).status == 404

    def test_no_socket_is_opened(self, server: serving.Server) -> None:
        headers = {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec_websocket_version": "13",
            "sec_websocket_key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        assert ask(server, "/gradio_api/queue/join", **headers).status in (400, 405)


class TestFiles:
    @pytest.mark.parametrize(
        "file",
        [
            {"path": "/etc/passwd"},
            {"path": "http://192.0.2.1/file"},
            {"path": "x", "url": "http://192.0.2.1/file"},
            {"path": "/etc/passwd", "is_stream": True},
        ],
    )
    @pytest.mark.parametrize("way", ["call", "run", "join"])
    def test_none_is_read_or_fetched(
        self,
        server: serving.Server,
        file: dict[str, object],
        way: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from gradio import processing_utils

        fetched: list[object] = []

        def fetch(*args: object, **_: object) -> str:
            fetched.append(args)
            return "x"

        monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", fetch)
        monkeypatch.setattr(processing_utils, "save_file_to_cache", fetch)
        hostile = {**file, "meta": {"_type": "gradio.FileData"}}
        data = {"data": [{"deep": [hostile]}], "session_hash": f"h{way}", "fn_index": 0}
        if way == "run":
            reply = post(server, "/gradio_api/run/echo", data)
            assert reply.status == 500
            told = reply.text
        elif way == "call":
            event = post(server, "/gradio_api/call/echo", data).json()["event_id"]
            told = ask(server, f"/gradio_api/call/echo/{event}").text
            assert "event: error" in told
        else:
            assert post(server, "/gradio_api/queue/join", data).status == 200
            told = ask(server, f"/gradio_api/queue/data?session_hash=h{way}").text
            assert '"success":false' in told
        assert "Files are not taken here." in told
        assert "passwd" not in told
        assert fetched == []

    def test_an_error_of_the_program_tells_nothing(self, server: serving.Server) -> None:
        reply = post(server, "/gradio_api/run/count", {"data": ["no number"]})
        assert reply.status == 500
        assert "Traceback" not in reply.text
        assert json.loads(reply.text)["error"] is None


class TestSizes:
    def test_a_body_that_is_too_long_is_refused_unread(self, server: serving.Server) -> None:
        path, told = "/gradio_api/queue/join", "99999999999999999999"
        reply = ask(server, path, "POST", content_length=told, expect="100-continue")
        assert reply.status == 413, "before anything is sent"
        for told in ("-1", "x"):
            assert ask(server, path, "POST", content_length=told).status == 400, told
        reply = post(server, "/gradio_api/call/echo", {"data": ["x" * 1_000_000]})
        assert (reply.status, reply.text) == (413, "Too much; 1 MB are taken.\n")

    def test_one_that_tells_no_length_is_refused_when_it_gets_too_long(
        self, server: serving.Server
    ) -> None:
        sent: list[int] = []

        def pieces() -> Iterator[bytes]:
            yield b'{"data": ["'
            for _ in range(200):
                sent.append(1)
                yield b"x" * 100_000

        try:
            reply = ask(
                server,
                "/gradio_api/call/echo",
                "POST",
                pieces(),
                content_type="application/json",
            )
        except (BrokenPipeError, ConnectionResetError):
            return  # refused before everything was sent
        assert reply.status == 413

    def test_headers_have_a_limit(self, server: serving.Server) -> None:
        for path, headers in (("/config", {"cookie": "x" * 200_000}), (f"/?{'x' * 200_000}", {})):
            try:
                assert ask(server, path, **headers).status in (400, 414, 431)
            except (BrokenPipeError, ConnectionResetError):
                continue  # refused before everything was sent


class TestStrangers:
    @pytest.mark.parametrize(
        "host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "127.0.0.1:9"]
    )
    def test_this_machine_goes_by_its_own_names(self, server: serving.Server, host: str) -> None:
        assert ask(server, "/config", host=host).status == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil",
            "0.0.0.0",
            "",
            "[",
            "@",
            "a:b:c",
        ],
    )
    def test_no_other_name_reaches_the_page(self, server: serving.Server, host: str) -> None:
        for path in ("/", "/ready", "/exports/a", "/gradio_api/info"):
            reply = ask(server, path, host=host)
            assert reply.status == 400, path
            assert "First" not in reply.text

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": "http://127.0.0.1:1"},
            {"origin": "https://127.0.0.1.evil.example"},
            {"origin": "file://"},
            {"origin": ""},
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
            {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
            {"sec_fetch_site": "cross-site", "origin": "http://localhost"},
        ],
    )
    def test_another_sites_page_cannot_post(
        self, server: serving.Server, headers: dict[str, str]
    ) -> None:
        for path in ("/gradio_api/call/echo", "/gradio_api/run/echo", "/p1/gradio_api/cancel"):
            for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
                reply = post(server, path, {"data": ["x"]}, content_type=kind, **headers)
                if headers == {"origin": ""}:
                    continue
                assert reply.status == 403, (path, kind)

    def test_another_sites_page_cannot_read(self, server: serving.Server) -> None:
        for mode in ("no-cors", "cors", "navigate"):
            strange = {"sec_fetch_site": "cross-site", "sec_fetch_mode": mode}
            for path in ("/config", "/exports/a", "/gradio_api/info", "/ready"):
                assert ask(server, path, **strange, sec_fetch_dest="iframe").status == 403
        reply = ask(server, "/config", origin=f"http://127.0.0.1:{server.port}")
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]

    def test_a_link_to_the_page_may_be_followed(self, server: serving.Server) -> None:
        link = {
            "sec_fetch_site": "cross-site",
            "sec_fetch_mode": "navigate",
            "sec_fetch_dest": "document",
        }
        assert ask(server, "/", **link).status == 200
        assert ask(server, "/config", **link).status == 403
        assert ask(server, "/", **{**link, "sec_fetch_dest": "iframe"}).status == 403

    def test_our_own_page_and_programs_may(self, server: serving.Server) -> None:
        for host in (f"127.0.0.1:{server.port}", f"localhost:{server.port}"):
            own = {"host": host, "origin": f"http://{host}", "sec_fetch_site": "same-origin"}
            assert post(server, "/gradio_api/call/echo", {"data": ["x"]}, **own).status == 200
        assert post(server, "/gradio_api/call/echo", {"data": ["x"]}).status == 200
        behind = {"x_forwarded_host": "docs.example", "origin": "https://docs.example"}
        assert post(server, "/gradio_api/call/echo", {"data": ["x"]}, **behind).status == 200


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.4", False),
        ("localhost.example", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(host: str, local: bool) -> None:
    assert is_local(host) is local
