"""Bounds that published figures put on hidden ones, by linear programs.

Units that no group tells apart form an *atom*. The unknowns are the values of every measure in every atom; a group's figure
is the sum over its atoms. A published figure fixes its sum, a hidden one leaves it free, and what a reader can conclude
about a hidden figure is the interval between the smallest and the largest sum that fits everything published.

One solution gives many more: two atoms that lie in the same published groups may exchange what their average units have,
and everything published stays as it is. So most figures are seen to have a choice from the first solution.

Belongs here: the linear program and nothing about surveys. HiGHS solves it; it keeps its last basis, so that the many
questions about one system cost little after the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

# Smaller differences are the solver's rounding.
TOLERANCE = 1e-6

# Rounds of weights that ask about all open figures at once, before each is asked about by itself.
JOINT_ROUNDS = 12

# Atoms of one place among which exchanges are tried; more would only save more questions.
MOST_EXCHANGING = 150

# Narrowest interval of an amount, in its unit, that counts as unknown; and more than any amount.
AMOUNT_INTERVAL = 1.0
AMOUNT_LIMIT = 1e10


@dataclass(frozen=True)
class Measure:
    """A kind of figure. A count is whole and at most the number of units; an amount is any number from 0.

    ``parts`` are the numbers of other measures whose sum it is; it then adds no unknowns of its own.
    """

    name: str
    is_count: bool = True
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Relation:
    """A condition on the measures of every atom: lower <= sum of coefficient * value <= upper.

    With ``is_exclusive`` each unit has at most one of the measures, so that their sum is at most the number of units.
    """

    coefficients: Mapping[int, float]
    lower: float = -highspy.kHighsInf
    upper: float = highspy.kHighsInf
    is_exclusive: bool = False


@dataclass(frozen=True, order=True)
class Figure:
    """One figure of a system, by the numbers of its group and its measure."""

    group: int
    measure: int


@dataclass
class Interval:
    """The smallest and the largest value of a figure that were found to fit."""

    low: float
    high: float

    def widen(self, value: float) -> None:
        """Take in another value that fits."""
        self.low, self.high = min(self.low, value), max(self.high, value)

    def is_known(self, measure: Measure) -> bool:
        """Whether the interval leaves no choice: one whole number, or less than a unit of an amount."""
        if measure.is_count:
            return bool(np.floor(self.high + TOLERANCE) - np.ceil(self.low - TOLERANCE) < 1)
        return self.high - self.low < AMOUNT_INTERVAL


class System:
    """All figures of groups of the same units, some published and the others hidden.

    Args:
        incidence: groups by atoms, true where the group holds the atom.
        sizes: number of units of each atom.
        measures: the measures.
        relations: conditions that hold in every atom.
    """

    def __init__(
        self, incidence: NDArray[np.bool_], sizes: NDArray[np.int64], measures: list[Measure], relations: list[Relation]
    ) -> None:
        """Build the linear program; at first nothing is published."""
        self.measures = measures
        self._incidence = incidence
        self._group_count, self._atom_count = incidence.shape
        self._is_solved = False
        self._sizes = sizes
        self._is_published = np.zeros(len(incidence), dtype=bool)
        self._pairs: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        # What holds of each of two units holds of a mixture of both, but for amounts, whose limit is one of atoms.
        self._may_exchange = all(measure.is_count for measure in measures) and all(
            relation.lower in (0, -highspy.kHighsInf) and relation.upper in (0, highspy.kHighsInf) for relation in relations
        )
        self._solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue("threads", 1)
        self._solver.setOptionValue("presolve", "off")
        upper = [sizes if measure.is_count else np.full(self._atom_count, AMOUNT_LIMIT) for measure in measures]
        # The unknowns of a sum are those of its parts.
        self._unknowns = [measure.parts or (number,) for number, measure in enumerate(measures)]
        columns = len(measures) * self._atom_count
        self._solver.addVars(columns, np.zeros(columns), np.concatenate(upper).astype(float))
        members = [np.flatnonzero(row) for row in incidence]
        self._add_rows(
            [
                (columns_of, np.ones(len(columns_of)))
                for unknowns in self._unknowns
                for atoms in members
                for columns_of in [np.concatenate([atoms + unknown * self._atom_count for unknown in unknowns])]
            ],
            -highspy.kHighsInf,
            highspy.kHighsInf,
        )
        for relation in relations:
            numbers = np.array(sorted(relation.coefficients))
            factors = np.array([relation.coefficients[number] for number in numbers], dtype=float)
            self._add_rows(
                [(numbers * self._atom_count + atom, factors) for atom in range(self._atom_count)],
                relation.lower,
                sizes.astype(float) if relation.is_exclusive else relation.upper,
            )

    def _add_rows(
        self,
        rows: list[tuple[NDArray[np.int64], NDArray[np.float64]]],
        lower: float,
        upper: float | NDArray[np.float64],
    ) -> None:
        lengths = np.array([len(columns) for columns, _ in rows])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
        indices = np.concatenate([columns for columns, _ in rows]).astype(np.int32)
        values = np.concatenate([factors for _, factors in rows])
        lowers, uppers = np.full(len(rows), lower), np.broadcast_to(upper, len(rows)).astype(float)
        self._solver.addRows(len(rows), lowers, uppers, len(indices), starts, indices, values)

    def _row(self, figure: Figure) -> int:
        return int(figure.measure * self._group_count + figure.group)

    def publish(self, figure: Figure, value: float) -> None:
        """Fix a figure."""
        if not self._is_published[figure.group]:
            self._is_published[figure.group] = True
            self._pairs = None
        self._solver.changeRowBounds(self._row(figure), value, value)

    def hide(self, figure: Figure) -> None:
        """Leave a figure open; for exchanges its group stays one that is published."""
        self._solver.changeRowBounds(self._row(figure), -highspy.kHighsInf, highspy.kHighsInf)

    def solve(self, weights: Mapping[Figure, float]) -> NDArray[np.float64] | None:
        """Return all figures (measures by groups) of a solution with the smallest weighted sum.

        Returns:
            None when no values fit what is published.
        """
        cost = np.zeros((len(self.measures), self._atom_count))
        for figure, weight in weights.items():
            for unknown in self._unknowns[figure.measure]:
                cost[unknown, self._incidence[figure.group]] += weight
        self._solver.changeColsCost(cost.size, np.arange(cost.size, dtype=np.int32), cost.ravel())
        # From nothing the dual simplex is the faster one, from the last solution the primal.
        self._solver.setOptionValue("simplex_strategy", 4 if self._is_solved else 1)
        self._solver.run()
        self._is_solved = True
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the linear program ended with {status}")
        rows = np.array(self._solver.getSolution().row_value[: len(self.measures) * self._group_count])
        return rows.reshape(len(self.measures), self._group_count)

    def binding(self) -> set[Figure]:
        """Return the published figures that keep the last solution from going further."""
        duals = np.array(self._solver.getSolution().row_dual[: len(self.measures) * self._group_count])
        rows = np.flatnonzero(np.abs(duals) > TOLERANCE)
        return {Figure(int(row % self._group_count), int(row // self._group_count)) for row in rows}

    def widen(self, intervals: dict[Figure, Interval]) -> bool:
        """Widen the intervals of figures until each is known to have a choice, or is as wide as it can be.

        Args:
            intervals: the figures asked about; an interval that starts with a value that fits saves work.

        Returns:
            False when no values fit what is published; the intervals then say nothing.
        """
        still = self._open(intervals)
        generator = np.random.default_rng(0)  # the same weights in every run
        if not still:
            return True
        for _ in range(JOINT_ROUNDS):
            weights = {figure: float(generator.choice([-1.0, 1.0]) * generator.uniform(0.5, 1.0)) for figure in still}
            for sign in (1.0, -1.0):
                if not self._take_in({figure: sign * weight for figure, weight in weights.items()}, intervals):
                    return False
                still = self._open({figure: intervals[figure] for figure in still})
                if not still:
                    return True
        for figure in still:
            for sign in (1.0, -1.0):
                if intervals[figure].is_known(self.measures[figure.measure]) and not self._take_in(
                    {figure: sign}, intervals
                ):
                    return False
        return True

    def _open(self, intervals: Mapping[Figure, Interval]) -> list[Figure]:
        return sorted(figure for figure, interval in intervals.items() if interval.is_known(self.measures[figure.measure]))

    def _take_in(self, weights: Mapping[Figure, float], intervals: dict[Figure, Interval]) -> bool:
        values = self.solve(weights)
        if values is None:
            return False
        for figure, interval in intervals.items():
            interval.widen(float(values[figure.measure, figure.group]))
        if self._may_exchange:
            self._exchange(values, {figure: intervals[figure] for figure in self._open(intervals)})
        return True

    def _exchange(self, values: NDArray[np.float64], intervals: Mapping[Figure, Interval]) -> None:
        """Widen intervals by what the last solution becomes when two atoms of the same published groups exchange units.

        As many units as the smaller of the two has may take the average of the other's. What holds of every unit still does.
        """
        self._pairs = self._pairs or self._find_pairs()
        left, right = self._pairs
        if len(left) == 0 or not intervals:
            return
        columns = np.array(self._solver.getSolution().col_value).reshape(len(self.measures), self._atom_count)
        average = np.stack([columns[list(unknowns)].sum(axis=0) for unknowns in self._unknowns]) / self._sizes
        gains = np.minimum(self._sizes[left], self._sizes[right]) * (average[:, right] - average[:, left])
        groups = sorted({figure.group for figure in intervals})
        # 1 where the group holds the left atom alone, -1 where it holds the right one alone.
        sides = self._incidence[groups][:, left].astype(np.int8) - self._incidence[groups][:, right].astype(np.int8)
        for measure in sorted({figure.measure for figure in intervals}):
            changes = sides * gains[measure]
            least, most = changes.min(axis=1), changes.max(axis=1)
            for place, group in enumerate(groups):
                interval = intervals.get(Figure(group, measure))
                if interval is not None:
                    interval.widen(float(values[measure, group] + least[place]))
                    interval.widen(float(values[measure, group] + most[place]))

    def _find_pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pairs of atoms that lie in the same published groups, as two arrays."""
        places = np.unique(self._incidence[self._is_published], axis=1, return_inverse=True)[1].ravel()
        lefts, rights = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for place in range(int(places.max()) + 1):
            atoms = np.flatnonzero(places == place)[:MOST_EXCHANGING]
            one, other = np.triu_indices(len(atoms), 1)
            lefts.append(atoms[one])
            rights.append(atoms[other])
        return np.concatenate(lefts), np.concatenate(rights)
