"""The words of the interface, in the language that is chosen.

Every word of ours that a page shows goes through `say`. English is in the code and is the key;
another language is a file of what stands for it, `languages/<code>.json` here or in the data
folder:

    {"name": "Deutsch", "words": {"Ask {name}": "{name} fragen"}}

A file in the data folder is laid over ours of the same code, so that single words can be put
otherwise; what is empty stays English. What documents, models and proofs say is never translated.
`collecting.py` finds the words in the code and tells which a language lacks: `rag languages`.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.config import data_folder
from rag.errors import PreferencesError

ENGLISH = "en"
OURS = Path(__file__).parent / "languages"
_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_spoken: Mapping[str, str] = {}
_code = ENGLISH


def say(english: str, **values: object) -> str:
    """Return words in the language that is spoken, `{names}` in them replaced.

    Args:
        english: a literal, so that the words to be translated can be collected from the code.
        values: what stands for the names in braces.
    """
    words = _spoken.get(english, english)
    return words.format(**values) if values else words


def numeral(value: float, digits: int = 0) -> str:
    """Return a number as it is written in the language that is spoken ("1,234.5").

    Args:
        value: the number.
        digits: behind the point.
    """
    pattern = say("1,234.5")
    signs = {",": pattern[1], ".": pattern[-2]} if len(pattern) == len("1,234.5") else {}
    return "".join(signs.get(sign, sign) for sign in f"{value:,.{digits}f}")


def speak(words: Mapping[str, str], code: str = ENGLISH) -> None:
    """Speak another language from now on, in the whole process.

    Args:
        words: from English to that language; what it lacks stays English.
        code: of the language, as its file is called.
    """
    global _spoken, _code  # one language for the one person whose process this is, as with a locale
    _spoken, _code = words, code


def spoken() -> str:
    """Return the code of the language that is spoken."""
    return _code


@dataclass(frozen=True, slots=True)
class Language:
    """A language file.

    Attributes:
        name: of the language, in itself.
        words: from English.
    """

    name: str
    words: Mapping[str, str]


def languages(own: Path | None = None) -> dict[str, str]:
    """Return the languages there are, from code to name, English first and then by name.

    A file that cannot be used is listed by its code, so that choosing it tells what is wrong.

    Args:
        own: the user's own folder of them; `languages` in the data folder by default.
    """
    found = {}
    for folder in (OURS, _own(own)):
        for file in folder.glob("*.json"):
            if _CODE.fullmatch(file.stem) and file.stem != ENGLISH:
                try:
                    found[file.stem] = _read(file).name
                except PreferencesError:
                    found.setdefault(file.stem, file.stem)
    return {ENGLISH: "English", **dict(sorted(found.items(), key=lambda pair: pair[1].lower()))}


def load(code: str, own: Path | None = None) -> Mapping[str, str]:
    """Return the words of a language, from English; nothing for English itself.

    Args:
        code: of the language, as its file is called.
        own: the user's own folder of them; `languages` in the data folder by default.

    Raises:
        PreferencesError: there is no such language, or its file cannot be used.
    """
    if code == ENGLISH:
        return {}
    known = _CODE.fullmatch(code) is not None
    files = [folder / f"{code}.json" for folder in (OURS, _own(own))]
    there = [file for file in files if known and file.is_file()]
    if not there:
        raise PreferencesError(
            f"There is no language {code!r}; choose one of {', '.join(languages(own))}."
        )
    words: dict[str, str] = {}
    for file in there:
        words |= _read(file).words
    return words


def _own(folder: Path | None) -> Path:
    return folder if folder is not None else data_folder() / "languages"


def _read(file: Path) -> Language:
    """Read a language file.

    Raises:
        PreferencesError: it cannot be used; the message names the words at fault.
    """
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(file, f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise _wrong(file, f"is damaged ({error})") from error
    name, words = (value.get("name"), value.get("words")) if isinstance(value, dict) else ("", {})
    if not isinstance(name, str) or not name.strip() or not isinstance(words, dict):
        raise _wrong(file, 'holds no "name" and "words"')
    for english, other in words.items():
        if not isinstance(other, str):
            raise _wrong(file, f"has no words for “{english}”")
        if other and (names(english) is None or names(english) != names(other)):
            raise _wrong(file, f"has other names in braces than “{english}”")
    return Language(name.strip(), {english: other for english, other in words.items() if other})


def names(words: str) -> frozenset[str] | None:
    """Return the names in braces, None where braces are unpaired or hold anything else."""
    found = set[str]()
    try:
        parts = list(string.Formatter().parse(words))
    except ValueError:
        return None
    for _, name, form, _ in parts:
        if name is None:
            continue
        if not name.isidentifier() or "{" in (form or ""):
            return None
        found.add(name)
    return frozenset(found)


def _wrong(file: Path, what: str) -> PreferencesError:
    return PreferencesError(f"The language file {file.name} {what}; mend or remove it.")
