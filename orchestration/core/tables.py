"""The description of every public table: the one source of titles, columns, types, units and keys.

``data/metadata/<table>.yml`` is read here; dbt's documentation, the candidate's files, the comments in DuckDB and the list
of columns that may be published are all made from it. Does not belong here: how a table is computed (dbt) or judged
(gate).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.core import yaml_text
from orchestration.core.errors import UserError

SHARED_COLUMNS = "_shared_columns.yml"

# Columns that qualify a row's main measure; a table with the first one has a list of its values.
STATUS_COLUMN = "obs_status"

ColumnType = Literal["INTEGER", "BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN"]

NUMERIC: tuple[ColumnType, ...] = ("INTEGER", "BIGINT", "DOUBLE")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Strict):
    """A text in Norwegian (nb) and English; neither may be missing."""

    nb: str = Field(min_length=1)
    en: str = Field(min_length=1)


class LetterLabel(Label):
    """A text that is also sent to people who have chosen nynorsk (nn); without it they read bokmål."""

    nn: str | None = Field(default=None, min_length=1)


class Column(_Strict):
    """One column: DuckDB type, texts, unit of measurement, decimals to show, code list of its values.

    ``overlaps`` says that rows which differ in it overlap: a total and its parts, a country and its counties.
    """

    name: str
    type: ColumnType
    title: Label
    description: Label
    unit: str | None = None
    decimals: int | None = None
    codelist: str | None = None
    overlaps: bool = False


class Dimension(_Strict):
    """One dimension of a cube.

    ``columns`` are the columns whose values, joined by a colon, are its codes: the column of its own name unless said
    otherwise. ``attributes`` are further columns of the key, or constants, that a code decides; ``several`` is the
    value of an attribute where rows of a code differ in it. ``label`` is the column that names a code without a code list.
    """

    name: str
    columns: tuple[str, ...] = ()
    role: Literal["time", "geo"] | None = None
    label: str | None = None
    attributes: tuple[str, ...] = ()
    several: dict[str, str] = Field(default_factory=dict)

    @property
    def code_columns(self) -> tuple[str, ...]:
        """The columns that make up a code."""
        return self.columns or (self.name,)


class Cube(_Strict):
    """The table as a dense cube. Its measures are the table's numeric ones; ``each`` is a column with one cube per value."""

    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    each: str | None = None


class Table(_Strict):
    """One public table. ``key`` identifies a row and orders the files; ``measures`` has the main measure first.

    ``made_by`` says where its rows come from: a model of dbt, or the publication itself, which knows the channel and the
    snapshot before; a view has the rows of other tables. ``statuses`` are the values that its ``obs_status`` may have.
    """

    table: str
    title: Label
    description: Label
    made_by: Literal["dbt", "publication", "view"] = "dbt"
    key: tuple[str, ...] = Field(min_length=1)
    measures: tuple[str, ...]
    statuses: tuple[str, ...] = ()
    cube: Cube | None = None
    population: Label | None = None
    method: Label | None = None
    columns: tuple[Column, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """Name of the table, and of its files."""
        return self.table

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def overlapping(self) -> tuple[str, ...]:
        """The columns of the key over which figures must not be summed, since their rows overlap."""
        return tuple(name for name in self.key if self.column(name).overlaps) if self.measures else ()

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def cube_measures(self) -> tuple[str, ...]:
        """The measures that a cube has: the numeric ones."""
        return tuple(name for name in self.measures if self.column(name).type in NUMERIC)

    @property
    def order_by(self) -> str:
        """SQL list that orders rows by key, ties broken by every other column."""
        rest = [name for name in self.column_names if name not in self.key]
        return ", ".join(f'"{name}" nulls first' for name in (*self.key, *rest))


def _read(path: Path) -> Any:
    try:
        return yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(
            f"cannot be read ({error})", place=str(path), remedy="restore it; each public table needs one such file"
        ) from error


def load_tables(metadata: Path) -> list[Table]:
    """Return the public tables, ordered by name.

    Raises:
        UserError: a file is not valid: a missing label, an unknown column in the key, a column described twice.
    """
    shared = _read(metadata / SHARED_COLUMNS)
    tables = []
    for path in sorted(metadata.glob("*.yml")):
        if path.name.startswith("_"):  # not a table
            continue
        content = _read(path)
        try:
            columns = content["columns"]
            for place, column in enumerate(columns):
                if column["name"] in shared:
                    if len(column) > 1:
                        raise UserError(
                            f"column {column['name']!r} is also described in {SHARED_COLUMNS}",
                            place=str(path),
                            remedy="keep one of the two descriptions",
                        )
                    columns[place] = {**column, **shared[column["name"]]}
            table = Table.model_validate(content)
        except (ValidationError, KeyError, TypeError) as error:
            if isinstance(error, ValidationError):
                first = error.errors()[0]
                what = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
            else:
                what = f"is not a table description ({error})"
            raise UserError(
                what,
                place=str(path),
                remedy="see another file of the folder for the form; texts are needed in nb and en",
            ) from error
        unknown = [name for name in (*table.key, *table.measures) if name not in table.column_names]
        if unknown:
            raise UserError(
                f"key or measures name {unknown[0]!r}, which is not a column",
                place=str(path),
                remedy="name a column of the table",
            )
        if table.name != path.stem:
            raise UserError(f"describes the table {table.name!r}", place=str(path), remedy="name the file after its table")
        if bool(table.statuses) != (STATUS_COLUMN in table.column_names):
            raise UserError(
                f"a table needs a list of statuses if it has the column {STATUS_COLUMN}, and only then",
                place=str(path),
                remedy="list under statuses the values that the column may have",
            )
        if table.cube is not None:
            _check_cube(table, table.cube, path)
        tables.append(table)
    return tables


def _check_cube(table: Table, cube: Cube, path: Path) -> None:
    """Refuse a cube whose dimensions do not cover the key exactly, or name an unknown column."""
    covered = [name for each in cube.dimensions for name in (*each.code_columns, *each.attributes)]
    named = [*covered, *(each.label for each in cube.dimensions if each.label), *([cube.each] if cube.each else [])]
    for name in named:
        if name not in table.column_names:
            raise UserError(
                f"cube names {name!r}, which is not a column", place=str(path), remedy="name a column of the table"
            )
    for name in table.key:
        if [*covered, *([cube.each] if cube.each else [])].count(name) != 1:
            raise UserError(
                f"cube does not cover the column {name!r} of the key exactly once",
                place=str(path),
                remedy="give it a dimension, or make it an attribute of the dimension that determines it",
            )
