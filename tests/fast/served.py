"""A small page of Gradio on a real port, and requests as raw as they can be made."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

from rag import serving


def page(title: str = "First", says: str = "") -> Any:
    """Return a page with two endpoints: one echoes, one counts to three, slowly."""

    def echo(words: str) -> str:
        return f"{says}{words}"

    def count(pause_s: float) -> Iterator[str]:
        for number in (1, 2, 3):
            time.sleep(pause_s)
            yield f"{says}{number}"

    async def lay_out() -> Any:
        import gradio as gr

        with serving.blocks(title) as laid_out:
            serving.html_part(f"<p>{title}</p>", "part")
            gr.api(echo, api_name="echo")
            gr.api(count, api_name="count")
        return laid_out.queue()

    return asyncio.run(lay_out())


class Reply:
    """What came back."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.status = reply.status
        self.headers = {name.lower(): value for name, value in reply.getheaders()}
        self.body = reply.read()

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    server: serving.Server,
    path: str,
    method: str = "GET",
    body: bytes | Iterator[bytes] | None = None,
    /,
    **headers: str,
) -> Reply:
    """Send a request as it is: nothing of its path or headers is made sound on the way.

    A keyword like `sec_fetch_site` stands for the header `sec-fetch-site`.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if isinstance(body, bytes):
            connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
        elif body is not None:
            connection.putheader("transfer-encoding", "chunked")
            connection.endheaders(body, encode_chunked=True)
        else:
            connection.endheaders()
        return Reply(connection.getresponse())
    finally:
        connection.close()


def post(server: serving.Server, path: str, value: object, **headers: str) -> Reply:
    """Post a value as JSON."""
    headers.setdefault("content_type", "application/json")
    return ask(server, path, "POST", json.dumps(value).encode(), **headers)


def called(server: serving.Server, name: str, *data: object) -> list[Any]:
    """Call an endpoint as a program does and return its result."""
    event = post(server, f"/gradio_api/call/{name}", {"data": data}).json()["event_id"]
    return result_of(server, name, event)


def result_of(server: serving.Server, name: str, event: str) -> list[Any]:
    """Wait for the last result of an event."""
    lines = ask(server, f"/gradio_api/call/{name}/{event}").text.splitlines()
    done = lines.index("event: complete")
    result: list[Any] = json.loads(lines[done + 1].removeprefix("data: "))
    return result
