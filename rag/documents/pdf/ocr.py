"""The one file that knows Tesseract: a picture of a page to its words, with their boxes.

Tesseract is a program of its own and is asked for; with it comes the package pytesseract, the
extra `ocr` of this project. Which way up a page is, is found first where the data for that is there
("osd"): Tesseract itself reads a page that stands on its head as if it did not.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

DOTS_AN_INCH = 300
UNSURE = 0.6
"""Words less sure than this are counted in the note."""
SECONDS = 30.0
"""For each look at a page, at most."""
_SURELY_TURNED = 2.0  # Tesseract's confidence in a turn; below, both ways are tried
_DESCENDING = frozenset("gjpqyQ,;()[]{}|_/$§")
_DESCENT = 0.22  # of the size, below the base line
_LINE_EMS = 0.95  # of a line with letters that go up and down
_PROGRAM = (
    "the program itself (`apt-get install tesseract-ocr`, `brew install tesseract`, or the "
    "installer for Windows)"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was recognised, on the page turned so that it stands upright.

    Attributes:
        text: what it says.
        left, right: its edges in points from the left edge of the page.
        base: height of its line's base line, in points from the lower edge.
        size: of its line's letters, in points.
        line: number of its line on the page.
        sure: 0 to 1, how sure Tesseract is.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    line: int
    sure: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What was recognised in the picture of a page.

    Attributes:
        engine: what recognised it ("Tesseract 5.3.0").
        turn: quarter turns counter-clockwise by which the words are turned on the page.
        wide, high: of the page turned so that the words stand upright, in points.
        words: in reading order.
    """

    engine: str
    turn: int
    wide: float
    high: float
    words: tuple[Word, ...]


class RecognitionError(Exception):
    """A picture could not be recognised; the message says why and ends with the cure."""


def missing(languages: str) -> str:
    """Return what is missing to recognise text, with the cure; "" if nothing is.

    Args:
        languages: as Tesseract calls them, joined by "+" ("eng", "eng+deu").
    """
    if not re.fullmatch(r"[A-Za-z0-9_/-]+(?:\+[A-Za-z0-9_/-]+)*", languages):
        return f"{languages!r} names no languages; write them like eng or eng+deu"
    try:
        engine = _tesseract()
    except ModuleNotFoundError:
        return f"recognising text needs Tesseract: run `pip install 'rag[ocr]'`, and get {_PROGRAM}"
    try:
        known = _languages()
    except engine.TesseractNotFoundError:
        return f"recognising text needs Tesseract: get {_PROGRAM}"
    lacking = [name for name in languages.split("+") if name not in known]
    if lacking:
        names = ", ".join(sorted(known - {"osd"})) or "none"
        return (
            f"Tesseract has no data for {' and '.join(lacking)}, only for {names}: install it "
            f"(`apt-get install tesseract-ocr-{lacking[0]}`) or name another language"
        )
    return ""


def recognise(pixels: NDArray[np.uint8], scale: float, languages: str) -> Seen:
    """Return the words in the picture of a page.

    Args:
        pixels: rows of red, green and blue.
        scale: pixels a point.
        languages: as Tesseract calls them.

    Raises:
        RecognitionError: Tesseract is missing, takes too long, or fails.
    """
    if why := missing(languages):
        raise RecognitionError(why)
    engine = _tesseract()
    try:
        turn, sure = _turn(pixels) if "osd" in _languages() else (0, 0.0)
        found = _read(pixels, scale, languages, turn)
        if turn and sure < _SURELY_TURNED:
            found = max(_read(pixels, scale, languages, 0), found, key=_certainty)
    except (engine.TesseractError, RuntimeError) as error:
        if "timeout" in str(error):
            why = f"took longer than {SECONDS:.0f} seconds to be recognised"
        else:
            why = f"made Tesseract fail ({' '.join(str(error).split())[:200]})"
        raise RecognitionError(why) from None
    return found


def _tesseract() -> Any:
    return importlib.import_module("pytesseract")


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    return frozenset(_tesseract().get_languages())


@lru_cache(maxsize=1)
def _name() -> str:
    version = str(_tesseract().get_tesseract_version())
    return f"Tesseract {version}"


def _image(pixels: NDArray[np.uint8]) -> Any:
    image = importlib.import_module("PIL.Image").fromarray(np.ascontiguousarray(pixels))
    image.info["dpi"] = (DOTS_AN_INCH, DOTS_AN_INCH)
    return image


def _turn(pixels: NDArray[np.uint8]) -> tuple[int, float]:
    """Return the quarter turns by which the writing is turned, and how sure that is."""
    engine = _tesseract()
    try:
        found = engine.image_to_osd(_image(pixels), output_type=engine.Output.DICT, timeout=SECONDS)
    except engine.TesseractError:  # there are too few letters to tell
        return 0, 0.0
    return int(found["rotate"]) // 90 % 4, float(found["orientation_conf"])


def _read(pixels: NDArray[np.uint8], scale: float, languages: str, turn: int) -> Seen:
    engine = _tesseract()
    upright = np.rot90(pixels, -turn)
    found = engine.image_to_data(
        _image(upright),
        lang=languages,
        config=f"--psm 3 --dpi {DOTS_AN_INCH}",
        output_type=engine.Output.DICT,
        timeout=SECONDS,
    )
    high, wide = upright.shape[0] / scale, upright.shape[1] / scale
    return Seen(_name(), turn, wide, high, words_of(found, scale, high))


def words_of(found: Mapping[str, Sequence[Any]], scale: float, high: float) -> tuple[Word, ...]:
    """Return words from Tesseract's table, which has one row for each block, line and word.

    Letters of a paragraph are taken to be of one size: the height of a line depends on what letters
    happen to stand in it.

    Args:
        found: its columns.
        scale: pixels a point.
        high: of the page, in points.
    """
    rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    heights: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        if int(row["level"]) == 4:
            paragraph = (int(row["block_num"]), int(row["par_num"]))
            heights.setdefault(paragraph, []).append(float(row["height"]))
    out: list[Word] = []
    lines: dict[tuple[int, int, int], list[Word]] = {}
    for row in rows:
        text = str(row["text"]).strip()
        if int(row["level"]) != 5 or not text:
            continue
        place = (int(row["block_num"]), int(row["par_num"]), int(row["line_num"]))
        number = list(lines).index(place) if place in lines else len(lines)
        size = float(np.median(heights.get(place[:2], [row["height"]]))) / scale / _LINE_EMS
        bottom = high - (float(row["top"]) + float(row["height"])) / scale
        base = bottom + (_DESCENT * size if _DESCENDING & set(text) else 0.0)
        left = float(row["left"]) / scale
        right = left + float(row["width"]) / scale
        word = Word(text, left, right, base, size, number, max(0.0, float(row["conf"]) / 100))
        lines.setdefault(place, []).append(word)
    for line in lines.values():
        base = float(np.median([word.base for word in line]))
        out += [replace(word, base=base) for word in line]
    return tuple(out)


def _certainty(seen: Seen) -> float:
    """Return how much was read with certainty: letters, each as far as its word is sure."""
    return sum(len(word.text) * word.sure**2 for word in seen.words)
