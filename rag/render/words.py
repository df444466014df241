"""The words of the interface, in the language that is chosen.

Every word of ours that a page shows goes through `say`. English is in the code and is the key;
another language is a file of what stands for it. What documents, models and proofs say is never
translated.
"""

from __future__ import annotations

from collections.abc import Mapping

_spoken: Mapping[str, str] = {}


def say(english: str, **values: object) -> str:
    """Return words in the language that is spoken, `{names}` in them replaced.

    Args:
        english: a literal, so that the words to be translated can be collected from the code.
        values: what stands for the names in braces.
    """
    words = _spoken.get(english, english)
    return words.format(**values) if values else words


def speak(words: Mapping[str, str]) -> None:
    """Speak another language from now on, in the whole process.

    Args:
        words: from English to that language; what it lacks stays English.
    """
    global _spoken  # one language for the one person whose process this is, as with a locale
    _spoken = words
