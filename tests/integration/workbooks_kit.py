"""Workbooks for tests, made by code: by openpyxl, and in formats that no available library writes.

``tests/workbooks`` has one workbook as saved by LibreOffice 7.4 as xls and as ods.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

SAVED = Path(__file__).parent.parent / "workbooks"

OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns"


def xlsx(rows: Sequence[Sequence[object]], change: Callable[[Any], None] | None = None, name: str = "Ark") -> bytes:
    """Return a workbook of one sheet; ``change`` gets openpyxl's sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = name
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_parts(content: bytes, parts: dict[str, bytes], leave_out: tuple[str, ...] = ()) -> bytes:
    """Return the same package with other parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in leave_out and name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return file.getvalue()


def part(content: bytes, name: str) -> bytes:
    """Return a part of a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(name)


def rich(*runs: tuple[str, dict[str, Any]]) -> CellRichText:
    """Return a text in several fonts."""
    return CellRichText(*(TextBlock(InlineFont(**font), text) for text, font in runs))


RAISED = {"vertAlign": "superscript"}
STRUCK = {"strike": True}


# ods


def ods(*rows: str, styles: str = "", name: str = "Ark") -> bytes:
    """Return an OpenDocument workbook with the given rows."""
    spaces = " ".join(f'xmlns:{space}="{OPEN_DOCUMENT}:{space}:1.0"' for space in ("office", "table", "text", "style"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="{name}">{"".join(rows)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{OPEN_DOCUMENT}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(zipfile.ZipInfo("mimetype"), kind)
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", manifest)
    return file.getvalue()


def ods_row(*cells: str, attributes: str = "") -> str:
    """Return an OpenDocument row."""
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def ods_cell(kind: str, value: str, attributes: str = "") -> str:
    """Return an OpenDocument cell; a text may have tags."""
    names = {"boolean": "boolean-value", "date": "date-value", "string": ""}
    name = names.get(kind, "value")
    stated = f' office:{name}="{value}"' if name else ""
    return f'<table:table-cell office:value-type="{kind}"{stated} {attributes}><text:p>{value}</text:p></table:table-cell>'


# xlsb


def _record(number: int, body: bytes = b"") -> bytes:
    head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    size, left = b"", len(body)
    while True:
        size += bytes([left & 0x7F | (0x80 if left > 0x7F else 0)])
        left >>= 7
        if not left:
            return head + size + body


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _links(*links: tuple[str, str, str]) -> str:
    types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    written = "".join(f'<Relationship Id="{link}" Type="{types}/{kind}" Target="{part}"/>' for link, kind, part in links)
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{written}</Relationships>'


def xlsb() -> bytes:
    """Return a binary workbook with a cell of each kind under test.

    Row 2 is plain; row 3 is hidden, A3 struck out and B3 a percentage; columns H to J are hidden. C1:D1 is merged.
    """

    def cell(number: int, column: int, style: int = 0, body: bytes = b"") -> bytes:
        return _record(number, struct.pack("<II", column, style) + body)

    def row(number: int, is_hidden: bool = False) -> bytes:
        return _record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0x10 if is_hidden else 0, 0, 0))

    def rich_text(text: str, start: int, font: int) -> bytes:
        return b"\x01" + _wide(text) + struct.pack("<IHH", 1, start, font)

    fonts = b"".join(
        _record(43, struct.pack("<HHHH", 220, flags, 400, position) + bytes(13))
        for flags, position in ((0, 0), (8, 0), (0, 1))
    )
    # Plain, struck out, percent, date.
    styles = b"".join(
        _record(47, struct.pack("<HHH", 0, form, font) + bytes(10)) for form, font in ((0, 0), (0, 1), (164, 0), (14, 0))
    )
    texts = [*(b"\0" + _wide(text) for text in ("nr", "bolig", "0101", "0104", "0105")), rich_text("121", 2, 2)]
    shared = struct.Struct("<I").pack
    sheet = [
        _record(390) + _record(60, struct.pack("<IIIIH", 7, 9, 100, 0, 1)) + _record(391) + _record(145),
        row(0) + cell(7, 0, 0, shared(0)) + cell(7, 1, 0, shared(1)),
        row(1) + cell(7, 0, 0, shared(2)) + cell(5, 1, 0, struct.pack("<d", 1.5)),
        row(2, is_hidden=True) + cell(7, 0, 1, shared(3)) + cell(5, 1, 2, struct.pack("<d", 0.5)),
        row(3) + cell(7, 0, 0, shared(4)) + cell(7, 1, 0, shared(5)) + cell(4, 2, 0, b"\x01") + cell(3, 3, 0, b"\x2a"),
        cell(9, 4, 0, struct.pack("<dHI", 7.0, 0, 0)) + cell(62, 5, 0, rich_text("23", 1, 1)),
        cell(5, 6, 3, struct.pack("<d", 42795.5)) + cell(2, 7, 3, struct.pack("<i", 42795 << 2 | 2)),
        cell(2, 8, 0, struct.pack("<i", 1234 << 2 | 3)) + cell(11, 9, 0, b"\x07" + bytes(6)),
        row(1_048_575) + cell(1, 0) + _record(146),
        _record(177, struct.pack("<I", 1)) + _record(176, struct.pack("<IIII", 0, 0, 2, 3)) + _record(178),
    ]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("_rels/.rels", _links(("rId1", "officeDocument", "xl/workbook.bin")))
        links = [("rId1", "worksheet", "worksheets/sheet1.bin"), ("rId2", "styles", "styles.bin")]
        package.writestr("xl/_rels/workbook.bin.rels", _links(*links, ("rId3", "sharedStrings", "sharedStrings.bin")))
        listed = _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Ark"))
        package.writestr("xl/workbook.bin", _record(131) + _record(143) + listed + _record(144) + _record(132))
        data = b"".join(sheet)
        package.writestr("xl/worksheets/sheet1.bin", _record(129) + _record(148, bytes(16)) + data + _record(130))
        formats = _record(615, shared(1)) + _record(44, struct.pack("<H", 164) + _wide("0.0\\ %")) + _record(616)
        listed_styles = _record(617, shared(4)) + styles + _record(618)
        package.writestr("xl/styles.bin", _record(278) + formats + _record(611, shared(3)) + fonts + listed_styles)
        counts = struct.pack("<II", len(texts), len(texts))
        package.writestr(
            "xl/sharedStrings.bin", _record(159, counts) + b"".join(_record(19, text) for text in texts) + _record(160)
        )
    return file.getvalue()
