"""Pages without text, as characters: words that were recognised in their pictures.

What was recognised is kept in a folder (`RAG_RECOGNISED`), one file a page, under the SHA-256 of
the PDF: it takes seconds a page, and a quote has to be found again where it was read, whatever
Tesseract is installed by then.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import astuple, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.config import recognised_folder
from rag.documents.pdf import ocr
from rag.documents.pdf.glyphs import Glyphs, Runs, shown_box
from rag.documents.pdf.pdfium import Pdf

_VERSION = 1  # of the files; others are made anew
_SCALE = ocr.DOTS_AN_INCH / 72  # pixels a point
_ASCENT, _DESCENT = 0.78, 0.22  # of the size, above and below the base line
_BLANK = 8  # of 255; what no two pixels differ by more is an empty page


def page_glyphs(pdf: Pdf, number: int) -> tuple[Glyphs | None, ocr.Seen | None]:
    """Return the characters of a page, recognised where it has none and that was asked for.

    Args:
        pdf: the document; its options say whether pages are recognised.
        number: of the page, from 1.

    Returns:
        The characters, None for a damaged page, and what was recognised, None where nothing was.

    Raises:
        UnreadableDocumentError: the document has more text than is read, or Tesseract is missing.
        RecognitionError: it fails on this page.
    """
    glyphs = pdf.glyphs(number)
    options = pdf.source.options
    if glyphs is None or glyphs.ink.any() or not options.ocr:
        return glyphs, None
    place = _place(pdf, number, options.ocr_languages)
    seen = _kept(place)
    if seen is None:
        seen = _recognised(pdf, number, options.ocr_languages)
        if seen is None:
            return glyphs, None
        _keep(place, seen)
    if not seen.words:
        return glyphs, None
    return to_glyphs(seen, glyphs), seen


def _recognised(pdf: Pdf, number: int, languages: str) -> ocr.Seen | None:
    """Return what is recognised on a page, None where it is blank."""
    pixels = pdf.picture(number, _SCALE)
    if pixels is None or int(pixels.max()) - int(pixels.min()) <= _BLANK:
        return None
    if why := ocr.missing(languages):
        raise pdf.source.refused(why)
    # A huge page was drawn smaller than asked for.
    _, high = pdf.size(number)
    return ocr.recognise(pixels, pixels.shape[0] / high, languages)


def to_glyphs(seen: ocr.Seen, page: Glyphs) -> Glyphs:
    """Return recognised words as characters of a page, those of a word equally wide.

    Args:
        seen: the words.
        page: the page, which has no characters that leave ink.
    """
    code: list[int] = []
    box: list[tuple[float, float, float, float]] = []
    size: list[float] = []
    base: list[float] = []
    made_up: list[bool] = []
    for place, word in enumerate(seen.words):
        bottom, top = word.base - _DESCENT * word.size, word.base + _ASCENT * word.size
        edges = np.linspace(word.left, word.right, len(word.text) + 1).tolist()
        last = place + 1 == len(seen.words) or seen.words[place + 1].line != word.line
        after = (word.right, bottom, word.right, bottom)
        letters = list(pairwise(edges))
        code += [*map(ord, word.text), 10 if last else 32]
        box += [*((left, bottom, right, top) for left, right in letters), after]
        size += [word.size] * (len(word.text) + 1)
        base += [word.base] * (len(word.text) + 1)
        made_up += [*([False] * len(word.text)), True]
    return replace(
        page,
        runs=_one_run(),
        index=np.arange(len(code), dtype=np.int32),
        code=np.array(code, np.uint32),
        box=_on_page(np.array(box, np.float64).reshape(-1, 4), seen),
        run=np.where(np.array(made_up, np.bool_), -1, 0).astype(np.int32),
        size=np.array(size, np.float64),
        base=np.array(base, np.float64),
        bold=np.zeros(len(code), np.bool_),
        turn=np.full(len(code), seen.turn, np.int8),
    )


def _on_page(box: NDArray[np.float64], seen: ocr.Seen) -> NDArray[np.float64]:
    """Return boxes on the page as it is shown, from those on the page turned upright."""
    frame = (0.0, 0.0, seen.wide, seen.high)
    edges = (box[:, 0], box[:, 1], box[:, 2], box[:, 3])
    return np.stack(shown_box(edges, frame, -seen.turn % 4), 1)


def _one_run() -> Runs:
    """Return what all recognised characters have in common: black and upright."""
    return Runs(
        np.ones(1),
        np.array([[1, 0, 0, 1]], np.float32),
        np.zeros((1, 2)),
        np.zeros(1, np.int32),
        np.array([[0, 0, 0, 255]], np.uint32),
        np.array([400], np.int32),
    )


def _place(pdf: Pdf, number: int, languages: str) -> Path:
    digest = hashlib.sha256(pdf.source.data).hexdigest()[:32]
    return recognised_folder() / digest / f"{languages.replace('/', '_')}-{number}.json"


def _kept(place: Path) -> ocr.Seen | None:
    """Return what was recognised before; None where nothing was, or its file is damaged."""
    try:
        said = json.loads(place.read_text("utf-8"))
        if said["version"] != _VERSION:
            return None
        words = tuple(
            ocr.Word(
                str(text),
                *(float(left), float(right), float(base), float(size)),
                line=int(line),
                sure=float(sure),
            )
            for text, left, right, base, size, line, sure in said["words"]
        )
        turn, wide, high = int(said["turn"]), float(said["wide"]), float(said["high"])
        return ocr.Seen(str(said["engine"]), turn, wide, high, words)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _keep(place: Path, seen: ocr.Seen) -> None:
    """Keep what was recognised; where that cannot be it is recognised anew the next time."""
    words = [list(astuple(word)) for word in seen.words]
    facts = {"engine": seen.engine, "turn": seen.turn, "wide": seen.wide, "high": seen.high}
    said = json.dumps({"version": _VERSION, **facts, "words": words}, ensure_ascii=False)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(said)
        Path(name).replace(place)
