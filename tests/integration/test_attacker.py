"""The attack on small public files written by the test: each leak is found, and clean files give no finding."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from orchestration.attack import Attack, Derived, TableKey, attack
from orchestration.core.errors import UserError

YEAR = 2050
QUESTION = "plan"
KEY = TableKey("indicator_shares", QUESTION, "all", YEAR)
YES, NO, NONE = "yes", "no", None
POLICY = """
minimum_units: 3
uniform_groups: {ordinary: 3, sensitive: 10}
routed_questions: protected
changed_units: 5
units_by_practice: 10
sensitive: {assessment_of_others: [opinion]}
ordinary: [plan, parts, whole, follow]
"""
GROUPS = "indicator,answer,members\n*,no_or_dont_know,no|dont_know\n"

Answers = Mapping[str, str | None]
Group = tuple[str, str]


@dataclasses.dataclass
class World:
    """24 units in two counties, four trust areas and two sizes, with an FTE each; tests move units and hide groups."""

    county: dict[str, str] = dataclasses.field(default_factory=dict)
    hf: dict[str, str] = dataclasses.field(default_factory=dict)
    size: dict[str, str] = dataclasses.field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    fte: dict[int, dict[str, float]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for i in range(24):
            code = f"{1000 + i}"
            self.county[code] = "01" if i < 12 else "02"
            self.hf[code] = f"{1 + i // 6}"
            self.size[code] = "small" if i % 2 else "large"
        for year in (YEAR - 1, YEAR):
            # No two sums of few FTE are equal.
            self.fte[year] = {code: round(3 + 0.37 * i**2 + 0.11 * (year % 7) * i, 2) for i, code in enumerate(self.county)}

    @property
    def units(self) -> list[str]:
        return sorted(self.county)

    def members(self, group: Group) -> list[str]:
        level, code = group
        if level == "country":
            return self.units
        where = {"county": self.county, "hf_area": self.hf, "size_group": self.size}[level]
        return [unit for unit in self.units if where[unit] == code]

    def groups(self, *levels: str) -> list[Group]:
        found: list[Group] = [("country", "0")] if "country" in levels else []
        for level, where in (("county", self.county), ("hf_area", self.hf), ("size_group", self.size)):
            if level in levels:
                found += [(level, code) for code in sorted(set(where.values()))]
        return found


@dataclasses.dataclass
class Table:
    """A question with the answers of units, and the shown groups."""

    world: World
    answers: Answers
    shown: Sequence[Group]
    indicator: str = QUESTION
    item: str = "all"
    names: tuple[str, ...] = (YES, NO)
    population: str = "all"
    is_derived: bool = False
    unions: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def rows(self) -> Iterable[tuple[object, ...]]:
        for level, code in self.shown:
            units = self.world.members((level, code))
            given = [self.answers[unit] for unit in units if unit not in self.world.silent]
            answered = sum(answer is not NONE for answer in given)
            for name in (*self.names, *self.unions):
                count = sum(answer in self.unions.get(name, (name,)) for answer in given if answer is not NONE)
                yield (
                    self.indicator, name, self.item, YEAR, level, code, "reported", count, answered, len(units),
                    count / answered if answered else None, count / len(units), "municipalities", "A",
                )  # fmt: skip


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Insert all rows at once: one statement per row takes most of a test's time."""
    found = list(rows)
    if found:
        marks = f"({', '.join('?' * len(found[0]))})"
        connection.execute(
            f"insert into {table} values {', '.join([marks] * len(found))}", [v for row in found for v in row]
        )


Printed = tuple[str, str, float, int | None]


def publish(
    path: Path, world: World, tables: Sequence[Table], *, real_change: float | None = None, printed: Sequence[Printed] = ()
) -> Path:
    """Write the public tables that the attack reads; ``printed`` are measure, dimensions, value and base."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create table areas (time_period int, unit_level text, unit_code text, area_basis text, municipality_code text,
                county_code text, hf_code text, health_region text, size_group text, unit_name text);
            create table area_changes (change_year int, old_code text, new_code text, change_type text);
            create table codelists (codelist text, code text, label_nb text, label_en text);
            create table indicators (indicator text, scale text, base text, label_nb text, label_en text, aliases text);
            create table indicator_wordings (indicator text, item text, time_period int, population_asked text,
                is_derived bool);
            create table fte_by_service (time_period int, unit_level text, unit_code text, area_basis text,
                target_group text, service_type text, fte double, imputed_share double, absence_reason text, obs_note text);
            create table indicator_shares (indicator text, answer text, item text, time_period int, unit_level text,
                unit_code text, area_basis text, n_answer int, n_answered int, n_units int, share_of_answered double,
                share_of_all double, unit_set text, obs_status text);
            create table real_change (time_period_from int, time_period_to int, target_group text, change_percent double,
                real_change_percent double, municipalities_excluded int, obs_note text);
            create table fte_by_reporting_form (time_period int, target_group text, reporting_form text, fte double,
                municipalities int, obs_note text);
            create table amounts (indicator text, time_period int, unit_level text, unit_code text, amount_nok double,
                n_answered int);
            create table person_estimates (indicator text, time_period int, category text, n_units int);
            create table published_figures (source_id text, table_id text, cell_key text, measure text, unit text,
                dimensions text, time_period int, value double, value_text text, decimals int, n_base int, note text);
            insert into codelists values ('target_group', 'adults', 'Voksne', 'Adults'), ('answer', 'yes', 'Ja', 'Yes'),
                ('reporting_form', 'joint', 'Felles', 'Joint'), ('reporting_form', 'mental_health', 'Separat', 'Separate');
            """
        )
        years = [(year, code) for year in (YEAR - 1, YEAR) for code in world.units]
        insert(
            connection,
            "areas",
            [
                (year, "municipality", code, basis, None, world.county[code], world.hf[code], "all", world.size[code], None)
                for year, code in years
                for basis in ("reported", "current")
            ],
        )
        insert(
            connection,
            "areas",
            [
                (YEAR, level, code, "reported", None, None, None, None, None, f"{level} {code}")
                for level, code in world.groups("county", "hf_area")
            ],
        )
        insert(
            connection,
            "published_figures",
            [
                (
                    "report",
                    "1.1",
                    dimensions,
                    measure,
                    "municipalities",
                    dimensions,
                    YEAR,
                    value,
                    f"{value:g}",
                    0,
                    base,
                    None,
                )
                for measure, dimensions, value, base in printed
            ],
        )
        silent = {(YEAR, code) for code in world.silent}
        insert(
            connection,
            "fte_by_service",
            [
                (year, "municipality", code, "reported", "total", "total")
                + ((None, 0, "not_answered", None) if (year, code) in silent else (world.fte[year][code], 0, None, None))
                for year, code in years
            ],
        )
        insert(
            connection,
            "indicators",
            [(name, "yes_no", "answered", None, None, None) for name in {table.indicator for table in tables}],
        )
        insert(
            connection,
            "indicator_wordings",
            [(table.indicator, table.item, YEAR, table.population, table.is_derived) for table in tables],
        )
        insert(connection, "indicator_shares", [row for table in tables for row in table.rows()])
        if real_change is not None:
            connection.execute(
                "insert into real_change values (?, ?, 'total', 1, ?, null, null)", [YEAR - 1, YEAR, real_change]
            )
    return path


def mixed(world: World) -> dict[str, str | None]:
    """Answers such that every group of every level has several of each kind."""
    return {code: (YES, YES, NO, NO, NONE, NONE)[(i * 5 + i // 6) % 6] for i, code in enumerate(world.units)}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY, encoding="utf-8")
    (tmp_path / "groups.csv").write_text(GROUPS, encoding="utf-8")
    return path


def attacked(policy: Path, database: Path, **options: object) -> Attack:
    found = attack(database, policy=policy, answer_groups=policy.with_name("groups.csv"), **options)  # type: ignore[arg-type]
    assert not [text for text in found.not_tried if text.startswith(("isolation", "bounds", "routing"))]
    return found


def about(found: Attack, part: str) -> set[tuple[str, tuple[str, ...]]]:
    return {(fact.measure, fact.units) for fact in found.derived if fact.part == part}


ALL = ("country", "county", "hf_area", "size_group")


def test_clean_files_give_nothing(tmp_path: Path, world: World, policy: Path) -> None:
    database = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))])

    found = attacked(policy, database)

    assert found.derived == ()
    assert found.tried["isolation"]["tables"] == found.tried["bounds"]["tables"] == 1
    assert found.tried["bounds"]["questions"] > 0
    assert "formats: only the DuckDB file was given" in found.not_tried


@pytest.mark.parametrize("moved", [("1012",), ("1012", "1013")])
def test_areas_that_cut_each_other_isolate_few_units(
    tmp_path: Path, world: World, policy: Path, moved: tuple[str, ...]
) -> None:
    # The trust area is the first county and one or two units of the second.
    world.hf = {code: "1" if world.county[code] == "01" or code in moved else "2" for code in world.units}
    table = Table(world, mixed(world), [("country", "0"), ("county", "01"), ("hf_area", "1")])

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]))

    assert about(found, "isolation") == {(measure, moved) for measure in (YES, NO, "n_answered")}
    assert {fact.levels for fact in found.derived if fact.part == "isolation"} == {("county", "hf_area")}


def test_three_units_may_follow(tmp_path: Path, world: World, policy: Path) -> None:
    three = ("1012", "1014", "1015")
    world.hf = {code: "1" if world.county[code] == "01" or code in three else "2" for code in world.units}
    answers = mixed(world) | dict(zip(three, (YES, NO, NONE), strict=True))
    answers |= {"1002": YES, "1003": NO}
    table = Table(world, answers, [("country", "0"), ("county", "01"), ("hf_area", "1")])

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]))

    # Three units, two of which answered.
    assert about(found, "isolation") == {("n_answered", three)}
    assert about(found, "bounds") == set()


def test_figures_are_exact_where_floating_point_is_not_enough(tmp_path: Path, world: World, policy: Path) -> None:
    # The unit is half of the sum of three pairs of overlapping groups.
    world.county = {code: ("01" if i in (0, 1, 2) else "02") for i, code in enumerate(world.units)}
    world.hf = {code: ("1" if i in (0, 3, 4) else "2") for i, code in enumerate(world.units)}
    world.size = {code: ("small" if i in (1, 2, 3, 4) else "large") for i, code in enumerate(world.units)}
    table = Table(world, mixed(world), [("county", "01"), ("hf_area", "1"), ("size_group", "small")])

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]))

    assert (YES, ("1000",)) in about(found, "isolation")


@pytest.mark.parametrize(("indicator", "allowed"), [(QUESTION, True), ("opinion", False), ("not_listed", False)])
def test_a_uniform_group_is_allowed_by_its_size(
    tmp_path: Path, world: World, policy: Path, indicator: str, allowed: bool
) -> None:
    answers = mixed(world) | dict.fromkeys(world.members(("hf_area", "1")), YES)
    table = Table(world, answers, world.groups(*ALL), indicator=indicator)

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]))

    # All six said yes: six answers, and for each that it gave no other answer.
    assert bool(found.derived) is not allowed
    assert found.allowed.get(indicator, 0) == (6 if allowed else 0)
    uniform = found.uniform[indicator, YEAR]
    assert (uniform.none, uniform.all, uniform.answered) == (1, 1, 1)
    assert (uniform.allowed > 0) is allowed


def test_that_nobody_said_no_and_all_answered_tells_the_answer(tmp_path: Path, world: World, policy: Path) -> None:
    answers = mixed(world)
    answers |= {code: answers[code] or NO for code in world.members(("hf_area", "1"))}
    answers |= {code: YES if answers[code] == NO else answers[code] for code in world.members(("size_group", "small"))}
    answers |= {"1000": YES, "1002": NO, "1004": NO}
    both = set(world.members(("hf_area", "1"))) & set(world.members(("size_group", "small")))
    table = Table(world, answers, world.groups(*ALL))

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]))

    # Each group alone is allowed; the two together tell that these units said yes.
    assert about(found, "bounds") == {(YES, (code,)) for code in both}


@pytest.mark.parametrize("asked", ["form", "answer"])
def test_who_was_asked_is_protected_at_any_size(tmp_path: Path, world: World, policy: Path, asked: str) -> None:
    item = "adults_joint_1" if asked == "form" else "all"
    population = "all" if asked == "form" else "other=yes"
    answers = mixed(world) | {code: (YES, NO)[i % 2] for i, code in enumerate(world.members(("county", "01")))}
    table = Table(world, answers, world.groups("country", "county"), item=item, population=population)

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]))

    units = world.members(("county", "01"))
    forms = {("form", (code,)) for code in units} if asked == "form" else set()
    assert about(found, "routing") == {("n_answered", (code,)) for code in units} | forms


def test_rows_of_both_forms_together_tell_the_form(tmp_path: Path, world: World, policy: Path) -> None:
    # Of six units, three answered the row for joint and three the one for separate reports: none can have answered both.
    units = world.members(("hf_area", "1"))
    joint = mixed(world) | dict(zip(units, (YES, NO, YES, NONE, NONE, NONE), strict=True))
    separate = dict.fromkeys(world.units, NONE) | dict(zip(units, (NONE, NONE, NONE, YES, NO, YES), strict=True))
    world.size = {code: "small" if joint[code] else "large" for code in world.units}
    shown: list[Group] = [("country", "0"), ("hf_area", "1")]
    first = Table(world, joint, [*shown, ("size_group", "small")], item="adults_joint_1")
    second = Table(world, separate, shown, item="adults_mental_health_1")

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [first, second]))

    assert {("form", (code,)) for code in units} <= about(found, "routing")


def test_a_note_at_the_fte_of_a_unit_tells_its_form(tmp_path: Path, world: World, policy: Path) -> None:
    table = Table(world, mixed(world), world.groups(*ALL), item="adults_joint_1")
    database = publish(tmp_path / "a.duckdb", world, [table])
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"""
            insert into fte_by_service select {YEAR}, 'municipality', '1003', 'reported', unnest(['adults', 'children']),
                'total', 5, 0, null, 'half_missing;rejected_cells'
            """
        )

    assert about(attacked(policy, database), "routing") == {("form_by_note", ("1003",))}


def test_a_question_that_follows_an_answer_tells_the_answer(tmp_path: Path, world: World, policy: Path) -> None:
    # All units that may have been asked were: nine said yes, nine answered the routed question, five of them in one group.
    answers = mixed(world)
    follow = {code: (YES, NO)[i % 2] if answers[code] == YES else NONE for i, code in enumerate(world.units)}
    world.size = {code: "small" if follow[code] and world.county[code] == "01" else "large" for code in world.units}
    first = Table(world, answers, world.groups("country", "county"))
    second = Table(
        world, follow, [*world.groups("country", "county"), ("size_group", "small")], indicator="follow",
        population=f"{QUESTION}={YES}",
    )  # fmt: skip

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [first, second]))

    units = world.members(("size_group", "small"))
    disclosed = {fact.units for fact in found.derived if fact.indicator == QUESTION and fact.measure == YES}
    assert {(code,) for code in units} <= disclosed


def test_an_answer_that_the_table_does_not_hold_is_no_part_of_a_union(tmp_path: Path, world: World, policy: Path) -> None:
    # "No or do not know" is a union only where "do not know" exists: here the form asked it as a separate answer.
    answers = {code: "no_or_dont_know" if answer == NO else answer for code, answer in mixed(world).items()}
    answers |= dict.fromkeys(("1003", "1009", "1015", "1021"), NO)
    table = Table(world, answers, world.groups("country", "county"), names=(YES, NO, "no_or_dont_know"))

    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]))

    assert found.derived == ()


def test_a_union_tells_of_the_answers_that_it_is_made_of(tmp_path: Path, world: World, policy: Path) -> None:
    answers = mixed(world) | dict.fromkeys(("1007", "1010", "1016", "1019"), "dont_know")
    table = Table(
        world, answers, world.groups("country", "county"), names=(YES, NO, "dont_know"),
        unions={"no_or_dont_know": (NO, "dont_know")},
    )  # fmt: skip
    database = publish(tmp_path / "a.duckdb", world, [table])
    assert attacked(policy, database).derived == ()

    # The parts are hidden in a county; its union and "yes" are not, and the union was all "yes".
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            """
            update indicator_shares set n_answer = case answer when 'yes' then n_answered when 'no_or_dont_know' then 0 end,
                share_of_answered = null where unit_code = '01'
            """
        )
    with pytest.raises(UserError, match="contradict"):
        # The country's figures are now inconsistent: this is reported, but not as a finding.
        attacked(policy, database)


@pytest.mark.parametrize(
    "falsified",
    [
        "update indicator_shares set n_answer = n_answered + 1 where unit_level = 'county' and answer = 'yes'",
        "update indicator_shares set n_answered = n_answered + 1 where unit_level = 'county' and answer = 'yes'",
        "update indicator_shares set n_answered = n_answered + 1 where unit_level = 'county' and unit_code = '01'",
        "update indicator_shares set n_answer = 0 where unit_level = 'county' and answer = 'yes'",
    ],
)
def test_figures_that_cannot_all_be_true_are_an_error(tmp_path: Path, world: World, policy: Path, falsified: str) -> None:
    database = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups("country", "county"))])
    with duckdb.connect(str(database)) as connection:
        connection.execute(falsified)

    with pytest.raises(UserError, match="contradict"):
        attacked(policy, database)


def test_a_group_of_other_units_than_were_thought_is_left_out(tmp_path: Path, world: World, policy: Path) -> None:
    world.hf = {code: "1" if world.county[code] == "01" or code == "1012" else "2" for code in world.units}
    table = Table(world, mixed(world), [("country", "0"), ("county", "01"), ("hf_area", "1")])
    database = publish(tmp_path / "a.duckdb", world, [table])
    with duckdb.connect(str(database)) as connection:
        connection.execute("update indicator_shares set n_units = n_units + 1 where unit_level = 'hf_area'")

    found = attacked(policy, database)

    assert found.derived == ()
    assert "1 shown groups have other units than the tables of areas tell" in found.not_tried


def test_a_divided_municipality_that_is_a_county_is_public(tmp_path: Path, world: World, policy: Path) -> None:
    world.county["1023"] = "03"
    table = Table(world, mixed(world) | {"1023": YES}, world.groups(*ALL))
    database = publish(tmp_path / "a.duckdb", world, [table])
    # A municipality that is not divided has no separate answers, even if it is alone in its county.
    assert {("yes", ("1023",)), ("no", ("1023",))} <= about(attacked(policy, database), "isolation")

    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"""
            insert into areas
            select {YEAR}, 'city_district', unnest(['102301', '102302']), 'reported', '1023', '03', '1', 'all', 'small', null
            """
        )
    found = attacked(policy, database)

    assert found.derived == ()
    assert found.allowed[QUESTION] > 0


def test_a_table_that_shows_nothing_is_no_trouble(tmp_path: Path, world: World, policy: Path) -> None:
    database = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))])
    with duckdb.connect(str(database)) as connection:
        connection.execute("update indicator_shares set obs_status = 'Q', n_answered = null, n_units = null")
    # Every row is marked as hidden but has a figure.
    assert {fact.part for fact in attacked(policy, database).derived} == {"formats"}

    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table indicator_shares add column n_answer_lower int")
        connection.execute("alter table indicator_shares add column n_answer_upper int")
        connection.execute(
            """
            update indicator_shares set n_answer = null, share_of_answered = null, share_of_all = null, n_answer_lower = 0,
                n_answer_upper = 24
            """
        )
    assert attacked(policy, database).derived == ()


def test_limits_of_hidden_figures_that_are_too_close_tell_answers(tmp_path: Path, world: World, policy: Path) -> None:
    database = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups("country", "county"))])
    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table indicator_shares add column n_answer_lower int")
        connection.execute("alter table indicator_shares add column n_answer_upper int")
        connection.execute(
            """
            insert into indicator_shares
            select indicator, answer, item, time_period, 'hf_area', '1', area_basis, null, null, null, null, null, unit_set,
                'Q', 0, case answer when 'no' then 0 else 6 end
            from indicator_shares where unit_level = 'country'
            """
        )

    found = attacked(policy, database)

    units = {(code,) for code in world.members(("hf_area", "1"))}
    assert {fact.units for fact in found.derived} == units


def test_a_unit_that_answered_late_follows_from_two_snapshots(tmp_path: Path, world: World, policy: Path) -> None:
    answers = mixed(world) | {"1003": YES}
    before = dataclasses.replace(world, silent=frozenset({"1003"}))
    shown = world.groups("country", "county", "size_group")
    old = publish(tmp_path / "old.duckdb", before, [Table(before, answers, shown)])
    new = publish(tmp_path / "new.duckdb", world, [Table(world, answers, shown)])
    assert attacked(policy, old).derived == attacked(policy, new).derived == ()

    found = attacked(policy, new, earlier=[old])

    assert (YES, ("1003",)) in about(found, "snapshots")
    assert {fact.units for fact in found.derived} == {("1003",)}


@pytest.mark.parametrize("count, is_disclosed", [(10, False), (4, True)])
def test_units_that_came_late_are_a_group_that_may_be_uniform(
    tmp_path: Path, world: World, policy: Path, count: int, is_disclosed: bool
) -> None:
    # Units of a county were late; all of them answered.
    question = "plan"
    late = world.members(("county", "01"))[:count]
    answers = mixed(world) | dict.fromkeys(late[::2], YES) | dict.fromkeys(late[1::2], NO)
    before = dataclasses.replace(world, silent=frozenset(late))
    shown = world.groups("country", "county")
    tables = [Table(place, answers, shown, question, names=(YES, NO)) for place in (before, world)]
    old = publish(tmp_path / "old.duckdb", before, tables[:1])
    new = publish(tmp_path / "new.duckdb", world, tables[1:])

    found = attacked(policy, new, earlier=[old])

    assert bool(found.derived) == is_disclosed
    assert {unit for fact in found.derived for unit in fact.units} <= {*late}


def test_what_a_uniform_group_told_once_is_known_for_good(tmp_path: Path, world: World, policy: Path) -> None:
    # The county in which all answered is no longer shown; it is the country less the other county.
    answers = mixed(world) | {code: YES if number % 3 else NO for number, code in enumerate(world.members(("county", "01")))}
    old = publish(tmp_path / "old.duckdb", world, [Table(world, answers, world.groups("country", "county"))])
    new = publish(tmp_path / "new.duckdb", world, [Table(world, answers, [("country", "0"), ("county", "02")])])
    assert any(fact.measure == "n_answered" for fact in attacked(policy, new).derived)

    assert attacked(policy, new, earlier=[old]).derived == ()


def test_a_table_that_is_kept_tells_nothing_of_who_answered_late(tmp_path: Path, world: World, policy: Path) -> None:
    before = dataclasses.replace(world, silent=frozenset({"1003"}))
    shown = world.groups("country", "county", "size_group")
    old = publish(tmp_path / "old.duckdb", before, [Table(before, mixed(world), shown)])
    new = publish(tmp_path / "new.duckdb", world, [Table(before, mixed(world), shown)])

    assert about(attacked(policy, new, earlier=[old]), "snapshots") == set()


def test_a_table_that_says_that_it_waits_says_nothing_of_who_answered_since(
    tmp_path: Path, world: World, policy: Path
) -> None:
    before = dataclasses.replace(world, silent=frozenset({"1003"}))
    # The late unit is alone in its county and size group, so the figures would reveal that it did not answer.
    world.size = {
        code: "large" if code == "1003" or world.county[code] != world.county["1003"] else "small" for code in world.units
    }
    before.size = world.size
    answers = {code: YES if number % 2 else NO for number, code in enumerate(world.units)} | {"1003": NONE}
    shown = world.groups("country", "county", "size_group")
    old = publish(tmp_path / "old.duckdb", before, [Table(before, answers, shown)])
    new = publish(tmp_path / "new.duckdb", world, [Table(before, answers, shown)])
    without_note = attacked(policy, new, earlier=[old])
    with duckdb.connect(str(new)) as connection:
        connection.execute("alter table indicator_shares add column obs_note text")
        connection.execute("update indicator_shares set obs_note = 'awaits_changes;corrected'")

    assert any(fact.units == ("1003",) for fact in without_note.derived)
    assert attacked(policy, new, earlier=[old]).derived == ()


def test_a_table_that_waits_counts_a_unit_whose_answers_were_taken_back(tmp_path: Path, world: World, policy: Path) -> None:
    after = dataclasses.replace(world, silent=frozenset({"1003"}))
    shown = world.groups("country", "county", "size_group")
    answers = {code: YES if number % 2 else NO for number, code in enumerate(world.units)}
    old = publish(tmp_path / "old.duckdb", world, [Table(world, answers, shown)])
    new = publish(tmp_path / "new.duckdb", after, [Table(world, answers, shown)])
    with pytest.raises(UserError, match="more units answered than there are"):
        attacked(policy, new, earlier=[old])
    with duckdb.connect(str(new)) as connection:
        connection.execute("alter table indicator_shares add column obs_note text")
        connection.execute("update indicator_shares set obs_note = 'awaits_changes'")

    assert attacked(policy, new, earlier=[old]).derived == attacked(policy, old).derived


def test_one_corrected_unit_shows_as_a_difference(tmp_path: Path, world: World, policy: Path) -> None:
    answers = mixed(world)
    shown = world.groups("country", "county", "size_group")
    changed = answers | {"1002": NO if answers["1002"] == YES else YES}
    old = publish(tmp_path / "old.duckdb", world, [Table(world, answers, shown)])
    new = publish(tmp_path / "new.duckdb", world, [Table(world, changed, shown)])

    found = attacked(policy, new, earlier=[old])

    [fact] = found.derived
    assert (fact.part, fact.measure) == ("snapshots", "changed")
    assert "1002" in fact.units


def test_many_corrected_units_are_allowed(tmp_path: Path, world: World, policy: Path) -> None:
    answers = mixed(world)
    shown = world.groups("country", "county", "size_group")
    changed = answers | {code: YES for code in world.units if answers[code] == NO and world.size[code] == "large"}
    changed |= {code: YES for code in world.units if answers[code] == NONE and world.county[code] == "02"}
    old = publish(tmp_path / "old.duckdb", world, [Table(world, answers, shown, names=(YES, NO))])
    new = publish(tmp_path / "new.duckdb", world, [Table(world, changed, shown, names=(YES, NO))])

    assert "changed" not in {fact.measure for fact in attacked(policy, new, earlier=[old]).derived}


def test_groups_of_two_snapshots_cut_each_other(tmp_path: Path, world: World, policy: Path) -> None:
    # The earlier snapshot shows a trust area, the later one the county with all its units but one.
    world.hf = {code: "1" if world.county[code] == "01" and code != "1000" else "2" for code in world.units}
    old = publish(tmp_path / "old.duckdb", world, [Table(world, mixed(world), world.groups("country", "hf_area"))])
    new = publish(tmp_path / "new.duckdb", world, [Table(world, mixed(world), world.groups("country", "county"))])
    assert attacked(policy, new).derived == ()

    assert {fact.units for fact in attacked(policy, new, earlier=[old]).derived} == {("1000",)}


def test_print_of_a_hidden_area_and_shown_counties_tell_a_unit(tmp_path: Path, world: World, policy: Path) -> None:
    # A report printed a trust area that is the first county and one unit of the second.
    world.hf = {code: "1" if world.county[code] == "01" or code == "1012" else "2" for code in world.units}
    table = Table(world, mixed(world) | {"1012": YES}, world.groups("country", "county", "size_group"))
    yes = sum(table.answers[unit] == YES for unit in world.members(("hf_area", "1")))
    assert attacked(policy, publish(tmp_path / "a.duckdb", world, [table])).derived == ()

    printed = [("municipalities", f"question={QUESTION};answer=Ja;hf_area=hf_area 1", yes, None)]
    found = attacked(policy, publish(tmp_path / "b.duckdb", world, [table], printed=printed))

    assert about(found, "printed") == {(YES, ("1012",))}
    assert {fact.part for fact in found.derived} == {"printed"}

    # A report that cannot be based on the same answers is ignored.
    printed = [("municipalities", f"question={QUESTION};answer=yes;hf_area=1", yes - 3, None)]
    found = attacked(policy, publish(tmp_path / "c.duckdb", world, [table], printed=printed))
    assert found.derived == ()
    assert "print of report: figures that contradict what is shown: 1.1 (1)" in found.not_tried


def test_print_is_held_against_tables_that_say_something_of_one_another(tmp_path: Path, world: World, policy: Path) -> None:
    # By print, as many units of a county said yes as can be derived for the county without one unit.
    world.hf = {code: "1" if world.county[code] == "01" and code != "1000" else "2" for code in world.units}
    answers = mixed(world) | {"1000": NO}
    follow = {code: YES if answer == YES else NONE for code, answer in answers.items()}
    tables = [
        Table(world, answers, world.groups("country")),
        Table(world, follow, [("hf_area", "1")], indicator="follow", names=(YES,), population=f"{QUESTION}={YES}"),
    ]
    yes = sum(answers[unit] == YES for unit in world.members(("county", "01")))
    printed = [("municipalities", f"question={QUESTION};answer=yes;county=01", yes, None)]
    assert attacked(policy, publish(tmp_path / "a.duckdb", world, tables)).derived == ()

    found = attacked(policy, publish(tmp_path / "b.duckdb", world, tables, printed=printed))

    assert found.tried["printed"]["links"] == 1
    assert (QUESTION, YES, ("1000",)) in {(fact.indicator, fact.measure, fact.units) for fact in found.derived}
    assert {(fact.part, fact.units) for fact in found.derived} == {("printed", ("1000",))}


@pytest.mark.parametrize("excluded", [("1004",), ("1004", "1017"), ("1004", "1011", "1017")])
def test_units_left_out_of_real_change_are_found(
    tmp_path: Path, world: World, policy: Path, excluded: tuple[str, ...]
) -> None:
    def kept(year: int) -> float:
        return sum(fte for code, fte in world.fte[year].items() if code not in excluded)

    change = round((kept(YEAR) / kept(YEAR - 1) - 1) * 100, 10)
    table = Table(world, mixed(world), world.groups(*ALL))
    found = attacked(policy, publish(tmp_path / "a.duckdb", world, [table], real_change=change))
    assert about(found, "practice") == {("excluded", excluded)}

    # With one decimal many sets of units fit.
    found = attacked(policy, publish(tmp_path / "b.duckdb", world, [table], real_change=round(change, 1)))
    assert about(found, "practice") == set()


def publish_forms(
    database: Path, world: World, separate: Iterable[str], *, target: str = "total", note: str | None = None
) -> Path:
    """Publish FTE by reporting form; some units report separately, all others jointly."""
    answered = [code for code in world.units if code not in world.silent]
    apart = [code for code in answered if code in set(separate)]
    fte = world.fte[YEAR]
    whole, part = (round(sum(fte[code] for code in codes), 2) for codes in (answered, apart))
    rows = [
        ("joint", whole - part, len(answered) - len(apart), note),
        ("separate", None, len(apart), note),
        ("mental_health", part, None, note),
        ("substance_use", 0.0, None, note),
        ("total", whole, len(world.units), None),
    ]
    with duckdb.connect(str(database)) as connection:
        connection.executemany(
            f"insert into fte_by_reporting_form values ({YEAR}, '{target}', ?, round(?, 2), ?, ?)",
            [list(row) for row in rows],
        )
    return database


def two_snapshots(tmp_path: Path, before: World, after: World, apart: Sequence[set[str]], note: str | None) -> list[Path]:
    answers = mixed(after)
    return [
        publish_forms(
            publish(tmp_path / name, world, [Table(before, answers, [("country", "0")])]), world, separate, note=note_shown
        )
        for name, world, separate, note_shown in (
            ("old.duckdb", before, apart[0], None),
            ("new.duckdb", after, apart[1], note),
        )
    ]


TEN = {f"{1000 + 2 * i}" for i in range(10)}


@pytest.mark.parametrize("note", [None, "awaits_changes;units_missing"])
@pytest.mark.parametrize("apart", [TEN, TEN | {"1003"}])
def test_the_form_of_a_unit_that_answered_late_follows_from_fte_by_form(
    tmp_path: Path, world: World, policy: Path, apart: set[str], note: str | None
) -> None:
    before = dataclasses.replace(world, silent=frozenset({"1003"}))
    old, new = two_snapshots(tmp_path, before, world, [apart, apart], note)
    assert about(attacked(policy, new), "practice") == set()

    found = about(attacked(policy, new, earlier=[old]), "changed_practice")

    who = ("1003",)
    assert found == (set() if note else {("joint", who), ("separate", who), ("municipalities", who)})


def test_the_form_of_a_corrected_unit_follows_and_that_of_units_with_equal_corrections_does_not(
    tmp_path: Path, world: World, policy: Path
) -> None:
    after = dataclasses.replace(world, fte={year: dict(fte) for year, fte in world.fte.items()})
    # 1000 reports separately and 1001 and 1003 jointly.
    after.fte[YEAR]["1003"] += 2.5
    old, new = two_snapshots(tmp_path, world, after, [TEN, TEN], None)
    assert about(attacked(policy, new, earlier=[old]), "changed_practice") == {("joint", ("1003",)), ("separate", ("1003",))}

    after.fte[YEAR]["1000"] += 2.5
    new.unlink(), old.unlink()
    old, new = two_snapshots(tmp_path, world, after, [TEN, TEN], None)
    assert about(attacked(policy, new, earlier=[old]), "changed_practice") == set()


def test_a_unit_that_went_from_one_form_to_the_other_follows(tmp_path: Path, world: World, policy: Path) -> None:
    old, new = two_snapshots(tmp_path, world, world, [TEN, TEN | {"1003"}], None)
    assert about(attacked(policy, new, earlier=[old]), "changed_practice") == {("joint", ("1003",)), ("separate", ("1003",))}


@pytest.mark.parametrize(
    ("moved", "is_disclosed"),
    [
        # A large correction that moves real change, and one that does not.
        (3.0, True),
        (0.0, True),
    ],
)
def test_whether_a_corrected_unit_is_left_out_of_real_change_follows_from_how_it_moved(
    tmp_path: Path, world: World, policy: Path, moved: float, *, is_disclosed: bool
) -> None:
    after = dataclasses.replace(world, fte={year: dict(fte) for year, fte in world.fte.items()})
    after.fte[YEAR]["1003"] += sum(world.fte[YEAR - 1].values()) * 0.02
    table = Table(world, mixed(world), [("country", "0")])
    old = publish(tmp_path / "old.duckdb", world, [table], real_change=7.5)
    new = publish(tmp_path / "new.duckdb", after, [table], real_change=7.5 + moved)

    assert (("excluded", ("1003",)) in about(attacked(policy, new, earlier=[old]), "changed_practice")) == is_disclosed

    with duckdb.connect(str(new)) as connection:
        connection.execute("update real_change set obs_note = 'awaits_changes'")
    assert about(attacked(policy, new, earlier=[old]), "changed_practice") == set()


def test_a_small_correction_tells_nothing_of_real_change(tmp_path: Path, world: World, policy: Path) -> None:
    after = dataclasses.replace(world, fte={year: dict(fte) for year, fte in world.fte.items()})
    after.fte[YEAR]["1003"] += 0.01
    table = Table(world, mixed(world), [("country", "0")])
    old = publish(tmp_path / "old.duckdb", world, [table], real_change=7.5)
    new = publish(tmp_path / "new.duckdb", after, [table], real_change=7.5)
    assert about(attacked(policy, new, earlier=[old]), "changed_practice") == set()


def test_fte_by_form_and_counts_of_who_answered_tell_forms_that_fte_alone_do_not(
    tmp_path: Path, world: World, policy: Path
) -> None:
    # One of the five smallest, eight of the next and 1016 report separately: of the five four answered as joint.
    apart = {"1000", "1016", *(f"{1000 + i}" for i in range(5, 13))}
    world.fte[YEAR]["1023"] = 1000.0
    answers = {code: (NONE if code in apart else (YES, NO)[i % 2]) for i, code in enumerate(world.units)}
    world.size = {code: "small" if code < "1005" else "large" for code in world.units}
    item = "adults_joint_1"
    shown: list[Group] = [("country", "0")]
    for name, groups in (("a", shown), ("b", [*shown, ("size_group", "small")])):
        database = publish(tmp_path / f"{name}.duckdb", world, [Table(world, answers, groups, item=item)])
        with duckdb.connect(str(database)) as connection:
            connection.execute("insert into fte_by_service select * replace ('adults' as target_group) from fte_by_service")
        publish_forms(database, world, apart, target="adults")
        found = attacked(policy, database)
        # More FTE than those of all units that report separately.
        assert found.allowed["fte_by_reporting_form"] == 1
        disclosed = {
            fact.units for fact in found.derived if fact.indicator == "fte_by_reporting_form" and fact.part == "routing"
        }
        assert ("1023",) not in {(unit,) for fact in found.derived for unit in fact.units}
        assert disclosed >= {(f"{code}",) for code in range(1017, 1023)} if name == "b" else not disclosed


@pytest.mark.parametrize(
    ("statement", "measures"),
    [
        ("insert into real_change values (2049, 2050, 'total', 1, null, 0, null)", {"municipalities_excluded"}),
        ("insert into fte_by_reporting_form values (2050, 'total', 'separate', null, 9, null)", {"separate"}),
        ("insert into fte_by_reporting_form values (2050, 'total', 'joint', 0, null, null)", {"joint"}),
        ("insert into amounts values ('money', 2050, 'size_group', 'small', 100, 2)", {"small"}),
        (
            """
            insert into amounts values ('money', 2050, 'country', '0', 100, 20),
                ('money', 2050, 'size_group', 'small', 90, 18), ('money', 2050, 'size_group', 'large', null, null)
            """,
            {"large"},
        ),
        # A category is a count over all units that answered.
        ("insert into person_estimates values ('places', 2050, '1', 2), ('places', 2050, 'total', 20)", set()),
        ("insert into real_change values (2049, 2050, 'total', 1, null, 10, null)", set()),
        ("insert into person_estimates values ('places', 2050, '1', 3), ('places', 2050, 'total', 20)", set()),
    ],
)
def test_few_units_in_other_tables(tmp_path: Path, world: World, policy: Path, statement: str, measures: set[str]) -> None:
    database = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))])
    with duckdb.connect(str(database)) as connection:
        connection.execute(statement)

    assert {fact.measure for fact in attacked(policy, database).derived if fact.part == "practice"} == measures


def test_only_the_named_tables_are_attacked(tmp_path: Path, world: World, policy: Path) -> None:
    world.hf = {code: "1" if world.county[code] == "01" or code == "1012" else "2" for code in world.units}
    shown: list[Group] = [("county", "01"), ("hf_area", "1")]
    tables = [Table(world, mixed(world), shown), Table(world, mixed(world), shown, indicator="opinion")]
    database = publish(tmp_path / "a.duckdb", world, tables)

    found = attacked(policy, database, only=[KEY])

    assert {fact.indicator for fact in found.derived} == {QUESTION}


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonstat", "row", "none"])
def test_a_hidden_figure_in_another_file_is_found(tmp_path: Path, world: World, policy: Path, format: str) -> None:
    folder = tmp_path / "snapshot"
    for name in ("csv", "parquet", "jsonstat", "metadata"):
        (folder / name).mkdir(parents=True)
    database = publish(folder / "is248.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))])
    key = ["indicator", "answer", "item", "time_period", "unit_level", "unit_code", "area_basis"]
    (folder / "metadata" / "indicator_shares.json").write_text(json.dumps({"name": "indicator_shares", "key": key}))
    hide = """
        update indicator_shares set obs_status = 'Q', n_answer = null, n_answered = null, n_units = null,
            share_of_answered = null, share_of_all = null where unit_level = 'county' and unit_code = '02'
        """
    csv, parquet = folder / "csv" / "indicator_shares.csv", folder / "parquet" / "indicator_shares.parquet"
    with duckdb.connect(str(database)) as connection:
        open_file = {"csv": csv, "parquet": parquet}.get(format)
        if open_file:
            connection.execute(f"copy indicator_shares to '{open_file}'")
        connection.execute(hide)
        if format == "row":
            connection.execute("update indicator_shares set n_answered = 8 where unit_level = 'county' and unit_code = '02'")
        for path in {csv, parquet} - {open_file}:
            connection.execute(f"copy indicator_shares to '{path}'")
    cube = {
        "id": ["answer", "item", "time_period", "unit", "area_basis", "measure"],
        "size": [2, 1, 1, 2, 1, 1],
        "dimension": {
            "answer": {"category": {"index": [YES, NO]}},
            "item": {"category": {"index": ["all"]}},
            "time_period": {"category": {"index": [str(YEAR)]}},
            "unit": {"category": {"index": {"county:01": 0, "county:02": 1}}},
            "area_basis": {"category": {"label": {"reported": "of the year"}}},
            "measure": {"category": {"index": ["n_answer"]}},
        },
        "value": {"0": 4, "2": 4, "3": 5} if format == "jsonstat" else [4, None, 4, None],
        "extension": {"each": {"indicator": QUESTION}, "columns": {"unit": ["unit_level", "unit_code"]}},
    }
    (folder / "jsonstat" / "indicator_shares").mkdir()
    (folder / "jsonstat" / "indicator_shares" / f"{QUESTION}.json").write_text(json.dumps(cube))

    found = attacked(policy, database, folder=folder)

    facts: list[Derived] = [fact for fact in found.derived if fact.part == "formats"]
    assert {fact.measure for fact in facts} == ({"none": set(), "jsonstat": {NO}}.get(format, {YES, NO}))
    assert "csv/indicator_shares.csv" in found.files
    assert f"jsonstat/indicator_shares/{QUESTION}.json" in found.files


def test_a_policy_without_its_entries_is_an_error(tmp_path: Path, world: World, policy: Path) -> None:
    policy.write_text("minimum_units: 3\n", encoding="utf-8")

    with pytest.raises(UserError, match="policy"):
        attack(publish(tmp_path / "a.duckdb", world, []), policy=policy)
