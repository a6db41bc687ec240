"""Exact linear algebra over groups of units: which sets of units have figures that follow by adding and subtracting.

Belongs here: arithmetic on matrices of whole numbers. Nothing here knows what the figures mean.

Elimination runs modulo a prime, which is fast; its result is lifted to fractions and checked against the matrix in whole
numbers, so nothing depends on rounding or on the prime. Where the lift fails, the elimination is done in fractions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_PRIME = 2**31 - 1
_MOST_DENOMINATOR = 60
_MOST_NUMERATOR = 20_000
# Number of combinations of rows that are examined at a time.
_CHUNK = 4_096


@dataclass(frozen=True)
class Reduced:
    """The row space of a matrix: row i is ``rows[i] / denominators[i]``, with one at ``pivots[i]`` and zero at other pivots.

    ``through[i] / denominators[i]`` are the rows of the matrix that add up to it.
    """

    rows: Integers
    through: Integers
    denominators: Integers
    pivots: Integers


def reduce(matrix: Integers) -> Reduced:
    """Return the reduced row echelon form of a matrix of small whole numbers, exactly."""
    height, width = matrix.shape
    work = np.concatenate([matrix % _PRIME, np.eye(height, dtype=np.int64)], axis=1)
    work, pivots = _eliminated(work, width, [])
    lifted = _lifted(work, pivots, width)
    if lifted is None or not _holds(matrix, lifted):
        return _by_fractions(matrix)
    return lifted


def without(found: Reduced, matrix: Integers, columns: NDArray[np.bool_]) -> Reduced:
    """Return the row space of the matrix after columns are taken out; ``found`` is that of the whole matrix.

    Columns keep their places: removed columns are zero.
    """
    rest = matrix.copy()
    rest[:, columns] = 0
    inverse = np.array([pow(int(number), -1, _PRIME) for number in found.denominators], dtype=np.int64)
    rows = (found.rows % _PRIME) * inverse[:, None] % _PRIME
    rows[:, columns] = 0
    work = np.concatenate([rows, (found.through % _PRIME) * inverse[:, None] % _PRIME], axis=1)
    kept = ~columns[found.pivots]
    # Rows that keep their pivot are already reduced and come first.
    order = np.argsort(~kept, kind="stable")
    work, pivots = _eliminated(work[order], matrix.shape[1], [int(p) for p in found.pivots[order][: int(kept.sum())]])
    lifted = _lifted(work, pivots, matrix.shape[1])
    if lifted is None or not _holds(rest, lifted):
        return _by_fractions(rest)
    return lifted


def _eliminated(work: Integers, width: int, pivots: list[int]) -> tuple[Integers, list[int]]:
    """Eliminate modulo the prime, from the row after those that have a pivot; return the rows with a pivot, by pivot."""
    pivots = list(pivots)
    row = len(pivots)
    while row < work.shape[0]:
        there = np.flatnonzero(work[row:, :width].any(axis=1))
        if not there.size:
            break
        at = row + int(there[0])
        if at != row:
            work[[row, at]] = work[[at, row]]
        pivot = int(np.flatnonzero(work[row, :width])[0])
        work[row] = work[row] * pow(int(work[row, pivot]), -1, _PRIME) % _PRIME
        factors = work[:, pivot].copy()
        factors[row] = 0
        touched = np.flatnonzero(factors)
        if touched.size:
            work[touched] = (work[touched] - factors[touched, None] * work[row]) % _PRIME
        pivots.append(pivot)
        row += 1
    order = np.argsort(pivots, kind="stable") if pivots else np.zeros(0, dtype=np.int64)
    return work[:row][order], [pivots[i] for i in order]


def _lifted(work: Integers, pivots: list[int], width: int) -> Reduced | None:
    """Lift residues to fractions with a small denominator a row; None where that is not possible."""
    rows = np.zeros_like(work)
    denominators = np.ones(work.shape[0], dtype=np.int64)
    left = np.arange(work.shape[0])
    for denominator in range(1, _MOST_DENOMINATOR + 1):
        if not left.size:
            break
        numbers = work[left] * denominator % _PRIME
        numbers = np.where(numbers > _PRIME // 2, numbers - _PRIME, numbers)
        fits = np.abs(numbers).max(axis=1) <= _MOST_NUMERATOR
        rows[left[fits]] = numbers[fits]
        denominators[left[fits]] = denominator
        left = left[~fits]
    if left.size:
        return None
    return Reduced(rows[:, :width], rows[:, width:], denominators, np.array(pivots, dtype=np.int64))


def _holds(matrix: Integers, found: Reduced) -> bool:
    """Return whether the reduced rows and the rows of the matrix are combinations of each other, in whole numbers."""
    if not np.array_equal(found.through @ matrix, found.rows):
        return False
    if not found.pivots.size:
        return not matrix.any()
    common = int(np.lcm.reduce(found.denominators))
    scaled = found.rows * (common // found.denominators)[:, None]
    # With denominators this large, the sums might overflow 64 bits.
    if common > _MOST_NUMERATOR or int(np.abs(scaled).max(initial=0)) > 2**40:
        return False
    return np.array_equal(matrix[:, found.pivots] @ scaled, matrix * common)


def _by_fractions(matrix: Integers) -> Reduced:
    """Return the same as :func:`reduce`, in fractions throughout: slow, and needed only where the lift fails."""
    height, width = matrix.shape
    work = [
        [Fraction(int(value)) for value in matrix[i]] + [Fraction(int(i == j)) for j in range(height)] for i in range(height)
    ]
    pivots: list[int] = []
    for column in range(width):
        row = len(pivots)
        at = next((i for i in range(row, height) if work[i][column]), None)
        if at is None:
            continue
        work[row], work[at] = work[at], work[row]
        factor = work[row][column]
        work[row] = [value / factor for value in work[row]]
        for i in range(height):
            if i != row and work[i][column]:
                factor = work[i][column]
                work[i] = [value - factor * own for value, own in zip(work[i], work[row], strict=True)]
        pivots.append(column)
    rows, denominators = [], []
    for line in work[: len(pivots)]:
        denominator = int(np.lcm.reduce([value.denominator for value in line]))
        rows.append([int(value * denominator) for value in line])
        denominators.append(denominator)
    whole = np.array(rows, dtype=np.int64).reshape(len(pivots), width + height)
    return Reduced(
        whole[:, :width], whole[:, width:], np.array(denominators, dtype=np.int64), np.array(pivots, dtype=np.int64)
    )


def small_sets(found: Reduced, sizes: Integers, fewest: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Find every smallest set of columns with fewer than ``fewest`` units in all whose sum is in the row space.

    Yields:
        The columns, and the rows of the matrix through which their sum follows. A set that contains a smaller one is left
        out.
    """
    able = np.flatnonzero(sizes[found.pivots] < fewest)
    known: list[frozenset[int]] = []
    for count in range(1, fewest):
        combinations = itertools.combinations(able.tolist(), count)
        while chunk := list(itertools.islice(combinations, _CHUNK)):
            picked = np.array(chunk, dtype=np.int64)
            # Row i counts for rows[i] / denominators[i]: brought to the common denominator of the picked rows.
            common = np.lcm.reduce(found.denominators[picked], axis=1)
            totals = np.zeros((len(chunk), found.rows.shape[1]), dtype=np.int64)
            for place in range(count):
                totals += found.rows[picked[:, place]] * (common // found.denominators[picked[:, place]])[:, None]
            is_set = ((totals == 0) | (totals == common[:, None])).all(axis=1)
            for at in np.flatnonzero(is_set):
                columns = np.flatnonzero(totals[at])
                units = int(sizes[columns].sum())
                chosen = frozenset(columns.tolist())
                if units == 0 or units >= fewest or any(smaller <= chosen for smaller in known):
                    continue
                known.append(chosen)
                through = (found.through[picked[at]] * (common[at] // found.denominators[picked[at]])[:, None]).sum(axis=0)
                yield tuple(sorted(chosen)), tuple(np.flatnonzero(through).tolist())
