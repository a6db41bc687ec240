"""The composition root: everything that Dagster shows is put together here, and nowhere else."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import nullcontext
from typing import cast

import dagster as dg

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings, load_settings
from orchestration.core.warehouse import WRITER, run_lock
from orchestration.defs.automation import (
    build_delivery_sensor,
    build_failure_sensor,
    build_jobs,
    build_queue_sensor,
    build_schedules,
)
from orchestration.defs.checks import build_checks
from orchestration.defs.control import build_control_asset
from orchestration.defs.deliveries import REGISTRY, build_delivery_assets
from orchestration.defs.inputs import build_input_assets
from orchestration.defs.publication import build_publication
from orchestration.defs.warehouse import build_dbt_project, build_survey_years, build_warehouse_assets
from orchestration.forms.registry import load_finished
from orchestration.ingest import registry
from orchestration.publish.provenance import inputs_hash

# Executors that send the steps elsewhere, by the setting's value: package, which is not among those locked, and name.
EXECUTORS = {
    "celery": ("dagster_celery", "celery_executor"),
    "celery_k8s": ("dagster_celery_k8s", "celery_k8s_job_executor"),
    "k8s": ("dagster_k8s", "k8s_job_executor"),
}

# How long a run that Dagster starts waits for one of the command line, in seconds.
PATIENCE = 3600


def find_executor(settings: Settings) -> dg.ExecutorDefinition:
    """Return what runs the steps of a run.

    Raises:
        UserError: the package that the executor is in is not installed.
    """
    if settings.executor == "in_process":
        # One process a run: the steps share one DuckDB file, and starting dbt and Great Expectations costs seconds each.
        return dg.in_process_executor
    package, name = EXECUTORS[settings.executor]
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise UserError(
            f"the executor {settings.executor} needs the package {package.replace('_', '-')}",
            place="setting executor",
            remedy="install it in the version that belongs to the Dagster of requirements.lock (docs/engines.md)",
        ) from error
    return cast(dg.ExecutorDefinition, getattr(module, name))


def build_definitions(settings: Settings, *, holds_lock: bool = False) -> dg.Definitions:
    """Return the code location for one set of settings.

    Args:
        settings: where inputs, warehouse and snapshots lie.
        holds_lock: the calling process holds the run lock already; otherwise each run takes it for its length.
    """

    @dg.resource(description="The right to write the warehouse and the snapshots, held for the whole run.")
    def writer(_: dg.InitResourceContext) -> Iterator[str]:
        with nullcontext() if holds_lock else run_lock(settings.warehouse, patience=PATIENCE):
            # What the run starts from: a run whose inputs changed under it is not remembered as made of them.
            yield inputs_hash(settings)

    # The draft of a form is no reason to show nothing; a run that needs it says what is wrong.
    forms, _ = load_finished(settings.forms)
    jobs = build_jobs(settings)
    harmonise = build_warehouse_assets(settings, build_dbt_project(settings))
    models = sorted(harmonise.keys)
    form_registry = [dg.AssetKey([REGISTRY, table]) for table in registry.TABLES]
    stage_checks = build_checks(settings, models, form_registry)
    # The candidate waits for the checks of every model that a rule is about.
    checked = {key.asset_key for check in stage_checks for key in check.check_keys}
    publication, checks = build_publication(settings, [key for key in models if key.path[0] == "public" or key in checked])
    return dg.Definitions(
        assets=[
            *build_input_assets(settings),
            *build_delivery_assets(settings, forms),
            harmonise,
            build_survey_years(forms),
            build_control_asset(settings, forms),
            *publication,
        ],
        asset_checks=[*stage_checks, *checks],
        jobs=jobs,
        schedules=build_schedules(settings),
        sensors=[build_delivery_sensor(settings, forms, jobs), build_failure_sensor(settings), build_queue_sensor(settings)],
        resources={WRITER: writer},
        executor=find_executor(settings),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location that ``workspace.yaml`` names."""
    return build_definitions(load_settings())
