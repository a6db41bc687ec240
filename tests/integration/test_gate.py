"""The gate on a tiny candidate: the four outcomes, what blocks, and that the verdict applies to exact bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic import ValidationError

from orchestration.attack import Attack, Derived, TableKey
from orchestration.attack.result import PARTS
from orchestration.cli import main
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, load_settings
from orchestration.core.tables import Table
from orchestration.core.warehouse import connect
from orchestration.disclosure import ledger, policy
from orchestration.gate.attack_rules import AttackInputs
from orchestration.gate.proof import Judged, prove
from orchestration.gate.results import Counted, result
from orchestration.gate.rules import Rule, load_rules
from orchestration.gate.verdict import (
    Circumstances,
    dbt_test_result,
    judge,
    judge_stage,
    refusal,
    refusal_of_stage,
    warning_lines,
)
from orchestration.gate.waivers import PlacedWaiver, Waiver
from orchestration.publish.candidate import Candidate
from orchestration.publish.candidates import note_candidate
from orchestration.publish.snapshot_files import DATABASE, content_hash, write_checksums
from orchestration.publish.snapshots import promote
from tests.unit.test_rules import RULE, TABLE, TEXT


def rule(**changes: Any) -> Rule:
    return Rule.model_validate({**RULE, **changes})


def tiny_candidate(folder: Path) -> Candidate:
    path = folder / "snapshots" / ".candidates" / "2023-0123456789ab"
    (path / "csv").mkdir(parents=True)
    (path / "csv" / "facts.csv").write_text("a,b\nx,1\n", encoding="utf-8")
    with connect(path / DATABASE) as connection:
        connection.execute("create table facts as select * from (values ('x', 1), ('y', 2)) as t (a, b)")
        connection.execute("create table codelists as select 'letters' as codelist, 'x' as code")
    (path / f"{DATABASE}.sha256").write_text("", encoding="utf-8")
    write_checksums(path)
    candidate = Candidate(id=path.name, path=path, content_hash=content_hash(path))
    nothing_to_add(candidate)
    return candidate


def nothing_to_add(candidate: Candidate) -> None:
    """Write the ledger additions of a candidate that hides nothing, and the ledger with which it was made."""
    kept = ledger.ledger_file(candidate.path.parent.parent)
    before = candidate.path.parent / f"{candidate.id}{ledger.BEFORE}"
    if kept.is_file():
        shutil.copyfile(kept, before)
    for path in (candidate.path.parent / f"{candidate.id}{ledger.ADDITIONS}", before):
        with connect(path) as connection:
            for name, columns in ledger.TABLES.items():
                connection.execute(f"create table if not exists {name} ({columns})")


def circumstances(folder: Path, *waivers: Waiver, is_official: bool = False) -> Circumstances:
    placed = [PlacedWaiver(waiver, f"waivers.yml, line {number}") for number, waiver in enumerate(waivers, 1)]
    inputs = AttackInputs(
        earlier=tuple(sorted((folder / "snapshots").glob(f"2*/{DATABASE}"))),
        policy=PROJECT_DIR / "data" / policy.FILE,
        answer_groups=PROJECT_DIR / "data" / "indicators" / "answer_groups.csv",
    )
    return Circumstances(placed, date(2026, 6, 1), is_official, inputs)


def outcome(folder: Path, *rules: Rule, tables: list[Table] | None = None) -> dict[str, Any]:
    return judge(list(rules), tables or [], tiny_candidate(folder), [], circumstances(folder))


def test_a_rule_that_holds_passes(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts", fails_when="b > 2"))
    assert verdict["verdict"] == "pass"
    assert verdict["rules"][0] | {"outcome": "pass", "checked": 2, "failing": 0} == verdict["rules"][0]


def test_a_failing_row_is_named_and_blocks(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts", fails_when="b > 1"))
    assert verdict["verdict"] == "fail"
    assert verdict["blocking"] == ["a_rule"]
    assert verdict["rules"][0]["rows"] == [{"a": "y", "b": 2}]
    assert "a_rule (fail): English; English\n    a=y, b=2\n" in str(refusal(verdict, tmp_path))


def test_a_snapshot_that_fails_stays_and_names_no_file_without_the_result(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts", fails_when="b > 1"))
    lines = str(refusal(verdict, None)).splitlines()
    assert lines[0] == f"refused: 1 rule does not hold for the snapshot {verdict['candidate']}; it stays as it is"
    assert lines[1].startswith("  a_rule (fail)") and not any(
        "all results" in line or "nothing was" in line for line in lines
    )


def test_the_worst_rows_come_first(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts", fails_when="b > 0", value="b"))
    assert [row["b"] for row in verdict["rules"][0]["rows"]] == [2, 1]


def test_a_dbt_test_that_found_rows_blocks(tmp_path: Path) -> None:
    found = dbt_test_result(None, "units_add_up", "", 1, [{"unit": "0301"}])
    verdict = judge([rule(rows="select 1 as x")], [], tiny_candidate(tmp_path), [found], circumstances(tmp_path))
    assert verdict["blocking"] == ["units_add_up"]
    assert "unit=0301" in str(refusal(verdict, tmp_path, [found]))
    # Answers of single units are not in the public file.
    assert "0301" not in json.dumps(verdict)


def test_the_rule_of_a_dbt_test_says_what_it_blocks(tmp_path: Path) -> None:
    described = Rule.model_validate(
        {**RULE, "kind": "dbt_test", "stage": "warehouse", "severity": "warning", "rows": None, "fails_when": None}
    )
    found = dbt_test_result(described, "a_rule", "", 1, [])
    verdict = judge([described, rule(id="another")], [], tiny_candidate(tmp_path), [found], circumstances(tmp_path))
    assert verdict["verdict"] == "pass"


def test_a_rule_on_the_warehouse_that_nobody_ran_blocks(tmp_path: Path) -> None:
    verdict = judge([rule(stage="warehouse"), rule(id="another")], [], tiny_candidate(tmp_path), [], circumstances(tmp_path))
    assert verdict["blocking"] == ["a_rule"]


def test_a_stage_is_judged_by_its_own_rules_on_the_warehouse(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        connection.execute("create schema raw; create table raw.cells as select '0301' as unit, 5 as x")
    rules = [
        rule(stage="delivery", rows="select * from raw.cells", fails_when="x > {limit}", value="x", limit=4),
        rule(id="another", stage="warehouse"),
    ]
    (found,) = judge_stage("delivery", rules, path, circumstances(tmp_path))
    assert (found.outcome, found.blocks, found.value, found.limit) == ("fail", True, 5, 4)
    assert found.rows == [{"unit": "0301", "x": 5}]
    # Neither an answer nor, between two snapshots, a unit's late delivery.
    assert (found.public()["rows"], found.public()["value"], found.public()["checked"]) == ([], None, None)
    assert (found.public()["outcome"], found.public()["failing"]) == ("fail", found.failing)
    # The file is closed again for the next step.
    with connect(path) as connection:
        connection.execute("drop table raw.cells")


WARNING = {"severity": "warning", "rows": "select * from facts", "fails_when": "b > 1", "key": ["a"]}


@pytest.mark.parametrize(
    ("waiver", "verdict", "problem"),
    [
        (None, "fail", None),
        ({"rule": "a_rule", "key": "a=y", "until": date(2026, 6, 1)}, "pass", None),
        ({"rule": "a_rule", "key": "a=y", "until": date(2026, 5, 31)}, "fail", "expired"),
        ({"rule": "a_rule", "key": "a=x", "until": date(2027, 1, 1)}, "fail", "waives no failing row"),
        ({"rule": "no_rule", "key": "a=y", "until": date(2027, 1, 1)}, "fail", "there is no such rule"),
    ],
)
def test_the_official_channel_complies_or_explains(
    tmp_path: Path, waiver: dict[str, Any] | None, verdict: str, problem: str | None
) -> None:
    waivers = [Waiver(reason="known", decided_by="Kari Nordmann", **waiver)] if waiver else []
    judging = Rule.model_validate(
        {**RULE, "id": "waivers_are_valid", "kind": "waivers", "rows": None, "fails_when": None, "may_be_empty": True}
    )
    found = judge(
        [rule(**WARNING), judging],
        [],
        tiny_candidate(tmp_path),
        [],
        circumstances(tmp_path, *waivers, is_official=True),
    )
    assert found["verdict"] == verdict
    by_rule = {each["rule"]: each for each in found["rules"]}
    assert by_rule["a_rule"]["waived"] == (1 if verdict == "pass" else 0)
    problems = [row["problem"] for row in by_rule["waivers_are_valid"]["rows"]]
    assert problems == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("key", "is_signed", "verdict", "problem"),
    [
        (["a"], True, "pass", None),
        (["a"], False, "fail", None),
        ([], True, "fail", "this rule of severity error cannot be waived"),
    ],
)
def test_an_error_whose_rows_have_a_key_can_be_waived(
    tmp_path: Path, key: list[str], is_signed: bool, verdict: str, problem: str | None
) -> None:
    waiver = Waiver(rule="a_rule", key="a=y", reason="known", decided_by="Kari Nordmann", until=date(2027, 1, 1))
    judging = Rule.model_validate(
        {**RULE, "id": "waivers_are_valid", "kind": "waivers", "rows": None, "fails_when": None, "may_be_empty": True}
    )
    error = rule(**{**WARNING, "severity": "error", "key": key})
    found = judge(
        [error, judging], [], tiny_candidate(tmp_path), [], circumstances(tmp_path, *([waiver] if is_signed else []))
    )
    assert found["verdict"] == verdict
    assert [row["problem"] for row in found["rules"][1]["rows"]] == ([problem] if problem else [])


def test_a_refusal_says_how_a_waiver_names_a_row(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        connection.execute("create table facts as select 'y' as a, 2 as b")
    rules = [rule(**{**WARNING, "severity": "error", "stage": "warehouse"})]
    found = judge_stage("warehouse", rules, path, circumstances(tmp_path))
    message = str(refusal_of_stage("warehouse", found))
    assert message.endswith("a=y, b=2\n    a waiver in data/waivers names the first as a=y")


def test_a_refusal_names_the_row_that_nobody_has_signed_for(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        connection.execute("create table facts as select * from (values ('x', 3), ('y', 2)) as t (a, b)")
    rules = [rule(**{**WARNING, "severity": "error", "stage": "warehouse"})]
    waiver = Waiver(rule="a_rule", key="a=x", reason="known", decided_by="Kari Nordmann", until=date(2027, 1, 1))
    message = str(refusal_of_stage("warehouse", judge_stage("warehouse", rules, path, circumstances(tmp_path, waiver))))
    assert message.endswith("a=y, b=2\n    a=x, b=3\n    a waiver in data/waivers names the first as a=y")


def test_a_warning_that_does_not_hold_is_reported_with_its_rows_and_its_remedy(tmp_path: Path) -> None:
    of_warehouse = rule(**{**WARNING, "id": "another", "stage": "warehouse"})
    restricted = [result(of_warehouse, Counted(9, 2, rows=[{"unit": "0301"}, {"unit": "1103"}], keys=["a=b"]))]
    verdict = judge(
        [rule(**WARNING), of_warehouse, rule(id="it_holds")],
        [],
        tiny_candidate(tmp_path),
        restricted,
        circumstances(tmp_path),
    )
    assert verdict["verdict"] == "pass"
    assert warning_lines(verdict, restricted) == [
        "a_rule: English (fails for 1); English",
        "  a=y, b=2",
        "another: English (fails for 2); English",
        "  unit=0301",
        "  unit=1103",
    ]
    assert "  2 rows (restricted)" in warning_lines(verdict)


def test_the_last_rule_blocks_like_the_first(tmp_path: Path) -> None:
    rules = [rule(id=f"rule_{number}", rows="select * from facts", fails_when="b > 2") for number in range(3)]
    rules.append(rule(id="the_last", rows="select * from facts", fails_when="b = 2"))
    candidate = tiny_candidate(tmp_path)
    verdict = judge(rules, [], candidate, [], circumstances(tmp_path))
    assert verdict["blocking"] == ["the_last"]
    with pytest.raises(UserError, match="the gate refused the candidate"):
        promote(candidate, tmp_path / "snapshots")
    assert not (tmp_path / "snapshots" / "current").exists()


def test_a_warning_does_not_block(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts", fails_when="b > 1", severity="warning", key=["a"]))
    assert verdict["verdict"] == "pass"
    assert verdict["rules"][0]["outcome"] == "fail"


def test_a_rule_that_sees_no_row_is_no_data_and_blocks(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts where b > 9", fails_when="b > 1"))
    assert verdict["verdict"] == "fail"
    assert verdict["rules"][0]["outcome"] == "no_data"


def test_a_rule_that_may_be_empty_passes_without_rows(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts where b > 9", fails_when="b > 1", may_be_empty=True))
    assert verdict["verdict"] == "pass"


@pytest.mark.parametrize(
    ("rows_when", "expected"),
    [
        ("select count(*) > 2 from facts", "pass"),
        ("select max(b) > 9 from facts where a = 'z'", "pass"),
        ("select count(*) > 1 from facts", "no_data"),
    ],
)
def test_a_rule_needs_rows_where_the_data_must_have_them(tmp_path: Path, rows_when: str, expected: str) -> None:
    empty = rule(rows="select * from facts where b > 9", fails_when="b > 1", rows_when=rows_when)
    verdict = outcome(tmp_path, empty)
    assert (verdict["rules"][0]["outcome"], verdict["rules"][0]["checked"]) == (expected, 0)
    assert verdict["verdict"] == ("pass" if expected == "pass" else "fail")


def test_rows_that_fail_are_found_where_none_are_needed(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from facts", fails_when="b > 1", rows_when="select false"))
    assert verdict["blocking"] == ["a_rule"]


def test_a_built_in_expectation_needs_rows_where_the_data_must_have_them(tmp_path: Path) -> None:
    stated = {"type": "expect_column_values_to_not_be_null", "table": "facts", "column": "b", "where": {"a": "z"}}
    for rows_when, expected in (("select false", "pass"), ("select true", "no_data")):
        folder = tmp_path / expected
        verdict = outcome(folder, rule(rows=None, fails_when=None, expectations=[stated], rows_when=rows_when))
        assert verdict["rules"][0]["outcome"] == expected


@pytest.mark.parametrize("changes", [{"may_be_empty": True}, {"kind": "waivers", "rows": None, "fails_when": None}])
def test_when_rows_are_needed_is_for_rules_that_need_rows(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="rows_when is for rules"):
        rule(**{"rows": "select 1 as b", "fails_when": "b > 1", "rows_when": "select true"} | changes)


def test_a_rule_that_cannot_run_blocks(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select * from nothing"), rule(id="another", rows="select 1 as x"))
    assert verdict["blocking"] == ["a_rule"]
    assert verdict["rules"][0]["outcome"] == "did_not_run"
    assert "nothing" in verdict["rules"][0]["error"]


def test_a_condition_that_is_unknown_fails(tmp_path: Path) -> None:
    assert outcome(tmp_path, rule(rows="select null as x", fails_when="x > 1"))["rules"][0]["outcome"] == "fail"


def test_texts_with_colons_and_percent_signs_are_only_texts(tmp_path: Path) -> None:
    verdict = outcome(tmp_path, rule(rows="select 'text:a %(b)s' as x, 1::int as y", fails_when="x = ':a' or y > 1"))
    assert verdict["rules"][0]["outcome"] == "pass"


def test_an_unknown_code_is_named(tmp_path: Path) -> None:
    rules = [found for found in load_rules(PROJECT_DIR / "expectations/rules") if found.id == "code_is_in_code_list"]
    verdict = outcome(tmp_path, *rules, tables=[TABLE])
    assert verdict["rules"][0]["rows"][0] | {"column_name": "a", "code": "y"} == verdict["rules"][0]["rows"][0]


def test_a_label_that_a_respondent_wrote_word_by_word_is_no_free_text(tmp_path: Path) -> None:
    (found,) = [each for each in load_rules(PROJECT_DIR / "expectations/rules") if each.id == "no_free_text_becomes_public"]
    labels = "label_nb text, label_en text"
    tables = {
        "raw.columns": "form text, file text, sheet text, layout text, column_number int, header text",
        "raw.cells": "form text, file text, sheet text, layout text, column_number int, row_number int, text text",
        "forms.columns": "form text, layout text, header text, use text, reason text, wording_nb text",
        "forms.options": "label_nb text",
        "classifications.codelists": labels,
        "indicators.answers": labels,
        "indicators.indicators": labels,
        "reference.municipalities": "municipality_name text, name_plain text, official_name text, county_name text",
        "reference.oslo_districts": "district_name text",
        "reference.hf_areas": "hf_area text",
        "public.indicator_shares": "indicator text, answer text, item text, unit_name text, obs_note text",
        **{f"public.fte_by_{each}": "unit_name text, obs_note text" for each in ("service", "education", "pathway")},
        "public.amounts": "indicator text, unit_name text, obs_note text",
        "public.codelists": f"code text, {labels}",
        "public.indicators": labels,
        "public.indicator_wordings": "wording_nb text",
        "public.comparability": "reason text",
        "public.series_breaks": "description_nb text, description_en text, source text",
        "public.reconciliation": "explanation text, reason_nb text, reason_en text",
    }
    with connect(tmp_path / "facts.duckdb") as connection:
        for name, columns in tables.items():
            connection.execute(f"create schema if not exists {name.split('.')[0]}; create table {name} ({columns})")
        connection.execute("insert into raw.columns values ('f', 'a.csv', '', 'main', 1, 'merknad')")
        connection.execute("insert into forms.columns values ('f', 'main', 'merknad', 'ignored', 'respondent_comment', '')")
        for row, text in enumerate(("Ingen endring", "Kristiansand", "Ring Kari Nordmann")):
            connection.execute("insert into raw.cells values ('f', 'a.csv', '', 'main', 1, ?, ?)", [row, text])
        connection.execute("insert into indicators.answers values ('Ingen endring', 'No change')")
        connection.execute(
            "insert into reference.municipalities values ('Kristiansand', 'Kristiansand', 'Kristiansand', 'Agder')"
        )
        connection.execute("insert into public.codelists values ('no_change', 'Ingen endring', 'No change')")
        connection.execute("insert into public.fte_by_service values ('Kristiansand', 'Ring Kari Nordmann')")
        failing = connection.execute(
            f"select table_name, text from ({found.query([], tmp_path)}) as judged where {found.condition()} order by all"
        ).fetchall()
    assert failing == [("fte_by_service", "Ring Kari Nordmann")]


def test_a_copy_of_the_round_before_is_seen_in_the_services_that_both_rounds_asked_about(tmp_path: Path) -> None:
    (found,) = [each for each in load_rules(PROJECT_DIR / "expectations/rules") if each.id == "a_round_is_no_copy"]
    # The second round asks about another service, besides the copied one; the third is different.
    rounds: dict[int, dict[str, float | None]] = {
        2021: {"kept": 3.0, "ended": 1.0},
        2022: {"kept": 3.0, "ended": None, "new": 2.0},
        2023: {"kept": 4.0, "new": 2.0},
    }
    with connect(tmp_path / "facts.duckdb") as connection:
        connection.execute(
            "create table fte_by_service (time_period int, series text, unit_code text, unit_level text, area_basis text, "
            "target_group text, service_type text, fte double, obs_status text)"
        )
        for year, services in rounds.items():
            total = sum(fte or 0 for fte in services.values())
            rows = [("adults", service, fte) for service, fte in services.items()] + [("total", "total", total)]
            connection.executemany(
                f"insert into fte_by_service select {year}, 'is248', unit, 'municipality', 'reported', ?, ?, ?, 'A' "
                "from range(20) as units (unit)",
                rows,
            )
        judged = connection.execute(
            f"select time_period, {found.condition()} from ({found.query([], tmp_path)}) as judged order by all"
        ).fetchall()
    assert judged == [(2022, True), (2023, False)]


def test_a_divided_municipality_may_have_no_figure_when_none_of_its_parts_has(tmp_path: Path) -> None:
    (found,) = [each for each in load_rules(PROJECT_DIR / "expectations/rules") if each.id == "city_is_sum_of_its_parts"]
    rows = [("silent", None, None, None), ("added", 1.5, 2.0, 3.5), ("wrong", 1.5, 2.0, 3.0), ("lost", 1.5, 2.0, None)]
    with connect(tmp_path / "facts.duckdb") as connection:
        connection.execute(
            "create table fte_by_service (time_period int, unit_code text, unit_level text, area_basis text, "
            "target_group text, service_type text, fte double)"
        )
        for service, first, second, whole in rows:
            for code, level, fte in (
                ("030101", "city_district", first),
                ("030190", "agency", second),
                ("0301", "municipality", whole),
            ):
                connection.execute(
                    "insert into fte_by_service values (2023, ?, ?, 'reported', 'adults', ?, ?)", [code, level, service, fte]
                )
        # A missing row of the municipality is a fault, whatever its parts.
        connection.execute(
            "insert into fte_by_service values (2023, '030101', 'city_district', 'reported', 'adults', 'gone', null)"
        )
        failing = connection.execute(
            f"select service_type from ({found.query([], tmp_path)}) as judged where {found.condition()} order by all"
        ).fetchall()
    assert failing == [("gone",), ("lost",), ("wrong",)]


def test_the_verdict_has_no_clock_in_it(tmp_path: Path) -> None:
    texts = []
    for place in ("one", "two"):
        verdict = outcome(tmp_path / place, rule(rows="select * from facts", fails_when="b > 1"))
        texts.append(json.dumps(verdict, sort_keys=True))
    assert texts[0] == texts[1]


def test_a_candidate_that_was_not_judged_is_not_promoted(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the candidate was not judged"):
        promote(tiny_candidate(tmp_path), tmp_path / "snapshots")


def test_a_refused_candidate_is_not_promoted(tmp_path: Path) -> None:
    candidate = tiny_candidate(tmp_path)
    judge([rule(rows="select * from facts", fails_when="b > 1")], [], candidate, [], circumstances(tmp_path))
    with pytest.raises(UserError, match="the gate refused the candidate"):
        promote(candidate, tmp_path / "snapshots")


@pytest.mark.parametrize("name", ["csv/facts.csv", DATABASE])
def test_a_candidate_that_changed_after_it_was_judged_is_not_promoted(tmp_path: Path, name: str) -> None:
    from orchestration.core.content_hashes import file_hash

    candidate = tiny_candidate(tmp_path)
    (candidate.path / f"{DATABASE}.sha256").write_text(f"{file_hash(candidate.path / DATABASE)}  {DATABASE}\n")
    judge([rule(rows="select * from facts", fails_when="b > 9")], [], candidate, [], circumstances(tmp_path))
    with (candidate.path / name).open("ab") as file:
        file.write(b"z")
    with pytest.raises(UserError, match=r"differs from the one that the gate judged|was changed after it was judged"):
        promote(candidate, tmp_path / "snapshots")
    assert not (tmp_path / "snapshots" / "current").exists()


def test_checksums_leave_the_database_to_the_file_beside_it(tmp_path: Path) -> None:
    candidate = tiny_candidate(tmp_path)
    write_checksums(candidate.path)
    assert "csv/facts.csv" in (candidate.path / "SHA256SUMS").read_text()
    assert DATABASE not in (candidate.path / "SHA256SUMS").read_text()


ATTACK = {**RULE, "kind": "attack", "level": "disclosure", "severity": "fatal", "rows": None, "fails_when": None}
FACT = Derived("isolation", "q", "all", 2023, "yes", ("0101", "0104"), ("county", "hf_area"))


def of_attack(part: str, **changes: Any) -> Rule:
    return Rule.model_validate({**ATTACK, "id": part, "part": part, **changes})


def attack_found(*facts: Derived, tried: int = 7) -> Attack:
    return Attack(
        tried={part: {"questions": tried} for part in PARTS},
        derived=facts,
        allowed={"q": 4},
        uniform={},
        uniform_limits={"q": 3},
        not_tried=("a question",),
        files=(DATABASE,),
    )


@pytest.fixture
def attacks(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The requested attacks; none is carried out."""
    asked: list[dict[str, Any]] = []

    def attack(database: Path, **arguments: Any) -> Attack:
        asked.append({"database": database, **arguments})
        # A fault seeded by a proof is found.
        return attack_found(FACT) if database.parent.name.startswith("attacked-") else attack_found()

    monkeypatch.setattr("orchestration.gate.expectations.attack", attack)
    monkeypatch.setattr("orchestration.gate.proof.attack", attack)
    return asked


def test_one_attack_serves_the_rules_of_all_its_parts(tmp_path: Path, attacks: list[dict[str, Any]]) -> None:
    verdict = outcome(tmp_path, *(of_attack(part) for part in ("isolation", "bounds", "formats")))
    assert verdict["verdict"] == "pass"
    assert [each["checked"] for each in verdict["rules"]] == [7, 7, 7]
    (asked,) = attacks
    assert asked == asked | {
        "database": asked["folder"] / DATABASE,
        "policy": PROJECT_DIR / "data" / policy.FILE,
        "answer_groups": PROJECT_DIR / "data" / "indicators" / "answer_groups.csv",
        "folder": tmp_path / "snapshots" / ".candidates" / "2023-0123456789ab",
        "earlier": [],
    }


def test_an_attack_knows_all_earlier_snapshots_and_not_the_one_that_is_judged_as_an_earlier_one(
    tmp_path: Path, attacks: list[dict[str, Any]]
) -> None:
    candidate = tiny_candidate(tmp_path)
    for name in ("2022-000000000000", candidate.id):
        (tmp_path / "snapshots" / name).mkdir()
        (tmp_path / "snapshots" / name / DATABASE).touch()
    assert judge([of_attack("snapshots")], [], candidate, [], circumstances(tmp_path))["verdict"] == "pass"
    assert attacks[0]["earlier"] == [tmp_path / "snapshots" / "2022-000000000000" / DATABASE]


def test_what_an_attack_derives_blocks_the_rule_of_its_part_and_names_no_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "orchestration.gate.expectations.attack", lambda *_, **__: attack_found(FACT, FACT._replace(units=("0106", "0111")))
    )
    verdict = outcome(tmp_path, of_attack("isolation"), of_attack("bounds"))
    assert verdict["blocking"] == ["isolation"]
    (failed, passed) = verdict["rules"]
    assert (failed["failing"], passed["failing"]) == (2, 0)
    assert failed["rows"] == [
        {
            "indicator": "q",
            "item": "all",
            "time_period": 2023,
            "answer": "yes",
            "units": 2,
            "levels": "county, hf_area",
            "facts": 2,
        }
    ]
    assert "0104" not in json.dumps(verdict)
    assert verdict["attack"]["derived"]["isolation"] == 2
    assert verdict["attack"] == verdict["attack"] | {
        "allowed": {"q": 4},
        "not_tried": ["a question"],
        "files": [DATABASE],
        "uniform": [],
        "uniform_limits": {"q": 3},
    }


def test_an_attack_that_tried_nothing_has_judged_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.gate.expectations.attack", lambda *_, **__: attack_found(tried=0))
    verdict = outcome(tmp_path, of_attack("isolation"), of_attack("snapshots", may_be_empty=True))
    assert [each["outcome"] for each in verdict["rules"]] == ["no_data", "pass"]
    assert verdict["blocking"] == ["isolation"]


def test_an_attack_that_breaks_off_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def attack(*_: Any, **__: Any) -> Attack:
        raise ValueError("no such table")

    monkeypatch.setattr("orchestration.gate.expectations.attack", attack)
    verdict = outcome(tmp_path, of_attack("isolation"), rule(id="another", rows="select 1 as x"))
    assert verdict["blocking"] == ["isolation"]
    assert verdict["rules"][0]["outcome"] == "did_not_run"
    assert "no such table" in verdict["rules"][0]["error"]


def shares(folder: Path) -> Judged:
    """A candidate with two questions, and its warehouse."""
    candidate = folder / "candidate"
    candidate.mkdir()
    with connect(candidate / DATABASE) as connection:
        connection.execute(
            "create table indicator_shares as select indicator, 'all' as item, 2023 as time_period, n_answer "
            "from (values ('q', 4), ('r', 5)) as t (indicator, n_answer)"
        )
        connection.execute("create table published_figures (dimensions text, time_period int)")
    with connect(folder / "warehouse.duckdb") as connection:
        connection.execute("create table hidden as select 'q' as indicator")
    return Judged(folder / "warehouse.duckdb", folder, candidate, circumstances(folder).attack_inputs)


def seeded(statement: str) -> dict[str, Any]:
    return {"fault": {"title": TEXT, "sql": [statement]}}


def test_the_proof_of_an_attack_attacks_what_the_fault_changed(tmp_path: Path, attacks: list[dict[str, Any]]) -> None:
    fault = seeded("update indicator_shares set n_answer = 9 where indicator in (from warehouse.hidden)")
    (proven,) = prove([of_attack("isolation", **fault)], [], shares(tmp_path))
    assert (proven.verdict, proven.failing) == ("caught", 1)
    assert [asked["database"].parent.name for asked in attacks] == ["candidate", "attacked-isolation"]
    assert [asked["only"] for asked in attacks] == [{TableKey("indicator_shares", "q", "all", 2023)}] * 2


def test_a_fault_in_the_snapshot_before_is_attacked_together_with_the_candidate(
    tmp_path: Path, attacks: list[dict[str, Any]]
) -> None:
    fault = seeded("update indicator_shares set n_answer = 9 where indicator = 'q'")
    fault["fault"]["into"] = "snapshot_before"
    prove([of_attack("snapshots", **fault)], [], shares(tmp_path))
    assert [asked["database"].parent.name for asked in attacks] == ["candidate", "candidate"]
    assert [[path.parent.name for path in asked["earlier"]] for asked in attacks] == [[], ["attacked-snapshots"]]


def test_a_fault_that_makes_figures_contradict_one_another_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attack(database: Path, **arguments: Any) -> Attack:
        if database.parent.name.startswith("attacked-"):
            raise UserError("contradict one another", place="here", remedy="find the figure")
        return attack_found()

    monkeypatch.setattr("orchestration.gate.proof.attack", attack)
    fault = seeded("update indicator_shares set n_answer = 9 where indicator = 'q'")
    assert prove([of_attack("isolation", **fault)], [], shares(tmp_path))[0].verdict == "caught"


def test_a_fault_of_the_formats_needs_other_files_and_leaves_them_as_they_are(
    tmp_path: Path, attacks: list[dict[str, Any]]
) -> None:
    judged = shares(tmp_path)
    rule = of_attack("formats", **seeded("update indicator_shares set n_answer = null where indicator = 'q'"))
    (proven,) = prove([rule], [], judged)
    assert proven.verdict == "not_seeded"
    (judged.candidate / "csv").mkdir()
    prove([rule], [], judged)
    assert attacks[-1]["folder"].name == "attacked-formats"


def test_the_proof_of_an_attack_attacks_the_questions_whose_print_changed(
    tmp_path: Path, attacks: list[dict[str, Any]]
) -> None:
    fault = seeded("insert into published_figures values ('question=r;answer=yes', 2023), ('question=r', 2022)")
    prove([of_attack("printed", **fault)], [], shares(tmp_path))
    assert [asked["only"] for asked in attacks] == [{TableKey("indicator_shares", "r", "all", 2023)}] * 2


@pytest.mark.parametrize(
    ("part", "statement", "before", "verdict"),
    [
        # The attack finds it, but by another part.
        ("bounds", "update indicator_shares set n_answer = 9", 0, "missed"),
        ("isolation", "update indicator_shares set n_answer = 9 where indicator = 'none'", 0, "not_seeded"),
        ("isolation", "update indicator_shares set n_answer = 9", 1, "caught_clean"),
    ],
)
def test_a_fault_that_an_attack_does_not_find_is_reported(
    tmp_path: Path, attacks: list[dict[str, Any]], part: str, statement: str, before: int, verdict: str
) -> None:
    (proven,) = prove([of_attack(part, **seeded(statement))], [], shares(tmp_path), found_before={part: before})
    assert proven.verdict == verdict


@pytest.fixture
def proving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command that proves rules, on a tiny candidate: a rule catches its fault, one misses it, one fails without."""
    made = tiny_candidate(tmp_path)
    for name, folder in (("WAREHOUSE_DIR", "warehouse"), ("SNAPSHOTS_DIR", "snapshots")):
        monkeypatch.setenv(f"IS248_{name}", str(tmp_path / folder))
    (tmp_path / "warehouse").mkdir()
    with connect(load_settings().warehouse_file):
        pass
    note_candidate(tmp_path / "warehouse", made)
    fault = {"title": TEXT, "sql": ["update facts set b = 9 where a = 'y'"]}
    rules = [
        rule(id="sees_it", table="facts", rows="select * from {batch}", fails_when="b > 2", fault=fault),
        rule(id="misses_it", table="facts", rows="select * from {batch}", fails_when="b > 10", fault=fault),
        rule(id="fails_before", table="facts", rows="select * from {batch}", fails_when="b > 1", fault=fault),
    ]
    monkeypatch.setattr("orchestration.gate.judging.load_rules", lambda _: rules)
    return lambda *arguments: CliRunner().invoke(main, ["prove-rules", *arguments])


def test_rules_are_proven_all_or_one_alone(proving: Callable[..., Result]) -> None:
    result = proving("--json")
    assert result.exit_code == 1
    assert {each["rule"]: each["verdict"] for each in json.loads(result.stdout)["by_rule"]} == {
        "sees_it": "caught",
        "misses_it": "missed",
        "fails_before": "caught_clean",
    }
    result = proving("--rule", "sees_it", "--json")
    assert result.exit_code == 0, result.output
    assert [each["rule"] for each in json.loads(result.stdout)["by_rule"]] == ["sees_it"]
    result = proving("--rule", "misses_it")
    assert (result.exit_code, "misses_it (missed): English; no row failed that had not" in result.stderr) == (1, True)
    result = proving("--rule", "fails_before")
    assert (result.exit_code, "(caught clean): English; 1 row failed without the fault; ./is248 check" in result.stderr) == (
        1,
        True,
    )
    result = proving("--rule", "sees_its")
    assert (result.exit_code, result.stderr.splitlines()[0].rpartition("; ")[2]) == (1, "the nearest id is sees_it")
