"""Opening the warehouse, and the lock that keeps it at one writer.

Belongs here: connections to the DuckDB file and the run lock. Does not belong here: what the tables mean (SQL) or what is
published (``publish``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from orchestration.errors import UserError

# Name of the Dagster resource that holds the run lock; every asset that writes requires it.
WRITER = "writer"

LOCK = "run.lock"


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file for the length of a ``with`` block.

    DuckDB allows one writing process or many readers a file, never both, so a connection is never kept.

    Raises:
        UserError: another process holds the file, or it is not a DuckDB file.
    """
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise UserError(
            str(error).splitlines()[0],
            place=str(path),
            remedy="close the program that has it open, or delete the file: it is made again",
        ) from error
    try:
        # Same figures on every machine: no session time zone in casts, sums of DECIMAL only.
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach another DuckDB file under a name, to read from."""
    connection.execute(f"attach {quoted(path)} as {name} (read_only)")


def quoted(path: Path) -> str:
    """Return a path as a text of SQL."""
    return literal(str(path))


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def run_lock(warehouse: Path) -> Iterator[None]:
    """Hold the right to write the warehouse and the snapshots; the operating system frees it when a process dies.

    Raises:
        UserError: another run is active.
    """
    warehouse.mkdir(parents=True, exist_ok=True)
    lock = FileLock(warehouse / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UserError(
            "another run is active",
            place=str(warehouse / LOCK),
            remedy="wait until it ends (is248 status shows it)",
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_running(warehouse: Path) -> bool:
    """Return whether a run is active."""
    if not warehouse.is_dir():
        return False
    lock = FileLock(warehouse / LOCK)
    try:
        with lock.acquire(blocking=False):
            return False
    except Timeout:
        return True


def replace_tables(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    tables: dict[str, pa.Schema],
    rows: dict[str, list[tuple[Any, ...]]],
) -> None:
    """Replace tables of a schema, each with the rows that are given for it; no rows make an empty table."""
    connection.execute(f"create schema if not exists {schema}")
    for name, columns in tables.items():
        values = zip(*rows[name], strict=True) if rows[name] else ([] for _ in columns)
        arrays = [pa.array(column, field.type) for column, field in zip(values, columns, strict=True)]
        connection.register("replacing", pa.table(arrays, schema=columns))
        connection.execute(f"create or replace table {schema}.{name} as select * from replacing")
        connection.unregister("replacing")


def dictionaries(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
    """Return the rows of a query, each as a dictionary by column."""
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
