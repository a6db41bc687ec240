"""PX (PC-Axis, version 2013): a table as a dense cube for PxWeb and its relatives, in Norwegian and English.

Belongs here: the keywords of the format and its signs for missing cells. Does not belong here: how a keyword is written down
(``px_lines``), dimensions, codes and statuses (``cube``).

PxWeb refuses a file without the keywords that its loader (PCAxis.Core) checks: MATRIX, SUBJECT-CODE, DECIMALS, and in each
language SUBJECT-AREA, CONTENTS and UNITS of the table as a whole. It shows a content only with that content's own keywords,
so units, contact and time of update are stated there too. ``benchmarks/pxweb.py`` checks files by its rules.

PX has signs for missing cells but no status of a cell that readers keep: DATANOTECELL is a line of metadata for each cell,
which servers hold in memory, and most readers drop it. Status, break and coverage are separate contents instead. Reasons and
notes of rows are footnotes of cells (CELLNOTE): one for all cells that share it (``cell_notes``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.tables import STATUS_COLUMN, Column, Label, Table
from orchestration.core.texts import filled
from orchestration.publish.formats import Format, Job, KeepPart
from orchestration.publish.formats.cell_notes import SAYING_COLUMNS, CellNote, find_cell_notes
from orchestration.publish.formats.cube import (
    MEASURE,
    MEASURE_TITLE,
    TEXTS,
    Axis,
    DenseCube,
    breaks_of,
    distinct_labels,
    joined,
    measure_status,
    notes_of_codes,
    read_breaks,
    read_cubes,
)
from orchestration.publish.formats.px_lines import (
    QUOTE,
    enumerated,
    list_lines,
    once,
    paragraphs,
    plain_lines,
    quotable,
    text_lines,
    time_of,
)
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import BREAK_COLUMN, COVERAGE_COLUMN, read_moved

# The most decimals that PC-Axis keeps.
MOST_DECIMALS = 15

# Missing cells are written as one to six dots; keywords define what readers print for them.
DOTS = 6
MISSING = '".."'
NO_ROW = '"."'

# Stands for every value of a variable in the key of a note.
EVERY = Label(nb="*", en="*")

# PxWeb's type of a variable, by the role of a dimension.
VARIABLE_TYPES = {"time": "Time", "geo": "Geographical", None: "Classificatory"}
CONTENT_TYPE = "Content"


@dataclass(frozen=True)
class _Content:
    """A value of the contents variable."""

    code: str
    label: Label
    unit: Label
    note: Label
    decimals: int = 0
    is_measure: bool = False


@dataclass(frozen=True)
class _NotesOfCube:
    """The notes of a cube: breaks by year, notes of codes by dimension, notes of cells."""

    breaks: Mapping[str, list[Label]]
    codes: Mapping[str, Mapping[str, list[Label]]]
    cells: Sequence[CellNote]


def write(connection: duckdb.DuckDBPyConnection, table: Table, release: Release, folder: Path) -> None:
    """Write ``table`` (a relation of the connection's default schema) as ``<table>.px``.

    A PX variable has at least one value, so a table without rows has no file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    breaks, moved = read_breaks(connection, release), read_moved(connection)
    for cube in read_cubes(connection, table, release, _columns(table, release)):
        if len(cube.rows):
            of_cube = breaks_of(cube, breaks)
            notes = _NotesOfCube(
                breaks=of_cube,
                codes={axis.name: notes_of_codes(axis, of_cube, moved) for axis in cube.axes},
                cells=find_cell_notes(cube),
            )
            with (folder / f"{table.name}.px").open("wb") as file:
                file.write("".join(_keywords(cube, release, notes)).encode("utf-8"))
                file.writelines(_data(cube))


def _measures(table: Table) -> list[str]:
    """Return the columns of the table that are contents with numbers: its measures and its coverage."""
    beside = [COVERAGE_COLUMN] if COVERAGE_COLUMN in table.column_names else []
    return [*table.cube_measures, *(name for name in beside if name not in table.cube_measures)]


def _columns(table: Table, release: Release) -> dict[str, str]:
    """Return names and SQL of the columns that a file is made from: the cells of a row as one text, and their decimals."""
    status = f'"{STATUS_COLUMN}"'
    numbers = {name: _number(table.column(name)) for name in _measures(table)}
    cells = [
        f"coalesce({number}, {_sign_of(measure_status(table, name, status), release)})" for name, number in numbers.items()
    ]
    cells.append(_choice(status, {code: str(place) for code, place in _places(release).items()}))
    if BREAK_COLUMN in table.column_names:
        cells.append(f"""case when "{BREAK_COLUMN}" then '1' else '0' end""")
    decimals = [f"coalesce(length(split_part({number}, '.', 2)), 0)" for number in numbers.values()]
    return {
        "cells": f"concat_ws(' ', {', '.join(cells)})",
        "decimals": f"greatest({', '.join(decimals)})",
        **{name: f'"{name}"' for name in SAYING_COLUMNS if name in table.column_names},
    }


def _number(column: Column) -> str:
    """Return SQL for the shortest text that reads back as the number. PX knows no exponents."""
    name = f'"{column.name}"'
    if column.type != "DOUBLE":
        return f"{name}::varchar"
    return (
        f"case when {name} = trunc({name}) then {name}::hugeint::varchar "
        f"when abs({name}) < 1e-4 then rtrim(rtrim({name}::varchar::decimal(38, 30)::varchar, '0'), '.') "
        f"else {name}::varchar end"
    )


def _choice(of: str, texts: Mapping[str, str]) -> str:
    """Return SQL that chooses a text by a code; a code without one is a missing cell."""
    whens = " ".join(f"when '{code}' then '{text}'" for code, text in texts.items())
    return f"case {of} {whens} else '{MISSING}' end"


def _sign_of(status: str, release: Release) -> str:
    """Return SQL for the sign of an empty cell, given the SQL of its status."""
    return _choice(status, {code: '"' + "." * dots + '"' for code, dots in _dots(release).items()})


def _dots(release: Release) -> dict[str, int]:
    """Return the number of dots by status: the sign that the code list has, or a free number for a sign of another kind.

    One and two dots are never free: they stand for combinations without a row and statuses without a sign.
    """
    signs = {code: found.sign for code, found in release.codes[STATUS_COLUMN].items() if found.sign}
    taken = {len(NO_ROW.strip(QUOTE)), len(MISSING.strip(QUOTE)), *(len(sign) for sign in signs.values() if _is_dots(sign))}
    free = iter(number for number in range(1, DOTS + 1) if number not in taken)
    numbers = {sign: len(sign) if _is_dots(sign) else next(free) for sign in dict.fromkeys(signs.values())}
    return {code: numbers[sign] for code, sign in signs.items()}


def _is_dots(sign: str) -> bool:
    return not sign.strip(".")


def _places(release: Release) -> dict[str, int]:
    """Return the number that stands for each status: its place in the code list."""
    return {status: place for place, status in enumerate(release.codes[STATUS_COLUMN], start=1)}


def _data(cube: DenseCube) -> Iterator[Any]:
    """Yield the cells: a line for each combination of the stub, years and contents along it; no Python objects."""
    stub, heading = _layout(cube)
    contents = len(_measures(cube.table)) + 1 + (BREAK_COLUMN in cube.table.column_names)
    cells = cube.spread("cells", cube.cells([*stub, *heading]), " ".join([NO_ROW] * contents))
    width = int(np.prod([len(cube.axes[axis].codes) for axis in heading], dtype=np.int64))
    lines = pc.binary_join(pa.ListArray.from_arrays(pa.array(range(0, len(cells) + 1, width), pa.int32()), cells), " ")
    yield b"DATA=\n"
    yield joined(lines, " \n")
    yield b" \n;\n"


def _layout(cube: DenseCube) -> tuple[list[int], list[int]]:
    """Return the dimensions of the stub and those of the heading, which has the years and, last, the contents."""
    heading = [place for place, axis in enumerate(cube.axes) if axis.dimension.role == "time"]
    return [place for place in range(len(cube.axes)) if place not in heading], heading


def _keywords(cube: DenseCube, release: Release, notes: _NotesOfCube) -> Iterator[str]:
    """Yield the keywords before the data, in the order that the format recommends."""
    table, catalogue = cube.table, release.catalogue
    contents = _contents(table, release)
    yield from _technical(cube, release)
    yield from text_lines("SUBJECT-AREA", catalogue.title)
    yield from plain_lines("COPYRIGHT", "YES")
    yield from text_lines("DESCRIPTION", table.title)
    yield from text_lines("TITLE", table.title)
    yield from text_lines("CONTENTS", table.title)
    yield from text_lines("UNITS", enumerated(list(dict.fromkeys(each.unit for each in contents if each.is_measure))))
    yield from _variables(cube, contents)
    for content in contents:
        if content.decimals:
            yield from plain_lines("PRECISION", str(content.decimals), MEASURE_TITLE, content.label)
    for content in contents:
        yield from text_lines("UNITS", content.unit, content.label)
    for keys in ((), *((content.label,) for content in contents)):
        yield from _contact_and_update(release, *keys)
    yield from text_lines("SOURCE", catalogue.publisher.name)
    yield from _notes(cube, release, contents, notes)
    yield from _cell_notes(cube, release, notes.cells)
    for number, sign in _symbols(release).items():
        yield from text_lines(f"DATASYMBOL{number}", Label(nb=sign, en=sign))


def _technical(cube: DenseCube, release: Release) -> Iterator[str]:
    """Yield what programs need to know.

    A clock would change the bytes of equal figures, so times are those that the calendar sets for the release. A file
    without a release has no times.
    """
    decimals = min(pc.max(cube.rows.column("decimals")).as_py(), MOST_DECIMALS)
    yield from (
        'CHARSET="ANSI";\n',
        'AXIS-VERSION="2013";\n',
        'CODEPAGE="utf-8";\n',
        'LANGUAGE="no";\n',
        'LANGUAGES="no","en";\n',
    )
    if release.released_at is not None:
        yield from once("CREATION-DATE", time_of(release.released_at))
    if release.next_release_at is not None:
        yield from once("NEXT-UPDATE", time_of(release.next_release_at))
    yield from once("UPDATE-FREQUENCY", release.catalogue.frequency.rpartition("/")[2])
    yield from once("TABLEID", cube.table.name)
    yield from plain_lines("DECIMALS", str(decimals))
    # Each content with decimals states them itself, by PRECISION.
    yield from plain_lines("SHOWDECIMALS", "0")
    yield from once("MATRIX", cube.table.name)
    # Rates, shares and statuses have no sum.
    yield from plain_lines("AGGREGALLOWED", "NO")
    yield from plain_lines("OFFICIAL-STATISTICS", "YES" if release.is_official_statistics else "NO")
    yield from once("SUBJECT-CODE", release.catalogue.themes[0].rpartition("/")[2])


def _contact_and_update(release: Release, *keys: Label) -> Iterator[str]:
    """Yield the contact and the time of the last update, of the table or of a content."""
    contact = release.catalogue.contact
    if release.released_at is not None:
        yield from once("LAST-UPDATED", time_of(release.released_at), *keys)
    whom = Label(nb=f"{contact.name.nb}, {contact.email}", en=f"{contact.name.en}, {contact.email}")
    yield from text_lines("CONTACT", whom, *keys)


def _contents(table: Table, release: Release) -> list[_Content]:
    """Return the values of the contents variable: the measures, the coverage, the status and the break."""
    contents = [_measure(table.column(name), release) for name in _measures(table)]
    status = table.column(STATUS_COLUMN)
    numbers = [(place, code, release.label(STATUS_COLUMN, code)) for code, place in _places(release).items()]
    meanings = enumerated(
        [Label(nb=f"{place} = {code} {label.nb}", en=f"{place} = {code} {label.en}") for place, code, label in numbers]
    )
    contents.append(_Content(status.name, status.title, TEXTS["status_unit"], paragraphs([status.description, meanings])))
    if BREAK_COLUMN in table.column_names:
        column = table.column(BREAK_COLUMN)
        contents.append(_Content(column.name, column.title, TEXTS["break_unit"], column.description))
    codes = [Label(nb=content.code, en=content.code) for content in contents]
    labels = distinct_labels([quotable(content.label) for content in contents], codes)
    return [replace(content, label=label) for content, label in zip(contents, labels, strict=True)]


def _measure(column: Column, release: Release) -> _Content:
    """Return a measure; what has no unit, such as a year, is its own unit."""
    unit = release.label("unit_of_measure", column.unit) if column.unit else column.title
    return _Content(column.name, column.title, unit, column.description, column.decimals or 0, is_measure=True)


def _variables(cube: DenseCube, contents: Sequence[_Content]) -> Iterator[str]:
    """Yield the variables with their values, codes and years."""
    stub, heading = ([cube.axes[place] for place in places] for places in _layout(cube))
    if stub:
        yield from list_lines("STUB", [axis.title for axis in stub])
    yield from list_lines("HEADING", [*(axis.title for axis in heading), MEASURE_TITLE])
    yield from text_lines("CONTVARIABLE", MEASURE_TITLE)
    for axis in (*stub, *heading):
        yield from _variable(axis.title, axis.name, VARIABLE_TYPES[axis.dimension.role])
    yield from _variable(MEASURE_TITLE, MEASURE, CONTENT_TYPE)
    for axis in (*stub, *heading):
        yield from list_lines("VALUES", _values(axis), axis.title)
    yield from list_lines("VALUES", [content.label for content in contents], MEASURE_TITLE)
    for axis in heading:
        years = [Label(nb=code, en=code) for code in axis.codes]
        yield from list_lines("TIMEVAL", years, axis.title, first="TLIST(A1),")
    for axis in (*stub, *heading):
        yield from list_lines("CODES", [Label(nb=code, en=code) for code in axis.codes], axis.title)
    yield from list_lines("CODES", [Label(nb=content.code, en=content.code) for content in contents], MEASURE_TITLE)


def _variable(title: Label, code: str, kind: str) -> Iterator[str]:
    """Yield the name of a variable in queries, in both languages, and its kind."""
    yield from text_lines("VARIABLECODE", Label(nb=code, en=code), title)
    yield from once("VARIABLE-TYPE", kind, title)


def _values(axis: Axis) -> list[Label]:
    """Return the labels of a dimension. Notes and most readers identify a value by its text, so no two are equal."""
    return distinct_labels([quotable(label) for label in axis.labels], axis.qualifiers)


def _notes(cube: DenseCube, release: Release, contents: Sequence[_Content], notes: _NotesOfCube) -> Iterator[str]:
    """Yield the notes: first that data are constructed, which readers must show; then on the table, contents and years."""
    table = cube.table
    if release.notice:
        yield from text_lines("NOTEX", release.notice)
    about = [table.description, table.population, table.method, _signs(release), _licence(release)]
    years = [code for axis in cube.axes if axis.dimension.role == "time" for code in axis.codes]
    about += [
        Label(nb=f"{year}: {text.nb}", en=f"{year}: {text.en}")
        for year in notes.breaks
        if year not in years
        for text in notes.breaks[year]
    ]
    yield from text_lines("NOTE", paragraphs([text for text in about if text]))
    for content in contents:
        yield from text_lines("VALUENOTE", content.note, MEASURE_TITLE, content.label)
    for axis in cube.axes:
        of_code = notes.codes[axis.name]
        for place, (code, value) in enumerate(zip(axis.codes, _values(axis), strict=True)):
            texts = [*_attributes(table, release, axis, place), *of_code.get(code, [])]
            if texts:
                yield from text_lines("VALUENOTE", paragraphs(texts), axis.title, value)


def _cell_notes(cube: DenseCube, release: Release, notes: Sequence[CellNote]) -> Iterator[str]:
    """Yield the footnotes of cells: reasons for absence and notes, those of the same cells as one.

    Values are in the order of the stub, then of the heading with the contents last.
    """
    values = [dict(zip(axis.codes, _values(axis), strict=True)) for axis in cube.axes]
    by_cells: dict[tuple[str | None, ...], list[Label]] = {}
    for note in notes:
        by_cells.setdefault(note.codes, []).append(release.label(note.column, note.remark))
    stub, heading = _layout(cube)
    for codes, texts in by_cells.items():
        keys = [EVERY if code is None else values[place][code] for place, code in enumerate(codes)]
        yield from text_lines("CELLNOTE", paragraphs(texts), *(keys[place] for place in (*stub, *heading)), EVERY)


def _attributes(table: Table, release: Release, axis: Axis, place: int) -> Iterator[Label]:
    """Yield what a code decides: ``Serie: IS-24``."""
    for name, values in axis.attributes.items():
        if values[place] is not None:
            column = table.column(name)
            label = release.label(column.codelist or name, str(values[place]))
            yield Label(nb=f"{column.title.nb}: {label.nb}", en=f"{column.title.en}: {label.en}")


def _licence(release: Release) -> Label:
    licence = release.catalogue.licence
    return filled(TEXTS["licence"], licence=f"{licence.title} ({licence.name}), {licence.path}")


def _symbols(release: Release) -> dict[int, str]:
    """Return the sign that readers print by number of dots."""
    dots = _dots(release)
    return dict(
        sorted({dots[code]: found.sign for code, found in release.codes[STATUS_COLUMN].items() if found.sign}.items())
    )


def _signs(release: Release) -> Label:
    """Return what the printed signs mean; the one for what cannot exist also stands for combinations without a row."""
    codes = release.codes[STATUS_COLUMN]
    sign = _symbols(release).get(1, NO_ROW.strip(QUOTE))
    parts = [filled(TEXTS["no_row"], sign=sign)]
    for sign in _symbols(release).values():
        labels = [found.label for found in codes.values() if found.sign == sign]
        nb = f" {TEXTS['or'].nb} ".join(label.nb.lower() for label in labels)
        en = f" {TEXTS['or'].en} ".join(label.en.lower() for label in labels)
        parts.append(Label(nb=f"{sign} {nb}", en=f"{sign} {en}"))
    return filled(TEXTS["signs"], signs=enumerated(parts))


def _jobs(_: duckdb.DuckDBPyConnection, tables: list[Table], release: Release) -> list[Job]:
    def write_table(connection: duckdb.DuckDBPyConnection, folder: Path, _: KeepPart, table: Table) -> None:
        write(connection, table, release, folder / "px")

    return [
        Job(f"px/{table.name}", partial(write_table, table=table))
        for table in tables
        if table.cube is not None and table.cube.each is None
    ]


FORMAT = Format(_jobs)
