"""PDFs: their text in reading order, and from a stretch of it back to boxes on the pages.

pdfium -> glyphs -> seen, letters -> lines -> furniture -> columns -> tables, paragraphs
-> hyphens -> traced -> titles, bookmarks -> reader -> pointing
"""

from rag.documents.pdf.pointing import boxes, page_picture
from rag.documents.pdf.reader import read_pdf

__all__ = ["boxes", "page_picture", "read_pdf"]
