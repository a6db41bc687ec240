"""The dbt project: the rules of its models on tiny inputs, and its descriptions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.disclosure import ledger
from orchestration.engines import build_record as built_from
from orchestration.engines import dbt, uncorrected
from orchestration.ingest import deliveries, registry
from orchestration.publish import rolls
from tests.integration.deliveries_kit import load_inputs


@pytest.fixture(scope="module")
def built(prepared: Settings) -> Settings:
    """A warehouse with every model and no rows."""
    settings = prepared
    with connect(settings.warehouse_file) as connection:
        load_inputs(settings, connection)
        deliveries.prepare_tables(connection, [])
        registry.load_registry(connection, [])
        ledger.load(connection, settings.snapshots)
        rolls.prepare_tables(connection)
        uncorrected.prepare_tables(connection)
    # The unit tests need their models' columns, not their rows.
    results = dbt.invoke(settings, "run", "--empty").result.results
    assert not {entry.node.name: entry.message for entry in results if str(entry.status) != "success"}
    return settings


def test_every_rule_of_the_models_holds_on_its_tiny_input(built: Settings) -> None:
    every = dbt.invoke(built, "test", "--select", "test_type:unit").result.results
    results = [entry for entry in every if entry.node.resource_type == "unit_test"]
    failed = {entry.node.name: entry.message for entry in results if str(entry.status) != "pass"}
    assert not failed
    assert len(results) >= 200


def test_the_described_columns_are_those_of_the_tables_and_stand_there_as_comments(built: Settings) -> None:
    manifest = json.loads((built.dbt_target / dbt.PREPARED).read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert models
    with connect(built.warehouse_file, read_only=True) as connection:
        rows = connection.execute("select schema_name, table_name, column_name, comment from duckdb_columns()").fetchall()
        relations = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() union all "
            "select schema_name, view_name, comment from duckdb_views()"
        ).fetchall()
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, comment in rows:
        columns.setdefault((schema, table), {})[column] = comment
    comments = {(schema, table): comment for schema, table, comment in relations}
    for model in models:
        relation = (model["schema"], model["alias"])
        described = {name: column["description"] for name, column in model["columns"].items()}
        assert columns[relation] == described, model["name"]
        assert comments[relation] == model["description"], model["name"]


def test_what_the_models_are_built_of_is_known_until_a_source_or_the_project_changes(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = built.model_copy(update={"warehouse_dir": tmp_path})
    shutil.copyfile(built.warehouse_file, copy.warehouse_file)
    shutil.copytree(built.dbt_target, copy.dbt_target)

    def changed() -> list[str] | None:
        with connect(copy.warehouse_file) as connection:
            return built_from.changed_sources(connection, copy)

    assert changed() is None
    built_from.note(copy)
    assert changed() == []
    with connect(copy.warehouse_file) as connection:
        connection.execute("update classifications.codelists set label_en = 'Another' where label_en = 'Total'")
    assert changed() == ["classifications.codelists"]
    monkeypatch.setattr(built_from, "code_hash", lambda: "another program")
    assert changed() is None
    built_from.note(copy)
    assert changed() == []
    built_from.forget(copy)
    assert changed() is None


def test_without_corrections_only_what_comes_of_a_changed_source_is_built() -> None:
    compared = uncorrected.COMPARED
    assert uncorrected._selected(None) == [f"+{compared}"]
    # The copy for this build has no corrections; published figures decide nothing in it.
    assert uncorrected._selected(["history.published_groups", "decisions.redeliveries"]) == []
    assert uncorrected._selected(["raw.cells", "decisions.corrections"]) == [
        f"source:raw.cells+,+{compared}",
        f"source:decisions.corrections+,+{compared}",
    ]


def test_a_public_table_of_another_type_than_its_contract_stops_the_build(built: Settings, tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(PROJECT_DIR / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs", "_unit_tests.yml"))
    model = project / "models" / "public" / "response.sql"
    model.write_text(
        model.read_text(encoding="utf-8").replace("as integer) as units_missing", "as bigint) as units_missing")
    )
    environment = os.environ | {"IS248_WAREHOUSE_FILE": str(built.warehouse_file)}
    command = [
        Path(sys.executable).with_name("dbt"),
        "run",
        "--empty",
        "-s",
        "response",
        "--target-path",
        tmp_path / "target",
    ]
    result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "contract" in result.stdout
    assert "units_missing" in result.stdout


def test_dbt_works_by_itself_in_its_folder(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IS248_", "DBT_"))}
    dbt_itself = Path(sys.executable).with_name("dbt")
    result = subprocess.run(
        [dbt_itself, "ls", "-s", "int_cells+1", "--quiet", "--target-path", tmp_path, "--log-path", tmp_path],
        cwd=PROJECT_DIR / "dbt_project",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "is248.intermediate.cells.int_cells" in result.stdout.splitlines()


def test_what_dbt_is_told_of_sources_and_public_tables_is_kept_in_git_as_the_inputs_say_it(settings: Settings) -> None:
    if not (PROJECT_DIR / ".git").exists():
        pytest.skip("not a checkout")
    dbt.write_descriptions(settings)
    paths = [f"dbt_project/models/{path}" for path in dbt.GENERATED.values()]
    kept = subprocess.run(["git", "ls-files", *paths], cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert sorted(kept.stdout.split()) == sorted(paths)
    subprocess.run(["git", "diff", "--exit-code", "--", *paths], cwd=PROJECT_DIR, check=True)


def test_preparing_again_does_nothing(prepared: Settings) -> None:
    before = (prepared.dbt_target / dbt.PREPARED).stat().st_mtime_ns
    assert dbt.prepare(prepared).stat().st_mtime_ns == before


def test_another_process_prepares_what_this_one_waits_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = os.environ | {
        "IS248_DATA_DIR": str(settings.data),
        "IS248_WAREHOUSE_DIR": str(settings.warehouse),
        "IS248_SNAPSHOTS_DIR": str(settings.snapshots),
    }
    subprocess.run([sys.executable, "-m", "orchestration.engines.dbt"], cwd=PROJECT_DIR, env=environment, check=True)
    before = (settings.dbt_target / dbt.PREPARED).stat().st_mtime_ns
    assert dbt.prepare(settings).stat().st_mtime_ns == before

    started: list[list[str]] = []

    def start(command: list[str], **_: object) -> None:
        started.append(command)

    monkeypatch.setattr(subprocess, "Popen", start)
    dbt.start_to_prepare(settings)
    assert started == []
    (settings.dbt_target / dbt.PREPARED).unlink()
    dbt.start_to_prepare(settings)
    assert started == [[sys.executable, "-m", "orchestration.engines.dbt"]]


@pytest.fixture
def command(built: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line on the warehouse with every model and no rows."""
    for name in ("data_dir", "warehouse_dir", "snapshots_dir"):
        monkeypatch.setenv(f"IS248_{name.upper()}", str(getattr(built, name)))
    return lambda *arguments: CliRunner().invoke(main, arguments)


def test_one_model_is_made_with_its_unit_tests_and_data_tests(command: Callable[..., Result], built: Settings) -> None:
    with connect(built.warehouse_file) as connection:
        connection.execute("drop table intermediate.int_unit_successors")
    result = command("model", "int_unit_successors", "--json")
    assert result.exit_code == 0, result.output
    kinds = [each["kind"] for each in json.loads(result.stdout)["outcomes"]]
    assert kinds.count("model") == 1
    assert kinds.count("unit_test") >= 1
    assert kinds.count("test") >= 1
    with connect(built.warehouse_file, read_only=True) as connection:
        assert connection.execute("select count(*) from intermediate.int_unit_successors").fetchall() == [(0,)]


def test_a_data_test_that_finds_rows_is_reported_with_the_model(command: Callable[..., Result], built: Settings) -> None:
    with connect(built.warehouse_file) as connection:
        connection.execute("insert into reference.counties select * from reference.counties limit 1")
    try:
        result = command("model", "stg_reference__counties")
    finally:
        with connect(built.warehouse_file) as connection:
            connection.execute("delete from reference.counties where rowid = (select max(rowid) from reference.counties)")
    assert result.exit_code == 1
    # Longer work reports its progress first.
    *_, first, line = result.stderr.splitlines()
    assert first == "stg_reference__counties: 1 of 2 failed"
    assert line.startswith("  data test key_is_unique_stg_reference__counties_")


def test_a_model_that_is_not_there_is_reported_with_the_nearest_name(command: Callable[..., Result]) -> None:
    result = command("model", "int_fte_area")
    assert (result.exit_code, result.stdout) == (1, "")
    # On a slow machine a line of progress comes before it.
    *_, error = result.stderr.splitlines()
    assert error == "error: dbt_project/models: there is no model 'int_fte_area'; the nearest name is int_fte__area"


def test_without_a_warehouse_a_model_has_nothing_to_stand_on(command: Callable[..., Result], built: Settings) -> None:
    away = built.warehouse_file.rename(built.warehouse_file.with_suffix(".away"))
    try:
        result = command("model", "int_fte__area")
    finally:
        away.rename(built.warehouse_file)
    assert result.exit_code == 1
    assert result.stderr == f"error: {built.warehouse_file}: there is no warehouse yet; make one with ./is248 run\n"
