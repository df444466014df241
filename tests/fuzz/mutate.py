"""Files changed: bytes, blocks, words of the format, numbers; in archives and streams too."""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress

MOST_BYTES = 300_000
"""A file that grows larger is cut off: what is tried is what it says, not how much."""

_XML = (
    *("<", ">", "/>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&#0;", "&#x1F;", "&#xD800;"),
    *("&#x110000;", "&lt;", "&nbsp;", "<?xml version='1.0' encoding='utf-16'?>", "<a>" * 300),
    *("<!DOCTYPE a [<!ENTITY b 'c'>]>", "xmlns=''", "xmlns:w='x'", "xml:space='preserve'"),
)
_HTML = (
    *("<p>", "</p>", "<table>", "<tr>", "<td rowspan='99999'>", "<td colspan='-1'>", "</table>"),
    *("<h1>", "<h2 hidden>", "</h2>", "<li>", "<ol start='-5'>", "<pre>", "<br>", "<blockquote>"),
    *(
        "<script>",
        "</script>",
        "<meta charset='utf-7'>",
        "<title>",
        "<svg>",
        "<template>",
        "<base>",
    ),
    *("<div style='display:none'>", "</div>", "<article>", "<main>", "<ruby>a<rt>b</rt></ruby>"),
    *("<meta name='author' content='", "<meta property='og:title' content='\x00'>", "<time>"),
)
_OOXML = (
    *("<w:p>", "</w:p>", "<w:r>", "<w:t>", "<w:tbl>", "<w:tr>", "<w:tc>", "<w:br/>", "<w:tab/>"),
    *("<w:vanish/>", "<w:del>", "<w:ins>", "<w:numId w:val='-1'/>", "<w:ilvl w:val='99'/>"),
    *("<w:gridSpan w:val='999999999'/>", "<w:outlineLvl w:val='-1'/>", "<w:sdt>", "<mc:Choice>"),
    *(
        "<w:footnoteReference w:id='1'/>",
        "<w:sym w:char='F0B7'/>",
        "<w:fldChar/>",
        "<a:p>",
        "<a:t>",
    ),
    *("<a:off x='-1' y='99999999999999999999'/>", "<p:sp>", "<p:grpSp>", "<p:ph type='title'/>"),
    *("<row r='0'>", "<row r='1048577'>", "<c r='XFE1' t='s'>", "<c t='inlineStr'>", "<v>-1</v>"),
    *("<v>1e999</v>", "<v>nan</v>", "<mergeCell ref='A1:XFD1048576'/>", "<f>1/0</f>", "hidden='1'"),
    *("<text:p>", "<text:h text:outline-level='-3'>", "<text:list>", "<table:table-cell "),
    *("table:number-columns-repeated='999999999'", "<text:s text:c='99999999'/>", "<text:note>"),
    *("<dc:title>", "Target='../../x'", "TargetMode='External'", "Target='#'", "Target='%zz'"),
)
_BOOK = ("<itemref idref='i0'/>", "<navPoint>", "<pageList>", "href='#'", "href='a%2Fb#c'", "<li>")
WORDS: Mapping[str, Sequence[str]] = {
    ".pdf": (
        *(
            "obj",
            "endobj",
            "stream\n",
            "endstream",
            "xref",
            "trailer",
            "startxref",
            "%%EOF",
            "null",
        ),
        *("<<", ">>", "[", "]", "(", ")", "<", ">", "/", "1 0 R", "7 0 R", "8 0 R", "BT ", " ET"),
        *(" Tj ", " TJ ", " Tf ", " Td ", " Tm ", " T* ", " cm ", " q ", " Q ", " Do ", "/I Do "),
        *(" Tr ", "3 Tr ", " Tz ", " Ts ", " TL ", " Tc ", " Tw ", "0 0 0 0 0 0 Tm ", "1e38 "),
        *("/F1 0 Tf ", "/F1 -9 Tf ", "/F2 1e9 Tf ", "0 1 -1 0 300 300 Tm ", "/Rotate 90", "/Kids"),
        *("/Rotate -90", "/Rotate 45", "/MediaBox [0 0 0 0]", "/MediaBox [9 9 -9 -9]", "/Count -1"),
        *(
            "/CropBox [0 0 1 1]",
            "/UserUnit 1000",
            "/Filter /FlateDecode",
            "/Filter /ASCIIHexDecode",
        ),
        *(
            "/Title (\\376\\377\\330\\000)",
            "/Title <FEFFD800>",
            "/Author (\\000)",
            "/Outlines 1 0 R",
        ),
        *("/Dest [7 0 R /XYZ 0 0 0]", "/First 1 0 R /Next 1 0 R", "/Names << >>", "/Encrypt << >>"),
        *("/ActualText (x)", "/Differences [65 /f_f_i /.notdef]", "/ToUnicode 8 0 R", "/Length 0"),
        *("/PageLabels << /Nums [0 << /S /r >>] >>", "/Annots [<< /Subtype /FreeText >>]"),
        *(
            "/Type /Catalog",
            "/Type /Pages",
            "/Type /ObjStm",
            "/Parent 2 0 R",
            "/Contents [8 0 R 8 0 R]",
        ),
    ),
    ".rtf": (
        *(
            "{",
            "}",
            "\\",
            "\\par ",
            "\\pard ",
            "\\cell ",
            "\\row ",
            "\\trowd ",
            "\\intbl ",
            "\\u-1 ",
        ),
        *(
            "\\u55357?",
            "\\u56832?",
            "\\uc0 ",
            "\\uc99999 ",
            "\\'",
            "\\'zz",
            "\\'81",
            "\\bin9999999 ",
        ),
        *(
            "\\bin-1 ",
            "\\f1 ",
            "\\f99 ",
            "\\fcharset128 ",
            "\\ansicpg65001 ",
            "\\ansicpg0 ",
            "\\v ",
        ),
        *(
            "\\v0 ",
            "\\deleted ",
            "\\s1 ",
            "\\outlinelevel9 ",
            "{\\footnote ",
            "{\\*\\shptxt ",
            "\\*",
        ),
        *("{\\info{\\title ", "{\\creatim\\yr99999\\mo13\\dy0}", "{\\stylesheet{\\s1 heading 1;}}"),
        *("{\\field{\\*\\fldinst X}{\\fldrslt ", "\\listtext ", "{\\upr{", "{\\*\\ud{", "\\super "),
        *(
            "\\fs0 ",
            "\\fs-1 ",
            "\\cf9 ",
            "\\cf2 ",
            "\\plain ",
            "\\page ",
            "\\header ",
            "\\nestcell ",
        ),
        *("\\nestrow ", "\\itap99999 ", "{\\object{\\result ", "\\ltrmark ", "\\bullet ", "\\tab "),
        *("\\rquote", "\\~", "\\_", "\\-", "{" * 400, "\\pc ", "\\mac ", "\\revised ", "\\caps "),
    ),
    ".eml": (
        *("\n\n", "\nContent-Type: ", "\nContent-Transfer-Encoding: base64\n", "charset=utf-7"),
        *(
            "multipart/mixed; boundary=x\n",
            "\n--x\n",
            "\n--x--\n",
            "--",
            "message/rfc822\n",
            "text/html",
        ),
        *(
            'multipart/alternative; boundary=""',
            "quoted-printable",
            "=?utf-8?B?",
            "?=",
            "=?x?Q?=00?=",
        ),
        *(
            "\nDate: ",
            "\nSubject: ",
            "\nFrom: ",
            "Fri, 99 Foo 99999 99:99:99 +9999",
            'charset="\x00"',
        ),
        *(
            "filename*0*=utf-8''a%00",
            'filename="a.pdf"',
            "\nContent-Disposition: attachment",
            "=3D",
        ),
        *(
            "=\n",
            "=ZZ",
            "> ",
            "\n-- \n",
            "On Monday x wrote:\n",
            "From x Fri Dec 16 17:04:16 2022\n",
        ),
        *("uuencode", "charset=unknown-8bit", "charset=idna", "charset=punycode", "charset=base64"),
        *("message/delivery-status\n", "message/partial\n", "text/calendar\n", "image/png\n"),
    ),
    ".json": (
        *(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            '"',
            "\\u0000",
            "\\ud800",
            "\\u001b",
            "null",
            "true",
            "NaN",
        ),
        *("Infinity", "-Infinity", "1e999", "-0", "[" * 500, '{"a":' * 300, '"title":', '"text":'),
        *('"date":', '"url":', '"a":1,"a":2', "\n", "\\n", "//", "9" * 5000, "\ufeff", "\u2028"),
    ),
    ".csv": (
        *(
            ",",
            ";",
            "\t",
            "|",
            '"',
            '""',
            "\n",
            "\r",
            "\r\n",
            "sep=,\n",
            "\0",
            "\x1f",
            "1,5",
            "-",
            "%",
        ),
        *(
            "#DIV/0!",
            "=1+1",
            "2020-01-01",
            "\u2028",
            "\x85",
            ",,,,,,,",
            '"\n"',
            "1e9",
            "$3.00",
            "'",
        ),
    ),
    ".md": (
        *(
            "# ",
            "## ",
            "---\n",
            "title: ",
            "date: ",
            "```\n",
            "~~~\n",
            "\n\n",
            "===\n",
            "- ",
            "1. ",
        ),
        *(
            "| a | b |\n",
            "> ",
            "[a](b)",
            "![",
            "<!--",
            "-->",
            "\r",
            "\ufeff",
            "\x1b[0m",
            "    ",
            "***",
        ),
        *("author: [a, b]\n", "tags: {a: &b *b}\n", "!!python/object:x\n", "title: 2020-13-45\n"),
        *(
            "By Jo Doe\n",
            "\u202e",
            "\u200b",
            "\ue000",
            "\U000e0041",
            "\u0301",
            "\x85",
            "\x0c",
            "\x0b",
        ),
    ),
}
_LIKE = {
    **{".mbox": ".eml", ".jsonl": ".json", ".txt": ".md"},
}
_ARCHIVES = frozenset([".docx", ".odt", ".pptx", ".xlsx", ".epub"])
_NUMBERS = (
    *("0", "-1", "1", "255", "65536", "2147483647", "-2147483648", "4294967296", "9" * 30),
    *("1e308", "0.0000001", "-0", "00", "1" * 400),
)
_BYTES = (b"\0", b"\xff", b"\x1b", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\x85")
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_PIECE = re.compile(rb"<[^<>]*>|\([^()]*\)|\{[^{}]*\}|\"[^\"]*\"|[^\s<>(){}]+|\s+")


def mutated(data: bytes, suffix: str, other: bytes, rng: random.Random) -> bytes:
    """Return a file changed in one to eight places.

    Args:
        data: the file.
        suffix: its format.
        other: another of the format, of which pieces are taken.
        rng: what is drawn from.
    """
    for _ in range(min(8, 1 + int(rng.expovariate(0.6)))):
        if suffix in _ARCHIVES and rng.random() < 0.93:
            data = _in_archive(data, suffix, other, rng)
        elif suffix == ".pdf" and rng.random() < 0.4:
            data = _in_stream(data, other, rng)
        else:
            data = _changed(data, words_of(suffix), other, rng)
    return data[:MOST_BYTES]


def words_of(suffix: str) -> Sequence[str]:
    """Return what a format is written with."""
    kind = _LIKE.get(suffix, suffix)
    if kind == ".html":
        return (*_XML, *_HTML)
    if kind == ".epub":
        return (*_XML, *_HTML, *_BOOK)
    return WORDS.get(kind, (*_XML, *_OOXML))


def files_of(archive: bytes) -> dict[str, bytes]:
    """Return the files in an archive; {} where it is none, or they are too many bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            entries = [each for each in file.infolist() if not each.is_dir()]
            if sum(each.file_size for each in entries) > 10 * MOST_BYTES:
                return {}
            return {each.filename: file.read(each) for each in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError):
        return {}
    except (NotImplementedError, LookupError):
        return {}


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files, the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    return out.getvalue()


def _in_archive(data: bytes, suffix: str, other: bytes, rng: random.Random) -> bytes:
    """Return an archive with a file in it changed, left out, or put in the place of another."""
    files = files_of(data)
    if not files:
        return _changed(data, words_of(suffix), other, rng)
    # XML is read, pictures and the like are not.
    names = [name for name in files if re.search(r"(?i)xml|rels|opf|ncx|htm|css|mimetype", name)]
    name = rng.choice(names or list(files))
    chance = rng.random()
    if chance < 0.04:
        del files[name]
    elif chance < 0.07:
        files[name] = files[rng.choice(list(files))]
    elif chance < 0.10:
        theirs = files_of(other)
        files |= {each: theirs[each] for each in rng.sample(list(theirs), min(2, len(theirs)))}
    elif chance < 0.12:
        files = {
            (each + rng.choice("/.x ") if each == name else each): files[each] for each in files
        }
    elif chance < 0.35:
        files[name] = _moved(files[name], rng)
    else:
        files[name] = _changed(files[name], words_of(suffix), files_of(other).get(name, b""), rng)
    return packed(files)


def _in_stream(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return a PDF with one of its streams changed as it is unpacked."""
    found = list(_STREAM.finditer(data))
    if not found:
        return _changed(data, words_of(".pdf"), other, rng)
    stream = rng.choice(found)
    words, is_packed = stream[1], False
    with suppress(zlib.error):
        words, is_packed = zlib.decompress(words), True
    words = _changed(words[:MOST_BYTES], words_of(".pdf"), other, rng)
    if is_packed and rng.random() < 0.95:
        words = zlib.compress(words)
    made = data[: stream.start(1)] + words + data[stream.end(1) :]
    # The stated length follows, or PDFium has to look for the end itself.
    head = made.rfind(b"/Length ", 0, stream.start())
    if head >= 0 and stream.start() - head < 60 and rng.random() < 0.9:
        after = re.compile(rb"/Length \d+").match(made, head)
        if after:
            made = made[:head] + b"/Length %d" % len(words) + made[after.end() :]
    return made


def _moved(data: bytes, rng: random.Random) -> bytes:
    """Return XML with an element moved or doubled, or one of its attributes changed."""
    from lxml import etree

    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    except (etree.XMLSyntaxError, ValueError):
        return data
    elements = [each for each in root.iter() if isinstance(each.tag, str)]
    one, to = rng.choice(elements), rng.choice(elements)
    if rng.random() < 0.4 and one.attrib:
        key = rng.choice(list(one.attrib))
        one.set(key, rng.choice([*_NUMBERS, "", "x", "true", *to.attrib.values()]))
    elif one is not to and one is not root and one not in to.iterancestors():
        at = rng.randrange(len(to) + 1)
        copied = etree.fromstring(etree.tostring(one, with_tail=False))
        to.insert(at, copied if rng.random() < 0.5 else one)
    elif one is not root:
        one.getparent().remove(one)
    return bytes(etree.tostring(root))


def _changed(data: bytes, words: Sequence[str], other: bytes, rng: random.Random) -> bytes:
    """Return bytes changed in one place, in one of several ways."""
    if not data:
        return rng.choice(words).encode("utf-8", "surrogatepass")
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + 1 + int(rng.expovariate(1 / 12)))
    way = rng.random()
    if way < 0.12:  # a bit
        place = rng.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
    if way < 0.20:  # bytes
        some = rng.choice(_BYTES) if rng.random() < 0.5 else rng.randbytes(1 + rng.randrange(4))
        return data[:at] + some + data[rng.choice((at, end)) :]
    if way < 0.30:  # cut out
        return data[:at] + data[end:]
    if way < 0.33:  # cut off
        return data[:at] or data
    if way < 0.40:  # repeated
        times = 2 if rng.random() < 0.8 else rng.choice((20, 300))
        return data[:at] + data[at:end] * times + data[end:]
    if way < 0.48 and other:  # of another file
        begin = rng.randrange(len(other))
        length = 1 + int(rng.expovariate(1 / 60))
        return data[:at] + other[begin : begin + length] + data[rng.choice((at, end)) :]
    if way < 0.50 and other:  # that one's end
        return data[:at] + other[rng.randrange(len(other)) :]
    if way < 0.64 and (numbers := list(_NUMBER.finditer(data))):
        number = rng.choice(numbers)
        new = rng.choice((*_NUMBERS, str(rng.randrange(300))))
        return data[: number.start()] + new.encode() + data[number.end() :]
    if way < 0.84:  # a word of the format
        word = rng.choice(words).encode("utf-8", "surrogatepass")
        return data[:at] + word + data[rng.choice((at, at, end)) :]
    return _pieces(data, rng)


def _pieces(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with a word or a bracket and what is in it left out, doubled or moved."""
    pieces = _PIECE.findall(data[:MOST_BYTES])
    if len(pieces) < 2:
        return data
    one, to = rng.randrange(len(pieces)), rng.randrange(len(pieces))
    if rng.random() < 0.3:
        pieces[one], pieces[to] = pieces[to], pieces[one]
    elif rng.random() < 0.5:
        pieces.insert(to, pieces[one])
    else:
        del pieces[one]
    return b"".join(pieces)
