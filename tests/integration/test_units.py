# ruff: noqa: RUF001  dashes are what is tested
"""The units of rows, and the rows that count: units, dates, submission numbers, several rows of a unit."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import duckdb
import openpyxl
import pytest
import yaml

from orchestration.core.errors import UserError
from tests.integration.deliveries_kit import COLUMNS, FORM, OPTIONS, Kit, csv_text, write_delivery, write_form

DECIDED = {"reason": "the municipality said so", "decided_by": "nobody", "date": "2026-11-30"}
ANSWERS = [column for column in COLUMNS if column["use"] == "answer"]


def form(**sheet: Any) -> dict[str, Any]:
    """Return the tiny form with another layout of its sheet."""
    return {**FORM, "sheets": [{"name": "main", "file": "export", **sheet}], "numbers": {}}


def columns(header: list[str]) -> list[dict[str, str]]:
    """Map a header: answers as in the tiny form, all other columns are identifiers."""
    answers = {column["column"]: column for column in ANSWERS}
    return [answers.get(name, {"column": name, "use": "identifier"}) for name in header]


def deliver(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    header: list[str],
    lines: list[list[str]],
    *,
    numbers: dict[str, Any] | None = None,
    **sheet: Any,
) -> None:
    """Write the form and the delivery, and read it."""
    options = OPTIONS if "rutine" in header else []
    write_form(kit.data, form(**sheet) | {"numbers": numbers or {}}, columns(header), options)
    write_delivery(kit.data, "2016", {"export.csv": csv_text(header, lines)})
    kit.read(warehouse)


def counted(warehouse: duckdb.DuckDBPyConnection, item: str = "housing_with_staff") -> dict[str, float | None]:
    """Return the number of each unit that counts."""
    found = warehouse.execute(
        "select unit_code, number_value from intermediate.int_delivered_answers where item = ? order by all", [item]
    ).fetchall()
    assert len(found) == len({unit for unit, _ in found})
    return {unit: None if number is None else float(number) for unit, number in found}


def rejected(warehouse: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Return the reason of each rejected row."""
    return dict(
        warehouse.execute(
            "select row_number, reason from marts.mart_row_ledger where fate = 'rejected' order by 1"
        ).fetchall()
    )


# Units

UNITS: dict[str, tuple[dict[str, Any], list[str], dict[str, float], dict[int, str]]] = {
    "codes that a spreadsheet was kept from losing": (
        {"code": ["nr"], "code_pattern": "([0-9]{4})"},
        ['="0101"', "'0104", "K-0105", "Fredrikstad (0106)", "0111 Hvaler", "Aremark"],
        {"0101": 1, "0104": 2, "0105": 3, "0106": 4, "0111": 5},
        {7: "no_unit"},
    ),
    "several codes in a cell": (
        {"code": ["nr"]},
        ["1145, 1149", "0101/0104", "0105 og 0106", "0118–0119", "0121;0122", "0123 & 0124", "0125\n0127", "0111"],
        {"0111": 8},
        dict.fromkeys(range(2, 9), "several_units"),
    ),
    "a code, and numbers that are no other unit": (
        {"code": ["nr"]},
        ["0101 Halden 2", "0104 Moss, 1501 Moss", "0105 (0105)", "106.0", "0301 01", "0301", "0111 Hvaler, 0118 Aremark"],
        {"0101": 1, "0104": 2, "0105": 3, "0106": 4, "030101": 5},
        {7: "divided_unit", 8: "several_units"},
    ),
    "names alone": (
        {"name": ["nr"]},
        ["Halden", "MOSS kommune", "Våler", "Våler (Hedmark)", "Bjarkøy", "Halden og Moss", "Gamle Oslo", "Nore og Uvdal"],
        {"0101": 1, "0104": 2, "0426": 4, "030101": 7, "0633": 8, "1903": 5},
        {4: "several_names", 7: "unknown_name"},
    ),
}


@pytest.mark.parametrize(("unit", "texts", "numbers", "reasons"), UNITS.values(), ids=UNITS.keys())
def test_units_are_those_that_the_author_meant_or_reported(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    unit: dict[str, Any],
    texts: list[str],
    numbers: dict[str, float],
    reasons: dict[int, str],
) -> None:
    rows = [[text, str(number)] for number, text in enumerate(texts, 1)]
    deliver(kit, warehouse, ["nr", "bolig"], rows, unit=unit)
    assert counted(warehouse) == dict(sorted(numbers.items()))
    assert rejected(warehouse) == reasons


def test_a_dash_between_code_and_name_makes_no_other_name(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    texts = [
        "0101 - Halden",
        "0104 – Moss",
        "0105: Sarpsborg",
        "0106 Fredrikstad",
        "0111 – Moss",
        "0426 Våler kommune",
        "1 118",
    ]
    rows = [[text, "1"] for text in texts]
    deliver(kit, warehouse, ["nr", "bolig"], rows, unit={"code": ["nr"], "name": ["nr"]})
    assert warehouse.execute("select unit_code, name_delivered from intermediate.int_name_findings").fetchall() == [
        ("0111", "Moss")
    ]
    assert rejected(warehouse) == {8: "several_units"}


def test_a_delivery_in_which_no_code_is_found_says_what_a_form_can_do(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(UserError, match="contains no units") as raised:
        deliver(kit, warehouse, ["nr", "bolig"], [["Halden", "1"]], unit={"code": ["nr"]})
    assert "code_pattern" in raised.value.remedy


# Dates

ONE = {"unit": {"code": ["nr"]}}
DATED = {**ONE, "submission": {"submitted": "levert", "formats": ["%d.%m.%Y"]}}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2016-03-26T12:00:00+02:00", "2016-03-26T11:30:00+01:00"),
        ("2016-03-09 10:00:00", "2016-03-09 10:00:00.288"),
        ("2016-03-09T10:00:00.000000001Z", "2016-03-09T10:00:00.000002Z"),
        ("12. mars 2016 kl. 10.15", "13. mai 2016"),
        ("01.04.2016", "2. april 2016"),
        ("2016-04-01 23:30:00", "2016-04-01T22:00:00Z"),
    ],
)
def test_the_later_submission_counts_however_its_date_is_written(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, earlier: str, later: str
) -> None:
    deliver(kit, warehouse, ["nr", "levert", "bolig"], [["0101", later, "2"], ["0101", earlier, "1"]], **DATED)
    assert counted(warehouse) == {"0101": 2}
    assert rejected(warehouse) == {}


@pytest.mark.parametrize("contest", ["", "i går", "42465", "05.04.2016", "2016-04-05T00:00:00"])
def test_what_cannot_be_put_in_order_neither_wins_nor_loses(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, contest: str
) -> None:
    rows = [
        ["0101", "01.04.2016", "1"],
        ["0101", "05.04.2016", "2"],
        ["0101", contest, "3"],
        ["0104", "05.04.2016", "4"],
        ["0105", contest or "05.04.2016", "5"],
    ]
    deliver(kit, warehouse, ["nr", "levert", "bolig"], rows, **DATED)
    assert counted(warehouse) == {"0104": 4, "0105": 5}
    assert rejected(warehouse) == dict.fromkeys((2, 3, 4), "several_submissions_undated")


def test_day_numbers_are_dates_where_the_form_says_so(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = [["0101", "42465,25", "1"], ["0101", "42465,5", "2"]]
    submission = {"submitted": "levert", "formats": ["day_number"]}
    deliver(kit, warehouse, ["nr", "levert", "bolig"], rows, **ONE, submission=submission)
    assert counted(warehouse) == {"0101": 2}


def test_dates_that_cannot_be_read_are_reported_as_such_and_not_as_another_year(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(UserError, match="such as '4/1/2016'") as raised:
        deliver(kit, warehouse, ["nr", "levert", "bolig"], [["0101", "4/1/2016", "1"], ["0104", "4/2/2016", "2"]], **DATED)
    assert "submission: {formats: " in raised.value.remedy


# Several rows of a unit

TWO_ROWS = [["0101", "1", "1"], ["0101", "2", "9"], ["0104", "3", "1"]]


def test_several_undated_rows_are_to_be_decided_unless_they_are_copies(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection
) -> None:
    rows = [*TWO_ROWS, ["0105", "5", "2"], ["0105", "5", "2"]]
    deliver(kit, warehouse, ["nr", "bolig", "rutine"], rows, **ONE)
    assert counted(warehouse) == {"0104": 3, "0105": 5}
    assert rejected(warehouse) == {2: "several_submissions_undated", 3: "several_submissions_undated"}
    assert warehouse.execute(
        "select fate, fate_reason from intermediate.int_cells where row_number = 3 and header = 'bolig'"
    ).fetchall() == [("rejected", "several_submissions_undated")]


def test_a_signed_decision_says_which_row_counts(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    entries = [
        {"unit": "0101", "year": 2016, "file": "export.csv", "row": 2, **DECIDED},
        {"unit": "0104", "year": 2016, "file": "export.csv", "row": 4, **DECIDED},
    ]
    (kit.data / "submissions").mkdir()
    (kit.data / "submissions" / "2016.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    deliver(kit, warehouse, ["nr", "bolig", "rutine"], TWO_ROWS, **ONE)
    assert counted(warehouse) == {"0101": 1, "0104": 3}
    assert rejected(warehouse) == {}
    # A decision without a contest is outdated, and blocks.
    assert warehouse.execute(
        "select unit_code, verdict from intermediate.int_submission_decisions order by 1"
    ).fetchall() == [("0101", "applied"), ("0104", "no_contest")]


def test_rows_are_added_up_where_the_form_says_so(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = [
        ["0101", "1,5", "1", "1"],
        ["0101", "2", "1", ""],
        ["0104", "3", "1", "0"],
        ["0104", "4", "2", "1"],
        ["0105", "ca 2", "", ""],
        ["0105", "6", "", ""],
    ]
    deliver(kit, warehouse, ["nr", "bolig", "rutine", "kjop_1"], rows, **ONE, rows="sum")
    assert counted(warehouse) == {"0101": 3.5, "0104": 7, "0105": 6}
    assert warehouse.execute(
        "select unit_code, answer, is_rejected from intermediate.int_delivered_answers "
        "where question != 'fte_by_service' and unit_code != '0105' order by question desc, unit_code, answer"
    ).fetchall() == [
        ("0101", "yes", False),
        ("0104", None, True),
        ("0101", "no", False),
        ("0104", "no", False),
        ("0104", None, False),
    ]
    assert warehouse.execute(
        "select is_rejected from intermediate.int_delivered_answers where unit_code = '0105'"
    ).fetchall() == [(True,)]


# Numbers of submissions


def book(*sheets: tuple[str, list[list[object]]]) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets:
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


def linked_form(pattern: str = "*.xlsx", count: str = "1-3") -> dict[str, Any]:
    not_data = [{"reason": "test_respondent", "column": "NR", "matches": "9999"}]
    return {
        **FORM,
        "files": [{"name": "book", "pattern": pattern, "count": count, "reader": "xlsx"}],
        "sheets": [
            {"name": "units", "file": "book", "sheet": "Enheter", "unit": {"code": ["NR"]}, "submission": {"id": "LNR"}}
            | {"rows_not_data": not_data},
            {"name": "fte", "file": "book", "sheet": "Årsverk", "links_to": "units", "link": "LNR"}
            | {"rows_not_data": [{"reason": "test_respondent", "column": "LNR", "matches": "1"}]},
        ],
        "numbers": {},
    }


LINKED_COLUMNS = [
    {"sheet": "units", "column": "LNR", "use": "identifier"},
    {"sheet": "units", "column": "NR", "use": "identifier"},
    {"sheet": "fte", "column": "LNR", "use": "identifier"},
    {**ANSWERS[0], "sheet": "fte"},
]


def test_numbers_of_a_late_file_are_its_own(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_form(kit.data, linked_form(), LINKED_COLUMNS, [])
    first = book(
        ("Enheter", [["LNR", "NR"], [1, "9999"], [2, "0101"], [3, "0104"]]),
        ("Årsverk", [["LNR", "bolig"], [1, 99], [2, 2], [3, 3]]),
    )
    late = book(
        ("Enheter", [["LNR", "NR"], [1, "0105"], [2, "0106"]]),
        ("Årsverk", [["LNR", "bolig"], [1, 5], [2, 6]]),
    )
    write_delivery(kit.data, "2016", {"first.xlsx": first, "late.xlsx": late})
    kit.read(warehouse)
    assert counted(warehouse) == {"0101": 2, "0104": 3, "0105": 5, "0106": 6}
    # The cell that marks a row as a test respondent's is reported.
    assert warehouse.execute(
        "select file, sheet, row_number, reason, rests_on from marts.mart_row_ledger order by sheet"
    ).fetchall() == [
        ("first.xlsx", "Enheter", 2, "test_respondent", "NR: 9999"),
        ("first.xlsx", "Årsverk", 2, "test_respondent", "submission 1"),
    ]


def test_a_number_of_two_units_in_a_file_is_of_neither(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_form(kit.data, linked_form(), LINKED_COLUMNS, [])
    content = book(
        ("Enheter", [["LNR", "NR"], [2, "0101"], [2, "0104"], [3, "0105"]]),
        ("Årsverk", [["LNR", "bolig"], [2, 2], [3, 3]]),
    )
    write_delivery(kit.data, "2016", {"book.xlsx": content})
    kit.read(warehouse)
    assert counted(warehouse) == {"0105": 3}
    # Neither unit counts as having answered without FTE.
    assert warehouse.execute("select unit_code from intermediate.int_counted_rows group by 1").fetchall() == [("0105",)]


def test_two_rows_of_one_number_on_a_linked_sheet_are_to_be_decided(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_form(kit.data, linked_form(), LINKED_COLUMNS, [])
    content = book(
        ("Enheter", [["LNR", "NR"], [2, "0101"], [3, "0105"], [4, "0106"]]),
        ("Årsverk", [["LNR", "bolig"], [2, 2], [2, 4], [3, 3], [4, 7], [4, 7]]),
    )
    write_delivery(kit.data, "2016", {"book.xlsx": content})
    kit.read(warehouse)
    assert counted(warehouse) == {"0105": 3, "0106": 7}


# Contents of cells


def test_signs_of_official_tables_are_what_the_form_says(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    texts = ["..", ":", "*", "<5", ".", "-", "–", "−", "—"]
    codes = ["0101", "0104", "0105", "0106", "0111", "0118", "0119", "0121", "0122"]
    rows = [[code, text] for code, text in zip(codes, texts, strict=True)]
    numbers = {"missing": ["..", ":", "*", "<5", "."], "nil": ["–"]}
    deliver(kit, warehouse, ["nr", "bolig"], rows, numbers=numbers, **ONE)
    assert warehouse.execute(
        "select text, fate_reason from intermediate.int_cells where header = 'bolig' and row_number > 1 order by row_number"
    ).fetchall() == [
        *((text, "missing_code") for text in texts[:5]),
        ("-", "blank"),
        ("–", "blank"),
        ("−", "not_a_number"),
        ("—", "not_a_number"),
    ]


def test_several_options_in_a_cell_are_as_many_ticks(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    mapped = [
        {"column": "nr", "use": "identifier"},
        {"column": "kjop", "use": "answer", "question": "private_purchase", "type": "codes", "separator": ";"},
    ]
    options = [
        {"question": "private_purchase", "code": "Nei", "answer": "no"},
        {"question": "private_purchase", "code": "Ja, av bolig", "answer": "housing"},
    ]
    write_form(kit.data, form(**ONE), mapped, options)
    rows = [["0101", "Nei;Ja, av bolig;"], ["0104", "Nei;"], ["0105", ""], ["0106", "Nei;Kanskje"]]
    write_delivery(kit.data, "2016", {"export.csv": csv_text(["nr", "kjop"], rows)})
    kit.read(warehouse)
    assert warehouse.execute(
        "select unit_code, type, answer, is_rejected from intermediate.int_delivered_answers order by all"
    ).fetchall() == [
        ("0101", "tick", "housing", False),
        ("0101", "tick", "no", False),
        ("0104", "tick", "no", False),
        ("0106", "tick", None, True),
    ]
