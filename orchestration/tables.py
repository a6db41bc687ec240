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

from orchestration.errors import UserError

SHARED_COLUMNS = "_shared_columns.yml"

ColumnType = Literal["INTEGER", "BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Strict):
    """A text in Norwegian (nb) and English; neither may be missing."""

    nb: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Column(_Strict):
    """One column: DuckDB type, texts, unit of measurement, decimals to show, code list of its values."""

    name: str
    type: ColumnType
    title: Label
    description: Label
    unit: str | None = None
    decimals: int | None = None
    codelist: str | None = None


class Table(_Strict):
    """One public table. ``key`` identifies a row and orders the files; ``measures`` has the main measure first."""

    table: str
    title: Label
    description: Label
    key: tuple[str, ...] = Field(min_length=1)
    measures: tuple[str, ...]
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
    def order_by(self) -> str:
        """SQL list that orders rows by key, ties broken by every other column."""
        rest = [name for name in self.column_names if name not in self.key]
        return ", ".join(f'"{name}" nulls first' for name in (*self.key, *rest))


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
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
        if path.name == SHARED_COLUMNS:
            continue
        content = _read(path)
        try:
            columns = content["columns"]
            for place, column in enumerate(columns):
                if column["name"] in shared:
                    if len(column) > 1:
                        raise UserError(
                            f"column {column['name']!r} is described in {SHARED_COLUMNS} too",
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
                f"key or measures name {unknown[0]!r}, which is no column",
                place=str(path),
                remedy="name a column of the table",
            )
        if table.name != path.stem:
            raise UserError(f"describes the table {table.name!r}", place=str(path), remedy="name the file after its table")
        tables.append(table)
    return tables
