"""Jobs, schedules and sensors: what runs, when, and who is notified.

Schedules and sensors are off until somebody switches them on. Belongs here: waking up, and asking for a run. Does not belong
here: what a run does (the other assets), or whether a release may go out (``release_calendar``).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.core.errors import UserError
from orchestration.core.notifications import log, notify
from orchestration.core.release_calendar import load_calendar
from orchestration.core.settings import Settings
from orchestration.defs.control import OF_A_YEAR
from orchestration.defs.deliveries import READING, every_year
from orchestration.defs.publication import DUE, SNAPSHOT
from orchestration.defs.records import report_dead_runs
from orchestration.defs.resources import NOTHING_TAKEN_OVER
from orchestration.forms.model import Form
from orchestration.ingest.capture import is_left_behind
from orchestration.publish.provenance import find_unchanged_candidate
from orchestration.publish.snapshots import read_gate

REFRESH = "refresh"
REBUILD = "rebuild"
PUBLISH = "publish"
# Like refresh, up to the judged candidate.
HOLD = "hold"

# Dagster's own tags: the key under which a sensor requested a run, and whether the daemon retries it.
RUN_KEY_TAG = "dagster/run_key"
WILL_RETRY_TAG = "dagster/will_retry"

# How often an interrupted run of one delivery is requested again.
MOST_TRIES = 3

# A retried run begins again: another may have written the warehouse in between.
ANEW = {"dagster/retry_strategy": "ALL_STEPS"}

# Endings and beginnings of the names that programs give to files that are not complete yet.
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".download", ".swp")
UNFINISHED_BEGINNINGS = ("~$", ".~", "~")


def build_hook(settings: Settings) -> dg.HookDefinition:
    """Return the hook that reports a failed step of a run."""

    @dg.failure_hook(name="report_failure")
    def report_failure(context: dg.HookContext) -> None:
        """Write the failure to the operations log and call the webhook; names only, never rows or texts."""
        error = context.op_exception
        blocking: list[str] = []
        if context.op.name == "gate":
            folders = sorted(settings.candidates.glob("[!.]*/"), key=lambda path: path.stat().st_mtime_ns)
            verdict = read_gate(folders[-1]) if folders else None
            blocking = verdict["blocking"] if verdict is not None else []
        job = context.job_name
        notify(
            settings,
            "run_failed",
            f"IS-24/8: the run of {job} failed in {context.op.name}; nothing was published.",
            job=job,
            step=context.op.name,
            run=context.run_id,
            kind=type(error).__name__ if error is not None else None,
            rules=blocking,
        )

    return report_failure


def build_jobs(settings: Settings) -> list[Any]:
    """Return the jobs, which Dagster resolves later."""
    # A control list with invalid answers must not stop a publication.
    everything = dg.AssetSelection.all() - dg.AssetSelection.assets(*OF_A_YEAR)
    hooks = {build_hook(settings)}
    return [
        dg.define_asset_job(
            REFRESH,
            selection=everything,
            hooks=hooks,
            tags=ANEW,
            description="From the deliveries of a survey year, or of all, to a published snapshot: reads what changed.",
        ),
        dg.define_asset_job(
            REBUILD,
            selection=everything,
            hooks=hooks,
            config={"ops": {READING: {"config": {"again": True}}}},
            tags={**ANEW, **NOTHING_TAKEN_OVER},
            description="The same again: reads every delivery again, changed or not, and makes and judges everything.",
        ),
        dg.define_asset_job(
            HOLD,
            selection=everything - dg.AssetSelection.assets(SNAPSHOT) - dg.AssetSelection.checks(DUE),
            hooks=hooks,
            tags=ANEW,
            description="As refresh, up to the judged candidate. Publishes nothing, while a year is collected.",
        ),
        dg.define_asset_job(
            PUBLISH,
            selection=dg.AssetSelection.assets(SNAPSHOT) | dg.AssetSelection.checks(DUE),
            hooks=hooks,
            tags=ANEW,
            description="Publishes the candidate that was approved, if its release is due. Makes nothing new.",
        ),
    ]


def build_schedules(settings: Settings, forms: list[Form]) -> list[dg.ScheduleDefinition]:
    """Return the schedules: the refresh at its set times, and the publication at the times of the release calendar.

    Args:
        settings: when the refresh is, and where the calendar lies.
        forms: the forms, which say what years a refresh is of.

    Raises:
        UserError: the setting is not a cron expression, or the calendar is not valid.
    """

    def refresh_public_tables() -> dg.RunRequest | dg.SkipReason:
        same = find_unchanged_candidate(settings)
        if same is not None:
            return dg.SkipReason(f"nothing has changed since {same} was made")
        return dg.RunRequest(tags=every_year(forms))

    try:
        refresh = dg.schedule(
            name="refresh_public_tables",
            cron_schedule=settings.refresh_cron,
            job_name=REFRESH,
            execution_timezone="UTC",
            description="Asks for a refresh when an input or the code has changed since the last one.",
        )(refresh_public_tables)
    except dg.DagsterInvalidDefinitionError as error:
        raise UserError(
            f"setting 'refresh_cron': {settings.refresh_cron!r} is not a cron expression",
            place="environment or is248.toml",
            remedy="write five fields, such as 0 6 * * *",
        ) from error

    calendar = load_calendar(settings.calendar)
    moments = [planned.release_at for planned in calendar.releases]
    times = sorted({f"{at.minute} {at.hour} {at.day} {at.month} *" for at in moments})
    if not times:
        return [refresh]

    @dg.schedule(
        name="releases",
        cron_schedule=times,
        job_name=PUBLISH,
        execution_timezone=calendar.time_zone,
        description="Asks for the publication at the time of a release; the calendar is read again at each tick.",
    )
    def releases(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        read = load_calendar(settings.calendar)
        moment = context.scheduled_execution_time
        opening = [planned for planned in read.releases if read.opens_at(planned) == moment]
        if not opening:
            return dg.SkipReason(f"no release of the calendar is at {moment:%Y-%m-%d %H:%M}; one of another year is")
        if read.preparing != opening[0].release:
            return dg.SkipReason(f"{opening[0].release} is due, but the calendar prepares {read.preparing or 'no release'}")
        return dg.RunRequest(run_key=opening[0].release, tags={"is248/release": opening[0].release})

    return [refresh, releases]


def delivery_state(folder: Path) -> str:
    """Return a short text that changes when a file under ``folder`` is added, removed, resized or rewritten."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # removed in the meantime; the next check sees it
        if path.is_file() and not path.name.startswith("."):
            digest.update(f"{path.relative_to(folder).as_posix()}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def unfinished(folder: Path) -> list[str]:
    """Return the files of a delivery that are still being written, by their names, or that are empty."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.name.lower()
        try:
            is_empty = path.is_file() and path.stat().st_size == 0
        except FileNotFoundError:
            continue
        if (
            (is_empty and not is_left_behind(path.name))
            or name.endswith(UNFINISHED)
            or name.startswith(UNFINISHED_BEGINNINGS)
        ):
            found.append(path.name)
    return found


def interrupted(instance: dg.DagsterInstance, run_key: str) -> bool:
    """Return whether the run requested under a key ended before it was finished, and is not being retried.

    A run with a failed step has ended for a reason: the same delivery would fail again. One that was stopped, or whose
    process died, has read nothing, so the delivery still waits.
    """
    # The newest first: of a retried run, the last attempt.
    records = instance.get_run_records(dg.RunsFilter(tags={RUN_KEY_TAG: run_key}), limit=1)
    if not records:
        return False
    run = records[0].dagster_run
    if run.status == dg.DagsterRunStatus.CANCELED:
        return True
    if run.status != dg.DagsterRunStatus.FAILURE or run.tags.get(WILL_RETRY_TAG) == "true":
        return False
    return not instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)


def build_delivery_sensor(settings: Settings, forms: list[Form], jobs: list[Any]) -> dg.SensorDefinition:
    """Return the sensor that requests a run when a delivery came or changed and is complete.

    A delivery is complete when none of its files is empty or named like an unfinished one, and two checks, at least a minute
    apart, find it unchanged. Dates are not compared with the clock, which may jump. An interrupted run is requested again.
    The key of a run contains the time of the check: Dagster accepts each key only once, and an earlier delivery that comes
    back counts as a delivery.

    Args:
        settings: where the deliveries lie.
        forms: the forms, which say what deliveries there are.
        jobs: the jobs that the sensor requests.
    """

    @dg.sensor(
        name="deliveries",
        jobs=[job for job in jobs if job.name == REFRESH],
        minimum_interval_seconds=60,
        description="Asks for a refresh of the year whose delivery came or changed; of all years when several did; and "
        "again when that run was interrupted.",
    )
    def deliveries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        cursor: dict[str, dict[str, Any]] = json.loads(context.cursor) if context.cursor else {}
        asked, seen, keys, tries = (cursor.get(name, {}) for name in ("asked", "seen", "keys", "tries"))
        present = {form.delivery for form in forms if (settings.deliveries / form.delivery).is_dir()}
        now = {delivery: delivery_state(settings.deliveries / delivery) for delivery in sorted(present)}
        changed = {delivery for delivery in now.keys() | asked.keys() if now.get(delivery) != asked.get(delivery)}
        lost = {key for key in sorted(set(keys.values())) if interrupted(context.instance, key)}
        again = {delivery for delivery, key in keys.items() if key in lost and delivery in now} - changed
        given_up = {delivery for delivery in again if tries.get(delivery, 1) >= MOST_TRIES}
        again -= given_up
        waits = {}
        for delivery in sorted((changed | again) & now.keys()):
            names = unfinished(settings.deliveries / delivery)
            if names:
                waits[delivery] = f"{delivery} waits until {names[0]} is complete"
            elif now[delivery] != seen.get(delivery):
                waits[delivery] = f"{delivery} has changed; it is read when it looks the same at the next look"
        ready = sorted((changed | again) - waits.keys())
        years = sorted({form.time_period for form in forms if form.delivery in ready})
        state = hashlib.sha256(json.dumps([now.get(delivery) for delivery in ready]).encode()).hexdigest()[:16]
        key = f"{years[0] if len(years) == 1 else REFRESH}-{state}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}" if years else ""
        asked = {delivery: kept for delivery, kept in asked.items() if delivery not in ready}
        keys = {delivery: kept for delivery, kept in keys.items() if delivery not in ready}
        for delivery in ready:
            if delivery in now:
                asked[delivery], keys[delivery] = now[delivery], key
                tries[delivery] = tries.get(delivery, 1) + 1 if delivery in again else 1
        context.update_cursor(json.dumps({"asked": asked, "seen": now, "keys": keys, "tries": tries}, sort_keys=True))
        if not ready:
            exhausted = [
                f"{name} was asked for {MOST_TRIES} times, and each run was interrupted" for name in sorted(given_up)
            ]
            return dg.SkipReason("; ".join([*waits.values(), *exhausted]) or "no delivery has changed")
        log(settings, "delivery_came", years=[str(year) for year in years], again=sorted(again & set(ready)))
        if len(years) == 1:
            request = dg.RunRequest(run_key=key, job_name=REFRESH, partition_key=str(years[0]))
        else:
            request = dg.RunRequest(run_key=key, job_name=REFRESH, tags=every_year(forms))
        return dg.SensorResult(run_requests=[request])

    return deliveries


def build_queue_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that marks killed runs of the command line as ended in Dagster's records: they block the queue."""

    @dg.sensor(
        name="queue",
        minimum_interval_seconds=60,
        description="Ends runs of the command line whose process died; asks for nothing.",
    )
    def queue(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = report_dead_runs(context.instance, settings)
        return dg.SkipReason(f"ended {', '.join(ended)}" if ended else "no run of the command line has died")

    return queue


def build_failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that reports runs that died: where no step failed, no hook reports it."""

    @dg.run_failure_sensor(
        name="dead_runs",
        minimum_interval_seconds=60,
        description="Tells of a run whose process died: where no step failed, no hook could tell.",
    )
    def dead_runs(context: dg.RunFailureSensorContext) -> None:
        if context.get_step_failure_events():
            return
        run = context.dagster_run
        notify(
            settings,
            "run_died",
            f"IS-24/8: the run of {run.job_name} died; what is published is untouched, and the next run goes on.",
            job=run.job_name,
            run=run.run_id,
        )

    return dead_runs
