"""Reading speed: every bundled delivery into raw cells, compared with a bare read of the same files by the libraries.

    .venv/bin/python benchmarks/reading.py [--runs 5]

Prints for each reader and library, and for all, the seconds of both (median of alternating runs), cells per second and their
ratio. ``read`` is the reader with its headers and checks, ``ingest`` also includes loading into the warehouse. The bare read
opens each file with the library's own call and discards the result: no cells, no headers, no checks.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet
import pyreadstat
import python_calamine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.forms.model import FileSpec
from orchestration.forms.registry import load_forms
from orchestration.ingest import deliveries, delivery_files, registry
from orchestration.ingest.capture import capture
from orchestration.ingest.data_packages import count_municipalities


def bare_csv(path: Path, spec: FileSpec) -> None:
    """Read a csv file with Python's own module."""
    with path.open(encoding=spec.encoding, newline="") as file:
        for _ in csv.reader(file, delimiter=spec.delimiter or ";"):
            pass


def bare_duckdb(path: Path, spec: FileSpec) -> None:
    """Read a csv file with DuckDB."""
    encoding = "utf-8" if str(spec.encoding).startswith("utf") else "latin-1"
    duckdb.execute(
        "select count(*) from read_csv(?, all_varchar = true, header = false, delim = ?, encoding = ?, "
        "null_padding = true, strict_mode = false, ignore_errors = true, parallel = false)",
        [str(path), spec.delimiter, encoding],
    ).fetchall()


def bare_calamine(path: Path, _: FileSpec) -> None:
    """Read all sheets of a workbook with python-calamine."""
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        book.get_sheet_by_name(name).to_python()


def bare_pyreadstat(path: Path, spec: FileSpec) -> None:
    """Read an SPSS file with pyreadstat."""
    pyreadstat.read_sav(str(path), user_missing=True, encoding=spec.encoding)


def bare_pyarrow(path: Path, _: FileSpec) -> None:
    """Read a Parquet file with pyarrow."""
    pyarrow.parquet.read_table(path)


LIBRARIES: dict[str, dict[str, Callable[[Path, FileSpec], None]]] = {
    "csv": {"duckdb": bare_duckdb, "csv": bare_csv},
    "sav": {"pyreadstat": bare_pyreadstat},
    "parquet": {"pyarrow": bare_pyarrow},
}
"""Libraries by reader; workbooks of every kind are read by python-calamine."""
WORKBOOKS = {"calamine": bare_calamine}
ALL = "all"


def seconds(work: Callable[[], object]) -> float:
    """Return the duration of a piece of work in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(runs: int) -> tuple[dict[tuple[str, str], list[tuple[float, float]]], list[float], dict[str, int]]:
    """Measure some runs.

    Returns:
        Seconds of our reading and of the bare one, a pair per run, by reader and library; seconds of each run for loading
        into
    the warehouse; cells by reader.
    """
    settings = Settings(data_dir=PROJECT_DIR / "data")
    forms = load_forms(settings.forms)
    municipalities = count_municipalities(settings.data)
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    whole: list[float] = []
    cells: dict[str, int] = {}
    for run in range(runs + 1):
        total: dict[tuple[str, str], list[float]] = {}
        cells.clear()
        ingest = 0.0
        with tempfile.TemporaryDirectory() as folder, connect(Path(folder) / "cells.duckdb") as connection:
            deliveries.prepare_tables(connection, forms)
            registry.load_registry(connection, forms)
            for form in forms:
                ingest += seconds(
                    lambda form=form: deliveries.ingest(
                        connection,
                        form,
                        forms=forms,
                        deliveries=settings.deliveries,
                        archive_folder=Path(folder) / "archive",
                        municipalities=municipalities,
                    )
                )
                for file in capture(settings.deliveries / form.delivery, form):
                    reader = file.spec.reader
                    if reader == "none":
                        continue
                    start = time.perf_counter()
                    sheets = delivery_files.read_file(form, file)
                    ours = time.perf_counter() - start
                    cells[reader] = cells.get(reader, 0) + sum(each.sheet.cells.num_rows for each in sheets)
                    for place, (library, bare) in enumerate(LIBRARIES.get(reader, WORKBOOKS).items()):
                        alone = seconds(lambda bare=bare, file=file: bare(file.path, file.spec))
                        # The totals use the first library of each reader.
                        for key in ((reader, library), (ALL, "")) if place == 0 else ((reader, library),):
                            entry = total.setdefault(key, [0.0, 0.0])
                            entry[0] += ours
                            entry[1] += alone
        if run > 0:  # the first run warms the caches
            whole.append(ingest)
            for key, (ours, alone) in total.items():
                times.setdefault(key, []).append((ours, alone))
    cells[ALL] = sum(cells.values())
    return times, whole, cells


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    times, whole, cells = measure(runs)
    print(f"median of {runs} runs, seconds")
    print(f"{'reader':8} {'library':10} {'cells':>9} {'read':>6} {'cells/s':>9} {'bare':>6} {'read/bare':>9}")
    for reader, library in sorted(times, key=lambda each: (each[0] == ALL, each)):
        measured = times[reader, library]
        ours, alone = (statistics.median(pair[place] for pair in measured) for place in range(2))
        ratio = statistics.median(pair[0] / pair[1] for pair in measured)
        print(
            f"{reader:8} {library:10} {cells[reader]:>9,} {ours:>6.2f} {cells[reader] / ours:>9,.0f} {alone:>6.2f} "
            f"{ratio:>9.1f}"
        )
    way = statistics.median(whole)
    ratio = statistics.median(each / pair[1] for each, pair in zip(whole, times[ALL, ""], strict=True))
    print(f"the whole way into the warehouse: {way:.2f} s, {cells[ALL] / way:,.0f} cells a second, {ratio:.1f} times bare")


if __name__ == "__main__":
    main()
