"""A workbook for each county: the FTE of its municipalities, as the county governors get them.

Belongs here: which units belong to a county, and what its read-me sheet says about them and about breaks. Does not belong
here: the overview for people (``overview``), how long sheets are written (``sheets``), or figures of areas above the
municipality other than the county's and the country's row of the overview.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import duckdb
from openpyxl import Workbook

from orchestration.core.tables import Label, Table
from orchestration.core.texts import filled
from orchestration.publish import remarks
from orchestration.publish.formats import Format, Job, KeepPart, sheets
from orchestration.publish.formats.metadata import caution_of
from orchestration.publish.formats.overview import AREAS, OVERVIEW, Overview, fill_overview, read_overview
from orchestration.publish.formats.sheets import TEXTS, ReadMe
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import BREAKS

# What is public about a single municipality, district or agency; nothing else is.
MUNICIPAL_TABLES = ("fte_by_service", "fte_by_education", "fte_by_pathway")

CHANGES = "area_changes"

# A temporary table of the connection: the rows of a county, by area and year.
MEMBERS = "members_of_county"


@dataclass(frozen=True)
class Predecessor:
    """A municipality that became, in whole or in part, one of today's; ``last`` is its last year."""

    code: str
    name: str
    last: int
    is_part: bool


@dataclass(frozen=True)
class County:
    """A county of the newest areas, its municipalities (code and name), and what each municipality was made of."""

    code: str
    name: str
    municipalities: tuple[tuple[str, str], ...]
    predecessors: Mapping[str, tuple[Predecessor, ...]]


def jobs(connection: duckdb.DuckDBPyConnection, tables: list[Table], release: Release) -> list[Job]:
    """Return the jobs that write ``packages/<county code>.xlsx`` for each county of the newest areas; none without areas.

    Each is called with a connection that sees the same tables, by any thread.
    """
    by_name = {table.name: table for table in tables}
    if AREAS not in by_name:
        return []
    municipal = [by_name[name] for name in MUNICIPAL_TABLES if name in by_name]

    def write_county(connection: duckdb.DuckDBPyConnection, folder: Path, keep: KeepPart, code: str) -> None:
        # Read again: everything that decides the bytes is read with the job's own connection, which records it.
        (county,) = (each for each in _counties(connection, has_changes=CHANGES in by_name) if each.code == code)
        overview = None
        if OVERVIEW in by_name:
            overview = read_overview(connection, by_name[OVERVIEW], county.code, release, has_breaks=BREAKS in by_name)
        with _members(connection, county, has_changes=CHANGES in by_name):
            path = folder / "packages" / f"{code}.xlsx"
            path.parent.mkdir(exist_ok=True)
            _write_county(connection, municipal, release, county, overview, path, keep)

    return [
        Job(f"packages/{county.code}", partial(write_county, code=county.code))
        for county in _counties(connection, has_changes=CHANGES in by_name)
    ]


def _write_county(
    connection: duckdb.DuckDBPyConnection,
    municipal: Sequence[Table],
    release: Release,
    county: County,
    overview: Overview | None,
    path: Path,
    keep: KeepPart,
) -> None:
    title = filled(TEXTS["package_title"], county=county.name, title=release.catalogue.title)
    chosen = [
        sheets.plan_sheet(
            connection,
            table,
            release,
            f"semi join {MEMBERS} using (area_basis, unit_level, unit_code, time_period)",
            f"semi join {MEMBERS} using (area_basis, unit_level, unit_code)",
        )
        for table in municipal
    ]

    breaks = _breaks(connection, municipal, release)

    def fill_front(book: Workbook) -> None:
        read_me = ReadMe(book, title, release)
        read_me.about(filled(TEXTS["package_content"], county=county.name), TEXTS["package_units"])
        read_me.section(TEXTS["sheets"], TEXTS["rows"])
        if overview:
            read_me.line(TEXTS["overview"].nb, TEXTS["overview_content"], link=TEXTS["overview"].nb)
            fill_overview(book.create_sheet(TEXTS["overview"].nb), overview, title, release)
        for sheet in chosen:
            table = sheet.table
            parts = [filled(TEXTS["column"], title=table.title, description=table.description)]
            parts += [text for text in (caution_of(table), table.method) if text]
            text = sheets.sentences([*parts, *sheets.limits(sheet)])
            read_me.line(table.name, text, sheet.rows, link=table.name)
        read_me.reading()
        read_me.section(TEXTS["units"])
        for code, name in county.municipalities:
            read_me.line(f"{code} {name}", _made_of(county.predecessors.get(code, ())))
        if breaks:
            read_me.section(TEXTS["package_breaks"])
            for head, text in breaks:
                read_me.line(head, text)
        read_me.codes()
        read_me.columns([sheet.table for sheet in chosen])

    sheets.write_book(connection, path, release, title, chosen, fill_front, keep)


def _breaks(connection: duckdb.DuckDBPyConnection, municipal: Sequence[Table], release: Release) -> list[tuple[str, Label]]:
    """Return the breaks of the tables by year with their kind, then the municipalities whose boundaries moved."""
    found: list[tuple[str, Label]] = []
    if remarks.has_table(connection, BREAKS):
        for table, year, kind, comparable, nb, en in connection.execute(
            f"""
            select indicator, time_period, kind, comparable_before, description_nb, description_en from {BREAKS}
            where list_contains($tables, indicator) and not list_contains($others, kind) order by all
            """,
            {"tables": [table.name for table in municipal], "others": list(remarks.NO_BREAKS)},
        ).fetchall():
            head = filled(TEXTS["break_of"], table=table, year=year, kind=release.label("break_kind", kind)).nb
            text = TEXTS["break_comparable" if comparable else "break_apart"]
            found.append((head, filled(text, how=Label(nb=nb, en=en))))
    if remarks.has_table(connection, remarks.AREA_BREAKS):
        for code, name, year, nb, en in connection.execute(
            f"""
            select unit_code, unit_name, time_period, description_nb, description_en from {remarks.AREA_BREAKS}
            semi join (from {MEMBERS} where area_basis = 'reported') using (unit_level, unit_code, time_period) order by all
            """
        ).fetchall():
            found.append((filled(TEXTS["area_moved"], code=code, name=name, year=year).nb, Label(nb=nb, en=en)))
    return found


def _made_of(predecessors: Sequence[Predecessor]) -> Label:
    if not predecessors:
        return TEXTS["no_predecessors"]
    each = [
        filled(TEXTS["predecessor_part" if each.is_part else "predecessor"], code=each.code, name=each.name, year=each.last)
        for each in predecessors
    ]
    return filled(
        TEXTS["predecessors"],
        units=Label(nb=", ".join(text.nb for text in each), en=", ".join(text.en for text in each)),
    )


# Which units belong to a county.


@contextmanager
def _members(connection: duckdb.DuckDBPyConnection, county: County, *, has_changes: bool) -> Iterator[None]:
    """Give the connection the table ``MEMBERS`` of a county for a ``with`` block.

    It is computed once, so that DuckDB reads little more of the tables than the rows of the county.
    """
    connection.execute(f"create temp table {MEMBERS} as {_members_sql(county.code, has_changes=has_changes)}")
    try:
        yield
    finally:
        connection.execute(f"drop table {MEMBERS}")


def _lines_sql(has_changes: bool) -> str:
    """Return SQL of ``lines``: today's municipalities and, back through the changes, what they were made of.

    ``before`` is the year from which a predecessor no longer exists; changes after the newest areas do not count.
    """
    back = (
        f"""
        union
        select
            lines.county_code, lines.today, changes.old_code, changes.change_year,
            lines.is_part or changes.change_type = 'split'
        from lines
        inner join "{CHANGES}" as changes
            on lines.code = changes.new_code and changes.change_year <= lines.before
        """
        if has_changes
        else ""
    )
    return f"""
        newest as (select max(time_period) as time_period from "{AREAS}" where area_basis = 'current'),
        today as (
            select areas.* from "{AREAS}" as areas inner join newest using (time_period)
            where areas.area_basis = 'current'
        ),
        lines (county_code, today, code, before, is_part) as (
            select county_code, unit_code, unit_code, time_period, false from today
            where unit_level = 'municipality' and county_code is not null
            {back}
        ),
        predecessors as (
            select distinct
                lines.county_code, lines.today, areas.unit_code, areas.unit_name, areas.time_period, lines.is_part
            from lines
            inner join "{AREAS}" as areas
                on lines.code = areas.unit_code
                and areas.unit_level = 'municipality'
                and areas.area_basis = 'reported'
                and areas.time_period < lines.before
        )
    """


def _members_sql(county: str, *, has_changes: bool) -> str:
    """Return SQL of the units of a county: basis, level, code and year."""
    code = county.replace("'", "''")
    return f"""
        with recursive {_lines_sql(has_changes)}
        select area_basis, unit_level, unit_code, time_period
        from "{AREAS}"
        where county_code = '{code}' and unit_level in ('municipality', 'city_district', 'agency')
        union
        select 'reported', 'municipality', unit_code, time_period from predecessors where county_code = '{code}'
    """


def _counties(connection: duckdb.DuckDBPyConnection, *, has_changes: bool) -> list[County]:
    """Return the counties of the newest areas with their municipalities, in the order of their codes."""
    lines = _lines_sql(has_changes)
    counties = connection.execute(
        f"with recursive {lines} select unit_code, unit_name from today where unit_level = 'county' order by 1"
    ).fetchall()
    municipalities = connection.execute(
        f"""
        with recursive {lines}
        select county_code, unit_code, unit_name from today
        where unit_level = 'municipality' and county_code is not null order by 1, 2
        """
    ).fetchall()
    # The newest name under each code that is not today's.
    earlier = connection.execute(
        f"""
        with recursive {lines}
        select today, unit_code, arg_max(unit_name, time_period), max(time_period), bool_and(is_part)
        from predecessors where unit_code != today group by 1, 2 order by 1, 4, 2
        """
    ).fetchall()
    predecessors = {
        today: tuple(Predecessor(*row[1:]) for row in rows) for today, rows in groupby(earlier, key=lambda row: str(row[0]))
    }
    return [
        County(
            code=code,
            name=name,
            municipalities=tuple((unit, unit_name) for home, unit, unit_name in municipalities if home == code),
            predecessors=predecessors,
        )
        for code, name in counties
    ]


FORMAT = Format(jobs)
