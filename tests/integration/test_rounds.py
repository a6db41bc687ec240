"""Three consecutive rounds of a tiny survey: values that units report, leave blank or confirm, and carrying forward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from tests.conftest import Row, add_service, edit_csv
from tests.integration.deliveries_kit import (
    COLUMNS,
    FORM,
    HEADER,
    OPTIONS,
    cell_models,
    csv_text,
    load_inputs,
    make_kit,
    write_delivery,
    write_form,
)

# Code, and the FTE of two services. Finnøy and Rennesøy became part of Stavanger in 2020.
REPORTED = {
    2019: {
        "1103": ("10", "4"),
        "1141": ("1", "0"),
        "1142": ("2", "1"),
        "1106": ("5", "2"),
        "1149": ("7", "3"),
        "1505": ("6", "6"),
        "1160": ("3", "1"),
    },
    2020: {"1149": ("8", "3"), "1505": ("", ""), "1160": ("3", "2")},
    2021: {"1106": ("", ""), "1149": ("9", ""), "1505": ("4", ""), "1124": ("", "")},
}
CARRIES = {
    2019: {},
    2020: {"non_response": "carry_forward"},
    2021: {"non_response": "carry_forward", "carry_forward": "chain", "carry_forward_years": 2},
}
# In 2021 the two services are merged.
MERGED = {"question": "fte_by_service", "item": "housing_and_work", "type": "number"}


def write_round(data: Path, year: int) -> None:
    header, columns = HEADER, COLUMNS
    sheet: dict[str, Any] = dict(FORM["sheets"][0])
    if year == 2021:
        header = [name for name in [*HEADER, "bekreftet"] if name != "arbeid"]
        columns = [MERGED | {"column": "bolig", "use": "answer"} if row["column"] == "bolig" else row for row in COLUMNS]
        columns = [row for row in columns if row["column"] != "arbeid"]
        columns.append({"column": "bekreftet", "use": "identifier"})
        sheet["submission"] = sheet["submission"] | {"confirmed": "bekreftet", "confirmed_values": ["ja"]}
    form = FORM | {"form": f"survey_{year}", "time_period": year, "collection_year": year, "delivery": str(year)}
    write_form(data, form | CARRIES[year] | {"sheets": [sheet], "max_shrink": 1}, columns, OPTIONS)
    rows = []
    for number, (code, (housing, work)) in enumerate(REPORTED[year].items(), 1):
        row = {"id": str(number), "nr": code, "levert": f"01.04.{year}", "status": "1", "bolig": housing, "arbeid": work}
        row |= {"rutine": "1", "bekreftet": "JA" if code in ("1106", "1124") else "Nei"}
        rows.append([row.get(name, "") for name in header])
    write_delivery(data, str(year), {"export.csv": csv_text(header, rows)})


def merge_services(data: Path) -> None:
    """Add the category that absorbed the two services, and declare the change."""
    add_service(data / "classifications" / "codelists.csv", str(MERGED["item"]))

    def add(rows: list[Row]) -> list[Row]:
        merged = {"question": "fte_by_service", "category_from": "housing_with_staff+work_measures", "verdict": "comparable"}
        merged |= {"time_period_from": "2020", "category_to": "housing_and_work", "time_period_to": "2021"}
        return [*rows, dict.fromkeys(rows[0], "x") | merged]

    edit_csv(data / "classifications" / "category_crosswalk.csv", add)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, compiled: dict[str, dict[str, Any]]) -> Settings:
    """A warehouse with the three rounds, up to the findings of the control."""
    kit = make_kit(tmp_path_factory.mktemp("rounds"))
    for path in (kit.data / "forms" / str(FORM["form"])).iterdir():
        path.unlink()
    (kit.data / "forms" / str(FORM["form"])).rmdir()
    merge_services(kit.data)
    for year in REPORTED:
        write_round(kit.data, year)
    models = cell_models(compiled, "int_fte__unit", "ctl_unreported", "mart_response")
    with connect(kit.settings.warehouse_file) as connection:
        load_inputs(kit.settings, connection)
        assert set(kit.read(connection).values()) == {"read"}
        for model in models:
            connection.execute(f"create schema if not exists {model.schema}")
            connection.execute(f"create or replace table {model.schema}.{model.name} as {model.sql}")
    return kit.settings


def units(settings: Settings, year: int) -> dict[str, tuple[Any, ...]]:
    with connect(settings.warehouse_file, read_only=True) as connection:
        rows = connection.execute(
            """
            select unit_code, fte, is_carried_forward, carried_from, is_confirmed, is_rejected
            from intermediate.int_fte__unit
            where time_period = ? and target_group = 'total' and category = 'total' order by all
            """,
            [year],
        ).fetchall()
    return {code: (None if fte is None else float(fte), *rest) for code, fte, *rest in rows}


OWN = (False, None, False, False)


def test_a_round_that_carries_only_what_was_reported_has_the_sum_of_a_merged_unit_and_no_zero_for_a_blank(
    settings: Settings,
) -> None:
    assert units(settings, 2020) == {
        "1103": (18.0, True, None, False, False),
        "1106": (7.0, True, None, False, False),
        "1149": (11.0, *OWN),
        "1160": (5.0, *OWN),
        # Completed, and blank, though it had 12 the year before.
        "1505": (None, False, None, False, True),
    }


def test_a_chain_carries_again_and_confirmed_values_count_as_reported_in_the_categories_of_the_year(
    settings: Settings,
) -> None:
    assert units(settings, 2021) == {
        # It has no earlier values, so there is nothing that it can have confirmed.
        "1124": (None, False, None, False, True),
        "1103": (18.0, True, 2019, False, False),
        "1106": (7.0, False, None, True, False),
        "1149": (9.0, *OWN),
        "1160": (5.0, True, None, False, False),
        "1505": (4.0, *OWN),
    }
    with connect(settings.warehouse_file, read_only=True) as connection:
        assert connection.execute(
            "select distinct category from intermediate.int_fte_cells where time_period = 2021"
        ).fetchall() == [("housing_and_work",)]


def test_who_confirmed_has_answered_and_the_control_asks_about_the_rest(settings: Settings) -> None:
    with connect(settings.warehouse_file, read_only=True) as connection:
        answered = connection.execute(
            "select time_period, units_answered, units_carried_forward from marts.mart_response "
            "where unit_set = 'municipalities' and units_answered is not null order by all"
        ).fetchall()
        found = connection.execute(
            "select time_period, unit_code, finding, previous_period, value_before, effect "
            "from control.ctl_unreported order by all"
        ).fetchall()
    assert answered == [(2019, 7, 0), (2020, 3, 2), (2021, 4, 2)]
    assert [(*row[:4], *(None if number is None else float(number) for number in row[4:])) for row in found] == [
        (2020, "1505", "fte_left_blank", 2019, 12.0, 12.0),
        (2021, "1103", "carried_again", 2019, 18.0, 18.0),
        (2021, "1124", "nothing_to_confirm", None, None, 0.0),
    ]
