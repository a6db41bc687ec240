"""Tables that continue printed ones: their rows and columns, figures named by queries, and differences from print."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orchestration.report.grid import Grid, Round
from orchestration.report.model import Declared, Report
from orchestration.report.print_comparison import Printed, compare_with_print, describe_comparison, require_agreement
from orchestration.report.printed_tables import Figure, PrintedTables, Query, load_printed_tables
from orchestration.report.tables import LeftOutError, fill
from orchestration.report.values import ReportError
from tests.unit.report_kit import REPORT, comparable, fte, round_of

SOURCE = "is248_2016"
CSV = {
    "figures": (
        "source_id,table_id,report_year,measure,dimensions,year,decimals\n"
        "is248_2016,3.1,2016,share,price_basis=real_2015_cpi;county=A;municipality_no=0101;municipality=B,2016,1\n"
        "other,3.1,2016,share,,2016,1\n"
    ),
    "queries": (
        "source_id,table_id,cell_key,role,factor,public_table,measure,dimensions\n"
        "is248_2016,3.1,share|size_group=lt5000|2015,numerator,100,fte_by_service,fte,unit_code=lt2000\n"
        "is248_2016,3.1,share|size_group=lt5000|2015,denominator,1,fte_by_service,fte,\n"
        "is248_2016,3.1,share|size_group=lt5000|2016,numerator,100,fte_by_service,fte,unit_code=lt2000\n"
        "is248_2016,3.1,share|size_group=lt5000|2016,denominator,1,fte_by_service,fte,\n"
    ),
    "unit_sets": "source_id,table_id,county,unit_set\nis248_2016,3.1,,with_districts\nis248_2016,3.1,Oslo,with_agencies\n",
}


def declared(**content: Any) -> Declared:
    return Declared.model_validate({"title": {"nb": "Årsverk", "en": "FTE"}, "printed": {SOURCE: "3.1"}, **content})


def figure(measure: str, year: int = 2016, decimals: int = 0, **dimensions: str) -> Figure:
    return Figure(measure, dimensions, year, 2016, decimals)


def laid_out(figures: list[Figure], **content: Any) -> Declared:
    tables = PrintedTables(figures={(SOURCE, "3.1"): tuple(figures)}, unit_sets={(SOURCE, "3.1"): "with_districts"})
    return tables.laid_out(declared(**content), 2016)


def columns(table: Declared) -> list[tuple[Any, ...]]:
    return [(each.measure, each.year, each.since, dict(each.dimensions), each.decimals) for each in table.columns]


def test_rows_columns_and_units_are_those_of_print() -> None:
    figures = [
        each
        for group in ("adults", "total")
        for each in (
            figure("fte_reported", 2015, target_group=group, reporting_form="joint"),
            figure("fte_reported", target_group=group, reporting_form="joint"),
            figure("fte_change_percent", decimals=1, target_group=group, reporting_form="joint", from_year="2015"),
        )
    ]
    table = laid_out(figures, rows={"by": "target_group"})
    assert table.rows.codes == ("adults", "total")
    assert table.fixed == {"reporting_form": "joint"}
    assert columns(table) == [
        ("fte_reported", "before", None, {}, 0),
        ("fte_reported", "report", None, {}, 0),
        ("fte_change_percent", "report", "before", {}, 1),
    ]
    assert table.unit_set == "with_districts"
    assert table.absent == ()


def test_a_cell_that_print_leaves_out_is_left_out_and_a_row_has_the_decimals_of_print() -> None:
    figures = [
        figure("share_of_fte", education="college", target_group="adults"),
        figure("share_of_fte", education="college", target_group="children"),
        figure("share_of_fte", decimals=1, education="psychiatrist", target_group="adults"),
    ]
    table = laid_out(figures, rows={"by": "education"})
    assert table.absent == (("psychiatrist", 2),)
    assert [(each.decimals, each.row_decimals) for each in table.columns] == [(0, {"psychiatrist": 1}), (0, {})]


def test_more_than_two_years_are_a_series_that_goes_on() -> None:
    figures = [figure("fte_reported", year, target_group="adults") for year in (2012, 2015, 2016)]
    assert laid_out(figures, rows={"by": "year"}).rows.years == "all"
    assert [each.year for each in laid_out(figures, rows={"by": "target_group"}).columns] == ["all"]
    assert [each.year for each in laid_out(figures, rows={"by": "target_group"}, years="comparable").columns] == [
        "comparable"
    ]
    assert laid_out(figures[1:], rows={"by": "year"}).rows.years == ("before", "report")


def test_amounts_and_persons_are_of_years_and_not_of_rounds() -> None:
    amount = figure("user_involvement_amount", 2015, -3, size_group="lt2000")
    persons = figure("municipalities", 2015, person_category="1", question="own_place_persons", survey_year="2016")
    assert columns(laid_out([amount], rows={"by": "size_group"})) == [("user_involvement_amount", -1, None, {}, -3)]
    (column,) = laid_out([persons], rows={"by": "person_category"}).columns
    assert (column.year, column.survey) == (-1, 0)


def test_areas_are_those_of_the_map_of_the_round() -> None:
    assert laid_out([figure("fte_reported", county="Troms")], rows={"by": "county"}).rows.codes == "all"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"rows": {"by": "target_group"}, "printed": {SOURCE: "9.9"}}, "has no table 9.9"),
        ({"rows": {"by": "county"}}, "a figure without county"),
        ({"rows": {"by": "target_group"}, "heads": [{"nb": "a", "en": "a"}] * 2}, "1 columns and 2 heads"),
    ],
)
def test_what_print_does_not_have_is_reported(content: dict[str, Any], what: str) -> None:
    with pytest.raises(ReportError, match=what):
        laid_out([figure("fte_reported", target_group="adults")], **content)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"rows": {"by": "target_group"}, "columns": [{"measure": "fte_reported"}]}, "columns: a table that continues"),
        ({"rows": {"by": "target_group", "codes": ["adults"]}}, "rows: a table that continues"),
        ({"rows": {"by": "target_group", "codes": ["adults"]}, "printed": {}}, "needs columns, or a printed table"),
    ],
)
def test_a_table_has_its_cells_from_one_place(content: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        declared(**content)


def test_a_figure_that_a_query_names_is_made_of_its_cells_in_any_round() -> None:
    key = (SOURCE, "3.1", "fte_reported|target_group=total")
    lines = (
        Query(False, 100, "fte_by_service", "fte", {"target_group": "adults"}),
        Query(True, 1, "fte_by_service", "fte", {}),
    )
    of = round_of({"fte_by_service": [fte(2018, 200.0), fte(2018, 50.0, target_group="adults")]}, year=2018, before=None)
    tables = PrintedTables(figures={key[:2]: (figure("fte_reported", target_group="total"),)}, queries={key: lines})
    grid = fill("key", declared(rows={"by": "target_group"}), replace(of, printed=tables))
    assert [[cell.text for cell in line] for line in grid.cells] == [["25"]]


def test_queries_of_one_figure_in_two_years_are_one_query(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    for name in ("figures", "queries", "unit_sets"):
        (folder / f"{name}.csv").write_text(CSV[name], encoding="utf-8")
    fields = {name: [{"name": column} for column in text.split("\n")[0].split(",")] for name, text in CSV.items()}
    resources = [{"name": n, "path": f"{n}.csv", "title": n, "schema": {"fields": fields[n]}} for n in CSV]
    (folder / "datapackage.yml").write_text(json.dumps({"resources": resources}), encoding="utf-8")
    tables = load_printed_tables(tmp_path, {2016: (SOURCE,)})
    assert tables.queries == {
        (SOURCE, "3.1", "share|size_group=lt5000"): (
            Query(False, 100, "fte_by_service", "fte", {"unit_code": "lt2000"}),
            Query(True, 1, "fte_by_service", "fte", {}),
        )
    }
    assert tables.unit_sets == {(SOURCE, "3.1"): "with_districts"}
    (found,) = tables.figures[SOURCE, "3.1"]
    assert dict(found.dimensions) == {"price_basis": "real", "municipality_no": "0101"}


def printed_row(value: float, computed: float | None, group: str = "total", **changes: Any) -> tuple[dict[str, Any], ...]:
    key = {"source_id": SOURCE, "table_id": "3.1", "cell_key": f"fte_reported|target_group={group}|2016"}
    dimensions = {"measure": "fte_reported", "dimensions": f"target_group={group}", "time_period": 2016, "decimals": 0}
    return {**key, **dimensions, "value": value}, {**key, "computed": computed, **changes}


def against(*rows: tuple[dict[str, Any], ...], shown: float = 110.4) -> tuple[Round, Printed]:
    of = round_of(
        {
            "fte_by_service": [fte(2016, shown)],
            "comparability": [comparable("fte_by_service", 2015, 2016)],
            "published_figures": [figures for figures, _ in rows],
            "reconciliation": [computed for _, computed in rows],
        }
    )
    figures = tuple(figure("fte_reported", target_group=row["dimensions"].split("=")[1]) for row, _ in rows)
    report = Report.model_validate({**REPORT.model_dump(), "printed": {2016: [SOURCE]}})
    of = replace(of, report=report, printed=PrintedTables(figures={(SOURCE, "3.1"): figures}, reports=report.printed))
    return of, Printed(of.published, [SOURCE])


def filled(of: Round, table: Declared) -> Grid:
    return fill("table", table, of)


def test_a_figure_that_is_not_the_one_that_the_reconciliation_computes_is_refused() -> None:
    table = declared(rows={"by": "target_group"})
    of, printed = against(printed_row(110, 110.4))
    require_agreement(filled(of, table), printed)
    of, printed = against(printed_row(110, 110.9))
    with pytest.raises(ReportError, match=r"is 110\.4 here and 110\.9 in the reconciliation"):
        require_agreement(filled(of, table), printed)
    otherwise = declared(rows={"by": "target_group"}, otherwise={"nb": "Uten Oslo.", "en": "Without Oslo."})
    grid = filled(of, otherwise)
    require_agreement(grid, printed)
    assert "Uten Oslo." in [note.text for note in grid.notes]


def test_what_a_report_has_of_the_printed_one_is_reported() -> None:
    table = declared(rows={"by": "target_group"})
    of, printed = against(printed_row(111, 110.4), printed_row(9, None, "adults"))
    held = compare_with_print({"table": table}, {"table": filled(of, table)}, {}, of, printed)
    assert [(each.number, each.figures, each.shown, each.equal) for each in held] == [("3.1", 2, 1, 0)]
    assert describe_comparison(held) == [
        "1 of 1 printed tables and figures, 1 of 2 printed numbers; 0 come out as printed",
        "partly: 3.1 (1 of 2)",
    ]


@pytest.mark.parametrize(
    ("tables", "left_out", "verdict", "why"),
    [
        (
            {"table": declared(rows={"by": "target_group"})},
            {"table": "tallene er konfidensielle"},
            "equal",
            "konfidensielle",
        ),
        ({}, {}, "not_computable", "Kodede åpne svar"),
        ({}, {}, "equal", "ingen har skrevet"),
    ],
)
def test_a_printed_table_that_is_not_made_has_its_reason(
    tables: dict[str, Declared], left_out: dict[str, str], verdict: str, why: str
) -> None:
    of, printed = against(printed_row(110, None, verdict=verdict, explanation="open_answers"))
    (held,) = compare_with_print(tables, {}, left_out, of, printed)
    assert held.shown == 0
    assert why in held.why
    assert describe_comparison([held])[1] == f"not made: 3.1: {held.why}"


def test_a_round_that_has_nothing_of_a_printed_table_leaves_it_out() -> None:
    of, _ = against(printed_row(110, 110.4))
    with pytest.raises(LeftOutError):
        filled(replace(of, year=2014, before=None), declared(rows={"by": "target_group"}))
