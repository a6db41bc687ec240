"""From the parameters of a request to a question that DuckDB answers: filters, columns, order, page.

Belongs here: strict reading of parameters, and the resulting SQL. Does not belong here: selections by values
(``selections``), labels (``wording``), formats of answers.

Every name in the SQL comes from a table's description and every value is a parameter, so that no part of a request becomes
SQL.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from orchestration.core.tables import Column, Table
from orchestration.publish.publication_metadata import Release
from orchestration.serve.request_errors import RequestError
from orchestration.serve.selections import Selection, is_selection

Format = Literal["json", "csv", "jsonstat", "xlsx", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)
# Formats of rows, of answers to SQL, and of pages.
OF_ROWS: tuple[Format, ...] = ("json", "csv", "jsonstat", "xlsx")
OF_SQL: tuple[Format, ...] = ("json", "csv")
OF_PAGES: tuple[Format, ...] = ("html", "json")

# Parameters other than columns; a column with such a name cannot be filtered.
SELECT, SORT, LIMIT, OFFSET, FORMAT, SQL = "select", "sort", "limit", "offset", "format", "sql"
WORDING, LANGUAGE, HEADING, STUB, ORDER = "outputFormatParams", "lang", "heading", "stub", "order"
RESERVED = (SELECT, SORT, LIMIT, OFFSET, FORMAT, WORDING, LANGUAGE, HEADING, STUB, ORDER)
# The names of PxWebApi 2, in any case.
_ALIASES = {"outputformat": FORMAT, **{name.lower(): name for name in (WORDING, LANGUAGE, HEADING, STUB)}}
_FORMAT_ALIASES: dict[str, Format] = {"json-stat2": "jsonstat"}

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES: dict[str, Format] = {
    "application/json": "json",
    "text/csv": "csv",
    XLSX: "xlsx",
    "text/html": "html",
    "application/xhtml+xml": "html",
}

# The bits of DuckDB's INTEGER and BIGINT, without the sign.
INTEGER_BITS = {"INTEGER": 31, "BIGINT": 63}

MANY = 20


@dataclass(frozen=True)
class Question:
    """A query of a table: its condition, columns, order and page."""

    table: Table
    columns: tuple[Column, ...]
    condition: str
    values: tuple[Any, ...]
    order_by: str
    limit: int | None
    offset: int

    @property
    def count_sql(self) -> str:
        """SQL that counts all rows that meet the filters."""
        return f'select count(*) from "{self.table.name}"{self.condition}'

    @property
    def sql(self) -> str:
        """SQL that returns the page."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        page = (f" limit {self.limit}" if self.limit is not None else "") + (f" offset {self.offset}" if self.offset else "")
        return f'select {names} from "{self.table.name}"{self.condition} order by {self.order_by}{page}'

    def next_offset(self, total: int) -> int | None:
        """Return the offset of the next page; None if this is the last one."""
        end = self.offset + (self.limit or 0)
        return end if self.limit and end < total else None

    def rows_of(self, total: int) -> int:
        """Return how many of the rows that meet the filters are on the page."""
        rest = max(total - self.offset, 0)
        return rest if self.limit is None else min(rest, self.limit)


def by_name(parameters: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return parameters with this service's names for them."""
    return [(_ALIASES.get(name.lower(), name), value) for name, value in parameters]


def single(parameters: Sequence[tuple[str, str]], where: str) -> dict[str, str]:
    """Return the parameters other than filters.

    Raises:
        RequestError: one is given twice.
    """
    found: dict[str, str] = {}
    for name, value in parameters:
        if name in RESERVED:
            if name in found:
                raise RequestError(400, f"{name} is given twice", place=where, remedy="give it once, with commas")
            found[name] = value
    return found


def choose_format(asked: str | None, accepted: str, where: str, known: Sequence[Format]) -> Format:
    """Return the format that the parameter names, or else the best available one of the header ``Accept``.

    Raises:
        RequestError: the format does not exist, or no accepted one is available.
    """
    if asked is not None:
        found = _FORMAT_ALIASES.get(asked.lower(), asked)
        for each in known:
            if found == each:
                return each
        raise RequestError(400, f"there is no format {asked[:60]!r}", place=where, remedy=f"formats are {', '.join(known)}")
    weighed = []
    for place, part in enumerate(accepted.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            weighed.append((-float(weight), place, name))
        except ValueError:
            continue
    for weight_below_zero, _, name in sorted(weighed):
        if not weight_below_zero:
            continue
        if MEDIA_TYPES.get(name) in known:
            return MEDIA_TYPES[name]
        if name in ("", "*/*", "application/*"):
            return "json"
        if name == "text/*":
            return "csv" if "csv" in known else "html"
    given = [name for name, each in MEDIA_TYPES.items() if each in known]
    raise RequestError(
        406,
        "none of the accepted media types is available",
        place=where,
        remedy=f"accept {' or '.join(given)}, or name a format: {', '.join(known)}",
    )


def parse_question(
    table: Table,
    parameters: Sequence[tuple[str, str]],
    release: Release,
    where: str,
    selection: Selection | None = None,
) -> Question:
    """Return the question that the parameters ask of a table.

    A filter is a column with one or several values, separated by commas or given repeatedly; it chooses the rows that have
    one of them. Double quotes enclose a value that contains a comma; an empty value means a missing one.

    Raises:
        RequestError: a column or code is unknown, or a value does not have the column's type; the message says what is
            allowed.
    """
    filters: dict[str, list[str]] = {}
    given_once = single(parameters, where)
    for name, value in parameters:
        if name not in RESERVED and not is_selection(name):
            filters.setdefault(_column(table, name, where).name, []).extend(_split(value, where))
    chosen = selection.conditions() if selection is not None else []
    conditions = [text for text, _ in chosen]
    values: list[Any] = [value for _, each in chosen for value in each]
    for name, texts in filters.items():
        column = table.column(name)
        given = [_value(column, text, release, where) for text in dict.fromkeys(texts)]
        present = [value for value in given if value is not None]
        parts = [f'"{name}" in ({", ".join("?" for _ in present)})'] if present else []
        parts += [f'"{name}" is null'] if len(present) < len(given) else []
        conditions.append(f"({' or '.join(parts)})")
        values += present
    return Question(
        table=table,
        columns=_selected(table, given_once.get(SELECT), selection.measures if selection is not None else None, where),
        condition=f" where {' and '.join(conditions)}" if conditions else "",
        values=tuple(values),
        order_by=_order(table, given_once.get(SORT), where),
        limit=_whole(given_once.get(LIMIT), LIMIT, where),
        offset=_whole(given_once.get(OFFSET), OFFSET, where) or 0,
    )


def fingerprint(path: str, parameters: Iterable[tuple[str, str]], answered_as: str) -> str:
    """Return a short hash that identifies a question."""
    text = "\n".join([path, answered_as, *(f"{len(name)} {name}={value}" for name, value in sorted(parameters))])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _split(text: str, where: str) -> list[str]:
    """Return the values between commas; quoting is that of CSV."""
    if not text:
        return [""]
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise RequestError(
            400, f"a quote is not closed ({error})", place=where, remedy='write a value with a comma as "a, b"'
        ) from error
    return [value for row in rows for value in row]


def _column(table: Table, name: str, where: str) -> Column:
    if name not in table.column_names:
        raise RequestError(
            400,
            f"{table.name} has no column {name[:60]!r}",
            place=where,
            remedy=f"columns are {', '.join(table.column_names)}",
        )
    return table.column(name)


def _value(column: Column, text: str, release: Release, where: str) -> Any:
    """Return a value of the column's type; None for a missing one."""
    if not text:
        return None
    problem = f"{column.name} cannot be {text[:60]!r}"
    if column.type in INTEGER_BITS:
        digits = text.removeprefix("-")
        # Check the number of digits first: Python raises an error of its own for very long numbers.
        if (
            digits.isascii()
            and digits.isdecimal()
            and len(digits) < MANY
            and -1 <= int(text) >> INTEGER_BITS[column.type] <= 0
        ):
            return int(text)
        raise RequestError(400, problem, place=where, remedy="give a whole number")
    if column.type == "DOUBLE":
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise RequestError(400, problem, place=where, remedy="give a number with a decimal point")
        return number
    if column.type == "BOOLEAN":
        if text not in ("true", "false"):
            raise RequestError(400, problem, place=where, remedy="give true or false")
        return text == "true"
    known = release.codes_of(column) if column.codelist else {}
    if known and text not in known:
        some = ", ".join(list(known)[:MANY]) + (f" and {len(known) - MANY} more" if len(known) > MANY else "")
        raise RequestError(400, problem, place=where, remedy=f"its codes are {some}")
    return text


def _selected(table: Table, text: str | None, measures: tuple[str, ...] | None, where: str) -> tuple[Column, ...]:
    """Return the columns of the answer: those that the request names, or all except measures that it did not choose."""
    if text is not None and measures is not None:
        raise RequestError(
            400, f"both {SELECT} and the measures choose columns", place=where, remedy=f"leave out {SELECT} or the measures"
        )
    if text is not None:
        return tuple(_column(table, name.strip(), where) for name in dict.fromkeys(text.split(",")))
    left = set(table.cube_measures) - set(measures if measures is not None else table.cube_measures)
    return tuple(column for column in table.columns if column.name not in left)


def _order(table: Table, text: str | None, where: str) -> str:
    """Return the order: as requested, then as in the files, so that pages never overlap."""
    parts = []
    for name in (text or "").split(",") if text else []:
        column = _column(table, name.strip().removeprefix("-"), where)
        parts.append(f'"{column.name}" desc nulls last' if name.strip().startswith("-") else f'"{column.name}" nulls first')
    return ", ".join([*parts, table.order_by])


def _whole(text: str | None, name: str, where: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < MANY - 1):
        raise RequestError(400, f"{name} is {text[:60]!r}", place=where, remedy="give a whole number that is not negative")
    return int(text)
