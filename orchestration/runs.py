"""Runs the refresh job in this process: what ``is248 run`` does, and what tests call; judges again what was judged.

Belongs here: starting Dagster's job on its instance, and turning what went wrong into the user's error or the gate's
refusal.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.automation import REFRESH, YEARLY
from orchestration.assets.checks import circumstances, stage_file
from orchestration.assets.deliveries import RAW, changed_years
from orchestration.assets.publication import judged_files, last_candidate, restricted_results, results_before
from orchestration.definitions import build_definitions
from orchestration.disclosure import ledger
from orchestration.errors import RefusedError, UserError
from orchestration.forms.registry import load_forms
from orchestration.gate.proof import Proven, prove, score
from orchestration.gate.results import RuleResult, read_results
from orchestration.gate.rules import Stage, load_rules
from orchestration.gate.verdict import judge, refusal, refusal_of_stage
from orchestration.ingest import deliveries
from orchestration.publish import snapshots
from orchestration.publish.candidate import Candidate
from orchestration.publish.layout import content_hash
from orchestration.settings import PROJECT_DIR, Settings
from orchestration.tables import load_tables
from orchestration.warehouse import run_lock

GATE_STEP = "gate"

# Steps that judge before there is a candidate, and the stage whose rules they run.
STAGE_STEPS: dict[str, Stage] = {"delivery_rules": "delivery", "warehouse_rules": "warehouse"}

STEP_TITLES = {
    "delivery_rules": "rules on the deliveries",
    "warehouse_rules": "rules on the warehouse",
    "harmonise": "dbt models and tests",
    "publication__candidate": "candidate files",
    GATE_STEP: "rules of the gate",
    "publication__snapshot": "publication",
}


@dataclass(frozen=True)
class Published:
    """The published snapshot after a run; ``new`` is False when the same content was published already."""

    folder: Path
    new: bool


class _Progress(logging.Handler):
    """Tells when a step of the run starts and ends, from the events that Dagster logs."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell the step's title, and how it went."""
        event = (getattr(record, "dagster_meta", None) or {}).get("dagster_event")
        if event is None or event.step_key is None:
            return
        title = STEP_TITLES.get(event.step_key, event.step_key.replace("_", " "))
        kind = event.event_type_value
        if kind == "STEP_START":
            self._tell(f"  {title} ...")
        elif kind == "STEP_SUCCESS":
            self._tell(f"  {title} done in {event.event_specific_data.duration_ms / 1000:.1f} s")
        elif kind == "STEP_FAILURE":
            self._tell(f"  {title} FAILED")


def prepare_instance(settings: Settings) -> None:
    """Give Dagster its folder and its settings, with telemetry off."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_DIR / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"


def _user_error(error: Any) -> UserError | None:
    """Find the user's error in the chain of causes that Dagster keeps, as text, of a failed step."""
    while error is not None:
        if error.cls_name == UserError.__name__:
            return UserError.from_text(error.message.partition("UserError: ")[2].strip())
        error = error.cause
    return None


def _execute(
    job: dg.JobDefinition, partition: str | None, instance: dg.DagsterInstance, selection: list[dg.AssetKey] | None = None
) -> dg.ExecuteInProcessResult:
    return job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={"loggers": {"progress": {}}},
        partition_key=partition,
        asset_selection=selection,
    )


def _raise_failure(settings: Settings, result: dg.ExecuteInProcessResult) -> None:
    """Raise what made a run fail: the user's error, the gate's refusal, or a defect with its stack trace."""
    for step, stage in STAGE_STEPS.items():
        if any(event.step_key == step and event.is_step_failure for event in result.all_events):
            blocking = [found for found in read_results(stage_file(settings, stage)) if found.blocks]
            if blocking:
                raise refusal_of_stage(stage, blocking)
    # A verdict of this run explains what came after it; one of an earlier run explains nothing.
    if any(event.step_key == GATE_STEP for event in result.all_events):
        refused = _refusal(settings)
        if refused is not None:
            raise refused
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    for failure in failures:
        error = _user_error(failure)
        if error is not None:
            raise error
    raise RuntimeError(failures[0].to_string() if failures and failures[0] else "the run failed without a failing step")


def refresh(settings: Settings, tell: Callable[[str], None] = lambda line: None, year: int | None = None) -> Published:
    """Read what was delivered, make a candidate, judge it, and publish it if it passes.

    Args:
        settings: where inputs, warehouse and snapshots lie.
        tell: takes a line of progress.
        year: read the deliveries of this survey year only; otherwise of every year that has changed.

    Raises:
        UserError: an input or setting is wrong, or another run is active; nothing was published.
        RefusedError: the gate refused the candidate; nothing was published.
        RuntimeError: a defect of this program, with Dagster's stack trace.
    """
    with run_lock(settings.warehouse):
        prepare_instance(settings)

        @dg.logger
        def progress(_: dg.InitLoggerContext) -> logging.Logger:
            logger = logging.Logger("is248")  # noqa: LOG001  one of its own, outside the process's tree
            logger.addHandler(_Progress(tell))
            return logger

        forms = load_forms(settings.forms)
        known = sorted({form.time_period for form in forms})
        if year is not None and year not in known:
            raise UserError(
                f"no form describes the year {year}",
                place=str(settings.forms),
                remedy=f"the years are {', '.join(map(str, known)) or 'none'}; is248 new-year drafts a form",
            )
        years = changed_years(settings, forms)
        definitions = build_definitions(settings, holds_lock=True)
        location = dg.Definitions(
            assets=definitions.assets,
            asset_checks=definitions.asset_checks,
            jobs=definitions.jobs,
            resources=definitions.resources,
            loggers={"progress": progress},
            executor=dg.in_process_executor,
        )
        before = snapshots.current(settings.snapshots)
        raw = [dg.AssetKey([RAW, table]) for table in deliveries.TABLES]
        with dg.DagsterInstance.get() as instance:
            for changed in [each for each in years if year is None or each == year]:
                tell(f"  deliveries of {changed}")
                result = _execute(location.resolve_job_def(YEARLY), str(changed), instance, raw)
                if not result.success:
                    _raise_failure(settings, result)
            left = [each for each in years if year is not None and each != year]
            if left:
                tell(f"  not read, though changed: deliveries of {', '.join(map(str, left))}")
            result = _execute(location.resolve_job_def(REFRESH), None, instance)
        if not result.success:
            _raise_failure(settings, result)
        folder = snapshots.current(settings.snapshots)
    if folder is None:
        raise RuntimeError("the run succeeded but there is no snapshot")
    return Published(folder=folder, new=folder != before)


def _refusal(settings: Settings) -> RefusedError | None:
    candidate = last_candidate(settings)
    verdict = snapshots.read_gate(candidate.path) if candidate is not None else None
    if candidate is None or verdict is None or verdict["verdict"] == "pass":
        return None
    return refusal(verdict, candidate.path, restricted_results(candidate))


def judge_again(
    settings: Settings, identifier: str | None = None, tell: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Judge the last candidate again, or the candidate or snapshot of that name, without publishing anything.

    Returns:
        The verdict.

    Raises:
        UserError: there is no such candidate or snapshot.
        RefusedError: it does not pass.
    """
    candidate = _find_candidate(settings, identifier)
    tell(f"judging {candidate.id} ...")
    rules, tables = load_rules(settings.rules), load_tables(settings.metadata)
    if candidate.path.parent != settings.snapshots:
        with run_lock(settings.warehouse):
            verdict = judge(
                rules,
                tables,
                candidate,
                results_before(settings, candidate),
                circumstances(settings),
                proof=lambda: _proof_before(candidate),
            )
        if verdict["verdict"] != "pass":
            raise refusal(verdict, candidate.path, restricted_results(candidate))
        return verdict
    snapshots.verify(candidate.path)
    with tempfile.TemporaryDirectory() as folder:
        # In a copy, since a snapshot is never written to.
        copy = Path(folder) / candidate.id
        shutil.copytree(candidate.path, copy, copy_function=shutil.copyfile)
        # Deliveries and warehouse were judged before it was published; what was found then stays as it was.
        before = snapshots.read_gate(candidate.path) or {"rules": []}
        earlier = [RuleResult(**entry) for entry in before["rules"] if entry["stage"] != "candidate"]
        verdict = judge(
            rules,
            tables,
            Candidate(id=candidate.id, path=copy, content_hash=candidate.content_hash),
            earlier,
            circumstances(settings),
            additions=ledger.ledger_file(settings.snapshots).with_name(f"{candidate.id}{ledger.ADDITIONS}"),
            proof=lambda: _proof_before(candidate),
        )
        if verdict["verdict"] != "pass":
            raise refusal(verdict, candidate.path)
    return verdict


def _proof_before(candidate: Candidate) -> dict[str, Any] | None:
    """Return the score of the seeded faults as it was when the candidate was first judged."""
    return (snapshots.read_gate(candidate.path) or {}).get("proof")


def prove_rules(settings: Settings, tell: Callable[[Proven], None]) -> dict[str, Any]:
    """Seed every rule's fault into copies of the warehouse and of the candidate or snapshot that was made of it.

    Returns:
        The score, as it stands in ``gate.json``.

    Raises:
        UserError: nothing was built yet, or what was built is no candidate of this warehouse.
    """
    candidate = _find_candidate(settings, None)
    with run_lock(settings.warehouse):
        judged = judged_files(settings, candidate)
        if not judged.additions.is_file():
            kept = ledger.ledger_file(settings.snapshots).with_name(judged.additions.name)
            judged = dataclasses.replace(judged, additions=kept)
        for path in (judged.warehouse, judged.additions):
            if not path.is_file():
                raise UserError("the file is missing", place=str(path), remedy="run is248 run")
        rules = load_rules(settings.rules)
        return score(prove(rules, load_tables(settings.metadata), judged, tell), rules)


def _find_candidate(settings: Settings, identifier: str | None) -> Candidate:
    if identifier is None:
        candidate = last_candidate(settings)
        if candidate is not None:
            return candidate
        folder = snapshots.current(settings.snapshots)
        if folder is None:
            raise UserError("there is no candidate", place=str(settings.candidates), remedy="run is248 run")
    else:
        folder = snapshots.find(settings.snapshots, settings.candidates, identifier)
    return Candidate(id=folder.name, path=folder, content_hash=content_hash(folder))
