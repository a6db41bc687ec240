"""What follows where old reports printed a group that is hidden now: printed and shown figures together.

Belongs here: the part ``printed``. A printed figure is a range of whole numbers of units; shown and printed figures together
are attacked like shown ones alone. Printed figures that disagree with those shown for the same units are left out. What
follows from print alone is public since the report; it is counted apart. Does not belong here: what a printed figure is
about.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orchestration.attack.bounds import System, findings, system_of
from orchestration.attack.isolation import Isolation
from orchestration.attack.links import Link, bound_system, keys_of, links
from orchestration.attack.policy import Catalogue, Policy
from orchestration.attack.public import COUNTRY, HIDDEN, Frame, Group, Public
from orchestration.attack.reports import BASE, Column, Figure, Reports, read_reports
from orchestration.attack.result import Derived, Notes, TableKey
from orchestration.attack.sheets import ANSWERED, Patterns, Sheet
from orchestration.attack.solving import NoSolutionError, UndecidedError

PART = "printed"
# A percentage is one of the units that answered, or of all units of the group.
_OF_ANSWERED, _OF_ALL = "answered", "all"
_READINGS = (_OF_ANSWERED, _OF_ALL)
_NEARLY = 1e-6
# Larger than any group: what one group reveals counts as following too.
_NEVER = 10**9

Range = tuple[int, int]
Facts = set[tuple[object, ...]]


@dataclass(frozen=True)
class PrintedCounts:
    """What print says about units: the least and greatest number that gave an answer and, if printed, how many answered."""

    group: Group
    members: NDArray[np.bool_]
    answered: Range | None
    counts: Mapping[str, Range]


@dataclass(frozen=True)
class Placed:
    """A printed figure with the units that it is about.

    ``members`` are the units of the group that answered something and lie in it however a divided municipality is counted;
    ``own`` are those of the group as the table counts them. ``countings`` say of each way to count, that of the table first,
    how many units the group has, and how many that answered something are not among the members.
    """

    figure: Figure
    members: NDArray[np.bool_]
    own: NDArray[np.bool_]
    countings: tuple[Range, ...]

    @property
    def has_one_count(self) -> bool:
        """Return whether the group has the same units however they are counted."""
        return len(self.countings) == 1

    def counted_as_in_table(self) -> Placed:
        """Return the figure with units counted as the table counts them."""
        return dataclasses.replace(self, members=self.own, countings=((self.countings[0][0], 0),))


PrintedGroup = Mapping[Column, Sequence[Placed]]


@dataclass
class _Left:
    """How many printed figures of each report and table were left out."""

    elsewhere: Counter[tuple[str, str]] = field(default_factory=Counter)
    contradicting: Counter[tuple[str, str]] = field(default_factory=Counter)
    without_units: Counter[tuple[str, str]] = field(default_factory=Counter)


def attack_printed(
    public: Public, made: Mapping[TableKey, Sheet], policy: Policy, catalogue: Catalogue, until: float, notes: Notes
) -> None:
    """Attack every table with a hidden group that was printed.

    Args:
        public: the candidate.
        made: its tables, ready.
        policy: what may follow.
        catalogue: which tables say something of one another.
        until: when to stop asking the solver, by the clock of the machine.
        notes: where findings go; it has what follows from shown figures alone, which is not reported again.

    Raises:
        UserError: the printed figures cannot be read.
    """
    reports = read_reports(public.database)
    printed: dict[TableKey, list[Figure]] = {}
    left = _Left()
    for figure in reports.figures:
        if figure.key in made:
            printed.setdefault(figure.key, []).append(figure)
        elif figure.key in public.without_units:
            left.without_units[figure.column[:2]] += 1
    search = _Search(policy, until, notes)
    both: dict[TableKey, Sheet] = {}
    alone: dict[TableKey, Sheet] = {}
    for key, figures in sorted(printed.items()):
        notes.tried[PART]["figures"] += len(figures)
        try:
            disclosed, disclosed_alone = _disclosed_by_print(made[key], figures, public, left)
            if disclosed:
                beside, single = with_print(made[key], disclosed), print_alone(made[key], disclosed_alone)
                search.table(beside, single)
                both[key], alone[key] = beside, single
        except NoSolutionError:
            left.contradicting.update(figure.column[:2] for figure in figures)
        except UndecidedError:
            notes.not_tried.append(f"{PART}: {_name([key])}")
    for link in links(made, public, catalogue):
        keys = keys_of(link)
        if not set(keys) & both.keys():
            continue
        try:
            search.link(link, {**made, **both}, {key: alone.get(key) or print_alone(made[key], []) for key in keys})
        except NoSolutionError:
            notes.not_tried.append(f"print of {_name(keys)} contradicts what is shown of them together")
        except UndecidedError:
            notes.not_tried.append(f"{PART}: {_name(keys)}")
    notes.tried[PART].update({f"isolation: {name}": count for name, count in search.isolation.tried.items()})
    notes.not_tried += [f"{PART}: {text}" for text in search.isolation.not_tried]
    _note_exclusions(reports, left, notes)


def _name(keys: Iterable[TableKey]) -> str:
    return " with ".join(f"{key.indicator}, {key.item}, {key.time_period}" for key in keys)


class _Search:
    """The questions put to shown and printed figures together, and to print alone."""

    def __init__(self, policy: Policy, until: float, notes: Notes) -> None:
        """Begin with what follows from shown figures alone."""
        self.isolation = Isolation(policy, Patterns(), PART)
        self._patterns = Patterns()
        self._until = until
        self._notes = notes
        self._shown: Facts = {fact[1:6] for fact in notes.derived}

    def table(self, both: Sheet, alone: Sheet) -> None:
        """Record what follows about a table."""
        self._notes.tried[PART]["tables"] += 1
        sets = [fact for fact in self.isolation.attack(both) if not _may_follow(fact, both)]
        shown_alone = {fact[1:6] for fact in self.isolation.attack(alone)} if sets else set()
        isolated = {fact[1:6] for fact in sets}
        fixed = [fact for fact in self._solved(system_of([both], self._patterns)) if fact[1:6] not in isolated]
        by_itself = self._solved(system_of([_without_policy(alone)], self._patterns))
        self._notes.from_print[both.key.indicator] += len(by_itself)
        self._add([*sets, *fixed], shown_alone | {fact[1:6] for fact in by_itself})

    def link(self, link: Link, both: Mapping[TableKey, Sheet], alone: Mapping[TableKey, Sheet]) -> None:
        """Record what follows about linked tables."""
        self._notes.tried[PART]["links"] += 1
        known = {fact[1:6] for fact in self._notes.derived}
        fixed = [fact for fact in self._solved(bound_system(link, both, self._patterns)) if fact[1:6] not in known]
        if fixed:
            single = {key: _without_policy(sheet) for key, sheet in alone.items()}
            self._add(fixed, {fact[1:6] for fact in self._solved(bound_system(link, single, self._patterns))})

    def _solved(self, system: System) -> list[Derived]:
        """Return what is fixed about single units, beside the policy."""
        if time.monotonic() > self._until:
            raise UndecidedError
        system.until = self._until
        never, always = system.solve()
        self._notes.tried[PART].update(system.tried)
        if system.left:
            raise UndecidedError
        return [fact for block in system.blocks for fact in findings(system, block, never, always, PART).derived]

    def _add(self, facts: Iterable[Derived], alone: Facts) -> None:
        """Record facts that follow neither from shown figures alone nor from print alone."""
        known = self._shown | alone
        self._notes.add(
            fact._replace(part=PART)
            for fact in facts
            # What print reveals about each unit of a set, it reveals about the set.
            if fact[1:6] not in known and not all((*fact[1:5], (unit,)) in alone for unit in fact.units)
        )


def _may_follow(fact: Derived, sheet: Sheet) -> bool:
    """Return whether groups that may be uniform reveal, for each unit of a set, whether it gave the answer."""
    if fact.measure == ANSWERED:
        known = sheet.may_have_answered() | sheet.may_not_have_answered()
    else:
        answer = sheet.shown.answers.index(fact.measure)
        known = sheet.may_be_known(answer, given=False) | sheet.may_be_known(answer, given=True)
    return all(known[sheet.frame.units.index(unit)] for unit in fact.units)


def _without_policy(sheet: Sheet) -> Sheet:
    """Return a table of which nothing may follow, so that everything that does is reported."""
    return dataclasses.replace(sheet, fewest=_NEVER, not_asked=None, asked=None)


def _disclosed_by_print(
    sheet: Sheet, figures: Sequence[Figure], public: Public, left: _Left
) -> tuple[list[PrintedCounts], list[PrintedCounts]]:
    """Return what print adds on hidden groups to what is shown, and what it says about all groups by itself.

    Raises:
        NoSolutionError: no answers of units give the shown figures.
        UndecidedError: the solver gave up.
    """
    shown = _Rows(sheet)
    columns: dict[Column, list[Placed]] = {}
    for placed in _placed(sheet, figures, public, left):
        columns.setdefault(placed.figure.column, []).append(placed)
    readings: dict[Column, Sequence[str]] = {}
    for column, found in list(columns.items()):
        if shown.counts_the_same(found):
            columns[column] = [placed.counted_as_in_table() for placed in found]
        readings[column] = [
            reading for reading in _READINGS if all(shown.agrees(placed, reading) for placed in columns[column])
        ]
        if not readings[column]:
            left.contradicting[column[:2]] += len(columns.pop(column))
    while hidden := [group for group in _by_group(columns) if shown.is_hidden(group)]:
        ranges = _answered(sheet, [_first(group).members for group in hidden])
        with_shown = [narrowed(group, limits, readings) for group, limits in zip(hidden, ranges, strict=True)]
        wrong = {column for group, each in zip(hidden, with_shown, strict=True) if each is None for column in group}
        if not wrong:
            by_itself = [narrowed(group, None, dict.fromkeys(columns, _READINGS)) for group in _by_group(columns)]
            return [each for each in with_shown if each is not None], [each for each in by_itself if each is not None]
        for column in wrong:
            left.contradicting[column[:2]] += len(columns.pop(column))
    return [], []


def _by_group(columns: PrintedGroup) -> list[PrintedGroup]:
    """Return the figures by the units that they are about."""
    found: dict[tuple[bytes, tuple[Range, ...]], dict[Column, list[Placed]]] = {}
    for column, figures in columns.items():
        for placed in figures:
            if placed.members.any():
                units = (placed.members.tobytes(), placed.countings)
                found.setdefault(units, {}).setdefault(column, []).append(placed)
    return list(found.values())


def _first(group: PrintedGroup) -> Placed:
    return next(iter(group.values()))[0]


def _placed(sheet: Sheet, figures: Sequence[Figure], public: Public, left: _Left) -> list[Placed]:
    """Return the figures with the units that they are about; figures of groups that the table lacks are left out."""
    frames = [frame for (period, _), frame in public.frames.items() if period == sheet.key.time_period]
    frame = sheet.frame
    # A table that keeps earlier figures has the units without answers of that time.
    silent = public.silent.get(sheet.key.time_period, frozenset()) - set(frame.units)
    silent |= {frame.units[i] for i in np.flatnonzero(frame.silent)}
    known: dict[tuple[Group, ...], tuple[NDArray[np.bool_], NDArray[np.bool_], tuple[Range, ...]] | None] = {}
    found = []
    for figure in figures:
        if figure.parts not in known:
            known[figure.parts] = _units(frame, frames, figure.parts, silent)
        units = known[figure.parts]
        if units is None:
            left.elsewhere[figure.column[:2]] += 1
        else:
            found.append(Placed(figure, *units))
    return found


def _units(
    frame: Frame, frames: Iterable[Frame], parts: Sequence[Group], silent: frozenset[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], tuple[Range, ...]] | None:
    """Return the units of groups as :class:`Placed` has them; None where the frame has none of the groups."""
    own = _codes(frame, parts)
    if not own:
        return None
    ways = [own, *(_codes(other, parts) for other in frames)]
    core = frozenset.intersection(*ways)
    # Units that only one way counts may be missing from print altogether.
    countings = dict.fromkeys((len(way), len(way - core - silent)) for way in (*ways, core))
    members, as_own = (
        np.array([code in units for code in frame.units], dtype=np.bool_) for units in (core - silent, own - silent)
    )
    return members, as_own, tuple(countings)


def _codes(frame: Frame, parts: Sequence[Group]) -> frozenset[str]:
    rows = [frame.place[part] for part in parts if part in frame.place]
    return frozenset(frame.units[i] for i in np.flatnonzero(frame.members[rows].any(axis=0)))


class _Rows:
    """The shown figures of a table, by the units of their groups."""

    def __init__(self, sheet: Sheet) -> None:
        """Begin with the rows of the table."""
        self._shown = sheet.shown
        self._places = {row.tobytes(): i for i, row in enumerate(sheet.shown.members)}

    def counts_the_same(self, found: Sequence[Placed]) -> bool:
        """Return whether figures that were printed together count a divided municipality as the table does.

        They do where print has a number of units that only this way of counting gives, and no figure disagrees.
        """
        unsure = [placed for placed in found if not placed.has_one_count and self._row(placed) is not None]
        return any(self._has_base(placed) for placed in unsure) and all(
            any(self.agrees(placed.counted_as_in_table(), reading) for reading in _READINGS) for placed in unsure
        )

    def agrees(self, placed: Placed, reading: str) -> bool:
        """Return whether a figure, in one reading, agrees with what is shown of the same units; True where nothing is."""
        row = self._row(placed)
        if row is None or not placed.has_one_count:
            return True
        counts = count_range(placed.figure, reading, int(self._shown.n_answered[row]), placed.countings[0][0])
        count = self._count(row, placed.figure)
        return counts is not None and (count == HIDDEN or counts[0] <= count <= counts[1])

    def is_hidden(self, group: PrintedGroup) -> bool:
        """Return whether print says something about a group that is not shown."""
        found = [(self._row(placed), placed.figure) for figures in group.values() for placed in figures]
        return any(row is None or self._count(row, figure) == HIDDEN for row, figure in found)

    def _row(self, placed: Placed) -> int | None:
        """Return the row of the group as the table counts it, if the number that answered is shown."""
        row = self._places.get(placed.own.tobytes())
        return None if row is None or self._shown.n_answered[row] == HIDDEN else row

    def _count(self, row: int, figure: Figure) -> int:
        """Return the shown figure."""
        if figure.answer in (ANSWERED, BASE):
            return int(self._shown.n_answered[row])
        return int(self._shown.n_answer[row, self._shown.answers.index(figure.answer)])

    def _has_base(self, placed: Placed) -> bool:
        row, figure = self._row(placed), placed.figure
        bases = (None if row is None else int(self._shown.n_answered[row]), placed.countings[0][0])
        is_base = figure.answer in (ANSWERED, BASE) and not figure.is_share
        return (figure.n_base is not None and figure.n_base in bases) or (is_base and figure.value in bases)


def count_range(figure: Figure, reading: str, answered: int, whole: int) -> Range | None:
    """Return the least and greatest number of units that a figure can stand for; None where it is impossible.

    Args:
        figure: the printed figure.
        reading: the base of the figure, where it is not printed.
        answered: how many units of the group answered.
        whole: how many units the group has.
    """
    base = figure.n_base
    if base is None:
        base = answered if reading == _OF_ANSWERED else whole
    elif base not in (answered, whole):
        return None
    if figure.answer == BASE:
        return (answered, answered) if figure.value == base else None
    least, most = figure.value - figure.half, figure.value + figure.half
    if figure.is_share:
        if not base:
            # A percentage of zero units is undefined.
            return None
        least, most = least * base / 100, most * base / 100
    if figure.answer == ANSWERED:
        return (answered, answered) if least <= answered <= most else None
    found = max(math.ceil(least), 0), min(math.floor(most), answered)
    return found if found[0] <= found[1] else None


def _answered(sheet: Sheet, groups: Sequence[NDArray[np.bool_]]) -> list[Range]:
    """Return the least and greatest number of units of groups that can have answered, by what is shown."""
    nothing = [PrintedCounts(Group("", "", ""), members, None, {}) for members in groups]
    system = system_of([with_print(sheet, nothing)], Patterns())
    columns = system.blocks[0].answered
    found = []
    for members in groups:
        cost = np.zeros(system.program.width)
        cost[columns[system.pattern.atoms(members)]] = 1
        least, most = system.program.relaxed(cost), system.program.relaxed(-cost)
        if least is None or most is None:
            raise NoSolutionError
        found.append((math.ceil(float(cost @ least) - _NEARLY), math.floor(float(cost @ most) + _NEARLY)))
    return found


def narrowed(group: PrintedGroup, answered: Range | None, readings: Mapping[Column, Sequence[str]]) -> PrintedCounts | None:
    """Return the ranges that all figures of a group allow; None where they contradict one another.

    Args:
        group: the figures, by what they were printed with.
        answered: how many of the units can have answered; any number where None.
        readings: in which ways the figures of a column may be read.
    """
    first = _first(group)
    limits = before = answered or (0, int(first.members.sum()))
    counts: dict[str, Range] = {}
    for column, found in group.items():
        fitting = list(_fitting(found, limits, readings[column]))
        if not fitting:
            return None
        limits = (min(number for number, _ in fitting), max(number for number, _ in fitting))
        for place, placed in enumerate(found):
            so_far = counts.get(placed.figure.answer, (0, limits[1]))
            least = max(so_far[0], min(ranges[place][0] for _, ranges in fitting))
            most = min(so_far[1], max(ranges[place][1] for _, ranges in fitting))
            if least > most:
                return None
            counts[placed.figure.answer] = (least, most)
    counts = {answer: each for answer, each in counts.items() if answer not in (ANSWERED, BASE)}
    return PrintedCounts(first.figure.group, first.members, None if limits == before else limits, counts)


def _fitting(found: Sequence[Placed], limits: Range, readings: Sequence[str]) -> Iterator[tuple[int, list[Range]]]:
    """Return how many members can have answered so that figures of one column are true, and what the figures say then."""
    for reading, (whole, most_beside) in itertools.product(readings, found[0].countings):
        for number, beside in itertools.product(range(limits[0], limits[1] + 1), range(most_beside + 1)):
            ranges = [count_range(placed.figure, reading, number + beside, whole) for placed in found]
            if None not in ranges:
                # This many of the units that print counts may not be members.
                yield number, [(max(each[0] - beside, 0), min(each[1], number)) for each in ranges if each is not None]


def with_print(sheet: Sheet, printed: Iterable[PrintedCounts]) -> Sheet:
    """Return a table with what print says of groups: figures where that is one number, limits where it is several."""
    shown = sheet.shown
    places = {row.tobytes(): i for i, row in enumerate(shown.members)}
    groups, members, limits = list(shown.groups), list(shown.members), list(shown.limits)
    # The last place, which HIDDEN is too, is for the units that answered.
    figures = np.column_stack([shown.n_answer, shown.n_answered]).tolist()
    for each in printed:
        row = places.setdefault(each.members.tobytes(), len(groups))
        if row == len(groups):
            groups.append(each.group)
            members.append(each.members)
            figures.append([HIDDEN] * (len(shown.answers) + 1))
        ranges = {shown.answers.index(answer): limit for answer, limit in each.counts.items()}
        if each.answered is not None:
            ranges[HIDDEN] = each.answered
        for place, (least, most) in ranges.items():
            if figures[row][place] == HIDDEN and least == most:
                figures[row][place] = least
            elif figures[row][place] == HIDDEN and (least, most) != (0, int(each.members.sum())):
                limits.append((row, place, least, most))
    table = np.array(figures, dtype=np.int64).reshape(len(groups), len(shown.answers) + 1)
    return dataclasses.replace(
        sheet,
        shown=dataclasses.replace(
            shown,
            groups=tuple(groups),
            members=np.array(members, dtype=np.bool_).reshape(len(groups), len(sheet.frame.units)),
            n_answer=table[:, :-1],
            n_answered=table[:, -1],
            limits=tuple(limits),
        ),
    )


def print_alone(sheet: Sheet, printed: Iterable[PrintedCounts]) -> Sheet:
    """Return a table of all units with what print says, and nothing that is shown."""
    shown = dataclasses.replace(
        sheet.shown,
        groups=(Group("country", COUNTRY, "reported"),),
        members=~sheet.frame.silent[None, :],
        n_answer=np.full((1, len(sheet.shown.answers)), HIDDEN, dtype=np.int64),
        n_answered=np.full(1, HIDDEN, dtype=np.int64),
        limits=(),
    )
    return with_print(dataclasses.replace(sheet, shown=shown), printed)


def _note_exclusions(reports: Reports, left: _Left, notes: Notes) -> None:
    """Record which printed figures were left out, and why."""
    for why, counts in (
        ("name no question, answer or group of the public tables", reports.not_mapped),
        ("are in words or rough", reports.vague),
        ("are about units that are not known", left.without_units),
        ("are about groups that the question does not have", left.elsewhere),
        ("contradict what is shown", left.contradicting),
    ):
        for source in sorted({source for source, _ in counts}):
            tables = ", ".join(f"{table} ({number})" for (own, table), number in sorted(counts.items()) if own == source)
            notes.not_tried.append(f"print of {source}: figures that {why}: {tables}")
