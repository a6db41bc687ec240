"""Spark and DuckDB: does the second engine compute the same tables, and at what cost?

    .venv/bin/python benchmarks/spark.py [--data DIRECTORY] [--master MASTER] [--options NAME=VALUE;...] [--folder DIRECTORY]

Runs the real command twice, each time everything from the deliveries to the snapshot: with DuckDB, and with Spark. Then
every public table of the two snapshots and every table of the two warehouses is compared: names and types of columns, and
rows in both directions, duplicates counted. Needs a Java, and the packages of requirements-spark.lock.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.warehouse import quoted
from orchestration.engines import build_record
from orchestration.publish import pointer
from orchestration.publish.snapshot_files import DATABASE

# Several executors, each a separate process.
MASTER, OPTIONS = "local-cluster[2,1,2048]", "spark.executor.memory=2g"
STEP = re.compile(r"dbt models and tests done in ([0-9.]+) s")


@dataclass(frozen=True)
class Run:
    """The result of the command with an engine, and the seconds of the whole run and of the models."""

    folder: Path
    seconds: float
    models: float
    snapshot: Path

    @property
    def warehouse(self) -> Path:
        """The warehouse's file."""
        return self.folder / "warehouse" / "warehouse.duckdb"

    @property
    def database(self) -> Path:
        """The snapshot's DuckDB file."""
        return self.snapshot / DATABASE


@dataclass(frozen=True)
class Compared:
    """A table of both engines: the rows of the first, and the rows that only one of them has."""

    schema: str
    name: str
    rows: int
    only_first: int
    only_second: int
    types_differ: bool

    @property
    def is_equal(self) -> bool:
        """Whether there is no difference."""
        return not (self.only_first or self.only_second or self.types_differ)


def run(engine: str, folder: Path, data: Path, master: str, options: str, project: Path = PROJECT_DIR) -> Run:
    """Run everything with an engine.

    Raises:
        RuntimeError: the command failed; the message is its output.
    """
    variables = {
        **os.environ,
        "IS248_ENGINE": engine,
        "IS248_SPARK_MASTER": master,
        "IS248_SPARK_OPTIONS": options,
        "IS248_DATA_DIR": str(data),
        "IS248_WAREHOUSE_DIR": str(folder / "warehouse"),
        "IS248_SNAPSHOTS_DIR": str(folder / "snapshots"),
        "IS248_FORMATS": "",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    started = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run"],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    seconds = time.perf_counter() - started
    snapshot, step = pointer.current(folder / "snapshots"), STEP.search(result.stderr)
    if result.returncode or snapshot is None or step is None:
        raise RuntimeError(f"{engine}: {result.stderr}")
    return Run(folder, seconds, float(step[1]), snapshot)


def compare(first: Path, second: Path) -> list[Compared]:
    """Compare every table of two DuckDB files; a table that is missing from one counts as a table with other columns.

    The engines' own records of what they built are left out.
    """
    with duckdb.connect() as connection:
        for alias, path in (("first", first), ("second", second)):
            connection.execute(f"attach {quoted(path)} as {alias} (read_only)")
        described: dict[str, dict[tuple[str, str], list[tuple[str, str]]]] = {"first": {}, "second": {}}
        for database, schema, table, column, kind in connection.execute(
            "select columns.database_name, columns.schema_name, columns.table_name, column_name, data_type "
            "from duckdb_columns() as columns "
            "inner join duckdb_tables() as tables using (database_name, schema_name, table_name) "
            f"where columns.database_name in ('first', 'second') and columns.schema_name != '{build_record.SCHEMA}' "
            "order by column_index"
        ).fetchall():
            described[database].setdefault((schema, table), []).append((column, kind))
        return [
            _compare(connection, relation, described["first"].get(relation), described["second"].get(relation))
            for relation in sorted(described["first"].keys() | described["second"].keys())
        ]


def _compare(
    connection: duckdb.DuckDBPyConnection,
    relation: tuple[str, str],
    first: list[tuple[str, str]] | None,
    second: list[tuple[str, str]] | None,
) -> Compared:
    schema, name = relation
    if first is None or second is None or [column for column, _ in first] != [column for column, _ in second]:
        return Compared(schema, name, 0, 0, 0, types_differ=True)
    one, other = (f'(select * from {database}."{schema}"."{name}")' for database in ("first", "second"))
    (rows, only_first, only_second) = (
        int(connection.execute(f"select count(*) from ({query})").fetchall()[0][0])
        for query in (one, f"{one} except all {other}", f"{other} except all {one}")
    )
    return Compared(schema, name, rows, only_first, only_second, types_differ=first != second)


def main() -> int:
    """Run both engines and print the differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PROJECT_DIR / "data")
    parser.add_argument("--master", default=MASTER)
    parser.add_argument("--options", default=OPTIONS, help="settings of Spark: spark.name=value;...")
    parser.add_argument("--folder", type=Path, help="folder for both runs; by default a temporary one, deleted at the end")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        runs = {}
        for engine in ("duckdb", "spark"):
            made = runs[engine] = run(engine, folder / engine, arguments.data, arguments.master, arguments.options)
            print(
                f"{engine:8} models {made.models:7.1f} s, everything {made.seconds:7.1f} s: {made.snapshot.name}", flush=True
            )
        one, other = runs["duckdb"], runs["spark"]
        failed = one.snapshot.name != other.snapshot.name
        for title, found in (
            ("public tables of the snapshot", compare(one.database, other.database)),
            ("tables of the warehouse", compare(one.warehouse, other.warehouse)),
        ):
            for table in found:
                if not table.is_equal:
                    print(f"  {table.schema}.{table.name}: {table}")
            differing = sum(table.only_first + table.only_second for table in found)
            print(f"{title:32} {len(found):4} compared, {sum(table.rows for table in found):10,} rows, {differing} differ")
            if title.startswith("public"):
                failed |= not all(table.is_equal for table in found)
    print("not the same" if failed else "the same snapshot")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
