"""The writers of a list: a workbook that is answered in, and the same as csv.

Belongs here: how the files look. Does not belong here: what stands in them (``layout``), where they lie (``lists``), and the
look of all workbooks (``core.workbooks``).
Equal rows give equal bytes.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Border, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.control.findings import Control
from orchestration.control.layout import COLUMNS, LAST_PRINTED, PLACES, STATUS, TEXTS, VERDICTS, Column, Row, Value
from orchestration.core.language import Language, in_language
from orchestration.core.spreadsheets import FORMULA
from orchestration.core.tables import Label
from orchestration.core.workbooks import (
    DARK,
    HEAD_FILL,
    MARKED_HEAD_FILL,
    TABLE_HEAD_HEIGHT,
    WRAPPED_HEAD_HEIGHT,
    add_file,
    aligned,
    font,
    height,
    put,
    put_head,
    set_page,
    set_table,
    set_widths,
    without_clock,
)

_ANSWER_FILL = PatternFill("solid", start_color="FFF8DC")
_EXPLAINED_FILL = PatternFill("solid", start_color="EDEDED")
_LINE = Border(*(Side(style="thin", color="C8C8C8"),) * 4)

# Of the sheet that says how to use a list: heads and texts.
_ABOUT_WIDTHS = (34, 96)


def _fill_list(sheet: Worksheet, rows: list[Row], control: Control, title: str) -> None:
    language = control.language
    for place, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(1, place)
        fill = MARKED_HEAD_FILL if column.is_answer else HEAD_FILL
        put_head(cell, in_language(column.head, language), _side(column), fill=fill, wrap=True)
        cell.border = _LINE
    set_widths(sheet, [column.width for column in COLUMNS])
    sheet.row_dimensions[1].height = WRAPPED_HEAD_HEIGHT
    explained = in_language(STATUS[True], language)
    for number, row in enumerate(rows, start=2):
        for place, (column, value) in enumerate(zip(COLUMNS, row, strict=True), start=1):
            cell = sheet.cell(number, place)
            put(cell, None if value == "" else value)
            cell.alignment = aligned(_side(column), "top", wrap=not column.is_number)
            cell.border = _LINE
            if column.is_number:
                cell.number_format = "#,##0.00"
            if column.name == "answered_on":
                cell.number_format = "dd.mm.yyyy"
            if column.is_answer:
                cell.fill = _ANSWER_FILL
            elif row[PLACES["status"]] == explained:
                cell.fill = _EXPLAINED_FILL
        cells = zip(COLUMNS, row, strict=True)
        texts = [(value, column.width) for column, value in cells if isinstance(value, str) and not column.is_number]
        sheet.row_dimensions[number].height = height(texts)
    set_table(sheet, len(COLUMNS), max(len(rows), 1), fixed_columns=PLACES["unit_name"] + 1)
    printed = get_column_letter(PLACES[LAST_PRINTED] + 1)
    sheet.print_area = f"A1:{printed}{len(rows) + 1}"
    _set_page(sheet, title, control, is_wide=True)


def _side(column: Column) -> str:
    return "right" if column.is_number else "left"


def _set_page(sheet: Worksheet, title: str, control: Control, *, is_wide: bool = False) -> None:
    """Set up printing; each page says that it is restricted."""
    set_page(sheet, title, is_wide=is_wide)
    sheet.oddHeader.right.text = in_language(control.texts.list.restricted, control.language)


def _add_choice(sheet: Worksheet, name: str, formula: str, message: Label, rows: int, language: Language) -> None:
    """Let a column be chosen from a list."""
    letter = get_column_letter(PLACES[name] + 1)
    choice = DataValidation(type="list", formula1=formula, allow_blank=True)
    choice.errorTitle = choice.promptTitle = in_language(COLUMNS[PLACES[name]].head, language)
    choice.error = choice.prompt = in_language(message, language)
    choice.showErrorMessage = choice.showInputMessage = True
    sheet.add_data_validation(choice)
    # Rows that are copied below the last one get the choice too.
    choice.add(f"{letter}2:{letter}{rows + 200}")


def _fill_about(sheet: Worksheet, control: Control, title: str, findings: Iterable[str]) -> None:
    language = control.language
    set_widths(sheet, _ABOUT_WIDTHS)
    lines: list[tuple[str, str]] = [(title, "")]
    lines += [
        (in_language(section.head, language), in_language(section.text, language))
        for section in control.texts.list.sections
        if control.constructed or not section.only_where_constructed
    ]
    present = set(findings)
    for entry in control.texts.findings:
        if entry.id in present:
            text = f"{in_language(entry.explanation, language)} {in_language(entry.what_to_do, language)}"
            lines.append((in_language(entry.title, language), text))
    for number, (head, text) in enumerate(lines, start=1):
        for place, value in enumerate((head, text), start=1):
            cell = sheet.cell(number, place)
            put(cell, value or None)
            cell.alignment = aligned("left", "top", wrap=number > 1)
        is_title = number == 1
        sheet.cell(number, 1).font = font(bold=True, size=14, color=DARK) if is_title else font(bold=True)
        sheet.row_dimensions[number].height = 24 if is_title else height(zip((head, text), _ABOUT_WIDTHS, strict=True))
    _set_page(sheet, title, control)


def _fill_items(sheet: Worksheet, control: Control) -> None:
    language, texts = control.language, control.texts.list
    for place, head in enumerate((texts.item, texts.breakdown, texts.target_group), start=1):
        put_head(sheet.cell(1, place), in_language(head, language), "left")
    set_widths(sheet, (70, 26, 26))
    sheet.row_dimensions[1].height = TABLE_HEAD_HEIGHT
    items = _distinct_items(control)
    for number, item in enumerate(items, start=2):
        for place, value in enumerate(item, start=1):
            put(sheet.cell(number, place), value)
    set_table(sheet, 3, len(items))
    _set_page(sheet, sheet.title, control)


def _distinct_items(control: Control) -> list[tuple[str, str, str]]:
    """Return each item once, with its breakdown and the target groups that have it."""
    groups: dict[tuple[str, str], list[str]] = {}
    for item in control.items:
        question = control.texts.word("question", item.question, control.language) or item.question
        group = control.texts.word("target_group", item.target_group, control.language) or item.target_group
        groups.setdefault((item.label, question), []).append(group)
    return [(label, question, ", ".join(found)) for (label, question), found in groups.items()]


def workbook(rows: list[Row], control: Control, title: str, findings: Iterable[str]) -> bytes:
    """Return a list as a workbook: the rows, how to use them with what ``findings`` mean, and the items to choose from."""
    language = control.language
    book = Workbook()
    sheet = book.active
    sheet.title = in_language(TEXTS["sheet"], language)
    _fill_list(sheet, rows, control, title)
    _fill_about(book.create_sheet(in_language(TEXTS["about"], language)), control, title, findings)
    verdicts = ",".join(in_language(label, language) for label in VERDICTS.values())
    _add_choice(sheet, "verdict", f'"{verdicts}"', control.texts.list.choose_answer, len(rows), language)
    if control.items:
        items = book.create_sheet(in_language(TEXTS["items"], language))
        _fill_items(items, control)
        last = len(_distinct_items(control)) + 1
        _add_choice(sheet, "item", f"'{items.title}'!$A$2:$A${last}", control.texts.list.choose_item, len(rows), language)
        forms = ",".join(control.reporting_forms.values())
        _add_choice(sheet, "reporting_form", f'"{forms}"', control.texts.list.choose_form, len(rows), language)
    book.properties.creator = "IS-24/8"
    book.properties.title = title
    raw = io.BytesIO()
    book.save(raw)
    result = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            add_file(target, name, [without_clock(name, source.read(name).decode())])
    return result.getvalue()


def _in_csv(value: Value, language: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.replace(".", ",") if language == "nb" else text
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def delimited(rows: list[Row], control: Control) -> bytes:
    """Return a list as csv, as Excel in Norway opens it: semicolon, decimal comma, byte order mark."""
    output = io.StringIO()
    writer = csv.writer(output, delimiter=";", lineterminator="\r\n")
    writer.writerow([in_language(column.head, control.language) for column in COLUMNS])
    writer.writerows([_in_csv(value, control.language) for value in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")
