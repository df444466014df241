"""Spreadsheets: every shown row as a line that can be read alone, with the names of its columns."""

from __future__ import annotations

import datetime
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from typing import Any

from rag.documents.archive import open_archive, properties
from rag.documents.body import Body
from rag.documents.characters import on_one_line
from rag.documents.compose import PROPERTIES
from rag.documents.sheets import Row, write_table
from rag.documents.source import Content, Source

_MOST_ROWS = 1_048_576  # of a sheet, as the format allows
_MOST_COLUMNS = 16_384
_MOST_CELLS = 5_000_000  # of a workbook, empty ones to the left of the last one too
_MOST_MERGED = 100_000  # cells that repeat the value of the one they are merged with
_SHOWN = 5  # numbers of rows, or names of sheets, that a note lists
_UNNAMED = re.compile(
    r"(?i)(?:sheet|tabelle|feuil|hoja|foglio|blad|planilha|plan|arkusz|лист|シート|工作表)\s?\d*"
)
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/"
# What openpyxl, zipfile and the XML parsers raise on damaged workbooks, besides openpyxl's own
# errors. XML errors are SyntaxErrors, and those of forbidden entities ValueErrors.
_DAMAGED: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError),
    *(SyntaxError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError),
    *(RuntimeError, AssertionError),
)


def read_xlsx(source: Source) -> Content:
    """Read the values a workbook shows, sheet by sheet; formulas as they were last worked out.

    Raises:
        EmptyDocumentError: no cell that is shown holds anything.
        UnreadableDocumentError: damaged, protected by a password, or too large.
    """
    # openpyxl unpacks without looking: what would do harm is refused before.
    archive = open_archive(source)
    archive.measure()
    notes: list[str] = []
    body = Body()
    facts = properties(archive)
    try:
        workbook = _opened(source.data)
        sheets = [workbook[name] for name in workbook.sheetnames]
    except _damaged():
        raise source.refused(
            "it is damaged or no workbook; open it in a spreadsheet program and save it again"
        ) from None
    damaged = _write_sheets(sheets, body, source, notes)
    if not len(body) and damaged:
        raise source.refused("its sheets are damaged; restore the file from a backup")
    if not len(body) and notes:
        raise source.empty(f"no cell that is shown holds anything ({'; '.join(notes)})")
    if not len(body):
        raise source.empty("its cells are empty")
    _note_unread(archive.names, notes)
    return Content("xlsx", body, facts, PROPERTIES, notes)


def _libraries() -> tuple[Any, Any, Any]:
    """Return the reader of workbooks, its coordinates, and the reader of XML that trusts none."""
    import openpyxl
    from defusedxml import ElementTree
    from openpyxl.utils import cell

    return openpyxl, cell, ElementTree


def _damaged() -> tuple[type[Exception], ...]:
    """Return what is raised on damaged workbooks; openpyxl's errors have no class in common."""
    openpyxl, _, _ = _libraries()
    own = vars(openpyxl.utils.exceptions).values()
    errors = [error for error in own if isinstance(error, type) and issubclass(error, Exception)]
    return (*_DAMAGED, *errors)


def _opened(data: bytes) -> Any:
    openpyxl, _, _ = _libraries()
    with warnings.catch_warnings():
        # They tell what would be lost on saving, such as rules for colours.
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)


def _write_sheets(sheets: list[Any], body: Body, source: Source, notes: list[str]) -> bool:
    """Add all shown sheets to a text and say whether one of them was damaged."""
    hidden: list[str] = []
    damaged: list[str] = []
    charts: list[str] = []
    cells = 0
    # Rows of several sheets, such as one for each year, may differ in nothing but its name.
    several = sum(getattr(sheet, "sheet_state", "") == "visible" for sheet in sheets) > 1
    for sheet in sheets:
        name = str(sheet.title)
        if not hasattr(sheet, "reset_dimensions"):
            charts.append(name)
            continue
        if sheet.sheet_state != "visible":
            hidden.append(name)
            continue
        try:
            layout = _layout(source.data, sheet)
            if layout.strict:
                raise source.refused("it is a Strict Open XML workbook; save it as plain .xlsx")
            cells += layout.cells
            if cells > _MOST_CELLS:
                many = f"it has more than {_MOST_CELLS:,} cells"
                raise source.refused(f"{many}; split it into several workbooks")
            rows = list(_rows(sheet, layout))
        except _damaged():
            damaged.append(name)
            continue
        body.mark("sheet", name)
        said = name if several and not _UNNAMED.fullmatch(name) else ""
        write_table(rows, body, source, notes, sheet=name, said=on_one_line(said))
        layout.note(name, notes)
    if hidden:
        one = "a hidden sheet was" if len(hidden) == 1 else f"{len(hidden)} hidden sheets were"
        notes.append(f"{one} left out ({_listed(hidden)}); show it to have it read")
    if damaged:
        notes.append(f"damaged and left out: sheet {_listed(damaged)}")
    if charts:
        notes.append(f"chart sheets are not read: {_listed(charts)}")
    return bool(damaged)


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:_SHOWN])
    return shown + (", …" if len(names) > _SHOWN else "")


# --- what openpyxl does not tell of a sheet that is read row by row -------------------------------


@dataclass(slots=True)
class _Layout:
    """What a sheet is like, apart from its values.

    Attributes:
        cells: their number, empty ones to the left of the last one of a row too.
        last_row: the last that has a cell with something in it, from 1.
        hidden_rows: their numbers.
        hidden_columns: their numbers, from 1.
        unsaved: formulas whose value the file does not hold.
        merged: row -> column -> the cell above whose value this one shows too.
        repeated: how many those are.
        strict: it is written in the other dialect of the format, which openpyxl does not read.
    """

    cells: int = 0
    last_row: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    unsaved: int = 0
    merged: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    repeated: int = 0
    strict: bool = False

    def note(self, sheet: str, notes: list[str]) -> None:
        """Add to the notes what is not shown."""
        if self.hidden_rows:
            numbers = sorted(self.hidden_rows)
            told = ", ".join(map(str, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")
            many = f"{len(numbers)} hidden rows" if len(numbers) > 1 else "a hidden row"
            notes.append(f"{many} of the sheet “{sheet}” left out ({told})")
        if self.hidden_columns:
            _, coordinates, _ = _libraries()
            letters = map(coordinates.get_column_letter, sorted(self.hidden_columns)[:_SHOWN])
            told = ", ".join(letters)
            told += ", …" if len(self.hidden_columns) > _SHOWN else ""
            notes.append(f"hidden columns of the sheet “{sheet}” left out ({told})")
        if self.unsaved:
            many = f"{self.unsaved} formulas" if self.unsaved > 1 else "a formula"
            notes.append(
                f"{many} of the sheet “{sheet}” without a saved value left out; "
                "open it in a spreadsheet program and save it to have them read"
            )


def _layout(data: bytes, sheet: Any) -> _Layout:
    """Read what is hidden, merged and without value from the XML of a sheet.

    Raises:
        ValueError: a row or a column lies outside of what a sheet can be.
    """
    _, coordinates, xml = _libraries()
    found = _Layout()
    row = 0
    used: set[int] = set()
    # openpyxl has no public name for the place of a sheet in its archive.
    with zipfile.ZipFile(BytesIO(data)) as archive, archive.open(sheet._worksheet_path) as part:
        for _, element in xml.iterparse(part):
            if element.tag.startswith(_STRICT):
                found.strict = True
            elif element.tag == f"{_SHEET}row":
                row = int(float(element.get("r", row + 1)))
                if not 0 < row <= _MOST_ROWS:
                    raise ValueError(row)
                column = 0
                for cell in element:
                    if place := cell.get("r"):
                        letters, _ = coordinates.coordinate_from_string(place)
                        column = coordinates.column_index_from_string(letters)
                    else:
                        column += 1
                    value = cell.findtext(f"{_SHEET}v") or cell.find(f"{_SHEET}is") is not None
                    if value:
                        found.last_row = max(found.last_row, row)
                        used.add(column)
                    elif cell.find(f"{_SHEET}f") is not None:
                        found.unsaved += 1
                if column > _MOST_COLUMNS:
                    raise ValueError(column)
                found.cells += column
                if element.get("hidden") in ("1", "true") and len(element):
                    found.hidden_rows.add(row)
                element.clear()
            elif element.tag == f"{_SHEET}col" and element.get("hidden") in ("1", "true"):
                last = min(int(element.get("max", 0)), _MOST_COLUMNS)
                found.hidden_columns.update(range(int(element.get("min", 1)), last + 1))
            elif element.tag == f"{_SHEET}mergeCell":
                _merge(found, coordinates.range_boundaries(element.get("ref", "")))
    found.hidden_columns &= used
    return found


def _merge(found: _Layout, bounds: tuple[Any, ...]) -> None:
    """Note which cells show the value at the top of merged ones that go over several rows."""
    left, top, _, bottom = bounds
    if None in bounds or found.repeated + bottom - top > _MOST_MERGED:
        return
    found.repeated += bottom - top
    for row in range(top + 1, bottom + 1):
        found.merged.setdefault(row, {})[left] = (top, left)


def _rows(sheet: Any, layout: _Layout) -> Iterator[Row]:
    """Yield the shown rows of a sheet with their numbers, cells as text."""
    sheet.reset_dimensions()  # as stated they may be a million rows of nothing
    above: dict[tuple[int, int], str] = {}
    tops = {place for places in layout.merged.values() for place in places.values()}
    if not layout.last_row:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, row in enumerate(sheet.iter_rows(max_row=layout.last_row), 1):
            cells = ["" if cell.value is None else _said(cell) for cell in row]
            for i, cell in enumerate(cells, 1):
                if (number, i) in tops:
                    above[number, i] = cell
            if any(cells):
                for column, top in layout.merged.get(number, {}).items():
                    if column <= len(cells) and not cells[column - 1]:
                        cells[column - 1] = above.get(top, "")
            if number in layout.hidden_rows:
                continue
            for column in layout.hidden_columns:
                if column <= len(cells):
                    cells[column - 1] = ""
            yield number, cells


# --- values ---------------------------------------------------------------------------------------


def _said(cell: Any) -> str:
    """Return the value of a cell as text."""
    value = cell.value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        if "%" in str(cell.number_format):
            return _number(value * 100) + "%"
        return _number(value)
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time() and "h" not in str(cell.number_format).lower():
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="seconds" if value.second else "minutes")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return " ".join(str(value).split("\n")).strip()


def _number(value: int | float) -> str:
    """Return a number without the noise of binary fractions: ten digits, or two decimals."""
    if isinstance(value, int):
        return str(value)
    rounded = f"{value:.2f}" if 1e9 <= abs(value) < 1e21 else f"{value:.10g}"
    if "e" in rounded and abs(value) < 1:
        rounded = f"{Decimal(rounded):f}" if abs(value) > 1e-12 else rounded
    if "." in rounded and "e" not in rounded:
        rounded = rounded.rstrip("0").rstrip(".")
    return "0" if rounded == "-0" else rounded


# --- what a workbook states about itself, and what of it is not read ------------------------------


def _note_unread(names: Sequence[str], notes: list[str]) -> None:
    if any(name.startswith(("xl/comments", "xl/threadedComments")) for name in names):
        notes.append("comments on cells are not read")
    if any(name.startswith(("xl/drawings/drawing", "xl/charts/", "xl/media/")) for name in names):
        notes.append("charts, pictures and text boxes are not read")
