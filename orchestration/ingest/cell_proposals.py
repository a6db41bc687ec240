"""What the cells of a new delivery suggest that its form should say, with the last form as a guide.

Belongs here: which texts of which columns are examined. Does not belong here: what they suggest (``forms.proposals``), marks
of cells (``marks``), and a file's own declarations (``declared_values``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.errors import Problems
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import ColumnMap, Form, SheetSpec, header
from orchestration.forms.profiles import Profile
from orchestration.forms.proposals import (
    Proposal,
    Texts,
    of_boxes,
    of_new_column,
    of_numbers,
    of_options,
    of_rows,
    of_unit_codes,
)
from orchestration.ingest import table_rows
from orchestration.ingest.capture import capture
from orchestration.ingest.code_books import book_of
from orchestration.ingest.declared_values import not_declared_missing
from orchestration.ingest.delivery_files import ReadSheet, read_file
from orchestration.ingest.readers import Sheet


def look_at_cells(
    previous: Form, layout: SheetSpec, delivered: Sheet, headers: Mapping[int, str], free: Collection[str] = ()
) -> tuple[tuple[Proposal, ...], dict[str, str], dict[str, Profile]]:
    """Return what the cells of a sheet suggest that its form should say.

    Args:
        previous: last year's form.
        layout: its statement about the sheet.
        delivered: what was read.
        headers: header of each column.
        free: the columns of free text, by the code book.

    Returns:
        The proposals; what each column may be that the last form lacks; and profiles of the cells, by header.
    """
    sheet, merged = table_rows.fill_down(layout, delivered, headers)
    found: list[Proposal] = []
    if merged:
        row, column = merged[0]
        seen = f"{headers[column]} is merged over rows (first into row {row}): its unit holds for all of them without a word"
        found.append(Proposal("sheets", seen))
    if remark := table_rows.fill_down_proposal(layout, delivered, headers):
        found.append(Proposal("sheets", remark))
    rows = {row for row in pc.unique(sheet.cells["row_number"]).to_pylist() if row >= layout.first_row}
    rows -= table_rows.rows_of_no_data(layout, sheet, headers, rows) if layout.rows_not_data else set()
    by_number = _texts(sheet, rows)
    texts: dict[str, Texts] = {name: by_number.get(number, {}) for number, name in headers.items()}
    uses: dict[str, list[ColumnMap]] = defaultdict(list)
    for use in previous.columns:
        if use.sheet == layout.name and use.use != "absent":
            uses[header(use.column)].append(use)
    if previous.units == "municipalities":
        is_long = any(use.conditions for same in uses.values() for use in same)
        found += _of_units(layout, table_rows.units_of_rows(layout, sheet, headers, rows), is_long=is_long)
    found += _of_answers(previous, texts, uses)
    new = {name: of_new_column(texts[name]) for name in texts if name not in uses}
    profiles = {name: Profile(len(rows), texts[name], name in free) for name in texts}
    return tuple(found), {name: remark for name, remark in new.items() if remark}, profiles


def profiles_of(form: Form, folder: Path) -> dict[tuple[str, str], Profile]:
    """Return profiles of the cells of a form's own delivery, by sheet and column; empty where it cannot be read.

    Args:
        form: a finished form.
        folder: the folder of its delivery, which may be gone.
    """
    if not folder.is_dir():
        return {}
    problems = Problems(go_on=True)
    found: dict[tuple[str, str], Profile] = {}
    free = book_of(folder).free_texts
    for file in capture(folder, form, problems):
        with problems.collect():
            for sheet in read_file(form, file, problems):
                for name, profile in _profiles(sheet, free).items():
                    key = (sheet.layout.name, name)
                    found[key] = found[key] + profile if key in found else profile
    return found


def _profiles(sheet: ReadSheet, free: Collection[str]) -> dict[str, Profile]:
    layout = sheet.layout
    numbers = pc.unique(sheet.sheet.cells["row_number"]).to_pylist()
    rows = {row for row in numbers if row >= layout.first_row} - set(sheet.header_again)
    rows -= table_rows.rows_of_no_data(layout, sheet.sheet, sheet.headers, rows) if layout.rows_not_data else set()
    texts = _texts(sheet.sheet, rows)
    return {name: Profile(len(rows), texts.get(number, {}), name in free) for number, name in sheet.headers.items()}


def _texts(sheet: Sheet, rows: Collection[int]) -> dict[int, dict[str, int]]:
    """Return the texts of each column in some rows, with their numbers of cells; without blank and declared missing ones."""
    table = not_declared_missing(sheet)
    table = table.filter(pc.is_in(table["row_number"], value_set=pa.array(sorted(rows), pa.int32())))
    # In the order of rows, so that a draft names the same examples each time.
    grouped = table.group_by(["column_number", "text"], use_threads=False).aggregate([("row_number", "count")])
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for each in grouped.to_pylist():
        if each["text"].strip():
            found[each["column_number"]][each["text"]] = each["row_number_count"]
    return found


def _of_units(layout: SheetSpec, units: Mapping[int, tuple[str, str]], *, is_long: bool) -> list[Proposal]:
    """Return the proposals from the units of a sheet.

    Args:
        layout: last year's statement about the sheet.
        units: header and text that identify the unit, by row number.
        is_long: whether rows are about different things.
    """
    if layout.unit is None:
        return []
    found: list[Proposal] = []
    for name in map(header, layout.unit.code):
        found += of_unit_codes(name, Counter(text for column, text in units.values() if column == name), layout.unit)
    is_dated = layout.submission.submitted is not None
    if layout.links_to is None and layout.rows == "one" and not is_long and not is_dated:
        found += of_rows({row: text for row, (_, text) in units.items()})
    return found


def _of_answers(previous: Form, texts: Mapping[str, Texts], uses: Mapping[str, list[ColumnMap]]) -> list[Proposal]:
    """Return the proposals from the answers of a sheet, in columns that the last form has."""
    columns: dict[str, dict[str, ColumnMap]] = defaultdict(dict)
    for name in texts:
        for use in uses.get(name, ()):
            if use.use == "answer":
                columns[use.type][name] = use
    stated = {name: MissingValues.stated(previous, column) for name, column in columns["number"].items()}
    ticks = {name: column.ticks(previous.ticks) for name, column in columns["tick"].items()}
    codes = {
        name: [option.code for option in previous.options if option.question == column.question]
        for name, column in columns["code"].items()
    }
    return [
        *of_numbers(
            {name: {text: texts[name][text] for text in texts[name] if text not in stated[name]} for name in stated},
            previous.numbers,
        ),
        *of_boxes({name: texts[name] for name in ticks}, ticks, previous.ticks),
        *of_options({name: texts[name] for name in codes}, codes),
    ]
