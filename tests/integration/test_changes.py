"""Changes between two snapshots: classes of revisions, notices, texts, and nothing confidential."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.warehouse import connect
from orchestration.gate.rules import load_rules
from orchestration.gate.verdict import judge
from orchestration.publish.changes import Changes, compare
from orchestration.publish.snapshot_files import CHANGES, CHANGES_PAGE, CHANGES_SCRIPT, CHANGES_TEXT, DATABASE, content_hash
from tests.conftest import recorded
from tests.integration.publication_kit import COUNTRY, TABLES, candidate, database, fte, published
from tests.integration.test_gate import circumstances, nothing_to_add

COUNTY = COUNTRY | {"unit_level": "county", "unit_code": "11", "unit_name": "Rogaland"}
MUNICIPALITY = COUNTRY | {"unit_level": "municipality", "unit_code": "1103", "unit_name": "Stavanger"}
CORRECTION = {
    "subject": "fte_by_service",
    "time_period": 2022,
    "unit_level": "municipality",
    "unit_code": "1103",
    "unit_name": "Stavanger",
    "kind": "answer_error",
    "corrected_on": "2026-03-04",
}
SHARE = {
    "indicator": "user_survey",
    "answer": "yes",
    "item": "all",
    "time_period": 2022,
    "unit_level": "county",
    "unit_code": "11",
    "unit_name": "Rogaland",
    "area_basis": "reported",
    "n_answer": 4,
    "n_answered": 9,
    "unit_set": "municipalities",
    "series_break": False,
    "obs_status": "A",
    "is_constructed": False,
}
HIDDEN = SHARE | {"n_answer": None, "n_answered": None, "obs_status": "Q", "absence_reason": "confidential"}


def changes(folder: Path, before: dict[str, Any], after: dict[str, Any]) -> Changes:
    """Compare two databases with these rows."""
    first, second = database(folder / "before", before), database(folder / "after", after)
    return compare(first, second, TABLES, after_id="after")


def revisions(found: Changes) -> list[dict[str, Any]]:
    assert found.revisions is not None
    return list(found.revisions.to_pylist())


def services(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"fte_by_service": list(rows)}


def one(folder: Path, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    (row,) = revisions(changes(folder, services(before), services(after)))
    return row


def test_equal_tables_have_no_revisions(tmp_path: Path) -> None:
    found = changes(tmp_path, {}, {})
    assert revisions(found) == []
    assert found.figures == found.folded == found.notices == found.schema == []


def test_a_row_is_named_by_its_key_and_reported_with_both_values(tmp_path: Path) -> None:
    row = one(tmp_path, fte(fte=1.5), fte(fte=1.25))
    assert row == {
        "table_name": "fte_by_service",
        "key": "time_period=2023|series=is248|unit_level=country|unit_code=0|area_basis=reported|target_group=total|"
        "service_type=total",
        "time_period": 2023,
        "value_before": 1.5,
        "value_after": 1.25,
        "size": -0.25,
        "status_before": "A",
        "status_after": "A",
        "revision_class": "unexplained",
        "is_constructed": True,
    }


EMPTY = {"fte": None, "obs_status": "O", "absence_reason": "not_delivered"}


@pytest.mark.parametrize(
    ("before", "after", "revision_class"),
    [
        (fte(obs_status="P"), fte(fte=2.0), "planned"),
        (fte(obs_status="P"), fte(), "planned"),
        (fte(obs_status="I"), fte(fte=2.0), "planned"),
        (fte(obs_status="I"), fte(fte=2.0, obs_status="I"), "unexplained"),
        (fte(obs_status="I", imputed_share=0.5), fte(fte=2.0, obs_status="I", imputed_share=0.2), "planned"),
        # The part carried forward decreased; the units' own answers did not change.
        (fte(obs_status="I", imputed_share=0.5), fte(fte=1.0, obs_status="I", imputed_share=0.25), "unexplained"),
        (fte(obs_status="I"), fte(fte=None, obs_status="O", absence_reason="not_answered"), "unexplained"),
        (fte(**EMPTY), fte(), "new"),
        (fte(**EMPTY | {"absence_reason": "not_answered"}), fte(), "late"),
        (fte(**EMPTY | {"absence_reason": "rejected"}), fte(), "unexplained"),
        (fte(), fte(obs_status="E"), "unexplained"),
    ],
)
def test_the_class_of_a_revision_follows_from_what_the_figure_was(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], revision_class: str
) -> None:
    assert one(tmp_path, before, after)["revision_class"] == revision_class


@pytest.mark.parametrize(
    ("basis", "level", "revision_class"),
    [
        ("current", "county", "planned"),
        ("reported", "county", "unexplained"),
        ("current", "country", "unexplained"),  # the sum of the country does not depend on its areas
    ],
)
def test_figures_on_current_areas_are_revised_as_planned_when_the_areas_become_those_of_another_year(
    tmp_path: Path, basis: str, level: str, revision_class: str
) -> None:
    def rows(value: float, newest: int) -> dict[str, Any]:
        # The reference data may have later areas than the newest delivery uses.
        areas = [{"time_period": year, "area_basis": "current"} for year in range(2022, newest + 1)]
        areas += [{"time_period": year, "area_basis": "reported"} for year in range(2022, 2026)]
        return services(fte(fte=value, unit_level=level, area_basis=basis)) | {"areas": areas}

    (row,) = revisions(changes(tmp_path, rows(1.0, 2023), rows(9.0, 2024)))
    assert row["revision_class"] == revision_class


PLACES = {
    "areas": [
        {"time_period": year, "area_basis": "reported", "unit_level": "municipality", "unit_code": code, "county_code": "11"}
        for year in (2022, 2023, 2024)
        for code in ("1103", "1106")
    ]
}
OTHER = MUNICIPALITY | {"unit_code": "1106", "unit_name": "Haugesund"}
SILENT = {"fte": None, "imputed_share": None, "obs_status": "O", "absence_reason": "not_answered"}


def test_a_correction_of_a_year_is_one_too_in_the_years_that_carry_its_values_forward(tmp_path: Path) -> None:
    def rows(value: float) -> dict[str, Any]:
        own = [{**MUNICIPALITY, "time_period": 2022, "fte": value}, {**OTHER, "time_period": 2022, "fte": 5.0}]
        carried = {"obs_status": "I", "imputed_share": 1.0, "obs_note": "carried_from_2022"}
        later = [{**MUNICIPALITY, "time_period": year, "fte": value, **carried} for year in (2023, 2024)]
        sums = [{**COUNTRY, "time_period": 2022, "fte": value + 5}]
        sums += [
            {**COUNTRY, "time_period": year, "fte": value + 6, **carried, "imputed_share": value / (value + 6)}
            for year in (2023, 2024)
        ]
        return services(*own, *later, *sums) | PLACES

    found = changes(tmp_path, rows(4.0), rows(2.0) | {"corrections": [CORRECTION]})
    assert {row["revision_class"] for row in revisions(found)} == {"error"}
    assert len(revisions(found)) == 6
    assert found.planned == found.unattributed == []


def test_sums_that_a_late_answer_moved_are_reported_as_that(tmp_path: Path) -> None:
    before = services(MUNICIPALITY | SILENT, OTHER, COUNTY, COUNTRY) | PLACES
    after = services(MUNICIPALITY | {"fte": 2.0}, OTHER, COUNTY | {"fte": 3.5}, COUNTRY | {"fte": 3.5}) | PLACES
    found = changes(tmp_path, before, after)
    assert [row["revision_class"] for row in revisions(found)] == ["late"] * 3
    assert [(each["cause"], each["figures"]) for each in found.planned] == [("late", 3)]


def test_a_sum_that_holds_an_unexplained_change_is_not_reported_as_late(tmp_path: Path) -> None:
    before = services(MUNICIPALITY | SILENT, OTHER, COUNTRY) | PLACES
    after = services(MUNICIPALITY | {"fte": 2.0}, OTHER | {"fte": 3.0}, COUNTRY | {"fte": 5.0}) | PLACES
    found = changes(tmp_path, before, after)
    classes = {row["key"].split("|")[3]: row["revision_class"] for row in revisions(found)}
    assert classes == {"unit_code=1103": "late", "unit_code=1106": "unexplained", "unit_code=0": "unexplained"}


def test_shares_of_a_year_with_more_answers_than_before_are_reported_as_late(tmp_path: Path) -> None:
    def rows(answered: int, year: int) -> dict[str, Any]:
        response = {"time_period": year, "survey": "is248", "unit_set": "municipalities", "units_answered": answered}
        share = SHARE | {"n_answer": answered - 5, "n_answered": answered}
        return {"response": [{**response, "obs_status": "A"}], "indicator_shares": [share]}

    found = changes(tmp_path, rows(9, 2022), rows(12, 2022))
    assert {row["revision_class"] for row in revisions(found)} == {"late"}


def test_shares_of_another_year_than_the_late_answers_are_not_explained_by_them(tmp_path: Path) -> None:
    response = {"time_period": 2023, "survey": "is248", "unit_set": "municipalities", "obs_status": "A"}
    before = {"response": [{**response, "units_answered": 9}], "indicator_shares": [SHARE]}
    after = {"response": [{**response, "units_answered": 10}], "indicator_shares": [SHARE | {"n_answer": 5}]}
    found = {row["table_name"]: row["revision_class"] for row in revisions(changes(tmp_path, before, after))}
    assert found == {"response": "late", "indicator_shares": "unexplained"}


@pytest.mark.parametrize(
    ("changed", "revision_class"),
    [({"sha256": "other"}, "delivery"), ({"form_sha256": "other"}, "form"), ({"title_en": "Other"}, "unexplained")],
)
def test_what_the_year_was_made_of_is_told_where_nothing_else_explains_a_figure(
    tmp_path: Path, changed: dict[str, str], revision_class: str
) -> None:
    delivery = {"form": "is248_2023", "survey": "is248", "time_period": 2023, "sha256": "one", "form_sha256": "two"}
    before = services(*(fte(time_period=year, fte=1.0) for year in (2022, 2023, 2024))) | {"deliveries": [delivery]}
    after = services(*(fte(time_period=year, fte=2.0) for year in (2022, 2023, 2024))) | {"deliveries": [delivery | changed]}
    found = {row["time_period"]: row["revision_class"] for row in revisions(changes(tmp_path, before, after))}
    # The next year may carry its values forward.
    assert found == {2022: "unexplained", 2023: revision_class, 2024: revision_class}


def test_rows_that_came_and_went(tmp_path: Path) -> None:
    found = revisions(changes(tmp_path, services(fte(), MUNICIPALITY), services(fte(), COUNTY)))
    assert {(row["key"].split("|")[2], row["revision_class"]) for row in found} == {
        ("unit_level=county", "new"),
        ("unit_level=municipality", "removed"),
    }


@pytest.mark.parametrize(("before", "after"), [(SHARE, HIDDEN), (HIDDEN, SHARE), (HIDDEN, HIDDEN | {"obs_status": "A"})])
def test_a_figure_that_is_confidential_on_one_side_is_reported_on_neither(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = changes(tmp_path, {"indicator_shares": [before]}, {"indicator_shares": [after]})
    (row,) = revisions(found)
    assert row["value_before"] is row["value_after"] is row["size"] is None
    assert {row["status_before"], row["status_after"]} == {"A", "Q"}
    assert row["revision_class"] == "planned"
    assert all(figure.value_before is figure.value_after is None for figure in found.figures)


def test_tables_and_columns_that_came_or_changed_are_reported(tmp_path: Path) -> None:
    first, second = database(tmp_path / "before", services(fte())), database(tmp_path / "after", services(fte(fte=2.0)))
    with connect(first / DATABASE) as connection:
        connection.execute("drop table corrections")
        connection.execute("create table gone as select 1 as a")
        connection.execute("alter table response drop column obs_note")
        connection.execute("alter table areas alter population type integer")
    found = compare(first, second, TABLES, after_id="after")
    assert {(change.kind, change.table, change.column) for change in found.schema} == {
        ("table_added", "corrections", None),
        ("table_removed", "gone", None),
        ("column_added", "response", "obs_note"),
        ("type_changed", "areas", "population"),
    }
    assert [row["value_after"] for row in revisions(found)] == [2.0]


def correction_and_new_year() -> tuple[dict[str, Any], dict[str, Any]]:
    """Rows of a snapshot, and of the next with one correction and one new year."""
    before = services(
        fte(time_period=2022, fte=100.0),
        COUNTY | {"time_period": 2022, "fte": 40.0},
        MUNICIPALITY | {"time_period": 2022, "fte": 20.0},
    )
    after = services(
        fte(time_period=2022, fte=92.0, obs_note="corrected"),
        COUNTY | {"time_period": 2022, "fte": 32.0, "obs_note": "corrected"},
        MUNICIPALITY | {"time_period": 2022, "fte": 12.0, "obs_note": "corrected"},
        fte(fte=96.6),
        COUNTY | {"fte": 33.0},
        MUNICIPALITY | {"fte": 12.5},
    ) | {"corrections": [CORRECTION]}
    return before, after


def test_one_correction_and_one_new_year_read_as_a_person_would_write_them(tmp_path: Path) -> None:
    before, after = correction_and_new_year()
    first = published(tmp_path, before)
    second = published(tmp_path, after)
    text = (
        (second / CHANGES_TEXT).read_text(encoding="utf-8").replace(first.name, "<before>").replace(second.name, "<after>")
    )
    assert text == recorded("changes.md", text)


def test_the_changes_stand_in_the_snapshot_for_people_for_machines_and_for_the_front_page(tmp_path: Path) -> None:
    before, after = correction_and_new_year()
    first, second = published(tmp_path, before), published(tmp_path, after)
    written = json.loads((second / CHANGES).read_text(encoding="utf-8"))
    assert (written["id"], written["predecessor"]) == (second.name, first.name)
    assert written["notices"][0]["unit_name"] == "Stavanger"
    assert written["periods"][0]["time_period"] == 2023
    page = (second / CHANGES_PAGE).read_text(encoding="utf-8")
    assert "Rettet: Årsverk etter tjeneste i Stavanger, 2022" in page and "http" not in page.replace("http-equiv", "")
    script = (second / CHANGES_SCRIPT).read_text(encoding="utf-8")
    shown = json.loads(script.removeprefix("window.IS248_CHANGES = ").removesuffix(";\n"))
    assert shown["summary"]["nb"][0].startswith("Nytt år: 2023.")
    with connect(second / DATABASE, read_only=True) as connection:
        rows = connection.execute("select * from revisions order by all").fetchall()
        kinds = connection.execute("select revision_class, count(*) from revisions group by all order by all").fetchall()
    assert kinds == [("error", 3), ("new", 3)]
    assert duckdb.sql(f"select * from '{second}/parquet/revisions.parquet' order by all").fetchall() == rows
    assert len((second / "csv" / "revisions.csv").read_text(encoding="utf-8").splitlines()) == 7


def test_the_rules_let_a_second_snapshot_with_corrections_of_fte_pass(tmp_path: Path) -> None:
    before, after = correction_and_new_year()
    published(tmp_path, before)
    second = candidate(tmp_path, after)
    nothing_to_add(second)
    rules = [
        rule
        for rule in load_rules(PROJECT_DIR / "expectations" / "rules")
        if rule.stage == "candidate" and rule.kind == "rows" and (rule.for_each or rule.table == "revisions")
    ]
    verdict = judge(rules, TABLES, second, [], circumstances(tmp_path))
    assert verdict["blocking"] == []


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("corrections", "'user_survey', 2022, 'municipality', '1103', 'Stavanger', 'answer_error', '2026-03-04'"),
        (
            "revisions",
            "'indicator_shares', 'item=a|unit_level=municipality|unit_code=1103', 2022, 1, 2, 1, 'error', 'A', 'A', true",
        ),
    ],
)
def test_a_single_unit_is_refused_where_corrections_or_revisions_are_not_about_fte(
    tmp_path: Path, table: str, values: str
) -> None:
    made = candidate(tmp_path)
    nothing_to_add(made)
    with connect(made.path / DATABASE) as connection:
        connection.execute(f"insert into {table} values ({values})")
    rules = [
        rule for rule in load_rules(PROJECT_DIR / "expectations" / "rules") if rule.id == "single_units_only_where_allowed"
    ]
    assert judge(rules, TABLES, made, [], circumstances(tmp_path))["blocking"] == ["single_units_only_where_allowed"]


def test_the_predecessor_does_not_change_the_id(tmp_path: Path) -> None:
    before, after = correction_and_new_year()
    alone = candidate(tmp_path / "alone", after)
    published(tmp_path / "later", before)
    later = candidate(tmp_path / "later", after)
    assert later.id == alone.id and content_hash(later.path) == content_hash(alone.path)
    assert (later.path / CHANGES_TEXT).read_text(encoding="utf-8") != (alone.path / CHANGES_TEXT).read_text(encoding="utf-8")


def test_a_correction_of_an_answer_names_no_unit(tmp_path: Path) -> None:
    correction = CORRECTION | {
        "subject": "user_survey",
        "unit_level": "country",
        "unit_code": "0",
        "unit_name": "Hele landet",
    }
    found = changes(
        tmp_path, {"indicator_shares": [SHARE]}, {"indicator_shares": [SHARE | {"n_answer": 5}], "corrections": [correction]}
    )
    (notice,) = found.notices
    assert (notice.unit_level, notice.figures, notice.unit_before) == ("country", 1, None)
    assert found.unattributed == []


def test_a_correction_of_an_amount_is_about_the_year_before_that_of_the_form(tmp_path: Path) -> None:
    amount = {"indicator": "money", "unit_level": "country", "unit_code": "0", "obs_status": "A", "time_period": 2021}
    correction = CORRECTION | {"subject": "money", "unit_level": "country", "unit_code": "0"}
    found = changes(
        tmp_path,
        {"amounts": [amount | {"amount_nok": 10.0}]},
        {"amounts": [amount | {"amount_nok": 20.0}], "corrections": [correction]},
    )
    assert [notice.figures for notice in found.notices] == [1]
    assert found.unattributed == []


def test_a_correction_accounts_for_its_own_subject_only(tmp_path: Path) -> None:
    correction = CORRECTION | {"subject": "user_survey", "unit_level": "country", "unit_code": "0"}
    found = changes(
        tmp_path,
        services(fte(time_period=2022)),
        services(fte(time_period=2022, fte=99.0)) | {"corrections": [correction]},
    )
    assert [each["table"] for each in found.unattributed] == ["fte_by_service"]


def test_a_withdrawn_correction_that_lets_an_older_one_be_seen_is_no_new_notice(tmp_path: Path) -> None:
    older = CORRECTION | {"corrected_on": "2025-01-01"}
    assert changes(tmp_path, {"corrections": [CORRECTION]}, {"corrections": [older]}).notices == []


def test_changes_beside_the_main_figure_are_counted_and_reported(tmp_path: Path) -> None:
    found = changes(tmp_path, services(fte()), services(fte(population=11.0, fte_per_10000=1363.6)))
    assert revisions(found) == []
    (table,) = [table for table in found.tables if table.table == "fte_by_service"]
    assert table.classes == {"changed": 1}
    assert table.columns == {"population": 1, "fte_per_10000": 1}


def test_a_table_without_figures_is_compared_by_key(tmp_path: Path) -> None:
    row = {"source_id": "s", "table_id": "1", "cell_key": "k", "verdict": "equal"}
    found = changes(tmp_path, {"reconciliation": [row]}, {"reconciliation": [row | {"verdict": "explained"}]})
    (table,) = [table for table in found.tables if table.table == "reconciliation"]
    assert table.classes == {"changed": 1}


def test_every_year_of_a_change_is_a_figure_of_its_own(tmp_path: Path) -> None:
    def rows(value: float) -> dict[str, Any]:
        change = {"time_period_to": 2023, "target_group": "total", "change_percent": value, "obs_status": "A"}
        return {"real_change": [change | {"time_period_from": year} for year in (2015, 2022)]}

    found = changes(tmp_path, rows(1.0), rows(2.0))
    assert [figure.dimensions["time_period_from"] for figure in found.figures] == ["2015", "2022"]


def test_a_unit_that_changed_on_current_areas_only_is_reported(tmp_path: Path) -> None:
    unit = MUNICIPALITY | {"area_basis": "current", "unit_name": None}
    found = changes(tmp_path, services(unit), services(unit | {"fte": 3.0}))
    assert [(folded.unit_name, folded.figures) for folded in found.folded] == [("1103", 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "drop table areas",
        "alter table fte_by_service rename column fte to full_time",
        "alter table fte_by_service alter fte type varchar using 'many'",
        "alter table corrections drop column corrected_on",
        "alter table fte_by_service drop column area_basis",
        "alter table fte_by_service drop column obs_note",
    ],
)
def test_a_predecessor_of_an_earlier_version_does_not_stop_the_next(tmp_path: Path, statement: str) -> None:
    first, second = database(tmp_path / "before", services(fte())), database(tmp_path / "after", services(fte(fte=2.0)))
    with connect(first / DATABASE) as connection:
        connection.execute(statement)
    assert compare(first, second, TABLES, after_id="after").schema


def test_a_damaged_snapshot_is_reported_in_one_line(tmp_path: Path) -> None:
    first, second = database(tmp_path / "before", services(fte())), database(tmp_path / "after", services(fte()))
    (first / DATABASE).write_bytes(b"not a database")
    with pytest.raises(UserError, match="cannot be compared") as error:
        compare(first, second, TABLES, after_id="after")
    assert "\n" not in str(error.value)


def test_a_change_that_no_correction_accounts_for_is_reported_as_such(tmp_path: Path) -> None:
    found = changes(tmp_path, services(fte(time_period=2019)), services(fte(time_period=2019, fte=2.0)))
    assert [(each["table"], each["figures"], each["time_periods"]) for each in found.unattributed] == [
        ("fte_by_service", 1, [2019])
    ]


values = st.one_of(st.none(), st.integers(0, 20).map(lambda tenths: tenths / 10))
versions = st.dictionaries(
    st.tuples(st.sampled_from(["0", "11", "1103"]), st.integers(2020, 2023)), values, min_size=1, max_size=8
)


@given(before=versions, after=versions)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_revisions_lead_from_one_snapshot_to_the_next(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[tuple[str, int], float | None],
    after: dict[tuple[str, int], float | None],
) -> None:
    def rows(version: dict[tuple[str, int], float | None]) -> dict[str, Any]:
        return services(*(fte(unit_code=code, time_period=year, fte=value) for (code, year), value in version.items()))

    found = revisions(changes(tmp_path_factory.mktemp("changes"), rows(before), rows(after)))
    led = dict(before)
    for row in found:
        parts = dict(part.split("=") for part in row["key"].split("|"))
        key = (parts["unit_code"], int(parts["time_period"]))
        assert row["value_before"] == before.get(key)
        if row["revision_class"] == "removed":
            del led[key]
        else:
            led[key] = row["value_after"]
    assert led == after
