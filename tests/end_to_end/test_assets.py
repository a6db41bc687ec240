"""Dagster's records of a run (rows, columns, their origin, totals by survey year), and what it makes for a selection."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.defs.deliveries import RAW, READING
from orchestration.defs.models import SURVEY_YEARS
from orchestration.defs.ownership import group_name
from orchestration.engines import compiled, dbt
from orchestration.gate.results import RuleResult, read_results
from orchestration.preview import reading
from orchestration.publish import pointer, snapshots
from orchestration.publish.candidates import last_candidate
from tests.end_to_end.conftest import copied


@pytest.fixture
def warehouse(published: Path) -> Path:
    return Settings(data_dir=PROJECT_DIR / "data", warehouse_dir=published / "warehouse").warehouse


@pytest.fixture
def instance(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's storage of the run, in a copy: even a reader writes to it."""
    shutil.copytree(warehouse / "dagster", tmp_path / "dagster")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    with dg.DagsterInstance.get() as opened:
        yield opened


def metadata_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(key)
    assert event is not None and event.asset_materialization is not None, key
    return {label: value.value for label, value in event.asset_materialization.metadata.items()}


def test_every_model_says_how_many_rows_it_has_and_where_its_columns_come_from(
    warehouse: Path, instance: dg.DagsterInstance
) -> None:
    manifest = json.loads((warehouse / "dbt_target" / "manifest.json").read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    lineage: dict[str, dict[str, set[str]]] = {}
    for model in models:
        metadata = metadata_of(instance, dg.AssetKey([model["schema"], model["name"]]))
        columns = metadata["dagster/column_schema"].columns
        assert metadata["seconds"] >= 0
        # Counting the rows of a view would mean computing it.
        assert ("dagster/row_count" in metadata) == (model["config"]["materialized"] == "table"), model["name"]
        if model["language"] == "sql":
            deps = metadata["dagster/column_lineage"].deps_by_column
            assert set(deps) == {column.name for column in columns}, model["name"]
            lineage[model["name"]] = {
                name: {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in found}
                for name, found in deps.items()
            }
    assert len(lineage) >= len(models) - 1

    assert lineage["fte_by_service"]["fte"] == {"marts/mart_fte_by_service.fte"}
    assert lineage["mart_fte_by_service"]["fte"] == {"intermediate/int_fte_observations.fte"}
    assert lineage["mart_fte_by_service"]["fte_per_10000"] == {
        "intermediate/int_area_populations.population",
        "intermediate/int_fte_observations.fte",
    }
    # Columns in the condition of an exists.
    assert "staging/stg_classifications__series_breaks.time_period" in lineage["int_fte_observations"]["series_break"]
    # A source appears as the asset that reads it.
    assert lineage["stg_raw__cells"]["text"] == {"raw/cells.left_out", "raw/cells.text"}
    assert lineage["stg_reference__population"]["time_period"] == {"reference/population.year"}
    # Recursive table.
    assert lineage["int_code_successors"]["time_period"] == {"staging/stg_reference__population.time_period"}


def test_survey_years_have_a_point_a_year_and_the_public_table_its_totals(
    warehouse: Path, instance: dg.DagsterInstance
) -> None:
    events = instance.fetch_materializations(SURVEY_YEARS, limit=1000).records
    years = {
        str(record.partition_key): {label: value.value for label, value in record.asset_materialization.metadata.items()}
        for record in events
        if record.asset_materialization is not None
    }
    with connect(warehouse / "warehouse.duckdb", read_only=True) as connection:
        delivered = connection.execute("""
            select forms.time_period, count(*) from raw.cells as cells inner join forms.forms as forms using (form)
            group by all
        """).fetchall()
        totals = connection.execute("""
            select time_period, series, fte from public.fte_by_service
            where unit_level = 'country' and area_basis = 'reported' and service_type = 'total' and target_group = 'total'
            order by time_period
        """).fetchall()
    assert {year: figures["cells"] for year, figures in years.items()} == {str(year): cells for year, cells in delivered}
    for figures in years.values():
        assert figures["cells"] == sum(figures[f"cells_{fate}"] for fate in ("mapped", "ignored", "rejected"))
        assert any(label.startswith("units_answered_") for label in figures)
    for year, series, fte in totals:
        assert years.get(str(year), {}).get(f"national_fte_{series}") == fte
    shown, _ = metadata_of(instance, dg.AssetKey(["public", "fte_by_service"]))["national_totals"]
    assert [(record.data["year"], record.data["total"]) for record in shown] == [
        (year, pytest.approx(fte, abs=0.06)) for year, _, fte in totals
    ]


def test_every_year_of_a_raw_table_was_made_by_the_step_that_reads(warehouse: Path, instance: dg.DagsterInstance) -> None:
    with connect(warehouse / "warehouse.duckdb", read_only=True) as connection:
        delivered = connection.execute("""
            select forms.time_period, count(cells.form) from forms.forms as forms left join raw.cells as cells using (form)
            group by all
        """).fetchall()
    records = instance.fetch_materializations(dg.AssetKey([RAW, "cells"]), limit=1000).records
    assert {record.event_log_entry.step_key for record in records} == {READING}
    rows = {
        str(record.partition_key): record.asset_materialization.metadata["dagster/partition_row_count"].value
        for record in records
        if record.asset_materialization is not None
    }
    assert rows == {str(year): cells for year, cells in delivered}


def test_a_look_at_a_year_uses_what_the_run_compiled(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Settings(data_dir=PROJECT_DIR / "data", warehouse_dir=warehouse)
    look = run.model_copy(update={"warehouse_dir": tmp_path / "preview"})
    by_itself = compiled.compiled(look, reading.MODELS)

    def no_dbt(*_: object) -> None:
        raise AssertionError("dbt was asked")

    monkeypatch.setattr(dbt, "invoke", no_dbt)
    other = run.model_copy(update={"warehouse_dir": tmp_path / "other"})
    assert compiled.compiled(other, reading.MODELS, run) == by_itself
    # Nothing of another project is used.
    monkeypatch.setattr(dbt, "project_hash", lambda settings: "other")
    with pytest.raises(AssertionError, match="dbt was asked"):
        compiled.compiled(other, reading.MODELS, run)


@pytest.fixture(scope="module")
def own(new_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all results of a run of two years, of which tests remake parts."""
    folder = copied(new_year, tmp_path_factory.mktemp("assets") / "copy")
    (folder / "data").symlink_to(new_year / "data")
    return folder


def materialize(folder: Path, selection: str, *options: str) -> None:
    """Materialize a selection with Dagster's command line."""
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "--select", selection, *options]
    result = subprocess.run(
        [*command, "-m", "orchestration.defs.definitions"],
        cwd=PROJECT_DIR,
        env=os.environ
        | {
            "IS248_DATA_DIR": str(folder / "data"),
            "IS248_WAREHOUSE_DIR": str(folder / "warehouse"),
            "IS248_SNAPSHOTS_DIR": str(folder / "snapshots"),
            "DAGSTER_HOME": str(folder / "warehouse" / "dagster"),
            "IS248_FORMATS": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def rows(folder: Path, table: str) -> list[tuple[Any, ...]]:
    with connect(folder / "warehouse" / "warehouse.duckdb", read_only=True) as connection:
        return connection.execute(f"select * from {table} order by all").fetchall()


def spoil(folder: Path, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """Replace the contents of tables, to show which are remade; return the old contents."""
    before = {table: rows(folder, table) for table in tables}
    assert all(map(len, before.values())), "there is nothing to spoil"
    with connect(folder / "warehouse" / "warehouse.duckdb") as connection:
        for table in tables:
            connection.execute(f"create or replace table {table} as select 1 as nothing")
    return before


def data_tests(folder: Path) -> dict[str, RuleResult]:
    return {each.rule: each for each in read_results(folder / "warehouse" / "gate" / "dbt_tests.json")}


def test_a_model_is_made_with_what_it_is_made_of_and_what_data_tests_found_of_others_stays(own: Path) -> None:
    tests = data_tests(own)
    before = spoil(own, "marts.mart_response", "public.response", "public.amounts")
    materialize(own, "+public/response")
    for table in ("marts.mart_response", "public.response"):
        assert rows(own, table) == before[table]
    # Nothing else was made.
    assert rows(own, "public.amounts") == [(1,)]
    assert data_tests(own) == tests


def test_a_group_is_made_and_what_is_made_of_a_table_up_to_the_snapshot(own: Path) -> None:
    published = pointer.current(own / "snapshots")
    before = spoil(own, "public.response", "public.series_breaks")
    materialize(own, f'group:"{group_name("public")}"')
    assert {table: rows(own, table) for table in before} == before
    # All rules judge the candidate although only one table was made, and it is the published snapshot.
    spoil(own, "public.series_breaks")
    materialize(own, 'key:"public/series_breaks"+')
    assert rows(own, "public.series_breaks") == before["public.series_breaks"]
    made = last_candidate(own / "warehouse")
    assert published is not None
    verdict = snapshots.read_gate(made.path if made is not None else published)
    assert verdict is not None and verdict["verdict"] == "pass"


def test_one_table_of_one_year_is_read_with_the_others_of_its_step(own: Path) -> None:
    with connect(own / "warehouse" / "warehouse.duckdb", read_only=True) as connection:
        (year,) = connection.execute("select max(time_period) from forms.forms").fetchall()[0]
        cells = connection.execute("select count(*) from raw.cells").fetchall()
    materialize(own, "raw/cells", "--partition", str(year))
    assert rows(own, "(select count(*) from raw.cells)") == cells
