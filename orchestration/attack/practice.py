"""Who changed its reporting practice and who reports by which form, by the public FTE of single units; amounts and persons.

Belongs here: the part ``practice``. FTE of single units are public, so a sum that leaves out a few of them reveals which
they are, where only one set of units gives it. What the difference of two snapshots reveals is in ``changed_practice``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb
import numpy as np
from numpy.typing import NDArray

from orchestration.attack.connections import opened
from orchestration.attack.policy import Policy
from orchestration.attack.public import WAITS
from orchestration.attack.result import Derived, Notes

PART = "practice"
REAL_CHANGE = "real_change"
FORMS = "fte_by_reporting_form"
AMOUNTS = "amounts"
PERSONS = "person_estimates"

# Sets of up to this many units are searched.
_MOST_UNITS = 3
# Sets without their last unit that are looked up; thirty times the municipalities of Norway have so many.
_MOST_HEADS = 60_000_000
# Where this many other sets fit too, who is in the set does not follow.
_MANY = 20_000
TOTAL = "total"
JOINT, SEPARATE = "joint", "separate"
MUNICIPALITY_CODE = 4
# Sums of sets are kept as bits: not more than 100 MB of them.
MOST_BITS = 800_000_000
# FTE are summed in millionths; public figures are doubles.
_ROUNDING = 1e-5

Floats = NDArray[np.float64]
# FTE and municipalities of each form of a year and target group.
Forms = dict[str, tuple[float | None, int | None]]


@dataclass(frozen=True)
class Sum:
    """What a set of units must add up to: ``scores`` by unit, between ``least`` and ``most``."""

    scores: Floats
    least: float
    most: float


def attack_practice(
    database: Path, policy: Policy, notes: Notes, known: Mapping[tuple[int, str], Collection[str]] = MappingProxyType({})
) -> None:
    """Search for sets of units that the public figures reveal, and record what was found.

    ``known`` has, by year and target group, the units whose form may follow.
    """
    with opened(database) as connection:
        fte = fte_of_units(connection)
        _real_change(connection, fte, policy, notes)
        _forms(connection, fte, policy, notes, known)
        _amounts(connection, policy, notes)
        _persons(connection, policy, notes)


def fte_of_units(connection: duckdb.DuckDBPyConnection) -> dict[tuple[int, str], dict[str, float]]:
    """Return the public FTE of single units by year and target group, of those that are not made up of others."""
    found: dict[tuple[int, str], dict[str, float]] = {}
    for period, target, code, fte in connection.sql(
        """
        select time_period, target_group, unit_code, fte from fte_by_service
        where area_basis = 'reported' and service_type = 'total' and fte is not null
            and unit_level in ('municipality', 'city_district', 'agency')
            and (time_period, unit_code) not in (
                select time_period, municipality_code from areas
                where area_basis = 'reported' and unit_level != 'municipality' and municipality_code is not null
            )
        """
    ).fetchall():
        found.setdefault((period, target), {})[code] = fte
    return found


def read_forms(connection: duckdb.DuckDBPyConnection, *, with_waiting: bool) -> dict[tuple[int, str], Forms]:
    """Return FTE and municipalities by form, with the total, by year and target group that has any form beside it.

    Forms that wait are those of an earlier snapshot and reveal nothing together with the FTE of this one; ``with_waiting``
    keeps them.
    """
    condition = "true" if with_waiting else f"not contains(coalesce(obs_note, ''), '{WAITS}')"
    found: dict[tuple[int, str], Forms] = {}
    for period, target, form, amount, number in connection.sql(
        f"select time_period, target_group, reporting_form, fte, municipalities from {FORMS} where {condition}"
    ).fetchall():
        found.setdefault((period, target), {})[form] = (amount, number)
    return {key: forms for key, forms in found.items() if forms.keys() - {TOTAL}}


def sides_of(forms: Forms) -> dict[str, float | None]:
    """Return the FTE of the joint form and of both separate ones."""
    parts = [amount for form, (amount, _) in forms.items() if form not in (JOINT, SEPARATE, TOTAL)]
    return {
        JOINT: forms.get(JOINT, (None, None))[0],
        SEPARATE: sum(part for part in parts if part is not None) if parts and None not in parts else None,
    }


def _real_change(
    connection: duckdb.DuckDBPyConnection, fte: Mapping[tuple[int, str], Mapping[str, float]], policy: Policy, notes: Notes
) -> None:
    rows = connection.sql(
        f"""
        select time_period_from, time_period_to, target_group, change_percent, real_change_percent, municipalities_excluded
        from {REAL_CHANGE} where real_change_percent is not null or municipalities_excluded is not null
        order by all
        """
    ).fetchall()
    decimals = _decimals([row[4] for row in rows])
    for (before, after), found in itertools.groupby(rows, key=lambda row: (row[0], row[1])):
        pair = list(found)
        shown = {row[5] for row in pair if row[5] is not None}
        notes.tried[PART]["pairs of years"] += 1
        for number in shown:
            if number < policy.units_by_practice:
                notes.add([Derived(PART, REAL_CHANGE, TOTAL, after, "municipalities_excluded", (), ())])
        if shown and min(shown) > _MOST_UNITS:
            notes.not_tried.append(f"{PART}: sets of {min(shown)} units left out of real change, {after}")
            continue
        ground = ground_of(connection, before, after)
        units = sorted(
            {code for code in ground if all((after, row[2]) in fte and code in fte[after, row[2]] for row in pair)}
        )
        sums: list[Sum] = []
        for _, _, target, _, real, _ in pair:
            if real is None:
                continue
            earlier, later = fte.get((before, target), {}), fte.get((after, target), {})
            old = np.array([sum(earlier.get(code, 0.0) for code in ground[unit]) for unit in units])
            new = np.array([later[unit] for unit in units])
            ratio, half = 1 + real / 100, (0.5 * 10.0**-decimals) / 100
            total_old, total_new = sum(earlier.values()), sum(later.values())
            # (later - those left out) / (earlier - those left out) = ratio, which is a sum over the units left out.
            goal = total_new - ratio * total_old
            spread = half * total_old + _ROUNDING
            sums.append(Sum(new - ratio * old, goal - spread, goal + spread))
        sizes = sorted(shown) or list(range(1, _MOST_UNITS + 1))
        _search(sums, units, sizes, Derived(PART, REAL_CHANGE, TOTAL, after, "excluded", (), ()), notes)


def _decimals(values: Iterable[float | None]) -> int:
    """Return the greatest number of decimals that figures are shown with."""
    return max((len(f"{value:.10f}".rstrip("0").partition(".")[2]) for value in values if value is not None), default=10)


def ground_of(connection: duckdb.DuckDBPyConnection, before: int, after: int) -> dict[str, tuple[str, ...]]:
    """Return, by unit of the later year, the units that covered its area before; units whose area was split are left out."""
    codes = {
        period: {
            row[0]
            for row in connection.execute(
                """
                select unit_code from areas where time_period = ? and area_basis = 'reported'
                    and unit_level in ('municipality', 'city_district', 'agency')
                """,
                [period],
            ).fetchall()
        }
        for period in (before, after)
    }
    changes = connection.execute(
        """
        select old_code, new_code from area_changes
        where change_year > ? and change_year <= ? and change_type != 'name_change' order by all
        """,
        [before, after],
    ).fetchall()
    news: dict[str, set[str]] = {}
    for old, new in changes:
        news.setdefault(old, set()).add(new)
    ground: dict[str, set[str]] = {}
    split: set[str] = set()
    for code in codes[before]:
        became = news.get(code, {code})
        split |= became if len(became) > 1 else set()
        for new in became:
            ground.setdefault(new, set()).add(code)
    return {code: tuple(sorted(ground[code])) for code in codes[after] if code in ground and code not in split}


def _forms(
    connection: duckdb.DuckDBPyConnection,
    fte: Mapping[tuple[int, str], Mapping[str, float]],
    policy: Policy,
    notes: Notes,
    known: Mapping[tuple[int, str], Collection[str]],
) -> None:
    for (period, target), forms in sorted(read_forms(connection, with_waiting=True).items()):
        if (period, target) not in fte:
            continue
        notes.tried[PART]["tables of forms"] += 1
        numbers = {form: number for form, (_, number) in forms.items() if form != TOTAL and number is not None}
        for form, number in numbers.items():
            if number < policy.units_by_practice:
                notes.add([Derived(PART, FORMS, target, period, form, (), ())])
        for form, amount in sides_of(forms).items():
            if amount is None:
                continue
            if amount == 0:
                notes.add([Derived(PART, FORMS, target, period, form, (), ())])
                continue
            # Only municipalities are counted; districts and agencies may have the form too.
            most = (policy.units_by_practice - 1 if form not in numbers else numbers[form]) + len(
                [code for code in fte[period, target] if len(code) > MUNICIPALITY_CODE]
            )
            certain = in_every_set(fte[period, target], amount, most)
            if certain is None:
                notes.not_tried.append(f"{PART}: units that report {form}, {target}, {period}")
                continue
            notes.tried[PART]["searches"] += 1
            identified = tuple(code for code in certain if code not in known.get((period, target), ()))
            if identified:
                notes.add([Derived(PART, FORMS, target, period, form, identified, ())])


def in_every_set(weights: Mapping[str, float], total: float, most: int) -> tuple[str, ...] | None:
    """Return the units that are in every set of at most ``most`` units whose weights add up to a total; None if not tried.

    Exact: weights are whole millionths, divided by their greatest common divisor.
    """
    numbers = {code: round(weight * 1_000_000) for code, weight in weights.items() if weight > 0}
    goal = round(total * 1_000_000)
    if sum(sorted(numbers.values(), reverse=True)[:most]) < goal:
        return ()
    common = int(np.gcd.reduce([goal, *numbers.values()]))
    if (goal // common) * len(numbers) * most > MOST_BITS:
        return None
    codes = sorted(numbers)
    steps = [numbers[code] // common for code in codes]
    first = _one_set(steps, goal // common, most)
    if first is None:
        return ()
    certain = []
    for place in first:
        without = steps[:place] + steps[place + 1 :]
        if _one_set(without, goal // common, most) is None:
            certain.append(codes[place])
    return tuple(certain)


def _one_set(steps: Sequence[int], goal: int, most: int) -> tuple[int, ...] | None:
    """Return the places of some set of at most ``most`` numbers that add up to the goal; None without one."""
    mask = (1 << (goal + 1)) - 1
    # By count of numbers used: the sums that this many can reach, as bits.
    layers = [[1] + [0] * most]
    for step in steps:
        before = layers[-1]
        layers.append([before[0]] + [(before[n] | (before[n - 1] << step)) & mask for n in range(1, most + 1)])
    size = next((n for n in range(most + 1) if layers[-1][n] >> goal & 1), None)
    if size is None:
        return None
    chosen = []
    rest = goal
    for place in range(len(steps) - 1, -1, -1):
        if size and not layers[place][size] >> rest & 1:
            chosen.append(place)
            rest -= steps[place]
            size -= 1
    return tuple(reversed(chosen))


def _search(sums: Sequence[Sum], units: Sequence[str], sizes: Sequence[int], fact: Derived, notes: Notes) -> None:
    """Search for sets of units that fulfil all sums, and record the units that are in every one of them."""
    if not sums:
        return
    certain: set[int] | None = None
    number = 0
    for size in sizes:
        for chosen in _sets(sums, len(units), size, notes):
            number += 1
            certain = set(chosen) if certain is None else certain & set(chosen)
            if number > _MANY or not certain:
                return
    notes.tried[PART]["searches"] += 1
    if certain:
        notes.add([fact._replace(units=tuple(sorted(units[i] for i in certain)))])


def _sets(sums: Sequence[Sum], count: int, size: int, notes: Notes) -> Iterable[tuple[int, ...]]:
    """Find sets of a size whose scores fulfil all sums: halves that meet in the sorted scores of the first sum."""
    first = sums[0]
    is_searched = 0 < size <= _MOST_UNITS
    if is_searched and math.comb(count, size - 1) > _MOST_HEADS:
        notes.not_tried.append(f"{PART}: sets of {size} of {count} units left out of real change")
        return
    notes.tried[PART]["sets searched"] += math.comb(count, size)
    if not is_searched:
        return
    order = np.argsort(first.scores)
    ranked = first.scores[order]
    for start in itertools.combinations(range(count), max(size - 2, 0)):
        # The heads that begin so, each with one more unit: all of them are looked up at once.
        more = np.arange(start[-1] + 1 if start else 0, count) if size > 1 else np.zeros(0, dtype=np.int64)
        so_far = sum(first.scores[i] for i in start) + (first.scores[more] if size > 1 else np.zeros(1))
        low = np.searchsorted(ranked, first.least - so_far, side="left")
        high = np.searchsorted(ranked, first.most - so_far, side="right")
        for place in np.flatnonzero(high > low):
            head = (*start, int(more[place])) if size > 1 else start
            last = order[low[place] : high[place]]
            # Each set once: the last unit comes after those of the head.
            last = last[last > (head[-1] if head else -1)]
            for other in sums[1:]:
                total = other.scores[last] + sum(other.scores[i] for i in head)
                last = last[(total >= other.least) & (total <= other.most)]
            for i in last:
                yield (*head, int(i))


def _amounts(connection: duckdb.DuckDBPyConnection, policy: Policy, notes: Notes) -> None:
    """Look for groups with few answering units, shown or by subtraction."""
    rows = connection.sql(
        f"select indicator, time_period, unit_level, unit_code, amount_nok, n_answered from {AMOUNTS} order by all"
    ).fetchall()
    for (indicator, period), found in itertools.groupby(rows, key=lambda row: (row[0], row[1])):
        table = list(found)
        notes.tried[PART]["amounts"] += len(table)
        few = [row for row in table if row[5] is not None and row[4] is not None and row[5] < policy.minimum_units]
        for row in few:
            notes.add([Derived(PART, AMOUNTS, indicator, period, str(row[3]), (), (str(row[2]),))])
        country = [row for row in table if row[2] == "country" and row[4] is not None and row[5] is not None]
        for level in sorted({row[2] for row in table} - {"country"}):
            parts = [row for row in table if row[2] == level]
            hidden = [row for row in parts if row[4] is None]
            shown = [row for row in parts if row[4] is not None]
            if country and hidden and all(row[5] is not None for row in shown):
                rest = country[0][5] - sum(row[5] for row in shown)
                if rest < policy.minimum_units:
                    notes.add([Derived(PART, AMOUNTS, indicator, period, str(hidden[0][3]), (), ("country", level))])


def _persons(connection: duckdb.DuckDBPyConnection, policy: Policy, notes: Notes) -> None:
    """Look for questions that few units answered; a category is a count over all units that did."""
    rows = connection.sql(f"select indicator, time_period, category, n_units from {PERSONS} order by all").fetchall()
    for (indicator, period), found in itertools.groupby(rows, key=lambda row: (row[0], row[1])):
        numbers = {row[2]: row[3] for row in found}
        notes.tried[PART]["categories of persons"] += len(numbers)
        total = numbers.get(TOTAL)
        if total is not None and total < policy.minimum_units:
            notes.add([Derived(PART, PERSONS, indicator, period, TOTAL, (), ())])
