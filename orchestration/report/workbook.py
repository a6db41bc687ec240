"""The tables of a report, and the values of its figures, as one workbook: one sheet each, and a list of them.

Belongs here: sheets with numbers as numbers. Does not belong here: how any workbook looks (``core.workbooks``).
"""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.core.language import rounded
from orchestration.core.workbooks import aligned, font, put, put_head, saved, set_page, set_widths
from orchestration.report.document import TEXTS, Document, Placed, note_pieces

LABEL_WIDTH, COLUMN_WIDTH = 46, 14
FIRST_HEAD = 3
CONTENTS_WIDTHS = (14, 100)


def write_workbook(document: Document, path: Path) -> None:
    """Write the workbook."""
    book = Workbook()
    contents = book.active
    title = TEXTS["workbook_contents"].nb if document.language == "nb" else TEXTS["workbook_contents"].en
    contents.title = title
    put(contents.cell(1, 1), f"{document.title}. {document.subtitle}")
    contents.cell(1, 1).font = font(bold=True, size=14)
    for line, text in enumerate(document.front, start=2):
        put(contents.cell(line, 1), text)
    row = len(document.front) + 3
    for placed in document.placed:
        name = sheet_name(placed)
        sheet = book.create_sheet(name)
        _fill(sheet, placed, document)
        put(contents.cell(row, 1), name)
        contents.cell(row, 1).hyperlink = f"#'{name}'!A1"
        contents.cell(row, 1).font = font(link=True, color="0B5E5A")
        put(contents.cell(row, 2), placed.grid.title)
        row += 1
    set_widths(contents, CONTENTS_WIDTHS)
    set_page(contents, document.title)
    path.write_bytes(saved(book))


def sheet_name(placed: Placed) -> str:
    """Return the name of a sheet: the label of the table in its caption."""
    return placed.caption.split("\u2002", 1)[0].replace("\u00a0", " ")


def _fill(sheet: Worksheet, placed: Placed, document: Document) -> None:
    grid = placed.grid
    put(sheet.cell(1, 1), placed.caption.replace("\u2002", " ").replace("\u00a0", " "))
    sheet.cell(1, 1).font = font(bold=True, size=12)
    top = FIRST_HEAD
    put_head(sheet.cell(top, 1), grid.corner, "left", wrap=True)
    if len(grid.heads) > 1:
        sheet.merge_cells(start_row=top, end_row=top + len(grid.heads) - 1, start_column=1, end_column=1)
    taken: set[tuple[int, int]] = set()
    for depth, line in enumerate(grid.heads):
        at = 2
        for head in line:
            while (depth, at) in taken:
                at += 1
            text = head.text + "".join(f" {mark})" for mark in head.marks)
            put_head(sheet.cell(top + depth, at), text, "center" if head.columns > 1 else "right", wrap=True)
            taken |= {(depth + down, at + across) for down in range(head.rows) for across in range(head.columns)}
            if head.columns > 1 or head.rows > 1:
                sheet.merge_cells(
                    start_row=top + depth,
                    end_row=top + depth + head.rows - 1,
                    start_column=at,
                    end_column=at + head.columns - 1,
                )
            at += head.columns
    first = top + len(grid.heads)
    for down, (head_, cells) in enumerate(zip(grid.rows, grid.cells, strict=True)):
        put(sheet.cell(first + down, 1), head_.text + "".join(f" {mark})" for mark in head_.marks))
        for across, cell in enumerate(cells, start=2):
            target = sheet.cell(first + down, across)
            if cell.quantity is None or cell.marks:
                put(target, cell.text + "".join(f" {mark})" for mark in cell.marks))
                target.alignment = aligned("right", "bottom")
            else:
                put(target, float(rounded(cell.quantity.value / cell.divisor, cell.decimals)))
                target.number_format = "#,##0" + ("." + "0" * cell.decimals if cell.decimals else "")
    below = first + len(grid.rows) + 1
    for note in grid.notes:
        text = "".join(piece for _, piece in note_pieces(note, document.language))
        put(sheet.cell(below, 1), f"{note.mark}) {text}" if note.mark else text)
        below += 1
    set_widths(sheet, (LABEL_WIDTH, *(COLUMN_WIDTH,) * len(grid.column_labels)))
    sheet.freeze_panes = f"{get_column_letter(2)}{first}"
    set_page(sheet, document.title)
