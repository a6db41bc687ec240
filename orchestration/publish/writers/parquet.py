"""Parquet: rows in the order of the key, Zstandard, statistics for readers that skip row groups."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.tables import Table
from orchestration.warehouse import quoted


def write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write ``table`` (a relation of the connection's default schema) as Parquet."""
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    connection.execute(
        f"""
        copy (select {columns} from "{table.name}" order by {table.order_by})
        to {quoted(path)} (format parquet, compression zstd, row_group_size 122880)
        """
    )
