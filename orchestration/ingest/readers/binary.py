"""Looks through a workbook of the kind xlsb: its sheets, its fonts and formats, and how far its values reach.

Belongs here: the records of the binary parts that describe more of a cell than its value. The library survives records that
it does not read only by luck, so it is given only those that it reads, repacked. Does not belong here: the package itself
(``package``), and reading values.
"""

from __future__ import annotations

import datetime
import io
import re
import struct
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from orchestration.core.errors import UserError
from orchestration.ingest.readers.looks import ListedSheet, Look, number_marks
from orchestration.ingest.readers.model import Limits, Run
from orchestration.ingest.readers.package import Package, links_part

# Numbers of records in the standard (MS-XLSB).
_ROW, _BLANK, _SHORT_NUMBER, _ERROR, _TEXT, _SHARED, _FORMULA_ERROR, _RICH_TEXT = 0, 1, 2, 3, 6, 7, 11, 62
_CELLS = range(_BLANK, _FORMULA_ERROR + 1)
_FORMULAS = range(8, _FORMULA_ERROR + 1)
_SHORT_CELLS = range(12, 19)
_SHARED_TEXT, _FONT, _FORMAT, _STYLE, _COLUMNS, _SHEET, _MERGED = 19, 43, 44, 47, 60, 156, 176
_WORKBOOK, _SHEETS_END, _BOOK_END, _FORMATS_BEGIN, _STYLES_BEGIN, _STYLES_END = 153, 144, 132, 615, 617, 618
_PERCENT_FORMATS = {9, 10}
_DATE_FORMATS = {*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)}
_DATE_CODE = re.compile(r"[dmyhs]", re.IGNORECASE)
_NO_DATE_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]|general', re.IGNORECASE)
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}

Record = tuple[int, bytes]


@dataclass
class Book:
    """An opened workbook, and what its styles and texts say about cells."""

    package: Package
    limits: Limits
    workbook: str
    sheets: list[ListedSheet]
    fonts: list[tuple[bool, bool]] = field(default_factory=list)
    """For each font: whether it strikes out, and whether it raises or lowers."""
    marks_of_style: list[tuple[str, ...]] = field(default_factory=list)
    is_date_style: list[bool] = field(default_factory=list)
    is_from_1904: bool = False
    text_lengths: list[int] = field(default_factory=list)
    runs_of_text: dict[int, tuple[Run, ...]] = field(default_factory=dict)
    kept: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """Records that the library needs, by number."""


def open_book(package: Package, limits: Limits) -> Book:
    """Find a workbook's sheets, and read its styles and texts.

    Raises:
        UserError: a part is damaged or missing.
    """
    workbook = next((part for kind, part in package.links("").values() if kind == "officeDocument"), "xl/workbook.bin")
    links = package.links(workbook)
    book = Book(package, limits, workbook, [])
    try:
        for number, body in _records(package, workbook):
            if number == _WORKBOOK:
                book.is_from_1904 = bool(body[0] & 0x1)
                book.kept[number].append(body)
            elif number == _SHEET:
                link, after = _text(body, 8)
                kind, part = links.get(link, ("", ""))
                state = struct.unpack_from("<I", body)[0]
                book.sheets.append(ListedSheet(_text(body, after)[0], state != 0, kind != "chartsheet", part))
        for kind, part in links.values():
            if kind == "styles" and part in package.parts:
                _read_styles(book, part)
            elif kind == "sharedStrings" and part in package.parts:
                _read_texts(book, part)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise package.damaged(str(error)) from error
    if not book.sheets:
        raise package.damaged("no sheets are listed")
    return book


def look_through(book: Book, wanted: Iterable[str]) -> tuple[io.BytesIO, dict[str, Look]]:
    """Inspect the wanted sheets; return what the library reads, and the findings on each.

    Raises:
        UserError: a part is damaged, or a sheet has too many rows, columns or cells.
    """
    package, names = book.package, set(wanted)
    looks = {}
    for sheet in book.sheets:
        if sheet.name in names:
            look = looks[sheet.name] = Look(package.path, sheet.name, book.limits)
            try:
                _look(book, sheet.part, look)
            except (struct.error, IndexError, UnicodeDecodeError) as error:
                raise package.damaged(str(error), look.place) from error
    sheets = {sheet.part: f"worksheets/sheet{place}.bin" for place, sheet in enumerate(book.sheets)}
    texts = next((part for kind, part in package.links(book.workbook).values() if kind == "sharedStrings"), "")
    targets = {part: f"xl/{target}" for part, target in sheets.items()} | {texts: "xl/sharedStrings.bin"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as new:
        new.writestr("_rels/.rels", links_part([("workbook", "officeDocument", "xl/workbook.bin")]))
        links = [(f"sheet{place}", "worksheet", sheets[sheet.part]) for place, sheet in enumerate(book.sheets)]
        new.writestr("xl/_rels/workbook.bin.rels", links_part(links))
        new.writestr("xl/workbook.bin", _workbook(book))
        new.writestr("xl/styles.bin", _styles(book))
        for name in package.parts:
            target = targets.get(name)
            if target is None:
                for _ in package.blocks(name):
                    pass
                continue
            with new.open(zipfile.ZipInfo(target), "w", force_zip64=True) as part:
                for block in package.blocks(name):
                    part.write(block)
    packed.seek(0)
    return packed, looks


def _workbook(book: Book) -> bytes:
    """Return the part that lists the sheets."""
    parts = [_record(_WORKBOOK, body) for body in book.kept[_WORKBOOK]]
    for place, sheet in enumerate(book.sheets):
        body = struct.pack("<II", int(sheet.is_hidden), place + 1) + _packed_text(f"sheet{place}") + _packed_text(sheet.name)
        parts.append(_record(_SHEET, body))
    return b"".join([*parts, _record(_SHEETS_END), _record(_BOOK_END)])


def _styles(book: Book) -> bytes:
    """Return the part that has the formats and the styles of cells."""
    parts = []
    for begin, number in ((_FORMATS_BEGIN, _FORMAT), (_STYLES_BEGIN, _STYLE)):
        bodies = book.kept[number]
        if bodies or number == _STYLE:
            parts += [_record(begin, struct.pack("<I", len(bodies))), *(_record(number, body) for body in bodies)]
    return b"".join(parts)


def _record(number: int, body: bytes = b"") -> bytes:
    head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    size, left = b"", len(body)
    while True:
        size += bytes([left & 0x7F | (0x80 if left > 0x7F else 0)])
        left >>= 7
        if not left:
            return head + size + body


def _packed_text(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def _records(package: Package, part: str) -> Iterator[Record]:
    """Yield the records of a part: number and body."""
    if part not in package.parts:
        raise package.damaged(f"the part {part} is missing")
    data = b"".join(package.blocks(part))
    place = 0
    while place < len(data):
        number = data[place]
        place += 1
        if number & 0x80:
            number = (number & 0x7F) | (data[place] & 0x7F) << 7
            place += 1
        size = 0
        for shift in (0, 7, 14, 21):
            byte = data[place]
            place += 1
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        if place + size > len(data):
            raise package.damaged("a record is truncated", part)
        yield number, data[place : place + size]
        place += size


def _text(body: bytes, place: int) -> tuple[str, int]:
    """Return a text of a record, and where it ends."""
    (length,) = struct.unpack_from("<I", body, place)
    # A length of all ones means that there is no text.
    length = 0 if length == 0xFFFFFFFF else length
    end = place + 4 + 2 * length
    if end > len(body):
        raise IndexError("a text is truncated")
    return body[place + 4 : end].decode("utf-16-le"), end


def _read_styles(book: Book, part: str) -> None:
    formats: dict[int, str] = {}
    in_cells = False
    for number, body in _records(book.package, part):
        if number == _FONT:
            _, flags, _, position = struct.unpack_from("<HHHH", body)
            book.fonts.append((bool(flags & 0x8), position != 0))
        elif number == _FORMAT:
            formats[struct.unpack_from("<H", body)[0]] = _text(body, 2)[0]
            book.kept[number].append(body)
        elif number in {_STYLES_BEGIN, _STYLES_END}:
            in_cells = number == _STYLES_BEGIN
        elif number == _STYLE and in_cells:
            _, form, font = struct.unpack_from("<HHH", body)
            is_struck_out, is_raised = book.fonts[font] if font < len(book.fonts) else (False, False)
            marks = ["struck_out"] * is_struck_out + ["raised"] * is_raised
            marks += ["percent"] if form in _PERCENT_FORMATS else number_marks(formats.get(form, ""))
            book.marks_of_style.append(tuple(marks))
            code = _NO_DATE_CODE.sub("", formats.get(form, ""))
            book.is_date_style.append(form in _DATE_FORMATS or bool(_DATE_CODE.search(code)))
            book.kept[number].append(body)


def _read_texts(book: Book, part: str) -> None:
    for number, body in _records(book.package, part):
        if number == _SHARED_TEXT:
            text, runs = _rich_text(book, body, 0)
            if runs:
                book.runs_of_text[len(book.text_lengths)] = runs
            book.text_lengths.append(len(text))


def _rich_text(book: Book, body: bytes, place: int) -> tuple[str, tuple[Run, ...]]:
    """Return a text, and its runs where some of them are struck out or raised."""
    text, end = _text(body, place + 1)
    if not body[place] & 0x1:
        return text, ()
    (count,) = struct.unpack_from("<I", body, end)
    starts = [struct.unpack_from("<HH", body, end + 4 + 4 * number) for number in range(count)]
    runs = [Run(text[: starts[0][0]], has_font=False)] if starts and starts[0][0] else []
    for (start, font), (after, _) in zip(starts, [*starts[1:], (len(text), 0)], strict=True):
        runs.append(Run(text[start:after], *(book.fonts[font] if font < len(book.fonts) else (False, False))))
    return text, tuple(runs) if any(run.is_struck_out or run.is_raised for run in runs) else ()


def _date_text(days: int, is_from_1904: bool) -> str:
    """Return the date of a number of days; the old calendar has a 29 February 1900."""
    first = datetime.date(1904, 1, 1) if is_from_1904 else datetime.date(1899, 12, 31 if days < 60 else 30)
    try:
        return (first + datetime.timedelta(days)).isoformat()
    except OverflowError:
        return f"{days} days"


def _look(book: Book, part: str, look: Look) -> None:
    """Go through the records of a sheet."""
    row = 0
    for number, body in _records(book.package, part):
        if number == _ROW:
            row, _, height = struct.unpack_from("<IIH", body)
            row += 1
            if body[11] & 0x10 or height == 0:
                look.hidden_rows.append((row, row))
        elif number in _CELLS or number == _RICH_TEXT:
            column, style = struct.unpack_from("<II", body)
            look.cells += 1
            if number != _BLANK:
                _look_at_cell(book, look, (row, column + 1), style & 0xFFFFFF, (number, body))
        elif number in _SHORT_CELLS:
            raise UserError(
                "contains cells in the short record format, which is not supported",
                place=f"{look.path}, {look.place}, row {row}",
                remedy="save the workbook as xlsx",
            )
        elif number == _COLUMNS:
            first, last, width, _, flags = struct.unpack_from("<IIIIH", body)
            if flags & 0x1 or width == 0:
                look.hidden_columns.append((first + 1, min(last + 1, look.limits.columns)))
        elif number == _MERGED:
            first_row, last_row, first_column, last_column = struct.unpack_from("<IIII", body)
            look.merged.append((first_row + 1, first_column + 1, last_row + 1, last_column + 1))
    look.refuse_reach()


def _look_at_cell(book: Book, look: Look, place: tuple[int, int], style: int, record: Record) -> None:
    row, column = place
    number, body = record
    if row > look.rows or column > look.columns:
        look.rows, look.columns = max(look.rows, row), max(look.columns, column)
        look.refuse_reach()
    marks = book.marks_of_style[style] if style < len(book.marks_of_style) else ()
    look.marks += [(row, column, mark) for mark in marks]
    if number in _FORMULAS:
        look.marks.append((row, column, "formula"))
    runs: tuple[Run, ...] = ()
    if number == _SHORT_NUMBER and style < len(book.is_date_style) and book.is_date_style[style]:
        (value,) = struct.unpack_from("<i", body, 8)
        if value & 0x3 == 0x2:
            # The library reads whole days as numbers.
            look.texts[row, column] = _date_text(value >> 2, book.is_from_1904)
    elif number in {_ERROR, _FORMULA_ERROR}:
        look.texts[row, column] = _ERRORS.get(body[8], "#N/A")
    elif number == _TEXT:
        look.text_bytes += len(body)
    elif number == _SHARED:
        (text,) = struct.unpack_from("<I", body, 8)
        look.text_bytes += book.text_lengths[text]
        runs = book.runs_of_text.get(text, ())
    elif number == _RICH_TEXT:
        # The library leaves such cells out.
        look.texts[row, column], runs = _rich_text(book, body, 8)
        look.text_bytes += len(body)
    if runs:
        look.runs[row, column] = runs
