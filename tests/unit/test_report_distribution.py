"""The position of a municipality among others: its areas, the box plot, and the text alternative of the plot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestration.report import charts
from orchestration.report.grid import Grid
from orchestration.report.model import Declared, Report
from orchestration.report.places import places_of
from orchestration.report.tables import fill
from tests.unit.report_kit import REPORT, fte, round_of

BOX = Declared.model_validate(
    {
        "title": {"nb": "Fordeling", "en": "Distribution"},
        "kind": "box",
        "rows": {"by": "place", "codes": ["here", "kostra", "size", "country"]},
        "columns": [
            *({"measure": f"rate_{name}"} for name in ("lowest", "lower_quartile", "median", "upper_quartile", "highest")),
            *({"measure": f"municipalities_{name}"} for name in ("with_rate", "of_area")),
        ],
    }
)
GROUP = "2024_EKG07"
ABOUT = Report.model_validate({**REPORT.model_dump(), "area": "municipality"})


def box(level: str, code: str, name: str, values: list[float] | None, **changes: Any) -> dict[str, Any]:
    names = ("lower_whisker", "quartile_1", "median", "quartile_3", "upper_whisker")
    row = {"time_period": 2016, "series": "is248", "area_basis": "current", "target_group": "total", "obs_status": "A"}
    row |= {"unit_level": level, "unit_code": code, "unit_name": name, "n_units": 4, "n_municipalities": 6}
    return {**row, **dict(zip(names, values or [None] * 5, strict=True)), **changes}


def grid_of(declared: Declared, group: str | None = GROUP, **changes: Any) -> Grid:
    here = {"unit_level": "municipality", "unit_code": "5001", "area_basis": "current", "unit_name": "Trondheim"}
    area = {**here, "time_period": 2016, "county_code": "50", "size_group": "ge50000", "kostra_group": group}
    too_few = {"obs_status": "M", "absence_reason": "too_few_units"}
    of = round_of(
        {
            "areas": [area],
            "fte_by_service": [fte(2016, 30.0, fte_per_10000=30.4, **here)],
            "fte_distribution": [
                box("kostra_group", GROUP, "KOSTRA-gruppe 7 (2024)", [4.0, 11.0, 20.0, 28.0, 61.0], **changes),
                box("size_group", "ge50000", "Stor", None, **too_few),
                box("country", "0", "Hele landet", [1.0, 12.0, 22.0, 33.0, 70.0]),
            ],
        }
    )
    places = places_of(of.published, ABOUT, "5001", 2016, "nb")
    return fill("key", declared, replace(of, words=replace(of.words, places=places.here)))


def test_the_sheet_of_a_municipality_has_its_kostra_group_with_how_many_are_in_it_and_have_figures() -> None:
    grid = grid_of(BOX)
    assert [row.text for row in grid.rows][1] == "KOSTRA-gruppe 7 (2024)"
    assert [cell.text for cell in grid.cells[1]] == ["4", "11", "20", "28", "61", "4", "6"]


def test_a_municipality_without_a_group_has_an_empty_row() -> None:
    grid = grid_of(BOX, group=None)
    assert grid.rows[1].text == "KOSTRA-gruppe"
    assert {cell.text for cell in grid.cells[1]} == {"."}
    assert "ingen fordeling" in charts.draw(grid, "nb").texts


def test_a_box_plot_has_the_own_value_through_all_boxes_and_says_where_there_are_too_few() -> None:
    canvas = charts.draw(grid_of(BOX), "nb")
    drawn = canvas.svg()
    assert drawn.count("<rect") == 1 + 2
    assert drawn.count('stroke-dasharray="5 3"') == 1
    assert drawn.count("<circle") == 1
    assert {"Trondheim", "30", "KOSTRA-gruppe 7 (2024)", "20 (4 av 6)", "22 (4 av 6)", "0", "80"} <= set(canvas.texts)
    assert any("for få" in text for text in canvas.texts)


def test_a_box_plot_is_told_row_by_row_and_names_no_highest() -> None:
    grid = grid_of(BOX)
    description = charts.in_words(grid, round_of({}))
    assert "Trondheim: 30." in description
    assert "KOSTRA-gruppe 7 (2024): halvparten av kommunene har mellom 11 og 28, medianen er 20" in description
    assert "uten ytterpunkter går verdiene fra 4 til 61 (4 av 6)." in description
    assert "ingen fordeling" in description
    assert "høyest" not in description
