"""Who reports by which form, by the FTE of each unit, the FTE of each form and the counts of who answered as which.

FTE of units are public, so a municipality with more FTE than all that report separately reports jointly. The policy allows
what follows about the largest from figures of the country, and this is counted. Counts of smaller groups must not reveal
more.

Belongs here: the parts ``practice`` and ``routing`` together. These are linear programs over fractions of units: what they
fix is fixed for whole units too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestration.attack.bounds import ROUTING
from orchestration.attack.connections import opened
from orchestration.attack.kept_pieces import KEPT_NOWHERE, Kept, piece
from orchestration.attack.practice import FORMS, JOINT, MUNICIPALITY_CODE, PART, SEPARATE, TOTAL, fte_of_units, read_forms
from orchestration.attack.public import HIDDEN
from orchestration.attack.result import Derived, Notes, TableKey
from orchestration.attack.routing import FORM
from orchestration.attack.sheets import Sheet
from orchestration.attack.solving import Program, UndecidedError

# Only units with many FTE can be identified: this many are examined.
_LARGEST = 60
_ROUNDING = 1e-5
_NEARLY = 1e-6

Place = tuple[str, int, str, str]


@dataclass(frozen=True)
class _Count:
    """At least ``least`` of some units report by a form."""

    units: NDArray[np.bool_]
    is_joint: bool
    least: int
    is_of_country: bool = True


@dataclass(frozen=True)
class _Year:
    """A year and target group: units with their FTE, the joint reporters' total, and the counts of who chose which form."""

    codes: tuple[str, ...]
    fte: NDArray[np.float64]
    joint: float
    chosen: tuple[_Count, ...]


def attack_weighed_forms(
    database: Path,
    by_form: Mapping[Place, Sequence[tuple[TableKey, bool]]],
    sheets: Mapping[TableKey, Sheet],
    notes: Notes,
    kept: Kept = KEPT_NOWHERE,
) -> dict[tuple[int, str], set[str]]:
    """Record the units whose form follows from FTE and counts together; return those that the country's figures reveal.

    Args:
        database: the candidate's DuckDB file.
        by_form: tables of questions by form, and whether they are for units that report jointly.
        sheets: the tables, ready.
        notes: where findings go.
        kept: where years are kept that need not be computed again.

    Returns:
        By year and target group the units whose form may follow, which are counted as allowed.
    """
    known = {}
    for place, year in sorted(_years(database, notes).items()):
        asked = [tables for each, tables in sorted(by_form.items()) if each[1:3] == place]
        counts = [each for tables in asked for each in _counts(year, tables, sheets)]
        allowed = piece(kept, (ROUTING, PART), (place, year, counts), partial(_year, place, year, counts), notes)
        if allowed is not None:
            known[place] = set(allowed)
    return known


def _year(place: tuple[int, str], year: _Year, counts: Sequence[_Count], notes: Notes) -> list[str] | None:
    """Record the units whose form follows in a year; return those that the country reveals; None where not tried."""
    period, target = place
    name = f"{PART}: forms by FTE, {target}, {period}"
    notes.tried[ROUTING]["forms by FTE"] += 1
    try:
        allowed = _fixed(year, [count for count in counts if count.is_of_country])
        found = _fixed(year, counts)
    except UndecidedError:
        allowed = found = None
    if allowed is None or found is None:
        notes.not_tried.append(name)
        return None
    notes.allowed[FORMS] += len(allowed)
    notes.add(
        Derived(ROUTING, FORMS, target, period, FORM, (code,), ("country", "size_group")) for code in sorted(found - allowed)
    )
    return sorted(allowed)


def _years(database: Path, notes: Notes) -> dict[tuple[int, str], _Year]:
    """Return the years whose FTE by form are shown."""
    with opened(database) as connection:
        fte = fte_of_units(connection)
        forms = read_forms(connection, with_waiting=False)
    years = {}
    for key, found in forms.items():
        total = found.get(TOTAL, (None, None))[0]
        if key not in fte or total is None or found.get(JOINT, (None, None))[0] is None:
            continue
        parts = [amount for form, (amount, _) in found.items() if form not in (SEPARATE, TOTAL)]
        known = [amount for amount in parts if amount is not None]
        if len(known) < len(parts) or abs(sum(known) - total) > _ROUNDING:
            notes.not_tried.append(f"{PART}: forms by FTE, {key[1]}, {key[0]}")
            continue
        codes = tuple(sorted(fte[key]))
        whole = np.array([len(code) == MUNICIPALITY_CODE for code in codes])
        # A unit without FTE, or a divided one, may have chosen any form.
        others = max((found[TOTAL][1] or 0) - int(whole.sum()), 0)
        chosen = tuple(
            _Count(whole, form == JOINT, number - others)
            for form, (_, number) in found.items()
            if form in (JOINT, SEPARATE) and number is not None
        )
        amounts = np.array([fte[key][code] for code in codes])
        years[key] = _Year(codes, amounts, float(found[JOINT][0] or 0), chosen)
    return years


def _counts(year: _Year, tables: Sequence[tuple[TableKey, bool]], sheets: Mapping[TableKey, Sheet]) -> list[_Count]:
    """Return the limits that the groups of questions by form set on how many units have it."""
    counts = []
    for key, is_joint in tables:
        sheet = sheets[key]
        shown = sheet.shown
        for group, row, answered in zip(shown.groups, shown.members, shown.n_answered, strict=True):
            if answered == HIDDEN:
                continue
            inside = {sheet.frame.units[unit] for unit in np.flatnonzero(row)}
            units = np.array([code in inside for code in year.codes])
            least = int(answered) - (len(inside) - int(units.sum()))
            counts.append(_Count(units, is_joint, least, group.unit_level == "country"))
    return counts


def _fixed(year: _Year, counts: Sequence[_Count]) -> set[str] | None:
    """Return those of the largest units whose form is fixed; None where no forms of units give the figures."""
    program = Program()
    joint = program.columns(np.ones(len(year.codes)))
    program.row(joint, year.fte, year.joint - _ROUNDING, year.joint + _ROUNDING)
    for count in (*year.chosen, *counts):
        inside = joint[count.units]
        if count.least > 0:
            least, most = (count.least, len(inside)) if count.is_joint else (0, len(inside) - count.least)
            program.row(inside, np.ones(len(inside)), least, most)
    fixed = set()
    for unit in np.argsort(-year.fte, kind="stable")[:_LARGEST]:
        for sign in (1.0, -1.0):
            cost = np.zeros(program.width)
            cost[unit] = sign
            found = program.relaxed(cost)
            if found is None:
                return None
            if found[unit] > _NEARLY if sign > 0 else found[unit] < 1 - _NEARLY:
                fixed.add(year.codes[unit])
    return fixed
