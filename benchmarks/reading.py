"""Reading speed: every bundled delivery into raw cells, against a bare read of the same files by the same libraries.

    .venv/bin/python benchmarks/reading.py [--runs 5]

Prints for each kind of file, and for all, the seconds of both (median of the runs, in turn), cells a second and their ratio.
The
bare read opens each file with the library's fastest call and throws the result away: no cells, no headers, no checks.
"""

from __future__ import annotations

import argparse
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

from orchestration.forms.registry import load_forms
from orchestration.ingest import deliveries, registry
from orchestration.ingest.capture import CapturedFile, capture
from orchestration.ingest.data_packages import count_municipalities
from orchestration.settings import PROJECT_DIR, Settings
from orchestration.warehouse import connect


def bare_read(file: CapturedFile) -> None:
    """Read a file with its library, and nothing else."""
    path = str(file.path)
    if file.spec.reader == "csv":
        encoding = "utf-8" if str(file.spec.encoding).startswith("utf") else "latin-1"
        duckdb.execute(
            "select count(*) from read_csv(?, all_varchar = true, header = false, delim = ?, encoding = ?, "
            "null_padding = true, strict_mode = false, ignore_errors = true, parallel = false)",
            [path, file.spec.delimiter, encoding],
        ).fetchall()
    elif file.spec.reader == "xlsx":
        book = python_calamine.CalamineWorkbook.from_path(path)
        for name in book.sheet_names:
            book.get_sheet_by_name(name).to_python()
    elif file.spec.reader == "sav":
        pyreadstat.read_sav(path, user_missing=True)
    else:
        pyarrow.parquet.read_table(path)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    settings = Settings(data_dir=PROJECT_DIR / "data")
    forms = load_forms(settings.forms)
    municipalities = count_municipalities(settings.data)
    times: dict[str, list[list[float]]] = {}
    cells: dict[str, int] = {}
    for run in range(runs + 1):
        with tempfile.TemporaryDirectory() as folder, connect(Path(folder) / "cells.duckdb") as connection:
            deliveries.prepare_tables(connection, forms)
            registry.load_registry(connection, forms)
            total: dict[str, list[float]] = {}
            for form in forms:
                files = capture(settings.deliveries / form.delivery, form)
                kind = files[0].spec.reader
                ours = seconds(
                    lambda form=form: deliveries.ingest(
                        connection,
                        form,
                        forms=forms,
                        deliveries=settings.deliveries,
                        archive_folder=Path(folder) / "archive",
                        municipalities=municipalities,
                    )
                )
                reading = sum(seconds(lambda form=form, file=file: deliveries.read_file(form, file)) for file in files)
                bare = sum(seconds(lambda file=file: bare_read(file)) for file in files)
                for name in (kind, "all"):
                    entry = total.setdefault(name, [0.0, 0.0, 0.0])
                    for place, value in enumerate((ours, reading, bare)):
                        entry[place] += value
                row = connection.execute("select count(*) from raw.cells where form = ?", [form.form]).fetchone()
                if run == 0 and row is not None:
                    for name in (kind, "all"):
                        cells[name] = cells.get(name, 0) + int(row[0])
            if run > 0:  # the first run warms the caches
                for name, entry in total.items():
                    times.setdefault(name, []).append(entry)
    print(f"median of {runs} runs, seconds")
    header = ("ingest", 7), ("cells/s", 9), ("read", 6), ("bare", 6), ("ingest/bare", 12), ("read/bare", 10)
    print(f"{'files':8} {'cells':>9} " + " ".join(f"{name:>{width}}" for name, width in header))
    for name in sorted(times, key=lambda each: (each == "all", each)):
        ours, reading, bare = (statistics.median(entry[place] for entry in times[name]) for place in range(3))
        ratios = [statistics.median(entry[place] / entry[2] for entry in times[name]) for place in range(2)]
        print(
            f"{name:8} {cells[name]:>9,} {ours:>7.2f} {cells[name] / ours:>9,.0f} {reading:>6.2f} {bare:>6.2f} "
            f"{ratios[0]:>12.1f} {ratios[1]:>10.1f}"
        )


if __name__ == "__main__":
    main()
