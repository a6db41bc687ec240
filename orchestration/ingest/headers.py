"""Inspects a new delivery with last year's form as a guide: headers, files and code book for a draft.

Belongs here: trying last year's statements on files that no form describes yet. Does not belong here: deciding what a column
means (``forms.draft``) or reading cells for good (``deliveries``).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.core import letters
from orchestration.core.errors import UserError
from orchestration.forms.matching import READERS, DeliveredSheet
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import QUOTE_NONE, WORKBOOKS, FileSpec, Form, SheetSpec, sheet_name
from orchestration.ingest import cell_proposals, marks
from orchestration.ingest.capture import CapturedFile, is_left_behind
from orchestration.ingest.code_books import DELIMITERS, CodeBook, code_books_of
from orchestration.ingest.columns import (
    as_counted,
    check_records,
    header_shift,
    join_headers,
    last_parts,
    mapped_names,
    texts_of,
)
from orchestration.ingest.declared_values import declared_notes
from orchestration.ingest.readers import Sheet, encodings, read, sheet_names
from orchestration.ingest.readers.files import PACKED_SUFFIXES, UNPACK

SAV_ENCODINGS = ("utf-8", "cp1252", "cp865", "mac-roman")


@dataclass(frozen=True)
class Look:
    """What was found in a delivery folder; ``book`` merges the code books and the files' own declarations.

    ``notes`` are for the person who finishes the draft.
    """

    sheets: list[DeliveredSheet]
    files: list[str]
    book: CodeBook
    notes: list[str]

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the variables."""
        return self.book.labels


def _answers(labels: Mapping[str, str], missing: MissingValues) -> dict[str, str]:
    """Return the labels of codes that the file does not declare missing: the form need not state the others."""
    return {code: label for code, label in labels.items() if code not in missing}


def _statements(path: Path, guide: FileSpec | None) -> Iterator[FileSpec]:
    """Yield how a csv file may be read: as last year's form states, then as its bytes suggest."""
    base = FileSpec(name="draft", pattern="*", reader="csv", encoding="utf-8", delimiter=";")
    if guide is not None and guide.reader == "csv":
        yield guide
        base = guide
    data = path.read_bytes()
    encoding = encodings.fitting(data)
    comment = [{"comment": "#"}] if re.search(rb"^#", data, re.MULTILINE) else []
    for options in ({}, *comment, {"escape": "\\"}, {"quote": QUOTE_NONE}):
        for delimiter in DELIMITERS:
            yield base.model_copy(update={"encoding": encoding or base.encoding, "delimiter": delimiter, **options})


def _read_csv(path: Path, guide: FileSpec | None, previous: Form) -> tuple[Sheet, FileSpec]:
    """Return a csv file by the first statement that makes its records as wide as the header, else the first that fits."""
    problem: UserError | None = None
    readable: tuple[Sheet, FileSpec] | None = None
    for spec in _statements(path, guide):
        try:
            (sheet,) = read(path, spec)
        except UserError as error:
            problem = problem or error
            continue
        layout = _layout(sheet, guide, previous)
        for each in (spec, spec.model_copy(update={"surplus": "ignore"})):
            # Any wrong delimiter gives one column.
            if sheet.columns > 1 and _describe_uneven_records(path, each, as_counted(sheet, layout), layout) is None:
                return sheet, each
        readable = readable or (sheet, spec)
    if readable is not None:
        return readable
    raise problem or UserError("cannot be read", place=str(path), remedy="state encoding and delimiter in form.yml")


def _describe_uneven_records(path: Path, spec: FileSpec, sheet: Sheet, layout: SheetSpec) -> str | None:
    """Return the remark on records with another width than the header."""
    file = CapturedFile(path, spec, "", 0)
    try:
        check_records(file, sheet, layout, join_headers(file, sheet, layout))
    except UserError as error:
        return str(error)
    return None


def read_like(path: Path, guide: FileSpec | None, previous: Form) -> tuple[list[Sheet], FileSpec | None]:
    """Read a file as last year's form states, or as the first statement that fits; return that one of csv and SPSS files."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return [], None
    if reader in WORKBOOKS:
        workbook = FileSpec(name="draft", pattern="*", reader=reader)
        return read(path, workbook, sheet_names(path, workbook)), None
    if reader == "sav":
        return _read_sav(path, guide)
    if reader != "csv":
        return read(path, FileSpec(name="draft", pattern="*", reader=reader)), None
    sheet, spec = _read_csv(path, guide, previous)
    return [sheet], spec


def _layout(sheet: Sheet, guide: FileSpec | None, previous: Form) -> SheetSpec:
    """Return last year's layout of a sheet, moved to the row in which the header stands."""
    layouts = [
        layout
        for layout in previous.sheets
        if (guide is None or layout.file == guide.name) and sheet_name(layout.sheet or "*") in {"*", sheet_name(sheet.name)}
    ]
    layout = layouts[0] if layouts else SheetSpec(name="draft", file="draft", unit={"code": ("?",)})  # type: ignore[arg-type]
    shift = header_shift(sheet, layout, last_parts(mapped_names(previous, layout.name), layout))
    # Excel's line `sep=;` alone shifts nothing.
    if not shift or (sheet.has_separator and layout.header_rows[0] == shift == 1):
        return layout
    rows = tuple(number + shift for number in layout.header_rows)
    return layout.model_copy(update={"header_rows": rows, "first_row": layout.first_row + shift})


def _read_sav(path: Path, guide: FileSpec | None) -> tuple[list[Sheet], FileSpec | None]:
    """Read an SPSS file as last year's form states, or in the encoding that it declares, or in one that fits."""
    base = FileSpec(name="draft", pattern="*", reader="sav")
    if guide is not None and guide.reader == "sav":
        base = guide
    problem: UserError | None = None
    for encoding in dict.fromkeys((base.encoding, None, *SAV_ENCODINGS)):
        spec = base.model_copy(update={"encoding": encoding})
        try:
            return read(path, spec), spec
        except UserError as error:
            problem = problem or error
    raise problem or UserError("cannot be read", place=str(path), remedy="state its encoding in form.yml")


def _check_stated(path: Path, sheet: Sheet, rows: tuple[int, ...]) -> None:
    """Refuse stated header rows that contain no header: units' answers would become names of columns."""
    held = [text for row in texts_of(sheet, rows).values() for text in row.values()]
    named = sum(1 for text in held if re.search(r"[^\W\d_]", text))
    if 2 * named <= len(held):
        raise UserError(
            f"row {', '.join(map(str, rows))} of sheet {sheet.name!r} holds no header"
            + (", but numbers" if held else f": the sheet has {sheet.rows} rows"),
            place=str(path),
            remedy="correct --header-rows, or leave it out; --sheet limits it to one sheet",
        )


def _top(previous: Form, layout: SheetSpec, sheet: Sheet) -> dict[tuple[int, int], str]:
    """Return the texts of the first rows of a sheet: up to the end of its headers, and the cells of last year's checks."""
    last = max([layout.header_rows[-1], *(check.row for check in previous.checks if check.sheet == layout.name)])
    rows = texts_of(sheet, range(1, last + 1))
    return {(row, column): text for row, texts in rows.items() for column, text in texts.items()}


def inspect_delivery(
    folder: Path, previous: Form, *, header_rows: tuple[int, ...] | None = None, only: Collection[str] = ()
) -> Look:
    """Inspect a delivery that no form describes yet.

    Args:
        folder: the delivery's folder.
        previous: last year's form; its layouts are tried on sheets of the same name. The header is looked for in its old
            row, then in the row with most of last year's columns, then with most texts.
        header_rows: rows of the header, if known.
        only: names of the sheets of workbooks to inspect; all if empty.

    Raises:
        UserError: there is no such folder, or a file cannot be read.
    """
    if not folder.is_dir():
        raise UserError("the delivery does not exist", place=str(folder), remedy="put the delivered files into this folder")
    result = Look([], [], CodeBook(), [])
    books = code_books_of(folder)
    # The files' own declarations; a code book takes precedence.
    own = CodeBook()
    wanted = {sheet_name(name) for name in only}
    there: set[str] = set()
    read_specs = [spec for spec in previous.files if spec.reader != "none"]
    free = set().union(*(book.free_texts for book in books.values()))
    for path in sorted(folder.iterdir()):
        if not path.is_file() or is_left_behind(path.name):
            continue
        file_name = letters.plain(path.name)
        result.files.append(file_name)
        if (book := books.get(path)) is not None:
            result.notes.append(
                f"{file_name} is a code book with {len(book.labels)} labels, and with codes of {len(book.codes)} columns"
            )
            if book.several:
                result.notes.append(f"{file_name} has several labels for {', '.join(book.several[:5])}: they are left out")
            continue
        if re.search(r"kodebok|code_?book", path.stem, re.IGNORECASE) and path.suffix.lower() == ".csv":
            result.notes.append(f"{file_name} is no code book: it has no columns `variable` and `label` in its first line")
            continue
        if path.suffix.lower() in PACKED_SUFFIXES:
            result.notes.append(f"{file_name} is packed: {UNPACK}")
        reader = READERS.get(path.suffix.lower())
        fitting = [spec for spec in read_specs if fnmatch.fnmatchcase(file_name, spec.pattern)] or [
            spec for spec in read_specs if spec.reader == reader
        ]
        guide = fitting[0] if fitting else None
        sheets, spec = read_like(path, guide, previous)
        not_data = {sheet_name(name) for name in guide.sheets_not_data} if guide is not None else set()
        for delivered in sheets:
            if not delivered.cells.num_rows:
                result.notes.append(f"{file_name}, sheet {delivered.name} has no cells: name it under sheets_not_data")
            if not delivered.cells.num_rows or (reader in WORKBOOKS and sheet_name(delivered.name) in not_data):
                continue
            there.add(sheet_name(delivered.name))
            if reader in WORKBOOKS and wanted and sheet_name(delivered.name) not in wanted:
                continue
            layout = _layout(delivered, guide, previous)
            if header_rows is not None:
                _check_stated(path, delivered, header_rows)
                layout = layout.model_copy(update={"header_rows": header_rows, "first_row": header_rows[-1] + 1})
            sheet = as_counted(delivered, layout)
            file = CapturedFile(path, spec or guide or read_specs[0], "", 0)
            try:
                headers = join_headers(file, sheet, layout, mapped_names(previous, layout.name))
            except UserError as error:
                result.notes.append(str(error))
                continue
            odd = _describe_uneven_records(path, spec, sheet, layout) if spec is not None else None
            if odd is not None:
                result.notes.append(odd)
            result.notes.extend(declared_notes(previous, layout, sheet, headers, path.name))
            declared = sheet.declared
            own |= CodeBook(
                {headers[number]: label for number, label in declared.column_labels.items() if number in headers},
                codes={
                    headers[number]: _answers(labels, declared.missing.get(number, MissingValues()))
                    for number, labels in declared.value_labels.items()
                    if number in headers
                },
            )
            name = sheet.name if reader in WORKBOOKS else ""
            proposals, column_remarks, profiles = cell_proposals.look_at_cells(previous, layout, sheet, headers, free)
            result.sheets.append(
                DeliveredSheet(
                    file_name,
                    name,
                    tuple(headers.values()),
                    layout.header_rows[0],
                    spec,
                    marks.proposals(sheet),
                    proposals,
                    column_remarks,
                    profiles,
                    _top(previous, layout, sheet),
                )
            )
    for name in only:
        if sheet_name(name) not in there:
            raise UserError(
                f"no workbook has a sheet {name!r}",
                place=str(folder),
                remedy=f"the sheets are {', '.join(sorted(filter(None, there)))}" if any(there) else "leave --sheet out",
            )
    whole = own
    for each in books.values():
        whole |= each
    return replace(result, book=whole)
