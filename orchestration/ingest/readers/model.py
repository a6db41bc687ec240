"""The result of every reader, and the limits of what is read.

Belongs here: the form of the result and the limits. Does not belong here: how a kind of file is read, and what a form makes
of a mark (``ingest.marks``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.forms.missing_values import MissingValues

KINDS = ("text", "number", "boolean", "date")
"""Kinds of cells by their file; a csv file has only texts. Times and durations are dates."""
KIND = pa.dictionary(pa.int8(), pa.string())
CELL_SCHEMA = pa.schema([("row_number", pa.int32()), ("column_number", pa.int32()), ("text", pa.string()), ("kind", KIND)])
"""Columns of a table of cells."""
MARK_SCHEMA = pa.schema(
    [("row_number", pa.int32()), ("column_number", pa.int32()), ("mark", pa.string()), ("detail", pa.string())]
)
"""Columns of a table of marks, see :class:`Sheet`."""

PLACE_SCHEMA = pa.schema([("row_number", pa.int32()), ("column_number", pa.int32())])
"""Columns of a table of places of cells."""

MAX_FILE_BYTES = 256 * 1024**2
"""Largest file; the deliveries of a round are a few megabytes."""
MAX_ROWS = 2_000_000
"""Most rows of a sheet, including blank ones."""
MAX_COLUMNS = 20_000
"""Most columns of a sheet; a spreadsheet program allows 16,384."""
MAX_CELLS = 20_000_000
"""Most cells of a file, including blank ones (rows times columns), because the libraries allocate them."""
MAX_TEXT_BYTES = 512 * 1024**2
"""Most text of all cells together; a short file can repeat a long text millions of times."""
MAX_UNPACKED_BYTES = 512 * 1024**2
"""Largest sum of the unpacked parts of a compressed file."""
MAX_UNPACKED_RATIO = 200
"""Greatest expansion of a compressed file; a sheet of a single repeated value grows about a hundredfold."""
RATIO_FROM_BYTES = 50 * 1024**2
"""Unpacked size from which the ratio is judged, since small files of blanks expand much without harm."""


@dataclass(frozen=True)
class Limits:
    """The limits of size; files are refused before or during reading, not after."""

    file_bytes: int = MAX_FILE_BYTES
    rows: int = MAX_ROWS
    columns: int = MAX_COLUMNS
    cells: int = MAX_CELLS
    text_bytes: int = MAX_TEXT_BYTES
    unpacked_bytes: int = MAX_UNPACKED_BYTES
    unpacked_ratio: int = MAX_UNPACKED_RATIO
    ratio_from_bytes: int = RATIO_FROM_BYTES


def _no_cells() -> pa.Table:
    return PLACE_SCHEMA.empty_table()


@dataclass(frozen=True)
class Declared:
    """What a file declares about the values of its columns, by column number; only SPSS files declare anything.

    Attributes:
        missing: values that mean "no answer".
        missing_cells: table with ``row_number`` and ``column_number`` of the cells that hold such a value.
        value_labels: label by code.
        column_labels: wordings of the columns.
        counted: the value that counts as ticked, in the boxes of a multiple response set.
    """

    missing: Mapping[int, MissingValues] = field(default_factory=dict)
    missing_cells: pa.Table = field(default_factory=_no_cells)
    value_labels: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    column_labels: Mapping[int, str] = field(default_factory=dict)
    counted: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """Why a column's values have no text, and the remedy; a form may still ignore the column."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Run:
    """A part of a cell's text in one font."""

    text: str
    is_struck_out: bool = False
    is_raised: bool = False
    has_font: bool = True
    """Whether the part has its own font; else it has the cell's."""


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet; a csv, sav or parquet file is one sheet.

    Attributes:
        name: the sheet's name in a workbook, else the file's name without its folder.
        rows: number of rows, blank ones too.
        columns: number of columns.
        cells: table with ``row_number`` and ``column_number`` (int32, 1 = the first one), ``text`` and ``kind`` (one of
            ``KINDS``). Only cells that are not empty, in the order of rows and columns. In a csv file rows are records: a
            quoted cell with line breaks is one cell of one row. In sav and parquet files row 1 holds the names of the
            variables.
        merged: merged ranges of a workbook: first row, first column, last row, last column.
        widths: number of fields of each record of a csv file, blank ones too; of other files, whose rows are all as wide as
            the sheet, none.
        has_separator: whether the first row of a csv file is Excel's line ``sep=;``.
        skipped: number of rows of the file before the first that counts.
        marks: what a workbook says about a cell besides its value, one row per cell and mark: ``hidden`` (detail: row,
            column or covered), ``struck_out`` and ``raised`` (part: only a part of the text; rule: perhaps, a rule of the
            sheet says), ``formula``, ``formula_without_value`` (no saved value, so no cell), ``percent`` and
            ``shown_otherwise`` (numbers that are not shown as they are saved).
        runs: the parts of a cell's text where some of them are struck out or raised, by row and column number.
        declared: what the file itself says about its values.
        unreadable: columns whose values have no text, by number; a cell's text says only that there is a value.
    """

    name: str
    rows: int
    columns: int
    cells: pa.Table
    merged: tuple[tuple[int, int, int, int], ...] = ()
    widths: npt.NDArray[np.int32] | None = None
    has_separator: bool = False
    skipped: int = 0
    marks: pa.Table = field(default_factory=MARK_SCHEMA.empty_table)
    runs: Mapping[tuple[int, int], tuple[Run, ...]] = field(default_factory=dict)
    declared: Declared = field(default_factory=Declared)
    unreadable: Mapping[int, Unreadable] = field(default_factory=dict)
