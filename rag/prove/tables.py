"""A row of a table -> what each of its cells says with its label, its column's head and its scale.

A cell says nothing by itself: "7,224" is a number of something (the label of its row), of some time
or kind (the head of its column) and in some unit ("in millions", above the table). Rows are lines
`| label | cell | cell |`, as readers write them; the head and what stands above the table are
looked for in the document, since a long table is cut into several passages.

What cannot be told is not guessed: a cell whose scale is open has no number, a column whose head
cannot be placed has no date.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.prove.rarity import match
from rag.prove.words import Date, Reading, is_light, join, read
from rag.types import Document

SCALES = {
    "thousand": 1e3,
    "lakh": 1e5,
    "million": 1e6,
    "crore": 1e7,
    "billion": 1e9,
    "trillion": 1e12,
}
MOST_LINES = 400  # of a table that are looked at on either side of a row
CAPTION_WORDS = 60  # of what stands above a table that are taken for its caption
SHORT_WORDS = 8  # of a paragraph between a caption and its table ("June 25, 2022")
MOST_CAPTIONS = 3
_FIGURE = re.compile(r"[($€£₹¥\s+-]*\d[\d,.]*\s*\)?\s*%?\s*\)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_RULE = re.compile(r"[\s|:-]+")  # "|---|---|"
_NEGATIVE = re.compile(r"[$€£₹¥\s]*(?:\(|-\s*[$€£₹¥\d])")
_SCALE = re.compile(r"\b(thousand|lakh|million|crore|billion|trillion)s?\b|(?<![\d,.])'?(000)s?\b")
# A caption tells the scale in brackets or after "in"; prose that stands above a table may count.
_CAPTION_SCALE = re.compile(
    r"\(([^()]*)\)|\b(?:in|expressed in|stated in|amounts in|figures in)\s+"
    r"((?:[\w.$€£₹¥']+\s+){0,3}?(?:thousand|lakh|million|crore|billion|trillion)s?\b(?:\s+of\s+\w+)?)",
    re.IGNORECASE,
)
_EXCEPT = re.compile(r"\bexcept\b.*", re.IGNORECASE | re.DOTALL)
_CURRENCIES = (
    ("$", re.compile(r"\$|\bdollars?\b|\busd\b", re.IGNORECASE)),
    ("€", re.compile(r"€|\beuros?\b|\beur\b", re.IGNORECASE)),
    ("£", re.compile(r"£|\bpounds? sterling\b|\bgbp\b", re.IGNORECASE)),
    ("₹", re.compile(r"₹|\brupees?\b|\binr\b|\brs\.?(?=\s|\)|$)", re.IGNORECASE)),
    ("¥", re.compile(r"¥|\byen\b|\bjpy\b", re.IGNORECASE)),
)
# What is a price or a share of something does not follow the scale of the table, and what counts
# things does not follow the currency of its column.
_EACH = re.compile(
    r"\bper\b|%|\bpercent|\bratios?\b|\bmargins?\b|\brates?\b|\bmultiples?\b", re.IGNORECASE
)
_COUNTS = re.compile(
    r"\bshares\b|\bnumber\b|\bemployees?\b|\bheadcount\b|\bunits?\b|\bcustomers?\b|\bstores?\b|"
    r"\bpeople\b|\bpersons?\b|\bhours?\b|\btonn?e?s\b|\bvolumes?\b|"
    r"\bbarrels?\b|\bkm\b|\bkwh\b|\bmwh\b|\bsites?\b|\bvessels?\b|\bvehicles?\b|\bcount\b|"
    r"\bmembers?\b|\bvotes?\b|%|\bpercent|\bratios?\b|\brates?\b|\bmargins?\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\b(?:days?|weeks?|months?|years?)\b", re.IGNORECASE)
# What a statement may call a number that a table puts in brackets.
_TAKES_AWAY = frozenset(
    "loss lose decreas declin fall drop lower less down negat deficit use pay payment spend "
    "purchas repurchas repay outflow tax expens cost minus reduc withhold return shortfal "
    "impair charg deduct distribut dividend fell lost".split()
)
_CLAUSES = re.compile(
    r",\s+(?!\d{4}\b)|;|\b(?:and|while|whereas|but|against|versus|compared|from)\b"
)
_PERIODS = frozenset("day week month quarter year".split())


# A number without a scale, as a model writes it.
_UNSCALED = re.compile(
    r"(?<![\w.,])(?:[$€£₹¥]\s?)?(?P<digits>\d[\d,]*(?:\.\d+)?)(?![\w%]|[.,]\d)"
    r"(?!\s*(?:%|per ?cent|thousand|lakh|million|crore|billion|trillion|bn\b|m\b|k\b))",
    re.IGNORECASE,
)
_read = lru_cache(maxsize=8192)(read)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with what belongs to it.

    Attributes:
        text: as it stands.
        head: the words above it in its column.
        numbers: what it says, scaled, with and without its unit; none where the scale is open.
        bare: its numbers as they stand.
        scale: what they are multiplied by; 0 where that cannot be told.
        negative: it stands in brackets or after a minus.
    """

    text: str
    head: str
    numbers: frozenset[tuple[float, str]]
    bare: frozenset[float]
    scale: float
    negative: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        label: its first cell.
        section: the line above it that heads a group of rows, "" where there is none.
        cells: the others, empty ones left out.
        caption: what stands above the table.
        others: labels of the other rows.
        heads: start and end in the document of each line that says what its cells are.
    """

    label: str
    section: str
    cells: tuple[Cell, ...]
    caption: str
    others: tuple[str, ...]
    heads: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A row, or a sentence in the first person, held against a statement.

    Attributes:
        reading: what it says of it: of a row its label and the cells meant with their heads.
        heads: start and end in the document of what must be cited beside it.
        wrong: why the number is not the one that the statement speaks of, "" where it may be.
        numbers: of the statement that stand in the row, rightly or wrongly.
    """

    reading: Reading
    heads: tuple[tuple[int, int], ...] = ()
    wrong: str = ""
    numbers: frozenset[tuple[float, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    cells: tuple[str, ...]

    @property
    def has_figure(self) -> bool:
        return any(_is_figure(cell) for cell in self.cells[1:])

    @property
    def alone(self) -> bool:
        """Whether only its first cell is filled."""
        return bool(self.cells[0]) and not any(self.cells[1:])

    @property
    def is_head(self) -> bool:
        """Whether it can only be the head of columns: nothing under a label, and no figure."""
        return not self.has_figure and not self.cells[0] and any(self.cells)


def is_row(text: str) -> bool:
    """Tell whether a sentence is one whole row of a table."""
    return text.startswith("|") and text.endswith("|") and "\n" not in text and len(text) > 1


def row_at(document: Document, start: int) -> Row | None:
    """Return the row that begins at a place of a document.

    None where it holds no figure, for the columns of a table of words cannot be told from its rows,
    and where it begins with one, for then it has no label.
    """
    lines = _lines(document.text, start)
    here = next((i for i, line in enumerate(lines) if line.start == start), -1)
    if here < 0 or not lines[here].has_figure or _is_figure(lines[here].cells[0]):
        return None
    first, heads = _head(lines, here)
    caption = _caption(document.text, lines[0].start)
    columns = range(1, max(len(line.cells) for line in lines))
    block = [line for line in lines[first:] if line.has_figure]
    section = next((line for line in reversed(lines[first:here]) if line.alone), None)
    for line in lines[first + 1 : here]:  # a second head ends a block of rows
        block = [other for other in block if not (line.is_head and other.start < line.start)]
    row = lines[here]
    above = section.cells[0] if section else ""
    said = " ".join([" ".join(caption_text(document.text, caption)), *_alone_above(heads)])
    cells = []
    placed = _placed(heads, columns)
    for column in columns:
        text = row.cells[column] if column < len(row.cells) else ""
        if text:
            column_words = _column_words(heads, column)
            sign = _sign(text, column_words, said, block, column)
            about = f"{row.cells[0]} {above}", column_words
            scale = _scale(text, about, said)
            cells.append(_cell(text, placed[column], sign, about, scale))
    spans = [*caption, *((line.start, line.end) for line in heads)]
    spans += [(section.start, section.end)] if section else []
    return Row(
        row.cells[0],
        above,
        tuple(cells),
        said,
        tuple(o.cells[0] for o in lines if o.has_figure and o is not row and o.cells[0]),
        tuple(spans),
    )


def _is_figure(cell: str) -> bool:
    return bool(_FIGURE.fullmatch(cell)) and not _YEAR.fullmatch(cell)


def _lines(text: str, start: int) -> list[_Line]:
    """Return the lines of the table around a place."""
    first = last = start
    for _ in range(MOST_LINES):
        before = text.rfind("\n", 0, max(0, first - 1)) + 1
        if first == 0 or not text[before:first].startswith("|"):
            break
        first = before
    for _ in range(MOST_LINES):
        end = text.find("\n", last)
        if end < 0 or not text.startswith("|", end + 1):
            break
        last = end + 1
    end = text.find("\n", last)
    end = len(text) if end < 0 else end
    found = []
    at = first
    for line in text[first:end].split("\n"):
        inside = line.strip()
        if is_row(inside) and not _RULE.fullmatch(inside):
            cells = tuple(cell.strip() for cell in inside[1:-1].split("|"))
            found.append(_Line(at, at + len(line.rstrip()), cells))
        at += len(line) + 1
    return found


def _head(lines: Sequence[_Line], here: int) -> tuple[int, list[_Line]]:
    """Return where the rows under a head begin, and the lines of the head, for one row."""
    first = next(i for i, line in enumerate(lines) if line.has_figure)
    heads = list(lines[:first])
    while heads and heads[-1].alone:  # a group of rows begins
        heads.pop()
        first -= 1
    i = first
    while i < here:
        if lines[i].is_head:
            end = i
            while end < here and lines[end].is_head:
                end += 1
            first, heads = end, list(lines[i:end])
            i = end
        i += 1
    return first, [line for line in heads if not line.alone or _SCALE.search(line.cells[0].lower())]


def _alone_above(heads: Sequence[_Line]) -> Iterator[str]:
    """Yield what a head says of all columns: "(In millions)" in its first cell."""
    for line in heads:
        if line.cells[0].startswith("("):
            yield line.cells[0]


def _caption(text: str, start: int) -> list[tuple[int, int]]:
    """Return where the paragraphs above a table are that say what it is, the nearest last."""
    found: list[tuple[int, int]] = []
    end = start
    while len(found) < MOST_CAPTIONS:
        end = len(text[:end].rstrip())
        begin = text.rfind("\n\n", 0, end) + 2 if "\n\n" in text[:end] else 0
        paragraph = text[begin:end]
        words = len(paragraph.split())
        if not words or words > CAPTION_WORDS or paragraph.startswith("|"):
            break
        found.append((begin, end))
        if words > SHORT_WORDS or _CAPTION_SCALE.search(paragraph):
            break
        end = begin
    return found[::-1]


def caption_text(text: str, caption: Sequence[tuple[int, int]]) -> list[str]:
    """Return the words of a caption's lines."""
    return [text[begin:end] for begin, end in caption]


def _placed(heads: Sequence[_Line], columns: range) -> dict[int, str]:
    """Return the words above each column.

    A line that has fewer cells than there are columns heads equal groups of them, where each cell
    stands over its group and a line below heads every column.
    """
    found: dict[int, list[str]] = {column: [] for column in columns}
    for place, line in enumerate(heads):
        filled = [c for c in columns if c < len(line.cells) and line.cells[c]]
        below = heads[place + 1 :]
        each = any(all(c < len(b.cells) and b.cells[c] for c in columns) for b in below)
        size, rest = divmod(len(columns), len(filled)) if filled else (0, 1)
        spans = each and size > 1 and not rest
        if spans and all((c - 1) // size == i for i, c in enumerate(filled)):
            for column in columns:
                found[column].append(line.cells[filled[(column - 1) // size]])
        elif not (each and len(filled) < len(columns)):
            for column in filled:
                found[column].append(line.cells[column])
    return {column: " ".join(words) for column, words in found.items()}


def _column_words(heads: Sequence[_Line], column: int) -> str:
    """Return what stands in a column of the head, whatever it spans."""
    return " ".join(line.cells[column] for line in heads if column < len(line.cells))


def _sign(text: str, head: str, said: str, block: Sequence[_Line], column: int) -> str:
    """Return the unit that a cell's numbers have, "" where none is told.

    Accountants put the sign of a currency on the first and the last number of a column only.
    """
    if "%" in text:
        return "%"
    own = _currency(text)
    if own:
        return own
    if _currency(head):
        return _currency(head)
    if re.search(r"%|\bper ?cent\b", head, re.IGNORECASE):
        return "%"
    column_signs = {_currency(line.cells[column]) for line in block if column < len(line.cells)}
    column_signs.discard("")
    if column_signs:
        return column_signs.pop() if len(column_signs) == 1 else ""
    told = {_currency(part) for part in _scale_parts(said)} - {""}
    return told.pop() if len(told) == 1 else ""


def _currency(text: str) -> str:
    found = [sign for sign, pattern in _CURRENCIES if pattern.search(text)]
    return found[0] if len(found) == 1 else ""


def _scale_parts(said: str) -> list[str]:
    """Return the parts of a caption that may tell the scale or the currency of its table."""
    return ["".join(filter(None, found.groups())) for found in _CAPTION_SCALE.finditer(said)]


def _scale(text: str, about: tuple[str, str], said: str) -> float:
    """Return what a cell's numbers are multiplied by; 0 where that cannot be told."""
    label, head = about
    if "%" in text or _SCALE.search(text.lower()):
        return 1.0  # says its scale itself
    own = _told_scale(head)
    if own != 1.0:
        return own
    told = [(part, _told_scale(_EXCEPT.sub("", part))) for part in _scale_parts(said)]
    scales = {scale for _, scale in told} - {1.0}
    if not scales:
        return 1.0
    if len(scales) > 1 or not _FIGURE.fullmatch(text):
        return 0.0
    excepted = " ".join(found[0] for part, _ in told if (found := _EXCEPT.search(part)))
    words = f"{label} {head}"
    if _EACH.search(words):
        return 1.0 if excepted and re.search(r"\bper\b", excepted, re.IGNORECASE) else 0.0
    if excepted and re.search(r"\bshares?\b", words, re.IGNORECASE):
        return 0.0
    return scales.pop()


def _told_scale(text: str) -> float:
    """Return the scale that some words tell: 1 where they tell none, 0 where they tell several."""
    found = {SCALES[name] if name else 1e3 for name, _ in _SCALE.findall(text.lower())}
    return 1.0 if not found else found.pop() if len(found) == 1 else 0.0


def _cell(text: str, head: str, sign: str, about: tuple[str, str], scale: float) -> Cell:
    known = read(text).numbers
    bare = frozenset(value for value, _ in known)
    counts = _COUNTS.search(" ".join(about)) or _TIMES.search(about[0])
    if sign not in {"", "%"} and not _currency(text) and counts:
        # "Earnings per share" is money, "shares" and "per cent" are none.
        sign = ""
    numbers = set[tuple[float, str]]()
    for value, own in known if scale else ():
        unit = own or sign
        numbers.add((value * scale, unit))
        if unit != "%":
            numbers.add((value * scale, ""))
    return Cell(text, head, frozenset(numbers), bare, scale, bool(_NEGATIVE.match(text)))


def fit(row: Row, plain: Reading, said: Reading, text: str) -> Fitted | None:
    """Hold a row against a statement: the cells whose numbers it gives, with their heads.

    Args:
        row: of a table of figures.
        plain: the row as a sentence, with what its passage adds to it.
        said: the statement, read.
        text: the same in words.

    Returns:
        None where the statement has no number of the row's cells.
    """
    of_row = frozenset[tuple[float, str]]().union(*(cell.numbers for cell in row.cells))
    as_written = {value for cell in row.cells for value in cell.bare}
    numbers = _common(of_row, said.numbers)
    numbers |= {(value, unit) for value, unit in said.numbers if value in as_written}
    if not numbers:
        return None
    own = _read(row.label)
    label = replace(plain, numbers=own.numbers, counted=own.counted, dates=own.dates)
    fitting, wrong = _fitting(row, said, text)
    wrong = wrong or _other_row(row, fitting, said)
    if wrong:
        return Fitted(label, wrong=wrong, numbers=numbers)
    around = (row.section, row.caption)
    words = [
        replace(_read(text), numbers=frozenset(), dates=(), counted=frozenset()) for text in around
    ]
    reading = join([label, *words, *(_read(cell.head) for cell in fitting)])
    given = frozenset[tuple[float, str]]().union(
        *(_common(cell.numbers, said.numbers) for cell in fitting)
    )
    # What stands above the table may speak of other things that can be counted.
    things = (row.label, row.section, *(cell.head for cell in fitting))
    stems = {word.stem for text in things for word in _read(text).words}
    counted = {(value, stem) for value, unit in given if not unit for stem in stems}
    fitted = replace(
        reading,
        numbers=reading.numbers | given,
        dates=(*own.dates, *_dates(row, fitting)),
        counted=reading.counted | counted,
        negators=plain.negators,
        negated=plain.negated,
    )
    return Fitted(fitted, row.heads, numbers=numbers)


def _fitting(row: Row, said: Reading, text: str) -> tuple[list[Cell], str]:
    """Return the cells that a statement gives, or why it gives another number than it says."""
    meant = [cell for cell in row.cells if _common(cell.numbers, said.numbers)]
    if not meant:
        return [], "The table gives this number in another unit."
    meant = [cell for cell in meant if not cell.negative or _TAKES_AWAY & said.stems]
    if not meant:
        return [], "The table gives this number as a negative one."
    given = frozenset[tuple[float, str]]().union(
        *(_common(cell.numbers, said.numbers) for cell in meant)
    )
    clauses = [said] if len(given) == 1 else [*map(read, _CLAUSES.split(text))]
    apart = any(bool(clause.dates) != bool(clause.numbers & given) for clause in clauses)
    if len(clauses) > 1 and len(said.dates) > 1 and apart:
        # "in 2021 and 2022 it was 7 and 9": which belongs to which is not told by clauses.
        return [], "The table gives these numbers in several columns."
    # "7 in 2021 and 9 in 2022": each number with what its own clause says of it.
    fitting = [
        (cell, number)
        for clause in clauses
        for number in given & clause.numbers
        for cell in meant
        if _common(cell.numbers, frozenset({number})) and not _other_column(row, cell, clause)
    ]
    if given - {number for _, number in fitting}:
        return [], "The table gives this number in another column."
    return list(dict.fromkeys(cell for cell, _ in fitting)), ""


def _common(
    ours: frozenset[tuple[float, str]], said: frozenset[tuple[float, str]]
) -> frozenset[tuple[float, str]]:
    """Return the numbers of a statement that stand among some: 7.2 billion is 7,200 million."""
    return frozenset(
        (value, unit)
        for value, unit in said
        if any(unit == own and math.isclose(value, number, rel_tol=1e-9) for number, own in ours)
    )


def _dates(row: Row, cells: Sequence[Cell]) -> tuple[Date, ...]:
    """Return the days of some cells: those of their columns, else the one of the caption."""
    found = tuple(date for cell in cells for date in _read(cell.head).dates)
    if found or any(_read(cell.head).dates for cell in row.cells):
        return found
    above = _read(row.caption).dates
    return above if len(above) == 1 else ()


def _other_column(row: Row, cell: Cell, said: Reading) -> bool:
    """Tell whether a statement, or a clause of one, speaks of another column than a cell's."""
    head, label = _read(cell.head), _read(f"{row.label} {row.section}")
    days = (*_read(row.label).dates, *_dates(row, [cell]))
    if not all(any(day.carries(date) for day in days) for date in said.dates):
        return True
    others = [_read(other.head) for other in row.cells if other.head != cell.head]
    for span in _PERIODS:
        own, wanted = ({n for n, thing in each.counted if thing == span} for each in (head, said))
        known = {n for other in others for n, thing in other.counted if thing == span}
        if (known or own) and wanted & (known | own) and not wanted <= own:
            return True
    here = head.stems | label.stems
    for other in others:
        # Heads tell columns apart by what one has and the other has not.
        theirs = {s for s in other.stems - here if not is_light(s)}
        mine = {s for s in head.stems - other.stems if not is_light(s)}
        if theirs and theirs <= said.stems and not (mine and mine <= said.stems):
            return True
    return False


def _other_row(row: Row, cells: Sequence[Cell], said: Reading) -> str:
    """Return why a statement is not of this row, "" where it may be."""
    label = _read(row.label)
    own = {s for s in _stems(label) if not is_light(s)}
    named = {s for s in own if match(s, said.stems)}
    if 2 * len(named) <= len(own) and own:
        return f"The table gives this number of “{row.label}”."
    if not own and label.dates and said.dates and not _share_day(label.dates, said.dates):
        return f"The table gives this number of “{row.label}”."
    if not own and label.dates and not said.dates:
        return f"The table gives this number of “{row.label}” only."
    around = (row.section, row.caption, *(cell.head for cell in cells))
    held = join([label, *map(_read, around)]).stems
    unsaid = not all(match(s, said.stems) for s in _stems(label))
    for other in row.others:
        label_words = _stems(_read(other))
        theirs = label_words if unsaid else label_words - held
        if theirs and all(match(s, said.stems) for s in theirs):
            return f"The table gives this number of “{row.label}”, not of “{other}”."
    return ""


def _stems(reading: Reading) -> frozenset[str]:
    """Return the stems of the words that are written, without those of initials."""
    return frozenset(word.stem for word in reading.words)


def _share_day(some: Sequence[Date], others: Sequence[Date]) -> bool:
    return any(one.carries(other) for one in some for other in others)


def completed(text: str, rows: Sequence[Row]) -> str:
    """Return a statement whose numbers have the scale of the table they stand in.

    A small model writes "$5,433" of a cell in a table "in millions". What is added is proven like
    the rest.

    Args:
        text: a drafted sentence.
        rows: that it may have its numbers from.
    """
    names = {scale: name for name, scale in SCALES.items()}

    def scaled(found: re.Match[str]) -> str:
        value = float(found["digits"].replace(",", ""))
        scales = {cell.scale for row in rows for cell in row.cells if value in cell.bare}
        scale = scales.pop() if len(scales) == 1 else 0.0
        day = (
            _YEAR.fullmatch(found[0]) or read(text[max(0, found.start() - 12) : found.end()]).dates
        )
        return f"{found[0]} {names[scale]}" if scale in names and not day else found[0]

    return _UNSCALED.sub(scaled, text)
