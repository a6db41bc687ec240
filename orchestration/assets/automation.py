"""Jobs, the schedule that refreshes the public tables, and the sensor on the folder of deliveries."""

from __future__ import annotations

import hashlib
from pathlib import Path

import dagster as dg

from orchestration.settings import Settings

REFRESH = "refresh"


def build_refresh_job() -> dg.JobDefinition:
    """Return the job that makes everything from the inputs to the snapshot."""
    return dg.define_asset_job(  # type: ignore[return-value]  # Dagster resolves it when it builds the definitions
        REFRESH, selection=dg.AssetSelection.all(), description="From the inputs to a published snapshot."
    )


def build_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule of the refresh; off until somebody switches it on."""
    return dg.ScheduleDefinition(
        name="refresh_public_tables", cron_schedule=settings.refresh_cron, job_name=REFRESH, execution_timezone="UTC"
    )


def deliveries_state(folder: Path) -> str:
    """Return a short text that changes when a file under ``folder`` comes, goes, grows or is written again."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            status = path.stat()
            digest.update(f"{path.relative_to(folder).as_posix()}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def build_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that asks for a refresh when the deliveries change; off until somebody switches it on."""

    @dg.sensor(name="deliveries", job_name=REFRESH, minimum_interval_seconds=60)
    def deliveries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Asks for a refresh when a delivery comes or changes."""
        if not settings.deliveries.is_dir():
            return dg.SkipReason(f"there is no folder {settings.deliveries}")
        state = deliveries_state(settings.deliveries)
        if state == context.cursor:
            return dg.SkipReason("no delivery has changed")
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=state)

    return deliveries
