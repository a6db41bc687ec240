"""Reads workbooks (xlsx).

Belongs here: which sheets of a workbook a form wants, and their cells as text. Does not belong here: the workbook as a
package of parts (``package``), and the meaning of merged cells.
"""

from __future__ import annotations

import difflib
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import python_calamine

from orchestration.errors import UserError
from orchestration.ingest.readers import cells, package
from orchestration.ingest.readers.files import contents, damaged, shown, too_many
from orchestration.ingest.readers.model import CELL_SCHEMA, Limits, Sheet

ONLY_SHEET = "*"
"""Name by which a form means a workbook's only sheet."""

# Cells of a batch, so that values and texts of a large sheet are not in memory twice.
_BATCH = 2**18


def read_workbook(path: Path, wanted: tuple[str, ...], limits: Limits, not_data: tuple[str, ...] = ()) -> list[Sheet]:
    """Return the wanted sheets of a workbook, in its own order; sheets that the form says are no data are not read.

    Raises:
        UserError: the file is no workbook, damaged, encrypted or too large; has macros, links or formulas; lacks a wanted
            sheet, or has one that is not wanted.
    """
    data = contents(path, "xlsx", limits)
    parts = package.directory(path, data, limits)
    listed = [sheet for sheet in package.listed_sheets(path, data, parts) if sheet.name not in not_data]
    _refuse_other_sheets(path, listed, wanted)
    file = package.checked(path, data, parts, listed, limits)
    place, sheets = "", []
    try:
        with python_calamine.CalamineWorkbook.from_filelike(file) as workbook:
            for sheet in listed:
                place = f"sheet {shown(sheet.name)}"
                sheets.append(_sheet(path, workbook.get_sheet_by_name(sheet.name), limits))
    except (UserError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a defect of the library surfaces as an exception that is no Exception
        raise damaged(path, str(error), "xlsx", place) from error
    return sheets


def _refuse_other_sheets(path: Path, listed: list[package.ListedSheet], wanted: tuple[str, ...]) -> None:
    """Refuse sheets that are missing, and sheets that the form does not name, hidden ones too."""
    names = [sheet.name for sheet in listed]
    there = ", ".join(shown(name) for name in names)
    for name in wanted:
        if name != ONLY_SHEET and name not in names:
            nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            raise UserError(
                f"has no sheet {shown(name)}, but {there}",
                place=str(path),
                remedy=(f"did you mean {shown(nearest[0])}? " if nearest else "")
                + "name the sheet in form.yml as it is called in the file",
            )
    if ONLY_SHEET in wanted and len(listed) == 1:
        return
    # Hidden sheets first, because whoever delivered the file does not see them.
    for sheet in sorted(listed, key=lambda sheet: sheet.state == "visible"):
        if sheet.name in wanted:
            continue
        hidden = sheet.state != "visible"
        if ONLY_SHEET in wanted and not hidden:
            raise UserError(
                f"has {len(listed)} sheets ({there}), and the form says that it has one",
                place=str(path),
                remedy="name the sheets in form.yml, or deliver the file with one",
            )
        raise UserError(
            "the sheet is hidden, and the form does not name it" if hidden else "the form does not name the sheet",
            place=f"{path}, sheet {shown(sheet.name)}",
            remedy="describe it in form.yml, or name it there under sheets_not_data if it is no data",
        )


def _sheet(path: Path, sheet: python_calamine.CalamineSheet, limits: Limits) -> Sheet:
    """Return one sheet as cells."""
    merged = tuple(
        (first_row + 1, first_column + 1, last_row + 1, last_column + 1)
        for (first_row, first_column), (last_row, last_column) in sheet.merged_cell_ranges or ()
    )
    if sheet.start is None or sheet.end is None:
        return Sheet(sheet.name, 0, 0, CELL_SCHEMA.empty_table(), merged)
    # The library's rows begin with the first row of the sheet, but with the first column that has a cell.
    first_column, width = sheet.start[1] + 1, sheet.end[1] - sheet.start[1] + 1
    numbers = np.arange(first_column, first_column + width)
    batches, done, size = [CELL_SCHEMA.empty_table()], 0, 0
    rows = sheet.iter_rows()
    while batch := list(islice(rows, max(1, _BATCH // width))):
        texts = [value if isinstance(value, str) else cells.value_text(value) for row in batch for value in row]
        row_numbers = np.repeat(np.arange(done + 1, done + len(batch) + 1), width)
        table = cells.table(row_numbers, np.tile(numbers, len(batch)), pa.array(texts, pa.string()))
        size += table.nbytes
        if size > limits.text_bytes * 2:
            raise too_many(path, "bytes of text", limits.text_bytes, f"sheet {shown(sheet.name)}")
        batches.append(table)
        done += len(batch)
    return Sheet(sheet.name, done, sheet.end[1] + 1, pa.concat_tables(batches).combine_chunks(), merged)
