"""A delivery of an earlier round in the calendar and on the map of a coming year: dates, codes and names of municipalities.

Belongs here: what is moved on because time passes. Does not belong here: changes of answers (``movement``).
"""

from __future__ import annotations

import calendar
import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.forms.model import Form, SheetSpec, header
from orchestration.rehearsal.tables import OF_MUNICIPALITY, Row, Table

# Dates as spreadsheets and people write them, with what follows them.
_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])(.*)", re.DOTALL)
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?![0-9])(.*)", re.DOTALL)
_FEBRUARY, _LEAP_DAY = 2, 29


@dataclass(frozen=True)
class Successor:
    """What a municipality becomes in the coming year; if it was divided, its largest part."""

    code: str
    name: str


def advance_dates(form: Form, tables: Sequence[Table], years: int) -> None:
    """Put the dates of collection into the year in which the coming round is collected; answers that are dates stay."""
    answers = {(column.sheet, header(column.column)) for column in form.columns if column.use == "answer"}
    for table in tables:
        for name in table.headers:
            is_stated = name == header(table.layout.submission.submitted or "")
            if (table.layout.name, name) in answers:
                continue
            for row in table.rows:
                if name in row.texts:
                    row.texts[name] = _advanced(row.texts[name], form.collection_year, years, is_stated=is_stated)


def _advanced(text: str, last: int, years: int, *, is_stated: bool) -> str:
    found = _YEAR_FIRST.fullmatch(text)
    if found is not None and int(found[1]) == last:
        day = _day(last + years, int(found[2]), int(found[3]))
        return f"{last + years}-{found[2]}-{day:02}{found[4]}"
    found = _DAY_FIRST.fullmatch(text)
    if found is not None and int(found[3]) == last:
        day = _day(last + years, int(found[2]), int(found[1]))
        return f"{day:0{len(found[1])}}.{found[2]}.{last + years}{found[4]}"
    # In a date in words only the year is recognised; in other columns the number may mean something else.
    return text.replace(str(last), str(last + years)) if is_stated else text


def _day(year: int, month: int, day: int) -> int:
    is_gone = (month, day) == (_FEBRUARY, _LEAP_DAY) and not calendar.isleap(year)
    return day - 1 if is_gone else day


def successors(path: Path, last: int, year: int) -> dict[str, Successor]:
    """Return what became of the municipalities that change between the last round and the coming year."""
    steps: dict[int, dict[str, tuple[float, str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if last < int(row["change_year"]) <= year:
                part = (float(row["weight"] or 0), row["new_code"], row["new_name"])
                of_year = steps.setdefault(int(row["change_year"]), {})
                of_year[row["old_code"]] = max(of_year.get(row["old_code"], part), part)
    found: dict[str, Successor] = {}
    for changed in sorted(steps):
        moved = {old: Successor(code, name) for old, (_, code, name) in steps[changed].items()}
        arrived = {new.code for new in found.values()}
        found = {old: moved.get(new.code, new) for old, new in found.items()} | {
            old: new for old, new in moved.items() if old not in arrived
        }
    return found


def move_units(tables: Sequence[Table], changes: Mapping[str, Successor]) -> None:
    """Give the units their codes and names of the coming year; of merged units the first answers for all."""
    first: dict[str, str] = {}
    for table in tables:
        for row in table.rows:
            if row.unit in changes:
                first.setdefault(changes[row.unit].code, row.unit)
    for table in tables:
        table.rows = [row for row in table.rows if row.unit not in changes or first[changes[row.unit].code] == row.unit]
        for row in table.rows:
            # A district keeps its number; its municipality may have another code.
            of = row.unit if row.unit in changes else row.unit[:OF_MUNICIPALITY]
            if of not in changes:
                continue
            if table.layout.unit is not None:
                _rename(table.layout, row, of, changes[of])
            row.unit = changes[of].code + row.unit.removeprefix(of)


def _rename(layout: SheetSpec, row: Row, old: str, new: Successor) -> None:
    assert layout.unit is not None
    for column in map(header, layout.unit.code):
        # A code may have lost its leading zero, and be part of a text.
        pattern = rf"(?<![0-9]){re.escape(old[:1]) if old[:1] != '0' else '0?'}{re.escape(old[1:])}(?![0-9])"
        row.texts[column] = re.sub(pattern, new.code, row.texts.get(column, ""), count=1)
    for column in map(header, (*layout.unit.part_code,)):
        if row.texts.get(column, "").startswith(old):
            row.texts[column] = new.code + row.texts[column].removeprefix(old)
    for column in map(header, layout.unit.name):
        if row.texts.get(column, "").strip():
            row.texts[column] = new.name
