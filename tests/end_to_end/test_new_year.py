"""A new year with its own form, and no new code."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import run_command
from tests.end_to_end.conftest import copied
from tests.end_to_end.new_year import LAST_FORM, YEAR


def test_what_respondents_wrote_is_in_no_output(new_year: Path) -> None:
    """Look for the canary in every byte that is public or a log, and in every text of the public tables."""
    restricted = ("warehouse/warehouse.duckdb", "warehouse/archive/", "data/")
    folder = new_year
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    looked_at = [path for path in files if not path.relative_to(folder).as_posix().startswith(restricted)]
    assert {path.suffix for path in looked_at} >= {
        *(".csv", ".parquet", ".duckdb", ".json", ".html", ".xlsx", ".px", ".js", ".jsonld", ".md", ".log", ".db")
    }
    for path in looked_at:
        content = path.read_bytes().lower()
        assert b"kanari" not in content, path
        assert "kanari".encode("utf-16-le") not in content, path
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                assert not any(b"kanari" in parts.read(name).lower() for name in parts.namelist()), path
    # The bytes of Parquet and DuckDB are compressed.
    with duckdb.connect(str(folder / "snapshots/current/is248.duckdb"), read_only=True) as connection:
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        for name in names:
            parquet = folder / "snapshots/current/parquet" / f"{name}.parquet"
            for source in (f'"{name}"', f"'{parquet}'"):
                found = connection.execute(
                    f"select count(*) from {source} as facts where contains(lower(cast(facts as varchar)), 'kanari')"
                ).fetchone()
                assert found == (0,), source
    # The input did contain it.
    with duckdb.connect(str(folder / "warehouse/warehouse.duckdb"), read_only=True) as connection:
        ((count,),) = connection.execute("select count(*) from raw.cells where contains(text, 'Kanari')").fetchall()
        assert count > 3


def test_a_new_form_is_read_by_its_folder_alone(new_year: Path) -> None:
    ledger = json.loads(run_command("status", "--json", folder=new_year, data=new_year / "data").stdout)["ledger"]
    assert {entry["form"] for entry in ledger} == {LAST_FORM, f"is248_{YEAR}"}
    assert all(entry["balances"] for entry in ledger)

    answers = json.loads(
        run_command(
            "explain",
            "answers",
            f"form=is248_{YEAR}",
            "--limit",
            "100000",
            "--json",
            folder=new_year,
            data=new_year / "data",
        ).stdout
    )["cells"]
    new = [cell for cell in answers if cell["value"] in ("new_41", "new_42") or cell["question"] == "new_question"]
    assert sorted(cell["value"] for cell in new) == ["3.500000", "new_41", "new_42"]
    assert all(cell["map_file"].endswith(f"is248_{YEAR}/columns.csv") and cell["map_line"] for cell in new)

    # The same answers as in the source year, except for the changes.
    last = json.loads(
        run_command(
            "explain", "answers", f"form={LAST_FORM}", "--limit", "100000", "--json", folder=new_year, data=new_year / "data"
        ).stdout
    )["cells"]

    def fte(cells: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted(
            (cell["row_number"], cell["question"], cell["item"], cell["target_group"], cell["reporting_form"], cell["value"])
            for cell in cells
            if cell["question"].startswith("fte_") and cell["fate_reason"] == "answer"
        )

    rejected_rows = {
        cell["row_number"] for cell in answers if cell["fate_reason"] in ("split_unit", "unknown_unit", "no_unit")
    }
    assert fte(answers) == [entry for entry in fte(last) if entry[0] not in rejected_rows]
    assert len(fte(answers)) > 10_000


def test_a_damaged_delivery_is_reported_in_one_line_and_the_other_years_stay(new_year: Path, tmp_path: Path) -> None:
    copied(new_year, tmp_path)
    target = tmp_path / "data"
    shutil.copytree(new_year / "data", target)
    pointer = (tmp_path / "snapshots/current").readlink()
    before = json.loads(run_command("status", "--json", folder=tmp_path, data=target).stdout)["ledger"]
    (path,) = (target / "deliveries" / str(YEAR)).iterdir()
    path.write_bytes(path.read_bytes()[:100_001] + b"\x00\xd8")
    result = run_command("run", folder=tmp_path, data=target)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    last_line = result.stderr.splitlines()[-1]
    assert last_line.startswith("error: ")
    assert path.name in last_line
    assert (tmp_path / "snapshots/current").readlink() == pointer
    assert json.loads(run_command("status", "--json", folder=tmp_path, data=target).stdout)["ledger"] == before


def test_one_year_can_be_run_alone_and_an_unknown_year_is_reported(new_year: Path, tmp_path: Path) -> None:
    result = run_command("run", "--year", "1999", folder=tmp_path, data=new_year / "data")
    assert result.returncode == 1
    assert "no form describes the year 1999" in result.stderr.splitlines()[-1]
    # In a warehouse without other years, a run of one year has nothing to compare with; this is reported before it starts.
    result = run_command("run", "--year", str(YEAR), folder=tmp_path, data=new_year / "data")
    assert result.returncode == 1
    assert "and a run of one year reads no other year; ./is248 run reads all years" in result.stderr.splitlines()[-1]


def test_a_draft_of_the_next_form_lists_what_is_unsure(new_year: Path, tmp_path: Path) -> None:
    target = tmp_path / "data"
    shutil.copytree(new_year / "data", target)
    shutil.rmtree(target / "forms" / f"is248_{YEAR}")
    delivery = target / "deliveries" / "2019"
    shutil.move(target / "deliveries" / str(YEAR), delivery)
    for path in delivery.iterdir():
        path.rename(path.with_suffix(".csv"))
    result = run_command("new-year", LAST_FORM, "2019", folder=tmp_path, data=target)
    assert result.returncode == 0, result.stderr
    assert "ny" in result.stdout
    refused = run_command("run", folder=tmp_path, data=target)
    assert refused.returncode == 1
    assert "columns.csv, line" in refused.stderr.splitlines()[-1]
    again = run_command("new-year", LAST_FORM, "2019", folder=tmp_path, data=target)
    assert again.returncode == 1
    assert "the form already exists" in again.stderr
