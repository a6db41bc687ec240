"""Deliberately wrong numbers, like human slips: each kind once, each in a different unit.

Belongs here: where a slip is made, and what it looks like. Does not belong here: how answers move from year to year
(``movement``).
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from orchestration.forms.model import Form, header
from orchestration.rehearsal.tables import Row, Table, single_units, unit_names

# The slips that are made, each once.
KINDS = ("tenfold", "text", "code", "negative")


@dataclass(frozen=True)
class Slip:
    """A number that was made wrong: ten times too large, as a text, as a code for no answer, or negative.

    ``unit`` is the code of the municipality, district or agency; ``column`` the header as it is delivered.
    """

    kind: str
    unit: str
    unit_name: str
    sheet: str
    column: str
    wording: str
    true: str
    delivered: str


@dataclass(frozen=True)
class Repair:
    """How a slip is repaired: the row, the header before it was renamed, and the true text."""

    row: Row
    name: str
    true: str


def _wrong(kind: str, text: str) -> str:
    """Return a number with the slip in it."""
    if kind == "tenfold":
        return re.sub(r"[.,]", "", text) if re.search(r"[.,][0-9]$", text) else f"{text.replace(',', '.').split('.')[0]}0"
    return {"text": f"ca {text}", "code": "999", "negative": f"-{text}"}[kind]


def make_slips(
    form: Form, tables: Sequence[Table], late: Collection[str], renamed: Mapping[str, str], chance: random.Random
) -> tuple[list[Slip], list[Repair]]:
    """Make slips in numbers of FTE of units that have answered, and return them with their repairs."""
    fte = {
        (column.sheet, header(column.column)): column.wording_nb
        for column in form.columns
        if column.use == "answer" and column.type == "number" and column.unit == "fte"
    }
    # Where one of several submissions counts, a slip in another would not be noticed.
    single, names = single_units(tables) - set(late), unit_names(tables)
    places = [
        (table.layout.name, row, name)
        for table in tables
        for row in table.rows
        if row.unit in single
        for name in table.headers
        if (table.layout.name, name) in fte and re.fullmatch(r"[1-9][0-9]?([.,][0-9]+)?", row.texts.get(name, ""))
    ]
    chance.shuffle(places)
    slips: list[Slip] = []
    repairs: list[Repair] = []
    taken: set[str] = set()
    for sheet, row, name in places:
        if len(slips) == len(KINDS):
            break
        if row.unit in taken:
            continue
        taken.add(row.unit)
        kind, true = KINDS[len(slips)], row.texts[name]
        row.texts[name] = _wrong(kind, true)
        column = renamed.get(f"{sheet}.{name}", name)
        slips.append(Slip(kind, row.unit, names.get(row.unit, ""), sheet, column, fte[sheet, name], true, row.texts[name]))
        repairs.append(Repair(row, name, true))
    return slips, repairs
