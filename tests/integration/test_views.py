"""The safe entries of a snapshot: the most naive query of a view gives the correct figure, with its remarks."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pytest

from orchestration.core.warehouse import connect, quoted
from orchestration.publish import rebuild
from orchestration.publish.publication_metadata import read_release
from orchestration.publish.remarks import with_kinds_sql
from orchestration.publish.snapshot_files import DATABASE
from orchestration.publish.views import described, figures
from orchestration.serve import isolated
from orchestration.serve.limits import Limits
from orchestration.serve.published import guarded_configuration
from tests.integration.publication_kit import CATALOGUE, ENTRIES, TABLES, candidate, fte

# FTE of adults (housing, work) and children (culture) of municipalities; together with Oslo they are the country.
UNITS = {"0301": ("Oslo", "03", 10.0), "1101": ("Eigersund", "11", 4.0), "1867": ("Bø (Nordland)", "18", 2.0)}
ABOVE = {
    ("country", "0"): ("Hele landet", 16.0),
    ("county", "03"): ("Oslo", 10.0),
    ("county", "11"): ("Rogaland", 4.0),
    ("county", "18"): ("Nordland", 2.0),
    ("hf_area", "1"): ("Finnmark", 16.0),
}
YEARS = (2022, 2023)
SHARES = {
    ("total", "total"): 1.0,
    ("adults", "total"): 0.75,
    ("adults", "housing_with_staff"): 0.5,
    ("adults", "work_measures"): 0.25,
    ("children", "total"): 0.25,
    ("children", "activities_culture"): 0.25,
}
SOURCE = next(table for table in TABLES if table.name == "fte_by_service")

# Eigersund rejected its work measures in 2023; Bø's did not answer, and has no figure on today's areas.
REJECTED = {"fte": None, "obs_status": "O", "absence_reason": "rejected"}


def rows() -> dict[str, list[dict[str, Any]]]:
    units = {("municipality", code): (name, figure) for code, (name, _, figure) in UNITS.items()} | ABOVE
    found, areas = [], []
    for year in YEARS:
        for basis in ("reported", "current"):
            for (level, code), (name, figure) in units.items():
                place = {"time_period": year, "area_basis": basis, "unit_level": level, "unit_code": code, "unit_name": name}
                county = UNITS[code][1] if level == "municipality" else None
                areas.append({**place, "county_code": county, "size_group": "lt2000" if county else None})
                for (group, part), share in SHARES.items():
                    row = fte(**place, target_group=group, service_type=part, fte=figure * share)
                    row |= {"series_break": year == 2023, "coverage": 1.0}
                    if code == "1101" and part == "work_measures" and year == 2023:
                        row |= REJECTED
                    if code == "1101" and part == "total" and year == 2023:
                        row |= {"obs_note": "rejected_cells"}
                    if code == "1867" and basis == "current":
                        row |= {"fte": None, "obs_status": "O", "absence_reason": "incomplete", "coverage": 0.9}
                    found.append(row)
    words = {"description_nb": "Annet.", "description_en": "Other."}
    break_of = {"indicator": "fte_by_service", "time_period": 2023, "comparable_before": False, **words}
    return {
        "fte_by_service": found,
        "areas": areas,
        "series_breaks": [{**break_of, "kind": kind} for kind in ("mode", "scope", "new")],
        "area_breaks": [{"time_period": 2023, "unit_level": "municipality", "unit_code": "1101", **words}],
        "indicators": [{"indicator": "plan", "label_nb": "Plan", "label_en": "A plan"}],
        "indicator_shares": [
            {
                "indicator": "plan",
                "answer": "yes",
                "item": "all",
                "time_period": 2023,
                "unit_level": level,
                "unit_code": code,
                "area_basis": basis,
                "share": 0.5,
                "obs_status": "A",
            }
            for level, code in (("country", "0"), ("county", "03"))
            for basis in ("reported", "current")
        ],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return candidate(tmp_path_factory.mktemp("views"), rows(), formats=["xlsx"]).path


@pytest.fixture
def connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(folder / DATABASE, read_only=True) as opened:
        yield opened


@pytest.mark.parametrize("view", [view.view for view in ENTRIES.views if view.view != "fte_municipality_today"])
def test_a_sum_over_a_view_is_the_country(connection: duckdb.DuckDBPyConnection, view: str) -> None:
    query = f"select sum(fte), sum(fte_adults), sum(fte_adults_housing_with_staff) from {view} where time_period = 2023"
    assert connection.execute(query).fetchall() == [(16.0, 12.0, 8.0)]


def test_a_table_asked_so_gives_many_times_too_much_and_says_it(connection: duckdb.DuckDBPyConnection) -> None:
    ((naive, comment),) = connection.execute(
        """
        select (select sum(fte) from fte_by_service where time_period = 2023), comment
        from duckdb_tables() where table_name = 'fte_by_service'
        """
    ).fetchall()
    assert naive > 5 * 16
    assert "Rows overlap: never sum over unit_level, area_basis, target_group or service_type." in comment
    assert "Radene overlapper: summer aldri over unit_level, area_basis, target_group eller service_type." in comment
    assert "fte_country, fte_county" in comment


def test_municipalities_are_added_by_county_without_a_join_or_with_the_key_of_areas(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    own = "select county_name, sum(fte) from fte_municipality where time_period = 2023 group by all order by all"
    assert connection.execute(own).fetchall() == [("Nordland", 2.0), ("Oslo", 10.0), ("Rogaland", 4.0)]
    joined = """
        select areas.county_code, sum(fte)
        from fte_municipality inner join areas using (time_period, unit_level, unit_code, area_basis)
        where time_period = 2023 group by all order by all
    """
    assert connection.execute(joined).fetchall() == [("03", 10.0), ("11", 4.0), ("18", 2.0)]


def test_a_view_shows_every_figure_of_its_rows_and_no_other(connection: duckdb.DuckDBPyConnection) -> None:
    for view in ENTRIES.views:
        of_row = figures(SOURCE, read_release(connection, CATALOGUE).codes)
        shown = " union all ".join(
            f"select time_period, series, unit_code, '{each.measure}' as measure, "
            f"'{each.group}' as target_group, '{each.part}' as service_type, \"{each.column.name}\" from {view.view}"
            for each in of_row
        )
        own = " union all ".join(
            f"select time_period, series, unit_code, '{measure}', target_group, service_type, {measure} from fte_by_service "
            f"where unit_level = '{view.unit_level}' and area_basis = '{view.area_basis}'"
            + ("" if measure == "fte" else " and service_type = 'total'")
            for measure in ("fte", "population", "fte_per_10000")
        )
        for one, other in ((shown, own), (own, shown)):
            found = connection.execute(
                f"select * from ({one}) as one(y, s, u, m, g, p, v) where v is not null except all "
                f"select * from ({other}) as other(y, s, u, m, g, p, v)"
            ).fetchall()
            assert found == [], view.view


def test_a_view_says_what_is_known_of_its_figures(connection: duckdb.DuckDBPyConnection) -> None:
    columns = "unit_code, fte, coverage, obs_status, absence_reason, obs_note, exceptions, fte_adults_work_measures"
    query = f"select {columns} from {{}} where time_period = 2023 and unit_code != '0301' order by unit_code"
    rejected = "fte_adults_work_measures: O, rejected"
    assert connection.execute(query.format("fte_municipality_today")).fetchall() == [
        ("1101", 4.0, 1.0, "A", None, "rejected_cells", rejected, None),
        ("1867", None, 0.9, "O", "incomplete", None, None, None),
    ]
    assert connection.execute(query.format("fte_municipality")).fetchall()[0][6] == rejected


def test_a_view_has_the_kinds_of_breaks_that_workbooks_have(connection: duckdb.DuckDBPyConnection) -> None:
    release = read_release(connection, CATALOGUE)
    for view in ENTRIES.views:
        expected = connection.execute(
            f"select time_period, unit_code, break_kinds from ({with_kinds_sql(connection, SOURCE, release)}) "
            f"where unit_level = '{view.unit_level}' and area_basis = '{view.area_basis}' "
            "and target_group = 'total' and service_type = 'total' order by all"
        ).fetchall()
        found = connection.execute(f"select time_period, unit_code, break_kinds from {view.view} order by all").fetchall()
        assert found == expected, view.view
    assert connection.execute(
        "select unit_code, break_kinds from fte_municipality where time_period = 2023 and unit_code < '12' order by all"
    ).fetchall() == [("0301", "scope;mode"), ("1101", "scope;mode;geography")]


def test_views_have_the_described_columns_with_comments_in_both_languages(connection: duckdb.DuckDBPyConnection) -> None:
    for table in described(ENTRIES, TABLES, read_release(connection, CATALOGUE).codes):
        found = connection.execute(
            "select column_name, data_type, comment from duckdb_columns() where table_name = ? order by column_index",
            [table.name],
        ).fetchall()
        assert [(name, kind) for name, kind, _ in found] == [(each.name, each.type) for each in table.columns]
        assert all(
            f"{each.description.en} / {each.description.nb}" == row[2]
            for each, row in zip(table.columns, found, strict=True)
        )
        ((comment,),) = connection.execute("select comment from duckdb_views() where view_name = ?", [table.name]).fetchall()
        assert table.title.en in comment and table.title.nb in comment
        keys = ", ".join(f'"{name}"' for name in table.key)
        assert connection.execute(f'select count(*) - count(distinct ({keys})) from "{table.name}"').fetchall() == [(0,)]


def test_views_of_an_attached_file_read_that_file(folder: Path) -> None:
    with duckdb.connect() as other:
        other.execute(f"attach {quoted(folder / DATABASE)} as snapshot (read_only)")
        assert other.execute("select fte from snapshot.fte_country where time_period = 2023").fetchall() == [(16.0,)]


def test_macros_answer_common_questions(connection: duckdb.DuckDBPyConnection) -> None:
    def asked(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    assert asked("select fte, obs_status from fte_total(2023)") == [(16.0, "A")]
    for unit in ("1101", "EIGERSUND"):
        assert asked(f"select time_period, fte from fte_series('{unit}')") == [(2022, 4.0), (2023, 4.0)]
    # Oslo is a county and a municipality: only one is meant.
    assert asked("select unit_code from fte_series('Oslo')") == [("0301",)] * 2
    assert asked("select unit_code from fte_series('Oslo', wanted_level := 'county')") == [("03",)] * 2
    assert asked("select unit_code from fte_series('bø')") == [("1867",)] * 2
    assert asked("from find_unit('bø')") == [("municipality", "1867", "Bø (Nordland)", 2022, 2023, True)]
    assert asked("select question_nb, answer, share from question_shares('plan')") == [("Plan", "yes", 0.5)]
    assert asked("select unit_code from question_shares('plan', wanted_level := 'county')") == [("03",)]
    assert asked("from find_question('PLAN')") == [("plan", "Plan", "A plan", 2023, 2023, 1)]
    comment = asked("select count(*) from duckdb_functions() where not internal and comment like '%/%'")
    assert comment == [(len(ENTRIES.macros),)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from fte_series('Atlantis')", "0 units of the level municipality are called Atlantis, see find_unit"),
        ("from question_shares('nothing')", "no question is called nothing, see find_question"),
    ],
)
def test_a_macro_that_finds_nothing_says_so(connection: duckdb.DuckDBPyConnection, query: str, message: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=message):
        connection.execute(query).fetchall()


def test_a_stranger_may_ask_views_in_a_process_of_its_own(folder: Path) -> None:
    limits = Limits()
    answer = isolated.run(
        {
            "sql": "select sum(fte) as fte from fte_county where time_period = 2023",
            "database": str(folder / DATABASE),
            "tables": [view.view for view in ENTRIES.views],
            "configuration": guarded_configuration(limits),
            "limits": dataclasses.asdict(limits),
        }
    )
    assert answer["rows"] == [[16.0]]


def test_the_overview_is_the_view_in_norwegian_words(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    ((total, incomplete),) = connection.execute(
        'select sum("Årsverk"), count(*) filter ("Årsverk" is null) from oversikt where "År" = 2023'
    ).fetchall()
    assert (total, incomplete) == (14.0, 1)
    row = connection.execute('select * from oversikt where "År" = 2023 and "Kommune" = \'1101 Eigersund\'').df().iloc[0]
    assert row["Fylke"] == "11 Rogaland"
    assert row["Type brudd"] == "Omfang; Innsamlingsmåte"
    assert row["Unntak"].startswith("Årsverk: Kommunalt tilrettelagte arbeidstiltak: ")
    assert row["Konstruert"] == "ja"
    with (folder / "csv" / "oversikt.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 1 + len(UNITS) * len(YEARS)


def test_the_overview_for_excel_has_the_same_cells(folder: Path) -> None:
    raw = (folder / "csv" / "oversikt_excel.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b";" in raw.splitlines()[0]
    plain = pd.read_csv(folder / "csv" / "oversikt.csv")
    own = pd.read_csv(folder / "csv" / "oversikt_excel.csv", sep=";", decimal=",", encoding="utf-8-sig")
    pd.testing.assert_frame_equal(own, plain)
    assert plain.loc[plain["Kommune"] == "1101 Eigersund", "Årsverk"].tolist() == [4.0, 4.0]


def test_the_overview_is_the_first_sheet_with_data(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "xlsx" / "is248.xlsx")
    assert book.sheetnames[:2] == ["Les meg", "oversikt"]
    sheet = book["oversikt"]
    assert [cell.value for cell in sheet[1]][:4] == ["År", "Kommune", "Fylke", "Årsverk"]
    assert (sheet.freeze_panes, sheet.max_row) == ("C2", 1 + len(UNITS) * len(YEARS))
    plain = pd.read_csv(folder / "csv" / "oversikt.csv")
    found = pd.read_excel(folder / "xlsx" / "is248.xlsx", sheet_name="oversikt", engine="openpyxl")
    pd.testing.assert_frame_equal(found, plain, check_dtype=False)


def test_another_view_is_another_snapshot(folder: Path, tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes((folder / DATABASE).read_bytes())
    assert rebuild.different_relations(folder / DATABASE, tmp_path / DATABASE) == []
    with connect(tmp_path / DATABASE) as other:
        other.execute("create or replace view fte_county as select * from fte_country")
        other.execute("create or replace macro fte_total(wanted_year) as table select 1")
    assert rebuild.different_relations(folder / DATABASE, tmp_path / DATABASE) == ["fte_county", "fte_total"]
