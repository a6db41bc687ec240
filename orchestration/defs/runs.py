"""Runs the jobs in this process: what ``is248 run`` does, and what tests call.

Belongs here: starting Dagster's jobs on its instance, and turning failures into the user's error or the gate's refusal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from orchestration.core.errors import AGAIN, RefusedError, UserError, system_error
from orchestration.core.progress import progress
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, run_lock
from orchestration.defs.automation import HOLD, PUBLISH, REBUILD, REFRESH
from orchestration.defs.definitions import build_definitions
from orchestration.defs.deliveries import READING, every_year
from orchestration.defs.instance import prepare_instance
from orchestration.defs.records import COMMAND_TAGS, quick_records, report_dead_runs
from orchestration.defs.resources import NOTHING_TAKEN_OVER
from orchestration.forms.model import Form
from orchestration.forms.registry import load_finished, require_finished
from orchestration.gate.judging import early_file, restricted_results, stage_file
from orchestration.gate.results import read_results
from orchestration.gate.rules import Stage
from orchestration.gate.verdict import refusal, refusal_of_stage
from orchestration.ingest.deliveries import read_by
from orchestration.publish import integrity, pointer, snapshots
from orchestration.publish.candidates import last_candidate
from orchestration.publish.provenance import find_unchanged_candidate
from orchestration.publish.publication import Outcome, find_waiting
from orchestration.publish.repair import Mended, mend

GATE_STEP = "gate"

# Steps that judge before there is a candidate: what they refuse, and their files in the results folder.
JUDGING_STEPS: dict[str, tuple[Stage, Callable[[Path], Path]]] = {
    "delivery_rules": ("delivery", lambda folder: stage_file(folder, "delivery")),
    "early_rules": ("delivery", early_file),
    "warehouse_rules": ("warehouse", lambda folder: stage_file(folder, "warehouse")),
}

STEP_TITLES = {
    READING: "deliveries",
    "delivery_rules": "rules on the deliveries",
    "early_rules": "lost answers",
    "warehouse_rules": "rules on the warehouse",
    "harmonise": "dbt models and tests",
    "publication__candidate": "candidate files",
    GATE_STEP: "rules of the gate",
    "publication__reports": "reports compared with the files",
    "publication__snapshot": "publication",
}


@dataclass(frozen=True)
class Published:
    """The published snapshot after a run, None before the first release.

    ``new`` is False when the same content was already published; ``waiting`` is a candidate that passed and may not go out
    yet, for ``reasons``; ``mended`` is what was damaged in the published snapshot and rebuilt before the run.
    """

    folder: Path | None
    new: bool
    waiting: str | None = None
    reasons: tuple[str, ...] = ()
    mended: Mended | None = None


# Why a candidate waits that was only made for inspection.
HELD = "it was held: ./is248 run publishes it where it may go out"


class _Progress(logging.Handler):
    """Reports when a step of the run starts and ends, from the events that Dagster logs."""

    def __init__(self, on_progress: Callable[[str], None]) -> None:
        super().__init__()
        self._on_progress = on_progress
        self._running = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Report the step's title and its outcome."""
        meta = getattr(record, "dagster_meta", None) or {}
        event = meta.get("dagster_event")
        if event is None and meta.get("step_key") == self._running:
            # The step's own messages; Dagster's are about steps that do not run.
            self._on_progress(f"    {meta.get('orig_message', '')}")
        if event is None or event.step_key is None:
            progress.detail(f"    Dagster: {meta.get('orig_message', '')}")
            return
        title = STEP_TITLES.get(event.step_key, event.step_key.replace("__", ": ").replace("_", " "))
        kind = event.event_type_value
        self._running = event.step_key if kind == "STEP_START" else self._running
        if kind == "STEP_START":
            self._on_progress(f"  {title} ...")
        elif kind == "STEP_SUCCESS":
            self._on_progress(f"  {title} done in {event.event_specific_data.duration_ms / 1000:.1f} s")
        elif kind == "STEP_FAILURE":
            self._on_progress(f"  {title} FAILED")
        else:
            progress.detail(f"    Dagster: {meta.get('orig_message', '')}")


def _user_error(settings: Settings, error: Any) -> UserError | None:
    """Find the user's error, or the system's, in the causes that Dagster keeps, as text, of a failed step."""
    found: list[tuple[str, str]] = []
    while error is not None:
        found.append((error.cls_name or "", error.message.strip()))
        error = error.cause or error.context
    user_errors = (text.partition("UserError: ")[2] for kind, text in found if kind == UserError.__name__)
    return system_error(found, settings.written) or next((UserError.from_text(text) for text in user_errors), None)


def _execute(
    location: dg.Definitions,
    job: str,
    instance: dg.DagsterInstance,
    years: dict[str, str],
    config: dict[str, Any] | None = None,
) -> dg.ExecuteInProcessResult:
    return location.resolve_job_def(job).execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={"loggers": {"progress": {}}, **(config or {})},
        tags={**COMMAND_TAGS, **years},
    )


def _is_interrupt(error: Any) -> bool:
    """Return whether a failed step was interrupted, from the causes that Dagster keeps as text."""
    while error is not None:
        # The last is DuckDB's word for it.
        kinds = (KeyboardInterrupt.__name__, dg.DagsterExecutionInterruptedError.__name__)
        if error.cls_name in kinds or "Query interrupted" in error.message:
            return True
        error = error.cause or error.context
    return False


def _interrupted() -> UserError:
    return UserError("the run was interrupted", place="./is248 run", remedy=f"see ./is248 status, {AGAIN}")


def _raise_failure(settings: Settings, result: dg.ExecuteInProcessResult) -> None:
    """Raise what made a run fail: the user's error, the gate's refusal, or a defect with its stack trace."""
    failed = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    if any(_is_interrupt(error) for error in failed):
        raise _interrupted()
    for step, (stage, results) in JUDGING_STEPS.items():
        path = results(settings.stage_results)
        # A step that broke off before judging left no results.
        if path.is_file() and any(event.step_key == step and event.is_step_failure for event in result.all_events):
            blocking = [found for found in read_results(path) if found.blocks]
            if blocking:
                raise refusal_of_stage(stage, blocking)
    # A verdict of this run explains the failure; one of an earlier run does not.
    if any(event.step_key == GATE_STEP for event in result.all_events):
        refused = _refusal(settings)
        if refused is not None:
            raise refused
    for failure in failed:
        error = _user_error(settings, failure)
        if error is not None:
            raise error
    raise RuntimeError(failed[0].to_string() if failed and failed[0] else "the run failed without a failing step")


def _build_location(settings: Settings, on_progress: Callable[[str], None]) -> dg.Definitions:
    """Return the code location for a process that holds the run lock, with a logger that reports progress."""

    @dg.logger
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("is248")  # noqa: LOG001 a separate logger, outside the process's tree
        logger.addHandler(_Progress(on_progress))
        return logger

    definitions = build_definitions(settings, holds_lock=True)
    return dg.Definitions(
        assets=definitions.assets,
        asset_checks=definitions.asset_checks,
        jobs=definitions.jobs,
        resources=definitions.resources,
        loggers={"progress": progress},
        executor=dg.in_process_executor,
    )


def _run(
    settings: Settings,
    job: str,
    on_progress: Callable[[str], None],
    years: dict[str, str],
    config: dict[str, Any] | None = None,
) -> Published:
    """Run a job under the run lock that the caller holds; return the published snapshot and the waiting candidate.

    Args:
        settings: where inputs, warehouse and snapshots lie.
        job: the name of the job.
        on_progress: takes a line of progress.
        years: the tags that say which survey years the run covers.
        config: further configuration of the job.
    """
    before = pointer.current(settings.snapshots)
    location = _build_location(settings, on_progress)
    with quick_records(), dg.DagsterInstance.get() as instance:
        report_dead_runs(instance, settings, holds_lock=True)
        try:
            result = _execute(location, job, instance, years, config)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as error:
            raise _interrupted() from error
    if not result.success:
        _raise_failure(settings, result)
    folder = pointer.current(settings.snapshots)
    if job == HOLD:
        made = last_candidate(settings.warehouse)
        is_out = made is None or (folder is not None and folder.name == made.id)
        return Published(folder, False, None if is_out or made is None else made.id, () if is_out else (HELD,))
    if folder is None and settings.channel == "demo" and job != PUBLISH:
        raise RuntimeError("the run succeeded but there is no snapshot")
    waits = Outcome() if folder != before else find_waiting(settings)
    return Published(folder, new=folder != before, waiting=waits.waiting, reasons=waits.reasons)


def refresh(
    settings: Settings,
    on_progress: Callable[[str], None] = lambda line: None,
    year: int | None = None,
    *,
    everything: bool = False,
    hold: bool = False,
) -> Published:
    """Read what was delivered, make a candidate, judge it, and publish it if it passes and may go out.

    If no input and no code has changed since the last complete run, nothing is rebuilt. The published snapshot is verified
    first: if it is damaged, it is rebuilt from the archive.

    Args:
        settings: where inputs, warehouse and snapshots lie.
        on_progress: takes a line of progress.
        year: read the deliveries of this survey year only; otherwise of every year that has changed.
        everything: read every delivery again and make everything again, changed or not.
        hold: publish nothing: end with the judged candidate.

    Raises:
        UserError: an input or setting is wrong, or another run is active; nothing was published.
        RefusedError: the gate refused the candidate; nothing was published.
        RuntimeError: a defect of this program, with Dagster's stack trace.
    """
    with run_lock(settings.warehouse):
        mended = mend(settings, _make_again, on_progress)
        if mended is not None:
            on_progress(f"  {mended}")
        found = _refresh(settings, on_progress, year, everything=everything, hold=hold)
        return replace(found, mended=mended)


def _make_again(settings: Settings, on_progress: Callable[[str], None]) -> Published:
    """Make everything up to a judged candidate, to restore an earlier snapshot."""
    return refresh(settings, on_progress, hold=True)


def _refresh(
    settings: Settings, on_progress: Callable[[str], None], year: int | None, *, everything: bool, hold: bool
) -> Published:
    """Do what :func:`refresh` does, under the run lock, when the published snapshot is intact."""
    prepare_instance(settings)
    if settings.channel == "official" and settings.deliveries.is_dir() and settings.deliveries.stat().st_mode & 0o007:
        # The host decides this, so it only warns.
        on_progress(f"  warning: everybody on this machine may read {settings.deliveries}: chmod o= closes it")
    forms, unfinished = load_finished(settings.forms)
    require_finished(forms, unfinished, None if year is None else [year])
    known = sorted({form.time_period for form in forms})
    if not known:
        raise UserError(
            "there is no form", place=str(settings.forms), remedy="describe a delivery: ./is248 new-year drafts a form"
        )
    if year is not None and year not in known:
        raise UserError(
            f"no form describes the year {year}",
            place=str(settings.forms),
            remedy=f"the years are {', '.join(map(str, known))}; ./is248 new-year drafts a form",
        )
    if year is not None:
        _require_other_years(settings, forms, year)
    if hold:
        years = every_year(forms) if year is None else {PARTITION_NAME_TAG: str(year)}
        anew = NOTHING_TAKEN_OVER if everything else {}
        return _run(settings, HOLD, on_progress, {**years, **anew}, {"ops": {READING: {"config": {"again": everything}}}})
    if everything:
        # These replace the job's own configuration and tags.
        again = {"ops": {READING: {"config": {"again": True}}}}
        return _run(settings, REBUILD, on_progress, {**every_year(forms), **NOTHING_TAKEN_OVER}, again)
    if year is not None:
        return _run(settings, REFRESH, on_progress, {PARTITION_NAME_TAG: str(year)})
    same = find_unchanged_candidate(settings)
    if same is not None and _is_ready(settings, same):
        on_progress(f"  nothing has changed since {same} was made")
        published = pointer.current(settings.snapshots)
        if published is not None and published.name == same:
            return Published(published, new=False)
        return _run(settings, PUBLISH, on_progress, {})
    return _run(settings, REFRESH, on_progress, every_year(forms))


def _require_other_years(settings: Settings, forms: list[Form], year: int) -> None:
    """Refuse a run of one year if the warehouse lacks other delivered years: no rule between years could be judged.

    Raises:
        UserError: there are such years; the message names them.
    """
    read: set[str] = set()
    if settings.warehouse_file.is_file():
        with connect(settings.warehouse_file, read_only=True) as connection:
            read = read_by(connection)
    lacking = sorted(
        {
            form.time_period
            for form in forms
            if form.time_period != year and form.form not in read and (settings.deliveries / form.delivery).is_dir()
        }
    )
    if lacking:
        raise UserError(
            f"the warehouse does not have {', '.join(map(str, lacking))} yet, and a run of one year reads no other year",
            place=str(settings.warehouse_file),
            remedy="./is248 run reads all years, and with --hold publishes nothing",
        )


def _is_ready(settings: Settings, identifier: str) -> bool:
    """Return whether what the last run made can be published as it is, or is published.

    Raises:
        UserError: it was withdrawn, and the inputs are still those that it was made from.
    """
    published = pointer.current(settings.snapshots)
    if published is not None and published.name == identifier:
        return True
    snapshots.refuse_withdrawn(settings.snapshots, identifier)
    candidate = last_candidate(settings.warehouse)
    if candidate is None or candidate.id != identifier or snapshots.read_gate(candidate.path) is None:
        return False
    # A damaged candidate is rebuilt.
    if integrity.damage(candidate.path) is not None:
        return False
    return snapshots.compared_with(candidate.path) == (published.name if published else None)


def publish_approved(settings: Settings, on_progress: Callable[[str], None] = lambda line: None) -> Published:
    """Publish the candidate that was approved, if its release is due; makes nothing new.

    Raises:
        UserError: it differs from what was judged, was refused or withdrawn, or another run is active.
    """
    with run_lock(settings.warehouse):
        prepare_instance(settings)
        return _run(settings, PUBLISH, on_progress, {})


def _refusal(settings: Settings) -> RefusedError | None:
    candidate = last_candidate(settings.warehouse)
    verdict = snapshots.read_gate(candidate.path) if candidate is not None else None
    if candidate is None or verdict is None or verdict["verdict"] == "pass":
        return None
    return refusal(verdict, candidate.path, restricted_results(candidate))
