"""JSON-stat 2.0: a dense cube for each table, or for each value of ``cube.each``, with everything that a row has.

Belongs here: the layout of the file and its extension, for what JSON-stat has no place for (English texts, attributes of
codes, what one status cannot express). Does not belong here: dimensions, codes and statuses (``cube``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from orchestration.core.tables import STATUS_COLUMN, Column, Label, Table
from orchestration.publish.formats import Format, Job, KeepPart
from orchestration.publish.formats.cube import (
    MEASURE,
    MEASURE_TITLE,
    NORMAL,
    TEXTS,
    Axis,
    DenseCube,
    breaks_of,
    described,
    further_columns,
    joined,
    measure_status,
    notes_of_codes,
    read_breaks,
    read_cubes,
    shown_status,
    status_labels,
)
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import BREAK_COLUMN, NOTE_COLUMN, SEPARATOR, read_moved

# Whole numbers below this have the same digits in a BIGINT as in the shortest decimal text of a DOUBLE.
EXACT = "1e15"

# Notes on codes, by dimension and code.
Notes = Mapping[str, Mapping[str, list[Label]]]


def write(connection: duckdb.DuckDBPyConnection, table: Table, release: Release, folder: Path) -> None:
    """Write ``table`` (a relation of the connection's default schema) as ``<table>.json``.

    A table with ``cube.each`` becomes ``<table>/<value>.json``, one file for each value.
    """
    target = folder / table.name if described(table).each else folder
    target.mkdir(parents=True, exist_ok=True)
    breaks, moved = read_breaks(connection, release), read_moved(connection)
    for cube in read_cubes(connection, table, release, _columns(table)):
        of_cube = breaks_of(cube, breaks)
        notes = {axis.name: notes_of_codes(axis, of_cube, moved) for axis in cube.axes}
        with (target / f"{cube.value or table.name}.json").open("wb") as file:
            file.writelines(_document(cube, release, notes))


def _columns(table: Table) -> dict[str, str]:
    """Return names and SQL of the columns that a file is made from; a row's numbers are one text, its statuses another."""
    numbers = [f"coalesce({_number(table.column(name))}, 'null')" for name in table.cube_measures]
    statuses = [measure_status(table, name, shown_status(table)) for name in table.cube_measures]
    return {
        "value": f"concat_ws(',', {', '.join(numbers)})",
        "status": f"""'"' || concat_ws('","', {", ".join(statuses)}) || '"'""",
        **({STATUS_COLUMN: _hidden_status()} if BREAK_COLUMN in table.column_names else {}),
        **{name: f'"{name}"' for name in further_columns(table)},
    }


def _number(column: Column) -> str:
    """Return SQL for the shortest text that reads back as the number."""
    name = f'"{column.name}"'
    if column.type != "DOUBLE":
        return f"{name}::varchar"
    return (
        f"case when {name} = trunc({name}) and abs({name}) < {EXACT} then {name}::bigint::varchar else {name}::varchar end"
    )


def _hidden_status() -> str:
    """Return SQL for the status that a break replaces; where it replaces none, the normal one."""
    return f"""case when "{BREAK_COLUMN}" then "{STATUS_COLUMN}" else '{NORMAL}' end"""


def _document(cube: DenseCube, release: Release, notes: Notes) -> Iterable[Any]:
    """Yield the parts of the file in order. Values and statuses, one of each per cell, never become Python objects.

    ``notes`` are those of codes, by dimension.
    """
    cells = cube.cells()
    measures = len(cube.table.cube_measures)
    head = _head(cube, release, notes) | {"extension": _extension(cube, release, notes, cells)}
    yield _text(head).encode("utf-8")[:-1]
    for name in ("value", "status"):
        yield f',"{name}":['.encode()
        yield joined(cube.spread(name, cells, ",".join(["null"] * measures)), ",")
        yield b"]"
    yield b"}\n"


def _head(cube: DenseCube, release: Release, notes: Notes) -> dict[str, Any]:
    """Return the part of the file before the cells, in Norwegian."""
    table = cube.table
    roles: dict[str, list[str]] = {}
    for axis in cube.axes:
        if axis.dimension.role:
            roles.setdefault(axis.dimension.role, []).append(axis.name)
    return {
        "version": "2.0",
        "class": "dataset",
        "label": _title(cube, release).nb,
        "source": release.catalogue.publisher.name.nb,
        # The calendar's release time; a clock would change the bytes of equal figures.
        **({} if release.released_at is None else {"updated": release.released_at.isoformat(timespec="seconds")}),
        "note": [note.nb for note in _notes(table, release)],
        "id": [*(axis.name for axis in cube.axes), MEASURE],
        "size": [*(len(axis.codes) for axis in cube.axes), len(table.cube_measures)],
        "role": roles | {"metric": [MEASURE]},
        "dimension": {
            **{axis.name: _dimension(axis, notes[axis.name]) for axis in cube.axes},
            MEASURE: _measures(table, release),
        },
    }


def _title(cube: DenseCube, release: Release) -> Label:
    """Return the title of a cube: its table's title, and the value that it is about."""
    title, each = cube.table.title, described(cube.table).each
    if each is None or cube.value is None:
        return title
    column = cube.table.column(each)
    value = release.label(column.codelist or column.name, cube.value)
    return Label(nb=f"{title.nb}: {value.nb}", en=f"{title.en}: {value.en}")


def _notes(table: Table, release: Release) -> list[Label]:
    """Return the notes of a table, first that data are constructed."""
    notes = [release.notice, table.description, table.population, table.method]
    return [note for note in notes if note]


def _dimension(axis: Axis, notes: Mapping[str, list[Label]]) -> dict[str, Any]:
    """Return a dimension with codes in order, labels, and the notes of codes: breaks of years, areas that moved."""
    category: dict[str, Any] = {"index": list(axis.codes)}
    if axis.codes:  # the schema has no empty object of labels
        category["label"] = dict(zip(axis.codes, (label.nb for label in axis.labels), strict=True))
    found = {code: [text.nb for text in texts] for code, texts in notes.items()}
    return {"label": axis.title.nb, "category": category | ({"note": found} if found else {})}


def _measures(table: Table, release: Release) -> dict[str, Any]:
    """Return the dimension of the measures, with their units."""
    columns = [table.column(name) for name in table.cube_measures]
    return {
        "label": MEASURE_TITLE.nb,
        "category": {
            "index": [column.name for column in columns],
            "label": {column.name: column.title.nb for column in columns},
            "unit": {
                column.name: {"label": _unit(column, release).nb, "decimals": column.decimals or 0} for column in columns
            },
            "note": {column.name: [column.description.nb] for column in columns},
        },
    }


def _unit(column: Column, release: Release) -> Label:
    """Return the unit of a measure; what has none, such as a year, is its own unit."""
    return release.label("unit_of_measure", column.unit) if column.unit else column.title


def _extension(cube: DenseCube, release: Release, notes: Notes, cells: NDArray[np.int64]) -> dict[str, Any]:
    """Return the extension: what JSON-stat has no place for."""
    table, each = cube.table, described(cube.table).each
    licence = release.catalogue.licence
    return {
        "table": table.name,
        **({"each": {each: cube.value}} if each else {}),
        "channel": release.channel,
        "is_constructed": release.is_constructed,
        "licence": {"name": licence.name, "title": licence.title, "path": licence.path},
        "about": {"nb": TEXTS["about"].nb, "en": TEXTS["about"].en},
        "columns": {axis.name: list(axis.dimension.code_columns) for axis in cube.axes},
        "attributes": {
            axis.name: {
                name: {code: value for code, value in zip(axis.codes, values, strict=True) if value is not None}
                for name, values in axis.attributes.items()
            }
            for axis in cube.axes
            if axis.attributes
        },
        "status": {status: {"nb": label.nb, "en": label.en} for status, label in status_labels(table, release).items()},
        "labels": _labels(cube, release),
        "rows": {
            name: _exceptions(cube.rows.column(name), cells, NORMAL if name == STATUS_COLUMN else None)
            for name in cube.rows.column_names
            if name not in ("value", "status")
        },
        "en": _english(cube, release, notes),
    }


def _labels(cube: DenseCube, release: Release) -> dict[str, dict[str, dict[str, str]]]:
    """Return what the codes mean that attributes and further columns have here, such as notes and bases of a share."""
    values: dict[str, set[str]] = {}
    for axis in cube.axes:
        for name, attributes in axis.attributes.items():
            values.setdefault(name, set()).update(str(each) for each in attributes if each is not None)
    for name in further_columns(cube.table):
        column = cube.table.column(name)
        if column.type == "VARCHAR" and release.codes_of(column):
            texts = pc.unique(cube.rows.column(name)).to_pylist()
            several = name == NOTE_COLUMN
            values[name] = {code for text in texts if text for code in (text.split(SEPARATOR) if several else [text])}
    labels: dict[str, dict[str, dict[str, str]]] = {}
    for name, found in values.items():
        codes = release.codes_of(cube.table.column(name))
        found_labels = {code: {"nb": each.label.nb, "en": each.label.en} for code, each in codes.items() if code in found}
        if found_labels:
            labels[name] = found_labels
    return labels


def _english(cube: DenseCube, release: Release, notes: Notes) -> dict[str, Any]:
    """Return the English texts, laid out as the Norwegian ones are."""
    columns = [cube.table.column(name) for name in cube.table.cube_measures]
    dimensions: dict[str, Any] = {}
    for axis in cube.axes:
        category: dict[str, Any] = {"label": dict(zip(axis.codes, (label.en for label in axis.labels), strict=True))}
        found = {code: [text.en for text in texts] for code, texts in notes[axis.name].items()}
        dimensions[axis.name] = {"label": axis.title.en, "category": category | ({"note": found} if found else {})}
    dimensions[MEASURE] = {
        "label": MEASURE_TITLE.en,
        "category": {
            "label": {column.name: column.title.en for column in columns},
            "unit": {column.name: {"label": _unit(column, release).en} for column in columns},
            "note": {column.name: [column.description.en] for column in columns},
        },
    }
    return {
        "label": _title(cube, release).en,
        "source": release.catalogue.publisher.name.en,
        "note": [note.en for note in _notes(cube.table, release)],
        "dimension": dimensions,
    }


def _exceptions(column: Any, cells: NDArray[np.int64], default: str | None) -> dict[str, Any]:
    """Return a column as its most frequent value, or the given one, and the cells that have another."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    numbers, values = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    if default is None and values:
        counts = np.bincount(numbers, minlength=len(values)).tolist()
        default = min(zip(values, counts, strict=True), key=lambda pair: (-pair[1], _text(pair[0])))[0]
    order = np.lexsort((cells, numbers))
    groups = np.split(cells[order], np.searchsorted(numbers[order], np.arange(1, len(values)))) if values else []
    others = [[value, group.tolist()] for value, group in zip(values, groups, strict=True) if value != default]
    return {"default": default, "others": sorted(others, key=lambda pair: _text(pair[0]))}


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _jobs(_: duckdb.DuckDBPyConnection, tables: list[Table], release: Release) -> list[Job]:
    def write_table(connection: duckdb.DuckDBPyConnection, folder: Path, _: KeepPart, table: Table) -> None:
        write(connection, table, release, folder / "jsonstat")

    return [Job(f"jsonstat/{table.name}", partial(write_table, table=table)) for table in tables if table.cube is not None]


FORMAT = Format(_jobs)
