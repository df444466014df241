"""A small model that can be fetched: a hub and a package index that live in memory."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from rag.catalogue import Model, ModelFile, Part
from rag.errors import CancelledError, DownloadError


class PackageIndex:
    """A package index in memory: makes wheels on the fly and notes what it is asked for.

    Args:
        model: what it is meant to have.
        entries: content by package and path inside the wheel; `fail` says what asking for a
            package raises.
    """

    def __init__(self, model: Model, entries: dict[str, dict[str, bytes]]) -> None:
        self.model = model
        self.entries = entries
        self.fail: dict[str, BaseException] = {}
        self.asked: list[str] = []
        self.served: list[str] = []

    def __call__(self, package: str, into: Path, stop: Event) -> None:
        self.asked.append(package)
        if package in self.fail:
            raise self.fail[package]
        if stop.is_set():
            raise CancelledError("stopped")
        if package not in self.entries:
            raise DownloadError(f"No matching distribution found for {package}")
        write_wheel(into, package, self.entries[package])
        self.served.append(package)


class Hub:
    """A model hub in memory."""

    def __init__(self, content: dict[str, bytes], fail: Exception | None = None) -> None:
        self.content = content
        self.fail = fail
        self.asked: list[str] = []

    def __call__(self, model: Model, files: Sequence[ModelFile], into: Path, stop: Event) -> None:
        self.asked += [file.name for file in files]
        if self.fail is not None:
            raise self.fail
        for file in files:
            target = into / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.content[file.name])


def write_wheel(into: Path, package: str, entries: dict[str, bytes]) -> Path:
    name, version = package.split("==")
    stem = f"{name.replace('-', '_')}-{version}"
    wheel = into / f"{stem}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
        archive.writestr(f"{stem}.dist-info/METADATA", metadata)
        archive.writestr(f"{stem}.dist-info/WHEEL", tags)
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return wheel


NOWHERE = Hub({}, DownloadError("Name or service not known"))


def make_model(
    contents: Sequence[bytes], *, name: str = "toy", revision: str = "main", mirrored: bool = True
) -> PackageIndex:
    """Return an index that has a one-file model in parts."""
    whole = b"".join(contents)
    parts = tuple(
        Part(f"{name}-part{i}==1.0", f"{name}_part{i}/data/{i:02d}.bin", len(content))
        for i, content in enumerate(contents, 1)
    )
    file = ModelFile(
        f"{name}.gguf", len(whole), hashlib.sha256(whole).hexdigest(), parts if mirrored else ()
    )
    model = Model(name, "writer", "tests", "somebody/toy", revision, "MIT", (file,))
    return PackageIndex(
        model, {part.package: {part.entry: c} for part, c in zip(parts, contents, strict=True)}
    )


def empty(package: str, into: Path, stop: Event) -> None:
    """A package index that has nothing."""
    raise DownloadError(f"No matching distribution found for {package}")


def make_folder_model() -> PackageIndex:
    """Return an index with a folder of files in one wheel, two of them of the same name."""
    contents = {"model.safetensors": b"W" * 5000, "config.json": b"{}", "1_Pool/config.json": b"[]"}
    files = tuple(
        ModelFile(
            name,
            len(content),
            hashlib.sha256(content).hexdigest(),
            (Part("folder==1.0", f"folder/model/{name}", len(content)),),
        )
        for name, content in contents.items()
    )
    model = Model("folder", "embedder", "tests", "somebody/folder", "main", "MIT", files)
    entries = {f"folder/model/{name}": content for name, content in contents.items()}
    return PackageIndex(model, {"folder==1.0": entries})


CONTENTS = [b"GGUF" + b"a" * 96, b"b" * 100, b"c" * 100, b"d" * 7]
