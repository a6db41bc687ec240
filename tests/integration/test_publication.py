"""Candidate files and the pointer: formats say the same, promotion and its repetition, verification."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orchestration.errors import UserError
from orchestration.gate.verdict import judge
from orchestration.publish import snapshots
from orchestration.publish.candidate import DATABASE, Candidate, build
from orchestration.publish.writers import delimited
from orchestration.tables import Table
from orchestration.warehouse import connect
from tests.integration.test_gate import circumstances, nothing_to_add, rule

TEXT = {"nb": "norsk", "en": "English"}
TABLE = Table.model_validate(
    {
        "table": "fte_by_service",
        "title": TEXT,
        "description": TEXT,
        "key": ["time_period"],
        "measures": ["fte"],
        "columns": [
            {"name": "time_period", "type": "INTEGER", "title": TEXT, "description": TEXT},
            {"name": "fte", "type": "DOUBLE", "title": TEXT, "description": TEXT},
            {"name": "note", "type": "VARCHAR", "title": TEXT, "description": TEXT},
        ],
    }
)
ROWS = "(values (2023, 1.5, '=1+1'), (2022, null, 'plain, \"quoted\"'), (2021, 0.1, null))"


def warehouse(folder: Path, rows: str = ROWS) -> Path:
    path = folder / "warehouse.duckdb"
    path.unlink(missing_ok=True)
    with connect(path) as connection:
        connection.execute("create schema public")
        connection.execute(
            f"create table public.fte_by_service as select cast(a as integer) as time_period, cast(b as double) as fte, "
            f"c as note from {rows} as t (a, b, c)"
        )
    return path


def judged(folder: Path, rows: str = ROWS) -> Candidate:
    candidate = build(warehouse(folder, rows), [TABLE], folder / "snapshots" / ".candidates")
    nothing_to_add(candidate)
    judge([rule(rows="select 1 as x")], [TABLE], candidate, [], circumstances(folder))
    return candidate


def test_the_files_say_the_same_in_the_order_of_the_key(tmp_path: Path) -> None:
    candidate = build(warehouse(tmp_path), [TABLE], tmp_path / "candidates")
    assert candidate.id.startswith("2023-")
    with connect(candidate.path / DATABASE, read_only=True) as connection:
        rows = connection.sql("select * from fte_by_service").fetchall()
    assert [row[0] for row in rows] == [2021, 2022, 2023]
    parquet = duckdb.sql(f"select * from '{candidate.path}/parquet/fte_by_service.parquet'").fetchall()
    assert parquet == rows
    table = pd.read_csv(candidate.path / "csv" / "fte_by_service.csv")
    assert list(table["fte"].dropna()) == [0.1, 1.5]
    assert list(table["note"].dropna()) == ['plain, "quoted"', "'=1+1"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path: Path, start: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table fte_by_service as select 1 as time_period, 1.0 as fte, ? as note", [f"{start}x"])
        delimited.write(connection, TABLE, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().splitlines()[1].endswith(f"'{start}x")


def test_equal_content_gives_an_equal_id(tmp_path: Path) -> None:
    first, second = (
        build(warehouse(tmp_path / name), [TABLE], tmp_path / name / "candidates")
        for name in ("one", "two")
        if not (tmp_path / name).mkdir()  # type: ignore[func-returns-value]
    )
    assert first.id == second.id


def test_a_column_that_is_not_described_is_refused(tmp_path: Path) -> None:
    path = warehouse(tmp_path)
    with connect(path) as connection:
        connection.execute("alter table public.fte_by_service add column comment varchar")
    with pytest.raises(UserError, match="comment"):
        build(path, [TABLE], tmp_path / "candidates")


def test_promotion_moves_the_pointer_and_keeps_the_old_snapshot(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    first = judged(tmp_path)
    assert snapshots.promote(first, folder) is True
    assert snapshots.current(folder) == folder / first.id
    assert (folder / "current").readlink() == Path(first.id)
    second = judged(tmp_path, "(values (2024, 2.0, 'a'))")
    assert snapshots.promote(second, folder) is True
    assert snapshots.current(folder) == folder / second.id
    assert snapshots.verify(folder / first.id) == snapshots.verify(folder / second.id) == 5


def test_the_same_content_is_published_once(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    snapshots.promote(judged(tmp_path), folder)
    assert snapshots.promote(judged(tmp_path), folder) is False
    assert len([path for path in folder.iterdir() if path.is_dir() and path.name[0] == "2"]) == 1


def test_published_files_are_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    snapshots.promote(judged(tmp_path), folder)
    assert all(path.stat().st_mode & 0o222 == 0 for path in (folder / "current/").rglob("*") if path.is_file())


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    snapshots.promote(judged(tmp_path), folder)
    path = folder / "current" / "csv" / "fte_by_service.csv"
    path.chmod(0o644)
    path.write_text("time_period,fte,note\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"fte_by_service.csv: the file was changed"):
        snapshots.verify(folder / "current")
