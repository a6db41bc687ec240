"""Annotations of the rows of an answer: labels for their codes, and breaks in series.

Belongs here: labels of codes and breaks in both languages. Does not belong here: the rows (``answers``), or
the metadata in JSON-stat (``publish.formats.json_stat``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestration.core.tables import STATUS_COLUMN, Label, Table
from orchestration.core.warehouse import dictionaries
from orchestration.publish.formats.cube import AREA_COLUMNS
from orchestration.publish.remarks import (
    BASIS_COLUMN,
    BREAK_COLUMN,
    BREAKS,
    COVERAGE_COLUMN,
    NOTE_COLUMN,
    REASON_COLUMN,
    SEPARATOR,
    moved_text,
    read_moved,
)
from orchestration.serve.published import OpenSnapshot

# Columns that qualify a figure.
QUALIFYING = (STATUS_COLUMN, REASON_COLUMN, NOTE_COLUMN, "base", "unit_set", COVERAGE_COLUMN, BREAK_COLUMN)

INDICATOR = "indicator"
# The areas of the year of a row.
REPORTED = "reported"


def annotate(snapshot: OpenSnapshot, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the labels of codes in the rows, the breaks that the rows report, and the qualifying columns they lack.

    Args:
        snapshot: has labels and breaks.
        table: the table of the rows.
        names: the columns of the rows.
        rows: the answer.
    """
    labels: dict[str, dict[str, dict[str, str]]] = {}
    for place, name in enumerate(names):
        codes = snapshot.release.codes_of(table.column(name)) if table.column(name).type == "VARCHAR" else {}
        if codes:
            found = {str(row[place]) for row in rows if row[place] is not None}
            if name == NOTE_COLUMN:
                found = {code for text in found for code in text.split(SEPARATOR)}
            labels[name] = {code: each.label.model_dump() for code, each in codes.items() if code in found}
    return {
        "labels": {name: each for name, each in labels.items() if each},
        "breaks": find_breaks(snapshot, table, names, rows),
        "left_out": [name for name in QUALIFYING if name in table.column_names and name not in names],
    }


def find_moves(
    snapshot: OpenSnapshot, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> dict[tuple[str, str], list[Label]]:
    """Return remarks on boundaries that moved, by level and code, for rows on areas of their year that report a break."""
    needed = (*AREA_COLUMNS, BASIS_COLUMN, BREAK_COLUMN)
    if not set(needed) <= set(names):
        return {}
    level, code, basis, has_break = (names.index(name) for name in needed)
    areas = {(row[level], row[code]) for row in rows if row[has_break] and row[basis] == REPORTED}
    if not areas:
        return {}
    with snapshot.connection.cursor() as connection:
        moved = read_moved(connection)
    return {area: [moved_text(*each) for each in found] for area, found in moved.items() if area in areas}


def find_breaks(
    snapshot: OpenSnapshot, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[dict[str, Any]]:
    """Return every break in the subjects of the rows that report one, with the label of its kind."""
    if BREAK_COLUMN not in names or BREAKS not in snapshot.tables:
        return []
    of_row = names.index(INDICATOR) if INDICATOR in names else None
    subjects = {table.name if of_row is None else str(row[of_row]) for row in rows if row[names.index(BREAK_COLUMN)]}
    with snapshot.connection.cursor() as connection:
        found = dictionaries(
            connection,
            f"select indicator, time_period, kind, comparable_before, description_nb, description_en from {BREAKS}"
            " where list_contains(?, indicator) order by all",
            [sorted(subjects)],
        )
    return [
        {
            "indicator": each["indicator"],
            "time_period": each["time_period"],
            "kind": each["kind"],
            "label": snapshot.release.label("break_kind", each["kind"]).model_dump(),
            "comparable_before": each["comparable_before"],
            "description": {"nb": each["description_nb"], "en": each["description_en"]},
        }
        for each in found
    ]
