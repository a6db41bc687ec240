"""The command ``explain`` on a tiny warehouse: its findings, and its message where there are none."""

from __future__ import annotations

import json

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import answers, main
from orchestration.core.settings import Settings
from orchestration.core.tables import load_tables

CELL = {
    "form": "small_2031",
    "survey": "small",
    "file": "export.csv",
    "sheet": "export",
    "row_number": 3,
    "column_number": 28,
    "header": "v1",
    "text_delivered": "2,5",
    "fate": "mapped",
    "fate_reason": "a number",
    "question": "fte_by_service",
    "item": "home",
    "target_group": "adults",
    "reporting_form": "joint",
    "unit_code": "0301",
    "time_period": 2031,
    "number_value": 2.5,
    "option_answer": "",
    "answer": "",
    "is_ticked": False,
    "line": 15,
    "use": "answer",
}
KINDS = {int: "integer", float: "double", bool: "boolean", str: "varchar"}


@pytest.fixture
def explained(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A warehouse with one delivered cell, one public area and a public table without rows."""
    settings.warehouse_file.parent.mkdir(parents=True)
    with duckdb.connect(settings.warehouse_file) as connection:
        connection.execute("create schema intermediate; create schema public")
        columns = ", ".join(f'"{name}" {KINDS[type(value)]}' for name, value in CELL.items())
        connection.execute(f"create table intermediate.int_cells ({columns})")
        connection.execute(f"insert into intermediate.int_cells values ({', '.join('?' * len(CELL))})", [*CELL.values()])
        for table in load_tables(settings.metadata):
            if table.name in ("fte_by_service", "areas"):
                names = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
                connection.execute(f"create table public.{table.name} ({names})")
        connection.execute("insert into public.areas (time_period, unit_level, unit_code) values (2031, 'county', '50')")
    monkeypatch.setattr(answers, "load_settings", lambda: settings)
    return settings


def explain(*words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words])


def refused(*words: str) -> str:
    """Return the one-line message of the command when it finds nothing."""
    result = explain(*words)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    again = explain(*words, "--json")
    assert again.exit_code == 1
    answer = json.loads(again.stdout)
    assert result.stderr == f"error: {answer['place']}: {answer['error']}; {answer['remedy']}\n"
    return result.stderr


def test_what_is_there_is_shown(explained: Settings) -> None:
    result = explain("answers", "unit_code=0301", "target_group=adults")
    assert result.exit_code == 0, result.output
    assert "'2,5' in export.csv, sheet export, cell AB3 (v1)" in result.stdout
    assert "unit_level=county, unit_code=50" in explain("areas", "unit_code=50").stdout


def test_an_empty_table_that_is_asked_for_as_a_whole_is_no_mistake(explained: Settings) -> None:
    result = explain("fte_by_service")
    assert (result.exit_code, result.output) == (0, "the table is empty\n")


def test_nothing_found_is_an_error_that_names_the_nearest(explained: Settings) -> None:
    assert "there is no table 'fte_by_servce'; nearest is 'fte_by_service'" in refused("fte_by_servce")
    assert "there is no column 'unit_cod_'; nearest is 'unit_code'" in refused("answers", "unit_cod_=0301")
    assert "no delivered cell has unit_code=0302; nearest is '0301'" in refused("answers", "unit_code=0302")
    assert "no row has unit_level=conty; nearest is 'county'" in refused("areas", "unit_level=conty")
    assert "the column is empty" in refused("fte_by_service", "unit_code=0301")


def test_a_cell_that_is_no_answer_is_not_near(explained: Settings) -> None:
    with duckdb.connect(explained.warehouse_file) as connection:
        connection.execute(
            "insert into intermediate.int_cells by name "
            "(select * replace ('0302' as unit_code, 'x' as use) from intermediate.int_cells)"
        )
    assert "no delivered cell has unit_code=0302; nearest is '0301'" in refused("answers", "unit_code=0302")


def test_known_values_that_are_nowhere_together_are_reported_by_what_to_drop(explained: Settings) -> None:
    with duckdb.connect(explained.warehouse_file) as connection:
        connection.execute("insert into public.areas (time_period, unit_level, unit_code) values (2032, 'county', '46')")
    assert (
        "meets both conditions, but 1 without time_period=2031 (time_period is 2032 there), 1 without unit_code=46"
        in refused("areas", "time_period=2031", "unit_code=46")
    )
