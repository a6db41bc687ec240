"""The ledger of what was published: every figure of a group of units in any snapshot, and the state of the answers.

A figure that was published once stays known, even when areas change and the group has another name; so groups are named by
their units. Answers are named by their *state*, a hash of all answers to the question: figures of equal state count the same
answers; the *basis* of a state is a hash of all else that decided what was shown. What each unit had answered in a state is
noted as a hash, which shows whether it is still the same answer. The search for what can be shown reads the ledger (schema
``history`` of the warehouse), a promotion adds to it. It is beside the snapshots, for the service user only, and cannot be
made again: back it up with them.

Belongs here: reading and adding to the ledger. Does not belong here: what follows from it (``suppression``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.warehouse import IN_MEMORY, attach, connect, quoted, sync

SCHEMA = "history"

# File endings beside a candidate: what its promotion adds, and the ledger that it was made with, without which it could not
# be made again.
ADDITIONS = ".ledger.duckdb"
BEFORE = ".before.duckdb"

_QUESTION = "subject varchar, indicator varchar, item varchar, time_period integer"
_PRACTICE = "subject varchar, time_period integer"

TABLES = {
    "published_groups": f"{_QUESTION}, state varchar, members_sha256 varchar, measure varchar, measured double",
    "published_members": "members_sha256 varchar, member_code varchar",
    "published_answers": f"{_QUESTION}, state varchar, member_code varchar, answer_sha256 varchar",
    "published_states": f"{_QUESTION}, state varchar, basis varchar",
    # FTE by reporting form and real change, and the units whose forms and practice they count.
    "published_practice_figures": f"{_PRACTICE}, state varchar, target_group varchar, reporting_form varchar, "
    "measure varchar, measured double",
    "published_practice_units": f"{_PRACTICE}, state varchar, target_group varchar, member_code varchar, "
    "said_sha256 varchar",
    "published_practice_states": f"{_PRACTICE}, state varchar",
}

QUESTION_KEY = ("subject", "indicator", "item", "time_period")
GROUP_KEY = (*QUESTION_KEY, "state", "members_sha256", "measure")

# The last state is that of the snapshot that was published last.
_LAST = {"published_states": QUESTION_KEY, "published_practice_states": ("subject", "time_period")}

# The rows of a ledger (``before``) that additions (``added``) were added to.
_AFTER = {
    name: f"from before.{name} anti join added.{name} using ({', '.join(_LAST[name])}) union all by name from added.{name}"
    if name in _LAST
    else f"from before.{name} union from added.{name}"
    for name in TABLES
}


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
            remedy="restore it from the backup, or move the snapshots away to start again",
        )
    connection.execute(f"create schema if not exists {SCHEMA}")
    counts = {}
    if path.exists():
        try:
            attach(connection, path, "ledger")
        except duckdb.Error as error:
            raise UserError(
                str(error).splitlines()[0], place=str(path), remedy="restore it from the backup: it cannot be made again"
            ) from error
    if path.exists():
        _require_states(connection, path)
    for name, columns in TABLES.items():
        connection.execute(f"create or replace table {SCHEMA}.{name} ({columns})")
        if path.exists():
            connection.execute(f"insert into {SCHEMA}.{name} by name select * from ledger.{name}")
        row = connection.execute(f"select count(*) from {SCHEMA}.{name}").fetchone()
        counts[name] = int(row[0]) if row else 0
    if path.exists():
        connection.execute("detach ledger")
    return counts


def _require_states(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Check that an attached ledger records whose answers, forms and practice its figures count.

    Raises:
        UserError: an earlier version wrote it.
    """
    found = {
        (table, column)
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'ledger'"
        ).fetchall()
    }
    expected = {(table, column.split()[0]) for table, columns in TABLES.items() for column in columns.split(", ")}
    if not expected <= found:
        connection.execute("detach ledger")
        raise UserError(
            "the ledger is from an earlier version, which did not record everything that determines the figures",
            place=str(path),
            remedy="move the folder of snapshots away to start again; its figures stay public (docs/use/disclosure.md)",
        )


def write_additions(warehouse: Path, path: Path) -> None:
    """Write what the publication of the warehouse's tables would add to the ledger."""
    path.unlink(missing_ok=True)
    with connect(path) as connection:
        path.chmod(0o600)
        attach(connection, warehouse, "warehouse")
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        connection.execute(
            """
            insert into published_groups by name
            with shares as (
                select 'indicator_shares' as subject, indicator, item, time_period, area_basis, unit_level, unit_code,
                    answer, n_answer, n_answered
                from warehouse.marts.mart_indicator_shares where n_answer is not null
            ),
            amounts as (
                select 'amounts' as subject, amounts.indicator, 'all' as item, rounds.time_period, 'reported' as area_basis,
                    amounts.unit_level, amounts.unit_code, 'amount' as answer, amounts.amount_nok as n_answer,
                    amounts.n_answered
                from warehouse.marts.mart_amounts as amounts
                inner join warehouse.intermediate.int_rounds as rounds on rounds.collection_year = amounts.time_period + 1
                where amounts.amount_nok is not null
            ),
            figures as (
                from shares union all by name from amounts
            )
            select distinct subject, indicator, item, time_period, decisions.state, decisions.members_sha256,
                measures.measure, measures.measured
            from figures
            inner join warehouse.intermediate.int_disclosure_decisions as decisions
                using (subject, indicator, item, time_period, area_basis, unit_level, unit_code)
            cross join lateral (values (answer, cast(n_answer as double)), ('', cast(n_answered as double)))
                as measures (measure, measured)
            where measures.measured is not null
            order by all
            """
        )
        connection.execute(
            """
            insert into published_members
            select distinct members_sha256, unnest(string_split(members, '|'))
            from warehouse.intermediate.int_disclosure_groups
            where members_sha256 in (select members_sha256 from published_groups) order by all
            """
        )
        connection.execute(
            """
            insert into published_states
            select distinct subject, indicator, item, time_period, state, basis
            from warehouse.intermediate.int_disclosure_decisions order by all
            """
        )
        # A question that keeps the figures of an earlier snapshot has a state whose answers are already in the ledger.
        connection.execute(
            """
            insert into published_answers by name
            select distinct subject, indicator, item, time_period, decisions.state, answers.member_code,
                answers.answer_sha256
            from warehouse.intermediate.int_disclosure_values as answers
            inner join (
                select subject, indicator, item, time_period, state
                from warehouse.intermediate.int_disclosure_decisions
                group by all having bool_and(decision != 'kept')
            ) as decisions using (subject, indicator, item, time_period)
            order by all
            """
        )
        _add_practice(connection)
        connection.execute("detach warehouse")


def _add_practice(connection: duckdb.DuckDBPyConnection) -> None:
    """Add FTE by reporting form and real change; the state of waiting figures is already there."""
    connection.execute(
        """
        insert into published_practice_figures by name
        with figures as (
            select 'fte_by_reporting_form' as subject, time_period, target_group, reporting_form, measure, measured
            from warehouse.marts.mart_fte_by_reporting_form
            cross join lateral (values ('fte', cast(fte as double)), ('municipalities', cast(municipalities as double)))
                as measures (measure, measured)
            where reporting_form != 'total'
            union all by name
            select 'real_change' as subject, time_period_to as time_period, target_group, '' as reporting_form, measure,
                measured
            from warehouse.marts.mart_real_change
            cross join lateral (
                values ('real_change_percent', real_change_percent),
                    ('municipalities_excluded', cast(municipalities_excluded as double))
            ) as measures (measure, measured)
        )
        select subject, time_period, decisions.state, target_group, reporting_form, measure, measured
        from figures inner join warehouse.intermediate.int_practice_decisions as decisions using (subject, time_period)
        where measured is not null order by all
        """
    )
    connection.execute(
        """
        insert into published_practice_states
        select subject, time_period, state from warehouse.intermediate.int_practice_decisions order by all
        """
    )
    connection.execute(
        """
        insert into published_practice_units by name
        select subject, time_period, decisions.state, target_group, member_code, said_sha256
        from warehouse.intermediate.int_practice_units
        inner join warehouse.intermediate.int_practice_decisions as decisions using (subject, time_period)
        where not decisions.is_kept order by all
        """
    )


def write_before(warehouse: Path, path: Path) -> None:
    """Write the ledger that the warehouse's tables were made with."""
    path.unlink(missing_ok=True)
    with connect(path) as connection:
        path.chmod(0o600)
        attach(connection, warehouse, "warehouse")
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({columns})")
            connection.execute(f"insert into {name} by name select * from warehouse.{SCHEMA}.{name} order by all")
        connection.execute("detach warehouse")


def is_unchanged(before: Path, additions: Path, snapshots: Path) -> bool:
    """Return whether the ledger is the one that a candidate was made with, or that one with its own additions.

    Otherwise something was published in the meantime, from which the candidate's hidden figures could be derived.

    Args:
        before: the ledger that the candidate was made with.
        additions: what the candidate adds; an interrupted promotion has already added it.
        snapshots: folder of the snapshots, whose ledger is compared.
    """
    with _together(before, additions) as connection:
        now = ledger_file(snapshots)
        if now.exists():
            attach(connection, now, "now")
        for possible in ({name: f"from before.{name}" for name in TABLES}, _AFTER):
            rows = {name: f"from now.{name}" if now.exists() else f"from before.{name} where false" for name in TABLES}
            if all(_is_equal(connection, possible[name], rows[name]) for name in TABLES):
                return True
    return False


def _is_equal(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    """Return whether two queries have the same rows."""
    differences = connection.execute(
        f"select count(*) from (({one}) except all ({other}) union all (({other}) except all ({one})))"
    ).fetchone()
    return differences == (0,)


@contextmanager
def _together(before: Path, additions: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a ledger as ``before``, empty where there is none, and what a promotion adds to it as ``added``."""
    with connect(IN_MEMORY) as connection:
        attach(connection, additions, "added")
        if before.exists():
            attach(connection, before, "before")
        else:
            connection.execute("attach ':memory:' as before")
            for name, columns in TABLES.items():
                connection.execute(f"create table before.{name} ({columns})")
        yield connection


def add(additions: Path, snapshots: Path) -> None:
    """Add what a promotion publishes to the ledger, atomically; adding twice changes nothing.

    Raises:
        UserError: the additions are missing.
    """
    if not additions.is_file():
        raise UserError(
            "the figures that the snapshot publishes were not recorded", place=str(additions), remedy="run ./is248 run again"
        )
    path = ledger_file(snapshots)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # It cannot be made again, so it is never written in place: at every moment the file is the old one or the new one.
    partial = path.with_suffix(".partial")
    for remains in (partial, Path(f"{partial}.wal")):
        remains.unlink(missing_ok=True)
    with _together(path, additions) as connection:
        connection.execute(f"attach {quoted(partial)} as after")
        partial.chmod(0o600)
        for name, columns in TABLES.items():
            connection.execute(f"create table after.{name} ({columns})")
            connection.execute(f"insert into after.{name} by name select * from ({_AFTER[name]}) order by all")
        connection.execute("detach after")
    sync(partial)
    partial.replace(path)
    sync(path.parent)
