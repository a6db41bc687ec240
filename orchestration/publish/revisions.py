"""The revisions between two snapshots: every figure that changed, the cause as far as it is known, and its class.

Belongs here: the table of revisions while two snapshots are compared. Does not belong here: other differences, and what
readers are shown (``changes``).
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from orchestration.core.tables import STATUS_COLUMN, Table

# Levels whose changed figures are named one by one; changes of single units are folded.
UNITS = ("municipality", "city_district", "agency")

# Columns of a key that are named separately, not as a dimension.
PLACE = ("time_period", "time_period_to", "series", "unit_level", "unit_code", "area_basis")


def create_revisions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty table ``revisions``, which exists as long as the connection."""
    connection.execute(
        """
        create temp table revisions (
            table_name varchar, key varchar, time_period integer, value_before double, value_after double, size double,
            revision_class varchar, status_before varchar, status_after varchar, is_constructed boolean, cause varchar,
            unit_level varchar, unit_code varchar, unit_name varchar, area_basis varchar, dimensions varchar[],
            is_total boolean, origin integer
        )
        """
    )


def _side(catalogue: str, table: Table, columns: dict[str, str]) -> str:
    """Return SQL of one version of a table with the columns and types of its description; missing columns are empty."""
    selected = ", ".join(
        f'try_cast("{column.name}" as {column.type}) as "{column.name}"'
        if column.name in columns
        else f'cast(null as {column.type}) as "{column.name}"'
        for column in table.columns
    )
    return f'(select {selected}, true as is_there from {catalogue}.main."{table.name}")'


def joined_versions(table: Table, old: dict[str, str], new: dict[str, str]) -> str:
    """Return SQL of the two versions of a table side by side, by key; a missing value of a key equals itself."""
    on = " and ".join(f'older."{name}" is not distinct from newer."{name}"' for name in table.key)
    return f"{_side('before', table, old)} as older full outer join {_side('after', table, new)} as newer on {on}"


def _either(name: str) -> str:
    return f'coalesce(newer."{name}", older."{name}")'


def note_revisions(connection: duckdb.DuckDBPyConnection, table: Table, joined: str, *, are_areas_known: bool) -> None:
    """Add the changed rows of a table of observations to the revisions, each with its cause and class.

    A row is new where there was none, or where its round had not been delivered; removed where it no longer exists. A
    revision is planned where the figure was provisional; where it is hidden or shown because protection changed; where a
    value that was carried forward gave way to the unit's own, or a sum holds more of what units answered themselves; or
    where the row is on the current areas and these became those of another year. It is late where a unit had not answered.
    Why anything else changed is not known here (``attribute``).
    """
    main = table.measures[0]
    period = next((name for name in ("time_period", "time_period_to") if name in table.column_names), None)
    key = " || '|' || ".join(f"'{name}=' || coalesce(cast({_either(name)} as varchar), '')" for name in table.key)
    dimensions = [name for name in table.key if name not in PLACE]
    described = ", ".join(f"'{name}=' || {_either(name)}" for name in dimensions) or "cast(null as varchar)"
    totals = " and ".join([f"cast({_either(name)} as varchar) = 'total'" for name in dimensions] or ["true"])

    def either(name: str) -> str:
        return _either(name) if name in table.column_names else "cast(null as varchar)"

    def side(name: str, which: str) -> str:
        return f'{which}."{name}"' if name in table.column_names else "null"

    def own(which: str) -> str:
        return f'({which}."{main}" * (1 - coalesce({side("imputed_share", which)}, 0)))'

    # The year whose value a row carries forward.
    origin = (
        "try_cast(regexp_extract(newer.obs_note, 'carried_from_([0-9]+)', 1) as integer)"
        if "obs_note" in table.column_names
        else "null"
    )
    moved = (
        "area_basis = 'current' and unit_level != 'country' and ("
        "select max(time_period) from before.main.areas where area_basis = 'current') is distinct from "
        "(select max(time_period) from after.main.areas where area_basis = 'current')"
    )
    connection.execute(
        f"""
        insert into revisions
        with compared as (
            select
                {key} as key,
                {_either(period) if period else "cast(null as integer)"} as time_period,
                older.{STATUS_COLUMN} as status_before,
                newer.{STATUS_COLUMN} as status_after,
                cast(older."{main}" as double) as main_before,
                cast(newer."{main}" as double) as main_after,
                older.is_there is not null as was_there,
                newer.is_there is not null as is_there,
                {side("absence_reason", "older")} as reason_before,
                -- What units answered themselves; a correction of what was carried forward leaves it as it is.
                abs({own("newer")} - {own("older")}) > 1e-6
                    and {side("imputed_share", "newer")} < {side("imputed_share", "older")} as is_less_carried_forward,
                {origin} as origin,
                coalesce({side("is_constructed", "newer")}, {side("is_constructed", "older")}, false) as is_constructed,
                {either("unit_level")} as unit_level,
                {either("unit_code")} as unit_code,
                coalesce({either("unit_name")}, {either("unit_code")}) as unit_name,
                {either("area_basis")} as area_basis,
                [{described}] as dimensions,
                {totals} as is_total
            from {joined}
        ),

        changed as (
            select
                *,
                -- A figure that is confidential on one side is told on neither.
                coalesce(status_before = 'Q', false) or coalesce(status_after = 'Q', false) as is_hidden,
                case
                    when not is_there then 'removed'
                    when not was_there or (reason_before = 'not_delivered' and status_before != status_after) then 'new'
                    when status_before = 'P' then 'provisional'
                    when 'Q' in (status_before, status_after) then 'protection'
                    when {moved if are_areas_known else "false"} then 'areas'
                    when status_before = 'I' and main_after is not null and (status_after != 'I' or is_less_carried_forward)
                        then 'carried_forward'
                    when reason_before = 'not_answered' and main_after is not null then 'late'
                    else 'unknown'
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
            -- Without the noise of binary fractions.
            case when not is_hidden then round(main_after - main_before, 10) end,
            null,
            status_before, status_after,
            is_constructed, cause, unit_level, unit_code, unit_name, area_basis, dimensions, is_total, origin
        from changed
        """
    )


def public_revisions(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the revisions as they are published, in the order of their key."""
    return connection.execute(
        "select table_name, key, time_period, value_before, value_after, size, revision_class, status_before, status_after, "
        "is_constructed from revisions order by table_name, key, time_period nulls first"
    ).to_arrow_table()


# Amounts and persons are asked about the calendar year before the form's.
_YEAR_BEFORE = ("amounts", "person_estimates")

# Tables that sum up the FTE by service.
_OF_FTE = ("fte_by_reporting_form", "fte_distribution", "real_change", "response")


def is_about(correction: str) -> str:
    """Return the SQL condition that a revision is about the subject of a correction, in its year."""
    return f"""(
        (
            revisions.table_name = {correction}.subject
            or (list_contains(revisions.dimensions, 'indicator=' || {correction}.subject))
        )
        and revisions.time_period
        = {correction}.time_period - case when revisions.table_name in {_YEAR_BEFORE} then 1 else 0 end
    )"""


# What accounts for a changed figure: a correction reaches the figures of its subject and year; one of FTE also what is
# summed from them, by changes from year to year those of the next, and all that is carried forward from its year.
_ACCOUNTED = f"""exists (
    select 1 from notices
    where
        {is_about("notices")}
        or (
            starts_with(notices.subject, 'fte_')
            and (revisions.table_name = notices.subject or revisions.table_name in {_OF_FTE})
            and (
                revisions.time_period in (notices.time_period, notices.time_period + 1)
                or revisions.origin = notices.time_period
            )
        )
)"""


def attribute_sums(connection: duckdb.DuckDBPyConnection, after: dict[str, Any]) -> None:
    """Set the cause of changed sums from the changes of their units, where these are public.

    A sum that includes a figure with an unexplained change is not explained either.
    """
    levels = {
        "health_region": "health_region",
        "hf_area": "hf_code",
        "county": "county_code",
        "size_group": "size_group",
    }
    needed = {"time_period", "area_basis", "unit_level", "unit_code", "municipality_code", *levels.values()}
    if not needed <= set(after.get("areas", {})):
        return
    units = f"select * from after.main.areas where unit_level in {UNITS}"
    places = " union all ".join(
        f"select time_period, area_basis, '{level}' as unit_level, {column} as unit_code, unit_code as member_code "
        "from units"
        for level, column in levels.items()
    )
    slice_of = "regexp_replace(key, 'unit_(level|code)=[^|]*', '', 'g')"
    connection.execute(
        f"""
        create temp table attributed as
        with units as ({units}),

        divided as (
            select distinct time_period, area_basis, municipality_code from units where unit_level != 'municipality'
        ),

        places as (
            {places}
            union all
            select time_period, area_basis, 'country', '0', unit_code from units
            union all
            select time_period, area_basis, 'municipality', municipality_code, unit_code from units
            where unit_level != 'municipality'
        ),

        parts as (
            select *, {slice_of} as slice from revisions
            where unit_level in {UNITS} and (time_period, area_basis, unit_code) not in (from divided)
        ),

        sums as (
            select *, {slice_of} as slice from revisions
            where cause in ('unknown', 'carried_forward', 'late')
                and (unit_level not in {UNITS} or (time_period, area_basis, unit_code) in (from divided))
        )

        select
            sums.table_name, sums.key,
            case
                when bool_or(parts.cause not in ('carried_forward', 'late')) then 'unknown'
                when bool_or(parts.cause = 'carried_forward') then 'carried_forward'
                else 'late'
            end as cause,
            min(parts.origin) as origin
        from sums
        inner join places
            on places.time_period = sums.time_period and places.area_basis = sums.area_basis
            and places.unit_level = sums.unit_level and places.unit_code = sums.unit_code
        inner join parts
            on parts.table_name = sums.table_name and parts.slice = sums.slice and parts.unit_code = places.member_code
        group by sums.table_name, sums.key
        """
    )
    connection.execute(
        "update revisions set cause = attributed.cause, origin = coalesce(attributed.origin, revisions.origin) "
        "from attributed where revisions.table_name = attributed.table_name and revisions.key = attributed.key"
    )


def attribute(connection: duckdb.DuckDBPyConnection, *, knows_deliveries: bool) -> None:
    """Set the cause of changed figures that do not explain their change themselves.

    A correction explains a change, or a late answer: it explains the figures that count or sum it, in years in which more
    units have answered than before. Otherwise the cause is that the year's files or its form map changed. If none of this
    applies, the reason of the change is not recorded.

    Args:
        connection: both snapshots, and the revisions.
        knows_deliveries: whether both state the files and form maps that their years were made from.
    """
    connection.execute(f"update revisions set cause = 'error' where cause = 'unknown' and {_ACCOUNTED}")
    connection.execute(
        f"""
        update revisions set cause = 'late'
        where cause = 'unknown' and (
            table_name in {_OF_FTE} or table_name not in (select table_name from revisions where unit_level in {UNITS})
        ) and exists (
            select 1 from revisions as responses
            where responses.table_name = 'response' and responses.size > 0
                and (
                    responses.time_period
                    = revisions.time_period + case when revisions.table_name in {_YEAR_BEFORE} then 1 else 0 end
                    or (revisions.table_name in {_OF_FTE} and responses.time_period = revisions.time_period - 1)
                )
        )
        """
    )
    if knows_deliveries:
        connection.execute(
            """
            create temp table remade as
            select
                newer.time_period,
                -- Where the form changed, other files may be read otherwise, too.
                case when bool_or(older.form_sha256 != newer.form_sha256) then 'form' else 'delivery' end as cause
            from before.main.deliveries as older
            inner join after.main.deliveries as newer using (form)
            where older.form_sha256 != newer.form_sha256 or older.sha256 != newer.sha256
            group by newer.time_period
            """
        )
        connection.execute(
            f"""
            update revisions set cause = remade.cause from remade
            where revisions.cause = 'unknown' and (
                remade.time_period
                = revisions.time_period + case when revisions.table_name in {_YEAR_BEFORE} then 1 else 0 end
                or remade.time_period = revisions.origin
                -- Changes from year to year, and what is carried forward.
                or (
                    (revisions.table_name in {_OF_FTE} or starts_with(revisions.table_name, 'fte_'))
                    and remade.time_period = revisions.time_period - 1
                )
            )
            """
        )
    connection.execute(
        """
        update revisions set revision_class = case
            when cause in ('new', 'removed', 'error', 'late', 'delivery', 'form') then cause
            when cause = 'unknown' then 'unexplained'
            else 'planned'
        end
        """
    )
