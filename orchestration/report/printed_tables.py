"""Tables that continue printed ones: rows, columns and cells of a table as ``data/published`` has them.

The transcription of print is the only declaration of such a table: the reconciliation computes its figures, and a report
shows them for its own round. So a table has exactly the figures of print. Belongs here: which rows and columns a printed
table has, and which cells a query of ``data/published`` names. Does not belong here: which published cells a measure is made
of (``printed_words``), or how the table is filled (``tables``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.ingest.data_packages import read_rows
from orchestration.report.model import Column, Declared, Rows, YearSpec
from orchestration.report.values import BASIS, CODE, COUNTRY, LEVEL, YEAR, Published, Quantity, ReportError, Term

# Dimensions of a figure that are not rows or columns: the year that a change is counted from, and the year of the survey.
SINCE, SURVEY = "from_year", "survey_year"
AMOUNTS = "user_involvement"
# Rows of these areas come from the map of the round, not from print.
MUNICIPALITY, PART = "municipality_no", "district"
OF_THE_MAP = ("county", "hf_area", MUNICIPALITY)
# What a list of municipalities gives besides the code.
NAMES = ("county", "municipality")
TOTAL = "total"


@dataclass(frozen=True)
class Figure:
    """A printed figure without its value: its measure, dimensions and year."""

    measure: str
    dimensions: Mapping[str, str]
    year: int
    report_year: int
    decimals: int


@dataclass(frozen=True)
class Query:
    """A term of a figure whose cells ``queries.csv`` names; its year is that of the figure unless it gives one."""

    is_denominator: bool
    factor: int
    table: str
    measure: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class PrintedTables:
    """The printed tables of the reports that a report continues, by source and number."""

    figures: Mapping[tuple[str, str], tuple[Figure, ...]] = field(default_factory=dict)
    unit_sets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    queries: Mapping[tuple[str, str, str], tuple[Query, ...]] = field(default_factory=dict)
    # The sources of each year's printed report.
    reports: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def followed(self, declared: Declared, year: int) -> tuple[str, tuple[str, ...]]:
        """Return the source and numbers of the printed tables that a table continues: of its own round if declared."""
        own = [source for source in self.reports.get(year, ()) if source in declared.printed]
        source = (own or list(declared.printed))[0]
        return source, tuple(declared.printed[source].split())

    def laid_out(self, declared: Declared, year: int) -> Declared:
        """Return a declaration with the rows and columns of print; unchanged if it does not continue a printed table.

        Raises:
            ReportError: print has no such table, or has figures without the rows' dimension.
        """
        if not declared.printed:
            return declared
        source, numbers = self.followed(declared, year)
        figures = [figure for number in numbers for figure in self.figures.get((source, number), ())]
        if not figures:
            raise ReportError(f"{source} has no table {' '.join(numbers)}", "name one of data/published")
        return _Layout(declared, figures, self.unit_sets.get((source, numbers[0]), "")).declared_so()

    def queried(
        self, declared: Declared, published: Published, measure: str, dimensions: Mapping[str, str], year: int, of: int
    ) -> Quantity | None:
        """Return the quantity of a figure whose cells a query names; None if there is no query for it.

        Args:
            declared: the table.
            published: the snapshot.
            measure: in the words of print.
            dimensions: likewise.
            year: of the figure.
            of: the round of the report.

        Raises:
            ReportError: a cell does not exist.
        """
        if not declared.printed or not self.queries:
            return None
        source, numbers = self.followed(declared, of)
        key = cell_key(measure, dimensions, None)
        lines = next((found for number in numbers if (found := self.queries.get((source, number, key)))), ())
        if not lines:
            return None
        terms = [(line.is_denominator, Term(line.factor, _cell(published, line, year))) for line in lines]
        return Quantity(
            tuple(term for is_below, term in terms if not is_below), tuple(term for is_below, term in terms if is_below)
        )


def cell_key(measure: str, dimensions: Mapping[str, str], year: int | None) -> str:
    """Return the reconciliation's key of a figure; without a year, the key is the same in every round."""
    names = sorted(name for name in dimensions if year is not None or name not in (SINCE, SURVEY))
    return "|".join([measure, *(f"{name}={dimensions[name]}" for name in names), *([] if year is None else [str(year)])])


def _cell(published: Published, line: Query, year: int) -> Any:
    """Return the cell of a query; by default it is of the country, the areas of the year, totals, and all items."""
    described = published.tables.get(line.table)
    if described is None:
        raise ReportError(f"there is no table {line.table!r}", "correct data/published/queries.csv")
    usual = {YEAR: str(year), LEVEL: COUNTRY[0], CODE: COUNTRY[1], BASIS: "reported", "item": "all", "target_group": TOTAL}
    usual |= dict.fromkeys(("service_type", "education", "pathway", "reporting_form", "category"), TOTAL)
    usual |= {"survey": "is248", "unit_set": "municipalities"}
    wanted = {name: value for name, value in usual.items() if name in described.key}
    return published.cell(line.table, line.measure, {**wanted, **line.dimensions})


class _Layout:
    """The rows and columns of printed figures, in their order."""

    def __init__(self, declared: Declared, figures: list[Figure], unit_set: str) -> None:
        self.declared, self.figures, self.unit_set = declared, figures, unit_set
        self.by = declared.rows.by
        self.is_amount = any(AMOUNTS in figure.measure for figure in figures)
        # More than two years are a series, which later rounds continue.
        self.is_series = len({figure.year for figure in figures}) > 2
        if self.by != "year":
            for figure in figures:
                if self.by not in figure.dimensions:
                    raise ReportError(
                        f"print has a figure without {self.by} ({cell_key_of(figure)})",
                        "name another dimension for the rows",
                    )
        first = figures[0].dimensions
        self.fixed = {
            name: code
            for name, code in first.items()
            if name not in (self.by, SINCE, SURVEY, PART) and all(figure.dimensions.get(name) == code for figure in figures)
        }

    def declared_so(self) -> Declared:
        columns: dict[Any, Column] = {}
        places: dict[Any, dict[str, int]] = {}
        for figure in self.figures:
            column = self._column(figure)
            name = (column.measure, tuple(column.dimensions.items()), column.year, column.since)
            columns.setdefault(name, column)
            code = str(figure.year) if self.by == "year" else figure.dimensions[self.by]
            of_rows = places.setdefault(name, {})
            of_rows[code] = max(figure.decimals, of_rows.get(code, figure.decimals))
        heads = self.declared.heads
        if heads and len(heads) != len(columns):
            raise ReportError(f"the table has {len(columns)} columns and {len(heads)} heads", "give each column its head")
        rows = self._rows()
        absent = [
            (code, at)
            for code in (rows.codes if rows.codes != "all" and not self.is_series else ())
            for at, name in enumerate(columns, start=1)
            if code not in places[name]
        ]
        return self.declared.model_copy(
            update={
                "rows": rows,
                "fixed": self.fixed,
                "columns": tuple(
                    column.model_copy(update={"head": head, **self._decimals(places[name])})
                    for (name, column), head in zip(columns.items(), heads or [None] * len(columns), strict=True)
                ),
                "unit_set": self.unit_set,
                "absent": tuple(absent),
            }
        )

    def _decimals(self, of_rows: Mapping[str, int]) -> dict[str, Any]:
        """Return the decimals of a column, and of rows that differ; rows by year use the column's, as later years join."""
        usual = Counter(of_rows.values()).most_common(1)[0][0]
        others = {} if self.by == "year" else {code: each for code, each in of_rows.items() if each != usual}
        return {"decimals": usual, "row_decimals": others}

    def _rows(self) -> Rows:
        if self.by == "year":
            specs = tuple(dict.fromkeys(self._year(figure) for figure in self.figures))
            return Rows(by=self.by, years="all" if self.is_series else specs)
        if self.by in OF_THE_MAP:
            return Rows(by=self.by, codes="all")
        return Rows(by=self.by, codes=tuple(dict.fromkeys(figure.dimensions[self.by] for figure in self.figures)))

    def _year(self, figure: Figure) -> YearSpec:
        if figure.year == figure.report_year:
            return "report"
        # Amounts, and persons that the following round asked about, belong to calendar years; all else to rounds.
        return figure.year - figure.report_year if self.is_amount or SURVEY in figure.dimensions else "before"

    def _column(self, figure: Figure) -> Column:
        dimensions = figure.dimensions
        rest = {
            name: code
            for name, code in dimensions.items()
            if name not in (self.by, SINCE, SURVEY, PART) and name not in self.fixed
        }
        year: YearSpec = "report"
        if self.by != "year":
            year = self.declared.years if self.is_series and SINCE not in dimensions else self._year(figure)
        since: Any = None if SINCE not in dimensions else -1 if self.is_amount else "before"
        survey = int(dimensions[SURVEY]) - figure.report_year if SURVEY in dimensions else None
        return Column.model_validate(
            {
                "measure": figure.measure,
                "year": year,
                "since": since,
                "survey": survey,
                "with": rest,
            }
        )


def cell_key_of(figure: Figure) -> str:
    """Return the key of a printed figure."""
    return cell_key(figure.measure, figure.dimensions, figure.year)


def dimensions_of(text: str) -> dict[str, str]:
    """Return the dimensions of a printed figure with the names that tables use."""
    found = dict(part.split("=", 1) for part in text.split(";") if part)
    if found.get("price_basis", "").startswith("real"):
        # The table of amounts gives the base year of the prices.
        found["price_basis"] = "real"
    if MUNICIPALITY in found or found.get(NAMES[1]) == TOTAL:
        found.setdefault(MUNICIPALITY, TOTAL)
        found = {name: code for name, code in found.items() if name not in NAMES}
    return found


def load_printed_tables(data: Path, reports: Mapping[int, tuple[str, ...]]) -> PrintedTables:
    """Return the printed tables of the named sources, in the order of the transcription."""
    wanted = {source for sources in reports.values() for source in sources}
    figures: dict[tuple[str, str], list[Figure]] = {}
    queries: dict[tuple[str, str, str], list[Query]] = {}
    for row in read_rows(data, "published", "figures"):
        if row["source_id"] in wanted:
            figures.setdefault((row["source_id"], row["table_id"]), []).append(
                Figure(
                    measure=row["measure"],
                    dimensions=dimensions_of(row["dimensions"]),
                    year=int(row["year"]),
                    report_year=int(row["report_year"]),
                    decimals=int(row["decimals"] or 0),
                )
            )
    for row in read_rows(data, "published", "queries"):
        line = Query(
            is_denominator=row["role"] == "denominator",
            factor=int(row["factor"]),
            table=row["public_table"],
            measure=row["measure"],
            dimensions=dimensions_of(row["dimensions"]),
        )
        queries.setdefault((row["source_id"], row["table_id"], row["cell_key"]), []).append(line)
    in_any_round: dict[tuple[str, str, str], tuple[Query, ...]] = {}
    for (source, number, key), lines in queries.items():
        measure, *dimensions, _ = key.split("|")
        without_year = cell_key(measure, dimensions_of(";".join(dimensions)), None)
        # A figure of several years is computed in the same way in each.
        in_any_round.setdefault((source, number, without_year), tuple(lines))
    return PrintedTables(
        figures={key: tuple(found) for key, found in figures.items()},
        unit_sets={
            (row["source_id"], row["table_id"]): row["unit_set"]
            for row in read_rows(data, "published", "unit_sets")
            if not row["county"]
        },
        queries=in_any_round,
        reports=dict(reports),
    )
