"""Reads SPSS files (sav and zsav).

Belongs here: SPSS dates and what is wrong with such a file. Cells hold values, never labels; values that the file declares
missing are delivered as they stand, because whether they are missing is the form's to say. Blanks at the end of a text
are SPSS's filling and not delivered. Row 1 of the sheet holds the variables' names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyreadstat

from orchestration.ingest.readers import cells
from orchestration.ingest.readers.files import contents, damaged, too_many
from orchestration.ingest.readers.model import Limits, Sheet

# Names of SPSS formats whose values are seconds since the start of the Gregorian calendar, or seconds of a day.
_DATES = re.compile(r"(?:A|E|J|S)?DATE\d*|MOYR\d*|QYR\d*|WKYR\d*|DATETIME[\d.]*|YMDHMS[\d.]*")
_TIMES = re.compile(r"D?TIME[\d.]*|MTIME[\d.]*")
_DAY = 86_400
_BLOCK_BYTES = 256 * 1024**2
_FIRST_DAY = np.datetime64("1582-10-14", "us")
# Seconds of the years that can be written with four digits.
_YEAR_1 = (np.datetime64("0001-01-01", "s") - np.datetime64("1582-10-14", "s")).astype(int)
_YEAR_9999 = (np.datetime64("9999-12-31", "s") - np.datetime64("1582-10-14", "s")).astype(int)


def read_sav(path: Path, limits: Limits) -> Sheet:
    """Return the cells of an SPSS file.

    Raises:
        UserError: the file is no SPSS file, damaged or too large.
    """
    contents(path, "sav", limits)
    try:
        _, description = pyreadstat.read_sav(str(path), metadataonly=True)
    except Exception as error:  # the library raises errors of many kinds
        raise damaged(path, str(error), "sav") from error
    names = list(description.column_names)
    if not names:
        raise damaged(path, "it has no variables", "sav")
    # A file that was written as a stream does not say how many rows it has.
    rows = description.number_rows
    if rows is not None and rows >= limits.rows:
        raise too_many(path, "rows", limits.rows)
    if len(names) > limits.columns:
        raise too_many(path, "columns", limits.columns)
    if (rows or 0) * len(names) > limits.cells:
        raise too_many(path, "cells", limits.cells)
    formats, widths = description.original_variable_types, description.variable_storage_width
    is_text = {name: description.readstat_variable_types[name] == "string" for name in names}
    # A few rows at a time where texts are very wide, since a packed file of them can be short.
    step = max(1, _BLOCK_BYTES // max(sum(widths.values()), 1))
    blocks: list[list[pa.Array]] = []
    read = size = 0
    while not blocks or len(blocks[-1][0]) == step:
        block = _block(path, names, is_text, read, step)
        read += len(block[0])
        size += sum(array.nbytes for array in block)
        if read >= limits.rows or read * len(names) > limits.cells:
            raise too_many(path, "rows" if read >= limits.rows else "cells", min(limits.rows, limits.cells))
        if size > limits.text_bytes:
            raise too_many(path, "bytes of text", limits.text_bytes)
        blocks.append(block)
        if read == rows:
            break
    if rows is not None and read != rows:
        raise damaged(path, f"{read} rows of {rows}", "sav")
    arrays = [pa.concat_arrays(list(columns)) for columns in zip(*blocks, strict=True)]
    kinds = [_kind(is_text[name], str(formats.get(name) or "")) for name in names]
    texts = cells.texts_by_kind(arrays, kinds, lambda kind, together: _TEXTS[kind](together))
    cell_kinds = [_CELL_KINDS[kind] for kind in kinds]
    return Sheet(path.name, read + 1, len(names), cells.columns_table(names, texts, cell_kinds, read))


def _block(path: Path, names: list[str], is_text: dict[str, bool], first: int, count: int) -> list[pa.Array]:
    """Return the variables' values in some of the rows; a variable is numeric, or text throughout."""
    try:
        data, _ = pyreadstat.read_sav(
            str(path),
            user_missing=True,
            output_format="dict",
            disable_datetime_conversion=True,
            row_offset=first,
            row_limit=count,
        )
        return [pa.array(data[name], pa.string() if is_text[name] else pa.float64()) for name in names]
    except Exception as error:  # the library raises errors of many kinds
        raise damaged(path, str(error), "sav") from error


def _kind(is_text: bool, form: str) -> str:
    if is_text:
        return "text"
    if _DATES.fullmatch(form):
        return "date"
    return "time" if _TIMES.fullmatch(form) else "number"


def _dates_text(seconds: pa.Array) -> pa.Array:
    """Return dates, with the time of day where there is one; what is no date between year 1 and 9999 stays a number."""
    values = np.asarray(seconds.cast(pa.float64()).fill_null(np.nan))
    is_date = (values >= _YEAR_1) & (values <= _YEAR_9999 + _DAY - 1)
    # Microseconds, because fractions of a second are delivered too.
    moments = _FIRST_DAY + np.round(np.where(is_date, values, 0) * 1_000_000).astype("timedelta64[us]")
    texts = cells.times_text(pa.array(moments))
    texts = pc.if_else(pa.array(np.mod(values, _DAY) == 0), pc.utf8_slice_codeunits(texts, 0, 10), texts)
    return pc.if_else(pa.array(is_date), texts, cells.numbers_text(seconds))


def _times_text(seconds: pa.Array) -> pa.Array:
    """Return lengths of time; there are few of them, so one by one."""
    values = seconds.to_pylist()
    return pa.array(
        [None if value is None or value != value else cells.seconds_text(value) for value in values], pa.string()
    )


_CELL_KINDS = {"text": "text", "number": "number", "date": "date", "time": "date"}
_TEXTS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "text": lambda texts: texts,
    "number": cells.numbers_text,
    "date": _dates_text,
    "time": _times_text,
}
