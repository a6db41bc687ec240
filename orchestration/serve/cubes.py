"""JSON-stat of requested rows, made by the writer of the snapshot's own files.

Belongs here: which rows and measures form the cube, and whether it is too large. Does not belong here: JSON-stat
(``json_stat``) or cubes (``cube``).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection
from math import prod
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.language import Language
from orchestration.core.tables import Cube, Table
from orchestration.publish.formats import json_stat
from orchestration.serve.answers import NARROW, as_json, limited
from orchestration.serve.limits import Limits, too_many_cells
from orchestration.serve.published import OpenSnapshot
from orchestration.serve.questions import LIMIT, OFFSET, SORT, Question
from orchestration.serve.request_errors import RequestError


def as_json_stat(
    question: Question, given: Collection[str], snapshot: OpenSnapshot, limits: Limits, where: str, language: Language
) -> bytes:
    """Return the rows of a question as one dense cube.

    Args:
        question: its filters choose the rows, its columns the measures; the main measure is always included, because
            statuses refer to it.
        given: names of the parameters that the request has.
        snapshot: where the rows are.
        limits: has the maximum number of cells.
        where: the address.
        language: of titles and labels; Norwegian cubes also have the English ones, as the files do.

    Raises:
        RequestError: the table has no cube, or the rows form no cube, several cubes, or one that is too large.
    """
    table, cube = question.table, question.table.cube
    if cube is None:
        raise RequestError(400, f"{table.name} has no cube", place=where, remedy="ask for json or csv")
    for name in (SORT, LIMIT, OFFSET):
        if name in given:
            raise RequestError(400, f"a cube cannot have {name}", place=where, remedy="leave it out, or ask for json or csv")
    chosen = {column.name for column in question.columns}
    measures = tuple(name for name in table.measures if name in chosen or name == table.measures[0])
    narrowed = table.model_copy(
        update={
            "measures": measures,
            # Measures that were not requested must not become attributes of the others.
            "columns": tuple(each for each in table.columns if each.name in measures or each.name not in table.measures),
        }
    )
    with limited(snapshot, limits, where) as connection, tempfile.TemporaryDirectory() as folder:
        # On this connection, a temporary table hides the published table of the same name from the writer.
        connection.execute(
            f'create temporary table "{table.name}" as select * from main."{table.name}"{question.condition}',
            question.values,
        )
        _check(connection, narrowed, cube, limits, where)
        try:
            json_stat.write(connection, narrowed, snapshot.release, Path(folder))
        except UserError as error:
            raise RequestError(500, error.what, place=where, remedy="ask for json or csv, and tell the operator") from error
        (file,) = Path(folder).rglob("*.json")
        content = json.loads(file.read_bytes())
    content["extension"]["snapshot"] = snapshot.id  # the snapshot's own files cannot contain their id
    if language == "en":
        content = _merged(content, content["extension"].pop("en"))
    return as_json(content)


def _merged(content: Any, over: Any) -> Any:
    """Return an object with the values of another of the same structure replacing its own."""
    if not isinstance(over, dict):
        return over
    return {**content, **{name: _merged(content.get(name, {}), each) for name, each in over.items()}}


def _check(connection: duckdb.DuckDBPyConnection, table: Table, cube: Cube, limits: Limits, where: str) -> None:
    """Refuse rows that do not form exactly one cube within the limits."""
    counted = [", ".join(f'"{name}"' for name in dimension.code_columns) for dimension in cube.dimensions]
    counted += [f'"{cube.each}"'] if cube.each else []
    counts = connection.execute(
        f'select {", ".join(f"count(distinct ({names}))" for names in counted)} from "{table.name}"'
    ).fetchall()[0]
    if not all(counts):
        raise RequestError(404, "no row meets the filters", place=where, remedy="use fewer filters")
    if cube.each and counts[-1] > 1:
        raise RequestError(
            400,
            f"{table.name} has one cube for each value of {cube.each}",
            place=where,
            remedy=f"filter by one value: {cube.each}=...",
        )
    cells = prod(counts) * len(table.cube_measures)
    if cells > limits.cells:
        raise too_many_cells(cells, limits, where, NARROW)
