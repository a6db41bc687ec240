"""The composition root: everything that Dagster shows is put together here, and nowhere else."""

import dagster as dg

from orchestration.core.settings import Settings, load_settings
from orchestration.defs.automation import (
    build_delivery_sensor,
    build_failure_sensor,
    build_jobs,
    build_queue_sensor,
    build_schedules,
)
from orchestration.defs.checks import build_early_checks, build_gate, build_stage_checks
from orchestration.defs.control import build_control_asset, build_round_asset
from orchestration.defs.deliveries import REGISTRY, build_delivery_assets
from orchestration.defs.inputs import build_input_assets
from orchestration.defs.models import build_dbt_project, build_survey_years, build_warehouse_assets
from orchestration.defs.preview import build_preview_job
from orchestration.defs.publication import build_publication
from orchestration.defs.resources import Dbt, Installation, Writer
from orchestration.defs.uncorrected import build_uncorrected_asset
from orchestration.forms.registry import load_finished
from orchestration.ingest import registry


def build_definitions(settings: Settings, *, holds_lock: bool = False) -> dg.Definitions:
    """Return the code location for one set of settings.

    Args:
        settings: where inputs, warehouse and snapshots lie.
        holds_lock: the calling process holds the run lock already; otherwise each run takes it for its length.
    """
    # A draft of a form must not hide everything else; a run that needs the form reports what is wrong.
    forms, _ = load_finished(settings.forms)
    jobs = build_jobs(settings)
    harmonise = build_warehouse_assets(settings, build_dbt_project(settings))
    models = sorted(harmonise.keys)
    form_registry = [dg.AssetKey([REGISTRY, table]) for table in registry.TABLES]
    stage_checks = build_stage_checks(settings, models, form_registry)
    public = {key.path[-1]: key for key in models if key.path[0] == "public"}
    # The candidate waits for the checks of every model that a rule is about.
    checked = {key.asset_key for check in stage_checks for key in check.check_keys}
    sources = sorted(set(harmonise.dependency_keys) - set(models))
    installation = Installation.of(settings)
    return dg.Definitions(
        assets=[
            *build_input_assets(settings),
            *build_delivery_assets(forms),
            build_uncorrected_asset(sources),
            harmonise,
            build_survey_years(forms),
            build_control_asset(forms),
            build_round_asset(forms),
            *build_publication(forms, [key for key in models if key in public.values() or key in checked]),
        ],
        asset_checks=[*stage_checks, build_early_checks(settings, sources), build_gate(settings, public)],
        jobs=[*jobs, build_preview_job(settings)],
        schedules=build_schedules(settings, forms),
        sensors=[build_delivery_sensor(settings, forms, jobs), build_failure_sensor(settings), build_queue_sensor(settings)],
        resources={
            "installation": installation,
            "writer": Writer(installation=installation, is_held=holds_lock),
            "dbt_project": Dbt(installation=installation),
        },
        # One process for each run: the steps share one DuckDB file, and starting dbt and Great Expectations costs seconds
        # each.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location that ``workspace.yaml`` names."""
    return build_definitions(load_settings())
