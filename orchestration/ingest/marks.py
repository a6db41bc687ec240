"""What a form makes of the marks of a workbook's cells: hidden, struck out, raised, formulas, formats.

Belongs here: which cells are left out or change their text because the form says so, which cause a refusal because it does
not, and which are reported. A mark counts only where the cell does: in headers and rows of data, in columns that are not
ignored. Does not belong here: how a kind of workbook stores marks (``readers``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core import letters
from orchestration.core.errors import UserError
from orchestration.forms.model import FileSpec
from orchestration.ingest.readers import Sheet, cells
from orchestration.ingest.readers.looks import column_letters
from orchestration.ingest.readers.model import CELL_SCHEMA, MARK_SCHEMA

Place = tuple[int, int]

_REFUSED = ("hidden", "struck_out", "raised", "formula_without_value")
# Marks for which a delivery is refused, unless its form says that such cells are read.
_READABLE = ("hidden", "struck_out")

# The message for a mark and its detail, and the remedy.
_HIDDEN_REMEDY = "show it if it counts, delete it if it does not, or state hidden: read or skip for the file in form.yml"
_STRUCK_REMEDY = "delete what is void, or state struck_out: read or skip for the file in form.yml"
_MESSAGES: Mapping[tuple[str, str | None], tuple[str, str]] = {
    ("hidden", "row"): ("the row is hidden", _HIDDEN_REMEDY),
    ("hidden", "column"): ("the column is hidden", _HIDDEN_REMEDY),
    ("hidden", "covered"): ("the cell is hidden behind a merged cell", _HIDDEN_REMEDY),
    ("struck_out", None): ("the cell is struck out", _STRUCK_REMEDY),
    ("struck_out", "part"): ("a part of the cell is struck out", _STRUCK_REMEDY),
    ("struck_out", "rule"): (
        "a rule of the sheet may strike the cell out",
        "delete what is void and take the rule away, or state struck_out: read for the file in form.yml",
    ),
    ("raised", "part"): (
        "a part of the text is raised or lowered, as a footnote mark is",
        "take the mark away, or state raised: drop for the file in form.yml",
    ),
    ("raised", None): (
        "the whole cell is raised or lowered, as a footnote mark is",
        "format it plainly if it counts, delete it if it does not, or, if it is a text, state raised: drop in form.yml",
    ),
    ("formula_without_value", None): (
        "the formula has no saved value",
        "open the workbook in a spreadsheet program, save it, and deliver it again",
    ),
}


REMARKS: Mapping[str, str] = {
    "hidden": "hidden cells, read since the form says so",
    "hidden_skipped": "hidden cells, left out since the form says so",
    "struck_out": "cells that are struck out, read since the form says so",
    "struck_out_skipped": "cells that are struck out, left out since the form says so",
    "raised_dropped": "cells without their raised parts, since the form says so",
    "formula": "formulas, read by their saved values",
    "percent": "numbers that are shown as percent, read as saved: 50 % is 0.5",
    "shown_otherwise": "numbers that are not shown as they are saved, read as saved",
    "filled_down": "blank cells, read as the unit above them",
}
"""Remarks on cells that were read or left out."""
LEFT_OUT_SCHEMA = CELL_SCHEMA.append(pa.field("left_out", pa.string()))
"""Columns of a table of cells that are left out; the last one has the mark."""


@dataclass(frozen=True)
class Remark:
    """A remark on cells that were read or left out: the mark, the number of cells, and the place of the first one."""

    mark: str
    cell_count: int
    first_row: int
    first_column: int


def settle(spec: FileSpec, sheet: Sheet) -> tuple[Sheet, pa.Table]:
    """Leave out, or shorten, marked cells where the form says so.

    Returns:
        The sheet without them, and the cells that were left out. A mark that is settled is called ``hidden_skipped``,
        ``struck_out_skipped`` or ``raised_dropped``.
    """
    settled = {mark: f"{mark}_{word}" for mark, word in _settling(spec)}
    marks = sheet.marks.to_pylist() if settled else []
    if not any(mark["mark"] in settled for mark in marks):
        return sheet, LEFT_OUT_SCHEMA.empty_table()
    all_cells = sheet.cells.to_pylist()
    kinds = {_place(cell): cell["kind"] for cell in all_cells}
    left_out: dict[Place, str] = {}
    texts: dict[Place, str] = {}
    for mark in marks:
        name, detail, place = mark["mark"], mark["detail"], _place(mark)
        # Which cells a rule strikes out is not known here, and a number that is raised as a whole may count.
        if name not in settled or detail == "rule" or (name == "raised" and detail is None and kinds.get(place) != "text"):
            continue
        mark["mark"] = settled[name]
        if detail == "part":
            texts[place] = "".join(
                letters.plain(run.text)
                for run in sheet.runs[place]
                if not (run.is_struck_out and "struck_out" in settled) and not (run.is_raised and "raised" in settled)
            )
        if detail != "part" or not texts[place].strip():
            left_out.setdefault(place, name)
    reasons = pa.array([left_out.get(_place(cell)) for cell in all_cells], pa.string())
    kept = cells.with_texts(sheet.cells, texts).filter(pc.is_null(reasons))
    gone = sheet.cells.append_column("left_out", reasons).filter(pc.is_valid(reasons))
    return dataclasses.replace(sheet, cells=kept, marks=pa.Table.from_pylist(marks, MARK_SCHEMA)), gone


def _settling(spec: FileSpec) -> list[tuple[str, str]]:
    """Return the marks that leave cells out, with the word for it."""
    options = (("hidden", spec.hidden), ("struck_out", spec.struck_out), ("raised", spec.raised))
    words = {"skip": "skipped", "drop": "dropped"}
    return [(mark, words[option]) for mark, option in options if option in words]


def account(spec: FileSpec, path: Path, sheet: Sheet, counts: Callable[[int, int], bool]) -> tuple[Remark, ...]:
    """Refuse marks that the form does not allow, and report the others.

    Args:
        spec: the form's statement about the file.
        path: the file.
        sheet: a settled sheet.
        counts: whether the cell of a row and column counts, so that its marks do.

    Raises:
        UserError: a cell that counts is hidden, struck out or raised, or its formula has no saved value.
    """
    settled = {f"{mark}_{word}" for mark, word in _settling(spec)}
    remarked: dict[str, list[Place]] = {}
    refused: dict[tuple[str, str | None], list[Place]] = {}
    for mark in sheet.marks.to_pylist():
        name, place = mark["mark"], _place(mark)
        if name in settled:
            remarked.setdefault(name, []).append(place)
        elif not counts(*place):
            continue
        elif name not in _REFUSED or (name in _READABLE and getattr(spec, name) == "read"):
            remarked.setdefault(name, []).append(place)
        else:
            refused.setdefault((name, mark["detail"]), []).append(place)
    for (name, detail), places in refused.items():
        row, column = min(places)
        what, remedy = _MESSAGES[name, detail]
        others = len(places) - 1
        raise UserError(
            what + (f", and so {'is one cell' if others == 1 else f'are {others} cells'} more" if others else ""),
            place=f"{path}, sheet {sheet.name}, cell {column_letters(column)}{row}",
            remedy=remedy,
        )
    return tuple(Remark(name, len(set(places)), *min(places)) for name, places in sorted(remarked.items()))


def proposals(sheet: Sheet) -> tuple[str, ...]:
    """Return proposals and remarks on the marks of a sheet that no form describes yet."""
    found: dict[tuple[str, str | None], list[Place]] = {}
    for mark in sheet.marks.to_pylist():
        found.setdefault((mark["mark"], mark["detail"]), []).append(_place(mark))
    lines = []
    for (name, detail), places in found.items():
        row, column = min(places)
        where = f"sheet {sheet.name}, {column_letters(column)}{row}"
        more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        if name in _REFUSED:
            what, remedy = _MESSAGES[name, detail]
            lines.append(f"{where}{more}: {what}; {remedy}")
        else:
            lines.append(f"{where}{more}: {REMARKS[name]}")
    return tuple(lines)


def _place(cell: Mapping[str, Any]) -> Place:
    return cell["row_number"], cell["column_number"]
