"""A published snapshot is made again, byte for byte, when the deliveries that it was made from are in the archive only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from orchestration.release_calendar import CALENDAR
from orchestration.settings import PROJECT_DIR
from tests.conftest import INPUTS, run_command
from tests.end_to_end.conftest import bytes_of

FORMS = ("is248_2018", "is248_2019")


def test_an_old_snapshot_is_made_again_from_the_archive(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in INPUTS:
        shutil.copytree(PROJECT_DIR / "data" / name, data / name)
    shutil.copyfile(PROJECT_DIR / "data" / CALENDAR, data / CALENDAR)
    for form in FORMS:
        shutil.copytree(PROJECT_DIR / "data" / "forms" / form, data / "forms" / form)
        year = form.rpartition("_")[2]
        shutil.copytree(PROJECT_DIR / "data" / "deliveries" / year, data / "deliveries" / year)

    def run(*words: str) -> dict[str, object]:
        result = run_command(*words, "--json", folder=tmp_path, data=data)
        assert result.returncode == 0, result.stderr
        answer: dict[str, object] = json.loads(result.stdout)
        return answer

    def deliver_again(name: str) -> None:
        (export,) = (data / "deliveries" / "2018").glob("is248_*.csv")
        text = export.read_text(encoding="latin-1")
        header, first, rest = text.split("\n", 2)
        cells = first.split(";")
        cells[header.split(";").index("stilling")] = name  # no answer, but other bytes
        export.write_text("\n".join((header, ";".join(cells), rest)), encoding="latin-1")

    first = run("run")["snapshot"]
    deliver_again("somebody")
    old = run("run")
    assert old["published"] is True
    # What it was made from lies in the archive only, and is not the newest delivery there.
    deliver_again("somebody else")
    before = bytes_of(tmp_path / "snapshots")
    listed = run("list")["snapshots"]
    assert isinstance(listed, list)
    assert [row["snapshot"] for row in listed] == [first, old["snapshot"]]
    made = run("rebuild", str(old["snapshot"]), "--into", str(tmp_path / "again"))
    assert made["different"] == []
    original = bytes_of(tmp_path / "snapshots" / str(old["snapshot"]))
    again = bytes_of(Path(str(made["folder"])))
    database = {"is248.duckdb", "is248.duckdb.sha256"}  # compared table by table by the command
    assert {name: sha for name, sha in again.items() if name not in database} == {
        name: sha for name, sha in original.items() if name not in database
    }
    assert len(again) > 70
    assert bytes_of(tmp_path / "snapshots") == before
