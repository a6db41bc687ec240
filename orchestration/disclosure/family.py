"""Linked questions (each reveals something about the others), and the search for the groups to show of them.

Belongs here: which groups of a family of questions are safe to show together, and the order in which they are tried. Does
not belong here: the two conditions (``elimination``, ``exchange``), or which questions are a family (``suppression``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np

from orchestration.disclosure.exchange import (
    ANSWERED,
    Layout,
    Limits,
    Marks,
    Numbers,
    Question,
    Verdict,
    counted_units,
    isolates_units,
    judge,
    number_rows,
    rests_on_few,
)
from orchestration.disclosure.questions import Past, Place, Table, TableKey, cut

# How many of the last levels are left out together, before groups are tried one by one.
_LEVELS_LEFT_OUT = 3


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
                # Another box is ticked, and another in every union that the box is in: nothing else changes with it.
                rest = others(given)
                return bool(rest) and all(rest & members for members in around)

            giving = [row for row, given in enumerate(sets, start=1) if option in given and is_free(given)]
            taking = [row for row, given in enumerate(sets, start=1) if option not in given and is_free(given)]
            boxes[measures.index(option) + 1] = (giving, taking)
    return Question(numbers, weights, marks, limits, boxes)


class Family:
    """Linked questions about the same units, and the search for what to show of them."""

    def __init__(
        self,
        place: Place,
        tables: list[Table],
        limits: dict[str, int],
        unions: Callable[[TableKey], dict[str, set[str]]],
        pasts: dict[TableKey, Past],
    ) -> None:
        """Merge units that are alike.

        Args:
            place: units and candidates.
            tables: the questions.
            limits: numbers of the policy.
            unions: by table, the answers that are unions of others.
            pasts: by table, what earlier snapshots reveal about it.
        """
        self.place, self.tables, self._pasts, self._unions = place, tables, pasts, unions
        self.least = limits["minimum_units"]
        uniform = {True: limits["uniform_sensitive"], False: limits["uniform_ordinary"]}
        count = len(place.units)
        # Units whose answers are in different snapshots cannot exchange them.
        versions = number_rows(np.vstack([np.zeros((1, count), dtype=bool), *(past.same for past in pasts.values())]).T)
        empty = np.zeros((0, count), dtype=bool)
        areas = np.vstack([empty, *(past.rows[~past.is_size, :count] for past in pasts.values())])
        sizes = np.vstack([empty, *(past.rows[past.is_size, :count] for past in pasts.values())])
        self._all_groups = place.marks(range(len(place.groups)))
        columns = np.vstack([self._all_groups, areas, sizes]).T.astype(np.int64)
        known = [np.hstack(past.known).astype(np.int64) for past in pasts.values()]
        alike = np.column_stack([columns, versions, *(table.answers for table in tables), *known])
        _, first, inverse, weights = np.unique(alike, axis=0, return_index=True, return_inverse=True, return_counts=True)
        self._alike: Numbers = inverse.ravel()
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
                Limits(uniform[table.is_sensitive], table.is_routed, max(uniform.values())),
                unions(table.key),
            )
            for table in tables
        ]
        self._again = {key: self._shown_again(past) for key, past in pasts.items()}
        self._verdicts: dict[int, Verdict] = {}
        self._mixed = [self._mixed_by_public(number) for number in range(len(tables))]
        answered = np.array([question.answers > 0 for question in self._questions])
        self.answered: Numbers = (self._groups[None] * (self._weights * answered)[:, None]).sum(axis=2)

    def _shown_again(self, past: Past) -> Marks:
        """Return for each group whether the last snapshot showed it too."""
        last = {self.place.held[name].tobytes() for name in past.last}
        return np.array([group.units.tobytes() in last for group in self.place.groups], dtype=bool)

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
        """Return where units are placed when some groups are shown of the questions that all units are asked."""
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
        """Return the kind of each unit: its answers to all of some questions."""
        columns = [self._questions[number].answers for number in numbers]
        if not columns:
            return np.zeros(len(self._weights), dtype=np.int64)
        return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel()

    def _rests_on_few(self, number: int, chosen: Sequence[int], known: Marks) -> bool:
        """Return whether sums rest on few units, in this snapshot or together with earlier ones."""
        question, past = self._questions[number], self._pasts.get(self.tables[number].key)
        groups = self._groups[list(chosen)]
        if past is None or (not past.changed.any() and past.rows.shape[1] == past.same.shape[1]):
            # What is and was shown of this question alone.
            areas, sizes = self._sides(chosen, past)
            table = None
            if not any(cut(one, other) for one, other in combinations(areas, 2)):
                table = (number_rows(areas.T), number_rows(sizes.T))
            return isolates_units(question, np.vstack([areas, sizes]), known, self.least, table)
        # A column for each answer that a unit ever had; what is shown now sums up those of now.
        now = np.zeros((len(chosen), past.rows.shape[1]), dtype=bool)
        now[:, : self._all_groups.shape[1]] = self._all_groups[list(chosen)]
        together = np.vstack([now, past.rows])
        # Nothing is known about former answers; and a sum may rest on few units, none of which answered.
        former = np.ones(together.shape[1] - len(self._alike), dtype=bool)
        sets = [np.ones(len(question.answers), dtype=bool), *counted_units(question, known)]
        counted = [np.concatenate([units[self._alike], former]) for units in sets]
        return isolates_units(question, groups, known, self.least) or any(
            rests_on_few(together[:, columns], np.ones(int(columns.sum()), dtype=np.int64), self.least)
            for columns in counted
        )

    def is_safe(self, number: int, chosen: Sequence[int], layout: Layout) -> bool:
        """Return whether a question reveals nothing when some groups of it are shown."""
        if self.tables[number].is_amount:
            return not self._rests_on_few(number, chosen, np.zeros((len(self._weights), 0), dtype=bool))
        verdict = self._judge(number, chosen, layout)
        return not verdict.is_disclosed and not self._rests_on_few(number, chosen, verdict.known)

    def _judge(self, number: int, chosen: Sequence[int], layout: Layout) -> Verdict:
        past = self._pasts.get(self.tables[number].key)
        covering, before = self._groups[list(chosen)], self._known_of_asked(number)
        mixed = (self._mixed[number][0][list(chosen)], self._mixed[number][1][list(chosen)])
        since = None
        if past is not None:
            before = (before[0] | past.known[0][self._first], before[1] | past.known[1][self._first])
            changed = past.changed[self._first]
            # The difference of two snapshots is a group too, where both show one: the units of it that changed.
            again = self._again[self.tables[number].key][list(chosen)]
            since = covering[again] & changed if changed.any() and again.any() else None
        free: Marks = ~np.asarray(self._groups[list(chosen)].any(axis=0), dtype=bool)
        if past is not None:
            free = free & ~np.asarray(past.rows[:, self._first].any(axis=0), dtype=bool)
        own = None
        if self.tables[number].is_routed:
            sizes = [group for group in chosen if not self.place.groups[group].is_area]
            former = self._groups[:0] if past is None else past.rows[:, self._first]
            own = number_rows(np.vstack([self._groups[sizes], former, self._versions_as_marks]).T)
        return judge(self._questions[number], covering, layout, before, own, mixed, free, since)

    def _known_of_asked(self, number: int) -> tuple[Marks, Marks]:
        """Return what the deciding question reveals about a routed question, as units by measures.

        A unit known to have given none of the answers that lead to it has not answered. A unit known to have given one was
        asked, and has answered if every unit that was asked has.
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
                # A union of answers reveals something about them, too.
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
        # A routed question comes after the one that decides it.
        routed = sorted(
            (number for number, table in enumerate(self.tables) if table.is_routed),
            key=lambda number: (self._depth(number), number),
        )
        kinds = self._kinds(all_asked)
        common: list[int] | None = None
        if all_asked:
            # Linked questions show the same groups.
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
        """Choose the groups of questions that only some are asked.

        Never areas, no group that the deciding question hides, and only the country where the reporting form decides.
        """
        groups = self.place.groups
        among = range(len(groups)) if common is None else common
        narrow = [number for number in among if not (groups[number].is_area and groups[number].splits)]
        if common is None:
            # By form: FTE of units and of forms are public, and counts of small groups beside them would reveal forms.
            narrow = [number for number in narrow if not groups[number].splits]
        layout = self._layout(narrow if common is None else common, kinds)
        for number in routed:

            def own_safe(chosen: list[int], number: int = number) -> bool:
                return self.is_safe(number, chosen, layout)

            # A routed question is shown for no group in which the deciding answer is hidden.
            before = [shown[other] for other in self._sources(number) if self.tables[other].is_routed]
            can = [group for group in narrow if all(group in each for each in before)]
            shown[number] = self._choose([number], self._candidates([number], can), own_safe)
            self._verdicts[number] = self._judge(number, shown[number], layout)

    def _candidates(self, numbers: Sequence[int], groups: Iterable[int]) -> list[int]:
        """Return those groups in which enough units answered each of the questions."""
        enough = np.all(self.answered[list(numbers)] >= self.least, axis=0).tolist()
        return [group for group in groups if enough[group]]

    def _choose(self, numbers: Sequence[int], can: Sequence[int], is_safe: Callable[[list[int]], bool]) -> list[int]:
        """Return the groups to show of the questions: whole levels where that is safe, else group by group."""
        pasts = [self._pasts.get(self.tables[number].key) for number in numbers]
        known = set.intersection(*(past.first if past is not None else set() for past in pasts))
        levels: dict[int, list[int]] = defaultdict(list)
        for number in can:
            group = self.place.groups[number]
            levels[-1 if group.sha256 in known else group.level].append(number)
        chosen: list[int] = []
        refused: list[int] = []
        order = sorted(levels)
        # For most questions, all levels but the last few are safe together.
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
        # A later group can make an earlier one safe, by what the policy then lets follow.
        for number in refused[:]:
            if is_safe([*chosen, number]):
                chosen = [*chosen, number]
        return sorted(chosen)
