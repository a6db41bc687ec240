"""The roll of a published snapshot: which questions each unit had answered, in which version of which delivery.

The next run compares its deliveries with it (schema ``history``), so that answers which are missing in a later version are
noticed. It contains no answer, only which question had one, and is kept with the ledger, one file for each snapshot, for the
service user only. A missing roll (of a snapshot of an earlier release, or after a restore without it) is not compared.

Belongs here: writing, keeping and loading the roll. Does not belong here: what was lost since (``int_redelivered_units``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.warehouse import IN_MEMORY, attach, connect, quoted
from orchestration.disclosure import ledger

SCHEMA = ledger.SCHEMA

# Beside a candidate, and in the ledger's folder after the publication, under the id of the snapshot.
ROLL = ".roll.parquet"

TABLES = {
    "answer_rolls": "form varchar, sha256 varchar, unit_code varchar, question varchar, item varchar, target_group varchar, "
    "reporting_form varchar",
}


def kept_roll(snapshots: Path, identifier: str) -> Path:
    """Return the path of the roll of a snapshot, if it exists."""
    return ledger.ledger_file(snapshots).parent / f"{identifier}{ROLL}"


def prepare_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of the roll, empty."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    for name, columns in TABLES.items():
        connection.execute(f"create or replace table {SCHEMA}.{name} ({columns})")


def write(warehouse: Path, path: Path) -> None:
    """Write the roll of what the warehouse was made from; equal deliveries and forms give equal bytes."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with connect(IN_MEMORY) as connection:
        # One thread, so that the file has its rows in their order.
        connection.execute("set threads = 1")
        attach(connection, warehouse, "warehouse")
        connection.execute(
            f"""
            copy (
                select form, versions.sha256, unit_code, question, item, target_group, reporting_form
                from warehouse.intermediate.int_answer_roll
                inner join warehouse.intermediate.int_delivery_versions as versions using (form)
                order by all
            ) to {quoted(partial)} (format parquet, compression zstd)
            """
        )
    partial.chmod(0o600)
    partial.replace(path)


def keep(beside: Path, snapshots: Path, identifier: str) -> None:
    """Keep the roll beside a candidate for the snapshot that it becomes; earlier releases wrote none."""
    if beside.is_file():
        kept = kept_roll(snapshots, identifier)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.replace(kept)


def load(connection: duckdb.DuckDBPyConnection, snapshots: Path, published: Path | None) -> dict[str, int]:
    """Copy the roll of the published snapshot into the warehouse's schema ``history``; without one the table is empty.

    Raises:
        UserError: the roll cannot be read.
    """
    prepare_tables(connection)
    counts = {}
    path = kept_roll(snapshots, published.name) if published is not None else None
    for name in TABLES:
        if path is not None and path.is_file():
            try:
                connection.execute(f"insert into {SCHEMA}.{name} by name select * from read_parquet({quoted(path)})")
            except duckdb.Error as error:
                raise UserError(
                    str(error).splitlines()[0],
                    place=str(path),
                    remedy="restore it from the backup; without it, deliveries are not compared with the published snapshot",
                ) from error
        row = connection.execute(f"select count(*) from {SCHEMA}.{name}").fetchone()
        counts[name] = int(row[0]) if row else 0
    return counts
