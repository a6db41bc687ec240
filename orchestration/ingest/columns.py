"""The columns of a delivered sheet: number of fields of records, and name of each column.

Belongs here: joined and numbered headers, positions, records and rows that do not belong under the header. Does not belong
here: opening files (``readers``), whether the form names each column (``strictness``), and what a column means.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.errors import UserError
from orchestration.forms.model import ColumnMap, Form, SheetSpec, header, numbered
from orchestration.ingest.capture import CapturedFile
from orchestration.ingest.readers import Sheet, lines_of
from orchestration.ingest.readers.files import shown

POSITION = re.compile(r"@[1-9][0-9]*")
"""Name of a column by its position, from 1."""
# Greatest number of lines that one message lists.
_LINES_SHOWN = 5
# A form cannot allow records without their empty last fields: a surplus delimiter inside one would fill the gap unseen.
_WITH_EMPTY_FIELDS = (
    "ask for empty last fields too if the export leaves them out (the workbook has them if it was made of one)"
)
# Number of rows in which a header is looked for.
_SEARCHED = 30
_LINE_END = re.compile(r"\r\n|\r|\n")


def texts_of(sheet: Sheet, row_numbers: Iterable[int]) -> dict[int, dict[int, str]]:
    """Return the texts of some rows, with single blanks, by row and column number."""
    rows: dict[int, dict[int, str]] = {number: {} for number in row_numbers}
    table = sheet.cells
    wanted = pc.is_in(table["row_number"], value_set=pa.array(sorted(rows), pa.int32()))
    for cell in table.filter(wanted).to_pylist():
        if text := header(cell["text"]):
            rows[cell["row_number"]][cell["column_number"]] = text
    return rows


def as_counted(sheet: Sheet, layout: SheetSpec) -> Sheet:
    """Return the sheet with its rows counted as the form does: Excel's line ``sep=;`` may count as a row or not.

    It is not a header, so a form that states row 1 as the header does not count it.
    """
    if not sheet.has_separator or layout.header_rows[0] > 1 or sheet.widths is None:
        return sheet
    numbers = pc.subtract(sheet.cells["row_number"], pa.scalar(1, pa.int32()))
    table = sheet.cells.set_column(0, "row_number", numbers)
    return replace(sheet, rows=sheet.rows - 1, cells=table, widths=sheet.widths[1:], has_separator=False, skipped=1)


def _lines(file: CapturedFile, sheet: Sheet, rows: list[int]) -> dict[int, int]:
    """Return the line in which each of these rows begins."""
    lines = lines_of(file.path, file.spec, [row + sheet.skipped for row in rows])
    return {row - sheet.skipped: line for row, line in lines.items()}


def mapped_names(form: Form, layout: str) -> dict[str, ColumnMap]:
    """Return the columns that the form's map has for a layout, by their names as they are compared."""
    return {header(column.column): column for column in form.columns if column.sheet == layout and column.use != "absent"}


# --- Where the header stands -----------------------------------------------------------------------------------------------


def last_parts(names: Iterable[str], layout: SheetSpec) -> set[str]:
    """Return the parts of these column names that come from the last header row."""
    return {re.sub(r"#[0-9]+$", "", name.rpartition(layout.header_join)[2]) for name in names if name}


def _scores(sheet: Sheet, layout: SheetSpec, known: Collection[str]) -> tuple[dict[int, int], dict[int, int]]:
    """Return, by possible shift of the header, the numbers of known names and of texts in its rows."""
    rows = texts_of(sheet, range(1, layout.header_rows[-1] + _SEARCHED))
    names: dict[int, int] = {}
    texts: dict[int, int] = {}
    for shift in range(1 - layout.header_rows[0], _SEARCHED):
        held = [text for number in layout.header_rows for text in rows[number + shift].values()]
        names[shift] = len(set(held) & set(known))
        texts[shift] = sum(1 for text in held if re.search(r"[^\W\d_]", text))
    return names, texts


def header_shift(sheet: Sheet, layout: SheetSpec, known: Collection[str]) -> int:
    """Return by how many rows a header has probably moved: to the row with most known names, or without them most texts.

    It has not moved if its old row has at least half as many.
    """
    for scores in _scores(sheet, layout, known):
        best = max(scores, key=lambda shift: (scores[shift], -abs(shift)))
        if scores[best] > 1:
            return 0 if 2 * scores[0] >= scores[best] else best
    return 0


def check_header_row(file: CapturedFile, sheet: Sheet, layout: SheetSpec, mapped: Collection[str]) -> None:
    """Refuse a sheet whose header is in another row than the form states, and name the text in the stated row.

    Raises:
        UserError: another row holds most of the mapped columns.
    """
    known = last_parts(mapped, layout)
    held = {text for row in texts_of(sheet, layout.header_rows).values() for text in row.values()}
    if 2 * len(held & known) >= len(known):
        return  # no other row can have twice as many
    names, _ = _scores(sheet, layout, known)
    shift = max(names, key=lambda shift: (names[shift], -abs(shift)))
    if names[shift] < 2 or 2 * names[shift] < len(known) or 2 * names[0] >= names[shift]:
        return
    stated = layout.header_rows[-1]
    holds = ", ".join(repr(shown(text)) for text in list(texts_of(sheet, {stated})[stated].values())[:3]) or "nothing"
    there = ", ".join(str(number + shift) for number in layout.header_rows)
    raise UserError(
        f"row {stated} holds {holds} and not the header, row {stated + shift} holds {names[shift]} of the {len(known)} "
        "mapped columns",
        place=f"{file.path}, sheet {sheet.name}",
        remedy=f"state header_rows: [{there}] and "
        + (
            f"first_row: {layout.first_row + shift}"
            if layout.first_row == stated + 1
            else "as first_row the first row of data"
        )
        + " in form.yml",
    )


# --- Names -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cover:
    """The upper header above a column: its text, and the column in which it begins."""

    text: str
    first: int


def join_headers(file: CapturedFile, sheet: Sheet, layout: SheetSpec, mapped: Collection[str] = ()) -> dict[int, str]:
    """Return the name of each column of a sheet.

    Args:
        file: the file of the sheet.
        sheet: the sheet.
        layout: the form's statement about it.
        mapped: names in the form's map; a column that it names by position gets that name.

    Returns:
        The joined header of each column; a repeated one is ``Header#2``. A column without its own header is named by its
        number within the upper header (``Upper|@2``), or in the sheet (``@5``), if it has cells or the map names it.

    Raises:
        UserError: there is no header.
    """
    rows = texts_of(sheet, layout.header_rows)
    *upper, last = layout.header_rows
    covers = [_covers(sheet, number, rows) for number in upper]
    filled = set(pc.unique(_filled(sheet, layout)["column_number"]).to_pylist())
    # Fields beyond the header of a csv file are no columns: their records are refused, or are not data.
    width = sheet.columns if sheet.widths is None else _header_width(sheet, layout)
    above = {column: [cover[column] for cover in covers if column in cover] for column in range(1, width + 1) if covers}
    join = layout.header_join.join
    inside = _own(
        {column: join([*_texts(over), f"@{column - over[-1].first + 1}"]) for column, over in above.items() if over}
    )
    names: dict[int, str] = {}
    for column in range(1, width + 1):
        parts = _texts(above.get(column, []))
        if column in rows[last]:
            names[column] = join([*parts, rows[last][column]])
        elif any(column in rows[number] for number in upper):
            if column in filled or join(parts) in mapped:
                names[column] = join(parts)
        elif column in inside and column in filled:
            names[column] = inside[column]
    if not names:
        raise UserError(
            f"row {last} of sheet {sheet.name!r} holds no header",
            place=str(file.path),
            remedy="correct header_rows in form.yml, or ask the collector for the whole file",
        )
    headers = _own(names)
    for column in range(1, width + 1):
        name = headers.get(column, "")
        if name not in mapped and inside.get(column) in mapped:
            headers[column] = inside[column]
        # A header that looks like a position is ignored: it would be taken for another column.
        if f"@{column}" in mapped or POSITION.fullmatch(name) or (not name and column in filled):
            headers[column] = f"@{column}"
    return dict(sorted(headers.items()))


def _own(names: dict[int, str]) -> dict[int, str]:
    """Return the names, with repeated ones numbered."""
    return dict(zip(names, numbered(names.values()), strict=True))


def _texts(covers: Iterable[_Cover]) -> list[str]:
    return [cover.text for cover in covers]


def _covers(sheet: Sheet, number: int, rows: dict[int, dict[int, str]]) -> dict[int, _Cover]:
    """Return the upper header above each column: over its merged cells, else up to the next header."""
    cover = {column: _Cover(text, column) for column, text in rows[number].items()}
    # A header that is merged down to the last row covers only its own columns.
    tall = {
        column
        for first_row, first_column, last_row, last_column in sheet.merged
        for column in range(first_column, last_column + 1)
        if first_row <= number < max(rows) <= last_row
    }
    merged = [area for area in sheet.merged if area[0] <= number <= area[2] and area[3] > area[1]]
    for first_row, first_column, _, last_column in merged:
        text = rows.get(first_row, {}).get(first_column, "")
        for column in range(first_column, last_column + 1) if text else ():
            cover.setdefault(column, _Cover(text, first_column))
    if not merged and cover:
        current = None
        for column in range(1, sheet.columns + 1):
            if column in tall:
                current = None
                continue
            current = cover.get(column, current)
            if current is not None:
                cover[column] = current
    return cover


def _filled(sheet: Sheet, layout: SheetSpec) -> pa.Table:
    """Return the cells of the rows of data that are not blank."""
    table = sheet.cells.filter(pc.greater_equal(sheet.cells["row_number"], layout.first_row))
    return table.filter(pc.not_equal(pc.utf8_trim_whitespace(table["text"]), ""))


# --- Records ---------------------------------------------------------------------------------------------------------------


def _header_width(sheet: Sheet, layout: SheetSpec) -> int:
    """Return the number of fields of the header of a csv file."""
    widths = [] if sheet.widths is None else sheet.widths.tolist()
    return max((widths[number - 1] for number in layout.header_rows if number <= len(widths)), default=0)


def check_records(file: CapturedFile, sheet: Sheet, layout: SheetSpec, headers: dict[int, str]) -> None:
    """Refuse a csv file with records that have more or fewer fields than the header: their values are under wrong headers.

    Blank records are ignored; a row that ``rows_not_data`` recognises by its first cell, such as a footnote or a sum, may
    have any number of fields.

    Raises:
        UserError: with the line and the number of fields; or most records differ, so that the header is wrong.
    """
    if sheet.widths is None:
        return
    filled = _filled(sheet, layout)
    rows = np.unique(np.asarray(filled["row_number"]))
    widths = sheet.widths[rows - 1]
    header_width = _header_width(sheet, layout)
    odd = rows[widths != header_width]
    allowed = _no_data(file, filled, odd, layout, headers)
    data = [(int(row), int(width)) for row, width in zip(rows, widths, strict=True) if row not in allowed]
    counts = Counter(width for _, width in data)
    usual = max(counts, key=lambda width: (counts[width], width == header_width), default=header_width)
    if usual != header_width:
        _check_usual_width(file, sheet, layout, filled, (header_width, usual))
    wrong = [(row, width) for row, width in data if width != usual]
    if wrong:
        lines = _lines(file, sheet, [row for row, _ in wrong[:_LINES_SHOWN]])
        row, width = wrong[0]
        others = [str(lines[other]) for other, _ in wrong[1:_LINES_SHOWN]]
        others += [f"{len(wrong) - _LINES_SHOWN} more"] if len(wrong) > _LINES_SHOWN else []
        remedy = "put a cell that holds a delimiter or a line break between quotes, or ask the collector for the file again"
        of_first = pc.filter(filled["column_number"], pc.equal(filled["row_number"], row))
        if pc.max(of_first).as_py() == width and all(other < usual for _, other in wrong):
            remedy = f"{_WITH_EMPTY_FIELDS}, {remedy}"
        if width < usual and len(of_first) == 1:
            remedy = f"name it under rows_not_data in form.yml if it is a footnote, {remedy}"
        raise UserError(
            f"has {width} field{'s' if width != 1 else ''}, and the header has {usual}"
            + (f" (so it is in lines {', '.join(others)})" if others else ""),
            place=f"{file.path}, line {lines[row]}" + (f" (row {row})" if lines[row] != row else ""),
            remedy=remedy,
        )
    _check_line_breaks(file, sheet, filled, usual)


def _no_data(file: CapturedFile, filled: pa.Table, rows: np.ndarray, layout: SheetSpec, headers: dict[int, str]) -> set[int]:
    """Return which of these rows ``rows_not_data`` recognises by their first cell, which cannot have shifted.

    A cell with line breaks and delimiters may have swallowed records, so no rule recognises it.
    """
    # Cells are in the order of rows and columns.
    numbers, places = np.unique(np.asarray(filled["row_number"]), return_index=True)
    first = filled.take(pa.array(places[np.isin(numbers, rows)])).to_pylist() if layout.rows_not_data else []
    return {
        cell["row_number"]
        for cell in first
        for rule in layout.rows_not_data
        if not (_LINE_END.search(cell["text"]) and (file.spec.delimiter or "") in cell["text"])
        if header(rule.column) == headers.get(cell["column_number"]) and re.fullmatch(rule.matches, header(cell["text"]))
    }


def _check_usual_width(
    file: CapturedFile, sheet: Sheet, layout: SheetSpec, filled: pa.Table, widths: tuple[int, int]
) -> None:
    """Refuse a file whose header and records differ in their number of fields, unless only empty fields are surplus."""
    header_width, usual = widths
    texts = texts_of(sheet, layout.header_rows)
    last_named = max((column for row in texts.values() for column in row), default=0)
    if last_named <= usual < header_width:
        return  # only the header ends with delimiters
    has_surplus = pc.any(pc.greater(filled["column_number"], header_width)).as_py()
    if usual > header_width and not has_surplus:
        if file.spec.surplus == "ignore":
            return
        remedy = "state surplus: ignore in form.yml if records only end with delimiters that the header lacks, "
    else:
        remedy = "correct header_rows in form.yml if the header stands elsewhere, "
        if usual < header_width:
            remedy = f"put a header that holds a delimiter between quotes, {_WITH_EMPTY_FIELDS}, {remedy}"
    raise UserError(
        f"has {header_width} field{'s' if header_width != 1 else ''} in its header (row {layout.header_rows[-1]}), and most "
        f"records have {usual}",
        place=str(file.path),
        remedy=remedy + "or ask the collector for the file with a header for each column",
    )


def _check_line_breaks(file: CapturedFile, sheet: Sheet, filled: pa.Table, width: int) -> None:
    """Refuse quoted cells that have swallowed the end of one record and the beginning of another.

    Two literal quotes, each a comment ``"``, make one record of two, with the right number of fields.
    """
    delimiter = file.spec.delimiter or ""
    broken = filled.filter(pc.match_substring_regex(filled["text"], "[\\r\\n]"))
    for cell in broken.to_pylist():
        before = cell["column_number"] - 1
        first, *middle, last = (line.count(delimiter) for line in _LINE_END.split(cell["text"]))
        if width > 2 and (first, last) == (width - 1 - before, before) and set(middle) <= {width - 1}:
            line = _lines(file, sheet, [cell["row_number"]])[cell["row_number"]]
            raise UserError(
                f"column {cell['column_number']} contains the end of one record and the beginning of "
                "another, as if two quotation marks were ordinary characters",
                place=f"{file.path}, line {line}",
                remedy="state quote: none in form.yml if quotes are ordinary characters of the file, or ask for it with "
                "quotes doubled",
            )


def repeated_headers(file: CapturedFile, sheet: Sheet, layout: SheetSpec, headers: dict[int, str]) -> list[int]:
    """Return the rows of data that repeat the header, as in concatenated files.

    Raises:
        UserError: a row is a different header: the rows below it belong to other columns.
    """
    rows = texts_of(sheet, layout.header_rows)
    # A number may well be the header of one column and an answer in another.
    header_texts = {text for row in rows.values() for text in row.values() if re.search(r"[^\W\d_]", text)}
    cells = sheet.cells
    in_header = cells.filter(pc.is_in(cells["row_number"], value_set=pa.array(layout.header_rows, pa.int32())))
    as_delivered = pa.array([text for text in in_header["text"].to_pylist() if header(text) in header_texts], pa.string())
    same = pc.and_(pc.greater_equal(cells["row_number"], layout.first_row), pc.is_in(cells["text"], value_set=as_delivered))
    counts = Counter(cells["row_number"].filter(same).to_pylist())
    suspects = [row for row, count in counts.items() if count >= 2]
    code_columns = {number for number, name in headers.items() if layout.unit and name in map(header, layout.unit.code)}
    repeated = []
    for row, texts in sorted(texts_of(sheet, suspects).items()):
        if any(texts == each for each in rows.values()):
            repeated.append(row)
        elif set(texts.values()) <= header_texts or any(
            number in code_columns and text in (each.get(number) for each in rows.values()) for number, text in texts.items()
        ):
            line = _lines(file, sheet, [row])[row] if sheet.widths is not None else None
            raise UserError(
                "is a second header: the rows below it belong to other columns",
                place=f"{file.path}, line {line}" if line else f"{file.path}, sheet {sheet.name}, row {row}",
                remedy="deliver the rows below it in a separate file",
            )
    return repeated
