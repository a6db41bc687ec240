"""Reading the finished documents back: a second query checks every value, table and text against what the report bound.

Word is read by bookmarks and tables, HTML by ids and tables, PDF by its tags, the workbook by its cells. Belongs here:
reading and comparing. Does not belong here: writing. A difference is a defect, and ends the build.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
from python_calamine import CalamineWorkbook

from orchestration.core.errors import UserError
from orchestration.core.language import rounded
from orchestration.core.tables import STATUS_COLUMN
from orchestration.report import read_html, read_pdf, read_word
from orchestration.report.bound_values import written
from orchestration.report.document import Document, Placed, Prose, note_id, note_pieces
from orchestration.report.grid import Grid
from orchestration.report.nodes import text_of
from orchestration.report.pdf import plain
from orchestration.report.sentences import Stated
from orchestration.report.values import HIDDEN, Cell, Quantity
from orchestration.report.workbook import FIRST_HEAD, sheet_name
from orchestration.report.writing import number

REMEDY = "this is a defect of the program, not of the report; nothing was put in place"


def check(document: Document, stated: Sequence[Stated], files: Mapping[str, Path], again: Again) -> int:
    """Check the finished documents against the published files, and return how many values were read.

    Args:
        document: the expected content.
        stated: the values of its sentences.
        files: the documents by their format.
        again: all cells, read a second time.

    Raises:
        UserError: a document differs from what it is bound to.
    """
    spans = _spans(document, stated, again)
    grids = [placed.grid for placed in document.placed if placed.chart is None]
    expected = [_rows(grid, again, document) for grid in grids]
    count = _check_word(files["docx"], spans, expected, document)
    count += _check_html(files["html"], spans, expected, document)
    count += _check_workbook(files["xlsx"], again, document)
    return count + _check_pdf(files["pdf"], document)


def check_values(document: Document, stated: Sequence[Stated], again: Again) -> int:
    """Check the values of a report against the published files, and return how many it has.

    For reports whose documents have the same content, and were read back when they were written.

    Raises:
        UserError: a value differs from its cells.
    """
    wanted = _spans(document, stated, again)
    texts = {each.id: each.text for each in stated}
    for placed in document.placed:
        for place, note in enumerate(placed.grid.notes):
            texts |= {note_id(placed.grid, place, name): text for name, text in note_pieces(note, document.language) if name}
    for name, text in wanted.items():
        if texts[name] != text:
            raise UserError(f"{name} says {texts[name]!r} instead of {text!r}", place=document.title, remedy=REMEDY)
    count = len(wanted)
    for placed in document.placed:
        grid = placed.grid
        rows = [[row.text, *(cell.text for cell in line)] for row, line in zip(grid.rows, grid.cells, strict=True)]
        if rows != _rows(grid, again, document):
            raise UserError(f"{placed.caption} differs from its published cells", place=document.title, remedy=REMEDY)
        count += sum(cell.quantity is not None for line in grid.cells for cell in line)
    return count


class Again:
    """Values of cells, read a second time together: from the snapshot's Parquet files, or its database if there is none."""

    def __init__(self, snapshot: Path, cells: Iterable[Cell]) -> None:
        wanted: dict[tuple[str, str, tuple[str, ...]], set[tuple[str, ...]]] = {}
        for cell in cells:
            names = tuple(name for name, _ in cell.key)
            wanted.setdefault((cell.table, cell.measure, names), set()).add(tuple(value for _, value in cell.key))
        self._values: dict[tuple[str, str, tuple[tuple[str, str], ...]], float | None] = {}
        # Cells that the files mark as confidential and leave empty.
        self.hidden: list[str] = []
        database = snapshot / "is248.duckdb"
        with duckdb.connect() as connection:
            connection.execute(f"attach '{database}' as published (read_only)")
            for (table, measure, names), keys in wanted.items():
                file = snapshot / "parquet" / f"{table}.parquet"
                source = f"read_parquet('{file}')" if file.is_file() else f'published."{table}"'
                types = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {source}").fetchall()}
                arrays = [pa.array(part, pa.string()) for part in zip(*sorted(keys), strict=True)]
                connection.register("wanted", pa.table(arrays, names=list(names)))
                # Keys are cast to the types of the columns, rather than every row of the table to text.
                typed = ", ".join(f'cast("{name}" as {types[name]}) as "{name}"' for name in names)
                columns = ", ".join(f'cast("{name}" as varchar)' for name in names)
                same = ", ".join(f'"{name}"' for name in names)
                status = STATUS_COLUMN if STATUS_COLUMN in types else "null"
                sql = (
                    f'select {columns}, {status}, "{measure}" from {source} join (select {typed} from wanted) using ({same})'
                )
                for *key, found_status, value in connection.execute(sql).fetchall():
                    if found_status == HIDDEN and value is None:
                        self.hidden.append(f"{table} {' '.join(key)}")
                    address = (table, measure, tuple(zip(names, key, strict=True)))
                    if address in self._values:
                        raise UserError(f"two cells of {table} have the same key", place=str(snapshot), remedy=REMEDY)
                    self._values[address] = value

    def value(self, quantity: Quantity) -> Decimal:
        """Return the value of a quantity from the second reading."""
        return quantity.from_values([self._values.get((cell.table, cell.measure, cell.key)) for cell in quantity.cells])


def cells_of(document: Document, stated: Sequence[Stated]) -> Iterator[Cell]:
    """Yield every cell that a report is bound to."""
    for each in stated:
        yield from each.bound.quantity.cells
    for placed in document.placed:
        for line in placed.grid.cells:
            for cell in line:
                if cell.quantity is not None:
                    yield from cell.quantity.cells
        for note in placed.grid.notes:
            for _, quantity in note.quantities:
                yield from quantity.cells


def _spans(document: Document, stated: Sequence[Stated], again: Again) -> dict[str, str]:
    """Return the expected texts of the numbers outside tables, by id."""
    spans = {
        each.id: written(
            again.value(each.bound.quantity) / each.bound.divisor, each.bound.decimals, each.bound.form, each.bound.language
        )
        for each in stated
    }
    return spans | dict(_note_spans(document, again))


def _note_spans(document: Document, again: Again) -> Iterator[tuple[str, str]]:
    for placed in document.placed:
        for place, note in enumerate(placed.grid.notes):
            for name, quantity in note.quantities:
                yield note_id(placed.grid, place, name), number(again.value(quantity), 0, document.language)


def _rows(grid: Grid, again: Again, document: Document) -> list[list[str]]:
    """Return the expected body of a table in a document."""
    return [
        [
            row.text,
            *(
                cell.text
                if cell.quantity is None
                else number(again.value(cell.quantity) / cell.divisor, cell.decimals, document.language)
                for cell in line
            ),
        ]
        for row, line in zip(grid.rows, grid.cells, strict=True)
    ]


def _refuse(path: Path, what: str) -> None:
    raise UserError(what, place=path.name, remedy=REMEDY)


def _compare(
    path: Path,
    spans: Mapping[str, str],
    found: Mapping[str, str],
    tables: list[list[list[str]]],
    expected: list[list[list[str]]],
) -> int:
    for name, text in spans.items():
        if found.get(name) != text:
            _refuse(path, f"{name} reads {found.get(name)!r} instead of {text!r}")
    if len(tables) != len(expected):
        _refuse(path, f"has {len(tables)} tables instead of {len(expected)}")
    cells = 0
    for at, (table, rows) in enumerate(zip(tables, expected, strict=True), start=1):
        if table != rows:
            line = next((pair for pair in zip(table, rows, strict=False) if pair[0] != pair[1]), (table[:1], rows[:1]))
            _refuse(path, f"table {at} reads {line[0]} instead of {line[1]}")
        cells += sum(len(row) - 1 for row in rows)
    return len(spans) + cells


def _check_word(path: Path, spans: Mapping[str, str], expected: list[list[list[str]]], document: Document) -> int:
    word = read_word.read(path)
    heads = [len(placed.grid.heads) for placed in document.placed if placed.chart is None]
    if word.head_rows != heads:
        _refuse(path, f"tables have {word.head_rows} rows of heads instead of {heads}")
    if word.headings != [title for _, _, title in document.headings]:
        _refuse(path, "its headings are not those of the report, or are not styled as headings")
    alternatives = [placed.alternative for placed in document.placed if placed.chart is not None]
    if word.alternatives != alternatives:
        _refuse(path, "a figure has no alternative text")
    return _compare(path, spans, word.spans, word.tables, expected)


def _check_html(path: Path, spans: Mapping[str, str], expected: list[list[list[str]]], document: Document) -> int:
    page = read_html.read(path.read_text(encoding="utf-8"))
    if page.without_scope:
        _refuse(path, "a head of a table has no scope")
    lost = sorted(page.references - page.ids)
    if lost:
        _refuse(path, f"a link leads to {lost[0]!r}, which does not exist")
    charts = [placed for placed in document.placed if placed.chart is not None]
    if page.charts != [(placed.alternative, placed.chart.texts if placed.chart else []) for placed in charts]:
        _refuse(path, "the text of a figure differs from its values")
    return _compare(path, spans, page.spans, page.tables, expected)


def _check_workbook(path: Path, again: Again, document: Document) -> int:
    """Compare each number of the workbook with its published cells; the workbook has the values of figures too."""
    book = CalamineWorkbook.from_path(path)
    count = 0
    for placed in document.placed:
        title, first = sheet_name(placed), FIRST_HEAD - 1 + len(placed.grid.heads)
        rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
        for line, found_line in zip(placed.grid.cells, rows[first:], strict=False):
            for cell, found in zip(line, found_line[1:], strict=True):
                if cell.quantity is None or cell.marks:
                    wanted: object = cell.text + "".join(f" {mark})" for mark in cell.marks)
                else:
                    wanted = float(rounded(again.value(cell.quantity) / cell.divisor, cell.decimals))
                if found != wanted:
                    _refuse(path, f"{title} has {found!r} instead of {wanted!r}")
                count += cell.quantity is not None
    return count


def _check_pdf(path: Path, document: Document) -> int:
    """Compare the text of the PDF's tags, in their order, with the whole report."""
    pdf = read_pdf.read(path)
    for fault in pdf.faults:
        _refuse(path, fault)
    want, count = [], 0
    for text, is_value in _stream(document):
        want.append(plain(text))
        count += is_value
    got = plain(pdf.text)
    wanted = "".join(want)
    if got != wanted:
        at = next(
            (place for place, (one, other) in enumerate(zip(got, wanted, strict=False)) if one != other),
            min(len(got), len(wanted)),
        )
        _refuse(path, f"reads {got[max(at - 30, 0) : at + 30]!r} instead of {wanted[max(at - 30, 0) : at + 30]!r}")
    alternatives = [placed.alternative for placed in document.placed if placed.chart is not None]
    if pdf.alternatives != alternatives:
        _refuse(path, "a figure has no alternative text")
    return count


def _stream(document: Document) -> Iterator[tuple[str, bool]]:
    """Yield every text of the report in its order, and whether it is a value of a table."""
    for part in document.parts:
        if isinstance(part, Prose):
            yield text_of(part.blocks), False
        else:
            yield from _placed_stream(part, document)


def _placed_stream(part: Placed, document: Document) -> Iterator[tuple[str, bool]]:
    grid = part.grid
    yield part.caption, False
    if part.chart is not None:
        yield "".join(part.chart.texts), False
    else:
        for depth, line in enumerate(grid.heads):
            yield ("" if depth else grid.corner) + "".join(head.text + "".join(head.marks) for head in line), False
        for row, cells in zip(grid.rows, grid.cells, strict=True):
            yield row.text + "".join(row.marks), False
            for cell in cells:
                yield cell.text + "".join(cell.marks), cell.quantity is not None
    for note in grid.notes:
        yield note.mark + "".join(text for _, text in note_pieces(note, document.language)), False
