"""Does a correction for one municipality change the reports where they depend on it, and nowhere else?

    .venv/bin/python benchmarks/corrected_reports.py [--into FOLDER] [--unit 5035 --item home_ambulatory --by -5]
    .venv/bin/python benchmarks/corrected_reports.py --before SNAPSHOT --after SNAPSHOT

Publishes an installation with the national report, all memos and all sheets; signs a correction of one FTE number of the
newest round; publishes again. Then it checks every number of every report: it reads the cells of the number from the files
of both snapshots, and compares its text in both reports. Prints as JSON, for the national report, the memo of the county and
the sheet of the municipality: how many numbers depend on a changed cell, how many have another text, and in which tables and
sentences; and how many of all other reports are identical files. Exits with 1 where a text changed but its cells did not, or
a report with unchanged numbers is another file. With two snapshot folders it only compares them. About 15 minutes.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.publish.formats import REPORTS
from orchestration.report.manifest import MANIFEST, quantity_of, read_manifest
from orchestration.report.read_back import Again
from orchestration.report.values import ReportError
from orchestration.report.verify import numbers_of

PROJECT = Path(__file__).resolve().parent.parent
FORMATS = ",".join(REPORTS)
# Not numbers: notes of a table and words of a sentence about a corrected value.
PARAGRAPH = re.compile(r"<(?:p|li|figcaption|caption)\b[^>]*>(.*?)</(?:p|li|figcaption|caption)>", re.DOTALL)


def publish(data: Path) -> Path:
    """Run the command, and return the snapshot."""
    environment = os.environ | {"IS248_DATA_DIR": str(data), "IS248_FORMATS": FORMATS, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "orchestration.cli", "run"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-3000:])
    return (data / "snapshots" / "current").resolve()


def correction(data: Path, unit: str, item: str, by: str) -> str:
    """Return the entry that corrects a delivered number of FTE of the newest round by some FTE."""
    with duckdb.connect(str(data / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select time_period, target_group, reporting_form, number_value from intermediate.int_cells"
            " where unit_code = ? and item = ? and question = 'fte_by_service' and number_value is not null"
            " order by time_period desc, number_value desc limit 1",
            [unit, item],
        ).fetchone()
    if found is None:
        raise SystemExit(f"{unit} has delivered no {item}")
    year, group, form, value = found
    return (
        f'- unit: "{unit}"\n  year: {year}\n  question: fte_by_service\n  item: {item}\n  target_group: {group}\n'
        f"  reporting_form: {form}\n  expect: {value.normalize():f}\n  value: {(value + Decimal(by)).normalize():f}\n"
        "  reason: A trial\n  decided_by: Kari Nordmann\n  date: 2026-11-20\n"
    )


def reports_of(snapshot: Path) -> dict[str, Path]:
    """Return the folders of the reports of a snapshot by name."""
    return {path.parent.name: path.parent for format_ in REPORTS for path in (snapshot / format_).glob(f"*/{MANIFEST}")}


def sentences(folder: Path, edition: str) -> list[str]:
    """Return the paragraphs, captions and notes of a report, without its edition."""
    page = (folder / f"{folder.name}.html").read_text(encoding="utf-8").replace(edition, "")
    return [html.unescape(" ".join(re.sub(r"<[^>]+>", "", text).split())) for text in PARAGRAPH.findall(page)]


def placed(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield every number of a manifest; repetitions on a line are numbered."""
    counts: Counter[str] = Counter()
    for where, number, text in numbers_of(content):
        counts[where] += 1
        yield f"{where} ({counts[where]})" if counts[where] > 1 else where, dict(number), text


def value_of(again: Again, number: dict[str, Any]) -> Decimal | None:
    """Return the value of a number according to the files of a snapshot."""
    try:
        return again.value(quantity_of(number))
    except ReportError:
        return None


def compare(before: Path, after: Path) -> dict[str, Any]:
    """Return the differences between the reports of two snapshots, and those without a reason."""
    old, new = reports_of(before), reports_of(after)
    cells = [
        cell
        for folder in new.values()
        for _, number, _ in numbers_of(read_manifest(folder / MANIFEST))
        for cell in quantity_of(number).cells
    ]
    then, now = Again(before, cells), Again(after, cells)
    comparison: dict[str, Any] = {"reports": len(new), "same_files": 0, "changed": {}, "without_reason": []}
    for name in sorted(new):
        if name not in old:
            comparison["without_reason"].append(f"{name} is new")
            continue
        first, last = read_manifest(old[name] / MANIFEST), read_manifest(new[name] / MANIFEST)
        texts = {where: text for where, _, text in placed(first)}
        found = list(placed(last))
        moved = {where for where, number, _ in found if value_of(then, number) != value_of(now, number)}
        written = {where: [texts.get(where), text] for where, _, text in found if texts.get(where) != text}
        comparison["without_reason"] += [f"{name}: {where}" for where in written.keys() - moved]
        files = {path.name: path.read_bytes() for path in sorted(new[name].iterdir())}
        if files == {path.name: path.read_bytes() for path in sorted(old[name].iterdir())}:
            comparison["same_files"] += 1
            continue
        sentences_before, sentences_after = sentences(old[name], first["edition"]), sentences(new[name], last["edition"])
        comparison["changed"][name] = {
            "numbers": len(found),
            "on_a_cell_that_moved": len(moved),
            "written_otherwise": written,
            "tables": sorted({where.split(" / ")[0] for where in written if " / " in where}),
            "sentences": [text for text in sentences_after if text not in sentences_before],
        }
        if not written and not comparison["changed"][name]["sentences"] and not moved:
            comparison["without_reason"].append(f"{name} is another file")
    return comparison


def main() -> int:
    """Publish twice, compare, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, help="folder of the installation; by default a temporary one")
    parser.add_argument("--unit", default="5035", help="the municipality whose number is corrected")
    parser.add_argument("--item", default="home_ambulatory", help="the service")
    parser.add_argument("--by", default="-5", help="by how many FTE")
    parser.add_argument("--before", type=Path, help="folder of an existing snapshot")
    parser.add_argument("--after", type=Path, help="folder of a snapshot with a correction")
    given = parser.parse_args()
    if given.before and given.after:
        comparison = compare(given.before, given.after)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            data = (given.into or Path(temporary)) / "data"
            shutil.copytree(PROJECT / "data", data, ignore=shutil.ignore_patterns("warehouse", "snapshots"))
            before = publish(data)
            (data / "corrections" / "trial.yml").write_text(
                correction(data, given.unit, given.item, given.by), encoding="utf-8"
            )
            comparison = compare(before, publish(data))
    print(json.dumps(comparison, ensure_ascii=False, indent=1))
    return 1 if comparison["without_reason"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
