"""What the models in a warehouse were built from: the project, the program, and the content of each source.

dbt asks of each relation whether it would be made of the same (``dbt_project/macros/taken_over.sql``); what is noted here
says which need not be asked. Nothing is noted while a build goes on, and nothing of one that was of a part, or broke off.

Belongs here: noting, and comparing. Does not belong here: building (``duckdb``), or what is done about a difference.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from orchestration.core.content_hashes import code_hash, content_of, digest
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.engines import dbt

# The schema is that of dbt's own records; one row a source, and one of the project.
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
    """Note that the models in the warehouse are all built of what the sources hold.

    Args:
        settings: where the warehouse lies.
        found: the hashes of now, where they are known.
    """
    with connect(settings.warehouse_file) as connection:
        found = current_hashes(connection, settings) if found is None else found
        connection.execute("begin")
        _forget(connection)
        connection.execute(f"create table {TABLE} (name varchar, hash varchar)")
        connection.executemany(f"insert into {TABLE} values (?, ?)", list(found.items()))
        connection.execute("commit")


def forget(settings: Settings) -> None:
    """Note nothing: a build begins."""
    if settings.warehouse_file.is_file():
        with connect(settings.warehouse_file) as connection:
            _forget(connection)


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(f"drop table if exists {TABLE}")


def forget_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget dbt's own records as well: what is in the warehouse was made by something else."""
    connection.execute(f"drop schema if exists {SCHEMA} cascade")


def changed_sources(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[str] | None:
    """Return the sources that hold something else than what the models are built of; None where that is not known."""
    return differing(connection, current_hashes(connection, settings))


def differing(connection: duckdb.DuckDBPyConnection, now: dict[str, str]) -> list[str] | None:
    """Return the sources of which the models are built of something else than this; None where that is not known.

    Args:
        connection: sees what is noted.
        now: the hashes that a build would note.
    """
    try:
        noted = dict(connection.execute(f"select name, hash from {TABLE}").fetchall())
    except duckdb.CatalogException:
        return None
    if noted.get(PROJECT) != now[PROJECT] or noted.keys() != now.keys():
        return None
    return sorted(name for name in now if noted[name] != now[name])
