"""The definitions in Dagster: assets, checks, job, schedule, sensor."""

from __future__ import annotations

import dagster as dg
import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.tables import load_tables
from orchestration.defs.checks import PASSES
from orchestration.defs.definitions import build_definitions
from orchestration.defs.resources import NOTHING_TAKEN_OVER, Installation, Writer
from orchestration.forms.registry import load_forms
from orchestration.gate.rules import load_rules
from tests.conftest import recorded

SETTINGS = Settings(data_dir=PROJECT_DIR / "data")


@pytest.fixture(scope="module")
def definitions(prepared: Settings) -> dg.Definitions:
    """The Dagster definitions for the bundled inputs."""
    return build_definitions(prepared)


def test_the_code_location_has_everything_from_input_to_snapshot(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {"published/figures", "reference/population", "public/fte_by_service", "publication/snapshot"} <= keys
    checks = {key.name for key in graph.asset_check_keys}
    assert {rule.id for rule in load_rules(SETTINGS.rules)} <= checks
    assert "units_carry_the_population_of_the_country" in checks
    ancestors = graph.get_ancestor_asset_keys(dg.AssetKey(["publication", "snapshot"]))
    assert dg.AssetKey(["published", "figures"]) in ancestors


def test_deliveries_have_a_partition_a_survey_year(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    partitions = graph.get(dg.AssetKey(["raw", "cells"])).partitions_def
    assert partitions is not None
    years = {str(form.time_period) for form in load_forms(SETTINGS.forms)}
    assert set(partitions.get_partition_keys()) == years
    assert graph.get(dg.AssetKey(["public", "fte_by_service"])).partitions_def is None
    hold = definitions.resolve_job_def("hold").asset_layer.executable_asset_keys
    refresh = definitions.resolve_job_def("refresh").asset_layer.executable_asset_keys
    assert refresh - hold == {dg.AssetKey(["publication", "snapshot"])}
    for name in ("refresh", "rebuild", "hold"):
        job = definitions.resolve_job_def(name)
        assert job.partitions_def == partitions
        # A range of years is one run, in which assets of all years are made once.
        assert job.backfill_policy == dg.BackfillPolicy.single_run()


def test_the_lists_of_the_control_are_a_partition_a_year_of_no_job(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    lists = dg.AssetKey(["control", "lists"])
    partitions = graph.get(dg.AssetKey(["raw", "cells"])).partitions_def
    assert graph.get(lists).partitions_def == partitions
    assert graph.get(lists).parent_keys == {dg.AssetKey(["control", "ctl_findings"])}
    assert dg.AssetKey(["control", "ctl_findings"]) in graph.get_all_asset_keys()
    for job in ("refresh", "rebuild", "hold", "publish"):
        assert lists not in definitions.resolve_job_def(job).asset_layer.executable_asset_keys


def test_everything_says_what_it_is(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description and node.group_name and node.owners, key
    dbt_checks = {
        key for node in definitions.assets or () if isinstance(node, dg.AssetsDefinition) for key in node.check_keys
    }
    for key in graph.asset_check_keys:
        # dagster-dbt shows a data test by its name; its description is in the dbt project and with the rule.
        assert graph.get(key).description or key in dbt_checks, key
    repository = definitions.get_repository_def()
    for named in (*repository.get_all_jobs(), *repository.schedule_defs, *repository.sensor_defs):
        assert named.name.startswith("__") or named.description, named.name


def test_every_rule_is_a_check_of_the_tables_that_it_is_about(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    shown: dict[str, set[str]] = {}
    for key in graph.asset_check_keys:
        shown.setdefault(key.name, set()).add(key.asset_key.to_user_string())
    assert shown["services_add_up"] == {"public/fte_by_service"}
    assert shown["services_and_education_agree"] == {"public/fte_by_service", "public/fte_by_education"}
    # For all tables, or for one that is made with the candidate.
    assert shown["key_is_unique"] == {"publication/candidate"}
    assert shown["every_cell_has_one_fate"] == {"intermediate/int_cells"}
    for table in load_tables(SETTINGS.metadata):
        if table.statuses:
            assert any(f"public/{table.name}" in assets for assets in shown.values()), table.name
    # The snapshot waits for the verdict, which comes after all of them.
    assert graph.get(PASSES).blocking


def test_the_graph_is_the_recorded_one(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        parents = " ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        partitions = " by year" if node.partitions_def is not None else ""
        lines.append(f"{node.group_name} {key.to_user_string()}{partitions} <- {parents}".rstrip())
    assert recorded("asset_graph.txt", "\n".join(lines) + "\n").splitlines() == lines


@pytest.mark.parametrize(
    ("tags", "channel", "takes_over"),
    [
        ({}, "demo", True),
        (NOTHING_TAKEN_OVER, "demo", False),
        ({}, "official", False),
        (NOTHING_TAKEN_OVER, "official", False),
    ],
)
def test_what_is_made_anew_or_official_takes_nothing_over(
    settings: Settings, tags: dict[str, str], channel: str, takes_over: bool
) -> None:
    seen = []

    @dg.asset
    def looked(writer: Writer) -> None:
        seen.append(writer.takes_over)

    resources = {"writer": Writer(installation=Installation.of(settings.model_copy(update={"channel": channel})))}
    dg.materialize([looked], resources=resources, tags=tags)
    assert seen == [takes_over]
