"""The appearance of a sheet's cells, apart from their values, and the extent of the values.

Belongs here: what all kinds of workbooks have in common: fonts and number formats that mark a cell, addresses, limits, and
the table of marks. Does not belong here: how a kind of workbook stores them (``open_xml``, ``open_document``, ``binary``,
``old_binary``), and what a form makes of a mark (``ingest.marks``).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ingest.readers.files import shown, too_many
from orchestration.ingest.readers.model import MARK_SCHEMA, Limits, Run

# The marks of a number format do not apply to texts.
_OF_NUMBERS = ("percent", "shown_otherwise")
# The literal parts of a number format: quoted and escaped characters, fillers, and colours, conditions and currencies.
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_THOUSANDS = re.compile(r"[0#?],+(?![0#?,])")
_ADDRESS = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_MOST_DIGITS = 9
_DATES = re.compile(r"[dmyhsg]|AM/PM", re.IGNORECASE)


def column_number(letters: str) -> int:
    """Return the number of a column; too many letters give a very large number, other signs 0."""
    number = 0
    if not letters.isascii() or not letters.isalpha():
        return 0
    for letter in letters.upper()[:_MOST_DIGITS]:
        number = number * 26 + ord(letter) - 64
    return number


def row_number(digits: str) -> int:
    """Return the number of a row; too many digits give a very large number, other signs 0."""
    if not digits.isascii() or not digits.isdigit():
        return 0
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


def column_letters(column: int) -> str:
    """Return a column's letters."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def number_marks(code: str) -> tuple[str, ...]:
    """Return the marks of a number format: whether people read its numbers differently from the saved values."""
    plain = _LITERALS.sub("", code)
    if "%" in plain:
        return ("percent",)
    section = plain.split(";")[0]
    is_plain = re.search(r"[0#?@]|general", section, re.IGNORECASE) or not code.strip()
    if _THOUSANDS.search(section) or not (is_plain or _DATES.search(section)):
        return ("shown_otherwise",)
    return ()


@dataclass(frozen=True)
class ListedSheet:
    """A sheet as the workbook lists it; a chart sheet has no cells. ``part`` contains its cells."""

    name: str
    is_hidden: bool = False
    has_cells: bool = True
    part: str = ""


@dataclass
class Look:
    """The findings on a sheet; rows and columns count from 1. ``columns`` and ``rows`` are the extent of its values."""

    path: Path
    sheet: str
    limits: Limits
    rows: int = 0
    columns: int = 0
    text_bytes: int = 0
    cells: int = 0
    """Number of cells in the sheet, including blank ones."""
    has_runs: bool = False
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: list[tuple[int, int]] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    marks: list[tuple[int, int, str]] = field(default_factory=list)
    runs: dict[tuple[int, int], tuple[Run, ...]] = field(default_factory=dict)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    """Texts of cells that the library misreads or leaves out."""
    struck_ranges: list[str] = field(default_factory=list)
    """Ranges in which a rule strikes cells out, which only a spreadsheet program can evaluate."""

    @property
    def place(self) -> str:
        """The sheet, as messages name it."""
        return f"sheet {shown(self.sheet)}"

    def refuse_reach(self) -> None:
        """Refuse a sheet with too large an extent, because the library allocates the blank cells between values."""
        if self.rows > self.limits.rows:
            raise too_many(self.path, "rows", self.limits.rows, self.place)
        if self.columns > self.limits.columns:
            raise too_many(self.path, "columns", self.limits.columns, self.place)
        if self.rows * self.columns > self.limits.cells:
            raise too_many(self.path, f"cells (up to row {self.rows:,})", self.limits.cells, self.place)
        if self.cells > self.limits.cells:
            raise too_many(self.path, "cells", self.limits.cells, self.place)
        if self.text_bytes > self.limits.text_bytes:
            raise too_many(self.path, "bytes of text", self.limits.text_bytes, self.place)

    def mark_table(self, cells: pa.Table) -> pa.Table:
        """Return the marks of the sheet's cells; marks of blank cells are left out, except formulas without a value."""
        self._settle_fonts()
        found: list[tuple[int, int, str, str | None]] = []
        rows, columns = np.asarray(cells["row_number"]), np.asarray(cells["column_number"])
        if self.marks:
            places = {place: number for number, place in enumerate(zip(rows.tolist(), columns.tolist(), strict=True))}
            numbers = np.asarray(pc.equal(cells["kind"], "number"))
            for row, column, mark in dict.fromkeys(self.marks):
                number = places.get((row, column))
                if mark == "formula_without_value" or (number is not None and (mark not in _OF_NUMBERS or numbers[number])):
                    found.append((row, column, mark, None))
        if self.merged:
            found += [(row, column, "hidden", "covered") for row, column in self._covered(cells, rows, columns)]
        for area in _areas(" ".join(self.struck_ranges)):
            inside = (rows >= area[0]) & (columns >= area[1]) & (rows <= area[2]) & (columns <= area[3])
            for number in np.flatnonzero(inside).tolist():
                found.append((int(rows[number]), int(columns[number]), "struck_out", "rule"))
        for (row, column), runs in self.runs.items():
            found += [(row, column, "struck_out", "part")] if any(run.is_struck_out for run in runs) else []
            found += [(row, column, "raised", "part")] if any(run.is_raised for run in runs) else []
        for of_cells, ranges, detail in ((rows, self.hidden_rows, "row"), (columns, self.hidden_columns, "column")):
            for number in np.flatnonzero(_within(of_cells, ranges)).tolist():
                found.append((int(rows[number]), int(columns[number]), "hidden", detail))
        values = list(zip(*found, strict=True)) or [()] * len(MARK_SCHEMA)
        arrays = [pa.array(column, kind) for column, kind in zip(values, MARK_SCHEMA.types, strict=True)]
        return pa.Table.from_arrays(arrays, schema=MARK_SCHEMA)

    def _settle_fonts(self) -> None:
        """Give the runs without a font the font of their cell, which does not apply to the others."""
        if not self.runs:
            return
        fonts = {mark for mark in self.marks if mark[:2] in self.runs and mark[2] in {"struck_out", "raised"}}
        self.marks = [mark for mark in self.marks if mark not in fonts]
        for (row, column), runs in self.runs.items():
            is_struck_out, is_raised = (row, column, "struck_out") in fonts, (row, column, "raised") in fonts
            self.runs[row, column] = tuple(
                run if run.has_font else Run(run.text, is_struck_out, is_raised, has_font=False) for run in runs
            )

    def _covered(
        self, cells: pa.Table, rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int32]
    ) -> Iterator[tuple[int, int]]:
        """Yield the cells that a merged cell covers, unless they repeat its text."""
        in_rows = _within(rows, [(area[0], area[2]) for area in self.merged])
        near = np.flatnonzero(in_rows & _within(columns, [(area[1], area[3]) for area in self.merged]))
        texts = dict(
            zip(
                zip(rows[near].tolist(), columns[near].tolist(), strict=True),
                cells["text"].take(pa.array(near)).to_pylist(),
                strict=True,
            )
        )
        sizes = [(last_row - row + 1) * (last_column - column + 1) for row, column, last_row, last_column in self.merged]
        if sum(min(size, len(texts)) for size in sizes) > self.limits.cells:
            raise too_many(self.path, "cells in merged ranges", self.limits.cells, self.place)
        for (first_row, first_column, last_row, last_column), size in zip(self.merged, sizes, strict=True):
            inside: Iterable[tuple[int, int]] = texts
            if size <= len(texts):
                inside = itertools.product(range(first_row, last_row + 1), range(first_column, last_column + 1))
            top = texts.get((first_row, first_column))
            for row, column in inside:
                is_inside = first_row <= row <= last_row and first_column <= column <= last_column
                if is_inside and texts.get((row, column), top) != top:
                    yield row, column


def _areas(ranges: str) -> list[tuple[int, int, int, int]]:
    """Return the areas of ranges such as ``A2:C9 E5``: first row and column, last row and column."""
    areas = []
    for written in ranges.split():
        first, _, last = written.replace("$", "").partition(":")
        corners = [(_ADDRESS.fullmatch(corner)) for corner in (first, last or first)]
        if all(corners):
            places = [(row_number(corner[2]), column_number(corner[1])) for corner in corners if corner]
            areas.append((*places[0], *places[1]))
    return areas


def _within(numbers: npt.NDArray[np.int32], ranges: list[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Return which numbers are in one of the ranges."""
    if not ranges or not len(numbers):
        return np.zeros(len(numbers), bool)
    flags = np.zeros(int(numbers.max()) + 1, bool)
    for first, last in ranges:
        flags[first : last + 1] = True
    return flags[numbers]
