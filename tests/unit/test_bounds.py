"""What published figures let a reader conclude about hidden ones: against all values that could be tried by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.disclosure.bounds import Figure, Interval, Measure, Relation, System

YES = Measure("yes")
ANSWERED = Measure("")
AMOUNT = Measure("amount", is_count=False)


def system(*groups: str, sizes: list[int], measures: list[Measure], relations: list[Relation] | None = None) -> System:
    """A system of groups, each by the atoms that it holds: ``"01"`` holds the first two."""
    incidence = np.array([[str(atom) in group for atom in range(len(sizes))] for group in groups])
    return System(incidence, np.array(sizes), measures, relations or [])


def interval(found: System, figure: Figure) -> Interval:
    """The whole interval of a figure, by one question for each end."""
    result = Interval(np.inf, -np.inf)
    for sign in (1.0, -1.0):
        values = found.solve({figure: sign})
        assert values is not None
        result.widen(float(values[figure.measure, figure.group]))
    return result


def asked(found: System, figure: Figure) -> Interval:
    intervals = {figure: Interval(np.inf, -np.inf)}
    assert found.widen(intervals)
    return intervals[figure]


def test_a_hidden_part_follows_from_the_whole_and_the_other_part() -> None:
    found = system("01", "0", "1", sizes=[2, 3], measures=[YES])
    found.publish(Figure(0, 0), 3)
    assert not asked(found, Figure(1, 0)).is_known(YES)
    found.publish(Figure(2, 0), 2)
    assert asked(found, Figure(1, 0)).is_known(YES)
    assert interval(found, Figure(1, 0)).low == pytest.approx(1)


def test_a_figure_that_is_hidden_again_is_open_again() -> None:
    found = system("01", "0", "1", sizes=[2, 3], measures=[YES])
    found.publish(Figure(0, 0), 3)
    found.publish(Figure(2, 0), 2)
    found.hide(Figure(2, 0))
    assert interval(found, Figure(1, 0)) == Interval(0, 2)


def test_no_unit_and_every_unit_leave_no_choice_to_the_parts() -> None:
    for total in (0, 5):
        found = system("01", "0", sizes=[2, 3], measures=[YES])
        found.publish(Figure(0, 0), total)
        assert asked(found, Figure(1, 0)).is_known(YES)


def test_a_figure_follows_over_two_levels() -> None:
    # Country 0123, region 01 and its parts; the other region's parts are shown and so is the first part of the first.
    found = system("0123", "01", "0", "1", "2", "3", sizes=[3, 3, 3, 3], measures=[YES])
    for group, value in ((0, 6), (2, 1), (4, 2), (5, 2)):
        found.publish(Figure(group, 0), value)
    assert asked(found, Figure(3, 0)).is_known(YES)
    assert interval(found, Figure(3, 0)).high == pytest.approx(1)


def test_relations_hold_in_every_group_of_units() -> None:
    # At most those that answered said yes: where nobody answered nobody said yes.
    found = system("01", "0", "1", sizes=[2, 3], measures=[ANSWERED, YES], relations=[Relation({0: 1, 1: -1}, lower=0)])
    found.publish(Figure(0, 1), 2)
    assert not asked(found, Figure(2, 1)).is_known(YES)
    found.publish(Figure(1, 0), 0)
    assert asked(found, Figure(2, 1)).is_known(YES)


def test_an_answer_is_what_the_other_answers_leave_where_each_unit_gave_one() -> None:
    no = Measure("no")
    found = system("0", sizes=[4], measures=[ANSWERED, YES, no], relations=[Relation({0: 1, 1: -1, 2: -1}, 0, 0)])
    found.publish(Figure(0, 0), 3)
    found.publish(Figure(0, 2), 1)
    assert interval(found, Figure(0, 1)) == Interval(2, 2)


def test_an_amount_is_known_within_one_unit_of_money() -> None:
    found = system("01", "0", "1", sizes=[1, 1], measures=[AMOUNT])
    found.publish(Figure(0, 0), 5000.5)
    assert not asked(found, Figure(1, 0)).is_known(AMOUNT)
    assert interval(found, Figure(1, 0)) == Interval(0, pytest.approx(5000.5))
    found.publish(Figure(2, 0), 1200)
    assert asked(found, Figure(1, 0)).is_known(AMOUNT)


def test_a_count_is_known_where_one_whole_number_lies_in_its_interval() -> None:
    assert Interval(1.5, 2.5).is_known(YES)
    assert Interval(2.0000000001, 2.0).is_known(YES)
    assert not Interval(1.0000000001, 2.0).is_known(YES)
    assert not Interval(0, 999.5).is_known(AMOUNT)
    assert Interval(999, 999.5).is_known(AMOUNT)


def test_figures_that_contradict_each_other_say_nothing() -> None:
    found = system("01", "0", "1", sizes=[2, 3], measures=[YES])
    for group, value in enumerate((5, 1, 1)):
        found.publish(Figure(group, 0), value)
    assert found.solve({}) is None
    assert not found.widen({Figure(0, 0): Interval(np.inf, -np.inf)})


def test_nothing_asked_is_nothing_found() -> None:
    found = system("0", sizes=[2], measures=[YES])
    assert found.widen({})


def test_what_binds_a_figure_is_said() -> None:
    found = system("01", "0", "1", sizes=[2, 3], measures=[YES])
    found.publish(Figure(0, 0), 3)
    found.publish(Figure(2, 0), 2)
    found.solve({Figure(1, 0): 1.0})
    assert found.binding() == {Figure(0, 0), Figure(2, 0)}


@st.composite
def tiny(draw: st.DrawFn) -> tuple[list[str], list[int], list[list[int]], list[list[bool]]]:
    """Groups of atoms, the units of each atom, who answered and said yes in each, and which figures are published."""
    atoms = draw(st.integers(1, 3))
    sizes = draw(st.lists(st.integers(1, 2), min_size=atoms, max_size=atoms))
    sets = [[str(atom) for atom in range(atoms) if number >> atom & 1] for number in range(1, 2**atoms)]
    groups = ["".join(atoms) for atoms in draw(st.lists(st.sampled_from(sets), min_size=1, max_size=4, unique_by=tuple))]
    answered = [draw(st.integers(0, size)) for size in sizes]
    yes = [draw(st.integers(0, most)) for most in answered]
    published = draw(st.lists(st.lists(st.booleans(), min_size=2, max_size=2), min_size=len(groups), max_size=len(groups)))
    return groups, sizes, [answered, yes], published


@settings(deadline=None, derandomize=True, max_examples=150)
@given(tiny())
def test_bounds_hold_all_that_fits_and_what_is_called_known_has_one_value(
    case: tuple[list[str], list[int], list[list[int]], list[list[bool]]],
) -> None:
    groups, sizes, truth, published = case
    holds = [[int(atom) for atom in group] for group in groups]

    def figure(world: tuple[tuple[int, ...], ...], group: int, measure: int) -> int:
        return sum(world[measure][atom] for atom in holds[group])

    true = (tuple(truth[0]), tuple(truth[1]))
    shown = [(group, measure) for group in range(len(groups)) for measure in (0, 1) if published[group][measure]]
    worlds = [
        (answered, yes)
        for answered in product(*(range(size + 1) for size in sizes))
        for yes in product(*(range(most + 1) for most in answered))
    ]
    fitting = [world for world in worlds if all(figure(world, *each) == figure(true, *each) for each in shown)]
    found = system(*groups, sizes=sizes, measures=[ANSWERED, YES], relations=[Relation({0: 1, 1: -1}, lower=0)])
    for each in shown:
        found.publish(Figure(*each), figure(true, *each))
    open_figures = [(group, measure) for group in range(len(groups)) for measure in (0, 1) if not published[group][measure]]
    intervals = {Figure(*each): Interval(np.inf, -np.inf) for each in open_figures}
    assert found.widen(intervals)
    for each in open_figures:
        possible = {figure(world, *each) for world in fitting}
        whole = interval(found, Figure(*each))
        assert whole.low <= min(possible) + 1e-6
        assert whole.high >= max(possible) - 1e-6
        is_known = intervals[Figure(*each)].is_known(YES)
        assert is_known == whole.is_known(YES), "asking about all at once finds what asking about one does"
        if is_known:
            assert len(possible) == 1


@st.composite
def exchanging(draw: st.DrawFn) -> tuple[list[str], list[int], list[list[int]], list[int]]:
    """Groups of up to six atoms, the units of each, who answered and said yes, and which groups are published."""
    atoms = draw(st.integers(2, 6))
    sizes = draw(st.lists(st.integers(1, 9), min_size=atoms, max_size=atoms))
    sets = st.sets(st.integers(0, atoms - 1), min_size=1, max_size=atoms - 1)
    parts = draw(st.lists(sets, min_size=2, max_size=6, unique_by=frozenset))
    groups = ["".join(map(str, sorted(part))) for part in [set(range(atoms)), *parts]]
    answered = [draw(st.integers(0, size)) for size in sizes]
    yes = [draw(st.integers(0, most)) for most in answered]
    published = sorted({0, *draw(st.lists(st.integers(1, len(groups) - 1), max_size=3))})
    return groups, sizes, [answered, yes], published


@settings(deadline=None, derandomize=True, max_examples=150)
@given(exchanging())
def test_an_exchange_between_units_finds_no_value_that_does_not_fit(
    case: tuple[list[str], list[int], list[list[int]], list[int]],
) -> None:
    groups, sizes, truth, published = case
    found = system(*groups, sizes=sizes, measures=[ANSWERED, YES], relations=[Relation({0: 1, 1: -1}, lower=0)])
    for group in published:
        for measure in (0, 1):
            found.publish(Figure(group, measure), sum(truth[measure][int(atom)] for atom in groups[group]))
    hidden = [Figure(group, measure) for group in range(len(groups)) if group not in published for measure in (0, 1)]
    intervals = {figure: Interval(np.inf, -np.inf) for figure in hidden}
    assert found.widen(intervals)
    for figure in hidden:
        whole = interval(found, figure)
        assert whole.low - 1e-6 <= intervals[figure].low
        assert intervals[figure].high <= whole.high + 1e-6
        assert intervals[figure].is_known(YES) == whole.is_known(YES)
