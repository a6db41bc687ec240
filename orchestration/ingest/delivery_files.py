"""The files of a delivery as sheets with the headers that their form gives them, and whether they are the expected ones.

Belongs here: turning captured files into sheets, with the checks of columns, records and content. Does not belong here:
opening files (``readers``), headers (``columns``), or the warehouse (``deliveries``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.errors import Problems, UserError
from orchestration.forms.model import Form, SheetSpec, code_text, header, sheet_name
from orchestration.forms.profiles import Profile
from orchestration.forms.renamed_columns import Delivered, Evidence
from orchestration.forms.same_values import same_values
from orchestration.ingest import marks, table_rows
from orchestration.ingest.capture import CapturedFile
from orchestration.ingest.code_books import book_of
from orchestration.ingest.columns import (
    as_counted,
    check_header_row,
    check_records,
    join_headers,
    mapped_names,
    repeated_headers,
    texts_of,
)
from orchestration.ingest.dates import Moment, read_date
from orchestration.ingest.declared_values import missing_cells
from orchestration.ingest.earlier_columns import ColumnsBefore, column_texts, no_version
from orchestration.ingest.readers import Sheet, read
from orchestration.ingest.readers.model import PLACE_SCHEMA
from orchestration.ingest.strictness import check_columns


@dataclass(frozen=True)
class ReadSheet:
    """A sheet with the layout that the form gives it and the header of each column number."""

    file: CapturedFile
    sheet: Sheet
    layout: SheetSpec
    headers: dict[int, str]
    year: int
    """The year of collection."""
    header_again: tuple[int, ...] = ()
    """Rows of data that repeat the header."""
    left_out: pa.Table = field(default_factory=marks.LEFT_OUT_SCHEMA.empty_table)
    """Cells that do not count because the form says so, with the reason."""
    remarks: tuple[marks.Remark, ...] = ()
    """Remarks on cells that were read or left out."""
    missing: pa.Table = field(default_factory=PLACE_SCHEMA.empty_table)
    """Places of the cells that the file declares missing."""

    @cached_property
    def submitted(self) -> dict[int, tuple[str, Moment | None]]:
        """The text and the date of submission of each row that has one."""
        submission = self.layout.submission
        return {
            row: (text, read_date(text, submission.formats, self.year))
            for row, text in self.column_texts(submission.submitted).items()
        }

    def column_texts(self, name: str | None) -> dict[int, str]:
        """Return the texts of a column of the form by row number, from the first row of data on, without blank cells."""
        columns = [number for number, each in self.headers.items() if name and each == header(name)]
        if not columns:
            return {}
        table = self.sheet.cells
        mask = pc.and_(
            pc.is_in(table["column_number"], value_set=pa.array(columns, pa.int32())),
            pc.greater_equal(table["row_number"], self.layout.first_row),
        )
        missing = {cell["row_number"] for cell in self.missing.to_pylist() if cell["column_number"] in columns}
        return {
            cell["row_number"]: cell["text"]
            for cell in table.filter(mask).to_pylist()
            if cell["text"].strip() and cell["row_number"] not in missing
        }


def _check_readable(form: Form, read_sheet: ReadSheet) -> None:
    """Refuse columns whose values have no text, such as lists, unless the form ignores them."""
    used = {
        header(column.column): column
        for column in form.columns
        if column.sheet == read_sheet.layout.name and column.use in {"answer", "identifier"}
    }
    for number, unreadable in read_sheet.sheet.unreadable.items():
        column = used.get(read_sheet.headers.get(number, ""))
        if column is not None:
            raise UserError(
                unreadable.what,
                place=f"{read_sheet.file.path}, column {read_sheet.headers[number]}",
                remedy=f"{unreadable.remedy}, or ignore it in data/forms/{form.form}/columns.csv, line {column.line}",
            )


def _layouts(form: Form, file: CapturedFile) -> list[SheetSpec]:
    return [sheet for sheet in form.sheets if sheet.file == file.spec.name]


def read_file(
    form: Form, file: CapturedFile, problems: Problems | None = None, before: ColumnsBefore = no_version
) -> list[ReadSheet]:
    """Read one file of a delivery: its sheets with their headers, strict both ways.

    Args:
        form: the form.
        file: the file.
        problems: collects the problems; without it the first one is raised. Where the reading goes on, unreadable sheets are
            left out.
        before: returns what columns held in earlier versions; called only where columns came under other headers.
    """
    problems = problems or Problems()
    layouts = _layouts(form, file)
    wanted = tuple(layout.sheet for layout in layouts if layout.sheet is not None)
    sheets = read(file.path, file.spec, wanted)
    result = []
    for layout in layouts:
        named = sheet_name(layout.sheet or "*")
        sheet = sheets[0] if named == "*" else next(sheet for sheet in sheets if sheet_name(sheet.name) == named)
        with problems.collect():
            read_sheet = _read_sheet(form, file, sheet, layout, problems, before)
            with problems.collect():
                _check_readable(form, read_sheet)
            with problems.collect():
                missing = missing_cells(form, file.spec, layout, sheet, read_sheet.headers, file.path)
                read_sheet = replace(read_sheet, missing=missing)
            result.append(read_sheet)
    return result


def _collect_evidence(
    file: CapturedFile,
    sheet: Sheet,
    layout: SheetSpec,
    headers: dict[int, str],
    before: ColumnsBefore,
    wanted: Collection[str],
    missing: Collection[str],
) -> Evidence:
    """Return wording and cells of columns that the form does not name, with the earlier cells of missing ones."""
    labels = {header(name): label for name, label in book_of(file.path.parent).labels.items()}
    labels |= {headers.get(number, ""): label for number, label in sheet.declared.column_labels.items()}
    texts = column_texts(sheet, headers, layout.first_row)
    rows = len({place for each in texts.values() for place in each})
    new = [
        Delivered(name, header(labels.get(name, "")), Profile(rows, Counter(texts[name].values())))
        for name in headers.values()
        if name in wanted
    ]
    return Evidence(new, same_values(texts, before(layout.name, missing), wanted, missing))


def _read_sheet(
    form: Form, file: CapturedFile, delivered: Sheet, layout: SheetSpec, problems: Problems, before: ColumnsBefore
) -> ReadSheet:
    """Read one sheet: its headers, strict both ways, and the effect of its marks and rows on the cells."""
    settled, left_out = marks.settle(file.spec, as_counted(delivered, layout))
    mapped = mapped_names(form, layout.name)
    check_header_row(file, settled, layout, mapped)
    headers = join_headers(file, settled, layout, mapped)
    ignored = {number for number, name in headers.items() if name in mapped and mapped[name].use == "ignored"}
    marked = {row for row in set(settled.marks["row_number"].to_pylist()) if row >= layout.first_row}
    counted = {*layout.header_rows, *marked} - table_rows.rows_of_no_data(layout, settled, headers, marked)
    remarks = marks.account(
        file.spec,
        file.path,
        settled,
        lambda row, column: row in counted and column in headers and column not in ignored,
    )
    sheet, filled = table_rows.fill_down(layout, settled, headers)
    if filled:
        remarks = (*remarks, marks.Remark("filled_down", len(filled), *filled[0]))
    with problems.collect():
        check_records(file, sheet, layout, headers)
    with problems.collect():
        place = f"{file.path}, sheet {sheet.name}"
        check_columns(form, layout.name, headers, place, partial(_collect_evidence, file, sheet, layout, headers, before))
    again: tuple[int, ...] = ()
    with problems.collect():
        again = tuple(repeated_headers(file, sheet, layout, headers))
    numbers = {number for number, name in headers.items() if name in mapped and mapped[name].type == "number"}
    is_any_code = form.units == "anonymous"
    with problems.collect():
        table_rows.refuse_second_table(file.path, layout, sheet, headers, numbers, again, is_any_code=is_any_code)
    return ReadSheet(file, sheet, layout, headers, form.collection_year, again, left_out, remarks)


def _check_content(form: Form, sheets: list[ReadSheet], problems: Problems) -> None:
    """Refuse a file with other contents than the form states (another year, another county)."""
    for check in form.checks:
        for read_sheet in sheets:
            if read_sheet.file.spec.name != check.file or read_sheet.layout.name != check.sheet:
                continue
            text = texts_of(read_sheet.sheet, {check.row})[check.row].get(check.column, "")
            if not re.fullmatch(check.matches, text):
                problems.report(
                    UserError(
                        f"row {check.row}, column {check.column} contains {text[:80]!r}, which does not match "
                        f"{check.matches!r}",
                        place=f"{read_sheet.file.path}, sheet {read_sheet.sheet.name}",
                        remedy="ask for the right file, or correct checks in form.yml if this is the right file",
                    )
                )


def _check_years(form: Form, sheets: list[ReadSheet], problems: Problems) -> None:
    """Refuse a delivery whose submissions are mostly of another year than the year of collection, or without a date."""
    for read_sheet in sheets:
        dates = {text: moment.local.year if moment else None for text, moment in read_sheet.submitted.values()}
        years = Counter(dates[text] for text, _ in read_sheet.submitted.values())
        if years and years[form.collection_year] * 2 <= years.total():
            year, count = years.most_common(1)[0]
            example = next(text for text, its_year in dates.items() if its_year == year)
            problems.report(
                UserError(
                    f"{count} of {years.total()} submissions are "
                    + (f"of {year}" if year else f"not dates in a known format, such as {example[:40]!r}")
                    + f", and the form is collected in {form.collection_year}",
                    place=f"{read_sheet.file.path}, column {read_sheet.layout.submission.submitted}",
                    remedy="ask for the file of this year, or correct collection_year in form.yml"
                    if year
                    else "state their format in form.yml, such as submission: {formats: ['%d.%m.%Y %H:%M']}",
                )
            )


def _check_statuses(sheets: list[ReadSheet], problems: Problems) -> None:
    """Refuse a sheet on which no submission has a status that the form calls completed."""
    for read_sheet in sheets:
        submission = read_sheet.layout.submission
        texts = Counter(map(code_text, read_sheet.column_texts(submission.status).values()))
        if texts and not any(status in texts for status in submission.completed):
            status, count = texts.most_common(1)[0]
            problems.report(
                UserError(
                    f"no submission is completed: the form says {', '.join(submission.completed)}, "
                    f"and {count} of {texts.total()} rows say {status!r}",
                    place=f"{read_sheet.file.path}, column {submission.status}",
                    remedy="correct submission.completed in form.yml, or ask for the right file",
                )
            )


def read_delivery(
    form: Form, files: list[CapturedFile], problems: Problems, before: ColumnsBefore = no_version
) -> list[ReadSheet]:
    """Read the files of a delivery, and check that they are those of the form; ``before`` as in :func:`read_file`."""
    sheets: list[ReadSheet] = []
    for file in files:
        with problems.collect():
            sheets += read_file(form, file, problems, before)
    _check_content(form, sheets, problems)
    _check_years(form, sheets, problems)
    _check_statuses(sheets, problems)
    return sheets
