"""An old snapshot made again when its deliveries are archived only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from orchestration.core.settings import PROJECT_DIR
from tests.conftest import run_command
from tests.end_to_end.conftest import bytes_of, copied
from tests.end_to_end.new_year import LAST


def test_an_old_snapshot_is_made_again_elsewhere_byte_for_byte(new_year: Path, tmp_path: Path) -> None:
    """In another folder, time zone and locale, from the archive: what lies in the folder of deliveries is another file."""
    folder, target = copied(new_year, tmp_path), tmp_path / "data"
    shutil.copytree(new_year / "data", target)
    (export,) = (target / "deliveries" / str(LAST)).glob("is248_*.csv")

    def deliver_again(name: str) -> None:
        header, first, rest = export.read_text(encoding="latin-1").split("\n", 2)
        cells = first.split(";")
        cells[header.split(";").index("stilling")] = name  # not an answer, but other bytes
        export.write_text("\n".join((header, ";".join(cells), rest)), encoding="latin-1")

    deliver_again("somebody")
    run = run_command("run", "--json", folder=folder, data=target, all_formats=True)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["published"] is True
    identifier = json.loads(run.stdout)["snapshot"]
    before = (new_year / "snapshots/current").readlink().name
    assert identifier != before
    deliver_again("somebody else")

    project = tmp_path / "elsewhere åæø"
    for name in ("orchestration", "dbt_project", "expectations"):
        shutil.copytree(PROJECT_DIR / name, project / name, ignore=shutil.ignore_patterns("generated.yml", "__pycache__"))
    shutil.copy(PROJECT_DIR / "dagster.yaml", project)
    shutil.copytree(target, project / "data")
    everything = bytes_of(folder / "snapshots")
    again = run_command(
        "rebuild",
        identifier,
        "--into",
        str(project / "again"),
        "--json",
        folder=folder,
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
    # The database is compared table by table by the command.
    of_database = {"is248.duckdb", "is248.duckdb.sha256"}
    one, other = bytes_of(Path(rebuilt["folder"])), bytes_of(folder / "snapshots" / identifier)
    assert {name: sha for name, sha in one.items() if name not in of_database} == {
        name: sha for name, sha in other.items() if name not in of_database
    }
    assert json.loads((Path(rebuilt["folder"]) / "CHANGES.json").read_text(encoding="utf-8"))["predecessor"] == before
    assert bytes_of(folder / "snapshots") == everything
    # Nothing has changed since: the command says so and makes nothing.
    export.write_bytes((new_year / "data/deliveries" / str(LAST) / export.name).read_bytes())
    deliver_again("somebody")
    idle = run_command("run", "--json", folder=folder, data=target, all_formats=True)
    assert (idle.returncode, json.loads(idle.stdout)["published"]) == (0, False)
    assert f"nothing has changed since {identifier} was made" in idle.stderr
