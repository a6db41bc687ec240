"""CSV: UTF-8, comma, dot decimals, header, rows in the order of the key; and the same as Excel in Norwegian opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration.core.tables import Column, Table
from orchestration.core.warehouse import quoted

# Spreadsheets run a cell with such a beginning as a formula; such a text gets a leading apostrophe.
FORMULA_START = r"^[=+\-@\t]"

# The ending of a file name for Excel, and the beginning of such a file: without it Excel does not recognise UTF-8.
FOR_EXCEL = "_excel"
_BOM = b"\xef\xbb\xbf"


def write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write ``table`` (a relation of the connection's default schema) as CSV. Empty cells are missing values."""
    _write(connection, table, path, ",", lambda column: f'"{column.name}"')


def write_for_excel(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write ``table`` so that Excel in Norwegian opens it by itself: semicolons, decimal commas, marked as UTF-8."""
    _write(connection, table, path, ";", _with_comma)
    path.write_bytes(_BOM + path.read_bytes())


def _with_comma(column: Column) -> str:
    return f"""replace(cast("{column.name}" as varchar), '.', ',')""" if column.type == "DOUBLE" else f'"{column.name}"'


def _write(
    connection: duckdb.DuckDBPyConnection, table: Table, path: Path, delimiter: str, number: Callable[[Column], str]
) -> None:
    columns = ", ".join(
        f"""case when regexp_matches("{column.name}", '{FORMULA_START}') then '''' || "{column.name}" """
        f"""else "{column.name}" end as "{column.name}" """
        if column.type == "VARCHAR"
        else f'{number(column)} as "{column.name}"'
        for column in table.columns
    )
    connection.execute(
        f"""
        copy (select {columns} from "{table.name}" order by {table.order_by})
        to {quoted(path)} (format csv, header true, delimiter '{delimiter}', quote '"', escape '"', nullstr '')
        """
    )
