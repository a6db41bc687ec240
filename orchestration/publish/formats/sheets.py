"""What the published workbooks share: tables as long sheets, the read-me sheet.

A workbook is made in two steps. openpyxl writes what people look at: read-me, overview, headers, filters, formats and page
set-up. The rows of long sheets are millions of cells, which would take Python minutes: DuckDB writes them as XML in place of
a pattern row that openpyxl wrote, and their texts are stored once per workbook.

Belongs here: how such a sheet is laid out and how its bytes are made. Does not belong here: which rows a workbook has
(``workbook``, ``packages``), and the look of all workbooks (``core.workbooks``). Equal tables give equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb
import pyarrow as pa
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Border, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.core.content_hashes import content_of, digest
from orchestration.core.language import number
from orchestration.core.spreadsheets import FORMULA
from orchestration.core.tables import STATUS_COLUMN, Column, Label, Table
from orchestration.core.texts import filled, load_texts
from orchestration.core.workbooks import (
    DARK,
    HEAD_FILL,
    TABLE_HEAD_HEIGHT,
    add_file,
    add_packed,
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
from orchestration.publish import remarks
from orchestration.publish.formats import KeepPart, make_part
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import NOTE_COLUMN, REASON_COLUMN

TEXTS = load_texts("publish", "workbooks")

# The limits of a sheet and a cell in Excel; the first row is the header.
MAXIMUM_ROWS = 1_048_576 - 1
MAXIMUM_TEXT = 32_767

# Excel shows true and false in the reader's language, whatever the format; LibreOffice shows 0 and 1 without a format.
TRUTH = '"TRUE";"TRUE";"FALSE"'

# Suffix of the column with the labels of the next column.
LABEL_SUFFIX = "_nb"

# Status, reason, note and kind of break: the code lists that every reader needs to understand a row, and their heads.
ROW_CODES = {
    STATUS_COLUMN: "statuses",
    REASON_COLUMN: "absence_reasons",
    NOTE_COLUMN: "notes",
    remarks.KINDS.codelist or "": "break_kinds",
}

# How to read the tables: head and text.
READING = (
    ("reading_rows", "reading_rows_text"),
    ("reading_empty_cells", "reading_empty_cells_text"),
    ("reading_codes", "reading_codes_text"),
    ("reading_decimals", "reading_decimals_text"),
    ("reading_breaks", "reading_breaks_text"),
    ("reading_texts", "reading_texts_text"),
)

# Level of zlib: the usual level takes 50 % longer for files that are 4 % smaller.
COMPRESSION = 5

ROWS_AT_ONCE = 20_000

# The relation with the cell XML of each text of a column, while a sheet is written.
PLACES = "sheet_places"

# openpyxl writes the cell formats into a pattern row for all rows.
_PATTERN_ROW = re.compile(r'(<row r="2".*?</row>)', re.DOTALL)

STRINGS_FILE = "xl/sharedStrings.xml"
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRINGS_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
_STRINGS_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"

NOTICE_COLOUR = "7A1F00"
NOTICE_FILL = PatternFill("solid", start_color="FFE08A")
SECTION_FILL = PatternFill("solid", start_color="DCE4EE")
_LABEL_FILL = PatternFill("solid", start_color="5B7798")
_LINE = Border(bottom=Side(style="hair", color="A0A0A0"))


@dataclass(frozen=True)
class Field:
    """A column of a long sheet: one of the table, or before it the labels of its codes, which people read first."""

    column: Column
    is_label: bool = False

    @property
    def head(self) -> str:
        """The text of the first row."""
        return f"{self.column.name}{LABEL_SUFFIX}" if self.is_label else self.column.name

    @property
    def is_text(self) -> bool:
        """Whether its cells are texts."""
        return self.column.type == "VARCHAR"


@dataclass(frozen=True)
class LongSheet:
    """A table, or some rows of it, as a sheet; ``source`` is the relation in SQL, ``texts`` what each text column has."""

    table: Table
    source: str
    fields: tuple[Field, ...]
    rows_found: int
    texts: Mapping[str, tuple[str, ...]]

    @property
    def is_for_people(self) -> bool:
        """Whether its heads are titles, which take several lines, instead of names."""
        return self.table.made_by == "view"

    @property
    def rows(self) -> int:
        """Rows that fit."""
        return min(self.rows_found, MAXIMUM_ROWS)

    @property
    def has_cut_texts(self) -> bool:
        """Whether a text is longer than a cell."""
        return any(_is_too_long(text) for texts in self.texts.values() for text in texts)


def plan_sheet(
    connection: duckdb.DuckDBPyConnection, table: Table, release: Release, chosen: str = "", series: str = ""
) -> LongSheet:
    """Plan the sheet of a table's rows; it states also the kind of a break before a row.

    Args:
        connection: its default schema has the table.
        table: the table.
        release: labels of codes.
        chosen: SQL after the name of the table that chooses the rows; all of them without it.
        series: SQL that chooses whole series, all years of each, of which the rows are chosen.
    """
    source = f'select * from "{table.name}" {chosen}'
    if remarks.has_kinds(connection, table):
        source = f"select * from ({remarks.with_kinds_sql(connection, table, release, series)}) {chosen}"
        table = remarks.with_kinds(table)
    fields: list[Field] = []
    for column in table.columns:
        if column.type == "VARCHAR" and release.codes_of(column):
            fields.append(Field(column, is_label=True))
        fields.append(Field(column))
    names = [column.name for column in table.columns if column.type == "VARCHAR"]
    lists = "".join(f', list(distinct "{name}") filter (where "{name}" is not null)' for name in names)
    found, *texts = connection.execute(f"select count(*){lists} from ({source})").fetchall()[0]
    return LongSheet(
        table=table,
        source=source,
        fields=tuple(fields),
        rows_found=found,
        texts={name: tuple(sorted(each or ())) for name, each in zip(names, texts, strict=True)},
    )


def number_format(column: Column) -> str:
    """Return the format of a column's numbers: its decimals, whole numbers of a unit, years without a separator."""
    if column.type == "BOOLEAN":
        return TRUTH
    if column.decimals is not None:
        return "#,##0" + ("." + "0" * column.decimals if column.decimals else "")
    if column.unit is not None:
        return "#,##0"
    return "General" if column.type == "DOUBLE" else "0"


def labels_of(text: str, column: Column, release: Release) -> str:
    """Return the Norwegian label of a code, or of several that are joined by a semicolon; a code without a label is kept."""
    codes = release.codes_of(column)
    parts = [text] if text in codes else text.split(";")
    return "; ".join(codes[part].label.nb if part in codes else part for part in parts)


def limits(sheet: LongSheet) -> list[Label]:
    """Return what a sheet leaves out because Excel cannot hold it; nothing for nearly every table."""
    found = []
    if sheet.rows < sheet.rows_found:
        found.append(filled(TEXTS["rows_left"], rows=_counted(sheet.rows), table=sheet.table.name))
    if sheet.has_cut_texts:
        found.append(filled(TEXTS["texts_cut"], limit=_counted(MAXIMUM_TEXT), table=sheet.table.name))
    return found


def _counted(count: int) -> Label:
    return Label(nb=number(count, "nb") or "", en=number(count, "en") or "")


def sentences(parts: Iterable[Label]) -> Label:
    """Return texts one after the other."""
    found = list(parts)
    return Label(nb=" ".join(part.nb for part in found), en=" ".join(part.en for part in found))


def both(text: Label) -> str:
    """Return a short text in both languages."""
    return text.nb if text.nb == text.en else f"{text.nb} / {text.en}"


def write_book(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    release: Release,
    title: Label,
    sheets: Sequence[LongSheet],
    fill_front: Callable[[Workbook], None],
    keep: KeepPart = make_part,
) -> None:
    """Write a workbook: the sheets that ``fill_front`` adds, then a long sheet each of ``sheets``, kept as parts."""
    book = Workbook()
    book.remove(book.active)
    fill_front(book)
    first = len(book.worksheets)
    for sheet in sheets:
        _lay_out(book.create_sheet(sheet.table.name), sheet, release)
    # There is nothing to compute, so programs need not ask to save on closing.
    book.calculation.fullCalcOnLoad = False
    book.properties.creator = release.catalogue.publisher.name.nb
    book.properties.title = title.nb
    book.properties.subject = title.en
    book.properties.description = release.notice.nb if release.notice else None
    raw = io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as skeleton:
        # openpyxl numbers the files of its sheets in their order.
        files = {f"xl/worksheets/sheet{first + place}.xml": sheet for place, sheet in enumerate(sheets, start=1)}
        _fill(connection, skeleton, files, release, path, keep)


def _lay_out(target: Worksheet, sheet: LongSheet, release: Release) -> None:
    """Write header, filter, widths and page set-up, and a pattern row with the formats that the rows take."""
    for place, field in enumerate(sheet.fields, start=1):
        cell = target.cell(1, place)
        fill = _LABEL_FILL if field.is_label else HEAD_FILL
        put_head(cell, field.head, _side(field), fill=fill, wrap=sheet.is_for_people)
        if not field.is_text:
            pattern = target.cell(2, place)
            pattern.number_format = number_format(field.column)
            pattern.alignment = aligned(_side(field), "bottom")
    # The last cell of the pattern row, beyond the columns, is the pattern for texts that look like formulas.
    target.cell(2, len(sheet.fields) + 1).quotePrefix = True
    widths = [_width(field, sheet, release) for field in sheet.fields]
    set_widths(target, widths)
    # Bold letters, and the filter button, take room.
    heads = [(field.head, 0.8 * width - 2) for field, width in zip(sheet.fields, widths, strict=True)]
    target.row_dimensions[1].height = height(heads) if sheet.is_for_people else TABLE_HEAD_HEIGHT
    set_table(target, len(sheet.fields), sheet.rows, fixed_columns=len(sheet.table.key) if sheet.is_for_people else 0)
    set_printing(target, sheet.table.title.nb, release, is_wide=True)


def _side(field: Field) -> str:
    """Return the alignment of cells: texts left, figures right, years and yes or no centred."""
    if field.is_text:
        return "left"
    return "center" if field.column.type == "BOOLEAN" or number_format(field.column) == "0" else "right"


def _width(field: Field, sheet: LongSheet, release: Release) -> float:
    """Return a width that fits the header with its filter button and most texts."""
    head = len(field.head) + 4
    if sheet.is_for_people:
        # A column is as wide as its longest word.
        head = min(head, max(len(word) for word in field.head.split()) + 5)
    if not field.is_text:
        return max(head, 9)
    texts = sheet.texts[field.column.name]
    if field.is_label:
        texts = tuple(labels_of(text, field.column, release) for text in texts)
    return min(max(head, *(len(text) + 2 for text in texts), 9), max(head, 48))


def set_printing(target: Worksheet, title: str, release: Release, *, is_wide: bool = False) -> None:
    """Set up printing, with the notice of the publication on each page."""
    # A footer has at most 255 characters: the first sentence; the rest is on the read-me sheet.
    footer = release.notice.nb.split(". ")[0] if release.notice else None
    set_page(target, title, footer=footer, is_wide=is_wide)


# The bytes of a workbook.


def _fill(
    connection: duckdb.DuckDBPyConnection,
    skeleton: zipfile.ZipFile,
    files: Mapping[str, LongSheet],
    release: Release,
    path: Path,
    keep: KeepPart,
) -> None:
    """Copy a workbook, put the rows of its long sheets in place of their pattern rows, and add the texts of the rows."""
    strings = _Strings()
    # The largest sheets first: a new text in a smaller one then changes no place in them, so that they can be kept.
    for sheet in sorted(files.values(), key=lambda sheet: -sheet.rows):
        _store_texts(sheet, strings, release)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as target:
        for name in skeleton.namelist():
            content = skeleton.read(name).decode()
            if name in files:
                add_packed(target, _packed(connection, name, content, files[name], strings, release, keep))
            else:
                add_file(target, name, [_with_strings(name, content)])
        add_file(target, STRINGS_FILE, [strings.as_xml()])


def _with_strings(name: str, content: str) -> str:
    """Return a file of openpyxl, with the place of the texts and without the time at which it was made."""
    if name == "[Content_Types].xml":
        part = f'<Override PartName="/{STRINGS_FILE}" ContentType="{_STRINGS_CONTENT}"/>'
        return content.replace("</Types>", f"{part}</Types>")
    if name == "xl/_rels/workbook.xml.rels":
        part = f'<Relationship Id="texts" Type="{_STRINGS_RELATION}" Target="/{STRINGS_FILE}"/>'
        return content.replace("</Relationships>", f"{part}</Relationships>")
    return without_clock(name, content)


class _Strings:
    """The texts of the rows of a workbook, each stored once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Return the place of a text, a new one where it has none."""
        return self._places.setdefault(text, len(self._places))

    def as_xml(self) -> str:
        """Return the file that has them, in the order of their places."""
        entries = "".join(f'<si><t xml:space="preserve">{_xml(text)}</t></si>' for text in self._places)
        return f'{_XML_HEAD}<sst xmlns="{_NAMESPACE}" uniqueCount="{len(self._places)}">{entries}</sst>'


def _is_too_long(text: str) -> bool:
    """Whether a text is longer than a cell, as Excel counts: in units of UTF-16, of which a character has one or two."""
    return len(text) > MAXIMUM_TEXT // 2 and len(text.encode("utf-16-le")) > 2 * MAXIMUM_TEXT


def _xml(text: str) -> str:
    """Return a text as XML of a workbook: without characters that XML cannot hold, cut to the length of a cell."""
    text = re.sub("[\ufffe\uffff]", "", ILLEGAL_CHARACTERS_RE.sub("", text))
    if _is_too_long(text):
        text = text.encode("utf-16-le")[: 2 * (MAXIMUM_TEXT - 1)].decode("utf-16-le", "ignore") + "…"
    # Workbooks write characters as _xHHHH_; such a sequence in a text itself is escaped too.
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    return escape(text, {"\r": "&#13;"})


def _packed(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    content: str,
    sheet: LongSheet,
    strings: _Strings,
    release: Release,
    keep: KeepPart,
) -> bytes:
    """Return the file of a sheet as a separate archive, with its rows in place of the pattern row.

    Its inputs are the pattern, the rows, and the places of their texts.
    """
    styles = {int(place): int(style) for place, style in _styles(_PATTERN_ROW.split(content, maxsplit=1)[1])}
    places = _places(sheet, strings, styles.pop(len(sheet.fields) + 1), release)
    sql = _rows_sql(sheet, styles)
    stored = hashlib.sha256(repr(places.to_pydict()).encode("utf-8", "surrogatepass")).hexdigest()
    made_of = digest(name, content, sql, stored, content_of(connection, f"({sheet.source})"))

    def make() -> bytes:
        packed = io.BytesIO()
        with (
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as target,
            _registered(connection, places),
        ):
            add_file(target, name, _filled(connection, content, sheet, sql))
        return packed.getvalue()

    return keep(made_of, make)


def _filled(connection: duckdb.DuckDBPyConnection, content: str, sheet: LongSheet, sql: str) -> Iterator[str]:
    """Yield the XML of a sheet with the rows from SQL in place of the pattern row."""
    before, _, after = _PATTERN_ROW.split(content, maxsplit=1)
    last = get_column_letter(len(sheet.fields))
    yield re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="A1:{last}{sheet.rows + 1}"', before, count=1)
    result = connection.execute(sql)
    while rows := result.fetchmany(ROWS_AT_ONCE):
        yield "".join(row[0] for row in rows)
    # Codes with leading zeros are texts on purpose: no warning in each cell.
    warning = f'<ignoredErrors><ignoredError sqref="A1:{last}{sheet.rows + 1}" numberStoredAsText="1"/></ignoredErrors>'
    yield after.replace("</worksheet>", f"{warning}</worksheet>")


def _styles(pattern: str) -> Iterator[tuple[int, int]]:
    """Yield place and style of each cell of the pattern row."""
    for letters, style in re.findall(r'<c r="([A-Z]+)2" s="(\d+)"', pattern):
        place = 0
        for letter in letters:
            place = place * 26 + ord(letter) - ord("A") + 1
        yield place, int(style)


def _store_texts(sheet: LongSheet, strings: _Strings, release: Release) -> None:
    """Store the texts of a sheet, each column's with their labels."""
    coded = {field.column.name for field in sheet.fields if field.is_label}
    for column in sheet.table.columns:
        for text in sheet.texts.get(column.name, ()):
            strings.place(text)
            if column.name in coded:
                strings.place(labels_of(text, column, release))


def _places(sheet: LongSheet, strings: _Strings, quoted: int, release: Release) -> pa.Table:
    """Return for each text of each column the end of the XML of its cell and of its label's cell."""

    def ending(text: str) -> str:
        style = f' s="{quoted}"' if text.startswith(FORMULA) else ""
        return f'"{style} t="s"><v>{strings.place(text)}</v></c>'

    coded = {field.column.name for field in sheet.fields if field.is_label}
    names, texts, cells, labels = [], [], [], []
    for column in sheet.table.columns:
        for text in sheet.texts.get(column.name, ()):
            names.append(column.name)
            texts.append(text)
            cells.append(ending(text))
            labels.append(ending(labels_of(text, column, release)) if column.name in coded else None)
    return pa.table(
        {
            "name": pa.array(names, pa.string()),
            "text": pa.array(texts, pa.string()),
            "cell": pa.array(cells, pa.string()),
            "label": pa.array(labels, pa.string()),
        }
    )


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, places: pa.Table) -> Iterator[None]:
    connection.register(PLACES, places)
    try:
        yield
    finally:
        connection.unregister(PLACES)


def _rows_sql(sheet: LongSheet, styles: Mapping[int, int]) -> str:
    """Return SQL whose rows are the XML of the sheet's rows."""
    names = ", ".join(f'"{name}"' for name in sheet.table.column_names)
    joins = [
        f'left join (select * from {PLACES} where name = \'{name}\') as "of {name}" on "of {name}".text = rows."{name}"'
        for name, texts in sheet.texts.items()
        if texts
    ]
    cells = [
        _cell_sql(field, get_column_letter(place), styles.get(place))
        for place, field in enumerate(sheet.fields, start=1)
        if not field.is_text or sheet.texts[field.column.name]
    ]
    return f"""
        select concat('<row r="', row_number, '">', {", ".join(cells)}, '</row>')
        from (
            select {names}, row_number() over (order by {sheet.table.order_by}) + 1 as row_number
            from ({sheet.source})
        ) as rows
        {" ".join(joins)}
        where row_number <= {MAXIMUM_ROWS + 1}
        order by row_number
    """


def _cell_sql(field: Field, letters: str, style: int | None) -> str:
    """Return SQL of a cell's XML; nothing where the value is missing."""
    name = field.column.name
    if field.is_text:
        ending = f'"of {name}".{"label" if field.is_label else "cell"}'
    else:
        kind = ' t="b"' if field.column.type == "BOOLEAN" else ""
        value = {
            "BOOLEAN": f'cast(rows."{name}" as integer)',
            "DOUBLE": f'case when isfinite(rows."{name}") then rows."{name}" end',
        }.get(field.column.type, f'rows."{name}"')
        formatted = f' s="{style}"' if style is not None else ""
        ending = f"""('"{formatted}{kind}><v>' || {value} || '</v></c>')"""
    return f"""coalesce('<c r="{letters}' || row_number || {ending}, '')"""


# The read-me sheet.


class ReadMe:
    """Writes the read-me sheet from top to bottom: name, Norwegian, English, two short cells."""

    WIDTHS = (30, 64, 64, 13, 13)

    def __init__(self, book: Workbook, title: Label, release: Release) -> None:
        self._sheet = book.create_sheet(TEXTS["read_me"].nb)
        self._release = release
        self._row = 0
        set_widths(self._sheet, self.WIDTHS)
        self._sheet.sheet_view.showGridLines = False
        set_printing(self._sheet, title.nb, release)
        self._heading(title.nb, size=16)
        self._heading(title.en, size=12)
        if release.notice:
            self.blank()
            self.line(both(TEXTS["notice"]), release.notice, is_notice=True)

    def _heading(self, text: str, size: int) -> None:
        self._row += 1
        cell = self._sheet.cell(self._row, 1)
        put(cell, text)
        cell.font = font(bold=True, size=size, color=DARK)
        self._sheet.row_dimensions[self._row].height = size * 1.6

    def blank(self) -> None:
        """Leave a row empty."""
        self._row += 1

    def section(self, head: Label, *short: Label) -> None:
        """Begin a section; ``short`` heads the last columns."""
        self.blank()
        self._row += 1
        texts = [both(head), TEXTS["language"].nb, TEXTS["language"].en, *(both(each) for each in short)]
        for place, text in enumerate([*texts, *[""] * (len(self.WIDTHS) - len(texts))], start=1):
            put_head(self._sheet.cell(self._row, place), text or None, "left" if place <= 3 else "right", wrap=True)
        self._sheet.row_dimensions[self._row].height = height(zip(texts, self.WIDTHS, strict=False))

    def part(self, head: str) -> None:
        """Begin a part of a section."""
        self._row += 1
        for place in range(1, len(self.WIDTHS) + 1):
            self._sheet.cell(self._row, place).fill = SECTION_FILL
        cell = self._sheet.cell(self._row, 1)
        put(cell, head)
        cell.font = font(bold=True, color=DARK)

    def line(
        self, head: str, text: Label, *short: str | int | None, link: str | None = None, is_notice: bool = False
    ) -> None:
        """Write a line; ``link`` is the sheet that its head leads to."""
        self._row += 1
        values = (head, text.nb, text.en, *short, *[None] * (len(self.WIDTHS) - len(short) - 3))
        for place, value in enumerate(values, start=1):
            cell = self._sheet.cell(self._row, place)
            put(cell, value)
            cell.font = font(
                bold=is_notice or place == 1, size=12 if is_notice else 11, color=NOTICE_COLOUR if is_notice else "000000"
            )
            cell.alignment = aligned("left" if place <= 3 else "right", "top", wrap=True)
            cell.border = _LINE
            if isinstance(value, int):
                cell.number_format = "#,##0"
            if is_notice:
                cell.fill = NOTICE_FILL
        if link:
            cell = self._sheet.cell(self._row, 1)
            cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{link}'!A1")
            cell.font = font(bold=True, color="0B5394", link=True)
        texts = (str(value or "") for value in values)
        # Bold and larger letters take more room.
        room = 1.15 if is_notice else 1.0
        widths = (width / room for width in self.WIDTHS)
        self._sheet.row_dimensions[self._row].height = room * height(zip(texts, widths, strict=False))

    # Sections that every workbook has.

    def about(self, *content: Label) -> None:
        """Write the contents of the file, its publisher, licence and citation."""
        catalogue = self._release.catalogue
        self.section(TEXTS["about"])
        for place, text in enumerate(content):
            self.line(both(TEXTS["content"]) if place == 0 else "", text)
        year = str(self._release.time_period)
        self.line(both(TEXTS["newest"]), Label(nb=year, en=year))
        self.line(both(TEXTS["publisher"]), catalogue.publisher.name)
        contact = filled(TEXTS["contact_text"], name=catalogue.contact.name, email=catalogue.contact.email)
        self.line(both(TEXTS["contact"]), contact)
        licence = f"{catalogue.licence.title} ({catalogue.licence.name}), {catalogue.licence.path}"
        self.line(both(TEXTS["licence"]), Label(nb=licence, en=licence))
        cite = filled(
            TEXTS["cite_text"], publisher=catalogue.publisher.name, title=catalogue.title, address=catalogue.address
        )
        self.line(both(TEXTS["cite"]), cite)

    def reading(self) -> None:
        """Explain how to read rows, empty cells, codes, breaks and texts."""
        self.section(TEXTS["reading"])
        for head, text in READING:
            self.line(both(TEXTS[head]), TEXTS[text])

    def codes(self) -> None:
        """List the codes of status, reason and note."""
        for codelist, title in ROW_CODES.items():
            codes = self._release.codes.get(codelist, {})
            if codes:
                has_signs = any(code.sign for code in codes.values())
                self.section(TEXTS[title], *([TEXTS["sign"]] if has_signs else []))
                for name, code in codes.items():
                    self.line(name, code.label, *([code.sign] if has_signs else []))

    def columns(self, tables: Sequence[Table]) -> None:
        """Explain the columns: once where a name has the same meaning in several tables, else table by table."""
        meanings: dict[str, dict[Column, int]] = {}
        for table in tables:
            for column in table.columns:
                found = meanings.setdefault(column.name, {})
                found[column] = found.get(column, 0) + 1
        shared = [column for found in meanings.values() for column, count in found.items() if len(found) == 1 and count > 1]
        self.section(TEXTS["columns"])
        if shared:
            self.part(both(TEXTS["columns_shared"]))
            self._describe(shared)
        for table in tables:
            own = [column for column in table.columns if column not in shared]
            if own:
                self.part(table.name)
                self._describe(own)

    def _describe(self, columns: Iterable[Column]) -> None:
        for column in columns:
            if column.unit:
                unit = self._release.label("unit_of_measure", column.unit)
                text = filled(TEXTS["column_of_unit"], title=column.title, description=column.description, unit=unit)
            else:
                text = filled(TEXTS["column"], title=column.title, description=column.description)
            self.line(column.name, text)
