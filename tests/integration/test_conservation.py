"""Mergers and splits of municipalities conserve all sums: random trees of changes through the real SQL of the areas.

The tables of municipalities, populations and changes are made up, and so are the answers; the models between them and the
figures of the areas are compiled by dbt and run on a DuckDB in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from orchestration.core.settings import Settings
from tests.integration.deliveries_kit import Model, load_inputs, models_of

# The models that are checked, and those that made-up tables replace; the models between them are run.
RESULTS = ("int_fte__area", "int_areas", "int_unit_pieces")
MADE_UP = ("int_rounds", "int_fte_cells")

YEARS = range(2012, 2021)
NEWEST = YEARS[-1]
TREES = 24
COUNTIES = ("91", "92")
CITY = "0301"
GROUPS = {"adults": ("housing_with_staff", "work_measures"), "children": ("health_station_school",)}

Row = dict[str, Any]


@dataclass
class Tree:
    """A made-up country: its municipalities by year, their changes, and the FTE that they reported."""

    random: Random
    weights_known: bool
    has_city: bool
    codes: list[str] = field(default_factory=list)
    county: dict[str, str] = field(default_factory=dict)
    by_year: dict[int, list[str]] = field(default_factory=dict)
    changes: list[Row] = field(default_factory=list)
    merged: dict[str, list[str]] = field(default_factory=dict)
    population: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    fte: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.codes = [str(code) for code in self.random.sample(range(1000, 9000), 200)]
        current = [self._new_code() for _ in range(self.random.randint(4, 7))]
        for year in YEARS:
            if year != YEARS[0]:
                current = self._change(year, current)
            self.by_year[year] = current + [CITY] * self.has_city
            for code in self.by_year[year]:
                self.population[year, code] = (self.random.randint(1, 4_000), self.random.randint(1, 16_000))
        self.county[CITY] = self.random.choice(COUNTIES)
        for year, code in self.population:
            self._answer(year, code)

    def _new_code(self) -> str:
        code = self.codes.pop()
        self.county[code] = self.random.choice(COUNTIES)
        return code

    def _change(self, year: int, current: list[str]) -> list[str]:
        """Return the municipalities after the changes of a year; each municipality takes part in at most one change."""
        untouched = self.random.sample(current, len(current))
        after: list[str] = []
        for _ in range(self.random.randint(0, 2)):
            kind = self.random.choice(("merge", "absorb", "code_change", "split", "split_off", "split_and_join", "return"))
            if len(untouched) < 3:
                break
            if kind == "return":
                # A merged municipality becomes separate again, and the rest becomes other municipalities.
                whole = next((code for code in untouched if code in self.merged), None)
                if whole is None:
                    continue
                untouched.remove(whole)
                parts = [self._new_code() for _ in range(self.random.randint(2, 3))]
                formers = [self.random.choice(self.merged[whole])]
                for part, former, weights in zip_longest(parts, formers, self._weights(len(parts))):
                    self._add(year, whole, part, "split", weights | ({"former_code": former} if former else {}))
                after.extend(parts)
                continue
            old = untouched.pop()
            if kind in ("merge", "absorb"):
                new = self._new_code() if kind == "merge" else untouched.pop()
                partners = [old, untouched.pop()] if kind == "merge" or self.random.random() < 0.5 else [old]
                for partner in partners:
                    self._add(year, partner, new, "merge", {"weight": "1.0"})
                    self.merged.setdefault(new, []).append(partner)
                after.append(new)
            elif kind == "code_change":
                new = self._new_code()
                self._add(year, old, new, "code_change", {"weight": "1.0"})
                after.append(new)
            else:
                # All parts are new, or one of them keeps the code, or one of them joins a neighbour.
                parts = [self._new_code() for _ in range(self.random.randint(1, 2))]
                if kind == "split":
                    parts.append(self._new_code())
                else:
                    parts.append(old if kind == "split_off" else untouched.pop())
                for part, weights in zip(parts, self._weights(len(parts)), strict=True):
                    self._add(year, old, part, "split", weights)
                after.extend(parts)
        return sorted({*after, *untouched})

    def _add(self, year: int, old: str, new: str, kind: str, weights: Row) -> None:
        self.changes.append({"change_year": year, "old_code": old, "new_code": new, "change_type": kind, **weights})

    def _shares(self, count: int) -> list[Decimal]:
        """Return shares of six decimals that add up to one, none of them tiny."""
        sizes = [self.random.randint(10, 100) for _ in range(count)]
        shares = [(Decimal(size) / sum(sizes)).quantize(Decimal("0.000001")) for size in sizes]
        return [*shares[:-1], 1 - sum(shares[:-1], Decimal(0))]

    def _weights(self, count: int) -> list[Row]:
        """Return the weights of a split as in the reference table: by age, common, estimated, or none."""
        kind = self.random.choice(("by_age", "common", "estimated") if self.weights_known else ("by_age", "none"))
        if kind == "none":
            return [{} for _ in range(count)]
        if kind == "estimated":
            return [{"weight_residual_estimate": str(self.random.randint(100, 900) / 1000)} for _ in range(count)]
        rows: list[Row] = [{"weight": str(share)} for share in self._shares(count)]
        if kind == "by_age":
            for row, children, adults in zip(rows, self._shares(count), self._shares(count), strict=True):
                row |= {"weight_under_18": str(children), "weight_18_plus": str(adults)}
        return rows

    def _answer(self, year: int, code: str) -> None:
        """Generate the reports of a municipality's units: some are missing or carried forward, some cells are unreadable."""
        divided = code == CITY and year >= 2015
        for unit in ("030101", "030102", "030191") if divided else (code,):
            if self.random.random() < 0.1:
                continue
            is_carried = self.random.random() < 0.2
            for group, categories in GROUPS.items():
                for category in categories:
                    for form in ("joint",) if self.random.random() < 0.5 else ("mental_health", "substance_use"):
                        is_rejected = self.random.random() < 0.05
                        fte = None if is_rejected else Decimal(self.random.randint(0, 9_999)) / 100
                        self.fte.append(
                            {
                                "time_period": year,
                                "unit_code": unit,
                                "question": "fte_by_service",
                                "target_group": group,
                                "reporting_form": form,
                                "category": category,
                                "fte": fte,
                                "fte_carried_forward": fte if is_carried else Decimal(0),
                                "is_carried_forward": is_carried,
                                "is_rejected": is_rejected,
                            }
                        )

    def became(self, year: int, code: str) -> dict[str, tuple[float, float]]:
        """Return the current successors of a municipality, with its share of children and of adults."""
        ways = [(code, frozenset[str](), 1.0, 1.0)]
        for later in range(year + 1, NEWEST + 1):
            after = []
            for current, passed, children, adults in ways:
                rows = [row for row in self.changes if (row["change_year"], row["old_code"]) == (later, current)]
                if not rows:
                    after.append((current, passed, children, adults))
                    continue
                estimates = sum(float(row.get("weight_residual_estimate", 0)) for row in rows)
                weights = []
                for row in rows:
                    common: Any = row["weight"] if "weight" in row else float(row["weight_residual_estimate"]) / estimates
                    weights.append((float(row.get("weight_under_18", common)), float(row.get("weight_18_plus", common))))
                own = [self._is_older_than_the_merger_of(year, row.get("former_code"), later) for row in rows]
                home = [place for place, row in enumerate(rows) if own[place] and row["former_code"] in passed]
                kept = home or [place for place in range(len(rows)) if not own[place]]
                whole = [sum(weights[place][group] for place in kept) for group in (0, 1)] if any(own) else [1.0, 1.0]
                for place in kept:
                    after.append(
                        (
                            rows[place]["new_code"],
                            passed | {current},
                            children * weights[place][0] / whole[0],
                            adults * weights[place][1] / whole[1],
                        )
                    )
            ways = after
        shares: defaultdict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        for current, _, children, adults in ways:
            shares[current] = (shares[current][0] + children, shares[current][1] + adults)
        return dict(shares)

    def _is_older_than_the_merger_of(self, year: int, former: str | None, later: int) -> bool:
        """Return whether a municipality that is re-established later was still separate in a year."""
        if former is None:
            return False
        return year < max(
            row["change_year"] for row in self.changes if row["old_code"] == former and row["change_year"] < later
        )


def _put(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, pa.DataType], rows: list[Row]) -> None:
    connection.register(
        "made_up", pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in columns.items()})
    )
    connection.execute(f"create or replace table {table} as select * from made_up")
    connection.unregister("made_up")


def _texts(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.string())


def put(connection: duckdb.DuckDBPyConnection, tree: Tree) -> None:
    """Replace the reference tables, the rounds and the reported FTE with those of a tree."""
    lives = {code: [year for year, codes in tree.by_year.items() if code in codes] for _, code in tree.population}
    _put(
        connection,
        "reference.municipalities",
        _texts(
            "municipality_code",
            "municipality_name",
            "county_code",
            "county_name",
            "valid_from_year",
            "valid_to_year",
            "name_plain",
            "official_name",
        ),
        [
            {
                "municipality_code": code,
                "municipality_name": code,
                "county_code": tree.county[code],
                "valid_from_year": str(years[0]),
                "valid_to_year": str(years[-1]),
            }
            for code, years in lives.items()
        ],
    )
    _put(
        connection,
        "reference.population",
        _texts("year", "municipality_code", "population_under_18", "population_18_plus"),
        [
            {
                "year": str(year),
                "municipality_code": code,
                "population_under_18": str(children),
                "population_18_plus": str(adults),
            }
            for (year, code), (children, adults) in tree.population.items()
        ],
    )
    districts: list[Row] = []
    for (year, code), (children, adults) in tree.population.items():
        if code == CITY:
            parts = [(children // 2, adults // 3), (children // 4, adults // 4)]
            parts.append((children - sum(part[0] for part in parts), adults - sum(part[1] for part in parts)))
            districts += [
                {
                    "year": str(year),
                    "district_code": district,
                    "district_name": district,
                    "district_type": kind,
                    "population_under_18": str(part[0]),
                    "population_18_plus": str(part[1]),
                }
                for (district, kind), part in zip(
                    (("030101", "district"), ("030102", "district"), ("030199", "unspecified")), parts, strict=True
                )
            ]
    _put(
        connection,
        "reference.oslo_districts",
        _texts("year", "district_code", "district_name", "district_type", "population_under_18", "population_18_plus"),
        districts,
    )
    _put(
        connection,
        "reference.counties",
        _texts("county_code", "county_name", "valid_from_year", "valid_to_year"),
        [
            {"county_code": code, "county_name": code, "valid_from_year": "2000", "valid_to_year": "2030"}
            for code in COUNTIES
        ],
    )
    _put(
        connection,
        "reference.municipality_changes",
        _texts(
            "old_code",
            "old_name",
            "new_code",
            "new_name",
            "change_type",
            "weight",
            "weight_under_18",
            "weight_18_plus",
            "weight_residual_estimate",
            "weight_basis",
            "former_code",
            "source",
        )
        | {"change_year": pa.int32()},
        tree.changes,
    )
    _put(
        connection,
        "intermediate.int_rounds",
        {"time_period": pa.int32(), "is_delivered": pa.bool_()},
        [{"time_period": year, "is_delivered": True} for year in YEARS],
    )
    amount = pa.decimal128(18, 6)
    flags = (
        *("is_half_missing", "is_corrected", "is_estimated", "is_weight_estimated", "is_weight_missing"),
        *("is_confirmed", "is_from_constructed"),
    )
    _put(
        connection,
        "intermediate.int_fte_cells",
        {
            "time_period": pa.int32(),
            **_texts("unit_code", "question", "target_group", "reporting_form", "category"),
            "fte": amount,
            "fte_carried_forward": amount,
            "is_carried_forward": pa.bool_(),
            "is_rejected": pa.bool_(),
            "carried_from": pa.int32(),
            **dict.fromkeys(flags, pa.bool_()),
        },
        [row | {"carried_from": None} | dict.fromkeys(flags, False) for row in tree.fte],
    )


@pytest.fixture(scope="module")
def models(compiled: dict[str, dict[str, Any]]) -> list[Model]:
    """The models between the made-up tables and the results, parents first."""
    return models_of(compiled, *RESULTS, given=MADE_UP)


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory with the real classifications."""
    connection = duckdb.connect()
    load_inputs(settings, connection)
    connection.execute("create schema staging; create schema intermediate")
    yield connection
    connection.close()


def run(connection: duckdb.DuckDBPyConnection, models: list[Model], tree: Tree) -> None:
    put(connection, tree)
    for model in models:
        connection.execute(f"create or replace table {model.schema}.{model.name} as {model.sql}")


def reported_totals(tree: Tree) -> dict[tuple[int, str, str], Decimal]:
    """The FTE of the country by year, target group and category, added without SQL; an unreadable cell adds nothing."""
    totals: defaultdict[tuple[int, str, str], Decimal] = defaultdict(Decimal)
    for row in tree.fte:
        if row["fte"] is not None:
            for group in (row["target_group"], "total"):
                for category in (row["category"], "total"):
                    totals[row["time_period"], group, category] += row["fte"]
    return dict(totals)


def sums_of_areas(connection: duckdb.DuckDBPyConnection, level: str) -> dict[tuple[int, str, str], tuple[Decimal, bool]]:
    """The sum over the current areas of a level, and whether one of them contains an unknown piece."""
    return {
        (year, group, category): (total, is_unknown)
        for year, group, category, total, is_unknown in connection.execute(
            """
            select time_period, target_group, category, sum(fte), bool_or(is_weight_missing)
            from intermediate.int_fte__area
            where area_basis = 'current' and unit_level = ?
            group by time_period, target_group, category
            having count(fte) > 0
            """,
            [level],
        ).fetchall()
    }


def count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(f"select count(*) from {sql}").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("seed", range(TREES))
def test_current_areas_have_exactly_what_the_units_reported(
    seed: int, models: list[Model], warehouse: duckdb.DuckDBPyConnection
) -> None:
    tree = Tree(Random(seed), weights_known=seed % 4 != 0, has_city=seed % 3 == 0)
    run(warehouse, models, tree)
    totals = reported_totals(tree)
    people = {
        year: tuple(sum(persons[group] for (of, _), persons in tree.population.items() if of == year) for group in (0, 1))
        for year in YEARS
    }
    assert totals
    assert tree.changes
    for level in ("country", "county", "municipality"):
        sums = sums_of_areas(warehouse, level)
        for key, total in totals.items():
            found, is_unknown = sums.get(key, (None, True))
            if is_unknown:
                # Only a split without weights leaves a figure unknown, never the country's, and no value is invented for it.
                assert not tree.weights_known, (level, key)
                assert level != "country", key
                assert found is None or found <= total, (level, key)
            else:
                assert found == total, (level, key)
        for year, children, adults, is_unknown in warehouse.execute(
            """
            select time_period, sum(population_under_18), sum(population_18_plus), bool_or(population_18_plus is null)
            from intermediate.int_areas
            where area_basis = 'current' and unit_level = ?
            group by time_period
            """,
            [level],
        ).fetchall():
            if is_unknown:
                assert not tree.weights_known
                assert level != "country"
            else:
                assert (children, adults) == people[year], (level, year)
    # The pieces of every unit add up to its population, and none is negative.
    assert not count(
        warehouse,
        """
        (
            select units.time_period, units.unit_code
            from intermediate.int_units as units
            left join intermediate.int_unit_pieces as pieces using (time_period, unit_code)
            group by units.time_period, units.unit_code
            having not coalesce(bool_or(pieces.weight_adults is null and pieces.piece_code is not null), false)
            and (
                sum(pieces.population_under_18) is distinct from max(units.population_under_18)
                or sum(pieces.population_18_plus) is distinct from max(units.population_18_plus)
            )
        )
        """,
    )
    assert not count(warehouse, "intermediate.int_unit_pieces where population_under_18 < 0 or population_18_plus < 0")
    assert not count(warehouse, "intermediate.int_fte__area where fte < 0 or fte_carried_forward < 0")
    # A figure is an estimate only if its area contains a piece of a unit.
    assert not count(
        warehouse,
        """
        intermediate.int_fte__area as fte
        inner join intermediate.int_areas as areas using (time_period, area_basis, unit_level, unit_code)
        where fte.is_estimated and not areas.has_pieces
        """,
    )


@pytest.mark.parametrize("seed", range(6))
def test_current_municipalities_have_their_share_by_weight(
    seed: int, models: list[Model], warehouse: duckdb.DuckDBPyConnection
) -> None:
    tree = Tree(Random(1_000 + seed), weights_known=True, has_city=True)
    run(warehouse, models, tree)
    expected: defaultdict[tuple[int, str, str], float] = defaultdict(float)
    became = {(year, code): tree.became(year, code) for year, code in tree.population}
    for row in tree.fte:
        code = CITY if row["unit_code"].startswith(CITY) else row["unit_code"]
        for current, (children, adults) in became[row["time_period"], code].items():
            share = children if row["target_group"] == "children" else adults
            for group in (row["target_group"], "total"):
                expected[row["time_period"], current, group] += share * float(row["fte"] or 0)
    figures = {
        (year, code, group): (float(fte or 0), bool(is_estimated))
        for year, code, group, fte, is_estimated in warehouse.execute(
            """
            select time_period, unit_code, target_group, fte, is_estimated
            from intermediate.int_fte__area
            where area_basis = 'current' and unit_level = 'municipality' and category = 'total'
            """
        ).fetchall()
    }
    assert figures.keys() == expected.keys()
    for key, (fte, _) in figures.items():
        # Weights are rounded to six decimals after each change.
        assert fte == pytest.approx(expected[key], abs=0.01), key
    assert any(is_estimated for _, is_estimated in figures.values())
