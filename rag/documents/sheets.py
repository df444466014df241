"""Tables as lines that can be read alone, with the names of their columns; CSV and TSV.

A cited row has to say what its numbers are, so that each row becomes one line, `Team: Blues;
Cups: 1`. A name that a column does not have would be a false statement: where nothing in the
table shows that its first row holds names, that is told in a note.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from rag.documents.body import Body
from rag.documents.decode import decode
from rag.documents.source import MOST_BYTES, MOST_CHARACTERS, Content, Source

Row = tuple[int, list[str]]
"""Number of a row in its file, from 1, and its cells as text."""

_DELIMITERS = "\t;|,"  # the surest first: a comma may also be a decimal one
_NO_DELIMITER = "\x1f"
_MIN_AGREEING = 0.3  # of the rows; with fewer of one width the lines are no table
_SAMPLE_CHARACTERS = 65_536
_SAMPLE_ROWS = 200
_MOST_LINES = 200  # of a cell, where quotation marks are broken somewhere
_SHOWN = 5  # numbers of rows that a note lists
_LINE_BREAK = re.compile(r"\s*[\n\r\v\f\x85\u2028\u2029]\s*")

_TOP_ROWS = 20  # among which the names of the columns stand
_MIN_FILLED = 0.6  # of the usual number of cells, in a row of names
_MOST_SAMPLED = 0.6  # of a column's values that have to be numbers to tell them from its name
_MAX_NAME = 100  # characters
_MAX_GUESSED_NAME = 40
_NUMBER = re.compile(
    r"[-+−(]*(?:[A-Z]{0,3}[$€£¥]|[A-Z]{3} )?\s?[-+−]?(?:\d[\d.,'’\u00a0\u202f ]*|[.,]\d+)"
    r"(?:[eE][-+]?\d+)?\s?(?:%|‰|[$€£¥]|[A-Z]{3})?\)?"
)
_DATE = re.compile(
    r"(?:\d{4}[-./]\d{1,2}(?:[-./]\d{1,2})?|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))"
    r"(?:[T ]\d{1,2}:\d{2}\S*)?|\d{1,2}:\d{2}(?::\d{2})?"
)
_YEAR = re.compile(r"(?:1[89]|20|21)\d\d")
_ERROR = re.compile(r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)")
_NOTHING = frozenset(["", "-", "–", "—", "n/a", "na", "nan", "null", "none", "nil", "?", ".", "x"])


def read_csv(source: Source) -> Content:
    """Read a file of values parted by commas, semicolons, tabs or bars.

    Raises:
        EmptyDocumentError: there is no value in it.
        UnreadableDocumentError: it is no text, or too much of it.
    """
    notes: list[str] = []
    body = Body()
    write_table(_rows(decode(source, notes), notes), body, source, notes)
    if not len(body):
        raise source.empty()
    return Content("csv", body, notes=notes)


def write_table(
    rows: Iterable[Row],
    body: Body,
    source: Source,
    notes: list[str],
    *,
    sheet: str = "",
    said: str = "",
) -> None:
    """Add the rows of a sheet to a text, each as a line of its own, with its number.

    Args:
        rows: of the sheet, in order, empty ones too: they part one table from the next.
        body: what they are added to.
        source: the file.
        notes: what was guessed is added.
        sheet: its name in notes, "" where the file is one table.
        said: its name in each row, "" where that tells nothing apart.

    Raises:
        UnreadableDocumentError: the text grows too long.
    """
    head: _Head | None = None
    for block in _blocks(rows):
        found = _find_head(block, may_guess=head is None)
        if found is None and head is not None and head.fits(block[0][1]):
            found = _Head(-1, head.names, head.certain, head.counted)
        if found is not None and not found.certain and found.row >= 0:
            where = f" of the sheet “{sheet}”" if sheet else ""
            number = block[found.row][0]
            notes.append(f"row {number}{where} was taken for the names of the columns, a guess")
        head = found or head
        for i, (number, cells) in enumerate(block):
            body.mark("row", str(number))
            is_named = found is not None and i > found.row and cells != found.names
            body.add(_line(cells, found.names if found and is_named else [], said))
            if len(body) > MOST_CHARACTERS:
                most = f"it makes more than {MOST_CHARACTERS / 1e6:,.0f} million characters of text"
                raise source.refused(f"{most}; split it into several files")


# --- from bytes to rows ---------------------------------------------------------------------------


def _rows(text: str, notes: list[str]) -> Iterator[Row]:
    """Return the rows of a text, empty ones too, numbered as a spreadsheet numbers them."""
    stated = re.match(r"sep=(.)\r?\n|sep=(.)\r", text)  # what Excel writes for itself
    if stated:
        text = text[stated.end() :]
    delimiter = (stated[1] or stated[2]) if stated else _delimiter(text)
    if delimiter in '"\r\n ':
        delimiter = _delimiter(text)
    records = _records(text, delimiter, notes)
    return ((i, [_one_line(cell) for cell in cells]) for i, cells in enumerate(records, 1))


def _records(text: str, delimiter: str, notes: list[str]) -> list[list[str]]:
    """Return the cells of every record; a row with broken quotation marks is read as it stands."""
    try:
        return list(_reader(io.StringIO(text, newline=""), delimiter))
    except csv.Error:
        pass
    lines = list(io.StringIO(text, newline=""))
    found: list[list[str]] = []
    broken: list[int] = []
    at = 0
    while at < len(lines):
        cells, used = _record(lines, at, delimiter)
        if cells is None:
            cells = lines[at].rstrip("\r\n").split(delimiter)
            broken.append(len(found) + 1)
        found.append(cells)
        at += used
    if broken:
        rows = ", ".join(map(str, broken[:_SHOWN])) + (", …" if len(broken) > _SHOWN else "")
        notes.append(f"quotation marks in row {rows} are not closed and were read as text")
    return found


def _record(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Return the record that begins on a line and its number of lines; None if it is broken."""
    for escape in (None, "\\") if '\\"' in lines[at] else (None,):
        reader = _reader(islice(lines, at, at + _MOST_LINES), delimiter, escape)
        try:
            return next(reader), reader.line_num
        except (csv.Error, StopIteration):
            continue
    return None, 1


def _reader(lines: Iterable[str], delimiter: str, escape: str | None = None) -> Any:
    # The limit belongs to the module, and is only ever raised: a cell may hold a whole article.
    if csv.field_size_limit() < MOST_BYTES:
        csv.field_size_limit(MOST_BYTES)
    return csv.reader(
        lines, delimiter=delimiter, strict=True, escapechar=escape, doublequote=escape is None
    )


def _delimiter(text: str) -> str:
    """Return what parts the cells: the sign by which most rows have the same number of them."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(sample) and "\n" in sample:
        sample = sample[: sample.rindex("\n")]
    best, best_share = _NO_DELIMITER, _MIN_AGREEING
    for delimiter in _DELIMITERS:
        records = _records(sample, delimiter, [])
        widths = [len(cells) for cells in records if any(map(str.strip, cells))][:_SAMPLE_ROWS]
        if not widths:
            return delimiter
        several = Counter(width for width in widths if width > 1)
        share = max(several.values(), default=0) / max(1, len(widths))
        if share > best_share:
            best, best_share = delimiter, share
    return best


def _one_line(cell: str) -> str:
    return _LINE_BREAK.sub(" ", cell.strip())


# --- from rows to lines ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Head:
    """The names of the columns of a table.

    Attributes:
        row: place in its block, -1 if they stand in a block before.
        names: of the columns, "" where one has none.
        certain: the values below show that they are names.
        counted: columns of numbers and dates.
    """

    row: int
    names: list[str]
    certain: bool
    counted: frozenset[int]

    def fits(self, cells: Sequence[str]) -> bool:
        """Say whether a row after an empty one goes on with the same table."""
        kinds = {_kind(cells[i]) for i in self.counted if i < len(cells)} - {"nothing"}
        return len(cells) <= len(self.names) and bool(kinds) and "text" not in kinds


def _blocks(rows: Iterable[Row]) -> list[list[Row]]:
    """Part rows where empty ones stand; where every other row is empty that means nothing."""
    blocks: list[list[Row]] = [[]]
    for number, cells in rows:
        if any(cells):
            blocks[-1].append((number, cells))
        elif blocks[-1]:
            blocks.append([])
    blocks = [block for block in blocks if block]
    if len(blocks) > 3 and _median(len(block) for block in blocks) == 1:
        return [list(chain.from_iterable(blocks))]
    return blocks


def _find_head(block: Sequence[Row], *, may_guess: bool) -> _Head | None:
    """Return the names of the columns of a table, None where it shows none."""
    sample = [cells for _, cells in block[:_SAMPLE_ROWS]]
    usual = _median(sum(map(bool, cells)) for cells in sample)
    if usual < 2:
        return None
    enough = max(2, _MIN_FILLED * usual)
    for row in range(min(_TOP_ROWS, len(sample) - 1)):
        # Columns of names and of numbers in rows often have no name themselves.
        if sum(map(bool, sample[row])) + (not sample[row][0]) >= enough:
            break
    else:
        return None
    while row + 2 < len(sample) and _fuller_names(sample[row], sample[row + 1]):
        row += 1
    cells = sample[row]
    if not _are_names(cells) or _is_form(sample):
        return None
    below = [
        [_kind(each[i]) for each in sample[row + 1 :] if i < len(each)] for i in range(len(cells))
    ]
    counted = frozenset(i for i, kinds in enumerate(below) if _mostly(kinds, _is_counted))
    years = [i for i in counted if _kind(cells[i]) != "text" and cells[i]]
    certain = any(_kind(cells[i]) == "text" for i in counted) or (
        len(years) > 1 and not any(_mostly(below[i], _is_date) for i in years)
    )
    if not certain and not (may_guess and _could_be_names(row, sample)):
        return None
    return _Head(row, _joined(sample[row - 1] if row else [], cells), certain, counted)


def _is_form(sample: Sequence[Sequence[str]]) -> bool:
    """Say whether each row is a name with a colon and its value."""
    return 2 * sum(cells[0].endswith(":") for cells in sample) > len(sample)


def _median(counts: Iterable[int]) -> int:
    ordered = sorted(counts)
    return ordered[len(ordered) // 2]


def _fuller_names(cells: Sequence[str], after: Sequence[str]) -> bool:
    """Say whether names are followed by more of them: the groups of columns stand above."""
    texts = all(_kind(cell) in ("text", "nothing") for cell in after)
    return texts and sum(map(bool, after)) > sum(map(bool, cells)) and _are_names(after)


def _are_names(cells: Sequence[str]) -> bool:
    """Say whether all cells could be names of columns: words, or different years and dates."""
    filled = [cell for cell in cells if cell]
    dates = [cell for cell in filled if _kind(cell) == "date"]
    others = [cell for cell in filled if _kind(cell) == "number"]
    if others or len(set(dates)) < len(dates) or len(dates) == len(filled):
        return False
    return all(len(cell) <= _MAX_NAME for cell in filled)


def _could_be_names(row: int, sample: Sequence[Sequence[str]]) -> bool:
    """Say whether a row may hold names where no column of numbers shows it."""
    filled = [(i, cell) for i, cell in enumerate(sample[row]) if cell]
    if len(filled) < 3:  # as likely a name and its value in each row, as on a cover sheet
        return False
    if len({cell.lower() for _, cell in filled}) < len(filled):
        return False
    for i, cell in filled:
        if _kind(cell) != "text" or len(cell) > _MAX_GUESSED_NAME:
            return False
        if re.search(r"@|://|[.!?]\Z", cell):
            return False
        if any(cell == each[i] for each in sample[row + 1 :] if i < len(each)):
            return False
    return True


def _joined(above: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return names of columns, with those of their groups where they are not told apart."""
    names = [name.rstrip(" :") for name in names]
    several = [name for name in names if name]
    if len(set(several)) == len(several) or sum(map(bool, above)) < 2:
        return names
    found: list[str] = []
    group = ""
    for i, name in enumerate(names):
        group = above[i].rstrip(" :") if i < len(above) and above[i] else group
        found.append(f"{group} › {name}" if group and name and group != name else name)
    return found


def _mostly(kinds: Sequence[str], is_it: Callable[[str], bool]) -> bool:
    stated = [kind for kind in kinds if kind != "nothing"]
    return bool(stated) and sum(map(is_it, stated)) >= _MOST_SAMPLED * len(stated)


def _is_counted(kind: str) -> bool:
    return kind != "text"


def _is_date(kind: str) -> bool:
    return kind == "date"


def _kind(cell: str) -> str:
    """Return what a cell holds: "nothing", "number", "date" (a year is one) or "text"."""
    if cell.lower() in _NOTHING or _ERROR.fullmatch(cell):
        return "nothing"
    if _YEAR.fullmatch(cell) or _DATE.fullmatch(cell):
        return "date"
    # True and false are never names either.
    is_number = len(cell) < _MAX_GUESSED_NAME and _NUMBER.fullmatch(cell)
    return "number" if is_number or cell.lower() in ("true", "false") else "text"


def _line(cells: Sequence[str], names: Sequence[str], sheet: str) -> str:
    """Return a row in words; without names as the row of a table, a single cell by itself."""
    filled = [(i, cell) for i, cell in enumerate(cells) if cell]
    if not names or [i for i, _ in filled] == [0]:  # a title, a subheading or a footnote
        first, last = filled[0][0], filled[-1][0]
        inner = " | ".join(cells[first : last + 1])
        return inner if len(filled) == 1 else f"| {inner} |"
    told = [f"{names[i]}: {cell}" if i < len(names) and names[i] else cell for i, cell in filled]
    return "; ".join([f"Sheet: {sheet}", *told] if sheet else told)
