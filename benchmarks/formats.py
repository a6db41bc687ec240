"""Do all formats contain the same data? Reads every file of a snapshot with a library other than its writer.

    .venv/bin/python benchmarks/formats.py [folder]

The folder is a snapshot or a candidate; by default the published snapshot. Parquet and CSV are read by pyarrow, workbooks by
calamine, JSON-stat by pyjstat (numbers) and json (everything else), PX by pyaxis (numbers) and from the text itself (signs,
notes of cells), the data of the pages by json (all but the numbers). The results are compared with the snapshot's own DuckDB
file, row by row and column by column; in no format may a measure of a confidential row have a number. Prints a line per
format, then the first differences; the exit code is 1 where there are any.

Belongs here: reading formats as their readers do, from the descriptions in the snapshot itself. Does not belong here:
code of the writers, whose mistakes would then be on both sides.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import python_calamine
from pyaxis import pyaxis
from pyaxis.data_processing import get_codes
from pyjstat import pyjstat

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.core.settings import load_settings
from orchestration.core.warehouse import attach
from orchestration.publish.pointer import CURRENT
from orchestration.publish.snapshot_files import DATABASE, REVISIONS

ARROW = {"INTEGER": pa.int32(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "VARCHAR": pa.string(), "BOOLEAN": pa.bool_()}
NUMERIC = ("INTEGER", "BIGINT", "DOUBLE")
# The types of a sheet's cells other than numbers.
CELLS = {"VARCHAR": {"str"}, "BOOLEAN": {"bool"}}

# The levels of a workbook's tables of figures, and those of a county's package.
WORKBOOK_LEVELS = ("country", "health_region", "hf_area", "county", "size_group")
MUNICIPAL_LEVELS = ("municipality", "city_district", "agency")
PACKAGE_TABLES = ("fte_by_service", "fte_by_education", "fte_by_pathway")
READ_ME, OVERVIEW = "Les meg", "Oversikt"

# Texts that begin like this get an apostrophe in CSV.
FORMULA = r"[=+\-@\t]"
# The ending of CSV files for Excel in Norwegian.
FOR_EXCEL = "_excel.csv"

STATUS, BREAK = "obs_status", "series_break"
REASON, NOTE, COVERAGE = "absence_reason", "obs_note", "coverage"
# A workbook also has the kinds of a break, which no column of a table has.
KINDS, KINDS_CODES = "break_kinds", "break_kind"
SEVERAL = ";"
# Cubes of the pages that are not named after their table, and the columns one of which is their time.
SITE_CUBES = {"rates": "fte_by_service"}
SITE_TIMES = ("time_period", "time_period_to")
CONFIDENTIAL = "Q"
# The value for a period whose rows count units in two ways, in formats with one value per period.
UNIT_SET, BY_LEVEL = "unit_set", "by_level"
# The status of a further measure that is missing where the main one is not.
CANNOT_EXIST = "M"

# Differences other than in a column: a missing or extra row, and the position of a row in its file.
ROW, PLACE = "(row)", "(place)"
# SQL: the row is in the database and in the file.
BOTH = "e.here and f.here"

# How many differences are listed per column of a file, and per format.
FEW = 5


@dataclass(frozen=True)
class Column:
    """A column: its DuckDB type, the code list of its values (by default that of its name), and the separator of several."""

    name: str
    type: str
    title: Mapping[str, str]
    codes: str
    separator: str | None


@dataclass(frozen=True)
class Table:
    """A table as described by the snapshot; ``paths`` are its files."""

    name: str
    key: tuple[str, ...]
    measures: tuple[str, ...]
    columns: Mapping[str, Column]
    cube: Mapping[str, Any] | None
    paths: tuple[str, ...]
    is_view: bool = False

    @property
    def types(self) -> dict[str, str]:
        """The type of each column."""
        return {name: column.type for name, column in self.columns.items()}

    @property
    def numbers(self) -> list[str]:
        """The measures that are numbers."""
        return [name for name in self.measures if self.columns[name].type in NUMERIC]


@dataclass(frozen=True)
class Difference:
    """One difference, with its exact place."""

    file: str
    key: str
    column: str
    expected: Any
    found: Any


@dataclass
class Tally:
    """The results of comparing a format."""

    name: str
    files: int = 0
    rows: int = 0
    cells: int = 0
    differences: int = 0
    first: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, file: str, key: str, column: str, expected: Any, found: Any) -> None:
        """Count and keep a difference."""
        self.differences += 1
        self.first.append(Difference(file, key, column, expected, found))

    def add_places(self, places: Any, difference: Callable[[int], Difference]) -> None:
        """Count a difference at each place of an array, and keep the first."""
        self.differences += len(places)
        self.first += [difference(place) for place in places[:FEW]]

    @contextmanager
    def reading(self, file: str) -> Iterator[None]:
        """Count a file; an error in reading it is a difference."""
        self.files += 1
        try:
            yield
        except Exception as error:
            self.add(file, "", "(file)", "can be read", f"{type(error).__name__}: {error}")


class Snapshot:
    """A snapshot's folder, its DuckDB file, and its descriptions of tables and codes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        self.connection.execute("set memory_limit = '1GB'")
        attach(self.connection, folder / DATABASE, "published")
        self.connection.execute("use published")
        self.tables = {path.stem: _described(path) for path in sorted((folder / "metadata").glob("*.json"))}
        self.codes: dict[str, dict[str, str]] = {}
        for codelist, code, label in self.rows("select codelist, code, label_nb from codelists order by sort_order, code"):
            self.codes.setdefault(codelist, {})[code] = label
        indicators = dict(self.rows("select indicator, label_nb from indicators"))
        self.codes["indicator"] = indicators | self.codes.get("amount", {})
        self.confidential = Tally("no number where confidential")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(sql).fetchall()

    def files(self, folder: str, tally: Tally) -> Iterator[tuple[Table, str]]:
        """Yield each described file of a folder with its table; files that are missing or not described are differences."""
        described = {path: table for table in self.tables.values() for path in table.paths if path.startswith(f"{folder}/")}
        self.check_files(folder, set(described), tally)
        for path, table in described.items():
            if (self.folder / path).is_file():
                yield table, path

    def check_files(self, folder: str, expected: set[str], tally: Tally) -> None:
        """Count missing and extra files as differences."""
        found = {path.relative_to(self.folder).as_posix() for path in (self.folder / folder).rglob("*") if path.is_file()}
        for path in sorted(expected ^ found):
            says = ("a file", "none") if path in expected else ("none", "a file")
            tally.add(path, "", "(file)", *says)

    def compare(
        self,
        tally: Tally,
        file: str,
        table: Table,
        found: pa.Table,
        *,
        expected: str | None = None,
        columns: Mapping[str, str] | None = None,
        is_ordered: bool = False,
        is_whole: bool = True,
    ) -> None:
        """Compare the rows of a file with those of the database.

        Args:
            tally: the tally to update.
            file: the name of the file, for the differences.
            table: the table of the rows.
            found: the rows of the file.
            expected: SQL of the rows that it should have; by default all of the table's.
            columns: columns with types that are compared; by default all of the table's.
            is_ordered: whether the rows must be in the order of the key.
            is_whole: whether all expected rows must be there.
        """
        columns = dict(table.types if columns is None else columns)
        for name in [name for name in columns if name not in found.column_names]:
            tally.add(file, "", name, "a column", "none")
            del columns[name]
        self.connection.register("found", found.append_column(PLACE, pa.array(range(1, len(found) + 1))))
        key = [name for name in table.key if name in columns]
        sides = _sides(expected or f'select * from "{table.name}"', key, columns)
        wrong = _wrong(columns, is_ordered=is_ordered, is_whole=is_whole)
        is_hidden = f"{BOTH} and '{CONFIDENTIAL}' in (e.{STATUS}, f.{STATUS})" if STATUS in columns else "false"
        shown = {name: f'{is_hidden} and f."{name}" is not null' for name in table.numbers if name in columns}
        conditions = [BOTH, is_hidden, *wrong.values(), *shown.values()]
        counted = ", ".join(f"count(*) filter ({condition})" for condition in conditions)
        rows, hidden, *counts = self.rows(f"select {counted} from {sides}")[0]
        tally.rows += rows
        tally.cells += rows * len(columns)
        self.confidential.files += bool(hidden)
        self.confidential.rows += hidden
        self.confidential.cells += hidden * len(shown)
        of_wrong = dict(zip(wrong, counts, strict=False))
        if of_wrong[ROW]:
            of_wrong.pop(PLACE, None)  # after a missing or extra row, all positions differ
        of_shown = dict(zip(shown, counts[len(wrong) :], strict=True))
        for into, conditions_of, counts_of in ((tally, wrong, of_wrong), (self.confidential, shown, of_shown)):
            for name, count in counts_of.items():
                into.differences += count
                if count:
                    into.first += self._first(file, key, name, f"{sides} where {conditions_of[name]}")
        self.connection.unregister("found")

    def _first(self, file: str, key: list[str], name: str, source: str) -> list[Difference]:
        """Return the first differences of a column."""
        cells = f'e."{name}", f."{name}"' if name != ROW else "if(e.here, 'a row', 'none'), if(f.here, 'a row', 'none')"
        keys = "".join(f'coalesce(e."{each}"::varchar, f."{each}"::varchar), ' for each in key)
        found = []
        for *values, of_database, of_file in self.rows(f"select {keys}{cells} from {source} order by all limit {FEW}"):
            place = " ".join(f"{each}={value}" for each, value in zip(key, values, strict=True))
            found.append(Difference(file, place, name, of_database, of_file))
        return found


def _sides(expected: str, key: list[str], columns: Mapping[str, str]) -> str:
    """Return SQL of both sides by key: ``e`` of the database, where a key is unique, and ``f`` of the file."""
    parts = ", ".join(f'"{name}"' for name in key)
    order = ", ".join(f'"{name}" nulls first' for name in key)
    equal = " and ".join(f"{_cell('e', name, columns)} is not distinct from {_cell('f', name, columns)}" for name in key)
    return f"""
        (
            select *, true as here, 1 as nth, row_number() over (order by {order}) as "{PLACE}" from ({expected})
        ) as e
        full join (
            select *, true as here, row_number() over (partition by {parts} order by "{PLACE}") as nth from found
        ) as f
        on e.nth = f.nth and {equal}
    """


def _wrong(columns: Mapping[str, str], *, is_ordered: bool, is_whole: bool) -> dict[str, str]:
    """Return the SQL conditions of a difference, by column."""
    wrong = {ROW: "e.here is null" + (" or f.here is null" if is_whole else "")}
    for name in columns:
        differ = f"{_cell('e', name, columns)} is distinct from {_cell('f', name, columns)}"
        # A value that cannot be read as its type would be missing.
        unread = f'(e."{name}" is null) != (f."{name}" is null)'
        wrong[name] = f"{BOTH} and ({differ} or {unread})"
    if is_ordered:
        wrong[PLACE] = f'{BOTH} and e."{PLACE}" != f."{PLACE}"'
    return wrong


def _cell(side: str, name: str, columns: Mapping[str, str]) -> str:
    """Return SQL of a cell in which equal values are equal whatever their type in a format."""
    return f'try_cast({side}."{name}" as {"DOUBLE" if columns[name] in NUMERIC else columns[name]})'


def _described(path: Path) -> Table:
    """Return a table as described by the snapshot's own metadata."""
    content = json.loads(path.read_text(encoding="utf-8"))
    columns = {}
    for column in content["columns"]:
        codelist = column["codelist"] or {}
        columns[column["name"]] = Column(
            name=column["name"],
            type=column["type"],
            title=column["title"],
            codes=codelist.get("name") or column["name"],
            separator=codelist.get("separator"),
        )
    return Table(
        name=content["name"],
        key=tuple(content["key"]),
        measures=tuple(content["measures"]),
        columns=columns,
        cube=content["cube"],
        paths=tuple(path for file in content["files"] for path in file["paths"]),
        is_view=content["kind"] == "view",
    )


def arrow(values: Any, kind: str) -> pa.Array:
    """Return values as a column; as texts where they are not all of the type."""
    try:
        return pa.array(values, pa.float64() if kind in NUMERIC else ARROW[kind], from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None or value != value else str(value) for value in values], pa.string())


def only_differing(expected: list[Any], found: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return two lists without their common elements; unchanged where only the order differs."""
    missing, further = [each for each in expected if each not in found], [each for each in found if each not in expected]
    return (missing, further) if missing or further else (expected, found)


def check_database(snapshot: Snapshot, tally: Tally) -> None:
    """Compare the database, the reference for all other formats, with its description."""
    with tally.reading(DATABASE):
        found: dict[str, dict[str, str]] = {}
        for name, column, kind in snapshot.rows(
            "select table_name, column_name, data_type from duckdb_columns() where database_name = 'published' "
            "order by table_name, column_index"
        ):
            found.setdefault(name, {})[column] = kind
        for name in sorted({*found, *snapshot.tables}):
            described = snapshot.tables[name].types if name in snapshot.tables else {}
            if list(found.get(name, {}).items()) != list(described.items()):
                columns = list(found.get(name, {}).items())
                tally.add(DATABASE, name, "(columns)", *only_differing(list(described.items()), columns))
                continue
            table = snapshot.tables[name]
            rows, keys = snapshot.rows(f'select count(*), count(distinct row({", ".join(table.key)})) from "{name}"')[0]
            if rows != keys:
                tally.add(DATABASE, name, "(key)", f"{rows} keys", f"{keys} keys")
            tally.rows += rows
            tally.cells += rows * len(described)
            if STATUS in described:
                numbers = "".join(f', count("{measure}")' for measure in table.numbers)
                hidden, *shown = snapshot.rows(
                    f"""select count(*){numbers} from "{name}" where {STATUS} = '{CONFIDENTIAL}'"""
                )[0]
                snapshot.confidential.files += bool(hidden)
                snapshot.confidential.rows += hidden
                snapshot.confidential.cells += hidden * len(shown)
                for measure, count in zip(table.numbers, shown, strict=True):
                    if count:
                        snapshot.confidential.add(DATABASE, name, measure, "no numbers", f"{count} numbers")


def check_parquet(snapshot: Snapshot, tally: Tally) -> None:
    """Compare Parquet, with types and order of columns and rows."""
    for table, file in snapshot.files("parquet", tally):
        with tally.reading(file):
            found = pyarrow.parquet.read_table(snapshot.folder / file)
            described = [(name, str(ARROW[kind])) for name, kind in table.types.items()]
            columns = [(each.name, str(each.type)) for each in found.schema]
            if columns != described:
                tally.add(file, "", "(columns)", *only_differing(described, columns))
            snapshot.compare(tally, file, table, found, is_ordered=True)


def check_csv(snapshot: Snapshot, tally: Tally) -> None:
    """Compare CSV, with the order of columns and rows; removes the apostrophe before texts that look like formulas."""
    for table, file in snapshot.files("csv", tally):
        with tally.reading(file):
            is_for_excel = file.endswith(FOR_EXCEL)
            found = pyarrow.csv.read_csv(
                snapshot.folder / file,
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter=";" if is_for_excel else ","),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types={name: ARROW[kind] for name, kind in table.types.items()},
                    null_values=[""],
                    true_values=["true"],
                    false_values=["false"],
                    strings_can_be_null=True,
                    decimal_point="," if is_for_excel else ".",
                ),
            )
            if found.column_names != list(table.types):
                tally.add(file, "", "(columns)", *only_differing(list(table.types), found.column_names))
            for place, (name, values) in enumerate(zip(found.column_names, found.columns, strict=True)):
                if table.types.get(name) == "VARCHAR":
                    for text in values.filter(pc.match_substring_regex(values, rf"\A{FORMULA}")).unique().to_pylist():
                        tally.add(file, "", name, f"'{text}", text)
                    found = found.set_column(place, name, pc.replace_substring_regex(values, rf"\A'({FORMULA})", r"\1"))
            snapshot.compare(tally, file, table, found, is_ordered=True)


def read_sheet(snapshot: Snapshot, tally: Tally, file: str, table: Table, sheet: python_calamine.CalamineSheet) -> pa.Table:
    """Return the rows of a sheet; header, types of cells and labels of codes are compared here."""
    head, *rows = sheet.to_python()
    labels = {f"{name}_nb": column for name, column in table.columns.items() if column.codes in snapshot.codes}
    expected = [each for name in table.columns for each in (f"{name}_nb", name) if each in table.columns or each in labels]
    if BREAK in expected:
        place = expected.index(BREAK) + 1
        expected[place:place] = [f"{KINDS}_nb", KINDS]
        labels[f"{KINDS}_nb"] = Column(KINDS, "VARCHAR", {}, KINDS_CODES, SEVERAL)
    if head != expected:
        tally.add(file, "", "(columns)", *only_differing(expected, head))
    columns = dict(zip(head, zip(*rows, strict=True) if rows else [()] * len(head), strict=True))
    found = {}
    for name, column in table.columns.items():
        values = [None if value == "" else value for value in columns[name]]
        kinds = {type(value).__name__ for value in values if value is not None}
        if not kinds <= CELLS.get(column.type, {"float", "int"}):
            tally.add(file, "", name, f"cells of {column.type}", ", ".join(sorted(kinds)))
        found[name] = arrow(values, column.type)
    for name, column in labels.items():
        tally.cells += len(rows)
        for code, label in sorted(set(zip(columns[column.name], columns[name], strict=True))):
            if label != label_of(snapshot, column, code):
                tally.add(file, f"{column.name}={code}", name, label_of(snapshot, column, code), label)
    if BREAK in found:
        for key, kinds in zip(columns[BREAK], columns[KINDS], strict=True):
            if bool(key) != bool(kinds):
                tally.add(file, "", KINDS, f"kinds of a break: {key}", kinds)
    return pa.table(found)


def label_of(snapshot: Snapshot, column: Column, text: str) -> str:
    """Return the Norwegian label of a code, or of several; other texts are unchanged."""
    codes = snapshot.codes.get(column.codes, {})
    parts = [text] if text in codes or not column.separator else text.split(column.separator)
    return "; ".join(codes.get(part, part) for part in parts)


def check_workbook(snapshot: Snapshot, tally: Tally) -> None:
    """Compare the workbook's sheets with the rows from country to county, and with the code lists."""
    for file in dict.fromkeys(file for _, file in snapshot.files("xlsx", tally)):
        with tally.reading(file):
            book = python_calamine.CalamineWorkbook.from_path(snapshot.folder / file)
            views = [name for name, table in snapshot.tables.items() if table.is_view and file in table.paths]
            tables = [name for name, table in snapshot.tables.items() if not table.is_view and name != REVISIONS]
            expected = [READ_ME, *views, *tables]
            if book.sheet_names != expected:
                tally.add(file, "", "(sheets)", expected, book.sheet_names)
            for name in book.sheet_names:
                if name in snapshot.tables:
                    table, place = snapshot.tables[name], f"{file} {name}"
                    rows = f'select * from "{name}"'
                    if "unit_level" in table.columns and table.measures:
                        rows += f" where unit_level in {WORKBOOK_LEVELS}"
                    found = read_sheet(snapshot, tally, place, table, book.get_sheet_by_name(name))
                    snapshot.compare(tally, place, table, found, expected=rows, is_ordered=True)


def check_packages(snapshot: Snapshot, tally: Tally) -> None:
    """Compare the counties' packages: rows on current areas are those of the county, all together every municipal row."""
    if not (snapshot.folder / "packages").is_dir():
        return
    counties = snapshot.rows(
        "select unit_code from areas where area_basis = 'current' and unit_level = 'county' "
        "and time_period = (select max(time_period) from areas where area_basis = 'current') order by 1"
    )
    snapshot.check_files("packages", {f"packages/{county}.xlsx" for (county,) in counties}, tally)
    tables = [snapshot.tables[name] for name in PACKAGE_TABLES]
    keys: dict[str, list[pa.Table]] = {table.name: [] for table in tables}
    for path in sorted((snapshot.folder / "packages").iterdir()):
        file = path.relative_to(snapshot.folder).as_posix()
        with tally.reading(file):
            book = python_calamine.CalamineWorkbook.from_path(path)
            if book.sheet_names != [READ_ME, OVERVIEW, *keys]:
                tally.add(file, "", "(sheets)", [READ_ME, OVERVIEW, *keys], book.sheet_names)
            check_overview(snapshot, tally, f"{file} {OVERVIEW}", path.stem, book.get_sheet_by_name(OVERVIEW).to_python())
            for table in tables:
                place = f"{file} {table.name}"
                found = read_sheet(snapshot, tally, place, table, book.get_sheet_by_name(table.name))
                current, reported = _by_basis(found)
                own = f"semi join ({units_of(path.stem)}) using (unit_level, unit_code, time_period)"
                expected = f"from ({_municipal(table, 'current')}) {own}"
                snapshot.compare(tally, place, table, current, expected=expected)
                # Besides the county's own units of the year there are the predecessors of today's units, wherever they were.
                expected = _municipal(table, "reported")
                snapshot.compare(tally, place, table, reported, expected=expected, is_whole=False)
                keys[table.name].append(found.select(table.key))
    together = Tally(tally.name)  # these rows are counted already
    for table in tables:
        current, reported = _by_basis(pa.concat_tables(keys[table.name]))
        # A unit that was divided between counties is in the packages of both.
        reported = reported.group_by(list(table.key)).aggregate([])
        columns = {name: table.types[name] for name in table.key}
        for basis, rows in (("current", current), ("reported", reported)):
            expected = _municipal(table, basis)
            snapshot.compare(together, f"all packages {table.name}", table, rows, expected=expected, columns=columns)
    tally.differences += together.differences
    tally.first += together.first


def units_of(county: str) -> str:
    """Return SQL of the units of a county on current areas, by year."""
    return f"""
        select unit_level, unit_code, time_period from areas
        where area_basis = 'current' and county_code = '{county}' and unit_level in {MUNICIPAL_LEVELS}
    """


def _municipal(table: Table, basis: str) -> str:
    return f"select * from \"{table.name}\" where unit_level in {MUNICIPAL_LEVELS} and area_basis = '{basis}'"


def _by_basis(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    is_current = pc.equal(rows["area_basis"], "current")
    return rows.filter(is_current), rows.filter(pc.invert(is_current))


def check_overview(snapshot: Snapshot, tally: Tally, file: str, county: str, rows: list[list[Any]]) -> None:
    """Compare the numbers of a package's overview: a block per measure, a line per unit, a column per year."""
    table = snapshot.tables["fte_by_service"]
    titles = {"{nb} / {en}".format(**table.columns[name].title): name for name in table.numbers}
    years: list[Any] = []
    measure = None
    found = []
    for code, name, *cells in rows:
        if cells and isinstance(cells[0], float) and not years:
            years = cells
        elif code in titles and not name:
            measure = titles[code]
        elif not code:
            measure = None  # the block of signs and marks has no figures
        elif measure is not None:
            for year, cell in zip(years, cells, strict=True):
                if isinstance(cell, float | int):
                    found.append({"unit_code": code, "time_period": year, "measure": measure, "value": cell})
    types = {"unit_code": "VARCHAR", "time_period": "INTEGER", "measure": "VARCHAR", "value": "DOUBLE"}
    expected = f"""
        select unit_code, time_period, measure, value from (
            select unit_code, time_period,
                unnest(['fte', 'fte_per_10000']) as measure, unnest([fte, fte_per_10000]) as value
            from fte_by_service
            where area_basis = 'current' and target_group = 'total' and service_type = 'total' and (
                unit_level = 'country' or (unit_level = 'county' and unit_code = '{county}')
                or (unit_level, unit_code) in (select (unit_level, unit_code) from ({units_of(county)}))
            )
        ) where value is not null
    """
    columns = {name: Column(name, kind, {}, name, None) for name, kind in types.items()}
    overview = Table(table.name, ("unit_code", "time_period", "measure"), ("value",), columns, None, ())
    values = {name: arrow([each[name] for each in found], kind) for name, kind in types.items()}
    snapshot.compare(tally, file, overview, pa.table(values), expected=expected)


def check_json_stat(snapshot: Snapshot, tally: Tally) -> None:
    """Compare cubes of JSON-stat; every column but the name of the unit comes back."""
    for table, file in snapshot.files("jsonstat", tally):
        with tally.reading(file):
            path = snapshot.folder / file
            text = path.read_text(encoding="utf-8")
            frame = pyjstat.Dataset.read(text).write("dataframe", naming="id")
            document = json.loads(text)
            del text, document["value"]
            assert table.cube is not None, f"{table.name} is described as no cube"
            labels = {dimension["label"] for dimension in table.cube["dimensions"]}
            columns = {name: kind for name, kind in table.types.items() if name not in labels}
            columns |= {f"status of {name}": "VARCHAR" for name in table.numbers}
            of_row = f"case when {BREAK} then 'B' else {STATUS} end" if BREAK in columns else STATUS
            statuses = ", ".join(f'{status_of(table, name, of_row)} as "status of {name}"' for name in table.numbers)
            each = table.cube["each"]
            own = f"where \"{each}\" = '{path.stem}'" if each else ""
            expected = f"select *, {statuses} from {with_one_unit_set(table)} {own}"
            rows = rows_of_json_stat(tally, file, table, document, frame)
            snapshot.compare(tally, file, table, rows, expected=expected, columns=columns)


def with_one_unit_set(table: Table) -> str:
    """Return SQL of a table with one unit set per period, although the rows of a period may count two."""
    if UNIT_SET not in table.columns or UNIT_SET in table.key:
        return f'"{table.name}"'
    subject = "indicator, " if "indicator" in table.key else ""
    same = f"min({UNIT_SET}) over period = max({UNIT_SET}) over period"
    return f"""(
        select * replace (if({same}, {UNIT_SET}, '{BY_LEVEL}') as {UNIT_SET})
        from "{table.name}" window period as (partition by {subject}time_period)
    )"""


def status_of(table: Table, measure: str, of_row: str) -> str:
    """Return SQL of the status of a measure: the row's, unless it is missing where the main measure is not."""
    main = table.measures[0]
    if measure == main:
        return of_row
    return f'case when "{measure}" is null and "{main}" is not null then \'{CANNOT_EXIST}\' else {of_row} end'


def rows_of_json_stat(tally: Tally, file: str, table: Table, document: Any, frame: pd.DataFrame) -> pa.Table:
    """Return the rows of a cube, from pyjstat's numbers and the document's own metadata."""
    *names, measure = document["id"]
    measures = document["dimension"][measure]["category"]["index"]
    extension = document["extension"]
    if measures != table.numbers or not (frame[measure].to_numpy().reshape(-1, len(measures)) == measures).all():
        tally.add(file, "", measure, table.numbers, measures)
    numbers = frame["value"].to_numpy(dtype=float).reshape(-1, len(measures))
    statuses = np.array(document["status"], dtype=object).reshape(-1, len(measures))
    codes = frame[names].iloc[:: len(measures)]
    is_row = statuses[:, 0] != None  # noqa: E711 (of each element)
    without_row = ~is_row & (~np.isnan(numbers) | (statuses != None)).any(axis=1)  # noqa: E711
    tally.add_places(
        np.flatnonzero(without_row),
        lambda place: Difference(file, " ".join(map(str, codes.iloc[place])), ROW, "none", numbers[place].tolist()),
    )
    rows: dict[str, Any] = {name: [value] * int(is_row.sum()) for name, value in extension.get("each", {}).items()}
    for name in names:
        own = codes[name][is_row].astype(str)
        parts = extension["columns"][name]
        for place, column in enumerate(parts):
            rows[column] = own.str.split(":", n=len(parts) - 1).str[place].to_numpy(dtype=object)
        for column, values in extension["attributes"].get(name, {}).items():
            rows[column] = own.map(values.get).to_numpy(dtype=object)
    for name, column in extension["rows"].items():
        values = np.full(len(is_row), column["default"], dtype=object)
        for value, places in column["others"]:
            values[places] = value
        rows[name] = values[is_row]
    numbers, statuses = numbers[is_row], statuses[is_row]
    rows |= {name: numbers[:, place] for place, name in enumerate(measures)}
    rows |= {f"status of {name}": statuses[:, place] for place, name in enumerate(measures)}
    shown = statuses[:, 0]
    if BREAK in table.columns:
        rows |= {BREAK: shown == "B", STATUS: np.where(shown == "B", rows[STATUS], shown)}
    else:
        rows[STATUS] = shown
    return pa.table({name: arrow(values, table.types.get(name, "VARCHAR")) for name, values in rows.items()})


def check_px(snapshot: Snapshot, tally: Tally) -> None:
    """Compare cubes of PX: numbers by pyaxis; signs of missing cells as in the file, with those that readers print."""
    codes = snapshot.rows(f"select code, sign from codelists where codelist = '{STATUS}' and sign is not null")
    sign_of = " ".join(f"when '{code}' then '{sign}'" for code, sign in codes)
    for table, file in snapshot.files("px", tally):
        with tally.reading(file):
            rows = rows_of_px(snapshot, tally, file, table)
            sign = {name: f"case {status_of(table, name, STATUS)} {sign_of} else '..' end" for name in table.numbers}
            signs = ", ".join(f'if("{name}" is null, {sql}, null) as "sign of {name}"' for name, sql in sign.items())
            if COVERAGE in table.columns:
                signs += f', if({COVERAGE} is null, sign, null) as "sign of {COVERAGE}"'
                sign_of_row = f"case {status_of(table, COVERAGE, STATUS)} {sign_of} else '..' end as sign"
            else:
                sign_of_row = "null as sign"
            # Notes of cells have no order.
            notes = f"array_to_string(list_sort(string_split({NOTE}, '{SEVERAL}')), '{SEVERAL}') as {NOTE}"
            expected = f'select * replace ({notes}), {signs} from (select *, {sign_of_row} from "{table.name}")'
            columns = {name: table.types.get(name, "VARCHAR") for name in rows.column_names}
            snapshot.compare(tally, file, table, rows, expected=expected, columns=columns)


def rows_of_px(snapshot: Snapshot, tally: Tally, file: str, table: Table) -> pa.Table:
    """Return the rows of a cube: codes, numbers, the sign of each missing number, status and break."""
    with redirect_stdout(None):  # a keyword about languages
        parsed = pyaxis.parse(str(snapshot.folder / file), encoding="utf-8")
    keywords = parsed["METADATA"]
    numbers = parsed["DATA"]["DATA"].to_numpy(dtype=object)
    del parsed
    *codes, contents = get_codes(keywords)[1]
    named = [*keywords["STUB"], *keywords["HEADING"]][:-1]
    assert table.cube is not None, f"{table.name} is described as no cube"
    expected = [*table.numbers, *(name for name in (COVERAGE, STATUS, BREAK) if name in table.columns)]
    if contents != expected:
        tally.add(file, "", "(contents)", expected, contents)
    numbers = numbers.reshape(-1, len(contents))
    text_of_keywords, _, text = (snapshot.folder / file).read_text(encoding="utf-8").partition("DATA=\n")
    written = np.array(text.removesuffix(";\n").split(), dtype=object).reshape(numbers.shape)
    is_row = written[:, contents.index(STATUS)] != '"."'
    tally.add_places(
        np.flatnonzero(~is_row & (written != '"."').any(axis=1)),
        lambda place: Difference(file, f"combination {place}", ROW, "none", " ".join(written[place])),
    )
    places = dict(zip(named, np.unravel_index(np.flatnonzero(is_row), [len(each) for each in codes]), strict=True))
    rows: dict[str, Any] = {}
    for dimension in table.cube["dimensions"]:
        title = table.columns[dimension["label"] or dimension["columns"][0]].title["nb"]
        parts = dimension["columns"]
        split = [code.split(":", len(parts) - 1) for code in codes[named.index(title)]]
        for part, column in enumerate(parts):
            rows[column] = np.array([each[part] for each in split], dtype=object)[places[title]]
    symbols = {f'"{"." * dots}"': "." * dots for dots in range(1, 7)}
    symbols |= {
        sign: keywords[f"DATASYMBOL{len(dots)}"][0] for sign, dots in symbols.items() if f"DATASYMBOL{len(dots)}" in keywords
    }
    statuses = {str(place): code for place, code in enumerate(snapshot.codes[STATUS], start=1)}
    for place, name in enumerate(contents):
        own = pd.Series(written[is_row, place])
        if name == STATUS:
            rows[name] = own.map(statuses).to_numpy(dtype=object)
        elif name == BREAK:
            rows[name] = own.map({"0": False, "1": True}).to_numpy(dtype=object)
        else:
            is_sign = own.str.startswith('"').to_numpy()
            rows[name] = np.where(is_sign, None, numbers[is_row, place])
            rows[f"sign of {name}"] = np.where(is_sign, own.map(lambda sign: symbols.get(sign, sign)), None)
    rows |= cell_notes(snapshot, text_of_keywords, [keywords[f"VALUES({name})"] for name in named], places, named)
    return pa.table({name: arrow(values, table.types.get(name, "VARCHAR")) for name, values in rows.items()})


def cell_notes(
    snapshot: Snapshot,
    text: str,
    values: list[list[str]],
    places: Mapping[str, Any],
    named: list[str],
) -> dict[str, list[str | None]]:
    """Return the reason for absence and the notes of each row, from the notes of cells of a PX file.

    Args:
        snapshot: has the labels of the codes.
        text: the keywords of the file.
        values: the values of each variable except the contents.
        places: the position of each row's value, by variable.
        named: the variables.
    """
    codes_found: dict[str, list[set[str]]] = {name: [set() for _ in range(len(places[named[0]]))] for name in (REASON, NOTE)}
    codes = {name: {label: code for code, label in snapshot.codes.get(name, {}).items()} for name in codes_found}
    for key, quoted in re.findall(r'^CELLNOTE\(([^\n]*?)\)=\s*((?:"[^"]*"\s*)+);$', text, re.MULTILINE):
        members = re.findall(r'"([^"]*)"', key)[:-1]
        holds = np.ones(len(places[named[0]]), dtype=bool)
        for name, member, known in zip(named, members, values, strict=True):
            if member != "*":
                holds &= places[name] == known.index(member)
        for label in "".join(re.findall(r'"([^"]*)"', quoted)).split("##"):
            name = next(name for name in codes if label in codes[name])
            for place in np.flatnonzero(holds).tolist():
                codes_found[name][place].add(codes[name][label])
    return {name: [SEVERAL.join(sorted(each)) or None for each in found] for name, found in codes_found.items()}


def check_site(snapshot: Snapshot, tally: Tally) -> None:
    """Compare the data of the pages other than numbers: status or reason, notes, coverage, base and unit set of a share."""
    for path in sorted((snapshot.folder / "site" / "data").rglob("*.js")):
        file = path.relative_to(snapshot.folder).as_posix()
        with tally.reading(file):
            for name, cube in cubes_of(path.read_text(encoding="utf-8")):
                check_site_cube(snapshot, tally, file, name, cube)


def cubes_of(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and content of each cube in the scripts of the pages."""
    for line in text.splitlines():
        if line.startswith("IS248.add("):
            name, cube = json.loads(f"[{line.removeprefix('IS248.add(').removesuffix(');')}]")
            yield name, cube


def check_site_cube(snapshot: Snapshot, tally: Tally, file: str, name: str, cube: dict[str, Any]) -> None:
    """Compare the cells of a cube of the pages that have a row."""
    own, _, last = name.rpartition("/")
    indicator = last if own == "indicator" else None
    table = snapshot.tables["indicator_shares" if indicator else SITE_CUBES.get(last, last)]
    over = cube["flags"]["over"]
    codes = [cube["dimensions"][each] for each in over]
    flags = runs_of(cube["flags"]["values"])
    there = [place for place, flag in enumerate(flags) if flag != " "]
    places = dict(zip(over, np.unravel_index(np.array(there, dtype=int), [len(each) for each in codes]), strict=True))
    found: dict[str, list[Any]] = {}
    for each, known in zip(over, codes, strict=True):
        values = [known[place] for place in places[each]]
        if each == "unit":
            parts = [value.split(".", 2) for value in values]
            for place, column in enumerate(("area_basis", "unit_level", "unit_code")):
                if column in table.columns:
                    found[column] = [part[place] for part in parts]
        else:
            columns = [column for column in SITE_TIMES if column in table.key] if each == "time" else [each]
            found[columns[-1]] = values
    statuses, reasons = list(snapshot.codes[STATUS]), list(snapshot.codes[REASON])
    shown = [flags[place] for place in there]
    found[STATUS] = [flag if flag in statuses and flag.isupper() else None for flag in shown]
    found[REASON] = [reasons[ord(flag) - ord("a")] if flag.islower() else None for flag in shown]
    notes_of_cube = cube.get("notes")
    notes = values_of(notes_of_cube["values"]) if notes_of_cube else [""] * len(flags)
    labels = {label: code for code, label in snapshot.codes.get(NOTE, {}).items()}
    found[NOTE] = [
        SEVERAL.join(sorted(labels[label[0]] for label in notes_of_cube["said"][int(notes[place])]))
        if notes_of_cube and notes[place]
        else None
        for place in there
    ]
    covered = values_of(cube["measures"][COVERAGE]["values"]) if COVERAGE in cube["measures"] else [""] * len(flags)
    found["percent"] = [float(covered[place]) if covered[place] else None for place in there]
    for place, column in enumerate(("base", "unit_set") if indicator else ()):
        labels = {label: code for code, label in snapshot.codes.get(column, {}).items()}
        words_of_year = {year: pair[place] for year, pair in cube.get("bases", {}).items()}
        of_year = {year: labels.get(words[0]) if words else None for year, words in words_of_year.items()}
        found[column] = [of_year.get(codes[over.index("time")][at]) for at in places["time"]]
    covered_sql = f"case when {COVERAGE} < 1 then least(round(100 * {COVERAGE}, 1), 99.9) end"
    notes_sql = f"array_to_string(list_sort(string_split({NOTE}, '{SEVERAL}')), '{SEVERAL}')"
    key = [column for column in found if column in table.key]
    where = f"indicator = '{indicator}'" if indicator else "true"
    if own and not indicator:  # the cube of a municipality
        where = f"area_basis = 'current' and unit_code like '{own}%'"
    expected = f"""
        select distinct {", ".join(key)}, if({REASON} is null, {STATUS}, null) as {STATUS}, {REASON}, {notes_sql} as {NOTE},
            {covered_sql if COVERAGE in table.columns else "null"} as percent
            {", base, unit_set" if indicator else ""}
        from {with_one_unit_set(table)} where {where}
    """
    types = {column: table.types.get(column, "DOUBLE" if column == "percent" else "VARCHAR") for column in found}
    rows = pa.table({column: arrow(values, types[column]) for column, values in found.items()})
    plain = Table(table.name, tuple(key), (), table.columns, None, ())
    snapshot.compare(tally, f"{file} {name}", plain, rows, expected=expected, columns=types, is_whole=False)


def values_of(text: str) -> list[str]:
    """Return the values of a list in which a star precedes the number of repetitions of a value."""
    values: list[str] = []
    for each in text.split(","):
        value, _, count = each.partition("*")
        values += [value] * int(count or 1)
    return values


def runs_of(text: str) -> list[str]:
    """Return the flags of a text in which a number follows a flag that is repeated."""
    return [flag for flag, count in re.findall(r"(\D)(\d*)", text) for _ in range(int(count or 1))]


FORMATS: dict[str, Callable[[Snapshot, Tally], None]] = {
    "DuckDB": check_database,
    "Parquet": check_parquet,
    "CSV": check_csv,
    "xlsx": check_workbook,
    "packages": check_packages,
    "JSON-stat": check_json_stat,
    "PX": check_px,
    "pages": check_site,
}


def main() -> int:
    """Compare all formats and print the differences; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder or load_settings().snapshots / CURRENT
    if not (folder / DATABASE).is_file():
        parser.error(f"there is no {DATABASE} in {folder}")
    snapshot = Snapshot(folder.resolve())
    print(f"{snapshot.folder.name}: every format compared with {DATABASE}")
    print(f"{'format':30} {'files':>6} {'rows':>10} {'cells':>12} {'differences':>12} {'seconds':>8}")
    tallies = [Tally(name) for name in FORMATS]
    for tally in tallies:
        start = time.perf_counter()
        FORMATS[tally.name](snapshot, tally)
        tally.seconds = time.perf_counter() - start
        _print(tally)
    _print(snapshot.confidential)
    tallies.append(snapshot.confidential)
    for tally in tallies:
        for each in tally.first[:FEW]:
            where = f"{each.file} {each.key}".strip()
            print(f"{tally.name}: {where}, {each.column}: {each.expected!r} expected, {each.found!r} found")
        if tally.differences > FEW:
            print(f"{tally.name}: {tally.differences - FEW:,} more")
    return int(any(tally.differences for tally in tallies))


def _print(tally: Tally) -> None:
    seconds = f"{tally.seconds:8.1f}" if tally.seconds else ""
    print(
        f"{tally.name:30} {tally.files:6,} {tally.rows:10,} {tally.cells:12,} {tally.differences:12,} {seconds}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
