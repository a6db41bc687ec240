"""Progress: plain lines in a file, one live line on a terminal, nothing for work that ends at once."""

from __future__ import annotations

import io
import logging
import re
import time
from types import SimpleNamespace

import pytest

from orchestration.core import progress as module
from orchestration.core.progress import Level, Progress
from orchestration.defs import runs
from orchestration.engines import dbt


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> io.StringIO:
    """Standard error: a file, or a terminal where a test asks for one."""
    found = Terminal() if "terminal" in request.node.name else io.StringIO()
    # Pytest has a separate stream for each phase of a test.
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=found))
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.02)
    monkeypatch.setattr(module, "LIVE_SECONDS", 0.01)
    monkeypatch.setenv("COLUMNS", "60")
    return found


def wait_for(errors: io.StringIO, text: str) -> None:
    end = time.monotonic() + 10
    while text not in errors.getvalue():
        assert time.monotonic() < end, errors.getvalue()
        time.sleep(0.005)


def test_what_is_done_at_once_is_not_told(errors: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", 60)
    with Progress().doing("comparing"):
        pass
    assert errors.getvalue() == ""


def test_what_takes_longer_is_told_once_in_a_file(errors: io.StringIO) -> None:
    with Progress().doing("comparing"):
        wait_for(errors, "\n")
        time.sleep(0.05)
    assert errors.getvalue() == "comparing ...\n"


def test_who_says_something_more_is_not_told_twice(errors: io.StringIO) -> None:
    progress = Progress()
    with progress.doing("running"):
        progress.say("reading")
        time.sleep(0.1)
    assert errors.getvalue() == "reading\n"


def test_a_terminal_shows_one_live_line_that_goes_away(errors: io.StringIO) -> None:
    progress = Progress()
    with progress.doing("running"):
        wait_for(errors, "running ... 0 s")
        progress.at("    3 of 12  a_model")
        wait_for(errors, "running ... 0 s  3 of 12  a_model")
        progress.at("x" * 100)
        wait_for(errors, "xxx")
        progress.say("a line that stays")
    text = errors.getvalue()
    assert text.count("\n") == 1
    assert "\r\x1b[2Ka line that stays\n" in text
    assert text.endswith("\r\x1b[2K") or text.endswith("stays\n")
    assert max(map(len, text.replace("\n", "\r\x1b[2K").split("\r\x1b[2K"))) < 60


def test_in_a_file_each_place_is_a_line_and_few_of_many_counts(errors: io.StringIO) -> None:
    progress = Progress()
    progress.at("  a model")
    for done in range(1, 101):
        progress.count(done, 100, "reports")
    assert errors.getvalue() == "  a model\n  100 of 100 reports\n"


def test_quiet_says_nothing_but_warnings(errors: io.StringIO) -> None:
    progress = Progress(Level.QUIET)
    with progress.doing("running"):
        progress.say("a step")
        progress.at("a place")
        progress.detail("a detail")
        progress.warn("warning: open to all")
        time.sleep(0.05)
    assert errors.getvalue() == "warning: open to all\n"


def test_details_and_times_are_for_those_who_want_them(errors: io.StringIO) -> None:
    usual = Progress()
    usual.detail("a detail")
    assert errors.getvalue() == ""
    with Progress(Level.VERBOSE).doing("comparing") as _:
        pass
    assert re.search(r"^comparing: \d+\.\d s$", errors.getvalue(), re.MULTILINE)


# Events of dbt and Dagster ----------------------------------------------------------------------------------------------


def heard(level: str) -> SimpleNamespace:
    """Return an event of dbt."""
    ts = SimpleNamespace(ToJsonString=lambda: "2031-01-01")
    return SimpleNamespace(info=SimpleNamespace(ts=ts, level=level, thread="Thread-1", msg="1 of 2 OK created a_model"))


def logged(kind: str, step: str | None, message: str) -> logging.LogRecord:
    """Return the log record of a Dagster event."""
    event = SimpleNamespace(event_type_value=kind, step_key=step, event_specific_data=SimpleNamespace(duration_ms=1500))
    record = logging.LogRecord("dagster", logging.INFO, "", 0, message, None, None)
    record.dagster_meta = {"dagster_event": event, "orig_message": message, "step_key": step}
    return record


@pytest.mark.parametrize(("level", "says"), [(Level.NORMAL, ""), (Level.VERBOSE, "    dbt: 1 of 2 OK created a_model\n")])
def test_the_log_of_dbt_is_for_those_who_want_details(
    errors: io.StringIO, monkeypatch: pytest.MonkeyPatch, level: Level, says: str
) -> None:
    monkeypatch.setattr(module.progress, "level", level)
    log = io.StringIO()
    dbt._Log(log).write(heard("info"))
    dbt._Log(log).write(heard("debug"))
    assert errors.getvalue() == says
    assert log.getvalue().count("a_model") == 2


@pytest.mark.parametrize("level", [Level.NORMAL, Level.VERBOSE])
def test_events_of_dagster_are_for_those_who_want_details(
    errors: io.StringIO, monkeypatch: pytest.MonkeyPatch, level: Level
) -> None:
    monkeypatch.setattr(module.progress, "level", level)
    lines: list[str] = []
    handler = runs._Progress(lines.append)
    for record in (
        logged("RUN_START", None, "Started"),
        logged("STEP_START", "gate", "began"),
        logged("ASSET_MATERIALIZATION", "gate", "Materialized value gate."),
        logged("STEP_SUCCESS", "gate", "ended"),
    ):
        handler.emit(record)
    assert lines == ["  rules of the gate ...", "  rules of the gate done in 1.5 s"]
    details = "    Dagster: Started\n    Dagster: Materialized value gate.\n"
    assert errors.getvalue() == (details if level == Level.VERBOSE else "")
