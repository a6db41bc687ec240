"""Numbers that are also codes for "no answer", planted in every bundled form: as FTE, and as a code."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.model import ColumnMap, Form, SheetSpec, header
from orchestration.forms.registry import load_forms
from orchestration.ingest import deliveries, registry
from tests.integration.deliveries_kit import cell_models, cell_warehouse, make_kit

FORMS = [form for form in load_forms(PROJECT_DIR / "data" / "forms") if any(column.unit == "fte" for column in form.columns)]
QUESTIONS = ("fte_by_service", "fte_by_education", "fte_by_pathway", "fte_is8_by_service")
# Municipalities of every year.
UNITS = ("1103", "1106", "1111", "1112", "1114", "1119", "1120", "1121", "1122", "1124", "1127", "1144")
REST = Decimal("60.9")


def planted(form: Form, question: str, code: str, is_genuine: bool) -> dict[int, str]:
    """Return the adult FTE of a unit by the line of their column: one cell is the code, and the sums include it or not."""
    whole = REST + (Decimal(code) if is_genuine else 0)
    columns = [column for column in form.columns if column.unit == "fte" and column.target_group == "adults"]
    reporting_form = next(column.reporting_form for column in columns if column.question == question)
    cells: dict[int, str] = {}
    for each in QUESTIONS:
        block = [column for column in columns if (column.question, column.reporting_form) == (each, reporting_form)]
        answers = [column for column in block if column.use == "answer"]
        texts = (code, str(REST)) if each == question else (str(whole - 20), "20")
        cells |= {column.line: text for column, text in zip(answers, texts, strict=False)}
        cells |= {column.line: str(whole) for column in block if column.reason == "typed_sum"}
    return cells


def rows_of(form: Form, layout: SheetSpec, unit: str, number: int, cells: dict[int, str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a unit in a layout, as texts by header."""
    identifiers = {}
    if layout.unit is not None:
        identifiers[header(layout.unit.code[0])] = unit
    if layout.submission.status is not None:
        identifiers[header(layout.submission.status)] = layout.submission.completed[0]
    for name in (layout.submission.id, layout.link):
        if name not in (None, "unit"):
            identifiers.setdefault(header(str(name)), str(number))
    columns = {column.line: column for column in form.columns if column.sheet == layout.name}
    wide: dict[str, str] = dict(identifiers)
    for line, text in cells.items():
        column: ColumnMap | None = columns.get(line)
        if column is not None and column.conditions:
            yield identifiers | {header(name): text for name, text in column.conditions} | {header(column.column): text}
        elif column is not None:
            wide[header(column.column)] = text
    if wide != identifiers or layout.links_to is None:
        yield wide


def deliver(connection: duckdb.DuckDBPyConnection, form: Form, units: dict[str, dict[int, str]]) -> None:
    """Insert the rows of units into raw, as if they had been read."""
    done = set()
    for layout in form.sheets:
        if layout.name in done:
            continue
        done.add(layout.name)
        rows = [
            row
            for number, (unit, cells) in enumerate(units.items(), 1)
            for row in rows_of(form, layout, unit, number, cells)
        ]
        if not rows:
            continue
        headers = sorted({name for row in rows for name in row})
        place = (form.form, "file", layout.name, layout.name)
        connection.execute("insert into raw.sheets values (?, ?, ?, ?, 2, ?, ?, 0)", [*place, len(rows) + 1, len(headers)])
        for column, name in enumerate(headers, 1):
            connection.execute("insert into raw.columns values (?, ?, ?, ?, ?, ?)", [*place, column, name])
        values = [
            (*place, number, headers.index(name) + 1, text)
            for number, row in enumerate(rows, 2)
            for name, text in row.items()
        ]
        names = "form, file, sheet, layout, row_number, column_number, text"
        connection.executemany(f"insert into raw.cells ({names}) values (?, ?, ?, ?, ?, ?, ?)", values)


def cases(form: Form) -> dict[str, tuple[str, str, bool]]:
    """Return the planted codes of each unit: question, code, and whether it is genuine."""
    asked = {column.question for column in form.columns if column.unit == "fte" and column.use == "answer"}
    every = [
        (question, code, is_genuine)
        for question in QUESTIONS
        if question in asked
        for code in ("99", "999")
        for is_genuine in (True, False)
    ]
    return dict(zip(UNITS, every, strict=False))


@pytest.fixture(scope="module")
def read_answers(tmp_path_factory: pytest.TempPathFactory, compiled: dict[str, dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Form, unit, question, fate, reason and number of every answer that is 99 or 999."""
    kit = make_kit(tmp_path_factory.mktemp("planted"))
    with cell_warehouse(kit, cell_models(compiled)) as connection:
        deliveries.prepare_tables(connection, FORMS)
        registry.load_registry(connection, FORMS)
        for form in FORMS:
            units = {unit: planted(form, *case) for unit, case in cases(form).items()}
            deliver(connection, form, units)
        kit.make_models(connection)
        return connection.execute(
            "select form, unit_code, question, fate, fate_reason from intermediate.int_answers where text in ('99', '999')"
        ).fetchall()


@pytest.mark.parametrize("form", FORMS, ids=[form.form for form in FORMS])
def test_a_code_is_missing_by_the_code_book_or_where_the_sums_have_no_room_for_it(
    form: Form, read_answers: list[tuple[Any, ...]]
) -> None:
    found = {unit: (question, fate, reason) for name, unit, question, fate, reason in read_answers if name == form.form}
    has_sums = any(column.reason == "typed_sum" and column.unit == "fte" for column in form.columns)
    expected = {}
    for unit, (question, code, is_genuine) in cases(form).items():
        if code in form.numbers.missing:
            expected[unit] = (question, "mapped", "missing_code")
        elif not has_sums:
            expected[unit] = (question, "rejected", "ambiguous_code")
        else:
            expected[unit] = (question, "mapped", "answer" if is_genuine else "missing_code")
    assert found == expected


def test_no_form_says_of_a_code_that_no_code_book_has(tmp_path: Path) -> None:
    """A verdict on one delivery does not apply to the next, so no form states 99."""
    stated = {
        form.form: {*form.numbers.missing, *(c for column in form.columns for c in column.missing.split(";"))}
        for form in FORMS
    }
    assert {form for form, codes in stated.items() if "99" in codes} == set()
