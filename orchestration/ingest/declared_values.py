"""What a delivered file declares about its own values, compared with the form.

Belongs here: which cells are missing because the file (SPSS) declares it, and refusing a file that contradicts the form.
Does not belong here: reading the declarations (``readers``) and what a missing cell does to a figure (dbt's models).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.errors import UserError
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import (
    OF_OPTIONS,
    ColumnMap,
    FileSpec,
    Form,
    OptionMap,
    SheetSpec,
    code_text,
    header,
    tick_text,
)
from orchestration.ingest.readers import Sheet
from orchestration.ingest.readers.files import shown

_SHOWN_COLUMNS = 3


@dataclass(frozen=True)
class Contradiction:
    """A code on which a file and a form disagree, and what each states.

    Attributes:
        column: number of the column.
        code: the code, in every cell of the column that holds it.
        what: what each of the two states.
        remedy: what to do about it.
        kind: ``meaning``: the code is missing by the file, and has a meaning in the form; ``statement``: it is missing by
            only one of the two; ``coding``: it has different meanings in the two.
        row: a row with such a cell, where its existence matters.
    """

    column: int
    code: str
    what: str
    remedy: str
    kind: Literal["meaning", "statement", "coding"]
    row: int | None = None


@dataclass(frozen=True)
class _Value:
    """A text in cells of a column: the first row that has it, and whether the file declares it missing."""

    text: str
    row: int
    is_declared: bool


def missing_cells(
    form: Form, spec: FileSpec, layout: SheetSpec, sheet: Sheet, headers: Mapping[int, str], path: Path
) -> pa.Table:
    """Return the places of the cells that mean "no answer" because the file declares it.

    Args:
        form: the form.
        spec: its statement about the file; says whether the form takes precedence where the two differ.
        layout: its statement about the sheet.
        sheet: what was read.
        headers: header of each column.
        path: the file, for messages.

    Raises:
        UserError: the file and the form contradict each other.
    """
    # Where the form takes precedence, its meanings apply; a code that either declares missing is missing.
    settled_by_form: dict[int, set[str]] = defaultdict(set)
    for found in contradictions(form, layout, sheet, headers):
        if spec.declared_missing == "refuse" or found.kind == "coding":
            where = f", row {found.row}" if found.row is not None else ""
            raise UserError(found.what, place=f"{path}, column {shown(headers[found.column])}{where}", remedy=found.remedy)
        if found.kind == "meaning":
            settled_by_form[found.column].add(found.code)
    declared = sheet.declared.missing_cells
    if not settled_by_form or not declared.num_rows:
        return declared
    table = sheet.cells.filter(
        pc.is_in(sheet.cells["column_number"], value_set=pa.array(sorted(settled_by_form), pa.int32()))
    )
    is_settled = [
        code_text(text) in settled_by_form[number]
        for number, text in zip(table["column_number"].to_pylist(), table["text"].to_pylist(), strict=True)
    ]
    settled = _keys(sheet, table.filter(pa.array(is_settled, pa.bool_())))
    return declared.filter(pa.array(~np.isin(_keys(sheet, declared), settled)))


def contradictions(form: Form, layout: SheetSpec, sheet: Sheet, headers: Mapping[int, str]) -> Iterator[Contradiction]:
    """Yield the disagreements between a file and a form about the codes of columns."""
    declared = sheet.declared
    if not declared.missing and not declared.value_labels and not declared.counted:
        return
    maps: dict[str, list[ColumnMap]] = defaultdict(list)
    for column in form.columns:
        if column.sheet == layout.name and column.use in {"answer", "identifier"}:
            maps[header(column.column)].append(column)
    options: dict[str, list[OptionMap]] = defaultdict(list)
    for option in form.options:
        options[option.question].append(option)
    values = _values(sheet, layout.first_row)
    for number, name in headers.items():
        missing = declared.missing.get(number)
        for column in maps.get(name, ()):
            its_options = options[column.question] if column.type in OF_OPTIONS else []
            if missing:
                yield from _meanings_contradicted(form, layout, column, its_options, number, missing)
                yield from _choices_contradicted(column, its_options, number, values.get(number, []))
                yield from _statements_contradicted(form, column, its_options, number, missing, values.get(number, []))
            if number in declared.value_labels:
                yield from _labels_contradicted(form, its_options, number, declared.value_labels[number])
            if number in declared.counted:
                yield from _count_contradicted(form, column, number, declared.counted[number])


def not_declared_missing(sheet: Sheet) -> pa.Table:
    """Return the cells of a sheet without those that the file declares missing."""
    if not sheet.declared.missing_cells.num_rows:
        return sheet.cells
    is_missing = np.isin(_keys(sheet, sheet.cells), _keys(sheet, sheet.declared.missing_cells))
    return sheet.cells.filter(pa.array(~is_missing))


def declared_notes(previous: Form, layout: SheetSpec, sheet: Sheet, headers: Mapping[int, str], file: str) -> list[str]:
    """Return notes on what a file of a new delivery declares and where last year's form differs, for drafting its form.

    Args:
        previous: last year's form.
        layout: its statement about the sheet.
        sheet: what was read.
        headers: header of each column.
        file: the file's name.
    """
    notes: list[str] = []

    def listed(numbers: list[int]) -> str:
        names = ", ".join(headers[number] for number in numbers[:_SHOWN_COLUMNS])
        more = len(numbers) - _SHOWN_COLUMNS
        return f"{names} and {more} more" if more > 0 else names

    by_values: dict[str, list[int]] = defaultdict(list)
    for number, missing in sheet.declared.missing.items():
        if number in headers:
            by_values[str(missing)].append(number)
    for values, numbers in by_values.items():
        notes.append(f"{file} declares {values} missing in {listed(numbers)}: such cells are no answer")
    by_what: dict[tuple[str, str], list[int]] = defaultdict(list)
    for found in contradictions(previous, layout, sheet, headers):
        by_what[found.what, found.remedy.replace(previous.form, "<form>")].append(found.column)
    for (what, remedy), numbers in by_what.items():
        notes.append(f"{file}, {listed(numbers)}: {what}, as last year's form has it; {remedy}")
    for number, unreadable in sheet.unreadable.items():
        if number in headers:
            notes.append(f"{file}, {headers[number]}: {unreadable.what}; it can only be ignored, or {unreadable.remedy}")
    return notes


def _keys(sheet: Sheet, places: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return one number for the place of each cell."""
    rows, columns = (np.asarray(places[name]).astype(np.int64) for name in ("row_number", "column_number"))
    return rows * (sheet.columns + 1) + columns


def _values(sheet: Sheet, first_row: int) -> dict[int, list[_Value]]:
    """Return the different texts of each column for which the file declares something missing."""
    numbers = pa.array(sorted(sheet.declared.missing), pa.int32())
    table = sheet.cells.filter(
        pc.and_(
            pc.is_in(sheet.cells["column_number"], value_set=numbers), pc.greater_equal(sheet.cells["row_number"], first_row)
        )
    )
    is_declared = pa.array(np.isin(_keys(sheet, table), _keys(sheet, sheet.declared.missing_cells)))
    grouped = table.append_column("is_declared", is_declared).group_by(["column_number", "text", "is_declared"])
    found: dict[int, list[_Value]] = defaultdict(list)
    for each in grouped.aggregate([("row_number", "min")]).to_pylist():
        found[each["column_number"]].append(_Value(each["text"].strip(), each["row_number_min"], each["is_declared"]))
    return {number: sorted(each, key=lambda value: value.row) for number, each in found.items()}


def _meanings(form: Form, layout: SheetSpec, column: ColumnMap, options: list[OptionMap]) -> Iterator[tuple[str, str, str]]:
    """Yield the codes of a column to which the form gives a meaning other than "no answer", the meaning, and its place."""
    folder = f"data/forms/{form.form}"
    if column.use == "identifier" and layout.submission.status and header(layout.submission.status) == header(column.column):
        for meaning in ("completed", "not_completed", "not_answered"):
            for status in getattr(layout.submission, meaning):
                yield status, f"the status {meaning}", f"{folder}/form.yml"
    for option in options:
        if option.answer:
            yield option.code, f"the answer {option.answer!r}", f"{folder}/options.csv, line {option.line}"
    if column.use == "answer" and column.type == "tick":
        ticks = column.ticks(form.ticks)
        for code in ticks.ticked:
            yield code, f"a tick for {column.answer!r}", f"{folder}/columns.csv, line {column.line}"
        for code in ticks.not_ticked:
            yield code, "a box that is not ticked", f"{folder}/columns.csv, line {column.line}"


def _meanings_contradicted(
    form: Form, layout: SheetSpec, column: ColumnMap, options: list[OptionMap], number: int, missing: MissingValues
) -> Iterator[Contradiction]:
    for code, meaning, place in _meanings(form, layout, column, options):
        if code in missing:
            yield Contradiction(
                number,
                code_text(code),
                f"the file declares {shown(code)!r} missing, and the form says that it is {meaning}",
                f"correct {place}, or state declared_missing: form in form.yml if the form is right",
                "meaning",
            )


def _choices_contradicted(
    column: ColumnMap, options: list[OptionMap], number: int, values: list[_Value]
) -> Iterator[Contradiction]:
    """Yield the cells with several chosen options, all of them answers, that the file declares missing as a whole."""
    answers = {code_text(option.code): option.answer for option in options if option.answer}
    for value in values if column.type == "codes" else ():
        code, chosen = code_text(value.text), column.codes_in(value.text)
        # A cell with a single option was judged by its meaning.
        if value.is_declared and code not in answers and chosen and all(each in answers for each in chosen):
            meanings = " and ".join(repr(answers[each]) for each in chosen)
            yield Contradiction(
                number,
                code,
                f"the file declares {shown(value.text)!r} missing, and the form says that it is {meanings}",
                "ask the collector what it means, or state declared_missing: form in form.yml if the form is right",
                "meaning",
                value.row,
            )


def _statements_contradicted(
    form: Form,
    column: ColumnMap,
    options: list[OptionMap],
    number: int,
    missing: MissingValues,
    values: list[_Value],
) -> Iterator[Contradiction]:
    """Yield the cells that are missing by only one of two statements; without such cells the statements agree."""
    stated = MissingValues.stated(form, column)
    if column.use != "answer" or not stated:
        return
    own = MissingValues.parse(column.missing.split(";"))
    codes = {code_text(option.code) for option in options}
    place = f"missing in data/forms/{form.form}/columns.csv, line {column.line}"
    for value in values:
        is_known = codes.issuperset(column.codes_in(value.text))
        if value.is_declared and own and value.text not in own and not is_known:
            yield Contradiction(
                number,
                value.text,
                f"the file declares {shown(value.text)!r} missing ({missing}), and the form states that {own} is",
                f"correct {place}, or leave it empty there: what the file declares holds by itself",
                "statement",
                value.row,
            )
        elif not value.is_declared and value.text in stated:
            yield Contradiction(
                number,
                value.text,
                f"{shown(value.text)!r} is missing by the form, and not by the file, which declares {missing}",
                f"correct {place}, or numbers in form.yml, or state declared_missing: form there if the form is right",
                "statement",
                value.row,
            )


def _labels_contradicted(
    form: Form, options: list[OptionMap], number: int, labels: Mapping[str, str]
) -> Iterator[Contradiction]:
    """Yield the codes whose label in the file is that of another code in the form: they were renumbered."""
    options = [option for option in options if option.label_nb]
    for option in options:
        label = _plain(labels.get(code_text(option.code), ""))
        others = [other for other in options if other.code != option.code and _plain(other.label_nb) == label]
        if label and label != _plain(option.label_nb) and others:
            yield Contradiction(
                number,
                code_text(option.code),
                f"the file calls {option.code} {shown(labels[code_text(option.code)])!r}, "
                f"and the form {shown(option.label_nb)!r} ({others[0].code} is {shown(others[0].label_nb)!r} there)",
                f"correct data/forms/{form.form}/options.csv, line {option.line}, if the codes were renumbered",
                "coding",
            )


def _count_contradicted(form: Form, column: ColumnMap, number: int, counted: str | None) -> Iterator[Contradiction]:
    """Yield the values that the file counts as ticked in a box, where the form does not."""
    if column.type == "tick" and counted is not None:
        ticked = column.ticks(form.ticks).ticked
        if tick_text(counted) not in map(tick_text, ticked):
            yield Contradiction(
                number,
                counted,
                f"the file counts {shown(counted)!r} as ticked, and the form {' or '.join(ticked)}",
                "state ticks in form.yml, or ticked in columns.csv, as the code book has them",
                "coding",
            )


def _plain(text: str) -> str:
    return header(text).casefold()
