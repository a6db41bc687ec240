"""The variables of a table: its dimensions with their values in order, as in JSON-stat and PX.

Belongs here: variables, their values and labels in both languages, read once per snapshot. Does not belong here: the values
that a request chooses (``selections``), or how a request writes them (``expressions``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, Literal

import duckdb

from orchestration.core.tables import NUMERIC, Column, Dimension, Label, Table
from orchestration.publish.axes import codes_of_level, order_of
from orchestration.publish.formats.cube import AREA_COLUMNS, MEASURE, MEASURE_TITLE, distinct_labels
from orchestration.publish.publication_metadata import Release
from orchestration.serve.published import OpenSnapshot

LEVEL_COLUMN, CODE_COLUMN, NAME_COLUMN = *AREA_COLUMNS, "unit_name"
UNIT, TIME = "unit", "time_period"
COUNTRY = "country"


@dataclass(frozen=True)
class Value:
    """One value of a variable; ``group`` is the level of an area."""

    code: str
    label: Label
    group: str = ""


@dataclass(frozen=True)
class Variable:
    """A variable that rows are chosen by; its codes join the values of ``columns`` by colons. Measures have no columns."""

    name: str
    title: Label
    columns: tuple[str, ...]
    values: tuple[Value, ...]
    role: Literal["time", "geo", "metric"] | None = None
    groups: Mapping[str, Label] | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes in order."""
        return tuple(value.code for value in self.values)

    @property
    def labels(self) -> dict[str, Label]:
        """The labels by code."""
        return {value.code: value.label for value in self.values}

    @property
    def sql(self) -> str:
        """SQL for a row's code of this variable."""
        return " || ':' || ".join(f'"{name}"::varchar' for name in self.columns)


def read_variables(
    connection: duckdb.DuckDBPyConnection, snapshot: OpenSnapshot, table: Table, each: str | None = None
) -> dict[str, Variable]:
    """Return the variables of a table by name; if it has several cubes and ``each`` names one, those of that cube.

    They are read once per snapshot, which does not change.
    """
    return snapshot.remembered(("variables", table.name, each), partial(_read, connection, snapshot, table, each))


def _read(
    connection: duckdb.DuckDBPyConnection, snapshot: OpenSnapshot, table: Table, each: str | None
) -> dict[str, Variable]:
    release = snapshot.release
    found = [_variable(connection, table, release, dimension, each) for dimension in dimensions_of(table)]
    if table.cube is not None:
        values = tuple(Value(name, table.column(name).title) for name in table.cube_measures)
        found.append(Variable(MEASURE, MEASURE_TITLE, (), values, "metric"))
    return {variable.name: variable for variable in found}


def has_figures(table: Table) -> bool:
    """Return whether a table has numeric measures, which could be summed."""
    return any(table.column(name).type in NUMERIC for name in table.measures)


def dimensions_of(table: Table) -> list[Dimension]:
    """Return the dimensions of a table's cube; without a cube those of its key, with level and code as one dimension."""
    if table.cube is not None:
        whole = [Dimension(name=table.cube.each)] if table.cube.each else []
        return [*whole, *table.cube.dimensions]
    found = []
    for name in table.key:
        if name == LEVEL_COLUMN and CODE_COLUMN in table.key:
            label = NAME_COLUMN if NAME_COLUMN in table.column_names else None
            found.append(Dimension(name=UNIT, columns=AREA_COLUMNS, role="geo", label=label))
        elif name != CODE_COLUMN or LEVEL_COLUMN not in table.key:
            found.append(Dimension(name=name, role="time" if name == TIME else None))
    return found


def _variable(
    connection: duckdb.DuckDBPyConnection, table: Table, release: Release, dimension: Dimension, each: str | None
) -> Variable:
    columns = [table.column(name) for name in dimension.code_columns]
    names = ", ".join(f'"{column.name}"' for column in columns)
    newest = f'max_by("{dimension.label}", "{TIME}")' if dimension.label and TIME in table.column_names else "null"
    whole_of = table.cube.each if table.cube else None
    chosen = f' where "{whole_of}" = ?' if whole_of and each is not None and dimension.name != whole_of else ""
    rows = connection.execute(
        f'select {names}, {newest} from "{table.name}"{chosen} group by {names}', [each] if chosen else []
    ).fetchall()
    whole = [row for row in rows if None not in row[:-1]]
    whole.sort(
        key=lambda row: [order_of(part, _listed(columns, release, row, place)) for place, part in enumerate(row[:-1])]
    )
    is_area = dimension.code_columns == AREA_COLUMNS
    return Variable(
        name=dimension.name,
        title=table.column(dimension.label or dimension.code_columns[0]).title,
        columns=dimension.code_columns,
        values=tuple(_distinct_values(columns, release, whole, is_area=is_area)),
        role=dimension.role,
        groups={str(row[0]): release.label(LEVEL_COLUMN, str(row[0])) for row in whole} if is_area else None,
    )


def _distinct_values(
    columns: Sequence[Column], release: Release, rows: Sequence[tuple[Any, ...]], *, is_area: bool
) -> Iterator[Value]:
    """Yield the values; labels that repeat, as of two municipalities with one name, are followed by the code."""
    for group, members in groupby(rows, key=lambda row: str(row[0]) if is_area else ""):
        own = list(members)
        last = [Label(nb=_text(row[-2]), en=_text(row[-2])) for row in own]
        labels = distinct_labels([_label(columns, release, row) for row in own], last)
        for row, label in zip(own, labels, strict=True):
            yield Value(":".join(_text(part) for part in row[:-1]), label, group)


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _listed(columns: Sequence[Column], release: Release, row: Sequence[Any], place: int) -> list[str]:
    """Return the ordered codes that a part of a code is taken from; for an area's code, those of its level."""
    own = release.codes_of(columns[place])
    return list(own or (codes_of_level(release, row[place - 1]) if place else {}))


def _label(columns: Sequence[Column], release: Release, row: Sequence[Any]) -> Label:
    """Return the label of a value: from its code list, from the list of its level, its name, or its code."""
    *parts, name = row
    last = _text(parts[-1])
    if len(parts) == 1:
        return release.label(columns[0].codelist or columns[0].name, last)
    level = str(parts[0])
    listed = codes_of_level(release, level).get(last)
    if level == COUNTRY and name:
        return Label(nb=name, en=release.label(LEVEL_COLUMN, level).en)
    if listed is not None:
        return listed.label
    return Label(nb=name or last, en=name or last)
