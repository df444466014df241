"""Charts and diagrams of slides as rows and items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from rag.documents.archive import attribute, child, local, number
from rag.documents.outline import Outline
from rag.documents.pptx.shapes import paragraph_text

_MOST_POINTS = 2000
_DATE = re.compile(r"(?<![\w\\\"])[dmy]{1,4}(?![a-z])", re.I)
_EPOCH = datetime(1899, 12, 30)


def put_chart(root: Any, outline: Outline) -> bool:
    """Put the title of a chart and its data, one line for each category.

    Args:
        root: of the chart's part.
        outline: what it is put into.

    Returns:
        Whether all of it could be read.
    """
    chart = child(root, "chart")
    if chart is None:
        return False
    title = child(chart, "title")
    if title is not None:
        outline.paragraph(" ".join(_texts(title)))
    area = child(chart, "plotArea")
    series = [e for e in area.iter() if local(e) == "ser"] if area is not None else []
    if not series:
        return False
    names = [" ".join(_points(child(one, "tx")).values()) for one in series]
    categories = next((p for one in series if (p := _points(child(one, "cat")))), {})
    columns = [_points(child(one, "val")) for one in series]
    if not categories or not any(columns):
        return False
    places = sorted(set(categories).union(*columns))
    rows = [["", *names]] if any(names) else []
    rows += [[categories.get(p, ""), *(c.get(p, "") for c in columns)] for p in places]
    outline.table(rows)
    return len(places) <= _MOST_POINTS


def put_diagram(root: Any, outline: Outline) -> None:
    """Put the texts of a diagram (SmartArt), each as an item."""
    for point in root.iter():
        if local(point) == "pt" and attribute(point, "type") not in (
            "pres",
            "parTrans",
            "sibTrans",
        ):
            for body in point:
                if local(body) == "t":
                    for paragraph in body:
                        if local(paragraph) == "p":
                            outline.item("-", paragraph_text(paragraph))


def _texts(element: Any) -> Iterator[str]:
    for paragraph in element.iter():
        if local(paragraph) == "p":
            yield paragraph_text(paragraph)
        elif local(paragraph) == "v" and paragraph.text:
            yield paragraph.text


def _points(element: Any) -> dict[int, str]:
    """Return the values that a chart remembers of a range of cells, by their places."""
    found: dict[int, str] = {}
    form = ""
    for part in element.iter() if element is not None else ():
        if local(part) == "formatCode":
            form = part.text or ""
        elif local(part) == "pt" and len(found) < _MOST_POINTS:
            stated = child(part, "v")
            text = (stated.text or "") if stated is not None else ""
            own = attribute(part, "formatCode") or form
            place = number(attribute(part, "idx"))
            # Categories of several levels are told together, the widest last in the file.
            found[place] = (
                f"{_shown(text, own)} {found[place]}" if place in found else _shown(text, own)
            )
        elif local(part) == "v" and local(part.getparent()) == "tx":
            found[0] = part.text or ""
    return found


def _shown(text: str, form: str) -> str:
    """Return a number about as its format shows it: without the noise of binary fractions."""
    try:
        value = float(text)
    except ValueError:
        return text
    if _DATE.search(form) and 1 <= value < 100_000:
        return (_EPOCH + timedelta(days=int(value))).date().isoformat()
    if form.rstrip().endswith("%"):
        return f"{value * 100:.12g}%"
    return f"{value:.12g}" if abs(value) < 1e12 else text
