"""The dbt models as assets, with their data tests as asset checks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from orchestration import dbt
from orchestration.errors import UserError
from orchestration.settings import Settings
from orchestration.warehouse import connect


class FolderTranslator(DagsterDbtTranslator):  # type: ignore[misc]
    """Groups the models by folder: staging, intermediate, marts, public."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the folder that the model lies in."""
        fqn = dbt_resource_props["fqn"]
        return str(fqn[1]) if len(fqn) > 2 else None


def build_dbt_project(settings: Settings) -> DbtProject:
    """Prepare the dbt project (manifest and generated descriptions) and return it as Dagster knows it."""
    dbt.prepare(settings)
    return DbtProject(project_dir=settings.dbt_project, target_path=settings.dbt_target)


def _failing_rows(settings: Settings, compiled: str) -> str:
    """Return the first failing row of a data test as ``column=value`` pairs."""
    with connect(settings.warehouse_file, read_only=True) as connection:
        cursor = connection.execute(f"select * from ({compiled}) limit 1")
        row = cursor.fetchone()
        names = [column[0] for column in cursor.description or []]
    return ", ".join(f"{name}={value}" for name, value in zip(names, row or [], strict=False))


def build_warehouse_assets(settings: Settings, project: DbtProject) -> dg.AssetsDefinition:
    """Return the dbt models as assets.

    A model that fails, or a data test of severity error that finds rows, fails the step: nothing is published on top of it.
    Unit tests of the models run with the test suite, not here.
    """
    manifest: dict[str, Any] = json.loads(project.manifest_path.read_text(encoding="utf-8"))
    translator = FolderTranslator()

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=manifest,
        select="resource_type:model",
        project=project,
        name="harmonise",
        dagster_dbt_translator=translator,
    )
    def harmonise() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        result = dbt.invoke(settings, "build", "--exclude-resource-type", "unit_test")
        failures: list[str] = []
        for entry in result.result.results:
            unique_id = entry.node.unique_id
            status = str(entry.status)
            if unique_id.startswith("model."):
                if status != "success":
                    if status != "skipped":
                        failures.append(f"model {entry.node.name}: {' '.join(str(entry.message).split())}")
                    continue
                yield dg.MaterializeResult(
                    asset_key=translator.get_asset_spec(manifest, unique_id, project).key,
                    metadata={"seconds": entry.execution_time, "dagster/relation_identifier": entry.node.relation_name},
                )
            elif unique_id.startswith("test."):
                if status in {"fail", "error"}:
                    rows = _failing_rows(settings, entry.node.compiled_code) if status == "fail" else entry.message
                    failures.append(f"dbt test {entry.node.name}: {entry.failures} rows, first {rows}")
                key = get_asset_check_key_for_test(manifest, translator, unique_id, project)
                if key is not None and status != "skipped":
                    yield dg.AssetCheckResult(
                        asset_key=key.asset_key,
                        check_name=key.name,
                        passed=status == "pass",
                        severity=dg.AssetCheckSeverity.WARN if status == "warn" else dg.AssetCheckSeverity.ERROR,
                        metadata={"failing_rows": entry.failures or 0},
                    )
        if failures:
            raise UserError(
                "; ".join(failures),
                place=str(settings.warehouse_file),
                remedy=f"correct the input that it names; the SQL is under {settings.dbt_target / 'compiled'}",
            )

    return cast(dg.AssetsDefinition, harmonise)
