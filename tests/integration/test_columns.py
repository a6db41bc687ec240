"""Values in the wrong column of a small delivery are found from the delivery alone; correct records are not reported."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.warehouse import dictionaries
from orchestration.gate.rules import load_rules
from tests.integration.deliveries_kit import (
    FORM,
    Kit,
    Model,
    cell_models,
    cell_warehouse,
    csv_text,
    make_kit,
    write_delivery,
    write_form,
)

NUMBERS = [f"fte_{number}" for number in range(1, 7)]
CODES = [f"code_{number}" for number in range(1, 7)]
RECORDS, BLOCKS = "records_stand_in_their_columns", "blocks_of_records_stand_in_their_columns"
HEADER = ["id", "nr", "levert", "status", *NUMBERS, "sum", *CODES, "kommentar", "nye_1", "nye_2"]
SERVICES = [
    *("housing_with_staff", "home_ambulatory", "treatment_followup"),
    *("activity_centre", "other_activities", "work_measures"),
]
COLUMNS: list[dict[str, str]] = [
    *({"column": name, "use": "identifier"} for name in ("id", "nr", "levert", "status")),
    *(
        {"column": name, "use": "answer", "question": "fte_by_service", "item": item, "type": "number", "unit": "fte"}
        for name, item in zip(NUMBERS, SERVICES, strict=True)
    ),
    {"column": "sum", "use": "ignored", "reason": "typed_sum"},
    *({"column": name, "use": "answer", "question": name, "type": "code"} for name in [*CODES, "nye_1", "nye_2"]),
    {"column": "kommentar", "use": "ignored", "reason": "respondent_comment"},
]
# For each question, how often the first, second and third option are chosen.
CHANCES = dict(
    zip([*CODES, "nye_1", "nye_2"], [(8, 1, 1), (1, 8, 1), (1, 1, 8), (5, 5, 0), (0, 5, 5), (9, 1, 0)] * 2, strict=False)
)
OPTIONS = [{"question": name, "code": str(code), "answer": f"a{code}"} for name in CHANCES for code in (1, 2, 3)]


def records(count: int) -> list[list[str]]:
    """Return records of a number of municipalities, of all sizes and answers, the same every time."""
    chance = random.Random(1)
    with (PROJECT_DIR / "data/reference/population.csv").open(encoding="utf-8") as file:
        codes = sorted({row["municipality_code"] for row in csv.DictReader(file) if row["year"] == "2016"} - {"0301"})
    rows = []
    for number, code in enumerate(chance.sample(codes, count)):
        size = chance.lognormvariate(1, 1)
        fte = [
            str(round(size * share * chance.lognormvariate(0, 0.4), 1)).replace(".", ",") if chance.random() < filled else ""
            for share, filled in [(1, 0.9), (3, 1), (1, 1), (0.2, 0.5), (0.1, 0.3), (0.2, 0.2)]
        ]
        total = sum(float(text.replace(",", ".")) for text in fte if text)
        answers = {name: str(chance.choices((1, 2, 3), weights)[0]) for name, weights in CHANCES.items()}
        rows.append(
            [
                *(str(1001 + number), code, f"{1 + number % 28:02}.04.2016", "1", *fte, f"{total:.1f}".replace(".", ",")),
                *(answers[name] for name in CODES),
                *("se egen plan" if chance.random() < 0.1 else "", answers["nye_1"], answers["nye_2"]),
            ]
        )
    return rows


@pytest.fixture(scope="module")
def models(compiled: dict[str, dict[str, Any]]) -> list[Model]:
    return cell_models(compiled, "ctl_moved_records", "ctl_moved_blocks")


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    kit = make_kit(tmp_path)
    sheet = FORM["sheets"][0] | {"unit": {"code": ["nr"]}, "rows_not_data": []}
    write_form(kit.data, FORM | {"sheets": [sheet]}, COLUMNS, OPTIONS)
    return kit


def moved(rows: list[list[str]], numbers: range, column: str, by: int) -> list[list[str]]:
    """Return the records with the values of some of them moved by one column from a column on, in the same width."""
    place = HEADER.index(column)
    return [
        row
        if number not in numbers
        else [*row[:place], "", *row[place:-1]]
        if by > 0
        else [*row[:place], *row[place + 1 :], ""]
        for number, row in enumerate(rows)
    ]


Finder = Callable[[list[list[str]]], dict[str, list[dict[str, Any]]]]


@pytest.fixture
def failing(kit: Kit, models: list[Model]) -> Iterator[Finder]:
    """Return a function that reads records as a delivery and returns the failing rows of the two rules on records."""
    rules = [rule for rule in load_rules(PROJECT_DIR / "expectations" / "rules") if rule.id in (RECORDS, BLOCKS)]
    with cell_warehouse(kit, models) as connection:

        def find(rows: list[list[str]]) -> dict[str, list[dict[str, Any]]]:
            write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, rows)})
            kit.read(connection)
            return {
                rule.id: dictionaries(
                    connection,
                    f"from ({rule.query([], Path())}) as judged where {rule.condition()} order by evidence desc, judged",
                )
                for rule in rules
            } | {"greatest": dictionaries(connection, "select max(evidence) as evidence from control.ctl_moved_records")}

        yield find


def test_records_that_stand_right_are_left_alone(failing: Finder) -> None:
    found = failing(records(200))
    assert (found[RECORDS], found[BLOCKS]) == ([], [])
    assert found["greatest"][0]["evidence"] < 10


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("column", ["nr", "fte_2", "sum", "code_1"])
def test_one_record_that_has_moved_is_named_with_its_unit_and_column(failing: Finder, column: str, by: int) -> None:
    rows = records(200)
    found = failing(moved(rows, range(77, 78), column, by))
    (row,) = found[RECORDS]
    # The header is the first row of the file.
    assert (row["file"], row["row_number"], row["moved"]) == ("export.csv", 79, "right" if by > 0 else "left")
    # Where a blank was inserted next to blanks, or one of two equal values was dropped, neighbouring columns are as likely.
    assert abs(HEADER.index(row["from_column"]) - HEADER.index(column)) <= 3
    assert row["unit_code"] == (rows[77][1] if column != "nr" else None)
    assert found[BLOCKS] == []


@pytest.mark.parametrize("column", ["fte_1", "code_4"])
def test_a_block_that_has_moved_blocks(failing: Finder, column: str) -> None:
    (row,) = failing(moved(records(200), range(50, 60), column, 1))[BLOCKS]
    assert (row["file"], row["moved"], row["records"]) == ("export.csv", "right", 10)
    assert abs(HEADER.index(row["from_column"]) - HEADER.index(column)) <= 3
    assert (row["first_row"], row["last_row"]) == (52, 61)


def test_records_that_have_moved_here_and_there_block_together(failing: Finder) -> None:
    rows = records(200)
    for number in (20, 90, 160):
        rows = moved(rows, range(number, number + 1), "fte_2", -1)
    found = failing(rows)
    assert {row["row_number"] for row in found[RECORDS]} == {22, 92, 162}
    assert [row["records"] for row in found[BLOCKS]] == [3]
