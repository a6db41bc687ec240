"""Models with unchanged inputs are taken over, and such a build gives the same result as a build from scratch.

A tiny dbt project with the materializations of the real one: two sources, views, tables, a model in Python, tests of keys.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from orchestration.core.content_hashes import content_of
from orchestration.core.settings import PROJECT_DIR

MACROS = PROJECT_DIR / "dbt_project" / "macros"
MODELS = {
    "stg_cells.sql": "select unit, year, value from {{ source('raw', 'cells') }} where value is not null",
    "int_even.sql": "select * from {{ ref('stg_cells') }} where value % 2 = 0",
    "int_odd.sql": "select * from {{ ref('stg_cells') }} where value % 2 = 1",
    "int_totals.sql": (
        "select even.year, sum(even.value) as total from {{ ref('int_even') }} as even "
        "inner join {{ source('raw', 'years') }} as years on even.year = years.year group by all"
    ),
    "int_halves.py": "def model(dbt, session):\n    return dbt.ref('int_totals').project('year, total / 2 as half')\n",
    "mart_totals.sql": "select year, total, half from {{ ref('int_totals') }} join {{ ref('int_halves') }} using (year)",
    "mart_odd.sql": "select unit, count(*) as odd from {{ ref('int_odd') }} group by all",
}
VIEWS = {"stg_cells"}
PROPERTIES = """
version: 2
sources:
  - name: raw
    schema: raw
    tables: [{name: cells}, {name: years}]
models:
  - name: mart_totals
    description: TOTALS
    data_tests: [{key_is_unique: {arguments: {columns: [year]}}}]
  - name: mart_odd
    data_tests: [{key_is_unique: {arguments: {columns: [unit]}}}]
"""
PROJECT = """
name: tiny
version: "1.0.0"
profile: tiny
model-paths: [models]
macro-paths: [macros]
test-paths: [tests]
flags: {send_anonymous_usage_stats: false}
on-run-start: "{{ remember_sources() }}"
models: {+materialized: table, tiny: {stg_cells: {+materialized: view}}}
"""
ROWS = [(1, 2001, 1), (1, 2002, 2), (2, 2001, 3), (2, 2002, 4), (3, 2001, 6), (3, 2002, 5)]

Built = Mapping[str, str]


class Tiny:
    """A tiny project and its warehouse, and the last build's result for each node."""

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        self.folder = folder
        self.file = file or folder / "tiny.duckdb"
        for name in ("models", "macros/materializations", "tests/generic"):
            (folder / name).mkdir(parents=True)
        for name in ("taken_over", "generate_schema_name", "persist_docs"):
            shutil.copy(MACROS / f"{name}.sql", folder / "macros")
        for name in ("table", "view", "test"):
            shutil.copy(MACROS / "materializations" / f"{name}.sql", folder / "macros" / "materializations")
        shutil.copy(MACROS.parent / "tests" / "generic" / "key_is_unique.sql", folder / "tests" / "generic")
        (folder / "dbt_project.yml").write_text(PROJECT)
        (folder / "models" / "properties.yml").write_text(PROPERTIES)
        (folder / "profiles.yml").write_text(
            f"tiny: {{target: duckdb, outputs: {{duckdb: {{type: duckdb, path: '{self.file}', threads: 2}}}}}}\n"
        )
        for name, text in MODELS.items():
            self.write(name, text)
        self.load(ROWS)

    def write(self, name: str, text: str) -> None:
        (self.folder / "models" / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.folder / "models" / name).read_text()

    def sql(self, *statements: str) -> None:
        with duckdb.connect(str(self.file)) as connection:
            for statement in statements:
                connection.execute(statement)

    def load(self, rows: list[tuple[int, int, int | None]], years: tuple[int, ...] = (2001, 2002)) -> None:
        self.sql(
            "create schema if not exists raw",
            "create or replace table raw.cells (unit int, year int, value int)",
            *(f"insert into raw.cells values ({unit}, {year}, {value or 'null'})" for unit, year, value in rows),
            f"create or replace table raw.years as select unnest({list(years)}) as year",
        )

    def build(self, *options: str) -> Built:
        """Build, and return the result of each node: made, taken, pass, fail or error."""
        arguments = ["build", "--quiet", "--log-level-file", "none", *options]
        places = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        try:
            result: Any = dbtRunner().invoke([*arguments, *places, "--target-path", str(self.folder / "target")])
        finally:
            environment = DuckDBConnectionManager._ENV
            DuckDBConnectionManager.close_all_connections()
            if environment is not None:
                environment.close()
        assert result.result is not None, result.exception
        found = {}
        for each in result.result.results:
            name = each.node.name.partition("_year")[0].partition("_unit")[0]
            is_model = each.node.resource_type == "model" and str(each.status) == "success"
            found[name] = ("taken" if "taken over" in str(each.message) else "made") if is_model else str(each.status)
        return found

    def made(self, *options: str) -> set[str]:
        """Build, and return the models that were made."""
        return {name for name, how in self.build(*options).items() if how == "made"}

    def contents(self) -> dict[str, str]:
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return {name.partition(".")[0]: content_of(connection, f"main.{name.partition('.')[0]}") for name in MODELS}


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The tiny project, built once."""
    monkeypatch.setenv("IS248_CODE", "program")
    made = Tiny(tmp_path / "tiny")
    assert made.made() == {name.partition(".")[0] for name in MODELS}
    return made


def test_a_negative_zero_is_another_value(tiny: Tiny) -> None:
    double = "select unit, {}::double as odd from {{{{ ref('int_odd') }}}} group by all"
    tiny.write("mart_odd.sql", double.format("0.0"))
    tiny.write("mart_signs.sql", "select unit, odd::varchar as shown from {{ ref('mart_odd') }}")
    tiny.build()
    tiny.write("mart_odd.sql", double.format("-0.0"))
    assert tiny.made() == {"mart_odd", "mart_signs"}
    tiny.sql("create or replace table main.mart_odd as select unit, 0.0::double as odd from main.mart_odd")
    assert tiny.made() == {"mart_odd"}
    tiny.sql("create table shown as select distinct shown from main.mart_signs")
    with duckdb.connect(str(tiny.file), read_only=True) as connection:
        assert connection.execute("from shown").fetchall() == [("-0.0",)]


def test_nothing_is_made_again_of_the_same(tiny: Tiny) -> None:
    before = tiny.contents()
    assert tiny.made() == set()
    assert tiny.contents() == before


def test_rows_that_come_out_as_they_were_stop_the_change(tiny: Tiny) -> None:
    # Only the odd values; the even ones are checked and found unchanged.
    tiny.load([(unit, year, value + 2 if value % 2 else value) for unit, year, value in ROWS])
    assert tiny.made() == {"stg_cells", "int_even", "int_odd", "mart_odd"}
    # Another value of the first unit is even.
    tiny.load([(unit, year, 4 if unit == 1 else value) for unit, year, value in ROWS])
    assert {"int_totals", "int_halves", "mart_totals"} <= tiny.made()


@pytest.mark.parametrize(
    ("change", "made"),
    [
        (lambda tiny: tiny.load(ROWS, (2001,)), {"int_totals", "int_halves", "mart_totals"}),
        (lambda tiny: tiny.write("mart_odd.sql", MODELS["mart_odd.sql"] + " order by unit"), {"mart_odd"}),
        (lambda tiny: tiny.write("int_even.sql", MODELS["int_even.sql"] + " and true"), {"int_even"}),
        (
            lambda tiny: tiny.write("int_even.sql", MODELS["int_even.sql"].replace("select *", "select *, 1 as more")),
            {"int_even", "int_totals"},
        ),
        (lambda tiny: tiny.write("properties.yml", PROPERTIES.replace("TOTALS", "Totals.")), {"mart_totals"}),
        (lambda tiny: tiny.sql("delete from main.mart_odd where unit = 1"), {"mart_odd"}),
        (lambda tiny: tiny.sql("update main.int_totals set total = 7 where year = 2001"), {"int_totals"}),
        (lambda tiny: tiny.sql("drop table main.mart_odd"), {"mart_odd"}),
        (lambda tiny: tiny.sql("drop table main.mart_odd", "create view main.mart_odd as select 1 as unit"), {"mart_odd"}),
        (lambda tiny: tiny.sql("drop view main.stg_cells"), {"stg_cells"}),
        (lambda tiny: tiny.sql("delete from made.relations where relation like '%int_odd'"), {"int_odd"}),
        (lambda tiny: tiny.sql("drop schema made cascade"), {name.partition(".")[0] for name in MODELS}),
    ],
    ids=[
        "source",
        "query",
        "intermediate query",
        "column",
        "description",
        "rows lost",
        "value changed by hand",
        "table lost",
        "view instead",
        "view lost",
        "no record",
        "no records",
    ],
)
def test_what_is_made_of_something_else_or_is_not_what_was_made_is_made(
    tiny: Tiny, change: Callable[[Tiny], None], made: set[str]
) -> None:
    change(tiny)
    assert tiny.made() == made
    assert tiny.made() == set()


def test_a_model_in_python_is_made_again_by_another_program(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS248_CODE", "another program")
    assert tiny.made() == {"int_halves"}
    # A manual call of dbt does not name the program's version.
    monkeypatch.delenv("IS248_CODE")
    assert [tiny.made(), tiny.made()] == [{"int_halves"}, {"int_halves"}]


def test_a_full_refresh_takes_nothing_over(tiny: Tiny) -> None:
    assert tiny.made("--full-refresh") == {name.partition(".")[0] for name in MODELS}


def test_a_test_that_found_nothing_is_remembered_and_one_that_found_rows_is_not(tiny: Tiny) -> None:
    twice = MODELS["mart_odd.sql"] + " union all " + MODELS["mart_odd.sql"]
    tiny.write("mart_odd.sql", twice)
    assert tiny.build()["key_is_unique_mart_odd"] == "fail"
    assert tiny.build()["key_is_unique_mart_odd"] == "fail"
    tiny.write("mart_odd.sql", MODELS["mart_odd.sql"])
    assert tiny.build()["key_is_unique_mart_odd"] == "pass"
    # The record covers the rows themselves: a changed table is rebuilt before it is tested.
    tiny.sql("insert into main.mart_odd from main.mart_odd")
    built = tiny.build()
    assert built["mart_odd"] == "made" and built["key_is_unique_mart_odd"] == "pass"


def test_a_model_that_breaks_off_leaves_no_record(tiny: Tiny) -> None:
    before = MODELS["int_totals.sql"]
    tiny.write("int_totals.sql", before.replace("sum(even.value)", "sum(even.value) / error('broken')::int"))
    assert tiny.build()["int_totals"] == "error"
    tiny.write("int_totals.sql", before)
    # The existing table was built from these inputs before, and is unchanged.
    assert tiny.made() == set()


def test_after_random_changes_the_tables_are_those_of_a_build_from_nothing(tiny: Tiny, tmp_path: Path) -> None:
    chance = random.Random(248)
    rows = list(ROWS)
    for step in range(8):
        kind = chance.choice(["value", "value", "row", "years", "query", "back"])
        if kind == "value":
            place = chance.randrange(len(rows))
            rows[place] = (*rows[place][:2], chance.randrange(9))
        elif kind == "row":
            rows.append((chance.randrange(9), 2002, chance.randrange(9)))
        elif kind == "back":
            rows = list(ROWS)
        elif kind == "query":
            name = chance.choice([name for name in MODELS if name.endswith(".sql")])
            tiny.write(name, f"{MODELS[name]} -- {step}" if chance.random() < 0.5 else MODELS[name])
        tiny.load(rows, chance.choice([(2001,), (2001, 2002)]))
        tiny.build()
        anew = Tiny(tmp_path / f"anew-{step}")
        for name in MODELS:
            anew.write(name, tiny.read(name))
        with duckdb.connect(str(tiny.file), read_only=True) as connection:
            years = tuple(year for (year,) in connection.execute("select year from raw.years").fetchall())
        anew.load(rows, years)
        anew.build()
        assert tiny.contents() == anew.contents(), (step, kind)
