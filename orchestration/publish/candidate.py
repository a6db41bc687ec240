"""Makes a candidate: the exact files that would become public, in a folder named by their content.

Belongs here: collecting the public tables, calling the writers, hashing. Does not belong here: judging (gate) or promoting
(``snapshots``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import UserError
from orchestration.publish.writers import delimited, parquet
from orchestration.tables import Table
from orchestration.warehouse import attach, connect

DATABASE = "is248.duckdb"
CHECKSUMS = "SHA256SUMS"

# What a content hash leaves out: DuckDB writes random identifiers into its file (it is compared table by table), and the
# rest describes the candidate or its predecessor instead of being content.
NOT_CONTENT = (DATABASE, "gate.", "CHANGES.", CHECKSUMS)

# The table whose newest year names the snapshot.
LEADING_TABLE = "fte_by_service"


@dataclass(frozen=True)
class Candidate:
    """A candidate's folder; ``id`` is the newest survey year and the first twelve digits of ``content_hash``."""

    id: str
    path: Path
    content_hash: str


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_files(folder: Path) -> list[Path]:
    """Return the files that the content hash covers, sorted by their relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        path
        for path in files
        if not path.relative_to(folder).as_posix().startswith(NOT_CONTENT) and path.stem != "revisions"
    ]


def content_hash(folder: Path) -> str:
    """SHA-256 over the names and hashes of the content files."""
    digest = hashlib.sha256()
    for path in content_files(folder):
        digest.update(f"{file_hash(path)}  {path.relative_to(folder).as_posix()}\n".encode())
    return digest.hexdigest()


def _check_columns(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Refuse a table whose columns are not exactly the described ones: nothing else may become public."""
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_catalog = 'warehouse' and table_schema = 'public' and table_name = ? order by ordinal_position",
        [table.name],
    ).fetchall()
    found = [(str(name), str(kind)) for name, kind in rows]
    described = [(column.name, column.type) for column in table.columns]
    if found != described:
        difference = sorted(set(found) ^ set(described)) or "the order of the columns"
        raise UserError(
            f"model public.{table.name} and its description differ: {difference}",
            place=f"data/metadata/{table.name}.yml",
            remedy="describe every column of the model, with its type and in its order, and no other",
        )


def _comment(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _write_database(warehouse: Path, tables: list[Table], path: Path) -> None:
    """Copy the public tables into a DuckDB file of their own, sorted by key and with comments."""
    with connect(path) as connection:
        # One thread, so that rows keep their order and files their bytes.
        connection.execute("set threads = 1")
        attach(connection, warehouse, "warehouse")
        for table in tables:
            _check_columns(connection, table)
            columns = ", ".join(f'"{name}"' for name in table.column_names)
            connection.execute(
                f'create table main."{table.name}" as '
                f'select {columns} from warehouse.public."{table.name}" order by {table.order_by}'
            )
            connection.execute(
                f'comment on table main."{table.name}" is '
                + _comment(f"{table.title.en}. {table.description.en} / {table.title.nb}. {table.description.nb}")
            )
            for column in table.columns:
                connection.execute(
                    f'comment on column main."{table.name}"."{column.name}" is '
                    + _comment(f"{column.description.en} / {column.description.nb}")
                )
        connection.execute("detach warehouse")
        connection.execute("checkpoint")


def build(warehouse: Path, tables: list[Table], candidates: Path) -> Candidate:
    """Write a candidate from the warehouse's public tables.

    Args:
        warehouse: the DuckDB file in which dbt built.
        tables: the described public tables; only these, with these columns, are written.
        candidates: folder of the candidates.

    Returns:
        The candidate. An equal candidate that was there before is replaced.

    Raises:
        UserError: a public model is missing or differs from its description.
    """
    building = candidates / f".building-{os.getpid()}"
    for stale in candidates.glob(".building-*"):
        shutil.rmtree(stale)
    building.mkdir(parents=True)
    _write_database(warehouse, tables, building / DATABASE)
    with connect(building / DATABASE, read_only=True) as connection:
        connection.execute("set threads = 1")
        for folder in ("parquet", "csv"):
            (building / folder).mkdir()
        for table in tables:
            parquet.write(connection, table, building / "parquet" / f"{table.name}.parquet")
            delimited.write(connection, table, building / "csv" / f"{table.name}.csv")
        row = connection.execute(f"select max(time_period) from {LEADING_TABLE}").fetchone()
    if row is None or row[0] is None:
        raise UserError(
            f"table {LEADING_TABLE} has no rows",
            place=str(warehouse),
            remedy="check the survey rounds and the deliveries",
        )
    database_hash = file_hash(building / DATABASE)
    (building / f"{DATABASE}.sha256").write_text(f"{database_hash}  {DATABASE}\n", encoding="utf-8")
    digest = content_hash(building)
    candidate = Candidate(id=f"{row[0]}-{digest[:12]}", path=candidates / f"{row[0]}-{digest[:12]}", content_hash=digest)
    if candidate.path.exists():
        shutil.rmtree(candidate.path)
    building.rename(candidate.path)
    return candidate
