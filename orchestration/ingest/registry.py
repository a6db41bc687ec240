"""Writes the form registry as tables of the schema ``forms``, so that SQL can join it with the raw cells.

Belongs here: the shape of those tables. Does not belong here: checking forms (``forms.registry``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.core.warehouse import replace_tables
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import ColumnMap, Form, code_text, header, tick_text

TABLES: dict[str, pa.Schema] = {
    "forms": pa.schema(
        {
            "form": pa.string(),
            "survey": pa.string(),
            "time_period": pa.int32(),
            "collection_year": pa.int32(),
            "units": pa.string(),
            "non_response": pa.string(),
            "carry_forward": pa.string(),
            "carry_forward_years": pa.int32(),
            "title_nb": pa.string(),
            "title_en": pa.string(),
            "licence": pa.string(),
            "constructed": pa.bool_(),
            "max_shrink": pa.float64(),
            "units_sampled": pa.int32(),
            "respondent": pa.string(),
            # Hash of everything that decides what a delivery means: if it changes, figures may change.
            "sha256": pa.string(),
        }
    ),
    "columns": pa.schema(
        {
            "form": pa.string(),
            "line": pa.int32(),
            "layout": pa.string(),
            "header": pa.string(),
            "use": pa.string(),
            "question": pa.string(),
            "item": pa.string(),
            "answer": pa.string(),
            "target_group": pa.string(),
            "reporting_form": pa.string(),
            "type": pa.string(),
            "unit": pa.string(),
            "wording_nb": pa.string(),
            "population_asked": pa.string(),
            "reason": pa.string(),
            "condition_count": pa.int32(),
            # For boxes: texts with a semicolon before and after each.
            "ticked": pa.string(),
            "not_ticked": pa.string(),
            # For several options in one cell.
            "separator": pa.string(),
            # Whether a file may lack the column; it is not part of the reason.
            "is_optional": pa.bool_(),
        }
    ),
    "conditions": pa.schema({"form": pa.string(), "line": pa.int32(), "header": pa.string(), "text": pa.string()}),
    # A text, or a range with its ends; the ranges of a line do not overlap, and contain none of its texts.
    "missing_texts": pa.schema(
        {"form": pa.string(), "line": pa.int32(), "text": pa.string(), "low": pa.float64(), "high": pa.float64()}
    ),
    "nil_texts": pa.schema({"form": pa.string(), "text": pa.string()}),
    "doubtful_codes": pa.schema({"form": pa.string(), "line": pa.int32(), "text": pa.string()}),
    "options": pa.schema(
        {
            "form": pa.string(),
            "question": pa.string(),
            "code": pa.string(),
            "answer": pa.string(),
            "label_nb": pa.string(),
            "missing_reason": pa.string(),
        }
    ),
    "layouts": pa.schema(
        {
            "form": pa.string(),
            "layout": pa.string(),
            "links_to": pa.string(),
            "link_header": pa.string(),
            "link_by": pa.string(),
            # What a row is: a submission; an answer of one, in a long format; or a part of the unit, which is added up.
            "rows_are": pa.string(),
            "code_pattern": pa.string(),
        }
    ),
    "identifiers": pa.schema(
        {"form": pa.string(), "layout": pa.string(), "role": pa.string(), "priority": pa.int32(), "header": pa.string()}
    ),
    "confirmations": pa.schema({"form": pa.string(), "layout": pa.string(), "text": pa.string()}),
    "statuses": pa.schema({"form": pa.string(), "layout": pa.string(), "status": pa.string(), "meaning": pa.string()}),
    "row_rules": pa.schema(
        {
            "form": pa.string(),
            "layout": pa.string(),
            "rule_order": pa.int32(),
            "reason": pa.string(),
            "header": pa.string(),
            "pattern": pa.string(),
        }
    ),
}


def _meaning_hash(form: Form) -> str:
    """Return a hash of what decides how a delivery is read: not of titles, origin, or line numbers of entries."""
    descriptive = {"title", "reference_period", "origin", "licence", "constructed"}
    meant = form.model_dump(mode="json", exclude=descriptive | {"columns"})
    meant["columns"] = [column.model_dump(mode="json", exclude={"line", "wording_nb"}) for column in form.columns]
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()


def _rows(form: Form) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the rows of one form, each with the name of its table."""
    name = form.form
    yield (
        "forms",
        (
            name,
            form.survey,
            form.time_period,
            form.collection_year,
            form.units,
            form.non_response,
            form.carry_forward,
            form.oldest_carried,
            form.title.nb,
            form.title.en,
            form.licence,
            form.constructed,
            form.max_shrink,
            form.units_sampled,
            form.respondent,
            _meaning_hash(form),
        ),
    )
    for text in sorted({"-", *(" ".join(text.split()) for text in form.numbers.nil)}):
        yield "nil_texts", (name, text)
    for column in form.columns:
        yield (
            "columns",
            (
                name,
                column.line,
                column.sheet,
                header(column.column) or None,
                column.use,
                column.question or None,
                column.item or None,
                column.answer or None,
                column.target_group or None,
                column.reporting_form or None,
                column.type or None,
                column.unit or None,
                column.wording_nb or None,
                column.population_asked or None,
                column.why or None,
                len(column.conditions),
                *_boxes(form, column),
                column.separator_text or None,
                column.optional,
            ),
        )
        for condition, text in column.conditions:
            yield "conditions", (name, column.line, header(condition), header(text))
        missing = MissingValues.stated(form, column)
        for text in sorted(missing.texts):
            yield "missing_texts", (name, column.line, text, None, None)
        for low, high in missing.ranges:
            yield "missing_texts", (name, column.line, None, low, high)
        if column.type == "number" and column.unit == "fte":
            for text in sorted({code_text(text) for text in form.numbers.doubtful}):
                if text not in missing:
                    yield "doubtful_codes", (name, column.line, text)
    for option in form.options:
        yield (
            "options",
            (name, option.question, option.code, option.answer or None, option.label_nb, option.missing_reason or None),
        )
    yield from _layout_rows(form)


def _boxes(form: Form, column: ColumnMap) -> tuple[str | None, str | None]:
    """Return the texts for ticked and for not ticked, each between semicolons."""
    if column.type != "tick":
        return None, None
    ticks = column.ticks(form.ticks)
    ticked, not_ticked = (";".join(["", *map(tick_text, texts), ""]) for texts in (ticks.ticked, ticks.not_ticked))
    return ticked, not_ticked


def _layout_rows(form: Form) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the rows for each layout in form.yml; sheets that share a layout share their columns and rules too."""
    name = form.form
    linked = set()
    long = {column.sheet for column in form.columns if column.conditions}
    for place, sheet in enumerate(form.sheets):
        if sheet.name not in linked:
            linked.add(sheet.name)
            by = None if sheet.link is None else "unit" if sheet.link == "unit" else "submission"
            link_header = header(sheet.link) if by == "submission" and sheet.link else None
            rows_are = "answers" if sheet.name in long else "parts" if sheet.rows == "sum" else "submissions"
            pattern = sheet.unit.code_pattern if sheet.unit is not None else None
            yield "layouts", (name, sheet.name, sheet.links_to, link_header, by, rows_are, pattern)
        if sheet.unit is not None:
            for role in ("code", "name", "part_code", "part_name"):
                for priority, column in enumerate(getattr(sheet.unit, role)):
                    yield "identifiers", (name, sheet.name, role, priority, header(column))
            if sheet.unit.stratum is not None:
                yield "identifiers", (name, sheet.name, "stratum", 0, header(sheet.unit.stratum))
        for role in ("id", "submitted", "status", "confirmed"):
            column = getattr(sheet.submission, role)
            if column is not None:
                yield "identifiers", (name, sheet.name, role, 0, header(column))
        for meaning in ("completed", "not_answered", "not_completed"):
            for status in getattr(sheet.submission, meaning):
                yield "statuses", (name, sheet.name, status, meaning)
        for text in sorted({code_text(text).lower() for text in sheet.submission.confirmed_values}):
            yield "confirmations", (name, sheet.name, text)
        for order, rule in enumerate(sheet.rows_not_data):
            # The same number may be a test respondent in one file and a municipality in the next: the linked row decides.
            if rule.reason == "test_respondent" and sheet.link is not None and header(rule.column) == header(sheet.link):
                continue
            yield "row_rules", (name, sheet.name, 1000 * place + order, rule.reason, header(rule.column), rule.matches)


def load_registry(connection: duckdb.DuckDBPyConnection, forms: list[Form]) -> None:
    """Replace the tables of the schema ``forms``."""
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
    for form in forms:
        for name, row in _rows(form):
            if name == "columns" or row not in rows[name]:  # sheets of the same layout repeat some rows
                rows[name].append(row)
    replace_tables(connection, "forms", TABLES, rows)
