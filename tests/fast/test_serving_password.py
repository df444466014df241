"""The password: how it is kept, and that nothing is served without it."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result

from rag import serving
from rag.cli import main
from rag.errors import ConfigError
from rag.serving import login
from rag.serving.login import Waits
from tests.fast.served import Reply, ask, page, post

WORD = "correct horse é"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def password(tmp_path_factory: pytest.TempPathFactory) -> serving.Password:
    password = serving.Password(tmp_path_factory.mktemp("data") / "deep" / "password.json")
    password.set(WORD)
    return password


class TestKept:
    def test_the_file_holds_a_hash_and_is_the_owners_alone(
        self, password: serving.Password
    ) -> None:
        text = password.path.read_text(encoding="utf-8")
        assert WORD not in text
        assert "correct" not in text
        kept = json.loads(text)
        assert kept["scheme"] == "scrypt"
        assert (kept["n"], kept["r"], kept["p"]) == (32768, 8, 1)
        salt = base64.b64decode(kept["salt"])
        assert len(salt) == 16
        hashed = hashlib.scrypt(WORD.encode(), salt=salt, n=32768, r=8, p=1, maxmem=2**28, dklen=32)
        assert base64.b64decode(kept["hash"]) == hashed
        if sys.platform != "win32":
            assert stat.S_IMODE(password.path.stat().st_mode) == 0o600
        assert [path.name for path in password.path.parent.iterdir()] == ["password.json"]

    def test_the_same_word_is_kept_otherwise_each_time(self, tmp_path: Path) -> None:
        first, second = (serving.Password(tmp_path / name) for name in ("a", "b"))
        for each in (first, second):
            each.set(WORD)
        assert first.mark != second.mark

    @pytest.mark.parametrize(
        ("word", "matches"),
        [
            (WORD, True),
            ("correct horse e\N{COMBINING ACUTE ACCENT}", True),
            ("correct horse e", False),
            (WORD.upper(), False),
            (f"{WORD} ", False),
            ("", False),
            ("x" * 100_000, False),
            ("\0", False),
        ],
    )
    def test_it_knows_its_word(self, password: serving.Password, word: str, matches: bool) -> None:
        assert password.matches(word) is matches

    def test_where_none_is_set_nothing_matches(self, tmp_path: Path) -> None:
        none = serving.Password(tmp_path / "password.json")
        assert not none.is_set
        assert not none.matches("")
        assert not none.remove()

    @pytest.mark.parametrize("word", ["", "short12", "x" * 1025])
    def test_a_poor_one_is_not_taken(self, tmp_path: Path, word: str) -> None:
        poor = serving.Password(tmp_path / "password.json")
        with pytest.raises(ConfigError, match="8 to 1,024 characters"):
            poor.set(word)
        assert not poor.is_set

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"n": 3}', '{"n":"x","r":8,"p":1,"salt":"","hash":""}']
    )
    def test_a_damaged_file_lets_nobody_in(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "password.json"
        path.write_text(text, encoding="utf-8")
        if not text:
            assert not serving.Password(path).matches("")
            return
        with pytest.raises(ConfigError, match="rag password set"):
            serving.Password(path).matches("")

    def test_its_place_is_the_data_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RAG_DATA", str(tmp_path))
        assert serving.Password().path == tmp_path / "password.json"


class TestWaits:
    def test_they_get_longer_and_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [1000.0]
        monkeypatch.setattr(login, "monotonic", lambda: now[0])
        waits = Waits()
        told = []
        for _ in range(12):
            waits.failed("10.0.0.1")
            told.append(waits.left_s("10.0.0.1"))
        assert told == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        now[0] += 59
        assert waits.left_s("10.0.0.1") == 1
        assert waits.left_s("10.0.0.2") == 0, "others need not wait"
        now[0] += 1
        assert waits.left_s("10.0.0.1") == 0
        waits.passed("10.0.0.1")
        waits.failed("10.0.0.1")
        assert waits.left_s("10.0.0.1") == 0

    def test_a_machine_cannot_change_its_address_to_try_on(self) -> None:
        waits = Waits()
        for number in range(4):
            waits.failed(f"2001:db8::{number}")
        assert waits.left_s("2001:db8::ffff") > 0
        assert waits.left_s("2001:db8:0:1::1") == 0


@pytest.fixture(scope="module")
def shown(password: serving.Password) -> Iterator[serving.Server]:
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def export(_: Request) -> PlainTextResponse:
        return PlainTextResponse("exported")

    routes = [Route("/exports", export, methods=["GET", "POST"])]
    with serving.Server(password=password, routes=routes) as server:
        server.show(serving.asgi(page(), ""))
        yield server


@pytest.fixture
def server(password: serving.Password) -> Iterator[serving.Server]:
    """One on which nobody has failed yet."""
    with serving.Server(password=password) as server:
        yield server


def log_in(server: serving.Server, word: str = WORD, **headers: str) -> Reply:
    body = urlencode({"username": "", "password": word}).encode()
    return ask(server, "/login", "POST", body, content_type=FORM, **headers)


def cookie(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]


class TestGate:
    def test_without_it_nothing_is_served(self, shown: serving.Server) -> None:
        for path in (
            "/",
            "/ready",
            "/config",
            "/exports",
            "/assets/none.js",
            "/theme.css",
            "/gradio_api/info",
            "/gradio_api/queue/data?session_hash=a",
            "/p1/gradio_api/heartbeat/a",
            "/logout",
            "/login/../config",
            "//login",
            "/LOGIN",
        ):
            reply = ask(shown, path)
            assert (reply.status, reply.text) == (401, "Log in first.\n"), path
            assert "content-security-policy" in reply.headers
        for path in ("/gradio_api/call/echo", "/exports", "/logout", "/login/x"):
            assert post(shown, path, {"data": ["x"]}).status == 401, path

    def test_a_browser_is_shown_the_login(self, shown: serving.Server) -> None:
        reply = ask(shown, "/", accept="text/html,*/*")
        assert (reply.status, reply.headers["location"]) == (303, "/login")
        reply = ask(shown, "/login", accept="text/html")
        assert reply.status == 200
        assert '<label for="password">Password</label>' in reply.text
        assert "<script" not in reply.text

    def test_logging_in_and_out(self, shown: serving.Server) -> None:
        reply = log_in(shown, accept="text/html")
        assert (reply.status, reply.headers["location"]) == (303, "/")
        name, *rules = reply.headers["set-cookie"].split("; ")
        assert name.startswith(f"footnote-{shown.port}=")
        assert rules == ["Path=/", "Max-Age=604800", "HttpOnly", "SameSite=Strict"]
        assert len(name.partition("=")[2]) >= 43
        mine = cookie(reply)
        assert ask(shown, "/exports", cookie=mine).text == "exported"
        assert ask(shown, "/exports", cookie=f"a=b; {mine}; c").text == "exported"
        assert ask(shown, "/", cookie=mine).status == 200
        assert "Log out" in ask(shown, "/logout", cookie=mine).text
        assert ask(shown, "/exports", cookie=mine).status == 200, "asking does not log out"
        other = cookie(log_in(shown))
        reply = ask(shown, "/logout", "POST", b"", cookie=mine)
        assert reply.headers["location"] == "/login"
        assert "Max-Age=0" in reply.headers["set-cookie"]
        assert ask(shown, "/exports", cookie=mine).status == 401
        assert ask(shown, "/exports", cookie=other).status == 200

    def test_behind_a_proxy_that_encrypts_the_cookie_is_kept_to_it(
        self, shown: serving.Server
    ) -> None:
        reply = log_in(shown, x_forwarded_proto="https")
        assert reply.headers["set-cookie"].endswith("; Secure")

    @pytest.mark.parametrize("token", ["", "x", "a" * 5000, "%00", "None"])
    def test_a_made_up_cookie_is_none(self, shown: serving.Server, token: str) -> None:
        reply = ask(shown, "/config", cookie=f"footnote-{shown.port}={token}")
        assert reply.status == 401

    def test_another_sites_page_cannot_log_in_or_out(self, shown: serving.Server) -> None:
        mine = cookie(log_in(shown))
        strange = {"origin": "http://evil.example"}
        assert log_in(shown, **strange).status == 403
        assert ask(shown, "/logout", "POST", b"", cookie=mine, **strange).status == 403
        assert ask(shown, "/exports", cookie=mine).status == 200

    def test_a_long_form_is_not_read(self, shown: serving.Server) -> None:
        assert log_in(shown, "x" * 9000).status == 413
        assert log_in(shown, "x" * 2000).status == 401

    def test_a_session_ends(self, server: serving.Server, monkeypatch: pytest.MonkeyPatch) -> None:
        mine = cookie(log_in(server))
        assert ask(server, "/", cookie=mine).status == 200
        now = time.monotonic()
        monkeypatch.setattr(login, "monotonic", lambda: now + 7 * 24 * 3600 + 1)
        assert ask(server, "/", cookie=mine).status == 401

    def test_wrong_words_make_an_address_wait(self, server: serving.Server) -> None:
        for _ in range(3):
            reply = log_in(server, "wrong words")
            assert (reply.status, reply.text) == (401, "This is not the password. Try again.\n")
            assert "set-cookie" not in reply.headers
        reply = log_in(server)
        assert reply.status == 429, "the right one too"
        assert reply.headers["retry-after"] == "1"
        reply = log_in(server, accept="text/html")
        assert reply.status == 429
        assert 'role="alert"' in reply.text
        assert "Wait 1 s" in reply.text
        time.sleep(1.1)
        assert log_in(server).status == 200

    def test_tries_at_once_do_not_pass_by_the_wait(self, server: serving.Server) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(12) as threads:
            replies = list(threads.map(lambda n: log_in(server, f"wrong {n}").status, range(12)))
        assert sorted(replies) == [401] * 3 + [429] * 9

    def test_a_changed_password_ends_every_session_at_once(self, tmp_path: Path) -> None:
        password = serving.Password(tmp_path / "password.json")
        password.set(WORD)
        with serving.Server("0.0.0.0", password=password) as server:
            mine = cookie(log_in(server))
            assert ask(server, "/ready", cookie=mine).status == 200
            password.set("another one")
            assert ask(server, "/ready", cookie=mine).status == 401
            assert log_in(server).status == 401
            mine = cookie(log_in(server, "another one"))
            assert ask(server, "/ready", cookie=mine).status == 200
            password.remove()
            assert ask(server, "/ready", cookie=mine).status == 401, "nobody, rather than all"
            assert log_in(server, "").status == 401

    def test_on_this_machine_one_that_is_set_meanwhile_holds_at_once(self, tmp_path: Path) -> None:
        password = serving.Password(tmp_path / "password.json")
        with serving.Server(password=password) as server:
            assert ask(server, "/").status == 200
            assert ask(server, "/login").status == 404
            password.set(WORD)
            assert ask(server, "/").status == 401
            password.path.write_text("{}", encoding="utf-8")
            reply = log_in(server)
            assert reply.status == 500
            assert "rag password set" in reply.text
            assert str(tmp_path) not in reply.text
            assert ask(server, "/").status == 401

    def test_gradio_client_logs_in(self, shown: serving.Server) -> None:
        gradio_client = pytest.importorskip("gradio_client")
        quiet: dict[str, Any] = {"verbose": False, "analytics_enabled": False}
        client = gradio_client.Client(shown.url, auth=("", WORD), **quiet)
        assert client.predict("words", api_name="/echo") == "words"
        client.close()
        from gradio_client.exceptions import AuthenticationError

        with pytest.raises(AuthenticationError):
            gradio_client.Client(shown.url, **quiet)
        with pytest.raises(AuthenticationError):
            gradio_client.Client(shown.url, auth=("", "wrong words"), **quiet)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("RAG_DATA", str(tmp_path))
    return lambda *words, **more: CliRunner().invoke(main, words, **more)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have standard input taken for a terminal."""
    from click.testing import _NamedTextIOWrapper

    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda self: True, raising=False)


class TestCommands:
    def test_it_is_read_from_standard_input(self, run: Callable[..., Result]) -> None:
        done = run("password", "set", input=f"{WORD}\nmore\n")
        assert done.exit_code == 0
        assert WORD not in done.output
        assert serving.Password().matches(WORD)
        assert run("password", "remove").output == "The password is removed.\n"
        assert run("password", "remove").output == "There was no password.\n"

    def test_a_poor_one_is_told(self, run: Callable[..., Result]) -> None:
        done = run("password", "set", input="short\n")
        assert (done.exit_code, "8 to 1,024" in done.stderr) == (2, True)
        assert not serving.Password().is_set

    def test_it_is_never_an_argument(self, run: Callable[..., Result]) -> None:
        assert run("password", "set", WORD).exit_code == 2

    @pytest.mark.usefixtures("terminal")
    def test_on_a_terminal_it_is_typed_twice(self, run: Callable[..., Result]) -> None:
        typed = f"short\nshort\n{WORD}\nother words\n{WORD}\n{WORD}\n"
        done = run("password", "set", input=typed)
        assert done.exit_code == 0, done.output
        assert WORD not in done.output
        assert serving.Password().matches(WORD)

    @pytest.mark.usefixtures("terminal")
    def test_serve_asks_for_one_the_first_time(
        self, run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = tmp_path / "app.py"
        app.write_text("def serve(**given): print('served at', given['host'])\n")
        monkeypatch.setenv("RAG_APP", str(app))
        monkeypatch.delitem(sys.modules, "app", raising=False)
        done = run("serve", "--host", "0.0.0.0", input=f"{WORD}\n{WORD}\n")
        assert "can be reached from other machines" in done.stderr
        assert done.stdout == "served at 0.0.0.0\n"
        assert serving.Password().matches(WORD)
        done = run("serve", "--host", "0.0.0.0")
        assert done.output == "served at 0.0.0.0\n", "once"
        serving.Password().remove()
        assert run("serve").output == "served at 127.0.0.1\n"
        monkeypatch.delitem(sys.modules, "app")

    def test_where_nobody_can_be_asked_serve_says_how(
        self, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RAG_APP", str(Path(__file__).parents[2] / "app.py"))
        monkeypatch.delitem(sys.modules, "app", raising=False)
        done = run("serve", "--host", "0.0.0.0", "--port", "0")
        monkeypatch.delitem(sys.modules, "app")
        assert done.exit_code == 2
        assert "set one with `rag password set`" in done.stderr
