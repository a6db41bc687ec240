"""Exact row spaces and the small sets in them, checked against fractions and against all sets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.attack import algebra
from orchestration.attack.algebra import Integers, Reduced

matrices = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 1), min_size=width, max_size=width), min_size=1, max_size=6)
)


def same(one: Reduced, other: Reduced) -> bool:
    left, right = one.rows * other.denominators[:, None], other.rows * one.denominators[:, None]
    return np.array_equal(one.pivots, other.pivots) and np.array_equal(left, right)


def in_row_space(matrix: Integers, row: Integers) -> bool:
    # Small whole numbers: the rank in floating point is the rank.
    return bool(np.linalg.matrix_rank(np.vstack([matrix, row])) == np.linalg.matrix_rank(matrix))


@given(matrices)
def test_the_fast_way_gives_what_fractions_give(rows: list[list[int]]) -> None:
    matrix = np.array(rows, dtype=np.int64)

    found = algebra.reduce(matrix)

    assert same(found, algebra._by_fractions(matrix))
    assert np.array_equal(found.through @ matrix, found.rows)


@given(matrices, st.data())
def test_columns_that_are_known_are_taken_out(rows: list[list[int]], data: st.DataObject) -> None:
    matrix = np.array(rows, dtype=np.int64)
    known = np.array(data.draw(st.lists(st.booleans(), min_size=matrix.shape[1], max_size=matrix.shape[1])))
    rest = np.where(known, 0, matrix)

    assert same(algebra.without(algebra.reduce(matrix), matrix, known), algebra._by_fractions(rest))


@given(matrices, st.data())
@settings(deadline=None)
def test_every_smallest_set_is_found(rows: list[list[int]], data: st.DataObject) -> None:
    matrix = np.array(rows, dtype=np.int64)
    width, fewest = matrix.shape[1], data.draw(st.integers(2, 4))
    sizes = np.array(data.draw(st.lists(st.integers(1, 3), min_size=width, max_size=width)), dtype=np.int64)

    found = list(algebra.small_sets(algebra.reduce(matrix), sizes, fewest))

    able = [
        frozenset(columns)
        for count in range(1, width + 1)
        for columns in itertools.combinations(range(width), count)
        if sizes[list(columns)].sum() < fewest and in_row_space(matrix, np.isin(np.arange(width), columns).astype(np.int64))
    ]
    smallest = {one for one in able if not any(other < one for other in able)}
    assert {frozenset(columns) for columns, _ in found} == smallest
    for columns, through in found:
        assert in_row_space(matrix[list(through)], np.isin(np.arange(width), columns).astype(np.int64))


def test_half_of_a_sum_isolates() -> None:
    matrix = np.array([[1, 1, 1, 0, 0], [1, 0, 0, 1, 1], [0, 1, 1, 1, 1]], dtype=np.int64)

    found = list(algebra.small_sets(algebra.reduce(matrix), np.ones(5, dtype=np.int64), 3))

    assert ((0,), (0, 1, 2)) in found


def test_a_prime_that_divides_a_determinant_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # The determinant is 2: modulo 2 the rows depend on one another, in fractions they do not.
    monkeypatch.setattr(algebra, "_PRIME", 2)
    matrix = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=np.int64)

    assert same(algebra.reduce(matrix), algebra._by_fractions(matrix))


def test_no_rows_and_empty_rows() -> None:
    for matrix in (np.zeros((0, 3), dtype=np.int64), np.zeros((2, 3), dtype=np.int64)):
        found = algebra.reduce(matrix)
        assert found.pivots.size == 0
        assert list(algebra.small_sets(found, np.ones(3, dtype=np.int64), 3)) == []
