"""The dbt project: the rules of its models on tiny inputs, and its descriptions."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from orchestration import dbt
from orchestration.disclosure import ledger
from orchestration.ingest import deliveries, registry
from orchestration.settings import PROJECT_DIR, Settings
from orchestration.warehouse import connect
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
    subprocess.run([sys.executable, "-m", "orchestration.dbt"], cwd=PROJECT_DIR, env=environment, check=True)
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
    assert started == [[sys.executable, "-m", "orchestration.dbt"]]
