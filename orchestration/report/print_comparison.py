"""A report compared with the printed one that it continues: figures that must agree, and the printed tables it contains.

Figures of a table that continues a printed one must equal those that the reconciliation computes in the same snapshot;
otherwise the report is not built. Belongs here: this comparison, and the list of printed tables with the report's share of
each. Does not belong here: verdicts on figures (the reconciliation's).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from orchestration.core.language import in_language, rounded
from orchestration.core.texts import load_texts
from orchestration.report.grid import Grid, GridCell, Round
from orchestration.report.model import Declared
from orchestration.report.printed_tables import MUNICIPALITY, PART, TOTAL, cell_key, dimensions_of
from orchestration.report.values import BASIS, CODE, LEVEL, PARTS, YEAR, Published, ReportError

# Tolerance between a value made of published cells and the computed one: both are rounded, far beyond any printed digit.
NOISE = 1e-6
NOT_COMPUTABLE = "not_computable"
TEXTS = load_texts("report", "tables")
_TEXT = "text:"


@dataclass(frozen=True)
class Held:
    """A printed table: the numbers of its figures, of those that the report shows, and of those that are as printed."""

    source: str
    number: str
    key: str
    figures: int
    shown: int
    equal: int
    why: str = ""


class Printed:
    """The printed figures of the reports that a round's report continues, with the reconciliation's values."""

    def __init__(self, published: Published, sources: Iterable[str]) -> None:
        self._published = published
        self.rows: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
        for source in sources:
            computed = {
                (row["table_id"], row["cell_key"]): row for row in published.rows("reconciliation", {"source_id": source})
            }
            for figure in published.rows("published_figures", {"source_id": source}):
                if figure["value"] is None:
                    continue
                number, key = str(figure["table_id"]), str(figure["cell_key"])
                row = {**computed.get((number, key), {}), "value": figure["value"], "decimals": figure["decimals"] or 0}
                self.rows.setdefault((source, number), {})[self._key(figure)] = row

    def _key(self, figure: Mapping[str, Any]) -> str:
        """Return the key of a printed figure in the form that cells of tables use (``printed_tables``)."""
        dimensions = dimensions_of(str(figure["dimensions"] or ""))
        part = dimensions.pop(PART, TOTAL)
        if part != TOTAL:
            dimensions[MUNICIPALITY] = self._parts.get((str(figure["time_period"]), part), part)
        return cell_key(str(figure["measure"]), dimensions, int(figure["time_period"]))

    @cached_property
    def _parts(self) -> Mapping[tuple[str, str], str]:
        """The codes of districts and agencies by year and name."""
        return {
            (str(row[YEAR]), str(row["unit_name"])): str(row[CODE])
            for level in PARTS
            for row in self._published.rows("areas", {LEVEL: level, BASIS: "reported"})
        }

    def beside(self, grid: Grid, source: str, number: str) -> Iterator[tuple[GridCell, Mapping[str, Any]]]:
        """Yield the cells of a table that a printed one also has, each with its printed figure."""
        rows = self.rows.get((source, number), {})
        for line in grid.cells:
            for cell in line:
                if cell.quantity is not None and cell.key in rows:
                    yield cell, rows[cell.key]


def _continued(declared: Declared) -> Iterator[tuple[str, str]]:
    for source, numbers in declared.printed.items():
        for number in numbers.split():
            yield source, number


def require_agreement(grid: Grid, printed: Printed) -> None:
    """Refuse a table whose figures differ from those that the reconciliation computes.

    Raises:
        ReportError: a figure differs, and the table does not declare what it counts differently (``otherwise``).
    """
    if grid.declared.otherwise is not None:
        return
    for table in _continued(grid.declared):
        for cell, row in printed.beside(grid, *table):
            computed = row.get("computed")
            if computed is None or cell.quantity is None:
                continue
            value = float(cell.quantity.value)
            if abs(value - computed) > NOISE * max(1.0, abs(computed)):
                raise ReportError(
                    f"{cell.key} is {value:g} here and {computed:g} in the reconciliation",
                    "let both count the same, or declare under otherwise what the table counts differently",
                )


def compare_with_print(
    tables: Mapping[str, Declared], grids: Mapping[str, Grid], left_out: Mapping[str, str], of: Round, printed: Printed
) -> list[Held]:
    """Return the tables of the round's printed report, each with how much of it the report contains, and why not all."""
    sources = of.report.printed.get(of.year, ())
    keys = {table: key for key, declared in tables.items() for table in _continued(declared)}
    found = []
    for (source, number), rows in printed.rows.items():
        if source not in sources or number.startswith(_TEXT):
            continue
        key = keys.get((source, number), "")
        beside = list(printed.beside(grids[key], source, number)) if key in grids else []
        equal = sum(_is_as_printed(cell, row) for cell, row in beside)
        why = _why(key, source, number, rows, left_out, of)
        if key in grids:
            why = _why_partly(grids[key], rows, of)
        found.append(Held(source, number, key, len(rows), len(beside), equal, why))
    return sorted(found, key=lambda table: (sources.index(table.source), _order(table.number)))


def _order(number: str) -> list[tuple[int, str]]:
    """Return a key that sorts tables by their numbers in the report, and lists without a number last."""
    parts = re.findall(r"\d+", number)
    return [(int(part), "") for part in parts] if parts else [(10**6, number)]


def _is_as_printed(cell: GridCell, row: Mapping[str, Any]) -> bool:
    value = cell.quantity.value if cell.quantity is not None else Decimal(0)
    return rounded(value, int(row["decimals"])) == rounded(Decimal(str(row["value"])), int(row["decimals"]))


def _why_partly(grid: Grid, rows: Mapping[str, Mapping[str, Any]], of: Round) -> str:
    """Return the most frequent reason why a table lacks printed figures, or else what it counts differently."""
    signs = Counter(
        remark
        for line in grid.cells
        for cell in line
        if cell.quantity is None and cell.key in rows
        for remark in cell.remarks
    )
    if signs:
        return signs.most_common(1)[0][0]
    return in_language(grid.declared.otherwise, of.language) if grid.declared.otherwise is not None else ""


def _why(
    key: str,
    source: str,
    number: str,
    rows: Mapping[str, Mapping[str, Any]],
    left_out: Mapping[str, str],
    of: Round,
) -> str:
    """Return why a printed table is not made."""
    if key:
        return left_out.get(key, of.say(TEXTS["not_placed"]))
    for numbers, label in of.report.not_made.get(source, {}).items():
        if number in numbers.split():
            return in_language(label, of.language)
    reasons = Counter(str(row["explanation"]) for row in rows.values() if row.get("verdict") == NOT_COMPUTABLE)
    if not reasons:
        return of.say(TEXTS["not_declared"])
    code = reasons.most_common(1)[0][0]
    return in_language(of.published.release.label(NOT_COMPUTABLE, code), of.language)


def describe_comparison(held: Iterable[Held]) -> list[str]:
    """Describe how much of the printed report this report contains, then the missing or partial tables by reason."""
    tables = list(held)
    if not tables:
        return []
    shown, figures = sum(table.shown for table in tables), sum(table.figures for table in tables)
    lines = [
        f"{sum(table.shown > 0 for table in tables)} of {len(tables)} printed tables and figures, {shown} of {figures} "
        f"printed numbers; {sum(table.equal for table in tables)} come out as printed"
    ]
    for name, is_there in (("not made", False), ("partly", True)):
        reasons: dict[str, list[str]] = {}
        for table in tables:
            if (table.shown > 0) == is_there and table.shown < table.figures:
                part = f" ({table.shown} of {table.figures})" if is_there else ""
                reasons.setdefault(table.why, []).append(shown_number(table.number) + part)
        lines += [f"{name}: {', '.join(numbers)}{f': {why}' if why else ''}" for why, numbers in reasons.items()]
    return lines


def shown_number(number: str) -> str:
    """Return the number of a printed table for display."""
    return number.removeprefix("table:")
