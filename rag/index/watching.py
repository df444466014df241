"""Keep an index as the files under some paths are, while they change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rag.errors import StoreError
from rag.index.building import IndexReport
from rag.index.files import absolute, covers

SETTLED_MS = 1500  # a change is taken up when nothing has changed for so long


def watch(
    paths: Sequence[Path],
    folder: Path,
    update: Callable[[], IndexReport],
    stop: threading.Event | None = None,
) -> Iterator[IndexReport | StoreError]:
    """Bring an index up to date each time the files have changed, and yield what that did.

    What cannot be written now, as while another process writes, is yielded as the error, and
    tried again with the next change.

    Args:
        paths: files and folders that exist.
        folder: of the index, changes in which do not count.
        update: builds the index.
        stop: set from any thread, it ends the watch.
    """
    import watchfiles

    own = absolute(folder)
    given = [absolute(path) for path in paths]

    def counts(change: watchfiles.Change, path: str) -> bool:
        file = absolute(Path(path))
        hidden = any(part.startswith(".") for root in given for part in _below(root, file))
        return not hidden and not covers(own, file)

    for _ in watchfiles.watch(
        *paths, watch_filter=counts, debounce=SETTLED_MS, step=200, stop_event=stop
    ):
        try:
            report = update()
        except StoreError as error:
            yield error
            continue
        if report.written or report.failed:
            yield report


def _below(root: Path, file: Path) -> tuple[str, ...]:
    return file.relative_to(root).parts if file.is_relative_to(root) else ()
