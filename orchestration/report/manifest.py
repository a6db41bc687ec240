"""What every number of a report is bound to, as a file beside the documents, and what differs between two of them.

Belongs here: the form of ``manifest.json`` and comparing two. Does not belong here: reading documents (``read_back``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.errors import UserError
from orchestration.report.document import Document
from orchestration.report.sentences import Stated
from orchestration.report.values import Quantity

FORMAT = 1


def address(quantity: Quantity) -> list[list[Any]]:
    """Return the cells of a quantity with their factors, the denominator's after an empty one."""
    lines = [[term.factor, term.cell.table, term.cell.measure, dict(term.cell.key)] for term in quantity.numerator]
    if quantity.denominator:
        lines += [
            [],
            *([term.factor, term.cell.table, term.cell.measure, dict(term.cell.key)] for term in quantity.denominator),
        ]
    return lines


def manifest(
    document: Document, stated: Sequence[Stated], left_out: Mapping[str, str], of: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the manifest of a report: each value with the expression or cell that it is, and what it is bound to."""
    values = [
        {
            "id": each.id,
            "file": each.file,
            "line": each.line,
            "expression": each.expression,
            "text": each.text,
            "form": each.bound.form,
            "cells": address(each.bound.quantity),
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
            "cells": [[address(cell.quantity) if cell.quantity else None for cell in line] for line in placed.grid.cells],
        }
        for placed in document.placed
    ]
    content = {"format": FORMAT, **of, "left_out": dict(left_out), "values": values, "tables": tables}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return {**content, "sha256": digest}


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a report.

    Raises:
        UserError: the file is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="name the manifest.json of a report") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError("is no manifest of a report", place=str(path), remedy="name the manifest.json of a report")
    return content


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
