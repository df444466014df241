"""How well scanned pages are read: real PDFs against pictures of their own pages.

    python -m benchmarks.ocr FILE.pdf ...

Each page is drawn, turned into a picture in a PDF without text, and read with OCR. Compared with
what is read of the page itself: the share of its words that are found, and how alike the order of
the words is (0 to 1).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zlib
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

from rag.documents import ReadOptions, read_document
from rag.documents.pdf.pdfium import opened
from rag.documents.source import open_source

MOST_PAGES = 3
DOTS_AN_INCH = 200  # of a common scanner, coarser than pages are drawn at for Tesseract


def main(names: list[str]) -> None:
    print("| file | pages | words | found | in order | s a page |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RAG_RECOGNISED"] = f"{folder}/recognised"
        for name in map(Path, names):
            printed, scan = _pair(name, Path(folder))
            began = time.monotonic()
            read = read_document(scan, root=scan.parent, options=ReadOptions(ocr=True))
            seconds = time.monotonic() - began
            said, got = printed.split(), read.text.split()
            found = sum((Counter(said) & Counter(got)).values()) / len(said)
            order = SequenceMatcher(None, said, got, autojunk=False).ratio()
            pages = sum(mark.kind == "page" for mark in read.marks)
            print(
                f"| {name.name} | {pages} | {len(said)} | {found:.3f} | {order:.3f} "
                f"| {seconds / pages:.1f} |"
            )


def _pair(path: Path, folder: Path) -> tuple[str, Path]:
    """Return the text of the first pages of a PDF, and a PDF of pictures of them."""
    document = read_document(path, root=path.parent)
    pages = [mark for mark in document.marks if mark.kind == "page"]
    beyond = [mark.start for mark in pages if int(mark.value) > MOST_PAGES]
    text = document.text[pages[0].start : beyond[0] if beyond else None]
    pictures = []
    with opened(open_source(path)) as pdf:
        for number in range(1, min(pdf.pages, MOST_PAGES) + 1):
            pixels = pdf.picture(number, DOTS_AN_INCH / 72)
            assert pixels is not None
            pictures.append((pixels[:, :, 1].tobytes(), pixels.shape[1], pixels.shape[0]))
    scan = folder / f"scan-{path.name}"
    scan.write_bytes(_scan(pictures))
    return text, scan


def _scan(pictures: list[tuple[bytes, int, int]]) -> bytes:
    kids = b" ".join(b"%d 0 R" % (3 + 3 * n) for n in range(len(pictures)))
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pictures)),
    ]
    for grey, across, down in pictures:
        first, packed = len(bodies) + 1, zlib.compress(grey, 1)
        wide, high = across * 72 / DOTS_AN_INCH, down * 72 / DOTS_AN_INCH
        content = b"q %f 0 0 %f 0 0 cm /I Do Q" % (wide, high)
        bodies += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %f %f] /Contents %d 0 R "
            b"/Resources << /XObject << /I %d 0 R >> >> >>" % (wide, high, first + 1, first + 2),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 "
            b"/ColorSpace /DeviceGray /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
            % (across, down, len(packed), packed),
        ]
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    size = len(places) + 1
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end % (size, len(data))


if __name__ == "__main__":
    main(sys.argv[1:])
