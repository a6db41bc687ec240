"""A complete run of the real command: figures, repetition, equal bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import get_args

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect
from orchestration.gate.rules import LEVELS, Part, load_rules
from orchestration.publish.snapshot_files import DATABASE
from tests.conftest import run_command
from tests.end_to_end.conftest import DATA, bytes_of


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / "snapshots/current/is248.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


NATIONAL = (
    "select fte from fte_by_service where time_period = {year} and unit_level = 'country' "
    "and target_group = 'total' and service_type = 'total' and area_basis = 'reported'"
)


@pytest.mark.parametrize(("year", "fte"), [(2007, 12029), (2016, 13936), (2023, 17436)])
def test_the_national_figures_are_the_printed_ones(published: Path, year: int, fte: int) -> None:
    ((computed,),) = query(published, NATIONAL.format(year=year))
    assert isinstance(computed, float)
    assert int(computed + 0.5) == fte


def test_oslo_is_the_sum_of_its_districts_and_agencies(published: Path) -> None:
    rows = query(
        published,
        "select target_group, sum(cast(fte as decimal(18, 6))) filter (where unit_level in ('city_district', 'agency')), "
        "sum(cast(fte as decimal(18, 6))) filter (where unit_level = 'municipality') from fte_by_service "
        "where time_period = 2016 and unit_code like '0301%' and area_basis = 'reported' "
        "and service_type = 'total' group by all",
    )
    assert len(rows) == 3
    assert all(parts == whole for _, parts, whole in rows)
    assert query(
        published,
        "select unit_level, count(*) from fte_by_service where time_period = 2016 and target_group = 'total' "
        "and area_basis = 'reported' and unit_level in ('municipality', 'city_district', 'agency') "
        "group by all order by all",
    ) == [("agency", 2), ("city_district", 15), ("municipality", 428)]


def test_the_series_never_join_without_the_break(published: Path) -> None:
    rows = query(
        published,
        "select time_period, series, series_break from fte_by_service where unit_level = 'country' "
        "and target_group = 'total' and service_type = 'total' and area_basis = 'reported' order by time_period",
    )
    assert [period for period, _, is_break in rows if is_break] == [2015, 2020]
    assert [period for period, _, _ in rows] == [*range(2007, 2014), *range(2015, 2024)]
    assert {series for period, series, _ in rows if isinstance(period, int) and period < 2015} == {"is24"}


def test_a_round_without_figures_is_there_and_says_why(published: Path) -> None:
    assert query(
        published,
        "select fte, obs_status, absence_reason from fte_by_service where time_period = 2021 and unit_level = 'country' "
        "and target_group = 'total' and service_type = 'total' and area_basis = 'reported'",
    ) == [(None, "O", "not_delivered")]


def test_every_rule_passes_and_catches_its_fault_and_the_attack_derives_nothing(published: Path) -> None:
    gate = json.loads((published / "snapshots/current/gate.json").read_text(encoding="utf-8"))
    rules = {rule["rule"]: rule for rule in gate["rules"]}
    assert {rule["level"] for rule in gate["rules"]} == set(LEVELS)
    assert gate["counts"]["pass"] == len(rules) >= 40
    assert gate["proof"]["without_fault"] == []
    assert gate["proof"]["faults"] == gate["proof"]["caught"] == len(rules)
    for name in ("no_sum_rests_on_few_units", "no_answer_of_a_unit_follows"):
        assert rules[name]["checked"] > 1_000
        assert rules[name]["failing"] == 0
    assert not any(gate["attack"]["derived"][part] for part in get_args(Part))
    # It read the published files, not only their database.
    assert {Path(name).suffix for name in gate["attack"]["files"]} >= {".duckdb", ".csv", ".parquet", ".json", ".px"}


NEWEST = "(select max(time_period) from fte_by_service where fte is not null)"
NOT_ASKED = "fte = null, obs_status = 'L', absence_reason = 'not_asked', obs_note = null"
NO_FTE = f"{NOT_ASKED}, imputed_share = null"
NO_RATE = f"{NO_FTE}, fte_per_10000 = null, fte_per_10000_unweighted = null, share = null, share_of_both_groups = null"
NO_FORM = f"{NOT_ASKED}, municipalities = null, share_of_municipalities = null"
NO_DISTRIBUTION = (
    "median = null, mean = null, quartile_1 = null, quartile_3 = null, lower_whisker = null, upper_whisker = null, "
    "n_low_outliers = null, n_high_outliers = null, n_units = null, obs_status = 'L', absence_reason = 'not_asked', "
    "obs_note = null"
)

# Questions that a form leaves out, and their rows in the tables.
LEFT_OUT = {
    "a service, an education, pathways and the choice of form": [
        f"update fte_by_service set {NO_RATE} where service_type = 'work_measures'",
        f"update fte_by_education set {NO_FTE}, share = null where education = 'psychiatrist'",
        f"update fte_by_pathway set {NO_FTE}, share = null, units_answered = null where true",
        f"update fte_by_reporting_form set {NO_FORM} where reporting_form != 'total'",
    ],
    "children, and education": [
        f"update fte_by_service set {NO_RATE} where target_group = 'children'",
        f"update fte_by_education set {NO_FTE}, share = null where true",
        f"update fte_by_reporting_form set {NO_FORM} where target_group = 'children'",
        f"update fte_distribution set {NO_DISTRIBUTION} where target_group = 'children'",
        "update real_change set change_fte = null, change_percent = null, real_change_percent = null, "
        "municipalities_excluded = null, obs_status = 'L', absence_reason = 'not_asked' "
        "where target_group = 'children' and time_period_to",
    ],
}


def test_every_marked_break_is_one_of_the_tables_of_breaks(published: Path) -> None:
    unnamed = {}
    for table in load_tables(DATA / "metadata"):
        name = table.name
        if "series_break" not in table.column_names:
            continue
        subject = "indicator" if "indicator" in table.key else f"'{name}'"
        series = ", ".join(column for column in table.key if column != "time_period")
        moved = (
            "and not (rows.area_basis = 'reported' and exists (select 1 from area_breaks as moved where "
            "rows.unit_level = moved.unit_level and rows.unit_code = moved.unit_code "
            "and moved.time_period between rows.since and rows.time_period))"
        )
        unnamed[name] = query(
            published,
            f"with rows as (select *, {subject} as subject, coalesce(lag(time_period) over (partition by {series} "
            f"order by time_period) + 1, time_period) as since from {name}) "
            "select distinct subject, time_period from rows where series_break and not exists (select 1 from series_breaks "
            "as breaks where breaks.indicator = rows.subject and breaks.kind not in ('new', 'dropped', 'not_delivered') "
            f"and breaks.time_period between rows.since and rows.time_period) {moved if 'area_basis' in table.key else ''}",
        )
    assert len(unnamed) > 5
    assert {name: rows for name, rows in unnamed.items() if rows} == {}


def test_every_rule_knows_its_verdict_where_the_newest_form_left_something_out(published: Path, tmp_path: Path) -> None:
    folder = published / "snapshots/current"
    shutil.copyfile(folder / DATABASE, tmp_path / DATABASE)
    tables = load_tables(DATA / "metadata")
    rules = [
        rule
        for rule in load_rules(PROJECT_DIR / "expectations/rules")
        # Great Expectations' own expectations skip nulls, and always have a verdict.
        if rule.stage == "candidate" and rule.rows is not None and rule.level != "format"
    ]
    undecided = []
    with connect(tmp_path / DATABASE) as connection:
        for name, statements in LEFT_OUT.items():
            connection.execute("begin")
            for statement in statements:
                period = "" if statement.endswith("time_period_to") else " and time_period"
                connection.execute(f"{statement}{period} = {NEWEST}")
            for rule in rules:
                (unknown,) = connection.execute(
                    f"select count(*) from ({rule.query(tables, folder)}) where ({rule.predicate()}) is null"
                ).fetchone() or (1,)
                undecided += [(name, rule.id)] if unknown else []
            connection.execute("rollback")
    assert undecided == []


def test_hidden_groups_are_empty_and_the_small_ones_are_among_them(published: Path) -> None:
    ((shown,),) = query(
        published,
        "select count(*) from indicator_shares where obs_status = 'Q' and "
        "(n_answer is not null or n_answered is not null or n_units is not null or share_of_answered is not null)",
    )
    assert shown == 0
    small = query(
        published,
        "select distinct unit_level, unit_code from indicator_shares where n_answered < 3 and unit_set != 'sample'",
    )
    assert set(small) <= {("county", "03"), ("country", "0")}


def test_print_is_reconciled_with_nothing_unexplained(published: Path) -> None:
    verdicts = dict(query(published, "select verdict, count(*) from reconciliation group by all"))
    assert "unexplained" not in verdicts
    assert sum(verdicts.values()) == 6412  # type: ignore[arg-type]
    assert query(
        published,
        "select count(*) from reconciliation where table_id in ('4.1', '4.2', '4.3', '4.4', '4.5', '4.6', '4.7', '4.8') "
        "and verdict = 'not_computable'",
    ) == [(0,)]


def test_the_documents_state_the_verdicts(published: Path) -> None:
    verdicts = dict(query(published, "select verdict, count(*) from reconciliation group by all"))
    line = (
        f"6,412: {verdicts['equal']:,} equal, {verdicts['equal_at_rounding']:,} equal at rounding, "
        f"{verdicts['explained']:,} explained, 0 unexplained, {verdicts['not_computable']:,} not computable"
    )
    for document in ("README.md", "docs/develop/measurements.md"):
        assert line in (PROJECT_DIR / document).read_text(encoding="utf-8"), document


@pytest.mark.parametrize("year", [2007, 2016])
def test_the_control_of_a_year_lists_what_single_units_are_asked(published: Path, year: int) -> None:
    before = bytes_of(published / "snapshots/current")
    result = run_command("control", str(year), "--json", folder=published, data=DATA)
    assert result.returncode == 0, result.stderr
    control = json.loads(result.stdout)
    assert {"rate_above_limit", "text_instead_of_number"} <= set(control["findings"])
    # A caseworker asked 103 of 428 municipalities in 2016; a rule that has findings for most of them is useless.
    assert 20 < control["units"] < 150
    folder = published / "warehouse" / "control" / str(year)
    assert control["folder"] == str(folder)
    lists = bytes_of(folder)
    assert f"{year}_alle.xlsx" in lists
    assert len([name for name in lists if name.startswith("enheter/") and name.endswith(".csv")]) == control["units"]
    assert run_command("control", str(year), folder=published, data=DATA).returncode == 0
    assert bytes_of(folder) == lists
    # None of it is in the folder of snapshots.
    assert bytes_of(published / "snapshots/current") == before


def test_the_status_counts_what_print_is_equal_to(published: Path) -> None:
    status = run_command("status", "--json", folder=published, data=DATA)
    assert json.loads(status.stdout)["reconciliation"]["equal"] > 5400


def test_check_judges_a_published_snapshot_again(new_year: Path) -> None:
    check = run_command("check", folder=new_year, data=new_year / "data")
    assert check.returncode == 0, check.stderr
    assert "rules passed" in check.stdout and "questions, 0 answers derived; " in check.stdout


def test_explain_follows_a_figure_to_units_cells_map_lines_and_rules(published: Path) -> None:
    key = ("time_period=2016", "unit_level=municipality", "unit_code=0301", "target_group=adults", "service_type=total")
    text = run_command("explain", "fte_by_service", *key, "area_basis=reported", folder=published, data=DATA).stdout
    assert "units (17):" in text
    assert "030104 St. Hanshaugen adults = 57.1  (separate forms)" in text
    assert "in is248_2016.sav, sheet is248_2016.sav, cell N28 (v_f_t1)" in text
    assert "data/forms/is248_2016/columns.csv, line 15" in text
    assert "rules of the table" in text
    found = json.loads(
        run_command("explain", "fte_by_service", *key, "area_basis=reported", "--json", folder=published, data=DATA).stdout
    )
    (row,) = found["rows"]
    assert round(sum(float(cell["value"]) for cell in row["cells"]), 6) == row["row"]["fte"]
