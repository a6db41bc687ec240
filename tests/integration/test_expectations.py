"""Rules as expectations on real tables: what each built-in one catches and must accept, and the context run by hand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Table, load_tables
from orchestration.core.warehouse import connect
from orchestration.gate.checkpoint import Checked, run_checkpoint
from orchestration.gate.results import SHOWN_ROWS, result
from orchestration.gate.rules import Rule, Stated, load_rules
from orchestration.gate.suites import CONTEXT

RULES = {rule.id: rule for rule in load_rules(PROJECT_DIR / "expectations" / "rules")}
TABLES = load_tables(PROJECT_DIR / "data" / "metadata")

SERVICE = {"time_period": 2023, "series": "s", "unit_level": "country", "unit_code": "0", "area_basis": "reported"}
SERVICE |= {"target_group": "total", "service_type": "total"}
SHARES = {"indicator": "q", "answer": "yes", "item": "all", "time_period": 2023, "unit_level": "county", "unit_code": "1"}
SHARES |= {"area_basis": "reported"}
COUNTS = SHARES | {"n_answer": 1, "n_answered": 2, "n_units": 4, "share_of_answered": 0.5}

NAN, INFINITY = float("nan"), float("inf")


def described(rule: str) -> list[Table]:
    """Return the tables of a rule; for rules on each table, one with a status and one with a single-column key."""
    names = {stated.table for stated in RULES[rule].expectations} - {None} or {"fte_by_service", "indicators"}
    others = {stated.arguments.get("other_table_name") for stated in RULES[rule].expectations}
    return [table for table in TABLES if table.name in names | others]


def database(folder: Path, rows: dict[str, list[dict[str, Any]]], tables: list[Table] = TABLES) -> Path:
    """Make a database with described tables, and some rows in some of them."""
    path = folder / "is248.duckdb"
    with connect(path) as connection:
        connection.begin()
        for table in tables:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            connection.execute(f'create table "{table.name}" ({columns})')
            for row in rows.get(table.name, []):
                names = ", ".join(f'"{name}"' for name in row)
                marks = ", ".join("?" for _ in row)
                connection.execute(f'insert into "{table.name}" ({names}) values ({marks})', list(row.values()))
        connection.commit()
    return path


def checked(path: Path, rule: Rule, tables: list[Table] = TABLES) -> Checked:
    return run_checkpoint("candidate", [rule], path, tables=tables)


AGENCY = SERVICE | {"unit_level": "agency"}


@pytest.mark.parametrize(
    ("rule", "table", "base", "right", "wrong"),
    [
        (
            "fte_is_not_negative",
            "fte_by_service",
            SERVICE,
            [{"fte": fte} for fte in (0.0, 5.5, None)],
            [{"fte": fte} for fte in (-0.1, NAN, INFINITY, -INFINITY)],
        ),
        (
            "shares_are_shares",
            "fte_by_pathway",
            {},
            [{"share": share} for share in (0.0, 1.0, None)],
            [{"share": share} for share in (-0.1, 1.1, NAN, INFINITY)],
        ),
        (
            "imputed_shares_are_shares",
            "response",
            {},
            [{"imputed_fte_share": share} for share in (0.0, 1.0, None)],
            [{"imputed_fte_share": share} for share in (-0.1, 5.0, NAN)],
        ),
        (
            "key_is_unique",
            "fte_by_service",
            SERVICE,
            [{}, {"target_group": "adults"}],
            [{"target_group": "children"}, {"target_group": "children"}],
        ),
        ("key_is_unique", "indicators", {}, [{"indicator": "a"}], [{"indicator": "b"}, {"indicator": "b"}]),
        ("key_is_filled", "fte_by_service", SERVICE, [{}], [{"series": None}, {"unit_code": None}]),
        (
            "status_is_one_of_the_table",
            "fte_by_service",
            SERVICE,
            [{"obs_status": "A"}],
            [{"obs_status": status} for status in ("Q", None, "")],
        ),
        (
            "unit_figures_are_fte_only",
            "indicator_shares",
            SHARES,
            [{}],
            [{"unit_level": "municipality"}, {"unit_level": None}],
        ),
        (
            "hidden_rows_carry_no_note",
            "amounts",
            {},
            [{"obs_status": "Q"}, {"obs_status": "A", "obs_note": "n"}, {"obs_note": "n"}],
            [{"obs_status": "Q", "obs_note": "n"}, {"absence_reason": "confidential", "obs_note": "n"}],
        ),
        (
            "agency_has_no_rate",
            "fte_by_service",
            AGENCY,
            [{}, {"unit_level": "country", "population": 9.0}],
            [{"population": 9.0}, {"fte_per_10000": NAN}],
        ),
        (
            "every_round_has_population",
            "fte_by_service",
            SERVICE,
            [{"population": 9.0}, {"population": None, "service_type": "x"}, {"population": 0.0, "area_basis": "current"}],
            [{"population": population} for population in (None, 0.0, -1.0, NAN)],
        ),
        (
            "counts_are_ordered",
            "indicator_shares",
            COUNTS,
            [{}, {"n_answer": None, "share_of_answered": None}, {"n_answer": 0, "share_of_answered": 0.0}],
            [
                {"n_answer": 3, "share_of_answered": 1.5},
                {"n_answer": -1, "share_of_answered": -0.5},
                {"n_units": 1},
                {"n_answered": None},
                {"n_units": None},
                *({"share_of_answered": share} for share in (0.6, NAN, None)),
            ],
        ),
        ("every_printed_figure_has_a_verdict", "reconciliation", {}, [], [{"source_id": "a", "verdict": "equal"}]),
    ],
)
def test_a_built_in_expectation_says_what_the_rule_says(
    tmp_path: Path, rule: str, table: str, base: dict[str, Any], right: list[dict[str, Any]], wrong: list[dict[str, Any]]
) -> None:
    about = described(rule)
    path = database(tmp_path, {table: [base | change for change in right]}, about)
    found = checked(path, RULES[rule], about)
    assert not found.errors
    assert result(RULES[rule], found.counted[rule]).outcome == ("pass" if right else "no_data")
    path.unlink()
    path = database(tmp_path, {table: [base | change for change in (*right, *wrong)]}, about)
    counted = checked(path, RULES[rule], about).counted[rule]
    assert (counted.failing, len(counted.rows)) == (len(wrong), len(wrong))
    assert result(RULES[rule], counted).blocks


def test_the_worst_value_is_reported_and_comes_first(tmp_path: Path) -> None:
    rows = [{"imputed_fte_share": share, "survey": str(share)} for share in (0.5, 7.0, 9.0, 8.0)]
    counted = checked(database(tmp_path, {"response": rows}), RULES["imputed_shares_are_shares"]).counted
    found = counted["imputed_shares_are_shares"]
    assert found.value == 9.0
    assert [row["imputed_fte_share"] for row in found.rows] == [9.0, 8.0, 7.0]
    assert found.rows[0] | {"table_name": "response", "survey": "9.0"} == found.rows[0]


def test_a_column_that_nobody_described_is_named(tmp_path: Path) -> None:
    path = database(tmp_path, {})
    with connect(path) as connection:
        connection.execute("alter table amounts add column free_text varchar")
    counted = checked(path, RULES["only_described_columns_are_public"]).counted["only_described_columns_are_public"]
    assert (counted.checked, counted.failing) == (len(TABLES), 1)
    assert counted.rows[0] | {"table_name": "amounts", "Found": "free_text"} == counted.rows[0]


def test_a_built_in_expectation_that_cannot_run_did_not_run(tmp_path: Path) -> None:
    path = database(tmp_path, {"amounts": [{"unit_level": "country"}]})
    with connect(path) as connection:
        connection.execute("drop table amounts")
    found = checked(path, RULES["unit_figures_are_fte_only"])
    assert result(RULES["unit_figures_are_fte_only"], None, error=found.errors["unit_figures_are_fte_only"]).blocks


@pytest.mark.parametrize("argument", [{"value_set": 5}, {"colum": "unit_level"}])
def test_an_expectation_that_great_expectations_does_not_take_is_reported(tmp_path: Path, argument: dict[str, Any]) -> None:
    rule = RULES["unit_figures_are_fte_only"]
    wrong = Stated.model_validate(rule.expectations[0].model_dump() | argument)
    path = database(tmp_path, {"amounts": [{"unit_level": "country"}], "indicator_shares": [SHARES]})
    with pytest.raises(UserError, match="does not accept an expectation of the stage candidate"):
        checked(path, rule.model_copy(update={"expectations": (*rule.expectations, wrong)}))


def test_an_expectation_that_great_expectations_leaves_out_is_not_forgotten(tmp_path: Path) -> None:
    rule = RULES["unit_figures_are_fte_only"]
    unknown = Stated.model_validate(rule.expectations[0].model_dump() | {"type": "expect_nothing_known"})
    path = database(tmp_path, {"amounts": [{"unit_level": "country"}], "indicator_shares": [SHARES]})
    found = checked(path, rule.model_copy(update={"expectations": (*rule.expectations, unknown)}))
    assert found.errors == {rule.id: "4 of 5 expectations ran"}
    assert found.counted == {}


def test_rows_are_those_of_a_waiver_where_the_rule_has_a_key(tmp_path: Path) -> None:
    rule = Rule.model_validate(
        RULES["fte_is_not_negative"].model_dump()
        | {
            "severity": "warning",
            "key": ["time_period", "unit_code"],
            "expectations": RULES["fte_is_not_negative"].expectations,
        }
    )
    path = database(tmp_path, {"fte_by_service": [SERVICE | {"fte": -1.0}, SERVICE | {"fte": -2.0, "unit_code": "1"}]})
    assert checked(path, rule).counted[rule.id].keys == ["time_period=2023|unit_code=0", "time_period=2023|unit_code=1"]


def test_the_native_result_is_the_same_for_the_same_tables_and_shows_only_some_rows(tmp_path: Path) -> None:
    rows = [SERVICE | {"fte": -float(number), "unit_code": str(number)} for number in range(1, 2 * SHOWN_ROWS)]
    path = database(tmp_path, {"fte_by_service": rows})
    rules = [RULES["fte_is_not_negative"], RULES["key_is_filled"], RULES["rate_follows_from_fte"]]
    texts = [json.dumps(run_checkpoint("candidate", rules, path, tables=TABLES).native, sort_keys=True) for _ in range(2)]
    assert texts[0] == texts[1]
    assert str(tmp_path) not in texts[0]
    (suite,) = [
        each for each in json.loads(texts[0])["validation_results"] if each["suite_name"] == "candidate_fte_by_service"
    ]
    (found,) = [each for each in suite["results"] if each["expectation_config"]["meta"]["rule"] == "fte_is_not_negative"]
    assert found["result"]["unexpected_count"] == len(rows)
    assert len(found["result"]["unexpected_index_list"]) == SHOWN_ROWS


def test_the_context_runs_as_the_documentation_says(tmp_path: Path) -> None:
    text = (PROJECT_DIR / "docs" / "run" / "gate.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```python\n(import great_expectations.*?)```", text, flags=re.DOTALL)
    (without_spark,) = re.findall(r"`(import sys; sys.modules.*?)`", text)
    if find_spec("pyspark") is not None:
        command = f"{without_spark}\n{command}"
    path = database(tmp_path, {"fte_by_service": [SERVICE | {"fte": -1.0}]})
    before = sorted(CONTEXT.rglob("*.json"))
    ended = subprocess.run(
        [sys.executable, "-c", command],
        cwd=CONTEXT,
        env=os.environ | {"candidate_database": str(path), "IS248_SNAPSHOTS_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    verdict = json.loads(ended.stdout)
    by_type = [each for suite in verdict["validation_results"] for each in suite["expectations"]]
    assert verdict["success"] is False
    assert {"expect_rule_to_hold", "expect_attack_to_find_nothing", "expect_column_values_to_not_be_null"} <= {
        each["expectation_type"] for each in by_type
    }
    (negative,) = [
        each
        for each in by_type
        if each["expectation_type"] == "expect_column_values_to_be_between"
        and each["kwargs"] | {"batch_id": "candidate-fte_by_service", "column": "fte"} == each["kwargs"]
    ]
    assert negative["result"]["unexpected_count"] == 1
    # No files were written next to the committed ones.
    assert sorted(CONTEXT.rglob("*.json")) == before
