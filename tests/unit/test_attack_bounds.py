"""Facts about single units that are determined, checked against all possible answers of the units."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.attack.bounds import System, _fixed, system_of
from orchestration.attack.public import HIDDEN, Frame, Group, Shown
from orchestration.attack.result import TableKey
from orchestration.attack.sheets import ANSWERED, Patterns, Sheet
from orchestration.attack.solving import NoSolutionError

UNITS = 4
Truth = tuple[tuple[bool, ...], ...]


def frame() -> Frame:
    nobody = np.zeros(UNITS, dtype=np.bool_)
    return Frame(tuple("abcd"), (), np.zeros((0, UNITS), dtype=np.bool_), nobody, nobody, nobody)


def sheet(truth: Truth, members: np.ndarray, hidden: np.ndarray, *, single: bool, boxed: bool = False) -> Sheet:
    """The table of units with these answers: a row per unit, the last column being whether it answered."""
    figures = members.astype(np.int64) @ np.array(truth, dtype=np.int64)
    figures = np.where(hidden, HIDDEN, figures)
    width = figures.shape[1] - 1
    shown = Shown(
        key=TableKey("t", "q", "all", 1),
        unit_set="all",
        answers=tuple(f"a{i}" for i in range(width)),
        groups=tuple(Group(("county", "size_group")[i % 2], str(i), "reported") for i in range(len(members))),
        members=members,
        n_answer=figures[:, :-1],
        n_answered=figures[:, -1],
    )
    return Sheet(shown, frame(), single, tuple(range(width)), {}, boxed, False, 3, Path("x"))


def states(width: int, *, single: bool, boxed: bool) -> list[tuple[bool, ...]]:
    """The possible answers of a unit."""
    nothing = (False,) * (width + 1)
    if single:
        # The last state is an answer outside the table.
        given = [tuple(i == j for j in range(width)) for i in range(width + 1)]
        return [nothing, *((*answer, True) for answer in given)]
    boxes = itertools.product([False, True], repeat=width)
    return [nothing, *((*answer, True) for answer in boxes if any(answer) or not boxed)]


def possible(table: Sheet, able: Sequence[tuple[bool, ...]]) -> Iterator[np.ndarray]:
    """All answers of all units that give the shown figures."""
    shown = table.shown
    figures = np.concatenate([shown.n_answer, shown.n_answered[:, None]], axis=1)
    for truth in itertools.product(able, repeat=UNITS):
        own = shown.members.astype(np.int64) @ np.array(truth, dtype=np.int64)
        if ((own == figures) | (figures == HIDDEN)).all():
            yield np.array(truth)


def fixed(table: Sheet) -> dict[tuple[int, object], bool]:
    system = system_of([table], Patterns())
    never, always = system.solve()
    assert system.left == 0
    return {(unit, measure): given for _, unit, measure, given in _fixed(system, system.blocks[0], never, always)}


@pytest.mark.parametrize(("single", "boxed"), [(True, False), (False, True), (False, False)])
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_what_is_fixed_is_what_all_possible_answers_share(single: bool, boxed: bool, data: st.DataObject) -> None:
    width = 2
    able = states(width, single=single, boxed=boxed)
    truth = tuple(data.draw(st.lists(st.sampled_from(able), min_size=UNITS, max_size=UNITS)))
    groups = data.draw(st.lists(st.lists(st.booleans(), min_size=UNITS, max_size=UNITS), min_size=0, max_size=3))
    members = np.array([[True] * UNITS, *groups], dtype=np.bool_)
    hidden = np.array(data.draw(st.lists(st.booleans(), min_size=len(members), max_size=len(members))), dtype=np.bool_)
    hides = np.repeat(hidden[:, None], width + 1, axis=1) & np.array([True, False, True])
    table = sheet(truth, members, hides, single=single, boxed=boxed)

    found = fixed(table)

    worlds = np.array(list(possible(table, able)))
    for unit in range(UNITS):
        values = {tuple(world[unit].tolist()) for world in worlds}
        for place, measure in enumerate((*range(width), ANSWERED)):
            seen = {value[place] for value in values}
            if (unit, measure) in found:
                assert seen == {found[unit, measure]}
            elif len(seen) == 1:
                # Not reported again where another fact about the unit implies it.
                implied = [given for (who, what), given in found.items() if who == unit and what != measure]
                assert implied, (unit, measure)


@pytest.mark.parametrize(("single", "boxed"), [(True, False), (False, True), (False, False)])
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_figures_that_no_answers_give_are_told_from_others(single: bool, boxed: bool, data: st.DataObject) -> None:
    able = states(2, single=single, boxed=boxed)
    truth = tuple(data.draw(st.lists(st.sampled_from(able), min_size=UNITS, max_size=UNITS)))
    groups = data.draw(st.lists(st.lists(st.booleans(), min_size=UNITS, max_size=UNITS), min_size=1, max_size=3))
    members = np.array([[True] * UNITS, *groups], dtype=np.bool_)
    table = sheet(truth, members, np.zeros((len(members), 3), dtype=np.bool_), single=single, boxed=boxed)
    row, place = data.draw(st.integers(0, len(members) - 1)), data.draw(st.integers(0, 2))
    figures = table.shown.n_answered if place == 2 else table.shown.n_answer[:, place]
    figures[row] = data.draw(st.integers(0, int(members[row].sum())))

    if any(True for _ in possible(table, able)):
        fixed(table)
    else:
        with pytest.raises(NoSolutionError):
            fixed(table)


def test_units_in_no_group_are_not_asked_about() -> None:
    members = np.array([[True, True, False, False]])
    table = sheet(((True, True),) * UNITS, members, np.zeros((1, 2), dtype=np.bool_), single=True)

    assert {unit for unit, _ in fixed(table)} == {0, 1}


def test_what_is_left_open_by_the_clock_is_counted() -> None:
    members = np.array([[True] * UNITS, [True, True, False, False]])
    truth = ((True, False, True), (False, True, True), (True, False, True), (False, False, False))
    system: System = system_of([sheet(truth, members, np.zeros((2, 3), dtype=np.bool_), single=True)], Patterns())
    system.until = 0

    never, _ = system.solve()

    assert not never.any() or system.left >= 0
