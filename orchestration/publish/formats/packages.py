"""A workbook for each county: the FTE of its municipalities, as the county governors get them.

Belongs here: which units belong to a county, and the overview for people. Does not belong here: how long sheets are written
(``sheets``), or figures of areas above the municipality other than the county's and the country's row of the overview.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.core.tables import STATUS_COLUMN, Label, Table
from orchestration.core.texts import filled
from orchestration.core.workbooks import (
    DARK,
    HEAD_FILL,
    MARKED,
    MARKED_HEAD_FILL,
    QUIET,
    WRAPPED_HEAD_HEIGHT,
    font,
    put,
    put_head,
    set_widths,
)
from orchestration.publish.formats import Format, Job, sheets
from orchestration.publish.formats.sheets import TEXTS, ReadMe, both
from orchestration.publish.release import Release

# What is public of a single municipality, district or agency; nothing else is.
MUNICIPAL_TABLES = ("fte_by_service", "fte_by_education", "fte_by_pathway")

AREAS, CHANGES, BREAKS = "areas", "area_changes", "series_breaks"

# A table of the connection's own: the rows of a county, by area and year.
MEMBERS = "members_of_county"

# The table, its two measures and the row of each unit and year that the overview shows.
OVERVIEW = "fte_by_service"
OVERVIEW_MEASURES = ("fte", "fte_per_10000")
OVERVIEW_ROW = "area_basis = 'current' and target_group = 'total' and service_type = 'total'"

# Order of the rows of the overview; the last two come below a line.
OVERVIEW_LEVELS = ("municipality", "city_district", "agency", "county", "country")
ABOVE_MUNICIPALITIES = ("county", "country")

# Statuses of a missing figure where no row says it: no row of the year, and a rate of a unit that has no inhabitants.
NO_ROW, NO_RATE = "O", "M"
NO_SIGN = ".."

# Columns A and B have code and name. A figure leaves the room of a letter behind it, so that decimals stand in line.
FIRST_YEAR = 3
NO_LETTER = "_ _E"

# Statuses of figures that are marked, with their colours; the letter says it without colours too.
NORMAL = "A"
_MARK_FILLS = {"I": "D6E6F5", "E": "FFF1C9", "P": "E4EFDC", "U": "F6DEDE"}
_THICK, _THIN = Side(style="thick", color=MARKED), Side(style="thin", color="5B7798")


@dataclass(frozen=True)
class Predecessor:
    """A municipality of which one of today's was made, whole or in part; ``last`` is its last year."""

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


@dataclass(frozen=True)
class Figure:
    """The figures of a unit and year in the overview."""

    values: tuple[float | None, ...]
    status: str


@dataclass(frozen=True)
class Unit:
    """A row of the overview."""

    level: str
    code: str
    name: str
    figures: Mapping[int, Figure]


@dataclass(frozen=True)
class Overview:
    """What the overview shows: units in order, all years, and the years that a break lies before with their reasons."""

    table: Table
    units: tuple[Unit, ...]
    years: tuple[int, ...]
    break_years: frozenset[int]
    reasons: tuple[tuple[int, Label], ...]


def jobs(connection: duckdb.DuckDBPyConnection, tables: list[Table], release: Release, folder: Path) -> list[Job]:
    """Return what writes ``<county code>.xlsx`` for each county of the newest areas; none where areas are not in ``tables``.

    Each is called with a connection that sees the same tables, by any thread.
    """
    by_name = {table.name: table for table in tables}
    if AREAS not in by_name:
        return []
    municipal = [by_name[name] for name in MUNICIPAL_TABLES if name in by_name]

    def write_county(connection: duckdb.DuckDBPyConnection, county: County) -> None:
        overview = None
        if OVERVIEW in by_name:
            overview = _read_overview(connection, by_name[OVERVIEW], county, has_breaks=BREAKS in by_name)
        with _members(connection, county, has_changes=CHANGES in by_name):
            _write_county(connection, municipal, release, county, overview, folder / f"{county.code}.xlsx")

    return [partial(write_county, county=county) for county in _counties(connection, has_changes=CHANGES in by_name)]


def _write_county(
    connection: duckdb.DuckDBPyConnection,
    municipal: Sequence[Table],
    release: Release,
    county: County,
    overview: Overview | None,
    path: Path,
) -> None:
    title = filled(TEXTS["package_title"], county=county.name, title=release.catalogue.title)
    chosen = [
        sheets.plan_sheet(
            connection,
            table,
            f'select * from "{table.name}" semi join {MEMBERS} using (area_basis, unit_level, unit_code, time_period)',
            release,
        )
        for table in municipal
    ]

    def fill_front(book: Workbook) -> None:
        read_me = ReadMe(book, title, release)
        read_me.about(filled(TEXTS["package_content"], county=county.name), TEXTS["package_units"])
        read_me.section(TEXTS["sheets"], TEXTS["rows"])
        if overview:
            read_me.line(TEXTS["overview"].nb, TEXTS["overview_content"], link=TEXTS["overview"].nb)
            _fill_overview(book.create_sheet(TEXTS["overview"].nb), overview, title, release)
        for sheet in chosen:
            table = sheet.table
            parts = [filled(TEXTS["column"], title=table.title, description=table.description)]
            parts += [table.method] if table.method else []
            text = sheets.sentences([*parts, *sheets.limits(sheet)])
            read_me.line(table.name, text, sheet.rows, link=table.name)
        read_me.reading()
        read_me.section(TEXTS["units"])
        for code, name in county.municipalities:
            read_me.line(f"{code} {name}", _made_of(county.predecessors.get(code, ())))
        read_me.codes()
        read_me.columns([sheet.table for sheet in chosen])

    sheets.write_book(connection, path, release, title, chosen, fill_front)


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
    """Give the connection the table ``MEMBERS`` of a county for the length of a ``with`` block.

    Found once, and so well known that DuckDB reads of the tables little else than the rows of the county.
    """
    connection.execute(f"create temp table {MEMBERS} as {_members_sql(county.code, has_changes=has_changes)}")
    try:
        yield
    finally:
        connection.execute(f"drop table {MEMBERS}")


def _lines_sql(has_changes: bool) -> str:
    """Return SQL of ``lines``: today's municipalities and, back through the changes, what they were made of.

    ``before`` is the year from which a predecessor is gone; changes after the newest areas do not count.
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


# The overview.


def _read_overview(connection: duckdb.DuckDBPyConnection, table: Table, county: County, *, has_breaks: bool) -> Overview:
    """Return the figures of a county's units, of the county and of the country."""
    measures = ", ".join(OVERVIEW_MEASURES)
    rows = connection.execute(
        f"""
        select unit_level, unit_code, unit_name, time_period, series_break, {STATUS_COLUMN}, {measures}
        from "{OVERVIEW}"
        where {OVERVIEW_ROW} and (
            unit_level = 'country' or (unit_level = 'county' and unit_code = $county)
            or (unit_level, unit_code) in (
                select (unit_level, unit_code) from "{AREAS}"
                where area_basis = 'current' and county_code = $county
                and unit_level in ('municipality', 'city_district', 'agency')
            )
        )
        order by list_position($levels, unit_level), unit_code, time_period
        """,
        {"county": county.code, "levels": list(OVERVIEW_LEVELS)},
    ).fetchall()
    units = []
    for (level, code), group in groupby(rows, key=lambda row: (str(row[0]), str(row[1]))):
        own = list(group)
        figures = {row[3]: Figure(values=tuple(row[6:]), status=row[5]) for row in own}
        units.append(Unit(level=level, code=code, name=own[-1][2], figures=figures))
    break_years = frozenset(row[3] for row in rows if row[4])
    reasons = []
    if has_breaks:
        reasons = connection.execute(
            f"""
            select time_period, description_nb, description_en from "{BREAKS}"
            where indicator = '{OVERVIEW}' order by time_period, kind
            """
        ).fetchall()
    return Overview(
        table=table,
        units=tuple(units),
        years=tuple(sorted({row[3] for row in rows})),
        break_years=break_years,
        reasons=tuple((year, Label(nb=nb, en=en)) for year, nb, en in reasons if year in break_years),
    )


def _fill_overview(target: Worksheet, overview: Overview, title: Label, release: Release) -> None:
    """Write title, notice, years, a block for each measure, and what signs and marks mean."""
    sheets.set_printing(target, title.nb, release)
    target.sheet_view.showGridLines = False
    set_widths(target, [9, 26, *[10] * len(overview.years)])
    _text(target, 1, title.nb, font(bold=True, size=14, color=DARK))
    _text(target, 2, both(TEXTS["overview_note"]), font(italic=True, color=QUIET))
    row = 3
    for text in (release.notice.nb, release.notice.en) if release.notice else ():
        for place in range(1, len(overview.years) + FIRST_YEAR):
            target.cell(row, place).fill = sheets.NOTICE_FILL
        _text(target, row, text, font(bold=True, color=sheets.NOTICE_COLOUR))
        row += 1
    _fill_years(target, row, overview)
    target.freeze_panes = target.cell(row + 1, FIRST_YEAR)
    target.print_title_rows = f"{row}:{row}"
    used: set[str] = set()
    looks = _Looks()
    for place in range(len(OVERVIEW_MEASURES)):
        if place:
            target.row_breaks.append(Break(id=row))
        row = _fill_block(target, row + 1, overview, place, release, used, looks)
    _fill_marks(target, row + 2, overview, used, release)


def _text(target: Worksheet, row: int, text: str, style: Font, place: int = 1) -> None:
    """Write a text that runs over the empty cells to its right."""
    cell = target.cell(row, place)
    put(cell, text)
    cell.font = style


def _fill_years(target: Worksheet, row: int, overview: Overview) -> None:
    heads: list[str | int] = [both(TEXTS["code"]), both(TEXTS["unit_name"]), *overview.years]
    for place, value in enumerate(heads, start=1):
        cell = target.cell(row, place)
        is_break = value in overview.break_years
        side = "left" if place < FIRST_YEAR else "right"
        put_head(cell, value, side, fill=MARKED_HEAD_FILL if is_break else HEAD_FILL, wrap=True)
        cell.border = Border(left=_THICK if is_break else None)
        if place >= FIRST_YEAR:
            cell.number_format = f"0{NO_LETTER}"
    target.row_dimensions[row].height = WRAPPED_HEAD_HEIGHT


@dataclass(frozen=True)
class _NameLook:
    """The look of a unit's code and name in the overview."""

    is_above: bool
    has_line: bool

    def put_on(self, cell: Cell) -> None:
        """Format a cell."""
        cell.font = font(bold=self.is_above)
        cell.border = Border(top=_THIN if self.has_line else None)


@dataclass(frozen=True)
class _FigureLook:
    """The look of a figure with the mark of its status, or of the sign of a missing one."""

    number_format: str
    mark: str | None
    is_above: bool
    has_line: bool
    is_break: bool

    def put_on(self, cell: Cell) -> None:
        """Format a cell."""
        cell.number_format = self.number_format
        cell.font = font(bold=self.is_above, italic=self.mark is not None)
        if self.mark:
            cell.fill = PatternFill("solid", start_color=_MARK_FILLS[self.mark])
        cell.alignment = Alignment(horizontal="right")
        cell.border = Border(top=_THIN if self.has_line else None, left=_THICK if self.is_break else None)


class _Looks:
    """The looks of a workbook's cells, each made once: to make one takes many times as long as to give it to a cell."""

    def __init__(self) -> None:
        self._made: dict[tuple[_NameLook | _FigureLook, bool], Any] = {}

    def give(self, cell: Cell, look: _NameLook | _FigureLook) -> None:
        """Give a look to a cell, which has its value already: a text that looks like a formula is marked by its look too."""
        key = (look, bool(cell.quotePrefix))
        if key in self._made:
            cell._style = copy(self._made[key])
        else:
            look.put_on(cell)
            self._made[key] = cell._style


def _fill_block(
    target: Worksheet, row: int, overview: Overview, measure: int, release: Release, used: set[str], looks: _Looks
) -> int:
    """Write the figures of a measure under its name; return the last row and add to ``used`` the statuses shown."""
    column = overview.table.column(OVERVIEW_MEASURES[measure])
    for place in range(1, len(overview.years) + FIRST_YEAR):
        target.cell(row, place).fill = sheets.SECTION_FILL
    _text(target, row, both(column.title), font(bold=True, color=DARK))
    shown = sheets.number_format(column)
    country = next((unit for unit in overview.units if unit.level == "country"), None)
    line_drawn = False
    for unit in overview.units:
        row += 1
        is_above = unit.level in ABOVE_MUNICIPALITIES
        has_line = is_above and not line_drawn
        line_drawn = line_drawn or is_above
        for place, text in enumerate((unit.code, unit.name), start=1):
            cell = target.cell(row, place)
            put(cell, text)
            looks.give(cell, _NameLook(is_above, has_line))
        for place, year in enumerate(overview.years, start=FIRST_YEAR):
            figure = unit.figures.get(year) or _absent(country, year)
            cell = target.cell(row, place)
            value, status = figure.values[measure], _shown_status(figure, measure)
            used.add(status)
            if value is None:
                put(cell, _sign(status, release))
                mark = None
                # The sign stands where the numbers end, before the room for a letter.
                number_format = f"{shown};{shown};{shown};@{NO_LETTER}"
            else:
                put(cell, value)
                mark = status if status in _MARK_FILLS else None
                number_format = shown + (f'" {mark}"' if mark else NO_LETTER)
            looks.give(cell, _FigureLook(number_format, mark, is_above, has_line, year in overview.break_years))
    return row


def _shown_status(figure: Figure, measure: int) -> str:
    """Return the status of a figure; a measure that is missing beside the main one has no rate."""
    return NO_RATE if figure.values[measure] is None and figure.values[0] is not None else figure.status


def _absent(country: Unit | None, year: int) -> Figure:
    """Return what a unit has in a year without a row of it: what the country has where that is missing too."""
    whole = country.figures.get(year) if country else None
    status = whole.status if whole and whole.values[0] is None else NO_ROW
    return Figure(values=(None,) * len(OVERVIEW_MEASURES), status=status)


def _sign(status: str, release: Release) -> str:
    code = release.codes.get(STATUS_COLUMN, {}).get(status)
    return (code.sign if code else None) or NO_SIGN


def _fill_marks(target: Worksheet, row: int, overview: Overview, used: set[str], release: Release) -> None:
    """Write below the figures what the signs and marks in them mean, and why there are breaks."""
    _text(target, row, both(TEXTS["marks"]), font(bold=True, color=DARK))
    codes = release.codes.get(STATUS_COLUMN, {})
    for status in [*codes, *sorted(used - set(codes))]:
        if status not in used or status == NORMAL:
            continue
        row += 1
        cell = target.cell(row, 1)
        put(cell, status if status in _MARK_FILLS else _sign(status, release))
        cell.font = font(italic=status in _MARK_FILLS, bold=True)
        cell.alignment = Alignment(horizontal="center")
        if status in _MARK_FILLS:
            cell.fill = PatternFill("solid", start_color=_MARK_FILLS[status])
        _text(target, row, both(release.label(STATUS_COLUMN, status)), font(), place=2)
    if overview.break_years:
        row += 1
        target.cell(row, 1).border = Border(left=_THICK)
        _text(target, row, both(TEXTS["mark_break"]), font(), place=2)
    for year, reason in overview.reasons:
        row += 1
        cell = target.cell(row, 1)
        put(cell, year)
        cell.font, cell.alignment = font(bold=True), Alignment(horizontal="center")
        _text(target, row, reason.nb, font(), place=2)
        row += 1
        _text(target, row, reason.en, font(italic=True, color=QUIET), place=2)


FORMAT = Format(jobs)
