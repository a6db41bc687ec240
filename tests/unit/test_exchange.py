"""Exchanges between units: claimed possibilities exist, checked by enumeration; and the verdict on uniform groups."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestration.disclosure.exchange import ANSWERED, Layout, Limits, Question, isolates_units, judge, number_rows

Marks = NDArray[np.bool_]
Numbers = NDArray[np.int64]


def one_hot(numbers: list[int]) -> Marks:
    """Units by groups; every unit is in exactly one group."""
    result: Marks = np.array(numbers)[:, None] == np.arange(max(numbers) + 1)
    return result


def layout(rows: list[int], columns: list[int], kinds: list[int], versions: list[int] | None = None) -> Layout:
    return Layout(one_hot(rows), one_hot(columns), np.array(kinds), np.array(versions or [0] * len(rows)))


def worlds(rows: list[int], columns: list[int], kinds: list[int], versions: list[int]) -> list[tuple[int, ...]]:
    """Every way to redistribute all answers that keeps the number of each kind in every row and column of each version.

    A way gives for each unit the unit whose answers it gets.
    """

    def sums(order: tuple[int, ...]) -> list[list[tuple[int, ...]]]:
        return [
            sorted((versions[unit], versions[whose], place[unit], kinds[whose]) for unit, whose in enumerate(order))
            for place in (rows, columns)
        ]

    units = tuple(range(len(rows)))
    return [order for order in permutations(units) if sums(order) == sums(units)]


Table = tuple[list[int], list[int], list[int], list[int]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Row, column, kind and version of up to six units."""
    count = draw(st.integers(1, 6))

    def numbers(most: int) -> list[int]:
        return draw(st.lists(st.integers(0, most), min_size=count, max_size=count))

    return numbers(2), numbers(2), numbers(2), numbers(1) if draw(st.booleans()) else [0] * count


@given(tables(), st.lists(st.booleans(), min_size=6, max_size=6))
@settings(max_examples=300, deadline=None)
def test_what_a_unit_is_said_to_come_by_in_an_exchange_it_has_in_some_way_that_keeps_all_sums(
    table: Table, chosen: list[bool]
) -> None:
    wanted = np.array(chosen[: len(table[0])])
    gained = layout(*table).gained(wanted)
    possible = np.zeros(len(wanted), dtype=bool)
    for order in worlds(*table):
        # Answers of one kind may differ here: any answer of the kind can be passed on.
        possible |= wanted[list(order)]
    assert not (gained & ~possible).any()
    assert not (layout(*table).beside(wanted) & ~gained).any()


@given(tables(), st.lists(st.booleans(), min_size=6, max_size=6))
@settings(max_examples=200, deadline=None)
def test_of_two_kinds_everything_that_is_possible_is_found(table: Table, chosen: list[bool]) -> None:
    rows, columns, _, versions = table
    wanted = np.array(chosen[: len(rows)])
    # The kind says only whether a unit is wanted, so there are two kinds.
    kinds = [int(each) for each in wanted]
    possible = np.zeros(len(rows), dtype=bool)
    for order in worlds(rows, columns, kinds, versions):
        possible |= wanted[list(order)]
    assert (layout(rows, columns, kinds, versions).gained(wanted) == possible).all()


def ticks(rows: list[int], columns: list[int], giving: Marks, taking: Marks) -> tuple[Marks, Marks]:
    """Which units can give up a tick and which can take it, by enumeration; ticks per row and column do not change."""
    gives, takes = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for choice in range(3 ** len(rows)):
        change = np.array([choice // 3**unit % 3 - 1 for unit in range(len(rows))])
        if ((change == -1) & ~giving).any() or ((change == 1) & ~taking).any():
            continue
        if all((one_hot(place).T @ change == 0).all() for place in (rows, columns)):
            gives |= change == -1
            takes |= change == 1
    return gives, takes


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["gives", "takes", "neither"])),
        min_size=1,
        max_size=7,
    )
)
@settings(max_examples=200, deadline=None)
def test_a_box_is_given_up_or_taken_exactly_where_some_way_keeps_the_ticks_of_rows_and_columns(
    units: list[tuple[int, int, str]],
) -> None:
    rows, columns, can = (list(each) for each in zip(*units, strict=True))
    giving, taking = (np.array([each == what for each in can]) for what in ("gives", "takes"))
    found = layout(rows, columns, [0] * len(units)).ways(giving, taking)
    expected = ticks(rows, columns, giving, taking)
    # Findings concern a place: another unit of the same place could replace the unit in question.
    places = [row * 3 + column for row, column in zip(rows, columns, strict=True)]
    for ways, units_that_can in zip(found, expected, strict=True):
        held = {place for place, each in zip(places, units_that_can, strict=True) if each}
        assert (ways == np.array([place in held for place in places])).all()


def test_units_whose_answers_stand_in_different_snapshots_do_not_exchange() -> None:
    wanted = np.array([True, False, False])
    together = layout([0, 0, 0], [0, 0, 0], [0, 1, 1])
    apart = layout([0, 0, 0], [0, 0, 0], [0, 1, 1], [0, 0, 1])
    assert together.gained(wanted).tolist() == [True, True, True]
    assert apart.gained(wanted).tolist() == [True, True, False]


def test_equal_numbers_are_equal_marks() -> None:
    marks = np.random.default_rng(3).random((60, 130)) < 0.02
    numbers = number_rows(marks)
    for one in range(60):
        for other in range(60):
            assert (numbers[one] == numbers[other]) == (marks[one] == marks[other]).all()
    assert number_rows(np.zeros((3, 0), dtype=bool)).tolist() == [0, 0, 0]


def question(answers: list[int], limit: int = 3, routed: bool = False) -> Question:
    """A question with the answers yes (1) and no (2); 0 did not answer."""
    measures = np.array([[False, False, False], [True, True, False], [True, False, True]])
    return Question(np.array(answers), np.ones(len(answers), dtype=np.int64), measures, Limits(limit, routed))


def judged(answers: list[int], groups: list[list[int]], **limits: int) -> tuple[bool, Marks, Marks]:
    asked = question(answers, **limits)
    marks = np.array([[unit in group for unit in range(len(answers))] for group in groups])
    verdict = judge(
        asked, marks, Layout(marks.T, np.zeros((len(answers), 0), bool), asked.answers, np.zeros(len(answers), np.int64))
    )
    return verdict.is_disclosed, verdict.without, verdict.having


def test_where_units_of_every_group_answered_differently_nothing_is_reported() -> None:
    is_disclosed, without, having = judged([1, 2, 0, 1, 2, 0], [[0, 1, 2], [3, 4, 5]])
    assert not is_disclosed
    assert not without.any() and not having.any()


def test_a_uniform_group_of_enough_units_tells_by_policy_what_they_answered() -> None:
    is_disclosed, without, having = judged([1, 1, 1, 2, 2, 0, 1], [[0, 1, 2], [3, 4, 5, 6]])
    assert not is_disclosed
    # For the first three: that they said yes, that they did not say no, and that they answered.
    assert having[:3].tolist() == [[True, True, False]] * 3
    assert without[:3].tolist() == [[False, False, True]] * 3
    assert not having[3:].any() and not without[3:].any()


def test_a_uniform_group_of_too_few_units_tells_what_the_policy_does_not_allow() -> None:
    assert judged([1, 1, 1, 2, 2, 0, 1], [[0, 1, 2], [3, 4, 5, 6]], limit=4)[0]


def test_that_all_units_of_a_group_answered_may_be_told_of_as_many_as_what_they_answered() -> None:
    assert judged([1, 2, 1, 2, 1], [[0, 1, 2, 3, 4]], limit=6)[0]
    is_disclosed, _, having = judged([1, 2, 1, 2, 1], [[0, 1, 2, 3, 4]], limit=5)
    assert not is_disclosed
    assert having[:, ANSWERED].all()
    assert not having[:, 1:].any()


def test_a_group_that_a_public_unit_makes_mixed_is_not_shown_as_uniform() -> None:
    asked = question([1, 1, 1])
    group, places = np.ones((1, 3), dtype=bool), np.zeros(3, dtype=np.int64)
    layout_of_group = Layout(group.T, np.zeros((3, 0), bool), asked.answers, places)
    assert not judge(asked, group, layout_of_group).is_disclosed
    # It answered no: subtracting it still reveals the answers of the others, which the policy does not allow.
    public = np.array([[True, False, True]])
    assert judge(asked, group, layout_of_group, mixed=(public, ~public)).is_disclosed


@pytest.mark.parametrize("answers", [[1] * 12, [1, 2] * 6])
def test_who_was_asked_a_routed_question_is_told_of_no_group_however_large(answers: list[int]) -> None:
    group = [list(range(12))]
    assert not judged(answers, group)[0]
    assert judged(answers, group, routed=True)[0]


def test_what_nobody_of_a_routed_question_answered_may_be_told_of_a_large_group() -> None:
    is_disclosed, without, _ = judged([1, 1, 1, 0, 0], [[0, 1, 2, 3, 4]], routed=True)
    assert not is_disclosed
    assert without[:, 2].all()


def test_what_is_known_anyhow_is_not_told() -> None:
    asked = question([1, 1, 2])
    one_by_one = np.eye(3, dtype=bool)
    places = Layout(one_by_one.T, np.zeros((3, 0), bool), asked.answers, np.zeros(3, np.int64))
    values = asked.values()
    assert judge(asked, one_by_one, places).is_disclosed
    assert not judge(asked, one_by_one, places, (~values, values)).is_disclosed


def test_a_difference_of_groups_that_rests_on_few_units_is_seen_and_one_on_enough_is_not() -> None:
    asked = question([1, 2, 1, 2, 1, 2, 0, 0, 0])
    unknown = np.zeros((9, 3), dtype=bool)
    everybody = np.ones((1, 9), dtype=bool)
    without_two, without_three, without_silent = everybody.copy(), everybody.copy(), everybody.copy()
    without_two[0, :2] = without_three[0, :3] = without_silent[0, 6:] = False
    for part, rests in ((without_two, True), (without_three, False), (without_silent, False)):
        assert isolates_units(asked, np.vstack([everybody, part]), unknown, 3) is rests
    # Three units, two of them known: the figure reveals the third.
    known = unknown.copy()
    known[:2, 1] = True
    assert isolates_units(asked, np.vstack([everybody, without_three]), known, 3)
