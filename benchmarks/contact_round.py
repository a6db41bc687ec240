"""Is a contact round consistent, from the first reminder to the published figures?

    .venv/bin/python benchmarks/contact_round.py [--year 2016] [--each 10] [--into FOLDER]

Runs the contact round of a bundled year through the commands alone, in a separate installation: publishes, writes and sends
reminders after each deadline, notifies the county governors, asks the questions, and answers ten findings in each way
(wrong, right, do not know, ask again) in the list of the control. The effect shown before the answers are signed is compared
with the change in the published tables, without using the project's code. Then it approves what is settled.

Prints as JSON: the output and duration of each step, the effect shown and published, and the states at the end. Exits with 1
where the shown and the published effect differ, or the output of a step is wrong. About 6 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from openpyxl import load_workbook

PROJECT = Path(__file__).resolve().parent.parent

# The public FTE tables have the names of their questions.
TABLES = {"fte_by_service": "service_type", "fte_by_education": "education", "fte_by_pathway": "pathway"}
FORMS = {"joint": "felles rapportering", "mental_health": "psykisk helsearbeid", "substance_use": "rusarbeid"}
WRONG, RIGHT, UNKNOWN, AGAIN = "feil", "riktig", "vet ikke", "spør igjen"


class Trial:
    """A separate installation, and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        """Copy the bundled inputs."""
        self.data = folder / "data"
        shutil.copytree(PROJECT / "data", self.data, ignore=shutil.ignore_patterns("warehouse", "snapshots"))
        self.steps: list[dict[str, Any]] = []

    def give(self, *arguments: str) -> dict[str, Any]:
        """Run a command, and return its JSON output."""
        started = time.monotonic()
        environment = os.environ | {"IS248_DATA_DIR": str(self.data), "IS248_FORMATS": ""}
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", *arguments, "--json"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        self.steps.append({"command": " ".join(arguments[:2]), "seconds": round(time.monotonic() - started, 1)})
        return answer

    def figures(self, year: int) -> dict[tuple[str, str, str, str], Decimal]:
        """Return the published totals of a year, for the country and the counties on the areas of that year."""
        found = {}
        with duckdb.connect(str(self.data / "snapshots" / "current" / "is248.duckdb"), read_only=True) as connection:
            for table, category in TABLES.items():
                rows = connection.execute(
                    f"select unit_level, unit_code, target_group, fte from {table} where time_period = ? "
                    f"and unit_level in ('country', 'county') and area_basis = 'reported' and {category} = 'total' "
                    "and fte is not null",
                    [year],
                ).fetchall()
                found |= {(table, level, code, group): Decimal(str(fte)) for level, code, group, fte in rows}
        return found


def answer_list(trial: Trial, year: int, each: int) -> dict[str, int]:
    """Answer a number of findings of each kind in the list of the control, as a person with the forms at hand would."""
    path = trial.data / "warehouse" / "control" / str(year) / f"{year}_alle.xlsx"
    book = load_workbook(path)
    sheet, items = book["Kontroll"], book["Poster"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    labels = [items.cell(row, 1).value for row in range(2, items.max_row + 1)]
    given = dict.fromkeys((WRONG, RIGHT, UNKNOWN, AGAIN), 0)
    with duckdb.connect(str(trial.data / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        for row in range(2, sheet.max_row + 1):

            def put(head: str, value: Any, row: int = row) -> None:
                sheet.cell(row, heads[head]).value = value

            key = str(sheet.cell(row, heads["Nøkkel (ikke endre)"]).value).split("|")
            if key[3] in ("no_answer", "superseded_submission"):
                continue
            kind = next((kind for kind in given if given[kind] < each), None)
            if kind is None:
                break
            if kind == WRONG:
                cell = connection.execute(
                    "select labels.label_nb, answers.reporting_form, answers.number_value from "
                    "intermediate.int_delivered_answers as answers inner join staging.stg_forms__forms as forms "
                    "using (form) inner join staging.stg_classifications__codelists as breakdowns on "
                    "breakdowns.codelist = 'fte_breakdown' and breakdowns.code = answers.question "
                    "inner join staging.stg_classifications__codelists as labels "
                    "on labels.codelist = breakdowns.parent and labels.code = answers.item "
                    "where forms.time_period = ? and answers.unit_code = ? and answers.question = ? "
                    "and answers.target_group = ? and answers.number_value > 1 and answers.item != 'total' "
                    "order by answers.number_value desc, labels.label_nb limit 1",
                    [year, key[2], key[4], key[5]],
                ).fetchone()
                if cell is None or cell[0] not in labels or sheet.cell(row, heads["Post"]).value:
                    continue
                forms = {
                    "joint": "felles rapportering",
                    "mental_health": "psykisk helsearbeid",
                    "substance_use": "rusarbeid",
                }
                put("Post", cell[0])
                put("Skjema", forms.get(cell[1]))
                put("Ny verdi", float(cell[2]) / 2)
            if kind in (RIGHT, AGAIN):
                put("Forklaring", "Ny bolig åpnet" if kind == RIGHT else "Hvilken tjeneste gjelder det?")
            put("Svar", kind)
            put("Besvart av", "Kari Nordmann")
            put("Dato", f"{year}-06-20")
            given[kind] += 1
    book.save(path)
    return given


def main() -> int:
    """Run the contact round, print its output, and return whether everything is consistent."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--year", type=int, default=2016)
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--into", type=Path)
    arguments = parser.parse_args()
    folder = arguments.into or Path(tempfile.mkdtemp(prefix="is248-contact-"))
    folder.mkdir(parents=True, exist_ok=True)
    year = str(arguments.year)
    trial = Trial(folder)
    trial.give("run")
    before = trial.figures(arguments.year)

    rounds = {}
    by = ("--by", "Kari Nordmann")
    for day, sent in (
        ("05-14", ("--sent", "reminders")),
        ("05-31", ("--sent", "reminders", "--sent", "county_governors")),
        ("06-15", ("--sent", "questions")),
    ):
        answer = trial.give("contact", year, "--on", f"{year}-{day}")
        trial.give("contact", year, "--on", f"{year}-{day}", *sent, *by)
        rounds[day] = {"states": answer["states"], "letters": answer["letters"]}
    lists = trial.give("control", year)
    given = answer_list(trial, arguments.year, arguments.each)
    answers = str(trial.data / "warehouse" / "control" / year / f"{year}_alle.xlsx")
    shown = trial.give("control", year, "--answers", answers)
    trial.give("control", year, "--answers", answers, "--sign")
    trial.give("run")
    after = trial.figures(arguments.year)
    rounds["06-30"] = {"states": trial.give("contact", year, "--on", f"{year}-06-30")["states"]}
    approved = trial.give("contact", year, "--on", f"{year}-06-30", "--approve-settled", *by)
    rounds["approved"] = {"states": approved["states"]}

    expected: dict[tuple[str, str, str, str], Decimal] = {}
    for each in shown["effect"]:
        if each["unit_level"] in ("country", "county") and not each["answer"]:
            change = Decimal(each["after"] or 0) - Decimal(each["before"] or 0)
            for group in (each["target_group"], "total"):
                key = (each["question"], each["unit_level"], each["unit_code"], group)
                expected[key] = expected.get(key, Decimal(0)) + change
    published = {key: after[key] - before[key] for key in before if key in after and after[key] != before[key]}
    different = {
        "|".join(key): [str(expected.get(key)), str(published.get(key))]
        for key in expected.keys() | published.keys()
        if abs(expected.get(key, Decimal(0)) - published.get(key, Decimal(0))) > Decimal("0.005")
    }
    result = {
        "units_with_findings": lists["units"],
        "findings": sum(lists["findings"].values()),
        "questions": lists["questions"],
        "rounds": rounds,
        "answers": given,
        "became": {name: len(shown[name]) for name in ("corrections", "explanations", "asked_again", "unknown")},
        "changed_totals": len(published),
        "country": {"|".join(key): str(change) for key, change in sorted(published.items()) if key[1] == "country"},
        "shown_otherwise_than_published": different,
        "steps": trial.steps,
        "folder": str(folder),
    }
    print(json.dumps(result, ensure_ascii=False, indent=2))
    became = result["became"]
    return int(bool(different) or set(given.values()) != {arguments.each} or not became["corrections"] or not published)


if __name__ == "__main__":
    sys.exit(main())
