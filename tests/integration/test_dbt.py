"""The dbt project: the rules of its models on tiny inputs, and its descriptions."""

from __future__ import annotations

import json

from orchestration import dbt
from orchestration.ingest.data_packages import PACKAGES, describe, load
from orchestration.settings import Settings
from orchestration.warehouse import connect


def load_inputs(settings: Settings) -> None:
    with connect(settings.warehouse_file) as connection:
        for package in PACKAGES:
            resources = describe(settings.data, package)
            for table in {resource.table for resource in resources}:
                load(connection, table, [resource for resource in resources if resource.table == table])


def test_every_rule_of_the_models_holds_on_its_tiny_input(settings: Settings) -> None:
    dbt.prepare(settings)
    load_inputs(settings)
    # The unit tests need their models' columns, not their rows.
    dbt.invoke(settings, "run", "--empty")
    results = dbt.invoke(settings, "test", "--select", "test_type:unit").result.results
    failed = {entry.node.name: entry.message for entry in results if str(entry.status) != "pass"}
    assert not failed
    assert len(results) >= 13


def test_every_model_is_described_and_every_public_column_has_a_type(settings: Settings) -> None:
    manifest = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert models
    for model in models:
        if "public" in model["fqn"]:
            assert model["description"], model["name"]
            assert all(column["data_type"] for column in model["columns"].values()), model["name"]
        else:
            assert model["raw_code"].startswith("--"), f"{model['name']} does not say what it is"


def test_preparing_again_does_nothing(settings: Settings) -> None:
    manifest = dbt.prepare(settings)
    before = manifest.stat().st_mtime_ns
    dbt.prepare(settings)
    assert manifest.stat().st_mtime_ns == before
