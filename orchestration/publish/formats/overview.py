"""The overview of a county's workbook: its municipalities by year, for people.

Belongs here: which figures it shows, and how it shows them with their statuses, breaks, notes and coverage. Does not belong
here: which units belong to a county (``packages``), or how long sheets are written (``sheets``).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import duckdb
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
from orchestration.publish import remarks
from orchestration.publish.formats import sheets
from orchestration.publish.formats.sheets import TEXTS, both
from orchestration.publish.publication_metadata import Release, spans
from orchestration.publish.remarks import BREAKS, COVERAGE_COLUMN, NOTE_COLUMN

AREAS = "areas"

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

# Columns A and B have code and name. A figure leaves room for a letter and a star, so that decimals align.
FIRST_YEAR = 3
NO_LETTER, NO_STAR = "_ _E", "_*"
# After a figure with a note below.
STAR = "*"

# Statuses of figures that are marked, with their colours; the letter is enough without colours.
NORMAL = "A"
_MARK_FILLS = {"I": "D6E6F5", "E": "FFF1C9", "P": "E4EFDC", "U": "F6DEDE"}
_THICK, _THIN = Side(style="thick", color=MARKED), Side(style="thin", color="5B7798")


@dataclass(frozen=True)
class Figure:
    """The figures of a unit and year in the overview; ``coverage`` is empty where it is not known."""

    values: tuple[float | None, ...]
    status: str
    notes: tuple[Label, ...] = ()
    coverage: float | None = None

    @property
    def is_partial(self) -> bool:
        """Whether it does not cover all inhabitants."""
        return self.coverage is not None and self.coverage < 1


@dataclass(frozen=True)
class Unit:
    """A row of the overview."""

    level: str
    code: str
    name: str
    figures: Mapping[int, Figure]


@dataclass(frozen=True)
class Overview:
    """What the overview shows: units in order, all years, and the years after a break with their reasons."""

    table: Table
    units: tuple[Unit, ...]
    years: tuple[int, ...]
    break_years: frozenset[int]
    reasons: tuple[tuple[int, Label], ...]


def read_overview(
    connection: duckdb.DuckDBPyConnection, table: Table, county: str, release: Release, *, has_breaks: bool
) -> Overview:
    """Return the figures of a county's units, of the county and of the country.

    Args:
        connection: sees the public tables.
        table: the one with the figures.
        county: its code.
        release: labels of notes and of kinds of breaks.
        has_breaks: whether there is a table of breaks.
    """
    measures = ", ".join(OVERVIEW_MEASURES)
    rows = connection.execute(
        f"""
        select unit_level, unit_code, unit_name, time_period, series_break,
            {STATUS_COLUMN}, {NOTE_COLUMN}, {COVERAGE_COLUMN}, {measures}
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
        {"county": county, "levels": list(OVERVIEW_LEVELS)},
    ).fetchall()
    units = []
    for (level, code), group in groupby(rows, key=lambda row: (str(row[0]), str(row[1]))):
        own = list(group)
        figures = {
            year: Figure(tuple(values), status, tuple(remarks.notes_of(note, release)), coverage)
            for _, _, _, year, _, status, note, coverage, *values in own
        }
        units.append(Unit(level=level, code=code, name=own[-1][2], figures=figures))
    break_years = frozenset(row[3] for row in rows if row[4])
    reasons = []
    if has_breaks:
        reasons = connection.execute(
            f"""
            select time_period, kind, description_nb, description_en from "{BREAKS}"
            where indicator = '{OVERVIEW}' order by time_period, kind
            """
        ).fetchall()
    return Overview(
        table=table,
        units=tuple(units),
        years=tuple(sorted({row[3] for row in rows})),
        break_years=break_years,
        reasons=tuple(
            (year, filled(TEXTS["break_reason"], kind=release.label("break_kind", kind), how=Label(nb=nb, en=en)))
            for year, kind, nb, en in reasons
            if year in break_years
        ),
    )


def fill_overview(target: Worksheet, overview: Overview, title: Label, release: Release) -> None:
    """Write title, notice, years, a block for each measure, and what signs and marks mean."""
    sheets.set_printing(target, title.nb, release)
    target.sheet_view.showGridLines = False
    set_widths(target, [9, 26, *[12] * len(overview.years)])
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
    row = _fill_marks(target, row + 2, overview, used, release)
    if STAR in used:
        _fill_notes(target, row + 2, overview)


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
            cell.number_format = f"0{NO_LETTER}{NO_STAR}"
    target.row_dimensions[row].height = WRAPPED_HEAD_HEIGHT


@dataclass(frozen=True)
class _NameLook:
    """The look of a unit's code and name in the overview."""

    is_above: bool
    has_line: bool

    def apply(self, cell: Cell) -> None:
        """Format a cell."""
        cell.font = font(bold=self.is_above)
        cell.border = Border(top=_THIN if self.has_line else None)


@dataclass(frozen=True)
class _FigureLook:
    """The look of a figure with the mark of its status, or of the sign for a missing figure."""

    number_format: str
    mark: str | None
    is_above: bool
    has_line: bool
    is_break: bool

    def apply(self, cell: Cell) -> None:
        """Format a cell."""
        cell.number_format = self.number_format
        cell.font = font(bold=self.is_above, italic=self.mark is not None)
        if self.mark:
            cell.fill = PatternFill("solid", start_color=_MARK_FILLS[self.mark])
        cell.alignment = Alignment(horizontal="right")
        cell.border = Border(top=_THIN if self.has_line else None, left=_THICK if self.is_break else None)


class _Looks:
    """The looks of a workbook's cells, each made once: making one takes many times as long as applying it to a cell."""

    def __init__(self) -> None:
        self._made: dict[tuple[_NameLook | _FigureLook, bool], Any] = {}

    def give(self, cell: Cell, look: _NameLook | _FigureLook) -> None:
        """Apply a look to a cell that already has its value: a text that looks like a formula is marked by its look too."""
        key = (look, bool(cell.quotePrefix))
        if key in self._made:
            cell._style = copy(self._made[key])
        else:
            look.apply(cell)
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
            mark, star = None, ""
            if value is None:
                put(cell, _sign(status, release))
                # The sign is where the numbers end, before the room for a letter.
                number_format = f"{shown};{shown};{shown};@{NO_LETTER}{NO_STAR}"
            else:
                put(cell, value)
                mark = status if status in _MARK_FILLS else None
                if figure.notes or figure.is_partial:
                    star = STAR
                    used.add(STAR)
                number_format = shown + _behind(mark, star)
            looks.give(cell, _FigureLook(number_format, mark, is_above, has_line, year in overview.break_years))
    return row


def _behind(mark: str | None, star: str) -> str:
    """Return the end of a number format: the letter and the star, or the room for them."""
    if mark:
        return f'" {mark}{star}"' + ("" if star else NO_STAR)
    return NO_LETTER + (f'"{star}"' if star else NO_STAR)


def _shown_status(figure: Figure, measure: int) -> str:
    """Return the status of a figure; a measure that is missing beside the main one has no rate."""
    return NO_RATE if figure.values[measure] is None and figure.values[0] is not None else figure.status


def _absent(country: Unit | None, year: int) -> Figure:
    """Return the figure of a unit without a row in a year: the country's status if that is missing too."""
    whole = country.figures.get(year) if country else None
    status = whole.status if whole and whole.values[0] is None else NO_ROW
    return Figure(values=(None,) * len(OVERVIEW_MEASURES), status=status)


def _sign(status: str, release: Release) -> str:
    code = release.codes.get(STATUS_COLUMN, {}).get(status)
    return (code.sign if code else None) or NO_SIGN


def _fill_marks(target: Worksheet, row: int, overview: Overview, used: set[str], release: Release) -> int:
    """Write below the figures what the signs and marks mean, and why there are breaks; return the last row."""
    _text(target, row, both(TEXTS["marks"]), font(bold=True, color=DARK))
    codes = release.codes.get(STATUS_COLUMN, {})
    for status in [*codes, *sorted(used - set(codes) - {STAR})]:
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
    if STAR in used:
        row += 1
        cell = target.cell(row, 1)
        put(cell, STAR)
        cell.font, cell.alignment = font(bold=True), Alignment(horizontal="center")
        _text(target, row, both(TEXTS["mark_note"]), font(), place=2)
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
    return row


def _fill_notes(target: Worksheet, row: int, overview: Overview) -> None:
    """Write the notes on the figures, unit by unit: the years of each, and how many inhabitants figures cover."""
    _text(target, row, both(TEXTS["figure_notes"]), font(bold=True, color=DARK))
    for unit in overview.units:
        for place, text in enumerate(_notes_of(unit)):
            row += 1
            if place == 0:
                for column, head in enumerate((unit.code, unit.name), start=1):
                    _text(target, row, head, font(bold=True), column)
            _text(target, row, text.nb, font(), FIRST_YEAR)
            row += 1
            _text(target, row, text.en, font(italic=True, color=QUIET), FIRST_YEAR)


def _notes_of(unit: Unit) -> list[Label]:
    """Return the notes on the figures of a unit."""
    years: dict[Label, list[int]] = {}
    shares: list[Label] = []
    for year, figure in sorted(unit.figures.items()):
        if figure.values[0] is None:
            continue
        for note in figure.notes:
            years.setdefault(note, []).append(year)
        if figure.is_partial and figure.coverage is not None:
            percent = remarks.percent_covered(figure.coverage)
            shares.append(Label(nb=f"{year}: {percent.nb}", en=f"{year}: {percent.en}"))
    notes = [Label(nb=f"{spans(tuple(of))}: {note.nb}", en=f"{spans(tuple(of))}: {note.en}") for note, of in years.items()]
    if shares:
        notes.append(filled(TEXTS["coverage_years"], shares=remarks.joined(shares, "; ")))
    return notes
