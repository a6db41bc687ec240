"""Damage to published or waiting files is found before they are used, and the remedies in the messages repair it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.core.content_hashes import file_hash
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.publish import integrity, journal, pointer, pruning, repair, snapshots
from orchestration.publish.publication import find_waiting
from orchestration.publish.snapshot_files import CHECKSUMS, DATABASE, GATE
from tests.integration.publication_kit import fte, judged, published

FIRST, SECOND = ({"fte_by_service": [fte(fte=value)]} for value in (1.5, 2.5))
TABLE = "csv/fte_by_service.csv"


def damage_bytes(path: Path) -> None:
    """Change bytes without changing the length or the modification time."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def settings_of(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder / "data", warehouse_dir=folder / "warehouse", snapshots_dir=folder / "snapshots", **more)


def made_again(
    monkeypatch: pytest.MonkeyPatch, folder: Path, rows: Any, before: Any = None
) -> Callable[[Settings, Callable[[str], None]], None]:
    """Rebuild snapshots from rows instead of an archive, with the result of a complete run."""

    def make_again(
        settings: Settings, identifier: str, origin: integrity.Origin, into: Path, make: Any, on_progress: Any = None
    ) -> Path:
        assert settings.snapshots == folder / "snapshots" and origin.purpose == "demo"
        assert origin.predecessor == before and len(origin.deliveries) == 1
        return judged(into, rows).path

    monkeypatch.setattr(repair, "make_again", make_again)
    return lambda settings, on_progress: None


# Damage to the published snapshot


@pytest.mark.parametrize("thorough", [True, False])
@pytest.mark.parametrize("name", [TABLE, DATABASE, GATE, "CHANGES.json", CHECKSUMS, "metadata/fte_by_service.json"])
@pytest.mark.parametrize("kind", ["bytes", "missing", "empty"])
def test_damage_is_found(snapshot_to_damage: Path, name: str, kind: str, thorough: bool) -> None:
    path = snapshot_to_damage / name
    if kind == "bytes":
        damage_bytes(path)
    elif kind == "missing":
        path.unlink()
    else:
        path.chmod(0o644)
        path.write_bytes(b"")
    found = integrity.damage(snapshot_to_damage, thorough=thorough)
    assert found is not None and (found.file == name or name == CHECKSUMS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    published(folder, FIRST, by_gate=True)
    return folder


@pytest.fixture
def snapshot_to_damage(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole / "snapshots", tmp_path / "snapshots", symlinks=True)
    folder = pointer.current(tmp_path / "snapshots")
    assert folder is not None and integrity.damage(folder) is None
    # A copy has other times than the seal.
    integrity.renew_seal(folder)
    assert integrity.damage(folder, thorough=False) is None
    return folder


def test_without_its_seal_a_snapshot_is_held_against_its_own_list_and_its_id(snapshot_to_damage: Path) -> None:
    integrity.seal_file(snapshot_to_damage).unlink()
    assert integrity.damage(snapshot_to_damage) is None
    path, listed = snapshot_to_damage / TABLE, snapshot_to_damage / CHECKSUMS
    before = file_hash(path)
    damage_bytes(path)
    found = integrity.damage(snapshot_to_damage, thorough=False)
    assert found is not None and found.file == TABLE
    # If the list is changed to fit the file, the content no longer matches the id.
    listed.chmod(0o644)
    listed.write_text(listed.read_text(encoding="utf-8").replace(before, file_hash(path)), encoding="utf-8")
    found = integrity.damage(snapshot_to_damage)
    assert found is not None and found.file == CHECKSUMS


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"files": 1, "origin": null}', '{"origin": {}, "files": {}}'])
def test_a_seal_that_cannot_be_read_is_none(snapshot_to_damage: Path, text: str) -> None:
    integrity.seal_file(snapshot_to_damage).write_text(text, encoding="utf-8")
    assert integrity.read_seal(snapshot_to_damage) is None
    assert integrity.damage(snapshot_to_damage) is None


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("name", [TABLE, DATABASE, GATE])
def test_a_damaged_snapshot_is_made_anew_under_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, can_exchange: bool
) -> None:
    before = published(tmp_path, FIRST, by_gate=True)
    folder = published(tmp_path, SECOND, by_gate=True)
    held = (folder / TABLE).read_bytes()
    (folder / name).unlink()
    make = made_again(monkeypatch, tmp_path, SECOND, before.name)
    if not can_exchange:
        monkeypatch.setattr(repair, "exchange", lambda one, other: False)
    lines: list[str] = []
    done = repair.mend(settings_of(tmp_path), make, lines.append)
    assert str(done) == (
        f"repaired {folder.name}, which was damaged ({name}: the file is missing): "
        "rebuilt from the archive, content unchanged"
    )
    assert lines == [f"  {folder.name} is damaged ({name}: the file is missing): it is rebuilt from the archive"]
    assert pointer.current(tmp_path / "snapshots") == folder and integrity.verify(folder) > 0
    assert integrity.damage(folder, thorough=False) is None
    assert (folder / TABLE).read_bytes() == held and (folder / TABLE).stat().st_mode & 0o222 == 0
    event = journal.read_journal(tmp_path / "snapshots")[-1]
    assert (event.action, event.snapshot, event.reason) == ("mended", folder.name, f"{name}: the file is missing")
    # The journal still says what is published, and the target of a rollback.
    assert journal.current(journal.read_journal(tmp_path / "snapshots")) == folder.name
    assert repair.mend(settings_of(tmp_path), make) is None
    # The damaged snapshot is set aside until it is pruned.
    aside = pruning.prunable(
        tmp_path / "snapshots", tmp_path / "snapshots" / ".candidates", keep=None, referenced=(), last_candidate=None
    )
    assert [(each.path.name, each.why) for each in aside] == [(f".damaged-{folder.name}", "it was damaged, and rebuilt")]
    pruning.prune(tmp_path / "snapshots", aside)
    assert not aside[0].path.exists() and integrity.verify(folder) > 0


def test_other_content_does_not_come_into_the_place_of_a_damaged_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = published(tmp_path, FIRST, by_gate=True)
    folder = published(tmp_path, SECOND, by_gate=True)
    kept = shutil.copytree(folder, tmp_path / "backup")
    damage_bytes(folder / TABLE)
    make = made_again(monkeypatch, tmp_path, {"fte_by_service": [fte(fte=9.5)]}, earlier.name)
    wanted = (
        f"{TABLE}: the file was changed after it was judged, and the snapshot cannot be made again: .* different content"
    )
    with pytest.raises(UserError, match=wanted) as raised:
        repair.mend(settings_of(tmp_path), make)
    assert pointer.current(tmp_path / "snapshots") == folder and integrity.damage(folder) is not None
    assert [path.name for path in (tmp_path / "snapshots").glob(".mended-*")] == []
    assert not list((tmp_path / "snapshots" / ".candidates").glob(".building-*"))
    # Both remedies: the folder of the backup, and the snapshot before.
    assert raised.value.remedy == (
        "restore the folder from the backup, or return to an earlier one: ./is248 rollback --reason damaged"
    )
    command = raised.value.remedy.rpartition("is248 ")[2].split()
    (tmp_path / "data").mkdir()
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    assert repair.mend(settings_of(tmp_path), make) is None and integrity.damage(folder, thorough=False) is None
    shutil.rmtree(folder)
    shutil.copytree(damaged, folder)
    assert invoked(tmp_path, monkeypatch, *command)[0] == 0
    assert pointer.current(tmp_path / "snapshots") == earlier
    assert repair.mend(settings_of(tmp_path), make) is None


def test_an_exchange_that_was_cut_off_between_its_steps_is_ended(tmp_path: Path) -> None:
    folder = published(tmp_path, FIRST, by_gate=True)
    folder.rename(folder.with_name(f"{repair.MENDED}{folder.name}"))
    with pytest.raises(UserError, match=f"points to {folder.name}, which does not exist"):
        pointer.current(tmp_path / "snapshots")
    assert repair.mend(settings_of(tmp_path), lambda settings, on_progress: None) is None
    assert pointer.current(tmp_path / "snapshots") == folder and integrity.verify(folder) > 0


def test_readers_never_find_half_of_a_snapshot_that_is_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step of the exchange, ``current`` is the damaged snapshot or the intact one, with all files."""
    folder = published(tmp_path, FIRST, by_gate=True)
    names = {path.relative_to(folder) for path in folder.rglob("*")}
    damage_bytes(folder / TABLE)
    make = made_again(monkeypatch, tmp_path, FIRST)
    seen: list[bool] = []

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*arguments: Any, **named: Any) -> Any:
            done = call(*arguments, **named)
            link = tmp_path / "snapshots" / pointer.CURRENT
            assert {path.relative_to(folder) for path in folder.rglob("*")} == names and link.resolve() == folder
            seen.append(file_hash(link / TABLE) == integrity._listed(folder)[TABLE])
            return done

        return watching

    for name in ("rename", "replace", "unlink", "chmod", "mkdir"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    monkeypatch.setattr(repair, "exchange", watched(repair.exchange))
    assert repair.mend(settings_of(tmp_path), make) is not None
    # First damaged, then intact, and never damaged again.
    assert seen == sorted(seen) and set(seen) == {False, True}


# Earlier snapshots


def test_an_older_snapshot_that_is_damaged_is_not_published_again_until_it_is_moved_away(tmp_path: Path) -> None:
    first, second = published(tmp_path, FIRST, by_gate=True), published(tmp_path, SECOND, by_gate=True)
    damage_bytes(first / TABLE)
    waits = judged(tmp_path, FIRST)
    with pytest.raises(UserError, match="was changed after it was judged") as raised:
        snapshots.promote(waits, tmp_path / "snapshots")
    assert raised.value.remedy == snapshots.MOVE_AWAY and pointer.current(tmp_path / "snapshots") == second
    first.rename(tmp_path / "away")
    assert snapshots.promote(waits, tmp_path / "snapshots") is True
    assert pointer.current(tmp_path / "snapshots") == first and integrity.verify(first) > 0


def test_a_rollback_to_a_damaged_snapshot_is_refused_until_it_is_restored(tmp_path: Path) -> None:
    first, second = published(tmp_path, FIRST, by_gate=True), published(tmp_path, SECOND, by_gate=True)
    kept = shutil.copytree(first, tmp_path / "backup")
    (first / DATABASE).unlink()
    with pytest.raises(UserError, match=f"{DATABASE}: the file is missing; {integrity.RESTORE}"):
        snapshots.rollback(tmp_path / "snapshots", "wrong")
    assert pointer.current(tmp_path / "snapshots") == second
    shutil.rmtree(first)
    shutil.copytree(kept, first)
    assert snapshots.rollback(tmp_path / "snapshots", "wrong").current == first.name


# Waiting candidates


@pytest.mark.parametrize("name", [TABLE, GATE, "CHANGES.json", DATABASE])
def test_a_candidate_that_was_damaged_while_it_waits_is_reported_and_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made = judged(tmp_path, FIRST, channel="official", is_constructed=False)
    settings = settings_of(tmp_path, channel="official")
    settings.warehouse.mkdir()
    note = {"id": made.id, "path": str(made.path), "content_hash": made.content_hash}
    (settings.warehouse / "candidate.json").write_text(json.dumps(note), encoding="utf-8")
    settings.data.mkdir()
    before = find_waiting(settings)
    assert before.waiting == made.id and not any("damaged" in reason for reason in before.reasons)
    damage_bytes(made.path / name)
    (damage,) = [reason for reason in find_waiting(settings).reasons if "damaged" in reason]
    assert damage == f"it is damaged ({name}: the file was changed after it was judged): ./is248 run rebuilds it"
    assert "was changed after it was judged; ./is248 run rebuilds it" in invoked(tmp_path, monkeypatch, "verify", made.id)[1]
    with pytest.raises(UserError):
        snapshots.promote(made, tmp_path / "snapshots")
    assert pointer.current(tmp_path / "snapshots") is None
    # The result of a run on the same inputs replaces it.
    again = judged(tmp_path, FIRST, channel="official", is_constructed=False)
    assert again.id == made.id and not any("damaged" in reason for reason in find_waiting(settings).reasons)
    assert snapshots.promote(again, tmp_path / "snapshots") is True


# The pointer


def invoked(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """Run a command on a folder of snapshots; return its exit code and its output."""
    for name, path in (("DATA", "data"), ("WAREHOUSE", "warehouse"), ("SNAPSHOTS", "snapshots")):
        monkeypatch.setenv(f"IS248_{name}_DIR", str(folder / path))
    done = CliRunner().invoke(main, list(words), catch_exceptions=False)
    return done.exit_code, done.stdout + done.stderr


def folder_in_place(link: Path) -> None:
    shutil.copytree(link.resolve(), link.with_name("copy"))
    link.unlink()
    link.with_name("copy").rename(link)


def file_in_place(link: Path) -> None:
    link.unlink()
    link.write_text("2023", encoding="utf-8")


def to(target: str) -> Callable[[Path], None]:
    def point(link: Path) -> None:
        foreign = link.parent.parent / "foreign" / link.resolve().name
        shutil.copytree(link.resolve(), foreign)
        (link.parent / "linked").symlink_to(foreign)
        link.unlink()
        link.symlink_to(target.format(foreign=foreign))

    return point


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "folder": (folder_in_place, "it is a folder, but must be a link"),
    "file": (file_in_place, "it is a file, but must be a link"),
    "gone": (Path.unlink, "the link to the published snapshot is missing"),
    "foreign": (to("{foreign}"), "which is not a snapshot of this folder"),
    "foreign_by_a_link": (to("linked"), "which is not a snapshot of this folder"),
    "above": (to(".."), "which is not a snapshot of this folder"),
    "candidates": (to(".candidates"), "which is not a snapshot of this folder"),
    "to_a_file": (to(".journal.jsonl"), "which is not a snapshot of this folder"),
    "circle": (to("current"), "which is not a snapshot of this folder"),
    "dangling": (to("2019-000000000000"), "points to 2019-000000000000, which does not exist"),
}

COMMANDS = (
    ("status",),
    ("list",),
    ("verify",),
    ("diff", "2023", "current"),
    ("report", "2023"),
    ("rollback", "--reason", "wrong"),
    ("prune",),
    ("prune", "--keep", "1", "--delete"),
    ("publish",),
    ("run",),
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots, the second published."""
    folder = tmp_path_factory.mktemp("two")
    for rows in (FIRST, SECOND):
        published(folder, rows, by_gate=True)
    return folder


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_pointer_is_reported_with_a_command_that_mends_it(two: Path, tmp_path: Path, kind: str) -> None:
    folder = Path(shutil.copytree(two / "snapshots", tmp_path / "snap shots", symlinks=True))
    before = pointer.current(folder)
    damage, wanted = WRONG[kind]
    damage(folder / pointer.CURRENT)
    with pytest.raises(UserError, match=wanted) as raised:
        pointer.current(folder)
    assert raised.value.place == str(folder / "current") and ";" not in raised.value.remedy
    subprocess.run(["sh", "-c", raised.value.remedy.partition(": ")[2]], check=True)
    assert pointer.current(folder) == before


@pytest.mark.parametrize("kind", ["folder", "file", "foreign", "dangling"])
def test_a_wrong_pointer_without_a_journal_is_moved_away(two: Path, tmp_path: Path, kind: str) -> None:
    folder = Path(shutil.copytree(two / "snapshots", tmp_path / "snapshots", symlinks=True))
    WRONG[kind][0](folder / pointer.CURRENT)
    (folder / journal.JOURNAL).unlink()
    with pytest.raises(UserError) as raised:
        pointer.current(folder)
    if kind == "dangling":
        assert raised.value.remedy == "restore 2019-000000000000 from the backup"
        shutil.copytree(folder.parent / "foreign", folder / "2019-000000000000")
        assert pointer.current(folder) == folder / "2019-000000000000"
        return
    subprocess.run(["sh", "-c", raised.value.remedy.partition(": ")[2]], check=True)
    assert pointer.current(folder) is None


@pytest.mark.parametrize("kind", ["folder", "foreign", "dangling"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_looks_at_the_pointer_first(
    two: Path, tmp_path: Path, inputs: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], kind: str
) -> None:
    folder = Path(shutil.copytree(two / "snapshots", tmp_path / "snapshots", symlinks=True))
    WRONG[kind][0](folder / pointer.CURRENT)
    before = sorted(path.name for path in folder.iterdir())
    assert inputs == tmp_path / "data"
    code, output = invoked(tmp_path, monkeypatch, *command)
    errors = [line for line in output.splitlines() if line.startswith("error: ")]
    assert code == 1 and len(errors) == 1, output
    assert errors[0].startswith(f"error: {folder / 'current'}: ")
    assert re.search(r"ln -sf?n? 2023-[0-9a-f]{12} " + re.escape(shlex.quote(str(folder / "current"))), errors[0])
    # Nothing was started.
    assert not (tmp_path / "warehouse" / "warehouse.duckdb").exists()
    assert set(before) <= {path.name for path in folder.iterdir()} <= {*before, pointer.POINTER_LOCK}


@pytest.mark.parametrize("words", [("verify",), ("status",), ("diff", "2023", "current")], ids=" ".join)
def test_a_look_at_a_damaged_snapshot_says_so(
    snapshot_to_damage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    (tmp_path / "data").mkdir()
    path = snapshot_to_damage / DATABASE
    path.chmod(0o644)
    path.write_bytes(b"no database" * 1000)
    code, output = invoked(tmp_path, monkeypatch, *words)
    assert "was changed after it was judged; ./is248 run rebuilds it" in output and DATABASE in output
    assert code == (0 if words == ("status",) else 1)
