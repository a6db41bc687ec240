"""Conditions on rows, ``key=value``: reading them, and suggesting the nearest ones if no row meets them.

Belongs here: keys and values as typed by users. Does not belong here: what is behind a row (``explain``). It is
imported where a shell completes keys, so it imports little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orchestration.core.errors import UserError
from orchestration.core.suggestions import suggest

if TYPE_CHECKING:
    import duckdb

ANSWERS = "answers"

# Columns that conditions on answers can use.
ANSWER_KEYS = (
    "form",
    "survey",
    "time_period",
    "unit_code",
    "question",
    "item",
    "target_group",
    "reporting_form",
    "file",
    "sheet",
    "row_number",
    "column_number",
    "fate",
)

# How many values of a column an error lists.
VALUES_SHOWN = 6


def name_of_table(name: str, tables: Sequence[str]) -> str:
    """Return the table with a name, or whose name begins with it.

    Raises:
        UserError: there is no such table, or there are several; the message suggests tables.
    """
    found = [each for each in tables if each == name] or [each for each in tables if each.startswith(name)]
    if len(found) == 1:
        return found[0]
    raise UserError(
        f"there is no table {name!r}{suggest(name, tables)}" if not found else f"{name!r} may be {', '.join(found)}",
        place="explain",
        remedy=f"name one of {', '.join(tables)}",
    )


def parse_conditions(conditions: Sequence[str], keys: Sequence[str], place: str) -> dict[str, str]:
    """Return ``key=value`` words as a dictionary; a unique beginning of a key is enough.

    Raises:
        UserError: a word is not a condition, or its key is unknown or not unique.
    """
    result: dict[str, str] = {}
    for condition in conditions:
        name, is_there, value = condition.partition("=")
        fitting = [key for key in keys if key == name] or [key for key in keys if key.startswith(name)]
        if not is_there:
            raise UserError(
                f"{condition!r} is not a condition", place=place, remedy=f"write column=value, with one of {', '.join(keys)}"
            )
        if len(fitting) != 1:
            several = f"{name!r} may be {', '.join(fitting)}"
            what = several if fitting else f"there is no column {name!r}{suggest(name, keys)}"
            raise UserError(what, place=place, remedy=f"name one of {', '.join(keys)}")
        result[fitting[0]] = value
    return result


def where(conditions: Mapping[str, str]) -> str:
    """Return the conditions as SQL with a question mark for each value; without conditions, it is true for every row."""
    return " and ".join(f'cast("{name}" as varchar) = ?' for name in conditions) or "true"


def nothing_found(
    connection: duckdb.DuckDBPyConnection, relation: str, conditions: Mapping[str, str], place: str, of_what: str
) -> UserError:
    """Return the error that no row of a relation meets the conditions, with suggestions.

    Args:
        connection: reads the relation.
        relation: a table, or a query in brackets, that has a column for each key.
        conditions: at least one.
        place: where they were given.
        of_what: what a row is called in the message.
    """
    for name, value in conditions.items():
        there = _values(connection, relation, name, {})
        if value not in there:
            # Prefer values from rows that meet the other conditions.
            others = {other: each for other, each in conditions.items() if other != name}
            left = _values(connection, relation, name, others) or there
            return UserError(
                f"no {of_what} has {name}={value}{_nearest(value, left)}", place=place, remedy="correct the value"
            )
    return _no_combination(connection, relation, conditions, place, of_what)


def _values(connection: duckdb.DuckDBPyConnection, relation: str, name: str, conditions: Mapping[str, str]) -> list[str]:
    """Return the values of a column in the rows that meet the conditions."""
    condition = f'"{name}" is not null and {where(conditions)}'
    rows = connection.execute(
        f'select distinct cast("{name}" as varchar) from {relation} where {condition} order by 1', list(conditions.values())
    ).fetchall()
    return [str(value) for (value,) in rows]


def _no_combination(
    connection: duckdb.DuckDBPyConnection, relation: str, conditions: Mapping[str, str], place: str, of_what: str
) -> UserError:
    """Return the error for values that all exist but not together: it names the smallest sets of conditions to drop."""
    names = list(conditions)
    meets = ", ".join(f'coalesce(cast("{name}" as varchar) = ?, false)' for name in names)
    patterns: Counter[tuple[bool, ...]] = Counter()
    for *pattern, count in connection.execute(
        f"select {meets}, count(*) from {relation} group by all", list(conditions.values())
    ).fetchall():
        patterns[tuple(pattern)] += count
    most = max(map(sum, patterns))
    # The patterns that meet most conditions, those with most rows first.
    nearest = sorted(
        ((count, pattern) for pattern, count in patterns.items() if sum(pattern) == most),
        key=lambda each: (-each[0], each[1]),
    )
    alternatives = []
    for count, met in nearest:
        failing = [name for name, is_met in zip(names, met, strict=True) if not is_met]
        dropped = " and ".join(f"{name}={conditions[name]}" for name in failing)
        found = f"{count} without {dropped}"
        if len(failing) == 1:
            rest = {name: value for name, value in conditions.items() if name != failing[0]}
            there = _values(connection, relation, failing[0], rest) or ["empty"]
            found += f" ({failing[0]} is {_several(there)} there)"
        alternatives.append(found)
    return UserError(
        f"no {of_what} meets {'both' if len(names) == 2 else f'all {len(names)}'} conditions, "
        f"but {', '.join(alternatives[:VALUES_SHOWN])}",
        place=place,
        remedy="change or leave out that condition"
        if len(alternatives) == 1
        else "change or leave out one of these conditions",
    )


def _nearest(value: str, there: Sequence[str]) -> str:
    """Return the likely meaning of a misspelt value, or else some of the existing values, as text for the message."""
    if not there:
        return ", the column is empty"
    # For a code or a year, suggest the numerically nearest one with as many digits.
    alike = [each for each in there if len(each) == len(value) and each.isdecimal()] if value.isdecimal() else []
    if alike:
        return f"; nearest is {min(alike, key=lambda each: abs(int(each) - int(value)))!r}"
    return suggest(value, there) or f", the values are {_several(there)}"


def _several(values: Sequence[str]) -> str:
    more = len(values) - VALUES_SHOWN
    return ", ".join(values[:VALUES_SHOWN]) + (f" and {more} more" if more > 0 else "")
