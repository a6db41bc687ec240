"""Readers of raw deliveries: every cell is read as text with its place; files that contradict the form are refused."""

from __future__ import annotations

import csv
import datetime
import io
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import get_args

import openpyxl
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.model import FileSpec, Reader
from orchestration.ingest.readers import Limits, Sheet, cells, read
from orchestration.ingest.readers.files import READERS
from orchestration.ingest.readers.model import CELL_SCHEMA

DELIVERIES = PROJECT_DIR / "data" / "deliveries"
SHEET_PART = "xl/worksheets/sheet1.xml"
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def spec(reader: str, encoding: str = "utf-8", delimiter: str = ";") -> FileSpec:
    options = {"encoding": encoding, "delimiter": delimiter} if reader == "csv" else {}
    return FileSpec.model_validate({"name": "export", "pattern": "*", "reader": reader, **options})


def listed(sheet: Sheet) -> list[tuple[int, int, str]]:
    return [(cell["row_number"], cell["column_number"], cell["text"]) for cell in sheet.cells.to_pylist()]


def kinds(sheet: Sheet) -> list[str]:
    return sheet.cells["kind"].to_pylist()  # type: ignore[no-any-return]


def marked(sheet: Sheet) -> list[tuple[int, int, str]]:
    return [(mark["row_number"], mark["column_number"], mark["mark"]) for mark in sheet.marks.to_pylist()]


def read_csv(
    folder: Path, content: bytes, encoding: str = "utf-8", delimiter: str = ";", limits: Limits | None = None
) -> Sheet:
    path = folder / "export.csv"
    path.write_bytes(content)
    (sheet,) = read(path, spec("csv", encoding, delimiter), limits=limits)
    return sheet


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in (sheets or {"Ark": [["a", "b"], [1, 2]]}).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_parts(content: bytes, parts: dict[str, bytes], leave_out: tuple[str, ...] = ()) -> bytes:
    """The same workbook with other parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in leave_out and name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return file.getvalue()


def with_sheet(data: str, after: str = "") -> bytes:
    """A workbook whose sheet has exactly these tags."""
    part = f'<?xml version="1.0"?><worksheet xmlns="{NAMESPACE}"><sheetData>{data}</sheetData>{after}</worksheet>'
    return with_parts(workbook(), {SHEET_PART: part.encode()})


def read_workbook(
    folder: Path, content: bytes, wanted: tuple[str, ...] = ("*",), limits: Limits | None = None
) -> list[Sheet]:
    path = folder / "export.xlsx"
    path.write_bytes(content)
    return read(path, spec("xlsx"), wanted, limits)


def parquet(folder: Path, table: pa.Table, **options: object) -> Path:
    path = folder / "export.parquet"
    pq.write_table(table, path, **options)
    return path


def sav(folder: Path, **columns: list[object]) -> Path:
    path = folder / "export.sav"
    pyreadstat.write_sav(pandas.DataFrame(columns), str(path))
    return path


def refused(what: Callable[[], object], *words: str) -> str:
    """The message of the refusal: one line with a place, a remedy and these words."""
    with pytest.raises(UserError) as caught:
        what()
    message = str(caught.value)
    assert message.isprintable(), message
    assert caught.value.place.startswith("/") and caught.value.remedy
    for word in words:
        assert word in message, message
    return message


# csv


def test_csv_cells_keep_their_text_and_place(tmp_path: Path) -> None:
    content = 'Tittel\r\n\r\nnr;navn;tall;\r\n0301; Ås ;"a ""b""\nc";\r\n;;;\r\n1;" ";2,5\r\n'.encode("latin-1")
    sheet = read_csv(tmp_path, content, "latin-1")
    assert (sheet.name, sheet.rows, sheet.columns, sheet.merged) == ("export.csv", 6, 4, ())
    assert sheet.cells.schema == CELL_SCHEMA
    assert set(kinds(sheet)) == {"text"}
    assert listed(sheet) == [
        (1, 1, "Tittel"),
        (3, 1, "nr"),
        (3, 2, "navn"),
        (3, 3, "tall"),
        (4, 1, "0301"),
        (4, 2, " Ås "),
        (4, 3, 'a "b"\nc'),
        (6, 1, "1"),
        (6, 2, " "),
        (6, 3, "2,5"),
    ]


def test_csv_of_many_batches_numbers_its_rows(tmp_path: Path) -> None:
    sheet = read_csv(tmp_path, b"".join(b"%d;x\n" % number for number in range(1, 2001)))
    assert sheet.rows == 2000
    assert [cell for cell in listed(sheet) if cell[1] == 1] == [(number, 1, str(number)) for number in range(1, 2001)]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-8-sig", b"\xef\xbb\xbf"),
        ("utf-8-sig", b""),
        ("utf-16", b"\xff\xfe"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-le", b""),
        ("utf-16-be", b"\xfe\xff"),
        ("utf_32", b"\xff\xfe\0\0"),
        ("cp1252", b""),
        ("latin_1", b""),
        ("cp865", b""),
        ("mac-roman", b""),
    ],
)
def test_csv_in_any_encoding_without_its_mark(tmp_path: Path, encoding: str, mark: bytes) -> None:
    codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf_32": "utf-32-le"}.get(encoding, encoding)
    sheet = read_csv(tmp_path, mark + "år;æø\n1;2\n".encode(codec), encoding)
    assert listed(sheet) == [(1, 1, "år"), (1, 2, "æø"), (2, 1, "1"), (2, 2, "2")]


@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        ("nr;navn\n1;Ås\n".encode("latin-1"), "utf-8", ("line 2, column 3", "0xC5", "cp1252", "which gives Ås")),
        ("nr;navn\n1;Ås\n".encode(), "latin-1", ("line 2", "is UTF-8", "would be read as", "utf-8")),
        ("nr;navn\n1;Ås\n".encode(), "cp1252", ("is UTF-8",)),
        (b"nr;navn\n1;\x81s\n", "cp1252", ("line 2, column 3", "0x81", "saved as cp1252")),
        (b"\xef\xbb\xbfnr;navn\n", "latin-1", ("byte order mark of utf-8", "utf-8-sig")),
        (b"\xff\xfen\0;\0x\0", "utf-8", ("byte order mark of utf-16-le", "utf-16")),
        (b"\xff\xfen\0;\0x\0", "utf-16-be", ("byte order mark of utf-16-le",)),
        ("nr;navn\n".encode("utf-16-le"), "utf-8", ("zero byte", "line 1, byte 1", "utf-16-le")),
        ("nr;navn\n".encode("utf-16-le"), "utf-16", ("no byte order mark", "utf-16-le or utf-16-be")),
        (b"nr;navn\n", "utf-16-le", ("not utf-16-le", "utf-8")),
        (b"nr;navn\n1;\0x\n", "utf-8", ("zero byte", "line 2, byte 10", "only text")),
        ("nr;na\0vn\n".encode("utf-16-le"), "utf-16-le", ("zero byte", "row 1")),
        (b"\xff\xfen\0;\0x", "utf-16", ("not utf-16",)),
        (b"\xff\xfen\0;\0x\0\n\0x", "utf-16", ("byte 10", "damaged")),
        (b"nr;navn\n", "nothing", ("'nothing' is not a known text encoding",)),
        (b"nr;navn\n", "rot13", ("not a known text encoding",)),
        (b"nr;navn\n", "base64", ("not a known text encoding",)),
    ],
)
def test_csv_that_contradicts_its_encoding_is_refused(
    tmp_path: Path, content: bytes, encoding: str, words: tuple[str, ...]
) -> None:
    refused(lambda: read_csv(tmp_path, content, encoding), "export.csv", *words)


@pytest.mark.parametrize(
    ("content", "stated", "words"),
    [
        (b"Tittel\na;b;c\n1;2;3\n4;5;6\n", ",", ("3 columns", "semicolon", "one column", '";"')),
        (b"a,b\n1,x\n2,y\n", ";", ("comma",)),
        (b"a\tb\n1\tx\n", ";", ("tab", "\\t")),
        (b"a|b\n1|x\n", ";", ("vertical bar",)),
        (b"a;b;c\n1,5;2;3\n4;5,5;6,1\n1;2;3\n1,2;3,4;5,6\n", ",", ("semicolon",)),
        (b"a;b\n", "ab", ("not a single character",)),
    ],
)
def test_csv_with_another_delimiter_is_refused(tmp_path: Path, content: bytes, stated: str, words: tuple[str, ...]) -> None:
    refused(lambda: read_csv(tmp_path, content, delimiter=stated), "export.csv", *words)


@pytest.mark.parametrize(
    "content",
    [b"verdi\n1,5\n2,5\n3,5\n", b"kommentar\nja, gjerne\nnei\nvet ikke, kanskje, litt\n", b"a;b\n1;x, y\n2;z, w\n"],
)
def test_commas_in_cells_are_no_delimiters(tmp_path: Path, content: bytes) -> None:
    assert read_csv(tmp_path, content).rows == content.count(b"\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'a;b\n1;2\n3;"x\n4;5\n6;7\n', ("line 3", "end of the file")),
        (b'a;b\n1;"two\nlines";"x\n4;5\n', ("line 3", "end of the file")),
        (b'a;b\n1;"x"y\n', ("line 2", "followed by more text")),
        (b'a;b\n1;"x\n2;"y"\n3;4\n', ("line 2", "(line 3)")),
        (b'a;b\n1;"' + b"x" * 140_000 + b"\n" * 10, ("line 2", "131,072")),
    ],
)
def test_csv_with_unbalanced_quotes_is_refused_where_they_begin(
    tmp_path: Path, content: bytes, words: tuple[str, ...]
) -> None:
    refused(lambda: read_csv(tmp_path, content), *words)


def test_csv_may_have_quotes_inside_plain_cells(tmp_path: Path) -> None:
    assert listed(read_csv(tmp_path, b'a;b\n5" x;2\n'))[2] == (2, 1, '5" x')


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b";;\n;;\n"])
def test_csv_without_cells_is_refused(tmp_path: Path, content: bytes) -> None:
    refused(lambda: read_csv(tmp_path, content), "empty" if not content else "no cells")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 2}, ("more than 2 rows",)),
        ({"columns": 2}, ("more than 2 columns", "row 3")),
        ({"cells": 3}, ("more than 3 cells",)),
        ({"file_bytes": 3}, ("at most 3",)),
    ],
)
def test_csv_that_is_too_large_is_refused(tmp_path: Path, change: dict[str, int], words: tuple[str, ...]) -> None:
    refused(lambda: read_csv(tmp_path, b"a;b\n1;2\n1;2;3\n", limits=replace(Limits(), **change)), *words)


def test_csv_of_one_endless_line_is_refused_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.ingest.readers.delimited.MAX_LINE", 1000)
    refused(lambda: read_csv(tmp_path, b"a;b\n" + b"x;" * 1000), "line 2", "1,000 characters")


# Kinds of files


@pytest.mark.parametrize("reader", ["csv", "xlsx", "sav", "parquet"])
def test_files_of_another_kind_are_refused(tmp_path: Path, reader: str) -> None:
    kinds = {
        "xlsx": workbook(),
        "parquet": parquet(tmp_path, pa.table({"a": [1]})).read_bytes(),
        "sav": sav(tmp_path, a=[1.0]).read_bytes(),
        "csv": b"a;b\n1;2\n",
        "pdf": b"%PDF-1.7\n",
        "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "web page": b"<!DOCTYPE html>\n<html><body>Logg inn</body></html>",
    }
    for kind, content in kinds.items():
        path = tmp_path / f"file.{reader}"
        path.write_bytes(content)
        if kind != reader:
            words = (f"reader: {kind}",) if kind in {"xlsx", "sav", "parquet"} else ()
            refused(lambda path=path: read(path, spec(reader), ("*",)), f"file.{reader}", *words)
    (tmp_path / f"file.{reader}").write_bytes(b"")
    refused(lambda: read(tmp_path / f"file.{reader}", spec(reader), ("*",)), "empty")
    refused(lambda: read(tmp_path / "none", spec(reader), ("*",)), "missing")
    refused(lambda: read(tmp_path, spec(reader), ("*",)), "cannot be read")


@pytest.mark.parametrize("reader", ["xlsx", "sav", "parquet"])
def test_files_that_break_off_are_refused(tmp_path: Path, reader: str) -> None:
    contents = {
        "xlsx": workbook,
        "sav": sav(tmp_path, a=[1.0, 2.5] * 50, b=["x", "y"] * 50).read_bytes,
        "parquet": parquet(tmp_path, pa.table({"a": [1.0, 2.0]})).read_bytes,
    }
    content = contents[reader]()
    path = tmp_path / f"file.{reader}"
    for length in (5, 100, len(content) // 2, len(content) - 9, len(content) - 1):
        path.write_bytes(content[:length])
        refused(lambda: read(path, spec(reader), ("*",)), "damaged or truncated")


def test_every_reader_that_a_form_may_name_reads(tmp_path: Path) -> None:
    assert set(READERS) == set(get_args(Reader))
    for reader in READERS:
        # It only fails when looking for the file.
        refused(lambda reader=reader: read(tmp_path / "none", spec(reader), ("*",)), "missing")


def test_a_file_that_is_not_read_is_a_mistake_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not read"):
        read(tmp_path, spec("none"))


# Workbooks


def test_workbook_cells_become_text(tmp_path: Path) -> None:
    row: list[object] = [
        None,
        "  tekst ",
        " ",
        1.0,
        0.1,
        True,
        False,
        datetime.date(2020, 1, 2),
        datetime.datetime(2020, 1, 2, 3, 4, 5),
        datetime.datetime(2020, 1, 2, 3, 4, 5, 678000),
        datetime.time(3, 4),
        datetime.timedelta(hours=30),
        1e-7,
        12345678901.0,
        "a\nb",
        "",
        "0301",
        -0.5,
    ]
    (sheet,) = read_workbook(tmp_path, workbook(Ark=[[], row, [], [None, "x"]]))
    assert (sheet.name, sheet.rows, sheet.columns) == ("Ark", 4, 18)
    assert listed(sheet) == [
        (2, 2, "  tekst "),
        (2, 3, " "),
        (2, 4, "1"),
        (2, 5, "0.1"),
        (2, 6, "TRUE"),
        (2, 7, "FALSE"),
        (2, 8, "2020-01-02"),
        (2, 9, "2020-01-02 03:04:05"),
        (2, 10, "2020-01-02 03:04:05.678000"),
        (2, 11, "03:04:00"),
        (2, 12, "30:00:00"),
        (2, 13, "0.0000001"),
        (2, 14, "12345678901"),
        (2, 15, "a\nb"),
        (2, 17, "0301"),
        (2, 18, "-0.5"),
        (4, 2, "x"),
    ]


def test_cell_errors_are_delivered_as_their_text(tmp_path: Path) -> None:
    (sheet,) = read_workbook(
        tmp_path, with_sheet('<row r="1"><c r="A1" t="e"><v>#REF!</v></c><c r="B1" s="0" t=\'e\'><v>#DIV/0!</v></c></row>')
    )
    assert listed(sheet) == [(1, 1, "#REF!"), (1, 2, "#DIV/0!")]


def test_shared_texts_keep_their_blanks(tmp_path: Path) -> None:
    shared = f'<sst xmlns="{NAMESPACE}"><si><t> a</t></si><si><t>b </t></si><si><r><t>c </t></r><r><t> d</t></r></si></sst>'
    cell = "".join(f'<c r="{letter}1" t="s"><v>{number}</v></c>' for number, letter in enumerate("ABC"))
    content = with_parts(with_sheet(f'<row r="1">{cell}</row>'), {"xl/sharedStrings.xml": shared.encode()})
    (sheet,) = read_workbook(tmp_path, content)
    assert [text for _, _, text in listed(sheet)] == [" a", "b ", "c  d"]


def test_cells_without_references_and_with_prefixes(tmp_path: Path) -> None:
    part = (
        f'<x:worksheet xmlns:x="{NAMESPACE}"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c>'
        '<x:c t="inlineStr"><x:is><x:t> x</x:t></x:is></x:c></x:row>'
        "<x:row><x:c s='0' r='C2'><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    (sheet,) = read_workbook(tmp_path, with_parts(workbook(), {SHEET_PART: part.encode()}))
    assert listed(sheet) == [(1, 1, "1"), (1, 2, " x"), (2, 3, "2")]


def test_merged_ranges_and_empty_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Ark"
    book.active["B2"] = "x"
    book.active.merge_cells("B2:D3")
    book.create_sheet("Tom")
    book.save(tmp_path / "merged.xlsx")
    filled, empty = read(tmp_path / "merged.xlsx", spec("xlsx"), ("Ark", "Tom"))
    assert (filled.merged, listed(filled)) == (((2, 2, 3, 4),), [(2, 2, "x")])
    assert (empty.name, empty.rows, empty.columns, listed(empty)) == ("Tom", 0, 0, [])


def test_sheets_are_those_that_the_form_names(tmp_path: Path) -> None:
    content = workbook(Felles=[["a"]], Rus=[["b"]])
    assert [sheet.name for sheet in read_workbook(tmp_path, content, ("Rus", "Felles"))] == ["Felles", "Rus"]
    refused(lambda: read_workbook(tmp_path, content, ("Felles",)), "sheet Rus", "does not name")
    refused(lambda: read_workbook(tmp_path, content), "2 sheets (Felles, Rus)")
    refused(lambda: read_workbook(tmp_path, content, ("Felles", "Ruus")), "no sheet Ruus", "did you mean Rus?")
    refused(lambda: read_workbook(tmp_path, content, ("Felles", "Rus", "Noe helt annet")), "no sheet Noe helt annet")


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_read_only_when_named(tmp_path: Path, state: str) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Ark"
    book.create_sheet("Skjult").sheet_state = state
    file = io.BytesIO()
    book.save(file)
    refused(lambda: read_workbook(tmp_path, file.getvalue(), ("Ark",)), "sheet Skjult", "is hidden")
    refused(lambda: read_workbook(tmp_path, file.getvalue()), "sheet Skjult", "is hidden")
    assert len(read_workbook(tmp_path, file.getvalue(), ("Ark", "Skjult"))) == 2
    not_data = FileSpec(name="export", pattern="*", reader="xlsx", sheets_not_data=("Skjult",))
    for wanted in ("Ark", "*"):
        assert [sheet.name for sheet in read(tmp_path / "export.xlsx", not_data, (wanted,))] == ["Ark"]


@pytest.mark.parametrize(
    ("data", "texts", "mark"),
    [
        ('<row r="3"><c r="A3"><v>1</v></c><c r="B3"><f>A3*2</f><v>2</v></c></row>', ["1", "2"], "formula"),
        ('<row r="3"><c r="A3"><v>1</v></c><c r="B3"><f t="shared" si="0"/><v>2</v></c></row>', ["1", "2"], "formula"),
        ("<row r='3'><c r='A3'><v>1</v></c><c r='B3'>\n<f >1+1</f></c></row>", ["1"], "formula_without_value"),
        ('<row r="3"><c r="A3"><v>1</v></c><c r="B3"><f>A3</f><v></v></c></row>', ["1"], "formula_without_value"),
        ('<row r="3"><c r="A3"><v>1</v></c><c r="B3"><f>A3</f><v/></c></row>', ["1"], "formula_without_value"),
        ('<row r="3"><c r="A3"><v>1</v></c><c r="B3" t="str"><f>A3</f></c></row>', ["1"], "formula_without_value"),
        ('<row r="3"><c r="A3"><v>1</v></c><c r="B3" t="str"><f>A3</f><v>x</v></c></row>', ["1", "x"], "formula"),
        ('<row r="3"><c r="A3"><v>1</v></c><c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>', ["1", "#DIV/0!"], "formula"),
    ],
)
def test_formulas_are_read_by_their_saved_values_and_marked(tmp_path: Path, data: str, texts: list[str], mark: str) -> None:
    (sheet,) = read_workbook(tmp_path, with_sheet(data))
    assert [text for _, _, text in listed(sheet)] == texts
    assert marked(sheet) == [(3, 2, mark)]


def test_a_formula_that_gave_an_empty_text_is_a_blank_cell(tmp_path: Path) -> None:
    (sheet,) = read_workbook(
        tmp_path, with_sheet('<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="str"><f>x</f><v></v></c></row>')
    )
    assert (listed(sheet), marked(sheet)) == ([(1, 1, "1")], [])


def test_formulas_whose_value_is_left_to_the_program_that_opens_the_file_have_none(tmp_path: Path) -> None:
    content = with_sheet('<row r="1"><c r="A1"><f>B1</f><v>0</v></c><c r="C1"><f>2</f><v>2</v></c></row>')
    assert marked(read_workbook(tmp_path, with_parts(content, {}))[0]) == [
        (1, 1, "formula_without_value"),
        (1, 3, "formula"),
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        part = re.sub(rb"<calcPr[^>]*>", b"", package.read("xl/workbook.xml"))
    (sheet,) = read_workbook(tmp_path, with_parts(content, {"xl/workbook.xml": part}))
    assert (marked(sheet), listed(sheet)[0]) == ([(1, 1, "formula"), (1, 3, "formula")], (1, 1, "0"))


def test_formulas_of_formats_and_lists_are_none_of_cells(tmp_path: Path) -> None:
    after = '<extLst><ext xmlns:m="urn:m"><m:f>Ark!A1:A3</m:f><f>1</f></ext></extLst>'
    (sheet,) = read_workbook(tmp_path, with_sheet('<row r="1"><c r="A1"><v>1</v></c></row>', after))
    assert (listed(sheet), marked(sheet)) == ([(1, 1, "1")], [])


def test_marks_are_found_in_large_sheets_too(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>' for number in range(1, 60_001))
    formula = '<row r="60001" hidden="1"><c r="C60001"><f>1</f></c></row>'
    assert marked(read_workbook(tmp_path, with_sheet(rows + formula))[0]) == [(60_001, 3, "formula_without_value")]
    (sheet,) = read_workbook(tmp_path, with_sheet(rows, "<extLst><f>1</f></extLst>"))
    assert sheet.rows == sheet.cells.num_rows == 60_000
    assert marked(sheet) == []


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("xl/vbaProject.bin", ("macros",)),
        ("xl/macrosheets/sheet1.xml", ("macros",)),
        ("xl/externalLinks/externalLink1.xml", ("links to other workbooks",)),
        ("XL/Workbook.xml", ("occurs twice",)),
    ],
)
def test_workbooks_with_more_than_values_are_refused(tmp_path: Path, part: str, words: tuple[str, ...]) -> None:
    refused(lambda: read_workbook(tmp_path, with_parts(workbook(), {part: b"<x/>"})), *words)


@pytest.mark.parametrize(
    ("data", "change", "words"),
    [
        ('<row r="11"><c r="A11"><v>1</v></c></row>', {"rows": 10}, ("more than 10 rows", "sheet Ark")),
        ("<row/>" * 11, {"rows": 10}, ("more than 10 rows",)),
        ('<row r="99999999999999999999"/>', {}, ("more than 2,000,000 rows",)),
        ('<row r="1"><c r="AA1"><v>1</v></c></row>', {"columns": 26}, ("more than 26 columns",)),
        (f"<row>{'<c><v>1</v></c>' * 27}</row>", {"columns": 26}, ("more than 26 columns",)),
        ('<row r="1"><c r="ZZZZZZZZZZ1"/></row>', {}, ("more than 20,000 columns",)),
        ('<row r="1"><c r="A1"/></row><row r="1000000"><c r="XFD1000000"><v>1</v></c></row>', {}, ("20,000,000 cells",)),
        ('<row r="1"><c r="5"/></row>', {}, ("damaged",)),
        ("<row r='1'><c r='5'/></row>", {}, ("damaged",)),
        ('<row r="1"><c s="0"r="A1"/></row>', {}, ("damaged", "sheet Ark")),
        ('<row r="1"><c r=A1><v>1</v></c></row>', {}, ("damaged",)),
        ('<row r="1"><c r="A1" t="n"><v>x1</v></c></row>', {}, ("damaged",)),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', {}, ("the cell A1 stands twice",)),
        ('<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>', {}, ("cell A1", "out of order")),
        ('<row r="1"><c r="A1" t="s"><v>7</v></c></row>', {}, ("damaged",)),
        ('<row r="1"><c r="A1">', {}, ("damaged",)),
        ('<row r="0"><c r="A0"><v>1</v></c></row>', {}, ("damaged",)),
        ("\0", {}, ("zero bytes",)),
    ],
)
def test_sheets_that_reach_too_far_or_are_damaged_are_refused(
    tmp_path: Path, data: str, change: dict[str, int], words: tuple[str, ...]
) -> None:
    refused(lambda: read_workbook(tmp_path, with_sheet(data), limits=replace(Limits(), **change)), *words)


def test_document_types_are_refused(tmp_path: Path) -> None:
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    for name in (SHEET_PART, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"):
        with zipfile.ZipFile(io.BytesIO(workbook())) as package:
            part = package.read(name)
        content = with_parts(workbook(), {name: entities + part})
        refused(lambda content=content: read_workbook(tmp_path, content), "document type", name)


def test_encrypted_and_old_workbooks_are_refused(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    refused(lambda: read_workbook(tmp_path, ole + "EncryptedPackage".encode("utf-16-le")), "encrypted", "password")
    refused(lambda: read_workbook(tmp_path, ole), "old kind")
    content = bytearray(workbook())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    refused(lambda: read_workbook(tmp_path, bytes(content)), "encrypted")


def test_zip_files_that_are_no_workbooks_are_refused(tmp_path: Path) -> None:
    refused(lambda: read_workbook(tmp_path, with_parts(workbook(), {}, ("xl/workbook.xml",))), "missing")
    refused(
        lambda: read_workbook(tmp_path, with_parts(workbook(), {}, ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"))),
        "not a workbook",
    )
    refused(lambda: read_workbook(tmp_path, with_parts(workbook(), {}, (SHEET_PART,))), "sheet Ark", "missing")
    refused(lambda: read_workbook(tmp_path, with_parts(workbook(), {}, ("xl/_rels/workbook.xml.rels",))), "missing")


def test_workbooks_that_grow_without_bounds_are_refused(tmp_path: Path) -> None:
    bomb = with_parts(workbook(), {"xl/media/image.bin": bytes(3_000_000)})
    small = replace(Limits(), ratio_from_bytes=1_000_000)
    refused(lambda: read_workbook(tmp_path, bomb, limits=small), "xl/media/image.bin", "when unpacked")
    refused(lambda: read_workbook(tmp_path, bomb, limits=replace(Limits(), unpacked_bytes=1_000_000)), "when unpacked")
    assert read_workbook(tmp_path, bomb)


def test_parts_that_lie_about_their_size_are_refused_in_little_memory(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    content = bytearray(with_sheet(row + " " * 60_000_000))
    # The size, in the directory, of the part written last.
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 1000)
    tracemalloc.start()
    try:
        refused(lambda: read_workbook(tmp_path, bytes(content)), SHEET_PART, "does not match its entry in the directory")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_sheets_of_too_many_rows_are_refused_in_little_memory(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(1, 300_001))
    content = with_sheet(rows + "<row/>" * 10_000_000)
    del rows
    tracemalloc.start()
    try:
        limits = replace(Limits(), rows=50_000, unpacked_ratio=100_000)
        refused(lambda: read_workbook(tmp_path, content, limits=limits), "more than 50,000 rows")
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_long_texts_that_are_repeated_are_counted_as_often(tmp_path: Path) -> None:
    shared = f'<sst xmlns="{NAMESPACE}"><si><t>{"x" * 1000}</t></si><si><t>y</t></si></sst>'.encode()

    def content(number: int) -> bytes:
        rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>{number}</v></c></row>' for row in range(1, 101))
        return with_parts(with_sheet(rows), {"xl/sharedStrings.xml": shared})

    limits = replace(Limits(), text_bytes=50_000)
    refused(lambda: read_workbook(tmp_path, content(0), limits=limits), "bytes of text")
    assert read_workbook(tmp_path, content(1), limits=limits)[0].rows == 100


# SPSS


def test_sav_cells_become_text(tmp_path: Path) -> None:
    path = tmp_path / "export.sav"
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5)
    frame = pandas.DataFrame(
        {
            "nr": [1.0, 2.5, None, 1234567.0],
            "navn": ["Ås", " x", "", " "],
            "dato": [datetime.date(2020, 1, 2), datetime.date(1899, 12, 31), None, None],
            "tid": [moment, moment.replace(microsecond=500000), None, datetime.datetime(2020, 1, 2)],
            "klokke": [datetime.time(1, 2, 3), datetime.time(0, 0), None, None],
            "vurdering": [9.0, 8.0, 1.0, None],
        }
    )
    pyreadstat.write_sav(
        frame, str(path), missing_ranges={"vurdering": [9, 8]}, variable_value_labels={"vurdering": {1: "Ja", 9: "Ubesvart"}}
    )
    (sheet,) = read(path, spec("sav"))
    assert (sheet.name, sheet.rows, sheet.columns) == ("export.sav", 5, 6)
    assert listed(sheet) == [
        *((1, place, name) for place, name in enumerate(frame, 1)),
        (2, 1, "1"),
        (2, 2, "Ås"),
        (2, 3, "2020-01-02"),
        (2, 4, "2020-01-02 03:04:05"),
        (2, 5, "01:02:03"),
        (2, 6, "9"),
        (3, 1, "2.5"),
        (3, 2, " x"),
        (3, 3, "1899-12-31"),
        (3, 4, "2020-01-02 03:04:05.500000"),
        (3, 5, "00:00:00"),
        (3, 6, "8"),
        (4, 6, "1"),
        (5, 1, "1234567"),
        (5, 4, "2020-01-02"),
    ]


def test_sav_of_wide_texts_is_read_a_few_rows_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sav(tmp_path, tekst=["x" * 100, "", "y", "z"], tall=[1.0, 2.0, None, 4.0])
    (whole,) = read(path, spec("sav"))
    for size in (100, 250, 350, 600):
        monkeypatch.setattr("orchestration.ingest.readers.spss._BLOCK_BYTES", size)
        assert read(path, spec("sav")) == [whole]
    refused(lambda: read(path, spec("sav"), limits=replace(Limits(), text_bytes=100)), "bytes of text")


@pytest.mark.parametrize(("change", "words"), [({"rows": 2}, "rows"), ({"columns": 1}, "columns"), ({"cells": 5}, "cells")])
def test_sav_and_parquet_that_are_too_large_are_refused(tmp_path: Path, change: dict[str, int], words: str) -> None:
    limits = replace(Limits(), **change)
    refused(lambda: read(sav(tmp_path, a=[1.0, 2.0, 3.0], b=[1.0, 2.0, 3.0]), spec("sav"), limits=limits), words)
    table = pa.table({"a": [1, 2, 3], "b": [1, 2, 3]})
    refused(lambda: read(parquet(tmp_path, table), spec("parquet"), limits=limits), words)


# Parquet


def test_parquet_cells_become_text(tmp_path: Path) -> None:
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5)
    table = pa.table(
        {
            "nr": pa.array([1, None], pa.int16()),
            "tall": pa.array([2.0, float("nan")]),
            "kort": pa.array([0.1, 1e-9], pa.float32()),
            "lang": pa.array([0.1 + 0.2, 1e17]),
            "belop": pa.array([Decimal("1.50"), Decimal("100.00")]),
            "tekst": pa.array([" Ås", ""]),
            "kode": pa.array(["a", "b"]).dictionary_encode(),
            "ja": pa.array([True, False]),
            "dato": pa.array([moment.date(), None]),
            "tid": pa.array([moment, moment.replace(microsecond=5)]),
            "sone": pa.array([moment, None], pa.timestamp("ms", "Europe/Oslo")),
            "ingen": pa.nulls(2),
        }
    )
    (sheet,) = read(parquet(tmp_path, table), spec("parquet"))
    assert (sheet.rows, sheet.columns) == (3, 12)
    rows: dict[int, dict[int, str]] = {1: {}, 2: {}, 3: {}}
    for row, column, text in listed(sheet):
        rows[row][column] = text
    assert list(rows[1].values()) == table.column_names
    assert [rows[2].get(column, "") for column in range(1, 13)] == [
        *("1", "2", "0.1", "0.30000000000000004", "1.5", " Ås", "a", "TRUE"),
        *("2020-01-02", "2020-01-02 03:04:05", "2020-01-02 03:04:05+00:00", ""),
    ]
    assert [rows[3].get(column, "") for column in range(1, 13)] == [
        *("", "", "0.000000001", "100000000000000000", "100", "", "b", "FALSE", "", "2020-01-02 03:04:05.000005", "", ""),
    ]


def test_parquet_with_columns_of_one_name_and_without_rows(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array(["x"]), pa.array(["y"])], names=["a", "a", "b"])
    (sheet,) = read(parquet(tmp_path, table), spec("parquet"))
    assert [text for _, _, text in listed(sheet)] == ["a", "a", "b", "1", "x", "y"]
    (sheet,) = read(parquet(tmp_path, table.slice(0, 0)), spec("parquet"))
    assert (sheet.rows, sheet.cells.num_rows) == (1, 3)
    (sheet,) = read(parquet(tmp_path, pa.table({"a": list(range(10))}), row_group_size=3), spec("parquet"))
    assert [text for _, _, text in listed(sheet)] == ["a", *map(str, range(10))]


def test_parquet_texts_that_are_repeated_are_counted_as_often(tmp_path: Path) -> None:
    path = parquet(tmp_path, pa.table({"a": ["x" * 1000] * 1000}))
    refused(lambda: read(path, spec("parquet"), limits=replace(Limits(), text_bytes=500_000)), "bytes of text", "column a")
    refused(lambda: read(path, spec("parquet"), limits=replace(Limits(), unpacked_bytes=500)), "unpacked")


# Numbers


@given(st.floats(allow_nan=False))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_numbers_read_back_as_the_same_number(value: float) -> None:
    text = cells.number_text(value)
    # Floating-point noise next to a whole number is not part of its digits.
    assert float(text) == value or (0 < abs(value - round(value)) < 1e-9 and float(text) == round(value) != 0)
    assert not text.endswith(".0")
    assert cells.numbers_text(pa.array([value, None])).to_pylist() == [text, None]


# Arbitrary bytes


GOOD_CSV = 'nr;navn;"tall"\r\n0301;Ås;"1,5"\r\n1;"a ""b""";\r\n'.encode()
GOOD_WORKBOOK = workbook(Ark=[["nr", "navn"], [301, "Ås "], [1.5, None]])


@st.composite
def mutated(draw: st.DrawFn, good: bytes) -> bytes:
    """Valid bytes with some of them changed, cut out or repeated; or arbitrary bytes."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        length = draw(st.integers(0, 12))
        content[place : place + length] = draw(st.one_of(st.binary(max_size=12), st.just(bytes(content[place:]))))
    return draw(st.one_of(st.just(bytes(content)), st.binary(max_size=200)))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "cp1252"])
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_csv_is_read_or_refused(tmp_path: Path, encoding: str, data: st.DataObject) -> None:
    content = data.draw(mutated(GOOD_CSV))
    try:
        sheet = read_csv(tmp_path, content, encoding)
    except UserError as error:
        assert str(error).isprintable()
    else:
        assert sheet.cells.num_rows


@given(content=mutated(GOOD_WORKBOOK))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_workbook_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    try:
        assert read_workbook(tmp_path, content)
    except UserError as error:
        assert str(error).isprintable()


@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_part_of_a_workbook_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD_WORKBOOK)) as package:
        name = data.draw(st.sampled_from(package.namelist()))
        part = package.read(name)
    try:
        assert read_workbook(tmp_path, with_parts(GOOD_WORKBOOK, {name: data.draw(mutated(part))}))
    except UserError as error:
        assert str(error).isprintable()


# The bundled deliveries


def stated(path: Path) -> FileSpec:
    """How a bundled file is read; normally stated by the forms, which these tests do not use."""
    if path.suffix != ".csv":
        return spec(path.suffix[1:])
    content = path.read_bytes()
    try:
        content.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "latin-1"
    return spec("csv", encoding, ";" if content.count(b";") > content.count(b",") else ",")


def independent_count(path: Path) -> int:
    """Number of cells that are not empty, counted by another library."""
    if path.suffix == ".csv":
        how = stated(path)
        with path.open(encoding=how.encoding, newline="") as file:
            return sum(cell not in ("", "\ufeff") for row in csv.reader(file, delimiter=how.delimiter or "") for cell in row)
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        return sum(cell.value not in (None, "") for sheet in book for row in sheet.iter_rows() for cell in row)
    frame = pyreadstat.read_sav(str(path), user_missing=True)[0] if path.suffix == ".sav" else pandas.read_parquet(path)
    return int((frame.notna() & (frame != "")).to_numpy().sum()) + frame.shape[1]


def bundled() -> list[Path]:
    return sorted(path for path in DELIVERIES.glob("*/*") if path.suffix in {".csv", ".xlsx", ".sav", ".parquet"})


def test_bundled_deliveries_are_read_whole() -> None:
    files = bundled()
    assert len(files) > 100
    compared = set()
    for path in files:
        names: tuple[str, ...] = ()
        if path.suffix == ".xlsx":
            names = tuple(openpyxl.load_workbook(path, read_only=True).sheetnames)
        sheets = read(path, stated(path), names)
        assert sheets and all(sheet.cells.num_rows for sheet in sheets), path.name
        # Two workbooks of each folder and all other files, because the other library is slow.
        folder = (path.parent.name, path.suffix)
        if path.suffix != ".xlsx" or folder not in compared:
            compared.add(folder)
            assert sum(sheet.cells.num_rows for sheet in sheets) == independent_count(path), path.name
