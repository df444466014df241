"""Which reader reads which files; each is loaded when its first file comes."""

from __future__ import annotations

from collections.abc import Mapping

from rag.documents.plain import read_markdown, read_text
from rag.documents.source import Content, Reader, Source


def _html(source: Source) -> Content:
    from rag.documents.html import read_html

    return read_html(source)


def _pdf(source: Source) -> Content:
    from rag.documents.pdf import read_pdf

    return read_pdf(source)


def _docx(source: Source) -> Content:
    from rag.documents.docx import read_docx

    return read_docx(source)


def _odt(source: Source) -> Content:
    from rag.documents.odt import read_odt

    return read_odt(source)


def _rtf(source: Source) -> Content:
    from rag.documents.rtf import read_rtf

    return read_rtf(source)


def _pptx(source: Source) -> Content:
    from rag.documents.pptx import read_pptx

    return read_pptx(source)


def _xlsx(source: Source) -> Content:
    from rag.documents.xlsx import read_xlsx

    return read_xlsx(source)


def _csv(source: Source) -> Content:
    from rag.documents.sheets import read_csv

    return read_csv(source)


def _epub(source: Source) -> Content:
    from rag.documents.epub import read_epub

    return read_epub(source)


def _eml(source: Source) -> Content:
    from rag.documents.mail import read_eml

    return read_eml(source)


def _mbox(source: Source) -> Content:
    from rag.documents.mail import read_mbox

    return read_mbox(source)


def _json(source: Source) -> Content:
    from rag.documents.records import read_json

    return read_json(source)


def _jsonl(source: Source) -> Content:
    from rag.documents.records import read_jsonl

    return read_jsonl(source)


SUPPORTED: Mapping[str, Reader] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
    ".docm": _docx,
    ".dotx": _docx,
    ".odt": _odt,
    ".rtf": _rtf,
    ".pptx": _pptx,
    ".pptm": _pptx,
    ".ppsx": _pptx,
    ".xlsx": _xlsx,
    ".xlsm": _xlsx,
    ".csv": _csv,
    ".tsv": _csv,
    ".epub": _epub,
    ".eml": _eml,
    ".mbox": _mbox,
    ".json": _json,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
}
