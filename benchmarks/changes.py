"""Are the changes between two snapshots described correctly, for each kind of change?

    .venv/bin/python benchmarks/changes.py [--into FOLDER]

Publishes an installation in which two municipalities have not answered yet, one in a round without carrying forward and
one in a round with it. Then publishes one change after the other, each with the full command:

- planned: the unit that was carried forward has answered;
- late: the unit that was missing has answered;
- error: a signed correction of one answer, in a year whose figures are printed;
- form: two services are swapped in the form map of a round;
- base: the percentages of a question in the report have another base than assumed (a table of data/indicators);
- code list: a label.

New years have their own benchmark (``benchmarks/rounds.py``). Prints as JSON, for each step: the English sentences of
``CHANGES.md``, the rows of each class by table, and the verdicts on the printed figures. Exits with 1 where the classes are
not those that the step should give. About 30 minutes.
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

# Small units: without them the printed totals of the year still agree within their rounding.
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

# By step, the classes of its changed observations.
CLASSES = {
    "planned": {"planned", "late"},
    "late": {"late", "new"},
    "error": {"error"},
    "form": {"form"},
    # Main figures do not change: the share by the base of the year is another column.
    "base": set(),
    "code list": set(),
}


class Installation:
    """A copy of the inputs, with its own warehouse and snapshots."""

    def __init__(self, folder: Path) -> None:
        """Copy the bundled inputs."""
        self.folder = folder
        self.data = folder / "data"
        shutil.copytree(PROJECT / "data", self.data, ignore=shutil.ignore_patterns("warehouse", "snapshots"))

    def take_out(self, file: str, unit: str) -> str:
        """Remove the row of a unit from a delivery, and return the original text of the file."""
        path = self.data / "deliveries" / file
        before = path.read_text(encoding="latin-1")
        lines = before.splitlines(keepends=True)
        kept = [line for line in lines if f";{unit};" not in line]
        assert len(lines) - len(kept) == 1, f"{unit} has {len(lines) - len(kept)} rows in {file}"
        path.write_text("".join(kept), encoding="latin-1")
        return before

    def put_back(self, file: str, text: str) -> None:
        """Restore a delivery."""
        (self.data / "deliveries" / file).write_text(text, encoding="latin-1")

    def replace(self, file: str, change: Callable[[str], str]) -> None:
        """Replace a text in an input; fails if nothing changes."""
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


def description_of(snapshot: Path) -> dict[str, object]:
    """Return how a snapshot describes its changes."""
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
    """Publish the steps and print what their snapshots say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, help="folder of the installation; by default a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        installation = Installation(arguments.into or Path(temporary) / "trial")
        report: dict[str, dict[str, object]] = {}
        wrong = []
        for name, change in steps(installation):
            change()
            report[name] = description_of(installation.publish())
            if name in CLASSES and set(report[name]["found"]) != CLASSES[name]:  # type: ignore[call-overload]
                wrong.append(name)
            print(f"{name}: {report[name]['in_short']}", file=sys.stderr, flush=True)
        print(json.dumps({"steps": report, "other_than_made": wrong}, ensure_ascii=False, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
