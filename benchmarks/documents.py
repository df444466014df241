"""Every shared file, good and bad, through its reader, held against what is expected of it.

    python -m benchmarks.documents [--only PART] [--text]

Each file is read as an index reads it, in a process of its own, and told with its outcome and
seconds; `--text` prints what was read as well. Exit code 1 where a file is not as expected.
"""

from __future__ import annotations

import argparse
import csv
import html
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sets import DATA
from rag.documents import Found, header_end
from rag.documents.worker import Worker
from rag.errors import DocumentError, EmptyDocumentError

FOLDER = DATA.parent / "documents"
LEAST_F1 = 0.9
_CURE = re.compile(r"; \w.*\.$", re.DOTALL)  # each message ends with one
_MENU = re.compile(
    r"^\W*(?:sign in|log in|subscribe now|cookie policy|skip to \w+)\W*$",
    re.IGNORECASE | re.MULTILINE,
)
LEAST_GOLD = 1000  # characters; pages state a shortened body too


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file.

    Attributes:
        found: what was read; None where it was refused.
        error: why it was refused.
        f1: of the words of its body against those its page states, None where none are stated.
    """

    file: Path
    expected: str
    seconds: float
    found: Found | None
    error: DocumentError | None
    f1: float | None = None

    @property
    def text(self) -> str:
        """All text that was read."""
        return "\n\n".join(d.text for d in self.found.documents) if self.found else ""

    @property
    def told(self) -> str:
        """In words."""
        if self.error:
            message = str(self.error).replace(str(self.file.parent) + "/", "")
            return f"{type(self.error).__name__}: {message}"
        assert self.found is not None
        kinds = Counter(mark.kind for d in self.found.documents for mark in d.marks)
        places = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        f1 = "" if self.f1 is None else f", F1 {self.f1:.3f}"
        return f"{len(self.text):,} characters, marks: {places or 'none'}{f1}"


def read_all(only: str) -> Iterator[Outcome]:
    """Read every file whose name holds a part."""
    with (FOLDER / "EXPECT.tsv").open(encoding="utf-8") as lines, Worker() as worker:
        for row in csv.DictReader(lines, delimiter="\t"):
            if only not in row["file"]:
                continue
            file = FOLDER / row["file"]
            found = error = None
            began = time.perf_counter()
            try:
                found = worker.read(file, root=FOLDER)
            except DocumentError as refused:
                error = refused
            took = time.perf_counter() - began
            stated = _stated_body(file) if found and file.suffix == ".html" else ""
            f1 = token_f1(_body(found), stated) if found and stated else None
            expected = " ".join(filter(None, (row["kind"], row["expect"])))
            yield Outcome(file, expected, took, found, error, f1)


def _stated_body(file: Path) -> str:
    """Return the longest article body that a page states of itself in JSON-LD."""
    page = file.read_bytes().decode("utf-8", "replace")
    found = []
    for raw in re.findall(r'"articleBody"\s*:\s*("(?:[^"\\]|\\.)*")', page):
        try:
            found.append(str(json.loads(raw, strict=False)))
        except ValueError:
            continue
    longest = max(found, key=len, default="")
    return html.unescape(longest) if len(longest) >= LEAST_GOLD else ""


def _body(found: Found) -> str:
    document = found.documents[0]
    return document.text[header_end(document) :]


def token_f1(text: str, gold: str) -> float:
    """Return the F1 of the words of two texts, each word as often as it occurs."""
    ours, theirs = (Counter(re.findall(r"\w+", each.lower())) for each in (text, gold))
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values()) or 1)


def is_read(outcome: Outcome) -> bool:
    """Tell whether there is text."""
    return bool(outcome.text.strip())


def is_refused(outcome: Outcome) -> bool:
    """Tell whether it was refused with a message that ends with the cure."""
    return outcome.error is not None and bool(_CURE.search(str(outcome.error)))


def has_pages(outcome: Outcome) -> bool:
    """Tell whether there is text, and every page of it is marked."""
    return outcome.found is not None and any(
        mark.kind == "page" for document in outcome.found.documents for mark in document.marks
    )


def wants_password(outcome: Outcome) -> bool:
    """Tell whether it was refused for a password."""
    return is_refused(outcome) and "password" in str(outcome.error)


def is_empty(outcome: Outcome) -> bool:
    """Tell whether it was reported as having no text."""
    return isinstance(outcome.error, EmptyDocumentError)


def is_article(outcome: Outcome) -> bool:
    """Tell whether title and body are there and no menu is."""
    if outcome.found is None:
        return False
    document = outcome.found.documents[0]
    titled = document.origins.get("title") == "html metadata"
    return titled and len(document.text) > 500 and not _MENU.search(document.text)


def has_table(outcome: Outcome) -> bool:
    """Tell whether there is a row of a table."""
    return any(line.startswith("| ") for line in outcome.text.split("\n"))


def has_no_script(outcome: Outcome) -> bool:
    """Tell whether there is text and no script in it."""
    return is_read(outcome) and not re.search(
        r"function\s*\(|document\.\w+\(|var \w+ =", outcome.text
    )


def is_close(outcome: Outcome) -> bool:
    """Tell whether the body is the one the page states, where it states one."""
    return is_read(outcome) and (outcome.f1 is None or outcome.f1 >= LEAST_F1)


Rule = Callable[[Outcome], bool]
# What stands in kind and expectation, the first that fits.
RULES: Sequence[tuple[str, Rule]] = (
    ("page numbers kept", has_pages),
    ("needs a password", wants_password),
    ("password", lambda o: wants_password(o) or (o.found is not None and has_pages(o))),
    ("no text layer", is_empty),
    ("reported empty", is_empty),
    ("or clear error", lambda o: is_read(o) or is_refused(o)),
    ("or a clear error", lambda o: is_read(o) or is_refused(o)),
    ("or unsupported", is_read),
    # What is called malformed there reads whole: a placeholder without a place, a joined header.
    ("malformed pptx", lambda o: is_read(o) or is_refused(o)),
    ("malformed email", lambda o: is_read(o) or is_refused(o)),
    ("clear error", is_refused),
    ("skipped with a message", is_refused),
    ("umlauts right", lambda o: "können" in o.text or "äöü" in o.text or "ö" in o.text),
    ("table text kept", has_table),
    ("no script text", has_no_script),
    ("article body", is_article),
    ("F1", is_close),
    ("", is_read),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents")
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--text", action="store_true", help="print what was read")
    options = parser.parse_args(arguments)
    wrong = count = 0
    scores = []
    for outcome in read_all(options.only):
        rule = next(test for part, test in RULES if part in outcome.expected)
        fits = rule(outcome)
        wrong += not fits
        count += 1
        scores += [] if outcome.f1 is None else [outcome.f1]
        sign = "ok   " if fits else "WRONG"
        print(f"{sign} {outcome.seconds:5.2f} s  {outcome.file.name} [{outcome.expected}]")
        print(f"      {outcome.told}")
        if options.text:
            print(outcome.text)
    mean = f", token F1 {sum(scores) / len(scores):.3f} on {len(scores)} pages" if scores else ""
    print(f"\n{count - wrong} of {count} files as expected{mean}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
