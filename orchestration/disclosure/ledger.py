"""The ledger of what was published: every figure of a group of units in any snapshot, and the pattern that was hidden.

A figure that was published once stays known, also when areas change and the group is called otherwise; so groups are named
by their units. The search for what must be hidden reads the ledger (schema ``history`` of the warehouse), a promotion adds
to it. It lies beside the snapshots, for the service user only, and is not made again from anything: back it up with
them.

Belongs here: reading and adding to the ledger. Does not belong here: what follows from it (``suppression``, ``attack``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.errors import UserError
from orchestration.warehouse import attach, connect

SCHEMA = "history"

# What a promotion adds waits beside its candidate under this ending.
ADDITIONS = ".ledger.duckdb"

TABLES = {
    "published_groups": (
        "subject varchar, indicator varchar, item varchar, time_period integer, members_sha256 varchar, measure varchar, "
        "measured double"
    ),
    "published_members": "members_sha256 varchar, member_code varchar",
    "patterns": (
        "subject varchar, family varchar, time_period integer, unit_set varchar, fingerprint varchar, "
        "members_sha256 varchar, is_protected boolean"
    ),
}

GROUP_KEY = ("subject", "indicator", "item", "time_period", "members_sha256")


def ledger_file(snapshots: Path) -> Path:
    """Return where the ledger of a folder of snapshots lies."""
    return snapshots / ".disclosure" / "ledger.duckdb"


def load(connection: duckdb.DuckDBPyConnection, snapshots: Path) -> dict[str, int]:
    """Copy the ledger into the warehouse's schema ``history``; before the first snapshot its tables are empty.

    Raises:
        UserError: there are snapshots but no ledger: nobody could say what was published.
    """
    path = ledger_file(snapshots)
    if not path.exists() and (snapshots / "current").exists():
        raise UserError(
            "there are snapshots but no ledger of what they published",
            place=str(path),
            remedy="restore it from the backup, or move the snapshots away to begin anew",
        )
    connection.execute(f"create schema if not exists {SCHEMA}")
    counts = {}
    if path.exists():
        attach(connection, path, "ledger")
    for name, columns in TABLES.items():
        connection.execute(f"create or replace table {SCHEMA}.{name} ({columns})")
        if path.exists():
            connection.execute(f"insert into {SCHEMA}.{name} by name select * from ledger.{name}")
        row = connection.execute(f"select count(*) from {SCHEMA}.{name}").fetchone()
        counts[name] = int(row[0]) if row else 0
    if path.exists():
        connection.execute("detach ledger")
    return counts


def write_additions(warehouse: Path, path: Path) -> None:
    """Write what the publication of the warehouse's tables would add to the ledger."""
    path.unlink(missing_ok=True)
    with connect(path) as connection:
        path.chmod(0o600)
        attach(connection, warehouse, "warehouse")
        connection.execute(
            """
            create temp table hashes as
            select time_period, unit_set, area_basis, unit_level, unit_code,
                list(member_code order by member_code) as members,
                sha256(string_agg(member_code, '|' order by member_code)) as members_sha256
            from warehouse.intermediate.int_unit_set_members
            group by all
            """
        )
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        connection.execute(
            """
            insert into published_groups
            with shares as (
                select 'indicator_shares' as subject, indicator, item, time_period, unit_set, area_basis, unit_level,
                    unit_code, answer, n_answer, n_answered
                from warehouse.marts.mart_indicator_shares where n_answer is not null
            ),
            amounts as (
                select 'amounts' as subject, amounts.indicator, 'all' as item, rounds.time_period,
                    'municipalities' as unit_set, 'reported' as area_basis, amounts.unit_level, amounts.unit_code,
                    'amount' as answer,
                    amounts.amount_nok as n_answer, amounts.n_answered
                from warehouse.marts.mart_amounts as amounts
                inner join warehouse.intermediate.int_rounds as rounds on rounds.collection_year = amounts.time_period + 1
                where amounts.n_answered is not null and amounts.amount_nok is not null
            ),
            figures as (
                select * from shares union all by name select * from amounts
            )
            select distinct subject, indicator, item, time_period, members_sha256, measures.measure, measures.measured
            from figures
            inner join hashes using (time_period, unit_set, area_basis, unit_level, unit_code)
            cross join lateral (values (answer, cast(n_answer as double)), ('', cast(n_answered as double)))
                as measures (measure, measured)
            order by all
            """
        )
        connection.execute(
            """
            insert into published_members
            select distinct members_sha256, unnest(members) from hashes
            where members_sha256 in (select members_sha256 from published_groups) order by all
            """
        )
        # What an attack on the candidate needs besides its files: everybody can look up which units lie in which area.
        connection.execute(
            """
            create table area_groups as
            select time_period, unit_set, area_basis, unit_level, unit_code, members_sha256, members from hashes order by all
            """
        )
        connection.execute(
            """
            create table answer_groups as
            select indicator, answer, member from warehouse.staging.stg_indicators__answer_groups order by all
            """
        )
        connection.execute(
            """
            create table unions as
            select indicator, item, source_indicator, source_item
            from warehouse.staging.stg_indicators__derived_indicators order by all
            """
        )
        connection.execute(
            """
            insert into patterns
            select distinct subject, family, time_period, unit_set, fingerprint, members_sha256, is_protected
            from warehouse.intermediate.int_hidden_groups order by all
            """
        )
        connection.execute("detach warehouse")


def add(additions: Path, snapshots: Path) -> None:
    """Add what a promotion publishes to the ledger, in one transaction; adding twice changes nothing.

    Raises:
        UserError: the additions are missing, or the ledger cannot be written.
    """
    if not additions.is_file():
        raise UserError("what the snapshot publishes was not noted", place=str(additions), remedy="run is248 run again")
    path = ledger_file(snapshots)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with connect(path) as connection:
        path.chmod(0o600)
        attach(connection, additions, "additions")
        connection.execute("begin")
        for name, columns in TABLES.items():
            connection.execute(f"create table if not exists {name} ({columns})")
        columns = ", ".join(GROUP_KEY)
        connection.execute(
            f"delete from published_groups where ({columns}) in (select ({columns}) from additions.published_groups)"
        )
        # A snapshot is whole: a table that hides nothing in it has no pattern any more.
        connection.execute("delete from patterns")
        for name in ("published_groups", "patterns"):
            connection.execute(f"insert into {name} by name select * from additions.{name}")
        connection.execute(
            """
            insert into published_members select * from additions.published_members
            where members_sha256 not in (select members_sha256 from published_members)
            """
        )
        connection.execute("commit")
        connection.execute("detach additions")
