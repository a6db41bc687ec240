"""The real command killed, out of disk space, or started twice at once: nothing is torn, and the next one continues."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults import (
    ANOTHER_RUN,
    MEGABYTE,
    PUBLICATION,
    SMALL,
    Place,
    Process,
    copy_project,
    figure,
    look,
    processes_of,
)
from orchestration.publish import journal, pointer, snapshots


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "place", copy_project(tmp_path / "project"), SMALL).prepare()
    yield place
    for number in processes_of(place.root):
        os.kill(number, signal.SIGKILL)


def assert_one_line_error(process: Process, *words: str) -> None:
    """Assert that the command ended with a one-line error and no stack trace."""
    assert process.code == 1, process.text
    assert "Traceback" not in process.text
    last = process.lines[-1]
    assert last.startswith("error: ")
    assert all(word in last for word in words), last


def cut_off(place: Place, process: Process, when: str, seconds: float = 0.0) -> None:
    """Kill a command some time after a line of its output; afterwards nothing or a complete snapshot is published."""
    process.wait_for(when)
    process.wait(seconds)
    process.kill()
    assert look(place, {None, figure(place)}) == []


def test_after_five_kills_a_full_disk_and_a_second_run_the_next_one_publishes(place: Place) -> None:
    cut_off(place, place.start("run"), "reading the project", 1)
    cut_off(place, place.start("run"), "  classifications inputs ...")
    # A maximum file size has the effect of a full disk.
    process = place.start("run", largest_file=3 * MEGABYTE)
    assert process.wait()
    # The warehouse or Dagster's records reach the limit first; their error names the folder with the least room, and all
    # folders are on one disk.
    assert_one_line_error(process, str(place.root))
    cut_off(place, place.start("run"), "  dbt models and tests ...", 1)
    assert figure(place) is None
    # Two at the same moment: one is told that the other is running; the other continues until it is killed while publishing.
    both = [place.start("run"), place.start("run")]
    while all(process.code is None for process in both):
        both[0].wait(0.1)
    (refused,) = [process for process in both if process.code is not None]
    assert refused.wait()
    assert_one_line_error(refused, ANOTHER_RUN)
    (running,) = [process for process in both if process is not refused]
    cut_off(place, running, PUBLICATION)
    cut_off(place, place.start("publish"), PUBLICATION, 0.05)
    # If it was interrupted between its name and the pointer, only a run continues: it makes the candidate again.
    waits = any((place.snapshots / ".candidates").glob("[!.]*/"))
    last = place.run("publish" if waits else "run")
    assert last.code == 0, last.text
    assert look(place, {figure(place)}) == []
    published = pointer.current(place.snapshots)
    assert published is not None
    assert snapshots.all_snapshots(place.snapshots) == [published]
    assert {event.snapshot for event in journal.read_journal(place.snapshots)} == {published.name}
