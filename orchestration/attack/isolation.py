"""Sets of few units whose figures follow from shown figures by adding and subtracting.

Belongs here: the part ``isolation``. What needs the figures themselves (bounds) does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import highspy
import numpy as np
from numpy.typing import NDArray

from orchestration.attack.algebra import Reduced, small_sets, without
from orchestration.attack.policy import Policy
from orchestration.attack.public import HIDDEN
from orchestration.attack.result import Derived
from orchestration.attack.sheets import ANSWERED, Pattern, Patterns, Sheet
from orchestration.attack.solving import Program, UndecidedError

PART = "isolation"
# Sets of few answering units to look for in one table; further ones add nothing to a table that has already failed.
_MOST_SETS = 20


class Isolation:
    """The search over the tables of one snapshot, or of several together; patterns that tables share are reduced once."""

    def __init__(self, policy: Policy, patterns: Patterns, part: str = PART) -> None:
        """Begin with nothing found."""
        self._policy = policy
        self._patterns = patterns
        self._part = part
        self._found: dict[tuple[int, bytes], tuple[Reduced, list[tuple[tuple[int, ...], tuple[int, ...]]]]] = {}
        self.tried: Counter[str] = Counter()
        self.not_tried: list[str] = []

    def attack(self, sheet: Sheet) -> list[Derived]:
        """Return the sets of few units whose figures follow, by measure.

        Raises:
            UserError: figures that follow from one another disagree.
        """
        shown = sheet.shown
        found: list[Derived] = []
        self.tried["tables"] += 1
        measures: list[tuple[int | str, NDArray[np.int64]]] = [(ANSWERED, shown.n_answered)]
        measures += [(answer, shown.n_answer[:, answer]) for answer in range(len(shown.answers))]
        for measure, figures in measures:
            rows = np.flatnonzero(figures != HIDDEN)
            if not rows.size:
                continue
            self.tried["figures"] += rows.size
            # Units known not to have been asked add nothing to any sum.
            members = shown.members[rows] & ~sheet.may_not_have_answered()
            pattern = self._patterns.of(members)
            found += self._few_units(sheet, measure, pattern, sheet.public_units, rows)
            known = self._known(sheet, measure)
            if known.any():
                # What is known of units is subtracted from all sums. Earlier snapshots may reveal it for some units of an
                # atom.
                beside = pattern if pattern.holds(known) else self._patterns.of(members & ~known)
                found += self._few_units(sheet, measure, beside, sheet.public_units | known, rows)
            if measure == ANSWERED:
                found += self._few_answering(sheet, pattern, rows)
        return found

    def _few_units(
        self, sheet: Sheet, measure: int | str, pattern: Pattern, known: NDArray[np.bool_], rows: NDArray[np.int64]
    ) -> Iterator[Derived]:
        """Yield the sets of few units whose sums follow once units are known, through which levels."""
        _, sets = self._sets(pattern, pattern.atoms(known))
        for atoms, through in sets:
            units = [unit for atom in atoms for unit in pattern.units[atom]]
            if not sheet.own_units[units].all():
                yield sheet.fact(self._part, measure, units, sheet.levels(rows[list(through)]))

    def _known(self, sheet: Sheet, measure: int | str) -> NDArray[np.bool_]:
        """Return the units whose measure follows from allowed uniform groups."""
        if isinstance(measure, str):
            return sheet.may_have_answered()
        known = sheet.may_be_known(measure, given=False) | sheet.may_be_known(measure, given=True)
        return np.asarray(known & ~sheet.may_not_have_answered(), dtype=np.bool_)

    def _sets(
        self, pattern: Pattern, known: NDArray[np.bool_]
    ) -> tuple[Reduced, list[tuple[tuple[int, ...], tuple[int, ...]]]]:
        """Return the small sets of a pattern without known atoms, and the remaining row space."""
        key = (id(pattern), known.tobytes())
        if key not in self._found:
            reduced = without(pattern.reduced, pattern.matrix, known) if known.any() else pattern.reduced
            self._found[key] = (reduced, list(small_sets(reduced, pattern.sizes, self._policy.minimum_units)))
            self.tried["systems"] += 1
        return self._found[key]

    def _few_answering(self, sheet: Sheet, pattern: Pattern, rows: NDArray[np.int64]) -> list[Derived]:
        """Return larger sets of units whose figures follow and in which fewer units answered than the policy's minimum."""
        mask = pattern.atoms(sheet.public_units)
        reduced, small = self._sets(pattern, mask)
        figures = sheet.shown.n_answered[rows]
        values = _values(reduced, pattern, figures, mask)
        if values is None:
            return []
        found: list[Derived] = []
        closed = [set(atoms) for atoms, _ in small]
        for _ in range(_MOST_SETS):
            self.tried["sets asked of the solver"] += 1
            try:
                chosen = _smallest(reduced, pattern.sizes, values, closed, self._policy.minimum_units)
            except UndecidedError:
                self.not_tried.append(f"{PART}: sets of few answering units of {sheet.key}")
                return found
            if chosen is None:
                return found
            closed.append(set(chosen))
            units = [unit for atom in chosen for unit in pattern.units[atom]]
            through = reduced.through[np.isin(reduced.pivots, chosen)].any(axis=0)
            found.append(sheet.fact(self._part, ANSWERED, units, sheet.levels(rows[np.flatnonzero(through)])))
        self.not_tried.append(f"{PART}: more than {_MOST_SETS} sets of few answering units of {sheet.key}")
        return found


def _values(
    reduced: Reduced, pattern: Pattern, figures: NDArray[np.int64], known: NDArray[np.bool_]
) -> list[Fraction] | None:
    """Return the figure of each reduced row, without units that are known; None where those turn out not to be known."""
    if known.any():
        # A public unit is a group of its own, so its figure is the one of that group.
        for atom in np.flatnonzero(known):
            alone = np.flatnonzero((pattern.matrix.sum(axis=1) == 1) & (pattern.matrix[:, atom] == 1))
            if not alone.size:
                return None
            figures = figures - pattern.matrix[:, atom] * figures[alone[0]]
    totals = reduced.through @ figures
    return [Fraction(int(total), int(part)) for total, part in zip(totals, reduced.denominators, strict=True)]


def _smallest(
    reduced: Reduced, sizes: NDArray[np.int64], values: Sequence[Fraction], closed: Iterable[set[int]], fewest: int
) -> tuple[int, ...] | None:
    """Return the atoms of a set whose figures follow and in which fewer than ``fewest`` units answered; None without any.

    ``closed`` are sets that are found already; no set that holds one of them is found again.
    """
    pivots = reduced.pivots
    if not pivots.size:
        return None
    program = Program()
    picked = program.columns(np.ones(len(pivots)))
    program.row(picked, np.ones(len(pivots)), 1, highspy.kHighsInf)
    common = int(np.lcm.reduce([value.denominator for value in values]))
    program.row(picked, np.array([float(value * common) for value in values]), -highspy.kHighsInf, (fewest - 1) * common)
    others = np.setdiff1d(np.flatnonzero(reduced.rows.any(axis=0)), pivots)
    whole = int(np.lcm.reduce(reduced.denominators))
    scaled = reduced.rows * (whole // reduced.denominators)[:, None]
    for column in others:
        weights = scaled[:, column]
        there = np.flatnonzero(weights)
        divisor = int(np.gcd.reduce(np.append(np.abs(weights[there]), whole)))
        step = whole // divisor
        if step == 1:
            program.row(picked[there], weights[there] / divisor, 0, 1)
        else:
            own = program.columns(np.ones(1))
            program.row(np.append(picked[there], own), np.append(weights[there] / divisor, -step), 0, 0)
    place = {int(pivot): i for i, pivot in enumerate(pivots)}
    for atoms in closed:
        inside = [place[atom] for atom in atoms if atom in place]
        program.row(picked[inside], np.ones(len(inside)), -highspy.kHighsInf, len(inside) - 1)
    cost = np.zeros(program.width)
    cost[picked] = sizes[pivots]
    solution = program.whole(cost)
    if solution is None:
        return None
    weights = np.zeros(len(pivots), dtype=np.int64)
    weights[:] = solution[picked]
    return tuple(np.flatnonzero(weights @ scaled).tolist())
