"""Does a run that takes over earlier results give the same bytes as a run from scratch?

    .venv/bin/python benchmarks/taken_over.py [--steps 6] [--years 2016 2018 2019] [--seed N] [--folder DIRECTORY]

Changes inputs, rules and code at random, one more change in each step: an answer is corrected, two answers of a delivery are
swapped, a column of a form is read as another question's remark, a label of a code list changes, a rule of the gate changes,
a model is rewritten with the same result, a model gives other figures. After each change the real command runs twice: on the
files of the earlier steps, and with only the published snapshots (``--all``, without a warehouse). Every file of the two
snapshots must be the same, byte for byte, and the verdicts too, except for the candidate on which a rule was judged. A
change that the gate refuses must be refused by both, for the same reasons.

The code is copied, so that a step may change it. Exits with 1 where anything differs.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.scaling.edits import change_one_year, correct_one_cell
from benchmarks.scaling.generator import generate
from benchmarks.scaling.measuring import Place
from orchestration.core.settings import PROJECT_DIR
from orchestration.publish.snapshot_files import DATABASE, GATE, GATE_FILES

CODE = ("orchestration", "dbt_project", "expectations", "deploy", "dagster.yaml", "workspace.yaml", "requirements.lock")
JUDGED_ON = "judged_on"


@dataclass(frozen=True)
class Trial:
    """A copy of code and inputs that the steps change, and the folders of the run that takes over."""

    folder: Path
    chance: random.Random

    @property
    def project(self) -> Path:
        """The copy of the code."""
        return self.folder / "project"

    @property
    def place(self) -> Place:
        """Inputs, warehouse and snapshots of the run that takes over."""
        return Place(self.folder / "work")

    def run(self, warehouse: Path, snapshots: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the copied command on the current inputs."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("IS248_")} | {
            "PYTHONPATH": str(self.project),
            "IS248_DATA_DIR": str(self.place.data),
            "IS248_WAREHOUSE_DIR": str(warehouse),
            "IS248_SNAPSHOTS_DIR": str(snapshots),
        }
        command = [sys.executable, "-m", "orchestration.cli", "run", *options]
        return subprocess.run(
            command, cwd=self.project, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )


def _replace(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    if before not in text:
        raise RuntimeError(f"{path} has no {before!r}")
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def _label(trial: Trial) -> str:
    path = trial.place.data / "classifications" / "codelists.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or []), list(reader)
    row = trial.chance.choice(rows)
    row["label_en"] += " (trial)"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return f"label of {row['codelist']} {row['code']}"


def _form(trial: Trial) -> str:
    """Ignore an answer column of a form that was read before."""
    path = trial.chance.choice(sorted(trial.place.data.glob("forms/*/columns.csv")))
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or []), list(reader)
    # Never of FTE: their national sums are compared with print.
    row = trial.chance.choice([row for row in rows if row["use"] == "answer" and not row["question"].startswith("fte")])
    description = f"{path.parent.name}: {row['column']} is ignored"
    row |= {name: "" for name in names if name != "column"} | {"use": "ignored", "reason": "technical"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return description


def _rule(trial: Trial) -> str:
    path = trial.chance.choice(sorted((trial.project / "expectations" / "rules").rglob("*.yml")))
    rules: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    rule = trial.chance.choice(rules if isinstance(rules, list) else rules["rules"])
    title = rule["title"]["en"]
    _replace(path, f'en: "{title}"', f'en: "{title} (trial)"')
    return f"text of the rule {rule['id']}"


def _model(trial: Trial) -> str:
    path = trial.chance.choice(sorted((trial.project / "dbt_project" / "models").rglob("*.sql")))
    path.write_text(path.read_text(encoding="utf-8") + f"-- trial {trial.chance.random()}\n", encoding="utf-8")
    return f"another text of the model {path.stem}"


def _figures(trial: Trial) -> str:
    path = trial.project / "dbt_project" / "models" / "public" / "person_estimates.sql"
    inner, left_out = path.read_text(encoding="utf-8"), trial.chance.randrange(7)
    path.write_text(f"select * from (\n{inner}\n) as trial where time_period % 7 != {left_out}\n", encoding="utf-8")
    return "other rows of the model person_estimates"


CHANGES: dict[str, Callable[[Trial], str]] = {
    "correction": lambda trial: correct_one_cell(trial.place),
    "delivery": lambda trial: f"two answers of {change_one_year(trial.place)} change places",
    "form": _form,
    "code list": _label,
    "rule": _rule,
    "SQL": _model,
    "figures": _figures,
}


def _verdict(folder: Path) -> Any:
    verdict = json.loads((folder / GATE).read_text(encoding="utf-8"))

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: bare(entry) for name, entry in value.items() if name != JUDGED_ON}
        return [bare(entry) for entry in value] if isinstance(value, list) else value

    return bare(verdict)


def differences(one: Path, other: Path) -> list[str]:
    """Return the files of two snapshots that differ. The tables of the DuckDB file, with its random parts, are files too."""
    found = []
    files = [
        {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for folder in (one, other)
    ]
    for name in sorted(files[0].keys() | files[1].keys()):
        if name.startswith((DATABASE, "SHA256SUMS", *GATE_FILES)):
            continue
        hashes = [hashlib.sha256(each[name].read_bytes()).digest() if name in each else None for each in files]
        if hashes[0] != hashes[1]:
            found.append(name)
    if _verdict(one) != _verdict(other):
        found.append(GATE)
    return found


def compare(trial: Trial, number: int) -> tuple[list[str], str]:
    """Run both ways and return the differences, and a line with the outcome."""
    place, anew = trial.place, trial.folder / f"anew-{number}"
    if (place.folder / "snapshots").exists():
        shutil.copytree(place.folder / "snapshots", anew / "snapshots", symlinks=True)
    runs, seconds = [], []
    for warehouse, snapshots, options in (
        (place.warehouse, place.folder / "snapshots", ()),
        (anew / "warehouse", anew / "snapshots", ("--all",)),
    ):
        started = time.perf_counter()
        runs.append(trial.run(warehouse, snapshots, *options))
        seconds.append(time.perf_counter() - started)
    durations = f"{seconds[0]:.0f} s, from nothing {seconds[1]:.0f} s"
    codes = [run.returncode for run in runs]
    if codes[0] != codes[1]:
        return [f"exit codes {codes}: {runs[0].stderr[-300:]} / {runs[1].stderr[-300:]}"], durations
    if codes[0]:
        reasons = [[line for line in run.stderr.splitlines() if line.startswith("  ") and "(" in line] for run in runs]
        return ([] if reasons[0] == reasons[1] else ["other reasons of the refusal"]), f"both refused; {durations}"
    folders = [(folder / "snapshots" / "current").resolve() for folder in (place.folder, anew)]
    found = [] if folders[0].name == folders[1].name else [f"{folders[0].name} and {folders[1].name}"]
    found += differences(*folders)
    for path in anew.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(anew)
    return found, f"{folders[0].name}; {durations}"


def main() -> None:
    """Take the steps and print the differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--years", type=int, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=248)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        trial = Trial((arguments.folder or Path(name)).resolve(), random.Random(arguments.seed))
        trial.project.mkdir(parents=True)
        for part in CODE:
            source = PROJECT_DIR / part
            if source.is_dir():
                shutil.copytree(source, trial.project / part, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
            else:
                shutil.copyfile(source, trial.project / part)
        generate(PROJECT_DIR / "data", trial.place.data, 1, arguments.years)
        kinds = list(CHANGES)
        trial.chance.shuffle(kinds)
        for number in range(arguments.steps + 1):
            description = CHANGES[kinds[(number - 1) % len(kinds)]](trial) if number else "as it is"
            found, seen = compare(trial, number)
            wrong += bool(found)
            outcome = f"DIFFERENT: {'; '.join(found[:8])}" if found else "the same"
            print(f"{number}. {description}: {outcome} ({seen})", flush=True)
        for path in trial.folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
    print(f"{wrong} of {arguments.steps + 1} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
