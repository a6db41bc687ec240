"""Answers of single units that follow from shown figures: which unit gave which answer, or did not answer.

Belongs here: parts (b) and (c) of the attack as far as one unit's answer to one question is asked about. Every
unit-by-answer is an unknown that is 0 or 1. Units of an atom are interchangeable, so the unknowns are numbers of units of an
atom, and a unit's answer is fixed exactly where all of its atom must have it, or none can. Most questions are settled by a
whole-number solution that is a counterexample; the rest go to the solver. Figures of single groups are read in ``sheets``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestration.attack.public import HIDDEN
from orchestration.attack.result import Derived
from orchestration.attack.sheets import ANSWERED, Pattern, Patterns, Sheet
from orchestration.attack.solving import Integers, NoSolutionError, Program

PART = "bounds"
ROUTING = "routing"
# Solutions to look for before the remaining questions count as not tried.
_MOST_SOLUTIONS = 80
_SEED = 1
# Random exchanges: number of walks, and steps of each.
_WALKS = 10
_STEPS = 1_000
# Number of vertices examined before the search for whole numbers begins.
_RETRIES = 1
# What is as good as 1 where a solver computes in floating point: the sum of what is asked is a whole number, or below this.
_BELOW_ONE = 0.999

Measure = int | str
_NONE = "none"
_OTHER = "other"


@dataclass(frozen=True)
class Block:
    """The unknowns of one table: ``place[atom, i]`` is the column of the program for ``measures[i]``.

    The measures of a question with one answer are its base answers, another answer that the table does not hold (where there
    may be one), and no answer. Those of a question with several boxes are all its answers and, last, that it was answered.
    """

    sheet: Sheet
    place: Integers
    measures: tuple[Measure, ...]

    def of(self, *measures: Measure) -> Integers:
        """Return the columns of measures, by atom."""
        return self.place[:, [self.measures.index(measure) for measure in measures]]

    @property
    def answered(self) -> Integers:
        """Return the columns that add up to the units that answered."""
        return self.of(*(m for m in self.measures if m != _NONE)) if self.sheet.single else self.of(ANSWERED)

    def given(self, answer: int) -> Integers:
        """Return the columns that add up to the units with an answer."""
        return self.of(*self.sheet.unions.get(answer, (answer,))) if self.sheet.single else self.of(answer)


class System:
    """Unknowns and figures of one table, or of several tables about the same units, and what is asked of them."""

    def __init__(self, pattern: Pattern, by_size: NDArray[np.bool_]) -> None:
        """Begin with the atoms of a pattern; ``by_size`` says which of its rows are size groups."""
        self.pattern = pattern
        self.sizes = pattern.sizes
        self.program = Program()
        self.blocks: list[Block] = []
        self.tried: Counter[str] = Counter()
        self.left = 0
        # When to stop, by the clock of the machine; what is open then was not tried.
        self.until = np.inf
        self._rng = np.random.default_rng(_SEED)
        self._cell, self._size = pattern.coordinates(~by_size)
        self._asked: list[tuple[Integers, bool]] = []
        self._linked = False
        self._full: list[Integers] = []

    def add(self, sheet: Sheet) -> Block:
        """Add a table."""
        block = self._single(sheet) if sheet.single else self._several(sheet)
        inside = [np.flatnonzero(self.pattern.atoms(row)) for row in sheet.shown.members]
        for columns, figures in self._figures(block):
            for row in np.flatnonzero(figures != HIDDEN):
                index = columns[inside[row]].ravel()
                if figures[row] == 0:
                    self.program.close(index)
                    continue
                if figures[row] == self.sizes[inside[row]].sum() and columns.shape[1] == 1:
                    self._full.append(index)
                if block.sheet.single and figures[row] == self.sizes[inside[row]].sum():
                    # All units are in these columns, and none is in another one.
                    self.program.close(np.setdiff1d(block.place[inside[row]], index))
                self.program.row(index, np.ones(index.size), figures[row], figures[row])
        for place, answer, lower, upper in sheet.shown.limits:
            index = (block.answered if answer == HIDDEN else block.given(answer))[inside[place]].ravel()
            self.program.row(index, np.ones(index.size), lower, upper)
        self.blocks.append(block)
        return block

    def _figures(self, block: Block) -> Iterator[tuple[Integers, NDArray[np.int64]]]:
        """Return the columns that add up to a figure, and the figure by row of the table."""
        shown = block.sheet.shown
        for answer in range(len(shown.answers)):
            figures = shown.n_answer[:, answer]
            if block.sheet.single and answer in block.sheet.unions:
                # Where all members are shown, the union adds nothing.
                hidden = (shown.n_answer[:, block.sheet.unions[answer]] == HIDDEN).any(axis=1)
                figures = np.where(hidden, figures, HIDDEN)
            yield block.given(answer), figures
        yield block.answered, shown.n_answered

    def _single(self, sheet: Sheet) -> Block:
        measures: tuple[Measure, ...] = (*sheet.base, *((_OTHER,) if _has_other(sheet) else ()), _NONE)
        place = self._columns(len(measures))
        self.program.rows(place, np.ones(1), self.sizes, self.sizes)
        self._asked.append((place, False))
        return Block(sheet, place, measures)

    def _several(self, sheet: Sheet) -> Block:
        measures: tuple[Measure, ...] = (*range(len(sheet.shown.answers)), ANSWERED)
        place = self._columns(len(measures))
        everywhere = np.ones(len(self.sizes), dtype=np.bool_)
        for answer in range(len(measures) - 1):
            self.at_most(place[:, [answer]], place[:, [-1]], everywhere)
        for union, members in sheet.unions.items():
            for member in members:
                self.at_most(place[:, [member]], place[:, [union]], everywhere)
            self.at_most(place[:, [union]], place[:, members], everywhere)
        if sheet.boxed and sheet.base:
            self.at_most(place[:, [-1]], place[:, sheet.base], self._plain(sheet))
        self._asked.append((place, True))
        return Block(sheet, place, measures)

    def _plain(self, sheet: Sheet) -> NDArray[np.bool_]:
        """Return atoms without a divided municipality: it has the most frequent answer to each box, and so perhaps none."""
        return ~self.pattern.atoms(sheet.frame.divided)

    def _columns(self, width: int) -> Integers:
        return self.program.columns(np.repeat(self.sizes, width)).reshape(len(self.sizes), width)

    def at_most(self, small: Integers, large: Integers, atoms: NDArray[np.bool_]) -> None:
        """Require that, by atom, ``small`` columns add up to at most what ``large`` columns add up to."""
        index = np.concatenate([small, large], axis=1)[atoms]
        value = np.concatenate([np.ones(small.shape[1]), -np.ones(large.shape[1])])
        self.program.rows(index, value, np.full(len(index), -np.inf), np.zeros(len(index)))

    def link(self, small: Integers, large: Integers, sheet: Sheet) -> None:
        """Require of two tables that ``small`` is at most ``large`` for every unit except divided municipalities."""
        self._linked = True
        self.at_most(small, large, self._plain(sheet))

    def free(self) -> Integers:
        """Add an unknown number of units by atom, to be settled like the others."""
        self._linked = True
        place = self._columns(1)
        self._asked.append((place, True))
        return place

    def solve(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return, by column, whether no unit of the atom can have it, and whether all units must have it.

        Raises:
            NoSolutionError: no answers of units give the figures.
            UndecidedError: the solver gave up.
        """
        program = self.program
        most, closed = program.most, program.closed
        some = np.zeros(program.width, dtype=np.bool_)
        less = np.zeros(program.width, dtype=np.bool_)
        for place, both in self._asked:
            some[place] = True
            less[place] |= both
        self.tried["questions"] += int(some.sum() + less.sum())
        never = closed & some
        always = np.zeros(program.width, dtype=np.bool_)
        for columns in self._full:
            always[columns] = True
        always &= less
        some &= ~(closed | always)
        less &= ~(closed | always)
        signs = np.where(some & less, self._rng.choice([-1.0, 1.0], program.width), np.where(some, -1.0, 1.0))
        found = self._solution(np.where(some | less, signs, 0.0) * (0.5 + self._rng.random(program.width)), None)
        if found is None:
            raise NoSolutionError
        self._settle(found, most, some, less)
        self._wander(found, some, less)
        for _ in range(_MOST_SOLUTIONS):
            if not (some.any() or less.any()) or time.monotonic() > self.until:
                break
            # Every unit that is a counterexample to an open question counts 1; a solution has closed one of the two
            # questions of a column, so no column counts twice.
            cost = less.astype(np.float64) - some.astype(np.float64)
            found = self._solution(cost, float(most[less].sum()), found)
            if found is None:
                never |= some
                always |= less
                some[:] = less[:] = False
                break
            self._settle(found, most, some, less)
            self._wander(found, some, less)
        self.left = int(some.sum() + less.sum())
        self.tried["solutions"] += program.solved
        return never, always

    def solve_once(self) -> None:
        """Look for any answers of units that give the figures.

        Raises:
            NoSolutionError: there are none.
            UndecidedError: the solver gave up.
        """
        if self._solution(np.zeros(self.program.width), None) is None:
            raise NoSolutionError

    def _solution(self, cost: NDArray[np.float64], offset: float | None, beside: Integers | None = None) -> Integers | None:
        """Return a solution, one that settles something where ``offset`` is given; None where there is none."""
        vertex = self.program.relaxed(cost)
        if vertex is None or (offset is not None and offset - float(cost @ vertex) < _BELOW_ONE):
            return None
        whole = self.program.witness(vertex)
        for _ in range(_RETRIES):
            if whole is not None:
                break
            # Another vertex may be whole: the same questions with other weights.
            vertex = self.program.relaxed(cost * (0.5 + self._rng.random(len(cost))))
            whole = None if vertex is None else self.program.witness(vertex)
            if whole is not None and offset is not None and offset - float(cost @ whole) < _BELOW_ONE:
                whole = None
        return (
            self.program.whole(cost, None if offset is None else offset - 1, near=vertex, beside=beside)
            if whole is None
            else whole
        )

    def _settle(self, found: Integers, most: Integers, some: NDArray[np.bool_], less: NDArray[np.bool_]) -> None:
        """Close the questions that a solution answers, and those that exchanges of answers within it answer."""
        some &= found < 1
        less &= found > most - 1
        if self._linked:
            return
        for block in self.blocks:
            if block.sheet.single:
                self._exchange(block, found, some)
            else:
                self._flip(block, found, some, less)

    def _grid(self, values: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return values of atoms by the two numbers of each atom; the last axis of ``values`` goes first."""
        grid = np.zeros((values.shape[1], self._cell.max() + 1, self._size.max() + 1), dtype=np.float32)
        grid[:, self._cell, self._size] = values.T
        return grid

    def _exchange(self, block: Block, found: Integers, some: NDArray[np.bool_]) -> None:
        """Close questions by four units at the corners of two areas and two size groups that exchange two answers."""
        if not some[block.place].any():
            return
        grid = self._grid(found[block.place] >= 1)
        settled = np.zeros_like(grid, dtype=np.bool_)
        for lost in grid:
            settled |= (((grid @ lost.T) @ grid) > 0) & (lost > 0)
        some[block.place] &= ~settled[:, self._cell, self._size].T

    def _wander(self, found: Integers, some: NDArray[np.bool_], less: NDArray[np.bool_]) -> None:
        """Close questions by exchanging answers at random, again and again; every step is a solution too."""
        cells, sizes = int(self._cell.max(initial=0)) + 1, int(self._size.max(initial=0)) + 1
        if self._linked or len(self.blocks) != 1 or not self.blocks[0].sheet.single or cells < 2 or sizes < 2:
            return
        block = self.blocks[0]
        walked = found.copy()
        for _ in range(_WALKS):
            if not (some[block.place].any() or less[block.place].any()):
                return
            counts = walked[block.place]
            self._walk_exchanges(counts)
            walked[block.place] = counts
            self._settle(walked, self.program.most, some, less)

    def _corners(self) -> tuple[Integers, Integers]:
        """Return two atoms, and the two at the other corners of their areas and size groups, at random."""
        at = np.full((self._cell.max() + 1, self._size.max() + 1), HIDDEN, dtype=np.int64)
        at[self._cell, self._size] = np.arange(len(self._cell))
        ones = self._rng.integers(0, len(self.sizes), (2, _STEPS))
        others = np.stack([at[self._cell[ones[0]], self._size[ones[1]]], at[self._cell[ones[1]], self._size[ones[0]]]])
        able = (others >= 0).all(axis=0) & (others != ones).all(axis=0)
        return ones[:, able], others[:, able]

    def _walk_exchanges(self, counts: Integers) -> None:
        """Let two atoms give one answer for another, and the atoms at the other corners do the reverse, in place."""
        ones, others = self._corners()
        down, up = self._rng.integers(0, counts.shape[1], (2, ones.shape[1]))
        able = (counts[ones, down] > 0).all(axis=0) & (counts[others, up] > 0).all(axis=0) & (up != down)
        for i in np.flatnonzero(able):
            lose, gain = down[i], up[i]
            if counts[ones[:, i], lose].all() and counts[others[:, i], gain].all():
                counts[ones[:, i], lose] -= 1
                counts[ones[:, i], gain] += 1
                counts[others[:, i], gain] -= 1
                counts[others[:, i], lose] += 1

    def _flip(self, block: Block, found: Integers, some: NDArray[np.bool_], less: NDArray[np.bool_]) -> None:
        """Close questions by four units at such corners, two of which gain an answer and two lose it."""
        if not (some[block.place].any() or less[block.place].any()):
            return
        counts = found[block.place]
        lower, upper = self._room(block, counts)
        gain, lose = self._grid(counts < upper), self._grid(counts > lower)
        more = (gain > 0) & (((lose @ gain.transpose(0, 2, 1)) @ lose) > 0)
        fewer = (lose > 0) & (((gain @ lose.transpose(0, 2, 1)) @ gain) > 0)
        some[block.place] &= ~more[:, self._cell, self._size].T
        less[block.place] &= ~fewer[:, self._cell, self._size].T

    def _room(self, block: Block, counts: Integers) -> tuple[Integers, Integers]:
        """Return how far each number of a question with several boxes may go while all others stay."""
        answered = counts[:, -1]
        lower, upper = np.zeros_like(counts), np.repeat(answered[:, None], counts.shape[1], axis=1)
        base = list(block.sheet.base)
        spare = counts[:, base].sum(axis=1) - answered
        upper[:, -1], lower[:, -1] = self.sizes, counts[:, :-1].max(axis=1, initial=0)
        if block.sheet.boxed and base:
            plain = self._plain(block.sheet)
            lower[:, base] = np.where(plain[:, None], np.maximum(counts[:, base] - spare[:, None], 0), 0)
            upper[:, -1] = np.where(plain, np.minimum(self.sizes, answered + spare), self.sizes)
        for union, members in block.sheet.unions.items():
            total = counts[:, members].sum(axis=1)
            lower[:, union] = counts[:, members].max(axis=1)
            upper[:, union] = np.minimum(upper[:, union], total)
            for member in members:
                upper[:, member] = np.minimum(upper[:, member], counts[:, union])
                lower[:, member] = np.maximum(lower[:, member], counts[:, member] - (total - counts[:, union]))
        return lower, upper


def _has_other(sheet: Sheet) -> bool:
    """Say whether a unit may have answered with an answer that the table does not hold."""
    shown = sheet.shown
    counts = shown.n_answer[:, sheet.base]
    covers = shown.members.sum(axis=1) == shown.members.any(axis=0).sum()
    complete = (counts != HIDDEN).all(axis=1) & (counts.sum(axis=1) == shown.n_answered) & covers
    return not bool(complete.any())


def system_of(sheets: Sequence[Sheet], patterns: Patterns) -> System:
    """Return the system of tables about the same units, with no link between them yet."""
    members = np.concatenate([sheet.shown.members for sheet in sheets])
    by_size = np.array(
        [group.unit_level == "size_group" for sheet in sheets for group in sheet.shown.groups], dtype=np.bool_
    )
    system = System(patterns.of(members), by_size)
    for sheet in sheets:
        system.add(sheet)
    return system


@dataclass(frozen=True)
class Findings:
    """What follows about single units of a table: beside the policy, and how much the policy allows."""

    derived: list[Derived]
    allowed: int


def findings(system: System, block: Block, never: NDArray[np.bool_], always: NDArray[np.bool_], part: str) -> Findings:
    """Compare what is fixed with what a single shown group may reveal."""
    sheet = block.sheet
    public = sheet.own_units
    may_not = np.array([sheet.may_be_known(i, given=False) for i in range(len(sheet.shown.answers))])
    may = np.array([sheet.may_be_known(i, given=True) for i in range(len(sheet.shown.answers))])
    may_answered, may_not_answered = sheet.may_have_answered(), sheet.may_not_have_answered()
    derived: list[Derived] = []
    allowed = 0
    for atom, unit, measure, given in _fixed(system, block, never, always):
        if isinstance(measure, int):
            fine = bool((may if given else may_not)[measure, unit])
        else:
            fine = bool((may_answered if given else may_not_answered)[unit])
        if fine or public[unit]:
            allowed += 1
        else:
            asked = ROUTING if sheet.routed and (given or measure == ANSWERED) else part
            rows = np.flatnonzero(sheet.shown.members[:, system.pattern.units[atom][0]])
            derived.append(sheet.fact(asked, measure, [unit], sheet.levels(rows)))
    return Findings(derived, allowed)


def _fixed(
    system: System, block: Block, never: NDArray[np.bool_], always: NDArray[np.bool_]
) -> Iterator[tuple[int, int, Measure, bool]]:
    """Return what is fixed as atom, unit, measure and whether it is so; what a given answer implies is left out."""
    cannot, must = never[block.place], always[block.place]
    none = len(block.measures) - 1
    for atom in np.flatnonzero(cannot.any(axis=1) | must.any(axis=1)).tolist():
        facts: list[tuple[Measure, bool]] = []
        if block.sheet.single:
            left = np.flatnonzero(~cannot[atom])
            if len(left) == 1 and block.measures[left[0]] not in (_NONE, _OTHER):
                facts = [(block.measures[left[0]], True)]
            elif len(left) == 1:
                facts = [(ANSWERED, block.measures[left[0]] == _OTHER)]
            else:
                facts = [(m, False) for m in block.measures[:none] if m != _OTHER and cannot[atom, block.measures.index(m)]]
                facts += [(ANSWERED, True)] if cannot[atom, none] else []
        elif cannot[atom, none]:
            facts = [(ANSWERED, False)]
        else:
            facts = [(m, bool(must[atom, i])) for i, m in enumerate(block.measures) if cannot[atom, i] or must[atom, i]]
        for measure, given in facts:
            for unit in system.pattern.units[atom]:
                yield atom, unit, measure, given
