"""How long does the spring of a survey year take, and how many decisions must a person make?

    .venv/bin/python benchmarks/spring.py [--year 2024] [--from is248_2023] [--renamed 0.1] [--seed 1] [--hold]
        [--formats] [--into FOLDER]

Goes through a rehearsal with the commands of docs/run/spring.md alone: the earlier years are published; the first delivery
arrives, with renamed and reworded columns; the form is drafted, and decided in the workbook by the key of the rehearsal;
preview lists the missing entries, and they are added; a run; the late units arrive in separate files, and a run; the whole
delivery arrives again without its slips, and a run. A refused run does not stop the rehearsal: its message is part of the
result, and the next step follows. With --hold nothing of the year is published before the last run, as the document advises.

Prints as JSON: the wall time and the result of each step, how many decisions a person made, how often a form, a delivery or
an input was corrected, and which slips were reported before anything was published. Exits with 1 where the last run
published nothing, or a slip was not reported. About 10 minutes, 15 with all formats (--formats).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

PROJECT = Path(__file__).resolve().parent.parent

# Headers of the workbook of decisions, and the texts filled in.
KEY_HEAD, DECISION_HEAD, CANDIDATE, NEW = "Nøkkel (ikke endre)", "Beslutning", "kandidat", "nytt spørsmål"
# Cells of a new question, by the corresponding column of columns.csv.
CELLS = {
    "Spørsmål (id)": "question",
    "Post": "item",
    "Svar (id)": "answer",
    "Målgruppe": "target_group",
    "Skjema": "reporting_form",
    "Type": "type",
    "Enhet": "unit",
    "Hvem er spurt": "population_asked",
    "Skilletegn": "separator",
}


class Spring:
    """A rehearsal, the commands run in it, and their results."""

    def __init__(self, folder: Path, year: int, *, all_formats: bool) -> None:
        """Prepare a rehearsal in a new folder."""
        self.folder, self.year = folder, year
        self.data = folder / "data"
        self.delivery = self.data / "deliveries" / str(year)
        self.steps: list[dict[str, Any]] = []
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("IS248_")}
        if not all_formats:
            self.environment["IS248_FORMATS"] = ""

    def give(self, what: str, *arguments: str, may_be_refused: bool = False) -> dict[str, Any]:
        """Run a command, note its duration, and return its output; ``refused`` has the rules or the error."""
        started = time.monotonic()
        environment = self.environment | ({"IS248_DATA_DIR": str(self.data)} if self.data.is_dir() else {})
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", *arguments, "--json"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = round(time.monotonic() - started, 1)
        lines = done.stdout.strip().splitlines()
        answer: dict[str, Any] = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        if done.returncode:
            if not may_be_refused or not answer:
                raise SystemExit(f"{' '.join(arguments)}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
            rules = [f"{each['rule']} ({each['failing']})" for each in answer.get("rules", [])]
            answer["refused"] = rules or [f"{answer['place']}: {answer['error']}"]
        self.steps.append({"step": what, "command": " ".join(arguments[:1]), "seconds": seconds})
        return answer

    def note(self, **facts: Any) -> None:
        """Add to the result of the last step."""
        self.steps[-1] |= facts

    def look(self, what: str, *arguments: str) -> dict[str, Any]:
        """Preview the year, and note the result."""
        answer = self.give(what, "preview", str(self.year), *arguments)
        self.note(
            problems=len(answer["problems"]),
            undecided=sum(map(len, answer["undecided"].values())),
            missing_entries=len(answer["entries"]),
            rejected_cells=len(answer["rejected"]),
            answered=answer["units"]["answered"],
            expected=answer["units"]["expected"],
        )
        return answer

    def run(self, what: str, *arguments: str) -> str | None:
        """Run, note the result, and return the snapshot that was just published."""
        answer = self.give(what, "run", *arguments, may_be_refused=True)
        published: str | None = answer["snapshot"] if answer.get("published") else None
        if "refused" in answer:
            self.note(refused=answer["refused"])
        else:
            warned = [line.partition(":")[0] for line in answer["warnings"] if not line.startswith(" ")]
            self.note(published=published, waiting=answer["waiting"], warnings=warned)
        return published

    def find_slips(self, key: dict[str, Any], preview: dict[str, Any]) -> dict[str, list[str]]:
        """Return how each slip was reported: by cells that preview cannot read, or by findings of the control."""
        control = self.give("control", "control", str(self.year))
        path = next((self.data / "warehouse" / "control" / str(self.year)).glob("*_alle.csv"))
        with path.open(encoding="utf-8-sig", newline="") as file:
            findings = list(csv.reader(file, delimiter=";"))
        asked = {
            unit: {row[4] for row in findings if len(row) > 4 and row[1] == unit}
            for unit in (s["unit"] for s in key["slips"])
        }
        self.note(units=control["units"], findings=sum(control["findings"].values()))
        found = {}
        for slip in key["slips"]:
            cells = [each for name in ("rejected", "codes") for each in preview[name] if each["text"] == slip["delivered"]]
            ways = ["preview"] if any(each["column"] == slip["column"] for each in cells) else []
            found[f"{slip['kind']} {slip['unit']} {slip['column']}"] = ways + sorted(asked[slip["unit"]])
        return found


def decide(workbook: Path, key: dict[str, Any], previous: Path) -> dict[str, int]:
    """Fill in the workbook by the key of the rehearsal: the right candidate, or else the question itself."""
    with previous.open(encoding="utf-8", newline="") as file:
        known = {(row["sheet"], row["column"]): row for row in csv.DictReader(file)}
    truth = {(place.split(".", 1)[0], new): place.split(".", 1)[1] for place, new in key["renamed"].items()}
    counts = {"rows": 0, "first_candidate": 0, "other_candidate": 0, "no_candidate": 0}
    book = load_workbook(workbook)
    sheet = book.worksheets[0]
    heads = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        row_key = json.loads(sheet.cell(row, heads[KEY_HEAD]).value or "{}")
        place = tuple(row_key.get("row", ()))
        counts["rows"] += 1
        if place not in truth:
            # Columns that are no longer delivered are decided in the rows of their new names.
            continue
        names = [tuple(each[1:3]) for each in row_key["candidates"]]
        right = (place[0], truth[place])
        decision = sheet.cell(row, heads[DECISION_HEAD])
        if right in names:
            decision.value = f"{CANDIDATE} {names.index(right) + 1}"
            counts["first_candidate" if names[0] == right else "other_candidate"] += 1
            continue
        decision.value = NEW
        counts["no_candidate"] += 1
        for head, name in CELLS.items():
            sheet.cell(row, heads[head]).value = known[right].get(name) or None
    book.save(workbook)
    return counts


def add_entries(spring: Spring, preview: dict[str, Any]) -> int:
    """Add the round of the year where preview reports it missing; other entries cannot be made up."""
    missing = [each for each in preview["entries"] if each["place"].endswith("survey_rounds.csv")]
    for each in missing:
        survey = re.search(r"no round of (\w+) in", each["what"])
        assert survey is not None
        with Path(each["place"]).open("a", encoding="utf-8") as file:
            file.write(f"{survey.group(1)},{spring.year},{spring.year},rehearsal\n")
    return len(missing)


def name_late_files(form: Path) -> int:
    """Declare for each file with data that files with the same columns may arrive late."""
    lines = form.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = 0
    for number, line in enumerate(lines):
        named = re.search(r"pattern: \"?([\w.-]+)\.csv", line)
        if named and "reader: csv" in line and "late:" not in line:
            lines[number] = line.replace(", count:", f', late: "late_{named.group(1)}*.csv", count:')
            changed += 1
    form.write_text("".join(lines), encoding="utf-8")
    return changed


def copy_files(source: Path, target: Path) -> None:
    """Put the files of a delivery into its folder."""
    target.mkdir(exist_ok=True)
    for path in sorted(source.iterdir()):
        shutil.copyfile(path, target / path.name)


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files from a delivery."""
    for path in list(paths):
        path.unlink()


def main() -> int:
    """Go through the spring, print the results, and return whether it succeeded."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--year", type=int, default=2024)
    parser.add_argument("--from", dest="earlier", default="is248_2023")
    parser.add_argument("--renamed", default="0.1")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--formats", action="store_true")
    parser.add_argument("--into", type=Path)
    arguments = parser.parse_args()
    folder = arguments.into or Path(tempfile.mkdtemp(prefix="is248-spring-")) / "spring"
    year, earlier = arguments.year, arguments.earlier
    hold = ("--hold",) if arguments.hold else ()
    spring = Spring(folder, year, all_formats=arguments.formats)
    made = ("--from", earlier, "--into", str(folder), "--seed", arguments.seed)
    spring.give("rehearse", "rehearse", str(year), *made, "--awaited", "--reworded", "--renamed", arguments.renamed)
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    later = folder / "later"

    spring.run("the years before")
    copy_files(later / "0_first", spring.delivery)
    workbook = folder / "open.xlsx"
    drafted = spring.give("draft the form", "new-year", earlier, str(year), "--workbook", str(workbook))
    form = Path(drafted["folder"])
    decisions = decide(workbook, key, spring.data / "forms" / earlier / "columns.csv")
    spring.note(taken_over=drafted["draft"]["taken_over"], to_look_at=len(drafted["draft"]["notes"]), **decisions)
    spring.give("read the decisions", "new-year", earlier, str(year), "--decide", str(workbook))
    entries = add_entries(spring, spring.look("look at the first delivery"))
    preview = spring.look("look again")
    rounds = [spring.run("run the first delivery", "--year", str(year), *hold)]
    slips = spring.find_slips(key, preview)

    late_lines = name_late_files(form / "form.yml")
    copy_files(later / "1_late_files", spring.delivery)
    spring.look("look at the late files")
    rounds.append(spring.run("run with the late units", "--year", str(year), *hold))

    remove_files(spring.delivery.glob("late_*"))
    copy_files(later / "2_corrected", spring.delivery)
    preview = spring.look("look at the corrected delivery", "--against", "previous")
    spring.note(changed_answers=len(preview["compared"]["changed"]), units_gone=preview["compared"]["units_gone"])
    rounds.append(spring.run("run the corrected delivery"))

    result = {
        "year": year,
        "seconds": round(sum(step["seconds"] for step in spring.steps), 1),
        "runs": sum(step["command"] == "run" for step in spring.steps),
        "published": [each for each in rounds if each is not None],
        "decided_by_a_person": {
            "columns": decisions["first_candidate"] + decisions["other_candidate"] + decisions["no_candidate"],
            "entries": entries,
            "lines_of_the_form_for_late_files": late_lines,
        },
        "slips_told_by": slips,
        "steps": spring.steps,
        "folder": str(folder),
    }
    print(json.dumps(result, ensure_ascii=False, indent=2))
    return int(rounds[-1] is None or not all(slips.values()))


if __name__ == "__main__":
    sys.exit(main())
