"""The floor: the lowest cost of the same job on the same machine, as a fast program that can do nothing else.

    .venv/bin/python -m benchmarks.scaling.floor DATA WAREHOUSE SNAPSHOT FOLDER

The delivered files are read by the fastest readers available, in parallel on all cores; ``floor.sql`` makes the four long
tables from the cells; then the files of the snapshot are written: DuckDB, Parquet, CSV, the workbook, the workbooks of the
counties, JSON-stat and PX. The pipeline has run before on the same inputs: tables that depend only on the form registry and
the reference files are taken from its warehouse, as are the small tables of the snapshot.

The floor is a lower limit, not an alternative, since it leaves out: checks of any kind (of files, headers, cells and
figures; the gate with its attack, its proofs and its recount of every format), the ledger of cells and rejections, hashes
and the archive, corrections, the search for groups that may be shown (its decisions are taken from the warehouse),
reconciliation with print, the lists of the control, areas and their members, breaks and the catalogue of indicators, the
twenty small tables, labels, notes, layout and both languages in workbooks, JSON-stat and PX (values and statuses are there),
metadata, pages, and publishing.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import resource
import sys
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyreadstat
import python_calamine

from benchmarks.scaling.measuring import stopwatch
from benchmarks.scaling.workbooks import description

try:
    from isal import isal_zlib
except ImportError:
    isal_zlib = None
if isal_zlib is not None:
    # The fastest deflate available, four times as fast as Python's own.
    vars(zipfile)["zlib"] = isal_zlib

SQL = Path(__file__).with_suffix(".sql")
LONG_TABLES = ("fte_by_service", "fte_by_education", "fte_by_pathway", "indicator_shares")
# Tables with rows in the workbooks of the counties.
MUNICIPAL = ("fte_by_service", "fte_by_education", "fte_by_pathway")
CUBES = ("fte_by_service", "fte_by_education", "fte_by_pathway")
MOST_ROWS = 1_048_575
# The largest difference between equal figures; floating-point sums differ by some millionths of an FTE.
CLOSE = 1e-5

# A sheet to read: its number, reader, file, name, encoding and delimiter.
Job = tuple[int, str, str, str, str, str]


def read_sheet(job: Job) -> tuple[int, pa.Table]:
    """Return the cells of a sheet that are not empty: row, column (from 1) and text."""
    number, reader, path, sheet, encoding, delimiter = job
    if reader == "csv":
        with Path(path).open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
            table = _from_rows(list(csv.reader(file, delimiter=delimiter)))
    elif reader == "xlsx":
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            table = _from_rows(book.get_sheet_by_name(sheet).to_python(skip_empty_area=False))
    elif reader == "sav":
        values, _ = pyreadstat.read_sav(path, user_missing=True, output_format="dict", disable_datetime_conversion=True)
        table = _from_columns([pa.array(column, from_pandas=True) for column in values.values()])
    else:
        table = _from_columns([column.combine_chunks() for column in pq.read_table(path).columns])
    return number, table


def _from_rows(rows: list[list[Any]]) -> pa.Table:
    widths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
    texts = pa.array([value if isinstance(value, str) else str(value) for row in rows for value in row], pa.string())
    row_numbers = np.repeat(np.arange(1, len(rows) + 1, dtype=np.int32), widths)
    starts = np.repeat(np.cumsum(widths) - widths, widths)
    columns = (np.arange(len(texts)) - starts + 1).astype(np.int32)
    table = pa.table({"r": row_numbers, "c": columns, "t": texts})
    return table.filter(pc.not_equal(texts, ""))


def _from_columns(arrays: Sequence[pa.Array]) -> pa.Table:
    """Return the cells of columns of one type each; row 1 would hold their names."""
    tables = []
    for number, array in enumerate(arrays, start=1):
        if pa.types.is_timestamp(array.type):
            array = pc.divide(array.cast(pa.timestamp("us")).cast(pa.int64()).cast(pa.float64()), 1e6)
        texts = array.cast(pa.string())
        valid = pc.fill_null(pc.not_equal(texts, ""), False)
        rows = pa.array(np.arange(2, len(texts) + 2, dtype=np.int32))
        columns = pa.array(np.full(len(texts), number, dtype=np.int32))
        tables.append(pa.table({"r": rows, "c": columns, "t": texts}).filter(valid))
    return pa.concat_tables(tables)


def list_jobs(warehouse: Path, data: Path) -> tuple[list[Job], list[tuple[Any, ...]]]:
    """Return the sheets to read, and the sheets in the pipeline's terms."""
    import yaml

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        sheets = connection.execute(
            """
            select
                cast(row_number() over (order by form, file, sheet, layout) as integer),
                form, file, sheet, layout, first_row, reader
            from raw.sheets inner join raw.files using (form, file)
            """
        ).fetchall()
    jobs: list[Job] = []
    forms = {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in data.glob("forms/*/form.yml")}
    for number, form, file, sheet, _layout, _, reader in sheets:
        described = forms[form]
        specs = [each for each in described["files"] if Path(file).match(each["pattern"]) and each["reader"] == reader]
        spec = specs[0]
        path = str(data / "deliveries" / str(described["delivery"]) / file)
        jobs.append((number, reader, path, sheet, spec.get("encoding") or "", spec.get("delimiter") or ""))
    return jobs, sheets


def read_all(jobs: Sequence[Job]) -> pa.Table:
    """Read all sheets in as many processes as there are cores, the largest files first."""
    ordered = sorted(jobs, key=lambda job: -Path(job[2]).stat().st_size)
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        parts = [
            part.append_column("sheet_id", pa.repeat(pa.scalar(number, pa.int32()), part.num_rows))
            for number, part in pool.map(read_sheet, ordered)
        ]
    return pa.concat_tables(parts)


def compute(connection: duckdb.DuckDBPyConnection, warehouse: Path, sheets: list[tuple[Any, ...]], cells: pa.Table) -> None:
    """Make the long tables from the cells."""
    connection.execute(f"attach '{warehouse}' as w (read_only)")
    connection.execute(
        "create temp table sheets (sheet_id integer, form varchar, file varchar, sheet varchar, layout varchar, "
        "first_row integer, reader varchar)"
    )
    connection.executemany("insert into sheets values (?, ?, ?, ?, ?, ?, ?)", sheets)
    connection.register("cells", cells)
    for statement in SQL.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.unregister("cells")


# Writing.

# The units of each of today's counties, with the municipalities from which they were formed.
COUNTY_MEMBERS = """
    create table county_members as
    with recursive newest as (select max(time_period) as time_period from s.areas where area_basis = 'current'),
    today as (select * from s.areas semi join newest using (time_period) where area_basis = 'current'),
    lines as (
        select county_code, unit_code as code, time_period as before from today
        where unit_level = 'municipality' and county_code is not null
        union
        select lines.county_code, changes.old_code, changes.change_year
        from lines inner join s.area_changes as changes
            on lines.code = changes.new_code and changes.change_year <= lines.before
    )
    select county_code, area_basis, unit_level, unit_code, time_period from s.areas
    where unit_level in ('municipality', 'city_district', 'agency')
        and county_code in (select unit_code from today where unit_level = 'county')
    union
    select lines.county_code, 'reported', 'municipality', areas.unit_code, areas.time_period
    from lines inner join s.areas as areas
        on lines.code = areas.unit_code and areas.unit_level = 'municipality' and areas.area_basis = 'reported'
        and areas.time_period < lines.before
"""


def write_files(connection: duckdb.DuckDBPyConnection, snapshot: Path, folder: Path, lap: Callable[[str], None]) -> None:
    """Write the files of the snapshot: its own small tables, and the computed long tables."""
    connection.execute(f"attach '{snapshot / 'is248.duckdb'}' as s (read_only)")
    tables = [
        row[0]
        for row in connection.execute(
            "select table_name from duckdb_tables() where database_name = 's' order by 1"
        ).fetchall()
    ]
    sources = {name: f'"{name}"' if name in LONG_TABLES else f's."{name}"' for name in tables}
    for kind in ("parquet", "csv", "xlsx", "packages", "jsonstat", "px"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    connection.execute(f"attach '{folder / 'is248.duckdb'}' as o")
    for name, source in sources.items():
        connection.execute(f'create table o."{name}" as select * from {source}')
        connection.execute(
            f"copy (select * from {source}) to '{folder}/parquet/{name}.parquet' (format parquet, compression zstd)"
        )
        connection.execute(f"copy (select * from {source}) to '{folder}/csv/{name}.csv' (format csv, header)")
    connection.execute("detach o")
    lap("DuckDB, Parquet and CSV")
    books = {folder / "xlsx" / "is248.xlsx": {name: f"select * from {source}" for name, source in sources.items()}}
    connection.execute(COUNTY_MEMBERS)
    for (county,) in connection.execute("select distinct county_code from county_members order by 1").fetchall():
        chosen = (
            f"semi join (select * from county_members where county_code = '{county}') "
            "using (area_basis, unit_level, unit_code, time_period)"
        )
        books[folder / "packages" / f"{county}.xlsx"] = {name: f'select * from "{name}" {chosen}' for name in MUNICIPAL}
    _write_books(connection, books)
    lap("workbooks")
    for name in CUBES:
        _write_cube(connection, name, folder)
    indicators = connection.execute("select distinct indicator from indicator_shares order by 1").fetchall()
    (folder / "jsonstat" / "indicator_shares").mkdir(exist_ok=True)
    for (indicator,) in indicators:
        _write_indicator(connection, indicator, folder)
    lap("JSON-stat and PX")


def _write_books(connection: duckdb.DuckDBPyConnection, books: dict[Path, dict[str, str]]) -> None:
    """Write workbooks, in parallel on all cores; texts are indexes of shared strings, cells have no references."""
    texts: list[str] = []
    for query in {query for queries in books.values() for query in queries.values() if "semi join" not in query}:
        names = [row[0] for row in connection.execute(f"describe {query}").fetchall() if row[1] == "VARCHAR"]
        texts += [f'select "{name}" as text from ({query})' for name in names]
    connection.execute(
        f"""
        create or replace type shared as enum (
            select distinct text from ({" union ".join(texts)}) where text is not null order by 1
        )
        """
    )
    listed = connection.execute("select unnest(enum_range(null::shared))::varchar").fetchall()
    shared = "".join(f"<si><t>{escape(row[0])}</t></si>" for row in listed).encode()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for written in [
            pool.submit(_write_book, connection.cursor(), path, queries, shared) for path, queries in books.items()
        ]:
            written.result()


def _write_book(connection: duckdb.DuckDBPyConnection, path: Path, queries: dict[str, str], shared: bytes) -> None:
    """Write a workbook whose rows DuckDB makes, as XML."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for number, query in enumerate(queries.values(), start=1):
            columns = connection.execute(f"describe {query}").fetchall()
            cells = []
            for name, kind, *_ in columns:
                if kind == "VARCHAR":
                    cell = f"""'<c t="s"><v>' || enum_code("{name}"::shared) || '</v></c>'"""
                elif kind == "BOOLEAN":
                    cell = f"""'<c t="b"><v>' || "{name}"::integer || '</v></c>'"""
                elif kind in ("DATE", "TIMESTAMP"):
                    cell = f"""'<c t="inlineStr"><is><t>' || "{name}" || '</t></is></c>'"""
                else:
                    cell = f"""'<c><v>' || "{name}" || '</v></c>'"""
                cells.append(f"coalesce({cell}, '<c/>')")
            head = "".join(f'<c t="inlineStr"><is><t>{each[0]}</t></is></c>' for each in columns)
            rows = connection.execute(
                f"select concat('<row>', {', '.join(cells)}, '</row>') from ({query}) limit {MOST_ROWS}"
            ).to_arrow_reader(100_000)
            with package.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                part.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>')
                part.write(head.encode() + b"</row>")
                for batch in rows:
                    part.write(_joined(batch.column(0), ""))
                part.write(b"</sheetData></worksheet>")
        package.writestr(
            "xl/sharedStrings.xml",
            b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + shared + b"</sst>",
        )
        for name, content in description([name[:31] for name in queries]).items():
            package.writestr(name, content)


def _joined(texts: pa.Array, separator: str) -> Any:
    """Return the buffer of an array's texts, joined without creating Python strings."""
    texts = texts.cast(pa.string())
    return pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), separator)[0].as_buffer()


def _dense(
    connection: duckdb.DuckDBPyConnection, source: str, dimensions: dict[str, str], columns: dict[str, str]
) -> tuple[list[list[str]], dict[str, pa.Array]]:
    """Return the codes of each dimension, and the columns spread over all combinations of codes."""
    codes = {
        name: [row[0] for row in connection.execute(f"select distinct {sql} as code from {source} order by 1").fetchall()]
        for name, sql in dimensions.items()
    }
    place = "0"
    joins = []
    for name, values in codes.items():
        connection.register(f"codes_{name}", pa.table({"code": values, "place": np.arange(len(values))}))
        joins.append(f"inner join codes_{name} on codes_{name}.code = {dimensions[name]}")
        place = f"({place}) * {len(values)} + codes_{name}.place"
    selected = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
    found = connection.execute(f"select {place} as cell, {selected} from {source} {' '.join(joins)}").to_arrow_table()
    size = 1
    for values in codes.values():
        size *= len(values)
    places = np.full(size, -1, dtype=np.int64)
    places[found.column("cell").to_numpy()] = np.arange(len(found))
    taken = pa.array(places, mask=places < 0)
    return list(codes.values()), {name: found.column(name).combine_chunks().take(taken) for name in columns}


def _measures(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    names = [row[0] for row in connection.execute(f'describe "{table}"').fetchall() if row[1] in ("DOUBLE", "INTEGER")]
    return [name for name in names if name not in ("time_period",)]


def _json_stat_columns(measures: Sequence[str]) -> dict[str, str]:
    numbers = ", ".join(f"coalesce({name}::varchar, 'null')" for name in measures)
    return {
        "number": f"concat_ws(',', {numbers})",
        "status": """'"' || case when series_break then 'B' else obs_status end || '"'""",
    }


AREA = "area_basis || ':' || unit_level || ':' || unit_code"


def _write_cube(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    category = {"fte_by_service": "service_type", "fte_by_education": "education", "fte_by_pathway": "pathway"}[table]
    dimensions = {"area": AREA, "target_group": "target_group", "category": category, "time": "series || ':' || time_period"}
    measures = _measures(connection, table)
    cells = ", ".join(f"coalesce({name}::varchar, '\"..\"')" for name in measures)
    columns = _json_stat_columns(measures) | {"cells": f"concat_ws(' ', {cells}, series_break::integer)"}
    codes, spread = _dense(connection, f'"{table}"', dimensions, columns)
    _write_json_stat(folder / "jsonstat" / f"{table}.json", dimensions, codes, spread, len(measures))
    with (folder / "px" / f"{table}.px").open("wb") as file:
        for name, values in zip(dimensions, codes, strict=True):
            file.write(f'CODES("{name}")={",".join(json.dumps(value, ensure_ascii=False) for value in values)};\n'.encode())
        file.write(b"DATA=\n")
        file.write(_joined(pc.fill_null(spread["cells"], " ".join(['"."'] * (len(measures) + 1))), " "))
        file.write(b";\n")


def _write_json_stat(
    path: Path, dimensions: dict[str, str], codes: list[list[str]], spread: dict[str, pa.Array], measures: int
) -> None:
    head = {
        "version": "2.0",
        "class": "dataset",
        "id": [*dimensions, "measure"],
        "size": [*(len(values) for values in codes), measures],
        "dimension": {name: {"category": {"index": values}} for name, values in zip(dimensions, codes, strict=True)},
    }
    with path.open("wb") as file:
        file.write(json.dumps(head, ensure_ascii=False).encode()[:-1] + b',"value":[')
        file.write(_joined(pc.fill_null(spread["number"], ",".join(["null"] * measures)), ","))
        file.write(b'],"status":[')
        file.write(_joined(pc.fill_null(spread["status"], "null"), ","))
        file.write(b"]}\n")


def _write_indicator(connection: duckdb.DuckDBPyConnection, indicator: str, folder: Path) -> None:
    dimensions = {"area": AREA, "item": "item", "answer": "answer", "time": "time_period::varchar"}
    measures = _measures(connection, "indicator_shares")
    columns = _json_stat_columns(measures)
    codes, spread = _dense(
        connection, f"(select * from indicator_shares where indicator = '{indicator}')", dimensions, columns
    )
    _write_json_stat(
        folder / "jsonstat" / "indicator_shares" / f"{indicator}.json", dimensions, codes, spread, len(measures)
    )


# Comparing the figures with those of the pipeline.

KEYS = {
    "fte_by_service": ("time_period", "series", "unit_level", "unit_code", "area_basis", "target_group", "service_type"),
    "fte_by_education": ("time_period", "series", "unit_level", "unit_code", "area_basis", "target_group", "education"),
    "fte_by_pathway": ("time_period", "series", "unit_level", "unit_code", "area_basis", "target_group", "pathway"),
    "indicator_shares": ("indicator", "answer", "item", "time_period", "unit_level", "unit_code", "area_basis"),
}


def compare(connection: duckdb.DuckDBPyConnection, snapshot: Path) -> dict[str, dict[str, int]]:
    """Compare the connection's long tables with the published ones: rows, figures that agree, figures that do not."""
    connection.execute(f"attach if not exists '{snapshot / 'is248.duckdb'}' as s (read_only)")
    present = {
        row[0] for row in connection.execute("select table_name from duckdb_tables() where database_name != 's'").fetchall()
    }
    found: dict[str, dict[str, int]] = {}
    for table, key in KEYS.items():
        if table not in present:
            continue
        columns = {row[0]: row[1] for row in connection.execute(f'describe s."{table}"').fetchall()}
        own = {row[0] for row in connection.execute(f'describe main."{table}"').fetchall()}
        # Figures that only the pipeline computes, such as shares of a total, are not counted as differences.
        measures = [name for name in columns if name in own - {*key} and columns[name] in ("DOUBLE", "INTEGER", "BIGINT")]
        texts = [
            name
            for name in ("obs_status", "absence_reason", "obs_note", "series_break", "is_constructed")
            if name in own & columns.keys()
        ]
        same = [f"abs(own.{name} - theirs.{name}) <= {CLOSE} * greatest(1, abs(theirs.{name}))" for name in measures]
        equal = " + ".join(
            f"(own.{n} is null and theirs.{n} is null or coalesce({s}, false))::integer"
            for n, s in zip(measures, same, strict=True)
        )
        both_null = " + ".join(f"(own.{n} is null and theirs.{n} is null)::integer" for n in measures)
        marks = " + ".join(f"(own.{name} is distinct from theirs.{name})::integer" for name in texts) or "0"
        row = connection.execute(
            f"""
            select (select count(*) from "{table}"), (select count(*) from s."{table}"), count(*),
                coalesce(sum(({equal}) - ({both_null})), 0),
                coalesce(sum({len(measures)} - ({equal})), 0),
                coalesce(sum({marks}), 0)
            from "{table}" as own inner join s."{table}" as theirs using ({", ".join(key)})
            """
        ).fetchone()
        assert row is not None
        names = (
            "rows",
            "rows published",
            "rows in both",
            "figures equal",
            "figures different",
            "marks different",
        )
        found[table] = {name: int(value) for name, value in zip(names, row, strict=True)}
    return found


def run(data: Path, warehouse: Path, snapshot: Path, folder: Path) -> dict[str, Any]:
    """Read, compute and write; return the seconds of each and the figures that agree."""
    jobs, sheets = list_jobs(warehouse, data)
    folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    lap = stopwatch(seconds)
    cells = read_all(jobs)
    lap("reading")
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        compute(connection, warehouse, sheets, cells)
        lap("long tables")
        write_files(connection, snapshot, folder, lap)
        agree = compare(connection, snapshot)
    return {
        "seconds": seconds,
        "cells": cells.num_rows,
        "agree": agree,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def main() -> None:
    """Run and print the measurements as JSON."""
    data, warehouse, snapshot, folder = (Path(argument) for argument in sys.argv[1:5])
    print(json.dumps(run(data, warehouse, snapshot, folder)))


if __name__ == "__main__":
    main()
