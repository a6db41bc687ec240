"""The second engine: the same snapshot, row by row, computed by several executor processes of Spark."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest

from benchmarks.faults import INPUTS, copy_project
from benchmarks.spark import Run, compare, run
from orchestration.core.release_calendar import CALENDAR
from orchestration.core.settings import PROJECT_DIR

# A form of each series, the later one with hidden groups, and an anonymous sample: every kind of rule has cells.
FORMS = {"is24_2011": "2011", "is248_2018": "2018", "nibr_service_2011": "2011-nibr", "nibr_housing_2011": "2011-nibr"}

# Two executors, each a separate process with a gigabyte. Suited to small tables: few tasks, and no compiling of plans that
# run once.
MASTER = "local-cluster[2,1,1024]"
OPTIONS = ";".join(
    (
        "spark.sql.shuffle.partitions=2",
        "spark.default.parallelism=2",
        "spark.sql.codegen.wholeStage=false",
        "spark.driver.memory=2g",
        "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    )
)


def _why_not() -> str | None:
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        return "there is no Java on this machine"
    if importlib.util.find_spec("pyspark") is None:
        return "PySpark is not installed (requirements-spark.lock)"
    return None


pytestmark = pytest.mark.skipif(_why_not() is not None, reason=f"the engine spark is not tested: {_why_not()}")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The real command with DuckDB and with Spark, on the same small deliveries."""
    folder = tmp_path_factory.mktemp("engines")
    project, data = copy_project(folder / "project"), folder / "data"
    for name in INPUTS:
        shutil.copytree(PROJECT_DIR / "data" / name, data / name)
    shutil.copyfile(PROJECT_DIR / "data" / CALENDAR, data / CALENDAR)
    for form, delivered in FORMS.items():
        shutil.copytree(PROJECT_DIR / "data" / "forms" / form, data / "forms" / form)
        shutil.copytree(PROJECT_DIR / "data" / "deliveries" / delivered, data / "deliveries" / delivered, dirs_exist_ok=True)
    return (
        run("duckdb", folder / "duckdb", data, MASTER, OPTIONS, project),
        run("spark", folder / "spark", data, MASTER, OPTIONS, project),
    )


def test_every_public_table_is_the_same_row_by_row_and_so_is_the_snapshot(runs: tuple[Run, Run]) -> None:
    with_duckdb, with_spark = runs
    compared = compare(with_duckdb.database, with_spark.database)
    assert {table.name for table in compared if not table.is_equal} == set()
    assert {"fte_by_service", "indicator_shares", "reconciliation", "response"} <= {
        table.name for table in compared if table.rows
    }
    # The name contains a hash over every file.
    assert with_spark.snapshot.name == with_duckdb.snapshot.name


def test_every_table_of_the_warehouse_has_the_same_columns_and_types(runs: tuple[Run, Run]) -> None:
    with_duckdb, with_spark = runs
    compared = compare(with_duckdb.warehouse, with_spark.warehouse)
    assert {f"{table.schema}.{table.name}" for table in compared if table.types_differ} == set()
    assert {"intermediate.int_disclosure_decisions", "control.ctl_findings", "raw.cells"} <= {
        f"{table.schema}.{table.name}" for table in compared if table.rows
    }


def test_spark_leaves_nothing_behind(runs: tuple[Run, Run]) -> None:
    _, with_spark = runs
    folder = with_spark.folder / "warehouse" / "spark"
    assert folder.is_dir()
    assert [path.name for path in folder.rglob("*") if path.is_file()] == []
