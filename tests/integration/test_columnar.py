"""SPSS and Parquet deliveries: the statements of file and form about the same values, and the fates of cells."""

from __future__ import annotations

import datetime
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from orchestration.core.errors import UserError
from orchestration.forms.draft import draft_form
from orchestration.forms.model import FileSpec
from orchestration.forms.registry import load_forms
from orchestration.ingest.deliveries import TABLES
from orchestration.ingest.headers import inspect_delivery
from orchestration.ingest.readers import Limits, read
from orchestration.ingest.readers.columnar import read_parquet
from tests.integration.deliveries_kit import (
    COLUMNS,
    FORM,
    OPTIONS,
    Kit,
    cell_models,
    cell_warehouse,
    make_kit,
    write_form,
)

SAV = {"name": "export", "pattern": "export.sav", "reader": "sav"}
PARQUET = {"name": "export", "pattern": "export.parquet", "reader": "parquet"}
VALUES: dict[str, list[Any]] = {
    "nr": ["0101", "0104", "0105", "0106"],
    "kommune": ["Halden", "Moss", "Sarpsborg", "Fredrikstad"],
    "bolig": [1.5, 99.0, 998.0, 3.0],
    "arbeid": [2.0, -9.0, None, 950.5],
    "rutine": [1.0, 2.0, 8.0, 9.0],
    "kjop_1": [1.0, 0.0, None, 9.0],
    "kommentar": ["", "ja", "nei", "x"],
}
NAMED = ("nr", "kommune")


@pytest.fixture(scope="module")
def surveys(
    tmp_path_factory: pytest.TempPathFactory, compiled: dict[str, dict[str, Any]]
) -> Iterator[tuple[Kit, duckdb.DuckDBPyConnection]]:
    """One warehouse for all tests, because building it takes longer than they do; each starts without a delivery."""
    kit = make_kit(tmp_path_factory.mktemp("surveys"))
    with cell_warehouse(kit, cell_models(compiled)) as connection:
        yield kit, connection


@pytest.fixture
def kit(surveys: tuple[Kit, duckdb.DuckDBPyConnection]) -> Kit:
    kit, connection = surveys
    shutil.rmtree(kit.data / "deliveries")
    (kit.data / "deliveries").mkdir()
    for name in TABLES:
        connection.execute(f"delete from raw.{name}")
    return kit


@pytest.fixture
def warehouse(surveys: tuple[Kit, duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    return surveys[1]


def form(
    kit: Kit,
    file: Mapping[str, Any],
    *,
    columns: tuple[str, ...] = tuple(VALUES),
    options: list[dict[str, str]] | None = None,
    submission: Mapping[str, Any] | None = None,
    numbers: tuple[str, ...] = (),
    missing: Mapping[str, str] | None = None,
    more: list[dict[str, str]] | None = None,
    content: Mapping[str, Any] | None = None,
) -> None:
    """Write a form with some columns of the tiny survey, for one file of values."""
    sheet = {
        "name": "main",
        "file": "export",
        "unit": {"code": ["nr"], "name": ["kommune"]},
        "submission": dict(submission or {}),
    }
    named = {*NAMED, *(str(name) for key, name in (submission or {}).items() if key in {"id", "submitted", "status"})}
    lines = [
        {**line, "missing": (missing or {}).get(line["column"], "")}
        for line in COLUMNS
        if line["column"] in columns and (line["use"] != "identifier" or line["column"] in named)
    ]
    whole = {**FORM, "files": [dict(file)], "sheets": [sheet], "numbers": {"missing": list(numbers)}, **(content or {})}
    usual = OPTIONS if "rutine" in columns else []
    write_form(kit.data, whole, lines + (more or []), usual if options is None else options)


def sav(kit: Kit, values: Mapping[str, list[Any]] = VALUES, **declarations: Any) -> Path:
    """Write a delivery of an SPSS file; ``declarations`` are its own."""
    path = kit.data / "deliveries" / "2016" / "export.sav"
    path.parent.mkdir(exist_ok=True)
    pyreadstat.write_sav(pandas.DataFrame(dict(values)), str(path), **declarations)
    return path


def parquet(kit: Kit, table: pa.Table, **options: Any) -> Path:
    path = kit.data / "deliveries" / "2016" / "export.parquet"
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def with_record(path: Path, subtype: int, content: bytes) -> None:
    """Add a record to the dictionary of an SPSS file that the library does not write."""
    data = path.read_bytes()
    end = data.index(struct.pack("<ii", 999, 0))
    path.write_bytes(data[:end] + struct.pack("<iiii", 7, subtype, 1, len(content)) + content + data[end:])


def fates(connection: duckdb.DuckDBPyConnection, *headers: str) -> Any:
    """The number or answer of each cell of columns, or why it is not an answer; None for no cell."""
    (count,) = connection.execute("select max(row_count) from raw.sheets").fetchone() or (0,)
    found = connection.execute(
        """
        select cells.header, cells.row_number, cells.fate_reason, cast(cells.number_value as double), answers.answer
        from intermediate.int_cells as cells
        left join intermediate.int_answers as answers using (file, row_number, column_number)
        where cells.row_number > 1
        """
    ).fetchall()
    cells = {
        (header, row): reason if reason != "answer" else answer or number for header, row, reason, number, answer in found
    }
    columns = tuple([cells.get((header, row)) for row in range(2, count + 1)] for header in headers)
    return columns if len(columns) > 1 else columns[0]


def texts(connection: duckdb.DuckDBPyConnection, column: int) -> list[str]:
    """The texts read from a column's cells, its name first."""
    found = connection.execute("select text from raw.cells where column_number = ? order by row_number", [column]).fetchall()
    return [text for (text,) in found]


def refusal(kit: Kit, connection: duckdb.DuckDBPyConnection) -> str:
    with pytest.raises(UserError) as caught:
        kit.read(connection)
    message = str(caught.value)
    assert message.isprintable() and caught.value.remedy and "export." in caught.value.place
    assert connection.execute("select count(*) from raw.cells").fetchone() == (0,)
    return message


# Values that the file declares missing


@pytest.mark.parametrize(
    ("declared", "bolig", "arbeid"),
    [
        ({}, [1.5, 99.0, 998.0, 3.0], [2.0, "negative_number", None, 950.5]),
        ({"bolig": [99, 998]}, [1.5, "missing_code", "missing_code", 3.0], [2.0, "negative_number", None, 950.5]),
        (
            {"bolig": [{"lo": 90, "hi": 999}, 1.5], "arbeid": [{"lo": -9, "hi": -1}]},
            ["missing_code", "missing_code", "missing_code", 3.0],
            [2.0, "missing_code", None, 950.5],
        ),
        (
            {"arbeid": [{"lo": float("-inf"), "hi": 0}, 950.5], "bolig": [{"lo": 99, "hi": float("inf")}]},
            [1.5, "missing_code", "missing_code", 3.0],
            [2.0, "missing_code", None, "missing_code"],
        ),
    ],
)
def test_what_an_spss_file_declares_missing_is_no_answer(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    declared: dict[str, Any],
    bolig: list[Any],
    arbeid: list[Any],
) -> None:
    form(kit, SAV, options=[*OPTIONS, {"question": OPTIONS[0]["question"], "code": "8", "answer": "dont_know"}])
    sav(kit, missing_ranges=declared)
    kit.read(warehouse)
    assert fates(warehouse, "bolig", "arbeid", "rutine") == (bolig, arbeid, ["yes", "no", "dont_know", "not_answered"])


def test_declared_texts_and_boxes_and_traces_of_arithmetic(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    options = [{"question": OPTIONS[0]["question"], "code": code, "answer": code} for code in ("ja", "nei")]
    form(kit, SAV, options=options)
    values = {**VALUES, "rutine": ["ja", "IB", "nei", "IBX"], "bolig": [98.99999999999999, 99.00000000000001, 2.0, 1e-9]}
    sav(kit, values, missing_ranges={"rutine": ["IB"], "kjop_1": [9], "bolig": [99]})
    kit.read(warehouse)
    rutine, bolig = fates(warehouse, "rutine", "bolig")
    assert rutine == ["ja", "missing_code", "nei", "unknown_code"]
    assert bolig == ["missing_code", "missing_code", 2.0, 0.0]
    # A box with "no answer" is not an answer; an unticked box is.
    assert warehouse.execute(
        "select row_number, answer from intermediate.int_answers where type = 'tick' order by 1"
    ).fetchall() == [(2, "no"), (3, None)]


def test_long_texts_may_be_declared_missing(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    options = [{"question": OPTIONS[0]["question"], "code": "ja, absolutt", "answer": "yes"}]
    form(kit, SAV, options=options)
    path = sav(kit, {**VALUES, "rutine": ["ja, absolutt", "UBESVART", "ubesvart her", ""]})
    name = b"rutine"
    with_record(path, 22, struct.pack("<i", len(name)) + name + struct.pack("<bi", 1, 8) + b"UBESVART")
    kit.read(warehouse)
    assert fates(warehouse, "rutine") == ["yes", "missing_code", "unknown_code", None]


def test_what_is_declared_missing_identifies_nothing(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    form(
        kit,
        SAV,
        columns=("id", "nr", "kommune", "levert", "bolig"),
        submission={"id": "id", "submitted": "levert", "status": None},
    )
    moment = pandas.Timestamp("2016-03-01 10:00:00")
    values = {
        "id": [1.0, 999.0, 999.0, 4.0],
        "nr": [101.0, 104.0, 105.0, 9999.0],
        "kommune": VALUES["kommune"],
        "levert": [moment, moment, pandas.Timestamp("1582-10-15"), moment],
        "bolig": [1.0, 2.0, 3.0, 4.0],
    }
    sav(kit, values, missing_ranges={"id": [999], "nr": [9999], "levert": [86400]})
    kit.read(warehouse)
    rows = warehouse.execute(
        "select row_number, unit_code, submission_id, submitted_at is null, rejected_reason "
        "from intermediate.int_row_submissions order by 1"
    ).fetchall()
    assert rows == [
        (2, "0101", "1", False, None),
        (3, "0104", None, False, None),
        (4, "0105", None, True, None),
        (5, None, "4", False, "no_unit"),
    ]


STATUS = {"id": None, "status": "status", "completed": ["1"], "not_completed": ["0"]}


@pytest.mark.parametrize(
    ("statements", "declared", "words"),
    [
        ({}, {"rutine": [2]}, ("column rutine", "declares '2' missing", "'no'", "options.csv, line 3", "declared_missing")),
        ({}, {"rutine": [{"lo": 2, "hi": 9}]}, ("column rutine", "declares '2' missing", "'no'")),
        ({}, {"kjop_1": [1]}, ("column kjop_1", "declares '1' missing", "a tick for 'no'")),
        ({}, {"kjop_1": [0, 9]}, ("column kjop_1", "declares '0' missing", "not ticked")),
        ({"missing": {"bolig": "99"}}, {"bolig": [998]}, ("column bolig, row 3", "'99' is missing by the form", "998")),
        (
            {"missing": {"bolig": "99"}},
            {"bolig": [99, 998]},
            ("column bolig, row 4", "declares '998' missing", "that 99 is"),
        ),
        ({"missing": {"bolig": "90..99"}}, {"bolig": [998]}, ("column bolig, row 3", "'99' is missing by the form")),
        ({"numbers": ("99",)}, {"bolig": [998]}, ("column bolig, row 3", "numbers in form.yml")),
    ],
)
def test_a_file_and_a_form_that_declare_differently_are_refused(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    statements: dict[str, Any],
    declared: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    form(kit, SAV, options=OPTIONS, **statements)
    sav(kit, missing_ranges=declared)
    message = refusal(kit, warehouse)
    for word in words:
        assert word in message, message
    # The form can confirm this; then values that either declares missing are missing.
    form(kit, {**SAV, "declared_missing": "form"}, options=OPTIONS, **statements)
    kit.read(warehouse)
    rutine, bolig = fates(warehouse, "rutine", "bolig")
    assert rutine[:2] == ["yes", "no"]
    assert bolig == [1.5, "missing_code", "missing_code", 3.0] or "bolig" not in declared


@pytest.mark.parametrize(
    ("statements", "declared"),
    [
        ({"missing": {"bolig": "99;998"}}, {"bolig": [99, 998]}),
        ({"missing": {"bolig": "90..999"}}, {"bolig": [{"lo": 90, "hi": 999}]}),
        ({"missing": {"bolig": "998;997;99"}}, {"bolig": [{"lo": 99, "hi": 99}, 998]}),
        ({"numbers": ("998", ".")}, {"bolig": [99, 998]}),
        ({}, {"bolig": [99, 998], "rutine": [8, 9]}),
    ],
)
def test_a_form_that_lists_what_the_file_declares_does_not_contradict_it(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, statements: dict[str, Any], declared: dict[str, Any]
) -> None:
    form(kit, SAV, **statements)
    sav(kit, missing_ranges=declared)
    kit.read(warehouse)
    rutine, bolig = fates(warehouse, "rutine", "bolig")
    assert bolig == [1.5, "missing_code", "missing_code", 3.0]
    assert rutine == ["yes", "no", "missing_code" if "rutine" in declared else "unknown_code", "not_answered"]


CHOSEN = {"question": "private_purchase", "type": "codes", "separator": ";"}


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (["Nei"], ("column kjop", "declares 'Nei' missing", "the answer 'no'", "options.csv, line 2")),
        (["Bo;Nei"], ("column kjop, row 3", "declares 'Bo;Nei' missing", "'housing' and 'no'")),
        (["IB", "UB"], ("column kjop, row 5", "declares 'UB' missing (IB;UB)", "that IB is")),
    ],
)
def test_what_a_file_declares_of_chosen_options_is_held_against_the_form(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, declared: list[str], words: tuple[str, ...]
) -> None:
    options = [
        {"question": "private_purchase", "code": code, "answer": answer}
        for code, answer in (("Nei", "no"), ("Bo", "housing"))
    ]
    more = [{"column": "kjop", "use": "answer", **CHOSEN, "missing": "IB" if "IB" in declared else ""}]
    values = {"nr": VALUES["nr"], "kommune": VALUES["kommune"], "kjop": ["Nei", "Bo;Nei", "IB", "UB"]}
    form(kit, SAV, columns=NAMED, more=more, options=options)
    sav(kit, values, missing_ranges={"kjop": declared})
    message = refusal(kit, warehouse)
    for word in words:
        assert word in message, message
    form(kit, {**SAV, "declared_missing": "form"}, columns=NAMED, more=more, options=options)
    kit.read(warehouse)
    is_missing = "IB" in declared
    assert warehouse.execute(
        "select fate_reason from intermediate.int_cells where header = 'kjop' and row_number > 1 order by row_number"
    ).fetchall() == [("answer",), ("answer",), *[("missing_code" if is_missing else "unknown_code",)] * 2]
    assert warehouse.execute(
        "select unit_code, answer from intermediate.int_delivered_answers where not is_rejected and answer is not null "
        "order by all"
    ).fetchall() == [("0101", "no"), ("0104", "housing"), ("0104", "no")]


def test_a_status_that_is_declared_missing_is_refused(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    form(kit, SAV, columns=("nr", "kommune", "status", "bolig"), submission=STATUS)
    values = {"nr": VALUES["nr"], "kommune": VALUES["kommune"], "status": [1.0, 0.0, 1.0, 1.0], "bolig": VALUES["bolig"]}
    sav(kit, values, missing_ranges={"status": [0]})
    assert "the status not_completed" in refusal(kit, warehouse)


# Other statements of a file about its codes


def test_codes_that_the_file_calls_otherwise_are_refused(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    options = [{**option, "label_nb": label} for option, label in zip(OPTIONS, ("Ja", "Nei", "Ubesvart"), strict=True)]
    form(kit, SAV, options=options)
    sav(kit, variable_value_labels={"rutine": {1: "nei ", 2: "ja", 8: "Vet ikke"}})
    message = refusal(kit, warehouse)
    assert "column rutine" in message and "calls 1 'nei" in message and "options.csv, line 2" in message
    sav(kit, variable_value_labels={"rutine": {1: "Ja, skriftlig", 2: "NEI", 8: "Vet ikke"}})
    kit.read(warehouse)
    assert fates(warehouse, "rutine") == ["yes", "no", "unknown_code", "not_answered"]


@pytest.mark.parametrize(
    ("subtype", "record"), [(7, b"$kjop=D1 2 5 label kjop_1\n"), (19, b"$kjop=E 1 1 2 5 label kjop_1\n")]
)
def test_another_counted_value_is_refused(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, subtype: int, record: bytes
) -> None:
    form(kit, SAV)
    path = sav(kit, {**VALUES, "kjop_1": [2.0, 1.0, 1.0, 1.0]})
    with_record(path, subtype, record)
    message = refusal(kit, warehouse)
    assert "column kjop_1" in message and "counts '2' as ticked" in message
    with_record(sav(kit), subtype, record.replace(b" 2 5", b" 1 5"))
    kit.read(warehouse)
    # A form with the same statement reads the file.
    form(kit, SAV, content={"ticks": {"ticked": ["2"], "not_ticked": ["1"]}})
    with_record(sav(kit, {**VALUES, "kjop_1": [2.0, 1.0, 1.0, 1.0]}), subtype, record)
    kit.read(warehouse)


BOX = {"use": "answer", "question": "private_purchase", "type": "tick"}
TICKS = {"ticked": ["1", "Yes"], "not_ticked": ["2", "no"]}


@pytest.mark.parametrize(
    ("ticks", "own", "one", "two", "becomes"),
    [
        (TICKS, {}, [1.0, 2.0, 1.0, None], ["YES", "No", " yes", ""], [True, False, True, None]),
        ({}, {"ticked": "2;ja", "not_ticked": "1"}, [2.0, 1.0, 2.0, None], ["x", "0", "1", ""], [True, False, True, None]),
        (
            TICKS,
            {"ticked": "2", "not_ticked": "1"},
            [2.0, 1.0, 2.0, None],
            ["yes", "no", "1", ""],
            [True, False, True, None],
        ),
        ({}, {}, ["True", "FALSE", "x", None], ["true", "false", "1,0", ""], [True, False, True, None]),
        ({}, {}, ["Ja", "Nei", "2", "on"], ["yes", "-1", "11", "xx"], ["unknown_tick"] * 4),
    ],
)
def test_boxes_are_filled_as_the_form_says(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    ticks: dict[str, list[str]],
    own: dict[str, str],
    one: list[Any],
    two: list[Any],
    becomes: list[Any],
) -> None:
    lines = [{"column": "en", **BOX, "answer": "a", **own}, {"column": "to", **BOX, "answer": "b"}]
    form(kit, SAV, columns=("nr", "kommune"), more=lines, content={"ticks": ticks})
    sav(kit, {"nr": VALUES["nr"], "kommune": VALUES["kommune"], "en": one, "to": two})
    kit.read(warehouse)
    found = warehouse.execute(
        "select header, row_number, coalesce(cast(is_ticked as varchar), fate_reason) from intermediate.int_cells "
        "where type = 'tick' and row_number > 1"
    ).fetchall()
    cells = {(name, row): {"true": True, "false": False}.get(outcome, outcome) for name, row, outcome in found}
    assert [[cells.get((name, row)) for row in range(2, 6)] for name in ("en", "to")] == [becomes, becomes]


def test_boxes_of_booleans(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    form(kit, PARQUET, columns=("nr", "kommune", "kjop_1"))
    parquet(kit, pa.table({"nr": VALUES["nr"][:3], "kommune": VALUES["kommune"][:3], "kjop_1": [True, False, None]}))
    kit.read(warehouse)
    assert warehouse.execute(
        "select row_number, answer from intermediate.int_answers where type = 'tick' order by 1"
    ).fetchall() == [(2, "no"), (3, None)]


# Encodings


def written(kit: Kit, encoding_name: str, encoding: str) -> None:
    """Write a delivery with an æ in texts, names and labels in one encoding, which declares another or the same."""
    letter = "æ".encode(encoding)
    mark = "Q" * len(letter)
    values = {"nr": ["0101", "0104"], "kommune": ["Moss", f"B{mark}rum"], "bolig": [1.5, 3.0], f"l{mark}rt": ["x", "y"]}
    path = sav(kit, values, column_labels=["", f"kommune ({mark})", "", ""])
    record = struct.pack("<iii", 7, 20, 1)
    data = path.read_bytes().replace(mark.encode(), letter)
    path.write_bytes(
        data.replace(record + b"\5\0\0\0UTF-8", record + struct.pack("<i", len(encoding_name)) + encoding_name.encode())
    )


@pytest.mark.parametrize(
    ("encoding_name", "encoding", "stated"),
    [
        ("UTF-8", "utf-8", None),
        ("UTF-8", "utf-8", "utf-8"),
        ("UTF-8", "cp1252", "cp1252"),
        ("UTF-8", "cp1252", "latin-1"),
        ("UTF-8", "cp865", "cp865"),
        ("windows-1252", "cp1252", None),
        ("windows-1252", "cp1252", "windows-1252"),
        ("windows-1252", "utf-8", "utf-8"),
        ("windows-1252", "cp865", "cp865"),
        ("ISO-8859-15", "latin-1", None),
        ("x-rot", "cp1252", "cp1252"),
    ],
)
def test_sav_in_the_encoding_that_it_says_or_that_the_form_states(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, encoding_name: str, encoding: str, stated: str | None
) -> None:
    file = {**SAV, "encoding": stated} if stated else SAV
    form(
        kit,
        file,
        columns=("nr", "kommune", "bolig"),
        more=[{"column": "lært", "use": "ignored", "reason": "respondent_comment"}],
    )
    written(kit, encoding_name, encoding)
    kit.read(warehouse)
    assert [texts(warehouse, column) for column in (2, 3)] == [["kommune", "Moss", "Bærum"], ["bolig", "1.5", "3"]]


@pytest.mark.parametrize(
    ("encoding_name", "encoding", "stated", "words"),
    [
        (
            "UTF-8",
            "cp1252",
            None,
            ("name of variable 4", "0xE6 is not UTF-8, as the file says", "encoding: cp1252", "'lært'"),
        ),
        ("UTF-8", "cp1252", "utf-8", ("0xE6 is not utf-8, as the form states", "encoding: cp1252")),
        ("UTF-8", "cp865", None, ("0x91 is not UTF-8, as the file says", "encoding: cp865")),
        ("UTF-8", "cp1252", "cp865", ("is cp1252, but the form states cp865",)),
        ("UTF-8", "utf-8", "cp1252", ("is utf-8, but the form states cp1252", "'lært' would be read as 'lÃ¦rt'")),
        ("windows-1252", "cp1252", "utf-8", ("0xE6 is not utf-8, as the form states", "encoding: cp1252")),
        (
            "windows-1252",
            "cp1252",
            "cp865",
            ("is cp1252, but the form states cp865", "'lært' would be read as 'lµrt'"),
        ),
        ("windows-1252", "utf-8", None, ("is UTF-8, but the file says windows-1252", "'lært' would be read as 'lÃ¦rt'")),
        ("ISO-8859-1", "utf-8", "latin-1", ("is utf-8, but the form states latin-1", "encoding: utf-8")),
        ("x-rot", "cp1252", None, ("written in 'x-rot', which is not known", "encoding: cp1252")),
        ("UTF-8", "utf-8", "utf-16", ("'utf-16' is not a known text encoding",)),
        ("UTF-8", "utf-8", "nothing", ("'nothing' is not a known text encoding",)),
    ],
)
def test_sav_in_another_encoding_than_stated_is_refused(
    kit: Kit,
    warehouse: duckdb.DuckDBPyConnection,
    encoding_name: str,
    encoding: str,
    stated: str | None,
    words: tuple[str, ...],
) -> None:
    form(
        kit,
        {**SAV, "encoding": stated} if stated else SAV,
        columns=("nr", "kommune", "bolig"),
        more=[{"column": "lært", "use": "ignored", "reason": "respondent_comment"}],
    )
    written(kit, encoding_name, encoding)
    message = refusal(kit, warehouse)
    for word in words:
        assert word in message, message


# Messages about a new year


def test_new_year_lists_what_a_file_declares_and_how_it_was_read(kit: Kit) -> None:
    options = [{**option, "label_nb": label} for option, label in zip(OPTIONS, ("Ja", "Nei", "Ubesvart"), strict=True)]
    form(kit, SAV, options=options, missing={"bolig": "99"})
    (previous,) = load_forms(kit.settings.forms)
    path = sav(
        kit,
        {**VALUES, "kommune": ["Halden", "BQrum", "Moss", ""], "kjop_1": [1.0, 2.0, None, 9.0]},
        missing_ranges={"bolig": [99, 998], "arbeid": [{"lo": -9, "hi": -1}], "rutine": [2, 9], "kjop_1": [9]},
        column_labels=["Kommunenummer", "Kommune", "Bolig, antall", "", "", "", ""],
    )
    with_record(path, 7, b"$kjop=D1 2 0  kjop_1\n")
    path.write_bytes(path.read_bytes().replace(b"BQrum", b"B\xe6rum"))
    seen = inspect_delivery(path.parent, previous)
    (delivered,) = seen.sheets
    assert delivered.spec is not None and delivered.spec.encoding == "cp1252"
    draft = draft_form(previous, seen.sheets).form_yml
    assert "encoding: cp1252" in draft
    # Values declared missing need no decision by a person.
    assert "# look: export.sav: '2' is in boxes of kjop_1, and last year's form" in draft
    notes = "\n".join(seen.notes)
    for words in (
        "declares 99;998 missing in bolig: such cells are no answer",
        "declares -9..-1 missing in arbeid",
        "declares 2;9 missing in rutine",
        "export.sav, rutine: the file declares '2' missing, and the form says that it is the answer 'no'",
        "export.sav, bolig: the file declares '998' missing (99;998), and the form states that 99 is",
        "export.sav, kjop_1: the file counts '2' as ticked",
        "correct data/forms/<form>/options.csv",
    ):
        assert words in notes, notes
    assert seen.labels == {"nr": "Kommunenummer", "kommune": "Kommune", "bolig": "Bolig, antall"}


def test_new_year_tells_columns_without_texts(kit: Kit) -> None:
    form(kit, PARQUET, columns=("nr", "kommune", "bolig"))
    (previous,) = load_forms(kit.settings.forms)
    path = parquet(kit, table(valg=pa.array([["a"], None])))
    (note,) = inspect_delivery(path.parent, previous).notes
    assert note.startswith("export.parquet, valg: holds lists or records") and "can only be ignored" in note


# Truncated SPSS files


@pytest.mark.parametrize("packing", [{}, {"row_compress": True}, {"compress": True}])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"Halden", b"Halden\r"),
        lambda data: data[:-24] + data[-8:],
        lambda data: data + b"12345678",
        lambda data: data[:80] + struct.pack("<i", 3) + data[84:],
        lambda data: data[:80] + struct.pack("<i", 5) + data[84:],
        lambda data: data[:84] + struct.pack("<d", 99.0) + data[92:],
    ],
    ids=["a line end", "lost bytes", "bytes at the end", "fewer rows", "more rows", "another shift"],
)
def test_an_spss_file_that_is_not_whole_is_refused(
    kit: Kit, packing: dict[str, bool], damage: Callable[[bytes], bytes]
) -> None:
    path = sav(kit, **packing)
    spec = FileSpec.model_validate(SAV)
    assert read(path, spec)[0].rows == 5
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    if path.read_bytes() != whole:
        with pytest.raises(UserError, match="damaged or truncated"):
            read(path, spec)


def test_packed_blocks_are_not_unpacked_beyond_the_limit(kit: Kit) -> None:
    path = sav(kit, {"a": [1.0] * 20_000, "b": ["x"] * 20_000}, compress=True)
    spec = FileSpec.model_validate(SAV)
    assert read(path, spec)[0].rows == 20_001
    with pytest.raises(UserError, match="when unpacked"):
        read(path, spec, limits=replace(Limits(), unpacked_bytes=10_000))


def test_a_variable_whose_format_is_of_another_kind_is_refused(kit: Kit) -> None:
    path = sav(kit)
    data = path.read_bytes()
    place = data.index(b"BOLIG   ") - 20  # kind, label, missing values, two formats, name: four bytes each, except the name
    path.write_bytes(data[:place] + struct.pack("<i", 8) + data[place + 4 :])
    with pytest.raises(UserError, match=r"variable bolig: .*its values are texts, its format is F"):
        read(path, FileSpec.model_validate(SAV))


# Parquet


def table(**columns: Any) -> pa.Table:
    return pa.table({"nr": ["0101", "0104"], "kommune": ["Bærum", "Moss"], "bolig": [1.5, 3.0], **columns})


IGNORED = {"column": "ekstra", "use": "ignored", "reason": "respondent_comment"}


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": False, "column_encoding": {"nr": "DELTA_BYTE_ARRAY", "kommune": "DELTA_LENGTH_BYTE_ARRAY"}},
        {"use_dictionary": ["nr"], "column_encoding": {"kommune": "DELTA_BYTE_ARRAY"}, "data_page_version": "2.0"},
        {"use_dictionary": False, "column_encoding": {"bolig": "BYTE_STREAM_SPLIT"}, "compression": "zstd"},
        {"row_group_size": 1, "write_page_checksum": True},
        {"version": "1.0", "use_deprecated_int96_timestamps": True},
    ],
)
def test_parquet_however_it_is_packed(kit: Kit, warehouse: duckdb.DuckDBPyConnection, options: dict[str, Any]) -> None:
    form(kit, PARQUET, columns=("nr", "kommune", "bolig"))
    parquet(kit, table(), **options)
    kit.read(warehouse)
    assert [texts(warehouse, column) for column in (2, 3)] == [["kommune", "Bærum", "Moss"], ["bolig", "1.5", "3"]]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_parquet_that_duckdb_writes(kit: Kit, warehouse: duckdb.DuckDBPyConnection, version: str) -> None:
    form(kit, PARQUET, columns=("nr", "kommune", "bolig"))
    (kit.data / "deliveries" / "2016").mkdir()
    duckdb.execute(
        f"""
        copy (
            select lpad(cast(100 + row as varchar), 4, '0') as nr, 'Kommune ' || row as kommune, row / 2 as bolig
            from range(1, 5000) as rows (row)
        ) to '{kit.data}/deliveries/2016/export.parquet' (format parquet, parquet_version {version})
        """
    )
    kit.read(warehouse)
    assert [texts(warehouse, column)[4000] for column in (1, 2, 3)] == ["4100", "Kommune 4000", "2000"]


def test_texts_packed_by_differences_are_not_unpacked_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    options = {"use_dictionary": False, "column_encoding": {"a": "DELTA_BYTE_ARRAY"}, "compression": "none"}
    pq.write_table(pa.table({"a": ["x" * 10_000] * 5000}), path, **options)
    assert path.stat().st_size < 100_000
    limits = replace(Limits(), text_bytes=10_000_000, unpacked_bytes=10**9)
    before = pa.total_allocated_bytes()
    with pytest.raises(UserError, match="bytes of text"):
        read_parquet(path, limits)
    assert pa.total_allocated_bytes() - before < 40_000_000


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pa.array([["a", "b"], []]), ("holds lists or records (list<",)),
        (pa.array([{"a": 1}, None]), ("holds lists or records (struct<",)),
        (pa.array([b"B\xe6rum", b"Moss"]), ("bytes that are no UTF-8 (first in row 2)", "ask for texts in UTF-8")),
        (pa.array([b"\xff" * 2, b"ab"], pa.binary(2)), ("bytes that are no UTF-8 (first in row 2)",)),
    ],
)
def test_columns_without_texts_may_be_ignored_and_nothing_else(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, values: pa.Array, words: tuple[str, ...]
) -> None:
    form(kit, PARQUET, columns=("nr", "kommune", "bolig"), more=[IGNORED])
    parquet(kit, table(ekstra=values))
    kit.read(warehouse)
    bolig, ekstra = fates(warehouse, "bolig", "ekstra")
    assert bolig == [1.5, 3.0]
    assert ekstra == ["respondent_comment", None if values[1].as_py() is None else "respondent_comment"]
    warehouse.execute("delete from raw.cells")
    form(
        kit,
        PARQUET,
        columns=("nr", "kommune", "bolig"),
        more=[IGNORED | {"use": "answer", "question": "q", "type": "number"}],
    )
    message = refusal(kit, warehouse)
    for word in ("column ekstra", "ignore it in", "columns.csv, line 5", *words):
        assert word in message, message


def test_types_of_parquet_become_the_texts_that_forms_know(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    form(kit, PARQUET, columns=("nr", "kommune", "bolig", "arbeid", "rutine"), more=[IGNORED])
    columns = {
        "nr": pa.array([101.0, 104.0]),
        "kommune": pa.array([b"B\xc3\xa6rum", b"Moss"]),
        "bolig": pa.array(["1.50", "3.00"]).cast(pa.decimal128(10, 2)),
        "arbeid": pa.array([1.0, None]),
        "rutine": pa.array([0.99999999999, 2.0000000000000004]),
        "ekstra": pa.array([90_000_000_001, None], pa.duration("ns")),
    }
    parquet(kit, pa.table(columns))
    kit.read(warehouse)
    assert fates(warehouse, "bolig", "arbeid", "rutine") == ([1.5, 3.0], [1.0, None], ["yes", "no"])
    assert texts(warehouse, 6) == ["ekstra", "00:01:30"]


def test_types_of_parquet_that_duckdb_writes(kit: Kit) -> None:
    path = kit.data / "deliveries" / "export.parquet"
    duckdb.execute(
        f"""
        copy (
            select cast('5c8f2b1e-0d5e-4a3a-9a57-1f0f6a3f9c11' as uuid) as id, cast('ja' as enum ('ja', 'nei')) as svar,
                cast(12 as hugeint) as antall, cast(7 as utinyint) as kode, cast(12.30 as decimal(30, 2)) as belop,
                cast('2017-03-01 10:00:00+01' as timestamptz) as levert, cast('{{"a": 1}}' as json) as mer,
                timestamp_ns '2017-03-01 10:00:00.123456789' as start, interval 3 day as tid, map {{'a': 1}} as valg
        ) to '{path}' (format parquet)
        """
    )
    (sheet,) = read(path, FileSpec.model_validate(PARQUET))
    cells = {(cell["row_number"], cell["column_number"]): cell["text"] for cell in sheet.cells.to_pylist()}
    assert {cells[1, column]: cells[2, column] for column in range(1, 9)} == {
        "id": "5c8f2b1e-0d5e-4a3a-9a57-1f0f6a3f9c11",
        "svar": "ja",
        "antall": "12",
        "kode": "7",
        "belop": "12.3",
        "levert": "2017-03-01 09:00:00+00:00",
        "mer": '{"a": 1}',
        "start": "2017-03-01 10:00:00.123456789",
    }
    assert set(sheet.unreadable) == {9, 10}


def test_parquet_pages_are_checked_by_their_sums(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    pq.write_table(table(), path, write_page_checksum=True, compression="none", use_dictionary=False, write_statistics=False)
    data = path.read_bytes()
    assert data.count(struct.pack("<d", 1.5)) > 0
    path.write_bytes(data.replace(struct.pack("<d", 1.5), struct.pack("<d", 2.5), 1))
    with pytest.raises(UserError, match="damaged"):
        read_parquet(path, Limits())


# Each unit's first row is the later of two submissions, by less than a day; the columns have the types in which programs
# write dates.
SUBMITTED: dict[str, tuple[str, list[Any]]] = {
    "parts of a second in SPSS": ("sav", [datetime.datetime(2016, 4, 1, 10, 0, 0, part) for part in (250_000, 0)]),
    "days in SPSS": ("sav", [datetime.date(2016, 4, 2), datetime.date(2016, 4, 1)]),
    "nanoseconds with a zone": (
        "parquet",
        pa.array([1_459_504_800_123_457_000, 1_459_504_800_123_456_999], pa.timestamp("ns", "Europe/Oslo")),
    ),
    "whole seconds of universal time": ("parquet", pa.array([1_459_504_801, 1_459_504_800], pa.timestamp("s", "UTC"))),
    "texts in two zones": ("parquet", pa.array(["2016-04-01T11:30:00+01:00", "2016-04-01T12:00:00+02:00"])),
}


@pytest.mark.parametrize(("kind", "dates"), SUBMITTED.values(), ids=SUBMITTED.keys())
def test_the_later_submission_counts_however_the_file_holds_its_date(
    kit: Kit, warehouse: duckdb.DuckDBPyConnection, kind: str, dates: Any
) -> None:
    columns = ("nr", "kommune", "levert", "bolig")
    form(kit, SAV if kind == "sav" else PARQUET, columns=columns, submission={"submitted": "levert"})
    values = {"nr": ["0101", "0101"], "kommune": ["Halden", "Halden"], "levert": dates, "bolig": [7.5, 2.0]}
    if kind == "sav":
        sav(kit, values)
    else:
        parquet(kit, pa.table(values))
    kit.read(warehouse)
    assert warehouse.execute(
        "select row_number, verdict from intermediate.int_submissions order by row_number"
    ).fetchall() == [(2, "counts"), (3, "superseded")]
    assert warehouse.execute(
        "select unit_code, cast(number_value as double) from intermediate.int_delivered_answers"
    ).fetchall() == [("0101", 7.5)]


def test_codes_with_zeros_before_them_are_those_without(kit: Kit, warehouse: duckdb.DuckDBPyConnection) -> None:
    question = OPTIONS[0]["question"]
    options = [
        {"question": question, "code": code, "answer": answer}
        for code, answer in (("1", "a"), ("02", "b"), ("3", "c"), ("03", "d"))
    ]
    form(kit, SAV, options=options)
    sav(kit, {**VALUES, "rutine": [" 1", "2", "03", "003"]})
    kit.read(warehouse)
    assert fates(warehouse, "rutine") == ["a", "b", "d", "unknown_code"]
