"""The dbt models as assets, with their data tests as asset checks, and a summary of each survey year.

Belongs here: how a model is shown (group, owner, description), and how Dagster shows a build. Does not belong here: running
dbt (``orchestration.engines.dbt``), or what is read from the built tables for the metadata (``defs.metadata``).
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from orchestration.core.errors import UserError
from orchestration.core.progress import progress
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.defs.checks import check_severity
from orchestration.defs.deliveries import survey_years
from orchestration.defs.lineage import Relation
from orchestration.defs.metadata import SUMMED_UP, Model, describe_models, describe_years
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Dbt, Installation, Writer
from orchestration.engines import dbt
from orchestration.forms.model import Form
from orchestration.gate.judging import dbt_tests_file, keep_results, take_results
from orchestration.gate.results import RuleResult
from orchestration.gate.rules import load_rules
from orchestration.gate.verdict import dbt_test_result

# The lineage of columns that was traced before, beside dbt's manifest.
LINEAGE = "lineage.json"

# Failing rows of a data test that a result shows; the count is of all.
SHOWN_ROWS = 20

# One partition a survey year, and no table: its plots show totals over the years.
SURVEY_YEARS = dg.AssetKey(["survey_years"])


class ModelTranslator(DagsterDbtTranslator):  # type: ignore[misc]
    """Shows a model in the group of its folder, with the team that answers for it and what the model says about itself."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_code_references=True))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the group of the innermost folder that contains the model."""
        return group_name(_step(dbt_resource_props)) if dbt_resource_props["resource_type"] == "model" else None

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:
        """Return the team that answers for the folder that contains the model."""
        return owners(_step(dbt_resource_props)) if dbt_resource_props["resource_type"] == "model" else None

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return dbt's metadata of a model without its columns: those of the built table also have their lineage."""
        metadata = super().get_metadata(dbt_resource_props)
        return {key: value for key, value in metadata.items() if key != "dagster/column_schema"}

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description of a model, and its code."""
        if dbt_resource_props["resource_type"] != "model":
            return str(super().get_description(dbt_resource_props))
        code = dbt_resource_props["raw_code"]
        return f"{dbt_resource_props['description']}\n\n#### Code\n```{dbt_resource_props['language']}\n{code}\n```"

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Return the model as an asset, with the language that it is in."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if self.get_resource_props(manifest, unique_id).get("language") == "python":
            spec = spec.replace_attributes(kinds={*spec.kinds, "python"})
        return cast(dg.AssetSpec, spec)


def _step(dbt_resource_props: Mapping[str, Any]) -> str:
    return str(dbt_resource_props["fqn"][-2])


def build_dbt_project(settings: Settings) -> DbtProject:
    """Prepare the dbt project (manifest and generated descriptions) and return it as Dagster knows it."""
    dbt.prepare(settings)
    return DbtProject(project_dir=settings.dbt_project, target_path=settings.dbt_target)


def _failing_rows(warehouse: Path, compiled: str) -> list[dict[str, Any]]:
    """Return the first failing rows of a data test."""
    with connect(warehouse, read_only=True) as connection:
        cursor = connection.execute(f"select * from ({compiled}) order by all limit {SHOWN_ROWS}")
        names = [column[0] for column in cursor.description or []]
        return [
            {
                name: value if isinstance(value, int | float | str | None) else str(value)
                for name, value in zip(names, row, strict=True)
            }
            for row in cursor.fetchall()
        ]


def _relations(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> dict[Relation, dg.AssetKey]:
    """Return the assets of all tables that a model may read, by schema and name."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return {(node["schema"], node["alias"]): translator.get_asset_key(node) for node in models} | {
        (source["schema"], source["identifier"]): translator.get_asset_key(source) for source in manifest["sources"].values()
    }


def _as_built(node: Any) -> Model:
    """Return dbt's description of a model that it built."""
    return Model(
        relation=(node.schema, node.alias),
        sql=node.compiled_code if node.language == "sql" else None,
        descriptions={name: column.description for name, column in node.columns.items()},
    )


def build_survey_years(forms: list[Form]) -> dg.AssetSpec:
    """Return the survey years as an asset that the build of the models reports on; nothing else makes it."""
    return dg.AssetSpec(
        SURVEY_YEARS,
        deps=[dg.AssetKey(list(relation)) for relation in SUMMED_UP],
        partitions_def=survey_years(forms),
        group_name=group_name("marts"),
        owners=owners("marts"),
        description=(
            "What the deliveries of each survey year came to at the last build: cells by what became of them, units that "
            "answered, national FTE. It has no table: see the plots of its metadata, one point a year."
        ),
    )


def _selection(
    context: dg.AssetExecutionContext, models: Mapping[dg.AssetKey, str], checks: Collection[dg.AssetCheckKey]
) -> list[str]:
    """Return dbt's options for the models and data tests that a run has selected; none where all are.

    Args:
        context: the run.
        models: the name of the model of each asset.
        checks: all data tests, which have dbt's names as checks.
    """
    keys, tests = context.selected_asset_keys, context.selected_asset_check_keys
    if keys >= set(models) and tests >= set(checks):
        return []
    names = sorted(models[key] for key in keys) + sorted(key.name for key in tests)
    # Only what was selected, without tests that also read other models.
    return ["--select", *names, "--indirect-selection", "empty"]


def build_warehouse_assets(settings: Settings, project: DbtProject) -> dg.AssetsDefinition:
    """Return the dbt models as assets.

    A failing model fails the step: nothing is published on top of it. A data test that finds rows is recorded for the gate,
    which judges it with all other rules. Unit tests of the models run with the test suite, not here.
    """
    manifest: dict[str, Any] = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))
    rules = {rule.id: rule for rule in load_rules(settings.rules)}
    translator = ModelTranslator()
    relations = _relations(manifest, translator)
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    models = {translator.get_asset_key(node): str(node["name"]) for node in nodes}
    checks: dict[str, dg.AssetCheckKey] = {}

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=manifest,
        select="resource_type:model",
        project=project,
        name="harmonise",
        dagster_dbt_translator=translator,
    )
    def harmonise(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer, dbt_project: Dbt
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        settings = installation.settings
        selection = _selection(context, models, checks.values())
        tests_file = dbt_tests_file(settings.stage_results)
        before = take_results(tests_file, is_part=bool(selection))
        # To the terminal, or the output of the step: a Dagster event for each model would cost more than most models.
        results = dbt_project.build(selection, lambda line: progress.at(f"    {line}"), takes_over=writer.takes_over)
        broken = [entry for entry in results if str(entry.status) == "error"]
        built = [entry for entry in results if str(entry.status) not in dbt.FAILED]
        made = [_as_built(entry.node) for entry in built if entry.node.unique_id.startswith("model.")]
        described: dict[Relation, dict[str, Any]] = {}
        try:
            with connect(settings.warehouse_file, read_only=True) as connection:
                described = describe_models(connection, made, relations, context.log.warning, settings.dbt_target / LINEAGE)
        except duckdb.Error:
            if not broken:  # what a broken model left behind must not hide what broke it
                raise
        tests: list[RuleResult] = []
        judged: set[str] = set()
        for entry in built:
            unique_id, name = entry.node.unique_id, entry.node.name
            if unique_id.startswith("model."):
                relation = (entry.node.schema, entry.node.alias)
                if relations[relation] in context.selected_asset_keys:
                    yield dg.MaterializeResult(
                        asset_key=relations[relation],
                        metadata={"seconds": round(entry.execution_time, 3), **described.get(relation, {})},
                    )
            elif unique_id.startswith("test."):
                failing = int(entry.failures or 0)
                rows = _failing_rows(settings.warehouse_file, entry.node.compiled_code) if failing else []
                found = dbt_test_result(rules.get(name), name, entry.node.description, failing, rows)
                judged.add(name)
                # A key test has no rule of its own: a passing one is not reported, a failing one blocks.
                if failing or name in rules:
                    tests.append(found)
                key = checks.get(name)
                if key is not None and key in context.selected_asset_check_keys:
                    yield dg.AssetCheckResult(
                        asset_key=key.asset_key,
                        check_name=key.name,
                        passed=failing == 0,
                        severity=check_severity(found.severity),
                        metadata={"failing_rows": failing},
                    )
        if broken:
            raise UserError(
                "; ".join(
                    f"{each.node.resource_type} {each.node.name}: {' '.join(str(each.message).split())}" for each in broken
                ),
                place=str(settings.dbt_project),
                remedy=f"see {settings.dbt_target / 'dbt.log'}; nothing was published",
            )
        keep_results(tests_file, tests, [each for each in before if each.rule not in judged])
        if not set(SUMMED_UP) <= {model.relation for model in made}:
            return
        with connect(settings.warehouse_file, read_only=True) as connection:
            years = describe_years(connection)
        for year, figures in years.items():
            context.log_event(dg.AssetMaterialization(SURVEY_YEARS, partition=year, metadata=figures))

    definition = cast(dg.AssetsDefinition, harmonise)
    checks.update({key.name: key for key in definition.check_keys})
    return definition
