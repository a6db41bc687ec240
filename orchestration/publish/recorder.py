"""A connection that notes which tables are read through it: what was made of them need not be made again of the same.

What a job reads is observed and not declared: DuckDB itself says which tables a statement reads, also through views and
macros. Belongs here: noting. Does not belong here: what is kept under it (``kept_files``).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import duckdb
import pyarrow as pa

_WORD = re.compile(r"\w+")
# Functions that read a table whose name is put together.
_READERS = frozenset({"query", "query_table"})

# A parameter, which DuckDB does not tell the tables of a statement with; in its place any value reads the same tables.
_PARAMETER = re.compile(r"\$\w+|\?")


class Recorder:
    """Stands for a connection to the candidate's file; what it has no method for, a job cannot do unobserved.

    ``reads`` has the tables that were read, or more where that is not known.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Collection[str], others: Collection[str] = ()) -> None:
        """Begin to note.

        Args:
            connection: what does the work.
            tables: the tables of the candidate's file.
            others: what else of it can be read by a name: views and macros.
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
        """Do a statement."""
        self.reads |= self._names(query if parameters is None else _PARAMETER.sub("null", query))
        self._connection.execute(query, parameters)
        return self

    def register(self, name: str, table: pa.Table) -> Recorder:
        """Lend a table to the connection."""
        self._lent.add(name)
        self._connection.register(name, table)
        return self

    def unregister(self, name: str) -> Recorder:
        """Take a lent table back."""
        self._connection.unregister(name)
        self._lent.discard(name)
        return self

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
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
        # A name that is neither the candidate's nor lent is one that nobody knows.
        if found and found <= self._tables | self._lent:
            return found & self._tables
        # DuckDB cannot tell it of every statement, such as one that joins by equal names: who reads a table names it.
        words = {word.lower() for word in _WORD.findall(query)}
        if words & self._others or not all(_WORD.fullmatch(name) for name in self._tables):
            return set(self._tables)
        return {name for name in self._tables if name.lower() in words}
