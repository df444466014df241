"""The words that the code says: what another language has to have.

They are read from the source, so `say` takes literals only; `stray` lists where it is given
something else.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Said:
    """A call of `say`.

    Attributes:
        words: the literal, None where it is given something else.
        file: path relative to the package.
        line: from 1.
    """

    words: str | None
    file: str
    line: int


def calls(source: str, file: str) -> Iterator[Said]:
    """Yield the calls of `say` in a source text.

    Args:
        source: Python.
        file: what it is called.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        named = node.func
        name = named.id if isinstance(named, ast.Name) else getattr(named, "attr", "")
        if name != "say":
            continue
        first = node.args[0] if node.args else None
        literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
        words = first.value if literal and isinstance(first, ast.Constant) else None
        yield Said(words if isinstance(words, str) else None, file, node.lineno)


@cache
def collected(package: Path = PACKAGE) -> tuple[Said, ...]:
    """Return every call of `say` in the package's files, by file and line."""
    found = []
    for path in sorted(package.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "say(" in source:
            found += sorted(
                calls(source, path.relative_to(package).as_posix()), key=lambda said: said.line
            )
    return tuple(found)


def english(package: Path = PACKAGE) -> list[str]:
    """Return what is said, each once, in order of files and lines."""
    return list(dict.fromkeys(said.words for said in collected(package) if said.words))


def stray(package: Path = PACKAGE) -> list[Said]:
    """Return the calls that are given no literal, which no language can have words for."""
    return [said for said in collected(package) if said.words is None]


def lacking(words: Iterable[str], package: Path = PACKAGE) -> list[str]:
    """Return what is said in the code and not among some words."""
    known = frozenset(words)
    return [said for said in english(package) if said not in known]


def stale(words: Iterable[str], package: Path = PACKAGE) -> list[str]:
    """Return those of some words that nothing in the code says any more."""
    said = frozenset(english(package))
    return [each for each in words if each not in said]


def form(name: str, words: Mapping[str, str], package: Path = PACKAGE) -> str:
    """Return a language file with every word of the code, those that are lacking empty.

    Args:
        name: of the language, in itself.
        words: from English, as far as there are any.
        package: whose words.
    """
    every = {said: words.get(said, "") for said in english(package)}
    return json.dumps({"name": name, "words": every}, ensure_ascii=False, indent=1) + "\n"
