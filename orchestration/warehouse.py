"""Opening the warehouse, and the lock that keeps it at one writer.

Belongs here: connections to the DuckDB file and the run lock. Does not belong here: what the tables mean (SQL) or what is
published (``publish``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
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
