"""Triggers of runs: the sensor on deliveries, the schedules, and notifications; with a frozen clock."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.test_utils import freeze_time
from dagster._utils.schedules import schedule_execution_time_iterator

from orchestration.core import notifications
from orchestration.core.errors import UserError
from orchestration.core.release_calendar import CALENDAR
from orchestration.core.settings import Settings
from orchestration.defs.automation import (
    HOLD,
    MOST_TRIES,
    PUBLISH,
    REBUILD,
    REFRESH,
    build_delivery_sensor,
    build_failure_sensor,
    build_hook,
    build_jobs,
    build_queue_sensor,
    build_schedules,
)
from orchestration.forms.registry import load_forms
from orchestration.publish import publication
from orchestration.publish.provenance import find_unchanged_candidate, inputs_hash, remember
from tests.integration.deliveries_kit import COLUMNS, FORM, OPTIONS, write_form

OSLO = ZoneInfo("Europe/Oslo")
RELEASES = """time_zone: Europe/Oslo
preparing: {preparing}
releases:
- {{release: first, time_period: 2031, status: provisional, release_at: 2032-06-10 08:00, approvers: [a head]}}
- {{release: second, time_period: 2031, status: final, release_at: 2032-11-11 08:00, approvers: [a head]}}
"""


@pytest.fixture
def own(tmp_path: Path, settings: Settings) -> Settings:
    """Settings with the test's own folder of inputs, and a calendar."""
    data = tmp_path / "inputs"
    data.mkdir()
    (data / CALENDAR).write_text(RELEASES.format(preparing="first"), encoding="utf-8")
    return settings.model_copy(update={"data_dir": data})


def schedule(settings: Settings, name: str) -> dg.ScheduleDefinition:
    (found,) = [each for each in build_schedules(settings, []) if each.name == name]
    return found


def years_of(request: dg.RunRequest) -> tuple[str, str]:
    """Return the first and the last survey year of a requested run, from Dagster's own tags."""
    if request.partition_key is not None:
        return request.partition_key, request.partition_key
    tags = request.tags
    return tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]


def tick(found: dg.ScheduleDefinition, moment: datetime) -> dg.RunRequest | dg.SkipReason:
    with freeze_time(moment), dg.build_schedule_context(scheduled_execution_time=moment) as context:
        data = found.evaluate_tick(context)
    if data.run_requests:
        (request,) = data.run_requests
        return request
    return dg.SkipReason(data.skip_message)


def test_every_job_schedule_and_sensor_says_what_it_is_for(own: Settings) -> None:
    sensors = [build_delivery_sensor(own, [], []), build_queue_sensor(own), build_failure_sensor(own)]
    schedules = build_schedules(own, [])
    assert len(schedules) == 2
    assert [each.name for each in (*build_jobs(own), *schedules, *sensors) if not each.description] == []


def test_the_schedule_of_releases_ticks_at_the_times_of_the_calendar(own: Settings) -> None:
    releases = schedule(own, "releases")
    assert releases.job_name == PUBLISH
    assert releases.execution_timezone == "Europe/Oslo"
    # Dagster's own iterator gives the times at which the daemon would start it.
    start = datetime(2032, 1, 1, tzinfo=UTC).timestamp()
    found = schedule_execution_time_iterator(start, releases.cron_schedule, "Europe/Oslo")
    assert [next(found) for _ in range(3)] == [
        datetime(2032, 6, 10, 8, tzinfo=OSLO),
        datetime(2032, 11, 11, 8, tzinfo=OSLO),
        datetime(2033, 6, 10, 8, tzinfo=OSLO),
    ]


def test_a_release_is_asked_for_once_in_its_own_year_and_when_it_is_prepared(own: Settings) -> None:
    releases = schedule(own, "releases")
    request = tick(releases, datetime(2032, 6, 10, 8, tzinfo=OSLO))
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == "first"
    another_year = tick(releases, datetime(2033, 6, 10, 8, tzinfo=OSLO))
    assert isinstance(another_year, dg.SkipReason)
    assert "no release of the calendar is at 2033-06-10 08:00" in str(another_year.skip_message)
    november = datetime(2032, 11, 11, 8, tzinfo=OSLO)
    assert "second is due, but the calendar prepares first" in str(getattr(tick(releases, november), "skip_message", ""))
    # The calendar is read at each tick: no restart is needed.
    own.calendar.write_text(RELEASES.format(preparing="second"), encoding="utf-8")
    assert isinstance(tick(releases, november), dg.RunRequest)


def test_the_refresh_is_asked_for_when_something_changed(own: Settings) -> None:
    refresh = schedule(own, "refresh_public_tables")
    moment = datetime(2032, 3, 1, 6, tzinfo=UTC)
    assert isinstance(tick(refresh, moment), dg.RunRequest)
    own.warehouse.mkdir(exist_ok=True)
    own.warehouse_file.touch()
    remember(own, inputs_hash(own), "2031-0123456789ab")
    skipped = tick(refresh, moment)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "nothing has changed since 2031-0123456789ab was made"
    assert find_unchanged_candidate(own) == "2031-0123456789ab"
    (own.data / "corrections").mkdir()
    (own.data / "corrections" / "new.yml").write_text("# an entry\n", encoding="utf-8")
    assert find_unchanged_candidate(own) is None
    assert isinstance(tick(refresh, moment), dg.RunRequest)


def test_a_change_of_a_switch_or_a_lost_warehouse_is_a_change(own: Settings) -> None:
    own.warehouse.mkdir(exist_ok=True)
    own.warehouse_file.touch()
    remember(own, inputs_hash(own), "2031-0123456789ab")
    assert find_unchanged_candidate(own.model_copy(update={"formats": ""})) is None
    assert find_unchanged_candidate(own.model_copy(update={"channel": "official"})) is None
    own.warehouse_file.unlink()
    assert find_unchanged_candidate(own) is None


def test_a_schedule_without_releases_is_none_and_a_wrong_cron_is_reported(own: Settings) -> None:
    own.calendar.unlink()
    assert [each.name for each in build_schedules(own, [])] == ["refresh_public_tables"]
    with pytest.raises(UserError, match="not a cron expression"):
        build_schedules(own.model_copy(update={"refresh_cron": "daily"}), [])


@dg.op
def nothing() -> None:
    return


@dg.job(name=REFRESH, partitions_def=dg.StaticPartitionsDefinition(["2016", "2017"]))
def refresh_stub() -> None:
    nothing()


# The context in which Dagster looks up partitions.
REPOSITORY = dg.Definitions(jobs=[refresh_stub]).get_repository_def()


class Sensor:
    """The sensor on two deliveries, with the daemon's cursor."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        write_form(settings.data, {**FORM, "delivery": "2031"}, COLUMNS, OPTIONS)
        write_form(
            settings.data, {**FORM, "form": "other", "delivery": "2032", "time_period": 2017, "collection_year": 2017},
            COLUMNS, OPTIONS,
        )  # fmt: skip
        self.sensor = build_delivery_sensor(settings, load_forms(settings.forms), build_jobs(settings))
        self.cursor: str | None = None
        self.instance = dg.DagsterInstance.ephemeral()
        self.keys: list[str] = []

    def run(self, status: dg.DagsterRunStatus, **tags: str) -> dg.DagsterRun:
        """Record a status for the last requested run."""
        return self.instance.create_run_for_job(refresh_stub, status=status, tags={"dagster/run_key": self.keys[-1], **tags})

    def tick(self) -> tuple[list[tuple[str, str]], str]:
        """Return the first and the last year of each requested run, and the reason if there is none."""
        data = self.sensor.evaluate_tick(
            dg.build_sensor_context(instance=self.instance, cursor=self.cursor, repository_def=REPOSITORY)
        )
        self.cursor = data.cursor
        requests = data.run_requests or []
        assert {request.job_name for request in requests} <= {REFRESH}
        self.keys += [str(request.run_key) for request in requests]
        return [years_of(request) for request in requests], data.skip_message or ""

    def write(self, delivery: str, text: str, name: str = "file.csv") -> Path:
        path = self.settings.deliveries / delivery / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def sensor(own: Settings) -> Sensor:
    return Sensor(own)


def test_a_delivery_is_asked_for_once_it_stands_still(sensor: Sensor) -> None:
    assert sensor.tick() == ([], "no delivery has changed")
    sensor.write("2031", "a\n")
    requests, why = sensor.tick()
    assert not requests
    assert why == "2031 has changed; it is read when it looks the same at the next look"
    sensor.write("2031", "a\nb\n")  # still growing
    assert sensor.tick()[0] == []
    assert sensor.tick()[0] == [("2016", "2016")]
    assert sensor.tick() == ([], "no delivery has changed")


@pytest.mark.parametrize("name", ["export.csv.part", "export.csv.crdownload", "~$export.xlsx", "export.tmp"])
def test_a_delivery_with_an_unfinished_file_waits_however_long_it_stands_still(sensor: Sensor, name: str) -> None:
    unfinished = sensor.write("2031", "a\n", name)
    for _ in range(3):
        requests, why = sensor.tick()
        assert not requests
        assert why == f"2031 waits until {name} is complete"
    unfinished.rename(unfinished.with_name("export.csv"))
    assert sensor.tick()[0] == []
    assert sensor.tick()[0] == [("2016", "2016")]


def test_an_empty_file_is_not_complete(sensor: Sensor) -> None:
    sensor.write("2031", "")
    assert [sensor.tick()[1] for _ in range(2)] == ["2031 waits until file.csv is complete"] * 2


def test_a_clock_that_jumps_hides_no_delivery(sensor: Sensor) -> None:
    path = sensor.write("2031", "a\n")
    sensor.tick()
    assert sensor.tick()[0] == [("2016", "2016")]
    path.write_text("b\n", encoding="utf-8")
    os.utime(path, (0, 0))  # long before the last look
    with freeze_time(datetime(1999, 1, 1, tzinfo=UTC)):
        sensor.tick()
        assert sensor.tick()[0] == [("2016", "2016")]


def test_a_delivery_that_comes_back_as_it_was_is_asked_for_again(sensor: Sensor) -> None:
    for text in ("v1\n", "v2\n", "v1\n"):
        # Like a copy that keeps the date of the file.
        os.utime(sensor.write("2031", text), (0, ord(text[1])))
        assert sensor.tick()[0] == []
        assert sensor.tick()[0] == [("2016", "2016")]
        sensor.run(dg.DagsterRunStatus.SUCCESS)
    assert len(set(sensor.keys)) == 3
    assert sensor.tick() == ([], "no delivery has changed")


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE])
def test_a_run_that_was_interrupted_is_asked_for_again(sensor: Sensor, status: dg.DagsterRunStatus) -> None:
    sensor.write("2031", "a\n")
    sensor.tick()
    assert sensor.tick()[0] == [("2016", "2016")]
    sensor.run(status)
    assert sensor.tick()[0] == [("2016", "2016")]
    assert len(set(sensor.keys)) == 2
    sensor.run(dg.DagsterRunStatus.STARTED)
    assert sensor.tick() == ([], "no delivery has changed")


def test_a_run_that_is_interrupted_each_time_is_given_up_until_the_delivery_changes(sensor: Sensor) -> None:
    sensor.write("2031", "a\n")
    sensor.tick()
    for _ in range(MOST_TRIES):
        assert sensor.tick()[0] == [("2016", "2016")]
        sensor.run(dg.DagsterRunStatus.FAILURE)
    requests, why = sensor.tick()
    assert not requests and why == f"2031 was asked for {MOST_TRIES} times, and each run was interrupted"
    sensor.write("2031", "b\n")
    sensor.tick()
    assert sensor.tick()[0] == [("2016", "2016")]


def test_a_run_that_failed_for_a_reason_or_is_tried_again_is_not_asked_for_again(sensor: Sensor) -> None:
    sensor.write("2031", "a\n")
    sensor.tick()
    sensor.tick()
    sensor.run(dg.DagsterRunStatus.FAILURE, **{"dagster/will_retry": "true"})
    assert sensor.tick() == ([], "no delivery has changed")

    @dg.op
    def refuses() -> None:
        raise UserError("is another year's", place="file.csv", remedy="ask")

    @dg.job(name=REFRESH)
    def refused() -> None:
        refuses()

    result = refused.execute_in_process(
        instance=sensor.instance, raise_on_error=False, tags={"dagster/run_key": sensor.keys[-1]}
    )
    assert not result.success
    assert sensor.tick() == ([], "no delivery has changed")


def test_several_deliveries_at_once_are_one_refresh_and_one_that_waits_keeps_none_back(sensor: Sensor) -> None:
    sensor.write("2031", "a\n")
    sensor.write("2032", "a\n")
    sensor.tick()
    assert sensor.tick()[0] == [("2016", "2017")]
    sensor.write("2031", "c\n", "more.csv.part")
    sensor.write("2032", "d\n")
    sensor.tick()
    assert sensor.tick()[0] == [("2017", "2017")]


def test_the_jobs_are_there_with_their_hook(settings: Settings) -> None:
    jobs = {job.name: job for job in build_jobs(settings)}
    assert jobs.keys() == {REFRESH, REBUILD, HOLD, PUBLISH}
    assert all({hook.name for hook in job.hooks or ()} == {"report_failure"} for job in jobs.values())


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook's address on this machine, and the messages that it received."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    thread.join()
    server.server_close()


SECRET = "the answer of the unit was 4711"


def test_a_failed_step_is_reported_by_its_names_and_never_by_its_words(
    own: Settings, webhook: tuple[str, list[dict[str, Any]]]
) -> None:
    address, received = webhook
    settings = Settings(**{**own.model_dump(), "webhook": address})

    @dg.op
    def broken() -> None:
        raise UserError(SECRET, place="file.csv, row 3", remedy="ask")

    @dg.job(hooks={build_hook(settings)})
    def refresh() -> None:
        broken()

    result = refresh.execute_in_process(raise_on_error=False)
    assert not result.success
    (body,) = received
    assert (body["event"], body["job"], body["step"], body["run"]) == ("run_failed", "refresh", "broken", result.run_id)
    assert body["kind"] == "UserError"
    log = notifications.log_file(settings).read_text(encoding="utf-8")
    assert json.loads(log.splitlines()[-1])["event"] == "run_failed"
    assert "4711" not in log + json.dumps(received)


def test_a_webhook_that_does_not_answer_fails_nothing_and_its_address_is_not_logged(own: Settings) -> None:
    settings = Settings(**{**own.model_dump(), "webhook": "http://127.0.0.1:9/token"})
    assert notifications.notify(settings, "published", "It is published.") is False
    log = notifications.log_file(settings).read_text(encoding="utf-8")
    assert "webhook_failed" in log
    assert "token" not in log + repr(settings)


def test_an_overdue_release_is_told_in_the_official_channel_only(
    own: Settings, webhook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, received = webhook
    monkeypatch.setattr(publication, "now", lambda: datetime(2032, 6, 10, 9, tzinfo=UTC))
    settings = Settings(**{**own.model_dump(), "webhook": address})
    assert publication.overdue_release(settings) is None
    assert publication.overdue_release(settings.model_copy(update={"channel": "official"})) == "first"
    assert [(body["event"], body["release"]) for body in received] == [("release_overdue", "first")]
