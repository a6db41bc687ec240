"""Changes of inputs after which a benchmark runs again.

Belongs here: one small change each, of inputs of any size. Does not belong here: measuring.
"""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import duckdb

from benchmarks.scaling.generator import TEST_CODES
from benchmarks.scaling.measuring import Place
from orchestration.forms.model import Form, header
from orchestration.forms.registry import load_forms

# The median of all numbers delivered in the newest year, from the warehouse.
MIDDLE_CELL = """
    with delivered as (
        select time_period, unit_code, question, target_group, reporting_form, category, fte
        from intermediate.int_fte_cells
        where question = 'fte_by_service' and fte >= 2 and not is_corrected and not is_rejected and not is_carried_forward
            and time_period = (select max(time_period) from intermediate.int_fte_cells where fte is not null)
    )

    select * from delivered
    order by fte, unit_code, category, target_group, reporting_form
    limit 1 offset (select count(*) // 2 from delivered)
"""


def correct_one_cell(place: Place) -> str:
    """Correct one FTE number of the newest year by a fifth, and return which.

    Raises:
        RuntimeError: there is no such number.
    """
    with duckdb.connect(str(place.warehouse / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(MIDDLE_CELL).fetchone()
    if found is None:
        raise RuntimeError("no number of FTE can be corrected")
    year, unit, question, target_group, form, category, fte = found
    entry = {
        "unit": f'"{unit}"',
        "year": year,
        "question": question,
        "item": category,
        "target_group": target_group,
        **({"reporting_form": form} if form != "total" else {}),
        "expect": float(fte),
        "value": round(float(fte) * 0.8, 1),
        "reason": "A trial",
        "decided_by": "Kari Nordmann",
        "date": "2026-11-20",
    }
    lines = [f"{'- ' if number == 0 else '  '}{name}: {value}" for number, (name, value) in enumerate(entry.items())]
    (place.data / "corrections" / "benchmark.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"{unit} {year} {target_group} {category}: {fte} is {entry['value']}"


def change_one_year(place: Place) -> str:
    """Swap one answer of two units of the newest csv delivery, and return the delivery; sums stay, figures of units change.

    Raises:
        RuntimeError: no csv delivery has such rows.
    """
    forms = [
        form
        for form in load_forms(place.data / "forms")
        if form.units == "municipalities"
        and form.files[0].reader == "csv"
        and (place.data / "deliveries" / form.delivery).is_dir()
    ]
    for form in sorted(forms, key=lambda form: -form.time_period):
        if _swap_answers(form, place.data / "deliveries" / form.delivery):
            return form.delivery
    raise RuntimeError("no csv delivery has two rows whose answers can be swapped")


def _swap_answers(form: Form, folder: Path) -> bool:
    spec, sheet = form.files[0], form.sheets[0]
    (path,) = folder.glob(spec.pattern)
    content = path.read_bytes().decode(spec.encoding or "utf-8")
    rows = list(csv.reader(content.splitlines(keepends=True), delimiter=spec.delimiter or ";"))
    names = [header(name) for name in rows[sheet.header_rows[-1] - 1]]
    assert sheet.unit is not None
    code = names.index(header(sheet.unit.code[0]))
    status = names.index(header(sheet.submission.status)) if sheet.submission.status else None
    answers = [
        names.index(header(column.column))
        for column in form.columns
        if column.use == "answer" and column.question == "fte_by_service" and header(column.column) in names
    ]
    codes = Counter(row[code] for row in rows[sheet.first_row - 1 :])
    data = [
        row
        for row in rows[sheet.first_row - 1 :]
        if codes[row[code]] == 1
        and row[code].isdigit()
        and row[code].zfill(4) not in TEST_CODES
        and (status is None or row[status] in sheet.submission.completed)
    ]
    for column in answers:
        found = [row for row in data if row[column].replace(",", "", 1).isdigit() and row[column] != "0"]
        for first, second in pairwise(found):
            if first[column] != second[column]:
                first[column], second[column] = second[column], first[column]
                with path.open("w", encoding=spec.encoding, newline="") as file:
                    csv.writer(file, delimiter=spec.delimiter or ";", lineterminator="\n").writerows(rows)
                return True
    return False
