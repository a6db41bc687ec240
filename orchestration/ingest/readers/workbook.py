"""Reads workbooks: xlsx, and through the same library xls, xlsb and ods.

Belongs here: which sheets of a workbook a form wants, and their cells as text. Does not belong here: what a kind of workbook
says about a cell besides its value (``open_xml``, ``open_document``, ``binary``, ``old_binary``), and the meaning of merged
cells and marks.
"""

from __future__ import annotations

import datetime
import difflib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine

from orchestration.core.errors import UserError
from orchestration.forms.model import FileSpec, sheet_name
from orchestration.ingest.readers import binary, cells, old_binary, open_document, open_xml
from orchestration.ingest.readers.files import contents, damaged, shown, too_many
from orchestration.ingest.readers.looks import ListedSheet, Look
from orchestration.ingest.readers.model import CELL_SCHEMA, KINDS, Limits, Sheet
from orchestration.ingest.readers.package import open_package

ONLY_SHEET = "*"
"""Name by which a form refers to a workbook's only sheet."""

LookThrough = Callable[[Iterable[str]], tuple[io.BytesIO, dict[str, Look]]]
"""Inspects the wanted sheets; returns what the library reads, and the findings on each sheet."""

# Cells of a batch, so that values and texts of a large sheet are not in memory twice.
_BATCH = 2**18
_TEXT = KINDS.index("text")
_KIND_PLACES = {
    str: _TEXT,
    float: KINDS.index("number"),
    int: KINDS.index("number"),
    bool: KINDS.index("boolean"),
    datetime.datetime: KINDS.index("date"),
    datetime.date: KINDS.index("date"),
    datetime.time: KINDS.index("date"),
    datetime.timedelta: KINDS.index("date"),
}


def read_workbook(path: Path, spec: FileSpec, wanted: tuple[str, ...], limits: Limits) -> list[Sheet]:
    """Return the wanted sheets of a workbook, in its own order; sheets that the form excludes as not data are not read.

    Raises:
        UserError: the file is not a workbook, is damaged, encrypted or too large; has macros or links; lacks a wanted sheet,
            or has one that the form does not name.
    """
    listed, look_through = _open(path, spec.reader, limits)
    not_data = {sheet_name(name) for name in spec.sheets_not_data}
    listed = [sheet for sheet in listed if sheet.has_cells and sheet_name(sheet.name) not in not_data]
    _refuse_other_sheets(path, listed, wanted)
    file, looks = look_through([sheet.name for sheet in listed])
    sheets = []
    with _library(path, spec.reader):
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
    with workbook:
        for sheet in listed:
            look = looks[sheet.name]
            with _library(path, spec.reader, look.place):
                values = workbook.get_sheet_by_name(sheet.name)
            sheets.append(_sheet(path, spec.reader, values, look, limits))
    return sheets


@contextmanager
def _library(path: Path, reader: str, place: str = "") -> Iterator[None]:
    """Refuse the file where the library fails; a defect of the library raises an exception that is not an Exception."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        raise damaged(path, str(error), reader, place) from error


def sheet_names(path: Path, spec: FileSpec, limits: Limits | None = None) -> tuple[str, ...]:
    """Return the names of a workbook's sheets that have cells.

    Raises:
        UserError: the file is not a workbook, or is damaged, encrypted or too large.
    """
    return tuple(sheet.name for sheet in _open(path, spec.reader, limits or Limits())[0] if sheet.has_cells)


def _open(path: Path, reader: str, limits: Limits) -> tuple[list[ListedSheet], LookThrough]:
    data = contents(path, reader, limits)
    if reader == "xls":
        old = old_binary.open_book(path, data, limits)
        return old.sheets, lambda names: old_binary.look_through(old, names)
    if reader == "xlsb":
        records = binary.open_book(open_package(path, data, reader, limits), limits)
        return records.sheets, lambda names: binary.look_through(records, names)
    if reader == "ods":
        document = open_document.open_book(open_package(path, data, reader, limits), limits)
        return document.sheets, lambda names: open_document.look_through(document, names)
    book = open_xml.open_book(open_package(path, data, reader, limits), limits)
    return book.sheets, lambda names: open_xml.look_through(book, names)


def _refuse_other_sheets(path: Path, listed: list[ListedSheet], wanted: tuple[str, ...]) -> None:
    """Refuse missing sheets, and sheets that the form does not name, including hidden ones."""
    names = [sheet_name(sheet.name) for sheet in listed]
    there = ", ".join(shown(name) for name in names)
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"has {names.count(name)} sheets called {shown(name)}",
                place=str(path),
                remedy="give each sheet a unique name, disregarding spaces at its ends and the Unicode form of letters",
            )
    for name in map(sheet_name, wanted):
        if name != ONLY_SHEET and name not in names:
            nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            raise UserError(
                f"has no sheet {shown(name)}, but {there}",
                place=str(path),
                remedy=(f"did you mean {shown(nearest[0])}? " if nearest else "")
                + "write the name of the sheet in form.yml exactly as in the file",
            )
    if ONLY_SHEET in wanted and len(listed) == 1:
        return
    # Hidden sheets first, because the sender of the file does not see them.
    for sheet in sorted(listed, key=lambda sheet: not sheet.is_hidden):
        if sheet_name(sheet.name) in map(sheet_name, wanted):
            continue
        if ONLY_SHEET in wanted and not sheet.is_hidden:
            raise UserError(
                f"has {len(listed)} sheets ({there}), and the form says that it has one",
                place=str(path),
                remedy="name the sheets in form.yml, or deliver the file with one",
            )
        raise UserError(
            "the sheet is hidden, and the form does not name it" if sheet.is_hidden else "the form does not name the sheet",
            place=f"{path}, sheet {shown(sheet.name)}",
            remedy="describe it in form.yml, or list it there under sheets_not_data if it does not contain data",
        )


def _sheet(path: Path, reader: str, sheet: python_calamine.CalamineSheet, look: Look, limits: Limits) -> Sheet:
    """Return one sheet as cells."""
    batches, done, size = [CELL_SCHEMA.empty_table()], 0, 0
    if sheet.start is not None and sheet.end is not None:
        # The library's rows begin with the first row of the sheet, but with the first column that has a cell.
        first_column, width = sheet.start[1] + 1, sheet.end[1] - sheet.start[1] + 1
        rows = sheet.iter_rows()
        while batch := _batch(path, reader, look, rows, max(1, _BATCH // width)):
            # A blank cell is an empty text.
            values = np.array(list(chain.from_iterable(batch)), object)
            places = np.flatnonzero(values != "")
            values = values[places]
            kinds = np.fromiter(map(_KIND_PLACES.__getitem__, map(type, values)), np.int8, len(values))
            others = np.flatnonzero(kinds != _TEXT)
            values[others] = list(map(cells.value_text, values[others]))
            row_numbers, column_numbers = places // width + done + 1, places % width + first_column
            batches.append(cells.table(row_numbers, column_numbers, pa.array(values, pa.string()), kinds))
            size += batches[-1].nbytes
            if size > limits.text_bytes * 2:
                raise too_many(path, "bytes of text", limits.text_bytes, look.place)
            done += len(batch)
    table = cells.with_texts(pa.concat_tables(batches).combine_chunks(), look.texts)
    columns = sheet.end[1] + 1 if sheet.end is not None else 0
    # The library knows of merged cells in two kinds of workbooks.
    look.merged += [
        (first_row + 1, first_column + 1, last_row + 1, last_column + 1)
        for (first_row, first_column), (last_row, last_column) in sheet.merged_cell_ranges or ()
    ]
    marks = look.mark_table(table)
    return Sheet(sheet.name, done, columns, table, tuple(look.merged), marks=marks, runs=look.runs)


def _batch(path: Path, reader: str, look: Look, rows: Iterator[list[Any]], count: int) -> list[list[Any]]:
    with _library(path, reader, look.place):
        return list(islice(rows, count))
