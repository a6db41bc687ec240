"""The preview of a survey year: cells, columns, totals and units, compared with the round before.

Belongs here: reading the results of the models in the preview warehouse, and comparing them with the round before. Does not
belong here: a rule that makes a figure (SQL of the models), or words about it (``page``, ``cli``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.progress import progress
from orchestration.core.settings import Settings
from orchestration.core.warehouse import dictionaries
from orchestration.forms.registry import Undecided
from orchestration.preview.columns import Column, columns_of
from orchestration.preview.lost_answers import Losses, losses_of
from orchestration.preview.missing_entries import missing_entries
from orchestration.preview.reading import Reading, read
from orchestration.preview.versions import Comparison, answers_before, compare, returned
from orchestration.trace.explain import cell_name


@dataclass(frozen=True)
class Round:
    """A form of the year: whether its delivery was there, and the round that it is compared with, if there is one."""

    form: str
    survey: str
    delivery: str
    is_delivered: bool
    compared_with: str | None
    not_compared: str | None
    constructed: bool


@dataclass(frozen=True)
class FileLedger:
    """The fates of the cells of a delivered file."""

    form: str
    file: str
    read: int
    mapped: int
    ignored: int
    rejected: int


@dataclass(frozen=True)
class Rejected:
    """A cell that cannot be read, with its unit if known, what it holds, and the wording of its column; restricted."""

    form: str
    file: str
    sheet: str
    cell: str
    unit: str
    column: str
    wording: str
    text: str
    reason: str
    map_line: int | None


@dataclass(frozen=True)
class Lone:
    """A delivered column without a mapping, or a mapped column that was not delivered."""

    form: str
    sheet: str
    column: str
    map_line: int | None
    cells: int


@dataclass(frozen=True)
class Total:
    """FTE that units themselves reported, of an area, beside the round before; ``breaks`` are the series' of this year."""

    question: str
    target_group: str
    unit_level: str
    unit_code: str
    unit_name: str
    units: int
    fte: Decimal | None
    units_before: int | None
    fte_before: Decimal | None
    fte_before_same_units: Decimal | None
    fte_same_units: Decimal | None
    breaks: tuple[str, ...]

    @property
    def change(self) -> Decimal | None:
        """Change of the units that answered in both rounds, in percent; None where it is not known."""
        if not self.fte_before_same_units or self.fte_same_units is None:
            return None
        return 100 * (self.fte_same_units / self.fte_before_same_units - 1)


@dataclass(frozen=True)
class Unit:
    """A unit that has not answered, as far as the delivery shows."""

    form: str
    unit_code: str
    unit_name: str
    county_code: str


@dataclass(frozen=True)
class Part:
    """A sheet of a form whose rows belong to submissions: how many count, and how many of them have no row on it."""

    form: str
    sheet: str
    submissions: int
    without: int


@dataclass(frozen=True)
class InFiles:
    """A unit that occurs in several files: where, which row counts if one does, and why (``int_units_in_several_files``)."""

    form: str
    unit_code: str
    stands_in: str
    counts: str | None
    verdict: str


@dataclass(frozen=True)
class Preview:
    """Everything that the preview of a survey year reports."""

    year: int
    rounds: tuple[Round, ...]
    problems: tuple[UserError, ...]
    undecided: dict[str, tuple[Undecided, ...]]
    entries: tuple[UserError, ...]
    unmapped: tuple[Lone, ...]
    undelivered: tuple[Lone, ...]
    ledger: tuple[FileLedger, ...]
    rejected: tuple[Rejected, ...]
    codes: tuple[Rejected, ...]
    columns: tuple[Column, ...]
    totals: tuple[Total, ...]
    units: dict[str, int | None]
    missing_units: tuple[Unit, ...]
    parts: tuple[Part, ...]
    several_files: tuple[InFiles, ...]
    corrections: dict[str, int]
    losses: Losses
    compared: Comparison | None
    returned: tuple[str, ...]
    seconds: float


_LEDGER = """
    select form, file, sum(cell_count) as read,
        coalesce(sum(cell_count) filter (fate = 'mapped'), 0) as mapped,
        coalesce(sum(cell_count) filter (fate = 'ignored'), 0) as ignored,
        coalesce(sum(cell_count) filter (fate = 'rejected'), 0) as rejected
    from marts.mart_cell_ledger where time_period = $year
    group by all order by all
"""

_CELLS = """
    select cells.form, cells.file, cells.sheet, cells.row_number, cells.column_number,
        coalesce(cells.header, '') as header, coalesce(columns.wording_nb, '') as wording, cells.text_delivered as text,
        cells.fate_reason as reason, cells.line as map_line,
        coalesce(concat_ws(' ', cells.unit_code, units.unit_name), '') as unit
    from intermediate.int_cells as cells
    left join intermediate.int_units as units
        on cells.time_period = units.time_period and cells.unit_code = units.unit_code
    left join staging.stg_forms__columns as columns on cells.form = columns.form and cells.line = columns.line
    where cells.time_period = $year and {condition}
    order by cells.form, cells.file, cells.sheet, cells.column_number, cells.row_number
"""

_REJECTED = _CELLS.format(condition="cells.fate = 'rejected' and cells.fate_reason != 'no_map_line'")

# Numbers that are left out as codes for "no answer": by the form, or because they do not fit the sums.
_CODES = _CELLS.format(condition="cells.type = 'number' and cells.fate = 'mapped' and cells.fate_reason = 'missing_code'")

_UNMAPPED = """
    select columns.form, columns.sheet, columns.header as column, null as map_line, count(cells.row_number) as cells
    from raw.columns
    inner join forms.forms on columns.form = forms.form
    left join forms.columns as maps
        on columns.form = maps.form and columns.layout = maps.layout and columns.header = maps.header
    left join raw.sheets on columns.form = sheets.form and columns.file = sheets.file and columns.sheet = sheets.sheet
    left join raw.cells
        on columns.form = cells.form and columns.file = cells.file and columns.sheet = cells.sheet
        and columns.column_number = cells.column_number and cells.row_number >= sheets.first_row
    where forms.time_period = $year and maps.header is null
    group by columns.form, columns.sheet, columns.header, columns.column_number
    order by columns.form, columns.sheet, columns.column_number
"""

_UNDELIVERED = """
    select maps.form, maps.layout as sheet, maps.header as column, min(maps.line) as map_line, 0 as cells
    from forms.columns as maps
    inner join forms.forms on maps.form = forms.form
    left join raw.columns
        on maps.form = columns.form and maps.layout = columns.layout and maps.header = columns.header
    where forms.time_period = $year and maps.use != 'absent' and columns.header is null
        and not maps.is_optional
        and exists (select 1 from raw.sheets where sheets.form = maps.form and sheets.layout = maps.layout)
    group by all order by maps.form, map_line
"""

# From units' own answers, without values carried forward; a total is the sum of the categories where the unit gave them.
_TOTALS = """
    with units as (
        select time_period, unit_code, question, target_group, sum(fte) as fte
        from intermediate.int_fte_reported group by all having sum(fte) is not null
    ),
    placed as (
        select units.*, places.county_code
        from units left join intermediate.int_units as places
            on units.time_period = places.time_period and units.unit_code = places.unit_code
    ),
    areas as (
        select time_period, question, target_group, unit_code, fte, 'country' as unit_level, '0' as area from placed
        union all
        select time_period, question, target_group, unit_code, fte, 'county', county_code from placed
        where county_code is not null
    ),
    now as (select * from areas where time_period = $year),
    earlier as (select * from areas where time_period < $year),
    sums as (
        select question, target_group, unit_level, area, count(*) as units, sum(fte) as fte from now group by all
    ),
    sums_before as (
        select question, target_group, unit_level, area, count(*) as units, sum(fte) as fte from earlier group by all
    ),
    same as (
        select now.question, now.target_group, now.unit_level, now.area, sum(now.fte) as fte, sum(earlier.fte) as fte_before
        from now inner join earlier using (question, target_group, unit_level, area, unit_code) group by all
    )
    select question, target_group, unit_level, area as unit_code, coalesce(counties.county_name, '') as unit_name,
        coalesce(sums.units, 0) as units, sums.fte, sums_before.units as units_before, sums_before.fte as fte_before,
        same.fte_before as fte_before_same_units, same.fte as fte_same_units
    from sums
    full join sums_before using (question, target_group, unit_level, area)
    left join same using (question, target_group, unit_level, area)
    left join reference.counties
        on unit_level = 'county' and area = counties.county_code
        and $year between counties.valid_from_year::integer and coalesce(counties.valid_to_year::integer, $year)
    order by question, target_group, unit_level, area
"""

_BREAKS = """
    select indicator, description_en from intermediate.int_series_breaks
    where time_period = $year and not comparable_before order by all
"""

_UNITS = "select form, count(*) as units, count(*) filter (has_answered) as answered \
from intermediate.int_unit_responses where time_period = $year group by all"

# For a sheet that is linked to the submissions: those without a row on it.
PARTS = """
    with parts as (
        select layouts.form, layouts.layout, layouts.link_by
        from staging.stg_forms__layouts as layouts inner join forms.forms using (form)
        where layouts.links_to is not null and forms.time_period = $year
    ),
    present as (
        select distinct form, layout, submission_key, unit_code from intermediate.int_row_submissions
        where ignored_reason is null
    ),
    counted as (
        select parts.form, parts.layout, submissions.unit_code, exists (
            from present where present.form = parts.form and present.layout = parts.layout
                and (present.submission_key = submissions.submission_key
                    or (parts.link_by = 'unit' and present.unit_code = submissions.unit_code))
        ) as is_there
        from parts inner join intermediate.int_submissions as submissions
            on parts.form = submissions.form and submissions.verdict = 'counts'
    )
    select form, layout as sheet, count(*) as submissions, count(*) filter (not is_there) as without
    from counted group by form, layout having count(*) filter (not is_there) > 0 order by form, layout
"""

_MISSING_UNITS = """
    select distinct responses.form, responses.unit_code, units.unit_name, units.county_code
    from intermediate.int_unit_responses as responses
    inner join intermediate.int_units as units using (time_period, unit_code)
    where responses.time_period = $year and not responses.has_answered
    order by units.county_code, responses.unit_code, responses.form
"""

_SEVERAL_FILES = """
    select form, unit_code, stands_in, counts, verdict from intermediate.int_units_in_several_files
    where time_period = $year order by form, unit_code
"""

_CORRECTIONS = (
    "select verdict, count(*) from intermediate.int_corrections where time_period = $year group by all order by all"
)


def preview_year(settings: Settings, year: int, against: str | None = None) -> Preview:
    """Preview a survey year: read it with the rounds before it, and report the results.

    Args:
        settings: where the inputs lie.
        year: the survey year.
        against: ``previous``, ``published`` or the beginning of a hash: compare the delivery with this version of it.

    Raises:
        UserError: no form is of the year, nothing can be read by any of them, or there is no such version.
    """
    started = time.monotonic()
    earlier = answers_before(settings, year, against) if against is not None else None
    with read(settings, year) as (reading, connection):
        if earlier is not None:
            progress.stage("comparing with the earlier version")
        compared = compare(connection, year, earlier) if earlier is not None else None
        progress.stage("counting cells, units and figures")
        return _preview(settings, reading, connection, compared, started)


def _preview(
    settings: Settings,
    reading: Reading,
    connection: duckdb.DuckDBPyConnection,
    compared: Comparison | None,
    started: float,
) -> Preview:
    def rows(sql: str) -> list[dict[str, Any]]:
        return dictionaries(connection, sql, {"year": reading.year} if "$year" in sql else None)

    breaks: dict[str, list[str]] = {}
    for row in rows(_BREAKS):
        breaks.setdefault(row["indicator"], []).append(row["description_en"])
    units: dict[str, int | None] = {"expected": None, "answered": None}
    for row in rows(_UNITS):
        units = {
            "expected": (units["expected"] or 0) + row["units"],
            "answered": (units["answered"] or 0) + row["answered"],
        }
    return Preview(
        year=reading.year,
        rounds=tuple(
            Round(
                form.form,
                form.survey,
                form.delivery,
                form.form in reading.delivered,
                before.form if (before := reading.before.get(form.form)) and before.form in reading.delivered else None,
                reading.not_compared.get(form.form),
                form.constructed,
            )
            for form in reading.forms
        ),
        problems=reading.problems,
        undecided=reading.undecided,
        entries=tuple(each.error for each in missing_entries(settings.data, reading.year, connection)),
        unmapped=tuple(Lone(**row) for row in rows(_UNMAPPED)),
        undelivered=tuple(Lone(**row) for row in rows(_UNDELIVERED)),
        ledger=tuple(FileLedger(**row) for row in rows(_LEDGER)),
        rejected=tuple(_rejected(row) for row in rows(_REJECTED)),
        codes=tuple(_rejected(row) for row in rows(_CODES)),
        columns=tuple(columns_of(reading, connection)),
        totals=tuple(Total(**row, breaks=tuple(breaks.get(row["question"], ()))) for row in rows(_TOTALS)),
        units=units,
        missing_units=tuple(Unit(**row) for row in rows(_MISSING_UNITS)),
        parts=tuple(Part(**row) for row in rows(PARTS)),
        several_files=tuple(InFiles(**row) for row in rows(_SEVERAL_FILES)),
        corrections=dict(connection.execute(_CORRECTIONS, {"year": reading.year}).fetchall()),
        losses=losses_of(connection, settings, reading),
        compared=compared,
        returned=tuple(map(str, returned(settings, {form.delivery for form in reading.forms}))),
        seconds=round(time.monotonic() - started, 1),
    )


def _rejected(row: dict[str, Any]) -> Rejected:
    return Rejected(
        row["form"],
        row["file"],
        row["sheet"],
        cell_name(row["row_number"], row["column_number"]),
        row["unit"],
        row["header"],
        row["wording"],
        row["text"],
        row["reason"],
        row["map_line"],
    )
