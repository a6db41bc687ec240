"""What Dagster shows: assets, checks, job, schedule, sensor."""

from __future__ import annotations

import dagster as dg

from orchestration.core.settings import Settings
from orchestration.defs.definitions import build_definitions
from orchestration.forms.registry import load_forms
from orchestration.gate.rules import load_rules


def test_the_code_location_has_everything_from_input_to_snapshot(settings: Settings) -> None:
    definitions = build_definitions(settings)
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {"published/figures", "reference/population", "public/fte_by_service", "publication/snapshot"} <= keys
    checks = {key.name for key in graph.asset_check_keys}
    assert {rule.id for rule in load_rules(settings.rules)} <= checks
    assert "units_carry_the_population_of_the_country" in checks
    ancestors = graph.get_ancestor_asset_keys(dg.AssetKey(["publication", "snapshot"]))
    assert dg.AssetKey(["published", "figures"]) in ancestors


def test_deliveries_have_a_partition_a_survey_year(settings: Settings) -> None:
    definitions = build_definitions(settings)
    graph = definitions.resolve_asset_graph()
    partitions = graph.get(dg.AssetKey(["raw", "cells"])).partitions_def
    assert partitions is not None
    years = {str(form.time_period) for form in load_forms(settings.forms)}
    assert set(partitions.get_partition_keys()) == years
    assert graph.get(dg.AssetKey(["public", "fte_by_service"])).partitions_def is None
    assert definitions.resolve_job_def("yearly").partitions_def == partitions


def test_the_lists_of_the_control_are_a_partition_a_year_of_no_job(settings: Settings) -> None:
    definitions = build_definitions(settings)
    graph = definitions.resolve_asset_graph()
    lists = dg.AssetKey(["control", "lists"])
    partitions = graph.get(dg.AssetKey(["raw", "cells"])).partitions_def
    assert graph.get(lists).partitions_def == partitions
    assert graph.get(lists).parent_keys == {dg.AssetKey(["control", "ctl_findings"])}
    assert dg.AssetKey(["control", "ctl_findings"]) in graph.get_all_asset_keys()
    for job in ("yearly", "refresh", "rebuild", "publish"):
        assert lists not in definitions.resolve_job_def(job).asset_layer.executable_asset_keys
