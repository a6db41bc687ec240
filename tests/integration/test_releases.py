"""Official publication by the calendar, rollback, withdrawal, verification, pruning, and the journal of it all."""

from __future__ import annotations

import json
import shutil
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.core.release_calendar import Calendar
from orchestration.core.settings import PROJECT_DIR
from orchestration.disclosure import ledger
from orchestration.publish import integrity, journal, pointer, pruning, snapshots
from orchestration.publish.candidate import Candidate
from orchestration.publish.publication import Outcome, publish
from orchestration.publish.snapshot_files import DATABASE
from tests.conftest import run_command
from tests.integration.publication_kit import fte, passed, published

DUE = datetime(2032, 6, 10, 8, 0, tzinfo=UTC)
PROVISIONAL, FINAL = (
    (name, 2023, status, at.date(), True, at.isoformat(), following and following.isoformat())
    for name, status, at, following in (
        ("first", "provisional", DUE, DUE + timedelta(days=150)),
        ("second", "final", DUE + timedelta(days=150), None),
    )
)


def calendar(preparing: str = "first", **approved: list[str]) -> Calendar:
    releases = [
        {
            "release": release,
            "time_period": 2023,
            "status": status,
            "release_at": at,
            "approvers": ["a head"],
            "approved": [
                {"candidate": each, "approved_by": "a head", "date": "2032-06-01"} for each in approved.get(release, [])
            ],
        }
        for release, status, at in (("first", "provisional", DUE), ("second", "final", DUE + timedelta(days=150)))
    ]
    for release in releases:
        release["release_at"] = release["release_at"].replace(tzinfo=None)  # type: ignore[attr-defined]
    return Calendar.model_validate({"preparing": preparing, "releases": releases})


def official(folder: Path, number: float = 1.5, release: tuple[Any, ...] = PROVISIONAL) -> Candidate:
    return passed(
        folder,
        {"fte_by_service": [fte(fte=number, is_constructed=False, obs_status="P" if release is PROVISIONAL else "A")]},
        channel="official",
        is_constructed=False,
        releases=[release],
    )


def attempt(folder: Path, made: Candidate | None, dates: Calendar, moment: datetime = DUE) -> Outcome:
    return publish(
        made,
        channel="official",
        calendar=dates,
        folder=folder / "snapshots",
        candidates=folder / "snapshots" / ".candidates",
        moment=moment,
        project="a commit",
    )


def current(folder: Path) -> str | None:
    path = pointer.current(folder / "snapshots")
    return path.name if path else None


def events(folder: Path) -> list[tuple[str, str]]:
    return [(event.action, event.snapshot) for event in journal.read_journal(folder / "snapshots")]


def test_an_official_candidate_waits_for_its_approval_and_its_time(tmp_path: Path) -> None:
    made = official(tmp_path)
    assert attempt(tmp_path, made, calendar()).reasons == ("nobody has approved it for first: a head may",)
    approved = calendar(first=[made.id])
    early = attempt(tmp_path, made, approved, DUE - timedelta(seconds=1))
    assert early.waiting == made.id
    assert early.reasons == ("the release first is not due before 2032-06-10 08:00 (UTC)",)
    assert current(tmp_path) is None
    assert attempt(tmp_path, made, approved).published == made.id
    assert current(tmp_path) == made.id
    assert attempt(tmp_path, None, approved) == Outcome()
    (event,) = journal.read_journal(tmp_path / "snapshots")
    assert (event.action, event.snapshot, event.release, event.project) == ("published", made.id, "first", "a commit")


def test_the_approved_candidate_goes_out_and_not_a_later_one(tmp_path: Path) -> None:
    approved = official(tmp_path, 1.5)
    later = official(tmp_path, 2.5)
    assert attempt(tmp_path, later, calendar(first=[approved.id])).published == approved.id
    # The later candidate waits for its own approval, and was compared with another snapshot.
    assert attempt(tmp_path, later, calendar(first=[approved.id])).waiting == later.id
    with pytest.raises(UserError, match="another one is published now"):
        attempt(tmp_path, later, calendar(first=[approved.id, later.id]))


def test_figures_are_final_only_in_the_final_release(tmp_path: Path) -> None:
    final_too_early = official(tmp_path, release=FINAL)
    outcome = attempt(tmp_path, final_too_early, calendar(first=[final_too_early.id]))
    assert outcome.waiting == final_too_early.id
    assert outcome.reasons[0].startswith("it was made for second (final), the calendar prepares first (provisional)")
    assert attempt(tmp_path, final_too_early, calendar("second", second=[final_too_early.id])).reasons == (
        "the release second is not due before 2032-11-07 08:00 (UTC)",
    )


def test_the_final_release_is_a_planned_revision_of_the_provisional_one(tmp_path: Path) -> None:
    first = official(tmp_path)
    attempt(tmp_path, first, calendar(first=[first.id]))
    second = official(tmp_path, release=FINAL)
    moment = DUE + timedelta(days=150)
    assert attempt(tmp_path, second, calendar("second", second=[second.id]), moment).published == second.id
    with duckdb.connect(str(tmp_path / "snapshots/current" / DATABASE), read_only=True) as connection:
        assert connection.execute("select status_before, status_after, revision_class from revisions").fetchall() == [
            ("P", "A", "planned")
        ]
        identity = "select release, release_status, release_date, release_at, next_release_at from snapshot"
        assert connection.execute(identity).fetchall() == [
            ("second", "final", "2032-11-07", "2032-11-07T08:00:00+00:00", None)
        ]
    # But not the reverse.
    again = official(tmp_path, 9.5)
    outcome = attempt(tmp_path, again, calendar(first=[again.id]), moment)
    assert outcome.reasons == ("second is published, which comes after first",)


def test_an_approved_candidate_that_is_not_there_is_reported(tmp_path: Path) -> None:
    outcome = attempt(tmp_path, None, calendar(first=["2023-0123456789ab"]))
    assert outcome.waiting == "2023-0123456789ab"
    assert "is not there" in outcome.reasons[0]


def test_a_candidate_of_the_other_channel_is_not_published(tmp_path: Path) -> None:
    made = passed(tmp_path, releases=[PROVISIONAL])
    with pytest.raises(UserError, match="made for the channel demo"):
        attempt(tmp_path, made, calendar(first=[made.id]))
    made = official(tmp_path)
    with pytest.raises(UserError, match="made for the channel official"):
        publish(
            made,
            channel="demo",
            calendar=calendar(),
            folder=tmp_path / "snapshots",
            candidates=made.path.parent,
            moment=DUE,
        )


def test_a_rehearsal_waits_as_an_official_one_and_is_taken_for_none(tmp_path: Path) -> None:
    made = passed(tmp_path, releases=[PROVISIONAL], channel="rehearsal")
    approved = calendar(first=[made.id])

    def try_(purpose: Any, dates: Calendar, channel: Any = "official") -> Outcome:
        return publish(
            made,
            channel=channel,
            purpose=purpose,
            calendar=dates,
            folder=tmp_path / "snapshots",
            candidates=made.path.parent,
            moment=DUE,
        )

    assert try_("rehearsal", calendar()).reasons == ("nobody has approved it for first: a head may",)
    for channel in ("official", "demo"):
        with pytest.raises(UserError, match=f"made for a rehearsal, not for the channel {channel}"):
            try_(channel, approved, channel)
    assert current(tmp_path) is None
    assert try_("rehearsal", approved).published == made.id
    # And other candidates are not published as rehearsals.
    made = official(tmp_path)
    with pytest.raises(UserError, match="made for the channel official, not for a rehearsal"):
        try_("rehearsal", calendar(first=[made.id]))


def test_what_waits_is_not_promoted_when_something_else_went_out_in_between(tmp_path: Path) -> None:
    """Its disclosure decisions do not consider the other one, even after a rollback to the same predecessor."""
    published(tmp_path, {"fte_by_service": [fte(fte=1.0)]})
    waits = passed(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    shutil.copytree(waits.path, tmp_path / "kept")
    beside = {path.name: path.read_bytes() for path in waits.path.parent.glob(f"{waits.id}.*")}
    other = passed(tmp_path, {"fte_by_service": [fte(fte=3.0)]})
    additions = other.path.parent / f"{other.id}{ledger.ADDITIONS}"
    with duckdb.connect(str(additions)) as connection:
        connection.execute("insert into published_groups values ('s', 'i', 'all', 2023, 'state', 'hash', '', 4.0)")
    snapshots.promote(other, tmp_path / "snapshots")
    snapshots.rollback(tmp_path / "snapshots", "a test")
    shutil.copytree(tmp_path / "kept", waits.path, dirs_exist_ok=True)
    for name, content in beside.items():
        (waits.path.parent / name).write_bytes(content)
    with pytest.raises(UserError, match="another snapshot was published after"):
        snapshots.promote(waits, tmp_path / "snapshots")


def test_a_rollback_moves_the_pointer_and_the_withdrawn_snapshot_does_not_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    first = published(tmp_path, {"fte_by_service": [fte(fte=1.0)]})
    second = published(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    assert snapshots.rollback(folder, "a wrong sum") == snapshots.RolledBack(first.name, second.name, True)
    assert current(tmp_path) == first.name
    with pytest.raises(UserError, match=r"was withdrawn on .*: a wrong sum"):
        published(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    assert current(tmp_path) == first.name
    # A corrected snapshot is published; its rollback restores the previously current one.
    third = published(tmp_path, {"fte_by_service": [fte(fte=3.0)]})
    assert snapshots.rollback(folder, "wrong too").current == first.name
    # Naming a withdrawn one restores it, and withdraws nothing.
    assert snapshots.rollback(folder, "it was right", third.name[:8]) == snapshots.RolledBack(third.name, first.name, False)
    assert events(tmp_path) == [
        ("published", first.name),
        ("published", second.name),
        ("withdrawn", second.name),
        ("published", third.name),
        ("withdrawn", third.name),
        ("reinstated", third.name),
    ]


def test_a_rollback_needs_somewhere_whole_to_go(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    with pytest.raises(UserError, match="nothing is published yet"):
        snapshots.rollback(folder, "r")
    first = published(tmp_path, {"fte_by_service": [fte(fte=1.0)]})
    with pytest.raises(UserError, match="nothing was published before"):
        snapshots.rollback(folder, "r")
    with pytest.raises(UserError, match="is the published snapshot"):
        snapshots.rollback(folder, "r", first.name)
    second = published(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    waits = passed(tmp_path, {"fte_by_service": [fte(fte=3.0)]})
    with pytest.raises(UserError, match="there is no candidate or snapshot"):
        snapshots.rollback(folder, "r", waits.id)
    damaged = first / "csv" / "fte_by_service.csv"
    damaged.chmod(0o644)
    damaged.write_text("changed", encoding="utf-8")
    with pytest.raises(UserError, match="the file was changed"):
        snapshots.rollback(folder, "r")
    assert current(tmp_path) == second.name


def test_readers_see_one_whole_snapshot_or_the_other_while_it_is_rolled_back_and_forth(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    known = {published(tmp_path, {"fte_by_service": [fte(fte=number)]}).name: number for number in (1.0, 2.0)}
    stop, seen, wrong = threading.Event(), set(), []

    def read() -> None:
        while not stop.is_set():
            place = (folder / "current").resolve()
            with duckdb.connect(str(place / DATABASE), read_only=True) as connection:
                ((number,),) = connection.execute("select fte from fte_by_service").fetchall()
            (line,) = (place / "csv" / "fte_by_service.csv").read_text(encoding="utf-8").splitlines()[1:]
            if known.get(place.name) != number or f",{number}," not in line:
                wrong.append((place.name, number))
            seen.add(number)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(20):
        other = next(name for name in known if name != current(tmp_path))
        snapshots.rollback(folder, "to and fro", other)
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert seen == {1.0, 2.0}


def test_a_line_of_the_journal_that_was_cut_off_is_left_out_and_swallows_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    first = published(tmp_path, {"fte_by_service": [fte(fte=1.0)]})
    path = journal.journal_file(folder)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"at": "2031-01-01", "action": "withdr')
    assert events(tmp_path) == [("published", first.name)]
    second = published(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    assert events(tmp_path) == [("published", first.name), ("published", second.name)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def names(folder: Path, **arguments: Any) -> set[str]:
    values = {"keep": None, "referenced": (), "last_candidate": None, **arguments}
    found = pruning.prunable(folder / "snapshots", folder / "snapshots" / ".candidates", **values)
    return {each.path.name for each in found}


def test_pruning_leaves_what_is_published_referenced_or_waits(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    made = [published(tmp_path, {"fte_by_service": [fte(fte=float(number))]}).name for number in range(1, 6)]
    old, last = (passed(tmp_path, {"fte_by_service": [fte(fte=number)]}) for number in (8.0, 9.0))
    (folder / ".candidates" / ".building-1").mkdir()
    assert names(tmp_path, last_candidate=last.id) == {".building-1", old.id}
    assert names(tmp_path, last_candidate=last.id, referenced=[old.id]) == {".building-1"}
    # Never the published one, the previous one, or a named one.
    assert names(tmp_path, keep=1, last_candidate=last.id) == {".building-1", old.id, *made[:3]}
    assert names(tmp_path, keep=1, last_candidate=last.id, referenced=[made[0]]) == {".building-1", old.id, *made[1:3]}
    found = pruning.prunable(folder, folder / ".candidates", keep=3, referenced=(), last_candidate=last.id)
    pruning.prune(folder, found)
    assert [path.name for path in snapshots.all_snapshots(folder)] == made[2:]
    assert sorted(path.name for path in (folder / ".candidates").glob("*/")) == [last.id]
    assert current(tmp_path) == made[-1]
    for path in snapshots.all_snapshots(folder):
        integrity.verify(path)
    assert not list((folder / ".disclosure").glob(f"{made[0]}.*"))
    assert events(tmp_path)[-2:] == [("pruned", made[0]), ("pruned", made[1])]
    assert names(tmp_path, keep=3, last_candidate=last.id) == set()


def test_only_the_user_of_the_service_sees_what_is_not_published(tmp_path: Path) -> None:
    made = published(tmp_path)
    waits = passed(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    folder = tmp_path / "snapshots"
    for path in (waits.path.parent, folder / ".disclosure"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    for path in (folder, made, made / "csv"):
        assert path.stat().st_mode & stat.S_IROTH, path
    assert stat.S_IMODE(ledger.ledger_file(folder).stat().st_mode) == 0o600


def test_the_commands_list_verify_roll_back_and_prune(tmp_path: Path) -> None:
    first, second = (published(tmp_path, {"fte_by_service": [fte(fte=number)]}).name for number in (1.0, 2.0))

    def command(*words: str) -> Any:
        result = run_command(*words, "--json", folder=tmp_path, data=PROJECT_DIR / "data")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    assert command("verify", "--all")["files"].keys() == {first, second}
    assert command("rollback", "--reason", "a wrong sum")["current"] == first
    listed = {row["snapshot"]: row for row in command("list")["snapshots"]}
    assert [row["current"] for row in listed.values()] == [True, False]
    assert listed[second]["reason"] == "a wrong sum"
    heads, *rows = run_command("list", folder=tmp_path, data=PROJECT_DIR / "data").stdout.splitlines()
    assert heads.split("  ")[0] == "snapshot" and heads.endswith("  MB  state")
    assert [row[heads.index("state") :].partition(" ")[0] for row in rows] == ["current", "withdrawn"]
    assert command("prune", "--keep", "1")["found"] == []
    refused = run_command("rollback", folder=tmp_path, data=PROJECT_DIR / "data")
    assert refused.returncode != 0
    assert "--reason" in refused.stderr
    log = (tmp_path / "warehouse" / "log" / "operations.jsonl").read_text(encoding="utf-8")
    assert json.loads(log.splitlines()[-1])["event"] == "rolled_back"
    assert (tmp_path / "warehouse" / "log").stat().st_mode & 0o077 == 0
