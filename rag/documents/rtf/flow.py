"""A run of paragraphs and table rows of an RTF file: its main text, a note, a header, a box."""

from __future__ import annotations

from rag.documents.body import Body
from rag.documents.outline import Outline, raised


class Flow:
    """Paragraphs and cells while they are being read.

    Args:
        kind: "" for the main text, else "footnotes", "header" or the like.
        path: headings that it belongs to.
    """

    def __init__(self, kind: str = "", path: str = "") -> None:
        self.kind = kind
        self.path = path
        self.outline = Outline(Body())
        self._pieces: list[str] = []
        self._label: list[str] = []
        self._lines: list[str] = []
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._boxes: list[str] = []

    def add(self, text: str, *, is_raised: bool = False) -> None:
        """Add text to the paragraph."""
        self._pieces.append(raised(text) if is_raised else text)

    def add_label(self, text: str) -> None:
        """Add to what stands before the paragraph as an item of a list."""
        self._label.append(text)

    def add_box(self, text: str) -> None:
        """Add a text box, which is put below the paragraph."""
        self._boxes.append(text)

    def end_paragraph(self, level: int | None, *, in_table: bool) -> None:
        """End the paragraph.

        Args:
            level: of a heading, 0 for the title, None for what is no heading.
            in_table: it is a paragraph of a cell.
        """
        label = self._taken_label()
        if in_table:
            self._end_line(label)
            return
        text = "".join(self._pieces)
        if not text.strip() and not self._boxes:
            return
        self._end_table()
        self._pieces = []
        if level is not None and text.strip():
            self.outline.heading(level, text if label in ("", "-") else f"{label} {text}")
        elif label:
            self.outline.item(label, text)
        else:
            self.outline.paragraph(text)
        self._end_boxes()

    def end_cell(self) -> None:
        """End a cell."""
        self._end_line(self._taken_label())
        self._cells.append("".join(self._lines))
        self._lines = []

    def _end_line(self, label: str) -> None:
        """End a paragraph of a cell."""
        text = "".join(self._pieces)
        self._lines.append(f"{label} {text}\n" if label else f"{text}\n")
        self._pieces = []

    def end_row(self) -> None:
        """End a row."""
        if self._cells:
            self._rows.append(self._cells)
        self._cells = []

    def end(self, level: int | None) -> str:
        """End all of it and return its text."""
        self.end_paragraph(level, in_table=False)
        self._end_table()
        return self.outline.body.text

    def _end_table(self) -> None:
        if self._lines:
            self.end_cell()
        self.end_row()
        if any(cell.strip() for row in self._rows for cell in row):
            self.outline.table(self._rows)
        self._rows = []

    def _end_boxes(self) -> None:
        boxes, self._boxes = self._boxes, []
        for text in boxes:
            self.outline.body.add(text)
            self.outline.pause()

    def _taken_label(self) -> str:
        """Return the label of an item, "-" for every kind of bullet."""
        label, self._label = " ".join("".join(self._label).split()), []
        if not label:
            return ""
        # Word's bullet of the second level is a small o.
        return label if any(c.isalnum() for c in label) and label != "o" else "-"
