"""A delivery that comes again with fewer answers, through the real command: refused by name, signed, and refused again."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import yaml

from tests.conftest import Row, edit_csv, run_command
from tests.end_to_end.conftest import bytes_of
from tests.end_to_end.new_year import YEAR, write_new_year


def write_inputs(data: Path) -> None:
    """Write inputs with a bundled year, and a later one in which FTE alone are asked about."""
    write_new_year(data)
    folder = data / "forms" / f"is248_{YEAR}"

    def fte_alone(rows: list[Row]) -> list[Row]:
        blank = dict.fromkeys(rows[0], "")
        return [
            row
            if row["use"] != "answer" or row["unit"] == "fte"
            else blank | {"sheet": row["sheet"], "column": row["column"], "use": "ignored", "reason": "internal_check"}
            for row in rows
            if row["use"] != "absent"
        ]

    edit_csv(folder / "columns.csv", fte_alone)
    edit_csv(folder / "options.csv", lambda rows: [])


def deliver_without(data: Path, place: int) -> str:
    """Deliver the new year again without one of its rows; return the code of the unit as it was delivered."""
    (path,) = (data / "deliveries" / str(YEAR)).iterdir()
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-16")), delimiter="\t")
    form = yaml.safe_load((data / "forms" / f"is248_{YEAR}" / "form.yml").read_text(encoding="utf-8"))
    (column,) = form["sheets"][0]["unit"]["code"]
    code = rows.pop(place)[header.index(column)]
    with path.open("w", encoding="utf-16", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([header, *rows])
    return code


def test_answers_that_are_gone_need_a_signed_line_for_this_version_and_no_other(tmp_path: Path) -> None:
    data, rolls = tmp_path / "data", tmp_path / "snapshots" / ".disclosure"
    write_inputs(data)
    made = run_command("run", folder=tmp_path, data=data)
    assert made.returncode == 0, made.stderr
    first = (tmp_path / "snapshots/current").resolve()
    before = bytes_of(first)
    deliver_without(data, 10)
    looked = run_command("preview", str(YEAR), folder=tmp_path, data=data)
    assert looked.returncode == 0, looked.stderr

    refused = run_command("run", folder=tmp_path, data=data)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "lost_answers_are_signed (fail)" in refused.stderr
    # Before a model is made.
    assert "dbt models and tests" in made.stderr and "dbt models and tests" not in refused.stderr
    proposed = tmp_path / "warehouse/proposals/redeliveries" / f"{YEAR}.yml"
    text = proposed.read_text(encoding="utf-8")
    (entry,) = yaml.safe_load(text)
    (unit,) = entry["units"]
    assert f"unit_code={unit}" in refused.stderr and f"{unit} " in text
    # The refusal and the look print the entry as it is proposed, and nothing stands in the inputs.
    for output in (refused.stderr, looked.stdout):
        assert all(line in output for line in text.splitlines())
    assert not (data / "redeliveries").exists() and proposed.stat().st_mode & 0o077 == 0
    assert bytes_of((tmp_path / "snapshots/current").resolve()) == before

    (data / "redeliveries").mkdir()
    signed = data / "redeliveries" / f"{YEAR}.yml"
    signed.write_text(text, encoding="utf-8")
    unsigned = run_command("run", folder=tmp_path, data=data)
    assert unsigned.returncode == 1 and "reason: String should have at least 1 character" in unsigned.stderr
    for open_part, word in (
        ('reason: ""', "reason: taken back"),
        ('decided_by: ""', "decided_by: NN"),
        ("date:\n", "date: 2025-03-01\n"),
    ):
        text = text.replace(open_part, word)
    signed.write_text(text, encoding="utf-8")
    published = run_command("run", folder=tmp_path, data=data)
    assert published.returncode == 0, published.stderr
    second = (tmp_path / "snapshots/current").resolve()
    assert second != first and "signed_losses_are_there" not in published.stdout
    assert {path.name for path in rolls.glob("*.roll.parquet")} == {f"{each.name}.roll.parquet" for each in (first, second)}

    # The version after it is not covered: its own loss is refused, and the old line covers nothing.
    deliver_without(data, 29)
    again = run_command("run", folder=tmp_path, data=data)
    assert again.returncode == 1 and f"unit_code={unit}," not in again.stderr
    (other,) = yaml.safe_load(proposed.read_text(encoding="utf-8"))
    assert other["units"] != [unit] and f"unit_code={other['units'][0]}" in again.stderr
    assert (tmp_path / "snapshots/current").resolve() == second
