"""Sets of units that a sum reveals, checked against all sets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.attack import practice
from orchestration.attack.practice import Sum, _sets, in_every_set
from orchestration.attack.result import Notes

weights = st.lists(st.integers(1, 30), min_size=1, max_size=8)


@given(weights, st.integers(1, 4), st.data())
def test_units_that_are_in_every_set(numbers: list[int], most: int, data: st.DataObject) -> None:
    named = {f"u{i}": number / 20 for i, number in enumerate(numbers)}
    chosen = data.draw(st.lists(st.sampled_from(sorted(named)), min_size=1, max_size=most, unique=True))
    total = sum(round(named[unit] * 20) for unit in chosen)

    found = in_every_set(named, total / 20, most)

    sets = [
        set(units)
        for count in range(1, most + 1)
        for units in itertools.combinations(sorted(named), count)
        if sum(round(named[unit] * 20) for unit in units) == total
    ]
    assert set(found or ()) == set.intersection(*sets)


def test_sums_that_no_set_gives_tell_nothing() -> None:
    assert in_every_set({"a": 1.5, "b": 2.5}, 3.0, 2) == ()
    assert in_every_set({"a": 1.5, "b": 2.5}, 30.0, 2) == ()


def test_sums_of_too_many_steps_are_not_tried() -> None:
    assert in_every_set({f"u{i}": 100_000 + i * 1e-6 for i in range(500)}, 300_000.000_001, 9) is None


@given(weights, st.integers(1, 3), st.integers(0, 60), st.integers(0, 5))
def test_every_set_within_limits_is_found_once(numbers: list[int], size: int, least: int, width: int) -> None:
    goal = Sum(np.array(numbers, dtype=np.float64), least - 0.5, least + width + 0.5)

    found = list(_sets([goal], len(numbers), size, Notes()))

    expected = [
        units
        for units in itertools.combinations(range(len(numbers)), size)
        if least <= sum(numbers[i] for i in units) <= least + width
    ]
    assert sorted(found) == expected


def test_more_sets_than_can_be_searched_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "_MOST_HEADS", 10)
    notes = Notes()
    assert list(_sets([Sum(np.ones(6), 2.5, 3.5)], 6, 3, notes)) == []
    assert notes.not_tried == ["practice: sets of 3 of 6 units left out of real change"]
    assert len(list(_sets([Sum(np.ones(5), 2.5, 3.5)], 5, 3, Notes()))) == 10
