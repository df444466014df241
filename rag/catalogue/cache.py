"""Where a model lies on this machine, and whether its bytes are the publisher's.

Each model has a folder `models/<name>/` under `RAG_HOME` with its files and `verified.json`,
which keeps size, modification time and SHA-256 of each file as they were when the sum was
checked: while size and time are the same the file is not read again (1.1 GB takes seconds).
Nothing here touches the network.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Literal

from rag import config
from rag.catalogue.models import CATALOGUE, Model, ModelFile, known
from rag.errors import ChecksumError, ModelMissingError, UnknownModelError

State = Literal["ready", "partial", "damaged", "missing"]

MARKER = "verified.json"


def folder(model: Model) -> Path:
    """Return the folder that holds a model's files once they are there."""
    return config.home() / "models" / model.name


def work_folder(model: Model) -> Path:
    """Return the folder in which a fetch of the model keeps what it has so far."""
    return config.home() / "fetching" / model.name


def model_path(name_or_path: str) -> Path:
    """Return the file (writer) or folder (embedder) of a model that is on this machine.

    Args:
        name_or_path: a name from the catalogue, or the path of a GGUF file or of a
            sentence-transformers folder.

    Raises:
        UnknownModelError: neither a known name nor a path that exists.
        ModelMissingError: a known name whose files are not here.
        ChecksumError: its files are here but altered; they have been removed.
    """
    if name_or_path not in CATALOGUE:
        return _given_path(name_or_path)
    return _checked_path(CATALOGUE[name_or_path], reread=False)


def state(name: str) -> State:
    """Say how a model of the catalogue stands on this machine.

    "ready": all there and checked; "partial": a fetch was interrupted and will go on where it
    stopped; "damaged": the bytes are not the publisher's; "missing": not here.

    Raises:
        UnknownModelError: the catalogue has no such name.
    """
    model = known(name)
    if _complete(model):
        return "damaged" if _wrong(model, reread=False) else "ready"
    return "partial" if work_folder(model).is_dir() else "missing"


def verify(name: str) -> Path:
    """Read every byte of a model again and return its path.

    Raises:
        UnknownModelError: the catalogue has no such name.
        ModelMissingError: its files are not here.
        ChecksumError: its bytes are not the publisher's; they have been removed.
    """
    return _checked_path(known(name), reread=True)


def usable(model: Model) -> Path:
    """Return what a loader is given: the one file of a writer, the folder of an embedder."""
    return folder(model) if model.kind == "embedder" else folder(model) / model.files[0].name


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_marker(model: Model, where: Path) -> None:
    """Note in `where` that the files there have been checked, as they are now."""
    files = {file.name: _stamp(where / file.name, file) for file in model.files}
    text = json.dumps({"version": 1, "model": model.name, "files": files}, indent=1)
    temporary = where / (MARKER + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(where / MARKER)


def checksum_error(model: Model, file: ModelFile, actual: str) -> ChecksumError:
    """Return the error for a file whose sum is wrong and that has been removed."""
    return ChecksumError(
        f"{file.name} of {model.name} has SHA-256 {actual}, but the publisher's is {file.sha256};"
        f" the file has been removed. Run `rag models fetch {model.name}` to get it afresh.",
        expected=file.sha256,
        actual=actual,
    )


def _given_path(text: str) -> Path:
    path = os.path.expanduser(text)  # noqa: PTH111 (Path's own raises for an unknown user)
    if not path:
        raise UnknownModelError("The model has no name: give one that `rag models` lists.")
    if os.path.isdir(path):  # noqa: PTH112 (Path's own raises for a name that is too long)
        return Path(path)
    if os.path.isfile(path):  # noqa: PTH113
        if _starts_as_gguf(path):
            return Path(path)
        raise UnknownModelError(
            f"{text} is not a GGUF file: give one, or a name that `rag models` lists."
        )
    if path.endswith(".gguf") or os.path.dirname(path):  # noqa: PTH120
        raise UnknownModelError(f"There is no model at {text}: check the path.")
    return folder(known(text))  # raises, and names those there are


def _starts_as_gguf(path: str) -> bool:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123
            return stream.read(4) == b"GGUF"
    except OSError as error:
        raise UnknownModelError(
            f"{path} cannot be read ({error.strerror}): check who may read it."
        ) from error


def _checked_path(model: Model, *, reread: bool) -> Path:
    if not _complete(model):
        raise ModelMissingError(
            f"The model {model.name} is not on this machine: run `rag models fetch {model.name}`."
        )
    for file, actual in _wrong(model, reread=reread):
        shutil.rmtree(folder(model))
        raise checksum_error(model, file, actual)
    return usable(model)


def _complete(model: Model) -> bool:
    return all((folder(model) / file.name).is_file() for file in model.files)


def _wrong(model: Model, *, reread: bool) -> list[tuple[ModelFile, str]]:
    """Return the files whose sum is not the publisher's, with the sum they have."""
    where = folder(model)
    noted = {} if reread else _read_marker(where)
    if all(noted.get(file.name) == _stamp(where / file.name, file) for file in model.files):
        return []
    sums = [(file, sha256_of(where / file.name)) for file in model.files]
    wrong = [(file, actual) for file, actual in sums if actual != file.sha256]
    if not wrong:
        try:
            write_marker(model, where)
        except OSError as error:
            # A cache that this user may only read is good, only slower to check.
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
    return wrong


def _stamp(path: Path, file: ModelFile) -> dict[str, int | str]:
    found = path.stat()
    return {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns, "sha256": file.sha256}


def _read_marker(where: Path) -> dict[str, dict[str, int | str]]:
    """Return what was noted; nothing where the note is absent or not one of ours."""
    try:
        noted = json.loads((where / MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    files = noted.get("files") if isinstance(noted, dict) and noted.get("version") == 1 else None
    return files if isinstance(files, dict) else {}
