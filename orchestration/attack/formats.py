"""Figures that are hidden in one public file and shown in another.

Belongs here: the part ``formats``: reading the other formats of a snapshot and comparing them with its DuckDB file. A figure
is hidden where its row has an empty measure there. Formats that are too large to be read in time are reported as not tried.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestration.attack.connections import opened
from orchestration.attack.kept_pieces import KEPT_NOWHERE, Kept, piece
from orchestration.attack.result import Derived, Notes, TableKey
from orchestration.core.content_hashes import content_of, file_hash

PART = "formats"
_CONFIDENTIAL = "Q"
_PX_STRING = re.compile(r'"([^"]*)"')
_REVISIONS = "revisions"


@dataclass(frozen=True)
class Described:
    """What ``metadata/<table>.json`` says about a table: its key, and the measures that are numbers."""

    name: str
    key: tuple[str, ...]
    measures: tuple[str, ...]


def attack_formats(
    database: Path,
    folder: Path,
    notes: Notes,
    only: Collection[TableKey] | None = None,
    kept: Kept = KEPT_NOWHERE,
) -> None:
    """Look for figures that are hidden in the database and shown in another file of the snapshot.

    Args:
        database: the snapshot's DuckDB file.
        folder: the snapshot's folder.
        notes: where findings go.
        only: the tables of answers to examine, and the public tables that hold them; all where None.
        kept: where tables are kept that need not be examined again.
    """
    subjects = None if only is None else {key.subject for key in only}
    indicators = None if only is None else {key.indicator for key in only}
    with opened(database) as connection:
        tables = [table for path in sorted((folder / "metadata").glob("*.json")) if (table := _described(path, connection))]
        for table in tables:
            if subjects is not None and table.name not in subjects:
                continue
            own = [path.relative_to(folder).as_posix() for path in _files_of(folder, table)]
            inputs = (
                table,
                content_of(connection, table.name),
                {name: file_hash(folder / name) for name in own},
                None if indicators is None else sorted(indicators),
            )

            piece(kept, (PART,), inputs, partial(_table, connection, folder, table, indicators), notes)
        _changes(connection, folder, {table.name: table for table in tables}, notes)
    _check_workbooks(folder, notes)


def _files_of(folder: Path, table: Described) -> list[Path]:
    """Return the files that contain a table."""
    single = [
        folder / "parquet" / f"{table.name}.parquet",
        folder / "csv" / f"{table.name}.csv",
        folder / "jsonstat" / f"{table.name}.json",
        folder / "px" / f"{table.name}.px",
    ]
    return [path for path in [*single, *sorted((folder / "jsonstat" / table.name).glob("*.json"))] if path.is_file()]


def _table(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    table: Described,
    indicators: Collection[str] | None,
    notes: Notes,
) -> None:
    """Look for hidden figures of one table in its files; its inputs say what else of the snapshot it reads."""
    hidden = connection.sql(f"select count(*) from {table.name} where {_any_empty(table)}").fetchall()[0][0]
    if not hidden:
        return
    notes.tried[PART]["tables"] += 1
    notes.tried[PART]["rows with a hidden figure"] += hidden
    _columnar(connection, folder, table, notes)
    _cubes(connection, folder, table, notes, indicators)
    _matrices(connection, folder, table, notes)


def _described(path: Path, connection: duckdb.DuckDBPyConnection) -> Described | None:
    """Return a table that may have hidden figures."""
    described = json.loads(path.read_text(encoding="utf-8"))
    name, key = str(described["name"]), tuple(described["key"])
    columns = dict(
        connection.execute("select column_name, data_type from duckdb_columns() where table_name = ?", [name]).fetchall()
    )
    if "obs_status" not in columns or not key:
        return None
    numbers = {"INTEGER", "BIGINT", "DOUBLE"}
    if "unit_level" in columns and connection.sql(
        f"select count(*) from {name} where unit_level in ('municipality', 'city_district', 'agency')"
    ).fetchall() != [(0,)]:
        # FTE of single units are public: nothing in these tables is hidden.
        return None
    measures = tuple(name for name, kind in columns.items() if kind in numbers and name not in key)
    return Described(name, key, measures) if measures else None


def _any_empty(table: Described) -> str:
    return "(" + " or ".join(f"{measure} is null" for measure in table.measures) + ")"


def _columnar(connection: duckdb.DuckDBPyConnection, folder: Path, table: Described, notes: Notes) -> None:
    """Compare Parquet and CSV, row by row."""
    for path, reader in (
        (folder / "parquet" / f"{table.name}.parquet", "read_parquet(?)"),
        (folder / "csv" / f"{table.name}.csv", "read_csv(?, all_varchar = true, header = true)"),
    ):
        if not path.exists():
            continue
        notes.files.append(str(path.relative_to(folder)))
        same = " and ".join(f"cast(own.{name} as varchar) = cast(other.{name} as varchar)" for name in table.key)
        is_disclosed = " or ".join(f"(own.{m} is null and other.{m} is not null)" for m in table.measures)
        rows = connection.execute(
            f"""
            select {", ".join(f"own.{name}" for name in table.key)}
            from (select * from {table.name} where {_any_empty(table)}) as own inner join {reader} as other on {same}
            where {is_disclosed}
            """,
            [str(path)],
        ).fetchall()
        notes.add(_facts(table, rows, path.relative_to(folder).parts[0]))
        beyond = connection.execute(
            f"""
            select {", ".join(f"other.{name}" for name in table.key)}
            from {reader} as other anti join {table.name} as own on {same}
            where {" or ".join(f"other.{m} is not null" for m in table.measures)}
            """,
            [str(path)],
        ).fetchall()
        notes.add(_facts(table, beyond, path.relative_to(folder).parts[0]))


def _facts(table: Described, rows: Iterable[Sequence[Any]], where: str) -> Iterator[Derived]:
    for row in rows:
        named = dict(zip(table.key, row, strict=True))
        yield Derived(
            PART,
            str(named.get("indicator", table.name)),
            str(named.get("item", table.name)),
            int(named.get("time_period") or named.get("time_period_to") or 0),
            str(named.get("answer", where)),
            (),
            (where, f"{named.get('unit_level', '')}:{named.get('unit_code', '')}:{named.get('area_basis', '')}"),
        )


def _empty_rows(
    connection: duckdb.DuckDBPyConnection, table: Described, each: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the keys, as texts, of rows with an empty measure, and which measures are empty."""
    keys = ", ".join(f"cast({name} as varchar) as {name}" for name in table.key)
    measures = ", ".join(f"{name} is null as {name}" for name in table.measures)
    where = _any_empty(table) + (f" and {table.key[0]} = '{each}'" if each else "")
    found = connection.sql(f"select {keys}, {measures} from {table.name} where {where}").df()
    return found[list(table.key)], found[list(table.measures)]


def _cubes(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    table: Described,
    notes: Notes,
    indicators: Collection[str] | None,
) -> None:
    """Compare JSON-stat: cells that have a number where the row is empty."""
    single = folder / "jsonstat" / f"{table.name}.json"
    for path in [single] if single.exists() else sorted((folder / "jsonstat" / table.name).glob("*.json")):
        if indicators is not None and path != single and path.stem not in indicators:
            continue
        cube = json.loads(path.read_text(encoding="utf-8"))
        notes.files.append(str(path.relative_to(folder)))
        extension = cube.get("extension", {})
        each = dict(extension.get("each") or {})
        names, sizes = list(cube["id"]), list(cube["size"])
        codes = [_index(cube["dimension"][name]) for name in names]
        values = cube["value"]
        if isinstance(values, dict):
            places = np.array([int(place) for place in values], dtype=np.int64)
        else:
            places = np.array([place for place, value in enumerate(values) if value is not None], dtype=np.int64)
        columns = _columns_of(extension, names)
        notes.tried[PART]["cells of cubes"] += len(places)
        # The measures are the last dimension.
        cells, measures = np.divmod(places, sizes[-1])
        keys, is_empty = _empty_rows(connection, table, next(iter(each.values()), ""))
        wanted = _places(keys, [columns[name] for name in names[:-1]], codes[:-1])
        for j, code in enumerate(codes[-1]):
            if code in table.measures:
                disclosed = keys[is_empty[code] & np.isin(wanted, cells[measures == j])]
                notes.add(_facts(table, disclosed.itertuples(index=False, name=None), "jsonstat"))


def _index(dimension: dict[str, Any]) -> list[str]:
    index = dimension["category"].get("index")
    if index is None:
        return list(dimension["category"]["label"])
    return list(index) if isinstance(index, list) else sorted(index, key=index.__getitem__)


def _columns_of(extension: dict[str, Any], names: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns whose codes a dimension joins by a colon."""
    found = extension.get("columns") or {}
    return {name: list(found.get(name, [name])) for name in names}


def _places(keys: pd.DataFrame, columns: Sequence[Sequence[str]], codes: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return the place of every key in a cube of such dimensions; -1 where the cube has none for it.

    Args:
        keys: a column of texts for each part of the key.
        columns: by dimension, the columns whose texts are joined to its codes.
        codes: by dimension, its codes in their order.
    """
    place = np.zeros(len(keys), dtype=np.int64)
    is_known = np.ones(len(keys), dtype=np.bool_)
    for joined, own in zip(columns, codes, strict=True):
        texts = keys[joined[0]]
        for column in joined[1:]:
            texts = texts + ":" + keys[column]
        found = pd.Index(own).get_indexer(texts)
        is_known &= found >= 0
        place = place * len(own) + found
    return np.where(is_known, place, -1)


def _matrices(connection: duckdb.DuckDBPyConnection, folder: Path, table: Described, notes: Notes) -> None:
    """Compare PX: cells that have a number where the row is empty."""
    path = folder / "px" / f"{table.name}.px"
    if not path.exists():
        return
    notes.files.append(str(path.relative_to(folder)))
    head, _, data = path.read_text(encoding="utf-8").partition("DATA=")
    words = {match[1]: match[2] for match in re.finditer(r'^([A-Z-]+(?:\("[^"]*"\))?)=(.*?);$', head, re.M | re.S)}
    variables = _PX_STRING.findall(words["STUB"]) + _PX_STRING.findall(words["HEADING"])
    codes = [_PX_STRING.findall(words.get(f'CODES("{name}")', words[f'VALUES("{name}")'])) for name in variables]
    cells = data.rstrip().rstrip(";").split()
    sizes = [len(own) for own in codes]
    notes.tried[PART]["cells of matrices"] += len(cells)
    if len(cells) != int(np.prod(sizes)):
        notes.not_tried.append(f"{PART}: {path.name} is laid out in another way than was thought")
        return
    # A variable is a column of the key, or several joined by a colon: the one whose codes are those of the rows.
    columns = _match_columns(connection, table, codes[:-1])
    if columns is None:
        notes.not_tried.append(f"{PART}: {path.name} has variables that are no columns of its table")
        return
    is_number = np.array([not cell.startswith('"') for cell in cells], dtype=np.bool_).reshape(-1, sizes[-1])
    keys, is_empty = _empty_rows(connection, table)
    wanted = _places(keys, columns, codes[:-1])
    for j, measure in enumerate(codes[-1]):
        if measure in table.measures:
            disclosed = keys[is_empty[measure] & np.isin(wanted, np.flatnonzero(is_number[:, j]))]
            notes.add(_facts(table, disclosed.itertuples(index=False, name=None), "px"))


def _match_columns(
    connection: duckdb.DuckDBPyConnection, table: Described, codes: Sequence[Sequence[str]]
) -> list[list[str]] | None:
    names = list(table.key)
    candidates = [[name] for name in names] + [[a, b] for a in names for b in names if a != b]
    found: list[list[str]] = []
    values: dict[tuple[str, ...], set[str]] = {}
    for own in codes:
        for candidate in candidates:
            key = tuple(candidate)
            if key not in values:
                text = " || ':' || ".join(f"cast({name} as varchar)" for name in candidate)
                values[key] = {row[0] for row in connection.sql(f"select distinct {text} from {table.name}").fetchall()}
            if values[key] and values[key] <= set(own) and not any(set(candidate) & set(other) for other in found):
                found.append(candidate)
                break
        else:
            return None
    return found if sorted(column for own in found for column in own) == sorted(names) else None


def _changes(connection: duckdb.DuckDBPyConnection, folder: Path, tables: dict[str, Described], notes: Notes) -> None:
    """Look in the table of revisions and the notes on changes for values of rows that are hidden now."""
    revised = connection.sql("select count(*) from duckdb_tables() where table_name = ?", params=[_REVISIONS]).fetchall()[0][
        0
    ]
    if revised:
        rows = connection.sql(
            f"select table_name, key, value_before, value_after from {_REVISIONS} where value_after is not null"
        ).fetchall()
        notes.tried[PART]["revisions"] += len(rows)
        hidden: dict[str, set[tuple[str, ...]]] = {}
        for name, key, _, _ in rows:
            table = tables.get(name)
            if table is None:
                continue
            if name not in hidden:
                columns = ", ".join(f"cast({column} as varchar)" for column in table.key)
                hidden[name] = set(
                    connection.sql(f"select {columns} from {name} where obs_status = '{_CONFIDENTIAL}'").fetchall()
                )
            parts = dict(part.partition("=")[::2] for part in key.split("|"))
            place = tuple(parts.get(column, "") for column in table.key)
            if place in hidden[name]:
                notes.add(_facts(table, [place], _REVISIONS))
    path = folder / "CHANGES.json"
    if path.exists():
        notes.files.append(path.name)
        _search_nested(connection, json.loads(path.read_text(encoding="utf-8")), tables, path.name, notes)


def _search_nested(
    connection: duckdb.DuckDBPyConnection,
    content: Any,
    tables: dict[str, Described],
    where: str,
    notes: Notes,
    table: str = "",
) -> None:
    """Look in nested JSON for hidden rows that are named by their key next to a number."""
    if isinstance(content, list):
        for part in content:
            _search_nested(connection, part, tables, where, notes, table)
        return
    if not isinstance(content, dict):
        return
    table = str(content.get("table", content.get("table_name", table)))
    described = tables.get(table)
    key = content.get("key")
    if described is not None and isinstance(key, str) and "=" in key:
        parts = dict(part.partition("=")[::2] for part in key.split("|"))
        numbers = [value for name, value in content.items() if "after" in name and isinstance(value, int | float)]
        if numbers and all(name in parts for name in described.key):
            same = " and ".join(f"cast({name} as varchar) = ?" for name in described.key)
            row = [parts[name] for name in described.key]
            query = f"select count(*) from {table} where {same} and obs_status = '{_CONFIDENTIAL}'"
            notes.tried[PART]["rows told as changed"] += 1
            if connection.execute(query, row).fetchall()[0][0]:
                notes.add(_facts(described, [row], where))
    for part in content.values():
        _search_nested(connection, part, tables, where, notes, table)


def _check_workbooks(folder: Path, notes: Notes) -> None:
    """Record what was not read, and look in workbooks for sheets that are not visible."""
    for path in sorted([*(folder / "xlsx").glob("*.xlsx"), *(folder / "packages").glob("*.xlsx")]):
        with zipfile.ZipFile(path) as book:
            sheets = book.read("xl/workbook.xml").decode("utf-8")
        notes.tried[PART]["workbooks"] += 1
        for name in re.findall(r'<sheet [^>]*name="([^"]*)"[^>]*state="(?:hidden|veryHidden)"', sheets):
            notes.add([Derived(PART, path.name, name, 0, "hidden_sheet", (), ("xlsx",))])
    for name in ("xlsx", "packages", "site"):
        if (folder / name).exists():
            notes.not_tried.append(f"{PART}: cells of {name}")
    if (folder / "gate.json").exists():
        notes.not_tried.append(f"{PART}: rows of gate.json and texts of pages")
