"""A redelivery with fewer answers, and a snapshot rebuilt from the archive, by the real command."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
import yaml

from orchestration.core.settings import PROJECT_DIR
from tests.conftest import run_command
from tests.end_to_end.conftest import bytes_of, copied
from tests.end_to_end.new_year import YEAR

SIGNED = f"redeliveries/{YEAR}.yml"


@pytest.fixture(scope="module")
def place(new_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of inputs, warehouse and snapshot of a bundled year and a new one; the tests of this file share it."""
    folder = copied(new_year, tmp_path_factory.mktemp("redelivery") / "place")
    shutil.copytree(new_year / "data", folder / "data")
    return folder


def delivered(place: Path) -> Path:
    (path,) = (place / "data" / "deliveries" / str(YEAR)).iterdir()
    return path


def deliver_without(place: Path, row: int) -> None:
    """Deliver the new year again without one of its rows."""
    path = delivered(place)
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-16")), delimiter="\t")
    del rows[row]
    with path.open("w", encoding="utf-16", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([header, *rows])


def proposed(place: Path) -> tuple[str, str]:
    """Return the proposed entry, and the unit whose answers it covers."""
    text = (place / "warehouse" / "proposals" / SIGNED).read_text(encoding="utf-8")
    (entry,) = yaml.safe_load(text)
    (unit,) = entry["units"]
    return text, unit


def current(place: Path) -> Path:
    return (place / "snapshots" / "current").resolve()


def test_answers_that_are_gone_need_a_signed_line_for_this_version_and_no_other(place: Path) -> None:
    data, rolls = place / "data", place / "snapshots" / ".disclosure"
    first, before = current(place), bytes_of(current(place))
    deliver_without(place, 10)
    looked = run_command("preview", str(YEAR), folder=place, data=data)
    assert looked.returncode == 0, looked.stderr

    refused = run_command("run", folder=place, data=data)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "lost_answers_are_signed (fail)" in refused.stderr
    # Before any model is built.
    assert "lost answers ..." in refused.stderr and "dbt models and tests" not in refused.stderr
    text, unit = proposed(place)
    assert f"unit_code={unit}" in refused.stderr and f"{unit} " in text
    # Refusal and preview print the proposed entry, and the inputs are not changed.
    for output in (refused.stderr, looked.stdout):
        assert all(line in output for line in text.splitlines())
    assert not (data / "redeliveries").exists()
    assert (place / "warehouse" / "proposals" / SIGNED).stat().st_mode & 0o077 == 0
    assert bytes_of(current(place)) == before

    (data / "redeliveries").mkdir()
    (data / SIGNED).write_text(text, encoding="utf-8")
    unsigned = run_command("run", folder=place, data=data)
    assert unsigned.returncode == 1 and "reason: String should have at least 1 character" in unsigned.stderr
    for open_part, word in (
        ('reason: ""', "reason: taken back"),
        ('decided_by: ""', "decided_by: NN"),
        ("date:\n", "date: 2025-03-01\n"),
    ):
        text = text.replace(open_part, word)
    (data / SIGNED).write_text(text, encoding="utf-8")
    published = run_command("run", "--json", folder=place, data=data, all_formats=True)
    assert published.returncode == 0, published.stderr
    second = current(place)
    assert json.loads(published.stdout)["snapshot"] == second.name != first.name
    assert "signed_losses_are_there" not in published.stdout + published.stderr
    assert {path.name for path in rolls.glob("*.roll.parquet")} == {f"{each.name}.roll.parquet" for each in (first, second)}

    # The next version is not covered: its loss is refused, and the old entry covers nothing.
    version = delivered(place).read_bytes()
    deliver_without(place, 29)
    again = run_command("run", folder=place, data=data)
    assert again.returncode == 1 and f"unit_code={unit}," not in again.stderr
    _, other = proposed(place)
    assert other != unit and f"unit_code={other}" in again.stderr
    assert current(place) == second

    # When the covered version is back, nothing has changed: the command says so and makes nothing.
    delivered(place).write_bytes(version)
    idle = run_command("run", "--json", folder=place, data=data, all_formats=True)
    assert (idle.returncode, json.loads(idle.stdout)["published"]) == (0, False)
    assert f"nothing has changed since {second.name} was made" in idle.stderr


def test_a_snapshot_is_made_again_elsewhere_byte_for_byte(place: Path, new_year: Path) -> None:
    """In another folder, time zone and locale, from the archive, while the folder of deliveries has another file."""
    of = current(place)
    assert of.name != (new_year / "snapshots/current").readlink().name
    deliver_without(place, 29)
    project = place / "elsewhere åæø"
    for name in ("orchestration", "dbt_project", "expectations"):
        shutil.copytree(PROJECT_DIR / name, project / name, ignore=shutil.ignore_patterns("generated.yml", "__pycache__"))
    shutil.copy(PROJECT_DIR / "dagster.yaml", project)
    shutil.copytree(place / "data", project / "data")
    everything = bytes_of(place / "snapshots")
    again = run_command(
        "rebuild",
        of.name,
        "--into",
        str(project / "again"),
        "--json",
        folder=place,
        data=project / "data",
        project=project,
        all_formats=True,
        environment={
            "TZ": "Pacific/Kiritimati",
            "LC_ALL": "tr_TR.UTF-8",
            "LANG": "tr_TR.UTF-8",
            "PYTHONHASHSEED": "7",
        },
    )
    assert again.returncode == 0, again.stdout + again.stderr
    rebuilt = json.loads(again.stdout)
    assert rebuilt["different"] == []
    # The command compares the database table by table, and the verdict without the candidates of taken-over results.
    by_command = {"is248.duckdb", "is248.duckdb.sha256", "gate.json", "gate.html", "SHA256SUMS"}
    one, other = bytes_of(Path(rebuilt["folder"])), bytes_of(of)
    assert {name: sha for name, sha in one.items() if name not in by_command} == {
        name: sha for name, sha in other.items() if name not in by_command
    }
    assert "judged_on" not in (Path(rebuilt["folder"]) / "gate.json").read_text(encoding="utf-8")
    changes = json.loads((Path(rebuilt["folder"]) / "CHANGES.json").read_text(encoding="utf-8"))
    assert changes["predecessor"] == (new_year / "snapshots/current").readlink().name
    assert bytes_of(place / "snapshots") == everything
