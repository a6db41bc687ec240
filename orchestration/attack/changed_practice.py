"""Who reports by which form, and whose practice changed, by the difference of two snapshots.

FTE of single units are public in both snapshots, so everybody knows by how much each unit changed; the movements of FTE by
form and of real change then show on which side it was. Figures that wait are those of an earlier snapshot and reveal
nothing.

Belongs here: the part ``changed_practice``, for several snapshots. What one snapshot reveals is in ``practice``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from orchestration.attack.connections import opened
from orchestration.attack.practice import (
    FORMS,
    JOINT,
    MOST_BITS,
    REAL_CHANGE,
    SEPARATE,
    TOTAL,
    Forms,
    fte_of_units,
    ground_of,
    read_forms,
    sides_of,
)
from orchestration.attack.public import WAITS, Public
from orchestration.attack.result import Derived, Notes

PART = "changed_practice"

_LEVELS = ("snapshots",)
# FTE are summed in whole millionths.
_MILLION = 1_000_000
# All sets of this many units are tried.
_MOST_UNITS = 16
# How many FTE real change leaves out is not public; less than this share of all is assumed.
_MOST_LEFT_OUT = 0.75
# Both percentages are rounded to one decimal.
_ROUNDING = 0.1 + 1e-9


@dataclass
class _Practice:
    """A snapshot's figures on forms and practice, without those that wait."""

    fte: dict[tuple[int, str], dict[str, float]]
    forms: dict[tuple[int, str], Forms]
    changes: dict[tuple[int, int, str], tuple[float | None, int | None]] = field(default_factory=dict)
    ground: dict[tuple[int, int], dict[str, tuple[str, ...]]] = field(default_factory=dict)


def attack_changed_practice(now: Public, before: Sequence[Public], notes: Notes) -> None:
    """Compare a candidate with each earlier snapshot, and record whose form or practice follows."""
    mine = _read(now.database)
    for old in before:
        theirs = _read(old.database)
        for period, target in sorted(mine.forms.keys() & theirs.forms.keys()):
            late = old.silent.get(period, frozenset()) - now.silent.get(period, frozenset())
            _forms(period, target, mine, theirs, late, notes)
        for key in sorted(mine.changes.keys() & theirs.changes.keys()):
            late = old.silent.get(key[1], frozenset()) - now.silent.get(key[1], frozenset())
            _real_change(key, mine, theirs, late, notes)


def _read(database: Path) -> _Practice:
    with opened(database) as connection:
        found = _Practice(fte_of_units(connection), read_forms(connection, with_waiting=False))
        for before, after, target, real, number in connection.sql(
            "select time_period_from, time_period_to, target_group, real_change_percent, municipalities_excluded "
            f"from {REAL_CHANGE} where not contains(coalesce(obs_note, ''), '{WAITS}')"
        ).fetchall():
            found.changes[before, after, target] = (real, number)
            if (before, after) not in found.ground:
                found.ground[before, after] = ground_of(connection, before, after)
    return found


def _moved(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, int]:
    """Return the units whose FTE changed, in millionths."""
    moves = {unit: _millionths(now.get(unit, 0.0) - before.get(unit, 0.0)) for unit in sorted(now.keys() | before.keys())}
    return {unit: move for unit, move in moves.items() if move}


def _millionths(fte: float) -> int:
    return round(fte * _MILLION)


def _forms(period: int, target: str, mine: _Practice, theirs: _Practice, late: frozenset[str], notes: Notes) -> None:
    now, before = mine.fte.get((period, target), {}), theirs.fte.get((period, target), {})
    moved = _moved(now, before)
    sides, sides_before = sides_of(mine.forms[period, target]), sides_of(theirs.forms[period, target])
    notes.tried[PART]["tables of forms"] += 1
    for side, amount in sides.items():
        earlier = sides_before[side]
        if amount is None or earlier is None:
            continue
        identified = _identified_units(moved, _millionths(amount - earlier), now, before)
        if identified is None:
            notes.not_tried.append(f"{PART}: units that changed and report {side}, {target}, {period}")
        elif identified:
            notes.add([Derived(PART, FORMS, target, period, side, identified, _LEVELS)])
    # A form that few had was hidden: that its municipalities are counted now reveals that somebody joined it.
    numbers, numbers_before = (
        {form: number for form, (_, number) in each.forms[period, target].items() if number is not None}
        for each in (mine, theirs)
    )
    came = {form: numbers[form] - numbers_before[form] for form in numbers.keys() & numbers_before.keys()}
    if late and any(number in (0, len(late)) for form, number in came.items() if form in (JOINT, SEPARATE)):
        notes.add([Derived(PART, FORMS, target, period, "municipalities", tuple(sorted(late)), _LEVELS)])


def _identified_units(
    moved: Mapping[str, int], goal: int, now: Mapping[str, float], before: Mapping[str, float]
) -> tuple[str, ...] | None:
    """Return the units for which it follows whether they are among those whose moves add up to a goal; None if not tried.

    Where no set of units that moved explains the goal, a single unit that changed form is looked for.
    """
    if not moved and not goal:
        return ()
    switches = {unit: (_millionths(now.get(unit, 0.0)), _millionths(before.get(unit, 0.0))) for unit in now}
    common = int(np.gcd.reduce([goal, *moved.values(), *itertools.chain(*switches.values())])) or 1
    spread = sum(map(abs, moved.values())) // common
    if spread * max(len(moved), 1) ** 2 > MOST_BITS:
        return None

    def fits(units: Sequence[str], rest: int) -> bool:
        return _reaches([moved[unit] // common for unit in units], rest // common)

    names = list(moved)
    if fits(names, goal):
        identified = []
        for unit in names:
            others = [name for name in names if name != unit]
            if not (fits(others, goal) and fits(others, goal - moved[unit])):
                identified.append(unit)
        return tuple(identified)
    switched = []
    for unit, (new, old) in sorted(switches.items()):
        others = [name for name in names if name != unit]
        if (new and fits(others, goal - new)) or (old and fits(others, goal + old)):
            switched.append(unit)
    return tuple(switched) if len(switched) == 1 else ()


def _reaches(steps: Sequence[int], goal: int) -> bool:
    """Return whether some of the steps add up to a goal."""
    below = -sum(step for step in steps if step < 0)
    above = sum(step for step in steps if step > 0)
    if not -below <= goal <= above:
        return False
    sums = 1 << below
    for step in steps:
        sums |= sums << step if step > 0 else sums >> -step
    return bool(sums >> (goal + below) & 1)


def _real_change(key: tuple[int, int, str], mine: _Practice, theirs: _Practice, late: frozenset[str], notes: Notes) -> None:
    before, after, target = key
    (real, number), (real_then, number_then) = mine.changes[key], theirs.changes[key]
    notes.tried[PART]["real changes"] += 1
    if late and number is not None and number_then is not None and number - number_then in (0, len(late)):
        notes.add([Derived(PART, REAL_CHANGE, TOTAL, after, "excluded", tuple(sorted(late)), _LEVELS)])
    if real is None or real_then is None:
        return
    moved = _moved(mine.fte.get((after, target), {}), theirs.fte.get((after, target), {}))
    moved_before = _moved(mine.fte.get((before, target), {}), theirs.fte.get((before, target), {}))
    ground = mine.ground[before, after]
    ratio = 1 + real / 100
    scores = {unit: moved.get(unit, 0) / _MILLION for unit in moved.keys() | ground.keys()}
    for unit, olds in ground.items():
        scores[unit] -= ratio * sum(moved_before.get(old, 0) for old in olds) / _MILLION
    scores = {unit: score for unit, score in sorted(scores.items()) if score}
    if not scores:
        return
    if len(scores) > _MOST_UNITS:
        notes.not_tried.append(f"{PART}: {len(scores)} units whose FTE changed, real change into {after}")
        return
    whole = sum(mine.fte.get((before, target), {}).values())
    counted: list[frozenset[str]] = [
        chosen
        for chosen in _subsets(list(scores))
        if _explains(sum(scores[unit] for unit in chosen), whole, real - real_then)
    ]
    if not counted:
        return
    always, ever = frozenset.intersection(*counted), frozenset.union(*counted)
    excluded = sorted(always | (scores.keys() - ever))
    if excluded:
        notes.add([Derived(PART, REAL_CHANGE, target, after, "excluded", tuple(excluded), _LEVELS)])


def _subsets(units: Sequence[str]) -> Iterator[frozenset[str]]:
    for size in range(len(units) + 1):
        yield from map(frozenset, itertools.combinations(units, size))


def _explains(score: float, whole: float, moved: float) -> bool:
    """Return whether adding these FTE to the units counted could change real change by this amount, whatever its base."""
    ends = sorted((100 * score / whole, 100 * score / (whole * (1 - _MOST_LEFT_OUT)))) if whole else [0.0, 0.0]
    return ends[0] - _ROUNDING <= moved <= ends[1] + _ROUNDING
