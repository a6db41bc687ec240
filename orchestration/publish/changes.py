"""What differs between two snapshots: schema, rows by key, figures with size and class, notices of corrections.

Only what is public in both is compared, so a difference reveals nothing beyond the two snapshots; where a figure is
confidential in one of them, neither value is given.

Belongs here: finding what changed. Does not belong here: the words for it (``changes_text``).
"""

from __future__ import annotations

import filecmp
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.core.errors import UserError
from orchestration.core.tables import STATUS_COLUMN, Table
from orchestration.core.warehouse import IN_MEMORY, attach, connect, dictionaries
from orchestration.publish.revisions import (
    UNITS,
    attribute,
    attribute_sums,
    create_revisions,
    is_about,
    joined_versions,
    note_revisions,
    public_revisions,
)
from orchestration.publish.snapshot_files import DATABASE, REVISIONS

# The table with the development of the whole country.
HEADLINE_TABLE = "fte_by_service"

# Changed figures of a table that a reader is shown; the table of revisions has all.
SHOWN_FIGURES = 25


@dataclass(frozen=True)
class TableChanges:
    """What changed in one table: rows by class, and how often each non-key column differs in rows that stayed."""

    table: str
    rows_before: int
    rows_after: int
    classes: dict[str, int]
    columns: dict[str, int]


@dataclass(frozen=True)
class SchemaChange:
    """A table or column that was added, removed or changed its type."""

    kind: str
    table: str
    column: str | None = None
    type_before: str | None = None
    type_after: str | None = None


@dataclass(frozen=True)
class Figure:
    """One changed figure of a group of units, as shown to readers; ``dimensions`` are the other columns of its key."""

    table: str
    time_period: int | None
    unit_level: str | None
    unit_code: str | None
    unit_name: str | None
    area_basis: str | None
    dimensions: dict[str, str]
    value_before: float | None
    value_after: float | None
    status_before: str | None
    status_after: str | None
    revision_class: str


@dataclass(frozen=True)
class Folded:
    """The changed figures of one unit, year and class in a table, as one line; ``largest`` is the greatest change."""

    table: str
    time_period: int
    unit_code: str
    unit_name: str
    revision_class: str
    figures: int
    largest: float | None


@dataclass(frozen=True)
class NewPeriod:
    """A year of the whole country that the snapshot before had no figure for."""

    time_period: int
    fte: float
    previous_period: int | None
    previous_fte: float | None
    series_break: bool


@dataclass(frozen=True)
class Notice:
    """A correction since the snapshot before, and its effect on the unit's and the country's total."""

    subject: str
    time_period: int
    unit_level: str
    unit_name: str
    kind: str
    corrected_on: str
    figures: int
    unit_before: float | None = None
    unit_after: float | None = None
    country_before: float | None = None
    country_after: float | None = None


@dataclass(frozen=True)
class Changes:
    """Everything that differs between a snapshot and its predecessor; without one, the first snapshot's content."""

    id: str
    predecessor: str | None
    schema: list[SchemaChange] = field(default_factory=list)
    tables: list[TableChanges] = field(default_factory=list)
    periods: list[NewPeriod] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    planned: list[dict[str, Any]] = field(default_factory=list)
    unattributed: list[dict[str, Any]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    folded: list[Folded] = field(default_factory=list)
    revisions: pa.Table | None = None

    def as_dictionary(self) -> dict[str, Any]:
        """Return everything but the table of revisions, which has files of its own, as lists and dictionaries."""
        return {
            name: [each if isinstance(each, dict) else asdict(each) for each in value] if isinstance(value, list) else value
            for name, value in vars(self).items()
            if name != REVISIONS
        }


def compare(
    before: Path | None, after: Path, tables: list[Table], *, after_id: str, before_id: str | None = None
) -> Changes:
    """Compare a snapshot or candidate with the one before it.

    Args:
        before: folder of the earlier snapshot; None before the first.
        after: folder of the later one.
        tables: the described public tables; others are compared by name only.
        after_id: name of the later one.
        before_id: name of the earlier one; its folder's name unless said otherwise.

    Returns:
        What changed; without an earlier one, the years that there are now.

    Raises:
        UserError: one of the two cannot be read.
    """
    # Tables made by the publication itself describe the snapshot, and are not its content.
    compared = [table for table in tables if table.made_by == "dbt"]
    try:
        return _compare(before, after, compared, after_id, before_id)
    except duckdb.Error as error:
        raise UserError(
            f"cannot be compared with {before}: {str(error).splitlines()[0]}",
            place=str(after),
            remedy="restore the snapshot whose file is damaged, or name another one",
        ) from error


def _compare(before: Path | None, after: Path, compared: list[Table], after_id: str, before_id: str | None) -> Changes:
    with connect(IN_MEMORY) as connection:
        attach(connection, after / DATABASE, "after")
        if before is None:
            connection.execute("attach ':memory:' as before")
        else:
            attach(connection, before / DATABASE, "before")
        columns_before, columns_after = _columns(connection, "before"), _columns(connection, "after")
        # The later snapshot gets its revisions from this comparison.
        columns_before.pop(REVISIONS, None)
        columns_after.pop(REVISIONS, None)
        create_revisions(connection)
        counted = []
        for table in compared:
            if table.name not in columns_after:
                continue
            is_equal = before is not None and _same_file(before, after, table)
            counted.append(_compare_table(connection, table, columns_before, columns_after, is_equal=is_equal))
        attribute_sums(connection, columns_after)
        _create_notices(connection, columns_before, columns_after)
        attribute(connection, knows_deliveries=_know_deliveries(columns_before, columns_after))
        classes: dict[str, dict[str, int]] = {}
        for name, revision_class, count in connection.execute(
            "select table_name, revision_class, count(*) from revisions group by all order by all"
        ).fetchall():
            classes.setdefault(name, {})[revision_class] = count
        counted = [replace(each, classes=classes.get(each.table, {}) | each.classes) for each in counted]
        notices = _notices(connection)
        return Changes(
            id=after_id,
            predecessor=(before_id or before.name) if before is not None else None,
            schema=_schema_changes(columns_before, columns_after) if before is not None else [],
            tables=counted,
            periods=_new_periods(connection, columns_before, columns_after),
            notices=notices if before is not None else [],
            planned=_planned(connection),
            unattributed=_unattributed(connection),
            figures=[figure for table in compared for figure in _figures(connection, table)],
            folded=_folded(connection),
            revisions=public_revisions(connection),
        )


def _columns(connection: duckdb.DuckDBPyConnection, catalogue: str) -> dict[str, dict[str, str]]:
    """Return the columns of each table of a database, with their types; views show what tables have."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "inner join duckdb_tables() using (database_name, schema_name, table_name) "
        "where database_name = ? and schema_name = 'main' order by table_name, column_index",
        [catalogue],
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _same_file(before: Path, after: Path, table: Table) -> bool:
    """Return whether a table's Parquet files have the same bytes, so that nothing needs to be compared."""
    old, new = (folder / "parquet" / f"{table.name}.parquet" for folder in (before, after))
    return old.is_file() and new.is_file() and filecmp.cmp(old, new, shallow=False)


def _schema_changes(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> list[SchemaChange]:
    changes = [SchemaChange("table_added", name) for name in sorted(after.keys() - before.keys())]
    changes += [SchemaChange("table_removed", name) for name in sorted(before.keys() - after.keys())]
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        changes += [SchemaChange("column_added", name, column) for column in new if column not in old]
        changes += [SchemaChange("column_removed", name, column) for column in old if column not in new]
        changes += [
            SchemaChange("type_changed", name, column, old[column], new[column])
            for column in new
            if column in old and old[column] != new[column]
        ]
    return changes


def _compare_table(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    columns_before: dict[str, dict[str, str]],
    columns_after: dict[str, dict[str, str]],
    *,
    is_equal: bool,
) -> TableChanges:
    """Count what changed in a table, and record each changed figure of a table of observations.

    A table that is new, or lacks key columns or compared columns, is reported as a change of the schema.
    """
    old, new = columns_before.get(table.name, {}), columns_after[table.name]
    rows_after = _count(connection, f'after.main."{table.name}"')
    rows_before = _count(connection, f'before.main."{table.name}"') if old else 0
    has_figures = STATUS_COLUMN in table.column_names
    needed = [*table.key, *([STATUS_COLUMN, table.measures[0]] if has_figures else [])]
    if is_equal or not all(name in old and name in new for name in needed):
        return TableChanges(table.name, rows_before, rows_after, {}, {})
    joined = joined_versions(table, old, new)
    if has_figures:
        note_revisions(connection, table, joined, are_areas_known="areas" in columns_before)
        classes = {}
    else:
        row = connection.execute(
            f"select count(*) filter (older.is_there is null), count(*) filter (newer.is_there is null) from {joined}"
        ).fetchall()[0]
        classes = {name: count for name, count in zip(("new", "removed"), row, strict=True) if count}
    others = [name for name in table.column_names if name in old and name in new and name not in table.key]
    stayed = f"{joined} where older.is_there and newer.is_there"
    sums = ", ".join(f'count(*) filter (older."{name}" is distinct from newer."{name}")' for name in others) or "0"
    counts = connection.execute(f"select {sums} from {stayed}").fetchall()[0]
    changed = {name: count for name, count in zip(others, counts, strict=False) if count}
    # Rows that differ, but not in their main measure or status.
    quiet = {STATUS_COLUMN, table.measures[0]} if has_figures else set()
    rest = [name for name in changed if name not in quiet]
    if rest:
        differs = " or ".join(f'older."{name}" is distinct from newer."{name}"' for name in rest)
        equal = " and ".join(["true", *(f'older."{name}" is not distinct from newer."{name}"' for name in sorted(quiet))])
        count = _count(connection, f"{stayed} and ({differs}) and {equal}")
        classes |= {"changed": count} if count else {}
    return TableChanges(table.name, rows_before, rows_after, classes, changed)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])


_COUNTRY_TOTAL = (
    "unit_level = 'country' and area_basis = 'reported' and target_group = 'total' and service_type = 'total' "
    "and fte is not null"
)


def _new_periods(connection: duckdb.DuckDBPyConnection, before: dict[str, Any], after: dict[str, Any]) -> list[NewPeriod]:
    """Return the years of the country that have a figure now and had none before, the newest first."""
    needed = {"time_period", "unit_level", "area_basis", "target_group", "service_type", "fte", "series_break"}
    if not needed <= set(after.get(HEADLINE_TABLE, {})):
        return []
    had = (
        f"select time_period from before.main.{HEADLINE_TABLE} where {_COUNTRY_TOTAL}"
        if needed <= set(before.get(HEADLINE_TABLE, {}))
        else "select 0"
    )
    rows = connection.execute(
        f"""
        with country as (
            select
                time_period, fte, series_break,
                lag(time_period) over (order by time_period) as previous_period,
                lag(fte) over (order by time_period) as previous_fte
            from after.main.{HEADLINE_TABLE} where {_COUNTRY_TOTAL}
        )
        select time_period, fte, previous_period, previous_fte, series_break from country
        where time_period not in ({had}) order by time_period desc
        """
    ).fetchall()
    return [NewPeriod(*row) for row in rows]


_NOTICE = ("subject", "time_period", "unit_level", "unit_code", "kind")


def _create_notices(connection: duckdb.DuckDBPyConnection, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Keep as the table ``notices`` the corrections that the snapshot before did not have.

    An older correction that only reappears because a newer one was withdrawn does not count.
    """
    needed = {*_NOTICE, "corrected_on"}
    if not {*needed, "unit_name"} <= set(after.get("corrections", {})):
        connection.execute(
            "create temp table notices (subject varchar, time_period integer, unit_level varchar, unit_code varchar, "
            "unit_name varchar, kind varchar, corrected_on varchar)"
        )
        return
    same = " and ".join(f"known.{name} = added.{name}" for name in _NOTICE)
    earlier = (
        f"where not exists (select 1 from before.main.corrections as known where {same} "
        "and known.corrected_on >= added.corrected_on)"
        if needed <= set(before.get("corrections", {}))
        else ""
    )
    connection.execute(
        "create temp table notices as "
        f"select {', '.join(_NOTICE)}, unit_name, corrected_on from after.main.corrections as added {earlier}"
    )


def _notices(connection: duckdb.DuckDBPyConnection) -> list[Notice]:
    """Return the corrections that the snapshot before did not have, with their effect where it is public."""
    rows = dictionaries(
        connection,
        f"""
        with totals as (
            select * from revisions
            where area_basis = 'reported' and is_total and revision_class = 'error'
        )

        select
            added.subject, added.time_period, added.unit_level, coalesce(added.unit_name, added.unit_code) as unit_name,
            added.kind, added.corrected_on,
            (select count(*) from revisions where revisions.revision_class = 'error' and {is_about("added")}) as figures,
            units.value_before as unit_before, units.value_after as unit_after,
            countries.value_before as country_before, countries.value_after as country_after
        from notices as added
        left join totals as units
            on added.unit_level != 'country' and units.table_name = added.subject and units.time_period = added.time_period
            and units.unit_level = added.unit_level and units.unit_code = added.unit_code
        left join totals as countries
            on added.unit_level != 'country' and countries.table_name = added.subject
            and countries.time_period = added.time_period and countries.unit_level = 'country'
        order by added.time_period desc, added.subject, added.unit_level, added.unit_code, added.kind
        """,
    )
    return [Notice(**row) for row in rows]


def _know_deliveries(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether both snapshots state the files and form maps that their years were made from."""
    needed = {"form", "time_period", "sha256", "form_sha256"}
    return all(needed <= set(columns.get("deliveries", {})) for columns in (before, after))


def _planned(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return by cause the revisions with a known cause other than a correction, with their years."""
    return dictionaries(
        connection,
        "select cause, count(*) as figures, list(distinct time_period order by time_period) as time_periods "
        "from revisions where revision_class in ('planned', 'late', 'delivery', 'form') group by cause order by cause",
    )


def _unattributed(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the changed figures, by table, that have no recorded reason for the change."""
    return dictionaries(
        connection,
        "select table_name as table, count(*) as figures, list(distinct time_period order by time_period) as time_periods "
        "from revisions where revision_class = 'unexplained' group by table_name order by table_name",
    )


# The key of a figure on either area basis; what changed on both is reported once.
_WITHOUT_BASIS = "regexp_replace(key, '[|]area_basis=[^|]*', '')"


def _figures(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Figure]:
    """Return the changed figures of groups of units to show to readers, the country and large changes first.

    New rows are reported by year; figures on the current areas only where those of the year did not change.
    """
    rows = dictionaries(
        connection,
        f"""
        with shown as (
            select
                *,
                row_number() over (
                    partition by {_WITHOUT_BASIS}
                    order by case area_basis when 'reported' then 0 else 1 end, key
                ) as place
            from revisions
            where table_name = ? and revision_class != 'new' and coalesce(unit_level, '') not in {UNITS}
        )
        select
            table_name as table, time_period, unit_level, unit_code, unit_name, area_basis, dimensions,
            value_before, value_after, status_before, status_after, revision_class
        from shown where place = 1
        order by
            case when coalesce(unit_level, 'country') = 'country' then 0 when unit_level = 'county' then 1 else 2 end,
            is_total desc, abs(size) desc nulls last, time_period desc, key
        limit {SHOWN_FIGURES}
        """,
        [table.name],
    )
    return [
        Figure(**{**row, "dimensions": dict(part.split("=", 1) for part in row["dimensions"] if part is not None)})
        for row in rows
    ]


def _folded(connection: duckdb.DuckDBPyConnection) -> list[Folded]:
    """Return the changed figures of single units, one line a unit, year and class; new years are not among them."""
    rows = dictionaries(
        connection,
        f"""
        with shown as (
            select
                *,
                row_number() over (
                    partition by table_name, {_WITHOUT_BASIS}
                    order by case area_basis when 'reported' then 0 else 1 end, key
                ) as place
            from revisions
            where revision_class != 'new' and unit_level in {UNITS}
        )
        select
            table_name as table, time_period, unit_code, max(unit_name) as unit_name, revision_class, count(*) as figures,
            first(size order by abs(size) desc nulls last, key) as largest
        from shown
        where place = 1
        group by table_name, time_period, unit_code, revision_class
        order by abs(largest) desc nulls last, table_name, time_period desc, unit_code, revision_class
        """,
    )
    return [Folded(**row) for row in rows]
