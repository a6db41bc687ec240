"""What differs between two snapshots: schema, rows by key, figures with size and class, notices of corrections.

Only what is public in both is compared, so a difference says nothing that the two snapshots do not say themselves; where a
figure is confidential in one of them, neither value is given.

Belongs here: finding what changed. Does not belong here: the words for it (``changes_text``).
"""

from __future__ import annotations

import filecmp
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.publish.layout import DATABASE, REVISIONS
from orchestration.tables import STATUS_COLUMN, Table
from orchestration.warehouse import attach, dictionaries

# Where the development of the whole country is read from.
HEADLINE_TABLE = "fte_by_service"

# Levels whose changed figures are named one by one; changes of single units are folded.
UNITS = ("municipality", "city_district", "agency")

# Changed figures of a table that a reader is shown; the table of revisions has all.
SHOWN_FIGURES = 25

# Columns of a key that a reader is told by a word of their own, not as a dimension.
PLACE = ("time_period", "time_period_from", "time_period_to", "series", "unit_level", "unit_code", "area_basis")


@dataclass(frozen=True)
class TableChanges:
    """What changed in one table: rows by class, and how often each column that is no key differs in rows that stayed."""

    table: str
    rows_before: int
    rows_after: int
    classes: dict[str, int]
    columns: dict[str, int]


@dataclass(frozen=True)
class SchemaChange:
    """A table or column that came, went or changed its type."""

    kind: str
    table: str
    column: str | None = None
    type_before: str | None = None
    type_after: str | None = None


@dataclass(frozen=True)
class Figure:
    """One changed figure of a group of units, as a reader is told it; ``dimensions`` are the other columns of its key."""

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
    """A correction that came since the snapshot before, and what it did to the unit's and the country's total."""

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
    """
    # What a snapshot says of itself differs always.
    compared = [table for table in tables if table.made_by == "dbt"]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        attach(connection, after / DATABASE, "after")
        if before is None:
            connection.execute("attach ':memory:' as before")
        else:
            attach(connection, before / DATABASE, "before")
        columns_before, columns_after = _columns(connection, "before"), _columns(connection, "after")
        # The later one gets its revisions from this comparison.
        columns_before.pop(REVISIONS, None)
        columns_after.pop(REVISIONS, None)
        _create_revisions(connection)
        counted = []
        for table in compared:
            if table.name not in columns_after:
                continue
            is_equal = before is not None and _same_file(before, after, table)
            counted.append(_compare_table(connection, table, columns_before, columns_after, is_equal=is_equal))
        if before is None:
            connection.execute("delete from revisions")
        notices = _notices(connection, columns_before, columns_after) if before is not None else []
        return Changes(
            id=after_id,
            predecessor=(before_id or before.name) if before is not None else None,
            schema=_schema_changes(columns_before, columns_after) if before is not None else [],
            tables=counted,
            periods=_new_periods(connection, columns_before, columns_after),
            notices=notices,
            planned=_planned(connection),
            unattributed=_unattributed(connection, notices),
            figures=[figure for table in compared for figure in _figures(connection, table)],
            folded=_folded(connection),
            revisions=_public_revisions(connection),
        )


def _columns(connection: duckdb.DuckDBPyConnection, catalogue: str) -> dict[str, dict[str, str]]:
    """Return the columns of each table of a database, with their types."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_catalog = ? and table_schema = 'main' order by table_name, ordinal_position",
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


def _create_revisions(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create temp table revisions (
            table_name varchar, key varchar, time_period integer, value_before double, value_after double, size double,
            status_before varchar, status_after varchar, revision_class varchar, is_constructed boolean, cause varchar,
            unit_level varchar, unit_code varchar, unit_name varchar, area_basis varchar, dimensions varchar[],
            is_corrected boolean, is_total boolean
        )
        """
    )


def _compare_table(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    columns_before: dict[str, dict[str, str]],
    columns_after: dict[str, dict[str, str]],
    *,
    is_equal: bool,
) -> TableChanges:
    """Count what changed in a table, and note each changed figure of a table of observations."""
    old, new = columns_before.get(table.name, {}), columns_after[table.name]
    rows_after = _count(connection, f'after.main."{table.name}"')
    rows_before = _count(connection, f'before.main."{table.name}"') if old else 0
    if is_equal or not all(name in old and name in new for name in table.key):
        # Without the columns of the key there is nothing to hold rows together by; the change of the schema is told.
        return TableChanges(table.name, rows_before, rows_after, {"new": rows_after} if rows_after and not old else {}, {})
    others = [name for name in new if name in old and name not in table.key]
    joined = _joined(table)
    classes = {}
    if STATUS_COLUMN in old and STATUS_COLUMN in new:
        _note_revisions(connection, table, joined, new, old)
        found = connection.execute(
            "select revision_class, count(*) from revisions where table_name = ? group by all order by all", [table.name]
        ).fetchall()
        classes = dict(found)
    else:
        row = connection.execute(
            f"""select count(*) filter (side = 'after'), count(*) filter (side = 'before') from (
                select case when older.is_there is null then 'after' when newer.is_there is null then 'before' end as side
                from {joined}
            )"""
        ).fetchall()[0]
        classes = {name: count for name, count in zip(("new", "removed"), row, strict=True) if count}
    sums = ", ".join(f'count(*) filter (older."{name}" is distinct from newer."{name}")' for name in others) or "0"
    counts = connection.execute(
        f"select {sums} from {joined} where older.is_there and newer.is_there"  # rows that stayed
    ).fetchall()[0]
    changed = {name: count for name, count in zip(others, counts, strict=False) if count}
    if STATUS_COLUMN not in new and changed:
        differs = " or ".join(f'older."{name}" is distinct from newer."{name}"' for name in others)
        classes["changed"] = _count(connection, f"{joined} where older.is_there and newer.is_there and ({differs})")
    return TableChanges(table.name, rows_before, rows_after, classes, changed)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])


def _joined(table: Table) -> str:
    """Return SQL of the two versions of a table side by side, by key; a missing value of a key equals itself."""
    on = " and ".join(f'older."{name}" is not distinct from newer."{name}"' for name in table.key)
    return (
        f'(select *, true as is_there from before.main."{table.name}") as older '
        f'full outer join (select *, true as is_there from after.main."{table.name}") as newer on {on}'
    )


def _either(name: str) -> str:
    return f'coalesce(newer."{name}", older."{name}")'


def _note_revisions(
    connection: duckdb.DuckDBPyConnection, table: Table, joined: str, new: dict[str, str], old: dict[str, str]
) -> None:
    """Add the changed rows of a table of observations to the revisions, each with its class.

    A row is new where there was none, or where its round had not been delivered; removed where there is none any more. A
    revision is planned where the figure was provisional, where a value that was carried forward gave way to the unit's own,
    or where the row is on the current areas and these became those of another year. Everything else corrects an error.
    """
    main = table.measures[0]
    period = next((name for name in ("time_period", "time_period_to") if name in table.column_names), None)
    key = " || '|' || ".join(f"'{name}=' || coalesce(cast({_either(name)} as varchar), '')" for name in table.key)
    dimensions = [name for name in table.key if name not in PLACE]
    place = {
        name: _either(name) if name in new and name in old else "cast(null as varchar)"
        for name in ("unit_level", "unit_code", "unit_name", "area_basis")
    }
    has = {name: name in new and name in old for name in ("absence_reason", "obs_note", "is_constructed")}
    reason_before = "older.absence_reason" if has["absence_reason"] else "cast(null as varchar)"
    note_after = "newer.obs_note" if has["obs_note"] else "cast(null as varchar)"
    constructed = 'newer."is_constructed"' if "is_constructed" in new else "false"
    described = ", ".join(f"'{name}=' || {_either(name)}" for name in dimensions) or "cast(null as varchar)"
    totals = " and ".join([f"{_either(name)} in ('total')" for name in dimensions] or ["true"])
    connection.execute(
        f"""
        insert into revisions
        with compared as (
            select
                {key} as key,
                {_either(period) if period else "cast(null as integer)"} as time_period,
                -- A figure that is confidential on one side is told on neither.
                coalesce(older.{STATUS_COLUMN} = 'Q', false) or coalesce(newer.{STATUS_COLUMN} = 'Q', false) as is_hidden,
                cast(older."{main}" as double) as main_before,
                cast(newer."{main}" as double) as main_after,
                older.{STATUS_COLUMN} as status_before,
                newer.{STATUS_COLUMN} as status_after,
                older.is_there is not null as was_there,
                newer.is_there is not null as is_there,
                {reason_before} as reason_before,
                coalesce({constructed}, false) as is_constructed,
                coalesce({note_after} like '%corrected%', false) as is_corrected,
                {place["unit_level"]} as unit_level,
                {place["unit_code"]} as unit_code,
                {place["unit_name"]} as unit_name,
                {place["area_basis"]} as area_basis,
                [{described}] as dimensions,
                {totals} as is_total
            from {joined}
        ),

        changed as (
            select
                *,
                case
                    when not is_there then 'removed'
                    when not was_there or (reason_before = 'not_delivered' and status_before != status_after) then 'new'
                    when status_before = 'P' then 'provisional'
                    when area_basis = 'current' and ({_AREAS_MOVED}) then 'areas'
                    when status_before = 'I' and status_after != 'I' then 'carried_forward'
                    else 'error'
                end as cause
            from compared
            where
                not was_there or not is_there
                or status_before is distinct from status_after
                or main_before is distinct from main_after
        )

        select
            '{table.name}', key, time_period,
            case when not is_hidden then main_before end,
            case when not is_hidden then main_after end,
            case when not is_hidden then main_after - main_before end,
            status_before, status_after,
            case when cause in ('new', 'removed', 'error') then cause else 'planned' end,
            is_constructed, cause, unit_level, unit_code, unit_name, area_basis, dimensions, is_corrected, is_total
        from changed
        """
    )


# Current areas are those of the newest year of the areas.
_AREAS_MOVED = (
    "(select max(time_period) from before.main.areas where area_basis = 'reported') is distinct from "
    "(select max(time_period) from after.main.areas where area_basis = 'reported')"
)


def _public_revisions(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the revisions as they are published, in the order of their key."""
    return connection.execute(
        "select table_name, key, time_period, value_before, value_after, size, status_before, status_after, revision_class, "
        "is_constructed from revisions order by table_name, key, time_period nulls first"
    ).to_arrow_table()


_COUNTRY_TOTAL = (
    "unit_level = 'country' and area_basis = 'reported' and target_group = 'total' and service_type = 'total' "
    "and fte is not null"
)


def _new_periods(connection: duckdb.DuckDBPyConnection, before: dict[str, Any], after: dict[str, Any]) -> list[NewPeriod]:
    """Return the years of the country that have a figure now and had none before, the newest first."""
    if HEADLINE_TABLE not in after:
        return []
    had = (
        f"select time_period from before.main.{HEADLINE_TABLE} where {_COUNTRY_TOTAL}"
        if HEADLINE_TABLE in before
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


def _notices(connection: duckdb.DuckDBPyConnection, before: dict[str, Any], after: dict[str, Any]) -> list[Notice]:
    """Return the corrections that the snapshot before did not have, with their effect where it is public."""
    if "corrections" not in after:
        return []
    known = "select subject, time_period, unit_level, unit_code, kind, corrected_on from before.main.corrections"
    rows = dictionaries(
        connection,
        f"""
        with added as (
            select * from after.main.corrections
            where (subject, time_period, unit_level, unit_code, kind, corrected_on) not in (
                {known if "corrections" in before else "select '', 0, '', '', '', ''"}
            )
        ),

        totals as (
            select * from revisions
            where area_basis = 'reported' and is_total and revision_class = 'error'
        )

        select
            added.subject, added.time_period, added.unit_level, added.unit_name, added.kind, added.corrected_on,
            (
                select count(*) from revisions
                where revisions.time_period = added.time_period and revisions.revision_class = 'error'
                    and (
                        revisions.table_name = added.subject
                        or list_contains(revisions.dimensions, 'indicator=' || added.subject)
                    )
            ) as figures,
            units.value_before as unit_before, units.value_after as unit_after,
            countries.value_before as country_before, countries.value_after as country_after
        from added
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


def _planned(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the planned revisions counted by cause, with the years that they concern."""
    return dictionaries(
        connection,
        "select cause, count(*) as figures, list(distinct time_period order by time_period) as time_periods "
        "from revisions where revision_class = 'planned' group by cause order by cause",
    )


def _unattributed(connection: duckdb.DuckDBPyConnection, notices: Iterable[Notice]) -> list[dict[str, Any]]:
    """Return changed figures by table that no correction on file accounts for.

    A correction reaches every table of its year, and by carrying forward and by changes from year to year those of the next.
    """
    years = sorted({notice.time_period + step for notice in notices for step in (-1, 0, 1)})
    return dictionaries(
        connection,
        "select table_name as table, count(*) as figures, list(distinct time_period order by time_period) as time_periods "
        "from revisions where revision_class = 'error' and not is_corrected "
        "and not list_contains(?::integer[], time_period) "
        "group by table_name order by table_name",
        [years],
    )


def _figures(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Figure]:
    """Return the changed figures of groups of units that a reader is shown, the country and large changes first.

    New rows are told by year; figures on the current areas only where those of the year did not change.
    """
    rows = dictionaries(
        connection,
        f"""
        with shown as (
            select
                *,
                row_number() over (
                    partition by time_period, unit_level, unit_code, dimensions
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
        select
            table_name as table, time_period, unit_code, max(unit_name) as unit_name, revision_class, count(*) as figures,
            first(size order by abs(size) desc nulls last, key) as largest
        from revisions
        where revision_class != 'new' and unit_level in {UNITS} and area_basis = 'reported'
        group by table_name, time_period, unit_code, revision_class
        order by abs(largest) desc nulls last, table_name, time_period desc, unit_code
        """,
    )
    return [Folded(**row) for row in rows]
