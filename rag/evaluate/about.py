"""What a run stands on: code, model, index, settings, versions and machine, without names of hosts.

The same facts decide whether an answer of an interrupted run may be used again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from rag.config import Settings
from rag.embedder.runtime import processor
from rag.errors import EvaluationError
from rag.evaluate.sets import Question
from rag.machine import physical_bytes
from rag.types import Document, Passage

PACKAGE = Path(__file__).parent.parent
OURS = "footnote"

# Files of the package that no answer depends on.
_NO_MATTER = (
    *("evaluate/", "render/", "cli/", "page/", "serving", "library/", "conversations/"),
    *("preferences.py", "trust.py", "measuring.py", "machine.py"),
)
_PARTS = (
    "rag",
    "llama-cpp-python",
    "onnxruntime",
    "tokenizers",
    "sentence-transformers",
    "transformers",
    "torch",
    "faiss-cpu",
    "tantivy",
    "nupunkt",
    "numpy",
)


class Corpus(Protocol):
    """What is asked of an index: its documents and its passages."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """By document id."""

    @property
    def passages(self) -> Sequence[Passage]:
        """In order of rows."""


def settings_json(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON; of a model given by path only the file's name."""
    values = asdict(settings)
    for name in ("model", "embedder"):
        values[name] = short_name(values[name])
    values["without"] = list(settings.without)
    return values


def short_name(model: str) -> str:
    """Return a model's name, or the file name of one given by path."""
    return Path(model).name


@cache
def model_checksum(model: str) -> str:
    """Return the SHA-256 of a model, hex: the catalogue's, or of the file given by path.

    Of a model of several files it is that of their sums and, for a folder, names; "" of what is
    no model here, such as a system measured from outside.
    """
    from rag.catalogue import CATALOGUE

    if model in CATALOGUE:
        files = CATALOGUE[model].files
        return files[0].sha256 if len(files) == 1 else digest([file.sha256 for file in files])
    path = Path(model).expanduser()
    try:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file())
            return digest([[f.relative_to(path).as_posix(), _file_sha256(f)] for f in inside])
        return _file_sha256(path) if path.is_file() else ""
    except OSError as error:
        raise EvaluationError(
            f"{path.name} cannot be read ({error.strerror}); give a model that can."
        ) from error


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def index_checksum(index: Corpus) -> str:
    """Return what identifies the content of an index: its documents and where it cut them.

    Unlike the checksum of its files it is the same on every machine, as passage ids are made of
    the documents' content hash and offsets.
    """
    sources = sorted((document.source, document.id) for document in index.documents.values())
    return digest([sources, [passage.id for passage in index.passages]])


@cache
def code_checksum() -> str:
    """Return the SHA-256 over the package's own files that answers depend on, hex."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(_NO_MATTER):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def answer_key(question: Question, stand: Mapping[str, Any]) -> str:
    """Return what an answer depends on, as 32 hex digits: the question and `stand`."""
    return digest([question.id, question.text, stand])[:32]


def stand(settings: Settings, index: Corpus, *, system: str = OURS) -> dict[str, Any]:
    """Return what all answers of a run depend on."""
    return {
        "settings": settings_json(settings),
        "model": model_checksum(settings.model),
        "embedder": model_checksum(settings.embedder),
        "index": index_checksum(index),
        "system": system,
        "code": code_checksum(),
    }


def about(
    questions: Sequence[Question],
    settings: Settings,
    index: Corpus,
    *,
    system: str = OURS,
    parts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the head of a result file.

    Args:
        questions: what is asked.
        settings: how it is answered.
        index: what it is answered from.
        system: what answers.
        parts: versions of packages that it stands on beside ours.
    """
    commit, changed = commit_of()
    return {
        "system": system,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "changed": changed,
        "code_sha256": code_checksum(),
        "model": short_name(settings.model),
        "model_sha256": model_checksum(settings.model),
        "embedder_sha256": model_checksum(settings.embedder),
        "settings": settings_json(settings),
        "index": {
            "sha256": index_checksum(index),
            "documents": len(index.documents),
            "passages": len(index.passages),
        },
        "questions": {
            "count": len(questions),
            "sha256": digest([question.to_json() for question in questions]),
        },
        "versions": {**versions(), **(parts or {})},
        "machine": machine(),
    }


def commit_of(package: Path = PACKAGE) -> tuple[str, bool]:
    """Return the commit the package's files come from and whether they differ from it.

    ("", False) where git does not know these files: an installed package may lie inside somebody
    else's repository.
    """
    head = _git(package, "rev-parse", "HEAD")
    if not head or not _git(package, "ls-files", "errors.py"):
        return "", False
    return head, bool(_git(package, "status", "--porcelain", "--", "."))


def _git(folder: Path, *words: str) -> str:
    """Return what git says, "" where there is no git or it fails."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 (found on the path, no shell, fixed words)
            [git, "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that answers depend on."""
    found = {"python": platform.python_version()}
    for name in _PARTS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Return processor, cores this process may use, memory and system."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    )
    return {
        "cpu": _cpu(),
        "cores": cores,
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def peak_memory_mib() -> float | None:
    """Return the most memory this process has held, in MiB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _cpu() -> str:
    """Return the processor's model name."""
    return processor() or platform.machine()


def _memory_gib() -> float | None:
    """Return the machine's memory, None where the system does not say."""
    memory = physical_bytes()
    return None if memory is None else round(memory / 2**30, 1)


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, hex."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()
