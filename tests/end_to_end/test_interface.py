"""Requests in Dagster's user interface: only the selection is made, and staleness depends on content.

The requests are those of the interface, to its server's schema; runs are queued and started as by the daemon.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster_graphql.client.query import LAUNCH_PIPELINE_EXECUTION_MUTATION
from dagster_graphql.test.utils import define_out_of_process_workspace, execute_dagster_graphql

from orchestration.core.warehouse import connect
from orchestration.defs.automation import REFRESH
from orchestration.defs.deliveries import RAW, is_of_every_year
from orchestration.defs.servers import WORKSPACE
from orchestration.engines import uncorrected
from orchestration.forms.registry import load_forms
from orchestration.gate.results import read_results
from orchestration.ingest import decisions, deliveries
from tests.end_to_end.conftest import copied
from tests.integration.servers_kit import Servers, make_servers, until

CHECKS = """
{ assetNodes { assetKey { path } assetChecksOrError { ... on AssetChecks { checks { name jobNames } } } } }"""
STATUSES = """
{ assetNodes { assetKey { path } staleStatus staleCauses { key { path } partitionKey reason } } }"""
LAUNCH_BACKFILL = """
mutation ($parameters: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $parameters) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
  }
}"""
# The job that the interface uses for a selection of assets.
JOB = "__ASSET_JOB"

MODEL, NEIGHBOUR = dg.AssetKey(["marts", "mart_amounts"]), dg.AssetKey(["public", "amounts"])
CORRECTIONS = dg.AssetKey(["decisions", "corrections"])
READ_CORRECTIONS = dg.AssetKey(["staging", "stg_decisions__corrections"])
WITHOUT_CORRECTIONS = dg.AssetKey([uncorrected.SCHEMA, *uncorrected.TABLES])
READ_FILES = dg.AssetKey(["staging", "stg_raw__files"])

CORRECTION = """
- {unit: "9999", year: 1900, question: none, expect: null, value: 1, reason: none, decided_by: nobody, date: 1901-01-01}
"""


class Interface:
    """Dagster's user interface, over a warehouse in which a complete run has made everything."""

    def __init__(self, workspace: WorkspaceProcessContext, servers: Servers) -> None:
        self._workspace = workspace
        self.instance = workspace.instance
        self.servers = servers

    def ask(self, query: str, **variables: Any) -> Any:
        # A request caches what it has read.
        return execute_dagster_graphql(self._workspace.create_request_context(), query, variables).data

    def checks(self, keys: set[dg.AssetKey]) -> list[dict[str, Any]]:
        """Return the checks of assets, which the interface selects with them."""
        return [
            {"assetKey": node["assetKey"], "name": check["name"]}
            for node in self.ask(CHECKS)["assetNodes"]
            if dg.AssetKey(node["assetKey"]["path"]) in keys
            for check in node["assetChecksOrError"].get("checks", ())
            if JOB in check["jobNames"]
        ]

    def materialize(self, *keys: dg.AssetKey, partition: str | None = None) -> str:
        """Materialize a selection of assets; the run has succeeded when its id is returned."""
        parameters = {
            "selector": {
                "repositoryLocationName": "is248",
                "repositoryName": "__repository__",
                "pipelineName": JOB,
                "assetSelection": [{"path": key.path} for key in keys],
                "assetCheckSelection": self.checks(set(keys)),
            },
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}] if partition else []},
        }
        answer = self.ask(LAUNCH_PIPELINE_EXECUTION_MUTATION, executionParams=parameters)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run: str = answer["run"]["runId"]
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(self._workspace))

        def ended() -> dg.DagsterRunStatus | None:
            found = self.instance.get_run_by_id(run)
            return found.status if found is not None and found.is_finished else None

        assert until(ended, f"run {run}") == dg.DagsterRunStatus.SUCCESS, self.events_of(run)
        return run

    def backfill(self, job: str, partitions: list[str]) -> list[dg.DagsterRun]:
        """Launch a backfill of partitions of a job; return the queued runs, which start later."""
        repository = {"repositoryLocationName": "is248", "repositoryName": "__repository__"}
        parameters = {
            "selector": {"partitionSetName": f"{job}_partition_set", "repositorySelector": repository},
            "partitionNames": partitions,
            "fromFailure": False,
        }
        answer = self.ask(LAUNCH_BACKFILL, parameters=parameters)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        assert not [error for error in execute_backfill_iteration(self._workspace, logging.getLogger()) if error]
        return list(self.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": answer["backfillId"]})))

    def events_of(self, run: str) -> list[str]:
        return [str(entry.dagster_event) for entry in self.instance.all_logs(run) if entry.dagster_event]

    def made(self, run: str) -> list[dg.AssetKey]:
        """Return the assets that Dagster recorded for a run."""
        found = self.instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return [entry.asset_materialization.asset_key for entry in found if entry.asset_materialization is not None]

    def years_made(self, run: str) -> list[str]:
        """Return the partitions that Dagster recorded for a run."""
        found = self.instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return sorted({str(entry.asset_materialization.partition) for entry in found if entry.asset_materialization})

    def stale(self) -> dict[dg.AssetKey, list[tuple[str, str | None, str]]]:
        """Return the stale assets, each with its causes: asset, partition, and what is new."""
        return {
            dg.AssetKey(node["assetKey"]["path"]): [
                ("/".join(cause["key"]["path"]), cause["partitionKey"], cause["reason"]) for cause in node["staleCauses"]
            ]
            for node in self.ask(STATUSES)["assetNodes"]
            if node["staleStatus"] != "FRESH"
        }

    def fetched(self, query: str) -> tuple[Any, ...] | None:
        with connect(self.servers.warehouse / "warehouse.duckdb", read_only=True) as connection:
            return connection.execute(query).fetchone()


@pytest.fixture(scope="module")
def interface(new_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    folder = copied(new_year, tmp_path_factory.mktemp("interface") / "copy")
    servers = make_servers(folder)
    shutil.rmtree(servers.data)
    shutil.copytree(new_year / "data", servers.data)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**servers.variables, "IS248_FORMATS": ""}.items():
            environment.setenv(name, value)
        environment.setenv("DAGSTER_HOME", str(servers.warehouse / "dagster"))
        with (
            dg.DagsterInstance.get() as instance,
            define_out_of_process_workspace(str(WORKSPACE), None, instance) as workspace,
        ):
            yield Interface(workspace, servers)


def test_after_a_run_nothing_is_stale(interface: Interface) -> None:
    assert interface.stale() == {}


def test_one_model_that_is_selected_is_made_and_nothing_else(interface: Interface) -> None:
    with connect(interface.servers.warehouse / "warehouse.duckdb") as connection:
        for key in (MODEL, NEIGHBOUR):
            connection.execute(f"create or replace table {'.'.join(key.path)} as select 1 as nothing")
    found = read_results(interface.servers.warehouse / "gate" / "dbt_tests.json")
    run = interface.materialize(MODEL)
    assert interface.made(run) == [MODEL]
    # Findings of data tests on other models are kept.
    assert {each.rule: each for each in read_results(interface.servers.warehouse / "gate" / "dbt_tests.json")} == {
        each.rule: each for each in found
    }
    assert interface.fetched(f"select count(*) > 10 from {'.'.join(MODEL.path)}") == (True,)
    assert interface.fetched(f"select nothing from {'.'.join(NEIGHBOUR.path)}") == (1,)
    # Its inputs and its code were the same.
    assert interface.stale() == {}


def test_several_years_of_a_refresh_are_one_run(interface: Interface) -> None:
    forms = load_forms(interface.servers.data / "forms")
    (run,) = interface.backfill(REFRESH, [str(year) for year in sorted({form.time_period for form in forms})])
    interface.instance.report_run_canceled(run)
    assert run.job_name == REFRESH and run.status == dg.DagsterRunStatus.QUEUED
    # As for runs of the schedule and of the command line.
    assert is_of_every_year(run, forms)


def test_what_is_made_of_a_changed_input_is_stale_until_it_is_made(interface: Interface) -> None:
    before = interface.stale()
    entries = interface.servers.data / "corrections" / "another.yml"
    entries.write_text("# Read again, and nothing in it.\n[]\n", encoding="utf-8")
    interface.materialize(*(dg.AssetKey(["decisions", table]) for table in decisions.TABLES))
    assert interface.stale() == before

    entries.write_text(CORRECTION, encoding="utf-8")
    interface.materialize(CORRECTIONS)
    causes = [("decisions/corrections", None, "has a new data version")]
    assert interface.stale() == {READ_CORRECTIONS: causes, WITHOUT_CORRECTIONS: causes, **before}
    interface.materialize(READ_CORRECTIONS)
    # Its downstream assets are next.
    stale = interface.stale()
    assert READ_CORRECTIONS not in stale
    assert {cause for key, causes in stale.items() if key not in {WITHOUT_CORRECTIONS, *before} for cause in causes} == {
        ("staging/stg_decisions__corrections", None, "has a new data version")
    }
    # A complete build of the models, without that correction.
    interface.materialize(WITHOUT_CORRECTIONS)
    assert WITHOUT_CORRECTIONS not in interface.stale()


def test_what_is_made_of_a_year_is_stale_when_its_delivery_changed(interface: Interface) -> None:
    before = interface.stale()
    tables = [dg.AssetKey([RAW, table]) for table in deliveries.TABLES]
    last = max(load_forms(interface.servers.data / "forms"), key=lambda form: form.time_period)
    year, folder = str(last.time_period), interface.servers.data / "deliveries" / last.delivery
    # Read again, and nothing has changed.
    run = interface.materialize(*tables, partition=year)
    assert sorted(interface.made(run)) == sorted(tables) and interface.years_made(run) == [year]
    assert interface.stale() == before

    shutil.rmtree(folder)
    interface.materialize(*tables, partition=year)
    stale = interface.stale()
    assert stale[READ_FILES] == [(f"{RAW}/files", year, "has a new data version")]
    assert {key.path[0] for key in stale.keys() - {WITHOUT_CORRECTIONS, *before}} == {"staging"}
    interface.materialize(READ_FILES)
    assert READ_FILES not in interface.stale()
