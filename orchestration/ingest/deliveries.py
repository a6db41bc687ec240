"""Reads a delivery by its form into raw cells: one row per cell, all years in one shape, nothing interpreted.

Belongs here: replacing one form's rows in the schema ``raw``, and whether its units came. Does not belong here: sheets with
their headers and checks (``delivery_files``), or what a cell means (dbt's staging models).
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.core.content_hashes import code_hash, digest, hash_of_rows
from orchestration.core.errors import Problems, UserError
from orchestration.forms.model import Form
from orchestration.ingest import marks
from orchestration.ingest.archive import archive
from orchestration.ingest.capture import CapturedFile, capture, is_left_behind
from orchestration.ingest.delivery_files import ReadSheet, read_delivery
from orchestration.ingest.earlier_columns import columns_before

TABLES = {
    "cells": "form varchar, file varchar, sheet varchar, layout varchar, row_number integer, column_number integer, "
    "text varchar, kind varchar, left_out varchar",
    "missing_cells": "form varchar, file varchar, sheet varchar, layout varchar, row_number integer, column_number integer",
    "columns": "form varchar, file varchar, sheet varchar, layout varchar, column_number integer, header varchar",
    "sheets": "form varchar, file varchar, sheet varchar, layout varchar, first_row integer, row_count integer, "
    "column_count integer, cell_count bigint",
    "files": "form varchar, file varchar, sha256 varchar, size bigint, reader varchar",
    "marks": "form varchar, file varchar, sheet varchar, layout varchar, mark varchar, cell_count bigint, "
    "first_row integer, first_column integer",
    "submitted": "form varchar, file varchar, sheet varchar, layout varchar, row_number integer, submitted_at timestamp, "
    "instant timestamp",
    "repeated_headers": "form varchar, file varchar, sheet varchar, layout varchar, row_number integer",
    "deliveries": "form varchar, fingerprint varchar, content varchar, unit_count integer",
}


def prepare_tables(connection: duckdb.DuckDBPyConnection, forms: list[Form]) -> None:
    """Create the schema ``raw`` and its tables if missing; delete what was read by forms that no longer exist.

    If the tables have other columns, the warehouse is of another release: all is deleted, and read again from the
    deliveries.
    """
    connection.execute("create schema if not exists raw")
    connection.execute("begin")
    present: dict[str, list[str]] = {}
    for name, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'raw' order by table_name, column_index"
    ).fetchall():
        present.setdefault(name, []).append(column)
    expected = {name: [column.split()[0] for column in columns.split(", ")] for name, columns in TABLES.items()}
    if any(present[name] != columns for name, columns in expected.items() if name in present):
        for name in present:
            connection.execute(f'drop table raw."{name}"')
    for name, columns in TABLES.items():
        connection.execute(f"create table if not exists raw.{name} ({columns})")
        connection.execute(
            f"delete from raw.{name} where form not in (select unnest(?::varchar[]))", [[form.form for form in forms]]
        )
    connection.execute("commit")


def fingerprint(form: Form, files: list[CapturedFile]) -> str:
    """Hash of all inputs that decide the raw cells: the bytes, the reader options, the layout and the mapped columns."""
    parts = [form.model_dump_json(include={"files", "sheets", "checks", "collection_year"})]
    # For optional columns it matters which of them are the same question.
    parts += sorted(
        {
            f"{column.sheet}|{column.column}|{column.use}|{column.meaning if column.optional else ''}"
            for column in form.columns
        }
    )
    if any(spec.reader in {"sav", "parquet"} for spec in form.files):
        # The declarations of such a file are judged by the meaning of its columns.
        parts.append(form.model_dump_json(include={"columns", "options", "numbers", "ticks"}))
    parts += [f"{file.name}={file.sha256}" for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _stacked(form: Form, parts: list[tuple[ReadSheet, pa.Table]]) -> pa.Table:
    """Put the sheets' rows below each other, each with form, file, sheet and layout before it."""
    tables = []
    for read_sheet, table in parts:
        names = (form.form, read_sheet.file.name, read_sheet.sheet.name, read_sheet.layout.name)
        keys = [pa.repeat(pa.scalar(name, pa.string()), table.num_rows) for name in names]
        tables.append(pa.table([*keys, *table.columns], names=["form", "file", "sheet", "layout", *table.column_names]))
    return pa.concat_tables(tables)


def _replace(connection: duckdb.DuckDBPyConnection, form: Form, sheets: list[ReadSheet], files: list[CapturedFile]) -> None:
    """Replace the form's rows in raw."""
    for table in TABLES:
        connection.execute(f"delete from raw.{table} where form = ?", [form.form])
    if not sheets:
        return
    rows = {
        "files": pa.table(
            {
                "form": [form.form for _ in files],
                "file": [file.name for file in files],
                "sha256": [file.sha256 for file in files],
                "size": [file.size for file in files],
                "reader": [file.spec.reader for file in files],
            }
        ),
        "sheets": _stacked(
            form,
            [
                (
                    read_sheet,
                    pa.table(
                        {
                            "first_row": [read_sheet.layout.first_row],
                            "row_count": [read_sheet.sheet.rows],
                            "column_count": [read_sheet.sheet.columns],
                            "cell_count": [read_sheet.sheet.cells.num_rows + read_sheet.left_out.num_rows],
                        }
                    ),
                )
                for read_sheet in sheets
            ],
        ),
        "columns": _stacked(
            form,
            [
                (
                    read_sheet,
                    pa.table({"column_number": list(read_sheet.headers), "header": list(read_sheet.headers.values())}),
                )
                for read_sheet in sheets
            ],
        ),
        "submitted": _stacked(
            form,
            [
                (
                    read_sheet,
                    pa.table(
                        {
                            "row_number": pa.array(list(read_sheet.submitted), pa.int32()),
                            **{
                                name: pa.array(
                                    [moment and getattr(moment, part) for _, moment in read_sheet.submitted.values()],
                                    pa.timestamp("us"),
                                )
                                for name, part in (("submitted_at", "local"), ("instant", "instant"))
                            },
                        }
                    ),
                )
                for read_sheet in sheets
            ],
        ),
        "repeated_headers": _stacked(
            form,
            [(read_sheet, pa.table({"row_number": pa.array(read_sheet.header_again, pa.int32())})) for read_sheet in sheets],
        ),
        "marks": _stacked(form, [(read_sheet, _marks_table(read_sheet.remarks)) for read_sheet in sheets]),
        "cells": _stacked(form, [(read_sheet, _all_cells(read_sheet)) for read_sheet in sheets]),
        "missing_cells": _stacked(form, [(read_sheet, read_sheet.missing) for read_sheet in sheets]),
    }
    for name, table in rows.items():
        connection.register("delivered", table)
        connection.execute(f"insert into raw.{name} select * from delivered")
        connection.unregister("delivered")


def _all_cells(read_sheet: ReadSheet) -> pa.Table:
    """Return the cells that count, followed by those that are left out."""
    counting = read_sheet.sheet.cells
    return pa.concat_tables(
        [counting.append_column("left_out", pa.nulls(counting.num_rows, pa.string())), read_sheet.left_out]
    )


def _marks_table(remarks: tuple[marks.Remark, ...]) -> pa.Table:
    columns = {
        name: [getattr(each, name) for each in remarks] for name in ("mark", "cell_count", "first_row", "first_column")
    }
    schema = [("mark", pa.string()), ("cell_count", pa.int64()), ("first_row", pa.int32()), ("first_column", pa.int32())]
    return pa.table(columns, pa.schema(schema))


# Units of a delivery, as its code texts: districts and agencies by their own code; names where there are no codes. Rows that
# are not data do not count.
UNITS = """
    with unit_columns as (
        select columns.file, columns.sheet, columns.column_number, sheets.first_row,
            identifiers.role = 'part_code' as is_part,
            identifiers.role = 'name' or forms.units = 'anonymous' as is_whole_text,
            case when identifiers.role = 'code' then layouts.code_pattern end as code_pattern,
            max(identifiers.priority) as priority
        from raw.columns
        inner join raw.sheets using (form, file, sheet, layout)
        inner join forms.forms using (form)
        inner join forms.identifiers
            on identifiers.form = columns.form and identifiers.layout = columns.layout
            and identifiers.header = columns.header
        inner join forms.layouts on layouts.form = columns.form and layouts.layout = columns.layout
        where columns.form = ? and (
            identifiers.role in ('code', 'part_code')
            or identifiers.role = 'name' and not exists (
                select 1 from forms.identifiers as others
                where others.form = columns.form and others.layout = columns.layout and others.role = 'code'
            )
        )
        group by all
    ),
    codes as (
        select cells.file, cells.sheet, cells.row_number, is_part, priority,
            nullif(case
                when is_whole_text then lower(trim(text))
                when code_pattern is not null then regexp_extract(trim(text), code_pattern, 1)
                else regexp_extract(trim(text), '^[0-9]+')
            end, '') as code
        from raw.cells inner join unit_columns using (file, sheet, column_number)
        where cells.form = ? and cells.row_number >= first_row and cells.left_out is null
    ),
    rule_columns as (
        select columns.file, columns.sheet, columns.column_number, row_rules.pattern
        from raw.columns
        inner join forms.row_rules
            on row_rules.form = columns.form and row_rules.layout = columns.layout and row_rules.header = columns.header
        where columns.form = ?
    ),
    no_data as (
        select distinct cells.file, cells.sheet, cells.row_number
        from raw.cells inner join rule_columns using (file, sheet, column_number)
        where cells.form = ? and cells.left_out is null and regexp_full_match(trim(text), pattern)
    )
    select count(distinct code) from (
        select arg_max(code, case when is_part then 1000 else -priority end) as code
        from codes anti join no_data using (file, sheet, row_number)
        where code is not null
        group by file, sheet, row_number
    )
"""


def _check_units(
    connection: duckdb.DuckDBPyConnection, form: Form, forms: list[Form], municipalities: dict[int, int], folder: Path
) -> int:
    """Refuse a delivery without units or with many fewer than the round before, mergers of municipalities allowed for.

    Returns:
        The number of units.
    """
    counted = connection.execute(UNITS, [form.form] * 4).fetchone()
    units = int(counted[0]) if counted else 0
    if units == 0:
        raise UserError(
            "contains no units",
            place=str(folder),
            remedy="correct unit in form.yml (code_pattern finds codes inside texts; name without code looks names up), "
            "and rows_not_data",
        )
    known = dict(connection.execute("select form, unit_count from raw.deliveries").fetchall())
    earlier = [
        other
        for other in forms
        if other.survey == form.survey and other.time_period < form.time_period and other.form in known
    ]
    if earlier:
        before = earlier[-1]
        years = (before.time_period, form.time_period)
        # Half as many municipalities may mean half as many units.
        growth = municipalities[years[1]] / municipalities[years[0]] if set(years) <= set(municipalities) else 1.0
        expected = known[before.form] * growth
        if units < expected * (1 - form.max_shrink):
            raise UserError(
                f"contains {units} units, but {before.form} contained {known[before.form]}",
                place=str(folder),
                remedy="ask the collector for the whole delivery, or write max_shrink: "
                f"{math.ceil(100 * (1 - units / expected)) / 100:g} in form.yml, with the reason in a comment",
            )
    return units


def _note(
    connection: duckdb.DuckDBPyConnection,
    form: Form,
    forms: list[Form],
    municipalities: dict[int, int],
    folder: Path,
    files: list[CapturedFile],
) -> None:
    """Record a delivery that was read, with its version and number of units; refuse it if its units are missing."""
    units = _check_units(connection, form, forms, municipalities, folder)
    connection.execute(
        "insert into raw.deliveries values (?, ?, ?, ?)",
        [form.form, fingerprint(form, files), _content(connection, form), units],
    )


def _content(connection: duckdb.DuckDBPyConnection, form: Form) -> str:
    """Return a hash of the form's rows in raw, and of the program that reads them."""
    hashes = [
        f"select '{table}', ({hash_of_rows(f'raw.{table} as as_a_row where form = $form', 'as_a_row')})"
        for table in TABLES
        if table != "deliveries"
    ]
    rows = connection.execute(" union all ".join(hashes), {"form": form.form}).fetchall()
    return digest(code_hash(), *(f"{table} {content}" for table, content in sorted(rows)))


def _is_as_read(connection: duckdb.DuckDBPyConnection, form: Form) -> bool:
    """Return whether the form's rows in raw are those that this very program read."""
    known = connection.execute("select content from raw.deliveries where form = ?", [form.form]).fetchone()
    return known is not None and known[0] == _content(connection, form)


def is_changed(connection: duckdb.DuckDBPyConnection, form: Form, deliveries: Path) -> bool:
    """Return whether the form's delivery differs from what was read last, whatever program read it."""
    known = connection.execute("select fingerprint from raw.deliveries where form = ?", [form.form]).fetchone()
    folder = deliveries / form.delivery
    if not folder.is_dir():
        return known is not None
    return known is None or known[0] != fingerprint(form, capture(folder, form))


def ingest(
    connection: duckdb.DuckDBPyConnection,
    form: Form,
    *,
    forms: list[Form],
    deliveries: Path,
    archive_folder: Path,
    municipalities: dict[int, int],
    again: bool = False,
) -> str:
    """Read one form's delivery into ``raw``, replacing what an earlier run read of it.

    Args:
        connection: the warehouse, writable; its tables were made by :func:`prepare_tables`, the registry is loaded.
        form: the form.
        forms: all forms, for the round before.
        deliveries: folder of the deliveries.
        archive_folder: folder of the unchanged copies.
        municipalities: number of municipalities in each year.
        again: read it even if nothing has changed.

    Returns:
        ``read``, ``unchanged``, or ``not delivered`` (there is no folder for it). A delivery is read again if the warehouse
        no longer has the rows that were read, or another version of the program read them.

    Raises:
        UserError: the delivery is refused; no delivery in the warehouse was changed.
    """
    folder = deliveries / form.delivery
    if not folder.is_dir():
        connection.execute("begin")
        _replace(connection, form, [], [])
        connection.execute("commit")
        return "not delivered"
    files = capture(folder, form)
    archive(folder, files, archive_folder)
    if not again and not is_changed(connection, form, deliveries) and _is_as_read(connection, form):
        return "unchanged"
    sheets = read_delivery(form, files, Problems(), columns_before(form, files, archive_folder))
    connection.execute("begin")
    try:
        _replace(connection, form, sheets, files)
        _note(connection, form, forms, municipalities, folder, files)
        connection.execute("commit")
    except (duckdb.Error, UserError):
        connection.execute("rollback")
        raise
    return "read"


def read_what_is_readable(
    connection: duckdb.DuckDBPyConnection,
    form: Form,
    *,
    forms: list[Form],
    deliveries: Path,
    archive_folder: Path,
    municipalities: dict[int, int],
    problems: Problems,
) -> bool:
    """Read as much of one form's delivery into ``raw`` as possible, and report what is wrong with it.

    Args:
        connection: a warehouse from which nothing is published; its tables were made by :func:`prepare_tables`.
        form: the form, which need not be finished.
        forms: all forms of the warehouse.
        deliveries: folder of the deliveries.
        archive_folder: folder of the unchanged copies; nothing is added to it.
        municipalities: number of municipalities in each year.
        problems: collects everything for which an ingestion would be refused.

    Returns:
        Whether there was something to read.
    """
    folder = deliveries / form.delivery
    if not folder.is_dir():
        return False
    files = capture(folder, form, problems)
    sheets = read_delivery(form, files, problems, columns_before(form, files, archive_folder))
    _replace(connection, form, sheets, files)
    if not sheets:
        # The reason has been reported.
        return False
    with problems.collect():
        _note(connection, form, forms, municipalities, folder, files)
    return True


def undescribed(forms: list[Form], deliveries: Path) -> list[Path]:
    """Return the delivery folders that no form describes.

    Raises:
        UserError: there are forms and no folder of deliveries.
    """
    described = {form.delivery for form in forms}
    if forms and not deliveries.is_dir():
        raise UserError("the folder does not exist", place=str(deliveries), remedy="restore it, or correct IS248_DATA_DIR")
    folders = sorted(deliveries.iterdir()) if deliveries.is_dir() else []
    return [
        path
        for path in folders
        if path.is_dir() and not path.name.startswith(".") and not is_left_behind(path.name) and path.name not in described
    ]


def check_folders(forms: list[Form], deliveries: Path) -> None:
    """Refuse a delivery folder that no form describes: it would be left out unnoticed.

    Raises:
        UserError: there is such a folder, or there are forms and no folder of deliveries.
    """
    for path in undescribed(forms, deliveries):
        raise UserError(
            "no form describes this delivery",
            place=str(path),
            remedy=f"write data/forms/<form> with delivery: {path.name!r} (./is248 new-year drafts it)",
        )


def read_by(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of the forms by which a delivery was read into the warehouse."""
    row = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'raw' and table_name = 'deliveries'"
    ).fetchone()
    if row == (0,):
        return set()
    return {name for (name,) in connection.execute("select form from raw.deliveries").fetchall()}
