"""Jobs, the schedule that refreshes the public tables, and the sensor on the folder of deliveries."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._utils.schedules import is_valid_cron_string

from orchestration.assets.checks import DELIVERED
from orchestration.assets.control import LISTS
from orchestration.assets.deliveries import RAW
from orchestration.errors import UserError
from orchestration.forms.model import Form
from orchestration.settings import Settings

REFRESH = "refresh"
YEARLY = "yearly"


def build_jobs() -> list[Any]:
    """Return the jobs, which Dagster resolves later: one year to snapshot, and everything but the deliveries to snapshot."""
    raw = dg.AssetSelection.key_prefixes([RAW])
    # A list that somebody answered wrongly must not stop a publication.
    lists = dg.AssetSelection.assets(LISTS)
    return [
        dg.define_asset_job(
            YEARLY,
            selection=dg.AssetSelection.all() - lists,
            description="From the deliveries of one survey year to a published snapshot.",
        ),
        dg.define_asset_job(
            REFRESH,
            # What was read is judged again: a rule or a form may have changed.
            selection=(dg.AssetSelection.all() - raw - lists) | dg.AssetSelection.checks_for_assets(DELIVERED),
            description="From what is read to a published snapshot; deliveries are not read again.",
        ),
    ]


def build_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule of the refresh; off until somebody switches it on.

    Raises:
        UserError: the setting is no cron expression.
    """
    if not is_valid_cron_string(settings.refresh_cron):
        raise UserError(
            f"setting 'refresh_cron': {settings.refresh_cron!r} is no cron expression",
            place="environment or is248.toml",
            remedy="write five fields, such as 0 6 * * *",
        )
    return dg.ScheduleDefinition(
        name="refresh_public_tables", cron_schedule=settings.refresh_cron, job_name=REFRESH, execution_timezone="UTC"
    )


def delivery_state(folder: Path) -> str:
    """Return a short text that changes when a file under ``folder`` comes, goes, grows or is written again."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            status = path.stat()
            digest.update(f"{path.relative_to(folder).as_posix()}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def build_sensor(settings: Settings, forms: list[Form]) -> dg.SensorDefinition:
    """Return the sensor that asks for a year's run when its deliveries change; off until somebody switches it on."""

    @dg.sensor(name="deliveries", job_name=YEARLY, minimum_interval_seconds=60)
    def deliveries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Asks for a year's run when one of its deliveries comes or changes."""
        before: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        now = {
            form.delivery: delivery_state(settings.deliveries / form.delivery)
            for form in forms
            if (settings.deliveries / form.delivery).is_dir()
        }
        years = sorted({form.time_period for form in forms if now.get(form.delivery) != before.get(form.delivery)})
        if not years:
            return dg.SkipReason("no delivery has changed")
        state = hashlib.sha256(json.dumps(now, sort_keys=True).encode()).hexdigest()
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{year}-{state}", partition_key=str(year)) for year in years],
            cursor=json.dumps(now, sort_keys=True),
        )

    return deliveries
