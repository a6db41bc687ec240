"""The look of every workbook that the system writes, without a time in its bytes; openpyxl writes it.

Belongs here: colours, fonts, heads, widths, heights, page set-up, drop-downs, sheets of text, and cells that keep texts as
texts. Does not belong here: what a workbook says, or the look of a single one (``publish.formats.sheets``,
``publish.formats.packages``, ``control.writers``).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.core.spreadsheets import FORMULA

DARK, MARKED, QUIET = "1F3A5F", "8A6D1B", "595959"
HEAD_FILL = PatternFill("solid", start_color=DARK)
# Heads of columns that differ from the others: years before which a series breaks, columns to be filled in.
MARKED_HEAD_FILL = PatternFill("solid", start_color=MARKED)

# Cells that a person fills in, and the lines around the cells of such a sheet.
ANSWER_FILL = PatternFill("solid", start_color="FFF8DC")
LINE = Border(*(Side(style="thin", color="C8C8C8"),) * 4)

TABLE_HEAD_HEIGHT, WRAPPED_HEAD_HEIGHT = 20, 32


@cache
def font(*, bold: bool = False, italic: bool = False, size: int = 11, color: str = "000000", link: bool = False) -> Font:
    """Return a font; without a name the reader chooses one."""
    return Font(name="Calibri", bold=bold, italic=italic, size=size, color=color, underline="single" if link else None)


@cache
def aligned(horizontal: str, vertical: str, wrap: bool = False) -> Alignment:
    """Return the alignment of a text in its cell, and whether it may take several lines."""
    return Alignment(horizontal=horizontal, vertical=vertical, wrap_text=wrap)


def put(cell: Cell, value: Any) -> None:
    """Write a value; a text is never a formula, whatever it begins with."""
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA)


def put_head(cell: Cell, value: str | int | None, side: str, *, fill: PatternFill = HEAD_FILL, wrap: bool = False) -> None:
    """Write the head of a column."""
    put(cell, value)
    cell.font = font(bold=True, color="FFFFFF")
    cell.fill = fill
    cell.alignment = aligned(side, "center", wrap)


def set_widths(sheet: Worksheet, widths: Iterable[float]) -> None:
    """Set the widths of the first columns, in digits."""
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width


def height(cells: Iterable[tuple[str, float]]) -> float:
    """Return the height that texts need in cells of their widths; not all readers adjust it themselves."""
    lines = 1
    for text, width in cells:
        # A width is counted in digits; letters are a little narrower.
        width *= 1.1
        needed, used = 1, 0
        for word in re.split(r"(?<=[\s/-])", text):
            if used and used + len(word.rstrip()) > width:
                needed, used = needed + 1, 0
            used += len(word)
            while used > width + 1:
                needed, used = needed + 1, used - int(width)
        lines = max(lines, needed)
    return 15.0 * lines + 3


def set_table(sheet: Worksheet, columns: int, rows: int, *, fixed_columns: int = 0) -> None:
    """Make a sheet a table: its first row stays in sight, filters, and is printed on each page.

    Args:
        sheet: its first row has the heads.
        columns: how many it has.
        rows: how many are below the heads.
        fixed_columns: how many columns stay in sight too.
    """
    sheet.freeze_panes = sheet.cell(2, fixed_columns + 1)
    sheet.auto_filter.ref = f"A1:{get_column_letter(columns)}{rows + 1}"
    sheet.print_title_rows = "1:1"


def add_choice(
    sheet: Worksheet, column: int, last_row: int, formula: str, head: str, message: str, *, strict: bool = True
) -> None:
    """Let the cells of a column be chosen from a list.

    Args:
        sheet: its first row has the heads.
        column: counted from 1.
        last_row: the last one that may be chosen in.
        formula: a range of cells, or the choices in quotation marks with commas between them.
        head: the text above the hint.
        message: the hint, also shown for any other value.
        strict: whether anything else is refused.
    """
    choice = DataValidation(type="list", formula1=formula, allow_blank=True)
    choice.errorTitle = choice.promptTitle = head
    choice.error = choice.prompt = message
    choice.showInputMessage, choice.showErrorMessage = True, strict
    sheet.add_data_validation(choice)
    letter = get_column_letter(column)
    choice.add(f"{letter}2:{letter}{last_row}")


def put_texts(sheet: Worksheet, title: str, lines: Sequence[tuple[str, ...]], widths: Sequence[float]) -> None:
    """Fill a sheet with a title and, below it, lines of text: the first cell of each is its head."""
    set_widths(sheet, widths)
    for number, line in enumerate([(title,), *lines], start=1):
        for place, value in enumerate(line, start=1):
            cell = sheet.cell(number, place)
            put(cell, value or None)
            cell.alignment = aligned("left", "top", wrap=number > 1)
        is_title = number == 1
        sheet.cell(number, 1).font = font(bold=True, size=14, color=DARK) if is_title else font(bold=True)
        sheet.row_dimensions[number].height = 24 if is_title else height(zip(line, widths, strict=False))


def set_page(sheet: Worksheet, title: str, *, footer: str | None = None, is_wide: bool = False) -> None:
    """Set up printing: landscape, all columns on a page, title above, page number below.

    Args:
        sheet: what is printed.
        title: the text above.
        footer: the notice on the figures at the foot of each page; 255 characters at most.
        is_wide: whether the columns need a larger sheet of paper.
    """
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A3 if is_wide else sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.7
    sheet.page_margins.header = sheet.page_margins.footer = 0.3
    sheet.oddHeader.left.text = title.replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"
    if footer:
        sheet.oddFooter.left.text = footer.replace("&", "&&")


def without_clock(name: str, content: str) -> str:
    """Return a file of a workbook without its time of writing, so that equal workbooks are equal files."""
    if name != "docProps/core.xml":
        return content
    return re.sub(r"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>", "", content)


def add_packed(target: zipfile.ZipFile, packed: bytes) -> None:
    """Add the one file of another archive to an archive as it is, without unpacking it; other files are added beside it."""
    with zipfile.ZipFile(io.BytesIO(packed)) as source:
        (entry,) = source.infolist()
        assert target.fp is not None
        assert entry.header_offset == 0
        entry.header_offset = target.start_dir
        target.fp.seek(target.start_dir)
        target.fp.write(packed[: source.start_dir])
        target.start_dir = target.fp.tell()
        target.filelist.append(entry)
        target.NameToInfo[entry.filename] = entry


def add_file(target: zipfile.ZipFile, name: str, parts: Iterable[str]) -> None:
    """Add a file to a workbook; opened by name it gets a fixed date, so that no file shows when it was made."""
    with target.open(name, "w") as file:
        for part in parts:
            file.write(part.encode())


def saved(book: Workbook) -> bytes:
    """Return a workbook as the bytes of its file; equal workbooks give equal bytes."""
    raw, result = io.BytesIO(), io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            add_file(target, name, [without_clock(name, source.read(name).decode())])
    return result.getvalue()
