"""Candidates that the gate refuses in the real command, and that a refusal changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from orchestration.core.settings import PROJECT_DIR
from tests.conftest import Row, edit_csv, run_command
from tests.end_to_end.conftest import bytes_of

REPORT = "published/is248_report_2016.csv"


def is_unit(row: Row, code: str, measure: str, group: str) -> bool:
    return (
        row["table_id"] == "vedlegg"
        and f"municipality_no={code};" in row["dimensions"]
        and row["measure"] == measure
        and f"target_group={group};" in row["dimensions"]
    )


def times_ten(rows: list[Row]) -> list[Row]:
    for row in rows:
        # Utsira, the smallest municipality of all: its FTE hardly affect any sum.
        if is_unit(row, "1151", "fte_reported", "adults") or is_unit(row, "1151", "fte_reported", "total"):
            row["value"] = str(int(row["value"]) * 10)
    return rows


def doubled(rows: list[Row]) -> list[Row]:
    return [copy for row in rows for copy in ([row, row] if is_unit(row, "0101", "fte_reported", "adults") else [row])]


def without_2009(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["year"] != "2009"]


def swapped_in_2008(rows: list[Row]) -> list[Row]:
    for row in (row for row in rows if row["year"] == "2008"):
        row["population_under_18"], row["population_18_plus"] = row["population_18_plus"], row["population_under_18"]
    return rows


CORRECTION = """
- {unit: "0101", year: 2016, question: fte_by_education, item: psychologist, target_group: adults, reporting_form: joint,
   expect: 12345, value: 1, reason: never delivered so, decided_by: a test, date: 2026-01-01}
"""


# The falsified input, and the first row of the rule that catches it.
CAUGHT = {
    "no_unexplained_difference": "municipality_no=1151",
    "key_is_unique": "municipality_no=0101",
    "every_correction_finds_what_it_expects": "unit_code=0101",
    "printed_total_belongs_to_round": "time_period=2009",
    "age_structure_is_plausible": "unit_code=0101",
}


def test_falsified_inputs_are_refused_each_by_its_rule_and_nothing_is_touched(
    new_year: Path, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever is published must stay as it is; a snapshot of two years takes least time to compare with.
    shutil.copytree(new_year / "snapshots", tmp_path / "snapshots", symlinks=True)
    before = bytes_of((tmp_path / "snapshots/current").resolve())
    # The falsified print is of this year; other deliveries are not needed.
    (inputs / "deliveries").unlink()
    (inputs / "deliveries").mkdir()
    (inputs / "deliveries" / "2016").symlink_to(PROJECT_DIR / "data" / "deliveries" / "2016")
    edit_csv(inputs / REPORT, times_ten)
    edit_csv(inputs / REPORT, doubled)
    (inputs / "corrections" / "test.yml").write_text(CORRECTION, encoding="utf-8")
    edit_csv(inputs / "reference/population.csv", without_2009)
    edit_csv(inputs / "reference/population.csv", swapped_in_2008)

    result = run_command("run", folder=tmp_path, data=inputs)

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    lines = result.stderr.splitlines()
    for rule, row in CAUGHT.items():
        (place,) = [place for place, line in enumerate(lines) if line.startswith(f"  {rule} (fail)")]
        assert row in lines[place + 1]
    assert "nothing was published" in result.stderr
    assert bytes_of((tmp_path / "snapshots/current").resolve()) == before
    # Dagster has recorded the candidate and the reasons of its refusal, but no snapshot.
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "warehouse/dagster"))
    with dg.DagsterInstance.get() as instance:
        assert instance.get_latest_materialization_event(dg.AssetKey(["publication", "candidate"])) is not None
        assert instance.get_latest_materialization_event(dg.AssetKey(["publication", "snapshot"])) is None
    (candidate,) = (tmp_path / "snapshots/.candidates").glob("2*/")
    page = (candidate / "gate.html").read_text(encoding="utf-8")
    assert all(rule in page for rule in CAUGHT)


def test_an_unreadable_input_is_reported_in_one_line(inputs: Path, tmp_path: Path) -> None:
    (inputs / "deliveries").unlink()
    (inputs / "deliveries").mkdir()
    (inputs / "reference/population.csv").write_bytes(b"year;code\n2016;0101\n")
    result = run_command("run", folder=tmp_path, data=inputs)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "population.csv" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "snapshots/current").exists()
