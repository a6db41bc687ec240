# ruff: noqa: RUF001  dashes are what is tested
"""From delivered files to typed answers and a balanced ledger, on tiny forms with every kind of problem."""

from __future__ import annotations

import csv
import io
import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import openpyxl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font

from orchestration.core.errors import UserError
from orchestration.core.warehouse import connect
from orchestration.forms.draft import draft_form
from orchestration.forms.registry import load_form
from orchestration.ingest.capture import capture
from orchestration.ingest.deliveries import TABLES
from orchestration.ingest.delivery_files import read_file
from orchestration.ingest.headers import inspect_delivery
from orchestration.trace.deliveries import reported_cells
from tests.integration.deliveries_kit import (
    COLUMNS,
    FORM,
    HEADER,
    OPTIONS,
    ROWS,
    Kit,
    csv_text,
    load_inputs,
    write_delivery,
    write_form,
)
from tests.integration.workbooks_kit import RAISED, SAVED, STRUCK, part, rich, with_parts, xlsx

GOOD = csv_text(HEADER, ROWS)


def fate(connection: duckdb.DuckDBPyConnection, row: int, header: str) -> tuple[Any, ...]:
    found = connection.execute(
        "select fate, fate_reason, number_value, option_answer from intermediate.int_cells "
        "where row_number = ? and header = ?",
        [row, header],
    ).fetchall()
    assert len(found) == 1
    kind, reason, number, answer = found[0]
    return kind, reason, float(number) if number is not None else answer


def assert_balances(connection: duckdb.DuckDBPyConnection) -> None:
    assert (
        connection.execute(
            """
        select form, file from (select form, file, sum(cell_count) as read_count from raw.sheets group by all) as read_cells
        left join (
            select form, file, sum(cell_count) as ledger_count from marts.mart_cell_ledger
            where fate in ('mapped', 'ignored', 'rejected') and fate_reason is not null group by all
        ) as ledger using (form, file)
        where read_count is distinct from ledger_count and read_count > 0
        """
        ).fetchall()
        == []
    )
    assert (
        connection.execute("select count(*) from raw.cells").fetchone()
        == connection.execute("select count(*) from intermediate.int_cells").fetchone()
    )


def test_cells_are_mapped_ignored_or_rejected_and_add_up(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    assert kit.read(warehouse) == {"survey_2016": "read"}
    assert_balances(warehouse)
    expected = {
        (2, "bolig"): ("mapped", "answer", 1.5),
        (2, "arbeid"): ("mapped", "answer", 1234.5),
        (2, "sum"): ("ignored", "typed_sum", None),
        (2, "rutine"): ("mapped", "answer", "yes"),
        (2, "kommentar"): ("ignored", "respondent_comment", None),
        (2, "nr"): ("mapped", "identifier", None),
        (3, "bolig"): ("mapped", "answer", 2.25),
        (4, "bolig"): ("mapped", "blank", None),
        (4, "arbeid"): ("mapped", "answer", 0.0),
        (4, "rutine"): ("mapped", "not_answered", None),
        (5, "bolig"): ("rejected", "not_a_number", None),
        (5, "arbeid"): ("rejected", "negative_number", None),
        (5, "rutine"): ("rejected", "unknown_code", None),
        (5, "kjop_1"): ("rejected", "unknown_tick", None),
        (6, "bolig"): ("mapped", "missing_code", None),
        (6, "arbeid"): ("rejected", "not_a_number", None),
        (7, "bolig"): ("rejected", "unknown_unit", 3.0),
        (9, "bolig"): ("ignored", "test_respondent", None),
        (10, "bolig"): ("ignored", "total", None),
    }
    for (row, header), wanted in expected.items():
        found = fate(warehouse, row, header)
        assert found[:2] == wanted[:2], (row, header)
        if wanted[2] is not None:
            assert found[2] == wanted[2], (row, header)


def test_units_are_those_of_the_year(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    units = dict(
        warehouse.execute(
            "select row_number, unit_code from intermediate.int_row_units "
            "inner join staging.stg_raw__rows using (row_key) where unit_code is not null"
        ).fetchall()
    )
    # A lost zero is restored, a district takes precedence over its municipality, an ended code refers to its successor.
    assert units == {2: "0101", 3: "0104", 4: "030104", 5: "1903", 6: "0105", 8: "1444"}
    # The code decides; a name that contradicts it is reported.
    assert warehouse.execute(
        "select row_number, unit_code, name_delivered from intermediate.int_name_findings"
    ).fetchall() == [(6, "0105", "Halden")]


def test_codes_may_come_as_decimals_and_parts_by_their_number(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = [
        ["1.0", "301", "Oslo", "4", "01.04.2016", "1,0", "1", "", "", "1.0", "1,0", ""],
        ["2.0", "101.0", "Halden", "0", "01.04.2016", "2.0", "999,0", "", "", "9.0", "0.0", ""],
    ]
    write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, rows)})
    kit.read(warehouse)
    assert warehouse.execute(
        "select unit_code, submission_status, submission_id from intermediate.int_row_submissions order by row_number"
    ).fetchall() == [("030104", "completed", "1"), ("0101", "not_answered", "2")]
    assert fate(warehouse, 2, "rutine") == ("mapped", "answer", "yes")
    assert fate(warehouse, 3, "rutine")[:2] == ("mapped", "not_answered")
    assert fate(warehouse, 3, "bolig")[:2] == ("mapped", "missing_code")
    assert warehouse.execute(
        "select row_number, answer from intermediate.int_answers where question = 'private_purchase' order by 1"
    ).fetchall() == [(2, "no"), (3, None)]


def test_a_split_municipality_is_rejected_and_not_guessed(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_form(kit.data, {**FORM, "time_period": 2020, "collection_year": 2020}, COLUMNS, OPTIONS)
    row = ["1", "1850", "Tysfjord", "", "01.04.2020", "1", "1", "", "", "", "", ""]
    other = ["2", "3001", "Halden", "", "01.04.2020", "1", "1", "", "", "", "", ""]
    write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, [row, other])})
    kit.read(warehouse)
    assert fate(warehouse, 2, "bolig")[:2] == ("rejected", "split_unit")
    assert fate(warehouse, 3, "bolig")[:2] == ("mapped", "answer")


def test_submissions_know_when_and_whether_they_were_completed(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    rows = warehouse.execute(
        "select row_number, submission_status, cast(submitted_at as varchar) "
        "from intermediate.int_row_submissions order by 1"
    ).fetchall()
    assert rows[0] == (2, "completed", "2016-04-01 00:00:00")
    assert rows[6] == (8, "not_answered", None)


def test_dates_and_statuses_that_the_form_does_not_know_are_rejected(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    (sheet,) = FORM["sheets"]
    submission = {**sheet["submission"], "formats": ["%d.%m.%Y", "%d. %B"], "not_completed": ["0"]}
    write_form(kit.data, {**FORM, "sheets": [{**sheet, "submission": submission}]}, COLUMNS, OPTIONS)
    rows = [
        [str(number), code, "", "", date, status, "1", *[""] * 5]
        for number, code, date, status in (
            (1, "0101", "29. February", "1"),
            (2, "0104", "yesterday", "1"),
            (3, "0105", "01.04.2016", "0"),
            (4, "0106", "01.04.2016", "7"),
        )
    ]
    write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, rows)})
    kit.read(warehouse)
    assert_balances(warehouse)
    assert warehouse.execute(
        "select submission_status, cast(submitted_at as varchar) from intermediate.int_row_submissions order by row_number"
    ).fetchall() == [
        ("completed", "2016-02-29 00:00:00"),
        ("completed", None),
        ("not_completed", "2016-04-01 00:00:00"),
        ("not_completed", "2016-04-01 00:00:00"),
    ]
    assert fate(warehouse, 2, "levert")[:2] == ("mapped", "identifier")
    assert fate(warehouse, 3, "levert")[:2] == ("rejected", "unreadable_date")
    assert fate(warehouse, 3, "bolig")[:2] == ("mapped", "answer")
    assert fate(warehouse, 4, "bolig")[:2] == ("mapped", "answer")
    assert fate(warehouse, 5, "bolig")[:2] == ("rejected", "unknown_status")


def test_letters_of_answers_and_names_are_compared_as_they_are_seen(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    options = [{"question": "suicide_attempt_routines", "code": "Ja, på døgnet", "answer": "yes"}]
    write_form(kit.data, FORM, COLUMNS, options)
    rows = [
        ["1", "0228", "Rælingen", "", "01.04.2016", "1", "1", "", "", "Ja, på døgnet", "", ""],
        ["2", "\u200b0101", "Halden", "", "02.04.2016", "1", "\u200e2\u200b", "", "", "Ja, på døgnet", "", ""],
        ["3", "1516", "Ulstein på Å", "", "02.04.2016", "1", "\u202e21", "", "", "", "", ""],
    ]
    decomposed = unicodedata.normalize("NFD", csv_text(HEADER, rows))
    write_delivery(kit.data, "2016", {"export.csv": decomposed})
    kit.read(warehouse)
    assert [fate(warehouse, row, "rutine")[2] for row in (2, 3)] == ["yes", "yes"]
    assert [fate(warehouse, row, "bolig")[1:] for row in (2, 3, 4)] == [
        ("answer", 1.0),
        ("answer", 2.0),
        ("not_a_number", None),
    ]
    assert warehouse.execute(
        "select row_number, unit_code, name_delivered from intermediate.int_name_findings"
    ).fetchall() == [(4, "1516", "Ulstein på Å")]


def test_a_repeated_header_is_rejected_and_reported(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, [ROWS[0], HEADER, ROWS[1]])})
    kit.read(warehouse)
    assert_balances(warehouse)
    assert fate(warehouse, 3, "bolig")[:2] == ("rejected", "repeated_header")
    assert [fate(warehouse, row, "bolig")[2] for row in (2, 4)] == [1.5, 2.25]
    assert warehouse.execute("select * from raw.repeated_headers").fetchall() == [
        ("survey_2016", "export.csv", "export.csv", "main", 3)
    ]


def test_one_question_under_two_headers_is_one_question(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    renamed = [{**column, "column": "bosted", "reason": "optional"} for column in COLUMNS if column["column"] == "bolig"]
    columns = [{**column, "reason": "optional"} if column["column"] == "bolig" else column for column in COLUMNS] + renamed
    files = [{**FORM["files"][0], "pattern": "export*.csv", "count": 2}]
    write_form(kit.data, {**FORM, "files": files}, columns, OPTIONS)
    other = csv_text(HEADER, [ROWS[1]]).replace("bolig", "bosted")
    write_delivery(kit.data, "2016", {"export_1.csv": csv_text(HEADER, [ROWS[0]]), "export_2.csv": other})
    kit.read(warehouse)
    assert warehouse.execute(
        "select unit_code, item, cast(number_value as double) from intermediate.int_answers "
        "where item = 'housing_with_staff' order by all"
    ).fetchall() == [("0101", "housing_with_staff", 1.5), ("0104", "housing_with_staff", 2.25)]


def test_a_long_format_has_a_line_for_each_kind_of_row(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    form = {
        **FORM,
        "sheets": [{"name": "main", "file": "export", "unit": {"code": ["nr"]}, "submission": {"id": "nr"}}],
    }
    columns = [
        *({"column": name, "use": "identifier"} for name in ("nr", "tiltak", "alder")),
        *(
            {
                "column": "antall",
                "when": f"tiltak=Bolig;alder={age}",
                "use": "answer",
                "question": "fte_by_service",
                "item": item,
                "target_group": group,
                "type": "number",
            }
            for age, group, item in (("18+", "adults", "housing_with_staff"), ("0-17", "children", "activities_culture"))
        ),
    ]
    write_form(kit.data, form, columns, [])
    rows = [
        ["0101", "Bolig", "18+", "2"],
        ["0101", " Bolig ", "0-17", "1"],
        ["0104", "Annet", "18+", "3"],
        ["0105", "Bolig", "18+", "4"],
        ["0106", "Bolig", "18+", "5"],
        ["0105", "Bolig", "18+", "44"],
        ["0106", "Bolig", "18+", "5"],
    ]
    write_delivery(kit.data, "2016", {"export.csv": csv_text(["nr", "tiltak", "alder", "antall"], rows)})
    kit.read(warehouse)
    assert_balances(warehouse)
    assert warehouse.execute(
        "select row_number, target_group, fate, fate_reason from intermediate.int_cells where header = 'antall' "
        "and row_number > 1 order by 1"
    ).fetchall() == [
        (2, "adults", "mapped", "answer"),
        (3, "children", "mapped", "answer"),
        (4, None, "rejected", "no_map_line"),
        (5, "adults", "rejected", "several_answers"),
        (6, "adults", "mapped", "answer"),
        (7, "adults", "rejected", "several_answers"),
        (8, "adults", "mapped", "answer"),
    ]


def test_linked_sheets_and_merged_headers_of_a_workbook(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    book = openpyxl.Workbook()
    people = book.active
    people.title = "Enheter"
    for line in (["LNR", "NR"], [1, "0101"], [2, "9999"], [3, 104], [4, "0105"], [4, "0106"]):
        people.append(line)
    fte = book.create_sheet("Årsverk")
    for line in (
        ["Rapport for 2016"],
        ["", "Voksne", ""],
        ["LNR", "Bolig", "Sum"],
        [1, 2.5, 3],
        [2, 9, 9],
        [7, 1, 1],
        [4, 8, 8],
    ):
        fte.append(line)
    fte.merge_cells("B2:C2")
    path = kit.data / "book.xlsx"
    book.save(path)
    form = {
        **FORM,
        "files": [{"name": "book", "pattern": "book.xlsx", "reader": "xlsx"}],
        "sheets": [
            {
                "name": "units",
                "file": "book",
                "sheet": "Enheter",
                "unit": {"code": ["NR"]},
                "submission": {"id": "LNR"},
                "rows_not_data": [{"reason": "test_respondent", "column": "NR", "matches": "9999"}],
            },
            {
                "name": "fte",
                "file": "book",
                "sheet": "Årsverk",
                "header_rows": [2, 3],
                "first_row": 4,
                "links_to": "units",
                "link": "LNR",
            },
        ],
        "checks": [{"file": "book", "sheet": "fte", "row": 1, "column": 1, "matches": ".*2016"}],
    }
    columns = [
        {"sheet": "units", "column": "LNR", "use": "identifier"},
        {"sheet": "units", "column": "NR", "use": "identifier"},
        {"sheet": "fte", "column": "LNR", "use": "identifier"},
        {
            "sheet": "fte",
            "column": "Voksne|Bolig",
            "use": "answer",
            "question": "fte_by_service",
            "item": "housing_with_staff",
            "type": "number",
        },
        {"sheet": "fte", "column": "Voksne|Sum", "use": "ignored", "reason": "typed_sum"},
    ]
    write_form(kit.data, form, columns, [])
    write_delivery(kit.data, "2016", {"book.xlsx": path.read_bytes()})
    kit.read(warehouse)
    assert_balances(warehouse)
    assert warehouse.execute(
        "select row_number, unit_code, fate, fate_reason from intermediate.int_cells where header = 'Voksne|Bolig' "
        "and row_number > 3 order by 1"
    ).fetchall() == [
        (4, "0101", "mapped", "answer"),
        (5, None, "ignored", "test_respondent"),
        (6, None, "rejected", "no_submission"),
        (7, "0105", "rejected", "several_submissions"),
    ]
    assert warehouse.execute("select count(*) from intermediate.int_cells where fate_reason = 'header'").fetchone() == (7,)
    write_form(kit.data, {**form, "checks": [{**form["checks"][0], "matches": ".*2017"}]}, columns, [])  # type: ignore[dict-item]
    with pytest.raises(UserError, match="row 1, column 1 contains 'Rapport for 2016'"):
        kit.read(warehouse)


def test_an_unchanged_delivery_is_not_read_again_and_a_year_replaces_itself_only(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection
) -> None:
    later = {**FORM, "form": "survey_2017", "time_period": 2017, "collection_year": 2017, "delivery": "2017"}
    write_form(kit.data, later, COLUMNS, OPTIONS)
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    write_delivery(kit.data, "2017", {"export.csv": GOOD.replace("2016", "2017")})
    assert kit.read(warehouse) == {"survey_2016": "read", "survey_2017": "read"}
    assert kit.read(warehouse) == {"survey_2016": "unchanged", "survey_2017": "unchanged"}
    before = warehouse.execute("select * from raw.cells where form = 'survey_2016' order by all").fetchall()
    write_delivery(kit.data, "2017", {"export.csv": GOOD.replace("2016", "2017").replace("1,5", "7,5")})
    assert kit.read(warehouse) == {"survey_2016": "unchanged", "survey_2017": "read"}
    assert warehouse.execute("select * from raw.cells where form = 'survey_2016' order by all").fetchall() == before
    assert warehouse.execute("select text from raw.cells where form = 'survey_2017' and text like '_,5'").fetchall() == [
        ("7,5",)
    ]


@pytest.mark.parametrize(
    "damage",
    [
        "update raw.cells set text = '7,5' where text = '1,5'",
        "delete from raw.cells where text = '1,5'",
        "update raw.columns set header = upper(header)",
        "insert into raw.missing_cells select form, file, sheet, layout, 1, 1 from raw.sheets",
    ],
)
def test_a_delivery_is_read_again_where_the_warehouse_has_other_rows_of_it(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, damage: str
) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    tables = [name for name in TABLES if name != "deliveries"]
    before = {name: warehouse.execute(f"from raw.{name} order by all").fetchall() for name in tables}
    warehouse.execute(damage)
    assert {name: warehouse.execute(f"from raw.{name} order by all").fetchall() for name in tables} != before
    assert kit.read(warehouse) == {"survey_2016": "read"}
    assert {name: warehouse.execute(f"from raw.{name} order by all").fetchall() for name in tables} == before
    assert kit.read(warehouse) == {"survey_2016": "unchanged"}


def test_another_program_reads_a_delivery_again(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    monkeypatch.setattr("orchestration.ingest.deliveries.code_hash", lambda: "another program")
    assert kit.read(warehouse) == {"survey_2016": "read"}
    assert kit.read(warehouse) == {"survey_2016": "unchanged"}


def test_a_delivery_is_archived_unchanged(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    (sha256,) = warehouse.execute("select sha256 from raw.files").fetchone() or ("",)
    copy = kit.settings.archive / sha256[:2] / sha256
    assert copy.read_text(encoding="utf-8") == GOOD
    assert copy.stat().st_mode & 0o222 == 0


def test_a_form_that_is_gone_leaves_nothing_behind(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    write_form(kit.data, {**FORM, "form": "survey_renamed"}, COLUMNS, OPTIONS)
    shutil.rmtree(kit.data / "forms" / "survey_2016")
    assert kit.read(warehouse) == {"survey_renamed": "read"}
    assert warehouse.execute("select distinct form from raw.cells").fetchall() == [("survey_renamed",)]
    assert_balances(warehouse)


def test_a_round_that_is_not_delivered_has_no_cells(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    (kit.data / "deliveries/2016/export.csv").unlink()
    (kit.data / "deliveries/2016").rmdir()
    assert kit.read(warehouse) == {"survey_2016": "not delivered"}
    assert warehouse.execute("select count(*) from raw.cells").fetchone() == (0,)


def without_column(name: str) -> str:
    place = HEADER.index(name)
    return csv_text([*HEADER[:place], *HEADER[place + 1 :]], [[*row[:place], *row[place + 1 :]] for row in ROWS])


REFUSED: list[tuple[str, dict[str, bytes | str], str]] = [
    ("unknown file", {"export.csv": GOOD, "exportt.csv": "x"}, "does not know the file: its columns are those of no file"),
    ("missing file", {}, "0 files match 'export.csv', but 1 are expected"),
    ("empty file", {"export.csv": ""}, "the file is empty"),
    ("unmapped column", {"export.csv": GOOD.replace("bolig", "bolig_ny")}, "'bolig_ny' is not mapped"),
    ("missing column", {"export.csv": without_column("arbeid")}, "the mapped column 'arbeid' is missing"),
    ("SQL as a header", {"export.csv": GOOD.replace("arbeid", '"x\'); drop table raw.cells; --"', 1)}, "is not mapped"),
    ("delimiter in a header", {"export.csv": GOOD.replace("arbeid", "arbeid; bolig", 1)}, "13 fields in its header (row 1)"),
    (
        "duplicate header",
        {"export.csv": GOOD.replace("arbeid", "bolig")},
        "'bolig#2' is not mapped (its header is in the sheet more than once, nearest is 'arbeid', line 9)",
    ),
    ("no header", {"export.csv": GOOD.replace("arbeid", "")}, "has cells and no header"),
    ("truncated file", {"export.csv": csv_text(HEADER, ROWS[:6]).rstrip("\n")[:-6]}, "the file is truncated"),
    ("another year", {"export.csv": GOOD.replace("2016", "2015")}, "submissions are of 2015, and the form is collected in"),
    ("dates of another form", {"export.csv": GOOD.replace(".04.2016", "/04/2016")}, "not dates in a known format"),
    ("no status of a completed one", {"export.csv": GOOD.replace(".2016;1;", ".2016;3;")}, "no submission is completed"),
    ("no units", {"export.csv": csv_text(HEADER, ROWS[7:])}, "contains no units"),
]


@pytest.mark.parametrize(("files", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_wrong_delivery_is_refused_and_the_last_good_one_stays(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, files: dict[str, bytes | str], message: str
) -> None:
    folder = write_delivery(kit.data, "2016", {"export.csv": GOOD})
    kit.read(warehouse)
    before = warehouse.execute("select * from raw.cells order by all").fetchall()
    (folder / "export.csv").unlink()
    write_delivery(kit.data, "2016", files)
    with pytest.raises(UserError) as error:
        kit.read(warehouse)
    assert message in str(error.value)
    assert str(folder) in error.value.place
    assert "\n" not in str(error.value)
    assert warehouse.execute("select * from raw.cells order by all").fetchall() == before


def test_a_shrunken_delivery_is_refused(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_form(
        kit.data,
        {**FORM, "form": "survey_2017", "time_period": 2017, "collection_year": 2017, "delivery": "2017"},
        COLUMNS,
        OPTIONS,
    )
    write_delivery(kit.data, "2016", {"export.csv": GOOD})
    write_delivery(kit.data, "2017", {"export.csv": csv_text(HEADER, ROWS[:3]).replace("2016", "2017")})
    with pytest.raises(UserError, match="contains 3 units, but survey_2016 contained 7"):
        kit.read(warehouse)
    # After mergers to half as many municipalities, half as many units are correct.
    assert kit.read(warehouse, municipalities={2016: 400, 2017: 180})["survey_2017"] == "read"


def a_copy(folder: Path) -> None:
    (folder / "export_2.csv").write_text(GOOD, encoding="utf-8")


def a_link(folder: Path) -> None:
    (folder / "export_2.csv").symlink_to("/etc/hostname")


def a_folder(folder: Path) -> None:
    (folder / "export_2.csv").mkdir()


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "export_2.csv")


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (a_copy, "has the same content as export.csv"),
        (a_link, "is a link"),
        (a_folder, "is a folder"),
        (a_pipe, "is not a regular file"),
    ],
)
def test_what_is_no_file_of_the_delivery_is_refused(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, add: Callable[[Path], None], message: str
) -> None:
    files = [{**FORM["files"][0], "pattern": "export*.csv", "count": "1-2"}]
    write_form(kit.data, {**FORM, "files": files}, COLUMNS, OPTIONS)
    add(write_delivery(kit.data, "2016", {"export.csv": GOOD}))
    with pytest.raises(UserError, match=message):
        kit.read(warehouse)


def test_a_delivery_without_a_form_is_refused(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    write_delivery(kit.data, "2031", {"export.csv": GOOD})
    with pytest.raises(UserError, match="no form describes this delivery"):
        kit.read(warehouse)


# Changes to a file in transit without a change of figures: each returns a changed text, or None where it does not apply.

INSIDE = [";", ";;", "\t", "\n", '"', '""', "\\", "#", " ", "\u00a0", "\u200b", "\u200f", "\ufeff"]


def inserted(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(INSIDE) + text[place:]


def without(random: Random, text: str) -> str | None:
    places = [place for place, character in enumerate(text) if character in ';\n"']
    place = random.choice(places)
    return text[:place] + text[place + 1 :] if place < len(text) - 1 else None


def with_ditto_marks(random: Random, text: str) -> str:
    """Comments that are a quotation mark each, in two rows."""
    lines = text.split("\n")
    for number in random.sample([number for number, line in enumerate(lines) if line.count(";") == len(HEADER) - 1], 2):
        cells = lines[number].split(";")
        cells[-1] = '"'
        lines[number] = ";".join(cells)
    return "\n".join(lines)


def with_line(random: Random, text: str) -> str:
    lines = text.split("\n")
    line = random.choice([";".join(HEADER), ";".join(reversed(HEADER)), ";" * 11, ";" * 14, "", "# x", "sep=;", "Kilde: x"])
    lines.insert(random.randrange(len(lines)), line)
    return "\n".join(lines)


def with_ends(random: Random, text: str) -> str:
    """Extra delimiters at the end of the header, a record, all records or every line."""
    lines = text.rstrip("\n").split("\n")
    chosen = random.choice([range(1), range(1, len(lines)), range(len(lines)), [random.randrange(len(lines))]])
    return "\n".join(line + ";" * random.choice([1, 1, 2]) * (number in chosen) for number, line in enumerate(lines)) + "\n"


def with_columns(random: Random, text: str) -> str:
    """Columns in another order, without a name, or with the header of another."""
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    order = list(range(len(HEADER)))
    random.shuffle(order)
    kind = random.choice(["order", "nameless", "same"])
    if kind == "order":
        rows = [[row[place] for place in order] for row in rows]
    elif kind == "nameless":
        rows = [[str(number or ""), *row] for number, row in enumerate(rows)]
    else:
        rows[0][order[0]] = rows[0][order[1]]
    return csv_text(rows[0], rows[1:])


def as_bytes(random: Random, text: str) -> bytes:
    """The same text in another encoding, or with invalid bytes."""
    kind = random.choice(["ends", "mark", "wide", "decomposed", "latin", "stray", "cut"])
    content = text.encode()
    place = random.randrange(len(content))
    return {
        "ends": text.replace("\n", random.choice(["\r\n", "\r"])).encode(),
        "mark": b"\xef\xbb\xbf" + content,
        "wide": text.encode("utf-16"),
        "decomposed": unicodedata.normalize("NFD", text).encode(),
        "latin": text.encode("latin-1"),
        "stray": content[:place] + random.choice([b"\xf8", b"\x00", b"\x96", b"\xc3"]) + content[place:],
        # In the last record, where it cannot be known whether it was the last.
        "cut": content[: random.randrange(content.rstrip().rindex(b"\n") + 2, len(content))],
    }[kind]


CHANGES = (inserted, inserted, inserted, without, without, with_ditto_marks, with_line, with_ends, with_columns, as_bytes)


def test_no_figure_of_an_accepted_file_is_another_unless_its_cell_is_rejected(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection
) -> None:
    data = [
        [str(number), code, name, "", "01.04.2016", "1", f"{number},5", f"{100 + number}", f"{number}", "1", "1", comment]
        for number, (code, name, comment) in enumerate(
            [
                ("0101", "Halden", "a, b"),
                ("0104", "Moss", "på «Å»"),
                ("0228", "Rælingen", 'sa "ja"; så nei\nog'),
                ("1516", "Ulstein", ""),
            ],
            start=1,
        )
    ]
    good = csv_text(HEADER, data)
    form = load_form(kit.settings.forms / "survey_2016")
    asked = ("bolig", "arbeid", "sum", "rutine", "kjop_1", "status", "levert")
    expected = {row[1]: {name: row[HEADER.index(name)] for name in asked} for row in data}
    random, refused, same = Random(1), 0, 0
    changed: set[tuple[str, str, str, str]] = set()
    for _ in range(400):
        content = random.choice(CHANGES)(random, good)
        if content is None:
            continue
        folder = write_delivery(kit.data, "2016", {"export.csv": content})
        try:
            (file,) = capture(folder, form)
            (sheet,) = read_file(form, file)
        except UserError as error:
            assert "\n" not in str(error)
            refused += 1
            continue
        rows: dict[int, dict[str, str]] = {}
        for cell in sheet.sheet.cells.to_pylist():
            if cell["row_number"] >= sheet.layout.first_row and cell["row_number"] not in sheet.header_again:
                rows.setdefault(cell["row_number"], {})[sheet.headers[cell["column_number"]]] = cell["text"].strip()
        found = {
            row.get("nr", ""): {name: row.get(name, "") for name in asked} for row in rows.values() if any(row.values())
        }
        missing = expected.keys() - found.keys()
        # A row may be lost only where the file was cut, and a unit may change only where its code is invalid.
        assert len(found) == len(expected) and len(missing) <= 1, content
        for code, row in found.items():
            meant = expected.get(code) or expected[next(iter(missing))]
            changed |= {("0101", name, text, meant[name]) for name, text in row.items() if text != meant[name]}
            if code not in expected:
                changed.add((code, "nr", code, next(iter(missing))))
        same += 1
    assert refused > 100 and same > 100
    # Cells read differently must be rejected or have the same meaning: as one delivery, with a row for each.
    assert len(changed) > 10
    again = [
        list((dict(zip(HEADER, data[0], strict=True)) | {"id": str(number), "nr": code, name: text}).values())
        for number, (code, name, text, _) in enumerate(sorted(changed))
    ]
    write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, [*data, *again])})
    kit.read(warehouse)
    units = dict(
        warehouse.execute(
            "select row_number, unit_code from intermediate.int_row_units inner join staging.stg_raw__rows using (row_key)"
        ).fetchall()
    )
    for place, (_, name, text, meant) in enumerate(sorted(changed), len(data) + 2):
        if name == "nr":
            assert units[place] in (None, meant), text
        elif name in ("bolig", "arbeid"):
            kind, _, value = fate(warehouse, place, name)
            assert kind == "rejected" or value == float(meant.replace(",", ".")), text
        elif name != "sum":
            # With an unknown status the whole row is rejected.
            assert fate(warehouse, place, "bolig" if name == "status" else name)[0] == "rejected", (name, text)


CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "-", "0", "1", "9", "999", "1,5", "2.5", "1 234,5", "1.234,5", "ca 2", "-1", "½", "1e3", "NaN", "\u00a01"]
    ),
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=6),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good delivery with some cells, rows, columns or bytes changed."""
    header, rows = list(HEADER), [list(row) for row in ROWS]
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["cell", "cell", "cell", "row", "drop", "double", "header", "short", "bytes"]))
        row = draw(st.integers(0, len(rows) - 1)) if rows else 0
        column = draw(st.integers(0, len(header) - 1))
        if kind == "cell" and rows and column < len(rows[row]):
            rows[row][column] = draw(CELLS)
        elif kind == "row":
            rows.insert(row, [draw(CELLS) for _ in header])
        elif kind == "drop" and rows:
            del rows[row]
        elif kind == "double" and rows:
            rows.append(list(rows[row]))
        elif kind == "header":
            header[column] = draw(CELLS)
        elif kind == "short" and rows:
            rows[row] = rows[row][: draw(st.integers(0, len(header)))]
    content = csv_text(header, rows).encode("utf-8")
    if draw(st.integers(0, 4)) == 0:
        place = draw(st.integers(0, len(content) - 1))
        content = content[:place] + draw(st.binary(max_size=3)) + content[place + draw(st.integers(0, 5)) :]
    return content


def test_every_mutation_ends_in_a_refusal_or_a_balanced_ledger(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    outcomes = {"refused": 0, "read": 0}

    @settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated())
    def check(content: bytes) -> None:
        write_delivery(kit.data, "2016", {"export.csv": content})
        try:
            kit.read(warehouse)
        except UserError as error:
            outcomes["refused"] += 1
            assert "\n" not in str(error)
            return
        outcomes["read"] += 1
        assert_balances(warehouse)

    check()
    assert min(outcomes.values()) > 20


# Workbooks: refusals, omissions and messages, with correct figures.


def workbook_form(**options: Any) -> dict[str, Any]:
    unit = {"code": ["nr"], "name": ["kommune"], **options.pop("unit", {})}
    sheet = {"name": "main", "file": "export", "sheet": "Ark", "unit": unit, **options.pop("sheet", {})}
    file = {"name": "export", "pattern": "export.*", "reader": "xlsx", **options}
    return {**FORM, "files": [file], "sheets": [sheet]}


WORKBOOK_COLUMNS: list[dict[str, str]] = [
    *({"column": name, "use": "identifier"} for name in ("nr", "kommune")),
    {"column": "bolig", "use": "answer", "question": "fte_by_service", "item": "housing_with_staff", "type": "number"},
    {"column": "tilskudd", "use": "answer", "question": "user_involvement_amount", "type": "number", "unit": "nok"},
    {"column": "sum", "use": "ignored", "reason": "typed_sum"},
]
WORKBOOK_ROWS: list[list[object]] = [
    ["nr", "kommune", "bolig", "tilskudd", "sum"],
    ["0101", "Halden", 1.5, 1.234, 1.5],
    ["0104", "Moss", 3, "1.234", 3],
    ["0105", "Sarpsborg", 7, None, 7],
]


def answers(connection: duckdb.DuckDBPyConnection) -> dict[str, list[float | None]]:
    """The FTE read for each unit, row by row."""
    found: dict[str, list[float | None]] = {}
    for unit, value in connection.execute(
        "select unit_code, cast(number_value as double) from intermediate.int_cells "
        "where question = 'fte_by_service' and fate = 'mapped' order by row_number, column_number"
    ).fetchall():
        found.setdefault(unit, []).append(value)
    return found


def read_workbook(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    change: Callable[[Any], None] | None = None,
    rows: list[list[object]] = WORKBOOK_ROWS,
    columns: list[dict[str, str]] = WORKBOOK_COLUMNS,
    **options: Any,
) -> dict[str, list[float | None]]:
    write_form(kit.data, workbook_form(**options), columns, [])
    write_delivery(kit.data, "2016", {"export.xlsx": xlsx(rows, change)})
    kit.read(warehouse)
    assert_balances(warehouse)
    return answers(warehouse)


def hide_row(sheet: Any) -> None:
    sheet.row_dimensions[4].hidden = True


def strike_row(sheet: Any) -> None:
    for cell in sheet[4]:
        cell.font = Font(strike=True)


def add_raised_mark(sheet: Any) -> None:
    sheet["C4"] = rich(("7", {}), ("1", RAISED))
    sheet["C1"] = rich(("bolig", {}), ("2", RAISED))


def replace_by_hand(sheet: Any) -> None:
    sheet["C4"] = rich(("2", STRUCK), ("7", {}))


WORKBOOK_FIGURES = {"0101": [1.5], "0104": [3.0], "0105": [7.0]}


@pytest.mark.parametrize(
    ("change", "refused", "option", "figures", "remark"),
    [
        (hide_row, "cell A4: the row is hidden, and so are 2 cells more", {"hidden": "read"}, WORKBOOK_FIGURES, "hidden"),
        (hide_row, "hidden", {"hidden": "skip"}, {"0101": [1.5], "0104": [3.0]}, "hidden_skipped"),
        (strike_row, "cell A4: the cell is struck out", {"struck_out": "read"}, WORKBOOK_FIGURES, "struck_out"),
        (strike_row, "struck out", {"struck_out": "skip"}, {"0101": [1.5], "0104": [3.0]}, "struck_out_skipped"),
        (replace_by_hand, "cell C4: a part of the cell", {"struck_out": "skip"}, WORKBOOK_FIGURES, "struck_out_skipped"),
        (add_raised_mark, "cell C1: a part of the text is raised", {"raised": "drop"}, WORKBOOK_FIGURES, "raised_dropped"),
    ],
)
def test_what_is_not_seen_or_void_is_refused_or_settled_by_the_form(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    change: Callable[[Any], None],
    refused: str,
    option: dict[str, str],
    figures: dict[str, list[float]],
    remark: str,
) -> None:
    with pytest.raises(UserError, match=refused):
        read_workbook(kit, warehouse, change)
    assert read_workbook(kit, warehouse, change, **option) == figures
    assert remark in {mark for (mark,) in warehouse.execute("select mark from raw.marks").fetchall()}
    left_out = (
        {"hidden_skipped": ["hidden"], "struck_out_skipped": ["struck_out"]}.get(remark, []) if len(figures) < 3 else []
    )
    ignored = warehouse.execute(
        "select distinct fate_reason from intermediate.int_cells "
        "where fate = 'ignored' and row_number = 4 and header != 'sum'"
    ).fetchall()
    assert [reason for (reason,) in ignored] == left_out


def test_marks_of_columns_and_rows_that_do_not_count_are_harmless(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    def change(sheet: Any) -> None:
        sheet["E2"], sheet["E3"] = "=C2", rich(("3", {}), ("1", RAISED))
        sheet["E4"].font = Font(strike=True)
        sheet.column_dimensions["E"].hidden = True
        sheet.append(["Sum", "", 11.5])
        sheet.row_dimensions[5].hidden = True

    rule = {"rows_not_data": [{"reason": "total", "column": "nr", "matches": "Sum"}]}
    assert read_workbook(kit, warehouse, change, sheet=rule) == WORKBOOK_FIGURES
    assert warehouse.execute("select * from raw.marks").fetchall() == []


def test_formulas_are_read_by_their_saved_values_and_reported(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    def change(sheet: Any) -> None:
        sheet["C4"] = "=3+4"

    with pytest.raises(UserError, match="cell C4: the formula has no saved value; open the workbook"):
        read_workbook(kit, warehouse, change)
    content = xlsx(WORKBOOK_ROWS, change)
    sheet = part(content, "xl/worksheets/sheet1.xml").replace(b"<v />", b"<v>7</v>").replace(b"<v></v>", b"<v>7</v>")
    write_delivery(kit.data, "2016", {"export.xlsx": with_parts(content, {"xl/worksheets/sheet1.xml": sheet})})
    kit.read(warehouse)
    assert answers(warehouse) == WORKBOOK_FIGURES
    assert warehouse.execute("select mark, cell_count, first_row, first_column from raw.marks").fetchall() == [
        ("formula", 1, 4, 3)
    ]


def test_a_cell_of_a_number_is_a_number_and_a_text_may_be_ambiguous(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    read_workbook(kit, warehouse)
    assert fate(warehouse, 2, "tilskudd") == ("mapped", "answer", 1.234)
    assert fate(warehouse, 3, "tilskudd") == ("rejected", "ambiguous_number", 1.234)


def test_units_that_are_written_once_hold_for_their_rows(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    rows: list[list[object]] = [
        ["nr", "kommune", "tiltak", "årsverk"],
        ["0101", "Halden", "Bolig", 1.5],
        [None, None, "Arbeid", 2],
        ["0104", "Moss", "Bolig", 12.5],
        [None, None, "Arbeid", 3],
    ]
    columns = [{"column": name, "use": "identifier"} for name in ("nr", "kommune", "tiltak")] + [
        {
            "column": "årsverk",
            "when": f"tiltak={text}",
            "use": "answer",
            "question": "fte_by_service",
            "item": item,
            "type": "number",
        }
        for text, item in (("Bolig", "housing_with_staff"), ("Arbeid", "work_measures"))
    ]
    expected = {"0101": [1.5, 2.0], "0104": [12.5, 3.0]}

    def merge(sheet: Any) -> None:
        for area in ("A2:A3", "B2:B3", "A4:A5", "B4:B5"):
            sheet.merge_cells(area)

    layout = {"sheet": {"submission": {"id": "nr"}}}
    assert read_workbook(kit, warehouse, merge, rows, columns, **layout) == expected
    assert warehouse.execute("select mark, cell_count, first_row, first_column from raw.marks").fetchall() == [
        ("filled_down", 4, 3, 1)
    ]
    assert read_workbook(kit, warehouse, None, rows, columns, **layout) == {"0101": [1.5], "0104": [12.5]}
    assert read_workbook(kit, warehouse, None, rows, columns, unit={"fill_down": True}, **layout) == expected


def test_headers_that_are_merged_downwards_stand_once(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    rows: list[list[object]] = [
        ["Nr", "Kommune", "Voksne", None, "Sum"],
        [None, None, "Bolig", "Arbeid", None],
        ["0101", "Halden", 1.5, 2, 3.5],
    ]

    def merge(sheet: Any) -> None:
        for area in ("A1:A2", "B1:B2", "C1:D1", "E1:E2"):
            sheet.merge_cells(area)

    columns = [
        *({"column": name, "use": "identifier"} for name in ("Nr", "Kommune")),
        *(
            {"column": f"Voksne|{text}", "use": "answer", "question": "fte_by_service", "item": item, "type": "number"}
            for text, item in (("Bolig", "housing_with_staff"), ("Arbeid", "work_measures"))
        ),
        {"column": "Sum", "use": "ignored", "reason": "typed_sum"},
    ]
    layout = {"sheet": {"header_rows": [1, 2], "first_row": 3}, "unit": {"code": ["Nr"], "name": ["Kommune"]}}
    assert read_workbook(kit, warehouse, merge, rows, columns, **layout) == {"0101": [1.5, 2.0]}


def test_a_second_table_is_refused_with_its_row(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = [*WORKBOOK_ROWS, [], ["Barn"], WORKBOOK_ROWS[0], ["0101", "Halden", 99, None, 99]]
    with pytest.raises(UserError, match=r"cell A6: the row looks like a heading \(Barn\): does a second table begin there"):
        read_workbook(kit, warehouse, None, rows)


@pytest.mark.parametrize("reader", ["xls", "ods"])
def test_other_kinds_of_workbooks_are_deliveries_too(kit: Kit, warehouse: duckdb.DuckDBPyConnection, reader: str) -> None:
    columns = [
        *({"column": name, "use": "identifier"} for name in ("nr", "kommune")),
        {"column": "bolig", "use": "answer", "question": "fte_by_service", "item": "housing_with_staff", "type": "number"},
        {"column": "arbeid", "use": "answer", "question": "fte_by_service", "item": "work_measures", "type": "number"},
        *({"column": name, "use": "ignored", "reason": "typed_sum"} for name in ("sum", "levert", "skjult")),
    ]
    options = {"reader": reader, "hidden": "skip", "struck_out": "skip", "raised": "drop", "sheets_not_data": ["Skjult"]}
    # The hidden column is left out with its header; which of two undated rows of a unit (0118) counts is unknown.
    write_form(kit.data, workbook_form(**options, sheet={"sheet": "Årsverk"}), columns[:-1], [])
    write_delivery(kit.data, "2016", {f"export.{reader}": (SAVED / f"libreoffice.{reader}").read_bytes()})
    kit.read(warehouse)
    assert_balances(warehouse)
    assert answers(warehouse) == {"0101": [1.5, 2.0], "0104": [0.5, 1.234], "0111": [12.0, 3.0]}


def test_what_is_told_of_workbooks_stands_in_the_status(kit: Kit) -> None:
    with connect(kit.settings.warehouse_file):
        pass
    assert reported_cells(kit.settings.warehouse_file) == []
    write_form(kit.data, workbook_form(hidden="read"), WORKBOOK_COLUMNS, [])
    write_delivery(kit.data, "2016", {"export.xlsx": xlsx(WORKBOOK_ROWS, hide_row)})
    with connect(kit.settings.warehouse_file) as connection:
        load_inputs(kit.settings, connection)
        kit.read(connection)
    (remark,) = reported_cells(kit.settings.warehouse_file)
    assert (remark["form"], remark["file"], remark["sheet"]) == ("survey_2016", "export.xlsx", "Ark")
    assert (remark["cells"], remark["first_cell"], remark["what"]) == (3, "A4", "hidden cells, read since the form says so")


def test_a_new_year_is_proposed_what_to_do_with_marks_and_units(kit: Kit) -> None:
    def change(sheet: Any) -> None:
        hide_row(sheet)
        sheet["A3"] = sheet["B3"] = None

    write_form(kit.data, workbook_form(), WORKBOOK_COLUMNS, [])
    form = load_form(kit.settings.forms / "survey_2016")
    folder = write_delivery(kit.data, "2017", {"export.xlsx": xlsx(WORKBOOK_ROWS, change)})
    seen = inspect_delivery(folder, form)
    draft = draft_form(form, seen.sheets, labels=seen.labels, files=seen.files, delivery="2017", years=1)
    (hidden,) = [line for line in draft.form_yml.splitlines() if "hidden: read or skip" in line]
    assert hidden.strip().startswith("# look: sheet Ark, A4 (and 3 more): the row is hidden; show it if it counts")
    (units,) = [line for line in draft.form_yml.splitlines() if "fill_down" in line]
    assert units.strip() == (
        "# look: export.xlsx: 1 rows have no unit; state unit.fill_down: true if they are of the unit above them"
    )


PROPOSED = """
K-0101;1,5;–;1;Ja;Bolig;Ja
Fredrikstad (0106);..;2;1;Nei;Bolig|Arbeid;Nei
="0105";3;–;2;Ja;Arbeid;
K-0101;2;1;2;Ja;;
Sum landet;99;;;;;
"""


def test_what_cells_suggest_is_proposed_and_nothing_of_it_is_decided(kit: Kit) -> None:
    names = ("bolig", "arbeid", "rutine", "kjop_1")
    columns = [column for column in COLUMNS if column["column"] in names] + [{"column": "nr", "use": "identifier"}]
    total = {"reason": "total", "column": "nr", "matches": "Sum.*"}
    sheet = {"name": "main", "file": "export", "unit": {"code": ["nr"]}, "rows_not_data": [total]}
    write_form(kit.data, {**FORM, "sheets": [sheet], "numbers": {}}, columns, OPTIONS)
    last = load_form(kit.settings.forms / "survey_2016")
    content = ";".join(("nr", *names, "valg", "boks")) + PROPOSED
    seen = inspect_delivery(write_delivery(kit.data, "2017", {"export.csv": content}), last)
    draft = draft_form(last, seen.sheets, files=seen.files, delivery="2017")
    assert [(row.column, row.note) for row in draft.unsure] == [
        ("valg", "its cells hold several options: type codes, separator |?"),
        ("boks", "its cells are 'Ja' and 'Nei': a question (type code), or boxes (type tick, ticked ja, not_ticked nei)?"),
    ]
    proposed = [line.strip("# ") for line in draft.form_yml.splitlines() if line.strip().startswith("#   ")]
    assert proposed == [
        'code_pattern: "([0-9]{4})"',
        "rows: sum",
        "nil: [–]",
        "missing: [..]",
        "ticks:",
        "ticked: ['1', x, 'true', Ja]",
        "not_ticked: ['0', 'false', Nei]",
    ]
    message = "export.csv: 4 of 4 cells of nr have the code inside a text, such as 'K-0101'"
    assert f"  # look: {message}" in draft.form_yml and f"{message}; state under unit" in draft.render()
    decided = yaml.safe_load(draft.form_yml)
    assert (decided["sheets"][0]["unit"], decided["sheets"][0]["rows"]) == ({"code": ["nr"]}, "one")
    assert not {"numbers", "ticks"} & set(decided)


def test_units_that_are_merged_over_rows_are_told_in_a_new_year(kit: Kit) -> None:
    write_form(kit.data, workbook_form(), WORKBOOK_COLUMNS, [])
    form = load_form(kit.settings.forms / "survey_2016")

    def merge(sheet: Any) -> None:
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("B2:B3")

    folder = write_delivery(kit.data, "2017", {"export.xlsx": xlsx(WORKBOOK_ROWS, merge)})
    text = draft_form(form, inspect_delivery(folder, form).sheets, delivery="2017").form_yml
    assert "is merged over rows (first into row 3): its unit holds for all of them without a word" in text
    assert "#   rows: sum" in text and "fill_down" not in text
