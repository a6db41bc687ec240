"""Inspects a workbook of the kind xls: its sheets, fonts and formats, and the extent of its values.

Belongs here: what xlrd reports about cells besides their values, and which cells hold formulas, which it does not report.
Does not belong here: reading values.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlrd

from orchestration.core.errors import UserError
from orchestration.ingest.readers.files import damaged
from orchestration.ingest.readers.looks import ListedSheet, Look, number_marks
from orchestration.ingest.readers.model import Limits, Run

_MACROS = "_VBA_PROJECT_CUR".encode("utf-16-le")
_STREAMS = ("Workbook", "Book")
# Records of the file: a sheet in the list, the beginning of a sheet, its end, and a formula.
_SHEET = 0x0085
_BEGIN = {0x0809, 0x0409, 0x0209, 0x0009}
_END = 0x000A
_FORMULA = {0x0006, 0x0206, 0x0406}
_COMPUTED_ON_OPENING = 0x0002
# Values of a formula: the number 0, and an empty text.
_NOTHING = {bytes(8), b"\x03\0\0\0\0\0\xff\xff"}
_BLANK = {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}


@dataclass
class Book:
    """An opened workbook."""

    path: Path
    data: bytes
    limits: Limits
    book: Any
    sheets: list[ListedSheet]
    formulas: list[list[tuple[int, int, bool]]]
    """Row and column, from 0, of the formulas of each sheet, and whether their value is saved."""


def open_book(path: Path, data: bytes, limits: Limits) -> Book:
    """Read a workbook's styles and cells.

    Raises:
        UserError: the workbook is damaged, encrypted, or has macros.
    """
    if _MACROS in data:
        raise UserError("the workbook has macros", place=str(path), remedy="save it as xls, without macros")
    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
        formulas = _formulas(data)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower() or "password" in str(error).lower():
            raise UserError("the workbook is encrypted", place=str(path), remedy="save it without a password") from error
        raise damaged(path, str(error), "xls") from error
    except Exception as error:  # the library raises errors of many kinds for damaged files
        raise damaged(path, str(error), "xls") from error
    sheets = [ListedSheet(sheet.name, sheet.visibility != 0) for sheet in book.sheets()]
    return Book(path, data, limits, book, sheets, formulas)


def look_through(book: Book, wanted: Iterable[str]) -> tuple[io.BytesIO, dict[str, Look]]:
    """Return the workbook, and the findings on the wanted sheets.

    Raises:
        UserError: a sheet has too many rows, columns or cells.
    """
    looks = {}
    for name in wanted:
        place = next(place for place, sheet in enumerate(book.sheets) if sheet.name == name)
        looks[name] = _look(book, book.book.sheet_by_index(place), book.formulas[place])
    return io.BytesIO(book.data), looks


def _look(book: Book, sheet: Any, formulas: list[tuple[int, int, bool]]) -> Look:
    look = Look(book.path, sheet.name, book.limits)
    marks_of_style: dict[int, tuple[str, ...]] = {}
    for row in range(sheet.nrows):
        for column, kind in enumerate(sheet.row_types(row)):
            if kind in _BLANK:
                continue
            look.rows, look.columns = row + 1, max(look.columns, column + 1)
            value = sheet.cell_value(row, column)
            if kind == xlrd.XL_CELL_TEXT:
                look.text_bytes += len(value)
            elif kind == xlrd.XL_CELL_ERROR:
                look.texts[row + 1, column + 1] = xlrd.error_text_from_code.get(value, "#N/A")
            style = sheet.cell_xf_index(row, column)
            if style not in marks_of_style:
                marks_of_style[style] = _marks(book.book, style)
            look.marks += [(row + 1, column + 1, mark) for mark in marks_of_style[style]]
            if runs := sheet.rich_text_runlist_map.get((row, column)):
                _add_runs(look, book.book, (row + 1, column + 1), value, runs)
    look.refuse_reach()
    look.hidden_rows = [
        (row + 1, row + 1)
        for row, info in sheet.rowinfo_map.items()
        if info.hidden or (info.height == 0 and not info.has_default_height)
    ]
    look.hidden_columns = [
        (column + 1, column + 1) for column, info in sheet.colinfo_map.items() if info.hidden or info.width == 0
    ]
    look.marks += [
        (row + 1, column + 1, "formula" if is_saved else "formula_without_value") for row, column, is_saved in formulas
    ]
    return look


def _marks(book: Any, style: int) -> tuple[str, ...]:
    """Return the marks of a cell's style."""
    form = book.xf_list[style]
    code = book.format_map[form.format_key].format_str if form.format_key in book.format_map else ""
    return (*_font_marks(book, form.font_index), *number_marks(code))


def _font_marks(book: Any, number: int) -> tuple[str, ...]:
    font = book.font_list[number] if number < len(book.font_list) else None
    if font is None:
        return ()
    return (*(("struck_out",) if font.struck_out else ()), *(("raised",) if font.escapement else ()))


def _add_runs(look: Look, book: Any, place: tuple[int, int], text: str, runs: list[tuple[int, int]]) -> None:
    """Add the runs of a text in several fonts, where one of them is struck out or raised."""
    starts = [start for start, _ in runs]
    found = [Run(text[: starts[0]], has_font=False)] if starts[0] > 0 else []
    for (start, font), end in zip(runs, [*starts[1:], len(text)], strict=True):
        marks = _font_marks(book, font)
        found.append(Run(text[start:end], "struck_out" in marks, "raised" in marks))
    if any(run.is_struck_out or run.is_raised for run in found):
        look.runs[place] = tuple(found)


def _formulas(data: bytes) -> list[list[tuple[int, int, bool]]]:
    """Return the formulas of each sheet with cells from the records of the file."""
    document = xlrd.compdoc.CompDoc(data, logfile=io.StringIO())
    memory, base, size = next(
        found for found in (document.locate_named_stream(name) for name in _STREAMS) if found[0] is not None
    )
    stream = memoryview(memory)[base : base + size]
    starts: list[int] = []
    found: dict[int, list[tuple[int, int, bool, bool]]] = {}
    depth = place = start = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        body = stream[place + 4 : place + 4 + length]
        if kind == _SHEET and len(body) > 5 and body[5] == 0:
            starts.append(struct.unpack_from("<I", body)[0])
        elif kind in _BEGIN:
            depth += 1
            # Charts in a sheet begin and end within it.
            if depth == 1:
                start, found[place] = place, []
        elif kind == _END:
            depth = max(depth - 1, 0)
        elif kind in _FORMULA and depth == 1 and len(body) >= 16:
            row, column, _, value, flags = struct.unpack_from("<HHH8sH", body)
            is_left = bool(flags & _COMPUTED_ON_OPENING)
            found[start].append((row, column, value not in _NOTHING, is_left))
        place += 4 + length
    # Programs that cannot compute save no value, and leave it to the program that opens the file. Where no formula has a
    # value, such a program wrote them all.
    is_computed = any(has_value for formulas in found.values() for *_, has_value, _ in formulas)
    return [
        [
            (row, column, has_value or (is_computed and not is_left))
            for row, column, has_value, is_left in found.get(start, [])
        ]
        for start in starts
    ]
