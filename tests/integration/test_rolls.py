"""The roll of a published snapshot: written, kept with it, loaded by the next run, and optional."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.core.warehouse import IN_MEMORY, connect
from orchestration.publish import pointer, rolls, snapshots
from tests.integration.publication_kit import fte, passed, published

QUESTION = "'fte_by_service', 'work_measures', 'adults', 'joint'"


def warehouse(folder: Path, *units: str) -> Path:
    path = folder / f"{'_'.join(units)}.duckdb"
    with connect(path) as connection:
        connection.execute("create schema intermediate")
        connection.execute("create table intermediate.int_delivery_versions as select 'f' as form, 'ab' as sha256")
        connection.execute(
            "create table intermediate.int_answer_roll (form varchar, unit_code varchar, question varchar, item varchar, "
            "target_group varchar, reporting_form varchar)"
        )
        for unit in units:
            connection.execute(f"insert into intermediate.int_answer_roll values ('f', '{unit}', {QUESTION})")
    return path


def loaded(snapshots_folder: Path) -> list[tuple[str, str]]:
    with connect(IN_MEMORY) as connection:
        counts = rolls.load(connection, snapshots_folder, pointer.current(snapshots_folder))
        rows = connection.execute("select sha256, unit_code from history.answer_rolls order by all").fetchall()
    assert counts == {"answer_rolls": len(rows)}
    return rows


def test_the_same_answers_give_the_same_bytes_whatever_their_order(tmp_path: Path) -> None:
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    rolls.write(warehouse(tmp_path, "0101", "0104"), one)
    rolls.write(warehouse(tmp_path, "0104", "0101"), other)
    assert one.read_bytes() == other.read_bytes()
    assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_a_roll_is_kept_with_the_snapshot_and_loaded_while_that_is_current(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    assert loaded(folder) == []
    # A snapshot of an earlier program version, or from a backup without rolls, has none.
    first = published(tmp_path)
    assert loaded(folder) == []
    made = passed(tmp_path, {"fte_by_service": [fte(fte=2.5)]})
    rolls.write(warehouse(tmp_path, "0101"), made.path.parent / f"{made.id}{rolls.ROLL}")
    snapshots.promote(made, folder)
    assert loaded(folder) == [("ab", "0101")]
    assert not list((folder / ".candidates").glob(f"*{rolls.ROLL}"))
    snapshots.rollback(folder, "a test", first.name)
    assert loaded(folder) == []


def test_what_is_published_already_gets_its_roll_from_a_run_that_makes_it_again(tmp_path: Path) -> None:
    published(tmp_path)
    made = passed(tmp_path)
    rolls.write(warehouse(tmp_path, "0104"), made.path.parent / f"{made.id}{rolls.ROLL}")
    assert not snapshots.promote(made, tmp_path / "snapshots")
    assert loaded(tmp_path / "snapshots") == [("ab", "0104")]


def test_a_damaged_roll_is_reported_with_its_place(tmp_path: Path) -> None:
    path = rolls.kept_roll(tmp_path / "snapshots", published(tmp_path).name)
    path.write_bytes(b"no parquet")
    with pytest.raises(UserError, match=r"restore it from the backup; without it, deliveries") as caught:
        loaded(tmp_path / "snapshots")
    assert caught.value.place == str(path)
    path.unlink()
    with duckdb.connect() as connection:
        assert rolls.load(connection, tmp_path / "snapshots", None) == {"answer_rolls": 0}
