"""From rows to an answer: JSON, and CSV as in the snapshot's files.

Belongs here: running a question within the limits, and the bytes of the answer. Does not belong here: interpreting requests.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from orchestration.publish.formats.delimited import FORMULA_START
from orchestration.serve.limits import Limits, too_many_cells, too_slow
from orchestration.serve.published import OpenSnapshot
from orchestration.serve.questions import Question
from orchestration.serve.request_errors import RequestError

MEDIA_TYPE_JSON = "application/json"
MEDIA_TYPE_CSV = "text/csv; charset=utf-8; header=present"

NARROW = (
    "filter (time_period=..., unit_level=...), choose columns with select, page with limit and offset, or read the files of "
    "the snapshot"
)

_FORMULA = re.compile(FORMULA_START)


@contextmanager
def limited(snapshot: OpenSnapshot, limits: Limits, where: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection whose queries are stopped when they take too long.

    Raises:
        RequestError: the queries exceeded the limit of time or memory.
    """
    cursor = snapshot.connection.cursor()
    timer = threading.Timer(limits.seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield cursor
    except duckdb.InterruptException as error:
        raise too_slow(limits, where) from error
    except duckdb.OutOfMemoryException as error:
        raise RequestError(413, "the query needs more memory than is allowed", place=where, remedy=NARROW) from error
    finally:
        timer.cancel()
        timer.join()  # a running timer must not interrupt a closed connection
        cursor.close()


def count(question: Question, snapshot: OpenSnapshot, limits: Limits, where: str) -> int:
    """Return how many rows meet the filters of a question."""
    with limited(snapshot, limits, where) as connection:
        counted = connection.execute(question.count_sql, question.values).fetchone()
    return int(counted[0]) if counted else 0


def fetch(question: Question, snapshot: OpenSnapshot, limits: Limits, where: str) -> tuple[list[tuple[Any, ...]], int]:
    """Return the rows of a question, and how many rows meet its filters.

    Raises:
        RequestError: the answer would have too many cells, or takes too long.
    """
    with limited(snapshot, limits, where) as connection:
        counted = connection.execute(question.count_sql, question.values).fetchone()
        total = int(counted[0]) if counted else 0
        cells = question.rows_of(total) * len(question.columns)
        if cells > limits.cells:
            raise too_many_cells(cells, limits, where, NARROW)
        return connection.execute(question.sql, question.values).fetchall(), total


def as_json(content: dict[str, Any]) -> bytes:
    """Return an object as JSON.

    Raises:
        ValueError: it has a number that JSON cannot represent (``as_objects`` turns those into None).
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def as_objects(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return each row as a dictionary by column, with None for numbers that JSON cannot represent."""
    return [dict(zip(names, map(_finite, row), strict=True)) for row in rows]


def as_csv(names: Sequence[str], rows: Sequence[Sequence[Any]], separator: str = ",") -> bytes:
    """Return rows as CSV; with a comma as separator, byte for byte as in the snapshot's files."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", delimiter=separator)
    writer.writerow(names)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv_cell(value: Any) -> Any:
    """Return a value for CSV; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return value
