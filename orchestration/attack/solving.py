"""Linear and integer programs, and how far their solutions can be trusted.

Belongs here: the solver and how far it is trusted. A solution counts as a witness only where it holds in whole numbers; that
there is none is known only from the solver.
"""

from __future__ import annotations

import highspy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SECONDS = 10.0
_NEARLY = 1e-6
_SEED = 1
# The primal simplex of the solver, which goes on from a vertex that fits.
_PRIMAL = 4


class UndecidedError(Exception):
    """The solver gave up: nothing is known."""


class NoSolutionError(Exception):
    """A program that should have a solution has none."""


class Program:
    """A program whose columns are whole numbers from 0; rows are added one by one or as a block."""

    def __init__(self) -> None:
        """Begin with no column and no row."""
        self._most_of: list[Floats] = []
        self._closed: list[Integers] = []
        self._starts: list[Integers] = []
        self._index: list[Integers] = []
        self._value: list[Floats] = []
        self._least: list[Floats] = []
        self._most: list[Floats] = []
        self._filled = 0
        self._built: tuple[Floats, Integers, Integers, Floats, Floats, Floats] | None = None
        self._warm: highspy.Highs | None = None
        self.width = 0
        self.solved = 0

    def columns(self, most: Floats | Integers) -> Integers:
        """Add columns that may be 0 up to ``most``, and return their places."""
        self._built = None
        self._most_of.append(np.asarray(most, dtype=np.float64))
        self.width += len(most)
        return np.arange(self.width - len(most), self.width)

    def close(self, columns: Integers) -> None:
        """Fix columns at 0."""
        self._built = None
        self._closed.append(columns)

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Return the columns that are fixed at 0."""
        found = np.zeros(self.width, dtype=np.bool_)
        for columns in self._closed:
            found[columns] = True
        return found

    @property
    def most(self) -> Integers:
        """Return how large each column may be, closed or not."""
        return np.concatenate(self._most_of).astype(np.int64)

    def row(self, index: Integers, value: Floats | Integers, least: float, most: float) -> None:
        """Add one row."""
        self.rows(
            np.asarray(index)[None, :],
            np.asarray(value, dtype=np.float64),
            np.array([least], dtype=np.float64),
            np.array([most], dtype=np.float64),
        )

    def rows(self, index: Integers, value: Floats | Integers, least: Floats | Integers, most: Floats | Integers) -> None:
        """Add rows of equal length: columns by row, their factors, and the bounds of each row."""
        count, length = index.shape
        if not length:
            # A row without columns is 0.
            if (np.asarray(least) > 0).any() or (np.asarray(most) < 0).any():
                raise NoSolutionError
            return
        self._built = None
        self._starts.append(self._filled + length * np.arange(count, dtype=np.int64))
        self._filled += count * length
        self._index.append(index.ravel().astype(np.int64))
        self._value.append(np.broadcast_to(value, index.shape).ravel().astype(np.float64))
        self._least.append(np.asarray(least, dtype=np.float64))
        self._most.append(np.asarray(most, dtype=np.float64))

    def relaxed(self, cost: Floats) -> Floats | None:
        """Return a vertex of least cost, ignoring integrality; None where nothing fits."""
        if self._warm is None or self._built is None:
            self._warm = self._solver(cost, self._model())
        else:
            # The last vertex is still feasible: only the cost changed.
            self._warm.changeColsCost(self.width, np.arange(self.width, dtype=np.int32), cost)
            self._warm.setOptionValue("simplex_strategy", _PRIMAL)
        return self._run(self._warm)

    def whole(
        self, cost: Floats, at_most: float | None = None, near: Floats | None = None, beside: Integers | None = None
    ) -> Integers | None:
        """Return a solution in whole numbers with a low cost, at most ``at_most``; None where there is none.

        The cost need not be the least: any solution will do. ``near`` is a vertex; solutions that share its whole numbers
        are looked for first.
        """
        model = self._model(whole=True)
        if at_most is not None:
            there = np.flatnonzero(cost)
            model.a_matrix_.start_ = np.append(model.a_matrix_.start_, len(model.a_matrix_.index_) + len(there))
            model.a_matrix_.index_ = np.append(model.a_matrix_.index_, there)
            model.a_matrix_.value_ = np.append(model.a_matrix_.value_, cost[there])
            model.row_lower_ = np.append(model.row_lower_, -np.inf)
            model.row_upper_ = np.append(model.row_upper_, at_most)
            model.num_row_ += 1
        model.col_cost_ = cost
        found = None
        if near is not None:
            rounded = np.rint(near)
            same = np.abs(near - rounded) < _NEARLY
            if beside is not None:
                same &= rounded == beside
            lower, upper = np.asarray(model.col_lower_), np.asarray(model.col_upper_)
            model.col_lower_, model.col_upper_ = np.where(same, rounded, lower), np.where(same, rounded, upper)
            found = self._run(self._solver(cost, model))
            model.col_lower_, model.col_upper_ = lower, upper
        if found is None:
            found = self._run(self._solver(cost, model))
        if found is None:
            return None
        solution = self.witness(found)
        if solution is None or (at_most is not None and float(cost @ solution) > at_most + _NEARLY):
            raise UndecidedError
        return solution

    def witness(self, found: Floats) -> Integers | None:
        """Return a solution as whole numbers where it is one and fulfils every row and bound; else None."""
        solution = np.rint(found).astype(np.int64)
        if np.abs(found - solution).max(initial=0) > 1e-4:
            return None
        upper, starts, index, value, least, most = self._arrays()
        totals = np.add.reduceat(value * solution[index], starts) if len(starts) else np.zeros(0)
        fits = bool((solution >= 0).all() and (solution <= upper).all())
        return solution if fits and (totals >= least).all() and (totals <= most).all() else None

    def _arrays(self) -> tuple[Floats, Integers, Integers, Floats, Floats, Floats]:
        if self._built is None:
            upper = self.most.astype(np.float64)
            upper[self.closed] = 0
            nothing, no_places = [np.zeros(0)], [np.zeros(0, dtype=np.int64)]
            self._built = (
                upper,
                np.concatenate(self._starts or no_places),
                np.concatenate(self._index or no_places),
                np.concatenate(self._value or nothing),
                np.concatenate(self._least or nothing),
                np.concatenate(self._most or nothing),
            )
        return self._built

    def _model(self, *, whole: bool = False) -> highspy.HighsLp:
        upper, starts, index, value, least, most = self._arrays()
        model = highspy.HighsLp()
        model.num_col_ = self.width
        model.num_row_ = len(least)
        model.col_lower_ = np.zeros(self.width)
        model.col_upper_ = upper
        model.row_lower_ = least
        model.row_upper_ = most
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.append(starts, len(index))
        model.a_matrix_.index_ = index
        model.a_matrix_.value_ = value
        if whole:
            model.integrality_ = [highspy.HighsVarType.kInteger] * self.width
        return model

    def _solver(self, cost: Floats, model: highspy.HighsLp) -> highspy.Highs:
        model.col_cost_ = cost
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("random_seed", _SEED)
        solver.setOptionValue("time_limit", _SECONDS)
        # Any solution in whole numbers is a witness: the first one ends the search.
        solver.setOptionValue("mip_max_improving_sols", 1)
        solver.passModel(model)
        return solver

    def _run(self, solver: highspy.Highs) -> Floats | None:
        solver.run()
        self.solved += 1
        status = solver.getModelStatus()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return None
        if status == highspy.HighsModelStatus.kModelEmpty:
            return np.zeros(self.width)
        if status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kSolutionLimit):
            return np.asarray(solver.getSolution().col_value, dtype=np.float64)
        raise UndecidedError
