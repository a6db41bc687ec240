"""Declared tables: headers, signs, marks, omissions; numbers typed by hand; differences between two reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.report.bound_values import Bound
from orchestration.report.charts import DASHES, draw
from orchestration.report.document import column_widths
from orchestration.report.grid import heads_of
from orchestration.report.manifest import differences
from orchestration.report.model import Declared
from orchestration.report.places import places_of
from orchestration.report.printed_words import Place
from orchestration.report.tables import LeftOutError, fill
from orchestration.report.typed_numbers import typed_numbers
from orchestration.report.values import Quantity, ReportError, plain
from tests.unit.report_kit import REPORT, answer, comparable, fte, round_of

COMPARABLE = [comparable("fte_by_service", 2015, 2016)]


def declared(**content: Any) -> Declared:
    return Declared.model_validate({"title": {"nb": "Årsverk", "en": "FTE"}, **content})


GROUPS = declared(
    rows={"by": "target_group", "codes": ["adults", "total"]},
    columns=[
        {"measure": "fte_reported", "year": "before"},
        {"measure": "fte_reported"},
        {"measure": "fte_change_percent", "since": "before", "decimals": 1},
    ],
)


def groups(**changes: Any) -> list[dict[str, Any]]:
    return [
        fte(2015, 100.0),
        fte(2015, 60.0, target_group="adults"),
        fte(2016, 110.0),
        fte(2016, 66.0, target_group="adults", **changes),
    ]


def test_a_table_has_heads_over_its_columns_and_the_values_of_its_cells() -> None:
    grid = fill("key", GROUPS, round_of({"fte_by_service": groups(), "comparability": COMPARABLE}))
    assert grid.title == "Årsverk, 2015 og 2016"
    assert [[(head.text, head.columns) for head in line] for line in grid.heads] == [
        [("Årsverk", 2), ("Endring, prosent", 1)],
        [("2015", 1), ("2016", 1), ("2015\u20132016", 1)],
    ]
    assert [row.text for row in grid.rows] == ["Voksne", "I alt"]
    assert [[cell.text for cell in line] for line in grid.cells] == [["60", "66", "10,0"], ["100", "110", "10,0"]]


def test_a_confidential_cell_has_its_sign_and_a_note_and_so_has_what_is_made_of_it() -> None:
    rows = groups(fte=None, obs_status="Q", absence_reason="confidential")
    grid = fill("key", GROUPS, round_of({"fte_by_service": rows, "comparability": COMPARABLE}))
    assert [cell.text for cell in grid.cells[0]] == ["60", ":", ":"]
    assert [cell.marks for cell in grid.cells[0]] == [(), ("a",), ("a",)]
    assert ("a", "Konfidensielt") in [(note.mark, note.text) for note in grid.notes]


def test_a_value_that_is_carried_forward_has_a_note() -> None:
    grid = fill("key", GROUPS, round_of({"fte_by_service": groups(obs_status="I"), "comparability": COMPARABLE}))
    assert grid.cells[0][1].text == "66"
    assert grid.cells[0][1].marks == ("a",)


def test_no_change_is_computed_over_a_break() -> None:
    verdicts = [comparable("fte_by_service", 2015, 2016, "not_comparable")]
    grid = fill("key", GROUPS, round_of({"fte_by_service": groups(), "comparability": verdicts}))
    assert [len(line) for line in grid.cells] == [2, 2]


def test_a_table_without_figures_is_left_out() -> None:
    with pytest.raises(LeftOutError):
        fill("key", GROUPS, round_of({}))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"rows": {"by": "target_group", "codes": ["adlts"]}}, "nearest is 'adults'"),
        ({"columns": [{"measure": "fte_report"}]}, "nearest is 'fte_reported'"),
    ],
)
def test_a_misspelt_code_or_measure_of_a_declaration_is_reported(changes: dict[str, Any], what: str) -> None:
    table = Declared.model_validate({**GROUPS.model_dump(by_alias=True), **changes})
    with pytest.raises(ReportError, match=what):
        fill("key", table, round_of({"fte_by_service": groups()}))


def test_the_first_round_has_no_round_before() -> None:
    grid = fill("key", GROUPS, round_of({"fte_by_service": groups()}, before=None))
    assert [[cell.text for cell in line] for line in grid.cells] == [["66"], ["110"]]


def test_a_question_says_how_many_answered() -> None:
    table = declared(
        rows={"by": "answer", "codes": ["yes", "no", "total"]},
        fixed={"question": "crisis_plan"},
        columns=[{"measure": "municipalities"}, {"measure": "share_of_municipalities"}],
    )
    grid = fill("key", table, round_of({"indicator_shares": [answer("yes", 6), answer("no", 2)]}))
    assert [[cell.text for cell in line] for line in grid.cells] == [["6", "75"], ["2", "25"], ["8", "100"]]
    (note,) = [note for note in grid.notes if note.quantities]
    assert [int(quantity.value) for _, quantity in note.quantities] == [8, 10]


def test_no_word_of_a_head_is_wider_than_its_column() -> None:
    grid = fill("key", GROUPS, round_of({"fte_by_service": groups(), "comparability": COMPARABLE}))
    widths, small = column_widths(grid)
    assert small == 0
    assert sum(widths) == pytest.approx(1)


@pytest.mark.parametrize(
    "text",
    [
        "Det var 12 av dem.",
        "Hver tredje kommune.",
        "Halvparten svarte.",
        "13\u202f936 årsverk",
        "5 prosent",
        "Økte med 0,5.",
    ],
)
def test_a_number_typed_by_hand_is_found(text: str) -> None:
    assert next(iter(typed_numbers(f"Tekst.\n{text}", "nb"))).line == 2


@pytest.mark.parametrize(
    "text",
    [
        "I 2016 og 2007\u20132013, se tabell 3.4 og kapittel 5.",
        "Årsverk per 10 000 innbyggere i IS-24/8.",
        "{{ fte(year - 1, decimals=1) }} årsverk {#id-1}",
        "{% if year > 2014 %}Tekst{% endif %} [lenke](https://example.org/1)",
        "Etter § 3-1 den 4. mai 2016.",
        "1. Første punkt",
    ],
)
def test_what_is_no_figure_may_be_typed(text: str) -> None:
    assert list(typed_numbers(text, "nb")) == []


def test_a_quantity_is_computed_in_decimals() -> None:
    of = round_of({"fte_by_service": [fte(2015, 0.1), fte(2016, 0.3)]})
    cells = [
        of.published.cell("fte_by_service", "fte", {"time_period": year, "unit_level": "country"})
        for year in ("2016", "2015")
    ]
    assert Bound(Quantity(plain(cells[0]), plain(cells[1]), 100, -100)).text == "200"


def test_two_reports_differ_in_what_depends_on_a_correction() -> None:
    before = {
        "values": [{"file": "a.md", "expression": "rose_or_fell(before, year)", "text": "økte", "form": "direction"}],
        "tables": [{"key": "t", "rows": ["I alt"], "columns": ["2015", "2016"], "texts": [["1", "2"]]}],
    }
    after = {
        "values": [{"file": "a.md", "expression": "rose_or_fell(before, year)", "text": "sank", "form": "direction"}],
        "tables": [{"key": "t", "rows": ["I alt"], "columns": ["2015", "2016"], "texts": [["1", "0"]]}],
    }
    found = differences(before, after)
    assert [(each.where, each.before, each.after, each.is_direction) for each in found] == [
        ("a.md: {{ rose_or_fell(before, year) }}", "økte", "sank", True),
        ("t / I alt / 2016", "2", "0", False),
    ]
    assert differences(before, before) == []


def test_a_line_of_heads_that_heads_above_fill_alone_is_no_line() -> None:
    # The column without a text on the second header line spans all lines.
    lines = heads_of([["a", "a", "b"], ["c", "d", ""], ["", "", ""]])
    assert [[(head.text, head.columns, head.rows) for head in line] for line in lines] == [
        [("a", 2, 1), ("b", 1, 2)],
        [("c", 1, 1), ("d", 1, 1)],
    ]


@pytest.mark.parametrize("others", [[], ["0302"]])
def test_a_county_of_one_municipality_is_not_shown_beside_it(others: list[str]) -> None:
    on_map = {"area_basis": "current", "time_period": 2016}
    areas = [{"unit_level": "county", "unit_code": "03", "unit_name": "Oslo", **on_map}]
    for code in ("0301", *others):
        of_county = {"county_code": "03", "size_group": "ge50000", "unit_name": code}
        areas.append({"unit_level": "municipality", "unit_code": code, **of_county, **on_map})
    figures = [
        fte(2016, 10.0, unit_level=level, unit_code=code, area_basis="current")
        for level, code in (("municipality", "0301"), ("county", "03"), ("country", "0"))
    ]
    of = round_of({"areas": areas, "fte_by_service": figures})
    report = REPORT.model_copy(update={"area": "municipality"})
    places = places_of(of.published, report, "0301", 2016, "nb")
    assert places.names["county_name"] == ("Oslo" if others else "")
    of = replace(of, report=report, words=replace(of.words, places=places.here))
    table = declared(rows={"by": "place", "codes": ["here", "county", "country"]}, columns=[{"measure": "fte_reported"}])
    codes = [row.code for row in fill("beside", table, of).rows]
    assert codes == (["here", "county", "country"] if others else ["here", "country"])


def test_lines_are_told_from_each_other_without_colours() -> None:
    lines = declared(
        kind="lines",
        rows={"by": "year", "years": "all"},
        columns=[{"measure": "fte_reported", "with": {"target_group": group}} for group in ("adults", "total")],
    )
    svg = draw(fill("lines", lines, round_of({"fte_by_service": groups(), "comparability": COMPARABLE})), "nb").svg()
    drawn = [line for line in svg.splitlines() if 'stroke-width="2"' in line]
    # In the legend and in the chart.
    assert [DASHES[1] in line for line in drawn] == [False, True, False, True]


@pytest.mark.parametrize("level", ["municipality", "country"])
def test_a_correction_elsewhere_is_not_said_in_the_report_of_an_area(level: str) -> None:
    # The figure of the country contains a corrected answer; that of the municipality does or does not.
    places = {"here": Place("municipality", "0301", "Oslo", "current"), "country": Place("country", "0", basis="current")}
    figures = [
        fte(2016, 10.0, unit_level=place.level, unit_code=place.code, area_basis="current", obs_note=note)
        for place, note in (
            (places["here"], "corrected" if level == "municipality" else None),
            (places["country"], "corrected"),
        )
    ]
    of = round_of({"fte_by_service": figures})
    of = replace(of, words=replace(of.words, places=places))
    table = declared(rows={"by": "place", "codes": ["here", "country"]}, columns=[{"measure": "fte_reported"}])
    grid = fill("beside", table, of)
    assert [bool(row.marks) for row in grid.rows] == [level == "municipality", False]
