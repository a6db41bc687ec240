"""What the models in a warehouse were built from: the project, the program, and the content of each source.

dbt checks for each relation whether its inputs are unchanged (``dbt_project/macros/taken_over.sql``); the record shows which
need no check. Nothing is recorded during a build, or for a partial or interrupted one.

Belongs here: recording and comparing. Does not belong here: building (``duckdb``), or acting on a difference.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from orchestration.core.content_hashes import code_hash, content_of, digest
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.engines import dbt

# The schema is that of dbt's own records; one row for each source, and one for the project.
SCHEMA = "made"
TABLE = f"{SCHEMA}.sources"
PROJECT = "project"


def _sources(settings: Settings) -> list[tuple[str, str]]:
    manifest: dict[str, Any] = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))
    return sorted((str(node["schema"]), str(node["identifier"])) for node in manifest["sources"].values())


def current_hashes(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, str]:
    """Return the current inputs of a build: a hash for each source (``schema.table``), and one for project and program."""
    found = {PROJECT: digest(dbt.fingerprint(settings), code_hash())}
    for schema, table in _sources(settings):
        found[f"{schema}.{table}"] = content_of(connection, f'"{schema}"."{table}"')
    return found


def note(settings: Settings, found: dict[str, str] | None = None) -> None:
    """Record that all models in the warehouse are built from the present contents of the sources.

    Args:
        settings: where the warehouse lies.
        found: the current hashes, where they are known.
    """
    with connect(settings.warehouse_file) as connection:
        found = current_hashes(connection, settings) if found is None else found
        connection.execute("begin")
        _forget(connection)
        connection.execute(f"create table {TABLE} (name varchar, hash varchar)")
        connection.executemany(f"insert into {TABLE} values (?, ?)", list(found.items()))
        connection.execute("commit")


def forget(settings: Settings) -> None:
    """Delete the record: a build begins."""
    if settings.warehouse_file.is_file():
        with connect(settings.warehouse_file) as connection:
            _forget(connection)


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(f"drop table if exists {TABLE}")


def forget_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Delete dbt's own records as well: the warehouse was made by another engine."""
    connection.execute(f"drop schema if exists {SCHEMA} cascade")


def changed_sources(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[str] | None:
    """Return the sources whose contents differ from those that the models are built from; None where that is not known."""
    return differing(connection, current_hashes(connection, settings))


def differing(connection: duckdb.DuckDBPyConnection, now: dict[str, str]) -> list[str] | None:
    """Return the sources whose hashes differ from those that the models are built from; None where that is not known.

    Args:
        connection: sees the record.
        now: the hashes that a build would record.
    """
    try:
        noted = dict(connection.execute(f"select name, hash from {TABLE}").fetchall())
    except duckdb.CatalogException:
        return None
    if noted.get(PROJECT) != now[PROJECT] or noted.keys() != now.keys():
        return None
    return sorted(name for name in now if noted[name] != now[name])
