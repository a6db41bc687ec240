"""Print combined with shown figures: groups counted by hand, and ranges checked against arbitrary answers of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.attack.policy import Catalogue, Policy
from orchestration.attack.printed import Placed, attack_printed, count_range, narrowed, with_print
from orchestration.attack.public import HIDDEN, Frame, Group, Public, Shown
from orchestration.attack.reports import BASE, Column, Figure, Reports
from orchestration.attack.result import Notes, TableKey
from orchestration.attack.sheets import ANSWERED, Sheet

KEY = TableKey("indicator_shares", "q", "all", 2000)
POLICY = Policy(3, 3, 10, True, 5, 10, frozenset({"q"}))
YES, NO, NONE = "yes", "no", None
COUNTRY, COUNTY, AREA = (Group(*each, "reported") for each in (("country", "0"), ("county", "1"), ("hf_area", "1")))
COUNTIES = (COUNTY, Group("county", "2", "reported"))
READINGS = ("answered", "all")


def figure(
    value: float, group: Group = AREA, answer: str = YES, *, base: int | None = None, share: bool = False, table: str = "1"
) -> Figure:
    half = Fraction(1, 2) if share else Fraction(0)
    return Figure(Column("r", table, "m", ""), KEY, group, (group,), answer, Fraction(str(value)), share, half, base)


def frame(groups: Mapping[Group, Sequence[str]]) -> Frame:
    units = sorted({unit for members in groups.values() for unit in members})
    members = np.array([[unit in own for unit in units] for own in groups.values()], dtype=np.bool_)
    nobody = np.zeros(len(units), dtype=np.bool_)
    return Frame(tuple(units), tuple(groups), members, nobody, nobody, nobody)


def attacked(
    monkeypatch: pytest.MonkeyPatch,
    answers: Mapping[str, str | None],
    groups: Mapping[Group, Sequence[str]],
    shown: Sequence[Group],
    *figures: Figure,
    otherwise: Mapping[Group, Sequence[str]] | None = None,
) -> Notes:
    """Attack a table with some groups shown; ``otherwise`` are the units of the groups when counted in another way."""
    own = frame(groups)
    rows = [[answers[unit] for unit in groups[group]] for group in shown]
    table = Shown(
        key=KEY,
        unit_set="own",
        answers=(NO, YES),
        groups=tuple(shown),
        members=own.members[[own.place[group] for group in shown]],
        n_answer=np.array([[row.count(answer) for answer in (NO, YES)] for row in rows]),
        n_answered=np.array([len(row) - row.count(NONE) for row in rows]),
    )
    public = Public(Path("x"), frames={(2000, "own"): own} | ({(2000, "other"): frame(otherwise)} if otherwise else {}))
    made = {KEY: Sheet(table, own, True, (0, 1), {}, False, False, 3, Path("x"))}
    monkeypatch.setattr("orchestration.attack.printed.read_reports", lambda database: Reports(list(figures)))
    notes = Notes()
    attack_printed(public, made, POLICY, Catalogue(), np.inf, notes)
    return notes


def about(notes: Notes) -> set[tuple[str, tuple[str, ...]]]:
    assert {fact.part for fact in notes.derived} <= {"printed"}
    return {(fact.measure, fact.units) for fact in notes.derived}


def left(notes: Notes) -> list[str]:
    return [text.partition("figures that ")[2] for text in notes.not_tried]


# Two counties of four units; the trust area is the first and one unit of the second.
UNITS = "abcdefgh"
GROUPS = {COUNTRY: UNITS, COUNTIES[0]: "abcd", COUNTIES[1]: "efgh", AREA: "abcde"}
ANSWERS = dict(zip(UNITS, (YES, NO, YES, NO, YES, NO, YES, NO), strict=True))


def test_print_of_a_hidden_group_without_a_shown_one_tells_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = (COUNTRY, *COUNTIES)
    assert about(attacked(monkeypatch, ANSWERS, GROUPS, shown)) == set()

    notes = attacked(monkeypatch, ANSWERS, GROUPS, shown, figure(3))

    assert about(notes) == {(YES, ("e",))}
    assert notes.derived[0].levels == ("county", "hf_area")
    assert notes.tried["printed"]["tables"] == 1
    assert notes.not_tried == []


def test_print_of_a_group_that_is_shown_tells_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = attacked(monkeypatch, ANSWERS, GROUPS, (COUNTRY, *COUNTIES), figure(2, COUNTY))
    assert notes.derived == []
    assert notes.tried["printed"] == {"figures": 1}


def test_what_print_alone_tells_is_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    print_of_both = (figure(3), figure(2, COUNTY))

    notes = attacked(monkeypatch, ANSWERS, GROUPS, (COUNTRY,), *print_of_both)

    assert about(notes) == set()
    assert notes.result().from_print == {"q": 1}


@pytest.mark.parametrize(
    "figures",
    [
        # The shown county has two, so the area has at least two.
        (figure(3), figure(3, COUNTY)),
        (figure(1),),
        (figure(60, share=True), figure(2, table="2")),
        (figure(3, base=3),),
    ],
)
def test_print_that_contradicts_what_is_shown_is_left_out(
    monkeypatch: pytest.MonkeyPatch, figures: tuple[Figure, ...]
) -> None:
    notes = attacked(monkeypatch, ANSWERS, GROUPS, (COUNTRY, *COUNTIES), *figures)
    assert about(notes) == set()
    assert all(text.startswith("contradict what is shown: 1 (") for text in left(notes))
    assert left(notes)


def test_print_that_was_not_put_together_with_wrong_print_still_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = (figure(3), figure(4, COUNTY, table="2"))
    notes = attacked(monkeypatch, ANSWERS, GROUPS, (COUNTRY, *COUNTIES), *figures)
    assert about(notes) == {(YES, ("e",))}
    assert left(notes) == ["contradict what is shown: 2 (1)"]


@pytest.mark.parametrize(("base", "is_disclosed"), [(None, False), (191, True)])
def test_a_percentage_tells_a_unit_where_its_base_is_known(
    monkeypatch: pytest.MonkeyPatch, base: int | None, is_disclosed: bool
) -> None:
    units = [f"{number:03d}" for number in range(260)]
    answers = dict(zip(units, [YES] * 100 + [NO] * 90 + [NONE] * 10 + [YES] * 30 + [NO] * 20 + [NONE] * 10, strict=True))
    groups = {COUNTRY: units, COUNTIES[0]: units[:200], COUNTIES[1]: units[200:], AREA: units[:201]}

    notes = attacked(monkeypatch, answers, groups, (COUNTRY, *COUNTIES), figure(53, base=base, share=True))

    # 53 % are 101 of 191 and 100 or 101 of 190.
    assert about(notes) == ({(YES, ("200",)), (ANSWERED, ("200",))} if is_disclosed else set())


def test_which_units_a_percentage_is_of_is_learned_from_shown_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ANSWERS | {"b": NONE, "f": NONE}
    # 75 % of the five units is not a whole number; of the four that answered it is three.
    area, shown = figure(75, share=True), (COUNTRY, *COUNTIES)
    notes = attacked(monkeypatch, answers, GROUPS, shown, area, figure(67, COUNTIES[1], share=True))
    assert about(notes) == {(YES, ("e",)), (ANSWERED, ("e",)), (ANSWERED, ("f", "g", "h"))}

    # The same figure next to a percentage of all units is another one.
    notes = attacked(monkeypatch, answers, GROUPS, shown, area, figure(50, COUNTIES[1], share=True))
    assert about(notes) == set()
    assert left(notes) == ["contradict what is shown: 1 (2)"]


def test_a_group_that_is_counted_in_two_ways_tells_less(monkeypatch: pytest.MonkeyPatch) -> None:
    # Print may have counted two districts of the area, where the table has their municipality and no area of it.
    groups = {**GROUPS, COUNTRY: UNITS + "opq"}
    otherwise = {**GROUPS, COUNTRY: UNITS + "xypq", AREA: "abcdexy"}
    answers = ANSWERS | {"o": NO, "p": YES, "q": NO}

    def disclosed(*figures: Figure) -> set[tuple[str, tuple[str, ...]]]:
        return about(attacked(monkeypatch, answers, groups, (COUNTRY, *COUNTIES), *figures, otherwise=otherwise))

    assert disclosed(figure(3)) == set()
    # Two in the county, the unit and the two districts; or the county had more.
    assert disclosed(figure(5)) == {(YES, ("e",))}
    # Print with the table's base for the country counts as the table does.
    assert disclosed(figure(3), figure(5, COUNTRY, base=11)) == {(YES, ("e",))}
    assert disclosed(figure(3), figure(5, COUNTRY, base=12)) == set()
    assert disclosed(figure(3), figure(4, COUNTRY, base=11)) == set()


def test_a_group_that_the_question_does_not_have_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Group("hf_area", "9", "reported")
    notes = attacked(monkeypatch, ANSWERS, GROUPS, (COUNTRY,), figure(1, other))
    assert left(notes) == ["are about groups that the question does not have: 1 (1)"]


@pytest.mark.parametrize(
    ("printed", "answered", "whole", "expected"),
    [
        (figure(3), 5, 6, (3, 3)),
        (figure(6), 5, 6, None),
        (figure(3, base=5), 5, 6, (3, 3)),
        (figure(3, base=4), 5, 6, None),
        (figure(50, share=True), 5, 6, None),
        (figure(50, share=True, base=6), 5, 6, (3, 3)),
        (figure(50, share=True), 200, 220, (99, 101)),
        (figure(0, share=True), 0, 0, None),
        (figure(0), 0, 0, (0, 0)),
        (figure(5, answer=ANSWERED), 5, 6, (5, 5)),
        (figure(4, answer=ANSWERED), 5, 6, None),
        (figure(83, answer=ANSWERED, share=True, base=6), 5, 6, (5, 5)),
        (figure(5, answer=BASE), 5, 6, (5, 5)),
        (figure(6, answer=BASE), 5, 6, None),
    ],
)
def test_for_which_numbers_a_figure_can_stand(
    printed: Figure, answered: int, whole: int, expected: tuple[int, int] | None
) -> None:
    assert count_range(printed, "answered", answered, whole) == expected


@given(st.data())
def test_what_print_says_is_true(data: st.DataObject) -> None:
    """Whatever units answered, and however their percentages were computed, the ranges contain the numbers."""
    size, beside = data.draw(st.integers(1, 15)), data.draw(st.integers(0, 3))
    states = st.sampled_from((YES, NO, NONE))
    inside = data.draw(st.lists(states, min_size=size, max_size=size))
    outside = data.draw(st.lists(states, min_size=beside, max_size=beside))
    everybody = inside + outside
    answered, whole = len(everybody) - everybody.count(NONE), len(everybody)
    base = data.draw(st.sampled_from((answered, whole)))
    members = np.ones(size, dtype=np.bool_)
    countings = ((whole, beside), (size, 0)) if beside else ((whole, 0),)

    def placed(answer: str, *, share: bool) -> Placed:
        count = everybody.count(answer)
        value = int(Fraction(100 * count, base) + Fraction(1, 2)) if share else count
        known = data.draw(st.booleans())
        each = figure(value, answer=answer, share=share, base=base if known else None, table=str(share))
        return Placed(each, members, members, countings)

    shares = [placed(answer, share=True) for answer in (YES, NO)] if base else []
    columns = {found[0].figure.column: found for found in (shares, [placed(YES, share=False)]) if found}
    own = size - inside.count(NONE)
    limits = data.draw(st.one_of(st.none(), st.tuples(st.integers(0, own), st.integers(own, size))))

    counts = narrowed(columns, limits, dict.fromkeys(columns, READINGS))

    assert counts is not None
    assert counts.answered is None or counts.answered[0] <= own <= counts.answered[1]
    for answer, (least, most) in counts.counts.items():
        assert least <= inside.count(answer) <= most


def test_figures_that_cannot_all_be_true_say_so() -> None:
    members = np.ones(4, dtype=np.bool_)
    columns = {each.column: [Placed(each, members, members, ((4, 0),))] for each in (figure(3), figure(2, table="2"))}
    assert narrowed(columns, None, dict.fromkeys(columns, READINGS)) is None


def test_one_number_is_a_figure_and_several_are_limits() -> None:
    own = frame(GROUPS)
    table = Shown(KEY, "own", (NO, YES), (COUNTRY,), own.members[:1], np.array([[3, 4]]), np.array([7]))
    columns = {each.column: [Placed(each, own.members[3], own.members[3], ((5, 0),))] for each in (figure(3),)}
    counts = narrowed(columns, (2, 4), dict.fromkeys(columns, READINGS))
    assert counts is not None

    shown = with_print(Sheet(table, own, True, (0, 1), {}, False, False, 3, Path("x")), [counts]).shown

    assert shown.groups == (COUNTRY, AREA)
    assert shown.n_answer.tolist() == [[3, 4], [HIDDEN, 3]]
    assert shown.n_answered.tolist() == [7, HIDDEN]
    assert shown.limits == ((1, HIDDEN, 3, 4),)
