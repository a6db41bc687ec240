"""CSV: UTF-8, comma, dot decimals, header, rows in the order of the key."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.core.tables import Table
from orchestration.core.warehouse import quoted

# Spreadsheets run a cell that begins so as a formula; such a text gets a leading apostrophe.
FORMULA_START = r"^[=+\-@\t]"


def write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write ``table`` (a relation of the connection's default schema) as CSV. Empty cells are missing values."""
    columns = ", ".join(
        f"""case when regexp_matches("{column.name}", '{FORMULA_START}') then '''' || "{column.name}" """
        f"""else "{column.name}" end as "{column.name}" """
        if column.type == "VARCHAR"
        else f'"{column.name}"'
        for column in table.columns
    )
    connection.execute(
        f"""
        copy (select {columns} from "{table.name}" order by {table.order_by})
        to {quoted(path)} (format csv, header true, delimiter ',', quote '"', escape '"', nullstr '')
        """
    )
