"""What a file states about itself, as facts: YAML front matter and the header made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """One thing a file states about itself.

    Attributes:
        key: in the metadata.
        label: of its line in the header.
        value: as the file states it.
        origin: where it comes from, where that differs from the other facts of the file.
    """

    key: str
    label: str
    value: str
    origin: str = ""


LABELS: Mapping[str, str] = {
    "title": "Title",
    "author": "Author",
    "publisher": "Publisher",
    "date": "Published",
    "updated": "Updated",
    "created": "Created",
    "url": "URL",
    "excerpt": "Excerpt",
}
"""Label of the header line of each well-known fact, in the order of the header."""

# The names files use for the well-known facts, best first: lower case, letters and digits only.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline", "name"),
    "author": ("author", "authors", "by", "byline", "creator", "writer", "writers", "writtenby"),
    "publisher": (
        *("publisher", "provider", "publication", "outlet", "sitename", "site", "source"),
        *("journal", "newspaper"),
    ),
    "date": (
        *("publisheddatetime", "publishedat", "publisheddate", "datepublished"),
        *("publicationdate", "publishdate", "pubdate", "published", "date", "createdat"),
        *("created",),
    ),
    "updated": (
        *("updateddatetime", "updatedat", "updated", "modified", "modifiedat"),
        *("datemodified", "lastmod", "lastmodified"),
    ),
    "url": ("url", "weburl", "canonicalurl", "canonical", "link", "sourceurl", "href", "source"),
    "excerpt": (*("excerpt", "description", "summary", "abstract", "dek", "standfirst"),),
}
# What crawlers and site generators write for themselves; nobody asks a document for it.
_BOOKKEEPING = frozenset(
    [
        *("quality", "heat", "score", "rank", "weight", "priority", "order", "position"),
        *("layout", "template", "draft", "cached", "iscached", "toc", "comments"),
        *("permalink", "slug", "id", "uid", "uuid", "guid"),
        *("hash", "checksum", "signature", "secured", "token"),
    ]
)
_SWITCHES = frozenset(["true", "false", "yes", "no", "on", "off", "null", "none", "~"])
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.I)
_MAX_WORD = 60  # characters; a longer run without a space is a blob, not a word
_MAX_ITEMS = 20
_MAX_LABEL = 40


def front_matter(text: str) -> tuple[list[Fact], str, str]:
    """Take the front matter off a text.

    A block between two `---` lines at the very beginning is front matter if it is a YAML mapping
    (or empty). A block that is meant as one but is not valid YAML is left where it stands, as
    text: nothing of it is lost, nothing is repaired, and the problem is named.

    Returns:
        Facts, the text that remains, and what is wrong with the block ("" if nothing is).
    """
    block = _block(text)
    if block is None:
        return [], text, ""
    start, end, body = block
    stated, problem = _parse(text[start:end])
    if problem:
        meant = re.match(r"\s*(?:#.*\n\s*)*[\w-]+:(?:\s|\Z)", text[start:end])
        return [], text, problem if meant else ""
    if stated is None:
        return [], text, ""
    return facts(stated), text[body:].lstrip("\n"), ""


def facts(stated: Mapping[str, Any]) -> list[Fact]:
    """Return what a mapping states, the well-known facts first, then the other short ones.

    Well-known facts are found under the names files use for them (`publishedDateTime`, `pubDate`,
    `date`, …), also where the value is a mapping with a name (`provider: {name: …}`) or a list.
    Of the rest, words and short lists of words are kept under their own names. Not kept, neither
    as text nor as metadata: nested structures (related articles, images), strings without spaces
    too long for a word (signatures, keys), addresses other than the document's own, switches
    (`published: false`), and the numbers crawlers and site generators keep.
    """
    by_name: dict[str, Any] = {}
    for key, value in stated.items():
        by_name.setdefault(_name(key), value)
    found: dict[str, Fact] = {}
    for key, names in _NAMES.items():
        for name in names:
            value = _words(by_name.get(name))
            if value and not _is_switch(value) and bool(_URL.fullmatch(value)) == (key == "url"):
                found[key] = Fact(key, LABELS[key], value)
                break
    known = {name for names in _NAMES.values() for name in names}
    for key, value in stated.items():
        label = _label(key)
        if _name(key) in known or _name(key) in _BOOKKEEPING or not 0 < len(label) <= _MAX_LABEL:
            continue
        words = "" if _is_nested(value) else _words(value)
        if words and not _is_switch(words) and not _is_blob(words) and not _URL.fullmatch(words):
            found.setdefault(label.lower(), Fact(label.lower(), label, words))
    return list(found.values())


def _block(text: str) -> tuple[int, int, int] | None:
    """Return start and end of what stands between two `---` lines, and where the body begins."""
    if not re.match(r"---[ \t]*\n", text):
        return None
    start = text.index("\n") + 1
    close = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.M).search(text, start)
    return None if close is None else (start, close.start(), close.end())


def _parse(block: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the mapping, None where the block is none, and what is wrong with its YAML.

    Every scalar stays the string that stands in the file: a date is not turned into a datetime,
    nor `1.10` into 1.1, nor `no` into False.
    """
    import yaml

    try:
        stated = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 (it makes only strings)
    except yaml.MarkedYAMLError as error:
        # The block begins on the second line of the file, and marks count from 0.
        where = f"line {error.problem_mark.line + 2}: " if error.problem_mark else ""
        return None, where + (error.problem or error.context or "malformed")
    except (yaml.YAMLError, RecursionError) as error:
        return None, str(error).partition("\n")[0]
    if stated in (None, ""):
        return {}, ""
    return (stated, "") if isinstance(stated, dict) else (None, "")


def _name(key: Any) -> str:
    """Return a key as it is looked up: `published_at`, `publishedAt` -> `publishedat`."""
    return re.sub(r"[\W_]", "", str(key).lower())


def _label(key: Any) -> str:
    """Return a key as a label: `seriesName`, `series_name` -> `Series name`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", str(key)).strip().lower()
    return words[:1].upper() + words[1:]


def _words(value: Any) -> str:
    """Return a scalar, a mapping with a name, or a short list of these on one line, else ""."""
    if isinstance(value, str):
        return " ".join(filter(None, map(str.strip, value.split("\n"))))
    if isinstance(value, Mapping):
        return next(
            (_words(v) for k in ("name", "title") if isinstance(v := value.get(k), str)), ""
        )
    if isinstance(value, list) and len(value) <= _MAX_ITEMS:
        items = [_words(item) for item in value if isinstance(item, (str, Mapping))]
        return ", ".join(items) if len(items) == len(value) and all(items) else ""
    return ""


def _is_nested(value: Any) -> bool:
    if isinstance(value, list):
        return not all(isinstance(item, str) for item in value)
    return not isinstance(value, str)


def _is_switch(value: str) -> bool:
    return value.lower() in _SWITCHES


def _is_blob(value: str) -> bool:
    """Say whether most of the value is one run of characters too long for a word."""
    return max(map(len, value.split()), default=0) > max(_MAX_WORD, len(value) // 2)
