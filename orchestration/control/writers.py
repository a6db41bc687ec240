"""The writers of a list: a workbook to answer in, and the same as csv.

Belongs here: how the files look. Does not belong here: the rows (``list_layout``), where the files are (``lists``), and the
format of all workbooks (``core.workbooks``).
Equal rows give equal bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.control.findings import Control
from orchestration.control.list_layout import (
    ASK_AGAIN,
    COLUMNS,
    LAST_PRINTED,
    PLACES,
    STATUS,
    TEXTS,
    UNIT_COLUMNS,
    VERDICTS,
    Column,
    Row,
    Value,
    is_ambiguous,
)
from orchestration.control.reported import Reported
from orchestration.core.language import Written, in_language
from orchestration.core.spreadsheets import FORMULA
from orchestration.core.tables import Label
from orchestration.core.workbooks import (
    ANSWER_FILL,
    HEAD_FILL,
    LINE,
    MARKED_HEAD_FILL,
    TABLE_HEAD_HEIGHT,
    WRAPPED_HEAD_HEIGHT,
    add_choice,
    aligned,
    height,
    put,
    put_head,
    put_texts,
    saved,
    set_page,
    set_table,
    set_widths,
)

_EXPLAINED_FILL = PatternFill("solid", start_color="EDEDED")

# Width of heads and texts on the sheet that explains how to use a list.
_ABOUT_WIDTHS = (34, 96)


def _fill_list(sheet: Worksheet, rows: list[Row], control: Control, title: str, columns: Sequence[Column] = COLUMNS) -> None:
    language = control.language
    for place, column in enumerate(columns, start=1):
        cell = sheet.cell(1, place)
        fill = MARKED_HEAD_FILL if column.is_answer else HEAD_FILL
        put_head(cell, in_language(column.head, language), _side(column), fill=fill, wrap=True)
        cell.border = LINE
    set_widths(sheet, [column.width for column in columns])
    sheet.row_dimensions[1].height = WRAPPED_HEAD_HEIGHT
    explained = in_language(STATUS[True], language)
    for number, row in enumerate(rows, start=2):
        shown = [row[PLACES[column.name]] for column in columns]
        for place, (column, value) in enumerate(zip(columns, shown, strict=True), start=1):
            cell = sheet.cell(number, place)
            put(cell, None if value == "" else value)
            cell.alignment = aligned(_side(column), "top", wrap=not column.is_number)
            cell.border = LINE
            if column.is_number:
                cell.number_format = "#,##0.00"
            if column.name == "answered_on":
                cell.number_format = "dd.mm.yyyy"
            if column.is_answer:
                cell.fill = ANSWER_FILL
            elif row[PLACES["status"]] == explained:
                cell.fill = _EXPLAINED_FILL
        cells = zip(columns, shown, strict=True)
        texts = [(value, column.width) for column, value in cells if isinstance(value, str) and not column.is_number]
        sheet.row_dimensions[number].height = height(texts)
    is_of_unit = columns is UNIT_COLUMNS
    set_table(sheet, len(columns), max(len(rows), 1), fixed_columns=0 if is_of_unit else PLACES["unit_name"] + 1)
    printed = len(columns) - 1 if is_of_unit else PLACES[LAST_PRINTED] + 1
    sheet.print_area = f"A1:{get_column_letter(printed)}{len(rows) + 1}"
    sheet.column_dimensions[get_column_letter(len(columns))].hidden = is_of_unit
    _set_page(sheet, title, control, is_wide=True)


def _side(column: Column) -> str:
    return "right" if column.is_number else "left"


def _set_page(sheet: Worksheet, title: str, control: Control, *, is_wide: bool = False) -> None:
    """Set up printing; each page says that it is restricted."""
    set_page(sheet, title, is_wide=is_wide)
    sheet.oddHeader.right.text = in_language(control.texts.list.restricted, control.language)


def _add_choice(
    sheet: Worksheet,
    columns: Sequence[Column],
    name: str,
    formula: str,
    message: Label,
    rows: int,
    language: Written,
) -> None:
    """Let a column be chosen from a list; rows that are copied below the last one get the choice too."""
    column = COLUMNS[PLACES[name]]
    head, hint = in_language(column.head, language), in_language(message, language)
    add_choice(sheet, columns.index(column) + 1, rows + 200, formula, head, hint)


def _fill_about(sheet: Worksheet, control: Control, title: str, findings: Iterable[str]) -> None:
    language = control.language
    lines = [
        (in_language(section.head, language), in_language(section.text, language))
        for section in control.texts.list.sections
        if control.constructed or not section.only_where_constructed
    ]
    present = set(findings)
    for entry in control.texts.findings:
        if entry.id in present:
            text = f"{in_language(entry.explanation, language)} {in_language(entry.what_to_do, language)}"
            lines.append((in_language(entry.title, language), text))
    _fill_lines(sheet, control, title, lines)


def _fill_lines(sheet: Worksheet, control: Control, title: str, lines: Sequence[tuple[str, str]]) -> None:
    """Fill a sheet with a title and, below it, heads with their texts."""
    put_texts(sheet, title, lines, _ABOUT_WIDTHS)
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
    return [(label, question, ", ".join(dict.fromkeys(found))) for (label, question), found in groups.items()]


def workbook(rows: list[Row], control: Control, title: str, findings: Iterable[str]) -> bytes:
    """Return a list as a workbook: the rows, how to use them with what ``findings`` mean, and the items to choose from."""
    book = _with_list(rows, control, title, COLUMNS, VERDICTS.values())
    _fill_about(book.create_sheet(in_language(TEXTS["about"], control.language), 1), control, title, findings)
    return _bytes(book, title)


def unit_workbook(rows: list[Row], control: Control, title: str, reported: Sequence[Reported]) -> bytes:
    """Return the list that goes to a unit: its questions with places to answer, what it reported, and how to answer."""
    language = control.language
    answers = [label for code, label in VERDICTS.items() if code != ASK_AGAIN]
    book = _with_list(rows, control, title, UNIT_COLUMNS, answers)
    _fill_reported(book.create_sheet(in_language(TEXTS["reported"], language), 1), control, reported)
    about = book.create_sheet(in_language(TEXTS["about"], language), 2)
    _fill_lines(
        about,
        control,
        title,
        [
            (in_language(section.head, language), in_language(section.text, language))
            for section in control.texts.list.unit_sections
            if control.constructed or not section.only_where_constructed
        ],
    )
    return _bytes(book, title)


def _with_list(
    rows: list[Row], control: Control, title: str, columns: Sequence[Column], verdicts: Iterable[Label]
) -> Workbook:
    """Return a workbook with the list, its choices, and the items to choose from."""
    language, texts = control.language, control.texts.list
    book = Workbook()
    sheet = book.active
    sheet.title = in_language(TEXTS["sheet"], language)
    _fill_list(sheet, rows, control, title, columns)
    choices = ",".join(in_language(label, language) for label in verdicts)
    _add_choice(sheet, columns, "verdict", f'"{choices}"', texts.choose_answer, len(rows), language)
    if control.items:
        items = book.create_sheet(in_language(TEXTS["items"], language))
        _fill_items(items, control)
        formula = f"'{items.title}'!$A$2:$A${len(_distinct_items(control)) + 1}"
        _add_choice(sheet, columns, "item", formula, texts.choose_item, len(rows), language)
        forms = ",".join(control.reporting_forms.values())
        _add_choice(sheet, columns, "reporting_form", f'"{forms}"', texts.choose_form, len(rows), language)
    return book


def _fill_reported(sheet: Worksheet, control: Control, reported: Sequence[Reported]) -> None:
    language, texts = control.language, control.texts.list
    form, value = (COLUMNS[PLACES[name]].head for name in ("reporting_form", "value"))
    for place, head in enumerate((texts.breakdown, texts.target_group, form, texts.item, value), start=1):
        put_head(sheet.cell(1, place), in_language(head, language), "left")
    set_widths(sheet, (26, 18, 24, 64, 14))
    sheet.row_dimensions[1].height = TABLE_HEAD_HEIGHT
    for number, each in enumerate(reported, start=2):
        values = (each.question, each.target_group, each.reporting_form, each.item, each.text)
        for place, value_of_cell in enumerate(values, start=1):
            put(sheet.cell(number, place), value_of_cell)
    set_table(sheet, 5, max(len(reported), 1))
    _set_page(sheet, sheet.title, control)


def _bytes(book: Workbook, title: str) -> bytes:
    book.properties.creator = "IS-24/8"
    book.properties.title = title
    return saved(book)


def _in_csv(value: Value, language: Written) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        if language != "en":
            return text.replace(".", ",")
        # So that it is read back as the same decimal.
        return f"{text}0" if is_ambiguous(text) else text
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
