"""Cubes: the figures of a table as dense lists, small enough to be loaded by a page.

A cube has dimensions, each with its codes in order, and measures, each a list over some of the dimensions with the last one
moving fastest. Each cell has a flag: the status of its value (a capital letter), or the reason why it has none (a small
letter, for its place in the code list of reasons). In addition there are the notes of a cell, its coverage in percent if
below 100, and the base of the shares of a year. ``static/core.js`` reads what ``Cube.script`` writes.

Belongs here: reading tables into cubes and writing cubes. Does not belong here: rules for all cubes (``publish.axes``),
which cubes a page needs (``pages``), or drawing them (``figures``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, product
from math import prod
from operator import itemgetter
from typing import Any

import duckdb
import numpy as np

from orchestration.core.tables import Label, Table
from orchestration.publish.axes import Order, cells_of, codes_of_level, order_of, places_of, spread
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import COVERAGE_COLUMN, NOTE_COLUMN, REASON_COLUMN, notes_of

UNIT, TIME = "unit", "time"
# Columns of these two dimensions; the series follows from the year.
UNIT_COLUMNS = ("unit_level", "unit_code", "area_basis")
TIME_COLUMNS = ("time_period_from", "time_period", "time_period_to")
CURRENT = "current"
NO_ROW = " "
# The unit set of a year that counts a divided municipality as one for the country, but its districts for areas.
BY_LEVEL = "by_level"
# Decimals that are kept; more than any page shows.
DIGITS = 6

SHARE = "share"
COUNT, ANSWERED, UNITS = "n_answer", "n_answered", "n_units"
# The coverage of rows in percent, a measure of cubes that have rows below 100; empty for 100.
COVERAGE = "coverage"
# Runs of at least this many equal values are written with their length.
RUN = 3


@dataclass(frozen=True)
class Measure:
    """The numbers of one measure, as text without superfluous digits; a missing number is an empty text."""

    over: tuple[str, ...]
    values: list[str]


@dataclass
class Cube:
    """Figures over dimensions.

    ``share_of`` names the measure that is the base of an answer's share. ``notes`` has for each cell the index of its notes
    in ``remark_texts``; ``bases`` has, by year, the base of shares and the unit set.
    """

    name: str
    dimensions: dict[str, list[str]]
    labels: dict[str, dict[str, Label]]
    measures: dict[str, Measure]
    flags: Measure
    share_of: str | None = None
    notes: Measure | None = None
    remark_texts: tuple[tuple[Label, ...], ...] = ()
    bases: Mapping[str, tuple[Label | None, Label | None]] = field(default_factory=dict)
    places: dict[str, dict[str, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.places = {name: places_of(codes) for name, codes in self.dimensions.items()}

    def _cell(self, measure: Measure, at: Mapping[str, str]) -> str:
        place = 0
        for name in measure.over:
            found = self.places[name].get(at[name])
            if found is None:
                return ""
            place = place * len(self.dimensions[name]) + found
        return measure.values[place]

    def value(self, measure: str, at: Mapping[str, str]) -> float | None:
        """Return the number of a cell; None if it has none."""
        if measure == SHARE and self.share_of:
            count, whole = self.value(COUNT, at), self.value(self.share_of, at)
            return 100 * count / whole if count is not None and whole else None
        found = self.measures.get(measure)
        text = self._cell(found, at) if found else ""
        return float(text) if text else None

    def flag(self, at: Mapping[str, str]) -> str:
        """Return the flag of a cell; a blank if the table has no row for it."""
        return self._cell(self.flags, at) or NO_ROW

    def remarks(self, at: Mapping[str, str]) -> tuple[Label, ...]:
        """Return the notes of a cell."""
        place = self._cell(self.notes, at) if self.notes else ""
        return self.remark_texts[int(place)] if place else ()

    def label(self, dimension: str, code: str) -> Label:
        """Return the label of a code; without one, the code itself."""
        return self.labels.get(dimension, {}).get(code) or Label(nb=code, en=code)

    def cells(self, fixed: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
        """Return the coordinates of every cell; dimensions in ``fixed`` only at these codes."""
        names = list(self.dimensions)
        for codes in product(*(fixed.get(name, self.dimensions[name]) for name in names)):
            yield dict(zip(names, codes, strict=True))

    def script(self) -> str:
        """Return the cube as a script that passes it to the page."""
        content: dict[str, Any] = {
            "dimensions": self.dimensions,
            "labels": {
                name: {code: [label.nb, label.en] if label.nb != label.en else [label.nb] for code, label in each.items()}
                for name, each in self.labels.items()
            },
            "measures": {name: {"over": each.over, "values": _counted(each.values)} for name, each in self.measures.items()},
            "flags": {"over": self.flags.over, "values": _runs(self.flags.values)},
            "shareOf": self.share_of,
        }
        if self.notes:
            texts = [[_pair(label) for label in labels] for labels in self.remark_texts]
            content["notes"] = {"over": self.notes.over, "values": _counted(self.notes.values), "said": texts}
        if self.bases:
            content["bases"] = {time: [_pair(label) for label in labels] for time, labels in self.bases.items()}
        return f"IS248.add({dumped(self.name)}, {dumped(content)});\n"


def dumped(content: object) -> str:
    """Return content as JSON that is safe in a script."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/").replace("\u2028", "\\u2028")


def _pair(label: Label | None) -> list[str] | None:
    return None if label is None else [label.nb, label.en]


def _counted(values: Iterable[str]) -> str:
    """Return values separated by commas; a run of equal values is written as ``value*length``."""
    parts: list[str] = []
    for value, run in groupby(values):
        count = sum(1 for _ in run)
        parts += [f"{value}*{count}"] if count >= RUN else [value] * count
    return ",".join(parts)


def _runs(flags: Iterable[str]) -> str:
    parts = []
    for flag, run in groupby(flags):
        count = sum(1 for _ in run)
        parts.append(flag + (str(count) if count > 1 else ""))
    return "".join(parts)


def reason_flags(release: Release) -> dict[str, str]:
    """Return the flag of each reason why a figure is absent."""
    return {reason: chr(ord("a") + place) for place, reason in enumerate(release.codes.get("absence_reason", {}))}


def as_text(expression: str, scale: int = 1, digits: int = DIGITS) -> str:
    """Return SQL that writes a number without superfluous digits."""
    # Round to DIGITS first, then to fewer, so that the result equals rounding the kept number for display.
    number = f"round(cast({expression} as double) * {scale}, {DIGITS})"
    number = number if digits == DIGITS else f"round({number}, {digits})"
    return f"coalesce(regexp_replace({number}::varchar, '\\.0$', ''), '')"


def unit_sql(columns: Iterable[str]) -> str:
    """Return SQL for the code of a unit: area basis, level and code, joined by dots."""
    basis = "area_basis" if "area_basis" in columns else f"'{CURRENT}'"
    return f"{basis} || '.' || unit_level || '.' || unit_code"


def unit_label(release: Release, level: str, code: str, name: str) -> Label:
    """Return the name of an area; code lists have the names that are not proper names."""
    listed = codes_of_level(release, level).get(code)
    if listed:
        return listed.label
    return release.label("unit_level", level) if level == "country" else Label(nb=name, en=name)


def _unit_order(release: Release, basis: str, level: str, code: str) -> tuple[str, Order, Order]:
    return (
        basis,
        order_of(level, release.codes.get("unit_level", {})),
        order_of(code, codes_of_level(release, level), digits_count=True),
    )


def ordered_units(release: Release, names: Mapping[str, str]) -> tuple[list[str], dict[str, Label]]:
    """Return units in display order, and their labels.

    Args:
        release: has the code lists of levels and of areas without proper names.
        names: the name of each unit by its code.
    """
    parts = {unit: unit.split(".", 2) for unit in names}
    units = sorted(names, key=lambda unit: _unit_order(release, *parts[unit]))
    return units, {unit: unit_label(release, parts[unit][1], parts[unit][2], names[unit]) for unit in units}


def ordered_codes(release: Release, codelist: str | None, codes: Iterable[str]) -> tuple[list[str], dict[str, Label]]:
    """Return codes in the order of their code list, and their labels."""
    known = release.codes.get(codelist or "", {})
    ordered = sorted(set(codes), key=lambda code: order_of(code, known))
    return ordered, {code: release.label(codelist or "", code) for code in ordered}


def dimensions_of(table: Table) -> list[str]:
    """Return the dimensions of a table other than unit and time."""
    return [name for name in table.key if name not in (*UNIT_COLUMNS, *TIME_COLUMNS, "series")]


def scale_of(table: Table, measure: str) -> int:
    """Return the factor for showing a measure: shares are shown in percent."""
    return 100 if any(column.name == measure and column.unit == "ratio" for column in table.columns) else 1


# The number of columns before the table's own dimensions: unit, name, time, reason, status, notes, coverage.
FACTS = 7


def row_sql(table: Table, measures: Sequence[str], digits: int = DIGITS) -> str:
    """Return the columns of a table that ``cube_of`` reads, as SQL."""
    unit = f"{unit_sql(table.key)}, unit_name" if "unit_level" in table.key else "null, null"
    time = next(column for column in reversed(TIME_COLUMNS) if column in table.key)
    dimensions = [f"{each}::varchar" for each in dimensions_of(table)]
    texts = [as_text(measure, scale_of(table, measure), digits) for measure in measures]
    reason = f"case when {table.measures[0]} is null then {REASON_COLUMN} end"
    covered = as_text(covered_sql(COVERAGE_COLUMN)) if COVERAGE_COLUMN in table.column_names else "''"
    return ", ".join([unit, f"{time}::varchar", reason, "obs_status", NOTE_COLUMN, covered, *dimensions, *texts])


def covered_sql(share: str) -> str:
    """Return SQL for the coverage of a figure in percent, at most 99.9; null if it covers all inhabitants."""
    return f"case when {share} < 1 then least(round(100 * {share}, 1), 99.9) end"


def read_cube(
    connection: duckdb.DuckDBPyConnection,
    release: Release,
    table: Table,
    name: str,
    measures: Sequence[str],
    where: Mapping[str, Sequence[str]],
    digits: int = DIGITS,
) -> Cube | None:
    """Return the figures of a table as a cube; None if it has none.

    Args:
        connection: has access to the public tables.
        release: has the code lists.
        table: the table to read.
        name: the pages' name for the cube.
        measures: the measures to keep.
        where: codes by column; rows are restricted to them.
        digits: how many decimals to keep.
    """
    conditions = [f"{column} in ({', '.join('?' for _ in codes)})" for column, codes in where.items()]
    rows = connection.execute(
        f"select {row_sql(table, measures, digits)} from {table.name}"
        f" {'where ' + ' and '.join(conditions) if conditions else ''} order by {table.order_by}",
        [code for codes in where.values() for code in codes],
    ).fetchall()
    return cube_of(release, table, name, measures, rows) if rows else None


def cube_of(release: Release, table: Table, name: str, measures: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Cube:
    """Return rows as a cube.

    Args:
        release: has the code lists.
        table: the table of the rows.
        name: the pages' name for the cube.
        measures: the last columns of each row.
        rows: unit, its name, time, reason for a missing number, status, notes, coverage in percent, the table's own
            dimensions, measures as text.
    """
    names = dimensions_of(table)
    dimensions: dict[str, list[str]] = {}
    labels: dict[str, dict[str, Label]] = {}
    columns = list(range(FACTS, FACTS + len(names)))
    if "unit_level" in table.key:
        # Rows are ordered by year, so the newest name is kept.
        dimensions[UNIT], labels[UNIT] = ordered_units(release, {row[0]: row[1] for row in rows})
        columns.insert(0, 0)
    codelists = {column.name: column.codelist for column in table.columns}
    for place, each in enumerate(names, FACTS):
        dimensions[each], labels[each] = ordered_codes(release, codelists[each], {row[place] for row in rows})
    dimensions[TIME] = sorted({row[2] for row in rows})
    columns.append(2)

    grid = _Grid(dimensions, tuple(dimensions), rows, columns)
    first = FACTS + len(names)
    kept = {measure: grid.measure([row[first + place] for row in rows]) for place, measure in enumerate(measures)}
    if any(row[6] for row in rows):
        kept[COVERAGE] = grid.measure([row[6] for row in rows])
    texts = sorted({row[5] for row in rows if row[5]})
    places = {text: str(place) for place, text in enumerate(texts)}
    return Cube(
        name,
        dimensions,
        labels,
        kept,
        grid.flags(release, [(row[3], row[4]) for row in rows]),
        notes=grid.measure([places.get(row[5] or "", "") for row in rows]) if texts else None,
        remark_texts=tuple(tuple(notes_of(text, release)) for text in texts),
    )


class _Grid:
    """The cells of rows over some of the dimensions of a cube."""

    def __init__(
        self,
        dimensions: Mapping[str, Sequence[str]],
        over: tuple[str, ...],
        rows: Sequence[tuple[Any, ...]],
        columns: Sequence[int],
    ) -> None:
        """Place the rows; ``columns`` has, for each dimension of ``over``, the index of its code in a row."""
        self._over = over
        lengths = [len(dimensions[name]) for name in over]
        self._size = prod(lengths)
        positions = []
        for name, column in zip(over, columns, strict=True):
            places = places_of(dimensions[name])
            positions.append(np.array([places[row[column]] for row in rows], dtype=np.int64))
        self._cells = cells_of(positions, lengths)

    def measure(self, texts: Sequence[str]) -> Measure:
        """Return the numbers of the rows as a measure."""
        return Measure(self._over, spread(texts, self._cells, self._size, ""))

    def flags(self, release: Release, reasons_and_statuses: Sequence[tuple[str | None, str]]) -> Measure:
        """Return the flags of the rows, given the reason for a missing figure and the status of each."""
        reasons = reason_flags(release)
        flags = [reasons.get(reason, status) if reason else status for reason, status in reasons_and_statuses]
        return Measure(self._over, spread(flags, self._cells, self._size, NO_ROW))


def read_indicator_cubes(connection: duckdb.DuckDBPyConnection, release: Release) -> dict[str, Cube]:
    """Return the answers to every question as a cube."""
    unit = unit_sql(UNIT_COLUMNS)
    groups = connection.execute(
        f"select indicator, {unit} as unit, item, time_period::varchar as time, min(obs_status), min(absence_reason),"
        " coalesce(max(n_answered)::varchar, ''), coalesce(max(n_units)::varchar, ''), arg_max(unit_name, time_period),"
        " coalesce(max(case base when 'all' then n_units else n_answered end)::varchar, ''), min(base), min(unit_set),"
        f" min({NOTE_COLUMN})"
        " from indicator_shares group by all order by indicator, time, unit, item"
    ).fetchall()
    cells = connection.execute(
        f"select indicator, {unit} as unit, item, answer, time_period::varchar as time, n_answer::varchar"
        " from indicator_shares where n_answer is not null order by indicator, time, unit, item, answer"
    ).fetchall()
    codes = connection.execute("select distinct indicator, answer from indicator_shares order by all").fetchall()
    asked = {indicator: [row[1] for row in rows] for indicator, rows in groupby(codes, itemgetter(0))}
    counted = {indicator: list(rows) for indicator, rows in groupby(cells, itemgetter(0))}
    cubes = {}
    for indicator, found in groupby(groups, itemgetter(0)):
        rows = list(found)
        dimensions: dict[str, list[str]] = {}
        labels: dict[str, dict[str, Label]] = {}
        dimensions[UNIT], labels[UNIT] = ordered_units(release, {row[1]: row[8] for row in rows})
        dimensions["item"], labels["item"] = ordered_codes(release, "item", {row[2] for row in rows})
        dimensions["answer"], labels["answer"] = ordered_codes(release, "answer", asked[indicator])
        dimensions[TIME] = sorted({row[3] for row in rows})
        counts = counted.get(indicator, [])
        texts = sorted({row[12] for row in rows if row[12]})
        places = {text: str(place) for place, text in enumerate(texts)}
        by_answer = _Grid(dimensions, (UNIT, "item", "answer", TIME), counts, (1, 2, 3, 4))
        by_group = _Grid(dimensions, (UNIT, "item", TIME), rows, (1, 2, 3))
        cubes[indicator] = Cube(
            name=f"indicator/{indicator}",
            dimensions=dimensions,
            labels=labels,
            measures={
                COUNT: by_answer.measure([row[5] for row in counts]),
                ANSWERED: by_group.measure([row[6] for row in rows]),
                UNITS: by_group.measure([row[7] for row in rows]),
                # The base of the shares.
                "n_base": by_group.measure([row[9] for row in rows]),
            },
            flags=by_group.flags(release, [(row[5], row[4]) for row in rows]),
            share_of="n_base",
            notes=by_group.measure([places.get(row[12] or "", "") for row in rows]) if texts else None,
            remark_texts=tuple(tuple(notes_of(text, release)) for text in texts),
            bases={
                year: (_labelled(release, "base", base), _labelled(release, "unit_set", units))
                for year, (base, units) in _units_by_year(rows).items()
            },
        )
    return cubes


def _units_by_year(rows: Sequence[tuple[Any, ...]]) -> dict[str, tuple[str | None, str | None]]:
    """Return the base of shares and the unit set by year; the set is ``BY_LEVEL`` if a year has several."""
    sets: dict[str, set[str]] = {}
    for row in rows:
        sets.setdefault(row[3], set()).add(row[11])
    return {row[3]: (row[10], row[11] if len(sets[row[3]]) == 1 else BY_LEVEL) for row in rows}


def _labelled(release: Release, codelist: str, code: str | None) -> Label | None:
    return release.label(codelist, code) if code else None
