"""Published cells, and quantities that are made of them: what every number of a report is bound to.

Belongs here: finding exactly one cell by its key, its status and notes, and the arithmetic of a quantity. Does not belong
here: how a number is written (``writing``), or which cells a sentence or table needs (``vocabulary``, ``printed_words``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb

from orchestration.core.suggestions import suggest
from orchestration.core.tables import NUMERIC, Table
from orchestration.core.warehouse import dictionaries
from orchestration.publish.publication_metadata import Release

YEAR, LEVEL, CODE, BASIS = "time_period", "unit_level", "unit_code", "area_basis"
COUNTRY = ("country", "0")
# Parts of a municipality that report separately.
PARTS = ("city_district", "agency")
HIDDEN = "Q"
PLAIN = "A"


class ReportError(Exception):
    """A sentence or table asks for something it cannot have; callers that know the place turn it into a ``UserError``."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True)
class Cell:
    """One value of a published table, with its status, reason of absence, notes and coverage."""

    table: str
    key: tuple[tuple[str, str], ...]
    measure: str
    value: float | None
    status: str = PLAIN
    reason: str | None = None
    notes: tuple[str, ...] = ()
    coverage: float | None = None

    @property
    def at(self) -> Mapping[str, str]:
        """The values of the key, by column."""
        return dict(self.key)

    @property
    def is_missing(self) -> bool:
        """Whether the value is missing; the status does not tell, as it is that of the row's main measure."""
        return self.value is None

    def named(self) -> str:
        """Return the address of the cell in the form that ``is248 explain`` takes, and the measure."""
        return f"{self.table} {' '.join(f'{name}={value}' for name, value in self.key)} ({self.measure})"


@dataclass(frozen=True)
class Term:
    """A cell with its factor in a sum."""

    factor: int
    cell: Cell


@dataclass(frozen=True)
class Quantity:
    """``scale * sum(numerator) / sum(denominator) + shift``; without a denominator, ``scale * sum(numerator) + shift``."""

    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...] = ()
    scale: int = 1
    shift: int = 0

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the quantity: of the numerator, then of the denominator."""
        return tuple(term.cell for term in (*self.numerator, *self.denominator))

    @property
    def missing(self) -> tuple[Cell, ...]:
        """The cells whose value is missing."""
        return tuple(cell for cell in self.cells if cell.is_missing)

    @property
    def value(self) -> Decimal:
        """The number, computed exactly from the decimal representations of the values."""
        return self.from_values([cell.value for cell in self.cells])

    def from_values(self, values: Iterable[float | None]) -> Decimal:
        """Return the number from values in the order of ``cells``.

        Raises:
            ReportError: a value is missing, or the denominator is zero.
        """
        found = list(values)
        if any(value is None for value in found):
            raise ReportError("a value is missing", "leave the sentence out of this round")
        exact = [Decimal(str(value)) for value in found]
        split = len(self.numerator)
        above = sum((term.factor * value for term, value in zip(self.numerator, exact[:split], strict=True)), Decimal(0))
        if not self.denominator:
            return self.scale * above + self.shift
        below = sum((term.factor * value for term, value in zip(self.denominator, exact[split:], strict=True)), Decimal(0))
        if not below:
            raise ReportError("the denominator is zero", "leave the sentence out of this round")
        return self.scale * above / below + self.shift


def plain(*cells: Cell) -> tuple[Term, ...]:
    """Return cells as the terms of a sum."""
    return tuple(Term(1, cell) for cell in cells)


@dataclass(frozen=True)
class Difference:
    """The entry of ``comparability`` for two years of an indicator."""

    verdict: str
    reason: str


@dataclass
class Published:
    """The tables of one published snapshot, each group of rows read once."""

    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, Table]
    release: Release
    id: str
    # Groups of rows, by table and by level and code of the area; and the rows of a group by the values of some columns.
    _groups: dict[tuple[str, str, str], list[dict[str, Any]]] = field(default_factory=dict)
    _indexes: dict[tuple[str, str, str, tuple[str, ...]], dict[tuple[str, ...], list[dict[str, Any]]]] = field(
        default_factory=dict
    )
    # Areas whose rows will be needed soon, by level: each table reads them together, and they are kept until the next ones.
    _ahead: dict[str, frozenset[str]] = field(default_factory=dict)

    def rows(self, table: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the rows of a table that have the wanted values in the named columns.

        Raises:
            ReportError: there is no such table or column.
        """
        described = self.tables.get(table)
        if described is None:
            raise ReportError(f"there is no table {table!r}", f"tables are {', '.join(sorted(self.tables))}")
        names = tuple(wanted)
        level, code = wanted.get(LEVEL, ""), wanted.get(CODE, "")
        by_values = self._indexes.get((table, level, code, names))
        if by_values is None:
            there = described.column_names
            for name in names:
                if name not in there:
                    raise ReportError(
                        f"table {table} has no column {name!r}{suggest(name, there)}", "name one of its columns"
                    )
            by_values = {}
            for row in self._group(table, level, code):
                by_values.setdefault(tuple(str(row[name]) for name in names), []).append(row)
            self._indexes[table, level, code, names] = by_values
        return by_values.get(tuple(wanted.values()), [])

    def _group(self, table: str, level: str, code: str) -> list[dict[str, Any]]:
        """Return the rows of an area, or of the whole table, grouped by year."""
        if (table, level, code) not in self._groups:
            # Also read the rows of the areas that will be needed soon.
            has_area = bool(level and code)
            codes = self._ahead.get(level, frozenset()) | {code} if has_area else {code}
            where = f" where {LEVEL} = ? and list_contains(?, {CODE})" if has_area else ""
            parameters = [level, sorted(codes)] if has_area else None
            groups: dict[str, dict[str, list[dict[str, Any]]]] = {each: {} for each in codes}
            for row in dictionaries(self.connection, f'select * from "{table}"{where}', parameters):
                groups[row[CODE] if has_area else code].setdefault(str(row.get(YEAR, "")), []).append(row)
            for each, years in groups.items():
                self._groups[table, level, each] = [row for rows in years.values() for row in rows]
        return self._groups[table, level, code]

    def read_ahead(self, codes: Mapping[str, Iterable[str]]) -> None:
        """Announce the areas that are needed next, by level; the rows of those announced before are dropped."""
        gone = {(level, code) for level, each in self._ahead.items() for code in each}
        self._groups = {key: rows for key, rows in self._groups.items() if key[1:3] not in gone}
        self._indexes = {key: rows for key, rows in self._indexes.items() if key[1:3] not in gone}
        self._ahead = {level: frozenset(each) for level, each in codes.items()}

    def cell(self, table: str, measure: str, wanted: Mapping[str, str]) -> Cell:
        """Return the one cell of a table with a key.

        Raises:
            ReportError: there is no such column or cell, or there are several cells; the message says what is nearest, or in
                which columns they differ.
        """
        found = self.rows(table, wanted)
        described = self.tables[table]
        if measure not in described.column_names:
            raise ReportError(
                f"table {table} has no column {measure!r}{suggest(measure, described.measures)}", "name one of its measures"
            )
        if not found:
            raise ReportError(
                f"no cell in {table} for {format_key(wanted)}{self._nearest(table, wanted)}", "correct the expression"
            )
        if len(found) > 1:
            differing = [name for name in described.key if len({str(row[name]) for row in found}) > 1]
            options = ", ".join(f"{name} ({', '.join(sorted({str(row[name]) for row in found}))})" for name in differing)
            raise ReportError(
                f"{len(found)} cells in {table} for {format_key(wanted)}: they differ in {options}", "say which one"
            )
        return self.cell_of(described, found[0], measure)

    def cell_of(self, table: Table, row: Mapping[str, Any], measure: str) -> Cell:
        """Return a cell of a row."""
        value = row[measure]
        numeric = table.column(measure).type in NUMERIC
        # A missing value is None here: rows are fetched from DuckDB one by one, not as a data frame, which would have NaN.
        return Cell(
            table=table.name,
            key=tuple((name, str(row[name])) for name in table.key if row[name] is not None),
            measure=measure,
            value=float(value) if numeric and value is not None else None,
            status=row.get("obs_status") or PLAIN,
            reason=row.get("absence_reason"),
            notes=tuple(code for code in (row.get("obs_note") or "").split(";") if code),
            coverage=row.get("coverage"),
        )

    def _nearest(self, table: str, wanted: Mapping[str, str]) -> str:
        """Return the values that the table has for the first column whose wanted value excludes all rows."""
        for name, value in wanted.items():
            rest = {other: each for other, each in wanted.items() if other != name}
            there = sorted({str(row[name]) for row in self.rows(table, rest)})
            if there:
                guess = difflib.get_close_matches(value, there, n=1, cutoff=0.0)
                shown = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "")
                return f"; {name} may be {shown}; nearest is {guess[0] if guess else there[0]!r}"
        return ""

    @cached_property
    def _verdicts(self) -> Mapping[tuple[str, int, int], Difference]:
        sql = "select indicator, time_period_from, time_period_to, verdict, reason from comparability"
        return {(row[0], row[1], row[2]): Difference(row[3], row[4]) for row in self.connection.execute(sql).fetchall()}

    def difference(self, indicator: str, before: int, year: int) -> Difference | None:
        """Return whether two years of an indicator can be compared; None if ``comparability`` has no entry."""
        first, last = sorted((before, year))
        return self._verdicts.get((indicator, first, last))

    def years(self, table: str, measure: str, wanted: Mapping[str, str]) -> list[int]:
        """Return the years in which a cell has a value."""
        rows = self.rows(table, wanted)
        return sorted({int(row[YEAR]) for row in rows if row[measure] is not None})

    def rounds(self) -> list[int]:
        """Return the years of the rounds that have FTE figures for the country."""
        return self.years(
            "fte_by_service",
            "fte",
            {LEVEL: "country", CODE: "0", BASIS: "reported", "target_group": "total", "service_type": "total"},
        )


def format_key(wanted: Mapping[str, str]) -> str:
    """Return a key as one line of text."""
    return " ".join(f"{name}={value}" for name, value in wanted.items())
