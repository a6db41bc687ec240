"""Workbooks written directly: XML from texts, without a library.

Belongs here: plain sheets of texts, numbers and dates with merged cells. Does not belong here: layout, colours, formulas.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_EPOCH = datetime(1899, 12, 30)
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_BLOCK = 4096


@dataclass(frozen=True)
class SheetRows:
    """A sheet: its rows, and merged ranges as first row, first column, last row, last column, from 0."""

    name: str
    rows: Iterable[Sequence[Any]]
    merged: tuple[tuple[int, int, int, int], ...] = ()


def column_letters(column: int) -> str:
    """Return the letters of a column, from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cells(row: Sequence[Any], number: int, letters: list[str], texts: dict[str, int]) -> Iterator[str]:
    for place, value in enumerate(row):
        if value is None or value == "":
            continue
        where = f"{letters[place]}{number}"
        if isinstance(value, str):
            yield f'<c r="{where}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
        elif isinstance(value, bool):
            yield f'<c r="{where}" t="b"><v>{int(value)}</v></c>'
        elif isinstance(value, (int, float)):
            yield f'<c r="{where}"><v>{value:.15g}</v></c>'
        elif isinstance(value, datetime):
            yield f'<c r="{where}" s="2"><v>{(value - _EPOCH).total_seconds() / 86400!r}</v></c>'
        elif isinstance(value, date):
            yield f'<c r="{where}" s="1"><v>{(datetime(value.year, value.month, value.day) - _EPOCH).days}</v></c>'
        else:
            raise TypeError(f"a cell holds a {type(value).__name__}")


def _sheet_xml(sheet: SheetRows, texts: dict[str, int]) -> Iterator[bytes]:
    yield f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
    letters: list[str] = []
    block: list[str] = []
    for number, row in enumerate(sheet.rows, start=1):
        while len(letters) < len(row):
            letters.append(column_letters(len(letters)))
        block.append(f'<row r="{number}">')
        block.extend(_cells(row, number, letters, texts))
        block.append("</row>")
        if len(block) > _BLOCK:
            yield "".join(block).encode()
            block.clear()
    yield "".join(block).encode()
    yield b"</sheetData>"
    if sheet.merged:
        ranges = "".join(
            f'<mergeCell ref="{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"/>'
            for top, left, bottom, right in sheet.merged
        )
        yield f'<mergeCells count="{len(sheet.merged)}">{ranges}</mergeCells>'.encode()
    yield b"</worksheet>"


def write_workbook(path: Path, sheets: Sequence[SheetRows], level: int = 6) -> None:
    """Write a workbook; the same rows always give the same bytes."""
    texts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as package:
        for number, sheet in enumerate(sheets, start=1):
            with package.open(_entry(f"xl/worksheets/sheet{number}.xml"), "w", force_zip64=True) as part:
                for piece in _sheet_xml(sheet, texts):
                    part.write(piece)
        with package.open(_entry("xl/sharedStrings.xml"), "w") as part:
            part.write(f'{_HEAD}<sst xmlns="{_MAIN}" uniqueCount="{len(texts)}">'.encode())
            part.write("".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts).encode())
            part.write(b"</sst>")
        for name, content in description([sheet.name for sheet in sheets]).items():
            package.writestr(_entry(name), content)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def description(names: Sequence[str]) -> dict[str, str]:
    """Return the parts of a package that describe its contents, by name."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbers = range(1, len(names) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{kind}.worksheet+xml"/>' for number in numbers
    )
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    further = len(names) + 1
    return {
        "[Content_Types].xml": (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{overrides}'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
            f'<Relationship Id="rId{further}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
            f'<Relationship Id="rId{further + 1}" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>"
        ),
        "xl/styles.xml": _STYLES,
    }
