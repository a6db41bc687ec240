"""Workbooks: marks of cells in all four formats, and ordinary exports in unusual encodings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle

from orchestration.core import letters
from orchestration.core.errors import UserError
from orchestration.forms.model import FileSpec
from orchestration.ingest.readers import Limits, Sheet, read, sheet_names
from orchestration.ingest.readers.looks import number_marks
from orchestration.ingest.readers.model import Run
from tests.integration.workbooks_kit import (
    RAISED,
    SAVED,
    STRUCK,
    ods,
    ods_cell,
    ods_row,
    part,
    rich,
    with_parts,
    xlsb,
    xlsx,
)

SHEET = "xl/worksheets/sheet1.xml"


def spec(reader: str) -> FileSpec:
    return FileSpec.model_validate({"name": "export", "pattern": "*", "reader": reader})


def read_all(path: Path, limits: Limits | None = None) -> list[Sheet]:
    how = spec(path.suffix[1:])
    return read(path, how, sheet_names(path, how), limits)


def read_one(folder: Path, content: bytes, reader: str = "xlsx", limits: Limits | None = None) -> Sheet:
    path = folder / f"export.{reader}"
    path.write_bytes(content)
    (sheet,) = read_all(path, limits)
    return sheet


def texts(sheet: Sheet) -> list[list[str]]:
    """The texts of each row, with their kind where it is not text."""
    rows: dict[int, list[str]] = {}
    for cell in sheet.cells.to_pylist():
        kind = "" if cell["kind"] == "text" else f":{cell['kind']}"
        rows.setdefault(cell["row_number"], []).append(cell["text"] + kind)
    return list(rows.values())


def marks(sheet: Sheet) -> set[tuple[int, int, str, str | None]]:
    return {tuple(mark.values()) for mark in sheet.marks.to_pylist()}  # type: ignore[misc]


@pytest.mark.parametrize("reader", ["xls", "ods"])
def test_what_libreoffice_saved_is_read_alike_in_every_kind(reader: str) -> None:
    sheet, hidden = read_all(SAVED / f"libreoffice.{reader}")
    assert (sheet.name, hidden.name, texts(hidden)) == ("Årsverk", "Skjult", [["x"]])
    assert texts(sheet) == [
        ["nr", "kommune", "bolig", "arbeid", "sum", "levert", "skjult"],
        ["0101", "Halden", "1.5:number", "2:number", "3.5:number", "2017-03-01 10:00:00:date", "x"],
        ["0104", " Moss ", "0.5:number", "1.234:number", "#DIV/0!", "2017-03-03:date"],
        ["0105", "Sarpsborg", "9:number", "9:number"],
        ["0106", "Fredrikstad", "7:number"],
        ["0111", "Hvaler", "121", "23"],
        ["0118", "1:number"],
        ["2:number"],
    ]
    assert marks(sheet) == {
        (2, 5, "formula", None),
        (3, 5, "formula", None),
        (3, 3, "percent", None),
        *((4, column, "hidden", "row") for column in range(1, 5)),
        *((5, column, "struck_out", None) for column in range(1, 4)),
        (6, 3, "raised", "part"),
        (6, 4, "struck_out", "part"),
        (1, 7, "hidden", "column"),
        (2, 7, "hidden", "column"),
    }
    assert sheet.runs == {(6, 3): (Run("12"), Run("1", is_raised=True)), (6, 4): (Run("2", is_struck_out=True), Run("3"))}
    assert sheet.merged == ((7, 1, 8, 1),)


@pytest.mark.parametrize("reader", ["xls", "ods"])
def test_hidden_sheets_of_other_kinds_are_read_only_when_named(reader: str) -> None:
    path = SAVED / f"libreoffice.{reader}"
    with pytest.raises(UserError, match="sheet Skjult: the sheet is hidden"):
        read(path, spec(reader), ("Årsverk",))


def test_rows_and_columns_without_extent_are_hidden_in_the_old_kind_too(tmp_path: Path) -> None:
    data = (SAVED / "libreoffice.xls").read_bytes()
    # The records of row 2 and of the first columns: number, length, which ones, height or width.
    row, columns = re.search(rb"\x08\x02\x10\x00\x01\x00.{4}", data, re.DOTALL), re.search(rb"\x7d\x00\x0c\x00", data)
    assert row is not None and columns is not None
    flat = data[: row.end()] + b"\0\0" + data[row.end() + 2 :]
    flat = flat[: columns.end() + 4] + b"\0\0" + flat[columns.end() + 6 :]
    path = tmp_path / "export.xls"
    path.write_bytes(flat)
    before, after = (marks(read_all(each)[0]) for each in (SAVED / "libreoffice.xls", path))
    assert (2, 1, "hidden", "row") in after - before and (1, 1, "hidden", "column") in after - before


def test_binary_workbooks_are_read_with_their_marks(tmp_path: Path) -> None:
    sheet = read_one(tmp_path, xlsb(), "xlsb")
    # Errors, texts of several fonts and whole days are what the library misreads.
    assert texts(sheet) == [
        ["nr", "bolig"],
        ["0101", "1.5:number"],
        ["0104", "0.5:number"],
        [
            *("0105", "121", "TRUE:boolean", "#N/A", "7:number", "23", "2017-03-01 12:00:00:date"),
            *("2017-03-01:number", "12.34:number", "#DIV/0!"),
        ],
    ]
    assert marks(sheet) == {
        (3, 1, "struck_out", None),
        (3, 2, "percent", None),
        (4, 5, "formula", None),
        (4, 10, "formula", None),
        (4, 2, "raised", "part"),
        (4, 6, "struck_out", "part"),
        (3, 1, "hidden", "row"),
        (3, 2, "hidden", "row"),
        *((4, column, "hidden", "column") for column in (8, 9, 10)),
    }
    assert sheet.runs[4, 2] == (Run("12", has_font=False), Run("1", is_raised=True))
    assert (sheet.rows, sheet.merged) == (4, ((1, 3, 1, 4),))


def test_cells_of_open_document_repeat(tmp_path: Path) -> None:
    number = ods_cell("float", "2", 'table:number-columns-repeated="3"')
    blank = '<table:table-cell table:number-columns-repeated="16384"/>'
    sheet = read_one(
        tmp_path,
        ods(
            ods_row(ods_cell("string", "nr"), ods_cell("boolean", "true"), ods_cell("percentage", "0.5")),
            ods_row(number, attributes='table:number-rows-repeated="2"'),
            ods_row(blank, attributes='table:number-rows-repeated="1048570"'),
        ),
        "ods",
    )
    assert texts(sheet) == [["nr", "TRUE:boolean", "0.5:number"], ["2:number"] * 3, ["2:number"] * 3]
    assert marks(sheet) == {(1, 3, "percent", None)}


def test_open_document_that_grows_when_written_out_is_refused(tmp_path: Path) -> None:
    cell = ods_cell("float", "1", 'table:number-columns-repeated="16384"')
    with pytest.raises(UserError, match="sheet Ark: has more than 20,000,000 cells"):
        read_one(tmp_path, ods(ods_row(cell, attributes='table:number-rows-repeated="1048576"')), "ods")
    text = ods_cell("string", "x" * 1000, 'table:number-columns-repeated="1000"')
    with pytest.raises(UserError, match="bytes of text"):
        read_one(tmp_path, ods(ods_row(text)), "ods", Limits(text_bytes=100_000))


def test_styles_of_open_document_are_those_of_their_parents(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="void" style:family="table-cell"><style:text-properties '
        'style:text-line-through-style="solid"/></style:style>'
        '<style:style style:name="child" style:family="table-cell" style:parent-style-name="void"/>'
        '<style:style style:name="valid" style:family="table-cell" style:parent-style-name="void">'
        '<style:text-properties style:text-line-through-style="none"/></style:style>'
        '<style:style style:name="mark" style:family="text">'
        '<style:text-properties style:text-position="super 58%"/></style:style>'
    )
    child, valid = 'table:style-name="child"', 'table:style-name="valid"'
    raised = ods_cell("string", '12<text:span text:style-name="mark">1</text:span>')
    sheet = read_one(
        tmp_path,
        ods(ods_row(ods_cell("float", "1", child), ods_cell("float", "2", valid), raised), styles=styles),
        "ods",
    )
    assert marks(sheet) == {(1, 1, "struck_out", None), (1, 3, "raised", "part")}
    assert texts(sheet) == [["1:number", "2:number", "121"]]


def test_rows_and_columns_of_open_document_that_are_filtered_or_folded_are_hidden(tmp_path: Path) -> None:
    cells = [ods_cell("float", str(number)) for number in (1, 2)]
    columns = '<table:table-column/><table:table-column-group table:display="false"><table:table-column/>'
    folded = f'<table:table-row-group table:display="false">{ods_row(*cells)}</table:table-row-group>'
    open_group = f"<table:table-row-group>{ods_row(*cells)}</table:table-row-group>"
    filtered = ods_row(*cells, attributes='table:visibility="filter"')
    sheet = read_one(tmp_path, ods(f"{columns}</table:table-column-group>", folded, open_group, filtered), "ods")
    assert marks(sheet) == {
        *((row, column, "hidden", "row") for row in (1, 3) for column in (1, 2)),
        *((row, 2, "hidden", "column") for row in (1, 2, 3)),
    }


def test_formulas_of_open_document_without_a_value(tmp_path: Path) -> None:
    formula, empty = (
        '<table:table-cell table:formula="of:=1"/>',
        '<table:table-cell table:formula="of:=x"><text:p/></table:table-cell>',
    )
    sheet = read_one(tmp_path, ods(ods_row(formula, ods_cell("float", "1"), empty)), "ods")
    assert (texts(sheet), marks(sheet)) == ([["1:number"]], {(1, 1, "formula_without_value", None)})


# xlsx


def mark(change: Callable[[Any], None], folder: Path) -> set[tuple[int, int, str, str | None]]:
    rows = [["nr", "kommune", "bolig"], ["0101", "Halden", 1.5], ["0104", "Moss", 3]]
    return marks(read_one(folder, xlsx(rows, change)))


def strike_by_rule(sheet: Any) -> None:
    rule = FormulaRule(formula=["$C2>2"])
    rule.dxf = DifferentialStyle(font=Font(strike=True))
    sheet.conditional_formatting.add("C2:C9 A9", rule)


def filter_rows(sheet: Any) -> None:
    sheet.auto_filter.ref = "A1:C3"
    sheet.auto_filter.add_filter_column(1, ["Halden"])
    sheet.row_dimensions[3].hidden = True


def group_rows(sheet: Any) -> None:
    sheet.row_dimensions.group(3, 3, hidden=True)


def cover(sheet: Any) -> None:
    sheet.merge_cells("B2:C2")
    # As written by programs that keep the contents of merged cells.
    sheet._cells[2, 3] = openpyxl.cell.Cell(sheet, row=2, column=3, value=1.5)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda sheet: None, set()),
        (
            lambda sheet: setattr(sheet.row_dimensions[3], "hidden", True),
            {(3, column, "hidden", "row") for column in (1, 2, 3)},
        ),
        (filter_rows, {(3, column, "hidden", "row") for column in (1, 2, 3)}),
        (group_rows, {(3, column, "hidden", "row") for column in (1, 2, 3)}),
        (
            lambda sheet: setattr(sheet.column_dimensions["C"], "hidden", True),
            {(row, 3, "hidden", "column") for row in (1, 2, 3)},
        ),
        (
            lambda sheet: sheet.column_dimensions.group("B", "D", hidden=True),
            {(row, column, "hidden", "column") for row in (1, 2, 3) for column in (2, 3)},
        ),
        (lambda sheet: setattr(sheet.column_dimensions["F"], "hidden", True), set()),
        (cover, {(2, 3, "hidden", "covered")}),
        (lambda sheet: setattr(sheet["C3"], "font", Font(strike=True)), {(3, 3, "struck_out", None)}),
        (lambda sheet: setattr(sheet["D3"], "font", Font(strike=True)), set()),
        (strike_by_rule, {(2, 3, "struck_out", "rule"), (3, 3, "struck_out", "rule")}),
        (lambda sheet: setattr(sheet["C3"], "font", Font(vertAlign="superscript")), {(3, 3, "raised", None)}),
        (lambda sheet: setattr(sheet["C3"], "number_format", "0 %"), {(3, 3, "percent", None)}),
        (lambda sheet: setattr(sheet["B3"], "number_format", "0 %"), set()),
        (lambda sheet: setattr(sheet["C3"], "number_format", "#,##0,"), {(3, 3, "shown_otherwise", None)}),
        (lambda sheet: setattr(sheet["C3"], "number_format", ";;;"), {(3, 3, "shown_otherwise", None)}),
        (lambda sheet: setattr(sheet["C3"], "value", rich(("1", {}), ("2", RAISED))), {(3, 3, "raised", "part")}),
        (
            lambda sheet: setattr(sheet["C3"], "value", rich(("CO", {}), ("2", {"vertAlign": "subscript"}))),
            {(3, 3, "raised", "part")},
        ),
        (lambda sheet: setattr(sheet["C3"], "value", rich(("2", STRUCK), ("3", {}))), {(3, 3, "struck_out", "part")}),
        (lambda sheet: setattr(sheet["C3"], "value", rich(("2", {"b": True}), ("3", {"strike": False}))), set()),
    ],
)
def test_marks_of_cells(
    tmp_path: Path, change: Callable[[Any], None], expected: set[tuple[int, int, str, str | None]]
) -> None:
    assert mark(change, tmp_path) == expected


def test_rows_and_columns_without_extent_are_hidden(tmp_path: Path) -> None:
    flat = with_data('<row r="3"', '<row r="3" ht="0" customHeight="1"')
    assert marks(read_one(tmp_path, flat)) == {(3, column, "hidden", "row") for column in (1, 2, 3)}
    rest = with_data("<sheetFormatPr[^>]*>(?:</sheetFormatPr>)?", '<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/>')
    shown_rows = with_data('<row r="([12])"', r'<row r="\1" ht="15"', rest)
    assert marks(read_one(tmp_path, shown_rows)) == {(3, column, "hidden", "row") for column in (1, 2, 3)}
    thin = with_data("<sheetData>", '<cols><col min="3" max="9" width="0" customWidth="1"/></cols><sheetData>')
    assert marks(read_one(tmp_path, thin)) == {(row, 3, "hidden", "column") for row in (1, 2, 3)}


@pytest.mark.parametrize("is_prefixed", [False, True])
def test_marks_of_shared_texts_and_in_other_ways_of_writing(tmp_path: Path, is_prefixed: bool) -> None:
    """The same marks with shared texts, without references, in single quotes, with prefixes."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = (
        f'<sst xmlns="{space}"><si><t>nr</t></si>'
        '<si><r><t>12</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>1</t></r>'
        '<rPh sb="0" eb="1"><t>x</t></rPh></si><si><r><rPr><strike val="0"/></rPr><t>a</t></r></si></sst>'
    )
    cells = [
        "<row><c t='s'><v>0</v></c><c t='s'><v>1</v></c></row>",
        "<row hidden = 'true'><c><v>1</v></c><c t='b'><v>false</v></c></row>",
        "<row r='4'><c r='B4' t='s'><v>2</v></c><c t='inlineStr'>"
        "<is><r><t>1</t></r><r><rPr><strike/></rPr><t>2</t></r></is></c></row>",
    ]
    data = "".join(cells)
    root = f'<worksheet xmlns="{space}"><sheetData>{data}</sheetData></worksheet>'
    if is_prefixed:
        tags = re.compile(r"<(/?)(?=[a-zA-Z])")
        root = tags.sub(r"<\1x:", root).replace("xmlns=", "xmlns:x=")
        root = root.replace("x:x:", "x:")
    content = with_parts(xlsx([["a"]]), {SHEET: root.encode(), "xl/sharedStrings.xml": shared.encode()})
    sheet = read_one(tmp_path, content)
    assert texts(sheet) == [["nr", "121"], ["1:number", "FALSE:boolean"], ["a", "12"]]
    assert marks(sheet) == {
        (1, 2, "raised", "part"),
        (2, 1, "hidden", "row"),
        (2, 2, "hidden", "row"),
        (4, 3, "struck_out", "part"),
    }
    assert sheet.runs[1, 2] == (Run("12", has_font=False), Run("1", is_raised=True))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *(
            (code, ())
            for code in ("General", "", "0", "0.00;[Red]-0.00", '#,##0 "kr"', "[$kr-414]\\ #,##0.00", '0.0\\ "%"', "@")
        ),
        *(
            (code, ())
            for code in ("# ?/?", "0.00E+00", "dd.mm.yyyy", "[h]:mm", "_-* #,##0.00\\ _k_r_-;\\-* #,##0.00", "#,##0")
        ),
        *((code, ("percent",)) for code in ("0%", "0.0 %", "0;[Red]-0%")),
        *((code, ("shown_otherwise",)) for code in (";;;", '"ja";"nei"', "#,##0,", '0.0,,"M"')),
    ],
)
def test_number_formats_that_show_another_number(code: str, expected: tuple[str, ...]) -> None:
    assert number_marks(code) == expected


# Ordinary exports in unusual encodings: all of them contain the same rows.

ROWS = [["nr", "kommune", "bolig"], ["0101", "Halden", 1.5], ["0104", "Moss", 3]]
PLAIN = xlsx(ROWS)


def renamed(change: Callable[[str], str]) -> bytes:
    names = ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels", "xl/styles.xml"]
    return with_parts(PLAIN, {change(name): part(PLAIN, name) for name in names}, tuple(names))


def moved_workbook() -> bytes:
    """As written by some Office services: the workbook's part has another name, and the parts are elsewhere."""
    links = part(PLAIN, "_rels/.rels").replace(b"xl/workbook.xml", b"xl/workbook22.xml")
    own = part(PLAIN, "xl/_rels/workbook.xml.rels").replace(b"/xl/worksheets/sheet1.xml", b"ark/en.xml")
    parts = {
        "_rels/.rels": links,
        "xl/workbook22.xml": part(PLAIN, "xl/workbook.xml"),
        "xl/_rels/workbook22.xml.rels": own,
        "xl/ark/en.xml": part(PLAIN, SHEET),
    }
    return with_parts(PLAIN, parts, ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", SHEET))


def with_data(pattern: str, new: str, content: bytes = PLAIN) -> bytes:
    return with_parts(content, {SHEET: re.sub(pattern, new, part(content, SHEET).decode()).encode()})


STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        renamed(lambda name: name.replace("/", "\\")),
        renamed(str.upper),
        renamed(lambda name: f"/{name}"),
        moved_workbook(),
        with_parts(
            PLAIN,
            {
                name: part(PLAIN, name).replace(
                    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", STRICT.encode()
                )
                for name in (SHEET, "xl/workbook.xml", "xl/styles.xml")
            },
        ),
        with_data('<dimension ref="[^"]*"', '<dimension ref="A0:C3"'),
        with_data('<dimension ref="[^"]*"', '<dimension ref="A1:A1"'),
        with_data("</sheetData>", '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'),
        with_data(
            "</sheetData>", "".join(f'<row r="{row}"><c r="A{row}" s="0"/></row>' for row in range(4, 9)) + "</sheetData>"
        ),
        with_data("</sheetData>", '<row r="9"><c r="B9" t="s"><v/></c><c r="C9" t="inlineStr"/></row></sheetData>'),
        with_data("bolig", "_x000D_\nbolig "),
    ],
    ids=[
        *("plain", "backslashes", "upper case", "leading slash", "moved", "strict", "dimension from row 0"),
        *("dimension too small", "format in the last cell", "formatted rows", "blank cells", "carriage return"),
    ],
)
def test_workbooks_that_are_written_unusually_hold_the_same(tmp_path: Path, content: bytes) -> None:
    sheet = read_one(tmp_path, content)
    rows = [[text.strip() for text in row] for row in texts(sheet)]
    assert rows == [["nr", "kommune", "bolig"], ["0101", "Halden", "1.5:number"], ["0104", "Moss", "3:number"]]
    assert marks(sheet) == set()


@pytest.mark.parametrize(
    ("stated", "name"), [("Del 2", "Del 2 "), ("Årsverk", "A\u030arsverk"), ("A\u030arsverk ", "Årsverk")]
)
def test_names_of_sheets_are_compared_without_blanks_and_ways_of_writing(tmp_path: Path, stated: str, name: str) -> None:
    path = tmp_path / "export.xlsx"
    path.write_bytes(xlsx(ROWS, name=name))
    (sheet,) = read(path, spec("xlsx"), (stated,))
    assert sheet.name == letters.plain(name)
    without = FileSpec(name="export", pattern="*", reader="xlsx", sheets_not_data=(stated,))
    with pytest.raises(UserError, match="has no sheet Noe"):
        read(path, without, ("Noe",))


def test_sheets_of_one_name_but_for_blanks_are_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Del 2"
    book.create_sheet("Del 2 ")
    book.save(tmp_path / "export.xlsx")
    with pytest.raises(UserError, match="has 2 sheets called Del 2"):
        read(tmp_path / "export.xlsx", spec("xlsx"), ("Del 2",))


def test_sheets_that_are_charts_need_no_word(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Ark"
    book.active.append(["nr"])
    book.create_chartsheet("Diagram")
    path = tmp_path / "export.xlsx"
    book.save(path)
    assert sheet_names(path, spec("xlsx")) == ("Ark",)
    assert [sheet.name for sheet in read(path, spec("xlsx"), ("*",))] == ["Ark"]
    assert [
        sheet.name
        for sheet in read(path, FileSpec(name="e", pattern="*", reader="xlsx", sheets_not_data=("Diagram",)), ("Ark",))
    ]


@pytest.mark.parametrize(
    ("stated", "content", "words"),
    [
        ("xlsx", ods(ods_row(ods_cell("string", "nr"))), ("is a workbook of OpenDocument (ods)", "state reader: ods")),
        ("ods", PLAIN, ("is a workbook (xlsx)", "state reader: xlsx")),
        ("xlsx", (SAVED / "libreoffice.xls").read_bytes(), ("is a workbook of the old kind (xls)", "state reader: xls")),
        ("xls", PLAIN, ("state reader: xlsx",)),
        ("xlsx", xlsb(), ("is a binary workbook (xlsb)", "state reader: xlsb")),
        ("xls", b"<html><table><tr><td>1</td></tr></table></html>", ("is a web page",)),
        ("xls", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', ("saved as XML",)),
        ("csv", (SAVED / "libreoffice.xls").read_bytes(), ("state reader: xls",)),
    ],
)
def test_a_workbook_of_another_kind_is_refused_with_its_reader(
    tmp_path: Path, stated: str, content: bytes, words: tuple[str, ...]
) -> None:
    path = tmp_path / f"export.{stated}"
    path.write_bytes(content)
    how = spec(stated) if stated != "csv" else FileSpec(name="e", pattern="*", reader="csv", encoding="utf-8", delimiter=";")
    with pytest.raises(UserError) as error:
        read(path, how, ("*",))
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize("reader", ["xls", "ods", "xlsb"])
def test_other_kinds_that_break_off_are_refused(tmp_path: Path, reader: str) -> None:
    content = xlsb() if reader == "xlsb" else (SAVED / f"libreoffice.{reader}").read_bytes()
    for size in (len(content) // 3, len(content) * 2 // 3, len(content) - 100):
        path = tmp_path / f"export.{reader}"
        path.write_bytes(content[:size])
        with pytest.raises(UserError):
            read_all(path)
