"""Sets of few units whose sum follows from sums of groups, by exact elimination in whole numbers.

Every combination of published sums is a vector of the row space of the matrix of groups by units. A vector that is not 0 for
fewer units than the policy's minimum reveals their figure. The method is that of Statistics Norway's GaussSuppression
(Langsrud 2024, https://doi.org/10.1007/978-3-031-69651-0_6), which exists only for R: candidates are taken in order, and
left out when elimination shows that something would follow.

Groups of two kinds, areas that do not cut each other and size groups, make a graph: a unit is an edge between the smallest
area and the size group that hold it, and what follows from the sums are the cuts of the graph. There a set of one or two
units is found without elimination (``few_cut``).

Belongs here: the elimination and the cuts, and nothing about surveys.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.int64]

# Rows with larger entries are divided by their greatest common divisor; where that does not help, the rest is computed with
# Python's unbounded integers. The product of two such entries is far below the limit of 64 bits.
_LARGE = 2**24


def echelon(matrix: NDArray[np.bool_] | Matrix) -> tuple[NDArray[np.object_] | Matrix, list[int]]:
    """Return the reduced echelon form of a matrix, in whole numbers, and the columns of its pivots.

    The rows are multiples of those of the rational form.
    """
    work: NDArray[np.object_] | Matrix = np.asarray(matrix).astype(np.int64)
    pivots: list[int] = []
    rows, columns = work.shape
    for column in range(columns):
        done = len(pivots)
        if done == rows:
            break
        below = np.flatnonzero(work[done:, column])
        if len(below) == 0:
            continue
        chosen = done + below[np.argmin(np.abs(work[done:, column][below]))]
        work[[done, chosen]] = work[[chosen, done]]
        pivot = work[done, column]
        others = np.flatnonzero(work[:, column])
        others = others[others != done]
        if len(others):
            changed = work[others] * pivot - work[others, column][:, None] * work[done]
            if np.abs(changed).max() > _LARGE:
                divisors = np.gcd.reduce(changed, axis=1)
                changed = changed // np.where(divisors == 0, 1, divisors)[:, None]
                if work.dtype != object and np.abs(changed).max() > _LARGE:
                    work = work.astype(object)
            work[others] = changed
        pivots.append(column)
    return work[: len(pivots)], pivots


def isolates(groups: NDArray[np.bool_], sizes: NDArray[np.int64], least: int) -> bool:
    """Return whether the sum of some set of fewer than ``least`` units follows from the sums of the groups.

    The sum of a set follows with coefficients other than 0 exactly when the rows of the null space that belong to its units
    depend on each other.

    Args:
        groups: groups by atoms; an atom is the set of units that lie in the same groups.
        sizes: number of units of each atom; one without units counts for nothing.
        least: fewest units of a set whose sum may follow.
    """
    held = sizes > 0
    sizes = sizes[held]
    small = np.flatnonzero(sizes < least)
    if len(small) == 0:
        return False
    reduced, pivots = echelon(groups[:, held])
    free = np.setdiff1d(np.arange(len(sizes)), pivots)
    null: Any = np.zeros((len(sizes), len(free)), dtype=reduced.dtype)
    # Each row is scaled separately, which changes no dependence.
    null[free, np.arange(len(free))] = 1
    if pivots:
        null[pivots] = -reduced[:, free]
    return _has_dependent(null[small], sizes[small], least)


def _has_dependent(rows: NDArray[np.object_] | Matrix, sizes: NDArray[np.int64], least: int) -> bool:
    """Return whether some rows depend on each other whose sizes add up to less than ``least``."""
    smallest: dict[bytes | tuple[int, ...], int] = {}
    for row, size in zip(rows, sizes.tolist(), strict=True):
        if size >= least:
            continue
        places = np.flatnonzero(row)
        if len(places) == 0:
            return True
        scaled = row // (np.gcd.reduce(row) * (1 if row[places[0]] > 0 else -1))
        key = tuple(scaled.tolist()) if scaled.dtype == object else scaled.tobytes()
        if key in smallest and smallest[key] + size < least:
            return True
        smallest[key] = min(size, smallest.get(key, size))
    # Three rows and more: two of the others are parallel, or more depend, in the space without the first.
    for number in range(len(rows)):
        if sizes[number] + 2 >= least:
            continue
        exact = rows.astype(object)
        column = np.flatnonzero(exact[number])[0]
        others = exact[number + 1 :]
        projected = others * exact[number, column] - others[:, [column]] * exact[number]
        if _has_dependent(projected, sizes[number + 1 :], least - int(sizes[number])):
            return True
    return False


def few_cut(rows: Matrix, columns: Matrix, weights: Matrix) -> bool:
    """Return whether one or two units are a cut of the graph of rows and columns, so that their sum follows.

    The edges get labels by a spanning tree: any label for an edge outside it, and for an edge of the tree the sum, bit by
    bit, of the labels of all edges whose circle it closes. A cut has labels of sum 0: one edge without a label, or two edges
    of one label. Two labels are equal by chance with a probability of 2 to the power of -63, and then a set is wrongly taken
    for a cut.

    Args:
        rows: the number of the smallest area of each kind of unit.
        columns: the number of its size group.
        weights: how many units are of the kind.
    """
    # More than two units between the same two groups count as three: none of them is in a cut of two.
    first = int(rows.max(initial=0)) + 1
    counts: dict[tuple[int, int], int] = {}
    for ends in zip(rows.tolist(), (columns + first).tolist(), np.minimum(weights, 3).tolist(), strict=True):
        counts[ends[:2]] = min(3, counts.get(ends[:2], 0) + ends[2])
    beside: dict[int, list[int]] = {}
    for one, other in counts:
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    before: dict[int, int | None] = {}
    order: list[int] = []
    for start in beside:
        if start in before:
            continue
        before[start] = None
        reached = [start]
        for node in reached:
            for next_node in beside[node]:
                if next_node not in before:
                    before[next_node] = node
                    reached.append(next_node)
        order += reached
    draw = random.Random(0)
    sums = dict.fromkeys(beside, 0)
    labels: list[int] = []
    for (one, other), count in counts.items():
        for _ in range(count - (before[one] == other or before[other] == one)):
            label = draw.getrandbits(63)
            labels.append(label)
            sums[one] ^= label
            sums[other] ^= label
    # From the leaves up: the label of an edge of the tree is the sum of all that leaves what hangs on it.
    for node in reversed(order):
        parent = before[node]
        if parent is not None:
            labels.append(sums[node])
            sums[parent] ^= sums[node]
    return 0 in labels or len(set(labels)) < len(labels)
