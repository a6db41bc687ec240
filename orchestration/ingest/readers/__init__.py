"""Readers of raw deliveries: csv files, workbooks, SPSS and Parquet files become tables of cells, without loss.

Belongs here: reading a file as its form states, and refusing what contradicts the statement. Does not belong here: which
cell answers which question (the map), and which file names are allowed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestration.core import letters
from orchestration.forms.model import FileSpec
from orchestration.ingest.readers import cells
from orchestration.ingest.readers.columnar import read_parquet
from orchestration.ingest.readers.delimited import lines_of, read_csv
from orchestration.ingest.readers.model import Limits, Sheet
from orchestration.ingest.readers.spss import read_sav
from orchestration.ingest.readers.workbook import read_workbook, sheet_names

__all__ = ["Limits", "Sheet", "lines_of", "read", "sheet_names"]


def read(path: Path, spec: FileSpec, wanted_sheets: tuple[str, ...] = (), limits: Limits | None = None) -> list[Sheet]:
    """Return the sheets of one file of a delivery.

    Args:
        path: the file.
        spec: the form's statement on how to read the file.
        wanted_sheets: sheets of a workbook that the form names; "*" is the only sheet, whatever its name.
        limits: size limits; the usual ones if left out.

    Returns:
        The sheets, those of a workbook in its own order; other files are one sheet. Texts and names are as they are compared
        (:mod:`orchestration.core.letters`), whatever program wrote them.

    Raises:
        UserError: the file is missing, damaged, too large, of another kind, or contradicts what the form states.
        ValueError: the form states that the file is not read.
    """
    return [_plain(sheet) for sheet in _sheets(path, spec, wanted_sheets, limits or Limits())]


def _plain(sheet: Sheet) -> Sheet:
    """Return the sheet with its name and texts as they are compared."""
    texts = cells.plain_texts(sheet.cells["text"].combine_chunks())
    table = sheet.cells.set_column(sheet.cells.schema.get_field_index("text"), "text", texts)
    return replace(sheet, name=letters.plain(sheet.name), cells=table)


def _sheets(path: Path, spec: FileSpec, wanted_sheets: tuple[str, ...], limits: Limits) -> list[Sheet]:
    if spec.reader == "csv":
        return [read_csv(path, spec, limits)]
    if spec.is_workbook:
        return read_workbook(path, spec, wanted_sheets, limits)
    if spec.reader == "sav":
        return [read_sav(path, spec, limits)]
    if spec.reader == "parquet":
        return [read_parquet(path, limits)]
    raise ValueError(f"{path.name} has reader {spec.reader}: the file must exist, but it is not read")
