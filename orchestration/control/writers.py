"""The writers of a list: a workbook that is answered in, and the same as csv.

Belongs here: how the files look. Does not belong here: what stands in them (``layout``) and where they lie (``lists``).
Equal rows give equal bytes.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.control.findings import Control
from orchestration.control.layout import COLUMNS, LAST_PRINTED, PLACES, STATUS, TEXTS, VERDICTS, Row, Value
from orchestration.core.language import Language, in_language
from orchestration.core.spreadsheets import FORMULA
from orchestration.core.tables import Label

_HEAD_FILL = PatternFill("solid", start_color="1F3A5F")
_ANSWER_HEAD_FILL = PatternFill("solid", start_color="8A6D1B")
_ANSWER_FILL = PatternFill("solid", start_color="FFF8DC")
_EXPLAINED_FILL = PatternFill("solid", start_color="EDEDED")
_LINE = Border(*(Side(style="thin", color="C8C8C8"),) * 4)


def _put(cell: Cell, value: Value) -> None:
    """Write a value; a text is never a formula, whatever it begins with."""
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value) or None
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA)


def _fill_list(sheet: Worksheet, rows: list[Row], control: Control, title: str) -> None:
    language = control.language
    for place, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(1, place)
        _put(cell, in_language(column.head, language))
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = _ANSWER_HEAD_FILL if column.is_answer else _HEAD_FILL
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="right" if column.is_number else "left")
        cell.border = _LINE
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.row_dimensions[1].height = 32
    explained = in_language(STATUS[True], language)
    for number, row in enumerate(rows, start=2):
        for place, (column, value) in enumerate(zip(COLUMNS, row, strict=True), start=1):
            cell = sheet.cell(number, place)
            _put(cell, value)
            cell.alignment = Alignment(
                wrap_text=not column.is_number, vertical="top", horizontal="right" if column.is_number else "left"
            )
            cell.border = _LINE
            if column.is_number:
                cell.number_format = "#,##0.00"
            if column.name == "answered_on":
                cell.number_format = "dd.mm.yyyy"
            if column.is_answer:
                cell.fill = _ANSWER_FILL
            elif row[PLACES["status"]] == explained:
                cell.fill = _EXPLAINED_FILL
        sheet.row_dimensions[number].height = _height(row)
    last = get_column_letter(len(COLUMNS))
    sheet.freeze_panes = sheet.cell(2, 4)
    sheet.auto_filter.ref = f"A1:{last}{max(len(rows) + 1, 2)}"
    printed = get_column_letter(PLACES[LAST_PRINTED] + 1)
    sheet.print_area = f"A1:{printed}{len(rows) + 1}"
    sheet.print_title_rows = "1:1"
    _set_page(sheet, title, control)


def _height(row: Row) -> float:
    """Return the height in which the longest text of a row is seen; readers do not all adjust it themselves."""
    lines = 1
    for column, value in zip(COLUMNS, row, strict=True):
        if isinstance(value, str) and not column.is_number:
            words = re.split(r"(?<=[\s/-])", value)
            used, needed = 0.0, 1
            for word in words:
                if used and used + len(word) > column.width - 1:
                    needed, used = needed + 1, 0.0
                used += len(word)
                while used > column.width:
                    needed, used = needed + 1, used - column.width
            lines = max(lines, needed)
    return 15.0 * lines + 3


def _set_page(sheet: Worksheet, title: str, control: Control) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A3
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    # Room for the header line above the first row.
    sheet.page_margins.top = sheet.page_margins.bottom = 0.9
    sheet.page_margins.header = sheet.page_margins.footer = 0.4
    sheet.oddHeader.left.text = title.replace("&", "&&")
    sheet.oddHeader.right.text = in_language(control.texts.list.restricted, control.language)
    sheet.oddFooter.center.text = "&P / &N"


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
    for letter, width in (("A", 34), ("B", 96)):
        sheet.column_dimensions[letter].width = width
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
            _put(cell, value)
            cell.alignment = Alignment(wrap_text=number > 1, vertical="top")
        sheet.cell(number, 1).font = Font(bold=True, size=14 if number == 1 else 11)
        wrapped = max(-(-len(text) // 90), -(-len(head) // 30) if number > 1 else 1)
        sheet.row_dimensions[number].height = 15.0 * wrapped + (9 if number == 1 else 5)
    _set_page(sheet, title, control)
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4


def _fill_items(sheet: Worksheet, control: Control) -> None:
    language, texts = control.language, control.texts.list
    for place, (head, width) in enumerate(((texts.item, 70), (texts.breakdown, 26), (texts.target_group, 26)), start=1):
        cell = sheet.cell(1, place)
        _put(cell, in_language(head, language))
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(place)].width = width
    for number, (label, questions, groups) in enumerate(_distinct_items(control), start=2):
        for place, value in enumerate((label, questions, groups), start=1):
            _put(sheet.cell(number, place), value)


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
    return _without_clock(raw.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """Return a workbook without the time at which it was written, so that equal lists are equal files."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>", b"", content)
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return result.getvalue()


def _csvin_language(value: Value, language: Language) -> str:
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
    writer.writerows([_csvin_language(value, control.language) for value in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")
