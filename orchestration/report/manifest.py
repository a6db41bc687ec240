"""The manifest of a report: the cells that each number is bound to, and the differences between two manifests.

Belongs here: the form of ``manifest.json`` and comparing two. Does not belong here: reading documents (``read_back``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.errors import UserError
from orchestration.report.document import Document
from orchestration.report.sentences import Stated
from orchestration.report.values import Cell, Quantity, Term

FORMAT = 2
MANIFEST = "manifest.json"
LISTS = ("values", "tables")


# Defaults that the manifest leaves out.
PLAIN_NUMBER = {"decimals": 0, "divisor": 1, "scale": 1, "shift": 0}


def bound_number(quantity: Quantity, decimals: int, divisor: int) -> dict[str, Any]:
    """Return how a number is computed: ``(scale * sum(cells) / sum(of) + shift) / divisor``, each cell with its factor."""
    how = {"decimals": decimals, "divisor": divisor, "scale": quantity.scale, "shift": quantity.shift}
    found: dict[str, Any] = {name: value for name, value in how.items() if value != PLAIN_NUMBER[name]}
    for name, terms in (("cells", quantity.numerator), ("of", quantity.denominator)):
        if terms:
            found[name] = [[term.factor, term.cell.table, term.cell.measure, dict(term.cell.key)] for term in terms]
    return found


def quantity_of(number: Mapping[str, Any]) -> Quantity:
    """Return the quantity of a number of a manifest; its cells have no values until they are read."""
    above, below = (
        tuple(
            Term(factor, Cell(table, tuple(key.items()), measure, None))
            for factor, table, measure, key in number.get(name, ())
        )
        for name in ("cells", "of")
    )
    return Quantity(above, below, number.get("scale", 1), number.get("shift", 0))


def manifest(
    document: Document, stated: Sequence[Stated], left_out: Mapping[str, str], of: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a report is bound to: each value with its expression or table cell, and the published cells behind it.

    Args:
        document: the report.
        stated: the values of its sentences.
        left_out: the tables that the round has no figures for, with the reason.
        of: what identifies the report, and the outcomes of its slots.
    """
    values = [
        {
            "id": each.id,
            "file": each.file,
            "line": each.line,
            "expression": each.expression,
            "text": each.text,
            "form": each.bound.form,
            **bound_number(each.bound.quantity, each.bound.decimals, each.bound.divisor),
        }
        for each in stated
    ]
    tables = [
        {
            "key": placed.grid.key,
            "caption": placed.caption,
            "rows": [row.text for row in placed.grid.rows],
            "columns": placed.grid.column_labels,
            "texts": [[cell.text for cell in line] for line in placed.grid.cells],
            "numbers": [
                [bound_number(cell.quantity, cell.decimals, cell.divisor) if cell.quantity else None for cell in line]
                for line in placed.grid.cells
            ],
        }
        for placed in document.placed
    ]
    titles = {"title": document.title, "subtitle": document.subtitle}
    return {"format": FORMAT, **of, **titles, "left_out": dict(left_out), "values": values, "tables": tables}


def write_manifest(path: Path, facts: Mapping[str, Any], bound: Mapping[str, Any]) -> None:
    """Write the manifest of a report: facts about its files, and what it is bound to, one value or table per line."""
    lines = [f"{json.dumps(name)}: {_dumped(value)}" for name, value in {**bound, **facts}.items() if name not in LISTS]
    for name in LISTS:
        lines.append(f"{json.dumps(name)}: [\n" + ",\n".join(map(_dumped, bound[name])) + "\n]")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a report.

    Raises:
        UserError: the file is not a manifest.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="name the manifest.json of a report") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError("is not the manifest of a report", place=str(path), remedy="name the manifest.json of a report")
    return content


def earlier_manifests(path: Path) -> dict[str, dict[str, Any]]:
    """Return the manifests in a folder of reports, by report name; a single report's manifest has an empty name.

    Raises:
        UserError: there is no manifest.
    """
    if not path.is_dir():
        return {"": read_manifest(path)}
    if (path / MANIFEST).is_file():
        return {"": read_manifest(path / MANIFEST)}
    found = {each.parent.name: read_manifest(each) for each in sorted(path.glob(f"[!.]*/{MANIFEST}"))}
    if not found:
        raise UserError(
            "contains no manifest of a report", place=str(path), remedy=f"name a {MANIFEST}, or a folder of reports"
        )
    return found


@dataclass(frozen=True)
class Changed:
    """One thing that differs between two reports."""

    where: str
    before: str
    after: str
    is_direction: bool = False


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Changed]:
    """Return what differs between two reports: sentences by file and expression, tables by key, row and column."""
    found: list[Changed] = []
    old = _by_expression(before)
    new = _by_expression(after)
    for key in dict.fromkeys([*old, *new]):
        first, second = old.get(key, {"text": ""}), new.get(key, {"text": ""})
        if first["text"] != second["text"]:
            is_direction = second.get("form") == "direction" and bool(first["text"])
            found.append(Changed(f"{key[0]}: {{{{ {key[1]} }}}}", str(first["text"]), str(second["text"]), is_direction))
    earlier, later = _by_cell(before), _by_cell(after)
    for where in dict.fromkeys([*earlier, *later]):
        if earlier.get(where, "") != later.get(where, ""):
            found.append(Changed(" / ".join(where), earlier.get(where, ""), later.get(where, "")))
    return found


def _by_expression(content: Mapping[str, Any]) -> dict[tuple[str, str, int], Mapping[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    found: dict[tuple[str, str, int], Mapping[str, Any]] = {}
    for value in content["values"]:
        key = (str(value["file"]), str(value["expression"]))
        counts[key] = counts.get(key, 0) + 1
        found[*key, counts[key]] = value
    return found


def _by_cell(content: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    return {
        (table["key"], row, column): text
        for table in content["tables"]
        for row, line in zip(table["rows"], table["texts"], strict=True)
        for column, text in zip(table["columns"], line, strict=True)
    }
