"""The real command killed, without room, or started twice at once: nothing is torn, and the next one goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults import ANOTHER_RUN, MEGABYTE, PUBLICATION, SMALL, Place, Process, copy_project, figure, look
from orchestration.publish import journal, snapshots


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "place", copy_project(tmp_path / "project"), SMALL).prepare()


def assert_told(process: Process, *words: str) -> None:
    """The command ended with one line that says what is wrong, and no stack trace."""
    assert process.code == 1, process.text
    assert "Traceback" not in process.text
    last = process.lines[-1]
    assert last.startswith("error: ")
    assert all(word in last for word in words), last


def cut_off(place: Place, *command: str, when: str, seconds: float = 0.0) -> None:
    """Kill a command some time after a line that it says; what is published then is nothing or all of it."""
    process = place.start(*command)
    process.wait_for(when)
    process.wait(seconds)
    process.kill()
    assert look(place, {None, figure(place)}) == []


def test_after_five_kills_and_a_full_disk_one_of_two_runs_at_once_publishes(place: Place) -> None:
    cut_off(place, "run", when="reading the project", seconds=1)
    cut_off(place, "run", when="  classifications inputs ...")
    # No file may grow beyond what is there already: what a full disk does, without a disk.
    process = place.start("run", largest_file=3 * MEGABYTE)
    assert process.wait()
    assert_told(process, str(place.warehouse))
    cut_off(place, "run", when="  dbt models and tests ...", seconds=1)
    assert figure(place) is None
    cut_off(place, "run", when=PUBLICATION)
    cut_off(place, "publish", when=PUBLICATION, seconds=0.05)
    # Where it was cut off between its name and the pointer, only a run goes on with it: it makes the candidate again.
    waits = list((place.snapshots / ".candidates").glob("[!.]*/"))
    command = "publish" if waits else "run"
    both = [place.start(command), place.start(command)]
    for process in both:
        assert process.wait()
    ended = {process.code: process for process in both}
    assert ended.keys() == {0, 1}, [process.text for process in both]
    assert_told(ended[1], ANOTHER_RUN)
    published = snapshots.current(place.snapshots)
    assert published is not None
    assert look(place, {figure(place)}) == []
    assert [event.snapshot for event in journal.read_journal(place.snapshots)][-1] == published.name
    assert [path.name for path in snapshots.all_snapshots(place.snapshots)] == [published.name]
