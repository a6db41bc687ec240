from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from orchestration.attack.result import PARTS
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Table
from orchestration.gate.rules import Part, Rule, load_rules, row_key, rule_named

TEXT = {"nb": "norsk", "en": "English"}
RULE: dict[str, Any] = {
    "id": "a_rule",
    "title": TEXT,
    "table": "facts",
    "level": "format",
    "severity": "error",
    "rows": "select 1 as x",
    "fails_when": "x > 1",
    "explanation": TEXT,
    "remedy": TEXT,
}
COLUMN = {"type": "VARCHAR", "title": TEXT, "description": TEXT}
TABLE = Table.model_validate(
    {
        "table": "facts",
        "title": TEXT,
        "description": TEXT,
        "key": ["a", "b"],
        "measures": [],
        "columns": [{"name": "a", **COLUMN, "codelist": "letters"}, {"name": "b", **COLUMN}],
    }
)


def write(folder: Path, *rules: dict[str, Any]) -> Path:
    (folder / "rules.yml").write_text(yaml.safe_dump(list(rules)), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("severity", "key", "is_official", "is_waived", "blocks"),
    [
        ("fatal", [], False, False, True),
        ("fatal", [], True, True, True),
        ("error", [], False, False, True),
        ("error", [], True, True, True),
        ("error", ["x"], False, False, True),
        ("error", ["x"], False, True, False),
        ("error", ["x"], True, True, False),
        ("warning", ["x"], False, False, False),
        ("warning", ["x"], True, False, True),
        ("warning", ["x"], True, True, False),
    ],
)
def test_severity_and_key_decide_what_blocks(
    severity: str, key: list[str], is_official: bool, is_waived: bool, blocks: bool
) -> None:
    rule = Rule.model_validate({**RULE, "severity": severity, "key": key})
    assert rule.blocks(passed=False, is_official=is_official, is_waived=is_waived) is blocks
    assert not rule.blocks(passed=True, is_official=is_official)


def test_a_condition_that_is_unknown_counts_as_failing() -> None:
    rule = Rule.model_validate({**RULE, "fails_when": "x > {limit}", "limit": 0.5})
    assert rule.condition() == "coalesce((x > 0.5), true)"


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        (5, "5"),
        (0.25, "0.25"),
        (1.000001, "1.000001"),
        (1234567, "1234567"),
        (0.000001, "0.000001"),
        (-2.5, "-2.5"),
        (0, "0"),
    ],
)
def test_a_limit_keeps_all_its_digits(limit: float, written: str) -> None:
    assert Rule.model_validate({**RULE, "fails_when": "x > {limit}", "limit": limit}).predicate() == f"x > {written}"


def test_a_waiver_names_a_row_by_the_key_of_the_rule() -> None:
    rule = Rule.model_validate({**RULE, "key": ["x", "y"]})
    assert row_key(rule.key, {"x": 1, "y": "a", "z": 2}) == "x=1|y=a"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"severity": "serious"}, "rule 'a_rule': severity"),
        ({"title": {"nb": "norsk"}}, "rule 'a_rule': title.en: Field required"),
        ({"id": "A rule"}, "rule 'A rule': id"),
        ({"colour": "red"}, "rule 'a_rule': colour: Extra inputs are not permitted"),
        ({"rows": None}, "rows and fails_when are needed"),
        ({"rows": None, "fails_when": None}, "expectations are needed, or rows and fails_when"),
        ({"expectations": [{"type": "to_be_between"}]}, "expectations.0.type"),
        ({"expectations": [{"type": "expect_column_to_exist"}]}, "an expectation names its table"),
        ({"kind": "attack", "part": "bounds"}, "a rule of kind attack must not have rows"),
        (
            {"kind": "attack", "rows": None, "fails_when": None},
            "a rule of kind attack needs a part, and no other kind may have one",
        ),
        ({"part": "bounds"}, "a rule of kind attack needs a part, and no other kind may have one"),
        ({"kind": "attack", "part": "guess", "rows": None, "fails_when": None}, "rule 'a_rule': part"),
        ({"severity": "warning"}, "a warning needs a key"),
        ({"severity": "fatal", "key": ["x"]}, "a fatal rule must not have a key"),
    ],
)
def test_a_wrong_rule_is_reported_with_its_file(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        load_rules(write(tmp_path, {**RULE, **change}))
    assert message in str(error.value)
    assert "rules.yml" in str(error.value)


def test_two_rules_may_not_share_an_id(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rule 'a_rule' is also in rules\.yml"):
        load_rules(write(tmp_path, RULE, RULE))


def test_a_rule_that_is_not_there_is_reported_with_the_nearest_id() -> None:
    rules = [Rule.model_validate({**RULE, "id": name}) for name in ("services_add_up", "key_is_filled")]
    assert rule_named(rules, "key_is_filled", "rules").id == "key_is_filled"
    with pytest.raises(UserError) as caught:
        rule_named(rules, "service_adds_up", "rules")
    assert str(caught.value) == "rules: there is no rule 'service_adds_up'; the nearest id is services_add_up"


def test_no_rules_at_all_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are no rules"):
        load_rules(tmp_path)


def test_a_rule_for_each_table_names_table_and_key(tmp_path: Path) -> None:
    rule = Rule.model_validate({**RULE, "for_each": "table", "rows": "select '{table}', {key} from {table}"})
    query = rule.query([TABLE, TABLE], tmp_path)
    assert query.count("union all") == 1
    assert """'a=' || coalesce(cast("a" as varchar), '') || '|' || 'b='""" in query


def test_a_rule_for_each_coded_column_leaves_other_columns_out(tmp_path: Path) -> None:
    rule = Rule.model_validate({**RULE, "for_each": "coded_column", "rows": "select '{column}', '{codelist}'"})
    assert rule.query([TABLE], tmp_path) == "(select 'a', 'letters')"


def test_what_stays_open_in_a_query_is_filled_when_it_runs(tmp_path: Path) -> None:
    rows = r"select '\d{{4}}' as pattern from {batch} join '{candidate}/{table}.csv'"
    rule = Rule.model_validate({**RULE, "for_each": "table", "rows": rows})
    assert rule.queries([TABLE]) == [("facts", rows.replace("{table}", "facts"))]
    assert rule.query([TABLE], tmp_path) == rf"""(select '\d{{4}}' as pattern from "facts" join '{tmp_path}/facts.csv')"""


def test_every_part_of_the_attack_but_the_ways_of_uniform_groups_is_a_rule() -> None:
    # Facts from uniform groups are allowed by the policy, and counted with the bounds.
    rules = load_rules(PROJECT_DIR / "expectations" / "rules")
    parts = [rule.part for rule in rules if rule.kind == "attack"]
    assert sorted(map(str, parts)) == sorted(get_args(Part))
    assert set(get_args(Part)) | {"uniform"} == set(PARTS)
