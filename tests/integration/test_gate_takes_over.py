"""The gate takes over results with unchanged inputs, and judges everything else again: on tiny candidates."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.attack import connections
from orchestration.core.warehouse import connect
from orchestration.gate.kept_results import FOLDER, Memory
from orchestration.gate.proof import Judged, prove
from orchestration.gate.proofs import Proofs
from orchestration.gate.result_keys import Pieces, Recall
from orchestration.gate.rules import Rule
from orchestration.gate.sql_inputs import reading
from orchestration.gate.verdict import judge
from orchestration.publish.candidate import Candidate
from orchestration.publish.snapshot_files import DATABASE, GATE_NATIVE
from tests.integration.test_gate import FACT, attack_found, circumstances, of_attack, rule, shares
from tests.unit.test_rules import TEXT

LOW = rule(id="low", rows="select * from facts", fails_when="b > {limit}", value="b", limit=5)
OTHERS = rule(id="others", table="others", rows="select * from others", fails_when="c > 5")
# The table of the rule is read too.
OF_FILE = rule(id="of_file", table="others", rows="select * from read_csv('{candidate}/csv/listed.csv')", fails_when="b > 5")
BUILT_IN = Rule.model_validate(
    {
        **rule(id="built_in").model_dump(exclude={"rows", "fails_when"}),
        "expectations": [{"type": "expect_column_values_to_not_be_null", "table": "facts", "column": "a"}],
    }
)
ALL = [LOW, OTHERS, OF_FILE, BUILT_IN]


def made(folder: Path, name: str, *statements: str, csv: str = "a,b\nx,1\n") -> Candidate:
    path = folder / "snapshots" / ".candidates" / name
    shutil.rmtree(path, ignore_errors=True)
    (path / "csv").mkdir(parents=True)
    (path / "csv" / "listed.csv").write_text(csv, encoding="utf-8")
    with connect(path / DATABASE) as connection:
        connection.execute("create table facts as select * from (values ('x', 1), ('y', 2)) as t (a, b)")
        connection.execute("create table others as select 1 as c")
        for statement in statements:
            connection.execute(statement)
    return Candidate(id=name, path=path, content_hash="0")


def judged(folder: Path, candidate: Candidate, rules: list[Rule], *, takes_over: bool = True) -> dict[str, Any]:
    memory = Memory(folder / FOLDER, candidate.id, takes_over=takes_over)
    with reading({"candidate": candidate.path / DATABASE}, candidate.path) as reads:
        verdict = judge(rules, [], candidate, [], circumstances(folder), recall=Recall(memory, reads))
    memory.forget_unused()
    return verdict


def by_rule(verdict: dict[str, Any]) -> dict[str, list[str] | None]:
    return {each["rule"]: each.get("judged_on") for each in verdict["rules"]}


def plain(verdict: dict[str, Any]) -> str:
    """The verdict without the times of judging and the candidate's name."""
    rules = [{name: value for name, value in each.items() if name != "judged_on"} for each in verdict["rules"]]
    return json.dumps(verdict | {"rules": rules, "candidate": ""})


def test_a_result_is_taken_over_where_nothing_that_it_reads_changed(tmp_path: Path) -> None:
    first = judged(tmp_path, made(tmp_path, "one"), ALL)
    assert by_rule(first) == dict.fromkeys(by_rule(first))
    second = judged(tmp_path, made(tmp_path, "two"), ALL)
    assert by_rule(second) == {name: ["one"] for name in by_rule(first)}
    # It was judged on the first candidate, however often it is taken over.
    third = judged(tmp_path, made(tmp_path, "three"), ALL)
    assert by_rule(third) == {name: ["one"] for name in by_rule(first)}
    assert plain(first) == plain(second) == plain(third)


@pytest.mark.parametrize(
    ("statements", "csv", "anew"),
    [
        (["update facts set b = 3 where a = 'y'"], "a,b\nx,1\n", {"low", "built_in"}),
        (["insert into others values (2)"], "a,b\nx,1\n", {"others", "of_file"}),
        ([], "a,b\nx,2\n", {"of_file"}),
        (["alter table facts add column more int"], "a,b\nx,1\n", {"low", "built_in"}),
        (["create table more (a int)"], "a,b\nx,1\n", set()),
    ],
)
def test_what_changed_is_judged_anew(tmp_path: Path, statements: list[str], csv: str, anew: set[str]) -> None:
    judged(tmp_path, made(tmp_path, "one"), ALL)
    found = by_rule(judged(tmp_path, made(tmp_path, "two", *statements, csv=csv), ALL))
    assert {name for name, judged_on in found.items() if judged_on is None} == anew


def test_a_wrong_figure_is_found_although_the_memory_knows_the_table_without_it(tmp_path: Path) -> None:
    judged(tmp_path, made(tmp_path, "one"), ALL)
    wrong = judged(tmp_path, made(tmp_path, "two", "update facts set b = 9, a = null where a = 'y'"), ALL)
    assert wrong["blocking"] == ["low", "built_in"]
    # A failure is never remembered: its rows are shown each time.
    again = judged(tmp_path, made(tmp_path, "two", "update facts set b = 9, a = null where a = 'y'"), ALL)
    assert {name: by_rule(again)[name] for name in ("low", "built_in")} == {"low": None, "built_in": None}
    assert plain(again) == plain(wrong)


def test_another_rule_of_the_same_name_is_judged(tmp_path: Path) -> None:
    judged(tmp_path, made(tmp_path, "one"), ALL)
    stricter = LOW.model_copy(update={"limit": 1})
    found = judged(tmp_path, made(tmp_path, "two"), [stricter, OTHERS])
    assert (found["blocking"], by_rule(found)["others"]) == (["low"], ["one"])


def test_other_code_judges_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(tmp_path, made(tmp_path, "one"), ALL)
    monkeypatch.setattr("orchestration.gate.result_keys.versions", lambda: "other")
    assert not any(by_rule(judged(tmp_path, made(tmp_path, "two"), ALL)).values())


def test_a_judgement_anew_takes_nothing_over_and_fills_the_memory(tmp_path: Path) -> None:
    judged(tmp_path, made(tmp_path, "one"), ALL)
    assert not any(by_rule(judged(tmp_path, made(tmp_path, "two"), ALL, takes_over=False)).values())
    found = by_rule(judged(tmp_path, made(tmp_path, "three"), ALL))
    assert found == {each.id: ["two"] for each in ALL}


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-2])])
def test_a_damaged_entry_is_judged_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    first = judged(tmp_path, made(tmp_path, "one"), ALL)
    entries = sorted((tmp_path / FOLDER).iterdir())
    assert len(entries) == len(ALL)
    damage(entries[0])
    found = judged(tmp_path, made(tmp_path, "two"), ALL)
    assert sorted(by_rule(found).values(), key=str) == [None, ["one"], ["one"], ["one"]]
    assert plain(found) == plain(first)


def test_what_depends_on_the_day_is_judged_each_time(tmp_path: Path) -> None:
    of_day = rule(rows="select current_date as day from facts", fails_when="day < date '2000-01-01'")
    judged(tmp_path, made(tmp_path, "one"), [of_day])
    assert by_rule(judged(tmp_path, made(tmp_path, "two"), [of_day])) == {"a_rule": None}


def test_severity_and_waivers_are_those_of_today(tmp_path: Path) -> None:
    warning = rule(rows="select * from facts", fails_when="b > 1", severity="warning", key=["a"])
    memory = Memory(tmp_path / FOLDER, "one", takes_over=True)
    candidate = made(tmp_path, "one")
    for is_official in (False, True):
        with reading({"candidate": candidate.path / DATABASE}, candidate.path) as reads:
            circumstance = circumstances(tmp_path, is_official=is_official)
            verdict = judge([warning], [], candidate, [], circumstance, recall=Recall(memory, reads))
        assert verdict["verdict"] == ("fail" if is_official else "pass")


CHANGES = st.lists(
    st.sampled_from(
        [
            "update facts set b = b + 3 where a = 'x'",
            "update facts set a = null where b = 2",
            "insert into facts values ('z', 5)",
            "delete from others",
            "insert into others values (7)",
            "delete from facts where a = 'y'",
        ]
    ),
    max_size=2,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(CHANGES, min_size=2, max_size=2))
def test_results_are_the_same_bytes_with_and_without_the_memory(tmp_path: Path, steps: list[list[str]]) -> None:
    shutil.rmtree(tmp_path / FOLDER, ignore_errors=True)
    for number, statements in enumerate(steps):
        candidate = made(tmp_path, str(number), *statements)
        with_memory = judged(tmp_path, candidate, ALL)
        native = (candidate.path / GATE_NATIVE).read_bytes()
        without = judge(ALL, [], candidate, [], circumstances(tmp_path))
        assert plain(with_memory) == plain(without)
        assert (candidate.path / GATE_NATIVE).read_bytes() == native


def faulty(identifier: str, table: str, statement: str, **changes: Any) -> Rule:
    return rule(id=identifier, table=table, fault={"title": TEXT, "sql": [statement]}, **changes)


PROVEN = [
    faulty("low", "facts", "update facts set b = 9", rows="select * from facts", fails_when="b > 5"),
    faulty(
        "others",
        "others",
        "update others set c = (select a + 8 from warehouse.given)",
        rows="from others",
        fails_when="c > 5",
    ),
    faulty("blind", "facts", "update facts set b = 9", rows="select * from others", fails_when="c > 5"),
]


def proven(folder: Path, candidate: Candidate, given: int, rules: list[Rule]) -> dict[str, tuple[str, str | None]]:
    warehouse = folder / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    with connect(warehouse) as connection:
        connection.execute(f"create table given as select {given} as a")
    files = Judged(warehouse, folder, candidate.path, circumstances(folder).attack_inputs)
    memory = Memory(folder / FOLDER, candidate.id, takes_over=True)
    with reading({"candidate": candidate.path / DATABASE, "warehouse": warehouse}, candidate.path) as reads:
        found = prove(
            rules,
            [],
            files,
            found_before={each.id: 0 for each in rules},
            proofs=Proofs(memory, reads, [], files.attack_inputs),
        )
    return {each.rule: (each.verdict, each.judged_on) for each in found}


def test_a_proof_is_taken_over_where_rule_fault_and_tables_are_as_they_were(tmp_path: Path) -> None:
    first = proven(tmp_path, made(tmp_path, "one"), 1, PROVEN)
    assert first == {"low": ("caught", None), "others": ("caught", None), "blind": ("missed", None)}
    second = proven(tmp_path, made(tmp_path, "two"), 1, PROVEN)
    assert second == {"low": ("caught", "one"), "others": ("caught", "one"), "blind": ("missed", None)}
    # The fault reads the warehouse.
    assert proven(tmp_path, made(tmp_path, "three"), 2, PROVEN)["others"] == ("caught", None)
    # The rule reads the candidate.
    assert proven(tmp_path, made(tmp_path, "four", "delete from facts where a = 'y'"), 2, PROVEN) == {
        "low": ("caught", None),
        "others": ("caught", "three"),
        "blind": ("missed", None),
    }


def test_a_rule_that_became_blind_is_not_taken_for_proven(tmp_path: Path) -> None:
    proven(tmp_path, made(tmp_path, "one"), 1, PROVEN)
    blind = PROVEN[0].model_copy(update={"fails_when": "b > 99"})
    assert proven(tmp_path, made(tmp_path, "two"), 1, [blind]) == {"low": ("missed", None)}


def test_the_proof_of_an_attack_depends_on_what_the_attack_asks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def attack(database: Path, **_: Any) -> Any:
        with connections.opened(database) as connection:
            connection.sql("select max(n_answer) from indicator_shares").fetchall()
            connection.sql("select count(*) from areas where time_period > 2000").fetchall()
        return attack_found(FACT) if database.parent.name.startswith("attacked-") else attack_found()

    monkeypatch.setattr("orchestration.gate.proof.attack", attack)
    files = shares(tmp_path)
    with connect(files.candidate / DATABASE) as connection:
        connection.execute("create table areas (time_period int)")
    seeding = of_attack("isolation", fault={"title": TEXT, "sql": ["update indicator_shares set n_answer = 9"]})

    def found(*statements: str) -> str | None:
        with connect(files.candidate / DATABASE) as connection:
            for statement in statements:
                connection.execute(statement)
        memory = Memory(tmp_path / FOLDER, "later" if statements else "first", takes_over=True)
        with reading({"candidate": files.candidate / DATABASE, "warehouse": files.warehouse}, files.candidate) as reads:
            proofs = Proofs(memory, reads, [], files.attack_inputs)
            (one,) = prove([seeding], [], files, found_before={"isolation": 0}, proofs=proofs)
        assert one.verdict == "caught"
        return one.judged_on

    assert found() is None
    assert found("select 1") == "first"
    # A change of a table with the same query results is ignored; with other results the rule is proven again.
    assert found("insert into areas values (1990)") == "first"
    assert found("insert into areas values (2020)") is None
    assert found("update indicator_shares set n_answer = 3 where indicator = 'q'") is None


def test_pieces_of_an_attack_say_where_they_were_worked_out(tmp_path: Path) -> None:
    Pieces(Memory(tmp_path, "one")).keep(("bounds", "routing"), "a", {"x": 1})
    pieces = Pieces(Memory(tmp_path, "two", takes_over=True))
    assert pieces.find(("bounds", "routing"), "a") == {"x": 1}
    assert pieces.find(("routing", "practice"), "b") is None
    assert pieces.judged_on == {"bounds": ["one"], "routing": ["one", None], "practice": [None]}
