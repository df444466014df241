"""Text that a reader does not see: found when a file is read, flagged, and left out of web pages.

Hidden words in a document are there for machines. They are no evidence, since nobody who opens the
document finds them there. Characters without width stay, so that offsets fit, and are counted.
"""

from __future__ import annotations

import re
from typing import Any

# Without width, directing, or copies of ASCII that no font shows ("tags"). Joiners (U+200C,
# U+200D) belong to the writing of many languages and to emoji.
_UNSEEN = re.compile("[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_FEW = 3  # a line break made possible here and there is nothing to flag
_HIDING = re.compile(
    r"display:none|visibility:hidden|font-size:0(?![.\d]*[1-9])|(?<![\w-])opacity:0(?![.\d]*[1-9])|"
    r"(?:left|top|right|text-indent):-\d{3,}|"
    r"(?<![\w-])color:(?:white|#fff(?:fff)?|rgba?\(255,255,255[^)]*\)|transparent)(?![\w-])",
)
_BACKGROUND = re.compile(r"background")
_MIN_WORDS = 3
_MOST_TOLD = 5  # places whose words are quoted
_SHOWN = 80  # characters of hidden text that are quoted


def note_unseen(text: str, notes: list[str]) -> None:
    """Add a note where a text holds characters that are not seen.

    Args:
        text: canonical text.
        notes: what a user should know of the document.
    """
    for run in _TAGS.findall(text):
        said = "".join(chr(ord(character) - 0xE0000) for character in run)
        notes.append(f"hidden text: {len(run)} invisible characters say “{said[:_SHOWN]}”")
    count = len(_UNSEEN.findall(_TAGS.sub("", text)))
    if count > _FEW:
        notes.append(f"hidden text: {count} invisible characters")


def take_hidden(tree: Any, notes: list[str]) -> bool:
    """Take elements that a browser would not show, by their own style, out of a page.

    Args:
        tree: lxml element of the page; changed in place.
        notes: what was left out is added, the first words quoted.

    Returns:
        Whether anything was taken out.
    """
    found = [element for element in tree.iter() if _is_hidden(element)]
    told = 0
    for element in found:
        parent = element.getparent()
        if parent is None:
            continue
        words = " ".join(element.text_content().split())
        if len(words.split()) >= _MIN_WORDS:
            told += 1
            if told <= _MOST_TOLD:
                notes.append(f"hidden text left out: “{words[:_SHOWN]}”")
        element.drop_tree()
    if told > _MOST_TOLD:
        notes.append(f"hidden text left out in {told - _MOST_TOLD} more places")
    return bool(found)


def _is_hidden(element: Any) -> bool:
    if not isinstance(element.tag, str) or element.tag in ("html", "body", "head", "script"):
        return False
    if element.get("hidden") is not None:
        return True
    style = re.sub(r"\s+", "", (element.get("style") or "").lower())
    match = _HIDING.search(style)
    if match is None:
        return False
    # White words on a colour of their own are seen.
    return not ("color:" in match[0] and _BACKGROUND.search(style))
