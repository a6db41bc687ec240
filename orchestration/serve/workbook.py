"""A selection as a workbook: the table as on the page, its rows with status and notes, and a description.

Belongs here: the three sheets. Does not belong here: the look of all workbooks (``core.workbooks``), the workbooks of the
snapshot (``publish.formats``), or how a table is laid out (``table_layout``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.core.language import Language, in_language
from orchestration.core.tables import Column, Label, Table
from orchestration.core.texts import load_texts
from orchestration.core.workbooks import aligned, font, put, put_head, put_texts, saved, set_page, set_table, set_widths
from orchestration.serve.published import OpenSnapshot
from orchestration.serve.table_layout import Tabulated

TEXTS = load_texts("serve", "pages")

# Widths of columns, in digits.
NARROW, WIDE, WIDEST = 11, 24, 40
ABOUT_WIDTHS = (26, 100)

RATIO = "ratio"


def as_workbook(
    snapshot: OpenSnapshot,
    table: Table,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Any]],
    first_lines: Sequence[tuple[Label, Label]],
    language: Language,
    tabulated: Tabulated | None = None,
) -> bytes:
    """Return a workbook of a selection.

    Args:
        snapshot: the snapshot of the rows.
        table: the table of the rows.
        columns: of the rows.
        rows: the rows.
        first_lines: additional lines of the description.
        language: of heads, sheets and texts.
        tabulated: the table as on the page; None for a workbook without it.
    """

    def say(label: Label) -> str:
        return in_language(label, language)

    book = Workbook()
    book.remove(book.active)
    notice = say(snapshot.release.notice) if snapshot.release.notice else None
    if tabulated is not None:
        sheet = book.create_sheet(say(TEXTS["sheet_table"]))
        _fill_table(sheet, tabulated, language)
        set_page(sheet, say(table.title), is_wide=True)
    sheet = book.create_sheet(say(TEXTS["sheet_rows"]))
    _fill_rows(sheet, columns, rows)
    set_page(sheet, say(table.title), is_wide=True)
    about = book.create_sheet(say(TEXTS["sheet_about"]))
    lines = [
        *((say(head), say(text)) for head, text in first_lines),
        *([(say(TEXTS["notice"]), notice)] if notice else []),
        (say(TEXTS["about_table"]), say(table.description)),
        *([(say(TEXTS["method"]), say(table.method))] if table.method else []),
        (say(TEXTS["source"]), say(snapshot.release.catalogue.publisher.name)),
        (say(TEXTS["licence"]), snapshot.release.catalogue.licence.title),
        (say(TEXTS["snapshot"]), snapshot.id),
    ]
    put_texts(about, say(table.title), lines, ABOUT_WIDTHS)
    heads = [(column.name, say(column.title), say(column.description)) for column in columns]
    for head, title, description in heads:
        about.append([head, f"{title}. {description}"])
        about.cell(about.max_row, 1).font = font(bold=True)
        about.cell(about.max_row, 2).alignment = aligned("left", "top", wrap=True)
    set_page(about, say(table.title))
    book.properties.creator = snapshot.release.catalogue.publisher.name.nb
    book.properties.title = say(table.title)
    book.properties.description = notice
    return saved(book)


def _fill_rows(sheet: Worksheet, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    for place, column in enumerate(columns, start=1):
        put_head(sheet.cell(1, place), column.name, "left" if column.type == "VARCHAR" else "right")
    for row in rows:
        sheet.append([value if not isinstance(value, str) else None for value in row])
    # Set texts and number formats only in the cells that need them: each takes longer than the number itself.
    shown = [(place, _number_format(column)) for place, column in enumerate(columns, start=1) if column.decimals]
    texts = [place for place, column in enumerate(columns, start=1) if column.type == "VARCHAR"]
    for number, row in enumerate(rows, start=2):
        for place in texts:
            if row[place - 1] is not None:
                put(sheet.cell(number, place), row[place - 1])
        for place, number_format in shown:
            sheet.cell(number, place).number_format = number_format
    set_widths(sheet, [WIDE if column.type == "VARCHAR" else NARROW + len(column.name) // 3 for column in columns])
    set_table(sheet, len(columns), len(rows))


def _fill_table(sheet: Worksheet, table: Tabulated, language: Language) -> None:
    """Write the table; the marks of a figure are part of its number format, so that the cell stays a number."""

    def say(label: Label) -> str:
        return in_language(label, language)

    beside = max(len(table.stub), 1)
    row = 1
    for title, label in table.fixed:
        put(sheet.cell(row, 1), f"{say(title)}: {say(label)}")
        row += 1
    depth = max(len(table.heads), 1)
    for place, title in enumerate(table.stub, start=1):
        put_head(sheet.cell(row + depth - 1, place), say(title), "left")
    for line, spans in enumerate(table.heads):
        place = beside + 1
        for label, span in spans:
            put_head(sheet.cell(row + line, place), say(label), "right" if line == depth - 1 else "left", wrap=True)
            if span > 1:
                sheet.merge_cells(start_row=row + line, end_row=row + line, start_column=place, end_column=place + span - 1)
            place += span
    row += depth
    sheet.freeze_panes = sheet.cell(row, beside + 1)
    for heads, figures in table.rows:
        for place, label in enumerate(heads, start=1):
            put(sheet.cell(row, place), say(label))
        for place, figure in enumerate(figures, start=beside + 1):
            if figure is None:
                continue
            cell = sheet.cell(row, place)
            marks = " ".join(figure.marks)
            if figure.value is None:
                put(cell, f"{figure.sign} {marks}".strip())
                cell.alignment = aligned("right", "bottom")
            else:
                put(cell, figure.value)
                cell.number_format = _number_format(figure.measure) + (f'" {marks}"' if marks else "")
        row += 1
    for mark, label in [*table.statuses.items(), *table.remarks.items()]:
        row += 1
        put(sheet.cell(row, 1), f"{mark}  {say(label)}")
    set_widths(sheet, [WIDEST] * beside + [NARROW] * table.figures)
    sheet.print_title_cols = f"A:{get_column_letter(beside)}"


def _number_format(column: Column) -> str:
    """Return Excel's number format for a column; shares are shown as percentages, as on pages."""
    if column.type in ("VARCHAR", "BOOLEAN"):
        return ""
    decimals = column.decimals or 0
    if column.unit == RATIO:
        digits = max(decimals - 2, 0)
        return "0" + ("." + "0" * digits if digits else "") + "%"
    if column.unit is None and column.decimals is None:
        return "0" if column.type != "DOUBLE" else "General"
    return "#,##0" + ("." + "0" * decimals if decimals else "")
