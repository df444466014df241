"""What the Documents tab asks for by routes of our own: files, lists, and what is done with them.

Only the name of a collection and paths inside it are taken, and told. Everything that changes
something is posted with a header that another site's page cannot send unasked; the guards of the
server look at where it comes from besides.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from rag import serving
from rag.documents.source import MOST_BYTES, ReadOptions
from rag.errors import LibraryError, RagError, StoreError
from rag.library import Collection, Entry, Library
from rag.render.documents import Shown, broken_html, list_html, names_html, preview_html, wanted

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

ROUTE = "/documents"
OURS = "x-footnote"
"""Header of what our own page posts."""
_WRITTEN_BYTES = 1_000_000  # that are put on the disk at once
_MOST_TEXT = 1_000  # characters of a parameter

Values = Mapping[str, Any]
Made = TypeVar("Made")


class DocumentRoutes:
    """Answers what the tab asks for.

    Args:
        library: the collections.
        told: returns what an error says, without paths of this machine.
    """

    def __init__(self, library: Library, told: Callable[[RagError], str]) -> None:
        self._library = library
        self._told = told

    def routes(self) -> list[Route]:
        """Return the routes."""
        from starlette.routing import Route

        return [
            Route(f"{ROUTE}/list", self._got(self.list)),
            Route(f"{ROUTE}/progress", self._got(self.progress)),
            Route(f"{ROUTE}/preview", self._got(self.preview)),
            Route(f"{ROUTE}/act", self._posted(self.act), methods=["POST"]),
            serving.upload(f"{ROUTE}/file", self._posted(self.file), MOST_BYTES),
        ]

    # --- what is asked for --------------------------------------------------------------------

    async def list(self, request: Request) -> Values:
        """Return the collections, and a page of the files of one."""
        given = request.query_params
        shown = _shown(given)
        return await _aside(partial(self._list, _text(given, "collection"), shown))

    def _list(self, name: str, shown: Shown) -> Values:
        known = self._library.collections()
        names = [each.name for each in known]
        if not names:
            return {"names": "", "name": "", "html": "", "version": ""}
        chosen = name if name in names else names[0]
        collection = self._library.get(chosen)
        version = collection.version()
        html, mends = self._html(collection, shown)
        return {
            "names": names_html(known, chosen),
            "name": chosen,
            "made": collection.made_here,
            "html": html,
            "broken": mends,
            "version": version,
        }

    def _html(self, collection: Collection, shown: Shown) -> tuple[str, bool]:
        """Return the list of a collection, or why there is none."""
        try:
            entries, stopped = collection.entries(), collection.last_error()
        except LibraryError as error:
            return broken_html(self._told(error), mend=True), True
        except StoreError as error:
            return broken_html(self._told(error), mend=False), True
        progress = collection.progress()
        at_work = progress is not None and progress.at_work
        return list_html(entries, shown, at_work=at_work, stopped=stopped), False

    async def progress(self, request: Request) -> Values:
        """Return how far the reading of a collection is, and what became of files since a step."""
        given = request.query_params
        after = _text(given, "after")
        number = int(after) if after.isdecimal() and len(after) < 15 else 0
        return await _aside(partial(self._progress, _text(given, "collection"), number))

    def _progress(self, name: str, after: int) -> Values:
        collection = self._library.get(name)
        found = collection.progress()
        now = {"version": collection.version(), "at_work": False, "error": "", "steps": []}
        if found is None:
            return now
        steps = [
            [each.path, each.inside, each.what, each.passages, each.reason]
            for each in collection.steps(after)
        ]
        return {
            **now,
            "state": found.state,
            "at_work": found.at_work,
            "waiting": found.waiting + len(found.now),
            "read": found.read,
            "refused": found.refused,
            "error": found.error,
            "last": found.steps,
            "steps": steps,
        }

    async def preview(self, request: Request) -> Values:
        """Return the beginning of a document."""
        given = request.query_params
        texts = (_text(given, key) for key in ("collection", "key", "id", "anchor"))
        return await _aside(partial(self._preview, *texts))

    def _preview(self, name: str, key: str, id_: str, anchor: str) -> Values:
        collection = self._library.get(name)
        return {"html": preview_html(collection.preview(id_), collection.entry(key), anchor)}

    # --- what is done -------------------------------------------------------------------------

    async def act(self, request: Request) -> Values:
        """Do something with a collection or its files."""
        try:
            given = json.loads(await request.body())
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise LibraryError("That was not understood; load the page again.")
        return await _aside(partial(self._act, given))

    def _act(self, given: Values) -> Values:
        name, act = _text(given, "collection"), _text(given, "act")
        if act == "new":
            return {"name": self._library.create(_text(given, "to")).name}
        if act == "rename":
            return {"name": self._library.rename(name, _text(given, "to")).name}
        if act == "drop":
            self._library.remove(name)
            return {"name": ""}
        acts: dict[str, Callable[[Collection, Values], None]] = {
            "read": lambda collection, given: collection.read(_options(given)),
            "stop": lambda collection, given: collection.stop(),
            "mend": lambda collection, given: collection.mend(),
            "reread": lambda c, given: c.reread(_texts(given, "keys"), _options(given)),
            "remove": lambda collection, given: collection.remove(_texts(given, "keys")),
            "take": lambda collection, given: collection.take_in(_texts(given, "ids")),
            "leave": lambda collection, given: collection.leave_out(_texts(given, "ids")),
            "take-all": lambda c, given: c.take_in(_ids(c, given)),
            "leave-all": lambda c, given: c.leave_out(_ids(c, given)),
        }
        if act not in acts:
            raise LibraryError("That cannot be done here; load the page again.")
        acts[act](self._library.get(name), given)
        return {"name": name}

    async def file(self, request: Request) -> Values:
        """Take a file: its bytes are the body, its path inside the collection a parameter."""
        given = request.query_params
        try:
            return await self._receive(request, given)
        except RagError:
            # A browser that is still sending would not hear why it was refused.
            async for _ in request.stream():
                pass
            raise

    async def _receive(self, request: Request, given: Values) -> Values:
        from starlette.concurrency import run_in_threadpool

        collection = await _aside(partial(self._library.get, _text(given, "collection")))
        size = request.headers.get("content-length", "")
        incoming = await run_in_threadpool(
            collection.receive,
            _text(given, "path"),
            int(size) if size.isdecimal() else None,
            _seconds(_text(given, "modified")),
        )
        with incoming:
            waiting = bytearray()
            async for piece in request.stream():
                waiting += piece
                if len(waiting) >= _WRITTEN_BYTES:
                    await run_in_threadpool(incoming.write, bytes(waiting))
                    waiting.clear()
            await run_in_threadpool(incoming.write, bytes(waiting))
            received = await run_in_threadpool(incoming.finish)
        if received.outcome != "same":
            collection.read(_options(given))
        return {"source": received.source, "outcome": received.outcome}

    # --- how it is answered -------------------------------------------------------------------

    def _got(
        self, answer: Callable[[Request], Awaitable[Values]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers a request with JSON, and a refusal with its reason."""
        from starlette.requests import ClientDisconnect
        from starlette.responses import JSONResponse, Response

        async def respond(request: Request) -> Response:
            try:
                values, status = await answer(request), 200
            except RagError as error:
                values, status = {"error": self._told(error)}, 400
            except ClientDisconnect:
                return Response(status_code=400)  # nobody hears it
            return JSONResponse(values, status, {"cache-control": "no-store"})

        return respond

    def _posted(
        self, answer: Callable[[Request], Awaitable[Values]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return the same for what changes something."""
        respond = self._got(answer)

        async def guarded(request: Request) -> Response:
            from starlette.responses import PlainTextResponse

            if not request.headers.get(OURS):
                return PlainTextResponse("Only the page itself may ask for this.\n", 403)
            return await respond(request)

        return guarded


async def _aside(work: Callable[[], Made]) -> Made:
    """Do what takes a while in another thread."""
    from starlette.concurrency import run_in_threadpool

    made: Made = await run_in_threadpool(work)
    return made


def _text(given: Values, name: str) -> str:
    """Return a parameter, "" where it is not given.

    Raises:
        LibraryError: it is no text, or too long for one.
    """
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > 2 * _MOST_TEXT:
        raise LibraryError("That was not understood; load the page again.")
    return value


def _texts(given: Values, name: str) -> Sequence[str]:
    values = given.get(name, [])
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise LibraryError("That was not understood; load the page again.")
    return values


def _shown(given: Values) -> Shown:
    page = _text(given, "page")
    number = int(page) if page.isdecimal() and len(page) < 9 else 1
    return Shown(_text(given, "words"), _text(given, "show") or "all", number)


def _ids(collection: Collection, given: Values) -> list[str]:
    """Return the ids of all documents that a list shows, on whatever page."""
    entries: Sequence[Entry] = wanted(collection.entries(), _shown(given))
    return [id_ for entry in entries for id_ in entry.ids]


def _options(given: Values) -> ReadOptions:
    password = _text(given, "password")
    return ReadOptions((password,) if password else (), ocr=_text(given, "ocr") == "true")


def _seconds(milliseconds: str) -> float | None:
    return int(milliseconds) / 1000 if milliseconds.isdecimal() and len(milliseconds) < 15 else None
