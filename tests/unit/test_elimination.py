"""Deductions from sums of groups: sets of few units, by elimination and as cuts, checked against a slow search."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestration.disclosure.elimination import echelon, few_cut, isolates


def rank(rows: list[list[Fraction]]) -> int:
    """The rank of a matrix, in fractions."""
    work, found = [row[:] for row in rows], 0
    for column in range(len(work[0]) if work else 0):
        pivot = next((row for row in range(found, len(work)) if work[row][column]), None)
        if pivot is None:
            continue
        work[found], work[pivot] = work[pivot], work[found]
        for row in range(len(work)):
            if row != found and work[row][column]:
                factor = work[row][column] / work[found][column]
                work[row] = [a - factor * b for a, b in zip(work[row], work[found], strict=True)]
        found += 1
    return found


def follows(groups: NDArray[np.bool_], chosen: tuple[int, ...]) -> bool:
    """Whether a combination of the groups is 0 everywhere but on some atoms, and not 0 on all of them."""
    rows = [[Fraction(int(mark)) for mark in row] for row in groups]
    outside = [[value for place, value in enumerate(row) if place not in chosen] for row in rows]
    return rank(rows) > (rank(outside) if outside and outside[0] else 0)


def slow(groups: NDArray[np.bool_], sizes: NDArray[np.int64], least: int) -> bool:
    held = np.flatnonzero(sizes)
    return any(
        follows(groups[:, held], tuple(places))
        for count in range(1, least)
        for places in combinations(range(len(held)), count)
        if sizes[held[list(places)]].sum() < least
    )


@st.composite
def matrices(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    columns = draw(st.integers(1, 7))
    rows = draw(st.lists(st.lists(st.booleans(), min_size=columns, max_size=columns), min_size=1, max_size=6))
    sizes = draw(st.lists(st.integers(0, 3), min_size=columns, max_size=columns))
    return np.array(rows), np.array(sizes, dtype=np.int64)


@given(matrices(), st.integers(2, 5))
@settings(max_examples=300, deadline=None)
def test_a_set_of_few_units_is_found_exactly_where_its_sum_follows(
    matrix: tuple[NDArray[np.bool_], NDArray[np.int64]], least: int
) -> None:
    assert isolates(*matrix, least) == slow(*matrix, least)


def test_half_of_what_is_left_after_adding_and_subtracting_is_a_unit() -> None:
    # Units 0 to 3: three groups that contain unit 0 twice more often than any other.
    groups = np.array([[1, 1, 0, 0, 1], [1, 0, 1, 0, 1], [0, 1, 1, 0, 1]], dtype=bool)
    assert isolates(groups[:, :4], np.array([1, 1, 1, 5]), 2)
    assert not isolates(groups, np.array([3, 3, 3, 5, 3]), 3)


def test_entries_that_grow_beyond_64_bits_stay_exact() -> None:
    generator = np.random.default_rng(5)
    matrix = generator.integers(-(10**6), 10**6, size=(12, 14))
    reduced, pivots = echelon(matrix)
    assert pivots == list(range(12))
    exact = [[Fraction(int(value)) for value in row] for row in matrix]
    for row in reduced:
        assert rank([*exact, [Fraction(int(value)) for value in row]]) == 12


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=9))
@settings(max_examples=300, deadline=None)
def test_a_cut_is_what_elimination_finds(places: list[tuple[int, int, int]]) -> None:
    rows, columns, weights = (np.array(each, dtype=np.int64) for each in zip(*places, strict=True))
    atoms, numbers = np.unique(rows * 3 + columns, return_inverse=True)
    sizes = np.bincount(numbers, weights=weights).astype(np.int64)
    groups = np.array(
        [[atom // 3 == row for atom in atoms] for row in range(4)] + [[atom % 3 == c for atom in atoms] for c in range(3)]
    )
    assert few_cut(rows, columns, weights) == isolates(groups, sizes, 3)


@pytest.mark.parametrize(("weight", "is_cut"), [(1, True), (2, True), (3, False)])
def test_a_county_of_one_size_group_is_a_cut_where_it_has_few_units(weight: int, is_cut: bool) -> None:
    # Row 1 is entirely in column 0; row 0 has many units in both columns.
    rows, columns = np.array([0, 0, 1]), np.array([0, 1, 0])
    assert few_cut(rows, columns, np.array([9, 9, weight])) is is_cut
