"""A new year with its own form: the inputs from which its tests start."""

from __future__ import annotations

import csv
import hashlib
import random
import shutil
from pathlib import Path
from typing import Any

import yaml

from orchestration.core.release_calendar import CALENDAR
from orchestration.core.settings import PROJECT_DIR
from tests.conftest import INPUTS, Row, edit_csv

YEAR, LAST, LAST_FORM = 2024, 2018, "is248_2018"

FREE_TEXT = ("respondent_comment", "open_text", "respondent_role")


def canary(name: str) -> str:
    """Return a respondent's text in a free-text column."""
    return f"Ring Kari Kanari på 22 33 44 55 om {name}, kari.kanari@kommune.example"


def new_name(name: str) -> str:
    return f"v{int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**8}"


def write_new_year(folder: Path) -> None:
    """Write inputs with one bundled year, and a later year that exports the same answers in another layout."""
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
