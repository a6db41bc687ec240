"""Which groups of a question are shown, so that no unit's answer follows from all that is shown, now and before.

For every year and set of units the policy's levels give the candidates, in their order: an area comes in only where it cuts
no area before it (``candidates``), for what areas that cut each other leave over can be a single unit. Then, question by
question, groups are shown as long as two conditions hold for everything that is shown of the question and of the questions
linked with it (a union and its parts, a routed question and the one that decides it):

* no sum or difference rests on fewer units than the policy allows (``elimination``);
* whatever a unit answered, there is another way for all units to have answered with the same figures in which it did not,
  unless the policy lets it follow from a uniform group (``exchange``).

What a report printed about a group of units stays public, so it counts like a group of an earlier snapshot.

A level is taken whole where that is safe, else its groups one by one, the larger first. Published figures of unchanged
answers are known, so they are shown again and new groups are added; where groups and policy are unchanged too, there is no
search and the question shows what it did. Where the answers of few units differ from those of the last snapshot, the
question keeps that snapshot's figures: the difference would reveal who changed. So do questions that somebody lets wait
(``data/waiting_questions``), and those linked with them.

Belongs here: the questions of all years as the warehouse and the ledger have them, and the decisions on them, by several
processes where all questions have to be searched. Does not belong here: the search in a family of questions (``family``), or
the limits, which are the policy's.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from orchestration.core.processes import worker_pool
from orchestration.disclosure.exchange import Marks, rests_on_few
from orchestration.disclosure.family import Family
from orchestration.disclosure.questions import Group, Past, Place, Printed, State, Table, TableKey, candidates

TABLE = ["subject", "indicator", "item", "time_period"]

SHOWN, HIDDEN, KEPT = "shown", "hidden", "kept"

# A search from nothing is shared among processes. For fewer questions it takes less time than starting them, and larger
# inputs would not fit into memory once for each.
MOST_PROCESSES = 4
MOST_QUESTIONS_ALONE = 100
MOST_BYTES_SHARED = 200_000_000

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


def _condition(text: str) -> tuple[str, str]:
    """Return the indicator and the answer of a condition ``indicator=answer``."""
    indicator, _, answer = text.partition("=")
    return indicator, answer


def _names(group: Any) -> tuple[str, str, str, str]:
    """Return the name of a row of the groups."""
    return group.area_basis, group.unit_level, group.unit_code, group.members_sha256


def _has_amounts(group: Any) -> bool:
    """Return whether amounts are shown for a group at all: only for the country and size groups of the year."""
    return group.area_basis == "reported" and group.unit_level in ("country", "size_group")


class _Search:
    """The search over all years: the inputs from the warehouse, and the decisions as they are taken."""

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
            self.answer_groups[row.indicator][row.answer].add(row.member)
        self.unions = inputs["unions"]
        self.groups = dict(list(inputs["groups"].groupby(["time_period", "unit_set"])))
        self.values = dict(list(inputs["values"].groupby(TABLE)))
        self.members: dict[str, list[str]] = {
            row.members_sha256: row.members.split("|")
            for row in inputs["groups"].drop_duplicates("members_sha256").itertuples(index=False)
        }
        before = inputs["published_members"].groupby("members_sha256")["member_code"].agg(list)
        self.members = dict(before.items()) | self.members
        # A group that is also an area counts as an area.
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
        # Questions that somebody lets wait, by name and year.
        self.waiting = set(zip(inputs["waiting"]["indicator"], inputs["waiting"]["time_period"], strict=True))
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
                splits = row.unit_level != "country" and not held.all()
                found[held.tobytes()] = Group(row.members_sha256, level, is_area, splits, held)
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
        """Group linked questions into families, as numbers of tables."""
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
        """Return what is already known about a question; None where no snapshot showed it and no report printed it."""
        last, printed = self.last.get(table.key), self._printed(table, units)
        if last is None and not printed:
            return None
        states = self.states[table.key] if last is not None else {}
        names = [] if last is None else [last, *(name for name in sorted(states) if name != last)]
        now = dict(zip(units, table.hashes, strict=True))
        # Print belongs to no snapshot, and is taken to count the present answers.
        same = np.array([[states[name].answers.get(unit) == now[unit] for unit in units] for name in names], dtype=bool)
        same = same if names else np.ones((1, len(units)), dtype=bool)
        same[:, np.isin(units, list(self._newly_counted(table, units, public)))] = True
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
                gave = [measure in (table.texts[place] or "").split("|") for place in held_units]
                # Print itself reveals that nobody gave an answer, or everybody did.
                without[held_units, measures[measure]] |= not any(gave)
                having[held_units, measures[measure]] |= all(gave)
        marks = np.zeros((len(rows), len(units) + len(columns)), dtype=bool)
        for number, held_places in enumerate(rows):
            marks[number, list(held_places)] = True
        shown_last = set(states[last].figures) if last is not None else set()
        first = {group.sha256 for group in printed}
        if last is not None:
            first = set() if self._changed(table, units, public) else shown_last
        return Past(same, (without, having), marks, np.array(list(rows.values()), dtype=bool), shown_last, first)

    def _printed(self, table: Table, units: list[str]) -> list[Printed]:
        """Return the groups of a question that a report printed, the larger first, without what print reveals by itself.

        Sums of printed groups that rest on few units are already public.
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
        changed = {unit for unit in before.keys() | now.keys() if before.get(unit) != now.get(unit)}
        return changed - self._newly_counted(table, units, public)

    def _newly_counted(self, table: Table, units: list[str], public: set[str]) -> set[str]:
        """Return the units that the last snapshot counted as one municipality, if none of them is in it by itself.

        They did not answer late: the snapshot had their answers, as those of one unit.
        """
        last = self.last.get(table.key)
        before = self.states[table.key][last].answers if last is not None else {}
        found: set[str] = set()
        for whole in public & before.keys():
            parts = {unit for unit in units if unit != whole and unit.startswith(whole)}
            if not parts & before.keys():
                found |= parts
        return found

    def _union_answers(self, key: TableKey) -> dict[str, set[str]]:
        return {**self.answer_groups["*"], **self.answer_groups.get(key[1], {})}

    def decide_place(self, period: int, unit_set: str, rows: pd.DataFrame) -> list[tuple[object, ...]]:
        """Return the decisions on all questions of one subject in a year and unit set."""
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
        is_signed = any((table.key[1], table.key[3]) in self.waiting for table in tables)
        waits = is_signed or 0 < len(changed) < self.limits["changed_units"]
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
        """Return a hash of everything else that decides: the policy, the groups, and the definitions of the questions."""
        named = groups[["area_basis", "unit_level", "unit_code", "members_sha256", "is_public"]]
        lines = [self.policy, named.sort_values(list(named.columns[:3])).to_csv(index=False)]
        lines += [
            repr((table.key, table.is_routed, table.is_sensitive, table.conditions, sorted(table.options)))
            for table in tables
        ]
        lines += sorted(
            repr((table.key, group.sha256, sorted(group.answers)))
            for table in tables
            for group in self.printed.get(table.key, [])
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def decide(**inputs: pa.Table) -> pa.Table:
    """Return which groups are shown, for every question.

    Args:
        inputs: ``tables`` (``int_disclosure_tables``), ``groups`` (``int_disclosure_groups``), ``values``
            (``int_disclosure_values``), ``printed`` (``int_disclosure_printed``), ``unions`` and ``answer_groups``
            (``data/indicators``), ``limits``, ``levels`` and ``indicators`` (the policy), ``waiting`` (signed), and
            ``published_groups``, ``published_members``, ``published_answers`` and ``published_states`` (the ledger).

    Returns:
        One row a question and group (``DECISIONS``), sorted: shown, kept as the last snapshot had it, or hidden, with the
        reason.
    """
    undecided = inputs["tables"].num_rows - inputs["published_states"].num_rows
    is_small = sum(table.nbytes for table in inputs.values()) <= MOST_BYTES_SHARED
    workers = min(os.cpu_count() or 1, MOST_PROCESSES)
    if workers > 1 and undecided > MOST_QUESTIONS_ALONE and is_small:
        decided = _by_several(inputs, workers)
    else:
        places = _Places(inputs)
        decided = [row for number in places.by_size for row in places.decide(number)]
    columns = (
        zip(*sorted(decided, key=lambda row: tuple(map(str, row))), strict=True) if decided else ([] for _ in DECISIONS)
    )
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, DECISIONS, strict=True)]
    return pa.table(arrays, schema=DECISIONS)


class _Places:
    """The questions by subject, year and set of units; what is decided in one place does not depend on the others."""

    def __init__(self, inputs: Mapping[str, pa.Table]) -> None:
        """Take the arguments of :func:`decide`."""
        frames = {name: table.to_pandas() for name, table in inputs.items()}
        known = set(zip(frames["groups"]["time_period"], frames["groups"]["unit_set"], strict=True))
        self._search = _Search(frames) if len(frames["tables"]) else None
        self._places = [
            (int(period), str(unit_set), rows.sort_values(["indicator", "item"]))
            for (_, period, unit_set), rows in frames["tables"].groupby(["subject", "time_period", "unit_set"])
            if (period, unit_set) in known
        ]
        # The numbers of the places, those with the most questions first.
        self.by_size = sorted(range(len(self._places)), key=lambda number: -len(self._places[number][2]))

    def decide(self, number: int) -> list[tuple[object, ...]]:
        """Return the decisions on the questions of one place."""
        assert self._search is not None
        return self._search.decide_place(*self._places[number])


class _Worker:
    """What a worker process keeps between places."""

    places: _Places


def _begin(inputs: dict[str, pa.Table]) -> None:
    _Worker.places = _Places(inputs)


def _numbers() -> list[int]:
    return _Worker.places.by_size


def _work(number: int) -> list[tuple[object, ...]]:
    return _Worker.places.decide(number)


def _by_several(inputs: dict[str, pa.Table], workers: int) -> list[tuple[object, ...]]:
    """Return the decisions on all questions, by several processes: the search keeps one busy from beginning to end."""
    with worker_pool(workers, _begin, inputs) as pool:
        numbers = pool.submit(_numbers).result()
        return [row for decided in pool.map(_work, numbers) for row in decided]
