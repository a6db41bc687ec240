"""The rows of a delivery as they were delivered, the unit of each row, and writing them as csv files.

Belongs here: rows, their unit and their submission. Does not belong here: what is changed in them (``movement``, ``slips``,
``delivery``), or what a text means to a run (dbt's models).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from orchestration.forms.model import Form, SheetSpec, UnitSpec, code_text, header
from orchestration.ingest.capture import capture
from orchestration.ingest.delivery_files import ReadSheet, read_file

# How many digits the code of a municipality has, and the number of a district within it.
OF_MUNICIPALITY, OF_DISTRICT = 4, 2


@dataclass(eq=False)
class Row:
    """A row of data: its texts by header, its unit (empty where it has none) and its submission."""

    texts: dict[str, str]
    unit: str = ""
    submission: str = ""
    is_complete: bool = True

    def text(self, names: Iterable[str]) -> str:
        """Return the first text of some columns, without blanks at its ends."""
        return next((self.texts[header(name)].strip() for name in names if self.texts.get(header(name), "").strip()), "")


@dataclass(eq=False)
class Table:
    """The rows of a layout, those of several files of it below each other."""

    layout: SheetSpec
    headers: list[str]
    rows: list[Row]


def read_tables(form: Form, folder: Path) -> list[Table]:
    """Return a delivery as tables, each row with its unit."""
    found: dict[str, Table] = {}
    for file in capture(folder, form):
        for sheet in read_file(form, file):
            table = found.setdefault(sheet.layout.name, Table(sheet.layout, [], []))
            table.headers += [name for name in sheet.headers.values() if name not in table.headers]
            table.rows += [Row(texts) for texts in _texts(sheet)]
    tables = list(found.values())
    _name_units(form, tables)
    return tables


def _texts(sheet: ReadSheet) -> list[dict[str, str]]:
    cells = sheet.sheet.cells
    data = cells.filter(pc.greater_equal(cells["row_number"], sheet.layout.first_row))
    rows: dict[int, dict[str, str]] = {}
    for cell in data.to_pylist():
        name = sheet.headers.get(cell["column_number"])
        if name is not None and cell["row_number"] not in sheet.header_again:
            rows.setdefault(cell["row_number"], {})[name] = cell["text"]
    return [rows[number] for number in sorted(rows)]


def unit_code(unit: UnitSpec, row: Row, *, is_anonymous: bool = False) -> str:
    """Return the code of a row's unit; a district or agency has its own, or its number in the municipality."""
    if is_anonymous:
        return row.text(unit.code)
    code = _digits(row.text(unit.code), unit.code_pattern)
    part = _digits(row.text(unit.part_code))
    if code and len(code) < OF_MUNICIPALITY:
        code = code.zfill(OF_MUNICIPALITY)
    if part:
        if len(part) <= OF_DISTRICT:
            return code + part.zfill(OF_DISTRICT) if code else ""
        return part.zfill(OF_MUNICIPALITY + OF_DISTRICT) if len(part) > OF_MUNICIPALITY else part.zfill(OF_MUNICIPALITY)
    return code if unit.code else row.text(unit.name)


def _digits(text: str, pattern: str | None = None) -> str:
    found = re.search(pattern, text) if pattern else re.match(r"[0-9]+", text)
    return (found.group(1) if pattern else found.group()) if found else ""


def _name_units(form: Form, tables: Collection[Table]) -> None:
    """Set the unit of each row: from its own columns, else from the submission that it is linked to."""
    submitted: dict[str, Row] = {}
    for table in tables:
        layout = table.layout
        for row in table.rows:
            row.submission = row.text([layout.submission.id] if layout.submission.id else [])
            if layout.unit is not None and not _is_no_data(layout, row):
                row.unit = unit_code(layout.unit, row, is_anonymous=form.units == "anonymous")
            if layout.submission.status is not None:
                status = code_text(row.text([layout.submission.status]))
                row.is_complete = status in {code_text(each) for each in layout.submission.completed}
            if row.unit and row.submission and layout.links_to is None:
                submitted.setdefault(row.submission, row)
    for table in tables:
        link = table.layout.link
        if link is None or link == "unit":
            continue
        for row in table.rows:
            row.submission = row.text([link])
            of = submitted.get(row.submission)
            if of is not None:
                row.unit, row.is_complete = of.unit, of.is_complete


def _is_no_data(layout: SheetSpec, row: Row) -> bool:
    return any(re.fullmatch(rule.matches, row.texts.get(header(rule.column), "").strip()) for rule in layout.rows_not_data)


def unit_names(tables: Iterable[Table]) -> dict[str, str]:
    """Return the name of each unit in the delivery: the name of the part where it has one."""
    names: dict[str, str] = {}
    for table in tables:
        unit = table.layout.unit or UnitSpec()
        for row in table.rows:
            name = (row.text(unit.part_code) and row.text(unit.part_name)) or row.text(unit.name)
            if row.unit and name:
                names.setdefault(row.unit, name)
    return names


def single_units(tables: Iterable[Table]) -> set[str]:
    """Return the units with exactly one submission, which is completed, so that an error in it is noticed."""
    submissions: dict[str, set[str]] = {}
    incomplete = set()
    for table in tables:
        for row in table.rows:
            submissions.setdefault(row.unit, set()).add(row.submission)
            if not row.is_complete:
                incomplete.add(row.unit)
    return {unit for unit, ids in submissions.items() if unit and len(ids - {""}) <= 1} - incomplete


def write_tables(
    folder: Path,
    tables: Iterable[Table],
    renamed: Mapping[str, str],
    units: Collection[str] | None = None,
    left_out: Collection[str] = (),
    beginning: str = "",
) -> None:
    """Write tables as csv files, one for each layout.

    Args:
        folder: is made.
        tables: the rows.
        renamed: new headers by layout and header, joined by a point.
        units: rows of these units only; None: rows of all units, and rows without a unit.
        left_out: units whose rows are left out.
        beginning: of the names of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        rows = [row for row in table.rows if row.unit not in left_out and (units is None or row.unit in units)]
        if units is not None and not rows:
            continue
        with (folder / f"{beginning}{table.layout.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";", lineterminator="\n")
            writer.writerow([renamed.get(f"{table.layout.name}.{name}", name) for name in table.headers])
            writer.writerows([row.texts.get(name, "") for name in table.headers] for row in rows)
