"""The conditions of ``explain``, and its proposals if nothing is found: the nearest table, column, value or combination."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.trace.conditions import ANSWER_KEYS, name_of_table, nothing_found, parse_conditions

TABLES = ("answers", "fte_by_service", "fte_by_education", "fte_distribution", "areas")
ROWS = [
    (2031, "country", "0", "adults", None),
    (2031, "county", "50", "adults", "home"),
    (2031, "county", "50", "children", "home"),
    (2032, "county", "5001", "adults", "home"),
    (2032, "county", "5006", "adults", "work"),
]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    found = duckdb.connect()
    found.execute(
        "create table rows (time_period integer, unit_level varchar, unit_code varchar, target_group varchar, item varchar)"
    )
    found.executemany("insert into rows values (?, ?, ?, ?, ?)", ROWS)
    return found


def message(connection: duckdb.DuckDBPyConnection, **conditions: str) -> str:
    error = nothing_found(connection, "rows", conditions, "explain rows", "row")
    assert "\n" not in str(error) and str(error).startswith("explain rows: ")
    assert ";" not in error.remedy
    return str(error)


def test_the_beginning_of_a_tables_name_is_enough() -> None:
    assert name_of_table("areas", TABLES) == "areas"
    assert name_of_table("fte_d", TABLES) == "fte_distribution"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("fte_by_servce", "there is no table 'fte_by_servce'; nearest is 'fte_by_service'"),
        ("fte", "'fte' may be fte_by_service, fte_by_education, fte_distribution"),
        ("by", "there is no table 'by'; there are 'fte_by_education', 'fte_by_service'"),
        ("fte_by", "'fte_by' may be fte_by_service, fte_by_education"),
    ],
)
def test_a_name_of_no_table_is_reported_with_the_nearest(name: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        name_of_table(name, TABLES)
    assert says in str(caught.value)
    assert all(table in caught.value.remedy for table in TABLES)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("unit_kode=0301", "there is no column 'unit_kode'; nearest is 'unit_code'"),
        ("f=1", "'f' may be form, file, fate"),
        ("unit_code", "'unit_code' is not a condition; write column=value"),
    ],
)
def test_a_misspelt_column_is_reported_with_the_nearest(condition: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_conditions((condition,), ANSWER_KEYS, "explain answers")
    assert says in str(caught.value)


def test_conditions_are_read_by_a_beginning_of_the_key_and_may_have_an_equals_sign_in_the_value() -> None:
    assert parse_conditions(("uni=03", "sheet=a=b"), ANSWER_KEYS, "x") == {"unit_code": "03", "sheet": "a=b"}


def test_a_value_that_no_row_has_is_reported_with_the_nearest(connection: duckdb.DuckDBPyConnection) -> None:
    assert "no row has unit_code=5002; nearest is '5001'" in message(connection, unit_code="5002")
    assert "no row has unit_code=5002; nearest is '5006'" in message(connection, item="work", unit_code="5002")
    assert "no row has time_period=2039; nearest is '2032'" in message(connection, time_period="2039")
    assert "no row has target_group=adlts; nearest is 'adults'" in message(connection, target_group="adlts")
    # A code is compared with those of its length first.
    connection.execute("update rows set unit_code = '500600' where unit_code = '5006'")
    assert "no row has unit_code=5006; nearest is '5001'" in message(connection, unit_code="5006")
    # Nothing is similar: lists the existing values.
    assert "no row has target_group=xyz, the values are adults, children" in message(connection, target_group="xyz")


def test_a_column_that_is_empty_is_reported_as_such(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("update rows set item = null")
    assert "no row has item=home, the column is empty" in message(connection, item="home")


def test_the_one_condition_that_excludes_all_rows_is_named_with_what_there_is(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    text = message(connection, time_period="2032", unit_code="5006", target_group="adults", item="home")
    assert "no row meets all 4 conditions, but " in text
    # Either of two leads to rows.
    assert "1 without unit_code=5006 (unit_code is 5001 there)" in text
    assert "1 without item=home (item is work there)" in text
    assert "time_period=" not in text
    text = message(connection, time_period="2031", unit_level="county", unit_code="50", item="work")
    assert "2 without item=work (item is home there)" in text and text.count("without") == 1


def test_several_conditions_are_named_where_no_single_one_will_do(connection: duckdb.DuckDBPyConnection) -> None:
    text = message(connection, time_period="2032", unit_level="country", target_group="children")
    assert "2 without unit_level=country and target_group=children" in text
    assert "1 without time_period=2032 and unit_level=country" in text


def test_a_row_without_a_value_meets_no_condition_on_it(connection: duckdb.DuckDBPyConnection) -> None:
    text = message(connection, unit_level="country", item="home")
    assert "no row meets both conditions, but 3 without unit_level=country (unit_level is county there), 1 without" in text
    assert "1 without item=home (item is empty there)" in text
