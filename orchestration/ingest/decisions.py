"""Decisions that somebody signed: on single answers, on deliveries, on comparability, and which questions wait.

They are lists in ``data/corrections/*.yml``, ``data/submissions/*.yml``, ``data/redeliveries/*.yml``,
``data/comparability/*.yml`` and ``data/waiting_questions/*.yml``. This module checks their form and puts them, and the
releases of the calendar, into the schema ``decisions`` of the warehouse; SQL applies them, and judges whether they still
fit. Does not belong here: waivers of the gate, and explanations of differences from print.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from orchestration.core.entry_files import read_entries
from orchestration.core.errors import UserError
from orchestration.core.release_calendar import CALENDAR, Calendar, load_calendar
from orchestration.core.warehouse import replace_tables

DOCUMENTATION = "docs/run/signed-decisions.md says what an entry has"

# In place of a list of units.
ALL_UNITS = "all"


class _Signed(BaseModel):
    """The fields that every decision has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str = Field(min_length=1, description="why; restricted, it never leaves the warehouse")
    decided_by: str = Field(min_length=1, description="who decided")
    date: date


class Correction(_Signed):
    """One answer of one unit that is replaced before anything is computed from it.

    ``expect`` is the delivered text, number or answer code, null for a blank cell; an entry with another text is not applied
    and fails the gate. ``kind`` is the public word for ``reason``, a code of the code list ``correction_kind``.
    """

    unit: str = Field(
        pattern=r"^[0-9]{4}([0-9]{2})?$", description="code of the municipality, district or agency of the year"
    )
    year: int = Field(description="the year described")
    question: str
    item: str = "all"
    target_group: Literal["adults", "children", "total"] = "total"
    reporting_form: Literal["joint", "mental_health", "substance_use", "total"] = "total"
    expect: str | int | float | None
    value: str | int | float | None
    kind: Literal["answer_error", "delivery_error", "late_answer"] = "answer_error"


class CountedSubmission(_Signed):
    """The row of a delivery that counts where a unit has several submissions and nothing shows which is the latest."""

    unit: str = Field(
        pattern=r"^[0-9]{4}([0-9]{2})?$", description="code of the municipality, district or agency of the year"
    )
    year: int = Field(description="the year described")
    file: str = Field(min_length=1, description="name of the file")
    sheet: str | None = Field(default=None, description="name of the sheet, of a workbook")
    row: int = Field(ge=1, description="number of the row in the file or sheet")


class Redelivery(_Signed):
    """Units whose answers may be missing from a version of a delivery, though the published version has them.

    ``delivery`` is the beginning of the hash of the new version: the next version is not covered.
    """

    year: int = Field(description="the year described")
    units: Literal["all"] | tuple[str, ...] = Field(min_length=1, description="codes of the units, or all")
    delivery: str = Field(pattern=r"^[0-9a-f]{12,64}$", description="hash of the new version, 12 digits at least")


class Comparability(_Signed):
    """A verdict on a pair of years of an indicator that replaces the derived one."""

    indicator: str
    from_year: int
    to_year: int
    verdict: Literal["comparable", "with_correction", "not_comparable"]


class WaitingQuestions(_Signed):
    """Questions that keep the figures of the last snapshot, or show none yet, until the entry is removed."""

    year: int = Field(description="the year described")
    questions: tuple[str, ...] = Field(min_length=1, description="names of the questions")


FOLDERS: dict[str, type[_Signed]] = {
    "corrections": Correction,
    "submissions": CountedSubmission,
    "redeliveries": Redelivery,
    "comparability": Comparability,
    "waiting_questions": WaitingQuestions,
}

TABLES: dict[str, pa.Schema] = {
    "corrections": pa.schema(
        {
            "correction": pa.string(),
            "unit_code": pa.string(),
            "time_period": pa.int32(),
            "question": pa.string(),
            "item": pa.string(),
            "target_group": pa.string(),
            "reporting_form": pa.string(),
            "expect": pa.string(),
            "value": pa.string(),
            "kind": pa.string(),
            "reason": pa.string(),
            "decided_by": pa.string(),
            "decided_on": pa.date32(),
        }
    ),
    "submissions": pa.schema(
        {
            "decision": pa.string(),
            "unit_code": pa.string(),
            "time_period": pa.int32(),
            "file": pa.string(),
            "sheet": pa.string(),
            "row_number": pa.int32(),
            "reason": pa.string(),
            "decided_by": pa.string(),
            "decided_on": pa.date32(),
        }
    ),
    "redeliveries": pa.schema(
        {
            "entry": pa.string(),
            "time_period": pa.int32(),
            "delivery": pa.string(),
            "unit_code": pa.string(),
            "reason": pa.string(),
            "decided_by": pa.string(),
            "decided_on": pa.date32(),
        }
    ),
    "comparability": pa.schema(
        {
            "entry": pa.string(),
            "indicator": pa.string(),
            "time_period_from": pa.int32(),
            "time_period_to": pa.int32(),
            "verdict": pa.string(),
            "reason": pa.string(),
            "decided_by": pa.string(),
            "decided_on": pa.date32(),
        }
    ),
    "waiting_questions": pa.schema(
        {
            "entry": pa.string(),
            "time_period": pa.int32(),
            "indicator": pa.string(),
            "reason": pa.string(),
            "decided_by": pa.string(),
            "decided_on": pa.date32(),
        }
    ),
    "releases": pa.schema(
        {
            "release": pa.string(),
            "time_period": pa.int32(),
            "status": pa.string(),
            "release_date": pa.date32(),
            "is_prepared": pa.bool_(),
            "release_at": pa.string(),
            "next_release_at": pa.string(),
        }
    ),
}


def _text(value: str | int | float | None) -> str | None:
    return None if value is None else str(value)


def _decided(entry: _Signed) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Return each subject of an entry, and the entry's decision on it."""
    if isinstance(entry, Correction):
        about = (entry.unit, entry.year, entry.question, entry.item, entry.target_group, entry.reporting_form)
        return [(about, (_text(entry.expect), _text(entry.value), entry.kind))]
    if isinstance(entry, CountedSubmission):
        return [((entry.unit, entry.year, entry.file, entry.sheet, entry.row), ())]
    if isinstance(entry, Redelivery):
        units = (ALL_UNITS,) if isinstance(entry.units, str) else entry.units
        return [((entry.year, entry.delivery, unit), ()) for unit in units]
    if isinstance(entry, WaitingQuestions):
        return [((entry.year, question), ()) for question in entry.questions]
    assert isinstance(entry, Comparability)
    return [((entry.indicator, entry.from_year, entry.to_year), (entry.verdict,))]


def load_decisions(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table of decisions, and of the releases of the calendar.

    Raises:
        UserError: an entry is not valid, or two entries decide the same.
    """
    return {**load_signed(data), "releases": _releases(load_calendar(data / CALENDAR))}


def load_signed(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table of signed entries.

    Raises:
        UserError: an entry is not valid, or two entries decide the same.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in FOLDERS}
    seen: dict[tuple[Any, ...], str] = {}
    for name, model in FOLDERS.items():
        for path in sorted((data / name).glob("*.yml")):
            for line, entry in read_entries(path, model, DOCUMENTATION):
                place = f"{path.name}:{line}"
                for key, decision in _decided(entry):
                    if key in seen:
                        raise UserError(
                            f"makes the same decision as {seen[key]}",
                            place=f"{path}, line {line}",
                            remedy="keep one of the two",
                        )
                    seen[key] = place
                    rows[name].append((place, *key, *decision, entry.reason, entry.decided_by, entry.date))
    return rows


def _releases(calendar: Calendar) -> list[tuple[Any, ...]]:
    """Return the rows of the table ``releases``; moments are texts with the offset of their day."""
    moments = [calendar.opens_at(each).isoformat(timespec="minutes") for each in calendar.releases]
    return [
        (
            each.release,
            each.time_period,
            each.status,
            each.release_at.date(),
            each.release == calendar.preparing,
            at,
            following,
        )
        for each, at, following in zip(calendar.releases, moments, [*moments[1:], None], strict=False)
    ]


def load(connection: duckdb.DuckDBPyConnection, data: Path) -> dict[str, int]:
    """Replace the tables of the schema ``decisions``; return the number of rows of each."""
    rows = load_decisions(data)
    replace_tables(connection, "decisions", TABLES, rows)
    return {name: len(found) for name, found in rows.items()}
