"""The files of the Great Expectations context: the translation of a rule, and that the files match the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Table, load_tables
from orchestration.gate.rules import Rule, load_rules
from orchestration.gate.suites import CONTEXT, Asset, build, counts, entries_of, is_current, write
from tests.unit.test_rules import COLUMN, RULE, TABLE, TEXT

SINGLE = Table.model_validate(
    {
        "table": "single",
        "title": TEXT,
        "description": TEXT,
        "key": ["a"],
        "measures": [],
        "statuses": ["A", "Q"],
        "columns": [{"name": "a", **COLUMN}, {"name": "obs_status", **COLUMN}],
    }
)


def stated(*expectations: dict[str, Any], **changes: Any) -> Rule:
    return Rule.model_validate({**RULE, "rows": None, "fails_when": None, "expectations": list(expectations), **changes})


def entries(rule: Rule, *tables: Table) -> list[tuple[str, str, dict[str, Any]]]:
    return [(entry.asset.table, entry.type, entry.kwargs) for entry in entries_of(rule, list(tables))]


def test_the_files_are_those_of_the_rules() -> None:
    files = build(load_rules(PROJECT_DIR / "expectations" / "rules"), load_tables(PROJECT_DIR / "data" / "metadata"))
    assert is_current(CONTEXT, files), "run is248 build-suites"


def test_the_documents_count_what_the_suites_hold() -> None:
    rules = load_rules(PROJECT_DIR / "expectations" / "rules")
    found = counts(build(rules, load_tables(PROJECT_DIR / "data" / "metadata")))
    faults = sum(rule.fault is not None or rule.kind == "waivers" for rule in rules)
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    measured = (PROJECT_DIR / "docs" / "develop" / "measurements.md").read_text(encoding="utf-8")
    assert f"{faults} of {faults} rules catch an error" in readme
    assert (
        f"{len(rules)} over six levels, {found['expectations']} expectations of Great Expectations, "
        f"{found['built_in']} of them built-in"
    ) in measured
    assert f"{faults} of {faults} are caught" in measured


def test_every_rule_that_great_expectations_judges_stands_in_a_suite() -> None:
    rules = load_rules(PROJECT_DIR / "expectations" / "rules")
    found = {
        each["meta"]["rule"]
        for path in (CONTEXT / "suites").glob("*.json")
        for each in json.loads(path.read_text(encoding="utf-8"))["expectations"]
    }
    assert found == {rule.id for rule in rules if rule.kind in ("rows", "attack")}


def test_what_was_built_earlier_and_is_none_any_more_is_removed(tmp_path: Path) -> None:
    write(tmp_path, build([Rule.model_validate({**RULE, "table": "gone"})], []))
    files = build([Rule.model_validate(RULE)], [])
    assert not is_current(tmp_path, files)
    write(tmp_path, files)
    assert is_current(tmp_path, files)
    assert sorted(path.name for path in (tmp_path / "suites").iterdir()) == ["candidate_facts.json"]


def test_a_key_of_one_column_is_unique_by_the_expectation_for_columns() -> None:
    rule = stated(
        {"type": "expect_compound_columns_to_be_unique", "column_list": "{key}", "ignore_row_if": "never"}, for_each="table"
    )
    assert entries(rule, SINGLE, TABLE) == [
        ("single", "expect_column_values_to_be_unique", {"column": "a"}),
        ("facts", "expect_compound_columns_to_be_unique", {"column_list": ["a", "b"], "ignore_row_if": "never"}),
    ]


def test_each_column_of_the_key_has_an_expectation_of_its_own() -> None:
    rule = stated({"type": "expect_column_values_to_not_be_null", "column": "{key_column}"}, for_each="table")
    assert [kwargs for _, _, kwargs in entries(rule, TABLE)] == [{"column": "a"}, {"column": "b"}]


def test_a_rule_for_observations_leaves_out_tables_without_a_status() -> None:
    expectation = {"type": "expect_column_values_to_be_in_set", "column": "obs_status", "value_set": "{statuses}"}
    ((table, _, kwargs),) = entries(stated(expectation, for_each="observations"), SINGLE, TABLE)
    assert (table, kwargs["value_set"]) == ("single", ["A", "Q"])


def test_the_limit_of_a_rule_is_an_argument() -> None:
    expectation = {"type": "expect_column_values_to_be_between", "table": "facts", "column": "a", "max_value": "{limit}"}
    assert entries(stated(expectation, limit=0.5), TABLE)[0][2] == {"column": "a", "max_value": 0.5}


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ({"a": "x"}, {"type": "comparison", "column": {"name": "a"}, "operator": "==", "parameter": "x"}),
        ({"a": ["x", "y"]}, {"type": "comparison", "column": {"name": "a"}, "operator": "IN", "parameter": ["x", "y"]}),
        ({"a": None}, {"type": "nullity", "column": {"name": "a"}, "is_null": True}),
        ({"a": "not null"}, {"type": "nullity", "column": {"name": "a"}, "is_null": False}),
    ],
)
def test_rows_that_are_looked_at_are_a_condition(where: dict[str, Any], condition: dict[str, Any]) -> None:
    expectation = {"type": "expect_column_values_to_be_null", "table": "facts", "column": "b"}
    assert entries(stated({**expectation, "where": where}), TABLE)[0][2]["row_condition"] == condition
    both = entries(stated({**expectation, "where": {**where, "b": "z"}}), TABLE)[0][2]["row_condition"]
    assert (both["type"], both["conditions"][0]) == ("and", condition)
    either = entries(stated({**expectation, "where": [where, {"b": "z"}]}), TABLE)[0][2]["row_condition"]
    assert (either["type"], either["conditions"][0]) == ("or", condition)


@pytest.mark.parametrize(
    ("stage", "table", "asset"),
    [
        ("candidate", "facts", Asset("candidate", "facts")),
        ("candidate", "fact*, other", Asset("candidate", "facts")),
        ("candidate", "all", Asset("candidate", "snapshot")),
        ("warehouse", "int_units", Asset("warehouse", "int_units", "intermediate")),
        ("delivery", "raw.cells", Asset("warehouse", "cells", "raw")),
    ],
)
def test_a_rule_is_about_a_table(stage: str, table: str, asset: Asset) -> None:
    (entry,) = entries_of(Rule.model_validate({**RULE, "stage": stage, "table": table}), [TABLE])
    assert entry.asset == asset
