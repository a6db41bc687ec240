"""The rows of a table on a sheet: units that are written once for several rows, and where a table ends.

Belongs here: filling units down, and refusing a second table below the first one. Does not belong here: what a unit's text
means (dbt's models), and cells that are marked (``marks``).
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.errors import UserError
from orchestration.forms.model import SheetSpec, UnitSpec, header
from orchestration.ingest.readers import Sheet, cells
from orchestration.ingest.readers.files import shown
from orchestration.ingest.readers.looks import column_letters

Headers = Mapping[int, str]

# Read by the standard library and by Arrow, which does not know \u.
_NUMBER = "[-\u2212+]?\\s*[.,]?[0-9]"
_HAS_CODE = r"^\s*[0-9]"
# A code that may also be the year in a title.
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


def rows_of_no_data(layout: SheetSpec, sheet: Sheet, headers: Headers, rows: Collection[int]) -> set[int]:
    """Return the rows that are not data by the form."""
    texts = _texts(sheet, rows)
    numbers = {name: column for column, name in headers.items()}
    rules = [(numbers.get(header(rule.column)), re.compile(rule.matches)) for rule in layout.rows_not_data]
    return {
        row
        for row in rows
        if any(column is not None and pattern.fullmatch(texts[row].get(column, "")) for column, pattern in rules)
    }


def fill_down(layout: SheetSpec, sheet: Sheet, headers: Headers) -> tuple[Sheet, list[tuple[int, int]]]:
    """Write a unit that is given once for several rows into each of them.

    A cell that is merged over rows holds for all of them; blank cells below a unit mean that unit only where the form says
    ``fill_down``.

    Returns:
        The sheet, and the places of the cells that were written.
    """
    unit = layout.unit or UnitSpec()
    places = {name: column for column, name in headers.items()}
    own = [places[header(name)] for name in (*unit.code, *unit.name) if header(name) in places]
    parts = [places[header(name)] for name in (*unit.part_code, *unit.part_name) if header(name) in places]
    merged = [
        area for area in sheet.merged if area[2] > area[0] >= layout.first_row and {area[1], area[3]} <= {*own, *parts}
    ]
    if not merged and not unit.fill_down:
        return sheet, []
    table = sheet.cells
    below = table.filter(pc.greater_equal(table["row_number"], layout.first_row))
    rows: list[int] = sorted(set(below["row_number"].to_pylist()))
    texts = _texts(sheet, rows, [*own, *parts])
    written: dict[tuple[int, int], str] = {}
    for first_row, first_column, last_row, _ in merged:
        text = texts.get(first_row, {}).get(first_column)
        for row in range(first_row + 1, last_row + 1):
            if text and row in texts and first_column not in texts[row]:
                texts[row][first_column] = written[row, first_column] = text
    if unit.fill_down:
        last: dict[int, str] = {}
        for above, row in itertools.pairwise([layout.first_row - 1, *rows]):
            # Rows after a blank row belong to no unit above it.
            last = last if above == row - 1 else {}
            there = texts[row]
            has_own, has_part = any(column in there for column in own), any(column in there for column in parts)
            # A part below its municipality repeats only the municipality; a municipality starts a new group.
            from_above = own if has_part else [*own, *parts]
            if has_own and (has_part or any(last.get(column) != there[column] for column in own if column in there)):
                last = dict(there)
                continue
            for column in from_above:
                if column in last and column not in there and not (has_own and column in parts):
                    there[column] = written[row, column] = last[column]
            last = dict(there)
    return dataclasses.replace(sheet, cells=cells.with_texts(sheet.cells, written)), sorted(written)


def fill_down_proposal(layout: SheetSpec, sheet: Sheet, headers: Headers) -> str:
    """Return the proposal to fill units down, where rows without a unit follow a row with one."""
    if layout.unit is None:
        return ""
    unit = layout.unit.model_copy(update={"fill_down": True})
    filled = fill_down(layout.model_copy(update={"unit": unit}), sheet, headers)[1]
    # Merged cells are filled in any case.
    without_a_word = fill_down(layout, sheet, headers)[1]
    rows = len({row for row, _ in filled} - {row for row, _ in without_a_word})
    return f"{rows} rows have no unit; state unit.fill_down: true if they are of the unit above them" if rows else ""


def units_of_rows(layout: SheetSpec, sheet: Sheet, headers: Headers, rows: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return the text that identifies the unit in each of these rows, with the header of its column.

    It is the part's code, else the first code with digits, else any text of these columns, else the name.
    """
    unit = layout.unit or UnitSpec()
    places = {name: column for column, name in headers.items()}
    named = (header(name) for name in (*unit.part_code, *unit.code, *unit.name))
    columns = {name: places[name] for name in named if name in places}
    units: dict[int, tuple[str, str]] = {}
    for row, texts in _texts(sheet, rows, list(columns.values())).items():
        there = [(name, texts[column]) for name, column in columns.items() if column in texts]
        if there:
            units[row] = next((each for each in there if re.search("[0-9]", each[1])), there[0])
    return units


def refuse_second_table(
    path: Path,
    layout: SheetSpec,
    sheet: Sheet,
    headers: Headers,
    numbers: Collection[int],
    header_again: Collection[int] = (),
    *,
    is_any_code: bool = False,
) -> None:
    """Refuse a sheet on which another table seems to begin below the first, which would be counted with it.

    Args:
        path: the file.
        layout: the form's layout of the sheet.
        sheet: the sheet.
        headers: the header of each column.
        numbers: the columns that hold numbers.
        header_again: rows of data that repeat the header, which are reported elsewhere. Below a blank row of a workbook they
            still begin a table.
        is_any_code: whether any text is the code of a unit, not only one that begins with digits.

    Raises:
        UserError: a row without a unit (or with a possible title), which the form does not exclude as not data, looks like a
            heading and is between rows with units.
    """
    suspects = _headings(layout, sheet, headers, numbers, is_any_code)
    if suspects and header_again:
        filled = set(sheet.cells["row_number"].to_pylist())
        suspects -= {row for row in header_again if sheet.widths is not None or row - 1 in filled}
    left = sorted(suspects - rows_of_no_data(layout, sheet, headers, suspects))
    if left:
        row = left[0]
        column, text = min(_texts(sheet, [row])[row].items())
        raise UserError(
            f"the row looks like a heading ({shown(text)}): does a second table begin there?",
            place=f"{path}, sheet {sheet.name}, cell {column_letters(column)}{row}",
            remedy="deliver one table per sheet, or list such rows under rows_not_data in form.yml if they are not data",
        )


def _headings(layout: SheetSpec, sheet: Sheet, headers: Headers, numbers: Collection[int], is_any_code: bool) -> set[int]:
    """Return the rows between rows with a unit that look like a heading: without a unit, or perhaps with one."""
    rows = np.asarray(sheet.cells["row_number"])
    every = np.unique(rows[rows >= layout.first_row])
    sure, perhaps = _rows_with_unit(layout, sheet, headers, is_any_code)
    # A possible unit or title is a unit if there is a number beside it.
    with_unit = np.union1d(sure, np.intersect1d(perhaps, _rows_with_number(sheet, numbers))) if len(perhaps) else sure
    if len(with_unit) in {0, len(every)}:
        return set()
    between = every[(every > with_unit[0]) & (every < with_unit[-1])]
    without = np.setdiff1d(between, with_unit, assume_unique=True)
    found, begins_after_gap, doubtful = set(), False, set(perhaps.tolist())
    texts = _texts(sheet, without.tolist())
    previous = {int(row): int(before) for before, row in itertools.pairwise(every)}
    for row in without.tolist():
        above = previous[row]
        # The rows of a heading are consecutive; a gap counts for all of them.
        begins_after_gap = above < row - 1 or (begins_after_gap and above in texts)
        there = texts[row]
        of_numbers = [text for column, text in there.items() if column in numbers]
        has_number = any(re.match(_NUMBER, text) for text in of_numbers)
        if not there or has_number:
            continue
        if row in doubtful:
            # A unit that answered nothing, or only in words, looks the same unless there is a gap above it.
            is_heading = begins_after_gap and (len(there) == 1 or len(of_numbers) > 1)
            is_heading = is_heading or any(text == headers.get(column) for column, text in there.items())
        else:
            is_heading = begins_after_gap or len(there) == 1 or len(of_numbers) > 1
        if is_heading:
            found.add(row)
    return found


def _rows_with_unit(
    layout: SheetSpec, sheet: Sheet, headers: Headers, is_any_code: bool
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the rows of data with a unit, and the uncertain ones: only a name, or a code that may be a year."""
    unit = layout.unit or UnitSpec()
    places = {name: column for column, name in headers.items()}
    codes, parts, names = (
        [places[header(name)] for name in of_role if header(name) in places]
        for of_role in (unit.code, unit.part_code, unit.name if not unit.code else ())
    )
    table = sheet.cells.filter(
        pc.and_(
            pc.is_in(sheet.cells["column_number"], value_set=pa.array([*codes, *parts, *names], pa.int32())),
            pc.greater_equal(sheet.cells["row_number"], layout.first_row),
        )
    )
    rows, columns = np.asarray(table["row_number"]), np.asarray(table["column_number"])
    of_names = np.isin(columns, names) & np.asarray(pc.match_substring_regex(table["text"], r"\pL"))
    if is_any_code:
        return np.unique(rows), np.array([], rows.dtype)
    has_one_count = np.asarray(pc.match_substring_regex(table["text"], _HAS_CODE)) & ~np.isin(columns, names)
    if unit.code_pattern is not None:
        of_pattern = np.isin(columns, codes)
        distinct = pc.unique(table["text"]).to_pylist()
        found = {text: match[1] or "" for text in distinct if (match := re.search(unit.code_pattern, text.strip()))}
        have_code = np.asarray(
            pc.is_in(table["text"], value_set=pa.array([text for text in found if found[text]], pa.string()))
        )
        of_year = [text for text, code in found.items() if _YEAR.fullmatch(code) and text.strip() != code]
        is_year = np.asarray(pc.is_in(table["text"], value_set=pa.array(of_year, pa.string())))
        has_one_count = np.where(of_pattern, have_code & ~is_year, has_one_count)
        of_names |= of_pattern & is_year
    sure = np.unique(rows[has_one_count])
    return sure, np.setdiff1d(rows[of_names], sure)


def _rows_with_number(sheet: Sheet, numbers: Collection[int]) -> npt.NDArray[np.int32]:
    """Return the rows that have a number in one of these columns."""
    table = sheet.cells.filter(pc.is_in(sheet.cells["column_number"], value_set=pa.array(sorted(numbers), pa.int32())))
    is_number = pc.match_substring_regex(table["text"], rf"^\s*{_NUMBER}")
    return np.unique(np.asarray(table["row_number"].filter(is_number)))


def _texts(sheet: Sheet, rows: Collection[int], columns: Collection[int] | None = None) -> dict[int, dict[int, str]]:
    """Return the texts of some rows, and perhaps columns, with single blanks; without blank cells."""
    found: dict[int, dict[int, str]] = {row: {} for row in rows}
    if not found:
        return found
    table = sheet.cells
    table = table.filter(pc.is_in(table["row_number"], value_set=pa.array(sorted(found), pa.int32())))
    if columns is not None:
        table = table.filter(pc.is_in(table["column_number"], value_set=pa.array(columns, pa.int32())))
    for cell in table.to_pylist():
        if text := header(cell["text"]):
            found[cell["row_number"]][cell["column_number"]] = text
    return found
