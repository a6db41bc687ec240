"""The dbt project: the rules of its models on tiny inputs, and its descriptions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.disclosure import ledger
from orchestration.engines import dbt
from orchestration.ingest import deliveries, registry
from tests.integration.deliveries_kit import load_inputs


def test_every_rule_of_the_models_holds_on_its_tiny_input(settings: Settings) -> None:
    dbt.prepare(settings)
    with connect(settings.warehouse_file) as connection:
        load_inputs(settings, connection)
        deliveries.prepare_tables(connection, [])
        registry.load_registry(connection, [])
        ledger.load(connection, settings.snapshots)
    # The unit tests need their models' columns, not their rows.
    dbt.invoke(settings, "run", "--empty")
    results = dbt.invoke(settings, "test", "--select", "test_type:unit").result.results
    failed = {entry.node.name: entry.message for entry in results if str(entry.status) != "pass"}
    assert not failed
    assert len(results) >= 200


def test_every_model_is_described_and_every_public_column_has_a_type(settings: Settings) -> None:
    manifest = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert models
    for model in models:
        if "public" in model["fqn"]:
            assert model["description"], model["name"]
            assert all(column["data_type"] for column in model["columns"].values()), model["name"]
        else:
            assert model["raw_code"].startswith(("--", '"""')), f"{model['name']} does not say what it is"


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


def test_preparing_again_does_nothing(settings: Settings) -> None:
    manifest = dbt.prepare(settings)
    before = manifest.stat().st_mtime_ns
    dbt.prepare(settings)
    assert manifest.stat().st_mtime_ns == before


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
