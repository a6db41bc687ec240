"""Csv deliveries of all common kinds of export: read as intended, or refused with the line and a remedy."""

from __future__ import annotations

import gzip
import io
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.draft import draft_form
from orchestration.forms.registry import load_form
from orchestration.ingest.capture import capture
from orchestration.ingest.delivery_files import ReadSheet, read_file
from orchestration.ingest.headers import inspect_delivery
from tests.integration.deliveries_kit import FORM, write_delivery, write_form

HEADER = "nr;kommune;kommentar;bolig;arbeid;merknad"
HALDEN = {"nr": "0101", "kommune": "Halden", "bolig": "1,5", "arbeid": "2"}
MOSS = {"nr": "0104", "kommune": "Moss", "bolig": "12,5", "arbeid": "3"}
FOOTNOTE = {"reason": "footnote", "column": "nr", "matches": r"(\d+\)|\*|[a-z]).*"}
TOTAL = {"reason": "total", "column": "kommune", "matches": "Sum.*"}


def column(name: str, **values: str) -> dict[str, str]:
    """A column of the map: of an FTE question, if it has an item."""
    if "item" in values:
        return {"column": name, "use": "answer", "question": "fte_by_service", "type": "number", "unit": "fte", **values}
    return {"column": name, "use": "ignored", "reason": "respondent_comment", **values}


IDENTIFIERS = [{"column": "nr", "use": "identifier"}, {"column": "kommune", "use": "identifier"}]
COLUMNS = [
    *IDENTIFIERS,
    column("kommentar"),
    column("bolig", item="housing_with_staff"),
    column("arbeid", item="work_measures"),
    column("merknad"),
]


def read_sheets(
    folder: Path,
    files: dict[str, bytes | str],
    *,
    columns: list[dict[str, str]] = COLUMNS,
    file: dict[str, Any] | None = None,
    sheet: dict[str, Any] | None = None,
    form: dict[str, Any] | None = None,
) -> list[ReadSheet]:
    """Read a delivery by a form like the kit's, with the given settings of file and sheet."""
    layout = {"name": "main", "file": "export", "unit": {"code": ["nr"], "name": ["kommune"]}, **(sheet or {})}
    stated = {**FORM["files"][0], "pattern": "*.*", "count": len(files), **(file or {})}
    write_form(folder, {**FORM, "files": [stated], "sheets": [layout], "numbers": {}, **(form or {})}, columns, [])
    read = load_form(folder / "forms" / FORM["form"])
    delivery = write_delivery(folder, FORM["delivery"], files)
    return [each for captured in capture(delivery, read) for each in read_file(read, captured)]


def rows_of(sheets: list[ReadSheet]) -> list[dict[str, str]]:
    """The non-blank rows of data, by header; texts without blanks at their ends."""
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for sheet in sheets:
        for cell in sheet.sheet.cells.to_pylist():
            if cell["row_number"] >= sheet.layout.first_row and cell["text"].strip():
                row = rows.setdefault((sheet.file.name, cell["row_number"]), {})
                row[sheet.headers[cell["column_number"]]] = cell["text"].strip()
    return list(rows.values())


def refusal(folder: Path, files: dict[str, bytes | str], **options: Any) -> str:
    """The message of the refusal: one line with place and remedy."""
    with pytest.raises(UserError) as caught:
        read_sheets(folder, files, **options)
    message = str(caught.value)
    assert message.isprintable() and caught.value.place.startswith("/") and caught.value.remedy
    read_back = UserError.from_text(message)
    assert (read_back.place, read_back.remedy) == (caught.value.place, caught.value.remedy)
    return message


def lines(*rows: str, end: str = "\n") -> str:
    return "".join(row + end for row in (HEADER, *rows))


# Records


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # An unquoted delimiter in free text: 12,5 would be under work.
        (["0101;Halden;greit;1,5;2;", "0104;Moss;fint; men dyrt;12,5;3;"], "line 3: has 7 fields, and the header has 6"),
        (["0101;Halden;greit;1,5;2;", "0104;Moss;fint;;12,5;3;"], "line 3: has 7 fields"),
        # A record cut by a line break, and a short one.
        (
            ["0101;Halden;greit;1,5;2;", "0104;Moss;fint", "men dyrt;12,5;3;"],
            "line 3: has 3 fields, and the header has 6 (so",
        ),
        (["0101;Halden;greit;1,5;2;", "0104;Moss;12,5;3;"], "line 3: has 5 fields"),
        (["0101;Halden;greit;1,5;2;", "0104;Moss;;12,5;3"], "line 3: has 5 fields"),
        # Records without their empty last fields: an extra delimiter in one of them could not be detected.
        (["0101;Halden;greit;1,5;2;x", "0104;Moss;;12,5;3", "0105;Sarpsborg;;4"], "ask for empty last fields too if the"),
        # A quoted cell of several lines makes line and row differ.
        (['0101;Halden;"to\nlinjer";1,5;2;', "0104;Moss;a;b;12,5;3;"], "line 4 (row 3): has 7 fields"),
        # The other lines are listed.
        (["0101;;;1;2;", "0104;;;;3;4;", "0105;;;;3;4;", "0106;;;1;2;", "0111;;;1;2;"], "has 6 (so it is in lines 4)"),
        # A single word is not a footnote unless the form says so.
        (["0101;Halden;greit;1,5;2;", "Kilde"], "name it under rows_not_data in form.yml if it is a footnote"),
        # Two comments that are a quotation mark each: a record and the next are one, as wide as the header.
        (['0101;Halden;";1,5;2;', '0104;Moss;";12,5;3;'], "line 2: column 3 contains the end of one record"),
        (['0101;Halden;";1,5;2;', "0105;;;4;5;", '0104;Moss;";12,5;3;'], "state quote: none"),
    ],
)
def test_a_record_that_is_not_as_wide_as_the_header_is_refused(tmp_path: Path, rows: list[str], words: str) -> None:
    assert words in refusal(tmp_path, {"e.csv": lines(*rows)}, sheet={"rows_not_data": [TOTAL]})


def test_a_decimal_comma_in_a_comma_file_is_refused(tmp_path: Path) -> None:
    content = "nr,kommune,bolig,arbeid\n0101,Halden,1,5,2\n0104,Moss,12,3\n"
    columns = [each for each in COLUMNS if each["use"] != "ignored"]
    message = refusal(tmp_path, {"e.csv": content}, columns=columns, file={"delimiter": ","})
    assert "line 2: has 5 fields, and the header has 4" in message


def test_titles_footnotes_sums_and_blank_records_may_have_any_width(tmp_path: Path) -> None:
    content = "\n".join(
        ["IS-24", "a;b;c;d;e;f;g;h", HEADER, "0101;Halden;;1,5;2;", "", ";;;;;;;;", ";", "0104;Moss;;12,5;3;", ";Sum;;14"]
    )
    content += "\n1) Felles; for to\n* uke 5"
    wide = "* 1;2;3;4;5;6;7;8;9\n"
    sheet = {"header_rows": [3], "rows_not_data": [TOTAL, FOOTNOTE]}
    rows = rows_of(read_sheets(tmp_path, {"e.csv": content}, sheet=sheet))
    assert rows[:2] == [HALDEN, MOSS]
    assert [row["nr"] for row in rows[3:]] == ["1) Felles", "* uke 5"]
    (read,) = read_sheets(tmp_path, {"e.csv": lines("0101;Halden;;1,5;2;") + wide}, sheet={"rows_not_data": [FOOTNOTE]})
    assert list(read.headers) == [1, 2, 3, 4, 5, 6]
    # An unclosed quote would turn records into a footnote.
    swallowed = lines("0101;Halden;;1,5;2;") + '"* merk\n0104;Moss;";12,5;3;\n'
    assert "line 3: has 4 fields" in refusal(tmp_path, {"e.csv": swallowed}, sheet={"rows_not_data": [FOOTNOTE]})


def test_a_row_that_a_rule_takes_by_a_later_cell_may_have_slid(tmp_path: Path) -> None:
    sheet = {"rows_not_data": [{"reason": "test", "column": "merknad", "matches": "3"}]}
    assert "line 3: has 7 fields" in refusal(
        tmp_path, {"e.csv": lines("0101;Halden;;1,5;2;", "0104;Moss;a; b;12,5;3;")}, sheet=sheet
    )


@pytest.mark.parametrize(
    ("header", "rows", "surplus", "words"),
    [
        # R's write.table: the name of the row has no header.
        (HEADER, ["1;0101;Halden;;1,5;2;", "2;0104;Moss;;12,5;3;"], "refuse", "6 fields in its header (row 1), and most"),
        (HEADER, ["0101;Halden;;1,5;2;;", "0104;Moss;;12,5;3;;"], "refuse", "state surplus: ignore in form.yml"),
        # Not every record is too long: an extra empty field may be a comment that ends with a delimiter.
        (HEADER, ["0101;Halden;;1,5;2;;", "0104;Moss;;12,5;3;", "0105;;;;1;;"], "ignore", "line 3: has 6 fields, and"),
        (HEADER, ["0101;Halden;;1,5;2;;", "0104;Moss;a; b;12,5;3;;"], "ignore", "line 3: has 8 fields, and"),
        (HEADER, ["0101;Halden;;1,5;2;;x", "0104;Moss;;12,5;3;;"], "ignore", "with a header for each column"),
        (HEADER + ";ny;", ["0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;"], "ignore", "has 8 fields in its header"),
        (HEADER + ";ny", ["0101;Halden;;1,5;2", "0104;Moss;;12,5;3"], "refuse", "ask for empty last fields too"),
    ],
)
def test_a_header_of_another_width_than_the_records_is_refused(
    tmp_path: Path, header: str, rows: list[str], surplus: str, words: str
) -> None:
    content = "\n".join([header, *rows]) + "\n"
    assert words in refusal(tmp_path, {"e.csv": content}, file={"surplus": surplus})


@pytest.mark.parametrize(
    ("header_end", "row_end", "blank", "surplus"),
    [(";;", ";;", ";;;;;;;", "refuse"), (";;", "", ";;;;;;;", "refuse"), ("", ";;", ";;", "ignore"), ("", "", "", "ignore")],
)
def test_delimiters_at_the_end_of_all_records(
    tmp_path: Path, header_end: str, row_end: str, blank: str, surplus: str
) -> None:
    rows = (HEADER + header_end, "0101;Halden;;1,5;2;" + row_end, "0104;Moss;;12,5;3;" + row_end, blank)
    content = "\n".join(rows) + "\n"
    assert rows_of(read_sheets(tmp_path, {"e.csv": content}, file={"surplus": surplus})) == [HALDEN, MOSS]


# How fields are written


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (lines(r'0101;Halden;"sa \"nei\"; i fjor";1,5;2;', r'0104;Moss;"x\\";12,5;3;'), {"escape": "\\"}),
        (lines(r"0101;Halden;a\; b;1,5;2;", '0104;Moss;"a ""b""; c";12,5;3;'), {"escape": "\\"}),
        (lines('0101;Halden;5" skjerm;1,5;2;', '0104;Moss;"uttrykk" brukt;12,5;3;'), {"quote": "none"}),
        (lines('0101;Halden;";1,5;2;', '0104;Moss;";12,5;3;'), {"quote": "none"}),
        (lines("0101;Halden;'a; ''b''';1,5;2;", '0104;Moss;5";12,5;3;'), {"quote": "'"}),
        ("# uttrekk 5. mars\n# fra x\n" + lines("0101;Halden;;1,5;2;", '# "slutt', "0104;Moss;;12,5;3;"), {"comment": "#"}),
        (lines('0101;Halden;"a\n# b";1,5;2;', "0104;Moss;# c;12,5;3;"), {"comment": "#"}),
        ("sep=;\n" + lines("0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;"), {}),
        ('\ufeff"sep=;"\r\n' + lines("0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;", end="\r\n"), {}),
        (lines("0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;").replace(";", "\t").encode("utf-16"), {"delimiter": "\t"}),
        (lines('0101;Halden;"1\n2\r\n\t3; 4";1,5;2;"siste\n"', '0104;Moss;"";12,5;3;', end="\r\n"), {}),
        (lines("0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;", end="\r"), {}),
        (lines("0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;") + "\x1a", {}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_csv_as_programs_write_it(tmp_path: Path, content: bytes | str, options: dict[str, str]) -> None:
    encoding = "utf-16" if isinstance(content, bytes) else "utf-8"
    rows = rows_of(read_sheets(tmp_path, {"e.csv": content}, file={"encoding": encoding, **options}))
    assert [{name: row[name] for name in HALDEN} for row in rows] == [HALDEN, MOSS]


def test_the_line_of_excel_may_count_as_a_row_and_must_say_what_the_form_says(tmp_path: Path) -> None:
    content = lines("0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;")
    read = read_sheets(tmp_path, {"e.csv": "sep=;\n" + content}, sheet={"header_rows": [2]})
    assert rows_of(read) == [HALDEN, MOSS]
    assert "line 1: says sep=,, but the form states semicolon" in refusal(tmp_path, {"e.csv": "sep=,\n" + content})
    wrong = "sep=;\n" + lines("0101;Halden;;1,5;2;", "0104;Moss;a;b;12,5;3;")
    assert "line 4 (row 3): has 7 fields" in refusal(tmp_path, {"e.csv": wrong})


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (lines(r'0101;Halden;"sa \"nei\" i fjor";1,5;2;'), {}, r"line 2: a quoted cell is followed by more text"),
        (lines(r'0101;Halden;"sa \"nei\" i fjor";1,5;2;'), {}, r'state escape: "\\" in form.yml'),
        (lines('0101;Halden;"uttrykk" brukt;1,5;2;'), {}, "state quote: none in form.yml"),
        (
            "".join(f'"{line}"\n' for line in lines("0101;Halden;;1,5;2;").split()),
            {},
            "each whole line is enclosed in quotation marks",
        ),
        (lines("0101;Halden;'a;1,5;2;"), {"quote": "'"}, "line 2: a quote opens a cell that is not closed"),
    ],
)
def test_quotes_that_the_form_does_not_state_are_refused(
    tmp_path: Path, content: str, options: dict[str, str], words: str
) -> None:
    assert words in refusal(tmp_path, {"e.csv": content}, file=options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"escape": '"'}, "doubled quotes need no escape"),
        ({"quote": ";"}, "different characters"),
        ({"comment": "//"}, "one character each"),
        ({"reader": "sav", "encoding": None, "delimiter": None, "comment": "#"}, "are for csv files"),
        ({"reader": "parquet", "encoding": None, "delimiter": None, "surplus": "ignore"}, "are for csv files"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_the_form(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    assert words in refusal(tmp_path, {"e.csv": lines("0101;Halden;;1,5;2;")}, file=options)


# Encodings

AAS = "nr;kommune;kommentar;bolig;arbeid;merknad\n0228;Rælingen;kjøpt på døgn;1;2;\n1517;Hareid;prøvd i år;3;4;\n"


@pytest.mark.parametrize("stated", ["utf-8", "cp1252", "latin-1", "iso-8859-15", "cp865"])
def test_a_file_of_two_encodings_is_refused_and_no_encoding_advised(tmp_path: Path, stated: str) -> None:
    mixed = AAS.encode().replace("prøvd i år".encode(), "prøvd i år".encode("cp1252"))
    message = refusal(tmp_path, {"e.csv": mixed}, file={"encoding": stated})
    assert "line 3, column 15: is UTF-8 but for 2 bytes (here byte 0xF8, which is ø in cp1252)" in message
    assert "state encoding" not in message and "no single encoding fits the whole file" in message
    assert ("the form states" in message) == (stated != "utf-8")


def test_a_cell_of_utf_8_in_another_encoding_is_refused(tmp_path: Path) -> None:
    mixed = AAS.encode("cp1252").replace("Rælingen".encode("cp1252"), "Rælingen".encode())
    message = refusal(tmp_path, {"e.csv": mixed}, file={"encoding": "cp1252"})
    assert "line 2, column 7: is cp1252 but for 1 letter in UTF-8 (æ would be read as Ã¦)" in message


@pytest.mark.parametrize("encoding", ["cp1252", "cp865", "mac-roman"])
def test_the_encoding_is_advised_in_which_letters_come_out(tmp_path: Path, encoding: str) -> None:
    content = AAS.encode(encoding)
    message = refusal(tmp_path, {"e.csv": content})
    assert f"line 2, column 7: is not utf-8 (byte 0x{content[content.index(b'R') + 1]:02X})" in message
    assert f"state encoding: {encoding} in form.yml, which gives Rælingen" in message


@pytest.mark.parametrize("bad", [b"\x81\x8d", b"\xff\xfe\xfd", b"\xc3"])
def test_no_encoding_is_advised_where_no_letters_come_out(tmp_path: Path, bad: bytes) -> None:
    content = AAS.encode().replace(b"Hareid", b"Har" + bad + b"eid")
    assert "state encoding" not in refusal(tmp_path, {"e.csv": content})
    ascii_only = b"nr;kommune;kommentar;bolig;arbeid;merknad\n0101;Hald" + bad[:1] * 3 + b"en;;1;2;\n"
    if bad[:1] == b"\xff":
        assert "state encoding" not in refusal(tmp_path, {"e.csv": ascii_only})


def test_a_file_cut_in_a_letter_is_cut(tmp_path: Path) -> None:
    content = AAS.encode()
    assert "the file is truncated" in refusal(tmp_path, {"e.csv": content[: content.rindex("å".encode()) + 1]})


@pytest.mark.parametrize("word", ["«BÅ»", "SMÅ\u2013", "Å\u00b4s"])
def test_capitals_before_marks_are_no_utf_8(tmp_path: Path, word: str) -> None:
    content = AAS.replace("prøvd", word).encode("cp1252")
    assert rows_of(read_sheets(tmp_path, {"e.csv": content}, file={"encoding": "cp1252"}))[1]["kommentar"] == f"{word} i år"


# Letters that look the same


def test_letters_are_compared_as_they_are_seen(tmp_path: Path) -> None:
    content = unicodedata.normalize("NFD", "nr;kommune;årsverk bolig;arbeid på tiltak\n0228;Rælingen på Å;1,5;2\n")
    columns = [
        *IDENTIFIERS,
        # The map too may have either kind of letters, and a header copied from a page has a soft hyphen.
        column(unicodedata.normalize("NFD", "årsverk bolig"), item="housing_with_staff"),
        column("arbeid på til\u00adtak", item="work_measures"),
    ]
    rows = rows_of(read_sheets(tmp_path, {"e.csv": content}, columns=columns))
    assert rows == [{"nr": "0228", "kommune": "Rælingen på Å", "årsverk bolig": "1,5", "arbeid på tiltak": "2"}]


@pytest.mark.parametrize("mark", ["\u200b", "\u200e", "\u200f", "\u2060", "\ufeff", "\u202a", "\u00ad"])
def test_marks_that_are_not_seen_do_not_count(tmp_path: Path, mark: str) -> None:
    content = lines(f"{mark}0101;Halden;;{mark}1,5;2{mark};", "0104;Moss;;12,5;3;").replace("bolig", f"bo{mark}lig", 1)
    if mark == "\u200f":  # inside a text it can change what is seen first
        content = content.replace(f"bo{mark}lig", "bolig")
    assert rows_of(read_sheets(tmp_path, {"e.csv": content})) == [HALDEN, MOSS]


@pytest.mark.parametrize("text", ["\u202e21", "1\u200f2", "\u202e12\u202c"])
def test_marks_that_change_what_is_seen_stay_in_the_cell(tmp_path: Path, text: str) -> None:
    (row,) = rows_of(read_sheets(tmp_path, {"e.csv": lines(f"0101;Halden;;{text};2;")}))
    assert not row["bolig"].isdecimal()


# Headers


def test_every_header_has_a_name_of_its_own(tmp_path: Path) -> None:
    content = "nr;kommune;A;A;A#2;A;@2\n0101;Halden;1;2;3;4;5\n"
    columns = [*IDENTIFIERS, *(column(name) for name in ("A", "A#2", "A#2#2", "A#3", "@7"))]
    (row,) = rows_of(read_sheets(tmp_path, {"e.csv": content}, columns=columns))
    assert row == {"nr": "0101", "kommune": "Halden", "A": "1", "A#2": "2", "A#2#2": "3", "A#3": "4", "@7": "5"}


def test_columns_by_position(tmp_path: Path) -> None:
    content = '"";nr;kommune;bolig;x 5.3.\n1;0101;Halden;1,5;2\n'
    named = [*IDENTIFIERS, column("@4", item="housing_with_staff"), column("@5", item="work_measures")]
    (row,) = rows_of(read_sheets(tmp_path, {"e.csv": content}, columns=[column("@1", reason="row_number"), *named]))
    assert row == {"@1": "1", "nr": "0101", "kommune": "Halden", "@4": "1,5", "@5": "2"}
    message = refusal(tmp_path, {"e.csv": content}, columns=named)
    assert "column 1 '@1' is not mapped (it has cells and no header)" in message
    assert "mapped column '@6' is missing" in refusal(
        tmp_path, {"e.csv": content}, columns=[column("@1", reason="row_number"), *named, column("@6")]
    )
    # The unit may be in a column without a header.
    unit = {"unit": {"code": ["@2"]}}
    by_number = [{"column": "@2", "use": "identifier"}, *(column(f"@{number}") for number in (1, 3, 4, 5))]
    (row,) = rows_of(read_sheets(tmp_path, {"e.csv": content}, columns=by_number, sheet=unit))
    assert row["@2"] == "0101"


def test_headers_in_the_upper_row_only(tmp_path: Path) -> None:
    content = "nr;kommune;Voksne;;Barn;;\n;;Bolig;Arbeid;;;Merknad\n0101;Halden;1,5;2;3;4;x\n"
    columns = [
        *IDENTIFIERS,
        column("Voksne|Bolig", item="housing_with_staff"),
        column("Voksne|Arbeid", item="work_measures"),
        column("Barn", item="housing_with_staff", target_group="children"),
        column("Barn|@2", item="work_measures", target_group="children"),
        column("Barn|Merknad"),
    ]
    sheet = {"header_rows": [1, 2]}
    expected = {"nr": "0101", "kommune": "Halden", "Voksne|Bolig": "1,5", "Voksne|Arbeid": "2", "Barn|Merknad": "x"}
    (row,) = rows_of(read_sheets(tmp_path, {"e.csv": content}, columns=columns, sheet=sheet))
    assert row == expected | {"Barn": "3", "Barn|@2": "4"}
    # By the number inside the upper header, whatever the text below it.
    columns[2]["column"], columns[4]["column"] = "Voksne|@1", "Barn|@1"
    (row,) = rows_of(read_sheets(tmp_path, {"e.csv": content}, columns=columns, sheet=sheet))
    assert (row["Voksne|@1"], row["Barn|@1"], row["Barn|@2"]) == ("1,5", "3", "4")


@pytest.mark.parametrize("merged", [("A1:A2", "B1:B2", "C1:D1"), ("C1:D1",)])
def test_headers_merged_downwards_in_a_workbook(tmp_path: Path, merged: tuple[str, ...]) -> None:
    book = openpyxl.Workbook()
    for row in (["nr", "kommune", "Voksne", None], [None, None, "Bolig", "Arbeid"], ["0101", "Halden", 1.5, 2]):
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    file = io.BytesIO()
    book.save(file)
    columns = [
        *IDENTIFIERS,
        column("Voksne|Bolig", item="housing_with_staff"),
        column("Voksne|Arbeid", item="work_measures"),
    ]
    options = {"reader": "xlsx", "encoding": None, "delimiter": None}
    sheet = {"header_rows": [1, 2], "sheet": "*"}
    (row,) = rows_of(read_sheets(tmp_path, {"e.xlsx": file.getvalue()}, columns=columns, file=options, sheet=sheet))
    assert row == {"nr": "0101", "kommune": "Halden", "Voksne|Bolig": "1.5", "Voksne|Arbeid": "2"}


def test_all_columns_that_do_not_fit_are_reported_at_once(tmp_path: Path) -> None:
    names = [f"Antall årsverk i tjeneste {letter}" for letter in "abcdefghij"]
    columns = [*IDENTIFIERS, *(column(name) for name in names)]
    renamed = [name.replace("Antall årsverk", "Årsverk") for name in names]
    message = refusal(tmp_path, {"e.csv": ";".join(["nr", "kommune", *renamed]) + "\n"}, columns=columns)
    assert "10 columns are not mapped: " in message and "missing" not in message
    for number, (before, after) in enumerate(zip(names, renamed, strict=True), 3):
        assert f"{number} {after!r} (nearest is {before!r}, line {number + 1})" in message
    message = refusal(tmp_path, {"e.csv": "nr;kommune;x\n"}, columns=[*IDENTIFIERS, column("bolig"), column("arbeid")])
    assert "column 3 'x' is not mapped, and 2 mapped columns are missing: 'bolig' (line 4), 'arbeid' (line 5)" in message


def test_a_header_in_another_row_is_reported(tmp_path: Path) -> None:
    content = "Oppdatert 2. mars\n" + lines("0101;Halden;;1,5;2;")
    message = refusal(tmp_path, {"e.csv": content})
    assert "row 1 holds 'Oppdatert 2. mars' and not the header, row 2 holds 6 of the 6 mapped columns" in message
    assert "state header_rows: [2] and first_row: 3 in form.yml" in message


TWO_HEADERS = [
    *IDENTIFIERS,
    column("Årsverk bolig", item="housing_with_staff", reason="optional"),
    column("Årsverk i bolig", item="housing_with_staff", reason="optional"),
]


def test_one_question_under_two_headers_in_two_files(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "e_1.csv": "nr;kommune;Årsverk bolig\n0101;Halden;1\n",
        "e_2.csv": "nr;kommune;Årsverk i bolig\n0104;Moss;2\n",
    }
    rows = rows_of(read_sheets(tmp_path, files, columns=TWO_HEADERS))
    assert [list(row.values())[2] for row in rows] == ["1", "2"]
    both = {**files, "e_2.csv": "nr;kommune;Årsverk i bolig;Årsverk bolig\n0104;Moss;2;1\n"}
    assert "are the same question, and both are delivered" in refusal(tmp_path, both, columns=TWO_HEADERS)
    neither = {**files, "e_2.csv": "nr;kommune\n0104;Moss\n"}
    assert "are the same question, and none is delivered" in refusal(tmp_path, neither, columns=TWO_HEADERS)


@pytest.mark.parametrize("change", [{"reason": ""}, {"unit": "persons"}, {"population_asked": "own_24h_places=yes"}])
def test_two_columns_of_one_question_must_be_optional_and_alike(tmp_path: Path, change: dict[str, str]) -> None:
    message = refusal(tmp_path, {"e.csv": ""}, columns=[*TWO_HEADERS[:3], TWO_HEADERS[3] | change])
    assert "line 5: means the same as line 4" in message


def test_one_question_in_two_layouts(tmp_path: Path) -> None:
    sheets = [
        {"name": name, "file": file, "unit": {"code": ["nr"]}, "header_rows": [1]}
        for name, file in (("main", "one"), ("other", "two"))
    ]
    stated = {"reader": "csv", "encoding": "utf-8", "delimiter": ";"}
    form = {
        "files": [{"name": "one", "pattern": "e_1.csv", **stated}, {"name": "two", "pattern": "e_2.csv", **stated}],
        "sheets": sheets,
    }
    columns = [
        {"column": "nr", "use": "identifier"},
        column("bolig", item="housing_with_staff"),
        {"sheet": "other", "column": "nr", "use": "identifier"},
        column("Bolig", item="housing_with_staff", sheet="other"),
    ]
    files: dict[str, bytes | str] = {"e_1.csv": "nr;bolig\n0101;1\n", "e_2.csv": "nr;Bolig\n0104;2\n"}
    assert rows_of(read_sheets(tmp_path, files, columns=columns, form=form)) == [
        {"nr": "0101", "bolig": "1"},
        {"nr": "0104", "Bolig": "2"},
    ]
    # In one submission both would be answers.
    sheets[1] |= {"links_to": "main", "link": "nr"}
    assert "means the same as line 3" in refusal(tmp_path, files, columns=columns, form=form)


# Concatenated files


def test_a_repeated_header_is_no_data_and_another_header_is_refused(tmp_path: Path) -> None:
    content = lines("0101;Halden;;1,5;2;")
    (sheet,) = read_sheets(tmp_path, {"e.csv": content + lines("0104;Moss;;12,5;3;")})
    assert sheet.header_again == (3,)
    other = content + "nr;kommune;kommentar;arbeid;bolig;merknad\n0104;Moss;;3;12,5;\n"
    message = refusal(tmp_path, {"e.csv": other}, sheet={"rows_not_data": [FOOTNOTE]})
    assert "line 3: is a second header" in message
    renamed = content + "nr;kommune;kommentar;årsverk;tiltak;merknad\n0104;Moss;;3;12,5;\n"
    assert "line 3: is a second header" in refusal(tmp_path, {"e.csv": renamed})


def test_headers_of_several_rows_may_be_repeated(tmp_path: Path) -> None:
    header = "nr;kommune;Voksne;\n;;Bolig;Arbeid\n"
    columns = [
        *IDENTIFIERS,
        column("Voksne|Bolig", item="housing_with_staff"),
        column("Voksne|Arbeid", item="work_measures"),
    ]
    content = header + "0101;Halden;1,5;2\n" + header + "0104;Moss;12,5;3\n"
    (sheet,) = read_sheets(tmp_path, {"e.csv": content}, columns=columns, sheet={"header_rows": [1, 2]})
    assert sheet.header_again == (4, 5)


def test_answers_that_are_also_headers_are_answers(tmp_path: Path) -> None:
    # A tick may be the option's own text, and questions may be called by their number.
    content = "nr;kommune;Bolig;Arbeid;1;2\n0101;Halden;Bolig;Arbeid;1;2\n2;1;;;1;1\n"
    columns = [*IDENTIFIERS, *(column(name) for name in ("Bolig", "Arbeid", "1", "2"))]
    (sheet,) = read_sheets(tmp_path, {"e.csv": content}, columns=columns)
    assert sheet.header_again == ()


# Files


def test_what_programs_leave_in_a_folder_is_overlooked(tmp_path: Path) -> None:
    left = (".DS_Store", "Thumbs.db", "desktop.ini", "~$e.xlsx", "._e.csv", ".~lock.e.xlsx#", "Icon\r")
    folder = write_delivery(tmp_path, FORM["delivery"], dict.fromkeys(left, "x"))
    (folder / "__MACOSX").mkdir()
    content = lines("0101;Halden;;1,5;2;", "0104;Moss;;12,5;3;")
    assert rows_of(read_sheets(tmp_path, {"e.csv": content})) == [HALDEN, MOSS]
    (folder / ".unknown").write_text("x")
    assert "does not know the file" in refusal(tmp_path, {"e.csv": content}, file={"pattern": "e.csv"})


def packed(content: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("e.csv", content)
        package.writestr("f.csv", content)
    return file.getvalue()


def test_packed_files_are_refused_with_what_to_do(tmp_path: Path) -> None:
    content = lines("0101;Halden;;1,5;2;")
    unpack = "unpack it and put the files that are in it into the delivery's folder"
    message = refusal(tmp_path, {"e.csv": gzip.compress(content.encode())})
    assert "is a gzip file, not a csv file" in message and unpack in message
    message = refusal(tmp_path, {"e.csv": packed(content)})
    assert "is a zip file of e.csv and 1 more, not a csv file" in message and unpack in message
    message = refusal(tmp_path, {"e.csv": content, "rest.zip": packed(content)}, file={"pattern": "e.csv", "count": 1})
    assert "rest.zip: form survey_2016 does not know the file" in message and unpack in message


def test_file_names_are_compared_by_their_letters(tmp_path: Path) -> None:
    decomposed, composed = (unicodedata.normalize(form, "Østfold_å.csv") for form in ("NFD", "NFC"))
    content = lines("0101;Halden;;1,5;2;")
    (sheet,) = read_sheets(tmp_path, {decomposed: content}, file={"pattern": composed})
    assert sheet.file.name == sheet.sheet.name == composed
    message = refusal(tmp_path, {decomposed: content, composed: content + "\n"}, file={"pattern": "*.csv", "count": 2})
    assert "has the same name as another file, apart from the Unicode form of its letters" in message


# new-year


GOOD = lines("0101;Halden;;1,5;2;", "0104;Moss;nå;12,5;3;")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD, []),
        ("sep=;\n" + GOOD, []),
        ("Eksport 2017\n\n" + GOOD, ["header_rows: [3]", "first_row: 4", "the headers are in row 3, last year in row 1"]),
        ("Eksport 2017;;;;;\n" + GOOD, ["header_rows: [2]"]),
        (GOOD.replace(",", ".").replace(";", ","), ["delimiter: ','", "read with delimiter ',', last year ';'"]),
        (GOOD.encode("cp1252"), ["encoding: cp1252"]),
        (GOOD.encode("cp865"), ["encoding: cp865"]),
        (GOOD.encode("utf-16"), ["encoding: utf-16"]),
        (GOOD.replace("nå", r'"sa \"nå\"; x"'), ["escape: \\"]),
        (GOOD.replace("nå", '"nå" x'), ["quote: none"]),
        (GOOD.replace("0104", "# side 2\n0104"), ["comment: '#'"]),
        (GOOD.replace("2;\n", "2;;\n").replace("3;\n", "3;;\n"), ["surplus: ignore"]),
    ],
)
def test_new_year_finds_header_and_options(tmp_path: Path, content: bytes | str, words: list[str]) -> None:
    read_sheets(tmp_path, {"e.csv": GOOD}, file={"pattern": "e.csv"})
    previous = load_form(tmp_path / "forms" / FORM["form"])
    folder = write_delivery(tmp_path, "2017", {"e.csv": content, ".DS_Store": "x"})
    seen = inspect_delivery(folder, previous)
    draft = draft_form(previous, seen.sheets, files=seen.files, delivery="2017")
    assert (draft.taken_over, draft.unsure, seen.notes) == (6, (), [])
    for word in words:
        assert word in draft.form_yml
    assert ("read with" in draft.form_yml or "are in row" in draft.form_yml) == bool(words)


def test_new_year_finds_the_largest_row_of_texts_where_all_names_are_new(tmp_path: Path) -> None:
    read_sheets(tmp_path, {"e.csv": GOOD}, file={"pattern": "e.csv"})
    previous = load_form(tmp_path / "forms" / FORM["form"])
    content = "Eksport 2017\n\nKnr;Navn;Tekst;Årsverk i bolig;Årsverk i arbeid;Til slutt\n0101;Halden;;1,5;2;\n;1;\n"
    seen = inspect_delivery(write_delivery(tmp_path, "2017", {"e.csv": content}), previous)
    (sheet,) = seen.sheets
    assert (sheet.row, sheet.headers[0], len(sheet.headers)) == (3, "Knr", 6)
    assert [note for note in seen.notes if "line 5: has 3 fields, and the header has 6" in note]


def test_new_year_tells_of_nameless_columns_and_packed_files(tmp_path: Path) -> None:
    read_sheets(tmp_path, {"e.csv": GOOD}, file={"pattern": "e.csv"})
    previous = load_form(tmp_path / "forms" / FORM["form"])
    content = "".join(f"{number or ''};{line}\n" for number, line in enumerate(GOOD.splitlines()))
    seen = inspect_delivery(write_delivery(tmp_path, "2017", {"e.csv": content, "rest.zip": packed("x")}), previous)
    draft = draft_form(previous, seen.sheets, files=seen.files, delivery="2017")
    assert [row.column for row in draft.unsure] == ["@1"]
    assert ["rest.zip is packed: unpack it" in note for note in seen.notes] == [True]


# The bundled deliveries


def test_one_unquoted_delimiter_in_a_bundled_file_is_refused(tmp_path: Path) -> None:
    bundled = PROJECT_DIR / "data"
    form = load_form(bundled / "forms" / "is248_2018")
    (export,) = (file for file in capture(bundled / "deliveries" / form.delivery, form) if file.spec.reader == "csv")
    rows = export.path.read_bytes().decode("latin-1").splitlines(keepends=True)
    width = rows[0].count(";") + 1
    # A comment of two lines precedes it.
    rows[41] = rows[41].replace(";", ";;", 1)
    folder = write_delivery(tmp_path, form.delivery, {export.name: "".join(rows).encode("latin-1")})
    codebook = next((bundled / "deliveries" / form.delivery).glob("kodebok*"))
    write_delivery(tmp_path, form.delivery, {codebook.name: codebook.read_bytes()})
    (changed,) = capture(folder, form)
    with pytest.raises(UserError, match=rf"\(row 41\): has {width + 1} fields, and the header has {width}"):
        read_file(form, changed)
