"""An attack on a candidate: can a reader work out a hidden figure from everything that is public?

The attacker has the candidate's tables, all figures of earlier snapshots, and knows which units lie in which area, which of
them answered nothing at all (the tables of FTE show it) and which questions say something of one another. He knows neither
the answers nor the search that chose what is hidden; for each hidden figure he computes the smallest and the largest value
that fits (``bounds``). A figure is recovered when only one is left. What the country's figure alone says of every unit
(nobody gave the answer, all units answered) is no recovery.

Belongs here: what the attacker knows. Does not belong here: how the hidden groups were chosen (``suppression``).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.disclosure.bounds import Figure, Interval, Measure, Relation, System
from orchestration.disclosure.ledger import ledger_file
from orchestration.disclosure.members import Members
from orchestration.warehouse import IN_MEMORY, attach, connect, dictionaries

# The number of units that answered, among a table's measures.
ANSWERED = ""
AMOUNT = "amount"

TableKey = tuple[str, str, str, int]


@dataclass(frozen=True)
class Recovered:
    """A hidden figure that has one possible value left. The value itself is said nowhere."""

    subject: str
    indicator: str
    item: str
    time_period: int
    unit_level: str
    unit_code: str
    area_basis: str
    answer: str


@dataclass(frozen=True)
class Attack:
    """What an attack asked about and found."""

    tables: int
    figures: int
    recovered: list[Recovered]


@dataclass
class _Table:
    """A table as the attacker sees it: figures by the units of their group, with every name of a group."""

    key: TableKey
    unit_set: str
    figures: dict[str, dict[str, float | None]]
    names: dict[str, list[tuple[str, str, str]]]

    @property
    def measures(self) -> list[str]:
        return sorted({measure for figures in self.figures.values() for measure in figures})


def _read_tables(connection: duckdb.DuckDBPyConnection) -> list[_Table]:
    """Return the candidate's tables that hide something, and those that are a union of such a table or a part of it."""
    rows = connection.execute(
        """
        with shares as (
            select 'indicator_shares' as subject, indicator, item, time_period, unit_set, area_basis, unit_level, unit_code,
                answer, cast(n_answer as double) as measured, cast(n_answered as double) as answered,
                absence_reason
            from candidate.indicator_shares
            where unit_set in (select unit_set from additions.area_groups)
        ),
        amounts as (
            select 'amounts' as subject, amounts.indicator, 'all' as item, groups.time_period,
                groups.unit_set, 'reported' as area_basis, amounts.unit_level, amounts.unit_code,
                'amount' as answer, amounts.amount_nok as measured, cast(amounts.n_answered as double) as answered,
                amounts.absence_reason
            from candidate.amounts as amounts
            inner join (select distinct time_period, unit_set from additions.area_groups) as groups
                on groups.unit_set = 'municipalities'
                and groups.time_period = case when amounts.time_period + 1 in (select time_period from additions.area_groups)
                    then amounts.time_period + 1 end
        ),
        figures as (select * from shares union all by name select * from amounts),
        hiding as (
            select distinct subject, indicator, item, time_period from figures where absence_reason = 'confidential'
        ),
        parts as (
            select distinct figures.subject, figures.indicator, figures.item, figures.time_period,
                unions.indicator as whole_indicator, unions.item as whole_item
            from figures
            inner join additions.unions as unions
                on figures.indicator = unions.source_indicator and unions.source_item in (figures.item, '*')
        ),
        attacked as (
            from hiding
            union
            select parts.subject, parts.indicator, parts.item, parts.time_period
            from parts
            inner join hiding on parts.subject = hiding.subject and parts.whole_indicator = hiding.indicator
                and parts.whole_item = hiding.item and parts.time_period = hiding.time_period
            union
            select parts.subject, parts.whole_indicator, parts.whole_item, parts.time_period
            from parts
            inner join hiding using (subject, indicator, item, time_period)
        )
        select figures.subject, figures.indicator, figures.item, figures.time_period, figures.unit_set, figures.area_basis,
            figures.unit_level, figures.unit_code, figures.answer, figures.measured, figures.answered,
            figures.absence_reason, groups.members_sha256
        from figures
        inner join attacked using (subject, indicator, item, time_period)
        inner join additions.area_groups as groups using (time_period, unit_set, area_basis, unit_level, unit_code)
        where figures.absence_reason is null or figures.absence_reason in ('confidential', 'not_answered')
        order by all
        """
    ).fetchall()
    tables: dict[TableKey, _Table] = {}
    for subject, indicator, item, period, unit_set, basis, level, code, answer, measured, answered, reason, name in rows:
        key = (subject, indicator, item, period)
        table = tables.setdefault(key, _Table(key, unit_set, {}, {}))
        figures = table.figures.setdefault(name, {})
        names = table.names.setdefault(name, [])
        if (level, code, basis) not in names:
            names.append((level, code, basis))
        nothing = 0.0 if reason == "not_answered" else None
        # A group that is shown under one name is known under the others too.
        for measure, value in ((answer, measured), (ANSWERED, answered)):
            known = nothing if value is None else value
            figures[measure] = known if figures.get(measure) is None else figures[measure]
    return list(tables.values())


def _silent_units(connection: duckdb.DuckDBPyConnection) -> dict[int, set[str]]:
    """Return the units of each period that answered nothing: those without FTE of their own, where they are as many."""
    rows = connection.execute(
        """
        with units as (
            select time_period, list(distinct unit_code) as codes
            from candidate.fte_by_service
            where unit_level in ('municipality', 'city_district', 'agency') and area_basis = 'reported'
                and target_group = 'total' and service_type = 'total'
                and (absence_reason = 'not_answered' or imputed_share = 1)
            group by time_period
        )
        select time_period, any_value(units.codes)
        from candidate.response
        inner join units using (time_period)
        where response.unit_set != 'sample'
        group by time_period
        having max(response.units_expected - response.units_answered) = len(any_value(units.codes))
        """
    ).fetchall()
    return {period: set(codes) for period, codes in rows}


def _families(tables: list[_Table], unions: Iterable[dict[str, Any]]) -> list[list[_Table]]:
    """Put tables that say something of one another together: a union and then its parts; all others by themselves."""
    by_key = {table.key: table for table in tables}
    union_of: dict[TableKey, TableKey] = {}
    for union in unions:
        for subject, indicator, item, period in by_key:
            whole = (subject, union["indicator"], union["item"], period)
            is_part = indicator == union["source_indicator"] and union["source_item"] in (item, "*")
            # Where the form asks for the union itself, its answer need not be that of the parts.
            if is_part and whole in by_key and whole != (subject, indicator, item, period):
                union_of[(subject, indicator, item, period)] = whole
    families: dict[TableKey, list[_Table]] = defaultdict(list)
    for key in sorted(by_key):
        families[union_of.get(key, key)].append(by_key[key])
    return [sorted(family, key=lambda table: table.key != key) for key, family in sorted(families.items())]


def _is_single_choice(table: _Table, single: list[str], country: str) -> bool:
    """Whether each unit that answered gave one answer: then the country's answers add up to those who answered."""
    figures = table.figures[country]
    values = [figures.get(answer) for answer in single]
    return bool(single) and None not in values and sum(value or 0 for value in values) == figures.get(ANSWERED)


def _relations(
    family: list[_Table],
    places: dict[tuple[TableKey, str], int],
    measures: list[Measure],
    answer_groups: dict[tuple[str, str], list[str]],
    country: str,
) -> list[Relation]:
    """Return what holds in every unit: who gave an answer has answered; one answer, groups of answers, unions.

    Measures that are sums of others are marked as such in ``measures``.
    """
    relations = []
    for table in family:
        _, indicator, _, _ = table.key
        answered = places[(table.key, ANSWERED)]
        answers = [measure for measure in table.measures if measure not in (ANSWERED, AMOUNT)]
        grouped = {
            answer: [member for member in members if member in answers]
            for answer in answers
            if (members := answer_groups.get((indicator, answer)) or answer_groups.get(("*", answer)))
        }
        single = [answer for answer in answers if answer not in grouped]
        if _is_single_choice(table, single, country):
            # Those who answered, and groups of answers, are sums of answers.
            measures[answered] = replace(measures[answered], parts=tuple(places[(table.key, answer)] for answer in single))
            for answer, members in grouped.items():
                place = places[(table.key, answer)]
                parts = tuple(places[(table.key, member)] for member in members if member in single)
                measures[place] = replace(measures[place], parts=parts)
            relations.append(Relation({places[(table.key, answer)]: 1 for answer in single}, is_exclusive=True))
            continue
        relations += [Relation({answered: 1, places[(table.key, answer)]: -1}, lower=0) for answer in answers]
        for answer, members in grouped.items():
            place = places[(table.key, answer)]
            options = {places[(table.key, member)]: -1.0 for member in members if member in single}
            relations.append(Relation({place: 1} | options, upper=0))
            relations += [Relation({place: 1, option: -1}, lower=0) for option in options]

    def terms_of(place: int) -> tuple[int, ...]:
        return measures[place].parts or (place,)

    whole, *sources = family
    for measure in (ANSWERED, "yes"):
        if (whole.key, measure) not in places:
            continue
        union = dict.fromkeys(terms_of(places[(whole.key, measure)]), 1.0)
        source_terms = [
            dict.fromkeys(terms_of(places[(table.key, measure)]), -1.0)
            for table in sources
            if (table.key, measure) in places
        ]
        if source_terms:
            together = {key: value for terms in source_terms for key, value in terms.items()}
            relations.append(Relation({**union, **together}, upper=0))
            relations += [Relation({**union, **terms}, lower=0) for terms in source_terms]
    return relations


def _attack_family(
    family: list[_Table],
    members: Members,
    former: dict[TableKey, dict[str, dict[str, float]]],
    answer_groups: dict[tuple[str, str], list[str]],
    silent: dict[int, set[str]],
) -> tuple[int, list[Recovered]]:
    """Return the number of hidden figures of a family and those that are recovered."""
    names = sorted({name for table in family for name in table.figures})
    country = next(name for name in names if ("country", "0", "reported") in family[0].names.get(name, []))
    past = sorted({name for table in family for name in former.get(table.key, {}) if name not in names})
    groups = members.within([*names, *past], country)
    # Of a group without these units nothing can be told, of one with all of them what the country tells.
    units = sorted(members.units([country]) - silent.get(family[0].key[3], set()))
    incidence = members.incidence(units, groups).T
    is_part = {name: 0 < held < len(units) for name, held in zip(groups, incidence.sum(axis=1), strict=True)}
    atoms, sizes = np.unique(incidence, axis=1, return_counts=True)
    measures: list[Measure] = []
    places: dict[tuple[TableKey, str], int] = {}
    for table in family:
        for measure in table.measures:
            places[(table.key, measure)] = len(measures)
            measures.append(Measure(measure, is_count=measure != AMOUNT))
    relations = _relations(family, places, measures, answer_groups, country)

    def build(with_past: bool) -> tuple[System, dict[Figure, Interval]]:
        system = System(atoms, sizes, measures, relations)
        intervals: dict[Figure, Interval] = {}
        for table in family:
            for measure in table.measures:
                place = places[(table.key, measure)]
                total = table.figures[country].get(measure)
                is_told = total is not None and total in (0, len(units) if measure != AMOUNT else 0)
                for number, name in enumerate(groups):
                    figures = table.figures.get(name, {})
                    value = figures.get(measure)
                    parts = [figures.get(measures[part].name) for part in measures[place].parts]
                    if value is not None and parts and None not in parts:
                        continue  # its parts say it
                    if value is None and with_past:
                        value = former.get(table.key, {}).get(name, {}).get(measure)
                    if value is not None:
                        system.publish(Figure(number, place), value)
                    elif name in table.figures and measure in figures and not is_told and is_part[name]:
                        intervals[Figure(number, place)] = Interval(np.inf, -np.inf)
        return system, intervals

    system, intervals = build(with_past=True)
    if not system.widen(intervals):
        # Earlier figures contradict the new ones: the table was revised, and he has only the new ones left.
        system, intervals = build(with_past=False)
        if not system.widen(intervals):
            if len(family) > 1:
                # What a form asks as a whole need not be the union of its parts.
                apart = [_attack_family([table], members, former, answer_groups, silent) for table in family]
                return sum(asked for asked, _ in apart), [each for _, found in apart for each in found]
            raise RuntimeError(f"the published figures of {family[0].key} contradict each other")
    recovered = []
    owner = {place: (key, measure) for (key, measure), place in places.items()}
    by_key = {table.key: table for table in family}
    for figure, interval in sorted(intervals.items()):
        if interval.is_known(measures[figure.measure]):
            key, measure = owner[figure.measure]
            for level, code, basis in by_key[key].names[groups[figure.group]]:
                recovered.append(Recovered(*key, level, code, basis, measure or "answered"))
    return len(intervals), recovered


def attack(candidate: Path, additions: Path, snapshots: Path, only: set[TableKey] | None = None) -> Attack:
    """Attack a candidate's database.

    Args:
        candidate: the DuckDB file of the candidate's public tables.
        additions: the file beside it with the units of every group (``ledger.write_additions``).
        snapshots: the folder of the snapshots, whose ledger knows every earlier figure.
        only: the tables to attack; otherwise every one that hides something.
    """
    with connect(IN_MEMORY) as connection:
        paths = {"candidate": candidate, "additions": additions, "ledger": ledger_file(snapshots)}
        for name, path in paths.items():
            if path.exists():
                attach(connection, path, name)
        tables = [table for table in _read_tables(connection) if only is None or table.key in only]
        shown = connection.execute(
            "select members_sha256, any_value(members) as members from additions.area_groups group by members_sha256"
        ).to_arrow_table()
        former: dict[TableKey, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        if paths["ledger"].exists():
            before = connection.execute(
                "select members_sha256, list(member_code) as members from ledger.published_members group by all"
            ).to_arrow_table()
            shown = pa.concat_tables([before, shown])
            wanted = {table.key for table in tables}
            for *key, name, measure, measured in connection.execute("from ledger.published_groups").fetchall():
                if tuple(key) in wanted:
                    former[tuple(key)][name][measure] = measured
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in dictionaries(connection, "select indicator, answer, member from additions.answer_groups order by all"):
            groups[(row["indicator"], row["answer"])].append(row["member"])
        unions = dictionaries(connection, "from additions.unions")
        silent = _silent_units(connection)
    members = Members(shown["members_sha256"].to_pylist(), shown["members"])
    # The solver lets other threads work while it does.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(
            pool.map(lambda family: _attack_family(family, members, former, groups, silent), _families(tables, unions))
        )
    recovered = [each for _, found in results for each in found]
    return Attack(len(tables), sum(asked for asked, _ in results), recovered)
