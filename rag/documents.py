"""Files to Documents: one reader for each format, and the way back from a quote to its file.

What every reader promises:

* `Document.text` is the canonical text. For a plain file it is what the file says, character
  for character, except that every line ending is a line feed, a byte order mark is gone, and
  control characters (NUL, escape, bell and the like; not tab) are left out.
* What a file states about itself (YAML front matter, the metadata of a web page) becomes
  `metadata`, and also a header at the top of the canonical text, one line for each fact
  (`Publisher: NBC News`), so that it can be found and cited like any other sentence. A blank
  line ends the header; `header_end` says where.
* Whatever was guessed or left out on the way stands in `metadata["note"]`, never in silence.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from rag.errors import (
    DocumentError,
    EmptyDocumentError,
    UnreadableDocumentError,
    UnsupportedFormatError,
)
from rag.types import Document, Resolution

FRONT_MATTER = "front matter"
HTML_METADATA = "html metadata"
FIRST_LINE = "first line"
BYLINE = "byline"
FILE_NAME = "file name"
READER = "reader"

Reader = Callable[[Path, Path], Document]
"""From a file and the corpus root it lies under to a Document."""


class Fact(NamedTuple):
    """One thing a file states about itself: metadata key, label of its header line, value."""

    key: str
    label: str
    value: str


# Key of the metadata, label of its header line, and the names files use for it (lower case,
# letters and digits only), best first. The order here is the order of the header.
_KNOWN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("title", "Title", ("title", "headline", "name")),
    ("author", "Author", ("author", "authors", "by", "byline", "creator", "writer", "writtenby")),
    (
        "publisher",
        "Publisher",
        ("publisher", "provider", "publication", "outlet", "sitename", "site", "source", "journal"),
    ),
    (
        "date",
        "Published",
        (
            "publisheddatetime",
            "publishedat",
            "publisheddate",
            "datepublished",
            "publicationdate",
            "publishdate",
            "pubdate",
            "published",
            "date",
            "createdat",
            "created",
        ),
    ),
    (
        "updated",
        "Updated",
        ("updateddatetime", "updatedat", "updated", "modified", "datemodified", "lastmod"),
    ),
    ("url", "URL", ("url", "weburl", "canonicalurl", "canonical", "link", "sourceurl", "href")),
    ("excerpt", "Excerpt", ("excerpt", "description", "summary", "abstract", "dek", "standfirst")),
)

# What crawlers and site generators write for themselves; no reader of the text would ask for it.
_BOOKKEEPING = frozenset(
    [
        *("quality", "heat", "score", "rank", "weight", "priority", "order", "position"),
        *("layout", "template", "draft", "cached", "iscached", "toc", "comments"),
        *("permalink", "slug", "id", "uid", "uuid", "guid"),
        *("hash", "checksum", "signature", "secured", "token"),
    ]
)
_FLAGS = frozenset(["true", "false", "yes", "no", "on", "off", "null", "none", "~"])
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+\Z", re.I)
_MAX_WORD = 60  # characters; a longer run without a space is a blob, not a word
_MAX_ITEMS = 20

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"GGUF", "a model file"),
    (b"SQLite format 3", "a database"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufeff]")


def read_document(path: Path, *, root: Path) -> Document:
    """Read one file.

    Args:
        path: the file; anywhere under `root`.
        root: the folder citations name the file from.

    Raises:
        UnsupportedFormatError: no reader for its suffix.
        EmptyDocumentError: nothing but white space in it.
        UnreadableDocumentError: missing, not a file, not allowed, not under `root`, or not text.
    """
    reader = SUPPORTED.get(path.suffix.lower())
    if reader is None and not path.is_dir() and path.exists():
        kind = f"{path.suffix} files" if path.suffix else "files without a suffix"
        raise UnsupportedFormatError(
            f"{path}: {kind} cannot be read; convert it to one of {', '.join(SUPPORTED)}.",
            path=str(path),
        )
    return (reader or read_text)(path, root)


def find_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the corpus root and the path of every file under the paths, each file once, sorted.

    A folder is its own root; the root of a file named directly is its parent. Hidden files and
    folders inside a folder are passed over. Files of unsupported formats and paths that do not
    exist are yielded too, so that `read_document` can say what is wrong with each.
    """
    seen: set[Path] = set()
    for given in paths:
        path = _absolute(given.expanduser())
        files = _walk(path) if path.is_dir() else [path]
        for file in files:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield (path if path.is_dir() else path.parent), file


def resolve_quote(root: Path, source: str, start: int, end: int, quote: str) -> Resolution:
    """Read the source file again and say whether the quote still stands at its offsets.

    Args:
        root: corpus root.
        source: path relative to `root`, with forward slashes; it may not lead out of `root`.
        start: first character of the quote in the canonical text.
        end: one past its last character.
        quote: the words cited.
    """
    inside = PurePosixPath(source)
    if inside.is_absolute() or ".." in inside.parts or not source or "\0" in source:
        return Resolution(False, None, f"{source!r} does not name a file inside {root}.")
    try:
        text = read_document(root / inside, root=root).text
    except DocumentError as error:
        return Resolution(False, None, str(error))
    if quote and start >= 0 and text[start:end] == quote:
        return Resolution(True, start)
    places = [m.start() for m in re.finditer(re.escape(quote), text)] if quote else []
    if not places:
        return Resolution(False, None, f"{source} no longer contains these words.")
    nearest = min(places, key=lambda place: abs(place - start))
    return Resolution(
        False,
        nearest,
        f"{source} has changed: these words now stand at character {nearest}, not at {start}.",
    )


def header_end(document: Document) -> int:
    """Return where the header of stated facts ends in `document.text`; 0 where there is none."""
    if not {FRONT_MATTER, HTML_METADATA} & set(document.origins.values()):
        return 0
    end = document.text.find("\n\n")
    return len(document.text) if end < 0 else end


def read_text(path: Path, root: Path) -> Document:
    """Read plain text, with front matter where the file begins with it."""
    return _read_plain(path, root, "text")


def read_markdown(path: Path, root: Path) -> Document:
    """Read Markdown: the text as written, marks included, and the front matter."""
    return _read_plain(path, root, "markdown")


def read_html(path: Path, root: Path) -> Document:
    """Read the main text of a web page with trafilatura, and what the page states about itself."""
    data = _load(path)
    notes: list[str] = []
    page = _decode(data, path, notes, declared=_declared_charset(data))
    body, facts = _extract(page, notes)
    return _document(path, root, data, "html", _clean(body, notes), facts, HTML_METADATA, notes)


SUPPORTED: Mapping[str, Reader] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
}


def _absolute(path: Path) -> Path:
    """Return an absolute path without `..`; links stay, so a linked file keeps its name."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files under a folder in a fixed order, hidden ones left out."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(here) / name


def _load(path: Path) -> bytes:
    """Return the bytes of the file, or say why they cannot be had."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        problem = "there is no such file; check the path"
    except IsADirectoryError:
        problem = "this is a folder; name a file in it or index the folder"
    except PermissionError:
        problem = "you are not allowed to read it; change its permissions"
    except OSError as error:
        problem = f"it cannot be read ({error.strerror or error}); check the disk and the path"
    else:
        if not data.strip():
            raise EmptyDocumentError(
                f"{path}: the file is empty; put text in it or leave it out.", path=str(path)
            )
        return data
    raise UnreadableDocumentError(f"{path}: {problem}.", path=str(path))


def _decode(data: bytes, path: Path, notes: list[str], declared: str | None = None) -> str:
    """Return the bytes as text: byte order mark, declared charset, UTF-8, then a noted guess."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise _not_text(path, f"it holds {kind}, whatever its name says")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise _not_text(path, f"it begins as {encoding} but breaks off ({error})") from None
    for encoding in filter(None, (declared, "utf-8")):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text
    text, encoding = _guess(data, path)
    notes.append(f"read as {encoding}, which is a guess")
    return text


def _guess(data: bytes, path: Path) -> tuple[str, str]:
    """Return text and encoding as charset-normalizer sees them."""
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None or "\0" in str(best):
        raise _not_text(path, "it holds bytes that are no text")
    return str(best), best.encoding


def _not_text(path: Path, problem: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(
        f"{path}: {problem}; save it as UTF-8 text or leave it out.", path=str(path)
    )


def _declared_charset(data: bytes) -> str | None:
    """Return the charset a web page names in its first bytes."""
    found = re.search(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", data[:4096], re.I)
    return found[1].decode("ascii") if found else None


def _clean(text: str, notes: list[str]) -> str:
    """Return canonical text: line feeds only, no control characters; say how many were left out."""
    text = text.removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, removed = _CONTROL.subn("", text)
    if removed:
        notes.append(f"{removed} control character{'s' if removed > 1 else ''} left out")
    return text


def _read_plain(path: Path, root: Path, format: str) -> Document:
    """Read a text file and its front matter."""
    data = _load(path)
    notes: list[str] = []
    text = _clean(_decode(data, path, notes), notes)
    facts: list[Fact] = []
    block = _front_matter_block(text)
    if block is not None:
        stated, problem = _parse_front_matter(text[block[0] : block[1]])
        if problem:
            notes.append(f"the front matter is not valid YAML ({problem}) and was read as text")
        elif stated is not None:
            facts = _facts(stated)
            text = text[block[2] :].lstrip("\n")
    return _document(path, root, data, format, text, facts, FRONT_MATTER, notes)


def _front_matter_block(text: str) -> tuple[int, int, int] | None:
    """Return start and end of the YAML between two `---` lines, and where the body begins."""
    if not re.match(r"---[ \t]*\n", text):
        return None
    start = text.index("\n") + 1
    close = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.M).search(text, start)
    return None if close is None else (start, close.start(), close.end())


def _parse_front_matter(block: str) -> tuple[dict[str, Any] | None, str]:
    """Return the mapping, or None where the block is no mapping, and what is wrong with it.

    Every scalar stays the string that stands in the file: a date is not turned into a datetime,
    `1.10` not into 1.1, `no` not into False.
    """
    import yaml

    try:
        stated = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 (makes strings only)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 2}: " if mark else ""
        return None, f"{where}{error.problem or error.context}"
    except (yaml.YAMLError, RecursionError) as error:
        return None, str(error).splitlines()[0]
    return (stated, "") if isinstance(stated, dict) else (None, "")


def _facts(stated: Mapping[str, Any]) -> list[Fact]:
    """Return what front matter states, known facts first, then the other short ones.

    Known facts are found by the names files use for them (`publishedDateTime`, `pubDate`,
    `date`, …), also where the value is a mapping with a name or a list of them. Of the rest,
    words and short lists of words are kept under their own names. Not kept, neither as text nor
    as metadata: nested structures (lists of related articles, images), strings without spaces
    that are too long for a word (signatures, keys), addresses other than the document's own,
    switches (`published: false`), and the numbers that crawlers and site generators keep.
    """
    by_name: dict[str, Any] = {}
    for key, value in stated.items():
        by_name.setdefault(re.sub(r"[\W_]", "", str(key).lower()), value)
    facts: list[Fact] = []
    used: set[str] = set()
    for key, label, names in _KNOWN:
        used.update(names)
        for name in names:
            value = _plain_value(by_name.get(name))
            if value and value.lower() not in _FLAGS and bool(_URL.match(value)) == (key == "url"):
                facts.append(Fact(key, label, value))
                break
    known = {fact.key for fact in facts}
    source = _plain_value(by_name.get("source"))
    if "url" not in known and _URL.match(source):
        facts.append(Fact("url", "URL", source))
    for key, value in stated.items():
        name = re.sub(r"[\W_]", "", str(key).lower())
        if name in used or name in _BOOKKEEPING or _is_nested(value):
            continue
        words = _plain_value(value)
        label = _label(str(key))
        if not words or words.lower() in _FLAGS or _is_blob(words) or _URL.match(words):
            continue
        if label and len(label) <= 40 and label.lower() not in known:
            facts.append(Fact(label.lower(), label, words))
            known.add(label.lower())
    return facts


def _plain_value(value: Any) -> str:
    """Return a scalar, a named mapping or a short list of these as one line, "" for the rest."""
    if isinstance(value, str):
        return " ".join(value.split("\n")).strip() if "\n" in value else value.strip()
    if isinstance(value, Mapping):
        return next(
            (v.strip() for k in ("name", "title") if isinstance(v := value.get(k), str)), ""
        )
    if isinstance(value, list) and len(value) <= _MAX_ITEMS:
        items = [_plain_value(item) for item in value if isinstance(item, (str, Mapping))]
        return ", ".join(items) if len(items) == len(value) and all(items) else ""
    return ""


def _is_nested(value: Any) -> bool:
    """Say whether the value is a mapping or a list that holds anything but strings."""
    if isinstance(value, list):
        return not all(isinstance(item, str) for item in value)
    return not isinstance(value, str)


def _is_blob(value: str) -> bool:
    """Say whether most of the value is one run of characters too long for a word."""
    return max(map(len, value.split()), default=0) > max(_MAX_WORD, len(value) // 2)


def _label(key: str) -> str:
    """Return a key such as `seriesName` or `series_name` as a label, "Series name"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", key).strip().lower()
    return words[:1].upper() + words[1:]


def _extract(page: str, notes: list[str]) -> tuple[str, list[Fact]]:
    """Return the main text of a web page, paragraphs apart, and the facts it states."""
    import logging

    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    found = trafilatura.bare_extraction(
        page,
        with_metadata=True,
        include_comments=False,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    stated = found.as_dict() if found is not None else {}
    body = stated.get("text") or ""
    if not body.strip():
        body = trafilatura.html2txt(page)
        if body.strip():
            notes.append("no main article found on the page; all of its text was kept")
    facts = [
        Fact(key, label, value)
        for key, label, name in (
            ("title", "Title", "title"),
            ("author", "Author", "author"),
            ("publisher", "Publisher", "sitename"),
            ("date", "Published", "date"),
            ("url", "URL", "url"),
            ("excerpt", "Excerpt", "description"),
        )
        if (value := " ".join(str(stated.get(name) or "").split()))
    ]
    return _paragraphs_apart(body), facts


def _paragraphs_apart(text: str) -> str:
    """Put a blank line between the lines trafilatura gives, which are paragraphs; lists stay."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    out: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        item = line.lstrip().startswith(("- ", "|"))
        out.append(("\n" if item and before else "\n\n") + line)
    return "".join(out).lstrip("\n")


def _document(
    path: Path,
    root: Path,
    data: bytes,
    format: str,
    body: str,
    facts: Iterable[Fact],
    origin: str,
    notes: list[str],
) -> Document:
    """Put header and body together and find title and author where the file does not state them."""
    header = [
        Fact(fact.key, fact.label, value) for fact in facts if (value := _clean(fact.value, notes))
    ]
    metadata = {fact.key: fact.value for fact in header}
    origins = dict.fromkeys(metadata, origin)
    lines = "\n".join(f"{fact.label}: {fact.value}" for fact in header)
    text = "\n\n".join(part for part in (lines, body if body.strip() else "") if part)
    if not text.strip():
        raise EmptyDocumentError(
            f"{path}: no text in it; put text in it or leave it out.", path=str(path)
        )
    if "title" not in metadata:
        headline = _headline(body)
        metadata["title"] = headline or path.name
        origins["title"] = FIRST_LINE if headline else FILE_NAME
    if "author" not in metadata and (author := _byline(body)):
        metadata["author"], origins["author"] = author, BYLINE
    if notes:
        metadata["note"], origins["note"] = "; ".join(notes), READER
    absolute_root = _absolute(root)
    try:
        source = _absolute(path).relative_to(absolute_root).as_posix()
    except ValueError:
        raise UnreadableDocumentError(
            f"{path}: it does not lie under {root}; give the folder that holds it.", path=str(path)
        ) from None
    return Document(
        id=hashlib.sha256(data).hexdigest()[:32],
        root=str(absolute_root),
        source=source,
        text=text,
        title=metadata["title"],
        metadata=metadata,
        origins=origins,
        format=format,
    )


_MAX_HEADLINE = 160  # characters
_ENDS_LIKE_A_SENTENCE = re.compile(r"[.,;:…][\"'”’)\]]*\Z")


def _headline(body: str) -> str:
    """Return the first line where it looks like a headline, else ""."""
    paragraphs = re.split(r"\n[^\S\n]*\n", body.strip("\n"), maxsplit=1)
    lines = paragraphs[0].strip().split("\n")
    marked = re.match(r"#{1,6}[ \t]+(.*?)[ \t#]*\Z", lines[0])
    if marked:
        return marked[1].strip()
    underlined = len(lines) > 1 and re.fullmatch(r"[=-]{3,}[ \t]*", lines[1])
    if not underlined and (len(lines) > 1 or len(paragraphs) < 2 or not paragraphs[1].strip()):
        return ""
    line = lines[0].strip()
    if len(line) > _MAX_HEADLINE or not re.search(r"[^\W\d_]{2}", line):
        return ""
    if _ENDS_LIKE_A_SENTENCE.search(line) or _byline(line) or _is_blob(line):
        return ""
    return "" if re.match(r"[-*•|>]|\d{1,3}[.)]\s", line) else line


_NAME = (
    r"(?:(?:[dD][eiau]|[vV][ao]n|der|den|la|le|al|bin|bint|el|y|[^\W\d_a-z][\w.’'-]*)\s+){1,4}"
    r"[^\W\d_a-z][\w’'-]+"
)
_BYLINE = re.compile(
    rf"[ \t]*(?:(?:[Ww]ritten|[Rr]eported|[Pp]osted|[Ss]tory|[Tt]ext)[ \t]+)?(?:[Bb]y|BY):?[ \t]+"
    rf"(?P<name>{_NAME}(?:(?:,[ ]|,?[ ]and[ ]|[ ]&[ ]){_NAME})*?)"
    r"(?:[ \t]*[,|–—-][^.!?]{0,60})?[ \t]*"
)
_BYLINE_LINES = 12


def _byline(body: str) -> str:
    """Return the name in a byline among the first lines ("By Jo Doe, Editor"), else ""."""
    lines = [line for line in body.split("\n", 4 * _BYLINE_LINES) if line.strip()]
    for line in lines[:_BYLINE_LINES]:
        if len(line) <= _MAX_HEADLINE and (found := _BYLINE.fullmatch(line)):
            return found["name"]
    return ""
