"""The dbt models as assets, with their data tests as asset checks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from orchestration import dbt
from orchestration.errors import UserError
from orchestration.gate.results import RuleResult, write_results
from orchestration.gate.rules import load_rules
from orchestration.gate.verdict import dbt_test_result
from orchestration.settings import Settings
from orchestration.warehouse import WRITER, connect

# Failing rows of a data test that a result shows; the count is of all.
SHOWN_ROWS = 20


class FolderTranslator(DagsterDbtTranslator):  # type: ignore[misc]
    """Groups the models by folder: staging, cells, submissions, areas, fte, indicators, reconciliation, marts, public."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the innermost folder that the model lies in."""
        fqn = dbt_resource_props["fqn"]
        return str(fqn[-2]) if len(fqn) > 2 else None


def build_dbt_project(settings: Settings) -> DbtProject:
    """Prepare the dbt project (manifest and generated descriptions) and return it as Dagster knows it."""
    dbt.prepare(settings)
    return DbtProject(project_dir=settings.dbt_project, target_path=settings.dbt_target)


def _failing_rows(settings: Settings, compiled: str) -> list[dict[str, Any]]:
    """Return the first failing rows of a data test."""
    with connect(settings.warehouse_file, read_only=True) as connection:
        cursor = connection.execute(f"select * from ({compiled}) order by all limit {SHOWN_ROWS}")
        names = [column[0] for column in cursor.description or []]
        return [
            {
                name: value if isinstance(value, int | float | str | None) else str(value)
                for name, value in zip(names, row, strict=True)
            }
            for row in cursor.fetchall()
        ]


def check_severity(severity: str) -> dg.AssetCheckSeverity:
    """Return how Dagster shows a failure of a rule's severity."""
    return dg.AssetCheckSeverity.WARN if severity == "warning" else dg.AssetCheckSeverity.ERROR


def dbt_tests_file(settings: Settings) -> Path:
    """Return the file in which the results of the data tests wait for the gate."""
    return settings.stage_results / "dbt_tests.json"


def build_warehouse_assets(settings: Settings, project: DbtProject) -> dg.AssetsDefinition:
    """Return the dbt models as assets.

    A model that fails, fails the step: nothing is published on top of it. A data test that finds rows is recorded for the
    gate, which judges it with all other rules. Unit tests of the models run with the test suite, not here.
    """
    manifest: dict[str, Any] = json.loads(project.manifest_path.read_text(encoding="utf-8"))
    rules = {rule.id: rule for rule in load_rules(settings.rules)}
    translator = FolderTranslator()

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=manifest,
        select="resource_type:model",
        project=project,
        name="harmonise",
        required_resource_keys={WRITER},
        dagster_dbt_translator=translator,
    )
    def harmonise() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        # What an earlier build found says nothing about the tables of this one.
        dbt_tests_file(settings).unlink(missing_ok=True)
        result = dbt.invoke(settings, "build", "--exclude-resource-type", "unit_test")
        broken: list[str] = []
        tests: list[RuleResult] = []
        for entry in result.result.results:
            unique_id, name, status = entry.node.unique_id, entry.node.name, str(entry.status)
            if status in {"error", "skipped"}:
                if status == "error":
                    broken.append(f"{entry.node.resource_type} {name}: {' '.join(str(entry.message).split())}")
            elif unique_id.startswith("model."):
                yield dg.MaterializeResult(
                    asset_key=translator.get_asset_spec(manifest, unique_id, project).key,
                    metadata={"seconds": entry.execution_time, "dagster/relation_identifier": entry.node.relation_name},
                )
            elif unique_id.startswith("test."):
                failing = int(entry.failures or 0)
                key = get_asset_check_key_for_test(manifest, translator, unique_id, project)
                rows = _failing_rows(settings, entry.node.compiled_code) if failing else []
                tests.append(dbt_test_result(rules.get(name), name, entry.node.description, failing, rows))
                if key is not None:
                    yield dg.AssetCheckResult(
                        asset_key=key.asset_key,
                        check_name=key.name,
                        passed=failing == 0,
                        severity=check_severity(tests[-1].severity),
                        metadata={"failing_rows": failing},
                    )
        if broken:
            raise UserError(
                "; ".join(broken),
                place=str(settings.dbt_project),
                remedy=f"see {settings.dbt_target / 'dbt.log'}; nothing was published",
            )
        write_results(dbt_tests_file(settings), tests)

    return cast(dg.AssetsDefinition, harmonise)
