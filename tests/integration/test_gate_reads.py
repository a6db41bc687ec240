"""The tables that the gate assumes a rule to read include all that DuckDB reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import IN_MEMORY, connect
from orchestration.gate.rules import BATCH, FOLDER, load_rules
from orchestration.gate.sql_inputs import Reads, reading, stated
from orchestration.gate.suites import RULE_TO_HOLD, SOURCES, Entry, Source, entries_of
from orchestration.publish.snapshot_files import DATABASE
from tests.integration.test_expectations import database

RULES = load_rules(PROJECT_DIR / "expectations" / "rules")
TABLES = load_tables(PROJECT_DIR / "data" / "metadata")


def queries(source: Source) -> Iterator[tuple[str, Entry, str]]:
    """Every query of every rule on a source, with its table filled in."""
    for rule in RULES:
        for entry in entries_of(rule, TABLES) if SOURCES[rule.stage] == source else ():
            if entry.type == RULE_TO_HOLD:
                batch = f'"{entry.asset.schema}"."{entry.asset.table}"' if entry.asset.schema else f'"{entry.asset.table}"'
                yield rule.id, entry, entry.kwargs["rows_query"].format(**{BATCH: batch, FOLDER: "/nowhere"})


def tables_of(query: str) -> set[str]:
    """The names of tables in DuckDB's own tree of a query, including those that the query defines."""
    with connect(IN_MEMORY) as connection:
        (tree,) = connection.execute("select json_serialize_sql($1::varchar)", [query]).fetchall()[0]
    found: set[str] = set()
    left: list[Any] = [json.loads(tree)]
    assert not left[0]["error"], left[0]
    while left:
        node = left.pop()
        if isinstance(node, dict) and node.get("type") == "BASE_TABLE":
            found.add(node["table_name"].lower())
        left += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found


def asked(entry: Entry) -> tuple[str, str]:
    return str(entry.asset.table), stated(entry.kwargs)


@contextmanager
def candidate(folder: Path, *statements: str) -> Iterator[Reads]:
    with connect(folder / DATABASE) as connection:
        for statement in statements:
            connection.execute(statement)
    with reading({"candidate": folder / DATABASE}, folder) as reads:
        yield reads


@pytest.mark.parametrize("source", ["candidate", "warehouse"])
def test_every_table_that_duckdb_finds_in_the_query_of_a_rule_is_taken_for_read(tmp_path: Path, source: Source) -> None:
    with candidate(tmp_path) as reads:
        number = 0
        for name, entry, query in queries(source):
            found = tables_of(query)
            assert found <= reads.names("candidate", *asked(entry)), name
            number += len(found)
    assert number


def test_every_rule_on_the_candidate_runs_where_only_what_it_is_taken_to_read_is_there(tmp_path: Path) -> None:
    path = database(tmp_path, {})
    with reading({"candidate": path}, tmp_path) as reads:
        read = {
            (name, number): (
                reads.names("candidate", *asked(entry)),
                reads.is_of_catalog(reads.names("candidate", *asked(entry))),
            )
            for number, (name, entry, _) in enumerate(queries("candidate"))
        }
    ran = 0
    with connect(path) as connection:
        for number, (name, _, query) in enumerate(queries("candidate")):
            try:
                connection.execute(f"explain {query}")
            except (duckdb.IOException, duckdb.CatalogException):
                continue  # it reads a file or a view that no tiny candidate has
            kept, is_of_catalog = read[name, number]
            if is_of_catalog:
                continue  # everything is assumed to be read
            connection.begin()
            for table in TABLES:
                if table.name not in kept:
                    connection.execute(f'drop table "{table.name}"')
            connection.execute(f"explain {query}")
            connection.rollback()
            ran += 1
    assert ran > 100


def test_a_view_and_a_macro_read_what_they_are_made_of(tmp_path: Path) -> None:
    made = (
        "create table facts as select 1 as a",
        "create view shown as select * from facts",
        "create macro counted() as table select count(*) from shown",
    )
    with candidate(tmp_path, *made) as reads:
        before = reads.of("candidate", "from counted()")
    with candidate(tmp_path, "update facts set a = 2") as reads:
        after = reads.of("candidate", "from counted()")
    with candidate(tmp_path, "create or replace view shown as select a + 1 from facts") as reads:
        other = reads.of("candidate", "from counted()")
    assert len({before, after, other, None}) == 4


@pytest.mark.parametrize(
    ("query", "statement", "is_same"),
    [
        ("from facts", "insert into others values (2)", True),
        ('from "FACTS"', "insert into facts values (2)", False),
        ("from facts", "alter table facts rename a to b", False),
        ("from duckdb_tables()", "create table more (a int)", False),
        ("from duckdb_columns()", "insert into others values (2)", False),
        ("from information_schema.tables", "create view more as select 1", False),
        ("select 1", "insert into facts values (2)", True),
    ],
)
def test_a_hash_changes_with_what_is_read(tmp_path: Path, query: str, statement: str, is_same: bool) -> None:
    with candidate(tmp_path, "create table facts as select 1 as a", "create table others as select 1 as a") as reads:
        before = reads.of("candidate", query)
    with candidate(tmp_path, statement) as reads:
        after = reads.of("candidate", query)
    assert None not in (before, after)
    assert (before == after) is is_same


@pytest.mark.parametrize(
    "query",
    [
        "select current_date",
        "select today()",
        "select random()",
        "select nextval('s')",
        "select getvariable('x')",
        "from read_csv('/elsewhere/a.csv')",
        "from '/elsewhere/a.parquet'",
        "from glob('/elsewhere/*')",
    ],
)
def test_what_depends_on_more_than_the_candidate_has_no_hash(tmp_path: Path, query: str) -> None:
    with candidate(tmp_path) as reads:
        assert reads.of("candidate", query) is None


@pytest.mark.parametrize(
    ("query", "changed", "is_same"),
    [
        ("from read_csv('{candidate}/csv/a.csv')", "csv/a.csv", False),
        ("from read_csv('{candidate}/csv/a.csv')", "csv/b.csv", True),
        ("from read_csv('{candidate}/csv/*.csv')", "csv/b.csv", False),
        ("from read_csv('{candidate}/csv/a.csv') union from read_csv('{candidate}/csv/' || 'b.csv')", "csv/b.csv", False),
        ("from glob('{candidate}/**')", "csv/more.csv", False),
        ("from facts", "csv/a.csv", True),
    ],
)
def test_files_that_a_query_names_are_read(tmp_path: Path, query: str, changed: str, is_same: bool) -> None:
    (tmp_path / "csv").mkdir()
    for name in ("a", "b"):
        (tmp_path / "csv" / f"{name}.csv").write_text("x\n1\n")
    with candidate(tmp_path) as reads:
        before = reads.of("candidate", query)
    (tmp_path / changed).write_text("x\n2\n")
    with candidate(tmp_path) as reads:
        after = reads.of("candidate", query)
    assert None not in (before, after)
    assert (before == after) is is_same


def test_a_fault_that_names_the_warehouse_reads_it(tmp_path: Path) -> None:
    found = []
    for value in (1, 2):
        for name in (DATABASE, "warehouse.duckdb"):
            (tmp_path / name).unlink(missing_ok=True)
        with connect(tmp_path / DATABASE) as connection:
            connection.execute("create table facts as select 1 as a")
        with connect(tmp_path / "warehouse.duckdb") as connection:
            connection.execute(f"create schema made; create table made.hidden as select {value} as a")
        databases: dict[Source, Path] = {"candidate": tmp_path / DATABASE, "warehouse": tmp_path / "warehouse.duckdb"}
        with reading(databases, tmp_path) as reads:
            named = reads.of("candidate", "update facts set a = (select a from warehouse.made.hidden)")
            found.append((named, reads.of("candidate", "update facts set a = 3 where 'hidden' = 'hidden'")))
    assert found[0][0] != found[1][0]
    assert found[0][1] == found[1][1]
