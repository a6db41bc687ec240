"""Rows of a table in the requested format, and the descriptions of tables for programs.

Belongs here: combining selection, question, wording and format. Does not belong here: each of these, or pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.core.tables import Label, Table
from orchestration.core.texts import load_texts
from orchestration.publish.formats.cube import MEASURE
from orchestration.serve import answers, cubes, questions, workbook
from orchestration.serve.annotations import annotate
from orchestration.serve.answering import DATA, TABLES
from orchestration.serve.expressions import split
from orchestration.serve.limits import Limits, too_many_cells
from orchestration.serve.published import OpenSnapshot
from orchestration.serve.questions import Format, Question
from orchestration.serve.request_errors import RequestError
from orchestration.serve.selections import Selection, address, is_selection, read_selection
from orchestration.serve.table_layout import Tabulated, read_layout, tabulate
from orchestration.serve.variables import read_variables
from orchestration.serve.wording import Wording, read_wording, worded

TEXTS = load_texts("serve", "pages")

LAYOUT = (questions.HEADING, questions.STUB, questions.ORDER)
# A description lists the values of variables with at most this many.
MOST_VALUES = 1_000


@dataclass(frozen=True)
class Found:
    """An answer with rows; ``next_offset`` is the offset of the next page."""

    content: bytes
    media_type: str
    next_offset: int | None = None


def answer_rows(
    snapshot: OpenSnapshot,
    table: Table,
    parameters: Sequence[tuple[str, str]],
    answered_as: Format,
    limits: Limits,
    where: str,
) -> Found:
    """Return rows of a table in a format.

    Raises:
        RequestError: the request is invalid, or the answer too large or too slow.
    """
    given = questions.single(parameters, where)
    wording = read_wording(given, answered_as, where)
    for name in LAYOUT:
        if name in given and (answered_as != "xlsx" or table.cube is None):
            raise RequestError(
                400,
                f"{answered_as} of {table.name} cannot have {name}",
                place=where,
                remedy="leave it out, or ask for its page",
            )
    selection = None
    if any(is_selection(name) for name, _ in parameters):
        with answers.limited(snapshot, limits, where) as connection:
            selection = read_selection(connection, snapshot, table, parameters, where)
    question = questions.parse_question(table, parameters, snapshot.release, where, selection)
    if answered_as == "jsonstat":
        names = {name for name, _ in parameters}
        content = cubes.as_json_stat(question, names, snapshot, limits, where, wording.language)
        return Found(content, answers.MEDIA_TYPE_JSON)
    rows, total = answers.fetch(question, snapshot, limits, where)
    columns, texts = worded(question.columns, rows, snapshot.release, wording)
    names_of = [column.name for column in columns]
    if answered_as == "csv":
        content = answers.as_csv(names_of, texts, wording.separator)
        return Found(content, answers.MEDIA_TYPE_CSV, question.next_offset(total))
    if answered_as == "xlsx":
        cells = len(texts) * len(columns)
        if cells > limits.workbook_cells:
            raise too_many_cells(cells, limits, where, "ask for csv, or choose fewer values", limits.workbook_cells)
        own_address = address(where, parameters)
        tabulated = _tabulated(snapshot, table, selection, given, question, rows, wording, where)
        lines = [(TEXTS["address"], Label(nb=own_address, en=own_address))]
        content = workbook.as_workbook(snapshot, table, columns, texts, lines, wording.language, tabulated)
        return Found(content, questions.XLSX, question.next_offset(total))
    next_offset = question.next_offset(total)
    rest = [(name, value) for name, value in parameters if name != questions.OFFSET]
    answer = {
        **snapshot.identity,
        "table": table.name,
        "total_rows": total,
        "offset": question.offset,
        "next": address(where, [*rest, (questions.OFFSET, str(next_offset))]) if next_offset is not None else None,
        "columns": [{"name": column.name, "type": column.type} for column in columns],
        "rows": answers.as_objects(names_of, texts),
        **annotate(snapshot, table, [column.name for column in question.columns], rows),
    }
    return Found(answers.as_json(answer), answers.MEDIA_TYPE_JSON, next_offset)


def _tabulated(
    snapshot: OpenSnapshot,
    table: Table,
    selection: Selection | None,
    given: dict[str, str],
    question: Question,
    rows: Sequence[Sequence[Any]],
    wording: Wording,
    where: str,
) -> Tabulated | None:
    """Return rows in the page's layout; None if the request has no layout, or asks for less than a whole table."""
    if selection is None or not any(name in given for name in LAYOUT) or question.limit is not None or question.offset:
        return None
    names = [column.name for column in question.columns]
    if not {name for variable in selection.variables.values() for name in variable.columns} <= set(names):
        return None
    return tabulate(selection, read_layout(selection, given, where), names, rows, snapshot.release, wording.language)


def list_in_short(snapshot: OpenSnapshot) -> dict[str, Any]:
    """Return a short description of all tables."""
    return {**snapshot.identity, "tables": [_in_short(table, snapshot) for table in snapshot.tables.values()]}


def _in_short(table: Table, snapshot: OpenSnapshot) -> dict[str, Any]:
    return {
        "table": table.name,
        "title": table.title.model_dump(),
        "key": list(table.key),
        "measures": list(table.measures),
        "columns": list(table.column_names),
        "rows": snapshot.rows[table.name],
        "formats": [each for each in questions.OF_ROWS if each != "jsonstat" or table.cube is not None],
        "data": f"{TABLES}/{table.name}/{DATA}",
    }


def describe_table(table: Table, snapshot: OpenSnapshot, limits: Limits, where: str) -> dict[str, Any]:
    """Return the full description of a table, with the codes of its code lists and the variables of selections."""
    codes = {
        column.name: [
            {"code": code, "label": found.label.model_dump()} for code, found in snapshot.release.codes_of(column).items()
        ]
        for column in table.columns
        if column.codelist
    }
    with answers.limited(snapshot, limits, where) as connection:
        variables = read_variables(connection, snapshot, table)
    described = table.model_dump(mode="json", exclude_none=True, exclude={"made_by"})
    return {
        **snapshot.identity,
        **_in_short(table, snapshot),
        **described,
        "codes": codes,
        "variables": [
            {
                "code": variable.name,
                "title": variable.title.model_dump(),
                "role": variable.role,
                "count": len(variable.values),
                "codelists": [
                    {"id": group, "label": label.model_dump()} for group, label in (variable.groups or {}).items()
                ],
                "values": [{"code": value.code, "label": value.label.model_dump()} for value in variable.values]
                if len(variable.values) <= MOST_VALUES
                else None,
            }
            for variable in variables.values()
        ],
    }


def describe_start(table: Table, snapshot: OpenSnapshot, limits: Limits, where: str) -> dict[str, Any]:
    """Return the default selection of a table in the form of PxWebApi 2, and what it leaves out."""
    with answers.limited(snapshot, limits, where) as connection:
        selection = read_selection(connection, snapshot, table, [], where, whole=True)
    layout = read_layout(selection, {}, where)
    return {
        **snapshot.identity,
        "table": table.name,
        "selection": [{"variableCode": name, "valueCodes": split(text, where)} for name, text in selection.written.items()],
        "placement": {"heading": list(layout.heading), "stub": list(layout.stub)},
        "left_out": {name: list(codes) for name, codes in selection.left_out().items() if name != MEASURE},
        "data": address(f"{TABLES}/{table.name}/{DATA}", selection.parameters()),
    }
