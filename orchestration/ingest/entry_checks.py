"""Checks of signed entries: that their year, their units, and the version of a delivery that they name exist.

Belongs here: checks of an entry without a warehouse, for the person who just wrote it. Does not belong here: the form of an
entry (``decisions``), and whether it covers or changes something, which SQL judges and the gate reports.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.errors import Problems, UserError
from orchestration.forms.model import Form
from orchestration.ingest.archive import LISTS, delivery_hash
from orchestration.ingest.capture import capture
from orchestration.ingest.data_packages import PACKAGES, describe
from orchestration.ingest.decisions import ALL_UNITS, TABLES, load_signed

# Decisions on units of a year.
_ON_UNITS = ("corrections", "submissions", "redeliveries")

_UNITS = """
    select municipality_code as unit from read_csv($municipalities, all_varchar = true)
    where $year between valid_from_year::integer and coalesce(valid_to_year::integer, $year)
    union select district_code from read_csv($oslo_districts, all_varchar = true) where year::integer = $year
    union select agency_code from read_csv($agencies, all_varchar = true) where valid_from_year::integer <= $year
"""


def units_of(data: Path, year: int) -> set[str]:
    """Return the codes of municipalities, districts and agencies of a year, from the described reference data."""
    paths = {
        resource.name: str(resource.path)
        for package in PACKAGES
        for resource in describe(data, package)
        if f"${resource.name}" in _UNITS
    }
    return {unit for (unit,) in duckdb.execute(_UNITS, {**paths, "year": year}).fetchall()}


def check_signed(
    data: Path, years: Collection[int], forms: list[Form], deliveries: Path, archive_folder: Path
) -> tuple[int, list[str]]:
    """Check the signed entries; return the number of decisions, and remarks on entries without a known version.

    Args:
        data: folder of the inputs.
        years: the survey years that have a form, finished or not.
        forms: the finished forms.
        deliveries: folder of the deliveries.
        archive_folder: folder of the versions that were read.

    Raises:
        UserError: an entry is not valid, or of a year without a form, or of a unit that the year does not have.
    """
    rows = load_signed(data)
    known: dict[int, set[str]] = {}
    for name in _ON_UNITS:
        for row in rows[name]:
            entry = dict(zip(TABLES[name].names, row, strict=True))
            year, unit = entry["time_period"], entry["unit_code"]
            if year not in years:
                raise UserError(
                    f"there is no form for {year}",
                    place=_place(data, name, row),
                    remedy=f"correct year; the years are {', '.join(map(str, sorted(years)))}",
                )
            if unit == ALL_UNITS or any(form.units == "anonymous" and form.time_period == year for form in forms):
                continue
            known.setdefault(year, units_of(data, year))
            if unit not in known[year]:
                raise UserError(
                    f"{unit!r} is not a unit in {year}",
                    place=_place(data, name, row),
                    remedy="write the code that the municipality, district or agency had in that year, four or six digits",
                )
    return sum(map(len, rows.values())), _without_version(data, rows["redeliveries"], forms, deliveries, archive_folder)


def _without_version(
    data: Path, rows: list[tuple[Any, ...]], forms: list[Form], deliveries: Path, archive_folder: Path
) -> list[str]:
    """Return which entries on lost answers name a version that is neither delivered nor was read before."""
    entries = {row[0]: dict(zip(TABLES["redeliveries"].names, row, strict=True)) for row in rows}
    read = {path.stem for path in (archive_folder / LISTS).glob("*.json")} if entries else set[str]()
    remarks = []
    for row in entries.values():
        delivered = {
            delivery_hash(capture(deliveries / form.delivery, form, Problems(go_on=True)))
            for form in forms
            if form.time_period == row["time_period"] and (deliveries / form.delivery).is_dir()
        }
        if not any(sha256.startswith(row["delivery"]) for sha256 in delivered | read):
            now = ", ".join(sorted(sha256[: len(row["delivery"])] for sha256 in delivered)) or "nothing"
            remarks.append(
                f"{_place(data, 'redeliveries', (row['entry'],))}: delivery {row['delivery']!r} is no version that is "
                f"delivered or was read, so the entry covers nothing; of {row['time_period']} there is {now}"
            )
    return remarks


def _place(data: Path, name: str, row: tuple[Any, ...]) -> str:
    file, _, line = str(row[0]).rpartition(":")
    return f"{data / name / file}, line {line}"
