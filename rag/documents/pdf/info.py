"""What a PDF states about itself in its information dictionary, as facts."""

from __future__ import annotations

import re

from rag.documents.facts import LABELS, Fact
from rag.documents.pdf.pdfium import Pdf

_PROGRAM = re.compile(
    r"(?i)\A\s*(?:microsoft\s+(?:office\s+)?(?:word|excel|powerpoint|publisher)|openoffice\.org|"
    r"wordperfect|adobe\s+\w+)\s*-\s*"
)
_FILE_NAME = re.compile(
    r"(?i)[^/]*\.(?:docx?|docm|dotx?|odt|ods|odp|rtf|txt|wpd|pages|xlsx?|pptx?|pub|vsdx?|tex|dvi|"
    r"ps|eps|pdf|indd|qxd|qxp|pmd|fm|cdr|ai|html?|xml|jpe?g|tiff?|png|tmp)"
)
_USELESS_TITLE = re.compile(
    r"(?i)(?:untitled|unbenannt|sans titre|sin t[ií]tulo|ohne titel|senza titolo)"
    r"(?:[ -]?\d+)?|(?:document|dokument|presentation|book|layout|slide|blank|folie|page|print|"
    r"microsoft (?:word|powerpoint)|powerpoint presentation|\(?anonymous\)?|title|null|none|"
    r"no job name|full page photo|scan\w*)(?:\s*\d+)?|[\W\d_]*"
)
_USELESS_AUTHOR = re.compile(
    r"(?i)\(?(?:anonymous|unknown|author|user|owner|admin(?:istrator)?|root|none|null|default|"
    r"guest|microsoft(?: office user| corporation)?|hp|dell|lenovo|pc|scanner|windows user)\)?"
    r"|[\W\d_]*"
)
_DATE = re.compile(
    r"(?:D:)?(\d{4})(?:(0[1-9]|1[0-2])(?:(0[1-9]|[12]\d|3[01])"
    r"(?:([01]\d|2[0-3])(?:([0-5]\d)([0-5]\d)?)?)?)?)?"
    r"(?:(Z)(?:00'?00'?)?|([+-])([01]\d|2[0-3])'?(?:([0-5]\d)'?)?)?"
)


def facts(pdf: Pdf) -> list[Fact]:
    """Return title, author and the dates on which the file was made and changed.

    When a file was made is not when its text was published, and is not called so.
    """
    values = {
        "title": useful_title(pdf.stated("Title")),
        "author": _useful_author(pdf.stated("Author")),
        "updated": iso_date(pdf.stated("ModDate")),
        "created": iso_date(pdf.stated("CreationDate")),
    }
    return [Fact(key, LABELS[key], value) for key, value in values.items() if value]


def useful_title(stated: str) -> str:
    """Return a title without the name of the program before it; "" where it says nothing."""
    title = _PROGRAM.sub("", _clean(stated))
    if _USELESS_TITLE.fullmatch(title) or _FILE_NAME.fullmatch(title):
        return ""
    # A name of a file or job: one word with digits or underscores in it.
    coded = " " not in title and re.search(r"[\d_\\]", title)
    return "" if coded else title


def iso_date(stated: str) -> str:
    """Return a PDF date, `D:20220729135733-07'00'`, as ISO 8601; as stated if it is another."""
    text = _clean(stated)
    found = _DATE.fullmatch(text)
    if found is None:
        return text if re.search(r"\d", text) else ""
    year, month, day, hour, minute, second, zulu, sign, zone_hours, zone_minutes = found.groups()
    date = "-".join(part for part in (year, month, day) if part)
    if not hour:
        return date
    zone = "Z" if zulu else f"{sign}{zone_hours}:{zone_minutes or '00'}" if sign else ""
    return f"{date}T{hour}:{minute or '00'}:{second or '00'}{zone}"


def _useful_author(stated: str) -> str:
    author = _clean(stated)
    return "" if _USELESS_AUTHOR.fullmatch(author) else author


def _clean(stated: str) -> str:
    """Return words on one line, without what is no character."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\ufeff\ufffd]", " ", stated).split())
