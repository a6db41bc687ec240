"""Opening the warehouse, and the lock that keeps it at one writer.

Belongs here: connections to the DuckDB file and the run lock. Does not belong here: what the tables mean (SQL) or what is
published (``publish``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from orchestration.core.errors import UserError

LOCK = "run.lock"

# Oldest DuckDB that can read the warehouse: from this version on, joint compression of texts saves a third of the work of
# writing in every build of the models. A snapshot's file stays readable for older ones.
STORAGE = "v1.3.0"

# Share of the memory for DuckDB; its default is four fifths, which with Python and its libraries would be too much for the
# machine or its container. What does not fit is written to disk by DuckDB.
MEMORY_SHARE = 0.5
_OWN_SHARE = 0.8

# The name that DuckDB takes for a database in memory.
IN_MEMORY = Path(":memory:")


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file for the length of a ``with`` block.

    DuckDB allows one writing process or many readers a file, never both, so a connection is never kept.

    Raises:
        UserError: another process holds the file, or it is not a DuckDB file.
    """
    try:
        if not read_only and path != IN_MEMORY and not path.exists():
            _make(path)
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        if "lock" in str(error) and is_running(path.parent):
            raise UserError(
                "a run is active", place=str(path), remedy="wait until it ends, then repeat the command"
            ) from error
        raise UserError(
            str(error).splitlines()[0],
            place=str(path),
            remedy="close the program that has it open, or delete the file, which the next run makes again",
        ) from error
    try:
        # Same figures on every machine: no session time zone in casts, sums of DECIMAL only.
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{memory_limit()}'")
        # DuckDB draws a bar on standard output for anything that takes two seconds.
        connection.execute("set enable_progress_bar = false")
        yield connection
    finally:
        _close(connection)


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection, even if a statement on it was interrupted.

    DuckDB keeps an interrupted statement and the file until the next statement: a later connection in the same process would
    wait for ever and receive no signal.
    """
    with suppress(duckdb.Error):
        connection.interrupt()
        connection.rollback()
    connection.close()


@cache
def memory_limit() -> str:
    """Return the memory limit in DuckDB's notation: its share of the memory of the machine or the container."""
    with duckdb.connect() as connection:
        row = connection.execute("select value from duckdb_settings() where name = 'memory_limit'").fetchone()
    assert row is not None
    amount, unit = str(row[0]).split()
    return f"{float(amount) / _OWN_SHARE * MEMORY_SHARE:.1f} {unit}"


def _make(path: Path) -> None:
    """Make an empty DuckDB file atomically.

    DuckDB would reject a half-written file (process killed, disk full) as no database from then on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, log = (path.with_name(f"{path.name}.{ending}") for ending in ("new", "wal"))
    partial.unlink(missing_ok=True)
    duckdb.connect(str(partial), config={"storage_compatibility_version": STORAGE}).close()
    # The log of a deleted file would be taken for this one's.
    log.unlink(missing_ok=True)
    partial.replace(path)


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach another DuckDB file under a name, to read from."""
    connection.execute(f"attach {quoted(path)} as {name} (read_only)")


def sync(path: Path) -> None:
    """Make a file's bytes or a folder's entries durable before the next step relies on them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def quoted(path: Path) -> str:
    """Return a path as a text of SQL."""
    return literal(str(path))


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def run_lock(warehouse: Path, patience: float = 0) -> Iterator[None]:
    """Hold the right to write the warehouse and the snapshots; the operating system frees it when a process dies.

    Args:
        warehouse: folder of the warehouse.
        patience: how long to wait for another run, in seconds.

    Raises:
        UserError: another run is active.
    """
    make_restricted(warehouse)
    lock = FileLock(warehouse / LOCK)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise UserError(
            "another run is active",
            place=str(warehouse / LOCK),
            remedy="wait until it ends (./is248 status shows it)",
        ) from error
    try:
        yield
    finally:
        lock.release()


def make_restricted(folder: Path) -> None:
    """Make a folder that only the user of the service may look into, or close one that others may.

    Raises:
        UserError: it cannot be made or closed.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise UserError(
            f"cannot be created or restricted to its owner ({error.strerror})",
            place=str(folder),
            remedy="make the user that runs the system the owner of the folder",
        ) from error


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
