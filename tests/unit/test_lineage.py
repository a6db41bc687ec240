"""The source columns of a query's columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot import MappingSchema

from orchestration.defs import lineage
from orchestration.defs.lineage import LineageError, Origin, Origins, Traced, describe_tables, trace


@pytest.fixture(scope="module")
def tables() -> MappingSchema:
    return describe_tables(
        "warehouse",
        {
            ("raw", "a"): {"x": "INTEGER", "y": "VARCHAR", "items": "VARCHAR[]", "words": "MAP(VARCHAR, VARCHAR)"},
            ("raw", "b"): {"x": "INTEGER", "z": "INTEGER"},
        },
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("select x, y as name from raw.a", {"x": {"a.x"}, "name": {"a.y"}}, id="a name"),
        pytest.param("select * exclude (items, words) from raw.a", {"x": {"a.x"}, "y": {"a.y"}}, id="a star"),
        pytest.param(
            "select a.x + b.z as total, count(*) as n, 1 as one from raw.a as a join raw.b as b using (x) group by all",
            {"total": {"a.x", "b.z"}, "n": set(), "one": set()},
            id="an expression of two parents, a count, a constant",
        ),
        pytest.param(
            "with first as (select x as k from raw.a where y = 'yes'),"
            " second as (select k from first union all select z from raw.b)"
            " select k * 2 as k from second",
            {"k": {"a.x", "b.z"}},
            id="common table expressions and both sides of a union; a condition that chooses rows does not count",
        ),
        pytest.param(
            "select x, y from raw.a union all by name select 'b' as y, z as x from raw.b",
            {"x": {"a.x", "b.z"}, "y": {"a.y"}},
            id="a union by name",
        ),
        pytest.param(
            "select exists (select 1 from raw.b as b where b.x = a.x and b.z > 0) as is_known from raw.a as a",
            {"is_known": {"a.x", "b.x", "b.z"}},
            id="the condition of an exists, with the row that it is asked for",
        ),
        pytest.param(
            "select (select max(z) from raw.b as b where b.x = a.x) as most from raw.a as a",
            {"most": {"a.x", "b.x", "b.z"}},
            id="a looked up value, with its key",
        ),
        pytest.param(
            "select row_number() over (partition by y order by x) as place from raw.a",
            {"place": {"a.x", "a.y"}},
            id="a window",
        ),
        pytest.param(
            "select x as k, k + 1 as next, words['w'] as word from raw.a",
            {"k": {"a.x"}, "next": {"a.x"}, "word": {"a.words"}},
            id="an alias used again, an entry of a map",
        ),
        pytest.param(
            "select list_transform(items, lambda item: item || y) as longer from raw.a",
            {"longer": {"a.items", "a.y"}},
            id="a lambda",
        ),
        pytest.param(
            "select item, a.x from raw.a as a, unnest(a.items) as items(item)",
            {"item": {"a.items"}, "x": {"a.x"}},
            id="a list as rows",
        ),
        pytest.param(
            "select years.year, a.x from raw.a as a, range(2, a.x) as years(year)",
            {"year": {"a.x"}, "x": {"a.x"}},
            id="a table function",
        ),
        pytest.param(
            "with recursive steps as ("
            " select x, x as origin, 0 as length from raw.a"
            " union all select b.z as x, steps.x as origin, steps.length + b.x as length"
            " from steps join raw.b as b using (x)"
            ") select * from steps",
            {"x": {"a.x", "b.z"}, "origin": {"a.x", "b.z"}, "length": {"b.x"}},
            id="a table that reads itself, through every round",
        ),
    ],
)
def test_columns_come_from(sql: str, expected: dict[str, set[str]], tables: MappingSchema) -> None:
    sql = sql.replace("raw.", '"warehouse"."raw".')
    found = trace(sql, tables)
    assert {name: {f"{origin.table}.{origin.column}" for origin in origins} for name, origins in found.items()} == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select from where",
        "select unknown from raw.a",
        "select x from nowhere",
        "pivot raw.a on y using sum(x)",
    ],
)
def test_what_cannot_be_followed_is_stated(sql: str, tables: MappingSchema) -> None:
    with pytest.raises(LineageError):
        trace(sql.replace("raw.", '"warehouse"."raw".'), tables)


def test_what_was_traced_is_remembered_until_a_column_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lineage.json"
    columns = {("raw", "a"): {"x": "BIGINT", "y": "BIGINT"}}
    tables = describe_tables("memory", columns)
    asked: list[str] = []

    def counted(sql: str, tables: MappingSchema) -> Origins:
        asked.append(sql)
        return trace(sql, tables)

    monkeypatch.setattr(lineage, "trace", counted)

    def follow(sql: str, columns: dict[tuple[str, str], dict[str, str]] = columns) -> Origins:
        traced = Traced(path, columns)
        found = traced.trace(sql, tables)
        traced.keep()
        return found

    sql = "select x + y as z from memory.raw.a"
    expected = {"z": frozenset({Origin("raw", "a", "x"), Origin("raw", "a", "y")})}
    assert [follow(sql), follow(sql)] == [expected, expected] and len(asked) == 1
    follow(sql, {("raw", "a"): {"x": "BIGINT", "y": "VARCHAR"}})
    assert len(asked) == 2
    path.write_text("{")
    assert follow(sql, {("raw", "a"): {"x": "BIGINT", "y": "VARCHAR"}}) == expected and len(asked) == 3
