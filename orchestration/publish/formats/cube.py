"""Dense cubes: what is shared by the formats that hold a table as a cube.

Belongs here: a table's dimensions with codes and labels, the one status of a cell, and the breaks of a series. Does not
belong here: what holds for every cube (``publish.axes``), and how a format writes one down (``json_stat``, ``px``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from orchestration.core.errors import UserError
from orchestration.core.tables import STATUS_COLUMN, Column, Cube, Dimension, Label, Table
from orchestration.core.texts import load_texts
from orchestration.publish.axes import Order, Value, cells_of, codes_of_level, order_of
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import BREAK_COLUMN, moved_text

TEXTS = load_texts("publish", "cubes")

# The dimension of a cube that consists of its measures, and its title.
MEASURE = "measure"
MEASURE_TITLE = TEXTS["measure"]

# The columns of a dimension of areas.
AREA_COLUMNS = ("unit_level", "unit_code")
# The status that a format with one status shows at a break, and the one that this replaces in most rows.
BREAK = "B"
NORMAL = "A"
# Status of a further measure that is empty where the main one is not: the contract has a rate for some areas only.
CANNOT_EXIST = "M"


@dataclass(frozen=True)
class Axis:
    """One dimension of a cube.

    ``qualifiers`` distinguish codes with equal labels; ``attributes`` are columns that a code decides, with one value per
    code.
    """

    dimension: Dimension
    title: Label
    codes: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    qualifiers: tuple[Label, ...] = ()
    attributes: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the dimension."""
        return self.dimension.name


@dataclass(frozen=True)
class DenseCube:
    """A table, or its rows with one value of ``cube.each``.

    ``positions`` has an array for each axis: the place of each row's code. ``rows`` has the columns that the writer
    requested.
    """

    table: Table
    value: str | None
    axes: tuple[Axis, ...]
    positions: tuple[NDArray[np.int64], ...]
    rows: pa.Table

    @property
    def size(self) -> int:
        """Number of combinations of codes."""
        return prod(len(axis.codes) for axis in self.axes)

    def cells(self, order: Sequence[int] | None = None) -> NDArray[np.int64]:
        """Return each row's place in row-major order of the axes, or of the axes in another order."""
        axes = range(len(self.axes)) if order is None else order
        return cells_of([self.positions[axis] for axis in axes], [len(self.axes[axis].codes) for axis in axes])

    def spread(self, column: str, cells: NDArray[np.int64], absent: str) -> Any:
        """Return a column of texts with one element per cell, ``absent`` where the table has no row."""
        places: NDArray[np.int64] = np.full(self.size, -1, dtype=np.int64)
        places[cells] = np.arange(len(cells))
        texts = self.rows.column(column).combine_chunks()
        return pc.fill_null(texts.take(pa.array(places, mask=places < 0)), absent)


def joined(texts: Any, separator: str) -> Any:
    """Return the buffer of an array's texts, joined, without making Python objects."""
    return pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), separator)[0].as_buffer()


def described(table: Table) -> Cube:
    """Return the table's description as a cube; only tables that have one are written as cubes."""
    assert table.cube is not None, f"{table.name} is described as no cube"
    return table.cube


def shown_status(table: Table) -> str:
    """Return SQL for the one status of a row: a break before everything else."""
    if BREAK_COLUMN not in table.column_names:
        return f'"{STATUS_COLUMN}"'
    return f"""case when "{BREAK_COLUMN}" then '{BREAK}' else "{STATUS_COLUMN}" end"""


def measure_status(table: Table, measure: str, of_row: str) -> str:
    """Return SQL for the status of a measure, given the SQL of its row's status, which is about the main measure."""
    main = table.measures[0]
    if measure == main:
        return of_row
    return f"""case when "{measure}" is null and "{main}" is not null then '{CANNOT_EXIST}' else {of_row} end"""


def status_labels(table: Table, release: Release) -> dict[str, Label]:
    """Return the labels of the statuses that a cell of the table may have."""
    labels = {status: release.label(STATUS_COLUMN, status) for status in (*table.statuses, CANNOT_EXIST)}
    if BREAK_COLUMN in table.column_names:
        labels[BREAK] = table.column(BREAK_COLUMN).title
    return labels


def further_columns(table: Table) -> list[str]:
    """Return the remaining columns: not codes, labels, attributes, measures, the status or its break."""
    cube = described(table)
    held = {STATUS_COLUMN, BREAK_COLUMN, *table.cube_measures, *([cube.each] if cube.each else [])}
    for dimension in cube.dimensions:
        held.update(dimension.code_columns, dimension.attributes, [dimension.label] if dimension.label else [])
    return [name for name in table.column_names if name not in held]


def distinct_labels(labels: Sequence[Label], qualifiers: Sequence[Label]) -> list[Label]:
    """Return unique labels: a label that several codes share gets a qualifier."""
    return [
        Label(nb=nb, en=en)
        for nb, en in zip(
            _distinct([label.nb for label in labels], [qualifier.nb for qualifier in qualifiers]),
            _distinct([label.en for label in labels], [qualifier.en for qualifier in qualifiers]),
            strict=True,
        )
    ]


def _distinct(texts: list[str], qualifiers: list[str]) -> list[str]:
    times = Counter(texts)
    return [text if times[text] == 1 else f"{text} ({qualifier})" for text, qualifier in zip(texts, qualifiers, strict=True)]


def read_breaks(connection: duckdb.DuckDBPyConnection, release: Release) -> dict[str, list[tuple[str, Label]]]:
    """Return the year and text of each break, by the table or indicator that it concerns."""
    rows = connection.execute(
        "select indicator, time_period, kind, description_nb, description_en from series_breaks order by all"
    ).fetchall()
    breaks: dict[str, list[tuple[str, Label]]] = {}
    for indicator, year, kind, nb, en in rows:
        label = release.label("break_kind", kind)
        kinds = Label(nb=label.nb.lower(), en=label.en.lower())
        text = Label(
            nb=TEXTS["break"].nb.format(kind=kinds.nb, text=nb), en=TEXTS["break"].en.format(kind=kinds.en, text=en)
        )
        breaks.setdefault(indicator, []).append((str(year), text))
    return breaks


def breaks_of(cube: DenseCube, breaks: Mapping[str, list[tuple[str, Label]]]) -> dict[str, list[Label]]:
    """Return the breaks of a cube by year: those of its table, of its indicator, and of the indicators among its codes."""
    indicators = [axis for axis in cube.axes if axis.name == "indicator"]
    concerned = [
        cube.table.name,
        *([cube.value] if cube.value else []),
        *(code for axis in indicators for code in axis.codes),
    ]
    by_year: dict[str, list[Label]] = {}
    for indicator in concerned:
        for year, text in breaks.get(indicator, []):
            by_year.setdefault(year, []).append(text)
    return dict(sorted(by_year.items()))


def notes_of_codes(
    axis: Axis, breaks: Mapping[str, list[Label]], moved: Mapping[tuple[str, str], list[tuple[int, Label]]]
) -> dict[str, list[Label]]:
    """Return the notes of codes of a dimension: breaks between years, and areas whose boundaries moved.

    Args:
        axis: the dimension.
        breaks: the breaks of the cube by year.
        moved: the years in which areas moved, and how, by level and code.
    """
    if axis.dimension.role == "time":
        return {year: texts for year, texts in breaks.items() if year in axis.codes}
    if axis.dimension.code_columns != AREA_COLUMNS:
        return {}
    moved_texts = {":".join(area): [moved_text(*each) for each in found] for area, found in moved.items()}
    return {code: moved_texts[code] for code in axis.codes if code in moved_texts}


def read_cubes(
    connection: duckdb.DuckDBPyConnection, table: Table, release: Release, columns: Mapping[str, str]
) -> Iterator[DenseCube]:
    """Yield the table's cube, or its cubes in the order of the values of ``cube.each``.

    Args:
        connection: its default schema has the table.
        table: a table with a cube.
        release: labels and the order of codes.
        columns: names and SQL of the columns that ``rows`` shall have.

    Raises:
        UserError: an attribute is not decided by its code, a code is empty or a key comes twice, a status is empty, or a
            measure is no finite number.
    """
    _check_cells(connection, table)
    cube = described(table)
    axes = [_axes(connection, table, release, dimension) for dimension in cube.dimensions]
    values: list[str | None] = sorted(axes[0], key=str) if cube.each else [None]
    rows = _rows(connection, table, columns, axes, values)
    starts = np.searchsorted(rows.column("cube").to_numpy(), np.arange(len(values) + 1)).tolist()
    for value, (start, end) in zip(values, pairwise(starts), strict=True):
        own = rows.slice(start, end - start)
        dense = DenseCube(
            table=table,
            value=value,
            axes=tuple(
                found.get(value)
                or Axis(dimension, _title(table, dimension), attributes=dict.fromkeys(dimension.attributes, ()))
                for dimension, found in zip(cube.dimensions, axes, strict=True)
            ),
            positions=tuple(own.column(f"position_{place}").to_numpy() for place in range(len(axes))),
            rows=own.select(list(columns)),
        )
        cells = dense.cells()
        if len(np.unique(cells)) < len(cells):
            raise UserError(
                f"has several rows of one key{f' where {cube.each} is {value}' if cube.each else ''}",
                place=table.name,
                remedy="correct the model, or add the column that tells them apart to the key and to the cube",
            )
        yield dense


def _check_cells(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Refuse rows that no cube could hold without changing their meaning."""
    conditions = {f"{name} is empty": f'"{name}" is null' for name in (STATUS_COLUMN, described(table).each) if name}
    for name in table.cube_measures:
        conditions[f"{name} is no finite number"] = f'not isfinite("{name}"::double)'
    counts = connection.execute(
        f"""select {", ".join(f"count(*) filter ({condition})" for condition in conditions.values())} from "{table.name}" """
    ).fetchall()[0]
    for what, count in zip(conditions, counts, strict=True):
        if count:
            raise UserError(
                f"{what} in {count} rows", place=table.name, remedy="correct the model; a cube cannot contain such a cell"
            )


def _title(table: Table, dimension: Dimension) -> Label:
    """Return the title of a dimension: of its column, or of the column that names its codes."""
    return table.column(dimension.label or dimension.code_columns[0]).title


def _axes(
    connection: duckdb.DuckDBPyConnection, table: Table, release: Release, dimension: Dimension
) -> dict[str | None, Axis]:
    """Return a dimension's codes in order, by value of ``cube.each``."""
    each = described(table).each
    names = [*dimension.code_columns, *dimension.attributes]
    found = connection.execute(
        f"""
        select {f'"{each}"' if each else "null"}, {_label_of_newest(table, dimension)},
            {", ".join(_decided(dimension, name) for name in names)}
        from "{table.name}"
        group by all
        """
    ).fetchall()
    members: dict[str | None, list[tuple[str | None, tuple[Value, ...]]]] = {}
    for value, label, *rest in found:
        members.setdefault(value, []).append((label, tuple(rest)))
    return {value: _axis(table, release, dimension, rows) for value, rows in members.items()}


def _decided(dimension: Dimension, name: str) -> str:
    """Return SQL for an attribute of a code: its value, or the name for several where the rows of a code differ."""
    several = dimension.several.get(name)
    if several is None:
        return f'"{name}"'
    return f"""case when count(distinct "{name}") > 1 then '{several}' else max("{name}") end"""


def _label_of_newest(table: Table, dimension: Dimension) -> str:
    """Return SQL for the name of a code in the newest year in which it occurs."""
    if dimension.label is None:
        return "null"
    years = [name for each in described(table).dimensions if each.role == "time" for name in each.code_columns]
    return f'max_by("{dimension.label}", row({_listed([*years, dimension.label])}))'


def _axis(table: Table, release: Release, dimension: Dimension, members: list[tuple[str | None, tuple[Value, ...]]]) -> Axis:
    """Return a dimension whose members are a name, the parts of a code, and its attributes."""
    width = len(dimension.code_columns)
    columns = [table.column(name) for name in dimension.code_columns]
    members = sorted(members, key=lambda member: _order(columns, release, member[1][:width]))
    parts = [values[:width] for _, values in members]
    codes = [":".join(str(part) for part in each) for each in parts]
    for code, each in zip(codes, parts, strict=True):
        if None in each:
            raise UserError(
                f"a row has no code in the dimension {dimension.name} ({code})",
                place=table.name,
                remedy="correct the model; a column of the key is never empty",
            )
    for code, following in pairwise(codes):
        if code == following:
            raise UserError(
                f"{' or '.join(dimension.attributes) or 'the code'} is not determined by {dimension.name} {code!r}",
                place=table.name,
                remedy=f"correct the model, or make it a dimension of its own in data/metadata/{table.name}.yml",
            )
    return Axis(
        dimension=dimension,
        title=_title(table, dimension),
        codes=tuple(codes),
        labels=tuple(
            _label(columns, release, dimension, part, name) for part, (name, _) in zip(parts, members, strict=True)
        ),
        qualifiers=tuple(_qualifier(columns, release, part) for part in parts),
        attributes={
            name: tuple(values[width + place] for _, values in members) for place, name in enumerate(dimension.attributes)
        },
    )


def _codes(columns: Sequence[Column], release: Release, parts: Sequence[Value], place: int) -> Collection[str]:
    """Return the codes, in order, of the list that a part of a code is in: the column's, or that of its level of area."""
    listed = release.codes_of(columns[place])
    return listed or (codes_of_level(release, parts[place - 1]) if place else {})


def _order(columns: Sequence[Column], release: Release, parts: Sequence[Value]) -> tuple[Order, ...]:
    """Return the sort key of a code: its place in the code list; without one, the code itself."""
    return tuple(order_of(part, _codes(columns, release, parts, place)) for place, part in enumerate(parts))


def _label(
    columns: Sequence[Column], release: Release, dimension: Dimension, parts: Sequence[Value], name: str | None
) -> Label:
    """Return the label of a code: its name, in English from the code list of its level; else those of its parts."""
    if dimension.label is not None:
        nb = (name or "").strip() or str(parts[-1])
        listed = codes_of_level(release, parts[0]).get(str(parts[-1]))
        return Label(nb=nb, en=listed.label.en if listed else nb)
    labels = [release.label(column.codelist or column.name, str(part)) for column, part in zip(columns, parts, strict=True)]
    return Label(nb=", ".join(label.nb for label in labels), en=", ".join(label.en for label in labels))


def _qualifier(columns: Sequence[Column], release: Release, parts: Sequence[Value]) -> Label:
    """Return the qualifier of a code whose label is not unique: the code, after the label of its level."""
    code = " ".join(str(part) for part in (parts[1:] or parts))
    if len(parts) == 1:
        return Label(nb=code, en=code)
    level = release.label(columns[0].codelist or columns[0].name, str(parts[0]))
    return Label(nb=f"{level.nb} {code}", en=f"{level.en} {code}")


def _rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    columns: Mapping[str, str],
    axes: Sequence[Mapping[str | None, Axis]],
    values: Sequence[str | None],
) -> pa.Table:
    """Return the rows with the place of their cube and of their codes, ordered by cube."""
    cube = described(table)
    each = [cube.each] if cube.each else []
    names = [*each, *(name for dimension in cube.dimensions for name in dimension.code_columns)]
    joins, places = [], []
    try:
        for place, (dimension, found) in enumerate(zip(cube.dimensions, axes, strict=True)):
            connection.register(f"axis_{place}", _places(found, values))
            code = " || ':' || ".join(f'source."{name}"' for name in dimension.code_columns)
            same = f' and axis_{place}.value = source."{cube.each}"' if each else ""
            joins.append(f"join axis_{place} on axis_{place}.code = ({code})::varchar{same}")
            places.append(f"axis_{place}.position as position_{place}")
        return connection.execute(
            f"""
            select axis_0.cube, {", ".join(places)}, {", ".join(f'source."{name}"' for name in columns)}
            from (
                select {_listed(dict.fromkeys(names))}, {", ".join(f'{sql} as "{name}"' for name, sql in columns.items())}
                from "{table.name}"
            ) as source
            {" ".join(joins)}
            order by axis_0.cube
            """
        ).to_arrow_table()
    finally:
        for place in range(len(axes)):
            connection.unregister(f"axis_{place}")


def _places(found: Mapping[str | None, Axis], values: Sequence[str | None]) -> pa.Table:
    """Return the place of each code of a dimension, and of the cube that it is in."""
    rows = [
        (place, value, code, position)
        for place, value in enumerate(values)
        if value in found
        for position, code in enumerate(found[value].codes)
    ]
    types = {"cube": pa.int64(), "value": pa.string(), "code": pa.string(), "position": pa.int64()}
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    return pa.table(
        [pa.array(list(column), kind) for column, kind in zip(columns, types.values(), strict=True)], list(types)
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
