"""Which columns of its parents each column of a table is computed from, read from the SQL that dbt ran.

Belongs here: following a column through a query. Does not belong here: what Dagster makes of it (``defs.metadata``).

A column comes from every column that its expression mentions, through all subqueries and common table expressions down to
the tables. For a subquery inside an expression the conditions count too: a break, for example, is only the condition of an
``exists``. Conditions that only choose rows (joins, ``where``, ``group by``) do not count, and a constant or a count of rows
comes from no column.

SQLGlot parses the query and finds out which column belongs to which table. Its own ``lineage`` is not used: it leaves out
conditions of subqueries, and loses tables that are joined with a recursive one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sqlglot import MappingSchema, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from orchestration.core.content_hashes import code_hash, digest

DIALECT = "duckdb"

# A table as the warehouse knows it: schema and name.
Relation = tuple[str, str]


class Origin(NamedTuple):
    """A column of a table in the warehouse."""

    schema: str
    table: str
    column: str


class LineageError(Exception):
    """The origins of a query's columns cannot be determined."""


Origins = dict[str, frozenset[Origin]]

# The result of a table function has one entry, whatever the names of its columns.
_ANY = "*"


def describe_tables(database: str, tables: Mapping[Relation, Mapping[str, str]]) -> MappingSchema:
    """Return the tables of a database, with types by column, as queries are traced with."""
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for (schema, name), columns in tables.items():
        nested.setdefault(schema, {})[name] = dict(columns)
    return MappingSchema({database: nested}, dialect=DIALECT, normalize=False)


def trace(sql: str, tables: MappingSchema) -> Origins:
    """Return the columns of a query in order, each with the columns of tables that it comes from.

    Args:
        sql: the query, in the dialect of DuckDB.
        tables: every table that it reads, from ``describe_tables``.

    Raises:
        LineageError: the query cannot be parsed, or names a column that no table has.
    """
    try:
        query = qualify(
            parse_one(sql, dialect=DIALECT),
            dialect=DIALECT,
            schema=tables,
            quote_identifiers=False,
            identify=False,
        )
    except SqlglotError as error:
        raise LineageError(" ".join(str(error).split())) from error
    if query.find(exp.Pivot):
        raise LineageError("PIVOT and UNPIVOT are not followed")
    return _Query(query).origins()


class Traced:
    """Origins of queries that were traced before, in a file: they depend only on queries and columns."""

    def __init__(self, path: Path | None, columns: Mapping[Relation, Mapping[str, str]]) -> None:
        """Read the file, if there is one.

        Args:
            path: the file; if it is missing or unreadable, queries are traced again.
            columns: the columns of every table with their types.
        """
        self._path = path
        self._of = digest(code_hash(), json.dumps([[*relation, list(types.items())] for relation, types in columns.items()]))
        self._before: dict[str, dict[str, list[list[str]]]] = {}
        self._now: dict[str, dict[str, list[list[str]]]] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8")) if path is not None else {}
            if found.get("of") == self._of:
                self._before = found["origins"]
        except (OSError, ValueError, AttributeError, KeyError):
            pass

    def trace(self, sql: str, tables: MappingSchema) -> Origins:
        """Return what :func:`trace` does."""
        name = digest(sql)
        if name in self._before:
            self._now[name] = self._before[name]
            return {column: frozenset(Origin(*origin) for origin in found) for column, found in self._now[name].items()}
        origins = trace(sql, tables)
        self._now[name] = {column: [list(origin) for origin in sorted(found)] for column, found in origins.items()}
        return origins

    def keep(self) -> None:
        """Rewrite the file, with the queries that were requested since it was read."""
        if self._path is not None and self._now != self._before:
            partial = self._path.with_suffix(".partial")
            partial.write_text(json.dumps({"of": self._of, "origins": self._now}), encoding="utf-8")
            partial.replace(self._path)


class _Query:
    """A query whose columns are qualified, and what is known so far of the columns of its parts."""

    def __init__(self, query: exp.Expr) -> None:
        self._is_recursive = False
        for clause in query.find_all(exp.With):
            self._is_recursive |= bool(clause.recursive)
            # SQLGlot does not follow a recursive table; as a plain name it is looked up among the known tables.
            clause.set("recursive", False)
        # Every part comes after the parts that it reads.
        self._scopes = traverse_scope(query)
        self._scope_of = {id(scope.expression): scope for scope in self._scopes}
        self._named = {
            scope.expression.parent.alias: scope.expression
            for scope in self._scopes
            if isinstance(scope.expression.parent, exp.CTE)
        }
        self._known: dict[int, Origins] = {}

    def origins(self) -> Origins:
        """Return the origins of the whole query's columns."""
        while True:
            before = dict(self._known)
            for scope in self._scopes:
                self._known[id(scope.expression)] = self._of_part(scope.expression)
            # A table that reads itself is done when another pass adds nothing.
            if not self._is_recursive or self._known == before:
                return self._known[id(self._scopes[-1].expression)]

    def _of_part(self, part: exp.Expr) -> Origins:
        if isinstance(part, exp.Select):
            return {column.alias_or_name: self._of_expression(column) for column in part.selects}
        if isinstance(part, exp.SetOperation):
            left, right = (self._known[id(side.unnest())] for side in (part.left, part.right))
            if part.args.get("by_name"):
                return {name: left.get(name, frozenset()) | right.get(name, frozenset()) for name in {**left, **right}}
            return {name: first | second for (name, first), second in zip(left.items(), right.values(), strict=True)}
        if isinstance(part, exp.UDTF):
            return {_ANY: self._of_expression(part)}
        raise LineageError(f"{type(part).__name__} is not followed")

    def _of_expression(self, expression: exp.Expr) -> frozenset[Origin]:
        return frozenset(origin for column in expression.find_all(exp.Column) for origin in self._of_column(column))

    def _of_column(self, column: exp.Column) -> frozenset[Origin]:
        scope: Scope | None = self._scope_of.get(id(column.parent_select))
        # A subquery may name a column of the query that contains it.
        while scope is not None and column.table not in scope.selected_sources:
            scope = scope.parent
        if scope is None:
            raise LineageError(f"the origin of {column.sql(dialect=DIALECT)} is unknown")
        source = scope.selected_sources[column.table][1]
        if isinstance(source, Scope):
            part = source.expression
        elif source.db:
            return frozenset({Origin(source.db, source.name, column.name)})
        elif isinstance(source.this, exp.Func):
            return self._of_expression(source)
        elif source.name in self._named:
            part = self._named[source.name]
        else:
            raise LineageError(f"the table {source.name!r} is unknown")
        known = self._known.get(id(part))
        if known is None:  # a table that reads itself, in the first pass
            return frozenset()
        if _ANY in known:
            return known[_ANY]
        if column.name not in known:
            raise LineageError(f"{column.table} has no column {column.name!r}")
        return known[column.name]
