"""What the SQL of a rule reads, as a hash: tables of the candidate and the warehouse, and files of the candidate.

A table counts as read if its name occurs anywhere in the SQL, in that of a view or macro that is named there, or in a text.
That may be more than what is read, but never less: only functions that look at the catalog or at files read anything without
its name, and those are known. SQL that depends on more than data (the day, chance) has no hash.

Belongs here: the hash of what SQL reads. Does not belong here: what is remembered under it (``kept_results``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from threading import RLock
from typing import Any

import duckdb

from orchestration.core.content_hashes import code_hash, content_of, digest, file_hash
from orchestration.core.warehouse import IN_MEMORY, attach, connect
from orchestration.gate.rules import FOLDER
from orchestration.gate.suites import Source
from orchestration.publish.snapshot_files import DATABASE, GATE_FILES

# The packages that determine a result.
_JUDGES = ("duckdb", "great-expectations", "highspy", "numpy", "pandas")

_WORD = re.compile(r"\w+")
# A path of the candidate as a query writes it; anything but the whole path of one file means all files.
_FILE = re.compile(rf"\{{{FOLDER}\}}/?([\w./-]*)('(?!\s*\|\|)|.|$)")
# DuckDB reads a file whose name is written in place of a table's.
_FILE_AS_TABLE = re.compile(
    r"""['"][^'"]*\.(csv|tsv|txt|parquet|jsonl?|ndjson|xlsx|db|duckdb|arrow)(\.(gz|zst))?['"]""", re.IGNORECASE
)

# Table functions that read only their arguments, no catalog.
_OF_ARGUMENTS = {"unnest", "range", "generate_series", "json_each", "json_tree", "repeat", "repeat_row"}
# ... and those that read files, by the beginning of their names.
_OF_FILES = ("read_", "parquet_", "sniff_", "glob")
# Names in SQL that look at the catalog, besides functions.
_CATALOG = {"information_schema", "pg_catalog", "sqlite_master", "pragma", "describe", "summarize", "show"}
# Depends on its arguments only, and merely ends the query.
_RAISES = {"error"}
# Names that depend on the session, besides functions that DuckDB reports as not consistent.
_SESSION = {"getvariable", "current_setting", "getenv", "current_timestamp", "current_time", "localtime", "localtimestamp"}


def versions() -> str:
    """Return a hash of the program and the installed packages that judge."""
    return digest(code_hash(), *(f"{name} {version(name)}" for name in _JUDGES))


class Reads:
    """Hashes what SQL reads, each table and file once; used by several threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sources: Iterable[Source], folder: Path) -> None:
        """Take a connection with the databases attached under the names of their sources, and the candidate's folder."""
        self.connection = connection
        self._folder = folder
        self._lock = RLock()
        self._tables: dict[tuple[str, str, str], str] = {}
        self._files: dict[str, str] = {}
        self._relations: dict[str, dict[str, list[str]]] = {}
        self._spelt: dict[str, dict[str, list[str]]] = {}
        for source in sources:
            tables = connection.execute(
                "select lower(table_name), schema_name, table_name from duckdb_tables() where database_name = ?", [source]
            ).fetchall()
            self._relations[source] = {}
            for name, schema, table in tables:
                self._relations[source].setdefault(name, []).append(f'"{schema}"."{table}"')
            self._spelt[source] = {}
            for name, text in connection.execute(
                "select lower(view_name), sql from duckdb_views() where database_name = $1 and not internal union all "
                "select lower(function_name), macro_definition from duckdb_functions() "
                "where database_name = $1 and not internal",
                [source],
            ).fetchall():
                self._spelt[source].setdefault(name, []).append(text or "")

    @cached_property
    def _functions(self) -> tuple[set[str], set[str]]:
        """Return the names of functions whose result depends on more than their arguments, and of table functions."""
        rows = self.connection.execute(
            "select lower(function_name), function_type, stability from duckdb_functions() where internal"
        ).fetchall()
        return (
            ({name for name, _, stability in rows if stability not in (None, "CONSISTENT")} | _SESSION) - _RAISES,
            {name for name, kind, _ in rows if kind in ("table", "table_macro", "pragma")} - _OF_ARGUMENTS,
        )

    def names(self, source: Source, *texts: str) -> set[str]:
        """Return all words of SQL, including those of the views and macros that it names."""
        found: set[str] = set()
        left = {word for text in texts for word in _WORD.findall(text.lower())}
        while left:
            found |= left
            spelt = [text for word in left for text in self._spelt[source].get(word, ())]
            left = {word for text in spelt for word in _WORD.findall(text.lower())} - found
        return found

    def tables(self, source: Source, names: set[str]) -> list[str]:
        """Return the tables among words, as SQL after the name of the source."""
        return sorted(table for name in names & self._relations[source].keys() for table in self._relations[source][name])

    def is_of_catalog(self, names: set[str]) -> bool:
        """Return whether any of the words look at the catalog."""
        with self._lock:
            of_tables = names & self._functions[1]
        return bool(names & _CATALOG) or any(not name.startswith(_OF_FILES) for name in of_tables)

    def of(self, source: Source, *texts: str) -> str | None:
        """Return a hash of everything that SQL on a source reads; None where its result depends on more.

        SQL that names the warehouse reads it besides the candidate.
        """
        with self._lock:
            sources: list[Source] = [source]
            if source != "warehouse" and "warehouse" in self.names(source, *texts):
                sources.append("warehouse")
            parts: list[str] = []
            whole = " ".join(texts)
            for each in sources:
                if each not in self._relations:
                    return None
                names = self.names(each, *texts)
                volatile, of_tables = self._functions
                if names & volatile:
                    return None
                reads_files = any(name.startswith(_OF_FILES) for name in names & of_tables) or _FILE_AS_TABLE.search(whole)
                if reads_files and f"{{{FOLDER}}}" not in whole:
                    return None
                is_of_all = self.is_of_catalog(names)
                parts += [each, self.schema_of(each) if is_of_all else ""]
                tables = self.tables(each, set(self._relations[each]) if is_of_all else names)
                parts += [f"{table} {self._table(each, table)}" for table in tables]
                parts += [text for name in sorted(names) for text in self._spelt[each].get(name, ())]
            parts += list(self._named_files(whole))
            return digest(*parts)

    def of_tables(self, source: Source, tables: Iterable[str]) -> str:
        """Return a hash of tables."""
        with self._lock:
            return digest(*(f"{table} {self._table(source, table)}" for table in tables))

    def of_query(self, source: Source, query: str) -> str:
        """Return a hash of the rows that a query gives."""
        with self._lock:
            self.connection.execute(f"use {source}")
            return content_of(self.connection, f"({query})")

    def schema_of(self, source: Source) -> str:
        """Return a hash of a source's tables, columns and views in the catalog."""
        with self._lock:
            rows = self.connection.execute(
                "select schema_name, table_name, column_name, data_type, is_nullable from duckdb_columns() "
                "where database_name = ? order by all",
                [source],
            ).fetchall()
        return digest(*map(str, rows), *(f"{name} {text}" for name, text in sorted(self._spelt[source].items())))

    def files(self) -> str:
        """Return a hash of the candidate's files, except its database and the verdict."""
        with self._lock:
            return digest(*(f"{name} {self._file(name)}" for name in self._all_files()))

    def _all_files(self) -> list[str]:
        names = sorted(path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*") if path.is_file())
        return [name for name in names if not name.startswith((DATABASE, *GATE_FILES))]

    def _named_files(self, text: str) -> Iterator[str]:
        if f"{{{FOLDER}}}" not in text:
            return
        places = _FILE.findall(text)
        is_each = len(places) == text.count(f"{{{FOLDER}}}") and all(
            PurePosixPath(name).suffix and ".." not in name and end == "'" for name, end in places
        )
        if not is_each:
            yield self.files()
            return
        for name in sorted({name for name, _ in places}):
            yield f"{name} {self._file(name)}"

    def _file(self, name: str) -> str:
        if name not in self._files:
            path = self._folder / name
            self._files[name] = file_hash(path) if path.is_file() else "missing"
        return self._files[name]

    def _table(self, source: str, table: str) -> str:
        schema, _, name = table.partition(".")
        key = (source, schema, name)
        if key not in self._tables:
            self._tables[key] = content_of(self.connection, f"{source}.{table}")
        return self._tables[key]


@contextmanager
def reading(databases: dict[Source, Path], folder: Path) -> Iterator[Reads]:
    """Yield the hashes of databases and of the files in a candidate's folder, which are released afterwards."""
    with connect(IN_MEMORY) as connection:
        for source, path in databases.items():
            attach(connection, path, source)
        yield Reads(connection, databases, folder)


def stated(content: Any) -> str:
    """Return a part of a rule's definition as one text."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
