"""What else units may have answered, given everything that is shown.

A family is a set of linked questions about the same units. Its units are placed in a table: by the shown areas that they lie
in (rows), and by their size group (columns). Two units of a column that exchange all their answers leave every size group as
it is. Let units of two kinds, *k* and *d*, exchange along a closed way through the table: down one column, to another unit
of the first kind in the same row, down its column, and so on back to the first row. Then every row has lost and gained one
unit of each kind, and everything shown is the same. Such a way is a circle in a graph of rows and columns, so that
reachability says of every unit what else it may have answered: whole answers of whole units, no rounding and no solver. What
an exchange reaches is certainly possible; what none reaches counts as disclosed, though a longer chain of three kinds might
reach it.

Belongs here: the kinds, the graph and the verdict on one question. Does not belong here: which groups to try
(``suppression``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from orchestration.disclosure.elimination import few_cut, isolates

Marks = NDArray[np.bool_]
Numbers = NDArray[np.int64]

# Number of kinds of units among which exchanges are sought, the most frequent first; units of other kinds exchange within
# their atom.
MOST_KINDS = 24

# Sets of fewer units than this are found as cuts of a graph; larger ones need an elimination.
_SEEN_AS_CUTS = 3

# Number of the measure that says who answered, among a question's measures.
ANSWERED = 0


@dataclass(frozen=True)
class Limits:
    """The limits of the policy that a verdict needs."""

    uniform: int
    routed: bool = False
    # Of the units that changed since a snapshot.
    uniform_since: int = 0


@dataclass(frozen=True)
class Question:
    """What the units of a family answered to one question.

    Units that are alike in everything that counts are merged into one, with a weight. ``answers`` has a number for each:
    which row of ``measures`` it is, 0 where it did not answer. ``measures`` is answers by measures; the first measure is
    that it answered at all. ``boxes`` says of each box of a multi-select question, by measure, with which answers a unit
    could untick it, and with which it could tick it, without a change to any other measure.
    """

    answers: Numbers
    weights: Numbers
    measures: Marks
    limits: Limits
    boxes: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)

    def values(self) -> Marks:
        """Return units by measures."""
        result: Marks = self.measures[self.answers]
        return result


def number_rows(columns: Marks) -> Numbers:
    """Number the rows of a table of marks: equal numbers, same marks."""
    if columns.shape[1] == 0:
        return np.zeros(len(columns), dtype=np.int64)
    packed = np.packbits(columns, axis=1)
    words = np.zeros((len(columns), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    numbers = np.zeros(len(columns), dtype=np.int64)
    for place, word in enumerate(words.view(np.int64).T):
        # Integers sort many times faster than rows.
        found = np.unique(word, return_inverse=True)[1]
        numbers = np.unique(found * (len(columns) + 1) + numbers, return_inverse=True)[1] if place else found
    return numbers.ravel()


def _closure(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is reached in any number of steps, including none, for a stack of square tables of steps."""
    reached = np.minimum(steps + np.eye(steps.shape[-1], dtype=np.float32), 1)
    for _ in range(int(np.ceil(np.log2(max(2, steps.shape[-1]))))):
        reached = np.minimum(reached @ reached, 1)
    return reached


class Layout:
    """The table of rows and columns in which a family's units are placed, and the ways of exchange through it.

    Args:
        areas: units by shown areas.
        sizes: units by shown size groups.
        kinds: the kind of each unit: its answers to the questions that are shown by area.
        versions: units of different numbers never exchange, since their answers are in different snapshots.
    """

    def __init__(self, areas: Marks, sizes: Marks, kinds: Numbers, versions: Numbers) -> None:
        """Place the units, and follow all ways between rows for every pair of kinds."""
        row, column = (
            np.unique(versions * len(kinds) + number_rows(marks), return_inverse=True)[1].ravel() for marks in (areas, sizes)
        )
        self.row, self.column = row, column
        self.shape = (int(row.max()) + 1, int(column.max()) + 1)
        self.place = row * self.shape[1] + column
        numbers, counts = np.unique(kinds, return_counts=True)
        chosen = np.sort(numbers[np.argsort(-counts, kind="stable")[:MOST_KINDS]])
        position = np.searchsorted(chosen, kinds).clip(max=len(chosen) - 1)
        # Units of omitted kinds exchange only with their neighbours.
        self.kind = np.where(chosen[position] == kinds, position, -1)
        self._count = len(chosen)
        self._held_by_kind = self._held(np.ones(len(kinds), dtype=bool))

    @cached_property
    def _reach(self) -> NDArray[np.float32]:
        """Kinds by kinds by rows by rows: whether a way of both kinds leads from one row to another."""
        held = self._held_by_kind
        steps = np.minimum(held[:, None] @ held[None].transpose(0, 1, 3, 2), 1)
        one, other = np.triu_indices(self._count, 1)
        reach: NDArray[np.float32] = np.ones_like(steps)
        # A way from a row for one kind is a way to it for the other; units of one kind exchange in whatever row they are.
        reach[one, other] = _closure(steps[one, other])
        reach[other, one] = reach[one, other].transpose(0, 2, 1)
        return reach

    def _held(self, units: Marks) -> NDArray[np.float32]:
        """Return kinds by rows by columns: where there is one of these units."""
        held = np.zeros((self._count, *self.shape), dtype=np.float32)
        chosen = units & (self.kind >= 0)
        held[self.kind[chosen], self.row[chosen], self.column[chosen]] = 1
        return held

    def beside(self, units: Marks) -> Marks:
        """Return the units in whose place in the table one of these units stands: the two could exchange."""
        held = np.zeros(self.shape[0] * self.shape[1], dtype=bool)
        held[self.place[units]] = True
        result: Marks = held[self.place]
        return result

    def gained(self, units: Marks) -> Marks:
        """Return the units that can take the place of one of these units, by an exchange."""
        wanted = self._held(units)
        # Kind k is at (row, column); a wanted unit of kind d in the same column, from whose row ways lead back.
        came = (self._reach.transpose(0, 1, 3, 2) @ wanted[None]).sum(axis=1)
        places = ((came > 0) & (self._held_by_kind > 0)).any(axis=0).ravel()
        result: Marks = places[self.place] | self.beside(units)
        return result

    def ways(self, giving: Marks, taking: Marks) -> tuple[Marks, Marks]:
        """Return the units in whose place one can give a box up, and where one can take it, on a closed way of both."""
        one, other = np.zeros((2, *self.shape), dtype=np.float32)
        one[self.row[giving], self.column[giving]] = 1
        other[self.row[taking], self.column[taking]] = 1
        reach = _closure(np.minimum(one @ other.T, 1)[None])[0]
        gives, takes = ((other.T @ reach).T * one) > 0, ((reach @ one) * other) > 0
        return gives.ravel()[self.place], takes.ravel()[self.place]


def _covered(groups: Marks, uniform: Marks) -> Marks:
    """Return units by measures: whether a group that contains the unit is uniform in the measure."""
    result: Marks = (groups.T.astype(np.float32) @ uniform.astype(np.float32)) > 0
    return result


@dataclass
class Verdict:
    """The facts that uniform groups may reveal by policy (a unit lacks or has a measure); whether anything else follows."""

    without: Marks
    having: Marks
    is_disclosed: bool

    @property
    def known(self) -> Marks:
        """Units by measures: whether the policy lets it follow if the unit has the measure."""
        return self.without | self.having


def judge(
    question: Question,
    groups: Marks,
    layout: Layout,
    before: tuple[Marks, Marks] | None = None,
    own: Numbers | None = None,
    mixed: tuple[Marks, Marks] | None = None,
    free: Marks | None = None,
    since: Marks | None = None,
) -> Verdict:
    """Judge whether shown groups of a question reveal more about some unit than the policy allows.

    Args:
        question: the question.
        groups: groups by units: those whose figures are shown.
        layout: where the units of the question's family are placed, by all that is or was shown of the family.
        before: units by measures: what is already known, that a unit lacks the measure, and that it has it.
        own: for a question that only some are asked, the place of each unit by the groups of this question alone. Units that
            answered it can exchange these answers within a place, with all that depends on them, and keep all others.
        mixed: groups by measures: whether a public unit, which is none of these units, has the measure, and whether one
            lacks it, so that the group is not shown as uniform.
        free: units of which no group is or was shown: they may have answered anything.
        since: groups by units: those that changed of groups that the last snapshot showed too; the difference of the two
            snapshots has their figures.
    """
    values = question.values()
    limits = np.full(len(groups), question.limits.uniform)
    if since is not None:
        groups, limits = np.vstack([groups, since]), np.append(limits, [question.limits.uniform_since] * len(since))
    weighted = groups * question.weights.astype(np.float64)
    gave, units = weighted @ values, weighted.sum(axis=1)
    is_large = gave[:, [ANSWERED]] >= limits[:, None]
    none, everybody = (gave == 0) & is_large, (gave == units[:, None]) & is_large
    if mixed is not None:
        none[: len(mixed[0])] &= ~mixed[0]
        everybody[: len(mixed[1])] &= ~mixed[1]
    none[:, ANSWERED] = False
    if question.limits.routed:
        everybody[:] = False
    without, having = _covered(groups, none), _covered(groups, everybody)
    if before is not None:
        without, having = without | before[0], having | before[1]
    held = np.ones(len(values), dtype=bool) if free is None else ~free
    answered = values[:, ANSWERED]
    may_answer = layout.gained(answered) if own is not None and not answered.all() else answered
    # Measures that few units have are revealed first.
    for measure in np.argsort(np.minimum(values.sum(axis=0), (~values).sum(axis=0)), kind="stable").tolist():
        value = values[:, measure]
        must_have, must_lack = ~value & ~without[:, measure] & held, value & ~having[:, measure] & held
        # A unit that can have answered can have any answer that occurs in its own place.
        for wanted, open_units in ((value, must_have), (~value, must_lack)):
            if not open_units.any():
                continue
            can = layout.beside(wanted)
            if own is not None:
                can |= _among(own, wanted & answered) & may_answer
            if (open_units & ~can).any():
                can |= layout.gained(wanted)
            if measure in question.boxes and (open_units & ~can).any():
                giving, taking = (np.isin(question.answers, each) for each in question.boxes[measure])
                gives, takes = layout.ways(giving, taking)
                can |= takes if wanted is value else gives
            if (open_units & ~can).any():
                return Verdict(without, having, True)
    return Verdict(without, having, False)


def _among(places: Numbers, units: Marks) -> Marks:
    """Return the units in whose place one of these units is."""
    held = np.zeros(int(places.max()) + 1, dtype=bool)
    held[places[units]] = True
    result: Marks = held[places]
    return result


def isolates_units(
    question: Question, groups: Marks, known: Marks, least: int, table: tuple[Numbers, Numbers] | None = None
) -> bool:
    """Return whether sums and differences of a question's groups rest on fewer than ``least`` units.

    That is, on so few units that answered; or, for a measure, on so few units whose measure is not known.

    Args:
        question: the question.
        groups: groups by units.
        known: units by measures: what uniform groups tell.
        least: fewest units.
        table: row and column of each unit, where the groups are areas that do not cut each other and size groups.
    """
    counted = counted_units(question, known)
    # Without the columns of known units, the rest are the sums of the others.
    if table is not None and least == _SEEN_AS_CUTS:
        return any(few_cut(table[0][units], table[1][units], question.weights[units]) for units in counted)
    return any(rests_on_few(groups[:, units], question.weights[units], least) for units in counted)


def counted_units(question: Question, known: Marks) -> list[Marks]:
    """Return the sets of which no sum may rest on few units: those that answered, and those whose measure is not known.

    Args:
        question: the question.
        known: units by measures: what uniform groups tell.
    """
    unknown = (~known[:, measure] for measure in range(known.shape[1]) if known[:, measure].any())
    return list({units.tobytes(): units for units in (question.answers > 0, *unknown)}.values())


def rests_on_few(groups: Marks, weights: Numbers, least: int) -> bool:
    """Return whether sums and differences of groups, groups by units, rest on fewer than ``least`` units."""
    atoms = number_rows(groups.T)
    if len(atoms) == 0:
        return False
    sizes = np.zeros(int(atoms.max()) + 1, dtype=np.int64)
    np.add.at(sizes, atoms, weights)
    return isolates(groups[:, np.unique(atoms, return_index=True)[1]], sizes, least)
