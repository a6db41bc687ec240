"""The page of a municipality: what is public of it, beside its neighbours in size, its county and the country.

One script a municipality holds its figures; the page loads the one that the reader chose. Belongs here: which rows a
municipality has, where it came from, and with whom it is compared. Does not belong here: drawing
(``static/municipality.js``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb
import numpy as np

from orchestration.core.tables import Label, Table
from orchestration.publish.release import Release
from orchestration.publish.remarks import moved_text, read_moved, said_of_figure
from orchestration.site.cubes import NO_ROW, cube_of, dumped, reason_flags, row_sql

# The tables that say something about single municipalities, and the measures that are shown of them.
PUBLIC_MEASURES: Mapping[str, tuple[str, ...]] = {
    "fte_by_service": ("fte", "fte_per_10000"),
    "fte_by_education": ("fte", "share"),
    "fte_by_pathway": ("fte", "share"),
}
LEVELS = "('municipality', 'city_district', 'agency')"
# What is said of a figure, of rows that are called f.
SAYING = "f.obs_status, f.absence_reason, f.obs_note, f.coverage"
NEIGHBOURS = 10
# A municipality's own code, and those of its districts and agencies, begin with these many digits.
CODE_LENGTH = 4


@dataclass(frozen=True)
class Change:
    """One municipality becoming another, or a part of it."""

    year: int
    old: str
    new: str
    kind: str


@dataclass(frozen=True)
class Ancestor:
    """A municipality that another was formed from; ``until`` is the year from which it is no more."""

    code: str
    until: int
    is_part: bool


@dataclass(frozen=True)
class Municipality:
    """A municipality of today in the list of all."""

    code: str
    name: str
    county: str
    county_name: str
    population: float | None
    fte: float | None
    rate: float | None
    flag: str
    said: tuple[Label, ...]


def ancestors(code: str, changes: Sequence[Change], newest: int) -> list[Ancestor]:
    """Return the municipalities that one was formed from, nearest first.

    Args:
        code: a municipality of today.
        changes: every change that is known.
        newest: the year of today's areas; later changes do not count.
    """
    found: list[Ancestor] = []
    # A code may come back: a step only looks at changes before the one it came by.
    waiting = [(code, newest + 1, False)]
    seen = {code}
    while waiting:
        current, before, is_part = waiting.pop(0)
        for change in changes:
            if change.new != current or change.year >= before or change.kind == "name_change":
                continue
            if change.old in seen:
                continue
            seen.add(change.old)
            part = is_part or change.kind == "split"
            found.append(Ancestor(change.old, change.year, part))
            waiting.append((change.old, change.year, part))
    return sorted(found, key=lambda each: (-each.until, each.code))


def neighbours(populations: Mapping[str, float], count: int = NEIGHBOURS) -> dict[str, list[str]]:
    """Return for each municipality those that are nearest in population, largest first; of equally near ones the lower code.

    Args:
        populations: inhabitants by code.
        count: how many neighbours each has, where there are so many.
    """
    codes = sorted(populations)
    sizes = np.array([populations[code] for code in codes], dtype=float)
    found: dict[str, list[str]] = {}
    for place, code in enumerate(codes):
        distances = np.abs(sizes - sizes[place])
        distances[place] = np.inf
        # All that are as near as the last one, in the order of their codes; a whole sort for each would take minutes.
        last = np.partition(distances, count - 1)[count - 1] if count < len(codes) else np.inf
        near = np.flatnonzero((distances <= last) & np.isfinite(distances))
        nearest = near[np.argsort(distances[near], kind="stable")][:count].tolist()
        found[code] = sorted((codes[other] for other in nearest), key=lambda other: (-populations[other], other))
    return found


class Municipalities:
    """What is public of every municipality of today."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, release: Release, tables: Mapping[str, Table]) -> None:
        self.connection = connection
        self.release = release
        self.tables = tables
        self.area_period = self._area_period()
        self.year = self._newest_year()
        self.list = self._list()
        self._changes = [
            Change(*row)
            for row in connection.execute(
                "select change_year, old_code, new_code, change_type from area_changes"
                " where change_year <= ? order by change_year, old_code, new_code",
                [self.area_period],
            ).fetchall()
        ]

    def _area_period(self) -> int:
        """Return the year of today's areas: the newest that has them."""
        found = self.connection.execute("select max(time_period) from areas where area_basis = 'current'").fetchall()[0][0]
        return found if found is not None else self.release.time_period

    def _newest_year(self) -> int:
        found = self.connection.execute(
            "select max(time_period) from fte_by_service where unit_level = 'municipality' and area_basis = 'current'"
            " and fte is not null"
        ).fetchall()[0][0]
        return found if found is not None else self.release.time_period

    def _list(self) -> list[Municipality]:
        rows = self.connection.execute(
            "select a.unit_code, a.unit_name, coalesce(a.county_code, ''), coalesce(c.unit_name, ''), a.population,"
            f" f.fte, f.fte_per_10000, {SAYING} from areas as a"
            " left join areas as c on c.unit_level = 'county' and c.unit_code = a.county_code"
            " and c.time_period = a.time_period and c.area_basis = a.area_basis"
            " left join fte_by_service as f on f.unit_level = 'municipality' and f.unit_code = a.unit_code"
            " and f.area_basis = 'current' and f.time_period = a.time_period and f.target_group = 'total'"
            " and f.service_type = 'total'"
            " where a.unit_level = 'municipality' and a.area_basis = 'current' and a.time_period = ?"
            " order by a.unit_code, f.series desc",
            [self.year],
        ).fetchall()
        first = [next(same) for _, same in groupby(rows, itemgetter(0))]
        found = []
        for code, name, county, county_name, population, fte, rate, *facts in first:
            flag, said = self._beside(*facts)
            found.append(Municipality(code, name, county, county_name, population, fte, rate, flag, said))
        return found

    def _beside(
        self, status: str | None, reason: str | None, note: str | None, share: float | None
    ) -> tuple[str, tuple[Label, ...]]:
        """Return the flag of a figure as cubes have it, and what is said beside it."""
        flag = reason_flags(self.release).get(reason, status or NO_ROW) if reason else status or NO_ROW
        return flag, tuple(said_of_figure(note, share, self.release))

    def scripts(self) -> dict[str, str]:
        """Return the script of every municipality by its code."""
        cubes: dict[str, list[str]] = defaultdict(list)
        for name, measures in PUBLIC_MEASURES.items():
            table = self.tables.get(name)
            if table is None:
                continue
            rows = self.connection.execute(
                f"select unit_code[:{CODE_LENGTH}] as owner, {row_sql(table, measures)} from {name}"
                f" where area_basis = 'current' and unit_level in {LEVELS} order by owner, {table.order_by}"
            ).fetchall()
            for owner, own in groupby(rows, itemgetter(0)):
                cube = cube_of(self.release, table, f"{owner}/{name}", measures, [row[1:] for row in own])
                cubes[owner].append(cube.script())
        facts = self._facts()
        return {
            each.code: "".join(cubes.get(each.code, [])) + f"IS248.municipality({dumped(facts[each.code])});\n"
            for each in self.list
        }

    def _facts(self) -> dict[str, dict[str, Any]]:
        populations = {each.code: each.population for each in self.list if each.population is not None}
        rates: dict[str, dict[str, list[Any]]] = defaultdict(dict)
        for code, group, fte, rate, *facts in self.connection.execute(
            f"select unit_code, target_group, fte, fte_per_10000, {SAYING} from fte_by_service as f"
            " where unit_level = 'municipality'"
            " and area_basis = 'current' and service_type = 'total' and time_period = ? order by unit_code, target_group",
            [self.year],
        ).fetchall():
            flag, said = self._beside(*facts)
            rates[code][group] = [_short(fte), _short(rate), flag, *([_pairs(said)] if said else [])]
        reported: dict[str, list[list[Any]]] = defaultdict(list)
        names: dict[str, str] = {}
        moved = read_moved(self.connection)
        for code, name, year, fte, *facts in self.connection.execute(
            f"select unit_code, unit_name, time_period, fte, {SAYING} from fte_by_service as f"
            " where unit_level = 'municipality' and area_basis = 'reported' and service_type = 'total'"
            " and target_group = 'total'"
            " order by unit_code, time_period, unit_name"
        ).fetchall():
            names[code] = name
            flag, notes = self._beside(*facts)
            told = [*notes, *(moved_text(*each) for each in moved.get(("municipality", code), []) if each[0] == year)]
            reported[code].append([year, _short(fte), flag, *([_pairs(told)] if told else [])])
        near = neighbours(populations)
        return {
            each.code: {
                "code": each.code,
                "name": each.name,
                "county": each.county,
                "countyName": each.county_name,
                "population": _short(each.population),
                "year": self.year,
                "figures": rates.get(each.code, {}),
                "neighbours": [
                    [other, known.name, _short(known.population), rates.get(other, {})]
                    for other in near.get(each.code, [])
                    for known in [self._known[other]]
                ],
                "reported": self._lines(each, reported, names),
            }
            for each in self.list
        }

    @property
    def _known(self) -> dict[str, Municipality]:
        if not hasattr(self, "_by_code"):
            self._by_code = {each.code: each for each in self.list}
        return self._by_code

    def _lines(
        self, municipality: Municipality, reported: Mapping[str, list[list[Any]]], names: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = [
            {"code": municipality.code, "name": municipality.name, "rows": reported.get(municipality.code, [])}
        ]
        for each in ancestors(municipality.code, self._changes, self.area_period):
            rows = [row for row in reported.get(each.code, []) if row[0] < each.until]
            if rows:
                name = names.get(each.code, each.code)
                lines.append({"code": each.code, "name": name, "until": each.until - 1, "part": each.is_part, "rows": rows})
        return lines


def _short(value: float | None) -> float | int | None:
    if value is None:
        return None
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def _pairs(labels: Sequence[Label]) -> list[list[str]]:
    return [[label.nb, label.en] for label in labels]
