"""Does what changed between two snapshots read true, for each kind of change?

    .venv/bin/python benchmarks/changes.py [--into FOLDER]

Publishes an installation in which a municipality of a round without carrying forward and one of a round with it have not
answered yet, and then one change after the other, each by the whole command:

- planned: the unit that was carried forward has answered;
- late: the unit that was missing has answered;
- error: a signed correction of one answer, in a year whose figures are printed;
- form: the form map of a round has two services the other way round;
- base: the report's percentages of a question are of other units than was thought (a table of data/indicators);
- code list: a label.

A new year is a trial of its own (``benchmarks/rounds.py``). Printed, as JSON: of each step the sentences of ``CHANGES.md``
in English, the rows of each class by table, and the verdicts on the printed figures. Ends with 1 where the classes are not
those that the step made. About 30 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

PROJECT = Path(__file__).resolve().parent.parent

# A small unit each: without it the printed totals of the year still agree within their rounding.
MISSING, CARRIED = ("2018/is248_2018.csv", "1816"), ("2020/is248_2020.csv", "1834")

CORRECTION = """- unit: "0709"
  year: 2016
  question: fte_by_service
  item: housing_with_staff
  target_group: adults
  reporting_form: joint
  expect: 87.65
  value: 80.65
  reason: Seven FTE were counted twice
  decided_by: Kari Nordmann
  date: 2026-11-20
"""

# By step, the classes that its changed figures of observations have.
CLASSES = {
    "planned": {"planned", "late"},
    "late": {"late", "new"},
    "error": {"error"},
    "form": {"form"},
    # Main figures stay: the share by the base of the year is another column.
    "base": set(),
    "code list": set(),
}


class Installation:
    """Inputs of their own, with the warehouse and the snapshots beside them."""

    def __init__(self, folder: Path) -> None:
        """Copy the bundled inputs."""
        self.folder = folder
        self.data = folder / "data"
        shutil.copytree(PROJECT / "data", self.data, ignore=shutil.ignore_patterns("warehouse", "snapshots"))

    def take_out(self, file: str, unit: str) -> str:
        """Take the row of a unit out of a delivery, and return the file as it was."""
        path = self.data / "deliveries" / file
        before = path.read_text(encoding="latin-1")
        lines = before.splitlines(keepends=True)
        kept = [line for line in lines if f";{unit};" not in line]
        assert len(lines) - len(kept) == 1, f"{unit} has {len(lines) - len(kept)} rows in {file}"
        path.write_text("".join(kept), encoding="latin-1")
        return before

    def put_back(self, file: str, text: str) -> None:
        """Write a delivery as it was."""
        (self.data / "deliveries" / file).write_text(text, encoding="latin-1")

    def replace(self, file: str, change: Callable[[str], str]) -> None:
        """Change an input, which has to become another one."""
        path = self.data / file
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert before != after, file
        path.write_text(after, encoding="utf-8")

    def sign(self, correction: str) -> None:
        """Put a correction on file."""
        (self.data / "corrections").mkdir(exist_ok=True)
        (self.data / "corrections" / "trial.yml").write_text(correction, encoding="utf-8")

    def publish(self) -> Path:
        """Run the command, and return the snapshot."""
        environment = os.environ | {"IS248_DATA_DIR": str(self.data), "IS248_FORMATS": ""}
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "run"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-3000:])
        return (self.data / "snapshots" / "current").resolve()


def swapped(text: str) -> str:
    """Return a form map in which two services of adults are the other way round."""
    one, other = (f"fte_by_service,{name}," for name in ("activity_centre", "other_activities"))
    lines = []
    for line in text.split("\n"):
        if ",adults," in line and one in line:
            line = line.replace(one, other)
        elif ",adults," in line and other in line:
            line = line.replace(other, one)
        lines.append(line)
    return "\n".join(lines)


def told(snapshot: Path) -> dict[str, object]:
    """Return what a snapshot says of its changes."""
    text = (snapshot / "CHANGES.md").read_text(encoding="utf-8")
    english = text.partition("# Changes in ")[2]
    found = re.search(r"## In short\n\n(.*?)\n\n##", english, re.DOTALL)
    with duckdb.connect(str(snapshot / "is248.duckdb"), read_only=True) as connection:
        classes = connection.execute(
            "select table_name, revision_class, count(*) from revisions group by all order by all"
        ).fetchall()
        verdicts = connection.execute("select verdict, count(*) from reconciliation group by all order by all").fetchall()
    return {
        "snapshot": snapshot.name,
        "in_short": [line.removeprefix("- ") for line in found[1].split("\n")] if found else [],
        "classes": [f"{table}: {name} {count}" for table, name, count in classes],
        "verdicts": dict(verdicts),
        "found": sorted({name for _, name, _ in classes}),
    }


def steps(installation: Installation) -> Iterable[tuple[str, Callable[[], None]]]:
    """Yield the changes, each with its name."""
    carried = installation.take_out(*CARRIED)
    missing = installation.take_out(*MISSING)
    yield "first", lambda: None
    yield "planned", lambda: installation.put_back(CARRIED[0], carried)
    yield "late", lambda: installation.put_back(MISSING[0], missing)
    yield "error", lambda: installation.sign(CORRECTION)
    yield "form", lambda: installation.replace("forms/is248_2019/columns.csv", swapped)
    yield (
        "base",
        lambda: installation.replace(
            "indicators/bases.csv", lambda text: text.rstrip("\n") + "\ncrisis_plan,2022,all,a trial\n"
        ),
    )
    yield (
        "code list",
        lambda: installation.replace(
            "classifications/codelists.csv", lambda text: text.replace("Explained difference", "Difference with a reason")
        ),
    )


def main() -> int:
    """Publish, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, help="folder of the installation; a temporary one unless given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        installation = Installation(arguments.into or Path(temporary) / "trial")
        report: dict[str, dict[str, object]] = {}
        wrong = []
        for name, change in steps(installation):
            change()
            report[name] = told(installation.publish())
            if name in CLASSES and set(report[name]["found"]) != CLASSES[name]:  # type: ignore[call-overload]
                wrong.append(name)
            print(f"{name}: {report[name]['in_short']}", file=sys.stderr, flush=True)
        print(json.dumps({"steps": report, "other_than_made": wrong}, ensure_ascii=False, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
