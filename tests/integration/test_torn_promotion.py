"""Promotion, rollback and prune interrupted at every step on the file system: nothing is torn, and a repetition succeeds.

A step is a call that changes the file system, or a statement to a database that changes it. At step n the process dies: no
later step is carried out, not even cleaning up, and the current write is half done. Where a loop does the same with each
file of a folder, every eighth is a step.
"""

from __future__ import annotations

import builtins
import errno
import io
import itertools
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.release_calendar import Calendar
from orchestration.disclosure import ledger
from orchestration.gate import verdict
from orchestration.gate.checkpoint import Checked, run_checkpoint
from orchestration.gate.page import render
from orchestration.publish import integrity, journal, pointer, pruning, snapshots
from orchestration.publish.candidate import Candidate, remains
from orchestration.publish.publication import publish
from orchestration.publish.snapshot_files import GATE, GATE_NATIVE, GATE_PAGE, content_hash
from tests.integration import publication_kit
from tests.integration.publication_kit import TABLES, fte

# A snapshot with every kind of file, and few of each.
FEW = [
    table
    for table in TABLES
    if table.name in ("fte_by_service", "deliveries", "codelists", "indicators", "snapshot", "revisions")
]

CALLS = ("rename", "replace", "unlink", "remove", "mkdir", "rmdir", "symlink", "chmod", "link", "truncate")
FIRST, SECOND, THIRD = ({"fte_by_service": [fte(fte=value)]} for value in (1.5, 2.5, 3.5))


def judged(folder: Path, rows: dict[str, Any], **arguments: Any) -> Candidate:
    """Make a candidate that passed, and that adds to the ledger."""
    made = publication_kit.judged(folder, rows, tables=FEW, **arguments)
    figure = rows["fte_by_service"][0]["fte"]
    state = ["indicator_shares", "q", "all", 2023, f"state at {figure}"]
    with duckdb.connect(folder / "snapshots" / ".candidates" / f"{made.id}{ledger.ADDITIONS}") as connection:
        for group in ("a", f"group of {figure}"):
            connection.execute("insert into published_groups values (?, ?, ?, ?, ?, ?, 'yes', ?)", [*state, group, figure])
            connection.execute("insert into published_members values (?, '0101')", [group])
        connection.execute("insert into published_answers values (?, ?, ?, ?, ?, '0101', 'hash')", state)
        connection.execute("insert into published_states values (?, ?, ?, ?, ?, 'basis')", state)
    return made


def published(folder: Path, rows: dict[str, Any], **arguments: Any) -> Path:
    made = judged(folder, rows, **arguments)
    snapshots.promote(made, folder / "snapshots")
    return folder / "snapshots" / made.id


class Killed(BaseException):
    """The process has been killed."""


class Steps:
    """Counts the steps of the process, and kills it at one of them.

    With ``full`` it is not killed: the step fails as on a full disk, and the process cleans up as far as it can.
    """

    def __init__(self, last: int | None, full: bool = False) -> None:
        self.last, self.full, self.count = last, full, 0

    @property
    def cut_off(self) -> bool:
        return self.last is not None and self.count > self.last

    def take(self) -> None:
        """Take a step, if the process is still alive."""
        self.count += 1
        if not self.cut_off:
            return
        if not self.full:
            raise Killed
        if self.last is not None and self.count == self.last + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Written:
    """An open file whose writes are steps."""

    def __init__(self, file: Any, steps: Steps) -> None:
        self.file, self.steps = file, steps

    def write(self, content: Any) -> int:
        try:
            self.steps.take()
        except BaseException:
            self.file.write(content[: len(content) // 2])
            raise
        return int(self.file.write(content))

    def __enter__(self) -> Written:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class Connected:
    """A connection whose changing statements are steps."""

    def __init__(self, connection: Any, steps: Steps) -> None:
        self.connection, self.steps = connection, steps

    def execute(self, *arguments: Any) -> Any:
        if arguments[0].split()[0] not in ("select", "from", "set", "attach"):
            self.steps.take()
        return self.connection.execute(*arguments)

    def __enter__(self) -> Connected:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def run(operation: Callable[[], Any], steps: Steps) -> bool:
    """Do something in a process that is killed at a step; return whether it completed."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, _counted(getattr(os, name), steps))
        really_open, really_connect = io.open, duckdb.connect

        def opened(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
            if not set(mode) & set("wax+"):
                return really_open(file, mode, *arguments, **named)
            steps.take()
            return Written(really_open(file, mode, *arguments, **named), steps)

        def connected(*arguments: Any, **named: Any) -> Any:
            if arguments and not named.get("read_only"):
                steps.take()
            return Connected(really_connect(*arguments, **named), steps)

        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        patch.setattr(duckdb, "connect", connected)
        try:
            operation()
        except Killed:
            return False
        except (OSError, duckdb.Error) as error:
            assert steps.full and "No space left" in str(error)
            return False
    return True


def _counted(call: Callable[..., Any], steps: Steps) -> Callable[..., Any]:
    calls = itertools.count()
    # Deleting a folder, and changing the permissions of each of its files.
    is_loop = call in (os.chmod, os.rmdir)

    def counted(*arguments: Any, **named: Any) -> Any:
        if not (is_loop or "dir_fd" in named) or next(calls) % 8 == 0 or steps.cut_off:
            steps.take()
        return call(*arguments, **named)

    return counted


@dataclass(frozen=True)
class State:
    """The published snapshot and all records of it, without times and DuckDB's random identifiers."""

    current: str | None
    files: dict[str, str]
    ledger: dict[str, list[tuple[Any, ...]]]
    last: journal.Event | None


def state(folder: Path) -> State:
    kept = ledger.ledger_file(folder)
    rows: dict[str, list[tuple[Any, ...]]] = {}
    if kept.exists():
        with duckdb.connect(kept, read_only=True) as connection:
            rows = {name: connection.execute(f"from {name} order by all").fetchall() for name in ledger.TABLES}
    files = {}
    for path in [*snapshots.all_snapshots(folder), kept.parent]:
        for file in sorted(path.rglob("*")):
            if file.is_file() and file != kept:
                files[file.relative_to(folder).as_posix()] = oct(file.stat().st_mode)
    events = [event for event in journal.read_journal(folder) if event.action != "pruned"]
    return State(_current(folder), files, rows, replace(events[-1], at="") if events else None)


def assert_whole(folder: Path) -> None:
    """Assert that nothing or a complete, passed snapshot is published; the journal names all, and the ledger is one file."""
    link = folder / pointer.CURRENT
    assert link.exists() or not link.is_symlink()
    published = pointer.current(folder)
    if published is not None:
        assert integrity.verify(published) > 0
        assert (snapshots.read_gate(published) or {})["verdict"] == "pass"
        assert ledger.ledger_file(folder).is_file()
    named = {event.snapshot for event in journal.read_journal(folder) if event.action == "published"}
    assert {path.name for path in snapshots.all_snapshots(folder)} <= named


@dataclass(frozen=True)
class Case:
    """An operation on a prepared folder, its repetition after an interruption, and the candidates that a run would make."""

    prepared: Path
    operation: Callable[[Path], Any]
    again: Callable[[Path], Any]


def cut_at_every_step(case: Case, work: Path, full: bool, each: int = 1) -> int:
    """Interrupt the operation at every step, each time in a copy of the prepared folder; return the number of steps.

    ``each`` is above 1 where another case has the same steps and is interrupted at every one of them.
    """

    def fresh(name: str) -> Path:
        return Path(shutil.copytree(case.prepared, work / name, symlinks=True)) / "snapshots"

    folder = fresh("undisturbed")
    assert run(lambda: case.operation(folder), Steps(None))
    expected, before = state(folder), _bytes(ledger.ledger_file(case.prepared / "snapshots"))
    for last in itertools.count(step=each):
        folder, steps = fresh("cut"), Steps(last, full)
        ended = run(lambda folder=folder: case.operation(folder), steps)  # type: ignore[misc]
        assert_whole(folder)
        assert _current(folder) in (_current(case.prepared / "snapshots"), expected.current)
        if _bytes(ledger.ledger_file(folder)) != before:
            assert state(folder).ledger == expected.ledger
        if not ended:
            case.again(folder)
            assert_whole(folder)
        assert state(folder) == expected, f"cut off at step {last + 1}"
        # A prune and the next run remove the leftovers.
        left = [path.name for path in (folder / ".candidates").glob("*") if not path.name.startswith("2")]
        assert set(left) <= {path.name for path in remains(folder / ".candidates")}
        shutil.rmtree(folder.parent)
        if not steps.cut_off:
            return last
    raise AssertionError


def _current(folder: Path) -> str | None:
    published = pointer.current(folder)
    return published.name if published else None


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def candidates_of(folder: Path) -> list[Candidate]:
    return [Candidate(path.name, path, content_hash(path)) for path in sorted((folder / ".candidates").glob("2*/"))]


def promoting(prepared: Path) -> Case:
    """Promote the only candidate; the following run makes the candidate again if it is gone."""

    def promote(folder: Path) -> None:
        (candidate,) = candidates_of(folder)
        snapshots.promote(candidate, folder)

    def again(folder: Path) -> None:
        if not candidates_of(folder):
            shutil.copytree(prepared / "snapshots" / ".candidates", folder / ".candidates", dirs_exist_ok=True)
        promote(folder)

    return Case(prepared, promote, again)


def second(folder: Path) -> Case:
    published(folder, FIRST)
    judged(folder, SECOND)
    return promoting(folder)


def published_before(folder: Path) -> Case:
    for rows in (FIRST, SECOND):
        published(folder, rows)
    judged(folder, FIRST)
    return promoting(folder)


def nothing_new(folder: Path) -> Case:
    published(folder, FIRST)
    judged(folder, FIRST)
    return promoting(folder)


def official(folder: Path) -> Case:
    """Publish an approved candidate of a due release; it is never made again, and need not be."""
    release = [("release_a", 2023, "final", date(2024, 1, 1), True, "2024-01-01T08:00+00:00", None)]
    made = judged(folder, SECOND, channel="official", is_constructed=False, releases=release)
    planned = {"release": "release_a", "time_period": 2023, "status": "final", "release_at": "2024-01-01 08:00"}
    approval = {"candidate": made.id, "approved_by": "head", "date": "2023-12-01"}
    calendar = Calendar.model_validate(
        {"preparing": "release_a", "releases": [planned | {"approvers": ["head"], "approved": [approval]}]}
    )

    def out(folder: Path) -> None:
        publish(
            None,
            channel="official",
            calendar=calendar,
            folder=folder,
            candidates=folder / ".candidates",
            moment=datetime(2024, 1, 1, 8, tzinfo=UTC),
        )

    return Case(folder, out, out)


def rollback_to_the_one_before(folder: Path) -> Case:
    before = published(folder, FIRST).name
    published(folder, SECOND)

    def again(folder: Path) -> None:
        if (folder / pointer.CURRENT).readlink() != Path(before):
            snapshots.rollback(folder, "wrong")

    return Case(folder, lambda folder: snapshots.rollback(folder, "wrong"), again)


def rollback_to_a_withdrawn_one(folder: Path) -> Case:
    published(folder, FIRST)
    withdrawn = published(folder, SECOND).name
    snapshots.rollback(folder / "snapshots", "wrong")

    def again(folder: Path) -> None:
        if (folder / pointer.CURRENT).readlink() != Path(withdrawn):
            snapshots.rollback(folder, "right after all", withdrawn)

    return Case(folder, lambda folder: snapshots.rollback(folder, "right after all", withdrawn), again)


def prune(folder: Path) -> Case:
    for rows in (FIRST, SECOND, THIRD):
        published(folder, rows)
    judged(folder, {"fte_by_service": [fte(fte=9.5)]})
    for rows in (SECOND, THIRD):
        published(folder, rows)
    candidates = folder / "snapshots" / ".candidates"
    (candidates / ".building-1" / "csv").mkdir(parents=True)
    (candidates / "2023-000000000000.results.json").write_text("[]", encoding="utf-8")

    def delete(folder: Path) -> None:
        found = pruning.prunable(folder, folder / ".candidates", keep=2, referenced=(), last_candidate=None)
        pruning.prune(folder, found)
        assert pruning.prunable(folder, folder / ".candidates", keep=2, referenced=(), last_candidate=None) == []

    return Case(folder, delete, delete)


@pytest.fixture(autouse=True)
def powered(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power failure is tested here, so nothing need be made durable."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


CASES = (second, nothing_new, rollback_to_the_one_before, rollback_to_a_withdrawn_one, prune)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_killed_at_every_step(case: Callable[[Path], Case], tmp_path: Path) -> None:
    assert cut_at_every_step(case(tmp_path / "prepared"), tmp_path, full=False) > 3


@pytest.mark.parametrize("case", [official, published_before], ids=lambda case: case.__name__)
def test_killed_at_every_third_step_of_a_promotion_like_the_second(case: Callable[[Path], Case], tmp_path: Path) -> None:
    assert cut_at_every_step(case(tmp_path / "prepared"), tmp_path, full=False, each=3) > 30


@pytest.mark.parametrize("case", [second, rollback_to_the_one_before], ids=lambda case: case.__name__)
def test_a_full_disk_at_every_step(case: Callable[[Path], Case], tmp_path: Path) -> None:
    assert cut_at_every_step(case(tmp_path / "prepared"), tmp_path, full=True) > 3


@pytest.mark.parametrize("before", ["not judged", "passed"])
def test_a_verdict_that_was_cut_off_is_none(before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate has a complete verdict, with its page, or none; half of one would stop the run, or pass."""
    kept: list[Checked] = []

    def checked_once(*given: Any, **named: Any) -> Checked:
        if not kept:
            kept.append(run_checkpoint(*given, **named))
        return kept[0]

    monkeypatch.setattr(verdict, "run_checkpoint", checked_once)
    prepared = publication_kit.candidate(tmp_path / "prepared", FIRST, tables=FEW)
    publication_kit.nothing_to_add(prepared)
    _judge(tmp_path / "prepared", fails=False)
    if before == "not judged":
        for name in (GATE, GATE_NATIVE, GATE_PAGE):
            (prepared.path / name).unlink()
    for last in itertools.count():
        folder, steps = Path(shutil.copytree(tmp_path / "prepared", tmp_path / "cut")), Steps(last)
        ended = run(lambda folder=folder: _judge(folder, fails=True), steps)  # type: ignore[misc]
        (candidate,) = candidates_of(folder / "snapshots")
        found = snapshots.read_gate(candidate.path)
        assert found is not None or not ended
        if found is not None:
            page = (candidate.path / GATE_PAGE).read_text(encoding="utf-8")
            assert page == render(found)
            assert found["verdict"] == "fail" or before == "passed"
        _judge(folder, fails=False)
        assert snapshots.promote(candidate, folder / "snapshots")
        shutil.rmtree(folder)
        if not steps.cut_off:
            break
    assert last > 5


def _judge(folder: Path, fails: bool) -> None:
    (candidate,) = candidates_of(folder / "snapshots")
    missing = [publication_kit.rule(id="another", rows="select 1 as x", stage="warehouse")] if fails else []
    rules = [publication_kit.rule(rows="select 1 as x"), *missing]
    verdict.judge(rules, FEW, candidate, [], publication_kit.circumstances(folder))
