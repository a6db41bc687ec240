"""A new year with a form of its own, and no code; and an old snapshot made again when its deliveries are archived only."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.release_calendar import CALENDAR
from orchestration.settings import PROJECT_DIR
from tests.conftest import INPUTS, Row, edit_csv, run_command
from tests.end_to_end.conftest import bytes_of

YEAR, LAST, LAST_FORM = 2024, 2018, "is248_2018"


def code_hashes() -> dict[str, str]:
    """Hash of every Python and SQL file of the project."""
    folders = ("orchestration", "dbt_project")
    return {
        path.relative_to(PROJECT_DIR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted((PROJECT_DIR / folder).rglob("*"))
        if path.suffix in {".py", ".sql"}
    }


FREE_TEXT = ("respondent_comment", "open_text", "respondent_role")


def canary(name: str) -> str:
    """Return what a respondent wrote into a column of free text."""
    return f"Ring Kari Kanari på 22 33 44 55 om {name}, kari.kanari@kommune.example"


def assert_no_canary(folder: Path, *outputs: str) -> None:
    """Look for the canary in every byte that is public or a log, and in every text of the public tables."""
    restricted = ("warehouse/warehouse.duckdb", "warehouse/archive/")
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
    assert "kanari" not in "".join(outputs).lower()
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
    # It was there to be found.
    with duckdb.connect(str(folder / "warehouse/warehouse.duckdb"), read_only=True) as connection:
        ((count,),) = connection.execute("select count(*) from raw.cells where contains(text, 'Kanari')").fetchall()
        assert count > 3


def new_name(name: str) -> str:
    return f"v{int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**8}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs with one bundled year, and a later year whose export is the same answers in another layout."""
    folder = tmp_path_factory.mktemp("new_year") / "data"
    for name in INPUTS:
        shutil.copytree(PROJECT_DIR / "data" / name, folder / name)
    source = PROJECT_DIR / "data"
    shutil.copyfile(source / CALENDAR, folder / CALENDAR)
    shutil.copytree(source / "forms" / LAST_FORM, folder / "forms" / LAST_FORM)
    shutil.copytree(source / "deliveries" / str(LAST), folder / "deliveries" / str(LAST))

    form: dict[str, Any] = yaml.safe_load((folder / "forms" / LAST_FORM / "form.yml").read_text(encoding="utf-8"))
    (export,) = [spec for spec in form["files"] if spec["reader"] == "csv"]
    (sheet,) = form["sheets"]
    (path,) = (folder / "deliveries" / str(LAST)).glob(export["pattern"])
    with path.open(encoding=export["encoding"], newline="") as file:
        rows = list(csv.DictReader(file, delimiter=export["delimiter"]))
    with (source / "forms" / LAST_FORM / "columns.csv").open(encoding="utf-8", newline="") as file:
        columns = list(csv.DictReader(file))

    answers = [row["column"] for row in columns if row["use"] == "answer" and row["type"] == "code"]
    free_text = [row["column"] for row in columns if row["use"] == "ignored" and row["reason"] in FREE_TEXT]
    assert len(free_text) > 3
    dropped, coded = answers[-1], answers[0]
    names = [name for name in rows[0] if name != dropped]
    random.Random(7).shuffle(names)
    (question,) = [row["question"] for row in columns if row["column"] == coded]
    target = folder / "deliveries" / str(YEAR)
    target.mkdir()
    with (target / "export.txt").open("w", encoding="utf-16", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow([*(new_name(name) for name in names), "ny"])
        for place, row in enumerate(rows):
            cells = {name: row[name].replace(str(LAST), str(YEAR)) for name in names}
            if place == 3:
                cells |= {name: canary(name) for name in free_text}
            if place in (5, 6):
                cells[coded] = {5: "41", 6: "42"}[place]  # the two new options
            writer.writerow([*(cells[name] for name in names), "3,5" if place == 7 else ""])

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(each) for each in value]
        return new_name(value) if isinstance(value, str) and value in rows[0] else value

    form.update(form=f"is248_{YEAR}", time_period=YEAR, collection_year=YEAR, delivery=str(YEAR))
    form["files"] = [{"name": "export", "pattern": "export.txt", "reader": "csv", "encoding": "utf-16", "delimiter": "\t"}]
    sheet["file"] = "export"
    sheet["unit"] = {key: renamed(value) for key, value in sheet["unit"].items()}
    sheet["submission"] = {key: renamed(value) for key, value in sheet["submission"].items()}
    sheet["rows_not_data"] = [{**rule, "column": renamed(rule["column"])} for rule in sheet.get("rows_not_data", [])]
    target = folder / "forms" / f"is248_{YEAR}"
    shutil.copytree(source / "forms" / LAST_FORM, target)
    (target / "form.yml").write_text(yaml.safe_dump(form, allow_unicode=True), encoding="utf-8")

    def rename(lines: list[Row]) -> list[Row]:
        kept = [{**line, "column": renamed(line["column"])} for line in lines if line["column"] != dropped]
        added = dict.fromkeys(lines[0], "") | {"sheet": sheet["name"], "column": "ny", "use": "answer"}
        added |= {"question": "new_question", "item": "all", "target_group": "total", "reporting_form": "total"}
        added |= {"type": "number", "unit": "persons", "population_asked": "all"}
        gone = dict.fromkeys(lines[0], "") | {"sheet": sheet["name"], "use": "absent", "reason": "not_asked"}
        return [*kept, added, gone | {"question": next(row["question"] for row in lines if row["column"] == dropped)}]

    def add_options(lines: list[Row]) -> list[Row]:
        still_asked = {line["question"] for line in lines} - {
            row["question"] for row in columns if row["column"] == dropped
        } | {row["question"] for row in columns if row["type"] == "code" and row["column"] != dropped}
        blank = dict.fromkeys(lines[0], "")
        new = [blank | {"question": question, "code": code, "answer": f"new_{code}"} for code in ("41", "42")]
        return [*(line for line in lines if line["question"] in still_asked), *new]

    edit_csv(target / "columns.csv", rename)
    edit_csv(target / "options.csv", add_options)
    return folder


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a snapshot of both years in all formats, made without a change of code; no test may change it."""
    folder = tmp_path_factory.mktemp("made")
    before = code_hashes()
    checked = run_command("forms", folder=folder, data=data)
    assert checked.returncode == 0, checked.stderr
    result = run_command("run", "--json", folder=folder, data=data, all_formats=True)
    assert result.returncode == 0, result.stderr
    assert_no_canary(folder, result.stdout, result.stderr)
    assert code_hashes() == before
    return folder


def copied(made: Path, folder: Path) -> Path:
    """Return a copy of the folder with the snapshot, in which a test may go on."""
    shutil.copytree(made / "snapshots", folder / "snapshots", symlinks=True)
    shutil.copytree(made / "warehouse", folder / "warehouse")
    return folder


def test_a_new_form_is_read_by_its_folder_alone(data: Path, made: Path) -> None:
    ledger = json.loads(run_command("status", "--json", folder=made, data=data).stdout)["ledger"]
    assert {entry["form"] for entry in ledger} == {LAST_FORM, f"is248_{YEAR}"}
    assert all(entry["balances"] for entry in ledger)

    answers = json.loads(
        run_command("explain", "answers", f"form=is248_{YEAR}", "--most", "100000", "--json", folder=made, data=data).stdout
    )["cells"]
    new = [cell for cell in answers if cell["value"] in ("new_41", "new_42") or cell["question"] == "new_question"]
    assert sorted(cell["value"] for cell in new) == ["3.500000", "new_41", "new_42"]
    assert all(cell["map_file"].endswith(f"is248_{YEAR}/columns.csv") and cell["map_line"] for cell in new)

    # The same answers as in the year that the export was made from, but for what was changed.
    last = json.loads(
        run_command("explain", "answers", f"form={LAST_FORM}", "--most", "100000", "--json", folder=made, data=data).stdout
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


def test_an_old_snapshot_is_made_again_elsewhere_byte_for_byte(data: Path, made: Path, tmp_path: Path) -> None:
    """In another folder, time zone and locale, from the archive: what lies in the folder of deliveries is another file."""
    folder, target = copied(made, tmp_path), tmp_path / "data"
    shutil.copytree(data, target)
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
    before = (made / "snapshots/current").readlink().name
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
    export.write_bytes((data / "deliveries" / str(LAST) / export.name).read_bytes())
    deliver_again("somebody")
    idle = run_command("run", "--json", folder=folder, data=target, all_formats=True)
    assert (idle.returncode, json.loads(idle.stdout)["published"]) == (0, False)
    assert f"nothing has changed since {identifier} was made" in idle.stderr


def test_a_damaged_delivery_is_told_in_one_line_and_the_other_years_stay(data: Path, made: Path, tmp_path: Path) -> None:
    copied(made, tmp_path)
    target = tmp_path / "data"
    shutil.copytree(data, target)
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


def test_one_year_can_be_run_alone_and_an_unknown_year_is_told(data: Path, tmp_path: Path) -> None:
    result = run_command("run", "--year", "1999", folder=tmp_path, data=data)
    assert result.returncode == 1
    assert "no form describes the year 1999" in result.stderr.splitlines()[-1]


def test_a_draft_of_the_next_form_lists_what_is_unsure(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "data"
    shutil.copytree(data, target)
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
    assert "the form is there already" in again.stderr
