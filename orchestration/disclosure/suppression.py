"""Which groups of a question are shown, so that no unit's answer follows from all that is shown, now and before.

For every year and set of units the policy's levels give the candidates, in their order: an area comes in only where it cuts
no area before it (``candidates``), for what areas that cut each other leave over can be a single unit. Then, question by
question, groups are shown as long as two things hold of everything that is shown of the question and of those that say
something of it (a union and its parts, a question that only some are asked and the one that decides it):

* no sum or difference rests on fewer units than the policy allows (``elimination``);
* whatever a unit answered, there is another way for all units to have answered with the same figures in which it did not,
  unless the policy lets it follow from a uniform group (``exchange``).

What a report printed of a group of units is shown for good, so it counts like a group of an earlier snapshot.

A level is taken whole where that is safe, else its groups one by one, the larger first. What was published before of answers
that are still the same is known, so it is shown again and new groups come beside it; where groups and policy are the same,
too, nothing is sought and the question shows what it did. Where the answers of few units
differ from those of the last snapshot, the question keeps that snapshot's figures: the difference would tell who changed.

Belongs here: the order of the search, and what the questions of a year are. Does not belong here: the two conditions, or the
limits, which are the policy's.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from orchestration.disclosure.exchange import (
    ANSWERED,
    Layout,
    Limits,
    Marks,
    Numbers,
    Question,
    Verdict,
    isolates_units,
    judge,
    number_rows,
    rests_on_few,
)

TABLE = ["subject", "indicator", "item", "time_period"]

# How many of the last levels are left out together, before groups are tried by themselves.
_LEVELS_LEFT_OUT = 3

SHOWN, HIDDEN, KEPT = "shown", "hidden", "kept"

DECISIONS = pa.schema(
    {
        "subject": pa.string(),
        "indicator": pa.string(),
        "item": pa.string(),
        "time_period": pa.int32(),
        "unit_set": pa.string(),
        "area_basis": pa.string(),
        "unit_level": pa.string(),
        "unit_code": pa.string(),
        "members_sha256": pa.string(),
        "decision": pa.string(),
        "reason": pa.string(),
        "state": pa.string(),
        "basis": pa.string(),
    }
)

TableKey = tuple[str, str, str, int]


@dataclass(frozen=True)
class Printed:
    """A group of units of which a report printed how many gave some answers to a question."""

    sha256: str
    members: list[str]
    is_size: bool
    answers: set[str]


@dataclass(frozen=True)
class Group:
    """Units that are shown together, by whichever of the names of the same units comes first in the policy."""

    sha256: str
    level: int
    is_area: bool
    splits: bool
    units: Marks


@dataclass
class Place:
    """The units of one year and set of units, and the groups that may be shown of them."""

    units: list[str]
    groups: list[Group]
    held: dict[str, Marks]
    members: dict[str, list[str]]

    def marks(self, chosen: Iterable[int]) -> Marks:
        """Return groups by units."""
        numbers = list(chosen)
        if not numbers:
            return np.zeros((0, len(self.units)), dtype=bool)
        return np.stack([self.groups[number].units for number in numbers])


@dataclass
class Table:
    """One question: what each unit answered, as a text of measures, and as a number that is 0 for no answer.

    ``options`` are all answers that are shown of it, also those that nobody gave. ``conditions`` are indicators and answers
    of which a unit must have given one to be asked the question; none, where all are asked, or where the reporting form
    decides. ``public`` is what public units answered, which are none of the others.
    """

    key: TableKey
    texts: list[str | None]
    options: set[str]
    hashes: list[str]
    is_routed: bool
    is_amount: bool
    is_sensitive: bool
    conditions: list[tuple[str, str]]
    public: dict[str, str | None]
    answers: Numbers = field(init=False)
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Number the answers."""
        self.names = sorted({text for text in self.texts if text is not None})
        numbers = {name: number for number, name in enumerate(self.names, start=1)}
        self.answers = np.array([0 if text is None else numbers[text] for text in self.texts], dtype=np.int64)

    def measures(self) -> list[str]:
        """Return the measures of a question in the order of the verdict: that it was answered, and its answers."""
        return ["", *sorted(self.options.union(*(name.split("|") for name in self.names if name)))]

    def state(self, units: Sequence[str]) -> str:
        """Return a name of everything that was answered: the same answers of the same units, the same name."""
        lines = "\n".join(f"{unit}={text}" for unit, text in zip(units, self.hashes, strict=True))
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass
class State:
    """What an earlier snapshot showed of a question: figures by group and measure, and who had answered what (as a hash)."""

    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


@dataclass
class Past:
    """What earlier snapshots and printed reports tell of a question, unit by unit.

    ``same`` is states by units: whose answer is still that of the state. ``known`` are units by measures: what uniform
    groups told, not to have the measure and to have it. ``rows`` are former groups by columns: a column a unit, and behind
    them one for each other answer that a unit had before; ``is_size`` marks the size groups among them. ``first`` are names
    of groups that were shown of exactly these answers.
    """

    same: Marks
    known: tuple[Marks, Marks]
    rows: Marks
    is_size: Marks
    first: set[str]

    @property
    def changed(self) -> Marks:
        """Units whose answer is not that of the last state, which is the first here."""
        result: Marks = ~self.same[0]
        return result


def _question(table: Table, weights: Numbers, numbers: Numbers, limits: Limits, unions: dict[str, set[str]]) -> Question:
    """Return a table as the verdict needs it: measures, and for a multi-select question its boxes."""
    sets = [set(name.split("|")) if name else set() for name in table.names]
    measures = table.measures()[1:]
    marks = np.zeros((len(sets) + 1, len(measures) + 1), dtype=bool)
    marks[1:, ANSWERED] = True
    for row, given in enumerate(sets, start=1):
        for column, measure in enumerate(measures, start=1):
            marks[row, column] = measure in given
    of_measures = {
        name: {each for each in members if each in measures} for name, members in unions.items() if name in measures
    }
    options = [measure for measure in measures if measure not in of_measures]
    boxes: dict[int, tuple[list[int], list[int]]] = {}
    if any(len(given & set(options)) > 1 for given in sets):
        for option in options:
            around = [members for members in of_measures.values() if option in members]

            def others(given: set[str], option: str = option) -> set[str]:
                return (given & set(options)) - {option}

            def is_free(given: set[str], around: list[set[str]] = around) -> bool:
                # Another box is ticked, and one in every union that the box is in: nothing else changes with it.
                rest = others(given)
                return bool(rest) and all(rest & members for members in around)

            giving = [row for row, given in enumerate(sets, start=1) if option in given and is_free(given)]
            taking = [row for row, given in enumerate(sets, start=1) if option not in given and is_free(given)]
            boxes[measures.index(option) + 1] = (giving, taking)
    return Question(numbers, weights, marks, limits, boxes)


class Family:
    """Questions that say something of one another, about the same units; and the search for what to show of them."""

    def __init__(
        self,
        place: Place,
        tables: list[Table],
        limits: dict[str, int],
        unions: Callable[[TableKey], dict[str, set[str]]],
        pasts: dict[TableKey, Past],
    ) -> None:
        """Put units that are alike together.

        Args:
            place: units and candidates.
            tables: the questions.
            limits: numbers of the policy.
            unions: by table, the answers that are unions of others.
            pasts: by table, what earlier snapshots tell of it.
        """
        self.place, self.tables, self._pasts, self._unions = place, tables, pasts, unions
        self.least = limits["minimum_units"]
        uniform = {True: limits["uniform_sensitive"], False: limits["uniform_ordinary"]}
        count = len(place.units)
        # Units whose answers stand in other snapshots cannot exchange them.
        versions = number_rows(np.vstack([np.zeros((1, count), dtype=bool), *(past.same for past in pasts.values())]).T)
        empty = np.zeros((0, count), dtype=bool)
        areas = np.vstack([empty, *(past.rows[~past.is_size, :count] for past in pasts.values())])
        sizes = np.vstack([empty, *(past.rows[past.is_size, :count] for past in pasts.values())])
        self._all_groups = place.marks(range(len(place.groups)))
        columns = np.vstack([self._all_groups, areas, sizes]).T.astype(np.int64)
        known = [np.hstack(past.known).astype(np.int64) for past in pasts.values()]
        alike = np.column_stack([columns, versions, *(table.answers for table in tables), *known])
        _, first, weights = np.unique(alike, axis=0, return_index=True, return_counts=True)
        self._first, self._weights = first, weights.astype(np.int64)
        self._versions = versions[first]
        self._versions_as_marks = self._versions[None] == np.unique(self._versions)[:, None]
        self._former_areas, self._former_sizes = (np.unique(marks[:, first], axis=0) for marks in (areas, sizes))
        self._groups = self._all_groups[:, first]
        self._questions = [
            _question(
                table,
                self._weights,
                table.answers[first],
                Limits(uniform[table.is_sensitive], table.is_routed),
                unions(table.key),
            )
            for table in tables
        ]
        self._verdicts: dict[int, Verdict] = {}
        self._mixed = [self._mixed_by_public(number) for number in range(len(tables))]
        answered = np.array([question.answers > 0 for question in self._questions])
        self.answered: Numbers = (self._groups[None] * (self._weights * answered)[:, None]).sum(axis=2)

    def _mixed_by_public(self, number: int) -> tuple[Marks, Marks]:
        """Return for each group and measure whether a public unit in the group has the measure, and whether one lacks it."""
        measures = self.tables[number].measures()
        having, lacking = np.zeros((2, len(self.place.groups), len(measures)), dtype=bool)
        for unit, text in self.tables[number].public.items():
            given = {""} | set(text.split("|")) if text is not None else set()
            for group, shown in enumerate(self.place.groups):
                if unit in self.place.members[shown.sha256]:
                    for measure, name in enumerate(measures):
                        (having if name in given else lacking)[group, measure] = True
        return having, lacking

    def _layout(self, chosen: Sequence[int], kinds: Numbers) -> Layout:
        """Return where units stand when some groups are shown of the questions that all are asked."""
        areas, sizes = self._sides(chosen)
        areas, sizes = np.vstack([areas, self._former_areas]), np.vstack([sizes, self._former_sizes])
        return Layout(areas.T, sizes.T, kinds, self._versions)

    def _sides(self, chosen: Sequence[int], past: Past | None = None) -> tuple[Marks, Marks]:
        """Return the areas and the size groups among some groups, and those that were shown before."""
        areas = self._groups[[number for number in chosen if self.place.groups[number].is_area]]
        sizes = self._groups[[number for number in chosen if not self.place.groups[number].is_area]]
        if past is None:
            return areas, sizes
        before = past.rows[:, self._first]
        return np.vstack([areas, before[~past.is_size]]), np.vstack([sizes, before[past.is_size]])

    def _kinds(self, numbers: Iterable[int]) -> Numbers:
        """Return the kind of each unit: what it answered to all of some questions."""
        columns = [self._questions[number].answers for number in numbers]
        if not columns:
            return np.zeros(len(self._weights), dtype=np.int64)
        return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel()

    def _rests_on_few(self, number: int, chosen: Sequence[int], known: Marks) -> bool:
        """Say whether sums rest on few units, in this snapshot or together with earlier ones."""
        question, past = self._questions[number], self._pasts.get(self.tables[number].key)
        groups = self._groups[list(chosen)]
        if past is None or (not past.changed.any() and past.rows.shape[1] == past.same.shape[1]):
            # What is and was shown of this question alone.
            areas, sizes = self._sides(chosen, past)
            table = None
            if not any(_cut(one, other) for one, other in combinations(areas, 2)):
                table = (number_rows(areas.T), number_rows(sizes.T))
            return isolates_units(question, np.vstack([areas, sizes]), known, self.least, table)
        # A column for each answer that a unit ever had; what is shown now sums up those of now.
        now = np.zeros((len(chosen), past.rows.shape[1]), dtype=bool)
        now[:, : self._all_groups.shape[1]] = self._all_groups[list(chosen)]
        together = np.vstack([now, past.rows])
        return isolates_units(question, groups, known, self.least) or rests_on_few(
            together, np.ones(together.shape[1], dtype=np.int64), self.least
        )

    def is_safe(self, number: int, chosen: Sequence[int], layout: Layout) -> bool:
        """Return whether a question tells nothing when some groups of it are shown."""
        if self.tables[number].is_amount:
            return not self._rests_on_few(number, chosen, np.zeros((len(self._weights), 0), dtype=bool))
        verdict = self._judge(number, chosen, layout)
        return not verdict.is_told and not self._rests_on_few(number, chosen, verdict.known)

    def _judge(self, number: int, chosen: Sequence[int], layout: Layout) -> Verdict:
        past = self._pasts.get(self.tables[number].key)
        covering, before = self._groups[list(chosen)], self._known_of_asked(number)
        mixed = (self._mixed[number][0][list(chosen)], self._mixed[number][1][list(chosen)])
        if past is not None:
            before = (before[0] | past.known[0][self._first], before[1] | past.known[1][self._first])
            changed = past.changed[self._first]
            if changed.any():
                # The difference of two snapshots is a group of its own: of the units that changed.
                covering = np.vstack([covering, covering & changed])
                mixed = (np.vstack([mixed[0], np.zeros_like(mixed[0])]), np.vstack([mixed[1], np.zeros_like(mixed[1])]))
        own = None
        if self.tables[number].is_routed:
            sizes = [group for group in chosen if not self.place.groups[group].is_area]
            former = self._groups[:0] if past is None else past.rows[:, self._first]
            own = number_rows(np.vstack([self._groups[sizes], former, self._versions_as_marks]).T)
        return judge(self._questions[number], covering, layout, before, own, mixed)

    def _known_of_asked(self, number: int) -> tuple[Marks, Marks]:
        """Return what is known of a question from the one that decides who is asked it, as units by measures.

        Who is known to have given none of the answers that lead to it has not answered. Who is known to have given one was
        asked, and has answered where everybody has who was asked.
        """
        table, question = self.tables[number], self._questions[number]
        without, having = (np.zeros((len(self._weights), question.measures.shape[1]), dtype=bool) for _ in range(2))
        if not table.conditions:
            return without, having
        leading: dict[str, set[str]] = defaultdict(set)
        for indicator, answer in table.conditions:
            leading[indicator].add(answer)
        sources = [other for other, source in enumerate(self.tables) if source.key[1] in leading and other in self._verdicts]
        not_asked, asked, is_asked = np.zeros((3, len(self._weights)), dtype=bool)
        not_asked[:] = bool(sources)
        for other in sources:
            source, answers = self.tables[other], leading[self.tables[other].key[1]]
            unions = self._unions(source.key)
            verdict, values = self._verdicts[other], self._questions[other].values()
            has_none, all_lacking = np.zeros(len(self._weights), dtype=bool), np.ones(len(self._weights), dtype=bool)
            for measure, name in enumerate(source.measures()):
                if name in answers:
                    all_lacking &= verdict.without[:, measure]
                    is_asked |= values[:, measure]
                # A union of answers tells of them, too.
                members = {name} if name in answers else unions.get(name, set())
                if members and members <= answers:
                    asked |= verdict.having[:, measure]
                if answers <= members:
                    has_none |= verdict.without[:, measure]
            not_asked &= all_lacking | has_none
        without[not_asked] = True
        if (question.answers[is_asked] > 0).all():
            having[asked, ANSWERED] = True
        return without, having

    def search(self) -> list[list[int]]:
        """Return the numbers of the groups to show, by table."""
        shown: list[list[int]] = [[] for _ in self.tables]
        all_asked = [number for number, table in enumerate(self.tables) if not table.is_routed]
        # One that is asked because of another comes after it.
        routed = sorted(
            (number for number, table in enumerate(self.tables) if table.is_routed),
            key=lambda number: (self._depth(number), number),
        )
        kinds = self._kinds(all_asked)
        common: list[int] | None = None
        if all_asked:
            # Questions that say something of one another show the same groups.
            def all_safe(chosen: list[int]) -> bool:
                layout = self._layout(chosen, kinds)
                return all(self.is_safe(number, chosen, layout) for number in all_asked)

            common = self._choose(all_asked, self._candidates(all_asked, range(len(self.place.groups))), all_safe)
            layout = self._layout(common, kinds)
            for number in all_asked:
                shown[number] = common
                if not self.tables[number].is_amount:
                    self._verdicts[number] = self._judge(number, common, layout)
        if routed:
            self._search_routed(routed, common, kinds, shown)
        return shown

    def _depth(self, number: int) -> int:
        """Return how many questions in a row decide who is asked a question."""
        return 1 + max((self._depth(other) for other in self._sources(number)), default=0)

    def _sources(self, number: int) -> list[int]:
        """Return the questions that decide who is asked a question."""
        sources = {indicator for indicator, _ in self.tables[number].conditions} - {self.tables[number].key[1]}
        return [other for other, table in enumerate(self.tables) if table.key[1] in sources]

    def _search_routed(self, routed: list[int], common: list[int] | None, kinds: Numbers, shown: list[list[int]]) -> None:
        """Choose the groups of questions that only some are asked: never areas, and none that the question before hides."""
        groups = self.place.groups
        among = range(len(groups)) if common is None else common
        narrow = [number for number in among if not (groups[number].is_area and groups[number].splits)]
        if common is None:
            whole = [number for number in narrow if not groups[number].splits]

            def all_safe(chosen: list[int]) -> bool:
                # Whatever any of them shows of these groups: units must be able to exchange within what all show together.
                layout = self._layout(chosen, kinds)
                return all(self.is_safe(number, self._candidates([number], whole), layout) for number in routed)

            narrow = self._choose(routed, narrow, all_safe)
        layout = self._layout(narrow if common is None else common, kinds)
        for number in routed:

            def own_safe(chosen: list[int], number: int = number) -> bool:
                return self.is_safe(number, chosen, layout)

            # What follows from an answer is shown for no group for which the answer is not.
            before = [shown[other] for other in self._sources(number) if self.tables[other].is_routed]
            can = [group for group in narrow if all(group in each for each in before)]
            shown[number] = self._choose([number], self._candidates([number], can), own_safe)
            self._verdicts[number] = self._judge(number, shown[number], layout)

    def _candidates(self, numbers: Sequence[int], groups: Iterable[int]) -> list[int]:
        """Return those of some groups in which enough units answered each of some questions."""
        enough = np.all(self.answered[list(numbers)] >= self.least, axis=0).tolist()
        return [group for group in groups if enough[group]]

    def _choose(self, numbers: Sequence[int], can: Sequence[int], is_safe: Callable[[list[int]], bool]) -> list[int]:
        """Return the groups to show of some questions: whole levels where that is safe, else group by group."""
        pasts = [self._pasts.get(self.tables[number].key) for number in numbers]
        known = set.intersection(*(past.first if past is not None else set() for past in pasts))
        levels: dict[int, list[int]] = defaultdict(list)
        for number in can:
            group = self.place.groups[number]
            levels[-1 if group.sha256 in known else group.level].append(number)
        chosen: list[int] = []
        refused: list[int] = []
        order = sorted(levels)
        # Of most questions all levels but the last few are safe together.
        for last in range(len(order), max(0, len(order) - _LEVELS_LEFT_OUT), -1):
            whole = [number for level in order[:last] for number in levels[level]]
            if is_safe(whole):
                chosen, order = whole, order[last:]
                break

        def add(numbers: list[int]) -> None:
            nonlocal chosen
            if is_safe([*chosen, *numbers]):
                chosen = [*chosen, *numbers]
            elif len(numbers) == 1:
                refused.extend(numbers)
            else:
                half = (len(numbers) + 1) // 2
                add(numbers[:half])
                add(numbers[half:])

        for level in order:
            add(levels[level])
        # What a later group lets follow by policy can make an earlier one safe.
        for number in refused[:]:
            if is_safe([*chosen, number]):
                chosen = [*chosen, number]
        return sorted(chosen)


def _condition(text: str) -> tuple[str, str]:
    """Return the indicator and the answer of a condition ``indicator=answer``."""
    indicator, _, answer = text.partition("=")
    return indicator, answer


def _names(group: Any) -> tuple[str, str, str, str]:
    """Return what a row of the groups is called."""
    return group.area_basis, group.unit_level, group.unit_code, group.members_sha256


def _has_amounts(group: Any) -> bool:
    """Return whether amounts are shown of a group at all: the country and size groups of the year."""
    return group.area_basis == "reported" and group.unit_level in ("country", "size_group")


def candidates(groups: Sequence[Group], least: int, former: Sequence[Group], *, may_cross: bool = False) -> list[Group]:
    """Return the groups that may be shown together: no area cuts another, and no sum of them rests on few units.

    Args:
        groups: groups in the order of the policy, the larger first within a level.
        least: fewest units of a set whose figures may follow.
        former: groups that were shown before, of which some may be among ``groups``; they come first.
        may_cross: whether areas may cut each other.
    """
    chosen: list[Group] = []
    names = {group.sha256 for group in former}
    seen: set[bytes] = set()
    ordered = [
        *(group for group in groups if group.sha256 in names),
        *(group for group in groups if group.sha256 not in names),
    ]
    still = {group.sha256 for group in groups}
    gone = [group for group in former if group.sha256 not in still]
    for group in ordered:
        if group.units.tobytes() in seen or group.units.sum() < least:
            continue
        if (
            not may_cross
            and group.is_area
            and any(_cut(group.units, other.units) for other in [*chosen, *gone] if other.is_area)
        ):
            continue
        marks = np.stack([*(other.units for other in [*gone, *chosen]), group.units])
        if rests_on_few(marks, np.ones(marks.shape[1], dtype=np.int64), least):
            continue
        chosen.append(group)
        seen.add(group.units.tobytes())
    return sorted(chosen, key=lambda group: (group.level, -int(group.units.sum()), group.sha256))


def _cut(one: Marks, other: Marks) -> bool:
    """Return whether two areas cut each other: neither holds the other, and they are not apart."""
    return bool((one & other).any() and (one & ~other).any() and (other & ~one).any())


class _Search:
    """The search over all years: inputs as the warehouse has them, decisions as it takes them."""

    def __init__(self, inputs: dict[str, pd.DataFrame]) -> None:
        """Index what the tables hold.

        Args:
            inputs: the arguments of :func:`decide` as data frames.
        """
        self.limits: dict[str, int] = dict(
            zip(inputs["limits"]["parameter"], inputs["limits"]["value"].astype(int), strict=True)
        )
        self.least = self.limits["minimum_units"]
        levels = inputs["levels"].sort_values("priority")
        self.levels = {(row.area_basis, row.unit_level): number for number, row in enumerate(levels.itertuples(index=False))}
        self.ordinary = set(inputs["indicators"].loc[inputs["indicators"]["sensitivity"] == "ordinary", "indicator"])
        self.answer_groups: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in inputs["answer_groups"].itertuples(index=False):
            self.answer_groups[row.indicator][row.answer] = set(row.members.split("|"))
        self.unions = inputs["unions"]
        self.groups = dict(list(inputs["groups"].groupby(["time_period", "unit_set"])))
        self.values = dict(list(inputs["values"].groupby(TABLE)))
        self.members: dict[str, list[str]] = {
            row.members_sha256: row.members.split("|")
            for row in inputs["groups"].drop_duplicates("members_sha256").itertuples(index=False)
        }
        before = inputs["published_members"].groupby("members_sha256")["member_code"].agg(list)
        self.members = dict(before.items()) | self.members
        # A group that is also an area is taken for one.
        is_size = inputs["groups"].groupby("members_sha256")["unit_level"].agg(lambda levels: set(levels) == {"size_group"})
        self.sizes = set(is_size.index[is_size.astype(bool)])
        self.states: dict[TableKey, dict[str, State]] = defaultdict(lambda: defaultdict(State))
        for row in inputs["published_groups"].itertuples(index=False):
            state = self.states[(row.subject, row.indicator, row.item, row.time_period)][row.state]
            state.figures.setdefault(row.members_sha256, {})[row.measure] = float(row.measured)
        for row in inputs["published_answers"].itertuples(index=False):
            state = self.states[(row.subject, row.indicator, row.item, row.time_period)][row.state]
            state.answers[row.member_code] = row.answer_sha256
        self.last: dict[TableKey, str] = {
            (row.subject, row.indicator, row.item, row.time_period): row.state
            for row in inputs["published_states"].itertuples(index=False)
        }
        self.bases: dict[TableKey, str] = {
            (row.subject, row.indicator, row.item, row.time_period): row.basis
            for row in inputs["published_states"].itertuples(index=False)
        }
        self.printed: dict[TableKey, list[Printed]] = defaultdict(list)
        for row in inputs["printed"].itertuples(index=False):
            self.printed[(row.subject, row.indicator, row.item, row.time_period)].append(
                Printed(row.members_sha256, row.members.split("|"), bool(row.is_size), set(row.answers.split("|")))
            )
        self.policy = inputs["levels"].sort_values("priority").to_csv(index=False) + repr(sorted(self.limits.items()))

    def _table(self, row: Any, units: list[str], public: set[str]) -> Table:
        """Return a question as the units of its year answered it."""
        key = (row.subject, row.indicator, row.item, row.time_period)
        answers = self.values[key].set_index("member_code")
        given = answers.reindex(units)
        of_public = answers.loc[answers.index.isin(public), "answers"]
        is_amount = row.subject == "amounts"
        return Table(
            key=key,
            texts=[text if isinstance(text, str) else None for text in given["answers"]],
            options={option for option in row.options.split("|") if option},
            hashes=list(given["answer_sha256"]),
            is_routed=not is_amount and (row.population_asked != "all" or row.reporting_form != "total"),
            is_amount=is_amount,
            is_sensitive=row.indicator not in self.ordinary,
            conditions=[]
            if row.population_asked == "all"
            else [_condition(each) for each in row.population_asked.split("|")],
            public={unit: text if isinstance(text, str) else None for unit, text in of_public.items()},
        )

    def _place(self, rows: pd.DataFrame, units: list[str], is_amount: bool, former: Iterable[str]) -> Place:
        """Return the units and the candidates of a year and set of units."""
        position = {unit: number for number, unit in enumerate(units)}
        marks: dict[str, Marks] = {}
        for sha256 in {*rows["members_sha256"], *former}:
            marks[sha256] = np.zeros(len(units), dtype=bool)
            marks[sha256][[position[unit] for unit in self.members[sha256] if unit in position]] = True
        found: dict[bytes, Group] = {}
        for row in rows.itertuples(index=False):
            level = self.levels.get((row.area_basis, row.unit_level))
            if level is None or (is_amount and not _has_amounts(row)):
                continue
            held = marks[row.members_sha256]
            other = found.get(held.tobytes())
            if other is None or level < other.level:
                is_area = row.unit_level != "size_group"
                found[held.tobytes()] = Group(row.members_sha256, level, is_area, not held.all(), held)
        ordered = sorted(found.values(), key=lambda group: (group.level, -int(group.units.sum()), group.sha256))
        by_name = {group.sha256: group for group in ordered}
        before = []
        for name in sorted(former):
            held = marks[name]
            group = found.get(held.tobytes()) or by_name.get(name)
            before.append(group if group is not None else Group(name, len(self.levels), True, not held.all(), held))
        chosen = candidates(ordered, self.least, before, may_cross=bool(self.limits["may_areas_cross"]))
        return Place(units, chosen, marks, self.members)

    def _families(self, tables: list[Any]) -> list[list[int]]:
        """Put questions together that say something of one another; by the numbers of the tables."""
        parent = list(range(len(tables)))

        def find(number: int) -> int:
            while parent[number] != number:
                number = parent[number]
            return number

        places: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, row in enumerate(tables):
            places[(row.subject, row.indicator)].append(number)
        by_form: dict[tuple[str, str], int] = {}
        for number, row in enumerate(tables):
            related: list[int] = []
            if row.is_derived:
                mine = self.unions[(self.unions["indicator"] == row.indicator) & (self.unions["item"] == row.item)]
                for union in mine.itertuples(index=False):
                    related += [
                        other
                        for other in places[(row.subject, union.source_indicator)]
                        if union.source_item in ("*", tables[other].item) and other != number
                    ]
            for condition in [] if row.population_asked == "all" else row.population_asked.split("|"):
                related += places[(row.subject, _condition(condition)[0])]
            if row.reporting_form != "total":
                related.append(by_form.setdefault((row.subject, row.target_group), number))
            for other in related:
                parent[find(other)] = find(number)
        families: dict[int, list[int]] = defaultdict(list)
        for number in range(len(tables)):
            families[find(number)].append(number)
        return list(families.values())

    def _past(self, table: Table, units: list[str], public: set[str]) -> Past | None:
        """Return what is known of a question already; None where no snapshot showed it and no report printed it."""
        last, printed = self.last.get(table.key), self._printed(table, units)
        if last is None and not printed:
            return None
        states = self.states[table.key] if last is not None else {}
        names = [] if last is None else [last, *(name for name in sorted(states) if name != last)]
        now = dict(zip(units, table.hashes, strict=True))
        # Print is of no snapshot, and is taken to be of the answers of now.
        same = np.array([[states[name].answers.get(unit) == now[unit] for unit in units] for name in names], dtype=bool)
        same = same if names else np.ones((1, len(units)), dtype=bool)
        columns: dict[tuple[str, str], int] = {}
        position = {unit: number for number, unit in enumerate(units)}
        rows: dict[tuple[int, ...], bool] = {}
        measures = {name: number for number, name in enumerate(table.measures())}
        without, having = (np.zeros((len(units), len(measures)), dtype=bool) for _ in range(2))
        limit = self.limits["uniform_sensitive" if table.is_sensitive else "uniform_ordinary"]
        for name in names:
            state = states[name]
            for sha256, figures in state.figures.items():
                held = [unit for unit in self.members.get(sha256, []) if unit in state.answers and unit not in public]
                places = []
                for unit in held:
                    if now.get(unit) == state.answers[unit]:
                        places.append(position[unit])
                    else:
                        key = (unit, state.answers[unit])
                        places.append(columns.setdefault(key, len(units) + len(columns)))
                rows[tuple(places)] = rows.get(tuple(places), True) and sha256 in self.sizes
                unchanged = [place for place in places if place < len(units)]
                for measure, number in measures.items():
                    if figures.get("", 0) < limit or measure not in figures:
                        continue
                    if figures[measure] == 0 and measure:
                        without[unchanged, number] = True
                    if figures[measure] == len(held) and not table.is_routed:
                        having[unchanged, number] = True
        for group in printed:
            held_units = np.array([position[unit] for unit in group.members if unit in position])
            rows.setdefault(tuple(held_units.tolist()), group.is_size)
            for measure in group.answers & measures.keys():
                gave = [table.texts[place] is not None and measure in str(table.texts[place]).split("|") for place in held_units]
                # Print itself says that nobody gave an answer, or everybody.
                without[held_units, measures[measure]] |= not any(gave)
                having[held_units, measures[measure]] |= all(gave)
        marks = np.zeros((len(rows), len(units) + len(columns)), dtype=bool)
        for number, held_places in enumerate(rows):
            marks[number, list(held_places)] = True
        first = {group.sha256 for group in printed}
        if last is not None:
            first = set() if self._changed(table, units, public) else set(states[last].figures)
        return Past(same, (without, having), marks, np.array(list(rows.values()), dtype=bool), first)

    def _printed(self, table: Table, units: list[str]) -> list[Printed]:
        """Return the groups of a question that a report printed, the larger first, but for what print tells by itself.

        Nothing can be done any more about sums of printed groups that rest on few units.
        """
        chosen: list[Printed] = []
        marks = np.zeros((0, len(units)), dtype=bool)
        for group in sorted(self.printed.get(table.key, []), key=lambda group: (-len(group.members), group.sha256)):
            more = np.vstack([marks, np.isin(units, group.members)])
            if more[-1].any() and not rests_on_few(more, np.ones(len(units), dtype=np.int64), self.least):
                chosen, marks = [*chosen, group], more
        return chosen

    def _changed(self, table: Table, units: list[str], public: set[str]) -> set[str]:
        """Return the units whose answers are not those of the last snapshot."""
        last = self.last.get(table.key)
        if last is None:
            return set()
        before = {unit: text for unit, text in self.states[table.key][last].answers.items() if unit not in public}
        now = dict(zip(units, table.hashes, strict=True))
        return {unit for unit in before.keys() | now.keys() if before.get(unit) != now.get(unit)}

    def _union_answers(self, key: TableKey) -> dict[str, set[str]]:
        return {**self.answer_groups["*"], **self.answer_groups.get(key[1], {})}

    def decide_place(self, period: int, unit_set: str, rows: pd.DataFrame) -> list[tuple[object, ...]]:
        """Return the decisions on all questions of a year and set of units that are about the same subject."""
        groups = self.groups[(period, unit_set)]
        described = [
            row for row in rows.itertuples(index=False) if (row.subject, row.indicator, row.item, period) in self.values
        ]
        decided: list[tuple[object, ...]] = []
        for row in rows.itertuples(index=False):
            if (row.subject, row.indicator, row.item, period) not in self.values:
                # Nobody answered anything, so there is nothing to hide.
                decided += [
                    (row.subject, row.indicator, row.item, period, unit_set, *_names(group), SHOWN, None, "", "")
                    for group in groups.itertuples(index=False)
                ]
        if not described:
            return decided
        first = self.values[(described[0].subject, described[0].indicator, described[0].item, period)]
        public = {unit for text in groups.loc[groups["is_public"].astype(bool), "members"] for unit in text.split("|")}
        is_amount = described[0].subject == "amounts"
        public = set() if is_amount else public
        units = sorted(set(first["member_code"]) - public)
        tables = [self._table(row, units, public) for row in described]
        former = {
            sha256 for table in tables for state in self.states.get(table.key, {}).values() for sha256 in state.figures
        }
        place = self._place(groups, units, is_amount, former)
        for family in self._families(described):
            decided += self._decide_family(place, groups, [tables[number] for number in family], public, unit_set)
        return decided

    def _decide_family(
        self, place: Place, groups: pd.DataFrame, tables: list[Table], public: set[str], unit_set: str
    ) -> list[tuple[object, ...]]:
        units = place.units
        changed = set().union(*(self._changed(table, units, public) for table in tables))
        waits = 0 < len(changed) < self.limits["changed_units"]
        basis = self._basis(groups, tables)
        states = [table.state(units) for table in tables]
        is_same = all(
            self.last.get(table.key) == state and self.bases.get(table.key) == basis
            for table, state in zip(tables, states, strict=True)
        )
        pasts: dict[TableKey, Past] = {}
        shown: list[list[int]] = [[] for _ in tables]
        if not waits and not is_same:
            pasts = {table.key: past for table in tables if (past := self._past(table, units, public)) is not None}
            shown = Family(place, tables, self.limits, self._union_answers, pasts).search()
        decided: list[tuple[object, ...]] = []
        for table, numbers, own_state in zip(tables, shown, states, strict=True):
            keeps = waits or self._looks_like_few(place, table, numbers, pasts)
            before = set(self.states[table.key][self.last[table.key]].figures) if table.key in self.last else set()
            kept = before if keeps else set()
            state = self.last[table.key] if kept else own_state
            marks = {place.groups[number].units.tobytes() for number in numbers}
            candidate = {group.units.tobytes() for group in place.groups}
            nobody = not (table.answers > 0).any() and not keeps
            answering = table.answers > 0
            for row in groups.itertuples(index=False):
                if table.is_amount and not _has_amounts(row):
                    continue
                held = place.held[row.members_sha256]
                if kept:
                    is_shown = row.members_sha256 in kept
                    decision, reason = (KEPT, None) if is_shown else (HIDDEN, "protecting")
                elif (
                    nobody
                    or (row.is_public and not table.is_amount)
                    or held.tobytes() in marks
                    or (is_same and row.members_sha256 in before)
                ):
                    decision, reason = SHOWN, None
                elif answering[held].sum() < self.least:
                    decision, reason = HIDDEN, "small"
                else:
                    decision, reason = HIDDEN, "protecting" if held.tobytes() in candidate else "left_out"
                own_basis = self.bases[table.key] if kept else basis
                decided.append((*table.key, unit_set, *_names(row), decision, reason, state, own_basis))
        return decided

    def _looks_like_few(self, place: Place, table: Table, numbers: Sequence[int], pasts: dict[TableKey, Past]) -> bool:
        """Return whether the difference from the last snapshot could be that of few units, or nothing new can be shown.

        At least as many units changed as a figure of a group did, and groups of one level are apart.
        """
        past = pasts.get(table.key)
        if past is None or not past.changed.any():
            return False
        before = self.states[table.key][self.last[table.key]].figures
        moved: dict[int, float] = defaultdict(float)
        for number in numbers:
            group = place.groups[number]
            figures = next(
                (before[name] for name, held in place.held.items() if name in before and (held == group.units).all()), {}
            )
            public = [text for unit, text in table.public.items() if unit in place.members[group.sha256]]
            inside = [text for text, is_in in zip(table.texts, group.units, strict=True) if is_in]
            now = self._figures(table, [*inside, *public])
            moved[group.level] += max((abs(now[name] - value) for name, value in figures.items() if name in now), default=0)
        return max(moved.values(), default=0) < self.limits["changed_units"]

    @staticmethod
    def _figures(table: Table, texts: Sequence[str | None]) -> dict[str, float]:
        """Return the figures of units by what each answered."""
        given = [text.split("|") for text in texts if text is not None]
        measures = [] if table.is_amount else table.measures()[1:]
        return {"": float(len(given))} | {measure: float(sum(measure in each for each in given)) for measure in measures}

    def _basis(self, groups: pd.DataFrame, tables: list[Table]) -> str:
        """Return a name of all that decides besides the answers: the policy, the groups, and what the questions are."""
        named = groups[["area_basis", "unit_level", "unit_code", "members_sha256", "is_public"]]
        lines = [self.policy, named.sort_values(list(named.columns[:3])).to_csv(index=False)]
        lines += [
            repr(
                (table.key, table.is_routed, table.is_sensitive, table.conditions, sorted(table.options))
                + tuple(sorted((group.sha256, *sorted(group.answers)) for group in self.printed.get(table.key, [])))
            )
            for table in tables
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def decide(**inputs: pa.Table) -> pa.Table:
    """Return what is shown of every question, group by group.

    Args:
        inputs: ``tables`` (``int_disclosure_tables``), ``groups`` (``int_disclosure_groups``), ``values``
            (``int_disclosure_values``), ``unions`` and ``answer_groups`` (``data/indicators``), ``limits``, ``levels`` and
            ``indicators`` (the policy), ``printed`` (``int_disclosure_printed``), and ``published_groups``, ``published_members``, ``published_answers`` and
            ``published_states`` (the ledger).

    Returns:
        One row a question and group (``DECISIONS``), sorted: shown, kept as the last snapshot had it, or hidden, with the
        reason.
    """
    frames = {name: table.to_pandas() for name, table in inputs.items()}
    tables = frames["tables"]
    decided: list[tuple[object, ...]] = []
    if len(tables):
        search = _Search(frames)
        known = set(search.groups)
        for (_, period, unit_set), rows in tables.groupby(["subject", "time_period", "unit_set"]):
            if (int(period), str(unit_set)) in known:
                decided += search.decide_place(int(period), str(unit_set), rows.sort_values(["indicator", "item"]))
    columns = (
        zip(*sorted(decided, key=lambda row: tuple(map(str, row))), strict=True) if decided else ([] for _ in DECISIONS)
    )
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, DECISIONS, strict=True)]
    return pa.table(arrays, schema=DECISIONS)
