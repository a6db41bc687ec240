"""Opens the database of a snapshot, and records the queries on it.

Belongs here: connections. Does not belong here: any query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple, cast

import duckdb


class Query(NamedTuple):
    """A query on a database, with its parameters."""

    database: Path
    sql: str
    parameters: tuple[Any, ...]


# Collects each query of an attack, where a caller asks for them.
QUERIES: ContextVar[list[Query] | None] = ContextVar("queries", default=None)


class _Observed:
    """A connection that records its queries."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, database: Path, queries: list[Query]) -> None:
        self._connection, self._database, self._queries = connection, database, queries

    def sql(self, query: str, *, params: Sequence[Any] = ()) -> duckdb.DuckDBPyRelation:
        self._queries.append(Query(self._database, query, tuple(params)))
        return self._connection.sql(query, params=params) if params else self._connection.sql(query)

    def execute(self, query: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        self._queries.append(Query(self._database, query, tuple(parameters)))
        return self._connection.execute(query, parameters)


@contextmanager
def opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database of a snapshot to read it; another reader in the same process may have it open otherwise.

    Everything that an attack reads from databases goes through this connection.
    """
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute("set enable_progress_bar = false")
        path = str(database).replace("'", "''")
        connection.execute(f"attach '{path}' as files (read_only)")
        connection.execute("use files")
        queries = QUERIES.get()
        # Only two methods may be called; any other is reported as missing.
        yield connection if queries is None else cast(duckdb.DuckDBPyConnection, _Observed(connection, database, queries))
