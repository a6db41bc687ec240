"""A connection that records which tables are read through it, so that files made from unchanged tables can be taken over.

What a job reads is observed, not declared: DuckDB itself reports which tables a statement reads, also through views and
macros. Belongs here: recording. Does not belong here: what is kept under it (``kept_files``).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import duckdb
import pyarrow as pa

_WORD = re.compile(r"\w+")
# Functions that read a table whose name is computed.
_READERS = frozenset({"query", "query_table"})

# A parameter, with which DuckDB does not report the tables of a statement; any value in its place reads the same tables.
_PARAMETER = re.compile(r"\$\w+|\?")


class Recorder:
    """A proxy for a connection to the candidate's file; a job cannot do anything for which it has no method.

    ``reads`` has the tables that were read, or more where that is not known.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Collection[str], others: Collection[str] = ()) -> None:
        """Begin to record.

        Args:
            connection: what does the work.
            tables: the tables of the candidate's file.
            others: what else can be read by name: views and macros.
        """
        self._connection = connection
        self._tables = frozenset(tables)
        self._others = frozenset(name.lower() for name in others) | _READERS
        self._lent: set[str] = set()
        self.reads: set[str] = set()

    @property
    def description(self) -> Any:
        """Names and types of the columns of the last result."""
        return self._connection.description

    def execute(self, query: str, parameters: Any = None) -> Recorder:
        """Execute a statement."""
        self.reads |= self._names(query if parameters is None else _PARAMETER.sub("null", query))
        self._connection.execute(query, parameters)
        return self

    def register(self, name: str, table: pa.Table) -> Recorder:
        """Register a table with the connection."""
        self._lent.add(name)
        self._connection.register(name, table)
        return self

    def unregister(self, name: str) -> Recorder:
        """Unregister a table."""
        self._connection.unregister(name)
        self._lent.discard(name)
        return self

    def fetchall(self) -> list[Any]:
        """Return the remaining rows."""
        return self._connection.fetchall()

    def fetchmany(self, size: int = 1) -> list[Any]:
        """Return the next rows."""
        return self._connection.fetchmany(size)

    def to_arrow_table(self) -> pa.Table:
        """Return the rows as a table."""
        return self._connection.to_arrow_table()

    def _names(self, query: str) -> set[str]:
        """Return the tables of the candidate that a statement reads, or more."""
        try:
            found = self._connection.get_table_names(query)
        except duckdb.Error:
            found = set()
        # A name that is neither the candidate's nor registered is unknown.
        if found and found <= self._tables | self._lent:
            return found & self._tables
        # DuckDB cannot report it for every statement, such as a join by equal names; but a statement names every table that
        # it reads.
        words = {word.lower() for word in _WORD.findall(query)}
        if words & self._others or not all(_WORD.fullmatch(name) for name in self._tables):
            return set(self._tables)
        return {name for name in self._tables if name.lower() in words}
